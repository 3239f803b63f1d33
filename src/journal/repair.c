#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "journal/recover.h"
#include "journal/scan.h"

#define VOID_MAX (64u << 10)

/* Writes blocks without events over [offset, offset + size) of the segment. */
static sj_rc write_voids(int fd, const struct sj_scan *scan, uint64_t offset, uint64_t size)
{
    uint8_t *bytes = calloc(1, VOID_MAX + 2 * sizeof(struct sj_block_head));
    sj_rc rc = bytes == NULL ? -ENOMEM : 0;
    while (rc == 0 && size > 0) {
        uint64_t step = size > VOID_MAX + sizeof(struct sj_block_head) ? VOID_MAX : size;
        struct sj_block_head head = {.position = scan->base + offset,
                                     .flags = SJ_BLOCK_VOID,
                                     .segment_nonce = scan->nonce,
                                     .payload_size = (uint32_t)(step - sizeof(head))};
        head.payload_crc = sj_crc32c(0, bytes + sizeof(head), head.payload_size);
        sj_block_head_seal(&head);
        memcpy(bytes, &head, sizeof(head));
        rc = sj_io_write(&sj_journal_io_system, fd, bytes, step, offset);
        offset += step;
        size -= step;
    }
    free(bytes);
    return rc;
}

static sj_rc repair_segment(const char *dir, uint64_t ordinal, struct sj_journal_check *check)
{
    char path[SJ_JOURNAL_PATH_MAX];
    struct sj_window window;
    struct sj_scan scan;
    struct sj_scan_block block;
    int fd;
    sj_rc rc = sj_window_open(&window, dir, ordinal, false);
    if (rc < 0)
        return rc;
    sj_segment_path(path, sizeof(path), dir, ordinal, false);
    rc = sj_segment_open(&sj_journal_io_system, path, false, &fd);
    sj_scan_init(&scan, &window);
    sj_rc found;
    while (rc == 0 && (found = sj_scan_next(&scan, &block)) != 0) {
        if (found > 0)
            continue;
        uint64_t offset = scan.damage_offset;
        uint64_t size = scan.damage_size;
        if (size < sizeof(struct sj_block_head) || size % SJ_FRAME_UNIT != 0) {
            check->unrepaired_count++;
            continue;
        }
        rc = sj_recover_save_aside(&sj_journal_io_system, dir, &window, offset, offset + size,
                                   scan.base + offset);
        if (rc == 0)
            rc = write_voids(fd, &scan, offset, size);
        check->repaired_count += rc == 0;
    }
    if (rc == 0 && check->repaired_count > 0)
        rc = sj_journal_io_system.sync(NULL, fd);
    sj_io_close(&fd);
    sj_window_done(&window);
    return rc;
}

static void no_definition(void *context, uint32_t src, const struct sj_instrument *frame)
{
    (void)context, (void)src, (void)frame;
}

static sj_rc repair_all(const char *dir, struct sj_journal_check *check)
{
    struct sj_segment_list list;
    struct sj_head *before = calloc(1, sizeof(*before));
    struct sj_recovered *state = calloc(1, sizeof(*state));
    struct sj_journal_recovery *recovery = calloc(1, sizeof(*recovery));
    sj_rc rc = -ENOMEM;
    if (before != NULL && state != NULL && recovery != NULL)
        rc = sj_recover(&sj_journal_io_system, dir, before, true, no_definition, NULL, state,
                        recovery);
    if (rc == 0)
        check->repaired_count += recovery->cut_size > 0;
    free(before);
    free(state);
    free(recovery);
    if (rc == 0)
        rc = sj_segment_list(dir, &list);
    if (rc < 0)
        return rc;
    for (size_t i = 0; rc == 0 && i < list.count; i++)
        if (list.entries[i].plain && !list.entries[i].packed)
            rc = repair_segment(dir, list.entries[i].ordinal, check);
    sj_segment_list_done(&list);
    return rc;
}

sj_rc sj_journal_repair(const char *dir,
                        void (*each)(const struct sj_journal_damage *damage, void *context),
                        void *context, struct sj_journal_check *ret)
{
    struct sj_journal_check before;
    struct sj_journal_check after;
    int lock_fd = -1;
    sj_rc rc = sj_head_lock(dir, &lock_fd);
    if (rc < 0)
        return rc;
    rc = sj_journal_verify(dir, each, context, &before);
    if (rc >= 0)
        rc = repair_all(dir, &before);
    if (rc >= 0)
        rc = sj_journal_verify(dir, NULL, NULL, &after);
    sj_io_close(&lock_fd);
    if (rc < 0)
        return rc;
    before.unrepaired_count = after.damage_count;
    *ret = before;
    return before.damage_count > 0;
}
