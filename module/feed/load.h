/*
 * load.h - reading lists from Redis into an index: all of them, or one.
 *
 * The feeder uses it for full loads, for replaced lists, and where reconciliation finds a
 * difference; the command uses sw_load_all() so that `sinkwatch check` judges by the very lists
 * and the very parsing that a resolver has. One list, step by step:
 *     sw_load_policy()   parse its text, publish it in the index
 *     sw_load_content()  stage -> HSCAN in chunks, add each indicator -> swap
 * A load that does not come to its end leaves the former content in place.
 *
 * Threads      the index's only writer
 * Memory       one HSCAN chunk at a time, and the staged list
 * Reliability  what is wrong with one item is told through hooks->refused and costs that item
 *              only; SW_ECLOSED and SW_EREDIS are failures of the connection or the server
 * Interface    module/REDIS.md
 */
#ifndef SW_FEED_LOAD_H
#define SW_FEED_LOAD_H

#include "base/redis.h"
#include "feed/lists.h"
#include "feed/refused.h"
#include "index/index.h"

struct sw_load_hooks { /* any may be NULL */
    void *arg;
    /* Something was refused; everything it points to is borrowed. */
    void (*refused)(void *arg, const struct sw_refusal *refusal);
    /* Between two chunks, no reply outstanding: false gives up, with SW_ECLOSED. */
    bool (*go_on)(void *arg);
    /* A list changed. `sweep`: its content or what it does is new, so cached answers may contradict it. */
    void (*changed)(void *arg, const struct sw_list *list, bool sweep);
    /* Wall clock, microseconds: what has expired by then is not read. NULL: the real one. */
    int64_t (*wall_us)(void *arg);
};

/**
 * Read every list that {prefix}:lists names into an index that holds none yet. For the command:
 * with a connection that sw_redis_open() opened.
 *
 * SW_OK, also when items were refused; SW_ECLOSED connection lost or given up, SW_EREDIS other
 * answer than expected: sw_redis_error() has words; the index holds what was read so far.
 */
enum sw_status sw_load_all(struct sw_redis *redis, struct sw_index *index,
                           const struct sw_load_hooks *hooks);

/* ---- for the feeder ---- */

/* Why an indicator is refused that other lists hold too (SW_ETOOBIG of sw_index_add()). */
#define SW_LOAD_NO_SET "no room for another combination of lists that hold one indicator"

/**
 * Bring book and index to a copy of {prefix}:lists: new and changed policies are published, the
 * content of new lists (with `everything`: of all lists) is read, others are dropped.
 *
 * reply  of HGETALL: an array of name, policy text, name, ...
 * Status as sw_load_all().
 */
enum sw_status sw_load_lists(struct sw_redis *redis, struct sw_lists *lists,
                             const redisReply *reply, bool everything,
                             const struct sw_load_hooks *hooks);

/**
 * Ask for {prefix}:lists. SW_OK: *out is an array, the caller's to free. SW_EINVAL: the key is no
 * hash, or not ours to read; SW_EREDIS, SW_ECLOSED.
 */
enum sw_status sw_load_ask_lists(struct sw_redis *redis, redisReply **out);

/**
 * Publish a policy. SW_OK: the list is held with it. SW_EEXIST: the same text as last time, nothing
 * was done. SW_EINVAL: refused (and told); a former policy stays. SW_ENOMEM: likewise.
 */
enum sw_status sw_load_policy(struct sw_lists *lists, struct sw_list *list, const char *text,
                              size_t len, const struct sw_load_hooks *hooks);

/**
 * Read the content of a held list and put it in place at one moment. A key of the wrong type, or
 * no memory, is told as refused: the former content stays and list->unread is set, SW_OK.
 * SW_ECLOSED, SW_EREDIS as above: the former content stays.
 */
enum sw_status sw_load_content(struct sw_redis *redis, struct sw_lists *lists, struct sw_list *list,
                               const struct sw_load_hooks *hooks);

/** Tell hooks->refused; item may be any octets. */
void sw_load_refuse(const struct sw_load_hooks *hooks, enum sw_refused_reason reason,
                    const char *list, const char *item, size_t item_len, const char *why);

#endif
