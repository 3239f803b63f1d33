#include "convert/bundle.h"

#include "base/clock.h"
#include "base/tw_time.h"

#include <stdlib.h>
#include <string.h>

/* Rows that all parts together may keep room for from piece to piece. */
#define KEPT_ROWS 65536

void sj_bundle_init(struct sj_bundle *bundle, bool by_symbol, bool by_day)
{
    *bundle = (struct sj_bundle){.by_symbol = by_symbol, .by_day = by_day};
    sj_batch_init(&bundle->main);
}

void sj_bundle_clear(struct sj_bundle *bundle)
{
    size_t kept = KEPT_ROWS / (bundle->part_count + 1);
    sj_batch_clear(&bundle->main);
    for (uint32_t i = 0; i < bundle->part_count; i++) {
        struct sj_batch *part = bundle->parts[i];
        if (bundle->part_count > 1 && part->row_max > kept) {
            sj_batch_done(part);
            sj_batch_init(part);
        } else {
            sj_batch_clear(part);
        }
    }
    bundle->part_count = 0;
    bundle->failed = false;
    if (bundle->slots)
        memset(bundle->slots, 0, bundle->slot_max * sizeof *bundle->slots);
}

void sj_bundle_done(struct sj_bundle *bundle)
{
    sj_batch_done(&bundle->main);
    for (uint32_t i = 0; i < bundle->part_max && bundle->parts[i]; i++) {
        sj_batch_done(bundle->parts[i]);
        free(bundle->parts[i]);
    }
    free(bundle->parts);
    free(bundle->slots);
    *bundle = (struct sj_bundle){0};
}

static int32_t day_of(struct sj_bundle *bundle, int64_t exch_ns)
{
    const int64_t quarter = 900 * SJ_NS_PER_S;
    if (exch_ns < bundle->day_from || exch_ns >= bundle->day_until) {
        bundle->day = sj_tw_trading_day(exch_ns, NULL);
        bundle->day_from = exch_ns - exch_ns % quarter;
        bundle->day_until = bundle->day_from + quarter;
    }
    return bundle->day;
}

static uint32_t *slot_of(const struct sj_bundle *bundle, const char *symbol, int32_t day)
{
    uint64_t halves[2] = {0};
    if (bundle->by_symbol)
        memcpy(halves, symbol, sizeof halves);
    size_t at = (size_t)sj_mix((uint64_t)(uint32_t)day, halves[0], halves[1]);
    for (;; at++) {
        uint32_t *slot = &bundle->slots[at & (bundle->slot_max - 1)];
        const struct sj_batch *part = *slot ? bundle->parts[*slot - 1] : NULL;
        if (!part || (part->day == day &&
                      (!bundle->by_symbol || !memcmp(part->symbol, symbol, SJ_SYMBOL_SIZE))))
            return slot;
    }
}

/* At most half full, so that a search ends soon. */
static bool grow_slots(struct sj_bundle *bundle)
{
    if (2 * ((size_t)bundle->part_count + 1) <= bundle->slot_max)
        return true;
    size_t room = bundle->slot_max ? 2 * bundle->slot_max : 64;
    uint32_t *slots = calloc(room, sizeof *slots);
    if (!slots)
        return false;
    free(bundle->slots);
    bundle->slots = slots;
    bundle->slot_max = room;
    for (uint32_t i = 0; i < bundle->part_count; i++)
        *slot_of(bundle, bundle->parts[i]->symbol, bundle->parts[i]->day) = i + 1;
    return true;
}

static bool grow_parts(struct sj_bundle *bundle)
{
    if (bundle->part_count == bundle->part_max) {
        uint32_t room = bundle->part_max ? 2 * bundle->part_max : 16;
        struct sj_batch **parts = realloc(bundle->parts, room * sizeof *parts);
        if (!parts)
            return false;
        memset(parts + bundle->part_max, 0, (room - bundle->part_max) * sizeof *parts);
        bundle->parts = parts;
        bundle->part_max = room;
    }
    struct sj_batch **part = &bundle->parts[bundle->part_count];
    if (!*part) {
        *part = malloc(sizeof **part);
        if (!*part)
            return false;
        sj_batch_init(*part);
    }
    return true;
}

struct sj_batch *sj_bundle_part(struct sj_bundle *bundle, struct sj_text symbol, int64_t exch_ns,
                                int32_t day)
{
    char key[SJ_SYMBOL_SIZE + 1] = {0};
    if (!bundle->by_day)
        day = 0;
    else if (!day)
        day = day_of(bundle, exch_ns);
    if (bundle->by_symbol)
        memcpy(key, symbol.begin, symbol.size);
    if (!grow_slots(bundle) || !grow_parts(bundle)) {
        bundle->failed = true;
        return NULL;
    }
    uint32_t *slot = slot_of(bundle, key, day);
    if (!*slot) {
        struct sj_batch *part = bundle->parts[bundle->part_count++];
        memcpy(part->symbol, key, sizeof part->symbol);
        part->day = day;
        *slot = bundle->part_count;
    }
    return bundle->parts[*slot - 1];
}
