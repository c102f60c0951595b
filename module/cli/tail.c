/* tail.c - see tail.h. */
#include "cli/tail.h"

#include "cli/output.h"
#include "cli/pick.h"
#include "feed/stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_DEFAULT 20
#define N_MAX     1000000
#define BLOCK_MS  "1000"

#define PAGE   "1000" /* entries of a reply */
#define ID_MAX 64

enum { KEY_FOLLOW = 'f', KEY_AFTER = 256, KEY_SINCE, KEY_IDS, KEY_TYPE, KEY_LIST, KEY_SEVERITY };

struct options {
    uint64_t n;
    char after[ID_MAX]; /* --after, or the id before --since; "": neither */
    bool n_given, after_given, since_given, follow, ids;
    struct cli_pick pick;
};

static const struct argp_option options[] = {
    {"number", 'n', "N", 0, "so many of the latest (default 20; 0: none, with --follow)", 0},
    {"follow", KEY_FOLLOW, NULL, 0, "then wait for more, until interrupted", 0},
    {"after", KEY_AFTER, "ID", 0, "all entries of the stream after this id, instead of the latest",
     0},
    {"since", KEY_SINCE, "TIME", 0,
     "all entries since this time (2026-11-30, RFC 3339, 12h ago: 12h), instead of the latest", 0},
    {"ids", KEY_IDS, NULL, 0, "show the id of each entry; with --json as the member stream_id", 0},
    {"type", KEY_TYPE, "TYPE", 0, "only this event.action; may be repeated", 0},
    {"list", KEY_LIST, "NAME", 0, "only what names this list; may be repeated", 0},
    {"severity-min", KEY_SEVERITY, "N", 0, "only of this event.severity or more", 0},
    {0},
};

static void set_after(struct argp_state *state, struct options *o, const char *text)
{
    struct sw_stream_id id;
    if (sw_stream_id_parse(text, strlen(text), &id) != SW_OK)
        argp_error(state,
                   "--after: '%s' is no id of a stream, such as 1764510000000-0; --ids shows "
                   "the ids",
                   cli_clean_text(text));
    snprintf(o->after, sizeof(o->after), "%s", text);
    o->after_given = true;
}

/* The greatest id before a time: ids begin with milliseconds. */
static void set_since(struct argp_state *state, struct options *o, const char *text)
{
    uint64_t ms = cli_time_ago(state, "--since", text) * 1000;
    snprintf(o->after, sizeof(o->after), "%" PRIu64 "-%" PRIu64, ms ? ms - 1 : 0,
             ms ? UINT64_MAX : 0);
    o->since_given = true;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case 'n':
        o->n = cli_number(state, "-n", arg, 0, N_MAX);
        o->n_given = true;
        return 0;
    case KEY_FOLLOW:
        o->follow = true;
        return 0;
    case KEY_AFTER:
        set_after(state, o, arg);
        return 0;
    case KEY_SINCE:
        set_since(state, o, arg);
        return 0;
    case KEY_IDS:
        o->ids = true;
        return 0;
    case KEY_TYPE:
        cli_words_add(&o->pick.types, arg);
        return 0;
    case KEY_LIST:
        cli_words_add(&o->pick.lists, arg);
        return 0;
    case KEY_SEVERITY:
        o->pick.severity = (unsigned)cli_number(state, "--severity-min", arg, 0, 100);
        return 0;
    case ARGP_KEY_END:
        if (o->n_given + o->after_given + o->since_given > 1)
            argp_error(state, "only one of -n, --after and --since: each says where to begin");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

void cli_print_as(const json_t *owner)
{
    json_int_t asn = json_integer_value(cli_json_at(owner, "as.number"));
    const char *registrant = cli_json_text(owner, "registrant");
    if (asn)
        printf(" AS%" JSON_INTEGER_FORMAT " %s", asn,
               cli_clean_text(cli_json_text(owner, "as.organization.name")));
    if (registrant[0])
        printf("; %s", cli_clean_text(registrant));
}

/* A run: the options, the last id that was read, and the number of printed entries. */
struct run {
    struct cli *cli;
    const struct cli_tail *tail;
    const struct options *options;
    char last[ID_MAX];
    size_t printed;
    bool more; /* picked entries before the printed ones */
};

/* An entry, [id, [field, value, ...]], as an object; NULL: another text. */
static json_t *object_of(const redisReply *entry)
{
    const redisReply *fields = entry->element[1];
    for (size_t i = 0; i + 1 < fields->elements; i += 2) {
        const redisReply *value = fields->element[i + 1];
        if (strcmp(fields->element[i]->str, "e") != 0)
            continue;
        json_t *object = json_loadb(value->str, value->len, 0, NULL);
        if (json_is_object(object))
            return object;
        json_decref(object);
        break;
    }
    return NULL;
}

/* Whether an entry is to be printed; *object is a new reference, or NULL for another text. */
static bool is_picked(const struct run *run, const redisReply *entry, json_t **object)
{
    *object = object_of(entry);
    if (*object ? cli_picked(&run->options->pick, *object) : !cli_picks(&run->options->pick))
        return true;
    json_decref(*object);
    return false;
}

/* Print an object and release the reference. */
static void print_object(struct run *run, const char *id, json_t *object)
{
    const char *shown = cli_clean_text(id);
    run->printed++;
    if (!object) {
        cli_error("entry %s is no JSON object", shown);
    } else if (run->cli->json) {
        if (run->options->ids)
            cli_json_set(object, "stream_id", id);
        cli_json(object);
    } else {
        if (run->options->ids)
            printf("%s  ", shown);
        run->tail->line(run->cli, object);
        json_decref(object);
    }
}

/* Print the picked entries of an array, and keep the last id. */
static void print_entries(struct run *run, const redisReply *entries)
{
    for (size_t i = 0; i < entries->elements; i++) {
        const redisReply *entry = entries->element[i];
        json_t *object;
        snprintf(run->last, sizeof(run->last), "%s", entry->element[0]->str);
        if (is_picked(run, entry, &object))
            print_object(run, run->last, object);
    }
}

/* Entries that are kept until they can be printed in order. */
struct kept {
    char (*id)[ID_MAX];
    json_t **object;
    size_t n, max;
};

static void keep(struct kept *kept, const char *id, json_t *object)
{
    if (kept->n == kept->max) {
        kept->max = kept->max ? 2 * kept->max : 64;
        kept->id = cli_grow(kept->id, kept->max, sizeof(*kept->id));
        kept->object = cli_grow(kept->object, kept->max, sizeof(*kept->object));
    }
    snprintf(kept->id[kept->n], ID_MAX, "%s", id);
    kept->object[kept->n++] = object;
}

/* Keep a picked entry, up to n entries. Where the user did not choose n, one entry more is looked
 * for, only to say that there are more. false: enough. */
static bool keep_one(struct run *run, uint64_t n, const redisReply *entry, struct kept *kept)
{
    json_t *object;
    if (kept->n == n && run->options->n_given)
        return false;
    if (!is_picked(run, entry, &object))
        return true;
    if (kept->n < n) {
        keep(kept, entry->element[0]->str, object);
        return true;
    }
    json_decref(object);
    run->more = true;
    return false;
}

/* Go back through the stream until n picked entries are kept, or to the first entry. */
static int keep_latest(struct run *run, uint64_t n, struct kept *kept)
{
    char end[ID_MAX + 1] = "+";
    const char *key = cli_key(run->cli, "%s", run->tail->stream);
    for (bool more = true; more;) {
        redisReply *reply =
            cli_ask(run->cli, "XREVRANGE", key, end, "-", "COUNT", n > 0 ? PAGE : "1", CLI_END);
        if (!reply)
            return CLI_REDIS;
        more = n > 0 && reply->elements > 0;
        for (size_t i = 0; i < reply->elements; i++) {
            const char *id = reply->element[i]->element[0]->str;
            if (end[0] == '+')
                snprintf(run->last, sizeof(run->last), "%s", id); /* the youngest entry */
            snprintf(end, sizeof(end), "(%.*s", ID_MAX - 1, id);
            more = more && keep_one(run, n, reply->element[i], kept);
        }
        freeReplyObject(reply);
    }
    return CLI_OK;
}

/* The latest n, oldest first. Sets the id from which more would come. */
static int print_latest(struct run *run, uint64_t n)
{
    struct kept kept = {0};
    int code = keep_latest(run, n, &kept);
    while (kept.n > 0) {
        kept.n--;
        if (code == CLI_OK)
            print_object(run, kept.id[kept.n], kept.object[kept.n]);
        else
            json_decref(kept.object[kept.n]);
    }
    free(kept.id);
    free(kept.object);
    if (code == CLI_OK && run->more && !run->options->follow)
        cli_hint("these are the latest %zu; -n shows more, --since all of a time", run->printed);
    return code;
}

/* Report entries that may be missing: the stream begins after the id. */
static int look_at_begin(struct run *run)
{
    struct sw_stream_id first, after = {0};
    const char *key = cli_key(run->cli, "%s", run->tail->stream);
    redisReply *reply = cli_ask(run->cli, "XRANGE", key, "-", "+", "COUNT", "1", CLI_END);
    if (!reply)
        return CLI_REDIS;
    sw_stream_id_parse(run->last, strlen(run->last), &after);
    const redisReply *id = reply->elements ? reply->element[0]->element[0] : NULL;
    bool later = id && sw_stream_id_parse(id->str, id->len, &first) == SW_OK &&
                 sw_stream_id_compare(&first, &after) > 0;
    if (later && (after.ms > 0 || after.seq > 0))
        cli_error("the stream begins with %s: entries after %s may be gone",
                  cli_clean(id->str, id->len), run->last);
    freeReplyObject(reply);
    return CLI_OK;
}

/* All entries after an id, in order. */
static int print_after(struct run *run)
{
    const char *key = cli_key(run->cli, "%s", run->tail->stream);
    snprintf(run->last, sizeof(run->last), "%s", run->options->after);
    int code = look_at_begin(run);
    for (bool more = true; more && code == CLI_OK;) {
        char begin[ID_MAX + 1];
        snprintf(begin, sizeof(begin), "(%s", run->last);
        redisReply *reply = cli_ask(run->cli, "XRANGE", key, begin, "+", "COUNT", PAGE, CLI_END);
        if (!reply)
            return CLI_REDIS;
        print_entries(run, reply);
        more = reply->elements > 0;
        freeReplyObject(reply);
    }
    return code;
}

static int follow(struct run *run)
{
    const char *key = cli_key(run->cli, "%s", run->tail->stream);
    for (;;) {
        if (fflush(stdout) != 0)
            return CLI_NONE; /* reported by main() */
        sw_redis_set_timeout(run->cli->redis, 1000);
        redisReply *reply = cli_ask(run->cli, "XREAD", "COUNT", PAGE, "BLOCK", BLOCK_MS, "STREAMS",
                                    key, run->last, CLI_END);
        if (!reply)
            return CLI_REDIS;
        /* [[stream, [entry, ...]]], or nil when the time is over. */
        for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++)
            print_entries(run, reply->element[i]->element[1]);
        freeReplyObject(reply);
    }
}

int cli_tail(struct cli *cli, const struct cli_tail *tail, int argc, char **argv)
{
    struct options o = {.n = N_DEFAULT};
    struct run run = {.cli = cli, .tail = tail, .options = &o, .last = "0-0"};
    struct cli_usage usage = tail->use;
    char **words;
    usage.words = "";
    usage.options = options;
    usage.parser = parse;
    cli_parse(cli, &usage, &o, argc, argv, &words);
    int code = cli_connect(cli);
    if (code == CLI_OK)
        code = o.after[0] ? print_after(&run) : print_latest(&run, o.n);
    if (code == CLI_OK && o.follow)
        code = follow(&run);
    else if (code == CLI_OK && run.printed == 0) {
        code = CLI_NONE;
        if (!cli->json)
            printf("%s\n", tail->nothing);
    }
    free(o.pick.types);
    free(o.pick.lists);
    return code;
}
