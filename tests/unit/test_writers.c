/*
 * Writers of formats, as a property: whatever a list holds and says, each indicator is written or
 * refused with a reason, and a reader of the text gives exactly the written indicators again, with
 * the list's action and triggers, and with all facts that were not counted as left out.
 */
#include "formats/writer.h"

#include "suite.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW      INT64_C(1796000000000000)
#define ROUNDS   8  /* of each format */
#define ITEMS    40 /* indicators of a list */
#define OUT_MAX  (4 * ITEMS)
#define TEXT_MAX (512 * 1024)

static uint64_t seed;

static unsigned below(unsigned n)
{
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (unsigned)(seed >> 33) % n;
}

/* A line of the expected or the found list. */
struct item {
    char text[SW_INDICATORTEXT_MAX];
    unsigned triggers;
    json_t *facts;
    bool all_facts; /* of the facts none may be missing */
};

struct items {
    struct item item[OUT_MAX];
    size_t n;
};

static struct {
    char text[TEXT_MAX];
    size_t len;
} written;

static struct items expected, found;
static enum sw_meant meant;
static enum sw_action action;

static void take_text(void *arg, const char *p, size_t len)
{
    (void)arg;
    ck_assert_uint_lt(written.len + len, sizeof(written.text));
    memcpy(written.text + written.len, p, len);
    written.len += len;
    written.text[written.len] = '\0';
}

/* ---- lists of any content ---- */

static void add_label(char *text, size_t room)
{
    static const char *const labels[] = {"a",  "www",   "x-1",       "_dmarc", "xn--bcher-kva",
                                         "60", "in",    "a\\.b",     "\\032",  "\\\"q\\\"",
                                         "*",  "cname", "\\(\\;\\)", "\\255",  "\\$x\\@\\|"};
    char one[80];
    size_t len = 1 + below(60);
    unsigned pick = below(24);
    if (pick < sizeof(labels) / sizeof(labels[0])) {
        snprintf(one, sizeof(one), "%s.", strcmp(labels[pick], "*") ? labels[pick] : "\\*");
    } else {
        for (size_t i = 0; i < len; i++)
            one[i] = "abcxyz019-_"[below(11)];
        memcpy(one + len, ".", 2);
    }
    size_t at = strlen(text);
    ck_assert_uint_lt(at + strlen(one), room);
    snprintf(text + at, room - at, "%s", one);
}

static void make_text(char *text, size_t room)
{
    static const char *const others[] = {
        "192.0.2.1",       "198.51.100.0/24",  "0.0.0.0/1",       "2001:db8::1",
        "2001:db8::/32",   "::ffff:0:0/96",    "2001:0:0:1::/64", "::1",
        "1:2:3:4:5:6:7:8", "1:0:0:2:0:0:0:3",  "1:0:2:3:4:5:6:7", "AS64500",
        "AS4294967294",    "class:government", "country:RU",      "registrant:Acme, Ltd. & Söhne"};
    static const char *const ends[] = {"example",      "com",      "localhost",     "test.rpz-ip",
                                       "rpz-nsdname.", "evil.dll", "garden.example"};
    static const char *const forms[] = {"", "=", "*."};
    if (below(4) == 0) {
        snprintf(text, room, "%s", others[below(sizeof(others) / sizeof(others[0]))]);
        return;
    }
    snprintf(text, room, "%s", forms[below(3)]);
    for (unsigned n = below(5); n > 0; n--)
        add_label(text, room);
    size_t at = strlen(text);
    snprintf(text + at, room - at, "%s", ends[below(sizeof(ends) / sizeof(ends[0]))]);
}

static char *make_facts(void)
{
    static const char *const keys[] = {"campaign", "note",       "reference",  "tlp",  "confidence",
                                       "expires",  "first_seen", "last_seen",  "tags", "provider",
                                       "threat",   "updated",    "own-member", "url",  "malware"};
    static const char *const values[] = {"\"Carbanak\"",
                                         "\"one, \\\"two\\\"; three | four\"",
                                         "\"=HYPERLINK(1)\"",
                                         "\"two\\nlines\"",
                                         "\"B\\u00fccher \\u001b[31m\"",
                                         "\"2027-01-01T00:00:00Z\"",
                                         "\"amber\"",
                                         "80",
                                         "0.5",
                                         "[\"a\",\"b\"]",
                                         "{\"x\":1}",
                                         "true",
                                         "\"\"",
                                         "\"https://r.example/?a=1\""};
    char *text = malloc(1000);
    size_t at = 0;
    ck_assert_ptr_nonnull(text);
    text[0] = '\0';
    if (below(3) == 0)
        return text;
    if (below(20) == 0)
        return memcpy(text, "no JSON", sizeof("no JSON"));
    at += (size_t)snprintf(text, 1000, "{");
    size_t first = below(15), n = below(4);
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(text + at, 1000 - at, "%s\"%s\":%s", i ? "," : "",
                               keys[(first + i) % 15], values[below(14)]);
    snprintf(text + at, 1000 - at, "}");
    return text;
}

static void make_options(struct sw_writer_options *options, struct sw_policy *policy)
{
    const char *why;
    sw_policy_init(policy, "carbanak");
    policy->kind = below(8) ? SW_KIND_IOC : below(2) ? SW_KIND_ALLOW : SW_KIND_WATCH;
    policy->triggers =
        (uint8_t)(below(3) ? SW_TRIGGERS_DEFAULT : 1 + below((1u << SW_TRIGGER_COUNT) - 1));
    options->policy = policy;
    options->action = policy->kind == SW_KIND_ALLOW ? SW_ACTION_PASSTHRU : below(SW_ACTION_COUNT);
    options->narrow = below(2);
    options->serial = 7;
    options->now_us = NOW;
    ck_assert_int_eq(sw_name_parse("rpz.local", 9, &options->origin, &why), SW_OK);
    if (below(4))
        ck_assert_int_eq(sw_addr_parse("192.0.2.53", 10, &options->sinkhole4, &why), SW_OK);
    if (below(2))
        ck_assert_int_eq(sw_addr_parse("2001:db8::53", 12, &options->sinkhole6, &why), SW_OK);
    if (below(4))
        ck_assert_int_eq(sw_name_parse("garden.example", 14, &options->cname, &why), SW_OK);
}

/* ---- the expected list ---- */

static void expect(const char *text, unsigned triggers, const char *facts, bool all_facts)
{
    struct item *item = &expected.item[expected.n++];
    ck_assert_uint_le(expected.n, OUT_MAX);
    snprintf(item->text, sizeof(item->text), "%s", text);
    item->triggers = triggers;
    item->facts = json_loads(facts, 0, NULL);
    item->all_facts = all_facts;
}

/* As many lines as RPZ has owners. */
static void expect_rpz(const struct sw_indicator *indicator, unsigned triggers)
{
    const unsigned names = SW_TRIGGER_BIT(SW_TRIGGER_QNAME) | SW_TRIGGER_BIT(SW_TRIGGER_CNAME);
    char text[SW_INDICATORTEXT_MAX];
    for (enum sw_trigger t = SW_TRIGGER_QNAME; t < SW_TRIGGER_COUNT; t++) {
        bool by_name = t == SW_TRIGGER_QNAME || t == SW_TRIGGER_NSDNAME;
        unsigned bits = t == SW_TRIGGER_QNAME ? names : SW_TRIGGER_BIT(t);
        bool domain = indicator->type == SW_INDICATOR_DOMAIN;
        if (!(triggers & bits) || by_name != domain || t == SW_TRIGGER_CNAME || t == SW_TRIGGER_ASN)
            continue;
        if (!domain)
            expect(sw_indicator_text(indicator, text), bits, "", false);
        if (domain && indicator->form != SW_FORM_BELOW)
            expect(sw_domain_text(SW_FORM_EXACT, indicator->name.wire, text), bits, "", false);
        if (domain && indicator->form != SW_FORM_EXACT)
            expect(sw_domain_text(SW_FORM_BELOW, indicator->name.wire, text), bits, "", false);
    }
}

/* Put a list of any content through a writer, and note what was written. */
static void write_list(enum sw_format format)
{
    struct sw_writer_options options = {.format = format};
    struct sw_policy policy;
    make_options(&options, &policy);
    struct sw_format_writer *writer = sw_writer_new(&options, take_text, NULL);
    const struct sw_writer_counts *counts = sw_writer_counts(writer);
    meant = policy.kind == SW_KIND_ALLOW || options.action == SW_ACTION_PASSTHRU
                ? SW_MEANT_EXCEPTION
                : SW_MEANT_ACTION;
    action = options.action;
    for (int i = 0; i < ITEMS; i++) {
        char text[SW_INDICATORTEXT_MAX] = "", why[SW_WHY_MAX];
        struct sw_indicator indicator;
        make_text(text, sizeof(text));
        if (sw_indicator_parse(text, strlen(text), &indicator, why) != SW_OK)
            continue; /* over 255 octets */
        char *facts = make_facts();
        size_t before = written.len;
        struct sw_writer_counts was = *counts;
        const char *no = sw_writer_put(writer, &indicator, facts);
        ck_assert(no ? written.len == before && no[0] : written.len > before);
        ck_assert_uint_eq(counts->written - was.written, !no);
        if (counts->narrowed > was.narrowed)
            indicator.form = SW_FORM_EXACT;
        if (!no && format == SW_FORMAT_RPZ)
            expect_rpz(&indicator, policy.triggers);
        else if (!no)
            expect(sw_indicator_text(&indicator, text), 0, facts, counts->facts == was.facts);
        free(facts);
    }
    sw_writer_end(writer);
    sw_writer_free(writer);
}

/* ---- the list that is read ---- */

static void on_entry(void *arg, const struct sw_entry *entry)
{
    struct item *item = &found.item[found.n++];
    enum sw_format format = *(enum sw_format *)arg;
    ck_assert_uint_le(found.n, OUT_MAX);
    sw_indicator_text(&entry->indicator, item->text);
    item->facts = json_loads(entry->facts, 0, NULL);
    item->triggers = entry->triggers;
    bool says = format == SW_FORMAT_RPZ || format == SW_FORMAT_DNSMASQ;
    if (format == SW_FORMAT_ADBLOCK)
        ck_assert_int_eq(entry->meant, meant == SW_MEANT_EXCEPTION ? meant : SW_MEANT_LISTED);
    if (says)
        ck_assert_int_eq(entry->meant, meant);
    if (says && meant == SW_MEANT_ACTION)
        ck_assert_int_eq(entry->action, action);
}

static void on_reject(void *arg, const struct sw_rejection *rejection)
{
    (void)arg;
    ck_assert_msg(rejection->reject == SW_REJECT_FILE, "the writer's own text is refused: %s: %.*s",
                  rejection->why, (int)rejection->text_len, rejection->text);
}

static void read_back(enum sw_format format, bool named)
{
    struct sw_reader_options options = {.format = named ? format : SW_FORMAT_AUTO};
    struct sw_reader_hooks hooks = {&format, on_entry, on_reject};
    struct sw_reader *reader = sw_reader_new(&options, &hooks);
    ck_assert_int_eq(sw_reader_feed(reader, written.text, written.len), SW_OK);
    ck_assert_int_eq(sw_reader_end(reader), SW_OK);
    sw_reader_free(reader);
}

/* ---- comparison ---- */

static int by_text(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    int order = strcmp(x->text, y->text);
    return order ? order : (int)x->triggers - (int)y->triggers;
}

/* A fact as a text: CSV makes texts of numbers. */
static char *plain_value(const json_t *value)
{
    return json_is_string(value) ? strdup(json_string_value(value))
                                 : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
}

/* Each fact that was found is the list's own, and none is missing where none was left out. */
static void compare_facts(enum sw_format format, const struct item *was, const struct item *is)
{
    const char *fact;
    json_t *value;
    json_object_foreach(is->facts, fact, value)
    {
        json_t *own = json_object_get(was->facts, fact);
        bool added = (format == SW_FORMAT_MISP && strcmp(fact, "campaign") == 0) ||
                     (format == SW_FORMAT_STIX && strcmp(fact, "first_seen") == 0) ||
                     (format == SW_FORMAT_RPZ && strcmp(fact, "rpz") == 0) ||
                     (json_is_integer(own) && strstr(fact, "_seen")); /* becomes a time */
        char *a = own ? plain_value(own) : NULL, *b = plain_value(value);
        if (!own || strcmp(a, b) != 0)
            ck_assert_msg(added, "%s: %s became %s: %s", is->text, fact, b, written.text);
        free(a);
        free(b);
    }
    json_object_foreach(was->facts, fact, value)
    {
        bool empty = json_is_string(value) && json_string_length(value) == 0;
        const char *back = strcmp(fact, "own-member") == 0 ? "" : fact;
        if (was->all_facts && back[0] && !empty)
            ck_assert_msg(json_object_get(is->facts, fact) != NULL, "%s lost %s: %s", is->text,
                          fact, written.text);
    }
}

/* Equal lists; a line that is there twice counts once, and its facts are then not compared. */
static void compare(enum sw_format format)
{
    size_t e = 0, f = 0;
    qsort(expected.item, expected.n, sizeof(expected.item[0]), by_text);
    qsort(found.item, found.n, sizeof(found.item[0]), by_text);
    while (e < expected.n || f < found.n) {
        const struct item *was = &expected.item[e], *is = &found.item[f];
        bool file =
            e < expected.n && strstr(was->text, ".dll") && (f == found.n || by_text(was, is) < 0);
        if (file) {
            e++;
            continue;
        }
        ck_assert_msg(e < expected.n && f < found.n && by_text(was, is) == 0,
                      "%s: written %s, read %s:\n%s", sw_format_name(format),
                      e < expected.n ? was->text : "nothing", f < found.n ? is->text : "nothing",
                      written.text);
        size_t e0 = e, f0 = f;
        while (e < expected.n && by_text(&expected.item[e], was) == 0)
            e++;
        while (f < found.n && by_text(&found.item[f], is) == 0)
            f++;
        if (e - e0 == 1 && f - f0 == 1)
            compare_facts(format, was, is);
    }
}

static void forget(struct items *items)
{
    for (size_t i = 0; i < items->n; i++)
        json_decref(items->item[i].facts);
    items->n = 0;
}

static const enum sw_format writable[] = {SW_FORMAT_PLAIN,   SW_FORMAT_HOSTS, SW_FORMAT_RPZ,
                                          SW_FORMAT_CSV,     SW_FORMAT_JSON,  SW_FORMAT_ADBLOCK,
                                          SW_FORMAT_DNSMASQ, SW_FORMAT_MISP,  SW_FORMAT_STIX};

START_TEST(a_reader_gives_the_written_indicators_again)
{
    enum sw_format format = writable[_i];
    uint64_t lines = 0;
    ck_assert(sw_format_writable(format));
    for (unsigned round = 0; round < ROUNDS; round++) {
        seed = round * 977 + (unsigned)_i;
        written.len = 0;
        write_list(format);
        lines += expected.n;
        read_back(format, true);
        compare(format);
        forget(&expected);
        forget(&found);
    }
    ck_assert_uint_gt(lines, 0);
}
END_TEST

/* ---- formats as others read them ---- */

static void put(struct sw_format_writer *writer, const char *text, const char *facts,
                const char *why_not)
{
    struct sw_indicator indicator;
    char why[SW_WHY_MAX];
    ck_assert_int_eq(sw_indicator_parse(text, strlen(text), &indicator, why), SW_OK);
    const char *no = sw_writer_put(writer, &indicator, facts);
    if (!why_not)
        ck_assert_msg(!no, "%s: %s", text, no);
    else
        ck_assert_msg(no && strstr(no, why_not), "%s: %s, not %s", text, no, why_not);
}

static struct sw_format_writer *begin(enum sw_format format, enum sw_action wanted)
{
    static struct sw_policy policy;
    struct sw_writer_options options = {
        .format = format, .policy = &policy, .action = wanted, .serial = 2026113001, .now_us = NOW};
    const char *why;
    sw_policy_init(&policy, "carbanak");
    policy.triggers = (1u << SW_TRIGGER_COUNT) - 1;
    written.len = 0;
    written.text[0] = '\0';
    ck_assert_int_eq(sw_name_parse("rpz.local", 9, &options.origin, &why), SW_OK);
    return sw_writer_new(&options, take_text, NULL);
}

static void finish(struct sw_format_writer *writer, const char *text)
{
    sw_writer_end(writer);
    sw_writer_free(writer);
    ck_assert_str_eq(written.text, text);
}

START_TEST(a_zone_is_as_its_standard_says)
{
    struct sw_format_writer *writer = begin(SW_FORMAT_RPZ, SW_ACTION_NXDOMAIN);
    put(writer, "a.example", "", NULL);
    put(writer, "192.0.2.0/24", "", NULL);
    put(writer, "2001:0:0:1:0:0:0:8", "", NULL);
    put(writer, "AS64500", "", "AS number");
    put(writer, "x.rpz-ip", "", "trigger");
    put(writer, "=\\*.a.example", "", "wildcard");
    finish(writer, "$ORIGIN rpz.local.\n$TTL 60\n@ SOA localhost. hostmaster.localhost. 2026113001 "
                   "3600 600 2592000 60\n@ NS localhost.\n"
                   "a.example CNAME .\n*.a.example CNAME .\na.example.rpz-nsdname CNAME .\n"
                   "*.a.example.rpz-nsdname CNAME .\n24.0.2.0.192.rpz-ip CNAME .\n"
                   "24.0.2.0.192.rpz-nsip CNAME .\n24.0.2.0.192.rpz-client-ip CNAME .\n"
                   "128.8.zz.1.0.0.2001.rpz-ip CNAME .\n128.8.zz.1.0.0.2001.rpz-nsip CNAME .\n"
                   "128.8.zz.1.0.0.2001.rpz-client-ip CNAME .\n");
}
END_TEST

START_TEST(what_a_format_cannot_say_has_a_reason)
{
    struct sw_format_writer *writer = begin(SW_FORMAT_RPZ, SW_ACTION_MONITOR);
    put(writer, "a.example", "", "--action");
    sw_writer_free(writer);
    writer = begin(SW_FORMAT_HOSTS, SW_ACTION_MONITOR);
    put(writer, "a.example", "", "--narrow");
    put(writer, "*.a.example", "", "names below");
    put(writer, "=localhost", "", "machine itself");
    put(writer, "=a.example", "", NULL);
    finish(writer, "0.0.0.0 a.example\n");
    writer = begin(SW_FORMAT_HOSTS, SW_ACTION_PASSTHRU);
    put(writer, "=a.example", "", "exempts");
    finish(writer, "");
    writer = begin(SW_FORMAT_DNSMASQ, SW_ACTION_SINKHOLE);
    put(writer, "=a.example", "", "a name alone");
    put(writer, "a.example", "", NULL);
    finish(writer, "address=/a.example/#\n");
}
END_TEST

START_TEST(facts_never_become_formulas_or_lines)
{
    struct sw_format_writer *writer = begin(SW_FORMAT_CSV, SW_ACTION_MONITOR);
    put(writer, "a.example", "{\"note\":\"=cmd()\",\"campaign\":\"x\"}", NULL);
    put(writer, "b.example", "{\"note\":\"1\\n2\"}", NULL);
    put(writer, "c.example", "{\"note\":\"one, \\\"two\\\"\",\"confidence\":80}", NULL);
    ck_assert_uint_eq(sw_writer_counts(writer)->facts, 2);
    finish(writer, "indicator,first_seen,last_seen,updated,confidence,reference,campaign,threat,"
                   "tlp,provider,expires,note,tags\na.example,,,,,,x,,,,,,\nb.example,,,,,,,,,,,,\n"
                   "c.example,,,,80,,,,,,,\"one, \"\"two\"\"\",\n");
    writer = begin(SW_FORMAT_JSON, SW_ACTION_MONITOR);
    put(writer, "a.example", "{\"note\":\"\\u009b31m\",\"url\":\"x\"}", NULL);
    ck_assert_uint_eq(sw_writer_counts(writer)->facts, 1);
    finish(writer, "{\"indicator\":\"a.example\",\"note\":\"\\u009B31m\"}\n");
}
END_TEST

int main(void)
{
    return RUN_SUITE("writers", TIMEOUT(120),
                     LOOP(a_reader_gives_the_written_indicators_again, COUNT(writable)),
                     TESTS(a_zone_is_as_its_standard_says, what_a_format_cannot_say_has_a_reason,
                           facts_never_become_formulas_or_lines));
}
