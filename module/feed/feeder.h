/*
 * feeder.h - the feeder's state, and what its files call in each other.
 *
 * Private to feed/. The thread's turns, file by file:
 *     feed.c       connect, pause, tick; decides which of these comes next
 *     sync.c       full load; reconciliation with what Redis holds
 *     audit.c      lists in Redis against the index, chunk by chunk
 *     notice.c     keyspace notifications of plain writes
 *     follow.c     XREAD, one entry after the other, gaps
 *     changes.c    what a batch changed: evict names, hand over to the sweeper, report
 *     local.c      the local snapshot
 *     track.c      tracked addresses in and out
 *     expiry.c     indicators whose end has come
 *     report.c     the status hash
 * and, knowing nothing of the feeder: load.c lists.c stream.c refused.c tracked.c
 * sweeper.c.
 *
 * Threads      everything belongs to the feeder thread, but for the fields of the last group
 * Reliability  a function that talks to Redis returns SW_OK, or the session is over: SW_ECLOSED,
 *              SW_EREDIS, with the reason in problems[SW_PROBLEM_REDIS]
 */
#ifndef SW_FEED_FEEDER_H
#define SW_FEED_FEEDER_H

#include "base/redis.h"
#include "feed/audit.h"
#include "feed/feed.h"
#include "feed/lists.h"
#include "feed/load.h"
#include "feed/local.h"
#include "feed/notice.h"
#include "feed/refused.h"
#include "feed/stream.h"
#include "feed/sweeper.h"
#include "feed/tracked.h"

#include <pthread.h>
#include <stdatomic.h>

/* How long one XREAD waits for changes when there are none. Changes come at once whatever this
 * is; it bounds how late a request to track, or to stop, is seen. */
#define SW_FEED_BLOCK_MS 100
#define SW_FEED_SWEEP_MS 5 /* likewise while a sweep runs: how late its end is reported */

/* What the status says of a list that is. */
#define SW_FEED_LOST "Redis has lost it; the last good one is kept"

#define SW_FEED_REPORT_US   INT64_C(5000000) /* status hash, stream check */
#define SW_FEED_STATUS_TTL  "30"             /* seconds, as module/REDIS.md says */
#define SW_FEED_CHANGES_MAX "100000"         /* stream entries kept when we append to it */

enum sw_feed_state { SW_FEED_LOADING, SW_FEED_FOLLOWING, SW_FEED_DISCONNECTED };

/* What can be wrong at the same time; the first that is set is last_error. */
enum sw_problem {
    SW_PROBLEM_REDIS,     /* connection, or an error of the server */
    SW_PROBLEM_EMPTY,     /* Redis holds no lists, or has lost some; we do */
    SW_PROBLEM_LISTS,     /* {prefix}:lists cannot be read */
    SW_PROBLEM_STREAM,    /* {prefix}:changes cannot be read */
    SW_PROBLEM_RECONCILE, /* what Redis holds cannot be compared with what we hold */
    SW_PROBLEM_REPORT,    /* status cannot be written */
    SW_PROBLEM_TRACK,     /* tracked addresses cannot be written */
    SW_PROBLEM_GARDEN,    /* a walled garden cannot be resolved */
    SW_PROBLEM_FILE,      /* event-file cannot be written; logged by the recorder */
    SW_PROBLEM_SPOOL,     /* event-spool likewise */
    SW_PROBLEM_COUNT
};

#define SW_PROBLEM_MAX 256

/* A copy of what Redis holds at one stream id, compared with the index once that id is reached. */
struct sw_copy {
    redisReply *reply; /* EXEC's: stream state, lists, HLEN of each name; NULL: none waits */
    struct sw_stream_id at;
    char (*names)[SW_LISTNAME_MAX];
    size_t n;
};

struct sw_feed {
    const struct sw_settings *settings;
    struct sw_index *index;
    struct sw_owners *owners;
    struct sw_counters *counters;
    struct sw_feed_host host;
    struct sw_redis *redis;
    struct sw_redis *out; /* where we write: the same one, unless redis-primary is set */
    int64_t out_due;      /* when to try to connect that one again, monotonic */
    struct sw_load_hooks hooks;

    struct sw_lists lists;
    struct sw_refused refused;
    enum sw_feed_state state;
    char problems[SW_PROBLEM_COUNT][SW_PROBLEM_MAX]; /* "" when there is none */
    int64_t garden_until;                            /* when SW_PROBLEM_GARDEN ends */
    int64_t started_us;                              /* wall clock */
    char *mmdb_json; /* sw_owners_status() of what is enforced, or NULL */
    char *
        mmdb_next; /* likewise, once the sweep that was handed over as the mmdb_handed-th is over */
    uint64_t mmdb_handed;

    /* where we are */
    bool load_due;                      /* the position is worth nothing: read everything */
    bool stream_gone;                   /* it was, at the last load: what comes may be the second */
    bool stream_ok;                     /* {prefix}:changes is a stream, or not there yet */
    char server[128];                   /* run id and replication id that the position belongs to */
    unsigned batch;                     /* entries asked for at a time */
    struct sw_stream_position position; /* last entry dealt with */
    struct sw_stream_id awaited; /* the stream's end when it was last asked for and nothing came */
    struct sw_stream_id applied; /* last entry reported as enforced, sweep included */
    struct sw_copy copy;
    struct sw_audit audit;
    struct sw_notices notices;

    struct sw_local local;
    bool tracked_due;              /* {prefix}:tracked is still to be read */
    bool tracks_ok;                /* {prefix}:resolvers:tracked is a stream, or not there yet */
    struct sw_stream_id tracks_at; /* its last entry dealt with */

    /* indicators with an end */
    bool expiring; /* more are due than one turn could take */
    bool clock_known;
    int64_t clock_ahead; /* wall clock minus monotonic clock when last looked at */

    /* what the batch at hand changed */
    struct sw_indicator *added;
    size_t added_n, added_capacity;
    bool everything; /* sweep for all */
    bool dirty;      /* anything at all */
    struct sw_sweeper *sweeper;

    /* tracked addresses that Redis has not been told yet */
    struct sw_addr unsent[SW_TRACKED_QUEUE];
    size_t unsent_n;

    /* monotonic times, microseconds */
    int64_t mmdb_due, report_due, reconcile_due, unsent_due;
    int64_t lists_due; /* when a report has all lists in it again: report.c */
    uint32_t backoff_ms;

    /* shared with other threads */
    struct sw_tracked tracked;
    atomic_bool stopping;
    pthread_mutex_t lock; /* with wake: stopping, finished */
    pthread_cond_t wake;  /* monotonic */
    bool finished;
    bool started; /* owner's thread only */
    pthread_t thread;
};

/* ---- feed.c ---- */

/** Set what is wrong (logged when it is new), or with NULL that it is right again. */
void sw_feed_problem(struct sw_feed *feed, enum sw_problem which, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Note the failure of a Redis call in words and hand its status back. */
enum sw_status sw_feed_failed(struct sw_feed *feed, enum sw_status status, const char *doing);

/** What has to be done whether Redis is there or not: MMDB files, requests to track. */
void sw_feed_tick(struct sw_feed *feed);

/** Whether the thread has been told to end: checked wherever it could go on for long. */
bool sw_feed_stopping(const struct sw_feed *feed);

/** The connection to write to, open; NULL: not now (redis-primary is away; said in the status). */
struct sw_redis *sw_feed_writer(struct sw_feed *feed);

/** Note that writing failed. With redis-primary the session goes on: SW_OK; else it is over. */
enum sw_status sw_feed_write_failed(struct sw_feed *feed, enum sw_status status, const char *doing);

/* ---- changes.c ---- */

/** Note one added indicator of a list that acts. */
void sw_feed_added(struct sw_feed *feed, const struct sw_indicator *indicator);

/** Note one removed indicator: what it covers may have been true because of it. */
void sw_feed_removed(struct sw_feed *feed, const struct sw_list *list,
                     const struct sw_indicator *indicator);

/** Note that everything that is cached may contradict the index. */
void sw_feed_changed_everything(struct sw_feed *feed);

/** Evict names, and hand what was noted to the sweeper; nothing to do is fine. */
void sw_feed_enforce(struct sw_feed *feed);

/** Enforce; the position is reported as applied now or when the sweep is over. SW_OK, or the
 * session is over. */
enum sw_status sw_feed_finish_batch(struct sw_feed *feed);

/** Status of the MMDB files whose owners are enforced, sweep included; true: it is another one than
 * last time. */
bool sw_feed_mmdb_enforced(struct sw_feed *feed);

/** Report when more is enforced than was reported last. SW_OK, or the session is over. */
enum sw_status sw_feed_report_applied(struct sw_feed *feed);

/* ---- sync.c ---- */

/** Full load: stream position, lists, tracked addresses. */
enum sw_status sw_feed_load(struct sw_feed *feed);

/** Ask whether the stream still holds all that follows the position; load_due is set when not. */
enum sw_status sw_feed_check_stream(struct sw_feed *feed);

/** Likewise, after sw_stream_ask() or sw_stream_take_state() gave status and state. */
enum sw_status sw_feed_judge_stream(struct sw_feed *feed, enum sw_status asked,
                                    const struct sw_stream_state *state);

/** Ask whether the server is still the one that the position belongs to; likewise. */
enum sw_status sw_feed_check_server(struct sw_feed *feed);

/** Take a copy of what Redis holds, to be compared when its stream id is reached. */
enum sw_status sw_feed_copy(struct sw_feed *feed);

/** The same, because it is time to: the next time is an interval from now. */
enum sw_status sw_feed_reconcile(struct sw_feed *feed);

/** Compare, if a copy waits and the next entry to be applied is younger than it (NULL: none). */
enum sw_status sw_feed_compare(struct sw_feed *feed, const struct sw_stream_id *next);

/** Give a copy up; one that is empty is fine. */
void sw_copy_clear(struct sw_copy *copy);

/** One list again, as it is in Redis now, policy first; refused when it has none. */
enum sw_status sw_feed_read_list(struct sw_feed *feed, const char *name, bool content);

/** Say which lists are lost, or that none is. */
void sw_feed_tell_lost(struct sw_feed *feed);

/* ---- follow.c ---- */

/** Wait up to SW_FEED_BLOCK_MS (SW_FEED_SWEEP_MS) for changes and apply them. */
enum sw_status sw_feed_follow(struct sw_feed *feed);

/* ---- expiry.c ---- */

/** Take out what is due, for about 10 ms at most; `expiring` is set when more is left. */
void sw_feed_expire(struct sw_feed *feed);

/** Wall clock, microseconds: the host's, or the real one. */
int64_t sw_feed_wall_us(const struct sw_feed *feed);

/* ---- track.c ---- */

/** Add what was requested; tell the host; keep for Redis. */
void sw_feed_take_requests(struct sw_feed *feed);

/** An address from the stream: add it and tell the host when it is new. */
void sw_feed_track_one(struct sw_feed *feed, const struct sw_addr *addr);

/** The same for text; what is no address is refused. */
void sw_feed_track_text(struct sw_feed *feed, const redisReply *item);

/** The entries of {prefix}:resolvers:tracked in an XREAD reply; NULL: none. */
void sw_feed_take_tracks(struct sw_feed *feed, const redisReply *entries);

/** Tell Redis what it has not been told. What it does not take is kept for later. */
enum sw_status sw_feed_send_tracked(struct sw_feed *feed);

/** Read {prefix}:tracked. */
enum sw_status sw_feed_load_tracked(struct sw_feed *feed);

/* ---- report.c ---- */

/** Write the status hash. SW_ECLOSED: connection lost. An error reply is noted, and SW_OK. */
enum sw_status sw_feed_report(struct sw_feed *feed);

/** Take this resolver off the books (a clean stop): its state and its place among resolvers. */
void sw_feed_farewell(struct sw_feed *feed);

#endif
