/*
 * module.h - the module as Unbound knows it: one instance, its parts and their life.
 *
 * init reads the settings, checks that this is the Unbound it was built for, makes the parts,
 * starts the recorder, then the feeder. deinit goes the other way round: sweeper and feeder are
 * joined (no more sweeps), the recorder drains and is joined, the callbacks are removed, and only then
 * memory goes; dlclose() follows at once.
 *
 * Threads      init and deinit: Unbound's main thread, while no worker runs
 * Memory       owned by the instance, which hangs off dynlibmod's own environment
 */
#ifndef SW_HOST_MODULE_H
#define SW_HOST_MODULE_H

#include "base/counters.h"
#include "base/settings.h"
#include "base/turns.h"
#include "feed/feed.h"
#include "flow/stage.h"
#include "host/garden.h"
#include "host/mark.h"
#include "index/index.h"
#include "journal/journal.h"
#include "owner/owner.h"

struct module_env;

struct sw_module {
    struct sw_settings settings;
    struct sw_counters counters;
    struct sw_index *index;
    struct sw_owners *owners;
    struct sw_journal *journal;
    struct sw_feed *feed;
    struct sw_flow flow;
    struct sw_feed_host feed_host; /* what feeder and recorder call back */
    struct sw_journal_host journal_host;
    struct sw_garden garden; /* one that could not be resolved */
    struct module_env *env;  /* the daemon's: its caches are shared by all workers */
    int id;
    struct sw_turns turns; /* what workers may still store */
    struct sw_marks marks; /* which cached replies concern no list */
    bool can_store;        /* sw_hold_can_store() */
    bool behind_cache;     /* a module before us in the chain stores and serves answers itself */
    bool has_cachedb;      /* cachedb is in the chain */
    bool inert;            /* settings or memory failed: queries pass untouched */
};

/** Make and start. Never NULL but when memory is out; problems leave an inert module that says
 * so in the log: a resolver goes on resolving. */
struct sw_module *sw_module_start(struct module_env *env, int id);

/** Stop, join, free. NULL is fine. */
void sw_module_stop(struct sw_module *module);

/** The instance behind an environment (any worker's) and module id; NULL when inert. */
struct sw_module *sw_module_of(const struct module_env *env, int id);

#endif
