#include "market/calendar.h"

#include <stdio.h>

#include "market/rules_private.h"

/* A market closed for longer than this is bad data, not a holiday. */
#define CLOSED_DAYS_MAX 60

enum sj_board sj_board_of(enum sj_security security, bool odd_lot)
{
    switch (security) {
    case SJ_SECURITY_FUT:
    case SJ_SECURITY_OPT:
        return SJ_BOARD_FUTURES;
    case SJ_SECURITY_IND:
        return SJ_BOARD_INDEX;
    default:
        return odd_lot ? SJ_BOARD_ODD : SJ_BOARD_STOCK;
    }
}

const char *sj_board_name(enum sj_board board)
{
    static const char *const names[SJ_BOARD_COUNT] = {"STK", "ODD", "FUT", "IND"};
    return (uint32_t)board < SJ_BOARD_COUNT ? names[board] : "";
}

const struct sj_tw_holidays *sj_market_holidays(const struct sj_market_rules *rules,
                                                enum sj_board board)
{
    return &rules->holidays[board == SJ_BOARD_FUTURES ? DAYS_FUTURES : DAYS_STOCK];
}

void sj_market_calendar_span(const struct sj_market_rules *rules, int32_t *ret_first,
                             int32_t *ret_last)
{
    const struct market_days *days = &rules->days[DAYS_STOCK];
    *ret_first = days->closed_count ? days->closed[0] / 10000 * 10000 + 101 : 0;
    *ret_last =
        days->closed_count ? days->closed[days->closed_count - 1] / 10000 * 10000 + 1231 : 0;
}

static bool evening_trades(const struct sj_market_rules *rules, int32_t date)
{
    return sj_tw_is_trading_day(date, &rules->holidays[DAYS_FUTURES]) &&
           sj_tw_is_trading_day(date, &rules->holidays[DAYS_NIGHT]);
}

int32_t sj_market_trading_day(const struct sj_market_rules *rules, enum sj_board board,
                              int64_t utc_ns)
{
    const struct sj_tw_holidays *holidays = sj_market_holidays(rules, board);
    int32_t date = sj_tw_date(utc_ns);
    struct sj_session_plan night;
    bool evening = board == SJ_BOARD_FUTURES &&
                   sj_market_session(rules, "FUT.NIGHT", (uint32_t)date, &night) == 0 &&
                   sj_tw_time_of_day_ns(utc_ns) >= night.span[0].from_ns;
    if (!evening && sj_tw_is_trading_day(date, holidays))
        return date;
    return sj_tw_next_trading_day(date, holidays);
}

/* The first span of a plan, laid on a date, that ends after an instant. False: all are over. */
static bool next_span(const struct sj_session_plan *plan, int32_t date, int64_t utc_ns,
                      struct sj_market_moment *moment)
{
    int64_t midnight_ns = sj_tw_to_utc_ns(date, 0);
    for (uint32_t i = 0; i < plan->count; i++) {
        int64_t from_ns = midnight_ns + plan->span[i].from_ns;
        int64_t to_ns = midnight_ns + plan->span[i].to_ns;
        if (utc_ns >= to_ns)
            continue;
        bool begun = utc_ns >= from_ns;
        moment->phase = begun ? plan->span[i].phase : SJ_SESSION_PHASE_NONE;
        moment->since_ns = begun ? from_ns : INT64_MIN;
        moment->until_ns = begun ? to_ns : from_ns;
        return true;
    }
    return false;
}

/* The day session of a date; a contract's last one has hours of its own. */
static sj_rc day_plan(const struct sj_market_rules *rules, enum sj_board board, bool last,
                      int32_t date, struct sj_session_plan *ret_plan)
{
    char name[RULE_WORD_MAX];
    snprintf(name, sizeof name, "%s.LAST", sj_board_name(board));
    if (last && sj_market_session(rules, name, (uint32_t)date, ret_plan) == 0)
        return 0;
    return sj_market_session(rules, sj_board_name(board), (uint32_t)date, ret_plan);
}

/* The sessions that begin on one date: by day, and in the evening. Returns 1 when one of them holds
 * the instant or comes after it. */
static sj_rc moment_on(const struct sj_market_rules *rules, enum sj_board board, uint32_t last_day,
                       bool night, int32_t date, int64_t utc_ns, struct sj_market_moment *moment)
{
    const struct sj_tw_holidays *holidays = sj_market_holidays(rules, board);
    struct sj_session_plan plan;
    if (!sj_tw_is_trading_day(date, holidays))
        return 0;
    sj_rc rc = day_plan(rules, board, last_day == (uint32_t)date, date, &plan);
    if (rc < 0)
        return rc;
    moment->night = false;
    moment->trading_day = date;
    if (next_span(&plan, date, utc_ns, moment))
        return 1;
    if (board != SJ_BOARD_FUTURES || !night || !evening_trades(rules, date) ||
        last_day == (uint32_t)date ||
        sj_market_session(rules, "FUT.NIGHT", (uint32_t)date, &plan) < 0)
        return 0;
    if (!next_span(&plan, date, utc_ns, moment))
        return 0;
    moment->trading_day = sj_tw_next_trading_day(date, holidays);
    moment->night = moment->phase != SJ_SESSION_PHASE_NONE;
    return 1;
}

sj_rc sj_market_moment(const struct sj_market_rules *rules, enum sj_board board, uint32_t last_day,
                       bool night, int64_t utc_ns, struct sj_market_moment *ret_moment)
{
    if ((uint32_t)board >= SJ_BOARD_COUNT)
        return -SJ_E_UNKNOWN;
    if (board != SJ_BOARD_FUTURES)
        last_day = 0;
    int32_t today = sj_tw_date(utc_ns);
    /* The evening before may still trade. */
    for (int32_t ahead = -1; ahead <= CLOSED_DAYS_MAX; ahead++) {
        int32_t date = sj_date_add(today, ahead);
        if (last_day && (uint32_t)date > last_day)
            break;
        struct sj_market_moment moment;
        sj_rc rc = moment_on(rules, board, last_day, night, date, utc_ns, &moment);
        if (rc < 0)
            return rc;
        if (rc > 0) {
            *ret_moment = moment;
            return 0;
        }
    }
    *ret_moment = (struct sj_market_moment){.since_ns = INT64_MIN, .until_ns = INT64_MAX};
    return 0;
}

bool sj_market_has_night(const struct sj_market_rules *rules, const char *root, uint32_t date)
{
    int64_t night_e6;
    return sj_market_number(rules, "night", root, date, &night_e6) == 0 && night_e6 != 0;
}

uint32_t sj_market_orders(const struct sj_market_rules *rules, enum sj_board board,
                          enum sj_session_phase phase, uint32_t date)
{
    static const char *const phases[] = {"", "auction", "continuous", "closing"};
    char name[RULE_WORD_MAX];
    if ((uint32_t)phase >= sizeof phases / sizeof *phases)
        return 0;
    snprintf(name, sizeof name, "%s.%s", sj_board_name(board), phases[phase]);
    const struct market_rule *rule = market_rules_find(rules, "orders", name, date);
    return rule ? rule->orders : 0;
}

sj_rc sj_market_quantity_max(const struct sj_market_rules *rules, enum sj_board board, bool option,
                             bool night, uint32_t price_type, uint32_t date, uint32_t *ret_quantity)
{
    char name[RULE_WORD_MAX], market[RULE_WORD_MAX];
    bool futures = board == SJ_BOARD_FUTURES;
    int64_t lots_e6;
    snprintf(name, sizeof name, "%s%s", futures && option ? "OPT" : sj_board_name(board),
             futures && night ? ".NIGHT" : "");
    snprintf(market, sizeof market, "%.10s.MKT", name);
    sj_rc rc = -SJ_E_UNKNOWN;
    if (price_type != 1)
        rc = sj_market_number(rules, "lots_max", market, date, &lots_e6);
    if (rc < 0)
        rc = sj_market_number(rules, "lots_max", name, date, &lots_e6);
    if (rc < 0)
        return rc;
    *ret_quantity = (uint32_t)(lots_e6 / 1000000);
    return 0;
}
