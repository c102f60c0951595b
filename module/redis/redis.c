#include "redis/redis_parts.h"

#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define SEND_EARLY 32768 /* octets of a pipeline that are sent before the pipeline ends */
#define LENGTH_MAX 23    /* octets of a RESP length: type, 20 digits, CR, LF */

struct sw_redis *sw_redis_new(const struct sw_settings *settings)
{
    struct sw_redis *redis = calloc(1, sizeof(*redis));
    if (!redis)
        return NULL;
    redis->settings = *settings;
    redis->fd = -1;
    redis->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (redis->wake < 0) {
        free(redis);
        return NULL;
    }
    redis->by_sentinel =
        settings->redis_sentinel[0][0] != '\0' && strcmp(settings->redis_primary, "sentinel") != 0;
    struct sw_server server = {.port = settings->redis_port};
    if (!settings->redis_socket[0])
        memcpy(server.host, settings->redis_host, sizeof(server.host));
    sw_redis_aim(redis, &server);
    return redis;
}

struct sw_redis *sw_redis_new_writer(const struct sw_settings *settings)
{
    struct sw_server primary;
    struct sw_settings copy = *settings;
    copy.redis_primary[0] = '\0';
    if (sw_server_parse(settings->redis_primary, &primary) == SW_OK) {
        copy.redis_socket[0] = '\0';
        memcpy(copy.redis_host, primary.host, sizeof(copy.redis_host));
        copy.redis_port = primary.port;
    }
    struct sw_redis *redis = sw_redis_new(&copy);
    explicit_bzero(&copy, sizeof(copy));
    return redis;
}

void sw_redis_aim(struct sw_redis *redis, const struct sw_server *server)
{
    bool bracket = strchr(server->host, ':') != NULL;
    redis->server = *server;
    if (server->host[0] == '\0')
        snprintf(redis->target, SW_REDISTARGET_MAX, "unix:%s", redis->settings.redis_socket);
    else
        snprintf(redis->target, SW_REDISTARGET_MAX, "%s%s%s:%u", bracket ? "[" : "", server->host,
                 bracket ? "]" : "", server->port);
}

void sw_redis_free(struct sw_redis *redis)
{
    if (!redis)
        return;
    sw_redis_close(redis);
    close(redis->wake);
    explicit_bzero(&redis->settings, sizeof(redis->settings));
    free(redis);
}

bool sw_redis_is_open(const struct sw_redis *redis)
{
    return redis->fd >= 0;
}

void sw_redis_interrupt(struct sw_redis *redis)
{
    uint64_t one = 1;
    ssize_t written = write(redis->wake, &one, sizeof(one));
    (void)written; /* fails only when the counter is full: the eventfd is readable anyway */
}

const char *sw_redis_error(const struct sw_redis *redis)
{
    return redis->error;
}

const char *sw_redis_target(const struct sw_redis *redis)
{
    return redis->target;
}

char *sw_redis_key(const struct sw_redis *redis, char *out, size_t max, const char *format, ...)
{
    va_list args;
    size_t prefix = strlen(redis->settings.redis_prefix);
    assert(max > 0);
    out[0] = '\0';
    if (prefix + 2 > max)
        return out;
    memcpy(out, redis->settings.redis_prefix, prefix);
    out[prefix] = ':';
    va_start(args, format);
    int len = vsnprintf(out + prefix + 1, max - prefix - 1, format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= max - prefix - 1)
        out[0] = '\0';
    return out;
}

/* ---- commands ---- */

/* Room in the output buffer. NULL when out of memory. */
static char *room_out(struct sw_redis *redis, size_t len)
{
    if (redis->out_max - redis->out_len < len) {
        size_t max = (redis->out_len + len) * 2;
        char *grown = realloc(redis->out, max);
        if (!grown)
            return NULL;
        redis->out = grown;
        redis->out_max = max;
    }
    return redis->out + redis->out_len;
}

/* Account for another command of len octets in the output buffer. */
static void command_out(struct sw_redis *redis, size_t len)
{
    redis->out_len += len;
    redis->due++;
    if (redis->out_len - redis->out_done >= SEND_EARLY)
        sw_redis_send_some(redis);
}

/* Add a formatted command to the output buffer. */
static enum sw_status put_out(struct sw_redis *redis, const char *command, size_t len)
{
    char *to = room_out(redis, len);
    if (!to)
        return SW_ENOMEM;
    memcpy(to, command, len);
    command_out(redis, len);
    return SW_OK;
}

/* "MOVED 3999 192.0.2.1:6381": the key is on another node of the Cluster (empty host: the same
 * host). */
static bool note_moved(struct sw_redis *redis, const char *error)
{
    const char *at = strrchr(error, ' ');
    struct sw_server moved;
    char text[SW_TEXT_MAX + 8];
    if (strncmp(error, "MOVED ", 6) != 0 || !at)
        return false;
    snprintf(text, sizeof(text), "%s%s", at[1] == ':' ? redis->server.host : "", at + 1);
    if (sw_server_parse(text, &moved) == SW_OK)
        redis->moved = moved;
    return true;
}

/* Whether an error means that another server has to be connected to: MOVED, or READONLY. */
static bool wrong_server(struct sw_redis *redis, const redisReply *reply)
{
    return reply->type == REDIS_REPLY_ERROR &&
           (note_moved(redis, reply->str) ||
            (redis->by_sentinel && strncmp(reply->str, "READONLY", 8) == 0));
}

redisReply *sw_redis_reply(struct sw_redis *redis)
{
    if (redis->fd < 0) {
        if (!redis->error[0])
            sw_redis_problem(redis, "%s: not connected", redis->target);
        return NULL;
    }
    redisReply *reply = sw_redis_exchange(redis);
    if (!reply) {
        sw_redis_close(redis);
        return NULL;
    }
    redis->extra_ms = 0;
    redis->part = (struct sw_resp_part){.string_max = 0};
    sw_redis_came(redis);
    if (reply->type == REDIS_REPLY_ERROR)
        sw_redis_problem(redis, "%s: %s", redis->target, reply->str);
    if (wrong_server(redis, reply)) {
        freeReplyObject(reply);
        sw_redis_close(redis);
        return NULL;
    }
    return reply;
}

/* A RESP length such as "$5\r\n": type, number, CR LF. */
static char *put_length(char *to, char mark, size_t number)
{
    char digits[20];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    *to++ = mark;
    memcpy(to, digits + at, sizeof(digits) - at);
    to += sizeof(digits) - at;
    memcpy(to, "\r\n", 2);
    return to + 2;
}

static char *put_bulk(char *to, const char *text, size_t len)
{
    to = put_length(to, '$', len);
    memcpy(to, text, len);
    memcpy(to + len, "\r\n", 2);
    return to + len + 2;
}

/* A command is an array of bulk strings (RESP2), written straight into the output buffer: the
 * recorder sends a command for each event. */
enum sw_status sw_redis_append_argv(struct sw_redis *redis, int argc, const char **argv,
                                    const size_t *argv_len)
{
    size_t most = LENGTH_MAX;
    if (redis->fd < 0) {
        if (!redis->error[0])
            sw_redis_problem(redis, "%s: not connected", redis->target);
        return SW_ECLOSED;
    }
    for (int i = 0; i < argc; i++)
        most += LENGTH_MAX + 2 + (argv_len ? argv_len[i] : strlen(argv[i]));
    char *start = room_out(redis, most), *to = start;
    if (!start) {
        sw_redis_problem(redis, "out of memory");
        return SW_ENOMEM;
    }
    to = put_length(to, '*', (size_t)argc);
    for (int i = 0; i < argc; i++)
        to = put_bulk(to, argv[i], argv_len ? argv_len[i] : strlen(argv[i]));
    command_out(redis, (size_t)(to - start));
    return SW_OK;
}

size_t sw_redis_head(char *out, size_t max, int argc, const char **argv)
{
    size_t need = LENGTH_MAX;
    for (int i = 0; i < argc; i++)
        need += LENGTH_MAX + 2 + strlen(argv[i]);
    if (need > max)
        return 0;
    char *to = put_length(out, '*', (size_t)argc + 1);
    for (int i = 0; i < argc; i++)
        to = put_bulk(to, argv[i], strlen(argv[i]));
    return (size_t)(to - out);
}

enum sw_status sw_redis_append_last(struct sw_redis *redis, const char *head, size_t head_len,
                                    const char *last, size_t last_len)
{
    if (redis->fd < 0) {
        if (!redis->error[0])
            sw_redis_problem(redis, "%s: not connected", redis->target);
        return SW_ECLOSED;
    }
    char *start = room_out(redis, head_len + LENGTH_MAX + 2 + last_len);
    if (!start) {
        sw_redis_problem(redis, "out of memory");
        return SW_ENOMEM;
    }
    memcpy(start, head, head_len);
    command_out(redis, (size_t)(put_bulk(start + head_len, last, last_len) - start));
    return SW_OK;
}

/* Whether a single command can be sent now. While replies of a pipeline are due, the first of
 * these replies would be taken for the command's reply. */
static bool ready(struct sw_redis *redis)
{
    if (redis->fd >= 0 && redis->due > 0) {
        sw_redis_problem(redis, "%s: a command while %llu replies are due", redis->target,
                         (unsigned long long)redis->due);
        sw_redis_close(redis);
    } else if (redis->fd < 0 && !redis->error[0]) {
        sw_redis_problem(redis, "%s: not connected", redis->target);
    }
    return redis->fd >= 0;
}

redisReply *sw_redis_command(struct sw_redis *redis, const char *format, ...)
{
    char *command = NULL;
    va_list args;
    if (!ready(redis))
        return NULL;
    va_start(args, format);
    int len = redisvFormatCommand(&command, format, args);
    va_end(args);
    enum sw_status status = SW_ENOMEM;
    if (len >= 0) {
        status = put_out(redis, command, (size_t)len);
        redisFreeCommand(command);
    }
    if (status != SW_OK) {
        sw_redis_problem(redis, "command not formatted: out of memory or bad format");
        sw_redis_close(redis);
        return NULL;
    }
    return sw_redis_reply(redis);
}

redisReply *sw_redis_command_argv(struct sw_redis *redis, int argc, const char **argv,
                                  const size_t *argv_len)
{
    if (!ready(redis))
        return NULL;
    if (sw_redis_append_argv(redis, argc, argv, argv_len) != SW_OK) {
        sw_redis_close(redis);
        return NULL;
    }
    return sw_redis_reply(redis);
}

void sw_redis_on_wait(struct sw_redis *redis, void (*fn)(void *arg), void *arg)
{
    redis->on_wait = fn;
    redis->on_wait_arg = arg;
    redis->worked_us = sw_clock_mono_us();
}

enum sw_status sw_redis_set_timeout(struct sw_redis *redis, uint32_t ms)
{
    if (redis->fd < 0)
        return SW_ECLOSED;
    redis->extra_ms = ms;
    return SW_OK;
}

void sw_redis_take_part(struct sw_redis *redis, size_t string_max, unsigned depth_max)
{
    redis->part = (struct sw_resp_part){string_max, depth_max};
}

uint64_t sw_redis_left_out(const struct sw_redis *redis)
{
    return redis->resp.left_out;
}
