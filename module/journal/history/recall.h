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
#ifndef SW_JOURNAL_HISTORY_RECALL_H
#define SW_JOURNAL_HISTORY_RECALL_H

#include "base/redis.h"
#include "journal/history/judge.h"
#include "journal/history/places.h"
#include "owner/history.h"

struct sw_recall;

/** Nothing in mind. settings must outlive it. NULL: out of memory. */
struct sw_recall *sw_recall_new(const struct sw_settings *settings);
void sw_recall_free(struct sw_recall *recall); /* NULL is fine */

/** The caches; they belong to the recall. Of names, or of zones with their name servers. */
struct sw_history *sw_recall_history(struct sw_recall *recall, enum sw_of of);

/** See sw_recall_history(). */
struct sw_places *sw_recall_places(struct sw_recall *recall);

/** Have this loaded by the next load unless it is fresh (monotonic time). What does not fit
 * into one load is wanted again at its next event. */
void sw_recall_want_name(struct sw_recall *recall, enum sw_of of, const struct sw_name *name);
void sw_recall_want_addr(struct sw_recall *recall, const struct sw_addr *addr, int64_t mono_us);

/** Load what is wanted. SW_OK or SW_ECLOSED (the connection broke). */
enum sw_status sw_recall_load(struct sw_recall *recall, struct sw_redis *redis);

/** Whether the durable history of this name was read since it is in mind. */
bool sw_recall_is_loaded(const struct sw_recall *recall, enum sw_of of, const struct sw_name *name);

/** Remember that an anomaly was raised for a name or zone, at an address (which does not matter
 * for marks that are about the name); true when it is new. */
bool sw_recall_mark(struct sw_recall *recall, enum sw_of of, const struct sw_name *name,
                    const struct sw_addr *addr, const char *mark);

#endif
