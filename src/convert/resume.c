#include "convert/job.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#define MAGIC "sjconv01"

struct saved {
    char magic[8];
    uint64_t size;
    uint64_t digest;
    struct sj_join_state state;
    uint64_t check; /* XXH3 of all before it */
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

sj_rc sj_job_save(struct sj_job *job)
{
    char path[4128];
    struct saved saved;
    memset(&saved, 0, sizeof saved);
    memcpy(saved.magic, MAGIC, sizeof saved.magic);
    saved.size = sizeof saved;
    saved.digest = job->digest;
    saved.state = job->join.state;
    saved.check = XXH3_64bits(&saved, offsetof(struct saved, check));
    if ((job->part_fd >= 0 && fdatasync(job->part_fd)) ||
        (job->join.rejects && fflush(job->join.rejects)))
        return -errno;
    snprintf(path, sizeof path, "%s.new", job->resume_path);
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
    if (fd < 0)
        return -errno;
    sj_rc rc = write(fd, &saved, sizeof saved) == sizeof saved ? 0 : -EIO;
    if (rc >= 0 && fdatasync(fd))
        rc = -errno;
    close(fd);
    if (rc >= 0 && rename(path, job->resume_path))
        rc = -errno;
    return rc;
}

sj_rc sj_job_load(struct sj_job *job)
{
    struct saved saved;
    struct stat stat;
    int fd = open(job->resume_path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t got = read(fd, &saved, sizeof saved);
    close(fd);
    if (got != sizeof saved || memcmp(saved.magic, MAGIC, sizeof saved.magic) ||
        saved.size != sizeof saved ||
        saved.check != XXH3_64bits(&saved, offsetof(struct saved, check)) ||
        saved.digest != job->digest)
        return -SJ_E_LAYOUT;
    uint64_t size = job->front + saved.state.row_count * sizeof(struct sj_row);
    if (job->part_fd >= 0 && (fstat(job->part_fd, &stat) || (uint64_t)stat.st_size < size))
        return -SJ_E_LAYOUT;
    if (saved.state.rejects_size &&
        truncate(job->join.rejects_path, (off_t)saved.state.rejects_size))
        return -errno;
    job->join.state = saved.state;
    return 0;
}
