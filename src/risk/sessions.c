/* Where the day stands: its clock, the trading day, and the phase of each kind of session, looked
 * up once a phase. */
#include "risk/risk_private.h"

#define TIME_MAX_NS INT64_C(9000000000000000000)

static void begin_day(struct sj_risk *risk, int64_t now_ns)
{
    struct sj_market_moment moment;
    int32_t day = sj_tw_trading_day(now_ns, risk->holidays);
    risk->day_ends_ns = sj_tw_to_utc_ns(day, SJ_TW_NIGHT_OPEN_NS);
    if (risk->rules && !risk->holidays &&
        sj_market_moment(risk->rules, SJ_BOARD_FUTURES, 0, true, now_ns, &moment) >= 0) {
        /* Looked up again at each phase: the evening's first one begins the next day. */
        day = sj_market_trading_day(risk->rules, SJ_BOARD_FUTURES, now_ns);
        risk->day_ends_ns = moment.until_ns;
    }
    if (day == risk->trading_day)
        return;
    risk->trading_day = day;
    risk->pnl_e6 = risk->pnl_peak_e6 = 0;
    risk->loss_stopped = false;
}

int64_t clock_advance(struct sj_risk *risk, int64_t now_ns)
{
    if (now_ns > risk->now_ns) {
        risk->now_ns = min64(now_ns, TIME_MAX_NS);
        if (SJ_UNLIKELY(risk->now_ns >= risk->day_ends_ns))
            begin_day(risk, risk->now_ns);
    }
    return risk->now_ns;
}

bool sj_risk_is_open(struct sj_risk *risk, int64_t now_ns)
{
    if (!risk->limits.session || !risk->rules)
        return true;
    now_ns = clock_advance(risk, now_ns);
    return phase_at(risk, SESSION_STOCK, now_ns)->orders != 0 ||
           phase_at(risk, SESSION_FUTURES, now_ns)->orders != 0;
}

void phase_find(struct sj_risk *risk, enum session_kind kind, int64_t now_ns)
{
    enum sj_board board = kind == SESSION_STOCK ? SJ_BOARD_STOCK
                          : kind == SESSION_ODD ? SJ_BOARD_ODD
                                                : SJ_BOARD_FUTURES;
    uint32_t last_day = kind == SESSION_FUTURES_LAST ? (uint32_t)risk->trading_day : 0;
    struct sj_market_moment moment;
    struct phase *phase = &risk->phases[kind];
    sj_rc rc =
        sj_market_moment(risk->rules, board, last_day, kind == SESSION_FUTURES, now_ns, &moment);
    *phase = (struct phase){now_ns, now_ns + SJ_NS_PER_S, 0, SJ_SESSION_PHASE_NONE};
    if (rc < 0)
        return;
    uint32_t date = (uint32_t)moment.trading_day;
    phase->phase = (int32_t)moment.phase;
    phase->orders = sj_market_orders(risk->rules, board, moment.phase, date);
    /* A day's end may change what the last day is. */
    phase->until_ns = min64(moment.until_ns, max64(risk->day_ends_ns, now_ns + SJ_NS_PER_S));
}
