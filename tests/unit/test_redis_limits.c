/*
 * test_redis_limits.c - a server that keeps a reply from ending: the server drips, floods,
 * announces more than it sends, nests arrays. For each of these kinds and each step of a
 * conversation the connection is given up in time and with the reason, and memory stays bounded
 * (D-095).
 */
#include "redis/redis.h"

#include "base/clock.h"
#include "listening.h"
#include "suite.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TIMEOUT_MS 400
#define PATIENCE   INT64_C(15000000) /* microseconds after which the server gives up: a failure */
#define FLOOD_MAX  ((uint64_t)256 << 20)
#define DRIP_MS    20
#define MIB        1048576
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEMORY_MAX LONG_MAX /* a sanitizer keeps freed memory */
#else
#define MEMORY_MAX (192L * MIB) /* of a reply during the reading */
#endif

struct kind {
    const char *name, *head, *pattern; /* the beginning, and the repeated part */
    bool drip;                         /* octet by octet */
    const char *words;                 /* in the error */
    uint64_t sent_max;                 /* octets by which the client has hung up */
};

static const struct kind kinds[] = {
    {"drip of a line", "+", "x", true, "too slow", 4096},
    {"drip of a string", "$10000\r\n", "x", true, "too slow", 4096},
    {"drip of an array", "*1000\r\n", ":1\r\n", true, "too slow", 4096},
    {"line without an end", "+", "xxxxxxxxxxxxxxxx", false, "over its limits", 80 * MIB},
    {"error without an end", "-ERR ", "xxxxxxxxxxxxxxxx", false, "over its limits", 80 * MIB},
    {"huge string", "$536870912\r\n", "xxxxxxxxxxxxxxxx", false, "over its limits", 80 * MIB},
    {"huge array", "*2000000000\r\n", ":1\r\n", false, "over its limits", 80 * MIB},
    {"arrays of arrays", "*1000000\r\n", "*1000000\r\n", false, "over its limits", 80 * MIB},
    {"deep arrays", "", "*1\r\n", false, "over its limits", 80 * MIB},
    {"array of large strings", "*1000\r\n", "$131072\r\n", /* and that many octets: see repeat() */
     false, "over its limits", 80 * MIB},
    {"length that is no number", "$x\r\n", "x", false, "no Redis reply", 80 * MIB},
    {"string longer than said", "$3\r\n", "abcdef\r\n", false, "no Redis reply", 80 * MIB},
    {"another protocol", "HTTP/1.1 200 OK\r\n", "x", false, "no Redis reply", 80 * MIB},
    {"silence", "", "", true, "nothing within", 0},
};

enum step { GREETING, AUTH, COMMAND, PIPELINE, SENTINEL, STEPS };

#define KINDS (int)(sizeof(kinds) / sizeof(kinds[0]))

struct server {
    int listener;
    const struct kind *kind;
    int good; /* commands that are answered before */
    uint64_t sent;
    bool hung_up; /* the client closed, before the server's patience ended */
};

/* Send the whole buffer; false when the client is gone. */
static bool send_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

/* The pattern as often as 64 KiB can hold; of a string's header, with the string. */
static size_t repeat(const struct kind *kind, char *out, size_t max)
{
    size_t n = 0, len = strlen(kind->pattern);
    if (strcmp(kind->pattern, "$131072\r\n") == 0)
        return (size_t)snprintf(out, max, "$131072\r\n%0131072d\r\n", 0);
    for (; n + len <= 65536; n += len)
        memcpy(out + n, kind->pattern, len);
    return n;
}

static void flood(struct server *server, int fd)
{
    static char block[3 * 65536];
    size_t len = repeat(server->kind, block, sizeof(block));
    bool there = send_all(fd, server->kind->head, strlen(server->kind->head));
    while (there && server->sent < FLOOD_MAX) {
        there = send_all(fd, block, len);
        server->sent += len;
    }
    server->hung_up = !there;
}

/* Whether the client closes within some milliseconds. */
static bool closes_within(int fd, int ms)
{
    struct pollfd pfd = {.fd = fd, .events = POLLIN | POLLRDHUP};
    char more[4096];
    return poll(&pfd, 1, ms) > 0 &&
           ((pfd.revents & (POLLRDHUP | POLLHUP | POLLERR)) || recv(fd, more, 4096, 0) == 0);
}

static void drip(struct server *server, int fd)
{
    int64_t until = sw_clock_mono_us() + PATIENCE;
    const char *at = server->kind->pattern;
    bool there = send_all(fd, server->kind->head, strlen(server->kind->head));
    while (there && sw_clock_mono_us() < until) {
        there = (!*at || send_all(fd, at, 1)) && !closes_within(fd, DRIP_MS);
        server->sent += *at != '\0';
        at = at[0] && at[1] ? at + 1 : server->kind->pattern;
    }
    server->hung_up = !there;
}

static void *serve(void *arg)
{
    struct server *server = arg;
    char command[4096];
    int fd = accept(server->listener, NULL, NULL);
    for (int i = 0; i < server->good && recv(fd, command, sizeof(command), 0) > 0; i++)
        send_all(fd, "+OK\r\n", 5);
    if (recv(fd, command, sizeof(command), 0) > 0) {
        if (server->kind->drip)
            drip(server, fd);
        else
            flood(server, fd);
    }
    close(fd);
    return NULL;
}

/* High-water mark of this process's memory, octets. */
static long memory_peak(void)
{
    char line[256];
    long kib = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (fgets(line, sizeof(line), file))
        if (sscanf(line, "VmHWM: %ld", &kib) == 1)
            break;
    fclose(file);
    return kib * 1024;
}

/* Settings for this step; the server answers so many commands before. */
static int prepare(enum step step, struct sw_settings *settings, uint16_t port)
{
    sw_settings_init(settings);
    settings->redis_timeout_ms = TIMEOUT_MS;
    settings->redis_port = port;
    if (step == AUTH)
        snprintf(settings->redis_password, SW_TEXT_MAX, "secret");
    if (step == SENTINEL)
        snprintf(settings->redis_sentinel[0], SW_TEXT_MAX, "127.0.0.1:%u", port);
    return step == GREETING || step == AUTH ? 0 : step == SENTINEL ? 1 : 2; /* PING, EXISTS */
}

/* Talk to the server up to the step; the step has to fail. */
static void talk(struct sw_redis *redis, enum step step)
{
    const char *argv[] = {"GET", "x"};
    if (step == COMMAND || step == PIPELINE) {
        ck_assert_msg(sw_redis_open(redis) == SW_OK, "%s", sw_redis_error(redis));
        for (int i = 0; i < (step == PIPELINE ? 100 : 1); i++)
            ck_assert_int_eq(sw_redis_append_argv(redis, 2, argv, NULL), SW_OK);
        while (sw_redis_is_open(redis))
            freeReplyObject(sw_redis_reply(redis));
    } else {
        ck_assert_int_eq(sw_redis_open(redis), SW_EIO);
    }
    ck_assert(!sw_redis_is_open(redis));
}

START_TEST(kind_at_step)
{
    const struct kind *kind = &kinds[_i % KINDS];
    enum step step = (enum step)(_i / KINDS);
    struct server server = {.kind = kind};
    struct sw_settings settings;
    uint16_t port;
    pthread_t thread;
    server.listener = listen_somewhere(&port);
    server.good = prepare(step, &settings, port);
    ck_assert_int_eq(pthread_create(&thread, NULL, serve, &server), 0);
    struct sw_redis *redis = sw_redis_new(&settings);
    long before = memory_peak();
    talk(redis, step);
    long grown = memory_peak() - before;
    pthread_join(thread, NULL);
    ck_assert_msg(server.hung_up, "%s, step %d: the server lost its patience", kind->name, step);
    ck_assert_msg(strstr(sw_redis_error(redis), kind->words) != NULL, "%s, step %d: %s", kind->name,
                  step, sw_redis_error(redis));
    ck_assert_uint_le(server.sent, kind->sent_max);
    ck_assert_msg(grown < MEMORY_MAX, "%s, step %d: %ld MiB", kind->name, step, grown / MIB);
    sw_redis_free(redis);
    close(server.listener);
}
END_TEST

/* ---- within the limits ---- */

struct large {
    const char *name, *head, *pattern; /* pattern: `times` times */
    int times;
};

static const struct large larges[] = {
    {"string of 63 MiB", "$66060288\r\n", NULL, 0},
    {"a million integers", "*1000000\r\n", ":1\r\n", 1000000},
    {"a million strings", "*1000000\r\n",
     "$50\r\n01234567890123456789012345678901234567890123456789\r\n", 1000000},
};

static void *serve_large(void *arg)
{
    const struct large *large = &larges[*(int *)arg >> 16];
    char command[4096], *block = calloc(1, 66060288 + 2);
    size_t len = 0;
    int fd = accept(*(int *)arg & 0xffff, NULL, NULL);
    for (int i = 0; i < 2 && recv(fd, command, sizeof(command), 0) > 0; i++)
        send_all(fd, "+OK\r\n", 5);
    (void)recv(fd, command, sizeof(command), 0);
    for (int i = 0; i < large->times; i++, len += strlen(large->pattern))
        memcpy(block + len, large->pattern, strlen(large->pattern));
    if (!large->pattern) {
        len = 66060288 + 2;
        memcpy(block + len - 2, "\r\n", 2);
    }
    send_all(fd, large->head, strlen(large->head));
    send_all(fd, block, len);
    free(block);
    close(fd);
    return NULL;
}

/* Such a reply is read, and costs no more than the bound that module/REDIS.md names. */
START_TEST(large_replies)
{
    struct sw_settings settings;
    uint16_t port;
    pthread_t thread;
    int arg = listen_somewhere(&port);
    ck_assert_int_lt(arg, 0x10000);
    prepare(COMMAND, &settings, port);
    settings.redis_timeout_ms = 10000;
    arg |= _i << 16;
    ck_assert_int_eq(pthread_create(&thread, NULL, serve_large, &arg), 0);
    struct sw_redis *redis = sw_redis_new(&settings);
    ck_assert_int_eq(sw_redis_open(redis), SW_OK);
    long before = memory_peak();
    redisReply *reply = sw_redis_command(redis, "GET x");
    ck_assert_msg(reply != NULL, "%s: %s", larges[_i].name, sw_redis_error(redis));
    long grown = memory_peak() - before - 64L * MIB; /* the server's own block is in there */
    fprintf(stderr, "# %s: at most %ld MiB\n", larges[_i].name, grown / MIB + 64);
    freeReplyObject(reply);
    pthread_join(thread, NULL);
    close(arg & 0xffff);
    sw_redis_free(redis);
    ck_assert_int_lt(grown, MEMORY_MAX);
}
END_TEST

/* A slow link is no attack: a reply that comes steadily takes longer than redis-timeout. */
static void *serve_slowly(void *arg)
{
    static char block[16384];
    char command[4096];
    int fd = accept(*(int *)arg, NULL, NULL);
    for (int i = 0; i < 2 && recv(fd, command, sizeof(command), 0) > 0; i++)
        send_all(fd, "+OK\r\n", 5);
    (void)recv(fd, command, sizeof(command), 0);
    send_all(fd, "$163840\r\n", 9);
    for (int i = 0; i < 10; i++) {
        poll(NULL, 0, TIMEOUT_MS / 2);
        send_all(fd, block, sizeof(block));
    }
    send_all(fd, "\r\n", 2);
    close(fd);
    return NULL;
}

START_TEST(slow_link)
{
    struct sw_settings settings;
    uint16_t port;
    pthread_t thread;
    int listener = listen_somewhere(&port);
    prepare(COMMAND, &settings, port);
    ck_assert_int_eq(pthread_create(&thread, NULL, serve_slowly, &listener), 0);
    struct sw_redis *redis = sw_redis_new(&settings);
    ck_assert_int_eq(sw_redis_open(redis), SW_OK);
    int64_t began = sw_clock_mono_us();
    redisReply *reply = sw_redis_command(redis, "GET x");
    ck_assert_msg(reply != NULL, "%s", sw_redis_error(redis));
    ck_assert_int_gt(sw_clock_mono_us() - began, 2 * TIMEOUT_MS * 1000);
    ck_assert_uint_eq(reply->len, 163840);
    freeReplyObject(reply);
    sw_redis_free(redis);
    pthread_join(thread, NULL);
    close(listener);
}
END_TEST

int main(void)
{
    return RUN_SUITE("redis limits", TIMEOUT(60), LOOP(kind_at_step, STEPS * KINDS),
                     LOOP(large_replies, COUNT(larges)), TESTS(slow_link));
}
