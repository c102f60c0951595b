/*
 * json.h - writing a JSON object as text, member by member, straight into a buffer.
 *
 * An event has some forty members in ten objects. To build a tree and dump the tree costs four
 * times as much as Redis needs for the text. So each member is written at once, and the tree
 * library is left for reading. Objects on a field's path are opened and closed on the
 * way, which needs members in the order of the table in fields.h:
 *
 *     sw_json_begin(&json);
 *     sw_put_text(&json, SW_FIELD_EVENT_KIND, "alert");      {"event":{"kind":"alert"
 *     sw_put_number(&json, SW_FIELD_CLIENT_PORT, 53);        },"client":{"port":53
 *     sw_array_begin(&json, SW_FIELD_RESOLVED_IP);
 *     sw_array_text(&json, "192.0.2.1");                     },"dns":{"resolved_ip":["192.0.2.1"
 *     sw_array_end(&json);                                   ]
 *     text = sw_json_end(&json, &len);                       }}
 *
 * Threads      any, each on a separate struct
 * Memory       a buffer that grows; sw_json_end() reports a failed allocation. The text between two
 *              members is kept for each thread (some 10 KiB)
 * Security     every text is escaped; octets that are not UTF-8 become '?'
 * Standards    RFC 8259, RFC 3629 (UTF-8)
 * Decisions    D-016, D-066
 */
#ifndef SW_JOURNAL_JSON_H
#define SW_JOURNAL_JSON_H

#include "base/addr.h"
#include "journal/fields.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SW_JSON_LEVELS 4 /* document, elements of arrays, objects in elements, a spare level */

/* An object during writing: the document, an element, or an explicit object. */
struct sw_json_level {
    int last;        /* field of the last member, -1: none yet */
    unsigned dots;   /* open inner objects on that member's path */
    int array;       /* field of the array that is open or due to be opened, -1: none */
    bool array_open; /* has an element */
};

struct sw_join; /* the text between two members (json.c) */

struct sw_json {
    char *text;
    size_t len, size;
    bool failed;           /* out of memory */
    struct sw_join *joins; /* this thread's texts, by field */
    int depth;
    struct sw_json_level level[SW_JSON_LEVELS];
};

/** Start a document; json need not be initialised. */
void sw_json_begin(struct sw_json *json);

/** Close everything. The text is the caller's: free(). NULL: out of memory. */
char *sw_json_end(struct sw_json *json, size_t *len);

/**
 * Members. Requires: later in the table than the last member of the same object.
 * Text "" and an address of family 0 are left out.
 */
void sw_put_text(struct sw_json *json, enum sw_field field, const char *text);
void sw_put_number(struct sw_json *json, enum sw_field field, uint64_t number);
void sw_put_bool(struct sw_json *json, enum sw_field field, bool value);
void sw_put_time(struct sw_json *json, enum sw_field field, int64_t wall_us);
void sw_put_addr(struct sw_json *json, enum sw_field field, const struct sw_addr *addr);

/** An object that lasts until sw_object_end(); the order of members begins again inside. */
void sw_object_begin(struct sw_json *json, enum sw_field field);
void sw_object_end(struct sw_json *json);

/** An array; left out when nothing is put in. Elements: texts, or objects that are begun here
 * and ended by sw_object_end(). */
void sw_array_begin(struct sw_json *json, enum sw_field field);
void sw_array_text(struct sw_json *json, const char *text);
void sw_array_object(struct sw_json *json);
void sw_array_end(struct sw_json *json);

#endif
