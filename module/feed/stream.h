/*
 * stream.h - positions in the change stream, and whether entries were lost before we saw them.
 *
 * Private to the feeder. A position is the id of the last entry that was dealt with, and, where
 * the server tells (Redis 7), how many entries had ever been added up to it. Redis trims a
 * stream at its old end without a word; XREAD then simply goes on with what is left. So after
 * each batch the stream's state is asked for: if the first entry that is left is younger than
 * our position, entries may be gone, and the counts tell whether they are.
 *
 * Threads      the feeder; pure but for the last group
 * Standards    Redis stream ids: "milliseconds-sequence", both 64 bits unsigned
 */
#ifndef SW_FEED_STREAM_H
#define SW_FEED_STREAM_H

#include "base/redis.h"
#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

struct sw_stream_id {
    uint64_t ms, seq; /* 0-0: before every entry */
};

#define SW_STREAMID_MAX 44 /* two 64-bit numbers, '-', NUL */

struct sw_stream_state { /* what XINFO STREAM says */
    bool exists;
    bool counted;              /* whether `added` is known: Redis 7 */
    struct sw_stream_id first; /* oldest entry left; 0-0 when there is none */
    struct sw_stream_id last;  /* newest id ever given; 0-0 when there is no stream */
    uint64_t length;           /* entries left */
    uint64_t added;            /* entries ever added */
};

struct sw_stream_position {
    struct sw_stream_id id;
    uint64_t added; /* entries ever added up to id */
};

/** Parse "ms-seq" of len octets; SW_ESYNTAX. */
enum sw_status sw_stream_id_parse(const char *text, size_t len, struct sw_stream_id *out);

/** "ms-seq"; returns text. */
char *sw_stream_id_text(const struct sw_stream_id *id, char text[SW_STREAMID_MAX]);

/** Less than, equal to, or greater than zero, as a is older than, the same as, younger than b. */
int sw_stream_id_compare(const struct sw_stream_id *a, const struct sw_stream_id *b);

/**
 * Read an XINFO STREAM reply. "no such key" is a stream that does not exist, and SW_OK.
 * SW_EREDIS: any other error, or a shape that XINFO STREAM does not have.
 */
enum sw_status sw_stream_read_state(const redisReply *reply, struct sw_stream_state *out);

/**
 * Whether entries younger than the position may be missing from the stream: it is gone, it ends
 * before the position, or it was trimmed past it.
 */
bool sw_stream_has_gap(const struct sw_stream_state *state, const struct sw_stream_position *at);

/**
 * Whether the stream that the position belongs to is gone, and this is none or one that was begun since
 * and is whole: Redis has lost what it had. Redis before 7.0 does not count entries: false there, unless there is none.
 */
bool sw_stream_is_new(const struct sw_stream_state *state, const struct sw_stream_position *at);

#define SW_STREAM_CHANGES "changes"
#define SW_STREAM_TRACKS                                                                           \
    "resolvers:tracked" /* the one stream that resolvers write for each other: D-096 */

/**
 * Ask for the state of {prefix}:changes. SW_OK; SW_ECLOSED when the connection failed; SW_EINVAL
 * when the key is no stream, or not ours to read; SW_EREDIS for other errors (sw_redis_error()).
 */
enum sw_status sw_stream_ask(struct sw_redis *redis, struct sw_stream_state *out);

/** The same in two steps, as part of a pipeline: append the question, take the reply that is due. */
enum sw_status sw_stream_append_ask(struct sw_redis *redis);
enum sw_status sw_stream_take_state(struct sw_redis *redis, struct sw_stream_state *out);

#endif
