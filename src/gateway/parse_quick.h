/*
 * parse_quick.h: the general path's way with fields written as usual (no escapes, nulls,
 * exponents): in one go, with everything in registers. What it does not take, parse_general.c looks
 * at again.
 */
#ifndef SJ_GATEWAY_PARSE_QUICK_H
#define SJ_GATEWAY_PARSE_QUICK_H

#include "gateway/parse_number.h"
#include "gateway/parse_scan.h"
#include "gateway/parse_walk.h"

static inline const char *quick_space(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
        at++;
    return at;
}

/* The end of a plain string that begins at `at`, or NULL. */
static inline const char *quick_string(const char *at, const char *end)
{
    const char *stop = scan_string(at, end);
    return stop < end && *stop == '"' ? stop : NULL;
}

/* These read the value at `at` and give where it ends, or NULL. */
static inline const char *quick_e6(const struct walk *walk, const char *at, void *to)
{
    int64_t e6;
    const char *stop = *at == '"' ? quick_string(at + 1, walk->end) : NULL;
    if (!stop || stop - walk->start < NUMBER_LOOKBEHIND || !decimal_quick(at + 1, stop, &e6))
        return NULL;
    memcpy(to, &e6, sizeof(e6));
    return stop + 1;
}

static inline const char *quick_integer(const struct walk *walk, uint8_t store, const char *at,
                                        void *to)
{
    uint32_t natural;
    const char *stop = scan_number(at, walk->end);
    bool negative = store == STORE_I32 && *at == '-';
    if (!natural_quick(at + negative, (size_t)(stop - at - negative), &natural))
        return NULL;
    int64_t value = negative ? -(int64_t)natural : (int64_t)natural;
    return store_integer(store, value, to) ? stop : NULL;
}

static inline const char *quick_flag(struct walk *walk, uint32_t flag, const char *at)
{
    if (walk->end - at < 5)
        return NULL;
    if (memcmp(at, "false", 5) == 0)
        return at + 5;
    if (memcmp(at, "true", 4) != 0)
        return NULL;
    walk->flags |= flag;
    return at + 4;
}

static inline const char *quick_text(struct walk *walk, uint8_t store, const char *at)
{
    const char *stop = *at == '"' ? quick_string(at + 1, walk->end) : NULL;
    if (!stop)
        return NULL;
    size_t size = (size_t)(stop - ++at);
    bool taken = true;
    if (store == STORE_CODE) {
        walk->code = at;
        walk->code_size = size;
    } else if (store == STORE_DATE) {
        taken = sj_parse_date(walk->parse, at, size, &walk->date_ns);
    } else if (size == 15) {
        taken = time_quick(at, &walk->time_ns);
    } else {
        taken = sj_parse_time(at, size, &walk->time_ns);
    }
    return taken ? stop + 1 : NULL;
}

static inline const char *quick_array(struct walk *walk, enum field field, struct target target,
                                      const char *at)
{
    uint8_t store = target.store & (STORE_ARRAY - 1), count = 0;
    char *to = walk->frame + target.offset;
    if (*at++ != '[')
        return NULL;
    for (;;) {
        at = quick_space(at, walk->end);
        if (count == SJ_LEVELS || at >= walk->end)
            return NULL;
        at = store == STORE_E6 ? quick_e6(walk, at, to) : quick_integer(walk, store, at, to);
        if (!at || at >= walk->end)
            return NULL;
        count++;
        to += store == STORE_E6 ? sizeof(int64_t) : sizeof(int32_t);
        if (*at == ']')
            break;
        if (*at++ != ',')
            return NULL;
    }
    walk->levels[field] = count;
    return at + 1;
}

static inline const char *quick_value(struct walk *walk, enum field field, struct target target,
                                      const char *at)
{
    char *base = target.closing ? (char *)&walk->parse->closing : walk->frame;
    switch (target.store) {
    case STORE_NONE:
    case STORE_IGNORED:
        return NULL;
    case STORE_E6:
        return quick_e6(walk, at, base + target.offset);
    case STORE_FLAG:
        return quick_flag(walk, target.offset, at);
    case STORE_CODE:
    case STORE_DATE:
    case STORE_TIME:
        return quick_text(walk, target.store, at);
    case STORE_E6 | STORE_ARRAY:
    case STORE_U32 | STORE_ARRAY:
    case STORE_I32 | STORE_ARRAY:
        return quick_array(walk, field, target, at);
    default:
        return quick_integer(walk, target.store, at, base + target.offset);
    }
}

/* Takes fields as long as they are as usual. True: the object is closed, walk->at is behind it.
 * False: walk->at is at a field that was not taken. */
static bool quick_fields(struct walk *walk)
{
    const char *at = walk->at;
    for (;;) {
        at = quick_space(at, walk->end);
        walk->at = at;
        if (at >= walk->end || *at != '"' || walk->field_count >= SJ_PARSE_FIELDS_MAX)
            return false;
        const char *key = at + 1, *stop = quick_string(key, walk->end);
        if (!stop || stop[1] != ':')
            return false;
        enum field field = sj_parse_key_find(walk->parse->keys, key, (size_t)(stop - key));
        struct target target = walk->message->targets[field];
        at = quick_space(stop + 2, walk->end);
        if (at >= walk->end || (walk->named >> field & 1))
            return false;
        at = quick_value(walk, field, target, at);
        if (!at)
            return false;
        at = quick_space(at, walk->end);
        if (at >= walk->end || (*at != ',' && *at != '}'))
            return false;
        walk->named |= 1ULL << field;
        walk->seen |= 1ULL << field;
        walk->field_count++;
        walk->has_closing |= target.closing;
        if (*at++ == '}') {
            walk->at = at;
            return true;
        }
    }
}

#endif
