/*
 * ring_file.c: a ring file of which another process wrote what it pleased. Whatever is in it,
 * opening, reading, looking at and taking over answer with a code; they never touch memory outside
 * the ring and never go on for ever.
 *
 * The input is a list of changes to a good ring: 8 bytes each, where (scaled to the file) and what.
 */
#include "bus/bus.h"
#include "bus/layout.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RING "ring"
#define RING_SIZE (64u << 10)
#define TOPICS 4
#define READS_MAX 5000

static char dir[] = "/dev/shm/shijim-fuzz-XXXXXX";

static void remove_dir(void)
{
    DIR *folder = opendir(dir);
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        unlinkat(dirfd(folder), entry->d_name, 0);
    if (folder)
        closedir(folder);
    rmdir(dir);
}

static struct sj_bus *create(void)
{
    struct sj_bus *bus;
    struct sj_bus_options options = {
        .dir = dir, .name = RING, .size = RING_SIZE, .topic_count = TOPICS};
    return sj_bus_create(&options, &bus) == 0 ? bus : NULL;
}

/* A ring with three laps of frames of all sizes in it. */
static void make_good_ring(void)
{
    uint8_t frame[SJ_EVENT_SIZE_MAX] = {0};
    struct sj_bus *bus = create();
    if (!bus)
        abort();
    for (uint32_t i = 0; i < 900; i++) {
        sj_frame_head(frame, SJ_EVENT_TIMER, 32 * (1 + i % 16));
        ((struct sj_frame *)frame)->instrument = i % TOPICS;
        if (sj_bus_publish(bus, frame) != 0)
            abort();
    }
    sj_bus_close(bus);
}

static void change(int fd, const struct geometry *g, const uint8_t *data, size_t size)
{
    /* Half of the changes go to the head, slots and tables, which are a small part of the file. */
    for (; size >= 8; data += 8, size -= 8) {
        uint32_t where;
        memcpy(&where, data, 4);
        uint64_t range = where & 1 ? g->file_size : where & 2 ? g->topics_offset : 1024;
        uint64_t at = (where >> 2) % range;
        if (data[4] & 1)
            at &= ~7ULL;
        uint8_t bytes[8];
        memset(bytes, data[4] & 2 ? 0xff : 0, sizeof bytes);
        memcpy(bytes, data + 5, 3);
        if (pwrite(fd, bytes, data[4] & 4 ? 8 : 1, (off_t)at) < 0)
            abort();
    }
}

static void read_with(enum sj_bus_policy policy, uint64_t from_seq)
{
    static uint8_t buffer[SJ_EVENT_SIZE_MAX];
    struct sj_bus_reader *reader;
    struct sj_bus_reader_options options = {.dir = dir,
                                            .name = RING,
                                            .reader_name = "fuzz",
                                            .policy = policy,
                                            .from_seq = from_seq,
                                            .evict_deadline_ns = 1};
    if (sj_bus_attach(&options, &reader) < 0)
        return;
    sj_rc rc = 0;
    for (int i = 0; i < READS_MAX && (rc >= 0 || rc == -SJ_E_LAPPED); i++) {
        struct sj_bus_span span;
        uint64_t sum = 0;
        if (policy == SJ_BUS_CONFLATE || i % 2) {
            rc = sj_bus_poll(reader, buffer);
        } else if ((rc = sj_bus_drain(reader, 4096, &span)) > 0) {
            for (const uint8_t *p = span.begin; p < span.end; p += sj_frame_size(p))
                sum += p[8] + p[sj_frame_size(p) - 1];
            rc = sj_bus_release(reader);
        }
        if (rc == 0 && sj_bus_wait(reader, 0, false) == 0)
            break;
        __asm__ volatile("" : : "r"(sum));
    }
    sj_bus_detach(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool made;
    static struct geometry g;
    static uint8_t *good;
    char path[64];
    snprintf(path, sizeof path, "%s/" RING, dir);
    if (!made) {
        if (!mkdtemp(dir) || ring_geometry(RING_SIZE, TOPICS, &g) < 0)
            abort();
        snprintf(path, sizeof path, "%s/" RING, dir);
        atexit(remove_dir);
        make_good_ring();
        good = malloc(g.file_size);
        int fd = open(path, O_RDONLY);
        if (!good || pread(fd, good, g.file_size, 0) != (ssize_t)g.file_size)
            abort();
        close(fd);
        made = true;
    }
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || pwrite(fd, good, g.file_size, 0) != (ssize_t)g.file_size)
        abort();
    change(fd, &g, data, size);
    close(fd);
    struct sj_bus_stat stat;
    struct sj_bus_topic_stat topic;
    (void)!sj_bus_stat(dir, RING, &stat);
    (void)!sj_bus_topic_stat(dir, RING, 0, TOPICS - 1, &topic);
    read_with(SJ_BUS_LOSSY, 1);
    read_with(SJ_BUS_CONFLATE, 0);
    read_with(SJ_BUS_GATE, 850);
    read_with(SJ_BUS_EVICT, UINT64_MAX);
    sj_bus_close(create());
    return 0;
}
