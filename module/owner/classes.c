/* classes.c - the tables of classes: refresh, publish, ask. See classes.h. */
#include "owner/classes.h"

#include "base/log.h"
#include "base/policy.h"
#include "base/rcu.h"
#include "owner/filestate.h"
#include "owner/layout.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct source {
    const char *path;                      /* NULL: the shipped table */
    _Atomic(struct sw_classtable *) table; /* stored with release by publish() */
    bool tried, steady;
    struct sw_filestate state;
    size_t rules, refused;
    char error[SW_WHY_MAX]; /* of the last try; "" = fine */
};

struct sw_classes {
    struct sw_counters *counters;
    size_t n;
    struct source source[SW_CLASSTABLES_MAX + 1];
};

static void add_source(struct sw_classes *classes, const char *path)
{
    struct source *source = &classes->source[classes->n++];
    source->path = path;
    atomic_init(&source->table, NULL);
}

struct sw_classes *sw_classes_new(const struct sw_settings *settings, struct sw_counters *counters)
{
    struct sw_classes *classes = calloc(1, sizeof(*classes));
    if (!classes)
        return NULL;
    classes->counters = counters;
    for (size_t i = 0; i < SW_CLASSTABLES_MAX && settings->class_table[i][0] != '\0'; i++)
        add_source(classes, settings->class_table[i]);
    if (settings->shipped_classes)
        add_source(classes, NULL);
    return classes;
}

void sw_classes_free(struct sw_classes *classes)
{
    if (!classes)
        return;
    for (size_t i = 0; i < classes->n; i++)
        sw_classtable_free(atomic_load_explicit(&classes->source[i].table, memory_order_acquire));
    free(classes);
}

static const char *name_of(const struct source *source)
{
    return source->path ? source->path : SW_CLASSES_SHIPPED;
}

/* ---- refresh ---- */

/* sw_classtable_error_fn: the first problems of a table are logged. */
static void tell(void *arg, const char *message)
{
    size_t *told = arg;
    if ((*told)++ < SW_CLASSES_TOLD)
        sw_log(SW_LOG_WARNING, "class-table: %s; the line is passed over", message);
}

static void publish(struct sw_classes *classes, struct source *source, struct sw_classtable *table)
{
    struct sw_classtable *old =
        atomic_exchange_explicit(&source->table, table, memory_order_acq_rel);
    if (old) {
        sw_rcu_synchronize();
        sw_classtable_free(old);
    }
    source->rules = sw_classtable_rules(table);
    source->error[0] = '\0';
    if (!source->path)
        return;
    sw_count(&classes->counters->mmdb_reloads, 1);
    sw_log(SW_LOG_INFO, "class-table: %s: opened, %zu rules, %zu lines passed over", source->path,
           source->rules, source->refused);
}

static void note_refusal(struct sw_classes *classes, struct source *source,
                         const struct sw_filestate *state, const char *why)
{
    if (source->tried && sw_filestate_equal(state, &source->state) &&
        strcmp(why, source->error) == 0)
        return;
    snprintf(source->error, sizeof(source->error), "%s", why);
    sw_count(&classes->counters->mmdb_refused, 1);
    sw_log(SW_LOG_WARNING, "class-table: %s: %s; %s", name_of(source), why,
           atomic_load_explicit(&source->table, memory_order_relaxed)
               ? "the table opened before stays in use"
               : "going on without it");
}

static bool refresh_file(struct sw_classes *classes, struct source *source)
{
    struct stat st;
    struct sw_classtable *table = NULL;
    char why[SW_WHY_MAX] = "";
    size_t told = 0, problems;
    struct sw_filestate now = sw_filestate_at(source->path);
    if (source->tried && source->steady && sw_filestate_equal(&now, &source->state))
        return false;
    enum sw_status status =
        sw_classtable_read(source->path,
                           source->tried && sw_filestate_equal(&now, &source->state)
                               ? NULL /* the same lines were reported already */
                               : tell,
                           &told, &problems, &st, &table, why);
    struct sw_filestate state = sw_filestate_of(&st);
    if (status == SW_OK) {
        source->refused = problems;
        publish(classes, source, table);
    } else {
        note_refusal(classes, source, &state, why);
    }
    source->tried = true;
    source->state = state;
    source->steady = status != SW_ENOMEM && sw_filestate_is_steady(&state);
    return status == SW_OK;
}

static bool open_shipped(struct sw_classes *classes, struct source *source)
{
    struct sw_classtable *table;
    if (source->tried || sw_classtable_shipped(&table) != SW_OK)
        return false;
    source->tried = true;
    publish(classes, source, table);
    return false; /* part of the program: no change */
}

bool sw_classes_refresh(struct sw_classes *classes)
{
    bool replaced = false;
    for (size_t i = 0; i < classes->n; i++) {
        struct source *source = &classes->source[i];
        replaced |= source->path ? refresh_file(classes, source) : open_shipped(classes, source);
    }
    return replaced;
}

/* ---- look-ups ---- */

static const struct sw_classtable *opened(const struct source *source)
{
    return atomic_load_explicit(&source->table, memory_order_acquire);
}

bool sw_classes_find(const struct sw_classes *classes, const char *text,
                     struct sw_classmatch *match, const char **table)
{
    for (size_t i = 0; i < classes->n; i++) {
        const struct sw_classtable *one = opened(&classes->source[i]);
        if (one && sw_classtable_find(one, text, match)) {
            *table = name_of(&classes->source[i]);
            return true;
        }
    }
    return false;
}

bool sw_classes_find_asn(const struct sw_classes *classes, uint32_t asn,
                         struct sw_classmatch *match, const char **table)
{
    for (size_t i = 0; asn != 0 && i < classes->n; i++) {
        const struct sw_classtable *one = opened(&classes->source[i]);
        if (one && sw_classtable_find_asn(one, asn, match)) {
            *table = name_of(&classes->source[i]);
            return true;
        }
    }
    return false;
}

bool sw_classes_find_name(const struct sw_classes *classes, const uint8_t *wire,
                          struct sw_classmatch *match, unsigned *labels, const char **table)
{
    for (size_t i = 0; i < classes->n; i++) {
        const struct sw_classtable *one = opened(&classes->source[i]);
        if (one && sw_classtable_find_name(one, wire, match, labels)) {
            *table = name_of(&classes->source[i]);
            return true;
        }
    }
    return false;
}

json_t *sw_classes_status(const struct sw_classes *classes)
{
    json_t *out = classes->n > 0 && classes->source[0].path ? json_array() : NULL;
    for (size_t i = 0; out && i < classes->n && classes->source[i].path; i++) {
        const struct source *source = &classes->source[i];
        char path[SW_PATH_MAX];
        sw_text_clean(path, sizeof(path), name_of(source), strlen(name_of(source)));
        json_array_append_new(out, json_pack("{s:s, s:b, s:I, s:I, s:s}", "path", path, "open",
                                             opened(source) != NULL, "rules",
                                             (json_int_t)source->rules, "refused",
                                             (json_int_t)source->refused, "error", source->error));
    }
    return out;
}
