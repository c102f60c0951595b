/* consumer_group.c - see consumer_group.h. */
#include "cli/notify/consumer_group.h"

#include "cli/output.h"
#include "cli/pick.h"
#include "cli/shape.h"
#include "cli/stop.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT      "500"
#define BLOCK_MS   "1000"
#define NOTE_MAX   (QUEUE_ID_MAX + 16)
#define HELD       "held:" /* begin of the fields with the counts of held notices */
#define HELD_TYPES 64
#define MARGIN_S   30 /* seconds that a holder outlives the longest attempt */
#define NAMES_MAX  (NOTIFY_NAME_MAX + 16)
#define BATCH      "?[(s[(s?[ss])])]" /* streams with entries; a lost entry has no fields */

static const char *const suffixes[QUEUE_STREAMS] = {"anomalies", "notices", "feeds:log", "events"};

struct queue {
    struct cli *cli;
    const struct notify_target *target;
    char group[NAMES_MAX], lease[16];
    const char *state, *holder;     /* keys */
    const char *key[QUEUE_STREAMS]; /* keys of the streams */
    size_t streams;                 /* in use: events only where the types name seen-before */
    char after[QUEUE_STREAMS][QUEUE_ID_MAX]; /* last pending entry that was read */
    bool pending;                            /* pending entries are being read */
    redisReply *reply;                       /* the present batch */
    size_t at_stream, at_entry;
    struct cli_argv skipped[QUEUE_STREAMS]; /* XACK of entries of no interest */
    char handing[NOTE_MAX]; /* the entry that was being handed on when a process ended */
    bool opened;            /* groups were made: a missing group means that Redis was emptied */
    bool once;              /* no waiting for entries */
    json_t *held;           /* type -> count of notices that were held back */
    uint64_t told;          /* notices of type held so far */
    bool said;              /* a failure is reported */
};

struct queue *queue_new(struct cli *cli, const struct notify_target *target, bool once)
{
    struct queue *q = cli_alloc(1, sizeof(*q));
    const char *types = target->types;
    bool events = types && cli_has_word(types, "seen-before");
    q->cli = cli;
    q->target = target;
    q->once = once;
    q->held = json_object();
    if (!q->held)
        abort();
    q->streams = events ? QUEUE_STREAMS : QUEUE_EVENTS;
    snprintf(q->group, sizeof(q->group), "notify:%s", target->name);
    snprintf(q->lease, sizeof(q->lease), "%u", target->timeout_s + MARGIN_S);
    return q;
}

/* Forget the batch; entries of no interest that are not ended are read again. */
static void drop_batch(struct queue *q)
{
    for (size_t i = 0; i < QUEUE_STREAMS; i++)
        cli_argv_free(&q->skipped[i]);
    freeReplyObject(q->reply);
    q->reply = NULL;
    q->at_stream = q->at_entry = 0;
}

/* ---- failures ---- */

/* Report the first of several failures in a row; always false. */
static bool failed(struct queue *q, const char *words)
{
    if (!q->said)
        cli_error("%s: %s", q->target->name, words);
    q->said = true;
    return false;
}

/* Free the reply if it has the shape, else report. */
static bool spent(struct queue *q, redisReply *reply, const char *shape)
{
    bool good = cli_has_shape(reply, shape);
    if (!good)
        failed(q, reply && reply->type != REDIS_REPLY_ERROR ? "Redis answers with another type"
                                                            : sw_redis_error(q->cli->redis));
    freeReplyObject(reply);
    return good;
}

static redisReply *ask(struct queue *q, const char *word, ...) __attribute__((sentinel));
static redisReply *ask(struct queue *q, const char *word, ...)
{
    struct cli_argv argv = {0};
    va_list more;
    va_start(more, word);
    for (; word; word = va_arg(more, const char *))
        cli_argv_add(&argv, word);
    va_end(more);
    redisReply *reply = sw_redis_command_argv(q->cli->redis, argv.n, argv.word, argv.len);
    cli_argv_free(&argv);
    return reply;
}

/* ---- holder and groups ---- */

/* Let another host go on at once. */
static void leave(struct queue *q)
{
    redisReply *reply = ask(q, "GET", q->holder, CLI_END);
    if (cli_has_shape(reply, "s") && strcmp(reply->str, q->cli->settings.resolver_id) == 0)
        freeReplyObject(ask(q, "DEL", q->holder, CLI_END));
    freeReplyObject(reply);
}

void queue_free(struct queue *queue)
{
    if (queue->cli->redis && sw_redis_is_open(queue->cli->redis) && queue->holder)
        leave(queue);
    drop_batch(queue);
    sw_redis_free(queue->cli->redis);
    queue->cli->redis = NULL;
    json_decref(queue->held);
    free(queue);
}

bool queue_stay(struct queue *q)
{
    const char *me = q->cli->settings.resolver_id;
    redisReply *reply = ask(q, "SET", q->holder, me, "NX", "EX", q->lease, "GET", CLI_END);
    bool mine = cli_has_shape(reply, "?s") &&
                (reply->type == REDIS_REPLY_NIL || strcmp(reply->str, me) == 0);
    if (cli_has_shape(reply, "?s") && !mine) {
        char words[256];
        snprintf(words, sizeof(words), "waiting: %s hands this target's notices on",
                 cli_clean_text(reply->str));
        failed(q, words);
        freeReplyObject(reply);
        return false;
    }
    bool known = mine && reply->type != REDIS_REPLY_NIL;
    if (!spent(q, reply, "?s"))
        return false;
    return !known || spent(q, ask(q, "EXPIRE", q->holder, q->lease, CLI_END), "i");
}

/* Make a group that begins at `start`; a group that exists stays. */
static bool make_group(struct queue *q, const char *key, const char *start)
{
    redisReply *reply = ask(q, "XGROUP", "CREATE", key, q->group, start, "MKSTREAM", CLI_END);
    if (reply && reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "BUSYGROUP", 9) == 0) {
        freeReplyObject(reply);
        return true;
    }
    return spent(q, reply, "s");
}

/* Claim the pending entries of other consumers of the group. */
static bool claim(struct queue *q, const char *key)
{
    char cursor[QUEUE_ID_MAX] = "0-0";
    do {
        redisReply *reply = ask(q, "XAUTOCLAIM", key, q->group, q->cli->settings.resolver_id, "0",
                                cursor, "COUNT", "1000", "JUSTID", CLI_END);
        bool good = reply && reply->type == REDIS_REPLY_ARRAY && reply->elements >= 2 &&
                    cli_has_shape(reply->element[0], "s") && reply->element[0]->len < QUEUE_ID_MAX;
        if (!good)
            return spent(q, reply, "(s[s])");
        memcpy(cursor, reply->element[0]->str, reply->element[0]->len + 1);
        freeReplyObject(reply);
    } while (strcmp(cursor, "0-0") != 0);
    return true;
}

/* Add to the count of a type of held notices; types beyond a number count as one. */
static void add_held(struct queue *q, const char *type, json_int_t n)
{
    if (!json_object_get(q->held, type) && json_object_size(q->held) >= HELD_TYPES)
        type = "other";
    n += json_integer_value(json_object_get(q->held, type));
    json_object_set_new(q->held, type, json_integer(n));
}

/* The state of the target: the hand-over that a former process did not end, and held notices. */
static bool recall(struct queue *q)
{
    redisReply *reply = ask(q, "HGETALL", q->state, CLI_END);
    q->handing[0] = '\0';
    q->told = 0;
    json_object_clear(q->held);
    for (size_t i = 0; cli_has_shape(reply, "[ss]") && i + 1 < reply->elements; i += 2) {
        const char *field = cli_clean_text(reply->element[i]->str);
        const char *value = reply->element[i + 1]->str;
        if (strcmp(field, "handing") == 0)
            snprintf(q->handing, sizeof(q->handing), "%s", value);
        else if (strcmp(field, "told") == 0)
            q->told = strtoull(value, NULL, 10);
        else if (strncmp(field, HELD, strlen(HELD)) == 0)
            add_held(q, field + strlen(HELD), strtoll(value, NULL, 10));
    }
    return spent(q, reply, "[ss]");
}

/* Make missing groups, which begin at `start`. */
static bool make_groups(struct queue *q, const char *start)
{
    for (size_t i = 0; i < q->streams; i++) {
        if (!make_group(q, q->key[i], start) || !claim(q, q->key[i]))
            return false;
        snprintf(q->after[i], QUEUE_ID_MAX, "0-0");
    }
    return true;
}

bool queue_open(struct queue *q)
{
    drop_batch(q);
    if (!q->cli->redis)
        q->cli->redis = sw_redis_new_writer(&q->cli->settings);
    if (!q->cli->redis)
        return failed(q, "out of memory or file descriptors");
    if (!sw_redis_is_open(q->cli->redis) && sw_redis_open(q->cli->redis) != SW_OK)
        return failed(q, sw_redis_error(q->cli->redis));
    q->state = cli_key(q->cli, "notify:%s", q->target->name);
    q->holder = cli_key(q->cli, "notify:%s:holder", q->target->name);
    for (size_t i = 0; i < q->streams; i++)
        q->key[i] = cli_key(q->cli, "%s", suffixes[i]);
    if (!queue_stay(q) || !make_groups(q, q->opened ? "0" : "$") || !recall(q))
        return false;
    q->opened = true;
    q->pending = true;
    if (q->said)
        cli_error("%s: Redis answers again", q->target->name);
    q->said = false;
    return true;
}

/* ---- entries ---- */

static bool end_skipped(struct queue *q)
{
    bool ok = true;
    for (size_t i = 0; ok && i < q->streams; i++) {
        const struct cli_argv *a = &q->skipped[i];
        ok =
            a->n == 0 || spent(q, sw_redis_command_argv(q->cli->redis, a->n, a->word, a->len), "i");
    }
    return ok;
}

/* XREADGROUP of all streams, from `from` of each; NULL: the new entries. */
static bool read_batch(struct queue *q, bool pending)
{
    struct cli_argv argv = {0};
    const char *const words[] = {"XREADGROUP", "GROUP", q->group, q->cli->settings.resolver_id,
                                 "COUNT",      COUNT};
    if (!end_skipped(q))
        return false;
    drop_batch(q);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        cli_argv_add(&argv, words[i]);
    if (!pending && !q->once) {
        cli_argv_add(&argv, "BLOCK");
        cli_argv_add(&argv, BLOCK_MS);
        sw_redis_set_timeout(q->cli->redis, 1000);
    }
    cli_argv_add(&argv, "STREAMS");
    for (size_t i = 0; i < q->streams; i++)
        cli_argv_add(&argv, q->key[i]);
    for (size_t i = 0; i < q->streams; i++)
        cli_argv_add(&argv, pending ? q->after[i] : ">");
    q->reply = sw_redis_command_argv(q->cli->redis, argv.n, argv.word, argv.len);
    cli_argv_free(&argv);
    if (cli_has_shape(q->reply, BATCH))
        return true;
    bool emptied = q->reply && q->reply->type == REDIS_REPLY_ERROR &&
                   strncmp(q->reply->str, "NOGROUP", 7) == 0;
    redisReply *reply = q->reply;
    q->reply = NULL;
    if (emptied) { /* the streams are new, and every entry is */
        freeReplyObject(reply);
        return make_groups(q, "0");
    }
    return spent(q, reply, BATCH);
}

/* "anomalies 1764510000000-0" */
static void make_note(char note[NOTE_MAX], const struct queue_entry *entry)
{
    snprintf(note, NOTE_MAX, "%s %s", entry->stream, entry->id);
}

bool queue_was_begun(const struct queue *q, const struct queue_entry *entry)
{
    char note[NOTE_MAX];
    make_note(note, entry);
    return strcmp(note, q->handing) == 0;
}

/* Index of the stream that has this key. */
static size_t stream_of(const struct queue *q, const char *key)
{
    size_t i = 0;
    while (i + 1 < q->streams && strcmp(q->key[i], key) != 0)
        i++;
    return i;
}

/* The next entry of the batch that was read. */
static bool take(struct queue *q, struct queue_entry *entry)
{
    while (q->reply && q->reply->type == REDIS_REPLY_ARRAY && q->at_stream < q->reply->elements) {
        const redisReply *stream = q->reply->element[q->at_stream];
        const redisReply *entries = stream->element[1];
        if (q->at_entry == entries->elements) {
            q->at_stream++;
            q->at_entry = 0;
            continue;
        }
        const redisReply *one = entries->element[q->at_entry++];
        const redisReply *fields = one->element[1];
        size_t i = stream_of(q, stream->element[0]->str);
        memset(entry, 0, sizeof(*entry));
        entry->stream = suffixes[i];
        snprintf(entry->id, sizeof(entry->id), "%s", one->element[0]->str);
        for (size_t f = 0; fields->type == REDIS_REPLY_ARRAY && f + 1 < fields->elements; f += 2)
            if (strcmp(fields->element[f]->str, "e") == 0) {
                entry->text = fields->element[f + 1]->str;
                entry->len = fields->element[f + 1]->len;
            }
        entry->repeated = queue_was_begun(q, entry);
        if (q->pending)
            snprintf(q->after[i], QUEUE_ID_MAX, "%s", entry->id);
        return true;
    }
    return false;
}

enum queue_result queue_next(struct queue *q, struct queue_entry *entry)
{
    if (take(q, entry))
        return QUEUE_ENTRY;
    if (!queue_stay(q))
        return QUEUE_AWAY;
    if (q->pending) {
        if (!read_batch(q, true))
            return QUEUE_AWAY;
        if (take(q, entry))
            return QUEUE_ENTRY;
        q->pending = false;
    }
    if (cli_stopped())
        return QUEUE_NOTHING;
    if (!read_batch(q, false))
        return QUEUE_AWAY;
    return take(q, entry) ? QUEUE_ENTRY : QUEUE_NOTHING;
}

bool queue_begin(struct queue *q, const struct queue_entry *entry)
{
    char note[NOTE_MAX];
    make_note(note, entry);
    return spent(q, ask(q, "HSET", q->state, "handing", note, CLI_END), "i");
}

/* Queue a command of a transaction. */
static bool queued(struct queue *q, const char *word, ...) __attribute__((sentinel));
static bool queued(struct queue *q, const char *word, ...)
{
    struct cli_argv argv = {0};
    va_list more;
    va_start(more, word);
    for (; word; word = va_arg(more, const char *))
        cli_argv_add(&argv, word);
    va_end(more);
    bool ok = cli_queue_argv(q->cli, &argv);
    cli_argv_free(&argv);
    return ok;
}

/* The replies of a transaction of n commands. */
static bool executed(struct queue *q, unsigned n)
{
    bool ok = true;
    for (unsigned i = 0; ok && i < n + 1; i++)
        ok = spent(q, sw_redis_reply(q->cli->redis), "s");
    return ok && spent(q, sw_redis_reply(q->cli->redis), "[i]");
}

bool queue_done(struct queue *q, const struct queue_entry *entry, const char *fate)
{
    const char *key = cli_key(q->cli, "%s", entry->stream);
    bool ok = queued(q, "MULTI", CLI_END) && queued(q, "XACK", key, q->group, entry->id, CLI_END) &&
              queued(q, "HDEL", q->state, "handing", CLI_END) &&
              queued(q, "HINCRBY", q->state, fate, "1", CLI_END) && queued(q, "EXEC", CLI_END) &&
              executed(q, 3);
    if (ok && strncmp(fate, HELD, strlen(HELD)) == 0)
        add_held(q, fate + strlen(HELD), 1);
    return ok;
}

const json_t *queue_held(const struct queue *q, uint64_t *number)
{
    *number = q->told + 1;
    return json_object_size(q->held) > 0 ? q->held : NULL;
}

bool queue_told(struct queue *q)
{
    const char *type;
    json_t *count;
    char field[128];
    bool ok = queued(q, "MULTI", CLI_END) && queued(q, "HDEL", q->state, "handing", CLI_END);
    unsigned n = 1;
    json_object_foreach(q->held, type, count)
    {
        snprintf(field, sizeof(field), HELD "%s", type);
        ok = ok && queued(q, "HDEL", q->state, field, CLI_END);
        n++;
    }
    ok = ok && queued(q, "HINCRBY", q->state, "told", "1", CLI_END) && queued(q, "EXEC", CLI_END) &&
         executed(q, n + 1);
    if (ok) {
        json_object_clear(q->held);
        q->told++;
    }
    return ok;
}

void queue_skip(struct queue *q, const struct queue_entry *entry)
{
    /* The batch has the words of the id as long as the command needs the words. */
    size_t i = stream_of(q, cli_key(q->cli, "%s", entry->stream));
    const redisReply *entries = q->reply->element[q->at_stream]->element[1];
    struct cli_argv *ack = &q->skipped[i];
    if (ack->n == 0) {
        cli_argv_add(ack, "XACK");
        cli_argv_add(ack, q->key[i]);
        cli_argv_add(ack, q->group);
    }
    cli_argv_add(ack, entries->element[q->at_entry - 1]->element[0]->str);
}
