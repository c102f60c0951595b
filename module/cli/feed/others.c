/* others.c - see others.h. */
#include "cli/feed/others.h"

#include "cli/lists/listparts.h"
#include "redis/reply.h"

#include <stdio.h>
#include <string.h>

#define PAGE      1000
#define PAGES_MAX 100

/* Whether an entry's fields tell of content of the list or of a part. */
static bool is_content(const redisReply *fields, const char *list, const json_t *parts)
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
    return strcmp(op, "policy") != 0 && (strcmp(name, list) == 0 || json_object_get(parts, name));
}

/* An id and an array of fields. */
static bool is_entry(const redisReply *entry)
{
    return entry->type == REDIS_REPLY_ARRAY && entry->elements == 2 &&
           entry->element[0]->type == REDIS_REPLY_STRING &&
           entry->element[1]->type == REDIS_REPLY_ARRAY;
}

/* A page of entries from an id on, or the last entry; NULL: not to be had. */
static redisReply *read_page(struct cli *cli, const char *from)
{
    const char *key = cli_key(cli, "changes");
    redisReply *reply =
        from[0] ? sw_redis_command(cli->redis, "XRANGE %s %s + COUNT %d", key, from, PAGE)
                : sw_redis_command(cli->redis, "XREVRANGE %s + - COUNT 1", key);
    if (reply && reply->type == REDIS_REPLY_ARRAY)
        return reply;
    freeReplyObject(reply);
    return NULL;
}

bool cli_others_wrote(struct cli *cli, const char *list, const char *since,
                      char last[CLI_STREAMID_MAX])
{
    bool found = false, more = true;
    json_t *parts = cli_parts(cli, list);
    snprintf(last, CLI_STREAMID_MAX, "%s", since);
    for (int page = 0; page < PAGES_MAX && more; page++) {
        redisReply *reply = read_page(cli, last);
        more = reply && since[0] && reply->elements == PAGE;
        for (size_t i = 0; reply && i < reply->elements; i++) {
            const redisReply *entry = reply->element[i];
            if (!is_entry(entry) || strcmp(entry->element[0]->str, since) == 0)
                continue; /* XRANGE gives the first one again */
            found = found || (since[0] && is_content(entry->element[1], list, parts));
            snprintf(last, CLI_STREAMID_MAX, "%s", entry->element[0]->str);
        }
        freeReplyObject(reply);
    }
    json_decref(parts);
    return found;
}
