/* /data/ticks and kbars. */
#include "brokersim/body.h"
#include "brokersim/fault.h"
#include "brokersim/history_private.h"
#include "brokersim/quota.h"
#include "brokersim/route.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KBAR_DAYS_MAX 30

bool history_answers_empty(struct request *request)
{
    return quota_exhausted(request->server) || fault_hits(request->server, FAULT_DEAD);
}

static void put_local(struct sj_reply *json, int64_t local_ns)
{
    int64_t of_day = local_ns % SJ_NS_PER_DAY;
    int32_t date = sj_date_from_day((int32_t)(local_ns / SJ_NS_PER_DAY));
    int64_t second = of_day / SJ_NS_PER_S;
    sj_reply_format(json, NULL, "%04d-%02d-%02dT%02lld:%02lld:%02lld.%06lld", date / 10000,
                    date / 100 % 100, date % 100, (long long)(second / 3600),
                    (long long)(second / 60 % 60), (long long)(second % 60),
                    (long long)(of_day % SJ_NS_PER_S / 1000));
}

/* Which ticks of a day are asked for: indexes into its ring, and times of day. */
struct tick_range {
    const struct history_day *day;
    uint64_t first, end;
    int64_t from_ns, to_ns;
};

enum tick_column {
    COLUMN_TIME,
    COLUMN_CLOSE,
    COLUMN_VOLUME,
    COLUMN_BID,
    COLUMN_BID_VOLUME,
    COLUMN_ASK,
    COLUMN_ASK_VOLUME,
    COLUMN_TYPE,
    COLUMNS
};
static const char *const COLUMN_NAMES[COLUMNS] = {"datetime",   "close",      "volume",
                                                  "bid_price",  "bid_volume", "ask_price",
                                                  "ask_volume", "tick_type"};

static void put_cell(struct sj_reply *json, const struct past_tick *tick, enum tick_column column)
{
    switch (column) {
    case COLUMN_TIME:
        put_local(json, tick->local_ns);
        break;
    case COLUMN_CLOSE:
        sj_reply_e6(json, NULL, tick->price_e6);
        break;
    case COLUMN_VOLUME:
        sj_reply_int(json, NULL, tick->volume);
        break;
    case COLUMN_BID:
        sj_reply_e6(json, NULL, tick->bid_e6 == SJ_NULL_E6 ? 0 : tick->bid_e6);
        break;
    case COLUMN_BID_VOLUME:
        sj_reply_int(json, NULL, tick->bid_volume);
        break;
    case COLUMN_ASK:
        sj_reply_e6(json, NULL, tick->ask_e6 == SJ_NULL_E6 ? 0 : tick->ask_e6);
        break;
    case COLUMN_ASK_VOLUME:
        sj_reply_int(json, NULL, tick->ask_volume);
        break;
    default:
        sj_reply_int(json, NULL, tick->tick_type);
        break;
    }
}

static void put_columns(struct sj_reply *json, const struct tick_range *range)
{
    sj_reply_object(json, NULL);
    for (int column = 0; column < COLUMNS; column++) {
        sj_reply_array(json, COLUMN_NAMES[column]);
        for (uint64_t i = range->first; i < range->end; i++) {
            const struct past_tick *tick = &range->day->ticks[i % HISTORY_TICKS];
            int64_t of_day = tick->local_ns % SJ_NS_PER_DAY;
            if (of_day >= range->from_ns && of_day < range->to_ns)
                put_cell(json, tick, (enum tick_column)column);
        }
        sj_reply_end_array(json);
    }
    sj_reply_end_object(json);
}

static int64_t time_of_day(const char *text, int64_t otherwise)
{
    unsigned hour, minute, second;
    if (!text || sscanf(text, "%2u:%2u:%2u", &hour, &minute, &second) != 3)
        return otherwise;
    return (hour * 3600LL + minute * 60 + second) * SJ_NS_PER_S;
}

static void ticks(struct request *request, const json_t *body)
{
    uint32_t date;
    int64_t count;
    uint32_t found = body_contract(request, json_object_get(body, "contract"));
    if (found == SJ_SIM_NONE || !body_date(request, body, "date", &date))
        return;
    const struct sj_sim_instrument *one = &request->sim->universe.list[found];
    found = one->target == SJ_SIM_NONE ? found : one->target;
    struct history_day *made = NULL;
    struct tick_range range = {.to_ns = INT64_MAX};
    if (!history_answers_empty(request))
        range.day = history_day(request->sim, found, date, &made);
    if (range.day) {
        range.end = range.day->tick_count;
        range.first = range.end > HISTORY_TICKS ? range.end - HISTORY_TICKS : 0;
        const char *type = body_text(body, "query_type", "AllDay");
        if (strcmp(type, "LastCount") == 0 && body_integer(body, "last_cnt", &count) &&
            count >= 0 && (uint64_t)count < range.end - range.first)
            range.first = range.end - (uint64_t)count;
        if (strcmp(type, "RangeTime") == 0) {
            range.from_ns = time_of_day(body_text(body, "time_start", NULL), 0);
            range.to_ns = time_of_day(body_text(body, "time_end", NULL), INT64_MAX);
        }
    }
    put_columns(&request->answer, &range);
    quota_traffic(request->server, request->answer.size);
    free(made);
}

void rest_ticks(struct request *request)
{
    body_handle(request, ticks);
}

static int64_t bar_value(const struct past_bar *bar, int column)
{
    const int64_t values[] = {0, bar->open_e6, bar->high_e6, bar->low_e6, bar->close_e6};
    return values[column];
}

static void put_bars(struct sj_reply *json, const struct history_day *const *days, uint32_t count)
{
    static const char *const names[] = {"datetime", "Open",   "High",  "Low",
                                        "Close",    "Volume", "Amount"};
    sj_reply_object(json, NULL);
    for (int column = 0; column < 7; column++) {
        sj_reply_array(json, names[column]);
        for (uint32_t d = 0; d < count; d++) {
            uint64_t end = days[d]->bar_count;
            for (uint64_t i = end > HISTORY_BARS ? end - HISTORY_BARS : 0; i < end; i++) {
                const struct past_bar *bar = &days[d]->bars[i % HISTORY_BARS];
                if (column == 0)
                    put_local(json, bar->minute * MINUTE_NS);
                else if (column == 5)
                    sj_reply_int(json, NULL, bar->volume);
                else
                    sj_reply_e6(json, NULL, column == 6 ? bar->amount_e6 : bar_value(bar, column));
            }
        }
        sj_reply_end_array(json);
    }
    sj_reply_end_object(json);
}

static void kbars(struct request *request, const json_t *body)
{
    uint32_t start, end;
    uint32_t found = body_contract(request, json_object_get(body, "contract"));
    if (found == SJ_SIM_NONE || !body_date(request, body, "start", &start) ||
        !body_date(request, body, "end", &end))
        return;
    int32_t first = sj_date_to_day((int32_t)start), last = sj_date_to_day((int32_t)end);
    if (last < first || last - first >= KBAR_DAYS_MAX) {
        http_fail(request, 400, "kbars: start to end may be at most 30 days");
        return;
    }
    const struct sj_sim_instrument *one = &request->sim->universe.list[found];
    found = one->target == SJ_SIM_NONE ? found : one->target;
    const struct history_day *days[KBAR_DAYS_MAX];
    struct history_day *made[KBAR_DAYS_MAX] = {0};
    uint32_t count = 0;
    bool empty = history_answers_empty(request);
    for (int32_t day = first; day <= last && !empty; day++) {
        uint32_t date = (uint32_t)sj_date_from_day(day);
        days[count] = history_day(request->sim, found, date, &made[day - first]);
        if (days[count])
            count++;
    }
    put_bars(&request->answer, days, count);
    quota_traffic(request->server, request->answer.size);
    for (int i = 0; i < KBAR_DAYS_MAX; i++)
        free(made[i]);
}

void rest_kbars(struct request *request)
{
    body_handle(request, kbars);
}
