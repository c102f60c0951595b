/*
 * sweep_sink.c - from an answer to an event, by the same code as in a resolver.
 *
 * The journal differs from a resolver's journal in three points. The observer has another name.
 * Neither event file nor spool are written, as both belong to the resolver of this host. Only the
 * swept names are judged: the walk through all histories (D-137) is the resolvers' work.
 * See sweep.h.
 */
#include "base/clock.h"
#include "base/rcu.h"
#include "cli/output.h"
#include "cli/show/ownership.h"
#include "cli/sweep/sweep.h"
#include "cli/sweep/sweep_ptr.h"
#include "cli/sweep/sweep_table.h"
#include "feed/load.h"
#include "flow/decide.h"
#include "flow/draft.h"
#include "flow/match.h"
#include "journal/dnstext.h"
#include "journal/journal.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RING_KIB       4096
#define WINDOW         8192                 /* events that are not acknowledged, at most */
#define ADDRESSES_EACH (SW_REST_LEAST / 19) /* in each further event, or more */
#define EVENTS_EACH    (SWEEP_TYPES * (SWEEP_ADDRESSES_MAX / ADDRESSES_EACH + 2)) /* of a name */
#define FIELDS_MAX                                                                                 \
    32768 /* history fields of waiting events: the journal drops fields beyond 65536 */
#define ANOMALY_PAGE "1000"

struct sweep_sink {
    struct cli *cli;
    struct sw_settings settings; /* the journal's */
    struct sw_index *index;
    struct sw_flow flow;
    struct sw_counters counters;
    struct sw_journal *journal;
    struct sw_ring *ring;
    struct sweep_table *table; /* text; NULL with --json */
    const struct sweep_ptrs *ptrs;
    uint64_t sent, fields;
    uint64_t fields_at[WINDOW]; /* `fields` before event number i, at i % WINDOW */
    uint64_t unlisted, exempt;
    char since[64]; /* last id of the anomalies before this run */
    pthread_mutex_t lock;
    struct sw_addr *tracked; /* new addresses that Redis does not know yet; under the lock */
    size_t tracked_n, tracked_room;
};

/* ---- tracked addresses ---- */

/* From the recorder's thread. */
static void track(void *arg, const struct sw_addr *addr)
{
    struct sweep_sink *sink = arg;
    pthread_mutex_lock(&sink->lock);
    if (sink->tracked_n == sink->tracked_room) {
        sink->tracked_room = sink->tracked_room ? 2 * sink->tracked_room : 1024;
        sink->tracked = cli_grow(sink->tracked, sink->tracked_room, sizeof(*sink->tracked));
    }
    sink->tracked[sink->tracked_n++] = *addr;
    pthread_mutex_unlock(&sink->lock);
}

/* All new addresses; the caller frees. */
static struct sw_addr *take_tracked(struct sweep_sink *sink, size_t *n)
{
    pthread_mutex_lock(&sink->lock);
    struct sw_addr *all = sink->tracked;
    *n = sink->tracked_n;
    sink->tracked = NULL;
    sink->tracked_n = sink->tracked_room = 0;
    pthread_mutex_unlock(&sink->lock);
    return all;
}

/* An entry for those that are new to Redis, as a resolver writes it. */
static int announce(struct cli *cli, char (*text)[SW_ADDRTEXT_MAX], const bool *isnew, size_t n)
{
    struct cli_argv argv = {0};
    const char *before[] = {"XADD", cli_key(cli, "resolvers:tracked"), "MAXLEN", "~", "10000", "*"};
    for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++)
        cli_argv_add(&argv, before[i]);
    int fixed = argv.n;
    for (size_t i = 0; i < n; i++) {
        if (isnew[i]) {
            cli_argv_add(&argv, "i");
            cli_argv_add(&argv, text[i]);
        }
    }
    redisReply *reply = NULL;
    bool any = argv.n > fixed;
    if (any)
        reply = cli_ask_argv(cli, &argv);
    cli_argv_free(&argv);
    freeReplyObject(reply);
    return any && !reply ? CLI_REDIS : CLI_OK;
}

/* Up to 100 addresses. */
static int track_some(struct sweep_sink *sink, const struct sw_addr *addrs, size_t n)
{
    struct cli *cli = sink->cli;
    char text[100][SW_ADDRTEXT_MAX], score[24];
    bool isnew[100] = {false};
    snprintf(score, sizeof(score), "%" PRId64, sw_clock_wall_us() / 1000000);
    for (size_t i = 0; i < n; i++)
        if (!cli_queue(cli, "ZADD", cli_key(cli, "tracked"), score,
                       sw_addr_text(&addrs[i], text[i]), CLI_END))
            return cli_redis_failed(cli, NULL);
    for (size_t i = 0; i < n; i++) {
        redisReply *reply = cli_reply(cli, "i");
        if (!reply)
            return CLI_REDIS;
        isnew[i] = reply->type == REDIS_REPLY_INTEGER && reply->integer == 1;
        freeReplyObject(reply);
    }
    return announce(cli, text, isnew, n);
}

int sweep_sink_track(struct sweep_sink *sink)
{
    struct cli *cli = sink->cli;
    size_t n;
    struct sw_addr *addrs = take_tracked(sink, &n);
    char last[24];
    int code = CLI_OK;
    for (size_t at = 0; at < n && code == CLI_OK; at += 100)
        code = track_some(sink, addrs + at, n - at < 100 ? n - at : 100);
    free(addrs);
    if (n == 0 || code != CLI_OK)
        return code;
    snprintf(last, sizeof(last), "-%" PRIu32, cli->settings.tracked_max + 1);
    redisReply *reply =
        cli_ask(cli, "ZREMRANGEBYRANK", cli_key(cli, "tracked"), "0", last, CLI_END);
    code = reply ? CLI_OK : CLI_REDIS;
    freeReplyObject(reply);
    return code;
}

/* ---- made and freed ---- */

static int load(struct sweep_sink *sink)
{
    struct cli *cli = sink->cli;
    redisReply *last =
        cli_ask(cli, "XREVRANGE", cli_key(cli, "anomalies"), "+", "-", "COUNT", "1", CLI_END);

    if (!last)
        return CLI_REDIS;
    snprintf(sink->since, sizeof(sink->since), "%s",
             last->type == REDIS_REPLY_ARRAY && last->elements == 1 &&
                     last->element[0]->elements == 2
                 ? last->element[0]->element[0]->str
                 : "0-0");
    freeReplyObject(last);
    if (sw_load_all(cli->redis, sink->index, &(struct sw_load_hooks){0}) != SW_OK)
        return cli_redis_failed(cli, NULL);
    return CLI_OK;
}

static void change_settings(struct sweep_sink *sink, const struct sweep_options *options)
{
    struct sw_settings *s = &sink->settings;
    *s = sink->cli->settings;
    s->event_file[0] = s->event_spool[0] = '\0';
    s->event_redis = options->events;
    s->event_window_ms = 0;
    s->ring_kib = RING_KIB;
    if (options->observer)
        snprintf(s->resolver_id, sizeof(s->resolver_id), "%s", options->observer);
    else
        snprintf(s->resolver_id, sizeof(s->resolver_id), "%.100s-sweep",
                 sink->cli->settings.resolver_id);
}

static bool start(struct sweep_sink *sink)
{
    const struct sw_journal_host host = {.arg = sink, .track = track, .sights_only = true};
    static struct sw_journal_host kept; /* outlives the journal */
    kept = host;
    sink->flow = (struct sw_flow){
        .settings = &sink->settings, .index = sink->index, .owners = cli_owners(sink->cli)};
    sink->journal =
        sw_journal_new(&sink->settings, sink->index, sink->flow.owners, &sink->counters, &kept);
    sink->ring = sink->journal ? sw_journal_ring(sink->journal, 0) : NULL;
    return sink->ring && sw_journal_start(sink->journal) == SW_OK;
}

struct sweep_sink *sweep_sink_new(struct cli *cli, const struct sweep_options *options,
                                  const struct sweep_ptrs *ptrs, int *code)
{
    struct sweep_sink *sink = cli_alloc(1, sizeof(*sink));
    sink->cli = cli;
    sink->ptrs = ptrs;
    pthread_mutex_init(&sink->lock, NULL);
    change_settings(sink, options);
    if (!cli->json)
        sink->table = sweep_table_new(&sink->settings, cli_owners(cli), ptrs, options->rows);
    sink->index = sw_index_new();
    if (!sink->index)
        abort();
    *code = load(sink);
    if (*code == CLI_OK && !start(sink)) {
        cli_error("out of memory");
        *code = CLI_NONE;
    }
    if (*code == CLI_OK)
        return sink;
    sweep_sink_free(sink);
    return NULL;
}

void sweep_sink_free(struct sweep_sink *sink)
{
    if (!sink)
        return;
    sw_journal_free(sink->journal);
    sw_index_free(sink->index);
    sweep_table_free(sink->table);
    free(sink->tracked);
    pthread_mutex_destroy(&sink->lock);
    free(sink);
}

/* ---- how much is under way ---- */

uint64_t sweep_sink_sent(const struct sweep_sink *sink)
{
    return sink->sent;
}

uint64_t sweep_sink_acknowledged(const struct sweep_sink *sink)
{
    return sw_journal_acknowledged(sink->journal);
}

void sweep_sink_end(struct sweep_sink *sink)
{
    sw_journal_stop(sink->journal);
}

uint64_t sweep_sink_dropped(const struct sweep_sink *sink)
{
    return sw_counted(&sink->counters.history_dropped) +
           sw_counted(&sink->counters.events_lost_ring) +
           sw_counted(&sink->counters.events_lost_backlog);
}

bool sweep_sink_has_room(struct sweep_sink *sink)
{
    uint64_t acknowledged = sweep_sink_acknowledged(sink);
    if (sink->sent - acknowledged + EVENTS_EACH > WINDOW ||
        sw_ring_used(sink->ring) + EVENTS_EACH * (SW_EVENT_MAX + 64) > RING_KIB * 1024)
        return false;
    return sink->sent == acknowledged ||
           sink->fields - sink->fields_at[acknowledged % WINDOW] < FIELDS_MAX;
}

/* ---- events ---- */

static void match_all(struct sw_matching *m, const struct sw_name *qname,
                      const struct sweep_answer *answer)
{
    sw_match_name(m, SW_TRIGGER_QNAME, qname->wire, qname->len);
    for (size_t i = 0; i < answer->aliases; i++)
        sw_match_name(m, SW_TRIGGER_CNAME, answer->alias[i].wire, answer->alias[i].len);
    for (size_t i = 0; i < answer->addresses; i++)
        sw_match_addr(m, &answer->address[i]);
}

/* rest: takes the addresses for which the event has no room, NULL: left out. */
static void draft(const struct sweep_sink *sink, const struct sw_name *qname, uint16_t qtype,
                  const struct sweep_answer *answer, const struct sw_match *match,
                  struct sw_event *event, struct sw_rest *rest)
{
    const struct sw_question question = {
        .qname = qname->wire, .qname_len = qname->len, .qtype = qtype, .qclass = 1};
    const struct sw_audience *audience = &match->audience[0];
    struct sw_verdict verdict;
    struct sw_hits hits;
    sw_match_hits(match, audience, sw_decide(&sink->flow, audience, SW_OVER_UDP, &verdict), &hits);
    sw_draft_begin(event, SW_EVENT_ANSWER, sw_clock_wall_us(), &question, &hits);
    event->rcode = answer->rcode;
    event->security = (uint8_t)answer->security;
    event->flags |= answer->answered ? SW_EVENT_RESOLVED : 0;
    if (answer->outcome != SWEEP_RESOLVED && answer->outcome != SWEEP_NXDOMAIN)
        return;
    for (size_t i = 0; i < answer->aliases; i++)
        sw_draft_alias(event, answer->alias[i].wire, answer->alias[i].len);
    if (rest)
        sw_rest_begin(rest, event, &hits);
    for (size_t i = 0; i < answer->addresses; i++)
        if (!sw_draft_addr(event, &answer->address[i]) && rest)
            sw_rest_addr(rest, &answer->address[i]);
    if (rest)
        sw_rest_end(rest);
}

/* Whether an allow list wins: a resolver notes no history of such an answer either. */
static bool exempted(const struct sweep_sink *sink, const struct sw_match *match)
{
    struct sw_verdict verdict;
    const struct sw_found *winner =
        sw_decide(&sink->flow, &match->audience[0], SW_OVER_UDP, &verdict);
    return winner && winner->hit.list->kind == SW_KIND_ALLOW && !match->watched;
}

static size_t addresses_in(const struct sw_event *event)
{
    size_t cursor = 0, len, n = 0;
    enum sw_event_tag tag;
    const uint8_t *value;
    while (sw_event_next(event, &cursor, &tag, &value, &len))
        n += tag == SW_TAG_ADDRESS;
    return n;
}

static void send(void *arg, struct sw_event *event)
{
    struct sweep_sink *sink = arg;
    sink->fields_at[sink->sent % WINDOW] = sink->fields;
    sink->fields += 3 * addresses_in(event) + 1;
    sink->sent++;
    sw_ring_put(sink->ring, event, sw_event_size(event));
}

/* The event of an answer, and further events with the addresses that the event has no room for. */
static void send_answer(struct sweep_sink *sink, const struct sw_name *qname, uint16_t qtype,
                        const struct sweep_answer *answer, const struct sw_match *match)
{
    static struct sw_event event;
    static struct sw_rest rest;
    draft(sink, qname, qtype, answer, match, &event, NULL);
    bool whole = !(event.flags & SW_EVENT_TRUNCATED);
    send(sink, &event);
    sw_rest_init(&rest, send, sink);
    if (!whole)
        draft(sink, qname, qtype, answer, match, &event, &rest);
}

static void lists_json(json_t *line, const struct sw_match *match)
{
    json_t *lists = json_array();
    for (size_t i = 0; i < match->n; i++) {
        const char *name = match->found[i].hit.list->name;
        bool there = false;
        for (size_t j = 0; j < i; j++)
            there = there || strcmp(match->found[j].hit.list->name, name) == 0;
        if (!there)
            json_array_append_new(lists, json_string(name));
    }
    json_object_set_new(line, "lists", lists);
}

/* Whether the history wants an answer: addresses, or for type A that the name leads nowhere. */
static bool is_news(const struct sweep_sink *sink, size_t i, const struct sweep_answer *answer)
{
    bool nowhere = answer->outcome == SWEEP_NXDOMAIN || answer->outcome == SWEEP_NODATA;
    return answer->outcome == SWEEP_RESOLVED || (i == 0 && nowhere) || sink->settings.event_redis;
}

/* The PTR of an address. Inside an RCU section. */
static json_t *ptr_json(const struct sweep_sink *sink, const struct sweep_ptr *ptr)
{
    const struct sw_view view = sw_index_view(sink->index);
    char text[SW_NAMETEXT_MAX], listed[SWEEP_LISTED_MAX];
    json_t *out = json_object(), *names = json_array();
    const uint8_t *name = ptr->names;
    cli_json_set(out, "ip", sw_addr_text(&ptr->addr, text));
    cli_json_set(out, "result", sweep_outcome_name(ptr->outcome));
    for (size_t i = 0; i < ptr->n; i++, name += sw_name_size(name, SW_NAME_MAX))
        json_array_append_new(names, json_string(sw_name_text(name, text)));
    json_object_set_new(out, "names", names);
    if (sweep_ptr_listed(&view, ptr, listed, sizeof(listed))[0])
        cli_json_set(out, "indicator", listed);
    return out;
}

/* The PTRs of the addresses that were asked for. Inside an RCU section. */
static json_t *ptrs_json(const struct sweep_sink *sink, const struct sweep_answer *answer)
{
    json_t *out = json_array();
    for (size_t i = 0; i < answer->addresses; i++) {
        const struct sweep_ptr *ptr = sweep_ptrs_find(sink->ptrs, &answer->address[i]);
        if (ptr)
            json_array_append_new(out, ptr_json(sink, ptr));
    }
    return out;
}

/* Members as in the events. Inside an RCU section. */
static json_t *answer_json(const struct sweep_sink *sink, const struct sweep_answer *answer)
{
    char text[SW_NAMETEXT_MAX];
    json_t *out = json_object(), *aliases = json_array(), *ips = json_array(),
           *owners = json_array();
    cli_json_set(out, "result", sweep_outcome_name(answer->outcome));
    if (answer->answered) {
        cli_json_set(out, "response_code", sw_rcode_text(answer->rcode, text));
        cli_json_set(out, "dnssec", sw_security_text(answer->security));
    }
    for (size_t i = 0; i < answer->aliases; i++)
        json_array_append_new(aliases, json_string(sw_name_text(answer->alias[i].wire, text)));
    for (size_t i = 0; i < answer->addresses; i++) {
        struct sw_owner owner = {0};
        json_array_append_new(ips, json_string(sw_addr_text(&answer->address[i], text)));
        sw_owner_find(sink->flow.owners, &answer->address[i], &owner);
        json_t *whose = cli_owner_json(&answer->address[i], &owner);
        if (json_is_null(whose))
            json_decref(whose);
        else
            json_array_append_new(owners, whose);
    }
    json_object_set_new(out, "chain", aliases);
    json_object_set_new(out, "resolved_ip", ips);
    json_object_set_new(out, "owners", owners);
    json_object_set_new(out, "ptr", ptrs_json(sink, answer));
    return out;
}

/* Make an event of an answer, if a list covers the name. Returns whether lists of kind ioc, and no
 * watch list, cover the name. */
static bool judge(struct sweep_sink *sink, const struct sw_name *qname, size_t i,
                  const struct sweep_answer *answer, json_t *line)
{
    struct sw_matching m;
    struct sw_match match;
    static const char *const types[SWEEP_TYPES] = {"A", "AAAA"};
    sw_match_begin(&m, &sink->flow, &match);
    m.every_group = true;
    match_all(&m, qname, answer);
    bool mine = match.acted_on || match.watched, exempt = exempted(sink, &match);
    if (i == 0) {
        sink->unlisted += !mine && !exempt;
        sink->exempt += exempt;
    }
    if (mine && !exempt && is_news(sink, i, answer))
        send_answer(sink, qname, sweep_type(i), answer, &match);
    if (line && i == 0)
        lists_json(line, &match);
    if (line)
        json_object_set_new(line, types[i], answer_json(sink, answer));
    return match.acted_on && !match.watched && !exempt;
}

void sweep_sink_put(struct sweep_sink *sink, const char *name, const struct sweep_task *task)
{
    json_t *line = sink->cli->json ? json_object() : NULL;
    struct sw_name qname;
    if (sw_name_parse(name, strlen(name), &qname, NULL) != SW_OK)
        abort(); /* the text came out of sw_name_text() */
    if (line)
        cli_json_set(line, "name", name);
    sw_rcu_enter();
    bool is_ioc = false;
    for (size_t i = 0; i < SWEEP_TYPES; i++)
        is_ioc = judge(sink, &qname, i, &task->answer[i], line) || is_ioc;
    if (sink->table) {
        struct sw_view view = sw_index_view(sink->index);
        sweep_table_answer(sink->table, &view, name, is_ioc, task);
    }
    sw_rcu_leave();
    if (line)
        cli_json(line);
}

/* An address indicator, and the address by which it is judged. Inside an RCU section. */
static void place_json(const struct sweep_sink *sink, const struct sw_view *view,
                       const struct sw_addr *addr, const struct sw_addr *judged)
{
    struct sw_owner owner = {0};
    char text[SW_ADDRTEXT_MAX], remark[SWEEP_LISTED_MAX + 32];
    json_t *line = json_object();
    sw_owner_find(sink->flow.owners, judged, &owner);
    sweep_remark(&sink->settings, view, true, judged, &owner, remark, sizeof(remark));
    cli_json_set(line, "indicator", sw_addr_text(addr, text));
    json_object_set_new(line, "owner", cli_owner_json(judged, &owner));
    cli_json_set(line, "class", sw_class_name((enum sw_class)owner.class));
    cli_json_set(line, "remark", remark);
    cli_json(line);
}

void sweep_sink_places(struct sweep_sink *sink, const struct sweep_names *names)
{
    sw_rcu_enter();
    struct sw_view view = sw_index_view(sink->index);
    for (size_t i = 0; i < names->places; i++) {
        const struct sw_addr judged = sweep_place_judged(names, &names->place[i]);
        if (sink->table)
            sweep_table_indicator(sink->table, &view, &names->place[i], &judged);
        else
            place_json(sink, &view, &names->place[i], &judged);
    }
    sw_rcu_leave();
}

void sweep_sink_print(const struct sweep_sink *sink)
{
    if (sink->table)
        sweep_table_print(sink->table, sink->cli);
}

uint64_t sweep_sink_unlisted(const struct sweep_sink *sink)
{
    return sink->unlisted;
}

uint64_t sweep_sink_exempt(const struct sweep_sink *sink)
{
    return sink->exempt;
}

/* ---- anomalies ---- */

/* An entry, [id, [e, document]], if ours. */
static void take_anomaly(const struct sweep_sink *sink, const redisReply *entry, json_t *out)
{
    const redisReply *fields = entry->elements == 2 ? entry->element[1] : NULL;
    if (!fields || fields->type != REDIS_REPLY_ARRAY || fields->elements < 2)
        return;
    json_t *document = json_loadb(fields->element[1]->str, fields->element[1]->len, 0, NULL);
    if (strcmp(cli_json_text(document, "observer.name"), sink->settings.resolver_id) == 0)
        json_array_append(out, document);
    json_decref(document);
}

json_t *sweep_sink_anomalies(struct sweep_sink *sink)
{
    json_t *out = json_array();
    char from[80];
    snprintf(from, sizeof(from), "(%s", sink->since);
    for (;;) {
        redisReply *reply = cli_ask(sink->cli, "XRANGE", cli_key(sink->cli, "anomalies"), from, "+",
                                    "COUNT", ANOMALY_PAGE, CLI_END);
        if (!reply || reply->type != REDIS_REPLY_ARRAY) {
            freeReplyObject(reply);
            json_decref(out);
            return NULL;
        }
        size_t n = reply->elements;
        for (size_t i = 0; i < n; i++)
            take_anomaly(sink, reply->element[i], out);
        if (n > 0)
            snprintf(from, sizeof(from), "(%.64s", reply->element[n - 1]->element[0]->str);
        freeReplyObject(reply);
        if (n == 0)
            return out;
    }
}
