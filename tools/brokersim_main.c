/* A program around the broker simulator alone, for tests of this room. */
#include "brokersim/brokersim.h"

#include <signal.h>

static struct sj_brokersim *running;

static void on_signal(int number)
{
    (void)number;
    sj_brokersim_stop(running);
}

int main(int argc, char **argv)
{
    struct sj_brokersim_options options;
    char error[SJ_SIM_MESSAGE_MAX];
    sj_brokersim_defaults(&options);
    sj_rc rc = sj_brokersim_parse(argc, argv, &options, error);
    if (rc > 0)
        return 0;
    if (rc >= 0)
        rc = sj_brokersim_init(&options, &running, error);
    if (rc < 0) {
        fprintf(stderr, "broker-sim: %s\n", error);
        return rc == -SJ_E_MALFORMED || rc == -SJ_E_RANGE || rc == -SJ_E_UNKNOWN ? 2 : 1;
    }
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    fprintf(stderr, "broker-sim: %u server%s from http://%s:%u/api/v1\n", options.server_count,
            options.server_count == 1 ? "" : "s", options.bind_address,
            sj_brokersim_port(running, 0));
    rc = sj_brokersim_run(running);
    if (rc >= 0)
        rc = sj_brokersim_print_account(running, stdout);
    sj_brokersim_close(running);
    return rc < 0;
}
