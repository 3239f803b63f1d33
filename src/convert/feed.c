#include "convert/feed.h"

#include "convert/from_journal.h"
#include "convert/from_taifex.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct feed_input {
    uint64_t size;
    char hash[33];
};

struct sj_feed {
    const struct sj_convert_options *options;
    const struct sj_encode_options *encode;
    struct feed_input *inputs;
    uint64_t size;
    uint64_t before; /* bytes of the inputs before this one */
    uint64_t within; /* bytes of this one's events */
    uint32_t input;
    bool ended; /* the input that is open; its last batch may still point to it */
    uint64_t number;
    struct sj_from_journal *journal;
    struct sj_from_taifex *taifex;
};

static bool is_journal(const struct sj_feed *feed)
{
    return feed->encode->dialect == SJ_DIALECT_JOURNAL;
}

/* The files of a folder, or the file. */
static uint64_t size_of(const char *path)
{
    struct stat stat_now;
    DIR *dir = opendir(path);
    uint64_t size = 0;
    if (!dir)
        return stat(path, &stat_now) ? 0 : (uint64_t)stat_now.st_size;
    for (const struct dirent *entry; (entry = readdir(dir));)
        if (!fstatat(dirfd(dir), entry->d_name, &stat_now, 0) && S_ISREG(stat_now.st_mode))
            size += (uint64_t)stat_now.st_size;
    closedir(dir);
    return size;
}

static sj_rc open_input(struct sj_feed *feed, char error[512])
{
    const char *path = feed->options->inputs[feed->input];
    if (!is_journal(feed))
        return sj_from_taifex_open(path, feed->encode, &feed->taifex, error);
    sj_rc rc = sj_from_journal_open(path, feed->encode, &feed->journal);
    if (rc < 0)
        snprintf(error, 512, "%.400s: %s", path, sj_rc_text(rc));
    return rc;
}

sj_rc sj_feed_open(const struct sj_convert_options *options, const struct sj_encode_options *encode,
                   struct sj_feed **ret_feed, char error[512])
{
    struct sj_feed *feed = calloc(1, sizeof *feed);
    if (!feed)
        return -ENOMEM;
    feed->options = options;
    feed->encode = encode;
    feed->inputs = calloc(options->input_count, sizeof *feed->inputs);
    sj_rc rc = feed->inputs ? 0 : -ENOMEM;
    for (uint32_t i = 0; rc >= 0 && i < options->input_count; i++)
        feed->size += feed->inputs[i].size = size_of(options->inputs[i]);
    if (rc >= 0)
        rc = open_input(feed, error);
    if (rc < 0) {
        sj_feed_close(feed);
        return rc;
    }
    *ret_feed = feed;
    return 0;
}

static void close_input(struct sj_feed *feed)
{
    sj_from_journal_close(feed->journal);
    sj_from_taifex_close(feed->taifex);
    feed->journal = NULL;
    feed->taifex = NULL;
    feed->ended = false;
}

void sj_feed_close(struct sj_feed *feed)
{
    if (!feed)
        return;
    close_input(feed);
    free(feed->inputs);
    free(feed);
}

static sj_rc next_of_input(struct sj_feed *feed, struct sj_bundle *bundle, struct sj_piece *piece,
                           uint64_t *ret_size, char error[512])
{
    if (!is_journal(feed))
        return sj_from_taifex_next(feed->taifex, bundle, piece, ret_size);
    sj_rc rc = sj_from_journal_next(feed->journal, bundle, ret_size, error);
    piece->ends_file = rc == 0;
    return rc < 0 ? rc : 1;
}

static void end_input(struct sj_feed *feed)
{
    char *hash = feed->inputs[feed->input].hash;
    if (is_journal(feed))
        sj_from_journal_hash(feed->journal, hash);
    else
        sj_from_taifex_hash(feed->taifex, hash);
    feed->before += feed->inputs[feed->input].size;
    feed->within = 0;
    feed->ended = true;
    feed->input++;
}

sj_rc sj_feed_next(struct sj_feed *feed, struct sj_bundle *bundle, struct sj_piece *piece,
                   uint64_t *ret_size, char error[512])
{
    *ret_size = 0;
    if (feed->input == feed->options->input_count)
        return 0;
    if (feed->ended)
        close_input(feed);
    if (!feed->journal && !feed->taifex) {
        sj_rc rc = open_input(feed, error);
        if (rc < 0)
            return rc;
    }
    *piece = (struct sj_piece){.file = feed->input, .number = feed->number++};
    sj_rc rc = next_of_input(feed, bundle, piece, ret_size, error);
    feed->within += *ret_size;
    if (rc < 0)
        return rc;
    if (piece->ends_file)
        end_input(feed);
    return 1;
}

uint64_t sj_feed_size(const struct sj_feed *feed)
{
    return feed->size;
}

uint64_t sj_feed_taken(const struct sj_feed *feed)
{
    uint64_t most = feed->input < feed->options->input_count ? feed->inputs[feed->input].size : 0;
    return feed->before + (feed->within < most ? feed->within : most);
}

void sj_feed_hash(const struct sj_feed *feed, uint32_t input, char ret_hex[33])
{
    snprintf(ret_hex, 33, "%s", feed->inputs[input].hash);
}
