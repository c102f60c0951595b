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

#define SW_MATCH_MAX 16 /* hits kept for one answer: those that win first */

/* match -> decide, record: one rule and what it matched. Valid inside the RCU section only. */
struct sw_found {
    struct sw_hit hit;
    enum sw_trigger trigger;
    const uint8_t *name; /* trigger qname, cname, nsdname: the name that was asked for */
    struct sw_addr addr; /* the other triggers */
};

/* match -> decide, record. */
struct sw_match {
    size_t n;
    struct sw_found found[SW_MATCH_MAX]; /* the rule that wins first comes first */
    bool acted_on;                       /* some list of kind ioc matched */
    bool watched;                        /* some list of kind watch matched */
    bool grouped;                        /* some list that matched is for some client groups only */
    bool tracked;                        /* an address of the answer is tracked */
    bool by_client;   /* lists of clients are in force: who asks has to be matched, too */
    bool clients_act; /* among them one of kind ioc */
};

/** Whether the message must not live in the cache, where it would be served without us. */
static inline bool sw_match_uncached(const struct sw_match *match)
{
    return match->acted_on || match->clients_act;
}

#define SW_NO_WINNER 0xff

/* decide -> act, record: copies only, so that it outlives the RCU section. */
struct sw_verdict {
    uint8_t winner;        /* index into the match, SW_NO_WINNER: no rule acts */
    enum sw_action wanted; /* of the winner's list; PASSTHRU when an allow list won */
    enum sw_action taken;  /* what the client gets; MONITOR or PASSTHRU: the true answer */
    uint16_t priority;     /* of the winner's list */
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
