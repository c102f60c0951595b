#include "journal/recall.h"

#include "journal/link.h"
#include "journal/map.h"
#include "journal/seen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX  8192  /* names in mind */
#define PLACES_MAX 4096  /* addresses in mind */
#define EACH_MAX   1000U /* names of an address, addresses of a name: they are searched */
#define MARKS_MAX  65536 /* raised anomalies in mind */
#define WANTS_MAX  512   /* loaded in one pipeline */
/* Another resolver may have seen a listed name there: soon when none is known, else by and by. */
#define RELOAD_UNLISTED_US 5000000
#define RELOAD_US          60000000

/* A set of byte strings of bounded size: raised anomalies, names that were loaded. */
struct member {
    struct sw_node node;
    uint8_t octets[];
};

struct want {
    bool of_name;
    struct sw_name name;
    struct sw_addr addr;
};

struct sw_recall {
    const struct sw_settings *settings;
    struct sw_history *history;
    struct sw_places *places;
    struct sw_map marks;
    struct sw_map loaded; /* names whose history was loaded */
    size_t wants_n;
    struct want wants[WANTS_MAX];
};

struct sw_recall *sw_recall_new(const struct sw_settings *settings)
{
    struct sw_recall *recall = calloc(1, sizeof(*recall));
    if (recall == NULL) {
        return NULL;
    }
    size_t each = settings->history_max < EACH_MAX ? settings->history_max : EACH_MAX;
    each = each > 0 ? each : 1;
    recall->settings = settings;
    recall->history = sw_history_new(NAMES_MAX, each);
    recall->places = sw_places_new(PLACES_MAX, each);
    if (recall->history == NULL || recall->places == NULL ||
        sw_map_init(&recall->marks, MARKS_MAX / 4) != SW_OK ||
        sw_map_init(&recall->loaded, NAMES_MAX) != SW_OK) {
        sw_recall_free(recall);
        return NULL;
    }
    return recall;
}

static void set_remove(struct sw_map *set, struct sw_node *node)
{
    sw_map_remove(set, node);
    free(node);
}

/* Add to a bounded set; true when it was not in it. Out of memory counts as not in it. */
static bool set_add(struct sw_map *set, size_t max, const void *key, size_t key_len)
{
    if (sw_map_find(set, key, key_len) != NULL) {
        return false;
    }
    if (set->n >= max) {
        set_remove(set, set->oldest);
    }
    struct member *member = malloc(sizeof(*member) + key_len);
    if (member != NULL) {
        memcpy(member->octets, key, key_len);
        sw_map_insert(set, &member->node, member->octets, key_len);
    }
    return true;
}

static void set_free(struct sw_map *set)
{
    while (set->oldest != NULL) {
        set_remove(set, set->oldest);
    }
    sw_map_free(set);
}

void sw_recall_free(struct sw_recall *recall)
{
    if (recall == NULL) {
        return;
    }
    sw_history_free(recall->history);
    sw_places_free(recall->places);
    set_free(&recall->marks);
    set_free(&recall->loaded);
    free(recall);
}

struct sw_history *sw_recall_history(struct sw_recall *recall)
{
    return recall->history;
}

struct sw_places *sw_recall_places(struct sw_recall *recall)
{
    return recall->places;
}

bool sw_recall_mark(struct sw_recall *recall, const char *name, const struct sw_addr *addr,
                    const char *mark)
{
    char key[SW_NAMETEXT_MAX + SW_ADDRTEXT_MAX + SW_MARK_MAX];
    char address[SW_ADDRTEXT_MAX];
    int len = snprintf(key, sizeof(key), "%s %s %s", name, sw_addr_text(addr, address), mark);
    return set_add(&recall->marks, MARKS_MAX, key, (size_t)len);
}

/* ---- loading ---- */

void sw_recall_want_name(struct sw_recall *recall, const struct sw_name *name, int64_t mono_us)
{
    bool created;
    (void)mono_us; /* what a name resolves to is known here as well as anywhere */
    if (recall->wants_n == WANTS_MAX || sw_history_get(recall->history, name, &created) == NULL) {
        return;
    }
    if (set_add(&recall->loaded, NAMES_MAX, name->wire, name->len) || created) {
        recall->wants[recall->wants_n++] = (struct want){.of_name = true, .name = *name};
    }
}

void sw_recall_want_addr(struct sw_recall *recall, const struct sw_addr *addr, int64_t mono_us)
{
    struct sw_place *place = sw_places_get(recall->places, addr);
    if (place == NULL || recall->wants_n == WANTS_MAX) {
        return;
    }
    int64_t age = mono_us - place->loaded_us;
    if (place->loaded_us == 0 || age > RELOAD_US ||
        (age > RELOAD_UNLISTED_US && sw_place_listed(place) == NULL)) {
        place->loaded_us = mono_us;
        recall->wants[recall->wants_n++] = (struct want){.addr = *addr};
    }
}

/* Loading failed: want it again at the next event. */
static void unwant(struct sw_recall *recall, const struct want *want)
{
    if (!want->of_name) {
        struct sw_place *place = sw_places_get(recall->places, &want->addr);
        if (place != NULL) {
            place->loaded_us = 0;
        }
        return;
    }
    struct sw_node *node = sw_map_find(&recall->loaded, want->name.wire, want->name.len);
    if (node != NULL) {
        set_remove(&recall->loaded, node);
    }
}

/* The address in this history, or NULL. */
static struct sw_seen *find_seen(struct sw_name_history *of, const struct sw_addr *addr)
{
    for (size_t i = 0; i < of->n; i++) {
        if (sw_addr_equal(&of->seen[i].addr, addr)) {
            return &of->seen[i];
        }
    }
    return NULL;
}

/* The earlier of a time from Redis, 0 when it was not understood, and one of ours. */
static int64_t earlier(int64_t stored, int64_t ours)
{
    return stored != 0 && stored < ours ? stored : ours;
}

/* One address of a name, as Redis has it. */
static void absorb_name(struct sw_recall *recall, const struct sw_name *name, const char *field,
                        const struct sw_seen_entry *entry)
{
    struct sw_addr addr;
    const char *why;
    bool is_new;
    char text[SW_NAMETEXT_MAX];
    struct sw_name_history *of = sw_history_get(recall->history, name, &is_new);
    if (of == NULL || sw_addr_parse(field, strlen(field), &addr, &why) != SW_OK) {
        return;
    }
    for (size_t i = 0; i < json_array_size(entry->anomalies); i++) {
        const char *mark = json_string_value(json_array_get(entry->anomalies, i));
        if (mark != NULL && strlen(mark) < SW_MARK_MAX) {
            sw_recall_mark(recall, sw_name_text(name->wire, text), &addr, mark);
        }
    }
    struct sw_seen *seen = find_seen(of, &addr);
    if (seen == NULL) {
        seen = sw_history_note(recall->history, of, &addr, &entry->owner, entry->last_us, &is_new);
        if (seen != NULL) {
            seen->first_us = earlier(entry->first_us, seen->first_us);
            seen->count = entry->count;
        }
        return;
    }
    seen->first_us = earlier(entry->first_us, seen->first_us);
    seen->count = entry->count > seen->count ? entry->count : seen->count;
}

/* One name on an address, as Redis has it. */
static void absorb_addr(struct sw_recall *recall, const struct sw_addr *addr, const char *field,
                        const struct sw_seen_entry *entry)
{
    struct sw_place *place = sw_places_get(recall->places, addr);
    if (place == NULL || strlen(field) >= SW_NAMETEXT_MAX) {
        return;
    }
    struct sw_place_name *name =
        sw_place_note(recall->places, place, field, entry->list, entry->last_us);
    if (name == NULL) {
        return;
    }
    name->first_us = earlier(entry->first_us, name->first_us);
    name->last_us = entry->last_us > name->last_us ? entry->last_us : name->last_us;
    name->count = entry->count > name->count ? entry->count : name->count;
    name->shared = name->shared || json_array_size(entry->anomalies) > 0;
}

static void absorb(struct sw_recall *recall, const struct want *want, const redisReply *reply)
{
    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
        const redisReply *field = reply->element[i], *value = reply->element[i + 1];
        struct sw_seen_entry entry;
        if (field->str == NULL || value->str == NULL ||
            sw_seen_decode(value->str, (size_t)value->len, &entry) != SW_OK) {
            continue;
        }
        if (want->of_name) {
            absorb_name(recall, &want->name, field->str, &entry);
        } else {
            absorb_addr(recall, &want->addr, field->str, &entry);
        }
        json_decref(entry.anomalies);
    }
}

static enum sw_status ask(const struct want *want, struct sw_redis *redis)
{
    char key[SW_REDISKEY_MAX], text[SW_NAMETEXT_MAX];
    if (want->of_name) {
        sw_redis_key(redis, key, sizeof(key), "seen:name:%s", sw_name_text(want->name.wire, text));
    } else {
        sw_redis_key(redis, key, sizeof(key), "seen:addr:%s", sw_addr_text(&want->addr, text));
    }
    const char *argv[] = {"HGETALL", key};
    return sw_link_append(redis, 2, argv);
}

enum sw_status sw_recall_load(struct sw_recall *recall, struct sw_redis *redis)
{
    enum sw_status status = SW_OK;
    size_t n = recall->wants_n;
    for (size_t i = 0; i < n && status == SW_OK; i++) {
        status = ask(&recall->wants[i], redis);
    }
    for (size_t i = 0; i < n; i++) {
        redisReply *reply = status == SW_OK ? sw_redis_reply(redis) : NULL;
        if (reply == NULL) {
            status = SW_ECLOSED;
            unwant(recall, &recall->wants[i]);
        } else if (reply->type == REDIS_REPLY_ARRAY) {
            absorb(recall, &recall->wants[i], reply);
        } else {
            unwant(recall, &recall->wants[i]);
        }
        freeReplyObject(reply);
    }
    recall->wants_n = 0;
    return status;
}
