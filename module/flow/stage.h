/*
 * stage.h - what the five stages hand to each other: query -> match -> decide -> act -> record.
 *
 * One client query, step by step:
 *   query   reads what is asked, by whom, and walks the answer          (sees Unbound's types)
 *   match   asks the index about names, addresses, AS; sorts the hits    (plain)
 *   decide  picks the rule that wins and what is to be done              (plain)
 *   act     turns that into the reply for this client                    (sees Unbound's types)
 *   record  writes an event into the worker's ring                       (plain)
 *
 * Threads      everything here lives on one worker: on its stack, or in the query's region
 * Memory       no pointer into the index leaves the RCU section in which it was got: a verdict
 *              and an event hold copies
 */
#ifndef SW_FLOW_STAGE_H
#define SW_FLOW_STAGE_H

#include "base/addr.h"
#include "base/event.h"
#include "base/name.h"
#include "base/policy.h"
#include "base/settings.h"
#include "feed/feed.h"
#include "index/index.h"
#include "owner/owner.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the stages read; made at init, constant while workers run. */
struct sw_flow {
    const struct sw_settings *settings;
    const struct sw_index *index;
    const struct sw_owners *owners;
    const struct sw_feed *feed; /* for tracked addresses; NULL in tests */
    struct sw_addr translation; /* prefix of DNS64 (RFC 6147); family 0: none */
};

/* query -> match, record. Names are borrowed from the query. */
struct sw_question {
    const uint8_t *qname; /* wire form, any letter case */
    size_t qname_len;
    uint16_t qtype;
    uint16_t qclass;
};

/* query -> decide, record. */
struct sw_client {
    struct sw_addr addr; /* family 0: not known */
    uint16_t port;
    bool tcp; /* TCP, TLS or HTTPS */
    bool cd;
    bool dnssec_ok;
};

#define SW_MATCH_MAX 16 /* rules kept for the record of one answer */

/* Transports that an action can tell apart; SW_OVER_BIT of each in a set. */
enum sw_over { SW_OVER_UDP, SW_OVER_TCP, SW_OVER_COUNT };
#define SW_OVER_BIT(over) (1u << (over))
#define SW_OVER_ANY       ((1u << SW_OVER_COUNT) - 1)

/** The transport of a client. */
static inline enum sw_over sw_client_over(const struct sw_client *client)
{
    return client->tcp ? SW_OVER_TCP : SW_OVER_UDP;
}

/* When a resolver learns what a rule matched: the question, each alias of the chain in turn (1, 2,
 * ...), the addresses and name servers of the answer. */
#define SW_STAGE_QUESTION 0
#define SW_STAGE_ANSWER   UINT8_MAX

/* match -> decide, record: one rule and what it matched. Valid inside the RCU section only. */
struct sw_found {
    struct sw_hit hit;
    uint64_t order; /* smaller goes before (flow/match.c) */
    enum sw_trigger trigger;
    uint8_t stage;
    uint32_t groups;     /* client groups that the list is for: bit i for group i */
    const uint8_t *name; /* trigger qname, cname, nsdname: the name that was asked for */
    struct sw_addr addr; /* the other triggers */
};

/*
 * The clients for whom the same rules apply, and the best of these rules so far. A rule binds a client
 * unless it leaves the client's answer alone for a reason of its own: its list is in shadow mode, its
 * action is tcp-only and the client uses TCP, or it would alias a walled garden to itself.
 */
struct sw_part {
    uint32_t groups;                        /* bit i: group i; group 0 is who is in none */
    uint32_t rules;                         /* how many matched, those that are not kept included */
    bool acted_on;                          /* a list of kind ioc among them */
    bool any;                               /* first is set */
    bool binds[SW_OVER_COUNT];              /* binding is set */
    bool decided[SW_OVER_COUNT];            /* by binding, at a stage that is over */
    struct sw_found first;                  /* of those that act or exempt */
    struct sw_found binding[SW_OVER_COUNT]; /* of those that bind a client of this transport */
};

#define SW_PARTS_MAX 32 /* one group in each */

/* match -> decide, record. */
struct sw_match {
    const uint8_t *qname; /* what is asked for; NULL: not said */
    size_t n;             /* rules kept: of ioc and allow first, in their order */
    struct sw_found found[SW_MATCH_MAX];
    size_t parts_n;                    /* 1 unless a rule that matched is for some groups only */
    struct sw_part part[SW_PARTS_MAX]; /* together they are all groups */
    uint32_t rules;                    /* how many matched, for whomever */
    bool acted_on;                     /* some list of kind ioc matched */
    bool watched;                      /* some list of kind watch matched */
    bool tracked;                      /* an address of the answer is tracked */
    bool by_client;       /* lists of clients are in force: who asks has to be matched, too */
    bool clients_act;     /* among them one of kind ioc */
    bool clients_rewrite; /* among those one that can change an answer */
    bool armed;           /* some list that can change an answer matched, whichever rule wins */
    bool by_server;       /* some list of kind ioc or allow matched a name server */
};

/** Whether some client's query is a hit: of this match, or of the client itself. */
static inline bool sw_match_records(const struct sw_match *match)
{
    return match->acted_on || match->clients_act;
}

/* match -> record: the rules of one part that an event names. Valid inside the RCU section only. */
struct sw_hits {
    size_t n;
    const struct sw_found *rule[SW_MATCH_MAX];
    const struct sw_found *winner; /* the first of them, or NULL */
    uint32_t more;                 /* rules that matched and are not among them */
};

/* decide -> act, record: copies only, so that it outlives the RCU section. */
struct sw_verdict {
    bool wins;             /* a rule decided; false: none acts or exempts */
    enum sw_action wanted; /* of the winner's list; PASSTHRU when an allow list won */
    enum sw_action taken;  /* what the client gets; MONITOR or PASSTHRU: the true answer */
    bool shadow;
    bool observe;
    uint16_t ede; /* code to send, SW_EDE_OFF: none */
    uint32_t ttl;
    struct sw_addr sinkhole4, sinkhole6; /* family 0: none */
    struct sw_name cname;                /* len 0: none */
    char list[SW_LISTNAME_MAX];
    char justification[SW_NOTE_MAX]; /* for structured errors: "" and 0 without them */
    uint8_t sub_error;
};

/** Whether the verdict changes the answer that the client gets. */
static inline bool sw_verdict_rewrites(const struct sw_verdict *verdict)
{
    return verdict->taken != SW_ACTION_MONITOR && verdict->taken != SW_ACTION_PASSTHRU;
}

#endif
