/*
 * index.h - all lists in memory: finds the indicators that cover a name, an address or an AS.
 *
 * The feeder (the only writer) creates lists, and adds or removes single indicators in place. Each
 * change is visible to all workers at once. To replace a list as a whole, the feeder stages a
 * second instance, fills the instance, and swaps: readers see the former or the new content, never
 * a mixture. Workers open an RCU section, take a view, search, decide, and leave the section.
 *
 * A worker, step by step:
 *     sw_rcu_enter();
 *     struct sw_view view = sw_index_view(index);
 *     sw_view_find_name(&view, triggers, qname, qname_len, found, arg);
 *     ... found(arg, hit): hit->list->action ...      (borrowed until leave)
 *     sw_rcu_leave();
 *
 * Threads      views: any number, wait-free; writer functions: one thread (the feeder)
 * Memory       a slot of fixed size for each distinct indicator, 18 to 20 octets in all; lists that
 *              share an indicator share the slot
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

#define SW_LISTS_MAX 1024 /* lists at a time, staged instances included */

struct sw_index;

typedef uint16_t sw_list_id; /* stable while the list exists; reused after the list was dropped */

/* A rule that matched: an indicator of a list. Pointers are borrowed from the view. */
struct sw_hit {
    const struct sw_policy *list; /* policy at the time of the view */
    sw_list_id id;
    enum sw_indicator_type type;
    enum sw_form form; /* domains: form of the indicator */
    uint8_t labels;    /* domains: labels of the listed name, most specific = largest */
    uint8_t plen;      /* prefixes: prefix length */
    uint32_t asn;      /* AS numbers */
};

/* The lists as a worker sees them inside an RCU section. Never stored, never shared. */
struct sw_view {
    const struct sw_index *index;
    const void *root;
    bool any_domain; /* whether any list has indicators of this type */
    bool any_prefix;
    bool any_asn;
    bool any_client;      /* whether any list that acts or exempts has trigger client */
    bool clients_rewrite; /* whether such a list can change an answer (sw_policy_rewrites()) */
    bool clients_act;     /* whether such a list acts */
    bool any_server;      /* whether any list that acts or exempts has trigger nsdname or nsip */
};

/* ---- reading: inside an RCU section ---- */

/** Take a view. Lists and policies of the view stay the same until the RCU section is left. */
struct sw_view sw_index_view(const struct sw_index *index);

/** Called for each rule that matched. *hit is valid during the call, hit->list as long as the
 * view. */
typedef void sw_hit_fn(void *arg, const struct sw_hit *hit);

/**
 * Report every indicator of every active list that covers a name: the most specific listed name
 * first; the rules of the same listed name in any order.
 *
 * triggers   SW_TRIGGER_BIT of each trigger to look for: lists with none of these are skipped
 * name, len  wire form in any letter case, uncompressed, as Unbound has it
 * found      called for each rule; never called in the usual case
 *
 * Wait-free. Cost: usually a single word of memory (gate.h), at most a probe for each label; then a
 * call of found for each rule: at most SW_LISTS_MAX times three forms for each suffix of the name.
 */
void sw_view_find_name(const struct sw_view *view, unsigned triggers, const uint8_t *name,
                       size_t len, sw_hit_fn *found, void *arg);

/** The same for all prefixes that cover an address or prefix, longest first. An IPv4 address
 * embedded in an IPv6 address (sw_addr_embedded()) needs a separate call. */
void sw_view_find_addr(const struct sw_view *view, unsigned triggers, const struct sw_addr *addr,
                       sw_hit_fn *found, void *arg);

/** The same for an AS number. */
void sw_view_find_asn(const struct sw_view *view, unsigned triggers, uint32_t asn, sw_hit_fn *found,
                      void *arg);

/** The same for a holder of addresses (sw_indicator_holder()), on lists of all triggers. */
void sw_view_find_holder(const struct sw_view *view, const struct sw_indicator *holder,
                         sw_hit_fn *found, void *arg);

/** Policy of a list that exists now, or NULL (dropped or staged). */
const struct sw_policy *sw_view_list(const struct sw_view *view, sw_list_id id);

/** Text of the indicator behind a hit, from the name or address that was searched for; "" for a
 * holder. Returns text. */
char *sw_hit_text(const struct sw_hit *hit, const uint8_t *name, const struct sw_addr *addr,
                  char text[SW_INDICATORTEXT_MAX]);

/* ---- writing: the feeder only, never inside an RCU section ---- */

/** NULL when out of memory. */
struct sw_index *sw_index_new(void);
void sw_index_free(struct sw_index *index); /* only without readers; NULL is fine */

/** Create a list, or publish a new policy for the existing list named policy->name. Sets *id.
 * SW_OK; SW_EINVAL (no name); SW_ETOOBIG (SW_LISTS_MAX); SW_ENOMEM. */
enum sw_status sw_index_list_set(struct sw_index *index, const struct sw_policy *policy,
                                 sw_list_id *id);

/** Find a list by name; SW_ENOTFOUND. */
enum sw_status sw_index_list_find(const struct sw_index *index, const char *name, sw_list_id *id);

/** Drop a list with all indicators: views taken after the return do not show the list. SW_OK,
 * SW_ENOTFOUND, SW_ENOMEM. */
enum sw_status sw_index_list_drop(struct sw_index *index, sw_list_id id);

/**
 * Begin to replace a list: *staged is a new instance that no view shows. Fill the instance with
 * sw_index_add(), then call sw_index_stage_swap(), or sw_index_stage_abandon() to give up. SW_OK;
 * SW_ENOTFOUND (no such list); SW_ETOOBIG (SW_LISTS_MAX); SW_ENOMEM.
 */
enum sw_status sw_index_stage_begin(struct sw_index *index, sw_list_id id, sw_list_id *staged);

/** Replace the content of the list by the staged content, atomically for readers. The list keeps
 * name and policy and gets the staged id (*id is updated). SW_OK; SW_ENOTFOUND (not staged for this
 * list); SW_ENOMEM: nothing has changed. */
enum sw_status sw_index_stage_swap(struct sw_index *index, sw_list_id *id, sw_list_id staged);
void sw_index_stage_abandon(struct sw_index *index, sw_list_id staged);

/**
 * Add an indicator. SW_OK; SW_EEXIST (nothing to do); SW_EINVAL (no such list, or not a valid
 * indicator); SW_ETOOBIG (over 16 million different combinations of lists and forms); SW_ENOMEM.
 * After a failure nothing has changed.
 */
enum sw_status sw_index_add(struct sw_index *index, sw_list_id id, const struct sw_indicator *ind);

/**
 * Add an indicator that expires (sw_index_expire()) at a time, in seconds since 1970; 0: never. If
 * the list holds the indicator already, the time is changed and SW_EEXIST returned; sw_index_add()
 * does not change the time in that case. Otherwise as sw_index_add().
 */
enum sw_status sw_index_add_until(struct sw_index *index, sw_list_id id,
                                  const struct sw_indicator *ind, uint32_t until);

/** Expiry time of an indicator; 0: never, or the list does not hold the indicator. Writer's
 * thread. */
uint32_t sw_index_until(const struct sw_index *index, sw_list_id id,
                        const struct sw_indicator *ind);

/**
 * Remove at most max indicators with an expiry time up to `now` (seconds since 1970), and call
 * gone(arg, list) for each removed indicator, unless gone is NULL. Returns the number of removed
 * indicators; if that is max, call again.
 */
size_t sw_index_expire(struct sw_index *index, uint32_t now, size_t max,
                       void (*gone)(void *arg, sw_list_id id), void *arg);

/** The earliest expiry time; 0: no indicator expires. Constant time. */
uint32_t sw_index_next_expiry(const struct sw_index *index);

/** Remove an indicator. SW_OK, SW_ENOTFOUND; SW_ENOMEM only if other lists hold the indicator. */
enum sw_status sw_index_remove(struct sw_index *index, sw_list_id id,
                               const struct sw_indicator *ind);

/** Whether the list holds exactly this indicator (not: covers this indicator). Writer's thread. */
bool sw_index_has(const struct sw_index *index, sw_list_id id, const struct sw_indicator *ind);

/** Make room for `more` further indicators: a hint before a list is loaded. Not required: the index
 * grows as needed, a 256th at a time. SW_OK, SW_ENOMEM. */
enum sw_status sw_index_reserve(struct sw_index *index, size_t more);

/** Call before all lists are reloaded: makes room for n indicators in all, and begins a new gate.
 * Stale bits of removed indicators are dropped with the former gate, once every list has been
 * replaced (gate.h). SW_OK, SW_ENOMEM. */
enum sw_status sw_index_renew(struct sw_index *index, size_t n);

/** The number of indicators in a list. sw_index_lists(): the number of lists; fills in at most max
 * ids. */
size_t sw_index_count(const struct sw_index *index, sw_list_id id);
size_t sw_index_lists(const struct sw_index *index, sw_list_id *ids, size_t max);

/** A number that every change increases. Writer's thread. */
uint64_t sw_index_changes(const struct sw_index *index);

/** A number that each change of a list of kind protected or known increases. Any thread. */
uint64_t sw_index_owner_changes(const struct sw_index *index);

/** Octets that the index occupies. Any thread. */
size_t sw_index_bytes(const struct sw_index *index);

/** Free memory that replaced and dropped lists still hold (at most about an eighth). For idle
 * moments, never required. Walks the index once. */
void sw_index_tidy(struct sw_index *index);

#endif
