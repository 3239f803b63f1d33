/* blob.h: how save.c and restore.c lay out what outlives a restart. */
#ifndef SJ_STRATEGY_BLOB_H
#define SJ_STRATEGY_BLOB_H

#include "strategy/host_private.h"

#define MAGIC "SJSTRAT"
#define VERSION 1
#define PLUGIN_NAME_MAX 32

struct blob_head {
    char magic[8];
    uint32_t version;
    uint32_t checksum; /* CRC-32C of all that follows it */
    uint64_t size;     /* of the blob */
    uint32_t count;
    uint32_t reserved;
};

struct blob_strategy {
    char name[SJ_STRATEGY_NAME_MAX];
    char plugin[PLUGIN_NAME_MAX];
    uint32_t state_version;
    uint32_t state_size; /* padded to 8 behind the orders */
    uint32_t position_count;
    uint32_t order_count;
    int64_t timer_ns;
    uint8_t armed;
    uint8_t disarmed_by;
    uint8_t lot_class;
    uint8_t reserved[5];
    char reason[64];
};

struct blob_position {
    char code[16];
    int64_t quantity;
};

struct blob_order {
    char code[16];
    uint64_t intent_id;
    int64_t price_e6;
    uint32_t quantity, filled_told, filled_seen, cancelled;
    uint8_t side, state;
    uint8_t reserved[6];
};

_Static_assert(sizeof(struct blob_head) == 32 && sizeof(struct blob_strategy) == 152 &&
                   sizeof(struct blob_position) == 24 && sizeof(struct blob_order) == 56,
               "no holes in what is written");

static inline size_t padded(size_t size)
{
    return (size + 7) & ~(size_t)7;
}

/* A call of a plug-in's save or restore. */
struct state_call {
    struct sj_strategy_host *host;
    void *buffer;
    size_t size;
    sj_rc rc;
};

#endif
