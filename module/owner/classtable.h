/*
 * classtable.h - a table of classes: which registrant, organisation or AS is of which class.
 *
 * UTF-8, a rule on each line, fields with tabs between: class, pattern, and optionally a note such
 * as the language. Empty lines and lines that begin with "#" are comments.
 *
 *   government   ministr*          "ministry", "ministerstvo", "ministrstvo", ...
 *   bank         *sparkasse        a word that ends so
 *   government   ^stadt            the first word of the registrant
 *   isp          ^acme$            the whole registrant
 *   isp          AS64500           the holder is this AS
 *   none         food bank         no class, whatever later lines say
 *   government   .gov.ua           names: gov.ua and all below
 *
 * A pattern is a row of whole words of the folded registrant (fold.h). "*" at an end lets the word
 * go on there; "^" and "$" stand for the ends of the registrant. Scripts without spaces between
 * words match anywhere. The first line of the table that matches counts. A pattern that begins with
 * a dot is a suffix of names, and matches no registrant; the longest suffix counts.
 *
 * A line that is broken is reported with file, line and reason, and passed over; the rest applies.
 *
 * Threads      parse: the caller; look-ups: any number at once, no locks
 * Memory       the text, and the automaton of patterns.h
 * Cost         a look-up: linear in the length of the registrant, whatever the table holds
 * Security     tables are the operator's; still bounded: SW_CLASSTABLE_MAX octets
 */
#ifndef SW_OWNER_CLASSTABLE_H
#define SW_OWNER_CLASSTABLE_H

#include "base/class.h"
#include "base/settings.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#define SW_CLASSTABLE_MAX   (64 << 20) /* octets of a file: ASdb has a hundred thousand AS */
#define SW_CLASSPATTERN_MAX 96         /* octets of a pattern, with the NUL */

struct sw_classtable;

struct sw_classmatch {
    enum sw_class class; /* SW_HOLDER_UNKNOWN: a line with class none */
    unsigned line;
    char pattern[SW_CLASSPATTERN_MAX]; /* as in the file */
};

/** Gets each problem: "FILE:LINE: words", cleaned of control characters. */
typedef void sw_classtable_error_fn(void *arg, const char *message);

/**
 * Parse a table. name: for messages. SW_OK, with problems reported or without; SW_ENOMEM.
 * *problems: the number of lines that were passed over. The caller frees *out.
 */
enum sw_status sw_classtable_parse(const char *name, const char *text, size_t len,
                                   sw_classtable_error_fn *on_error, void *arg, size_t *problems,
                                   struct sw_classtable **out);

/** Read and parse a regular file. *seen: always set, zero when there is no file. Besides the above
 * SW_EIO and SW_ETOOBIG, with the reason in why (SW_WHY_MAX). */
enum sw_status sw_classtable_read(const char *path, sw_classtable_error_fn *on_error, void *arg,
                                  size_t *problems, struct stat *seen, struct sw_classtable **out,
                                  char *why);

void sw_classtable_free(struct sw_classtable *table); /* NULL is fine */

/** The table that is part of the program (conf/classes.tsv). */
enum sw_status sw_classtable_shipped(struct sw_classtable **out);

/** The first line that matches a text (registrant or organisation), or an AS number. */
bool sw_classtable_find(const struct sw_classtable *table, const char *text,
                        struct sw_classmatch *out);
bool sw_classtable_find_asn(const struct sw_classtable *table, uint32_t asn,
                            struct sw_classmatch *out);

/** The line with the longest suffix that equals a name or is above it; *labels of the suffix.
 * wire: a valid name in lower case. */
bool sw_classtable_find_name(const struct sw_classtable *table, const uint8_t *wire,
                             struct sw_classmatch *out, unsigned *labels);

/** How many rules the table has. */
size_t sw_classtable_rules(const struct sw_classtable *table);

#endif
