/*
 * order_render.h: requests of orders as HTTP bytes. A place of an instrument is a template made
 * when the instrument is defined: rendering copies it and fills slots of fixed width with blanks
 * behind (blanks between JSON tokens mean nothing), so its Content-Length never changes.
 *
 * Errors   -SJ_E_LIMIT: an address or code too long for a template. -SJ_E_RANGE: a request that
 *          cannot be rendered (unknown enum).
 * Threads  [owner]. Memory: the caller's; no allocation.
 */
#ifndef SJ_GATEWAY_ORDER_RENDER_H
#define SJ_GATEWAY_ORDER_RENDER_H

#include "event/event.h"
#include "order/account_name.h"
#include "order/order.h"

#include <stddef.h>

#define SJ_ORDER_TEMPLATE_MAX 896
#define SJ_ORDER_RENDER_MAX 1024

/* Where the changing parts lie. */
struct sj_order_template {
    uint16_t size; /* 0: none */
    bool stock;
    uint16_t action, price, quantity, price_type, tif, order_type, lot, cond, daytrade, octype, tag;
    char text[SJ_ORDER_TEMPLATE_MAX];
};

/* What every request begins with. */
struct sj_order_head {
    char host[128];
    char authorization[300]; /* a whole header line with its end, or "" */
    struct sj_account_name accounts[SJ_ACCOUNTS];
};

/* The body of a question about an account; `more` is further fields, with their comma. */
#define SJ_ORDER_ACCOUNT_BODY_MAX 192
void sj_order_account_body(uint32_t account, const struct sj_account_name *name, const char *more,
                           char ret_body[SJ_ORDER_ACCOUNT_BODY_MAX]);

/* The template of an instrument; its definition's exchange, security and codes are used. */
SJ_MUST_USE sj_rc sj_order_template_init(struct sj_order_template *template,
                                         const struct sj_order_head *head,
                                         const struct sj_instrument *instrument);

/* PLACE. Returns the count of bytes written to `out` (SJ_ORDER_RENDER_MAX). */
SJ_MUST_USE sj_rc sj_order_render_place(const struct sj_order_template *template,
                                        const struct sj_order_request *request, char *out);

/* CANCEL, PRICE, QUANTITY. */
SJ_MUST_USE sj_rc sj_order_render_change(const struct sj_order_head *head,
                                         const struct sj_order_request *request, char *out);

/* Any other call: `body` NULL is a GET. */
SJ_MUST_USE sj_rc sj_order_render_call(const struct sj_order_head *head, const char *path,
                                       const char *body, char *out);

#endif
