#include "convert/outputs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define PATH_SIZE 4096
/* Descriptors that are left for everything else. */
#define SPARE_FILES 128

/* --- names --- */

static bool find_placeholders(struct sj_outputs *outputs)
{
    const char *at = outputs->name;
    while ((at = strchr(at, '{'))) {
        if (!strncmp(at, "{symbol}", 8))
            outputs->by_symbol = true;
        else if (!strncmp(at, "{day}", 5))
            outputs->by_day = true;
        else
            return false;
        at++;
    }
    return true;
}

/* One that names no other file than it should, and no two instruments the same. */
static size_t put_symbol(char *to, size_t room, const char *symbol)
{
    size_t used = 0;
    for (const char *at = symbol; *at && used + 4 < room; at++) {
        unsigned char c = (unsigned char)*at;
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                     c == '-' || c == '_' || (c == '.' && at != symbol);
        if (plain)
            to[used++] = (char)c;
        else
            used += (size_t)snprintf(to + used, room - used, "%%%02X", c);
    }
    return used;
}

static sj_rc expand(const char *name, const char *symbol, const char *day, char path[PATH_SIZE])
{
    size_t used = 0;
    while (*name) {
        if (PATH_SIZE - used < 128)
            return -ENAMETOOLONG;
        if (!strncmp(name, "{symbol}", 8)) {
            used += put_symbol(path + used, PATH_SIZE - used, symbol);
            name += 8;
        } else if (!strncmp(name, "{day}", 5)) {
            used += (size_t)snprintf(path + used, PATH_SIZE - used, "%s", day);
            name += 5;
        } else {
            path[used++] = *name++;
        }
    }
    path[used] = 0;
    return 0;
}

void sj_outputs_base(const struct sj_outputs *outputs, char *to, size_t size)
{
    char path[PATH_SIZE];
    const char *first = strchr(outputs->name, '{');
    if (!first || expand(outputs->name, "all", "all", path) < 0) {
        snprintf(to, size, "%s", outputs->name);
        return;
    }
    size_t folder = (size_t)(first - outputs->name);
    while (folder && path[folder - 1] != '/')
        folder--;
    for (char *slash = path + folder; (slash = strchr(slash, '/'));)
        *slash = '_';
    snprintf(to, size, "%s", path);
}

static sj_rc make_folders(const char *path)
{
    char folder[PATH_SIZE];
    snprintf(folder, sizeof folder, "%s", path);
    for (char *slash = folder; (slash = strchr(slash + 1, '/'));) {
        *slash = 0;
        if (mkdir(folder, 0755) && errno != EEXIST)
            return -errno;
        *slash = '/';
    }
    return 0;
}

/* --- the table --- */

static uint32_t *slot_of(const struct sj_outputs *outputs, const char *symbol, int32_t day)
{
    uint64_t halves[2] = {0};
    if (outputs->by_symbol)
        memcpy(halves, symbol, sizeof halves);
    size_t at = (size_t)sj_mix((uint64_t)(uint32_t)day, halves[0], halves[1]);
    for (;; at++) {
        uint32_t *slot = &outputs->slots[at & (outputs->slot_max - 1)];
        const struct sj_track *track = *slot ? &outputs->list[*slot - 1]->track : NULL;
        if (!track || (track->day == day &&
                       (!outputs->by_symbol || !memcmp(track->symbol, symbol, SJ_SYMBOL_SIZE))))
            return slot;
    }
}

static sj_rc grow(struct sj_outputs *outputs)
{
    if (outputs->count == outputs->room) {
        uint32_t room = outputs->room ? 2 * outputs->room : 16;
        struct sj_output **list = realloc(outputs->list, room * sizeof *list);
        if (!list)
            return -ENOMEM;
        outputs->list = list;
        outputs->room = room;
    }
    if (2 * ((size_t)outputs->count + 1) <= outputs->slot_max)
        return 0;
    size_t room = outputs->slot_max ? 2 * outputs->slot_max : 64;
    uint32_t *slots = calloc(room, sizeof *slots);
    if (!slots)
        return -ENOMEM;
    free(outputs->slots);
    outputs->slots = slots;
    outputs->slot_max = room;
    for (uint32_t i = 0; i < outputs->count; i++) {
        const struct sj_track *track = &outputs->list[i]->track;
        *slot_of(outputs, track->symbol, track->day) = i + 1;
    }
    return 0;
}

/* As many descriptors as the system lets a process have. */
static uint32_t most_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit))
        return SPARE_FILES;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) || getrlimit(RLIMIT_NOFILE, &limit))
        return SPARE_FILES;
    uint64_t most = limit.rlim_cur < SJ_OUTPUTS_MAX ? limit.rlim_cur : SJ_OUTPUTS_MAX;
    return most > 2 * SPARE_FILES ? (uint32_t)most - SPARE_FILES : SPARE_FILES;
}

sj_rc sj_outputs_init(struct sj_outputs *outputs, const char *name)
{
    *outputs = (struct sj_outputs){.name = name};
    if (!find_placeholders(outputs))
        return -SJ_E_MALFORMED;
    outputs->open_max = sj_outputs_many(outputs) ? most_files() : 1;
    return 0;
}

static void close_output(struct sj_output *output)
{
    if (!output)
        return;
    if (output->fd >= 0)
        close(output->fd);
    free(output->path);
    free(output->part_path);
    free(output->crcs);
    free(output);
}

void sj_outputs_done(struct sj_outputs *outputs)
{
    for (uint32_t i = 0; i < outputs->count; i++)
        close_output(outputs->list[i]);
    free(outputs->list);
    free(outputs->slots);
    *outputs = (struct sj_outputs){0};
}

static sj_rc name_output(const struct sj_outputs *outputs, struct sj_output *output)
{
    char path[PATH_SIZE];
    char day[16];
    snprintf(day, sizeof day, "%d", output->track.day);
    sj_rc rc = expand(outputs->name, output->track.symbol, day, path);
    if (rc < 0)
        return rc;
    output->path = strdup(path);
    if (!output->path || asprintf(&output->part_path, "%s.part", path) < 0)
        return -ENOMEM;
    return sj_outputs_many(outputs) ? make_folders(path) : 0;
}

/* Adds it to the table; on failure it is closed. `flags` of opening its part. */
static sj_rc add(struct sj_outputs *outputs, struct sj_output *output, int flags)
{
    sj_rc rc = outputs->count == SJ_OUTPUTS_MAX ? -SJ_E_LIMIT : name_output(outputs, output);
    if (rc >= 0)
        rc = grow(outputs);
    if (rc >= 0 && !outputs->fileless) {
        output->fd = open(output->part_path, flags | O_RDWR | O_CLOEXEC, 0644);
        rc = output->fd < 0 ? -errno : 0;
    }
    if (rc < 0) {
        close_output(output);
        return rc;
    }
    if (output->fd < 0) {
        /* none is wanted */
    } else if (outputs->open_count < outputs->open_max) {
        outputs->open_count++;
    } else {
        close(output->fd);
        output->fd = -1;
    }
    output->slot = outputs->count;
    outputs->list[outputs->count] = output;
    *slot_of(outputs, output->track.symbol, output->track.day) = ++outputs->count;
    return 0;
}

sj_rc sj_outputs_get(struct sj_outputs *outputs, const char *symbol, int32_t day,
                     struct sj_output **ret_output)
{
    char key[SJ_SYMBOL_SIZE + 1] = {0};
    if (outputs->by_symbol)
        snprintf(key, sizeof key, "%s", symbol);
    int32_t wanted_day = outputs->by_day ? day : 0;
    uint32_t *slot = outputs->slot_max ? slot_of(outputs, key, wanted_day) : NULL;
    if (slot && *slot) {
        *ret_output = outputs->list[*slot - 1];
        return 0;
    }
    struct sj_output *output = calloc(1, sizeof *output);
    if (!output)
        return -ENOMEM;
    output->fd = -1;
    output->track = (struct sj_track){.day = wanted_day,
                                      .sorted_exch = true,
                                      .sorted_local = true,
                                      .max_exch = INT64_MIN,
                                      .max_local = INT64_MIN,
                                      .min_exch = INT64_MAX,
                                      .min_latency = INT64_MAX};
    memcpy(output->track.symbol, key, sizeof key);
    sj_rc rc = add(outputs, output, O_CREAT | O_TRUNC);
    if (rc >= 0)
        *ret_output = output;
    return rc;
}

sj_rc sj_outputs_restore(struct sj_outputs *outputs, const struct sj_track *track, uint64_t front,
                         bool finishing)
{
    struct sj_output *output = calloc(1, sizeof *output);
    struct stat stat_now;
    if (!output)
        return -ENOMEM;
    output->fd = -1;
    output->track = *track;
    sj_rc rc = name_output(outputs, output);
    uint64_t size = front + track->row_count * sizeof(struct sj_row);
    /* Renamed already; what stands around its rows will be written again. */
    if (rc >= 0 && !outputs->fileless && finishing && access(output->part_path, F_OK) &&
        rename(output->path, output->part_path))
        rc = -SJ_E_LAYOUT;
    if (rc >= 0 && !outputs->fileless &&
        (stat(output->part_path, &stat_now) || (uint64_t)stat_now.st_size < size))
        rc = -SJ_E_LAYOUT;
    free(output->path);
    free(output->part_path);
    output->path = output->part_path = NULL;
    if (rc < 0) {
        close_output(output);
        return rc;
    }
    return add(outputs, output, 0);
}

/* --- one output --- */

sj_rc sj_output_fd(const struct sj_output *output, int *ret_fd, bool *ret_own)
{
    *ret_own = output->fd < 0;
    *ret_fd = *ret_own ? open(output->part_path, O_RDWR | O_CLOEXEC) : output->fd;
    return *ret_fd < 0 ? -errno : 0;
}

struct sj_piece_crc *sj_output_crc(struct sj_output *output, uint64_t turn)
{
    size_t at = (size_t)(turn - output->crc_first);
    if (at >= output->crc_max) {
        size_t room = output->crc_max ? 2 * output->crc_max : 4;
        while (room <= at)
            room *= 2;
        struct sj_piece_crc *crcs = realloc(output->crcs, room * sizeof *crcs);
        if (!crcs)
            return NULL;
        output->crcs = crcs;
        output->crc_max = room;
    }
    return &output->crcs[at];
}

void sj_output_fold(struct sj_output *output)
{
    for (uint64_t i = output->crc_first; i < output->turn; i++) {
        const struct sj_piece_crc *piece = &output->crcs[i - output->crc_first];
        output->track.crc =
            (uint32_t)crc32_combine64(output->track.crc, piece->crc, (z_off64_t)piece->size);
    }
    output->crc_first = output->turn;
}

void sj_outputs_unlink(struct sj_outputs *outputs)
{
    for (uint32_t i = 0; i < outputs->count; i++) {
        char path[PATH_SIZE + 16];
        snprintf(path, sizeof path, "%s.ordered", outputs->list[i]->part_path);
        unlink(path);
        unlink(outputs->list[i]->part_path);
    }
}
