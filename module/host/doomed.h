/*
 * doomed.h - messages that are to leave the message cache as soon as no lock is held.
 *
 * A worker that finds a cached reply of no further use for any client (from_cache.h) holds locks of
 * the reply, and so cannot remove the message. The worker notes the question here. The next hook of
 * any worker removes the message, and so does the collector, which is woken at once: without the
 * collector a worker with nothing else to do would find the message again and again.
 *
 * Threads      any, without a lock: a place is taken by an exchange of the place's state
 * Memory       SW_DOOMED_MAX questions; a question beyond these is noted when it is asked again
 * Decision     D-261
 */
#ifndef SW_HOST_DOOMED_H
#define SW_HOST_DOOMED_H

#include "base/name.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define SW_DOOMED_MAX 16

struct query_info;
struct sw_module;

struct sw_doomed_question {
    struct sw_name name;
    uint16_t qtype, qclass;
};

enum sw_doomed_state { SW_DOOMED_EMPTY, SW_DOOMED_BUSY, SW_DOOMED_FULL };

struct sw_doomed_place {
    _Atomic unsigned state; /* enum sw_doomed_state; zeroed memory is empty */
    struct sw_doomed_question question;
};

struct sw_doomed {
    atomic_bool any; /* some place is full */
    struct sw_doomed_place place[SW_DOOMED_MAX];
};

/** Note a question, and wake the collector. The caller may hold locks of Unbound's caches. */
void sw_doomed_note(struct sw_module *module, const struct query_info *qinfo);

/** Remove the messages for all noted questions, with CD and without. The caller holds no lock of a
 * cache. */
void sw_doomed_remove(struct sw_module *module);

#endif
