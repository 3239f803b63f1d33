#include "backtest/source.h"

sj_rc source_open(struct source *source, const char *dir, uint32_t src)
{
    const struct sj_journal_reader_options options = {.dir = dir};
    *source = (struct source){.src = src};
    return sj_journal_reader_open(&options, &source->reader);
}

void source_close(struct source *source)
{
    sj_journal_reader_close(source->reader);
    source->reader = NULL;
}

static sj_rc next_block(struct source *source)
{
    for (;;) {
        struct sj_journal_span span;
        sj_rc rc = sj_journal_read(source->reader, &span);
        if (rc <= 0)
            return rc;
        if (span.src != source->src || span.repeat)
            continue;
        source->at = span.begin;
        source->end = span.end;
        return 1;
    }
}

sj_rc source_next(struct source *source, const struct sj_frame **ret_event)
{
    if (source->at == source->end) {
        sj_rc rc = next_block(source);
        if (rc <= 0)
            return rc;
    }
    *ret_event = (const struct sj_frame *)source->at;
    source->at += sj_frame_size(source->at);
    return 1;
}

sj_rc source_seek(struct source *source, uint64_t seq, const struct sj_frame **ret_event)
{
    sj_rc rc;
    while ((rc = source_next(source, ret_event)) > 0 && (*ret_event)->seq < seq)
        ;
    if (rc < 0)
        return rc;
    return rc > 0 && (*ret_event)->seq == seq ? 1 : -SJ_E_CORRUPT;
}
