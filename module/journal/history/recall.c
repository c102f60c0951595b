#include "journal/history/recall.h"

#include "journal/history/seen.h"
#include "journal/link.h"
#include "journal/map.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX  8192  /* names cached */
#define PLACES_MAX 4096  /* addresses cached */
#define EACH_MAX   1000U /* names of an address, addresses of a name: searched one by one */
#define MARKS_MAX  65536 /* raised anomalies cached */
#define WANTS_MAX  512   /* loaded in a pipeline */
/* Another resolver may have seen a listed name there: soon when none is known, else by and by. */
#define RELOAD_UNLISTED_US 5000000
#define RELOAD_US          60000000

/* A set of byte strings of bounded size: raised anomalies, names that were loaded. */
struct member {
    struct sw_node node;
    int64_t time_us; /* marks: when the anomaly was true last */
    uint8_t octets[];
};

struct want {
    bool of_name; /* a name or zone, else an address */
    enum sw_of of;
    struct sw_name name;
    struct sw_addr addr;
};

struct sw_recall {
    const struct sw_settings *settings;
    struct sw_history *history[2]; /* by enum sw_of */
    struct sw_places *places;
    struct sw_map marks;
    struct sw_map loaded; /* names with a loaded history */
    size_t wants_n;
    struct want wants[WANTS_MAX];
};

struct sw_recall *sw_recall_new(const struct sw_settings *settings)
{
    struct sw_recall *recall = calloc(1, sizeof(*recall));
    if (!recall)
        return NULL;
    size_t each = settings->history_max < EACH_MAX ? settings->history_max : EACH_MAX;
    each = each > 0 ? each : 1;
    recall->settings = settings;
    recall->history[SW_OF_NAME] = sw_history_new(NAMES_MAX, each);
    recall->history[SW_OF_ZONE] = sw_history_new(NAMES_MAX, each);
    recall->places = sw_places_new(PLACES_MAX, each);
    if (!recall->history[0] || !recall->history[1] || !recall->places ||
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

/* Add to a bounded set unless present. *is_new: it was not. NULL: out of memory. */
static struct member *set_put(struct sw_map *set, size_t max, const void *key, size_t key_len,
                              bool *is_new)
{
    struct member *member = (struct member *)sw_map_find(set, key, key_len);
    *is_new = !member;
    if (member)
        return member;
    if (set->n >= max)
        set_remove(set, set->oldest);
    member = malloc(sizeof(*member) + key_len);
    if (member) {
        member->time_us = INT64_MIN;
        memcpy(member->octets, key, key_len);
        sw_map_insert(set, &member->node, member->octets, key_len);
    }
    return member;
}

/* Add to a bounded set; true for a new member. Out of memory counts as new. */
static bool set_add(struct sw_map *set, size_t max, const void *key, size_t key_len)
{
    bool is_new;
    set_put(set, max, key, key_len, &is_new);
    return is_new;
}

static void set_free(struct sw_map *set)
{
    while (set->oldest)
        set_remove(set, set->oldest);
    sw_map_free(set);
}

void sw_recall_free(struct sw_recall *recall)
{
    if (!recall)
        return;
    sw_history_free(recall->history[SW_OF_NAME]);
    sw_history_free(recall->history[SW_OF_ZONE]);
    sw_places_free(recall->places);
    set_free(&recall->marks);
    set_free(&recall->loaded);
    free(recall);
}

struct sw_history *sw_recall_history(struct sw_recall *recall, enum sw_of of)
{
    return recall->history[of];
}

struct sw_places *sw_recall_places(struct sw_recall *recall)
{
    return recall->places;
}

struct mark_key {
    uint8_t of;
    struct sw_name name;
    struct sw_addr addr;
    char mark[SW_MARK_MAX];
};

/* Fill the key; returns the length. */
static size_t mark_key(enum sw_of of, const struct sw_name *name, const struct sw_addr *addr,
                       const char *mark, struct mark_key *key)
{
    memset(key, 0, sizeof(*key)); /* every octet counts */
    key->of = (uint8_t)of;
    key->name.len = name->len;
    memcpy(key->name.wire, name->wire, name->len);
    if (!sw_mark_of_name(mark))
        key->addr = *addr;
    snprintf(key->mark, sizeof(key->mark), "%s", mark);
    return offsetof(struct mark_key, mark) + strlen(key->mark);
}

bool sw_recall_mark(struct sw_recall *recall, enum sw_of of, const struct sw_name *name,
                    const struct sw_addr *addr, const char *mark, int64_t begin_us, int64_t time_us)
{
    struct mark_key key;
    bool is_new;
    size_t len = mark_key(of, name, addr, mark, &key);
    struct member *member = set_put(&recall->marks, MARKS_MAX, &key, len, &is_new);
    if (!member)
        return true;
    is_new = is_new || member->time_us < begin_us;
    member->time_us = time_us > member->time_us ? time_us : member->time_us;
    return is_new;
}

bool sw_recall_has_mark(struct sw_recall *recall, enum sw_of of, const struct sw_name *name,
                        const struct sw_addr *addr, const char *mark, int64_t begin_us)
{
    struct mark_key key;
    size_t len = mark_key(of, name, addr, mark, &key);
    const struct member *member = (const struct member *)sw_map_find(&recall->marks, &key, len);
    return member && member->time_us >= begin_us;
}

/* ---- loading ---- */

/* The key of a name or zone in the set of loaded names. Returns the length. */
static size_t loaded_key(enum sw_of of, const struct sw_name *name, uint8_t key[SW_NAME_MAX + 1])
{
    key[0] = (uint8_t)of;
    memcpy(key + 1, name->wire, name->len);
    return name->len + 1U;
}

void sw_recall_want_name(struct sw_recall *recall, enum sw_of of, const struct sw_name *name)
{
    bool created;
    uint8_t key[SW_NAME_MAX + 1];
    size_t len = loaded_key(of, name, key);
    if (recall->wants_n == WANTS_MAX || !sw_history_get(recall->history[of], name, &created))
        return;
    if (set_add(&recall->loaded, 2 * NAMES_MAX, key, len) || created)
        recall->wants[recall->wants_n++] = (struct want){.of_name = true, .of = of, .name = *name};
}

bool sw_recall_is_loaded(const struct sw_recall *recall, enum sw_of of, const struct sw_name *name)
{
    uint8_t key[SW_NAME_MAX + 1];
    return sw_map_find(&recall->loaded, key, loaded_key(of, name, key)) != NULL;
}

void sw_recall_want_addr(struct sw_recall *recall, const struct sw_addr *addr, int64_t mono_us)
{
    struct sw_place *place = sw_places_get(recall->places, addr);
    if (!place || recall->wants_n == WANTS_MAX)
        return;
    int64_t age = mono_us - place->loaded_us;
    if (place->loaded_us == 0 || age > RELOAD_US ||
        (age > RELOAD_UNLISTED_US && !sw_place_listed(place))) {
        place->loaded_us = mono_us;
        recall->wants[recall->wants_n++] = (struct want){.addr = *addr};
    }
}

/* Loading failed: the next event wants the history again. */
static void unwant(struct sw_recall *recall, const struct want *want)
{
    if (!want->of_name) {
        struct sw_place *place = sw_places_get(recall->places, &want->addr);
        if (place)
            place->loaded_us = 0;
        return;
    }
    uint8_t key[SW_NAME_MAX + 1];
    size_t len = loaded_key(want->of, &want->name, key);
    struct sw_node *node = sw_map_find(&recall->loaded, key, len);
    if (node)
        set_remove(&recall->loaded, node);
}

/* The earlier of a time from Redis (0: not understood) and a local time. */
static int64_t earlier(int64_t stored, int64_t ours)
{
    return stored != 0 && stored < ours ? stored : ours;
}

/* An address of a name with a single owner, from Redis. */
static void absorb_owned(struct sw_history *history, struct sw_name_history *of,
                         const struct sw_addr *addr, const struct sw_former *owned)
{
    bool is_new;
    struct sw_name_addr *seen = sw_history_find(of, addr, &owned->owner);
    if (!seen) {
        seen = sw_history_note(history, of, addr, &owned->owner, owned->last_us, &is_new);
        if (seen)
            seen->count = 0;
    }
    if (seen) {
        seen->first_us = earlier(owned->since_us, seen->first_us);
        seen->count = owned->count > seen->count ? owned->count : seen->count;
    }
}

static void absorb_marks(struct sw_recall *recall, const struct want *want,
                         const struct sw_addr *addr, const struct sw_seen_entry *entry)
{
    char mark[SW_MARK_MAX];
    int64_t time_us;
    for (size_t i = 0; sw_seen_remembered(entry, i, mark, sizeof(mark), &time_us); i++)
        sw_recall_mark(recall, want->of, &want->name, addr, mark, INT64_MIN, time_us);
}

/* The episodes of a holder, from Redis. */
static void absorb_holder(struct sw_name_history *of, const char *field,
                          const struct sw_seen_entry *entry)
{
    struct sw_episode episode = {.owner = entry->owner,
                                 .answered = strcmp(field, SW_HOLDER_PREFIX SW_HOLDER_NONE) != 0};
    for (size_t i = 0; i < entry->spans_n; i++) {
        episode.from_us = entry->span[i].from_us;
        episode.to_us = entry->span[i].to_us;
        episode.count = entry->span[i].count;
        sw_episode_absorb(of, &episode);
    }
}

/* An address of a name or zone, from Redis. Marks of "no answer" have the unspecified address. */
static void absorb_name(struct sw_recall *recall, const struct want *want, const char *field,
                        const struct sw_seen_entry *entry)
{
    static const struct sw_addr nowhere;
    struct sw_addr addr;
    struct sw_former owned;
    const char *why;
    bool created;
    struct sw_history *history = recall->history[want->of];
    struct sw_name_history *of = sw_history_get(history, &want->name, &created);
    if (of && strncmp(field, SW_HOLDER_PREFIX, strlen(SW_HOLDER_PREFIX)) == 0) {
        absorb_holder(of, field, entry);
        absorb_marks(recall, want, &nowhere, entry);
        return;
    }
    if (!of || sw_addr_parse(field, strlen(field), &addr, &why) != SW_OK)
        return;
    absorb_marks(recall, want, &addr, entry);
    for (size_t i = 0; sw_seen_former(entry, i, &owned); i++)
        absorb_owned(history, of, &addr, &owned);
    owned = (struct sw_former){.owner = entry->owner,
                               .since_us = entry->since_us,
                               .last_us = entry->last_us,
                               .count = sw_seen_owner_count(entry)};
    absorb_owned(history, of, &addr, &owned);
}

/* A name on an address, from Redis. */
static void absorb_addr(struct sw_recall *recall, const struct sw_addr *addr, const char *field,
                        const struct sw_seen_entry *entry)
{
    struct sw_place *place = sw_places_get(recall->places, addr);
    if (!place || strlen(field) >= SW_NAMETEXT_MAX)
        return;
    struct sw_place_name *name =
        sw_place_note(recall->places, place, field, entry->list, entry->last_us);
    if (!name)
        return;
    name->first_us = earlier(entry->first_us, name->first_us);
    name->last_us = entry->last_us > name->last_us ? entry->last_us : name->last_us;
    name->count = entry->count > name->count ? entry->count : name->count;
    name->shared = name->shared || json_array_size(entry->anomalies) > 0;
}

static int by_first(const void *a, const void *b)
{
    const struct sw_name_addr *const *one = a, *const *two = b;
    return ((*one)->first_us > (*two)->first_us) - ((*one)->first_us < (*two)->first_us);
}

/* Whether an episode of the holder has part of the time of an entry. */
static bool has_episode(const struct sw_name_history *of, const struct sw_name_addr *seen)
{
    for (size_t i = 0; i < of->episodes_n; i++) {
        const struct sw_episode *one = &of->episodes[i];
        if (one->answered && sw_episode_same(&one->owner, &seen->owner) &&
            one->from_us <= seen->last_us && one->to_us >= seen->first_us)
            return true;
    }
    return false;
}

/* Former versions kept no episodes: make episodes of the addresses, in the order of time. */
static void make_episodes(struct sw_recall *recall, const struct want *want)
{
    bool created;
    struct sw_name_history *of = sw_history_get(recall->history[want->of], &want->name, &created);
    const struct sw_name_addr **order = of && of->n > 0 ? calloc(of->n, sizeof(*order)) : NULL;
    if (!order)
        return;
    for (size_t i = 0; i < of->n; i++)
        order[i] = &of->addrs[i];
    qsort(order, of->n, sizeof(*order), by_first);
    for (size_t i = 0; i < of->n; i++)
        if (!has_episode(of, order[i]))
            sw_episode_note_addr(of, &order[i]->addr, &order[i]->owner, order[i]->first_us,
                                 order[i]->last_us, order[i]->count);
        else /* an episode that was begun before the load may have begun earlier */
            sw_episode_note(of, &order[i]->owner, true, order[i]->first_us, order[i]->first_us, 0);
    free(order);
}

static void absorb(struct sw_recall *recall, const struct want *want, const redisReply *reply)
{
    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
        const redisReply *field = reply->element[i], *value = reply->element[i + 1];
        struct sw_seen_entry entry;
        if (!field->str || !value->str ||
            sw_seen_decode(value->str, (size_t)value->len, &entry) != SW_OK) {
            continue;
        }
        if (want->of_name)
            absorb_name(recall, want, field->str, &entry);
        else
            absorb_addr(recall, &want->addr, field->str, &entry);
        sw_seen_free(&entry);
    }
    if (want->of_name)
        make_episodes(recall, want);
}

static enum sw_status ask(const struct want *want, struct sw_redis *redis)
{
    char key[SW_REDISKEY_MAX], text[SW_NAMETEXT_MAX];
    if (want->of_name) {
        sw_redis_key(redis, key, sizeof(key), "seen:%s:%s",
                     want->of == SW_OF_ZONE ? "zone" : "name", sw_name_text(want->name.wire, text));
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
    for (size_t i = 0; i < n && status == SW_OK; i++)
        status = ask(&recall->wants[i], redis);
    for (size_t i = 0; i < n; i++) {
        sw_redis_take_part(redis, SW_SEENTEXT_MAX, 0);
        redisReply *reply = status == SW_OK ? sw_redis_reply(redis) : NULL;
        if (!reply) {
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
