/*
 * doctor_rights.c - the rights of a resolver's user in Redis, tried. See doctor.h.
 *
 * Each command of the resolver is queued in a MULTI, and the transaction is discarded: Redis judges
 * rights when a command is queued and runs nothing. The table has the keys and commands of
 * "Rights of each role" in module/REDIS.md; a test compares both.
 */
#include "cli/doctor/doctor.h"
#include "redis/reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN 6 /* missing rights that are named; the others are counted */

/* KEY stands for the key, with the prefix; a space separates arguments. */
static const struct {
    const char *key, *command;
} rights[] = {
    {"lists", "EXISTS KEY"},
    {"lists", "HGET KEY f"},
    {"lists", "HMGET KEY f"},
    {"lists", "HGETALL KEY"},
    {"lists", "HLEN KEY"},
    {"lists", "HSCAN KEY 0"},
    {"list:doctor", "EXISTS KEY"},
    {"list:doctor", "HGET KEY f"},
    {"list:doctor", "HMGET KEY f"},
    {"list:doctor", "HGETALL KEY"},
    {"list:doctor", "HLEN KEY"},
    {"list:doctor", "HSCAN KEY 0"},
    {"changes", "XREAD STREAMS KEY 0-0"},
    {"changes", "XINFO STREAM KEY"},
    {"resolvers:tracked", "XREAD STREAMS KEY 0-0"},
    {"resolvers:tracked", "XINFO STREAM KEY"},
    {"resolvers:tracked", "XADD KEY * f v"},
    {"events", "XADD KEY * f v"},
    {"anomalies", "XADD KEY * f v"},
    {"resolver:ID", "HSET KEY f v"},
    {"resolver:ID", "EXPIRE KEY 1"},
    {"resolver:ID", "DEL KEY"},
    {"resolvers", "ZADD KEY 1 m"},
    {"resolvers", "ZREM KEY m"},
    {"tracked", "ZADD KEY 1 m"},
    {"tracked", "ZRANGE KEY 0 0"},
    {"tracked", "ZREMRANGEBYRANK KEY 0 0"},
    {"written:ID", "GET KEY"},
    {"written:ID", "SET KEY v"},
    {"seen:name:doctor.example", "HGET KEY f"},
    {"seen:name:doctor.example", "HGETALL KEY"},
    {"seen:name:doctor.example", "HLEN KEY"},
    {"seen:name:doctor.example", "HSET KEY f v"},
    {"seen:name:doctor.example", "HDEL KEY f"},
    {"seen:name:doctor.example", "EXPIRE KEY 1"},
    {"seen:name:doctor.example", "PERSIST KEY"},
    {"finding:doctor", "ZADD KEY 1 m"},
    {"finding:doctor", "ZSCORE KEY m"},
    {"finding:doctor", "ZCOUNT KEY 0 1"},
    {"finding:doctor", "ZREMRANGEBYRANK KEY 0 0"},
    {"finding:doctor", "EXPIRE KEY 1"},
    {"memory:inquiries", "XREAD STREAMS KEY 0-0"},
    {"memory:inquiries", "XINFO STREAM KEY"},
    {"memory:answers:doctor", "HSET KEY f v"},
    {"memory:answers:doctor", "EXPIRE KEY 1"},
};

struct trying {
    char missing[512]; /* "hset resolver:ns1, ..." */
    unsigned n;
    bool lost; /* the connection */
};

/* The key of a row: ID stands for the resolver's id. */
static const char *key_of(struct doctor *d, const char *key)
{
    const char *id = strstr(key, "ID");
    if (!id)
        return cli_key(d->cli, "%s", key);
    return cli_key(d->cli, "%.*s%s", (int)(id - key), key, d->cli->settings.resolver_id);
}

/* Queue a command of the table. The words are cut out of a copy. */
static redisReply *queue(struct doctor *d, const char *command, const char *key)
{
    const char *argv[8];
    int n = 0;
    char *copy = cli_copy(command), *rest = copy, *word;
    while (n < 8 && (word = strsep(&rest, " ")) != NULL)
        argv[n++] = strcmp(word, "KEY") == 0 ? key : word;
    redisReply *reply = sw_redis_command_argv(d->cli->redis, n, argv, NULL);
    free(copy);
    return reply;
}

static void try_right(struct doctor *d, struct trying *t, const char *command, const char *key)
{
    redisReply *reply = queue(d, command, key);
    if (!reply)
        t->lost = true;
    if (sw_reply_has_code(reply, "NOPERM") && t->n++ < SHOWN) {
        size_t used = strlen(t->missing);
        snprintf(t->missing + used, sizeof(t->missing) - used, "%s%.*s %.60s", used ? ", " : "",
                 (int)strcspn(command, " "), command, key);
    }
    freeReplyObject(reply);
}

/* Send a command without a key; whether the server took it. */
static bool take(struct doctor *d, const char *command)
{
    redisReply *reply = sw_redis_command(d->cli->redis, command);
    bool taken = reply && reply->type != REDIS_REPLY_ERROR;
    freeReplyObject(reply);
    return taken;
}

/* Whether the server has the rights of a user as the resolver needs: PSUBSCRIBE ends a connection
 * for other commands, so the pattern is tried in the transaction as well. */
static void try_notices(struct doctor *d, struct trying *t)
{
    const char *pattern = doctor_words("__keyspace@0__:%s*", cli_key(d->cli, "list"));
    if (d->cli->settings.redis_notices && !strpbrk(d->cli->settings.redis_prefix, "*?[\\"))
        try_right(d, t, "PSUBSCRIBE KEY", pattern);
}

void doctor_rights(struct doctor *d)
{
    struct trying t = {.n = 0};
    const char *user = d->cli->settings.redis_user[0] ? d->cli->settings.redis_user : "default";
    if (!take(d, "MULTI")) {
        doctor_say(d, DOCTOR_FAILURE, "redis.rights",
                   "the rights of user resolver in conf/users.acl, then redis-cli ACL LOAD",
                   "user %s may not begin a transaction: %s", user, sw_redis_error(d->cli->redis));
        return;
    }
    for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]) && !t.lost; i++)
        try_right(d, &t, rights[i].command, key_of(d, rights[i].key));
    if (!t.lost)
        try_notices(d, &t);
    if (!t.lost)
        take(d, "DISCARD");
    if (t.lost)
        doctor_say(d, DOCTOR_FAILURE, "redis.rights", "redis-cli PING",
                   "Redis went away while rights were tried: %s", sw_redis_error(d->cli->redis));
    else if (t.n)
        doctor_say(d, DOCTOR_FAILURE, "redis.rights",
                   "the rights of user resolver in conf/users.acl, then redis-cli ACL LOAD",
                   "user %s lacks %u of a resolver's rights: %s%s", user, t.n, t.missing,
                   t.n > SHOWN ? doctor_words(", and %u more", t.n - SHOWN) : "");
    else
        doctor_say(d, DOCTOR_OK, "redis.rights", NULL, "user %s has the rights of a resolver",
                   user);
}
