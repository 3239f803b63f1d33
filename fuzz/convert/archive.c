/* Any bytes as an archive of TAIFEX's (zip, gzip, zstd or none), as a mapping of CSV and as a file
 * of latencies: read as far as they go, or refused with a line. */
#include "convert/csv.h"
#include "convert/latency.h"
#include "convert/taifex_file.h"

#include "base/assert.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_archive(const char *path)
{
    struct sj_taifex_file file;
    if (sj_taifex_file_read(path, &file) < 0)
        return;
    SJ_ASSERT(file.size <= SJ_TAIFEX_SIZE_MAX && (!file.cut || file.size));
    sj_taifex_file_done(&file);
}

static void read_map(const char *path)
{
    struct sj_csv_map map;
    char error[256] = "";
    if (sj_csv_map_read(path, &map, error) < 0)
        SJ_ASSERT(*error);
}

static void read_latencies(const char *path)
{
    struct sj_latency *latency;
    char text[80];
    char error[256] = "";
    snprintf(text, sizeof text, "file:%s", path);
    if (sj_latency_create(text, NULL, 1, &latency, error) < 0) {
        SJ_ASSERT(*error);
        return;
    }
    for (uint64_t i = 0; i < 16; i++)
        SJ_ASSERT(sj_latency_of(latency, (int64_t)(i * 1000), 0, i) >= 0);
    sj_latency_close(latency);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    int fd = memfd_create("archive", MFD_CLOEXEC);
    if (fd < 0)
        return 0;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (write(fd, data, size) == (ssize_t)size) {
        read_archive(path);
        read_map(path);
        read_latencies(path);
    }
    close(fd);
    return 0;
}
