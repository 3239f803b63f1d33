#include "store/embedded/embedded.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_MISTAKE 2

static int exit_code(sj_rc rc)
{
    switch (rc) {
    case -EINVAL:
    case -ENOENT:
    case -EACCES:
    case -SJ_E_BUSY:
        return EXIT_MISTAKE;
    default:
        return EXIT_FAILURE;
    }
}

int sj_store_embedded_main(const struct sj_embedded_options *options)
{
    /* Blocked in every thread, taken by this one alone. */
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);

    struct sj_embedded *server = NULL;
    char error[4096] = "no memory";
    sj_rc rc = sj_embedded_start(options, &server, error, sizeof(error));
    if (rc < 0) {
        fprintf(stderr, "shijim store: %s\n", error);
        return exit_code(rc);
    }
    printf("listening on %s:%u\n", options->listen ? options->listen : "127.0.0.1",
           sj_embedded_port(server));
    fflush(stdout);
    int number = 0;
    sigwait(&signals, &number);
    fprintf(stderr, "shijim store: %s: finishing what is under way\n", strsignal(number));
    sj_embedded_stop(server);
    return EXIT_SUCCESS;
}
