/* Any bytes as a day: a saved state to restore, or records of events and intents. Sums made anew
 * from what is there must equal the running ones, which saving and restoring shows. */
#include "risk/risk.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sj_market_rules *rules;
static struct sj_risk_config config;

static struct sj_risk *create(void)
{
    char error[SJ_RISK_ERROR_MAX];
    struct sj_risk *risk = NULL;
    if (!rules &&
        (sj_market_rules_load(NULL, error, &rules) < 0 || sj_risk_config_default(&config) < 0))
        abort();
    struct sj_risk_options options = {.config = &config, .rules = rules, .instrument_max = 8};
    if (sj_risk_create(&options, error, &risk) < 0)
        abort();
    for (uint32_t id = 1; id <= 4; id++) {
        struct sj_instrument one = {.instrument = id,
                                    .security = (uint8_t)id,
                                    .reference_e6 = 100000000,
                                    .limit_up_e6 = 110000000,
                                    .limit_down_e6 = 90000000,
                                    .strike_e6 = 100000000,
                                    .multiplier_e6 = 50000000,
                                    .tick_e6 = SJ_NULL_E6,
                                    .unit = 1000,
                                    .code = "A"};
        one.code[1] = (char)('0' + id);
        sj_frame_head(&one, SJ_EVENT_INSTRUMENT, sizeof one);
        sj_risk_market(risk, (struct sj_frame *)&one, 1);
    }
    return risk;
}

/* What is behind a record's type, over a whole event of it. */
static void overlay(void *event, enum sj_event_type type, size_t event_size, const uint8_t *data,
                    size_t size)
{
    memset(event, 0, event_size);
    memcpy(event, data, size < event_size ? size : event_size);
    sj_frame_head(event, type, event_size);
    ((struct sj_frame *)event)->instrument %= 10;
}

static void one_event(struct sj_risk *risk, uint8_t kind, const uint8_t *data, size_t size,
                      int64_t now_ns)
{
    union {
        struct sj_frame frame;
        struct sj_trade trade;
        struct sj_book book;
        struct sj_quote quote;
        struct sj_instrument instrument;
        struct sj_order_update order;
        struct sj_fill fill;
        struct sj_account_snapshot account;
        struct sj_position_snapshot position;
        struct sj_control control;
        struct sj_intent intent;
    } event;
    struct sj_verdict verdict;
    switch (kind % 10) {
#define MARKET(number, TYPE, member)                                                               \
    case number:                                                                                   \
        overlay(&event, SJ_EVENT_##TYPE, sizeof event.member, data, size);                         \
        sj_risk_market(risk, &event.frame, now_ns);                                                \
        break
        MARKET(0, TRADE, trade);
        MARKET(1, BOOK, book);
        MARKET(2, QUOTE, quote);
        MARKET(3, INSTRUMENT, instrument);
#undef MARKET
    case 4:
        overlay(&event, SJ_EVENT_ORDER, sizeof event.order, data, size);
        sj_risk_order(risk, &event.order);
        break;
    case 5:
        overlay(&event, SJ_EVENT_FILL, sizeof event.fill, data, size);
        sj_risk_fill(risk, &event.fill);
        break;
    case 6:
        overlay(&event, SJ_EVENT_ACCOUNT, sizeof event.account, data, size);
        sj_risk_account(risk, &event.frame);
        break;
    case 7:
        overlay(&event, SJ_EVENT_POSITION, sizeof event.position, data, size);
        sj_risk_account(risk, &event.frame);
        break;
    case 8:
        overlay(&event, SJ_EVENT_CONTROL, sizeof event.control, data, size);
        sj_risk_control(risk, &event.control);
        break;
    default:
        overlay(&event, SJ_EVENT_INTENT, sizeof event.intent, data, size);
        sj_risk_check(risk, &event.intent, now_ns, &verdict);
    }
}

static void save_again(struct sj_risk *risk)
{
    size_t room = sj_risk_save_size(risk);
    uint8_t *first = malloc(room), *second = malloc(room);
    struct sj_risk *other = create();
    if (!first || !second)
        abort();
    sj_rc size = sj_risk_save(risk, first, room);
    if (size < 0 || sj_risk_restore(other, first, (size_t)size) < 0 ||
        sj_risk_save(other, second, room) != size)
        abort();
    struct sj_risk_status a, b;
    sj_risk_status(risk, &a);
    sj_risk_status(other, &b);
    if (a.open_count != b.open_count || a.pnl_e6 != b.pnl_e6)
        abort();
    free(first);
    free(second);
    sj_risk_close(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sj_risk *risk = create();
    int64_t now_ns = INT64_C(1795410000000000000);
    if (size > 0 && data[0] == 'S') {
        (void)(sj_risk_restore(risk, data, size) < 0);
    } else {
        bool defined = false;
        while (size >= 2) {
            uint8_t kind = data[0];
            size_t length = data[1] < size - 2 ? data[1] : size - 2;
            one_event(risk, kind, data + 2, length, now_ns);
            defined = defined || kind % 10 == 3;
            now_ns += INT64_C(1000000) * kind;
            data += 2 + length;
            size -= 2 + length;
        }
        if (!defined) /* a definition is not part of the state */
            save_again(risk);
    }
    sj_risk_close(risk);
    return 0;
}
