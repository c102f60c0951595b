/* note.c - the records of a response, from the rings to the tally. See keeper.h. */
#include "memory/intake/keeper_parts.h"

#include <string.h>

#define TURN_MAX 256 /* RRsets from a ring before the next ring follows */

bool sw_keeper_takes(uint16_t type)
{
    return sw_rdata_kept(type);
}

/* Letters of eight octets in lower case: bit 7 of each octet tells whether a sum is over 127. */
static uint64_t fold_word(uint64_t word)
{
    const uint64_t each = UINT64_MAX / 255; /* 1 in each octet */
    uint64_t low = word & each * 127;
    uint64_t from_a = low + each * (128 - 'A'), over_z = low + each * (127 - 'Z');
    return word | (from_a & ~over_z & ~word & each * 128) >> 2;
}

/* All names in lower case. Octets of length are below 64 and so no letters. */
static void fold(uint8_t *name, size_t len)
{
    uint64_t word;
    for (; len >= sizeof(word); name += sizeof(word), len -= sizeof(word)) {
        memcpy(&word, name, sizeof(word));
        word = fold_word(word);
        memcpy(name, &word, sizeof(word));
    }
    word = 0;
    memcpy(&word, name, len);
    word = fold_word(word);
    memcpy(name, &word, len);
}

static unsigned longest_label(const uint8_t *name)
{
    unsigned longest = 0;
    for (; *name; name += 1 + *name)
        longest = *name > longest ? *name : longest;
    return longest;
}

/* Whether a name has a label that memory-cut-label does not allow. */
static bool is_long(const struct sw_keeper *keeper, const uint8_t *name)
{
    uint32_t limit = keeper->settings->memory_cut_label;
    return limit && longest_label(name) >= limit;
}

static bool rdata_is_long(const struct sw_keeper *keeper, const struct sw_sighting *s)
{
    int at = sw_rdata_name(s->type, s->rdata, s->rdata_len);
    return at >= 0 && is_long(keeper, s->rdata + at);
}

/* Count one sighting, of an owner name with this registrable domain; NULL: not known yet. */
static void count(struct sw_keeper *keeper, const struct sw_sighting *s, const uint8_t **domain)
{
    struct sw_keeper_numbers *numbers = &keeper->numbers;
    if (sw_tally_count(keeper->tally, s) == SW_OK) {
        numbers->sightings++;
        return;
    }
    if (!*domain)
        *domain = sw_domains_of(keeper->domains, s->owner);
    if (!sw_domains_take(keeper->domains, *domain)) {
        numbers->left_out.domain++;
        return;
    }
    if (sw_tally_add(keeper->tally) == SW_OK) {
        numbers->sightings++;
        return;
    }
    numbers->left_out.memory++;
}

void sw_keeper_note(struct sw_keeper *keeper)
{
    struct sw_received *r = &keeper->received;
    struct sw_left_out *left_out = &keeper->numbers.left_out;
    const uint8_t *domain = NULL;
    size_t cursor = 0, len;
    uint8_t *rdata;
    fold(r->body, (size_t)r->owner_len + r->zone_len);
    struct sw_sighting s = {.owner = r->body,
                            .zone = r->body + r->owner_len,
                            .type = r->type,
                            .first = r->time,
                            .last = r->time,
                            .count = 1};
    left_out->too_many += r->left;
    if (sw_domains_excluded(keeper->domains, s.owner)) {
        left_out->excluded += r->records;
        return;
    }
    if (is_long(keeper, s.owner))
        s.owner = domain = sw_domains_of(keeper->domains, s.owner);
    while (sw_received_next(r, &cursor, &rdata, &len)) {
        if (sw_rdata_canonical(r->type, rdata, len, rdata) != SW_OK) {
            left_out->malformed++;
            continue;
        }
        s.rdata = rdata;
        s.rdata_len = (uint16_t)len;
        if (rdata_is_long(keeper, &s))
            left_out->label++;
        else
            count(keeper, &s, &domain);
    }
    keeper->full = !keeper->numbers.problem[0] && sw_tally_nearly_full(keeper->tally);
}

/* Take at most TURN_MAX RRsets of a ring; returns the number. */
static size_t take_turn(struct sw_keeper *keeper, struct sw_ring *ring)
{
    size_t n = 0, len;
    while (n < TURN_MAX && !keeper->full &&
           (len = sw_ring_get(ring, &keeper->received, sizeof(keeper->received))) > 0) {
        if (sw_received_whole(&keeper->received, len))
            sw_keeper_note(keeper);
        else
            keeper->numbers.left_out.malformed++;
        n++;
    }
    return n;
}

size_t sw_keeper_drain(struct sw_keeper *keeper)
{
    size_t n = 0, turn;
    do {
        turn = 0;
        for (unsigned i = 0; i < keeper->workers; i++)
            turn += take_turn(keeper, keeper->ring[i]);
        n += turn;
    } while (turn > 0);
    return n;
}
