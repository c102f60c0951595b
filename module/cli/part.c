/* part.c - see part.h. */
#include "cli/part.h"

#include <stdio.h>
#include <string.h>

static int count_fields(struct cli *cli, const char *key, uint64_t *total)
{
    redisReply *reply = cli_ask(cli, "HLEN", key, CLI_END);
    if (!reply)
        return CLI_REDIS;
    *total = reply->integer > 0 ? (uint64_t)reply->integer : 0;
    freeReplyObject(reply);
    return CLI_OK;
}

static int read_whole(struct cli *cli, const char *key, struct cli_part *part)
{
    part->reply = cli_ask(cli, "HGETALL", key, CLI_END);
    part->fields = part->reply;
    part->cursor[0] = '\0';
    return part->reply ? CLI_OK : CLI_REDIS;
}

static int scan_on(struct cli *cli, const char *key, struct cli_part *part)
{
    char most[CLI_CURSOR_MAX];
    snprintf(most, sizeof(most), "%zu", part->most);
    part->reply =
        cli_ask(cli, "HSCAN", key, part->cursor[0] ? part->cursor : "0", "COUNT", most, CLI_END);
    if (!part->reply)
        return CLI_REDIS;
    const redisReply *cursor = part->reply->element[0];
    if (cursor->len >= sizeof(part->cursor)) {
        cli_redis_failed(cli, part->reply);
        part->reply = NULL;
        return CLI_REDIS;
    }
    memcpy(part->cursor, cursor->str, cursor->len + 1);
    if (strcmp(part->cursor, "0") == 0)
        part->cursor[0] = '\0';
    part->fields = part->reply->element[1];
    return CLI_OK;
}

int cli_part_read(struct cli *cli, const char *key, struct cli_part *part)
{
    part->reply = NULL;
    if (count_fields(cli, key, &part->total) != CLI_OK)
        return CLI_REDIS;
    bool whole = part->total <= part->most && !part->cursor[0];
    return whole ? read_whole(cli, key, part) : scan_on(cli, key, part);
}
