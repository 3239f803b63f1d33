/* Latencies from a text file: samples, a histogram, or a curve over time. */
#include "convert/latency_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLES_MAX 10000000

struct reader {
    struct sj_latency *latency;
    const char *path, *stream;
    uint64_t number; /* of the line */
    size_t room;
    bool histogram, by_stream;
    char *error;
};

static sj_rc refuse_line(const struct reader *reader, const char *what)
{
    return sj_latency_refuse(reader->error, "%s:%llu: %s", reader->path,
                             (unsigned long long)reader->number, what);
}

static bool grow(int64_t **numbers, size_t room)
{
    int64_t *more = realloc(*numbers, room * sizeof *more);
    if (more)
        *numbers = more;
    return more != NULL;
}

static sj_rc make_room(struct reader *reader)
{
    struct sj_latency *latency = reader->latency;
    if (latency->count < reader->room)
        return 0;
    size_t room = reader->room ? 2 * reader->room : 1024;
    if (latency->count >= SAMPLES_MAX) {
        snprintf(reader->error, 256, "%s: more than %d latencies", reader->path, SAMPLES_MAX);
        return -SJ_E_LIMIT;
    }
    if (!grow(&latency->times, room) || !grow(&latency->values, room)) {
        snprintf(reader->error, 256, "%s: no memory for its latencies", reader->path);
        return -ENOMEM;
    }
    reader->room = room;
    return 0;
}

static sj_rc add(struct reader *reader, enum sj_latency_model model, long long time,
                 long long value)
{
    struct sj_latency *latency = reader->latency;
    if (latency->count && model != latency->model)
        return refuse_line(reader, "want one latency in ns, or exchange time and latency");
    if (value < 0 || value > SJ_LATENCY_MAX)
        return sj_latency_refuse(reader->error, "%s:%llu: a latency is 0 .. 1 day, not %lld ns",
                                 reader->path, (unsigned long long)reader->number, value);
    if (model == SJ_LATENCY_CURVE && latency->count && time < latency->times[latency->count - 1])
        return refuse_line(reader, "the times must rise");
    sj_rc rc = make_room(reader);
    if (rc < 0)
        return rc;
    latency->model = model;
    latency->times[latency->count] = time;
    latency->values[latency->count++] = value;
    return 0;
}

/* latency_ns,count: counts are kept summed up. */
static sj_rc add_bucket(struct reader *reader, const char *line)
{
    long long value, count;
    char rest;
    if (reader->by_stream) {
        size_t size = strcspn(line, ",");
        bool mine = reader->stream && strlen(reader->stream) == size &&
                    !strncmp(line, reader->stream, size);
        if (!mine)
            return 0;
        line += size + (line[size] == ',');
    }
    if (sscanf(line, "%lld ,%lld %c", &value, &count, &rest) != 2 || count < 0)
        return refuse_line(reader, "want a latency in ns and how often it was");
    const struct sj_latency *latency = reader->latency;
    int64_t before = latency->count ? latency->times[latency->count - 1] : 0;
    if (count > INT64_MAX - before)
        return refuse_line(reader, "the counts add up to too much");
    return count == 0 ? 0 : add(reader, SJ_LATENCY_HISTOGRAM, before + count, value);
}

static sj_rc add_line(struct reader *reader, const char *line)
{
    long long first;
    long long second;
    char rest;
    if (reader->number == 1) {
        reader->by_stream = !strncmp(line, "stream,latency_ns,count", 23);
        reader->histogram = reader->by_stream || !strncmp(line, "latency_ns,count", 16);
        if (reader->histogram)
            return 0;
    }
    if (*line == '#' || *line == '\n')
        return 0;
    if (reader->histogram)
        return add_bucket(reader, line);
    int fields = sscanf(line, "%lld%*1[, \t]%lld %c", &first, &second, &rest);
    if (fields < 1 || fields > 2)
        return refuse_line(reader, "want one latency in ns, or exchange time and latency");
    return fields == 2 ? add(reader, SJ_LATENCY_CURVE, first, second)
                       : add(reader, SJ_LATENCY_SAMPLES, 0, first);
}

sj_rc sj_latency_read(struct sj_latency *latency, const char *path, const char *stream,
                      char error[256])
{
    struct reader reader = {.latency = latency, .path = path, .stream = stream, .error = error};
    FILE *file = fopen(path, "re");
    char line[128];
    sj_rc rc = 0;
    if (!file) {
        rc = -errno;
        snprintf(error, 256, "%s: %s", path, sj_rc_text(rc));
        return rc;
    }
    while (rc >= 0 && fgets(line, sizeof line, file)) {
        reader.number++;
        rc = add_line(&reader, line);
    }
    if (rc >= 0 && ferror(file)) {
        rc = -EIO;
        snprintf(error, 256, "%s: %s", path, sj_rc_text(rc));
    }
    fclose(file);
    if (rc >= 0 && !latency->count)
        rc = reader.by_stream ? sj_latency_refuse(error, "%s: it has no latency of the stream %s",
                                                  path, stream ? stream : "(none was named)")
                              : sj_latency_refuse(error, "%s: there is no latency in it", path);
    return rc;
}
