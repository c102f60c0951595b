/*
 * cache_evict.c - remove the added names from both caches by key: sw_cache_evict() of cache.h.
 *
 * A name is looked for under more than a hundred types, most of which are not cached. So the bins
 * are searched before Unbound's own removal is called. The table's lock is held only while a
 * prefetched bin is located.
 *
 * Decision     D-018
 */
#include "base/counters.h"
#include "flow/ub.h"
#include "host/bins.h"
#include "host/cache.h"

#include <arpa/inet.h>

/* Types that are tried when a name is evicted: all types in use except DS and DNSKEY, which are
 * exempt. The sweep finds the other types. */
static const struct {
    uint16_t first, last;
} evicted_types[] = {{1, 42}, {44, 47}, {49, 67}, {99, 99}, {108, 109}, {255, 262}, {32769, 32769}};

/* The most common types are evicted first. When more names than this are added at once, the
 * sweep removes the rest, tenths of a second later: each type of each name takes four locks that
 * workers need. */
static const uint16_t common_types[] = {
    LDNS_RR_TYPE_A,   LDNS_RR_TYPE_AAAA, 65 /* HTTPS */,   LDNS_RR_TYPE_CNAME,
    LDNS_RR_TYPE_MX,  LDNS_RR_TYPE_TXT,  LDNS_RR_TYPE_NS,  LDNS_RR_TYPE_SOA,
    LDNS_RR_TYPE_SRV, 64 /* SVCB */,     LDNS_RR_TYPE_PTR, LDNS_RR_TYPE_ANY,
};
#define COMMON           (sizeof(common_types) / sizeof(common_types[0]))
#define EVICT_WHOLLY_MAX 16

/* A key under which data of the name may be cached. */
struct place {
    struct lruhash *table;
    hashvalue_type hash;
    uint16_t type, flags;
    bool message;
};

#define PLACES_MAX 36 /* three for each of the common types */

struct search {
    struct module_env *env;
    struct sw_name name;
    size_t n;
    struct place place[PLACES_MAX];
};

/* Whether an entry with this hash is cached. A collision only costs a useless removal. */
static bool is_taken(const struct place *place)
{
    struct lruhash_bin *bin = sw_bins_hold_hash(place->table, place->hash);
    const struct lruhash_entry *e = bin->overflow_list;
    while (e && e->hash != place->hash)
        e = e->overflow_next;
    lock_quick_unlock(&bin->lock);
    return e != NULL;
}

static void look(struct search *search)
{
    struct sw_name *name = &search->name;
    for (size_t i = 0; i < search->n; i++)
        sw_bins_ask(search->place[i].table, search->place[i].hash);
    for (size_t i = 0; i < search->n; i++) {
        const struct place *place = &search->place[i];
        if (!is_taken(place))
            continue;
        if (place->message)
            msg_cache_remove(search->env, name->wire, name->len, place->type, LDNS_RR_CLASS_IN,
                             place->flags);
        else
            rrset_cache_remove(search->env->rrset_cache, name->wire, name->len, place->type,
                               LDNS_RR_CLASS_IN, 0);
    }
    search->n = 0;
}

static void add_message(struct search *search, uint16_t type, uint16_t flags)
{
    struct query_info q = {.qname = search->name.wire,
                           .qname_len = search->name.len,
                           .qtype = type,
                           .qclass = LDNS_RR_CLASS_IN};
    hashvalue_type hash = query_info_hash(&q, flags);
    search->place[search->n++] =
        (struct place){slabhash_gettable(search->env->msg_cache, hash), hash, type, flags, true};
}

static void add_rrset(struct search *search, uint16_t type)
{
    struct packed_rrset_key key = {.dname = search->name.wire,
                                   .dname_len = search->name.len,
                                   .type = htons(type),
                                   .rrset_class = htons(LDNS_RR_CLASS_IN)};
    hashvalue_type hash = rrset_key_hash(&key);
    search->place[search->n++] = (struct place){
        slabhash_gettable(&search->env->rrset_cache->table, hash), hash, type, 0, false};
}

/* RRsets in answers have no flags. Of a query's properties only the type, and for AAAA the CD
 * bit, enter the hash of a message (query_info_hash() of Unbound). */
static void evict_type(struct search *search, uint16_t type)
{
    if (search->n + 3 > PLACES_MAX)
        look(search);
    add_rrset(search, type);
    add_message(search, type, 0);
    if (type == LDNS_RR_TYPE_AAAA)
        add_message(search, type, BIT_CD);
}

static void evict_name(struct sw_module *module, const struct sw_name *name, bool many)
{
    struct search search = {.env = module->env, .name = *name};
    for (size_t i = 0; i < COMMON; i++)
        evict_type(&search, common_types[i]);
    look(&search);
    for (size_t i = 0; !many && i < sizeof(evicted_types) / sizeof(evicted_types[0]); i++)
        for (unsigned type = evicted_types[i].first; type <= evicted_types[i].last; type++)
            evict_type(&search, (uint16_t)type);
    look(&search);
    sw_count(&module->counters.messages_evicted, 1);
}

void sw_cache_evict(void *arg, const struct sw_changeset *changes)
{
    for (size_t i = 0; i < changes->added_n; i++)
        if (changes->added[i].type == SW_INDICATOR_DOMAIN &&
            changes->added[i].form != SW_FORM_BELOW)
            evict_name(arg, &changes->added[i].name, changes->added_n > EVICT_WHOLLY_MAX);
}
