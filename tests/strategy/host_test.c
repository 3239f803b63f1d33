/* What strategies do wrong, and what the host does then. */
#include "stage.h"
#include "suites.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_THREAD__)
#define THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define THREAD_SANITIZER 1
#endif
#endif

/* --- ways to fail, from within a call --- */

static volatile int zero;
static volatile int *volatile nowhere; /* NULL, which the compiler must not know */
static volatile bool for_ever = true;

/* The undefined-behaviour sanitizer must let the fault happen. */
__attribute__((no_sanitize("undefined"))) static void fail_segv(struct probe_state *self)
{
    (void)self;
    *nowhere = 1;
}

static void fail_fpe(struct probe_state *self)
{
    (void)self;
    raise(SIGFPE);
}

static void fail_ill(struct probe_state *self)
{
    (void)self;
    __builtin_trap();
}

static void fail_abort(struct probe_state *self)
{
    (void)self;
    abort();
}

__attribute__((noinline)) static int recurse(volatile char *from)
{
    volatile char here[4096];
    here[0] = *from;
    return for_ever ? recurse(here) + here[0] : 0;
}

static void fail_overflow(struct probe_state *self)
{
    volatile char start = 1;
    (void)self;
    zero = recurse(&start) * 0;
}

static void fail_wild_pointer(struct probe_state *self)
{
    self->api->place(self->host, (const struct sj_strategy_order *)(uintptr_t)16);
}

static void fail_loop(struct probe_state *self)
{
    (void)self;
    while (for_ever)
        ;
}

/* Never inside its own code for long, but never back either. */
static void fail_loop_in_calls(struct probe_state *self)
{
    while (for_ever)
        self->api->tick_step(self->host, STOCK, E6(1000), 1);
}

static const struct failure {
    const char *name;
    void (*act)(struct probe_state *self);
    enum sj_control_source source;
    const char *reason;
} failures[] = {
    {"segv", fail_segv, SJ_CONTROL_BY_CRASH, "crashed (SIGSEGV)"},
    {"fpe", fail_fpe, SJ_CONTROL_BY_CRASH, "crashed (SIGFPE)"},
    {"ill", fail_ill, SJ_CONTROL_BY_CRASH, "crashed (SIGILL)"},
    {"abort", fail_abort, SJ_CONTROL_BY_CRASH, "crashed (SIGABRT)"},
    {"overflow", fail_overflow, SJ_CONTROL_BY_CRASH, "crashed (SIGSEGV)"},
    {"wild", fail_wild_pointer, SJ_CONTROL_BY_CRASH, "crashed (SIGSEGV)"},
    {"loop", fail_loop, SJ_CONTROL_BY_BUDGET, "did not return within 50000 us"},
    {"loop_in_calls", fail_loop_in_calls, SJ_CONTROL_BY_BUDGET, "did not return within 50000 us"},
};
#define FAILURE_COUNT (sizeof failures / sizeof failures[0])

/* --- the bad one and the good one --- */

struct play {
    void (*act)(struct probe_state *self);
    int fail_at; /* 1: event, 2: order, 3: timer */
    uint64_t order;
    uint32_t event_count, order_count, timer_count;
};

static void play_event(struct probe_state *self, const struct sj_frame *event, void *context)
{
    struct play *play = context;
    (void)event;
    if (play->event_count++ == 0) {
        struct sj_strategy_order order = {.instrument = self->instrument,
                                          .quantity = 1,
                                          .price_e6 = E6(1000),
                                          .side = SJ_SIDE_BUY,
                                          .price_type = SJ_ORDER_LMT,
                                          .time_in_force = SJ_ORDER_ROD};
        play->order = self->api->place(self->host, &order);
        self->api->timer(self->host, self->api->now_ns(self->host) + SECOND);
    } else if (play->fail_at == 1) {
        play->act(self);
    }
}

static void play_order(struct probe_state *self, const struct sj_strategy_report *report,
                       void *context)
{
    struct play *play = context;
    play->order_count++;
    if (play->fail_at == 2 && report->state == SJ_ORDER_PARTIAL)
        play->act(self);
}

static void play_timer(struct probe_state *self, int64_t now_ns, void *context)
{
    struct play *play = context;
    (void)now_ns;
    play->timer_count++;
    if (play->fail_at == 3)
        play->act(self);
}

static struct probe_hooks hooks_of(struct play *play)
{
    return (struct probe_hooks){play, NULL, play_event, play_order, play_timer};
}

/* Plays one failure at one place; the other strategy and the host must not notice. */
static void play_failure(const struct failure *failure, int fail_at)
{
    struct stage *stage = stage_open(true);
    struct play bad = {.act = failure->act, .fail_at = fail_at}, good = {0};
    struct probe_hooks bad_hooks = hooks_of(&bad), good_hooks = hooks_of(&good);
    uint32_t bad_number = stage_probe(stage, "bad", &bad_hooks);
    uint32_t good_number = stage_probe(stage, "good", &good_hooks);
    stage_book(stage, STOCK, 1000, 5, 1005, 7);
    stage_update(stage, bad.order, SJ_ORDER_WORKING);
    stage_update(stage, good.order, SJ_ORDER_WORKING);
    assert_true(stage_armed(stage, bad_number));
    stage_new_intents(stage, NULL);
    stage_book(stage, STOCK, 1000, 6, 1005, 7);
    stage->intents[0].quantity = 4; /* a part of it */
    stage_fill(stage, bad.order, 1);
    stage_wait(stage, 2 * SECOND);

    const struct sj_intent *cancel;
    assert_false(stage_armed(stage, bad_number));
    assert_true(stage_armed(stage, good_number));
    assert_int_equal(stage->control_count, 1);
    assert_int_equal(stage->controls[0].kind, SJ_CONTROL_DISARM);
    assert_int_equal(stage->controls[0].source, failure->source);
    assert_int_equal(stage->controls[0].strategy, bad_number);
    assert_string_equal(stage->controls[0].text, failure->reason);
    if (fail_at == 1) { /* later the order was filled, and there is nothing to cancel */
        assert_int_equal(stage_new_intents(stage, &cancel), 1);
        assert_int_equal(cancel->kind, SJ_INTENT_CANCEL);
        assert_int_equal(cancel->target_id, bad.order);
        assert_int_equal(cancel->strategy, bad_number);
    }
    /* It is called no more; what becomes of its orders is still kept. */
    uint32_t calls = bad.event_count + bad.order_count + bad.timer_count;
    stage_book(stage, STOCK, 1000, 7, 1005, 7);
    assert_int_equal(bad.event_count + bad.order_count + bad.timer_count, calls);
    assert_int_equal(sj_strategies_position(stage->s, bad_number, STOCK), 1);
    assert_int_equal(good.event_count, 3);
    assert_int_equal(good.timer_count, 1);
    stage_close(stage);
}

static void whatever_a_strategy_does_only_it_is_disarmed(void **state)
{
    (void)state;
    for (size_t i = 0; i < FAILURE_COUNT; i++) {
        printf("# %s\n", failures[i].name);
        play_failure(&failures[i], 1);
    }
}

static void failures_are_caught_in_timers_too(void **state)
{
    (void)state;
    play_failure(&failures[0], 3);
    play_failure(&failures[FAILURE_COUNT - 1], 3);
}

static void fail_in_order(struct probe_state *self, const struct sj_strategy_report *report,
                          void *context)
{
    (void)report;
    (void)context;
    fail_segv(self);
}

static void failures_are_caught_in_reports_too(void **state)
{
    (void)state;
    struct stage *stage = stage_open(true);
    struct play play = {0};
    struct probe_hooks hooks = hooks_of(&play);
    hooks.on_order = fail_in_order;
    uint32_t number = stage_probe(stage, "bad", &hooks);
    stage_book(stage, STOCK, 1000, 5, 1005, 7);
    stage_update(stage, play.order, SJ_ORDER_WORKING);
    assert_false(stage_armed(stage, number));
    const struct sj_intent *intents;
    assert_int_equal(stage_new_intents(stage, &intents), 2);
    assert_int_equal(intents[1].kind, SJ_INTENT_CANCEL);
    stage_close(stage);
}

static void fail_in_init(struct probe_state *self, void *context)
{
    void (*const *act)(struct probe_state *) = context;
    (*act)(self);
}

static void a_crash_in_init_is_an_error_of_add(void **state)
{
    (void)state;
    struct stage *stage = stage_open(true);
    void (*act)(struct probe_state *) = fail_segv;
    struct probe_hooks hooks = {&act, fail_in_init, NULL, NULL, NULL};
    char text[64], error[SJ_STRATEGIES_ERROR_MAX];
    uint32_t stock = STOCK;
    struct sj_strategy_instance instance = {
        .name = "bad", .use = PROBE, .instruments = &stock, .instrument_count = 1};
    snprintf(text, sizeof text, "hooks=%llu", (unsigned long long)(uintptr_t)&hooks);
    assert_int_equal(stage_try(stage, &instance, (const char *const[]){text, NULL}, error),
                     -SJ_E_REFUSED);
    assert_string_equal(error, "strategies.bad: init: crashed (SIGSEGV)");
    assert_int_equal(sj_strategies_count(stage->s), 0);
    stage_book(stage, STOCK, 1000, 5, 1005, 7);
    stage_close(stage);
}

static void arming_again_makes_the_state_anew(void **state)
{
    (void)state;
    struct stage *stage = stage_open(true);
    struct play play = {.act = fail_segv, .fail_at = 1};
    struct probe_hooks hooks = hooks_of(&play);
    char error[SJ_STRATEGIES_ERROR_MAX];
    uint32_t number = stage_probe(stage, "bad", &hooks);
    stage_book(stage, STOCK, 1000, 5, 1005, 7);
    stage_book(stage, STOCK, 1000, 5, 1005, 7);
    assert_false(stage_armed(stage, number));
    play.fail_at = 0;
    assert_int_equal(sj_strategies_arm(stage->s, number, stage->now_ns, error), 0);
    stage_book(stage, STOCK, 1000, 5, 1005, 7);
    assert_int_equal(play.event_count, 3);
    assert_true(stage_armed(stage, number));
    assert_int_equal(sj_strategies_arm(stage->s, 9, stage->now_ns, error), -SJ_E_UNKNOWN);
    stage_close(stage);
}

static void disarming_by_command_cancels_and_says_why(void **state)
{
    (void)state;
    struct stage *stage = stage_open(false);
    struct play play = {0};
    struct probe_hooks hooks = hooks_of(&play);
    uint32_t number = stage_probe(stage, "one", &hooks);
    stage_book(stage, STOCK, 1000, 5, 1005, 7);
    stage_update(stage, play.order, SJ_ORDER_WORKING);
    assert_int_equal(
        sj_strategies_disarm(stage->s, number, SJ_CONTROL_BY_COMMAND, "lunch", stage->now_ns), 0);
    assert_string_equal(stage->controls[0].text, "lunch");
    assert_int_equal(stage->intents[1].kind, SJ_INTENT_CANCEL);
    assert_int_equal(sj_strategies_next_timer(stage->s), INT64_MAX);
    stage_close(stage);
}

/* Dies as it would without us: the child's signal is what the parent sees. */
static int signal_of_child(void (*run)(struct stage *))
{
    fflush(stdout);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct stage *stage = stage_open(true);
        freopen("/dev/null", "w", stderr);
        run(stage);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static uint64_t crash_in_owner(void *context, struct sj_intent *intent)
{
    (void)context;
    (void)intent;
    abort();
}

static void run_crash_in_owner(struct stage *stage)
{
    struct sj_strategies_ops ops = {stage, crash_in_owner, NULL, NULL, NULL};
    struct play play = {0};
    struct probe_hooks hooks = hooks_of(&play);
    ops.control = (void (*)(void *, struct sj_control *))(uintptr_t)1; /* never called */
    sj_strategies_close(stage->s);
    struct sj_strategies_options options = {
        .ops = &ops, .guard = true, .instruments = stage->instruments};
    if (sj_strategies_create(&options, &stage->s) < 0)
        _exit(1);
    stage_probe(stage, "one", &hooks);
    stage_book(stage, STOCK, 1000, 5, 1005, 7);
}

static void run_crash_outside(struct stage *stage)
{
    struct play play = {0};
    struct probe_hooks hooks = hooks_of(&play);
    stage_probe(stage, "one", &hooks);
    stage_book(stage, STOCK, 1000, 5, 1005, 7);
    abort();
}

static void signal_event(struct probe_state *self, const struct sj_frame *event, void *context)
{
    (void)self;
    (void)event;
    pthread_kill(pthread_self(), SIGXCPU); /* as the watcher's for a call that has just ended */
    ++*(uint32_t *)context;
}

static void a_late_signal_of_the_watcher_ends_nobody(void **state)
{
    (void)state;
    struct stage *stage = stage_open(true);
    uint32_t returned = 0;
    struct probe_hooks hooks = {&returned, NULL, signal_event, NULL, NULL};
    uint32_t number = stage_probe(stage, "one", &hooks);
    stage_book(stage, STOCK, 1000, 5, 1005, 7);
    pthread_kill(pthread_self(), SIGXCPU);
    assert_int_equal(returned, 1);
    assert_true(stage_armed(stage, number));
    stage_close(stage);
}

static void a_crash_of_the_host_goes_the_default_way(void **state)
{
    (void)state;
    assert_int_equal(signal_of_child(run_crash_in_owner), SIGABRT);
    assert_int_equal(signal_of_child(run_crash_outside), SIGABRT);
}

/* --- loading --- */

static void load(const char *use, sj_rc want, const char *text)
{
    struct stage *stage = stage_open(true);
    char error[SJ_STRATEGIES_ERROR_MAX];
    uint32_t stock = STOCK;
    struct sj_strategy_instance instance = {
        .name = "x", .use = use, .instruments = &stock, .instrument_count = 1};
    assert_int_equal(stage_try(stage, &instance, NULL, error), want);
    if (!strstr(error, text))
        fail_msg("\"%s\" does not say \"%s\"", error, text);
    stage_close(stage);
}

static void a_plugin_that_is_not_one_is_refused_with_the_reason(void **state)
{
    (void)state;
    load("no_such", -SJ_E_UNKNOWN, "strategies.x: use: there is no built-in \"no_such\"");
    load("./no/such.so", -SJ_E_UNKNOWN, "cannot be loaded");
    load(PLUGIN_DIR "/strategy_wrong_abi.so", -SJ_E_LAYOUT, "it was built for ABI 2, this is 1");
    load(PLUGIN_DIR "/strategy_short_table.so", -SJ_E_LAYOUT, "its table has 16 bytes");
    load(PLUGIN_DIR "/strategy_no_state.so", -SJ_E_LIMIT, "its state has 0 bytes");
    load(PLUGIN_DIR "/strategy_huge_state.so", -SJ_E_LIMIT, "its state has 16777217 bytes");
    load(PLUGIN_DIR "/strategy_no_symbol.so", -SJ_E_LAYOUT, "does not export sj_strategy_plugin()");
    load(PLUGIN_DIR "/strategy_crashing_symbol.so", -SJ_E_REFUSED, "crashed (SIGABRT)");
    load(PROBE, 1, "");
}

static void parameters_are_checked_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *param, *text;
    } cases[] = {
        {"lots=11", "lots is \"11\"; it takes a whole number, 1 .. 10 lots"},
        {"lots=1.5", "lots is \"1.5\"; it takes a whole number"},
        {"share=0.1234567", "share is \"0.1234567\"; it takes a number with at most 6 places"},
        {"pause=5 fortnights", "pause is \"5 fortnights\"; it takes a duration"},
        {"pause=2m", "pause is \"2m\"; it takes a duration (250us, 5ms, 1.5s, 2m), 0 .. 60 s"},
        {"lot=1", "probe has no parameter \"lot\"; it has: hooks lots share pause"},
        {"lots=7", "lots: 7 is an unlucky number"},
    };
    struct stage *stage = stage_open(false);
    uint32_t stock = STOCK;
    struct sj_strategy_instance instance = {
        .name = "x", .use = PROBE, .instruments = &stock, .instrument_count = 1};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char error[SJ_STRATEGIES_ERROR_MAX];
        const char *params[] = {cases[i].param, NULL};
        assert_true(stage_try(stage, &instance, params, error) < 0);
        if (!strstr(error, cases[i].text) || strncmp(error, "strategies.x: ", 14) != 0)
            fail_msg("\"%s\" does not say \"%s\"", error, cases[i].text);
    }
    stage_close(stage);
}

/* Thread sanitizer holds signals back, and does not know of jumps out of their handlers: what needs
 * either is left to the other builds; the watcher itself is seen by it in the walks. */
#ifdef THREAD_SANITIZER
static void is_not_for_thread_sanitizer(void **state)
{
    (void)state;
    skip();
}
/* The test itself is named, so that none is unused. */
#define SIGNALS(test)                                                                              \
    {                                                                                              \
#test, is_not_for_thread_sanitizer, NULL, NULL, (void *)(uintptr_t)(test)                  \
    }
#else
#define SIGNALS(test) cmocka_unit_test(test)
#endif

int host_tests(void)
{
    const struct CMUnitTest tests[] = {
        SIGNALS(whatever_a_strategy_does_only_it_is_disarmed),
        SIGNALS(failures_are_caught_in_timers_too),
        SIGNALS(failures_are_caught_in_reports_too),
        SIGNALS(a_crash_in_init_is_an_error_of_add),
        SIGNALS(arming_again_makes_the_state_anew),
        cmocka_unit_test(disarming_by_command_cancels_and_says_why),
        SIGNALS(a_late_signal_of_the_watcher_ends_nobody),
        SIGNALS(a_crash_of_the_host_goes_the_default_way),
        SIGNALS(a_plugin_that_is_not_one_is_refused_with_the_reason),
        cmocka_unit_test(parameters_are_checked_by_name),
    };
    return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}
