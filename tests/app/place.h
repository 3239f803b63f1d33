/* A directory with room for rings and a journal, gone after the test. */
#ifndef SJ_TESTS_APP_PLACE_H
#define SJ_TESTS_APP_PLACE_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct place {
    char dir[64];
    char bus[96];
    char journal[96];
};

static inline int place_set_up(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    snprintf(place->dir, sizeof place->dir, "/tmp/shijim-app-XXXXXX");
    if (!mkdtemp(place->dir))
        return -1;
    snprintf(place->bus, sizeof place->bus, "%s/bus", place->dir);
    snprintf(place->journal, sizeof place->journal, "%s/journal", place->dir);
    *state = place;
    return 0;
}

static inline int place_tear_down(void **state)
{
    char command[128];
    struct place *place = *state;
    snprintf(command, sizeof command, "rm -r %s", place->dir);
    int rc = system(command);
    free(place);
    return rc;
}

#endif
