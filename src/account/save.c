/*
 * The state as bytes: head, rows, instruments with anything to remember, orders whose fees go on.
 * Checked whole before any of it is taken.
 */
#include "account/account_private.h"
#include "base/crc32c.h"

#define SAVE_VERSION 1u
#define VALUE_MAX ((sj_account_value)1 << 110)
#define MONEY_MAX (INT64_MAX / 4)

static const char magic[8] = "SJACCNT";

struct saved_head {
    char magic[8];
    uint32_t version;
    uint32_t crc; /* CRC-32C of everything behind it */
    uint64_t size_bytes;
    uint32_t row_count, held_count, order_count, settlement_count;
    int64_t now_ns;
    int32_t trading_day;
    uint32_t head_reserved;
    uint64_t fill_count, adopted_count, bad_count;
    struct side sides[SJ_ACCOUNT_MAX];
    struct sj_account_settlement settlements[SJ_ACCOUNT_SETTLEMENTS_MAX];
};

struct saved_held {
    uint32_t instrument, difference_count;
    int64_t mark_e6, own, bought, sold, difference;
    int64_t broker[SJ_ACCOUNT_MAX];
    int64_t broker_price_e6[SJ_ACCOUNT_MAX];
    uint8_t seen, traded, blocked, differs, held_reserved[4];
};

static bool worth_saving(const struct held *held)
{
    return held->known && (held->mark_e6 != 0 || held->own != 0 || held->seen != 0 || held->traded);
}

static void put_held(uint8_t **at, const struct held *held, uint32_t id)
{
    struct saved_held saved;
    memset(&saved, 0, sizeof saved);
    saved.instrument = id;
    saved.difference_count = held->difference_count;
    saved.mark_e6 = held->mark_e6;
    saved.own = held->own;
    saved.bought = held->bought;
    saved.sold = held->sold;
    saved.difference = held->difference;
    memcpy(saved.broker, held->broker, sizeof saved.broker);
    memcpy(saved.broker_price_e6, held->broker_price_e6, sizeof saved.broker_price_e6);
    saved.seen = held->seen;
    saved.traded = held->traded;
    saved.blocked = held->blocked;
    saved.differs = held->differs;
    memcpy(*at, &saved, sizeof saved);
    *at += sizeof saved;
}

size_t sj_account_save_size(const struct sj_account *account)
{
    return sizeof(struct saved_head) + sizeof account->rows + sizeof account->fee_orders +
           account->instrument_max * sizeof(struct saved_held);
}

static void fill_head(const struct sj_account *account, struct saved_head *head)
{
    memset(head, 0, sizeof *head);
    memcpy(head->magic, magic, sizeof head->magic);
    head->version = SAVE_VERSION;
    head->row_count = account->row_count;
    head->settlement_count = account->settlement_count;
    head->now_ns = account->now_ns;
    head->trading_day = account->trading_day;
    head->fill_count = account->fill_count;
    head->adopted_count = account->adopted_count;
    head->bad_count = account->bad_count;
    memcpy(head->sides, account->sides, sizeof head->sides);
    for (uint32_t i = 0; i < account->settlement_count; i++)
        head->settlements[i] = account->settlements[i];
}

sj_rc sj_account_save(const struct sj_account *account, void *buffer, size_t size)
{
    if (size < sj_account_save_size(account))
        return -SJ_E_RANGE;
    struct saved_head head;
    uint8_t *start = buffer, *at = start + sizeof head;
    fill_head(account, &head);
    memcpy(at, account->rows, account->row_count * sizeof *account->rows);
    at += account->row_count * sizeof *account->rows;
    for (uint32_t id = 1; id <= account->instrument_max; id++) {
        if (!worth_saving(&account->held[id]))
            continue;
        put_held(&at, &account->held[id], id);
        head.held_count++;
    }
    for (uint32_t i = 0; i < FEE_ORDERS; i++) {
        if (account->fee_orders[i].intent_id == 0)
            continue;
        memcpy(at, &account->fee_orders[i], sizeof *account->fee_orders);
        at += sizeof *account->fee_orders;
        head.order_count++;
    }
    head.size_bytes = (uint64_t)(at - start);
    size_t covered = offsetof(struct saved_head, size_bytes);
    memcpy(start, &head, sizeof head);
    head.crc = sj_crc32c(0, start + covered, head.size_bytes - covered);
    memcpy(start, &head, sizeof head);
    return (sj_rc)head.size_bytes;
}

/* --- reading --- */

static bool value_sane(sj_account_value value)
{
    return value <= VALUE_MAX && value >= -VALUE_MAX;
}

static bool units_sane(int64_t units)
{
    return units >= -UNITS_MAX && units <= UNITS_MAX;
}

static bool money_sane(int64_t money_e6)
{
    return money_e6 >= -MONEY_MAX && money_e6 <= MONEY_MAX;
}

static bool row_sane(const struct sj_account *account, const struct row *row)
{
    return row->strategy < SJ_ACCOUNT_STRATEGY_MAX && held_of(account, row->instrument) &&
           units_sane(row->units) && value_sane(row->cost) && value_sane(row->realized) &&
           money_sane(row->fees_e6) && money_sane(row->taxes_e6) && money_sane(row->base_e6) &&
           units_sane(row->bought) && units_sane(row->sold);
}

static bool held_sane(const struct sj_account *account, const struct saved_held *saved)
{
    bool sane = held_of(account, saved->instrument) && price_sane(saved->mark_e6) &&
                units_sane(saved->own) && units_sane(saved->bought) && units_sane(saved->sold) &&
                saved->traded <= 1 && saved->blocked <= 1 && saved->differs <= 1;
    for (uint32_t i = 0; i < SJ_ACCOUNT_MAX; i++)
        sane = sane && units_sane(saved->broker[i]) && price_sane(saved->broker_price_e6[i]);
    return sane;
}

static bool order_sane(const struct fee_order *one)
{
    const struct sj_fees *sum = &one->order.sum;
    return one->intent_id != 0 && money_sane(sum->amount_e6) && money_sane(sum->fee_e6) &&
           money_sane(sum->tax_e6) && money_sane(one->order.day_amount_e6);
}

static sj_rc check_head(const struct saved_head *head, const void *buffer, size_t size)
{
    size_t covered = offsetof(struct saved_head, size_bytes);
    if (memcmp(head->magic, magic, sizeof magic) != 0)
        return -SJ_E_MALFORMED;
    if (head->version != SAVE_VERSION)
        return -SJ_E_LAYOUT;
    if (head->size_bytes != size ||
        head->crc != sj_crc32c(0, (const uint8_t *)buffer + covered, size - covered))
        return -SJ_E_CORRUPT;
    bool sane = head->row_count <= SJ_ACCOUNT_ROWS_MAX && head->order_count <= FEE_ORDERS &&
                head->held_count <= SJ_INSTRUMENTS_MAX &&
                head->settlement_count <= SJ_ACCOUNT_SETTLEMENTS_MAX && head->now_ns >= 0;
    size_t wanted = sizeof *head + head->row_count * sizeof(struct row) +
                    (size_t)head->held_count * sizeof(struct saved_held) +
                    head->order_count * sizeof(struct fee_order);
    return sane && wanted == size ? 0 : -SJ_E_MALFORMED;
}

static void apply_held(struct sj_account *account, const struct saved_held *saved)
{
    struct held *held = &account->held[saved->instrument];
    held->mark_e6 = saved->mark_e6;
    held->own = saved->own;
    held->bought = saved->bought;
    held->sold = saved->sold;
    held->difference = saved->difference;
    held->difference_count = saved->difference_count;
    memcpy(held->broker, saved->broker, sizeof held->broker);
    memcpy(held->broker_price_e6, saved->broker_price_e6, sizeof held->broker_price_e6);
    held->seen = saved->seen;
    held->traded = saved->traded != 0;
    held->blocked = saved->blocked != 0;
    held->differs = saved->differs != 0;
    account->difference_count += saved->differs;
}

static void apply_row(struct sj_account *account, const struct row *saved)
{
    struct row *row = row_take(account, saved->strategy, saved->instrument);
    if (row)
        *row = *saved;
}

static void apply_head(struct sj_account *account, const struct saved_head *head)
{
    account->now_ns = head->now_ns;
    account->trading_day = head->trading_day;
    account->day_ends_ns = 0; /* found again at the next event */
    account->fill_count = head->fill_count;
    account->adopted_count = head->adopted_count;
    account->bad_count = head->bad_count;
    account->difference_count = 0;
    memcpy(account->sides, head->sides, sizeof account->sides);
    account->settlement_count = head->settlement_count;
    memcpy(account->settlements, head->settlements, sizeof account->settlements);
}

/* Reads all records; false when one is not sane. */
static bool take_all(struct sj_account *account, const struct saved_head *head, const uint8_t *at,
                     bool apply)
{
    bool sane = true;
    for (uint32_t i = 0; i < head->row_count && sane; i++, at += sizeof(struct row)) {
        struct row row;
        memcpy(&row, at, sizeof row);
        sane = row_sane(account, &row);
        if (apply)
            apply_row(account, &row);
    }
    for (uint32_t i = 0; i < head->held_count && sane; i++, at += sizeof(struct saved_held)) {
        struct saved_held saved;
        memcpy(&saved, at, sizeof saved);
        sane = held_sane(account, &saved);
        if (apply)
            apply_held(account, &saved);
    }
    for (uint32_t i = 0; i < head->order_count && sane; i++, at += sizeof(struct fee_order)) {
        struct fee_order one;
        memcpy(&one, at, sizeof one);
        sane = order_sane(&one);
        if (apply)
            *fee_order_of(account, one.intent_id) = one;
    }
    return sane;
}

sj_rc sj_account_restore(struct sj_account *account, const void *buffer, size_t size)
{
    struct saved_head head;
    const uint8_t *at = (const uint8_t *)buffer + sizeof head;
    if (size < sizeof head)
        return -SJ_E_MALFORMED;
    memcpy(&head, buffer, sizeof head);
    sj_rc rc = check_head(&head, buffer, size);
    if (rc < 0)
        return rc;
    bool sane = true;
    for (uint32_t i = 0; i < head.settlement_count; i++)
        sane = sane && sj_date_valid(head.settlements[i].date) &&
               money_sane(head.settlements[i].amount_e6);
    if (!sane || !take_all(account, &head, at, false))
        return -SJ_E_MALFORMED;
    apply_head(account, &head);
    take_all(account, &head, at, true);
    return 0;
}
