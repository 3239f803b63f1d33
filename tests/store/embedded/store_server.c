#include "store/embedded/embedded.h"

int main(int argc, char **argv)
{
    return sj_store_embedded_cli(argc, argv);
}
