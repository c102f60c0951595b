/* dns_message.c - see dns_message.h. */
#include "cli/feed/dns_message.h"

#include <string.h>

#define POINTERS_MAX 127 /* more than labels are no name */
#define CLASS_IN     1

/* Read a name, folded to lower case, and move behind it. false: broken. */
static bool read_name(struct cli_message *m, struct sw_name *out)
{
    uint8_t plain[SW_NAME_MAX];
    size_t at = m->at, len = 0;
    unsigned pointers = 0;
    for (;;) {
        if (at >= m->len)
            return false;
        uint8_t label = m->wire[at];
        if (label >= 0xc0) { /* RFC 1035 4.1.4 */
            if (at + 2 > m->len || ++pointers > POINTERS_MAX)
                return false;
            if (pointers == 1)
                m->at = at + 2;
            at = (size_t)(cli_get16(m->wire + at) & 0x3fff);
            continue;
        }
        size_t size = (size_t)label + 1;
        if (label > SW_LABEL_MAX || at + size > m->len || len + size > sizeof(plain))
            return false;
        memcpy(plain + len, m->wire + at, size);
        len += size;
        at += size;
        if (label == 0)
            break;
    }
    if (pointers == 0)
        m->at = at;
    return sw_name_copy(plain, len, out) == SW_OK;
}

bool cli_message_begin(struct cli_message *m, const uint8_t *wire, size_t len)
{
    if (len < CLI_DNS_HEADER)
        return false;
    *m = (struct cli_message){.wire = wire, .len = len, .at = CLI_DNS_HEADER};
    m->id = cli_get16(wire);
    m->flags = cli_get16(wire + 2);
    for (size_t i = 0; i < 4; i++)
        m->count[i] = cli_get16(wire + 4 + 2 * i);
    return true;
}

bool cli_message_question(struct cli_message *m, struct sw_name *name, uint16_t *type)
{
    if (m->count[0] != 1 || !read_name(m, name) || m->at + 4 > m->len)
        return false;
    *type = cli_get16(m->wire + m->at);
    bool in = cli_get16(m->wire + m->at + 2) == CLASS_IN;
    m->at += 4;
    return in;
}

/* Numbers, then a name that may be compressed (RFC 3597 4; SRV: RFC 2782 was no clearer). */
static bool read_plain(struct cli_message *data, struct cli_record *r, size_t numbers)
{
    struct sw_name name;
    if (r->data_len < numbers)
        return false;
    memcpy(r->plain, r->data, numbers);
    data->at += numbers;
    if (!read_name(data, &name) || data->at != data->len)
        return false;
    memcpy(r->plain + numbers, name.wire, name.len);
    r->data = r->plain;
    r->data_len = numbers + name.len;
    return true;
}

/* Names and numbers inside of the data. */
static bool read_data(const struct cli_message *m, struct cli_record *r)
{
    struct cli_message data = *m;
    struct sw_name ignored;
    data.len = m->at; /* behind the data */
    data.at = m->at - r->data_len;
    switch (r->type) {
    case CLI_DNS_A:
        return r->data_len == 4;
    case CLI_DNS_AAAA:
        return r->data_len == 16;
    case CLI_DNS_CNAME:
        return read_name(&data, &r->target) && data.at == data.len;
    case CLI_DNS_PTR:
        return read_plain(&data, r, 0);
    case CLI_DNS_MX:
        return read_plain(&data, r, 2);
    case CLI_DNS_SRV:
        return read_plain(&data, r, 6);
    case CLI_DNS_SOA:
        if (!read_name(&data, &ignored) || !read_name(&data, &ignored) || data.len - data.at != 20)
            return false;
        r->serial = cli_get32(data.wire + data.at);
        r->refresh = cli_get32(data.wire + data.at + 4);
        r->retry = cli_get32(data.wire + data.at + 8);
        r->expire = cli_get32(data.wire + data.at + 12);
        return true;
    default:
        return true;
    }
}

bool cli_message_record(struct cli_message *m, struct cli_record *r)
{
    r->begin = m->at;
    if (!read_name(m, &r->owner) || m->at + 10 > m->len)
        return false;
    const uint8_t *p = m->wire + m->at;
    r->type = cli_get16(p);
    r->class = cli_get16(p + 2);
    r->data_len = cli_get16(p + 8);
    r->data = p + 10;
    m->at += 10;
    if (r->data_len > m->len - m->at)
        return false;
    m->at += r->data_len;
    return read_data(m, r);
}

size_t cli_message_ask(uint8_t *out, uint16_t id, const struct sw_name *zone,
                       enum cli_dns_type type, uint32_t serial)
{
    bool ixfr = type == CLI_DNS_IXFR;
    uint8_t *p = cli_put16(out, id);
    memset(p, 0, CLI_DNS_HEADER - 2);
    out[5] = 1;    /* a question */
    out[9] = ixfr; /* the SOA record of our version, in the authority section */
    p = out + CLI_DNS_HEADER;
    memcpy(p, zone->wire, zone->len);
    p = cli_put16(p + zone->len, type);
    p = cli_put16(p, CLASS_IN);
    if (!ixfr)
        return (size_t)(p - out);
    p = cli_put16(p, 0xc000 | CLI_DNS_HEADER); /* the name of the question */
    p = cli_put16(p, CLI_DNS_SOA);
    p = cli_put16(p, CLASS_IN);
    memset(p, 0, 4); /* TTL */
    p = cli_put16(p + 4, 22);
    memset(p, 0, 22); /* root, root, serial, four timers */
    cli_put16(cli_put16(p + 2, serial >> 16), serial & 0xffff);
    return (size_t)(p + 22 - out);
}
