#include "app/command.h"

#include "store/embedded/embedded.h"

#include <sys/resource.h>

/* Merges and queries may wait; whoever records on the same cores may not. */
#define STORE_NICE 10

int sj_cmd_store(int argc, char **argv)
{
    setpriority(PRIO_PROCESS, 0, STORE_NICE);
    return sj_store_embedded_cli(argc, argv);
}
