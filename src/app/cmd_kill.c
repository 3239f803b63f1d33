/* kill, resume, panic: the kill switch from another process. They need no network and no answer
 * from the process that trades: the switch is a file that it looks at every turn. */
#include "app/command.h"
#include "app/settings.h"
#include "app/switch.h"
#include "base/cli.h"

#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SEEN_TIMEOUT_NS (2 * SJ_NS_PER_S)

struct operation {
    struct sj_cli *cli;
    const char *reason;
    int64_t timeout_ns;
    struct sj_switch *sw;
    struct sj_switch_view view;
};

static int describe(struct operation *operation, bool seen)
{
    sj_switch_view(operation->sw, &operation->view);
    const struct sj_switch_view *view = &operation->view;
    if (view->killed)
        printf("killed: %s\n", *view->reason ? view->reason : "no reason given");
    else
        printf("trading is allowed\n");
    if (view->pid == 0)
        printf("no process trades; the next one starts %s\n", view->killed ? "killed" : "free");
    else if (seen)
        printf("process %d has acted on it; %u orders open\n", view->pid, view->open_orders);
    else
        return sj_cli_fail(operation->cli, SJ_EXIT_FAILED,
                           "process %d has not acted on it yet; the switch stays as it is. If it "
                           "hangs, stop it: kill -9 %d, then look with shijim doctor",
                           view->pid, view->pid);
    return SJ_EXIT_DONE;
}

static int do_kill(struct operation *operation)
{
    sj_rc rc = sj_switch_kill(operation->sw, SJ_CONTROL_BY_COMMAND, operation->reason);
    if (rc < 0)
        return sj_cli_fail(operation->cli, SJ_EXIT_FAILED, "the switch: %s", sj_rc_text(rc));
    sj_switch_view(operation->sw, &operation->view);
    return describe(operation,
                    operation->view.pid == 0 || sj_switch_wait(operation->sw, SEEN_TIMEOUT_NS));
}

static int do_resume(struct operation *operation)
{
    sj_rc rc = sj_switch_resume(operation->sw);
    if (rc == -SJ_E_BUSY)
        return sj_cli_fail(operation->cli, SJ_EXIT_FAILED,
                           "a panic is under way; wait for shijim panic to end");
    if (rc < 0)
        return sj_cli_fail(operation->cli, SJ_EXIT_FAILED, "the switch: %s", sj_rc_text(rc));
    sj_switch_view(operation->sw, &operation->view);
    return describe(operation,
                    operation->view.pid == 0 || sj_switch_wait(operation->sw, SEEN_TIMEOUT_NS));
}

static int do_panic(struct operation *operation)
{
    sj_switch_view(operation->sw, &operation->view);
    if (operation->view.pid == 0) {
        sj_rc rc = sj_switch_kill(operation->sw, SJ_CONTROL_BY_COMMAND, operation->reason);
        if (rc < 0)
            return sj_cli_fail(operation->cli, SJ_EXIT_FAILED, "the switch: %s", sj_rc_text(rc));
        return sj_cli_fail(operation->cli, SJ_EXIT_FAILED,
                           "no process trades, so nobody can cancel and flatten; the switch is "
                           "thrown. Start shijim run and call shijim panic again, or use the "
                           "broker's own client");
    }
    sj_rc rc = sj_switch_panic(operation->sw, operation->reason);
    if (rc < 0)
        return sj_cli_fail(operation->cli, SJ_EXIT_FAILED, "the switch: %s", sj_rc_text(rc));
    if (!sj_switch_wait_panic(operation->sw, operation->timeout_ns))
        return sj_cli_fail(operation->cli, SJ_EXIT_FAILED,
                           "not flat yet; process %d goes on. Look with shijim stat",
                           operation->view.pid);
    puts("everything is cancelled and flat");
    return describe(operation, true);
}

static int run(int argc, char **argv, struct sj_cli *cli, int (*act)(struct operation *))
{
    struct sj_settings_source source = {0};
    const char *state_dir = NULL;
    struct operation operation = {.cli = cli, .timeout_ns = 60 * SJ_NS_PER_S};
    const struct sj_cli_option options[] = {
        SJ_SETTINGS_OPTIONS(source),
        {"state-dir", "DIR", "where the switch lies (trading.state_dir)", SJ_CLI_TEXT, &state_dir,
         0, 0, 0},
        {"timeout", "DURATION", "how long a panic is waited for", SJ_CLI_DURATION,
         &operation.timeout_ns, 0, 0, 0},
    };
    cli->options = options;
    cli->option_count = SJ_SETTINGS_OPTION_COUNT + (act == do_panic ? 2 : 1);
    sj_rc rc = sj_cli_parse(cli, argc, argv);
    if (rc != 1)
        return sj_cli_exit(rc);
    struct sj_settings *settings = NULL;
    if (!state_dir) {
        settings = sj_settings_load(cli, &source);
        if (!settings)
            return SJ_EXIT_USER;
        state_dir = settings->trading.state_dir;
    }
    operation.reason = cli->value_count ? cli->values[0] : cli->command;
    rc = sj_switch_open(state_dir, false, &operation.sw);
    int exit_code = rc < 0
                        ? sj_cli_fail(cli, SJ_EXIT_USER,
                                      "%s/switch: %s; name the folder with --state-dir or -c FILE "
                                      "(trading.state_dir)",
                                      state_dir, sj_rc_text(rc))
                        : act(&operation);
    sj_switch_close(operation.sw);
    if (settings)
        sj_settings_done(settings);
    return exit_code;
}

int sj_cmd_kill(int argc, char **argv)
{
    struct sj_cli cli = {
        .command = "kill",
        .arguments = "[REASON]",
        .summary = "Stops all new orders at once, and cancels what works.",
        .details = "It holds over restarts; only shijim resume lifts it.",
        .example = "shijim kill -c shijim.yaml \"wrong prices in TXF\"",
        .arguments_max = 1,
    };
    return run(argc, argv, &cli, do_kill);
}

int sj_cmd_resume(int argc, char **argv)
{
    struct sj_cli cli = {
        .command = "resume",
        .arguments = "",
        .summary = "Lifts the kill switch.",
        .example = "shijim resume -c shijim.yaml",
    };
    return run(argc, argv, &cli, do_resume);
}

int sj_cmd_panic(int argc, char **argv)
{
    struct sj_cli cli = {
        .command = "panic",
        .arguments = "[REASON]",
        .summary = "Cancels everything, flattens what the broker says we hold, then kills.",
        .details = "It goes past our own limits, and asks the broker what the position is.",
        .example = "shijim panic -c shijim.yaml",
        .arguments_max = 1,
    };
    return run(argc, argv, &cli, do_panic);
}
