/*
 * journal.h: the append-only log of every event, and its readers.
 *
 * A journal is a directory of preallocated segments. A segment holds blocks; a block holds the
 * frames (event.h) of one source with an unbroken run of sequences, its time range and a CRC32C. A
 * position counts bytes from the journal's first byte, over all segments, and only grows.
 *
 * "Durable" means: the block is whole and fdatasync (or its equal) has returned for it. A position
 * or sequence reported durable is there after a crash of the process, the system or the power.
 *
 * Errors   -ENOSPC, -EACCES, -EIO, ...: the writer has stopped and says so at every call; nothing
 *          accepted is lost. -SJ_E_CORRUPT: bytes are not what was written.
 * Threads  [writer] the one appending thread. [reader] the thread that owns the reader. [any].
 * Memory   buffers are taken at open.
 */
#ifndef SHIJIM_JOURNAL_H
#define SHIJIM_JOURNAL_H

#include "shijim/event.h"
#include "shijim/rc.h"

#include <stdbool.h>

#define SJ_JOURNAL_SOURCES_MAX 64
#define SJ_JOURNAL_CURSOR_NAME_MAX 32

struct sj_journal;
struct sj_journal_reader;

struct sj_journal_options {
    const char *dir;
    uint64_t segment_size; /* 0 = 256 MiB */
    int64_t flush_min_ns;  /* the interval adapts between these two; 0 = 200 us and 1 ms */
    int64_t flush_max_ns;
    uint64_t reserve_size;   /* free space that must stay on the disk; 0 = 1 GiB */
    uint64_t keep_size;      /* retention: sealed segments beyond this go; 0 = keep all */
    int64_t keep_age_ns;     /* retention by age; 0 = keep all */
    int64_t compress_age_ns; /* sealed segments older than this are compressed; 0 = never */
    uint64_t buffer_size;    /* accepted but not yet written, at most; a power of two; 0 = 32 MiB */
    bool nonblocking; /* a full buffer is -SJ_E_FULL at once instead of waiting for the disk */
    const struct sj_journal_io
        *io; /* NULL: the system's (src/journal/io.h; tests put faults here) */
};

/* Events of a source that are known to have been there and are not any more. */
struct sj_journal_lost {
    uint32_t src;
    uint64_t first_seq;
    uint64_t last_seq;
    uint64_t position; /* where they would have been, or the cut */
};
#define SJ_JOURNAL_LOST_MAX 256
#define SJ_JOURNAL_DAMAGE_LOST_MAX 16

/* What opening found. */
struct sj_journal_recovery {
    bool was_clean;        /* closed in order */
    uint64_t cut_position; /* where a torn tail was cut, and how many bytes of it held something */
    uint64_t cut_size;
    uint64_t event_count; /* events in the journal since its beginning, definitions repeated not */
    uint32_t source_count;
    struct {
        uint32_t src;
        uint64_t last_seq; /* the last whole one; what comes after it was lost or never written */
        uint64_t
            accepted_seq; /* the last one accepted, where the writer's head file tells; else 0 */
    } sources[SJ_JOURNAL_SOURCES_MAX];
    uint64_t lost_count; /* of ranges below; more than the maximum are counted, not listed */
    struct sj_journal_lost lost[SJ_JOURNAL_LOST_MAX];
    char text[160]; /* one line for the log: clean, or what was cut and lost */
};

/* Opens or creates for appending. -SJ_E_BUSY: another writer has it. -EACCES: the directory cannot
 * be written. -ENOSPC: no room for the first segment. -SJ_E_LAYOUT: another version. Nothing is
 * appended on its own: whoever owns source 0 appends an SJ_GAP_JOURNAL event for each range in
 * `lost`. [writer] */
SJ_API SJ_MUST_USE sj_rc sj_journal_open(const struct sj_journal_options *options,
                                         struct sj_journal_recovery *ret_recovery,
                                         struct sj_journal **ret_journal);

/* Calls `each` for the latest definition of every instrument that the journal knows, until it
 * returns a negative code, and returns that. After open: who publishes next needs the ids. [writer]
 */
SJ_API SJ_MUST_USE sj_rc sj_journal_definitions(const struct sj_journal *journal,
                                                int (*each)(const struct sj_instrument *definition,
                                                            void *context),
                                                void *context);

/* Flushes, seals in order, closes. Accepts NULL. [writer] */
SJ_API sj_rc sj_journal_close(struct sj_journal *journal);

/* Accepts `count` frames back to back (`size` bytes) of source `src` (below
 * SJ_JOURNAL_SOURCES_MAX), sequences rising without a break from the first one's seq. All or
 * nothing. Does not wait for the disk's cache, and not for the disk unless buffer_size is used up.
 * A break against the source's last sequence starts a new block and is recorded as a hole.
 * Definitions (sj_instrument) are also kept for the head of the next segments. -SJ_E_MALFORMED: not
 * such a run of frames. -SJ_E_RANGE: not above the source's last sequence, or more than a quarter
 * of the smaller of buffer and segment. -SJ_E_FULL: see nonblocking. Any other error has stopped
 * the journal. [writer] */
SJ_API SJ_MUST_USE sj_rc sj_journal_append(struct sj_journal *journal, uint32_t src,
                                           const void *frames, size_t size, uint32_t count);

/* Starts the group commit when it is due, collects finished ones, rolls segments. Returns how much
 * it did. Call in every turn of the loop. [writer] */
SJ_API SJ_MUST_USE sj_rc sj_journal_do_work(struct sj_journal *journal, int64_t now_mono_ns);

/* Makes everything accepted durable before it returns. [writer] */
SJ_API SJ_MUST_USE sj_rc sj_journal_sync(struct sj_journal *journal);

/* The last durable sequence of a source, and the durable position of the journal. [any] */
SJ_API uint64_t sj_journal_durable_seq(const struct sj_journal *journal, uint32_t src);
SJ_API uint64_t sj_journal_durable_position(const struct sj_journal *journal);

struct sj_journal_stat {
    uint64_t accepted_count;
    uint64_t durable_count;
    uint64_t hole_count; /* sequences missing between appends */
    uint64_t position;
    uint64_t durable_position;
    uint64_t sync_count;
    int64_t flush_interval_ns; /* the adapted one */
    double rate_ewma;          /* events/s */
    uint64_t segment_count;
    uint64_t size;
    sj_rc stopped;             /* 0, or why nothing more is accepted */
    uint64_t written_position; /* in the file, and readable, though not yet durable */
    uint64_t full_count;       /* appends that met a full buffer */
    int64_t sync_ewma_ns;      /* what a write and its fdatasync take */
    uint64_t retained_size;    /* would be deleted by now if a cursor were not behind it ... */
    char retained_by[SJ_JOURNAL_CURSOR_NAME_MAX]; /* ... this one */
    uint64_t compressed_count; /* segments compressed and deleted by this writer */
    uint64_t deleted_count;
    sj_rc keeper_error; /* the last failure of sealing, compressing or deleting (none stops it) */
    char stopped_text[128]; /* one line: what failed, and what to do */
};
SJ_API void sj_journal_stat(const struct sj_journal *journal, struct sj_journal_stat *ret);

/* A run of frames of one block, readable in place (mapped; at the live head in the
 * reader's buffer; valid until the next call on the reader). */
struct sj_journal_span {
    const uint8_t *begin;
    const uint8_t *end;
    uint64_t first_seq;
    uint32_t count;
    uint32_t src;
    uint64_t position;      /* of the block */
    uint64_t next_position; /* where to go on after it */
    int64_t first_ns;       /* recv_ns range of the block */
    int64_t last_ns;
    uint64_t
        prev_seq; /* the last of this source in the journal before it; first_seq - 1: no hole */
    uint64_t event_count; /* events in the journal before this block */
    bool repeat;          /* definitions repeated at a segment's head: no new events */
};

struct sj_journal_reader_options {
    const char *dir;
    bool durable_only; /* stop at the durable position of a live writer (cursors do) */
    bool repeats;      /* deliver the definitions that stand at each segment's head, too */
};

/* Opens a journal that may be written at the same time, by this or another process, or by none.
 * Compressed segments are read too. [reader] */
SJ_API SJ_MUST_USE sj_rc sj_journal_reader_open(const struct sj_journal_reader_options *options,
                                                struct sj_journal_reader **ret_reader);
SJ_API void sj_journal_reader_close(struct sj_journal_reader *reader);

/* The next block's frames. Returns their count; 0 at the (live) head. -SJ_E_CORRUPT: a damaged
 * range was skipped and is told by sj_journal_reader_damage; call again. [reader] */
SJ_API SJ_MUST_USE sj_rc sj_journal_read(struct sj_journal_reader *reader,
                                         struct sj_journal_span *ret_span);

/* Go to a position from a span or cursor; to the first block with recv time >= time_ns; to the
 * block with `seq` of `src`. [reader] */
SJ_API SJ_MUST_USE sj_rc sj_journal_seek(struct sj_journal_reader *reader, uint64_t position);
SJ_API SJ_MUST_USE sj_rc sj_journal_seek_time(struct sj_journal_reader *reader, int64_t time_ns);
SJ_API SJ_MUST_USE sj_rc sj_journal_seek_seq(struct sj_journal_reader *reader, uint32_t src,
                                             uint64_t seq);

/* The latest position there is to read up to (durable_only respected). [reader] */
SJ_API uint64_t sj_journal_reader_head(struct sj_journal_reader *reader);
SJ_API uint64_t sj_journal_reader_first(struct sj_journal_reader *reader);

struct sj_journal_damage {
    uint64_t position; /* first damaged byte and how many */
    uint64_t size;
    char file[64];
    char text[160];      /* what is wrong, and which sequences of which source are missing by it */
    uint32_t lost_count; /* the same as ranges; more than the maximum are counted, not listed */
    struct sj_journal_lost lost[SJ_JOURNAL_DAMAGE_LOST_MAX];
};
SJ_API void sj_journal_reader_damage(const struct sj_journal_reader *reader,
                                     struct sj_journal_damage *ret);

/* Only blocks that may hold an event of one of `instruments` are delivered from now on: sealed
 * segments are passed over by their index. What is delivered still holds others' events too. No
 * instruments: all again. [reader] */
SJ_API SJ_MUST_USE sj_rc sj_journal_reader_only(struct sj_journal_reader *reader,
                                                const uint32_t *instruments, uint32_t count);

/* Calls `each` with every definition that holds at the reader's place (those at the segment's head
 * and those after it up to the next block to read), oldest first. [reader] */
SJ_API SJ_MUST_USE sj_rc sj_journal_reader_definitions(
    struct sj_journal_reader *reader,
    void (*each)(const struct sj_instrument *definition, uint32_t src, void *context),
    void *context);

/* What a segment's file says of itself. For an unsealed one the blocks were counted. */
struct sj_journal_segment {
    char file[32];
    uint64_t ordinal;
    uint64_t base; /* positions of its first byte and behind its last block */
    uint64_t end;
    uint64_t file_size;
    uint64_t event_count;
    uint64_t block_count;
    int64_t created_ns;
    int64_t first_ns; /* of receive times; 0 when it has no events */
    int64_t last_ns;
    bool whole; /* header (and trailer and index where sealed) are; else only file and ordinal hold
                 */
    bool sealed;
    bool compressed;
    bool clean; /* sealed with everything in it whole */
    uint32_t source_count;
    struct {
        uint32_t src;
        uint64_t first_seq; /* of this segment */
        uint64_t last_seq;
    } sources[SJ_JOURNAL_SOURCES_MAX];
};

/* Calls `each` for every segment, oldest first. [any] */
SJ_API SJ_MUST_USE sj_rc sj_journal_list(const char *dir,
                                         void (*each)(const struct sj_journal_segment *segment,
                                                      void *context),
                                         void *context);

struct sj_journal_check {
    uint64_t segment_count;
    uint64_t block_count;
    uint64_t event_count;
    uint64_t
        damage_count; /* damaged ranges, their bytes, and the events known to be lost by them */
    uint64_t damage_size;
    uint64_t lost_count;
    uint64_t hole_count;     /* sequences that were missing when they were appended: no damage */
    uint64_t repaired_count; /* repair: ranges put aside, and those it could not mend */
    uint64_t unrepaired_count;
};

/* Reads everything (of a live journal up to its head); calls `each` for each damaged range. Returns
 * 0 when there is none, 1 when there is. [any] */
SJ_API SJ_MUST_USE sj_rc sj_journal_verify(const char *dir,
                                           void (*each)(const struct sj_journal_damage *damage,
                                                        void *context),
                                           void *context, struct sj_journal_check *ret);

/* As verify, and puts each damaged range of a plain segment into DIR/damaged and a block without
 * events in its place, seals what is open, cuts torn tails. Nothing is deleted. -SJ_E_BUSY: a
 * writer has the journal. [any] */
SJ_API SJ_MUST_USE sj_rc sj_journal_repair(const char *dir,
                                           void (*each)(const struct sj_journal_damage *damage,
                                                        void *context),
                                           void *context, struct sj_journal_check *ret);

/* The statistics of a live writer, from any process. -ENOENT: no writer has the journal. [any] */
SJ_API SJ_MUST_USE sj_rc sj_journal_peek(const char *dir, struct sj_journal_stat *ret);

/* Named, persisted positions: what a consumer has acknowledged. load gives 0 for an unknown name.
 * save is atomic (a crash leaves the old or the new one) and durable. `note` is the consumer's own
 * (up to 256 bytes), kept with it. [any, one writer per name] */
struct sj_journal_cursor {
    uint64_t position;
    uint64_t event_count; /* events acknowledged so far */
    uint32_t note_size;
    uint8_t note[256];
};
SJ_API SJ_MUST_USE sj_rc sj_journal_cursor_load(const char *dir, const char *name,
                                                struct sj_journal_cursor *ret);
SJ_API SJ_MUST_USE sj_rc sj_journal_cursor_save(const char *dir, const char *name,
                                                const struct sj_journal_cursor *cursor);

#endif
