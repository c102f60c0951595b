/* Composing answers: see message.h. */
#include "message.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLASS_IN    1
#define HEADER      12
#define ED25519     15  /* RFC 8080 7 */
#define KEY_FLAGS   257 /* zone key, secure entry point: RFC 4034 2.1.1 */
#define DAY         86400U
#define SIGNATURE   64  /* octets: RFC 8080 4 */
#define RRSIG_FIXED 18  /* octets of RDATA in front of the signer's name: RFC 4034 3.1 */
#define OPT_RESERVE 160 /* octets that are kept for the OPT record */

/** RFC 4034 appendix B. */
static uint16_t key_tag(const uint8_t *rdata, size_t size)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < size; i++)
        sum += i & 1 ? rdata[i] : (uint32_t)rdata[i] << 8;
    return (uint16_t)(sum + (sum >> 16));
}

void sw_key_make(uint64_t seed, uint32_t now, struct sw_key *out)
{
    uint8_t secret[32];
    size_t size = 32;
    for (uint64_t i = 0; i < 4; i++) {
        uint64_t part = sw_hash(seed, &i, sizeof(i));
        memcpy(secret + 8 * i, &part, 8);
    }
    EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, sizeof(secret));
    sw_put16(out->rdata, KEY_FLAGS);
    out->rdata[2] = 3; /* protocol: RFC 4034 2.1.2 */
    out->rdata[3] = ED25519;
    if (!pkey || EVP_PKEY_get_raw_public_key(pkey, out->rdata + 4, &size) != 1) {
        fputs("authority: libcrypto has no Ed25519\n", stderr);
        exit(2);
    }
    out->pkey = pkey;
    out->tag = key_tag(out->rdata, sizeof(out->rdata));
    out->inception = now - DAY;
    out->expiration = now + 10 * DAY;
}

bool sw_key_write(const struct sw_key *key, const char *path)
{
    uint8_t text[64];
    FILE *f = fopen(path, "w");
    if (!f)
        return false;
    EVP_EncodeBlock(text, key->rdata + 4, 32);
    fprintf(f, "secure.example. IN DNSKEY %d 3 %d %s\n", KEY_FLAGS, ED25519, (const char *)text);
    return fclose(f) == 0;
}

void sw_set_begin(struct sw_set *set, const struct sw_wire_name *owner, uint16_t type, uint32_t ttl)
{
    set->owner = *owner;
    set->type = type;
    set->class = CLASS_IN;
    set->ttl = ttl;
    set->count = 0;
    set->used = 0;
}

void sw_set_add(struct sw_set *set, const void *rdata, size_t size)
{
    if (set->count == SW_SET_RECORDS || set->used + size > SW_SET_OCTETS)
        return;
    set->record[set->count].at = (uint16_t)set->used;
    set->record[set->count++].size = (uint16_t)size;
    memcpy(set->octets + set->used, rdata, size);
    set->used += size;
}

void sw_message_begin(struct sw_message *m, const uint8_t *query, size_t question_end, size_t limit)
{
    memcpy(m->wire, query, question_end);
    memset(m->wire + 6, 0, 6);
    sw_put16(m->wire + 2, SW_FLAG_QR | SW_FLAG_AA | (sw_get16(query + 2) & SW_FLAG_RD));
    m->size = m->question_end = question_end;
    m->limit = limit < SW_MESSAGE_MAX ? limit : SW_MESSAGE_MAX;
    m->overflow = m->dnssec = false;
    m->broken = SW_BREAK_NOTHING;
    sw_name_read(query + HEADER, question_end - HEADER, &m->question);
}

static void count(struct sw_message *m, enum sw_section section)
{
    uint8_t *at = m->wire + 4 + 2 * section;
    sw_put16(at, sw_get16(at) + 1);
}

/** A record; the question's name becomes a pointer. */
static void add_record(struct sw_message *m, enum sw_section section,
                       const struct sw_wire_name *owner, uint16_t type, uint16_t class,
                       uint32_t ttl, const uint8_t *rdata, size_t size)
{
    bool same = owner->size == m->question.size && owner->size > 1 &&
                memcmp(owner->wire, m->question.wire, owner->size) == 0;
    size_t name = same ? 2 : owner->size;
    if (m->size + name + 10 + size + OPT_RESERVE > m->limit) {
        m->overflow = true;
        return;
    }
    uint8_t *at = m->wire + m->size;
    if (same)
        sw_put16(at, 0xc000 | HEADER);
    else
        memcpy(at, owner->wire, name);
    at += name;
    sw_put16(at, type);
    sw_put16(at + 2, class);
    sw_put32(at + 4, ttl);
    sw_put16(at + 8, (unsigned)size);
    memcpy(at + 10, rdata, size);
    m->size += name + 10 + size;
    count(m, section);
}

static unsigned labels(const struct sw_wire_name *name)
{
    unsigned n = 0;
    for (size_t i = 0; name->wire[i]; i += 1U + name->wire[i])
        n += !(name->wire[i] == 1 && name->wire[i + 1] == '*' && i == 0);
    return n;
}

static const struct sw_set *sorted_set; /* for compare(); single thread */

static int compare(const void *a, const void *b)
{
    unsigned i = *(const unsigned *)a, j = *(const unsigned *)b;
    size_t m = sorted_set->record[i].size, n = sorted_set->record[j].size;
    int c = memcmp(sorted_set->octets + sorted_set->record[i].at,
                   sorted_set->octets + sorted_set->record[j].at, m < n ? m : n);
    return c ? c : (m > n) - (m < n);
}

/** The signed octets: RDATA of the RRSIG without the signature, then the records in canonical order
 * (RFC 4034 3.1.8.1). All names in the data are in lower case already. Returns the size. */
static size_t to_be_signed(const struct sw_set *set, const struct sw_wire_name *owner,
                           const uint8_t *head, size_t head_size, uint8_t *out)
{
    unsigned order[SW_SET_RECORDS];
    size_t n = head_size;
    memcpy(out, head, head_size);
    for (unsigned i = 0; i < set->count; i++)
        order[i] = i;
    sorted_set = set;
    qsort(order, set->count, sizeof(*order), compare);
    for (unsigned i = 0; i < set->count; i++) {
        size_t size = set->record[order[i]].size;
        memcpy(out + n, owner->wire, owner->size);
        n += owner->size;
        sw_put16(out + n, set->type);
        sw_put16(out + n + 2, set->class);
        sw_put32(out + n + 4, set->ttl);
        sw_put16(out + n + 8, (unsigned)size);
        memcpy(out + n + 10, set->octets + set->record[order[i]].at, size);
        n += 10 + size;
    }
    return n;
}

static void sign(const struct sw_key *key, const uint8_t *octets, size_t size, uint8_t *out)
{
    size_t signature = SIGNATURE;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (!ctx || EVP_DigestSignInit(ctx, NULL, NULL, NULL, key->pkey) != 1 ||
        EVP_DigestSign(ctx, out, &signature, octets, size) != 1) {
        fputs("authority: cannot sign\n", stderr);
        exit(2);
    }
    EVP_MD_CTX_free(ctx);
}

/** RDATA in front of the signature: RFC 4034 3.1. */
static size_t signature_head(const struct sw_message *m, const struct sw_set *set,
                             const struct sw_wire_name *owner, uint8_t *out)
{
    const struct sw_key *key = m->key;
    bool expired = m->broken == SW_BREAK_EXPIRED, early = m->broken == SW_BREAK_EARLY;
    const struct sw_wire_name *signer =
        sw_zone_name(m->broken == SW_BREAK_SIGNER ? SW_ZONE_ONE : SW_ZONE_SECURE);
    sw_put16(out, set->type);
    out[2] = ED25519;
    out[3] = (uint8_t)labels(owner);
    sw_put32(out + 4, set->ttl);
    sw_put32(out + 8, expired ? key->inception : key->expiration);
    sw_put32(out + 12, early ? key->expiration - DAY : key->inception);
    if (expired)
        sw_put32(out + 12, key->inception - DAY);
    sw_put16(out + 16, m->broken == SW_BREAK_TAG ? key->tag ^ 1U : key->tag);
    memcpy(out + RRSIG_FIXED, signer->wire, signer->size);
    return RRSIG_FIXED + signer->size;
}

/** The signature of a set; owner is the owner in the zone (a wildcard, or the set's own). */
static void add_signature(struct sw_message *m, enum sw_section section, const struct sw_set *set,
                          const struct sw_wire_name *owner)
{
    static uint8_t text[64 + SW_NAME_MAX + SW_SET_OCTETS + SW_SET_RECORDS * (SW_NAME_MAX + 10)];
    uint8_t rdata[RRSIG_FIXED + SW_NAME_MAX + 1 + SIGNATURE];
    if (m->broken == SW_BREAK_MISSING)
        return;
    size_t head = signature_head(m, set, owner, rdata);
    sign(m->key, text, to_be_signed(set, owner, rdata, head, text), rdata + head);
    if (m->broken == SW_BREAK_BITS)
        rdata[head + 7] ^= 0x10;
    if (m->broken == SW_BREAK_TTL)
        sw_put32(rdata + 4, set->ttl + 1);
    add_record(m, section, &set->owner, SW_RRSIG, set->class, set->ttl, rdata, head + SIGNATURE);
}

static void add_records(struct sw_message *m, enum sw_section section, const struct sw_set *set)
{
    for (unsigned i = 0; i < set->count; i++)
        add_record(m, section, &set->owner, set->type, set->class, set->ttl,
                   set->octets + set->record[i].at, set->record[i].size);
}

void sw_message_add(struct sw_message *m, enum sw_section section, const struct sw_set *set)
{
    add_records(m, section, set);
    if (m->dnssec && set->count)
        add_signature(m, section, set, &set->owner);
}

void sw_message_add_wildcard(struct sw_message *m, const struct sw_set *set,
                             const struct sw_wire_name *wildcard)
{
    add_records(m, SW_ANSWER, set);
    if (m->dnssec && set->count)
        add_signature(m, SW_ANSWER, set, wildcard);
}

void sw_message_add_nsec(struct sw_message *m, const struct sw_wire_name *owner,
                         const struct sw_wire_name *next, const uint16_t *types)
{
    struct sw_set set;
    uint8_t rdata[SW_NAME_MAX + 2 + 32 + 2 + 32] = {0};
    uint8_t last[2] = {0, 0}; /* octets of the bitmaps of windows 0 and 1: RFC 4034 4.1.2 */
    uint8_t bits[2][32] = {{0}};
    for (; *types; types++) {
        unsigned window = *types >> 8 & 1, bit = *types & 255;
        bits[window][bit / 8] |= (uint8_t)(0x80 >> bit % 8);
        if (last[window] < bit / 8 + 1)
            last[window] = (uint8_t)(bit / 8 + 1);
    }
    size_t n = next->size;
    memcpy(rdata, next->wire, n);
    for (uint8_t window = 0; window < 2; window++) {
        if (last[window] == 0)
            continue;
        rdata[n] = window;
        rdata[n + 1] = last[window];
        memcpy(rdata + n + 2, bits[window], last[window]);
        n += 2U + last[window];
    }
    sw_set_begin(&set, owner, SW_NSEC, 60);
    sw_set_add(&set, rdata, n);
    sw_message_add(m, SW_AUTHORITY, &set);
}

void sw_message_flags(struct sw_message *m, uint16_t set, uint16_t clear)
{
    sw_put16(m->wire + 2, (sw_get16(m->wire + 2) | set) & ~(unsigned)clear);
}

void sw_message_rcode(struct sw_message *m, unsigned rcode)
{
    m->wire[3] = (uint8_t)((m->wire[3] & 0xf0) | (rcode & 15));
}

void sw_message_opt(struct sw_message *m, uint16_t room, uint32_t bits, const void *options,
                    size_t size)
{
    uint8_t *at = m->wire + m->size;
    at[0] = 0;
    sw_put16(at + 1, SW_OPT);
    sw_put16(at + 3, room);
    sw_put32(at + 5, bits);
    sw_put16(at + 9, (unsigned)size);
    if (size)
        memcpy(at + 11, options, size);
    m->size += 11 + size;
    count(m, SW_ADDITIONAL);
}

void sw_message_end(struct sw_message *m)
{
    if (!m->overflow)
        return;
    m->size = m->question_end;
    memset(m->wire + 6, 0, 6);
    sw_message_flags(m, SW_FLAG_TC, 0);
}
