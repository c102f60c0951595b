/* metrics_memory.c - the memory of resolved names, from the reports to families. See metrics.h. */
#include "cli/metrics/metrics.h"

/* A member of the object `memory` of a report (memory/intake/keeper_status.c). */
static const struct row {
    const char *member, *name;
    enum expo_type type;
    const char *help;
} rows[] = {
    {"octets", "sinkwatch_memory_size_bytes", EXPO_GAUGE, "Size of the files of the memory."},
    {"files", "sinkwatch_memory_files", EXPO_GAUGE, "Files of the memory."},
    {"sightings", "sinkwatch_memory_sightings", EXPO_COUNTER, "Records that were counted."},
    {"tuples_waiting", "sinkwatch_memory_tuples_waiting", EXPO_GAUGE,
     "Different records that are not in a file yet."},
    {"tuples_written", "sinkwatch_memory_tuples_written", EXPO_COUNTER,
     "Records that were written to files."},
    {"oldest", "sinkwatch_memory_oldest_timestamp_seconds", EXPO_GAUGE,
     "Begin of the time that the files cover."},
    {"newest", "sinkwatch_memory_newest_timestamp_seconds", EXPO_GAUGE,
     "End of the time that the files cover."},
};

static const json_t *memory_of(const struct metrics_resolver *r)
{
    const json_t *memory = json_object_get(r->state, "memory");
    return json_object_size(memory) > 0 ? memory : NULL;
}

static void put_row(const struct metrics *m, struct expo *out, const struct row *row)
{
    expo_family(out, row->name, row->type, row->help);
    for (size_t i = 0; i < m->resolvers; i++) {
        const json_t *value = json_object_get(memory_of(&m->resolver[i]), row->member);
        double n = json_is_integer(value) ? (double)json_integer_value(value)
                                          : metrics_seconds(json_string_value(value));
        if (json_is_integer(value) || n > 0)
            expo_sample(out, n, "resolver", m->resolver[i].id, NULL);
    }
}

void metrics_write_memory(const struct metrics *m, struct expo *out)
{
    const char *reason;
    json_t *n;
    expo_family(out, "sinkwatch_memory_recording", EXPO_GAUGE,
                "1 while the memory records, 0 while it is stopped by a problem.");
    for (size_t i = 0; i < m->resolvers; i++)
        if (memory_of(&m->resolver[i]))
            expo_sample(out, !json_object_get(memory_of(&m->resolver[i]), "problem"), "resolver",
                        m->resolver[i].id, NULL);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        put_row(m, out, &rows[i]);
    expo_family(out, "sinkwatch_memory_left_out", EXPO_COUNTER,
                "Records that are not in the memory, by reason.");
    for (size_t i = 0; i < m->resolvers; i++)
        json_object_foreach(json_object_get(memory_of(&m->resolver[i]), "left_out"), reason,
                            n) if (json_is_integer(n))
            expo_sample(out, (double)json_integer_value(n), "resolver", m->resolver[i].id, "reason",
                        reason, NULL);
}
