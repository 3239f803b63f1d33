#include "backtest/tape.h"

#include <errno.h>
#include <string.h>

enum { ORDER = 1, FILL, SAMPLE, LOG, EVENT };

#define BODY_MAX 4096

struct head {
    uint32_t kind, size, strategy, reserved;
};

static void put(FILE *file, uint32_t kind, uint32_t strategy, const void *body, size_t size)
{
    struct head head = {kind, (uint32_t)size, strategy, 0};
    fwrite(&head, sizeof head, 1, file);
    fwrite(body, 1, size, file);
}

static void on_order(void *context, const struct sj_bt_order_row *row)
{
    put(context, ORDER, 0, row, sizeof *row);
}

static void on_fill(void *context, const struct sj_bt_fill_row *row)
{
    put(context, FILL, 0, row, sizeof *row);
}

static void on_sample(void *context, const struct sj_bt_sample_row *row)
{
    put(context, SAMPLE, 0, row, sizeof *row);
}

static void on_log(void *context, uint32_t strategy, const char *text)
{
    put(context, LOG, strategy, text, strnlen(text, BODY_MAX));
}

static void on_event(void *context, const struct sj_frame *event)
{
    put(context, EVENT, 0, event, sj_frame_size(event));
}

struct sj_bt_sink sj_bt_tape_sink(FILE *file, const struct sj_bt_sink *want)
{
    return (struct sj_bt_sink){
        .context = file,
        .order = want->order ? on_order : NULL,
        .fill = want->fill ? on_fill : NULL,
        .sample = want->sample ? on_sample : NULL,
        .log = want->log ? on_log : NULL,
        .event = want->event ? on_event : NULL,
    };
}

struct player {
    const struct sj_bt_tape_offset *offset;
    const struct sj_bt_sink *sink;
    union {
        struct sj_bt_order_row order;
        struct sj_bt_fill_row fill;
        struct sj_bt_sample_row sample;
        struct sj_frame event;
        char text[BODY_MAX + 1];
    } body;
};

static bool fits(const struct head *head)
{
    switch (head->kind) {
    case ORDER:
        return head->size == sizeof(struct sj_bt_order_row);
    case FILL:
        return head->size == sizeof(struct sj_bt_fill_row);
    case SAMPLE:
        return head->size == sizeof(struct sj_bt_sample_row);
    case LOG:
        return head->size <= BODY_MAX;
    case EVENT:
        return head->size >= sizeof(struct sj_frame) && head->size <= BODY_MAX;
    default:
        return false;
    }
}

static void play_sample(const struct player *player)
{
    struct sj_bt_sample_row row = player->body.sample;
    row.equity += player->offset->equity;
    row.balance += player->offset->equity + player->offset->fee;
    row.fee += player->offset->fee;
    player->sink->sample(player->sink->context, &row);
}

static void play(struct player *player, const struct head *head)
{
    const struct sj_bt_sink *sink = player->sink;
    if (head->kind == ORDER && sink->order) {
        player->body.order.order += player->offset->orders;
        sink->order(sink->context, &player->body.order);
    } else if (head->kind == FILL && sink->fill) {
        player->body.fill.order += player->offset->orders;
        sink->fill(sink->context, &player->body.fill);
    } else if (head->kind == SAMPLE && sink->sample) {
        play_sample(player);
    } else if (head->kind == LOG && sink->log) {
        player->body.text[head->size] = 0;
        sink->log(sink->context, head->strategy, player->body.text);
    } else if (head->kind == EVENT && sink->event) {
        sink->event(sink->context, &player->body.event);
    }
}

sj_rc sj_bt_tape_play(FILE *file, const struct sj_bt_tape_offset *offset,
                      const struct sj_bt_sink *sink)
{
    struct player player = {.offset = offset, .sink = sink};
    struct head head;
    rewind(file);
    while (fread(&head, sizeof head, 1, file) == 1) {
        if (!fits(&head) || fread(&player.body, 1, head.size, file) != head.size)
            return -SJ_E_CORRUPT;
        play(&player, &head);
    }
    return ferror(file) ? -EIO : 0;
}
