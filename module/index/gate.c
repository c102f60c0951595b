/* gate.c - making, filling, growing and replacing gates (gate.h). */
#include "index/gate.h"

#include <assert.h>
#include <string.h>
#include <sys/mman.h>

#define NAMES_PER_WORD 13u /* 4.9 bits for each name, in each half */
#define CLASS_MIN      20u /* 256 KiB: small lists can grow for a while before a doubling */
#define CLASS_MAX      63u
#define CLASS_DOUBLE   4u /* so many classes further is twice the size */

/* The number of names that a gate is made for. */
static size_t gate_room(sw_gate gate)
{
    return gate == 0 ? 0 : sw_gate_words(gate) * NAMES_PER_WORD;
}

static sw_gate gate_of(const struct sw_gates *gates)
{
    return atomic_load_explicit(&gates->current, memory_order_relaxed);
}

/* The smallest class for so many names, or the largest class. */
static unsigned class_for(size_t names)
{
    unsigned class = CLASS_MIN;
    while (class < CLASS_MAX && gate_room(class) < names)
        class ++;
    return class;
}

/* A new, empty gate; 0: out of memory. */
static sw_gate gate_new(struct sw_gates *gates, unsigned class)
{
    uint8_t *map = sw_filter_map(sw_gate_bytes(class));
    if (!map)
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

/* Free a gate that no reader has seen. */
static void gate_drop(struct sw_gates *gates, sw_gate gate)
{
    if (gate != 0)
        gate_free(gates, sw_gate_address(gate), sw_gate_bytes(gate));
}

/* Publish another gate, or none; the former gate is freed after a grace period. */
static void gate_publish(struct sw_gates *gates, sw_gate gate)
{
    sw_gate old = gate_of(gates);
    atomic_store_explicit(&gates->current, gate, memory_order_release);
    if (old != 0)
        sw_retire(gates->retire, gate_free, gates, sw_gate_address(old), sw_gate_bytes(old));
}

/* Set the bits of a digest. False: all bits were set already. */
static bool gate_set(sw_gate gate, uint64_t a)
{
    bool new = false;
    for (unsigned half = 0; half < SW_GATE_HALVES; half++) {
        uint64_t mask;
        _Atomic uint64_t *word = sw_gate_word(gate, half, a, &mask);
        uint64_t bits = atomic_load_explicit(word, memory_order_relaxed);
        if ((~bits & mask) == 0) /* no needless write: many workers have this line cached */
            continue;
        atomic_store_explicit(word, bits | mask, memory_order_relaxed);
        new = true;
    }
    return new;
}

/* A gate with the same content and room for `names` names: twice the size, four times, and so on,
 * up to the largest class. Doubling copies word n of a half to words 2n and 2n + 1, which are the
 * words that the same digests select in a half of twice the size. The second half begins at twice
 * the distance, so a single loop serves both halves. A gate that cannot grow is returned itself. */
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

/* Grow the current gate to room for `names` names, if memory allows. */
static void grow_current(struct sw_gates *gates, size_t names)
{
    sw_gate gate = gate_of(gates), grown = gate_grown(gates, gate, names);
    if (grown != gate)
        gate_publish(gates, grown);
}

/* Add a name to the gate that is filled aside. That gate needs a count of its own, since the index
 * also counts names of lists that are about to be replaced. */
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
    memset(gates, 0, sizeof(*gates));
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
    if (sw_gate_reserve(gates, names + 1 - names / 4) != SW_OK) /* a third more than planned */
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
