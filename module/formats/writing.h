/*
 * writing.h - the inside of a writer, for the files of this wing.
 *
 * writer.c parses the facts and hands each indicator to the function of the format. The functions
 * judge first, and write only where the format can express the whole indicator.
 *
 * Threads      as in writer.h
 */
#ifndef SW_FORMATS_WRITING_H
#define SW_FORMATS_WRITING_H

#include "formats/writer.h"

#include <jansson.h>

/* An indicator on its way into a text. */
struct sw_outgoing {
    const struct sw_indicator *indicator;
    char text[SW_INDICATORTEXT_MAX]; /* canonical text */
    const char *name;                /* of a domain, in text */
    bool host_name;                  /* of letters, digits, '-' and '_' alone */
    const json_t *facts;             /* an object, or NULL */
    bool facts_left_out;             /* set by the format */
    bool narrowed;                   /* set by the format */
};

struct sw_format_writer {
    struct sw_writer_options options;
    struct sw_writer_counts counts;
    sw_writer_fn out;
    void *arg;
    const char *(*put)(struct sw_format_writer *writer, struct sw_outgoing *one);
    void (*end)(struct sw_format_writer *writer);
};

/** Write formatted text of up to 4 KiB. */
void sw_say(struct sw_format_writer *writer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Write JSON on a line, in ASCII; the value is released. */
void sw_say_json(struct sw_format_writer *writer, json_t *value);

/** The reason why the list's rules cannot be written in a format that only blocks or, with
 * `exempts`, also exempts names; NULL: they can. */
const char *sw_no_rules(const struct sw_format_writer *writer, bool exempts);

/** The same for an exact name in a format that covers names alone; sets one->narrowed. */
const char *sw_no_exact(const struct sw_format_writer *writer, struct sw_outgoing *one);

/** Copy a fact that is a text (or, with `number`, a number) to a member of an object. Returns 1
 * if that was done. */
size_t sw_copy_fact(const struct sw_outgoing *one, const char *fact, json_t *object,
                    const char *member, bool number);

/** Note whether more facts are there than were copied. */
void sw_note_copied(struct sw_outgoing *one, size_t copied);

/** The writing of each format: sets put and end, and writes the begin. */
void sw_writes_plain(struct sw_format_writer *writer);
void sw_writes_hosts(struct sw_format_writer *writer);
void sw_writes_adblock(struct sw_format_writer *writer);
void sw_writes_dnsmasq(struct sw_format_writer *writer);
void sw_writes_rpz(struct sw_format_writer *writer);
void sw_writes_csv(struct sw_format_writer *writer);
void sw_writes_json(struct sw_format_writer *writer);
void sw_writes_misp(struct sw_format_writer *writer);
void sw_writes_stix(struct sw_format_writer *writer);

#endif
