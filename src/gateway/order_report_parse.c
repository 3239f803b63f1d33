#include "gateway/order_report_parse.h"

#include "gateway/parse_number.h"

#include "shijim/strategy.h"

#include <stdio.h>
#include <string.h>

/* What a message may say about an order; each as its text stands, taken apart afterwards. */
enum field {
    F_OP_TYPE,
    F_OP_CODE,
    F_OP_MSG,
    F_ID,
    F_STATUS_ID,
    F_TRADE_ID,
    F_SEQNO,
    F_ORDNO,
    F_EXCHANGE_SEQ,
    F_ACTION,
    F_PRICE,
    F_QUANTITY,
    F_ORDER_LOT,
    F_ORDER_COND,
    F_OC_TYPE,
    F_CUSTOM_FIELD,
    F_ACCOUNT_TYPE,
    F_EXCHANGE_TS,
    F_ORDER_TS,
    F_TS,
    F_MODIFIED_PRICE,
    F_CANCEL_QUANTITY,
    F_DEAL_QUANTITY,
    F_STATUS,
    F_STATUS_CODE,
    F_MSG,
    F_CODE,
    F_FULL_CODE,
    F_SEQ,
    F_COUNT
};

enum section { IN_OPERATION, IN_ORDER, IN_STATUS, IN_CONTRACT, IN_DEAL, IN_TRADE_DEAL };

static const struct {
    const char *name;
    uint8_t section;
    uint8_t field;
} names[] = {
    {"op_type", IN_OPERATION, F_OP_TYPE},
    {"op_code", IN_OPERATION, F_OP_CODE},
    {"op_msg", IN_OPERATION, F_OP_MSG},
    {"id", IN_ORDER, F_ID},
    {"seqno", IN_ORDER, F_SEQNO},
    {"ordno", IN_ORDER, F_ORDNO},
    {"action", IN_ORDER, F_ACTION},
    {"price", IN_ORDER, F_PRICE},
    {"quantity", IN_ORDER, F_QUANTITY},
    {"order_lot", IN_ORDER, F_ORDER_LOT},
    {"order_cond", IN_ORDER, F_ORDER_COND},
    {"oc_type", IN_ORDER, F_OC_TYPE},
    {"octype", IN_ORDER, F_OC_TYPE},
    {"custom_field", IN_ORDER, F_CUSTOM_FIELD},
    {"id", IN_STATUS, F_STATUS_ID},
    {"exchange_ts", IN_STATUS, F_EXCHANGE_TS},
    {"order_ts", IN_STATUS, F_ORDER_TS},
    {"modified_price", IN_STATUS, F_MODIFIED_PRICE},
    {"cancel_quantity", IN_STATUS, F_CANCEL_QUANTITY},
    {"deal_quantity", IN_STATUS, F_DEAL_QUANTITY},
    {"status", IN_STATUS, F_STATUS},
    {"status_code", IN_STATUS, F_STATUS_CODE},
    {"msg", IN_STATUS, F_MSG},
    {"code", IN_CONTRACT, F_CODE},
    {"full_code", IN_CONTRACT, F_FULL_CODE},
    {"trade_id", IN_DEAL, F_TRADE_ID},
    {"seqno", IN_DEAL, F_SEQNO},
    {"ordno", IN_DEAL, F_ORDNO},
    {"exchange_seq", IN_DEAL, F_EXCHANGE_SEQ},
    {"action", IN_DEAL, F_ACTION},
    {"code", IN_DEAL, F_CODE},
    {"full_code", IN_DEAL, F_FULL_CODE},
    {"price", IN_DEAL, F_PRICE},
    {"quantity", IN_DEAL, F_QUANTITY},
    {"order_lot", IN_DEAL, F_ORDER_LOT},
    {"order_cond", IN_DEAL, F_ORDER_COND},
    {"custom_field", IN_DEAL, F_CUSTOM_FIELD},
    {"ts", IN_DEAL, F_TS},
    {"seq", IN_TRADE_DEAL, F_SEQ},
    {"price", IN_TRADE_DEAL, F_PRICE},
    {"quantity", IN_TRADE_DEAL, F_QUANTITY},
    {"ts", IN_TRADE_DEAL, F_TS},
};

struct fields {
    struct sj_jin_text text[F_COUNT]; /* size 0 and text NULL: not there, or null */
    bool combo;
    struct sj_jin deals;
    bool has_deals;
};

static int field_of(enum section section, const struct sj_jin_text *key)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (names[i].section == section && sj_jin_is(key, names[i].name))
            return names[i].field;
    return -1;
}

static bool take_value(struct sj_jin *in, struct sj_jin_text *ret_text)
{
    char c = sj_jin_peek(in);
    if (c == '"')
        return sj_jin_string(in, ret_text);
    if (c == '-' || (c >= '0' && c <= '9'))
        return sj_jin_number(in, ret_text);
    return sj_jin_skip(in);
}

static bool take_account(struct sj_jin *in, struct fields *fields)
{
    struct sj_jin_text key;
    if (sj_jin_peek(in) != '{')
        return sj_jin_skip(in);
    if (!sj_jin_enter(in, '{'))
        return false;
    while (sj_jin_key(in, &key))
        if (!(sj_jin_is(&key, "account_type") ? take_value(in, &fields->text[F_ACCOUNT_TYPE])
                                              : sj_jin_skip(in)))
            return false;
    return !in->failed;
}

static bool take_section(struct sj_jin *in, enum section section, struct fields *fields)
{
    struct sj_jin_text key;
    if (!sj_jin_enter(in, '{'))
        return false;
    while (sj_jin_key(in, &key)) {
        bool taken;
        int field = field_of(section, &key);
        if (sj_jin_is(&key, "combo") && strchr("tf", sj_jin_peek(in))) {
            taken = sj_jin_bool(in, &fields->combo);
        } else if (field >= 0) {
            taken = take_value(in, &fields->text[field]);
        } else if (section == IN_ORDER && sj_jin_is(&key, "account")) {
            taken = take_account(in, fields);
        } else if (section == IN_STATUS && sj_jin_is(&key, "deals") && sj_jin_peek(in) == '[') {
            fields->deals = *in;
            fields->has_deals = true;
            taken = sj_jin_skip(in);
        } else {
            taken = sj_jin_skip(in);
        }
        if (!taken)
            return false;
    }
    return !in->failed;
}

/* An object of sections: an order event, or a Trade. */
static bool take_order(struct sj_jin *in, struct fields *fields)
{
    struct sj_jin_text key;
    if (!sj_jin_enter(in, '{'))
        return false;
    while (sj_jin_key(in, &key)) {
        bool taken;
        if (sj_jin_is(&key, "operation"))
            taken = take_section(in, IN_OPERATION, fields);
        else if (sj_jin_is(&key, "order"))
            taken = take_section(in, IN_ORDER, fields);
        else if (sj_jin_is(&key, "status"))
            taken = take_section(in, IN_STATUS, fields);
        else if (sj_jin_is(&key, "contract"))
            taken = take_section(in, IN_CONTRACT, fields);
        else
            taken = sj_jin_skip(in);
        if (!taken)
            return false;
    }
    return !in->failed;
}

/* --- from texts to values --- */

static bool has(const struct fields *fields, enum field field)
{
    return fields->text[field].text != NULL;
}

static bool take_decimal(const struct fields *fields, enum field field, int64_t *ret_e6)
{
    const struct sj_jin_text *text = &fields->text[field];
    bool rounded;
    return !has(fields, field) ||
           (sj_parse_number_valid(text->text, text->size) &&
            sj_parse_decimal(text->text, text->size, ret_e6, &rounded) == SJ_PARSE_NONE);
}

static bool take_count(const struct fields *fields, enum field field, uint32_t *ret_count)
{
    const struct sj_jin_text *text = &fields->text[field];
    int64_t value;
    if (!has(fields, field))
        return true;
    if (!sj_parse_number_valid(text->text, text->size) ||
        sj_parse_integer(text->text, text->size, &value) != SJ_PARSE_NONE || value < 0 ||
        value >= UINT32_MAX)
        return false;
    *ret_count = (uint32_t)value;
    return true;
}

/* Seconds since 1970; 0 is absent. */
static bool take_time(const struct fields *fields, enum field field, int64_t *ret_ns)
{
    int64_t us = 0;
    if (!take_decimal(fields, field, &us) || us < 0 || us > INT64_MAX / 1000)
        return false;
    if (us > 0)
        *ret_ns = us * 1000;
    return true;
}

/* An id that is sent back to the broker, or compared with others of it: plain, and never cut. */
static bool take_id(const struct fields *fields, enum field field, char *to, size_t size)
{
    const struct sj_jin_text *text = &fields->text[field];
    if (!has(fields, field))
        return true;
    if (text->size > size)
        return false;
    for (size_t i = 0; i < text->size; i++)
        if (text->text[i] <= ' ' || text->text[i] > '~' || text->text[i] == '\\' ||
            text->text[i] == '"')
            return false;
    memset(to, 0, size);
    memcpy(to, text->text, text->size);
    return true;
}

static void take_words(const struct fields *fields, enum field field, char *to, size_t size)
{
    if (has(fields, field))
        (void)sj_jin_copy(&fields->text[field], to, size); /* cut where it is too long */
}

static int word_of(const struct fields *fields, enum field field, const char *const *words)
{
    for (int i = 0; has(fields, field) && words[i]; i++)
        if (sj_jin_is(&fields->text[field], words[i]))
            return i;
    return -1;
}

static const char *const sides[] = {"Buy", "Sell", NULL};
static const char *const lots[] = {"Common", "BlockTrade", "Fixing", "Odd", "IntradayOdd", NULL};
static const char *const conditions[] = {"Cash", "MarginTrading", "ShortSelling", "Netting", NULL};
static const char *const octypes[] = {"Auto", "New", "Cover", "DayTrade", NULL};
static const char *const op_types[] = {"New", "Cancel", "UpdatePrice", "UpdateQty", "Reject", NULL};
static const char *const statuses[] = {"PendingSubmit", "PreSubmitted", "Submitted",
                                       "PartFilled",    "Filled",       "Cancelled",
                                       "Failed",        "Inactive",     NULL};

static uint32_t find_code(const struct sj_instruments *instruments, const struct sj_jin_text *text)
{
    return instruments && text->size > 0 && text->size <= 16
               ? sj_instruments_traded(instruments,
                                       sj_instruments_find(instruments, text->text, text->size))
               : 0;
}

static void begin(struct sj_order_report *report, enum sj_report_kind kind,
                  enum sj_report_source source)
{
    *report = (struct sj_order_report){.exch_ns = SJ_NULL_I64,
                                       .price_e6 = SJ_NULL_E6,
                                       .quantity = SJ_NULL_U32,
                                       .filled = SJ_NULL_U32,
                                       .cancelled = SJ_NULL_U32,
                                       .kind = (uint8_t)kind,
                                       .source = (uint8_t)source};
    sj_frame_head(report, SJ_EVENT_ORDER_REPORT, sizeof *report);
}

/* Two legs: told so, or by a code as TXFL6/A7. */
static bool is_combo(const struct fields *fields)
{
    const struct sj_jin_text *codes[] = {&fields->text[F_CODE], &fields->text[F_FULL_CODE]};
    for (int i = 0; i < 2; i++)
        if (codes[i]->text && memchr(codes[i]->text, '/', codes[i]->size))
            return true;
    return fields->combo;
}

/* What orders and deals have in common. */
static bool take_common(const struct sj_instruments *instruments, const struct fields *fields,
                        struct sj_order_report *report)
{
    report->instrument = find_code(instruments, &fields->text[F_FULL_CODE]);
    if (report->instrument == 0)
        report->instrument = find_code(instruments, &fields->text[F_CODE]);
    report->side = (uint8_t)(word_of(fields, F_ACTION, sides) + 1); /* NONE, BUY, SELL */
    int lot = word_of(fields, F_ORDER_LOT, lots);
    int condition = word_of(fields, F_ORDER_COND, conditions);
    int octype = word_of(fields, F_OC_TYPE, octypes);
    report->order_lot = (uint8_t)(lot > 0 ? lot : 0);
    report->order_cond = (uint8_t)(condition > 0 ? condition : 0);
    report->octype = (uint8_t)(octype > 0 ? octype : 0);
    take_words(fields, F_CUSTOM_FIELD, report->custom_field, sizeof report->custom_field);
    if (is_combo(fields))
        report->flags |= SJ_FLAG_COMBO;
    return take_id(fields, F_SEQNO, report->seqno, sizeof report->seqno) &&
           take_id(fields, F_ORDNO, report->ordno, sizeof report->ordno) &&
           take_decimal(fields, F_PRICE, &report->price_e6) &&
           take_count(fields, F_QUANTITY, &report->quantity);
}

static bool take_order_values(const struct sj_instruments *instruments, const struct fields *fields,
                              struct sj_order_report *report)
{
    int64_t modified_e6 = 0;
    int status = word_of(fields, F_STATUS, statuses);
    if (!take_common(instruments, fields, report) ||
        !take_id(fields, has(fields, F_ID) ? F_ID : F_STATUS_ID, report->order_id,
                 sizeof report->order_id) ||
        report->order_id[0] == '\0' || !take_decimal(fields, F_MODIFIED_PRICE, &modified_e6) ||
        !take_count(fields, F_CANCEL_QUANTITY, &report->cancelled) ||
        !take_count(fields, F_DEAL_QUANTITY, &report->filled) ||
        !take_time(fields, F_EXCHANGE_TS, &report->exch_ns) ||
        !take_time(fields, F_ORDER_TS, &report->exch_ns) ||
        !take_id(fields, has(fields, F_OP_CODE) ? F_OP_CODE : F_STATUS_CODE, report->op_code,
                 sizeof report->op_code))
        return false;
    if (modified_e6 > 0)
        report->price_e6 = modified_e6;
    report->broker_status = (uint8_t)(status + 1);
    take_words(fields, has(fields, F_OP_MSG) ? F_OP_MSG : F_MSG, report->text, sizeof report->text);
    return true;
}

static sj_rc order_event(const struct sj_instruments *instruments, struct sj_jin *in,
                         struct sj_order_report *report)
{
    struct fields fields = {0};
    begin(report, SJ_REPORT_NEW, SJ_REPORT_FROM_STREAM);
    if (!take_order(in, &fields) || !take_order_values(instruments, &fields, report))
        return -SJ_E_MALFORMED;
    int kind = word_of(&fields, F_OP_TYPE, op_types);
    if (kind < 0 || !has(&fields, F_OP_CODE))
        return -SJ_E_MALFORMED;
    report->kind = (uint8_t)(SJ_REPORT_NEW + kind);
    return 1;
}

static sj_rc deal_event(const struct sj_instruments *instruments, struct sj_jin *in,
                        struct sj_order_report *report)
{
    struct fields fields = {0};
    begin(report, SJ_REPORT_DEAL, SJ_REPORT_FROM_STREAM);
    if (!take_section(in, IN_DEAL, &fields) || !take_common(instruments, &fields, report) ||
        !take_id(&fields, F_TRADE_ID, report->order_id, sizeof report->order_id) ||
        !take_id(&fields, F_EXCHANGE_SEQ, report->exchange_seq, sizeof report->exchange_seq) ||
        !take_time(&fields, F_TS, &report->exch_ns) || report->order_id[0] == '\0' ||
        report->price_e6 == SJ_NULL_E6 || report->quantity == SJ_NULL_U32 || report->quantity == 0)
        return -SJ_E_MALFORMED;
    return 1;
}

/* The value of "data": one object named as the state is. */
static sj_rc take_data(const struct sj_instruments *instruments, struct sj_jin *in,
                       struct sj_order_report *report)
{
    struct sj_jin_text key;
    sj_rc rc = -SJ_E_MALFORMED;
    if (!sj_jin_enter(in, '{'))
        return rc;
    while (sj_jin_key(in, &key)) {
        bool order = sj_jin_is(&key, "StockOrder") || sj_jin_is(&key, "FuturesOrder");
        bool deal = sj_jin_is(&key, "StockDeal") || sj_jin_is(&key, "FuturesDeal");
        if (!order && !deal) {
            (void)sj_jin_skip(in);
            continue;
        }
        rc = order ? order_event(instruments, in, report) : deal_event(instruments, in, report);
        if (rc < 0)
            return rc;
    }
    return in->failed ? -SJ_E_MALFORMED : rc;
}

sj_rc sj_order_parse_event(const struct sj_instruments *instruments, const char *text, size_t size,
                           struct sj_order_report *ret_report)
{
    struct sj_jin in;
    struct sj_jin_text key;
    struct sj_order_report report;
    sj_rc rc = 0;
    sj_jin_init(&in, text, size);
    if (!sj_jin_enter(&in, '{'))
        return -SJ_E_MALFORMED;
    while (sj_jin_key(&in, &key)) {
        if (!sj_jin_is(&key, "data") || sj_jin_peek(&in) != '{')
            (void)sj_jin_skip(&in);
        else if ((rc = take_data(instruments, &in, &report)) < 0)
            return rc;
    }
    if (!sj_jin_end(&in))
        return -SJ_E_MALFORMED;
    if (rc > 0)
        *ret_report = report;
    return rc;
}

sj_rc sj_order_parse_trade(const struct sj_instruments *instruments, struct sj_jin *in,
                           struct sj_order_report *ret_report, struct sj_order_deals *ret_deals)
{
    struct fields fields = {0};
    struct sj_order_report report;
    begin(&report, SJ_REPORT_LISTED, SJ_REPORT_FROM_LIST);
    if (!take_order(in, &fields) || !take_order_values(instruments, &fields, &report) ||
        report.broker_status == 0 || report.quantity == SJ_NULL_U32)
        return -SJ_E_MALFORMED;
    *ret_report = report;
    *ret_deals = (struct sj_order_deals){.instruments = instruments, .order = report};
    if (fields.has_deals) {
        ret_deals->in = fields.deals;
        ret_deals->any = sj_jin_enter(&ret_deals->in, '[');
    }
    return 0;
}

sj_rc sj_order_next_deal(struct sj_order_deals *deals, struct sj_order_report *ret_report)
{
    struct fields fields = {0};
    if (!deals->any || !sj_jin_item(&deals->in)) {
        deals->any = false;
        return 0;
    }
    struct sj_order_report report;
    begin(&report, SJ_REPORT_DEAL, SJ_REPORT_FROM_LIST);
    report.instrument = deals->order.instrument;
    report.side = deals->order.side;
    report.order_lot = deals->order.order_lot;
    memcpy(report.order_id, deals->order.order_id, sizeof report.order_id);
    memcpy(report.custom_field, deals->order.custom_field, sizeof report.custom_field);
    deals->any = take_section(&deals->in, IN_TRADE_DEAL, &fields) &&
                 take_decimal(&fields, F_PRICE, &report.price_e6) &&
                 take_count(&fields, F_QUANTITY, &report.quantity) &&
                 take_time(&fields, F_TS, &report.exch_ns) &&
                 take_id(&fields, F_SEQ, report.exchange_seq, sizeof report.exchange_seq) &&
                 report.price_e6 != SJ_NULL_E6 && report.quantity != SJ_NULL_U32 &&
                 report.quantity > 0;
    if (!deals->any)
        return -SJ_E_MALFORMED;
    *ret_report = report;
    return 1;
}
