/* filter.c - mappings of filters, divided into slices (filter.h). */
#include "index/filter.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SLICES 272u /* 256 shards and 16 spare: a grace period for 16 rebuilds */
#define BITS_PER_KEY                                                                               \
    9u /* bits for each key at least: at most 2 % pass; size classes give up to a quarter more */
#define LARGE_PAGE (2u << 20) /* x86-64 and usual on ARM; elsewhere only alignment */
#define CLASS_MAX  63u

#define FOUR(n) 4u << (n), 5u << (n), 6u << (n), 7u << (n)
const uint32_t sw_filter_lines[64] = {
    FOUR(0), FOUR(1), FOUR(2),  FOUR(3),  FOUR(4),  FOUR(5),  FOUR(6),  FOUR(7),
    FOUR(8), FOUR(9), FOUR(10), FOUR(11), FOUR(12), FOUR(13), FOUR(14), FOUR(15),
};
#undef FOUR

struct sw_filter_arena {
    struct sw_filters *filters;
    uint8_t *map;
    size_t slice_bytes;
    unsigned class, n_free;
    uint16_t free[SLICES];
};

static size_t arena_bytes(const struct sw_filter_arena *arena)
{
    return SLICES * arena->slice_bytes;
}

size_t sw_machine_pages(size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (bytes + page - 1) / page * page;
}

uint8_t *sw_filter_map(size_t bytes)
{
    const int prot = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS;
    if (bytes < LARGE_PAGE) {
        void *map = mmap(NULL, bytes, prot, flags, -1, 0);
        return map == MAP_FAILED ? NULL : map;
    }
    uint8_t *map = mmap(NULL, bytes + LARGE_PAGE, prot, flags, -1, 0);
    if (map == MAP_FAILED)
        return NULL;
    size_t before = (LARGE_PAGE - (uintptr_t)map % LARGE_PAGE) % LARGE_PAGE;
    size_t used = sw_machine_pages(bytes);
    if (before > 0)
        munmap(map, before);
    munmap(map + before + used, bytes + LARGE_PAGE - before - used);
    (void)madvise(map + before, used, MADV_HUGEPAGE); /* without large pages: slower, not wrong */
    return map + before;
}

static struct sw_filter_arena *arena_new(struct sw_filters *filters, unsigned class)
{
    struct sw_filter_arena *arena = calloc(1, sizeof(*arena));
    if (!arena)
        return NULL;
    arena->filters = filters;
    arena->class = class;
    arena->slice_bytes = sw_filter_lines[class] * sizeof(struct sw_filter_line);
    arena->map = sw_filter_map(arena_bytes(arena));
    if (!arena->map) {
        free(arena);
        return NULL;
    }
    for (unsigned i = 0; i < SLICES; i++)
        arena->free[i] = (uint16_t)(SLICES - 1 - i);
    arena->n_free = SLICES;
    filters->arenas++;
    atomic_fetch_add_explicit(&filters->bytes, arena_bytes(arena), memory_order_relaxed);
    return arena;
}

static void arena_free(struct sw_filter_arena *arena)
{
    size_t bytes = arena_bytes(arena);
    munmap(arena->map, bytes);
    atomic_fetch_sub_explicit(&arena->filters->bytes, bytes, memory_order_relaxed);
    arena->filters->arenas--;
    free(arena);
}

/* Free a former mapping once all slices are back. */
static void arena_check(struct sw_filter_arena *arena)
{
    if (arena && arena != arena->filters->current && arena->n_free == SLICES)
        arena_free(arena);
}

void sw_filters_init(struct sw_filters *filters, struct sw_retire *retire)
{
    *filters = (struct sw_filters){.retire = retire};
}

void sw_filters_free(struct sw_filters *filters)
{
    struct sw_filter_arena *arena = filters->current;
    filters->current = NULL;
    arena_check(arena);
    assert(filters->arenas == 0);
}

/* The smallest class with enough bits for `keys` keys; CLASS_MAX + 1 if no class has enough. */
static unsigned class_for(uint32_t keys)
{
    uint64_t lines = ((uint64_t)keys * BITS_PER_KEY + 511) / 512;
    unsigned class = 0;
    while (class <= CLASS_MAX && sw_filter_lines[class] < lines)
        class ++;
    return class;
}

static enum sw_status arena_begin(struct sw_filters *filters, unsigned class)
{
    struct sw_filter_arena *arena = arena_new(filters, class), *old = filters->current;
    if (!arena)
        return SW_ENOMEM;
    filters->current = arena;
    arena_check(old);
    return SW_OK;
}

enum sw_status sw_filter_new(struct sw_filters *filters, uint32_t keys, struct sw_filter_slice *out)
{
    unsigned class = class_for(keys);
    if (class > CLASS_MAX)
        return SW_ENOMEM;
    if ((!filters->current || class > filters->current->class) &&
        arena_begin(filters, class) != SW_OK)
        return SW_ENOMEM;
    struct sw_filter_arena *arena = filters->current;
    if (arena->n_free == 0)
        sw_retire_flush(filters->retire);
    assert(arena->n_free > 0);
    uint8_t *slice = arena->map + arena->free[--arena->n_free] * arena->slice_bytes;
    memset(slice, 0, arena->slice_bytes);
    *out = (struct sw_filter_slice){(sw_filter)slice | arena->class, arena};
    return SW_OK;
}

enum sw_status sw_filter_restore(struct sw_filters *filters, unsigned class, const void *lines,
                                 struct sw_filter_slice *out)
{
    if (class > CLASS_MAX || (!filters->current && arena_begin(filters, class) != SW_OK))
        return SW_ENOMEM;
    struct sw_filter_arena *arena = filters->current;
    if (arena->class != class || arena->n_free == 0)
        return SW_ENOMEM;
    uint8_t *slice = arena->map + arena->free[--arena->n_free] * arena->slice_bytes;
    if (lines)
        memcpy(slice, lines, arena->slice_bytes);
    *out = (struct sw_filter_slice){(sw_filter)slice | class, arena};
    return SW_OK;
}

void sw_filters_shrink(struct sw_filters *filters, uint32_t keys)
{
    unsigned class = class_for(keys);
    if (filters->current && class + 4 <= filters->current->class)
        (void)arena_begin(filters, class); /* without memory: tried again later */
}

void sw_filter_add(sw_filter filter, uint64_t a)
{
    struct sw_filter_line *line = sw_filter_line_of(filter, a);
    struct sw_filter_bits bits = sw_filter_bits_of(a);
    uint64_t w0 = atomic_load_explicit(&line->word[bits.word0], memory_order_relaxed);
    uint64_t w1 = atomic_load_explicit(&line->word[bits.word1], memory_order_relaxed);
    atomic_store_explicit(&line->word[bits.word0], w0 | bits.mask0, memory_order_relaxed);
    atomic_store_explicit(&line->word[bits.word1], w1 | bits.mask1, memory_order_relaxed);
}

/* sw_retire_fn: arg is the mapping, ptr the slice. */
static void slice_back(void *arg, void *ptr, size_t bytes)
{
    struct sw_filter_arena *arena = arg;
    size_t offset = (size_t)((uint8_t *)ptr - arena->map);
    arena->free[arena->n_free++] = (uint16_t)(offset / bytes);
    arena_check(arena);
}

static void *slice_address(struct sw_filter_slice slice)
{
    return (void *)(slice.filter & ~(sw_filter)63);
}

void sw_filter_release(struct sw_filter_slice slice)
{
    if (slice.filter != 0)
        slice_back(slice.arena, slice_address(slice), slice.arena->slice_bytes);
}

void sw_filter_retire(struct sw_filters *filters, struct sw_filter_slice slice)
{
    if (slice.filter != 0)
        sw_retire(filters->retire, slice_back, slice.arena, slice_address(slice),
                  slice.arena->slice_bytes);
}
