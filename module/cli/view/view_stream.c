/* view_stream.c - entries of the streams that are about a subject. See views.h.
 *
 * A stream has no index. So a look goes back through VIEW_LOOK entries at most, and says how far it
 * came; the next look begins there. Entries without the words of the question are passed over
 * before they are parsed. */
#include "cli/pick.h"
#include "cli/view/views.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK      1000
#define ID_MAX     44
#define CLIENT_MAX 500

/* ---- what fits ---- */

/* Whether a text is the name or below the name. */
static bool is_below(const char *text, const char *name)
{
    size_t len = strlen(text), tail = strlen(name);
    if (len < tail || strcasecmp(text + len - tail, name) != 0)
        return false;
    return len == tail || text[len - tail - 1] == '.';
}

/* The indicator of a rule with the trigger client is an address of clients, which a server with
 * --hide-clients must not confirm. */
static bool has_name(const json_t *e, const char *name)
{
    const char *indicator = cli_json_text(e, "sinkwatch.indicator");
    bool is_client = strcmp(cli_json_text(e, "sinkwatch.trigger"), "client") == 0;
    return is_below(cli_json_text(e, "dns.question.name"), name) ||
           is_below(cli_json_text(e, "sinkwatch.anomaly.name"), name) ||
           (!is_client && strcmp(indicator, name) == 0);
}

static bool has_address(const json_t *e, const char *address)
{
    const json_t *one;
    size_t i;
    if (strcmp(cli_json_text(e, "sinkwatch.anomaly.address"), address) == 0)
        return true;
    json_array_foreach(cli_json_at(e, "dns.resolved_ip"), i, one)
    {
        if (json_is_string(one) && strcmp(json_string_value(one), address) == 0)
            return true;
    }
    return false;
}

static bool has_indicator(const json_t *e, const struct view_sought *s)
{
    bool is_client = strcmp(cli_json_text(e, "sinkwatch.trigger"), "client") == 0;
    return strcmp(cli_json_text(e, "sinkwatch.indicator"), s->indicator) == 0 &&
           !(is_client && s->without_client_rules);
}

static bool fits(const json_t *e, const struct view_sought *s)
{
    return (!s->name || has_name(e, s->name)) && (!s->address || has_address(e, s->address)) &&
           (!s->client || strcmp(cli_json_text(e, "client.ip"), s->client) == 0) &&
           (!s->list || cli_on_lists(e, s->list)) && (!s->indicator || has_indicator(e, s));
}

/* Whether the octets of an entry can fit: cheap. JSON has others for quotes and backslashes. */
static bool may_fit(const redisReply *value, const struct view_sought *s)
{
    bool is_plain = s->indicator && !strpbrk(s->indicator, "\\\"");
    const char *words[] = {s->name, s->address, s->client, s->list, is_plain ? s->indicator : NULL};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (words[i] && !memmem(value->str, value->len, words[i], strlen(words[i])))
            return false;
    return true;
}

/* ---- a look ---- */

struct look {
    const struct view_sought *sought;
    /* Takes a document that fits; false: enough. */
    bool (*take)(struct look *look, json_t *document);
    json_t *out; /* of the callback */
    size_t looked, max;
    char last[ID_MAX]; /* the oldest entry that was looked at */
    bool more;         /* older entries are left */
    bool hide;
};

static const redisReply *document_of(const redisReply *entry)
{
    const redisReply *fields = entry->element[1];
    for (size_t i = 0; i + 1 < fields->elements; i += 2)
        if (strcmp(fields->element[i]->str, "e") == 0)
            return fields->element[i + 1];
    return NULL;
}

/* One entry; false: enough. */
static bool take_entry(struct look *look, const redisReply *entry)
{
    const redisReply *value = document_of(entry);
    bool go_on = true;
    snprintf(look->last, sizeof(look->last), "%s", entry->element[0]->str);
    look->looked++;
    if (!value || !may_fit(value, look->sought))
        return true;
    json_t *document = json_loadb(value->str, value->len, 0, NULL);
    if (json_is_object(document) && fits(document, look->sought)) {
        cli_json_set(document, "stream_id", look->last);
        go_on = look->take(look, document);
    }
    json_decref(document);
    return go_on;
}

static int go_back(struct cli *cli, const char *stream, const char *before, struct look *look)
{
    const char *key = cli_key(cli, "%s", stream);
    char end[ID_MAX + 1] = "+";
    bool go_on = true;
    if (before[0])
        snprintf(end, sizeof(end), "(%.*s", ID_MAX - 1, before);
    do {
        redisReply *reply = cli_ask(cli, "XREVRANGE", key, end, "-", "COUNT", "1000", CLI_END);
        if (!reply)
            return CLI_REDIS;
        look->more = reply->elements == CHUNK;
        for (size_t i = 0; i < reply->elements && go_on; i++)
            go_on = take_entry(look, reply->element[i]);
        freeReplyObject(reply);
        snprintf(end, sizeof(end), "(%s", look->last);
        go_on = go_on && look->looked < VIEW_LOOK;
    } while (look->more && go_on);
    look->more = look->more || !go_on;
    return CLI_OK;
}

/* How far the look came. */
static void add_reach(json_t *out, const struct look *look)
{
    json_object_set_new(out, "looked", json_integer((json_int_t)look->looked));
    json_object_set_new(out, "next", look->more ? json_string(look->last) : json_null());
    json_object_set_new(out, "back_to",
                        look->last[0] ? json_integer(strtoll(look->last, NULL, 10)) : json_null());
}

static bool take_document(struct look *look, json_t *document)
{
    json_array_append(look->out, document);
    return json_array_size(look->out) < look->max;
}

json_t *view_entries(struct cli *cli, const char *stream, const struct view_sought *sought,
                     const char *before, size_t max)
{
    struct look look = {.sought = sought, .take = take_document, .out = json_array(), .max = max};
    json_t *out = NULL;
    if (go_back(cli, stream, before, &look) == CLI_OK) {
        out = json_object();
        json_object_set(out, "documents", look.out);
        add_reach(out, &look);
    }
    json_decref(look.out);
    return out;
}

/* ---- clients ---- */

static json_t *new_client(const struct look *look, const char *client, const char *last)
{
    char number[40];
    json_t *one = json_object();
    snprintf(number, sizeof(number), "client %zu", json_object_size(look->out) + 1);
    cli_json_set(one, "client", look->hide ? number : client);
    cli_json_set(one, "last", last);
    json_object_set_new(one, "count", json_integer(0));
    json_object_set_new(one, "questions", json_object());
    json_object_set_new(look->out, client, one);
    return one;
}

/* Entries come latest first, so each replaces the first time. */
static bool take_client(struct look *look, json_t *e)
{
    const char *client = cli_json_text(e, "client.ip"),
               *first = cli_json_text(e, "sinkwatch.first");
    const char *last = cli_json_text(e, "sinkwatch.last"), *time = cli_json_text(e, "@timestamp");
    json_int_t count = json_integer_value(cli_json_at(e, "sinkwatch.count"));
    if (!client[0])
        return true;
    json_t *one = json_object_get(look->out, client);
    if (!one)
        one = new_client(look, client, last[0] ? last : time);
    count = count > 0 ? count : 1;
    cli_json_set(one, "first", first[0] ? first : time);
    cli_json_set(one, "action", cli_json_text(e, "event.action"));
    cli_json_set(one, "list", cli_json_text(e, "sinkwatch.list"));
    json_object_set_new(one, "count",
                        json_integer(count + json_integer_value(json_object_get(one, "count"))));
    json_t *questions = json_object_get(one, "questions");
    if (json_object_size(questions) < 20)
        json_object_set_new(questions, cli_json_text(e, "dns.question.name"), json_true());
    return json_object_size(look->out) < CLIENT_MAX;
}

json_t *view_clients(struct cli *cli, const struct view_sought *sought, const char *before,
                     bool hide)
{
    struct look look = {.sought = sought, .take = take_client, .out = json_object(), .hide = hide};
    json_t *out = NULL, *rows = json_array(), *one;
    const char *client;
    if (go_back(cli, "events", before, &look) == CLI_OK) {
        out = json_object();
        json_object_foreach(look.out, client, one) json_array_append(rows, one);
        json_object_set(out, "clients", rows);
        json_object_set_new(out, "hidden", json_boolean(hide));
        add_reach(out, &look);
    }
    json_decref(rows);
    json_decref(look.out);
    return out;
}
