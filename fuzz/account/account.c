/* Any bytes as fills and snapshots, or as a saved state; a state saved and restored saves alike. */
#include "account/account.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sj_market_rules *rules;

static struct sj_account *create(void)
{
    char error[SJ_RULES_ERROR_MAX];
    struct sj_account *account = NULL;
    if (!rules && sj_market_rules_load(NULL, error, &rules) < 0)
        abort();
    struct sj_account_options options = {.rules = rules, .instrument_max = 8};
    if (sj_account_create(&options, &account) < 0)
        abort();
    for (uint32_t id = 1; id <= 4; id++) {
        struct sj_instrument one = {.instrument = id,
                                    .security = (uint8_t)id,
                                    .multiplier_e6 = 50500000,
                                    .unit = 1000,
                                    .code = {(char)('A' + id)},
                                    .root = "TXF"};
        sj_frame_head(&one, SJ_EVENT_INSTRUMENT, sizeof one);
        sj_account_market(account, (struct sj_frame *)&one);
    }
    return account;
}

static void one_event(struct sj_account *account, uint8_t kind, const uint8_t *data, size_t size)
{
    union {
        struct sj_frame frame;
        struct sj_fill fill;
        struct sj_position_snapshot position;
        struct sj_account_snapshot account;
        struct sj_trade trade;
    } event;
    memset(&event, 0, sizeof event);
    memcpy(&event, data, size < sizeof event ? size : sizeof event);
    event.frame.instrument %= 6;
    switch (kind % 4) {
    case 0:
        sj_frame_head(&event, SJ_EVENT_FILL, sizeof event.fill);
        sj_account_fill(account, &event.fill);
        break;
    case 1:
        sj_frame_head(&event, SJ_EVENT_POSITION, sizeof event.position);
        sj_account_event(account, &event.frame);
        break;
    case 2:
        sj_frame_head(&event, SJ_EVENT_ACCOUNT, sizeof event.account);
        sj_account_event(account, &event.frame);
        break;
    default:
        sj_frame_head(&event, SJ_EVENT_TRADE, sizeof event.trade);
        sj_account_market(account, &event.frame);
    }
}

static sj_rc save(struct sj_account *account, uint8_t **ret_bytes)
{
    size_t room = sj_account_save_size(account);
    *ret_bytes = calloc(1, room);
    sj_rc size = sj_account_save(account, *ret_bytes, room);
    if (size < 0 || (size_t)size > room)
        abort();
    return size;
}

/* What is saved is taken back, and is the same then: to the byte, and in every sum. */
static void restore_and_compare(struct sj_account *account)
{
    struct sj_account *again = create();
    struct sj_account_totals totals, same;
    uint8_t *saved, *resaved;
    sj_rc size = save(account, &saved);
    if (sj_account_restore(again, saved, (size_t)size) < 0)
        abort();
    if (save(again, &resaved) != size || memcmp(saved, resaved, (size_t)size) != 0)
        abort();
    memset(&totals, 0, sizeof totals);
    memset(&same, 0, sizeof same);
    sj_account_totals(account, &totals);
    sj_account_totals(again, &same);
    if (memcmp(&totals, &same, sizeof totals) != 0)
        abort();
    free(saved);
    free(resaved);
    sj_account_close(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sj_account *account = create();
    if (size > 0 && data[0] == 'S') {
        (void)(sj_account_restore(account, data, size) < 0);
    } else {
        while (size >= 2) {
            size_t length = data[1] < size - 2 ? data[1] : size - 2;
            one_event(account, data[0], data + 2, length);
            data += 2 + length;
            size -= 2 + length;
        }
    }
    restore_and_compare(account);
    sj_account_close(account);
    return 0;
}
