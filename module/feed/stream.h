/*
 * stream.h - positions in the change stream, and whether entries were lost before the feeder read.
 *
 * Private to the feeder. A position is the id of the last applied entry and, with Redis 7, the
 * number of entries that had ever been added up to that entry. Redis trims a stream at the old end
 * without notice, and XREAD continues with the remaining entries. So the feeder asks for the
 * stream's state with each batch. If the oldest remaining entry is younger than the position,
 * entries may be lost; the counts tell whether entries are lost.
 *
 * Threads      the feeder; all functions except the last group are pure
 * Standards    Redis stream ids: "milliseconds-sequence", both 64 bits unsigned
 */
#ifndef SW_FEED_STREAM_H
#define SW_FEED_STREAM_H

#include "base/status.h"
#include "redis/redis.h"

#include <stdbool.h>
#include <stdint.h>

struct sw_stream_id {
    uint64_t ms, seq; /* 0-0: before every entry */
};

#define SW_STREAMID_MAX 44 /* two 64-bit numbers, '-', NUL */

struct sw_stream_state { /* the reply of XINFO STREAM */
    bool exists;
    bool counted;              /* whether `added` is known: Redis 7 */
    struct sw_stream_id first; /* oldest remaining entry; 0-0 when there is none */
    struct sw_stream_id last;  /* newest id ever given; 0-0 when there is no stream */
    uint64_t length;           /* remaining entries */
    uint64_t added;            /* entries ever added */
    uint64_t left_out;         /* octets of the first and the last entry that Redis sent as well */
};

struct sw_stream_position {
    struct sw_stream_id id;
    uint64_t added; /* entries ever added up to id */
};

/* An end of the stream that Redis told, until the position reaches that end. */
struct sw_stream_end {
    bool awaited; /* else the other members mean nothing */
    bool counted; /* whether at.added is known */
    struct sw_stream_position at;
};

/** Parse "ms-seq" of len octets; SW_ESYNTAX. */
enum sw_status sw_stream_id_parse(const char *text, size_t len, struct sw_stream_id *out);

/** "ms-seq"; returns text. */
char *sw_stream_id_text(const struct sw_stream_id *id, char text[SW_STREAMID_MAX]);

/** Less than, equal to, or greater than zero, as a is older than, the same as, younger than b. */
int sw_stream_id_compare(const struct sw_stream_id *a, const struct sw_stream_id *b);

/**
 * Read an XINFO STREAM reply. The error "no such key" is a stream that does not exist, and SW_OK.
 * SW_EREDIS: any other error, or a reply with an unexpected structure.
 */
enum sw_status sw_stream_read_state(const redisReply *reply, struct sw_stream_state *out);

/**
 * Whether entries younger than the position may be missing from the stream: the stream is gone,
 * ends before the position, or was trimmed beyond the position.
 */
bool sw_stream_has_gap(const struct sw_stream_state *state, const struct sw_stream_position *at);

/**
 * Whether the position's stream is gone, and this state is no stream, or a newer stream that still
 * has every entry: then Redis has lost its data. Redis before 7.0 does not count entries: there the
 * result is true only when there is no stream.
 */
bool sw_stream_is_new(const struct sw_stream_state *state, const struct sw_stream_position *at);

/* Arrays of an XINFO STREAM reply around the fields of an entry: the reply, and the entry. */
#define SW_STREAM_STATE_DEPTH 2

#define SW_STREAM_CHANGES   "changes"
#define SW_STREAM_INQUIRIES "memory:inquiries"
#define SW_STREAM_TRACKS                                                                           \
    "resolvers:tracked" /* the only stream that resolvers write for other resolvers: D-096 */

/**
 * Ask for the state of {prefix}:changes. Redis sends the first and the last entry as well; the
 * fields of these entries are left out, so that no size of an entry matters (D-231). SW_OK;
 * SW_ECLOSED when the connection failed; SW_EINVAL when the key is no stream, or forbidden by the
 * ACL; SW_EREDIS for other errors (sw_redis_error()).
 */
enum sw_status sw_stream_ask(struct sw_redis *redis, struct sw_stream_state *out);

/** Await the end that a state tells, unless an earlier end is awaited still. */
void sw_stream_await(struct sw_stream_end *end, const struct sw_stream_state *state);

/**
 * Whether entries up to the awaited end were never read (D-242): the position is that end and more
 * entries were added than read, or the position is beyond that end. Call after each entry, before
 * `at` advances further. From the end on, the end is awaited no more.
 */
bool sw_stream_has_missed(struct sw_stream_end *end, const struct sw_stream_position *at);

/**
 * Advance the position over the entry id. The end is looked for before as well as after: a full
 * load, for example, awaits the end that is its position. Returns like sw_stream_has_missed().
 */
bool sw_stream_advance(struct sw_stream_end *end, struct sw_stream_position *at,
                       const struct sw_stream_id *id);

/** The same in two steps, for a pipeline: append the command, later take the reply. */
enum sw_status sw_stream_append_ask(struct sw_redis *redis);
enum sw_status sw_stream_take_state(struct sw_redis *redis, struct sw_stream_state *out);

#endif
