#include "bench/gateway/parse_simdjson.h"

#include <simdjson.h>

#include <algorithm>
#include <iterator>
#include <string_view>

using namespace simdjson;

namespace
{

/* How a field is read. */
enum kind { STRING, INTEGER, FLAG, STRINGS, INTEGERS, NULLABLE };

struct field {
    std::string_view name;
    enum kind kind;
};

const field head[] = {{"code", STRING}, {"date", STRING}, {"time", STRING}};
const field tick[] = {{"open", STRING},         {"close", STRING},      {"volume", INTEGER},
                      {"total_volume", INTEGER}, {"tick_type", INTEGER}, {"price_chg", STRING}};
const field statistics[] = {{"open", STRING},
                            {"avg_price", STRING},
                            {"close", STRING},
                            {"high", STRING},
                            {"low", STRING},
                            {"amount", STRING},
                            {"total_amount", STRING},
                            {"volume", INTEGER},
                            {"total_volume", INTEGER},
                            {"tick_type", INTEGER},
                            {"chg_type", INTEGER},
                            {"price_chg", STRING},
                            {"pct_chg", STRING},
                            {"bid_side_total_vol", INTEGER},
                            {"ask_side_total_vol", INTEGER},
                            {"bid_side_total_cnt", INTEGER},
                            {"ask_side_total_cnt", INTEGER},
                            {"closing_oddlot_shares", INTEGER},
                            {"closing_oddlot_close", NULLABLE},
                            {"closing_oddlot_amount", NULLABLE},
                            {"closing_oddlot_bid_price", NULLABLE},
                            {"closing_oddlot_ask_price", NULLABLE},
                            {"fixed_trade_vol", INTEGER},
                            {"fixed_trade_amount", NULLABLE}};
const field totals[] = {{"bid_total_vol", INTEGER}, {"ask_total_vol", INTEGER}};
const field book[] = {{"bid_price", STRINGS},      {"bid_volume", INTEGERS},
                      {"diff_bid_vol", INTEGERS},  {"ask_price", STRINGS},
                      {"ask_volume", INTEGERS},    {"diff_ask_vol", INTEGERS}};
const field derived[] = {{"first_derived_bid_price", STRING},
                         {"first_derived_ask_price", STRING},
                         {"first_derived_bid_vol", INTEGER},
                         {"first_derived_ask_vol", INTEGER},
                         {"underlying_price", STRING}};
const field borrowing[] = {{"avail_borrowing", INTEGER}};
const field stock_flags[] = {{"suspend", FLAG}, {"simtrade", FLAG}, {"intraday_odd", FLAG}};
const field flags[] = {{"simtrade", FLAG}};

ondemand::parser parser;

uint64_t take(ondemand::value value, enum kind kind)
{
    uint64_t sum = 0;
    switch (kind) {
    case STRING: {
        std::string_view text = value.get_string();
        return text.size() + static_cast<unsigned char>(text[0]);
    }
    case INTEGER:
        return static_cast<uint64_t>(value.get_int64().value()) + 1;
    case FLAG:
        return value.get_bool().value() ? 2 : 1;
    case STRINGS:
        for (auto element : value.get_array()) {
            std::string_view text = element.get_string();
            sum += text.size() + static_cast<unsigned char>(text[0]);
        }
        return sum;
    case INTEGERS:
        for (auto element : value.get_array())
            sum += static_cast<uint64_t>(element.get_int64().value()) + 1;
        return sum;
    default:
        return value.is_null() ? 1 : 2;
    }
}

template <size_t count> uint64_t find(ondemand::object &object, const field (&fields)[count])
{
    uint64_t sum = 0;
    for (const field &field : fields)
        sum += take(object.find_field(field.name), field.kind);
    return sum;
}

uint64_t find_kind(ondemand::object &object, int message)
{
    uint64_t sum = find(object, head);
    switch (message) {
    case 0:
        return sum + find(object, tick) + find(object, flags);
    case 1:
        return sum + find(object, book) + find(object, stock_flags);
    case 2:
        return sum + find(object, statistics) + find(object, book) + find(object, borrowing) +
               find(object, stock_flags);
    case 3:
        return sum + find(object, statistics) + find(object, stock_flags);
    default:
        return sum + find(object, totals) + find(object, book) + find(object, derived) +
               find(object, flags);
    }
}

/* A key's kind from its length and four letters, one look into a table: no dearer than it must be. */
struct kinds {
    enum kind of[4096];
    bool taken[4096];
    uint32_t factor = 1;
    bool clash = true;

    size_t slot(std::string_view name) const
    {
        auto letter = [&](size_t at) {
            return static_cast<uint32_t>(static_cast<unsigned char>(name[at]));
        };
        uint32_t letters = (letter(0) << 16 | letter(name.size() - 1) << 8 | letter(name.size() / 2)) +
                           letter(1) * 8191u;
        return (letters * 31u + static_cast<uint32_t>(name.size())) * factor >> 20;
    }

    template <size_t count> void add(const field (&fields)[count])
    {
        for (const field &field : fields) {
            size_t at = slot(field.name);
            clash = clash || (taken[at] && of[at] != field.kind);
            taken[at] = true;
            of[at] = field.kind;
        }
    }

    kinds() : of{}, taken{}
    {
        for (int tries = 0; clash && tries < 1000; tries++) {
            factor += 2654435760u;
            clash = false;
            std::fill(std::begin(taken), std::end(taken), false);
            add(head), add(statistics), add(totals), add(book), add(derived), add(borrowing);
            add(stock_flags);
        }
    }
};

const kinds known;

enum kind kind_of(std::string_view key)
{
    return known.of[known.slot(key)];
}

uint64_t walk(ondemand::object &object)
{
    uint64_t sum = 0;
    for (auto field : object) {
        std::string_view key = field.unescaped_key();
        sum += take(field.value(), kind_of(key));
    }
    return sum;
}

} // namespace

extern "C" uint64_t simdjson_find(int message, int in_order, const char *json, size_t size)
{
    try {
        ondemand::document document = parser.iterate(json, size, size + SIMDJSON_PADDING);
        ondemand::object object = document.get_object();
        return in_order ? find_kind(object, message) : walk(object);
    } catch (const simdjson_error &) {
        return 0;
    }
}
