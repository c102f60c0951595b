/* lengths.c - noting lengths of prefixes (lengths.h). */
#include "index/lengths.h"

#include <string.h>
#include <sys/mman.h>

/* A zeroed table; only used pages are resident. NULL: out of memory. */
static void *table_new(struct sw_lengths *lengths, size_t bytes)
{
    void *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        return NULL;
    atomic_fetch_add_explicit(&lengths->bytes, bytes, memory_order_relaxed);
    return map;
}

static struct sw_lengths4 *need4(struct sw_lengths *lengths)
{
    struct sw_lengths4 *v4 = atomic_load_explicit(&lengths->v4, memory_order_relaxed);
    if (!v4 && (v4 = table_new(lengths, sizeof(*v4))) != NULL)
        atomic_store_explicit(&lengths->v4, v4, memory_order_release);
    return v4;
}

static struct sw_lengths6 *need6(struct sw_lengths *lengths)
{
    struct sw_lengths6 *v6 = atomic_load_explicit(&lengths->v6, memory_order_relaxed);
    if (!v6 && (v6 = table_new(lengths, sizeof(*v6))) != NULL)
        atomic_store_explicit(&lengths->v6, v6, memory_order_release);
    return v6;
}

static enum sw_status note4(struct sw_lengths *lengths, const struct sw_addr *addr)
{
    struct sw_lengths4 *v4 = need4(lengths);
    if (!v4)
        return SW_ENOMEM;
    unsigned first = (unsigned)addr->octets[0] << 8 | addr->octets[1];
    unsigned n = addr->plen < 16 ? 1u << (16 - addr->plen) : 1;
    if (addr->plen > 16) {
        unsigned n22 = addr->plen < 22 ? 1u << (22 - addr->plen) : 1; /* 32 at most */
        uint64_t bits = ((UINT64_C(1) << n22) - 1) << (addr->octets[2] >> 2);
        atomic_fetch_or_explicit(&v4->near[first], bits, memory_order_relaxed);
    }
    for (unsigned i = first; i < first + n; i++)
        atomic_fetch_or_explicit(&v4->in[i], 1u << (addr->plen - 1), memory_order_relaxed);
    return SW_OK;
}

static enum sw_status note6(struct sw_lengths *lengths, const struct sw_hash_key *key,
                            const struct sw_addr *addr)
{
    struct sw_lengths6 *v6 = need6(lengths);
    uint32_t first;
    if (!v6)
        return SW_ENOMEM;
    memcpy(&first, addr->octets, sizeof(first));
    unsigned bit = addr->plen - 32u;
    atomic_fetch_or_explicit(&v6->in[sw_lengths6_at(key, be32toh(first))][bit / 64],
                             UINT64_C(1) << bit % 64, memory_order_relaxed);
    return SW_OK;
}

enum sw_status sw_lengths_note(struct sw_lengths *lengths, const struct sw_hash_key *key,
                               const struct sw_addr *addr)
{
    if (addr->family == 4 && addr->plen > 0)
        return note4(lengths, addr);
    if (addr->family == 6 && addr->plen >= 32)
        return note6(lengths, key, addr);
    return SW_OK; /* short prefixes are looked for wherever the length occurs */
}

enum sw_status sw_lengths_restore(struct sw_lengths *lengths, const struct sw_lengths4 *v4,
                                  const struct sw_lengths6 *v6)
{
    if ((v4 && !need4(lengths)) || (v6 && !need6(lengths)))
        return SW_ENOMEM;
    if (v4)
        memcpy(need4(lengths), v4, sizeof(*v4));
    if (v6)
        memcpy(need6(lengths), v6, sizeof(*v6));
    return SW_OK;
}

void sw_lengths_free(struct sw_lengths *lengths)
{
    struct sw_lengths4 *v4 = atomic_load_explicit(&lengths->v4, memory_order_relaxed);
    struct sw_lengths6 *v6 = atomic_load_explicit(&lengths->v6, memory_order_relaxed);
    if (v4)
        munmap(v4, sizeof(*v4));
    if (v6)
        munmap(v6, sizeof(*v6));
}
