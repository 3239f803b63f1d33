#include "backtest/window.h"

#define LEAST_ROOM (UINT64_C(1) << 20)

void sj_bt_window_done(struct sj_bt_window *window)
{
    free(window->bytes);
    free(window->heap);
    sj_bt_dues_done(&window->here);
    *window = (struct sj_bt_window){0};
}

_Static_assert(sizeof(struct sj_bt_windowed) == SJ_FRAME_UNIT, "entries are whole units");

static struct sj_bt_windowed *at(const struct sj_bt_window *window, uint64_t position)
{
    return (struct sj_bt_windowed *)(void *)(window->bytes + (position & (window->room - 1)));
}

/* --- bytes --- */

/* Whole entries move as they lie: one that fits before the end of the old ring fits before that of
 * the new one, which is a multiple of it, at the same position. */
static sj_rc grow(struct sj_bt_window *window)
{
    uint64_t room = window->room ? 2 * window->room : LEAST_ROOM;
    if (room > SJ_BT_WINDOW_MAX)
        return -SJ_E_FULL;
    uint8_t *bytes = malloc(room);
    if (!bytes)
        return -ENOMEM;
    for (uint64_t from = window->head; from < window->tail;) {
        uint64_t chunk = window->room - (from & (window->room - 1));
        chunk = chunk < window->tail - from ? chunk : window->tail - from;
        memcpy(bytes + (from & (room - 1)), window->bytes + (from & (window->room - 1)), chunk);
        from += chunk;
    }
    free(window->bytes);
    window->bytes = bytes;
    window->room = room;
    return 0;
}

/* Room for an entry in one piece; what is left before the end is passed over. */
static sj_rc reserve(struct sj_bt_window *window, uint32_t size)
{
    for (;;) {
        uint64_t to_end = window->room ? window->room - (window->tail & (window->room - 1)) : 0;
        uint64_t skipped = to_end < size ? to_end : 0;
        if (window->room && window->tail + skipped + size - window->head <= window->room) {
            if (skipped) /* sizes are multiples of the head's: it has room there */
                *at(window, window->tail) = (struct sj_bt_windowed){.src = (uint32_t)skipped};
            window->tail += skipped;
            return 0;
        }
        sj_rc rc = grow(window);
        if (rc < 0)
            return rc;
    }
}

static void let_go(struct sj_bt_window *window)
{
    while (window->head < window->tail) {
        const struct sj_bt_windowed *first = at(window, window->head);
        if (first->size != 0 && first->left != 0)
            return;
        window->head += first->size ? first->size : first->src;
    }
}

/* --- the heap of what is due at the exchange --- */

static bool before(const struct sj_bt_due *a, const struct sj_bt_due *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

static sj_rc heap_push(struct sj_bt_window *window, struct sj_bt_due due)
{
    if (window->heap_count == window->heap_room) {
        uint32_t room = window->heap_room ? 2 * window->heap_room : 1024;
        void *heap = realloc(window->heap, room * sizeof *window->heap);
        if (!heap)
            return -ENOMEM;
        window->heap = heap;
        window->heap_room = room;
    }
    uint32_t i = window->heap_count++;
    for (; i > 0 && before(&due, &window->heap[(i - 1) / 2]); i = (i - 1) / 2)
        window->heap[i] = window->heap[(i - 1) / 2];
    window->heap[i] = due;
    return 0;
}

static void heap_pop(struct sj_bt_window *window)
{
    struct sj_bt_due *heap = window->heap, last = heap[--window->heap_count];
    uint32_t i = 0, count = window->heap_count;
    for (uint32_t child; (child = 2 * i + 1) < count; i = child) {
        child += child + 1 < count && before(&heap[child + 1], &heap[child]);
        if (!before(&heap[child], &last))
            break;
        heap[i] = heap[child];
    }
    if (count)
        heap[i] = last;
}

/* --- in and out --- */

sj_rc sj_bt_window_put(struct sj_bt_window *window, const struct sj_frame *event,
                       uint32_t instrument, uint32_t src, int64_t exch_ns, int64_t here_ns,
                       bool there)
{
    uint32_t size = (uint32_t)sizeof(struct sj_bt_windowed) + sj_frame_size(event);
    sj_rc rc = reserve(window, size);
    if (rc < 0)
        return rc;
    struct sj_bt_windowed *entry = at(window, window->tail);
    *entry = (struct sj_bt_windowed){.size = size,
                                     .left = (uint8_t)(SJ_BT_HERE | (there ? SJ_BT_THERE : 0)),
                                     .src = src,
                                     .exch_ns = exch_ns,
                                     .local_ns = here_ns};
    memcpy(entry->frame, event, sj_frame_size(event));
    ((struct sj_frame *)(void *)entry->frame)->instrument = instrument;
    const struct sj_bt_due due = {exch_ns, window->count, window->tail};
    const struct sj_bt_due here = {here_ns, window->count, window->tail};
    if (there)
        rc = heap_push(window, due);
    if (rc >= 0 && here_ns != INT64_MIN)
        rc = sj_bt_dues_push(&window->here, &here);
    window->count++;
    window->tail += size;
    return rc;
}

struct sj_bt_windowed *sj_bt_window_there(const struct sj_bt_window *window)
{
    return window->heap_count ? at(window, window->heap[0].at) : NULL;
}

struct sj_bt_windowed *sj_bt_window_here(const struct sj_bt_window *window)
{
    return sj_bt_dues_count(&window->here) ? at(window, sj_bt_dues_first(&window->here)->at) : NULL;
}

sj_rc sj_bt_window_pass_there(struct sj_bt_window *window, int64_t here_ns)
{
    struct sj_bt_due due = window->heap[0];
    struct sj_bt_windowed *entry = at(window, due.at);
    heap_pop(window);
    entry->left &= (uint8_t)~SJ_BT_THERE;
    due.at_ns = here_ns;
    if (here_ns != INT64_MIN) {
        entry->local_ns = here_ns;
        return sj_bt_dues_push(&window->here, &due);
    }
    let_go(window);
    return 0;
}

void sj_bt_window_pass_here(struct sj_bt_window *window)
{
    at(window, sj_bt_dues_first(&window->here)->at)->left &= (uint8_t)~SJ_BT_HERE;
    window->here.head++;
    let_go(window);
}
