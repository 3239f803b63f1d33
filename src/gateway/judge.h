/*
 * judge.h: is a feed alive? Judged by the age of its data against what the session calendar expects
 * just now, never by heartbeats. A feed is a subscription, or all of one market on a connection.
 * Pure.
 *
 *     OFF -> WAITING -> LIVE <-> SILENT        CLOSED whenever the market is not trading
 *
 * Time in which nothing is expected (before the subscription, while the market is closed) never
 * counts as silence.
 *
 * Units    _ns: UTC, one clock for all.
 * Threads  the owner's. Memory: the structs.
 */
#ifndef SJ_GATEWAY_JUDGE_H
#define SJ_GATEWAY_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

enum sj_feed_state {
    SJ_FEED_OFF,     /* not subscribed */
    SJ_FEED_CLOSED,  /* nothing is expected now */
    SJ_FEED_WAITING, /* expected, nothing came yet, but not for too long */
    SJ_FEED_LIVE,
    SJ_FEED_SILENT /* expected for longer than its time, and nothing came */
};

struct sj_feed {
    enum sj_feed_state state;
    int64_t subscribed_ns; /* 0: not subscribed */
    int64_t first_ns;      /* first and last data since subscribed; 0: none */
    int64_t last_ns;
    uint64_t count;         /* events since it was first subscribed */
    int64_t silent_from_ns; /* while SILENT: the last sign of life */
    int64_t silence_max_ns; /* the longest expected time without data */
};

/* What the calendar says of the feed's market. */
struct sj_expectation {
    bool expected;
    int64_t since_ns;     /* how long it has been so */
    int64_t threshold_ns; /* silence beyond this is a fault */
};

/* An event came. Inline: this is on the path of every event. */
static inline void sj_feed_data(struct sj_feed *feed, int64_t now_ns)
{
    if (feed->count++ == 0 || feed->first_ns == 0)
        feed->first_ns = now_ns;
    feed->last_ns = now_ns;
}

/* (Re)subscribed, or unsubscribed with 0. */
void sj_feed_subscribed(struct sj_feed *feed, int64_t now_ns);

/* Judges; returns whether the state changed. After SILENT, data makes it LIVE again. */
bool sj_feed_judge(struct sj_feed *feed, const struct sj_expectation *expectation, int64_t now_ns);

/* How long data has been missing that was expected; 0 where none is. */
int64_t sj_feed_age_ns(const struct sj_feed *feed, const struct sj_expectation *expectation,
                       int64_t now_ns);

/* It has sent often enough for its own silence to mean something: 20 events over at least a quarter
 * of the threshold, on average a tenth of it apart or less. */
bool sj_feed_is_liquid(const struct sj_feed *feed, int64_t threshold_ns);

const char *sj_feed_state_name(enum sj_feed_state state);

#endif
