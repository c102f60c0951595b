/*
 * mmdb_open.h - shared by the two tests of owner/mmdb.h: a folder, a file, opening the file.
 *
 * Threads      the test's own
 */
#ifndef SW_TESTS_MMDB_OPEN_H
#define SW_TESTS_MMDB_OPEN_H

#include "mmdb_fixture.h"

#include "base/policy.h"
#include "owner/mmdb.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], path[128];
static struct mm m;
static struct sw_settings settings;
static char why[SW_WHY_MAX];

static inline void setup(void)
{
    snprintf(folder, sizeof(folder), "/tmp/sw-mmdb-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/test.mmdb", folder);
    sw_settings_init(&settings);
    why[0] = '\0';
}

static inline void teardown(void)
{
    unlink(path);
    rmdir(folder);
}

static inline struct sw_addr addr_of(const char *text)
{
    struct sw_addr addr;
    ck_assert_int_eq(sw_addr_parse(text, strlen(text), &addr, NULL), SW_OK);
    return addr;
}

static inline struct sw_mmdb *open_ok(enum sw_role role)
{
    struct sw_mmdb *db = NULL;
    struct stat seen;
    enum sw_status status = sw_mmdb_open(path, role, &settings, &seen, &db, why);
    ck_assert_msg(status == SW_OK, "%s: %s", sw_strerror(status), why);
    ck_assert_ptr_nonnull(db);
    ck_assert_int_gt(seen.st_size, 0);
    return db;
}

/* Opening has to fail with a status, and with words that contain a text. */
static inline void open_fails(enum sw_role role, enum sw_status expected, const char *words)
{
    struct sw_mmdb *db = NULL;
    struct stat seen;
    why[0] = '\0';
    enum sw_status status = sw_mmdb_open(path, role, &settings, &seen, &db, why);
    ck_assert_msg(status == expected, "got %s: %s", sw_strerror(status), why);
    ck_assert_ptr_null(db);
    ck_assert_msg(strstr(why, words) != NULL, "\"%s\" does not say \"%s\"", why, words);
}

static inline uint32_t asn_of(const struct sw_mmdb *db, const char *address)
{
    struct sw_addr addr = addr_of(address);
    uint32_t asn = 0;
    return sw_mmdb_asn(db, &addr, &asn, NULL) == SW_OK ? asn : 0;
}

static inline uint32_t geolite_record(uint32_t asn, const char *org)
{
    uint32_t at = mm_map(&m, 2);
    mm_text(&m, "autonomous_system_number");
    mm_u32(&m, asn);
    mm_text(&m, "autonomous_system_organization");
    mm_text(&m, org);
    return at;
}

/* Two networks, two records: laid out in m.file. */
static inline void build_small(void)
{
    mm_init(&m, 6, "GeoLite2-ASN");
    mm_insert(&m, "192.0.2.0/24", geolite_record(64500, "Documentation one"));
    mm_insert(&m, "2001:db8::/48", geolite_record(64501, "Documentation two"));
    mm_build(&m);
}

#endif
