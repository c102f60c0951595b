/* fleet_past.c - see fleet_past.h. */
#include "cli/past/fleet_past.h"

#include "base/clock.h"
#include "journal/cof.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define INQUIRIES_MAX "1000" /* entries that the stream keeps */
#define PAUSE_NS      20000000
#define US_PER_S      INT64_C(1000000)

/* A record of one resolver. */
struct record {
    struct sw_name owner, zone; /* zone.len 0: not known */
    uint8_t *rdata;
    uint16_t rdata_len, type;
    uint64_t first, last, count;
    size_t resolver;
};

struct asked { /* a live resolver with a memory */
    char *id;
    bool answered;
};

struct answers {
    struct cli *cli;
    struct asked *asked;
    size_t asked_n;
    struct record *record;
    size_t n, room;
    size_t resolver; /* of the answer that is being read */
    size_t begin;    /* records of the answers before */
    bool full;       /* the answer has more records than an answer may have */
    uint32_t limit;  /* of the inquiry */
    bool partly;
};

/* ---- whom to ask ---- */

static bool keeps_memory(const redisReply *reply)
{
    json_t *memory =
        reply->type == REDIS_REPLY_STRING ? json_loadb(reply->str, reply->len, 0, NULL) : NULL;
    bool keeps = json_object_size(memory) > 0;
    json_decref(memory);
    return keeps;
}

static int by_id(const void *left, const void *right)
{
    const struct asked *a = left, *b = right;
    return strcmp(a->id, b->id);
}

/* A resolver without a hash has not reported for half a minute: not live. */
static int find_asked(struct answers *answers)
{
    struct cli *cli = answers->cli;
    redisReply *ids = cli_ask(cli, "ZRANGE", cli_key(cli, "resolvers"), "0", "-1", CLI_END);
    int code = CLI_OK;
    if (!ids)
        return CLI_REDIS;
    answers->asked = cli_alloc(ids->elements + 1, sizeof(answers->asked[0]));
    for (size_t i = 0; i < ids->elements && code == CLI_OK; i++) {
        const char *id = ids->element[i]->str;
        redisReply *memory =
            cli_ask(cli, "HGET", cli_key(cli, "resolver:%s", id), "memory", CLI_END);
        if (!memory)
            code = CLI_REDIS;
        else if (keeps_memory(memory))
            answers->asked[answers->asked_n++] = (struct asked){cli_copy(id), false};
        freeReplyObject(memory);
    }
    freeReplyObject(ids);
    qsort(answers->asked, answers->asked_n, sizeof(answers->asked[0]), by_id);
    return code;
}

/* ---- answers ---- */

static enum sw_status keep(void *arg, const struct sw_sighting *sighting)
{
    struct answers *answers = arg;
    answers->full = answers->n - answers->begin >= SW_INQUIRY_LIMIT;
    if (answers->full)
        return SW_EINVAL;
    if (answers->n == answers->room) {
        answers->room = answers->room ? 2 * answers->room : 256;
        answers->record = cli_grow(answers->record, answers->room, sizeof(answers->record[0]));
    }
    struct record *r = &answers->record[answers->n];
    *r = (struct record){.type = sighting->type,
                         .rdata_len = sighting->rdata_len,
                         .first = sighting->first,
                         .last = sighting->last,
                         .count = sighting->count,
                         .resolver = answers->resolver};
    if (sw_name_copy(sighting->owner, SW_NAME_MAX, &r->owner) != SW_OK ||
        (sighting->zone && sw_name_copy(sighting->zone, SW_NAME_MAX, &r->zone) != SW_OK))
        return SW_EINVAL;
    r->rdata = cli_alloc(1, sighting->rdata_len ? sighting->rdata_len : 1);
    memcpy(r->rdata, sighting->rdata, sighting->rdata_len);
    answers->n++;
    return SW_OK;
}

static void say_partly(struct answers *answers, const char *id, const char *words)
{
    cli_error("%s: %s", cli_clean_text(id), words);
    answers->partly = true;
}

/* The first line of an answer: how the answer ends. */
static void judge_head(struct answers *answers, const char *id, const char *line, size_t len)
{
    char words[256];
    json_t *head = json_loadb(line, len, 0, NULL);
    const char *end = cli_json_text(head, "end");
    if (strcmp(end, "limit") == 0 && answers->limit < SW_INQUIRY_LIMIT)
        cli_hint("%s has more records; --limit shows more", cli_clean_text(id));
    else if (strcmp(end, "limit") == 0)
        say_partly(answers, id, "has more than the 10000 records that an answer may have");
    else if (strcmp(end, "size") == 0)
        say_partly(answers, id, "has more records than an answer may have; ask for less, or there");
    else if (strcmp(end, "time") == 0)
        say_partly(answers, id, "did not look at everything in the time that it has; ask for less");
    else if (strcmp(end, "busy") == 0)
        say_partly(answers, id, "is busy with other inquiries (memory-inquiries); ask again");
    else if (strcmp(end, "all") != 0) {
        snprintf(words, sizeof(words), "%s%s%s", *end ? end : "an answer that is none",
                 *end ? ": " : "", cli_json_text(head, "why"));
        say_partly(answers, id, cli_clean_text(words));
    }
    json_decref(head);
}

static void read_answer(struct answers *answers, const redisReply *reply)
{
    const char *at = reply->str, *end = at + reply->len, *why;
    const char *id = answers->asked[answers->resolver].id;
    bool head = true, broken = false;
    answers->begin = answers->n;
    answers->full = false;
    if (reply->len == 0)
        say_partly(answers, id, "an answer that is none");
    while (at < end && !answers->full) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t len = stop ? (size_t)(stop - at) : (size_t)(end - at);
        if (head)
            judge_head(answers, id, at, len);
        else if (sw_cof_read(at, len, keep, answers, &why) != SW_OK)
            broken = true;
        head = false;
        at += len + 1;
    }
    if (answers->full)
        say_partly(answers, id, "sent more than the 10000 records that an answer may have");
    else if (broken)
        say_partly(answers, id, "sent records that are none");
}

/* Read the answers that have come. *left: resolvers without an answer. */
static int look(struct answers *answers, const char *key, size_t *left)
{
    *left = 0;
    for (size_t i = 0; i < answers->asked_n; i++) {
        struct asked *asked = &answers->asked[i];
        if (asked->answered)
            continue;
        redisReply *reply = cli_ask(answers->cli, "HGET", key, asked->id, CLI_END);
        if (!reply)
            return CLI_REDIS;
        answers->resolver = i;
        asked->answered = reply->type == REDIS_REPLY_STRING;
        if (asked->answered)
            read_answer(answers, reply);
        else
            (*left)++;
        freeReplyObject(reply);
    }
    return CLI_OK;
}

static int wait_for_answers(struct answers *answers, const char *id, uint32_t seconds)
{
    const char *key = cli_key(answers->cli, "memory:answers:%s", id);
    int64_t until_us = sw_clock_mono_us() + seconds * US_PER_S;
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    for (;;) {
        size_t left;
        int code = look(answers, key, &left);
        if (code != CLI_OK || left == 0)
            return code;
        if (sw_clock_mono_us() >= until_us)
            return CLI_TIMEOUT;
        nanosleep(&pause, NULL);
    }
}

static int ask(struct answers *answers, const struct cli_fleet *fleet)
{
    struct cli *cli = answers->cli;
    char *text = sw_inquiry_text(&fleet->inquiry, fleet->what);
    if (!text)
        abort();
    redisReply *id = cli_ask(cli, "XADD", cli_key(cli, "memory:inquiries"), "MAXLEN", "~",
                             INQUIRIES_MAX, "*", "e", text, CLI_END);
    free(text);
    if (!id)
        return CLI_REDIS;
    int code = wait_for_answers(answers, id->str, fleet->seconds);
    freeReplyObject(id);
    for (size_t i = 0; code == CLI_TIMEOUT && i < answers->asked_n; i++)
        if (!answers->asked[i].answered)
            cli_error("%s: no answer within %" PRIu32 " seconds; its records are missing",
                      cli_clean_text(answers->asked[i].id), fleet->seconds);
    return code;
}

/* ---- merging ---- */

static int by_octets(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
    return order ? order : (a_len > b_len) - (a_len < b_len);
}

/* By owner, type, rdata, zone: equal records have order 0. */
static int by_record(const void *left, const void *right)
{
    const struct record *a = left, *b = right;
    int order = by_octets(a->owner.wire, a->owner.len, b->owner.wire, b->owner.len);
    if (order == 0)
        order = (a->type > b->type) - (a->type < b->type);
    if (order == 0)
        order = by_octets(a->rdata, a->rdata_len, b->rdata, b->rdata_len);
    return order ? order : by_octets(a->zone.wire, a->zone.len, b->zone.wire, b->zone.len);
}

/* Answers come in any order; equal records are told by the order of the resolvers' ids. */
static int by_record_and_resolver(const void *left, const void *right)
{
    const struct record *a = left, *b = right;
    int order = by_record(left, right);
    return order ? order : (a->resolver > b->resolver) - (a->resolver < b->resolver);
}

/* Add the resolver of a record, unless the array has the resolver. */
static void add_resolver(json_t *resolvers, const char *id)
{
    for (size_t i = 0; i < json_array_size(resolvers); i++)
        if (strcmp(json_string_value(json_array_get(resolvers, i)), id) == 0)
            return;
    json_array_append_new(resolvers, json_string(cli_clean_text(id)));
}

static void report(struct answers *answers, cli_fleet_fn *take, void *arg)
{
    enum sw_status status = SW_OK;
    if (answers->n > 0)
        qsort(answers->record, answers->n, sizeof(answers->record[0]), by_record_and_resolver);
    for (size_t i = 0, next; i < answers->n && status == SW_OK; i = next) {
        const struct record *r = &answers->record[i];
        struct sw_sighting merged = {.owner = r->owner.wire,
                                     .zone = r->zone.len ? r->zone.wire : NULL,
                                     .rdata = r->rdata,
                                     .rdata_len = r->rdata_len,
                                     .type = r->type,
                                     .first = r->first,
                                     .last = r->last};
        json_t *resolvers = json_array();
        for (next = i; next < answers->n && by_record(r, &answers->record[next]) == 0; next++) {
            const struct record *same = &answers->record[next];
            merged.first = same->first < merged.first ? same->first : merged.first;
            merged.last = same->last > merged.last ? same->last : merged.last;
            merged.count += same->count;
            add_resolver(resolvers, answers->asked[same->resolver].id);
        }
        status = take(arg, &merged, resolvers);
        json_decref(resolvers);
    }
}

int cli_fleet_ask(struct cli *cli, const struct cli_fleet *fleet, cli_fleet_fn *take, void *arg)
{
    struct answers answers = {.cli = cli, .limit = fleet->inquiry.limit};
    int code = cli_connect(cli);
    if (code == CLI_OK)
        code = find_asked(&answers);
    if (code == CLI_OK && answers.asked_n == 0) {
        cli_error("no live resolver keeps a memory");
        cli_hint("memory-folder in the settings of a resolver begins one; --folder names files");
        code = CLI_NONE;
    } else if (code == CLI_OK) {
        code = ask(&answers, fleet);
        if (code == CLI_OK || code == CLI_TIMEOUT)
            report(&answers, take, arg);
    }
    for (size_t i = 0; i < answers.n; i++)
        free(answers.record[i].rdata);
    for (size_t i = 0; i < answers.asked_n; i++)
        free(answers.asked[i].id);
    free(answers.record);
    free(answers.asked);
    return code == CLI_OK && answers.partly ? CLI_PARTLY : code;
}
