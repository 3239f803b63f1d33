/* Any text as each of the broker's portfolio answers: what is given out has sane fields. */
#include "account/portfolio.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t find(void *context, const char *code, size_t size)
{
    (void)context;
    return size > 0 && size < 16 ? 1 + (uint32_t)(unsigned char)code[0] % 7 : 0;
}

static uint32_t unit(void *context, uint32_t instrument)
{
    (void)context;
    return instrument % 2 ? 1000 : 1;
}

static void look(void *context, struct sj_frame *event)
{
    (void)context;
    const struct sj_position_snapshot *position = (const struct sj_position_snapshot *)event;
    bool is_position = event->template_id == SJ_EVENT_POSITION;
    if (!is_position && event->template_id != SJ_EVENT_ACCOUNT)
        abort();
    if (is_position && (position->instrument == 0 || position->quantity > INT64_C(5000000000000) ||
                        position->own_quantity != SJ_NULL_I64))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sj_portfolio_ops ops = {NULL, find, unit, look};
    struct sj_portfolio *portfolio = NULL;
    char error[SJ_PORTFOLIO_ERROR_MAX];
    const char *text = (const char *)data + 1;
    sj_rc rc = 0;
    if (size < 1 || sj_portfolio_create(0, "", &ops, &portfolio) < 0)
        return 0;
    sj_portfolio_begin(portfolio, 1);
    size--;
    switch (data[0] % 7) {
    case 0:
        rc = sj_portfolio_balance(portfolio, text, size, error);
        break;
    case 1:
        rc = sj_portfolio_settlements(portfolio, text, size, error);
        break;
    case 2:
        rc = sj_portfolio_limits(portfolio, text, size, error);
        break;
    case 3:
        rc = sj_portfolio_margin(portfolio, text, size, error);
        break;
    case 4:
        rc = sj_portfolio_profit(portfolio, text, size, error);
        break;
    default:
        rc = sj_portfolio_positions(portfolio, text, size, data[0] % 7 == 5, error);
    }
    if (rc < 0 && (error[0] == '\0' || !memchr(error, 0, sizeof error)))
        abort();
    sj_portfolio_finish(portfolio);
    sj_portfolio_begin(portfolio, 2);
    sj_portfolio_finish(portfolio);
    sj_portfolio_close(portfolio);
    return 0;
}
