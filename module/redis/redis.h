/*
 * redis.h - a connection to Redis for the feeder, the recorder and the sinkwatch command:
 * connecting by the settings, authentication, time-outs, interruption by another thread.
 *
 * hiredis formats commands and turns replies into objects. The socket is ours and never blocks:
 * every wait is a poll() that ends by data, by a time-out, or by sw_redis_interrupt(). A pipeline
 * may be of any size: replies are read while commands are still being sent. Works with hiredis
 * 0.14 (Debian 12) and 1.x (Debian 13), and reads none of hiredis's private fields.
 *
 * Limits (D-095) keep a slow or hostile server from holding a caller for ever:
 *     silence   a wait ends after redis-timeout without an octet
 *     time      a reply, or the replies of a pipeline together, may take twice redis-timeout, and
 *               a second more for each 16 KiB that moved, up to two minutes more
 *     size      a reply has at most 64 MiB and 1,048,576 elements (resp.h), and 64 KiB while
 *               connecting
 * Beyond a limit the connection is closed, with the reason in sw_redis_error().
 *
 * The server is at redis-socket, or at redis-host and redis-port. With redis-sentinel, the server
 * is the primary, as named by the first sentinel that answers; sentinels are asked for each new
 * connection. If a Cluster's node answers MOVED, the next connection goes to the node named there.
 * Over TCP with TLS (redis-tls).
 *
 * Threads      a connection belongs to a single thread; sw_redis_interrupt(): any thread
 * Memory       replies belong to the caller, who frees them with freeReplyObject()
 * Errors       messages for people in sw_redis_error(), never with a secret
 * Reliability  no SIGPIPE: data is sent with MSG_NOSIGNAL, no signal disposition is touched.
 *              The only wait that cannot be interrupted is getaddrinfo(), for a redis-host that
 *              is a host name
 * Standards    RESP2; AUTH as in Redis 6 (ACL user) or before
 * Decisions    D-012, D-051, D-095, D-231
 */
#ifndef SW_REDIS_REDIS_H
#define SW_REDIS_REDIS_H

#include "base/settings.h"
#include "base/status.h"

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for the longest key: prefix, ":seen:name:", a domain name as text. */
#define SW_REDISKEY_MAX (SW_TEXT_MAX + SW_NAMETEXT_MAX + 32)

struct sw_redis;

/** A connection, not yet open; copies the settings. NULL without memory or file descriptors. */
struct sw_redis *sw_redis_new(const struct sw_settings *settings);
void sw_redis_free(struct sw_redis *redis); /* NULL is fine */

/** The same for a connection that resolvers write with: goes to redis-primary if that is set, since
 * redis-host may be a read-only replica. */
struct sw_redis *sw_redis_new_writer(const struct sw_settings *settings);

/**
 * (Re)connect: TCP or unix socket, AUTH if a password is set, PING to see that the server is
 * ready. redis-password-file is read at each call and wins over redis-password.
 *
 * SW_OK      connected; replies that were due on a former connection are forgotten
 * SW_EIO     no connection, or no answer within redis-timeout, or password file unreadable
 * SW_EREDIS  the server answered with an error (AUTH refused, loading its data, ...)
 * SW_ECLOSED sw_redis_interrupt() was called: permanent
 * After a failure the connection is closed.
 */
enum sw_status sw_redis_open(struct sw_redis *redis);
void sw_redis_close(struct sw_redis *redis);
bool sw_redis_is_open(const struct sw_redis *redis);

/**
 * Send a command and wait for the reply. Formats as in redisCommand(): "%b" for binary data, "%s"
 * for text. All replies of a pipeline must have been fetched before.
 *
 * Returns the reply, or NULL after a failure of the connection, which is closed. An error reply of
 * the server is returned like any reply, with sw_redis_error() set.
 */
redisReply *sw_redis_command(struct sw_redis *redis, const char *format, ...);
redisReply *sw_redis_command_argv(struct sw_redis *redis, int argc, const char **argv,
                                  const size_t *argv_len);

/**
 * Pipelining: append any number of commands, then fetch as many replies in order. Commands are
 * sent by the first sw_redis_reply() at the latest. SW_OK, SW_ECLOSED (not open), SW_ENOMEM.
 *
 * sw_redis_reply() returns NULL after a failure of the connection, which is closed. If no reply is
 * due, sw_redis_reply() waits for a message of the server (SUBSCRIBE).
 */
enum sw_status sw_redis_append_argv(struct sw_redis *redis, int argc, const char **argv,
                                    const size_t *argv_len);
redisReply *sw_redis_reply(struct sw_redis *redis);

/** Format all arguments but the last, for many commands that differ only in the last argument.
 * argc does not count the last argument. Returns octets written to out; 0: max is too small. */
size_t sw_redis_head(char *out, size_t max, int argc, const char **argv);

/** Append a command from a head of sw_redis_head() and the last argument. Results as
 * sw_redis_append_argv(). */
enum sw_status sw_redis_append_last(struct sw_redis *redis, const char *head, size_t head_len,
                                    const char *last, size_t last_len);

/** Whether the next reply has arrived and is "+QUEUED" (a command of a transaction was queued). If
 * so, the reply is taken, at next to no cost. Otherwise sw_redis_reply() gets the reply. */
bool sw_redis_was_queued(struct sw_redis *redis);

/**
 * Take a message of the server (SUBSCRIBE) or a reply without waiting. Also sends as many octets of
 * appended commands as the socket takes. SW_OK: *out is the message, NULL if none has arrived.
 * SW_ECLOSED: the connection failed and is closed.
 */
enum sw_status sw_redis_take(struct sw_redis *redis, redisReply **out);

/** Send as many octets of appended commands as the socket takes at once. The server then works
 * while the caller does other work before fetching the reply. */
void sw_redis_flush(struct sw_redis *redis);

/** Whether a reply over the limits of size closed the connection. Valid until the next successful
 * sw_redis_open(). */
bool sw_redis_was_too_large(const struct sw_redis *redis);

/** Allow ms more for the next reply (XREAD BLOCK), and only that reply. SW_OK, SW_ECLOSED (not
 * open). */
enum sw_status sw_redis_set_timeout(struct sw_redis *redis, uint32_t ms);

/**
 * Take the next reply, and only that reply, in part. A string over string_max octets is cut to that
 * length (0: none is). An array inside of depth_max other arrays becomes empty (0: none does). The
 * limits of size hold for this part; a rest of up to 2 GiB is read and left out, so that no entry
 * or field that somebody else has written makes the reply fail. Call after the replies before are
 * fetched, before sw_redis_reply() or sw_redis_command().
 */
void sw_redis_take_part(struct sw_redis *redis, size_t string_max, unsigned depth_max);

/** Octets that were left out of the last reply. */
uint64_t sw_redis_left_out(const struct sw_redis *redis);

/** Call fn(arg) about five times a second while a call waits for a server, a sentinel, or the
 * address of a host name (looked up in a separate thread then). fn runs in the owner's thread and
 * must not use the connection. NULL ends the calls. */
void sw_redis_on_wait(struct sw_redis *redis, void (*fn)(void *arg), void *arg);

/**
 * End the wait of the owner's thread in this connection, permanently: the wait, all later commands
 * and sw_redis_open() fail with SW_ECLOSED or NULL. Start again with a new struct sw_redis. Any
 * thread, any number of times, until sw_redis_free() (join the owner first); async-signal-safe.
 */
void sw_redis_interrupt(struct sw_redis *redis);

/** Message of the last problem, kept until the next successful sw_redis_open(); "" without a
 * problem. The target is "unix:/run/x.sock" or "127.0.0.1:6379". Owner's thread. */
const char *sw_redis_error(const struct sw_redis *redis);
const char *sw_redis_target(const struct sw_redis *redis);

/** A key such as "{sinkwatch}:lists": prefix, colon, formatted suffix in out[max]; returns out.
 * SW_REDISKEY_MAX is enough for every key. A key that does not fit becomes "", never a cut key. */
char *sw_redis_key(const struct sw_redis *redis, char *out, size_t max, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
