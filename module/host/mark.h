/*
 * mark.h - marks on cached replies that are no hit, in a word of the reply itself.
 *
 * Unbound answers from the message cache without calling any module. Only a callback sees the
 * reply, and the callback must cost next to nothing for a reply that is no hit. So a reply that was
 * judged to be no hit for any client gets a mark, in a member of struct reply_info that Unbound
 * does not use. A reply without a valid mark is judged: a new reply, a copy, a reply loaded from a
 * dump, a reply marked before the last change of lists. No message has to be found for a change to
 * take effect, since every mark expires with the change.
 *     worker, callback for a cached reply          feeder
 *     salt = sw_marks_salt(m)                      change the lists
 *     sw_mark_valid(salt, ..)? then clean          sw_marks_renew(m)   all marks expire
 *     rcu enter, judge, sw_mark_set(), leave       report "applied"
 *
 * A mark is a hash over a secret salt, which each change of lists renews, and over the judged data.
 * The judged data are the records of the answer section, with the id of each RRset. For an empty
 * answer section the hash covers the question's name. New data stored in place of former data
 * therefore invalidate the marks of all messages that refer to the RRset. The address of the data
 * and their expiry time would not do: a name server can have data replaced twice within a second,
 * and the third data may lie where the first lay (D-241). Leftover memory contents pass as a valid
 * mark with a chance of one in 2^31.
 *
 * Threads      renew: the feeder; the rest: any worker, holding read locks on the reply and on the
 *              RRsets of the answer section. Several workers may set the same mark at once
 * Memory       none
 * Cost         make bench TESTS=daemon: cached_instructions
 * Decisions    D-085, D-126, D-241
 */
#ifndef SW_HOST_MARK_H
#define SW_HOST_MARK_H

#include "flow/ub.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define SW_MARK_MULTIPLIER UINT64_C(0x9e3779b97f4a7c15) /* odd, with evenly spread bits */

struct sw_marks {
    _Alignas(64) _Atomic uint64_t salt;
    uint64_t seed;            /* of all salts; constant */
    _Atomic uint64_t renewed; /* how often the salt was renewed */
};

#define SW_MARK_FORMER 256 /* former salts that sw_mark_is_former() knows */

/** Called before any thread runs. */
void sw_marks_init(struct sw_marks *marks);

/** Invalidate all marks. Called after the lists changed, and before the change is reported. */
void sw_marks_renew(struct sw_marks *marks);

/** The salt for marks, loaded before the lists are read. The load pairs with the store in
 * sw_marks_renew(), so a worker that marks with a salt has seen the lists of that salt. */
static inline uint64_t sw_marks_salt(const struct sw_marks *marks)
{
    return atomic_load_explicit(&marks->salt, memory_order_acquire);
}

/* Hash the question's name, eight octets at a time, ignoring letter case. */
static inline uint64_t sw_mark_add_name(uint64_t hash, const uint8_t *name, size_t len)
{
    const uint64_t lower = UINT64_C(0x2020202020202020);
    for (; len >= sizeof(uint64_t); name += sizeof(uint64_t), len -= sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, name, sizeof(word));
        hash = (hash ^ (word | lower)) * SW_MARK_MULTIPLIER;
    }
    for (; len > 0; name++, len--)
        hash = (hash ^ (*name | 0x20U)) * SW_MARK_MULTIPLIER;
    return hash;
}

/* Hash eight octets. Whoever chooses records without the salt finds no two that give the same hash:
 * both halves of the product depend on all of the hash before. */
static inline uint64_t sw_mark_add_word(uint64_t hash, uint64_t word)
{
    unsigned __int128 product = (unsigned __int128)(hash ^ word) * SW_MARK_MULTIPLIER;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Up to eight octets as a word, by two loads that may overlap. */
static inline uint64_t sw_mark_short_word(const uint8_t *data, size_t len)
{
    uint32_t first, last;
    uint16_t head, tail;
    if (len >= sizeof(first)) {
        memcpy(&first, data, sizeof(first));
        memcpy(&last, data + len - sizeof(last), sizeof(last));
        return (uint64_t)last << 32 | first;
    }
    memcpy(&head, data, sizeof(head));
    memcpy(&tail, data + len - sizeof(tail), sizeof(tail));
    return (uint64_t)tail << 32 | head;
}

/* Hash a record's data, which begin with their length: two octets or more. The last word may
 * overlap the word before. */
static inline uint64_t sw_mark_add_data(uint64_t hash, const uint8_t *data, size_t len)
{
    uint64_t word;
    if (len <= sizeof(word))
        return sw_mark_add_word(hash, sw_mark_short_word(data, len));
    for (size_t at = 0; at < len - sizeof(word); at += sizeof(word)) {
        memcpy(&word, data + at, sizeof(word));
        hash = sw_mark_add_word(hash, word);
    }
    memcpy(&word, data + len - sizeof(word), sizeof(word));
    return sw_mark_add_word(hash, word);
}

/* Hash an RRset of the answer section, which must be locked. */
static inline uint64_t sw_mark_add_rrset(uint64_t hash, const struct ub_packed_rrset_key *rrset)
{
    const struct packed_rrset_data *data = rrset->entry.data;
    hash += rrset->id;
    for (size_t i = 0; i < data->count; i++)
        hash = sw_mark_add_data(hash, data->rr_data[i], data->rr_len[i]);
    return hash;
}

/** The mark for a final hash. */
static inline uint32_t sw_mark_end(uint64_t hash)
{
    return (uint32_t)(hash * SW_MARK_MULTIPLIER >> 32) | 1U; /* never 0 */
}

/** The valid mark for a reply with RRsets in the answer section. */
static inline uint32_t sw_mark_of_records(uint64_t salt, const struct reply_info *reply)
{
    struct ub_packed_rrset_key *const *rrset = reply->rrsets;
    struct ub_packed_rrset_key *const *end = rrset + reply->an_numrrsets;
    uint64_t hash = salt;
    do
        hash = sw_mark_add_rrset(hash, *rrset++);
    while (rrset != end);
    return sw_mark_end(hash);
}

/** The valid mark for any reply. */
static inline uint32_t sw_mark_of(uint64_t salt, const struct query_info *qinfo,
                                  const struct reply_info *reply)
{
    if (reply->an_numrrsets > 0)
        return sw_mark_of_records(salt, reply);
    return sw_mark_end(sw_mark_add_name(salt, qinfo->qname, qinfo->qname_len));
}

/** The mark stored in a reply. */
static inline uint32_t sw_mark_in(const struct reply_info *reply)
{
    return __atomic_load_n(&reply->padding, __ATOMIC_RELAXED);
}

/** Whether the mark in a reply was valid before one of the last SW_MARK_FORMER changes: the reply
 * holds the data with which the reply was judged, and the lists have changed since. */
bool sw_mark_is_former(const struct sw_marks *marks, const struct query_info *qinfo,
                       const struct reply_info *reply);

/** Mark a reply that is no hit for any client. Called inside the read section in which the reply
 * was judged, with a salt loaded before. A reply with an RRset without id is not cached, and gets
 * no mark. */
void sw_mark_set(uint64_t salt, const struct query_info *qinfo, struct reply_info *reply);

#endif
