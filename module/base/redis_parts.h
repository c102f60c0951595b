/*
 * redis_parts.h - what redis.c (commands), redis_read.c (waiting, replies) and redis_open.c
 * (connecting) share. Private to them.
 */
#ifndef SW_BASE_REDIS_PARTS_H
#define SW_BASE_REDIS_PARTS_H

#include "base/redis.h"
#include "base/resp.h"
#include "base/tls.h"

#define SW_REDISERROR_MAX  512
#define SW_REDISTARGET_MAX (SW_PATH_MAX + 16)
#define SW_REDISREAD_MAX   65536 /* octets taken from the socket at once */

/* A server by host and port; host "" stands for none. */
struct sw_server {
    char host[SW_TEXT_MAX];
    uint16_t port;
};

/* What was waited for, and moved, since a moment when no reply was due: the pipeline at hand. */
struct sw_redis_turn {
    int64_t waited_us;   /* spent waiting; the owner's own work is not in it */
    uint64_t moved;      /* octets sent and received meanwhile */
    uint64_t granted_ms; /* that sw_redis_set_timeout() has added */
};

struct sw_redis {
    struct sw_settings settings;
    bool by_sentinel;        /* sentinels say where the primary is */
    bool no_keys;            /* a sentinel: it has none to ask for */
    struct sw_server server; /* to connect to; host "": the unix socket of the settings */
    struct sw_server moved;  /* where a Cluster sent us; host "": nowhere */
    int fd;                  /* non-blocking; -1 = not open */
    struct sw_tls *tls;      /* NULL: none */
    int wake;                /* eventfd, readable for good once interrupted; constant until free */
    redisReader *reader;     /* has nothing behind the end of a reply */
    struct sw_resp resp;     /* the reply that comes next */
    size_t in_at, in_len;    /* octets of in[] that the reader has not been given */
    bool too_large;          /* the last connection ended by a reply over its limits */
    struct sw_redis_turn turn;
    char *out; /* commands in RESP; out_done of out_len octets are sent */
    size_t out_len, out_done, out_max;
    uint64_t due;               /* replies not yet fetched */
    uint32_t extra_ms;          /* for the next reply */
    void (*on_wait)(void *arg); /* or NULL */
    void *on_wait_arg;
    int64_t worked_us; /* when on_wait was called last; monotonic */
    char error[SW_REDISERROR_MAX];
    char target[SW_REDISTARGET_MAX];
    char in[SW_REDISREAD_MAX];
};

/** Keep words about a problem: plain ASCII, since they reach logs and terminals. */
__attribute__((format(printf, 2, 3))) void sw_redis_problem(struct sw_redis *redis,
                                                            const char *format, ...);

/** The same, for a failed call with its errno. */
void sw_redis_problem_errno(struct sw_redis *redis, const char *doing, int number);

/** The same, for a wait that did not end well; returns status. */
enum sw_status sw_redis_problem_wait(struct sw_redis *redis, const char *doing,
                                     enum sw_status status);

/**
 * Wait until a socket is ready for some of the events (or broken, which the next call on it
 * will tell). SW_OK, SW_ETIMEOUT, SW_ECLOSED when interrupted, SW_EIO with errno.
 */
enum sw_status sw_redis_wait(struct sw_redis *redis, int fd, short events, int64_t deadline_us);

/** When a server that is silent from now on has been silent for too long. Monotonic, microseconds. */
int64_t sw_redis_deadline(const struct sw_redis *redis);

/** The limits of a reply from now on: of a greeting, or of any command. */
void sw_redis_limit(struct sw_redis *redis, bool greeting);

/** Send what the socket takes now. */
void sw_redis_send_some(struct sw_redis *redis);

/** Send and receive until one whole reply is there. NULL after a problem. */
redisReply *sw_redis_exchange(struct sw_redis *redis);

/** One reply less is due. */
void sw_redis_came(struct sw_redis *redis);

/** Note which server is meant: for messages too. */
void sw_redis_aim(struct sw_redis *redis, const struct sw_server *server);

/** strerror() that is safe with threads (the GNU form). */
const char *sw_errno_words(int number, char buf[64]);

/** "192.0.2.1:6379", "[2001:db8::1]:6379", "host:6379". SW_ESYNTAX. */
enum sw_status sw_server_parse(const char *text, struct sw_server *out);

#endif
