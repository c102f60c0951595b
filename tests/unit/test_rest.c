/*
 * test_rest.c - answers with more addresses than an event has room for (D-127): every address is in
 * one of the events, and is judged.
 *
 * Sights are judged in the test's thread.
 */
#include "journal_rig.h"

#include "base/rcu.h"
#include "flow/decide.h"
#include "flow/draft.h"
#include "flow/match.h"
#include "journal/history/sight.h"
#include "suite.h"

#define MAX    4000
#define PARTS  80
#define MINUTE INT64_C(60000000)
#define LISTED "{\"action\":\"monitor\"}"

static struct jr rig;
static struct sw_link *link_;
static struct sw_seens *seens;
static struct sw_sights *sights;
static struct sw_flow flow;
static int64_t wall_us;
static struct sw_event parts[PARTS]; /* the event and the further events of an answer */
static size_t parts_n;
static struct sw_addr answer[MAX];
static uint8_t series; /* of addresses, so that answers share none */
static size_t raised_n;
static struct sw_addr raised;

static void on_raise(void *arg, const struct sw_anomaly_report *report)
{
    (void)arg;
    if (report->anomaly->type != SW_ANOMALY_PROTECTED_OWNER)
        return;
    raised_n++;
    raised = report->anomaly->addr;
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

/* Without a database no address has an owner, so that only the lists speak. */
static void without_owners(void)
{
    sw_owners_free(rig.owners);
    rig.settings.asn_mmdb[0][0] = '\0';
    rig.owners = sw_owners_new(&rig.settings, &rig.counters);
    open_sights();
}

static void setup(void)
{
    jr_init(&rig);
    jr_list(&rig, "agencies", "{\"kind\":\"protected\",\"action\":\"monitor\"}", "213.24.76.0/24");
    jr_list(&rig, "agencies", "{\"kind\":\"protected\",\"action\":\"monitor\"}",
            "2001:db8:fffe::/48");
    link_ = sw_link_new(&rig.settings, &rig.counters);
    seens = sw_seens_new(&rig.settings, &rig.counters);
    open_sights();
    wall_us = sw_clock_wall_us() - 1000 * MINUTE;
    raised_n = 0;
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
    ck_assert_uint_lt(parts_n, PARTS);
    parts[parts_n++] = *rest;
}

/* Draft the events of an answer with n addresses, as host/emit.c does. */
static void draft(const char *qname, size_t n)
{
    static struct sw_event ev;
    struct sw_rest rest = {.put = on_rest};
    struct sw_name name;
    struct sw_matching matching;
    struct sw_match match;
    struct sw_verdict verdict;
    struct sw_hits hits;
    ck_assert_int_eq(sw_name_parse(qname, strlen(qname), &name, NULL), SW_OK);
    const struct sw_question question = {name.wire, name.len, 1, 1};
    parts_n = 1;
    sw_rcu_enter();
    sw_match_begin(&matching, &flow, &match);
    sw_match_name(&matching, SW_TRIGGER_QNAME, name.wire, name.len);
    sw_match_hits(&match, &match.audience[0],
                  sw_decide(&flow, &match.audience[0], SW_OVER_UDP, &verdict), &hits);
    sw_draft_begin(&ev, SW_EVENT_HIT, wall_us, &question, &hits);
    ev.flags |= SW_EVENT_RESOLVED;
    sw_rest_begin(&rest, &ev, &hits);
    for (size_t i = 0; i < n; i++)
        if (!sw_draft_addr(&ev, &answer[i]))
            sw_rest_addr(&rest, &answer[i]);
    sw_rest_end(&rest);
    sw_rcu_leave();
    parts[0] = ev;
}

/* The record passes through the sights as in the recorder. */
static void see(const struct sw_event *event, uint64_t count)
{
    static struct sw_sight sight;
    struct sw_record *record = sw_record_new(event, NULL);
    ck_assert_ptr_nonnull(record);
    record->count = count;
    sw_sights_look(sights, record->event, &sight);
    ck_assert(sight.concerned && sight.is_ioc);
    sw_sights_note(sights, record, &sight);
    sw_sights_finish(sights);
    free(record);
}

static void see_all(uint64_t count)
{
    for (size_t i = 0; i < parts_n; i++)
        see(&parts[i], count);
}

/* Address number i at the hoster, of each family in turn where both is set. */
static struct sw_addr hosted(size_t i, bool both)
{
    struct sw_addr addr = {.family = both && i % 2 ? 6 : 4};
    addr.plen = addr.family == 4 ? 32 : 128;
    const uint8_t v4[4] = {45, series, (uint8_t)(i / 256), (uint8_t)i};
    const uint8_t v6[16] = {
        0x20, 0x01, 0x0d, 0xb8, [4] = series, [14] = (uint8_t)(i / 256), [15] = (uint8_t)i};
    if (addr.family == 4)
        memcpy(addr.octets, v4, sizeof(v4));
    else
        memcpy(addr.octets, v6, sizeof(v6));
    return addr;
}

/* n addresses, and at a position an address in a protected network. */
static void fill(size_t n, size_t at, bool both)
{
    for (size_t i = 0; i < n; i++)
        answer[i] = hosted(i, both);
    answer[at] = jr_addr(both ? "2001:db8:fffe::7" : "213.24.76.7");
}

/* Each address of the answer is in one of the parts, in a part with name and indicator. */
static void check_parts(const char *indicator, size_t n)
{
    size_t found = 0, next = 0;
    static bool has[MAX];
    memset(has, 0, sizeof(has));
    for (size_t p = 0; p < parts_n; p++) {
        size_t cursor = 0, len;
        enum sw_event_tag tag;
        const uint8_t *value;
        struct sw_addr addr;
        struct sw_event_hit hit;
        struct sw_name name;
        ck_assert(sw_event_qname(&parts[p], &name) && sw_event_winner(&parts[p], &hit));
        ck_assert_str_eq(hit.indicator, indicator);
        ck_assert_int_eq(parts[p].type, p == 0 ? SW_EVENT_HIT : SW_EVENT_REST);
        ck_assert(p == 0 || !(parts[p].flags & SW_EVENT_TRUNCATED));
        while (sw_event_next(&parts[p], &cursor, &tag, &value, &len)) {
            if (tag != SW_TAG_ADDRESS)
                continue;
            ck_assert_int_eq(sw_addr_from_octets(value, len, &addr), SW_OK);
            for (size_t i = 0; i < n && !sw_addr_equal(&addr, &answer[next % n]); i++)
                next++;
            ck_assert(sw_addr_equal(&addr, &answer[next % n]) && !has[next % n]);
            has[next++ % n] = true;
            found++;
        }
    }
    ck_assert_uint_eq(found, n);
}

/* Draft an answer for a new indicator, and see all events of the answer. */
static void see_answer(const char *name, size_t n)
{
    wall_us += MINUTE;
    draft(name, n);
    check_parts(name, n);
    see_all(1);
}

static const size_t sizes[] = {1, 145, 437, 438, 439, 876, MAX};

/* Answers of many sizes, with a protected address at the begin, at the end, at the limit between
 * two events, and anywhere: each is a finding with a single document. */
START_TEST(no_place_hides_a_protected_address)
{
    char name[32];
    without_owners();
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        const size_t n = sizes[s], places[] = {n - 1, n * 7 / 8, 437 % n, 438 % n, 0};
        for (size_t p = 0; p < (n > 1000 ? 1 : sizeof(places) / sizeof(places[0])); p++) {
            snprintf(name, sizeof(name), "c%u.test", ++series);
            jr_list(&rig, "carbanak", LISTED, name);
            fill(n, places[p], _i);
            raised_n = 0;
            see_answer(name, n);
            ck_assert_uint_eq(raised_n, 1);
            ck_assert(sw_addr_equal(&raised, &answer[places[p]]));
            see(&parts[parts_n - 1], 3); /* nothing new */
            ck_assert_uint_eq(raised_n, 1);
        }
    }
}
END_TEST

/* The rules of an answer and long aliases leave no address out. */
START_TEST(long_rules_and_aliases_hide_nothing)
{
    char list[16], name[SW_NAMETEXT_MAX];
    memset(name, 'x', sizeof(name));
    for (size_t i = 0; i < 3; i++)
        name[64 * i + 63] = '.';
    snprintf(name + 192, sizeof(name) - 192, "crowd.test");
    for (int i = 0; i < 2 * SW_MATCH_MAX; i++) {
        snprintf(list, sizeof(list), "l%d", i);
        jr_list(&rig, list, i % 2 ? LISTED : "{\"kind\":\"watch\"}", name);
    }
    without_owners();
    for (size_t n = 1; n < 400; n += 57) {
        fill(n, n - 1, true);
        raised_n = 0;
        wall_us += MINUTE;
        draft(name, n);
        check_parts(name, n);
    }
    ck_assert_uint_gt(parts_n, 2);
    see_all(1);
    ck_assert_uint_eq(raised_n, 1);
}
END_TEST

static int64_t counted(const char *name, const char *field)
{
    return jr_seen_count(&rig, "name", name, field);
}

/* Three answers, for two clients each: holders and addresses count six, in whichever events the
 * addresses are. */
START_TEST(a_holder_counts_once_for_each_answer)
{
    char text[SW_ADDRTEXT_MAX];
    rig.settings.history_max = 2000;
    jr_list(&rig, "carbanak", LISTED, "crowd.test");
    for (unsigned i = 0; i < 480; i++) { /* the last 42 in a further event */
        snprintf(text, sizeof(text), i < 256 ? "93.184.216.%u" : "213.24.76.%u", i % 256);
        answer[i] = jr_addr(text);
    }
    for (size_t i = 0; i < 3; i++) {
        wall_us += MINUTE;
        draft("crowd.test", 480);
        ck_assert_uint_eq(parts_n, 2);
        see_all(2);
    }
    struct sw_redis *redis = sw_link_up(link_, sw_clock_mono_us());
    ck_assert_ptr_nonnull(redis);
    while (sw_seens_waiting(seens) > 0)
        ck_assert_int_eq(sw_seens_flush(seens, redis), SW_OK);
    ck_assert_int_eq(counted("crowd.test", SW_HOLDER_PREFIX "AS15133"), 6);
    ck_assert_int_eq(counted("crowd.test", SW_HOLDER_PREFIX "AS8342"), 6);
    ck_assert_int_eq(counted("crowd.test", "93.184.216.0"), 6);
    ck_assert_int_eq(counted("crowd.test", "213.24.76.223"), 6);
}
END_TEST

/* An expired answer is no sighting of now, neither are its further addresses. */
START_TEST(the_rest_of_an_expired_answer_is_no_sighting)
{
    static struct sw_sight sight;
    jr_list(&rig, "carbanak", LISTED, "crowd.test");
    fill(1000, 990, false);
    draft("crowd.test", 1000);
    for (size_t i = 0; i < parts_n; i++) {
        parts[i].flags |= SW_EVENT_EXPIRED;
        sw_sights_look(sights, &parts[i], &sight);
        ck_assert(!sight.concerned);
    }
}
END_TEST

int main(void)
{
    return RUN_SUITE(
        "rest", NO_FORK, FIXTURE(setup, teardown), LOOP(no_place_hides_a_protected_address, 2),
        TESTS(long_rules_and_aliases_hide_nothing, a_holder_counts_once_for_each_answer,
              the_rest_of_an_expired_answer_is_no_sighting));
}
