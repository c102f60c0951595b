/* ruleset.c - interning of rule sets (ruleset.h). */
#include "index/ruleset.h"

#include <stdlib.h>
#include <string.h>

#define INTERN_MIN 64u /* slots at the start; doubled at half full */

static struct sw_set_chunk *chunk_of(const struct sw_sets *sets, uint32_t ref)
{
    return atomic_load_explicit(&sets->chunk[ref / SW_SETS_PER_CHUNK], memory_order_relaxed);
}

static uint32_t *users_of(struct sw_sets *sets, uint32_t ref)
{
    return &chunk_of(sets, ref)->users[ref % SW_SETS_PER_CHUNK];
}

static void set_store(struct sw_sets *sets, uint32_t ref, struct sw_ruleset *set)
{
    atomic_store_explicit(&chunk_of(sets, ref)->set[ref % SW_SETS_PER_CHUNK], set,
                          memory_order_relaxed);
}

static size_t set_size(size_t n)
{
    return sizeof(struct sw_ruleset) + n * sizeof(sw_rule);
}

static void count_bytes(struct sw_sets *sets, size_t more, size_t less)
{
    atomic_fetch_add_explicit(&sets->bytes, more - less, memory_order_relaxed);
}

enum sw_status sw_sets_init(struct sw_sets *sets, struct sw_retire *retire, uint64_t seed,
                            uint64_t mul)
{
    memset(sets, 0, sizeof(*sets));
    sets->retire = retire;
    sets->seed = seed;
    sets->mul = mul | 1;
    sets->next = SW_REF_FIRST;
    sets->last = SW_REF_MASK;
    sets->intern = calloc(INTERN_MIN, sizeof(*sets->intern));
    if (!sets->intern)
        return SW_ENOMEM;
    sets->intern_size = INTERN_MIN;
    count_bytes(sets, INTERN_MIN * sizeof(*sets->intern), 0);
    return SW_OK;
}

void sw_sets_free(struct sw_sets *sets)
{
    for (uint32_t c = 0; c < SW_SET_CHUNKS; c++) {
        struct sw_set_chunk *chunk = atomic_load_explicit(&sets->chunk[c], memory_order_relaxed);
        if (!chunk)
            break;
        for (uint32_t i = 0; i < SW_SETS_PER_CHUNK; i++)
            free(atomic_load_explicit(&chunk->set[i], memory_order_relaxed));
        free(chunk);
    }
    free(sets->intern);
}

/* ---- the table of sets by content ---- */

static uint32_t content_hash(const struct sw_sets *sets, uint16_t class, const sw_rule *rule,
                             size_t n)
{
    uint64_t h = (sets->seed ^ class) * sets->mul;
    for (size_t i = 0; i < n; i++)
        h = ((h ^ h >> 29) + rule[i] + 1) * sets->mul;
    return (uint32_t)(h >> 32);
}

/* The slot of a set, or the empty slot where the set would be put. */
static uint32_t intern_slot(const struct sw_sets *sets, uint32_t hash, uint16_t class,
                            const sw_rule *rule, size_t n)
{
    uint32_t mask = sets->intern_size - 1;
    for (uint32_t i = hash & mask;; i = (i + 1) & mask) {
        if (sets->intern[i] == 0)
            return i;
        const struct sw_ruleset *set = sw_set_get(sets, sets->intern[i]);
        if (set->hash == hash && set->class == class && set->n == n &&
            memcmp(set->rule, rule, n * sizeof(*rule)) == 0)
            return i;
    }
}

static enum sw_status intern_grow(struct sw_sets *sets)
{
    uint32_t size = sets->intern_size * 2;
    uint32_t *bigger = calloc(size, sizeof(*bigger));
    if (!bigger)
        return SW_ENOMEM;
    for (uint32_t i = 0; i < sets->intern_size; i++) {
        uint32_t ref = sets->intern[i];
        if (ref == 0)
            continue;
        uint32_t at = sw_set_get(sets, ref)->hash & (size - 1);
        while (bigger[at] != 0)
            at = (at + 1) & (size - 1);
        bigger[at] = ref;
    }
    count_bytes(sets, (size - sets->intern_size) * sizeof(*bigger), 0);
    free(sets->intern);
    sets->intern = bigger;
    sets->intern_size = size;
    return SW_OK;
}

/* Remove a set. Displaced entries behind the gap move back, since a search ends at a gap. */
static void intern_remove(struct sw_sets *sets, const struct sw_ruleset *set)
{
    uint32_t mask = sets->intern_size - 1;
    uint32_t gap = intern_slot(sets, set->hash, set->class, set->rule, set->n);
    for (uint32_t i = (gap + 1) & mask; sets->intern[i] != 0; i = (i + 1) & mask) {
        uint32_t home = sw_set_get(sets, sets->intern[i])->hash & mask;
        if (((i - home) & mask) >= ((i - gap) & mask)) {
            sets->intern[gap] = sets->intern[i];
            gap = i;
        }
    }
    sets->intern[gap] = 0;
    sets->n--;
}

/* ---- references ---- */

/* Take a reference that no reader can have: a free reference, else a new reference. */
static enum sw_status ref_take(struct sw_sets *sets, uint32_t *out)
{
    if (sets->free == 0 && sets->next > sets->last)
        sw_retire_flush(sets->retire); /* frees references of sets without slots */
    if (sets->free != 0) {
        *out = sets->free;
        sets->free = *users_of(sets, *out);
        return SW_OK;
    }
    if (sets->next > sets->last)
        return SW_ETOOBIG;
    if (!chunk_of(sets, sets->next)) {
        struct sw_set_chunk *chunk = calloc(1, sizeof(*chunk));
        if (!chunk)
            return SW_ENOMEM;
        atomic_store_explicit(&sets->chunk[sets->next / SW_SETS_PER_CHUNK], chunk,
                              memory_order_relaxed);
        count_bytes(sets, sizeof(*chunk), 0);
    }
    *out = sets->next++;
    return SW_OK;
}

/* sw_retire_fn: free a set, and make the reference available for another set. */
static void set_release(void *arg, void *ptr, size_t bytes)
{
    struct sw_sets *sets = arg;
    struct sw_ruleset *set = ptr;
    set_store(sets, set->ref, NULL);
    *users_of(sets, set->ref) = sets->free;
    sets->free = set->ref;
    free(set);
    count_bytes(sets, 0, bytes);
}

/* The set with this content, existing or new, held once. */
static enum sw_status intern(struct sw_sets *sets, uint16_t class, const sw_rule *rule, size_t n,
                             uint32_t *out)
{
    if (sets->n >= sets->intern_size / 2 && intern_grow(sets) != SW_OK)
        return SW_ENOMEM;
    uint32_t hash = content_hash(sets, class, rule, n), ref;
    uint32_t slot = intern_slot(sets, hash, class, rule, n);
    if (sets->intern[slot] != 0) {
        *out = sets->intern[slot];
        sw_sets_hold(sets, *out, 1);
        return SW_OK;
    }
    struct sw_ruleset *set = malloc(set_size(n));
    if (!set)
        return SW_ENOMEM;
    enum sw_status status = ref_take(sets, &ref);
    if (status != SW_OK) {
        free(set);
        return status;
    }
    *set = (struct sw_ruleset){.ref = ref, .hash = hash, .class = class, .n = (uint16_t)n};
    memcpy(set->rule, rule, n * sizeof(*rule));
    set_store(sets, ref, set);
    *users_of(sets, ref) = 1;
    sets->intern[slot] = ref;
    sets->n++;
    count_bytes(sets, set_size(n), 0);
    *out = ref;
    return SW_OK;
}

void sw_sets_hold(struct sw_sets *sets, uint32_t ref, uint32_t n)
{
    if (ref != 0)
        *users_of(sets, ref) += n;
}

void sw_sets_drop(struct sw_sets *sets, uint32_t ref, uint32_t n)
{
    if (ref == 0)
        return;
    assert(*users_of(sets, ref) >= n);
    if ((*users_of(sets, ref) -= n) > 0)
        return;
    struct sw_ruleset *set = atomic_load_explicit(
        &chunk_of(sets, ref)->set[ref % SW_SETS_PER_CHUNK], memory_order_relaxed);
    intern_remove(sets, set);
    sw_retire(sets->retire, set_release, sets, set, set_size(set->n));
}

/* ---- sets from sets ---- */

bool sw_sets_has(const struct sw_sets *sets, uint32_t ref, sw_rule rule)
{
    if (ref == 0)
        return false;
    const struct sw_ruleset *set = sw_set_get(sets, ref);
    for (unsigned i = 0; i < set->n; i++) {
        if (set->rule[i] == rule)
            return true;
    }
    return false;
}

enum sw_status sw_sets_with(struct sw_sets *sets, uint32_t ref, uint16_t class, sw_rule rule,
                            uint32_t *out)
{
    if (ref == 0)
        return intern(sets, class, &rule, 1, out);
    const struct sw_ruleset *set = sw_set_get(sets, ref);
    if (set->class != class)
        return SW_EREFUSED;
    size_t n = 0;
    while (n < set->n && set->rule[n] < rule)
        n++;
    if (n < set->n && set->rule[n] == rule)
        return SW_EEXIST;
    memcpy(sets->scratch, set->rule, n * sizeof(rule));
    sets->scratch[n] = rule;
    memcpy(sets->scratch + n + 1, set->rule + n, (set->n - n) * sizeof(rule));
    return intern(sets, class, sets->scratch, (size_t)set->n + 1, out);
}

enum sw_status sw_sets_without(struct sw_sets *sets, uint32_t ref, sw_rule rule, uint32_t *out)
{
    if (!sw_sets_has(sets, ref, rule))
        return SW_ENOTFOUND;
    const struct sw_ruleset *set = sw_set_get(sets, ref);
    size_t n = 0;
    for (unsigned i = 0; i < set->n; i++) {
        if (set->rule[i] != rule)
            sets->scratch[n++] = set->rule[i];
    }
    if (n > 0)
        return intern(sets, set->class, sets->scratch, n, out);
    *out = 0;
    return SW_OK;
}

enum sw_status sw_sets_without_lists(struct sw_sets *sets, uint32_t ref, const bool *gone,
                                     uint32_t *out)
{
    const struct sw_ruleset *set = sw_set_get(sets, ref);
    size_t n = 0;
    for (unsigned i = 0; i < set->n; i++) {
        if (!gone[sw_rule_list(set->rule[i])])
            sets->scratch[n++] = set->rule[i];
    }
    if (n > 0 && n < set->n)
        return intern(sets, set->class, sets->scratch, n, out);
    *out = n == 0 ? 0 : ref;
    return SW_OK;
}

/* ---- sets from a file ---- */

uint32_t sw_sets_users(const struct sw_sets *sets, uint32_t ref)
{
    const struct sw_set_chunk *chunk = chunk_of(sets, ref);
    if (!chunk || !atomic_load_explicit(&chunk->set[ref % SW_SETS_PER_CHUNK], memory_order_relaxed))
        return 0;
    return chunk->users[ref % SW_SETS_PER_CHUNK];
}

static bool rules_ok(const sw_rule *rule, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (sw_rule_list(rule[i]) >= SW_LISTS_MAX ||
            (unsigned)sw_rule_form(rule[i]) >= SW_FORM_COUNT || (i > 0 && rule[i] <= rule[i - 1]))
            return false;
    }
    return n > 0 && n <= SW_RULES_MAX;
}

/* Allocate all chunks up to a reference: readers and sw_sets_free() expect no gap. */
static enum sw_status chunks_up_to(struct sw_sets *sets, uint32_t ref)
{
    for (uint32_t c = 0; c <= ref / SW_SETS_PER_CHUNK; c++) {
        if (atomic_load_explicit(&sets->chunk[c], memory_order_relaxed))
            continue;
        struct sw_set_chunk *chunk = calloc(1, sizeof(*chunk));
        if (!chunk)
            return SW_ENOMEM;
        atomic_store_explicit(&sets->chunk[c], chunk, memory_order_relaxed);
        count_bytes(sets, sizeof(*chunk), 0);
    }
    return SW_OK;
}

enum sw_status sw_sets_restore(struct sw_sets *sets, uint32_t ref, uint16_t class,
                               const sw_rule *rule, size_t n, uint32_t users)
{
    if (ref < SW_REF_FIRST || ref > SW_REF_MASK || class >= SW_CLASS_COUNT || users == 0 ||
        !rules_ok(rule, n) || sw_sets_users(sets, ref) != 0)
        return SW_EINVAL;
    if (chunks_up_to(sets, ref) != SW_OK ||
        (sets->n >= sets->intern_size / 2 && intern_grow(sets) != SW_OK))
        return SW_ENOMEM;
    uint32_t hash = content_hash(sets, class, rule, n);
    uint32_t slot = intern_slot(sets, hash, class, rule, n);
    if (sets->intern[slot] != 0)
        return SW_EINVAL;
    struct sw_ruleset *set = malloc(set_size(n));
    if (!set)
        return SW_ENOMEM;
    *set = (struct sw_ruleset){.ref = ref, .hash = hash, .class = class, .n = (uint16_t)n};
    memcpy(set->rule, rule, n * sizeof(*rule));
    set_store(sets, ref, set);
    *users_of(sets, ref) = users;
    sets->intern[slot] = ref;
    sets->n++;
    sets->next = ref >= sets->next ? ref + 1 : sets->next;
    count_bytes(sets, set_size(n), 0);
    return SW_OK;
}

void sw_sets_restored(struct sw_sets *sets)
{
    for (uint32_t ref = sets->next; ref-- > SW_REF_FIRST;) {
        if (sw_sets_users(sets, ref) == 0) {
            *users_of(sets, ref) = sets->free;
            sets->free = ref;
        }
    }
}
