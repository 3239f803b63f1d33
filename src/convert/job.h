/*
 * job.h: one run of the converter, shared by the files that make it up: job.c (workers, phases),
 * resume.c (the state on disk), manifest.c (what is written beside the output).
 */
#ifndef SJ_CONVERT_JOB_H
#define SJ_CONVERT_JOB_H

#include "convert/csv.h"
#include "convert/join.h"
#include "convert/npz.h"
#include "convert/order.h"
#include "convert/sink.h"
#include "convert/tape.h"

#include <pthread.h>

struct sj_piece_crc {
    uint32_t crc;
    uint64_t size;
};

struct sj_job {
    const struct sj_convert_options *options;
    struct sj_encode_options encode;
    struct sj_convert_options joined; /* the options with `encode` as it is used */
    struct sj_convert_report *report;
    struct sj_source *source;
    struct sj_latency *latency;
    struct sj_csv_map csv;
    char part_path[4096];
    char resume_path[4096];
    uint64_t digest; /* of options and inputs */
    int part_fd;     /* -1 for a journal */
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
    struct sj_piece_crc *crcs; /* of pieces from crc_first on */
    uint64_t crc_first;
    size_t crc_max;
    int64_t saved_ns;
    int64_t shown_ns;
};

/* What must be equal for a run to be resumed. */
SJ_MUST_USE sj_rc sj_job_digest(const struct sj_convert_options *options, uint64_t *ret_digest);

/* Writes the state; the rows it speaks of are on the disk then. */
SJ_MUST_USE sj_rc sj_job_save(struct sj_job *job);

/* Reads it. -ENOENT: there is none. -SJ_E_LAYOUT: of another run (or version). */
SJ_MUST_USE sj_rc sj_job_load(struct sj_job *job);

/* OUT.manifest.json and OUT.metrics.prom. */
SJ_MUST_USE sj_rc sj_job_manifest(const struct sj_job *job);

#endif
