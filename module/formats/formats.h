/*
 * formats.h - readers of lists in the formats of others: octets in, indicators and refusals out.
 *
 * A program hands a file or a download to a reader, piece by piece. The reader undoes gzip and
 * zstd, recognises the format from the first 64 KiB, and calls back once for each entry and for
 * each refused line, record or object. A file, step by step:
 *     sw_reader_new() -> sw_reader_feed() for each piece -> sw_reader_end() -> sw_reader_free()
 *
 * The table of formats.c, which the manual repeats, says which names a name of each format covers.
 *
 * Threads      one for each reader; readers share nothing
 * Memory       bounded, for input of any size: a line or record is held up to the limit (64 KiB, an
 *              object 1 MiB); without memory the process ends, as in the command
 * Reliability  a broken line, record or object is refused alone, with place and reason
 * Security     input may hold any octets; the texts handed out are not cleaned
 * Standards    RFC 1035 5 (zone text), RFC 1952, RFC 8878, RFC 8259, RFC 4180, STIX 2.1, D-144
 */
#ifndef SW_FORMATS_FORMATS_H
#define SW_FORMATS_FORMATS_H

#include "base/indicator.h"
#include "base/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sw_format {
    SW_FORMAT_AUTO, /* to be recognised */
    SW_FORMAT_PLAIN,
    SW_FORMAT_HOSTS,
    SW_FORMAT_RPZ,
    SW_FORMAT_CSV,
    SW_FORMAT_JSON,
    SW_FORMAT_ADBLOCK,
    SW_FORMAT_DNSMASQ,
    SW_FORMAT_UNBOUND,
    SW_FORMAT_MISP,
    SW_FORMAT_STIX,
    SW_FORMAT_MALTRAIL,
    SW_FORMAT_SURICATA,
    SW_FORMAT_COF,
    SW_FORMAT_COUNT
};

/* Reasons to refuse, for counting. */
enum sw_reject {
    SW_REJECT_SYNTAX,     /* no indicator */
    SW_REJECT_URL,        /* a URL, or a host with a path */
    SW_REJECT_PORT,       /* a host with a port */
    SW_REJECT_MAIL,       /* a mail address */
    SW_REJECT_FILE,       /* the name of a file */
    SW_REJECT_HASH,       /* a digest of a file */
    SW_REJECT_DEFANGED,   /* a spelling that is not to be clicked */
    SW_REJECT_PAGE,       /* a rule about the content of pages */
    SW_REJECT_REQUEST,    /* a rule about some requests of a browser only */
    SW_REJECT_PATTERN,    /* a pattern that says more, or less, than an indicator */
    SW_REJECT_OFF,        /* not for detection, deleted or revoked by the publisher */
    SW_REJECT_KIND,       /* data of another kind */
    SW_REJECT_ZONE,       /* a name outside the zone */
    SW_REJECT_LOCAL_DATA, /* an RPZ answer that no action of a list gives */
    SW_REJECT_HOST,       /* a host with a real address, not blocked */
    SW_REJECT_LENGTH,     /* a line or object over the limit */
    SW_REJECT_COUNT
};

/* The meaning of an entry. */
enum sw_meant {
    SW_MEANT_LISTED,    /* an indicator; the list decides the action */
    SW_MEANT_ACTION,    /* an indicator with an own action */
    SW_MEANT_EXCEPTION, /* an exemption from other entries */
};

struct sw_entry {
    struct sw_indicator indicator;
    enum sw_meant meant;
    enum sw_action action; /* with SW_MEANT_ACTION */
    unsigned triggers;     /* SW_TRIGGER_BIT of the triggers that are meant; 0: not said */
    const char *facts;     /* JSON object, or "" */
    const char *rule;      /* options.given: with SW_ACTION_SINKHOLE a record, as sw_record_text()
                              writes it; with SW_ACTION_CNAME the walled garden; else "" */
    const char *text;      /* as in the input */
    size_t text_len;
    uint64_t place; /* number of the line, from 1 */
};

struct sw_rejection {
    enum sw_reject reject;
    const char *why; /* words for people */
    const char *text;
    size_t text_len;
    uint64_t place;
};

/* Callbacks; texts are valid until they return. */
struct sw_reader_hooks {
    void *arg;
    void (*entry)(void *arg, const struct sw_entry *entry);
    void (*reject)(void *arg, const struct sw_rejection *rejection);
};

/* The names that an entry covers: as the format defines (formats.c), or as the user overrides. */
enum sw_scope { SW_SCOPE_FORMAT, SW_SCOPE_EXACT, SW_SCOPE_BELOW, SW_SCOPE_BOTH };

struct sw_reader_options {
    enum sw_format format;
    enum sw_scope scope;
    bool refang;         /* undo defanged spellings */
    const char *columns; /* CSV: names of the columns, separated by commas; NULL: the header's */
    const char *origin;  /* RPZ: name of the zone; NULL: as the text says */
    bool whole;          /* a last line without a line end is a cut text: SW_EFORMAT */
    bool given;          /* RPZ: entries have the rule of the zone, local data of any type too */
};

struct sw_reader;

/** A reader. hooks and options are copied; options->columns and origin are borrowed. */
struct sw_reader *sw_reader_new(const struct sw_reader_options *options,
                                const struct sw_reader_hooks *hooks);
void sw_reader_free(struct sw_reader *reader);

/** Read a piece of any length. SW_OK; SW_EFORMAT: the input is no list at all (broken compression,
 * UTF-16, a page of HTML), and sw_reader_problem() has words. */
enum sw_status sw_reader_feed(struct sw_reader *reader, const void *octets, size_t len);

/** End of input. SW_OK; SW_EFORMAT as above, or compressed or JSON text that is cut. */
enum sw_status sw_reader_end(struct sw_reader *reader);

/** The format, recognised or given; AUTO before that. */
enum sw_format sw_reader_format(const struct sw_reader *reader);

/** Whether the last line had no line end: the text may be cut inside it. */
bool sw_reader_unterminated(const struct sw_reader *reader);

/** Number of the line being read. */
uint64_t sw_reader_place(const struct sw_reader *reader);

/** Words for SW_EFORMAT. */
const char *sw_reader_problem(const struct sw_reader *reader);

/** "plain", "hosts", ...; static. */
const char *sw_format_name(enum sw_format format);
/** By name: SW_OK, SW_ENOTFOUND. */
enum sw_status sw_format_parse(const char *name, enum sw_format *out);
/** The names that a name in this format covers, for people; static. */
const char *sw_format_meaning(enum sw_format format);
/** A reason to refuse, as words to follow a number: "URLs"; static. */
const char *sw_reject_name(enum sw_reject reject);

#endif
