#include "backtest/latency_rows.h"

#include "base/clock.h"
#include "convert/npz_parse.h"

#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct reader {
    struct sj_bt_latency_rows rows;
    size_t room;
    const char *path;
    uint64_t number; /* of the row or line */
    char *error;
};

static sj_rc refuse(const struct reader *reader, sj_rc rc, const char *what)
{
    snprintf(reader->error, 256, "%s:%llu: %s", reader->path, (unsigned long long)reader->number,
             what);
    return rc;
}

static sj_rc make_room(struct reader *reader)
{
    struct sj_bt_latency_rows *rows = &reader->rows;
    if (rows->count < reader->room)
        return 0;
    if (rows->count >= SJ_BT_LATENCY_ROWS_MAX)
        return refuse(reader, -SJ_E_LIMIT, "more rows than 10,000,000");
    size_t room = reader->room ? 2 * reader->room : 1024;
    struct sj_bt_latency_row *grown = realloc(rows->rows, room * sizeof *grown);
    if (!grown)
        return refuse(reader, -ENOMEM, "no memory for the rows");
    rows->rows = grown;
    reader->room = room;
    return 0;
}

static sj_rc add(struct reader *reader, int64_t req_ns, int64_t exch_ns, int64_t resp_ns)
{
    struct sj_bt_latency_rows *rows = &reader->rows;
    if (exch_ns == 0) {
        rows->left_out++;
        return 0;
    }
    if (req_ns <= 0)
        return refuse(reader, -SJ_E_RANGE, "a request has a time, in ns since 1970");
    if (exch_ns < req_ns || resp_ns < exch_ns)
        return refuse(reader, -SJ_E_RANGE,
                      "a negative latency: request <= exchange <= response does not hold");
    if (exch_ns - req_ns > SJ_NS_PER_DAY || resp_ns - exch_ns > SJ_NS_PER_DAY)
        return refuse(reader, -SJ_E_RANGE, "a latency of more than a day");
    if (rows->count && req_ns < rows->rows[rows->count - 1].req_ns)
        return refuse(reader, -SJ_E_MALFORMED, "a request before that of the row before");
    sj_rc rc = make_room(reader);
    if (rc >= 0)
        rows->rows[rows->count++] = (struct sj_bt_latency_row){req_ns, exch_ns, resp_ns};
    return rc;
}

/* --- text --- */

static sj_rc read_text(struct reader *reader, FILE *file)
{
    char line[160];
    sj_rc rc = 0;
    while (rc >= 0 && fgets(line, sizeof line, file)) {
        long long req_ns, exch_ns, resp_ns;
        char rest;
        reader->number++;
        bool names = reader->number == 1 && (*line < '0' || *line > '9');
        if (names || *line == '#' || *line == '\n')
            continue;
        if (sscanf(line, "%lld%*1[, \t]%lld%*1[, \t]%lld %c", &req_ns, &exch_ns, &resp_ns, &rest) !=
            3)
            rc = refuse(reader, -SJ_E_MALFORMED, "want req_ns,exch_ns,resp_ns");
        else
            rc = add(reader, req_ns, exch_ns, resp_ns);
    }
    return rc >= 0 && ferror(file) ? refuse(reader, -EIO, "it cannot be read") : rc;
}

/* --- arrays --- */

static sj_rc read_array(struct reader *reader, const uint8_t *bytes, size_t size)
{
    static const char refusal[] =
        "its rows are not hftbacktest's order latencies (req_ts, exch_ts, resp_ts)";
    static const struct sj_npy_type types[] = {
        {"[('req_ts','<i8'),('exch_ts','<i8'),('resp_ts','<i8'),('_padding','<i8')]", refusal},
        {"[('req_ts','<i8'),('exch_ts','<i8'),('resp_ts','<i8')]", refusal},
    };
    uint64_t count = 0;
    size_t header = 0, row_size = 0;
    sj_rc rc = -SJ_E_MALFORMED;
    for (unsigned i = 0; i < 2 && rc < 0; i++) {
        rc = sj_npy_parse_as(&types[i], bytes, size, &count, &header, reader->error);
        row_size = i == 0 ? 32 : 24;
    }
    if (rc < 0) {
        char why[200];
        snprintf(why, sizeof why, "%.199s", reader->error);
        snprintf(reader->error, 256, "%.50s: %s", reader->path, why);
        return rc;
    }
    if (count > (size - header) / row_size || (size - header) != count * row_size)
        return refuse(reader, -SJ_E_CORRUPT, "the header says another number of rows");
    for (uint64_t i = 0; i < count && rc >= 0; i++) {
        int64_t times[3];
        memcpy(times, bytes + header + i * row_size, sizeof times);
        reader->number = i + 1;
        rc = add(reader, times[0], times[1], times[2]);
    }
    return rc;
}

static sj_rc read_member(struct reader *reader, const uint8_t *file, uint64_t size)
{
    struct sj_npz_member member;
    sj_rc rc = sj_npz_find(file, size, &member, reader->error);
    if (rc < 0)
        return rc;
    if (!member.deflated)
        return read_array(reader, file + member.offset, (size_t)member.size);
    if (member.size > 32 * (uint64_t)SJ_BT_LATENCY_ROWS_MAX + 4096)
        return refuse(reader, -SJ_E_LIMIT, "more rows than 10,000,000");
    uint8_t *bytes = malloc((size_t)member.size + 1);
    struct libdeflate_decompressor *inflate = libdeflate_alloc_decompressor();
    if (!bytes || !inflate)
        rc = refuse(reader, -ENOMEM, "no memory for the rows");
    else if (libdeflate_deflate_decompress(inflate, file + member.offset,
                                           (size_t)member.packed_size, bytes, (size_t)member.size,
                                           NULL) != LIBDEFLATE_SUCCESS ||
             libdeflate_crc32(0, bytes, (size_t)member.size) != member.crc)
        rc = refuse(reader, -SJ_E_CORRUPT, "the array is damaged");
    else
        rc = read_array(reader, bytes, (size_t)member.size);
    libdeflate_free_decompressor(inflate);
    free(bytes);
    return rc;
}

static sj_rc read_file(struct reader *reader, FILE *file)
{
    struct stat stat;
    char start[2] = "";
    if (fstat(fileno(file), &stat) != 0)
        return refuse(reader, -errno, "it cannot be read");
    bool array =
        fread(start, 1, 2, file) == 2 && (!memcmp(start, "PK", 2) || !memcmp(start, "\x93N", 2));
    rewind(file);
    if (!array)
        return read_text(reader, file);
    size_t size = (size_t)stat.st_size;
    void *map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fileno(file), 0);
    if (map == MAP_FAILED)
        return refuse(reader, -errno, "it cannot be mapped");
    sj_rc rc = read_member(reader, map, size);
    munmap(map, size);
    return rc;
}

sj_rc sj_bt_latency_rows_read(const char *path, struct sj_bt_latency_rows *ret_rows,
                              char error[256])
{
    struct reader reader = {.path = path, .error = error};
    FILE *file = fopen(path, "re");
    if (!file) {
        sj_rc rc = -errno;
        snprintf(error, 256, "%s: %s", path, sj_rc_text(rc));
        return rc;
    }
    sj_rc rc = read_file(&reader, file);
    fclose(file);
    if (rc >= 0 && reader.rows.count == 0) {
        snprintf(error, 256, "%s: there is no latency in it", path);
        rc = -SJ_E_MALFORMED;
    }
    if (rc < 0) {
        free(reader.rows.rows);
        return rc;
    }
    *ret_rows = reader.rows;
    return 0;
}

void sj_bt_latency_rows_free(struct sj_bt_latency_rows *rows)
{
    free(rows->rows);
    *rows = (struct sj_bt_latency_rows){0};
}

/* Responses are looked up by the exchange's time, which need not rise with the request's: a point
 * earlier than the one before is left to its neighbours. */
sj_rc sj_bt_latency_rows_curve(const struct sj_bt_latency_rows *rows, bool of_response,
                               struct sj_latency **ret_model)
{
    int64_t *times = malloc(rows->count * sizeof *times);
    int64_t *values = malloc(rows->count * sizeof *values);
    size_t count = 0;
    sj_rc rc = times && values ? 0 : -ENOMEM;
    for (size_t i = 0; i < rows->count && rc >= 0; i++) {
        const struct sj_bt_latency_row *row = &rows->rows[i];
        int64_t time_ns = of_response ? row->exch_ns : row->req_ns;
        if (count && time_ns < times[count - 1])
            continue;
        times[count] = time_ns;
        values[count++] = of_response ? row->resp_ns - row->exch_ns : row->exch_ns - row->req_ns;
    }
    if (rc >= 0)
        rc = sj_latency_of_curve(times, values, count, ret_model);
    if (rc < 0) {
        free(times);
        free(values);
    }
    return rc;
}
