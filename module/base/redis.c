#include "base/redis.h"

#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ERROR_MAX    512
#define TARGET_MAX   (SW_PATH_MAX + 16)
#define PASSWORD_MAX 1024  /* octets of a password from a file */
#define READ_MAX     65536 /* octets taken from the socket at once */
#define OUT_KEEP     65536 /* octets of the output buffer kept between commands */
#define US_PER_MS    1000
#define WAIT_TURN_MS 200 /* between two calls of on_wait */

struct sw_redis {
    struct sw_settings settings;
    int fd;   /* non-blocking; -1 = not open */
    int wake; /* eventfd, readable for good once interrupted; constant until free */
    redisReader *reader;
    char *out; /* commands in RESP; out_done of out_len octets are sent */
    size_t out_len, out_done, out_max;
    uint64_t due;               /* replies not yet fetched */
    uint32_t extra_ms;          /* for the next reply */
    void (*on_wait)(void *arg); /* or NULL */
    void *on_wait_arg;
    char error[ERROR_MAX];
    char target[TARGET_MAX];
    char in[READ_MAX];
};

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
    const char *host = settings->redis_host;
    bool bracket = strchr(host, ':') != NULL;
    if (settings->redis_socket[0])
        snprintf(redis->target, TARGET_MAX, "unix:%s", settings->redis_socket);
    else
        snprintf(redis->target, TARGET_MAX, "%s%s%s:%u", bracket ? "[" : "", host,
                 bracket ? "]" : "", settings->redis_port);
    return redis;
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

void sw_redis_close(struct sw_redis *redis)
{
    if (redis->fd >= 0)
        close(redis->fd);
    redis->fd = -1;
    if (redis->reader)
        redisReaderFree(redis->reader);
    redis->reader = NULL;
    free(redis->out);
    redis->out = NULL;
    redis->out_len = redis->out_done = redis->out_max = 0;
    redis->due = 0;
    redis->extra_ms = 0;
}

bool sw_redis_is_open(const struct sw_redis *redis)
{
    return redis->fd >= 0;
}

void sw_redis_interrupt(struct sw_redis *redis)
{
    uint64_t one = 1;
    ssize_t written = write(redis->wake, &one, sizeof(one));
    (void)written; /* fails only when the counter is full: then it is readable already */
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

/* ---- problems ---- */

/* Keep words about a problem: plain ASCII, since they reach logs and terminals. */
__attribute__((format(printf, 2, 3))) static void problem(struct sw_redis *redis,
                                                          const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(redis->error, ERROR_MAX, format, args);
    va_end(args);
    for (char *p = redis->error; *p; p++)
        if (*p < 0x20 || *p == 0x7f)
            *p = '?';
}

/* strerror() that is safe with threads (the GNU form). */
static const char *errno_words(int number, char buf[64])
{
    return strerror_r(number, buf, 64);
}

static void problem_errno(struct sw_redis *redis, const char *doing, int number)
{
    char buf[64];
    problem(redis, "%s: %s: %s", redis->target, doing, errno_words(number, buf));
}

static enum sw_status problem_wait(struct sw_redis *redis, const char *doing, enum sw_status status)
{
    if (status == SW_ETIMEOUT)
        problem(redis, "%s: %s: nothing within %u ms", redis->target, doing,
                redis->settings.redis_timeout_ms + redis->extra_ms);
    else if (status == SW_ECLOSED)
        problem(redis, "%s: interrupted", redis->target);
    else
        problem_errno(redis, doing, errno);
    return status;
}

/* ---- waiting ---- */

/*
 * Wait until the socket is ready for some of the events (or broken, which the next call on it
 * will tell). SW_OK, SW_ETIMEOUT, SW_ECLOSED when interrupted, SW_EIO with errno.
 */
static enum sw_status wait_for(const struct sw_redis *redis, int fd, short events,
                               int64_t deadline_us)
{
    for (;;) {
        struct pollfd fds[2] = {{.fd = redis->wake, .events = POLLIN},
                                {.fd = fd, .events = events}};
        int64_t left_us = deadline_us - sw_clock_mono_us();
        int64_t left_ms = left_us <= 0 ? 0 : (left_us + US_PER_MS - 1) / US_PER_MS;
        int64_t most_ms = redis->on_wait ? WAIT_TURN_MS : INT32_MAX;
        int n = poll(fds, 2, left_ms > most_ms ? (int)most_ms : (int)left_ms);
        if (n < 0 && errno != EINTR)
            return SW_EIO;
        if (n > 0 && fds[0].revents)
            return SW_ECLOSED;
        if (n > 0)
            return SW_OK;
        if (n == 0 && left_us <= 0)
            return SW_ETIMEOUT;
        if (n == 0 && redis->on_wait)
            redis->on_wait(redis->on_wait_arg);
    }
}

static int64_t deadline(const struct sw_redis *redis)
{
    int64_t ms = (int64_t)redis->settings.redis_timeout_ms + redis->extra_ms;
    return sw_clock_mono_us() + ms * US_PER_MS;
}

/* ---- connecting ---- */

/* Connect one socket to one address before the deadline; *fd only on SW_OK. */
static enum sw_status connect_to(struct sw_redis *redis, const struct sockaddr *sa,
                                 socklen_t sa_len, int64_t until_us, int *fd)
{
    enum sw_status status = SW_EIO;
    int failed = 0;
    socklen_t len = sizeof(failed);
    int sock = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (sock < 0) {
        problem_errno(redis, "socket", errno);
        return SW_EIO;
    }
    if (connect(sock, sa, sa_len) != 0 && errno != EINPROGRESS) {
        problem_errno(redis, "connect", errno);
        goto cleanup;
    }
    status = wait_for(redis, sock, POLLOUT, until_us);
    if (status != SW_OK) {
        problem_wait(redis, "connect", status);
        goto cleanup;
    }
    if (getsockopt(sock, SOL_SOCKET, SO_ERROR, &failed, &len) != 0)
        failed = errno;
    if (failed) {
        problem_errno(redis, "connect", failed);
        status = SW_EIO;
        goto cleanup;
    }
    *fd = sock;
    return SW_OK;
cleanup:
    close(sock);
    return status;
}

static enum sw_status connect_unix(struct sw_redis *redis, int64_t until_us, int *fd)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    size_t len = strlen(redis->settings.redis_socket);
    if (len >= sizeof(sa.sun_path)) {
        problem_errno(redis, "connect", ENAMETOOLONG);
        return SW_EIO;
    }
    memcpy(sa.sun_path, redis->settings.redis_socket, len);
    return connect_to(redis, (const struct sockaddr *)&sa, sizeof(sa), until_us, fd);
}

/* Every address of the host in turn, all within one time-out. */
static enum sw_status connect_tcp(struct sw_redis *redis, int64_t until_us, int *fd)
{
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    enum sw_status status = SW_EIO;
    const int on = 1;
    char port[8];
    snprintf(port, sizeof(port), "%u", redis->settings.redis_port);
    int rc = getaddrinfo(redis->settings.redis_host, port, &hints, &found);
    if (rc != 0) {
        problem(redis, "%s: no address: %s", redis->target, gai_strerror(rc));
        return SW_EIO;
    }
    for (struct addrinfo *ai = found; ai && status != SW_OK && status != SW_ECLOSED;
         ai = ai->ai_next)
        status = connect_to(redis, ai->ai_addr, ai->ai_addrlen, until_us, fd);
    freeaddrinfo(found);
    if (status == SW_OK) { /* both are helpful only: failure does not matter */
        setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        setsockopt(*fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    }
    return status;
}

/* First line of the password file. SW_EIO, after a problem, when there is none. */
static enum sw_status read_password(struct sw_redis *redis, char password[PASSWORD_MAX])
{
    const char *path = redis->settings.redis_password_file;
    char buf[64];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t len = fd >= 0 ? read(fd, password, PASSWORD_MAX - 1) : -1;
    int failed = errno;
    if (fd >= 0)
        close(fd);
    if (len < 0) {
        problem(redis, "redis-password-file %s: %s", path, errno_words(failed, buf));
        return SW_EIO;
    }
    password[len] = '\0';
    password[strcspn(password, "\r\n")] = '\0';
    if (password[0] == '\0') {
        problem(redis, "redis-password-file %s: its first line is empty", path);
        return SW_EIO;
    }
    return SW_OK;
}

/* The reply to an AUTH or PING: SW_OK, SW_EREDIS, or SW_EIO when the connection failed. Of an
 * error only the code is told: Redis quotes the arguments of a command that it does not know. */
static enum sw_status greeting_status(struct sw_redis *redis, const char *doing, redisReply *reply)
{
    enum sw_status status = SW_OK;
    if (!reply)
        return SW_EIO;
    if (reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "NOPERM", 6) != 0) {
        problem(redis, "%s: %s refused: %.*s", redis->target, doing, (int)strcspn(reply->str, " "),
                reply->str);
        status = SW_EREDIS;
    }
    freeReplyObject(reply);
    return status;
}

static enum sw_status authenticate(struct sw_redis *redis)
{
    char password[PASSWORD_MAX];
    char doing[SW_TEXT_MAX + 32];
    const char *user = redis->settings.redis_user;
    enum sw_status status = SW_OK;
    memcpy(password, redis->settings.redis_password, SW_TEXT_MAX);
    if (redis->settings.redis_password_file[0])
        status = read_password(redis, password);
    if (status == SW_OK && (password[0] || user[0])) {
        const char *argv[3] = {"AUTH", user[0] ? user : password, password};
        size_t len[3] = {4, strlen(argv[1]), strlen(argv[2])};
        snprintf(doing, sizeof(doing), "AUTH%s%s", user[0] ? " as user " : "", user);
        status =
            greeting_status(redis, doing, sw_redis_command_argv(redis, user[0] ? 3 : 2, argv, len));
    }
    explicit_bzero(password, sizeof(password));
    return status;
}

enum sw_status sw_redis_open(struct sw_redis *redis)
{
    int fd = -1;
    enum sw_status status;
    sw_redis_close(redis);
    status = wait_for(redis, -1, 0, 0); /* a look at the interruption only */
    if (status == SW_ECLOSED)
        return problem_wait(redis, "connect", status);
    if (redis->settings.redis_socket[0])
        status = connect_unix(redis, deadline(redis), &fd);
    else
        status = connect_tcp(redis, deadline(redis), &fd);
    if (status != SW_OK)
        return status == SW_ECLOSED ? SW_ECLOSED : SW_EIO;
    redis->fd = fd;
    redis->reader = redisReaderCreate();
    if (!redis->reader) {
        problem(redis, "out of memory");
        sw_redis_close(redis);
        return SW_EIO;
    }
    status = authenticate(redis);
    if (status == SW_OK)
        status = greeting_status(redis, "PING", sw_redis_command(redis, "PING"));
    if (status != SW_OK) {
        sw_redis_close(redis);
        if (wait_for(redis, -1, 0, 0) == SW_ECLOSED)
            return SW_ECLOSED;
        return status;
    }
    redis->error[0] = '\0';
    return SW_OK;
}

/* ---- commands ---- */

/* Add a formatted command to the output buffer. */
static enum sw_status put_out(struct sw_redis *redis, const char *command, size_t len)
{
    if (redis->out_max - redis->out_len < len) {
        size_t max = (redis->out_len + len) * 2;
        char *grown = realloc(redis->out, max);
        if (!grown)
            return SW_ENOMEM;
        redis->out = grown;
        redis->out_max = max;
    }
    memcpy(redis->out + redis->out_len, command, len);
    redis->out_len += len;
    redis->due++;
    return SW_OK;
}

/* Send what the socket takes now. A broken socket drops the rest: reading goes on, since the
 * server may have said why it hung up, and ends with the end of the stream. */
static void send_some(struct sw_redis *redis)
{
    ssize_t n = send(redis->fd, redis->out + redis->out_done, redis->out_len - redis->out_done,
                     MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0)
        redis->out_done += (size_t)n;
    else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
        redis->out_done = redis->out_len;
    if (redis->out_done < redis->out_len)
        return;
    redis->out_len = redis->out_done = 0;
    if (redis->out_max > OUT_KEEP) {
        free(redis->out);
        redis->out = NULL;
        redis->out_max = 0;
    }
}

/* Take what the socket has into the reader. *progress: something came. */
static enum sw_status receive_some(struct sw_redis *redis, bool *progress)
{
    ssize_t n = recv(redis->fd, redis->in, READ_MAX, MSG_DONTWAIT);
    *progress = n > 0;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return SW_OK;
    if (n < 0) {
        problem_errno(redis, "read", errno);
        return SW_EIO;
    }
    if (n == 0) {
        problem(redis, "%s: closed by the server", redis->target);
        return SW_EIO;
    }
    if (redisReaderFeed(redis->reader, redis->in, (size_t)n) != REDIS_OK) {
        problem(redis, "%s: %s", redis->target, redis->reader->errstr);
        return SW_EIO;
    }
    return SW_OK;
}

/* Send and receive until one whole reply is there. NULL after a problem. */
static redisReply *exchange(struct sw_redis *redis)
{
    int64_t until_us = deadline(redis);
    for (;;) {
        void *reply = NULL;
        bool progress = false;
        if (redisReaderGetReply(redis->reader, &reply) != REDIS_OK) {
            problem(redis, "%s: no Redis reply: %s", redis->target, redis->reader->errstr);
            return NULL;
        }
        if (reply)
            return reply;
        size_t waiting = redis->out_len - redis->out_done;
        if (waiting)
            send_some(redis);
        bool more = redis->out_len > redis->out_done;
        if (redis->out_len - redis->out_done != waiting)
            until_us = deadline(redis);
        enum sw_status status =
            wait_for(redis, redis->fd, (short)(more ? POLLIN | POLLOUT : POLLIN), until_us);
        if (status != SW_OK) {
            problem_wait(redis, "command", status);
            return NULL;
        }
        if (receive_some(redis, &progress) != SW_OK)
            return NULL;
        if (progress)
            until_us = deadline(redis);
    }
}

redisReply *sw_redis_reply(struct sw_redis *redis)
{
    if (redis->fd < 0) {
        if (!redis->error[0])
            problem(redis, "%s: not connected", redis->target);
        return NULL;
    }
    redisReply *reply = exchange(redis);
    redis->extra_ms = 0;
    if (!reply) {
        sw_redis_close(redis);
        return NULL;
    }
    if (redis->due)
        redis->due--;
    if (reply->type == REDIS_REPLY_ERROR)
        problem(redis, "%s: %s", redis->target, reply->str);
    return reply;
}

enum sw_status sw_redis_append_argv(struct sw_redis *redis, int argc, const char **argv,
                                    const size_t *argv_len)
{
    char *command = NULL;
    if (redis->fd < 0) {
        if (!redis->error[0])
            problem(redis, "%s: not connected", redis->target);
        return SW_ECLOSED;
    }
    long long len = redisFormatCommandArgv(&command, argc, argv, argv_len);
    if (len < 0) {
        problem(redis, "out of memory");
        return SW_ENOMEM;
    }
    enum sw_status status = put_out(redis, command, (size_t)len);
    redisFreeCommand(command);
    return status;
}

/* Whether a single command can be sent now: replies would be taken for each other's while
 * those of a pipeline are due. */
static bool ready(struct sw_redis *redis)
{
    if (redis->fd >= 0 && redis->due > 0) {
        problem(redis, "%s: a command while %llu replies are due", redis->target,
                (unsigned long long)redis->due);
        sw_redis_close(redis);
    } else if (redis->fd < 0 && !redis->error[0]) {
        problem(redis, "%s: not connected", redis->target);
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
        problem(redis, "command not formatted: out of memory or bad format");
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
}

enum sw_status sw_redis_set_timeout(struct sw_redis *redis, uint32_t ms)
{
    if (redis->fd < 0)
        return SW_ECLOSED;
    redis->extra_ms = ms;
    return SW_OK;
}
