/*
 * test_classes.c - folding, patterns, tables of classes, holders; and how well the shipped table does
 * on registrants.tsv, real registrants that were labelled by hand.
 */
#include "base/log.h"
#include "base/policy.h"
#include "base/rcu.h"
#include "mmdb_fixture.h"
#include "owner/classtable.h"
#include "owner/fold.h"
#include "owner/holder.h"
#include "owner/patterns.h"

#include <check.h>
#include <stdlib.h>
#include <unistd.h>

#define SAMPLE "tests/unit/registrants.tsv"

/* ---- folding ---- */

static void folds_to(const char *text, const char *expected)
{
    char out[SW_FOLDED_MAX];
    size_t len = sw_fold(text, strlen(text), out, sizeof(out));
    ck_assert_str_eq(out, expected);
    ck_assert_uint_eq(len, strlen(expected));
}

START_TEST(folding)
{
    folds_to("Ministère de l'Intérieur", " ministere de l interieur ");
    folds_to("MINISTERE DE L INTERIEUR", " ministere de l interieur ");
    folds_to("Małopolski Urząd Wojewódzki", " malopolski urzad wojewodzki ");
    folds_to("İstanbul Büyükşehir", " istanbul buyuksehir ");
    folds_to("МИНИСТЕРСТВО  \"Обороны\"", " министерство обороны ");
    folds_to("S.p.A.", " s p a ");
    folds_to("Straße ß", " strasse ss ");
    folds_to("株式会社NTTデータ", " 株式会社 ntt テ\xe3\x82\x99ータ ");
    folds_to("", " ");
    folds_to(" .,- ", " ");
    folds_to("a\xff"
             "b\xc3",
             " a b ");
}
END_TEST

START_TEST(folding_is_bounded)
{
    char text[4096], out[SW_FOLDED_MAX];
    for (size_t i = 0; i < sizeof(text); i += 3)
        memcpy(text + i, "\xef\xb7\xba",
               i + 3 <= sizeof(text) ? 3 : sizeof(text) - i); /* 18 times */
    for (size_t room = 3; room < sizeof(out); room += 7) {
        size_t len = sw_fold(text, sizeof(text), out, room);
        ck_assert_uint_lt(len, room);
        ck_assert_uint_eq(strlen(out), len);
    }
}
END_TEST

static bool same(const char *one, const char *two)
{
    char a[SW_FOLDED_MAX], b[SW_FOLDED_MAX];
    return sw_fold_key(one, a, sizeof(a)) > 0 && sw_fold_key(two, b, sizeof(b)) > 0 &&
           strcmp(a, b) == 0;
}

START_TEST(spellings_of_one_holder)
{
    ck_assert(same("JSC RTComm.RU", "RTCOMM RU, OJSC"));
    ck_assert(same("Hetzner Online GmbH", "HETZNER ONLINE AG"));
    ck_assert(same("Telefónica, S.A.", "TELEFONICA SA"));
    ck_assert(same("ООО \"Хостинг-Центр\"", "Хостинг Центр"));
    ck_assert(!same("Ministry of Defence", "Ministry of Justice"));
    ck_assert(!same("GmbH", "LLC"));
}
END_TEST

/* ---- patterns ---- */

static uint32_t naive(const char *const *pattern, size_t n, const char *text)
{
    for (size_t i = 0; i < n; i++)
        if (strstr(text, pattern[i]))
            return (uint32_t)i;
    return SW_PATTERN_NONE;
}

static char *random_text(char *out, size_t max)
{
    size_t len = 1 + (size_t)random() % max;
    for (size_t i = 0; i < len; i++)
        out[i] = (char)('a' + random() % 3);
    out[len] = '\0';
    return out;
}

/* Few letters and short words: patterns are prefixes, suffixes and parts of each other. */
START_TEST(patterns_as_the_naive_search)
{
    for (int round = 0; round < 300; round++) {
        char store[40][8];
        const char *pattern[40];
        uint32_t earlier, n = 0;
        struct sw_patterns *patterns = sw_patterns_new();
        ck_assert_ptr_nonnull(patterns);
        for (size_t i = 0; i < 40; i++) {
            random_text(store[n], 6);
            enum sw_status status =
                sw_patterns_add(patterns, store[n], strlen(store[n]), n, &earlier);
            if (status == SW_EEXIST) {
                ck_assert_str_eq(store[n], store[earlier]);
                continue;
            }
            ck_assert_int_eq(status, SW_OK);
            pattern[n] = store[n];
            n++;
        }
        ck_assert_int_eq(sw_patterns_build(patterns), SW_OK);
        for (int texts = 0; texts < 100; texts++) {
            char text[64];
            random_text(text, sizeof(text) - 1);
            ck_assert_uint_eq(sw_patterns_find(patterns, text, strlen(text)),
                              naive(pattern, n, text));
        }
        sw_patterns_free(patterns);
    }
}
END_TEST

START_TEST(no_patterns)
{
    struct sw_patterns *patterns = sw_patterns_new();
    ck_assert_ptr_nonnull(patterns);
    ck_assert_int_eq(sw_patterns_build(patterns), SW_OK);
    ck_assert_uint_eq(sw_patterns_find(patterns, "text", 4), SW_PATTERN_NONE);
    sw_patterns_free(patterns);
}
END_TEST

/* ---- tables ---- */

static char said[8][SW_PATH_MAX + SW_WHY_MAX];
static size_t said_n;

static void on_error(void *arg, const char *message)
{
    (void)arg;
    if (said_n < sizeof(said) / sizeof(said[0]))
        snprintf(said[said_n], sizeof(said[0]), "%s", message);
    said_n++;
}

static struct sw_classtable *table_of(const char *text, size_t expected_problems)
{
    struct sw_classtable *table = NULL;
    size_t problems;
    said_n = 0;
    ck_assert_int_eq(
        sw_classtable_parse("t", text, strlen(text), on_error, NULL, &problems, &table), SW_OK);
    ck_assert_uint_eq(problems, expected_problems);
    ck_assert_uint_eq(said_n, expected_problems);
    return table;
}

static void gives(const struct sw_classtable *table, const char *text, enum sw_class class,
                  unsigned line)
{
    struct sw_classmatch match;
    bool found = sw_classtable_find(table, text, &match);
    ck_assert_msg(found == (line != 0), "%s: found %d", text, found);
    if (found) {
        ck_assert_msg(match.class == class, "%s: %s", text, sw_class_name(match.class));
        ck_assert_uint_eq(match.line, line);
    }
}

START_TEST(forms_of_patterns)
{
    struct sw_classtable *table = table_of("# a comment\n"
                                           "none\tfood bank\n"
                                           "government\tministr*\ten\n"
                                           "bank\t*bank\n"
                                           "government\t^city of\n"
                                           "isp\t^acme$\n"
                                           "\n"
                                           "police\t警察\n"
                                           "isp\tAS64500\n"
                                           "hosting\tdata center\r\n",
                                           0);
    gives(table, "Food Bank of Somewhere", SW_HOLDER_UNKNOWN, 2);
    gives(table, "MINISTRSTVO ZA PROMET", SW_HOLDER_GOVERNMENT, 3);
    gives(table, "Administration", 0, 0);
    gives(table, "Commerzbank AG", SW_HOLDER_BANK, 4);
    gives(table, "Bankers", 0, 0);
    gives(table, "City of Riga", SW_HOLDER_GOVERNMENT, 5);
    gives(table, "The City of Riga", 0, 0);
    gives(table, "ACME.", SW_HOLDER_ISP, 6);
    gives(table, "ACME Inc", 0, 0);
    gives(table, "大阪府警察本部", SW_HOLDER_POLICE, 8);
    gives(table, "Data-Center Nord", SW_HOLDER_HOSTING, 10);
    gives(table, "Datacenter", 0, 0);
    gives(table, "", 0, 0);
    struct sw_classmatch match;
    ck_assert(sw_classtable_find_asn(table, 64500, &match));
    ck_assert_int_eq(match.class, SW_HOLDER_ISP);
    ck_assert_uint_eq(match.line, 9);
    ck_assert(!sw_classtable_find_asn(table, 64501, &match));
    sw_classtable_free(table);
}
END_TEST

START_TEST(bad_lines_are_told_and_the_rest_applies)
{
    struct sw_classtable *table = table_of("government\n"
                                           "goverment\tministry\n"
                                           "isp\t*\n"
                                           "bank\tministry\n"
                                           "police\tministry\n"
                                           "isp\tto*day\n"
                                           "isp\tAS1\n"
                                           "bank\tAS1\n"
                                           "hosting\tserver\n",
                                           6);
    ck_assert_str_eq(said[0], "t:1: a class, a tab and a pattern are needed");
    ck_assert(strstr(said[1], "t:2: unknown class \"goverment\"; allowed are none hosting"));
    ck_assert(strstr(said[2], "t:3: the pattern matches everything"));
    ck_assert(strstr(said[3], "t:5: ministry has class bank in line 4 already"));
    ck_assert(strstr(said[4], "t:6: \"*\", \"^\" and \"$\""));
    ck_assert(strstr(said[5], "t:8: AS1 has class isp in line 7 already"));
    gives(table, "Ministry of Silly Walks", SW_HOLDER_BANK, 4);
    gives(table, "Server World", SW_HOLDER_HOSTING, 9);
    sw_classtable_free(table);
}
END_TEST

/* Every pattern of signs and few letters either is refused, or does not match a random registrant
 * that lacks its letters. */
START_TEST(patterns_that_match_everything)
{
    static const char *const all[] = {"*",   "**",       "^*",   "*$",  "^",  "$",
                                      "^$",  ".",        "-*",   "* *", "a*", "*a",
                                      "^*^", "\xcc\x81", "\"\"", "e",   "*e*"};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        char text[64];
        snprintf(text, sizeof(text), "isp\t%s\nbank\tbank\n", all[i]);
        struct sw_classtable *table = table_of(text, 1);
        ck_assert_uint_eq(sw_classtable_rules(table), 1);
        gives(table, "Aerie", 0, 0);
        gives(table, "A bank", SW_HOLDER_BANK, 2);
        sw_classtable_free(table);
    }
}
END_TEST

START_TEST(hostile_lines)
{
    struct sw_classtable *table = table_of("isp\tesc\x1b[31m\n"
                                           "isp\tbad\xff\n"
                                           "i\x07p\tbell\n"
                                           "bank\tok\n",
                                           3);
    for (size_t i = 0; i < 3; i++)
        for (const char *c = said[i]; *c; c++)
            ck_assert_int_ge((unsigned char)*c, 0x20);
    gives(table, "OK", SW_HOLDER_BANK, 4);
    sw_classtable_free(table);
}
END_TEST

START_TEST(missing_and_odd_files)
{
    struct sw_classtable *table = NULL;
    struct stat seen;
    size_t problems;
    char why[SW_WHY_MAX] = "";
    ck_assert_int_eq(
        sw_classtable_read("/nowhere/x", on_error, NULL, &problems, &seen, &table, why), SW_EIO);
    ck_assert(strstr(why, "cannot be opened"));
    ck_assert_int_eq(sw_classtable_read("/tmp", on_error, NULL, &problems, &seen, &table, why),
                     SW_EIO);
    ck_assert_str_eq(why, "not a regular file");
    ck_assert_ptr_null(table);
}
END_TEST

/* ---- the shipped table, measured ---- */

static struct {
    unsigned right, wrong, missed;
} score[2][SW_HOLDER_COUNT];

static enum sw_class label(const char *text)
{
    enum sw_class class = SW_HOLDER_UNKNOWN;
    ck_assert_msg(strcmp(text, "none") == 0 || sw_class_parse(text, strlen(text), &class) == SW_OK,
                  "%s: no class", text);
    return class;
}

/* A line of the sample: part, class, country, registrant. */
static void measure(const struct sw_classtable *table, char *line)
{
    struct sw_classmatch match;
    char *rest = line;
    char *part = strsep(&rest, "\t"), *text = strsep(&rest, "\t"), *country = strsep(&rest, "\t");
    ck_assert_msg(rest && strlen(country) == 2, "a line of " SAMPLE " has four fields");
    int measured = strcmp(part, "measured") == 0;
    ck_assert(measured || strcmp(part, "made") == 0);
    enum sw_class class = label(text), got = SW_HOLDER_UNKNOWN;
    if (sw_classtable_find(table, rest, &match))
        got = match.class;
    score[measured][class].right += got == class;
    score[measured][class].missed += got != class;
    score[measured][got].wrong += got != class;
}

static void print_score(void)
{
    printf("%-18s %8s %10s %8s   (registrants that the table was not made from)\n", "class", "rows",
           "precision", "recall");
    for (unsigned c = SW_HOLDER_UNKNOWN + 1; c < SW_HOLDER_COUNT; c++) {
        unsigned right = score[1][c].right, rows = right + score[1][c].missed;
        unsigned said_so = right + score[1][c].wrong;
        printf("%-18s %8u %10.3f %8.3f\n", sw_class_name((enum sw_class)c), rows,
               said_so ? (double)right / said_so : 1.0, rows ? (double)right / rows : 1.0);
    }
}

/* Floors in percent, a little below the measurement: a change of the table that costs more than a
 * row or two of a class is noticed. Classes with few rows have low floors. */
static const struct {
    enum sw_class class;
    unsigned precision, recall;
} floors[] = {
    {SW_HOLDER_GOVERNMENT, 95, 93},
    {SW_HOLDER_EDUCATION, 97, 93},
    {SW_HOLDER_BANK, 97, 88},
    {SW_HOLDER_HEALTH, 90, 74},
    {SW_HOLDER_POLICE, 92, 85},
    {SW_HOLDER_MILITARY, 84, 83},
    {SW_HOLDER_HOSTING, 90, 90},
    {SW_HOLDER_ISP, 85, 70},
    {SW_HOLDER_ENTERPRISE, 83, 82},
    {SW_HOLDER_CONTENT, 80, 70},
    {SW_HOLDER_INTERGOVERNMENTAL, 90, 90},
};

START_TEST(shipped_table_on_real_registrants)
{
    struct sw_classtable *table = NULL;
    char line[1024];
    unsigned rows = 0;
    ck_assert_int_eq(sw_classtable_shipped(&table), SW_OK);
    FILE *file = fopen(SAMPLE, "r");
    ck_assert_msg(file, SAMPLE);
    while (fgets(line, sizeof(line), file)) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '#')
            continue;
        measure(table, line);
        rows++;
    }
    fclose(file);
    sw_classtable_free(table);
    print_score();
    ck_assert_uint_ge(rows, 500);
    for (size_t i = 0; i < sizeof(floors) / sizeof(floors[0]); i++) {
        enum sw_class c = floors[i].class;
        unsigned right = score[1][c].right;
        ck_assert_msg(right * 100 >= floors[i].precision * (right + score[1][c].wrong),
                      "precision of %s", sw_class_name(c));
        ck_assert_msg(right * 100 >= floors[i].recall * (right + score[1][c].missed),
                      "recall of %s", sw_class_name(c));
    }
}
END_TEST

START_TEST(shipped_table_has_no_bad_line)
{
    struct sw_classtable *table = NULL;
    struct stat seen;
    size_t problems;
    char why[SW_WHY_MAX] = "";
    said_n = 0;
    ck_assert_int_eq(
        sw_classtable_read("conf/classes.tsv", on_error, NULL, &problems, &seen, &table, why),
        SW_OK);
    ck_assert_msg(problems == 0, "%s", said[0]);
    ck_assert_uint_gt(sw_classtable_rules(table), 2000);
    sw_classtable_free(table);
}
END_TEST

/* ---- holders ---- */

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
    uint64_t before = sw_owners_generation(owners);
    write_text(table_path, "isp\tAS64500\nisp\tanother line\n");
    ck_assert(sw_owners_refresh(owners));
    ck_assert_uint_gt(sw_owners_generation(owners), before);
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
    Suite *suite = suite_create("classes");
    TCase *tc = tcase_create("classes");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, folding);
    tcase_add_test(tc, folding_is_bounded);
    tcase_add_test(tc, spellings_of_one_holder);
    tcase_add_test(tc, patterns_as_the_naive_search);
    tcase_add_test(tc, no_patterns);
    tcase_add_test(tc, forms_of_patterns);
    tcase_add_test(tc, bad_lines_are_told_and_the_rest_applies);
    tcase_add_test(tc, patterns_that_match_everything);
    tcase_add_test(tc, hostile_lines);
    tcase_add_test(tc, missing_and_odd_files);
    tcase_add_test(tc, shipped_table_on_real_registrants);
    tcase_add_test(tc, shipped_table_has_no_bad_line);
    tcase_add_test(tc, one_holder_or_two);
    tcase_add_test(tc, holder_and_class_with_the_source);
    tcase_add_test(tc, own_tables_go_first_and_are_replaced);
    tcase_add_test(tc, a_field_that_is_no_text);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
