/*
 * lists.h - the feeder's book: what it knows of each list beyond what the index holds.
 *
 * Private to feed/. For every name in {prefix}:lists there is one entry: the policy text as it
 * was last seen (accepted or not, so that one bad text is refused once), whether the index holds
 * the list, and how many fields of its hash do not stand for an indicator of their own. The last
 * makes reconciliation exact: fields in Redis = indicators in the index + surplus.
 *
 * Threads      the feeder; in the command the one thread there is
 * Memory       entries are allocated one by one: a pointer stays good until the entry is removed
 */
#ifndef SW_FEED_LISTS_H
#define SW_FEED_LISTS_H

#include "base/policy.h"
#include "feed/stream.h"
#include "index/index.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fields of a list that are asked for at a time: 1000, then 10; then the content is left unread until it is
 * replaced. */
#define SW_LIST_NARROW_MAX 2

/* What of a policy decides what clients get. */
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
    char *policy_text; /* as in Redis when last looked at; NULL when never */
    size_t policy_len;
    bool held; /* the index holds it; the next two are set then */
    sw_list_id id;
    struct sw_effect effect;
    unsigned narrow;  /* how often its content was too much for one reply: SW_LIST_NARROW_MAX */
    bool unread;      /* the content in Redis is still to be read: the former one is kept */
    bool lost;        /* Redis has lost it, and nobody said that it ends: it is kept */
    uint64_t refused; /* fields refused at the last reading and since */
    uint64_t expired; /* fields whose end has come, that are still in Redis as far as we know */
    int64_t surplus;  /* fields that are no indicator of their own: refused, expired, spellings */
    char problem[SW_WHY_MAX];    /* what is wrong with policy or key; "" when nothing */
    struct sw_stream_id read_at; /* what was read holds every change up to this one */
    bool seen;                   /* scratch: met in this pass over {prefix}:lists */
    bool touched;                /* Redis says that it was written, see notice.h */
    bool copied;                 /* so it was, and the copy that waits was taken after that */
    int64_t entry_us;            /* when the stream last spoke of it, monotonic */
};

struct sw_lists {
    struct sw_index *index;
    struct sw_list **list; /* unordered */
    size_t n, capacity;
    struct sw_stream_id now; /* youngest change known to be in Redis: what is read holds it */
};

/** An empty book about this index, which must outlive it. */
void sw_lists_init(struct sw_lists *lists, struct sw_index *index);

/** Forget everything; the index keeps its lists. */
void sw_lists_clear(struct sw_lists *lists);

/** The entry of a list, or NULL. */
struct sw_list *sw_lists_find(const struct sw_lists *lists, const char *name);

/** The entry of a list, created when there is none. NULL: no memory. */
struct sw_list *sw_lists_get(struct sw_lists *lists, const char *name);

/** Take a list out of the index, if it is held, and out of the book. */
void sw_lists_drop(struct sw_lists *lists, struct sw_list *list);

/** What of a policy decides what clients get. */
struct sw_effect sw_effect_of(const struct sw_policy *policy);

/** Whether two policies decide the same. */
bool sw_effect_equal(const struct sw_effect *a, const struct sw_effect *b);

/** Whether a list can decide what a client gets: it acts or exempts. */
bool sw_effect_decides(const struct sw_effect *effect);

/**
 * Whether true answers may depend on a list: it exempts, or lets the true answer through (monitor,
 * passthru, shadow), and there is a list that rewrites answers which it may win against. When such a list
 * or one of its indicators goes, answers that are cached may have to be rewritten.
 */
bool sw_lists_shields(const struct sw_lists *lists, const struct sw_list *list);

/** How many lists the index holds. */
size_t sw_lists_held(const struct sw_lists *lists);

/** How many of them are lost. */
size_t sw_lists_lost(const struct sw_lists *lists);

#endif
