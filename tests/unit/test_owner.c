/*
 * test_owner.c - the open databases: refresh, refused and kept files, look-ups, readers.
 */
#include "owner/owner.h"

#include "base/log.h"
#include "base/rcu.h"
#include "mmdb_fixture.h"
#include "suite.h"

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[64], asn_path[128], owner_path[128], next_path[128];
static struct mm m;
static struct sw_settings settings;
static struct sw_counters counters;
static struct sw_owners *owners;
static unsigned lines; /* logged */
static char last_line[1024];

static void count_lines(enum sw_log_level level, const char *line)
{
    (void)level;
    lines++;
    snprintf(last_line, sizeof(last_line), "%s", line);
}

static void setup(void)
{
    snprintf(folder, sizeof(folder), "/tmp/sw-owner-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(asn_path, sizeof(asn_path), "%s/asn.mmdb", folder);
    snprintf(owner_path, sizeof(owner_path), "%s/owner.mmdb", folder);
    snprintf(next_path, sizeof(next_path), "%s/next.mmdb", folder);
    sw_settings_init(&settings);
    memset(&counters, 0, sizeof(counters));
    lines = 0;
    sw_log_sink(count_lines);
    owners = NULL;
}

static void teardown(void)
{
    sw_owners_free(owners);
    unlink(asn_path);
    unlink(owner_path);
    unlink(next_path);
    rmdir(folder);
    sw_log_sink(NULL);
}

/* The settings name both files; nothing is opened yet. */
static void configure(void)
{
    snprintf(settings.asn_mmdb[0], sizeof(settings.asn_mmdb[0]), "%s", asn_path);
    snprintf(settings.owner_mmdb[0], sizeof(settings.owner_mmdb[0]), "%s", owner_path);
    owners = sw_owners_new(&settings, &counters);
    ck_assert_ptr_nonnull(owners);
}

/* A file with a network and the network's AS number. */
static void write_asn(const char *path, const char *prefix, uint32_t asn, const char *org)
{
    mm_init(&m, 6, "GeoLite2-ASN");
    uint32_t at = mm_map(&m, 2);
    mm_text(&m, "autonomous_system_number");
    mm_u32(&m, asn);
    mm_text(&m, "autonomous_system_organization");
    mm_text(&m, org);
    mm_insert(&m, prefix, at);
    mm_write(&m, path);
}

static void write_owner(const char *path, const char *prefix, const char *registrant)
{
    mm_init(&m, 6, "Sinkwatch-Owner");
    uint32_t at = mm_map(&m, 3);
    mm_text(&m, "registrant");
    mm_text(&m, registrant);
    mm_text(&m, "netname");
    mm_text(&m, "NET");
    mm_text(&m, "country");
    mm_text(&m, "RU");
    mm_insert(&m, prefix, at);
    mm_write(&m, path);
}

static struct sw_addr addr_of(const char *text)
{
    struct sw_addr addr;
    ck_assert_int_eq(sw_addr_parse(text, strlen(text), &addr, NULL), SW_OK);
    return addr;
}

static uint32_t asn_now(const char *address)
{
    struct sw_addr addr = addr_of(address);
    uint32_t asn = 0;
    sw_rcu_enter();
    enum sw_status status = sw_owner_find_asn(owners, &addr, &asn, NULL);
    sw_rcu_leave();
    return status == SW_OK ? asn : 0;
}

static struct sw_owner owner_now(const char *address, enum sw_status expected)
{
    struct sw_addr addr = addr_of(address);
    struct sw_owner owner;
    sw_rcu_enter();
    enum sw_status status = sw_owner_find(owners, &addr, &owner);
    sw_rcu_leave();
    ck_assert_int_eq(status, expected);
    return owner;
}

/* A member of a database's status, as text; "" when not there. */
static const char *status_text(const char *database, const char *member)
{
    static char out[512];
    char *text = sw_owners_status(owners);
    ck_assert_ptr_nonnull(text);
    json_t *all = json_loads(text, 0, NULL);
    ck_assert_ptr_nonnull(all);
    const char *value = json_string_value(
        json_object_get(json_array_get(json_object_get(all, database), 0), member));
    snprintf(out, sizeof(out), "%s", value ? value : "");
    json_decref(all);
    free(text);
    return out;
}

START_TEST(nothing_configured)
{
    owners = sw_owners_new(&settings, &counters);
    ck_assert(!sw_owners_refresh(owners));
    ck_assert(!sw_owners_have_asn(owners));
    ck_assert_uint_eq(asn_now("192.0.2.1"), 0);
    struct sw_owner owner = owner_now("192.0.2.1", SW_ENOTFOUND);
    ck_assert_uint_eq(owner.asn, 0);
    ck_assert_str_eq(owner.org, "");
    char *text = sw_owners_status(owners);
    ck_assert_str_eq(text, "{}");
    free(text);
    ck_assert_uint_eq(lines, 0);
}
END_TEST

START_TEST(both_databases)
{
    configure();
    write_asn(asn_path, "213.24.0.0/16", 8342, "RTComm.RU");
    write_owner(owner_path, "213.24.76.0/24", "An agency");
    ck_assert(sw_owners_refresh(owners));
    ck_assert(sw_owners_have_asn(owners));
    struct sw_owner owner = owner_now("213.24.76.23", SW_OK);
    char text[SW_ADDRTEXT_MAX];
    ck_assert_uint_eq(owner.asn, 8342);
    ck_assert_str_eq(owner.org, "RTComm.RU");
    ck_assert_str_eq(sw_addr_text(&owner.prefix, text), "213.24.0.0/16");
    ck_assert_str_eq(owner.registrant, "An agency");
    ck_assert_str_eq(owner.netname, "NET");
    ck_assert_str_eq(owner.country, "RU");
    ck_assert_str_eq(sw_addr_text(&owner.registered, text), "213.24.76.0/24");
    owner = owner_now("213.24.77.1", SW_OK); /* only the AS database has an entry */
    ck_assert_uint_eq(owner.asn, 8342);
    ck_assert_str_eq(owner.registrant, "");
    ck_assert_uint_eq(owner.registered.family, 0);
    owner = owner_now("8.8.8.8", SW_ENOTFOUND);
    ck_assert_uint_eq(owner.prefix.family, 0);
    ck_assert_str_eq(status_text("asn", "type"), "GeoLite2-ASN");
    ck_assert_str_eq(status_text("asn", "path"), asn_path);
    ck_assert_str_eq(status_text("asn", "error"), "");
    ck_assert_str_eq(status_text("owner", "type"), "Sinkwatch-Owner");
    ck_assert_uint_eq(sw_counted(&counters.mmdb_reloads), 2);
    ck_assert_uint_eq(sw_counted(&counters.mmdb_refused), 0);
}
END_TEST

/* {"country": {"iso_code": CODE}}, the layout of GeoLite2-Country. */
static void write_country(const char *path, const char *prefix, const char *code)
{
    mm_init(&m, 6, "GeoLite2-Country");
    uint32_t at = mm_map(&m, 1);
    mm_text(&m, "country");
    mm_map(&m, 1);
    mm_text(&m, "iso_code");
    mm_text(&m, code);
    mm_insert(&m, prefix, at);
    mm_write(&m, path);
}

/* Two AS databases and two of registrants: the first with an entry gives, in order. */
START_TEST(several_files)
{
    char asn_first[sizeof(asn_path)], country[sizeof(asn_path)];
    snprintf(asn_first, sizeof(asn_first), "%s/first.mmdb", folder);
    snprintf(country, sizeof(country), "%s/country.mmdb", folder);
    write_asn(asn_first, "192.0.2.0/25", 64501, "First");
    write_asn(asn_path, "192.0.2.0/24", 64502, "Second");
    write_owner(owner_path, "192.0.2.0/26", "Somebody");
    write_country(country, "192.0.0.0/16", "DE");
    snprintf(settings.asn_mmdb[0], sizeof(settings.asn_mmdb[0]), "%s", asn_first);
    snprintf(settings.asn_mmdb[1], sizeof(settings.asn_mmdb[1]), "%s", asn_path);
    snprintf(settings.owner_mmdb[0], sizeof(settings.owner_mmdb[0]), "%s", owner_path);
    snprintf(settings.owner_mmdb[1], sizeof(settings.owner_mmdb[1]), "%s", country);
    owners = sw_owners_new(&settings, &counters);
    ck_assert(sw_owners_refresh(owners));

    struct sw_owner owner = owner_now("192.0.2.1", SW_OK); /* known to all four */
    ck_assert_uint_eq(owner.asn, 64501);
    ck_assert_str_eq(owner.org, "First");
    ck_assert_uint_eq(owner.prefix.plen, 25);
    ck_assert_str_eq(owner.registrant, "Somebody");
    ck_assert_str_eq(owner.country, "RU");
    ck_assert_uint_eq(owner.registered.plen, 26);
    owner = owner_now("192.0.2.200", SW_OK); /* the second of each */
    ck_assert_uint_eq(owner.asn, 64502);
    ck_assert_str_eq(owner.registrant, "");
    ck_assert_str_eq(owner.country, "DE");
    ck_assert_uint_eq(owner.registered.plen, 16);
    ck_assert_uint_eq(asn_now("192.0.2.1"), 64501);
    ck_assert_uint_eq(asn_now("192.0.2.200"), 64502);
    owner_now("198.51.100.1", SW_ENOTFOUND);

    ck_assert_int_eq(unlink(asn_first), 0); /* of several files: the loaded copy stays in use */
    sw_owners_refresh(owners);
    ck_assert_uint_eq(asn_now("192.0.2.1"), 64501);
    unlink(country);
}
END_TEST

START_TEST(missing_then_there)
{
    configure();
    ck_assert(!sw_owners_refresh(owners));
    ck_assert_ptr_nonnull(strstr(status_text("asn", "error"), "No such file"));
    ck_assert_uint_eq(sw_counted(&counters.mmdb_refused), 2);
    ck_assert_uint_eq(lines, 2);
    ck_assert(!sw_owners_refresh(owners)); /* said once */
    ck_assert_uint_eq(sw_counted(&counters.mmdb_refused), 2);
    ck_assert_uint_eq(lines, 2);
    write_asn(asn_path, "192.0.2.0/24", 64500, "A");
    ck_assert(sw_owners_refresh(owners));
    ck_assert_uint_eq(asn_now("192.0.2.1"), 64500);
    ck_assert_str_eq(status_text("asn", "error"), "");
}
END_TEST

START_TEST(same_file_is_not_replaced)
{
    configure();
    write_asn(asn_path, "192.0.2.0/24", 64500, "A");
    ck_assert(sw_owners_refresh(owners));
    ck_assert(!sw_owners_refresh(owners));
    write_asn(asn_path, "192.0.2.0/24", 64500, "A"); /* new times, same octets */
    ck_assert(!sw_owners_refresh(owners));
    ck_assert_uint_eq(sw_counted(&counters.mmdb_reloads), 1);
}
END_TEST

START_TEST(replaced_by_rename_and_in_place)
{
    configure();
    write_asn(asn_path, "192.0.2.0/24", 64500, "A");
    ck_assert(sw_owners_refresh(owners));
    write_asn(next_path, "192.0.2.0/24", 64501, "A");
    ck_assert_int_eq(rename(next_path, asn_path), 0);
    ck_assert(sw_owners_refresh(owners));
    ck_assert_uint_eq(asn_now("192.0.2.1"), 64501);
    write_asn(asn_path, "192.0.2.0/24", 64502, "A"); /* same size, maybe in the same tick */
    ck_assert(sw_owners_refresh(owners));
    ck_assert_uint_eq(asn_now("192.0.2.1"), 64502);
    ck_assert_uint_eq(sw_counted(&counters.mmdb_reloads), 3);
}
END_TEST

START_TEST(bad_file_leaves_the_former)
{
    configure();
    write_asn(asn_path, "192.0.2.0/24", 64500, "A");
    ck_assert(sw_owners_refresh(owners));
    unsigned before = lines;
    mm_write_octets(asn_path, m.file, m.file_len / 2); /* half written, in place */
    ck_assert(!sw_owners_refresh(owners));
    ck_assert(!sw_owners_refresh(owners));
    ck_assert_uint_eq(asn_now("192.0.2.1"), 64500);
    ck_assert_uint_eq(lines, before + 1); /* said once */
    ck_assert_uint_gt(strlen(status_text("asn", "error")), 0);
    ck_assert_str_eq(status_text("asn", "type"), "GeoLite2-ASN");
    mm_write_octets(asn_path, m.file, m.file_len / 2 - 1); /* another bad file: said again */
    ck_assert(!sw_owners_refresh(owners));
    ck_assert_uint_eq(lines, before + 2);
    ck_assert_uint_eq(sw_counted(&counters.mmdb_refused), 3);
    mm_write_octets(asn_path, m.file, m.file_len); /* complete now */
    ck_assert(!sw_owners_refresh(owners));         /* the open databases */
    ck_assert_str_eq(status_text("asn", "error"), "");
    unlink(asn_path);
    ck_assert(!sw_owners_refresh(owners));
    ck_assert_uint_eq(asn_now("192.0.2.1"), 64500);
    ck_assert_ptr_nonnull(strstr(status_text("asn", "error"), "No such file"));
}
END_TEST

START_TEST(wrong_type_names_both)
{
    configure();
    mm_init(&m, 6, "GeoLite2-Country");
    uint32_t at = mm_map(&m, 1);
    mm_text(&m, "country");
    mm_pair(&m, "iso_code", "RU");
    mm_insert(&m, "192.0.2.0/24", at);
    mm_write(&m, asn_path);
    write_owner(owner_path, "192.0.2.0/24", "R");
    ck_assert(sw_owners_refresh(owners)); /* the other file is not lost as well */
    ck_assert(!sw_owners_have_asn(owners));
    ck_assert_ptr_nonnull(strstr(status_text("asn", "error"), "GeoLite2-Country"));
    ck_assert_ptr_nonnull(strstr(status_text("asn", "error"), "GeoLite2-ASN"));
    ck_assert_str_eq(owner_now("192.0.2.1", SW_OK).registrant, "R");
}
END_TEST

START_TEST(words_of_the_log)
{
    snprintf(settings.asn_mmdb[0], sizeof(settings.asn_mmdb[0]), "%s", asn_path);
    owners = sw_owners_new(&settings, &counters);
    mm_write_octets(asn_path, "x", 1);
    ck_assert(!sw_owners_refresh(owners));
    ck_assert_ptr_nonnull(strstr(last_line, "asn-mmdb"));
    ck_assert_ptr_nonnull(strstr(last_line, asn_path));
    ck_assert_ptr_nonnull(strstr(last_line, "going on without it"));
}
END_TEST

/* ---- readers while files are replaced ---- */

static atomic_bool stop;
static atomic_uint wrong;
static atomic_ulong asked;

static void *reader(void *unused)
{
    struct sw_addr addr = addr_of("192.0.2.1");
    (void)unused;
    while (!atomic_load(&stop)) {
        uint32_t asn = 0;
        struct sw_owner owner;
        sw_rcu_enter();
        enum sw_status status = sw_owner_find_asn(owners, &addr, &asn, NULL);
        if (status != SW_OK || (asn != 64500 && asn != 64501))
            atomic_fetch_add(&wrong, 1);
        if (sw_owner_find(owners, &addr, &owner) != SW_OK ||
            strcmp(owner.org, owner.asn == 64500 ? "Even" : "Odd") != 0)
            atomic_fetch_add(&wrong, 1);
        sw_rcu_leave();
        atomic_fetch_add(&asked, 1);
    }
    return NULL;
}

START_TEST(readers_during_replacement)
{
    pthread_t thread[3];
    configure();
    write_asn(asn_path, "192.0.2.0/24", 64500, "Even");
    ck_assert(sw_owners_refresh(owners));
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(pthread_create(&thread[i], NULL, reader, NULL), 0);
    for (unsigned i = 1; i <= 40 || atomic_load(&asked) < 1000; i++) {
        write_asn(asn_path, "192.0.2.0/24", 64500 + i % 2, i % 2 ? "Odd" : "Even");
        ck_assert(sw_owners_refresh(owners));
    }
    atomic_store(&stop, true);
    for (size_t i = 0; i < 3; i++)
        pthread_join(thread[i], NULL);
    ck_assert_uint_eq(atomic_load(&wrong), 0);
}
END_TEST

/* ---- files of our own makers ---- */

static bool make(const char *maker, const char *table, const char *out)
{
    char command[512];
    snprintf(command, sizeof(command), "scripts/%s --quiet conf/%s %s", maker, table, out);
    return system(command) == 0;
}

START_TEST(files_of_the_makers)
{
    configure();
    ck_assert(make("make-asn-mmdb", "demo-asn.tsv", asn_path));
    ck_assert(make("make-owner-mmdb", "demo-owner.tsv", owner_path));
    ck_assert(sw_owners_refresh(owners));
    struct sw_owner owner = owner_now("213.24.76.23", SW_OK);
    ck_assert_uint_eq(owner.asn, 8342);
    ck_assert_ptr_nonnull(strstr(owner.org, "RTComm"));
    ck_assert_uint_gt(strlen(owner.registrant), 0);
    ck_assert_str_eq(owner.country, "RU");
    ck_assert_str_eq(status_text("asn", "type"), "Sinkwatch-ASN");
    ck_assert_str_eq(status_text("owner", "type"), "Sinkwatch-Owner");
}
END_TEST

int main(void)
{
    return RUN_SUITE("owner", TIMEOUT(60), FIXTURE(setup, teardown),
                     TESTS(nothing_configured, both_databases, several_files, missing_then_there,
                           same_file_is_not_replaced, replaced_by_rename_and_in_place,
                           bad_file_leaves_the_former, wrong_type_names_both, words_of_the_log,
                           readers_during_replacement, files_of_the_makers));
}
