#include "journal/scan.h"

#include <string.h>

#define SEARCH_STEP (64u << 10)

void sj_scan_init(struct sj_scan *scan, struct sj_window *window)
{
    *scan = (struct sj_scan){.window = window, .offset = SJ_JOURNAL_PAGE, .chain_known = true};
    if (window->head_whole || window->sealed) {
        scan->base = window->head_whole ? window->head.base : window->trailer.base;
        scan->nonce = window->head_whole ? window->head.nonce : window->trailer.nonce;
    }
    if (window->sealed && window->trailer.end >= scan->base &&
        window->trailer.end - scan->base <= window->size) {
        scan->limit = window->trailer.end - scan->base;
        scan->limit_known = true;
    }
}

void sj_scan_jump(struct sj_scan *scan, uint64_t offset)
{
    scan->offset = offset;
    scan->chain_known = offset == SJ_JOURNAL_PAGE;
    scan->chain = 0;
    scan->searched = 0;
}

static uint64_t scan_limit(const struct sj_scan *scan)
{
    uint64_t size = scan->window->size;
    return scan->limit_known && scan->limit < size ? scan->limit : size;
}

/* Whether a whole block of this segment begins at `offset`. */
static bool block_at(struct sj_scan *scan, uint64_t offset, struct sj_scan_block *ret)
{
    uint64_t limit = scan_limit(scan);
    if (offset > limit || limit - offset < sizeof(ret->head))
        return false;
    const uint8_t *at = sj_window_get(scan->window, offset, sizeof(ret->head));
    if (at == NULL)
        return false;
    memcpy(&ret->head, at, sizeof(ret->head));
    if (sj_block_head_check(&ret->head) < 0 ||
        ret->head.payload_size > limit - offset - sizeof(ret->head))
        return false;
    if (scan->nonce != 0
            ? ret->head.segment_nonce != scan->nonce || ret->head.position != scan->base + offset
            : ret->head.position < offset || (ret->head.position - offset) % SJ_JOURNAL_PAGE != 0)
        return false;
    if (scan->trust_payload && !(ret->head.flags & SJ_BLOCK_DEFINITIONS)) {
        ret->payload = NULL;
        return true;
    }
    at = sj_window_get(scan->window, offset, sizeof(ret->head) + ret->head.payload_size);
    if (at == NULL)
        return false;
    ret->payload = at + sizeof(ret->head);
    return sj_block_payload_check(&ret->head, ret->payload) == 0;
}

/* The first offset >= `from` where a whole block begins, or the limit. */
static uint64_t search(struct sj_scan *scan, uint64_t from)
{
    static const uint64_t magic = SJ_BLOCK_MAGIC;
    uint64_t limit = scan_limit(scan);
    struct sj_scan_block block;
    for (uint64_t offset = from; offset < limit;) {
        offset = sj_window_next_data(scan->window, offset) & ~(uint64_t)(SJ_FRAME_UNIT - 1);
        if (offset < from)
            offset = from;
        size_t step = SEARCH_STEP - offset % SEARCH_STEP;
        if (offset >= limit)
            break;
        uint64_t contiguous = sj_window_contiguous(scan->window, offset);
        if (step > contiguous)
            step = contiguous;
        if (step > limit - offset)
            step = limit - offset;
        const uint8_t *at = sj_window_get(scan->window, offset, step);
        uint64_t next = offset + step;
        for (size_t i = 0; at != NULL && i + sizeof(magic) <= step; i += SJ_FRAME_UNIT) {
            if (memcmp(at + i, &magic, sizeof(magic)) != 0)
                continue;
            if (block_at(scan, offset + i, &block))
                return offset + i;
            next = offset + i + SJ_FRAME_UNIT; /* block_at used the window: begin anew behind */
            break;
        }
        offset = next;
    }
    return limit;
}

static sj_rc skip_damage(struct sj_scan *scan, uint64_t to, const char *text)
{
    scan->damage_offset = scan->offset;
    scan->damage_size = to - scan->offset;
    scan->damage_text = text;
    scan->offset = to;
    scan->chain_known = false;
    return -SJ_E_CORRUPT;
}

sj_rc sj_scan_next(struct sj_scan *scan, struct sj_scan_block *ret_block)
{
    struct sj_scan_block block;
    uint64_t limit = scan_limit(scan);
    if (scan->limit_known && scan->offset >= limit && scan->offset < scan->limit)
        return skip_damage(scan, scan->limit, "the file ends before its blocks do");
    if (scan->offset >= limit)
        return 0;
    if (!block_at(scan, scan->offset, &block)) {
        if (!scan->limit_known && scan->searched == limit)
            return 0;
        uint64_t found = search(scan, scan->offset + SJ_FRAME_UNIT);
        if (found < limit)
            return skip_damage(scan, found, "no whole block");
        if (scan->limit_known)
            return skip_damage(scan, scan->limit, "no whole block up to the end");
        scan->searched = limit;
        return 0;
    }
    bool is_void = block.head.flags & SJ_BLOCK_VOID;
    if (scan->chain_known && !is_void && block.head.chain != scan->chain)
        /* Whole by itself, but not the one that was written behind its neighbour: no such block is
         * ours. The next one is judged by itself again. */
        return skip_damage(scan, scan->offset + sizeof(block.head) + block.head.payload_size,
                           "a block that does not follow the one before it");
    if (scan->nonce == 0) {
        scan->nonce = block.head.segment_nonce;
        scan->base = block.head.position - scan->offset;
    }
    scan->offset += sizeof(block.head) + block.head.payload_size;
    scan->chain = block.head.head_crc;
    scan->chain_known = !is_void; /* what follows was chained to what was taken away */
    *ret_block = block;
    return 1;
}
