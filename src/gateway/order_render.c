#include "gateway/order_render.h"

#include "base/decimal.h"
#include "gateway/rest.h"

#include <stdio.h>
#include <string.h>

#define PRICE_WIDTH 22
#define QUANTITY_WIDTH 10

/* Words of the wire with blanks behind, each list of one width; the slot's width is the array's. */
static const char sides[][6] = {"      ", "\"Buy\" ", "\"Sell\""};
static const char price_types[][5] = {"     ", "\"LMT\"", "\"MKT\"", "\"MKP\""};
static const char tifs[][5] = {"     ", "\"ROD\"", "\"IOC\"", "\"FOK\""};
static const char lots[][13] = {"\"Common\"     ", "\"BlockTrade\" ", "\"Fixing\"     ",
                                "\"Odd\"        ", "\"IntradayOdd\""};
static const char conditions[][15] = {"\"Cash\"         ", "\"MarginTrading\"", "\"ShortSelling\" ",
                                      "\"Netting\"      "};
static const char truths[][5] = {"false", "true "};
static const char octypes[][10] = {"\"Auto\"    ", "\"New\"     ", "\"Cover\"   ", "\"DayTrade\""};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define FILL(template_offset, array, index)                                                        \
    memcpy(out + (template_offset), (array)[index], sizeof((array)[0]))

struct writer {
    char *text;
    size_t size, used;
    bool overflowed;
};

static void put(struct writer *writer, const char *text)
{
    size_t size = strlen(text);
    if (writer->overflowed || writer->used + size >= writer->size) {
        writer->overflowed = true;
        return;
    }
    memcpy(writer->text + writer->used, text, size + 1);
    writer->used += size;
}

/* A slot of blanks; its offset. */
static uint16_t slot(struct writer *writer, size_t width)
{
    static const char blanks[] = "                        ";
    size_t at = writer->used;
    put(writer, blanks + sizeof(blanks) - 1 - width);
    return (uint16_t)at;
}

static void put_code(struct writer *writer, const char *code)
{
    char text[20];
    /* The table of instruments takes no code with a quote or backslash. */
    snprintf(text, sizeof text, "%.16s", code);
    put(writer, "\"");
    put(writer, text);
    put(writer, "\"");
}

static void put_contract(struct writer *body, const struct sj_instrument *instrument)
{
    put(body, "{\"contract\":{\"security_type\":\"");
    put(body, sj_security_name((enum sj_security)instrument->security));
    put(body, "\",\"region\":\"TW\",\"exchange\":\"");
    put(body, sj_exchange_name((enum sj_exchange)instrument->exchange));
    put(body, "\",\"code\":");
    put_code(body, instrument->code);
    put(body, ",\"target_code\":");
    if (instrument->target_code[0])
        put_code(body, instrument->target_code);
    else
        put(body, "null");
    put(body, "},");
}

/* As the broker's own client writes it. */
static void put_account(struct writer *body, bool stock, const struct sj_account_name *name)
{
    if (!name->broker_id[0])
        return;
    put(body, stock ? ",\"account\":{\"account_type\":\"S\",\"person_id\":\"\",\"broker_id\":\""
                    : ",\"account\":{\"account_type\":\"F\",\"person_id\":\"\",\"broker_id\":\"");
    put(body, name->broker_id);
    put(body, "\",\"account_id\":\"");
    put(body, name->account_id);
    put(body, "\",\"signed\":true,\"username\":\"\"}");
}

void sj_order_account_body(uint32_t account, const struct sj_account_name *name, const char *more,
                           char ret_body[SJ_ORDER_ACCOUNT_BODY_MAX])
{
    char type = account == SJ_ACCOUNT_STOCK ? 'S' : 'F';
    if (name->broker_id[0])
        snprintf(ret_body, SJ_ORDER_ACCOUNT_BODY_MAX,
                 "{\"account_type\":\"%c\",\"person_id\":null,\"broker_id\":\"%s\","
                 "\"account_id\":\"%s\"%s}",
                 type, name->broker_id, name->account_id, more);
    else
        snprintf(ret_body, SJ_ORDER_ACCOUNT_BODY_MAX,
                 "{\"account_type\":\"%c\",\"person_id\":null,\"broker_id\":null,"
                 "\"account_id\":null%s}",
                 type, more);
}

static void put_order(struct writer *body, const struct sj_order_head *head,
                      struct sj_order_template *template)
{
    put(body, template->stock ? "\"stock_order\":{\"action\":" : "\"futures_order\":{\"action\":");
    template->action = slot(body, sizeof sides[0]);
    put(body, ",\"price\":");
    template->price = slot(body, PRICE_WIDTH);
    put(body, ",\"quantity\":");
    template->quantity = slot(body, QUANTITY_WIDTH);
    put(body, ",\"price_type\":");
    template->price_type = slot(body, sizeof price_types[0]);
    put(body, ",\"time_in_force\":");
    template->tif = slot(body, sizeof tifs[0]);
    put(body, ",\"order_type\":");
    template->order_type = slot(body, sizeof tifs[0]);
    if (template->stock) {
        put(body, ",\"order_lot\":");
        template->lot = slot(body, sizeof lots[0]);
        put(body, ",\"order_cond\":");
        template->cond = slot(body, sizeof conditions[0]);
        put(body, ",\"daytrade_short\":");
        template->daytrade = slot(body, sizeof truths[0]);
    } else {
        put(body, ",\"octype\":");
        template->octype = slot(body, sizeof octypes[0]);
    }
    put(body, ",\"custom_field\":\"");
    template->tag = slot(body, 6);
    put(body, "\"");
    put_account(body, template->stock,
                &head->accounts[template->stock ? SJ_ACCOUNT_STOCK : SJ_ACCOUNT_FUTURES]);
    put(body, template->stock ? "},\"futures_order\":null}" : "},\"stock_order\":null}");
}

static sj_rc put_head(struct writer *writer, const struct sj_order_head *head, const char *method,
                      const char *path, size_t body_size)
{
    char length[128];
    put(writer, method);
    put(writer, " /api/v1");
    put(writer, path);
    put(writer, " HTTP/1.1\r\nHost: ");
    put(writer, head->host);
    put(writer, "\r\nAccept-Encoding: identity\r\n");
    put(writer, head->authorization);
    if (body_size > 0) {
        snprintf(length, sizeof length, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
                 body_size);
        put(writer, length);
    }
    put(writer, "\r\n");
    return writer->overflowed ? -SJ_E_LIMIT : (sj_rc)writer->used;
}

sj_rc sj_order_template_init(struct sj_order_template *template, const struct sj_order_head *head,
                             const struct sj_instrument *instrument)
{
    struct sj_order_template made = {.stock = instrument->security == SJ_SECURITY_STK ||
                                              instrument->security == SJ_SECURITY_WRT};
    char body_text[SJ_ORDER_TEMPLATE_MAX];
    struct writer body = {body_text, sizeof body_text, 0, false};
    struct writer whole = {made.text, sizeof made.text, 0, false};
    put_contract(&body, instrument);
    put_order(&body, head, &made);
    sj_rc rc = body.overflowed ? -SJ_E_LIMIT
                               : put_head(&whole, head, "POST", "/order/place_order", body.used);
    if (rc < 0)
        return rc;
    uint16_t shift = (uint16_t)whole.used;
    put(&whole, body_text);
    if (whole.overflowed)
        return -SJ_E_LIMIT;
    uint16_t *const slots[] = {&made.action,   &made.price,      &made.quantity, &made.price_type,
                               &made.tif,      &made.order_type, &made.lot,      &made.cond,
                               &made.daytrade, &made.octype,     &made.tag};
    for (size_t i = 0; i < COUNT_OF(slots); i++)
        *slots[i] = (uint16_t)(*slots[i] + shift);
    made.size = (uint16_t)whole.used;
    *template = made;
    return 0;
}

static void fill_price(char *out, int64_t price_e6)
{
    char text[SJ_DECIMAL_TEXT_MAX];
    uint32_t size = sj_decimal_format_e6(price_e6 == SJ_NULL_E6 ? 0 : price_e6, text);
    memcpy(out, text, size);
}

/* 1 .. 10 digits. */
static void fill_quantity(char *out, uint32_t quantity)
{
    char digits[QUANTITY_WIDTH];
    size_t count = 0;
    do
        digits[count++] = (char)('0' + quantity % 10);
    while ((quantity /= 10) > 0);
    for (size_t i = 0; i < count; i++)
        out[i] = digits[count - 1 - i];
}

sj_rc sj_order_render_place(const struct sj_order_template *template,
                            const struct sj_order_request *request, char *out)
{
    if (request->side - 1u > 1 || request->price_type - 1u > 2 || request->time_in_force - 1u > 2 ||
        request->order_lot >= COUNT_OF(lots) || request->order_cond >= COUNT_OF(conditions) ||
        request->octype >= COUNT_OF(octypes) || request->daytrade_short > 1 || template->size == 0)
        return -SJ_E_RANGE;
    memcpy(out, template->text, SJ_ORDER_TEMPLATE_MAX);
    FILL(template->action, sides, request->side);
    fill_price(out + template->price, request->price_type == SJ_ORDER_MKT ? 0 : request->price_e6);
    fill_quantity(out + template->quantity, request->quantity);
    FILL(template->price_type, price_types, request->price_type);
    FILL(template->tif, tifs, request->time_in_force);
    FILL(template->order_type, tifs, request->time_in_force);
    if (template->stock) {
        FILL(template->lot, lots, request->order_lot);
        FILL(template->cond, conditions, request->order_cond);
        FILL(template->daytrade, truths, request->daytrade_short);
    } else {
        FILL(template->octype, octypes, request->octype);
    }
    memcpy(out + template->tag, request->custom_field, 6);
    return template->size;
}

sj_rc sj_order_render_call(const struct sj_order_head *head, const char *path, const char *body,
                           char *out)
{
    struct writer writer = {out, SJ_ORDER_RENDER_MAX, 0, false};
    sj_rc rc = put_head(&writer, head, body ? "POST" : "GET", path, body ? strlen(body) : 0);
    if (rc >= 0 && body)
        put(&writer, body);
    return writer.overflowed ? -SJ_E_LIMIT : (sj_rc)writer.used;
}

sj_rc sj_order_render_change(const struct sj_order_head *head,
                             const struct sj_order_request *request, char *out)
{
    char body[160];
    char price[SJ_DECIMAL_TEXT_MAX];
    int id_size = (int)strnlen(request->order_id, sizeof request->order_id);
    if (id_size == 0)
        return -SJ_E_RANGE;
    switch (request->kind) {
    case SJ_REQUEST_CANCEL:
        snprintf(body, sizeof body, "{\"trade_id\":\"%.*s\"}", id_size, request->order_id);
        return sj_order_render_call(head, "/order/cancel_order", body, out);
    case SJ_REQUEST_PRICE:
        sj_decimal_format_e6(request->price_e6, price);
        snprintf(body, sizeof body, "{\"trade_id\":\"%.*s\",\"price\":%s}", id_size,
                 request->order_id, price);
        return sj_order_render_call(head, "/order/update_price", body, out);
    case SJ_REQUEST_QUANTITY:
        snprintf(body, sizeof body, "{\"trade_id\":\"%.*s\",\"quantity\":%u}", id_size,
                 request->order_id, request->quantity);
        return sj_order_render_call(head, "/order/update_qty", body, out);
    default:
        return -SJ_E_RANGE;
    }
}
