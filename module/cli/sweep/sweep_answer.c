/* sweep_answer.c - names, addresses and records of an answer in wire form. See sweep.h. */
#include "cli/sweep/sweep.h"

#include <string.h>

#define HEADER_SIZE  12 /* RFC 1035 4.1.1 */
#define TYPE_A       1
#define TYPE_CNAME   5
#define TYPE_PTR     12
#define TYPE_AAAA    28
#define TYPE_DNAME   39 /* RFC 6672 2.1 */
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

/* Add a name. answer NULL: the name is only read. */
static bool put_name(struct sweep_answer *answer, struct packet rdata, bool is_pointer)
{
    if (!answer)
        return take_name(&rdata, NULL);
    size_t *n = is_pointer ? &answer->pointers : &answer->aliases;
    if (*n == (is_pointer ? SWEEP_POINTERS_MAX : SWEEP_ALIASES_MAX)) {
        answer->truncated = true;
        if (is_pointer)
            return true;
        --*n; /* the chain keeps its last alias */
    }
    return take_name(&rdata, (is_pointer ? answer->pointer : answer->alias) + (*n)++);
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

struct record {
    unsigned type, class;
    struct packet rdata; /* `at`: the begin */
    size_t size;         /* of the rdata */
};

/* The record at p->at (RFC 1035 4.1.3); p->at moves behind. owner may be NULL. */
static bool next_record(struct packet *p, struct sw_name *owner, struct record *record)
{
    if (!take_name(p, owner) || p->len - p->at < 10)
        return false;
    const uint8_t *fixed = p->octets + p->at;
    *record = (struct record){.type = get16(fixed),
                              .class = get16(fixed + 2),
                              .rdata = {p->octets, p->len, p->at + 10},
                              .size = get16(fixed + 8)};
    if (record->size > p->len - record->rdata.at)
        return false;
    p->at = record->rdata.at + record->size;
    return true;
}

static bool is_address(const struct record *record)
{
    return (record->type == TYPE_A && record->size == 4) ||
           (record->type == TYPE_AAAA && record->size == 16);
}

static bool take_record(struct packet *p, struct sweep_answer *answer)
{
    struct record record;
    if (!next_record(p, NULL, &record))
        return false;
    if (record.class != CLASS_IN)
        return true;
    if (record.type == TYPE_CNAME || record.type == TYPE_PTR)
        return put_name(answer, record.rdata, record.type == TYPE_PTR);
    if (is_address(&record))
        return put_address(answer, p->octets + record.rdata.at, record.size);
    return true;
}

static bool pass_questions(struct packet *p)
{
    for (unsigned i = get16(p->octets + 4); i > 0; i--) {
        if (!take_name(p, NULL) || p->len - p->at < 4)
            return false;
        p->at += 4;
    }
    return true;
}

/* All records of the answer section. answer NULL: the records are only read. */
static bool take_records(struct packet p, struct sweep_answer *answer)
{
    if (!pass_questions(&p))
        return false;
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
    answer->aliases = answer->addresses = answer->pointers = 0;
    answer->truncated = false;
    take_records(p, answer);
    return SW_OK;
}

/* Tell a record, with the name in the rdata decompressed; other types are passed over. */
static void tell(const struct sw_name *owner, struct record *record, sweep_record_fn *take,
                 void *arg)
{
    struct sw_name target;
    uint16_t type = (uint16_t)record->type;
    if (record->class != CLASS_IN)
        return;
    if (is_address(record))
        take(arg, owner, type, record->rdata.octets + record->rdata.at, record->size);
    else if ((type == TYPE_CNAME || type == TYPE_DNAME) && take_name(&record->rdata, &target))
        take(arg, owner, type, target.wire, target.len);
}

void sweep_answer_records(const uint8_t *packet, size_t len, sweep_record_fn *take, void *arg)
{
    struct packet p = {packet, len, HEADER_SIZE};
    struct record record;
    struct sw_name owner;
    if (len < HEADER_SIZE || !pass_questions(&p))
        return;
    for (unsigned i = get16(packet + 6); i > 0 && next_record(&p, &owner, &record); i--)
        tell(&owner, &record, take, arg);
}

const char *sweep_outcome_name(enum sweep_outcome outcome)
{
    static const char *const names[SWEEP_OUTCOMES] = {
        [SWEEP_FAILED] = "failed", [SWEEP_BOGUS] = "bogus",       [SWEEP_NXDOMAIN] = "nxdomain",
        [SWEEP_NODATA] = "nodata", [SWEEP_RESOLVED] = "resolved",
    };
    return names[outcome];
}
