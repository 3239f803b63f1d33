#include "account/portfolio.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_MAX 4e12 /* TWD: two of them in millionths still fit */
#define QUANTITY_MAX 1e9

struct holding {
    uint32_t instrument;
    bool shares;
    int64_t quantity;
    double cost; /* price * quantity, to average */
    int64_t last_e6, pnl_e6;
};

struct sj_portfolio {
    struct sj_portfolio_ops ops;
    uint32_t account;
    int64_t now_ns;
    bool has_positions;
    uint32_t count;
    struct holding rows[SJ_PORTFOLIO_ROWS_MAX];
    uint32_t told_count; /* contracts that the last snapshot told of, not flat */
    uint32_t told[SJ_PORTFOLIO_ROWS_MAX];
    int64_t balance_e6, pending_e6; /* null: not told */
    char account_id[16];
    struct sj_account_snapshot snapshot;
    struct sj_portfolio_counts counts;
};

sj_rc sj_portfolio_create(uint32_t account, const char *account_id,
                          const struct sj_portfolio_ops *ops, struct sj_portfolio **ret_portfolio)
{
    struct sj_portfolio *portfolio = calloc(1, sizeof *portfolio);
    if (!portfolio)
        return -ENOMEM;
    portfolio->account = account;
    memcpy(portfolio->account_id, account_id, strnlen(account_id, sizeof portfolio->account_id));
    portfolio->ops = *ops;
    sj_portfolio_begin(portfolio, 0);
    *ret_portfolio = portfolio;
    return 0;
}

void sj_portfolio_close(struct sj_portfolio *portfolio)
{
    free(portfolio);
}

void sj_portfolio_begin(struct sj_portfolio *portfolio, int64_t now_ns)
{
    struct sj_account_snapshot *snapshot = &portfolio->snapshot;
    portfolio->now_ns = now_ns;
    portfolio->has_positions = false;
    portfolio->count = 0;
    portfolio->balance_e6 = portfolio->pending_e6 = SJ_NULL_E6;
    memset(snapshot, 0, sizeof *snapshot);
    sj_frame_head(snapshot, SJ_EVENT_ACCOUNT, sizeof *snapshot);
    snapshot->account = portfolio->account;
    memcpy(snapshot->broker_account, portfolio->account_id, sizeof snapshot->broker_account);
    snapshot->exch_ns = snapshot->recv_ns = now_ns;
    snapshot->cash_e6 = snapshot->equity_e6 = snapshot->margin_available_e6 = SJ_NULL_E6;
    snapshot->margin_initial_e6 = snapshot->margin_maintenance_e6 = SJ_NULL_E6;
    snapshot->realized_pnl_e6 = snapshot->unrealized_pnl_e6 = snapshot->fees_e6 = SJ_NULL_E6;
}

/* --- reading JSON --- */

static sj_rc fail(sj_rc rc, char error[SJ_PORTFOLIO_ERROR_MAX], const char *what, const char *why)
{
    snprintf(error, SJ_PORTFOLIO_ERROR_MAX, "the broker's %s: %s", what, why);
    return rc;
}

/* The whole text as an array or object; NULL with a line in `error` and the code in *ret_rc. */
static json_t *load(const char *text, size_t size, const char *what, bool array, sj_rc *ret_rc,
                    char error[SJ_PORTFOLIO_ERROR_MAX])
{
    json_error_t wrong;
    if (size > SJ_PORTFOLIO_TEXT_MAX) {
        *ret_rc = fail(-SJ_E_LIMIT, error, what, "longer than 4 MiB");
        return NULL;
    }
    json_t *root = json_loadb(text, size, 0, &wrong);
    if (root && (array ? json_is_array(root) : json_is_object(root)))
        return root;
    *ret_rc = fail(-SJ_E_MALFORMED, error, what,
                   root    ? "not of the expected form (an array or object)"
                   : array ? "not JSON (an array was expected)"
                           : "not JSON (an object was expected)");
    json_decref(root);
    return NULL;
}

static int64_t rounded_e6(double value)
{
    return (int64_t)llround(value * 1e6);
}

/* A number by name, into millionths. Absent and null: `*ret_value` stays. False: no number, or
 * absurd. */
static bool number(const json_t *object, const char *name, int64_t *ret_value_e6)
{
    const json_t *value = json_object_get(object, name);
    if (!value || json_is_null(value))
        return true;
    if (!json_is_number(value) || fabs(json_number_value(value)) > VALUE_MAX)
        return false;
    *ret_value_e6 = rounded_e6(json_number_value(value));
    return true;
}

/* The same, but it has to be there. */
static bool number_there(const json_t *object, const char *name, int64_t *ret_value_e6)
{
    const json_t *value = json_object_get(object, name);
    return value && !json_is_null(value) && number(object, name, ret_value_e6);
}

/* --- positions --- */

static struct holding *row_of(struct sj_portfolio *portfolio, uint32_t instrument)
{
    for (uint32_t i = 0; i < portfolio->count; i++)
        if (portfolio->rows[i].instrument == instrument)
            return &portfolio->rows[i];
    if (portfolio->count == SJ_PORTFOLIO_ROWS_MAX)
        return NULL;
    struct holding *row = &portfolio->rows[portfolio->count++];
    *row = (struct holding){.instrument = instrument, .last_e6 = SJ_NULL_E6, .pnl_e6 = 0};
    return row;
}

static sj_rc take_position(struct sj_portfolio *portfolio, const json_t *item, bool shares)
{
    const char *code = json_string_value(json_object_get(item, "code"));
    const char *direction = json_string_value(json_object_get(item, "direction"));
    const json_t *quantity = json_object_get(item, "quantity");
    int64_t price_e6 = 0, last_e6 = SJ_NULL_E6, pnl_e6 = 0;
    if (!code || !direction || !json_is_number(quantity) || !number(item, "price", &price_e6) ||
        !number(item, "last_price", &last_e6) || !number(item, "pnl", &pnl_e6))
        return -SJ_E_MALFORMED;
    bool buy = strcmp(direction, "Buy") == 0;
    double count = json_number_value(quantity);
    if (!buy && strcmp(direction, "Sell") != 0)
        return -SJ_E_MALFORMED;
    if (!(fabs(count) <= QUANTITY_MAX) || count != floor(count))
        return -SJ_E_RANGE;
    uint32_t id = portfolio->ops.find(portfolio->ops.context, code, strlen(code));
    if (id == 0) {
        portfolio->counts.unknown_count++;
        if (portfolio->ops.unknown)
            portfolio->ops.unknown(portfolio->ops.context, code,
                                   buy ? (int64_t)count : -(int64_t)count);
        return 0;
    }
    struct holding *row = row_of(portfolio, id);
    if (!row)
        return -SJ_E_LIMIT;
    if (__builtin_add_overflow(row->pnl_e6, pnl_e6, &row->pnl_e6))
        return -SJ_E_RANGE;
    int64_t units = buy ? (int64_t)count : -(int64_t)count;
    row->shares = shares;
    row->quantity += units;
    row->cost += (double)price_e6 * (double)units;
    row->last_e6 = last_e6;
    return 0;
}

sj_rc sj_portfolio_positions(struct sj_portfolio *portfolio, const char *text, size_t size,
                             bool shares, char error[SJ_PORTFOLIO_ERROR_MAX])
{
    sj_rc rc = 0;
    json_t *root = load(text, size, "positions", true, &rc, error);
    if (!root)
        return rc;
    portfolio->count = 0;
    portfolio->has_positions = true;
    size_t count = json_array_size(root);
    if (count > SJ_PORTFOLIO_ROWS_MAX)
        rc = fail(-SJ_E_LIMIT, error, "positions", "more than 4096");
    for (size_t i = 0; i < count && rc >= 0; i++) {
        char why[64];
        rc = take_position(portfolio, json_array_get(root, i), shares);
        if (rc < 0) {
            snprintf(why, sizeof why, "item %zu is wrong (code, direction, quantity, price)", i);
            fail(rc, error, "positions", why);
        }
    }
    json_decref(root);
    portfolio->has_positions = rc >= 0;
    return rc < 0 ? rc : (sj_rc)portfolio->count;
}

/* --- money --- */

sj_rc sj_portfolio_balance(struct sj_portfolio *portfolio, const char *text, size_t size,
                           char error[SJ_PORTFOLIO_ERROR_MAX])
{
    sj_rc rc = 0;
    json_t *root = load(text, size, "balance", false, &rc, error);
    if (!root)
        return rc;
    const char *message = json_string_value(json_object_get(root, "errmsg"));
    int64_t balance_e6 = 0;
    if (message && *message) {
        char why[120];
        snprintf(why, sizeof why, "it says '%.80s'", message);
        rc = fail(-SJ_E_REFUSED, error, "balance", why);
    } else if (!number_there(root, "acc_balance", &balance_e6)) {
        rc = fail(-SJ_E_MALFORMED, error, "balance", "no number acc_balance");
    } else {
        portfolio->balance_e6 = balance_e6;
    }
    json_decref(root);
    return rc;
}

/* The sum may be absurd where no part of it is. */
static sj_rc checked_sum(double sum, const char *what, int64_t *ret_sum_e6,
                         char error[SJ_PORTFOLIO_ERROR_MAX])
{
    if (!(fabs(sum) <= VALUE_MAX))
        return fail(-SJ_E_RANGE, error, what, "an absurd sum");
    *ret_sum_e6 = rounded_e6(sum);
    return 0;
}

sj_rc sj_portfolio_settlements(struct sj_portfolio *portfolio, const char *text, size_t size,
                               char error[SJ_PORTFOLIO_ERROR_MAX])
{
    sj_rc rc = 0;
    double sum = 0;
    json_t *root = load(text, size, "settlements", true, &rc, error);
    if (!root)
        return rc;
    for (size_t i = 0; i < json_array_size(root) && rc >= 0; i++) {
        const json_t *item = json_array_get(root, i);
        const json_t *day = json_object_get(item, "T");
        int64_t amount_e6 = 0;
        if (!json_is_integer(day) || !number_there(item, "amount", &amount_e6))
            rc = fail(-SJ_E_MALFORMED, error, "settlements", "an item without T or amount");
        /* Whether today's has come already is not told: only what is to be paid counts. */
        else if (json_integer_value(day) > 0 || amount_e6 < 0)
            sum += (double)amount_e6 / 1e6;
    }
    json_decref(root);
    return rc < 0 ? rc : checked_sum(sum, "settlements", &portfolio->pending_e6, error);
}

sj_rc sj_portfolio_limits(struct sj_portfolio *portfolio, const char *text, size_t size,
                          char error[SJ_PORTFOLIO_ERROR_MAX])
{
    sj_rc rc = 0;
    int64_t available_e6 = 0, used_e6 = SJ_NULL_E6;
    json_t *root = load(text, size, "trading limits", false, &rc, error);
    if (!root)
        return rc;
    if (!number_there(root, "trading_available", &available_e6) ||
        !number(root, "trading_used", &used_e6)) {
        rc = fail(-SJ_E_MALFORMED, error, "trading limits", "no number trading_available");
    } else {
        portfolio->snapshot.margin_available_e6 = available_e6;
        portfolio->snapshot.margin_initial_e6 = used_e6;
    }
    json_decref(root);
    return rc;
}

static bool take_margin(const json_t *root, struct sj_account_snapshot *snapshot)
{
    int64_t fee_e6 = 0, tax_e6 = 0;
    bool taken = number_there(root, "available_margin", &snapshot->margin_available_e6) &&
                 number(root, "equity_amount", &snapshot->equity_e6) &&
                 number(root, "equity", &snapshot->equity_e6) &&
                 number(root, "initial_margin", &snapshot->margin_initial_e6) &&
                 number(root, "maintenance_margin", &snapshot->margin_maintenance_e6) &&
                 number(root, "today_balance", &snapshot->cash_e6) &&
                 number(root, "future_settle_profitloss", &snapshot->realized_pnl_e6) &&
                 number(root, "future_open_position", &snapshot->unrealized_pnl_e6) &&
                 number(root, "fee", &fee_e6) && number(root, "tax", &tax_e6);
    snapshot->fees_e6 = fee_e6 + tax_e6;
    return taken;
}

sj_rc sj_portfolio_margin(struct sj_portfolio *portfolio, const char *text, size_t size,
                          char error[SJ_PORTFOLIO_ERROR_MAX])
{
    sj_rc rc = 0;
    struct sj_account_snapshot snapshot = portfolio->snapshot;
    json_t *root = load(text, size, "margin", false, &rc, error);
    if (!root)
        return rc;
    if (take_margin(root, &snapshot))
        portfolio->snapshot = snapshot;
    else
        rc =
            fail(-SJ_E_MALFORMED, error, "margin", "no number available_margin, or absurd numbers");
    json_decref(root);
    return rc;
}

sj_rc sj_portfolio_profit(struct sj_portfolio *portfolio, const char *text, size_t size,
                          char error[SJ_PORTFOLIO_ERROR_MAX])
{
    sj_rc rc = 0;
    double sum = 0;
    json_t *root = load(text, size, "profit and loss", true, &rc, error);
    if (!root)
        return rc;
    for (size_t i = 0; i < json_array_size(root) && rc >= 0; i++) {
        int64_t pnl_e6 = 0;
        if (!number_there(json_array_get(root, i), "pnl", &pnl_e6))
            rc = fail(-SJ_E_MALFORMED, error, "profit and loss", "an item without pnl");
        sum += (double)pnl_e6 / 1e6;
    }
    json_decref(root);
    return rc < 0
               ? rc
               : checked_sum(sum, "profit and loss", &portfolio->snapshot.realized_pnl_e6, error);
}

/* --- giving out --- */

static int64_t average_e6(const struct holding *row)
{
    double average = row->quantity != 0 ? row->cost / (double)row->quantity : NAN;
    return fabs(average) < 1e18 ? (int64_t)llround(average) : SJ_NULL_E6;
}

static void emit_position(const struct sj_portfolio *portfolio, const struct holding *row)
{
    struct sj_position_snapshot event;
    uint32_t unit = portfolio->ops.unit(portfolio->ops.context, row->instrument);
    bool whole = row->shares && unit > 1 && row->quantity % unit == 0;
    memset(&event, 0, sizeof event);
    sj_frame_head(&event, SJ_EVENT_POSITION, sizeof event);
    event.instrument = row->instrument;
    event.flags = row->shares && unit > 1 && !whole ? SJ_FLAG_ODD_LOT : 0;
    event.exch_ns = event.recv_ns = portfolio->now_ns;
    event.account = portfolio->account;
    event.quantity = whole ? row->quantity / unit : row->quantity;
    event.own_quantity = SJ_NULL_I64;
    event.avg_price_e6 = average_e6(row);
    event.last_price_e6 = row->last_e6;
    event.pnl_e6 = row->pnl_e6;
    portfolio->ops.emit(portfolio->ops.context, (struct sj_frame *)&event);
}

static bool is_held(const struct sj_portfolio *portfolio, uint32_t instrument)
{
    for (uint32_t i = 0; i < portfolio->count; i++)
        if (portfolio->rows[i].instrument == instrument)
            return true;
    return false;
}

static void emit_positions(struct sj_portfolio *portfolio)
{
    for (uint32_t i = 0; i < portfolio->told_count; i++) {
        struct holding gone = {.instrument = portfolio->told[i], .last_e6 = SJ_NULL_E6};
        if (!is_held(portfolio, gone.instrument))
            emit_position(portfolio, &gone);
    }
    portfolio->told_count = 0;
    for (uint32_t i = 0; i < portfolio->count; i++) {
        emit_position(portfolio, &portfolio->rows[i]);
        if (portfolio->rows[i].quantity != 0)
            portfolio->told[portfolio->told_count++] = portfolio->rows[i].instrument;
    }
}

void sj_portfolio_finish(struct sj_portfolio *portfolio)
{
    struct sj_account_snapshot *snapshot = &portfolio->snapshot;
    if (portfolio->has_positions)
        emit_positions(portfolio);
    if (portfolio->balance_e6 != SJ_NULL_E6) {
        snapshot->cash_e6 = portfolio->balance_e6;
        if (portfolio->pending_e6 != SJ_NULL_E6)
            snapshot->cash_e6 += portfolio->pending_e6;
    }
    portfolio->ops.emit(portfolio->ops.context, (struct sj_frame *)snapshot);
    portfolio->counts.snapshot_count++;
    sj_portfolio_begin(portfolio, portfolio->now_ns);
}

struct sj_portfolio_counts sj_portfolio_counts(const struct sj_portfolio *portfolio)
{
    return portfolio->counts;
}
