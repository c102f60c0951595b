/*
 * test_episode.c - episodes of a name: holders, gaps, returns, silences; compared with a model.
 */
#include "owner/episode.h"

#include "journal/history/entry.h"
#include "journal/history/finding.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY INT64_C(86400000000)

static const struct sw_owner a = {.asn = 64500, .org = "A"};
static const struct sw_owner b = {.asn = 64501, .org = "B"};
static const struct sw_owner nobody;
static struct sw_name_history of;

static void teardown(void)
{
    free(of.episodes);
    free(of.addrs);
    memset(&of, 0, sizeof(of));
}

static void see(const struct sw_owner *owner, int from_day, int days)
{
    for (int day = from_day; day < from_day + days; day++)
        ck_assert_ptr_nonnull(
            sw_episode_note(&of, owner, owner != &nobody, day * DAY, day * DAY, 1));
}

static size_t episodes_of(const struct sw_owner *owner)
{
    size_t n = 0;
    for (size_t i = 0; i < of.episodes_n; i++)
        n += of.episodes[i].answered == (owner != &nobody) &&
             sw_episode_same(&of.episodes[i].owner, owner);
    return n;
}

/* The table of the holder's identity: registrant and AS of two owners, and whether they are one. */
START_TEST(holders)
{
    static const struct {
        struct sw_owner one, two;
        bool same;
    } rows[] = {
        {{.asn = 1, .org = "A"}, {.asn = 1, .org = "A renamed"}, true},
        {{.asn = 1}, {.asn = 2}, false},
        {{.asn = 1, .registrant = "Foo"}, {.asn = 1, .registrant = "Bar"}, false},
        {{.asn = 1, .registrant = "Foo"}, {.asn = 2, .registrant = "Foo"}, true},
        {{.asn = 1, .registrant = "Foo Ltd."}, {.asn = 2, .registrant = "FOO LIMITED"}, true},
        {{.asn = 1, .registrant = "Foo, Inc"}, {.asn = 2, .registrant = "foo"}, true},
        {{.asn = 1, .registrant = "Foo"}, {.asn = 1}, true},
        {{.asn = 1, .registrant = "Foo"}, {.asn = 2}, false},
        {{.asn = 1, .org = "Carrier", .registrant = "Carrier Backbone"},
         {.asn = 1, .org = "Carrier", .registrant = "Carrier Access"},
         true},
        {{.asn = 1, .org = "Carrier", .registrant = "Carrier Backbone"},
         {.asn = 1, .org = "Carrier", .registrant = "Customer"},
         false},
        {{.asn = 1, .org = "Carrier, Inc."}, {.asn = 2, .org = "CARRIER"}, true},
        {{.asn = 1, .org = "Carrier", .registrant = "Carrier Backbone"},
         {.asn = 2, .org = "Carrier"},
         true},
        {{.asn = 1, .org = "Carrier", .registrant = "Customer"},
         {.asn = 2, .org = "Carrier"},
         false},
        {{.asn = 1, .org = "Carrier"}, {.asn = 2, .org = "Carter"}, false},
        {{.registrant = "\xd0\xa4\xd0\xa1\xd0\x91"},
         {.registrant = "\xd0\xa4\xd0\xa1\xd0\x91"},
         true},
        {{.asn = 0}, {.asn = 0}, true},
    };
    char one[SW_HOLDER_MAX], two[SW_HOLDER_MAX];
    ck_assert(sw_episode_same(&rows[_i].one, &rows[_i].two) == rows[_i].same);
    ck_assert(sw_episode_same(&rows[_i].two, &rows[_i].one) == rows[_i].same);
    sw_holder_text(&rows[_i].one, true, one);
    sw_holder_text(&rows[_i].two, true, two);
    if (!rows[_i].same)
        ck_assert_str_ne(one, two);
}
END_TEST

START_TEST(hijack_for_hours_leaves_the_owner_in_place)
{
    see(&a, 0, 31);
    sw_episode_note(&of, &b, true, 30 * DAY, 30 * DAY + DAY / 4, 4);
    see(&a, 31, 40);
    ck_assert_uint_eq(episodes_of(&a), 1);
    sw_episode_note(&of, &b, true, 71 * DAY, 71 * DAY, 1);
    ck_assert_uint_eq(episodes_of(&b), 2);
    ck_assert_int_eq(sw_episode_latest(&of, &b, true)->from_us, 71 * DAY);
}
END_TEST

START_TEST(nobody_asked_ends_nothing)
{
    see(&a, 0, 1);
    see(&a, 300, 1);
    ck_assert_uint_eq(episodes_of(&a), 1);
    see(&nobody, 301, 20);
    see(&a, 321, 1);
    ck_assert_uint_eq(episodes_of(&a), 2);
    ck_assert_uint_eq(episodes_of(&nobody), 1);
}
END_TEST

/* Two holders in each answer, asked for every five days: none is away. */
START_TEST(together_is_no_absence)
{
    for (int day = 0; day < 100; day += 5) {
        sw_episode_note(&of, &a, true, day * DAY, day * DAY, 1);
        sw_episode_note(&of, &b, true, day * DAY, day * DAY, 1);
    }
    ck_assert_uint_eq(of.episodes_n, 2);
    ck_assert_uint_eq(of.episodes[0].count, 20);
}
END_TEST

START_TEST(database_says_something_new)
{
    struct sw_addr addr;
    ck_assert_int_eq(sw_addr_parse("192.0.2.1", 9, &addr, NULL), SW_OK);
    struct sw_name_addr seen = {.addr = addr, .owner = a, .first_us = 5 * DAY, .last_us = 20 * DAY};
    of.addrs = malloc(sizeof(seen));
    of.addrs[0] = seen;
    of.n = of.capacity = 1;
    sw_episode_note(&of, &a, true, 0, 20 * DAY, 20);
    sw_episode_note_addr(&of, &addr, &b, 21 * DAY, 21 * DAY, 1);
    ck_assert_int_eq(sw_episode_latest(&of, &b, true)->from_us, 5 * DAY);
}
END_TEST

/* A database with another holder each week: the name never moved. Each holder's episode begins when
 * the name came to the address, and a holder that returns has a single episode. */
START_TEST(database_says_something_new_each_week)
{
    static struct sw_owner holder[3] = {{.asn = 11}, {.asn = 12}, {.asn = 13}};
    struct sw_name_addr *entries = calloc(3, sizeof(*entries));
    struct sw_addr addr;
    ck_assert_int_eq(sw_addr_parse("192.0.2.1", 9, &addr, NULL), SW_OK);
    of.addrs = entries;
    of.capacity = 3;
    for (int day = 5; day < 90; day++) {
        const struct sw_owner *now = &holder[day / 7 % 3];
        size_t i = 0;
        while (i < of.n && entries[i].owner.asn != now->asn)
            i++;
        if (i == of.n)
            entries[of.n++] =
                (struct sw_name_addr){.addr = addr, .owner = *now, .first_us = day * DAY};
        entries[i].last_us = day * DAY;
        sw_episode_note_addr(&of, &addr, now, day * DAY, day * DAY, 1);
    }
    ck_assert_uint_eq(of.episodes_n, 3);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(sw_episode_latest(&of, &holder[i], true)->from_us, 5 * DAY);
}
END_TEST

/* Spans of random begin and length: what is kept covers the same days as a map of days, as long as
 * there is room; spans are in order and apart. */
START_TEST(spans_against_a_map_of_days)
{
    struct sw_seen_entry entry = {.count = 0};
    bool map[64] = {false};
    srand((unsigned)_i + 1);
    for (int n = 0; n < 6; n++) {
        int from = rand() % 50, to = from + rand() % 10;
        struct sw_span span = {.from_us = from * DAY, .to_us = to * DAY, .count = 1};
        sw_seen_add_span(&entry, &span);
        for (int day = from; day < to; day++)
            map[day] = true;
    }
    uint64_t count = 0;
    for (size_t i = 0; i < entry.spans_n; i++) {
        count += entry.span[i].count;
        if (i > 0)
            ck_assert_int_gt(entry.span[i].from_us, entry.span[i - 1].to_us);
    }
    ck_assert_uint_eq(count, 6);
    for (int day = 0; day < 64; day++) {
        bool in = false;
        for (size_t i = 0; i < entry.spans_n; i++)
            in = in || (entry.span[i].from_us <= day * DAY && day * DAY < entry.span[i].to_us);
        ck_assert_msg(in == map[day], "day %d", day);
    }
}
END_TEST

START_TEST(many_spans_keep_the_latest)
{
    struct sw_seen_entry entry = {.count = 0};
    for (int n = 0; n < 30; n++) {
        struct sw_span span = {.from_us = (n * 7 % 30) * DAY, .to_us = (n * 7 % 30) * DAY + 1};
        sw_seen_add_span(&entry, &span);
    }
    ck_assert_uint_eq(entry.spans_n, SW_SPANS_MAX);
    for (size_t i = 0; i < SW_SPANS_MAX; i++)
        ck_assert_int_eq(entry.span[i].from_us, (int64_t)(30 - SW_SPANS_MAX + i) * DAY);
}
END_TEST

START_TEST(entry_through_json)
{
    struct sw_seen_entry entry = {.owner = a, .first_us = DAY, .last_us = 9 * DAY, .count = 3};
    struct sw_span span = {.from_us = 2 * DAY, .to_us = 5 * DAY, .count = 3};
    struct sw_seen_entry back;
    char mark[SW_ANOMALYTEXT_MAX];
    int64_t time_us;
    sw_seen_add_span(&entry, &span);
    sw_seen_remember(&entry, "owner-change AS64500", 3 * DAY);
    sw_seen_remember(&entry, "owner-change AS64500", 2 * DAY); /* the later time stays */
    char *json = sw_seen_encode(&entry, true);
    ck_assert_int_eq(sw_seen_decode(json, strlen(json), &back), SW_OK);
    ck_assert_uint_eq(back.spans_n, 1);
    ck_assert_mem_eq(&back.span[0], &span, sizeof(span));
    ck_assert(sw_seen_remembered(&back, 0, mark, sizeof(mark), &time_us));
    ck_assert_str_eq(mark, "owner-change AS64500");
    ck_assert_int_eq(time_us, 3 * DAY);
    ck_assert(!sw_seen_remembered(&back, 1, mark, sizeof(mark), &time_us));
    free(json);
    sw_seen_free(&entry);
    sw_seen_free(&back);
    /* as a former version wrote it */
    json = strdup("{\"first\":\"1970-01-02T00:00:00.000Z\",\"last\":\"1970-01-05T00:00:00.000Z\","
                  "\"count\":2,\"anomalies\":[\"owner-flux\"]}");
    ck_assert_int_eq(sw_seen_decode(json, strlen(json), &back), SW_OK);
    ck_assert(sw_seen_remembered(&back, 0, mark, sizeof(mark), &time_us));
    ck_assert_str_eq(mark, "owner-flux");
    ck_assert_int_eq(time_us, 4 * DAY);
    free(json);
    sw_seen_free(&back);
}
END_TEST

START_TEST(a_member_is_claimed_once_for_each_episode)
{
    struct sw_settings settings;
    sw_settings_init(&settings);
    struct sw_findings *findings = sw_findings_new(&settings, NULL);
    ck_assert_uint_eq(sw_findings_claim(findings, "woke:x:", "one", 0, 10), 1);
    ck_assert_uint_eq(sw_findings_claim(findings, "woke:x:", "one", 0, 11), 0);
    ck_assert_uint_eq(sw_findings_claim(findings, "woke:x:", "two", 0, 12), 2);
    ck_assert_uint_eq(sw_findings_claim(findings, "woke:y:", "one", 0, 12), 1);
    int64_t later = 20 + SW_EPISODE_GAP_US; /* the begin as another resolver saw it */
    ck_assert_uint_eq(sw_findings_claim(findings, "woke:x:", "one", SW_EPISODE_GAP_US, later), 0);
    later += 10 * DAY; /* a new episode */
    ck_assert_uint_eq(sw_findings_claim(findings, "woke:x:", "one", later, later), 1);
    ck_assert_uint_eq(sw_findings_claim(findings, "woke:x:", "two", later, later), 2);
    sw_findings_free(findings);
    ck_assert(sw_finding_grew(1) && sw_finding_grew(2) && sw_finding_grew(4));
    ck_assert(!sw_finding_grew(0) && !sw_finding_grew(3) && !sw_finding_grew(6));
}
END_TEST

int main(void)
{
    return RUN_SUITE("episode", FIXTURE(NULL, teardown), LOOP(holders, 16),
                     TESTS(hijack_for_hours_leaves_the_owner_in_place, nobody_asked_ends_nothing,
                           together_is_no_absence, database_says_something_new,
                           database_says_something_new_each_week),
                     LOOP(spans_against_a_map_of_days, 100),
                     TESTS(many_spans_keep_the_latest, entry_through_json,
                           a_member_is_claimed_once_for_each_episode));
}
