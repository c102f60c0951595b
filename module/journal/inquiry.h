/*
 * inquiry.h - a question to the memories of all resolvers, as JSON text.
 *
 *     {"what":"*.example.net","type":"A","since":1764000000,"until":1764003600,"limit":1000}
 *
 * The command writes the text into the stream {prefix}:memory:inquiries, and each resolver reads
 * the text. Only `what` is needed: a name, "*." and a name, an address, a prefix, an AS number.
 *
 * Threads      pure functions
 * Security     the text is that of anybody who may ask: fuzz_inquiry.c
 * Interface    module/REDIS.md, "Inquiries to the memory"; D-163
 */
#ifndef SW_JOURNAL_INQUIRY_H
#define SW_JOURNAL_INQUIRY_H

#include "base/indicator.h"
#include "memory/memory.h"

#define SW_INQUIRY_MAX     2048  /* octets of the text: a name has 1,255 at most, escaped twice */
#define SW_INQUIRY_LIMIT   10000 /* records in an answer at most */
#define SW_INQUIRY_DEFAULT 1000  /* without `limit` */

struct sw_inquiry {
    struct sw_indicator what; /* a name, a prefix, or an AS number */
    uint16_t type;            /* 0 = all */
    uint64_t since, until;    /* seconds since 1970; until 0 = no end */
    uint32_t limit;           /* 1..SW_INQUIRY_LIMIT */
};

/** The text; the caller frees the text. NULL: out of memory. what: in the spelling of an
 * indicator. */
char *sw_inquiry_text(const struct sw_inquiry *inquiry, const char *what);

/**
 * Read a text.
 *
 * why  set to static words on SW_ESYNTAX
 * SW_OK, SW_ESYNTAX; out is written only on SW_OK.
 */
enum sw_status sw_inquiry_parse(const char *text, size_t len, struct sw_inquiry *out,
                                const char **why);

/** The questions to the files that an inquiry consists of: 1 or 2, in out. */
size_t sw_inquiry_questions(const struct sw_inquiry *inquiry, struct sw_past_question out[2]);

#endif
