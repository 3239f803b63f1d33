/*
 * job.h: one run of the converter, shared by the files that make it up: job.c (beginning, end),
 * work.c (the first pass), finish.c (the second, and names), resume.c (the state on disk),
 * manifest.c (what is written beside the outputs).
 */
#ifndef SJ_CONVERT_JOB_H
#define SJ_CONVERT_JOB_H

#include "convert/csv.h"
#include "convert/feed.h"
#include "convert/join.h"
#include "convert/npz.h"
#include "convert/order.h"
#include "convert/sink.h"
#include "convert/tape.h"

#include <pthread.h>

struct sj_job {
    const struct sj_convert_options *options;
    struct sj_encode_options encode;
    struct sj_convert_options joined; /* the options with `encode` as it is used */
    struct sj_convert_report *report;
    struct sj_source *source; /* of text, or ... */
    struct sj_feed *feed;     /* ... of what one thread reads */
    struct sj_latency *latency;
    struct sj_csv_map csv;
    char base[4096]; /* what stands beside the outputs is named by it */
    char resume_path[4128];
    uint64_t digest; /* of options and inputs */
    struct sj_tape *tape;
    uint64_t front;
    uint32_t worker_count;
    int64_t began_ns;

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t moved;
    struct sj_join join;
    uint64_t turn;    /* the piece whose batch is taken next */
    uint32_t writing; /* batches taken whose rows are not written yet */
    bool saving;
    sj_rc failed;
    int64_t saved_ns;
    int64_t shown_ns;
};

/* Puts a line into the report, unless one is there. Returns `rc`. */
sj_rc sj_job_fail(struct sj_job *job, sj_rc rc, const char *path);
bool sj_job_stopped(const struct sj_job *job);
void sj_job_show(struct sj_job *job, const char *phase, bool always);

/* work.c: all inputs to rows in PATH.part, or to events. -EINTR: stopped, and the state saved. */
SJ_MUST_USE sj_rc sj_job_work(struct sj_job *job);

/* finish.c: the outputs get their order, their format and their names. */
SJ_MUST_USE sj_rc sj_job_finish(struct sj_job *job);

/* What must be equal for a run to be resumed. */
SJ_MUST_USE sj_rc sj_job_digest(const struct sj_convert_options *options, uint64_t *ret_digest);

/* Writes the state; the rows it speaks of are on the disk then. */
SJ_MUST_USE sj_rc sj_job_save(struct sj_job *job);

/* Reads it. -ENOENT: there is none. -SJ_E_LAYOUT: of another run (or version). */
SJ_MUST_USE sj_rc sj_job_load(struct sj_job *job);

/* OUT.manifest.json and OUT.metrics.prom. */
SJ_MUST_USE sj_rc sj_job_manifest(const struct sj_job *job);

#endif
