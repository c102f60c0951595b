/*
 * doomed.h - messages that are to leave the message cache as soon as no lock is held.
 *
 * A worker that finds a cached reply of no further use for any client (from_cache.h) holds locks of
 * the reply, and so cannot remove the message. The worker notes the question here. The next hook of
 * any worker removes the message, and so does the sweeper, which is called at once: without the
 * sweeper a worker with nothing else to do would find the message again and again.
 *
 * Threads      any; the lock is held for a copy, and no other lock is taken inside
 * Memory       SW_DOOMED_MAX questions; a question beyond these is noted when it is asked again
 * Decision     D-261
 */
#ifndef SW_HOST_DOOMED_H
#define SW_HOST_DOOMED_H

#include "base/name.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define SW_DOOMED_MAX 32

struct query_info;
struct sw_module;

struct sw_doomed_question {
    struct sw_name name;
    uint16_t qtype, qclass;
};

struct sw_doomed {
    pthread_mutex_t lock;
    atomic_uint n; /* written with the lock */
    struct sw_doomed_question question[SW_DOOMED_MAX];
};

/** Make and free an empty list. No call of the others may run beside these. */
void sw_doomed_init(struct sw_doomed *doomed);
void sw_doomed_clear(struct sw_doomed *doomed);

/** Whether a question is noted. */
static inline bool sw_doomed_any(const struct sw_doomed *doomed)
{
    return atomic_load_explicit(&doomed->n, memory_order_relaxed) > 0;
}

/** Note a question, and call the sweeper. The caller may hold locks of Unbound's caches. */
void sw_doomed_note(struct sw_module *module, const struct query_info *qinfo);

/** Remove the messages for all noted questions, with CD and without. module is a struct sw_module.
 * The caller holds no lock of a cache. Implements sw_feed_host.called. */
void sw_doomed_remove(void *module);

#endif
