/*
 * counters.h - all counters of status reports in a single table.
 *
 * Each counter is a relaxed atomic and only ever grows. Each worker counts on a cache line of its
 * own (struct sw_worker_counters); all other threads count in struct sw_counters.
 *
 * Threads      any
 */
#ifndef SW_BASE_COUNTERS_H
#define SW_BASE_COUNTERS_H

#include <stdatomic.h>
#include <stdint.h>

typedef _Atomic uint64_t sw_counter;

/** Add to a counter. */
static inline void sw_count(sw_counter *counter, uint64_t by)
{
    atomic_fetch_add_explicit(counter, by, memory_order_relaxed);
}

/** The current value of a counter. */
static inline uint64_t sw_counted(const sw_counter *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

/* X(field, "name in status and statistics") */
#define SW_COUNTERS(X)                                                                             \
    X(hits, "hits")                                                                                \
    X(rewritten, "rewritten")                                                                      \
    X(gardens_failed, "gardens_failed")                                                            \
    X(events_lost_ring, "events_lost_ring")                                                        \
    X(events_lost_backlog, "events_lost_backlog")                                                  \
    X(events_spooled, "events_spooled")                                                            \
    X(events_written_redis, "events_written_redis")                                                \
    X(events_written_file, "events_written_file")                                                  \
    X(dnstap_sent, "dnstap_sent")                                                                  \
    X(dnstap_lost, "dnstap_lost")                                                                  \
    X(history_dropped, "history_dropped")                                                          \
    X(anomalies, "anomalies")                                                                      \
    X(redis_connects, "redis_connects")                                                            \
    X(redis_failures, "redis_failures")                                                            \
    X(changes_applied, "changes_applied")                                                          \
    X(items_refused, "items_refused")                                                              \
    X(indicators_expired, "indicators_expired")                                                    \
    X(full_loads, "full_loads")                                                                    \
    X(lists_reread, "lists_reread")                                                                \
    X(notices, "notices")                                                                          \
    X(messages_swept, "messages_swept")                                                            \
    X(sweeps, "sweeps")                                                                            \
    X(sweeps_cpu_us, "sweeps_cpu_us")                                                              \
    X(sweeps_again, "sweeps_again")                                                                \
    X(messages_swept_again, "messages_swept_again")                                                \
    X(messages_evicted, "messages_evicted")                                                        \
    X(mmdb_reloads, "mmdb_reloads")                                                                \
    X(mmdb_refused, "mmdb_refused")

/* X("name in status"): present amounts, which fall as well. feed/status_hash.c writes them. */
#define SW_AMOUNTS(X)                                                                              \
    X("sweep_last_us")                                                                             \
    X("index_octets")                                                                              \
    X("resident_octets")                                                                           \
    X("backlog")                                                                                   \
    X("spool_octets")                                                                              \
    X("ring_octets")                                                                               \
    X("ring_size")                                                                                 \
    X("judged")

struct sw_sums;

struct sw_counters {
#define SW_COUNTER_FIELD(field, name) sw_counter field;
    SW_COUNTERS(SW_COUNTER_FIELD)
#undef SW_COUNTER_FIELD
    /* errno of the last failed write to event-file and event-spool, 0: writing works. Set by the
     * recorder, for the status. */
    _Atomic int event_file_error, event_spool_error;
    /* Present amounts, for the status. The recorder sets documents that wait for Redis, and octets
     * of the spool; the collector sets octets in the fullest ring, and octets of a ring. */
    _Atomic uint64_t backlog, spool_octets, ring_octets, ring_size;
    struct sw_sums *sums; /* sums with labels (sums.h); NULL: none are kept */
};

#endif
