#include "convert/sink.h"

#include "convert/block.h"
#include "convert/npz.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BATCHES_MAX (1u << 20)
#define THREADS_MAX 8

/* A ring of blocks: the caller fills one after the other, threads encode them, the caller writes
 * them in their order. Without threads there is one block, and the caller encodes it, too. */
struct slot {
    struct sj_block block;
    bool encoded;
    sj_rc rc;
};

struct sj_sink {
    enum sj_convert_format format;
    struct sj_npz_writer *npz;
    int fd;
    uint64_t at;           /* bytes written */
    struct sj_bytes out;   /* of what stands around the blocks */
    struct sj_bytes items; /* sj_arrow_block or sj_parquet_group of each block */
    size_t item_count;
    struct slot *slots;
    uint32_t slot_count;
    uint32_t thread_count;
    pthread_t threads[THREADS_MAX];

    pthread_mutex_t lock; /* of what follows, and of what the slots have beside their blocks */
    pthread_cond_t moved;
    uint64_t filled; /* blocks, as `taken` by threads and `written` */
    uint64_t taken;
    uint64_t written;
    bool ending;
};

const struct sj_column sj_columns[SJ_COLUMNS] = {
    {"ev", SJ_COLUMN_U64},   {"exch_ts", SJ_COLUMN_I64}, {"local_ts", SJ_COLUMN_I64},
    {"px", SJ_COLUMN_F64},   {"qty", SJ_COLUMN_F64},     {"order_id", SJ_COLUMN_U64},
    {"ival", SJ_COLUMN_I64}, {"fval", SJ_COLUMN_F64},
};

void sj_bytes_put(struct sj_bytes *bytes, const void *data, size_t size)
{
    if (bytes->room - bytes->size < size) {
        size_t room = bytes->room ? bytes->room : 4096;
        while (room - bytes->size < size)
            room *= 2;
        uint8_t *grown = realloc(bytes->data, room);
        if (!grown) {
            bytes->failed = true;
            return;
        }
        bytes->data = grown;
        bytes->room = room;
    }
    memcpy(bytes->data + bytes->size, data, size);
    bytes->size += size;
}

static sj_rc write_bytes(struct sj_sink *sink, const void *bytes, size_t size)
{
    const char *from = bytes;
    sink->at += size;
    while (size) {
        ssize_t done = write(sink->fd, from, size);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return done < 0 ? -errno : -EIO;
        from += done;
        size -= (size_t)done;
    }
    return 0;
}

static sj_rc flush(struct sj_sink *sink)
{
    if (sink->out.failed || sink->items.failed)
        return -ENOMEM;
    sj_rc rc = write_bytes(sink, sink->out.data, sink->out.size);
    sink->out.size = 0;
    return rc;
}

/* --- threads --- */

static void *encode_main(void *context)
{
    struct sj_sink *sink = context;
    pthread_mutex_lock(&sink->lock);
    for (;;) {
        while (sink->taken == sink->filled && !sink->ending)
            pthread_cond_wait(&sink->moved, &sink->lock);
        if (sink->taken == sink->filled)
            break;
        struct slot *slot = &sink->slots[sink->taken++ % sink->slot_count];
        pthread_mutex_unlock(&sink->lock);
        sj_rc rc = sj_block_encode(&slot->block);
        pthread_mutex_lock(&sink->lock);
        slot->rc = rc;
        slot->encoded = true;
        pthread_cond_broadcast(&sink->moved);
    }
    pthread_mutex_unlock(&sink->lock);
    return NULL;
}

static void end_threads(struct sj_sink *sink)
{
    pthread_mutex_lock(&sink->lock);
    sink->ending = true;
    sink->filled = sink->taken; /* what nobody wants any more */
    pthread_cond_broadcast(&sink->moved);
    pthread_mutex_unlock(&sink->lock);
    for (uint32_t i = 0; i < sink->thread_count; i++)
        pthread_join(sink->threads[i], NULL);
    sink->thread_count = 0;
}

/* --- beginning --- */

static sj_rc make_slots(struct sj_sink *sink, uint32_t threads)
{
    threads = threads < 2 ? 0 : threads < THREADS_MAX ? threads : THREADS_MAX;
    sink->slots = calloc(threads + 1, sizeof *sink->slots);
    sj_rc rc = sink->slots ? 0 : -ENOMEM;
    for (uint32_t i = 0; rc >= 0 && i <= threads; i++) {
        rc = sj_block_init(&sink->slots[i].block, sink->format);
        sink->slot_count = i + 1;
    }
    while (rc >= 0 && sink->thread_count < threads) {
        if (pthread_create(&sink->threads[sink->thread_count], NULL, encode_main, sink))
            return -EAGAIN;
        sink->thread_count++;
    }
    return rc;
}

static void put_header(struct sj_sink *sink)
{
    if (sink->format == SJ_TO_ARROW) {
        sj_arrow_begin(&sink->out);
    } else if (sink->format == SJ_TO_PARQUET) {
        sj_bytes_put(&sink->out, "PAR1", 4);
    } else {
        for (int i = 0; i < SJ_COLUMNS; i++) {
            sj_bytes_put(&sink->out, sj_columns[i].name, strlen(sj_columns[i].name));
            sj_bytes_put(&sink->out, i + 1 < SJ_COLUMNS ? "," : "\n", 1);
        }
    }
}

static sj_rc open_file(struct sj_sink *sink, const char *path, uint32_t threads)
{
    sink->fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
    if (sink->fd < 0)
        return -errno;
    put_header(sink);
    sj_rc rc = flush(sink);
    return rc < 0 ? rc : make_slots(sink, threads);
}

sj_rc sj_sink_create(const char *path, enum sj_convert_format format, uint32_t threads,
                     struct sj_sink **ret_sink)
{
    struct sj_sink *sink = calloc(1, sizeof *sink);
    if (!sink)
        return -ENOMEM;
    sink->format = format;
    sink->fd = -1;
    pthread_mutex_init(&sink->lock, NULL);
    pthread_cond_init(&sink->moved, NULL);
    sj_rc rc;
    if (format == SJ_TO_NPZ || format == SJ_TO_NPZ_DEFLATED || format == SJ_TO_NPY)
        rc = sj_npz_create(path,
                           format == SJ_TO_NPZ   ? SJ_NPZ_STORED
                           : format == SJ_TO_NPY ? SJ_NPY
                                                 : SJ_NPZ_DEFLATED,
                           &sink->npz);
    else
        rc = open_file(sink, path, threads);
    if (rc < 0) {
        sj_sink_abandon(sink);
        return rc;
    }
    *ret_sink = sink;
    return 0;
}

/* --- blocks --- */

static sj_rc write_block(struct sj_sink *sink, struct slot *slot)
{
    struct sj_block *block = &slot->block;
    if (slot->rc < 0)
        return slot->rc;
    if (++sink->item_count > BATCHES_MAX && sink->format != SJ_TO_CSV)
        return -SJ_E_LIMIT;
    if (sink->format == SJ_TO_ARROW) {
        block->arrow.offset = (int64_t)sink->at;
        sj_bytes_put(&sink->items, &block->arrow, sizeof block->arrow);
    } else if (sink->format == SJ_TO_PARQUET) {
        for (int i = 0; i < SJ_COLUMNS; i++)
            block->parquet.chunks[i].offset += sink->at;
        sj_bytes_put(&sink->items, &block->parquet, sizeof block->parquet);
    }
    block->count = 0;
    return write_bytes(sink, block->out.data, block->out.size);
}

/* Waits for the oldest block that is not written, and writes it. */
static sj_rc write_oldest(struct sj_sink *sink)
{
    struct slot *slot = &sink->slots[sink->written++ % sink->slot_count];
    pthread_mutex_lock(&sink->lock);
    while (!slot->encoded)
        pthread_cond_wait(&sink->moved, &sink->lock);
    pthread_mutex_unlock(&sink->lock);
    return write_block(sink, slot);
}

/* The block that is being filled is full, or the last one. */
static sj_rc hand_on(struct sj_sink *sink)
{
    struct slot *slot = &sink->slots[sink->filled % sink->slot_count];
    if (!slot->block.count)
        return 0;
    if (!sink->thread_count) {
        slot->rc = sj_block_encode(&slot->block);
        return write_block(sink, slot);
    }
    pthread_mutex_lock(&sink->lock);
    slot->encoded = false;
    sink->filled++;
    pthread_cond_broadcast(&sink->moved);
    pthread_mutex_unlock(&sink->lock);
    return sink->filled - sink->written == sink->slot_count ? write_oldest(sink) : 0;
}

sj_rc sj_sink_append(struct sj_sink *sink, const struct sj_row *rows, size_t count)
{
    if (sink->npz)
        return sj_npz_append(sink->npz, rows, count);
    for (size_t done = 0; done < count;) {
        struct sj_block *block = &sink->slots[sink->filled % sink->slot_count].block;
        size_t part = SJ_COLUMN_ROWS - block->count;
        part = part < count - done ? part : count - done;
        memcpy(block->rows + block->count, rows + done, part * sizeof *rows);
        block->count += part;
        done += part;
        sj_rc rc = block->count == SJ_COLUMN_ROWS ? hand_on(sink) : 0;
        if (rc < 0)
            return rc;
    }
    return 0;
}

static sj_rc finish(struct sj_sink *sink)
{
    sj_rc rc = hand_on(sink);
    while (rc >= 0 && sink->written < sink->filled)
        rc = write_oldest(sink);
    if (rc < 0)
        return rc;
    if (sink->format == SJ_TO_ARROW)
        sj_arrow_end(&sink->out, (const struct sj_arrow_block *)(const void *)sink->items.data,
                     sink->item_count);
    else if (sink->format == SJ_TO_PARQUET)
        sj_parquet_end(&sink->out, (const struct sj_parquet_group *)(const void *)sink->items.data,
                       sink->item_count);
    rc = flush(sink);
    if (rc >= 0 && fdatasync(sink->fd))
        rc = -errno;
    return rc;
}

sj_rc sj_sink_finish(struct sj_sink *sink)
{
    sj_rc rc;
    if (sink->npz) {
        rc = sj_npz_finish(sink->npz);
        sink->npz = NULL;
    } else {
        rc = finish(sink);
    }
    sj_sink_abandon(sink);
    return rc;
}

void sj_sink_abandon(struct sj_sink *sink)
{
    if (!sink)
        return;
    sj_npz_abandon(sink->npz);
    end_threads(sink);
    if (sink->fd >= 0)
        close(sink->fd);
    for (uint32_t i = 0; i < sink->slot_count; i++)
        sj_block_done(&sink->slots[i].block);
    pthread_cond_destroy(&sink->moved);
    pthread_mutex_destroy(&sink->lock);
    free(sink->slots);
    free(sink->out.data);
    free(sink->items.data);
    free(sink);
}
