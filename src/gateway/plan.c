#include "gateway/plan.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#define SEPARATORS ", \t\r\n"

sj_rc sj_selector_next(const char **text, struct sj_selector *ret_selector,
                       char error[SJ_PLAN_ERROR_MAX])
{
    const char *begin = *text + strspn(*text, SEPARATORS);
    size_t size = strcspn(begin, SEPARATORS);
    *text = begin + size;
    if (size == 0)
        return 0;
    struct sj_selector selector = {0};
    const char *colon = memchr(begin, ':', size);
    const char *pattern = begin;
    if (colon) {
        char type[8] = "";
        size_t type_size = (size_t)(colon - begin);
        if (type_size < sizeof(type))
            memcpy(type, begin, type_size);
        selector.security = sj_security_of(type);
        if (selector.security == SJ_SECURITY_UNKNOWN) {
            snprintf(error, SJ_PLAN_ERROR_MAX,
                     "instrument '%.*s': the type before ':' is STK, FUT, OPT, IND or WRT",
                     (int)(size < 60 ? size : 60), begin);
            return -SJ_E_UNKNOWN;
        }
        pattern = colon + 1;
        size -= type_size + 1;
    }
    if (memchr(pattern, '/', size)) {
        snprintf(error, SJ_PLAN_ERROR_MAX,
                 "instrument '%.*s': combos are not supported; name their legs",
                 (int)(size < 60 ? size : 60), pattern);
        return -SJ_E_UNKNOWN;
    }
    bool plain = size > 0 && size < sizeof(selector.pattern);
    if (plain) {
        memcpy(selector.pattern, pattern, size);
        plain = colon || !strpbrk(selector.pattern, "*?[");
    }
    if (!plain) {
        snprintf(error, SJ_PLAN_ERROR_MAX,
                 "instrument '%.*s': write a code (2330) or TYPE:PATTERN (FUT:TXF*)",
                 (int)(size < 60 ? size : 60), begin);
        return -SJ_E_MALFORMED;
    }
    *ret_selector = selector;
    return 1;
}

bool sj_selector_matches(const struct sj_selector *selector,
                         const struct sj_rest_contract *contract)
{
    if (selector->security != SJ_SECURITY_UNKNOWN && selector->security != contract->security)
        return false;
    return fnmatch(selector->pattern, contract->code, 0) == 0;
}

sj_rc sj_plan_quote_types(const char *text, uint32_t *ret_bits, char error[SJ_PLAN_ERROR_MAX])
{
    uint32_t bits = 0;
    for (const char *at = text;;) {
        at += strspn(at, SEPARATORS);
        size_t size = strcspn(at, SEPARATORS);
        if (size == 0)
            break;
        uint32_t type = 0;
        while (type < SJ_QUOTE_TYPE_COUNT && (strlen(sj_quote_type_name(type)) != size ||
                                              strncasecmp(sj_quote_type_name(type), at, size) != 0))
            type++;
        if (type == SJ_QUOTE_TYPE_COUNT) {
            snprintf(error, SJ_PLAN_ERROR_MAX, "subscription '%.*s' is none of tick, bidask, quote",
                     (int)(size < 60 ? size : 60), at);
            return -SJ_E_UNKNOWN;
        }
        bits |= 1u << type;
        at += size;
    }
    if (bits == 0) {
        snprintf(error, SJ_PLAN_ERROR_MAX, "no subscription: name tick, bidask or quote");
        return -SJ_E_MALFORMED;
    }
    *ret_bits = bits;
    return 0;
}

void sj_plan_init(struct sj_plan *plan, const struct sj_plan_options *options)
{
    memset(plan, 0, sizeof(*plan));
    plan->options = *options;
    if (plan->options.subscriptions_max > SJ_SUBSCRIPTIONS_MAX)
        plan->options.subscriptions_max = SJ_SUBSCRIPTIONS_MAX;
}

/* The subscriptions of a contract, at most 6. Returns how many. */
static uint32_t wanted(const struct sj_plan *plan, const struct sj_rest_contract *contract,
                       struct sj_rest_subscription *items)
{
    uint32_t bits = plan->options.quote_types_fop;
    bool stock = contract->security == SJ_SECURITY_STK || contract->security == SJ_SECURITY_WRT;
    if (contract->security == SJ_SECURITY_IND)
        bits = 1u << SJ_QUOTE_QUOTE; /* an index has no other stream */
    else if (stock)
        bits = plan->options.quote_types_stk;
    uint32_t count = 0;
    for (uint32_t type = 0; type < SJ_QUOTE_TYPE_COUNT; type++) {
        if (!(bits & 1u << type))
            continue;
        struct sj_rest_subscription item = {*contract, (enum sj_quote_type)type, false};
        items[count++] = item;
        item.odd_lot = true;
        if (plan->options.odd_lots && contract->security == SJ_SECURITY_STK &&
            type != SJ_QUOTE_QUOTE)
            items[count++] = item;
    }
    return count;
}

static bool is_planned(const struct sj_plan *plan, const struct sj_rest_contract *contract)
{
    for (uint32_t c = 0; c < plan->options.connection_count; c++)
        for (uint32_t i = 0; i < plan->count[c]; i++)
            if (strcmp(plan->item[c][i].contract.code, contract->code) == 0)
                return true;
    return false;
}

sj_rc sj_plan_add(struct sj_plan *plan, const struct sj_rest_contract *contract)
{
    struct sj_rest_subscription items[2 * SJ_QUOTE_TYPE_COUNT];
    if (is_planned(plan, contract))
        return 0;
    uint32_t count = wanted(plan, contract, items);
    uint32_t best = 0;
    for (uint32_t c = 1; c < plan->options.connection_count; c++)
        if (plan->count[c] < plan->count[best])
            best = c;
    if (plan->count[best] + count > plan->options.subscriptions_max) {
        if (plan->refused_count++ == 0)
            memcpy(plan->refused_first, contract->code, sizeof(plan->refused_first));
        return -SJ_E_LIMIT;
    }
    memcpy(plan->item[best] + plan->count[best], items, count * sizeof(items[0]));
    plan->count[best] += count;
    plan->contract_count++;
    return (sj_rc)best;
}

enum sj_channel sj_plan_channel(const struct sj_rest_subscription *subscription)
{
    enum sj_security security = subscription->contract.security;
    if (security == SJ_SECURITY_IND)
        return SJ_CHANNEL_QUOTE_IDX;
    bool stock = security == SJ_SECURITY_STK || security == SJ_SECURITY_WRT;
    enum sj_channel first = stock ? SJ_CHANNEL_TICK_STK : SJ_CHANNEL_TICK_FOP;
    return (enum sj_channel)(first + subscription->quote_type);
}
