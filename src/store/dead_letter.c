#include "store/dead_letter.h"

#include "base/clock.h"
#include "base/crc32c.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAGIC "SJDEAD1"
#define CRC_FROM offsetof(struct sj_store_dead_head, head_size)
#define ROW_HEAD_SIZE 8

void sj_store_dead_dir(const struct sj_store_config *config, const char *journal_dir,
                       char ret_dir[SJ_STORE_PATH_MAX])
{
    if (config->dead_letter_dir[0] != '\0')
        snprintf(ret_dir, SJ_STORE_PATH_MAX, "%s", config->dead_letter_dir);
    else
        snprintf(ret_dir, SJ_STORE_PATH_MAX, "%.490s/dead", journal_dir);
}

static const struct sj_frame *frame_at(const struct sj_store_rows *rows, uint32_t i)
{
    uint32_t row = rows->order != NULL ? rows->order[i] : i;
    return (const struct sj_frame *)(rows->frames + (size_t)row * rows->table->row_size);
}

static uint32_t src_at(const struct sj_store_rows *rows, uint32_t i)
{
    return rows->srcs[rows->order != NULL ? rows->order[i] : i];
}

/* The definitions the rows need, each once. Rows come in the symbols' order mostly; a definition
 * that is written twice does no harm. */
static sj_rc put_definitions(const struct sj_store_rows *rows,
                             const struct sj_store_symbols *symbols, struct sj_store_bytes *out,
                             uint32_t *ret_count)
{
    uint32_t last = 0;
    uint32_t count = 0;
    for (uint32_t i = 0; i < rows->count; i++) {
        uint32_t id = frame_at(rows, i)->instrument;
        bool is_known = id > 0 && id < symbols->capacity && symbols->cells[id].known != 0;
        if (id == last || !is_known)
            continue;
        sj_rc rc =
            sj_store_bytes_append(out, &symbols->definitions[id], sizeof(symbols->definitions[id]));
        if (rc < 0)
            return rc;
        last = id;
        count++;
    }
    *ret_count = count;
    return 0;
}

static sj_rc put_rows(const struct sj_store_rows *rows, struct sj_store_bytes *out)
{
    const uint32_t zero = 0;
    sj_rc rc = 0;
    for (uint32_t i = 0; rc == 0 && i < rows->count; i++) {
        uint32_t src = src_at(rows, i);
        rc = sj_store_bytes_append(out, &src, sizeof(src));
        if (rc == 0)
            rc = sj_store_bytes_append(out, &zero, sizeof(zero));
        if (rc == 0)
            rc = sj_store_bytes_append(out, frame_at(rows, i), rows->table->row_size);
    }
    return rc;
}

sj_rc sj_store_dead_write(const char *dir, const struct sj_store_rows *rows,
                          const struct sj_store_symbols *symbols, const char *reason, int32_t code,
                          int32_t http_status)
{
    char path[SJ_STORE_PATH_MAX];
    struct sj_store_dead_head head = {
        .magic = MAGIC,
        .head_size = sizeof(head),
        .written_ns = sj_clock_utc_ns(),
        .code = code,
        .http_status = http_status,
        .row_count = rows->count,
        .row_size = rows->table->row_size,
        .template_id = rows->table->template_id,
    };
    snprintf(head.table, sizeof(head.table), "%s", rows->table->name);
    snprintf(head.reason, sizeof(head.reason), "%s", reason);
    int length = snprintf(path, sizeof(path), "%s/%s-%u-%lu-%u" SJ_STORE_DEAD_SUFFIX, dir,
                          rows->table->name, src_at(rows, 0), frame_at(rows, 0)->seq, rows->count);
    if (length < 0 || (size_t)length >= sizeof(path))
        return -ENAMETOOLONG;
    if (mkdir(dir, 0750) < 0 && errno != EEXIST)
        return -errno;
    struct sj_store_bytes out = {0};
    sj_rc rc = sj_store_bytes_append(&out, &head, sizeof(head));
    if (rc == 0)
        rc = put_definitions(rows, symbols, &out, &head.definition_count);
    if (rc == 0)
        rc = put_rows(rows, &out);
    if (rc == 0) {
        memcpy(out.data, &head, sizeof(head));
        head.crc = sj_crc32c(0, out.data + CRC_FROM, out.size - CRC_FROM);
        memcpy(out.data, &head, sizeof(head));
        rc = sj_store_file_replace(path, out.data, out.size);
    }
    sj_store_bytes_done(&out);
    return rc;
}

static bool is_sound(const struct sj_store_dead *dead)
{
    const struct sj_store_dead_head *head = &dead->head;
    uint64_t definitions = (uint64_t)head->definition_count * sizeof(struct sj_instrument);
    uint64_t rows = (uint64_t)head->row_count * (ROW_HEAD_SIZE + (uint64_t)head->row_size);
    return memcmp(head->magic, MAGIC, sizeof(MAGIC)) == 0 && head->head_size == sizeof(*head) &&
           head->crc == sj_crc32c(0, dead->bytes.data + CRC_FROM, dead->bytes.size - CRC_FROM) &&
           dead->bytes.size == sizeof(*head) + definitions + rows && head->row_count > 0 &&
           (dead->table == NULL || dead->table->row_size == head->row_size);
}

static sj_rc split_rows(struct sj_store_dead *dead)
{
    const uint8_t *at =
        dead->definitions + (size_t)dead->head.definition_count * sizeof(struct sj_instrument);
    dead->srcs = calloc(dead->head.row_count, sizeof(*dead->srcs));
    if (dead->srcs == NULL)
        return -ENOMEM;
    for (uint32_t i = 0; i < dead->head.row_count; i++) {
        memcpy(&dead->srcs[i], at, sizeof(dead->srcs[i]));
        sj_rc rc = sj_store_bytes_append(&dead->frames, at + ROW_HEAD_SIZE, dead->head.row_size);
        if (rc < 0)
            return rc;
        at += ROW_HEAD_SIZE + dead->head.row_size;
    }
    return 0;
}

sj_rc sj_store_dead_read(const char *path, struct sj_store_dead *ret)
{
    struct sj_store_dead dead = {0};
    sj_rc rc = sj_store_file_read(path, SJ_STORE_DEAD_SIZE_MAX, &dead.bytes);
    if (rc == 0 && dead.bytes.size < sizeof(dead.head))
        rc = -SJ_E_CORRUPT;
    if (rc == 0) {
        memcpy(&dead.head, dead.bytes.data, sizeof(dead.head));
        dead.table = sj_store_table_of(dead.head.template_id);
        dead.definitions = dead.bytes.data + sizeof(dead.head);
        rc = is_sound(&dead) ? split_rows(&dead) : -SJ_E_CORRUPT;
    }
    if (rc < 0) {
        sj_store_dead_done(&dead);
        return rc;
    }
    *ret = dead;
    return 0;
}

void sj_store_dead_done(struct sj_store_dead *dead)
{
    sj_store_bytes_done(&dead->bytes);
    sj_store_bytes_done(&dead->frames);
    free(dead->srcs);
    dead->srcs = NULL;
}

sj_rc sj_store_dead_each(const char *dir, sj_rc (*each)(const char *path, void *context),
                         void *context)
{
    struct dirent **entries = NULL;
    int count = scandir(dir, &entries, NULL, alphasort);
    if (count < 0)
        return errno == ENOENT ? 0 : -errno;
    sj_rc rc = 0;
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        size_t length = strlen(name);
        size_t suffix = sizeof(SJ_STORE_DEAD_SUFFIX) - 1;
        char path[SJ_STORE_PATH_MAX];
        bool is_ours = length > suffix && strcmp(name + length - suffix, SJ_STORE_DEAD_SUFFIX) == 0;
        int used = snprintf(path, sizeof(path), "%s/%s", dir, name);
        if (is_ours && rc == 0 && used > 0 && (size_t)used < sizeof(path))
            rc = each(path, context);
        free(entries[i]);
    }
    free(entries);
    return rc;
}
