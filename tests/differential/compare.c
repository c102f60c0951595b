/* Reading and comparing answers: see compare.h. */
#include "compare.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER     12
#define OPTION_EDE 15 /* RFC 8914 2 */
#define HINT4      4  /* RFC 9460 14.3.2 */
#define HINT6      6

static unsigned get16(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

/** Expand the name at octet at into the reply's octets, in lower case. Returns the octet behind the
 * name, or 0; *size is the expanded name's. */
static size_t expand(const uint8_t *packet, size_t packet_size, size_t at, struct sw_reply *out,
                     size_t *size)
{
    size_t behind = 0, start = out->used;
    for (unsigned jumps = 0; at < packet_size && out->used + 64 < SW_REPLY_OCTETS;) {
        unsigned label = packet[at];
        if (label >= 0xc0) {
            if (at + 2 > packet_size || ++jumps > 128)
                return 0;
            behind = behind ? behind : at + 2;
            at = get16(packet + at) & 0x3fff;
            continue;
        }
        if (label > 63 || at + 1 + label > packet_size || out->used - start + label >= SW_NAME_MAX)
            return 0;
        out->octets[out->used++] = (uint8_t)label;
        for (unsigned i = 1; i <= label; i++)
            out->octets[out->used++] = (uint8_t)tolower(packet[at + i]);
        at += 1 + label;
        if (label == 0) {
            *size = out->used - start;
            return behind ? behind : at;
        }
    }
    return 0;
}

static bool copy(const uint8_t *from, size_t size, struct sw_reply *out)
{
    if (out->used + size > SW_REPLY_OCTETS)
        return false;
    memcpy(out->octets + out->used, from, size);
    out->used += size;
    return true;
}

/** Octets in front of the first name in the data of a type, and how many names: RFC 3597 4. */
static unsigned names_in(unsigned type, size_t *front)
{
    *front = type == SW_MX ? 2 : type == SW_SRV ? 6 : 0;
    switch (type) {
    case SW_SOA:
        return 2;
    case SW_NS:
    case SW_CNAME:
    case SW_PTR:
    case SW_DNAME:
    case SW_MX:
    case SW_SRV:
        return 1;
    default:
        return 0;
    }
}

/** Copy the data with expanded names; false when a name does not parse. */
static bool read_data(const uint8_t *packet, size_t at, size_t end, unsigned type,
                      struct sw_reply *out)
{
    size_t front, size;
    unsigned names = names_in(type, &front);
    if (names == 0 || end - at <= front)
        return copy(packet + at, end - at, out);
    if (!copy(packet + at, front, out))
        return false;
    at += front;
    for (unsigned i = 0; i < names; i++)
        if (at >= end || (at = expand(packet, end, at, out, &size)) == 0)
            return false;
    return at <= end && copy(packet + at, end - at, out);
}

static void read_opt(const uint8_t *fixed, const uint8_t *options, size_t size,
                     struct sw_reply *out)
{
    out->opt = true;
    out->opt_room = (uint16_t)get16(fixed + 2);
    out->opt_bits = (uint32_t)get16(fixed + 4) << 16 | get16(fixed + 6);
    while (size >= 4) {
        size_t length = get16(options + 2);
        if (length + 4 > size)
            return;
        if (get16(options) == OPTION_EDE && length >= 2 && out->errors < 8)
            out->error[out->errors++] = (uint16_t)get16(options + 4);
        options += length + 4;
        size -= length + 4;
    }
}

/** Read a record; returns the octet behind the record, or 0. */
static size_t read_record(const uint8_t *packet, size_t size, size_t at, unsigned section,
                          struct sw_reply *out)
{
    struct sw_reply_record *r = &out->record[out->count];
    r->section = section;
    r->owner = out->used;
    at = expand(packet, size, at, out, &r->owner_size);
    if (at == 0 || at + 10 > size || at + 10 + get16(packet + at + 8) > size)
        return 0;
    const uint8_t *fixed = packet + at;
    size_t length = get16(fixed + 8);
    at += 10 + length;
    r->type = (uint16_t)get16(fixed);
    if (r->type == SW_OPT) {
        read_opt(fixed, fixed + 10, length, out);
        return at;
    }
    r->class = (uint16_t)get16(fixed + 2);
    r->ttl = (uint32_t)get16(fixed + 4) << 16 | get16(fixed + 6);
    r->data = out->used;
    if (out->count + 1 == SW_REPLY_RECORDS || !read_data(packet, at - length, at, r->type, out))
        return 0;
    r->data_size = out->used - r->data;
    out->count++;
    return at;
}

void sw_reply_read(const uint8_t *packet, size_t size, struct sw_reply *out)
{
    size_t at = HEADER, ignored;
    out->parsed = out->opt = false;
    out->opt_room = 0;
    out->opt_bits = out->errors = 0;
    out->count = out->used = 0;
    if (size < HEADER)
        return;
    out->flags = (uint16_t)get16(packet + 2);
    out->questions = get16(packet + 4);
    for (unsigned i = 0; i < out->questions; i++) {
        at = expand(packet, size, at, out, &ignored);
        if (at == 0 || at + 4 > size)
            return;
        at += 4;
    }
    for (unsigned section = 1; section <= 3; section++)
        for (unsigned i = get16(packet + 4 + 2 * section); i > 0; i--)
            if ((at = read_record(packet, size, at, section, out)) == 0)
                return;
    out->parsed = at == size;
}

static int order(const struct sw_reply *x, const struct sw_reply_record *a,
                 const struct sw_reply *y, const struct sw_reply_record *b)
{
    size_t shorter = a->data_size < b->data_size ? a->data_size : b->data_size;
    int c = memcmp(x->octets + a->data, y->octets + b->data, shorter);
    return c ? c : (a->data_size > b->data_size) - (a->data_size < b->data_size);
}

static bool same_set(const struct sw_reply *x, const struct sw_reply_record *a,
                     const struct sw_reply *y, const struct sw_reply_record *b)
{
    return a->section == b->section && a->type == b->type && a->class == b->class &&
           a->owner_size == b->owner_size &&
           memcmp(x->octets + a->owner, y->octets + b->owner, a->owner_size) == 0;
}

/** Whether record r, which stands behind q, goes before q: in the answer section RRsets stay in
 * place. */
static bool before(const struct sw_reply *reply, const struct sw_reply_record *r,
                   const struct sw_reply_record *q)
{
    if (same_set(reply, q, reply, r))
        return order(reply, r, reply, q) < 0;
    if (r->section != q->section || r->section == 1)
        return false;
    if (r->type != q->type)
        return r->type < q->type;
    size_t shorter = r->owner_size < q->owner_size ? r->owner_size : q->owner_size;
    int c = memcmp(reply->octets + r->owner, reply->octets + q->owner, shorter);
    return c ? c < 0 : r->owner_size < q->owner_size;
}

/** Sort by insertion: there are few records, and mostly in the same order. */
static void sort_sets(struct sw_reply *reply)
{
    for (size_t i = 1; i < reply->count; i++) {
        struct sw_reply_record r = reply->record[i];
        size_t j = i;
        while (j > 0 && before(reply, &r, &reply->record[j - 1])) {
            reply->record[j] = reply->record[j - 1];
            j--;
        }
        reply->record[j] = r;
    }
}

static bool same_head(const struct sw_reply *a, const struct sw_reply *b)
{
    return a->flags == b->flags && a->questions == b->questions && a->opt == b->opt &&
           a->opt_room == b->opt_room && a->opt_bits == b->opt_bits && a->errors == b->errors &&
           memcmp(a->error, b->error, a->errors * sizeof(*a->error)) == 0 && a->count == b->count;
}

bool sw_reply_same(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size, uint32_t slack)
{
    static struct sw_reply x, y;
    if (a_size == b_size && a_size > 2 && memcmp(a + 2, b + 2, a_size - 2) == 0)
        return true;
    sw_reply_read(a, a_size, &x);
    sw_reply_read(b, b_size, &y);
    if (!x.parsed || !y.parsed || !same_head(&x, &y))
        return false;
    sort_sets(&x);
    sort_sets(&y);
    for (size_t i = 0; i < x.count; i++) {
        const struct sw_reply_record *r = &x.record[i], *s = &y.record[i];
        uint32_t apart = r->ttl > s->ttl ? r->ttl - s->ttl : s->ttl - r->ttl;
        if (!same_set(&x, r, &y, s) || apart > slack || order(&x, r, &y, s) != 0)
            return false;
    }
    return true;
}

void sw_reply_name(const uint8_t *wire, char *out, size_t size)
{
    size_t n = 0;
    for (; *wire && n + 6 < size; wire += 1U + *wire) {
        if (n)
            out[n++] = '.';
        for (unsigned i = 1; i <= *wire && n + 6 < size; i++)
            if (isalnum(wire[i]) || strchr("-_*", wire[i]))
                out[n++] = (char)wire[i];
            else
                n += (size_t)snprintf(out + n, size - n, "\\%03u", wire[i]);
    }
    out[n] = '\0';
}

/** Text that grows; text without room is left out. */
struct text {
    char *at;
    size_t used, size;
};

static void say(struct text *text, const char *word)
{
    int n = snprintf(text->at + text->used, text->size - text->used, "%s%s", text->used ? "," : "",
                     word);
    if (n > 0 && (size_t)n < text->size - text->used)
        text->used += (size_t)n;
    else
        text->at[text->used] = '\0';
}

static void say_addresses(struct text *text, const uint8_t *octets, size_t length, size_t each)
{
    char word[INET6_ADDRSTRLEN];
    for (size_t i = 0; each && i + each <= length; i += each)
        if (inet_ntop(each == 4 ? AF_INET : AF_INET6, octets + i, word, sizeof(word)))
            say(text, word);
}

/** RFC 9460 2.2: priority, target, parameters. */
static void say_service(const uint8_t *data, size_t size, struct text *aliases,
                        struct text *addresses)
{
    struct sw_wire_name target;
    char word[1100];
    if (size < 3 || !sw_name_read(data + 2, size - 2, &target))
        return;
    if (get16(data) == 0 && target.size > 1) {
        sw_reply_name(target.wire, word, sizeof(word));
        say(aliases, word);
    }
    for (size_t at = 2 + target.size; at + 4 <= size;) {
        unsigned key = get16(data + at);
        size_t length = get16(data + at + 2);
        at += 4;
        if (at + length > size)
            return;
        say_addresses(addresses, data + at, length, key == HINT4 ? 4 : key == HINT6 ? 16 : 0);
        at += length;
    }
}

void sw_reply_say(const struct sw_reply *reply, char *out, size_t size)
{
    static char names[16384], numbers[65536];
    struct text aliases = {names, 0, sizeof(names)}, addresses = {numbers, 0, sizeof(numbers)};
    char word[1100];
    names[0] = numbers[0] = '\0';
    for (size_t i = 0; i < reply->count; i++) {
        const struct sw_reply_record *r = &reply->record[i];
        const uint8_t *data = reply->octets + r->data;
        if (r->section != 1)
            continue;
        if (r->type == SW_CNAME && r->data_size > 1) {
            sw_reply_name(data, word, sizeof(word));
            say(&aliases, word);
        } else if (r->type == SW_A && r->data_size == 4) {
            say_addresses(&addresses, data, 4, 4);
        } else if (r->type == SW_AAAA && r->data_size == 16) {
            say_addresses(&addresses, data, 16, 16);
        } else if (r->type == SW_SVCB || r->type == SW_HTTPS) {
            say_service(data, r->data_size, &aliases, &addresses);
        }
    }
    snprintf(out, size, "%s %s", aliases.used ? names : "-", addresses.used ? numbers : "-");
}
