/*
 * load.h - reading lists from Redis into an index: all lists, or a single list.
 *
 * The feeder reads lists at a full load, after `replace`, and when reconciliation finds a
 * difference. The command uses sw_load_all(), so that `sinkwatch check` judges by the same lists
 * and the same parser as a resolver. A list, step by step:
 *     sw_load_policy()   parse the policy, publish the policy in the index
 *     sw_load_content()  stage -> HSCAN in chunks, add each indicator -> swap
 * A load that fails or is stopped leaves the former content in place.
 *
 * Threads      the index's only writer
 * Memory       an HSCAN chunk, and the staged list
 * Reliability  a bad item is reported through hooks->refused, and only that item is skipped;
 *              SW_ECLOSED and SW_EREDIS are failures of the connection or the server
 * Interface    module/REDIS.md
 */
#ifndef SW_FEED_LOAD_H
#define SW_FEED_LOAD_H

#include "feed/lists.h"
#include "feed/refused.h"
#include "index/index.h"
#include "redis/redis.h"

/* Octets of a policy; a longer text is refused. Redis replies are read up to that length. */
#define SW_POLICY_TEXT_MAX ((size_t)128 << 10)

struct sw_load_hooks { /* any may be NULL */
    void *arg;
    /* An item was refused; the refusal and its texts are borrowed during the call. */
    void (*refused)(void *arg, const struct sw_refusal *refusal);
    /* Between two chunks, with no reply outstanding: false stops the load, with SW_ECLOSED. */
    bool (*go_on)(void *arg);
    /* A list changed. `sweep`: content or effect changed, so cached answers may contradict the
     * list. */
    void (*changed)(void *arg, const struct sw_list *list, bool sweep);
    /* Wall clock, microseconds: indicators that have expired by then are skipped. NULL: the real
     * clock. */
    int64_t (*wall_us)(void *arg);
};

/**
 * Read every list that {prefix}:lists names into an empty index. For the command, with a connection
 * opened by sw_redis_open().
 *
 * SW_OK, also when items were refused; SW_ECLOSED: connection lost or load stopped; SW_EREDIS:
 * unexpected reply. sw_redis_error() explains a failure; the index holds the lists read so far.
 */
enum sw_status sw_load_all(struct sw_redis *redis, struct sw_index *index,
                           const struct sw_load_hooks *hooks);

/* ---- for the feeder ---- */

/* The reason for refusing an indicator that other lists hold too (SW_ETOOBIG of sw_index_add()). */
#define SW_LOAD_NO_SET "no room for another combination of lists that hold one indicator"

/**
 * Update lists and index from a reply with {prefix}:lists: publish new and changed policies, read
 * the content of new lists (with `everything`: of all lists), and drop lists that are not named.
 *
 * reply  of HGETALL: an array of name, policy text, name, ...
 * Status as sw_load_all().
 */
enum sw_status sw_load_lists(struct sw_redis *redis, struct sw_lists *lists,
                             const redisReply *reply, bool everything,
                             const struct sw_load_hooks *hooks);

/**
 * Ask for {prefix}:lists. SW_OK: *out is an array that the caller frees. SW_EINVAL: the key is no
 * hash, or the ACL forbids reading; SW_EREDIS, SW_ECLOSED.
 */
enum sw_status sw_load_ask_lists(struct sw_redis *redis, redisReply **out);

/**
 * Publish a policy. SW_OK: the index holds the list with this policy. SW_EEXIST: the same text as
 * last time, nothing was done. SW_EINVAL: the text is refused and reported; a former policy stays.
 * SW_ENOMEM: likewise.
 */
enum sw_status sw_load_policy(struct sw_lists *lists, struct sw_list *list, const char *text,
                              size_t len, const struct sw_load_hooks *hooks);

/**
 * Read the content of a held list and replace the former content at once. A key of the wrong
 * type, or no memory, is reported as refused: the former content stays, list->unread is set,
 * and the result is SW_OK. SW_ECLOSED, SW_EREDIS as above: the former content stays.
 */
enum sw_status sw_load_content(struct sw_redis *redis, struct sw_lists *lists, struct sw_list *list,
                               const struct sw_load_hooks *hooks);

/** COUNT of HSCAN for a list: smaller after a chunk that was too large for a reply. NULL: no chunk
 * is small enough. */
const char *sw_load_chunk(const struct sw_list *list);

/** Call hooks->refused; item may be any octets. */
void sw_load_refuse(const struct sw_load_hooks *hooks, enum sw_refused_reason reason,
                    const char *list, const char *item, size_t item_len, const char *why);

#endif
