/* What the definitions say: limits, multipliers, tick bands, groups, and which limits of ours
 * apply. */
#include "risk/risk_private.h"

#include "market/ladder.h"

#define SEPARATORS ", \t\r\n"

/* "2330", "TXF*", "*": whether one item of a list matches. */
static bool item_matches(const char *item, size_t size, const char *code)
{
    if (size > 0 && item[size - 1] == '*')
        return strncmp(item, code, size - 1) == 0;
    return size == strlen(code) && memcmp(item, code, size) == 0;
}

static bool list_matches(const char *list, const char *code)
{
    for (;;) {
        list += strspn(list, SEPARATORS);
        size_t size = strcspn(list, SEPARATORS);
        if (size == 0)
            return false;
        if (item_matches(list, size, code))
            return true;
        list += size;
    }
}

static void set_limits(const struct sj_risk *risk, struct instrument *ins, const char *code)
{
    const struct sj_risk_config *config = &risk->config;
    int64_t quantity = config->order_quantity_max, value = config->order_value_max;
    int64_t position = config->position_max;
    for (uint32_t i = 0; i < config->limits_count && i < SJ_RISK_LIMITS_MAX; i++) {
        const struct sj_risk_limits *one = &config->limits[i];
        if (!item_matches(one->match, strlen(one->match), code))
            continue;
        quantity = one->order_quantity_max < 0 ? quantity : one->order_quantity_max;
        value = one->order_value_max < 0 ? value : one->order_value_max;
        position = one->position_max < 0 ? position : one->position_max;
    }
    ins->order_quantity_max = (uint32_t)quantity;
    ins->order_value_max_e6 = value * SJ_DECIMAL_E6;
    ins->position_max = position * ins->unit;
    ins->allowed = list_matches(config->allow, code) && !list_matches(config->deny, code);
}

/* The bands of a name on a day, kept; 0 when there are none. */
static uint8_t bands_of(struct sj_risk *risk, const char *name, uint32_t date)
{
    for (uint32_t i = 1; i < risk->band_count; i++)
        if (strncmp(risk->band_names[i], name, sizeof risk->band_names[i]) == 0)
            return (uint8_t)i;
    struct sj_tick_bands bands;
    if (risk->band_count == BANDS_MAX || !risk->rules ||
        sj_market_tick_bands(risk->rules, name, date, &bands) < 0)
        return 0;
    uint32_t index = risk->band_count++;
    risk->bands[index] = bands;
    strncpy(risk->band_names[index], name, sizeof risk->band_names[index] - 1);
    return (uint8_t)index;
}

static uint8_t fixed_band(struct sj_risk *risk, int64_t tick_e6)
{
    for (uint32_t i = 1; i < risk->band_count; i++)
        if (risk->bands[i].count == 1 && risk->bands[i].band[0].tick_e6 == tick_e6)
            return (uint8_t)i;
    if (risk->band_count == BANDS_MAX)
        return 0;
    uint32_t index = risk->band_count++;
    risk->bands[index].count = 1;
    risk->bands[index].band[0] = (struct sj_tick_band){INT64_MAX, tick_e6};
    return (uint8_t)index;
}

static uint8_t find_bands(struct sj_risk *risk, const struct sj_instrument *definition,
                          uint32_t date)
{
    char rule[sizeof definition->tick_rule + 1] = "";
    memcpy(rule, definition->tick_rule, sizeof definition->tick_rule);
    if (definition->tick_e6 > 0)
        return fixed_band(risk, definition->tick_e6);
    if (rule[0] && strlen(rule) < sizeof risk->band_names[0] && bands_of(risk, rule, date))
        return bands_of(risk, rule, date);
    switch (definition->security) {
    case SJ_SECURITY_STK:
        return bands_of(risk, strncmp(definition->code, "00", 2) == 0 ? "ETF" : "STK", date);
    case SJ_SECURITY_WRT:
        return bands_of(risk, "WRT", date);
    case SJ_SECURITY_OPT:
        return bands_of(risk, "TXO", date);
    default:
        return 0;
    }
}

static uint32_t find_group(struct sj_risk *risk, const struct sj_instrument *definition)
{
    char name[16] = "";
    bool derived = definition->security == SJ_SECURITY_FUT ||
                   definition->security == SJ_SECURITY_OPT ||
                   definition->security == SJ_SECURITY_WRT;
    if (derived && definition->underlying_code[0])
        memcpy(name, definition->underlying_code, sizeof name);
    else if (derived && definition->root[0])
        memcpy(name, definition->root, sizeof definition->root);
    else
        memcpy(name, definition->code, sizeof name);
    for (uint32_t i = 0; i < risk->group_count; i++)
        if (memcmp(risk->group_names[i], name, sizeof name) == 0)
            return i;
    memcpy(risk->group_names[risk->group_count], name, sizeof name);
    return risk->group_count++;
}

static void set_contract(struct instrument *ins, const struct sj_instrument *definition)
{
    int64_t multiplier = 1, unit = definition->unit;
    ins->option = definition->security == SJ_SECURITY_OPT;
    ins->derivative = ins->option || definition->security == SJ_SECURITY_FUT;
    ins->put = ins->option && definition->option_right == 'P';
    if (ins->derivative) {
        unit = 1;
        if (definition->multiplier_e6 > 0)
            multiplier = min64((definition->multiplier_e6 - 1) / SJ_DECIMAL_E6 + 1, MULTIPLIER_MAX);
    }
    ins->multiplier = multiplier;
    ins->unit = (uint32_t)(unit < 1 ? 1 : min64(unit, UNIT_MAX));
    ins->limit_up_e6 = price_sane(definition->limit_up_e6) ? definition->limit_up_e6 : 0;
    ins->limit_down_e6 = price_sane(definition->limit_down_e6) ? definition->limit_down_e6 : 0;
    int64_t basis_e6 = ins->option ? definition->strike_e6 : definition->reference_e6;
    if (!price_sane(basis_e6))
        basis_e6 = ins->limit_up_e6;
    sj_value value_e6 = (sj_value)basis_e6 * multiplier;
    ins->unit_value_e6 = clip(value_e6);
}

static void set_hours(const struct sj_risk *risk, struct instrument *ins,
                      const struct sj_instrument *definition, uint32_t date)
{
    char root[sizeof definition->root + 1] = "";
    memcpy(root, definition->root, sizeof definition->root);
    ins->session = SESSION_STOCK;
    ins->last_day = 0;
    if (!ins->derivative)
        return;
    bool night = risk->rules && sj_market_has_night(risk->rules, root, date);
    ins->session = night ? SESSION_FUTURES : SESSION_FUTURES_DAY;
    if (sj_date_valid((int32_t)definition->delivery_date))
        ins->last_day = definition->delivery_date;
}

/* A lot's margin by the market's rules, else a part of its value. */
static int64_t margin_of(const struct sj_risk *risk, const struct instrument *ins,
                         const struct sj_instrument *definition, uint32_t date)
{
    char root[sizeof definition->root + 1] = "";
    int64_t margin_e6 = 0;
    memcpy(root, definition->root, sizeof definition->root);
    if (!ins->derivative)
        return 0;
    if (risk->rules && root[0] &&
        sj_market_number(risk->rules, "margin", root, date, &margin_e6) >= 0 && margin_e6 > 0)
        return margin_e6;
    return clip((sj_value)ins->unit_value_e6 * risk->limits.margin_ppm / 1000000);
}

static bool can_be_ordered(const struct sj_instrument *definition)
{
    bool combination = memchr(definition->code, '/', sizeof definition->code) != NULL;
    return !combination && definition->security != SJ_SECURITY_IND &&
           definition->security != SJ_SECURITY_UNKNOWN;
}

void instrument_define(struct sj_risk *risk, const struct sj_instrument *definition)
{
    uint32_t id = definition->instrument;
    if (id == 0 || id > risk->instrument_max || definition->code[0] == '\0')
        return;
    struct instrument *ins = &risk->instruments[id];
    char code[sizeof definition->code + 1] = "";
    memcpy(code, definition->code, sizeof definition->code);
    bool was_known = ins->known;
    uint32_t date = definition->update_date;
    if (!sj_date_valid((int32_t)date))
        date = risk->trading_day ? (uint32_t)risk->trading_day : 20991231;
    if (was_known)
        exposure_count(risk, ins, -1);
    set_contract(ins, definition);
    set_hours(risk, ins, definition, date);
    ins->margin_e6 = margin_of(risk, ins, definition, date);
    ins->bands = find_bands(risk, definition, date);
    ins->combination = !can_be_ordered(definition);
    if (!was_known) {
        ins->group = find_group(risk, definition);
        ins->first[BUY] = ins->first[SELL] = NONE;
    }
    set_limits(risk, ins, code);
    ins->known = true;
    exposure_count(risk, ins, 1);
}
