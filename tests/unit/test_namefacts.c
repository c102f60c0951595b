/*
 * test_namefacts.c - facts about a name: sets of names, suffixes in tables of classes, the file of
 * top names.
 */
#include "base/log.h"
#include "owner/namefacts.h"
#include "owner/nameset.h"
#include "owner/topnames.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct sw_name name_of(const char *text)
{
    struct sw_name name;
    ck_assert_int_eq(sw_name_parse(text, strlen(text), &name, NULL), SW_OK);
    return name;
}

/* ---- sets ---- */

/* A name of one to four labels of a small alphabet, so that many are equal or above each other. */
static struct sw_name random_name(void)
{
    char text[64] = "";
    for (int labels = 1 + rand() % 4; labels > 0; labels--) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof(text) - used, "%s%.*s%c", used ? "." : "", rand() % 3, "aab",
                 "abc"[rand() % 3]);
    }
    return name_of(text);
}

/* The longest name that equals the question or is above it, by comparing all; of equal names the
 * first. */
static unsigned naive_find(const struct sw_name *name, size_t n, const uint8_t *wire,
                           uint32_t *number)
{
    unsigned best = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned labels = sw_name_labels(name[i].wire);
        if (labels > best && sw_name_below_or_equal(wire, name[i].wire)) {
            best = labels;
            *number = (uint32_t)i;
        }
    }
    return best;
}

static void count_again(void *arg, uint32_t first, uint32_t again)
{
    size_t *n = arg;
    ck_assert_uint_lt(first, again);
    (*n)++;
}

START_TEST(sets_find_as_the_naive_search)
{
    static struct sw_name name[200];
    srand(1);
    for (int round = 0; round < 100; round++) {
        struct sw_nameset *set = sw_nameset_new();
        size_t n = (size_t)rand() % 200, again = 0;
        for (size_t i = 0; i < n; i++) {
            name[i] = random_name();
            ck_assert_int_eq(sw_nameset_add(set, &name[i], (uint32_t)i), SW_OK);
        }
        sw_nameset_build(set, count_again, &again);
        ck_assert_uint_eq(sw_nameset_size(set) + again, n);
        for (int i = 0; i < 200; i++) {
            struct sw_name asked = random_name();
            uint32_t found = 0, wanted = 0;
            unsigned labels = sw_nameset_find(set, asked.wire, &found);
            ck_assert_uint_eq(labels, naive_find(name, n, asked.wire, &wanted));
            ck_assert_uint_eq(found, wanted);
        }
        sw_nameset_free(set);
    }
}
END_TEST

/* ---- suffixes ---- */

static char said[8][256];
static size_t said_n;

static void say(void *arg, const char *message)
{
    (void)arg;
    snprintf(said[said_n++ % 8], sizeof(said[0]), "%s", message);
}

static unsigned line_of(const struct sw_classtable *table, const char *text)
{
    struct sw_classmatch match;
    unsigned labels;
    struct sw_name name = name_of(text);
    return sw_classtable_find_name(table, name.wire, &match, &labels) ? match.line : 0;
}

START_TEST(suffixes_of_a_table)
{
    static const char text[] = "government\t.gov.ua\tua\n"
                               "none\t.shop.gov.ua\n"
                               "military\t.MIL.\n"
                               "police\t.gov.ua\n" /* 4: has another class already */
                               "government\t..\n"  /* 5 */
                               "government\t.a..b\n"
                               "government\t.*.gov\n"
                               "government\tgov ua\n";
    struct sw_classtable *table;
    struct sw_classmatch match;
    size_t problems;
    said_n = 0;
    ck_assert_int_eq(sw_classtable_parse("t", text, strlen(text), say, NULL, &problems, &table),
                     SW_OK);
    ck_assert_uint_eq(problems, 4);
    ck_assert_uint_eq(said_n, 4);
    ck_assert_str_eq(said[0], "t:5: a dot, and no name behind it: the root is above all names");
    ck_assert_ptr_nonnull(strstr(said[1], "t:6: a dot, and no name behind it: "));
    ck_assert_ptr_nonnull(strstr(said[2], "t:7: a dot, and no name behind it: "));
    ck_assert_ptr_nonnull(strstr(said[3], "t:4: .gov.ua has class government in line 1 already"));
    ck_assert_uint_eq(line_of(table, "www.x.gov.ua"), 1);
    ck_assert_uint_eq(line_of(table, "gov.ua"), 1);
    ck_assert_uint_eq(line_of(table, "a.shop.gov.ua"), 2);
    ck_assert_uint_eq(line_of(table, "www.army.mil"), 3);
    ck_assert_uint_eq(line_of(table, "notgov.ua"), 0);
    ck_assert_uint_eq(line_of(table, "gov.ua.example"), 0);
    ck_assert(!sw_classtable_find(table, ".gov.uk", &match));
    ck_assert(sw_classtable_find(table, "gov ua", &match) && match.line == 8);
    sw_classtable_free(table);
}
END_TEST

/* ---- top names ---- */

static char folder[] = "/tmp/sinkwatch-facts-XXXXXX", top_path[64];
static struct sw_settings settings;
static struct sw_counters counters;

static void keep_line(enum sw_log_level level, const char *line)
{
    (void)level;
    if (strncmp(line, "top-names: ", 11) == 0)
        say(NULL, line);
}

static void write_top(const char *text)
{
    char aside[80];
    snprintf(aside, sizeof(aside), "%s.new", top_path);
    FILE *out = fopen(aside, "w");
    ck_assert_ptr_nonnull(out);
    fputs(text, out);
    fclose(out);
    ck_assert_int_eq(rename(aside, top_path), 0);
}

static void setup(void)
{
    sw_settings_init(&settings);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(top_path, sizeof(top_path), "%s/top", folder);
    snprintf(settings.top_names, sizeof(settings.top_names), "%s", top_path);
    settings.top_names_max = 8;
    said_n = 0;
    sw_log_sink(keep_line);
}

static void teardown(void)
{
    sw_log_sink(NULL);
    unlink(top_path);
    rmdir(folder);
}

static const char *text_of(const struct sw_owners *owners, const char *text)
{
    static char out[SW_NAMEFACTSTEXT_MAX];
    struct sw_name name = name_of(text);
    struct sw_namefacts facts;
    bool known = sw_namefacts_find(owners, settings.protected_classes, name.wire, &facts);
    ck_assert_int_eq(known, sw_namefacts_text(&facts, out)[0] != '\0');
    return out;
}

START_TEST(broken_lines_of_top_names_are_told)
{
    char words[160];
    struct sw_owners *owners = sw_owners_new(&settings, &counters);
    write_top("# rank,name\n1,Popular.example\r\nplain.example\n3,com\n4,a..b\n\n7,192.0.2.1\n"
              "8,x.example,more\n9,beyond.example\n");
    sw_owners_refresh(owners);
    ck_assert_uint_eq(said_n, 4);
    snprintf(words, sizeof(words),
             "top-names: %s:4: a name of two labels or more is needed; the line is passed over",
             top_path);
    ck_assert_str_eq(said[0], words);
    ck_assert_ptr_nonnull(strstr(said[1], "top:5: "));
    ck_assert_ptr_nonnull(strstr(said[2], "top:7: an address, no name"));
    ck_assert_ptr_nonnull(strstr(said[3], "opened, 3 names, 3 lines passed over"));
    ck_assert_str_eq(text_of(owners, "www.popular.example"), "top name popular.example, rank 2");
    ck_assert_str_eq(text_of(owners, "plain.example"), "top name plain.example, rank 3");
    ck_assert_str_eq(text_of(owners, "x.example"), "top name x.example, rank 8");
    ck_assert_str_eq(text_of(owners, "beyond.example"), "");
    /* replaced in place; then gone: the names read before stay */
    write_top("other.example\n");
    sw_owners_refresh(owners);
    ck_assert_str_eq(text_of(owners, "popular.example"), "");
    unlink(top_path);
    sw_owners_refresh(owners);
    ck_assert_ptr_nonnull(strstr(said[(said_n - 1) % 8], "the names read before stay in use"));
    ck_assert_str_eq(text_of(owners, "other.example"), "top name other.example, rank 1");
    sw_owners_free(owners);
}
END_TEST

START_TEST(a_top_names_file_has_bounds)
{
    static char text[SW_TOPFILE_LINE + 64];
    struct sw_owners *owners = sw_owners_new(&settings, &counters);
    memset(text, 'a', SW_TOPFILE_LINE + 1);
    snprintf(text + SW_TOPFILE_LINE + 1, 32, "\nafter.example");
    write_top(text);
    sw_owners_refresh(owners);
    ck_assert_uint_eq(said_n, 2);
    ck_assert_ptr_nonnull(strstr(said[0], "top:1: the line is longer than 4,096 octets"));
    ck_assert_str_eq(text_of(owners, "after.example"), "top name after.example, rank 2");
    write_top("other.example\n");
    ck_assert_int_eq(truncate(top_path, (INT64_C(1) << 30) + 1), 0);
    sw_owners_refresh(owners);
    ck_assert_uint_eq(said_n, 3);
    ck_assert_ptr_nonnull(strstr(said[2], "the file is larger than 1 GiB; the names read before"));
    ck_assert_str_eq(text_of(owners, "after.example"), "top name after.example, rank 2");
    sw_owners_free(owners);
}
END_TEST

START_TEST(public_bodies_of_the_shipped_table)
{
    static const char *const public[] = {"www.x.gov.ua",  "irs.gov",   "army.mil",  "a.mil.pl",
                                         "x.go.jp",       "a.gob.mx",  "x.gouv.fr", "who.int",
                                         "met.police.uk", "bbc.gc.ca", "admin.ch",  "www.nhs.uk"};
    static const char *const others[] = {"gov.example", "go.it",   "x.go.com", "mygov.ua",
                                         "ua",          "int.com", "x.mil.com"};
    char line[SW_NAMEFACTSTEXT_MAX];
    struct sw_owners *owners = sw_owners_new(&settings, &counters);
    write_top("gov.ua\n");
    sw_owners_refresh(owners);
    for (size_t i = 0; i < sizeof(public) / sizeof(public[0]); i++)
        ck_assert_msg(strncmp(text_of(owners, public[i]), "public body, suffix .", 21) == 0, "%s",
                      public[i]);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        ck_assert_msg(text_of(owners, others[i])[0] == '\0', "%s", others[i]);
    snprintf(line, sizeof(line), "%s", text_of(owners, "www.x.gov.ua"));
    ck_assert_ptr_nonnull(strstr(line, "suffix .gov.ua (classes.tsv:"));
    ck_assert_ptr_nonnull(strstr(line, "; top name gov.ua, rank 1"));
    settings.protected_classes = 0; /* the operator calls nobody a public body */
    ck_assert_int_eq(strncmp(text_of(owners, "irs.gov"), "government, suffix .gov", 23), 0);
    sw_owners_free(owners);
}
END_TEST

int main(void)
{
    return RUN_SUITE("evidence", TESTS(sets_find_as_the_naive_search, suffixes_of_a_table),
                     FIXTURE(setup, teardown),
                     TESTS(broken_lines_of_top_names_are_told, a_top_names_file_has_bounds,
                           public_bodies_of_the_shipped_table));
}
