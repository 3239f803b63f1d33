#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/crc32c.h"
#include "journal/writer.h"

/* Closed blocks are handed over without being asked for from this many bytes on. */
#define OFFER_SIZE (1u << 20)
#define WAIT_NS (50 * SJ_NS_PER_MS)

void sj_writer_close_block(struct sj_journal *journal)
{
    struct sj_open_block *block = &journal->block;
    if (!block->is_open)
        return;
    struct sj_block_head *head = &block->head;
    head->chain = journal->chain;
    head->durable_position = sj_commit_durable(&journal->commit);
    sj_block_head_seal(head);
    memcpy(sj_commit_at(&journal->commit, block->position), head, sizeof(*head));
    sj_index_add_block(journal->index, head, block->position - journal->base);
    journal->chain = head->head_crc;
    journal->closed_end = journal->tail;
    block->is_open = false;
}

static void open_block(struct sj_journal *journal, uint32_t src, uint64_t first_seq, uint32_t flags)
{
    struct sj_open_block *block = &journal->block;
    SJ_ASSERT(!block->is_open);
    block->is_open = true;
    block->position = journal->tail;
    block->granule = sj_index_granule(journal->index, journal->tail - journal->base);
    block->head = (struct sj_block_head){.position = journal->tail,
                                         .flags = flags,
                                         .segment_nonce = journal->nonce,
                                         .src = src,
                                         .first_seq = first_seq,
                                         .last_seq = first_seq - 1,
                                         .prev_seq = journal->last_seq[src],
                                         .first_ns = INT64_MAX,
                                         .last_ns = INT64_MIN,
                                         .event_count = journal->event_count};
    journal->tail += sizeof(block->head);
}

/* Puts as many frames of [at, end) into the open block as it holds. Returns where it stopped. */
static const uint8_t *fill_block(struct sj_journal *journal, const uint8_t *at, const uint8_t *end)
{
    struct sj_open_block *block = &journal->block;
    struct sj_block_head *head = &block->head;
    size_t room = journal->block_max - sizeof(*head) - head->payload_size;
    const uint8_t *begin = at;
    uint32_t count = 0;
    while (at < end) {
        const struct sj_frame *frame = (const void *)at;
        uint32_t size = sj_frame_size(frame);
        if ((size_t)(at - begin) + size > room)
            break;
        int64_t time_ns = sj_frame_time(frame);
        head->first_ns = time_ns < head->first_ns ? time_ns : head->first_ns;
        head->last_ns = time_ns > head->last_ns ? time_ns : head->last_ns;
        sj_index_add_instrument(journal->index, block->granule, frame->instrument);
        if (SJ_UNLIKELY(frame->template_id == SJ_EVENT_INSTRUMENT) &&
            size >= sizeof(struct sj_instrument)) {
            head->flags |= SJ_BLOCK_DEFINITIONS;
            if (!(head->flags & SJ_BLOCK_REPEAT))
                sj_definitions_put(&journal->definitions, head->src, (const void *)at);
        }
        at += size;
        count++;
    }
    size_t size = (size_t)(at - begin);
    memcpy(sj_commit_at(&journal->commit, journal->tail), begin, size);
    head->payload_crc = sj_crc32c(head->payload_crc, begin, size);
    head->payload_size += (uint32_t)size;
    head->count += count;
    head->last_seq += count;
    journal->tail += size;
    return at;
}

/* Definitions keep the sequence they had, so their blocks' sequences say nothing. */
static void repeat_definitions(struct sj_journal *journal)
{
    const struct sj_definitions *definitions = &journal->definitions;
    for (uint32_t id = 1; id <= definitions->id_max; id++) {
        const struct sj_definition *slot = &definitions->slots[id];
        if (!slot->known)
            continue;
        const uint8_t *frame = (const uint8_t *)&slot->frame;
        const uint8_t *end = frame + sizeof(slot->frame);
        if (journal->block.is_open && (journal->block.head.src != slot->src ||
                                       journal->block.head.payload_size + sizeof(slot->frame) >
                                           journal->block_max - sizeof(journal->block.head)))
            sj_writer_close_block(journal);
        if (!journal->block.is_open)
            open_block(journal, slot->src, 1, SJ_BLOCK_REPEAT);
        fill_block(journal, frame, end);
    }
    sj_writer_close_block(journal);
}

static sj_rc take_file(struct sj_journal *journal, bool nonblocking, int *ret_fd)
{
    for (;;) {
        sj_rc rc = sj_keeper_take(&journal->keeper, nonblocking ? 0 : WAIT_NS, ret_fd,
                                  &journal->ordinal, &journal->index);
        if (rc == 0)
            return 0;
        if (rc != -EAGAIN)
            return sj_writer_stop(journal, rc,
                                  rc == -ENOSPC ? "no room for the next segment"
                                                : "making the next segment");
        if (nonblocking)
            return -SJ_E_FULL;
        rc = sj_writer_check(journal);
        if (rc < 0)
            return rc;
    }
}

sj_rc sj_writer_begin_segment(struct sj_journal *journal, uint64_t base, uint64_t prev_end,
                              bool nonblocking)
{
    struct sj_segment_head head;
    int fd;
    sj_rc rc = take_file(journal, nonblocking, &fd);
    if (rc < 0)
        return rc;
    struct sj_commit_roll roll = {
        .base = base, .prev_end = prev_end, .ordinal = journal->ordinal, .fd = fd};
    while (!sj_commit_roll(&journal->commit, &roll))
        sj_commit_wait(&journal->commit, journal->offered, false, WAIT_NS);
    if (getrandom(&journal->nonce, sizeof(journal->nonce), 0) != sizeof(journal->nonce))
        journal->nonce = (uint64_t)sj_clock_utc_ns();
    journal->nonce |= 1; /* 0 means unknown */
    head = (struct sj_segment_head){.journal_id = journal->journal_id,
                                    .nonce = journal->nonce,
                                    .ordinal = journal->ordinal,
                                    .base = base,
                                    .prev_end = prev_end,
                                    .size = journal->options.segment_size,
                                    .event_count = journal->event_count,
                                    .created_ns = sj_clock_utc_ns()};
    head.granule_size = sj_index_granule_size(head.size);
    for (uint32_t src = 0; src < SJ_JOURNAL_SOURCES_MAX; src++)
        head.sources[src].last_seq = journal->last_seq[src];
    sj_segment_head_seal(&head);
    sj_index_reset(journal->index, head.granule_size, head.sources);
    memcpy(sj_commit_at(&journal->commit, base), &head, sizeof(head));
    journal->base = base;
    journal->tail = journal->closed_end = base + SJ_JOURNAL_PAGE;
    journal->chain = 0;
    journal->has_events = false;
    repeat_definitions(journal);
    return 0;
}

sj_rc sj_writer_reserve(struct sj_journal *journal, uint64_t size, bool nonblocking)
{
    struct sj_commit *commit = &journal->commit;
    bool was_full = false;
    for (;;) {
        uint64_t freed = atomic_load_explicit(&commit->freed, memory_order_acquire);
        if (journal->tail + size <= freed + commit->ring_size)
            return 0;
        if (!was_full)
            sj_head_add(&journal->head->full_count, 1);
        was_full = true;
        sj_writer_flush(journal);
        if (nonblocking)
            return -SJ_E_FULL;
        sj_commit_wait(commit, journal->tail + size - commit->ring_size, true, WAIT_NS);
        sj_rc rc = sj_writer_check(journal);
        if (rc < 0)
            return rc;
    }
}

/* The run's frames are whole and their sequences rise by one from one above `last_seq` on. */
static sj_rc check_run(const uint8_t *at, size_t size, uint32_t count, uint64_t last_seq,
                       uint32_t *ret_definitions)
{
    if (count == 0 || size == 0 || (uintptr_t)at % 8 != 0)
        return -SJ_E_MALFORMED;
    const uint8_t *end = at + size;
    uint64_t seq = ((const struct sj_frame *)(const void *)at)->seq;
    uint32_t definitions = 0;
    if (seq <= last_seq || seq > UINT64_MAX / 2)
        return -SJ_E_RANGE;
    for (; at < end; seq++, count--) {
        const struct sj_frame *frame = (const void *)at;
        uint32_t frame_size = sj_frame_fits(at, (uint64_t)(end - at));
        if (frame_size == 0 || frame->seq != seq || count == 0)
            return -SJ_E_MALFORMED;
        definitions += frame->template_id == SJ_EVENT_INSTRUMENT;
        at += frame_size;
    }
    *ret_definitions = definitions;
    return count == 0 ? 0 : -SJ_E_MALFORMED;
}

/* Bytes that `size` bytes of frames take with the headers of their blocks. */
static uint64_t size_with_heads(const struct sj_journal *journal, uint64_t size)
{
    uint64_t payload = journal->block_max - sizeof(struct sj_block_head) - SJ_EVENT_SIZE_MAX;
    return size + (size / payload + 2) * sizeof(struct sj_block_head);
}

/* Room in ring and segment for the run, before anything of it is taken: a run lies in one segment.
 */
static sj_rc make_room(struct sj_journal *journal, uint64_t size, uint32_t definitions)
{
    bool nonblocking = journal->options.nonblocking;
    uint64_t need = size_with_heads(journal, size);
    uint64_t repeats = (journal->definitions.count + definitions) * sizeof(struct sj_instrument);
    uint64_t repeats_need = size_with_heads(journal, repeats) + 64 * sizeof(struct sj_block_head);
    if (definitions > 0 && repeats_need > journal->options.segment_size / 2)
        return -SJ_E_LIMIT;
    if (journal->tail - journal->base + need <= journal->options.segment_size)
        return sj_writer_reserve(journal, need, nonblocking);
    sj_rc rc = sj_writer_reserve(journal, need + repeats_need + 2 * SJ_JOURNAL_PAGE, nonblocking);
    if (rc < 0)
        return rc;
    sj_writer_flush(journal);
    struct sj_seal seal = {.ordinal = journal->ordinal,
                           .journal_id = journal->journal_id,
                           .nonce = journal->nonce,
                           .base = journal->base,
                           .end = journal->tail,
                           .clean = true,
                           .index = journal->index};
    rc = sj_writer_begin_segment(journal, sj_page_up(journal->tail), journal->tail, nonblocking);
    if (rc == 0)
        sj_keeper_seal(&journal->keeper, &seal);
    return rc;
}

static void note_accepted(struct sj_journal *journal, uint32_t src, uint32_t count)
{
    struct sj_head *head = journal->head;
    sj_head_add(&head->accepted_count, count);
    atomic_store_explicit(&head->accepted_seq[src], journal->last_seq[src], memory_order_release);
    atomic_store_explicit(&head->accepted_position, journal->tail, memory_order_release);
    if (!journal->pending) {
        journal->pending = true;
        journal->pending_since_ns = journal->now_ns;
    }
    if (journal->closed_end - journal->offered >= OFFER_SIZE) {
        journal->offered = journal->closed_end;
        sj_commit_offer(&journal->commit, journal->offered);
    }
}

sj_rc sj_journal_append(struct sj_journal *journal, uint32_t src, const void *frames, size_t size,
                        uint32_t count)
{
    uint32_t definitions;
    sj_rc rc = sj_writer_check(journal);
    if (rc < 0)
        return rc;
    if (src >= SJ_JOURNAL_SOURCES_MAX || size > journal->run_max)
        return -SJ_E_RANGE;
    rc = check_run(frames, size, count, journal->last_seq[src], &definitions);
    if (rc == 0)
        rc = make_room(journal, size, definitions);
    if (rc < 0)
        return rc;
    struct sj_open_block *block = &journal->block;
    const uint8_t *at = frames;
    const uint8_t *end = at + size;
    uint64_t seq = ((const struct sj_frame *)frames)->seq;
    uint64_t last_seq = journal->last_seq[src];
    if (last_seq != 0 && seq != last_seq + 1)
        sj_head_add(&journal->head->hole_count, seq - last_seq - 1);
    if (block->is_open && (block->head.src != src || block->head.last_seq + 1 != seq))
        sj_writer_close_block(journal);
    while (at < end) {
        if (!block->is_open)
            open_block(journal, src, seq, 0);
        const uint8_t *next = fill_block(journal, at, end);
        journal->event_count += block->head.last_seq + 1 - seq;
        seq = block->head.last_seq + 1;
        journal->last_seq[src] = seq - 1;
        if (next < end)
            sj_writer_close_block(journal);
        at = next;
    }
    journal->has_events = true;
    note_accepted(journal, src, count);
    return 0;
}
