/*
 * test_sight.c - ownership, history in Redis, tracking, and anomalies raised once.
 */
#include "journal_rig.h"

#include "journal/document.h"
#include "journal/history/seen.h"
#include "suite.h"

#define RTCOMM "213.24.76.23"

static struct jr rig;

static void setup(void)
{
    jr_init(&rig);
    jr_list(&rig, "agencies",
            "{\"kind\":\"protected\",\"action\":\"monitor\",\"owner\":\"Example Agency\"}",
            "213.24.76.0/24");
}

static void teardown(void)
{
    jr_done(&rig);
}

/* Wait until this many observations of the pair are in Redis, by name and by address. */
static void wait_seen(const char *name, const char *address, long long count)
{
    jr_wait(jr_seen_count(&rig, "name", name, address) == count);
    jr_wait(jr_seen_count(&rig, "addr", address, name) == count);
}

/* After a restart of the journal everything before was written. */
static void restart(void)
{
    jr_stop(&rig);
    jr_start(&rig);
}

static json_t *anomaly_number(size_t i, json_t **all)
{
    *all = jr_stream(&rig, "anomalies");
    ck_assert_uint_gt(json_array_size(*all), i);
    return json_array_get(*all, i);
}

/* Anomalies of a type in the event file. */
static size_t raised(const char *type)
{
    json_t *lines = jr_lines(rig.file);
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(lines); i++)
        n += strcmp(jr_text(json_array_get(lines, i), "sinkwatch.anomaly.type"), type) == 0;
    json_decref(lines);
    return n;
}

START_TEST(owner_history_and_tracking)
{
    jr_start(&rig);
    jr_hit(&rig, "systemsvc.net", RTCOMM);
    jr_hit(&rig, "systemsvc.net", RTCOMM);
    wait_seen("systemsvc.net", RTCOMM, 2);
    json_t *events = jr_stream(&rig, "events");
    json_t *first = json_array_get(events, 0);
    ck_assert_str_eq(jr_text(first, "sinkwatch.owners.0.ip"), RTCOMM);
    ck_assert_str_eq(jr_text(first, "sinkwatch.owners.0.prefix"), "213.24.76.0/23");
    ck_assert_int_eq(jr_number(first, "sinkwatch.owners.0.as.number"), 8342);
    ck_assert_int_eq(jr_number(first, "threat.indicator.as.number"), 8342);
    json_t *seen = jr_seen(&rig, "name", "systemsvc.net", RTCOMM);
    ck_assert_str_eq(jr_text(seen, "prefix"), "213.24.76.0/23");
    ck_assert_int_eq(jr_number(seen, "asn"), 8342);
    ck_assert_str_eq(jr_text(seen, "org"), "RTComm.RU");
    ck_assert_str_eq(jr_text(seen, "first"), jr_text(first, "@timestamp"));
    json_decref(seen);
    seen = jr_seen(&rig, "addr", RTCOMM, "systemsvc.net");
    ck_assert_str_eq(jr_text(seen, "list"), "carbanak");
    ck_assert(jr_is_tracked(&rig, RTCOMM));
    long long ttl = redis_fixture_run(&rig.rf, "TTL " P ":seen:addr:" RTCOMM);
    ck_assert_int_gt(ttl, 399 * 86400);
    ttl = redis_fixture_run(&rig.rf, "TTL " P ":seen:name:systemsvc.net");
    ck_assert_int_gt(ttl, 399 * 86400);
    json_decref(seen);
    json_decref(events);
}
END_TEST

START_TEST(protected_owner_once)
{
    jr_start(&rig);
    jr_hit(&rig, "systemsvc.net", RTCOMM);
    jr_wait_stream(&rig, "anomalies", 1);
    json_t *all, *one = anomaly_number(0, &all);
    ck_assert_str_eq(jr_text(one, "event.action"), "protected-owner");
    ck_assert_str_eq(jr_text(one, "threat.feed.name"), "carbanak");
    ck_assert_str_eq(jr_text(one, "sinkwatch.anomaly.name"), "systemsvc.net");
    ck_assert_str_eq(jr_text(one, "sinkwatch.anomaly.address"), RTCOMM);
    ck_assert_int_eq(jr_number(one, "sinkwatch.anomaly.owner.as.number"), 8342);
    ck_assert_str_eq(jr_text(one, "sinkwatch.anomaly.protected.list"), "agencies");
    ck_assert_str_eq(jr_text(one, "sinkwatch.anomaly.protected.owner"), "Example Agency");
    ck_assert_str_eq(jr_text(one, "sinkwatch.anomaly.protected.indicator"), "213.24.76.0/24");
    ck_assert_int_eq(jr_number(one, "sinkwatch.anomaly.count"), 1);
    ck_assert_uint_eq(json_array_size(jr_at(one, "sinkwatch.anomaly.history")), 1);
    json_decref(all);
    for (int i = 0; i < 5; i++)
        jr_hit(&rig, "systemsvc.net", RTCOMM);
    wait_seen("systemsvc.net", RTCOMM, 6);
    ck_assert_int_eq(jr_length(&rig, "anomalies"), 1);
    jr_hit(&rig, "systemsvc.net", "213.24.76.99"); /* another address is news */
    jr_hit(&rig, "other.test", RTCOMM);            /* so is another name */
    wait_seen("other.test", RTCOMM, 1);
    restart();
    jr_hit(&rig, "systemsvc.net", RTCOMM);
    wait_seen("systemsvc.net", RTCOMM, 7);
    ck_assert_uint_eq(raised("protected-owner"), 3); /* in the file, too */
}
END_TEST

START_TEST(evidence_has_former_addresses)
{
    jr_start(&rig);
    jr_hit(&rig, "systemsvc.net", "93.184.216.9");
    jr_hit(&rig, "systemsvc.net", "93.184.216.9");
    wait_seen("systemsvc.net", "93.184.216.9", 2);
    restart(); /* evidence comes back from Redis */
    jr_hit(&rig, "systemsvc.net", RTCOMM);
    jr_wait_stream(&rig, "anomalies", 1);
    json_t *all, *one = anomaly_number(0, &all);
    ck_assert_uint_eq(json_array_size(jr_at(one, "sinkwatch.anomaly.history")), 2);
    ck_assert_str_eq(jr_text(one, "sinkwatch.anomaly.history.0.ip"), RTCOMM);
    ck_assert_str_eq(jr_text(one, "sinkwatch.anomaly.history.1.ip"), "93.184.216.9");
    ck_assert_int_eq(jr_number(one, "sinkwatch.anomaly.history.1.count"), 2);
    json_decref(all);
}
END_TEST

START_TEST(shared_address_from_live_answers)
{
    jr_list(&rig, "hosters",
            "{\"kind\":\"known\",\"action\":\"monitor\",\"owner\":\"Example Hosting\"}",
            "213.24.77.0/24");
    jr_start(&rig);
    jr_hit(&rig, "bad.test", "93.184.216.7");
    jr_answer(&rig, "one.test", "93.184.216.7");
    jr_answer(&rig, "one.test", "93.184.216.7");
    jr_answer(&rig, "two.test", "93.184.216.7");
    wait_seen("one.test", "93.184.216.7", 2);
    wait_seen("two.test", "93.184.216.7", 1);
    jr_wait_stream(&rig, "anomalies", 2);
    json_t *all, *one = anomaly_number(0, &all);
    ck_assert_str_eq(jr_text(one, "event.action"), "shared-address");
    ck_assert_str_eq(jr_text(one, "sinkwatch.anomaly.name"), "bad.test");
    ck_assert_str_eq(jr_text(one, "sinkwatch.anomaly.names.0"), "one.test");
    ck_assert_int_eq(jr_number(one, "sinkwatch.anomaly.names_total"), 1);
    ck_assert_str_eq(jr_text(one, "event.kind"), "alert");
    ck_assert_int_eq(jr_number(one, "sinkwatch.anomaly.finding.members"), 1);
    one = json_array_get(all, 1);
    ck_assert_str_eq(jr_text(one, "sinkwatch.anomaly.names.0"), "two.test");
    ck_assert_int_eq(jr_number(one, "sinkwatch.anomaly.names_total"), 2);
    json_decref(all);
    restart();
    jr_answer(&rig, "one.test", "93.184.216.7");
    jr_hit(&rig, "bad.test", "93.184.216.7");
    wait_seen("one.test", "93.184.216.7", 3);
    wait_seen("bad.test", "93.184.216.7", 2);
    ck_assert_int_eq(jr_length(&rig, "anomalies"), 2);
    /* explained by a known list: no alert, and one finding for all addresses and names there */
    jr_hit(&rig, "bad.test", "213.24.77.7");
    jr_answer(&rig, "one.test", "213.24.77.7");
    jr_answer(&rig, "two.test", "213.24.77.7");
    wait_seen("two.test", "213.24.77.7", 1);
    ck_assert_int_eq(jr_length(&rig, "anomalies"), 3);
    one = anomaly_number(2, &all);
    ck_assert_str_eq(jr_text(one, "sinkwatch.anomaly.known.list"), "hosters");
    ck_assert_str_eq(jr_text(one, "sinkwatch.anomaly.known.owner"), "Example Hosting");
    ck_assert_str_eq(jr_text(one, "event.kind"), "event");
    json_decref(all);
}
END_TEST

START_TEST(shared_address_when_the_listed_name_comes_last)
{
    jr_start(&rig);
    jr_answer(&rig, "one.test", "93.184.216.7");
    jr_answer(&rig, "two.test", "93.184.216.7");
    wait_seen("two.test", "93.184.216.7", 1);
    ck_assert_int_eq(jr_length(&rig, "anomalies"), 0);
    restart(); /* the names are known from Redis only */
    jr_hit(&rig, "bad.test", "93.184.216.7");
    jr_wait_stream(&rig, "anomalies", 1);
    json_t *all, *one = anomaly_number(0, &all);
    ck_assert_str_eq(jr_text(one, "sinkwatch.anomaly.name"), "bad.test");
    ck_assert_uint_eq(json_array_size(jr_at(one, "sinkwatch.anomaly.names")), 2);
    json_decref(all);
    /* a second listed name there: the first is the other name now */
    jr_hit(&rig, "worse.test", "93.184.216.7");
    jr_wait_stream(&rig, "anomalies", 2);
    one = anomaly_number(1, &all);
    ck_assert_str_eq(jr_text(one, "sinkwatch.anomaly.name"), "worse.test");
    ck_assert_uint_eq(json_array_size(jr_at(one, "sinkwatch.anomaly.names")), 1);
    ck_assert_str_eq(jr_text(one, "sinkwatch.anomaly.names.0"), "bad.test");
    json_decref(all);
}
END_TEST

/* The last of 120 other names is a public body's, and is in the document: first, with the line. */
START_TEST(neighbours_that_tell_whose_the_address_is)
{
    char name[32];
    jr_start(&rig);
    for (int i = 0; i < 119; i++) {
        snprintf(name, sizeof(name), "n%d.test", i);
        jr_answer(&rig, name, "93.184.216.7");
    }
    jr_answer(&rig, "www.x.gov.ua", "93.184.216.7");
    wait_seen("www.x.gov.ua", "93.184.216.7", 1);
    jr_hit(&rig, "bad.test", "93.184.216.7");
    jr_wait_stream(&rig, "anomalies", 1);
    json_t *all, *one = anomaly_number(0, &all);
    ck_assert_uint_eq(json_array_size(jr_at(one, "sinkwatch.anomaly.names")), SW_NAMES_MAX);
    ck_assert_str_eq(jr_text(one, "sinkwatch.anomaly.names.0"), "www.x.gov.ua");
    ck_assert_uint_eq(json_array_size(jr_at(one, "sinkwatch.anomaly.neighbours")),
                      SW_NEIGHBOURS_MAX);
    json_t *first = jr_at(one, "sinkwatch.anomaly.neighbours.0");
    json_t *other = jr_at(one, "sinkwatch.anomaly.neighbours.1");
    ck_assert_str_eq(jr_text(first, "name"), "www.x.gov.ua");
    ck_assert_str_eq(jr_text(first, "class"), "government");
    ck_assert_str_eq(jr_text(first, "suffix"), ".gov.ua");
    ck_assert_str_eq(jr_text(first, "table"), "classes.tsv");
    ck_assert_int_gt(jr_number(first, "line"), 0);
    ck_assert(json_is_true(json_object_get(first, "public_body")));
    ck_assert(json_object_get(other, "first") && !json_object_get(other, "class"));
    json_decref(all);
}
END_TEST

START_TEST(two_resolvers_add_up)
{
    struct sw_settings other_settings = rig.settings;
    struct sw_counters other_counters = {0};
    snprintf(other_settings.resolver_id, sizeof(other_settings.resolver_id), "ns2");
    other_settings.event_file[0] = '\0';
    struct sw_journal *other =
        sw_journal_new(&other_settings, rig.index, rig.owners, &other_counters, NULL);
    ck_assert_int_eq(sw_journal_start(other), SW_OK);
    jr_start(&rig);
    jr_hit(&rig, "bad.test", "93.184.216.7");
    wait_seen("bad.test", "93.184.216.7", 1);
    struct sw_event ev;
    jr_fill(&(struct jr_event){.type = SW_EVENT_ANSWER,
                               .qname = "one.test",
                               .address = {"93.184.216.7"}},
            &ev);
    sw_journal_put_slow(other, &ev);
    jr_wait_stream(&rig, "anomalies", 1); /* the other recorder knows bad.test from Redis */
    jr_fill(&(struct jr_event){.qname = "bad.test",
                               .list = "carbanak",
                               .indicator = "bad.test",
                               .address = {"93.184.216.7"}},
            &ev);
    sw_journal_put_slow(other, &ev);
    jr_hit(&rig, "bad.test", "93.184.216.7");
    wait_seen("bad.test", "93.184.216.7", 3);
    json_t *all, *one = anomaly_number(0, &all);
    ck_assert_str_eq(jr_text(one, "observer.name"), "ns2");
    json_decref(all);
    sw_journal_stop(other);
    sw_journal_free(other);
}
END_TEST

START_TEST(first_seen_survives)
{
    redis_fixture_run(
        &rig.rf, "HSET " P ":seen:name:bad.test 192.0.2.1 %s",
        "{\"first\":\"2020-01-02T03:04:05.678Z\",\"last\":\"2020-02-01T00:00:00.000Z\","
        "\"count\":41,\"asn\":64500}");
    jr_start(&rig);
    jr_hit(&rig, "bad.test", "192.0.2.1");
    jr_wait(jr_seen_count(&rig, "name", "bad.test", "192.0.2.1") == 42);
    json_t *seen = jr_seen(&rig, "name", "bad.test", "192.0.2.1");
    ck_assert_str_eq(jr_text(seen, "first"), "2020-01-02T03:04:05.678Z");
    ck_assert_str_gt(jr_text(seen, "last"), "2026");
    json_decref(seen);
}
END_TEST

START_TEST(history_waits_for_redis)
{
    redis_fixture_kill(&rig.rf);
    jr_start(&rig);
    for (int i = 0; i < 7; i++)
        jr_hit(&rig, "systemsvc.net", RTCOMM);
    jr_wait(jr_lines_count(rig.file) == 7);
    ck_assert_uint_eq(raised("protected-owner"), 0); /* Redis may know of a former report */
    redis_fixture_restart(&rig.rf);
    wait_seen("systemsvc.net", RTCOMM, 7);
    jr_wait_stream(&rig, "anomalies", 1);
    json_t *all, *one = anomaly_number(0, &all);
    ck_assert_ptr_null(jr_at(one, "sinkwatch.anomaly.history_unread"));
    json_decref(all);
}
END_TEST

START_TEST(raised_once_though_redis_is_away_after_a_restart)
{
    redis_fixture_run(&rig.rf, "HSET " P ":seen:name:systemsvc.net " RTCOMM " %s",
                      "{\"first\":\"2020-01-02T03:04:05.678Z\",\"count\":9,\"asn\":8342,"
                      "\"prefix\":\"213.24.76.0/23\",\"org\":\"RTComm.RU\",\"anomalies\":"
                      "[\"protected-owner agencies 213.24.76.0/24\"]}");
    redis_fixture_run(&rig.rf, "SAVE");
    redis_fixture_kill(&rig.rf);
    jr_start(&rig);
    jr_hit(&rig, "systemsvc.net", RTCOMM);
    jr_wait(jr_lines_count(rig.file) == 1);
    redis_fixture_restart(&rig.rf);
    jr_wait(jr_seen_count(&rig, "name", "systemsvc.net", RTCOMM) >= 10);
    jr_hit(&rig, "systemsvc.net", RTCOMM);
    jr_wait(jr_seen_count(&rig, "name", "systemsvc.net", RTCOMM) >= 11);
    jr_stop(&rig);
    ck_assert_uint_eq(raised("protected-owner"), 0);
    jr_start(&rig);
}
END_TEST

START_TEST(without_redis_it_is_raised_at_the_end_and_says_so)
{
    redis_fixture_kill(&rig.rf);
    jr_start(&rig);
    jr_hit(&rig, "systemsvc.net", RTCOMM);
    jr_wait(jr_lines_count(rig.file) == 1);
    jr_stop(&rig);
    ck_assert_uint_eq(raised("protected-owner"), 1);
    json_t *lines = jr_lines(rig.file);
    ck_assert(json_is_true(jr_at(json_array_get(lines, 1), "sinkwatch.anomaly.history_unread")));
    json_decref(lines);
    redis_fixture_restart(&rig.rf);
    jr_start(&rig);
}
END_TEST

/* A hash of Redis in the recorder's form: the address has another owner from now on. */
START_TEST(former_owners_are_kept)
{
    redis_fixture_run(&rig.rf, "HSET " P ":seen:name:bad.test 93.184.216.7 %s",
                      "{\"first\":\"2020-01-02T03:04:05.678Z\","
                      "\"last\":\"2020-02-01T00:00:00.000Z\",\"count\":41,\"asn\":64500,"
                      "\"prefix\":\"93.184.0.0/16\",\"registrant\":\"Former\"}");
    jr_start(&rig);
    jr_hit(&rig, "bad.test", "93.184.216.7");
    jr_wait(jr_seen_count(&rig, "name", "bad.test", "93.184.216.7") == 42);
    jr_hit(&rig, "bad.test", "93.184.216.7");
    jr_wait(jr_seen_count(&rig, "name", "bad.test", "93.184.216.7") == 43);
    json_t *seen = jr_seen(&rig, "name", "bad.test", "93.184.216.7");
    ck_assert_int_eq(jr_number(seen, "asn"), 15133);
    ck_assert_str_eq(jr_text(seen, "first"), "2020-01-02T03:04:05.678Z");
    ck_assert_str_gt(jr_text(seen, "since"), "2026");
    ck_assert_uint_eq(json_array_size(jr_at(seen, "former")), 1);
    ck_assert_int_eq(jr_number(seen, "former.0.asn"), 64500);
    ck_assert_int_eq(jr_number(seen, "former.0.count"), 41);
    ck_assert_str_eq(jr_text(seen, "former.0.registrant"), "Former");
    ck_assert_str_eq(jr_text(seen, "former.0.since"), "2020-01-02T03:04:05.678Z");
    ck_assert_str_eq(jr_text(seen, "former.0.last"), "2020-02-01T00:00:00.000Z");
    json_decref(seen);
    jr_stop(&rig);
    ck_assert_uint_eq(raised("owner-change"), 0); /* the name did not move */
    jr_start(&rig);
}
END_TEST

START_TEST(owner_change_once)
{
    redis_fixture_run(&rig.rf, "HSET " P ":seen:name:bad.test 213.24.76.9 %s",
                      "{\"first\":\"2020-01-02T03:04:05.678Z\","
                      "\"last\":\"2020-02-01T00:00:00.000Z\",\"count\":41,\"asn\":8342,"
                      "\"org\":\"RTComm.RU\",\"prefix\":\"213.24.76.0/23\"}");
    jr_start(&rig);
    jr_hit(&rig, "bad.test", "93.184.216.7");
    jr_hit(&rig, "bad.test", "93.184.216.8"); /* the same new AS */
    wait_seen("bad.test", "93.184.216.8", 1);
    restart();
    jr_hit(&rig, "bad.test", "93.184.216.9");
    wait_seen("bad.test", "93.184.216.9", 1);
    jr_wait_stream(&rig, "anomalies", 1);
    json_t *all, *one = anomaly_number(0, &all);
    ck_assert_str_eq(jr_text(one, "event.action"), "owner-change");
    ck_assert_int_eq(jr_number(one, "sinkwatch.anomaly.owner.as.number"), 15133);
    ck_assert_int_eq(jr_number(one, "sinkwatch.anomaly.former.as.number"), 8342);
    ck_assert_str_eq(jr_text(one, "sinkwatch.anomaly.former.ip"), "213.24.76.9");
    ck_assert_uint_eq(json_array_size(jr_at(one, "sinkwatch.anomaly.history")), 2);
    json_decref(all);
}
END_TEST

START_TEST(history_is_bounded_listed_names_stay)
{
    rig.settings.history_max = 20;
    jr_start(&rig);
    jr_hit(&rig, "bad.test", "93.184.216.7");
    wait_seen("bad.test", "93.184.216.7", 1);
    int64_t now = sw_clock_wall_us();
    for (int i = 0; i < 300; i++) {
        char name[32];
        snprintf(name, sizeof(name), "%d.n.test", i);
        jr_put(&rig, &(struct jr_event){.type = SW_EVENT_ANSWER,
                                        .qname = name,
                                        .address = {"93.184.216.7"},
                                        .time_us = now + i * 10000});
    }
    jr_wait(jr_seen_count(&rig, "addr", "93.184.216.7", "299.n.test") == 1);
    jr_stop(&rig);
    ck_assert_int_eq(redis_fixture_run(&rig.rf, "HLEN " P ":seen:addr:93.184.216.7"), 20);
    ck_assert_int_eq(jr_seen_count(&rig, "addr", "93.184.216.7", "bad.test"), 1);
    ck_assert_int_eq(jr_seen_count(&rig, "addr", "93.184.216.7", "0.n.test"), 0);
    ck_assert_int_eq(jr_length(&rig, "anomalies"), 5); /* no flood: 1, 2, 4, 8, 16 names */
}
END_TEST

START_TEST(what_concerns_ownership)
{
    jr_start(&rig);
    /* allowed: no history */
    jr_put(&rig, &(struct jr_event){.qname = "fine.test",
                                    .list = "ok",
                                    .indicator = "fine.test",
                                    .kind = SW_KIND_ALLOW,
                                    .address = {RTCOMM}});
    /* a listed address: history, but the name is no indicator and the address not news */
    jr_put(&rig, &(struct jr_event){.qname = "there.test",
                                    .list = "ips",
                                    .indicator = RTCOMM,
                                    .trigger = SW_TRIGGER_ADDRESS,
                                    .address = {RTCOMM}});
    /* a watched name: history and tracking */
    jr_put(&rig, &(struct jr_event){.type = SW_EVENT_ANSWER,
                                    .qname = "mine.test",
                                    .list = "mine",
                                    .indicator = "mine.test",
                                    .kind = SW_KIND_WATCH,
                                    .address = {"213.24.76.24"}});
    /* an alias of an indicator */
    jr_put(&rig, &(struct jr_event){.qname = "alias.test",
                                    .list = "carbanak",
                                    .indicator = "bad.test",
                                    .trigger = SW_TRIGGER_CNAME,
                                    .alias = "bad.test",
                                    .address = {"213.24.76.25", "::ffff:93.184.216.5"}});
    wait_seen("alias.test", "::ffff:93.184.216.5", 1);
    ck_assert_int_eq(jr_seen_count(&rig, "name", "fine.test", RTCOMM), 0);
    wait_seen("there.test", RTCOMM, 1);
    wait_seen("mine.test", "213.24.76.24", 1);
    ck_assert(!jr_is_tracked(&rig, RTCOMM));
    ck_assert(jr_is_tracked(&rig, "213.24.76.24"));
    ck_assert(jr_is_tracked(&rig, "213.24.76.25"));
    ck_assert(jr_is_tracked(&rig, "::ffff:93.184.216.5"));
    jr_wait_stream(&rig, "anomalies", 1);
    json_t *all, *one = anomaly_number(0, &all);
    ck_assert_str_eq(jr_text(one, "sinkwatch.anomaly.name"), "alias.test");
    json_decref(all);
    json_t *events = jr_stream(&rig, "events");
    ck_assert_ptr_null(jr_at(json_array_get(events, 0), "sinkwatch.owners"));
    json_decref(events);
}
END_TEST

START_TEST(loopback_is_nowhere)
{
    static const char *const nowhere[] = {"127.0.0.1", "0.0.0.0", "::1", "::", "::ffff:127.0.0.9"};
    jr_start(&rig);
    for (size_t i = 0; i < 5; i++) {
        jr_hit(&rig, "bad.test", nowhere[i]);
        jr_hit(&rig, "worse.test", nowhere[i]);
        jr_wait(jr_seen_count(&rig, "name", "worse.test", nowhere[i]) == 1);
        ck_assert(!jr_is_tracked(&rig, nowhere[i]));
        ck_assert_int_eq(jr_seen_count(&rig, "addr", nowhere[i], "bad.test"), 0);
    }
    ck_assert_uint_eq(raised("shared-address"), 0);
    /* for each indicator: loopback with one and two addresses, unspecified likewise */
    ck_assert_uint_eq(raised("special-address"), 8);
    jr_hit(&rig, "bad.test", "10.0.0.1"); /* private, but a place */
    wait_seen("bad.test", "10.0.0.1", 1);
    ck_assert(jr_is_tracked(&rig, "10.0.0.1"));
}
END_TEST

START_TEST(odd_things_in_redis)
{
    redis_fixture_run(&rig.rf, "SET " P ":seen:name:bad.test x");
    redis_fixture_run(&rig.rf, "HSET " P ":seen:addr:93.184.216.7 one.test %s two.test %s %s %s",
                      "no json", "[1]", "three.test",
                      "{\"list\":\"NO LIST!\",\"count\":-5,\"first\":7,\"anomalies\":[1,null]}");
    redis_fixture_run(&rig.rf, "HSET " P ":seen:name:worse.test nonsense {} 192.0.2.300 {}");
    jr_start(&rig);
    jr_hit(&rig, "bad.test", "93.184.216.7");
    jr_hit(&rig, "worse.test", "93.184.216.7");
    jr_wait(jr_seen_count(&rig, "addr", "93.184.216.7", "bad.test") == 1);
    wait_seen("worse.test", "93.184.216.7", 1);
    jr_wait_stream(&rig, "events", 2);
}
END_TEST

START_TEST(entries_in_json)
{
    struct sw_seen_entry in = {.first_us = INT64_C(1577934245678000), .count = 3}, out;
    in.last_us = in.first_us + 1000;
    in.owner.asn = 64500;
    snprintf(in.owner.country, sizeof(in.owner.country), "RU");
    snprintf(in.list, sizeof(in.list), "carbanak");
    char *of_name = sw_seen_encode(&in, true), *of_addr = sw_seen_encode(&in, false);
    ck_assert_ptr_null(strstr(of_name, "list"));
    ck_assert_ptr_null(strstr(of_addr, "asn"));
    ck_assert_int_eq(sw_seen_decode(of_name, strlen(of_name), &out), SW_OK);
    ck_assert_int_eq(out.first_us, in.first_us);
    ck_assert_int_eq(out.last_us, in.last_us);
    ck_assert_uint_eq(out.count, 3);
    ck_assert_uint_eq(out.owner.asn, 64500);
    ck_assert_str_eq(out.owner.country, "RU");
    ck_assert_int_eq(sw_seen_decode(of_addr, strlen(of_addr), &out), SW_OK);
    ck_assert_str_eq(out.list, "carbanak");
    ck_assert_int_eq(sw_seen_decode("{", 1, &out), SW_ESYNTAX);
    ck_assert_int_eq(sw_seen_decode("[]", 2, &out), SW_ESYNTAX);
    ck_assert_int_eq(sw_seen_decode("", 0, &out), SW_ESYNTAX);
    free(of_name);
    free(of_addr);
}
END_TEST

int main(void)
{
    return RUN_SUITE(
        "sights", NO_FORK, FIXTURE(setup, teardown),
        TESTS(owner_history_and_tracking, protected_owner_once, evidence_has_former_addresses,
              shared_address_from_live_answers, shared_address_when_the_listed_name_comes_last,
              neighbours_that_tell_whose_the_address_is, two_resolvers_add_up, first_seen_survives,
              history_waits_for_redis, raised_once_though_redis_is_away_after_a_restart,
              without_redis_it_is_raised_at_the_end_and_says_so, former_owners_are_kept,
              owner_change_once, history_is_bounded_listed_names_stay, what_concerns_ownership,
              loopback_is_nowhere, odd_things_in_redis),
        FIXTURE(NULL, NULL), TESTS(entries_in_json));
}
