/*
 * scan.h: the whole blocks of one segment, one after the other, and what lies damaged between them.
 *
 * Threads  [owner]. Memory: none of its own.
 */
#ifndef SJ_JOURNAL_SCAN_H
#define SJ_JOURNAL_SCAN_H

#include "journal/segment.h"

struct sj_scan {
    struct sj_window *window;
    uint64_t base;   /* of the segment; learnt from a block when the header is lost */
    uint64_t nonce;  /* likewise; 0 = not known */
    uint64_t offset; /* of the next block */
    uint64_t limit;  /* where the blocks end, where that is known; else the window's size */
    bool limit_known;
    bool trust_payload; /* the payload's CRC is not computed: only headers are read */
    bool chain_known;
    uint32_t chain;    /* head_crc of the block before offset */
    uint64_t searched; /* nothing whole from here to the window's end, as of the last search */
    /* After -SJ_E_CORRUPT: what was skipped. */
    uint64_t damage_offset;
    uint64_t damage_size;
    const char *damage_text;
};

struct sj_scan_block {
    struct sj_block_head head;
    const uint8_t *payload; /* valid until the next call on the window */
};

/* At the first block of the window's segment; its end is taken from the trailer. */
void sj_scan_init(struct sj_scan *scan, struct sj_window *window);

/* Jumps to a block that is known to begin at `offset`. */
void sj_scan_jump(struct sj_scan *scan, uint64_t offset);

/* The next whole block: 1. At the end, or where nothing whole follows: 0, and offset stays.
 * -SJ_E_CORRUPT: damage from damage_offset was passed over; call again. */
SJ_MUST_USE sj_rc sj_scan_next(struct sj_scan *scan, struct sj_scan_block *ret_block);

#endif
