#include "app/command.h"

#include "store/embedded/embedded.h"

int sj_cmd_store(int argc, char **argv)
{
    return sj_store_embedded_cli(argc, argv);
}
