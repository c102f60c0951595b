/*
 * document.h - an event, an anomaly or a loss as a line of JSON.
 *
 * The recorder looks up the owners of the addresses before it calls these functions. Field names
 * come from fields.h. Each document gets a unique event.id (resolver, start of the process,
 * number), so that readers can drop an entry that was written twice because the connection broke
 * between writing and acknowledgement.
 *
 * Threads      the recorder
 * Memory       texts are the caller's: free()
 * Standards    Elastic Common Schema, RFC 8259, RFC 3339
 */
#ifndef SW_JOURNAL_DOCUMENT_H
#define SW_JOURNAL_DOCUMENT_H

#include "journal/record.h"
#include "owner/anomaly.h"
#include "owner/holder.h"
#include "owner/namefacts.h"

#include <stddef.h>
#include <stdint.h>

#define SW_EVIDENCE_MAX   20  /* addresses of a name's history in an anomaly */
#define SW_NAMES_MAX      100 /* other names in an anomaly */
#define SW_NEIGHBOURS_MAX 20  /* of these with times and facts */

/* The writing resolver, and the number of documents so far. */
struct sw_writer {
    const char *observer; /* resolver id */
    int64_t started_us;   /* wall clock; tells the runs of a resolver apart */
    uint64_t sequence;
    char prefix[SW_TEXT_MAX + 24]; /* of event.id; made with the first document */
    size_t prefix_len;             /* 0: not made yet */
};

/* An address of the answer and the owner. */
struct sw_owned {
    struct sw_addr addr;
    struct sw_owner owner;
};

/* Another name on the address. */
struct sw_neighbour {
    const char *name;
    int64_t first_us, last_us; /* seen on the address */
    uint64_t count;            /* how often; 0: not counted yet */
    struct sw_namefacts facts;
};

/* The content of an anomaly document; borrowed during the call. */
struct sw_anomaly_report {
    const struct sw_anomaly *anomaly;
    int64_t time_us;
    const char *name;      /* the indicator's name, presentation form */
    const char *list;      /* with the indicator, "" when not known */
    const char *indicator; /* that covers the name, "" when not known */
    const struct sw_owner *owner;
    const struct sw_holder *holder; /* class of the owner, with the source; NULL: not said */
    const char *zone, *server;  /* delegation: of this zone, at this name server; NULL: the name */
    const char *const *servers; /* all name servers of the zone */
    size_t servers_n;
    uint32_t flux_hours; /* the window */
    bool history_unread; /* Redis could not be asked for an earlier document of the same anomaly */
    int64_t first_us;    /* this name on this address: first time and how often */
    uint64_t count;
    const char *finding; /* the finding that the anomaly belongs to (journal/history/finding.h) */
    size_t members;      /* names, or addresses, of the finding so far */
    bool is_watched;     /* a list of kind watch covers the name */
    const char *const *names; /* shared-address: other names */
    size_t names_n;
    const struct sw_neighbour *neighbours; /* of these names */
    size_t neighbours_n;
    const struct sw_name_addr *history; /* the name's addresses, or the zone's servers', so far */
    size_t history_n;
};

/** An event with the owners of the addresses. *len without the final NUL. NULL: no memory. */
char *sw_document_event(struct sw_writer *writer, const struct sw_record *record,
                        const struct sw_owned *owned, size_t owned_n, size_t *len);

/** An anomaly with the evidence. Otherwise as above. */
char *sw_document_anomaly(struct sw_writer *writer, const struct sw_anomaly_report *report,
                          size_t *len);

/** `lost` events are missing; where: "ring" or "backlog". */
char *sw_document_lost(struct sw_writer *writer, uint64_t lost, const char *where, int64_t time_us,
                       size_t *len);

#endif
