/*
 * hold.h - decide who stores an answer, so that no answer judged by former lists enters a cache.
 *
 * Unbound's iterator and validator store a message some microseconds after this module's last hook.
 * A worker can be descheduled in between, and the lists can change meanwhile. A change therefore
 * waits until every worker has passed a quiescent state (base/turns.h), and a query remembers the
 * epoch of the lists (sw_turns_epoch()) by which it was judged. An answer is called held
 * while this module has set no_cache_store: then neither iterator nor validator stores the answer.
 *
 * The hooks of a query, in order:
 *     operate(new)      The name is judged. While a sweep for a change runs, the answer is held if
 *                       the cache contains a message or an alias that the answer may be built from.
 *     response          An upstream response is judged. If the lists have changed since the
 *                       previous hook, all parts known so far are judged again. While a sweep runs,
 *                       an answer with aliases is held, since the targets may come from the cache.
 *                       A response that is no part of the answer, to a question of query name
 *                       minimisation, is held alone, until the next query (D-263).
 *     operate(moddone)  of a subquery that this query waits for: parts known so far are judged
 *                       again after a change, as this query may go on to a store.
 *     operate(moddone)  The complete answer is judged. If the answer was held and is clean, this
 *                       module stores the answer, inside the RCU read section of the judgement;
 *                       each change waits for that section.
 *
 * An answer that a rule changes for some client is called private (flow/decide.h), an answer that
 * is not private is called clean. While no sweep runs, the caches contain no private data. An
 * answer is then built from cached RRsets and judged responses, and so needs no holding. This
 * includes the RRset cache, which must not contain an alias of a private answer:
 * sw_remember_store() stores such aliases in a class for private use, and sweeps remove the others.
 *
 * Threads      the worker that owns the query
 * Memory       the query's region; storing allocates in Unbound's caches
 * Decisions    D-052, D-077, D-078
 */
#ifndef SW_HOST_HOLD_H
#define SW_HOST_HOLD_H

#include "host/judge.h"

#define SW_HOLD_RRSETS 3 /* RRsets noted of a response; a longer answer is judged twice */

struct sw_hold {
    /* epoch of the lists by which all known parts of the answer were judged */
    uint64_t epoch;
    bool held; /* this module, and no other, has set no_cache_store */
    /* `held` was cleared so that a referral could be cached; the next response sets `held` again */
    bool released;
    /* `held` was set for a response that is no part of the answer: until the next query upstream */
    bool passing;
    /* some response must not be cached, so the complete answer must not be cached either */
    bool private_response;
    bool no_cache;      /* no_cache_lookup was set when a response came: sw_hold_must_not_cache() */
    bool name_unlisted; /* the question matches no list, as of `epoch` */
    /* the latest response if its answer matches no list either, else NULL */
    const struct reply_info *unlisted;
    size_t rrsets_n; /* number of RRsets in that answer */
    const struct ub_packed_rrset_key *rrset[SW_HOLD_RRSETS];
};

/** Enter a hook: after sw_hold_busy() Unbound may store an answer, after sw_hold_quiet() none.
 * Called before the lists are read. */
void sw_hold_busy(struct sw_module *module, const struct module_qstate *qstate);
void sw_hold_quiet(struct sw_module *module, const struct module_qstate *qstate);

/** Hold the answer. Without hold (NULL, no memory) the answer is never stored. */
void sw_hold_answer(struct module_qstate *qstate, struct sw_hold *hold);

/**
 * Keep the RRsets of a private answer apart from the RRsets that cached messages refer to. Only for
 * a query without recursion (RD clear), since the validator then stores RRsets despite
 * no_cache_store; otherwise without effect.
 *
 * before storing  removes the cached RRsets, and marks the reply's RRsets as least trusted, so that
 *                 storing does not replace an RRset that was cached meanwhile
 * after storing   removes the RRsets that the validator has stored
 */
void sw_hold_apart(const struct module_qstate *qstate, struct reply_info *reply);

/** After operate(new) found the name clean: hold the answer if private data in the cache may
 * become part of the answer. */
void sw_hold_new(const struct sw_module *module, struct module_qstate *qstate,
                 struct sw_hold *hold);

/** Judge what is known after a response that Unbound throws away: the question, the aliases so far,
 * and the servers that were asked, but no record of the response. */
void sw_hold_failed_response(const struct sw_module *module, struct module_qstate *qstate,
                             struct sw_hold *hold, const struct query_info *asked);

/** Before a query goes upstream: hold the answer no longer for a response that is no part of it. */
void sw_hold_query(struct module_qstate *qstate, struct sw_hold *hold);

/** Judge an upstream response; after a change of the lists also the parts known before. */
void sw_hold_response(const struct sw_module *module, struct module_qstate *qstate,
                      struct sw_hold *hold, const struct dns_msg *response);

/** Whether a complete answer equals the response that was judged on arrival, and the lists have
 * not changed since. Such an answer matches no list and need not be judged again. */
bool sw_hold_knows(const struct sw_module *module, const struct module_qstate *qstate,
                   const struct sw_hold *hold, const struct reply_info *reply);

/** Judge the known parts of a query again when the query resumes after a subquery. */
void sw_hold_resumed(const struct sw_module *module, struct module_qstate *qstate,
                     struct sw_hold *hold);

/**
 * With query minimisation, the iterator can store the complete answer under the last minimised
 * name. If the lists have changed since that response was judged and now match that name, remove
 * this message from the message cache. The message under the question's own name is left to the
 * caller. hold may be NULL (no memory).
 */
void sw_hold_forget(const struct sw_module *module, const struct module_qstate *qstate,
                    const struct sw_hold *hold);

/**
 * Whether the answer is of a zone with stub-no-cache or forward-no-cache, or of an always-forward
 * client subnet. The iterator or subnetcache then sets no_cache_lookup; subnetcache clears the flag
 * at the end of each query, so the flag is noted at each response. Any hook of the query.
 */
bool sw_hold_must_not_cache(const struct module_qstate *qstate, const struct sw_hold *hold);

/** Store a held answer, inside the read section in which the answer was judged clean. Like any
 * store, this can replace RRsets of the reply by RRsets from the cache, so the caller has to
 * judge the reply again. False: the answer was not held, or must not be stored. */
bool sw_hold_store(const struct sw_module *module, struct module_qstate *qstate,
                   struct sw_hold *hold, struct reply_info *reply);

/** Whether this module may store answers itself: module-config contains only modules that do not
 * interfere. */
bool sw_hold_can_store(const char *module_conf);

#endif
