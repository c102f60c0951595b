/*
 * test_document.c - events, anomalies and losses as JSON: names, values, left-out members, and an
 * explanation of every field in module/REDIS.md.
 */
#include "journal_rig.h"

#include "journal/dnstext.h"
#include "journal/document.h"
#include "journal/json.h"
#include "suite.h"

static struct sw_writer writer = {.observer = "ns1", .started_us = 0x1234, .sequence = 5};

static size_t len; /* of the document made last */

static json_t *parse(char *text)
{
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_eq(strlen(text), len);
    ck_assert_ptr_null(strchr(text, '\n'));
    json_t *object = json_loads(text, 0, NULL);
    ck_assert_ptr_nonnull(object);
    free(text);
    return object;
}

static json_t *event_json(const struct sw_event *ev, const struct sw_owned *owned, size_t n)
{
    struct sw_record *record = sw_record_new(ev, NULL);
    record->count = 12;
    record->last_us += 500000;
    json_t *json = parse(sw_document_event(&writer, record, owned, n, &len));
    free(record);
    return json;
}

static struct sw_owned owned_rtcomm(void)
{
    struct sw_owned owned = {.addr = jr_addr("213.24.76.23"),
                             .owner = {.prefix = jr_addr("213.24.76.0/23"),
                                       .asn = 8342,
                                       .org = "RTComm.RU",
                                       .registered = jr_addr("213.24.76.0/24"),
                                       .registrant = "Example Agency",
                                       .netname = "EXAMPLE",
                                       .country = "RU"}};
    return owned;
}

START_TEST(a_hit_in_full)
{
    struct sw_event ev;
    struct sw_owned owned = owned_rtcomm();
    jr_fill(&(struct jr_event){.qname = "www.systemsvc.net",
                               .list = "carbanak",
                               .indicator = "systemsvc.net",
                               .alias = "edge.example.net",
                               .address = {"213.24.76.23", "2001:db8::1"},
                               .time_us = INT64_C(1795395723456000)},
            &ev);
    ev.action_wanted = SW_ACTION_SINKHOLE;
    ev.action_taken = SW_ACTION_SINKHOLE;
    ev.ede = 15;
    ev.flags |= SW_EVENT_TCP;
    struct sw_event_hit second = {.trigger = SW_TRIGGER_ASN,
                                  .list = "as",
                                  .indicator = "AS8342",
                                  .action = SW_ACTION_MONITOR};
    sw_event_put_hit(&ev, &second);
    json_t *json = event_json(&ev, &owned, 1);
    ck_assert_str_eq(jr_text(json, "@timestamp"), "2026-11-23T01:02:03.456Z");
    ck_assert_str_eq(jr_text(json, "event.kind"), "alert");
    ck_assert_str_eq(jr_text(json, "event.category.0"), "network");
    ck_assert_str_eq(jr_text(json, "event.type.0"), "denied");
    ck_assert_str_eq(jr_text(json, "event.action"), "sinkhole");
    ck_assert_str_eq(jr_text(json, "client.ip"), "192.0.2.53");
    ck_assert_int_eq(jr_number(json, "client.port"), 40000);
    ck_assert_str_eq(jr_text(json, "network.transport"), "tcp");
    ck_assert_str_eq(jr_text(json, "dns.question.name"), "www.systemsvc.net");
    ck_assert_str_eq(jr_text(json, "dns.question.type"), "A");
    ck_assert_ptr_null(jr_at(json, "dns.question.class"));
    ck_assert_str_eq(jr_text(json, "dns.response_code"), "NOERROR");
    ck_assert_str_eq(jr_text(json, "dns.answers.0.type"), "CNAME");
    ck_assert_str_eq(jr_text(json, "dns.answers.0.data"), "edge.example.net");
    ck_assert_str_eq(jr_text(json, "dns.answers.1.type"), "A");
    ck_assert_str_eq(jr_text(json, "dns.answers.2.type"), "AAAA");
    ck_assert_str_eq(jr_text(json, "dns.resolved_ip.0"), "213.24.76.23");
    ck_assert_str_eq(jr_text(json, "dns.resolved_ip.1"), "2001:db8::1");
    ck_assert_str_eq(jr_text(json, "threat.indicator.type"), "domain-name");
    ck_assert_str_eq(jr_text(json, "threat.indicator.name"), "systemsvc.net");
    ck_assert_int_eq(jr_number(json, "threat.indicator.as.number"), 8342);
    ck_assert_str_eq(jr_text(json, "threat.indicator.as.organization.name"), "RTComm.RU");
    ck_assert_str_eq(jr_text(json, "threat.feed.name"), "carbanak");
    ck_assert_str_eq(jr_text(json, "observer.name"), "ns1");
    ck_assert_str_eq(jr_text(json, "observer.product"), "sinkwatch");
    ck_assert_str_eq(jr_text(json, "sinkwatch.action.wanted"), "sinkhole");
    ck_assert_str_eq(jr_text(json, "sinkwatch.action.taken"), "sinkhole");
    ck_assert(json_is_false(jr_at(json, "sinkwatch.shadow")));
    ck_assert_str_eq(jr_text(json, "sinkwatch.trigger"), "qname");
    ck_assert_str_eq(jr_text(json, "sinkwatch.list"), "carbanak");
    ck_assert_str_eq(jr_text(json, "sinkwatch.indicator"), "systemsvc.net");
    ck_assert_str_eq(jr_text(json, "sinkwatch.chain.0"), "edge.example.net");
    ck_assert_int_eq(jr_number(json, "sinkwatch.count"), 12);
    ck_assert_str_eq(jr_text(json, "sinkwatch.first"), "2026-11-23T01:02:03.456Z");
    ck_assert_str_eq(jr_text(json, "sinkwatch.last"), "2026-11-23T01:02:03.956Z");
    ck_assert_str_eq(jr_text(json, "sinkwatch.dnssec"), "insecure");
    ck_assert_int_eq(jr_number(json, "sinkwatch.ede"), 15);
    ck_assert_uint_eq(json_array_size(jr_at(json, "sinkwatch.hits")), 2);
    ck_assert(json_is_true(jr_at(json, "sinkwatch.hits.0.winner")));
    ck_assert_str_eq(jr_text(json, "sinkwatch.hits.1.list"), "as");
    ck_assert_str_eq(jr_text(json, "sinkwatch.hits.1.indicator"), "AS8342");
    ck_assert_str_eq(jr_text(json, "sinkwatch.hits.1.kind"), "ioc");
    ck_assert_str_eq(jr_text(json, "sinkwatch.hits.1.trigger"), "asn");
    ck_assert_str_eq(jr_text(json, "sinkwatch.hits.1.action"), "monitor");
    ck_assert(json_is_false(jr_at(json, "sinkwatch.hits.1.winner")));
    ck_assert_str_eq(jr_text(json, "sinkwatch.owners.0.ip"), "213.24.76.23");
    ck_assert_str_eq(jr_text(json, "sinkwatch.owners.0.prefix"), "213.24.76.0/23");
    ck_assert_int_eq(jr_number(json, "sinkwatch.owners.0.as.number"), 8342);
    ck_assert_str_eq(jr_text(json, "sinkwatch.owners.0.as.organization.name"), "RTComm.RU");
    ck_assert_str_eq(jr_text(json, "sinkwatch.owners.0.registered"), "213.24.76.0/24");
    ck_assert_str_eq(jr_text(json, "sinkwatch.owners.0.registrant"), "Example Agency");
    ck_assert_str_eq(jr_text(json, "sinkwatch.owners.0.netname"), "EXAMPLE");
    ck_assert_str_eq(jr_text(json, "sinkwatch.owners.0.country"), "RU");
    ck_assert_ptr_null(jr_at(json, "sinkwatch.truncated"));
    ck_assert_ptr_null(jr_at(json, "sinkwatch.unjudged"));
    json_decref(json);
}
END_TEST

START_TEST(what_does_not_apply_is_left_out)
{
    struct sw_event ev;
    sw_event_init(&ev, SW_EVENT_HIT, 0);
    ev.qclass = 3;
    ev.qtype = 65280;
    ev.flags = SW_EVENT_TRUNCATED | SW_EVENT_SHADOW;
    ev.unjudged = 3922;
    ev.action_wanted = SW_ACTION_NXDOMAIN;
    ev.action_taken = SW_ACTION_MONITOR;
    json_t *json = event_json(&ev, NULL, 0);
    ck_assert_str_eq(jr_text(json, "event.kind"), "event");
    ck_assert_str_eq(jr_text(json, "event.type.0"), "allowed");
    ck_assert_str_eq(jr_text(json, "dns.question.type"), "TYPE65280");
    ck_assert_str_eq(jr_text(json, "dns.question.class"), "CH");
    ck_assert(json_is_true(jr_at(json, "sinkwatch.shadow")));
    ck_assert(json_is_true(jr_at(json, "sinkwatch.truncated")));
    ck_assert_int_eq(jr_number(json, "sinkwatch.unjudged"), 3922);
    static const char *const absent[] = {"client",
                                         "network",
                                         "dns.question.name",
                                         "dns.response_code",
                                         "dns.answers",
                                         "dns.resolved_ip",
                                         "threat",
                                         "sinkwatch.list",
                                         "sinkwatch.chain",
                                         "sinkwatch.hits",
                                         "sinkwatch.owners",
                                         "sinkwatch.ede",
                                         "sinkwatch.dnssec"};
    for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
        ck_assert_msg(!jr_at(json, absent[i]), "%s is there", absent[i]);
    json_decref(json);
}
END_TEST

START_TEST(kinds_of_indicator)
{
    static const struct {
        const char *indicator, *type;
        long long asn;
        enum sw_trigger trigger;
    } cases[] = {
        {"213.24.76.0/24", "ipv4-addr", 8342, SW_TRIGGER_ADDRESS},
        {"2001:db8::/32", "ipv6-addr", 8342, SW_TRIGGER_ADDRESS},
        {"AS8342", "autonomous-system", 8342, SW_TRIGGER_ASN},
        {"AS64500", "autonomous-system", 64500, SW_TRIGGER_ASN},
        {"192.0.2.0/24", "ipv4-addr", 8342, SW_TRIGGER_CLIENT},
        {"=a.test", "domain-name", 8342, SW_TRIGGER_QNAME},
        {"*.a.test", "domain-name", 8342, SW_TRIGGER_NSDNAME},
    };
    struct sw_owned owned = owned_rtcomm();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sw_event ev;
        jr_fill(&(struct jr_event){.qname = "a.test",
                                   .list = "l",
                                   .indicator = cases[i].indicator,
                                   .trigger = cases[i].trigger,
                                   .address = {"213.24.76.23"}},
                &ev);
        json_t *json = event_json(&ev, &owned, 1);
        ck_assert_str_eq(jr_text(json, "threat.indicator.type"), cases[i].type);
        ck_assert_str_eq(jr_text(json, "threat.indicator.name"), cases[i].indicator);
        ck_assert_int_eq(jr_number(json, "threat.indicator.as.number"), cases[i].asn);
        json_decref(json);
    }
}
END_TEST

START_TEST(allow_and_answers_are_no_alerts)
{
    struct sw_event ev;
    jr_fill(
        &(struct jr_event){
            .qname = "a.test", .list = "ok", .indicator = "a.test", .kind = SW_KIND_ALLOW},
        &ev);
    json_t *json = event_json(&ev, NULL, 0);
    ck_assert_str_eq(jr_text(json, "event.kind"), "event");
    ck_assert_ptr_null(jr_at(json, "threat"));
    ck_assert_str_eq(jr_text(json, "sinkwatch.list"), "ok");
    json_decref(json);
    jr_fill(&(struct jr_event){.type = SW_EVENT_ANSWER, .qname = "a.test"}, &ev);
    json = event_json(&ev, NULL, 0);
    ck_assert_str_eq(jr_text(json, "event.kind"), "event");
    ck_assert_str_eq(jr_text(json, "event.action"), "answer");
    ck_assert_str_eq(jr_text(json, "event.type.0"), "info");
    ck_assert_ptr_null(jr_at(json, "client"));
    ck_assert_ptr_null(jr_at(json, "sinkwatch.action"));
    json_decref(json);
}
END_TEST

START_TEST(hints_are_not_called_addresses)
{
    struct sw_event ev;
    jr_fill(&(struct jr_event){.qname = "a.test", .address = {"192.0.2.1"}}, &ev);
    ev.qtype = 65;
    json_t *json = event_json(&ev, NULL, 0);
    ck_assert_str_eq(jr_text(json, "dns.question.type"), "HTTPS");
    ck_assert_str_eq(jr_text(json, "dns.answers.0.type"), "HTTPS");
    json_decref(json);
}
END_TEST

START_TEST(odd_octets_still_make_json)
{
    struct sw_event ev;
    struct sw_owned owned = owned_rtcomm();
    snprintf(owned.owner.org, sizeof(owned.owner.org), "caf\xe9 \"x\"\n");
    jr_fill(&(struct jr_event){.qname = "a\\000\\\"b\\255.test", .address = {"192.0.2.1"}}, &ev);
    json_t *json = event_json(&ev, &owned, 1);
    ck_assert_str_eq(jr_text(json, "sinkwatch.owners.0.as.organization.name"), "caf? \"x\"\n");
    ck_assert_ptr_nonnull(strstr(jr_text(json, "dns.question.name"), "\\255.test"));
    json_decref(json);
}
END_TEST

static json_t *one_text(const char *text)
{
    struct sw_json json;
    sw_json_begin(&json);
    sw_put_text(&json, SW_FIELD_EVENT_ACTION, text);
    return parse(sw_json_end(&json, &len));
}

static void expect_text(const char *in, const char *out)
{
    json_t *json = one_text(in);
    ck_assert_str_eq(jr_text(json, "event.action"), out);
    json_decref(json);
}

START_TEST(texts_are_escaped_and_valid)
{
    expect_text("a\"b\\c\x01\x1f\x7f/", "a\"b\\c\x01\x1f\x7f/");
    expect_text("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
    expect_text("\xc3", "?");                /* cut short */
    expect_text("x\xe2\x82", "x??");         /* cut short */
    expect_text("\xc0\xaf", "??");           /* longer than needed */
    expect_text("\xed\xa0\x80", "???");      /* a surrogate */
    expect_text("\xf4\x90\x80\x80", "????"); /* beyond U+10FFFF */
    expect_text("\xff\x80", "??");
}
END_TEST

/* Each ASCII character at each place of texts of each length comes back. */
START_TEST(any_character_at_any_place)
{
    for (size_t n = 1; n <= 20; n++)
        for (size_t at = 0; at < n; at++)
            for (char c = 1; c < 0x7f; c++) {
                char text[24];
                memset(text, '~', n);
                text[n] = '\0';
                text[at] = c;
                expect_text(text, text);
            }
}
END_TEST

/* With any octets the written document parses. */
START_TEST(any_octets_make_json)
{
    srand(11);
    for (int i = 0; i < 20000; i++) {
        char text[16];
        int n = 1 + rand() % 14;
        for (int k = 0; k < n; k++)
            text[k] = (char)(rand() % 3 ? 0x80 + rand() % 128 : 1 + rand() % 127);
        text[n] = '\0';
        json_decref(one_text(text));
    }
}
END_TEST

START_TEST(objects_open_and_close_on_the_way)
{
    struct sw_json json;
    sw_json_begin(&json);
    sw_put_number(&json, SW_FIELD_INDICATOR_ASN, UINT64_MAX);
    sw_put_text(&json, SW_FIELD_INDICATOR_ORG, "o");
    sw_put_text(&json, SW_FIELD_FEED_NAME, ""); /* left out */
    sw_array_begin(&json, SW_FIELD_CHAIN);      /* left out, too */
    sw_array_end(&json);
    sw_put_number(&json, SW_FIELD_COUNT, 0);
    sw_array_begin(&json, SW_FIELD_OWNERS);
    sw_array_object(&json);
    sw_put_number(&json, SW_FIELD_OWNER_ASN, 1);
    sw_object_end(&json);
    sw_array_object(&json);
    sw_object_end(&json);
    sw_array_end(&json);
    sw_put_bool(&json, SW_FIELD_TRUNCATED, true);
    char *text = sw_json_end(&json, &len);
    ck_assert_str_eq(text, "{\"threat\":{\"indicator\":{\"as\":{\"number\":18446744073709551615,"
                           "\"organization\":{\"name\":\"o\"}}}},\"sinkwatch\":{\"count\":0,"
                           "\"owners\":[{\"as\":{\"number\":1}},{}],\"truncated\":true}}");
    free(text);
    sw_json_begin(&json);
    text = sw_json_end(&json, &len);
    ck_assert_str_eq(text, "{}");
    free(text);
}
END_TEST

static char *of_fields(const enum sw_field *field, size_t n)
{
    struct sw_json json;
    sw_json_begin(&json);
    for (size_t i = 0; i < n; i++)
        sw_put_number(&json, field[i], i);
    return sw_json_end(&json, &len);
}

/* The text between two members depends on both, after any earlier documents. */
START_TEST(members_after_different_ones)
{
    static const enum sw_field a[] = {SW_FIELD_QUESTION_NAME, SW_FIELD_QUESTION_TYPE,
                                      SW_FIELD_LIST};
    static const enum sw_field b[] = {SW_FIELD_EVENT_KIND, SW_FIELD_QUESTION_TYPE, SW_FIELD_COUNT};
    for (int i = 0; i < 3; i++) {
        char *text = of_fields(a, 3);
        ck_assert_str_eq(text, "{\"dns\":{\"question\":{\"name\":0,\"type\":1}},"
                               "\"sinkwatch\":{\"list\":2}}");
        free(text);
        text = of_fields(b, 3);
        ck_assert_str_eq(text, "{\"event\":{\"kind\":0},\"dns\":{\"question\":{\"type\":1}},"
                               "\"sinkwatch\":{\"count\":2}}");
        free(text);
        text = of_fields(a + 1, 2);
        ck_assert_str_eq(text, "{\"dns\":{\"question\":{\"type\":0}},\"sinkwatch\":{\"list\":1}}");
        free(text);
    }
}
END_TEST

START_TEST(ids_are_unique)
{
    json_t *a = parse(sw_document_lost(&writer, 3, "ring", 0, &len));
    json_t *b = parse(sw_document_lost(&writer, 3, "ring", 0, &len));
    ck_assert_str_ne(jr_text(a, "event.id"), jr_text(b, "event.id"));
    ck_assert_int_eq(strncmp(jr_text(a, "event.id"), "ns1-1234-", 9), 0);
    ck_assert_str_eq(jr_text(a, "event.action"), "events-lost");
    ck_assert_int_eq(jr_number(a, "sinkwatch.lost"), 3);
    ck_assert_str_eq(jr_text(a, "sinkwatch.lost_where"), "ring");
    json_decref(a);
    json_decref(b);
}
END_TEST

START_TEST(an_anomaly_in_full)
{
    static const char *const names[] = {"a.test", "b.test"};
    struct sw_owned owned = owned_rtcomm();
    struct sw_anomaly anomaly = {.type = SW_ANOMALY_PROTECTED_OWNER,
                                 .addr = owned.addr,
                                 .list = "agencies",
                                 .protected_owner = "Example Agency",
                                 .protected_by = "213.24.76.0/24",
                                 .known_list = "sinkholes",
                                 .known_owner = "Example Sinkhole",
                                 .other_names = 7};
    struct sw_name_addr seen = {.addr = owned.addr, .owner = owned.owner, .count = 4};
    struct sw_anomaly_report report = {.anomaly = &anomaly,
                                       .name = "systemsvc.net",
                                       .list = "carbanak",
                                       .indicator = "systemsvc.net",
                                       .owner = &owned.owner,
                                       .count = 4,
                                       .names = names,
                                       .names_n = 2,
                                       .history = &seen,
                                       .history_n = 1};
    json_t *json = parse(sw_document_anomaly(&writer, &report, &len));
    ck_assert_str_eq(jr_text(json, "event.kind"), "event"); /* a known list explains it */
    ck_assert_int_eq(jr_number(json, "event.severity"), 10);
    ck_assert_str_eq(jr_text(json, "event.action"), "protected-owner");
    ck_assert_str_eq(jr_text(json, "threat.feed.name"), "carbanak");
    ck_assert_int_eq(jr_number(json, "threat.indicator.as.number"), 8342);
    ck_assert_str_eq(jr_text(json, "sinkwatch.anomaly.type"), "protected-owner");
    ck_assert_str_eq(jr_text(json, "sinkwatch.anomaly.name"), "systemsvc.net");
    ck_assert_str_eq(jr_text(json, "sinkwatch.anomaly.address"), "213.24.76.23");
    ck_assert_str_eq(jr_text(json, "sinkwatch.anomaly.owner.registrant"), "Example Agency");
    ck_assert_int_eq(jr_number(json, "sinkwatch.anomaly.owner.as.number"), 8342);
    ck_assert_str_eq(jr_text(json, "sinkwatch.anomaly.protected.list"), "agencies");
    ck_assert_str_eq(jr_text(json, "sinkwatch.anomaly.protected.owner"), "Example Agency");
    ck_assert_str_eq(jr_text(json, "sinkwatch.anomaly.protected.indicator"), "213.24.76.0/24");
    ck_assert_str_eq(jr_text(json, "sinkwatch.anomaly.names.1"), "b.test");
    ck_assert_int_eq(jr_number(json, "sinkwatch.anomaly.names_total"), 7);
    ck_assert_str_eq(jr_text(json, "sinkwatch.anomaly.known.list"), "sinkholes");
    ck_assert_str_eq(jr_text(json, "sinkwatch.anomaly.known.owner"), "Example Sinkhole");
    ck_assert_str_eq(jr_text(json, "sinkwatch.anomaly.first"), "1970-01-01T00:00:00.000Z");
    ck_assert_int_eq(jr_number(json, "sinkwatch.anomaly.count"), 4);
    ck_assert_str_eq(jr_text(json, "sinkwatch.anomaly.history.0.ip"), "213.24.76.23");
    ck_assert_int_eq(jr_number(json, "sinkwatch.anomaly.history.0.count"), 4);
    json_decref(json);
}
END_TEST

START_TEST(numbers_in_words)
{
    char text[SW_DNSTEXT_MAX];
    ck_assert_str_eq(sw_rcode_text(3, text), "NXDOMAIN");
    ck_assert_str_eq(sw_rcode_text(250, text), "RCODE250");
    ck_assert_str_eq(sw_qtype_text(255, text), "ANY");
    ck_assert_str_eq(sw_qclass_text(7, text), "CLASS7");
    ck_assert_str_eq(sw_security_text(SW_SECURITY_SECURE), "secure");
    ck_assert_str_eq(sw_security_text((enum sw_security)77), "unchecked");
}
END_TEST

START_TEST(every_field_is_documented)
{
    static char text[262144];
    FILE *file = fopen("module/REDIS.md", "r");
    ck_assert_msg(file != NULL, "run in the top folder of the checkout");
    size_t n = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    ck_assert_uint_lt(n, sizeof(text) - 1);
    for (int i = 0; i < SW_FIELD_END; i++) {
        char row[96];
        snprintf(row, sizeof(row), "\n| `%s` |", sw_field_path((enum sw_field)i));
        ck_assert_msg(strstr(text, row) != NULL, "module/REDIS.md has no row for %s", row + 1);
    }
}
END_TEST

int main(void)
{
    return RUN_SUITE("document",
                     TESTS(a_hit_in_full, what_does_not_apply_is_left_out, kinds_of_indicator,
                           allow_and_answers_are_no_alerts, hints_are_not_called_addresses,
                           odd_octets_still_make_json, texts_are_escaped_and_valid,
                           any_octets_make_json, any_character_at_any_place,
                           members_after_different_ones, objects_open_and_close_on_the_way,
                           ids_are_unique, an_anomaly_in_full, numbers_in_words,
                           every_field_is_documented));
}
