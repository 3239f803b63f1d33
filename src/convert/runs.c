#include "convert/runs.h"

#include "base/assert.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RUN_ROWS_MIN (1u << 18)
/* Rows that all threads together sort at a time. */
#define SORTED_ROWS (1u << 20)
#define SORTERS_MAX 16
#define WRITE_ROWS 4096
#define RUNS_WANTED 1024
#define CURSOR_ROWS 512

struct keyed {
    int64_t key;
    uint32_t index;
};

/* A run: its place in the file, and how far it was read. */
struct run {
    uint64_t begin; /* rows */
    uint64_t end;
    int64_t first_key;
    uint32_t number;
    struct sj_row *buffer; /* while it is being read */
    uint32_t at;
    uint32_t count;
};

struct sj_runs {
    enum sj_runs_key key;
    int fd;
    bool own_fd;
    uint64_t front;
    struct run *runs; /* in the order of their first keys */
    uint32_t run_count;
    uint32_t opened; /* runs before this one are open or done */
    struct run **heap;
    uint32_t heap_count;
};

static int64_t key_of(const struct sj_runs *runs, const struct sj_row *row)
{
    SJ_ASSERT(row);
    return runs->key == SJ_RUNS_EXCH ? row->exch_ts : row->local_ts;
}

static sj_rc read_rows(int fd, uint64_t front, uint64_t first, struct sj_row *to, size_t count)
{
    char *at = (char *)to;
    size_t left = count * sizeof *to;
    off_t offset = (off_t)(front + first * sizeof *to);
    while (left) {
        ssize_t got = pread(fd, at, left, offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? -errno : -EIO;
        at += got;
        offset += got;
        left -= (size_t)got;
    }
    return 0;
}

static sj_rc write_rows(int fd, uint64_t first, const struct sj_row *from, size_t count)
{
    const char *at = (const char *)from;
    size_t left = count * sizeof *from;
    off_t offset = (off_t)(first * sizeof *from);
    while (left) {
        ssize_t done = pwrite(fd, at, left, offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return done < 0 ? -errno : -EIO;
        at += done;
        offset += done;
        left -= (size_t)done;
    }
    return 0;
}

/* --- sorting --- */

/* What one thread sorts with. */
struct sorter {
    struct sj_row *in;
    struct sj_row *out; /* WRITE_ROWS */
    struct keyed *keys;
    struct keyed *spare;
};

/* Runs are shared out among threads. */
struct sorting {
    struct sj_runs *runs;
    const struct sj_order_options *options;
    size_t run_rows;
    _Atomic uint32_t next;
    _Atomic sj_rc rc;
};

/* Bottom up, stable; input that is nearly in order costs little more than a look at it. */
static struct keyed *sort_keys(struct keyed *keys, struct keyed *spare, size_t count)
{
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t begin = 0; begin < count; begin += 2 * width) {
            size_t middle = begin + width < count ? begin + width : count;
            size_t end = begin + 2 * width < count ? begin + 2 * width : count;
            if (middle == end || keys[middle - 1].key <= keys[middle].key) {
                memcpy(spare + begin, keys + begin, (end - begin) * sizeof *keys);
                continue;
            }
            size_t a = begin;
            size_t b = middle;
            for (size_t to = begin; to < end; to++)
                spare[to] =
                    a < middle && (b == end || keys[a].key <= keys[b].key) ? keys[a++] : keys[b++];
        }
        struct keyed *swap = keys;
        keys = spare;
        spare = swap;
    }
    return keys;
}

static sj_rc sort_run(struct sj_runs *runs, const struct sj_order_options *options,
                      struct sorter *sorter, struct run *run)
{
    size_t count = (size_t)(run->end - run->begin);
    sj_rc rc = read_rows(options->fd, options->front, run->begin, sorter->in, count);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < count; i++)
        sorter->keys[i] = (struct keyed){key_of(runs, &sorter->in[i]), (uint32_t)i};
    const struct keyed *sorted = sort_keys(sorter->keys, sorter->spare, count);
    run->first_key = sorted[0].key;
    for (size_t done = 0; rc >= 0 && done < count;) {
        size_t part = count - done < WRITE_ROWS ? count - done : WRITE_ROWS;
        for (size_t i = 0; i < part; i++)
            sorter->out[i] = sorter->in[sorted[done + i].index];
        rc = write_rows(runs->fd, run->begin + done, sorter->out, part);
        done += part;
    }
    return rc;
}

static void *sort_main(void *context)
{
    struct sorting *sorting = context;
    size_t rows = sorting->run_rows;
    struct sorter sorter = {
        malloc(rows * sizeof *sorter.in), malloc(WRITE_ROWS * sizeof *sorter.out),
        malloc(rows * sizeof *sorter.keys), malloc(rows * sizeof *sorter.spare)};
    if (!sorter.in || !sorter.out || !sorter.keys || !sorter.spare)
        atomic_store(&sorting->rc, -ENOMEM);
    while (atomic_load(&sorting->rc) >= 0) {
        uint32_t index = atomic_fetch_add(&sorting->next, 1);
        if (index >= sorting->runs->run_count)
            break;
        sj_rc rc = sort_run(sorting->runs, sorting->options, &sorter, &sorting->runs->runs[index]);
        if (rc < 0)
            atomic_store(&sorting->rc, rc);
    }
    free(sorter.in);
    free(sorter.out);
    free(sorter.keys);
    free(sorter.spare);
    return NULL;
}

static sj_rc sort_all(struct sj_runs *runs, const struct sj_order_options *options, size_t run_rows)
{
    struct sorting sorting = {.runs = runs, .options = options, .run_rows = run_rows};
    pthread_t threads[SORTERS_MAX];
    uint32_t started = 0;
    while (started + 1 < options->threads && started + 1 < runs->run_count &&
           started < SORTERS_MAX && !pthread_create(&threads[started], NULL, sort_main, &sorting))
        started++;
    sort_main(&sorting);
    for (uint32_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    return atomic_load(&sorting.rc);
}

static int by_first_key(const void *a, const void *b)
{
    const struct run *x = a;
    const struct run *y = b;
    if (x->first_key != y->first_key)
        return x->first_key < y->first_key ? -1 : 1;
    return x->number < y->number ? -1 : 1;
}

/* A file without a name, in the output's directory: it goes with us, whatever happens. */
static int open_nameless(const char *output)
{
    char dir[4096];
    snprintf(dir, sizeof dir, "%s", output);
    char *slash = strrchr(dir, '/');
    if (slash)
        slash[slash == dir] = 0;
    int fd = open(slash ? dir : ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
        return fd;
    char name[4128];
    snprintf(name, sizeof name, "%s.sort-XXXXXX", output);
    fd = mkostemp(name, O_CLOEXEC);
    if (fd >= 0)
        unlink(name);
    return fd;
}

static sj_rc make_runs(struct sj_runs *runs, const struct sj_order_options *options)
{
    uint64_t rows = options->row_count;
    size_t run_rows = options->run_rows ? options->run_rows : RUN_ROWS_MIN;
    if (!options->run_rows && options->threads > SORTED_ROWS / RUN_ROWS_MIN)
        run_rows = SORTED_ROWS / (options->threads < SORTERS_MAX ? options->threads : SORTERS_MAX);
    if (!options->run_rows && rows / RUNS_WANTED > run_rows)
        run_rows = (size_t)(rows / RUNS_WANTED + 1);
    if (runs->key == SJ_RUNS_EXCH ? options->sorted_exch : options->sorted_local)
        run_rows = rows ? (size_t)rows : 1;
    runs->run_count = (uint32_t)((rows + run_rows - 1) / run_rows);
    runs->runs = calloc(runs->run_count + 1, sizeof *runs->runs);
    runs->heap = calloc(runs->run_count + 1, sizeof(struct run *));
    if (!runs->runs || !runs->heap)
        return -ENOMEM;
    for (uint32_t i = 0; i < runs->run_count; i++) {
        uint64_t end = (uint64_t)(i + 1) * run_rows;
        runs->runs[i] = (struct run){
            .begin = (uint64_t)i * run_rows, .end = end < rows ? end : rows, .number = i};
    }
    if (run_rows >= rows &&
        (runs->key == SJ_RUNS_EXCH ? options->sorted_exch : options->sorted_local)) {
        runs->fd = options->fd;
        runs->front = options->front;
        return 0;
    }
    if (!rows)
        return 0;
    runs->fd = open_nameless(options->output);
    if (runs->fd < 0)
        return -errno;
    runs->own_fd = true;
    sj_rc rc = sort_all(runs, options, run_rows < rows ? run_rows : (size_t)rows);
    qsort(runs->runs, runs->run_count, sizeof *runs->runs, by_first_key);
    return rc;
}

sj_rc sj_runs_create(const struct sj_order_options *options, enum sj_runs_key key,
                     struct sj_runs **ret_runs)
{
    struct sj_runs *runs = calloc(1, sizeof *runs);
    if (!runs)
        return -ENOMEM;
    runs->key = key;
    runs->fd = -1;
    sj_rc rc = make_runs(runs, options);
    if (rc < 0) {
        sj_runs_close(runs);
        return rc;
    }
    *ret_runs = runs;
    return 0;
}

void sj_runs_close(struct sj_runs *runs)
{
    if (!runs)
        return;
    for (uint32_t i = 0; i < runs->heap_count; i++)
        free(runs->heap[i]->buffer);
    if (runs->own_fd)
        close(runs->fd);
    free(runs->heap);
    free(runs->runs);
    free(runs);
}

/* --- merging --- */

static bool comes_before(const struct sj_runs *runs, const struct run *a, const struct run *b)
{
    int64_t x = key_of(runs, &a->buffer[a->at]);
    int64_t y = key_of(runs, &b->buffer[b->at]);
    return x != y ? x < y : a->number < b->number;
}

static void sift_down(struct sj_runs *runs, uint32_t at)
{
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= runs->heap_count)
            return;
        if (child + 1 < runs->heap_count &&
            comes_before(runs, runs->heap[child + 1], runs->heap[child]))
            child++;
        if (!comes_before(runs, runs->heap[child], runs->heap[at]))
            return;
        struct run *swap = runs->heap[at];
        runs->heap[at] = runs->heap[child];
        runs->heap[child] = swap;
        at = child;
    }
}

static void sift_up(struct sj_runs *runs, uint32_t at)
{
    while (at && comes_before(runs, runs->heap[at], runs->heap[(at - 1) / 2])) {
        struct run *swap = runs->heap[at];
        runs->heap[at] = runs->heap[(at - 1) / 2];
        runs->heap[(at - 1) / 2] = swap;
        at = (at - 1) / 2;
    }
}

static sj_rc refill(struct sj_runs *runs, struct run *run)
{
    uint64_t left = run->end - run->begin;
    run->at = 0;
    run->count = left < CURSOR_ROWS ? (uint32_t)left : CURSOR_ROWS;
    if (!run->count) {
        free(run->buffer);
        run->buffer = NULL;
        return 0;
    }
    sj_rc rc = read_rows(runs->fd, runs->front, run->begin, run->buffer, run->count);
    run->begin += run->count;
    return rc;
}

/* Runs whose first row is not after the present head take part from now on. */
static sj_rc open_due(struct sj_runs *runs)
{
    while (runs->opened < runs->run_count) {
        struct run *run = &runs->runs[runs->opened];
        const struct run *head = runs->heap_count ? runs->heap[0] : NULL;
        if (head && run->first_key > key_of(runs, &head->buffer[head->at]))
            return 0;
        runs->opened++;
        run->buffer = calloc(CURSOR_ROWS, sizeof *run->buffer);
        if (!run->buffer)
            return -ENOMEM;
        sj_rc rc = refill(runs, run);
        if (rc < 0) {
            free(run->buffer);
            run->buffer = NULL;
            return rc;
        }
        runs->heap[runs->heap_count++] = run;
        sift_up(runs, runs->heap_count - 1);
    }
    return 0;
}

sj_rc sj_runs_head(struct sj_runs *runs, const struct sj_row **ret)
{
    sj_rc rc = open_due(runs);
    if (rc < 0)
        return rc;
    *ret = runs->heap_count ? &runs->heap[0]->buffer[runs->heap[0]->at] : NULL;
    return 0;
}

sj_rc sj_runs_next(struct sj_runs *runs, const struct sj_row **ret)
{
    struct run *run = runs->heap[0];
    if (++run->at == run->count) {
        sj_rc rc = refill(runs, run);
        if (rc < 0)
            return rc;
        if (!run->count)
            runs->heap[0] = runs->heap[--runs->heap_count];
    }
    sift_down(runs, 0);
    return sj_runs_head(runs, ret);
}
