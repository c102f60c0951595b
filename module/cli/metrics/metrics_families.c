/* metrics_families.c - the families of metrics, table by table. See metrics.h. */
#include "base/clock.h"
#include "cli/metrics/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LATENCY_MAX 32 /* bounds of a histogram that are read */

/* A number of a report under the resolver's label. scale: to the base unit. */
struct scalar {
    const char *field, *name;
    enum expo_type type;
    double scale;
    const char *help;
};

/* Each counter of base/counters.h, and the amounts of feed/status_hash.c. A test compares. */
static const struct scalar scalars[] = {
    {"hits", "sinkwatch_hits", EXPO_COUNTER, 1, "Queries of clients that a rule matched."},
    {"rewritten", "sinkwatch_rewritten", EXPO_COUNTER, 1,
     "Queries of clients that got another answer than the true one, or none."},
    {"judged", "sinkwatch_answers_judged", EXPO_COUNTER, 1,
     "Judgements of resolved answers that the resolver may cache."},
    {"gardens_failed", "sinkwatch_walled_garden_failures", EXPO_COUNTER, 1,
     "Answers with a walled garden that could not be resolved."},
    {"events_lost_ring", "sinkwatch_events_lost_ring", EXPO_COUNTER, 1,
     "Events lost since a ring between a worker and the collector was full."},
    {"events_lost_backlog", "sinkwatch_events_lost_backlog", EXPO_COUNTER, 1,
     "Events lost since neither Redis nor backlog nor spool took the event."},
    {"events_spooled", "sinkwatch_events_spooled", EXPO_COUNTER, 1,
     "Documents that were put into the spool while Redis was away."},
    {"events_written_redis", "sinkwatch_events_written_redis", EXPO_COUNTER, 1,
     "Documents that Redis acknowledged."},
    {"events_written_file", "sinkwatch_events_written_file", EXPO_COUNTER, 1,
     "Lines written to event-file."},
    {"dnstap_sent", "sinkwatch_dnstap_sent", EXPO_COUNTER, 1, "Messages sent by dnstap."},
    {"dnstap_lost", "sinkwatch_dnstap_lost", EXPO_COUNTER, 1,
     "Messages for dnstap that had no reader or no room."},
    {"history_dropped", "sinkwatch_history_dropped", EXPO_COUNTER, 1,
     "Updates of the ownership history that were dropped."},
    {"anomalies", "sinkwatch_anomalies_raised", EXPO_COUNTER, 1, "Anomalies raised."},
    {"redis_connects", "sinkwatch_redis_connects", EXPO_COUNTER, 1,
     "Connections of the resolver to Redis."},
    {"redis_failures", "sinkwatch_redis_failures", EXPO_COUNTER, 1,
     "Failed connections or commands of the resolver."},
    {"changes_applied", "sinkwatch_changes_applied", EXPO_COUNTER, 1,
     "Entries of the change stream that were applied."},
    {"items_refused", "sinkwatch_items_refused", EXPO_COUNTER, 1,
     "Indicators and policies that were refused."},
    {"indicators_expired", "sinkwatch_indicators_expired", EXPO_COUNTER, 1,
     "Indicators that ended by time."},
    {"full_loads", "sinkwatch_full_loads", EXPO_COUNTER, 1, "Loads of all lists."},
    {"lists_reread", "sinkwatch_lists_reread", EXPO_COUNTER, 1,
     "Lists read again since a plain write or a difference was found."},
    {"notices", "sinkwatch_notices", EXPO_COUNTER, 1, "Keyspace notifications of lists."},
    {"messages_swept", "sinkwatch_messages_swept", EXPO_COUNTER, 1,
     "Cached answers that a sweep removed."},
    {"sweeps", "sinkwatch_sweeps", EXPO_COUNTER, 1, "Sweeps of the caches."},
    {"sweeps_cpu_us", "sinkwatch_sweeps_cpu_seconds", EXPO_COUNTER, 1e-6,
     "Processor time of all sweeps."},
    {"sweeps_again", "sinkwatch_sweeps_periodic", EXPO_COUNTER, 1,
     "Sweeps that no change asked for."},
    {"messages_swept_again", "sinkwatch_messages_swept_periodic", EXPO_COUNTER, 1,
     "Cached answers that contradicted the lists in a periodic sweep."},
    {"messages_evicted", "sinkwatch_messages_evicted", EXPO_COUNTER, 1,
     "Cached answers that were removed by name."},
    {"mmdb_reloads", "sinkwatch_mmdb_reloads", EXPO_COUNTER, 1,
     "MMDB files and tables of classes that were loaded."},
    {"mmdb_refused", "sinkwatch_mmdb_refused", EXPO_COUNTER, 1,
     "MMDB files and tables of classes that were refused."},
    {"sweep_last_us", "sinkwatch_sweep_last_duration_seconds", EXPO_GAUGE, 1e-6,
     "Duration of the last sweep."},
    {"index_octets", "sinkwatch_index_bytes", EXPO_GAUGE, 1, "Memory of the index."},
    {"resident_octets", "sinkwatch_resolver_resident_memory_bytes", EXPO_GAUGE, 1,
     "Resident memory of the resolver's process."},
    {"backlog", "sinkwatch_event_backlog", EXPO_GAUGE, 1, "Documents that wait for Redis."},
    {"spool_octets", "sinkwatch_event_spool_bytes", EXPO_GAUGE, 1, "Size of the spool."},
    {"ring_octets", "sinkwatch_event_ring_used_bytes", EXPO_GAUGE, 1,
     "Use of the fullest ring at the collector's last look."},
    {"ring_size", "sinkwatch_event_ring_size_bytes", EXPO_GAUGE, 1, "Size of a ring."},
};

static void put_scalar(const struct metrics *m, struct expo *out, const struct scalar *s)
{
    expo_family(out, s->name, s->type, s->help);
    for (size_t i = 0; i < m->resolvers; i++) {
        double value;
        if (metrics_number(cli_json_text(m->resolver[i].state, s->field), &value))
            expo_sample(out, value * s->scale, "resolver", m->resolver[i].id, NULL);
    }
}

/* ---- state of each resolver ---- */

static void states(const struct metrics *m, struct expo *out)
{
    static const char *const names[] = {"loading", "following", "disconnected"};
    expo_family(out, "sinkwatch_resolver_state", EXPO_GAUGE,
                "1 for the present state of the resolver.");
    for (size_t i = 0; i < m->resolvers; i++)
        for (size_t s = 0; m->resolver[i].state && s < sizeof(names) / sizeof(names[0]); s++)
            expo_sample(out, strcmp(cli_json_text(m->resolver[i].state, "state"), names[s]) == 0,
                        "resolver", m->resolver[i].id, "state", names[s], NULL);
}

static void times(const struct metrics *m, struct expo *out, const char *field, const char *name,
                  const char *help)
{
    expo_family(out, name, EXPO_GAUGE, help);
    for (size_t i = 0; i < m->resolvers; i++) {
        double at = metrics_seconds(cli_json_text(m->resolver[i].state, field));
        if (at > 0)
            expo_sample(out, at, "resolver", m->resolver[i].id, NULL);
    }
}

/* The applied id is milliseconds, a hyphen, and a number within the millisecond. */
static void applied(const struct metrics *m, struct expo *out)
{
    expo_family(out, "sinkwatch_resolver_applied_timestamp_seconds", EXPO_GAUGE,
                "Time of the last enforced change, by the clock of Redis.");
    for (size_t i = 0; i < m->resolvers; i++) {
        double ms = strtod(cli_json_text(m->resolver[i].state, "applied"), NULL);
        if (ms > 0)
            expo_sample(out, ms / 1e3, "resolver", m->resolver[i].id, NULL);
    }
    expo_family(out, "sinkwatch_resolver_applied_sequence", EXPO_GAUGE,
                "Number of the last enforced change within its millisecond.");
    for (size_t i = 0; i < m->resolvers; i++) {
        const char *id = cli_json_text(m->resolver[i].state, "applied"), *dash = strchr(id, '-');
        double n;
        if (dash && metrics_number(dash + 1, &n))
            expo_sample(out, n, "resolver", m->resolver[i].id, NULL);
    }
}

static void info_of(const struct metrics *m, struct expo *out)
{
    expo_family(out, "sinkwatch_resolver_info", EXPO_GAUGE,
                "Always 1; versions of the module and of Unbound.");
    for (size_t i = 0; i < m->resolvers; i++)
        if (m->resolver[i].state)
            expo_sample(out, 1, "resolver", m->resolver[i].id, "version",
                        cli_json_text(m->resolver[i].state, "version"), "unbound",
                        cli_json_text(m->resolver[i].state, "unbound"), NULL);
}

static void resolvers(const struct metrics *m, struct expo *out)
{
    expo_family(out, "sinkwatch_resolver_up", EXPO_GAUGE,
                "1 if the resolver has reported within half a minute.");
    for (size_t i = 0; i < m->resolvers; i++)
        expo_sample(out, m->resolver[i].state != NULL, "resolver", m->resolver[i].id, NULL);
    expo_family(out, "sinkwatch_resolver_reported_timestamp_seconds", EXPO_GAUGE,
                "Time of the last report.");
    for (size_t i = 0; i < m->resolvers; i++)
        expo_sample(out, m->resolver[i].reported, "resolver", m->resolver[i].id, NULL);
    info_of(m, out);
    states(m, out);
    expo_family(out, "sinkwatch_resolver_problem", EXPO_GAUGE,
                "1 while the resolver reports a fault (sinkwatch status has the words).");
    for (size_t i = 0; i < m->resolvers; i++)
        if (m->resolver[i].state)
            expo_sample(out, cli_json_text(m->resolver[i].state, "last_error")[0] != '\0',
                        "resolver", m->resolver[i].id, NULL);
    times(m, out, "started", "sinkwatch_resolver_started_timestamp_seconds",
          "Start of the module.");
    applied(m, out);
    expo_family(out, "sinkwatch_resolver_changes_behind", EXPO_GAUGE,
                "Entries of the change stream that are not enforced yet; at most 1000.");
    for (size_t i = 0; i < m->resolvers; i++)
        if (m->resolver[i].behind >= 0)
            expo_sample(out, m->resolver[i].behind, "resolver", m->resolver[i].id, NULL);
}

/* ---- by list, reason, type ---- */

/* A member of each list of the field `lists`; text: 1 for a text that is not empty. */
static void by_list(const struct metrics *m, struct expo *out, const char *member, const char *name,
                    const char *help)
{
    const char *list;
    json_t *one;
    expo_family(out, name, EXPO_GAUGE, help);
    for (size_t i = 0; i < m->resolvers; i++)
        json_object_foreach(json_object_get(m->resolver[i].state, "lists"), list, one)
        {
            const json_t *value = json_object_get(one, member);
            double n = json_is_integer(value) ? (double)json_integer_value(value)
                                              : cli_json_text(one, member)[0] != '\0';
            expo_sample(out, n, "resolver", m->resolver[i].id, "list", list, NULL);
        }
}

/* The text at a place of an array; "" for another type. */
static const char *text_at(const json_t *row, size_t i)
{
    const char *text = json_string_value(json_array_get(row, i));
    return text ? text : "";
}

static void hits(const struct metrics *m, struct expo *out)
{
    size_t at;
    json_t *row;
    expo_family(out, "sinkwatch_list_hits", EXPO_COUNTER,
                "Recorded hits by list, action taken and trigger of the winning rule.");
    for (size_t i = 0; i < m->resolvers; i++)
        json_array_foreach(json_object_get(m->resolver[i].state, "hits_by"), at,
                           row) if (json_is_integer(json_array_get(row, 3)))
            expo_sample(out, (double)json_integer_value(json_array_get(row, 3)), "resolver",
                        m->resolver[i].id, "list", text_at(row, 0), "action", text_at(row, 1),
                        "trigger", text_at(row, 2), NULL);
}

/* Sums of the same hits by what the client got. */
static const struct outcome {
    const char *name, *actions, *help;
} outcomes[] = {
    {"sinkwatch_answers_blocked", " nxdomain nodata refused ",
     "Recorded hits that were answered with NXDOMAIN, without data, or with REFUSED."},
    {"sinkwatch_answers_redirected", " sinkhole cname ",
     "Recorded hits that were answered with a landing address or a walled garden."},
    {"sinkwatch_answers_dropped", " drop ", "Recorded hits that were not answered."},
};

/* Whether the hits of a row count for an outcome. */
static bool counts(const struct outcome *outcome, const json_t *row)
{
    char action[64];
    snprintf(action, sizeof(action), " %.60s ", text_at(row, 1));
    return strlen(action) > 2 && strstr(outcome->actions, action) &&
           json_is_integer(json_array_get(row, 3));
}

static void answers(const struct metrics *m, struct expo *out, const struct outcome *outcome)
{
    expo_family(out, outcome->name, EXPO_COUNTER, outcome->help);
    for (size_t i = 0; i < m->resolvers; i++) {
        const json_t *rows = json_object_get(m->resolver[i].state, "hits_by"), *row;
        double sum = 0;
        size_t at;
        json_array_foreach(rows, at, row) if (counts(outcome, row)) sum +=
            (double)json_integer_value(json_array_get(row, 3));
        if (json_is_array(rows))
            expo_sample(out, sum, "resolver", m->resolver[i].id, NULL);
    }
}

static void anomalies(const struct metrics *m, struct expo *out)
{
    size_t at;
    json_t *row;
    char severity[24];
    expo_family(out, "sinkwatch_anomalies", EXPO_COUNTER, "Anomalies by type and severity.");
    for (size_t i = 0; i < m->resolvers; i++)
        json_array_foreach(json_object_get(m->resolver[i].state, "anomalies_by"), at, row)
        {
            snprintf(severity, sizeof(severity), "%" JSON_INTEGER_FORMAT,
                     json_integer_value(json_array_get(row, 1)));
            if (json_is_integer(json_array_get(row, 2)))
                expo_sample(out, (double)json_integer_value(json_array_get(row, 2)), "resolver",
                            m->resolver[i].id, "type", text_at(row, 0), "severity", severity, NULL);
        }
}

static void refused(const struct metrics *m, struct expo *out)
{
    const char *reason;
    json_t *n;
    expo_family(out, "sinkwatch_items_refused_by_reason", EXPO_COUNTER, "Refused items by reason.");
    for (size_t i = 0; i < m->resolvers; i++)
        json_object_foreach(json_object_get(m->resolver[i].state, "refused_by_reason"), reason, n)
            expo_sample(out, (double)json_integer_value(n), "resolver", m->resolver[i].id, "reason",
                        reason, NULL);
}

static void databases(const struct metrics *m, struct expo *out)
{
    const char *role;
    json_t *files, *db;
    size_t at;
    expo_family(out, "sinkwatch_mmdb_build_timestamp_seconds", EXPO_GAUGE,
                "Build time of each open MMDB file; by role, and place in the settings.");
    for (size_t i = 0; i < m->resolvers; i++)
        json_object_foreach(json_object_get(m->resolver[i].state, "mmdb"), role, files)
            json_array_foreach(files, at, db)
        {
            char place[32];
            const json_t *epoch = json_object_get(db, "epoch");
            snprintf(place, sizeof(place), "%s%zu", strcmp(role, "asn") == 0 ? "asn" : "owner",
                     at + 1);
            if (json_is_integer(epoch) && json_is_true(json_object_get(db, "open")))
                expo_sample(out, (double)json_integer_value(epoch), "resolver", m->resolver[i].id,
                            "database", place, NULL);
        }
}

/* The histogram of one resolver; nothing if its parts do not fit. */
static void latency_of(const struct metrics_resolver *r, struct expo *out)
{
    const json_t *all = json_object_get(r->state, "latency");
    const json_t *le = json_object_get(all, "le"), *n = json_object_get(all, "n");
    double bound[LATENCY_MAX], count[LATENCY_MAX + 1];
    size_t bounds = json_array_size(le);
    if (bounds == 0 || bounds > LATENCY_MAX || json_array_size(n) != bounds + 1)
        return;
    for (size_t i = 0; i <= bounds; i++) {
        count[i] = json_number_value(json_array_get(n, i));
        bound[i < bounds ? i : 0] = json_number_value(json_array_get(le, i < bounds ? i : 0));
    }
    expo_histogram(out, "resolver", r->id, bound, count, bounds,
                   json_number_value(json_object_get(all, "sum")));
}

static void latency(const struct metrics *m, struct expo *out)
{
    expo_family(out, "sinkwatch_update_latency_seconds", EXPO_HISTOGRAM,
                "From the entry of a change in Redis until the change is enforced, caches "
                "included; one change of each batch.");
    for (size_t i = 0; i < m->resolvers; i++)
        latency_of(&m->resolver[i], out);
}

void metrics_write(const struct metrics *m, struct expo *out)
{
    expo_family(out, "sinkwatch_redis_up", EXPO_GAUGE, "1 if Redis answered each question.");
    expo_sample(out, m->up, NULL);
    expo_family(out, "sinkwatch_collect_duration_seconds", EXPO_GAUGE,
                "Time that the questions to Redis took.");
    expo_sample(out, m->asked_seconds, NULL);
    resolvers(m, out);
    for (size_t i = 0; i < sizeof(scalars) / sizeof(scalars[0]); i++)
        put_scalar(m, out, &scalars[i]);
    by_list(m, out, "count", "sinkwatch_list_indicators", "Indicators of each list in force.");
    by_list(m, out, "refused", "sinkwatch_list_refused", "Refused indicators of each list.");
    by_list(m, out, "problem", "sinkwatch_list_problem", "1 while a list has a problem.");
    hits(m, out);
    for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++)
        answers(m, out, &outcomes[i]);
    anomalies(m, out);
    refused(m, out);
    databases(m, out);
    latency(m, out);
    metrics_write_memory(m, out);
    metrics_write_streams(m, out);
    metrics_write_feeds(m, out);
    metrics_write_server(m, out);
    size_t left_out = out->left_out;
    out->unbounded = true;
    expo_family(out, "sinkwatch_samples_left_out", EXPO_GAUGE,
                "Samples that are missing here, since the text is too large.");
    expo_sample(out, (double)left_out, NULL);
}
