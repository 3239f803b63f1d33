#include "convert/source.h"

#include "convert/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

/* Opened when its first piece is asked for, closed when its last one was read. */
struct source_file {
    const char *path;
    int fd;
    uint32_t reading; /* pieces that workers are reading */
    bool ended;       /* its last piece was given */
    enum sj_packing packing;
    uint64_t size;
    XXH3_state_t *hash; /* until it is whole */
    uint8_t digest[16];
};

struct sj_source {
    pthread_mutex_t lock; /* of what follows */
    struct source_file *files;
    uint32_t file_count;
    uint64_t size;
    uint32_t file;       /* the next piece is of this one ... */
    uint64_t file_piece; /* ... and this one of it */
    uint64_t number;
    struct sj_unpack *unpack; /* of the file, where it is packed */
    uint64_t unpacked;        /* offset of the carried bytes */
    char *carry;              /* the beginning of a line */
    size_t carry_size;
    bool skipping; /* the rest of a line too long */
    char error[256];
    _Atomic uint64_t taken;
};

static sj_rc fail(struct sj_source *source, sj_rc rc, const char *path)
{
    snprintf(source->error, sizeof source->error, "%s: %s", path, sj_rc_text(rc));
    return rc;
}

static sj_rc look_at_file(struct source_file *file)
{
    struct stat stat_now;
    if (stat(file->path, &stat_now) || access(file->path, R_OK))
        return -errno;
    if (S_ISDIR(stat_now.st_mode))
        return -EISDIR;
    file->size = (uint64_t)stat_now.st_size;
    return S_ISREG(stat_now.st_mode) ? 0 : -EINVAL;
}

static sj_rc open_file(struct source_file *file)
{
    uint8_t magic[4];
    file->fd = open(file->path, O_RDONLY | O_CLOEXEC);
    if (file->fd < 0)
        return -errno;
    ssize_t got = pread(file->fd, magic, sizeof magic, 0);
    if (got < 0)
        return -errno;
    file->packing = sj_packing_of(magic, (size_t)got);
    posix_fadvise(file->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    file->hash = XXH3_createState();
    if (!file->hash)
        return -ENOMEM;
    XXH3_128bits_reset(file->hash);
    return 0;
}

static void close_when_read(struct source_file *file)
{
    if (!file->ended || file->reading || file->fd < 0)
        return;
    close(file->fd);
    file->fd = -1;
}

static void finish_hash(struct source_file *file)
{
    XXH128_canonical_t digest;
    XXH128_canonicalFromHash(&digest, XXH3_128bits_digest(file->hash));
    memcpy(file->digest, digest.digest, sizeof file->digest);
    XXH3_freeState(file->hash);
    file->hash = NULL;
}

sj_rc sj_source_open(const char *const *paths, uint32_t count, struct sj_source **ret_source,
                     char error[256])
{
    struct sj_source *source = calloc(1, sizeof *source);
    if (!source)
        return -ENOMEM;
    pthread_mutex_init(&source->lock, NULL);
    source->files = calloc(count, sizeof *source->files);
    source->carry = malloc(SJ_PIECE_MEMORY);
    sj_rc rc = source->files && source->carry ? 0 : -ENOMEM;
    for (uint32_t i = 0; rc >= 0 && i < count; i++) {
        source->files[i] = (struct source_file){.path = paths[i], .fd = -1};
        source->file_count = i + 1;
        rc = look_at_file(&source->files[i]);
        source->size += source->files[i].size;
        if (rc < 0)
            fail(source, rc, paths[i]);
    }
    if (rc < 0) {
        snprintf(error, 256, "%s", *source->error ? source->error : sj_rc_text(rc));
        sj_source_close(source);
        return rc;
    }
    *ret_source = source;
    return 0;
}

void sj_source_close(struct sj_source *source)
{
    if (!source)
        return;
    sj_unpack_close(source->unpack);
    for (uint32_t i = 0; source->files && i < source->file_count; i++) {
        if (source->files[i].fd >= 0)
            close(source->files[i].fd);
        XXH3_freeState(source->files[i].hash);
    }
    pthread_mutex_destroy(&source->lock);
    free(source->files);
    free(source->carry);
    free(source);
}

static sj_rc read_at(int fd, char *to, size_t size, uint64_t offset, size_t *ret_got)
{
    *ret_got = 0;
    while (*ret_got < size) {
        ssize_t got = pread(fd, to + *ret_got, size - *ret_got, (off_t)(offset + *ret_got));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        *ret_got += (size_t)got;
    }
    return 0;
}

/* The lines that begin in memory[from..until); `size` bytes are there, the file ends there if
 * `last`. */
static void cut_lines(struct sj_piece *piece, size_t from, size_t until, size_t size, bool last)
{
    char *memory = piece->memory;
    size_t end = until;
    if (from < until && memory[until - 1] != '\n') {
        char *newline = memchr(memory + until, '\n', size - until);
        if (newline) {
            end = (size_t)(newline - memory) + 1;
        } else if (last) {
            piece->unterminated = true;
            end = size + 1;
            memory[size] = '\n';
        } else {
            piece->too_long = true;
            char *before = memrchr(memory + from, '\n', until - from);
            end = before ? (size_t)(before - memory) + 1 : from;
        }
    }
    piece->begin = memory + from;
    piece->end = memory + (from < until ? end : from);
}

/* A piece of a plain file: lines that begin in offset .. offset + SJ_PIECE_SIZE. The byte before
 * tells whether a line begins at `offset`. */
static sj_rc read_plain(const struct source_file *file, struct sj_piece *piece)
{
    size_t before = piece->raw_offset ? 1 : 0;
    size_t size;
    sj_rc rc =
        read_at(file->fd, piece->memory, SJ_PIECE_SIZE + before, piece->raw_offset - before, &size);
    if (rc < 0)
        return rc;
    if (size <= before) {
        size = before;
        piece->memory[0] = '\n';
    }
    size_t until = size;
    bool last = piece->raw_offset + size - before >= file->size;
    piece->raw = piece->memory + before;
    piece->raw_size = size - before;
    size_t from = 0;
    if (before) {
        char *newline = memchr(piece->memory, '\n', size);
        from = newline ? (size_t)(newline - piece->memory) + 1 : size;
    }
    /* The rest of the last line, a little at a time: lines are short as a rule. */
    while (from < until && !last && !memchr(piece->memory + until, '\n', size - until) &&
           piece->memory[until - 1] != '\n' && size < until + SJ_LINE_MAX) {
        size_t more = size == until ? 4096 : until + SJ_LINE_MAX - size;
        size_t got;
        rc = read_at(file->fd, piece->memory + size, more, piece->raw_offset - before + size, &got);
        if (rc < 0)
            return rc;
        size += got;
        last = got < more;
    }
    cut_lines(piece, from, until, size, last);
    piece->offset = piece->raw_offset - before + from;
    return 0;
}

static void hash_packed(const void *bytes, size_t size, void *context)
{
    XXH3_128bits_update(context, bytes, size);
}

/* A piece of a packed file: what was carried and then SJ_PIECE_SIZE bytes at most in all. */
static sj_rc read_packed(struct sj_source *source, struct sj_piece *piece)
{
    struct source_file *file = &source->files[source->file];
    sj_rc rc = 0;
    if (!source->unpack)
        rc = sj_unpack_create(file->packing, file->fd, hash_packed, file->hash, &source->unpack);
    if (rc < 0)
        return rc;
    uint64_t taken_before = sj_unpack_taken(source->unpack);
    size_t carried = source->carry_size;
    size_t got;
    memcpy(piece->memory, source->carry, carried);
    rc = sj_unpack_read(source->unpack, piece->memory + carried, SJ_PIECE_SIZE - carried, &got);
    if (rc < 0 && rc != -SJ_E_CORRUPT)
        return rc;
    atomic_fetch_add(&source->taken, sj_unpack_taken(source->unpack) - taken_before);
    piece->cut = rc == -SJ_E_CORRUPT;
    piece->ends_file = rc <= 0;
    size_t size = carried + got;
    size_t from = 0;
    piece->offset = source->unpacked;
    if (source->skipping) {
        char *newline = memchr(piece->memory, '\n', size);
        from = newline ? (size_t)(newline - piece->memory) + 1 : size;
        source->skipping = !newline;
        piece->offset += from;
    }
    char *last = memrchr(piece->memory + from, '\n', size - from);
    size_t end = last ? (size_t)(last - piece->memory) + 1 : from;
    if (piece->ends_file && end < size) {
        piece->unterminated = true;
        piece->memory[size] = '\n';
        end = size + 1;
        source->carry_size = 0;
    } else if (end < size && size - end >= SJ_PIECE_SIZE) {
        piece->too_long = true;
        source->skipping = true;
        source->carry_size = 0;
    } else {
        source->carry_size = size - (end < size ? end : size);
        memcpy(source->carry, piece->memory + size - source->carry_size, source->carry_size);
    }
    source->unpacked += size - source->carry_size;
    piece->begin = piece->memory + from;
    piece->end = piece->memory + end;
    return 0;
}

static void next_file(struct sj_source *source)
{
    struct source_file *file = &source->files[source->file];
    sj_unpack_close(source->unpack);
    source->unpack = NULL;
    if (file->packing != SJ_PACKING_NONE)
        finish_hash(file);
    file->ended = true;
    close_when_read(file);
    source->carry_size = 0;
    source->unpacked = 0;
    source->skipping = false;
    source->file++;
    source->file_piece = 0;
}

/* Takes the next piece's place; what is packed is read, too. Under the lock. */
static sj_rc take(struct sj_source *source, struct sj_piece *piece)
{
    if (source->file == source->file_count)
        return 0;
    struct source_file *file = &source->files[source->file];
    sj_rc rc = source->file_piece ? 0 : open_file(file);
    if (rc < 0)
        return fail(source, rc, file->path);
    piece->file = source->file;
    piece->number = source->number++;
    piece->starts_file = source->file_piece == 0;
    piece->raw_offset = source->file_piece * SJ_PIECE_SIZE;
    source->file_piece++;
    if (file->packing != SJ_PACKING_NONE) {
        rc = read_packed(source, piece);
        if (rc < 0)
            return fail(source, rc, file->path);
    } else {
        file->reading++;
        piece->plain = true;
        piece->ends_file = piece->raw_offset + SJ_PIECE_SIZE >= file->size;
        uint64_t left = file->size - piece->raw_offset;
        atomic_fetch_add(&source->taken, left < SJ_PIECE_SIZE ? left : SJ_PIECE_SIZE);
    }
    if (piece->ends_file)
        next_file(source);
    return 1;
}

sj_rc sj_source_next(struct sj_source *source, struct sj_piece *piece)
{
    *piece = (struct sj_piece){.memory = piece->memory};
    pthread_mutex_lock(&source->lock);
    sj_rc rc = take(source, piece);
    pthread_mutex_unlock(&source->lock);
    if (rc <= 0)
        return rc;
    if (!piece->plain)
        return 1;
    struct source_file *file = &source->files[piece->file];
    rc = read_plain(file, piece);
    pthread_mutex_lock(&source->lock);
    file->reading--;
    close_when_read(file);
    if (rc < 0)
        fail(source, rc, file->path);
    pthread_mutex_unlock(&source->lock);
    return rc < 0 ? rc : 1;
}

void sj_source_hashed(struct sj_source *source, const struct sj_piece *piece)
{
    if (!piece->plain)
        return;
    struct source_file *file = &source->files[piece->file];
    XXH3_128bits_update(file->hash, piece->raw, piece->raw_size);
    if (piece->ends_file)
        finish_hash(file);
}

void sj_source_hash(const struct sj_source *source, uint32_t file, char ret_hex[33])
{
    for (size_t i = 0; i < sizeof source->files[file].digest; i++)
        snprintf(ret_hex + 2 * i, 3, "%02x", source->files[file].digest[i]);
}

sj_rc sj_source_seek(struct sj_source *source, uint32_t file, uint64_t piece_of_file,
                     uint64_t number, char error[256])
{
    struct sj_piece piece = {.memory = malloc(SJ_PIECE_MEMORY)};
    sj_rc rc = piece.memory ? 1 : -ENOMEM;
    /* What comes before is read all the same: for the hash, and to know that it is unchanged. */
    while (rc > 0 &&
           (source->file < file || (source->file == file && source->file_piece < piece_of_file))) {
        rc = sj_source_next(source, &piece);
        if (rc > 0)
            sj_source_hashed(source, &piece);
    }
    free(piece.memory);
    source->number = number;
    if (rc < 0)
        snprintf(error, 256, "%s", source->error);
    return rc < 0 ? rc : 0;
}

uint64_t sj_source_size(const struct sj_source *source)
{
    return source->size;
}

uint64_t sj_source_taken(const struct sj_source *source)
{
    return atomic_load(&((struct sj_source *)(uintptr_t)source)->taken);
}

const char *sj_source_error(const struct sj_source *source)
{
    return source->error;
}
