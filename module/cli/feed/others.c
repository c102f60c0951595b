/* others.c - see others.h. */
#include "cli/feed/others.h"

#include "cli/lists/listparts.h"
#include "redis/reply.h"

#include <stdio.h>
#include <string.h>

#define PAGE      100 /* an entry of the command has some 2,000 words: a reply may have a million */
#define PAGES_MAX 1000
#define TEXT_MAX  SW_LISTNAME_MAX /* octets of a value that are looked at */
#define MANY      UINT64_MAX      /* entries that cannot be counted */

struct stretch {
    const char *list;
    const json_t *parts;
    const char *after, *upto; /* ids: the entries behind the first, with the last */
    uint64_t most;            /* to count */
};

/* Whether an entry's fields tell of content of the list or of a part. */
static bool is_content(const redisReply *fields, const struct stretch *s)
{
    const char *op = "", *name = "";
    for (size_t i = 0; i + 1 < fields->elements; i += 2) {
        const redisReply *field = fields->element[i], *value = fields->element[i + 1];
        if (field->type != REDIS_REPLY_STRING || value->type != REDIS_REPLY_STRING)
            continue;
        if (strcmp(field->str, "op") == 0)
            op = value->str;
        else if (strcmp(field->str, "list") == 0)
            name = value->str;
    }
    return strcmp(op, "policy") != 0 &&
           (strcmp(name, s->list) == 0 || json_object_get(s->parts, name));
}

/* An id and an array of fields. */
static bool is_entry(const redisReply *entry)
{
    return entry->type == REDIS_REPLY_ARRAY && entry->elements == 2 &&
           entry->element[0]->type == REDIS_REPLY_STRING &&
           entry->element[1]->type == REDIS_REPLY_ARRAY;
}

/* The reply if it is an array of entries; a connection that a reply over the limits has closed is
 * opened again. NULL: not to be had, or refused to this user. */
static redisReply *judged(struct cli *cli, redisReply *reply, bool *refused)
{
    *refused = reply && reply->type == REDIS_REPLY_ERROR;
    if (!reply && !sw_redis_is_open(cli->redis))
        (void)sw_redis_open(cli->redis);
    if (reply && reply->type == REDIS_REPLY_ARRAY)
        return reply;
    freeReplyObject(reply);
    return NULL;
}

/* The id of the last entry, "" for none; its fields are not wanted, whatever their size. false: not
 * known. */
static bool read_last(struct cli *cli, char last[CLI_STREAMID_MAX], bool *refused)
{
    last[0] = '\0';
    sw_redis_take_part(cli->redis, TEXT_MAX, 2);
    redisReply *reply = judged(
        cli, sw_redis_command(cli->redis, "XREVRANGE %s + - COUNT 1", cli_key(cli, "changes")),
        refused);
    if (reply && reply->elements == 1 && is_entry(reply->element[0]))
        snprintf(last, CLI_STREAMID_MAX, "%s", reply->element[0]->element[0]->str);
    bool known = reply != NULL;
    freeReplyObject(reply);
    return known;
}

static redisReply *read_page(struct cli *cli, const char *from, const char *upto)
{
    bool refused;
    sw_redis_take_part(cli->redis, TEXT_MAX, 0);
    return judged(cli,
                  sw_redis_command(cli->redis, "XRANGE %s %s %s COUNT %d", cli_key(cli, "changes"),
                                   from, upto, PAGE),
                  &refused);
}

/* Count the entries of content in a stretch of the stream, up to one more than `most`. MANY: the
 * stretch was trimmed, is too long, or cannot be read. */
static uint64_t count_content(struct cli *cli, const struct stretch *s)
{
    char from[CLI_STREAMID_MAX];
    uint64_t n = 0;
    bool more = true;
    snprintf(from, sizeof(from), "%s", s->after);
    for (int page = 0; more && n <= s->most; page++) {
        redisReply *reply = page < PAGES_MAX ? read_page(cli, from, s->upto) : NULL;
        /* A page begins with the last entry of the page before. */
        if (!reply || reply->elements == 0 || !is_entry(reply->element[0]) ||
            strcmp(reply->element[0]->element[0]->str, from) != 0) {
            freeReplyObject(reply);
            return MANY;
        }
        more = reply->elements == PAGE;
        for (size_t i = 1; i < reply->elements && is_entry(reply->element[i]); i++) {
            n += is_content(reply->element[i]->element[1], s);
            snprintf(from, sizeof(from), "%s", reply->element[i]->element[0]->str);
        }
        freeReplyObject(reply);
    }
    return n;
}

static bool has_more(struct cli *cli, const char *list, const char *after, const char *upto,
                     uint64_t most)
{
    json_t *parts = cli_parts(cli, list);
    const struct stretch s = {list, parts, after, upto, most};
    uint64_t n = count_content(cli, &s);
    json_decref(parts);
    return n > most;
}

bool cli_others_wrote(struct cli *cli, const char *list, const char *since,
                      char last[CLI_STREAMID_MAX])
{
    bool refused;
    if (!read_last(cli, last, &refused))
        return since[0] && !refused;
    return since[0] && (!last[0] || has_more(cli, list, since, last, 0));
}

bool cli_others_wrote_meanwhile(struct cli *cli, const char *list, const char *from,
                                const char *upto, uint64_t own)
{
    return from[0] && upto[0] && has_more(cli, list, from, upto, own);
}
