/*
 * The importers: what is taken out of plain and hosts files, and why the rest is refused. And
 * what is refused for its harm.
 */
#include "cli/lists/harm.h"
#include "cli/lists/importer.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOT_MAX 64

static struct {
    size_t taken, refused;
    char indicator[GOT_MAX][SW_INDICATORTEXT_MAX];
    char shown[GOT_MAX][256]; /* text of those taken */
    char text[GOT_MAX][256];  /* text of those refused */
    char why[GOT_MAX][SW_WHY_MAX];
    uint64_t line[GOT_MAX];
} got;

static struct cli_importer importer;

static void note_taken(void *arg, const struct sw_indicator *indicator, const char *text,
                       size_t len)
{
    ck_assert_ptr_eq(arg, &got);
    ck_assert_uint_lt(got.taken, GOT_MAX);
    sw_indicator_text(indicator, got.indicator[got.taken]);
    snprintf(got.shown[got.taken], sizeof(got.shown[0]), "%.*s", (int)len, text);
    got.taken++;
}

static void note_refused(void *arg, const char *text, size_t len, const char *why)
{
    ck_assert_ptr_eq(arg, &got);
    ck_assert_uint_lt(got.refused, GOT_MAX);
    snprintf(got.text[got.refused], sizeof(got.text[0]), "%.*s", (int)len, text);
    snprintf(got.why[got.refused], sizeof(got.why[0]), "%s", why);
    got.line[got.refused] = importer.line;
    got.refused++;
}

/* Feed a text line by line, as getline() does: each with its line end. Every line goes through
 * a block of its exact size, so that a sanitizer sees any step outside. */
static void feed_n(enum cli_format format, const char *text, size_t len)
{
    memset(&got, 0, sizeof(got));
    cli_importer_init(&importer, format);
    importer.arg = &got;
    importer.take = note_taken;
    importer.refuse = note_refused;
    while (len > 0) {
        const char *end = memchr(text, '\n', len);
        size_t n = end ? (size_t)(end - text) + 1 : len;
        char *line = malloc(n);
        ck_assert_ptr_nonnull(line);
        memcpy(line, text, n);
        cli_importer_line(&importer, line, n);
        free(line);
        text += n;
        len -= n;
    }
}

static void feed(enum cli_format format, const char *text)
{
    feed_n(format, text, strlen(text));
}

/* Exactly these indicators were taken, in this order; NULL ends them. */
static void check_taken(const char *const *wanted)
{
    size_t n = 0;
    for (; wanted[n]; n++) {
        ck_assert_msg(n < got.taken, "only %zu taken, %s is missing", got.taken, wanted[n]);
        ck_assert_str_eq(got.indicator[n], wanted[n]);
    }
    ck_assert_msg(got.taken == n, "also taken: %s", got.indicator[n]);
}

#define TAKEN(...)      check_taken((const char *const[]){__VA_ARGS__, NULL})
#define TAKEN_NOTHING() ck_assert_uint_eq(got.taken, 0)

/* One line alone is refused, for a reason with this word in it. */
static void refused_for(enum cli_format format, const char *line, const char *word)
{
    feed(format, line);
    ck_assert_msg(got.taken == 0, "'%s' was taken as %s", line, got.indicator[0]);
    ck_assert_msg(got.refused == 1, "'%s': %zu refusals", line, got.refused);
    ck_assert_msg(strstr(got.why[0], word), "'%s': '%s' lacks '%s'", line, got.why[0], word);
}

START_TEST(plain_takes_all_kinds_of_indicators)
{
    feed(CLI_FORMAT_PLAIN, "example.net\n=www.example.net\n*.example.org\n192.0.2.1\n"
                           "198.51.100.0/24\n2001:DB8::/32\nas64500\n_dmarc.example.net\n");
    TAKEN("example.net", "=www.example.net", "*.example.org", "192.0.2.1", "198.51.100.0/24",
          "2001:db8::/32", "AS64500", "_dmarc.example.net");
    ck_assert_uint_eq(got.refused, 0);
}
END_TEST

START_TEST(plain_folds_spellings)
{
    feed(CLI_FORMAT_PLAIN, "\xef\xbb\xbf"
                           "First.Example\r\n  EXAMPLE.NET.\t\r\n"
                           "b\xc3\xbc"
                           "cher.example\nlast.example");
    TAKEN("first.example", "example.net", "xn--bcher-kva.example", "last.example");
    ck_assert_str_eq(got.shown[1], "EXAMPLE.NET.");
    ck_assert_uint_eq(got.refused, 0);
}
END_TEST

START_TEST(comments_and_empty_lines_are_nothing)
{
    feed(CLI_FORMAT_PLAIN, "# a.example\n; b.example\n\n   \n\r\n"
                           "c.example # 1, 2, 3\nd.example\t;x\n\t# e.example\n");
    TAKEN("c.example", "d.example");
    ck_assert_uint_eq(got.refused, 0);
    feed(CLI_FORMAT_PLAIN, "news.example##.banner\nshop.example#@#.ad\nx.example;why;y.example\n"
                           "z.example#\n");
    TAKEN_NOTHING();
    ck_assert_uint_eq(got.refused, 4);
    feed(CLI_FORMAT_PLAIN, "");
    TAKEN_NOTHING();
}
END_TEST

START_TEST(a_byte_order_mark_counts_only_at_the_start)
{
    feed(CLI_FORMAT_PLAIN, "a.example\n\xef\xbb\xbf"
                           "b.example\n");
    ck_assert_uint_ge(got.taken, 1);
    ck_assert_str_eq(got.indicator[0], "a.example");
    feed(CLI_FORMAT_PLAIN, "\xef\xbb\xbf# comment\na.example\n");
    TAKEN("a.example");
}
END_TEST

START_TEST(plain_refuses_with_a_reason_that_helps)
{
    static const struct {
        const char *line, *word;
    } cases[] = {
        {"example.net,https://report.example/1", "CSV"},
        {"example.net, carbanak", "CSV"},
        {"example[.]net", "defanged"},
        {"example(.)net", "defanged"},
        {"https://example.net/x", "URL"},
        {"someone@example.net", "mail"},
        {"example.net example.org", "several words"},
        {"0.0.0.0 example.net", "several words"},
        {".", "root"},
        {"*.", "root"},
        {"0.0.0.0/0", "every address"},
        {"10.0.0.1/8", "host bits"},
        {"AS0", "AS numbers"},
        {"AS4294967296", "AS numbers"},
        {"300.1.1.1", "address"},
        {"a..example", ""},
        {"\xff\xfe.example", ""},
        {"a!b.example", ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        refused_for(CLI_FORMAT_PLAIN, cases[i].line, cases[i].word);
}
END_TEST

START_TEST(one_bad_line_costs_only_itself)
{
    feed(CLI_FORMAT_PLAIN, "a.example\n\nbad..example\n# x\nAS0\nb.example\n");
    TAKEN("a.example", "b.example");
    ck_assert_uint_eq(got.refused, 2);
    ck_assert_uint_eq(got.line[0], 3);
    ck_assert_str_eq(got.text[0], "bad..example");
    ck_assert_uint_eq(got.line[1], 5);
}
END_TEST

START_TEST(odd_octets_and_lengths_are_refused)
{
    static const char zero[] = "a\0b.example\nc.example\n";
    static char longest[100000];
    feed_n(CLI_FORMAT_PLAIN, zero, sizeof(zero) - 1);
    TAKEN("c.example");
    ck_assert_uint_eq(got.refused, 1);
    memset(longest, 'a', sizeof(longest) - 1);
    refused_for(CLI_FORMAT_PLAIN, longest, "long");
    memcpy(longest, "0.0.0.0 ", 8);
    refused_for(CLI_FORMAT_HOSTS, longest, "long");
    feed_n(CLI_FORMAT_AUTO, "\0\0\0\n", 4);
    TAKEN_NOTHING();
}
END_TEST

START_TEST(hosts_blocks_exactly_the_names)
{
    feed(CLI_FORMAT_HOSTS, "0.0.0.0 a.example\n127.0.0.1\tB.Example  c.example # two\n"
                           ":: d.example\n::1 e.example\n127.0.0.53 f.example\n");
    TAKEN("=a.example", "=b.example", "=c.example", "=d.example", "=e.example", "=f.example");
    ck_assert_str_eq(got.shown[1], "B.Example");
    ck_assert_uint_eq(got.refused, 0);
}
END_TEST

START_TEST(hosts_skips_what_every_hosts_file_has)
{
    feed(CLI_FORMAT_HOSTS, "127.0.0.1 localhost localhost.localdomain\n::1 ip6-localhost\n"
                           "255.255.255.255 broadcasthost\nfe80::1%lo0 localhost\n"
                           "ff02::1 ip6-allnodes\n0.0.0.0 0.0.0.0\n0.0.0.0\n"
                           "127.0.0.1 LOCALHOST a.example\n");
    TAKEN("=a.example");
    ck_assert_uint_eq(got.refused, 0);
}
END_TEST

START_TEST(hosts_refuses_with_a_reason)
{
    refused_for(CLI_FORMAT_HOSTS, "192.0.2.7 nas.example", "real address");
    refused_for(CLI_FORMAT_HOSTS, "a.example", "no address");
    refused_for(CLI_FORMAT_HOSTS, "a.example b.example", "begins with an address");
    refused_for(CLI_FORMAT_HOSTS, "0.0.0.0 *.a.example", "no host name");
    refused_for(CLI_FORMAT_HOSTS, "0.0.0.0 =a.example", "no host name");
    refused_for(CLI_FORMAT_HOSTS, "0.0.0.0 192.0.2.1", "no host name");
    refused_for(CLI_FORMAT_HOSTS, "0.0.0.0/8 a.example", "begins with an address");
    refused_for(CLI_FORMAT_HOSTS, "0.0.0.0 a..example", "");
}
END_TEST

START_TEST(one_bad_name_costs_only_itself)
{
    feed(CLI_FORMAT_HOSTS, "0.0.0.0 a.example b..example c.example\n");
    TAKEN("=a.example", "=c.example");
    ck_assert_uint_eq(got.refused, 1);
    ck_assert_str_eq(got.text[0], "b..example");
}
END_TEST

START_TEST(auto_looks_at_the_first_line_with_content)
{
    feed(CLI_FORMAT_AUTO, "# 0.0.0.0 x.example\n\n127.0.0.1 localhost\n0.0.0.0 a.example\n");
    ck_assert_int_eq(importer.format, CLI_FORMAT_HOSTS);
    TAKEN("=a.example");
    feed(CLI_FORMAT_AUTO, "192.0.2.1 # an address alone\n192.0.2.2\n");
    ck_assert_int_eq(importer.format, CLI_FORMAT_PLAIN);
    TAKEN("192.0.2.1", "192.0.2.2");
    feed(CLI_FORMAT_AUTO, "a.example\n0.0.0.0 b.example\n");
    ck_assert_int_eq(importer.format, CLI_FORMAT_PLAIN);
    ck_assert_uint_eq(got.refused, 1);
    feed(CLI_FORMAT_AUTO, "fe80::1%lo0 localhost\n0.0.0.0 a.example\n");
    ck_assert_int_eq(importer.format, CLI_FORMAT_HOSTS);
    feed(CLI_FORMAT_AUTO, "# nothing\n");
    ck_assert_int_eq(importer.format, CLI_FORMAT_AUTO);
}
END_TEST

START_TEST(format_names)
{
    enum cli_format format = CLI_FORMAT_AUTO;
    ck_assert_int_eq(cli_format_parse("hosts", &format), SW_OK);
    ck_assert_int_eq(format, CLI_FORMAT_HOSTS);
    ck_assert_str_eq(cli_format_name(format), "hosts");
    ck_assert_int_eq(cli_format_parse("Hosts", &format), SW_ENOTFOUND);
    ck_assert_int_eq(cli_format_parse("", &format), SW_ENOTFOUND);
    ck_assert_int_eq(format, CLI_FORMAT_HOSTS);
}
END_TEST

static bool harmful(const char *text)
{
    struct sw_indicator indicator;
    char why[SW_WHY_MAX] = "";
    ck_assert_msg(sw_indicator_parse(text, strlen(text), &indicator, why) == SW_OK, "%s: %s", text,
                  why);
    why[0] = '\0';
    bool is_harmful = cli_harmful(&indicator, why);
    ck_assert_msg(is_harmful == (why[0] != '\0'), "%s: '%s'", text, why);
    return is_harmful;
}

START_TEST(top_level_domains_and_public_suffixes_are_harmful)
{
    static const char *const yes[] = {
        "com",    "=com",      "*.com",    "nosuchtld",   "co.uk",       "*.co.uk",
        "CO.UK.", "github.io", "xn--p1ai", "*.github.io", "anything.ck", /* *.ck is on the list */
    };
    static const char *const no[] = {
        "example.com",
        "=github.io",
        "=co.uk",
        "www.github.io",
        "a.co.uk",
        "systemsvc.net",
        "example.nosuchtld",
        "www.ck", /* !www.ck is on the list */
        "192.0.2.0/24",
        "AS64500",
        "ec2-52-20-133-164.compute-1.amazonaws.com", /* by a private wildcard rule */
    };
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
        ck_assert_msg(harmful(yes[i]), "%s", yes[i]);
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
        ck_assert_msg(!harmful(no[i]), "%s", no[i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("import");
    TCase *plain = tcase_create("plain");
    TCase *hosts = tcase_create("hosts");
    TCase *harm = tcase_create("harm");
    SRunner *runner = srunner_create(suite);

    tcase_add_test(plain, plain_takes_all_kinds_of_indicators);
    tcase_add_test(plain, plain_folds_spellings);
    tcase_add_test(plain, comments_and_empty_lines_are_nothing);
    tcase_add_test(plain, a_byte_order_mark_counts_only_at_the_start);
    tcase_add_test(plain, plain_refuses_with_a_reason_that_helps);
    tcase_add_test(plain, one_bad_line_costs_only_itself);
    tcase_add_test(plain, odd_octets_and_lengths_are_refused);
    tcase_add_test(hosts, hosts_blocks_exactly_the_names);
    tcase_add_test(hosts, hosts_skips_what_every_hosts_file_has);
    tcase_add_test(hosts, hosts_refuses_with_a_reason);
    tcase_add_test(hosts, one_bad_name_costs_only_itself);
    tcase_add_test(hosts, auto_looks_at_the_first_line_with_content);
    tcase_add_test(plain, format_names);
    tcase_add_test(harm, top_level_domains_and_public_suffixes_are_harmful);
    suite_add_tcase(suite, plain);
    suite_add_tcase(suite, hosts);
    suite_add_tcase(suite, harm);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
