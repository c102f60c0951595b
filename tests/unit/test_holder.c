/*
 * test_holder.c - the holder of an address, the class with its source, and replaced tables.
 */
#include "base/log.h"
#include "base/policy.h"
#include "base/rcu.h"
#include "mmdb_fixture.h"
#include "owner/holder.h"
#include "suite.h"

#include <stdlib.h>
#include <unistd.h>

static struct sw_settings settings;
static struct sw_counters counters;
static char folder[64], asn_path[128], owner_path[128], table_path[128];
static struct mm m;

static struct sw_owner owner_of(uint32_t asn, const char *org, const char *registrant)
{
    struct sw_owner owner;
    memset(&owner, 0, sizeof(owner));
    owner.asn = asn;
    snprintf(owner.org, sizeof(owner.org), "%s", org);
    snprintf(owner.registrant, sizeof(owner.registrant), "%s", registrant);
    return owner;
}

START_TEST(one_holder_or_two)
{
    static const struct {
        uint32_t asn[2];
        const char *org[2], *registrant[2];
        bool same;
        const char *words;
    } rows[] = {
        {{1, 1}, {"Carrier", "Carrier"}, {"A agency", "B bank"}, false, "two customers, one AS"},
        {{1, 1}, {"Old name", "New name"}, {"", ""}, true, "a renamed AS"},
        {{1, 2}, {"Acme GmbH", "ACME AG"}, {"", ""}, true, "another spelling, another AS"},
        {{1, 2}, {"Acme", "Other"}, {"", ""}, false, "two AS"},
        {{1, 2}, {"A", "B"}, {"JSC RTComm.RU", "RTCOMM RU"}, true, "one registrant, two AS"},
        {{1, 2}, {"Acme Inc", "B"}, {"", "ACME"}, true, "registrant here, organisation there"},
        {{1, 1}, {"Carrier", "Carrier"}, {"A", ""}, true, "a registrant that one database lacks"},
        {{0, 0}, {"", ""}, {"", ""}, false, "nothing is known"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sw_owner a = owner_of(rows[i].asn[0], rows[i].org[0], rows[i].registrant[0]);
        struct sw_owner b = owner_of(rows[i].asn[1], rows[i].org[1], rows[i].registrant[1]);
        ck_assert_msg(sw_holder_same(&a, &b) == rows[i].same, "%s", rows[i].words);
        ck_assert_msg(sw_holder_same(&b, &a) == rows[i].same, "%s, turned round", rows[i].words);
    }
}
END_TEST

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

static void setup(void)
{
    snprintf(folder, sizeof(folder), "/tmp/sw-classes-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(asn_path, sizeof(asn_path), "%s/asn.mmdb", folder);
    snprintf(owner_path, sizeof(owner_path), "%s/owner.mmdb", folder);
    snprintf(table_path, sizeof(table_path), "%s/own.tsv", folder);
    sw_settings_init(&settings);
    memset(&counters, 0, sizeof(counters));
}

static void teardown(void)
{
    unlink(asn_path);
    unlink(owner_path);
    unlink(table_path);
    rmdir(folder);
    sw_log_sink(NULL);
}

/* A network with the keys and texts given, NULL at the end. */
static void add_network(const char *prefix, uint32_t asn, const char *const *pairs)
{
    unsigned n = asn != 0;
    for (size_t i = 0; pairs[i]; i += 2)
        n++;
    uint32_t at = mm_map(&m, n);
    if (asn != 0) {
        mm_text(&m, "autonomous_system_number");
        mm_u32(&m, asn);
    }
    for (size_t i = 0; pairs[i]; i++)
        mm_text(&m, pairs[i]);
    mm_insert(&m, prefix, at);
}

static struct sw_owners *open_owners(void)
{
    struct sw_owners *owners = sw_owners_new(&settings, &counters);
    ck_assert_ptr_nonnull(owners);
    sw_owners_refresh(owners);
    return owners;
}

static struct sw_holder holder_at(const struct sw_owners *owners, const char *text,
                                  struct sw_owner *owner)
{
    struct sw_addr addr;
    struct sw_holder holder;
    ck_assert_int_eq(sw_addr_parse(text, strlen(text), &addr, NULL), SW_OK);
    sw_rcu_enter();
    sw_owner_find(owners, &addr, owner);
    sw_holder_find(owners, owner, &holder);
    sw_rcu_leave();
    return holder;
}

START_TEST(holder_and_class_with_the_source)
{
    struct sw_owner owner;
    mm_init(&m, 4, "test-ASN");
    add_network("192.0.2.0/24", 64500,
                (const char *[]){"name", "Acme Carrier", "type", "isp", NULL});
    mm_write(&m, asn_path);
    mm_init(&m, 4, "test-Owner");
    add_network("192.0.2.0/28", 0, (const char *[]){"registrant", "Ministry of Trade", NULL});
    add_network("192.0.2.16/28", 0,
                (const char *[]){"registrant", "Zzyzx", "type", "banking", NULL});
    add_network("192.0.2.32/28", 0, (const char *[]){"registrant", "Qwerty", NULL});
    mm_write(&m, owner_path);
    snprintf(settings.asn_mmdb[0], sizeof(settings.asn_mmdb[0]), "%s", asn_path);
    snprintf(settings.owner_mmdb[0], sizeof(settings.owner_mmdb[0]), "%s", owner_path);
    struct sw_owners *owners = open_owners();
    struct sw_holder holder = holder_at(owners, "192.0.2.1", &owner);
    ck_assert_str_eq(holder.name, "Ministry of Trade");
    ck_assert_int_eq(holder.of.class, SW_HOLDER_GOVERNMENT);
    ck_assert_str_eq(holder.of.table, "classes.tsv");
    ck_assert_str_eq(holder.of.pattern, "ministry");
    ck_assert_uint_gt(holder.of.line, 0);
    ck_assert_int_eq(holder.carrier.class, SW_HOLDER_ISP);
    ck_assert_str_eq(holder.carrier.field, "type");
    holder = holder_at(owners, "192.0.2.17", &owner);
    ck_assert_int_eq(holder.of.class, SW_HOLDER_BANK);
    ck_assert_str_eq(holder.of.database, owner_path);
    ck_assert_str_eq(holder.of.field, "type");
    holder = holder_at(owners, "192.0.2.33", &owner); /* a customer is not the carrier */
    ck_assert_int_eq(holder.of.class, SW_HOLDER_UNKNOWN);
    ck_assert_int_eq(holder.by, SW_HOLDER_BY_REGISTRANT);
    ck_assert_int_eq(holder.carrier.class, SW_HOLDER_ISP);
    holder = holder_at(owners, "192.0.2.200", &owner);
    ck_assert_int_eq(holder.by, SW_HOLDER_BY_AS);
    ck_assert_str_eq(holder.name, "Acme Carrier");
    ck_assert_int_eq(holder.of.class, SW_HOLDER_ISP);
    sw_owners_free(owners);
}
END_TEST

static unsigned warnings;
static char last_warning[1024];

static void count_warnings(enum sw_log_level level, const char *line)
{
    if (level == SW_LOG_WARNING) {
        warnings++;
        snprintf(last_warning, sizeof(last_warning), "%s", line);
    }
}

START_TEST(own_tables_go_first_and_are_replaced)
{
    struct sw_owner owner;
    mm_init(&m, 4, "test-ASN");
    add_network("192.0.2.0/24", 64500, (const char *[]){"name", "Ministry of Trade", NULL});
    mm_write(&m, asn_path);
    snprintf(settings.asn_mmdb[0], sizeof(settings.asn_mmdb[0]), "%s", asn_path);
    snprintf(settings.class_table[0], sizeof(settings.class_table[0]), "%s", table_path);
    write_text(table_path, "# own\nhosting\tministry of trade\nbroken\n");
    warnings = 0;
    sw_log_sink(count_warnings);
    struct sw_owners *owners = open_owners();
    ck_assert_uint_eq(warnings, 1);
    ck_assert(strstr(last_warning, "own.tsv:3: a class, a tab and a pattern are needed"));
    struct sw_holder holder = holder_at(owners, "192.0.2.1", &owner);
    ck_assert_int_eq(holder.of.class, SW_HOLDER_HOSTING);
    ck_assert_str_eq(holder.of.table, table_path);
    ck_assert_uint_eq(holder.of.line, 2);
    uint64_t before = sw_owners_changes(owners);
    write_text(table_path, "isp\tAS64500\nisp\tanother line\n");
    ck_assert(sw_owners_refresh(owners));
    ck_assert_uint_gt(sw_owners_changes(owners), before);
    ck_assert_int_eq(holder_at(owners, "192.0.2.1", &owner).of.class, SW_HOLDER_ISP);
    unlink(table_path);
    sw_owners_refresh(owners); /* the last good table stays */
    ck_assert_int_eq(holder_at(owners, "192.0.2.1", &owner).of.class, SW_HOLDER_ISP);
    ck_assert(strstr(last_warning, "the table opened before stays in use"));
    sw_owners_free(owners);
}
END_TEST

START_TEST(a_field_that_is_no_text)
{
    struct sw_owner owner;
    mm_init(&m, 4, "test-ASN");
    uint32_t at = mm_map(&m, 3);
    mm_text(&m, "autonomous_system_number");
    mm_u32(&m, 64500);
    mm_text(&m, "name");
    mm_text(&m, "Acme Hosting");
    mm_text(&m, "kind");
    mm_u32(&m, 7);
    mm_insert(&m, "192.0.2.0/24", at);
    mm_write(&m, asn_path);
    snprintf(settings.asn_mmdb[0], sizeof(settings.asn_mmdb[0]), "%s", asn_path);
    snprintf(settings.asn_class_field, sizeof(settings.asn_class_field), "kind");
    warnings = 0;
    sw_log_sink(count_warnings);
    struct sw_owners *owners = open_owners();
    ck_assert_uint_eq(warnings, 1);
    ck_assert(strstr(last_warning, "no record has a usable class at the path of the settings"));
    struct sw_holder holder = holder_at(owners, "192.0.2.1", &owner);
    ck_assert_uint_eq(owner.asn, 64500);
    ck_assert_int_eq(holder.of.class, SW_HOLDER_HOSTING);
    sw_owners_free(owners);
}
END_TEST

int main(void)
{
    return RUN_SUITE("holder", FIXTURE(setup, teardown),
                     TESTS(one_holder_or_two, holder_and_class_with_the_source,
                           own_tables_go_first_and_are_replaced, a_field_that_is_no_text));
}
