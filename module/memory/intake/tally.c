/*
 * tally.c - open addressing with linear probing over an array of records in an arena.
 *
 * A record is a struct head, then owner, zone and rdata. The records lie one after another in
 * blocks of BLOCK octets; `record` lists all records in the order of adding. A slot has
 * the number of a record plus one and the upper half of the hash, so that a probe reads a record
 * only if 32 bits of the hash agree.
 */
#include "memory/intake/tally.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <xxhash.h>

#define BLOCK      ((size_t)256 << 10)
#define SLOTS_MIN  4096
#define RECORD_MAX (sizeof(struct head) + 2 * SW_NAME_MAX + SW_RDATA_MAX)

struct head {
    uint64_t first, last, count;
    uint16_t type, rdata_len;
    uint8_t owner_len, zone_len;
    uint16_t pad; /* always 0: the hash covers this member */
};

struct slot {
    uint32_t number; /* of the record, plus 1; 0: free */
    uint32_t hash;
};

struct sw_tally {
    size_t max;
    uint64_t seed;
    struct slot *slot;
    size_t slots; /* a power of two, at most 3/4 in use */
    struct head **record;
    size_t n, room; /* records, and places in `record` */
    uint8_t **block;
    size_t blocks, block_now, block_used;
    /* the tuple that was asked for last, and where it belongs */
    uint64_t hash;
    size_t wanted_len;
    union {
        struct head head;
        uint8_t octets[RECORD_MAX];
    } wanted;
};

struct sw_tally *sw_tally_new(size_t max)
{
    struct sw_tally *tally = calloc(1, sizeof(*tally));
    if (!tally)
        return NULL;
    tally->max = max < SW_TALLY_MIN ? SW_TALLY_MIN : max;
    tally->slots = SLOTS_MIN;
    tally->slot = calloc(tally->slots, sizeof(*tally->slot));
    if (!tally->slot || getrandom(&tally->seed, sizeof(tally->seed), 0) < 0) {
        sw_tally_free(tally);
        return NULL;
    }
    return tally;
}

void sw_tally_free(struct sw_tally *tally)
{
    if (!tally)
        return;
    for (size_t i = 0; i < tally->blocks; i++)
        free(tally->block[i]);
    free(tally->block);
    free(tally->record);
    free(tally->slot);
    free(tally);
}

/* Octets of a record after its head. */
static size_t tail_of(const struct head *head)
{
    return (size_t)head->owner_len + head->zone_len + head->rdata_len;
}

static uint8_t *tail(struct head *head)
{
    return (uint8_t *)(head + 1);
}

/* Build the record of a sighting in `wanted`, and its hash. The hash covers type and lengths. */
static void want(struct sw_tally *tally, const struct sw_sighting *s)
{
    struct head *head = &tally->wanted.head;
    size_t owner_len = sw_name_size(s->owner, SW_NAME_MAX);
    size_t zone_len = sw_name_size(s->zone, SW_NAME_MAX);
    *head = (struct head){.first = s->first,
                          .last = s->last,
                          .count = s->count,
                          .type = s->type,
                          .rdata_len = s->rdata_len,
                          .owner_len = (uint8_t)owner_len,
                          .zone_len = (uint8_t)zone_len};
    uint8_t *at = tail(head);
    memcpy(at, s->owner, owner_len);
    memcpy(at + owner_len, s->zone, zone_len);
    memcpy(at + owner_len + zone_len, s->rdata, s->rdata_len);
    tally->wanted_len = sizeof(*head) + tail_of(head);
    size_t from = offsetof(struct head, type);
    tally->hash =
        XXH3_64bits_withSeed(tally->wanted.octets + from, tally->wanted_len - from, tally->seed);
}

static bool is_wanted(struct sw_tally *tally, struct head *head)
{
    const struct head *wanted = &tally->wanted.head;
    return head->type == wanted->type && head->owner_len == wanted->owner_len &&
           head->zone_len == wanted->zone_len && head->rdata_len == wanted->rdata_len &&
           memcmp(tail(head), tally->wanted.octets + sizeof(*head), tail_of(head)) == 0;
}

/* The slot of the wanted tuple, or the free slot where it belongs. */
static struct slot *find(struct sw_tally *tally)
{
    uint32_t high = (uint32_t)(tally->hash >> 32);
    size_t at = (size_t)tally->hash & (tally->slots - 1);
    while (tally->slot[at].number && !(tally->slot[at].hash == high &&
                                       is_wanted(tally, tally->record[tally->slot[at].number - 1])))
        at = (at + 1) & (tally->slots - 1);
    return &tally->slot[at];
}

enum sw_status sw_tally_count(struct sw_tally *tally, const struct sw_sighting *sighting)
{
    want(tally, sighting);
    const struct slot *slot = find(tally);
    if (!slot->number)
        return SW_ENOTFOUND;
    struct head *head = tally->record[slot->number - 1];
    head->first = sighting->first < head->first ? sighting->first : head->first;
    head->last = sighting->last > head->last ? sighting->last : head->last;
    head->count += sighting->count;
    return SW_OK;
}

/* Double the slots, so that each probe stays short. The whole hash is not kept, so it is
 * computed again from the records. */
static enum sw_status grow_slots(struct sw_tally *tally)
{
    size_t slots = tally->slots * 2, from = offsetof(struct head, type);
    if (sw_tally_octets(tally) + slots * sizeof(struct slot) > tally->max)
        return SW_ETOOBIG;
    struct slot *slot = calloc(slots, sizeof(*slot));
    if (!slot)
        return SW_ENOMEM;
    for (size_t i = 0; i < tally->n; i++) {
        const struct head *head = tally->record[i];
        uint64_t hash = XXH3_64bits_withSeed((const uint8_t *)head + from,
                                             sizeof(*head) + tail_of(head) - from, tally->seed);
        size_t at = (size_t)hash & (slots - 1);
        while (slot[at].number)
            at = (at + 1) & (slots - 1);
        slot[at] = (struct slot){(uint32_t)i + 1, (uint32_t)(hash >> 32)};
    }
    free(tally->slot);
    tally->slot = slot;
    tally->slots = slots;
    return SW_OK;
}

/* Make room for a further pointer in `record`. */
static enum sw_status grow_records(struct sw_tally *tally)
{
    size_t room = tally->room ? tally->room * 2 : SLOTS_MIN;
    if (tally->n < tally->room)
        return SW_OK;
    if (sw_tally_octets(tally) + room * sizeof(*tally->record) > tally->max)
        return SW_ETOOBIG;
    struct head **record = realloc(tally->record, room * sizeof(*record));
    if (!record)
        return SW_ENOMEM;
    tally->record = record;
    tally->room = room;
    return SW_OK;
}

/* A further block of the arena; blocks of a former interval are used again. */
static enum sw_status next_block(struct sw_tally *tally)
{
    size_t next = tally->blocks ? tally->block_now + 1 : 0;
    if (next == tally->blocks) {
        if (sw_tally_octets(tally) + BLOCK > tally->max)
            return SW_ETOOBIG;
        uint8_t **block = realloc(tally->block, (next + 1) * sizeof(*block));
        if (!block)
            return SW_ENOMEM;
        tally->block = block;
        if (!(block[next] = malloc(BLOCK)))
            return SW_ENOMEM;
        tally->blocks = next + 1;
    }
    tally->block_now = next;
    tally->block_used = 0;
    return SW_OK;
}

/* Room for len octets in the arena. */
static enum sw_status take(struct sw_tally *tally, size_t len, void **out)
{
    len = (len + 7) & ~(size_t)7;
    if (!tally->blocks || len > BLOCK - tally->block_used) {
        enum sw_status status = next_block(tally);
        if (status != SW_OK)
            return status;
    }
    *out = tally->block[tally->block_now] + tally->block_used;
    tally->block_used += len;
    return SW_OK;
}

enum sw_status sw_tally_add(struct sw_tally *tally)
{
    _Static_assert(RECORD_MAX < BLOCK, "each record fits into a block");
    void *place = NULL;
    enum sw_status status = SW_OK;
    if (tally->n + 1 > tally->slots / 4 * 3)
        status = grow_slots(tally);
    if (status == SW_OK)
        status = grow_records(tally);
    if (status == SW_OK)
        status = take(tally, tally->wanted_len, &place);
    if (status != SW_OK)
        return status;
    memcpy(place, tally->wanted.octets, tally->wanted_len);
    tally->record[tally->n++] = place;
    *find(tally) = (struct slot){(uint32_t)tally->n, (uint32_t)(tally->hash >> 32)};
    return SW_OK;
}

bool sw_tally_nearly_full(const struct sw_tally *tally)
{
    size_t octets = sw_tally_octets(tally);
    bool slots = (tally->n + 1) * 4 / 3 >= tally->slots &&
                 octets + tally->slots * 2 * sizeof(*tally->slot) > tally->max;
    bool records = tally->n + 1 >= tally->room && tally->room &&
                   octets + tally->room * 2 * sizeof(*tally->record) > tally->max;
    return slots || records ||
           (tally->block_now + 1 == tally->blocks && octets + BLOCK > tally->max);
}

size_t sw_tally_size(const struct sw_tally *tally)
{
    return tally->n;
}

size_t sw_tally_octets(const struct sw_tally *tally)
{
    return sizeof(*tally) + tally->slots * sizeof(*tally->slot) +
           tally->room * sizeof(*tally->record) + tally->blocks * BLOCK;
}

struct sw_sighting sw_tally_at(const struct sw_tally *tally, size_t i)
{
    assert(i < tally->n);
    struct head *head = tally->record[i];
    const uint8_t *at = tail(head);
    return (struct sw_sighting){
        .owner = at,
        .zone = at + head->owner_len,
        .rdata = at + head->owner_len + head->zone_len,
        .rdata_len = head->rdata_len,
        .type = head->type,
        .first = head->first,
        .last = head->last,
        .count = head->count,
    };
}

void sw_tally_clear(struct sw_tally *tally)
{
    memset(tally->slot, 0, tally->slots * sizeof(*tally->slot));
    tally->n = 0;
    tally->block_now = 0;
    tally->block_used = 0;
}
