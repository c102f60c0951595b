/* given.c - rules to parts. See given.h. */
#include "cli/lists/given.h"

#include "cli/output.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define NAME_MAX_GIVEN 39 /* octets of a list's name, so that ".cname-0123456789.client" fits */
#define OWNERS_MAX     1000000
#define WAITING_MAX    (8 * CLI_BATCH)
#define NO_PART        UINT16_MAX
#define NO_RULE        (UINT16_MAX - 1) /* a refused owner: its further records are no rule */

/* Triggers that a list can have together. Within a group an indicator is compared with one part of
 * the query only, such as an address with addresses of the answer. A name is the exception:
 * question and aliases are one group, as in RPZ. */
static const struct {
    const char *suffix, *trigger[2];
    unsigned bits;
} groups[] = {
    {"", {NULL, NULL}, 0},
    {".ns", {"nsdname", "nsip"}, SW_TRIGGERS_SERVER},
    {".client", {"client", NULL}, SW_TRIGGER_BIT(SW_TRIGGER_CLIENT)},
};

unsigned cli_given_group(unsigned triggers)
{
    unsigned group = sizeof(groups) / sizeof(groups[0]) - 1;
    while (group > 0 && !(groups[group].bits & triggers))
        group--;
    return group;
}

/* ---- parts ---- */

static const char *refuse(struct cli_given *given, const char *why)
{
    snprintf(given->why, sizeof(given->why), "%s", why);
    given->refused = true;
    return given->why;
}

static struct cli_given_part *add_part(struct cli_given *given, const char *name, unsigned group,
                                       json_t *members)
{
    struct cli_given_part *part = cli_alloc(1, sizeof(*part));
    snprintf(part->name, sizeof(part->name), "%s", name);
    part->group = group;
    part->members = members;
    part->data = json_is_array(json_object_get(members, "records"));
    given->part = cli_grow(given->part, given->n + 1, sizeof(*given->part));
    given->part[given->n] = part;
    json_object_set_new(given->by_name, name, json_integer((json_int_t)given->n++));
    return part;
}

static struct cli_given_part *find(const struct cli_given *given, const json_t *index,
                                   const char *key)
{
    const json_t *at = json_object_get(index, key);
    return at ? given->part[json_integer_value(at)] : NULL;
}

char *cli_given_join(const json_t *records)
{
    size_t n = json_array_size(records), len = 0;
    const char **texts = cli_alloc(n + 1, sizeof(*texts));
    char *all = NULL;
    FILE *out = open_memstream(&all, &len);
    if (!out)
        abort();
    for (size_t i = 0; i < n; i++) { /* a short list: sorted as it grows */
        const char *text = json_string_value(json_array_get(records, i));
        size_t at = i;
        for (; at > 0 && strcmp(texts[at - 1], text) > 0; at--)
            texts[at] = texts[at - 1];
        texts[at] = text;
    }
    for (size_t i = 0; i < n; i++)
        if (i == 0 || strcmp(texts[i], texts[i - 1]) != 0)
            fprintf(out, "%s%s", i ? "\n" : "", texts[i]);
    if (fclose(out) != 0)
        abort();
    free(texts);
    return all;
}

static json_t *lines(const char *text)
{
    json_t *all = json_array();
    while (*text) {
        size_t len = strcspn(text, "\n");
        json_array_append_new(all, json_stringn(text, len));
        text += len + (text[len] != '\0');
    }
    return all;
}

/* The members of a part's policy. */
static json_t *members_of(unsigned group, enum sw_action action, const char *record)
{
    json_t *all = json_object();
    if (action == SW_ACTION_PASSTHRU)
        cli_json_set(all, "kind", "allow");
    else
        cli_json_set(all, "action", sw_action_name(action));
    if (record[0] && action == SW_ACTION_CNAME)
        cli_json_set(all, "cname", record);
    else if (record[0])
        json_object_set_new(all, "records", lines(record));
    if (groups[group].bits) {
        json_t *triggers = json_array();
        for (size_t i = 0; i < 2 && groups[group].trigger[i]; i++)
            json_array_append_new(triggers, json_string(groups[group].trigger[i]));
        json_object_set_new(all, "triggers", triggers);
    }
    return all;
}

/* LIST.drop, LIST.cname-0123456789.client: the same for the same rule in each import. */
static void name_part(const struct cli_given *given, unsigned group, enum sw_action action,
                      const char *record, char name[SW_LISTNAME_MAX])
{
    const char *word = sw_action_name(action), *suffix = groups[group].suffix;
    if (record[0])
        snprintf(name, SW_LISTNAME_MAX, "%.*s.%s-%010" PRIx64 "%s", NAME_MAX_GIVEN, given->list,
                 action == SW_ACTION_CNAME ? word : "data",
                 (uint64_t)XXH3_64bits(record, strlen(record)) >> 24, suffix);
    else
        snprintf(name, SW_LISTNAME_MAX, "%.*s.%s%s", NAME_MAX_GIVEN, given->list, word, suffix);
}

/* Whether a part of this name and policy can be: NULL, or the reason why not. */
static const char *judge(struct cli_given *given, const char *name, const json_t *members)
{
    char why[SW_WHY_MAX];
    if (given->n > CLI_PARTS_MAX)
        return refuse(given, "more than 500 different answers in a zone");
    if (json_object_get(given->lists, name) && !json_object_get(given->before, name)) {
        snprintf(why, sizeof(why), "there is a list %s, which is no part of %s", name, given->list);
        return refuse(given, why);
    }
    if (json_object_get(given->by_name, name))
        return refuse(given, "two answers whose lists would have one name");
    char *text = cli_part_policy(name, given->head_policy, members, why);
    const char *no = text ? NULL : refuse(given, why);
    free(text);
    return no;
}

/* Whether the head has the rules of an action. */
static bool is_for_head(const struct cli_given *given, unsigned group, enum sw_action action,
                        const char *record)
{
    return group == 0 && action == given->head->action && !record[0] &&
           action != SW_ACTION_PASSTHRU && given->head->triggers == SW_TRIGGERS_DEFAULT;
}

static char *key_of(unsigned group, enum sw_action action, const char *record)
{
    char *key = NULL;
    if (asprintf(&key, "%u %d %s", group, (int)action, record) < 0)
        abort();
    return key;
}

struct cli_given_part *cli_given_find(struct cli_given *given, unsigned group,
                                      enum sw_action action, const char *record)
{
    if (is_for_head(given, group, action, record))
        return given->part[0];
    struct cli_given_part *part = record[0] ? NULL : given->plain[group][action];
    if (part)
        return part;
    char *key = key_of(group, action, record);
    part = find(given, given->by_key, key);
    if (part && !record[0])
        given->plain[group][action] = part;
    free(key);
    return part;
}

struct cli_given_part *cli_given_part(struct cli_given *given, unsigned group,
                                      enum sw_action action, const char *record)
{
    char name[SW_LISTNAME_MAX];
    struct cli_given_part *part = cli_given_find(given, group, action, record);
    if (part)
        return part;
    json_t *members = members_of(group, action, record);
    name_part(given, group, action, record, name);
    if (judge(given, name, members)) {
        json_decref(members);
        return NULL;
    }
    char *key = key_of(group, action, record);
    part = add_part(given, name, group, members);
    json_object_set_new(given->by_key, key, json_integer((json_int_t)given->n - 1));
    free(key);
    return part;
}

struct cli_given_part *cli_given_overridden(struct cli_given *given, const struct sw_entry *entry)
{
    return cli_given_part(given, cli_given_group(entry->triggers), given->head->action, "");
}

/* The rule of a part, by its members: as cli_given_part() takes it. */
static char *key_of_members(const json_t *members)
{
    enum sw_action action = SW_ACTION_PASSTHRU;
    unsigned bits = 0;
    size_t i;
    const json_t *one;
    json_array_foreach(json_object_get(members, "triggers"), i, one)
    {
        enum sw_trigger trigger;
        if (json_is_string(one) && sw_trigger_parse(json_string_value(one), &trigger) == SW_OK)
            bits |= SW_TRIGGER_BIT(trigger);
    }
    (void)sw_action_parse(cli_json_text(members, "action"), &action);
    const char *cname = cli_json_text(members, "cname");
    char *record = cname[0] ? cli_copy(cname) : cli_given_join(json_object_get(members, "records"));
    char *key = key_of(cli_given_group(bits), action, record);
    free(record);
    return key;
}

void cli_given_adopt(struct cli_given *given)
{
    const char *name;
    json_t *members;
    json_object_foreach(given->before, name, members)
    {
        if (json_object_get(given->by_name, name))
            continue;
        char *key = key_of_members(members);
        add_part(given, name, (unsigned)(key[0] - '0'), json_incref(members));
        json_object_set_new(given->by_key, key, json_integer((json_int_t)given->n - 1));
        free(key);
    }
}

/* ---- writing aside ---- */

static void flush_part(struct cli_given *given, struct cli_given_part *part)
{
    if (part->n > 0 && given->code == CLI_OK && !part->staging.cli)
        given->code = cli_staging_begin(&part->staging, given->cli, part->name);
    if (part->n > 0 && given->code == CLI_OK)
        given->code = cli_staging_put(&part->staging, part->texts, part->facts, part->n);
    given->waiting -= part->n;
    for (size_t i = 0; i < part->n; i++) {
        free(part->texts[i]);
        free(part->facts[i]);
    }
    part->n = 0;
}

static void put(struct cli_given *given, struct cli_given_part *part, const char *text,
                const char *facts)
{
    part->texts[part->n] = cli_copy(text);
    part->facts[part->n++] = cli_copy(facts);
    given->waiting++;
    if (part->n == CLI_BATCH)
        flush_part(given, part);
    for (size_t i = 0; given->waiting > WAITING_MAX && i < given->n; i++)
        flush_part(given, given->part[i]);
}

/* Take a rule back that was put into a part. */
static void withdraw(struct cli_given *given, struct cli_given_part *part, const char *text)
{
    flush_part(given, part);
    if (given->code != CLI_OK)
        return;
    redisReply *reply = cli_ask(given->cli, "HDEL", part->staging.key, text, CLI_END);
    if (reply)
        part->staging.n -= (uint64_t)reply->integer;
    else
        given->code = CLI_REDIS;
    freeReplyObject(reply);
}

/* ---- owners of local data ---- */

static void grow_owners(struct cli_given *given)
{
    size_t former = given->owners.room, room = former ? 2 * former : 1024;
    uint64_t *digest = cli_alloc(room, sizeof(*digest));
    uint16_t *part = cli_alloc(room, sizeof(*part));
    for (size_t i = 0; i < former; i++) {
        if (!given->owners.digest[i])
            continue;
        size_t at = given->owners.digest[i] & (room - 1);
        while (digest[at])
            at = (at + 1) & (room - 1);
        digest[at] = given->owners.digest[i];
        part[at] = given->owners.part[i];
    }
    free(given->owners.digest);
    free(given->owners.part);
    given->owners.digest = digest;
    given->owners.part = part;
    given->owners.room = room;
}

/* The place for the part of an owner; NO_PART stands there for a new owner. NULL: no room. */
static uint16_t *owner_of(struct cli_given *given, const char *text, unsigned group)
{
    uint64_t digest = XXH3_64bits_withSeed(text, strlen(text), group + 1);
    digest = digest ? digest : 1;
    if (2 * given->owners.n >= given->owners.room)
        grow_owners(given);
    size_t mask = given->owners.room - 1, at = digest & mask;
    while (given->owners.digest[at] && given->owners.digest[at] != digest)
        at = (at + 1) & mask;
    if (given->owners.digest[at])
        return &given->owners.part[at];
    if (given->owners.n == OWNERS_MAX)
        return NULL;
    given->owners.n++;
    given->owners.digest[at] = digest;
    given->owners.part[at] = NO_PART;
    return &given->owners.part[at];
}

/* Give an owner with all its records so far to a part. A refused owner leaves its former part. */
static void place_owner(struct cli_given *given, uint16_t *at)
{
    struct cli_given_part *former = *at < NO_RULE ? given->part[*at] : NULL, *part = NULL;
    if (former)
        json_array_extend(given->pending.records, json_object_get(former->members, "records"));
    char *records = cli_given_join(given->pending.records);
    if (*at == NO_RULE)
        refuse(given, "other records of this owner are refused");
    else
        part = cli_given_part(given, given->pending.group, SW_ACTION_SINKHOLE, records);
    free(records);
    if (!part)
        given->refuse(given->arg, given->pending.place, given->pending.text, given->why);
    if (former && former != part)
        withdraw(given, former, given->pending.text);
    *at = NO_RULE;
    if (!part)
        return;
    *at = (uint16_t)json_integer_value(json_object_get(given->by_name, part->name));
    if (former != part)
        put(given, part, given->pending.text, given->pending.facts);
}

/* The owner that was read is complete, for now. */
static void end_owner(struct cli_given *given)
{
    if (!given->pending.text)
        return;
    uint16_t *at = owner_of(given, given->pending.text, given->pending.group);
    if (at)
        place_owner(given, at);
    else
        given->refuse(given->arg, given->pending.place, given->pending.text,
                      refuse(given, "more than a million owners of local data"));
    free(given->pending.text);
    free(given->pending.facts);
    json_decref(given->pending.records);
    given->pending.text = given->pending.facts = NULL;
    given->pending.records = NULL;
}

/* Keep a record once; of more than a policy can have, one: the owner is refused for this one. */
static void keep_record(json_t *records, const char *text)
{
    size_t i;
    const json_t *one;
    json_array_foreach(records, i, one)
    {
        if (strcmp(json_string_value(one), text) == 0)
            return;
    }
    if (json_array_size(records) <= SW_RECORDS_COUNT)
        json_array_append_new(records, json_string(text));
}

/* A record of local data. */
static void take_record(struct cli_given *given, const struct sw_entry *entry, const char *text,
                        const char *facts, bool *more)
{
    unsigned group = cli_given_group(entry->triggers);
    *more = given->pending.text && given->pending.group == group &&
            strcmp(given->pending.text, text) == 0;
    if (!*more) {
        end_owner(given);
        given->pending.text = cli_copy(text);
        given->pending.facts = cli_copy(facts);
        given->pending.group = group;
        given->pending.place = entry->place;
        given->pending.records = json_array();
    }
    keep_record(given->pending.records, entry->rule);
}

const char *cli_given_take(struct cli_given *given, const struct sw_entry *entry, const char *text,
                           const char *facts, bool *more)
{
    struct cli_given_part *part = given->part[0];
    enum sw_action action = entry->meant == SW_MEANT_EXCEPTION ? SW_ACTION_PASSTHRU : entry->action;
    *more = false;
    if (given->override) {
        part = cli_given_overridden(given, entry);
        if (part)
            put(given, part, text, facts);
        return part ? NULL : given->why;
    }
    if (action == SW_ACTION_SINKHOLE && entry->meant == SW_MEANT_ACTION && entry->rule[0]) {
        take_record(given, entry, text, facts, more);
        return NULL;
    }
    end_owner(given);
    if (entry->meant != SW_MEANT_LISTED)
        part = cli_given_part(given, cli_given_group(entry->triggers), action, entry->rule);
    if (!part)
        return given->why;
    put(given, part, text, facts);
    return NULL;
}

int cli_given_flush(struct cli_given *given)
{
    end_owner(given);
    given->staged = 0;
    for (size_t i = 0; i < given->n; i++)
        flush_part(given, given->part[i]);
    for (size_t i = 0; i < given->n; i++) {
        if (cli_staging_settle(&given->part[i]->staging) != CLI_OK)
            given->code = CLI_REDIS;
        given->staged += given->part[i]->staging.n;
    }
    return given->code;
}

/* ---- begin and end ---- */

int cli_given_begin(struct cli_given *given)
{
    struct cli *cli = given->cli;
    given->by_key = json_object();
    given->by_name = json_object();
    if (given->head->kind != SW_KIND_IOC || strlen(given->list) > NAME_MAX_GIVEN) {
        cli_error("--given needs a list of kind ioc, with a name of at most %d characters",
                  NAME_MAX_GIVEN);
        return CLI_NONE;
    }
    given->before = cli_parts(cli, given->list);
    given->former = given->before ? cli_parts_former(cli, given->list) : NULL;
    given->lists = given->former ? cli_lists(cli) : NULL;
    if (!given->lists || cli_read_policy(cli, given->list, &given->head_policy) != CLI_OK)
        return CLI_REDIS;
    if (!given->head_policy)
        given->head_policy = json_object();
    add_part(given, given->list, 0, NULL);
    return CLI_OK;
}

void cli_given_free(struct cli_given *given)
{
    for (size_t i = 0; i < given->n; i++) {
        struct cli_given_part *part = given->part[i];
        for (size_t j = 0; j < part->n; j++) {
            free(part->texts[j]);
            free(part->facts[j]);
        }
        cli_diff_free(&part->diff);
        json_decref(part->members);
        free(part);
    }
    free(given->part);
    free(given->pending.text);
    free(given->pending.facts);
    free(given->owners.digest);
    free(given->owners.part);
    json_decref(given->pending.records);
    json_decref(given->by_key);
    json_decref(given->by_name);
    json_decref(given->before);
    json_decref(given->former);
    json_decref(given->lists);
    json_decref(given->head_policy);
}
