#include "gateway/order_link_private.h"

#include "base/clock.h"
#include "base/warm.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#define BACKOFF_MAX_NS (5 * SJ_NS_PER_S)
/* The server beats every 30 s: a stream without a byte for three beats is dead. */
#define STREAM_DEAD_NS (90 * SJ_NS_PER_S)

/* --- words --- */

void link_heard(struct sj_order_link *link, int64_t now_ns)
{
    atomic_store_explicit(&link->heard_ns, now_ns, memory_order_relaxed);
}

int64_t sj_order_link_heard_ns(const struct sj_order_link *link)
{
    return atomic_load_explicit(&link->heard_ns, memory_order_relaxed);
}

void link_note(struct sj_order_link *link, const char *format, ...)
{
    char text[384];
    va_list args;
    if (!link->options.note)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    link->options.note(link->options.context, text);
}

void link_report(struct sj_order_link *link, struct sj_order_report *report)
{
    report->recv_ns = sj_clock_utc_ns();
    link->options.report(link->options.context, report);
}

static void report_local(struct sj_order_link *link, enum sj_report_kind kind, const char *why)
{
    struct sj_order_report report = {.exch_ns = SJ_NULL_I64,
                                     .price_e6 = SJ_NULL_E6,
                                     .quantity = SJ_NULL_U32,
                                     .filled = SJ_NULL_U32,
                                     .cancelled = SJ_NULL_U32,
                                     .kind = (uint8_t)kind,
                                     .source = SJ_REPORT_FROM_LOCAL};
    sj_frame_head(&report, SJ_EVENT_ORDER_REPORT, sizeof report);
    memcpy(report.text, why, strnlen(why, sizeof report.text));
    link_report(link, &report);
}

/* A report about a request that says what became of it. */
static void report_request(struct sj_order_link *link, const struct sj_order_request *request,
                           enum sj_report_kind kind, enum sj_report_source source, int status,
                           const char *why)
{
    struct sj_order_report report = {.instrument = request->instrument,
                                     .exch_ns = SJ_NULL_I64,
                                     .intent_id = request->intent_id,
                                     .request_id = request->request_id,
                                     .price_e6 = SJ_NULL_E6,
                                     .quantity = SJ_NULL_U32,
                                     .filled = SJ_NULL_U32,
                                     .cancelled = SJ_NULL_U32,
                                     .kind = (uint8_t)kind,
                                     .source = (uint8_t)source,
                                     .side = request->side,
                                     .status = status};
    sj_frame_head(&report, SJ_EVENT_ORDER_REPORT, sizeof report);
    memcpy(report.order_id, request->order_id, sizeof report.order_id);
    memcpy(report.text, why, strnlen(why, sizeof report.text));
    link_report(link, &report);
}

void link_timeout(struct sj_order_link *link, const struct sj_order_request *request, int status,
                  const char *why)
{
    link->stats.timeouts++;
    report_request(link, request, SJ_REPORT_TIMEOUT,
                   status > 0 ? SJ_REPORT_FROM_ANSWER : SJ_REPORT_FROM_LOCAL, status, why);
}

/* --- queues --- */

static bool ring_put(struct request_ring *ring, const struct sj_order_request *request)
{
    if (ring->count == ring->max)
        return false;
    ring->items[(ring->head + ring->count++) % ring->max] = *request;
    return true;
}

static struct sj_order_request *ring_front(struct request_ring *ring)
{
    return ring->count > 0 ? &ring->items[ring->head] : NULL;
}

static void ring_pop(struct request_ring *ring)
{
    ring->head = (ring->head + 1) % ring->max;
    ring->count--;
}

/* Requests that were never sent are refused, not in doubt. */
static void refuse_queued(struct sj_order_link *link, struct request_ring *ring, const char *why)
{
    struct sj_order_request *request;
    while ((request = ring_front(ring)) != NULL) {
        struct sj_order_request refused = *request;
        ring_pop(ring);
        report_request(link, &refused, (enum sj_report_kind)(SJ_REPORT_NEW + refused.kind - 1),
                       SJ_REPORT_FROM_ANSWER, -SJ_E_CLOSED, why);
    }
}

/* --- sending --- */

sj_rc sj_order_link_define(struct sj_order_link *link, uint32_t instrument)
{
    const struct sj_instrument *definition =
        sj_instruments_get(link->options.instruments, instrument);
    if (!definition || instrument >= link->template_count)
        return -SJ_E_UNKNOWN;
    return sj_order_template_init(&link->templates[instrument], &link->head, definition);
}

void sj_order_link_warm(const struct sj_order_link *link)
{
    const struct order_conn *conn = NULL;
    for (uint32_t i = 0; i < link->options.connections && !conn; i++)
        if (link->conn[i].state == CONN_IDLE)
            conn = &link->conn[i];
    if (!conn)
        return;
    sj_warm_write(conn, offsetof(struct order_conn, out));
    sj_warm_write(conn->out, SJ_ORDER_TEMPLATE_MAX);
    if (link->options.rate)
        sj_rate_warm(link->options.rate);
}

void sj_order_link_expect(const struct sj_order_link *link, uint32_t instrument)
{
    if (instrument < link->template_count)
        sj_warm_read(&link->templates[instrument], sizeof link->templates[instrument]);
}

static sj_rc render(struct sj_order_link *link, const struct sj_order_request *request, char *out)
{
    if (request->kind != SJ_REQUEST_PLACE)
        return sj_order_render_change(&link->head, request, out);
    if (request->instrument >= link->template_count)
        return -SJ_E_UNKNOWN;
    const struct sj_order_template *template = &link->templates[request->instrument];
    if (__builtin_expect(template->size == 0, 0)) {
        sj_rc rc = sj_order_link_define(link, request->instrument);
        if (rc < 0)
            return rc;
    }
    return sj_order_render_place(template, request, out);
}

/* The one place where order calls meet the broker's limit: by the time they are really sent. */
bool link_may_send(struct sj_order_link *link, bool urgent, int64_t now_ns)
{
    if (!link->options.rate)
        return true;
    int64_t wait_ns = sj_rate_take(link->options.rate, now_ns, urgent);
    if (wait_ns == 0)
        return true;
    link->rate_ns = now_ns + wait_ns;
    link->stats.rate_waits++;
    return false;
}

/* 1: sent. 0: no connection takes it now. */
static sj_rc send_now(struct sj_order_link *link, const struct sj_order_request *request)
{
    for (;;) {
        struct order_conn *conn = link_conn_idle(link);
        if (!conn)
            return 0;
        sj_rc size = render(link, request, conn->out);
        if (size < 0)
            return size;
        conn->request = *request;
        /* Read once, for the limit and for the write: it is a part of what an order waits for. */
        int64_t now_ns = sj_clock_mono_ns();
        if (!link_may_send(link, request->kind == SJ_REQUEST_CANCEL, now_ns))
            return 0;
        if (link_conn_start(link, conn, (uint32_t)size, request->kind, now_ns)) {
            link->stats.sent++;
            link->stats.last_send_ns = conn->sent_ns;
            return 1;
        }
    }
}

static bool any_usable(const struct sj_order_link *link)
{
    for (uint32_t i = 0; i < link->options.connections; i++)
        if (link->conn[i].state >= CONN_IDLE)
            return true;
    return false;
}

sj_rc sj_order_link_send(struct sj_order_link *link, const struct sj_order_request *request)
{
    bool place = request->kind == SJ_REQUEST_PLACE;
    if (link->phase != LINK_READY && (place || link->phase == LINK_WAITING || !any_usable(link)))
        return -SJ_E_CLOSED;
    if (request->kind == SJ_REQUEST_LIST) {
        if (link->list.request_id != 0 || link->account_types == 0)
            return link->account_types == 0 ? -SJ_E_CLOSED : -SJ_E_FULL;
        link->list.request_id = request->request_id;
        link->list.todo = link->account_types;
        link->list.answered = 0;
        link->list.begun = link->list.asking = false;
        return 0;
    }
    struct request_ring *ring = request->kind == SJ_REQUEST_CANCEL ? &link->urgent : &link->normal;
    if (ring->count == 0 && (ring == &link->urgent || link->urgent.count == 0)) {
        sj_rc rc = send_now(link, request);
        if (rc != 0)
            return rc < 0 ? rc : 0;
    }
    char out[SJ_ORDER_RENDER_MAX];
    sj_rc rc = render(link, request, out); /* a fault is said now, not when its turn comes */
    if (rc < 0)
        return rc;
    return ring_put(ring, request) ? 0 : -SJ_E_FULL;
}

static uint32_t send_queued(struct sj_order_link *link, struct request_ring *ring, int64_t now_ns)
{
    uint32_t done = 0;
    struct sj_order_request *request;
    if (link->rate_ns > now_ns && ring == &link->normal)
        return 0;
    while ((request = ring_front(ring)) != NULL) {
        sj_rc rc = send_now(link, request);
        if (rc == 0)
            break;
        struct sj_order_request taken = *request;
        ring_pop(ring);
        done++;
        if (rc < 0)
            report_request(link, &taken, (enum sj_report_kind)(SJ_REPORT_NEW + taken.kind - 1),
                           SJ_REPORT_FROM_ANSWER, rc, sj_rc_text(rc));
    }
    return done;
}

/* --- the stream --- */

static void take_message(struct sj_order_link *link, const struct sj_sse_message *message)
{
    struct sj_order_report report;
    sj_rc rc =
        sj_order_parse_event(link->options.instruments, message->data, message->size, &report);
    if (rc > 0) {
        link->stats.reports++;
        link_report(link, &report);
    } else if (rc == 0) {
        link->stats.beats++;
    } else {
        link->stats.malformed++;
        int64_t now_ns = sj_clock_mono_ns();
        if (now_ns - link->note_ns > SJ_NS_PER_S) { /* a sample a second */
            int size = (int)(message->size < 160 ? message->size : 160);
            link->note_ns = now_ns;
            link_note(link, "order event not understood (%llu so far): %.*s",
                      (unsigned long long)link->stats.malformed, size, message->data);
        }
    }
}

static void watch_stream(struct sj_order_link *link)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLOUT,
                                .data.ptr = &link->stream};
    (void)epoll_ctl(link->epoll_fd, EPOLL_CTL_ADD, link->stream.fd, &event);
}

static void open_stream(struct sj_order_link *link, int64_t now_ns)
{
    sj_rc rc = sj_stream_open(&link->stream, &link->endpoint, "/api/v1/stream/data/order_event",
                              link->token[0] ? link->token : NULL, now_ns,
                              link->options.answer_timeout_ns);
    if (rc < 0) {
        link_down(link, now_ns, sj_rc_text(rc));
        return;
    }
    link->phase = LINK_OPENING;
    watch_stream(link);
}

static uint32_t stream_work(struct sj_order_link *link, int64_t now_ns)
{
    enum sj_stream_state before = link->stream.state;
    uint64_t bytes = link->stream.bytes;
    struct sj_sse_message message;
    uint32_t done = 0;
    sj_rc rc = sj_stream_poll(&link->stream, now_ns);
    if (link->stream.bytes != bytes) {
        link->stream_alive_ns = now_ns;
        link_heard(link, now_ns);
    }
    if (before < SJ_STREAM_HEAD && link->stream.state >= SJ_STREAM_HEAD) {
        struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = &link->stream};
        (void)epoll_ctl(link->epoll_fd, EPOLL_CTL_MOD, link->stream.fd, &event);
    }
    if (before != SJ_STREAM_OPEN && link->stream.state == SJ_STREAM_OPEN) {
        link->phase = LINK_READY;
        link->backoff_ns = LINK_BACKOFF_MIN_NS;
        link->stream_alive_ns = now_ns;
        link->stats.up = true;
        link->stats.ups++;
        report_local(link, SJ_REPORT_LINK_UP, link->endpoint.text);
    }
    while (sj_stream_next(&link->stream, &message)) {
        take_message(link, &message);
        done++;
    }
    if (rc < 0)
        link_down(link, now_ns, rc == -SJ_E_REFUSED ? link->stream.text : sj_rc_text(rc));
    return done;
}

/* --- up and down --- */

void link_down(struct sj_order_link *link, int64_t now_ns, const char *why)
{
    bool was_up = link->phase == LINK_READY;
    snprintf(link->stats.last_fault, sizeof link->stats.last_fault, "%s", why);
    (void)sj_stream_close(&link->stream);
    link->phase = LINK_WAITING;
    link->retry_ns = now_ns + link->backoff_ns;
    link->backoff_ns =
        link->backoff_ns * 2 > BACKOFF_MAX_NS ? BACKOFF_MAX_NS : link->backoff_ns * 2;
    link->stats.up = false;
    if (!was_up) { /* tried again and again: a reason is told once */
        if (strcmp(link->told_fault, link->stats.last_fault) != 0)
            link_note(link, "no order link to %s yet: %s", link->endpoint.text,
                      link->stats.last_fault);
        memcpy(link->told_fault, link->stats.last_fault, sizeof link->told_fault);
        return;
    }
    link->told_fault[0] = '\0';
    link->stats.downs++;
    link_note(link, "order link to %s is down: %s", link->endpoint.text, link->stats.last_fault);
    refuse_queued(link, &link->urgent, "not sent: the link went down");
    refuse_queued(link, &link->normal, "not sent: the link went down");
    link_list_give_up(link, "the link went down");
    report_local(link, SJ_REPORT_LINK_DOWN, link->stats.last_fault);
}

static void phase_work(struct sj_order_link *link, int64_t now_ns)
{
    if (link->phase == LINK_WAITING && now_ns >= link->retry_ns) {
        link->phase = LINK_GREETING;
        link->greet_step = 0;
    }
    if (link->phase == LINK_GREETING) {
        link_greet_work(link);
        if (link->phase == LINK_GREETING && link->greet_step == UINT32_MAX)
            open_stream(link, now_ns);
    }
    if (link->phase == LINK_OPENING && now_ns > link->stream.deadline_ns)
        link_down(link, now_ns, "its stream did not open in time");
    if (link->phase == LINK_READY && now_ns - link->stream_alive_ns > STREAM_DEAD_NS)
        link_down(link, now_ns, "its stream has not even beaten for 90 s");
}

uint32_t sj_order_link_work(struct sj_order_link *link)
{
    struct epoll_event events[LINK_EVENTS_MAX];
    uint32_t done = 0;
    int count = epoll_wait(link->epoll_fd, events, LINK_EVENTS_MAX, 0);
    int64_t now_ns = sj_clock_mono_ns();
    for (int i = 0; i < count; i++) {
        if (events[i].data.ptr == &link->stream)
            done += link->stream.state == SJ_STREAM_CLOSED ? 0 : stream_work(link, now_ns);
        else
            done += link_conn_work(link, events[i].data.ptr, now_ns);
    }
    link_conn_maintain(link, now_ns);
    phase_work(link, now_ns);
    if (link->urgent.count > 0)
        done += send_queued(link, &link->urgent, now_ns);
    if (link->normal.count > 0 && link->urgent.count == 0)
        done += send_queued(link, &link->normal, now_ns);
    if (link->list.request_id != 0)
        done += link_list_work(link, now_ns);
    return done + (count > 0 ? (uint32_t)count : 0);
}

int sj_order_link_fd(const struct sj_order_link *link)
{
    return link->epoll_fd;
}

void sj_order_link_stats(const struct sj_order_link *link, struct sj_order_link_stats *ret_stats)
{
    *ret_stats = link->stats;
    for (uint32_t i = 0; i < link->options.connections; i++) {
        ret_stats->idle_count += link->conn[i].state == CONN_IDLE;
        ret_stats->busy_count += link->conn[i].state == CONN_BUSY;
    }
    ret_stats->queued_count = link->urgent.count + link->normal.count;
}

const struct sj_hist *sj_order_link_ack_hist(const struct sj_order_link *link)
{
    return &link->ack_hist;
}
