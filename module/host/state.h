/*
 * state.h - the state of a query, shared by the files of its path (path.h, owed.h).
 *
 * Threads      the worker that owns the query state
 * Memory       the query's region
 */
#ifndef SW_HOST_STATE_H
#define SW_HOST_STATE_H

#include "host/hold.h"
#include "host/outcome.h"

enum phase {
    PHASE_RESOLVE,     /* the true answer is being resolved */
    PHASE_GARDEN,      /* a walled garden is being resolved; no true answer is needed */
    PHASE_GARDEN_LATE, /* a walled garden is being resolved; the true answer is complete */
    PHASE_MADE,        /* the reply was made here; nothing was asked upstream */
    PHASE_JUDGED,      /* the true answer was judged: a hit or private */
    PHASE_CLEAN,       /* the true answer was judged: neither a hit nor private */
};

/* NULL for exempt queries only. */
struct path_state {
    enum phase phase;
    struct sw_hold hold; /* whether and by whom the answer may be stored */
    /* the reply that was judged, and that the outcomes' verdicts and events are about */
    const struct reply_info *judged;
    struct reply_info *truth; /* shallow copy of the reply before rewriting */
    bool was_secure;          /* truth was secure; lowered to clear the AD bit */
    size_t outcomes_n;        /* 0: no hit; 1: the same verdict for all clients */
    struct sw_outcome *outcomes;
    /* the outcomes of the previous judgement: their resolved gardens are taken over */
    size_t former_n;
    const struct sw_outcome *former;
    /* some list has trigger client, so each client's own rules must be looked up as well
     * (client_outcome.h) */
    bool by_client;
    /* walled gardens from rules with trigger client, for the clients that waited at the
     * judgement */
    size_t gardens_n;
    struct sw_outcome *gardens;     /* room for SW_CLIENT_GARDENS_MAX, or NULL */
    size_t udp_room;                /* result of sw_explain_room(), 0: not called */
    bool remembered;                /* the true answer was remembered (remember.h) */
    bool stale;                     /* and had expired */
    bool no_memory;                 /* memory was out for the latest judgement */
    bool private;                   /* Unbound must not serve the true answer from the cache */
    size_t aliases;                 /* length of the chain at the last judgement (chain.h) */
    bool type_hidden;               /* the alias in answer to type A is not cached (D-256) */
    bool failed;                    /* resolution failed; the message is sw_chain_failure() */
    const struct mesh_reply *asker; /* the first client, NULL: the resolver itself */
    struct sw_owed *owed;           /* noted clients, hits to be recorded (owed.h) */
    struct sw_owed *next_owed;      /* noted client expected to be replied to next, or NULL */
};

#endif
