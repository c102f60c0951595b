#include "host/cache.h"

#include "base/clock.h"
#include "base/rcu.h"
#include "flow/decide.h"
#include "flow/draft.h"
#include "flow/match.h"
#include "flow/query.h"
#include "flow/ub.h"
#include "host/bins.h"
#include "host/servers.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#define BINS_AT_ONCE 32 /* a bin has about one entry on average */

/* Keys that a round, of up to BINS_AT_ONCE bins, can collect for removal. When there is no more
 * room, the bin is judged again in the next round. */
#define DOOMED_MAX 64
#define TURNS_MAX  1000 /* limit for a bin that fills as fast as the walk empties the bin */

struct doomed {
    hashvalue_type hash;
    struct sw_name name;   /* as cached, letter case kept */
    uint16_t type, dclass; /* network order for RRsets, host order for messages */
    uint32_t flags;
    uint64_t found;       /* tracked look-up: bit i for address i */
    time_t stored, until; /* tracked look-up: the RRset's time of storing, and end of validity */
};

/* A walk over a cache. judge: whether an entry must go; called under the bin's lock. */
struct walk {
    struct sw_module *module;
    const struct sw_flow *flow; /* rules to judge by: all rules, or only the new rules */
    bool aliases_only;          /* no new rule has an address or AS number */
    bool (*judge)(struct walk *walk, struct lruhash_entry *entry, struct doomed *out);
    void (*remove)(struct walk *walk, const struct doomed *doomed);
    bool unlocked;               /* flow is private to this thread: no RCU section is needed */
    bool periodic;               /* periodic sweep, not for a change */
    bool low_priority;           /* longer pauses */
    const atomic_bool *stop;     /* or NULL */
    const struct sw_addr *addrs; /* for the tracked look-up */
    size_t addrs_n;
    time_t now; /* likewise: RRsets with a time to live that ended before are passed over */
    struct lruhash_bin *bins; /* bins of the current table; valid while a bin is locked */
    struct lruhash_bin *held; /* NULL: none */
    size_t bins_n;            /* number of bins in the current table */
    size_t doomed_n;
    struct doomed doomed[DOOMED_MAX];
};

static bool copy_key(struct doomed *out, const uint8_t *name, size_t len)
{
    if (len == 0 || len > SW_NAME_MAX)
        return false;
    memcpy(out->name.wire, name, len);
    out->name.len = (uint8_t)len;
    return true;
}

/* ---- the judges ---- */

/* Names in a message, to be matched by name servers after all RRset locks are released. */
#define NAMES_MAX 16 /* Unbound follows 11 aliases */

struct answer {
    struct sw_matching *m;
    size_t n;
    struct sw_name name[NAMES_MAX];
};

static void match_alias(void *arg, const uint8_t *name, size_t len)
{
    sw_match_name(arg, SW_TRIGGER_CNAME, name, len);
}

static void answer_alias(void *arg, const uint8_t *name, size_t len)
{
    struct answer *answer = arg;
    sw_match_name(answer->m, SW_TRIGGER_CNAME, name, len);
    if (answer->m->view.any_server && answer->n < NAMES_MAX &&
        sw_name_copy(name, len, &answer->name[answer->n]) == SW_OK)
        answer->n++;
}

static void answer_addr(void *arg, const struct sw_addr *addr)
{
    struct answer *answer = arg;
    sw_match_addr(answer->m, addr);
}

static void match_addr(void *arg, const struct sw_addr *addr)
{
    sw_match_addr(arg, addr);
}

/* An RRset of a message, unless the cache entry has been reused since. */
static void match_part(const struct reply_info *reply, const struct ub_packed_rrset_key *part,
                       struct answer *answer)
{
    const struct sw_walk visit = {answer, answer_alias, answer_addr};
    size_t at = 0;
    while (at < reply->rrset_count && reply->ref[at].key != part)
        at++;
    if (at == reply->rrset_count)
        return;
    struct ub_packed_rrset_key *key = reply->ref[at].key;
    lock_rw_rdlock(&key->entry.lock);
    if (key->id == reply->ref[at].id && key->entry.data)
        sw_query_walk_rrset(ntohs(key->rk.type), key->entry.data, &visit);
    lock_rw_unlock(&key->entry.lock);
}

/* Match the answer of a message. Locks in Unbound's own order: bin, message, RRset. */
static void match_answer(struct walk *walk, struct lruhash_entry *entry, struct sw_matching *m)
{
    struct answer answer = {.m = m, .n = 0};
    struct sw_servers servers = {.n = 0};
    const struct query_info *q = &((const struct msgreply_entry *)entry->key)->key;
    struct module_env *env = walk->module->env;
    time_t now = (time_t)(sw_clock_wall_us() / 1000000);
    lock_rw_rdlock(&entry->lock);
    const struct reply_info *reply = entry->data;
    for (size_t i = 0; reply && i < reply->an_numrrsets; i++)
        match_part(reply, reply->rrsets[i], &answer);
    lock_rw_unlock(&entry->lock);
    if (!m->view.any_server)
        return;
    sw_servers_match_name(env, now, q->qname, q->qname_len, NULL, &servers, m);
    for (size_t i = 0; i < answer.n; i++)
        sw_servers_match_name(env, now, answer.name[i].wire, answer.name[i].len, NULL, &servers, m);
}

/* A message goes when the question alone makes the answer private (flow/decide.h). The answer is
 * matched as well in two cases: in a periodic sweep, which leaves RRsets of addresses alone, and
 * while some list has a trigger for name servers. Keys do not change while the bin is locked. */
static bool judge_message(struct walk *walk, struct lruhash_entry *entry, struct doomed *out)
{
    const struct msgreply_entry *message = entry->key;
    const struct query_info *q = &message->key;
    struct sw_question question;
    struct sw_matching m;
    struct sw_match match;
    if (sw_query_type_exempt(q))
        return false;
    sw_match_begin(&m, walk->flow, &match);
    sw_query_question(q, &question);
    sw_match_question(&m, &question);
    bool private = sw_decide_private(&match);
    if ((walk->periodic || m.view.any_server) && !private) {
        match_answer(walk, entry, &m);
        private = sw_decide_private(&match);
    }
    if (!private)
        return false;
    out->hash = entry->hash;
    out->type = q->qtype;
    out->dclass = q->qclass;
    return copy_key(out, q->qname, q->qname_len);
}

/* Key of an RRset for rrset_cache_remove(). The entry's lock protects the key's data. */
static bool rrset_key(const struct ub_packed_rrset_key *key, struct doomed *out)
{
    out->type = key->rk.type;
    out->dclass = key->rk.rrset_class;
    out->flags = key->rk.flags;
    return copy_key(out, key->rk.dname, key->rk.dname_len);
}

/* Whether RRsets of this type can contain an alias or address of interest. */
static bool of_interest(const struct walk *walk, uint16_t type)
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

/* Whether an RRset makes the answers that contain the RRset private. The RRset's own name
 * belongs to each such answer: as the question, or as the target of an alias. */
static bool rrset_is_private(const struct walk *walk, const struct ub_packed_rrset_key *key)
{
    struct sw_matching m;
    struct sw_match match;
    const struct sw_walk visit = {&m, match_alias, match_addr};
    uint16_t type = ntohs(key->rk.type);
    sw_match_begin(&m, walk->flow, &match);
    sw_query_walk_rrset(type, key->entry.data, &visit);
    if (!match.armed && type != LDNS_RR_TYPE_CNAME)
        return false;
    sw_match_begin(&m, walk->flow, &match);
    sw_match_name(&m, SW_TRIGGER_CNAME, key->rk.dname, key->rk.dname_len);
    sw_query_walk_rrset(type, key->entry.data, &visit);
    return sw_decide_rewrites_any(&match);
}

/* An RRset goes when the RRset makes answers private. The own name of an alias counts as well,
 * since another alias may lead to that name. */
static bool judge_rrset(struct walk *walk, struct lruhash_entry *entry, struct doomed *out)
{
    const struct ub_packed_rrset_key *key = entry->key;
    bool goes = false;
    if (!of_interest(walk, ntohs(key->rk.type)) || key->rk.rrset_class != htons(LDNS_RR_CLASS_IN))
        return false;
    lock_rw_rdlock(&entry->lock);
    if (key->id != 0 && entry->data)
        goes = rrset_is_private(walk, key) && rrset_key(key, out);
    lock_rw_unlock(&entry->lock);
    return goes;
}

static void count_removed(const struct walk *walk)
{
    struct sw_counters *counters = &walk->module->counters;
    sw_count(walk->periodic ? &counters->messages_swept_again : &counters->messages_swept, 1);
}

static void remove_message(struct walk *walk, const struct doomed *doomed)
{
    struct query_info key = {0};
    struct sw_name name = doomed->name;
    key.qname = name.wire;
    key.qname_len = name.len;
    key.qtype = doomed->type;
    key.qclass = doomed->dclass;
    slabhash_remove(walk->module->env->msg_cache, doomed->hash, &key);
    count_removed(walk);
}

static void remove_rrset(struct walk *walk, const struct doomed *doomed)
{
    struct sw_name name = doomed->name;
    rrset_cache_remove(walk->module->env->rrset_cache, name.wire, name.len, ntohs(doomed->type),
                       ntohs(doomed->dclass), doomed->flags);
    count_removed(walk);
}

/* ---- the walk ---- */

/* Collect the entries of a bin that must go. False when there is no room for all of these: then
 * the bin is judged again in the next round, and its entries are dropped from this round. If
 * this bin alone fills the room, the entries collected so far are removed first. */
static bool collect_bin(struct walk *walk, const struct lruhash_bin *bin)
{
    size_t before = walk->doomed_n;
    for (struct lruhash_entry *e = bin->overflow_list; e; e = e->overflow_next) {
        if (walk->doomed_n == DOOMED_MAX) {
            walk->doomed_n = before > 0 ? before : DOOMED_MAX;
            return false;
        }
        if (walk->judge(walk, e, &walk->doomed[walk->doomed_n]))
            walk->doomed_n++;
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
ASKS ask_entry(const struct walk *walk, const struct lruhash_entry *entry)
{
    const char *at = (const char *)entry;
    if (walk->judge == judge_message)
        at -= offsetof(struct msgreply_entry, entry);
    __builtin_prefetch(at);
    __builtin_prefetch(at + 64);
    __builtin_prefetch(at + 128);
}

/* Prefetch the data that the entry points to; the entry is already in the processor's cache. */
ASKS ask_name(const struct walk *walk, const struct lruhash_entry *entry)
{
    if (walk->judge == judge_message) {
        __builtin_prefetch(((const struct msgreply_entry *)entry->key)->key.qname);
        return;
    }
    const struct ub_packed_rrset_key *key = entry->key;
    if (of_interest(walk, ntohs(key->rk.type)))
        __builtin_prefetch(__atomic_load_n(&entry->data, __ATOMIC_RELAXED));
}

ASKS ask_ahead(const struct walk *walk, const struct lruhash_bin *bins, size_t n)
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
static bool hold(struct walk *walk, struct lruhash *table, size_t at)
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

static void let_go(struct walk *walk)
{
    if (walk->held)
        lock_quick_unlock(&walk->held->lock);
    walk->held = NULL;
}

/* Judge some bins, starting at bin at, which is locked, and collect the entries that must go.
 * Returns the first bin not done; that bin is locked, except at the end of the table. */
static size_t collect(struct walk *walk, size_t at)
{
    size_t left = walk->bins_n - at, most = left < BINS_AT_ONCE ? left : BINS_AT_ONCE, n = 1;
    struct lruhash_bin *bins = &walk->bins[at];
    size_t done = 0;
    while (n < most && sw_bins_try(&bins[n].lock))
        n++;
    for (size_t i = n; i < 2 * n && i < left; i++)
        __builtin_prefetch(&bins[i]);
    ask_ahead(walk, bins, n);
    walk->doomed_n = 0;
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

static void pause_after_burst(struct walk *walk, int64_t *burst_began)
{
    const struct timespec pause = {0, walk->low_priority ? PAUSE_LONG_NS : PAUSE_NS};
    if (sw_clock_mono_us() - *burst_began < BURST_US)
        return;
    let_go(walk);
    nanosleep(&pause, NULL);
    *burst_began = sw_clock_mono_us();
}

/* Whether the walk has to stop early. */
static bool stopped(const struct walk *walk)
{
    return walk->stop && atomic_load_explicit(walk->stop, memory_order_relaxed);
}

/* Removal takes the table's lock, so the walk first unlocks the bin. */
static void remove_doomed(struct walk *walk)
{
    if (walk->doomed_n == 0)
        return;
    let_go(walk);
    for (size_t i = 0; i < walk->doomed_n; i++)
        walk->remove(walk, &walk->doomed[i]);
}

/*
 * Proof: every entry that was present when the walk began is judged, or is gone. An entry changes
 * the bin only when the table grows, which splits bin n into bins n and n + old size. Entries of a
 * bin already done were judged; entries of a bin not done move to two bins not done. (A table never
 * shrinks.) An entry added since was judged by the new lists before the store.
 */
static void walk_slabs(struct walk *walk, struct slabhash *cache, size_t first, size_t end)
{
    int64_t burst_began = sw_clock_mono_us();
    for (size_t slab = first; slab < end; slab++)
        for (size_t at = 0, turns = 0; !stopped(walk) && hold(walk, cache->array[slab], at);) {
            size_t next = collect(walk, at);
            bool stuck = next == at && (walk->addrs || ++turns == TURNS_MAX);
            remove_doomed(walk);
            if (stuck)
                let_go(walk);
            if (stuck || next != at)
                turns = 0;
            at = next + stuck;
            pause_after_burst(walk, &burst_began);
        }
    let_go(walk);
}

/* Walk a part of n parts, as equal in size as whole slabs allow. */
static void walk_part(struct walk *walk, struct slabhash *cache, size_t part, size_t n)
{
    walk_slabs(walk, cache, cache->size * part / n, cache->size * (part + 1) / n);
}

/* ---- the sweeper's calls ---- */

/* An index of the new indicators alone, which fits into the processor's cache, unlike the lists.
 * NULL when memory is out. *domains: the number of names among the indicators. */
static struct sw_index *index_of(const struct sw_changeset *changes, size_t *domains)
{
    struct sw_policy policy;
    sw_list_id id;
    struct sw_index *index = sw_index_new();
    sw_policy_init(&policy, "new");
    policy.action = SW_ACTION_NXDOMAIN; /* any rewriting action: a match removes the entry */
    *domains = 0;
    if (!index || sw_index_list_set(index, &policy, &id) != SW_OK)
        goto cleanup;
    for (size_t i = 0; i < changes->added_n; i++) {
        if (sw_index_add(index, id, &changes->added[i]) == SW_ENOMEM)
            goto cleanup;
        *domains += changes->added[i].type == SW_INDICATOR_DOMAIN;
    }
    return index;
cleanup:
    sw_index_free(index);
    return NULL;
}

/* Whether a sweep has to use all lists rather than the new indicators. With lists that have
 * trigger client, all messages must go; name servers are found only through the names in a
 * message. */
static bool needs_all(const struct sw_module *module)
{
    sw_rcu_enter();
    struct sw_view view = sw_index_view(module->index);
    sw_rcu_leave();
    return view.clients_rewrite || view.any_server;
}

/* The first parts are parts of the message cache, the others of the RRset cache. */
#define MESSAGE_PARTS (SW_FEED_PARTS / 2)

void sw_cache_sweep(void *arg, const struct sw_changeset *changes, size_t part)
{
    struct sw_module *module = arg;
    struct sw_flow flow = module->flow;
    struct sw_index *fresh = NULL;
    size_t domains = 0;
    if (!changes->everything && !needs_all(module))
        fresh = index_of(changes, &domains);
    flow.feed = NULL; /* tracked addresses do not matter here */
    flow.index = fresh ? fresh : module->index;
    bool aliases_only = fresh && domains == changes->added_n;
    /* a question can match a name, or a PTR question an address */
    bool questions = !fresh || domains > 0 || flow.settings->ptr_addresses;
    /* PTR questions can need AS look-ups, in databases that the feeder replaces */
    struct walk messages = {.module = module,
                            .flow = &flow,
                            .unlocked = aliases_only || (fresh && !flow.settings->ptr_addresses),
                            .periodic = changes->periodic,
                            .low_priority = changes->low_priority,
                            .stop = changes->stop,
                            .judge = judge_message,
                            .remove = remove_message};
    struct walk rrsets = {.module = module,
                          .flow = &flow,
                          .unlocked = aliases_only,
                          .periodic = changes->periodic,
                          .low_priority = changes->low_priority,
                          .stop = changes->stop,
                          .aliases_only = aliases_only || changes->periodic,
                          .judge = judge_rrset,
                          .remove = remove_rrset};
    if (part < MESSAGE_PARTS && questions)
        walk_part(&messages, module->env->msg_cache, part, MESSAGE_PARTS);
    /* A periodic sweep removes only aliases: RRsets of addresses can belong to remembered
     * answers. */
    if (part >= MESSAGE_PARTS)
        walk_part(&rrsets, &module->env->rrset_cache->table, part - MESSAGE_PARTS,
                  SW_FEED_PARTS - MESSAGE_PARTS);
    sw_index_free(fresh);
}

/* State of the search for some addresses in an RRset. */
struct looking {
    const struct walk *walk;
    uint64_t found; /* bit i: addrs[i] was found */
};

static void compare_addr(void *arg, const struct sw_addr *addr)
{
    struct looking *looking = arg;
    for (size_t i = 0; i < looking->walk->addrs_n; i++)
        if (sw_addr_equal(&looking->walk->addrs[i], addr))
            looking->found |= UINT64_C(1) << i;
}

/* Whether an RRset is valid now, with a known time of storing. An expired RRset says nothing about
 * the present. Unbound notes no time of storing for RRsets of load_cache: since their age is
 * unknown, they are no sighting either (D-138). */
static bool speaks_of_now(const struct walk *walk, const struct packed_rrset_data *data)
{
    return data->ttl >= walk->now && data->ttl_add > 0 && data->ttl_add <= walk->now;
}

/* Whether a valid RRset contains a wanted address. Such an RRset is reported, not removed. */
static bool holds_addr(struct walk *walk, struct lruhash_entry *entry, struct doomed *out)
{
    const struct ub_packed_rrset_key *key = entry->key;
    struct looking looking = {walk, 0};
    const struct sw_walk visit = {&looking, NULL, compare_addr};
    uint16_t type = ntohs(key->rk.type);
    if (type != LDNS_RR_TYPE_A && type != LDNS_RR_TYPE_AAAA)
        return false;
    lock_rw_rdlock(&entry->lock);
    const struct packed_rrset_data *data = entry->data;
    if (key->id != 0 && data && speaks_of_now(walk, data)) {
        sw_query_walk_rrset(type, data, &visit);
        if (looking.found && !rrset_key(key, out))
            looking.found = 0;
        out->found = looking.found;
        out->stored = data->ttl_add;
        out->until = data->ttl;
    }
    lock_rw_unlock(&entry->lock);
    return looking.found != 0;
}

/* Names that a rule matches are recorded hit by hit; only other names are reported here, once. */
static bool reports_itself(const struct sw_module *module, const struct sw_name *name)
{
    struct sw_matching m;
    struct sw_match match;
    sw_rcu_enter();
    sw_match_begin(&m, &module->flow, &match);
    sw_match_name(&m, SW_TRIGGER_QNAME, name->wire, name->len);
    sw_rcu_leave();
    return match.acted_on;
}

static void report_name(struct walk *walk, const struct doomed *found)
{
    struct sw_event ev;
    const struct sw_question question = {found->name.wire, found->name.len, ntohs(found->type),
                                         ntohs(found->dclass)};
    if (reports_itself(walk->module, &found->name))
        return;
    sw_record_draft(&ev, SW_EVENT_ANSWER, (int64_t)found->stored * 1000000, &question, NULL);
    ev.flags |= SW_EVENT_RESOLVED;
    sw_record_until(&ev, found->until);
    for (size_t i = 0; i < walk->addrs_n; i++)
        if (found->found >> i & 1)
            sw_record_addr(&ev, &walk->addrs[i]);
    sw_journal_put_slow(walk->module->journal, &ev);
}

void sw_cache_report_names(void *arg, const struct sw_addr *addrs, size_t n)
{
    struct sw_module *module = arg;
    struct walk walk = {.module = module,
                        .unlocked = true,
                        .judge = holds_addr,
                        .remove = report_name,
                        .now = (time_t)(sw_clock_wall_us() / 1000000),
                        .addrs = addrs,
                        .addrs_n = n < SW_FEED_TRACKED_MAX ? n : SW_FEED_TRACKED_MAX};
    walk_part(&walk, &module->env->rrset_cache->table, 0, 1);
}
