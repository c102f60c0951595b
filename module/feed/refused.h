/*
 * refused.h - what the feeder did not accept, and why: counts, and the last few items in words.
 *
 * Private to the feeder. Every refused item is counted by reason; the last ones are kept for the
 * status hash; each is logged, but no more than a few in a minute, since a broken feed refuses
 * millions. An item that is among the kept ones already is counted and no more.
 *
 * Threads      the feeder
 * Memory       fixed
 * Security     items are foreign octets: whatever is not printable ASCII is kept as \xNN
 */
#ifndef SW_FEED_REFUSED_H
#define SW_FEED_REFUSED_H

#include "base/policy.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sw_refused_reason {
    SW_REFUSED_INDICATOR, /* neither domain, address, prefix nor AS number */
    SW_REFUSED_POLICY,    /* policy JSON does not parse, or a member is wrong */
    SW_REFUSED_NO_POLICY, /* a list that has no entry in {prefix}:lists */
    SW_REFUSED_LIST_NAME, /* a name that no list may have */
    SW_REFUSED_KEY,       /* a key of the wrong type, or that the ACL keeps from us */
    SW_REFUSED_ENTRY,     /* an entry of the change stream that makes no sense */
    SW_REFUSED_ROOM,      /* out of memory, too many lists, or combinations of lists */
    SW_REFUSED_FACTS,     /* facts of an indicator that is in force without them */
    SW_REFUSED_COUNT
};

struct sw_refusal { /* one refused item, borrowed during the call */
    enum sw_refused_reason reason;
    const char *list; /* terminated; "" when it belongs to none */
    const char *item; /* any octets: indicator, policy, key, entry id */
    size_t item_len;
    const char *why; /* terminated, for people */
};

#define SW_REFUSED_KEPT     20
#define SW_REFUSED_ITEM_MAX 160 /* kept text of an item, with NUL */

struct sw_refused_item {
    char list[SW_LISTNAME_MAX];
    char item[SW_REFUSED_ITEM_MAX];
    char why[SW_WHY_MAX];
};

struct sw_refused { /* all zero is a good start */
    uint64_t counts[SW_REFUSED_COUNT];
    struct sw_refused_item items[SW_REFUSED_KEPT]; /* a ring */
    size_t kept, next;
    int64_t window_us; /* start of the minute in which lines are counted */
    unsigned logged;   /* lines in it */
    uint64_t silent;   /* refusals in it that were not logged */
};

/** Name of a reason as in the status hash ("indicator"). */
const char *sw_refused_reason_name(enum sw_refused_reason reason);

/** Count, keep, and log one refused item. now_us: monotonic. */
void sw_refused_note(struct sw_refused *refused, const struct sw_refusal *refusal, int64_t now_us);

/** Say how many refusals were not logged, once their minute is over. now_us: monotonic. */
void sw_refused_tick(struct sw_refused *refused, int64_t now_us);

/** The kept items, newest first: [{"list","item","why"}]. A new reference, NULL: no memory. */
json_t *sw_refused_items_json(const struct sw_refused *refused);

/** {"indicator":3,...}, only reasons that occurred. A new reference, NULL: no memory. */
json_t *sw_refused_reasons_json(const struct sw_refused *refused);

#endif
