#include "strategy/load.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define SYMBOL "sj_strategy_plugin"
#define ASK_NS SJ_NS_PER_S

static sj_rc check_params(const struct sj_strategy_plugin *plugin, char *why, size_t why_size)
{
    if (plugin->param_count > SJ_STRATEGY_PARAMS_MAX ||
        (plugin->param_count > 0 && !plugin->params)) {
        snprintf(why, why_size, "its table has %u parameters; at most %d are allowed",
                 plugin->param_count, SJ_STRATEGY_PARAMS_MAX);
        return -SJ_E_LIMIT;
    }
    for (uint32_t i = 0; i < plugin->param_count; i++) {
        const struct sj_strategy_param_info *info = &plugin->params[i];
        if (info->name && *info->name && info->text && info->kind >= SJ_PARAM_INTEGER &&
            info->kind <= SJ_PARAM_DURATION)
            continue;
        snprintf(why, why_size, "its parameter %u lacks a name, a text or a known kind", i);
        return -SJ_E_LAYOUT;
    }
    return 0;
}

sj_rc sj_strategy_check(const struct sj_strategy_plugin *plugin, char *why, size_t why_size)
{
    if (!plugin) {
        snprintf(why, why_size, SYMBOL "() gave nothing");
        return -SJ_E_LAYOUT;
    }
    if (plugin->abi != SJ_STRATEGY_ABI) {
        snprintf(why, why_size,
                 "it was built for ABI %u, this is %u: compile it again with this shijim's headers",
                 plugin->abi, SJ_STRATEGY_ABI);
        return -SJ_E_LAYOUT;
    }
    if (plugin->size < sizeof *plugin) {
        snprintf(why, why_size, "its table has %u bytes, not %zu: compile it again", plugin->size,
                 sizeof *plugin);
        return -SJ_E_LAYOUT;
    }
    if (!plugin->name || !*plugin->name || !plugin->init || !plugin->on_event ||
        !plugin->on_order || !plugin->on_timer || !plugin->save != !plugin->restore) {
        snprintf(why, why_size,
                 "its table lacks a name, init, on_event, on_order, on_timer, or one "
                 "of save and restore");
        return -SJ_E_LAYOUT;
    }
    if (plugin->state_size == 0 || plugin->state_size > SJ_STRATEGY_STATE_MAX) {
        snprintf(why, why_size, "its state has %zu bytes; 1 .. %u are allowed", plugin->state_size,
                 SJ_STRATEGY_STATE_MAX);
        return -SJ_E_LIMIT;
    }
    return check_params(plugin, why, why_size);
}

struct question {
    sj_strategy_plugin_fn ask;
    const struct sj_strategy_plugin *answer;
    char *why;
    size_t why_size;
    sj_rc rc;
};

/* Reading the table is reading what somebody else wrote: guarded as well. */
static void ask_plugin(void *argument)
{
    struct question *question = argument;
    question->answer = question->ask();
    question->rc = sj_strategy_check(question->answer, question->why, question->why_size);
}

static sj_rc ask_guarded(struct question *question, struct sj_guard *guard)
{
    if (!guard) {
        ask_plugin(question);
        return question->rc;
    }
    switch (sj_guard_call(guard, ASK_NS, ask_plugin, question)) {
    case SJ_GUARD_RETURNED:
        return question->rc;
    case SJ_GUARD_CRASHED:
        snprintf(question->why, question->why_size, SYMBOL "() crashed (%s)",
                 sj_guard_signal_name(guard));
        return -SJ_E_REFUSED;
    default:
        snprintf(question->why, question->why_size, SYMBOL "() does not return");
        return -SJ_E_TIMEOUT;
    }
}

static sj_rc no_builtin(const char *use, char *why, size_t why_size)
{
    int used = snprintf(why, why_size,
                        "there is no built-in \"%.60s\" (the path of a shared object has a '/'); "
                        "there are:",
                        use);
    const struct sj_strategy_plugin *plugin;
    for (uint32_t i = 0; (plugin = sj_strategy_builtin(i)) && used >= 0 && (size_t)used < why_size;
         i++)
        used += snprintf(why + used, why_size - (size_t)used, " %s", plugin->name);
    return -SJ_E_UNKNOWN;
}

sj_rc sj_strategy_load(const char *use, struct sj_guard *guard,
                       const struct sj_strategy_plugin **ret_plugin, void **ret_library, char *why,
                       size_t why_size)
{
    if (!strchr(use, '/')) {
        const struct sj_strategy_plugin *builtin = sj_strategy_builtin_find(use);
        if (!builtin)
            return no_builtin(use, why, why_size);
        *ret_plugin = builtin;
        *ret_library = NULL;
        return 0;
    }
    void *library = dlopen(use, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        const char *text = dlerror();
        snprintf(why, why_size, "cannot be loaded: %.200s", text ? text : use);
        return -SJ_E_UNKNOWN;
    }
    struct question question = {.why = why, .why_size = why_size};
    /* ISO C knows no way from an object's pointer to a function's. */
    void *symbol = dlsym(library, SYMBOL);
    memcpy(&question.ask, &symbol, sizeof symbol);
    sj_rc rc = -SJ_E_LAYOUT;
    if (symbol)
        rc = ask_guarded(&question, guard);
    else
        snprintf(why, why_size, "%.160s does not export " SYMBOL "()", use);
    if (rc < 0) {
        dlclose(library);
        return rc;
    }
    *ret_plugin = question.answer;
    *ret_library = library;
    return 0;
}

void sj_strategy_unload(void *library)
{
    if (library)
        dlclose(library);
}
