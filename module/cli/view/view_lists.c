/* view_lists.c - the lists that have a subject, and the judgement by the resolver's code (views.h).
 *
 * A list can have a million indicators. So the few texts that can cover a subject are looked up:
 * the names above a name in each form, the prefixes around an address, the AS, the holder. The
 * indicators that are there make a small index, which the code of `check` judges. */
#include "base/clock.h"
#include "base/expires.h"
#include "base/rcu.h"
#include "cli/show/judging.h"
#include "cli/show/ownership.h"
#include "cli/view/views.h"
#include "index/index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT_ONCE 64 /* lists in a pipeline */
#define PIECES  4  /* that the names of many rows are looked up in */

/* ---- lists ---- */

int view_lists_read(struct cli *cli, struct view_lists *lists)
{
    redisReply *reply = cli_ask(cli, "HGETALL", cli_key(cli, "lists"), CLI_END);
    char why[SW_WHY_MAX];
    *lists = (struct view_lists){.n = 0};
    if (!reply)
        return CLI_REDIS;
    lists->list = cli_alloc(reply->elements / 2 + 1, sizeof(*lists->list));
    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
        struct view_list *list = &lists->list[lists->n];
        const redisReply *name = reply->element[i], *policy = reply->element[i + 1];
        if (sw_policy_parse(name->str, policy->str, policy->len, &list->policy, why) != SW_OK)
            continue;
        list->name = cli_copy(name->str);
        lists->n++;
    }
    freeReplyObject(reply);
    return CLI_OK;
}

void view_lists_free(struct view_lists *lists)
{
    for (size_t i = 0; i < lists->n; i++)
        free(lists->list[i].name);
    free(lists->list);
    *lists = (struct view_lists){.n = 0};
}

/* ---- texts ---- */

static void add(struct view_words *words, size_t of, const char *text)
{
    if (words->n == words->room) {
        words->room = words->room ? 2 * words->room : 64;
        words->text = cli_grow(words->text, words->room, sizeof(*words->text));
        words->of = cli_grow(words->of, words->room, sizeof(*words->of));
    }
    words->text[words->n] = cli_copy(text);
    words->of[words->n++] = of;
}

void view_words_other(struct view_words *words, size_t of, const struct sw_indicator *what)
{
    char text[SW_INDICATORTEXT_MAX];
    add(words, of, sw_indicator_text(what, text));
}

/* The name in each form, and each name above with and without the star. */
void view_words_name(struct view_words *words, size_t of, const struct sw_name *name)
{
    struct sw_indicator what = {.type = SW_INDICATOR_DOMAIN, .name = *name};
    const uint8_t *wire = name->wire;
    what.form = SW_FORM_EXACT;
    view_words_other(words, of, &what);
    for (size_t at = 0; wire[at] != 0; at += wire[at] + 1u) {
        what.name.len = (uint8_t)(name->len - at);
        memmove(what.name.wire, wire + at, what.name.len);
        what.form = SW_FORM_SUBTREE;
        view_words_other(words, of, &what);
        what.form = SW_FORM_BELOW;
        if (at > 0)
            view_words_other(words, of, &what);
    }
}

static void add_holder(struct view_words *words, size_t of, const char *kind, const char *value)
{
    struct sw_indicator holder;
    if (value[0] && sw_indicator_holder(kind, value, &holder) == SW_OK)
        view_words_other(words, of, &holder);
}

static void add_prefixes(struct view_words *words, size_t of, const struct sw_addr *addr)
{
    for (unsigned plen = 0; plen <= addr->plen; plen++) {
        struct sw_indicator what = {.type = SW_INDICATOR_PREFIX, .addr = *addr};
        sw_addr_mask(&what.addr, plen);
        view_words_other(words, of, &what);
    }
}

void view_words_address(struct view_words *words, size_t of, const struct sw_addr *addr,
                        const struct sw_owner *owner)
{
    struct sw_addr embedded;
    struct sw_indicator as = {.type = SW_INDICATOR_ASN, .asn = owner->asn};
    add_prefixes(words, of, addr);
    if (addr->family == 6 && sw_addr_embedded(addr, &embedded) == SW_OK)
        add_prefixes(words, of, &embedded);
    if (owner->asn)
        view_words_other(words, of, &as);
    add_holder(words, of, "registrant", owner->registrant[0] ? owner->registrant : owner->org);
    add_holder(words, of, "class", sw_class_name((enum sw_class)owner->class));
    add_holder(words, of, "country", owner->country);
}

void view_words_free(struct view_words *words)
{
    for (size_t i = 0; i < words->n; i++)
        free(words->text[i]);
    free(words->text);
    free(words->of);
    *words = (struct view_words){.n = 0};
}

/* ---- look-ups ---- */

static bool queue(struct cli *cli, const struct view_list *list, const struct view_words *words)
{
    struct cli_argv argv = {0};
    cli_argv_add(&argv, "HMGET");
    cli_argv_add(&argv, cli_key(cli, "list:%s", list->name));
    for (size_t i = 0; i < words->n; i++)
        cli_argv_add(&argv, words->text[i]);
    bool queued = cli_queue_argv(cli, &argv);
    cli_argv_free(&argv);
    return queued;
}

/* The reply of a list is always read: with one left, the next command would get a wrong reply. */
static int take(struct cli *cli, struct view_list *list, const struct view_words *words,
                view_found_fn found, void *arg)
{
    redisReply *reply = cli_reply(cli, "[?s]");
    if (!reply) {
        list->broken = true;
        return sw_redis_is_open(cli->redis) ? CLI_OK : CLI_REDIS;
    }
    if (reply->elements != words->n)
        return cli_redis_failed(cli, reply);
    for (size_t i = 0; i < words->n; i++)
        if (reply->element[i]->type == REDIS_REPLY_STRING)
            found(arg, list, words->text[i], words->of[i], reply->element[i]->str);
    freeReplyObject(reply);
    return CLI_OK;
}

int view_lists_find(struct cli *cli, struct view_lists *lists, const struct view_words *words,
                    view_found_fn found, void *arg)
{
    for (size_t at = 0; at < lists->n && words->n > 0; at += AT_ONCE) {
        size_t end = at + AT_ONCE < lists->n ? at + AT_ONCE : lists->n;
        for (size_t i = at; i < end; i++)
            if (!queue(cli, &lists->list[i], words))
                return cli_redis_failed(cli, NULL);
        for (size_t i = at; i < end; i++)
            if (take(cli, &lists->list[i], words, found, arg) != CLI_OK)
                return CLI_REDIS;
    }
    return CLI_OK;
}

/* ---- the lists of some rows ---- */

struct naming {
    struct view_lists lists;
    struct view_words words;
    json_t **found; /* of each different name: the array that its rows share */
    size_t names;
};

/* view_found_fn: of is the number of the name */
static void add_list(void *arg, const struct view_list *list, const char *text, size_t of,
                     const char *facts)
{
    const struct naming *naming = arg;
    json_t *one = json_object();
    (void)facts;
    cli_json_set(one, "list", list->name);
    cli_json_set(one, "kind", sw_kind_name(list->policy.kind));
    cli_json_set(one, "indicator", text);
    json_array_append_new(naming->found[of], one);
}

static int find_names(struct cli *cli, struct naming *naming)
{
    int code = view_lists_find(cli, &naming->lists, &naming->words, add_list, naming);
    view_words_free(&naming->words);
    return code;
}

/* The array of a name's lists, of a new name to be found yet. */
static json_t *lists_of(struct naming *naming, json_t *by_name, const char *name)
{
    struct sw_indicator what;
    char why[SW_WHY_MAX];
    json_t *had = json_object_get(by_name, name);
    if (had)
        return had;
    had = naming->found[naming->names] = json_array();
    json_object_set_new(by_name, name, had);
    if (sw_indicator_parse(name, strlen(name), &what, why) == SW_OK &&
        what.type == SW_INDICATOR_DOMAIN)
        view_words_name(&naming->words, naming->names, &what.name);
    naming->names++;
    return had;
}

int view_lists_of_rows(struct cli *cli, const json_t *rows)
{
    struct naming naming = {.found = cli_alloc(json_array_size(rows) + 1, sizeof(json_t *))};
    json_t *by_name = json_object(), *row;
    size_t i, pieces = 0;
    int code = view_lists_read(cli, &naming.lists);
    size_t texts = VIEW_LISTED / PIECES / (naming.lists.n + 1) + 1;
    json_array_foreach(rows, i, row)
    {
        const char *name = cli_json_text(row, "name");
        json_t *lists =
            pieces < PIECES ? lists_of(&naming, by_name, name) : json_object_get(by_name, name);
        json_object_set_new(row, "lists", lists ? json_incref(lists) : json_null());
        if (code != CLI_OK || naming.words.n < texts)
            continue;
        code = find_names(cli, &naming);
        pieces++;
    }
    if (code == CLI_OK)
        code = find_names(cli, &naming);
    view_words_free(&naming.words);
    view_lists_free(&naming.lists);
    json_decref(by_name);
    free(naming.found);
    return code;
}

/* ---- the judgement ---- */

struct judging {
    struct sw_index *index;
    json_t *lists, *unknown; /* for people */
};

/* A row about an indicator on a list, with the facts. expired: it has no effect any more. */
static void note(json_t *lists, const struct view_list *list, const char *text, const char *facts,
                 bool expired)
{
    json_t *one = json_object();
    json_t *parsed = json_loads(facts, 0, NULL);
    cli_json_set(one, "list", list->name);
    cli_json_set(one, "kind", sw_kind_name(list->policy.kind));
    cli_json_set(one, "action", sw_action_name(list->policy.action));
    cli_json_set(one, "indicator", text);
    cli_json_set(one, "note", list->policy.note);
    json_object_set_new(one, "expired", json_boolean(expired));
    if (json_is_object(parsed))
        json_object_set(one, "facts", parsed);
    json_decref(parsed);
    json_array_append_new(lists, one);
}

static bool is_expired(const char *facts, uint32_t *until)
{
    *until = 0;
    sw_facts_expires(facts, strlen(facts), until);
    return *until != 0 && (int64_t)*until * 1000000 <= sw_clock_wall_us();
}

static void put(void *arg, const struct view_list *list, const char *text, size_t of,
                const char *facts)
{
    struct judging *judging = arg;
    struct sw_indicator what;
    char why[SW_WHY_MAX];
    uint32_t until;
    sw_list_id id;
    (void)of;
    bool expired = is_expired(facts, &until);
    note(judging->lists, list, text, facts, expired);
    if (!expired && sw_indicator_parse(text, strlen(text), &what, why) == SW_OK &&
        sw_index_list_find(judging->index, list->name, &id) == SW_OK)
        sw_index_add_until(judging->index, id, &what, until);
}

static void find_words(struct cli *cli, const struct sw_indicator *what, struct view_words *words)
{
    struct sw_owner owner;
    bool is_address = what->type == SW_INDICATOR_PREFIX;
    if (is_address) {
        view_owner_now(cli, &what->addr, &owner);
        view_words_address(words, 0, &what->addr, &owner);
    } else if (what->type == SW_INDICATOR_DOMAIN) {
        view_words_name(words, 0, &what->name);
    } else {
        view_words_other(words, 0, what);
    }
}

static void note_broken(const struct view_lists *lists, json_t *problems)
{
    for (size_t i = 0; i < lists->n; i++)
        if (lists->list[i].broken)
            view_unknown(problems, "The list %s cannot be read, and counts for nothing here.",
                         lists->list[i].name);
}

static int fill(struct cli *cli, const struct sw_indicator *what, struct judging *judging)
{
    struct view_lists lists;
    struct view_words words = {.n = 0};
    sw_list_id id;
    int code = view_lists_read(cli, &lists);
    for (size_t i = 0; i < lists.n; i++)
        if (sw_index_list_set(judging->index, &lists.list[i].policy, &id) != SW_OK)
            cli_error("list '%s': no room to judge it", lists.list[i].name);
    find_words(cli, what, &words);
    if (code == CLI_OK)
        code = view_lists_find(cli, &lists, &words, put, judging);
    note_broken(&lists, judging->unknown);
    view_words_free(&words);
    view_lists_free(&lists);
    return code;
}

/* Whether `check` judges such a subject: no prefix of several addresses. */
static bool is_judged(const struct sw_indicator *what)
{
    return what->type != SW_INDICATOR_PREFIX || what->addr.plen == sw_addr_bits(&what->addr);
}

json_t *view_check(struct cli *cli, const struct sw_indicator *what)
{
    struct judging judging = {
        .index = sw_index_new(), .lists = json_array(), .unknown = json_array()};
    struct sw_flow flow = {
        .settings = &cli->settings, .index = judging.index, .owners = cli_owners(cli)};
    char text[SW_INDICATORTEXT_MAX];
    json_t *out = NULL;
    if (!judging.index)
        abort();
    if (fill(cli, what, &judging) == CLI_OK) {
        out = json_object();
        sw_rcu_enter();
        json_object_set_new(out, "check",
                            is_judged(what) ? cli_check_json(&flow, sw_indicator_text(what, text))
                                            : json_null());
        sw_rcu_leave();
        json_object_set(out, "lists", judging.lists);
        json_object_set(out, "unknown", judging.unknown);
    }
    json_decref(judging.unknown);
    json_decref(judging.lists);
    sw_index_free(judging.index);
    return out;
}

/* ---- an indicator itself (D-238) ---- */

/* view_found_fn */
static void put_same(void *arg, const struct view_list *list, const char *text, size_t of,
                     const char *facts)
{
    uint32_t until;
    (void)of;
    note(arg, list, text, facts, is_expired(facts, &until));
}

json_t *view_indicator(struct cli *cli, const struct sw_indicator *what)
{
    struct view_lists lists;
    struct view_words words = {.n = 0};
    char text[SW_INDICATORTEXT_MAX];
    json_t *out = json_object(), *same = json_array(), *unknown = json_array();
    int code = view_lists_read(cli, &lists);
    view_words_other(&words, 0, what);
    if (code == CLI_OK)
        code = view_lists_find(cli, &lists, &words, put_same, same);
    note_broken(&lists, unknown);
    cli_json_set(out, "indicator", sw_indicator_text(what, text));
    json_object_set_new(out, "lists", same);
    json_object_set_new(out, "unknown", unknown);
    view_words_free(&words);
    view_lists_free(&lists);
    if (code == CLI_OK)
        return out;
    json_decref(out);
    return NULL;
}
