/*
 * localdata.h - local data of a list: records of any type, for the action sinkhole.
 *
 * A policy has records as text, such as 'MX 10 mail.example.'; sw_record_parse() appends the wire
 * form of each. A reply takes the records of the type that is asked for, by sw_record_next(). An
 * import of a policy zone compares records by the text of sw_record_text().
 *
 * Threads      pure functions, any thread
 * Memory       a fixed size: verdicts are copies
 * Errors       a reason for people, static text
 * Standards    RFC 1035 3.3 and 5.1, RFC 2782 (SRV), RFC 8659 (CAA), RFC 3597 5 (TYPE65 \# ...)
 * Decision     D-179
 */
#ifndef SW_BASE_LOCALDATA_H
#define SW_BASE_LOCALDATA_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SW_RECORDS_MAX    512 /* octets of all records of a list */
#define SW_RECORDS_COUNT  16
#define SW_RECORD_HEAD    4                         /* octets of type and length before the data */
#define SW_RECORDTEXT_MAX (4 * SW_RECORDS_MAX + 64) /* of a record as text, with NUL */

struct sw_local_data {
    uint16_t len;
    uint8_t octets[SW_RECORDS_MAX]; /* type, length, data of each; numbers in network order */
};

/**
 * Append a record: type and data as in a zone file, names with the final dot. Known by name: A,
 * AAAA, NS, PTR, MX, TXT, SRV, CAA; all others, and only these, as TYPE65 \# LENGTH HEX. No aliases
 * (action cname), no SOA, no MD, MF, MB, MG, MR, MINFO, no records of DNSSEC and no meta types.
 *
 * SW_OK; SW_ESYNTAX, SW_EINVAL (the type), SW_ETOOBIG: nothing was appended, *why is set.
 */
enum sw_status sw_record_parse(const char *text, struct sw_local_data *records, const char **why);

/**
 * The text of a record, as sw_record_parse() reads it and in one spelling: names in lower case,
 * strings in quotes. false: the data are not those of the type, or more than SW_RECORDS_MAX octets.
 */
bool sw_record_text(uint16_t type, const uint8_t *data, size_t len, char text[SW_RECORDTEXT_MAX]);

/** The data of the record at *at, which moves behind the record; NULL at the end. */
const uint8_t *sw_record_next(const struct sw_local_data *records, size_t *at, uint16_t *type,
                              size_t *len);

#endif
