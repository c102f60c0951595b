/*
 * redis_parts.h - the inside of struct sw_redis, shared by redis.c (commands), redis_read.c
 * (waiting, replies), redis_socket.c (sending, closing) and redis_open.c (connecting). Private to
 * these files.
 */
#ifndef SW_REDIS_REDIS_PARTS_H
#define SW_REDIS_REDIS_PARTS_H

#include "base/server.h"
#include "redis/redis.h"
#include "redis/resp.h"
#include "redis/tls.h"

#include <assert.h>

#define SW_REDISERROR_MAX  512
#define SW_REDISTARGET_MAX (SW_PATH_MAX + 16)
#define SW_REDISREAD_MAX   65536 /* octets taken from the socket at once */

static_assert(SW_SERVER_HOST_MAX >= SW_TEXT_MAX, "a host of the settings fits");

/* A burst: time and traffic since the last moment when no reply was due. */
struct sw_redis_burst {
    int64_t waited_us;   /* spent waiting, without the owner's work in between */
    uint64_t moved;      /* octets sent and received meanwhile */
    uint64_t granted_ms; /* added by sw_redis_set_timeout() */
};

struct sw_redis {
    struct sw_settings settings;
    bool by_sentinel;        /* sentinels name the server to connect to */
    bool no_keys;            /* the server is a sentinel, which holds no keys */
    struct sw_server server; /* to connect to; host "": the unix socket of the settings */
    struct sw_server moved;  /* named by a Cluster's MOVED; host "": none */
    int fd;                  /* non-blocking; -1 = not open */
    struct sw_tls *tls;      /* NULL: none */
    int wake;                /* eventfd, stays readable after an interrupt; constant until free */
    redisReader *reader;     /* never holds octets behind the end of a reply */
    struct sw_resp resp;     /* scanner of the next reply */
    size_t in_at, in_len;    /* octets of in[] not yet given to the reader */
    bool too_large;          /* a reply over the limits of size ended the last connection */
    struct sw_redis_burst burst;
    char *out; /* commands in RESP; out_done of out_len octets are sent */
    size_t out_len, out_done, out_max;
    uint64_t due;               /* replies not yet fetched */
    uint32_t extra_ms;          /* for the next reply */
    struct sw_resp_part part;   /* of the next reply; zeros: all of the reply */
    void (*on_wait)(void *arg); /* or NULL */
    void *on_wait_arg;
    int64_t worked_us; /* when on_wait was called last; monotonic */
    char error[SW_REDISERROR_MAX];
    char target[SW_REDISTARGET_MAX];
    char in[SW_REDISREAD_MAX];
};

/** Set the message of sw_redis_error(), with '?' for control characters, since logs and terminals
 * show the message. */
__attribute__((format(printf, 2, 3))) void sw_redis_problem(struct sw_redis *redis,
                                                            const char *format, ...);

/** The same, for a failed system call and the errno of that call. */
void sw_redis_problem_errno(struct sw_redis *redis, const char *doing, int number);

/** The same, for a failed wait; returns status. */
enum sw_status sw_redis_problem_wait(struct sw_redis *redis, const char *doing,
                                     enum sw_status status);

/**
 * Wait until a socket is ready for some of the events, or broken (the next system call on the
 * socket will report the error). SW_OK, SW_ETIMEOUT, SW_ECLOSED when interrupted, SW_EIO with
 * errno.
 */
enum sw_status sw_redis_wait(struct sw_redis *redis, int fd, short events, int64_t deadline_us);

/** The end of the time-out for a server that is silent from now on. Monotonic, microseconds. */
int64_t sw_redis_deadline(const struct sw_redis *redis);

/** Set the limits of size for further replies: while connecting (greeting), or for commands. */
void sw_redis_limit(struct sw_redis *redis, bool greeting);

/** Send as many octets of the output buffer as the socket takes at once. */
void sw_redis_send_some(struct sw_redis *redis);

/** Send and receive until a whole reply has arrived. NULL after a problem. */
redisReply *sw_redis_exchange(struct sw_redis *redis);

/** Account for a reply that has arrived. */
void sw_redis_came(struct sw_redis *redis);

/** Set the server to connect to, and the target's name for messages. */
void sw_redis_aim(struct sw_redis *redis, const struct sw_server *server);

/** strerror() that is safe with threads (the GNU form). */
const char *sw_errno_words(int number, char buf[64]);

#endif
