/*
 * policy.h - what a list is and what it wants done: kinds, actions, triggers, policy JSON.
 *
 * A list is a named set of indicators with one policy. The policy is a JSON object in the Redis
 * hash {prefix}:lists (module/REDIS.md). The feeder parses it, the index publishes it, decide
 * reads it, the command-line tool writes it.
 *
 * Threads      pure functions, any thread
 * Standards    action names as in RPZ (draft-vixie-dnsop-dns-rpz); EDE codes RFC 8914
 */
#ifndef SW_BASE_POLICY_H
#define SW_BASE_POLICY_H

#include "base/addr.h"
#include "base/name.h"
#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

#define SW_LISTNAME_MAX 64  /* with NUL; a-z 0-9 . _ - and not empty */
#define SW_NOTE_MAX     128 /* with NUL */
#define SW_DECLARED_MAX 96  /* with NUL: one declared owner */
#define SW_OWNERS_MAX   768 /* with NUL: all of them, one on each line */
#define SW_APPLIES_MAX  256 /* with NUL: names of groups, one on each line */
#define SW_WHY_MAX      200 /* room for a message that says why something was refused */

enum sw_kind {
    SW_KIND_IOC,       /* indicators of compromise: acted on */
    SW_KIND_ALLOW,     /* exempts what it names from every other list */
    SW_KIND_WATCH,     /* names whose ownership is observed; never acted on */
    SW_KIND_PROTECTED, /* owners that no indicator should point into; never acted on */
    SW_KIND_KNOWN,     /* sinkhole, parking, CDN operators: benign explanations */
    SW_KIND_COUNT
};

enum sw_action {
    SW_ACTION_PASSTHRU, /* true answer, exempt */
    SW_ACTION_MONITOR,  /* true answer, recorded */
    SW_ACTION_NXDOMAIN,
    SW_ACTION_NODATA,
    SW_ACTION_REFUSED,
    SW_ACTION_DROP,     /* no answer at all */
    SW_ACTION_TCP_ONLY, /* TC over UDP, true answer over TCP */
    SW_ACTION_SINKHOLE, /* landing address for A and AAAA, NODATA for the rest */
    SW_ACTION_CNAME,    /* alias to a walled-garden name, which is resolved */
    SW_ACTION_COUNT
};

/* What an indicator can match. Which goes first: flow/match.h. */
enum sw_trigger {
    SW_TRIGGER_QNAME,   /* the name that is asked for */
    SW_TRIGGER_CNAME,   /* an alias in the answer */
    SW_TRIGGER_ADDRESS, /* an address in the answer */
    SW_TRIGGER_ASN,     /* the AS of one */
    SW_TRIGGER_NSDNAME, /* a name server of a zone that the answer comes from */
    SW_TRIGGER_NSIP,    /* the address of one, or the AS that it is in */
    SW_TRIGGER_CLIENT,  /* the address of who asks, or the AS that it is in */
    SW_TRIGGER_COUNT
};

#define SW_TRIGGER_BIT(trigger) (1u << (trigger))

/* What the indicators of a list match when its policy does not say. */
#define SW_TRIGGERS_DEFAULT                                                                        \
    (SW_TRIGGER_BIT(SW_TRIGGER_QNAME) | SW_TRIGGER_BIT(SW_TRIGGER_CNAME) |                         \
     SW_TRIGGER_BIT(SW_TRIGGER_ADDRESS) | SW_TRIGGER_BIT(SW_TRIGGER_ASN))
#define SW_TRIGGERS_SERVER (SW_TRIGGER_BIT(SW_TRIGGER_NSDNAME) | SW_TRIGGER_BIT(SW_TRIGGER_NSIP))

#define SW_EDE_AUTO 0xffff /* pick the code that fits the action */
#define SW_EDE_OFF  0xfffe

struct sw_policy {
    char name[SW_LISTNAME_MAX];
    enum sw_kind kind;
    enum sw_action action;    /* meaning only for kind ioc; passthru for allow */
    uint16_t priority;        /* smaller wins; 0..65535, default 1000 */
    bool shadow;              /* decide and record, send the true answer */
    bool observe;             /* resolve the true answer even if the action needs none */
    struct sw_addr sinkhole4; /* family 0: the default landing address of the settings */
    struct sw_addr sinkhole6;
    struct sw_name cname;    /* len 0: the default walled garden of the settings */
    uint32_t ttl;            /* seconds on rewritten answers; default 60, 0..86400 */
    uint32_t lifetime;       /* seconds after which writers let new indicators expire; 0: never */
    uint16_t ede;            /* SW_EDE_AUTO, SW_EDE_OFF or a code of RFC 8914 */
    uint8_t triggers;        /* SW_TRIGGER_BIT of each that its indicators match; never 0 */
    char owner[SW_NOTE_MAX]; /* kind protected, known: whose; "" when not said */
    char note[SW_NOTE_MAX];
    char justification[SW_NOTE_MAX]; /* structured errors: why, for clients; "": the settings' */
    uint8_t sub_error;               /* structured errors: 0: not said */
    char owners[SW_OWNERS_MAX];    /* kind watch: whose addresses its names should have: AS numbers,
                                      prefixes, registrants, one on each line; "" not said */
    char groups[SW_APPLIES_MAX];   /* kind ioc, allow: client groups that it applies to, one on each
                                      line; "" everybody */
    char ns_owners[SW_OWNERS_MAX]; /* the same for the addresses of their name servers */
};

/** Defaults for a list of this name: ioc, monitor, priority 1000, ttl 60, EDE auto. */
void sw_policy_init(struct sw_policy *policy, const char *name);

/**
 * Parse and validate policy JSON: {"kind":"ioc","action":"sinkhole","priority":100,
 * "shadow":false,"observe":false,"sinkhole4":"192.0.2.1","sinkhole6":"2001:db8::1",
 * "cname":"garden.example","ttl":60,"lifetime":604800,"ede":"auto"|"off"|15,"owner":"...",
 * "note":"...","owners":["AS64500","192.0.2.0/24","Registrant"],"ns_owners":[...],
 * "groups":["kids"],"triggers":["client"],"justification":"...","sub_error":1}.
 * All members optional; "" and "{}" mean the defaults. Unknown members are an error, so that a
 * misspelt one is noticed.
 *
 * out  set only on SW_OK
 * why  SW_WHY_MAX bytes, set on failure: which member, what it was, what is allowed
 *
 * SW_OK; SW_ESYNTAX (no JSON object); SW_EINVAL (a member).
 */
enum sw_status sw_policy_parse(const char *name, const char *json, size_t json_len,
                               struct sw_policy *out, char why[SW_WHY_MAX]);

/** Policy as JSON with the members that differ from the defaults, kind and action always.
 * Caller frees with free(); NULL when out of memory. */
char *sw_policy_json(const struct sw_policy *policy);

/** Whether text is a permitted list name. */
bool sw_listname_ok(const char *text);

/** Names as users write them ("tcp-only"); never NULL for values in range. */
const char *sw_kind_name(enum sw_kind kind);
const char *sw_action_name(enum sw_action action);
const char *sw_trigger_name(enum sw_trigger trigger);

/** Reverse of the above; SW_ENOTFOUND. */
enum sw_status sw_trigger_parse(const char *text, enum sw_trigger *out);
enum sw_status sw_kind_parse(const char *text, enum sw_kind *out);
enum sw_status sw_action_parse(const char *text, enum sw_action *out);

/** Whether a list can change an answer: kind ioc, not in shadow mode, an action other than passthru and
 * monitor. Any other list leaves every answer true. */
static inline bool sw_policy_rewrites(const struct sw_policy *policy)
{
    return policy->kind == SW_KIND_IOC && !policy->shadow && policy->action != SW_ACTION_PASSTHRU &&
           policy->action != SW_ACTION_MONITOR;
}

/** Whether this action is answered without asking upstream (all but passthru, monitor,
 * tcp-only; cname resolves its own target only). */
bool sw_action_needs_no_answer(enum sw_action action);

#endif
