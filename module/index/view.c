/*
 * view.c - the look-ups of workers (index.h, "reading").
 *
 * A name has to pass the gate first (gate.h). Nearly always the look-up ends there, after a word or
 * two of memory. Names that pass, and all addresses, are looked up in three passes, so that all
 * memory accesses are under way before the first is waited for:
 *     pass 1  for every suffix, or prefix length, that occurs in the index: compute the digest,
 *             prefetch the filter line
 *     pass 2  keep the probes that pass the filter
 *     pass 3  look into the table, most specific first
 * For an address, usually no probe is left after pass 2. A name that has passed the gate is nearly
 * always in the table, so the buckets are prefetched before pass 2.
 */
#include "index/impl.h"

#define PROBES_MAX 129 /* prefix lengths 0..128; names have 128 suffixes at most */

struct probe { /* a digest to look for */
    const struct sw_filter_line *line;
    struct sw_digest digest; /* names: b is computed in pass 3 */
    uint16_t class;
};

/* The caller's part of a look-up: view, triggers, function to call. */
struct report {
    const struct sw_view *view;
    unsigned triggers;
    sw_hit_fn *found;
    void *arg;
};

struct sw_view sw_index_view(const struct sw_index *index)
{
    const struct sw_root *root = atomic_load_explicit(&index->root, memory_order_acquire);
    return (struct sw_view){
        .index = index,
        .root = root,
        .any_domain = atomic_load_explicit(&root->any[SW_INDICATOR_DOMAIN], memory_order_relaxed),
        .any_prefix = atomic_load_explicit(&root->any[SW_INDICATOR_PREFIX], memory_order_relaxed),
        .any_asn = atomic_load_explicit(&root->any[SW_INDICATOR_ASN], memory_order_relaxed),
        .any_client = atomic_load_explicit(&root->any_client, memory_order_relaxed),
        .clients_act = atomic_load_explicit(&root->clients_act, memory_order_relaxed),
        .clients_rewrite = atomic_load_explicit(&root->clients_rewrite, memory_order_relaxed),
        .any_server = atomic_load_explicit(&root->any_server, memory_order_relaxed),
    };
}

/* Pass 1 for a probe, stored at `probe`; returns the place for the next probe, which is `probe`
 * itself if the shard is empty. */
static inline struct probe *probe_start(const struct sw_index *index, struct probe *probe,
                                        struct sw_digest digest, unsigned class)
{
    sw_filter filter = sw_table_filter(&index->table, digest.a);
    if (__builtin_expect(filter == 0, 0))
        return probe;
    const struct sw_filter_line *line = sw_filter_line_of(filter, digest.a);
    __builtin_prefetch(line);
    probe->line = line;
    probe->digest = digest;
    probe->class = (uint16_t) class;
    return probe + 1;
}

/* Prefetch the buckets of all probes. */
static inline void probes_fetch(const struct sw_index *index, const struct probe *probes,
                                const struct probe *end)
{
    for (const struct probe *probe = probes; probe < end; probe++)
        sw_table_prefetch(&index->table, probe->digest.a);
}

/* Pass 2: keep the probes that pass the filter, in order; returns the end of the kept probes. */
static inline __attribute__((always_inline)) struct probe *probes_filter(struct probe *probes,
                                                                         const struct probe *end)
{
    struct probe *kept = probes;
    for (const struct probe *probe = probes; probe < end; probe++)
        if (__builtin_expect(sw_filter_may_have(probe->line, probe->digest.a), 0))
            *kept++ = *probe;
    return kept;
}

/* Pass 3: the set of rules of a probe that passed the filter, or NULL. */
static const struct sw_ruleset *probe_finish(const struct sw_index *index,
                                             const struct probe *probe)
{
    uint32_t ref = sw_table_get(&index->table, probe->digest);
    if (ref == 0)
        return NULL;
    const struct sw_ruleset *set = sw_set_get(&index->sets, ref);
    return set->class == probe->class ? set : NULL;
}

/* Report the rules of a set, except for lists that the root does not show. whole: the queried name
 * itself is listed, not a name above. */
static void report_set(const struct report *report, const struct sw_ruleset *set,
                       const struct sw_hit *about, bool whole)
{
    const struct sw_root *root = report->view->root;
    struct sw_hit hit = *about;
    for (unsigned i = 0; i < set->n; i++) {
        hit.id = sw_rule_list(set->rule[i]);
        hit.form = sw_rule_form(set->rule[i]);
        hit.list = root->policy[hit.id];
        if (!hit.list || !(hit.list->triggers & report->triggers) ||
            (hit.form == SW_FORM_EXACT && !whole) || (hit.form == SW_FORM_BELOW && whole))
            continue;
        report->found(report->arg, &hit);
    }
}

/* ---- names ---- */

/* The number of labels of the deepest name in the table. */
static inline unsigned deepest(const struct sw_index *index)
{
    uint64_t above = atomic_load_explicit(&index->classes[1], memory_order_relaxed);
    uint64_t low = atomic_load_explicit(&index->classes[0], memory_order_relaxed);
    return above != 0 ? 127 - (unsigned)__builtin_clzll(above)
                      : 63 - (unsigned)__builtin_clzll(low | 1);
}

/* Pass 1 for a suffix of a name. */
static inline struct probe *name_probe(const struct sw_index *index, const struct sw_sum *sum,
                                       unsigned labels, struct probe *probes)
{
    struct sw_digest digest = {.a = sw_hash_first(&index->key, sum)};
    return probe_start(index, probes, digest, SW_CLASS_NAME + labels);
}

/* Pass 1 for a name: a probe for each suffix with a number of labels that occurs, shortest first.
 * If the gate rules out all names at or below the last two labels, as nearly always, no probes of
 * two labels or more are made. The second half of the gate is read last, after the filter lines
 * have been prefetched. Returns the end of the probes. */
static inline struct probe *name_probes(const struct sw_index *index,
                                        const struct sw_hash_name *name, struct probe *probes)
{
    unsigned labels = (unsigned)name->labels, end = deepest(index), k = 0;
    end = end < labels ? end : labels;
    const uint8_t *at = name->at + labels, *octets = name->octets;
    const struct sw_factor(*row)[SW_HASH_ROW_WORDS] = index->key.factor[0];
    struct sw_sum sum = sw_hash_start(&index->key, 0);
    uint64_t occurs = atomic_load_explicit(&index->classes[0], memory_order_relaxed);
    for (; k < 2; k++) {
        if (__builtin_expect(occurs >> k & 1, 0))
            probes = name_probe(index, &sum, k, probes);
        if (k == end)
            return probes;
        sw_hash_label(&sum, *row++, octets + *--at);
    }
    struct sw_gate_ask ask;
    if (__builtin_expect(!sw_gate_first(&index->gates, sw_hash_first(&index->key, &sum), &ask), 1))
        return probes;
    struct probe *gated = probes;
    for (;; k++) {
        if (__builtin_expect(k == 64, 0))
            occurs = atomic_load_explicit(&index->classes[1], memory_order_relaxed);
        if (occurs >> k % 64 & 1)
            probes = name_probe(index, &sum, k, probes);
        if (k == end)
            return sw_gate_second(&ask) ? probes : gated;
        sw_hash_label(&sum, *row++, octets + *--at);
    }
}

/* Pass 3 for a name: most specific first. */
static inline void names_finish(const struct report *report, const struct sw_hash_name *name,
                                const struct probe *probes, const struct probe *end)
{
    const struct sw_index *index = report->view->index;
    for (const struct probe *next = end; next-- > probes;) {
        struct probe probe = *next;
        unsigned labels = probe.class - SW_CLASS_NAME;
        probe.digest.b = sw_hash_second(&index->key, name, labels);
        const struct sw_ruleset *set = probe_finish(index, &probe);
        struct sw_hit about = {.type = SW_INDICATOR_DOMAIN, .labels = (uint8_t)labels};
        if (set)
            report_set(report, set, &about, (int)labels == name->labels);
    }
}

void sw_view_find_name(const struct sw_view *view, unsigned triggers, const uint8_t *wire,
                       size_t len, sw_hit_fn *found, void *arg)
{
    struct sw_hash_name name;
    struct probe probes[PROBES_MAX];
    if (!view->any_domain || !sw_hash_name(&name, wire, len))
        return;
    const struct probe *end = name_probes(view->index, &name, probes);
    if (__builtin_expect(end == probes, 1))
        return;
    const struct report report = {view, triggers, found, arg};
    probes_fetch(view->index, probes, end); /* after the gate: nearly always in the table */
    end = probes_filter(probes, end);
    names_finish(&report, &name, probes, end);
}

/* ---- addresses ---- */

static uint64_t octets64(const uint8_t *octets)
{
    uint64_t x;
    memcpy(&x, octets, 8);
    return be64toh(x);
}

/* The first n bits of x, 0..64. */
static inline uint64_t first_bits(uint64_t x, unsigned n)
{
    return n == 0 ? 0 : x & UINT64_MAX << (64 - n);
}

/* Prefix lengths that occur, a bit for each, from a word of the presence bitmap. */
static inline uint64_t lengths_of(const struct sw_index *index, unsigned word)
{
    return atomic_load_explicit(&index->classes[word], memory_order_relaxed);
}

/* Pass 1 for an IPv4 address: a probe for each length that occurs in the /16, longest first. */
static struct probe *probes4(const struct sw_index *index, const struct sw_addr *addr,
                             struct probe *probes)
{
    uint32_t host = (uint32_t)(octets64(addr->octets) >> 32);
    uint64_t lengths = lengths_of(index, SW_CLASS_PREFIX4 / 64);
    lengths &= addr->plen > 32 ? 1 : sw_lengths4(&index->lengths, host);
    lengths &= (UINT64_C(2) << addr->plen % 64) - 1; /* no length over that of the queried prefix */
    while (lengths != 0) {
        unsigned plen = 63 - (unsigned)__builtin_clzll(lengths);
        lengths ^= UINT64_C(1) << plen;
        uint32_t bits = (uint32_t)(UINT64_C(0xffffffff00000000) >> plen);
        struct sw_digest digest = sw_hash_prefix4(&index->key, host & bits, plen);
        probes = probe_start(index, probes, digest, SW_CLASS_PREFIX4 + plen);
    }
    return probes;
}

/* Pass 1 for an IPv6 address and a word of 64 lengths: a probe for each length that occurs near the
 * address, longest first. */
static struct probe *probes6(const struct sw_index *index, const struct sw_addr *addr,
                             unsigned word, uint64_t near, struct probe *probes)
{
    uint64_t hi = octets64(addr->octets), lo = octets64(addr->octets + 8);
    uint64_t lengths = lengths_of(index, SW_CLASS_PREFIX6 / 64 + word) & near;
    while (lengths != 0) {
        unsigned bit = 63 - (unsigned)__builtin_clzll(lengths), plen = word * 64 + bit;
        lengths ^= UINT64_C(1) << bit;
        if (plen > addr->plen)
            continue;
        struct sw_digest digest =
            sw_hash_prefix6(&index->key, first_bits(hi, plen < 64 ? plen : 64),
                            first_bits(lo, plen < 64 ? 0 : plen - 64), plen);
        probes = probe_start(index, probes, digest, SW_CLASS_PREFIX6 + plen);
    }
    return probes;
}

void sw_view_find_addr(const struct sw_view *view, unsigned triggers, const struct sw_addr *addr,
                       sw_hit_fn *found, void *arg)
{
    struct probe probes[PROBES_MAX], *end = probes;
    const struct report report = {view, triggers, found, arg};
    if (!view->any_prefix)
        return;
    if (addr->family == 4) {
        end = probes4(view->index, addr, probes);
    } else if (addr->family == 6) {
        uint64_t near[3];
        sw_lengths6(&view->index->lengths, &view->index->key,
                    (uint32_t)(octets64(addr->octets) >> 32), near);
        for (unsigned word = 3; word-- > 0;)
            end = probes6(view->index, addr, word, near[word], end);
    }
    end = probes_filter(probes, end);
    probes_fetch(view->index, probes, end);
    for (const struct probe *probe = probes; probe < end; probe++) {
        const struct sw_ruleset *set = probe_finish(view->index, probe);
        unsigned base = addr->family == 4 ? SW_CLASS_PREFIX4 : SW_CLASS_PREFIX6;
        struct sw_hit about = {.type = SW_INDICATOR_PREFIX, .plen = (uint8_t)(probe->class - base)};
        if (set)
            report_set(&report, set, &about, true);
    }
}

/* ---- AS numbers, lists, text ---- */

void sw_view_find_asn(const struct sw_view *view, unsigned triggers, uint32_t asn, sw_hit_fn *found,
                      void *arg)
{
    const struct report report = {view, triggers, found, arg};
    struct probe probe;
    if (!view->any_asn || probe_start(view->index, &probe, sw_hash_asn(&view->index->key, asn),
                                      SW_CLASS_ASN) == &probe)
        return;
    const struct sw_ruleset *set = probe_finish(view->index, &probe);
    struct sw_hit about = {.type = SW_INDICATOR_ASN, .asn = asn};
    if (set)
        report_set(&report, set, &about, true);
}

void sw_view_find_holder(const struct sw_view *view, const struct sw_indicator *holder,
                         sw_hit_fn *found, void *arg)
{
    const struct report report = {view, SW_TRIGGERS_DEFAULT, found, arg};
    struct probe probe;
    if (probe_start(view->index, &probe, sw_hash_holder(&view->index->key, holder->holder),
                    SW_CLASS_HOLDER) == &probe)
        return;
    const struct sw_ruleset *set = probe_finish(view->index, &probe);
    struct sw_hit about = {.type = SW_INDICATOR_HOLDER};
    if (set)
        report_set(&report, set, &about, true);
}

const struct sw_policy *sw_view_list(const struct sw_view *view, sw_list_id id)
{
    const struct sw_root *root = view->root;
    return id < SW_LISTS_MAX ? root->policy[id] : NULL;
}

char *sw_hit_text(const struct sw_hit *hit, const uint8_t *name, const struct sw_addr *addr,
                  char text[SW_INDICATORTEXT_MAX])
{
    text[0] = '\0';
    if (hit->type == SW_INDICATOR_DOMAIN) {
        unsigned labels = name ? sw_name_labels(name) : 0;
        if (labels < hit->labels)
            return text;
        for (; labels > hit->labels; labels--)
            name += (size_t)*name + 1;
        return sw_domain_text(hit->form, name, text);
    }
    struct sw_indicator ind = {.type = hit->type, .asn = hit->asn};
    if (hit->type == SW_INDICATOR_PREFIX) {
        if (!addr || hit->plen > sw_addr_bits(addr))
            return text;
        ind.addr = *addr;
        sw_addr_mask(&ind.addr, hit->plen);
    }
    return sw_indicator_text(&ind, text);
}
