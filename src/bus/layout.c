#include "bus/layout.h"

#include "base/rc.h"

/* The horizon moves in steps of 1/64 of the ring, or coarser where the table of counts saved with
 * each step would be more than a sixteenth of the step. At least 8: with half the ring staged the
 * newest checkpoint must still lie behind the horizon. */
#define STEPS_MAX 64
#define STEPS_MIN 8
#define STEP_PER_TABLE 16

static uint64_t lines(uint64_t size)
{
    return (size + RING_LINE - 1) / RING_LINE * RING_LINE;
}

sj_rc ring_geometry(uint64_t size, uint32_t topic_count, struct geometry *ret)
{
    if (size < RING_SIZE_MIN || size > RING_SIZE_MAX || (size & (size - 1)) || topic_count == 0 ||
        topic_count > RING_TOPICS_MAX)
        return -SJ_E_RANGE;
    struct geometry g = {.size = size, .topic_count = topic_count};
    g.table_size = lines(8ULL * topic_count);
    g.step_count = STEPS_MAX;
    while (g.step_count > STEPS_MIN && size / g.step_count < STEP_PER_TABLE * g.table_size)
        g.step_count /= 2;
    g.step_size = size / g.step_count;
    g.checkpoint_size = RING_LINE + g.table_size;
    g.slots_offset = RING_HEAD_SIZE;
    g.published_offset = g.slots_offset + SJ_BUS_READERS_MAX * sizeof(struct reader_slot);
    g.checkpoints_offset = g.published_offset + g.table_size;
    g.topics_offset = g.checkpoints_offset + g.step_count * g.checkpoint_size;
    g.data_offset = g.topics_offset + SJ_BUS_READERS_MAX * 3 * g.table_size;
    g.data_offset = (g.data_offset + 4095) / 4096 * 4096;
    g.file_size = g.data_offset + size;
    *ret = g;
    return 0;
}

uint64_t ring_layout_hash(void)
{
    const uint64_t facts[] = {sizeof(struct ring_head),
                              offsetof(struct ring_head, pid),
                              offsetof(struct ring_head, shown),
                              offsetof(struct ring_head, horizon),
                              offsetof(struct ring_head, parked),
                              sizeof(struct reader_slot),
                              offsetof(struct reader_slot, pos),
                              offsetof(struct reader_slot, evicted),
                              sizeof(struct checkpoint),
                              offsetof(struct sj_frame, instrument),
                              SJ_FRAME_UNIT,
                              SJ_EVENT_SIZE_MAX,
                              SJ_BUS_READERS_MAX,
                              RING_HEAD_SIZE,
                              STEPS_MAX,
                              STEPS_MIN,
                              STEP_PER_TABLE};
    uint64_t hash = 0xcbf29ce484222325ULL; /* FNV-1a over words */
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++)
        hash = (hash ^ facts[i]) * 0x100000001b3ULL;
    return hash;
}
