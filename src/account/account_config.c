#include "account/account_config.h"

#include <string.h>

#define OWNER struct sj_account_config
static const struct sj_config_key keys[] = {
    SJ_CONFIG_REAL(OWNER, fee_discount, 0, 1, "1",
                   "part of the full fee on stocks that is charged"),
    SJ_CONFIG_INT(OWNER, lot_fee, -1, 100000, "-1",
                  "TWD a lot of futures or options costs; -1: as the market's rules say"),
    SJ_CONFIG_INT(OWNER, difference_snapshots, 1, 100, "2",
                  "snapshots in a row that must differ alike from our fills to count: the broker's "
                  "are late"),
    SJ_CONFIG_BOOL(OWNER, difference_blocks, "true",
                   "block an instrument in which the broker's position is not ours"),
    SJ_CONFIG_BOOL(OWNER, difference_adopts, "false",
                   "take the broker's position for ours instead, booked on strategy 0"),
};
#undef OWNER

struct sj_config_section sj_account_config_section(struct sj_account_config *config)
{
    return (struct sj_config_section){
        .name = "account",
        .text = "what we hold: fees, and what to do where the broker disagrees",
        .keys = keys,
        .key_count = sizeof keys / sizeof *keys,
        .values = config,
    };
}

sj_rc sj_account_config_default(struct sj_account_config *ret_config)
{
    memset(ret_config, 0, sizeof *ret_config);
    struct sj_config_section section = sj_account_config_section(ret_config);
    const struct sj_config_section *const sections[] = {&section};
    struct sj_config config;
    sj_rc rc = sj_config_init(&config, sections, 1);
    if (rc >= 0)
        sj_config_done(&config);
    return rc;
}
