/*
 * redis.h - one connection to Redis, as the feeder, the recorder and the command need it:
 * connect from the settings, authenticate, time-outs, interruptible from outside.
 *
 * hiredis formats commands and makes objects of replies; the socket is our own: it never blocks,
 * so that every wait is a poll() that ends by data, by a time-out, or by sw_redis_interrupt(). A
 * pipeline may be of any size: replies are read while commands are still being sent. Works with
 * hiredis 0.14 (Debian 12) and 1.x (Debian 13); none of its private fields is read.
 *
 * A server that keeps a reply from ending cannot hold its reader (D-095): a reply, and the replies
 * of one pipeline together, may take twice redis-timeout and a second for each 16 KiB that moved,
 * two minutes more at most; silence ends it after redis-timeout. A reply has at most 64 MiB and
 * 1,048,576 elements (resp.h), and one of a greeting 64 KiB. What is over a limit closes the
 * connection, and sw_redis_error() says so.
 *
 * Where the server is: redis-socket, or redis-host and redis-port, or the primary that the first
 * sentinel (redis-sentinel) to answer names, asked anew for each connection; a Cluster's node that
 * answers MOVED sends the next connection to the node that it names. Over TCP with TLS
 * (redis-tls).
 *
 * Threads      one thread uses a connection; sw_redis_interrupt() may come from any other
 * Memory       replies are hiredis's, freed by the caller with freeReplyObject()
 * Errors       words for people in sw_redis_error(), never a secret in them
 * Reliability  no SIGPIPE: data is sent with MSG_NOSIGNAL, no signal disposition is touched.
 *              The only wait that cannot be interrupted is getaddrinfo() for a redis-host that
 *              is no address
 * Standards    RESP2; AUTH as in Redis 6 (ACL user) or before
 */
#ifndef SW_BASE_REDIS_H
#define SW_BASE_REDIS_H

#include "base/settings.h"
#include "base/status.h"

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for the longest key: prefix, ":seen:name:", a domain name as text. */
#define SW_REDISKEY_MAX (SW_TEXT_MAX + SW_NAMETEXT_MAX + 32)

struct sw_redis;

/** A connection that is not yet open; copies the settings. NULL when out of memory (or out of
 * file descriptors). */
struct sw_redis *sw_redis_new(const struct sw_settings *settings);
void sw_redis_free(struct sw_redis *redis); /* NULL is fine */

/** The same for one that writes what resolvers write: goes to redis-primary, where that is set
 * because redis-host is a read-only replica. */
struct sw_redis *sw_redis_new_writer(const struct sw_settings *settings);

/**
 * (Re)connect: TCP or unix socket, AUTH when a password is set (redis-password-file is read
 * anew each time and wins over redis-password), PING to see that the server is ready.
 *
 * SW_OK      replies that were due on a former connection are forgotten
 * SW_EIO     no connection, or no answer within redis-timeout, or password file unreadable
 * SW_EREDIS  the server answered with an error (AUTH refused, loading its data, ...)
 * SW_ECLOSED sw_redis_interrupt() was called: for good
 * After a failure the connection is closed.
 */
enum sw_status sw_redis_open(struct sw_redis *redis);
void sw_redis_close(struct sw_redis *redis);
bool sw_redis_is_open(const struct sw_redis *redis);

/**
 * One command; formats as in redisCommand(), "%b" for binary, and "%s" only for text without
 * spaces meaning. Returns NULL when the connection failed (it is closed then); an error reply
 * of the server is returned as such, with sw_redis_error() set. All replies of a pipeline must
 * have been fetched (else NULL and closed: replies would be taken for each other's).
 */
redisReply *sw_redis_command(struct sw_redis *redis, const char *format, ...);
redisReply *sw_redis_command_argv(struct sw_redis *redis, int argc, const char **argv,
                                  const size_t *argv_len);

/**
 * Pipelining: append any number, then fetch as many replies in order. Nothing is sent before
 * the first sw_redis_reply(). SW_OK, SW_ECLOSED (not open), SW_ENOMEM.
 * sw_redis_reply() returns NULL when the connection failed (it is closed then); without a
 * command before it waits for what the server sends on its own (SUBSCRIBE).
 */
enum sw_status sw_redis_append_argv(struct sw_redis *redis, int argc, const char **argv,
                                    const size_t *argv_len);
redisReply *sw_redis_reply(struct sw_redis *redis);

/** For many commands that differ in their last argument alone: the others as text of the protocol, made
 * once. argc: without the last. Returns its length, 0: no room. */
size_t sw_redis_head(char *out, size_t max, int argc, const char **argv);

/** Append such a command. Otherwise as sw_redis_append_argv(). */
enum sw_status sw_redis_append_last(struct sw_redis *redis, const char *head, size_t head_len,
                                    const char *last, size_t last_len);

/** Whether the next reply is here and says that a command of a transaction was queued; it is taken
 * then, which costs next to nothing. Else sw_redis_reply() gets it. */
bool sw_redis_was_queued(struct sw_redis *redis);

/**
 * Take what the server sent on its own (SUBSCRIBE), or a reply, without waiting; what was appended is
 * sent as far as the socket takes it. SW_OK: *out is it, NULL when there is none yet. SW_ECLOSED: the
 * connection failed (it is closed then).
 */
enum sw_status sw_redis_take(struct sw_redis *redis, redisReply **out);

/** Send of what was appended what the socket takes at once, so that the server works while the
 * caller does something else before it asks for the reply. */
void sw_redis_flush(struct sw_redis *redis);

/** Whether the connection was closed because a reply was over its limits of size; until the next
 * sw_redis_open() that works. */
bool sw_redis_was_too_large(const struct sw_redis *redis);

/** Let the next reply take ms longer (XREAD BLOCK); once. SW_OK, SW_ECLOSED (not open). */
enum sw_status sw_redis_set_timeout(struct sw_redis *redis, uint32_t ms);

/** Have fn(arg) called about five times a second while a call waits, for a server (be it silent or slow), a
 * sentinel or the address of a host name (which a thread of its own looks up then), in the owner's thread; it must not
 * use the connection. NULL: no more. */
void sw_redis_on_wait(struct sw_redis *redis, void (*fn)(void *arg), void *arg);

/**
 * Make a thread that waits in this connection come back with an error at once, for good: the
 * wait fails, and so do all later commands and sw_redis_open(), with SW_ECLOSED or NULL. Start
 * again with a new struct sw_redis. Any thread, any number of times, until sw_redis_free() is
 * called (join the owner first); async-signal-safe.
 */
void sw_redis_interrupt(struct sw_redis *redis);

/** Last problem in words, kept until the next sw_redis_open() that works; "" when none.
 * "unix:/run/x.sock" or "127.0.0.1:6379" for the target. Owner's thread. */
const char *sw_redis_error(const struct sw_redis *redis);
const char *sw_redis_target(const struct sw_redis *redis);

/** "{sinkwatch}:lists" and such: prefix, colon, suffix into out[max]; returns out. With
 * SW_REDISKEY_MAX every key fits; one that does not becomes "", never another key. */
char *sw_redis_key(const struct sw_redis *redis, char *out, size_t max, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
