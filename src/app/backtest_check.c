/* backtest check: whether a strategy looks ahead, repeats, and when it is warm. */
#include "app/backtest_jobs.h"

#include "backtest/check.h"
#include "backtest/page.h"
#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>

static void print_begins(const struct sj_bt_check_result *result)
{
    for (uint32_t i = 0; i < result->begin_count; i++) {
        const struct sj_bt_check_begin *begin = &result->begins[i];
        char time[SJ_BT_NUMBER_MAX];
        sj_bt_page_time(begin->at_ns, time);
        if (begin->compared == 0)
            printf("warm-up     from %s: nothing was decided after it\n", time);
        else if (begin->agrees)
            printf("warm-up     from %s: decides as the whole run after %.6f s\n", time,
                   (double)begin->warm_ns / 1e9);
        else
            printf("WARM-UP     from %s: never decides as the whole run (%llu decisions)\n", time,
                   (unsigned long long)begin->compared);
    }
}

static void print_text(const struct sj_bt_check_result *result)
{
    printf("decisions   %llu in the whole run\n", (unsigned long long)result->decisions);
    if (result->repeats)
        printf("repeated    the same run again decides the same\n");
    else
        printf("REPEATED    the same run again decides otherwise: a clock, chance, or something "
               "hidden.\n            %s\n",
               result->repeat_text);
    for (uint32_t i = 0; i < result->cut_count; i++) {
        const struct sj_bt_check_cut *cut = &result->cuts[i];
        char time[SJ_BT_NUMBER_MAX];
        sj_bt_page_time(cut->at_ns, time);
        if (cut->holds)
            printf("look-ahead  cut at %s: %llu decisions before it are the same\n", time,
                   (unsigned long long)cut->compared);
        else
            printf("LOOK-AHEAD  cut at %s: decides otherwise before it.\n            %s\n", time,
                   cut->text);
    }
    print_begins(result);
}

static void print_cut(struct sj_json *json, const struct sj_bt_check_cut *cut)
{
    sj_json_begin_object(json);
    sj_json_field_int(json, "at_ns", cut->at_ns);
    sj_json_field_uint(json, "compared", cut->compared);
    sj_json_field_bool(json, "holds", cut->holds);
    sj_json_field_text(json, "first", cut->text);
    sj_json_end_object(json);
}

static void print_json(const struct sj_bt_check_result *result, bool pure, bool warm)
{
    static char buffer[SJ_BT_CHECKS_MAX * 1024];
    struct sj_json json;
    sj_json_init(&json, buffer, sizeof buffer);
    sj_json_begin_object(&json);
    sj_json_field_bool(&json, "pure", pure);
    sj_json_field_bool(&json, "warm", warm);
    sj_json_field_uint(&json, "decisions", result->decisions);
    sj_json_field_bool(&json, "repeats", result->repeats);
    sj_json_field_text(&json, "first", result->repeat_text);
    sj_json_key(&json, "cuts");
    sj_json_begin_array(&json);
    for (uint32_t i = 0; i < result->cut_count; i++)
        print_cut(&json, &result->cuts[i]);
    sj_json_end_array(&json);
    sj_json_key(&json, "begins");
    sj_json_begin_array(&json);
    for (uint32_t i = 0; i < result->begin_count; i++) {
        const struct sj_bt_check_begin *begin = &result->begins[i];
        sj_json_begin_object(&json);
        sj_json_field_int(&json, "at_ns", begin->at_ns);
        sj_json_field_uint(&json, "compared", begin->compared);
        sj_json_field_bool(&json, "agrees", begin->agrees);
        sj_json_field_int(&json, "warm_ns", begin->warm_ns);
        sj_json_end_object(&json);
    }
    sj_json_end_array(&json);
    sj_json_end_object(&json);
    if (sj_json_finish(&json) >= 0)
        puts(buffer);
}

static int check(const struct sj_cli *cli, const struct sj_bt_check *check, int64_t warm_max_ns,
                 bool as_json)
{
    char error[SJ_BT_ERROR_MAX] = "";
    struct sj_bt_check_result *result = calloc(1, sizeof *result);
    if (!result)
        return sj_cli_fail(cli, SJ_EXIT_FAILED, "no memory");
    sj_rc rc = sj_bt_check_run(check, result, error);
    if (rc < 0) {
        free(result);
        return sj_cli_fail(cli, rc == -SJ_E_RANGE ? SJ_EXIT_USER : SJ_EXIT_FAILED, "%s", error);
    }
    bool pure = sj_bt_check_is_pure(result);
    bool warm = sj_bt_check_is_warm(result, warm_max_ns ? warm_max_ns : INT64_MAX);
    if (as_json)
        print_json(result, pure, warm);
    else
        print_text(result);
    free(result);
    return pure && warm ? SJ_EXIT_DONE : SJ_EXIT_IDENTITY;
}

int backtest_check(int argc, char **argv)
{
    struct backtest_asked asked = backtest_asked_default();
    uint32_t cuts = 4, begins = 4;
    int64_t warm_max_ns = 0;
    const struct sj_cli_option options[] = {
        BACKTEST_OPTIONS(asked),
        {"cuts", "N", "times at which the data are cut to find look-ahead; 0: not checked (4)",
         SJ_CLI_U32, &cuts, 0, SJ_BT_CHECKS_MAX, 0},
        {"begins", "N", "times from which it is begun to measure warm-up; 0: not checked (4)",
         SJ_CLI_U32, &begins, 0, SJ_BT_CHECKS_MAX, 0},
        {"warm-up", "TIME", "the longest that is allowed (default: any, but it must end)",
         SJ_CLI_DURATION, &warm_max_ns, 0, 0, 0},
    };
    struct sj_cli cli = {
        .command = "backtest check",
        .arguments = "",
        .summary = "Does a strategy look ahead, decide the same twice, and when is it warm?",
        .details =
            "Look-ahead: with the data cut at a time, decisions before it must stay the same.\n"
            "Twice: the same run again must decide the same; a clock or chance does not.\n"
            "Warm-up: begun later, how long until it decides as the whole run does.\n"
            "Exit code 3 when one does not hold; the first differing decision is named.\n"
            "A parameter that is the data's path, or {data}, follows the data that are cut.",
        .example = "shijim backtest check --data day.npz --strategy ./mine.so --warm-up 10m",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    struct backtest_setup *setup;
    sj_rc rc = sj_cli_parse(&cli, argc, argv);
    if (rc != 1)
        return sj_cli_exit(rc);
    int exit_code = backtest_setup(&cli, &asked, &setup);
    if (exit_code)
        return exit_code;
    const struct sj_bt_check asked_check = {&setup->options, &setup->days[0], cuts, begins};
    if (setup->days[0].journal_count > 0)
        exit_code = sj_cli_fail(&cli, SJ_EXIT_USER,
                                "it cuts files of rows; make one of the journal: shijim convert");
    else if (setup->day_count > 1)
        exit_code = sj_cli_fail(&cli, SJ_EXIT_USER, "one day at a time, not %u", setup->day_count);
    else
        exit_code = check(&cli, &asked_check, warm_max_ns, asked.json);
    backtest_setup_free(setup);
    return exit_code;
}
