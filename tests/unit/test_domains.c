/*
 * test_domains.c - registrable domains of the memory: by the list of public suffixes, compared with
 * libpsl; the limit of each domain; names that are left out.
 */
#include "intake_rig.h"
#include "suite.h"

#include "memory/intake/domains.h"
#include "memory/intake/suffixes.h"

#include <idn2.h>
#include <libpsl.h>

static const struct {
    const char *name, *domain;
} registrable[] = {
    {"www.example.com", "example.com"},
    {"a.b.example.co.uk", "example.co.uk"},
    {"example.co.uk", "example.co.uk"},
    {"co.uk", "co.uk"},
    {"com", "com"},
    {".", "."},
    {"host.unknown-top-level", "host.unknown-top-level"},
    {"a\\.b.c.example.com", "example.com"},
    {"1.2.0.192.in-addr.arpa", "192.in-addr.arpa"},
};

START_TEST(registrable_domain_of_a_name)
{
    struct sw_domains *domains = sw_domains_new(0);
    struct sw_name name = name_of(registrable[_i].name);
    char text[SW_NAMETEXT_MAX];
    sw_name_text(sw_domains_of(domains, name.wire), text);
    ck_assert_str_eq(text, registrable[_i].domain);
    sw_domains_free(domains);
}
END_TEST

/* Each domain has its own count, and a new interval begins at 0; 0 is no limit. */
/* The registrable domain by libpsl, in text without the final dot. */
static void by_libpsl(const psl_ctx_t *psl, const uint8_t *name, char *text)
{
    const char *domain = psl_registrable_domain(psl, sw_name_text(name, text));
    if (domain)
        memmove(text, domain, strlen(domain) + 1);
}

static void check_domain(const struct sw_suffixes *suffixes, const psl_ctx_t *psl, const char *text)
{
    char ours[SW_NAMETEXT_MAX], theirs[SW_NAMETEXT_MAX];
    char *ascii = NULL;
    ck_assert_int_eq(idn2_to_ascii_8z(text, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL),
                     IDN2_OK);
    struct sw_name name = name_of(ascii);
    idn2_free(ascii);
    sw_name_text(sw_suffixes_of(suffixes, name.wire), ours);
    by_libpsl(psl, name.wire, theirs);
    ck_assert_msg(strcmp(ours, theirs) == 0, "%s: %s, libpsl has %s", text, ours, theirs);
}

/* Names at, above and below each rule of the system's list: the same as libpsl. */
START_TEST(suffixes_equal_libpsl)
{
    const char *path = "/usr/share/publicsuffix/public_suffix_list.dat";
    struct sw_suffixes *suffixes = NULL;
    psl_ctx_t *psl = psl_load_file(path);
    char line[512], text[600];
    FILE *in = fopen(path, "r");
    if (!psl || !in) {
        suite_skip(path);
        return;
    }
    ck_assert_int_eq(sw_suffixes_load(path, &suffixes), SW_OK);
    unsigned rules = 0;
    while (fgets(line, sizeof(line), in)) {
        static const char *const before[] = {"", "a.", "b.a.", "c.b.a."};
        line[strcspn(line, " \t\r\n")] = '\0';
        const char *rule = line + strspn(line, "!");
        rule += strncmp(rule, "*.", 2) == 0 ? 2 : 0;
        if (!*rule || *rule == '/')
            continue;
        rules++;
        for (int i = 0; i < COUNT(before); i++) {
            snprintf(text, sizeof(text), "%s%s", before[i], rule);
            check_domain(suffixes, psl, text);
        }
        const char *parent = strchr(rule, '.');
        if (parent)
            check_domain(suffixes, psl, parent + 1);
    }
    ck_assert_uint_gt(rules, 1000);
    fclose(in);
    sw_suffixes_free(suffixes);
    psl_free(psl);
}
END_TEST

/* Rules of each kind, from a list of the test's own; and files that are no list. */
START_TEST(suffixes_of_a_list)
{
    static const char *const names[][2] = {{"a.b.com", "b.com"},
                                           {"com", "com"},
                                           {"a.b.c.ck", "b.c.ck"},
                                           {"c.ck", "c.ck"},
                                           {"ck", "ck"},
                                           {"www.ck", "www.ck"},
                                           {"a.www.ck", "www.ck"},
                                           {"x.y", "x.y"},
                                           {"w.x.y", "x.y"},
                                           {"s3.aws.com", "s3.aws.com"},
                                           {"k.s3.aws.com", "k.s3.aws.com"},
                                           {"j.k.s3.aws.com", "k.s3.aws.com"},
                                           {"s4.aws.com", "aws.com"},
                                           {"a.xn--p1ai", "a.xn--p1ai"},
                                           {"b.a.xn--p1ai", "b.a.xn--p1ai"},
                                           {"c.b.a.xn--p1ai", "b.a.xn--p1ai"}};
    struct sw_suffixes *suffixes = NULL;
    char path[96], text[SW_NAMETEXT_MAX];
    make_folder();
    snprintf(path, sizeof(path), "%s/list", folder);
    ck_assert_int_eq(sw_suffixes_load(path, &suffixes), SW_ENOTFOUND);
    FILE *out = fopen(path, "w");
    fputs("// a comment\n\n.\nno..rule\n", out);
    fflush(out);
    ck_assert_int_eq(sw_suffixes_load(path, &suffixes), SW_ENOTFOUND);
    fputs("com\n*.ck\n!www.ck\ns3.aws.com  more words\na.\xd1\x80\xd1\x84\n\xff.com\n", out);
    fclose(out);
    ck_assert_int_eq(sw_suffixes_load(path, &suffixes), SW_OK);
    for (int i = 0; i < COUNT(names); i++) {
        struct sw_name name = name_of(names[i][0]);
        sw_name_text(sw_suffixes_of(suffixes, name.wire), text);
        ck_assert_str_eq(text, names[i][1]);
    }
    sw_suffixes_free(suffixes);
    remove_folder();
}
END_TEST

START_TEST(limit_of_each_domain)
{
    struct sw_domains *domains = sw_domains_new(3), *unlimited = sw_domains_new(0);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 2000; i++) {
            char text[32];
            snprintf(text, sizeof(text), "d%u.example", i);
            struct sw_name name = name_of(text);
            for (unsigned n = 0; n < 5; n++)
                ck_assert_int_eq(sw_domains_take(domains, name.wire), n < 3);
            ck_assert(sw_domains_take(unlimited, name.wire));
        }
        sw_domains_clear(domains);
    }
    sw_domains_free(domains);
    sw_domains_free(unlimited);
}
END_TEST

static char problems[512];

static void note_problem(const char *path, unsigned line, const char *why)
{
    size_t at = strlen(problems);
    (void)path;
    snprintf(problems + at, sizeof(problems) - at, "%u: %s\n", line, why);
}

static const char exclusions[] = "# names of machines\n"
                                 "\n"
                                 "  telemetry.example  # and below\r\n"
                                 "*.Below.example\n"
                                 "bad name\n"
                                 ".\n"
                                 "last.example";

START_TEST(excluded_names)
{
    struct sw_domains *domains = sw_domains_new(0);
    char path[96];
    make_folder();
    snprintf(path, sizeof(path), "%s/exclude", folder);
    FILE *file = fopen(path, "w");
    fputs(exclusions, file);
    fclose(file);
    problems[0] = '\0';
    ck_assert_uint_eq(sw_domains_exclude(domains, path, note_problem), 3);
    ck_assert_ptr_nonnull(strstr(problems, "5: "));
    ck_assert_ptr_nonnull(strstr(problems, "6: the root"));
    static const char *const in[] = {"telemetry.example", "a.b.telemetry.example", "below.example",
                                     "x.below.example", "last.example"};
    static const char *const out[] = {"example", "mytelemetry.example", "."};
    for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++)
        ck_assert(sw_domains_excluded(domains, name_of(in[i]).wire));
    for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++)
        ck_assert(!sw_domains_excluded(domains, name_of(out[i]).wire));
    snprintf(path, sizeof(path), "%s/missing", folder);
    problems[0] = '\0';
    sw_domains_exclude(domains, path, note_problem);
    ck_assert_str_eq(problems, "0: No such file or directory\n");
    sw_domains_free(domains);
    remove_folder();
}
END_TEST

int main(void)
{
    return RUN_SUITE(
        "domains", TIMEOUT(60), LOOP(registrable_domain_of_a_name, COUNT(registrable)),
        TESTS(suffixes_equal_libpsl, suffixes_of_a_list, limit_of_each_domain, excluded_names));
}
