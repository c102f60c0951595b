/*
 * mark.h - which cached replies were found to concern no list, by a word in the reply itself.
 *
 * Unbound answers from its message cache without calling any module. Only a callback sees the reply,
 * and it is to cost next to nothing where no list is concerned. So a reply that was judged and
 * concerns no list gets a mark, in a member of struct reply_info that Unbound does not use. A reply without
 * a valid mark is judged: a new one, a copy, one that a dump brought back, one from before the last
 * change of lists. Nothing has to be done in time for that: the mark is what has to be earned.
 *     worker, callback for a cached reply          feeder
 *     salt = sw_marks_salt(m)                      change the lists
 *     sw_mark_valid(salt, ..)? then it is clean    sw_marks_renew(m)   no mark is valid any more
 *     rcu enter, judge, sw_mark_set(), leave       report "applied"
 *
 * A mark is a hash over a secret salt that each change of lists renews, and over what was judged: the
 * RRsets of the answer section, each by its id, the place of its data and the time that these end, or the
 * name that was asked for where there are none. Data that are stored anew in the place of others
 * therefore end the marks of all messages that refer to them. What memory held before a reply was
 * put there is no valid mark, but by a chance of one in 2^31.
 *
 * Threads      renew: the feeder; the rest: any worker, for a reply that it holds locked for reading, with
 *              the RRsets of its answer section. Several workers may set the same mark at once
 * Memory       none
 * Cost         make bench TESTS=daemon: cached_instructions
 * Decisions    D-085
 */
#ifndef SW_HOST_MARK_H
#define SW_HOST_MARK_H

#include "flow/ub.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define SW_MARK_MULTIPLIER UINT64_C(0x9e3779b97f4a7c15) /* odd, bits spread evenly */

struct sw_marks {
    _Alignas(64) _Atomic uint64_t salt;
    uint64_t seed, renewed; /* the feeder's */
};

/** Before any thread runs. */
void sw_marks_init(struct sw_marks *marks);

/** No mark is valid any more. After the lists changed, before anybody is told. */
void sw_marks_renew(struct sw_marks *marks);

/** Before the lists are looked at: the load pairs with the store in sw_marks_renew(), so whoever marks
 * with a salt has seen the lists that it stands for. */
static inline uint64_t sw_marks_salt(const struct sw_marks *marks)
{
    return atomic_load_explicit(&marks->salt, memory_order_acquire);
}

/* The name that was asked for, eight octets at a time, in either letter case. */
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

/* One RRset of the answer section, locked. */
static inline uint64_t sw_mark_add_rrset(uint64_t hash, const struct ub_packed_rrset_key *rrset)
{
    const struct packed_rrset_data *data = rrset->entry.data;
    return (hash + (uintptr_t)data) * SW_MARK_MULTIPLIER + (uint64_t)data->ttl +
           rrset->id * 0x10001U;
}

/** The mark that a hash ends as. */
static inline uint32_t sw_mark_end(uint64_t hash)
{
    return (uint32_t)(hash * SW_MARK_MULTIPLIER >> 32) | 1U; /* never 0 */
}

/** The mark that a reply with records in its answer section has when it is clean. */
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

/** The mark that any reply has when it is clean. */
static inline uint32_t sw_mark_of(uint64_t salt, const struct query_info *qinfo,
                                  const struct reply_info *reply)
{
    if (reply->an_numrrsets > 0)
        return sw_mark_of_records(salt, reply);
    return sw_mark_end(sw_mark_add_name(salt, qinfo->qname, qinfo->qname_len));
}

/** The mark that a reply has. */
static inline uint32_t sw_mark_in(const struct reply_info *reply)
{
    return __atomic_load_n(&reply->padding, __ATOMIC_RELAXED);
}

/**
 * Mark a reply that concerns no list. Inside the read section in which it was judged; salt is from
 * before that. A reply whose RRsets have no id is no cached one, and is not marked.
 */
void sw_mark_set(uint64_t salt, const struct query_info *qinfo, struct reply_info *reply);

#endif
