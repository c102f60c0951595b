/* doctor_redis.c - Redis: reached, ready, keeping its data; the report of this resolver. See
 * doctor.h. */
#include "base/clock.h"
#include "cli/doctor/doctor.h"
#include "redis/reply.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SKEW_US    INT64_C(2000000)
#define LIVE_S     30 /* a report expires after this time */
#define FULL_PARTS 90 /* of a hundred of maxmemory */

/* ---- the connection ---- */

static const char *service(const struct sw_settings *s)
{
    return s->redis_socket[0]
               ? "sudo systemctl start redis-server (or valkey-server); redis-socket in the "
                 "settings is unixsocket in redis.conf, and Unbound's user is in its group"
               : "sudo systemctl start redis-server (or valkey-server); redis-host and redis-port "
                 "in the settings are bind and port in redis.conf";
}

void doctor_not_reached(struct doctor *d, const struct cli *cli, const struct sw_redis *redis,
                        const char *id)
{
    const char *error = sw_redis_error(redis);
    bool own = strncmp(id, "redis.", 6) == 0; /* of the resolver, not of a service */
    if (strstr(error, ": TLS: "))
        doctor_say(
            d, DOCTOR_FAILURE, own ? "redis.tls" : id,
            doctor_words("redis-tls-ca, redis-tls-cert and redis-tls-key in %s; openssl x509 "
                         "-noout -dates -ext subjectAltName -in the certificate",
                         cli->settings_path),
            "no encrypted connection to Redis: %s", error);
    else if (strstr(error, "WRONGPASS") || strstr(error, "NOAUTH") || strstr(error, "AUTH"))
        doctor_say(
            d, DOCTOR_FAILURE, own ? "redis.login" : id,
            doctor_words("redis-user and redis-password-file in %s: a user of conf/users.acl "
                         "that is on, with this password",
                         cli->settings_path),
            "Redis refuses the user or the password: %s", error);
    else if (strstr(error, "LOADING"))
        doctor_say(d, DOCTOR_WARNING, id, "wait until Redis has read its data",
                   "Redis is loading its data: %s", error);
    else
        doctor_say(d, DOCTOR_FAILURE, id, service(&cli->settings), "Redis is not reached: %s",
                   error);
}

static bool reach(struct doctor *d)
{
    struct cli *cli = d->cli;
    struct sw_settings *s = &cli->settings;
    if (!cli->redis)
        cli->redis = sw_redis_new(s);
    if (!cli->redis)
        abort();
    if (sw_redis_open(cli->redis) != SW_OK) {
        doctor_not_reached(d, cli, cli->redis, "redis.reached");
        return false;
    }
    doctor_say(d, DOCTOR_OK, "redis.reached", NULL, "Redis at %s answers",
               sw_redis_target(cli->redis));
    return true;
}

/* The server that resolvers write to, if that is another one. */
static void primary(struct doctor *d)
{
    if (!d->cli->settings.redis_primary[0])
        return;
    struct sw_redis *writer = sw_redis_new_writer(&d->cli->settings);
    if (!writer)
        abort();
    if (sw_redis_open(writer) != SW_OK)
        doctor_not_reached(d, d->cli, writer, "redis.primary");
    else
        doctor_say(d, DOCTOR_OK, "redis.primary", NULL, "the primary at %s answers",
                   sw_redis_target(writer));
    sw_redis_free(writer);
}

static void encrypted(struct doctor *d)
{
    const struct sw_settings *s = &d->cli->settings;
    bool local = s->redis_socket[0] || strncmp(s->redis_host, "127.", 4) == 0 ||
                 strcmp(s->redis_host, "localhost") == 0 || strcmp(s->redis_host, "::1") == 0;
    if (!local && !s->redis_tls)
        doctor_say(
            d, DOCTOR_WARNING, "redis.tls",
            doctor_words("redis-tls: yes in %s, tls-port in redis.conf", d->cli->settings_path),
            "Redis is on another host, and neither password nor events are encrypted");
}

/* ---- INFO ---- */

/* A value of the text of INFO, allocated; NULL: not there. */
static char *value_of(const char *info, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = info; at; at = strchr(at, '\n')) {
        at += *at == '\n';
        if (strncmp(at, name, len) == 0 && at[len] == ':')
            return strndup(at + len + 1, strcspn(at + len + 1, "\r\n"));
    }
    return NULL;
}

static void version(struct doctor *d, const char *info)
{
    char *text = value_of(info, "redis_version"), *valkey = value_of(info, "valkey_version");
    unsigned major = text ? (unsigned)strtoul(text, NULL, 10) : 0;
    if (!text)
        doctor_say(d, DOCTOR_WARNING, "redis.version", "redis-cli INFO server",
                   "not known: the server does not tell");
    else if (major < 5)
        doctor_say(d, DOCTOR_FAILURE, "redis.version", "sudo apt install redis-server",
                   "Redis %s has no streams: 6.2 or later is needed", text);
    else if (major < 7)
        doctor_say(d, DOCTOR_WARNING, "redis.version", "sudo apt install redis-server",
                   "Redis %s has neither functions nor the rules of conf/users.acl: 7.0 has", text);
    else if (valkey)
        doctor_say(d, DOCTOR_OK, "redis.version", NULL, "Valkey %s, which speaks as Redis %s",
                   valkey, text);
    else
        doctor_say(d, DOCTOR_OK, "redis.version", NULL, "Redis %s", text);
    free(valkey);
    free(text);
}

static void role(struct doctor *d, const char *info)
{
    char *text = value_of(info, "role");
    if (text && strcmp(text, "slave") == 0 && !d->cli->settings.redis_primary[0])
        doctor_say(d, DOCTOR_FAILURE, "redis.role",
                   doctor_words("redis-primary: HOST:PORT in %s", d->cli->settings_path),
                   "this Redis is a replica: events and reports cannot be written");
    free(text);
}

static void persistence(struct doctor *d, const char *info)
{
    char *rdb = value_of(info, "rdb_last_bgsave_status"), *aof = value_of(info, "aof_enabled");
    char *write = value_of(info, "aof_last_write_status");
    bool on = aof && strcmp(aof, "1") == 0;
    if (rdb && strcmp(rdb, "ok") != 0)
        doctor_say(d, DOCTOR_FAILURE, "redis.persistence",
                   "df -h on the server, and the log of Redis; then redis-cli BGSAVE",
                   "the last save of Redis failed: Redis refuses writes");
    else if (on && write && strcmp(write, "ok") != 0)
        doctor_say(d, DOCTOR_FAILURE, "redis.persistence",
                   "df -h on the server, and the log of Redis",
                   "Redis cannot write its append-only file");
    else
        doctor_say(d, DOCTOR_OK, "redis.persistence", NULL, "%s",
                   on ? "append-only file: on"
                      : "append-only file: off; after a crash feeds have to publish again, and "
                        "resolvers keep their lists");
    free(rdb);
    free(aof);
    free(write);
}

static void memory(struct doctor *d, const char *info)
{
    char *policy = value_of(info, "maxmemory_policy"), *max = value_of(info, "maxmemory");
    char *used = value_of(info, "used_memory");
    uint64_t limit = max ? strtoull(max, NULL, 10) : 0, now = used ? strtoull(used, NULL, 10) : 0;
    if (policy && strcmp(policy, "noeviction") != 0)
        doctor_say(d, DOCTOR_FAILURE, "redis.eviction",
                   "redis-cli CONFIG SET maxmemory-policy noeviction && redis-cli CONFIG REWRITE",
                   "maxmemory-policy is %s: a full Redis drops lists without a word", policy);
    else if (policy)
        doctor_say(d, DOCTOR_OK, "redis.eviction", NULL, "maxmemory-policy is noeviction");
    if (limit && now / FULL_PARTS >= limit / 100)
        doctor_say(d, DOCTOR_WARNING, "redis.memory",
                   "redis-cli CONFIG SET maxmemory 2gb, or a smaller event-stream-max",
                   "Redis uses %" PRIu64 " of %" PRIu64 " octets: writes will be refused", now,
                   limit);
    free(policy);
    free(max);
    free(used);
}

/* The clocks of this host and of the server, which expire indicators and write events. */
static void skew(struct doctor *d, const char *info)
{
    char *text = value_of(info, "server_time_usec");
    int64_t apart = text ? sw_clock_wall_us() - strtoll(text, NULL, 10) : 0;
    if (apart > SKEW_US || apart < -SKEW_US)
        doctor_say(d, DOCTOR_WARNING, "redis.clock",
                   "sudo timedatectl set-ntp true, here and on the server of Redis",
                   "the clock of Redis is %.1f seconds %s", (double)llabs(apart) / 1e6,
                   apart > 0 ? "behind" : "ahead");
    else if (text)
        doctor_say(d, DOCTOR_OK, "redis.clock", NULL, "the clocks agree");
    free(text);
}

static void server(struct doctor *d)
{
    redisReply *reply = sw_redis_command(d->cli->redis, "INFO");
    if (!sw_reply_is_text(reply)) {
        doctor_say(
            d, DOCTOR_WARNING, "redis.info", "the right +info for redis-user, as in conf/users.acl",
            "version, persistence, eviction and clock are not known: %s", sw_reply_words(reply));
    } else {
        version(d, reply->str);
        role(d, reply->str);
        persistence(d, reply->str);
        memory(d, reply->str);
        skew(d, reply->str);
    }
    freeReplyObject(reply);
}

/* ---- notifications ---- */

static void notifications(struct doctor *d)
{
    static const char remedy[] =
        "redis-cli CONFIG SET notify-keyspace-events Kgh (as admin), and the line in redis.conf";
    if (!d->cli->settings.redis_notices)
        return;
    redisReply *reply = sw_redis_command(d->cli->redis, "CONFIG GET notify-keyspace-events");
    if (!sw_reply_is_array(reply, 2) || !sw_reply_is_text(reply->element[1])) {
        doctor_say(d, DOCTOR_WARNING, "redis.notifications",
                   "redis-cli CONFIG GET notify-keyspace-events (as admin): K, g and h are needed",
                   "not known: this user may not ask");
    } else {
        const char *set = reply->element[1]->str;
        bool all = strchr(set, 'A') != NULL;
        if (strchr(set, 'K') && (all || (strchr(set, 'g') && strchr(set, 'h'))))
            doctor_say(d, DOCTOR_OK, "redis.notifications", NULL, "notify-keyspace-events %s", set);
        else
            doctor_say(d, DOCTOR_WARNING, "redis.notifications", remedy,
                       "notify-keyspace-events is \"%s\": writes without an entry in the change "
                       "stream are only noticed after reconcile-interval",
                       set);
    }
    freeReplyObject(reply);
}

/* ---- the report of this resolver ---- */

static const char *field(const redisReply *hash, const char *name)
{
    for (size_t i = 0; i + 1 < hash->elements; i += 2)
        if (sw_reply_equals(hash->element[i], name) && sw_reply_is_text(hash->element[i + 1]))
            return hash->element[i + 1]->str;
    return "";
}

static void report(struct doctor *d)
{
    const char *id = d->cli->settings.resolver_id;
    const char *key = cli_key(d->cli, "resolver:%s", id);
    redisReply *reply = sw_redis_command(d->cli->redis, "HGETALL %s", key);
    if (sw_reply_has_code(reply, "NOPERM"))
        doctor_say(d, DOCTOR_WARNING, "resolver.report", "sinkwatch status, as user reader",
                   "not known: this user may not read the report of %s", id);
    else if (!sw_reply_is_array(reply, 1))
        doctor_say(d, DOCTOR_FAILURE, "resolver.report",
                   doctor_words("sudo systemctl restart %s; journalctl -u %s", d->unit, d->unit),
                   "resolver %s has not reported for %d seconds: Unbound does not run, or runs "
                   "without the module",
                   id, LIVE_S);
    else if (strcmp(field(reply, "state"), "following") != 0)
        doctor_say(d, DOCTOR_FAILURE, "resolver.report", "sinkwatch status",
                   "resolver %s is in state %s: %s", id, field(reply, "state"),
                   field(reply, "last_error"));
    else if (field(reply, "last_error")[0])
        doctor_say(d, DOCTOR_WARNING, "resolver.report", "sinkwatch status",
                   "resolver %s reports: %s", id, field(reply, "last_error"));
    else
        doctor_say(d, DOCTOR_OK, "resolver.report", NULL, "resolver %s follows the lists", id);
    freeReplyObject(reply);
}

void doctor_redis(struct doctor *d)
{
    if (!d->settings_read)
        return;
    struct sw_settings *s = &d->cli->settings;
    cli_override(d->cli);
    encrypted(d);
    d->redis_open = reach(d);
    if (!d->redis_open)
        return;
    server(d);
    doctor_rights(d, d->cli, "redis.rights", "resolver",
                  "the rights of user resolver in conf/users.acl, then redis-cli ACL LOAD");
    primary(d);
    notifications(d);
    if (s->resolver_id[0])
        report(d);
}
