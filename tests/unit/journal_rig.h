/*
 * journal_rig.h - a complete journal for tests: redis-server, index, an AS database, an event file;
 * and functions that put events in and read the output back.
 *
 * A test, step by step:
 *     jr_init(&rig);                      // server is up; settings may be changed now
 *     jr_start(&rig);
 *     jr_put(&rig, &(struct jr_event){.qname = "a.test", ...});
 *     jr_wait_stream(&rig, "events", 1);
 *     json_t *events = jr_stream(&rig, "events");
 *     ck_assert_str_eq(jr_text(json_array_get(events, 0), "dns.question.name"), "a.test");
 *     jr_done(&rig);
 *
 * Threads      the test's own
 */
#ifndef SW_TESTS_UNIT_JOURNAL_RIG_H
#define SW_TESTS_UNIT_JOURNAL_RIG_H

#include "mmdb_fixture.h"
#include "redis_fixture.h"

#include "base/clock.h"
#include "base/log.h"
#include "index/index.h"
#include "journal/journal.h"

#include <check.h>
#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#define JR_DEADLINE_MS 20000 /* for anything to happen; generous, never waited out */
#define JR_TRACKED_MAX 64
#define JR_ADDRS_MAX   8
#define P              "{sinkwatch}"

struct jr {
    struct redis_fixture rf;
    struct sw_settings settings;
    struct sw_index *index;
    struct sw_owners *owners;
    struct sw_counters counters;
    struct sw_journal_host host;
    struct sw_journal *journal;
    char folder[64], file[96], mmdb[96];
    pthread_mutex_t lock; /* guards the following members */
    char tracked[JR_TRACKED_MAX][SW_ADDRTEXT_MAX];
    size_t tracked_n;
    atomic_uint rounds; /* of the collector */
};

/* An event in words; members that are left out are those of a plain hit in monitor mode from
 * 192.0.2.53. */
struct jr_event {
    enum sw_event_type type;
    const char *qname;
    const char *list, *indicator; /* the winner; NULL: no rule */
    enum sw_kind kind;
    enum sw_trigger trigger;
    const char *alias;
    const char *address[JR_ADDRS_MAX];
    const char *client;
    int64_t time_us; /* 0: now */
};

static inline void jr_log(enum sw_log_level level, const char *line)
{
    if (getenv("VERBOSE"))
        fprintf(stderr, "%d %s\n", (int)level, line);
}

static inline struct sw_addr jr_addr(const char *text)
{
    struct sw_addr addr;
    ck_assert_int_eq(sw_addr_parse(text, strlen(text), &addr, NULL), SW_OK);
    return addr;
}

static inline void jr_on_track(void *arg, const struct sw_addr *addr)
{
    struct jr *rig = arg;
    pthread_mutex_lock(&rig->lock);
    if (rig->tracked_n < JR_TRACKED_MAX)
        sw_addr_text(addr, rig->tracked[rig->tracked_n++]);
    pthread_mutex_unlock(&rig->lock);
}

static inline void jr_on_round(void *arg)
{
    struct jr *rig = arg;
    atomic_fetch_add(&rig->rounds, 1);
}

static inline bool jr_is_tracked(struct jr *rig, const char *address)
{
    bool found = false;
    pthread_mutex_lock(&rig->lock);
    for (size_t i = 0; i < rig->tracked_n; i++)
        found = found || strcmp(rig->tracked[i], address) == 0;
    pthread_mutex_unlock(&rig->lock);
    return found;
}

static inline void jr_write_mmdb(const char *path)
{
    static struct mm m;
    mm_init(&m, 6, "GeoLite2-ASN");
    uint32_t at = mm_map(&m, 2);
    mm_text(&m, "autonomous_system_number");
    mm_u32(&m, 8342);
    mm_text(&m, "autonomous_system_organization");
    mm_text(&m, "RTComm.RU");
    mm_insert(&m, "213.24.76.0/23", at);
    at = mm_map(&m, 2);
    mm_text(&m, "autonomous_system_number");
    mm_u32(&m, 15133);
    mm_text(&m, "autonomous_system_organization");
    mm_text(&m, "Edgecast");
    mm_insert(&m, "93.184.216.0/24", at);
    mm_write(&m, path);
}

/* A list with an indicator (or NULL). */
static inline void jr_list(struct jr *rig, const char *name, const char *policy_json,
                           const char *indicator_text)
{
    struct sw_policy policy;
    struct sw_indicator indicator;
    char why[SW_WHY_MAX];
    sw_list_id id;
    ck_assert_int_eq(sw_policy_parse(name, policy_json, strlen(policy_json), &policy, why), SW_OK);
    ck_assert_int_eq(sw_index_list_set(rig->index, &policy, &id), SW_OK);
    if (!indicator_text)
        return;
    ck_assert_int_eq(sw_indicator_parse(indicator_text, strlen(indicator_text), &indicator, why),
                     SW_OK);
    ck_assert_int_eq(sw_index_add(rig->index, id, &indicator), SW_OK);
}

static inline void jr_init(struct jr *rig)
{
    memset(rig, 0, sizeof(*rig));
    sw_log_sink(jr_log);
    pthread_mutex_init(&rig->lock, NULL);
    snprintf(rig->folder, sizeof(rig->folder), "/tmp/sw-journal-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(rig->folder));
    snprintf(rig->file, sizeof(rig->file), "%s/events.json", rig->folder);
    snprintf(rig->mmdb, sizeof(rig->mmdb), "%s/asn.mmdb", rig->folder);
    jr_write_mmdb(rig->mmdb);
    redis_fixture_start(&rig->rf, NULL);
    redis_fixture_settings(&rig->rf, &rig->settings);
    snprintf(rig->settings.resolver_id, sizeof(rig->settings.resolver_id), "ns1");
    snprintf(rig->settings.asn_mmdb[0], sizeof(rig->settings.asn_mmdb[0]), "%s", rig->mmdb);
    snprintf(rig->settings.event_file, sizeof(rig->settings.event_file), "%s", rig->file);
    rig->settings.event_window_ms = 0;
    rig->settings.redis_timeout_ms = 10000;
    rig->index = sw_index_new();
    rig->owners = sw_owners_new(&rig->settings, &rig->counters);
    ck_assert(sw_owners_refresh(rig->owners));
    rig->host = (struct sw_journal_host){.arg = rig, .track = jr_on_track, .round = jr_on_round};
}

static inline void jr_start(struct jr *rig)
{
    rig->journal =
        sw_journal_new(&rig->settings, rig->index, rig->owners, &rig->counters, &rig->host);
    ck_assert_ptr_nonnull(rig->journal);
    ck_assert_int_eq(sw_journal_start(rig->journal), SW_OK);
}

/* Stop and forget the journal, as a reload does. */
static inline void jr_stop(struct jr *rig)
{
    sw_journal_stop(rig->journal);
    sw_journal_free(rig->journal);
    rig->journal = NULL;
}

static inline void jr_done(struct jr *rig)
{
    char rotated[128];
    jr_stop(rig);
    sw_owners_free(rig->owners);
    sw_index_free(rig->index);
    redis_fixture_stop(&rig->rf);
    snprintf(rotated, sizeof(rotated), "%s.1", rig->file);
    unlink(rotated);
    unlink(rig->file);
    unlink(rig->mmdb);
    rmdir(rig->folder);
    pthread_mutex_destroy(&rig->lock);
    sw_log_sink(NULL);
}

static inline void jr_fill(const struct jr_event *in, struct sw_event *ev)
{
    struct sw_name name;
    struct sw_addr client = jr_addr(in->client ? in->client : "192.0.2.53");
    sw_event_init(ev, in->type, in->time_us != 0 ? in->time_us : sw_clock_wall_us());
    ev->flags = SW_EVENT_RESOLVED | (in->type == SW_EVENT_HIT ? SW_EVENT_CLIENT : 0);
    ev->action_wanted = ev->action_taken = SW_ACTION_MONITOR;
    ev->security = SW_SECURITY_INSECURE;
    ev->qtype = 1;
    ev->qclass = 1;
    if (in->type == SW_EVENT_HIT) {
        ev->client_family = client.family;
        ev->client_port = 40000;
        memcpy(ev->client, client.octets, sizeof(ev->client));
    }
    ck_assert_int_eq(sw_name_parse(in->qname, strlen(in->qname), &name, NULL), SW_OK);
    ck_assert(sw_event_put(ev, SW_TAG_QNAME, name.wire, name.len));
    if (in->list) {
        struct sw_event_hit hit = {.winner = 1,
                                   .trigger = (uint8_t)in->trigger,
                                   .kind = (uint8_t)in->kind,
                                   .list = in->list,
                                   .action = SW_ACTION_MONITOR,
                                   .indicator = in->indicator};
        ck_assert(sw_event_put_hit(ev, &hit));
    }
    if (in->alias) {
        ck_assert_int_eq(sw_name_parse(in->alias, strlen(in->alias), &name, NULL), SW_OK);
        ck_assert(sw_event_put(ev, SW_TAG_ALIAS, name.wire, name.len));
    }
    for (size_t i = 0; i < JR_ADDRS_MAX && in->address[i]; i++) {
        struct sw_addr addr = jr_addr(in->address[i]);
        ck_assert(sw_event_put(ev, SW_TAG_ADDRESS, addr.octets, addr.family == 4 ? 4 : 16));
    }
}

/* Into the ring of worker 0; waits while the ring is full. */
static inline void jr_put(struct jr *rig, const struct jr_event *in)
{
    struct sw_event ev;
    struct sw_ring *ring = sw_journal_ring(rig->journal, 0);
    jr_fill(in, &ev);
    ck_assert_ptr_nonnull(ring);
    while (sw_ring_used(ring) > (size_t)rig->settings.ring_kib * 1024 / 2)
        poll(NULL, 0, 1);
    ck_assert(sw_ring_put(ring, &ev, sw_event_size(&ev)));
}

/* The usual event: a name on list "carbanak" that resolves to a single address. */
static inline void jr_hit(struct jr *rig, const char *qname, const char *address)
{
    jr_put(rig, &(struct jr_event){
                    .qname = qname, .list = "carbanak", .indicator = qname, .address = {address}});
}

static inline void jr_answer(struct jr *rig, const char *qname, const char *address)
{
    jr_put(rig, &(struct jr_event){.type = SW_EVENT_ANSWER, .qname = qname, .address = {address}});
}

/* Wait until a condition holds; fails the test when the condition never holds. */
#define jr_wait(condition)                                                                         \
    do {                                                                                           \
        int64_t jr_until = redis_fixture_now_ms() + JR_DEADLINE_MS;                                \
        while (!(condition)) {                                                                     \
            ck_assert_msg(redis_fixture_now_ms() < jr_until, "never: %s", #condition);             \
            poll(NULL, 0, 2);                                                                      \
        }                                                                                          \
    } while (0)

static inline long long jr_length(const struct jr *rig, const char *stream)
{
    return redis_fixture_run(&rig->rf, "XLEN " P ":%s", stream);
}

static inline void jr_wait_stream(const struct jr *rig, const char *stream, long long n)
{
    jr_wait(jr_length(rig, stream) >= n);
    ck_assert_int_eq(jr_length(rig, stream), n);
}

/* All documents of a stream as an array; the caller calls json_decref(). */
static inline json_t *jr_stream(const struct jr *rig, const char *stream)
{
    json_t *all = json_array();
    redisReply *reply = redis_fixture_command(&rig->rf, "XRANGE " P ":%s - +", stream);
    ck_assert(reply && reply->type == REDIS_REPLY_ARRAY);
    for (size_t i = 0; i < reply->elements; i++) {
        const redisReply *fields = reply->element[i]->element[1];
        ck_assert_uint_eq(fields->elements, 2);
        ck_assert_str_eq(fields->element[0]->str, "e");
        json_t *one = json_loads(fields->element[1]->str, 0, NULL);
        ck_assert_ptr_nonnull(one);
        json_array_append_new(all, one);
    }
    freeReplyObject(reply);
    return all;
}

/* All whole lines of the file as an array (the last line may be half written at the moment); a line
 * that is no JSON fails the test. */
static inline json_t *jr_lines(const char *path)
{
    json_t *all = json_array();
    char *line = NULL;
    size_t size = 0;
    ssize_t len;
    FILE *file = fopen(path, "r");
    while (file && (len = getline(&line, &size, file)) > 0 && line[len - 1] == '\n') {
        json_t *one = json_loads(line, 0, NULL);
        ck_assert_ptr_nonnull(one);
        json_array_append_new(all, one);
    }
    free(line);
    if (file)
        fclose(file);
    return all;
}

static inline size_t jr_lines_count(const char *path)
{
    json_t *lines = jr_lines(path);
    size_t n = json_array_size(lines);
    json_decref(lines);
    return n;
}

/* The member at a dotted path; array elements by number ("sinkwatch.owners.0.ip"). */
static inline json_t *jr_at(json_t *object, const char *path)
{
    char key[64];
    while (object && *path != '\0') {
        size_t len = strcspn(path, ".");
        ck_assert_uint_lt(len, sizeof(key));
        memcpy(key, path, len);
        key[len] = '\0';
        object = json_is_array(object) ? json_array_get(object, (size_t)atoi(key))
                                       : json_object_get(object, key);
        path += path[len] == '.' ? len + 1 : len;
    }
    return object;
}

/* Text at a path; "" when there is none. */
static inline const char *jr_text(json_t *object, const char *path)
{
    const char *text = json_string_value(jr_at(object, path));
    return text ? text : "";
}

static inline long long jr_number(json_t *object, const char *path)
{
    return json_integer_value(jr_at(object, path));
}

/* A history field's JSON, or NULL; the caller calls json_decref(). */
static inline json_t *jr_seen(const struct jr *rig, const char *kind, const char *key,
                              const char *field)
{
    redisReply *reply =
        redis_fixture_command(&rig->rf, "HGET " P ":seen:%s:%s %s", kind, key, field);
    ck_assert_ptr_nonnull(reply);
    json_t *one = reply->type == REDIS_REPLY_STRING ? json_loads(reply->str, 0, NULL) : NULL;
    freeReplyObject(reply);
    return one;
}

static inline long long jr_seen_count(const struct jr *rig, const char *kind, const char *key,
                                      const char *field)
{
    json_t *one = jr_seen(rig, kind, key, field);
    long long count = one ? jr_number(one, "count") : 0;
    json_decref(one);
    return count;
}

#endif
