/*
 * anomaly.h - odd ownership, as pure functions over a sight, the history and the lists.
 *
 * Each anomaly states facts with their evidence, never intent:
 *   protected-owner   an indicator's name resolves into an owner that a `protected` list names, or
 *                     whose class is among protected-classes
 *   shared-address    other names were seen on an address that an indicator's name resolves to
 *   unexpected-owner  a watched name resolves outside the owners that its watch list declares
 *   owner-change      a name is with a new holder after a long enough time with others
 *   owner-flux        many AS for a name's addresses within a window
 *   special-address   the address is in a block for special use (special.h)
 *   odd-owner         nearly all names of a list are in the classes of holders in which such names
 *                     usually are, and this name is not (spread.h)
 *   no-owner          the AS databases do not know the address: nobody announces such a prefix
 *   origin-change     another AS announces a more specific prefix with a name's address, or, for a
 *                     watched name, the same prefix
 *   woke              a name that had no answer for a long enough time has an address
 *   dangling-alias    a watched name is an alias of a name that does not exist
 * A `known` list that covers the address, the AS or the holder is reported as an explanation.
 *
 * The caller notes a sight in the history first, then asks. The answer depends on nothing
 * else: a second or later question gives the same answer. The caller raises each anomaly once for
 * each episode (journal/history/raise.h), which begins at begin_us. The same rules judge the
 * addresses of a zone's name servers.
 *
 * Threads      the recorder; finds in the index inside its own RCU section
 * Sources      fraction of AS among addresses: D-041; episodes: D-139
 */
#ifndef SW_OWNER_ANOMALY_H
#define SW_OWNER_ANOMALY_H

#include "base/settings.h"
#include "index/index.h"
#include "owner/declared.h"
#include "owner/episode.h"
#include "owner/limits.h"
#include "owner/special.h"
#include "owner/spread.h"

enum sw_anomaly_type {
    SW_ANOMALY_PROTECTED_OWNER,
    SW_ANOMALY_SHARED_ADDRESS,
    SW_ANOMALY_UNEXPECTED_OWNER,
    SW_ANOMALY_OWNER_CHANGE,
    SW_ANOMALY_OWNER_FLUX,
    SW_ANOMALY_SPECIAL_ADDRESS,
    SW_ANOMALY_NO_OWNER,
    SW_ANOMALY_ORIGIN_CHANGE,
    SW_ANOMALY_WOKE,
    SW_ANOMALY_DANGLING_ALIAS,
    SW_ANOMALY_ODD_OWNER,
    SW_ANOMALY_COUNT
};

/** The name used in events ("protected-owner"); static. */
const char *sw_anomaly_name(enum sw_anomaly_type type);

struct sw_anomaly {
    enum sw_anomaly_type type;
    struct sw_addr addr;
    char list[SW_LISTNAME_MAX];              /* the protected or watch list, "" for others */
    char protected_owner[SW_NOTE_MAX];       /* owner text of that list */
    char protected_by[SW_INDICATORTEXT_MAX]; /* its indicator: prefix or AS; "class:government"
                                                by protected-classes, with list "" */
    char declared[SW_OWNERS_MAX];            /* unexpected-owner: the declared owners, by lines */
    char known_list[SW_LISTNAME_MAX];        /* explanation, "" when none */
    char known_owner[SW_NOTE_MAX];
    unsigned known_bits; /* length of the known prefix, 0: an AS */
    bool known_is_wider; /* protected-owner: the known list is less specific than the protected */
    char renamed_from[SW_OWNERTEXT_MAX]; /* unexpected-owner: the declared text that databases
                                            said before about the same AS, "" none */
    size_t other_names;                  /* shared-address: how many other names */
    struct sw_addr former_addr;     /* owner-change, woke: the latest of the others; family 0: none.
                                   origin-change: the address itself */
    struct sw_owner former;         /* owner of former_addr */
    char target[SW_NAMETEXT_MAX];   /* dangling-alias: the name that does not exist */
    int64_t silent_us;              /* woke: without an answer since */
    bool expected;                  /* owner-change: `list` declares the new holder */
    int64_t begin_us;               /* the fact began then: earlier marks are of another episode */
    size_t flux_as, flux_addresses; /* owner-flux: distinct within the window */
    struct sw_spread spread;        /* odd-owner: the names of the list by class */
    const struct sw_special *special; /* special-address: the block */
};

/**
 * protected-owner: true, and *out filled, when a protected list covers the address by prefix, AS,
 * registrant, class or country, or when the class of the holder is among `classes`
 * (SW_CLASS_BIT()). Inside an RCU section. The most specific protected prefix wins over an AS
 * number, and a list wins over protected-classes (D-135).
 */
bool sw_anomaly_protected_owner(uint32_t classes, const struct sw_view *view,
                                const struct sw_addr *addr, const struct sw_owner *owner,
                                struct sw_anomaly *out);

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

/* The present sight of a name, and the history with this sight in it. */
struct sw_sighted {
    const struct sw_limits *limits;
    const struct sw_view *view;
    enum sw_of of;
    const struct sw_name *name;            /* that was asked for */
    const struct sw_name_history *history; /* of the name, or of its zone */
    const struct sw_addr *addr;
    const struct sw_owner *owner;
    int64_t time_us;
    bool is_watched; /* a watch list covers the name */
};

/**
 * owner-change: the holder's episode began baseline_days or more after the first episode of other
 * holders, which had been seen baseline_count times or more. A holder that had been seen as long
 * and as often itself is news only when others took its place for as long, and for more than twice
 * its longest absence before: a rhythm is no change (D-139). The same goes for a holder that was
 * there from the beginning, as one of several. No change: a database that says something new about
 * an address that the name had before, and a name that is in flux. A holder that a watch list
 * declares is an expected change. Inside an RCU section. Cost: episodes, and addresses squared.
 */
bool sw_anomaly_owner_change(const struct sw_sighted *now, struct sw_anomaly *out);

/**
 * owner-flux: within flux_hours before time_us the name's addresses were in flux_as AS or more,
 * and for each hundred addresses there were flux_percent AS or more. Addresses of owners that a
 * watch list declares do not count. Inside an RCU section.
 */
bool sw_anomaly_owner_flux(const struct sw_sighted *now, struct sw_anomaly *out);

/** origin-change: the address belonged to another AS until now, by a shorter prefix that covers the
 * present prefix. For a watched name an equal prefix is enough, where the address was with the
 * former AS first, for two days and baseline_count times, and the registrant did not change as well
 * (D-131). The organisation of both AS differs. Inside an RCU section. */
bool sw_anomaly_origin_change(const struct sw_sighted *now, struct sw_anomaly *out);

/** woke: the holder's episode began after baseline_days or more without an answer, seen twice or
 * more, and without an address in between. Inside an RCU section. */
bool sw_anomaly_woke(const struct sw_sighted *now, struct sw_anomaly *out);

/** Begin an anomaly of a type about an address: explained by a `known` list, if there is one. */
void sw_anomaly_begin(const struct sw_view *view, enum sw_anomaly_type type,
                      const struct sw_addr *addr, const struct sw_owner *owner,
                      struct sw_anomaly *out);

/** Whether a list explains the anomaly: it is no alert then. */
bool sw_anomaly_explained(const struct sw_anomaly *anomaly);

/** How grave, 0 to 100: the table of REDIS.md. An explained anomaly has 10 at most. */
unsigned sw_anomaly_severity(const struct sw_anomaly *anomaly, bool is_watched, bool of_zone);

/** odd-owner: fill *out for a name that stands apart (sw_spread_is_odd()) in the distribution of
 * the list. Inside an RCU section. */
void sw_anomaly_odd_owner(const struct sw_view *view, const char *list,
                          const struct sw_spread *spread, const struct sw_addr *addr,
                          const struct sw_owner *owner, struct sw_anomaly *out);

/** special-address: the address, or an embedded IPv4 address, is for special use. */
bool sw_anomaly_special_address(const struct sw_view *view, const struct sw_addr *addr,
                                const struct sw_owner *owner, struct sw_anomaly *out);

/** no-owner: the databases know no AS that announces the address, and the address is not for
 * special use. have_asn: an AS database is open; without any, the result is always false. */
bool sw_anomaly_no_owner(const struct sw_view *view, bool have_asn, const struct sw_addr *addr,
                         const struct sw_owner *owner, struct sw_anomaly *out);

#endif
