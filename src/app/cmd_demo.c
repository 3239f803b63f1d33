/*
 * The demo: a simulated broker, the embedded store and the recorder as three processes of this same
 * program, a screen, and at the end one account from the broker's own count to the store's rows.
 */
#include "app/child.h"
#include "app/command.h"
#include "app/demo.h"
#include "app/format.h"
#include "app/view.h"
#include "base/cli.h"

#include "base/clock.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define READY_TIMEOUT_NS (60 * SJ_NS_PER_S)
#define STOP_TIMEOUT_NS (60 * SJ_NS_PER_S)
#define LOOK_TERMINAL_NS (200 * SJ_NS_PER_MS)
#define LOOK_PIPE_NS (5 * SJ_NS_PER_S)
#define STEP_NS (20 * SJ_NS_PER_MS)

static volatile sig_atomic_t stop_asked;

static void ask_stop(int signal_number)
{
    (void)signal_number;
    stop_asked = 1;
}

static sj_rc fail_child(const struct sj_cli *cli, struct sj_child *child, sj_rc rc)
{
    sj_cli_fail(cli, 0, "the %s did not start: %s; the end of %s:", child->name, sj_rc_text(rc),
                child->output);
    sj_child_show_end(child, 8);
    return rc;
}

static sj_rc start_sim(struct sj_demo *demo)
{
    char output[SJ_DEMO_PATH_MAX];
    char ports[SJ_DEMO_PATH_MAX];
    char servers[16];
    char instruments[24];
    char rate[24];
    snprintf(servers, sizeof servers, "%u", SJ_DEMO_SERVERS);
    snprintf(instruments, sizeof instruments, "%llu", (unsigned long long)demo->instruments);
    snprintf(rate, sizeof rate, "%llu", (unsigned long long)demo->rate);
    const char *argv[] = {"shijim",
                          "broker-sim",
                          "--servers",
                          servers,
                          "--port",
                          "0",
                          "--port-file",
                          sj_demo_path(demo, "sim.ports", ports),
                          "--instruments",
                          instruments,
                          "--rate",
                          rate,
                          "--always-open",
                          "--wall-clock",
                          NULL};
    sj_rc rc =
        sj_child_start(&demo->sim, "broker simulator", sj_demo_path(demo, "sim.log", output), argv);
    if (rc >= 0)
        rc = sj_child_wait_file(&demo->sim, ports, READY_TIMEOUT_NS, demo->sim_ports,
                                sizeof demo->sim_ports);
    return rc < 0 ? fail_child(demo->cli, &demo->sim, rc) : 0;
}

static sj_rc start_store(struct sj_demo *demo)
{
    char output[SJ_DEMO_PATH_MAX];
    char port[SJ_DEMO_PATH_MAX];
    char data[SJ_DEMO_PATH_MAX];
    const char *argv[] = {"shijim", "store", "--data",      sj_demo_path(demo, "store", data),
                          "--port", "0",     "--port-file", sj_demo_path(demo, "store.port", port),
                          NULL};
    sj_rc rc = sj_child_start(&demo->store, "embedded store",
                              sj_demo_path(demo, "store.log", output), argv);
    if (rc >= 0)
        rc = sj_child_wait_file(&demo->store, port, READY_TIMEOUT_NS, demo->store_port,
                                sizeof demo->store_port);
    demo->store_port[strcspn(demo->store_port, "\n")] = 0;
    return rc < 0 ? fail_child(demo->cli, &demo->store, rc) : 0;
}

static sj_rc start_run(struct sj_demo *demo)
{
    char output[SJ_DEMO_PATH_MAX];
    char port[SJ_DEMO_PATH_MAX];
    char config[SJ_DEMO_PATH_MAX];
    char account[SJ_DEMO_PATH_MAX];
    sj_rc rc = sj_demo_write_config(demo);
    if (rc < 0) {
        sj_cli_fail(demo->cli, 0, "writing %s: %s", sj_demo_path(demo, "shijim.yaml", config),
                    sj_rc_text(rc));
        return rc;
    }
    const char *argv[] = {"shijim",    "run",
                          "-c",        sj_demo_path(demo, "shijim.yaml", config),
                          "--account", sj_demo_path(demo, "account.json", account),
                          NULL};
    rc = sj_child_start(&demo->run, "recorder", sj_demo_path(demo, "run.log", output), argv);
    if (rc >= 0)
        rc = sj_child_wait_file(&demo->run, sj_demo_path(demo, "run.port", port), READY_TIMEOUT_NS,
                                demo->run_port, sizeof demo->run_port);
    demo->run_port[strcspn(demo->run_port, "\n")] = 0;
    return rc < 0 ? fail_child(demo->cli, &demo->run, rc) : 0;
}

static bool children_run(struct sj_demo *demo)
{
    struct sj_child *const children[] = {&demo->sim, &demo->store, &demo->run};
    for (size_t i = 0; i < 3; i++) {
        if (sj_child_running(children[i]))
            continue;
        sj_cli_fail(demo->cli, 0,
                    "the %s ended by itself with code %d; the end of %s:", children[i]->name,
                    children[i]->exit_code, children[i]->output);
        sj_child_show_end(children[i], 8);
        return false;
    }
    return true;
}

static void look(struct sj_demo *demo, struct sj_view *view, const char *phase)
{
    static struct sj_status status;
    char address[64];
    char title[192];
    if (demo->json)
        return;
    snprintf(address, sizeof address, "127.0.0.1:%s", demo->run_port);
    sj_rc rc = sj_status_fetch(demo->client, address, &status);
    snprintf(title, sizeof title,
             "shijim demo · SIMULATION · %s instruments at %s/s · %s · http://%s/metrics",
             SJ_COUNT(demo->instruments), SJ_COUNT(demo->rate), phase, address);
    sj_view_draw(view, title, rc < 0 ? NULL : &status);
}

/* Until the asked time of flowing data is over, Ctrl-C, or the end of a child. */
static bool watch(struct sj_demo *demo, struct sj_view *view)
{
    sj_demo_note_flow(demo);
    int64_t begin_ns = sj_clock_mono_ns();
    int64_t next_look_ns = begin_ns;
    int64_t every_ns = view->terminal ? LOOK_TERMINAL_NS : LOOK_PIPE_NS;
    while (!stop_asked) {
        int64_t now_ns = sj_clock_mono_ns();
        char phase[64];
        if (demo->seconds && now_ns - begin_ns >= (int64_t)demo->seconds * SJ_NS_PER_S)
            return true;
        snprintf(phase, sizeof phase, "%d s", (int)((now_ns - begin_ns) / SJ_NS_PER_S));
        if (now_ns >= next_look_ns) {
            look(demo, view, phase);
            next_look_ns = now_ns + every_ns;
            if (!children_run(demo))
                return false;
        }
        nanosleep(&(struct timespec){.tv_nsec = STEP_NS}, NULL);
    }
    return true;
}

static int run(struct sj_demo *demo)
{
    struct sj_view view;
    sj_view_init(&view, demo->json ? stderr : stdout);
    sj_rc rc = start_sim(demo);
    if (rc >= 0)
        rc = start_store(demo);
    if (rc >= 0)
        rc = start_run(demo);
    bool well = rc >= 0 && sj_demo_wait_subscribed(demo, READY_TIMEOUT_NS, &stop_asked) >= 0 &&
                watch(demo, &view);
    if (!well) {
        sj_child_stop(&demo->run, STOP_TIMEOUT_NS);
        sj_child_stop(&demo->sim, STOP_TIMEOUT_NS);
        sj_child_stop(&demo->store, STOP_TIMEOUT_NS);
        return SJ_EXIT_FAILED;
    }
    look(demo, &view, "stopping in order");
    return sj_demo_finish(demo);
}

int sj_cmd_demo(int argc, char **argv)
{
    static struct sj_demo demo = {
        .seconds = 30, .instruments = 1000, .rate = 100000, .strategy = true};
    const struct sj_cli_option options[] = {
        {"seconds", "N", "how long; 0: until Ctrl-C (default 30)", SJ_CLI_UINT, &demo.seconds, 0,
         86400, 0},
        {"instruments", "N", "how many (default 1000)", SJ_CLI_UINT, &demo.instruments, 1,
         SJ_DEMO_INSTRUMENTS_MAX, 0},
        {"rate", "N", "events a second, all together (default 100000)", SJ_CLI_UINT, &demo.rate, 1,
         2000000, 0},
        {"strategy", NULL, "trade on paper meanwhile (default; --no-strategy: only record)",
         SJ_CLI_FLAG, &demo.strategy, 0, 0, 0},
        {"dir", "DIR", "where its files go; emptied first (default: a folder in /tmp)", SJ_CLI_TEXT,
         &demo.dir, 0, 0, 0},
        {"json", NULL, "no screen; the result as one JSON object", SJ_CLI_FLAG, &demo.json, 0, 0,
         0},
    };
    struct sj_cli cli = {
        .command = "demo",
        .arguments = "",
        .summary = "A simulated market, recorded and stored, with its account.",
        .details =
            "Needs no account and no network. Exit code 0 only if every event that the\n"
            "simulated broker sent is accounted for, from its own count to the store's rows.",
        .example = "shijim demo --seconds 20",
        .options = options,
        .option_count = sizeof options / sizeof options[0],
    };
    sj_rc rc = sj_cli_parse(&cli, argc, argv);
    if (rc != 1)
        return sj_cli_exit(rc);
    demo.cli = &cli;
    rc = sj_demo_prepare(&demo);
    if (rc < 0)
        return sj_cli_path_exit(rc);
    signal(SIGINT, ask_stop);
    signal(SIGTERM, ask_stop);
    int exit_code = run(&demo);
    sj_demo_clean(&demo);
    return exit_code;
}
