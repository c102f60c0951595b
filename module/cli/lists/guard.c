/* guard.c - see guard.h. */
#include "cli/lists/guard.h"

#include "base/clock.h"
#include "cli/lists/listparts.h"
#include "cli/output.h"
#include "owner/topnames.h"
#include "redis/reply.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

/* ---- sets ---- */

static uint64_t digest(const uint8_t *wire)
{
    uint64_t value = XXH3_64bits(wire, sw_name_size(wire, SW_NAME_MAX));
    return value ? value : 1;
}

static void insert(struct cli_digests *set, uint64_t value)
{
    size_t at = value & (set->room - 1);
    while (set->slot[at] && set->slot[at] != value)
        at = (at + 1) & (set->room - 1);
    set->n += set->slot[at] == 0;
    set->slot[at] = value;
}

static void add(struct cli_digests *set, uint64_t value)
{
    if (2 * set->n >= set->room) {
        struct cli_digests larger = {.room = set->room ? 2 * set->room : 1024};
        larger.slot = cli_alloc(larger.room, sizeof(*larger.slot));
        for (size_t i = 0; i < set->room; i++)
            if (set->slot[i])
                insert(&larger, set->slot[i]);
        free(set->slot);
        *set = larger;
    }
    insert(set, value);
}

static bool has(const struct cli_digests *set, uint64_t value)
{
    if (set->room == 0)
        return false;
    size_t at = value & (set->room - 1);
    while (set->slot[at] && set->slot[at] != value)
        at = (at + 1) & (set->room - 1);
    return set->slot[at] != 0;
}

/* A name, and the names above it with two labels or more. */
static void add_name(struct cli_guard *guard, const struct sw_name *name)
{
    unsigned labels = sw_name_labels(name->wire);
    add(&guard->names, digest(name->wire));
    for (unsigned n = 2; n < labels; n++)
        add(&guard->above, digest(sw_name_suffix(name->wire, n)));
}

void cli_guard_free(struct cli_guard *guard)
{
    free(guard->names.slot);
    free(guard->above.slot);
}

bool cli_guarded(const struct cli_guard *guard, const struct sw_indicator *indicator)
{
    if (indicator->type != SW_INDICATOR_DOMAIN)
        return false;
    uint64_t value = digest(indicator->name.wire);
    return (indicator->form != SW_FORM_BELOW && has(&guard->names, value)) ||
           (indicator->form != SW_FORM_EXACT && has(&guard->above, value));
}

/* ---- sources ---- */

static void add_text(struct cli_guard *guard, const char *text, size_t len)
{
    struct sw_indicator indicator;
    char why[SW_WHY_MAX];
    if (sw_indicator_parse(text, len, &indicator, why) == SW_OK &&
        indicator.type == SW_INDICATOR_DOMAIN)
        add_name(guard, &indicator.name);
}

/* Whether this user may read a list. A feed that is confined to a single list may not: then an
 * import says that the names of the other list are not compared, and goes on. */
static bool may_read(struct cli *cli, const char *list)
{
    redisReply *reply = sw_redis_command(cli->redis, "HLEN %s", cli_key(cli, "list:%s", list));
    bool denied = reply && sw_reply_has_code(reply, "NOPERM");
    freeReplyObject(reply);
    if (denied)
        cli_hint("names of list %s are not guarded: this user may not read the list",
                 cli_clean_text(list));
    return !denied;
}

/* cli_fields_fn */
static int add_fields(void *arg, const redisReply *fields)
{
    struct cli_guard *guard = arg;
    for (size_t i = 0; i + 1 < fields->elements; i += 2)
        add_text(guard, fields->element[i]->str, fields->element[i]->len);
    guard->cut = guard->end_us && sw_clock_mono_us() >= guard->end_us;
    return guard->cut ? CLI_PARTLY : CLI_OK;
}

/* The exceptions of a feed, in a part of its list, are not the operator's own names. */
static int add_list(struct cli_guard *guard, struct cli *cli, const char *list)
{
    char *head = NULL;
    int code = cli_part_of(cli, list, &head);
    free(head);
    if (code != CLI_OK || head)
        return code;
    return may_read(cli, list) ? cli_scan(cli, cli_key(cli, "list:%s", list), add_fields, guard)
                               : CLI_OK;
}

int cli_guard_own(struct cli_guard *guard, struct cli *cli)
{
    redisReply *all = cli_ask(cli, "HGETALL", cli_key(cli, "lists"), CLI_END);
    int code = all ? CLI_OK : CLI_REDIS;
    for (size_t i = 0; all && i + 1 < all->elements && code == CLI_OK; i += 2) {
        const redisReply *name = all->element[i], *text = all->element[i + 1];
        struct sw_policy policy;
        char why[SW_WHY_MAX];
        if (sw_policy_parse(name->str, text->str, text->len, &policy, why) == SW_OK &&
            (policy.kind == SW_KIND_ALLOW || policy.kind == SW_KIND_WATCH))
            code = add_list(guard, cli, name->str);
    }
    freeReplyObject(all);
    return code == CLI_PARTLY ? CLI_OK : code;
}

/* A reading of a top file. */
struct top {
    struct cli_guard *guard;
    size_t problems;
};

static bool take_top(void *arg, const struct sw_name *name, uint32_t rank)
{
    struct top *top = arg;
    (void)rank;
    add_name(top->guard, name);
    return true;
}

static void say_problem(void *arg, const char *message)
{
    struct top *top = arg;
    if (top->problems++ < SW_TOPNAMES_TOLD)
        cli_hint("%s; the line is passed over", message);
}

int cli_guard_top(struct cli_guard *guard, const char *path, FILE *open, uint64_t names)
{
    struct top top = {.guard = guard};
    const struct sw_topfile_calls calls = {take_top, say_problem, &top};
    FILE *in = open ? open : fopen(path, "re");
    if (!in) {
        cli_error("%s: %s", cli_clean_text(path), strerror(errno));
        return CLI_INPUT;
    }
    int code = sw_topfile_read(in, path, names, &calls) == SW_OK ? CLI_OK : CLI_INPUT;
    if (code != CLI_OK)
        cli_error("%s: %s", cli_clean_text(path), strerror(errno));
    else if (top.problems > SW_TOPNAMES_TOLD)
        cli_hint("%s: %s passed over", cli_clean_text(path),
                 cli_count(top.problems, "line is", "lines are"));
    if (!open)
        fclose(in);
    return code;
}
