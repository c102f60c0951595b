/*
 * doctor_rights.c - the rights of a role's user in Redis, tried. See doctor.h.
 *
 * Each command of the role is queued in a MULTI, and the transaction is discarded: Redis judges
 * rights when a command is queued and runs nothing. WATCH, which Redis refuses inside a MULTI,
 * comes first; DISCARD ends the watch. A reader has no right to MULTI: its commands only read, and
 * are run with a key that does not exist. The table has the keys and commands of "Rights of each
 * role" in module/REDIS.md; a test compares both.
 */
#include "cli/doctor/doctor.h"
#include "redis/reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN     6  /* missing rights that are named; the others are counted */
#define WORD_MAX  64 /* octets of a command or key of the table */
#define WORDS_MAX 10 /* of a command with its arguments */

#define LIST_KEYS "lists list:doctor"
#define READS                                                                                      \
    "exists type get hget hmget hgetall hexists hlen hscan hkeys xlen xread xrange xrevrange "     \
    "xinfo|stream zcard zscore zrange zscan"

/* Keys without the prefix, and commands as in conf/users.acl. ID stands for the resolver's id. */
static const struct {
    const char *role, *keys, *commands;
} rights[] = {
    {"resolver", LIST_KEYS, "exists hget hmget hgetall hlen hscan"},
    {"resolver", "changes memory:inquiries", "xread xinfo|stream"},
    {"resolver", "resolvers:tracked", "xadd xread xinfo|stream"},
    {"resolver", "events anomalies", "xadd"},
    {"resolver", "resolver:ID", "hset expire del"},
    {"resolver", "resolvers", "zadd zrem"},
    {"resolver", "tracked", "zadd zrange zremrangebyrank"},
    {"resolver", "written:ID", "get set"},
    {"resolver", "seen:name:doctor.example", "hget hgetall hlen hset hdel expire persist"},
    {"resolver", "finding:doctor", "zadd zscore zcount zremrangebyrank expire"},
    {"resolver", "memory:answers:doctor", "hset expire"},
    {"subscriber", LIST_KEYS,
     "watch exists type del unlink rename expire persist hset hdel hget hmget hgetall hexists hlen "
     "hscan hkeys"},
    {"subscriber", "changes", "type xadd xrange xrevrange"},
    {"subscriber", "feeds feed:doctor feeds:lease",
     "watch exists get set pexpire del hset hdel hget hgetall hexists"},
    {"subscriber", "feeds:log", "xadd xread xrevrange"},
    {"sweep", LIST_KEYS, "exists hget hmget hgetall hlen hscan hkeys"},
    {"sweep", "anomalies", "xadd xrange xrevrange"},
    {"sweep", "events resolvers:tracked", "xadd"},
    {"sweep", "tracked", "zadd zrange zremrangebyrank"},
    {"sweep", "written:ID", "get set"},
    {"sweep", "seen:name:doctor.example", "exists hget hgetall hlen hset hdel expire persist"},
    {"sweep", "finding:doctor", "zadd zscore zcount zremrangebyrank expire"},
    {"notifier", "anomalies", "exists type xlen xread xrange xrevrange xinfo|stream"},
    {"notifier", "anomalies notices feeds:log", "xgroup|create xreadgroup xack xautoclaim"},
    {"notifier", "notices", "xadd"},
    {"notifier", "notices:state", "watch hget hgetall hexists hset hdel"},
    {"notifier", "notify:doctor", "get set del expire hget hgetall hset hdel hincrby"},
    {"notifier", "resolvers resolver:ID", "zrange hmget"},
    {"reader", "doctor", READS},
    {"desk", "doctor", READS},
    {"desk", "list:doctor", "hset"},
    {"desk", "changes", "xadd"},
};

/* Arguments of the commands; KEY stands for the key. A command that is not here has only a key. */
static const struct {
    const char *command, *arguments;
} forms[] = {
    {"expire", "KEY 1"},
    {"hdel", "KEY f"},
    {"hexists", "KEY f"},
    {"hget", "KEY f"},
    {"hincrby", "KEY f 1"},
    {"hmget", "KEY f"},
    {"hscan", "KEY 0"},
    {"hset", "KEY f v"},
    {"pexpire", "KEY 1"},
    {"rename", "KEY KEY"},
    {"set", "KEY v"},
    {"xack", "KEY g 0-1"},
    {"xadd", "KEY * f v"},
    {"xautoclaim", "KEY g c 0 0-0"},
    {"xgroup|create", "KEY g $"},
    {"xrange", "KEY - +"},
    {"xread", "STREAMS KEY 0-0"},
    {"xreadgroup", "GROUP g c STREAMS KEY >"},
    {"xrevrange", "KEY + -"},
    {"zadd", "KEY 1 m"},
    {"zcount", "KEY 0 1"},
    {"zrange", "KEY 0 0"},
    {"zrem", "KEY m"},
    {"zremrangebyrank", "KEY 0 0"},
    {"zscan", "KEY 0"},
    {"zscore", "KEY m"},
};

struct trying {
    struct cli *cli;   /* of the connection */
    bool watches;      /* only WATCH, or all but WATCH */
    char missing[512]; /* "hset resolver:ns1, ..." */
    unsigned n;
    bool lost; /* the connection */
};

/* The next word of a text; false: none. */
static bool next_word(const char **text, char out[WORD_MAX])
{
    const char *begin = *text + strspn(*text, " ");
    size_t len = strcspn(begin, " ");
    snprintf(out, WORD_MAX, "%.*s", (int)len, begin);
    *text = begin + len;
    return len > 0;
}

/* A key of the table under the prefix. */
static const char *key_of(struct cli *cli, const char *key)
{
    const char *id = strstr(key, "ID");
    if (!id)
        return cli_key(cli, "%s", key);
    return cli_key(cli, "%.*s%s", (int)(id - key), key, cli->settings.resolver_id);
}

static const char *arguments_of(const char *command)
{
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
        if (strcmp(forms[i].command, command) == 0)
            return forms[i].arguments;
    return "KEY";
}

static redisReply *send_command(struct cli *cli, const char *command, const char *key)
{
    const char *argv[WORDS_MAX];
    int n = 0;
    char line[2 * WORD_MAX], *rest = line, *word;
    snprintf(line, sizeof(line), "%s %s", command, arguments_of(command));
    while (n < WORDS_MAX && (word = strsep(&rest, " |")) != NULL)
        argv[n++] = strcmp(word, "KEY") == 0 ? key : word;
    return sw_redis_command_argv(cli->redis, n, argv, NULL);
}

static void note_missing(struct trying *t, const char *command, const char *key)
{
    size_t used = strlen(t->missing);
    if (t->n++ < SHOWN)
        snprintf(t->missing + used, sizeof(t->missing) - used, "%s%s%s%.60s", used ? ", " : "",
                 command, key[0] ? " " : "", key);
}

static void try_right(struct trying *t, const char *command, const char *key)
{
    redisReply *reply = send_command(t->cli, command, key);
    if (!reply)
        t->lost = true;
    if (sw_reply_has_code(reply, "NOPERM"))
        note_missing(t, command, key);
    freeReplyObject(reply);
}

static void try_row(struct trying *t, const char *keys, const char *commands)
{
    char key[WORD_MAX], command[WORD_MAX];
    while (next_word(&keys, key))
        for (const char *rest = commands; !t->lost && next_word(&rest, command);)
            if ((strcmp(command, "watch") == 0) == t->watches)
                try_right(t, command, key_of(t->cli, key));
}

static void try_role(struct trying *t, const char *role, bool watches)
{
    t->watches = watches;
    for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]); i++)
        if (strcmp(rights[i].role, role) == 0)
            try_row(t, rights[i].keys, rights[i].commands);
}

/* Send a command without a key; whether the server took it. */
static bool take(struct cli *cli, const char *command)
{
    redisReply *reply = sw_redis_command(cli->redis, command);
    bool taken = reply && reply->type != REDIS_REPLY_ERROR;
    freeReplyObject(reply);
    return taken;
}

/* PSUBSCRIBE ends a connection for other commands, so the pattern is tried in the transaction. */
static void try_notices(struct trying *t)
{
    const struct sw_settings *s = &t->cli->settings;
    if (s->redis_notices && !strpbrk(s->redis_prefix, "*?[\\"))
        try_right(t, "psubscribe", doctor_words("__keyspace@0__:%s*", cli_key(t->cli, "list")));
}

/* End the transaction, and try EXEC with an empty one. A connection that stays in a transaction is
 * given up: the server discards that, and the next command opens another connection. */
static void try_ends(struct trying *t)
{
    bool discarded = take(t->cli, "DISCARD");
    if (!discarded)
        note_missing(t, "discard", "");
    else if (!take(t->cli, "MULTI") || !take(t->cli, "EXEC"))
        note_missing(t, "exec", "");
    else
        return;
    sw_redis_close(t->cli->redis);
    t->lost = sw_redis_open(t->cli->redis) != SW_OK;
}

static void report(struct doctor *d, const struct trying *t, const char *id, const char *role,
                   const char *remedy)
{
    const char *user = t->cli->settings.redis_user[0] ? t->cli->settings.redis_user : "default";
    if (t->lost)
        doctor_say(d, DOCTOR_FAILURE, id, "redis-cli PING",
                   "Redis went away while rights were tried: %s", sw_redis_error(t->cli->redis));
    else if (t->n)
        doctor_say(d, DOCTOR_FAILURE, id, remedy, "user %s lacks %u of the rights of a %s: %s%s",
                   user, t->n, role, t->missing,
                   t->n > SHOWN ? doctor_words(", and %u more", t->n - SHOWN) : "");
    else
        doctor_say(d, DOCTOR_OK, id, NULL, "user %s has the rights of a %s", user, role);
}

void doctor_rights(struct doctor *d, struct cli *cli, const char *id, const char *role,
                   const char *remedy)
{
    struct trying t = {.cli = cli};
    bool reads = strcmp(role, "reader") == 0;
    try_role(&t, role, true);
    if (!reads && !t.lost && !take(cli, "MULTI")) {
        doctor_say(d, DOCTOR_FAILURE, id, remedy, "user %s may not begin a transaction: %s",
                   cli->settings.redis_user, sw_redis_error(cli->redis));
        return;
    }
    if (!t.lost)
        try_role(&t, role, false);
    if (strcmp(role, "resolver") == 0 && !t.lost)
        try_notices(&t);
    if (!reads && !t.lost)
        try_ends(&t);
    report(d, &t, id, role, remedy);
}
