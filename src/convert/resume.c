#include "convert/job.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#define MAGIC "sjconv02"

/* Followed by a track for each output, and the XXH3 of all before it. */
struct saved {
    char magic[8];
    uint64_t size; /* of this and of a track, for a version that has others */
    uint64_t track_size;
    uint64_t digest;
    struct sj_account account;
};

static void mix_text(XXH3_state_t *hash, const char *text)
{
    XXH3_64bits_update(hash, text ? text : "\xff", text ? strlen(text) + 1 : 1);
}

sj_rc sj_job_digest(const struct sj_convert_options *options, uint64_t *ret_digest)
{
    const struct sj_encode_options *encode = &options->encode;
    const int64_t numbers[] = {encode->dialect,
                               encode->book_mode,
                               encode->mend_times,
                               encode->simtrade,
                               encode->marks,
                               encode->tickers,
                               (int64_t)options->seed,
                               options->format == SJ_TO_NPY       ? 1
                               : options->format == SJ_TO_JOURNAL ? 2
                                                                  : 0};
    XXH3_state_t *hash = XXH3_createState();
    if (!hash)
        return -ENOMEM;
    XXH3_64bits_reset(hash);
    XXH3_64bits_update(hash, numbers, sizeof numbers);
    mix_text(hash, encode->symbol);
    mix_text(hash, options->latency);
    mix_text(hash, options->csv_map);
    mix_text(hash, strchr(options->output, '{') ? options->output : NULL);
    sj_rc rc = 0;
    for (uint32_t i = 0; rc >= 0 && i < options->input_count; i++) {
        struct stat stat_now;
        if (stat(options->inputs[i], &stat_now)) {
            rc = -errno;
            break;
        }
        const int64_t facts[] = {stat_now.st_size, stat_now.st_mtim.tv_sec,
                                 stat_now.st_mtim.tv_nsec};
        mix_text(hash, options->inputs[i]);
        XXH3_64bits_update(hash, facts, sizeof facts);
    }
    *ret_digest = XXH3_64bits_digest(hash);
    XXH3_freeState(hash);
    return rc;
}

/* The state as bytes; the caller frees. */
static uint8_t *pack(const struct sj_job *job, size_t *ret_size)
{
    const struct sj_outputs *outputs = &job->join.outputs;
    size_t size = sizeof(struct saved) + outputs->count * sizeof(struct sj_track) + 8;
    uint8_t *bytes = calloc(1, size);
    if (!bytes)
        return NULL;
    struct saved *saved = (struct saved *)(void *)bytes;
    memcpy(saved->magic, MAGIC, sizeof saved->magic);
    saved->size = sizeof *saved;
    saved->track_size = sizeof(struct sj_track);
    saved->digest = job->digest;
    saved->account = job->join.account;
    saved->account.output_count = outputs->count;
    for (uint32_t i = 0; i < outputs->count; i++)
        memcpy(bytes + sizeof *saved + i * sizeof(struct sj_track), &outputs->list[i]->track,
               sizeof(struct sj_track));
    uint64_t check = XXH3_64bits(bytes, size - 8);
    memcpy(bytes + size - 8, &check, sizeof check);
    *ret_size = size;
    return bytes;
}

/* Many files are synced at once with their whole file system. */
static sj_rc sync_outputs(const struct sj_job *job)
{
    const struct sj_outputs *outputs = &job->join.outputs;
    for (uint32_t i = 0; i < outputs->count && !outputs->fileless; i++) {
        bool own;
        int fd;
        sj_rc rc = sj_output_fd(outputs->list[i], &fd, &own);
        if (rc < 0)
            return rc;
        bool many = outputs->count > 8;
        if (many ? syncfs(fd) : fdatasync(fd))
            rc = -errno;
        if (own)
            close(fd);
        if (rc < 0 || many)
            return rc;
    }
    return 0;
}

static sj_rc write_state(const char *path, const uint8_t *bytes, size_t size)
{
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
    if (fd < 0)
        return -errno;
    sj_rc rc = 0;
    while (rc >= 0 && size) {
        ssize_t done = write(fd, bytes, size);
        if (done <= 0) {
            rc = done < 0 ? -errno : -EIO;
        } else {
            bytes += done;
            size -= (size_t)done;
        }
    }
    if (rc >= 0 && fdatasync(fd))
        rc = -errno;
    close(fd);
    return rc;
}

sj_rc sj_job_save(struct sj_job *job)
{
    struct sj_outputs *outputs = &job->join.outputs;
    char path[4160];
    size_t size;
    for (uint32_t i = 0; i < outputs->count; i++)
        sj_output_fold(outputs->list[i]);
    sj_rc rc = sync_outputs(job);
    if (rc >= 0 && job->join.rejects && fflush(job->join.rejects))
        rc = -errno;
    if (rc < 0)
        return rc;
    uint8_t *bytes = pack(job, &size);
    if (!bytes)
        return -ENOMEM;
    snprintf(path, sizeof path, "%s.new", job->resume_path);
    rc = write_state(path, bytes, size);
    free(bytes);
    if (rc >= 0 && rename(path, job->resume_path))
        rc = -errno;
    return rc;
}

static sj_rc restore(struct sj_job *job, const uint8_t *bytes, size_t size)
{
    const struct saved *saved = (const struct saved *)(const void *)bytes;
    uint64_t check;
    if (size < sizeof *saved + 8 || memcmp(saved->magic, MAGIC, sizeof saved->magic) != 0 ||
        saved->size != sizeof *saved || saved->track_size != sizeof(struct sj_track) ||
        saved->digest != job->digest ||
        size != sizeof *saved + saved->account.output_count * sizeof(struct sj_track) + 8)
        return -SJ_E_LAYOUT;
    memcpy(&check, bytes + size - 8, sizeof check);
    if (check != XXH3_64bits(bytes, size - 8))
        return -SJ_E_LAYOUT;
    for (uint32_t i = 0; i < saved->account.output_count; i++) {
        struct sj_track track;
        memcpy(&track, bytes + sizeof *saved + i * sizeof track, sizeof track);
        sj_rc rc =
            sj_outputs_restore(&job->join.outputs, &track, job->front, saved->account.finishing);
        if (rc < 0)
            return rc;
    }
    if (saved->account.rejects_size &&
        truncate(job->join.rejects_path, (off_t)saved->account.rejects_size))
        return -errno;
    job->join.account = saved->account;
    job->join.account.finishing = false;
    return 0;
}

sj_rc sj_job_load(struct sj_job *job)
{
    struct stat stat_now;
    int fd = open(job->resume_path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    size_t room = fstat(fd, &stat_now) ? 0 : (size_t)stat_now.st_size;
    uint8_t *bytes = malloc(room + 1);
    size_t size = 0;
    for (ssize_t got; bytes && (got = read(fd, bytes + size, room - size)) > 0;)
        size += (size_t)got;
    close(fd);
    sj_rc rc = bytes ? restore(job, bytes, size) : -ENOMEM;
    free(bytes);
    return rc;
}
