/* What must be known after a restart. The journal is the truth: orders are rebuilt from its events
 * alone. What an event does not tell (a strategy's state, the day's best profit) is saved now and
 * then with the sequence it stands for, and the events behind that bring it up to date. */
#include "decide/inside.h"

#include "base/crc32c.h"

#include <stdio.h>
#include <string.h>

#define MAGIC UINT64_C(0x3265646963656453) /* "Sdecide2" */
#define PARTS 3

struct head {
    uint64_t magic;
    uint32_t crc; /* of everything behind it */
    uint32_t head_reserved;
    uint64_t size;
    uint64_t own_seq;
    int64_t now_ns;
    uint64_t next_intent_id;
    uint64_t part_size[PARTS]; /* strategies, risk, account */
};

static size_t aligned(size_t size)
{
    return (size + 63) & ~(size_t)63;
}

size_t sj_decide_save_size(const struct sj_decide *decide)
{
    return aligned(sizeof(struct head)) + aligned(sj_strategies_save_size(decide->strategies)) +
           aligned(sj_risk_save_size(decide->risk)) +
           aligned(sj_account_save_size(decide->account));
}

static uint32_t crc_of(const struct head *head)
{
    const uint8_t *bytes = (const uint8_t *)head;
    size_t from = offsetof(struct head, head_reserved);
    return sj_crc32c(0, bytes + from, head->size - from);
}

sj_rc sj_decide_save(struct sj_decide *decide, void *buffer, size_t size)
{
    struct head *head = buffer;
    uint8_t *at = buffer;
    sj_decide_note(decide);
    if (size < sj_decide_save_size(decide))
        return -SJ_E_RANGE;
    memset(head, 0, sizeof *head);
    size_t used = aligned(sizeof *head);
    for (int part = 0; part < PARTS; part++) {
        sj_rc rc = part == 0   ? sj_strategies_save(decide->strategies, at + used, size - used)
                   : part == 1 ? sj_risk_save(decide->risk, at + used, size - used)
                               : sj_account_save(decide->account, at + used, size - used);
        if (rc < 0)
            return rc;
        head->part_size[part] = (uint64_t)rc;
        size_t end = used + aligned((size_t)rc);
        memset(at + used + rc, 0, end - used - (size_t)rc);
        used = end;
    }
    head->magic = MAGIC;
    head->size = used;
    head->own_seq = decide->own_seq;
    head->now_ns = decide->now_ns;
    head->next_intent_id = decide->next_intent_id;
    head->crc = crc_of(head);
    return (sj_rc)used;
}

static bool is_whole(const struct head *head, size_t size)
{
    if (size < aligned(sizeof *head) || head->magic != MAGIC || head->size > size ||
        head->size < aligned(sizeof *head) || head->crc != crc_of(head))
        return false;
    size_t used = aligned(sizeof *head);
    for (int part = 0; part < PARTS; part++) {
        if (head->part_size[part] > head->size - used)
            return false;
        used += aligned(head->part_size[part]);
        if (used > head->size)
            return false;
    }
    return true;
}

uint64_t sj_decide_saved_seq(const void *buffer, size_t size)
{
    const struct head *head = buffer;
    return is_whole(head, size) ? head->own_seq : 0;
}

sj_rc sj_decide_load(struct sj_decide *decide, const void *buffer, size_t size,
                     char error[SJ_DECIDE_ERROR_MAX])
{
    const struct head *head = buffer;
    const uint8_t *at = (const uint8_t *)buffer + aligned(sizeof *head);
    if (!is_whole(head, size)) {
        snprintf(error, SJ_DECIDE_ERROR_MAX, "not a saved state of trading");
        return -SJ_E_CORRUPT;
    }
    decide->now_ns = head->now_ns;
    sj_rc rc =
        sj_strategies_restore(decide->strategies, at, head->part_size[0], head->now_ns, error);
    at += aligned(head->part_size[0]);
    if (rc >= 0)
        rc = sj_risk_restore(decide->risk, at, head->part_size[1]);
    at += aligned(head->part_size[1]);
    if (rc >= 0)
        rc = sj_account_restore(decide->account, at, head->part_size[2]);
    if (rc < 0)
        return rc;
    decide->loaded_seq = decide->own_seq = head->own_seq;
    if (head->next_intent_id > decide->next_intent_id)
        decide->next_intent_id = head->next_intent_id;
    return 0;
}

/* --- events of the own ring that came after what was saved --- */

static void restore_order(struct sj_decide *decide, const struct sj_order_update *update)
{
    if (update->state_from == SJ_ORDER_NONE &&
        update->intent_id == decide->restored_intent.intent_id &&
        sj_risk_adopt(decide->risk, &decide->restored_intent, update) >= 0)
        return;
    sj_risk_order(decide->risk, update);
}

static void restore_newer(struct sj_decide *decide, const struct sj_frame *event)
{
    switch (event->template_id) {
    case SJ_EVENT_VERDICT: {
        const struct sj_verdict *verdict = (const struct sj_verdict *)event;
        if (verdict->accepted)
            sj_risk_count_call(decide->risk, decide->restored_intent.account, verdict->recv_ns);
        break;
    }
    case SJ_EVENT_ORDER:
        restore_order(decide, (const struct sj_order_update *)event);
        break;
    case SJ_EVENT_FILL: {
        struct sj_fill fill;
        memcpy(&fill, event, sizeof fill);
        sj_account_fill(decide->account, &fill);
        sj_risk_fill(decide->risk, (const struct sj_fill *)event);
        break;
    }
    case SJ_EVENT_CONTROL:
        sj_risk_control(decide->risk, (const struct sj_control *)event);
        return;
    case SJ_EVENT_INTENT:
        break;
    default:
        return;
    }
    sj_strategies_restore_event(decide->strategies, event, decide->now_ns);
}

void sj_decide_restore(struct sj_decide *decide, const struct sj_frame *event)
{
    if (event->template_id == SJ_EVENT_INTENT) {
        memcpy(&decide->restored_intent, event, sizeof decide->restored_intent);
        if (decide->restored_intent.intent_id >= decide->next_intent_id)
            decide->next_intent_id = decide->restored_intent.intent_id + 1;
    }
    sj_orders_restore(decide->orders, event);
    if (event->seq > decide->loaded_seq)
        restore_newer(decide, event);
    if (event->seq > decide->own_seq)
        decide->own_seq = event->seq;
}
