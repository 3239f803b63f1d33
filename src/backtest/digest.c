#include "backtest/digest.h"

#include "event/event.h"
#include "shijim/strategy.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void sj_bt_digest_init(struct sj_bt_digest *digest, double tick, double lot)
{
    memset(digest, 0, sizeof *digest);
    digest->tick = tick > 0 ? tick : 1;
    digest->lot = lot > 0 ? lot : 1;
    digest->point_samples = 1;
}

/* --- samples --- */

static void widen(struct sj_bt_point *point, const struct sj_bt_point *with)
{
    point->equity_low = fmin(point->equity_low, with->equity_low);
    point->equity_high = fmax(point->equity_high, with->equity_high);
    point->equity_last = with->equity_last;
    point->drawdown_low = fmin(point->drawdown_low, with->drawdown_low);
    point->position_low = fmin(point->position_low, with->position_low);
    point->position_high = fmax(point->position_high, with->position_high);
}

/* Two stretches become one when there is no room for another. */
static void halve(struct sj_bt_digest *digest)
{
    for (uint32_t i = 0; i < SJ_BT_POINTS_MAX / 2; i++) {
        struct sj_bt_point point = digest->points[2 * i];
        widen(&point, &digest->points[2 * i + 1]);
        digest->points[i] = point;
    }
    digest->point_count = SJ_BT_POINTS_MAX / 2;
    digest->last_samples = digest->point_samples * 2;
    digest->point_samples *= 2;
}

void sj_bt_digest_sample(struct sj_bt_digest *digest, const struct sj_bt_sample_row *row)
{
    if (isnan(row->equity))
        return;
    digest->equity_peak = fmax(digest->equity_peak, row->equity);
    double drawdown = row->equity - digest->equity_peak;
    digest->drawdown_max = fmax(digest->drawdown_max, -drawdown);
    double position = (double)row->position;
    const struct sj_bt_point point = {row->time_ns, row->equity, row->equity, row->equity,
                                      drawdown,     position,    position};
    digest->sample_count++;
    digest->last_ns = row->time_ns;
    if (digest->point_count && digest->last_samples < digest->point_samples) {
        widen(&digest->points[digest->point_count - 1], &point);
        digest->last_samples++;
        return;
    }
    if (digest->point_count == SJ_BT_POINTS_MAX)
        halve(digest);
    digest->points[digest->point_count++] = point;
    digest->last_samples = 1;
}

/* --- orders and fills --- */

static struct sj_bt_part *part_of(struct sj_bt_digest *digest, uint32_t strategy,
                                  uint32_t instrument)
{
    for (uint32_t i = 0; i < digest->part_count; i++) {
        struct sj_bt_part *part = &digest->parts[i];
        if (part->strategy == strategy && part->instrument == instrument)
            return part;
    }
    if (digest->part_count == SJ_BT_PARTS_MAX) {
        digest->parts_left_out++;
        return NULL;
    }
    struct sj_bt_part *part = &digest->parts[digest->part_count++];
    *part = (struct sj_bt_part){.strategy = strategy, .instrument = instrument};
    return part;
}

static unsigned queue_bucket(const struct sj_bt_digest *digest, double queue)
{
    double lots = queue / digest->lot;
    unsigned bucket = 0;
    for (double limit = 0.5; lots >= limit && bucket + 1 < SJ_BT_QUEUE_BUCKETS; limit *= 2)
        bucket++;
    return bucket;
}

void sj_bt_digest_order(struct sj_bt_digest *digest, const struct sj_bt_order_row *row)
{
    struct sj_bt_part *part = part_of(digest, row->strategy, row->instrument);
    if (row->what == SJ_BT_RESTED && !isnan(row->queue))
        digest->rested[queue_bucket(digest, row->queue)]++;
    if (!part)
        return;
    part->orders += row->what == SJ_BT_ASKED;
    part->rested += row->what == SJ_BT_RESTED;
    part->refused += row->what == SJ_BT_REFUSED;
    part->ended += row->what == SJ_BT_EXPIRY || row->what == SJ_BT_CANCELLATION;
}

/* A fill against the position closes at its average cost; what goes beyond opens anew. */
static void book_fill(struct sj_bt_part *part, double money, double signed_lots)
{
    double held = part->position;
    if (held * signed_lots < 0) {
        double closed = fmin(fabs(held), fabs(signed_lots)) * (held > 0 ? 1 : -1);
        double cost = part->cost * closed / held;
        part->gross += closed * money - cost;
        part->cost -= cost;
        part->position -= closed;
        signed_lots += closed;
    }
    part->position += signed_lots;
    part->cost = part->position == 0 ? 0 : part->cost + signed_lots * money;
}

void sj_bt_digest_fill(struct sj_bt_digest *digest, const struct sj_bt_fill_row *row)
{
    struct sj_bt_part *part = part_of(digest, row->strategy, row->instrument);
    double price = (double)row->price_e6 / 1e6, quantity = row->quantity;
    double money = price * row->unit; /* of one lot */
    if (row->maker && row->left == 0 && !isnan(row->queue))
        digest->filled[queue_bucket(digest, row->queue)]++;
    digest->maker_fills += row->maker;
    digest->taker_fills += !row->maker;
    *(row->maker ? &digest->maker_value : &digest->taker_value) += money * quantity;
    if (!isnan(row->slippage)) {
        int middle = SJ_BT_SLIPPAGE_BUCKETS / 2;
        double ticks = round(row->slippage / digest->tick) + middle;
        ticks = fmax(0, fmin(ticks, SJ_BT_SLIPPAGE_BUCKETS - 1));
        digest->slippage[(unsigned)ticks]++;
        digest->slippage_sum += row->slippage * quantity;
        digest->slippage_quantity += quantity;
    }
    if (!part)
        return;
    part->fills++;
    part->maker_fills += row->maker;
    part->quantity += quantity;
    part->value += money * quantity;
    if (!isnan(row->slippage)) {
        part->slippage += row->slippage * quantity;
        part->slippage_quantity += quantity;
    }
    book_fill(part, money, row->side ? -quantity : quantity);
}

/* --- events --- */

/* `text` need not end with 0. */
static void count_refusal(struct sj_bt_digest *digest, bool by_exchange, const char *text,
                          size_t size)
{
    char name[sizeof digest->refusals[0].check] = "";
    size = strnlen(text, size < sizeof name - 1 ? size : sizeof name - 1);
    memcpy(name, text, size);
    for (uint32_t i = 0; i < digest->refusal_count; i++)
        if (digest->refusals[i].by_exchange == by_exchange &&
            strcmp(digest->refusals[i].check, name) == 0) {
            digest->refusals[i].count++;
            return;
        }
    if (digest->refusal_count == SJ_BT_REFUSALS_MAX)
        return;
    struct sj_bt_refusal *refusal = &digest->refusals[digest->refusal_count++];
    memcpy(refusal->check, name, sizeof name);
    refusal->by_exchange = by_exchange;
    refusal->count = 1;
}

static void name_instrument(struct sj_bt_digest *digest, const struct sj_instrument *instrument)
{
    uint32_t at = 0;
    while (at < digest->name_count && digest->names[at].instrument != instrument->instrument)
        at++;
    if (at == SJ_BT_PARTS_MAX)
        return;
    digest->name_count += at == digest->name_count;
    digest->names[at] = (struct sj_bt_name){.instrument = instrument->instrument};
    memcpy(digest->names[at].code, instrument->code, sizeof instrument->code);
}

void sj_bt_digest_event(struct sj_bt_digest *digest, const struct sj_frame *event)
{
    const void *body = event;
    if (event->template_id == SJ_EVENT_VERDICT) {
        const struct sj_verdict *verdict = body;
        if (!verdict->accepted)
            count_refusal(digest, false, verdict->check_name, sizeof verdict->check_name);
    } else if (event->template_id == SJ_EVENT_ORDER) {
        const struct sj_order_update *update = body;
        if (update->state_to == SJ_ORDER_REJECTED && update->state_from != SJ_ORDER_REJECTED)
            count_refusal(digest, true, update->text, sizeof update->text);
    } else if (event->template_id == SJ_EVENT_FILL) {
        const struct sj_fill *fill = body;
        digest->fill_events++;
        digest->event_fee += (double)fill->fee_e6 / 1e6;
        digest->event_tax += (double)fill->tax_e6 / 1e6;
    } else if (event->template_id == SJ_EVENT_INSTRUMENT) {
        name_instrument(digest, body);
    }
}
