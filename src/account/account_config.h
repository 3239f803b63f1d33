/*
 * account_config.h: the section `account` of the configuration.
 *
 * Threads  [init].
 */
#ifndef SJ_ACCOUNT_ACCOUNT_CONFIG_H
#define SJ_ACCOUNT_ACCOUNT_CONFIG_H

#include "base/config.h"

struct sj_account_config {
    double fee_discount;
    int64_t lot_fee;
    int64_t difference_snapshots;
    bool difference_blocks;
    bool difference_adopts;
};

struct sj_config_section sj_account_config_section(struct sj_account_config *config);

/* Every key at its default. -ENOMEM. */
SJ_MUST_USE sj_rc sj_account_config_default(struct sj_account_config *ret_config);

#endif
