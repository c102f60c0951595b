/*
 * ruleset.h - sets of rules: the lists that hold an indicator, and in which form.
 *
 * A rule is a pair (list, form). Most indicators have one of the same few sets, such as "list 3,
 * subtree". So sets are immutable, each different set exists once (interned), and a slot of the
 * table has only a reference to a set. To change an indicator, the writer takes the set with a rule
 * more or less, stores the reference of that set in the slot, and releases the former set. A set
 * that no slot refers to is freed after a grace period. Only then the reference may name another
 * set.
 *
 * Threads      sw_set_get(): any, inside an RCU section, with a reference read from the table
 *              (the acquire load there orders the set's content); the others: the writer
 * Memory       8 octets and the set (20 + 2 for each rule) for each different set
 */
#ifndef SW_INDEX_RULESET_H
#define SW_INDEX_RULESET_H

#include "base/indicator.h"
#include "base/status.h"
#include "index/index.h"
#include "index/retire.h"
#include "index/table.h"

#include <stdatomic.h>
#include <stdint.h>

typedef uint16_t sw_rule; /* list << 2 | form */

#define SW_RULES_MAX (SW_LISTS_MAX * SW_FORM_COUNT) /* every list in every form */

static_assert(SW_LISTS_MAX << 2 <= UINT16_MAX + 1, "a rule fits into 16 bits");
static_assert(SW_FORM_COUNT <= 4, "a form fits into 2 bits");

/** The rule for a list that holds an indicator in a form. */
static inline sw_rule sw_rule_of(sw_list_id list, enum sw_form form)
{
    return (sw_rule)((unsigned)list << 2 | (unsigned)form);
}

/** The list of a rule. */
static inline sw_list_id sw_rule_list(sw_rule rule)
{
    return rule >> 2;
}

/** The form of a rule. */
static inline enum sw_form sw_rule_form(sw_rule rule)
{
    return (enum sw_form)(rule & 3);
}

struct sw_ruleset {
    uint32_t ref, hash;
    uint16_t class; /* SW_CLASS_...: of the indicators that have this set */
    uint16_t n;
    sw_rule rule[]; /* ascending */
};

#define SW_SETS_PER_CHUNK 1024u
#define SW_SET_CHUNKS     ((SW_REF_MASK + 1) / SW_SETS_PER_CHUNK)

struct sw_set_chunk {
    _Atomic(struct sw_ruleset *) set[SW_SETS_PER_CHUNK];
    uint32_t users[SW_SETS_PER_CHUNK]; /* writer only: slots and holds; free: next free reference */
};

struct sw_sets {
    _Atomic(struct sw_set_chunk *) chunk[SW_SET_CHUNKS];
    /* the rest: writer only */
    struct sw_retire *retire;
    uint64_t seed, mul;
    uint32_t next, free; /* first reference never used; first free reference, 0 = none */
    uint32_t last;       /* the largest reference: SW_REF_MASK, in tests less */
    uint32_t n;
    uint32_t intern_size; /* power of two; open addressing, 0 = empty */
    uint32_t *intern;
    _Atomic size_t bytes;
    sw_rule scratch[SW_RULES_MAX + 1];
};

/** The set with a reference. */
static inline const struct sw_ruleset *sw_set_get(const struct sw_sets *sets, uint32_t ref)
{
    const struct sw_set_chunk *chunk =
        atomic_load_explicit(&sets->chunk[ref / SW_SETS_PER_CHUNK], memory_order_relaxed);
    return atomic_load_explicit(&chunk->set[ref % SW_SETS_PER_CHUNK], memory_order_relaxed);
}

/** Initialise without sets. seed, mul: secret, so that a feed cannot make sets collide. SW_OK,
 * SW_ENOMEM. */
enum sw_status sw_sets_init(struct sw_sets *sets, struct sw_retire *retire, uint64_t seed,
                            uint64_t mul);

/** Free everything; no reader may be left, and retire must be drained already. */
void sw_sets_free(struct sw_sets *sets);

/**
 * Find or make the set `ref` (0: the empty set) with a further rule; *out is held once for the
 * caller. SW_OK; SW_EEXIST (the set has the rule); SW_EREFUSED (the set is of another class: two
 * indicators have the same digest); SW_ETOOBIG (`last` different sets); SW_ENOMEM.
 */
enum sw_status sw_sets_with(struct sw_sets *sets, uint32_t ref, uint16_t class, sw_rule rule,
                            uint32_t *out);

/** Find or make the set without a rule; *out is held once, or 0 for the empty set. SW_OK,
 * SW_ENOTFOUND, SW_ETOOBIG, SW_ENOMEM. */
enum sw_status sw_sets_without(struct sw_sets *sets, uint32_t ref, sw_rule rule, uint32_t *out);

/** Find or make the set without the rules of gone lists (gone: a flag for each list id). *out is
 * held once, or 0 for the empty set, or `ref`, not held, if the set has no such rule. SW_OK,
 * SW_ETOOBIG, SW_ENOMEM. */
enum sw_status sw_sets_without_lists(struct sw_sets *sets, uint32_t ref, const bool *gone,
                                     uint32_t *out);

/**
 * Put a set from a file under reference `ref` into `sets`, which no reader sees yet; the set is
 * held `users` times (not 0). SW_OK; SW_EINVAL: not a valid set, or the reference is taken, or an
 * equal set exists; SW_ENOMEM.
 */
enum sw_status sw_sets_restore(struct sw_sets *sets, uint32_t ref, uint16_t class,
                               const sw_rule *rule, size_t n, uint32_t users);

/** Call after the last sw_sets_restore(): makes unused references available. */
void sw_sets_restored(struct sw_sets *sets);

/** Hold count of a reference below sets->next; 0: no set has this reference. */
uint32_t sw_sets_users(const struct sw_sets *sets, uint32_t ref);

/** Whether the set holds a rule. ref may be 0. */
bool sw_sets_has(const struct sw_sets *sets, uint32_t ref, sw_rule rule);

/** Hold or release a set n times; the last release retires the set. ref 0 is fine. */
void sw_sets_hold(struct sw_sets *sets, uint32_t ref, uint32_t n);
void sw_sets_drop(struct sw_sets *sets, uint32_t ref, uint32_t n);

#endif
