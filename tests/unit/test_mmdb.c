/*
 * test_mmdb.c - a single MMDB file: layouts, matched networks, the private copy, real files.
 */
#include "mmdb_open.h"

#include "suite.h"

#include <dirent.h>
#include <sys/wait.h>

/* The network that an address matches, as text; "" when none. */
static const char *network(const struct sw_mmdb *db, const char *address)
{
    static char text[SW_ADDRTEXT_MAX];
    struct sw_addr addr = addr_of(address), prefix;
    uint32_t asn;
    text[0] = '\0';
    if (sw_mmdb_asn(db, &addr, &asn, &prefix) == SW_OK)
        sw_addr_text(&prefix, text);
    return text;
}

/* ---- layouts ---- */

START_TEST(geolite_layout)
{
    mm_init(&m, 6, "GeoLite2-ASN");
    mm_insert(&m, "213.24.0.0/16", geolite_record(8342, "RTComm.RU"));
    mm_insert(&m, "2001:db8::/32", geolite_record(64500, "Documentation"));
    mm_write(&m, path);
    struct sw_mmdb *db = open_ok(SW_ROLE_ASN);
    struct sw_addr addr = addr_of("213.24.76.23");
    struct sw_owner owner = {.asn = 0};
    ck_assert_int_eq(sw_mmdb_fill(db, &addr, &owner), SW_OK);
    ck_assert_uint_eq(owner.asn, 8342);
    ck_assert_str_eq(owner.org, "RTComm.RU");
    ck_assert_str_eq(network(db, "213.24.76.23"), "213.24.0.0/16");
    ck_assert_str_eq(network(db, "2001:db8:1::1"), "2001:db8::/32");
    ck_assert_uint_eq(asn_of(db, "213.25.0.0"), 0);
    ck_assert_uint_eq(asn_of(db, "2001:db9::"), 0);
    ck_assert_str_eq(sw_mmdb_type(db), "GeoLite2-ASN");
    ck_assert_int_eq(sw_mmdb_epoch(db), 1431000000);
    ck_assert_uint_eq(sw_mmdb_records(db), 2);
    sw_mmdb_close(db);
}
END_TEST

START_TEST(embedded_ipv4_is_judged)
{
    mm_init(&m, 6, "GeoLite2-ASN");
    mm_insert(&m, "192.0.2.0/24", geolite_record(64500, "A"));
    mm_write(&m, path);
    struct sw_mmdb *db = open_ok(SW_ROLE_ASN);
    ck_assert_str_eq(network(db, "::ffff:192.0.2.1"), "192.0.2.0/24");
    ck_assert_str_eq(network(db, "64:ff9b::c000:201"), "192.0.2.0/24");
    ck_assert_str_eq(network(db, "2002:c000:201::1"), "192.0.2.0/24");
    ck_assert_uint_eq(asn_of(db, "::ffff:192.0.3.1"), 0);
    sw_mmdb_close(db);
}
END_TEST

START_TEST(ipv4_only_tree)
{
    mm_init(&m, 4, "GeoLite2-ASN");
    mm_insert(&m, "192.0.2.0/24", geolite_record(64500, "A"));
    mm_insert(&m, "192.0.2.1/32", geolite_record(64501, "B"));
    mm_insert(&m, "128.0.0.0/1", geolite_record(64502, "C"));
    mm_insert(&m, "192.0.2.0/25", geolite_record(64500, "A"));
    mm_write(&m, path);
    struct sw_mmdb *db = open_ok(SW_ROLE_ASN);
    ck_assert_str_eq(network(db, "255.255.255.255"), "224.0.0.0/3"); /* the rest of the split */
    ck_assert_str_eq(network(db, "192.0.2.7"), "192.0.2.0/25");
    ck_assert_uint_eq(asn_of(db, "1.1.1.1"), 0);
    ck_assert_uint_eq(asn_of(db, "2001:db8::1"), 0);
    ck_assert_uint_eq(asn_of(db, "::ffff:192.0.2.9"), 64500);
    sw_mmdb_close(db);
}
END_TEST

START_TEST(no_ipv4_in_ipv6_tree)
{
    mm_init(&m, 6, "GeoLite2-ASN");
    mm_insert(&m, "::/64", geolite_record(64500, "A"));
    mm_write(&m, path);
    struct sw_mmdb *db = open_ok(SW_ROLE_ASN);
    ck_assert_str_eq(network(db, "192.0.2.7"), "0.0.0.0/0");
    ck_assert_str_eq(network(db, "::5"), "::/64");
    sw_mmdb_close(db);
}
END_TEST

/* An IPinfo record: {"asn": "AS...", "as_name": ..., "country_code": ..., "country": ...}. */
static uint32_t ipinfo_record(const char *asn)
{
    uint32_t at = mm_map(&m, 4);
    mm_text(&m, "asn");
    mm_text(&m, asn);
    mm_text(&m, "as_name");
    mm_text(&m, "Beispiel GmbH");
    mm_text(&m, "country");
    mm_text(&m, "Germany");
    mm_text(&m, "country_code");
    mm_text(&m, "DE");
    return at;
}

START_TEST(ipinfo_layout)
{
    mm_init(&m, 6, "ipinfo lite");
    mm_insert(&m, "192.0.2.0/24", ipinfo_record("AS64500"));
    mm_insert(&m, "198.51.100.0/25", ipinfo_record("4294967295"));
    mm_insert(&m, "198.51.100.128/25", ipinfo_record("AS4294967297"));
    mm_insert(&m, "203.0.113.0/26", ipinfo_record("AS-TEST"));
    mm_insert(&m, "203.0.113.64/26", ipinfo_record("AS"));
    mm_insert(&m, "203.0.113.128/26", ipinfo_record("as12 "));
    mm_insert(&m, "203.0.113.192/26", ipinfo_record("AS0"));
    mm_write(&m, path);
    struct sw_mmdb *db = open_ok(SW_ROLE_ASN);
    struct sw_addr addr = addr_of("192.0.2.1");
    struct sw_owner owner = {.asn = 0};
    ck_assert_int_eq(sw_mmdb_fill(db, &addr, &owner), SW_OK);
    ck_assert_uint_eq(owner.asn, 64500);
    ck_assert_str_eq(owner.org, "Beispiel GmbH");
    ck_assert_str_eq(owner.country, "DE");
    ck_assert_uint_eq(asn_of(db, "198.51.100.1"), UINT32_MAX);
    ck_assert_uint_eq(asn_of(db, "198.51.100.129"), 0);
    ck_assert_uint_eq(asn_of(db, "203.0.113.1"), 0);
    ck_assert_uint_eq(asn_of(db, "203.0.113.65"), 0);
    ck_assert_uint_eq(asn_of(db, "203.0.113.129"), 0);
    ck_assert_uint_eq(asn_of(db, "203.0.113.193"), 0);
    sw_mmdb_close(db);
}
END_TEST

START_TEST(paths_of_the_settings)
{
    mm_init(&m, 6, "House");
    uint32_t at = mm_map(&m, 2);
    mm_text(&m, "as");
    mm_array(&m, 1);
    mm_map(&m, 1);
    mm_text(&m, "number");
    mm_number(&m, 9, 64500, 8);
    mm_text(&m, "asn"); /* would be found by layout */
    mm_u32(&m, 1);
    mm_insert(&m, "192.0.2.0/24", at);
    mm_write(&m, path);
    snprintf(settings.asn_field, sizeof(settings.asn_field), "as.0.number");
    struct sw_mmdb *db = open_ok(SW_ROLE_ASN);
    ck_assert_uint_eq(asn_of(db, "192.0.2.1"), 64500);
    sw_mmdb_close(db);
    snprintf(settings.asn_field, sizeof(settings.asn_field), "as.1.number");
    db = open_ok(SW_ROLE_ASN); /* nothing there in this file: read as usual */
    ck_assert_uint_eq(asn_of(db, "192.0.2.1"), 1);
    char used[SW_TEXT_MAX];
    ck_assert_str_eq(sw_mmdb_field(db, SW_OWNER_ASN, used, sizeof(used)), "asn");
    ck_assert_str_eq(sw_mmdb_field(db, SW_OWNER_ORG, used, sizeof(used)), "");
    sw_mmdb_close(db);
    static const char *const bad[] = {".", "a.", ".a", "a..b", "a.b.c.d.e.f.g.h.i"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        snprintf(settings.asn_field, sizeof(settings.asn_field), "%s", bad[i]);
        open_fails(SW_ROLE_ASN, SW_EINVAL, bad[i]);
    }
}
END_TEST

/* {"country": {"iso_code": "RU"}} */
static void write_country_file(void)
{
    mm_init(&m, 6, "GeoLite2-Country");
    uint32_t at = mm_map(&m, 1);
    mm_text(&m, "country");
    mm_pair(&m, "iso_code", "RU");
    mm_insert(&m, "213.24.76.0/24", at);
    mm_write(&m, path);
}

START_TEST(country_fits_owner_role_only)
{
    write_country_file();
    open_fails(SW_ROLE_ASN, SW_EFORMAT, "GeoLite2-Country");
    ck_assert_ptr_nonnull(strstr(why, "GeoLite2-ASN"));
    ck_assert_ptr_nonnull(strstr(why, "autonomous_system_number"));
    struct sw_mmdb *db = open_ok(SW_ROLE_OWNER);
    struct sw_addr addr = addr_of("213.24.76.23");
    struct sw_owner owner = {.asn = 7};
    ck_assert_int_eq(sw_mmdb_fill(db, &addr, &owner), SW_OK);
    ck_assert_str_eq(owner.country, "RU");
    ck_assert_uint_eq(owner.asn, 7);
    ck_assert_uint_eq(owner.registered.plen, 24);
    sw_mmdb_close(db);
}
END_TEST

START_TEST(registrant_layout)
{
    mm_init(&m, 6, "Sinkwatch-Owner");
    uint32_t at = mm_map(&m, 2);
    mm_text(&m, "registrant");
    mm_text(&m, "An agency");
    mm_text(&m, "netname");
    mm_text(&m, "EXAMPLE-NET");
    mm_insert(&m, "192.0.2.0/24", at);
    mm_insert(&m, "198.51.100.0/24", mm_pair(&m, "other", "x"));
    mm_write(&m, path);
    struct sw_mmdb *db = open_ok(SW_ROLE_OWNER);
    struct sw_addr addr = addr_of("192.0.2.9");
    struct sw_owner owner = {.asn = 0};
    ck_assert_int_eq(sw_mmdb_fill(db, &addr, &owner), SW_OK);
    ck_assert_str_eq(owner.registrant, "An agency");
    ck_assert_str_eq(owner.netname, "EXAMPLE-NET");
    ck_assert_str_eq(owner.country, "");
    addr = addr_of("198.51.100.1"); /* a record without any field that we know */
    ck_assert_int_eq(sw_mmdb_fill(db, &addr, &owner), SW_ENOTFOUND);
    sw_mmdb_close(db);
    open_fails(SW_ROLE_ASN, SW_EFORMAT, "Sinkwatch-Owner");
}
END_TEST

START_TEST(asn_file_is_no_owner_file)
{
    mm_init(&m, 6, "GeoLite2-ASN");
    mm_insert(&m, "192.0.2.0/24", geolite_record(64500, "A"));
    mm_write(&m, path);
    open_fails(SW_ROLE_OWNER, SW_EFORMAT, "GeoLite2-ASN names no owners");
}
END_TEST

/* More records than the sample takes; a single record, which the sample misses, has an AS
 * number. */
START_TEST(rare_numbers_are_found)
{
    mm_init(&m, 6, "GeoIP2-ISP");
    for (unsigned i = 0; i < 20500; i++) {
        char prefix[32];
        snprintf(prefix, sizeof(prefix), "10.%u.%u.0/24", i >> 8, i & 255);
        mm_insert(&m, prefix, i == 1 ? geolite_record(64500, "Z") : mm_pair(&m, "isp", "X"));
    }
    mm_write(&m, path);
    struct sw_mmdb *db = open_ok(SW_ROLE_ASN);
    ck_assert_uint_eq(asn_of(db, "10.0.1.1"), 64500);
    ck_assert_uint_eq(asn_of(db, "10.0.3.1"), 0);
    ck_assert_uint_eq(sw_mmdb_records(db), 20500);
    sw_mmdb_close(db);
}
END_TEST

START_TEST(text_is_cleaned)
{
    char out[16];
    static const struct {
        const char *in, *out;
    } t[] = {
        {"plain", "plain"},
        {"a\nb\x1b[1m\x7f", "a?b?[1m?"},
        {"Fran\xc3\xa7ois", "Fran\xc3\xa7ois"},
        {"bad\xc3", "bad?"},
        {"\xc0\xafx", "??x"},
        {"\xed\xa0\x80", "???"},
        {"\xc2\x9b"
         "1m",
         "??1m"},
        {"\xf4\x90\x80\x80", "????"},
        {"\xf0\x9f\x90\x9f", "\xf0\x9f\x90\x9f"},
        {"12345678901234\xc3\xa7", "12345678901234"},
        {"123456789012345678", "123456789012345"},
    };
    for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
        sw_text_clean(out, sizeof(out), t[i].in, strlen(t[i].in));
        ck_assert_str_eq(out, t[i].out);
    }
    sw_text_clean(out, 1, "x", 1);
    ck_assert_str_eq(out, "");
}
END_TEST

/* ---- where the copy goes ---- */

/* In a chroot without /proc: the copy goes to a temporary folder, or is refused with a reason. */
static int child_in_chroot(bool with_tmp)
{
    struct sw_mmdb *db = NULL;
    struct stat seen;
    unsetenv("TMPDIR");
    if (chroot(folder) != 0 || chdir("/") != 0 || (with_tmp && mkdir("/tmp", 0700) != 0))
        return 10;
    enum sw_status status = sw_mmdb_open("/test.mmdb", SW_ROLE_ASN, &settings, &seen, &db, why);
    if (!with_tmp)
        return status == SW_EIO && strstr(why, "/proc") ? 0 : 11;
    if (status != SW_OK || asn_of(db, "192.0.2.1") != 64500)
        return 12;
    sw_mmdb_close(db);
    return rmdir("/tmp") == 0 ? 0 : 13; /* empty: nothing was left behind */
}

START_TEST(chroot_without_proc)
{
    if (geteuid() != 0) {
        suite_skip("root, for chroot_without_proc,");
        return;
    }
    build_small();
    mm_write_octets(path, m.file, m.file_len);
    for (int with_tmp = 0; with_tmp < 2; with_tmp++) {
        pid_t pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0)
            _exit(child_in_chroot(with_tmp != 0));
        int status;
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFEXITED(status));
        ck_assert_int_eq(WEXITSTATUS(status), 0);
    }
}
END_TEST

START_TEST(live_file_cut_under_us)
{
    build_small();
    mm_write_octets(path, m.file, m.file_len);
    struct sw_mmdb *db = open_ok(SW_ROLE_ASN);
    mm_write_octets(path, "", 0); /* a mapping of the live file would fault now */
    ck_assert_uint_eq(asn_of(db, "192.0.2.1"), 64500);
    sw_mmdb_close(db);
}
END_TEST

/* ---- real files, if present ---- */

/* The shared data's folder that has this file, or NULL. */
static const char *shared(const char *name)
{
    static char found[512];
    const char *root = getenv("SINKWATCH_DATA");
    snprintf(found, sizeof(found), "%s/%s", root ? root : "../shared/data", name);
    if (access(found, R_OK) == 0)
        return found;
    suite_skip(name);
    return NULL;
}

static enum sw_status open_shared(const char *file, enum sw_role role, struct sw_mmdb **db)
{
    struct stat seen;
    return sw_mmdb_open(file, role, &settings, &seen, db, why);
}

START_TEST(real_asn_database)
{
    const char *file = shared("asn/GeoLite2-ASN.mmdb");
    struct sw_mmdb *db = NULL;
    if (!file)
        return;
    ck_assert_int_eq(open_shared(file, SW_ROLE_ASN, &db), SW_OK);
    ck_assert_uint_eq(asn_of(db, "213.24.76.23"), 8342);
    ck_assert_uint_gt(sw_mmdb_records(db), 50000);
    sw_mmdb_close(db);
}
END_TEST

START_TEST(real_layouts)
{
    static const struct {
        const char *file;
        bool asn, owner;
    } t[] = {
        {"mmdb/good/GeoLite2-ASN-Test.mmdb", true, false},
        {"mmdb/good/GeoIP2-ISP-Test.mmdb", true, true},
        {"mmdb/good/GeoLite2-Country-Test.mmdb", false, true},
        {"mmdb/good/MaxMind-DB-test-ipv4-24.mmdb", false, false},
        {"mmdb/good/MaxMind-DB-test-mixed-32.mmdb", false, false},
        {"mmdb/good/MaxMind-DB-no-ipv4-search-tree.mmdb", false, false},
    };
    if (!shared("mmdb/good"))
        return;
    for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
        const char *file = shared(t[i].file);
        ck_assert_ptr_nonnull(file);
        for (int role = 0; role < 2; role++) {
            struct sw_mmdb *db = NULL;
            enum sw_status status = open_shared(file, (enum sw_role)role, &db);
            bool expected = role == SW_ROLE_ASN ? t[i].asn : t[i].owner;
            ck_assert_msg((status == SW_OK) == expected, "%s: %s", t[i].file, why);
            sw_mmdb_close(db);
        }
    }
}
END_TEST

START_TEST(real_broken_files)
{
    char file[600];
    const char *at = shared("mmdb/broken");
    DIR *dir = at ? opendir(at) : NULL;
    size_t n = 0;
    if (!dir)
        return;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (!strstr(entry->d_name, ".mmdb"))
            continue;
        struct sw_mmdb *db = NULL;
        snprintf(file, sizeof(file), "%s/%s", at, entry->d_name);
        ck_assert_msg(open_shared(file, SW_ROLE_ASN, &db) != SW_OK, "%s", file);
        ck_assert_msg(open_shared(file, SW_ROLE_OWNER, &db) != SW_OK, "%s", file);
        n++;
    }
    closedir(dir);
    ck_assert_uint_gt(n, 0);
}
END_TEST

int main(void)
{
    return RUN_SUITE("mmdb", TIMEOUT(60), FIXTURE(setup, teardown),
                     TESTS(geolite_layout, embedded_ipv4_is_judged, ipv4_only_tree,
                           no_ipv4_in_ipv6_tree, ipinfo_layout, paths_of_the_settings,
                           country_fits_owner_role_only, registrant_layout,
                           asn_file_is_no_owner_file, rare_numbers_are_found, text_is_cleaned,
                           chroot_without_proc, live_file_cut_under_us, real_asn_database,
                           real_layouts, real_broken_files));
}
