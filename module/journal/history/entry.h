/*
 * entry.h - a field of the durable history: a name on an address, as JSON in Redis.
 *
 * For a name (and for a zone's name servers) the field also has the owners of the address: the
 * present owner with the start, and the former owners (prefix, AS and registrant with times and
 * count). Former owners appear when a database is updated under a constant address.
 *
 * A name's hash has a field for each holder as well, "holder " and the holder's text: the owner and
 * the name's episodes with the holder (owner/episode.h). Fields of former versions, which know no
 * episodes, are read as they are: recall.c makes episodes of the addresses.
 *
 * Threads      the recorder
 * Memory       an entry holds two JSON values: sw_seen_free()
 */
#ifndef SW_JOURNAL_HISTORY_ENTRY_H
#define SW_JOURNAL_HISTORY_ENTRY_H

#include "base/indicator.h"
#include "base/policy.h"
#include "owner/episode.h"

#include <jansson.h>

#define SW_FORMER_MAX     8   /* former owners of an address; the oldest's count goes to the next */
#define SW_SERVERTEXT_MAX 256 /* name of a name server; longer names are left out */
#define SW_SPANS_MAX      8   /* episodes of a holder; the oldest goes first */
#define SW_HOLDER_PREFIX  "holder "
#define SW_SEENTEXT_MAX   65536 /* octets read of a field or its text; a longer one is foreign */

/* Text of a remembered anomaly: type, list, indicator or holder. */
#define SW_ANOMALYTEXT_MAX (64 + SW_LISTNAME_MAX + SW_INDICATORTEXT_MAX)

struct sw_span { /* an episode */
    int64_t from_us, to_us;
    uint64_t count;
};

struct sw_seen_entry {
    int64_t first_us, last_us;
    int64_t since_us;               /* begin of the present owner */
    uint64_t count;                 /* with any owner */
    uint64_t sweeps;                /* of count: answers to a sweep, not to clients */
    struct sw_owner owner;          /* names and zones */
    char server[SW_SERVERTEXT_MAX]; /* zones: the name server that has this address */
    char list[SW_LISTNAME_MAX];     /* addresses: the list that the name is on, "" = none */
    json_t *anomalies;              /* raised already: array of texts; NULL = none */
    json_t *former;                 /* former owners, oldest first: array of objects; NULL = none */
    size_t spans_n;                 /* fields of holders */
    struct sw_span span[SW_SPANS_MAX]; /* oldest first */
};

struct sw_former { /* an owner of an address, and the times of the name there */
    struct sw_owner owner;
    int64_t since_us, last_us;
    uint64_t count;
};

/** Parse a field's JSON from Redis. SW_ESYNTAX: another kind of text, *entry is untouched. */
enum sw_status sw_seen_decode(const char *json, size_t len, struct sw_seen_entry *entry);

/** The JSON of an entry; free(). of_name: with owner and server, else with list. NULL: no
 * memory. */
char *sw_seen_encode(const struct sw_seen_entry *entry, bool of_name);

/** Release the JSON values. */
void sw_seen_free(struct sw_seen_entry *entry);

/** The i-th former owner; false after the last. */
bool sw_seen_former(const struct sw_seen_entry *entry, size_t i, struct sw_former *out);

/** How often the address was seen with the present owner. */
uint64_t sw_seen_owner_count(const struct sw_seen_entry *entry);

/** Add sights with an owner, who becomes the present owner; another present owner becomes a
 * former owner. last_us and count are added up. The caller sets first_us. */
void sw_seen_owned(struct sw_seen_entry *entry, const struct sw_former *now);

/** Remember that an anomaly was raised, or was true again, at a time. */
void sw_seen_remember(struct sw_seen_entry *entry, const char *anomaly, int64_t time_us);

/** The i-th remembered anomaly with the time; false after the last. A text of a former version has
 * no time: the anomaly counts as true when the entry was seen last. */
bool sw_seen_remembered(const struct sw_seen_entry *entry, size_t i, char *anomaly, size_t room,
                        int64_t *time_us);

/** Add an episode: joined with episodes that overlap, counts added. */
void sw_seen_add_span(struct sw_seen_entry *entry, const struct sw_span *span);

#endif
