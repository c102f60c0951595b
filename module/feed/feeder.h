/*
 * feeder.h - the feeder's state, and the functions that the feeder's files call in each other.
 *
 * Private to feed/. The thread's work, file by file:
 *     feed.c            connect, pause, tick; decides which of the others comes next
 *     session.c         the floor of all others: problems, connection for writing, wall clock
 *     load_all.c        full load
 *     reconcile.c       reconciliation with the lists in Redis
 *     audit.c           lists in Redis against the index, chunk by chunk
 *     keyspace.c        keyspace notifications of plain writes
 *     keyspace_lists.c  which lists a notification named
 *     follow.c          XREAD, applying entries in order, gaps
 *     batch.c           the changes of a batch: evict names, hand over to the sweeper
 *     local.c           the local snapshot
 *     track.c           tracked addresses from Redis and to Redis
 *     inquiries.c       inquiries to the memory, and their answers
 *     expire.c          removal of expired indicators
 *     status_hash.c     the status hash, written again when a sweep is over
 * The files load.c lists.c stream.c refused.c tracked.c sweeper.c do not use struct sw_feed.
 *
 * Threads      everything belongs to the feeder thread, except the members of the last group
 * Reliability  a function that calls Redis returns SW_OK, or the session is over: SW_ECLOSED,
 *              SW_EREDIS, with the reason in problems[SW_PROBLEM_REDIS]
 */
#ifndef SW_FEED_FEEDER_H
#define SW_FEED_FEEDER_H

#include "feed/audit.h"
#include "feed/feed.h"
#include "feed/keyspace.h"
#include "feed/lists.h"
#include "feed/load.h"
#include "feed/local.h"
#include "feed/refused.h"
#include "feed/stream.h"
#include "feed/sweeper.h"
#include "feed/tracked.h"
#include "redis/redis.h"

#include <pthread.h>
#include <stdatomic.h>

/* How long XREAD waits when there are no changes. A change ends the wait at once; the time bounds
 * the delay of a request to track, or to stop. */
#define SW_FEED_BLOCK_MS 100
#define SW_FEED_SWEEP_MS 5 /* likewise while a sweep runs: bounds the delay of the report */

/* The problem of a lost list in the status. */
#define SW_FEED_LOST "Redis has lost the list; the last good content is kept"

#define SW_FEED_REPORT_US  INT64_C(5000000) /* status hash, stream check */
#define SW_FEED_STATUS_TTL "30"             /* seconds, as module/REDIS.md says */

enum sw_feed_state { SW_FEED_LOADING, SW_FEED_FOLLOWING, SW_FEED_DISCONNECTED };

/* Problems that can exist at the same time; the status shows the first as last_error. */
enum sw_problem {
    SW_PROBLEM_REDIS,     /* connection, or an error of the server */
    SW_PROBLEM_EMPTY,     /* Redis has lost lists that the index still holds */
    SW_PROBLEM_LISTS,     /* {prefix}:lists cannot be read */
    SW_PROBLEM_STREAM,    /* {prefix}:changes cannot be read */
    SW_PROBLEM_RECONCILE, /* the lists in Redis cannot be compared with the index */
    SW_PROBLEM_REPORT,    /* status cannot be written */
    SW_PROBLEM_TRACK,     /* tracked addresses cannot be written */
    SW_PROBLEM_GARDEN,    /* a walled garden cannot be resolved */
    SW_PROBLEM_INQUIRY,   /* inquiries to the memory cannot be read or answered */
    SW_PROBLEM_FILE,      /* event-file cannot be written; logged by the recorder */
    SW_PROBLEM_SPOOL,     /* event-spool likewise */
    SW_PROBLEM_COUNT
};

#define SW_PROBLEM_MAX 256

/* Policies and sizes of all lists in Redis at a stream id, compared with the index when the feeder
 * has applied all entries up to that id. */
struct sw_copy {
    redisReply *reply; /* EXEC's: stream state, lists, HLEN of each name; NULL: no copy waits */
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
    struct sw_redis *out; /* for writing: equal to redis, unless redis-primary is set */
    int64_t out_due;      /* no attempt to open `out` before, monotonic */
    struct sw_load_hooks hooks;

    struct sw_lists lists;
    struct sw_refused refused;
    enum sw_feed_state state;
    char problems[SW_PROBLEM_COUNT][SW_PROBLEM_MAX]; /* "" when there is none */
    int64_t garden_until;                            /* when SW_PROBLEM_GARDEN ends */
    int64_t started_us;                              /* wall clock */
    char *mmdb_json; /* sw_owners_status() of the enforced MMDB files, or NULL */
    char *mmdb_next; /* likewise of newer files, enforced when sweep mmdb_handed is over */
    uint64_t mmdb_handed;

    /* the position in the stream */
    bool load_due;    /* the position cannot be followed: a full load comes next */
    bool stream_gone; /* at the last load there was no stream: a stream found later is a new one */
    bool stream_ok;   /* {prefix}:changes is a stream, or does not exist */
    char server[128]; /* run id and replication id of the server of the position */
    int64_t server_ahead_us; /* the server's wall clock minus this resolver's, at the last look */
    int64_t state_due;       /* monotonic clock: the stream's state is not to be asked for before */
    uint64_t asks;           /* how often the stream's state was told */
    struct sw_stream_end end;           /* of the stream, when it was told */
    unsigned batch;                     /* COUNT of XREAD */
    struct sw_stream_position position; /* last applied entry */
    struct sw_stream_id awaited;        /* the stream's end at the last XREAD without entries */
    struct sw_stream_id applied;        /* last entry reported as enforced, sweep included */
    struct sw_stream_id timed; /* an entry for which the time until the report is taken; 0: none */
    struct sw_copy copy;
    struct sw_audit audit;
    struct sw_keyspace keyspace;

    struct sw_local local;
    bool tracked_due;              /* {prefix}:tracked is still to be read */
    bool tracks_ok;                /* {prefix}:resolvers:tracked is a stream, or does not exist */
    int64_t tracks_due;            /* monotonic clock: if !tracks_ok, not to be read before */
    struct sw_stream_id tracks_at; /* last entry of that stream that was read */

    bool inquiries_ok;                /* {prefix}:memory:inquiries is read */
    bool inquiries_new;               /* and was not read in this session yet */
    int64_t inquiries_due;            /* monotonic clock: not to be read before, after a failure */
    int64_t inquiries_pause_us;       /* the pause after the last failure; 0: no failure */
    struct sw_stream_id inquiries_at; /* last entry of that stream that was read */

    /* indicators with an end */
    bool expiring; /* more indicators have expired than a call of sw_feed_expire() removes */
    bool clock_known;
    int64_t clock_ahead; /* wall clock minus monotonic clock at the last call */

    /* the changes of the current batch */
    struct sw_indicator *added;
    size_t added_n, added_capacity;
    struct sw_list_set came; /* lists as in struct sw_in_force */
    bool told_in_force;      /* host.in_force was called since the start */
    bool everything;         /* sweep for all */
    bool dirty;              /* there is some change */
    struct sw_sweeper *sweeper;

    /* tracked addresses that are not yet written to Redis */
    struct sw_addr unsent[SW_TRACKED_QUEUE];
    size_t unsent_n;

    /* monotonic times, microseconds */
    int64_t mmdb_due, report_due, reconcile_due, unsent_due;
    int64_t lists_due; /* when a report has the field `lists` again: status_hash.c */
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

/* ---- session.c ---- */

/** Set a problem (a new text is logged), or clear the problem with format NULL. */
void sw_feed_problem(struct sw_feed *feed, enum sw_problem which, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Set SW_PROBLEM_REDIS for a failed call of Redis; returns status. */
enum sw_status sw_feed_failed(struct sw_feed *feed, enum sw_status status, const char *doing);

/** Whether the thread has to end: checked in every loop that may take long. */
bool sw_feed_stopping(const struct sw_feed *feed);

/** The open connection for writing; NULL: redis-primary is away, as the status says. */
struct sw_redis *sw_feed_writer(struct sw_feed *feed);

/** Set a problem for a failed write. SW_OK with redis-primary, since reading goes on; else
 * status. */
enum sw_status sw_feed_write_failed(struct sw_feed *feed, enum sw_status status, const char *doing);

/** Wall clock, microseconds: the host's, or the real one. */
int64_t sw_feed_wall_us(const struct sw_feed *feed);

/* ---- feed.c ---- */

/** The work that does not depend on Redis: MMDB files, expired indicators, requests to track. */
void sw_feed_tick(struct sw_feed *feed);

/* ---- batch.c ---- */

/** Note one added indicator of a list that acts. */
void sw_feed_added(struct sw_feed *feed, const struct sw_indicator *indicator);

/** Note one removed indicator: a cached true answer may have depended on the indicator. */
void sw_feed_removed(struct sw_feed *feed, const struct sw_list *list,
                     const struct sw_indicator *indicator);

/** Note that any cached answer may contradict the index. */
void sw_feed_changed_everything(struct sw_feed *feed);

/** Evict the noted names and hand the noted changes to the sweeper; no changes are fine. */
void sw_feed_enforce(struct sw_feed *feed);

/* ---- load_all.c ---- */

/** Full load: stream position, lists, tracked addresses. */
enum sw_status sw_feed_load(struct sw_feed *feed);

/** Ask whether the stream still has all entries after the position; load_due is set when not. */
enum sw_status sw_feed_check_stream(struct sw_feed *feed);

/** Likewise, with status and state from sw_stream_ask() or sw_stream_take_state(). */
enum sw_status sw_feed_judge_stream(struct sw_feed *feed, enum sw_status asked,
                                    const struct sw_stream_state *state);

/** Whether the stream's state may be asked for now. A large first or last entry, which Redis sends
 * with the state each time, makes that rare (D-231). */
bool sw_feed_state_is_due(const struct sw_feed *feed);

/** Set load_due if entries up to an awaited end of the stream were never read. */
void sw_feed_look_for_missed(struct sw_feed *feed);

/** Advance the position over an entry that was applied. Likewise for the end before and after. */
void sw_feed_advance(struct sw_feed *feed, const struct sw_stream_id *id);

/** Ask whether the server is still the server of the position; load_due is set when not. */
enum sw_status sw_feed_check_server(struct sw_feed *feed);

/** Free a copy; an empty copy is fine. */
void sw_copy_clear(struct sw_copy *copy);

/** Before a list is read: renew lists.now, an end of the stream that the reading includes, if the
 * state is due. Else the former end stays: entries after that end are applied once more. */
enum sw_status sw_feed_renew_end(struct sw_feed *feed);

/** Take the result of asking for the stream's state: stream_ok is set, and with a stream lists.now
 * and the time of the next ask. A key of another type is a problem, and SW_OK. */
enum sw_status sw_feed_take_state(struct sw_feed *feed, enum sw_status asked,
                                  const struct sw_stream_state *state);

/** {prefix}:lists cannot be read, for the reason why: keep the lists of the index. */
void sw_feed_keep_unreadable(struct sw_feed *feed, const char *why);

/** Note a list of kind ioc with indicators that come in force, for host.in_force. */
void sw_feed_came(struct sw_feed *feed, const struct sw_list *list);

/** Update all lists from a reply with {prefix}:lists; everything: read all of them again. *kept:
 * the reply is empty, and all lists stay. */
enum sw_status sw_feed_take_lists(struct sw_feed *feed, const redisReply *reply, bool everything,
                                  bool *kept);

/** Read a list's policy, with `content` or when still unread also the indicators. A list without a
 * policy in Redis is refused. */
enum sw_status sw_feed_read_list(struct sw_feed *feed, const char *name, bool content);

/** Say which lists are lost, or that none is. */
void sw_feed_tell_lost(struct sw_feed *feed);

/* ---- reconcile.c ---- */

/** Copy policies and sizes from Redis, to be compared when the copy's stream id is reached. */
enum sw_status sw_feed_copy(struct sw_feed *feed);

/** sw_feed_copy(); the next reconciliation is due an interval from now. */
enum sw_status sw_feed_reconcile(struct sw_feed *feed);

/** Compare a waiting copy, if the next entry to apply is younger than the copy (next NULL: if all
 * entries up to the copy are applied). */
enum sw_status sw_feed_compare(struct sw_feed *feed, const struct sw_stream_id *next);

/* ---- follow.c ---- */

/** Wait up to SW_FEED_BLOCK_MS (SW_FEED_SWEEP_MS) for changes and apply them. */
enum sw_status sw_feed_follow(struct sw_feed *feed);

/* ---- expire.c ---- */

/** Remove expired indicators, for about 10 ms at most; `expiring` is set when more are left. */
void sw_feed_expire(struct sw_feed *feed);

/* ---- track.c ---- */

/** Track the requested addresses, have cached names reported, and keep the addresses for Redis. */
void sw_feed_take_requests(struct sw_feed *feed);

/** Track an address from a stream; for a new address, have cached names reported. */
void sw_feed_track_one(struct sw_feed *feed, const struct sw_addr *addr);

/** Likewise for text; a text that is no address is refused. */
void sw_feed_track_text(struct sw_feed *feed, const redisReply *item);

/** Track the addresses in entries of {prefix}:resolvers:tracked; NULL: there are none. */
void sw_feed_take_tracks(struct sw_feed *feed, const redisReply *entries);

/** Write unsent addresses to Redis; addresses that Redis does not take are kept for later. */
enum sw_status sw_feed_send_tracked(struct sw_feed *feed);

/** Read {prefix}:resolvers:tracked no more for a minute: the set has all addresses, and is read
 * then. */
void sw_feed_leave_tracks(struct sw_feed *feed);

/** Read {prefix}:tracked. */
enum sw_status sw_feed_load_tracked(struct sw_feed *feed);

/* ---- inquiries.c ---- */

/** Read inquiries from some seconds ago on, if this resolver answers any, and no pause after a
 * failure goes on. A position in the future becomes the present, once the stream was deleted. */
void sw_feed_begin_inquiries(struct sw_feed *feed);

/** Read no inquiries for a minute, and longer after each further failure. why: for the status;
 * NULL: the connection was lost, which the status says anyway. */
void sw_feed_leave_inquiries(struct sw_feed *feed, const char *why);

/** XREAD succeeded: hand the entries of {prefix}:memory:inquiries to the host; NULL: there are
 * none. */
void sw_feed_take_inquiries(struct sw_feed *feed, const redisReply *entries);

/** Write the answers that are ready. SW_OK, or the session is over. */
enum sw_status sw_feed_send_answers(struct sw_feed *feed);

/* ---- status_hash.c ---- */

/** Write the status hash. SW_ECLOSED: connection lost. An error reply is a problem, and SW_OK. */
enum sw_status sw_feed_report(struct sw_feed *feed);

/** Enforce the batch and report as applied all entries with a finished sweep; the rest is reported
 * by sw_feed_report_applied(). SW_OK, or the session is over. */
enum sw_status sw_feed_finish_batch(struct sw_feed *feed);

/** Update mmdb_json when newer MMDB files are enforced, sweep included; true: updated. */
bool sw_feed_mmdb_enforced(struct sw_feed *feed);

/** Report when more is enforced than the last report says. SW_OK, or the session is over. */
enum sw_status sw_feed_report_applied(struct sw_feed *feed);

/** A clean stop: delete the status hash and this resolver's member of {prefix}:resolvers. */
void sw_feed_farewell(struct sw_feed *feed);

#endif
