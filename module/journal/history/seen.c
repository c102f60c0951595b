#include "journal/history/seen.h"

#include "base/log.h"
#include "journal/link.h"
#include "journal/map.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_MAX 256 /* fields in a pipeline: four commands each */
#define S_PER_DAY 86400U

struct waiting {
    struct sw_node node; /* key: kind, key, NUL, field, NUL */
    bool of_name, of_zone;
    struct sw_seen_entry entry;
    const char *key, *field; /* in the same block */
};

struct sw_seens {
    const struct sw_settings *settings;
    struct sw_counters *counters;
    struct sw_map map;
    bool full; /* fields were dropped, which is logged once */
};

struct sw_seens *sw_seens_new(const struct sw_settings *settings, struct sw_counters *counters)
{
    struct sw_seens *seens = calloc(1, sizeof(*seens));
    if (!seens || sw_map_init(&seens->map, SW_SEEN_MAX / 4) != SW_OK) {
        free(seens);
        return NULL;
    }
    seens->settings = settings;
    seens->counters = counters;
    return seens;
}

static void drop(struct sw_seens *seens, struct waiting *waiting)
{
    sw_map_remove(&seens->map, &waiting->node);
    sw_seen_free(&waiting->entry);
    free(waiting);
}

void sw_seens_free(struct sw_seens *seens)
{
    if (!seens)
        return;
    while (seens->map.oldest)
        drop(seens, (struct waiting *)seens->map.oldest);
    sw_map_free(&seens->map);
    free(seens);
}

size_t sw_seens_waiting(const struct sw_seens *seens)
{
    return seens->map.n;
}

/* ---- noting ---- */

/* First octet of a waiting field's key. */
static char kind_of(const struct sw_seen_note *note)
{
    return note->of_zone ? 'z' : note->of_name ? 'n' : 'a';
}

/* A new entry, followed by the key texts. */
static struct waiting *waiting_new(struct sw_seens *seens, const struct sw_seen_note *note)
{
    size_t key_len = strlen(note->key) + 1, field_len = strlen(note->field) + 1;
    struct waiting *waiting = calloc(1, sizeof(*waiting) + 1 + key_len + field_len);
    if (!waiting)
        return NULL;
    char *text = (char *)(waiting + 1);
    text[0] = kind_of(note);
    memcpy(text + 1, note->key, key_len);
    memcpy(text + 1 + key_len, note->field, field_len);
    waiting->of_name = note->of_name;
    waiting->of_zone = note->of_zone;
    waiting->key = text + 1;
    waiting->field = text + 1 + key_len;
    waiting->entry.first_us = note->first_us;
    waiting->entry.last_us = note->last_us;
    sw_map_insert(&seens->map, &waiting->node, text, 1 + key_len + field_len);
    return waiting;
}

static struct waiting *find(struct sw_seens *seens, const struct sw_seen_note *note)
{
    char text[SW_NAMETEXT_MAX + SW_ADDRTEXT_MAX + 3];
    int len = snprintf(text, sizeof(text), "%c%s%c%s", kind_of(note), note->key, '\0', note->field);
    return (struct waiting *)sw_map_find(&seens->map, text, (size_t)len + 1);
}

static void fold(struct sw_seen_entry *entry, const struct sw_seen_note *note)
{
    entry->first_us = note->first_us < entry->first_us ? note->first_us : entry->first_us;
    entry->sweeps += note->by_sweep ? note->count : 0;
    if (note->span) {
        entry->owner = *note->owner;
        entry->last_us = note->last_us > entry->last_us ? note->last_us : entry->last_us;
        entry->count += note->count;
        sw_seen_add_span(entry, note->span);
    } else if (note->of_name && note->count > 0) {
        struct sw_former now = {.owner = *note->owner,
                                .since_us = note->first_us,
                                .last_us = note->last_us,
                                .count = note->count};
        sw_seen_owned(entry, &now);
    } else {
        entry->last_us = note->last_us > entry->last_us ? note->last_us : entry->last_us;
        entry->count += note->count;
    }
    if (note->of_zone) {
        snprintf(entry->server, sizeof(entry->server), "%s",
                 strlen(note->server) < sizeof(entry->server) ? note->server : "");
    }
    if (!note->of_name && note->list[0] != '\0')
        snprintf(entry->list, sizeof(entry->list), "%s", note->list);
    if (note->anomaly)
        sw_seen_remember(entry, note->anomaly, note->last_us);
}

void sw_seens_note(struct sw_seens *seens, const struct sw_seen_note *note)
{
    struct waiting *waiting = find(seens, note);
    if (!waiting && seens->map.n < SW_SEEN_MAX)
        waiting = waiting_new(seens, note);
    if (!waiting) {
        sw_count(&seens->counters->history_dropped, 1);
        if (!seens->full) {
            seens->full = true;
            sw_log(SW_LOG_WARNING,
                   "history: more than %d updates wait for Redis; further "
                   "updates are dropped (counted in history_dropped)",
                   SW_SEEN_MAX);
        }
        return;
    }
    fold(&waiting->entry, note);
}

/* ---- merging into Redis ---- */

static void redis_key(struct sw_redis *redis, const struct waiting *waiting,
                      char key[SW_REDISKEY_MAX])
{
    sw_redis_key(redis, key, SW_REDISKEY_MAX, "seen:%s:%s",
                 waiting->of_zone   ? "zone"
                 : waiting->of_name ? "name"
                                    : "addr",
                 waiting->key);
}

/* Add the waiting sight to the field from Redis. */
static void add_up(struct sw_seen_entry *old, const struct waiting *waiting)
{
    const struct sw_seen_entry *new = &waiting->entry;
    struct sw_former former;
    if (old->first_us == 0 || new->first_us < old->first_us)
        old->first_us = new->first_us;
    old->sweeps += new->sweeps;
    if (new->spans_n > 0) {
        old->owner = new->owner;
        old->count += new->count;
        for (size_t i = 0; i < new->spans_n; i++)
            sw_seen_add_span(old, &new->span[i]);
    } else if (waiting->of_name) {
        for (size_t i = 0; sw_seen_former(new, i, &former); i++)
            sw_seen_owned(old, &former);
        struct sw_former now = {.owner = new->owner,
                                .since_us = new->since_us,
                                .last_us = new->last_us,
                                .count = sw_seen_owner_count(new)};
        if (now.count > 0) { /* else only anomalies were noted */
            sw_seen_owned(old, &now);
        }
    } else {
        old->count += new->count;
    }
    old->last_us = new->last_us > old->last_us ? new->last_us : old->last_us;
    if (new->list[0] != '\0')
        memcpy(old->list, new->list, sizeof(old->list));
    if (new->server[0] != '\0')
        memcpy(old->server, new->server, sizeof(old->server));
    char anomaly[SW_ANOMALYTEXT_MAX];
    int64_t time_us;
    for (size_t i = 0; sw_seen_remembered(new, i, anomaly, sizeof(anomaly), &time_us); i++)
        sw_seen_remember(old, anomaly, time_us);
}

/* The field from Redis merged with the new sight. */
static char *merged(const struct waiting *waiting, const redisReply *had)
{
    struct sw_seen_entry old;
    if (had->type != REDIS_REPLY_STRING ||
        sw_seen_decode(had->str, (size_t)had->len, &old) != SW_OK) {
        return sw_seen_encode(&waiting->entry, waiting->of_name);
    }
    add_up(&old, waiting);
    char *json = sw_seen_encode(&old, waiting->of_name);
    sw_seen_free(&old);
    return json;
}

/* A key that holds something else can never be written: everything else may pass. */
static bool is_wrong_type(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "WRONGTYPE", 9) == 0;
}

static enum sw_status append_writes(const struct sw_seens *seens, struct sw_redis *redis,
                                    const struct waiting *waiting, const char *json)
{
    char key[SW_REDISKEY_MAX], ttl[24];
    redis_key(redis, waiting, key);
    snprintf(ttl, sizeof(ttl), "%" PRIu64,
             (uint64_t)seens->settings->history_days * (uint64_t)S_PER_DAY);
    const char *hset[] = {"HSET", key, waiting->field, json};
    const char *expire[] = {seens->settings->history_days > 0 ? "EXPIRE" : "PERSIST", key, ttl};
    const char *hlen[] = {"HLEN", key};
    enum sw_status status = sw_link_append(redis, 4, hset);
    if (status == SW_OK)
        status = sw_link_append(redis, seens->settings->history_days > 0 ? 3 : 2, expire);
    return status == SW_OK ? sw_link_append(redis, 2, hlen) : status;
}

/* Read all fields of the chunk, and make the new texts; NULL for a field to be dropped. */
static enum sw_status read_chunk(struct sw_redis *redis, struct waiting **chunk, size_t n,
                                 char **texts)
{
    enum sw_status status = SW_OK;
    for (size_t i = 0; i < n; i++) {
        char key[SW_REDISKEY_MAX];
        redis_key(redis, chunk[i], key);
        const char *hget[] = {"HGET", key, chunk[i]->field};
        if (sw_link_append(redis, 3, hget) != SW_OK)
            return SW_ECLOSED;
    }
    for (size_t i = 0; i < n; i++) {
        sw_redis_take_part(redis, SW_SEENTEXT_MAX, 0);
        redisReply *reply = sw_redis_reply(redis);
        if (!reply)
            return SW_ECLOSED;
        if (is_wrong_type(reply)) {
            sw_log(SW_LOG_ERROR, "history: %s", sw_redis_error(redis));
        } else if (reply->type == REDIS_REPLY_ERROR) {
            status = SW_EREDIS;
        } else {
            texts[i] = merged(chunk[i], reply);
            status = !texts[i] ? SW_ENOMEM : status;
        }
        freeReplyObject(reply);
    }
    return status;
}

struct field {
    const char *text;
    bool listed;
    int64_t last_us;
};

/* Sorted last and kept longest: names on lists, then the names seen most recently. */
static int by_worth(const void *a, const void *b)
{
    const struct field *one = a, *two = b;
    if (one->listed != two->listed)
        return one->listed ? 1 : -1;
    return (one->last_us > two->last_us) - (one->last_us < two->last_us);
}

static void delete_surplus(struct sw_redis *redis, const char *key, const redisReply *all,
                           size_t max)
{
    size_t n = all->elements / 2;
    for (size_t i = 0; i < all->elements; i++) {
        if (!all->element[i]->str) { /* no answer to HGETALL */
            return;
        }
    }
    if (n <= max)
        return;
    struct field *fields = calloc(n, sizeof(*fields));
    const char **argv = calloc(n - max + 2, sizeof(*argv));
    size_t *lens = calloc(n - max + 2, sizeof(*lens));
    for (size_t i = 0; i < n && fields; i++) {
        const redisReply *value = all->element[2 * i + 1];
        struct sw_seen_entry entry = {0};
        if (sw_seen_decode(value->str, (size_t)value->len, &entry) == SW_OK)
            sw_seen_free(&entry);
        fields[i] = (struct field){.text = all->element[2 * i]->str,
                                   .listed = entry.list[0] != '\0',
                                   .last_us = entry.last_us};
    }
    if (fields && argv && lens) {
        qsort(fields, n, sizeof(*fields), by_worth);
        argv[0] = "HDEL";
        argv[1] = key;
        for (size_t i = 0; i < n - max; i++)
            argv[i + 2] = fields[i].text;
        for (size_t i = 0; i < n - max + 2; i++)
            lens[i] = strlen(argv[i]);
        freeReplyObject(sw_redis_command_argv(redis, (int)(n - max + 2), argv, lens));
    }
    free(fields);
    free(argv);
    free(lens);
}

/* Trim a hash that has grown over history-max. */
static void trim(const struct sw_seens *seens, struct sw_redis *redis,
                 const struct waiting *waiting)
{
    char key[SW_REDISKEY_MAX];
    redis_key(redis, waiting, key);
    const char *argv[] = {"HGETALL", key};
    size_t lens[] = {7, strlen(key)};
    redisReply *all = sw_redis_command_argv(redis, 2, argv, lens);
    if (all && all->type == REDIS_REPLY_ARRAY)
        delete_surplus(redis, key, all, seens->settings->history_max);
    freeReplyObject(all);
}

/* Replies to HSET, EXPIRE, HLEN of a field. *length: number of fields in the hash. */
static enum sw_status read_writes(struct sw_redis *redis, long long *length)
{
    enum sw_status status = SW_OK;
    for (int i = 0; i < 3; i++) {
        redisReply *reply = sw_redis_reply(redis);
        if (!reply)
            return SW_ECLOSED;
        if (reply->type == REDIS_REPLY_ERROR)
            status = SW_EREDIS;
        *length = reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0;
        freeReplyObject(reply);
    }
    return status;
}

/* Write the new texts. Fields that Redis has now, or never will, are dropped at once. surplus[i] is
 * set for a field of a hash that is too long, which stays. */
static enum sw_status write_chunk(struct sw_seens *seens, struct sw_redis *redis,
                                  struct waiting **chunk, size_t n, char **texts, bool *surplus)
{
    enum sw_status status = SW_OK;
    for (size_t i = 0; i < n; i++) {
        if (texts[i] && append_writes(seens, redis, chunk[i], texts[i]) != SW_OK)
            return SW_ECLOSED;
    }
    for (size_t i = 0; i < n; i++) {
        long long length = 0;
        enum sw_status one = texts[i] ? read_writes(redis, &length) : SW_OK;
        if (one == SW_ECLOSED)
            return one;
        if (one != SW_OK) {
            status = one;
            continue;
        }
        surplus[i] = length > seens->settings->history_max;
        if (!surplus[i])
            drop(seens, chunk[i]);
    }
    return status;
}

/* Trim the hashes that are too long and drop the fields. Neighbouring fields of a hash cause a
 * single trim, as when many names come to an address. */
static void trim_chunk(struct sw_seens *seens, struct sw_redis *redis, struct waiting **chunk,
                       size_t n, const bool *surplus)
{
    const struct waiting *trimmed = NULL;
    for (size_t i = 0; i < n; i++) {
        if (!surplus[i])
            continue;
        if (!trimmed || trimmed->of_name != chunk[i]->of_name ||
            trimmed->of_zone != chunk[i]->of_zone || strcmp(trimmed->key, chunk[i]->key) != 0) {
            trim(seens, redis, chunk[i]);
            trimmed = chunk[i];
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (surplus[i])
            drop(seens, chunk[i]);
    }
}

enum sw_status sw_seens_flush(struct sw_seens *seens, struct sw_redis *redis)
{
    struct waiting *chunk[CHUNK_MAX];
    char *texts[CHUNK_MAX] = {NULL};
    bool surplus[CHUNK_MAX] = {false};
    size_t n = 0;
    for (struct sw_node *node = seens->map.oldest; node && n < CHUNK_MAX; node = node->newer)
        chunk[n++] = (struct waiting *)node;
    enum sw_status status = read_chunk(redis, chunk, n, texts);
    if (status == SW_OK)
        status = write_chunk(seens, redis, chunk, n, texts, surplus);
    for (size_t i = 0; i < n; i++)
        free(texts[i]);
    trim_chunk(seens, redis, chunk, n, surplus);
    if (status == SW_OK && !sw_redis_is_open(redis))
        status = SW_ECLOSED;
    return status;
}
