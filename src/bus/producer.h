/*
 * producer.h: the producer's private state, shared by producer.c, room.c and takeover.c.
 */
#ifndef SJ_BUS_PRODUCER_H
#define SJ_BUS_PRODUCER_H

#include "bus/map.h"
#include "bus/process.h"

struct gate_watch {
    uint64_t pos;     /* where the gate stood when it first held us back */
    int64_t since_ns; /* and when that was; 0: it does not */
};

struct producer {
    struct sj_bus fast; /* what callers hold a pointer to */
    struct ring_map map;
    uint64_t limit;         /* the position of fast.room_end */
    int64_t alive_check_ns; /* when the gates' processes were last looked at */
    struct gate_watch gates[SJ_BUS_READERS_MAX];
};

static inline struct producer *producer_of(struct sj_bus *bus)
{
    return (struct producer *)(void *)bus;
}

static inline const struct producer *producer_of_const(const struct sj_bus *bus)
{
    return (const struct producer *)(const void *)bus;
}

/* The position of fast.place. */
static inline uint64_t producer_pos(const struct producer *producer)
{
    return producer->fast.shown_pos + (uint64_t)(producer->fast.place - producer->fast.shown_place);
}

/* Room for `size` bytes at the producer's place, or counts a refusal. */
bool producer_make_room(struct sj_bus *bus, size_t size);

/* For a limit taken from the horizon of a producer that died between announcing it and looking at
 * the gates again. */
void producer_clamp_to_gates(struct producer *producer);

/* Saves (pos, seq, counts) of what is shown. */
void producer_checkpoint(struct producer *producer);

/* Puts the producer behind the last frame shown, from the newest checkpoint on; recounts topics. A
 * new ring is the same with nothing in it. -SJ_E_CORRUPT: the checkpoint is none. */
sj_rc producer_recover(struct producer *producer);

#endif
