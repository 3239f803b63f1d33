/*
 * feed.h: inputs that are read by one thread, one after the other: journals and TAIFEX's days.
 *
 * Threads  One owner. Memory: what one input takes.
 */
#ifndef SJ_CONVERT_FEED_H
#define SJ_CONVERT_FEED_H

#include "convert/convert.h"
#include "convert/encode.h"

struct sj_feed;

/* `encode`: the options as they are used; both stay the caller's. The first input is opened, so
 * that what is none is told before anything is written. */
SJ_MUST_USE sj_rc sj_feed_open(const struct sj_convert_options *options,
                               const struct sj_encode_options *encode, struct sj_feed **ret_feed,
                               char error[512]);
void sj_feed_close(struct sj_feed *feed);

/* The next batches and which piece of which input they are: 1, or 0 behind the last input.
 * *ret_size: bytes of text, or of events. */
SJ_MUST_USE sj_rc sj_feed_next(struct sj_feed *feed, struct sj_bundle *bundle,
                               struct sj_piece *piece, uint64_t *ret_size, char error[512]);

/* Bytes of all inputs as they lie on the disk, and how many were read. */
uint64_t sj_feed_size(const struct sj_feed *feed);
uint64_t sj_feed_taken(const struct sj_feed *feed);

/* XXH3-128 of an input that was read to its end: of a file's bytes, of a journal's events. */
void sj_feed_hash(const struct sj_feed *feed, uint32_t input, char ret_hex[33]);

#endif
