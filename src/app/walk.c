#include "app/walk.h"

#include "base/tw_time.h"
#include "event/text.h"

#include <stdio.h>
#include <string.h>

#define INSTRUMENTS_MAX 65535

static const struct {
    const char *name;
    uint16_t id;
} types[] = {
#define X(id, suffix, type, name) {name, id},
    SJ_EVENT_TABLE(X)
#undef X
};
#define TYPE_COUNT (sizeof types / sizeof types[0])

static void fail_listing(const struct sj_cli *cli, const char *name,
                         const char *const names[TYPE_COUNT])
{
    char list[TYPE_COUNT * 24];
    int used = 0;
    for (size_t i = 0; i < TYPE_COUNT; i++)
        used += snprintf(list + used, sizeof list - (size_t)used, " %.20s", names[i]);
    sj_cli_fail(cli, 0, "there is no event type '%s'; there are:%s", name, list);
}

static sj_rc set_type(struct sj_walk *walk, const struct sj_cli *cli, const char *name)
{
    const char *names[TYPE_COUNT];
    for (size_t i = 0; i < TYPE_COUNT; i++) {
        names[i] = types[i].name;
        if (!strcmp(types[i].name, name)) {
            walk->type_mask |= 1ULL << types[i].id;
            return 0;
        }
    }
    const char *near = sj_cli_nearest(name, names, TYPE_COUNT);
    if (near)
        sj_cli_fail(cli, 0, "there is no event type '%s'; did you mean '%s'?", name, near);
    else
        fail_listing(cli, name, names);
    return -SJ_E_UNKNOWN;
}

static sj_rc set_time(const struct sj_cli *cli, const char *option, const char *text,
                      int64_t *ret_ns)
{
    if (!text)
        return 0;
    size_t size = strlen(text);
    bool utc = size > 0 && text[size - 1] == 'Z';
    if (sj_tw_parse(text, size - utc, ret_ns) >= 0) {
        if (utc)
            *ret_ns += SJ_TAIPEI_OFFSET_NS;
        return 0;
    }
    sj_cli_fail(cli, 0, "--%s '%s' is not a time such as 2026-11-23T09:00 or 2026-11-23T01:00Z",
                option, text);
    return -SJ_E_MALFORMED;
}

static sj_rc set_filter(struct sj_walk *walk, const struct sj_cli *cli)
{
    sj_rc rc = 0;
    walk->from_ns = INT64_MIN;
    walk->to_ns = INT64_MAX;
    walk->type_mask = walk->filter.types.count ? 0 : ~0ULL;
    for (size_t i = 0; rc >= 0 && i < walk->filter.types.count; i++)
        rc = set_type(walk, cli, walk->filter.types.items[i]);
    if (rc >= 0)
        rc = set_time(cli, "from", walk->filter.from, &walk->from_ns);
    if (rc >= 0)
        rc = set_time(cli, "to", walk->filter.to, &walk->to_ns);
    return rc;
}

sj_rc sj_walk_open(struct sj_walk *walk, const struct sj_cli *cli, const char *dir,
                   const struct sj_walk_filter *filter)
{
    *walk = (struct sj_walk){.filter = *filter};
    sj_rc rc = set_filter(walk, cli);
    if (rc < 0)
        return rc;
    struct sj_journal_reader_options options = {.dir = dir};
    rc = sj_journal_reader_open(&options, &walk->reader);
    if (rc >= 0)
        rc = sj_instruments_create(INSTRUMENTS_MAX, &walk->instruments);
    if (rc < 0) {
        sj_cli_fail(cli, 0, "cannot read the journal %s: %s", dir, sj_rc_text(rc));
        sj_walk_close(walk);
    }
    return rc;
}

void sj_walk_close(struct sj_walk *walk)
{
    sj_journal_reader_close(walk->reader);
    sj_instruments_close(walk->instruments);
    walk->reader = NULL;
    walk->instruments = NULL;
}

int sj_walk_exit(sj_rc rc)
{
    return rc == -SJ_E_UNKNOWN || rc == -SJ_E_MALFORMED ? SJ_EXIT_USER : sj_cli_path_exit(rc);
}

static bool code_passes(const struct sj_walk *walk, uint32_t instrument)
{
    if (!walk->filter.codes.count)
        return true;
    const struct sj_instrument *definition = sj_instruments_get(walk->instruments, instrument);
    if (!definition)
        return false;
    for (size_t i = 0; i < walk->filter.codes.count; i++)
        if (!strncmp(walk->filter.codes.items[i], definition->code, sizeof definition->code))
            return true;
    return false;
}

/* A timer has no receive time: its own time stands for it. */
static int64_t time_of(const struct sj_frame *frame)
{
    return frame->template_id == SJ_EVENT_TIMER ? frame->exch_ns
                                                : ((const struct sj_trade *)frame)->recv_ns;
}

static bool passes(const struct sj_walk *walk, const struct sj_frame *frame)
{
    if (frame->template_id > SJ_EVENT_TYPE_MAX || !(walk->type_mask >> frame->template_id & 1))
        return false;
    if (walk->filter.src != UINT64_MAX && walk->filter.src != walk->span.src)
        return false;
    int64_t time_ns = time_of(frame);
    return time_ns >= walk->from_ns && time_ns < walk->to_ns &&
           code_passes(walk, frame->instrument);
}

static sj_rc learn(struct sj_walk *walk, const struct sj_frame *frame)
{
    uint32_t id;
    if (frame->template_id != SJ_EVENT_INSTRUMENT)
        return 0;
    return sj_instruments_put(walk->instruments, (const struct sj_instrument *)frame, &id);
}

static sj_rc next_span(struct sj_walk *walk)
{
    sj_rc rc = sj_journal_read(walk->reader, &walk->span);
    if (rc == -SJ_E_CORRUPT) {
        struct sj_journal_damage damage;
        sj_journal_reader_damage(walk->reader, &damage);
        walk->damage_count++;
        fprintf(stderr, "shijim: damage in %s at %llu, %llu bytes: %s\n", damage.file,
                (unsigned long long)damage.position, (unsigned long long)damage.size, damage.text);
        walk->at = walk->span.end = NULL;
        return 1;
    }
    if (rc > 0)
        walk->at = walk->span.begin;
    return rc;
}

sj_rc sj_walk_next(struct sj_walk *walk, const struct sj_frame **ret_frame)
{
    if (walk->filter.limit && walk->seen_count >= walk->filter.limit)
        return 0;
    for (;;) {
        while (walk->at < walk->span.end) {
            const struct sj_frame *frame = (const struct sj_frame *)walk->at;
            walk->at += sj_frame_size(frame);
            sj_rc rc = learn(walk, frame);
            if (rc < 0)
                return rc;
            if (!passes(walk, frame))
                continue;
            walk->seen_count++;
            *ret_frame = frame;
            return 1;
        }
        sj_rc rc = next_span(walk);
        if (rc <= 0)
            return rc;
    }
}
