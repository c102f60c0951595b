/*
 * policy.h - the policy of a list: kind, action, triggers, and the JSON form.
 *
 * A list is a named set of indicators with a policy. The policy is a JSON object in the Redis
 * hash {prefix}:lists (module/REDIS.md). The sinkwatch command writes policies, the feeder parses
 * them, the index publishes them, and the decide stage reads them.
 *
 * Threads      pure functions, any thread
 * Standards    action names as in RPZ (draft-vixie-dnsop-dns-rpz); EDE codes RFC 8914
 * Decision     D-055
 */
#ifndef SW_BASE_POLICY_H
#define SW_BASE_POLICY_H

#include "base/addr.h"
#include "base/localdata.h"
#include "base/name.h"
#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

#define SW_LISTNAME_MAX 64  /* with NUL; a-z 0-9 . _ - and not empty */
#define SW_NOTE_MAX     128 /* with NUL */
#define SW_DECLARED_MAX 96  /* with NUL: a declared owner */
#define SW_OWNERS_MAX   768 /* with NUL: all declared owners, a line each */
#define SW_APPLIES_MAX  256 /* with NUL: names of groups, a line each */
#define SW_RECORD_TEXTS 768 /* with NUL: all records of local data as text, a line each */
#define SW_WHY_MAX      320 /* room for the reason of a refusal, with NUL */

enum sw_kind {
    SW_KIND_IOC,       /* indicators of compromise: acted on */
    SW_KIND_ALLOW,     /* exempts names and addresses from every other list */
    SW_KIND_WATCH,     /* names with a history of owners; never acted on */
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
    SW_ACTION_SINKHOLE, /* landing address for A and AAAA, local data; NODATA for the rest */
    SW_ACTION_CNAME,    /* alias to a walled-garden name, which is resolved */
    SW_ACTION_COUNT
};

/* The part of a query or answer that an indicator can match. Order of precedence: flow/match.h. */
enum sw_trigger {
    SW_TRIGGER_QNAME,   /* the queried name */
    SW_TRIGGER_CNAME,   /* an alias in the answer */
    SW_TRIGGER_ADDRESS, /* an address in the answer */
    SW_TRIGGER_ASN,     /* the AS of an address in the answer */
    SW_TRIGGER_NSDNAME, /* a name server of a zone that the answer comes from */
    SW_TRIGGER_NSIP,    /* the address of such a name server, or the AS of that address */
    SW_TRIGGER_CLIENT,  /* the address of the client, or the AS of that address */
    SW_TRIGGER_COUNT
};

#define SW_TRIGGER_BIT(trigger) (1u << (trigger))

/* The limits of ownership that a list may set for its names (owner/limits.h). */
enum sw_limit {
    SW_LIMIT_BASELINE_DAYS,
    SW_LIMIT_BASELINE_COUNT,
    SW_LIMIT_FLUX_HOURS,
    SW_LIMIT_FLUX_AS,
    SW_LIMIT_FLUX_PERCENT,
    SW_LIMIT_COUNT
};

#define SW_LIMIT_UNSET UINT32_MAX /* as in the settings of the resolver */

/* The triggers of a list without the member "triggers" in the policy. */
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
    struct sw_name cname; /* len 0: the default walled garden of the settings; with an asterisk
                              as first label the queried name goes in its place */
    char record_text[SW_RECORD_TEXTS]; /* local data for action sinkhole, a line each */
    struct sw_local_data records;      /* the same */
    uint32_t ttl;                      /* seconds on rewritten answers; default 60, 0..86400 */
    uint32_t lifetime;       /* seconds after which writers let new indicators expire; 0: never */
    uint16_t ede;            /* SW_EDE_AUTO, SW_EDE_OFF or a code of RFC 8914 */
    uint8_t triggers;        /* SW_TRIGGER_BIT of each trigger of the list; never 0 */
    char owner[SW_NOTE_MAX]; /* kind protected, known: name of the owner; "" not given */
    char note[SW_NOTE_MAX];
    char justification[SW_NOTE_MAX]; /* structured errors: text for clients; "" as in settings */
    uint8_t sub_error;               /* structured errors: 0 not given */
    char owners[SW_OWNERS_MAX];      /* kind watch: declared owners of the names' addresses: AS
                                      numbers, prefixes, registrants, a line each; "" not given */
    char groups[SW_APPLIES_MAX];     /* kind ioc, allow: client groups that the list applies to, a
                                      line each; "" all clients */
    char ns_owners[SW_OWNERS_MAX];   /* as owners, for the addresses of the names' name servers */
    uint32_t limit[SW_LIMIT_COUNT];  /* kind ioc, watch: limits of ownership, SW_LIMIT_UNSET */
};

/** Defaults for a list of this name: ioc, monitor, priority 1000, ttl 60, EDE auto. */
void sw_policy_init(struct sw_policy *policy, const char *name);

/**
 * Parse and validate policy JSON: {"kind":"ioc","action":"sinkhole","priority":100,
 * "shadow":false,"observe":false,"sinkhole4":"192.0.2.1","sinkhole6":"2001:db8::1",
 * "cname":"garden.example","records":["TXT \"blocked\""],"ttl":60,"lifetime":604800,
 * "ede":"auto"|"off"|15,"owner":"...","note":"...","owners":["AS64500"],"ns_owners":[...],
 * "groups":["kids"],"triggers":["client"],"justification":"...","sub_error":1,
 * "baseline_days":7,"baseline_count":3,"flux_hours":24,"flux_as_min":5,"flux_as_percent":50}.
 * All members optional; "" and "{}" mean the defaults. Unknown members are an error, so that a
 * misspelt member is noticed.
 *
 * out  set only on SW_OK
 * why  SW_WHY_MAX octets, set on failure: the member, the value, the allowed values
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

/** Names as users write them, such as "tcp-only"; never NULL for values in range. */
const char *sw_kind_name(enum sw_kind kind);
const char *sw_action_name(enum sw_action action);
const char *sw_trigger_name(enum sw_trigger trigger);

/** The member of the policy for a limit, such as "flux_hours". */
const char *sw_limit_name(enum sw_limit limit);

/** Reverse of the above; SW_ENOTFOUND. */
enum sw_status sw_trigger_parse(const char *text, enum sw_trigger *out);
enum sw_status sw_kind_parse(const char *text, enum sw_kind *out);
enum sw_status sw_action_parse(const char *text, enum sw_action *out);

/** Whether a walled garden begins with an asterisk, in whose place the queried name goes. */
static inline bool sw_garden_is_wild(const struct sw_name *garden)
{
    return garden->len > 3 && garden->wire[0] == 1 && garden->wire[1] == '*';
}

/** A walled garden as policies have it: "garden.example", "*.garden.example". Returns text. */
const char *sw_garden_text(const struct sw_name *garden, char text[SW_NAMETEXT_MAX]);

/** Whether a list can change an answer: kind ioc, not in shadow mode, an action other than
 * passthru and monitor. Any other list leaves every answer true. */
static inline bool sw_policy_rewrites(const struct sw_policy *policy)
{
    return policy->kind == SW_KIND_IOC && !policy->shadow && policy->action != SW_ACTION_PASSTHRU &&
           policy->action != SW_ACTION_MONITOR;
}

/** Whether this action is answered without a query to upstream servers: all but passthru, monitor
 * and tcp-only. The action cname resolves the walled garden only. */
bool sw_action_needs_no_answer(enum sw_action action);

#endif
