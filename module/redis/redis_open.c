#include "redis/redis_parts.h"

#include "base/clock.h"
#include "base/policy.h"
#include "base/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PASSWORD_MAX 1024                /* octets of a password from a file */
#define LOOK_UP_US   INT64_C(3600000000) /* an hour: the system's resolver gives up earlier */

/* ---- connecting ---- */

/* Connect a socket to an address before the deadline; *fd only on SW_OK. */
static enum sw_status connect_to(struct sw_redis *redis, const struct sockaddr *sa,
                                 socklen_t sa_len, int64_t until_us, int *fd)
{
    enum sw_status status = SW_EIO;
    int failed = 0;
    socklen_t len = sizeof(failed);
    int sock = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (sock < 0) {
        sw_redis_problem_errno(redis, "socket", errno);
        return SW_EIO;
    }
    if (connect(sock, sa, sa_len) != 0 && errno != EINPROGRESS) {
        sw_redis_problem_errno(redis, "connect", errno);
        goto cleanup;
    }
    status = sw_redis_wait(redis, sock, POLLOUT, until_us);
    if (status != SW_OK) {
        sw_redis_problem_wait(redis, "connect", status);
        goto cleanup;
    }
    if (getsockopt(sock, SOL_SOCKET, SO_ERROR, &failed, &len) != 0)
        failed = errno;
    if (failed) {
        sw_redis_problem_errno(redis, "connect", failed);
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
        sw_redis_problem_errno(redis, "connect", ENAMETOOLONG);
        return SW_EIO;
    }
    memcpy(sa.sun_path, redis->settings.redis_socket, len);
    return connect_to(redis, (const struct sockaddr *)&sa, sizeof(sa), until_us, fd);
}

/* The look-up of a host name in a separate thread. */
struct look_up {
    const char *host, *port;
    struct addrinfo *found;
    int rc;   /* of getaddrinfo(); rc and found are read after the thread was joined */
    int over; /* eventfd: readable when getaddrinfo() has returned */
};

static int get_addresses(const char *host, const char *port, int flags, struct addrinfo **found)
{
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | flags};
    return getaddrinfo(host, port, &hints, found);
}

static void *look_up_run(void *arg)
{
    struct look_up *look_up = arg;
    look_up->rc = get_addresses(look_up->host, look_up->port, 0, &look_up->found);
    (void)eventfd_write(look_up->over, 1);
    return NULL;
}

/* getaddrinfo() may take half a minute and cannot be interrupted. With on_wait set, getaddrinfo()
 * runs in a separate thread and on_wait is called meanwhile. Without on_wait, or when no thread can
 * be started, getaddrinfo() runs in the caller's thread. */
static int find_addresses(struct sw_redis *redis, const char *port, struct addrinfo **found)
{
    struct look_up look_up = {.host = redis->server.host, .port = port};
    pthread_t thread;
    int rc = get_addresses(look_up.host, port, AI_NUMERICHOST, found);
    if (rc != EAI_NONAME)
        return rc;
    look_up.over = redis->on_wait ? eventfd(0, EFD_CLOEXEC) : -1;
    if (look_up.over < 0 || !sw_thread_start(&thread, "sw-lookup", look_up_run, &look_up)) {
        rc = get_addresses(look_up.host, port, 0, found);
    } else {
        (void)sw_redis_wait(redis, look_up.over, POLLIN, sw_clock_mono_us() + LOOK_UP_US);
        pthread_join(thread, NULL);
        rc = look_up.rc;
        *found = look_up.found;
    }
    if (look_up.over >= 0)
        close(look_up.over);
    return rc;
}

/* Try every address of the host in turn, all within a single time-out. */
static enum sw_status connect_tcp(struct sw_redis *redis, int64_t until_us, int *fd)
{
    struct addrinfo *found = NULL;
    enum sw_status status = SW_EIO;
    const int on = 1;
    char port[8];
    snprintf(port, sizeof(port), "%u", redis->server.port);
    int rc = find_addresses(redis, port, &found);
    if (rc != 0) {
        sw_redis_problem(redis, "%s: no address: %s", redis->target, gai_strerror(rc));
        return SW_EIO;
    }
    for (struct addrinfo *ai = found; ai && status != SW_OK && status != SW_ECLOSED;
         ai = ai->ai_next)
        status = connect_to(redis, ai->ai_addr, ai->ai_addrlen, until_us, fd);
    freeaddrinfo(found);
    if (status == SW_OK) { /* both options help but are not needed: errors are ignored */
        setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        setsockopt(*fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    }
    return status;
}

/* First line of the password file. SW_EIO, with a message, if that cannot be read. */
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
        sw_redis_problem(redis, "password file %s: %s", path, sw_errno_words(failed, buf));
        return SW_EIO;
    }
    password[len] = '\0';
    password[strcspn(password, "\r\n")] = '\0';
    if (password[0] == '\0') {
        sw_redis_problem(redis, "password file %s: the first line is empty", path);
        return SW_EIO;
    }
    return SW_OK;
}

/* How many octets of an error a message may show. Redis quotes the arguments of an unknown command,
 * and an argument of AUTH is the password: such an error is cut to its code. */
static int told(const char *error, const char *secret)
{
    bool quoted =
        secret && (strstr(error, "unknown command") || (*secret && strstr(error, secret)));
    return (int)strcspn(error, quoted ? " " : "\r\n");
}

/* The reply to an AUTH or PING: SW_OK, SW_EREDIS, or SW_EIO when the connection failed. secret: the
 * password that was sent, or NULL. */
static enum sw_status greeting_status(struct sw_redis *redis, const char *doing, const char *secret,
                                      redisReply *reply)
{
    enum sw_status status = SW_OK;
    if (!reply)
        return SW_EIO;
    if (reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "NOPERM", 6) != 0) {
        sw_redis_problem(redis, "%s: %s refused: %.*s", redis->target, doing,
                         told(reply->str, secret), reply->str);
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
        status = greeting_status(redis, doing, password,
                                 sw_redis_command_argv(redis, user[0] ? 3 : 2, argv, len));
    }
    explicit_bzero(password, sizeof(password));
    return status;
}

/* TLS on the socket that was just connected. */
static enum sw_status start_tls(struct sw_redis *redis, int64_t until_us)
{
    char why[SW_WHY_MAX];
    short events = POLLIN;
    enum sw_status status =
        sw_tls_new(&redis->settings, redis->server.host, redis->fd, &redis->tls, why);
    if (status != SW_OK) {
        sw_redis_problem(redis, "%s: %s", redis->target, why);
        return SW_EIO;
    }
    while ((status = sw_tls_handshake(redis->tls, &events, why)) == SW_ETIMEOUT) {
        status = sw_redis_wait(redis, redis->fd, events, until_us);
        if (status == SW_OK && sw_clock_mono_us() > until_us)
            status = SW_ETIMEOUT;
        if (status != SW_OK)
            return sw_redis_problem_wait(redis, "TLS", status);
    }
    if (status != SW_OK)
        sw_redis_problem(redis, "%s: TLS: %s", redis->target, why);
    return status;
}

/* Connect to the server aimed at, up to an answered PING. Closed again after a failure. */
static enum sw_status connect_and_greet(struct sw_redis *redis)
{
    int64_t until_us = sw_redis_deadline(redis);
    int fd = -1;
    enum sw_status status = redis->server.host[0] ? connect_tcp(redis, until_us, &fd)
                                                  : connect_unix(redis, until_us, &fd);
    if (status != SW_OK)
        return status == SW_ECLOSED ? SW_ECLOSED : SW_EIO;
    redis->fd = fd;
    sw_redis_limit(redis, true);
    redis->reader = redisReaderCreate();
    if (!redis->reader) {
        sw_redis_problem(redis, "out of memory");
        status = SW_EIO;
    }
    if (status == SW_OK && redis->settings.redis_tls && redis->server.host[0])
        status = start_tls(redis, until_us);
    if (status == SW_OK)
        status = authenticate(redis);
    if (status == SW_OK)
        status = greeting_status(redis, "PING", NULL, sw_redis_command(redis, "PING"));
    if (status == SW_OK)
        return SW_OK;
    sw_redis_close(redis);
    if (sw_redis_wait(redis, -1, 0, 0) == SW_ECLOSED)
        return SW_ECLOSED;
    return status == SW_EREDIS ? SW_EREDIS : SW_EIO;
}

/* ---- sentinels ---- */

/* A connection to a sentinel; sw_redis_interrupt() of `redis` interrupts both. NULL: no memory. */
static struct sw_redis *sentinel_link(const struct sw_redis *redis, const char *address)
{
    struct sw_settings settings = redis->settings;
    struct sw_server server;
    struct sw_redis *link = NULL;
    if (sw_server_parse(address, &server) == SW_OK) {
        memcpy(settings.redis_host, server.host, sizeof(settings.redis_host));
        settings.redis_port = server.port;
        settings.redis_socket[0] = settings.redis_sentinel[0][0] = '\0';
        memcpy(settings.redis_user, settings.sentinel_user, SW_TEXT_MAX);
        memcpy(settings.redis_password, settings.sentinel_password, SW_TEXT_MAX);
        memcpy(settings.redis_password_file, settings.sentinel_password_file, SW_PATH_MAX);
        link = sw_redis_new(&settings);
    }
    explicit_bzero(&settings, sizeof(settings));
    if (link) {
        link->no_keys = true;
        sw_redis_on_wait(link, redis->on_wait, redis->on_wait_arg);
        close(link->wake);
        link->wake = fcntl(redis->wake, F_DUPFD_CLOEXEC, 0);
    }
    if (link && link->wake < 0) {
        sw_redis_free(link);
        link = NULL;
    }
    return link;
}

/* Ask a sentinel for the address of the primary. */
static enum sw_status ask_sentinel(struct sw_redis *redis, const char *address,
                                   struct sw_server *out)
{
    const char *name = redis->settings.redis_sentinel_master;
    struct sw_redis *link = sentinel_link(redis, address);
    enum sw_status status = link ? sw_redis_open(link) : SW_EIO;
    redisReply *reply = NULL;
    if (status == SW_OK) {
        reply = sw_redis_command(link, "SENTINEL get-master-addr-by-name %s", name);
        status = reply ? SW_EREDIS : SW_EIO;
    }
    if (reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
        reply->element[0]->type == REDIS_REPLY_STRING &&
        reply->element[1]->type == REDIS_REPLY_STRING) {
        char text[SW_TEXT_MAX + 16];
        snprintf(text, sizeof(text), "[%.*s]:%.8s", SW_TEXT_MAX - 1, reply->element[0]->str,
                 reply->element[1]->str);
        status = sw_server_parse(text, out);
    }
    if (status != SW_OK)
        sw_redis_problem(redis, "sentinel %s: %s", address,
                         link && link->error[0] ? link->error : "does not know this primary");
    freeReplyObject(reply);
    sw_redis_free(link);
    return status;
}

/* The address of the primary, from the first sentinel that knows the address. */
static enum sw_status find_primary(struct sw_redis *redis, struct sw_server *out)
{
    enum sw_status status = SW_EIO;
    for (size_t i = 0; i < SW_SENTINELS_MAX && redis->settings.redis_sentinel[i][0]; i++) {
        status = ask_sentinel(redis, redis->settings.redis_sentinel[i], out);
        if (status == SW_OK || status == SW_ECLOSED)
            break;
    }
    return status == SW_OK || status == SW_ECLOSED ? status : SW_EIO;
}

/* Refuse a server that is no primary. For some seconds after a failover, sentinels may still name
 * the old primary, or a server that was demoted. */
static enum sw_status check_role(struct sw_redis *redis)
{
    redisReply *reply = sw_redis_command(redis, "ROLE");
    enum sw_status status = reply ? SW_OK : SW_EIO;
    if (reply && reply->type == REDIS_REPLY_ARRAY && reply->elements > 0 &&
        reply->element[0]->type == REDIS_REPLY_STRING &&
        strcmp(reply->element[0]->str, "master") != 0) {
        sw_redis_problem(redis, "%s: named by a sentinel, but it is a %.20s", redis->target,
                         reply->element[0]->str);
        status = SW_EREDIS;
    }
    freeReplyObject(reply);
    if (status != SW_OK)
        sw_redis_close(redis);
    return status;
}

/* ---- opening ---- */

/* Connect to the server of the settings, or to the primary named by the sentinels. */
static enum sw_status open_configured(struct sw_redis *redis)
{
    struct sw_server server = {.port = redis->settings.redis_port};
    enum sw_status status = SW_OK;
    if (redis->by_sentinel)
        status = find_primary(redis, &server);
    else if (!redis->settings.redis_socket[0])
        memcpy(server.host, redis->settings.redis_host, sizeof(server.host));
    if (status != SW_OK)
        return status;
    sw_redis_aim(redis, &server);
    status = connect_and_greet(redis);
    return status == SW_OK && redis->by_sentinel ? check_role(redis) : status;
}

/* Follow MOVED: a Cluster's node answers MOVED to the first command with a key of another node. */
static enum sw_status go_where_keys_are(struct sw_redis *redis)
{
    char key[SW_REDISKEY_MAX];
    struct sw_server moved;
    sw_redis_key(redis, key, sizeof(key), "lists");
    freeReplyObject(sw_redis_command(redis, "EXISTS %s", key));
    if (sw_redis_is_open(redis))
        return SW_OK;
    moved = redis->moved;
    if (!moved.host[0])
        return SW_EIO;
    redis->moved.host[0] = '\0';
    sw_redis_aim(redis, &moved);
    return connect_and_greet(redis);
}

enum sw_status sw_redis_open(struct sw_redis *redis)
{
    struct sw_server moved = redis->moved;
    enum sw_status status = SW_EIO;
    sw_redis_close(redis);
    if (sw_redis_wait(redis, -1, 0, 0) == SW_ECLOSED)
        return sw_redis_problem_wait(redis, "connect", SW_ECLOSED);
    if (moved.host[0]) { /* followed once: a vanished node must not be tried for ever */
        redis->moved.host[0] = '\0';
        sw_redis_aim(redis, &moved);
        status = connect_and_greet(redis);
    }
    if (status != SW_OK && status != SW_ECLOSED)
        status = open_configured(redis);
    if (status == SW_OK && redis->server.host[0] && !redis->no_keys)
        status = go_where_keys_are(redis);
    if (status != SW_OK)
        return status;
    sw_redis_limit(redis, redis->no_keys);
    redis->too_large = false;
    redis->error[0] = '\0';
    return SW_OK;
}
