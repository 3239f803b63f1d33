/* The benches by themselves, for work on one room: build/bench/bench [NAME] [--json] [--only CASE].
 */
#include <string.h>

#include "bench/bench.h"

int main(int argc, char **argv)
{
    struct sj_bench_options options = sj_bench_options_default();
    const char *name = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            options.json = true;
        else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc)
            options.only = argv[++i];
        else if (strcmp(argv[i], "--dir") == 0 && i + 1 < argc)
            options.directory = argv[++i];
        else
            name = argv[i];
    }
    return sj_bench_run(name, &options);
}
