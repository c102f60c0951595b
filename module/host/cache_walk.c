#include "host/cache_walk.h"

#include "base/clock.h"
#include "base/rcu.h"
#include "host/bins.h"

#include <arpa/inet.h>
#include <string.h>
#include <time.h>

#define BINS_AT_ONCE 32   /* a bin has about one entry on average */
#define ROUNDS_MAX   1000 /* limit for a bin that fills as fast as the walk empties the bin */

/* ---- keys ---- */

static bool copy_key(struct sw_picked *out, const uint8_t *name, size_t len)
{
    if (len == 0 || len > SW_NAME_MAX)
        return false;
    memcpy(out->name.wire, name, len);
    out->name.len = (uint8_t)len;
    return true;
}

bool sw_picked_message(const struct lruhash_entry *entry, struct sw_picked *out)
{
    const struct query_info *q = &((const struct msgreply_entry *)entry->key)->key;
    out->hash = entry->hash;
    out->type = q->qtype;
    out->dclass = q->qclass;
    return copy_key(out, q->qname, q->qname_len);
}

bool sw_picked_rrset(const struct ub_packed_rrset_key *key, struct sw_picked *out)
{
    out->type = key->rk.type;
    out->dclass = key->rk.rrset_class;
    out->flags = key->rk.flags;
    return copy_key(out, key->rk.dname, key->rk.dname_len);
}

/* ---- rounds ---- */

bool sw_cache_walk_wants(const struct sw_cache_walk *walk, uint16_t type)
{
    switch (type) {
    case LDNS_RR_TYPE_CNAME:
    case 64: /* SVCB */
    case 65: /* HTTPS */
        return true;
    case LDNS_RR_TYPE_A:
    case LDNS_RR_TYPE_AAAA:
        return !walk->aliases_only;
    default:
        return false;
    }
}

/* Pick entries of a bin. False when there is no room for all of these: then the bin is shown again
 * in the next round, and its entries are dropped from this round. If this bin alone fills the room,
 * the entries picked so far are taken first. */
static bool collect_bin(struct sw_cache_walk *walk, const struct lruhash_bin *bin)
{
    size_t before = walk->picked_n;
    for (struct lruhash_entry *e = bin->overflow_list; e; e = e->overflow_next) {
        if (walk->picked_n == SW_PICKED_MAX) {
            walk->picked_n = before > 0 ? before : SW_PICKED_MAX;
            return false;
        }
        if (walk->pick(walk->arg, e, &walk->picked[walk->picked_n]))
            walk->picked_n++;
    }
    return true;
}

/*
 * Locks. A look-up by Unbound takes the table's lock, then a bin's lock, and releases the table's
 * lock. A resize holds the table's lock while locking every bin in turn, upwards, and frees the
 * bins afterwards. So the holder of a bin's lock may lock bins above without the table's lock, and
 * none of these bins is freed. The walk does so from round to round, and takes the table's lock
 * only after a pause. A worker that preempts us on the same core, while we hold the table's lock,
 * spins until its time slice ends, some milliseconds later. With a bin locked, the walk waits only
 * for locks of bins above.
 *
 * The bins of a round are locked together, so that the memory of their entries can be prefetched.
 * An entry is three or four dependent accesses away. Without prefetching, these accesses took four
 * fifths of the walk's time.
 */

/* These functions must be inlined early: GCC treats a function that only prefetches as free of
 * effects, and drops the calls. */
#define ASKS static inline __attribute__((always_inline)) void

/* Prefetch the entry, which is part of the key. */
ASKS ask_entry(const struct sw_cache_walk *walk, const struct lruhash_entry *entry)
{
    const char *at = (const char *)entry;
    if (walk->messages)
        at -= offsetof(struct msgreply_entry, entry);
    __builtin_prefetch(at);
    __builtin_prefetch(at + 64);
    __builtin_prefetch(at + 128);
}

/* Prefetch the data that the entry points to; the entry is already in the processor's cache. */
ASKS ask_name(const struct sw_cache_walk *walk, const struct lruhash_entry *entry)
{
    if (walk->messages) {
        __builtin_prefetch(((const struct msgreply_entry *)entry->key)->key.qname);
        return;
    }
    const struct ub_packed_rrset_key *key = entry->key;
    if (sw_cache_walk_wants(walk, ntohs(key->rk.type)))
        __builtin_prefetch(__atomic_load_n(&entry->data, __ATOMIC_RELAXED));
}

ASKS ask_ahead(const struct sw_cache_walk *walk, const struct lruhash_bin *bins, size_t n)
{
    const struct lruhash_entry *e;
    for (size_t i = 0; i < n; i++)
        if ((e = bins[i].overflow_list))
            ask_entry(walk, e);
    for (size_t i = 0; i < n; i++)
        if ((e = bins[i].overflow_list) && (e = e->overflow_next))
            ask_entry(walk, e);
    for (size_t i = 0; i < n; i++)
        if ((e = bins[i].overflow_list))
            ask_name(walk, e);
    for (size_t i = 0; i < n; i++)
        if ((e = bins[i].overflow_list))
            for (e = e->overflow_next; e; e = e->overflow_next)
                ask_name(walk, e);
}

/* Lock the bin at position at; false when the table has no such bin (any more). */
static bool hold(struct sw_cache_walk *walk, struct lruhash *table, size_t at)
{
    if (walk->held)
        return true;
    walk->held = sw_bins_hold(table, at);
    if (walk->held) {
        walk->bins = table->array;
        walk->bins_n = table->size;
    }
    return walk->held;
}

static void let_go(struct sw_cache_walk *walk)
{
    if (walk->held)
        lock_quick_unlock(&walk->held->lock);
    walk->held = NULL;
}

/* Judge some bins, starting at bin at, which is locked, and collect the entries that must go.
 * Rerounds the first bin not done; that bin is locked, except at the end of the table. */
static size_t collect(struct sw_cache_walk *walk, size_t at)
{
    size_t left = walk->bins_n - at, most = left < BINS_AT_ONCE ? left : BINS_AT_ONCE, n = 1;
    struct lruhash_bin *bins = &walk->bins[at];
    size_t done = 0;
    while (n < most && sw_bins_try(&bins[n].lock))
        n++;
    for (size_t i = n; i < 2 * n && i < left; i++)
        __builtin_prefetch(&bins[i]);
    ask_ahead(walk, bins, n);
    walk->picked_n = 0;
    if (!walk->unlocked)
        sw_rcu_enter();
    while (done < n && collect_bin(walk, &bins[done]))
        done++;
    if (!walk->unlocked)
        sw_rcu_leave();
    walk->held = done < left && (done < n || sw_bins_try(&bins[done].lock)) ? &bins[done] : NULL;
    for (size_t i = 0; i < n; i++)
        if (i != done)
            lock_quick_unlock(&bins[i].lock);
    return at + done;
}

/* The walk yields the processor after each burst. Without a pause the scheduler lets the walk
 * run for several milliseconds, in which a worker on the same core cannot answer. */
#define BURST_US      100
#define PAUSE_NS      20000
#define PAUSE_LONG_NS 400000 /* pause of a low-priority walk */

static void pause_after_burst(struct sw_cache_walk *walk, int64_t *burst_began)
{
    const struct timespec pause = {0, walk->low_priority ? PAUSE_LONG_NS : PAUSE_NS};
    if (sw_clock_mono_us() - *burst_began < BURST_US)
        return;
    let_go(walk);
    nanosleep(&pause, NULL);
    *burst_began = sw_clock_mono_us();
}

/* Whether the walk has to stop early. */
static bool stopped(const struct sw_cache_walk *walk)
{
    return walk->stop && atomic_load_explicit(walk->stop, memory_order_relaxed);
}

/* A removal takes the table's lock, so the walk first unlocks the bin. */
static void take_picked(struct sw_cache_walk *walk)
{
    if (walk->picked_n == 0)
        return;
    let_go(walk);
    for (size_t i = 0; i < walk->picked_n; i++)
        walk->take(walk->arg, &walk->picked[i]);
}

/*
 * Proof: every entry that was present when the walk began is shown, or is gone. An entry changes
 * the bin only when the table grows, which splits bin n into bins n and n + old size. Entries of a
 * bin already done were shown; entries of a bin not done move to two bins not done. (A table never
 * shrinks.) An entry added since was judged by the new lists before the store.
 */
static void walk_slabs(struct sw_cache_walk *walk, struct slabhash *cache, size_t first, size_t end)
{
    int64_t burst_began = sw_clock_mono_us();
    for (size_t slab = first; slab < end; slab++)
        for (size_t at = 0, rounds = 0; !stopped(walk) && hold(walk, cache->array[slab], at);) {
            size_t next = collect(walk, at);
            bool stuck = next == at && (walk->keeps || ++rounds == ROUNDS_MAX);
            take_picked(walk);
            if (stuck)
                let_go(walk);
            if (stuck || next != at)
                rounds = 0;
            at = next + stuck;
            pause_after_burst(walk, &burst_began);
        }
    let_go(walk);
}

void sw_cache_walk(struct sw_cache_walk *walk, struct slabhash *cache, size_t part, size_t n)
{
    walk_slabs(walk, cache, cache->size * part / n, cache->size * (part + 1) / n);
}
