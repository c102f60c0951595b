/*
 * holder.h - the holder of an address, and the holder's class with the source.
 *
 * The holder of an address is the registrant of the smallest registered range around the address,
 * or, where no registrant is known, the organisation of the AS. Two customers of one carrier are
 * two holders. A company stays one holder when the AS is renamed, or when another database spells
 * the organisation differently.
 *
 * The class of a holder, in this order: the tables of classes (classes.h) on the registrant, then
 * the class field of the registrant database; where no registrant is known, the tables on the AS
 * number, the class field of the AS database, and the tables on the organisation. A registrant
 * without a class has none, even if the AS has one: the carrier's class is given separately.
 *
 * Threads      any thread inside an RCU section
 * Memory       none is allocated, but folding (fold.h) may allocate during the call
 * Decision     D-134
 */
#ifndef SW_OWNER_HOLDER_H
#define SW_OWNER_HOLDER_H

#include "base/class.h"
#include "owner/classtable.h"
#include "owner/owner.h"

enum sw_holder_by {
    SW_HOLDER_BY_NOTHING,    /* neither a registrant nor an AS is known */
    SW_HOLDER_BY_REGISTRANT, /* the registrant, or the netname where only that is known */
    SW_HOLDER_BY_AS,
};

struct sw_classed { /* a class and the reason for it */
    enum sw_class class;
    char table[SW_PATH_MAX]; /* the table with the line below, "" otherwise */
    unsigned line;
    char pattern[SW_CLASSPATTERN_MAX];
    bool by_field; /* by the class field of a database: its number (sources.h) */
    uint8_t source;
    char database[SW_PATH_MAX]; /* the MMDB file with the field below, "" otherwise */
    char field[SW_TEXT_MAX];
};

struct sw_holder {
    enum sw_holder_by by;
    const char *name;          /* into the owner: registrant, netname or organisation; "" none */
    struct sw_classed of;      /* the holder's class */
    struct sw_classed carrier; /* the class of the AS; equal to `of` where the AS is the holder */
};

/** Holder and classes of an address whose owner was looked up with sw_owner_find(). */
void sw_holder_find(const struct sw_owners *owners, const struct sw_owner *owner,
                    struct sw_holder *out);

/** Whether two addresses have the same holder. Registrants are compared where both are known, by
 * the key of sw_fold_key(); otherwise AS numbers, or the keys of the names that are known. */
bool sw_holder_same(const struct sw_owner *a, const struct sw_owner *b);

/** "ministry of defence (classes.tsv:412)" or "type (/var/lib/owner.mmdb)"; returns out. */
char *sw_classed_reason(const struct sw_classed *classed, char *out, size_t room);

#endif
