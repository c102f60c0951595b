/*
 * recall.h - the part of the history in the recorder's memory, and the loading from Redis.
 *
 * Names with addresses (owner/history.h), addresses with names (places.h), and the marks of raised
 * anomalies. A missing history is first wanted; then all wanted histories are loaded in a single
 * pipeline. Places are reloaded periodically, since other resolvers add names.
 *
 * Threads      the recorder
 * Memory       bounded, see the limits in recall.c
 * Decision     D-044
 */
#ifndef SW_JOURNAL_HISTORY_RECALL_H
#define SW_JOURNAL_HISTORY_RECALL_H

#include "journal/history/anomaly_rules.h"
#include "journal/history/places.h"
#include "owner/history.h"
#include "redis/redis.h"

struct sw_recall;

/** An empty memory. settings must outlive the result. NULL: out of memory. */
struct sw_recall *sw_recall_new(const struct sw_settings *settings);
void sw_recall_free(struct sw_recall *recall); /* NULL is fine */

/** The caches, owned by the recall: of names, or of zones with name servers. */
struct sw_history *sw_recall_history(struct sw_recall *recall, enum sw_of of);

/** See sw_recall_history(). */
struct sw_places *sw_recall_places(struct sw_recall *recall);

/** Want a history from the next load unless fresh (monotonic time). A history that does not fit
 * into a load is wanted again by the next event. */
void sw_recall_want_name(struct sw_recall *recall, enum sw_of of, const struct sw_name *name);
void sw_recall_want_addr(struct sw_recall *recall, const struct sw_addr *addr, int64_t mono_us);

/** Load the wanted histories. SW_OK or SW_ECLOSED (the connection broke). */
enum sw_status sw_recall_load(struct sw_recall *recall, struct sw_redis *redis);

/** Whether the durable history of a name in memory was read. */
bool sw_recall_is_loaded(const struct sw_recall *recall, enum sw_of of, const struct sw_name *name);

/**
 * Keep the mark of an anomaly raised for a name or zone, at an address (irrelevant for marks that
 * are about the name). A mark has the time at which the anomaly was true last. Returns true for a
 * new mark, and for a mark older than begin_us, which is of an earlier episode.
 */
bool sw_recall_mark(struct sw_recall *recall, enum sw_of of, const struct sw_name *name,
                    const struct sw_addr *addr, const char *mark, int64_t begin_us,
                    int64_t time_us);

/** Whether a mark is kept that is not older than begin_us. */
bool sw_recall_has_mark(struct sw_recall *recall, enum sw_of of, const struct sw_name *name,
                        const struct sw_addr *addr, const char *mark, int64_t begin_us);

#endif
