/*
 * index.h - the lists as workers see them: which indicators cover a name, an address, an AS.
 *
 * The feeder (the only writer) opens lists and adds or removes indicators one by one, in place;
 * each change is visible to all workers at once. Replacing a list as a whole: stage a second
 * instance, fill it, swap: readers see the old or the new content, never a mixture. Workers
 * open an RCU section, take a view, ask, decide, leave.
 *
 * A worker, step by step:
 *     sw_rcu_enter();
 *     struct sw_view view = sw_index_view(index);
 *     sw_view_find_name(&view, triggers, qname, qname_len, found, arg);
 *     ... found(arg, hit): hit->list->action ...      (borrowed until leave)
 *     sw_rcu_leave();
 *
 * Threads      views: any number, wait-free; writer functions: one thread (the feeder)
 * Memory       one slot of fixed size per distinct indicator, 18 to 20 octets with everything;
 *              lists that share an indicator share its slot
 * Security     keys are 96 bits of keyed hashes (secret per process), so neither a feed nor a
 *              client can make two names collide (D-110)
 * Standards    RFC 1035 3.1, RFC 4343 3 (names)
 */
#ifndef SW_INDEX_INDEX_H
#define SW_INDEX_INDEX_H

#include "base/indicator.h"
#include "base/policy.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SW_LISTS_MAX 1024 /* lists at a time, staged ones included */

struct sw_index;

typedef uint16_t sw_list_id; /* stable while the list exists; reused after it is dropped */

/* One rule that matched. Everything is borrowed from the view. */
struct sw_hit {
    const struct sw_policy *list; /* policy at the time of the view */
    sw_list_id id;
    enum sw_indicator_type type;
    enum sw_form form; /* domains: form of the indicator */
    uint8_t labels;    /* domains: labels of the listed name, most specific = largest */
    uint8_t plen;      /* prefixes: prefix length */
    uint32_t asn;      /* AS numbers */
};

/* What a worker holds inside one RCU section. Never stored, never shared. */
struct sw_view {
    const struct sw_index *index;
    const void *root;
    bool any_domain; /* whether any list of a kind that is acted on or watched has such ... */
    bool any_prefix;
    bool any_asn;
    bool any_client;      /* whether any list that acts or exempts has triggers client ... */
    bool clients_rewrite; /* ... a list that can change an answer (sw_policy_rewrites()) */
    bool clients_act;     /* ... a list that acts */
    bool any_server;      /* ... nsdname, nsip */
};

/* ---- reading: inside an RCU section ---- */

/** Take a view: what the lists say from now on until the RCU section is left. */
struct sw_view sw_index_view(const struct sw_index *index);

/** Called for one rule that matched. *hit is valid during the call; hit->list as long as the view. */
typedef void sw_hit_fn(void *arg, const struct sw_hit *hit);

/**
 * Report every indicator of every active list that covers a name: the most specific name first, the
 * rules of one name in no order that means anything.
 *
 * triggers   SW_TRIGGER_BIT of each trigger to look for: a list with none of them is passed over
 * name, len  wire form in any letter case, uncompressed, as Unbound has it
 * found      called for each rule; never called in the usual case
 *
 * Wait-free. Cost: one probe for each label; then one call for each rule, of which there are at most
 * SW_LISTS_MAX lists times three forms for each suffix of the name.
 */
void sw_view_find_name(const struct sw_view *view, unsigned triggers, const uint8_t *name,
                       size_t len, sw_hit_fn *found, void *arg);

/** The same for all prefixes that cover an address (longest first), or all of a prefix. An IPv4
 * address inside an IPv6 one (sw_addr_embedded()) is a question of its own. */
void sw_view_find_addr(const struct sw_view *view, unsigned triggers, const struct sw_addr *addr,
                       sw_hit_fn *found, void *arg);

/** The same for the lists that hold an AS number. */
void sw_view_find_asn(const struct sw_view *view, unsigned triggers, uint32_t asn, sw_hit_fn *found,
                      void *arg);

/** Policy of a list that exists now, or NULL (dropped or staged). */
const struct sw_policy *sw_view_list(const struct sw_view *view, sw_list_id id);

/** Text of the indicator behind a hit, given what was asked (name, address); returns text. */
char *sw_hit_text(const struct sw_hit *hit, const uint8_t *name, const struct sw_addr *addr,
                  char text[SW_INDICATORTEXT_MAX]);

/* ---- writing: the feeder only, never inside an RCU section ---- */

/** NULL when out of memory. */
struct sw_index *sw_index_new(void);
void sw_index_free(struct sw_index *index); /* when no reader is left; NULL is fine */

/** Create a list, or publish a new policy for the one with policy->name. Sets *id. SW_OK;
 * SW_EINVAL (no name); SW_ETOOBIG (SW_LISTS_MAX); SW_ENOMEM. */
enum sw_status sw_index_list_set(struct sw_index *index, const struct sw_policy *policy,
                                 sw_list_id *id);

/** Find a list by name; SW_ENOTFOUND. */
enum sw_status sw_index_list_find(const struct sw_index *index, const char *name, sw_list_id *id);

/** Remove a list with all its indicators: not seen by any new view once this returns. SW_OK,
 * SW_ENOTFOUND, SW_ENOMEM. */
enum sw_status sw_index_list_drop(struct sw_index *index, sw_list_id id);

/**
 * Begin a replacement: *staged is a list that no view shows. Fill it with sw_index_add(), then
 * sw_index_stage_swap(), or give it up with sw_index_stage_abandon(). SW_OK; SW_ENOTFOUND (no such
 * list); SW_ETOOBIG (SW_LISTS_MAX); SW_ENOMEM.
 */
enum sw_status sw_index_stage_begin(struct sw_index *index, sw_list_id id, sw_list_id *staged);

/** At one moment: the list shows the staged content, the former content is gone. The list keeps
 * its name and policy and gets the staged id (*id is updated). SW_OK; SW_ENOTFOUND (not staged for
 * this list); SW_ENOMEM: nothing has changed. */
enum sw_status sw_index_stage_swap(struct sw_index *index, sw_list_id *id, sw_list_id staged);
void sw_index_stage_abandon(struct sw_index *index, sw_list_id staged);

/**
 * Add one indicator. SW_OK; SW_EEXIST (nothing to do); SW_EINVAL (no such list, or not a valid
 * indicator); SW_ETOOBIG (over 16 million different combinations of lists and forms); SW_ENOMEM.
 * After a failure nothing has changed.
 */
enum sw_status sw_index_add(struct sw_index *index, sw_list_id id, const struct sw_indicator *ind);

/**
 * Add one indicator that leaves by itself (sw_index_expire()) at a time, in seconds since 1970;
 * 0: never. For one that is held already the time is set anew, and SW_EEXIST returned; otherwise as
 * sw_index_add(), which leaves the time of one that is held as it is.
 */
enum sw_status sw_index_add_until(struct sw_index *index, sw_list_id id,
                                  const struct sw_indicator *ind, uint32_t until);

/** When a held indicator leaves; 0: never, or it is not held. Writer's thread. */
uint32_t sw_index_until(const struct sw_index *index, sw_list_id id,
                        const struct sw_indicator *ind);

/**
 * Remove what was to leave at `now` (seconds since 1970) or before, at most max of them, and call
 * gone(arg, list) for each (NULL: nobody asks). Returns how many; as many as max: call again.
 */
size_t sw_index_expire(struct sw_index *index, uint32_t now, size_t max,
                       void (*gone)(void *arg, sw_list_id id), void *arg);

/** When the first one leaves; 0: there is none. Constant time. */
uint32_t sw_index_next_expiry(const struct sw_index *index);

/** Remove one indicator. SW_OK, SW_ENOTFOUND; SW_ENOMEM only when other lists hold it too. */
enum sw_status sw_index_remove(struct sw_index *index, sw_list_id id,
                               const struct sw_indicator *ind);

/** Whether the list holds exactly this indicator (not: is covered). Writer's thread. */
bool sw_index_has(const struct sw_index *index, sw_list_id id, const struct sw_indicator *ind);

/** Make room for so many indicators more, as a hint before a list is read (not needed: the index grows
 * by itself, a 256th at a time). SW_OK, SW_ENOMEM. */
enum sw_status sw_index_reserve(struct sw_index *index, size_t more);

/** Make room for n indicators in all, when all lists are about to be read anew: what former indicators left behind is forgotten once each list was replaced. */
enum sw_status sw_index_renew(struct sw_index *index, size_t n);

/** Indicators in a list, and ids of all lists that exist: returns how many, fills up to max. */
size_t sw_index_count(const struct sw_index *index, sw_list_id id);
size_t sw_index_lists(const struct sw_index *index, sw_list_id *ids, size_t max);

/** A number that is another one after every change. Writer's thread. */
uint64_t sw_index_generation(const struct sw_index *index);

/** Octets that the index occupies. Any thread. */
size_t sw_index_bytes(const struct sw_index *index);

/** Give back memory that replaced and dropped lists still hold (at most about an eighth): for
 * idle moments, never needed. Walks the index once. */
void sw_index_tidy(struct sw_index *index);

#endif
