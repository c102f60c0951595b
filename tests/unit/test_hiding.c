/*
 * test_hiding.c - nothing that the owner of a listed name can put into answers hides an address
 * of a protected owner (D-228): rules and lists, long aliases, name servers, holders, findings. The
 * event has the number of values that are not judged (D-253).
 *
 * The answers go through match, draft and sight, as in a resolver. Sights are judged in the test's
 * thread. test_rest.c has the positions among the addresses of an answer.
 */
#include "journal_rig.h"

#include "base/rcu.h"
#include "flow/decide.h"
#include "flow/draft.h"
#include "flow/match.h"
#include "journal/history/finding.h"
#include "journal/history/sight.h"
#include "suite.h"

#define PARTS_MAX  1200
#define ADDRS_MAX  600
#define LINKS_MAX  40
#define DAY        INT64_C(86400000000)
#define MINISTRIES 80
#define DOCUMENTS  (32 + 2) /* of that many ministries */
#define LISTED     "{\"action\":\"monitor\",\"priority\":900}"
#define BETTER     "{\"action\":\"monitor\",\"priority\":10}"
#define OWN        "{\"kind\":\"watch\",\"owners\":[\"45.0.0.0/8\"]}"
#define TARGET     "213.24.76.7" /* in the protected network */

struct answer {
    const char *name;
    size_t aliases;
    char alias[LINKS_MAX][SW_NAMETEXT_MAX];
    size_t n;
    struct sw_addr addr[ADDRS_MAX];
    size_t servers, each; /* name servers, and addresses of each */
    size_t at;            /* of the address in the protected network, among the servers' */
};

static struct jr rig;
static struct sw_link *link_;
static struct sw_seens *seens;
static struct sw_sights *sights;
static struct sw_flow flow;
static struct answer answer;
static struct sw_event parts[PARTS_MAX];
static size_t parts_n;
static int64_t wall_us;
static size_t raised[SW_ANOMALY_COUNT];
static struct sw_addr where;
static size_t members; /* of the last report */

static void on_raise(void *arg, const struct sw_anomaly_report *report)
{
    (void)arg;
    raised[report->anomaly->type]++;
    members = report->members;
    if (report->anomaly->type == SW_ANOMALY_PROTECTED_OWNER)
        where = report->anomaly->addr;
}

static void open_sights(void)
{
    sw_sights_free(sights);
    struct sw_sights_with with = {.settings = &rig.settings,
                                  .index = rig.index,
                                  .owners = rig.owners,
                                  .host = &rig.host,
                                  .link = link_,
                                  .seens = seens,
                                  .raise = on_raise};
    sights = sw_sights_new(&with);
    ck_assert(link_ && seens && sights);
    flow = (struct sw_flow){.settings = &rig.settings, .index = rig.index, .owners = rig.owners};
}

static void setup(void)
{
    jr_init(&rig);
    jr_list(&rig, "agencies", "{\"kind\":\"protected\",\"action\":\"monitor\"}", "213.24.76.0/24");
    link_ = sw_link_new(&rig.settings, &rig.counters);
    seens = sw_seens_new(&rig.settings, &rig.counters);
    open_sights();
    wall_us = sw_clock_wall_us() - 1000 * DAY;
    memset(raised, 0, sizeof(raised));
    memset(&answer, 0, sizeof(answer));
}

static void teardown(void)
{
    sw_sights_free(sights);
    sights = NULL;
    sw_seens_free(seens);
    sw_link_free(link_);
    jr_done(&rig);
}

static void on_rest(void *arg, struct sw_event *rest)
{
    (void)arg;
    ck_assert_uint_lt(parts_n, PARTS_MAX);
    parts[parts_n++] = *rest;
}

static struct sw_name named(const char *text)
{
    struct sw_name name;
    ck_assert_int_eq(sw_name_parse(text, strlen(text), &name, NULL), SW_OK);
    return name;
}

/* Address number i at hosters that no database knows. */
static struct sw_addr hosted(size_t i)
{
    char text[SW_ADDRTEXT_MAX];
    snprintf(text, sizeof(text), "45.%zu.%zu.%zu", i / 65536 % 256, i / 256 % 256, i % 256);
    return jr_addr(text);
}

static void draft_servers(struct sw_event *ev, struct sw_rest *rest)
{
    char text[SW_NAMETEXT_MAX];
    struct sw_serving serving;
    struct sw_name zone = named(answer.name), server;
    const struct sw_addr target = jr_addr(TARGET);
    sw_serving_begin(&serving, rest->begun ? sw_rest_next(rest) : ev, rest, &zone);
    for (size_t i = 0; i < answer.servers; i++) {
        snprintf(text, sizeof(text), "ns%zu.%s", i, answer.name);
        server = named(text);
        if (!sw_serving_server(&serving, &server, answer.servers - i - 1))
            return;
        for (size_t j = 0; j < answer.each; j++) {
            struct sw_addr addr = hosted(100000 + i * answer.each + j);
            bool is_target = i * answer.each + j == answer.at;
            if (!sw_serving_addr(&serving, is_target ? target.octets : addr.octets, 4,
                                 answer.each - j - 1))
                return;
        }
    }
}

/* Draft the events of the answer, as host/emit.c does. */
static void draft(void)
{
    static struct sw_event ev;
    static struct sw_matching m;
    static struct sw_match match;
    static struct sw_name alias[LINKS_MAX];
    struct sw_rest rest = {.put = on_rest};
    struct sw_name name = named(answer.name);
    struct sw_verdict verdict;
    struct sw_hits hits;
    const struct sw_question question = {name.wire, name.len, 1, 1};
    parts_n = 1;
    sw_rcu_enter();
    sw_match_begin(&m, &flow, &match);
    sw_match_name(&m, SW_TRIGGER_QNAME, name.wire, name.len);
    for (size_t i = 0; i < answer.aliases; i++) {
        alias[i] = named(answer.alias[i]);
        sw_match_name(&m, SW_TRIGGER_CNAME, alias[i].wire, alias[i].len);
    }
    for (size_t i = 0; i < answer.n; i++)
        sw_match_addr(&m, &answer.addr[i]);
    sw_match_hits(&match, &match.audience[0],
                  sw_decide(&flow, &match.audience[0], SW_OVER_UDP, &verdict), &hits);
    sw_draft_begin(&ev, SW_EVENT_HIT, wall_us, &question, &hits);
    ev.flags |= SW_EVENT_RESOLVED;
    for (size_t i = 0; i < answer.aliases; i++)
        sw_draft_alias(&ev, alias[i].wire, alias[i].len);
    sw_rest_begin(&rest, &ev, &hits);
    for (size_t i = 0; i < answer.n; i++)
        if (!sw_draft_addr(&ev, &answer.addr[i]))
            sw_rest_addr(&rest, &answer.addr[i]);
    if (answer.servers > 0)
        draft_servers(&ev, &rest);
    sw_rest_end(&rest);
    sw_rcu_leave();
    parts[0] = ev;
}

/* The events pass through the sights as in the recorder. */
static void see(void)
{
    static struct sw_sight sight;
    draft();
    for (size_t i = 0; i < parts_n; i++) {
        struct sw_record *record = sw_record_new(&parts[i], NULL);
        ck_assert_ptr_nonnull(record);
        sw_sights_look(sights, record->event, &sight);
        if (sight.concerned)
            sw_sights_note(sights, record, &sight);
        sw_sights_finish(sights);
        free(record);
    }
    wall_us += DAY / 24;
}

/* A name of this many octets in text, of a zone of its own for each number. */
static char *long_name(unsigned number, size_t len, char out[SW_NAMETEXT_MAX])
{
    size_t used = 0;
    while (len > used + 24) {
        size_t label = len - used - 24 < 60 ? len - used - 24 : 60;
        memset(out + used, 'x', label);
        used += label;
        out[used++] = '.';
    }
    snprintf(out + used, SW_NAMETEXT_MAX - used, "c%u.test", number);
    return out;
}

/* Lists that match addresses of the answer, or the name to watch, before the list that has the
 * name: its rule is in every event all the same, and the address is judged. */
START_TEST(no_number_of_rules_hides_a_name)
{
    static const size_t rules[] = {0, 15, 16, 17, 40};
    static const size_t lens[] = {8, 120, 200};
    char list[32], text[SW_ADDRTEXT_MAX], name[SW_NAMETEXT_MAX];
    for (size_t i = 0; i < 40; i++) {
        struct sw_addr addr = hosted(i);
        snprintf(list, sizeof(list), "addresses-%zu", i);
        jr_list(&rig, list, BETTER, sw_addr_text(&addr, text));
    }
    for (size_t r = 0; r < sizeof(rules) / sizeof(rules[0]); r++)
        for (size_t l = 0; l < sizeof(lens) / sizeof(lens[0]); l++) {
            answer.name = long_name((unsigned)(r * 10 + l), lens[l], name);
            jr_list(&rig, "names", LISTED, answer.name);
            for (size_t i = 0; i < rules[r] / 2; i++) {
                snprintf(list, sizeof(list), "watch-%zu", i);
                jr_list(&rig, list, "{\"kind\":\"watch\"}", answer.name);
            }
            answer.n = rules[r] + 1;
            for (size_t i = 0; i < rules[r]; i++)
                answer.addr[i] = hosted(i);
            answer.addr[rules[r]] = jr_addr(TARGET);
            raised[SW_ANOMALY_PROTECTED_OWNER] = 0;
            see();
            ck_assert_msg(raised[SW_ANOMALY_PROTECTED_OWNER] == 1, "%zu rules, %zu octets",
                          rules[r], lens[l]);
        }
}
END_TEST

/* Forty lists to watch and a list of kind ioc have one name: both kinds are in the event. */
START_TEST(no_number_of_rules_hides_a_watch_list)
{
    char list[32], name[SW_NAMETEXT_MAX];
    struct sw_event_hit hit;
    bool ioc = false, watch = false;
    size_t cursor = 0, len;
    enum sw_event_tag tag;
    const uint8_t *value;
    answer.name = long_name(1, 200, name);
    for (size_t i = 0; i < 40; i++) {
        snprintf(list, sizeof(list), "ioc-%zu", i);
        jr_list(&rig, list, BETTER, answer.name);
    }
    jr_list(&rig, "own", "{\"kind\":\"watch\"}", answer.name);
    draft();
    while (sw_event_next(&parts[0], &cursor, &tag, &value, &len)) {
        if (tag != SW_TAG_HIT || sw_event_get_hit(value, len, &hit) != SW_OK)
            continue;
        ioc = ioc || hit.kind == SW_KIND_IOC;
        watch = watch || hit.kind == SW_KIND_WATCH;
    }
    ck_assert(ioc && watch);
}
END_TEST

/* A watched alias at each place of a chain that is longer than an event, and the foreign address at
 * the begin and the end of the addresses, in further events too. */
START_TEST(no_chain_hides_a_foreign_address)
{
    static const size_t chains[] = {1, 12, 30};
    char watched[SW_NAMETEXT_MAX];
    for (size_t c = 0; c < sizeof(chains) / sizeof(chains[0]); c++)
        for (size_t at = 0; at<chains[c]; at += chains[c]> 12 ? 7 : 1)
            for (int last = 0; last < 2; last++) {
                snprintf(watched, sizeof(watched), "w%zu-%zu-%d.test", c, at, last);
                answer.name = watched;
                answer.aliases = chains[c];
                for (size_t i = 0; i < chains[c]; i++)
                    long_name((unsigned)(1000 + i), 220, answer.alias[i]);
                snprintf(answer.alias[at], SW_NAMETEXT_MAX, "w%zu-%zu-%d.own.test", c, at, last);
                jr_list(&rig, "own", OWN, answer.alias[at]);
                answer.n = chains[c] == 1 ? 440 : 60;
                for (size_t i = 0; i < answer.n; i++)
                    answer.addr[i] = hosted(i);
                answer.addr[last ? answer.n - 1 : 0] = jr_addr(TARGET);
                raised[SW_ANOMALY_UNEXPECTED_OWNER] = 0;
                see();
                ck_assert_msg(raised[SW_ANOMALY_UNEXPECTED_OWNER] == 1, "chain %zu, at %zu, %d",
                              chains[c], at, last);
            }
}
END_TEST

/* The last name of a chain that is longer than an event is the target that dangles. */
START_TEST(the_end_of_a_chain_is_kept)
{
    struct sw_name last = {.len = 0}, want;
    size_t cursor = 0, len;
    enum sw_event_tag tag;
    const uint8_t *value;
    answer.name = "chain.test";
    jr_list(&rig, "names", LISTED, answer.name);
    for (answer.aliases = 1; answer.aliases <= LINKS_MAX; answer.aliases++) {
        size_t end = answer.aliases - 1;
        long_name((unsigned)end, end % 3 ? 240 : 30, answer.alias[end]);
        want = named(answer.alias[end]);
        draft();
        cursor = 0;
        while (sw_event_next(&parts[0], &cursor, &tag, &value, &len))
            if (tag == SW_TAG_ALIAS)
                ck_assert_int_eq(sw_name_copy(value, len, &last), SW_OK);
        ck_assert(sw_name_equal(last.wire, want.wire));
    }
}
END_TEST

/* A protected address at each end, and at the limits, of the addresses of few and many name
 * servers. */
START_TEST(no_number_of_name_servers_hides_an_address)
{
    static const size_t sizes[][2] = {{1, 1},  {1, 129}, {8, 17},  {9, 1},
                                      {65, 2}, {13, 9},  {1, 300}, {256, 1}};
    char name[SW_NAMETEXT_MAX];
    unsigned number = 0;
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        size_t all = sizes[s][0] * sizes[s][1];
        const size_t places[] = {0, all - 1, all / 2, SW_SERVERS_SHOWN * sizes[s][1] % all,
                                 SW_SERVED_MAX % all};
        for (size_t p = 0; p < (all > 200 ? 2 : 5); p++) {
            answer.name = long_name(++number, p % 2 ? 200 : 20, name);
            jr_list(&rig, "names", LISTED, answer.name);
            answer.servers = sizes[s][0];
            answer.each = sizes[s][1];
            answer.at = places[p];
            answer.n = p == 2 && all > 100 ? 440 : 1;
            for (size_t i = 0; i < answer.n; i++)
                answer.addr[i] = hosted(i);
            raised[SW_ANOMALY_PROTECTED_OWNER] = 0;
            see();
            ck_assert_msg(raised[SW_ANOMALY_PROTECTED_OWNER] == 1, "%zu servers, %zu each, at %zu",
                          answer.servers, answer.each, answer.at);
            const struct sw_addr target = jr_addr(TARGET);
            ck_assert(sw_addr_equal(&where, &target));
        }
    }
}
END_TEST

static size_t count_served(void)
{
    size_t n = 0;
    for (size_t i = 0; i < parts_n; i++) {
        size_t cursor = 0, len;
        enum sw_event_tag tag;
        const uint8_t *value;
        while (sw_event_next(&parts[i], &cursor, &tag, &value, &len))
            n += tag == SW_TAG_SERVED_AT;
    }
    return n;
}

/* The events of an answer are bounded, whatever the owner of a listed name puts into the cache. An
 * address at the end of the limit is judged. The event has the number of values behind the limit
 * (D-253), also where the name servers begin in a further event. */
START_TEST(name_servers_of_an_answer_are_bounded)
{
    static const struct {
        size_t servers, each, judged, unjudged, addresses;
    } sizes[] = {{SW_SERVING_SERVERS, 1, SW_SERVING_SERVERS, 0, 0},
                 {SW_SERVING_SERVERS + 1, 1, SW_SERVING_SERVERS, 1, 0},
                 {3000, 1, SW_SERVING_SERVERS, 3000 - SW_SERVING_SERVERS, 0},
                 {3000, 1, SW_SERVING_SERVERS, 3000 - SW_SERVING_SERVERS, ADDRS_MAX},
                 {1, SW_SERVING_ADDRS, SW_SERVING_ADDRS, 0, 0},
                 {1, SW_SERVING_ADDRS + 1, SW_SERVING_ADDRS, 1, 0},
                 {20, 4000, SW_SERVING_ADDRS, 8000 - SW_SERVING_ADDRS + 18, 0}};
    char name[SW_NAMETEXT_MAX];
    for (size_t i = 0; i < ADDRS_MAX; i++)
        answer.addr[i] = hosted(i);
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        answer.name = long_name((unsigned)s, 20, name);
        jr_list(&rig, "names", LISTED, answer.name);
        answer.servers = sizes[s].servers;
        answer.each = sizes[s].each;
        answer.at = sizes[s].judged - 1;
        answer.n = sizes[s].addresses;
        raised[SW_ANOMALY_PROTECTED_OWNER] = 0;
        see();
        ck_assert_uint_eq(count_served(), sizes[s].judged);
        ck_assert_uint_le(parts_n, 40);
        ck_assert_uint_eq(parts[0].unjudged, sizes[s].unjudged);
        ck_assert(!(parts[0].flags & SW_EVENT_TRUNCATED) ==
                  (sizes[s].unjudged == 0 && sizes[s].addresses == 0));
        ck_assert_uint_eq(raised[SW_ANOMALY_PROTECTED_OWNER], 1);
    }
}
END_TEST

/* A hundred ministries, a network each; the shipped table of classes knows them. */
static void know_ministries(void)
{
    static struct mm m;
    char text[64];
    mm_init(&m, 6, "GeoLite2-ASN");
    for (uint32_t i = 0; i < MINISTRIES; i++) {
        uint32_t at = mm_map(&m, 2);
        mm_text(&m, "autonomous_system_number");
        mm_u32(&m, 70000 + i);
        mm_text(&m, "autonomous_system_organization");
        snprintf(text, sizeof(text), "Ministry of Example %u", i);
        mm_text(&m, text);
        snprintf(text, sizeof(text), "46.%u.0.0/16", i);
        mm_insert(&m, text, at);
    }
    mm_write(&m, rig.mmdb);
    sw_owners_free(rig.owners);
    rig.settings.protected_classes = SW_CLASS_BIT(SW_HOLDER_GOVERNMENT);
    rig.owners = sw_owners_new(&rig.settings, &rig.counters);
    ck_assert(sw_owners_refresh(rig.owners));
    open_sights();
}

static struct sw_addr ministry(unsigned number, unsigned host)
{
    char text[SW_ADDRTEXT_MAX];
    snprintf(text, sizeof(text), "46.%u.0.%u", number, host);
    return jr_addr(text);
}

/* Each holder of a protected class is a finding of its own; addresses of one holder are one. */
START_TEST(no_holder_hides_among_others)
{
    know_ministries();
    jr_list(&rig, "names", LISTED, "a.test");
    answer.name = "a.test";
    answer.n = 1;
    for (unsigned i = 0; i < 20; i++) {
        answer.addr[0] = ministry(i, 1);
        see();
        ck_assert_uint_eq(raised[SW_ANOMALY_PROTECTED_OWNER], i + 1);
    }
    for (unsigned host = 2; host < 9; host++) { /* 2, 4 and 8 addresses of the first */
        answer.addr[0] = ministry(0, host);
        see();
    }
    ck_assert_uint_eq(raised[SW_ANOMALY_PROTECTED_OWNER], 23);
}
END_TEST

/* More holders than a history has room for: in the next year all are found again. Beyond the first
 * 32 they are counted in one finding, with a document for the first of them and at 64. */
START_TEST(no_number_of_holders_is_once_for_ever)
{
    know_ministries();
    jr_list(&rig, "names", LISTED, "a.test");
    answer.name = "a.test";
    for (unsigned year = 1; year <= 2; year++) {
        answer.n = MINISTRIES;
        for (unsigned i = 0; i < MINISTRIES; i++)
            answer.addr[i] = ministry(i, 1);
        see();
        ck_assert_uint_eq(raised[SW_ANOMALY_PROTECTED_OWNER], year * DOCUMENTS);
        ck_assert_uint_eq(members, 64);
        see(); /* nothing new */
        ck_assert_uint_eq(raised[SW_ANOMALY_PROTECTED_OWNER], year * DOCUMENTS);
        answer.n = 1;
        answer.addr[0] = hosted(1);
        wall_us += 180 * DAY;
        see();
        wall_us += 180 * DAY;
    }
}
END_TEST

/* A holder beyond the first 32 has no finding of its own after a restart: Redis has the number. */
START_TEST(the_number_of_holders_outlives_a_restart)
{
    know_ministries();
    jr_list(&rig, "names", LISTED, "a.test");
    answer.name = "a.test";
    answer.n = MINISTRIES;
    for (unsigned i = 0; i < MINISTRIES; i++)
        answer.addr[i] = ministry(i, 1);
    see();
    ck_assert_uint_eq(raised[SW_ANOMALY_PROTECTED_OWNER], DOCUMENTS);
    open_sights();
    answer.n = 1;
    for (unsigned host = 2; host < 5; host++) {
        answer.addr[0] = ministry(MINISTRIES - 1, host);
        see();
        ck_assert_uint_eq(raised[SW_ANOMALY_PROTECTED_OWNER], DOCUMENTS);
    }
}
END_TEST

/* The protected address in each form that an IPv6 address has for an IPv4 address, and in the
 * resolver's own dns64-prefix of each length (RFC 6052 2.4): protected, and no address for special
 * use, whatever the prefix is itself. */
START_TEST(no_embedding_hides_an_address)
{
    static const char *const forms[][2] = {
        {"", "::ffff:213.24.76.7"},
        {"", "64:ff9b::213.24.76.7"},
        {"", "2002:d518:4c07::1"},
        {"2001:db8::/32", "2001:db8:d518:4c07::"},
        {"2001:db8:100::/40", "2001:db8:1d5:184c:7::"},
        {"2001:db8:122::/48", "2001:db8:122:d518:4c:700::"},
        {"2001:db8:122:300::/56", "2001:db8:122:3d5:18:4c07::"},
        {"2001:db8:122:344::/64", "2001:db8:122:344:d5:184c:700::"},
        {"2001:db8:122:344::/96", "2001:db8:122:344::213.24.76.7"},
    };
    char name[32];
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
        for (size_t at = 0; at < 2; at++) {
            snprintf(name, sizeof(name), "e%zu-%zu.test", i, at);
            jr_list(&rig, "names", LISTED, name);
            rig.host.translation =
                forms[i][0][0] ? jr_addr(forms[i][0]) : (struct sw_addr){.family = 0};
            answer.name = name;
            answer.n = 2;
            answer.addr[at] = jr_addr(forms[i][1]);
            answer.addr[1 - at] = hosted(i);
            raised[SW_ANOMALY_PROTECTED_OWNER] = 0;
            see();
            ck_assert_msg(raised[SW_ANOMALY_PROTECTED_OWNER] == 1, "%s", forms[i][1]);
            ck_assert_msg(raised[SW_ANOMALY_SPECIAL_ADDRESS] == 0, "%s", forms[i][1]);
        }
}
END_TEST

/* Members of a former episode leave room for those of a new one; in one episode the number stays
 * bounded. */
START_TEST(former_members_of_a_finding_make_room)
{
    char member[32];
    struct sw_findings *findings = sw_findings_new(&rig.settings, NULL);
    ck_assert_ptr_nonnull(findings);
    for (size_t i = 0; i < SW_MEMBERS_MAX + 10; i++) {
        snprintf(member, sizeof(member), "m%zu", i);
        size_t n = sw_findings_claim(findings, "f", member, 100 * DAY, 100 * DAY + (int64_t)i);
        ck_assert_uint_eq(n, i < SW_MEMBERS_MAX ? i + 1 : 0);
    }
    for (size_t i = 0; i < 5; i++) {
        snprintf(member, sizeof(member), "new%zu", i);
        size_t n = sw_findings_claim(findings, "f", member, 500 * DAY, 500 * DAY + (int64_t)i);
        ck_assert_uint_eq(n, i + 1);
    }
    sw_findings_free(findings);
}
END_TEST

int main(void)
{
    return RUN_SUITE("hiding", NO_FORK, FIXTURE(setup, teardown),
                     TESTS(no_number_of_rules_hides_a_name, no_number_of_rules_hides_a_watch_list,
                           no_chain_hides_a_foreign_address, the_end_of_a_chain_is_kept,
                           no_number_of_name_servers_hides_an_address,
                           name_servers_of_an_answer_are_bounded, no_holder_hides_among_others,
                           no_number_of_holders_is_once_for_ever,
                           the_number_of_holders_outlives_a_restart, no_embedding_hides_an_address,
                           former_members_of_a_finding_make_room));
}
