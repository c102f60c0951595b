/*
 * ring.c - the byte ring between a single producer and a single consumer.
 *
 * head counts all octets ever put, tail all octets ever taken. The difference is the number of
 * waiting octets; each count modulo the capacity is a place in the ring. A record is a header of 8
 * octets with the length, then the octets, filled up to a multiple of 8. Headers never wrap around,
 * records may.
 */
#include "base/ring.h"

#include "base/bell.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_LINE   64
#define HEADER       sizeof(uint64_t)
#define CAPACITY_MIN 64
#define CAPACITY_MAX ((size_t)1 << (sizeof(size_t) * 8 - 2))

struct sw_ring {
    size_t mask; /* capacity - 1 */
    uint8_t *data;
    /* the producer's line */
    _Alignas(CACHE_LINE) _Atomic size_t head; /* release, pairs with acquire in sw_ring_get() */
    size_t tail_seen; /* producer only, as the next three: a copy of tail that saves reading tail */
    size_t look_at;   /* head at which the alarm is checked again; used only with a bell */
    size_t alarm;     /* waiting octets that ring the bell */
    struct sw_bell *bell;
    _Atomic uint64_t lost;
    /* the consumer's line */
    _Alignas(CACHE_LINE) _Atomic size_t tail; /* release, pairs with acquire in sw_ring_put() */
};

struct sw_ring *sw_ring_new(size_t capacity)
{
    if (capacity > CAPACITY_MAX)
        return NULL;
    size_t size = CAPACITY_MIN;
    while (size < capacity)
        size *= 2;
    struct sw_ring *ring = aligned_alloc(CACHE_LINE, sizeof(*ring));
    void *data = aligned_alloc(CACHE_LINE, size);
    if (!ring || !data) {
        free(ring);
        free(data);
        return NULL;
    }
    memset(ring, 0, sizeof(*ring));
    memset(data, 0, size); /* touches every page */
    ring->mask = size - 1;
    ring->data = data;
    return ring;
}

void sw_ring_alarm(struct sw_ring *ring, size_t octets, struct sw_bell *bell)
{
    ring->alarm = octets;
    ring->look_at = octets;
    ring->bell = bell;
}

/* Ring the bell if enough octets wait, and set the next place to check. */
static void look(struct sw_ring *ring, size_t head)
{
    size_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    ring->tail_seen = tail;
    if (head - tail < ring->alarm) {
        ring->look_at = tail + ring->alarm;
        return;
    }
    ring->look_at = head + ring->alarm / 4;
    sw_bell_ring(ring->bell);
}

void sw_ring_free(struct sw_ring *ring)
{
    if (!ring)
        return;
    free(ring->data);
    free(ring);
}

/* Copy into the ring at count `at`, wrapping around at the end. */
static void copy_in(struct sw_ring *ring, size_t at, const uint8_t *from, size_t len)
{
    size_t place = at & ring->mask;
    size_t first = ring->mask + 1 - place;
    if (first > len)
        first = len;
    memcpy(ring->data + place, from, first);
    if (first < len)
        memcpy(ring->data, from + first, len - first);
}

/* Copy out of the ring at count `at`, wrapping around at the end. */
static void copy_out(const struct sw_ring *ring, size_t at, uint8_t *to, size_t len)
{
    size_t place = at & ring->mask;
    size_t first = ring->mask + 1 - place;
    if (first > len)
        first = len;
    memcpy(to, ring->data + place, first);
    memcpy(to + first, ring->data, len - first);
}

/* Octets that a record of len octets takes in the ring; len is at most the capacity. */
static size_t framed(size_t len)
{
    return HEADER + ((len + 7) & ~(size_t)7);
}

/* Count a refused record: only the producer writes, so no read-modify-write is needed. */
static bool lose(struct sw_ring *ring)
{
    uint64_t lost = atomic_load_explicit(&ring->lost, memory_order_relaxed);
    atomic_store_explicit(&ring->lost, lost + 1, memory_order_relaxed);
    return false;
}

/* Refuse a record that would fit into an empty ring, and ring the bell: the consumer may have
 * fallen asleep just when the ring was filled, and no successful put would wake the consumer. */
static bool refuse(struct sw_ring *ring)
{
    if (ring->bell)
        sw_bell_ring(ring->bell);
    return lose(ring);
}

bool sw_ring_put(struct sw_ring *ring, const void *record, size_t len)
{
    size_t capacity = ring->mask + 1;
    if (len == 0 || len > capacity || framed(len) > capacity)
        return lose(ring);
    size_t need = framed(len);
    size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    size_t tail = ring->tail_seen;
    if (capacity - (head - tail) < need) {
        tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
        if (capacity - (head - tail) < need)
            return refuse(ring);
        ring->tail_seen = tail;
    }
    uint64_t header = len;
    memcpy(ring->data + (head & ring->mask), &header, HEADER);
    copy_in(ring, head + HEADER, record, len);
    atomic_store_explicit(&ring->head, head + need, memory_order_release);
    if (ring->bell && head + need >= ring->look_at)
        look(ring, head + need);
    return true;
}

size_t sw_ring_get(struct sw_ring *ring, void *record, size_t max)
{
    size_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    size_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    if (head == tail)
        return 0;
    uint64_t header;
    memcpy(&header, ring->data + (tail & ring->mask), HEADER);
    size_t len = (size_t)header;
    if (max > 0)
        copy_out(ring, tail + HEADER, record, len < max ? len : max);
    atomic_store_explicit(&ring->tail, tail + framed(len), memory_order_release);
    return len;
}

uint64_t sw_ring_lost(const struct sw_ring *ring)
{
    return atomic_load_explicit(&ring->lost, memory_order_relaxed);
}

size_t sw_ring_used(const struct sw_ring *ring)
{
    /* tail is read first: tail never passes a head that is read later */
    size_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    size_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    size_t used = head - tail;
    return used <= ring->mask + 1 ? used : ring->mask + 1;
}
