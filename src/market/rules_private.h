/*
 * rules_private.h: rules as they are kept, shared by their parser and the look-ups.
 */
#ifndef SJ_MARKET_RULES_PRIVATE_H
#define SJ_MARKET_RULES_PRIVATE_H

#include "market/calendar.h"
#include "market/rules.h"

#define RULES_MAX 1024
#define RULE_WORD_MAX 16
#define HOLIDAYS_MAX 1024

struct market_rule {
    uint32_t from_date;
    char kind[RULE_WORD_MAX];
    char name[RULE_WORD_MAX];
    bool has_number;
    union {
        struct sj_tick_bands bands;
        struct sj_session_plan plan;
        uint32_t orders;
        int64_t number_e6;
    };
};

/* The calendars that differ. */
enum { DAYS_STOCK, DAYS_FUTURES, DAYS_NIGHT, DAYS_COUNT };

/* Days that differ from the week's pattern, rising. */
struct market_days {
    uint32_t closed_count, open_count;
    int32_t closed[HOLIDAYS_MAX];
    int32_t open[HOLIDAYS_MAX];
};

struct sj_market_rules {
    uint32_t count;
    struct market_rule rule[RULES_MAX];
    struct market_days days[DAYS_COUNT];
    struct sj_tw_holidays holidays[DAYS_COUNT]; /* views of `days` */
};

/* Reads lines on top of what the rules hold. Returns NULL, or what is wrong with line *ret_line. */
const char *market_rules_read(struct sj_market_rules *rules, const char *text, size_t size,
                              unsigned *ret_line);

/* The youngest rule that holds on a day, or NULL. */
const struct market_rule *market_rules_find(const struct sj_market_rules *rules, const char *kind,
                                            const char *name, uint32_t date);

#endif
