#include "store/audit_dead.h"

#include "store/dead_letter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct sj_store_dead_name {
    uint32_t table;
    uint32_t src;
    uint64_t seq;
};

static int compare(const void *a, const void *b)
{
    const struct sj_store_dead_name *left = a;
    const struct sj_store_dead_name *right = b;
    if (left->table != right->table)
        return left->table < right->table ? -1 : 1;
    if (left->src != right->src)
        return left->src < right->src ? -1 : 1;
    return left->seq < right->seq ? -1 : left->seq > right->seq;
}

static sj_rc add(struct sj_store_dead_names *set, const struct sj_store_dead_name *name)
{
    if (set->count == set->capacity) {
        size_t capacity = set->capacity == 0 ? 1024 : set->capacity * 2;
        struct sj_store_dead_name *names = realloc(set->names, capacity * sizeof(*names));
        if (names == NULL)
            return -ENOMEM;
        set->names = names;
        set->capacity = capacity;
    }
    set->names[set->count++] = *name;
    return 0;
}

static sj_rc read_file(const char *path, void *context)
{
    struct sj_store_dead dead;
    sj_rc rc = sj_store_dead_read(path, &dead);
    if (rc < 0)
        return rc == -SJ_E_CORRUPT ? 0 : rc;
    for (uint32_t i = 0; rc == 0 && i < dead.head.row_count; i++) {
        const struct sj_frame *frame =
            (const struct sj_frame *)(dead.frames.data + (size_t)i * dead.head.row_size);
        uint32_t table =
            dead.table != NULL ? sj_store_table_index(dead.table) : SJ_STORE_TABLE_COUNT;
        rc = add(context, &(struct sj_store_dead_name){table, dead.srcs[i], frame->seq});
    }
    sj_store_dead_done(&dead);
    return rc;
}

sj_rc sj_store_dead_names_read(struct sj_store_dead_names *set,
                               const struct sj_store_config *config, const char *journal_dir)
{
    char dir[SJ_STORE_PATH_MAX];
    sj_store_dead_dir(config, journal_dir, dir);
    sj_rc rc = sj_store_dead_each(dir, read_file, set);
    if (set->count > 0)
        qsort(set->names, set->count, sizeof(*set->names), compare);
    return rc;
}

bool sj_store_dead_names_have(const struct sj_store_dead_names *set, uint32_t table, uint32_t src,
                              uint64_t seq)
{
    struct sj_store_dead_name name = {table, src, seq};
    return set->count > 0 &&
           bsearch(&name, set->names, set->count, sizeof(*set->names), compare) != NULL;
}

void sj_store_dead_names_done(struct sj_store_dead_names *set)
{
    free(set->names);
    memset(set, 0, sizeof(*set));
}
