/*
 * room.c: making room in the ring: the horizon and the gates.
 *
 * The producer writes only below `limit`; everything before `limit - size` (the horizon, as others
 * see it) may be overwritten at any moment. Only when it reaches the limit does it look at the
 * gates, and then it moves a whole step on: what a publish costs does not depend on how many
 * readers there are.
 *
 * A gate that attaches and a producer that advances meet like this: each first says what it wants
 * (the gate its position, the producer the horizon), then passes a full fence, then reads what the
 * other said. At least one of them sees the other and steps back: the gate goes to a later
 * position, the producer takes the horizon back. A lossy reader that saw a horizon which was then
 * taken back believes itself lapped, which is counted and harmless.
 */
#include "base/clock.h"
#include "base/rc.h"
#include "bus/producer.h"

#define NO_GATE UINT64_MAX

/* A dead gate is noticed this soon after it holds us back; each look costs system calls. */
#define ALIVE_CHECK_NS (1 * SJ_NS_PER_MS)

static uint64_t ring_size(const struct producer *producer)
{
    return producer->map.g.size;
}

static void set_limit(struct producer *producer, uint64_t limit)
{
    struct sj_bus *bus = &producer->fast;
    producer->limit = limit;
    bus->room_end = bus->shown_place + (int64_t)(limit - bus->shown_pos);
}

/* The lowest position a gate holds, or NO_GATE. */
static uint64_t lowest_gate(const struct producer *producer)
{
    uint64_t lowest = NO_GATE;
    uint64_t gates = atomic_load_explicit(&producer->map.head->gates, memory_order_acquire);
    for (; gates; gates &= gates - 1) {
        const struct reader_slot *slot = &producer->map.slots[__builtin_ctzll(gates)];
        uint64_t pos = atomic_load_explicit(&slot->pos, memory_order_acquire);
        if (pos < lowest)
            lowest = pos;
    }
    return lowest;
}

static void drop_gate(struct producer *producer, uint32_t index)
{
    struct reader_slot *slot = &producer->map.slots[index];
    atomic_store_explicit(&slot->evicted, 1, memory_order_release);
    atomic_fetch_and_explicit(&producer->map.head->gates, ~(1ULL << index), memory_order_seq_cst);
    producer->gates[index].since_ns = 0;
}

/* Whether an evict reader has stood still at `pos` for its deadline while we wanted its place. */
static bool stalled(struct producer *producer, uint32_t index, uint64_t pos, int64_t now_ns)
{
    struct gate_watch *watch = &producer->gates[index];
    const struct reader_slot *slot = &producer->map.slots[index];
    if (atomic_load_explicit(&slot->policy, memory_order_relaxed) != SJ_BUS_EVICT)
        return false;
    if (watch->since_ns == 0 || watch->pos != pos) {
        *watch = (struct gate_watch){.pos = pos, .since_ns = now_ns};
        return false;
    }
    return now_ns - watch->since_ns >=
           atomic_load_explicit(&slot->evict_deadline_ns, memory_order_relaxed);
}

/* How far the producer may write while a gate holds `gate`. Not just up to its place: the newest
 * checkpoint not behind it is kept too, because whoever resumes the gate after a crash can enter
 * the stream at a checkpoint only. */
static uint64_t end_for_gate(const struct producer *producer, uint64_t gate)
{
    const struct ring_map *map = &producer->map;
    uint64_t count = atomic_load_explicit(&map->head->checkpoint_count, memory_order_relaxed);
    for (uint64_t age = 1; age <= count && age < map->g.step_count; age++) {
        uint64_t pos =
            atomic_load_explicit(&ring_checkpoint(map, count - age)->pos, memory_order_relaxed);
        if (pos > gate)
            continue;
        return pos + map->g.size - 2 * map->g.step_size;
    }
    return gate + map->g.size;
}

/* Looks at the gates that keep us from writing up to `end`; drops those of dead processes, those
 * past their deadline and those whose position no reader of ours can have. True: one was dropped.
 */
static bool drop_gates(struct producer *producer, uint64_t end)
{
    int64_t now_ns = sj_clock_mono_ns();
    bool look = now_ns - producer->alive_check_ns >= ALIVE_CHECK_NS;
    bool dropped = false;
    uint64_t gates = atomic_load_explicit(&producer->map.head->gates, memory_order_acquire);
    for (; gates; gates &= gates - 1) {
        uint32_t index = (uint32_t)__builtin_ctzll(gates);
        const struct reader_slot *slot = &producer->map.slots[index];
        uint64_t pos = atomic_load_explicit(&slot->pos, memory_order_acquire);
        if (pos != NO_GATE && end_for_gate(producer, pos) >= end)
            continue;
        if (stalled(producer, index, pos, now_ns) ||
            (look && !process_alive((struct process_id){slot->pid, slot->start_time}))) {
            drop_gate(producer, index);
            dropped = true;
        }
    }
    if (look)
        producer->alive_check_ns = now_ns;
    return dropped;
}

static uint64_t allowed_by(const struct producer *producer, uint64_t gate, uint64_t target)
{
    if (gate >= NO_GATE - ring_size(producer))
        return target;
    uint64_t end = end_for_gate(producer, gate);
    return end < target ? end : target;
}

/* What lies a ring's size before the limit; a ring on its first lap overwrites nothing. */
static uint64_t horizon_of(const struct producer *producer, uint64_t limit)
{
    return limit > ring_size(producer) ? limit - ring_size(producer) : 0;
}

/* Moves limit and horizon towards `target`, at least to `end`. False: a gate is in the way. */
static bool advance(struct producer *producer, uint64_t end, uint64_t target)
{
    struct ring_head *head = producer->map.head;
    uint64_t limit = producer->limit;
    uint64_t wanted = allowed_by(producer, lowest_gate(producer), target);
    if (wanted < end || wanted <= limit)
        return wanted >= end;
    atomic_store_explicit(&head->horizon, horizon_of(producer, wanted), memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
    uint64_t granted = allowed_by(producer, lowest_gate(producer), wanted);
    if (granted < wanted) {
        granted = granted > limit ? granted : limit;
        atomic_store_explicit(&head->horizon, horizon_of(producer, granted), memory_order_relaxed);
    }
    set_limit(producer, granted);
    atomic_thread_fence(memory_order_release); /* the horizon is seen before what it announces */
    return granted >= end;
}

void producer_clamp_to_gates(struct producer *producer)
{
    struct ring_head *head = producer->map.head;
    atomic_thread_fence(memory_order_seq_cst);
    uint64_t limit = allowed_by(producer, lowest_gate(producer), producer->limit);
    /* On its first lap, too, a ring keeps the checkpoint that a gate may have to come back to. */
    uint64_t first_lap = ring_size(producer) - 2 * producer->map.g.step_size;
    if (producer->limit <= ring_size(producer) && limit > first_lap)
        limit = first_lap;
    uint64_t needed = producer_pos(producer) + SJ_FRAME_UNIT; /* the zero stamp */
    set_limit(producer, limit < needed ? needed : limit);
    atomic_store_explicit(&head->horizon, horizon_of(producer, producer->limit),
                          memory_order_relaxed);
}

bool producer_make_room(struct sj_bus *bus, size_t size)
{
    struct producer *producer = producer_of(bus);
    uint64_t step = producer->map.g.step_size;
    uint64_t pos = producer_pos(producer);
    uint64_t end = pos + size + SJ_FRAME_UNIT;
    /* With more than half the ring staged, no checkpoint might lie behind the horizon. */
    if (pos + size <= bus->shown_pos + ring_size(producer) / 2) {
        if (end <= producer->limit)
            return true;
        uint64_t target = (end + step - 1) & ~(step - 1);
        if (advance(producer, end, target) ||
            (drop_gates(producer, end) && advance(producer, end, target)))
            return true;
    }
    sj_bus_count(&bus->shown->refused_count, 1);
    return false;
}

bool sj_bus_claim_slow(struct sj_bus *bus, size_t size)
{
    if (size <= SJ_EVENT_SIZE_MAX)
        return producer_make_room(bus, size);
    sj_bus_count(&bus->shown->refused_count, 1);
    return false;
}
