#include "journal/definitions.h"

#include "journal/writer.h"

#include <errno.h>
#include <sys/mman.h>

#define SLOTS_SIZE ((SJ_DEFINITIONS_MAX + 1) * sizeof(struct sj_definition))

sj_rc sj_definitions_init(struct sj_definitions *definitions)
{
    void *map = mmap(NULL, SLOTS_SIZE, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED)
        return -errno;
    *definitions = (struct sj_definitions){.slots = map};
    return 0;
}

void sj_definitions_done(struct sj_definitions *definitions)
{
    if (definitions->slots != NULL)
        munmap(definitions->slots, SLOTS_SIZE);
    *definitions = (struct sj_definitions){0};
}

void sj_definitions_put(struct sj_definitions *definitions, uint32_t src,
                        const struct sj_instrument *frame)
{
    uint32_t id = frame->instrument;
    if (id == 0 || id > SJ_DEFINITIONS_MAX)
        return;
    struct sj_definition *slot = &definitions->slots[id];
    definitions->count += !slot->known;
    slot->known = 1;
    slot->src = src;
    slot->frame = *frame;
    if (id > definitions->id_max)
        definitions->id_max = id;
}

sj_rc sj_journal_definitions(const struct sj_journal *journal,
                             int (*each)(const struct sj_instrument *definition, void *context),
                             void *context)
{
    const struct sj_definitions *definitions = &journal->definitions;
    for (uint32_t id = 1; id <= definitions->id_max; id++) {
        if (!definitions->slots[id].known)
            continue;
        sj_rc rc = each(&definitions->slots[id].frame, context);
        if (rc < 0)
            return rc;
    }
    return 0;
}
