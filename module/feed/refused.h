/*
 * refused.h - items that the feeder refused: counts by reason, and the text of the last few.
 *
 * Private to the feeder. Every refused item is counted by reason. The last items are kept for the
 * status hash. Each item is logged, up to a few in a minute, since a broken feed can have millions.
 * An item that is equal to a kept item is only counted.
 *
 * Threads      the feeder
 * Memory       fixed
 * Security     items are foreign octets: an octet that is not printable ASCII is kept as \xNN
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
    SW_REFUSED_NO_POLICY, /* a list without a member in {prefix}:lists */
    SW_REFUSED_LIST_NAME, /* not a valid name of a list */
    SW_REFUSED_KEY,       /* a key of the wrong type, or forbidden by the ACL */
    SW_REFUSED_ENTRY,     /* an invalid entry of the change stream */
    SW_REFUSED_ROOM,      /* out of memory, too many lists, or combinations of lists */
    SW_REFUSED_FACTS,     /* facts of an indicator that is in force without them */
    SW_REFUSED_COUNT
};

struct sw_refusal { /* a refused item, borrowed during the call */
    enum sw_refused_reason reason;
    const char *list; /* terminated; "" for an item of no list */
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
    unsigned logged;   /* lines in that minute */
    uint64_t silent;   /* refusals in that minute that were not logged */
};

/** Name of a reason as in the status hash ("indicator"). */
const char *sw_refused_reason_name(enum sw_refused_reason reason);

/** Count, keep, and log a refused item. now_us: monotonic. */
void sw_refused_note(struct sw_refused *refused, const struct sw_refusal *refusal, int64_t now_us);

/** When the minute is over, log how many refusals were not logged. now_us: monotonic. */
void sw_refused_tick(struct sw_refused *refused, int64_t now_us);

/** The kept items, newest first: [{"list","item","why"}]. A new reference, NULL: no memory. */
json_t *sw_refused_items_json(const struct sw_refused *refused);

/** {"indicator":3,...}, only reasons that occurred. A new reference, NULL: no memory. */
json_t *sw_refused_reasons_json(const struct sw_refused *refused);

#endif
