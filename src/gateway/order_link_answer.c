/* What the server's answers mean, the greeting, and lists. */
#include "gateway/order_link_private.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLICE 16 /* trades of a list worked through between two looks at the sockets */

static bool is_order_call(const struct order_conn *conn)
{
    return conn->kind < CALL_INFO;
}

/* A status that says for sure that nothing was done. 409 and errors of a server in the middle of it
 * say nothing for sure. */
static bool refuses(int status)
{
    return (status >= 400 && status < 500 && status != 408 && status != 409) || status == 503;
}

static void report_refusal(struct sj_order_link *link, const struct order_conn *conn)
{
    const struct sj_order_request *request = &conn->request;
    struct sj_order_report report = {.instrument = request->instrument,
                                     .exch_ns = SJ_NULL_I64,
                                     .intent_id = request->intent_id,
                                     .request_id = request->request_id,
                                     .price_e6 = SJ_NULL_E6,
                                     .quantity = SJ_NULL_U32,
                                     .filled = SJ_NULL_U32,
                                     .cancelled = SJ_NULL_U32,
                                     .kind = (uint8_t)(SJ_REPORT_NEW + request->kind - 1),
                                     .source = SJ_REPORT_FROM_ANSWER,
                                     .side = request->side,
                                     .status = conn->response.status};
    sj_frame_head(&report, SJ_EVENT_ORDER_REPORT, sizeof report);
    memcpy(report.order_id, request->order_id, sizeof report.order_id);
    sj_order_parse_message(conn->body, conn->body_size, report.text, sizeof report.text);
    link->stats.refused++;
    link_report(link, &report);
}

/* A 2xx of an order call: a Trade. */
static void report_trade(struct sj_order_link *link, const struct order_conn *conn)
{
    struct sj_order_report report;
    struct sj_order_deals deals;
    struct sj_jin in;
    sj_jin_init(&in, conn->body, conn->body_size);
    if (sj_order_parse_trade(link->options.instruments, &in, &report, &deals) < 0 ||
        !sj_jin_end(&in)) {
        link->stats.malformed++;
        link_timeout(link, &conn->request, conn->response.status, "an answer that is no trade");
        return;
    }
    report.kind = (uint8_t)(SJ_REPORT_NEW + conn->request.kind - 1);
    report.source = SJ_REPORT_FROM_ANSWER;
    report.status = conn->response.status;
    report.intent_id = conn->request.intent_id;
    report.request_id = conn->request.request_id;
    link_report(link, &report);
}

static void order_answer(struct sj_order_link *link, struct order_conn *conn)
{
    int status = conn->response.status;
    char text[64];
    if (status >= 200 && status < 300) {
        report_trade(link, conn);
    } else if (refuses(status)) {
        report_refusal(link, conn);
    } else {
        sj_order_parse_message(conn->body, conn->body_size, text, sizeof text - 1);
        text[sizeof text - 1] = '\0';
        link_timeout(link, &conn->request, status, text);
    }
}

/* --- greeting: what server is this, whose accounts, and its reports, please --- */

enum { GREET_INFO, GREET_ACCOUNTS, GREET_SUBSCRIBE };

static void greet_call(struct sj_order_link *link, struct order_conn *conn)
{
    char body[SJ_ORDER_ACCOUNT_BODY_MAX];
    sj_rc size;
    uint8_t kind = CALL_INFO;
    if (link->greet_step == GREET_INFO) {
        size = sj_order_render_call(&link->head, "/info", NULL, conn->out);
    } else if (link->greet_step == GREET_ACCOUNTS) {
        kind = CALL_ACCOUNTS;
        size = sj_order_render_call(&link->head, "/auth/accounts", NULL, conn->out);
    } else {
        kind = CALL_SUBSCRIBE;
        conn->which = link->subscribe_todo & 1 ? 0 : 1;
        sj_order_account_body(conn->which, &link->head.accounts[conn->which], "", body);
        size = sj_order_render_call(&link->head, "/auth/subscribe_trade", body, conn->out);
    }
    if (size > 0)
        (void)link_conn_start(link, conn, (uint32_t)size, kind, sj_clock_mono_ns());
}

void link_greet_work(struct sj_order_link *link)
{
    for (uint32_t i = 0; i < link->options.connections; i++)
        if (link->conn[i].state == CONN_BUSY && link->conn[i].kind >= CALL_INFO &&
            link->conn[i].kind <= CALL_SUBSCRIBE)
            return; /* asked */
    struct order_conn *conn = link_conn_idle(link);
    if (conn && link->greet_step != UINT32_MAX)
        greet_call(link, conn);
}

static void greet_fail(struct sj_order_link *link, int64_t now_ns, const char *why)
{
    if (link->phase == LINK_GREETING)
        link_down(link, now_ns, why);
}

static void take_info(struct sj_order_link *link, const struct order_conn *conn, int64_t now_ns)
{
    bool simulation;
    if (sj_order_parse_simulation(conn->body, conn->body_size, &simulation) < 0) {
        greet_fail(link, now_ns, "/info is not of the documented form");
    } else if (simulation != link->options.simulation) {
        link_note(link, "orders are not sent: the server at %s is %s and broker.simulation says %s",
                  link->endpoint.text, simulation ? "a simulation" : "LIVE",
                  link->options.simulation ? "true" : "false");
        greet_fail(link, now_ns,
                   simulation ? "the server is a simulation, and must be live"
                              : "the server is LIVE, and must be a simulation");
    } else {
        link->greet_step = GREET_ACCOUNTS;
    }
}

/* The login must have the accounts that are configured; which of several is the default is the
 * broker's to say, so that is told. */
static bool take_accounts(struct sj_order_link *link, const struct order_conn *conn, int64_t now_ns)
{
    static const char *const kinds[] = {"stocks", "futures"};
    static const char *const keys[] = {"orders.account_stock", "orders.account_futures"};
    struct sj_order_accounts accounts;
    char why[128];
    if (sj_order_parse_accounts(conn->body, conn->body_size, link->head.accounts, &accounts) < 0 ||
        accounts.types == 0) {
        greet_fail(link, now_ns, "/auth/accounts names no account");
        return false;
    }
    for (uint32_t i = 0; i < SJ_ACCOUNTS; i++) {
        bool wanted = link->head.accounts[i].broker_id[0] != '\0';
        if (wanted && !accounts.found[i]) {
            snprintf(why, sizeof why, "%s: the login has no account %s-%s", keys[i],
                     link->head.accounts[i].broker_id, link->head.accounts[i].account_id);
            greet_fail(link, now_ns, why);
            return false;
        }
        if (!wanted && accounts.count[i] > 1)
            link_note(link,
                      "the login has %u accounts of %s; orders go to the broker's default: "
                      "name one in %s",
                      accounts.count[i], kinds[i], keys[i]);
    }
    link->account_types = accounts.types;
    return true;
}

static void greet_answer(struct sj_order_link *link, struct order_conn *conn, int64_t now_ns)
{
    char text[96];
    bool well = conn->response.status >= 200 && conn->response.status < 300;
    if (link->phase != LINK_GREETING)
        return;
    /* A simulation may answer 400 to it, and reports all the same. */
    if (conn->kind == CALL_SUBSCRIBE && (well || link->options.simulation)) {
        link->subscribe_todo &= ~(1u << conn->which);
        if (link->subscribe_todo == 0)
            link->greet_step = UINT32_MAX;
    } else if (!well) {
        sj_order_parse_message(conn->body, conn->body_size, text, sizeof text - 1);
        text[sizeof text - 1] = '\0';
        greet_fail(link, now_ns, text[0] ? text : "the server refuses the greeting");
    } else if (conn->kind == CALL_INFO) {
        take_info(link, conn, now_ns);
    } else if (take_accounts(link, conn, now_ns)) {
        link->subscribe_todo = link->account_types;
        link->greet_step = link->options.simulation ? UINT32_MAX : GREET_SUBSCRIBE;
    }
}

/* --- lists --- */

void link_list_give_up(struct sj_order_link *link, const char *why)
{
    struct link_list *list = &link->list;
    if (list->request_id == 0)
        return;
    const struct sj_order_request request = {.request_id = list->request_id,
                                             .kind = SJ_REQUEST_LIST};
    list->request_id = 0;
    link->stats.lists_failed++;
    link_timeout(link, &request, 0, why);
}

/* The body is taken over; the connection gets the list's old one for it. */
static void list_answer(struct sj_order_link *link, struct order_conn *conn)
{
    struct link_list *list = &link->list;
    char text[64];
    list->asking = false;
    if (list->request_id == 0 || conn->request.request_id != list->request_id)
        return;
    if (conn->response.status != 200) {
        sj_order_parse_message(conn->body, conn->body_size, text, sizeof text - 1);
        text[sizeof text - 1] = '\0';
        link_list_give_up(link, text[0] ? text : "/order/trades was refused");
        return;
    }
    char *other = list->body[conn->which] ? list->body[conn->which] : malloc(CALL_IN_MAX);
    if (!other) {
        link_list_give_up(link, "no memory for the list");
        return;
    }
    list->body[conn->which] = conn->body;
    list->body_size[conn->which] = conn->body_size;
    conn->body = other;
    conn->body_max = CALL_IN_MAX;
    list->answered |= 1u << conn->which;
    list->todo &= ~(1u << conn->which);
}

static void list_ask(struct sj_order_link *link, int64_t now_ns)
{
    struct order_conn *conn = link_conn_idle(link);
    char body[SJ_ORDER_ACCOUNT_BODY_MAX];
    if (!conn || link->list.asking || !link_may_send(link, true, now_ns))
        return;
    conn->which = link->list.todo & 1 ? 0 : 1;
    sj_order_account_body(conn->which, &link->head.accounts[conn->which], "", body);
    sj_rc size = sj_order_render_call(&link->head, "/order/trades", body, conn->out);
    if (size < 0)
        return;
    conn->request =
        (struct sj_order_request){.request_id = link->list.request_id, .kind = SJ_REQUEST_LIST};
    link->list.asking =
        link_conn_start(link, conn, (uint32_t)size, CALL_TRADES, sj_clock_mono_ns());
}

static void list_word(struct sj_order_link *link, uint64_t request_id, enum sj_report_kind kind)
{
    struct sj_order_report report = {.request_id = request_id,
                                     .exch_ns = SJ_NULL_I64,
                                     .price_e6 = SJ_NULL_E6,
                                     .quantity = SJ_NULL_U32,
                                     .filled = SJ_NULL_U32,
                                     .cancelled = SJ_NULL_U32,
                                     .kind = (uint8_t)kind,
                                     .source = SJ_REPORT_FROM_LIST,
                                     .status = 200};
    sj_frame_head(&report, SJ_EVENT_ORDER_REPORT, sizeof report);
    link_report(link, &report);
}

static sj_rc list_trade(struct sj_order_link *link)
{
    struct sj_order_report report;
    struct sj_order_deals deals;
    sj_rc rc = sj_order_parse_trade(link->options.instruments, &link->list.in, &report, &deals);
    if (rc < 0)
        return rc;
    report.request_id = link->list.request_id;
    link_report(link, &report);
    while ((rc = sj_order_next_deal(&deals, &report)) > 0) {
        report.request_id = link->list.request_id;
        link_report(link, &report);
    }
    return rc;
}

/* Some trades of the body at hand. 1: it is done. */
static sj_rc list_slice(struct sj_order_link *link)
{
    struct link_list *list = &link->list;
    for (int i = 0; i < SLICE; i++) {
        if (!sj_jin_item(&list->in))
            return sj_jin_end(&list->in) ? 1 : -SJ_E_MALFORMED;
        sj_rc rc = list_trade(link);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static bool list_next_body(struct link_list *list)
{
    for (uint8_t which = 0; which < 2; which++) {
        if (!(list->answered & 1u << which))
            continue;
        list->answered &= ~(1u << which);
        list->reading = which;
        list->inside = true;
        sj_jin_init(&list->in, list->body[which], list->body_size[which]);
        (void)sj_jin_enter(&list->in, '[');
        return true;
    }
    return false;
}

uint32_t link_list_work(struct sj_order_link *link, int64_t now_ns)
{
    struct link_list *list = &link->list;
    if (list->todo != 0) {
        list_ask(link, now_ns);
        return 0;
    }
    if (!list->begun) {
        list->begun = true;
        list->inside = false;
        list_word(link, list->request_id, SJ_REPORT_LIST_BEGIN);
    }
    if (!list->inside && !list_next_body(list)) {
        link->stats.lists++;
        uint64_t request_id = list->request_id;
        list->request_id = 0; /* the owner may ask for another one within the call */
        list_word(link, request_id, SJ_REPORT_LIST_END);
        return 1;
    }
    sj_rc rc = list_slice(link);
    if (rc < 0) {
        link->stats.malformed++;
        link_list_give_up(link, "a list that is not of the documented form");
    } else if (rc > 0) {
        list->inside = false;
    }
    return 1;
}

/* --- both --- */

void link_answer_take(struct sj_order_link *link, struct order_conn *conn, int64_t now_ns)
{
    link_heard(link, now_ns);
    if (is_order_call(conn))
        order_answer(link, conn);
    else if (conn->kind == CALL_TRADES)
        list_answer(link, conn);
    else
        greet_answer(link, conn, now_ns);
}

void link_answer_lost(struct sj_order_link *link, struct order_conn *conn, int status,
                      const char *why, int64_t now_ns)
{
    if (is_order_call(conn)) {
        link_timeout(link, &conn->request, status, why);
    } else if (conn->kind == CALL_TRADES) {
        link->list.asking = false;
        if (conn->request.request_id == link->list.request_id)
            link_list_give_up(link, why);
    } else {
        greet_fail(link, now_ns, why);
    }
}
