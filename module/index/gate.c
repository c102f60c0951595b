/* gate.c - making, filling, growing and replacing gates (gate.h). */
#include "index/gate.h"

#include <assert.h>
#include <string.h>
#include <sys/mman.h>

#define NAMES_PER_WORD 13u /* 4.9 bits for each, in each half */
#define CLASS_MIN      20u /* 256 KiB: small lists may grow a while before it is doubled */
#define CLASS_MAX      63u
#define CLASS_DOUBLE   4u /* that many classes on: twice the size */

/* Names that it is made for. */
static size_t gate_room(sw_gate gate)
{
    return gate == 0 ? 0 : sw_gate_words(gate) * NAMES_PER_WORD;
}

static sw_gate gate_of(const struct sw_gates *gates)
{
    return atomic_load_explicit(&gates->current, memory_order_relaxed);
}

/* The smallest class for so many names, or the largest. */
static unsigned class_for(size_t names)
{
    unsigned class = CLASS_MIN;
    while (class < CLASS_MAX && gate_room(class) < names)
        class ++;
    return class;
}

/* 0: out of memory. */
static sw_gate gate_new(struct sw_gates *gates, unsigned class)
{
    uint8_t *map = sw_filter_map(sw_gate_bytes(class));
    if (map == NULL)
        return 0;
    atomic_fetch_add_explicit(&gates->bytes, sw_gate_bytes(class), memory_order_relaxed);
    return (sw_gate)map | class;
}

/* sw_retire_fn */
static void gate_free(void *arg, void *ptr, size_t bytes)
{
    struct sw_gates *gates = arg;
    munmap(ptr, bytes);
    atomic_fetch_sub_explicit(&gates->bytes, bytes, memory_order_relaxed);
}

/* One that no reader has seen. */
static void gate_drop(struct sw_gates *gates, sw_gate gate)
{
    if (gate != 0)
        gate_free(gates, sw_gate_address(gate), sw_gate_bytes(gate));
}

/* Show another one, or none, to readers; the former one is freed after them. */
static void gate_publish(struct sw_gates *gates, sw_gate gate)
{
    sw_gate old = gate_of(gates);
    atomic_store_explicit(&gates->current, gate, memory_order_release);
    if (old != 0)
        sw_retire(gates->retire, gate_free, gates, sw_gate_address(old), sw_gate_bytes(old));
}

/* False: all its bits were set already. */
static bool gate_set(sw_gate gate, uint64_t a)
{
    bool new = false;
    for (unsigned half = 0; half < SW_GATE_HALVES; half++) {
        uint64_t mask;
        _Atomic uint64_t *word = sw_gate_word(gate, half, a, &mask);
        uint64_t bits = atomic_load_explicit(word, memory_order_relaxed);
        if ((~bits & mask) == 0) /* a line that many read is not written for nothing */
            continue;
        atomic_store_explicit(word, bits | mask, memory_order_relaxed);
        new = true;
    }
    return new;
}

/* One for so many names at least, with the same content: of twice the size, or four times, and so on.
 * Word n of a half is where 2n and 2n + 1 will be looked for, and twice as far from the beginning,
 * whichever half it is of. As large as it may be or the same one when there is no more. */
static sw_gate gate_grown(struct sw_gates *gates, sw_gate gate, size_t names)
{
    unsigned class = gate & 63, times = 0;
    while (gate_room(class) < names && class + CLASS_DOUBLE <= CLASS_MAX) {
        class += CLASS_DOUBLE;
        times++;
    }
    sw_gate grown = times == 0 ? 0 : gate_new(gates, class);
    if (grown == 0)
        return gate;
    const uint64_t *from = sw_gate_address(gate);
    uint64_t *to = sw_gate_address(grown);
    for (size_t i = 0; i < SW_GATE_HALVES * sw_gate_words(grown); i++)
        to[i] = from[i >> times];
    return grown;
}

/* See that the current one is made for so many names, as far as there is memory. */
static void grow_current(struct sw_gates *gates, size_t names)
{
    sw_gate gate = gate_of(gates), grown = gate_grown(gates, gate, names);
    if (grown != gate)
        gate_publish(gates, grown);
}

/* A name into the one that is filled aside. It knows how many it has got: the index has also those
 * that lists to be replaced have. */
static void add_next(struct sw_gates *gates, uint64_t a)
{
    if (!gate_set(gates->next, a) || ++gates->next_names <= gate_room(gates->next))
        return;
    sw_gate grown = gate_grown(gates, gates->next, gates->next_names);
    if (grown == gates->next)
        return;
    gate_drop(gates, gates->next);
    gates->next = grown;
}

void sw_gates_init(struct sw_gates *gates, struct sw_retire *retire)
{
    memset(gates, 0, sizeof *gates);
    gates->retire = retire;
}

void sw_gates_free(struct sw_gates *gates)
{
    gate_drop(gates, gate_of(gates));
    gate_drop(gates, gates->next);
}

enum sw_status sw_gate_reserve(struct sw_gates *gates, size_t names)
{
    if (gate_of(gates) != 0) {
        grow_current(gates, names);
        return SW_OK;
    }
    sw_gate gate = gate_new(gates, class_for(names));
    if (gate == 0)
        return SW_ENOMEM;
    gate_publish(gates, gate);
    return SW_OK;
}

enum sw_status sw_gate_add(struct sw_gates *gates, uint64_t a, size_t names)
{
    if (sw_gate_reserve(gates, names + 1 - names / 4) != SW_OK) /* a third denser than announced */
        return SW_ENOMEM;
    (void)gate_set(gate_of(gates), a);
    if (gates->next != 0)
        add_next(gates, a);
    return SW_OK;
}

void sw_gate_renew(struct sw_gates *gates, size_t names)
{
    gate_drop(gates, gates->next);
    gates->next = gate_of(gates) == 0 ? 0 : gate_new(gates, class_for(names));
    gates->next_names = 0;
    gates->epoch++;
}

void sw_gate_promote(struct sw_gates *gates)
{
    assert(gates->next != 0);
    gate_publish(gates, gates->next);
    gates->next = 0;
}

void sw_gate_reset(struct sw_gates *gates)
{
    if (gate_of(gates) != 0)
        gate_publish(gates, 0);
    gate_drop(gates, gates->next);
    gates->next = 0;
}

enum sw_status sw_gate_restore(struct sw_gates *gates, const void *words, size_t bytes)
{
    unsigned class = CLASS_MIN;
    while (class < CLASS_MAX && sw_gate_bytes(class) != bytes)
        class ++;
    if (sw_gate_bytes(class) != bytes)
        return SW_EINVAL;
    sw_gate gate = gate_new(gates, class);
    if (gate == 0)
        return SW_ENOMEM;
    memcpy(sw_gate_address(gate), words, bytes);
    gate_publish(gates, gate);
    return SW_OK;
}
