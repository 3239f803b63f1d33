#include "backtest/decisions.h"

#include "event/event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_S INT64_C(1000000000)

static void on_event(void *context, const struct sj_frame *event)
{
    struct decisions *decisions = context;
    if (event->template_id != SJ_EVENT_INTENT || decisions->full)
        return;
    const struct sj_intent *intent = (const void *)event;
    if (decisions->count == decisions->room) {
        size_t room = decisions->room ? 2 * decisions->room : 4096;
        struct decision *grown = realloc(decisions->list, room * sizeof *grown);
        if (!grown) {
            decisions->full = true;
            return;
        }
        decisions->list = grown;
        decisions->room = room;
    }
    decisions->list[decisions->count++] = (struct decision){.time_ns = intent->recv_ns,
                                                            .price_e6 = intent->price_e6,
                                                            .order = intent->intent_id,
                                                            .target = intent->target_id,
                                                            .strategy = intent->strategy,
                                                            .instrument = intent->instrument,
                                                            .quantity = intent->quantity,
                                                            .kind = intent->kind,
                                                            .side = intent->side,
                                                            .price_type = intent->price_type,
                                                            .time_in_force = intent->time_in_force,
                                                            .octype = intent->octype,
                                                            .lot = intent->order_lot};
}

struct sj_bt_sink decisions_sink(struct decisions *decisions)
{
    return (struct sj_bt_sink){.context = decisions, .event = on_event};
}

void decisions_free(struct decisions *decisions)
{
    free(decisions->list);
    *decisions = (struct decisions){0};
}

static bool same_content(const struct decision *a, const struct decision *b)
{
    return a->time_ns == b->time_ns && a->price_e6 == b->price_e6 && a->strategy == b->strategy &&
           a->instrument == b->instrument && a->quantity == b->quantity && a->kind == b->kind &&
           a->side == b->side && a->price_type == b->price_type &&
           a->time_in_force == b->time_in_force && a->octype == b->octype && a->lot == b->lot;
}

size_t decisions_differ(const struct decisions *a, const struct decisions *b, int64_t until_ns,
                        size_t *ret_compared)
{
    size_t at = 0;
    for (;; at++) {
        bool in_a = at < a->count && a->list[at].time_ns < until_ns;
        bool in_b = at < b->count && b->list[at].time_ns < until_ns;
        *ret_compared = at;
        if (!in_a && !in_b)
            return SIZE_MAX;
        if (!in_a || !in_b || !same_content(&a->list[at], &b->list[at]) ||
            a->list[at].order != b->list[at].order || a->list[at].target != b->list[at].target)
            return at;
    }
}

size_t decisions_same_end(const struct decisions *a, const struct decisions *b)
{
    size_t same = 0;
    while (same < a->count && same < b->count &&
           same_content(&a->list[a->count - 1 - same], &b->list[b->count - 1 - same]))
        same++;
    return same;
}

const char *decisions_text(const struct decisions *decisions, size_t at, char text[128])
{
    static const char *const kinds[] = {[SJ_INTENT_CANCEL] = "cancel",
                                        [SJ_INTENT_PRICE] = "reprice",
                                        [SJ_INTENT_QUANTITY] = "reduce"};
    snprintf(text, 128, "nothing");
    if (at >= decisions->count)
        return text;
    const struct decision *decision = &decisions->list[at];
    char clock[16] = "?";
    time_t seconds = (time_t)(decision->time_ns / NS_PER_S);
    struct tm parts;
    if (gmtime_r(&seconds, &parts))
        (void)strftime(clock, sizeof clock, "%H:%M:%S", &parts);
    const char *what = decision->kind == SJ_INTENT_PLACE
                           ? decision->side == SJ_SIDE_SELL ? "sell" : "buy"
                       : decision->kind <= SJ_INTENT_QUANTITY ? kinds[decision->kind]
                                                              : "?";
    int used = snprintf(text, 128, "%s", what);
    if (decision->kind != SJ_INTENT_CANCEL)
        used += snprintf(text + used, 128 - (size_t)used, " %u", decision->quantity);
    if (decision->price_e6 != SJ_NULL_E6 && decision->kind != SJ_INTENT_CANCEL)
        used += snprintf(text + used, 128 - (size_t)used, " at %.10g",
                         (double)decision->price_e6 / 1e6);
    snprintf(text + used, 128 - (size_t)used, " at %s.%09lld UTC", clock,
             (long long)(decision->time_ns % NS_PER_S));
    return text;
}
