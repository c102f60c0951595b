/*
 * redis_read.c - waiting for a server, and replies: from the socket past the scanner into hiredis.
 *
 * Three limits hold for each reply, or for the replies of a pipeline together (D-095):
 *   silence   redis-timeout without an octet in either direction
 *   time      twice redis-timeout, and a second more for each RATE octets that moved, up to
 *             SLOW_MAX_US more
 *   size      octets and elements, counted before hiredis sees the octets
 */
#include "base/clock.h"
#include "redis/redis_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define US_PER_S              1000000
#define US_PER_MS             1000
#define WAIT_TURN_US          (200 * US_PER_MS)         /* between two calls of on_wait */
#define RATE                  16384                     /* octets a second: a link of 128 kbit/s */
#define SLOW_MAX_US           (INT64_C(120) * US_PER_S) /* at most granted for octets that moved */
#define GREETING_MAX          65536 /* octets of a reply to AUTH, PING, ROLE, SENTINEL */
#define GREETING_ELEMENTS_MAX 4096

/* ---- waiting ---- */

/* Call on_wait, if due. */
static void work_meanwhile(struct sw_redis *redis, int64_t now_us)
{
    if (!redis->on_wait || now_us - redis->worked_us < WAIT_TURN_US)
        return;
    redis->worked_us = now_us;
    redis->on_wait(redis->on_wait_arg);
}

/* The time-out for poll(), up to the deadline or the next call of on_wait. */
static int poll_ms(const struct sw_redis *redis, int64_t now_us, int64_t deadline_us)
{
    int64_t left_us = deadline_us - now_us;
    if (redis->on_wait && redis->worked_us + WAIT_TURN_US - now_us < left_us)
        left_us = redis->worked_us + WAIT_TURN_US - now_us;
    int64_t ms = left_us <= 0 ? 0 : (left_us + US_PER_MS - 1) / US_PER_MS;
    return ms < INT32_MAX ? (int)ms : INT32_MAX;
}

enum sw_status sw_redis_wait(struct sw_redis *redis, int fd, short events, int64_t deadline_us)
{
    for (;;) {
        struct pollfd fds[2] = {{.fd = redis->wake, .events = POLLIN},
                                {.fd = fd, .events = events}};
        int n = poll(fds, 2, poll_ms(redis, sw_clock_mono_us(), deadline_us));
        int64_t now_us = sw_clock_mono_us();
        if (n < 0 && errno != EINTR)
            return SW_EIO;
        if (n > 0 && fds[0].revents)
            return SW_ECLOSED;
        if (n == 0 && now_us >= deadline_us)
            return SW_ETIMEOUT;
        work_meanwhile(redis, now_us);
        if (n > 0)
            return SW_OK;
    }
}

int64_t sw_redis_deadline(const struct sw_redis *redis)
{
    int64_t ms = (int64_t)redis->settings.redis_timeout_ms + redis->extra_ms;
    return sw_clock_mono_us() + ms * US_PER_MS;
}

/* ---- replies ---- */

void sw_redis_limit(struct sw_redis *redis, bool greeting)
{
    sw_resp_init(&redis->resp, greeting ? GREETING_MAX : SW_RESP_OCTETS_MAX,
                 greeting ? GREETING_ELEMENTS_MAX : SW_RESP_ELEMENTS_MAX);
}

/* Refuse a reply that the scanner or hiredis did not accept. */
static enum sw_status refuse(struct sw_redis *redis, enum sw_status status, const char *why)
{
    redis->too_large = status == SW_ETOOBIG;
    sw_redis_problem(redis, "%s: %s: %s", redis->target,
                     redis->too_large ? "a reply over its limits" : "no Redis reply", why);
    return SW_EIO;
}

static void feed_reader(void *arg, const char *data, size_t len)
{
    (void)redisReaderFeed(arg, data, len); /* a failure stays in the reader */
}

static bool is_in_part(const struct sw_redis *redis)
{
    return redis->part.string_max || redis->part.depth_max;
}

/* Scan received octets, and give them, or the wanted part, to hiredis. */
static enum sw_status scan(struct sw_redis *redis, const char *data, size_t len, size_t *used)
{
    if (is_in_part(redis))
        return sw_resp_sieve(&redis->resp, &redis->part, feed_reader, redis->reader, data, len,
                             used);
    enum sw_status status = sw_resp_scan(&redis->resp, data, len, used);
    if (status == SW_OK || status == SW_ENOTFOUND)
        feed_reader(redis->reader, data, *used);
    return status;
}

/* Give received octets to hiredis, up to the end of a reply. *out stays NULL for an incomplete
 * reply. */
static enum sw_status next_reply(struct sw_redis *redis, redisReply **out)
{
    void *reply = NULL;
    size_t used = 0;
    if (redis->in_at == redis->in_len)
        return SW_OK;
    const char *data = redis->in + redis->in_at;
    enum sw_status status = scan(redis, data, redis->in_len - redis->in_at, &used);
    if (status != SW_OK && status != SW_ENOTFOUND)
        return refuse(redis, status, redis->resp.why);
    redis->in_at += used;
    if (status == SW_ENOTFOUND && is_in_part(redis))
        return SW_OK; /* for hiredis the reply can end before the rest that is left out */
    if (redisReaderGetReply(redis->reader, &reply) != REDIS_OK)
        return refuse(redis, SW_ESYNTAX, redisReaderGetError(redis->reader));
    if ((status == SW_OK) != (reply != NULL)) {
        freeReplyObject(reply);
        return refuse(redis, SW_ESYNTAX, "the end of the reply is in doubt");
    }
    *out = reply;
    return SW_OK;
}

/* Read from the socket into in[], which is empty before. *progress: octets arrived. */
static enum sw_status receive_some(struct sw_redis *redis, bool *progress)
{
    ssize_t n = redis->tls ? sw_tls_recv(redis->tls, redis->in, SW_REDISREAD_MAX)
                           : recv(redis->fd, redis->in, SW_REDISREAD_MAX, MSG_DONTWAIT);
    *progress = n > 0;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return SW_OK;
    if (n < 0) {
        sw_redis_problem_errno(redis, "read", errno);
        return SW_EIO;
    }
    if (n == 0) {
        sw_redis_problem(redis, "%s: closed by the server", redis->target);
        return SW_EIO;
    }
    redis->in_at = 0;
    redis->in_len = (size_t)n;
    redis->burst.moved += (size_t)n;
    return SW_OK;
}

/* Microseconds of waiting allowed for the current pipeline, by the octets that moved so far. */
static int64_t allowed_us(const struct sw_redis *redis)
{
    int64_t ms = 2 * (int64_t)redis->settings.redis_timeout_ms + (int64_t)redis->burst.granted_ms;
    uint64_t slow = redis->burst.moved * US_PER_S / RATE;
    return ms * US_PER_MS + (slow < SLOW_MAX_US ? (int64_t)slow : SLOW_MAX_US);
}

/* Wait for the socket, then send and receive once. */
static enum sw_status move_some(struct sw_redis *redis, int64_t *silent_until_us)
{
    bool progress = false;
    size_t waiting = redis->out_len - redis->out_done;
    if (waiting)
        sw_redis_send_some(redis);
    size_t left = redis->out_len - redis->out_done;
    redis->burst.moved += waiting - left;
    if (left != waiting)
        *silent_until_us = sw_redis_deadline(redis);
    short events = (short)(left ? POLLIN | POLLOUT : POLLIN);
    enum sw_status status = sw_redis_wait(redis, redis->fd, events, *silent_until_us);
    if (status != SW_OK)
        return sw_redis_problem_wait(redis, "command", status);
    status = receive_some(redis, &progress);
    if (progress)
        *silent_until_us = sw_redis_deadline(redis);
    return status;
}

/* Wait for a reply that has not arrived yet. */
static enum sw_status wait_for_reply(struct sw_redis *redis, redisReply **out)
{
    enum sw_status status = SW_OK;
    int64_t began_us = sw_clock_mono_us() - redis->burst.waited_us;
    int64_t silent_until_us = sw_redis_deadline(redis);
    redis->burst.granted_ms += redis->extra_ms;
    while (status == SW_OK && !*out) {
        redis->burst.waited_us = sw_clock_mono_us() - began_us;
        if (redis->burst.waited_us > allowed_us(redis)) {
            sw_redis_problem(redis, "%s: command: too slow: %" PRIu64 " octets in %" PRId64 " ms",
                             redis->target, redis->burst.moved, redis->burst.waited_us / US_PER_MS);
            return SW_ETIMEOUT;
        }
        status = move_some(redis, &silent_until_us);
        if (status == SW_OK)
            status = next_reply(redis, out);
    }
    redis->burst.waited_us = sw_clock_mono_us() - began_us;
    return status;
}

redisReply *sw_redis_exchange(struct sw_redis *redis)
{
    redisReply *reply = NULL;
    enum sw_status status = next_reply(redis, &reply);
    if (status == SW_OK && !reply)
        status = wait_for_reply(redis, &reply);
    return status == SW_OK ? reply : NULL;
}

void sw_redis_came(struct sw_redis *redis)
{
    if (redis->due)
        redis->due--;
    if (!redis->due)
        redis->burst = (struct sw_redis_burst){.waited_us = 0};
}

enum sw_status sw_redis_take(struct sw_redis *redis, redisReply **out)
{
    redisReply *reply = NULL;
    bool progress = true;
    sw_redis_flush(redis);
    if (redis->fd < 0)
        return SW_ECLOSED;
    enum sw_status status = next_reply(redis, &reply);
    while (status == SW_OK && !reply && progress) {
        status = receive_some(redis, &progress);
        if (status == SW_OK)
            status = next_reply(redis, &reply);
    }
    if (status != SW_OK) {
        sw_redis_close(redis);
        return SW_ECLOSED;
    }
    if (reply)
        sw_redis_came(redis);
    *out = reply;
    return SW_OK;
}

bool sw_redis_was_queued(struct sw_redis *redis)
{
    static const char queued[] = "+QUEUED\r\n";
    const size_t len = sizeof(queued) - 1;
    if (redis->fd < 0 || redis->due == 0 || !sw_resp_at_start(&redis->resp) ||
        redis->in_len - redis->in_at < len || memcmp(redis->in + redis->in_at, queued, len) != 0)
        return false;
    redis->in_at += len;
    sw_redis_came(redis);
    return true;
}

bool sw_redis_was_too_large(const struct sw_redis *redis)
{
    return redis->too_large;
}
