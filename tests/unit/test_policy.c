/* Policy JSON: accepted members, the words of each refusal, and that writing reads back. */
#include "base/policy.h"

#include "suite.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum sw_status parse(const char *json, struct sw_policy *out, char why[SW_WHY_MAX])
{
    why[0] = '\0';
    return sw_policy_parse("carbanak", json, strlen(json), out, why);
}

static struct sw_policy good(const char *json)
{
    struct sw_policy policy;
    char why[SW_WHY_MAX];
    enum sw_status status = parse(json, &policy, why);
    ck_assert_msg(status == SW_OK, "%s: %s", json, why);
    return policy;
}

/* Refused with this status; the message has these words, and out is untouched. */
static void bad(const char *json, enum sw_status wanted, const char *words)
{
    struct sw_policy policy, before;
    char why[SW_WHY_MAX];
    memset(&policy, 0x5a, sizeof(policy));
    before = policy;
    enum sw_status status = parse(json, &policy, why);
    ck_assert_msg(status == wanted, "%s: status %d, %s", json, status, why);
    ck_assert_msg(strstr(why, words) != NULL, "%s: %s", json, why);
    for (const char *p = why; *p; p++)
        ck_assert(*p >= 0x20 && *p < 0x7f);
    ck_assert_mem_eq(&policy, &before, sizeof(policy));
}

START_TEST(defaults)
{
    const char *const texts[] = {"", "{}", " {\n} "};
    for (size_t i = 0; i < 3; i++) {
        struct sw_policy policy = good(texts[i]);
        ck_assert_str_eq(policy.name, "carbanak");
        ck_assert_int_eq(policy.kind, SW_KIND_IOC);
        ck_assert_int_eq(policy.action, SW_ACTION_MONITOR);
        ck_assert_uint_eq(policy.priority, 1000);
        ck_assert_uint_eq(policy.ttl, 60);
        ck_assert_uint_eq(policy.ede, SW_EDE_AUTO);
        ck_assert(!policy.shadow && !policy.observe);
        ck_assert_uint_eq(policy.sinkhole4.family, 0);
        ck_assert_uint_eq(policy.sinkhole6.family, 0);
        ck_assert_uint_eq(policy.cname.len, 0);
        ck_assert_str_eq(policy.owner, "");
        ck_assert_str_eq(policy.note, "");
    }
}
END_TEST

START_TEST(declared_owners)
{
    static const char json[] = "{\"kind\":\"watch\",\"owners\":[\"AS64500\",\"192.0.2.0/24\","
                               "\"A name, with spaces\"],\"ns_owners\":[\"AS64501\"]}";
    struct sw_policy policy = good(json);
    ck_assert_str_eq(policy.owners, "AS64500\n192.0.2.0/24\nA name, with spaces");
    ck_assert_str_eq(policy.ns_owners, "AS64501");
    char *written = sw_policy_json(&policy);
    struct sw_policy again = good(written);
    ck_assert_mem_eq(&policy, &again, sizeof(policy));
    free(written);
    ck_assert_str_eq(good("{\"kind\":\"watch\",\"owners\":[]}").owners, "");
    bad("{\"owners\":\"AS64500\"}", SW_EINVAL, "owners");
    bad("{\"owners\":[\"\"]}", SW_EINVAL, "owners");
    bad("{\"owners\":[7]}", SW_EINVAL, "owners");
    bad("{\"ns_owners\":[\"a\\nb\"]}", SW_EINVAL, "ns_owners");
    char many[2048] = "{\"owners\":[\"x\"";
    size_t len = strlen(many);
    for (int i = 0; i < 80; i++)
        len += (size_t)snprintf(many + len, sizeof(many) - len, ",\"AS4200000000\"");
    snprintf(many + len, sizeof(many) - len, "]}");
    bad(many, SW_EINVAL, "owners");
}
END_TEST

/* Each limit of ownership: unset, least, greatest, and the numbers beside; D-140. */
START_TEST(limits_of_ownership)
{
    static const struct {
        const char *name;
        int min, max;
    } rows[SW_LIMIT_COUNT] = {{"baseline_days", 0, 3650},
                              {"baseline_count", 1, 1000000},
                              {"flux_hours", 1, 8760},
                              {"flux_as_min", 2, 1000},
                              {"flux_as_percent", 1, 100}};
    char json[100];
    for (int i = 0; i < SW_LIMIT_COUNT; i++) {
        ck_assert_str_eq(sw_limit_name((enum sw_limit)i), rows[i].name);
        ck_assert_uint_eq(good("{}").limit[i], SW_LIMIT_UNSET);
        snprintf(json, sizeof(json), "{\"%s\":%d}", rows[i].name, rows[i].min);
        struct sw_policy policy = good(json);
        ck_assert_uint_eq(policy.limit[i], (uint32_t)rows[i].min);
        char *written = sw_policy_json(&policy);
        struct sw_policy again = good(written);
        ck_assert_mem_eq(&policy, &again, sizeof(policy));
        free(written);
        snprintf(json, sizeof(json), "{\"%s\":%d}", rows[i].name, rows[i].max);
        ck_assert_uint_eq(good(json).limit[i], (uint32_t)rows[i].max);
        snprintf(json, sizeof(json), "{\"%s\":%d}", rows[i].name, rows[i].max + 1);
        bad(json, SW_EINVAL, rows[i].name);
        snprintf(json, sizeof(json), "{\"%s\":%d}", rows[i].name, rows[i].min - 1);
        bad(json, SW_EINVAL, rows[i].name);
        snprintf(json, sizeof(json), "{\"%s\":\"7\"}", rows[i].name);
        bad(json, SW_EINVAL, rows[i].name);
    }
}
END_TEST

START_TEST(every_member)
{
    struct sw_policy policy =
        good("{\"kind\":\"ioc\",\"action\":\"sinkhole\",\"priority\":100,\"shadow\":true,"
             "\"observe\":true,\"sinkhole4\":\"192.0.2.1\",\"sinkhole6\":\"2001:db8::1\","
             "\"cname\":\"Garden.Example.\",\"ttl\":5,\"ede\":15,\"owner\":\"o\",\"note\":\"n\"}");
    char addr[SW_ADDRTEXT_MAX];
    char name[SW_NAMETEXT_MAX];
    ck_assert_int_eq(policy.action, SW_ACTION_SINKHOLE);
    ck_assert_uint_eq(policy.priority, 100);
    ck_assert(policy.shadow && policy.observe);
    ck_assert_str_eq(sw_addr_text(&policy.sinkhole4, addr), "192.0.2.1");
    ck_assert_str_eq(sw_addr_text(&policy.sinkhole6, addr), "2001:db8::1");
    ck_assert_str_eq(sw_name_text(policy.cname.wire, name), "garden.example");
    ck_assert_uint_eq(policy.ttl, 5);
    ck_assert_uint_eq(policy.ede, 15);
    ck_assert_str_eq(policy.owner, "o");
    ck_assert_str_eq(policy.note, "n");
}
END_TEST

START_TEST(limits)
{
    ck_assert_uint_eq(good("{\"priority\":0}").priority, 0);
    ck_assert_uint_eq(good("{\"priority\":65535}").priority, 65535);
    ck_assert_uint_eq(good("{\"ttl\":0}").ttl, 0);
    ck_assert_uint_eq(good("{\"ttl\":86400}").ttl, 86400);
    ck_assert_uint_eq(good("{\"ede\":0}").ede, 0);
    ck_assert_uint_eq(good("{\"ede\":65533}").ede, 65533);
    ck_assert_uint_eq(good("{\"ede\":\"off\"}").ede, SW_EDE_OFF);
    ck_assert_uint_eq(good("{\"ede\":\"auto\"}").ede, SW_EDE_AUTO);
    bad("{\"priority\":65536}", SW_EINVAL, "priority: 65536 is not allowed; a whole number");
    bad("{\"priority\":-1}", SW_EINVAL, "from 0 to 65535");
    bad("{\"priority\":1.5}", SW_EINVAL, "priority");
    bad("{\"priority\":\"1\"}", SW_EINVAL, "priority: \"1\"");
    bad("{\"ttl\":86401}", SW_EINVAL, "from 0 to 86400");
    bad("{\"ede\":65534}", SW_EINVAL, "ede");
    bad("{\"ede\":\"15\"}", SW_EINVAL, "\"auto\", \"off\"");
    bad("{\"ede\":true}", SW_EINVAL, "ede: true");
}
END_TEST

START_TEST(bad_members)
{
    bad("{\"kind\":\"IOC\"}", SW_EINVAL, "ioc allow watch protected known");
    bad("{\"kind\":null}", SW_EINVAL, "kind: null");
    bad("{\"action\":\"block\"}", SW_EINVAL, "action: \"block\" is not allowed; one of passthru");
    bad("{\"action\":7}", SW_EINVAL, "action: 7");
    bad("{\"shadow\":1}", SW_EINVAL, "true or false");
    bad("{\"observe\":\"yes\"}", SW_EINVAL, "true or false");
    bad("{\"sinkhole4\":\"2001:db8::1\"}", SW_EINVAL, "one IPv4 address");
    bad("{\"sinkhole4\":\"192.0.2.0/24\"}", SW_EINVAL, "one IPv4 address");
    bad("{\"sinkhole4\":\"\"}", SW_EINVAL, "one IPv4 address");
    bad("{\"sinkhole6\":\"192.0.2.1\"}", SW_EINVAL, "one IPv6 address");
    bad("{\"cname\":\"a..b\"}", SW_EINVAL, "a host name");
    bad("{\"cname\":\".\"}", SW_EINVAL, "a host name");
    bad("{\"cname\":\"192.0.2.1\"}", SW_EINVAL, "an address is for sinkhole4");
    bad("{\"cname\":\"192.0.2.1.\"}", SW_EINVAL, "an address is for sinkhole4");
    bad("{\"cname\":\"2001:db8::1\"}", SW_EINVAL, "a host name");
    good("{\"cname\":\"192.0.2.1.example\"}");
    bad("{\"cname\":[\"x\"]}", SW_EINVAL, "cname: [\"x\"]");
    bad("{\"cname\":\"*.\"}", SW_EINVAL, "a host name, or *.NAME");
    bad("{\"cname\":\"*\"}", SW_EINVAL, "a host name, or *.NAME");
    bad("{\"cname\":\"*.*.a\"}", SW_EINVAL, "a host name, or *.NAME");
    bad("{\"cname\":\"a.*.b\"}", SW_EINVAL, "a host name, or *.NAME");
    bad("{\"cname\":\"*.192.0.2.1\"}", SW_EINVAL, "a host name, or *.NAME");
    bad("{\"acton\":\"nxdomain\"}", SW_EINVAL, "\"acton\": unknown member; allowed are kind");
    bad("{\"a\\u001b[31m\\u00e9\":1}", SW_EINVAL, "unknown member");
    bad("{\"note\":\"line\\nbreak\"}", SW_EINVAL, "without control characters");
    bad("{\"owner\":\"\\u001b[2J\"}", SW_EINVAL, "owner");
    bad("{\"note\":{\"deep\":\"........................................................\"}}",
        SW_EINVAL, "note: ");
}
END_TEST

START_TEST(not_an_object)
{
    bad("nonsense", SW_ESYNTAX, "not a JSON object");
    bad("[]", SW_ESYNTAX, "not a JSON object");
    bad("\"ioc\"", SW_ESYNTAX, "not a JSON object");
    bad("{\"kind\":\"ioc\"", SW_ESYNTAX, "not a JSON object");
    bad("{} {}", SW_ESYNTAX, "not a JSON object");
    bad("{\"ttl\":1,\"ttl\":2}", SW_ESYNTAX, "duplicate");
    bad("{\"note\":\"\xff\"}", SW_ESYNTAX, "not a JSON object");
    bad("{\"note\":\"\\u0000\"}", SW_ESYNTAX, "not a JSON object");
    bad("{\"ttl\":999999999999999999999999}", SW_ESYNTAX, "not a JSON object");
}
END_TEST

START_TEST(huge_text_is_refused_unread)
{
    size_t len = 1000000;
    char *json = malloc(len);
    struct sw_policy policy;
    char why[SW_WHY_MAX];
    memset(json, '[', len);
    ck_assert_int_eq(sw_policy_parse("l", json, len, &policy, why), SW_EINVAL);
    ck_assert_ptr_nonnull(strstr(why, "1000000 octets"));
    free(json);
}
END_TEST

START_TEST(words_have_a_limit)
{
    char json[SW_NOTE_MAX + 32];
    char text[SW_NOTE_MAX + 1];
    memset(text, 'n', sizeof(text));
    text[SW_NOTE_MAX - 1] = '\0';
    snprintf(json, sizeof(json), "{\"note\":\"%s\"}", text);
    ck_assert_str_eq(good(json).note, text);
    text[SW_NOTE_MAX - 1] = 'n';
    text[SW_NOTE_MAX] = '\0';
    snprintf(json, sizeof(json), "{\"note\":\"%s\"}", text);
    bad(json, SW_EINVAL, "up to 127 octets");
}
END_TEST

START_TEST(only_ioc_lists_act)
{
    ck_assert_int_eq(good("{\"kind\":\"allow\"}").action, SW_ACTION_PASSTHRU);
    ck_assert_int_eq(good("{\"action\":\"passthru\",\"kind\":\"allow\"}").action,
                     SW_ACTION_PASSTHRU);
    ck_assert_int_eq(good("{\"kind\":\"watch\"}").action, SW_ACTION_MONITOR);
    ck_assert_int_eq(good("{\"kind\":\"known\",\"action\":\"monitor\"}").action, SW_ACTION_MONITOR);
    bad("{\"kind\":\"allow\",\"action\":\"nxdomain\"}", SW_EINVAL,
        "action: \"nxdomain\" is not allowed; a list of kind allow has only passthru");
    bad("{\"action\":\"sinkhole\",\"kind\":\"protected\"}", SW_EINVAL, "has only monitor");
    bad("{\"kind\":\"watch\",\"action\":\"passthru\"}", SW_EINVAL, "has only monitor");
}
END_TEST

START_TEST(list_names)
{
    char longest[SW_LISTNAME_MAX + 1];
    struct sw_policy policy;
    char why[SW_WHY_MAX];
    memset(longest, 'a', sizeof(longest));
    longest[SW_LISTNAME_MAX] = '\0';
    ck_assert(!sw_listname_ok(longest));
    longest[SW_LISTNAME_MAX - 1] = '\0';
    ck_assert(sw_listname_ok(longest));
    ck_assert(sw_listname_ok("abc.x_y-0"));
    ck_assert(!sw_listname_ok(""));
    ck_assert(!sw_listname_ok("Abc"));
    ck_assert(!sw_listname_ok("a b"));
    ck_assert(!sw_listname_ok("a:b"));
    ck_assert(!sw_listname_ok("\xc3\xa9"));
    ck_assert_int_eq(sw_policy_parse("A", "{}", 2, &policy, why), SW_EINVAL);
    ck_assert_ptr_nonnull(strstr(why, "list name"));
}
END_TEST

static void same_after_writing(const char *json, const char *written)
{
    struct sw_policy policy = good(json);
    char *text = sw_policy_json(&policy);
    ck_assert_str_eq(text, written);
    struct sw_policy again = good(text);
    ck_assert_mem_eq(&policy, &again, sizeof(policy));
    free(text);
}

START_TEST(writing_reads_back)
{
    same_after_writing("", "{\"kind\":\"ioc\",\"action\":\"monitor\"}");
    same_after_writing("{\"kind\":\"allow\",\"note\":\"\\\"q\\\" \xc3\xa9\"}",
                       "{\"kind\":\"allow\",\"action\":\"passthru\",\"note\":\"\\\"q\\\" "
                       "\xc3\xa9\"}");
    same_after_writing("{\"ede\":\"off\"}",
                       "{\"kind\":\"ioc\",\"action\":\"monitor\",\"ede\":\"off\"}");
    const char *full = "{\"kind\":\"ioc\",\"action\":\"cname\",\"priority\":1,\"shadow\":true,"
                       "\"observe\":true,\"sinkhole4\":\"192.0.2.1\","
                       "\"sinkhole6\":\"2001:db8::1\",\"cname\":\"garden.example\",\"ttl\":0,"
                       "\"ede\":0,\"owner\":\"o\",\"note\":\"n\"}";
    same_after_writing(full, full);
}
END_TEST

START_TEST(names_of_everything)
{
    enum sw_kind kind;
    enum sw_action action;
    for (int i = 0; i < SW_KIND_COUNT; i++) {
        ck_assert_int_eq(sw_kind_parse(sw_kind_name((enum sw_kind)i), &kind), SW_OK);
        ck_assert_int_eq(kind, i);
    }
    for (int i = 0; i < SW_ACTION_COUNT; i++) {
        ck_assert_int_eq(sw_action_parse(sw_action_name((enum sw_action)i), &action), SW_OK);
        ck_assert_int_eq(action, i);
    }
    ck_assert_str_eq(sw_action_name(SW_ACTION_TCP_ONLY), "tcp-only");
    ck_assert_str_eq(sw_trigger_name(SW_TRIGGER_ADDRESS), "address");
    kind = SW_KIND_KNOWN;
    ck_assert_int_eq(sw_kind_parse("", &kind), SW_ENOTFOUND);
    ck_assert_int_eq(kind, SW_KIND_KNOWN);
    ck_assert_int_eq(sw_action_parse("tcp_only", &action), SW_ENOTFOUND);
}
END_TEST

START_TEST(actions_that_need_no_answer)
{
    for (int i = 0; i < SW_ACTION_COUNT; i++) {
        bool asks = i == SW_ACTION_PASSTHRU || i == SW_ACTION_MONITOR || i == SW_ACTION_TCP_ONLY;
        ck_assert(sw_action_needs_no_answer((enum sw_action)i) == !asks);
    }
}
END_TEST

START_TEST(groups_of_a_list)
{
    struct sw_policy p;
    char why[SW_WHY_MAX] = "";
    const char *json = "{\"kind\":\"allow\",\"groups\":[\"kids\",\"guests\"]}";
    ck_assert_int_eq(sw_policy_parse("feed", json, strlen(json), &p, why), SW_OK);
    ck_assert_str_eq(p.groups, "kids\nguests");
    char *text = sw_policy_json(&p);
    ck_assert_ptr_nonnull(strstr(text, "\"groups\":[\"kids\",\"guests\"]"));
    free(text);
    bad("{\"groups\":[]}", SW_EINVAL, "groups: [] is not allowed; an array of 1 to 8 names");
    bad("{\"groups\":\"kids\"}", SW_EINVAL, "groups: \"kids\" is not allowed");
    bad("{\"groups\":[\"Kids\"]}", SW_EINVAL, "groups: \"Kids\" is not allowed");
    bad("{\"groups\":[\"kids\",1]}", SW_EINVAL, "groups: 1 is not allowed");
    bad("{\"kind\":\"watch\",\"groups\":[\"kids\"]}", SW_EINVAL, "groups: not allowed");
}
END_TEST

START_TEST(members_for_structured_errors)
{
    const char *json = "{\"kind\":\"ioc\",\"action\":\"nxdomain\",\"justification\":\"\\\"q\\\" "
                       "\xc3\xa9\",\"sub_error\":2}";
    struct sw_policy p = good(json);
    ck_assert_str_eq(p.justification, "\"q\" \xc3\xa9");
    ck_assert_uint_eq(p.sub_error, 2);
    same_after_writing(json, json);
    bad("{\"justification\":7}", SW_EINVAL, "justification: 7 is not allowed");
    bad("{\"justification\":\"a\\nb\"}", SW_EINVAL, "justification");
    bad("{\"sub_error\":256}", SW_EINVAL, "sub_error: 256 is not allowed; a whole number");
}
END_TEST

/* Whether data of any octets can do harm, or the type is no local data: the types that an encoder
 * compresses (RFC 3597 4: the types of RFC 1035 with names in the data), types that the parser
 * knows, types of zones, aliases and DNSSEC, and meta types. */
static bool is_refused_generic(unsigned type)
{
    static const uint16_t types[] = {
        2,  3,  4,  5,  6,   7,  8,  9,  12, 14, 15,     /* compressed */
        1,  16, 28, 33, 257,                             /* parsed */
        24, 25, 30, 39, 41,  43, 46, 47, 48, 50, 51, 59, /* zones and DNSSEC */
        60, 0,
    };
    for (int i = 0; i < COUNT(types); i++)
        if (types[i] == type)
            return true;
    return type >= 128 && type <= 255;
}

/* All types in the generic form, without data and with an octet that looks like a long label. */
START_TEST(every_type_in_generic_form)
{
    for (unsigned type = 0; type <= UINT16_MAX; type++) {
        struct sw_local_data records = {.len = 0};
        const char *why = NULL;
        char text[40];
        snprintf(text, sizeof(text), "TYPE%u \\# %u%s", type, type % 2, type % 2 ? " 3f" : "");
        ck_assert_msg((sw_record_parse(text, &records, &why) != SW_OK) == is_refused_generic(type),
                      "%s: %s", text, why ? why : "is taken");
    }
}
END_TEST

/* Data as text, read again: the same data, and the same text. false: they have no text. */
static bool comes_back(uint16_t type, const uint8_t *data, size_t len)
{
    char text[SW_RECORDTEXT_MAX], again[SW_RECORDTEXT_MAX];
    struct sw_local_data records = {.len = 0};
    const char *why = "";
    size_t at = 0, n;
    uint16_t same;
    if (!sw_record_text(type, data, len, text))
        return false;
    ck_assert_uint_lt(strlen(text), sizeof(text));
    if (sw_record_parse(text, &records, &why) != SW_OK) { /* some texts are longer than data */
        ck_assert_str_eq(why, "more than 512 octets of records");
        return true;
    }
    const uint8_t *read = sw_record_next(&records, &at, &same, &n);
    ck_assert_uint_eq(same, type);
    ck_assert_uint_eq(n, len);
    bool alike = true;
    for (size_t i = 0; i < n; i++) /* names come back in lower case */
        alike = alike && (read[i] == data[i] || read[i] == tolower(data[i]));
    ck_assert_msg(alike, "%s", text);
    ck_assert(sw_record_text(type, read, n, again));
    ck_assert_str_eq(again, text);
    return true;
}

START_TEST(records_come_back_from_their_text)
{
    static const uint16_t types[] = {1, 28, 2, 12, 15, 16, 33, 65, 257};
    unsigned with_text = 0;
    uint32_t state = 1;
    for (unsigned round = 0; round < 20000; round++) {
        uint8_t data[560];
        uint32_t random[4];
        for (int i = 0; i < 4; i++)
            random[i] = state = state * 1664525 + 1013904223;
        size_t len = (random[0] >> 16) % (round % 50 ? 24 : sizeof(data));
        for (size_t i = 0; i < len; i++) { /* small numbers: labels and strings */
            state = state * 1664525 + 1013904223;
            data[i] = (uint8_t)(random[1] >> 31 ? state >> 24 : (state >> 24) % 6);
        }
        uint16_t type = types[(random[2] >> 16) % (sizeof(types) / sizeof(types[0]))];
        with_text += comes_back(type, data, len);
    }
    ck_assert_uint_gt(with_text, 1000);
}
END_TEST

static void records_are(const char *json, const char *wire, size_t len)
{
    char text[400];
    snprintf(text, sizeof(text), "{\"records\":[%s]}", json);
    struct sw_policy p = good(text);
    ck_assert_uint_eq(p.records.len, len);
    ck_assert_mem_eq(p.records.octets, wire, len);
    size_t at = 0, data_len;
    uint16_t type;
    for (const uint8_t *data; (data = sw_record_next(&p.records, &at, &type, &data_len)) != NULL;)
        ck_assert(comes_back(type, data, data_len));
}

static void no_record(const char *json, const char *why)
{
    char text[700];
    snprintf(text, sizeof(text), "{\"records\":[%s]}", json);
    bad(text, SW_EINVAL, why);
}

#define WIRE(json, octets) records_are(json, octets, sizeof(octets) - 1)

START_TEST(local_data)
{
    char many[700] = "";
    WIRE("", "");
    WIRE("\"a 192.0.2.1\",\"A 192.0.2.2\"", "\0\1\0\4\300\0\2\1\0\1\0\4\300\0\2\2");
    WIRE("\"AAAA 2001:db8::1\"", "\0\34\0\20\40\1\15\270\0\0\0\0\0\0\0\0\0\0\0\1");
    WIRE("\"MX 10 Mail.example.\"", "\0\17\0\20\0\12\4mail\7example\0");
    WIRE("\"PTR a.\",\"NS .\"", "\0\14\0\3\1a\0\0\2\0\1\0");
    WIRE("\"SRV 0 5 443 h.\"", "\0\41\0\11\0\0\0\5\1\273\1h\0");
    WIRE("\"TXT \\\"a b;\\\" c \\\"\\\"\"", "\0\20\0\10\4a b;\1c\0");
    WIRE("\"TXT \\\\065\\\\; \\\"\\\\\\\"\\\"\"", "\0\20\0\5\2A;\1\"");
    WIRE("\"CAA 0 issue \\\"ca.example\\\"\"", "\1\1\0\21\0\5issueca.example");
    WIRE("\"TYPE65 \\\\# 3 00 01ff\",\"TYPE999 \\\\# 0\"", "\0\101\0\3\0\1\377\3\347\0\0");
    no_record("7", "up to 16 records");
    no_record("\"\"", "up to 16 records");
    no_record("\"TXT \\n\"", "up to 16 records");
    no_record("\"MX\"", "data is missing");
    no_record("\"MX 10 mail.example\"", "without the final dot");
    no_record("\"MX 65536 a.\"", "too large");
    no_record("\"MX a b.\"", "a number is missing");
    no_record("\"MX 10 a. b\"", "words behind the data");
    no_record("\"A 2001:db8::1\"", "one IPv4 address");
    no_record("\"A 192.0.2.0/24\"", "one IPv4 address");
    no_record("\"TXT \\\"a\"", "not closed");
    no_record("\"TXT a;b\"", "outside of quotes");
    no_record("\"TXT \\\\256\"", "over 255");
    no_record("\"CNAME a.\"", "no type of local data");
    no_record("\"TYPE1 \\\\# 0\"", "written by its name");
    no_record("\"TYPE12 \\\\# 1 3f\"", "written by its name");
    no_record("\"TYPE5 \\\\# 0\"", "no type of local data");
    no_record("\"TYPE255 \\\\# 0\"", "no type of local data");
    no_record("\"TYPE65536 \\\\# 0\"", "no type of local data");
    no_record("\"TYPE65 \\\\# 2 00\"", "not that of the data");
    no_record("\"TYPE65 \\\\# 1 0\"", "two hexadecimal digits");
    no_record("\"TYPE65 \\\\# 1 zz\"", "two hexadecimal digits");
    no_record("\"TYPE65 1\"", "is \\# LENGTH HEX");
    for (int i = 0; i < 17; i++)
        snprintf(many + strlen(many), sizeof(many) - strlen(many), "%s\"A 192.0.2.1\"",
                 i ? "," : "");
    no_record(many, "up to 16 records");
    snprintf(many, sizeof(many), "\"TXT %0256d\"", 0);
    no_record(many, "more than 255");
    snprintf(many, sizeof(many), "\"TXT %0252d\",\"TXT %0252d\"", 0, 0);
    no_record(many, "512 octets of records");
    same_after_writing("{\"action\":\"sinkhole\",\"records\":[\"TXT \\\"a\\\"\",\"MX 1 a.\"]}",
                       "{\"kind\":\"ioc\",\"action\":\"sinkhole\","
                       "\"records\":[\"TXT \\\"a\\\"\",\"MX 1 a.\"]}");
}
END_TEST

START_TEST(triggers_of_a_list)
{
    enum sw_trigger trigger = SW_TRIGGER_COUNT;
    ck_assert_uint_eq(good("{}").triggers, SW_TRIGGERS_DEFAULT);
    struct sw_policy p = good("{\"triggers\":[\"nsip\",\"client\",\"client\"]}");
    ck_assert_uint_eq(p.triggers,
                      SW_TRIGGER_BIT(SW_TRIGGER_CLIENT) | SW_TRIGGER_BIT(SW_TRIGGER_NSIP));
    same_after_writing(
        "{\"triggers\":[\"client\",\"nsip\"]}",
        "{\"kind\":\"ioc\",\"action\":\"monitor\",\"triggers\":[\"nsip\",\"client\"]}");
    same_after_writing("{\"action\":\"cname\",\"cname\":\"*.Garden.Example.\"}",
                       "{\"kind\":\"ioc\",\"action\":\"cname\",\"cname\":\"*.garden.example\"}");
    same_after_writing("{\"triggers\":[\"asn\",\"cname\",\"address\",\"qname\"]}",
                       "{\"kind\":\"ioc\",\"action\":\"monitor\"}");
    ck_assert_uint_eq(good("{\"kind\":\"allow\",\"triggers\":[\"client\"]}").triggers,
                      SW_TRIGGER_BIT(SW_TRIGGER_CLIENT));
    bad("{\"triggers\":[]}", SW_EINVAL, "triggers: [] is not allowed; an array of one or more");
    bad("{\"triggers\":\"client\"}", SW_EINVAL, "triggers: \"client\" is not allowed");
    bad("{\"triggers\":[\"ip\"]}", SW_EINVAL, "triggers: \"ip\" is not allowed");
    bad("{\"triggers\":[\"client\",7]}", SW_EINVAL, "triggers: 7 is not allowed");
    bad("{\"kind\":\"watch\",\"triggers\":[\"client\"]}", SW_EINVAL, "triggers: not allowed");
    for (unsigned i = 0; i < SW_TRIGGER_COUNT; i++) {
        ck_assert_int_eq(sw_trigger_parse(sw_trigger_name((enum sw_trigger)i), &trigger), SW_OK);
        ck_assert_uint_eq(trigger, i);
    }
    ck_assert_int_eq(sw_trigger_parse("ip", &trigger), SW_ENOTFOUND);
}
END_TEST

int main(void)
{
    return RUN_SUITE("policy", TESTS(defaults, declared_owners, limits_of_ownership, every_member,
                                     groups_of_a_list, triggers_of_a_list, local_data,
                                     records_come_back_from_their_text, every_type_in_generic_form,
                                     members_for_structured_errors, limits, bad_members,
                                     not_an_object, huge_text_is_refused_unread, words_have_a_limit,
                                     only_ioc_lists_act, list_names, writing_reads_back,
                                     names_of_everything, actions_that_need_no_answer));
}
