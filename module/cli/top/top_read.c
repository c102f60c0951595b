/* top_read.c - the event stream and the reports of resolvers, for the screen. See top.h. */
#include "cli/output.h"
#include "cli/top/top.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PAGE       "1000" /* entries of a reply */
#define PAGE_N     1000
#define PAGES_MAX  20   /* replies in a row before the screen is drawn again */
#define PATIENCE   1000 /* ms: the screen must not stand still for longer */
#define RESOLVER_S 2    /* seconds between two looks at the resolvers */
#define LIVE_S     30   /* as sinkwatch status */

/* ---- an event ---- */

/* Seconds since 1970 of an RFC 3339 text; now where there is none, or one before 1970. */
static time_t time_of(const char *text, time_t now)
{
    struct tm tm = {0};
    time_t at = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) ? timegm(&tm) : now;
    return at > 0 ? at : now;
}

#define COPY(to, from) snprintf(to, sizeof(to), "%.*s", (int)sizeof(to) - 1, from)

/* Hits have a list and a client; other entries (answers, lost events) are no hits. */
static void take(struct top *top, const json_t *event)
{
    const char *taken = cli_json_text(event, "sinkwatch.action.taken");
    json_int_t count = json_integer_value(cli_json_at(event, "sinkwatch.count"));
    struct top_hit hit = {.at = time_of(cli_json_text(event, "@timestamp"), top->now),
                          .count = count > 0 ? (uint64_t)count : 1};
    COPY(hit.client, cli_json_text(event, "client.ip"));
    COPY(hit.name, cli_json_text(event, "dns.question.name"));
    COPY(hit.type, cli_json_text(event, "dns.question.type"));
    COPY(hit.list, cli_json_text(event, "sinkwatch.list"));
    COPY(hit.action, taken[0] ? taken : cli_json_text(event, "event.action"));
    if (hit.list[0] && hit.client[0])
        top_note(top, &hit);
}

static void take_entry(struct top *top, const redisReply *entry)
{
    const redisReply *fields = entry->element[1];
    if (fields->elements < 2)
        return;
    json_t *event = json_loadb(fields->element[1]->str, fields->element[1]->len, 0, NULL);
    if (json_is_object(event))
        take(top, event);
    json_decref(event);
}

/* One entry of so many is looked at, the others are counted. */
static void take_entries(struct top *top, const redisReply *entries, size_t every)
{
    for (size_t i = 0; i < entries->elements; i++) {
        COPY(top->last, entries->element[i]->element[0]->str);
        top->entries++;
        if (i % every == 0)
            take_entry(top, entries->element[i]);
        else
            top->sampled++;
    }
}

/* ---- the stream ---- */

int top_begin(struct top *top, uint64_t n)
{
    char latest[24];
    snprintf(latest, sizeof(latest), "%" PRIu64, n > 0 ? n : 1);
    snprintf(top->last, sizeof(top->last), "0-0");
    redisReply *reply = cli_ask(top->cli, "XREVRANGE", cli_key(top->cli, "events"), "+", "-",
                                "COUNT", latest, CLI_END);
    if (!reply)
        return CLI_REDIS;
    for (size_t i = reply->elements; i-- > 0;) {
        COPY(top->last, reply->element[i]->element[0]->str);
        top->entries += n > 0;
        if (n > 0)
            take_entry(top, reply->element[i]);
    }
    freeReplyObject(reply);
    return CLI_OK;
}

/* A page of new entries; *more: there may be others. */
static int read_page(struct top *top, bool *more)
{
    redisReply *reply = cli_ask(top->cli, "XREAD", "COUNT", PAGE, "STREAMS",
                                cli_key(top->cli, "events"), top->last, CLI_END);
    *more = false;
    if (!reply)
        return CLI_REDIS;
    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++) {
        const redisReply *entries = reply->element[i]->element[1];
        take_entries(top, entries, top->behind ? TOP_SAMPLE : 1);
        *more = entries->elements == PAGE_N;
    }
    freeReplyObject(reply);
    return CLI_OK;
}

static int read_new(struct top *top)
{
    bool more = true;
    for (int i = 0; more && i < PAGES_MAX; i++)
        if (read_page(top, &more) != CLI_OK)
            return CLI_REDIS;
    top->behind = more;
    if (top->now < top->asked_resolvers + RESOLVER_S)
        return CLI_OK;
    top->asked_resolvers = top->now;
    return top_read_resolvers(top);
}

void top_read(struct top *top)
{
    if (top->paused || (top->problem[0] && top->now == top->tried))
        return;
    cli_error_forget();
    top->tried = top->now;
    bool open = sw_redis_is_open(top->cli->redis) || sw_redis_open(top->cli->redis) == SW_OK;
    if (!open)
        cli_redis_failed(top->cli, NULL);
    else if (sw_redis_set_timeout(top->cli->redis, PATIENCE) == SW_OK && read_new(top) == CLI_OK) {
        top->problem[0] = '\0';
        return;
    }
    COPY(top->problem, cli_error_first());
}

/* ---- resolvers ---- */

static void take_resolver(struct top_resolver *resolver, const char *id, const char *score,
                          const redisReply *fields, time_t now)
{
    const char *text[4];
    for (size_t i = 0; i < 4; i++)
        text[i] = fields->element[i]->type == REDIS_REPLY_STRING ? fields->element[i]->str : "";
    COPY(resolver->id, id);
    resolver->reported = (time_t)strtoll(score, NULL, 10);
    resolver->live = text[0][0] && now - resolver->reported < LIVE_S;
    COPY(resolver->state, resolver->live ? text[0] : "silent");
    resolver->hits = strtoull(text[1], NULL, 10);
    resolver->backlog = strtoull(text[2], NULL, 10);
    COPY(resolver->error, text[3]);
}

int top_read_resolvers(struct top *top)
{
    struct cli *cli = top->cli;
    redisReply *ids =
        cli_ask(cli, "ZRANGE", cli_key(cli, "resolvers"), "0", "-1", "WITHSCORES", CLI_END);
    if (!ids)
        return CLI_REDIS;
    size_t n = ids->elements / 2;
    top->ordered = 0;
    top->resolvers = 0;
    top->resolver = cli_grow(top->resolver, n + 1, sizeof(*top->resolver));
    for (size_t i = 0; i < n; i++) {
        const char *id = ids->element[2 * i]->str;
        redisReply *fields = cli_ask(cli, "HMGET", cli_key(cli, "resolver:%s", id), "state", "hits",
                                     "backlog", "last_error", CLI_END);
        if (!fields)
            break;
        take_resolver(&top->resolver[i], id, ids->element[2 * i + 1]->str, fields, top->now);
        top->resolvers++;
        freeReplyObject(fields);
    }
    bool all = top->resolvers == n;
    freeReplyObject(ids);
    return all ? CLI_OK : CLI_REDIS;
}
