/*
 * lists.h - the feeder's knowledge of each list, in addition to the index.
 *
 * Private to feed/. Every name in {prefix}:lists has an entry with the last policy text (accepted
 * or not, so that a bad text is refused once), whether the index holds the list, and the surplus:
 * the number of fields in the list's hash without a separate indicator in the index. The surplus
 * makes reconciliation exact: fields in Redis = indicators in the index + surplus.
 *
 * Threads      the feeder; in the command the main thread
 * Memory       each entry is allocated separately: a pointer is valid until the entry is removed
 * Decision     D-009
 */
#ifndef SW_FEED_LISTS_H
#define SW_FEED_LISTS_H

#include "base/policy.h"
#include "feed/stream.h"
#include "index/index.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sizes of a chunk of HSCAN: 1000 fields, after a reply that was too large 10 fields. If 10 are
 * also too large, the content stays unread until the list is replaced. */
#define SW_LIST_NARROW_MAX 2

/* The members of a policy that can change a client's answer. */
struct sw_effect {
    enum sw_kind kind;
    enum sw_action action;
    bool shadow;
    uint16_t priority;
    uint8_t triggers;
    char groups[SW_APPLIES_MAX];
};

struct sw_list {
    char name[SW_LISTNAME_MAX];
    char *policy_text; /* the last text from Redis; NULL: none yet */
    size_t policy_len;
    bool held; /* the index holds the list; id and effect are set then */
    sw_list_id id;
    struct sw_effect effect;
    unsigned narrow;  /* how often a chunk was too large: selects the size, SW_LIST_NARROW_MAX */
    bool unread;      /* the content in Redis is still to be read; the former content is kept */
    bool lost;        /* Redis has lost the list, without a `drop` entry: the list is kept */
    uint64_t refused; /* fields refused at the last reading and since */
    uint64_t expired; /* expired fields that Redis presumably still has */
    int64_t surplus;  /* fields without a separate indicator: refused, expired, other spellings */
    char problem[SW_WHY_MAX];    /* with the policy or the key; "" when there is none */
    struct sw_stream_id read_at; /* the last reading holds every change up to this id */
    bool seen;                   /* scratch: met in this pass over {prefix}:lists */
    bool touched;                /* a notification named the list (keyspace.h) */
    bool copied;                 /* the waiting copy was taken after a notification */
    int64_t entry_us;            /* time of the last stream entry about the list, monotonic */
};

struct sw_lists {
    struct sw_index *index;
    struct sw_list **list; /* unordered */
    size_t n, capacity;
    struct sw_stream_id now; /* youngest change known to be in Redis: a reading holds that change */
};

/** No lists; the index must outlive *lists. */
void sw_lists_init(struct sw_lists *lists, struct sw_index *index);

/** Free all entries; the index keeps the lists. */
void sw_lists_clear(struct sw_lists *lists);

/** The entry of a list, or NULL. */
struct sw_list *sw_lists_find(const struct sw_lists *lists, const char *name);

/** The entry of a list, created if needed. NULL: no memory. */
struct sw_list *sw_lists_get(struct sw_lists *lists, const char *name);

/** Remove a list from the index, if held, and free the entry. */
void sw_lists_drop(struct sw_lists *lists, struct sw_list *list);

/** The members of a policy that can change a client's answer. */
struct sw_effect sw_effect_of(const struct sw_policy *policy);

/** Whether two policies have the same effect. */
bool sw_effect_equal(const struct sw_effect *a, const struct sw_effect *b);

/** Whether a list can change a client's answer: the list acts or exempts. */
bool sw_effect_decides(const struct sw_effect *effect);

/**
 * Whether true answers may depend on a list: the list exempts, or lets the true answer through
 * (monitor, passthru, shadow), and may have precedence over a list that rewrites answers. When such
 * a list or an indicator of such a list is removed, cached answers may have to be rewritten.
 */
bool sw_lists_shields(const struct sw_lists *lists, const struct sw_list *list);

/** The number of lists that the index holds. */
size_t sw_lists_held(const struct sw_lists *lists);

/** The number of held lists that Redis has lost. */
size_t sw_lists_lost(const struct sw_lists *lists);

#endif
