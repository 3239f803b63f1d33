#include "app/command.h"

#include "base/cli.h"
#include "brokersim/brokersim.h"

#include <signal.h>
#include <stdio.h>

static struct sj_brokersim *running;

static void ask_stop(int signal_number)
{
    (void)signal_number;
    // One atomic store. NOLINTNEXTLINE(bugprone-signal-handler)
    sj_brokersim_stop(running);
}

/* What was asked for cannot be: the user's mistake. Anything else is the machine's. */
static int start_exit(sj_rc rc)
{
    bool mistake = rc == -SJ_E_MALFORMED || rc == -SJ_E_RANGE || rc == -SJ_E_UNKNOWN;
    return mistake ? SJ_EXIT_USER : SJ_EXIT_FAILED;
}

int sj_cmd_broker_sim(int argc, char **argv)
{
    struct sj_brokersim_options options;
    char error[SJ_SIM_MESSAGE_MAX];
    const struct sj_cli cli = {.command = "broker-sim"};
    sj_brokersim_defaults(&options);
    sj_rc rc = sj_brokersim_parse(argc, argv, &options);
    if (rc != 1)
        return sj_cli_exit(rc);
    rc = sj_brokersim_init(&options, &running, error);
    if (rc < 0)
        return sj_cli_fail(&cli, start_exit(rc), "%s", error);
    signal(SIGINT, ask_stop);
    signal(SIGTERM, ask_stop);
    fprintf(stderr, "broker-sim: %u server%s from http://%s:%u/api/v1\n", options.server_count,
            options.server_count == 1 ? "" : "s", options.bind_address,
            sj_brokersim_port(running, 0));
    rc = sj_brokersim_run(running);
    if (sj_brokersim_print_account(running, stdout) < 0 || fflush(stdout))
        rc = rc < 0 ? rc : -SJ_E_CLOSED;
    sj_brokersim_close(running);
    return rc < 0 ? sj_cli_fail(&cli, SJ_EXIT_FAILED, "%s", sj_rc_text(rc)) : SJ_EXIT_DONE;
}
