/* /order/...: placing, changing and listing orders. */
#include "brokersim/desk_private.h"
#include "brokersim/fault.h"
#include "brokersim/route.h"

#include "base/clock.h"
#include "market/calendar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUANTITY_MAX 100000 /* whatever the rules say */
#define CUSTOM_FIELD_MAX 6

static void put_deals(struct sj_reply *json, const struct order_desk *desk,
                      const struct user_order *order)
{
    sj_reply_array(json, "deals");
    for (uint32_t i = order->first_deal; i != DEAL_NONE; i = desk->deals[i].next) {
        sj_reply_object(json, NULL);
        sj_reply_format(json, "seq", "%06u", desk->deals[i].seq);
        sj_reply_e6(json, "price", desk->deals[i].price_e6);
        sj_reply_int(json, "quantity", desk->deals[i].quantity);
        put_seconds(json, "ts", desk->deals[i].utc_ns);
        sj_reply_end_object(json);
    }
    sj_reply_end_array(json);
}

void put_trade_fields(struct sj_reply *json, const struct sj_brokersim *sim,
                      const struct user_order *order)
{
    put_contract(json, "contract", &sim->universe, &sim->universe.list[order->instrument]);
    sj_reply_object(json, "order");
    put_order_fields(json, sim, order);
    if (sj_sim_is_fop((enum sj_security)sim->universe.list[order->instrument].security))
        sj_reply_string(json, "octype", order->octype);
    sj_reply_end_object(json);
    sj_reply_object(json, "status");
    sj_reply_string(json, "id", order->id);
    sj_reply_string(json, "status", ORDER_STATUS_NAMES[order->status]);
    sj_reply_string(json, "status_code", order->status == ORDER_FAILED ? "88" : "00");
    put_seconds(json, "order_ts", order->order_ns);
    put_seconds(json, "modified_ts", order->modified_ns);
    sj_reply_e6(json, "modified_price", order->modified_price_e6);
    sj_reply_int(json, "order_quantity", order->quantity);
    sj_reply_int(json, "deal_quantity", order->filled);
    sj_reply_int(json, "cancel_quantity", order->cancelled);
    sj_reply_string(json, "msg", order->message);
    sj_reply_string(json, "web_id", "137");
    put_deals(json, sim->desk, order);
    sj_reply_end_object(json);
}

static void put_trade(struct sj_reply *json, const struct sj_brokersim *sim,
                      const struct user_order *order)
{
    sj_reply_object(json, NULL);
    put_trade_fields(json, sim, order);
    sj_reply_end_object(json);
}

#define OUTCOME_UNKNOWN                                                                            \
    "OrderOutcomeUnknown: the order was sent but not answered; reconcile, do not resend"

/* Closes without an answer; what answers other requests is sent before. */
static void hang_up(struct request *request)
{
    request->no_answer = true;
    conn_flush(request->connection);
    conn_close(request->connection);
}

/* The faults that keep an order call from being carried out. True: it is answered, or never. */
static bool struck(struct request *request)
{
    struct server *server = request->server;
    struct call_account *calls = &request->sim->desk->calls;
    request->sim->order_call_ns = request->sim->now_ns;
    calls->received++;
    calls->lost++;
    if (fault_hits(server, FAULT_ORDER_REFUSE)) {
        http_fail(request, 503, "Service Unavailable: the order was not taken");
        return true;
    }
    if (fault_hits(server, FAULT_UNKNOWN_LOST)) {
        http_fail(request, 409, OUTCOME_UNKNOWN);
        return true;
    }
    if (fault_hits(server, FAULT_LOST_ORDER)) {
        hang_up(request);
        return true;
    }
    calls->lost--;
    return false;
}

/* Answers with the trade, by way of the faults of order calls: the call has taken effect. */
static void answer_trade(struct request *request, const struct user_order *order)
{
    struct server *server = request->server;
    struct call_account *calls = &request->sim->desk->calls;
    calls->unheard++;
    if (fault_hits(server, FAULT_LOST_ACK)) {
        hang_up(request);
        return;
    }
    if (fault_hits(server, FAULT_UNKNOWN_OUTCOME)) {
        http_fail(request, 409, OUTCOME_UNKNOWN);
        return;
    }
    put_trade(&request->answer, request->sim, order);
    if (fault_hits(server, FAULT_HALF_ACK)) {
        request->cut = true;
        return;
    }
    calls->unheard--;
    if (fault_hits(server, FAULT_DELAY_ACK))
        request->delay_ms = (uint32_t)server->faults->fault[FAULT_DELAY_ACK].value;
}

/* Index of a word in a list (NULL-terminated), or -1. */
static int word_index(const char *word, const char *const *list)
{
    for (int i = 0; list[i]; i++)
        if (strcmp(word, list[i]) == 0)
            return i;
    return -1;
}

static const char *const LOTS[] = {"Common", "BlockTrade", "Fixing", "Odd", "IntradayOdd", NULL};
static const char *const CONDITIONS[] = {"Cash",         "Netting",  "MarginTrading",
                                         "ShortSelling", "SBLShort", "SBLShortPriceExempt",
                                         "Emerging",     NULL};
static const char *const OCTYPES[] = {"Auto", "New", "Cover", "DayTrade", NULL};
static const char *const PRICE_TYPES[] = {"LMT", "MKT", "MKP", NULL};
static const char *const TIFS[] = {"ROD", "IOC", "FOK", NULL};

static const char *read_words(const json_t *in, struct user_order *order, bool stock)
{
    const char *action = body_text(in, "action", "");
    int price_type = word_index(body_text(in, "price_type", ""), PRICE_TYPES);
    int tif = word_index(body_text(in, "time_in_force", body_text(in, "order_type", "")), TIFS);
    int lot = word_index(body_text(in, "order_lot", "Common"), LOTS);
    int condition = word_index(body_text(in, "order_cond", "Cash"), CONDITIONS);
    int octype = word_index(body_text(in, "octype", "Auto"), OCTYPES);
    if (strcmp(action, "Buy") != 0 && strcmp(action, "Sell") != 0)
        return "action must be Buy or Sell";
    if (price_type < 0)
        return "price_type must be LMT, MKT or MKP";
    if (tif < 0)
        return "order_type must be ROD, IOC or FOK";
    if (lot < 0 || condition < 0 || octype < 0)
        return "unknown order_lot, order_cond or octype";
    if (stock && condition > 1)
        return "only order_cond Cash and Netting are simulated";
    if (stock && lot != 0 && lot != 4)
        return "only order_lot Common and IntradayOdd are simulated";
    order->side = strcmp(action, "Buy") == 0 ? SJ_SIDE_BUY : SJ_SIDE_SELL;
    order->price_type = (uint8_t)(price_type + SJ_PRICE_LMT);
    order->time_in_force = (uint8_t)(tif + SJ_TIF_ROD);
    order->order_lot = LOTS[lot];
    order->order_cond = CONDITIONS[condition];
    order->octype = OCTYPES[octype];
    order->daytrade_short = json_is_true(json_object_get(in, "daytrade_short"));
    if (stock && order->daytrade_short && order->side != SJ_SIDE_SELL)
        return "daytrade_short is for sales";
    if (stock && lot == 4 && (price_type != 0 || tif != 0))
        return "intraday odd lots take LMT ROD orders only";
    return NULL;
}

/* Reads an order; NULL or what is wrong with it. */
static const char *read_order(const json_t *in, struct user_order *order, bool stock)
{
    int64_t quantity;
    const char *custom = body_text(in, "custom_field", "");
    const char *wrong = read_words(in, order, stock);
    if (wrong)
        return wrong;
    if (!body_integer(in, "quantity", &quantity) || quantity < 1 || quantity > QUANTITY_MAX)
        return "quantity must be a whole number, 1 to 100000";
    if (!body_e6(in, "price", &order->price_e6) || order->price_e6 < 0)
        return "price must be a number from 0";
    if (strlen(custom) > CUSTOM_FIELD_MAX)
        return "custom_field takes 6 characters at most";
    order->quantity = (uint32_t)quantity;
    snprintf(order->custom_field, sizeof order->custom_field, "%s", custom);
    return NULL;
}

/* Gives a place in the book of orders and an id. */
static uint32_t enter(struct request *request, const struct user_order *order)
{
    struct sj_brokersim *sim = request->sim;
    uint32_t index = sim->desk->order_count++;
    struct user_order *kept = &sim->desk->orders[index];
    *kept = *order;
    snprintf(kept->id, sizeof kept->id, "%07x%05x",
             ((uint32_t)(sim->started_ns / SJ_NS_PER_MS) ^ 0x5bd1e995u) & 0xfffffff, index);
    snprintf(kept->seqno, sizeof kept->seqno, "%06u", index + 1);
    snprintf(kept->ordno, sizeof kept->ordno, "%c%04X", 'A' + (index >> 16 & 15), index & 0xffff);
    kept->first_deal = kept->last_deal = DEAL_NONE;
    kept->known = 1u << request->server->index;
    kept->server = (uint8_t)request->server->index;
    kept->order_ns = sim->utc_ns;
    return index;
}

/* NULL, or that the market takes no order of so much at once. */
static const char *too_much(const struct sj_brokersim *sim, const struct user_order *order)
{
    enum sj_security security = (enum sj_security)sim->universe.list[order->instrument].security;
    bool odd = strcmp(order->order_lot, "IntradayOdd") == 0;
    uint32_t most;
    if (sj_market_quantity_max(sim->rules, sj_board_of(security, odd), security == SJ_SECURITY_OPT,
                               desk_is_night(sim), order->price_type, sim->universe.date,
                               &most) >= 0 &&
        order->quantity > most)
        return "quantity is more than the market takes in one order";
    return NULL;
}

static void place(struct request *request, const json_t *body)
{
    struct sj_brokersim *sim = request->sim;
    struct user_order order = {0};
    const json_t *stock_order = json_object_get(body, "stock_order");
    const json_t *futures_order = json_object_get(body, "futures_order");
    bool stock = json_is_object(stock_order);
    const json_t *in = stock ? stock_order : futures_order;
    if (!json_is_object(in) || (stock && json_is_object(futures_order))) {
        http_fail(request, 400, "exactly one of stock_order and futures_order is needed");
        return;
    }
    order.instrument = body_contract(request, json_object_get(body, "contract"));
    if (order.instrument == SJ_SIM_NONE)
        return;
    if (sim->universe.list[order.instrument].target != SJ_SIM_NONE)
        order.instrument = sim->universe.list[order.instrument].target;
    const struct sj_sim_instrument *one = &sim->universe.list[order.instrument];
    const char *wrong = read_order(in, &order, stock);
    if (!wrong && (one->security == SJ_SECURITY_IND ||
                   stock == sj_sim_is_fop((enum sj_security)one->security)))
        wrong = "the contract does not take this kind of order";
    if (!wrong && one->security == SJ_SECURITY_WRT &&
        (order.daytrade_short || strcmp(order.order_lot, "Common") != 0))
        wrong = "warrants take neither odd lots nor day trades";
    if (!wrong)
        wrong = too_much(sim, &order);
    if (!wrong && (sim->desk->order_count == ORDERS_MAX || sim->desk->deal_count == DEALS_MAX))
        wrong = "the simulator's book of orders is full";
    if (wrong) {
        http_fail(request, 400, wrong);
        return;
    }
    const json_t *account = json_object_get(in, "account");
    order.account =
        json_is_object(account) ? body_account(request, account) : &ACCOUNT_LIST[stock ? 0 : 1];
    if (!order.account)
        return;
    bool odd = stock && strcmp(order.order_lot, "IntradayOdd") == 0;
    order.feed = odd ? order.instrument + sim->universe.count : order.instrument;
    uint32_t index = enter(request, &order);
    if (!desk_queue(sim, ACTION_NEW, index, 0))
        http_fail(request, 500, "too many orders in flight");
    else
        answer_trade(request, &sim->desk->orders[index]);
}

/* An order call: faults first, then its body to `carry_out`. */
static void order_call(struct request *request,
                       void (*carry_out)(struct request *request, const json_t *body))
{
    if (struck(request))
        return;
    json_t *body = body_parse(request);
    if (body)
        carry_out(request, body);
    json_decref(body);
    int status = request->status;
    if (status == 400 || status == 404 || status == 500)
        request->sim->desk->calls.refused++;
}

void rest_place(struct request *request)
{
    order_call(request, place);
}

/* The order a trade_id names (its place is in the id's last five digits), if this server's process
 * knows it; answers itself otherwise. */
static struct user_order *find_order(struct request *request, const json_t *body,
                                     uint32_t *ret_index)
{
    struct order_desk *desk = request->sim->desk;
    const char *id = body_text(body, "trade_id", NULL);
    if (!id) {
        http_fail(request, 400, "missing field `trade_id`");
        return NULL;
    }
    size_t size = strlen(id);
    uint32_t index = size > 5 ? (uint32_t)strtoul(id + size - 5, NULL, 16) : UINT32_MAX;
    struct user_order *order = index < desk->order_count ? &desk->orders[index] : NULL;
    if (order && strcmp(order->id, id) == 0 && (order->known & 1u << request->server->index)) {
        *ret_index = index;
        return order;
    }
    http_fail(request, 404, "Trade not found: call /order/trades first");
    return NULL;
}

static void change(struct request *request, enum action_kind kind, int64_t value,
                   const json_t *body)
{
    uint32_t index;
    const struct user_order *order = find_order(request, body, &index);
    if (!order)
        return;
    if (kind == ACTION_PRICE && strcmp(order->order_lot, "IntradayOdd") == 0)
        http_fail(request, 400, "an intraday odd-lot order cannot change its price");
    else if (!desk_queue(request->sim, kind, index, value))
        http_fail(request, 500, "too many orders in flight");
    else
        answer_trade(request, order);
}

static void cancel(struct request *request, const json_t *body)
{
    change(request, ACTION_CANCEL, 0, body);
}

void rest_cancel(struct request *request)
{
    order_call(request, cancel);
}

static void update_price(struct request *request, const json_t *body)
{
    int64_t price;
    if (!body_e6(body, "price", &price) || price <= 0)
        http_fail(request, 400, "price must be a number above 0");
    else
        change(request, ACTION_PRICE, price, body);
}

void rest_update_price(struct request *request)
{
    order_call(request, update_price);
}

static void update_quantity(struct request *request, const json_t *body)
{
    int64_t quantity;
    if (!body_integer(body, "quantity", &quantity) || quantity < 1 || quantity > QUANTITY_MAX)
        http_fail(request, 400, "quantity must be a whole number from 1");
    else
        change(request, ACTION_QUANTITY, quantity, body);
}

void rest_update_quantity(struct request *request)
{
    order_call(request, update_quantity);
}

void rest_trades(struct request *request)
{
    struct order_desk *desk = request->sim->desk;
    json_t *body = body_parse(request);
    const struct account *account = body ? body_account(request, body) : NULL;
    json_decref(body);
    if (!account)
        return;
    sj_reply_array(&request->answer, NULL);
    for (uint32_t i = 0; i < desk->order_count; i++) {
        if (desk->orders[i].account != account)
            continue;
        desk->orders[i].known |= 1u << request->server->index;
        put_trade(&request->answer, request->sim, &desk->orders[i]);
    }
    sj_reply_end_array(&request->answer);
}

/* Combinations can neither be placed nor, so, cancelled. */
void rest_combo_order(struct request *request)
{
    http_fail(request, 400, "combo orders are not simulated: place their legs one by one");
}

void rest_combo_trades(struct request *request)
{
    sj_reply_array(&request->answer, NULL);
    sj_reply_end_array(&request->answer);
}
