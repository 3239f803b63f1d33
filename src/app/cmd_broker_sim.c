#include "app/cli.h"
#include "app/command.h"

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

int sj_cmd_broker_sim(int argc, char **argv)
{
    struct sj_brokersim_options options;
    char error[SJ_SIM_MESSAGE_MAX];
    struct sj_cli cli = {.command = "broker-sim"};
    sj_brokersim_defaults(&options);
    sj_rc rc = sj_brokersim_parse(argc, argv, &options, error);
    if (rc > 0)
        return SJ_EXIT_DONE;
    if (rc < 0)
        return sj_cli_fail(&cli, SJ_EXIT_USER, "%s", error);
    rc = sj_brokersim_init(&options, &running, error);
    if (rc < 0)
        return sj_cli_fail(&cli, SJ_EXIT_FAILED, "%s", error);
    signal(SIGINT, ask_stop);
    signal(SIGTERM, ask_stop);
    rc = sj_brokersim_run(running);
    if (sj_brokersim_print_account(running, stdout) < 0 || fflush(stdout))
        rc = rc < 0 ? rc : -SJ_E_CLOSED;
    sj_brokersim_close(running);
    return rc < 0 ? sj_cli_fail(&cli, SJ_EXIT_FAILED, "%s", sj_rc_text(rc)) : SJ_EXIT_DONE;
}
