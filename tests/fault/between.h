/*
 * between.h - a relay between a feeder and the feeder's Redis: cuts answers, slows answers down,
 * leads elsewhere.
 *
 * A thread forwards octets between connections to the relay's unix socket and the server that is
 * set now. A test, step by step:
 *     between_start(&b, path_of_our_socket, path_of_the_server);
 *     between_cut(&b, 17);          // 17 octets of answers more, then that connection is closed
 *     between_slow(&b, 50);         // for 50 ms answers come three octets at a time
 *     between_lead(&b, other);      // connections end, new connections go to another server
 *     between_stop(&b);
 *
 * Threads      a separate thread; the calls from a single other thread
 */
#ifndef SW_TESTS_FAULT_BETWEEN_H
#define SW_TESTS_FAULT_BETWEEN_H

#include "base/clock.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BETWEEN_PAIRS 16

struct between {
    int listener;
    pthread_t thread;
    atomic_bool stop, close_all;
    atomic_llong left;       /* octets of answers before a cut; negative: no cut */
    atomic_llong slow_until; /* monotonic, microseconds */
    pthread_mutex_t lock;    /* guards server */
    char server[160];
    int pair[BETWEEN_PAIRS][2]; /* client, server; -1: free. The thread's */
};

static inline int between_socket(const char *path, bool listening)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(sa.sun_path, sizeof(sa.sun_path), "%.100s", path);
    if (listening)
        unlink(path);
    int rc = listening ? bind(fd, (struct sockaddr *)&sa, sizeof(sa))
                       : connect(fd, (struct sockaddr *)&sa, sizeof(sa));
    if (rc == 0 && (!listening || listen(fd, BETWEEN_PAIRS) == 0))
        return fd;
    close(fd);
    return -1;
}

static inline void between_close(int pair[2])
{
    close(pair[0]);
    close(pair[1]);
    pair[0] = pair[1] = -1;
}

static inline void between_accept(struct between *b)
{
    int client = accept(b->listener, NULL, NULL);
    char server[160];
    pthread_mutex_lock(&b->lock);
    memcpy(server, b->server, sizeof(server));
    pthread_mutex_unlock(&b->lock);
    for (size_t i = 0; i < BETWEEN_PAIRS && client >= 0; i++) {
        if (b->pair[i][0] >= 0)
            continue;
        b->pair[i][0] = client;
        b->pair[i][1] = between_socket(server, false);
        if (b->pair[i][1] < 0) /* the server is away: the client sees the same */
            between_close(b->pair[i]);
        return;
    }
    if (client >= 0)
        close(client);
}

/* How many of n octets of an answer may pass; *cut: the answer ends there. */
static inline size_t between_allowed(struct between *b, size_t n, bool *cut)
{
    long long left = atomic_load(&b->left);
    *cut = left >= 0 && (long long)n >= left;
    if (left < 0)
        return n;
    atomic_store(&b->left, *cut ? -1 : left - (long long)n);
    return *cut ? (size_t)left : n;
}

/* Forward what one side has said. */
static inline void between_forward(struct between *b, int pair[2], int from)
{
    bool slow = from == 1 && sw_clock_mono_us() < atomic_load(&b->slow_until), cut = false;
    char data[16384];
    ssize_t n = recv(pair[from], data, slow ? 3 : sizeof(data), 0);
    size_t pass = n > 0 ? (size_t)n : 0;
    if (slow)
        poll(NULL, 0, 1);
    if (from == 1 && pass > 0)
        pass = between_allowed(b, pass, &cut);
    if (n <= 0 || (pass > 0 && send(pair[1 - from], data, pass, MSG_NOSIGNAL) < 0) || cut)
        between_close(pair);
}

static inline void *between_run(void *arg)
{
    struct between *b = arg;
    while (!atomic_load(&b->stop)) {
        struct pollfd fds[1 + 2 * BETWEEN_PAIRS] = {{.fd = b->listener, .events = POLLIN}};
        for (size_t i = 0; i < BETWEEN_PAIRS; i++) {
            if (b->pair[i][0] >= 0 && atomic_load(&b->close_all))
                between_close(b->pair[i]);
            for (int side = 0; side < 2; side++)
                fds[1 + 2 * i + (size_t)side] =
                    (struct pollfd){.fd = b->pair[i][side], .events = POLLIN};
        }
        atomic_store(&b->close_all, false);
        if (poll(fds, 1 + 2 * BETWEEN_PAIRS, 5) <= 0)
            continue;
        for (size_t i = 0; i < 2 * BETWEEN_PAIRS; i++)
            if (fds[1 + i].fd >= 0 && fds[1 + i].revents && b->pair[i / 2][i % 2] >= 0)
                between_forward(b, b->pair[i / 2], (int)(i % 2));
        if (fds[0].revents)
            between_accept(b);
    }
    for (size_t i = 0; i < BETWEEN_PAIRS; i++)
        if (b->pair[i][0] >= 0)
            between_close(b->pair[i]);
    return NULL;
}

/** False: no socket or no thread. */
static inline bool between_start(struct between *b, const char *path, const char *server)
{
    memset(b, 0, sizeof(*b));
    memset(b->pair, -1, sizeof(b->pair));
    atomic_store(&b->left, -1);
    snprintf(b->server, sizeof(b->server), "%s", server);
    pthread_mutex_init(&b->lock, NULL);
    b->listener = between_socket(path, true);
    return b->listener >= 0 && pthread_create(&b->thread, NULL, between_run, b) == 0;
}

static inline void between_stop(struct between *b)
{
    atomic_store(&b->stop, true);
    pthread_join(b->thread, NULL);
    close(b->listener);
    pthread_mutex_destroy(&b->lock);
}

static inline void between_cut(struct between *b, unsigned octets)
{
    atomic_store(&b->left, octets);
}

static inline void between_slow(struct between *b, unsigned ms)
{
    atomic_store(&b->slow_until, sw_clock_mono_us() + (long long)ms * 1000);
}

static inline void between_lead(struct between *b, const char *server)
{
    pthread_mutex_lock(&b->lock);
    snprintf(b->server, sizeof(b->server), "%s", server);
    pthread_mutex_unlock(&b->lock);
    atomic_store(&b->close_all, true);
}

#endif
