/*
 * metrics.h - sinkwatch metrics: the reports of all resolvers, and the state of Redis, as metrics.
 *
 * metrics.c reads the options; metrics_serve.c answers scrapes. A text is made in two steps:
 *     metrics_collect()  asks Redis for the reports of all resolvers, the streams, the feeds
 *                        (metrics_feeds.c), and INFO
 *     metrics_write()    writes the families, table by table (metrics_families.c, for the memory
 *                        metrics_memory.c, Redis and its streams metrics_redis.c)
 *
 * Names begin with sinkwatch_, values have base units (seconds, bytes), counters end in _total, and
 * times are in _timestamp_seconds. Labels: resolver, list, action, trigger, type, severity, reason,
 * state, stream, database, version, feed. So the number of series is bounded by resolvers, lists
 * and feeds; no name that clients ask for, and no address, is a label.
 *
 * Threads      one
 * Memory       a collection is freed by metrics_free()
 * Security     text from Redis may be anything: a value that is no number is left out
 * Decisions    D-181, D-183
 */
#ifndef SW_CLI_METRICS_METRICS_H
#define SW_CLI_METRICS_METRICS_H

#include "cli/metrics/exposition.h"
#include "cli/output.h"
#include "cli/serve/serve.h"

struct metrics_resolver {
    char *id;
    double reported;   /* seconds since 1970 */
    json_t *state;     /* fields of the report: text, or JSON where the text is JSON; NULL: late */
    double behind;     /* entries of the change stream after `applied`; less than 0: not known */
    bool behind_least; /* there are more */
};

#define METRICS_STREAMS 3

struct metrics {
    bool up;          /* Redis answered each question */
    int64_t until_us; /* the end of the questions, by sw_clock_mono_us(); 0: none */
    double asked_seconds;
    struct metrics_resolver *resolver;
    size_t resolvers;
    double stream_entries[METRICS_STREAMS]; /* of metrics_streams; less than 0: not known */
    double stream_last[METRICS_STREAMS];    /* seconds since 1970 of the last entry; 0: none */
    json_t *feeds;     /* name -> object: the status of the feed, and "paused": "0" or "1" */
    bool feed_service; /* some machine runs the feeds */
    char *info;        /* text of INFO, or NULL: the user may not ask */
};

extern const char *const metrics_streams[METRICS_STREAMS];

/** A number from text; false: the text is none. */
bool metrics_number(const char *text, double *out);

/** RFC 3339 to seconds since 1970; 0: no time. */
double metrics_seconds(const char *text);

/** Ask Redis, over cli->redis; opens the connection again if it is closed. After until_us (0: no
 * limit) no question follows. CLI_OK, or CLI_REDIS: reported, out->up is false, and the rest was
 * answered before. The caller calls metrics_free() in both cases. */
int metrics_collect(struct cli *cli, struct metrics *out, int64_t until_us);
void metrics_free(struct metrics *metrics);

/** Whether there is time for a question; false: reported. */
bool metrics_have_time(const struct metrics *metrics);

/** The feeds of lists: questions for metrics_collect(), families for metrics_write(). */
int metrics_ask_feeds(struct cli *cli, struct metrics *out);
void metrics_write_feeds(const struct metrics *metrics, struct expo *out);

/** The memory of resolved names, of resolvers that keep one. */
void metrics_write_memory(const struct metrics *metrics, struct expo *out);

/** The state of Redis: its streams, and the server itself. */
void metrics_write_streams(const struct metrics *metrics, struct expo *out);
void metrics_write_server(const struct metrics *metrics, struct expo *out);

/** Write all families. */
void metrics_write(const struct metrics *metrics, struct expo *out);

/** Serve the metrics until a signal; CLI_OK, or the code of serve_open(): reported. */
int metrics_serve(struct cli *cli, const struct serve_config *config);

#endif
