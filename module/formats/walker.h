/*
 * walker.h - the structure of JSON text, piece by piece, without holding more than one record.
 *
 * A walker follows brackets and strings. The user says of each object whether the object is a
 * record; a record's text is collected and handed out whole, to be parsed by jansson. So a broken
 * record costs only itself, commas too many or too few cost nothing, and a text of any size needs
 * the memory of one record.
 *
 * Threads      as in formats.h
 * Memory       one record of SW_OBJECT_MAX octets at most; DEPTH_MAX levels
 * Standards    RFC 8259; text that is not JSON is walked as far as its brackets go
 */
#ifndef SW_FORMATS_WALKER_H
#define SW_FORMATS_WALKER_H

#include "formats/parts.h"

#define SW_WALK_DEPTH 64
#define SW_WALK_KEY   40 /* octets of a member's name that are compared */

struct sw_walker;

struct sw_walk_hooks {
    /* Whether an object that begins here is a record. */
    bool (*is_record)(struct sw_walker *walker);
    /* The text of a record; place: the line where it begins. */
    void (*record)(struct sw_walker *walker, struct sw_piece text, uint64_t place);
    /* A scalar outside of records, as written; walker->key is the name of the member. */
    void (*scalar)(struct sw_walker *walker, struct sw_piece text);
    /* An object that was no record ends. */
    void (*leave)(struct sw_walker *walker);
};

struct sw_walker {
    struct sw_reader *reader;
    struct sw_walk_hooks hooks;
    struct {
        char kind; /* '{' or '[' */
        char key[SW_WALK_KEY];
    } level[SW_WALK_DEPTH]; /* open brackets, outermost first, and the member that each is */
    unsigned depth;
    unsigned deeper;       /* brackets open beyond DEPTH_MAX */
    char key[SW_WALK_KEY]; /* of the value to come; "" in arrays */
    struct sw_text value;  /* scalar being read, or record */
    bool in_string, escaped, in_scalar;
    bool have_string;  /* value is a whole string that may be a member's name */
    unsigned record;   /* depth of brackets inside the record, 0: none */
    bool record_large; /* the record is over the limit, and dropped */
    uint64_t record_place;
    uint64_t values; /* at the top level */
    bool mismatch;   /* a closing bracket of the other kind was there */
};

/** Walk on. Lines are counted in reader->place. */
void sw_walk(struct sw_walker *walker, const char *p, size_t len);

/** End of the text: SW_OK, or SW_EFORMAT when brackets or a string are open. */
enum sw_status sw_walk_end(struct sw_walker *walker);

/** Free a walker at the begin of a block. */
void sw_walker_free(void *walker);

/** Whether the innermost open brackets are of these members, innermost last, as in
 * "Event.Attribute[": a name, then '.' for an object and '[' for an array. */
bool sw_walk_is_at(const struct sw_walker *walker, const char *path);

#endif
