#include "app/view.h"

#include "app/format.h"
#include "base/clock.h"

#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BOLD "\033[1m"
#define DIM "\033[2m"
#define GREEN "\033[32m"
#define YELLOW "\033[33m"
#define RED "\033[31m"
#define PLAIN "\033[0m"
#define BAR_WIDTH 20

void sj_view_init(struct sj_view *view, FILE *out)
{
    *view = (struct sj_view){
        .out = out, .terminal = isatty(fileno(out)), .colour = sj_format_colour(fileno(out))};
}

static const char *style(const struct sj_view *view, const char *code)
{
    return view->colour ? code : "";
}

static void measure(struct sj_view *view)
{
    struct winsize size = {0};
    if (!view->terminal || ioctl(fileno(view->out), TIOCGWINSZ, &size) < 0)
        return;
    view->column_count = size.ws_col;
    view->row_count = size.ws_row;
}

/* How many bytes of `text` fit in `columns`. Colours take none, characters of East Asia two. */
static size_t fitting(const char *text, uint32_t columns)
{
    uint32_t used = 0;
    size_t i = 0;
    while (text[i]) {
        unsigned char byte = (unsigned char)text[i];
        size_t size = 1;
        if (byte == '\033') {
            i += strcspn(text + i, "m");
            i += text[i] == 'm';
            continue;
        }
        while (((unsigned char)text[i + size] & 0xc0) == 0x80)
            size++;
        uint32_t width = byte >= 0xe3 ? 2 : 1;
        if (used + width > columns)
            return i;
        used += width;
        i += size;
    }
    return i;
}

/* One line of the screen, cut to it: what wraps would not be drawn over the next time. */
__attribute__((format(printf, 2, 3))) static void line(struct sj_view *view, const char *format,
                                                       ...)
{
    char text[1024];
    va_list args;
    if (view->row_count && view->drawn_lines + 1 >= view->row_count)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t size = view->column_count ? fitting(text, view->column_count) : strlen(text);
    fprintf(view->out, "%.*s%s\033[K\n", (int)size, text, style(view, PLAIN));
    view->drawn_lines++;
}

static void update_rate(struct sj_view *view, const struct sj_status *status)
{
    int64_t passed_ns = status->uptime_ns - view->last_ns;
    if (view->last_ns && passed_ns > 0 && status->account.events >= view->last_events)
        view->rate = (double)(status->account.events - view->last_events) * 1e9 / (double)passed_ns;
    view->last_events = status->account.events;
    view->last_ns = status->uptime_ns;
}

static void bar(char text[BAR_WIDTH + 1], uint32_t part, uint32_t whole)
{
    uint32_t filled = whole ? (uint32_t)((uint64_t)part * BAR_WIDTH / whole) : 0;
    for (uint32_t i = 0; i < BAR_WIDTH; i++)
        text[i] = i < filled ? '#' : '.';
    text[BAR_WIDTH] = 0;
}

static void draw_connections(struct sj_view *view, const struct sj_status *status)
{
    static const char *const rungs[] = {"", "resubscribing", "new stream", "new login",
                                        "restarting the server"};
    for (uint32_t i = 0; i < status->connection_count; i++) {
        const struct sj_status_connection *at = &status->connections[i];
        char progress[BAR_WIDTH + 1];
        bool well = at->rung == 0 && at->streams > 0;
        bar(progress, at->subscribed, at->planned);
        line(view,
             "  %s%s%s connection %u  %-18s [%s] %4u of %4u subscribed %4u silent %15s events %s",
             style(view, well ? GREEN : YELLOW), well ? "*" : "!", style(view, PLAIN), i + 1,
             at->phase, progress, at->subscribed, at->planned, at->silent, SJ_COUNT(at->events),
             at->rung < 5 ? rungs[at->rung] : "");
    }
}

static void draw_latency(struct sj_view *view, const char *name,
                         const struct sj_status_latency *latency, int64_t limit_ns)
{
    bool well = latency->p99_ns <= limit_ns;
    line(view, "  %-20s p50 %9s   p99 %s%9s%s   p99.9 %9s   max %9s", name,
         SJ_DURATION(latency->p50_ns), style(view, well ? GREEN : RED),
         SJ_DURATION(latency->p99_ns), style(view, PLAIN), SJ_DURATION(latency->p999_ns),
         SJ_DURATION(latency->max_ns));
}

static void draw_troubles(struct sj_view *view, const struct sj_status *status)
{
    const struct sj_live_account *account = &status->account;
    bool lossless = account->dropped == 0;
    line(view, "  %sdropped %s   malformed %s   dead-lettered %s%s",
         style(view, lossless ? GREEN : RED), SJ_COUNT(account->dropped),
         SJ_COUNT(account->malformed), SJ_COUNT(account->dead), style(view, PLAIN));
    if (*status->journal_stopped)
        line(view, "  %sthe journal has stopped: %s%s", style(view, RED), status->journal_stopped,
             style(view, PLAIN));
    if (*status->store_error && !status->store_connected)
        line(view, "  %sstore: %s%s", style(view, YELLOW), status->store_error, style(view, PLAIN));
    if (status->error_count)
        line(view, "  %s%u kinds of warnings or errors, the first: %.100s%s", style(view, YELLOW),
             status->error_count, status->first_error, style(view, PLAIN));
}

#define NEWS_SHOWN 6

static void draw_strategies(struct sj_view *view, const struct sj_status_trading *trading)
{
    for (uint32_t i = 0; i < trading->strategy_count; i++) {
        const struct sj_status_strategy *at = &trading->strategies[i];
        line(view,
             "  %s%s%s %-14s orders %7s   fills %7s   refused %7s   P&L %+12.0f   fees %9.0f   "
             "decides in %s, p99 %s%s",
             style(view, at->armed ? GREEN : RED), at->armed ? "*" : "!", style(view, PLAIN),
             at->name, SJ_COUNT(at->orders), SJ_COUNT(at->fills), SJ_COUNT(at->refused), at->pnl,
             at->fees, SJ_DURATION(at->p50_ns), SJ_DURATION(at->p99_ns),
             at->armed ? "" : "   DISARMED");
    }
}

/* Simulated and real money never look alike. */
static void draw_trading(struct sj_view *view, const struct sj_status_trading *trading)
{
    bool live = !strcmp(trading->mode, "live");
    if (!*trading->mode)
        return;
    line(view, "%s", "");
    line(view, "  %s%s%s%s  working %u   P&L today %+.0f TWD   intents %s, refused %s   fills %s",
         style(view, live ? RED : YELLOW), style(view, BOLD),
         live ? "LIVE: REAL ORDERS" : "PAPER: no real orders", style(view, PLAIN),
         trading->open_orders, trading->day_pnl, SJ_COUNT(trading->intents),
         SJ_COUNT(trading->refused), SJ_COUNT(trading->fills));
    if (trading->killed)
        line(view, "  %sKILLED%s: %s%s; shijim resume lifts it%s", style(view, RED),
             trading->panicking ? ", panic under way" : "", trading->reason,
             *trading->reason ? "" : "no reason given", style(view, PLAIN));
    else if (!trading->ready)
        line(view, "  %sno new orders: the broker has not told its orders yet%s",
             style(view, YELLOW), style(view, PLAIN));
    if (trading->unknown_orders || trading->blocked_instruments)
        line(view, "  %s%u orders in doubt, %u instruments blocked until the broker answers%s",
             style(view, RED), trading->unknown_orders, trading->blocked_instruments,
             style(view, PLAIN));
    draw_strategies(view, trading);
    uint32_t shown = trading->news_count < NEWS_SHOWN ? trading->news_count : NEWS_SHOWN;
    for (uint32_t i = trading->news_count - shown; i < trading->news_count; i++)
        line(view, "    %s%.110s%s", style(view, DIM), trading->news[i], style(view, PLAIN));
}

static void draw_screen(struct sj_view *view, const struct sj_status *status)
{
    const struct sj_live_account *account = &status->account;
    line(view, "%s", "");
    line(view, "  events %18s   now %s%s/s%s", SJ_COUNT(account->events), style(view, BOLD),
         SJ_COUNT(view->rate), style(view, PLAIN));
    line(view, "  on disk %17s   commit every %s", SJ_COUNT(account->durable),
         SJ_DURATION(status->flush_interval_ns));
    if (account->has_store)
        line(view, "  in store %16s   waiting %s, %s behind   %s%s",
             SJ_COUNT(account->acknowledged), SJ_COUNT(account->waiting),
             SJ_DURATION(status->store_backlog_ns),
             status->store_connected ? "ClickHouse " : "not connected", status->store_version);
    line(view, "%s", "");
    draw_latency(view, "received to bus", &status->ingest, SJ_NS_PER_MS);
    draw_latency(view, "received to disk", &status->durable, 5 * SJ_NS_PER_MS);
    line(view, "%s", "");
    draw_connections(view, status);
    draw_trading(view, &status->trading);
    line(view, "%s", "");
    draw_troubles(view, status);
}

static void draw_line(struct sj_view *view, const char *title, const struct sj_status *status)
{
    fprintf(view->out, "%s: %s events, %s/s, disk p99 %s, waiting for the store %s, dropped %s\n",
            title, SJ_COUNT(status->account.events), SJ_COUNT(view->rate),
            SJ_DURATION(status->durable.p99_ns), SJ_COUNT(status->account.waiting),
            SJ_COUNT(status->account.dropped));
}

void sj_view_draw(struct sj_view *view, const char *title, const struct sj_status *status)
{
    if (status)
        update_rate(view, status);
    if (!view->terminal) {
        if (status)
            draw_line(view, title, status);
        else
            fprintf(view->out, "%s\n", title);
        fflush(view->out);
        return;
    }
    if (view->drawn_lines)
        fprintf(view->out, "\033[%uA", view->drawn_lines);
    measure(view);
    view->drawn_lines = 0;
    line(view, "%s%s%s", style(view, BOLD), title, style(view, PLAIN));
    if (status)
        draw_screen(view, status);
    fputs("\033[J", view->out);
    fflush(view->out);
}

static void row(FILE *out, const char *name, uint64_t count, const char *text)
{
    fprintf(out, "  %-28s %15s%s%s\n", name, SJ_COUNT(count), *text ? "  " : "", text);
}

void sj_view_account(FILE *out, const struct sj_live_account *account)
{
    row(out, "received", account->received, "messages of the broker");
    row(out, "  market events", account->events, "");
    row(out, "  heartbeats", account->beats, "");
    row(out, "  not market data", account->passed, "");
    row(out, "  malformed", account->malformed, "counted, sampled to the log");
    row(out, "  dropped", account->dropped, "");
    row(out, "accepted by the journal", account->journal_accepted,
        "events, with definitions, session changes, gaps, verdicts");
    row(out, "  durable", account->durable, "");
    if (!account->has_store)
        return;
    row(out, "all of the journal", account->journal_events, "events");
    row(out, "  acknowledged by the store", account->acknowledged, "");
    row(out, "  waiting", account->waiting, "");
    row(out, "  dead-lettered", account->dead, "");
}

void sj_view_latencies(FILE *out, const struct sj_status *status)
{
    const struct {
        const char *name;
        const struct sj_status_latency *latency;
    } rows[] = {{"received to bus", &status->ingest}, {"received to disk", &status->durable}};
    for (size_t i = 0; i < 2; i++)
        fprintf(out, "  %-20s p50 %9s   p99 %9s   p99.9 %9s   max %9s   %s events\n", rows[i].name,
                SJ_DURATION(rows[i].latency->p50_ns), SJ_DURATION(rows[i].latency->p99_ns),
                SJ_DURATION(rows[i].latency->p999_ns), SJ_DURATION(rows[i].latency->max_ns),
                SJ_COUNT(rows[i].latency->count));
}
