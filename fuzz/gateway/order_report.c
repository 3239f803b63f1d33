/*
 * order_report.c: any bytes as what the broker says of orders: an event of the stream, a list of
 * trades, an error body. What is taken can be sent back and written down: ids are plain, deals have
 * a quantity and a price, texts end where their fields do.
 */
#include "gateway/order_report_parse.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_plain(const char *text, size_t size)
{
    size_t used = strnlen(text, size);
    for (size_t i = 0; i < size; i++)
        require(i < used ? text[i] > ' ' && text[i] <= '~' && text[i] != '"' && text[i] != '\\'
                         : text[i] == '\0');
}

static void check(const struct sj_order_report *report)
{
    require(report->template_id == SJ_EVENT_ORDER_REPORT && report->order_id[0] != '\0');
    check_plain(report->order_id, sizeof report->order_id);
    check_plain(report->ordno, sizeof report->ordno);
    check_plain(report->seqno, sizeof report->seqno);
    check_plain(report->exchange_seq, sizeof report->exchange_seq);
    check_plain(report->op_code, sizeof report->op_code);
    if (report->kind == SJ_REPORT_DEAL)
        require(report->quantity > 0 && report->quantity != SJ_NULL_U32 &&
                report->price_e6 != SJ_NULL_E6);
    require(report->exch_ns == SJ_NULL_I64 || report->exch_ns > 0);
    require(report->side <= SJ_SIDE_SELL);
}

static void take_list(const char *text, size_t size)
{
    struct sj_jin in;
    struct sj_order_report report;
    struct sj_order_deals deals;
    sj_jin_init(&in, text, size);
    if (!sj_jin_enter(&in, '['))
        return;
    while (sj_jin_item(&in) && sj_order_parse_trade(NULL, &in, &report, &deals) >= 0) {
        check(&report);
        while (sj_order_next_deal(&deals, &report) > 0)
            check(&report);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct sj_order_report report;
    char message[48];
    static const struct sj_account_name wanted[SJ_ACCOUNTS] = {{"9A95", "1234567"},
                                                               {"F002000", "7654321"}};
    struct sj_order_accounts accounts;
    bool simulation;
    if (sj_order_parse_event(NULL, text, size, &report) > 0)
        check(&report);
    take_list(text, size);
    sj_order_parse_message(text, size, message, sizeof message);
    if (sj_order_parse_accounts(text, size, wanted, &accounts) >= 0)
        require(accounts.types <= 3 && (!accounts.found[0] || accounts.count[0] > 0));
    (void)!sj_order_parse_simulation(text, size, &simulation);
    return 0;
}
