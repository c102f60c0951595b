/*
 * recall.h - what the recorder has in mind of the history, and how it is loaded from Redis.
 *
 * Names with their addresses (owner/history.h), addresses with their names (places.h), and the
 * anomalies that were raised already. Something that is not in mind is first wanted, then all
 * that is wanted is loaded in one pipeline. Places are loaded again now and then, since other
 * resolvers add names to them.
 *
 * Threads      the recorder
 * Memory       bounded, see the limits in recall.c
 */
#ifndef SW_JOURNAL_RECALL_H
#define SW_JOURNAL_RECALL_H

#include "base/indicator.h"
#include "base/redis.h"
#include "journal/places.h"
#include "owner/history.h"

#define SW_MARK_MAX (32 + SW_LISTNAME_MAX + SW_INDICATORTEXT_MAX)

struct sw_recall;

/** Nothing in mind. settings must outlive it. NULL: out of memory. */
struct sw_recall *sw_recall_new(const struct sw_settings *settings);
void sw_recall_free(struct sw_recall *recall); /* NULL is fine */

/** The two caches; they belong to the recall. */
struct sw_history *sw_recall_history(struct sw_recall *recall);

/** See sw_recall_history(). */
struct sw_places *sw_recall_places(struct sw_recall *recall);

/** Have this loaded by the next load unless it is fresh (monotonic time). What does not fit
 * into one load is wanted again at its next event. */
void sw_recall_want_name(struct sw_recall *recall, const struct sw_name *name, int64_t mono_us);
void sw_recall_want_addr(struct sw_recall *recall, const struct sw_addr *addr, int64_t mono_us);

/** Load what is wanted. SW_OK or SW_ECLOSED (the connection broke). */
enum sw_status sw_recall_load(struct sw_recall *recall, struct sw_redis *redis);

/** Remember that an anomaly was raised; true when it is new. */
bool sw_recall_mark(struct sw_recall *recall, const char *name, const struct sw_addr *addr,
                    const char *mark);

#endif
