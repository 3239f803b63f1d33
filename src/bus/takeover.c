/*
 * takeover.c: checkpoints, and starting from one.
 *
 * A producer may be killed between any two instructions. What holds at every one of them:
 *  1. checkpoint_count only counts whole checkpoints, and each describes shown frames only;
 *  2. behind the last frame shown stands a stamp that is not the one expected there (it is 0).
 * So walking from the newest checkpoint while stamps are as expected finds exactly what was shown.
 * Frames staged or half copied lie behind that place and are overwritten.
 */
#include "base/rc.h"
#include "bus/producer.h"

static uint64_t checkpoint_next_pos(const struct producer *producer)
{
    return producer->fast.shown_pos + producer->map.g.step_size;
}

void sj_bus_checkpoint(struct sj_bus *bus)
{
    producer_checkpoint(producer_of(bus));
}

void producer_checkpoint(struct producer *producer)
{
    struct sj_bus *bus = &producer->fast;
    _Atomic uint64_t *count = &producer->map.head->checkpoint_count;
    uint64_t number = atomic_load_explicit(count, memory_order_relaxed);
    struct checkpoint *checkpoint = ring_checkpoint(&producer->map, number);
    atomic_thread_fence(memory_order_release); /* the count before this reuse of a place */
    atomic_store_explicit(&checkpoint->pos, bus->shown_pos, memory_order_relaxed);
    atomic_store_explicit(&checkpoint->seq, bus->shown_seq, memory_order_relaxed);
    for (uint32_t i = 0; i < bus->topic_count; i++)
        atomic_store_explicit(&checkpoint->published[i],
                              atomic_load_explicit(&bus->published[i], memory_order_relaxed),
                              memory_order_relaxed);
    atomic_store_explicit(count, number + 1, memory_order_release);
    bus->checkpoint_pos = checkpoint_next_pos(producer);
}

/* Loads the newest checkpoint (or the ring's beginning): position, sequence and counts. */
static sj_rc load_checkpoint(struct producer *producer)
{
    struct sj_bus *bus = &producer->fast;
    const struct ring_head *head = producer->map.head;
    uint64_t count = atomic_load_explicit(&head->checkpoint_count, memory_order_acquire);
    const struct checkpoint *checkpoint = count ? ring_checkpoint(&producer->map, count - 1) : NULL;
    bus->shown_pos = checkpoint ? checkpoint->pos : 0;
    bus->shown_seq = checkpoint ? checkpoint->seq : head->first_seq;
    for (uint32_t i = 0; i < bus->topic_count; i++)
        atomic_store_explicit(&bus->published[i], checkpoint ? checkpoint->published[i] : 0,
                              memory_order_relaxed);
    uint64_t horizon = atomic_load_explicit(&head->horizon, memory_order_acquire);
    if (bus->shown_pos % SJ_FRAME_UNIT || bus->shown_seq == 0 || horizon > bus->shown_pos ||
        bus->shown_pos - horizon > producer->map.g.size)
        return -SJ_E_CORRUPT;
    producer->limit = horizon + producer->map.g.size;
    return 0;
}

/* Passes what was shown after the checkpoint. */
static void walk_shown(struct producer *producer)
{
    struct sj_bus *bus = &producer->fast;
    while (bus->shown_pos + SJ_FRAME_UNIT <= producer->limit) {
        uint8_t *place = bus->data + (bus->shown_pos & bus->mask);
        uint64_t stamp = atomic_load_explicit(sj_bus_stamp(place), memory_order_acquire);
        uint32_t size = sj_bus_size_at(place);
        uint32_t topic = sj_bus_topic_at(place);
        if (stamp != bus->shown_seq || size % SJ_FRAME_UNIT || size > SJ_EVENT_SIZE_MAX ||
            topic >= bus->topic_count)
            break;
        sj_bus_count(&bus->published[topic], 1);
        bus->shown_pos += size;
        bus->shown_seq++;
    }
}

sj_rc producer_recover(struct producer *producer)
{
    struct ring_map *map = &producer->map;
    struct sj_bus *bus = &producer->fast;
    bus->data = map->data;
    bus->mask = map->g.size - 1;
    bus->topic_count = map->g.topic_count;
    bus->published = ring_published(map);
    bus->parked = &map->head->parked;
    bus->shown = &map->head->shown;
    sj_rc rc = load_checkpoint(producer);
    if (rc < 0)
        return rc;
    uint64_t checkpoint_pos = bus->shown_pos;
    walk_shown(producer);
    bus->place = bus->shown_place = bus->data + (bus->shown_pos & bus->mask);
    bus->seq = bus->shown_seq;
    bus->zero_place = SJ_BUS_NOWHERE;
    bus->claim_size = 0;
    atomic_store_explicit(sj_bus_stamp(bus->place), 0, memory_order_relaxed);
    atomic_store_explicit(&bus->shown->pos, bus->shown_pos, memory_order_relaxed);
    atomic_store_explicit(&bus->shown->last_seq, bus->seq - 1, memory_order_relaxed);
    /* A takeover adds no checkpoint: the oldest ones are kept for gates that may be resumed
     * (room.c), and a process that is killed again and again must not use them up. */
    bus->checkpoint_pos = checkpoint_pos + map->g.step_size;
    if (atomic_load_explicit(&map->head->checkpoint_count, memory_order_relaxed) == 0)
        producer_checkpoint(producer);
    producer_clamp_to_gates(producer);
    return 0;
}
