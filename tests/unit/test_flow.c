/* Match, decide and record against a real index: order of rules, verdicts, events. */
#include "base/rcu.h"
#include "flow/decide.h"
#include "flow/draft.h"
#include "flow/match.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sw_settings settings;
static struct sw_index *lists;
static struct sw_flow flow;

static void setup(void)
{
    sw_settings_init(&settings);
    lists = sw_index_new();
    ck_assert_ptr_nonnull(lists);
    flow = (struct sw_flow){.settings = &settings, .index = lists};
}

static void teardown(void)
{
    sw_index_free(lists);
}

/* A list with a policy in JSON and indicators in text, NULL after the last. */
static void make_list(const char *name, const char *json, const char *const *indicators)
{
    char why[SW_WHY_MAX] = "";
    struct sw_policy policy;
    sw_list_id id;
    ck_assert_msg(sw_policy_parse(name, json, strlen(json), &policy, why) == SW_OK, "%s", why);
    ck_assert_int_eq(sw_index_list_set(lists, &policy, &id), SW_OK);
    for (; *indicators; indicators++) {
        struct sw_indicator ind;
        ck_assert_msg(sw_indicator_parse(*indicators, strlen(*indicators), &ind, why) == SW_OK,
                      "%s: %s", *indicators, why);
        ck_assert_int_eq(sw_index_add(lists, id, &ind), SW_OK);
    }
}

#define LIST(name, json, ...) make_list(name, json, (const char *const[]){__VA_ARGS__, NULL})

static struct sw_name wire(const char *text)
{
    struct sw_name name;
    const char *why = NULL;
    ck_assert_msg(sw_name_parse(text, strlen(text), &name, &why) == SW_OK, "%s: %s", text, why);
    return name;
}

static struct sw_addr address(const char *text)
{
    struct sw_addr addr;
    const char *why = NULL;
    ck_assert_int_eq(sw_addr_parse(text, strlen(text), &addr, &why), SW_OK);
    return addr;
}

/* Judge a name with an optional alias and address for a client (NULL: in no group, over UDP). */
static struct sw_verdict judged(const char *qname, const char *alias, const char *addr,
                                const struct sw_client *client, struct sw_match *match)
{
    struct sw_matching m;
    struct sw_verdict verdict;
    struct sw_name q = wire(qname), a = {0};
    unsigned group = client ? sw_groups_of(&settings.groups, &client->addr) : 0;
    sw_rcu_enter();
    sw_match_begin(&m, &flow, match);
    if (client)
        sw_match_client(&m, &client->addr, q.wire);
    sw_match_name(&m, SW_TRIGGER_QNAME, q.wire, q.len);
    if (alias) {
        a = wire(alias);
        sw_match_name(&m, SW_TRIGGER_CNAME, a.wire, a.len);
    }
    if (addr) {
        struct sw_addr parsed = address(addr);
        sw_match_addr(&m, &parsed);
    }
    sw_decide(&flow, sw_match_audience(match, group), client ? sw_client_over(client) : SW_OVER_UDP,
              &verdict);
    if (client)
        sw_decide_client(&verdict, client);
    sw_rcu_leave();
    return verdict;
}

static const char *winner(const char *qname, const char *alias, const char *addr)
{
    static char list[SW_LISTNAME_MAX];
    struct sw_match match;
    struct sw_verdict v = judged(qname, alias, addr, NULL, &match);
    snprintf(list, sizeof(list), "%s", !v.wins ? "-" : v.list);
    return list;
}

START_TEST(priority_then_specific_then_allow_then_trigger)
{
    LIST("late", "{\"priority\":2000,\"action\":\"nxdomain\"}", "=www.bad.example");
    LIST("subtree", "{\"action\":\"nodata\"}", "bad.example");
    LIST("exact", "{\"action\":\"refused\"}", "=mail.bad.example");
    LIST("allowed", "{\"kind\":\"allow\"}", "good.bad.example", "bad2.example");
    LIST("also", "{\"action\":\"nodata\"}", "bad2.example", "198.51.100.0/24");
    LIST("early", "{\"priority\":1,\"action\":\"drop\"}", "example");

    ck_assert_str_eq(winner("www.bad.example", NULL, NULL), "early");
    sw_list_id id;
    ck_assert_int_eq(sw_index_list_find(lists, "early", &id), SW_OK);
    ck_assert_int_eq(sw_index_list_drop(lists, id), SW_OK);
    ck_assert_str_eq(winner("www.bad.example", NULL, NULL), "subtree"); /* priority over exact */
    ck_assert_str_eq(winner("mail.bad.example", NULL, NULL), "exact");
    ck_assert_str_eq(winner("x.good.bad.example", NULL, NULL), "allowed");
    ck_assert_str_eq(winner("bad2.example", NULL, NULL), "allowed"); /* a draw: allow wins */
    ck_assert_str_eq(winner("clean.example", "bad.example", "198.51.100.9"), "subtree");
    ck_assert_str_eq(winner("clean.example", NULL, "198.51.100.9"), "also");
    ck_assert_str_eq(winner("clean.example", NULL, "203.0.113.9"), "-");
}
END_TEST

START_TEST(longer_prefix_wins_and_embedded_ipv4_counts)
{
    LIST("wide", "{\"action\":\"nodata\"}", "198.51.100.0/24");
    LIST("narrow", "{\"action\":\"refused\"}", "198.51.100.7");
    ck_assert_str_eq(winner("a.example", NULL, "198.51.100.7"), "narrow");
    ck_assert_str_eq(winner("a.example", NULL, "198.51.100.8"), "wide");
    ck_assert_str_eq(winner("a.example", NULL, "64:ff9b::c633:6407"), "narrow");
    ck_assert_str_eq(winner("a.example", NULL, "2001:db8::1"), "-");
}
END_TEST

START_TEST(watch_and_explaining_kinds_never_win)
{
    struct sw_match match;
    LIST("mine", "{\"kind\":\"watch\"}", "bank.example");
    LIST("gov", "{\"kind\":\"protected\",\"owner\":\"an agency\"}", "203.0.113.0/24");
    struct sw_verdict v = judged("www.bank.example", NULL, "203.0.113.5", NULL, &match);
    ck_assert(!v.wins);
    ck_assert(match.watched);
    ck_assert(!match.acted_on);
    ck_assert_uint_eq(match.n, 1);
    ck_assert(!sw_verdict_rewrites(&v));
}
END_TEST

START_TEST(allow_list_over_ioc_keeps_message_out_of_cache)
{
    struct sw_match match;
    LIST("bad", "{\"action\":\"nxdomain\"}", "bad.example");
    LIST("good", "{\"kind\":\"allow\",\"priority\":1}", "bad.example");
    struct sw_verdict v = judged("bad.example", NULL, NULL, NULL, &match);
    ck_assert_str_eq(v.list, "good");
    ck_assert_int_eq(v.taken, SW_ACTION_PASSTHRU);
    ck_assert(match.acted_on); /* every client's hit must be seen */
}
END_TEST

START_TEST(verdict_for_each_action)
{
    struct sw_match match;
    struct sw_client tcp = {.tcp = true}, udp = {.tcp = false};
    LIST("t", "{\"action\":\"tcp-only\"}", "t.example");
    LIST("d", "{\"action\":\"drop\"}", "d.example");
    LIST("s", "{\"action\":\"nxdomain\",\"shadow\":true}", "s.example");
    LIST("c", "{\"action\":\"cname\"}", "c.example");
    LIST("k", "{\"action\":\"sinkhole\",\"sinkhole4\":\"192.0.2.9\",\"ttl\":7,\"ede\":16}",
         "k.example");
    ck_assert_int_eq(judged("t.example", NULL, NULL, &tcp, &match).taken, SW_ACTION_MONITOR);
    ck_assert_int_eq(judged("t.example", NULL, NULL, &udp, &match).taken, SW_ACTION_TCP_ONLY);
    ck_assert_int_eq(judged("d.example", NULL, NULL, &tcp, &match).taken, SW_ACTION_REFUSED);
    ck_assert_int_eq(judged("d.example", NULL, NULL, &udp, &match).taken, SW_ACTION_DROP);
    struct sw_verdict v = judged("s.example", NULL, NULL, NULL, &match);
    ck_assert(v.shadow);
    ck_assert_int_eq(v.wanted, SW_ACTION_NXDOMAIN);
    ck_assert_int_eq(v.taken, SW_ACTION_MONITOR);
    ck_assert_uint_eq(v.ede, SW_EDE_OFF);
    ck_assert_int_eq(judged("c.example", NULL, NULL, NULL, &match).taken, SW_ACTION_NXDOMAIN);
    settings.cname = wire("garden.example");
    v = judged("c.example", NULL, NULL, NULL, &match);
    ck_assert_int_eq(v.taken, SW_ACTION_CNAME);
    ck_assert_uint_eq(v.ede, 4);
    settings.sinkhole4 = address("192.0.2.1");
    settings.sinkhole6 = address("2001:db8::1");
    v = judged("k.example", NULL, NULL, NULL, &match);
    ck_assert(sw_addr_equal(&v.sinkhole4, &(struct sw_addr){4, 32, {192, 0, 2, 9}}));
    ck_assert(sw_addr_equal(&v.sinkhole6, &settings.sinkhole6));
    ck_assert_uint_eq(v.ttl, 7);
    ck_assert_uint_eq(v.ede, 16);
    settings.ede = false;
    ck_assert_uint_eq(judged("k.example", NULL, NULL, NULL, &match).ede, SW_EDE_OFF);
}
END_TEST

static const char *garden_for(const char *qname, const char *alias, const char *addr,
                              const struct sw_client *client)
{
    static char text[SW_NAMETEXT_MAX];
    struct sw_match match;
    struct sw_verdict v = judged(qname, alias, addr, client, &match);
    if (v.taken != SW_ACTION_CNAME)
        return sw_action_name(v.taken);
    return sw_name_text(v.cname.wire, text);
}

/* RPZ draft 3.2: "CNAME *.garden.example." in a policy zone. */
START_TEST(name_in_place_of_an_asterisk)
{
    static char label[] = "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgg";
    char longest[SW_NAMETEXT_MAX];
    const struct sw_client client = {.addr = address("192.0.2.77")};
    LIST("w", "{\"action\":\"cname\",\"cname\":\"*.garden.example\"}", "bad.example");
    LIST("a", "{\"action\":\"cname\",\"cname\":\"*.garden.example\"}", "192.0.2.66");
    LIST("c", "{\"action\":\"cname\",\"cname\":\"*.clients\",\"triggers\":[\"client\"]}",
         "192.0.2.77");
    ck_assert_str_eq(garden_for("bad.example", NULL, NULL, NULL), "bad.example.garden.example");
    ck_assert_str_eq(garden_for("X.bad.example", NULL, NULL, NULL), "x.bad.example.garden.example");
    ck_assert_str_eq(garden_for("ok.example", "y.bad.example", NULL, NULL),
                     "y.bad.example.garden.example");
    ck_assert_str_eq(garden_for("ok.example", NULL, "192.0.2.66", NULL),
                     "ok.example.garden.example");
    ck_assert_str_eq(garden_for("ok.example", NULL, NULL, &client), "ok.example.clients");
    snprintf(longest, sizeof(longest), "%s.%s.%s.%s.bad.example", label, label, label, label + 15);
    ck_assert_uint_gt(wire(longest).len, 239);
    ck_assert_str_eq(garden_for(longest, NULL, NULL, NULL), "nxdomain");
    ck_assert_str_eq(garden_for(longest + 9, NULL, NULL, NULL), "nxdomain"); /* 256 octets */
    ck_assert_uint_eq(strlen(garden_for(longest + 10, NULL, NULL, NULL)),
                      strlen(longest + 10) + strlen(".garden.example"));
}
END_TEST

/* A name in a walled garden gets no alias into the same garden: aliases would have no end. */
START_TEST(names_in_a_garden_with_an_asterisk)
{
    const struct sw_client client = {.addr = address("192.0.2.77")};
    LIST("w", "{\"action\":\"cname\",\"cname\":\"*.garden.example\"}", "*.example");
    LIST("c", "{\"action\":\"cname\",\"cname\":\"*.clients\",\"triggers\":[\"client\"]}",
         "192.0.2.77");
    ck_assert_str_eq(garden_for("bad.example", NULL, NULL, NULL), "bad.example.garden.example");
    ck_assert_str_eq(garden_for("bad.example.garden.example", NULL, NULL, NULL), "monitor");
    ck_assert_str_eq(garden_for("garden.example", NULL, NULL, NULL), "monitor");
    ck_assert_str_eq(garden_for("notgarden.example", NULL, NULL, NULL),
                     "notgarden.example.garden.example");
    ck_assert_str_eq(garden_for("ok.test", NULL, NULL, &client), "ok.test.clients");
    ck_assert_str_eq(garden_for("ok.test.clients", NULL, NULL, &client), "monitor");
}
END_TEST

START_TEST(more_rules_than_fit_keep_the_winner)
{
    struct sw_match match;
    char name[32], json[64];
    for (int i = 0; i < 2 * SW_MATCH_MAX; i++) {
        snprintf(name, sizeof(name), "list%02d", i);
        snprintf(json, sizeof(json), "{\"priority\":%d,\"action\":\"nodata\"}", 1000 - i);
        LIST(name, json, "many.example");
    }
    struct sw_verdict v = judged("many.example", NULL, NULL, NULL, &match);
    ck_assert_uint_eq(match.n, SW_MATCH_MAX);
    ck_assert_uint_eq(match.rules, 2 * SW_MATCH_MAX);
    ck_assert(match.acted_on);
    ck_assert_str_eq(v.list, "list31");
}
END_TEST

START_TEST(event_holds_rules_and_client)
{
    struct sw_match match;
    struct sw_matching m;
    struct sw_event ev;
    struct sw_name q = wire("www.bad.example");
    struct sw_verdict verdict;
    LIST("bad", "{\"action\":\"nxdomain\"}", "bad.example");
    sw_rcu_enter();
    sw_match_begin(&m, &flow, &match);
    sw_match_name(&m, SW_TRIGGER_QNAME, q.wire, q.len);
    const struct sw_found *won = sw_decide(&flow, &match.audience[0], SW_OVER_UDP, &verdict);
    const struct sw_question question = {q.wire, q.len, 1, 1};
    struct sw_hits shown;
    sw_match_hits(&match, &match.audience[0], won, &shown);
    sw_draft_begin(&ev, SW_EVENT_HIT, 42, &question, &shown);
    sw_rcu_leave();
    struct sw_addr answer = address("192.0.2.4");
    sw_draft_addr(&ev, &answer);
    struct sw_client client = {.addr = address("127.0.0.3"), .port = 99, .tcp = true};
    struct sw_ring *ring = sw_ring_new(8192);
    ck_assert(sw_draft_put(ring, &ev, 43, &client, &verdict));
    ck_assert(!sw_draft_put(NULL, &ev, 43, &client, &verdict));

    struct sw_event got;
    ck_assert_uint_eq(sw_ring_get(ring, &got, sizeof(got)), sw_event_size(&ev));
    ck_assert_int_eq(got.time_us, 43);
    ck_assert_uint_eq(got.client_port, 99);
    ck_assert(got.flags & SW_EVENT_TCP && got.flags & SW_EVENT_CLIENT);
    ck_assert_int_eq(got.action_taken, SW_ACTION_NXDOMAIN);
    size_t cursor = 0, len;
    const uint8_t *value;
    enum sw_event_tag tag;
    int hits = 0, addrs = 0;
    while (sw_event_next(&got, &cursor, &tag, &value, &len)) {
        struct sw_event_hit hit;
        addrs += tag == SW_TAG_ADDRESS;
        if (tag != SW_TAG_HIT)
            continue;
        ck_assert_int_eq(sw_event_get_hit(value, len, &hit), SW_OK);
        ck_assert_str_eq(hit.list, "bad");
        ck_assert_str_eq(hit.indicator, "bad.example");
        ck_assert_int_eq(hit.winner, 1);
        hits++;
    }
    ck_assert_int_eq(hits, 1);
    ck_assert_int_eq(addrs, 1);
    sw_ring_free(ring);
}
END_TEST

/* The first rule's trigger for a question, or SW_TRIGGER_COUNT when there is none. */
static enum sw_trigger trigger_of(const char *qname, uint16_t qtype)
{
    struct sw_matching m;
    struct sw_match match;
    struct sw_name q = wire(qname);
    const struct sw_question question = {q.wire, q.len, qtype, 1};
    sw_rcu_enter();
    sw_match_begin(&m, &flow, &match);
    sw_match_question(&m, &question);
    sw_rcu_leave();
    return match.n ? match.found[0].trigger : SW_TRIGGER_COUNT;
}

START_TEST(ptr_question_matches_its_address_where_asked_for)
{
    const char *four = "23.76.24.213.in-addr.arpa";
    const char *translated =
        "7.1.c.4.8.1.5.d.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.b.9.f.f.4.6.0.0.ip6.arpa";
    LIST("bad", "{\"action\":\"nxdomain\"}", "213.24.76.0/24", "example");
    ck_assert_int_eq(trigger_of(four, 12), SW_TRIGGER_COUNT);
    settings.ptr_addresses = true;
    ck_assert_int_eq(trigger_of(four, 12), SW_TRIGGER_ADDRESS);
    ck_assert_int_eq(trigger_of(translated, 12), SW_TRIGGER_ADDRESS);
    ck_assert_int_eq(trigger_of(four, 16), SW_TRIGGER_COUNT); /* other types name no address */
    ck_assert_int_eq(trigger_of("23.77.24.213.in-addr.arpa", 12), SW_TRIGGER_COUNT);
    ck_assert_int_eq(trigger_of("www.example", 12), SW_TRIGGER_QNAME);
}
END_TEST

/* Who wins for a client of this group: list, or "-". */
static const char *winner_for(unsigned group, size_t audiences_wanted)
{
    static char list[SW_LISTNAME_MAX + 8];
    struct sw_match match;
    struct sw_verdict v;
    uint32_t all = 0;
    judged("www.bad.example", NULL, NULL, NULL, &match);
    ck_assert_uint_eq(match.audiences_n, audiences_wanted);
    for (size_t i = 0; i < match.audiences_n; i++) {
        ck_assert_uint_eq(all & match.audience[i].groups, 0);
        all |= match.audience[i].groups;
    }
    ck_assert_uint_eq(all, UINT32_MAX);
    sw_rcu_enter();
    const struct sw_audience *audience = sw_match_audience(&match, group);
    sw_decide(&flow, audience, SW_OVER_UDP, &v);
    snprintf(list, sizeof(list), "%s%s", !v.wins ? "-" : v.list,
             audience->acted_on ? "" : " clean");
    sw_rcu_leave();
    return list;
}

START_TEST(groups_cut_a_match_into_parts)
{
    ck_assert_int_eq(sw_groups_add(&settings.groups, "kids 192.0.2.0/24"), SW_OK);
    ck_assert_int_eq(sw_groups_add(&settings.groups, "guests 2001:db8::/32"), SW_OK);
    LIST("kids", "{\"action\":\"nxdomain\",\"groups\":[\"kids\"]}", "bad.example");
    ck_assert_str_eq(winner_for(0, 2), "- clean");
    ck_assert_str_eq(winner_for(1, 2), "kids");
    LIST("all", "{\"action\":\"nodata\",\"priority\":2000}", "bad.example");
    ck_assert_str_eq(winner_for(0, 2), "all");
    ck_assert_str_eq(winner_for(1, 2), "kids");
    LIST("off", "{\"kind\":\"allow\",\"priority\":1,\"groups\":[\"guests\"]}", "bad.example");
    ck_assert_str_eq(winner_for(0, 3), "all");
    ck_assert_str_eq(winner_for(1, 3), "kids");
    ck_assert_str_eq(winner_for(2, 3), "off");
    LIST("staff", "{\"action\":\"drop\",\"priority\":0,\"groups\":[\"staff\"]}", "bad.example");
    ck_assert_str_eq(winner_for(1, 3), "kids"); /* a name that is not known is nobody */
}
END_TEST

/* The trigger of a list decides the meaning of the list's indicators. */
START_TEST(triggers_of_a_list_decide)
{
    LIST("asked", "{\"triggers\":[\"qname\"]}", "bad.example", "192.0.2.1");
    ck_assert_str_eq(winner("www.bad.example", NULL, "192.0.2.1"), "asked");
    ck_assert_str_eq(winner("clean.example", "www.bad.example", "192.0.2.1"), "-");
    LIST("alias", "{\"triggers\":[\"cname\"]}", "worse.example");
    ck_assert_str_eq(winner("worse.example", NULL, NULL), "-");
    ck_assert_str_eq(winner("clean.example", "worse.example", NULL), "alias");
    LIST("clients", "{\"triggers\":[\"client\"]}", "198.51.100.0/24", "clean.example");
    ck_assert_str_eq(winner("clean.example", NULL, "198.51.100.1"), "-");
}
END_TEST

static struct sw_view view_now(void)
{
    sw_rcu_enter();
    struct sw_view view = sw_index_view(lists);
    sw_rcu_leave();
    return view;
}

static void change(const char *name, const char *text, bool add)
{
    char why[SW_WHY_MAX] = "";
    struct sw_indicator ind;
    sw_list_id id;
    ck_assert_int_eq(sw_index_list_find(lists, name, &id), SW_OK);
    ck_assert_int_eq(sw_indicator_parse(text, strlen(text), &ind, why), SW_OK);
    ck_assert_int_eq(add ? sw_index_add(lists, id, &ind) : sw_index_remove(lists, id, &ind), SW_OK);
}

/* The flags that turn costly work on say exactly whether some list could match. */
START_TEST(flags_for_triggers_follow_the_lists)
{
    LIST("plain", "{}", "192.0.2.1", "bad.example", "AS64500");
    LIST("clients", "{\"triggers\":[\"client\"]}", "bad.example");
    LIST("servers", "{\"triggers\":[\"nsdname\",\"nsip\"]}", NULL);
    ck_assert(!view_now().any_client && !view_now().clients_act && !view_now().any_server);
    change("clients", "192.0.2.1", true);
    ck_assert(view_now().any_client && view_now().clients_act);
    change("clients", "AS64500", true);
    change("clients", "192.0.2.1", false);
    ck_assert(view_now().any_client);
    change("clients", "AS64500", false);
    ck_assert(!view_now().any_client && !view_now().clients_act);
    change("servers", "ns.example", true);
    ck_assert(view_now().any_server && !view_now().any_client);
    change("servers", "ns.example", false);
    ck_assert(!view_now().any_server);
    LIST("exempt", "{\"kind\":\"allow\",\"triggers\":[\"client\"]}", "192.0.2.0/24");
    ck_assert(view_now().any_client && !view_now().clients_act);
    sw_list_id id;
    ck_assert_int_eq(sw_index_list_find(lists, "exempt", &id), SW_OK);
    ck_assert_int_eq(sw_index_list_drop(lists, id), SW_OK);
    ck_assert(!view_now().any_client);
}
END_TEST

/* The answer of a client for a name: the client's rules weighed against the rules of the
 * question. */
static const char *client_gets(const char *client, const char *qname)
{
    static char out[SW_LISTNAME_MAX + 32];
    struct sw_client who = {.addr = address(client)};
    struct sw_match match;
    struct sw_verdict v = judged(qname, NULL, NULL, &who, &match);
    snprintf(out, sizeof(out), "%s %s", !v.wins ? "-" : v.list, sw_action_name(v.taken));
    return out;
}

START_TEST(client_goes_first_unless_a_priority_says_so)
{
    ck_assert_int_eq(sw_groups_add(&settings.groups, "kids 192.0.2.64/26"), SW_OK);
    LIST("names", "{\"action\":\"nxdomain\"}", "=www.bad.example");
    LIST("net", "{\"triggers\":[\"client\"],\"action\":\"refused\"}", "192.0.2.0/24");
    LIST("one", "{\"triggers\":[\"client\"],\"action\":\"drop\"}", "192.0.2.7", "64:ff9b::/96");
    ck_assert_str_eq(client_gets("203.0.113.1", "www.bad.example"), "names nxdomain");
    ck_assert_str_eq(client_gets("192.0.2.1", "www.bad.example"), "net refused");
    ck_assert_str_eq(client_gets("192.0.2.1", "clean.example"), "net refused");
    ck_assert_str_eq(client_gets("192.0.2.7", "clean.example"), "one drop");
    ck_assert_str_eq(client_gets("2001:db8::1", "clean.example"), "- passthru");
    LIST("portal", "{\"kind\":\"allow\",\"priority\":1}", "portal.example");
    ck_assert_str_eq(client_gets("192.0.2.1", "portal.example"), "portal passthru");
    LIST("early",
         "{\"triggers\":[\"client\"],\"action\":\"nodata\",\"priority\":0,\"groups\":[\"kids\"]}",
         "192.0.2.0/24");
    ck_assert_str_eq(client_gets("192.0.2.1", "portal.example"), "portal passthru");
    ck_assert_str_eq(client_gets("192.0.2.65", "portal.example"), "early nodata");
    LIST("exempt", "{\"kind\":\"allow\",\"triggers\":[\"client\"],\"priority\":0}", "192.0.2.9");
    ck_assert_str_eq(client_gets("192.0.2.9", "www.bad.example"), "exempt passthru");
}
END_TEST

/* Each rank of triggers goes before the next, however specific. */
START_TEST(triggers_in_their_order)
{
    struct sw_match match;
    struct sw_matching m;
    struct sw_name name = wire("ns.bad.example");
    struct sw_addr addr = address("192.0.2.1");
    LIST("server", "{\"triggers\":[\"nsdname\"]}", "=ns.bad.example");
    LIST("at", "{\"triggers\":[\"nsip\"]}", "192.0.2.1");
    LIST("net", "{\"triggers\":[\"address\"]}", "192.0.0.0/16");
    LIST("name", "{\"triggers\":[\"cname\"]}", "example");
    LIST("client", "{\"triggers\":[\"client\"]}", "192.0.0.0/8");
    sw_rcu_enter();
    sw_match_begin(&m, &flow, &match);
    sw_match_client(&m, &addr, NULL);
    sw_match_name(&m, SW_TRIGGER_CNAME, name.wire, name.len);
    sw_match_server(&m, &name, &name);
    sw_match_server_addr(&m, &addr);
    sw_match_addr(&m, &addr);
    static const char *const order[] = {"client", "name", "net", "server", "at"};
    ck_assert_uint_eq(match.n, 5);
    for (size_t i = 0; i < match.n; i++)
        ck_assert_str_eq(match.found[i].hit.list->name, order[i]);
    sw_rcu_leave();
}
END_TEST

int main(void)
{
    return RUN_SUITE(
        "flow", FIXTURE(setup, teardown),
        TESTS(priority_then_specific_then_allow_then_trigger,
              longer_prefix_wins_and_embedded_ipv4_counts, watch_and_explaining_kinds_never_win,
              allow_list_over_ioc_keeps_message_out_of_cache, verdict_for_each_action,
              name_in_place_of_an_asterisk, names_in_a_garden_with_an_asterisk,
              more_rules_than_fit_keep_the_winner, ptr_question_matches_its_address_where_asked_for,
              groups_cut_a_match_into_parts, triggers_of_a_list_decide,
              flags_for_triggers_follow_the_lists, client_goes_first_unless_a_priority_says_so,
              triggers_in_their_order, event_holds_rules_and_client));
}
