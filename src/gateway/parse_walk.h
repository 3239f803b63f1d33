/*
 * parse_walk.h: what the general path knows on its walk over a payload, for its files: the fields
 * (parse_general.c), those written as usual (parse_quick.h), strings that are not plain
 * (parse_string.c).
 */
#ifndef SJ_GATEWAY_PARSE_WALK_H
#define SJ_GATEWAY_PARSE_WALK_H

#include "gateway/parse_impl.h"

/* What a walk over a payload knows. */
struct walk {
    struct sj_parse *parse;
    const struct message *message;
    const char *at;
    const char *start;
    const char *end;
    char *frame;
    uint64_t named; /* bits of fields that came */
    uint64_t seen;  /* of these, the ones not null */
    int64_t date_ns;
    int64_t time_ns;
    uint32_t flags;
    uint32_t field_count;
    uint32_t unknown_fields;
    bool recording;
    bool has_closing;
    uint8_t levels[FIELD_COUNT];
    const char *code;
    size_t code_size;
};

struct text {
    const char *start;
    size_t size;
};

#define TRY(call)                                                                                  \
    do {                                                                                           \
        enum sj_parse_fault fault_ = (call);                                                       \
        if (__builtin_expect(fault_ != SJ_PARSE_NONE, 0))                                          \
            return fault_;                                                                         \
    } while (0)

/* This payload holds something that no shape can hold. */
static inline void never_learn(struct walk *walk)
{
    if (walk->recording)
        walk->parse->record_count = UINT32_MAX;
    walk->recording = false;
}

/* The rest of a string that is not plain, from walk->at on: unescaped into `buffer`. What does not
 * fit is checked and left away, and the size told is TEXT_MAX: like no known text. */
enum sj_parse_fault sj_parse_special(struct walk *walk, const char *start, char *buffer,
                                     struct text *ret_text);

#endif
