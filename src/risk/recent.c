/* The orders accepted last, found by id and by content. Entries are counted; one that was written
 * over since ends its chain, for all behind it are older still. */
#include "risk/risk_private.h"

#include "base/warm.h"

static uint32_t bucket_of(uint64_t key)
{
    return (uint32_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 32) % RECENT_BUCKETS;
}

static uint32_t content_bucket(const struct sj_intent *intent)
{
    uint64_t key = (uint64_t)intent->price_e6 * 31 + intent->instrument;
    return bucket_of(key * 31 + intent->quantity * 4 + intent->side);
}

static const struct recent *entry(const struct sj_risk *risk, uint32_t number)
{
    bool there = number != 0 && risk->recent_count - number < RECENT_SLOTS;
    return there ? &risk->recent[number % RECENT_SLOTS] : NULL;
}

const struct recent *recent_id(const struct sj_risk *risk, uint64_t intent_id)
{
    const struct recent *one = entry(risk, risk->recent_id[bucket_of(intent_id)]);
    while (one && one->intent_id != intent_id)
        one = entry(risk, one->next_id);
    return one;
}

static bool is_same(const struct recent *one, const struct sj_intent *intent)
{
    return one->price_e6 == intent->price_e6 && one->instrument == intent->instrument &&
           one->quantity == intent->quantity && one->strategy == intent->strategy &&
           one->side == intent->side && one->price_type == intent->price_type &&
           one->time_in_force == intent->time_in_force && one->lot == intent->order_lot;
}

void recent_expect(const struct sj_risk *risk, const struct sj_intent *intent)
{
    sj_warm_write(&risk->recent_content[content_bucket(intent)], sizeof risk->recent_content[0]);
}

void recent_warm(const struct sj_risk *risk, uint64_t next_intent_id)
{
    sj_warm_write(&risk->recent_id[bucket_of(next_intent_id)], sizeof risk->recent_id[0]);
    sj_warm_write(&risk->recent[(risk->recent_count + 1) % RECENT_SLOTS], sizeof risk->recent[0]);
    sj_warm_read(&risk->recent[risk->recent_young % RECENT_SLOTS], sizeof risk->recent[0]);
}

const struct recent *recent_same(struct sj_risk *risk, const struct sj_intent *intent,
                                 int64_t since_ns)
{
    /* What is too old is told by its number, without a look at it. */
    uint32_t end = risk->recent_count + 1, young = risk->recent_young;
    if (end - young > RECENT_SLOTS)
        young = end - RECENT_SLOTS;
    while (young != end && risk->recent[young % RECENT_SLOTS].at_ns <= since_ns)
        young++;
    risk->recent_young = young;
    uint32_t number = risk->recent_content[content_bucket(intent)];
    while (number != 0 && end - number <= end - young) {
        const struct recent *one = &risk->recent[number % RECENT_SLOTS];
        if (is_same(one, intent))
            return one;
        number = one->next_content;
    }
    return NULL;
}

void recent_add(struct sj_risk *risk, const struct sj_intent *intent, int64_t now_ns)
{
    uint32_t number = ++risk->recent_count;
    uint32_t *id = &risk->recent_id[bucket_of(intent->intent_id)];
    uint32_t *content = &risk->recent_content[content_bucket(intent)];
    risk->recent[number % RECENT_SLOTS] = (struct recent){.intent_id = intent->intent_id,
                                                          .price_e6 = intent->price_e6,
                                                          .at_ns = now_ns,
                                                          .instrument = intent->instrument,
                                                          .quantity = intent->quantity,
                                                          .strategy = intent->strategy,
                                                          .side = intent->side,
                                                          .price_type = intent->price_type,
                                                          .time_in_force = intent->time_in_force,
                                                          .lot = intent->order_lot,
                                                          .next_id = *id,
                                                          .next_content = *content};
    *id = *content = number;
}
