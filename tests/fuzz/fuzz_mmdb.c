/*
 * fuzz_mmdb.c - owner/mmdb.h: a database file that anybody may have written.
 *
 * The input: an octet that selects how to read the rest.
 *   0..3    one of four small good files, made here, with changes: two octets are the length to cut
 *           off at the end, then each three are an offset and a new octet
 *   others  the rest is the file, for the role ASN (even) or OWNER (odd)
 * A file is refused with a reason, or every question to the file has a sane answer.
 */
#include "fuzz_file.h"

/* The fixture asserts with Check, which fuzz programs are not linked with. */
#define CHECK_H
#define ck_assert_ptr_nonnull(p) FUZZ_CHECK((p) != NULL)
#define ck_assert_int_eq(a, b)   FUZZ_CHECK((a) == (b))
#define ck_assert_uint_eq(a, b)  FUZZ_CHECK((a) == (b))
#define ck_assert_uint_le(a, b)  FUZZ_CHECK((a) <= (b))
#define ck_assert_uint_lt(a, b)  FUZZ_CHECK((a) < (b))
#define ck_assert_uint_gt(a, b)  FUZZ_CHECK((a) > (b))
#include "../unit/mmdb_fixture.h"

#include "base/policy.h"
#include "owner/mmdb.h"

#define BASES    4
#define BASE_MAX 4096

struct base {
    uint8_t file[BASE_MAX];
    size_t len;
    enum sw_role role;
    const char *asked, *network; /* an address in the network, and the network */
};

static struct base bases[BASES];
static struct mm m;
static struct sw_settings settings;

/**
 * Where a file's metadata is broken, MMDB_open() of libmaxminddb 1.7 does not free the list of
 * decoded metadata. Asked by LeakSanitizer.
 */
const char *__lsan_default_suppressions(void);

__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void)
{
    return "leak:libmaxminddb";
}

/* ---- the good files ---- */

static void keep(struct base *base, enum sw_role role, const char *asked, const char *network)
{
    mm_build(&m);
    FUZZ_CHECK(m.file_len <= BASE_MAX);
    memcpy(base->file, m.file, m.file_len);
    base->len = m.file_len;
    base->role = role;
    base->asked = asked;
    base->network = network;
}

/* GeoLite2-ASN, IPv4 and IPv6. */
static void make_geolite(struct base *base)
{
    mm_init(&m, 6, "GeoLite2-ASN");
    uint32_t at = mm_map(&m, 2);
    uint32_t key = mm_text(&m, "autonomous_system_number");
    mm_u32(&m, 64500);
    uint32_t org = mm_text(&m, "autonomous_system_organization");
    mm_text(&m, "Documentation one");
    mm_insert(&m, "192.0.2.0/24", at);
    at = mm_map(&m, 2); /* keys shared by pointers, as writers do */
    mm_pointer(&m, key);
    mm_u32(&m, 64501);
    mm_pointer(&m, org);
    mm_text(&m, "Documentation two");
    mm_insert(&m, "2001:db8::/40", at);
    keep(base, SW_ROLE_ASN, "192.0.2.7", "192.0.2.0/24");
}

/* IPinfo: everything is text; IPv4 only. */
static void make_ipinfo(struct base *base)
{
    mm_init(&m, 4, "ipinfo asn");
    mm_insert(&m, "128.0.0.0/1", mm_map(&m, 0));
    uint32_t at = mm_map(&m, 3);
    mm_text(&m, "asn");
    mm_text(&m, "AS64500");
    mm_text(&m, "as_name");
    mm_text(&m, "Documentation one");
    mm_text(&m, "country_code");
    mm_text(&m, "NL");
    mm_insert(&m, "192.0.2.0/24", at);
    keep(base, SW_ROLE_ASN, "192.0.2.7", "192.0.2.0/24");
}

/* GeoIP2 Enterprise: values deep inside, numbers of other types, an array. */
static void make_nested(struct base *base)
{
    mm_init(&m, 6, "GeoIP2-Enterprise");
    uint32_t at = mm_map(&m, 3);
    mm_text(&m, "traits");
    mm_map(&m, 2);
    mm_text(&m, "autonomous_system_number");
    mm_number(&m, 9, 64500, 8);
    mm_text(&m, "autonomous_system_organization");
    mm_text(&m, "Caf\xc3\xa9 \xff \x1b[0m");
    mm_text(&m, "country");
    mm_pair(&m, "iso_code", "NL");
    mm_text(&m, "subdivisions");
    mm_array(&m, 2);
    mm_pair(&m, "iso_code", "N");
    mm_number(&m, 5, 7, 2);
    mm_insert(&m, "198.51.100.0/24", at);
    keep(base, SW_ROLE_ASN, "198.51.100.7", "198.51.100.0/24");
}

/* Sinkwatch-Owner. */
static void make_owner(struct base *base)
{
    mm_init(&m, 6, "Sinkwatch-Owner");
    uint32_t at = mm_map(&m, 3);
    mm_text(&m, "registrant");
    mm_text(&m, "Example Agency");
    mm_text(&m, "netname");
    mm_text(&m, "EXAMPLE-NET");
    mm_text(&m, "country");
    mm_text(&m, "RU");
    mm_insert(&m, "213.24.76.0/24", at);
    mm_insert(&m, "2001:db8::/40", mm_pair(&m, "netname", "EXAMPLE-NET6"));
    keep(base, SW_ROLE_OWNER, "213.24.76.23", "213.24.76.0/24");
}

static void make_once(void)
{
    if (bases[0].len > 0)
        return;
    sw_settings_init(&settings);
    make_geolite(&bases[0]);
    make_ipinfo(&bases[1]);
    make_nested(&bases[2]);
    make_owner(&bases[3]);
}

/* ---- questions ---- */

static bool text_ok(const char *text, size_t max)
{
    return text[0] == '\0' || fuzz_words_ok(text, max);
}

/* A matched network covers the queried address, or the IPv4 address inside. */
static void check_prefix(const struct sw_addr *prefix, const struct sw_addr *addr)
{
    struct sw_addr judged, masked = *prefix;
    if (sw_addr_embedded(addr, &judged) != SW_OK)
        judged = *addr;
    sw_addr_mask(&masked, prefix->plen);
    FUZZ_CHECK(sw_addr_equal(&masked, prefix));
    FUZZ_CHECK(sw_addr_covers(prefix, &judged));
}

static void ask(const struct sw_mmdb *db, enum sw_role role, const struct sw_addr *addr)
{
    struct sw_owner owner;
    struct sw_addr prefix;
    uint32_t asn = 0;
    memset(&owner, 0, sizeof(owner));
    if (role == SW_ROLE_ASN && sw_mmdb_asn(db, addr, &asn, &prefix) == SW_OK) {
        FUZZ_CHECK(asn != 0);
        check_prefix(&prefix, addr);
    }
    if (sw_mmdb_fill(db, addr, &owner) == SW_OK) {
        FUZZ_CHECK(owner.asn == asn);
        check_prefix(role == SW_ROLE_ASN ? &owner.prefix : &owner.registered, addr);
    }
    FUZZ_CHECK(text_ok(owner.org, SW_OWNERTEXT_MAX) && text_ok(owner.netname, SW_OWNERTEXT_MAX));
    FUZZ_CHECK(text_ok(owner.registrant, SW_OWNERTEXT_MAX) && text_ok(owner.country, 4));
}

static void ask_around(const struct sw_mmdb *db, enum sw_role role, const uint8_t *octets)
{
    static const char *const asked[] = {
        "192.0.2.1",   "213.24.76.23", "198.51.100.7", "0.0.0.0",         "255.255.255.255",
        "2001:db8::1", "::",           "::1.2.3.4",    "2002:c000:201::", "::ffff:192.0.2.1",
    };
    struct sw_addr addr;
    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
        FUZZ_CHECK(sw_addr_parse(asked[i], strlen(asked[i]), &addr, NULL) == SW_OK);
        ask(db, role, &addr);
    }
    FUZZ_CHECK(sw_addr_from_octets(octets, 16, &addr) == SW_OK);
    ask(db, role, &addr);
    FUZZ_CHECK(sw_addr_from_octets(octets, 4, &addr) == SW_OK);
    ask(db, role, &addr);
}

/* An unchanged file is taken, and gives the right network. */
static void check_good(const struct sw_mmdb *db, const struct base *base)
{
    struct sw_addr asked, network;
    struct sw_owner owner;
    memset(&owner, 0, sizeof(owner));
    FUZZ_CHECK(db != NULL);
    FUZZ_CHECK(sw_addr_parse(base->asked, strlen(base->asked), &asked, NULL) == SW_OK);
    FUZZ_CHECK(sw_addr_parse(base->network, strlen(base->network), &network, NULL) == SW_OK);
    FUZZ_CHECK(sw_mmdb_fill(db, &asked, &owner) == SW_OK);
    FUZZ_CHECK(
        sw_addr_equal(base->role == SW_ROLE_ASN ? &owner.prefix : &owner.registered, &network));
    FUZZ_CHECK(owner.asn == (base->role == SW_ROLE_ASN ? 64500 : 0));
}

/* good: the file before changes, when equal; NULL. */
static void try_file(const uint8_t *file, size_t len, enum sw_role role, const struct base *good)
{
    struct sw_mmdb *db = NULL;
    struct stat seen;
    char path[FUZZ_PATH_MAX], why[SW_WHY_MAX] = "";
    uint8_t octets[16] = {0};
    int fd = fuzz_file(file, len, path);
    enum sw_status status = sw_mmdb_open(path, role, &settings, &seen, &db, why);
    close(fd);
    FUZZ_CHECK((size_t)seen.st_size == len);
    if (good)
        check_good(db, good);
    if (status == SW_OK) {
        FUZZ_CHECK(text_ok(sw_mmdb_type(db), SW_MMDBTYPE_MAX));
        FUZZ_CHECK(sw_mmdb_epoch(db) >= 0 && sw_mmdb_records(db) > 0 && sw_mmdb_same(db, db));
        memcpy(octets, file, len < sizeof(octets) ? len : sizeof(octets));
        ask_around(db, role, octets);
        sw_mmdb_close(db);
    } else {
        FUZZ_CHECK(!db && fuzz_words_ok(why, sizeof(why)));
        FUZZ_CHECK(status == SW_EFORMAT || status == SW_ENOMEM);
    }
}

static void try_changed(const struct base *base, const uint8_t *data, size_t size)
{
    uint8_t file[BASE_MAX];
    size_t cut = size >= 2 ? data[0] * 256u + data[1] : 0;
    memcpy(file, base->file, base->len);
    for (size_t at = 2; at + 3 <= size; at += 3) {
        size_t offset = (data[at] * 256u + data[at + 1]) % base->len;
        file[offset] = data[at + 2];
    }
    size_t len = base->len - cut % base->len;
    bool good = len == base->len && memcmp(file, base->file, len) == 0;
    try_file(file, len, base->role, good ? base : NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    make_once();
    if (size == 0)
        return 0;
    if (data[0] < BASES)
        try_changed(&bases[data[0]], data + 1, size - 1);
    else if (size > 1)
        try_file(data + 1, size - 1, data[0] % 2 == 0 ? SW_ROLE_ASN : SW_ROLE_OWNER, NULL);
    return 0;
}
