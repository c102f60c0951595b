/*
 * fault_feed.c - random histories of writers and faults; in the end the index equals the lists in
 * Redis.
 *
 * Each history has a separate redis-server and feeder, and a random sequence of changes (with and
 * without the stream) and faults:
 *     connections cut; answers cut in the middle; answers that trickle; a server that stands still
 *     the server killed (-9) and restarted, with the last save or with nothing
 *     a replica promoted that lacks the last changes, and the old primary killed
 *     the stream trimmed past our position, or gone; entries deleted; everything flushed
 *     keys renamed; wrong types
 *     the feeder restarted, with and without a local snapshot (every other history has one)
 * Keyspace notifications are on in half of the histories. Then the faults end, and every question
 * of a small universe is asked of the index until the answers agree with the hashes in Redis. The
 * status must report a Redis that has lost its lists. Such a Redis is then filled again, in the way
 * of a feed: a single list first, which must leave the other lists unchanged. A list that the
 * status calls lost, and that Redis could have lost, is dropped by an entry, in the way of an
 * operator.
 *
 * Environment: FAULT_HISTORIES (40), FAULT_SEED (1), FAULT_AT_ONCE (8), VERBOSE. A failure prints
 * the seed; FAULT_SEED=that FAULT_HISTORIES=1 repeats the history (the timing is not repeated).
 * `make fault` builds this program from the present sources; `make all` does not build this
 * program.
 *
 * Threads      a process for each of FAULT_AT_ONCE; in each the driver, the feeder, the sweeper
 */
#include "../unit/index_hits.h"
#include "fault_history.h"
#include "lost.h"

/* ---- changes ---- */

static void change_add(struct history *h)
{
    const char *list = any_list(h), *item = any_item(h), *other = any_item(h);
    run(h, "MULTI");
    run(h, "HSET " P ":list:%s %s %s %s %s", list, item, "", other, "");
    run(h, "XADD " P ":changes * op add list %s i %s i %s", list, item, other);
    run(h, "EXEC");
}

static void change_remove(struct history *h)
{
    const char *list = any_list(h), *item = any_item(h), *other = any_item(h);
    run(h, "MULTI");
    run(h, "HDEL " P ":list:%s %s %s", list, item, other);
    run(h, "XADD " P ":changes * op remove list %s i %s i %s", list, item, other);
    run(h, "EXEC");
}

static void change_replace(struct history *h)
{
    const char *list = any_list(h);
    run(h, "MULTI");
    run(h, "DEL " P ":list:%s:staging:t", list);
    run(h, "HSET " P ":list:%s:staging:t %s %s %s %s", list, any_item(h), "", any_item(h), "");
    run(h, "RENAME " P ":list:%s:staging:t " P ":list:%s", list, list);
    run(h, "XADD " P ":changes * op replace list %s", list);
    run(h, "EXEC");
}

static void change_drop(struct history *h)
{
    const char *list = any_list(h);
    run(h, "MULTI");
    run(h, "HDEL " P ":lists %s", list);
    run(h, "DEL " P ":list:%s", list);
    run(h, "XADD " P ":changes * op drop list %s", list);
    run(h, "EXEC");
}

static void change_policy(struct history *h)
{
    const char *list = any_list(h);
    run(h, "MULTI");
    run(h, "HSET " P ":lists %s %s", list, any_policy(h));
    run(h, "XADD " P ":changes * op policy list %s", list);
    run(h, "EXEC");
}

static void plain_write(struct history *h)
{
    if (below(h, 2) == 0)
        run(h, "HSETNX " P ":list:%s %s %s", any_list(h), any_item(h), "");
    else
        run(h, "HDEL " P ":list:%s %s", any_list(h), any_item(h));
}

static void plain_policy(struct history *h)
{
    run(h, "HSET " P ":lists %s %s", any_list(h), any_policy(h));
}

/* ---- faults ---- */

static void fault_cut(struct history *h)
{
    run(h, below(h, 3) == 0 ? "CLIENT KILL TYPE pubsub" : "CLIENT KILL TYPE normal");
}

/* In the midst of the next answer, or of a following answer. */
static void fault_cut_answer(struct history *h)
{
    unsigned octets = below(h, below(h, 2) == 0 ? 40 : 2000);
    say(h, "answers are cut after %u octets", octets);
    between_cut(&h->between, octets);
}

static void fault_trickle(struct history *h)
{
    unsigned ms = 1 + below(h, 60);
    say(h, "answers trickle for %u ms", ms);
    between_slow(&h->between, ms);
}

static void fault_crash(struct history *h)
{
    say(h, "kill -9 and restart with what was last saved");
    redis_fixture_kill(h->rf);
    poll(NULL, 0, (int)below(h, 30));
    redis_fixture_restart(h->rf);
}

static void fault_save(struct history *h)
{
    run(h, "SAVE");
}

static void fault_trim(struct history *h)
{
    run(h, "XTRIM " P ":changes MAXLEN %u", below(h, 3));
}

/* A change with an entry that is taken out of the stream at once. */
static void fault_delete(struct history *h)
{
    run(h, "EVAL %s 2 " P ":changes " P ":list:%s %s",
        "redis.call('HSET', KEYS[2], ARGV[1], '') return redis.call('XDEL', KEYS[1], "
        "redis.call('XADD', KEYS[1], '*', 'op', 'replace'))",
        any_list(h), any_item(h));
}

static void fault_stream_gone(struct history *h)
{
    run(h, "DEL " P ":changes");
}

static void fault_flush(struct history *h)
{
    run(h, "FLUSHALL");
}

/* A list goes away, or becomes another list; the hash of lists goes away. */
static void fault_rename(struct history *h)
{
    unsigned which = below(h, 5);
    if (which == 0)
        run(h, "RENAME " P ":lists " P ":aside");
    else if (which < 3)
        run(h, "RENAME " P ":list:%s " P ":list:%s", any_list(h), any_list(h));
    else
        run(h, "RENAME " P ":list:%s " P ":list:%s:staging:aside", any_list(h), any_list(h));
}

/* Have a server listen on some port of loopback: replicas do not speak over unix sockets. */
static unsigned open_port(struct redis_fixture *rf)
{
    for (unsigned i = 0; i < 100; i++) {
        unsigned port = 20000 + arc4random_uniform(12000);
        redisReply *reply = redis_fixture_command(rf, "CONFIG SET port %u", port);
        bool ok = reply && reply->type == REDIS_REPLY_STATUS;

        freeReplyObject(reply);
        if (ok)
            return port;
    }
    redis_fixture_fail(rf, "no port");
    return 0;
}

static bool has_synced(const struct redis_fixture *rf)
{
    redisReply *reply = redis_fixture_command(rf, "INFO replication");
    bool up =
        reply && reply->type == REDIS_REPLY_STRING && strstr(reply->str, "master_link_status:up");

    freeReplyObject(reply);
    return up;
}

/* A replica is promoted at some moment; later writes to the primary are lost with the primary. */
static void fault_failover(struct history *h)
{
    struct redis_fixture *replica = h->rf == &h->servers[0] ? &h->servers[1] : &h->servers[0];
    int64_t until = sw_clock_mono_us() + SETTLE_MS * 1000;
    unsigned port = open_port(h->rf), lost = below(h, 4);
    say(h, "a replica is promoted, the primary goes on for %u changes and is killed", lost);
    redis_fixture_start(replica, NULL);
    redis_fixture_run(replica, "REPLICAOF 127.0.0.1 %u", port);
    while (!has_synced(replica)) {
        if (sw_clock_mono_us() > until)
            redis_fixture_fail(replica, "no replication");
        poll(NULL, 0, 2);
    }
    redis_fixture_run(replica, "REPLICAOF NO ONE");
    redis_fixture_run(replica, "CONFIG SET notify-keyspace-events %s", h->seed % 2 ? "Kgh" : "");
    for (unsigned i = 0; i < lost; i++) {
        if (below(h, 2) == 0)
            change_add(h);
        else
            change_remove(h);
        poll(NULL, 0, (int)below(h, 5));
    }
    redisFree(h->link);
    h->link = NULL;
    redis_fixture_stop(h->rf);
    h->rf = replica;
    between_lead(&h->between, replica->socket);
}

static void fault_wrong_type(struct history *h)
{
    static const char *const keys[] = {P ":changes", P ":lists", P ":list:a", P ":list:b"};
    const char *key = keys[below(h, 4)];
    run(h, "SET %s x", key);
}

static void fault_slow(struct history *h)
{
    run(h, "CLIENT PAUSE %u ALL", 1 + below(h, 60));
}

static void fault_feeder(struct history *h)
{
    say(h, "the feeder is restarted");
    feeder_stop(h);
    feeder_start(h);
}

struct choice {
    void (*run)(struct history *h);
    unsigned weight;
};

static const struct choice choices[] = {
    {change_add, 20},      {change_remove, 14},   {change_replace, 6},    {change_drop, 3},
    {change_policy, 8},    {plain_write, 6},      {plain_policy, 2},      {fault_cut, 4},
    {fault_cut_answer, 4}, {fault_trickle, 2},    {fault_crash, 2},       {fault_save, 3},
    {fault_failover, 1},   {fault_trim, 4},       {fault_stream_gone, 2}, {fault_flush, 1},
    {fault_rename, 3},     {fault_wrong_type, 2}, {fault_slow, 2},        {fault_feeder, 2},
    {fault_delete, 2},
};

static void step(struct history *h)
{
    unsigned all = 0, at;
    size_t i = 0;
    for (size_t k = 0; k < sizeof(choices) / sizeof(choices[0]); k++)
        all += choices[k].weight;
    for (at = below(h, all); at >= choices[i].weight; i++)
        at -= choices[i].weight;
    choices[i].run(h);
    note_losses(h);
    if (below(h, 3) == 0)
        poll(NULL, 0, (int)below(h, 8));
}

/* ---- the answers of the index, and of Redis ---- */

/* Whether a list of this name covers the indicator's own question with just this rule. */
static bool index_has(struct history *h, const struct sw_indicator *ind, const char *list,
                      const char *action)
{
    struct sw_hit hits[HITS_MAX];
    struct sw_name name = ind->name;
    char want[SW_INDICATORTEXT_MAX], text[SW_INDICATORTEXT_MAX], sub[SW_INDICATORTEXT_MAX + 1];
    bool found = false;
    size_t n;
    sw_indicator_text(ind, want);
    if (ind->type == SW_INDICATOR_DOMAIN && want[0] == '*') { /* ask for a name below */
        snprintf(sub, sizeof(sub), "x%s", want + 1);
        if (sw_name_parse(sub, strlen(sub), &name, NULL) != SW_OK)
            return false;
    }
    sw_rcu_enter();
    struct sw_view view = sw_index_view(h->index);
    if (ind->type == SW_INDICATOR_DOMAIN)
        n = find_name(&view, name.wire, name.len, hits, HITS_MAX);
    else if (ind->type == SW_INDICATOR_ASN)
        n = find_asn(&view, ind->asn, hits, HITS_MAX);
    else if (ind->type == SW_INDICATOR_HOLDER)
        n = find_holder(&view, ind, hits, HITS_MAX);
    else
        n = find_addr(&view, &ind->addr, hits, HITS_MAX);
    for (size_t i = 0; i < n; i++) {
        sw_hit_text(&hits[i], name.wire, &ind->addr, text);
        found = found || (strcmp(text, want) == 0 && strcmp(hits[i].list->name, list) == 0 &&
                          strcmp(sw_action_name(hits[i].list->action), action) == 0);
    }
    sw_rcu_leave();
    return found;
}

/* Whether the hash of a list has this indicator, in any spelling. */
static bool redis_has(const redisReply *fields, const struct sw_indicator *ind)
{
    char want[SW_INDICATORTEXT_MAX], text[SW_INDICATORTEXT_MAX], why[SW_WHY_MAX];
    sw_indicator_text(ind, want);
    for (size_t i = 0; i < fields->elements; i++) {
        struct sw_indicator other;
        if (sw_indicator_parse(fields->element[i]->str, fields->element[i]->len, &other, why) !=
            SW_OK)
            continue;
        if (strcmp(sw_indicator_text(&other, text), want) == 0)
            return true;
    }
    return false;
}

/* The first difference of a list, in words; false when there is none. */
static bool list_differs(struct history *h, const char *list, char why[LINE_MAX_])
{
    static const enum sw_action actions[] = {SW_ACTION_MONITOR, SW_ACTION_NXDOMAIN, SW_ACTION_DROP,
                                             SW_ACTION_REFUSED};
    redisReply *text = get(h, "HGET " P ":lists %s", list);
    redisReply *fields = get(h, "HKEYS " P ":list:%s", list);
    struct sw_policy policy;
    char parse_why[SW_WHY_MAX];
    bool held = text->type == REDIS_REPLY_STRING &&
                sw_policy_parse(list, text->str, text->len, &policy, parse_why) == SW_OK;
    bool differs = false;

    for (size_t i = 0; i < UNIVERSE && !differs; i++) {
        struct sw_indicator ind;
        if (sw_indicator_parse(universe[i], strlen(universe[i]), &ind, parse_why) != SW_OK)
            continue;
        for (size_t a = 0; a < sizeof(actions) / sizeof(actions[0]) && !differs; a++) {
            bool want = held && policy.action == actions[a] && redis_has(fields, &ind);
            bool have = index_has(h, &ind, list, sw_action_name(actions[a]));
            differs = want != have;
            if (differs)
                snprintf(why, LINE_MAX_, "list %s, %s, %s: %s", list, universe[i],
                         sw_action_name(actions[a]),
                         want ? "in Redis, not in the index" : "in the index, not in Redis");
        }
    }
    freeReplyObject(text);
    freeReplyObject(fields);
    return differs;
}

static bool differs_anywhere(struct history *h, char why[LINE_MAX_])
{
    for (size_t i = 0; i < LISTS; i++)
        if (list_differs(h, lists[i], why))
            return true;
    return false;
}

/* ---- a history ---- */

static void fill_one(struct history *h, const char *list)
{
    run(h, "HSET " P ":lists %s %s", list, any_policy(h));
    run(h, "HSET " P ":list:%s %s %s %s %s", list, any_item(h), "", any_item(h), "");
    run(h, "XADD " P ":changes * op replace list %s", list);
}

static void fill(struct history *h)
{
    for (size_t i = 0; i < LISTS - 1; i++)
        fill_one(h, lists[i]);
}

static void remove_wrong_type(struct history *h, const char *key, const char *type)
{
    redisReply *reply = get(h, "TYPE %s", key);

    if (strcmp(reply->str, type) != 0 && strcmp(reply->str, "none") != 0)
        run(h, "DEL %s", key);
    freeReplyObject(reply);
}

static bool index_is_empty(struct history *h)
{
    char why[LINE_MAX_];
    return !differs_anywhere(h, why); /* called where Redis names no lists */
}

/* The answers of the index about a list: a bit for each indicator of the universe, and the
 * action. */
static void answers(struct history *h, const char *list, bool out[UNIVERSE])
{
    static const char *const actions[] = {"monitor", "nxdomain", "drop", "refused"};
    char why[SW_WHY_MAX];
    for (size_t i = 0; i < UNIVERSE; i++) {
        struct sw_indicator ind;
        out[i] = false;
        if (sw_indicator_parse(universe[i], strlen(universe[i]), &ind, why) == SW_OK)
            for (size_t a = 0; a < 4; a++)
                out[i] = out[i] || index_has(h, &ind, list, actions[a]);
    }
}

/* A list is written into a Redis that has lost all; the others must stay unchanged. */
static bool refill_one(struct history *h)
{
    bool before[LISTS][UNIVERSE], after[UNIVERSE];
    int64_t until = sw_clock_mono_us() + SETTLE_MS * 1000;
    char why[LINE_MAX_];
    if (!wait_applied(h))
        return false;
    for (size_t i = 1; i < LISTS; i++)
        answers(h, lists[i], before[i]);
    fill_one(h, lists[0]);
    while (list_differs(h, lists[0], why)) {
        if (sw_clock_mono_us() > until)
            return false;
        poll(NULL, 0, 5);
    }
    for (size_t i = 1; i < LISTS; i++) {
        answers(h, lists[i], after);
        if (memcmp(before[i], after, sizeof(after)) != 0)
            return false;
    }
    return true;
}

/* Faults end. A Redis without lists is to be complained about, unless nothing was in force. */
static bool heal(struct history *h)
{
    remove_wrong_type(h, P ":changes", "stream");
    remove_wrong_type(h, P ":lists", "hash");
    for (size_t i = 0; i < LISTS; i++) { /* a wrong list may have been renamed */
        char key[32];

        snprintf(key, sizeof(key), P ":list:%s", lists[i]);
        remove_wrong_type(h, key, "hash");
    }
    note_losses(h);
    redisReply *reply = get(h, "HLEN " P ":lists");
    bool lost = reply->integer == 0;
    int64_t until = sw_clock_mono_us() + SETTLE_MS * 1000;

    freeReplyObject(reply);
    if (!lost)
        return true;
    run(h, "HDEL " P ":resolver:fault last_error"); /* only later reports count */
    while (!status_says_empty(h) && !index_is_empty(h)) {
        if (sw_clock_mono_us() > until)
            return false;
        poll(NULL, 0, 5);
    }
    say(h, "Redis has no lists; filled again");
    if (!refill_one(h))
        return false;
    fill(h);
    return true;
}

static void print_failure(struct history *h, const char *why)
{
    printf("FAILED, seed %llu: %s\n", (unsigned long long)h->seed, why);
    for (size_t i = 0; i < h->steps; i++)
        printf("    %s\n", h->line[i]);
    fflush(stdout);
}

static bool settles(struct history *h)
{
    char why[LINE_MAX_] = "not said that Redis holds no lists, or one list written ended others";
    int64_t until = sw_clock_mono_us() + SETTLE_MS * 1000;
    bool ok = heal(h);
    while (ok && differs_anywhere(h, why)) {
        ok = sw_clock_mono_us() < until && drop_lost(h);
        poll(NULL, 0, 20);
    }
    if (!ok)
        print_failure(h, why);
    return ok;
}

/* Path of a file in the history's folder. */
static char *in_folder(const struct history *h, const char *name, char *out, size_t max)
{
    snprintf(out, max, "%s/%s", h->folder, name);
    return out;
}

static void set_up(struct history *h)
{
    const char *tmp = getenv("TMPDIR");
    h->rf = &h->servers[0];
    redis_fixture_start(h->rf, NULL);
    redis_fixture_run(h->rf, "CONFIG SET notify-keyspace-events %s", h->seed % 2 ? "Kgh" : "");
    redis_fixture_settings(h->rf, &h->settings);
    snprintf(h->folder, sizeof(h->folder), "%.80s/sinkwatch-fault-XXXXXX",
             tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(h->folder))
        redis_fixture_fail(h->rf, "no temporary folder");
    in_folder(h, "s", h->settings.redis_socket, sizeof(h->settings.redis_socket));
    if (!between_start(&h->between, h->settings.redis_socket, h->rf->socket))
        redis_fixture_fail(h->rf, "nothing to stand between");
    snprintf(h->settings.resolver_id, sizeof(h->settings.resolver_id), "fault");
    h->settings.reconcile_s = 1;
    if (h->seed / 2 % 2) {
        in_folder(h, "snapshot", h->settings.snapshot_file, sizeof(h->settings.snapshot_file));
        h->settings.snapshot_s = 1;
    }
}

static void take_down(struct history *h)
{
    static const char *const files[] = {"s", "snapshot", "snapshot.new"};
    char path[sizeof(h->folder) + 32];
    between_stop(&h->between);
    redis_fixture_stop(h->rf);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        unlink(in_folder(h, files[i], path, sizeof(path)));
    rmdir(h->folder);
}

static bool one_history(uint64_t seed)
{
    static struct history h;
    memset(&h, 0, sizeof(h));
    h.seed = seed;
    h.state = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
    set_up(&h);
    fill(&h);
    feeder_start(&h);
    for (size_t i = 0; i < STEPS; i++)
        step(&h);
    bool ok = settles(&h);
    feeder_stop(&h);
    redisFree(h.link);
    take_down(&h);
    return ok;
}

/* ---- all histories ---- */

static void quiet(enum sw_log_level level, const char *line)
{
    if (getenv("VERBOSE"))
        fprintf(stderr, "%d %s\n", (int)level, line);
}

static uint64_t number(const char *name, uint64_t other)
{
    const char *text = getenv(name);
    return text && *text ? strtoull(text, NULL, 10) : other;
}

/* Every at_once-th history, in a separate process; exits with how many failed. */
static void child(uint64_t first, uint64_t end, uint64_t at_once)
{
    int failed = 0;
    for (uint64_t seed = first; seed < end; seed += at_once)
        failed += !one_history(seed);
    exit(failed < 100 ? failed : 100);
}

int main(void)
{
    uint64_t n = number("FAULT_HISTORIES", 40), seed = number("FAULT_SEED", 1);
    uint64_t at_once = number("FAULT_AT_ONCE", 8);
    unsigned long long failed = 0;
    signal(SIGPIPE, SIG_IGN); /* the driver's own connection: hiredis writes without asking */
    sw_log_sink(quiet);
    for (uint64_t i = 0; i < at_once; i++) {
        pid_t pid = fork();
        if (pid < 0)
            return 2;
        if (pid == 0)
            child(seed + i, seed + n, at_once);
    }
    for (uint64_t i = 0; i < at_once; i++) {
        int status = 0;
        if (wait(&status) < 0 || !WIFEXITED(status))
            failed += 1;
        else
            failed += (unsigned long long)WEXITSTATUS(status);
    }
    printf("%llu passed, %llu failed\n", failed < n ? (unsigned long long)n - failed : 0, failed);
    return failed != 0;
}
