/* owner.c - the open databases: refresh, publish, ask. See owner.h. */
#include "owner/owner.h"

#include "base/log.h"
#include "base/policy.h"
#include "base/rcu.h"
#include "owner/classify.h"
#include "owner/filestate.h"
#include "owner/mmdb.h"
#include "owner/sources.h"

#include <jansson.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct source {
    const char *key; /* of the settings, for messages */
    const char *path;
    enum sw_role role;
    _Atomic(struct sw_mmdb *) db; /* stored with release by replace(), loaded with acquire */
    bool tried;                   /* state below is that of the last try */
    bool steady;
    struct sw_filestate state;
    char error[SW_WHY_MAX]; /* of the last try; "" = fine */
};

struct sw_owners {
    const struct sw_settings *settings;
    struct sw_counters *counters;
    struct sw_classes *classes;
    struct sw_topnames *top;
    _Atomic uint64_t changes;
    size_t n;
    struct source
        source[2 * SW_MMDB_MAX]; /* AS databases first, each role in the order of the settings */
};

static const char *const field_names[SW_OWNER_COUNT] = {"asn",     "organization", "registrant",
                                                        "netname", "country",      "class"};

static void add_sources(struct sw_owners *owners, const char *key, enum sw_role role,
                        const char path[SW_MMDB_MAX][SW_PATH_MAX])
{
    for (size_t i = 0; i < SW_MMDB_MAX && path[i][0] != '\0'; i++) {
        struct source *source = &owners->source[owners->n++];
        source->key = key;
        source->path = path[i];
        source->role = role;
        atomic_init(&source->db, NULL);
    }
}

struct sw_owners *sw_owners_new(const struct sw_settings *settings, struct sw_counters *counters)
{
    struct sw_owners *owners = calloc(1, sizeof(*owners));
    if (!owners)
        return NULL;
    owners->settings = settings;
    owners->counters = counters;
    owners->classes = sw_classes_new(settings, counters);
    owners->top = sw_topnames_new(settings);
    if (!owners->classes || !owners->top) {
        sw_owners_free(owners);
        return NULL;
    }
    add_sources(owners, "asn-mmdb", SW_ROLE_ASN, settings->asn_mmdb);
    add_sources(owners, "owner-mmdb", SW_ROLE_OWNER, settings->owner_mmdb);
    return owners;
}

void sw_owners_free(struct sw_owners *owners)
{
    if (!owners)
        return;
    for (size_t i = 0; i < owners->n; i++)
        sw_mmdb_close(atomic_load_explicit(&owners->source[i].db, memory_order_acquire));
    sw_classes_free(owners->classes);
    sw_topnames_free(owners->top);
    free(owners);
}

/* ---- refresh ---- */

/* Whether the file at the path has to be read (again). */
static bool needs_reading(const struct source *source)
{
    if (!source->tried || !source->steady)
        return true;
    struct sw_filestate state = sw_filestate_at(source->path);
    return !sw_filestate_equal(&state, &source->state);
}

/* Note how a try went. Says so once: not again for the same file and the same words. */
static void note_refusal(struct sw_owners *owners, struct source *source,
                         const struct sw_filestate *state, const char *why)
{
    if (source->tried && sw_filestate_equal(state, &source->state) &&
        strcmp(why, source->error) == 0)
        return;
    snprintf(source->error, sizeof(source->error), "%s", why);
    sw_count(&owners->counters->mmdb_refused, 1);
    sw_log(SW_LOG_WARNING, "%s: %s: %s; %s", source->key, source->path, why,
           atomic_load_explicit(&source->db, memory_order_relaxed)
               ? "the database opened before stays in use"
               : "going on without it");
}

/* Publish a database and close the former database after the last reader has left. */
static void replace(struct sw_owners *owners, struct source *source, struct sw_mmdb *db)
{
    struct sw_mmdb *old = atomic_exchange_explicit(&source->db, db, memory_order_acq_rel);
    if (old) {
        sw_rcu_synchronize();
        sw_mmdb_close(old);
    }
    sw_count(&owners->counters->mmdb_reloads, 1);
    sw_log(SW_LOG_INFO, "%s: %s: opened, type %s, %u distinct records", source->key, source->path,
           sw_mmdb_type(db), sw_mmdb_records(db));
    for (unsigned f = 0; f < SW_OWNER_COUNT; f++)
        if (sw_mmdb_unread(db, (enum sw_owner_field)f))
            sw_log(SW_LOG_WARNING,
                   "%s: %s: no record has a usable %s at the path of the settings; the file is "
                   "used without it",
                   source->key, source->path, field_names[f]);
}

/* One file: true when the database was replaced. */
static bool refresh(struct sw_owners *owners, struct source *source)
{
    if (!needs_reading(source))
        return false;
    char why[SW_WHY_MAX] = "";
    struct stat st;
    struct sw_mmdb *db = NULL;
    bool replaced = false;
    enum sw_status status =
        sw_mmdb_open(source->path, source->role, owners->settings, &st, &db, why);
    struct sw_filestate state = sw_filestate_of(&st);
    if (status != SW_OK) {
        note_refusal(owners, source, &state, why);
    } else {
        const struct sw_mmdb *old = atomic_load_explicit(&source->db, memory_order_relaxed);
        source->error[0] = '\0';
        if (old && sw_mmdb_same(old, db)) {
            sw_mmdb_close(db); /* touched, or read twice because the file was young: nothing new */
        } else {
            replace(owners, source, db);
            replaced = true;
        }
    }
    source->tried = true;
    source->state = state;
    /* A failure that lies outside the file (memory, no room for the copy) is tried again. */
    bool may_pass = status == SW_ENOMEM || (status == SW_EIO && state.ino != 0);
    source->steady = !may_pass && sw_filestate_is_steady(&state);
    return replaced;
}

bool sw_owners_refresh(struct sw_owners *owners)
{
    bool replaced = sw_classes_refresh(owners->classes);
    sw_topnames_refresh(owners->top); /* names no holder: no judgement changes */
    for (size_t i = 0; i < owners->n; i++)
        replaced |= refresh(owners, &owners->source[i]);
    if (replaced)
        atomic_fetch_add_explicit(&owners->changes, 1, memory_order_relaxed);
    return replaced;
}

uint64_t sw_owners_changes(const struct sw_owners *owners)
{
    return atomic_load_explicit(&owners->changes, memory_order_relaxed);
}

/* ---- status ---- */

/* {"asn":"autonomous_system_number"}: where each value is read from. */
static json_t *fields_status(const struct sw_mmdb *db)
{
    char path[SW_TEXT_MAX];
    json_t *out = json_object();
    for (unsigned f = 0; out && f < SW_OWNER_COUNT; f++)
        if (sw_mmdb_field(db, (enum sw_owner_field)f, path, sizeof(path))[0] != '\0')
            json_object_set_new(out, field_names[f], json_string(path));
    return out;
}

static json_t *source_status(const struct source *source)
{
    char path[SW_PATH_MAX];
    const struct sw_mmdb *db = atomic_load_explicit(&source->db, memory_order_relaxed);
    sw_text_clean(path, sizeof(path), source->path, strlen(source->path));
    json_t *out = json_pack("{s:s, s:b}", "path", path, "open", db != NULL);
    if (out && db) {
        json_object_set_new(out, "type", json_string(sw_mmdb_type(db)));
        json_object_set_new(out, "epoch", json_integer(sw_mmdb_epoch(db)));
        json_object_set_new(out, "records", json_integer(sw_mmdb_records(db)));
        json_object_set_new(out, "fields", fields_status(db));
    }
    if (out)
        json_object_set_new(out, "error", json_string(source->error));
    return out;
}

char *sw_owners_status(const struct sw_owners *owners)
{
    json_t *status = json_object();
    if (!status)
        return NULL;
    for (size_t i = 0; i < owners->n; i++) {
        const struct source *source = &owners->source[i];
        const char *role = source->role == SW_ROLE_ASN ? "asn" : "owner";
        if (!json_object_get(status, role))
            json_object_set_new(status, role, json_array());
        json_array_append_new(json_object_get(status, role), source_status(source));
    }
    json_t *classes = sw_classes_status(owners->classes);
    if (classes)
        json_object_set_new(status, "classes", classes);
    char *text = json_dumps(status, JSON_COMPACT);
    json_decref(status);
    return text;
}

/* ---- look-ups ---- */

/* The i-th database if open and of this role, else NULL. */
static const struct sw_mmdb *opened(const struct sw_owners *owners, size_t i, enum sw_role role)
{
    const struct source *source = &owners->source[i];
    return source->role == role ? atomic_load_explicit(&source->db, memory_order_acquire) : NULL;
}

bool sw_owners_have_asn(const struct sw_owners *owners)
{
    for (size_t i = 0; i < owners->n; i++)
        if (opened(owners, i, SW_ROLE_ASN))
            return true;
    return false;
}

enum sw_status sw_owner_find_asn(const struct sw_owners *owners, const struct sw_addr *addr,
                                 uint32_t *asn, struct sw_addr *prefix)
{
    for (size_t i = 0; i < owners->n; i++) {
        const struct sw_mmdb *db = opened(owners, i, SW_ROLE_ASN);
        if (db && sw_mmdb_asn(db, addr, asn, prefix) == SW_OK)
            return SW_OK;
    }
    return SW_ENOTFOUND;
}

/* Note the database that gave a class which was not known before. */
static void note_source(struct sw_ownerclass *field, uint8_t before, size_t source)
{
    if (field->class != before)
        field->source = (uint8_t)source;
}

enum sw_status sw_owner_find(const struct sw_owners *owners, const struct sw_addr *addr,
                             struct sw_owner *out)
{
    /* The registrant's country first: the registrant holds the address, the AS may only carry. */
    static const enum sw_role order[] = {SW_ROLE_OWNER, SW_ROLE_ASN};
    enum sw_status status = SW_ENOTFOUND;
    memset(out, 0, sizeof(*out));
    for (size_t r = 0; r < sizeof(order) / sizeof(order[0]); r++)
        for (size_t i = 0; i < owners->n; i++) {
            const struct sw_mmdb *db = opened(owners, i, order[r]);
            uint8_t as_class = out->as_class.class, of_registrant = out->registrant_class.class;
            if (db && sw_mmdb_fill(db, addr, out) == SW_OK)
                status = SW_OK;
            note_source(&out->as_class, as_class, i);
            note_source(&out->registrant_class, of_registrant, i);
        }
    if (status == SW_OK)
        sw_classify_owner(owners->classes, out);
    return status;
}

/* ---- sources ---- */

const struct sw_classes *sw_owners_classes(const struct sw_owners *owners)
{
    return owners->classes;
}

const struct sw_topnames *sw_owners_top(const struct sw_owners *owners)
{
    return owners->top;
}

void sw_owners_source(const struct sw_owners *owners, unsigned source, char *path, size_t path_room,
                      char *field, size_t field_room)
{
    const struct source *from = &owners->source[source];
    const struct sw_mmdb *db = atomic_load_explicit(&from->db, memory_order_acquire);
    sw_text_clean(path, path_room, from->path, strlen(from->path));
    field[0] = '\0';
    if (db)
        sw_mmdb_field(db, SW_OWNER_CLASS, field, field_room);
}
