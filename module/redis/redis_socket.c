/* redis_socket.c - the floor of a connection: problems, sending, closing. See redis_parts.h. */
#include "redis/redis_parts.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define OUT_KEEP 65536 /* octets of the output buffer kept between commands */
#define SEND_MAX 12288 /* octets of a send(): for more the kernel uses whole pages */

void sw_redis_close(struct sw_redis *redis)
{
    sw_tls_free(redis->tls);
    redis->tls = NULL;
    if (redis->fd >= 0)
        close(redis->fd);
    redis->fd = -1;
    if (redis->reader)
        redisReaderFree(redis->reader);
    redis->reader = NULL;
    free(redis->out);
    redis->out = NULL;
    redis->out_len = redis->out_done = redis->out_max = 0;
    redis->in_at = redis->in_len = 0;
    redis->due = 0;
    redis->extra_ms = 0;
    redis->part = (struct sw_resp_part){.string_max = 0};
    redis->burst = (struct sw_redis_burst){.waited_us = 0};
}

/* ---- problems ---- */

__attribute__((format(printf, 2, 3))) void sw_redis_problem(struct sw_redis *redis,
                                                            const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(redis->error, SW_REDISERROR_MAX, format, args);
    va_end(args);
    for (char *p = redis->error; *p; p++)
        if (*p < 0x20 || *p == 0x7f)
            *p = '?';
}

const char *sw_errno_words(int number, char buf[64])
{
    return strerror_r(number, buf, 64);
}

void sw_redis_problem_errno(struct sw_redis *redis, const char *doing, int number)
{
    char buf[64];
    sw_redis_problem(redis, "%s: %s: %s", redis->target, doing, sw_errno_words(number, buf));
}

enum sw_status sw_redis_problem_wait(struct sw_redis *redis, const char *doing,
                                     enum sw_status status)
{
    if (status == SW_ETIMEOUT)
        sw_redis_problem(redis, "%s: %s: nothing within %u ms", redis->target, doing,
                         redis->settings.redis_timeout_ms + redis->extra_ms);
    else if (status == SW_ECLOSED)
        sw_redis_problem(redis, "%s: interrupted", redis->target);
    else
        sw_redis_problem_errno(redis, doing, errno);
    return status;
}

/* Send as many octets as the socket takes at once. A broken socket drops the rest. Reading goes on
 * up to the end of the stream, since the server may have sent the reason for hanging up. */
void sw_redis_send_some(struct sw_redis *redis)
{
    ssize_t n;
    size_t len;
    do {
        const char *data = redis->out + redis->out_done;
        len = redis->out_len - redis->out_done;
        len = len < SEND_MAX ? len : SEND_MAX;
        n = redis->tls ? sw_tls_send(redis->tls, data, len)
                       : send(redis->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n >= 0)
            redis->out_done += (size_t)n;
        else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
            redis->out_done = redis->out_len;
    } while (n == (ssize_t)len && redis->out_done < redis->out_len);
    if (redis->out_done < redis->out_len)
        return;
    redis->out_len = redis->out_done = 0;
    if (redis->out_max > OUT_KEEP) {
        free(redis->out);
        redis->out = NULL;
        redis->out_max = 0;
    }
}

void sw_redis_flush(struct sw_redis *redis)
{
    if (redis->fd >= 0 && redis->out_len > redis->out_done)
        sw_redis_send_some(redis);
}
