#include "app/command.h"
#include "app/live.h"
#include "app/view.h"
#include "base/cli.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ACCOUNT_SIZE_MAX (256 * 1024)
#define LOOK_EVERY_NS (200 * SJ_NS_PER_MS)

static struct sj_live live; /* one a process; too large for a stack */

/* Blocked before any thread starts, so that they reach sigtimedwait on the main thread only. */
static void block_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
    sigaddset(set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, set, NULL);
}

static void kill_by_signal(void)
{
    sj_rc rc = live.trader
                   ? sj_switch_kill(sj_trader_switch(live.trader), SJ_CONTROL_BY_SIGNAL, "SIGUSR1")
                   : -SJ_E_UNKNOWN;
    if (rc < 0)
        sj_log_error("trading", "SIGUSR1: nothing is killed: %s", sj_rc_text(rc));
}

/* Until a signal ends it, or trading cannot begin. A journal that stopped does not end the process:
 * what is in the rings and in the store's hands is still shown and sent, and the operator is told.
 */
static sj_rc wait_for_end(const sigset_t *set)
{
    struct timespec timeout = {.tv_nsec = LOOK_EVERY_NS};
    for (;;) {
        int signal_number = sigtimedwait(set, NULL, &timeout);
        if (signal_number == SIGUSR1) {
            kill_by_signal();
        } else if (signal_number > 0) {
            sj_log_info("run", "%s: stopping in order", strsignal(signal_number));
            return 0;
        }
        sj_rc rc = sj_live_trade(&live);
        if (rc < 0)
            return rc;
        if (sj_live_check(&live) < 0)
            sj_log_error("journal", "%s", live.error);
        sj_log_flush();
    }
}

static int write_account(const struct sj_cli *cli, const char *path)
{
    static char buffer[ACCOUNT_SIZE_MAX];
    struct sj_json json;
    sj_json_init(&json, buffer, sizeof buffer);
    sj_live_write_status(&live, &json);
    if (sj_json_finish(&json) < 0)
        return sj_cli_fail(cli, SJ_EXIT_FAILED, "the account does not fit its buffer");
    FILE *file = fopen(path, "we");
    if (!file || fprintf(file, "%s\n", buffer) < 0 || fclose(file))
        return sj_cli_fail(cli, SJ_EXIT_FAILED, "writing %s: %s", path, strerror(errno));
    return SJ_EXIT_DONE;
}

static int run(const struct sj_cli *cli, const struct sj_settings *settings, const char *account)
{
    sigset_t signals;
    struct sj_live_account totals;
    block_signals(&signals);
    sj_rc rc = sj_live_start(&live, settings);
    if (rc < 0)
        return sj_cli_fail(cli, sj_live_is_user_mistake(rc) ? SJ_EXIT_USER : SJ_EXIT_FAILED, "%s",
                           live.error);
    char error[SJ_LIVE_ERROR_MAX] = "";
    sj_rc ended = wait_for_end(&signals);
    if (ended < 0)
        memcpy(error, live.error, sizeof error);
    rc = sj_live_stop(&live);
    sj_live_account(&live, &totals);
    sj_view_account(stdout, &totals);
    int exit_code = account ? write_account(cli, account) : SJ_EXIT_DONE;
    if (rc < 0)
        exit_code = sj_cli_fail(cli, rc == -SJ_E_IDENTITY ? SJ_EXIT_IDENTITY : SJ_EXIT_FAILED, "%s",
                                live.error);
    if (ended < 0)
        exit_code = sj_cli_fail(cli, sj_live_is_user_mistake(ended) ? SJ_EXIT_USER : SJ_EXIT_FAILED,
                                "%s", error);
    sj_live_done(&live);
    sj_log_flush();
    return exit_code;
}

int sj_cmd_run(int argc, char **argv)
{
    struct sj_settings_source source = {0};
    bool print_config = false;
    bool print_reference = false;
    const char *account = NULL;
    const struct sj_cli_option options[] = {
        SJ_SETTINGS_OPTIONS(source),
        {"print-config", NULL, "show every value and where it came from, and stop", SJ_CLI_FLAG,
         &print_config, 0, 0, 0},
        {"config-reference", NULL, "print every key with range, default and text (Markdown)",
         SJ_CLI_FLAG, &print_reference, 0, 0, 0},
        {"account", "FILE", "write the final account as JSON", SJ_CLI_TEXT, &account, 0, 0, 0},
    };
    struct sj_cli cli = {
        .command = "run",
        .arguments = "",
        .summary = "The live process: broker to bus to journal to store.",
        .details =
            "SIGINT and SIGTERM stop it in order and lose nothing. What it does is shown at\n"
            "http://127.0.0.1:9464/metrics (watch.listen) and by shijim stat.",
        .example = "shijim run -c shijim.yaml --set broker.servers=http://127.0.0.1:8080",
        .options = options,
        .option_count = SJ_SETTINGS_OPTION_COUNT + 3,
    };
    sj_rc rc = sj_cli_parse(&cli, argc, argv);
    if (rc != 1)
        return sj_cli_exit(rc);
    struct sj_settings *settings = sj_settings_load(&cli, &source);
    if (!settings)
        return SJ_EXIT_USER;
    int exit_code = SJ_EXIT_DONE;
    if (print_reference)
        sj_config_print_reference(&settings->config, stdout);
    else if (print_config)
        sj_config_print(&settings->config, stdout);
    else
        exit_code = run(&cli, settings, account);
    sj_settings_done(settings);
    return exit_code;
}
