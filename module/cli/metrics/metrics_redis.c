/* metrics_redis.c - the state of Redis: the server by INFO, and the streams. See metrics.h. */
#include "cli/metrics/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct server_value {
    const char *field, *name, *ok, *help; /* ok: 1 if the value is this word, else a number */
    enum expo_type type;
};

static const struct server_value server_values[] = {
    {"used_memory", "sinkwatch_redis_memory_used_bytes", NULL, "Memory of Redis.", EXPO_GAUGE},
    {"maxmemory", "sinkwatch_redis_memory_limit_bytes", NULL, "maxmemory of Redis; 0: no limit.",
     EXPO_GAUGE},
    {"connected_clients", "sinkwatch_redis_clients", NULL, "Clients of Redis.", EXPO_GAUGE},
    {"uptime_in_seconds", "sinkwatch_redis_uptime_seconds", NULL, "Time since Redis was started.",
     EXPO_GAUGE},
    {"maxmemory_policy", "sinkwatch_redis_keeps_lists", "noeviction",
     "1 if a full Redis refuses writes, 0 if Redis drops keys.", EXPO_GAUGE},
    {"rdb_last_bgsave_status", "sinkwatch_redis_saved", "ok", "1 unless the last save failed.",
     EXPO_GAUGE},
    {"rdb_last_save_time", "sinkwatch_redis_saved_timestamp_seconds", NULL,
     "Time of the last save.", EXPO_GAUGE},
    {"rdb_changes_since_last_save", "sinkwatch_redis_unsaved_changes", NULL,
     "Changes since the last save.", EXPO_GAUGE},
    {"aof_enabled", "sinkwatch_redis_append_only", NULL, "1 if Redis keeps an append-only file.",
     EXPO_GAUGE},
    {"aof_last_write_status", "sinkwatch_redis_append_only_written", "ok",
     "1 unless the last write to the append-only file failed.", EXPO_GAUGE},
    {"role", "sinkwatch_redis_primary", "master", "1 for a primary, 0 for a replica.", EXPO_GAUGE},
    {"connected_slaves", "sinkwatch_redis_replicas", NULL, "Connected replicas.", EXPO_GAUGE},
    {"evicted_keys", "sinkwatch_redis_evicted_keys", NULL, "Keys that a full Redis dropped.",
     EXPO_COUNTER},
    {"rejected_connections", "sinkwatch_redis_rejected_connections", NULL,
     "Connections refused by maxclients.", EXPO_COUNTER},
};

/* The value of a line "name:value" of INFO; false: there is no such line. */
static bool info_value(const char *info, const char *name, char *out, size_t max)
{
    size_t len = strlen(name);
    for (const char *at = info; at; at = strchr(at, '\n')) {
        at += *at == '\n';
        if (strncmp(at, name, len) == 0 && at[len] == ':') {
            snprintf(out, max, "%.*s", (int)strcspn(at + len + 1, "\r\n"), at + len + 1);
            return true;
        }
    }
    return false;
}

void metrics_write_server(const struct metrics *m, struct expo *out)
{
    char text[128];
    for (size_t i = 0; m->info && i < sizeof(server_values) / sizeof(server_values[0]); i++) {
        const struct server_value *v = &server_values[i];
        double value;
        if (!info_value(m->info, v->field, text, sizeof(text)))
            continue;
        expo_family(out, v->name, v->type, v->help);
        if (v->ok)
            expo_sample(out, strcmp(text, v->ok) == 0, NULL);
        else if (metrics_number(text, &value))
            expo_sample(out, value, NULL);
    }
}

void metrics_write_streams(const struct metrics *m, struct expo *out)
{
    expo_family(out, "sinkwatch_stream_entries", EXPO_GAUGE, "Entries of each stream in Redis.");
    for (size_t i = 0; i < METRICS_STREAMS; i++)
        if (m->stream_entries[i] >= 0)
            expo_sample(out, m->stream_entries[i], "stream", metrics_streams[i], NULL);
    expo_family(out, "sinkwatch_stream_last_timestamp_seconds", EXPO_GAUGE,
                "Time of the last entry of each stream, by the clock of Redis.");
    for (size_t i = 0; i < METRICS_STREAMS; i++)
        if (m->stream_last[i] > 0)
            expo_sample(out, m->stream_last[i], "stream", metrics_streams[i], NULL);
}
