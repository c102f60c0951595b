/* tail.c - see tail.h. */
#include "cli/tail.h"

#include "cli/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_DEFAULT 20
#define N_MAX     1000000
#define BLOCK_MS  "1000"

enum { KEY_FOLLOW = 'f' };

struct options {
    uint64_t n;
    bool follow;
};

static const struct argp_option options[] = {
    {"number", 'n', "N", 0, "so many of the latest (default 20; 0: none, with --follow)", 0},
    {"follow", KEY_FOLLOW, NULL, 0, "then wait for more, until interrupted", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case 'n':
        o->n = cli_number(state, "-n", arg, 0, N_MAX);
        return 0;
    case KEY_FOLLOW:
        o->follow = true;
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

/* An entry, [id, [field, value, ...]]: print the object, keep the id. */
static void print_entry(const struct cli *cli, const struct cli_tail *tail, const redisReply *entry,
                        char *last, size_t max)
{
    if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2 ||
        entry->element[0]->type != REDIS_REPLY_STRING ||
        entry->element[1]->type != REDIS_REPLY_ARRAY)
        return;
    snprintf(last, max, "%s", entry->element[0]->str);
    const redisReply *fields = entry->element[1];
    for (size_t i = 0; i + 1 < fields->elements; i += 2) {
        if (strcmp(fields->element[i]->str, "e") != 0)
            continue;
        json_t *object =
            json_loadb(fields->element[i + 1]->str, fields->element[i + 1]->len, 0, NULL);
        if (!json_is_object(object)) {
            cli_error("entry %s is no JSON object", cli_clean_text(last));
            json_decref(object);
        } else if (cli->json) {
            cli_json(object);
        } else {
            tail->line(cli, object);
            json_decref(object);
        }
    }
}

/* The latest n, oldest first. Sets the id from which more would come. */
static int print_latest(struct cli *cli, const struct cli_tail *tail, uint64_t n, char *last,
                        size_t max, size_t *printed)
{
    char count[24];
    snprintf(count, sizeof(count), "%ju", (uintmax_t)(n ? n : 1)); /* a single entry, for the id */
    redisReply *reply = cli_ask(cli, "XREVRANGE", cli_key(cli, "%s", tail->stream), "+", "-",
                                "COUNT", count, CLI_END);
    if (!reply)
        return CLI_REDIS;
    if (reply->type != REDIS_REPLY_ARRAY)
        return cli_redis_failed(cli, reply);
    *printed = n ? reply->elements : 0;
    for (size_t i = reply->elements; i-- > 0;) {
        if (n)
            print_entry(cli, tail, reply->element[i], last, max);
        else if (reply->element[i]->elements == 2)
            snprintf(last, max, "%s", reply->element[i]->element[0]->str);
    }
    freeReplyObject(reply);
    return CLI_OK;
}

/* [[stream, [entry, ...]]] or nil when the time is over. */
static void print_more(const struct cli *cli, const struct cli_tail *tail, const redisReply *reply,
                       char *last, size_t max)
{
    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++) {
        const redisReply *stream = reply->element[i];
        if (stream->type != REDIS_REPLY_ARRAY || stream->elements != 2)
            continue;
        for (size_t j = 0; j < stream->element[1]->elements; j++)
            print_entry(cli, tail, stream->element[1]->element[j], last, max);
    }
}

static int follow(struct cli *cli, const struct cli_tail *tail, char *last, size_t max)
{
    const char *key = cli_key(cli, "%s", tail->stream);
    for (;;) {
        if (fflush(stdout) != 0)
            return CLI_NONE; /* said by main() */
        sw_redis_set_timeout(cli->redis, 1000);
        redisReply *reply = cli_ask(cli, "XREAD", "COUNT", "1000", "BLOCK", BLOCK_MS, "STREAMS",
                                    key, last, CLI_END);
        if (!reply)
            return CLI_REDIS;
        print_more(cli, tail, reply, last, max);
        freeReplyObject(reply);
    }
}

int cli_tail(struct cli *cli, const struct cli_tail *tail, int argc, char **argv)
{
    struct options o = {.n = N_DEFAULT};
    struct cli_usage usage = tail->use;
    char last[64] = "0-0", **words;
    size_t printed = 0;
    usage.words = "";
    usage.options = options;
    usage.parser = parse;
    cli_parse(cli, &usage, &o, argc, argv, &words);
    int code = cli_connect(cli);
    if (code == CLI_OK)
        code = print_latest(cli, tail, o.n, last, sizeof(last), &printed);
    if (code != CLI_OK)
        return code;
    if (o.follow)
        return follow(cli, tail, last, sizeof(last));
    if (printed == 0 && !cli->json)
        printf("%s\n", tail->nothing);
    return printed ? CLI_OK : CLI_NONE;
}
