/* finding.c - claims of findings, in Redis and in memory. See finding.h. */
#include "journal/history/finding.h"

#include "base/clock.h"
#include "journal/map.h"
#include "owner/episode.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_MAX       (SW_FINDING_MAX + SW_TEXT_MAX)
#define S_PER_DAY     UINT64_C(86400)
#define KEEP_DAYS     400 /* where history-days has no limit */
#define COMMANDS      5   /* inside MULTI */
#define REPLY_SCORE   0
#define REPLY_MEMBERS 2

struct member {
    uint64_t hash;
    int64_t time_us;
};

struct finding {
    struct sw_node node;
    size_t n, room;
    struct member *member; /* unordered */
    size_t there;          /* members that Redis counted last, of all resolvers */
    int64_t there_us;      /* time of the claim with this count */
    char key[];
};

struct sw_findings {
    const struct sw_settings *settings;
    struct sw_link *link;
    struct sw_map map;
    uint64_t secret[2];
};

struct sw_findings *sw_findings_new(const struct sw_settings *settings, struct sw_link *link)
{
    struct sw_findings *findings = calloc(1, sizeof(*findings));
    if (!findings || sw_map_init(&findings->map, SW_FINDINGS_MAX / 4) != SW_OK) {
        free(findings);
        return NULL;
    }
    findings->settings = settings;
    findings->link = link;
    sw_map_secret(findings->secret, 2);
    return findings;
}

static void drop(struct sw_findings *findings, struct finding *finding)
{
    sw_map_remove(&findings->map, &finding->node);
    free(finding->member);
    free(finding);
}

void sw_findings_free(struct sw_findings *findings)
{
    if (!findings)
        return;
    while (findings->map.oldest)
        drop(findings, (struct finding *)findings->map.oldest);
    sw_map_free(&findings->map);
    free(findings);
}

/* ---- in memory ---- */

static struct finding *get(struct sw_findings *findings, const char *key)
{
    size_t len = strlen(key);
    struct sw_node *node = sw_map_find(&findings->map, key, len);
    if (node) {
        sw_map_touch(&findings->map, node);
        return (struct finding *)node;
    }
    struct finding *finding = calloc(1, sizeof(*finding) + len + 1);
    if (!finding)
        return NULL;
    if (findings->map.n >= SW_FINDINGS_MAX)
        drop(findings, (struct finding *)findings->map.oldest);
    memcpy(finding->key, key, len + 1);
    sw_map_insert(&findings->map, &finding->node, finding->key, len);
    return finding;
}

/* A keyed hash: names are chosen by others. */
static uint64_t hash_of(const struct sw_findings *findings, const char *text)
{
    uint64_t hash = findings->secret[0];
    for (; *text; text++) {
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x9e3779b97f4a7c15) + findings->secret[1];
        hash ^= hash >> 29;
    }
    return hash;
}

/* The place of a member that was there before the time, for a new member. NULL: there is none. */
static struct member *replace_former(struct finding *finding, uint64_t hash, int64_t begin_us)
{
    struct member *oldest = &finding->member[0];
    for (size_t i = 1; i < finding->n; i++)
        if (finding->member[i].time_us < oldest->time_us)
            oldest = &finding->member[i];
    if (oldest->time_us >= begin_us)
        return NULL;
    *oldest = (struct member){.hash = hash, .time_us = INT64_MIN};
    return oldest;
}

/* The place of a member; new members have the time INT64_MIN. NULL: no room. */
static struct member *member_of(struct finding *finding, uint64_t hash, int64_t begin_us)
{
    for (size_t i = 0; i < finding->n; i++)
        if (finding->member[i].hash == hash)
            return &finding->member[i];
    if (finding->n == SW_MEMBERS_MAX)
        return replace_former(finding, hash, begin_us);
    if (finding->n == finding->room) {
        size_t room = finding->room > 0 ? 2 * finding->room : 4;
        struct member *grown = realloc(finding->member, room * sizeof(*grown));
        if (!grown)
            return NULL;
        finding->member = grown;
        finding->room = room;
    }
    finding->member[finding->n] = (struct member){.hash = hash, .time_us = INT64_MIN};
    return &finding->member[finding->n++];
}

static size_t members_since(const struct finding *finding, int64_t begin_us)
{
    size_t n = 0;
    for (size_t i = 0; i < finding->n; i++)
        n += finding->member[i].time_us >= begin_us;
    return n;
}

static size_t claim_here(struct sw_findings *findings, const char *key, const char *text,
                         int64_t begin_us, int64_t time_us)
{
    struct finding *finding = get(findings, key);
    struct member *member = finding ? member_of(finding, hash_of(findings, text), begin_us) : NULL;
    if (!finding)
        return 1;
    if (!member)
        return 0;
    bool known = member->time_us != INT64_MIN && member->time_us >= begin_us;
    member->time_us = time_us > member->time_us ? time_us : member->time_us;
    return known ? 0 : members_since(finding, begin_us);
}

/* ---- in Redis ---- */

static enum sw_status append_claim(struct sw_redis *redis, const struct sw_settings *settings,
                                   const char *finding, const char *member, int64_t begin_us,
                                   int64_t time_us)
{
    char key[KEY_MAX], now[24], since[24] = "-inf", ttl[24], surplus[24];
    uint64_t days = settings->history_days > 0 ? settings->history_days : KEEP_DAYS;
    sw_redis_key(redis, key, sizeof(key), "finding:%s", finding);
    snprintf(now, sizeof(now), "%" PRId64, time_us);
    snprintf(ttl, sizeof(ttl), "%" PRIu64, days * S_PER_DAY);
    snprintf(surplus, sizeof(surplus), "-%d", SW_MEMBERS_MAX + 1);
    if (begin_us > 0)
        snprintf(since, sizeof(since), "%" PRId64, begin_us);
    const char *commands[][4] = {{"MULTI"},
                                 {"ZSCORE", key, member},
                                 {"ZADD", key, now, member},
                                 {"ZCOUNT", key, since, "+inf"},
                                 {"ZREMRANGEBYRANK", key, "0", surplus},
                                 {"EXPIRE", key, ttl},
                                 {"EXEC"}};
    enum sw_status status = SW_OK;
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]) && status == SW_OK; i++) {
        int n = 0;
        while (n < 4 && commands[i][n])
            n++;
        status = sw_link_append(redis, n, commands[i]);
    }
    return status;
}

/* Take the replies of MULTI and of the queued commands, then the reply of EXEC. */
static redisReply *read_claim(struct sw_redis *redis)
{
    for (int i = 0; i < COMMANDS + 1; i++) {
        redisReply *reply = sw_redis_reply(redis);
        if (!reply)
            return NULL;
        freeReplyObject(reply);
    }
    return sw_redis_reply(redis);
}

/* Keep a count of Redis: the member may be known there and new here, as after a restart. */
static void note_count(struct sw_findings *findings, const char *finding, size_t n, int64_t time_us)
{
    struct finding *found = (struct finding *)sw_map_find(&findings->map, finding, strlen(finding));
    if (!found)
        return;
    found->there = n;
    found->there_us = time_us;
}

/* False: Redis is away or refuses, and *n is untouched. */
static bool claim_there(struct sw_findings *findings, const char *finding, const char *member,
                        int64_t begin_us, int64_t time_us, size_t *n)
{
    int64_t mono_us = sw_clock_mono_us();
    struct sw_redis *redis = findings->link ? sw_link_up(findings->link, mono_us) : NULL;
    if (!redis)
        return false;
    redisReply *all = NULL;
    if (append_claim(redis, findings->settings, finding, member, begin_us, time_us) == SW_OK)
        all = read_claim(redis);
    if (!all) {
        sw_link_failed(findings->link, mono_us);
        return false;
    }
    bool good = all->type == REDIS_REPLY_ARRAY && all->elements == COMMANDS &&
                all->element[REPLY_MEMBERS]->type == REDIS_REPLY_INTEGER;
    if (good) {
        const redisReply *score = all->element[REPLY_SCORE];
        bool known =
            score->type == REDIS_REPLY_STRING && strtod(score->str, NULL) >= (double)begin_us;
        size_t members = (size_t)all->element[REPLY_MEMBERS]->integer;
        note_count(findings, finding, members, time_us);
        *n = known ? 0 : members;
    }
    freeReplyObject(all);
    return good;
}

/* Another resolver may have seen the begin of the episode earlier. */
static int64_t since(int64_t begin_us)
{
    return begin_us > INT64_MIN + SW_EPISODE_GAP_US ? begin_us - SW_EPISODE_GAP_US : begin_us;
}

size_t sw_findings_count(const struct sw_findings *findings, const char *finding, int64_t begin_us)
{
    const struct sw_node *node = sw_map_find(&findings->map, finding, strlen(finding));
    const struct finding *found = (const struct finding *)node;
    if (!found)
        return 0;
    size_t here = members_since(found, since(begin_us));
    return found->there > here && found->there_us >= since(begin_us) ? found->there : here;
}

size_t sw_findings_claim(struct sw_findings *findings, const char *finding, const char *member,
                         int64_t begin_us, int64_t time_us)
{
    begin_us = since(begin_us);
    size_t n = claim_here(findings, finding, member, begin_us, time_us);
    if (n > 0)
        claim_there(findings, finding, member, begin_us, time_us, &n);
    return n;
}
