#include "base/arena.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define LINE_SIZE 64
#define PAGE_SIZE 4096

sj_rc sj_arena_init(struct sj_arena *arena, size_t size_bytes)
{
    if (size_bytes == 0 || size_bytes > SIZE_MAX - PAGE_SIZE)
        return -EINVAL;
    size_t size = (size_bytes + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE;
    void *memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory == MAP_FAILED)
        return -errno;
    *arena = (struct sj_arena){memory, size, 0};
    return 0;
}

void sj_arena_done(struct sj_arena *arena)
{
    if (arena && arena->memory)
        munmap(arena->memory, arena->size);
    if (arena)
        memset(arena, 0, sizeof *arena);
}

void *sj_arena_take(struct sj_arena *arena, size_t count, size_t item_size)
{
    size_t wanted;
    if (__builtin_mul_overflow(count, item_size, &wanted) || wanted > arena->size - arena->used)
        return NULL;
    void *taken = arena->memory + arena->used;
    /* Pages are whole lines, so rounding up never passes the end. */
    arena->used += (wanted + LINE_SIZE - 1) / LINE_SIZE * LINE_SIZE;
    return taken;
}

void sj_arena_reset(struct sj_arena *arena)
{
    memset(arena->memory, 0, arena->used);
    arena->used = 0;
}
