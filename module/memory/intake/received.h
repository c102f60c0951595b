/*
 * received.h - an RRset of a response from authorities, on the way from a worker to the keeper.
 *
 * A worker copies an RRset into a struct sw_received on the stack and puts the used part into the
 * worker's ring (base/ring.h). The keeper (keeper.h) takes the RRsets out of the rings and counts
 * each record as a sighting (memory.h) in the tally (tally.h). Neither the response nor the struct
 * has the address of a client.
 *
 *     sw_received_begin(r, now, type, owner, owner_len, zone, zone_len)
 *     sw_received_add(r, record, len)      for each record, as Unbound keeps the record
 *     sw_ring_put(ring, r, sw_received_size(r))
 *
 * Threads      pure functions on the caller's memory
 * Memory       no allocation; at most sizeof(struct sw_received) octets
 * Reliability  a record without room is counted in `left`
 */
#ifndef SW_MEMORY_INTAKE_RECEIVED_H
#define SW_MEMORY_INTAKE_RECEIVED_H

#include "base/name.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Some 100 addresses of a name, or an SVCB record with long parameters. */
#define SW_RECEIVED_BODY_MAX 2048

struct sw_received {
    uint32_t time;    /* seconds since 1970 */
    uint16_t type;    /* of the RRset */
    uint16_t records; /* in the body */
    uint16_t left;    /* records without room in the body */
    uint8_t owner_len;
    uint8_t zone_len;
    uint32_t body_len;
    /* owner, zone, then for each record two octets of length in network order and the rdata */
    uint8_t body[SW_RECEIVED_BODY_MAX];
};

/**
 * Begin an RRset without records.
 *
 * owner, zone  uncompressed wire names, in any letter case, of at most SW_NAME_MAX octets
 * zone         the zone of the servers that sent the response: the bailiwick
 */
void sw_received_begin(struct sw_received *r, uint32_t time, uint16_t type, const uint8_t *owner,
                       size_t owner_len, const uint8_t *zone, size_t zone_len);

/** Append a record: two octets of length in network order, then the rdata. Without room, only
 * `left` is increased. */
void sw_received_add(struct sw_received *r, const uint8_t *record, size_t len);

/** Octets in use: the length of the record for the ring. */
size_t sw_received_size(const struct sw_received *r);

/** Whether the first len octets are a whole RRset with two whole names. */
bool sw_received_whole(const struct sw_received *r, size_t len);

/** Walk the records: start with *cursor = 0. False after the last record, or at a damaged one;
 * never reads outside the body. *rdata points into the RRset. */
bool sw_received_next(struct sw_received *r, size_t *cursor, uint8_t **rdata, size_t *len);

#endif
