/* Order events: what the exchange and the desk say about users' orders, over SSE. */
#include "brokersim/desk_private.h"
#include "brokersim/fault.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

/* A reordered event that no other follows for so long comes alone. */
#define REORDER_MAX_NS SJ_NS_PER_S
#define NIGHT_FROM_NS (14 * 3600 * SJ_NS_PER_S)
#define NIGHT_TO_NS (6 * 3600 * SJ_NS_PER_S)

void put_seconds(struct sj_reply *json, const char *key, int64_t utc_ns)
{
    sj_reply_e6(json, key, utc_ns / 1000);
}

static bool is_stock(const struct sj_brokersim *sim, const struct user_order *order)
{
    return !sj_sim_is_fop((enum sj_security)sim->universe.list[order->instrument].security);
}

void put_order_fields(struct sj_reply *json, const struct sj_brokersim *sim,
                      const struct user_order *order)
{
    sj_reply_string(json, "id", order->id);
    sj_reply_string(json, "seqno", order->seqno);
    sj_reply_string(json, "ordno", order->ordno);
    sj_reply_string(json, "action", order->side == SJ_SIDE_BUY ? "Buy" : "Sell");
    sj_reply_e6(json, "price", order->price_e6);
    sj_reply_int(json, "quantity", order->quantity);
    sj_reply_string(json, "price_type", PRICE_TYPE_NAMES[order->price_type]);
    sj_reply_string(json, "time_in_force", TIF_NAMES[order->time_in_force]);
    sj_reply_string(json, "order_type", TIF_NAMES[order->time_in_force]);
    if (is_stock(sim, order)) {
        sj_reply_string(json, "order_lot", order->order_lot);
        sj_reply_string(json, "order_cond", order->order_cond);
        sj_reply_bool(json, "daytrade_short", order->daytrade_short);
    }
    sj_reply_string(json, "custom_field", order->custom_field);
    put_account(json, "account", order->account);
}

static void broadcast(struct server *server, const char *event, uint32_t size)
{
    stream_broadcast(server, SJ_CHANNEL_ORDER, event, size);
    if (fault_hits(server, FAULT_DUPLICATE_REPORT))
        stream_broadcast(server, SJ_CHANNEL_ORDER, event, size);
}

/* Keeps an event back. False when there is no room: it goes out at once. */
static bool keep(struct server *server, const char *event, uint32_t size, int64_t due_ns,
                 bool until_next)
{
    struct order_desk *desk = server->sim->desk;
    uint32_t *count = &desk->late_count[server->index];
    char *text = *count < LATE_MAX ? malloc(size) : NULL;
    if (!text)
        return false;
    memcpy(text, event, size);
    desk->late[server->index][(*count)++] = (struct late_report){due_ns, text, size, until_next};
    return true;
}

/* Sends what is due of one server's kept events; those that wait for the next one when `next`. */
static uint64_t release(struct server *server, bool next)
{
    struct order_desk *desk = server->sim->desk;
    struct late_report *list = desk->late[server->index];
    uint32_t count = desk->late_count[server->index], kept = 0;
    uint64_t sent = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (list[i].due_ns > server->sim->now_ns && !(next && list[i].until_next)) {
            list[kept++] = list[i];
            continue;
        }
        broadcast(server, list[i].text, list[i].size);
        free(list[i].text);
        sent++;
    }
    desk->late_count[server->index] = kept;
    return sent;
}

static bool waits_for_next(const struct server *server)
{
    const struct order_desk *desk = server->sim->desk;
    for (uint32_t i = 0; i < desk->late_count[server->index]; i++)
        if (desk->late[server->index][i].until_next)
            return true;
    return false;
}

uint64_t desk_report_late(struct sj_brokersim *sim)
{
    uint64_t sent = 0;
    for (uint32_t i = 0; i < sim->server_count; i++)
        if (sim->desk->late_count[i] > 0)
            sent += release(&sim->servers[i], false);
    return sent;
}

/* One server's copy of an event, by way of the faults. */
static void send_to(struct server *server, const char *event, uint32_t size, bool deal)
{
    enum fault_kind late = deal ? FAULT_LATE_DEAL : FAULT_LATE_REPORT;
    int64_t now_ns = server->sim->now_ns;
    server->order_generated++;
    if (fault_hits(server, FAULT_LOSE_REPORT)) {
        server->order_lost++;
        return;
    }
    int64_t late_ns = (int64_t)server->faults->fault[late].value * SJ_NS_PER_MS;
    if (fault_hits(server, late) && keep(server, event, size, now_ns + late_ns, false))
        return;
    if (!waits_for_next(server) && fault_hits(server, FAULT_REORDER_REPORT) &&
        keep(server, event, size, now_ns + REORDER_MAX_NS, true))
        return;
    broadcast(server, event, size);
    release(server, true);
}

/* The real market's server tells only of accounts that were asked for; a simulation's of all. */
static bool is_told(const struct server *server, const struct account *account)
{
    return !server->sim->options.live || server->trade_accounts >> (account - ACCOUNT_LIST) & 1;
}

/* To every login of the person: all servers, but for the faults. */
static void send_report(struct sj_brokersim *sim, struct sj_reply *json,
                        const struct account *account, bool deal)
{
    char event[4096];
    int size = snprintf(event, sizeof event, "event: order_event\ndata: %.*s\n\n", (int)json->size,
                        json->failed ? "" : json->data);
    bool whole = !json->failed && size < (int)sizeof event;
    sj_reply_done(json);
    for (uint32_t i = 0; i < sim->server_count && whole; i++)
        if (is_told(&sim->servers[i], account))
            send_to(&sim->servers[i], event, (uint32_t)size, deal);
}

static void begin_report(struct sj_brokersim *sim, struct sj_reply *json, const char *state)
{
    sj_reply_object(json, NULL);
    sj_reply_string(json, "state", state);
    sj_reply_format(json, "event_id", "sim-%llu", (unsigned long long)++sim->desk->event_id);
    sj_reply_object(json, "data");
    sj_reply_object(json, state);
}

static void end_report(struct sj_brokersim *sim, struct sj_reply *json,
                       const struct account *account, bool deal)
{
    sj_reply_end_object(json);
    sj_reply_end_object(json);
    sj_reply_end_object(json);
    send_report(sim, json, account, deal);
}

static void put_event_contract(struct sj_reply *json, const struct sj_sim_instrument *one)
{
    sj_reply_object(json, "contract");
    sj_reply_string(json, "security_type", sj_sim_security_name((enum sj_security)one->security));
    sj_reply_string(json, "exchange", sj_sim_exchange_name((enum sj_exchange)one->exchange));
    sj_reply_string(json, "code",
                    sj_sim_is_fop((enum sj_security)one->security) ? one->root : one->code);
    sj_reply_string(json, "symbol", "");
    sj_reply_string(json, "name", "");
    sj_reply_string(json, "currency", "TWD");
    if (sj_sim_is_fop((enum sj_security)one->security)) {
        sj_reply_string(json, "full_code", one->code);
        sj_reply_string(json, "delivery_month", one->delivery_month);
        sj_reply_string(json, "delivery_date", "");
        sj_reply_e6(json, "strike_price", one->strike_e6);
        sj_reply_string(json, "option_right",
                        one->option_right == 0     ? "Future"
                        : one->option_right == 'C' ? "OptionCall"
                                                   : "OptionPut");
    }
    sj_reply_end_object(json);
}

/* By the market's own clock: the day session is over at 13:45, the night's at 05:00. */
bool desk_is_night(const struct sj_brokersim *sim)
{
    int64_t time_ns = sj_tw_time_of_day_ns(sim->source->now_ns);
    return time_ns >= NIGHT_FROM_NS || time_ns < NIGHT_TO_NS;
}

void desk_report_order(struct sj_brokersim *sim, const struct user_order *order,
                       const char *op_type, const char *op_code, const char *op_msg)
{
    struct sj_reply json = {0};
    bool stock = is_stock(sim, order);
    begin_report(sim, &json, stock ? "StockOrder" : "FuturesOrder");
    sj_reply_object(&json, "operation");
    sj_reply_string(&json, "op_type", op_type);
    sj_reply_string(&json, "op_code", op_code);
    sj_reply_string(&json, "op_msg", op_msg);
    sj_reply_end_object(&json);
    sj_reply_object(&json, "order");
    put_order_fields(&json, sim, order);
    sj_reply_bool(&json, "combo", false);
    if (!stock) {
        sj_reply_string(&json, "oc_type", order->octype);
        sj_reply_string(&json, "market_type", desk_is_night(sim) ? "Night" : "Day");
    }
    sj_reply_end_object(&json);
    sj_reply_object(&json, "status");
    sj_reply_string(&json, "id", order->id);
    put_seconds(&json, "exchange_ts", sim->utc_ns);
    sj_reply_e6(&json, "modified_price", order->modified_price_e6);
    sj_reply_int(&json, "cancel_quantity", order->cancelled);
    sj_reply_int(&json, "order_quantity",
                 strcmp(op_type, "Cancel") == 0 ? 0 : order->quantity - order->cancelled);
    sj_reply_string(&json, "web_id", "137");
    sj_reply_end_object(&json);
    put_event_contract(&json, &sim->universe.list[order->instrument]);
    end_report(sim, &json, order->account, false);
}

void desk_report_deal(struct sj_brokersim *sim, uint32_t index)
{
    const struct user_deal *deal = &sim->desk->deals[index];
    const struct user_order *order = &sim->desk->orders[deal->order];
    const struct sj_sim_instrument *one = &sim->universe.list[order->instrument];
    struct sj_reply json = {0};
    bool stock = is_stock(sim, order);
    begin_report(sim, &json, stock ? "StockDeal" : "FuturesDeal");
    sj_reply_string(&json, "trade_id", order->id);
    sj_reply_string(&json, "seqno", order->seqno);
    sj_reply_string(&json, "ordno", order->ordno);
    sj_reply_format(&json, "exchange_seq", "%06u", deal->seq);
    sj_reply_string(&json, "broker_id", order->account->broker_id);
    sj_reply_string(&json, "account_id", order->account->account_id);
    sj_reply_string(&json, "action", order->side == SJ_SIDE_BUY ? "Buy" : "Sell");
    sj_reply_string(&json, "code", stock ? one->code : one->root);
    if (stock) {
        sj_reply_string(&json, "order_cond", order->order_cond);
        sj_reply_string(&json, "order_lot", order->order_lot);
    } else {
        sj_reply_string(&json, "full_code", one->code);
        sj_reply_string(&json, "security_type",
                        sj_sim_security_name((enum sj_security)one->security));
        sj_reply_string(&json, "delivery_month", one->delivery_month);
    }
    sj_reply_e6(&json, "price", deal->price_e6);
    sj_reply_int(&json, "quantity", deal->quantity);
    if (stock) {
        sj_reply_string(&json, "web_id", "137");
        sj_reply_string(&json, "custom_field", order->custom_field);
    }
    put_seconds(&json, "ts", deal->utc_ns);
    end_report(sim, &json, order->account, true);
}
