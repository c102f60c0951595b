/*
 * anomaly.h - odd ownership, as pure functions over an observation, its history and the lists.
 *
 * Each anomaly states facts with their evidence, never intent:
 *   protected-owner   an indicator's name resolves into an owner that a `protected` list names
 *   shared-address    other names were seen on an address that an indicator's name resolves to
 *   unexpected-owner  a watched name resolves outside the owners that its watch list declares
 *   owner-change      a name is in a new AS after a long enough time in other AS
 *   owner-flux        many AS for a name's addresses within a window
 *   special-address   the address is in a block for special use (special.h)
 *   no-owner          the AS databases do not know the address: nobody announces such a prefix
 * A `known` list that covers the address or the AS is reported along as an explanation.
 *
 * The caller notes an observation in the history first, then asks. The answer depends on nothing
 * else: a second or later question gives the same answer. The caller raises each anomaly only once
 * (journal/history/sight.h). The same rules judge the addresses of a zone's name servers.
 *
 * Threads      the recorder; finds in the index inside its own RCU section
 * Sources      fraction of AS among addresses: D-041
 */
#ifndef SW_OWNER_ANOMALY_H
#define SW_OWNER_ANOMALY_H

#include "base/settings.h"
#include "index/index.h"
#include "owner/declared.h"
#include "owner/history.h"
#include "owner/special.h"

enum sw_anomaly_type {
    SW_ANOMALY_PROTECTED_OWNER,
    SW_ANOMALY_SHARED_ADDRESS,
    SW_ANOMALY_UNEXPECTED_OWNER,
    SW_ANOMALY_OWNER_CHANGE,
    SW_ANOMALY_OWNER_FLUX,
    SW_ANOMALY_SPECIAL_ADDRESS,
    SW_ANOMALY_NO_OWNER,
    SW_ANOMALY_COUNT
};

/** The name used in events ("protected-owner"); static. */
const char *sw_anomaly_name(enum sw_anomaly_type type);

struct sw_anomaly {
    enum sw_anomaly_type type;
    struct sw_addr addr;
    char list[SW_LISTNAME_MAX];              /* the protected or watch list, "" for others */
    char protected_owner[SW_NOTE_MAX];       /* owner text of that list */
    char protected_by[SW_INDICATORTEXT_MAX]; /* its indicator: prefix or AS */
    char declared[SW_OWNERS_MAX];            /* unexpected-owner: the declared owners, by lines */
    char known_list[SW_LISTNAME_MAX];        /* explanation, "" when none */
    char known_owner[SW_NOTE_MAX];
    size_t other_names;               /* shared-address: how many other names */
    struct sw_addr former_addr;       /* owner-change: the latest of the others; family 0: none */
    struct sw_owner former;           /* owner of former_addr */
    size_t flux_as, flux_addresses;   /* owner-flux: distinct within the window */
    const struct sw_special *special; /* special-address: the block */
};

/**
 * protected-owner: true, and *out filled, when an address lies in a protected prefix or AS.
 * Inside an RCU section. The most specific protected prefix wins over an AS number.
 */
bool sw_anomaly_protected_owner(const struct sw_view *view, const struct sw_addr *addr,
                                const struct sw_owner *owner, struct sw_anomaly *out);

/** shared-address: n other names are on this address. True when n > 0. Adds `known`. */
bool sw_anomaly_shared_address(const struct sw_view *view, const struct sw_addr *addr,
                               const struct sw_owner *owner, size_t other_names,
                               struct sw_anomaly *out);

/**
 * unexpected-owner: the watch lists that cover the name declare other owners only.
 * The target of a CNAME is judged by a call of its own. Inside an RCU section.
 */
bool sw_anomaly_unexpected_owner(const struct sw_view *view, const struct sw_name *name,
                                 enum sw_of of, const struct sw_addr *addr,
                                 const struct sw_owner *owner, struct sw_anomaly *out);

/**
 * owner-change: of is the history with this observation in it. True when the AS first appeared
 * for the name baseline_days or more after the first other AS, and the others had been seen
 * baseline_count times or more. No change: the same AS number under another name, the same
 * registrant in another AS, a database that says something new about an address that the name
 * had before, and a name that is in flux. Inside an RCU section. Cost: entries squared.
 */
bool sw_anomaly_owner_change(const struct sw_settings *settings, const struct sw_view *view,
                             const struct sw_name_history *of, const struct sw_addr *addr,
                             const struct sw_owner *owner, int64_t time_us, struct sw_anomaly *out);

/**
 * owner-flux: within flux_hours before time_us the name's addresses were in flux_as AS or more,
 * and for each hundred addresses there were flux_percent AS or more. Inside an RCU section.
 */
bool sw_anomaly_owner_flux(const struct sw_settings *settings, const struct sw_view *view,
                           const struct sw_name_history *of, const struct sw_addr *addr,
                           const struct sw_owner *owner, int64_t time_us, struct sw_anomaly *out);

/** special-address: the address, or an embedded IPv4 address, is for special use. */
bool sw_anomaly_special_address(const struct sw_view *view, const struct sw_addr *addr,
                                const struct sw_owner *owner, struct sw_anomaly *out);

/** no-owner: the databases know no AS that announces the address, and the address is not for
 * special use. have_asn: an AS database is open; without any, the result is always false. */
bool sw_anomaly_no_owner(const struct sw_view *view, bool have_asn, const struct sw_addr *addr,
                         const struct sw_owner *owner, struct sw_anomaly *out);

#endif
