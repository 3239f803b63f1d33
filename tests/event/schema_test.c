/* The schema against the structs without the SBE tool: names, offsets, sizes, nulls and words. */
#include "groups.h"

#include "event/fields.h"

#include <stdio.h>
#include <stdlib.h>

static char *schema;

static int read_schema(void **state)
{
    (void)state;
    FILE *file = fopen(SCHEMA_PATH, "rb");
    if (!file)
        return -1;
    schema = calloc(1, 1 << 20);
    size_t size = schema ? fread(schema, 1, (1 << 20) - 1, file) : 0;
    fclose(file);
    return size > 0 ? 0 : -1;
}

static int drop_schema(void **state)
{
    (void)state;
    free(schema);
    return 0;
}

/* The value of `name="..."` inside the tag at `tag`, or false. */
static bool attribute(const char *tag, const char *name, char *value, size_t size)
{
    char wanted[40];
    snprintf(wanted, sizeof(wanted), " %s=\"", name);
    const char *end = strchr(tag, '>');
    const char *found = strstr(tag, wanted);
    if (!found || found > end)
        return false;
    found += strlen(wanted);
    snprintf(value, size, "%.*s", (int)strcspn(found, "\""), found);
    return true;
}

static long number(const char *tag, const char *name, long otherwise)
{
    char value[32];
    return attribute(tag, name, value, sizeof(value)) ? strtol(value, NULL, 10) : otherwise;
}

/* The tag `<element name="...">`. */
static const char *tag_of(const char *element, const char *name)
{
    char wanted[80];
    snprintf(wanted, sizeof(wanted), "<%s name=\"%s\"", element, name);
    const char *tag = strstr(schema, wanted);
    if (!tag)
        fail_msg("no %s in the schema", wanted);
    return tag;
}

static void check_words(const char *tag, const struct sj_field *field)
{
    const char *end = strstr(tag, "</enum>");
    uint32_t count = 0;
    while ((tag = strstr(tag, "<validValue ")) && tag < end) {
        char name[32];
        assert_true(attribute(tag, "name", name, sizeof(name)));
        long value = strtol(strchr(tag, '>') + 1, NULL, 10);
        assert_int_equal(value, count);
        const char *word = field->words[value] ? field->words[value] : "none";
        assert_int_equal(strcasecmp(name, word), 0);
        count++;
        tag++;
    }
    assert_int_equal(count, field->word_count);
}

static void check_plain(const char *tag, const struct sj_field *field)
{
    static const struct {
        const char *primitive, *null;
        uint32_t size;
    } kinds[] = {
        [SJ_FIELD_U8] = {"uint8", NULL, 1},
        [SJ_FIELD_U16] = {"uint16", NULL, 2},
        [SJ_FIELD_U32] = {"uint32", "4294967295", 4},
        [SJ_FIELD_U64] = {"uint64", "18446744073709551615", 8},
        [SJ_FIELD_I32] = {"int32", NULL, 4},
        [SJ_FIELD_I64] = {"int64", "-9223372036854775808", 8},
        [SJ_FIELD_E6] = {"int64", "-9223372036854775808", 8},
        [SJ_FIELD_TIME] = {"int64", "-9223372036854775808", 8},
        [SJ_FIELD_CHAR] = {"char", NULL, 1},
        [SJ_FIELD_TEXT] = {"char", NULL, 1},
    };
    char value[32];
    assert_true(attribute(tag, "primitiveType", value, sizeof(value)));
    assert_string_equal(value, kinds[field->kind].primitive);
    long length = number(tag, "length", 1);
    assert_int_equal(field->size, kinds[field->kind].size * length);
    if (strcmp(field->name, "instrument") != 0 && kinds[field->kind].null) {
        assert_true(attribute(tag, "nullValue", value, sizeof(value)));
        assert_string_equal(value, kinds[field->kind].null);
    }
}

static void check_field(const char *tag, const struct sj_field *field)
{
    char value[40];
    assert_true(attribute(tag, "name", value, sizeof(value)));
    assert_string_equal(value, field->name);
    assert_int_equal(number(tag, "offset", -1), field->offset - SJ_FRAME_HEAD_SIZE);
    assert_true(attribute(tag, "type", value, sizeof(value)));
    if (field->kind == SJ_FIELD_ENUM)
        check_words(tag_of("enum", value), field);
    else if (field->kind == SJ_FIELD_FLAGS)
        assert_non_null(tag_of("set", value));
    else
        check_plain(tag_of("type", value), field);
}

static void schema_has_the_offset_size_and_null_of_every_field(void **state)
{
    (void)state;
    uint32_t known = 0;
    for (uint16_t id = 0; id <= SJ_EVENT_TYPE_MAX; id++) {
        const struct sj_event_fields *event = sj_event_fields(id);
        if (!event)
            continue;
        known++;
        const char *tag = tag_of("sbe:message", event->name);
        assert_int_equal(number(tag, "id", -1), id);
        assert_int_equal(number(tag, "blockLength", -1), event->size - SJ_FRAME_HEAD_SIZE);
        const char *end = strstr(tag, "</sbe:message>");
        for (uint16_t i = 0; i < event->count; i++) {
            tag = strstr(tag + 1, "<field ");
            assert_true(tag && tag < end);
            assert_int_equal(number(tag, "id", -1), i + 1);
            check_field(tag, &event->fields[i]);
        }
        tag = strstr(tag + 1, "<field ");
        assert_true(!tag || tag > end);
    }
    for (const char *tag = schema; (tag = strstr(tag, "<sbe:message ")) != NULL; tag++)
        known--;
    assert_int_equal(known, 0);
}

static void schema_has_every_flag(void **state)
{
    (void)state;
    for (long bit = 0; bit < SJ_FLAG_COUNT; bit++) {
        const char *tag = tag_of("choice", sj_flag_words[bit]);
        assert_int_equal(strtol(strchr(tag, '>') + 1, NULL, 10), bit);
    }
}

static void schema_is_the_version_that_frames_say(void **state)
{
    (void)state;
    const char *tag = strstr(schema, "<sbe:messageSchema");
    assert_int_equal(number(tag, "id", -1), SJ_SCHEMA_ID);
    assert_int_equal(number(tag, "version", -1), SJ_SCHEMA_VERSION);
}

int schema_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schema_has_the_offset_size_and_null_of_every_field),
        cmocka_unit_test(schema_has_every_flag),
        cmocka_unit_test(schema_is_the_version_that_frames_say),
    };
    return cmocka_run_group_tests_name("schema", tests, read_schema, drop_schema);
}
