#include "store/embedded/watch.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

#define LOOK_INTERVAL_MS 100
#define TURN_WAIT_S 10

static bool is_gone(int fd)
{
    struct pollfd socket = {.fd = fd, .events = POLLRDHUP};
    return fd >= 0 && poll(&socket, 1, 0) > 0 &&
           (socket.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

/* Never SYNC: that would wait until the victim's connection runs another statement. */
static void kill_statement(struct sj_emb_watch *watch, const char *query_id)
{
    struct sj_emb_buffer sql = {0};
    char error[256];
    sj_rc rc = sj_emb_buffer_printf(&sql, "KILL QUERY WHERE Settings['log_comment'] = ");
    if (rc >= 0)
        rc = sj_emb_buffer_quote(&sql, '\'', sj_emb_text_of(query_id));
    if (rc >= 0)
        rc = sj_emb_buffer_printf(&sql, " ASYNC");
    if (rc >= 0)
        sj_emb_engine_run(watch->engine, *watch->killer, sql.data, sql.size, NULL, error,
                          sizeof(error));
    sj_emb_buffer_done(&sql);
}

/* The lock is held while the engine is asked, so that the entry cannot be reused meanwhile. */
static void look(struct sj_emb_watch *watch)
{
    pthread_mutex_lock(&watch->lock);
    for (size_t i = 0; i < watch->count; i++) {
        struct sj_emb_running *running = &watch->table[i];
        if (running->is_used && running->is_read && (running->is_killed || is_gone(running->fd))) {
            running->is_killed = true;
            kill_statement(watch, running->query_id);
        }
    }
    pthread_mutex_unlock(&watch->lock);
}

static void *watch_main(void *argument)
{
    struct sj_emb_watch *watch = argument;
    int64_t expired_ns = sj_clock_mono_ns();
    while (!atomic_load_explicit(&watch->stops, memory_order_acquire)) {
        poll(NULL, 0, LOOK_INTERVAL_MS);
        look(watch);
        int64_t now_ns = sj_clock_mono_ns();
        if (now_ns - expired_ns > SJ_NS_PER_S) {
            sj_emb_sessions_expire(watch->sessions, now_ns);
            expired_ns = now_ns;
        }
    }
    return NULL;
}

sj_rc sj_emb_watch_start(struct sj_emb_watch *watch, struct sj_emb_engine *engine,
                         struct sj_emb_sessions *sessions, size_t count, size_t read_max)
{
    *watch = (struct sj_emb_watch){
        .engine = engine, .sessions = sessions, .count = count, .read_max = read_max};
    pthread_mutex_init(&watch->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&watch->freed, &attributes);
    pthread_condattr_destroy(&attributes);
    watch->table = calloc(count, sizeof(*watch->table));
    watch->killer = sj_emb_engine_connect(engine);
    if (watch->table && watch->killer) {
        int code = pthread_create(&watch->thread, NULL, watch_main, watch);
        if (code == 0)
            return 0;
    }
    if (watch->killer)
        engine->chdb.close_conn(watch->killer);
    free(watch->table);
    watch->table = NULL;
    return -ENOMEM;
}

void sj_emb_watch_stop(struct sj_emb_watch *watch)
{
    if (!watch->table)
        return;
    atomic_store_explicit(&watch->stops, true, memory_order_release);
    pthread_join(watch->thread, NULL);
    watch->engine->chdb.close_conn(watch->killer);
    free(watch->table);
    watch->table = NULL;
    pthread_cond_destroy(&watch->freed);
    pthread_mutex_destroy(&watch->lock);
}

static struct sj_emb_running *find(struct sj_emb_watch *watch, const char *query_id)
{
    for (size_t i = 0; i < watch->count; i++) {
        if (watch->table[i].is_used && strcmp(watch->table[i].query_id, query_id) == 0)
            return &watch->table[i];
    }
    return NULL;
}

static struct sj_emb_running *find_free(struct sj_emb_watch *watch)
{
    for (size_t i = 0; i < watch->count; i++) {
        if (!watch->table[i].is_used)
            return &watch->table[i];
    }
    return NULL;
}

static bool wait_turn(struct sj_emb_watch *watch)
{
    struct timespec deadline;
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += TURN_WAIT_S;
    while (watch->read_count >= watch->read_max) {
        if (pthread_cond_timedwait(&watch->freed, &watch->lock, &deadline) == ETIMEDOUT)
            return watch->read_count < watch->read_max;
    }
    return true;
}

static sj_rc enter_locked(struct sj_emb_watch *watch, const char *query_id, int fd, bool is_read,
                          struct sj_emb_running **ret_running)
{
    if (is_read && !wait_turn(watch))
        return -SJ_E_LIMIT;
    if (find(watch, query_id))
        return -SJ_E_BUSY;
    struct sj_emb_running *running = find_free(watch);
    if (!running)
        return -SJ_E_LIMIT;
    *running = (struct sj_emb_running){.is_used = true, .is_read = is_read, .fd = fd};
    snprintf(running->query_id, sizeof(running->query_id), "%s", query_id);
    watch->read_count += is_read ? 1 : 0;
    *ret_running = running;
    return 0;
}

sj_rc sj_emb_watch_enter(struct sj_emb_watch *watch, const char *query_id, int fd, bool is_read,
                         struct sj_emb_running **ret_running)
{
    pthread_mutex_lock(&watch->lock);
    sj_rc rc = enter_locked(watch, query_id, fd, is_read, ret_running);
    pthread_mutex_unlock(&watch->lock);
    return rc;
}

void sj_emb_watch_leave(struct sj_emb_watch *watch, struct sj_emb_running *running)
{
    pthread_mutex_lock(&watch->lock);
    running->is_used = false;
    if (running->is_read) {
        watch->read_count--;
        pthread_cond_signal(&watch->freed);
    }
    pthread_mutex_unlock(&watch->lock);
}

void sj_emb_watch_cancel_reads(struct sj_emb_watch *watch)
{
    pthread_mutex_lock(&watch->lock);
    for (size_t i = 0; i < watch->count; i++)
        watch->table[i].is_killed |= watch->table[i].is_used && watch->table[i].is_read;
    pthread_mutex_unlock(&watch->lock);
}
