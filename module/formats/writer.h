/*
 * writer.h - writers of lists in the formats of others: indicators in, text out.
 *
 * A program hands the indicators of a list to a writer one by one, in any order. The writer calls
 * back with pieces of text. For an indicator without a form in the format it returns the reason:
 *     sw_writer_new() -> sw_writer_put() for each indicator -> sw_writer_end() -> sw_writer_free()
 * No written rule covers more than the indicator does. The reader of the same format (formats.h)
 * gives the written indicators again; in RPZ `name` becomes two rules, `=name` and `*.name`.
 *
 * Threads      one for each writer; writers share nothing
 * Memory       one indicator
 * Security     facts may hold any text: JSON text is ASCII, CSV fields hold neither control
 *              characters nor formulas
 * Standards    RFC 1035 5 (zone text), draft-vixie-dnsop-dns-rpz, RFC 4180, RFC 8259, STIX 2.1
 * Decision     D-176
 */
#ifndef SW_FORMATS_WRITER_H
#define SW_FORMATS_WRITER_H

#include "formats/formats.h"

struct sw_writer_options {
    enum sw_format format;
    const struct sw_policy *policy; /* of the list; borrowed */
    enum sw_action action;          /* that rules are written with; the policy's, or another */
    struct sw_addr sinkhole4;       /* landing addresses for SW_ACTION_SINKHOLE, family 0: none */
    struct sw_addr sinkhole6;
    struct sw_name cname;  /* walled garden for SW_ACTION_CNAME, len 0: none */
    struct sw_name origin; /* RPZ: name of the zone */
    uint32_t serial;       /* RPZ: of the SOA record */
    int64_t now_us;        /* wall clock: dates of MISP and STIX */
    bool narrow; /* a format of exact names writes `name` for a name with all names below */
};

struct sw_format_writer;

/** Receives a piece of text. */
typedef void (*sw_writer_fn)(void *arg, const char *p, size_t len);

/** Whether a format has a writer. */
bool sw_format_writable(enum sw_format format);

/** A writer; the begin of the text is written. options is copied. Requires a writable format. */
struct sw_format_writer *sw_writer_new(const struct sw_writer_options *options, sw_writer_fn out,
                                       void *arg);

/** Go on with the indicators of another list: its policy, action, landing addresses and walled
 * garden are taken from options, the rest stays. */
void sw_writer_list(struct sw_format_writer *writer, const struct sw_writer_options *options);

/** Write an indicator with its facts (JSON text, or ""). Returns NULL; or the reason why the format
 * has no form for the indicator, as static text, and nothing is written. */
const char *sw_writer_put(struct sw_format_writer *writer, const struct sw_indicator *indicator,
                          const char *facts);

/** Write the end of the text. */
void sw_writer_end(struct sw_format_writer *writer);

struct sw_writer_counts {
    uint64_t written;
    uint64_t narrowed; /* of these: written without the names below */
    uint64_t facts;    /* of these: some facts are left out */
};

/** The counts so far; owned by the writer. */
const struct sw_writer_counts *sw_writer_counts(const struct sw_format_writer *writer);

/** Free a writer, or NULL. */
void sw_writer_free(struct sw_format_writer *writer);

#endif
