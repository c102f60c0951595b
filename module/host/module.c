#include "host/module.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/rcu.h"
#include "base/sums.h"
#include "base/version.h"
#include "feed/local.h"
#include "flow/ub.h"
#include "host/abi.h"
#include "host/answering.h"
#include "host/cache.h"
#include "host/from_cache.h"
#include "host/hold.h"
#include "host/lookback.h"
#include "host/path.h"

#include <stdlib.h>
#include <string.h>

static const enum inplace_cb_list_type reply_lists[] = {inplace_cb_reply,
                                                        inplace_cb_reply_servfail};

/* Log a line of this module in Unbound's own log. */
static void log_to_unbound(enum sw_log_level level, const char *line)
{
    switch (level) {
    case SW_LOG_ERROR:
        log_err("sinkwatch: %s", line);
        break;
    case SW_LOG_WARNING:
        log_warn("sinkwatch: %s", line);
        break;
    case SW_LOG_INFO:
        log_info("sinkwatch: %s", line);
        break;
    case SW_LOG_DEBUG:
        verbose(VERB_DETAIL, "sinkwatch: %s", line);
        break;
    }
}

static void log_problem(void *arg, const char *message)
{
    (void)arg;
    sw_log(SW_LOG_ERROR, "%s", message);
}

/* A wrong line in the settings affects that key only: the line is logged, and the others are
 * used. */
static void read_settings(struct sw_module *module)
{
    const char *path = sw_settings_path();
    enum sw_status status = sw_settings_read(path, &module->settings, log_problem, NULL);
    if (status == SW_EIO)
        sw_log(SW_LOG_WARNING, "settings file %s cannot be read: the defaults are used", path);
    else if (status != SW_OK)
        sw_log(SW_LOG_WARNING, "settings file %s has errors: the keys named keep their defaults",
               path);
}

/* Modules that store and serve answers themselves. With such a module before this module, no
 * reply may be made in advance, since the reply would be stored (host/path.c). dns64 behind this
 * module translates no question, since Unbound tells only the first module of a new query. */
static void check_order(struct sw_module *module, const char *module_conf)
{
    static const char *const caching[] = {"dns64", "subnetcache", "cachedb"};
    const char *ours = module_conf ? strstr(module_conf, "dynlib") : NULL;
    for (size_t i = 0; ours && i < sizeof(caching) / sizeof(caching[0]); i++) {
        const char *at = strstr(module_conf, caching[i]);
        if (!at || at > ours)
            continue;
        module->behind_cache = true;
        sw_log(SW_LOG_WARNING,
               "module-config has %s before dynlib: the lists are enforced, but listed names are "
               "asked for upstream too; \"dynlib ... validator iterator\" avoids that",
               caching[i]);
    }
    if (ours && strstr(ours, "dns64"))
        sw_log(SW_LOG_WARNING,
               "module-config has dynlib before dns64: PTR questions for addresses that dns64 made "
               "are not translated, dns64-synthall and dns64-ignore-aaaa have no effect; "
               "\"dns64 dynlib ...\" has them");
}

/* Unbound answers from such a zone before any module is called, and before its cache. */
static void check_zones(const struct config_file *cfg)
{
    for (const struct config_auth *zone = cfg->auths; zone; zone = zone->next)
        if (zone->for_downstream && !zone->isrpz)
            sw_log(SW_LOG_WARNING,
                   "auth-zone %s has for-downstream: yes, so Unbound answers from the zone itself, "
                   "and no list is compared; with \"for-downstream: no\" the lists are enforced",
                   zone->name);
}

/* The prefix with which the dns64 module embeds IPv4 addresses, if that module is in use. */
static struct sw_addr translation_prefix(const struct config_file *cfg)
{
    struct sw_addr prefix = {.family = 0};
    const char *text = cfg->dns64_prefix;
    if (!cfg->module_conf || !strstr(cfg->module_conf, "dns64") || !text ||
        sw_addr_parse(text, strlen(text), &prefix, NULL) != SW_OK)
        prefix.family = 0; /* the well-known prefix needs no setting */
    return prefix;
}

static void raise_number(void *arg)
{
    struct sw_module *module = arg;
    sw_turns_raise(&module->turns);
    sw_marks_renew(&module->marks);
}

static uint64_t wait_stored(void *arg, const atomic_bool *stop)
{
    struct sw_module *module = arg;
    return sw_turns_wait(&module->turns, stop);
}

static void swept(void *arg, uint64_t epoch)
{
    struct sw_module *module = arg;
    sw_turns_swept(&module->turns, epoch);
}

static uint64_t count_judged(void *arg)
{
    struct sw_module *module = arg;
    return sw_turns_count(&module->turns);
}

static bool take_garden(void *arg, struct sw_name *name)
{
    struct sw_module *module = arg;
    return sw_garden_take(&module->garden, name);
}

static void track(void *arg, const struct sw_addr *addr)
{
    struct sw_module *module = arg;
    sw_feed_track(module->feed, addr);
}

static void remove_doomed(void *arg)
{
    sw_doomed_remove(arg);
}

static json_t *memory_status(void *arg)
{
    const struct sw_module *module = arg;
    return module->keeper ? sw_keeper_status(module->keeper) : NULL;
}

static void in_force(void *arg, const struct sw_in_force *now)
{
    const struct sw_module *module = arg;
    if (module->lookback)
        sw_lookback_in_force(module->lookback, now);
}

static void stop_memory(struct sw_module *module)
{
    sw_keeper_free(module->keeper);
    sw_lookback_free(module->lookback);
    sw_answering_free(module->answering);
    module->keeper = NULL;
    module->lookback = NULL;
    module->answering = NULL;
}

/* The keeper's other work, short answers first. */
static void keeper_work(void *arg)
{
    struct sw_module *module = arg;
    sw_answering_run(module->answering);
    sw_lookback_run(module->lookback);
}

static void take_inquiry(void *arg, const char *id, const char *text, size_t len)
{
    struct sw_module *module = arg;
    if (module->answering)
        sw_answering_ask(module->answering, id, text, len);
}

static bool give_answer(void *arg, struct sw_feed_answer *out)
{
    struct sw_module *module = arg;
    return module->answering && sw_answering_take(module->answering, out);
}

/* Start to record, if a folder is set. Without memory for the keeper, the lists are still in
 * force. */
static void start_memory(struct sw_module *module)
{
    if (!module->settings.memory_folder[0])
        return;
    module->keeper = sw_keeper_new(&module->settings, (unsigned)module->env->cfg->num_threads);
    module->lookback = module->keeper ? sw_lookback_new(module) : NULL;
    module->answering = module->lookback ? sw_answering_new(module) : NULL;
    if (module->answering) {
        sw_keeper_work(module->keeper, keeper_work, module);
        if (sw_keeper_start(module->keeper) == SW_OK)
            return;
    }
    stop_memory(module);
    sw_log(SW_LOG_ERROR, "out of memory at start: memory-folder is not written");
}

static bool make_parts(struct sw_module *module)
{
    struct sw_local_start start;
    module->feed_host = (struct sw_feed_host){
        .arg = module,
        .changed = raise_number,
        .evict = sw_cache_evict,
        .wait_stored = wait_stored,
        .swept = swept,
        .sweep = sw_cache_sweep,
        .tracked = sw_cache_report_names,
        .garden = take_garden,
        .in_force = in_force,
        .memory = memory_status,
        .inquiry = take_inquiry,
        .answer = give_answer,
        .judged = count_judged,
        .version = SW_VERSION,
        .host_version = sw_abi_built_for(),
    };
    module->journal_host =
        (struct sw_journal_host){.arg = module, .track = track, .round = remove_doomed};
    if (!sw_turns_init(&module->turns, (size_t)module->env->cfg->num_threads))
        return false;
    sw_marks_init(&module->marks);
    module->counters.sums = sw_sums_new();
    module->has_cachedb =
        module->env->cfg->module_conf && strstr(module->env->cfg->module_conf, "cachedb");
    module->can_store = sw_hold_can_store(module->env->cfg->module_conf);
    sw_local_open(&module->settings, sw_clock_wall_us(), &start);
    module->index = start.index ? start.index : sw_index_new();
    module->owners = sw_owners_new(&module->settings, &module->counters);
    if (!module->index || !module->owners) {
        sw_local_forget(&start);
        return false;
    }
    module->feed = sw_feed_new(&module->settings, module->index, module->owners, &module->counters,
                               &module->feed_host);
    if (module->feed)
        sw_local_adopt(module->feed, &start);
    sw_local_forget(&start);
    module->journal_host.translation = translation_prefix(module->env->cfg);
    module->journal = sw_journal_new(&module->settings, module->index, module->owners,
                                     &module->counters, &module->journal_host);
    module->flow = (struct sw_flow){&module->settings, module->index, module->owners, module->feed,
                                    module->journal_host.translation};
    return module->feed && module->journal;
}

static bool register_callbacks(struct sw_module *module)
{
    struct dynlibmod_env *dynlib = module->env->modinfo[module->id];
    if (!dynlib->inplace_cb_register_wrapped((void *)&sw_from_cache_on_reply,
                                             inplace_cb_reply_cache, module, module->env,
                                             module->id))
        return false;
    for (size_t i = 0; i < sizeof(reply_lists) / sizeof(reply_lists[0]); i++)
        if (!dynlib->inplace_cb_register_wrapped((void *)&sw_path_on_reply, reply_lists[i], module,
                                                 module->env, module->id))
            return false;
    return dynlib->inplace_cb_register_wrapped((void *)&sw_path_on_query, inplace_cb_query, module,
                                               module->env, module->id) &&
           dynlib->inplace_cb_register_wrapped((void *)&sw_path_on_response,
                                               inplace_cb_query_response, module, module->env,
                                               module->id);
}

static void remove_callbacks(struct sw_module *module)
{
    struct dynlibmod_env *dynlib = module->env->modinfo[module->id];
    for (size_t i = 0; i < sizeof(reply_lists) / sizeof(reply_lists[0]); i++)
        dynlib->inplace_cb_delete_wrapped(module->env, reply_lists[i], module->id);
    dynlib->inplace_cb_delete_wrapped(module->env, inplace_cb_reply_cache, module->id);
    dynlib->inplace_cb_delete_wrapped(module->env, inplace_cb_query, module->id);
    dynlib->inplace_cb_delete_wrapped(module->env, inplace_cb_query_response, module->id);
}

/* The rings of all workers are made now; on a worker this would cost an allocation later. */
static void make_rings(struct sw_module *module)
{
    for (int n = 0; n < module->env->cfg->num_threads; n++)
        (void)sw_journal_ring(module->journal, (unsigned)n);
}

struct sw_module *sw_module_start(struct module_env *env, int id)
{
    struct sw_module *module = calloc(1, sizeof(*module));
    if (!module)
        return NULL;
    module->env = env;
    module->id = id;
    sw_log_sink(log_to_unbound);
    sw_rcu_pin();
    sw_settings_init(&module->settings);
    check_order(module, env->cfg->module_conf);
    check_zones(env->cfg);
    read_settings(module);
    start_memory(module);
    if (!make_parts(module) || !register_callbacks(module) ||
        sw_journal_start(module->journal) != SW_OK || sw_feed_start(module->feed) != SW_OK) {
        sw_log(SW_LOG_ERROR, "out of memory at start: queries pass without any list");
        module->inert = true;
    } else {
        make_rings(module);
        sw_log(SW_LOG_INFO, "version %s for Unbound %s started", SW_VERSION, sw_abi_built_for());
    }
    return module;
}

void sw_module_stop(struct sw_module *module)
{
    if (!module)
        return;
    sw_keeper_end(module->keeper); /* meanwhile the others end */
    sw_feed_stop(module->feed);
    sw_journal_stop(module->journal);
    remove_callbacks(module);
    stop_memory(module);
    sw_feed_free(module->feed);
    sw_journal_free(module->journal);
    sw_owners_free(module->owners);
    sw_index_free(module->index);
    sw_sums_free(module->counters.sums);
    sw_turns_free(&module->turns);
    sw_log_sink(NULL);
    free(module);
}

struct sw_module *sw_module_of(const struct module_env *env, int id)
{
    const struct dynlibmod_env *dynlib = env->modinfo[id];
    struct sw_module *module = dynlib->dyn_env;
    return module && !module->inert ? module : NULL;
}
