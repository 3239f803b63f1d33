/*
 * recorder.h: from the rings into the journal. A gate reader on every ring; each span is one
 * append, released once the journal has accepted it. Measures receive -> durable for every event.
 *
 * When the journal stops (disk full, fsync failed) spans are no longer released: what was accepted
 * stays, the rings fill, and the gateway counts what it must drop.
 *
 * Threads  one: [recorder]. Statistics may be read by any thread (they may be a turn old).
 * Memory   taken at init.
 */
#ifndef SJ_APP_RECORDER_H
#define SJ_APP_RECORDER_H

#include "base/hist.h"
#include "bus/bus.h"
#include "journal/journal.h"

#include <stdatomic.h>

#define SJ_RECORDER_RINGS_MAX 32

struct sj_recorder_pending;
struct sj_user_frames;

struct sj_recorder_ring {
    struct sj_bus_reader *reader;
    struct sj_bus_reader *hold; /* released up to what is durable */
    uint32_t src;
    bool closed; /* the producer has closed and everything is taken */
    /* One that a process of a user writes (app/user_ring.h). */
    bool user;
    bool broken;       /* it holds what is no event; nothing more is taken */
    bool ends;         /* all others have ended: it is taken up to last_seq */
    uint64_t next_seq; /* none below this is taken */
    uint64_t last_seq;
    char name[SJ_BUS_NAME_MAX];
};

struct sj_recorder {
    struct sj_journal *journal;
    struct sj_recorder_ring rings[SJ_RECORDER_RINGS_MAX];
    uint32_t ring_count;
    struct sj_recorder_pending *pending; /* accepted, not yet durable; owned */
    uint32_t pending_head;
    uint32_t pending_tail;
    struct sj_hist durable_latency_ns;
    struct sj_user_frames *user_frames; /* owned */
    char dir[256];                      /* of the users' rings; empty: the bus's default */
    _Atomic uint64_t user_count;        /* accepted from users' rings */
    uint64_t note_seq;                  /* of the last event of our own, SJ_SRC_JOURNAL */
    _Atomic uint64_t accepted_count;    /* from our own rings */
    _Atomic int32_t stopped;            /* 0, or the journal's reason */
    _Atomic bool finished;              /* every ring has closed and all of it is durable */
};

/* `journal` is open and stays the caller's; `note_seq` is the last sequence of SJ_SRC_JOURNAL in
 * it. */
SJ_MUST_USE sj_rc sj_recorder_init(struct sj_recorder *recorder, struct sj_journal *journal,
                                   uint64_t note_seq);

/* Reads the ring `name` in `dir` from its first event that the journal does not hold (`after_seq`
 * is the last one it holds). */
SJ_MUST_USE sj_rc sj_recorder_add(struct sj_recorder *recorder, const char *dir, const char *name,
                                  uint64_t after_seq);

/* The same for a ring that a process of a user writes. What it holds is not trusted: it is copied
 * and checked before it is appended, and a ring that holds anything else than events is told of and
 * taken no more. It does not hold up the end. */
SJ_MUST_USE sj_rc sj_recorder_add_user(struct sj_recorder *recorder, const char *dir,
                                       const char *name, uint64_t after_seq);

/* One turn: takes what is there, lets the journal work, counts what became durable. Returns how
 * many events it moved, or why the journal stopped. [recorder] */
SJ_MUST_USE sj_rc sj_recorder_do_work(struct sj_recorder *recorder);

/* Appends an event of the recorder's own: a session change; a gap for each range that a crash cut
 * and no ring holds any more. Before the first do_work, or after the last. */
SJ_MUST_USE sj_rc sj_recorder_note_session(struct sj_recorder *recorder, enum sj_session_kind kind,
                                           const char *text);
SJ_MUST_USE sj_rc sj_recorder_note_recovery(struct sj_recorder *recorder,
                                            const struct sj_journal_recovery *recovery);

/* Detaches. What it accepted is durable only after sj_journal_sync or close. */
void sj_recorder_done(struct sj_recorder *recorder);

#endif
