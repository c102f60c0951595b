/*
 * seen.h - sights that wait to be merged into the durable history in Redis.
 *
 * A sight is noted here for a hash field and folded with further sights. Periodically
 * each field is merged into Redis: read the field, first = the smaller, last = the larger, counts
 * added, write the field, refresh the time to live. So several resolvers add up, the first sighting
 * survives restarts, and nothing is lost while Redis is away (within the bound).
 *
 * {prefix}:seen:name:<name>     address -> prefix asn org ... first last count sweeps anomalies
 *                               "holder H" -> asn org ... first last count episodes
 * {prefix}:seen:addr:<address>  name -> first last count sweeps list anomalies
 * {prefix}:seen:zone:<zone>     as seen:name, of the zone's name servers, with server
 *
 * Threads      the recorder
 * Memory       at most SW_SEEN_MAX fields wait; more are dropped and counted
 * Reliability  a field leaves only after Redis acknowledged the write; when the connection breaks
 *              just then, the count may be added twice (first and last stay right)
 */
#ifndef SW_JOURNAL_HISTORY_SEEN_H
#define SW_JOURNAL_HISTORY_SEEN_H

#include "base/counters.h"
#include "journal/history/entry.h"
#include "redis/redis.h"

#define SW_SEEN_MAX 65536

struct sw_seen_note {
    bool of_name; /* seen:name:<key>, field an address; else seen:addr:<key>, field a name */
    bool of_zone; /* with of_name: seen:zone:<key>, field an address of a name server */
    const struct sw_span
        *span; /* field is a holder: the episode so far; NULL: an address or name */
    const char *key, *field;
    int64_t first_us, last_us;
    uint64_t count;               /* to be added */
    bool by_sweep;                /* the answers went to a sweep, not to clients */
    const struct sw_owner *owner; /* of_name */
    const char *list;             /* else; "" = none */
    const char *server;           /* of_zone: name of the name server */
    const char *anomaly;          /* to be remembered as raised, NULL = none */
};

struct sw_seens;

/** An empty set. Both arguments must outlive the result. NULL: out of memory. */
struct sw_seens *sw_seens_new(const struct sw_settings *settings, struct sw_counters *counters);
void sw_seens_free(struct sw_seens *seens); /* NULL is fine */

/** Fold a sight in. */
void sw_seens_note(struct sw_seens *seens, const struct sw_seen_note *note);

/** Fields that wait. */
size_t sw_seens_waiting(const struct sw_seens *seens);

/**
 * Merge the fields of a pipeline into Redis.
 * SW_OK, SW_ECLOSED (connection broke), SW_EREDIS (refused: sw_redis_error()). A field without an
 * acknowledgement stays. A key of another type is given up and logged.
 */
enum sw_status sw_seens_flush(struct sw_seens *seens, struct sw_redis *redis);

#endif
