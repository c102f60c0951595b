/* The settings file: defaults, every kind of value, and the words for every kind of mistake. */
#include "base/settings.h"

#include "suite.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[64]; /* of the file that the tests write */

/* The reported problems. */
struct reports {
    unsigned n;
    char text[16][600];
};

static void collect(void *arg, const char *message)
{
    struct reports *reports = arg;
    if (reports->n < 16)
        snprintf(reports->text[reports->n], sizeof(reports->text[0]), "%s", message);
    reports->n++;
}

static void write_n(const char *text, size_t len)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, len, file), len);
    ck_assert_int_eq(fclose(file), 0);
}

static enum sw_status read_text(const char *text, struct sw_settings *out, struct reports *reports)
{
    reports->n = 0;
    write_n(text, strlen(text));
    return sw_settings_read(path, out, collect, reports);
}

static struct sw_settings good(const char *text)
{
    struct sw_settings settings;
    struct reports reports;
    enum sw_status status = read_text(text, &settings, &reports);
    ck_assert_msg(status == SW_OK, "%s", reports.text[0]);
    ck_assert_uint_eq(reports.n, 0);
    return settings;
}

/* A single problem, in line 2 of the file, reported in exactly these words after "FILE:2: "; all
 * settings keep their defaults. */
static void bad(const char *line, const char *words)
{
    struct sw_settings settings, defaults;
    struct reports reports;
    char text[1200];
    char wanted[800];
    snprintf(text, sizeof(text), "# first\n%s\n# last\n", line);
    snprintf(wanted, sizeof(wanted), "%s:2: %s", path, words);
    ck_assert_int_eq(read_text(text, &settings, &reports), SW_EINVAL);
    ck_assert_uint_eq(reports.n, 1);
    ck_assert_str_eq(reports.text[0], wanted);
    sw_settings_init(&defaults);
    ck_assert_mem_eq(&settings, &defaults, sizeof(settings));
}

START_TEST(client_groups)
{
    struct sw_settings s = good("client-group: \"kids 192.0.2.0/24  2001:db8::/32\"\n"
                                "client-group: \"guests 192.0.2.128/25\"\n"
                                "client-group: \"kids 198.51.100.7\"\n");
    static const struct {
        const char *client;
        unsigned group;
    } who[] = {{"192.0.2.1", 1},    {"192.0.2.129", 2}, {"198.51.100.7", 1},
               {"198.51.100.8", 0}, {"2001:db8::1", 1}, {"2001:db9::1", 0}};
    ck_assert_uint_eq(s.groups.n, 2);
    for (size_t i = 0; i < sizeof(who) / sizeof(who[0]); i++) {
        struct sw_addr addr;
        sw_addr_parse(who[i].client, strlen(who[i].client), &addr, NULL);
        ck_assert_uint_eq(sw_groups_of(&s.groups, &addr), who[i].group);
    }
    ck_assert_uint_eq(sw_groups_find(&s.groups, "guests", 6), 2);
    ck_assert_uint_eq(sw_groups_find(&s.groups, "guest", 5), 0);
    bad("client-group: kids",
        "client-group: \"kids\" is not allowed; \"NAME PREFIX...\": a name of "
        "a-z 0-9 . _ -, prefixes that no group has yet; up to 31 groups, "
        "256 prefixes");
    const char *refused[] = {"Kids 192.0.2.1", "kids 192.0.2.1/24", "kids 192.0.2.1 192.0.2.1",
                             "a-name-of-more-than-31-characters 192.0.2.1", "kids x"};
    struct sw_groups none = {0}, still = {0};
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        ck_assert_int_eq(sw_groups_add(&none, refused[i]), SW_EINVAL);
    ck_assert_mem_eq(&none, &still, sizeof(none));
    for (int i = 0; i < SW_GROUPS_MAX; i++) {
        char line[64];
        snprintf(line, sizeof(line), "g%d 192.0.2.%d", i, i);
        ck_assert_int_eq(sw_groups_add(&none, line), SW_OK);
    }
    ck_assert_int_eq(sw_groups_add(&none, "one-more 198.51.100.1"), SW_ETOOBIG);
}
END_TEST

START_TEST(defaults_of_all_keys)
{
    struct sw_settings s;
    char host[SW_TEXT_MAX] = "";
    sw_settings_init(&s);
    gethostname(host, sizeof(host));
    ck_assert_str_eq(s.redis_socket, "");
    ck_assert_str_eq(s.redis_host, "127.0.0.1");
    ck_assert_uint_eq(s.redis_port, 6379);
    ck_assert_str_eq(s.redis_prefix, "{sinkwatch}");
    ck_assert_uint_eq(s.redis_timeout_ms, 1000);
    ck_assert(s.keep_lists && s.redis_notices);
    ck_assert_uint_eq(s.reconcile_s, 60);
    ck_assert_uint_eq(s.sweep_s, 30);
    ck_assert_str_eq(s.resolver_id, host);
    ck_assert_uint_eq(s.mmdb_check_s, 5);
    ck_assert_uint_eq(s.tracked_max, 100000);
    ck_assert_uint_eq(s.history_max, 200);
    ck_assert_uint_eq(s.history_days, 400);
    ck_assert_uint_eq(s.sinkhole4.family, 0);
    ck_assert_uint_eq(s.sinkhole6.family, 0);
    ck_assert_uint_eq(s.cname.len, 0);
    ck_assert(s.ede && s.event_redis && !s.verbose && !s.ptr_addresses);
    ck_assert(!s.structured_errors && s.structured_option == 26);
    ck_assert_str_eq(s.structured_contact[0], "");
    ck_assert_str_eq(s.structured_language, "en");
    ck_assert_uint_eq(s.event_stream_max, 1000000);
    ck_assert_uint_eq(s.event_window_ms, 1000);
    ck_assert_uint_eq(s.ring_kib, 1024);
    ck_assert_uint_eq(s.backlog_max, 100000);
    struct sw_settings empty = good("");
    ck_assert_mem_eq(&s, &empty, sizeof(s));
}
END_TEST

START_TEST(every_key_has_its_field)
{
    struct sw_settings s = good("redis-socket: /run/r.sock\n"
                                "redis-host: ::1\n"
                                "redis-port: 1\n"
                                "redis-user: u\n"
                                "redis-password: p\n"
                                "redis-password-file: /pf\n"
                                "redis-sentinel-user: su\n"
                                "redis-sentinel-password: sp\n"
                                "redis-sentinel-password-file: /spf\n"
                                "redis-prefix: x\n"
                                "redis-timeout: 60000\n"
                                "keep-lists: no\n"
                                "redis-notices: no\n"
                                "reconcile-interval: 0\n"
                                "resolver-id: r1\n"
                                "asn-mmdb: /a\n"
                                "owner-mmdb: /o\n"
                                "asn-number-field: f1\n"
                                "asn-organization-field: f2\n"
                                "owner-registrant-field: f3\n"
                                "owner-netname-field: f4\n"
                                "owner-country-field: f5\n"
                                "mmdb-check-interval: 7\n"
                                "tracked-addresses-max: 8\n"
                                "history-max: 9\n"
                                "history-days: 10\n"
                                "sinkhole-ipv4: 192.0.2.1\n"
                                "sinkhole-ipv6: 2001:db8::1\n"
                                "cname-target: Garden.example\n"
                                "ede: no\n"
                                "ptr-addresses: yes\n"
                                "structured-errors: yes\n"
                                "structured-option: 65001\n"
                                "structured-contact: mailto:noc@example.net\n"
                                "structured-contact: \"tel:+1-555\"\n"
                                "structured-organization: \"Ex \xc3\xa9\"\n"
                                "structured-justification: because\n"
                                "structured-language: fi\n"
                                "event-file: /e\n"
                                "event-redis: no\n"
                                "event-stream-max: 11\n"
                                "event-window: 12\n"
                                "event-ring: 16\n"
                                "event-backlog-max: 13\n"
                                "verbose: yes\n");
    char addr[SW_ADDRTEXT_MAX];
    char name[SW_NAMETEXT_MAX];
    ck_assert_str_eq(s.redis_socket, "/run/r.sock");
    ck_assert_str_eq(s.redis_host, "::1");
    ck_assert_uint_eq(s.redis_port, 1);
    ck_assert_str_eq(s.redis_user, "u");
    ck_assert_str_eq(s.redis_password, "p");
    ck_assert_str_eq(s.redis_password_file, "/pf");
    ck_assert_str_eq(s.sentinel_user, "su");
    ck_assert_str_eq(s.sentinel_password, "sp");
    ck_assert_str_eq(s.sentinel_password_file, "/spf");
    ck_assert_str_eq(s.redis_prefix, "x");
    ck_assert_uint_eq(s.redis_timeout_ms, 60000);
    ck_assert(!s.keep_lists && !s.redis_notices);
    ck_assert_uint_eq(s.reconcile_s, 0);
    ck_assert_str_eq(s.resolver_id, "r1");
    ck_assert_str_eq(s.asn_mmdb[0], "/a");
    ck_assert_str_eq(s.owner_mmdb[0], "/o");
    ck_assert_str_eq(s.asn_field, "f1");
    ck_assert_str_eq(s.org_field, "f2");
    ck_assert_str_eq(s.registrant_field, "f3");
    ck_assert_str_eq(s.netname_field, "f4");
    ck_assert_str_eq(s.country_field, "f5");
    ck_assert_uint_eq(s.mmdb_check_s, 7);
    ck_assert_uint_eq(s.tracked_max, 8);
    ck_assert_uint_eq(s.history_max, 9);
    ck_assert_uint_eq(s.history_days, 10);
    ck_assert_str_eq(sw_addr_text(&s.sinkhole4, addr), "192.0.2.1");
    ck_assert_str_eq(sw_addr_text(&s.sinkhole6, addr), "2001:db8::1");
    ck_assert_str_eq(sw_name_text(s.cname.wire, name), "garden.example");
    ck_assert(!s.ede && !s.event_redis && s.verbose && s.ptr_addresses);
    ck_assert(s.structured_errors && s.structured_option == 65001);
    ck_assert_str_eq(s.structured_contact[0], "mailto:noc@example.net");
    ck_assert_str_eq(s.structured_contact[1], "tel:+1-555");
    ck_assert_str_eq(s.structured_contact[2], "");
    ck_assert_str_eq(s.structured_organization, "Ex \xc3\xa9");
    ck_assert_str_eq(s.structured_justification, "because");
    ck_assert_str_eq(s.structured_language, "fi");
    ck_assert_str_eq(s.event_file, "/e");
    ck_assert_uint_eq(s.event_stream_max, 11);
    ck_assert_uint_eq(s.event_window_ms, 12);
    ck_assert_uint_eq(s.ring_kib, 16);
    ck_assert_uint_eq(s.backlog_max, 13);
}
END_TEST

START_TEST(keys_of_classes)
{
    struct sw_settings s = good("asn-class-field: f6\nowner-class-field: f7\nclass-table: /c1\n"
                                "class-table: /c2\nshipped-classes: no\ntop-names: /t\n"
                                "top-names-max: 7\n");
    ck_assert_str_eq(s.asn_class_field, "f6");
    ck_assert_str_eq(s.owner_class_field, "f7");
    ck_assert_str_eq(s.class_table[0], "/c1");
    ck_assert_str_eq(s.class_table[1], "/c2");
    ck_assert_str_eq(s.class_table[2], "");
    ck_assert(!s.shipped_classes && good("").shipped_classes);
    ck_assert_str_eq(s.top_names, "/t");
    ck_assert_uint_eq(s.top_names_max, 7);
    ck_assert_uint_eq(good("").top_names_max, 10000);
}
END_TEST

START_TEST(ways_to_write_a_line)
{
    struct sw_settings s = good("\n  \t\n#c\n\t # c: d\r\n"
                                "  redis-port:1234   # comment\r\n"
                                "redis-host:\tredis.example\n"
                                "redis-user: \"with # and : and spaces \" # comment\n"
                                "redis-password: a#b'c\n"
                                "redis-socket: \"\"\n"
                                "event-window: 007\n"
                                "resolver-id: last-line-without-end");
    ck_assert_uint_eq(s.redis_port, 1234);
    ck_assert_str_eq(s.redis_host, "redis.example");
    ck_assert_str_eq(s.redis_user, "with # and : and spaces ");
    ck_assert_str_eq(s.redis_password, "a#b'c");
    ck_assert_str_eq(s.redis_socket, "");
    ck_assert_uint_eq(s.event_window_ms, 7);
    ck_assert_str_eq(s.resolver_id, "last-line-without-end");
}
END_TEST

START_TEST(keys_that_may_be_repeated)
{
    char text[40 * (SW_MMDB_MAX + 1)] = "";
    struct sw_settings s = good("asn-mmdb: /a\nasn-mmdb: \"\"\nowner-mmdb: /c\nasn-mmdb: /b\n");
    struct reports reports;
    size_t used = 0;
    ck_assert_str_eq(s.asn_mmdb[0], "/a");
    ck_assert_str_eq(s.asn_mmdb[1], "/b");
    ck_assert_str_eq(s.asn_mmdb[2], "");
    ck_assert_str_eq(s.owner_mmdb[0], "/c");
    for (unsigned i = 0; i <= SW_MMDB_MAX; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "asn-mmdb: /%u\n", i);
    ck_assert_int_eq(read_text(text, &s, &reports), SW_EINVAL);
    ck_assert_uint_eq(reports.n, 1);
    ck_assert_ptr_nonnull(strstr(reports.text[0], ":17: asn-mmdb: given more than 16 times"));
    ck_assert_str_eq(s.asn_mmdb[SW_MMDB_MAX - 1], "/15");
}
END_TEST

START_TEST(lines_that_are_none)
{
    bad("redis-port 1", "no key; a line is \"key: value\" or a # comment");
    bad(": 1", "no key; a line is \"key: value\" or a # comment");
    bad("redis-port : 1", "no key; a line is \"key: value\" or a # comment");
    bad("redis-port:", "redis-port: no value; \"\" stands for none");
    bad("redis-port: # 1", "redis-port: no value; \"\" stands for none");
    bad("redis-port: 1 2",
        "redis-port: more than one value; put a value with spaces into double quotes");
    bad("redis-user: \"a", "redis-user: quote is not closed; \"value\" on one line");
    bad("redis-user: \"a\"b", "redis-user: text after the closing quote; one value");
    bad("redis-user: \"a\" b",
        "redis-user: more than one value; put a value with spaces into double quotes");
}
END_TEST

START_TEST(unknown_keys)
{
    bad("redis-prot: 1", "redis-prot: unknown key; did you mean redis-port");
    bad("redis_socket: /x", "redis_socket: unknown key; did you mean redis-socket");
    bad("asn-mdb: /x", "asn-mdb: unknown key; did you mean asn-mmdb");
    bad("colour: red", "colour: unknown key; the example file lists all keys");
    bad("server:", "server: unknown key; the example file lists all keys");
    bad("include: /etc/x", "include: include is not supported; write all keys into this one file");
    bad("\x1b[2J\xff: 1", "?[2J?: unknown key; the example file lists all keys");
    char line[1001];
    memset(line, 'k', 1000);
    line[999] = ':';
    line[1000] = '\0';
    bad(line, "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk: unknown key; the example file lists all "
              "keys");
}
END_TEST

START_TEST(bad_values)
{
    bad("redis-port: 0", "redis-port: \"0\" is not allowed; a whole number from 1 to 65535");
    bad("redis-port: 65536",
        "redis-port: \"65536\" is not allowed; a whole number from 1 to 65535");
    bad("redis-port: 18446744073709551617",
        "redis-port: \"18446744073709551617\" is not allowed; a whole number from 1 to 65535");
    bad("redis-port: -1", "redis-port: \"-1\" is not allowed; a whole number from 1 to 65535");
    bad("redis-port: 1s", "redis-port: \"1s\" is not allowed; a whole number from 1 to 65535");
    bad("redis-port: \"\"", "redis-port: \"\" is not allowed; a whole number from 1 to 65535");
    bad("redis-timeout: 49",
        "redis-timeout: \"49\" is not allowed; a whole number from 50 to 60000");
    bad("ede: true", "ede: \"true\" is not allowed; yes or no");
    bad("sinkhole-ipv4: 2001:db8::1",
        "sinkhole-ipv4: \"2001:db8::1\" is not allowed; one IPv4 address, or \"\" for none");
    bad("sinkhole-ipv4: 192.0.2.0/24",
        "sinkhole-ipv4: \"192.0.2.0/24\" is not allowed; one IPv4 address, or \"\" for none");
    bad("sinkhole-ipv6: x", "sinkhole-ipv6: \"x\" is not allowed; one IPv6 address, or \"\" for "
                            "none");
    bad("cname-target: a..b",
        "cname-target: \"a..b\" is not allowed; a domain name, or \"\" for none; no address");
    bad("cname-target: .",
        "cname-target: \".\" is not allowed; a domain name, or \"\" for none; no address");
    bad("cname-target: 192.0.2.1",
        "cname-target: \"192.0.2.1\" is not allowed; a domain name, or \"\" for none; no address");
    bad("event-file: events.json", "event-file: \"events.json\" is not allowed; an absolute path "
                                   "of up to 255 octets, or \"\" for none");
    bad("redis-prefix: \"a b\"", "redis-prefix: \"a b\" is not allowed; 1 to 127 printable ASCII "
                                 "characters without spaces");
    bad("redis-prefix: \"\"", "redis-prefix: \"\" is not allowed; 1 to 127 printable ASCII "
                              "characters without spaces");
    bad("resolver-id: \xc3\xa9", "resolver-id: \"??\" is not allowed; 1 to 127 printable ASCII "
                                 "characters without spaces");
    bad("redis-user: a\x01", "redis-user: \"a?\" is not allowed; up to 127 octets without control "
                             "characters");
}
END_TEST

/* A value of n octets for the key: whether the value is accepted. */
static bool accepts(const char *key, size_t n)
{
    struct sw_settings settings;
    struct reports reports;
    char value[400] = "/";
    char line[500];
    memset(value + 1, 'v', n - 1);
    snprintf(line, sizeof(line), "%s: %s\n", key, value);
    enum sw_status status = read_text(line, &settings, &reports);
    ck_assert_uint_eq(reports.n, status == SW_OK ? 0 : 1);
    return status == SW_OK;
}

START_TEST(length_limits)
{
    ck_assert(accepts("redis-socket", 107)); /* sun_path */
    ck_assert(!accepts("redis-socket", 108));
    ck_assert(accepts("event-file", SW_PATH_MAX - 1));
    ck_assert(!accepts("event-file", SW_PATH_MAX));
    ck_assert(accepts("redis-password", SW_TEXT_MAX - 1));
    ck_assert(!accepts("redis-password", SW_TEXT_MAX));
    ck_assert(accepts("redis-prefix", SW_TEXT_MAX - 1));
    ck_assert(!accepts("redis-prefix", SW_TEXT_MAX));
}
END_TEST

START_TEST(password_is_never_told)
{
    bad("redis-password: \"s3cret\x01\"",
        "redis-password: this value is not allowed; up to 127 octets without control characters");
    bad("redis-password: s3cret more",
        "redis-password: more than one value; put a value with spaces into double quotes");
}
END_TEST

START_TEST(all_problems_are_reported_and_the_rest_applies)
{
    struct sw_settings s;
    struct reports reports;
    enum sw_status status = read_text("redis-port: 1234\n"
                                      "redis-port: 5678\n"
                                      "nonsense\n"
                                      "ede: maybe\n"
                                      "verbose: yes\n",
                                      &s, &reports);
    ck_assert_int_eq(status, SW_EINVAL);
    ck_assert_uint_eq(reports.n, 3);
    ck_assert_ptr_nonnull(
        strstr(reports.text[0], ":2: redis-port: given again; once is allowed, line 1 counts"));
    ck_assert_ptr_nonnull(strstr(reports.text[1], ":3: no key"));
    ck_assert_ptr_nonnull(strstr(reports.text[2], ":4: ede: \"maybe\" is not allowed"));
    ck_assert_uint_eq(s.redis_port, 1234);
    ck_assert(s.ede && s.verbose);
    ck_assert_int_eq(sw_settings_read(path, &s, NULL, NULL), SW_EINVAL); /* nobody listens */
}
END_TEST

START_TEST(zero_octets)
{
    static const char text[] = "verbose: yes\nredis-host: a\0b\nede: no\n";
    struct sw_settings s;
    struct reports reports = {0};
    write_n(text, sizeof(text) - 1);
    ck_assert_int_eq(sw_settings_read(path, &s, collect, &reports), SW_EINVAL);
    ck_assert_uint_eq(reports.n, 1);
    ck_assert_ptr_nonnull(strstr(reports.text[0], ":2: holds a zero octet"));
    ck_assert(s.verbose && !s.ede);
    ck_assert_str_eq(s.redis_host, "127.0.0.1");
}
END_TEST

/* Files that cannot be read: told, defaults, and never a wait. */
static void unreadable(const char *name, const char *words)
{
    struct sw_settings s, defaults;
    struct reports reports = {0};
    memset(&s, 0x5a, sizeof(s));
    ck_assert_int_eq(sw_settings_read(name, &s, collect, &reports), SW_EIO);
    ck_assert_uint_eq(reports.n, 1);
    ck_assert_msg(strstr(reports.text[0], words) != NULL, "%s", reports.text[0]);
    ck_assert_msg(strncmp(reports.text[0], name, strlen(name)) == 0, "%s", reports.text[0]);
    sw_settings_init(&defaults);
    ck_assert_mem_eq(&s, &defaults, sizeof(s));
}

START_TEST(unreadable_files)
{
    unreadable("/nonexistent/sinkwatch.conf", "No such file");
    unreadable("/", "not a regular file");
    unlink(path);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    unreadable(path, "not a regular file");
    unlink(path);
}
END_TEST

START_TEST(path_from_the_environment)
{
    setenv(SW_SETTINGS_ENV, "/x/y", 1);
    ck_assert_str_eq(sw_settings_path(), "/x/y");
    setenv(SW_SETTINGS_ENV, "", 1);
    ck_assert_str_eq(sw_settings_path(), SW_SETTINGS_DEFAULT);
    unsetenv(SW_SETTINGS_ENV);
    ck_assert_str_eq(sw_settings_path(), SW_SETTINGS_DEFAULT);
}
END_TEST

/* The example's lines "#key: value" without their '#'; the number of lines for each key. */
static size_t uncomment_example(FILE *out, unsigned *mentions)
{
    char name[600];
    char line[600];
    size_t n = 0;
    snprintf(name, sizeof(name), "%.*sconf/sinkwatch.conf",
             (int)(strlen(__FILE__) - strlen("tests/unit/test_settings.c")), __FILE__);
    FILE *in = fopen(name, "r");
    ck_assert_msg(in != NULL, "%s: run from the folder in which it was compiled", name);
    while (fgets(line, sizeof(line), in)) {
        if (line[0] != '#' || !islower((unsigned char)line[1]))
            continue;
        fputs(line + 1, out);
        n++;
        for (size_t i = 0; sw_settings_key(i); i++) {
            size_t len = strlen(sw_settings_key(i));
            mentions[i] += strncmp(line + 1, sw_settings_key(i), len) == 0 && line[len + 1] == ':';
        }
    }
    fclose(in);
    return n;
}

START_TEST(example_file_has_every_key_with_its_default)
{
    unsigned mentions[256] = {0};
    struct sw_settings s, d;
    struct reports reports = {0};
    FILE *out = fopen(path, "w");
    size_t lines = uncomment_example(out, mentions);
    size_t keys = 0;
    fclose(out);
    for (; sw_settings_key(keys); keys++)
        ck_assert_msg(mentions[keys] == 1, "%s: %u times", sw_settings_key(keys), mentions[keys]);
    ck_assert_uint_eq(lines, keys);
    ck_assert_msg(sw_settings_read(path, &s, collect, &reports) == SW_OK, "%s", reports.text[0]);
    sw_settings_init(&d);
    ck_assert_str_eq(s.redis_host, d.redis_host);
    ck_assert_uint_eq(s.redis_port, d.redis_port);
    ck_assert_str_eq(s.redis_prefix, d.redis_prefix);
    ck_assert_uint_eq(s.redis_timeout_ms, d.redis_timeout_ms);
    ck_assert_int_eq(s.redis_notices, d.redis_notices);
    ck_assert_int_eq(s.keep_lists, d.keep_lists);
    ck_assert_uint_eq(s.reconcile_s, d.reconcile_s);
    ck_assert_uint_eq(s.mmdb_check_s, d.mmdb_check_s);
    ck_assert_uint_eq(s.tracked_max, d.tracked_max);
    ck_assert_uint_eq(s.history_max, d.history_max);
    ck_assert_uint_eq(s.history_days, d.history_days);
    ck_assert_uint_eq(s.event_stream_max, d.event_stream_max);
    ck_assert_uint_eq(s.event_window_ms, d.event_window_ms);
    ck_assert_uint_eq(s.ring_kib, d.ring_kib);
    ck_assert_uint_eq(s.backlog_max, d.backlog_max);
    ck_assert(s.ede == d.ede && s.event_redis == d.event_redis && s.verbose == d.verbose);
}
END_TEST

int main(void)
{
    snprintf(path, sizeof(path), "/tmp/sinkwatch-settings-XXXXXX");
    int fd = mkstemp(path);
    if (fd < 0 || close(fd) != 0)
        return EXIT_FAILURE;
    int result = RUN_SUITE(
        "settings",
        TESTS(defaults_of_all_keys, client_groups, every_key_has_its_field, keys_of_classes,
              ways_to_write_a_line, keys_that_may_be_repeated, lines_that_are_none, unknown_keys,
              bad_values, length_limits, password_is_never_told,
              all_problems_are_reported_and_the_rest_applies, zero_octets, unreadable_files,
              path_from_the_environment, example_file_has_every_key_with_its_default));
    unlink(path);
    return result;
}
