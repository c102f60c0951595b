/*
 * hold.h - who stores an answer, so that none is stored by former lists.
 *
 * Unbound's iterator and validator store messages after our last look at them: microseconds later, but
 * a worker can be descheduled there, and the lists can change. A change therefore waits for the turns
 * of all workers (base/turns.h), and a query keeps the number of the lists that it was judged by:
 *     operate(new)      the name is judged. While a change is being swept for and something is cached
 *                       that the answer may be made of, the answer is held
 *     a response        it is judged; when the lists changed since, so is what was known before it.
 *                       While a change is being swept for, an answer with aliases is held: what they
 *                       lead to may come from the cache
 *     operate(moddone)  of another query that this one waits for: the same, as it may go on to a store
 *     operate(moddone)  the whole answer is judged; one that was held and is clean is stored by us,
 *                       inside the read section in which it was judged, for which each change waits
 * Held means that no_cache_store is set: nobody else stores it.
 *
 * At rest, when caches hold nothing that a rule touches, an answer is made of pieces from them and
 * of responses that were judged, so it is clean itself. That needs the RRset cache to be free of
 * touched aliases too: sw_remember_store() keeps them apart, sweeps take them out.
 *
 * Threads      the worker that owns the query
 * Memory       the query's region, and what storing takes
 * Decisions    D-052, D-077, D-078
 */
#ifndef SW_HOST_HOLD_H
#define SW_HOST_HOLD_H

#include "host/weigh.h"

#define SW_HOLD_PARTS 3 /* an answer of more RRsets is judged twice */

struct sw_hold {
    uint64_t number; /* of the lists that everything known of the answer was judged by */
    bool held;       /* no_cache_store is set, and by us alone */
    bool lent;       /* no more, for a referral */
    bool
        private_part; /* some response was private, by itself or elsewhere: the whole answer stays so */
    bool plain;       /* the question concerns no list, by the lists of that number */
    const struct reply_info *seen; /* the latest response, if its answer concerns none either */
    size_t parts_n;                /* RRsets of that answer */
    const struct ub_packed_rrset_key *part[SW_HOLD_PARTS];
};

/** Enter a hook after which something may be stored, or nothing. Before the lists are read. */
void sw_hold_busy(struct sw_module *module, const struct module_qstate *qstate);
void sw_hold_quiet(struct sw_module *module, const struct module_qstate *qstate);

/** Let nobody store the answer. hold may be NULL (no memory): then it is not stored at all. */
void sw_hold_answer(struct module_qstate *qstate, struct sw_hold *hold);

/**
 * Keep the records of a touched answer apart from those that cached messages refer to, where the question
 * is one without recursion: the validator stores its records whatever no_cache_store says. Called before,
 * what is cached goes, and what comes in between is not replaced, as the reply's records are trusted
 * least; called after, what was stored goes. Otherwise nothing is done.
 */
void sw_hold_part(const struct module_qstate *qstate, struct reply_info *reply);

/** After operate(new) judged a name as clean: hold the answer if it may be made of touched pieces. */
void sw_hold_new(const struct sw_module *module, struct module_qstate *qstate,
                 struct sw_hold *hold);

/** Judge an upstream response, and what was known of the answer before if the lists changed. */
void sw_hold_response(const struct sw_module *module, struct module_qstate *qstate,
                      struct sw_hold *hold, const struct dns_msg *response);

/** Whether a whole answer is just what was judged when it came, by lists that have not changed since: then
 * it need not be judged again, and nobody has to be told of it. */
bool sw_hold_knows(const struct sw_module *module, const struct module_qstate *qstate,
                   const struct sw_hold *hold, const struct reply_info *reply);

/** Judge again what is known of a query that goes on because another one is finished. */
void sw_hold_resumed(const struct sw_module *module, struct module_qstate *qstate,
                     struct sw_hold *hold);

/**
 * Take a whole answer out of the message cache where it is stored by another name than the question's, the last one that
 * minimisation asked for, if lists have changed since it was judged and are concerned by that name. The
 * question's own name is for whoever judges the whole answer. hold may be NULL (no memory).
 */
void sw_hold_forget(const struct sw_module *module, const struct module_qstate *qstate,
                    const struct sw_hold *hold);

/**
 * Store a held answer, inside the read section in which it was judged clean. As any storing does, it
 * can put RRsets from the cache into the reply in place of its own, so that it has to be judged
 * once more. False: it was not held, or is not to be stored.
 */
bool sw_hold_store(const struct sw_module *module, struct module_qstate *qstate,
                   struct sw_hold *hold, struct reply_info *reply);

/** Whether answers can be stored by us: with no module in this chain that has a say in it. */
bool sw_hold_can_store(const char *module_conf);

#endif
