/*
 * The first byte picks a built-in; all others are the random numbers of the world around it. A
 * breach of its limits, or of the host's account of its position, is the crash.
 */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

struct bytes {
    const uint8_t *at, *end;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t next_number(void *context)
{
    struct bytes *bytes = context;
    uint64_t number = 0;
    for (int i = 0; i < 2 && bytes->at < bytes->end; i++)
        number = number << 8 | *bytes->at++;
    return number;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world world;
    if (size == 0)
        return 0;
    struct bytes bytes = {data + 1, data + size};
    const struct world_case *one = &world_cases[data[0] % world_case_count];
    if (world_open(&world, one->use, one->params, false, &one->rules, next_number, &bytes) < 0)
        abort();
    while (bytes.at < bytes.end && world_step(&world))
        ;
    if (world.breach[0]) {
        fprintf(stderr, "%s: %s\n", one->use, world.breach);
        abort();
    }
    world_close(&world);
    return 0;
}
