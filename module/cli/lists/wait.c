/* wait.c - --wait: until every live resolver enforces a change. See edit.h. */
#include "base/clock.h"
#include "cli/lists/edit.h"
#include "cli/output.h"
#include "feed/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAUSE_FIRST_US 5000
#define PAUSE_MAX_US   200000
#define US_PER_S       INT64_C(1000000)

uint32_t cli_wait_seconds(const struct argp_state *state, const char *arg)
{
    return arg ? (uint32_t)cli_number(state, "--wait", arg, 1, 86400) : CLI_WAIT_DEFAULT;
}

void cli_wait_hint(char *const *words, int n, uint32_t wait_s)
{
    for (int i = 1; wait_s && i < n; i++)
        if (words[i][strspn(words[i], "0123456789")] == '\0')
            cli_hint("seconds of --wait go after an equals sign: --wait=%s", words[i]);
}

/* Sort a resolver in. A resolver without a hash has not reported for half a minute: not live. */
static void judge(const redisReply *applied, const char *name, const struct sw_stream_id *wanted,
                  json_t *done, json_t *late)
{
    struct sw_stream_id id;
    json_t *array = late;
    if (applied->type != REDIS_REPLY_STRING)
        return;
    if (sw_stream_id_parse(applied->str, applied->len, &id) == SW_OK &&
        sw_stream_id_compare(&id, wanted) >= 0)
        array = done;
    json_array_append_new(array, json_string(name));
}

/* Ask all resolvers once: fills done and late again. */
static int look(struct cli *cli, const struct sw_stream_id *wanted, json_t *done, json_t *late)
{
    redisReply *ids = cli_ask(cli, "ZRANGE", cli_key(cli, "resolvers"), "0", "-1", CLI_END);
    int code = CLI_OK;

    json_array_clear(done);
    json_array_clear(late);
    if (!ids)
        return CLI_REDIS;
    for (size_t i = 0; ids->type == REDIS_REPLY_ARRAY && i < ids->elements && code == CLI_OK; i++) {
        const char *name = ids->element[i]->str ? ids->element[i]->str : "";
        const char *key = cli_key(cli, "resolver:%s", name);
        redisReply *applied = cli_ask(cli, "HGET", key, "applied", CLI_END);
        if (applied)
            judge(applied, name, wanted, done, late);
        else
            code = CLI_REDIS;
        freeReplyObject(applied);
    }
    freeReplyObject(ids);
    return code;
}

int cli_wait(struct cli *cli, const char *id, uint32_t seconds, json_t *done, json_t *late)
{
    int64_t until = sw_clock_mono_us() + seconds * US_PER_S;
    long pause_us = PAUSE_FIRST_US;
    struct sw_stream_id wanted;
    if (sw_stream_id_parse(id, strlen(id), &wanted) != SW_OK) {
        cli_error("Redis at %s gave a change id that is none: '%s'", sw_redis_target(cli->redis),
                  cli_clean_text(id));
        return CLI_REDIS;
    }
    for (;;) {
        int code = look(cli, &wanted, done, late);
        if (code != CLI_OK || json_array_size(late) == 0)
            return code;
        if (sw_clock_mono_us() >= until)
            return CLI_TIMEOUT;
        struct timespec pause = {.tv_nsec = pause_us * 1000};
        nanosleep(&pause, NULL);
        pause_us = pause_us * 3 / 2 < PAUSE_MAX_US ? pause_us * 3 / 2 : PAUSE_MAX_US;
    }
}
