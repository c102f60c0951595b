/* sweep_answer.c - aliases and addresses of an answer in wire form. See sweep.h. */
#include "cli/sweep/sweep.h"

#include <string.h>

#define HEADER_SIZE  12 /* RFC 1035 4.1.1 */
#define TYPE_A       1
#define TYPE_CNAME   5
#define TYPE_AAAA    28
#define CLASS_IN     1
#define POINTER      0xc0 /* RFC 1035 4.1.4 */
#define POINTERS_MAX 64   /* followed for a name */

struct packet {
    const uint8_t *octets;
    size_t len, at;
};

static unsigned get16(const uint8_t *octets)
{
    return (unsigned)octets[0] << 8 | octets[1];
}

/* The name at p->at, decompressed and folded; p->at moves behind. name may be NULL. */
static bool take_name(struct packet *p, struct sw_name *name)
{
    uint8_t wire[SW_NAME_MAX];
    size_t used = 0, at = p->at, after = 0;
    unsigned pointers = 0;
    for (;;) {
        if (at >= p->len)
            return false;
        size_t size = p->octets[at];
        if ((size & POINTER) == POINTER) {
            if (at + 1 >= p->len || ++pointers > POINTERS_MAX)
                return false;
            after = after ? after : at + 2;
            at = get16(p->octets + at) & 0x3fff;
            continue;
        }
        if (size > SW_LABEL_MAX || at + 1 + size > p->len || used + 1 + size > sizeof(wire))
            return false;
        memcpy(wire + used, p->octets + at, 1 + size);
        used += 1 + size;
        at += 1 + size;
        if (size == 0)
            break;
    }
    p->at = after ? after : at;
    return !name || sw_name_copy(wire, used, name) == SW_OK;
}

/* Add an alias. answer NULL: the alias is only read. */
static bool put_alias(struct sweep_answer *answer, struct packet rdata)
{
    if (!answer)
        return take_name(&rdata, NULL);
    if (answer->aliases == SWEEP_ALIASES_MAX) {
        answer->truncated = true;
        return true;
    }
    return take_name(&rdata, &answer->alias[answer->aliases++]);
}

static bool put_address(struct sweep_answer *answer, const uint8_t *octets, size_t len)
{
    if (!answer)
        return true;
    if (answer->addresses == SWEEP_ADDRESSES_MAX) {
        answer->truncated = true;
        return true;
    }
    return sw_addr_from_octets(octets, len, &answer->address[answer->addresses++]) == SW_OK;
}

/* A record of the answer section (RFC 1035 4.1.3). */
static bool take_record(struct packet *p, struct sweep_answer *answer)
{
    if (!take_name(p, NULL) || p->len - p->at < 10)
        return false;
    const uint8_t *fixed = p->octets + p->at;
    unsigned type = get16(fixed), class = get16(fixed + 2);
    size_t size = get16(fixed + 8);
    struct packet rdata = {p->octets, p->len, p->at + 10};

    if (size > p->len - rdata.at)
        return false;
    p->at = rdata.at + size;
    if (class != CLASS_IN)
        return true;
    if (type == TYPE_CNAME)
        return put_alias(answer, rdata);
    if ((type == TYPE_A && size == 4) || (type == TYPE_AAAA && size == 16))
        return put_address(answer, p->octets + rdata.at, size);
    return true;
}

/* All records of the answer section. answer NULL: the records are only read. */
static bool take_records(struct packet p, struct sweep_answer *answer)
{
    for (unsigned i = get16(p.octets + 4); i > 0; i--) {
        if (!take_name(&p, NULL) || p.len - p.at < 4)
            return false;
        p.at += 4;
    }
    for (unsigned i = get16(p.octets + 6); i > 0; i--)
        if (!take_record(&p, answer))
            return false;
    return true;
}

enum sw_status sweep_answer_parse(const uint8_t *packet, size_t len, struct sweep_answer *answer)
{
    const struct packet p = {packet, len, HEADER_SIZE};
    if (len < HEADER_SIZE || !take_records(p, NULL))
        return SW_EFORMAT;
    answer->rcode = packet[3] & 0x0f;
    answer->aliases = answer->addresses = 0;
    answer->truncated = false;
    take_records(p, answer);
    return SW_OK;
}

const char *sweep_outcome_name(enum sweep_outcome outcome)
{
    static const char *const names[SWEEP_OUTCOMES] = {
        [SWEEP_FAILED] = "failed", [SWEEP_BOGUS] = "bogus",       [SWEEP_NXDOMAIN] = "nxdomain",
        [SWEEP_NODATA] = "nodata", [SWEEP_RESOLVED] = "resolved",
    };
    return names[outcome];
}
