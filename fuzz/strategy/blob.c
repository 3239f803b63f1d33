/*
 * The first byte picks a built-in, the rest is what its host is to restore, with its size and
 * checksum made right. Whatever is in it, the strategy that comes of it may be run.
 */
#include "world.h"

#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/rng.h"

#define STEPS 50

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t next_number(void *context)
{
    return sj_rng_next(context);
}

static void seal(uint8_t *blob, size_t size)
{
    uint64_t whole = size;
    memcpy(blob + 16, &whole, 8);
    uint32_t crc = sj_crc32c(0, blob + 16, size - 16);
    memcpy(blob + 12, &crc, 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world world;
    static const struct world_rules none;
    char error[SJ_STRATEGIES_ERROR_MAX];
    struct sj_rng rng;
    if (size < 33)
        return 0;
    sj_rng_init(&rng, size);
    const struct world_case *one = &world_cases[data[0] % world_case_count];
    if (world_open(&world, one->use, one->params, false, &none, next_number, &rng) < 0)
        abort();
    size_t blob_size = size - 1;
    uint8_t *blob = malloc(blob_size);
    if (!blob)
        abort();
    memcpy(blob, data + 1, blob_size);
    seal(blob, blob_size);
    if (sj_strategies_restore(world.s, blob, blob_size, world.now_ns, error) >= 0)
        for (uint32_t i = 1; i <= WORLD_INSTRUMENTS; i++)
            world.position[i] = sj_strategies_position(world.s, 1, i);
    for (int i = 0; i < STEPS && world_step(&world); i++)
        ;
    free(blob);
    if (world.breach[0])
        abort();
    world_close(&world);
    return 0;
}
