/* What the keeper does, and what can be asked of a journal besides its events. */
#include <errno.h>
#include <unistd.h>

#include "base/clock.h"
#include "journal/support.h"

static struct sj_journal *open_with(const struct sj_journal_options *options)
{
    struct sj_journal *journal;
    assert_int_equal(sj_journal_open(options, NULL, &journal), 0);
    return journal;
}

enum field { COMPRESSED, DELETED, RETAINED };

static uint64_t field_of(const struct sj_journal_stat *stat, enum field field)
{
    return field == COMPRESSED ? stat->compressed_count
           : field == DELETED  ? stat->deleted_count
                               : stat->retained_size;
}

/* Turns the loop until the field is at least `least`. */
static struct sj_journal_stat wait_for(struct sj_journal *journal, enum field field, uint64_t least)
{
    struct sj_journal_stat stat;
    int64_t until_ns = sj_clock_mono_ns() + 60 * SJ_NS_PER_S;
    do {
        assert_true(sj_journal_do_work(journal, sj_clock_mono_ns()) >= 0);
        usleep(10000);
        sj_journal_stat(journal, &stat);
    } while (field_of(&stat, field) < least && sj_clock_mono_ns() < until_ns);
    assert_true(field_of(&stat, field) >= least);
    assert_int_equal(stat.keeper_error, 0);
    return stat;
}

static void count_forms(const struct sj_journal_segment *segment, void *context)
{
    uint32_t *counts = context;
    assert_true(segment->whole);
    counts[segment->compressed ? 1 : 0]++;
}

static void compressed_segments_are_read_sought_and_verified_like_plain_ones(void **state)
{
    struct sj_journal_options options = small_options(*state);
    struct sj_journal_reader *reader;
    struct sj_journal_span span;
    struct sj_journal_check check;
    struct account account;
    uint32_t forms[2] = {0, 0};
    options.compress_age_ns = 1; /* the events' times are long ago */
    struct sj_journal *journal = open_with(&options);
    append_events(journal, 1, 1, 6000, 20);
    assert_int_equal(sj_journal_sync(journal), 0);
    wait_for(journal, COMPRESSED, 3);
    assert_int_equal(sj_journal_close(journal), 0);
    assert_int_equal(sj_journal_list(*state, count_forms, forms), 0);
    assert_true(forms[1] >= 3);
    read_journal(*state, &account);
    assert_false(account.wrong);
    assert_int_equal(account.count, 6000);
    assert_int_equal(account.missing + account.damage_count, 0);
    assert_int_equal(sj_journal_verify(*state, NULL, NULL, &check), 0);
    assert_int_equal(check.event_count, 6000);
    struct sj_journal_reader_options reader_options = {.dir = *state};
    assert_int_equal(sj_journal_reader_open(&reader_options, &reader), 0);
    for (uint64_t seq = 5990; seq > 331; seq -= 331) {
        assert_int_equal(sj_journal_seek_seq(reader, 1, seq), 0);
        assert_true(sj_journal_read(reader, &span) > 0);
        assert_in_range(seq, span.first_seq, span.first_seq + span.count - 1);
        uint64_t position = span.position;
        uint64_t first_seq = span.first_seq;
        assert_int_equal(sj_journal_seek_time(reader, (int64_t)(seq * 1000 + 7)), 0);
        assert_true(sj_journal_read(reader, &span) > 0);
        assert_in_range(seq, span.first_seq, span.first_seq + span.count - 1);
        assert_int_equal(sj_journal_seek(reader, position), 0);
        assert_true(sj_journal_read(reader, &span) > 0);
        assert_int_equal(span.first_seq, first_seq);
    }
    sj_journal_reader_close(reader);
}

static void damaged_compressed_segment_is_named(void **state)
{
    struct sj_journal_options options = small_options(*state);
    struct sj_journal_check check;
    struct account account;
    char path[300];
    options.compress_age_ns = 1;
    struct sj_journal *journal = open_with(&options);
    append_events(journal, 1, 1, 6000, 20);
    assert_int_equal(sj_journal_sync(journal), 0);
    wait_for(journal, COMPRESSED, 3);
    assert_int_equal(sj_journal_close(journal), 0);
    snprintf(path, sizeof(path), "%s/000000000001.segz", (char *)*state);
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    fseek(file, 5000, SEEK_SET);
    int byte = fgetc(file);
    fseek(file, 5000, SEEK_SET);
    fputc(byte ^ 4, file);
    fclose(file);
    read_journal(*state, &account);
    assert_false(account.wrong);
    assert_true(account.damage_count > 0);
    assert_int_equal(account.count + account.damage_lost, 6000);
    assert_int_equal(sj_journal_verify(*state, NULL, NULL, &check), 1);
    assert_int_equal(check.lost_count, account.damage_lost);
}

static void retention_waits_for_the_slowest_cursor(void **state)
{
    struct sj_journal_options options = small_options(*state);
    struct sj_journal_cursor cursor = {.position = 5000};
    struct account account;
    options.keep_size = SMALL_SEGMENT;
    struct sj_journal *journal = open_with(&options);
    assert_int_equal(sj_journal_cursor_save(*state, "slow", &cursor), 0);
    append_events(journal, 1, 1, 6000, 20);
    assert_int_equal(sj_journal_sync(journal), 0);
    struct sj_journal_stat stat = wait_for(journal, RETAINED, SMALL_SEGMENT);
    assert_string_equal(stat.retained_by, "slow");
    assert_int_equal(stat.deleted_count, 0);
    read_journal(*state, &account);
    assert_int_equal(account.first_seq[1], 1);
    assert_int_equal(account.count, 6000);
    cursor.position = stat.durable_position;
    assert_int_equal(sj_journal_cursor_save(*state, "slow", &cursor), 0);
    wait_for(journal, DELETED, 2);
    assert_int_equal(sj_journal_close(journal), 0);
    read_journal(*state, &account);
    assert_false(account.wrong);
    assert_true(account.first_seq[1] > 1);
    assert_int_equal(account.last_seq[1], 6000);
    assert_int_equal(account.damage_count, 0);
}

struct listing {
    uint32_t count;
    uint64_t events;
    uint64_t end;
    uint64_t last_seq;
};

static void list_one(const struct sj_journal_segment *segment, void *context)
{
    struct listing *listing = context;
    assert_true(segment->whole);
    assert_int_equal(segment->ordinal, listing->count);
    assert_true(segment->base >= listing->end);
    assert_true(segment->end > segment->base);
    if (segment->source_count > 0) {
        assert_int_equal(segment->sources[0].src, 1);
        assert_int_equal(segment->sources[0].first_seq, listing->last_seq + 1);
        assert_int_equal(segment->first_ns, (int64_t)((listing->last_seq + 1) * 1000 + 7));
        listing->last_seq = segment->sources[0].last_seq;
        assert_int_equal(segment->last_ns, (int64_t)(listing->last_seq * 1000 + 7));
    }
    listing->count++;
    listing->events += segment->event_count;
    listing->end = segment->end;
}

static void list_tells_every_segment_sealed_or_not(void **state)
{
    struct sj_journal_options options = small_options(*state);
    struct sj_journal *journal = open_with(&options);
    struct listing live = {0};
    struct listing closed = {0};
    append_events(journal, 1, 1, 3000, 20);
    assert_int_equal(sj_journal_close(journal), 0);
    assert_int_equal(sj_journal_list(*state, list_one, &closed), 0);
    assert_true(closed.count >= 3);
    assert_int_equal(closed.events, 3000);
    journal = open_with(&options);
    append_events(journal, 1, 3001, 60, 20);
    assert_int_equal(sj_journal_sync(journal), 0);
    char copy[256];
    char spare[300];
    /* Without the spare, whose making is the keeper's own affair. */
    dir_create(copy, sizeof(copy));
    dir_copy(*state, copy);
    snprintf(spare, sizeof(spare), "%s/%012u.seg", copy, closed.count + 1);
    unlink(spare);
    assert_int_equal(sj_journal_list(copy, list_one, &live), 0);
    dir_remove(copy);
    assert_int_equal(live.count, closed.count + 1);
    assert_int_equal(live.events, 3060);
    assert_int_equal(live.last_seq, 3060);
    assert_int_equal(sj_journal_close(journal), 0);
}

static void peek_shows_a_live_writer_and_no_other(void **state)
{
    struct sj_journal_options options = small_options(*state);
    struct sj_journal_stat own;
    struct sj_journal_stat seen;
    assert_int_equal(sj_journal_peek(*state, &seen), -ENOENT);
    struct sj_journal *journal = open_with(&options);
    append_events(journal, 1, 1, 300, 20);
    assert_int_equal(sj_journal_sync(journal), 0);
    sj_journal_stat(journal, &own);
    assert_int_equal(sj_journal_peek(*state, &seen), 0);
    assert_int_equal(seen.accepted_count, 300);
    assert_int_equal(seen.durable_count, 300);
    assert_int_equal(seen.durable_position, own.durable_position);
    assert_int_equal(sj_journal_close(journal), 0);
    assert_int_equal(sj_journal_peek(*state, &seen), -ENOENT);
}

struct definitions {
    uint32_t count;
    uint64_t latest_seq[16];
};

static void keep_definition(const struct sj_instrument *definition, uint32_t src, void *context)
{
    struct definitions *definitions = context;
    assert_int_equal(src, 1);
    assert_true(definition->instrument < 16);
    definitions->count++;
    definitions->latest_seq[definition->instrument] = definition->seq;
}

static void append_definition(struct sj_journal *journal, uint32_t instrument, uint64_t seq)
{
    struct sj_instrument definition = definition_make(instrument, seq);
    assert_int_equal(sj_journal_append(journal, 1, &definition, sizeof(definition), 1), 0);
}

static void reader_knows_the_definitions_that_hold_at_its_place(void **state)
{
    struct sj_journal_options options = small_options(*state);
    struct sj_journal_reader *reader;
    struct sj_journal_span span;
    struct sj_journal *journal = open_with(&options);
    append_definition(journal, 3, 1);
    append_definition(journal, 4, 2);
    append_events(journal, 1, 3, 4000, 20);
    append_definition(journal, 3, 4003); /* changed */
    append_events(journal, 1, 4004, 20, 20);
    assert_int_equal(sj_journal_close(journal), 0);
    struct sj_journal_reader_options reader_options = {.dir = *state};
    assert_int_equal(sj_journal_reader_open(&reader_options, &reader), 0);
    struct definitions found = {0};
    assert_int_equal(sj_journal_reader_definitions(reader, keep_definition, &found), 0);
    assert_int_equal(found.count, 0);
    /* Several segments on: those at the segment's head. */
    assert_int_equal(sj_journal_seek_seq(reader, 1, 3500), 0);
    assert_int_equal(sj_journal_reader_definitions(reader, keep_definition, &found), 0);
    assert_int_equal(found.latest_seq[3], 1);
    assert_int_equal(found.latest_seq[4], 2);
    while (sj_journal_read(reader, &span) > 0)
        ;
    memset(&found, 0, sizeof(found));
    assert_int_equal(sj_journal_reader_definitions(reader, keep_definition, &found), 0);
    assert_int_equal(found.latest_seq[3], 4003);
    assert_int_equal(found.latest_seq[4], 2);
    sj_journal_reader_close(reader);
}

static uint64_t count_instrument(struct sj_journal_reader *reader, uint32_t instrument,
                                 uint64_t *ret_all)
{
    struct sj_journal_span span;
    uint64_t found = 0;
    *ret_all = 0;
    assert_int_equal(sj_journal_seek(reader, 0), 0);
    while (sj_journal_read(reader, &span) > 0)
        for (const uint8_t *at = span.begin; at < span.end; at += sj_frame_size(at)) {
            found += ((const struct sj_frame *)(const void *)at)->instrument == instrument;
            ++*ret_all;
        }
    return found;
}

static void reader_only_passes_over_what_has_no_wanted_instrument(void **state)
{
    enum { RARE = 500 }; /* beyond those events_make uses */
    struct sj_journal_options options = small_options(*state);
    struct sj_journal_reader *reader;
    _Alignas(8) uint8_t buffer[EVENTS_SIZE_MAX(1)];
    uint32_t wanted = RARE;
    uint64_t all;
    uint64_t only;
    struct sj_journal *journal = open_with(&options);
    for (uint64_t part = 0; part < 3; part++) {
        append_events(journal, 2, part * 2000 + 1, 2000, 20);
        size_t size = events_make(buffer, 1, part + 1, 1);
        ((struct sj_frame *)(void *)buffer)->instrument = RARE;
        assert_int_equal(sj_journal_append(journal, 1, buffer, size, 1), 0);
    }
    assert_int_equal(sj_journal_close(journal), 0);
    struct sj_journal_reader_options reader_options = {.dir = *state};
    assert_int_equal(sj_journal_reader_open(&reader_options, &reader), 0);
    assert_int_equal(count_instrument(reader, RARE, &all), 3);
    assert_int_equal(all, 6003);
    assert_int_equal(sj_journal_reader_only(reader, &wanted, 1), 0);
    assert_int_equal(count_instrument(reader, RARE, &only), 3);
    assert_true(only < all / 4);
    wanted = RARE + 1;
    assert_int_equal(sj_journal_reader_only(reader, &wanted, 1), 0);
    assert_int_equal(count_instrument(reader, RARE, &only), 0);
    assert_int_equal(only, 0);
    assert_int_equal(sj_journal_reader_only(reader, NULL, 0), 0);
    assert_int_equal(count_instrument(reader, RARE, &only), 3);
    assert_int_equal(only, all);
    sj_journal_reader_close(reader);
}

int keep_tests(void);
int keep_tests(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, dir_setup, dir_teardown)
    const struct CMUnitTest tests[] = {
        TEST(compressed_segments_are_read_sought_and_verified_like_plain_ones),
        TEST(damaged_compressed_segment_is_named),
        TEST(retention_waits_for_the_slowest_cursor),
        TEST(list_tells_every_segment_sealed_or_not),
        TEST(peek_shows_a_live_writer_and_no_other),
        TEST(reader_knows_the_definitions_that_hold_at_its_place),
        TEST(reader_only_passes_over_what_has_no_wanted_instrument),
    };
#undef TEST
    return cmocka_run_group_tests_name("keep", tests, NULL, NULL);
}
