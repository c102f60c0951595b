/*
 * namefacts.h - facts about a name: the suffix of a table of classes (".gov.ua"), and the
 * operator's top names.
 *
 * The facts are evidence for the holder of an address that the name resolves to. They are no
 * judgement.
 *
 * Threads      any thread inside an RCU section
 * Memory       none is allocated
 * Decision     D-234
 */
#ifndef SW_OWNER_NAMEFACTS_H
#define SW_OWNER_NAMEFACTS_H

#include "owner/classtable.h"
#include "owner/owner.h"

struct sw_namefacts {
    struct sw_classmatch of;   /* class, line, pattern (".gov.ua"); SW_HOLDER_UNKNOWN: no suffix */
    const char *table;         /* path of the table; borrowed until the settings end */
    bool is_public;            /* the class is among protected-classes: a public body */
    uint32_t rank;             /* of the top name; 0: none */
    char top[SW_NAMETEXT_MAX]; /* the top name that equals the name or is above it; "": none */
};

/** Facts about a name: a valid name in lower case. public_classes: SW_CLASS_BIT() of each. False:
 * nothing is known, and *out is empty. */
bool sw_namefacts_find(const struct sw_owners *owners, uint32_t public_classes, const uint8_t *wire,
                       struct sw_namefacts *out);

/** "public body, suffix .gov.ua (classes.tsv:12); top name example.com, rank 5"; "" when nothing is
 * known. Writes at most SW_NAMEFACTSTEXT_MAX octets; returns out. */
char *sw_namefacts_text(const struct sw_namefacts *facts, char *out);
#define SW_NAMEFACTSTEXT_MAX (SW_NAMETEXT_MAX + SW_PATH_MAX + SW_CLASSPATTERN_MAX + 96)

#endif
