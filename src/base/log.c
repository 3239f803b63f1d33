#include "base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/tw_time.h"

#define FULL_TEXT "further distinct errors; the log of distinct errors is full"

struct distinct {
    struct sj_log_entry entry;
    const char *format; /* identity, with the room; NULL for the shared last entry */
    uint64_t printed_count;
    int64_t printed_ns;
};

static struct {
    pthread_mutex_t lock;
    enum sj_log_level level;
    FILE *stream;
    bool colour;
    int64_t (*clock)(void);
    struct distinct distinct[SJ_LOG_DISTINCT_MAX];
    uint32_t distinct_count;
    int64_t second;
    uint32_t lines_this_second;
    uint64_t suppressed_count;
} state = {.lock = PTHREAD_MUTEX_INITIALIZER, .level = SJ_LOG_INFO};

static const char *const level_names[] = {"debug", "info", "warn", "error", "off"};

static int64_t now_ns(void)
{
    return state.clock ? state.clock() : sj_clock_utc_ns();
}

static void print_line(enum sj_log_level level, const char *room, const char *text, int64_t time_ns,
                       uint64_t repeats)
{
    static const char *const colours[] = {"\033[2m", "", "\033[33m", "\033[31m", ""};
    FILE *out = state.stream ? state.stream : stderr;
    char time[SJ_TIME_TEXT_MAX], suffix[48] = "";
    if (level < state.level)
        return;
    sj_utc_format(time_ns, 3, time);
    if (repeats > 0)
        snprintf(suffix, sizeof suffix, " (%llu times since)", (unsigned long long)repeats);
    fprintf(out, "%s %s%-5s%s %s: %s%s\n", time, state.colour ? colours[level] : "",
            level_names[level], state.colour ? "\033[0m" : "", room, text, suffix);
    fflush(out);
}

/* The entry of (room, format), a new one, or the shared last one when the table is full. */
static struct distinct *find_distinct(enum sj_log_level level, const char *room, const char *format,
                                      int64_t time_ns)
{
    for (uint32_t i = 0; i < state.distinct_count; i++) {
        struct distinct *at = &state.distinct[i];
        if (at->format && at->entry.level == level && strcmp(at->format, format) == 0 &&
            strncmp(at->entry.room, room, SJ_LOG_ROOM_SIZE - 1) == 0)
            return at;
    }
    bool full = state.distinct_count >= SJ_LOG_DISTINCT_MAX - 1;
    struct distinct *at = &state.distinct[full ? SJ_LOG_DISTINCT_MAX - 1 : state.distinct_count];
    if (full && state.distinct_count == SJ_LOG_DISTINCT_MAX)
        return at;
    state.distinct_count++;
    *at = (struct distinct){.format = full ? NULL : format,
                            .entry = {.level = level, .first_ns = time_ns}};
    snprintf(at->entry.room, sizeof at->entry.room, "%s", full ? "log" : room);
    return at;
}

static void print_distinct(struct distinct *at)
{
    uint64_t repeats = at->entry.count - at->printed_count;
    print_line(at->entry.level, at->entry.room, at->entry.text, at->entry.last_ns,
               at->printed_count ? repeats : 0);
    at->printed_count = at->entry.count;
    at->printed_ns = at->entry.last_ns;
}

static void log_distinct(enum sj_log_level level, const char *room, const char *format,
                         const char *text, int64_t time_ns)
{
    struct distinct *at = find_distinct(level, room, format, time_ns);
    at->entry.count++;
    at->entry.last_ns = time_ns;
    snprintf(at->entry.text, sizeof at->entry.text, "%s", at->format ? text : FULL_TEXT);
    if (at->printed_count == 0 || time_ns - at->printed_ns >= SJ_LOG_REPEAT_NS)
        print_distinct(at);
}

static void log_plain(enum sj_log_level level, const char *room, const char *text, int64_t time_ns)
{
    if (level < state.level)
        return;
    if (time_ns / SJ_NS_PER_S != state.second) {
        state.second = time_ns / SJ_NS_PER_S;
        state.lines_this_second = 0;
    }
    if (state.lines_this_second++ < SJ_LOG_LINES_PER_S)
        print_line(level, room, text, time_ns, 0);
    else
        state.suppressed_count++;
}

static void keep_to_one_line(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = '?';
}

void sj_log(enum sj_log_level level, const char *room, const char *format, ...)
{
    char text[SJ_LOG_TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    keep_to_one_line(text);
    pthread_mutex_lock(&state.lock);
    if (level >= SJ_LOG_WARN)
        log_distinct(level, room, format, text, now_ns());
    else
        log_plain(level, room, text, now_ns());
    pthread_mutex_unlock(&state.lock);
}

void sj_log_set_level(enum sj_log_level level)
{
    state.level = level;
}

void sj_log_set_stream(FILE *stream)
{
    const char *no_color = getenv("NO_COLOR");
    state.stream = stream;
    state.colour = isatty(fileno(stream)) && !(no_color && *no_color);
}

void sj_log_set_clock(int64_t (*utc_ns)(void))
{
    state.clock = utc_ns;
}

sj_rc sj_log_level_parse(const char *name, enum sj_log_level *ret_level)
{
    for (int i = SJ_LOG_DEBUG; i <= SJ_LOG_OFF; i++) {
        if (strcmp(level_names[i], name) == 0) {
            *ret_level = (enum sj_log_level)i;
            return 0;
        }
    }
    return -SJ_E_UNKNOWN;
}

const char *sj_log_level_name(enum sj_log_level level)
{
    return level_names[level];
}

uint32_t sj_log_distinct(struct sj_log_entry *ret_entries, uint32_t max)
{
    pthread_mutex_lock(&state.lock);
    uint32_t count = state.distinct_count < max ? state.distinct_count : max;
    for (uint32_t i = 0; i < count; i++)
        ret_entries[i] = state.distinct[i].entry;
    pthread_mutex_unlock(&state.lock);
    return count;
}

void sj_log_flush(void)
{
    pthread_mutex_lock(&state.lock);
    for (uint32_t i = 0; i < state.distinct_count; i++)
        if (state.distinct[i].entry.count > state.distinct[i].printed_count)
            print_distinct(&state.distinct[i]);
    pthread_mutex_unlock(&state.lock);
}

uint64_t sj_log_suppressed_count(void)
{
    pthread_mutex_lock(&state.lock);
    uint64_t count = state.suppressed_count;
    pthread_mutex_unlock(&state.lock);
    return count;
}

void sj_log_reset(void)
{
    pthread_mutex_lock(&state.lock);
    memset(state.distinct, 0, sizeof state.distinct);
    state.distinct_count = 0;
    state.lines_this_second = 0;
    state.suppressed_count = 0;
    pthread_mutex_unlock(&state.lock);
}
