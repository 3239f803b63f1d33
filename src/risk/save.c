/*
 * The state as bytes: what was decided from, not what follows from it. Sums (working exposure,
 * groups, gross) are made again from positions and orders, so a blob cannot bring them at odds with
 * those.
 *
 * Little-endian records, one after the other: head, accounts, strategies, instruments, orders,
 * recent orders. Read twice: checked whole first, applied then.
 */
#include "base/crc32c.h"
#include "risk/risk_private.h"

#define SAVE_VERSION 1u
#define VALUE_MAX ((sj_value)1 << 110)

static const char magic[8] = "SJRISK\n";

struct saved_head {
    char magic[8];
    uint32_t version;
    uint32_t crc; /* CRC-32C of everything behind it */
    uint64_t size_bytes;
    uint32_t instrument_count, order_count, recent_count;
    int32_t trading_day;
    int64_t now_ns, killed_ns;
    uint8_t killed, panic, loss_stopped, feed_lost, kill_source, head_reserved[3];
    uint32_t blocks;
    uint32_t head_reserved2;
    uint64_t accepted_count, stray_count;
    uint64_t refused_by[SJ_RISK_CHECK_MAX + 1];
    sj_value pnl_e6, pnl_peak_e6;
};

struct saved_account {
    int64_t snapshot_ns, cash_e6, margin_e6;
    sj_value filled_e6[2][2];
    sj_value held_e6[2];
};

struct saved_strategy {
    int64_t bucket_ns;
    uint32_t orders[2], cancels[2];
    uint8_t disarmed, strategy_reserved[7];
};

struct saved_instrument {
    uint32_t id, blocks;
    int64_t last_e6, bid_e6, ask_e6, auction_e6, mark_e6;
    int64_t last_ns, book_ns, auction_ns;
    int64_t position[VIEWS];
    int64_t broker_units[SJ_RISK_ACCOUNT_MAX];
    uint8_t feed_lost, own_known, instrument_reserved[6];
};

struct saved_order {
    uint64_t intent_id;
    int64_t price_e6, pending_e6;
    uint32_t instrument, quantity, cancelled, reported, filled;
    uint16_t strategy;
    uint8_t account, side, lot, ended;
    uint8_t order_reserved[6];
};

struct saved_recent {
    uint64_t intent_id;
    int64_t price_e6, at_ns;
    uint32_t instrument, quantity, strategy;
    uint8_t side, price_type, time_in_force, lot;
};

/* --- writing --- */

struct writer {
    uint8_t *at;
};

static void put(struct writer *writer, const void *data, size_t size)
{
    memcpy(writer->at, data, size);
    writer->at += size;
}

static void put_window(struct writer *writer, const struct window *window)
{
    uint64_t count = window->head - window->tail;
    put(writer, &count, sizeof count);
    for (uint32_t at = window->tail; at != window->head; at++)
        put(writer, &window->call_ns[at % WINDOW_SLOTS], sizeof(int64_t));
}

static void put_account(struct writer *writer, const struct account *account)
{
    struct saved_account saved;
    memset(&saved, 0, sizeof saved);
    saved.snapshot_ns = account->snapshot_ns;
    saved.cash_e6 = account->cash_e6;
    saved.margin_e6 = account->margin_e6;
    memcpy(saved.filled_e6, account->filled_e6, sizeof saved.filled_e6);
    memcpy(saved.held_e6, account->held_e6, sizeof saved.held_e6);
    put(writer, &saved, sizeof saved);
    put_window(writer, &account->calls);
    for (uint32_t side = 0; side < SIDES; side++)
        put_window(writer, &account->side[side]);
}

static void put_strategy(struct writer *writer, const struct strategy *strategy)
{
    struct saved_strategy saved;
    memset(&saved, 0, sizeof saved);
    saved.bucket_ns = strategy->bucket_ns;
    memcpy(saved.orders, strategy->orders, sizeof saved.orders);
    memcpy(saved.cancels, strategy->cancels, sizeof saved.cancels);
    saved.disarmed = strategy->disarmed;
    put(writer, &saved, sizeof saved);
    put_window(writer, &strategy->calls);
}

static bool put_instrument(struct writer *writer, const struct sj_risk *risk, uint32_t id)
{
    const struct instrument *ins = &risk->instruments[id];
    struct saved_instrument saved;
    if (!ins->known)
        return false;
    memset(&saved, 0, sizeof saved);
    saved.id = id;
    saved.blocks = ins->blocks;
    saved.last_e6 = ins->last_e6;
    saved.bid_e6 = ins->bid_e6;
    saved.ask_e6 = ins->ask_e6;
    saved.auction_e6 = ins->auction_e6;
    saved.mark_e6 = ins->mark_e6;
    saved.last_ns = ins->last_ns;
    saved.book_ns = ins->book_ns;
    saved.auction_ns = ins->auction_ns;
    memcpy(saved.position, ins->position, sizeof saved.position);
    memcpy(saved.broker_units, risk->broker_units[id], sizeof saved.broker_units);
    saved.feed_lost = ins->feed_lost;
    saved.own_known = ins->own_known;
    put(writer, &saved, sizeof saved);
    return true;
}

static void put_order(struct writer *writer, const struct order *order)
{
    struct saved_order saved;
    memset(&saved, 0, sizeof saved);
    saved.intent_id = order->intent_id;
    saved.price_e6 = order->price_e6;
    saved.pending_e6 = order->pending_e6;
    saved.instrument = order->instrument;
    saved.quantity = order->quantity;
    saved.cancelled = order->cancelled;
    saved.reported = order->reported;
    saved.filled = order->filled;
    saved.strategy = order->strategy;
    saved.account = order->account;
    saved.side = order->side;
    saved.lot = order->lot;
    saved.ended = order->ended;
    put(writer, &saved, sizeof saved);
}

static uint32_t put_recent(struct writer *writer, const struct sj_risk *risk)
{
    uint32_t count = risk->recent_count < RECENT_SLOTS ? risk->recent_count : RECENT_SLOTS;
    for (uint32_t number = risk->recent_count - count + 1; number != risk->recent_count + 1;
         number++) {
        const struct recent *one = &risk->recent[number % RECENT_SLOTS];
        struct saved_recent saved = {one->intent_id,     one->price_e6, one->at_ns, one->instrument,
                                     one->quantity,      one->strategy, one->side,  one->price_type,
                                     one->time_in_force, one->lot};
        put(writer, &saved, sizeof saved);
    }
    return count;
}

static void fill_head(const struct sj_risk *risk, struct saved_head *head)
{
    memset(head, 0, sizeof *head);
    memcpy(head->magic, magic, sizeof head->magic);
    head->version = SAVE_VERSION;
    head->trading_day = risk->trading_day;
    head->now_ns = risk->now_ns;
    head->killed_ns = risk->killed_ns;
    head->killed = risk->killed;
    head->panic = risk->panic;
    head->loss_stopped = risk->loss_stopped;
    head->feed_lost = risk->feed_lost;
    head->kill_source = risk->kill_source;
    head->blocks = risk->blocks;
    head->accepted_count = risk->accepted_count;
    head->stray_count = risk->stray_count;
    memcpy(head->refused_by, risk->refused_by, sizeof head->refused_by);
    head->pnl_e6 = risk->pnl_e6;
    head->pnl_peak_e6 = risk->pnl_peak_e6;
}

size_t sj_risk_save_size(const struct sj_risk *risk)
{
    size_t window = sizeof(uint64_t) + WINDOW_SLOTS * sizeof(int64_t);
    return sizeof(struct saved_head) +
           SJ_RISK_ACCOUNT_MAX * (sizeof(struct saved_account) + 3 * window) +
           SJ_RISK_STRATEGY_MAX * (sizeof(struct saved_strategy) + window) +
           risk->instrument_max * sizeof(struct saved_instrument) +
           SJ_RISK_ORDER_MAX * sizeof(struct saved_order) +
           RECENT_SLOTS * sizeof(struct saved_recent);
}

sj_rc sj_risk_save(const struct sj_risk *risk, void *buffer, size_t size)
{
    if (size < sj_risk_save_size(risk))
        return -SJ_E_RANGE;
    uint8_t *start = buffer;
    struct saved_head head;
    struct writer writer = {start + sizeof head};
    fill_head(risk, &head);
    for (uint32_t i = 0; i < SJ_RISK_ACCOUNT_MAX; i++)
        put_account(&writer, &risk->accounts[i]);
    for (uint32_t i = 0; i < SJ_RISK_STRATEGY_MAX; i++)
        put_strategy(&writer, &risk->strategies[i]);
    for (uint32_t id = 1; id <= risk->instrument_max; id++)
        head.instrument_count += put_instrument(&writer, risk, id);
    for (uint32_t i = 0; i < SJ_RISK_ORDER_MAX; i++)
        if (risk->orders[i].used)
            put_order(&writer, &risk->orders[i]);
    head.order_count = risk->order_count;
    head.recent_count = put_recent(&writer, risk);
    head.size_bytes = (uint64_t)(writer.at - start);
    memcpy(start, &head, sizeof head);
    size_t covered = offsetof(struct saved_head, size_bytes);
    head.crc = sj_crc32c(0, start + covered, head.size_bytes - covered);
    memcpy(start, &head, sizeof head);
    return (sj_rc)head.size_bytes;
}

/* --- reading --- */

struct reader {
    const uint8_t *at, *end;
    bool apply;
    bool bad;
};

static bool take(struct reader *reader, void *data, size_t size)
{
    if (reader->bad || (size_t)(reader->end - reader->at) < size) {
        reader->bad = true;
        memset(data, 0, size);
        return false;
    }
    memcpy(data, reader->at, size);
    reader->at += size;
    return true;
}

static bool value_sane(sj_value value)
{
    return value <= VALUE_MAX && value >= -VALUE_MAX;
}

static bool time_sane(int64_t time_ns, int64_t now_ns)
{
    return time_ns >= 0 && time_ns <= now_ns;
}

static void take_window(struct reader *reader, struct window *window, int64_t now_ns)
{
    uint64_t count = 0;
    int64_t last_ns = 0;
    if (!take(reader, &count, sizeof count) || count > WINDOW_SLOTS) {
        reader->bad = true;
        return;
    }
    if (reader->apply)
        window->head = window->tail = 0;
    for (uint64_t i = 0; i < count && !reader->bad; i++) {
        int64_t call_ns = 0;
        take(reader, &call_ns, sizeof call_ns);
        reader->bad = reader->bad || call_ns < last_ns || !time_sane(call_ns, now_ns);
        last_ns = call_ns;
        if (reader->apply)
            window_add(window, call_ns);
    }
}

static void take_account(struct reader *reader, struct account *account, int64_t now_ns)
{
    struct saved_account saved;
    take(reader, &saved, sizeof saved);
    for (uint32_t i = 0; i < 4; i++)
        reader->bad = reader->bad || !value_sane(saved.filled_e6[i / 2][i % 2]);
    reader->bad = reader->bad || !value_sane(saved.held_e6[0]) || !value_sane(saved.held_e6[1]) ||
                  !time_sane(saved.snapshot_ns, now_ns);
    if (reader->apply) {
        account->snapshot_ns = saved.snapshot_ns;
        account->cash_e6 = saved.cash_e6;
        account->margin_e6 = saved.margin_e6;
        memcpy(account->filled_e6, saved.filled_e6, sizeof account->filled_e6);
        memcpy(account->held_e6, saved.held_e6, sizeof account->held_e6);
    }
    take_window(reader, &account->calls, now_ns);
    for (uint32_t side = 0; side < SIDES; side++)
        take_window(reader, &account->side[side], now_ns);
}

static void take_strategy(struct reader *reader, struct strategy *strategy, int64_t now_ns)
{
    struct saved_strategy saved;
    take(reader, &saved, sizeof saved);
    reader->bad = reader->bad || !time_sane(saved.bucket_ns, now_ns) || saved.disarmed > 1;
    if (reader->apply) {
        strategy->bucket_ns = saved.bucket_ns;
        memcpy(strategy->orders, saved.orders, sizeof strategy->orders);
        memcpy(strategy->cancels, saved.cancels, sizeof strategy->cancels);
        strategy->disarmed = saved.disarmed != 0;
    }
    take_window(reader, &strategy->calls, now_ns);
}

static bool instrument_sane(const struct sj_risk *risk, const struct saved_instrument *saved,
                            int64_t now_ns)
{
    const int64_t prices[] = {saved->last_e6, saved->bid_e6, saved->ask_e6, saved->auction_e6,
                              saved->mark_e6};
    const int64_t times[] = {saved->last_ns, saved->book_ns, saved->auction_ns};
    bool sane = instrument_of(risk, saved->id) && saved->feed_lost <= 1 && saved->own_known <= 1;
    for (size_t i = 0; i < sizeof prices / sizeof *prices; i++)
        sane = sane && (prices[i] == 0 || price_sane(prices[i]));
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        sane = sane && time_sane(times[i], now_ns);
    for (uint32_t i = 0; i < VIEWS; i++)
        sane = sane && saved->position[i] >= -UNITS_MAX && saved->position[i] <= UNITS_MAX;
    for (uint32_t i = 0; i < SJ_RISK_ACCOUNT_MAX; i++)
        sane = sane && saved->broker_units[i] >= -UNITS_MAX * UNIT_MAX &&
               saved->broker_units[i] <= UNITS_MAX * UNIT_MAX;
    return sane;
}

static void take_instrument(struct reader *reader, struct sj_risk *risk, int64_t now_ns)
{
    struct saved_instrument saved;
    take(reader, &saved, sizeof saved);
    reader->bad = reader->bad || !instrument_sane(risk, &saved, now_ns);
    if (reader->bad || !reader->apply)
        return;
    struct instrument *ins = &risk->instruments[saved.id];
    ins->blocks = saved.blocks;
    ins->last_e6 = saved.last_e6;
    ins->bid_e6 = saved.bid_e6;
    ins->ask_e6 = saved.ask_e6;
    ins->auction_e6 = saved.auction_e6;
    ins->mark_e6 = saved.mark_e6;
    ins->last_ns = saved.last_ns;
    ins->book_ns = saved.book_ns;
    ins->auction_ns = saved.auction_ns;
    ins->feed_lost = saved.feed_lost != 0;
    ins->own_known = saved.own_known != 0;
    risk->feeds_lost += saved.feed_lost;
    memcpy(risk->broker_units[saved.id], saved.broker_units, sizeof saved.broker_units);
    for (uint32_t view = 0; view < VIEWS; view++)
        exposure_move(risk, ins, view, saved.position[view] - ins->position[view]);
}

static void take_order(struct reader *reader, struct sj_risk *risk)
{
    struct saved_order saved;
    take(reader, &saved, sizeof saved);
    reader->bad = reader->bad || saved.intent_id == 0 || !price_sane(saved.price_e6) ||
                  (saved.pending_e6 != 0 && !price_sane(saved.pending_e6)) ||
                  !instrument_of(risk, saved.instrument) || saved.quantity > QUANTITY_MAX ||
                  saved.cancelled > QUANTITY_MAX || saved.reported > QUANTITY_MAX ||
                  saved.filled > QUANTITY_MAX || saved.strategy >= SJ_RISK_STRATEGY_MAX ||
                  saved.account >= SJ_RISK_ACCOUNT_MAX || saved.side >= SIDES || saved.ended > 1;
    if (reader->bad || !reader->apply)
        return;
    struct order *order = order_find(risk, saved.intent_id) ? NULL : risk_order_take(risk);
    reader->bad = order == NULL;
    if (!order)
        return;
    *order = (struct order){.intent_id = saved.intent_id,
                            .price_e6 = saved.price_e6,
                            .pending_e6 = saved.pending_e6,
                            .instrument = saved.instrument,
                            .quantity = saved.quantity,
                            .cancelled = saved.cancelled,
                            .reported = saved.reported,
                            .filled = saved.filled,
                            .strategy = saved.strategy,
                            .account = saved.account,
                            .side = saved.side,
                            .lot = saved.lot,
                            .ended = saved.ended != 0};
    order_enter(risk, order);
}

static void take_recent(struct reader *reader, struct sj_risk *risk, int64_t now_ns)
{
    struct saved_recent saved;
    take(reader, &saved, sizeof saved);
    reader->bad = reader->bad || !time_sane(saved.at_ns, now_ns);
    if (reader->bad || !reader->apply)
        return;
    struct sj_intent intent = {.intent_id = saved.intent_id,
                               .price_e6 = saved.price_e6,
                               .instrument = saved.instrument,
                               .quantity = saved.quantity,
                               .strategy = saved.strategy,
                               .side = saved.side,
                               .price_type = saved.price_type,
                               .time_in_force = saved.time_in_force,
                               .order_lot = saved.lot};
    recent_add(risk, &intent, saved.at_ns);
}

static void apply_head(struct sj_risk *risk, const struct saved_head *head)
{
    risk->trading_day = head->trading_day;
    risk->now_ns = head->now_ns;
    risk->day_ends_ns = 0; /* found again at the next event */
    risk->killed_ns = head->killed_ns;
    risk->killed = head->killed != 0;
    risk->panic = head->panic != 0;
    risk->loss_stopped = head->loss_stopped != 0;
    risk->feed_lost = head->feed_lost != 0;
    risk->feeds_lost = head->feed_lost != 0;
    risk->kill_source = head->kill_source;
    risk->blocks = head->blocks;
    risk->accepted_count = head->accepted_count;
    risk->stray_count = head->stray_count;
    memcpy(risk->refused_by, head->refused_by, sizeof risk->refused_by);
    risk->pnl_e6 = head->pnl_e6;
    risk->pnl_peak_e6 = head->pnl_peak_e6;
}

static void take_all(struct reader *reader, struct sj_risk *risk, const struct saved_head *head)
{
    if (reader->apply)
        apply_head(risk, head);
    for (uint32_t i = 0; i < SJ_RISK_ACCOUNT_MAX && !reader->bad; i++)
        take_account(reader, &risk->accounts[i], head->now_ns);
    for (uint32_t i = 0; i < SJ_RISK_STRATEGY_MAX && !reader->bad; i++)
        take_strategy(reader, &risk->strategies[i], head->now_ns);
    for (uint32_t i = 0; i < head->instrument_count && !reader->bad; i++)
        take_instrument(reader, risk, head->now_ns);
    for (uint32_t i = 0; i < head->order_count && !reader->bad; i++)
        take_order(reader, risk);
    for (uint32_t i = 0; i < head->recent_count && !reader->bad; i++)
        take_recent(reader, risk, head->now_ns);
    reader->bad = reader->bad || reader->at != reader->end;
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
    bool sane = head->now_ns >= 0 && value_sane(head->pnl_e6) && value_sane(head->pnl_peak_e6) &&
                head->order_count <= SJ_RISK_ORDER_MAX && head->recent_count <= RECENT_SLOTS &&
                head->instrument_count <= SJ_RISK_INSTRUMENT_MAX;
    return sane ? 0 : -SJ_E_MALFORMED;
}

static sj_rc restore(struct sj_risk *risk, const void *buffer, size_t size)
{
    struct saved_head head;
    if (size < sizeof head)
        return -SJ_E_MALFORMED;
    memcpy(&head, buffer, sizeof head);
    sj_rc rc = check_head(&head, buffer, size);
    for (int pass = 0; pass < 2 && rc >= 0; pass++) {
        const uint8_t *start = buffer;
        struct reader reader = {start + sizeof head, start + size, pass == 1, false};
        take_all(&reader, risk, &head);
        rc = reader.bad ? -SJ_E_MALFORMED : 0;
    }
    return rc;
}

sj_rc sj_risk_restore(struct sj_risk *risk, const void *buffer, size_t size)
{
    sj_rc rc = restore(risk, buffer, size);
    if (rc < 0) {
        risk->killed = true;
        risk->kill_source = SJ_CONTROL_BY_PROCESS;
        risk->killed_ns = risk->now_ns;
    }
    return rc;
}
