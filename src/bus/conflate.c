/*
 * conflate.c: the latest event of each (topic, type).
 *
 * The reader itself keeps the latest: every poll first takes in all that is new (as a lossy
 * reader), then hands out the cell that has waited longest. A cell that is overwritten before it
 * was handed out keeps its turn, and the event it held is counted as lost, so that handed out +
 * lost = published.
 */
#include "base/assert.h"
#include "base/rc.h"
#include "bus/reader.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define TYPES (SJ_EVENT_TYPE_MAX + 1) /* type 0 stands for all beyond the table */

struct cell {
    uint8_t frame[SJ_EVENT_SIZE_MAX];
};

struct conflate {
    uint32_t *cell_of;  /* [topic][type]: number of its cell + 1; 0: none yet */
    struct cell *cells; /* taken in order of first use; untouched ones cost no memory */
    uint32_t *sizes;    /* of the frame in each cell; 0: handed out */
    uint32_t *queue;    /* cells that wait, a ring of cell_max */
    uint64_t cell_max;
    uint64_t cell_count;
    uint64_t queue_head;
    uint64_t queue_tail;
    size_t memory_size;
    uint8_t *memory;
};

sj_rc conflate_create(struct reader *reader)
{
    struct conflate *c = calloc(1, sizeof *c);
    if (!c)
        return -SJ_E_LIMIT;
    c->cell_max = (uint64_t)reader->map.g.topic_count * TYPES;
    c->memory_size = c->cell_max * (sizeof(struct cell) + 3 * sizeof(uint32_t));
    c->memory = mmap(NULL, c->memory_size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (c->memory == MAP_FAILED) {
        free(c);
        return -SJ_E_LIMIT;
    }
    c->cells = (struct cell *)(void *)c->memory;
    c->cell_of = (uint32_t *)(void *)(c->cells + c->cell_max);
    c->sizes = c->cell_of + c->cell_max;
    c->queue = c->sizes + c->cell_max;
    reader->conflate = c;
    return 0;
}

void conflate_destroy(struct conflate *conflate)
{
    if (!conflate)
        return;
    munmap(conflate->memory, conflate->memory_size);
    free(conflate);
}

bool conflate_pending(const struct conflate *conflate)
{
    return conflate->queue_head != conflate->queue_tail;
}

static void count_skipped(struct reader *reader, uint32_t topic)
{
    sj_bus_count(&reader->topics.lost[topic], 1);
    reader->lost_count++;
}

static void keep(struct reader *reader, const uint8_t *frame, uint32_t size)
{
    struct conflate *c = reader->conflate;
    const struct sj_frame *head = (const struct sj_frame *)(const void *)frame;
    uint32_t type = head->template_id < TYPES ? head->template_id : 0;
    uint32_t *cell_of = &c->cell_of[(uint64_t)head->instrument * TYPES + type];
    if (*cell_of == 0)
        *cell_of = (uint32_t)++c->cell_count;
    uint32_t cell = *cell_of - 1;
    if (c->sizes[cell])
        count_skipped(reader, head->instrument);
    else
        c->queue[c->queue_tail++ % c->cell_max] = cell;
    memcpy(c->cells[cell].frame, frame, size);
    c->sizes[cell] = size;
}

/* Takes in everything shown by now. 0: caught up. */
static sj_rc absorb(struct reader *reader)
{
    uint8_t frame[SJ_EVENT_SIZE_MAX];
    uint64_t end_seq =
        atomic_load_explicit(&reader->map.head->shown.last_seq, memory_order_relaxed);
    do {
        const struct sj_frame *place;
        const uint8_t *before = reader->fast.place;
        sj_rc rc = sj_bus_next(&reader->fast, &place);
        if (rc <= 0)
            return rc;
        uint32_t size = (uint32_t)(reader->fast.place - before);
        uint32_t topic = reader->fast.log[-1];
        SJ_ASSERT(size >= SJ_FRAME_UNIT); /* a head at least */
        memcpy(frame, place, size);
        rc = sj_bus_release(&reader->fast);
        if (rc < 0)
            return rc;
        /* Private now, but its head was another process's word when it was checked. */
        if (((const struct sj_frame *)(const void *)frame)->instrument != topic)
            return -SJ_E_CORRUPT;
        keep(reader, frame, size);
    } while (reader->fast.seq <= end_seq);
    return 0;
}

sj_rc conflate_poll(struct reader *reader, void *buffer)
{
    struct conflate *c = reader->conflate;
    sj_rc rc = absorb(reader);
    if (!conflate_pending(c))
        return rc;
    if (rc < 0 && rc != -SJ_E_CLOSED)
        return rc;
    uint32_t cell = c->queue[c->queue_head++ % c->cell_max];
    uint32_t size = c->sizes[cell];
    memcpy(buffer, c->cells[cell].frame, size);
    c->sizes[cell] = 0;
    reader_publish_place(reader);
    return (sj_rc)size;
}
