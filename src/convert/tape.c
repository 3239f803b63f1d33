#include "convert/tape.h"

#include "base/clock.h"
#include "event/instruments.h"
#include "journal/journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RUN_SIZE (256u << 10)
/* Closing a journal waits for the spare segment, so a small one pays for a small file, too. */
#define SEGMENT_SIZE (64u << 20)

struct sj_tape {
    struct sj_journal *journal;
    struct sj_instruments *instruments;
    uint64_t seq;       /* of the last event made */
    uint64_t there_seq; /* up to here they are in the journal */
    uint32_t known;     /* instruments defined before this run began */
    uint32_t *ids;      /* of the batch's codes */
    size_t ids_max;
};

struct load {
    struct sj_tape *tape;
    sj_rc rc;
};

static int load_definition(const struct sj_instrument *definition, void *context)
{
    struct load *load = context;
    uint32_t id;
    if (definition->instrument <= load->tape->known)
        load->rc = sj_instruments_put(load->tape->instruments, definition, &id);
    return load->rc;
}

static sj_rc open_tape(struct sj_tape *tape, const char *dir)
{
    struct sj_journal_options options = {.dir = dir, .segment_size = SEGMENT_SIZE};
    struct sj_journal_recovery recovery;
    struct load load = {.tape = tape};
    sj_rc rc = sj_instruments_create(SJ_INSTRUMENTS_MAX, &tape->instruments);
    if (rc >= 0)
        rc = sj_journal_open(&options, &recovery, &tape->journal);
    if (rc < 0)
        return rc;
    for (uint32_t i = 0; i < recovery.source_count; i++)
        if (recovery.sources[i].src == SJ_SRC_CONVERT)
            tape->there_seq = recovery.sources[i].last_seq;
    /* Less than was reported durable, or another's events: not the journal of this run. */
    if (tape->there_seq < tape->seq || (!tape->seq && tape->there_seq))
        return -SJ_E_BUSY;
    rc = sj_journal_definitions(tape->journal, load_definition, &load);
    return rc < 0 ? rc : load.rc;
}

sj_rc sj_tape_open(const char *dir, uint64_t seq, uint32_t instrument_count,
                   struct sj_tape **ret_tape)
{
    struct sj_tape *tape = calloc(1, sizeof *tape);
    if (!tape)
        return -ENOMEM;
    tape->seq = seq;
    tape->known = instrument_count;
    sj_rc rc = open_tape(tape, dir);
    if (rc < 0) {
        sj_rc closed = sj_tape_close(tape);
        return rc < closed ? rc : closed;
    }
    *ret_tape = tape;
    return 0;
}

sj_rc sj_tape_close(struct sj_tape *tape)
{
    if (!tape)
        return 0;
    sj_rc rc = sj_journal_close(tape->journal);
    sj_instruments_close(tape->instruments);
    free(tape->ids);
    free(tape);
    return rc;
}

uint64_t sj_tape_seq(const struct sj_tape *tape)
{
    return tape->seq;
}

uint32_t sj_tape_instrument_count(const struct sj_tape *tape)
{
    return sj_instruments_count(tape->instruments);
}

static sj_rc append(struct sj_tape *tape, uint8_t *frames, size_t size, uint32_t count)
{
    sj_rc rc = sj_journal_append(tape->journal, SJ_SRC_CONVERT, frames, size, count);
    if (rc >= 0)
        rc = sj_journal_do_work(tape->journal, sj_clock_mono_ns());
    return rc < 0 ? rc : 0;
}

static sj_rc define(struct sj_tape *tape, const struct sj_batch_code *code, int64_t ns,
                    uint32_t *ret_id)
{
    size_t size = strnlen(code->code, sizeof code->code);
    *ret_id = sj_instruments_find(tape->instruments, code->code, size);
    if (*ret_id)
        return 0;
    struct sj_instrument definition = sj_batch_definition(code, ns);
    sj_rc rc = sj_instruments_put(tape->instruments, &definition, ret_id);
    if (rc < 0)
        return rc;
    definition = *sj_instruments_get(tape->instruments, *ret_id);
    definition.seq = ++tape->seq;
    return tape->seq <= tape->there_seq
               ? 0
               : append(tape, (uint8_t *)&definition, sizeof definition, 1);
}

static sj_rc define_codes(struct sj_tape *tape, const struct sj_batch *batch)
{
    if (tape->ids_max <= batch->code_count) {
        size_t room = 2 * (size_t)batch->code_count + 64;
        uint32_t *ids = realloc(tape->ids, room * sizeof *ids);
        if (!ids)
            return -ENOMEM;
        tape->ids = ids;
        tape->ids_max = room;
    }
    sj_rc rc = 0;
    for (uint32_t i = 0; rc >= 0 && i < batch->code_count; i++)
        rc = define(tape, &batch->codes[i], batch->min_exch, &tape->ids[i]);
    return rc;
}

sj_rc sj_tape_put(struct sj_tape *tape, struct sj_batch *batch)
{
    sj_rc rc = define_codes(tape, batch);
    size_t run = 0;
    uint32_t run_count = 0;
    for (size_t at = 0; rc >= 0 && at < batch->frames_size;) {
        struct sj_frame *frame = (struct sj_frame *)(void *)(batch->frames + at);
        frame->seq = ++tape->seq;
        frame->instrument = tape->ids[frame->instrument - 1];
        if (frame->template_id == SJ_EVENT_LEGS) /* of the trade before it */
            ((struct sj_legs *)(void *)frame)->trade_seq = tape->seq - 1;
        at += sj_frame_size(frame);
        if (tape->seq <= tape->there_seq)
            run = at;
        else
            run_count++;
        if (at - run >= RUN_SIZE || (at == batch->frames_size && run_count)) {
            rc = append(tape, batch->frames + run, at - run, run_count);
            run = at;
            run_count = 0;
        }
    }
    return rc;
}

sj_rc sj_tape_sync(struct sj_tape *tape)
{
    return sj_journal_sync(tape->journal);
}

sj_rc sj_tape_count(const char *dir, uint64_t *ret_count)
{
    struct sj_journal_reader_options options = {.dir = dir};
    struct sj_journal_reader *reader;
    struct sj_journal_span span;
    uint64_t count = 0;
    sj_rc rc = sj_journal_reader_open(&options, &reader);
    if (rc < 0)
        return rc;
    while ((rc = sj_journal_read(reader, &span)) > 0) {
        if (span.src != SJ_SRC_CONVERT)
            continue;
        for (const uint8_t *at = span.begin; at < span.end; at += sj_frame_size(at)) {
            uint16_t type = ((const struct sj_frame *)(const void *)at)->template_id;
            count += type == SJ_EVENT_TRADE || type == SJ_EVENT_BOOK || type == SJ_EVENT_LEGS;
        }
    }
    sj_journal_reader_close(reader);
    *ret_count = count;
    return rc;
}
