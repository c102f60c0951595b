/*
 * parts.h - the inside of a reader, for the files of this wing.
 *
 * formats.c undoes compression (unpack.c), recognises the format (detect.c), and hands lines, or
 * octets of JSON, to the format's functions. These cut the text and call sw_take() or sw_reject().
 *
 * Threads      as in formats.h
 */
#ifndef SW_FORMATS_PARTS_H
#define SW_FORMATS_PARTS_H

#include "formats/formats.h"

#include <jansson.h>

#define SW_SAMPLE_MAX (64 * 1024)   /* octets that a format is recognised from */
#define SW_LINE_MAX   (64 * 1024)   /* octets of a line */
#define SW_OBJECT_MAX (1024 * 1024) /* octets of a JSON object that is one record */

struct sw_piece {
    const char *p;
    size_t len;
};

/* Text that grows. */
struct sw_text {
    char *p;
    size_t len, room;
};

void *sw_grow(void *old, size_t size); /* never NULL: without memory the process ends */
void sw_text_add(struct sw_text *text, const char *p, size_t len);

/* The reading of a format: functions that may be NULL, and the state that they share. */
struct sw_reading {
    void (*line)(struct sw_reader *reader, struct sw_piece line);
    void (*octets)(struct sw_reader *reader, const char *p, size_t len);
    enum sw_status (*end)(struct sw_reader *reader);
    void (*free)(void *state);
};

struct sw_unpack;

struct sw_reader {
    struct sw_reader_options options;
    struct sw_reader_hooks hooks;
    enum sw_format format;
    struct sw_reading reading;
    void *state;           /* of the format */
    struct sw_text sample; /* until the format is known */
    struct sw_text line;   /* begun, without its end */
    struct sw_unpack *unpack;
    uint64_t place; /* line number */
    uint64_t octets;
    bool overlong; /* the rest of the line is dropped */
    char last;     /* octet read last */
    char problem[SW_WHY_MAX];
};

/* ---- spans (span.c) ---- */

/** White space of ASCII; text without any at both ends. */
bool sw_is_space(char c);
struct sw_piece sw_trim(struct sw_piece s);
bool sw_span_is(struct sw_piece s, const char *word); /* letter case aside */
bool sw_span_begins(struct sw_piece s, const char *word);
bool sw_span_has(struct sw_piece s, const char *word);
/** Take the first word off; false when none is left. */
bool sw_next_word(struct sw_piece *rest, struct sw_piece *word);
/** Take off the text before a separator, and the separator. */
struct sw_piece sw_cut(struct sw_piece *rest, char separator);
/** A line without comment and outer white space. signs: the characters that begin a comment at the
 * start of the line, or after white space. */
struct sw_piece sw_content(struct sw_piece line, const char *signs);

/* ---- entries (take.c) ---- */

/* The meaning of an entry in a format. */
struct sw_said {
    enum sw_scope scope; /* of names */
    enum sw_meant meant;
    enum sw_action action;
    unsigned triggers; /* 0: not said */
    const char *facts; /* NULL: none */
    const char *rule;  /* NULL: none */
};

/** Parse a text, and call the hook for an entry or for a refusal. shown: the text in the input. */
void sw_take(struct sw_reader *reader, struct sw_piece text, struct sw_piece shown,
             const struct sw_said *said);

/** Call the hook for an entry with this indicator. */
void sw_take_indicator(struct sw_reader *reader, const struct sw_indicator *indicator,
                       struct sw_piece shown, const struct sw_said *said);

/** Call the hook for a refusal. */
void sw_reject(struct sw_reader *reader, struct sw_piece text, enum sw_reject reject,
               const char *why);

/** An address of full length. */
bool sw_span_addr(struct sw_piece s, struct sw_addr *addr);

/** Whether a name is an entry that hosts files have for the machine itself: localhost and the like
 * (lines.c). */
bool sw_is_own_entry(struct sw_piece name);

/** Note why the input is no list, and return SW_EFORMAT. */
enum sw_status sw_no_list(struct sw_reader *reader, const char *why);

/* ---- compression (unpack.c) ---- */

/** A decompressor for the format that the first octets show, or NULL for plain text. len: 4 or
 * more, unless the whole input is shorter. */
struct sw_unpack *sw_unpack_new(const uint8_t *octets, size_t len);
void sw_unpack_free(struct sw_unpack *unpack);
/** Unpack a piece, and hand the text to sink. SW_OK, SW_EFORMAT (broken), or the sink's status. */
enum sw_status sw_unpack_feed(struct sw_unpack *unpack, const void *octets, size_t len,
                              enum sw_status (*sink)(void *arg, const char *p, size_t len),
                              void *arg);
/** Whether a member or frame has begun and not ended. */
bool sw_unpack_is_cut(const struct sw_unpack *unpack);

/** Why a text begins as an archive, or as another file of octets that is no list; NULL: it does
 * not. */
const char *sw_container(struct sw_piece sample);

/* ---- recognising (detect.c) ---- */

/** The format of a sample; whole: the sample is all there is. SW_FORMAT_AUTO: no list (HTML). */
enum sw_format sw_detect(struct sw_piece sample, bool whole);

/* ---- columns and members (roles.c) ---- */

enum sw_column {
    SW_ROLE_NONE,
    SW_ROLE_INDICATOR,
    SW_ROLE_EXACT, /* an indicator that is a host's own name */
    SW_ROLE_URL,
    SW_ROLE_TYPE,
    SW_ROLE_PATH,
    SW_ROLE_FACT
};

/** The role of a column or member by its name; *fact is set for SW_ROLE_FACT. */
enum sw_column sw_role(struct sw_piece name, const char **fact);

/** Whether a field is a name of several labels, or an address: no header has such a field. */
bool sw_is_data(struct sw_piece field);

/** Judge the word of a type column: whether names are exact; false: *reject and *why are set. */
bool sw_type_usable(struct sw_piece type, bool *exact, enum sw_reject *reject, const char **why);

/** The reading of each format: sets reader->reading and reader->state. */
void sw_reads_plain(struct sw_reader *reader);
void sw_reads_hosts(struct sw_reader *reader);
void sw_reads_maltrail(struct sw_reader *reader);
void sw_reads_suricata(struct sw_reader *reader);
void sw_reads_adblock(struct sw_reader *reader);
void sw_reads_dnsmasq(struct sw_reader *reader);
void sw_reads_unbound(struct sw_reader *reader);
void sw_reads_csv(struct sw_reader *reader);
void sw_reads_rpz(struct sw_reader *reader);
void sw_reads_json(struct sw_reader *reader);
void sw_reads_misp(struct sw_reader *reader);
void sw_reads_stix(struct sw_reader *reader);

#endif
