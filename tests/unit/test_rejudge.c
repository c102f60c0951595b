/*
 * test_rejudge.c - histories judged again after a change (D-137), odd-owner in episodes (D-136) and
 * after a wait (D-251), with rules that still stand.
 *
 * The observer runs in the test's thread with a clock of the test, so that a walk takes no time.
 */
#include "journal_rig.h"

#include "journal/history/rejudge.h"
#include "journal/history/sight.h"
#include "suite.h"

#define STATE   "213.24.76.23" /* AS8342, by the table below a government */
#define STATE_2 "213.24.76.99"
#define HOSTER  "93.184.216.9" /* AS15133 */
#define DAY     INT64_C(86400000000)
#define MAX     32

static struct jr rig;
static struct sw_link *link_;
static struct sw_seens *seens;
static struct sw_sights *sights;
static char table[128];
static int64_t mono_us, wall_us;
static size_t raised_n;
static struct raised {
    enum sw_anomaly_type type;
    char name[SW_NAMETEXT_MAX], list[SW_LISTNAME_MAX], address[SW_ADDRTEXT_MAX];
    bool is_watched;
    size_t history_n;
    int64_t begin_us, time_us;
    uint64_t count;
} raised[MAX];

static void on_raise(void *arg, const struct sw_anomaly_report *report)
{
    (void)arg;
    ck_assert_uint_lt(raised_n, MAX);
    struct raised *one = &raised[raised_n++];
    *one = (struct raised){.type = report->anomaly->type,
                           .is_watched = report->is_watched,
                           .history_n = report->history_n,
                           .begin_us = report->anomaly->begin_us,
                           .time_us = report->time_us,
                           .count = report->count};
    snprintf(one->name, sizeof(one->name), "%s", report->name);
    snprintf(one->list, sizeof(one->list), "%s", report->anomaly->list);
    sw_addr_text(&report->anomaly->addr, one->address);
}

static size_t count(enum sw_anomaly_type type, const char *name)
{
    size_t n = 0;
    for (size_t i = 0; i < raised_n; i++)
        n += raised[i].type == type && strcmp(raised[i].name, name) == 0;
    return n;
}

/* The latest anomaly of a type about a name. */
static const struct raised *latest(enum sw_anomaly_type type, const char *name)
{
    const struct raised *found = NULL;
    for (size_t i = 0; i < raised_n; i++)
        if (raised[i].type == type && strcmp(raised[i].name, name) == 0)
            found = &raised[i];
    ck_assert_ptr_nonnull(found);
    return found;
}

static void open_observer(void)
{
    link_ = sw_link_new(&rig.settings, &rig.counters);
    seens = sw_seens_new(&rig.settings, &rig.counters);
    ck_assert(link_ && seens);
    struct sw_sights_with with = {.settings = &rig.settings,
                                  .index = rig.index,
                                  .owners = rig.owners,
                                  .host = &rig.host,
                                  .link = link_,
                                  .seens = seens,
                                  .raise = on_raise};
    sights = sw_sights_new(&with);
    ck_assert_ptr_nonnull(sights);
}

static void setup(void)
{
    jr_init(&rig);
    snprintf(table, sizeof(table), "%s/own.tsv", rig.folder);
    FILE *file = fopen(table, "w");
    ck_assert_ptr_nonnull(file);
    fputs("government\tAS8342\nhosting\tAS15133\n", file);
    ck_assert_int_eq(fclose(file), 0);
    snprintf(rig.settings.class_table[0], sizeof(rig.settings.class_table[0]), "%s", table);
    rig.settings.protected_classes = 0;
    rig.settings.odd_names = 5;
    rig.settings.odd_percent = 20;
    rig.settings.odd_wait_h = 0;
    sw_owners_free(rig.owners);
    rig.owners = sw_owners_new(&rig.settings, &rig.counters);
    ck_assert(sw_owners_refresh(rig.owners));
    jr_list(&rig, "carbanak", "{\"action\":\"monitor\"}", NULL);
    raised_n = 0;
    mono_us = sw_clock_mono_us();
    wall_us = sw_clock_wall_us() - 90 * DAY;
    open_observer();
}

static void teardown(void)
{
    sw_sights_free(sights);
    sw_seens_free(seens);
    sw_link_free(link_);
    unlink(table);
    jr_done(&rig);
}

/* A sight of a name by an indicator, a minute after the sight before. */
static void see_on(const char *indicator, const char *name, const char *address)
{
    static struct sw_sight sight;
    struct sw_event event;
    wall_us += 60000000;
    jr_fill(&(struct jr_event){.qname = name,
                               .list = "carbanak",
                               .indicator = indicator,
                               .address = {address},
                               .time_us = wall_us},
            &event);
    struct sw_record *record = sw_record_new(&event, NULL);
    ck_assert_ptr_nonnull(record);
    record->first_us = record->last_us = wall_us;
    record->count = 1;
    record->next = NULL;
    sw_sights_prefetch(sights, record, mono_us);
    sw_sights_look(sights, record->event, &sight);
    sw_sights_note(sights, record, &sight);
    free(record);
}

/* Put an indicator on the list, unless the list has the indicator. */
static void put_on_list(const char *text)
{
    struct sw_indicator indicator;
    char why[SW_WHY_MAX];
    sw_list_id id;
    ck_assert_int_eq(sw_indicator_parse(text, strlen(text), &indicator, why), SW_OK);
    ck_assert_int_eq(sw_index_list_find(rig.index, "carbanak", &id), SW_OK);
    if (!sw_index_has(rig.index, id, &indicator))
        ck_assert_int_eq(sw_index_add(rig.index, id, &indicator), SW_OK);
}

/* A sight of a name that the list has as an indicator. */
static void see(const char *name, const char *address)
{
    redis_fixture_run(&rig.rf, "HSET " P ":list:carbanak %s {}", name);
    put_on_list(name);
    see_on(name, name, address);
}

/* Time for a whole walk, if one is due. */
static void walk(void)
{
    for (int64_t us = 0; us < 4 * SW_REJUDGE_QUIET_US; us += SW_REJUDGE_PAUSE_US) {
        mono_us += SW_REJUDGE_PAUSE_US;
        sw_sights_rejudge(sights, mono_us);
    }
}

static void see_siblings(void)
{
    char name[32], address[32];
    for (int i = 0; i < 9; i++) {
        snprintf(name, sizeof(name), "c%d.test", i);
        snprintf(address, sizeof(address), "93.184.216.%d", 100 + i);
        see(name, address);
    }
}

/* D-135: a watch list says where the name belongs, so a class alone is no anomaly. */
START_TEST(protected_classes_spare_watched_names)
{
    see("open.test", STATE);
    see("mine.test", STATE);
    jr_list(&rig, "mine", "{\"kind\":\"watch\",\"owners\":[\"AS8342\"]}", "mine.test");
    rig.settings.protected_classes = SW_CLASS_BIT(SW_HOLDER_GOVERNMENT);
    walk();
    ck_assert_uint_eq(count(SW_ANOMALY_PROTECTED_OWNER, "open.test"), 1);
    ck_assert(!latest(SW_ANOMALY_PROTECTED_OWNER, "open.test")->is_watched);
    ck_assert_uint_eq(count(SW_ANOMALY_PROTECTED_OWNER, "mine.test"), 0);
    jr_list(&rig, "agencies",
            "{\"kind\":\"protected\",\"action\":\"monitor\",\"owner\":\"Example Agency\"}",
            "213.24.76.0/24"); /* a list holds for watched names, too */
    walk();
    ck_assert_uint_eq(count(SW_ANOMALY_PROTECTED_OWNER, "mine.test"), 1);
    const struct raised *mine = latest(SW_ANOMALY_PROTECTED_OWNER, "mine.test");
    ck_assert_str_eq(mine->list, "agencies");
    ck_assert(mine->is_watched);
}
END_TEST

START_TEST(no_walk_where_only_sights_are_judged)
{
    see("open.test", STATE);
    rig.settings.protected_classes = SW_CLASS_BIT(SW_HOLDER_GOVERNMENT);
    rig.host.sights_only = true; /* as a sweep's host */
    walk();
    ck_assert_uint_eq(count(SW_ANOMALY_PROTECTED_OWNER, "open.test"), 0);
    see("swept.test", STATE);
    ck_assert_uint_eq(count(SW_ANOMALY_PROTECTED_OWNER, "swept.test"), 1);
    rig.host.sights_only = false;
    walk();
    ck_assert_uint_eq(count(SW_ANOMALY_PROTECTED_OWNER, "open.test"), 1);
}
END_TEST

/* An address of an earlier episode is judged with that episode. */
START_TEST(walks_repeat_nothing_of_an_earlier_episode)
{
    rig.settings.protected_classes = SW_CLASS_BIT(SW_HOLDER_GOVERNMENT);
    see("a.test", STATE);
    wall_us += 10 * DAY;
    see("a.test", HOSTER);
    wall_us += 30 * DAY;
    see("a.test", STATE_2);
    ck_assert_uint_eq(count(SW_ANOMALY_PROTECTED_OWNER, "a.test"), 2);
    walk();
    ck_assert_uint_eq(count(SW_ANOMALY_PROTECTED_OWNER, "a.test"), 2);
}
END_TEST

START_TEST(odd_owner_once_in_an_episode_with_the_history)
{
    see("odd.test", HOSTER);
    see("odd.test", STATE);
    int64_t begin_us = wall_us;
    see("odd.test", STATE);
    see_siblings();
    ck_assert_uint_eq(count(SW_ANOMALY_ODD_OWNER, "odd.test"), 1);
    const struct raised *odd = latest(SW_ANOMALY_ODD_OWNER, "odd.test");
    ck_assert_uint_eq(odd->history_n, 2);
    ck_assert_uint_eq(odd->count, 2);
    ck_assert_int_eq(odd->begin_us, begin_us);
    see("odd.test", STATE);
    walk();
    ck_assert_uint_eq(count(SW_ANOMALY_ODD_OWNER, "odd.test"), 1);
    wall_us += 10 * DAY;
    see("odd.test", HOSTER);
    wall_us += 30 * DAY;
    see("odd.test", STATE);
    ck_assert_uint_eq(count(SW_ANOMALY_ODD_OWNER, "odd.test"), 2);
    odd = latest(SW_ANOMALY_ODD_OWNER, "odd.test");
    ck_assert_uint_eq(odd->history_n, 2);
    see("odd.test", STATE);
    walk();
    ck_assert_uint_eq(count(SW_ANOMALY_ODD_OWNER, "odd.test"), 2);
    ck_assert_int_gt(odd->begin_us, begin_us);
}
END_TEST

/* ---- the wait (D-251) ---- */

/* Names PREFIX<from>.test and so on, in a network of 256 addresses. */
static void see_at(const char *prefix, int from, int to, const char *network)
{
    char name[32], address[32];
    for (int i = from; i < to; i++) {
        snprintf(name, sizeof(name), "%s%d.test", prefix, i);
        snprintf(address, sizeof(address), "%s.%d", network, 20 + i);
        see(name, address);
    }
}

static void hours_later(int hours)
{
    mono_us += hours * INT64_C(3600000000);
    sw_sights_prefetch(sights, NULL, mono_us);
}

static unsigned odd_ones(void)
{
    unsigned n = 0;
    for (size_t i = 0; i < raised_n; i++)
        n += raised[i].type == SW_ANOMALY_ODD_OWNER;
    return n;
}

START_TEST(a_candidate_waits_for_the_names_of_its_list)
{
    rig.settings.odd_wait_h = 6;
    see_at("c", 0, 30, "93.184.216");
    hours_later(100);
    see_at("s", 0, 2, "213.24.76"); /* two of 32 stand apart */
    hours_later(5);
    ck_assert_uint_eq(odd_ones(), 0);
    see_at("s", 2, 8, "213.24.76"); /* eight of 38 do not */
    hours_later(100);
    ck_assert_uint_eq(odd_ones(), 0);
}
END_TEST

START_TEST(a_candidate_is_judged_when_its_wait_is_over)
{
    rig.settings.odd_wait_h = 6;
    see("odd.test", STATE);
    hours_later(100);
    ck_assert_uint_eq(odd_ones(), 0); /* too few names */
    see_siblings();
    hours_later(5);
    ck_assert_uint_eq(odd_ones(), 0); /* the list has had enough names for five hours */
    see("odd.test", STATE);
    hours_later(2);
    ck_assert_uint_eq(count(SW_ANOMALY_ODD_OWNER, "odd.test"), 1);
    ck_assert_uint_eq(latest(SW_ANOMALY_ODD_OWNER, "odd.test")->count, 2);
    see("late.test", STATE_2);
    hours_later(5);
    ck_assert_uint_eq(odd_ones(), 1);
    hours_later(2);
    ck_assert_uint_eq(count(SW_ANOMALY_ODD_OWNER, "late.test"), 1);
}
END_TEST

/* Another recorder, which knows what Redis has. */
static void start_again(void)
{
    while (sw_seens_waiting(seens) > 0)
        ck_assert_int_eq(sw_seens_flush(seens, sw_link_up(link_, mono_us)), SW_OK);
    sw_sights_finish(sights);
    sw_sights_free(sights);
    sw_seens_free(seens);
    sw_link_free(link_);
    open_observer();
}

/* The walk after a start meets the names in any order. */
START_TEST(a_start_raises_nothing_about_a_list_that_is_spread)
{
    rig.settings.odd_wait_h = 6;
    see_at("c", 0, 30, "93.184.216");
    see_at("s", 0, 8, "213.24.76");
    start_again();
    walk();
    hours_later(100);
    ck_assert_uint_eq(odd_ones(), 0);
}
END_TEST

/* A sweep knows all names of a list at its end. */
START_TEST(a_sweep_judges_at_its_end)
{
    rig.settings.odd_wait_h = 6;
    rig.host.sights_only = true;
    start_again();
    see_at("c", 0, 30, "93.184.216");
    see_at("s", 0, 2, "213.24.76");
    hours_later(100);
    ck_assert_uint_eq(odd_ones(), 0);
    sw_sights_finish(sights);
    ck_assert_uint_eq(odd_ones(), 2);
    see_at("s", 2, 8, "213.24.76");
    sw_sights_finish(sights);
    ck_assert_uint_eq(odd_ones(), 2);
}
END_TEST

/* ---- the rule at the end of the wait (D-251) ---- */

static void take_off_list(const char *text)
{
    struct sw_indicator indicator;
    char why[SW_WHY_MAX];
    sw_list_id id;
    ck_assert_int_eq(sw_indicator_parse(text, strlen(text), &indicator, why), SW_OK);
    ck_assert_int_eq(sw_index_list_find(rig.index, "carbanak", &id), SW_OK);
    ck_assert_int_eq(sw_index_remove(rig.index, id, &indicator), SW_OK);
}

#define HOLDERS 66 /* a list has 64 candidates */

/* Universities, AS 64512 and so on, each with a network 151.101.<i>.0/24. */
static void write_holders(const char *path)
{
    static struct mm m;
    char prefix[32];
    FILE *file = fopen(table, "a");
    ck_assert_ptr_nonnull(file);
    mm_init(&m, 6, "GeoLite2-ASN");
    for (unsigned i = 0; i < HOLDERS; i++) {
        uint32_t at = mm_map(&m, 1);
        mm_text(&m, "autonomous_system_number");
        mm_u32(&m, 64512 + i);
        snprintf(prefix, sizeof(prefix), "151.101.%u.0/24", i);
        mm_insert(&m, prefix, at);
        fprintf(file, "education\tAS%u\n", 64512 + i);
    }
    mm_write(&m, path);
    ck_assert_int_eq(fclose(file), 0);
}

/* More holders than a list has candidates push each other out, and the wait ends all the same. */
START_TEST(a_name_with_many_holders_is_judged)
{
    char address[32], many[128];
    snprintf(many, sizeof(many), "%s/many.mmdb", rig.folder);
    write_holders(many);
    snprintf(rig.settings.asn_mmdb[1], sizeof(rig.settings.asn_mmdb[1]), "%s", many);
    rig.settings.odd_wait_h = 6;
    sw_owners_free(rig.owners);
    rig.owners = sw_owners_new(&rig.settings, &rig.counters);
    ck_assert(sw_owners_refresh(rig.owners));
    start_again();
    see_siblings();
    put_on_list("odd.test");
    for (int hour = 0; hour < 6; hour += 2) {
        ck_assert_uint_eq(odd_ones(), 0);
        for (int i = 0; i < HOLDERS; i++) {
            snprintf(address, sizeof(address), "151.101.%d.1", i);
            see_on("odd.test", "odd.test", address);
        }
        hours_later(2);
    }
    ck_assert_uint_ge(count(SW_ANOMALY_ODD_OWNER, "odd.test"), 1);
    unlink(many);
}
END_TEST

START_TEST(a_name_that_left_its_list_is_not_raised)
{
    rig.settings.odd_wait_h = 6;
    see_siblings();
    see("gone.test", STATE);
    see("stays.test", STATE_2);
    hours_later(1);
    take_off_list("gone.test");
    hours_later(6);
    ck_assert_uint_eq(count(SW_ANOMALY_ODD_OWNER, "gone.test"), 0);
    ck_assert_uint_eq(count(SW_ANOMALY_ODD_OWNER, "stays.test"), 1);
    see("gone.test", STATE); /* listed again: no mark was kept */
    hours_later(7);
    ck_assert_uint_eq(count(SW_ANOMALY_ODD_OWNER, "gone.test"), 1);
}
END_TEST

/* An indicator that an alias target is under does not cover the name that was asked for. */
START_TEST(a_name_whose_alias_target_is_listed_is_raised)
{
    static const char *const indicators[] = {"target.test", "=exact.test", "*.below.test"};
    char name[32], address[32];
    rig.settings.odd_wait_h = 6;
    rig.settings.odd_percent = 50;
    see_siblings();
    for (int i = 0; i < 3; i++) {
        put_on_list(indicators[i]);
        snprintf(name, sizeof(name), "alias%d.test", i);
        snprintf(address, sizeof(address), "213.24.76.%d", 40 + i);
        see_on(indicators[i], name, address);
    }
    hours_later(1);
    take_off_list(indicators[1]);
    hours_later(6);
    ck_assert_uint_eq(count(SW_ANOMALY_ODD_OWNER, "alias0.test"), 1);
    ck_assert_uint_eq(count(SW_ANOMALY_ODD_OWNER, "alias1.test"), 0);
    ck_assert_uint_eq(count(SW_ANOMALY_ODD_OWNER, "alias2.test"), 1);
}
END_TEST

int main(void)
{
    return RUN_SUITE(
        "rejudge", NO_FORK, FIXTURE(setup, teardown),
        TESTS(protected_classes_spare_watched_names, no_walk_where_only_sights_are_judged,
              walks_repeat_nothing_of_an_earlier_episode,
              odd_owner_once_in_an_episode_with_the_history,
              a_candidate_waits_for_the_names_of_its_list,
              a_candidate_is_judged_when_its_wait_is_over,
              a_start_raises_nothing_about_a_list_that_is_spread, a_sweep_judges_at_its_end,
              a_name_with_many_holders_is_judged, a_name_that_left_its_list_is_not_raised,
              a_name_whose_alias_target_is_listed_is_raised));
}
