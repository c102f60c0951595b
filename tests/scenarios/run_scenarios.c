/*
 * run_scenarios.c - labelled timelines through the real code: raised anomalies, compared with
 * labels.
 *
 * For each scenario of tests/scenarios/ (README.md there has the format): lists go into an index,
 * tables into MMDB files, each answer through match and record, history and rules, and the
 * anomalies are read back from the JSON documents. Time is that of the timeline; there is no Redis,
 * and several observers share the claims of findings as in Redis. Prints precision and recall for
 * each type, by label and by document; fails when a scenario differs from the labels and the list
 * of known errors.
 *
 * With SCENARIOS=DIR in the environment the timelines of that folder are played instead, and each
 * verdict, label and document is printed as a line of JSON.
 */
#include "../unit/mmdb_fixture.h"

#include "../unit/suite.h"
#include "base/log.h"
#include "base/rcu.h"
#include "flow/draft.h"
#include "flow/match.h"
#include "journal/history/sight.h"

#include <glob.h>
#include <jansson.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define TRACKED_MAX   4096
#define OBSERVERS_MAX 8
#define MINUTE_US     INT64_C(60000000)

struct observer { /* a resolver, with a separate memory */
    const char *name;
    struct sw_sights *observe;
    struct sw_writer writer;
    struct sw_addr tracked[TRACKED_MAX];
    size_t tracked_n;
    size_t searched; /* tracked addresses that the caches were searched for */
};

struct run {
    struct sw_settings settings;
    struct sw_counters counters;
    struct sw_index *index;
    struct sw_owners *owners;
    struct sw_link *link;
    struct sw_seens *seens;
    struct sw_findings *findings;
    struct observer observer[OBSERVERS_MAX];
    size_t observers_n;
    struct observer *now; /* the observer of the judged sight */
    struct sw_sight sight;
    json_t *raised;    /* set of keys */
    json_t *documents; /* array */
};

struct score {
    unsigned right, missed, wrong;             /* labels */
    unsigned doc_right, doc_missed, doc_wrong; /* documents */
};

static struct score scores[SW_ANOMALY_COUNT];
static unsigned scenarios, answers, from_reports;
static json_t *all_scenarios;
static const char *theirs; /* the folder of SCENARIOS, NULL: our own */
static char folder[] = "/tmp/sw-scenarios-XXXXXX";
static struct run run;
static struct mm as_file, registrant_file;

static void quiet(enum sw_log_level level, const char *line)
{
    (void)level;
    if (getenv("VERBOSE"))
        fprintf(stderr, "%s\n", line);
}

static void stop(const char *scenario, const char *what)
{
    fprintf(stderr, "%s: %s\n", scenario, what);
    exit(2);
}

static const char *text_at(const json_t *object, const char *path)
{
    char key[64];
    while (object && *path != '\0') {
        size_t len = strcspn(path, ".");
        snprintf(key, sizeof(key), "%.*s", (int)len, path);
        object = json_object_get(object, key);
        path += path[len] == '.' ? len + 1 : len;
    }
    const char *text = json_string_value(object);
    return text ? text : "";
}

/* "2015-04-01" or "2015-04-01T10:00" as microseconds. */
static int64_t time_of(const char *text)
{
    struct tm tm = {0};
    const char *end = strptime(text, strchr(text, 'T') ? "%Y-%m-%dT%H:%M" : "%Y-%m-%d", &tm);
    if (!end || *end != '\0')
        stop(text, "no time");
    return (int64_t)timegm(&tm) * 1000000;
}

/* "10m", "6h", "1d" as microseconds. */
static int64_t span_of(const char *text)
{
    char unit = 'm';
    int n = 0;
    if (sscanf(text, "%d%c", &n, &unit) != 2 || n <= 0)
        stop(text, "no span of time");
    return n * MINUTE_US * (unit == 'd' ? 1440 : unit == 'h' ? 60 : 1);
}

/* ---- the parts of a scenario ---- */

static void put_lists(const char *scenario, json_t *lists)
{
    const char *name;
    json_t *list, *one;
    size_t i;
    json_object_foreach(lists, name, list)
    {
        char why[SW_WHY_MAX];
        struct sw_policy policy;
        sw_list_id id;
        json_t *members = json_copy(list);
        json_object_del(members, "indicators");
        char *json = json_dumps(members, 0);
        if (sw_policy_parse(name, json, strlen(json), &policy, why) != SW_OK ||
            sw_index_list_set(run.index, &policy, &id) != SW_OK)
            stop(scenario, why);
        free(json);
        json_decref(members);
        json_array_foreach(json_object_get(list, "indicators"), i, one)
        {
            struct sw_indicator indicator;
            const char *text = json_string_value(one);
            if (sw_indicator_parse(text, strlen(text), &indicator, why) != SW_OK ||
                sw_index_add(run.index, id, &indicator) != SW_OK)
                stop(scenario, text);
        }
    }
}

/* A new file in the place of the old file, in the way of an update. */
static void write_file(struct mm *file, const char *path)
{
    char aside[SW_PATH_MAX + 8];
    snprintf(aside, sizeof(aside), "%s.new", path);
    mm_write(file, aside);
    if (rename(aside, path) != 0)
        stop(path, "cannot be renamed");
}

static void put_tables(const json_t *table)
{
    const char *prefix;
    json_t *value;
    mm_init(&as_file, 6, "GeoLite2-ASN");
    json_object_foreach(json_object_get(table, "as"), prefix, value)
    {
        uint32_t at = mm_map(&as_file, 2);
        mm_text(&as_file, "autonomous_system_number");
        mm_u32(&as_file, (uint32_t)json_integer_value(json_array_get(value, 0)));
        mm_text(&as_file, "autonomous_system_organization");
        mm_text(&as_file, json_string_value(json_array_get(value, 1)));
        mm_insert(&as_file, prefix, at);
    }
    write_file(&as_file, run.settings.asn_mmdb[0]);
    mm_init(&registrant_file, 6, "registrants");
    json_object_foreach(json_object_get(table, "registrants"), prefix, value)
    {
        uint32_t at = mm_map(&registrant_file, 1);
        mm_text(&registrant_file, "registrant");
        mm_text(&registrant_file, json_string_value(value));
        mm_insert(&registrant_file, prefix, at);
    }
    if (json_object_size(json_object_get(table, "registrants")) > 0)
        write_file(&registrant_file, run.settings.owner_mmdb[0]);
    sw_owners_refresh(run.owners);
}

/* ---- raised anomalies as keys ---- */

static void add_key(const char *key)
{
    json_object_set_new(run.raised, key, json_true());
}

/* "TYPE NAME DETAIL[ zone][ known:LIST]" of a document; a key for each name of shared-address. */
static void take_document(const json_t *document)
{
    const json_t *anomaly = json_object_get(json_object_get(document, "sinkwatch"), "anomaly");
    const char *type = text_at(anomaly, "type"), *known = text_at(anomaly, "known.list");
    const json_t *names = json_object_get(anomaly, "names");
    bool of_zone = text_at(anomaly, "delegation.zone")[0] != '\0';
    json_int_t asn = json_integer_value(
        json_object_get(json_object_get(json_object_get(anomaly, "owner"), "as"), "number"));
    bool by_as = strcmp(type, "owner-change") == 0 || strcmp(type, "unexpected-owner") == 0;
    char detail[128], key[512];
    if (strcmp(type, "owner-flux") == 0 || strcmp(type, "woke") == 0)
        detail[0] = '\0';
    else if (strcmp(type, "dangling-alias") == 0)
        snprintf(detail, sizeof(detail), " %s", text_at(anomaly, "target"));
    else if (by_as && asn != 0)
        snprintf(detail, sizeof(detail), " AS%lld", (long long)asn);
    else
        snprintf(detail, sizeof(detail), " %s", text_at(anomaly, "address"));
    for (size_t i = 0; i == 0 || i < json_array_size(names); i++) {
        const char *other = json_string_value(json_array_get(names, i));
        snprintf(key, sizeof(key), "%s %s%s%s%s%s%s%s", type,
                 of_zone ? text_at(anomaly, "delegation.zone") : text_at(anomaly, "name"), detail,
                 other ? " " : "", other ? other : "", of_zone ? " zone" : "",
                 known[0] ? " known:" : "", known);
        add_key(key);
    }
}

static void on_raise(void *arg, const struct sw_anomaly_report *report)
{
    size_t len;
    char *text = sw_document_anomaly(&run.now->writer, report, &len);
    json_t *document = text ? json_loadb(text, len, 0, NULL) : NULL;
    (void)arg;
    if (!document)
        stop(report->name, "no document");
    take_document(document);
    json_array_append_new(run.documents, document);
    free(text);
}

static void on_track(void *arg, const struct sw_addr *addr)
{
    (void)arg;
    struct observer *o = run.now;
    for (size_t i = 0; i < o->tracked_n; i++)
        if (sw_addr_equal(&o->tracked[i], addr))
            return;
    if (o->tracked_n < TRACKED_MAX)
        o->tracked[o->tracked_n++] = *addr;
}

/* ---- an answer, judged and recorded like a worker's ---- */

static struct sw_name name_of(const char *text)
{
    struct sw_name name;
    if (!text || sw_name_parse(text, strlen(text), &name, NULL) != SW_OK)
        stop(text ? text : "(nothing)", "no name");
    return name;
}

static struct sw_addr addr_of(const json_t *value)
{
    const char *text = json_string_value(value);
    struct sw_addr addr;
    if (!text || sw_addr_parse(text, strlen(text), &addr, NULL) != SW_OK)
        stop(text ? text : "(nothing)", "no address");
    return addr;
}

static bool is_tracked(const struct sw_addr *addr)
{
    for (size_t i = 0; i < run.now->tracked_n; i++)
        if (sw_addr_equal(&run.now->tracked[i], addr))
            return true;
    return false;
}

/* ---- the present answer ---- */

#define ADDRS_MAX   4096 /* more than a DNS message holds */
#define ALIASES_MAX 64
#define PARTS_MAX   512 /* the event of an answer, and further events (D-127) */

static struct {
    size_t aliases, addrs, parts;
    struct sw_name alias[ALIASES_MAX];
    struct sw_addr addr[ADDRS_MAX];
    struct sw_event part[PARTS_MAX];
} present;

static void put_delegation(const json_t *answer, struct sw_rest *rest)
{
    const char *server;
    json_t *addresses, *one;
    size_t i;
    struct sw_serving serving;
    if (text_at(answer, "zone")[0] == '\0')
        return;
    struct sw_name zone = name_of(text_at(answer, "zone")), name;
    sw_serving_begin(&serving, rest->begun ? sw_rest_next(rest) : &present.part[0], rest, &zone);
    json_object_foreach(json_object_get(answer, "ns"), server, addresses)
    {
        name = name_of(server);
        sw_serving_server(&serving, &name, 0);
        json_array_foreach(addresses, i, one)
        {
            struct sw_addr addr = addr_of(one);
            sw_serving_addr(&serving, addr.octets, addr.family == 4 ? 4 : 16, 0);
        }
    }
}

/* The addresses of the n-th time: all, or `take` addresses, each time the next. The aliases. */
static void pick(const json_t *answer, size_t n)
{
    const json_t *all = json_object_get(answer, "a"), *aliases = json_object_get(answer, "alias");
    size_t size = json_array_size(all);
    size_t take = (size_t)json_integer_value(json_object_get(answer, "take"));
    take = take == 0 || take > size ? size : take;
    ck_assert_uint_le(take, ADDRS_MAX);
    ck_assert_uint_le(json_array_size(aliases), ALIASES_MAX);
    for (size_t i = 0; i < take; i++)
        present.addr[i] = addr_of(json_array_get(all, (n * take + i) % size));
    present.addrs = take;
    present.aliases = json_array_size(aliases);
    for (size_t i = 0; i < present.aliases; i++)
        present.alias[i] = name_of(json_string_value(json_array_get(aliases, i)));
}

static void on_rest(void *arg, struct sw_event *rest)
{
    (void)arg;
    ck_assert_uint_lt(present.parts, PARTS_MAX);
    present.part[present.parts++] = *rest;
}

static void observe(struct sw_event *ev)
{
    struct sw_record *record = sw_record_new(ev, NULL);
    sw_sights_look(run.now->observe, record->event, &run.sight);
    sw_sights_note(run.now->observe, record, &run.sight);
    sw_sights_finish(run.now->observe);
    free(record);
}

/* The observer of this name, made at the first use. */
static struct observer *observer_of(const char *name)
{
    static const struct sw_journal_host host = {.track = on_track};
    name = name[0] != '\0' ? name : "ns1";
    for (size_t i = 0; i < run.observers_n; i++)
        if (strcmp(run.observer[i].name, name) == 0)
            return &run.observer[i];
    if (run.observers_n == OBSERVERS_MAX)
        stop(name, "too many observers");
    struct observer *o = &run.observer[run.observers_n++];
    struct sw_sights_with with = {.settings = &run.settings,
                                  .index = run.index,
                                  .owners = run.owners,
                                  .host = &host,
                                  .link = run.link,
                                  .seens = run.seens,
                                  .findings = run.findings,
                                  .raise = on_raise};
    o->name = o->writer.observer = name;
    o->observe = sw_sights_new(&with);
    return o;
}

/* The cached records of a resolver for an address that is tracked from now on: RRsets that were
 * stored before and are valid, as sw_cache_report_names() does. */
static void search_cache(const json_t *caches, const struct sw_addr *addr, int64_t time_us)
{
    json_t *one;
    size_t i;
    json_array_foreach(caches, i, one)
    {
        struct sw_event ev;
        struct sw_addr its = addr_of(json_object_get(one, "a"));
        int64_t stored = time_of(text_at(one, "stored"));
        int64_t ttl = json_integer_value(json_object_get(one, "ttl"));
        if (!sw_addr_equal(&its, addr) || stored > time_us || stored + ttl * 1000000 < time_us)
            continue;
        struct sw_name name = name_of(text_at(one, "name"));
        struct sw_question question = {
            .qname = name.wire, .qname_len = name.len, .qtype = 1, .qclass = 1};
        sw_draft_begin(&ev, SW_EVENT_ANSWER, stored, &question, NULL);
        ev.flags |= SW_EVENT_RESOLVED;
        sw_draft_addr(&ev, addr);
        observe(&ev);
    }
}

static void search_caches(const json_t *caches, int64_t time_us)
{
    while (run.now->searched < run.now->tracked_n) {
        struct sw_addr addr = run.now->tracked[run.now->searched++];
        search_cache(caches, &addr, time_us);
    }
}

/* Whether a time lies in a gap of an answer: [[from, to], ...]. */
static bool in_gap(const json_t *answer, int64_t time_us)
{
    json_t *gap;
    size_t i;
    json_array_foreach(json_object_get(answer, "gaps"), i, gap)
    {
        if (time_us >= time_of(json_string_value(json_array_get(gap, 0))) &&
            time_us < time_of(json_string_value(json_array_get(gap, 1))))
            return true;
    }
    return false;
}

static void match_all(struct sw_matching *m, const struct sw_name *qname)
{
    sw_match_name(m, SW_TRIGGER_QNAME, qname->wire, qname->len);
    for (size_t i = 0; i < present.aliases; i++)
        sw_match_name(m, SW_TRIGGER_CNAME, present.alias[i].wire, present.alias[i].len);
    for (size_t i = 0; i < present.addrs; i++) {
        sw_match_addr(m, &present.addr[i]);
        m->match->tracked = m->match->tracked || is_tracked(&present.addr[i]);
    }
}

/* The event of the answer, and the further events, as host/emit.c makes these. */
static void draft(const json_t *answer, const struct sw_match *match, const struct sw_name *qname,
                  int64_t time_us)
{
    static struct sw_rest rest;
    struct sw_event *ev = &present.part[0];
    struct sw_question question = {
        .qname = qname->wire, .qname_len = qname->len, .qtype = 1, .qclass = 1};
    struct sw_hits hits;
    sw_match_hits(match, NULL, NULL, &hits);
    sw_draft_begin(ev, match->acted_on ? SW_EVENT_HIT : SW_EVENT_ANSWER, time_us, &question, &hits);
    ev->flags |= SW_EVENT_RESOLVED;
    ev->rcode = strcmp(text_at(answer, "rcode"), "NXDOMAIN") == 0 ? 3 : 0;
    present.parts = 1;
    for (size_t i = 0; i < present.aliases; i++)
        sw_draft_alias(ev, present.alias[i].wire, present.alias[i].len);
    sw_rest_init(&rest, on_rest, NULL);
    sw_rest_begin(&rest, ev, &hits);
    for (size_t i = 0; i < present.addrs; i++)
        if (!sw_draft_addr(ev, &present.addr[i]))
            sw_rest_addr(&rest, &present.addr[i]);
    if (match->watched || match->acted_on)
        put_delegation(answer, &rest);
    sw_rest_end(&rest);
}

static void play(const json_t *scenario, const json_t *answer, size_t n, int64_t time_us)
{
    const struct sw_flow flow = {
        .settings = &run.settings, .index = run.index, .owners = run.owners};
    struct sw_name qname = name_of(text_at(answer, "name"));
    struct sw_matching matching;
    struct sw_match match;
    if (in_gap(answer, time_us))
        return;
    answers++;
    run.now = observer_of(text_at(answer, "observer"));
    sw_sights_settle(run.now->observe, time_us);
    pick(answer, n);
    sw_rcu_enter();
    sw_match_begin(&matching, &flow, &match);
    match_all(&matching, &qname);
    draft(answer, &match, &qname, time_us);
    sw_rcu_leave();
    for (size_t i = 0; i < present.parts && (match.acted_on || match.watched || match.tracked); i++)
        observe(&present.part[i]);
    search_caches(json_object_get(scenario, "caches"), time_us);
}

/* Everything in the order of time: of all answers the next due answer, tables first. */
static void play_all(const json_t *scenario)
{
    const json_t *all = json_object_get(scenario, "answers"),
                 *tables = json_object_get(scenario, "tables");
    size_t n = json_array_size(all), table = 0;
    size_t *done = calloc(n, sizeof(*done));
    for (;;) {
        size_t next = n;
        int64_t when = INT64_MAX;
        for (size_t i = 0; i < n; i++) {
            const json_t *answer = json_array_get(all, i);
            json_int_t times = json_integer_value(json_object_get(answer, "times"));
            int64_t at = time_of(text_at(answer, "at"));
            if (done[i] >= (size_t)(times > 0 ? times : 1))
                continue;
            at += done[i] > 0 ? (int64_t)done[i] * span_of(text_at(answer, "every")) : 0;
            if (at < when) {
                when = at;
                next = i;
            }
        }
        if (next == n)
            break;
        while (table < json_array_size(tables) &&
               time_of(text_at(json_array_get(tables, table), "at")) <= when)
            put_tables(json_array_get(tables, table++));
        play(scenario, json_array_get(all, next), done[next]++, when);
    }
    free(done);
}

/* Each observer runs on after the last answer. */
static void run_on(void)
{
    for (size_t i = 0; i < run.observers_n; i++) {
        run.now = &run.observer[i];
        sw_sights_settle(run.now->observe, INT64_MAX);
    }
}

#include "verdict.h"

/* ---- a scenario ---- */

static void begin_run(const char *in)
{
    memset(&run, 0, sizeof(run));
    sw_settings_init(&run.settings);
    snprintf(run.settings.asn_mmdb[0], SW_PATH_MAX, "%s/as.mmdb", in);
    snprintf(run.settings.owner_mmdb[0], SW_PATH_MAX, "%s/registrants.mmdb", in);
    unlink(run.settings.owner_mmdb[0]);
    run.index = sw_index_new();
    run.owners = sw_owners_new(&run.settings, &run.counters);
    run.link = sw_link_new(&run.settings, &run.counters);
    run.seens = sw_seens_new(&run.settings, &run.counters);
    run.findings = sw_findings_new(&run.settings, NULL);
    run.raised = json_object();
    run.documents = json_array();
}

static void end_run(void)
{
    for (size_t i = 0; i < run.observers_n; i++)
        sw_sights_free(run.observer[i].observe);
    sw_findings_free(run.findings);
    sw_seens_free(run.seens);
    sw_link_free(run.link);
    sw_owners_free(run.owners);
    sw_index_free(run.index);
    json_decref(run.raised);
    json_decref(run.documents);
    unlink(run.settings.asn_mmdb[0]);
    unlink(run.settings.owner_mmdb[0]);
}

static void one_scenario(const json_t *scenario, const char *in)
{
    begin_run(in);
    put_lists(text_at(scenario, "name"), json_object_get(scenario, "lists"));
    put_tables(json_array_get(json_object_get(scenario, "tables"), 0));
    play_all(scenario);
    run_on();
    scenarios++;
    from_reports += json_object_get(scenario, "source") != NULL;
    bool good = compare(scenario);
    end_run();
    ck_assert_msg(good, "%s differs from its labels", text_at(scenario, "name"));
}

/* All scenarios of a file, behind the scenarios of the files before. */
static void load_file(const char *path, json_t *all)
{
    json_error_t error;
    json_t *file = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_array(file)) {
        fprintf(stderr, "%s:%d: %s\n", path, error.line, file ? "no array" : error.text);
        exit(2);
    }
    json_array_extend(all, file);
    json_decref(file);
}

START_TEST(scenario)
{
    one_scenario(json_array_get(all_scenarios, (size_t)_i), folder);
}
END_TEST

int main(void)
{
    glob_t files;
    char pattern[4096];
    const char *dir = getenv("SCENARIOS");
    theirs = dir && dir[0] != '\0' ? dir : NULL;
    snprintf(pattern, sizeof(pattern), "%s/*.json", theirs ? theirs : "tests/scenarios");
    sw_log_sink(quiet);
    all_scenarios = json_array();
    if (!mkdtemp(folder) || glob(pattern, 0, NULL, &files) != 0)
        stop(pattern, "no such files; run in the top folder of the checkout");
    for (size_t i = 0; i < files.gl_pathc; i++)
        load_file(files.gl_pathv[i], all_scenarios);
    globfree(&files);
    int result =
        RUN_SUITE("scenarios", NO_FORK, LOOP(scenario, (int)json_array_size(all_scenarios)));
    json_decref(all_scenarios);
    rmdir(folder);
    print_table();
    return scenarios > 0 ? result : EXIT_FAILURE;
}
