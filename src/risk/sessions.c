/* Where the day stands: its clock, the trading day, and the phase of each kind of session, looked
 * up once a phase. */
#include "risk/risk_private.h"

#define TIME_MAX_NS INT64_C(9000000000000000000)

static void begin_day(struct sj_risk *risk, int64_t now_ns)
{
    int32_t day = sj_tw_trading_day(now_ns, risk->holidays);
    risk->day_ends_ns = sj_tw_to_utc_ns(day, SJ_TW_NIGHT_OPEN_NS);
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

/* The phase at a time of `date`'s plan (the time may be past 24 h), and until when it holds. */
static int32_t phase_of(const struct sj_risk *risk, const char *name, int32_t date, int64_t now_ns,
                        int64_t *until_ns)
{
    struct sj_session_plan plan;
    if (!sj_tw_is_trading_day(date, risk->holidays) ||
        sj_market_session(risk->rules, name, (uint32_t)date, &plan) < 0)
        return SJ_SESSION_PHASE_NONE;
    int64_t midnight_ns = sj_tw_to_utc_ns(date, 0), ends_ns;
    enum sj_session_phase phase = sj_session_at(&plan, now_ns - midnight_ns, &ends_ns);
    if (ends_ns < SJ_NS_PER_DAY * 2)
        *until_ns = min64(*until_ns, midnight_ns + ends_ns);
    return (int32_t)phase;
}

void phase_find(struct sj_risk *risk, enum session_kind kind, int64_t now_ns)
{
    static const char *const names[SESSION_KINDS] = {"STK", "ODD", "FUT"};
    int32_t date = sj_tw_date(now_ns);
    int64_t until_ns = sj_tw_to_utc_ns(sj_date_add(date, 1), 0);
    int32_t phase = phase_of(risk, names[kind], date, now_ns, &until_ns);
    if (kind == SESSION_FUTURES) {
        int32_t nights[] = {date, sj_date_add(date, -1)};
        for (size_t i = 0; i < sizeof nights / sizeof *nights; i++) {
            int32_t night = phase_of(risk, "FUT.NIGHT", nights[i], now_ns, &until_ns);
            phase = phase != SJ_SESSION_PHASE_NONE ? phase : night;
        }
    }
    risk->phases[kind] = (struct phase){now_ns, until_ns, phase};
}
