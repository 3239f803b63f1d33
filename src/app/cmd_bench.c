#include "app/command.h"
#include "base/cli.h"

#include "bench/bench.h"

#include <stdio.h>

int sj_cmd_bench(int argc, char **argv)
{
    struct sj_bench_options bench = sj_bench_options_default();
    uint64_t runs = bench.runs;
    uint64_t seed = bench.seed;
    bool list = false;
    const struct sj_cli_option options[] = {
        {"json", NULL, "one JSON object a line", SJ_CLI_FLAG, &bench.json, 0, 0, 0},
        {"list", NULL, "name the benches", SJ_CLI_FLAG, &list, 0, 0, 0},
        {"case", "TEXT", "only cases whose name contains it", SJ_CLI_TEXT, &bench.only, 0, 0, 0},
        {"runs", "N", "runs of each case", SJ_CLI_UINT, &runs, SJ_BENCH_RUNS_MIN, SJ_BENCH_RUNS_MAX,
         0},
        {"seed", "N", "of everything random", SJ_CLI_UINT, &seed, 0, 0, 0},
        {"dir", "DIR", "where files may be written (default: here)", SJ_CLI_TEXT, &bench.directory,
         0, 0, 0},
        {"scale", "X", "factor on the work of a run", SJ_CLI_REAL, &bench.scale, 0, 0, 0},
    };
    struct sj_cli cli = {
        .command = "bench",
        .arguments = "[NAME]",
        .summary = "Measures a room, or all of them; each checks its own result first.",
        .details = "Figures mean something only when nothing else runs on the machine.",
        .example = "shijim bench bus --json",
        .options = options,
        .option_count = sizeof options / sizeof options[0],
        .arguments_max = 1,
    };
    sj_rc rc = sj_cli_parse(&cli, argc, argv);
    if (rc != 1)
        return sj_cli_exit(rc);
    bench.runs = (uint32_t)runs;
    bench.seed = seed;
    if (!(bench.scale > 0 && bench.scale <= 100))
        return sj_cli_fail(&cli, SJ_EXIT_USER, "--scale is above 0 and at most 100");
    if (list) {
        for (const struct sj_bench_entry *at = sj_bench_first(); at; at = at->next)
            printf("%-12s %s\n", at->name, at->text);
        return SJ_EXIT_DONE;
    }
    return sj_bench_run(cli.value_count ? cli.values[0] : NULL, &bench);
}
