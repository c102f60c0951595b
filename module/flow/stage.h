/*
 * stage.h - the structures between the five stages: query -> match -> decide -> act -> draft.
 *
 * A client's query, step by step:
 *   query   reads question and client, and walks the answer            (sees Unbound's types)
 *   match   asks the index about names, addresses, AS; sorts the rules (plain)
 *   decide  picks the winning rule and the action                      (plain)
 *   act     turns the verdict into the reply for this client           (sees Unbound's types)
 *   draft   writes an event for the worker's ring                      (plain)
 *
 * Threads      every structure belongs to a single worker: on its stack, or in the query's region
 * Memory       no pointer into the index leaves its RCU section: verdicts and events are copies
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
#include <string.h>

/* The data that the stages read; made at init, constant while workers run. */
struct sw_flow {
    const struct sw_settings *settings;
    const struct sw_index *index;
    const struct sw_owners *owners;
    const struct sw_feed *feed; /* for tracked addresses; NULL in tests */
    struct sw_addr translation; /* prefix of DNS64 (RFC 6147); family 0: none */
};

/* query -> match, draft. Names are borrowed from the query. */
struct sw_question {
    const uint8_t *qname; /* wire form, any letter case */
    size_t qname_len;
    uint16_t qtype;
    uint16_t qclass;
};

/* query -> decide, draft. */
struct sw_client {
    struct sw_addr addr; /* family 0: unknown */
    uint16_t port;
    bool tcp; /* TCP, TLS or HTTPS */
    bool cd;
    bool dnssec_ok;
};

#define SW_MATCH_MAX 16 /* rules kept for the record of an answer */

/* Transports that an action can distinguish; a set of transports consists of SW_OVER_BIT. */
enum sw_over { SW_OVER_UDP, SW_OVER_TCP, SW_OVER_COUNT };
#define SW_OVER_BIT(over) (1u << (over))
#define SW_OVER_ANY       ((1u << SW_OVER_COUNT) - 1)

/** The transport of a client. */
static inline enum sw_over sw_client_over(const struct sw_client *client)
{
    return client->tcp ? SW_OVER_TCP : SW_OVER_UDP;
}

/* The stage of resolution at which a rule matched: SW_STAGE_QUESTION, each alias of the chain in
 * turn (1, 2, ...), SW_STAGE_ANSWER for addresses and name servers of the answer. */
#define SW_STAGE_QUESTION 0
#define SW_STAGE_ANSWER   UINT8_MAX

/* match -> decide, draft: a rule that matched, and the matched name or address. Valid inside
 * the RCU section only. */
struct sw_found {
    struct sw_hit hit;
    uint64_t order; /* the smaller goes first (flow/match.c) */
    enum sw_trigger trigger;
    uint8_t stage;
    uint32_t groups;     /* client groups of the list: bit i for group i */
    const uint8_t *name; /* triggers qname, cname, nsdname: the name looked up */
    struct sw_addr addr; /* the other triggers: the address looked up */
};

/** Whether a watch list declares owners and covers a target of an alias. */
static inline bool sw_found_declares(const struct sw_found *found)
{
    return found->hit.list->kind == SW_KIND_WATCH && found->trigger == SW_TRIGGER_CNAME &&
           found->hit.list->owners[0] != '\0';
}

/** The needs of ownership (journal/history/sight.h) that a rule meets, a bit for each: a name on a
 * list of kind ioc, a watch list, a watch list that declares the owners of an alias. A rule about
 * an address says nothing about the name. */
static inline unsigned sw_found_needs(const struct sw_found *found)
{
    bool by_name = found->trigger == SW_TRIGGER_QNAME || found->trigger == SW_TRIGGER_CNAME;
    return (found->hit.list->kind == SW_KIND_IOC && by_name ? 1U : 0U) |
           (found->hit.list->kind == SW_KIND_WATCH ? 2U : 0U) |
           (sw_found_declares(found) ? 4U : 0U);
}

/*
 * An audience: a set of client groups to which the same rules apply, with the best of these rules
 * so far. A rule binds a client unless the rule leaves the client's answer alone for a reason of
 * its own: the list is in shadow mode, the action is tcp-only and the client uses TCP, or the rule
 * would alias a walled garden to itself.
 */
struct sw_audience {
    uint32_t groups;                        /* bit i: group i; group 0: clients in no group */
    const uint8_t *qname;                   /* as in struct sw_match */
    uint32_t rules;                         /* number of rules that matched, whether kept or not */
    bool acted_on;                          /* some list of kind ioc matched */
    bool by_transport;                      /* some rule binds clients of one transport only */
    bool any;                               /* `first` is set */
    bool binds[SW_OVER_COUNT];              /* `binding` is set */
    bool decided[SW_OVER_COUNT];            /* `binding` is final: its stage is over */
    struct sw_found first;                  /* best rule that acts or exempts */
    struct sw_found binding[SW_OVER_COUNT]; /* best rule that binds clients of this transport */
};

#define SW_AUDIENCES_MAX 32 /* an audience for each group */

/* match -> decide, draft. */
struct sw_match {
    const uint8_t *qname;                    /* name asked for; NULL: unknown */
    size_t n;                                /* kept rules: ioc and allow first, in order */
    struct sw_found found[SW_MATCH_MAX + 1]; /* the last one: room to insert */
    size_t audiences_n; /* 1 unless a list that matched is limited to some groups */
    struct sw_audience audience[SW_AUDIENCES_MAX]; /* disjoint; together all groups */
    uint32_t rules;       /* number of rules that matched, for any client */
    bool acted_on;        /* some list of kind ioc matched */
    bool watched;         /* some list of kind watch matched */
    bool tracked;         /* an address of the answer is tracked */
    bool by_client;       /* some list has trigger client, so the client must be matched as well */
    bool clients_act;     /* some list of kind ioc has trigger client */
    bool clients_rewrite; /* some list with trigger client can change an answer */
    bool armed;           /* some list that can change an answer matched, whichever rule wins */
    bool by_server;       /* some list of kind ioc or allow matched a name server */
};

/** Whether the query of some client is a hit: by this match, or by the client's address. */
static inline bool sw_match_records(const struct sw_match *match)
{
    return match->acted_on || match->clients_act;
}

/* match -> draft: the rules of an audience that an event names. Valid inside the RCU section
 * only. */
struct sw_hits {
    size_t n;
    const struct sw_found *rule[SW_MATCH_MAX + 1]; /* the winner may be none of the kept rules */
    const struct sw_found *winner;                 /* the first rule, or NULL */
    uint32_t more; /* number of rules that matched and are not in `rule` */
};

/* decide -> act, draft: only copies, so that a verdict stays valid after the RCU section. The last
 * three members are long and mostly empty: sw_verdict_copy(). */
struct sw_verdict {
    bool wins;             /* a rule decided; false: none acts or exempts */
    enum sw_action wanted; /* action of the winner's list; PASSTHRU for an allow list */
    enum sw_action taken;  /* the client's action; MONITOR or PASSTHRU: the true answer */
    bool shadow;
    bool observe;
    uint8_t sub_error; /* for structured errors; without them 0 and `justification` "" */
    uint16_t ede;      /* EDE code to send, SW_EDE_OFF: none */
    uint32_t ttl;
    struct sw_addr sinkhole4, sinkhole6; /* family 0: none */
    char list[SW_LISTNAME_MAX];
    struct sw_name cname;         /* len 0: none; the asterisk is replaced */
    struct sw_local_data records; /* local data */
    char justification[SW_NOTE_MAX];
};

/** Copy the used part of a verdict (D-255). */
static inline void sw_verdict_copy(struct sw_verdict *to, const struct sw_verdict *from)
{
    memcpy(to, from, offsetof(struct sw_verdict, cname));
    to->cname.len = from->cname.len;
    if (from->cname.len)
        memcpy(to->cname.wire, from->cname.wire, from->cname.len);
    to->records.len = from->records.len;
    if (from->records.len)
        memcpy(to->records.octets, from->records.octets, from->records.len);
    to->justification[0] = '\0';
    if (from->justification[0])
        memcpy(to->justification, from->justification, sizeof(to->justification));
}

/** Whether the verdict changes the client's answer. */
static inline bool sw_verdict_rewrites(const struct sw_verdict *verdict)
{
    return verdict->taken != SW_ACTION_MONITOR && verdict->taken != SW_ACTION_PASSTHRU;
}

#endif
