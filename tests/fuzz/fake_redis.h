/*
 * fake_redis.h - a Redis that gives the answers of the input to any command.
 *
 * A thread listens on a unix socket in a separate folder. To each connection the thread sends +PONG
 * (the greeting that sw_redis_open() asks for) and then all of the given answers at once, reads on
 * until the other side hangs up, and takes the next connection. After the last answer comes the end
 * of the stream, so that no reader ever waits for a time-out.
 *
 * Answers are written as lines, so that a small change of the input is still an answer: "*2" an
 * array, ":7" a number, "-ERR no" an error, "+OK" a status, "_" nil, and every other line is a
 * string ("$text" for a string that begins like the others). The lines become RESP2 here.
 *
 *     fake_redis_start(&fake);                 // once
 *     fake_redis_says(&fake, data, size);
 *     sw_redis_open(redis) ... sw_redis_close(redis)
 *
 * Threads      a separate thread, without signals; the program talks to this thread with a single
 *              connection at a time
 * Memory       answers over FAKE_MAX octets are cut
 */
#ifndef SW_TESTS_FUZZ_FAKE_REDIS_H
#define SW_TESTS_FUZZ_FAKE_REDIS_H

#include "base/settings.h"
#include "fuzz.h"

#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FAKE_MAX   32768 /* octets of RESP for a connection: the socket takes all at once */
#define FAKE_ARRAY 64    /* elements of an array at most: hiredis makes room for all elements */
#define FAKE_WAIT  60000 /* ms for an answer: a thread without a processor is no finding */

struct fake_redis {
    char dir[32], path[48];
    int listener;
    pthread_t thread;
    pthread_mutex_t lock; /* of the answer: a client can hang up during the sending */
    char answer[FAKE_MAX];
    size_t len;
};

static struct fake_redis *fake_redis_only; /* for exit */

/* Everything that was said, then the end; until the client is gone. */
static inline void *fake_redis_run(void *arg)
{
    struct fake_redis *fake = arg;
    char heard[4096];
    int fd;
    while ((fd = accept(fake->listener, NULL, NULL)) >= 0) {
        pthread_mutex_lock(&fake->lock);
        ssize_t said = send(fd, fake->answer, fake->len, MSG_NOSIGNAL);
        pthread_mutex_unlock(&fake->lock);
        (void)said; /* less than all only when the client hung up before */
        shutdown(fd, SHUT_WR);
        while (read(fd, heard, sizeof(heard)) > 0)
            continue;
        close(fd);
    }
    return NULL;
}

static inline void fake_redis_stop(void)
{
    struct fake_redis *fake = fake_redis_only;
    shutdown(fake->listener, SHUT_RDWR);
    pthread_join(fake->thread, NULL);
    close(fake->listener);
    unlink(fake->path);
    rmdir(fake->dir);
}

static inline void fake_redis_start(struct fake_redis *fake)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    sigset_t all, before;
    snprintf(fake->dir, sizeof(fake->dir), "/tmp/sw-fuzz-XXXXXX");
    FUZZ_CHECK(mkdtemp(fake->dir) != NULL);
    snprintf(fake->path, sizeof(fake->path), "%s/redis", fake->dir);
    memcpy(sa.sun_path, fake->path, sizeof(fake->path));
    fake->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    FUZZ_CHECK(bind(fake->listener, (const struct sockaddr *)&sa, sizeof(sa)) == 0);
    FUZZ_CHECK(listen(fake->listener, 8) == 0);
    pthread_mutex_init(&fake->lock, NULL);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    FUZZ_CHECK(pthread_create(&fake->thread, NULL, fake_redis_run, fake) == 0);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    fake_redis_only = fake;
    atexit(fake_redis_stop);
}

/** Defaults, with the address of this server; and a long time-out, since a busy machine may keep
 * the thread waiting for a second. */
static inline void fake_redis_settings(const struct fake_redis *fake, struct sw_settings *settings)
{
    sw_settings_init(settings);
    settings->redis_timeout_ms = 60000;
    memcpy(settings->redis_socket, fake->path, sizeof(fake->path));
    settings->redis_timeout_ms = FAKE_WAIT;
}

static inline void fake_redis_put(struct fake_redis *fake, const void *text, size_t len)
{
    if (len <= FAKE_MAX - fake->len) {
        memcpy(fake->answer + fake->len, text, len);
        fake->len += len;
    }
}

/* A line as RESP. */
static inline void fake_redis_line(struct fake_redis *fake, const uint8_t *line, size_t len)
{
    char head[32];
    char kind = len > 0 ? (char)line[0] : '\0';
    if (kind == '*') {
        unsigned n = 0;
        for (size_t i = 1; i < len && line[i] >= '0' && line[i] <= '9' && n < FAKE_ARRAY; i++)
            n = n * 10 + (unsigned)(line[i] - '0');
        snprintf(head, sizeof(head), "*%u\r\n", n < FAKE_ARRAY ? n : FAKE_ARRAY);
        fake_redis_put(fake, head, strlen(head));
    } else if (kind == '_' && len == 1) {
        fake_redis_put(fake, "$-1\r\n", 5);
    } else if (kind == ':' || kind == '+' || kind == '-') {
        fake_redis_put(fake, line, len);
        fake_redis_put(fake, "\r\n", 2);
    } else {
        size_t skip = kind == '$';
        snprintf(head, sizeof(head), "$%zu\r\n", len - skip);
        fake_redis_put(fake, head, strlen(head));
        fake_redis_put(fake, line + skip, len - skip);
        fake_redis_put(fake, "\r\n", 2);
    }
}

/** The octets to the next connection after the greeting. */
static inline void fake_redis_says(struct fake_redis *fake, const uint8_t *data, size_t size)
{
    pthread_mutex_lock(&fake->lock);
    fake->len = 0;
    fake_redis_put(fake, "+PONG\r\n", 7);
    for (size_t at = 0, next; at < size; at += next) {
        size_t len = fuzz_line(data + at, size - at, &next);
        fake_redis_line(fake, data + at, len);
    }
    pthread_mutex_unlock(&fake->lock);
}

#endif
