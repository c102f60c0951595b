/* connect.c - settings, the connection to Redis, and commands with error messages. */
#include "cli/output.h"
#include "cli/shape.h"

#include <errno.h>
#include <search.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SCAN_COUNT "1000" /* fields of a chunk */

static void say_problem(void *arg, const char *message)
{
    (void)arg;
    cli_error("%s", message);
}

/* Whether nobody named a file and the default file is missing. */
static bool default_missing(const struct cli *cli, const char *path)
{
    const char *env = getenv(SW_SETTINGS_ENV);
    return !cli->config && !(env && env[0]) && access(path, F_OK) != 0 && errno == ENOENT;
}

void cli_override(struct cli *cli)
{
    struct sw_settings *s = &cli->settings;
    if (cli->host || cli->port)
        s->redis_socket[0] = '\0';
    if (cli->host)
        snprintf(s->redis_host, sizeof(s->redis_host), "%s", cli->host);
    if (cli->port)
        s->redis_port = cli->port;
    if (cli->socket)
        snprintf(s->redis_socket, sizeof(s->redis_socket), "%s", cli->socket);
}

int cli_settings(struct cli *cli)
{
    struct sw_settings *s = &cli->settings;
    const char *path = cli->config ? cli->config : sw_settings_path();
    cli->settings_path = path;
    if (default_missing(cli, path)) {
        sw_settings_init(s);
    } else if (sw_settings_read(path, s, say_problem, NULL) != SW_OK) {
        cli_hint("'sinkwatch checkconf %s' shows the same; --config names another file", path);
        return CLI_SETTINGS;
    }
    cli_override(cli);
    if (s->redis_timeout_ms < cli->patience_ms)
        s->redis_timeout_ms = cli->patience_ms;
    return CLI_OK;
}

int cli_prepare(struct cli *cli)
{
    if (cli->redis) /* a server that runs this again keeps the settings of its start */
        return CLI_OK;
    int code = cli_settings(cli);
    if (code != CLI_OK)
        return code;
    cli->redis = sw_redis_new_writer(&cli->settings);
    if (cli->redis)
        return CLI_OK;
    cli_error("out of memory or file descriptors");
    return CLI_REDIS;
}

int cli_connect(struct cli *cli)
{
    bool connected = cli->redis != NULL;
    int code = cli_prepare(cli);
    if (code != CLI_OK || connected)
        return code;
    if (sw_redis_open(cli->redis) == SW_OK)
        return CLI_OK;
    return cli_redis_failed(cli, NULL);
}

int cli_redis_failed(struct cli *cli, redisReply *reply)
{
    const char *words = reply && reply->type == REDIS_REPLY_ERROR ? reply->str
                        : reply ? "an answer of an unexpected type"
                                : sw_redis_error(cli->redis);
    const char *target = sw_redis_target(cli->redis);
    if (!reply && strstr(words, "out of memory")) /* here, not in Redis */
        cli_no_memory();
    if (strncmp(words, target, strlen(target)) == 0) /* reports errors itself */
        cli_error("Redis at %s", words);
    else
        cli_error("Redis at %s: %s", target, words);
    if (strstr(words, "NOPERM") || strstr(words, "NOAUTH") || strstr(words, "WRONGPASS"))
        cli_hint("redis-user and redis-password-file in %s are the user and password; the user "
                 "needs the rights of conf/users.acl",
                 cli->settings_path);
    else if (strstr(words, "WRONGTYPE"))
        cli_hint("a key under %s has a type that Sinkwatch did not write",
                 cli->settings.redis_prefix);
    else if (!reply)
        cli_hint("is Redis running? redis-socket, redis-host and redis-port in %s name the server; "
                 "--socket, --host and --port override the file",
                 cli->settings_path);
    freeReplyObject(reply);
    return CLI_REDIS;
}

/* ---- commands ---- */

void cli_argv_add_n(struct cli_argv *argv, const char *word, size_t len)
{
    if (argv->n == argv->max) {
        argv->max = argv->max ? 2 * argv->max : 16;
        argv->word = cli_grow((void *)argv->word, (size_t)argv->max, sizeof(*argv->word));
        argv->len = cli_grow(argv->len, (size_t)argv->max, sizeof(*argv->len));
    }
    argv->word[argv->n] = word;
    argv->len[argv->n++] = len;
}

void cli_argv_add(struct cli_argv *argv, const char *word)
{
    cli_argv_add_n(argv, word, strlen(word));
}

void cli_argv_free(struct cli_argv *argv)
{
    free((void *)argv->word);
    free(argv->len);
    *argv = (struct cli_argv){0};
}

/* Words up to NULL. */
static void collect(struct cli_argv *argv, const char *word, va_list more)
{
    for (; word; word = va_arg(more, const char *))
        cli_argv_add(argv, word);
}

static redisReply *judged(struct cli *cli, redisReply *reply, const char *shape)
{
    if (cli_has_shape(reply, shape))
        return reply;
    cli_redis_failed(cli, reply);
    return NULL;
}

redisReply *cli_ask_argv(struct cli *cli, const struct cli_argv *argv)
{
    if (cli->settle)
        cli->settle(cli);
    redisReply *reply = sw_redis_command_argv(cli->redis, argv->n, argv->word, argv->len);
    reply = judged(cli, reply, cli_shape_of(argv->n, argv->word));
    bool each = !reply || strcmp(argv->word[0], "HMGET") != 0;
    if (each || reply->elements == (size_t)argv->n - 2)
        return reply;
    cli_redis_failed(cli, reply);
    return NULL;
}

redisReply *cli_ask(struct cli *cli, const char *word, ...)
{
    struct cli_argv argv = {0};
    va_list more;

    va_start(more, word);
    collect(&argv, word, more);
    va_end(more);
    redisReply *reply = cli_ask_argv(cli, &argv);
    cli_argv_free(&argv);
    return reply;
}

bool cli_queue_argv(struct cli *cli, const struct cli_argv *argv)
{
    if (cli->settle)
        cli->settle(cli);
    return sw_redis_append_argv(cli->redis, argv->n, argv->word, argv->len) == SW_OK;
}

bool cli_queue(struct cli *cli, const char *word, ...)
{
    struct cli_argv argv = {0};
    va_list more;

    va_start(more, word);
    collect(&argv, word, more);
    va_end(more);
    bool ok = cli_queue_argv(cli, &argv);
    cli_argv_free(&argv);
    return ok;
}

redisReply *cli_reply(struct cli *cli, const char *shape)
{
    return judged(cli, sw_redis_reply(cli->redis), shape);
}

int cli_scan(struct cli *cli, const char *key, cli_fields_fn take, void *arg)
{
    char cursor[24] = "0"; /* 64 bits in decimal */
    int code = CLI_OK;
    do {
        redisReply *reply = cli_ask(cli, "HSCAN", key, cursor, "COUNT", SCAN_COUNT, CLI_END);
        if (!reply)
            return CLI_REDIS;
        if (reply->element[0]->len >= sizeof(cursor))
            return cli_redis_failed(cli, reply);
        memcpy(cursor, reply->element[0]->str, reply->element[0]->len + 1);
        code = take(arg, reply->element[1]);
        freeReplyObject(reply);
    } while (code == CLI_OK && strcmp(cursor, "0") != 0);
    return code;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void *keys; /* a tree of all keys so far */

void cli_keys_forget(void)
{
    tdestroy(keys, free);
    keys = NULL;
}

const char *cli_key(struct cli *cli, const char *format, ...)
{
    char suffix[SW_REDISKEY_MAX], key[SW_REDISKEY_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(suffix, sizeof(suffix), format, args);
    va_end(args);
    sw_redis_key(cli->redis, key, sizeof(key), "%s", suffix);
    void *found = tfind(key, &keys, by_text);
    if (!found)
        found = tsearch(cli_copy(key), &keys, by_text);
    if (!found)
        abort();
    return *(char **)found;
}
