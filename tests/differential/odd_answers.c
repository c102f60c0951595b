/* Odd answers: see odd_answers.h. */
#include "odd_answers.h"

#include "records.h"

#include <string.h>

#define HEADER   12
#define CLASS_CH 3 /* RFC 1035 3.2.4 */

bool sw_odd_kind(enum sw_kind_of_name kind)
{
    switch (kind) {
    case SW_KIND_FAILURE:
    case SW_KIND_CUT_OFF:
    case SW_KIND_BAD:
    case SW_KIND_QUESTION:
    case SW_KIND_EXTRA:
    case SW_KIND_CLASS:
    case SW_KIND_TWICE:
    case SW_KIND_EDNS:
    case SW_KIND_SILENT:
        return true;
    default:
        return false;
    }
}

static bool is(const struct sw_odd *odd, enum sw_kind_of_name kind)
{
    return odd->node->kind == kind && !odd->delegated;
}

bool sw_odd_is_silent(const struct sw_odd *odd)
{
    /* over TCP a truncated answer sometimes leads to nothing: the connection is closed */
    return is(odd, SW_KIND_SILENT) || (is(odd, SW_KIND_CUT_OFF) && odd->tcp && odd->draw % 16 == 0);
}

bool sw_odd_instead(const struct sw_odd *odd, struct sw_message *m)
{
    static const uint8_t rcodes[] = {SW_RCODE_SERVFAIL,
                                     SW_RCODE_SERVFAIL,
                                     SW_RCODE_REFUSED,
                                     SW_RCODE_NOTIMP,
                                     SW_RCODE_FORMERR,
                                     6,
                                     9,
                                     11};
    if (is(odd, SW_KIND_FAILURE)) {
        sw_message_rcode(m, rcodes[odd->draw & 7]);
        return odd->draw >> 3 & 3; /* else with the records of a host */
    }
    if (is(odd, SW_KIND_CUT_OFF) && !odd->tcp) {
        sw_message_flags(m, SW_FLAG_TC, 0);
        return odd->draw >> 4 & 1; /* else with all records of the type */
    }
    return false;
}

/** A record of some host, owned by the queried name or by another name. */
static void stray(const struct sw_odd *odd, struct sw_message *m, enum sw_section section,
                  uint16_t type, uint64_t draw)
{
    static const enum sw_zone zones[] = {SW_ZONE_ONE, SW_ZONE_TWO, SW_ZONE_SECURE, SW_ZONE_THREE};
    struct sw_node node = {.zone = draw & 1 ? odd->node->zone : zones[draw >> 1 & 3],
                           .kind = SW_KIND_ADDRESS,
                           .number = (unsigned)(draw >> 8) % odd->world->pool};
    struct sw_wire_name owner, other;
    struct sw_set set;
    sw_node_name(&node, &owner);
    if (type == SW_NS || type == SW_CNAME) {
        sw_name_below("ns", sw_zone_name(SW_ZONE_ONE), &other);
        sw_records_name(&owner, type, 300, &other, &set);
    } else if (type == SW_SOA) {
        sw_records_soa(&owner, 300, &set);
    } else {
        sw_records_host(odd->world, &owner, type, &set);
        if (draw >> 21 & 1 && set.count && type == SW_A)
            set.octets[3] ^= 0x55; /* and not the zone's data */
    }
    sw_message_add(m, section, &set);
}

static void extra(const struct sw_odd *odd, struct sw_message *m)
{
    uint64_t draw = odd->draw >> 8;
    bool dnssec = m->dnssec;
    m->dnssec = false; /* nobody signs these */
    if (draw & 1 && sw_get16(m->wire + 8) == 0)
        stray(odd, m, SW_ANSWER, draw & 2 ? SW_A : SW_TXT, draw >> 8);
    if (draw & 4 && sw_get16(m->wire + 8) == 0)
        stray(odd, m, SW_ANSWER, draw & 8 ? SW_CNAME : SW_AAAA, draw >> 12);
    if (draw & 16)
        stray(odd, m, SW_AUTHORITY, draw & 32 ? SW_NS : SW_SOA, draw >> 16);
    if (draw & 64)
        stray(odd, m, SW_AUTHORITY, SW_A, draw >> 20);
    if (draw & 128)
        stray(odd, m, SW_ADDITIONAL, SW_A, draw >> 24);
    if (draw & 256)
        stray(odd, m, SW_ADDITIONAL, draw & 512 ? SW_AAAA : SW_HTTPS, draw >> 28);
    m->dnssec = dnssec;
}

/** All records of the answer section once more. */
static void repeat(struct sw_message *m)
{
    size_t size = m->size - m->question_end;
    unsigned answers = sw_get16(m->wire + 6);
    if (sw_get16(m->wire + 8) || sw_get16(m->wire + 10) || m->overflow ||
        m->size + size + 200 > m->limit)
        return;
    memcpy(m->wire + m->size, m->wire + m->question_end, size);
    m->size += size;
    sw_put16(m->wire + 6, 2 * answers);
}

/** Owner, type, class, TTL and length of the first record; 0: there is none. The names of answers
 * are pointers or whole. */
static size_t first_record(const struct sw_message *m)
{
    size_t at = m->question_end;
    if (sw_get16(m->wire + 6) == 0)
        return 0;
    while (m->wire[at] && m->wire[at] < 0xc0)
        at += 1U + m->wire[at];
    return at + (m->wire[at] ? 2 : 1);
}

void sw_odd_records(const struct sw_odd *odd, struct sw_message *m)
{
    static const uint8_t types[] = {SW_A, SW_MX};
    if (is(odd, SW_KIND_EXTRA))
        extra(odd, m);
    if (is(odd, SW_KIND_TWICE))
        repeat(m);
    if (is(odd, SW_KIND_CLASS)) {
        size_t at = first_record(m);
        if (at && !m->overflow)
            sw_put16(m->wire + at + 2, CLASS_CH);
        else
            stray(odd, m, SW_ADDITIONAL, types[odd->draw & 1], odd->draw >> 9);
    }
    if (is(odd, SW_KIND_NO_NAME) && odd->draw % 8 == 2 && !m->dnssec)
        stray(odd, m, SW_ADDITIONAL, SW_A, odd->draw >> 9);
}

static void odd_opt(const struct sw_odd *odd, struct sw_message *m, uint32_t bits)
{
    static const uint8_t unknown[] = {0xfd, 0xe9, 0, 3, 1, 2, 3};         /* 65001: RFC 6891 9 */
    static const uint8_t blocked[] = {0, 15, 0, 5, 0, 15, 'n', 'o', 't'}; /* EDE: RFC 8914 2 */
    static const uint8_t cut[] = {0, 10, 0, 40, 1, 2};
    switch (odd->draw % 8) {
    case 0:
        sw_message_opt(m, 1232, bits, NULL, 0); /* twice: RFC 6891 6.1.1 forbids a second OPT */
        sw_message_opt(m, 1232, bits, NULL, 0);
        break;
    case 1:
        sw_message_opt(m, 1232, bits, unknown, sizeof(unknown));
        break;
    case 2:
        sw_message_opt(m, 1232, bits, blocked, sizeof(blocked));
        break;
    case 3:
        sw_message_opt(m, 1232, bits, cut, sizeof(cut));
        break;
    case 4:
        sw_message_opt(m, 0, bits | 0x10000, NULL, 0); /* version 1 */
        break;
    case 5:
        sw_message_opt(m, 1232, bits | 0x01000000, NULL, 0); /* extended rcode 16 */
        break;
    case 6:
        sw_message_opt(m, 65535, bits ^ 0x8000, NULL, 0); /* DO differs from the query */
        break;
    default: /* no OPT, though the query had one */
        break;
    }
}

void sw_odd_opt(const struct sw_odd *odd, struct sw_message *m, bool dnssec)
{
    uint32_t bits = dnssec ? 0x8000 : 0;
    if (is(odd, SW_KIND_EDNS))
        odd_opt(odd, m, bits);
    else if (odd->opt)
        sw_message_opt(m, 1232, bits, NULL, 0);
}

/** Another question: name, type, class, none, or two. */
static size_t ask_another(uint64_t draw, uint8_t *out, size_t end, size_t size)
{
    switch (draw % 5) {
    case 0:
        out[HEADER + 1] = out[HEADER + 1] == 'q' ? 'z' : 'q';
        return size;
    case 1:
        sw_put16(out + end - 4, sw_get16(out + end - 4) + 1);
        return size;
    case 2:
        sw_put16(out + end - 2, CLASS_CH);
        return size;
    case 3: /* none; pointers to the question lead to other octets then */
        memmove(out + HEADER, out + end, size - end);
        sw_put16(out + 4, 0);
        return size - (end - HEADER);
    default:
        memmove(out + 2 * end - HEADER, out + end, size - end);
        memcpy(out + end, out + HEADER, end - HEADER);
        sw_put16(out + 4, 2);
        return size + end - HEADER;
    }
}

/** Octets that do not parse, or data that do not fit the type. at: behind the first owner, or 0. */
static size_t spoil(uint64_t draw, uint8_t *out, size_t at, size_t size)
{
    unsigned length = at ? sw_get16(out + at + 8) : 0;
    unsigned which = (unsigned)(draw % 12);
    if (!at && which < 6)
        which += 6;
    switch (which) {
    case 0: /* the first record an octet shorter, all octets behind moved: 3 octets of an address */
        sw_put16(out + at + 8, length - 1);
        memmove(out + at + 9 + length, out + at + 10 + length, size - (at + 10 + length));
        return size - 1;
    case 1: /* an octet longer */
        memmove(out + at + 11 + length, out + at + 10 + length, size - (at + 10 + length));
        out[at + 10 + length] = 7;
        sw_put16(out + at + 8, length + 1);
        return size + 1;
    case 2: /* a length beyond the end */
        sw_put16(out + at + 8, 60000);
        return size;
    case 3: /* an owner that points to itself */
        sw_put16(out + at - 2, (unsigned)(0xc000 | (at - 2)));
        return size;
    case 4: /* a label of no known kind: RFC 6891 5 */
        out[at - 2] = 0x80;
        return size;
    case 5: /* another type with the same data */
        sw_put16(out + at, draw >> 8 & 1 ? SW_MX : SW_CNAME);
        return size;
    case 6:
        return size - size / 4;
    case 7:
        sw_put16(out + 6, sw_get16(out + 6) + 1);
        return size;
    case 8:
        memset(out + size, 0xee, 7);
        return size + 7;
    case 9:
        out[2] = (uint8_t)((out[2] & ~0x78) | 0x10); /* opcode 2 */
        return size;
    case 10:
        out[3] |= 0x70; /* RA, Z, AD */
        return size;
    default:
        return HEADER;
    }
}

size_t sw_odd_finish(const struct sw_odd *odd, const struct sw_message *m, uint8_t *out)
{
    memcpy(out, m->wire, m->size);
    if (is(odd, SW_KIND_QUESTION) && m->question_end > HEADER + 6)
        return ask_another(odd->draw >> 8, out, m->question_end, m->size);
    if (is(odd, SW_KIND_BAD))
        return spoil(odd->draw >> 8, out, first_record(m), m->size);
    return m->size;
}
