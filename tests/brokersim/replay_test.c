/* A journal goes out as the broker's messages it came in with. */
#include "brokersim/render.h"
#include "brokersim/replay.h"
#include "support/test.h"

#include <ftw.h>
#include <unistd.h>

#define BASE_NS INT64_C(1795482001123456000) /* 2026-11-24 09:00:01.123456 in Taipei */
#define FOP 1
#define SPREAD 2
#define STOCK 3
#define INDEX 4
#define ALIAS 5

struct replayed {
    char dir[64];
    struct sj_journal *journal;
    uint64_t seq;
    struct sj_market_rules *rules;
    struct sj_sim_universe universe;
    struct sj_market_source *source;
    struct sj_renderer renderer;
    char text[16][SJ_RENDER_MAX + 1];
    uint32_t feeds[16];
    uint32_t count;
};

static enum sj_channel channel_of(enum sj_security security, unsigned kinds)
{
    if (kinds == SJ_SIM_INDEX)
        return SJ_CHANNEL_QUOTE_IDX;
    int base = sj_sim_is_fop(security) ? SJ_CHANNEL_TICK_FOP : SJ_CHANNEL_TICK_STK;
    return (enum sj_channel)(base + (kinds == SJ_SIM_BOOK) + 2 * (kinds == SJ_SIM_QUOTE));
}

static void on_emit(void *context, uint32_t feed, unsigned kinds)
{
    struct replayed *replayed = context;
    const struct sj_sim_instrument *one = &replayed->universe.list[feed % replayed->universe.count];
    assert_true(replayed->count < 16);
    char *text = replayed->text[replayed->count];
    size_t size =
        sj_render_event(&replayed->renderer, channel_of((enum sj_security)one->security, kinds),
                        one, &replayed->source->states[feed], text);
    text[size] = 0;
    replayed->feeds[replayed->count++] = feed;
}

static void append(struct replayed *replayed, void *frame, enum sj_event_type type, size_t size)
{
    sj_frame_head(frame, type, size);
    ((struct sj_frame *)frame)->seq = ++replayed->seq;
    assert_int_equal(sj_journal_append(replayed->journal, 1, frame, size, 1), 0);
}

#define APPEND(replayed, frame, type) append(replayed, &(frame), SJ_EVENT_##type, sizeof(frame))

static void define(struct replayed *replayed, uint32_t id, const char *code, const char *target,
                   enum sj_security security)
{
    struct sj_instrument definition = {.instrument = id,
                                       .exch_ns = BASE_NS,
                                       .recv_ns = BASE_NS,
                                       .security = (uint8_t)security,
                                       .exchange = SJ_EXCHANGE_TAIFEX,
                                       .update_date = 20261124,
                                       .reference_e6 = SJ_NULL_E6,
                                       .limit_up_e6 = SJ_NULL_E6,
                                       .limit_down_e6 = SJ_NULL_E6,
                                       .strike_e6 = SJ_NULL_E6,
                                       .multiplier_e6 = SJ_NULL_E6,
                                       .tick_e6 = SJ_NULL_E6};
    memcpy(definition.code, code, strlen(code));
    memcpy(definition.target_code, target, strlen(target));
    APPEND(replayed, definition, INSTRUMENT);
}

/* A trade of which the broker said only price and volume. */
static struct sj_trade short_trade(uint32_t id, int64_t price_e6, uint32_t volume)
{
    return (struct sj_trade){.instrument = id,
                             .exch_ns = BASE_NS,
                             .recv_ns = BASE_NS,
                             .price_e6 = price_e6,
                             .volume = volume,
                             .total_volume = SJ_NULL_I64,
                             .total_amount_e6 = SJ_NULL_E6,
                             .open_e6 = SJ_NULL_E6,
                             .high_e6 = SJ_NULL_E6,
                             .low_e6 = SJ_NULL_E6,
                             .avg_price_e6 = SJ_NULL_E6,
                             .amount_e6 = SJ_NULL_E6,
                             .price_chg_e6 = SJ_NULL_E6,
                             .pct_chg_e6 = SJ_NULL_E6,
                             .bid_side_total_vol = SJ_NULL_I64,
                             .ask_side_total_vol = SJ_NULL_I64,
                             .bid_side_total_cnt = SJ_NULL_U32,
                             .ask_side_total_cnt = SJ_NULL_U32,
                             .underlying_price_e6 = SJ_NULL_E6};
}

static void open_journal(struct replayed *replayed)
{
    memset(replayed, 0, sizeof *replayed);
    strcpy(replayed->dir, "/tmp/sj-replay-XXXXXX");
    assert_non_null(mkdtemp(replayed->dir));
    struct sj_journal_options options = {
        .dir = replayed->dir, .segment_size = 1 << 20, .reserve_size = 1};
    static struct sj_journal_recovery recovery;
    assert_int_equal(sj_journal_open(&options, &recovery, &replayed->journal), 0);
    define(replayed, ALIAS, "TXFR1", "TXFL6", SJ_SECURITY_FUT);
    define(replayed, FOP, "TXFL6", "", SJ_SECURITY_FUT);
    define(replayed, SPREAD, "TXFL6/A7", "", SJ_SECURITY_FUT);
    define(replayed, STOCK, "2330", "", SJ_SECURITY_STK);
    define(replayed, INDEX, "001", "", SJ_SECURITY_IND);
}

static void start(struct replayed *replayed)
{
    char error[SJ_SIM_ERROR_MAX] = "";
    assert_int_equal(sj_journal_close(replayed->journal), 0);
    assert_int_equal(sj_market_rules_load(NULL, error, &replayed->rules), 0);
    replayed->renderer = (struct sj_renderer){.second = -1, .nulls = true};
    struct sj_replay_options options = {.dir = replayed->dir,
                                        .rules = replayed->rules,
                                        .sink = {.context = replayed, .emit = on_emit}};
    assert_int_equal(sj_replay_create(&options, &replayed->universe, &replayed->source, error), 0);
}

static void play(struct replayed *replayed)
{
    start(replayed);
    while (!replayed->source->ended)
        replayed->source->ops->run(replayed->source, INT64_MAX, 4096);
}

static int drop_file(const char *path, const struct stat *status, int flag, struct FTW *walk)
{
    (void)status;
    (void)flag;
    (void)walk;
    return remove(path);
}

static void finish(struct replayed *replayed)
{
    replayed->source->ops->close(replayed->source);
    sj_sim_universe_done(&replayed->universe);
    sj_market_rules_free(replayed->rules);
    nftw(replayed->dir, drop_file, 8, FTW_DEPTH | FTW_PHYS);
}

#define HEAD(code)                                                                                 \
    "data: {\"code\":\"" code "\",\"date\":\"2026-11-24\",\"time\":\"09:00:01.123456\","

static void null_fields_of_a_trade_are_left_out_and_spreads_go_below_zero(void **state)
{
    (void)state;
    static struct replayed replayed;
    open_journal(&replayed);
    struct sj_trade trade = short_trade(SPREAD, -12500000, 3);
    trade.tick_type = SJ_TICK_SELL;
    trade.total_volume = 9;
    trade.flags = SJ_FLAG_SIMTRADE;
    APPEND(&replayed, trade, TRADE);
    play(&replayed);
    assert_int_equal(replayed.count, 1);
    assert_string_equal(
        replayed.text[0],
        "event: tick_fop\n" HEAD(
            "TXFL6/A7") "\"close\":\"-12.5\",\"volume\":3,"
                        "\"total_volume\":9,\"tick_type\":2,\"chg_type\":0,\"simtrade\":true}\n\n");
    finish(&replayed);
}

static void a_book_has_as_many_levels_as_came(void **state)
{
    (void)state;
    static struct replayed replayed;
    open_journal(&replayed);
    struct sj_book book = {.instrument = STOCK,
                           .flags = SJ_FLAG_ODD_LOT,
                           .exch_ns = BASE_NS,
                           .recv_ns = BASE_NS,
                           .bid_price_e6 = {1000000, SJ_NULL_E6},
                           .bid_volume = {7, SJ_NULL_U32},
                           .diff_bid_vol = {-2},
                           .level_count = {2, 0},
                           .underlying_price_e6 = SJ_NULL_E6,
                           .derived_bid_price_e6 = SJ_NULL_E6,
                           .derived_ask_price_e6 = SJ_NULL_E6};
    APPEND(&replayed, book, BOOK);
    play(&replayed);
    assert_int_equal(replayed.count, 1);
    assert_int_equal(replayed.feeds[0], replayed.universe.count + 2); /* the odd-lot feed */
    assert_string_equal(replayed.text[0],
                        "event: bidask_stk\n" HEAD(
                            "2330") "\"bid_price\":[\"1\",null],"
                                    "\"bid_volume\":[7],\"diff_bid_vol\":[-2,0],\"ask_price\":[],"
                                    "\"ask_volume\":[],\"diff_ask_vol\":[],\"suspend\":false,"
                                    "\"simtrade\":false,\"intraday_odd\":true}\n\n");
    finish(&replayed);
}

static void a_stocks_trade_carries_the_closing_event_behind_it(void **state)
{
    (void)state;
    static struct replayed replayed;
    open_journal(&replayed);
    struct sj_trade trade = short_trade(STOCK, 1005000000, 1);
    struct sj_closing closing = {.instrument = STOCK,
                                 .exch_ns = BASE_NS,
                                 .recv_ns = BASE_NS,
                                 .closing_oddlot_shares = 55,
                                 .closing_oddlot_close_e6 = 1004500000,
                                 .closing_oddlot_amount_e6 = SJ_NULL_E6,
                                 .closing_oddlot_bid_price_e6 = SJ_NULL_E6,
                                 .closing_oddlot_ask_price_e6 = SJ_NULL_E6,
                                 .fixed_trade_vol = SJ_NULL_I64,
                                 .fixed_trade_amount_e6 = SJ_NULL_E6};
    APPEND(&replayed, trade, TRADE);
    assert_int_equal(sj_journal_sync(replayed.journal), 0); /* the closing is in the next block */
    APPEND(&replayed, closing, CLOSING);
    APPEND(&replayed, trade, TRADE);
    play(&replayed);
    assert_int_equal(replayed.count, 2);
    assert_non_null(strstr(replayed.text[0], "\"closing_oddlot_shares\":55,"
                                             "\"closing_oddlot_close\":\"1004.5\",\"suspend\""));
    assert_non_null(strstr(replayed.text[1], "\"closing_oddlot_shares\":0,"));
    finish(&replayed);
}

static void a_quote_and_an_index_go_out_once_each(void **state)
{
    (void)state;
    static struct replayed replayed;
    open_journal(&replayed);
    struct sj_trade trade = short_trade(ALIAS, 28000000000, 2);
    struct sj_quote quote = {0};
    memcpy(&quote, &trade, offsetof(struct sj_trade, underlying_price_e6) + 8);
    quote.derived_bid_price_e6 = quote.derived_ask_price_e6 = SJ_NULL_E6;
    quote.derived_bid_vol = quote.derived_ask_vol = SJ_NULL_U32;
    APPEND(&replayed, quote, QUOTE);
    struct sj_index index = {.instrument = INDEX,
                             .exch_ns = BASE_NS,
                             .recv_ns = BASE_NS,
                             .close_e6 = 28036220000,
                             .reference_e6 = SJ_NULL_E6,
                             .open_e6 = 28000000000,
                             .high_e6 = 28040000000,
                             .low_e6 = 27999990000};
    APPEND(&replayed, index, INDEX);
    APPEND(&replayed, trade, LEGS); /* no message */
    play(&replayed);
    assert_int_equal(replayed.count, 2);
    assert_string_equal(
        replayed.text[0],
        "event: quote_fop\n" HEAD(
            "TXFL6") "\"close\":\"28000\",\"volume\":2,"
                     "\"tick_type\":0,\"chg_type\":0,\"bid_price\":[],\"bid_volume\":[],"
                     "\"diff_bid_vol\":[],\"ask_price\":[],\"ask_volume\":[],"
                     "\"diff_ask_vol\":[],\"simtrade\":false}\n\n");
    assert_string_equal(replayed.text[1],
                        "event: quote_idx\ndata: {\"exchange\":\"TAIFEX\",\"code\":\"001\","
                        "\"Date\":\"2026-11-24\",\"Time\":\"09:00:01\",\"Open\":\"28000\","
                        "\"High\":\"28040\",\"Low\":\"27999.99\",\"Close\":\"28036.22\"}\n\n");
    assert_true(replayed.source->skipped > 0);
    finish(&replayed);
}

static void events_wait_for_their_time_and_for_slow_clients(void **state)
{
    (void)state;
    static struct replayed replayed;
    open_journal(&replayed);
    for (int i = 0; i < 3; i++) {
        struct sj_trade trade = short_trade(FOP, 28000000000 + i * 1000000, 1);
        trade.recv_ns = trade.exch_ns = BASE_NS + i * INT64_C(1000000000);
        APPEND(&replayed, trade, TRADE);
    }
    start(&replayed);
    struct sj_market_source *source = replayed.source;
    assert_int_equal(source->ops->run(source, BASE_NS + 500000000, 4096), 1);
    assert_int_equal(source->now_ns, BASE_NS + 500000000);
    source->pressed = true;
    assert_int_equal(source->ops->run(source, INT64_MAX, 4096), 0);
    source->pressed = false;
    source->ops->burst(source, 1);
    assert_int_equal(source->ops->run(source, BASE_NS + 600000000, 4096), 1);
    assert_false(source->ended);
    assert_int_equal(source->ops->run(source, INT64_MAX, 4096), 1);
    assert_true(source->ended);
    assert_non_null(strstr(replayed.text[2], "\"time\":\"09:00:03.123456\",\"close\":\"28002\""));
    finish(&replayed);
}

static void definitions_become_contracts(void **state)
{
    (void)state;
    static struct replayed replayed;
    open_journal(&replayed);
    struct sj_trade trade = short_trade(FOP, 1000000, 1);
    APPEND(&replayed, trade, TRADE);
    play(&replayed);
    const struct sj_sim_universe *universe = &replayed.universe;
    assert_int_equal(universe->count, 4);
    assert_int_equal(universe->total, 5);
    assert_int_equal(universe->date, 20261124);
    uint32_t alias = sj_sim_universe_find(universe, "TXFR1");
    assert_string_equal(universe->list[universe->list[alias].target].code, "TXFL6");
    assert_string_equal(universe->list[alias].name, "TXFR1");
    uint32_t spread = sj_sim_universe_find(universe, "TXFL6/A7");
    assert_int_equal(universe->list[spread].security, SJ_SECURITY_FUT);
    finish(&replayed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_fields_of_a_trade_are_left_out_and_spreads_go_below_zero),
        cmocka_unit_test(a_book_has_as_many_levels_as_came),
        cmocka_unit_test(a_stocks_trade_carries_the_closing_event_behind_it),
        cmocka_unit_test(a_quote_and_an_index_go_out_once_each),
        cmocka_unit_test(events_wait_for_their_time_and_for_slow_clients),
        cmocka_unit_test(definitions_become_contracts),
    };
    return cmocka_run_group_tests_name("replay", tests, NULL, NULL);
}
