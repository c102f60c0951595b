/*
 * history.h - which addresses a name had, with the owner of each, and when.
 *
 * The recorder keeps a bounded cache of the histories of listed, watched and tracked names; the
 * durable copy is in Redis ({prefix}:seen:*). A sight here is (time, name, addresses with
 * owners). Noting a sight tells whether the address or owner is new for the name; the
 * anomaly rules judge that.
 *
 * Threads      the recorder only
 * Memory       bounded: names_max names in the cache, the least recently used go first (the
 *              durable copy stays); at most addrs_max addresses with owners for each name
 * Decision     D-042
 */
#ifndef SW_OWNER_HISTORY_H
#define SW_OWNER_HISTORY_H

#include "base/addr.h"
#include "base/name.h"
#include "owner/owner.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sw_name_addr { /* an address of a name during one ownership (prefix, AS, registrant) */
    struct sw_addr addr;
    struct sw_owner owner; /* texts of the last sight */
    int64_t first_us, last_us;
    uint64_t count;
    bool dirty; /* not yet written to Redis */
};

struct sw_episode {        /* a time of the name with one holder: episode.h */
    struct sw_owner owner; /* of the last sight; empty for "no answer" */
    bool answered;         /* false: "no answer" */
    int64_t from_us, to_us;
    int64_t before_us; /* the sight before the last, 0: not known */
    uint64_t count;
};

struct sw_name_history {
    struct sw_name name;
    size_t n, capacity;
    struct sw_name_addr *addrs; /* unordered */
    size_t episodes_n, episodes_room;
    struct sw_episode *episodes; /* unordered */
};

struct sw_history;

/** An empty cache; a limit of 0 counts as 1. NULL: out of memory. */
struct sw_history *sw_history_new(size_t names_max, size_t addrs_max);
/** NULL is fine. */
void sw_history_free(struct sw_history *history);

/** The history of a name, created empty when not in the cache. With *created the caller loads the
 * durable copy from Redis. NULL: out of memory. Valid until the next get(). */
struct sw_name_history *sw_history_get(struct sw_history *history, const struct sw_name *name,
                                       bool *created);

/** Whether both are the same for the history: AS number, prefix, registrant. */
bool sw_owner_same(const struct sw_owner *a, const struct sw_owner *b);

/** The entry of an address with this owner, or NULL. */
struct sw_name_addr *sw_history_find(struct sw_name_history *of, const struct sw_addr *addr,
                                     const struct sw_owner *owner);

/** Note that the name resolved to addr, which belonged to owner. *is_new: the history had no entry
 * for this address and owner. Returns the entry, NULL when out of memory. A full history loses the
 * entry that was not seen for the longest time. The entry is valid until the next note() for the
 * same name. A caller that loads the durable copy notes each address, then sets first_us, last_us,
 * count and dirty to the stored values. */
struct sw_name_addr *sw_history_note(struct sw_history *history, struct sw_name_history *of,
                                     const struct sw_addr *addr, const struct sw_owner *owner,
                                     int64_t time_us, bool *is_new);

#endif
