/*
 * document.h - what is written: an event, an anomaly or a loss as one line of JSON.
 *
 * The recorder has looked up who owns the addresses already; this only puts things into words.
 * Field names come from fields.h. Each document gets an event.id of its own (resolver, start of
 * the process, number), so that readers can drop an entry that was written twice because the
 * connection broke between writing and acknowledgement.
 *
 * Threads      the recorder
 * Memory       texts are the caller's: free()
 * Standards    Elastic Common Schema, RFC 8259, RFC 3339
 */
#ifndef SW_JOURNAL_DOCUMENT_H
#define SW_JOURNAL_DOCUMENT_H

#include "journal/record.h"
#include "owner/anomaly.h"

#include <stddef.h>
#include <stdint.h>

#define SW_EVIDENCE_MAX 20  /* addresses of a name's history in an anomaly */
#define SW_NAMES_MAX    100 /* other names in an anomaly */
#define SW_SERVERS_MAX  8   /* name servers of a zone that are looked at */

/* Who writes, and how many documents so far. */
struct sw_writer {
    const char *observer; /* resolver id */
    int64_t started_us;   /* wall clock; tells runs of one resolver apart */
    uint64_t sequence;
    char prefix[SW_TEXT_MAX + 24]; /* of event.id; made with the first one */
    size_t prefix_len;             /* 0: not made yet */
};

/* An address of the answer and whose it is. */
struct sw_owned {
    struct sw_addr addr;
    struct sw_owner owner;
};

/* What an anomaly document says; nothing is kept. */
struct sw_anomaly_report {
    const struct sw_anomaly *anomaly;
    int64_t time_us;
    const char *name;      /* the indicator's name, presentation form */
    const char *list;      /* that lists it, "" when not known */
    const char *indicator; /* that covers it, "" when not known */
    const struct sw_owner *owner;
    const char *zone, *server;  /* delegation: of this zone, at this name server; NULL: the name */
    const char *const *servers; /* all name servers of the zone */
    size_t servers_n;
    uint32_t flux_hours; /* the window */
    bool history_unread; /* Redis could not be asked whether it was raised before */
    int64_t first_us;    /* this name on this address: first time and how often */
    uint64_t count;
    const char *const *names; /* shared-address: other names */
    size_t names_n;
    const struct sw_seen *history; /* the name's addresses, or the zone's servers', so far */
    size_t history_n;
};

/** An event with the owners of its addresses. *len without the final NUL. NULL: no memory. */
char *sw_document_event(struct sw_writer *writer, const struct sw_record *record,
                        const struct sw_owned *owned, size_t owned_n, size_t *len);

/** An anomaly with its evidence. Otherwise as above. */
char *sw_document_anomaly(struct sw_writer *writer, const struct sw_anomaly_report *report,
                          size_t *len);

/** `lost` events are missing; where: "ring" or "backlog". */
char *sw_document_lost(struct sw_writer *writer, uint64_t lost, const char *where, int64_t time_us,
                       size_t *len);

#endif
