/*
 * module.h - the instance of this module: components, start and stop.
 *
 * init reads the settings, checks that the process is the Unbound that this module was built for,
 * makes the components, and starts the recorder and then the feeder. deinit stops in reverse order:
 * sweeper and feeder are joined, so that no sweep runs any more; the recorder drains and is joined;
 * the callbacks are removed. Only then is memory freed, since dlclose() follows at once.
 *
 * Threads      init and deinit: Unbound's main thread, while no worker runs
 * Memory       owned by the instance, which dynlibmod's own environment points to
 */
#ifndef SW_HOST_MODULE_H
#define SW_HOST_MODULE_H

#include "base/counters.h"
#include "base/settings.h"
#include "base/turns.h"
#include "feed/feed.h"
#include "flow/stage.h"
#include "host/doomed.h"
#include "host/garden.h"
#include "host/mark.h"
#include "index/index.h"
#include "journal/journal.h"
#include "memory/intake/keeper.h"
#include "owner/owner.h"

struct module_env;

struct sw_module {
    struct sw_settings settings;
    struct sw_counters counters;
    struct sw_index *index;
    struct sw_owners *owners;
    struct sw_journal *journal;
    struct sw_feed *feed;
    struct sw_keeper *keeper;       /* NULL: no memory-folder */
    struct sw_lookback *lookback;   /* likewise */
    struct sw_answering *answering; /* likewise */
    struct sw_flow flow;
    struct sw_feed_host feed_host; /* functions that feeder and recorder call back */
    struct sw_journal_host journal_host;
    struct sw_garden garden; /* a garden that could not be resolved */
    struct module_env *env;  /* Unbound's own; all workers share its caches */
    int id;
    struct sw_turns turns;   /* whether workers may still store answers */
    struct sw_marks marks;   /* cached replies that are no hit */
    struct sw_doomed doomed; /* cached messages to remove */
    bool can_store;          /* sw_hold_can_store() */
    bool behind_cache;       /* a module before this module stores and serves answers itself */
    bool has_cachedb;        /* cachedb is in the chain */
    bool inert;              /* settings or memory failed: queries pass unchanged */
};

/** Make and start an instance. NULL only when memory is out. After other failures the instance
 * is inert and the log has the reason, so that Unbound continues to resolve. */
struct sw_module *sw_module_start(struct module_env *env, int id);

/** Stop and free an instance. NULL is fine. */
void sw_module_stop(struct sw_module *module);

/** The instance for an environment (of any worker) and module id; NULL when inert. */
struct sw_module *sw_module_of(const struct module_env *env, int id);

#endif
