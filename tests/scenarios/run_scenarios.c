/*
 * run_scenarios.c - labelled timelines through the real code: what is raised, compared with labels.
 *
 * For each scenario of tests/scenarios/ (README.md there has the format): lists go into an index,
 * tables into MMDB files, each answer through match and record, observe and assess, and the
 * anomalies are read back from their JSON documents. Time is that of the timeline; there is no
 * Redis. Prints precision and recall for each type; fails when a scenario differs from what its
 * labels and its list of known errors say.
 */
#include "../unit/mmdb_fixture.h"

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

#define TRACKED_MAX 4096
#define MINUTE_US   INT64_C(60000000)

struct run {
    struct sw_settings settings;
    struct sw_counters counters;
    struct sw_index *index;
    struct sw_owners *owners;
    struct sw_link *link;
    struct sw_seens *seens;
    struct sw_observe *observe;
    struct sw_writer writer;
    struct sw_sight sight;
    struct sw_addr tracked[TRACKED_MAX];
    size_t tracked_n;
    json_t *raised; /* set of keys */
};

struct score {
    unsigned right, missed, wrong;
};

static struct score scores[SW_ANOMALY_COUNT];
static unsigned scenarios, answers;
static json_t *all_scenarios;
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

/* ---- what a scenario is made of ---- */

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

/* A new file in the place of the old one, as an update does it. */
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
    if (strcmp(type, "owner-flux") == 0)
        detail[0] = '\0';
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
    char *text = sw_document_anomaly(&run.writer, report, &len);
    json_t *document = text ? json_loadb(text, len, 0, NULL) : NULL;
    (void)arg;
    if (!document)
        stop(report->name, "no document");
    take_document(document);
    json_decref(document);
    free(text);
}

static void on_track(void *arg, const struct sw_addr *addr)
{
    (void)arg;
    for (size_t i = 0; i < run.tracked_n; i++)
        if (sw_addr_equal(&run.tracked[i], addr))
            return;
    if (run.tracked_n < TRACKED_MAX)
        run.tracked[run.tracked_n++] = *addr;
}

/* ---- one answer, as a worker would judge and record it ---- */

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
    for (size_t i = 0; i < run.tracked_n; i++)
        if (sw_addr_equal(&run.tracked[i], addr))
            return true;
    return false;
}

static void put_delegation(const json_t *answer, struct sw_event *ev)
{
    const char *server;
    json_t *addresses, *one;
    size_t i;
    if (text_at(answer, "zone")[0] == '\0')
        return;
    struct sw_name name = name_of(text_at(answer, "zone"));
    sw_event_put(ev, SW_TAG_ZONE, name.wire, name.len);
    json_object_foreach(json_object_get(answer, "ns"), server, addresses)
    {
        name = name_of(server);
        sw_event_put(ev, SW_TAG_SERVER, name.wire, name.len);
        json_array_foreach(addresses, i, one)
        {
            struct sw_addr addr = addr_of(one);
            sw_event_put(ev, SW_TAG_SERVED_AT, addr.octets, addr.family == 4 ? 4 : 16);
        }
    }
}

/* The addresses of the n-th time: all, or `take` of them, each time the next ones. */
static size_t pick(const json_t *answer, size_t n, struct sw_addr *out)
{
    const json_t *all = json_object_get(answer, "a");
    size_t size = json_array_size(all);
    size_t take = (size_t)json_integer_value(json_object_get(answer, "take"));
    take = take == 0 || take > size ? size : take;
    for (size_t i = 0; i < take && i < SW_SIGHT_MAX; i++)
        out[i] = addr_of(json_array_get(all, (n * take + i) % size));
    return take < SW_SIGHT_MAX ? take : SW_SIGHT_MAX;
}

static void observe(struct sw_event *ev)
{
    struct sw_record *record = sw_record_new(ev, NULL);
    sw_observe_look(run.observe, record->event, &run.sight);
    sw_observe_note(run.observe, record, &run.sight);
    sw_observe_settle(run.observe);
    free(record);
}

static void play(const json_t *answer, size_t n, int64_t time_us)
{
    const struct sw_flow flow = {
        .settings = &run.settings, .index = run.index, .owners = run.owners};
    struct sw_name qname = name_of(text_at(answer, "name"));
    struct sw_question question = {
        .qname = qname.wire, .qname_len = qname.len, .qtype = 1, .qclass = 1};
    struct sw_name alias[SW_MATCH_MAX];
    struct sw_addr addr[SW_SIGHT_MAX];
    struct sw_matching matching;
    struct sw_match match;
    struct sw_hits hits;
    struct sw_event ev;
    size_t addrs = pick(answer, n, addr), aliases = 0, i;
    json_t *one;
    answers++;
    sw_rcu_enter();
    sw_match_begin(&matching, &flow, &match);
    sw_match_name(&matching, SW_TRIGGER_QNAME, qname.wire, qname.len);
    json_array_foreach(json_object_get(answer, "alias"), i, one)
    {
        alias[aliases] = name_of(json_string_value(one));
        sw_match_name(&matching, SW_TRIGGER_CNAME, alias[aliases].wire, alias[aliases].len);
        aliases++;
    }
    for (i = 0; i < addrs; i++) {
        sw_match_addr(&matching, &addr[i]);
        match.tracked = match.tracked || is_tracked(&addr[i]);
    }
    sw_match_hits(&match, NULL, NULL, &hits);
    sw_draft_begin(&ev, match.acted_on ? SW_EVENT_HIT : SW_EVENT_ANSWER, time_us, &question, &hits);
    for (i = 0; i < aliases; i++)
        sw_draft_alias(&ev, alias[i].wire, alias[i].len);
    for (i = 0; i < addrs; i++)
        sw_draft_addr(&ev, &addr[i]);
    if (match.watched && !match.acted_on)
        put_delegation(answer, &ev);
    sw_rcu_leave();
    if (match.acted_on || match.watched || match.tracked)
        observe(&ev);
}

/* Everything in the order of time: of all answers the one that is due next, tables first. */
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
        play(json_array_get(all, next), done[next]++, when);
    }
    free(done);
}

/* ---- judging the judgement ---- */

static bool has(const json_t *array, const char *text)
{
    json_t *one;
    size_t i;
    json_array_foreach(array, i, one)
    {
        if (strcmp(json_string_value(one), text) == 0)
            return true;
    }
    return false;
}

static struct score *score_of(const char *scenario, const char *key)
{
    for (int type = 0; type < SW_ANOMALY_COUNT; type++) {
        const char *name = sw_anomaly_name((enum sw_anomaly_type)type);
        if (strncmp(key, name, strlen(name)) == 0 && key[strlen(name)] == ' ')
            return &scores[type];
    }
    stop(scenario, key);
    return NULL;
}

static bool compare(const json_t *scenario)
{
    const char *name = text_at(scenario, "name"), *key;
    const json_t *expect = json_object_get(scenario, "expect"),
                 *known = json_object_get(scenario, "known_errors");
    json_t *one, *value;
    size_t i;
    bool good = true;
    json_array_foreach(expect, i, one)
    {
        key = json_string_value(one);
        bool found = json_object_get(run.raised, key) != NULL;
        struct score *score = score_of(name, key);
        *(found ? &score->right : &score->missed) += 1;
        if (!found)
            printf("%s%s: missed %s\n", has(known, key) ? "known   " : "DIFFERS ", name, key);
        good = good && found != has(known, key);
    }
    json_object_foreach(run.raised, key, value)
    {
        if (has(expect, key))
            continue;
        score_of(name, key)->wrong++;
        printf("%s%s: raised %s\n", has(known, key) ? "known   " : "DIFFERS ", name, key);
        good = good && has(known, key);
    }
    json_array_foreach(known, i, one)
    {
        key = json_string_value(one);
        if (!has(expect, key) && !json_object_get(run.raised, key)) {
            printf("DIFFERS %s: no longer raised: %s\n", name, key);
            good = false;
        }
    }
    return good;
}

static void one_scenario(const json_t *scenario, const char *in)
{
    memset(&run, 0, sizeof(run));
    sw_settings_init(&run.settings);
    snprintf(run.settings.asn_mmdb[0], SW_PATH_MAX, "%s/as.mmdb", in);
    snprintf(run.settings.owner_mmdb[0], SW_PATH_MAX, "%s/registrants.mmdb", in);
    unlink(run.settings.owner_mmdb[0]);
    const struct sw_journal_host host = {.track = on_track};
    run.writer.observer = "scenarios";
    run.index = sw_index_new();
    run.owners = sw_owners_new(&run.settings, &run.counters);
    run.link = sw_link_new(&run.settings, &run.counters);
    run.seens = sw_seens_new(&run.settings, &run.counters);
    run.raised = json_object();
    put_lists(text_at(scenario, "name"), json_object_get(scenario, "lists"));
    put_tables(json_array_get(json_object_get(scenario, "tables"), 0));
    struct sw_observe_with with = {.settings = &run.settings,
                                   .index = run.index,
                                   .owners = run.owners,
                                   .host = &host,
                                   .link = run.link,
                                   .seens = run.seens,
                                   .raise = on_raise};
    run.observe = sw_observe_new(&with);
    play_all(scenario);
    scenarios++;
    bool good = compare(scenario);
    sw_observe_free(run.observe);
    sw_seens_free(run.seens);
    sw_link_free(run.link);
    sw_owners_free(run.owners);
    sw_index_free(run.index);
    json_decref(run.raised);
    unlink(run.settings.asn_mmdb[0]);
    unlink(run.settings.owner_mmdb[0]);
    ck_assert_msg(good, "%s differs from its labels", text_at(scenario, "name"));
}

/* All scenarios of a file, behind those of the files before. */
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

static void print_part(unsigned part, unsigned all)
{
    if (all == 0)
        printf(" %9s", "-");
    else
        printf(" %9.3f", (double)part / all);
}

static void print_table(void)
{
    printf("\n%-18s %8s %8s %8s %9s %9s\n", "anomaly", "right", "missed", "wrong", "precision",
           "recall");
    for (int type = 0; type < SW_ANOMALY_COUNT; type++) {
        const struct score *s = &scores[type];
        printf("%-18s %8u %8u %8u", sw_anomaly_name((enum sw_anomaly_type)type), s->right,
               s->missed, s->wrong);
        print_part(s->right, s->right + s->wrong);
        print_part(s->right, s->right + s->missed);
        printf("\n");
    }
    printf("%u scenarios, %u answers\n\n", scenarios, answers);
}

int main(void)
{
    glob_t files;
    sw_log_sink(quiet);
    all_scenarios = json_array();
    if (!mkdtemp(folder) || glob("tests/scenarios/*.json", 0, NULL, &files) != 0)
        stop("tests/scenarios", "run in the top folder of the checkout");
    for (size_t i = 0; i < files.gl_pathc; i++)
        load_file(files.gl_pathv[i], all_scenarios);
    globfree(&files);
    Suite *suite = suite_create("scenarios");
    TCase *tcase = tcase_create("scenarios");
    tcase_add_loop_test(tcase, scenario, 0, (int)json_array_size(all_scenarios));
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    json_decref(all_scenarios);
    rmdir(folder);
    print_table();
    return failed || scenarios == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
