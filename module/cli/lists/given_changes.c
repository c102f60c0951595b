/* given_changes.c - changes of single rules of a zone. See given.h. */
#include "cli/lists/given.h"
#include "cli/output.h"

#include <stdlib.h>
#include <string.h>

/* A record of local data that is deleted or added. */
struct cli_record_change {
    char *text, *record;
    unsigned group;
    uint64_t place;
    size_t at; /* in the order of the source */
    bool removes;
};

/* An owner of such records. */
struct owner {
    const struct cli_record_change *first;
    size_t n;
    const struct cli_given_part *now; /* the part that has its rule, or NULL */
};

/* ---- notes ---- */

static void note_record(struct cli_given *given, const struct sw_entry *entry, const char *text,
                        bool removes)
{
    if (given->records.n == given->records.room) {
        given->records.room = given->records.room ? 2 * given->records.room : 64;
        given->records.one =
            cli_grow(given->records.one, given->records.room, sizeof(*given->records.one));
    }
    given->records.one[given->records.n] = (struct cli_record_change){
        .text = cli_copy(text),
        .record = cli_copy(entry->rule),
        .group = cli_given_group(entry->triggers),
        .place = entry->place,
        .at = given->records.n,
        .removes = removes,
    };
    given->records.n++;
}

static void change(struct cli_given *given, struct cli_given_part *part, const char *text,
                   const char *facts, bool removes)
{
    part->joined = part->joined || !removes;
    part->left = part->left || removes;
    given->change(given->arg, part->name, text, facts, removes);
}

/* The part that a rule without records leaves or joins; NULL: none, or given->why is set. */
static struct cli_given_part *part_of(struct cli_given *given, const struct sw_entry *entry,
                                      bool removes)
{
    unsigned group = cli_given_group(entry->triggers);
    enum sw_action action = entry->meant == SW_MEANT_EXCEPTION ? SW_ACTION_PASSTHRU : entry->action;
    if (given->override)
        action = given->head->action;
    else if (entry->meant == SW_MEANT_LISTED)
        return given->part[0];
    return (removes ? cli_given_find : cli_given_part)(given, group, action,
                                                       given->override ? "" : entry->rule);
}

const char *cli_given_note(struct cli_given *given, const struct sw_entry *entry, const char *text,
                           const char *facts, bool removes)
{
    if (!given->override && entry->meant == SW_MEANT_ACTION &&
        entry->action == SW_ACTION_SINKHOLE && entry->rule[0]) {
        note_record(given, entry, text, removes);
        return NULL;
    }
    struct cli_given_part *part = part_of(given, entry, removes);
    if (!part)
        return removes ? NULL : given->why; /* a rule that was refused is on no list */
    change(given, part, text, facts, removes);
    return NULL;
}

/* ---- local data ---- */

/* By owner and record, then in the order of the source. */
static int by_owner(const void *a, const void *b)
{
    const struct cli_record_change *one = a, *other = b;
    int order = (one->group > other->group) - (one->group < other->group);
    order = order ? order : strcmp(one->text, other->text);
    order = order ? order : strcmp(one->record, other->record);
    return order ? order : (one->at > other->at) - (one->at < other->at);
}

/* The owners of the sorted records. Returns their number. */
static size_t find_owners(const struct cli_given *given, struct owner *owners)
{
    size_t n = 0;
    for (size_t i = 0; i < given->records.n; i++) {
        const struct cli_record_change *one = &given->records.one[i];
        const struct cli_record_change *before = n > 0 ? owners[n - 1].first : NULL;
        if (!before || before->group != one->group || strcmp(before->text, one->text) != 0)
            owners[n++] = (struct owner){.first = one};
        owners[n - 1].n++;
    }
    return n;
}

/* Ask which of some owners a part has. */
static int ask_part(struct cli_given *given, const struct cli_given_part *part,
                    struct owner *owners, size_t n)
{
    struct cli_argv argv = {0};
    cli_argv_add(&argv, "HMGET");
    cli_argv_add(&argv, cli_key(given->cli, "list:%s", part->name));
    for (size_t i = 0; i < n; i++)
        cli_argv_add(&argv, owners[i].first->text);
    redisReply *reply = cli_ask_argv(given->cli, &argv);
    cli_argv_free(&argv);
    for (size_t i = 0; reply && i < reply->elements && i < n; i++)
        if (reply->element[i]->type != REDIS_REPLY_NIL && owners[i].first->group == part->group)
            owners[i].now = part;
    int code = reply ? CLI_OK : CLI_REDIS;
    freeReplyObject(reply);
    return code;
}

static int ask_parts(struct cli_given *given, struct owner *owners, size_t n)
{
    int code = CLI_OK;
    for (size_t i = 0; i < given->n; i++) {
        const struct cli_given_part *part = given->part[i];
        if (!part->data || !json_object_get(given->before, part->name))
            continue;
        for (size_t at = 0; at < n && code == CLI_OK; at += CLI_BATCH)
            code = ask_part(given, part, owners + at, n - at < CLI_BATCH ? n - at : CLI_BATCH);
    }
    return code;
}

/* Delete a record from an array, or add it. */
static void apply_record(json_t *records, const struct cli_record_change *one)
{
    for (size_t i = json_array_size(records); i-- > 0;)
        if (strcmp(json_string_value(json_array_get(records, i)), one->record) == 0)
            json_array_remove(records, i);
    if (!one->removes)
        json_array_append_new(records, json_string(one->record));
}

/* Apply the last change of each record: removals first, so that the array stays short. */
static void apply_records(json_t *records, const struct owner *owner)
{
    for (int removes = 1; removes >= 0; removes--)
        for (size_t i = 0; i < owner->n && json_array_size(records) <= SW_RECORDS_COUNT; i++) {
            const struct cli_record_change *one = &owner->first[i];
            if (one->removes == removes &&
                (i + 1 == owner->n || strcmp(one->record, one[1].record) != 0))
                apply_record(records, one);
        }
}

/* The part of an owner after the changes; a refused owner stays on its part. */
static void move_owner(struct cli_given *given, const struct owner *owner)
{
    json_t *records =
        owner->now ? json_copy(json_object_get(owner->now->members, "records")) : json_array();
    apply_records(records, owner);
    bool any = json_array_size(records) > 0;
    char *text = cli_given_join(records);
    struct cli_given_part *then =
        any ? cli_given_part(given, owner->first->group, SW_ACTION_SINKHOLE, text) : NULL;
    if (any && !then)
        given->refuse(given->arg, owner->first->place, owner->first->text, given->why);
    if (then != owner->now && then)
        change(given, then, owner->first->text, "", false);
    for (size_t i = 0; i < given->n && (then || !any); i++)
        if (given->part[i] == owner->now && then != owner->now)
            change(given, given->part[i], owner->first->text, "", true);
    free(text);
    json_decref(records);
}

/* ---- parts ---- */

static bool is_new(const struct cli_given *given, const struct cli_given_part *part)
{
    return part->members && part->joined && !json_object_get(given->before, part->name);
}

int cli_given_make(struct cli_given *given)
{
    struct cli *cli = given->cli;
    const char *registry = cli_key(cli, "list:%s:parts", given->list);
    char why[SW_WHY_MAX];
    size_t n = 0;
    for (size_t i = 0; i < given->n; i++)
        n += is_new(given, given->part[i]);
    if (n == 0)
        return CLI_OK;
    if (cli_given_judge_number(given, n) != CLI_OK)
        return CLI_NONE;
    cli_begin(cli);
    for (size_t i = 0; i < given->n; i++) {
        const struct cli_given_part *part = given->part[i];
        if (!is_new(given, part))
            continue;
        char *text = cli_part_policy(part->name, given->head_policy, part->members, why);
        char *members = json_dumps(part->members, JSON_COMPACT);
        struct cli_argv set = {0};
        cli_argv_add(&set, "HSET");
        cli_argv_add(&set, registry);
        cli_argv_add(&set, part->name);
        cli_argv_add(&set, members ? members : "{}");
        cli_change(cli, &set);
        cli_argv_free(&set);
        cli_change_policy(cli, part->name, text ? text : "{}");
        free(members);
        free(text);
    }
    redisReply *replies = cli_commit_list(cli, given->list);
    int code = replies ? CLI_OK : CLI_REDIS;
    freeReplyObject(replies);
    return code;
}

int cli_given_settle(struct cli_given *given)
{
    int code = CLI_OK;
    if (given->records.n > 0) {
        struct owner *owners = cli_alloc(given->records.n, sizeof(*owners));
        qsort(given->records.one, given->records.n, sizeof(*given->records.one), by_owner);
        size_t n = find_owners(given, owners);
        code = ask_parts(given, owners, n);
        for (size_t i = 0; i < n && code == CLI_OK; i++)
            move_owner(given, &owners[i]);
        free(owners);
    }
    for (size_t i = 0; i < given->records.n; i++) {
        free(given->records.one[i].text);
        free(given->records.one[i].record);
    }
    free(given->records.one);
    given->records.one = NULL;
    given->records.n = given->records.room = 0;
    return code;
}

/* Drop a part that has no rules, unless other programs add some at the same time. */
static int tidy_part(struct cli_given *given, const struct cli_given_part *part,
                     struct cli_outcome *outcome)
{
    struct cli *cli = given->cli;
    enum cli_left left;
    uint64_t there = 0;
    int code = cli_watch(cli, cli_key(cli, "list:%s", part->name), CLI_END);
    if (code == CLI_OK)
        code = cli_hash_length(cli, cli_key(cli, "list:%s", part->name), &there);
    if (code != CLI_OK || there > 0)
        return code;
    cli_begin(cli);
    cli_change_words(cli, "HDEL", cli_key(cli, "list:%s:parts", given->list), part->name);
    cli_change_words(cli, "HDEL", cli_key(cli, "lists"), part->name);
    struct cli_argv entry = {0};
    cli_change_entry(cli, &entry, "drop", part->name);
    cli_change(cli, &entry);
    cli_argv_free(&entry);
    redisReply *replies = cli_commit(cli, &left);
    if (!replies && left != CLI_LEFT_FOILED)
        return CLI_REDIS;
    if (replies)
        cli_outcome_id(outcome, replies);
    freeReplyObject(replies);
    return CLI_OK;
}

int cli_given_tidy(struct cli_given *given, struct cli_outcome *outcome)
{
    int code = CLI_OK;
    for (size_t i = 1; i < given->n && code == CLI_OK; i++)
        if (given->part[i]->left)
            code = tidy_part(given, given->part[i], outcome);
    return code;
}
