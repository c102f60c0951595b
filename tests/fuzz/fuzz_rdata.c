/*
 * fuzz_rdata.c - flow/query.h: aliases and addresses in rdata, which comes from anybody's name
 * server: A, AAAA, CNAME, and the parameters of HTTPS and SVCB.
 *
 * The input: an octet for the type, then records: a length octet, and so many octets of Unbound's
 * form of a record (RDLENGTH and rdata). The reported items are compared with a second, plain
 * reading of the same records.
 */
#include "unbound_types.h"

#include "flow/query.c"
#include "fuzz.h"

#define RECORDS_MAX 16
#define REPORTS_MAX 4096

struct report { /* the found items: an address, or a name */
    size_t len; /* 4, 16, or octets of the name with 1000 added */
    uint8_t octets[SW_NAME_MAX];
};

struct reports {
    size_t n;
    struct report report[REPORTS_MAX];
};

static void put(struct reports *reports, const uint8_t *octets, size_t len, bool is_name)
{
    FUZZ_CHECK(reports->n < REPORTS_MAX && len <= SW_NAME_MAX);
    struct report *report = &reports->report[reports->n++];
    report->len = len + (is_name ? 1000 : 0);
    memcpy(report->octets, octets, len);
}

static void on_alias(void *arg, const uint8_t *name, size_t len)
{
    FUZZ_CHECK(len > 1 && sw_name_size(name, len) == len);
    put(arg, name, len, true);
}

static void on_addr(void *arg, const struct sw_addr *addr)
{
    FUZZ_CHECK(addr->family == 4 || addr->family == 6);
    FUZZ_CHECK(addr->plen == sw_addr_bits(addr));
    put(arg, addr->octets, sw_addr_bits(addr) / 8, false);
}

/* ---- the second reading ---- */

/* RFC 9460 2.2: until the first parameter that does not fit. */
static void read_svcb(const uint8_t *rdata, size_t len, struct reports *reports)
{
    size_t name = len > 2 ? fuzz_name_size(rdata + 2, len - 2) : 0, at = 2 + name;
    if (name == 0)
        return;
    if (rdata[0] + rdata[1] == 0 && name > 1)
        put(reports, rdata + 2, name, true);
    while (len - at >= 4) {
        unsigned key = rdata[at] * 256u + rdata[at + 1];
        size_t left = rdata[at + 2] * 256u + rdata[at + 3], each = key == 4 ? 4 : 16;
        at += 4;
        if (left > len - at)
            return;
        for (; (key == 4 || key == 6) && left >= each; at += each, left -= each)
            put(reports, rdata + at, each, false);
        at += left;
    }
}

static void read_record(uint16_t type, const uint8_t *rdata, size_t len, struct reports *reports)
{
    size_t name = type == LDNS_RR_TYPE_CNAME ? fuzz_name_size(rdata, len) : 0;
    if ((type == LDNS_RR_TYPE_A && len == 4) || (type == LDNS_RR_TYPE_AAAA && len == 16))
        put(reports, rdata, len, false);
    else if (name > 1)
        put(reports, rdata, name, true);
    else if (type == TYPE_SVCB || type == TYPE_HTTPS)
        read_svcb(rdata, len, reports);
}

/* ---- both ---- */

static void compare(const struct reports *a, const struct reports *b)
{
    FUZZ_CHECK(a->n == b->n);
    for (size_t i = 0; i < a->n; i++) {
        const struct report *x = &a->report[i], *y = &b->report[i];
        FUZZ_CHECK(x->len == y->len);
        FUZZ_CHECK(memcmp(x->octets, y->octets, x->len % 1000) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint16_t types[] = {LDNS_RR_TYPE_A, LDNS_RR_TYPE_AAAA, LDNS_RR_TYPE_CNAME,
                                     TYPE_SVCB,      TYPE_HTTPS,        16};
    static struct reports got, wanted;
    size_t lens[RECORDS_MAX];
    uint8_t *records[RECORDS_MAX];
    struct packed_rrset_data rrset = {.rr_len = lens, .rr_data = records};
    struct ub_packed_rrset_key key = {.entry = {&rrset}}, *keys[] = {&key};
    struct reply_info reply = {.an_numrrsets = 1, .rrsets = keys};
    struct sw_walk walk = {&got, on_alias, on_addr};
    uint16_t type = types[size > 0 ? data[0] % (sizeof(types) / sizeof(types[0])) : 0];
    got.n = wanted.n = 0;
    key.rk.type = htons(type);
    for (size_t at = 1; at < size && rrset.count < RECORDS_MAX; rrset.count++) {
        size_t len = data[at++];
        len = len <= size - at ? len : size - at;
        lens[rrset.count] = len;
        records[rrset.count] = fuzz_copy(data + at, len);
        if (len >= 2)
            read_record(type, records[rrset.count] + 2, len - 2, &wanted);
        at += len;
    }
    sw_query_walk(&reply, &walk);
    compare(&got, &wanted);
    for (size_t i = 0; i < rrset.count; i++)
        free(records[i]);
    return 0;
}
