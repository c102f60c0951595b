/*
 * state.h - what the module keeps for one query, shared by the files of its way (path.h, owed.h).
 *
 * Threads      the worker that owns the query state
 * Memory       the query's region
 */
#ifndef SW_HOST_STATE_H
#define SW_HOST_STATE_H

#include "host/cases.h"
#include "host/hold.h"

enum phase {
    PHASE_RESOLVE,     /* the true answer is on its way */
    PHASE_GARDEN,      /* waiting for the walled garden, instead of a true answer */
    PHASE_GARDEN_LATE, /* waiting for the walled garden, the true answer is here */
    PHASE_MADE,        /* our own reply was made; nothing was asked upstream */
    PHASE_JUDGED,      /* the true answer was judged */
    PHASE_CLEAN,       /* likewise, and nothing acts on it */
};

/* NULL for exempt queries only. */
struct path_state {
    enum phase phase;
    struct sw_hold hold;             /* who may store the answer */
    const struct reply_info *judged; /* the reply that verdict and event speak of */
    struct reply_info *truth;        /* its fields before any rewriting */
    bool was_secure;                 /* truth had security secure, lowered for the AD bit */
    size_t cases_n;                  /* 0: none; 1: all clients get the same */
    struct sw_case *cases;
    size_t former_n; /* cases of the judgement before: the gardens that they have are kept */
    const struct sw_case *former;
    bool by_client;   /* lists of clients are in force: what a case says is not all (own.h) */
    size_t gardens_n; /* of rules about clients: those who waited when it was judged */
    struct sw_case *gardens; /* room for SW_OWN_GARDENS_MAX, or NULL */
    size_t udp_room;         /* of sw_explain_room(), 0: not looked */
    bool remembered;         /* the true answer is one that we had kept */
    bool private;            /* the true answer may not be in the message cache */
    size_t aliases;          /* as many were judged on the way (chain.h) */
    bool failed;             /* resolving failed; the message is that of sw_chain_failure() */
    const struct mesh_reply *asker; /* who asked first, NULL: the resolver itself */
    struct sw_owed *owed;           /* clients whose hits are to be recorded, see owed.h */
    struct sw_owed *next_owed;      /* whose reply is expected next, or NULL */
};

#endif
