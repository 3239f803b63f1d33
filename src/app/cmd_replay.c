#include "app/command.h"
#include "app/walk.h"
#include "base/cli.h"

#include "base/clock.h"
#include "bus/bus.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RETRY_PAUSE_NS 100000
#define BEAT_EVERY 1024

static volatile sig_atomic_t stop_asked;

static void ask_stop(int signal_number)
{
    (void)signal_number;
    stop_asked = 1;
}

struct replay {
    struct sj_bus *bus;
    double speed; /* 0 = max */
    int64_t first_event_ns;
    int64_t first_mono_ns;
    uint64_t count;
};

/* A full ring means a gate reader is slower than we are: a replay waits, it never drops. */
static sj_rc publish(struct replay *replay, const void *frame)
{
    for (;;) {
        sj_rc rc = sj_bus_publish(replay->bus, frame);
        if (rc != -SJ_E_FULL)
            return rc;
        if (stop_asked)
            return -EINTR;
        sj_bus_beat(replay->bus);
        nanosleep(&(struct timespec){.tv_nsec = RETRY_PAUSE_NS}, NULL);
    }
}

static sj_rc publish_mark(struct replay *replay, enum sj_session_kind kind)
{
    struct sj_session mark = {
        .kind = (uint8_t)kind, .count = replay->count, .flags = SJ_FLAG_REPLAYED};
    sj_frame_head(&mark, SJ_EVENT_SESSION, sizeof mark);
    mark.exch_ns = mark.recv_ns = sj_clock_utc_ns();
    return publish(replay, &mark);
}

static void wait_until_due(struct replay *replay, int64_t event_ns)
{
    if (replay->speed <= 0)
        return;
    if (!replay->first_mono_ns) {
        replay->first_mono_ns = sj_clock_mono_ns();
        replay->first_event_ns = event_ns;
    }
    double ahead = (double)(event_ns - replay->first_event_ns) / replay->speed;
    int64_t due_ns = replay->first_mono_ns + (int64_t)ahead;
    while (!stop_asked && due_ns > sj_clock_mono_ns()) {
        int64_t left_ns = due_ns - sj_clock_mono_ns();
        if (left_ns > 100 * SJ_NS_PER_MS)
            left_ns = 100 * SJ_NS_PER_MS;
        sj_bus_beat(replay->bus);
        if (left_ns > 0)
            nanosleep(&(struct timespec){.tv_nsec = left_ns}, NULL);
    }
}

static sj_rc replay_events(struct replay *replay, struct sj_walk *walk)
{
    union {
        struct sj_frame head;
        struct sj_trade event;
        uint8_t bytes[SJ_EVENT_SIZE_MAX];
    } copy;
    const struct sj_frame *frame;
    sj_rc rc = publish_mark(replay, SJ_SESSION_REPLAY_BEGIN);
    while (rc >= 0 && !stop_asked && (rc = sj_walk_next(walk, &frame)) > 0) {
        memcpy(copy.bytes, frame, sj_frame_size(frame));
        copy.head.flags |= SJ_FLAG_REPLAYED;
        wait_until_due(replay,
                       frame->template_id == SJ_EVENT_TIMER ? frame->exch_ns : copy.event.recv_ns);
        rc = publish(replay, &copy);
        if (rc >= 0 && ++replay->count % BEAT_EVERY == 0)
            sj_bus_beat(replay->bus);
    }
    if (rc == -EINTR)
        rc = 0;
    return rc < 0 ? rc : publish_mark(replay, SJ_SESSION_REPLAY_END);
}

static sj_rc wait_for_readers(struct sj_bus *bus, const char *dir, const char *name,
                              uint64_t wanted)
{
    struct sj_bus_stat *stat = &(struct sj_bus_stat){0};
    while (!stop_asked) {
        sj_rc rc = sj_bus_stat(dir, name, stat);
        if (rc < 0 || stat->reader_count >= wanted)
            return rc;
        sj_bus_beat(bus);
        nanosleep(&(struct timespec){.tv_nsec = 20 * SJ_NS_PER_MS}, NULL);
    }
    return -EINTR;
}

static int run(const struct sj_cli *cli, struct sj_walk *walk, struct replay *replay,
               const struct sj_bus_options *options, uint64_t readers)
{
    sj_rc rc = sj_bus_create(options, &replay->bus);
    if (rc < 0)
        return sj_cli_fail(cli, rc == -EINVAL ? SJ_EXIT_USER : sj_cli_path_exit(rc),
                           "making the ring %s%s%s: %s", options->name, options->dir ? " in " : "",
                           options->dir ? options->dir : "", sj_rc_text(rc));
    rc = wait_for_readers(replay->bus, options->dir, options->name, readers);
    if (rc >= 0)
        rc = replay_events(replay, walk);
    sj_bus_close(replay->bus);
    if (rc < 0 && rc != -EINTR)
        return sj_cli_fail(cli, SJ_EXIT_FAILED, "after %llu events: %s",
                           (unsigned long long)replay->count, sj_rc_text(rc));
    printf("%llu events%s\n", (unsigned long long)replay->count, stop_asked ? ", stopped" : "");
    return walk->damage_count ? SJ_EXIT_FAILED : SJ_EXIT_DONE;
}

static sj_rc parse_speed(const char *text, double *ret)
{
    char *end;
    if (!strcmp(text, "max")) {
        *ret = 0;
        return 0;
    }
    *ret = strtod(text, &end);
    return end == text || *end || !(*ret > 0 && *ret < 1e9) ? -SJ_E_MALFORMED : 0;
}

int sj_cmd_replay(int argc, char **argv)
{
    struct sj_walk_filter filter = SJ_WALK_FILTER_ALL;
    struct replay replay = {0};
    struct sj_bus_options bus = {.name = "replay", .src = SJ_SRC_REPLAY, .topic_count = 65536};
    const char *speed = "1";
    uint64_t readers = 0;
    const struct sj_cli_option options[] = {
        SJ_WALK_OPTIONS(filter),
        {"speed", "X", "times real time, or max (default 1)", SJ_CLI_TEXT, &speed, 0, 0, 's'},
        {"ring", "NAME", "ring to publish on (default replay)", SJ_CLI_TEXT, &bus.name, 0, 0, 0},
        {"bus-dir", "DIR", "directory of the rings", SJ_CLI_TEXT, &bus.dir, 0, 0, 0},
        {"readers", "N", "wait until N readers are attached", SJ_CLI_UINT, &readers, 0,
         SJ_BUS_READERS_MAX, 0},
    };
    struct sj_cli cli = {
        .command = "replay",
        .arguments = "DIR",
        .summary = "Publishes a journal on a bus, through the live interface.",
        .details = "Begin and end are session events in the stream; every event carries the flag\n"
                   "REPLAYED. A gate reader slower than the replay slows it down; nothing is lost.",
        .example = "shijim replay ./day --speed max --readers 1",
        .options = options,
        .option_count = SJ_WALK_OPTION_COUNT + 4,
        .arguments_min = 1,
        .arguments_max = 1,
    };
    sj_rc rc = sj_cli_parse(&cli, argc, argv);
    if (rc != 1)
        return sj_cli_exit(rc);
    if (parse_speed(speed, &replay.speed) < 0)
        return sj_cli_fail(&cli, SJ_EXIT_USER, "--speed wants a positive number or max, not '%s'",
                           speed);
    struct sj_walk walk;
    rc = sj_walk_open(&walk, &cli, cli.values[0], &filter);
    if (rc < 0)
        return sj_walk_exit(rc);
    signal(SIGINT, ask_stop);
    signal(SIGTERM, ask_stop);
    int exit_code = run(&cli, &walk, &replay, &bus, readers);
    sj_walk_close(&walk);
    return exit_code;
}
