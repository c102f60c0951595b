/* view_find.c - names that contain a text. See views.h.
 *
 * Neither lists nor the history have an order by parts of names. So a look goes through the
 * indicators of each list, by the names of the lists, and then through the names on the tracked
 * addresses, seen last first. Redis compares the texts. A look ends after LOOK_US, or with
 * VIEW_PAGE names; the next one goes on from there. */
#include "base/clock.h"
#include "cli/view/views.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS    "2000" /* that Redis looks at for a reply */
#define ADDRESSES 100    /* in a pipeline */
#define LOOK_US   75000

static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789.-_";

bool view_finding_parse(const char *part, const char *from, struct view_finding *out)
{
    size_t len = strlen(part), name;
    *out = (struct view_finding){.cursor = "0"};
    for (size_t i = 0; i < len && i + 1 < sizeof(out->part); i++)
        out->part[i] = (char)(part[i] >= 'A' && part[i] <= 'Z' ? part[i] + 32 : part[i]);
    if (len < 2 || len >= sizeof(out->part) || strspn(out->part, letters) != len)
        return false;
    if (!from[0])
        return true;
    out->is_history = from[0] == 'h';
    name = out->is_history ? 0 : strcspn(from, ":");
    if ((from[0] != 'h' && from[0] != 'l') || (!out->is_history && from[name] != ':'))
        return false;
    size_t digits = strspn(from + name + 1, "0123456789");
    if (digits == 0 || digits >= sizeof(out->cursor) || (out->is_history && digits > 9) ||
        from[name + 1 + digits] != '\0' || name > sizeof(out->list))
        return false;
    memcpy(out->cursor, from + name + 1, digits + 1);
    if (!out->is_history)
        snprintf(out->list, sizeof(out->list), "%.*s", (int)name - 1, from + 1);
    return true;
}

/* ---- what is found ---- */

struct look {
    struct cli *cli;
    const struct view_finding *finding;
    char pattern[SW_NAMETEXT_MAX + 3];
    int64_t end_us;
    json_t *names, *next;
    unsigned partly; /* addresses with names that were not looked at */
};

static bool is_over(const struct look *look)
{
    return json_array_size(look->names) >= VIEW_PAGE || sw_clock_mono_us() >= look->end_us;
}

/* A name with the list that has it, or the address where it was seen. */
static void add_name(const struct look *look, const char *text, const char *list,
                     const char *address)
{
    struct sw_indicator what;
    char why[SW_WHY_MAX], name[SW_NAMETEXT_MAX];
    if (sw_indicator_parse(text, strlen(text), &what, why) != SW_OK ||
        what.type != SW_INDICATOR_DOMAIN)
        return;
    json_t *one = json_object();
    cli_json_set(one, "name", sw_name_text(what.name.wire, name));
    cli_json_set(one, "indicator", list ? text : "");
    cli_json_set(one, "list", list ? list : "");
    cli_json_set(one, "address", address ? address : "");
    json_array_append_new(look->names, one);
}

/* Copy the cursor of a reply of HSCAN. false: it is none. */
static bool take_cursor(const redisReply *reply, char cursor[CLI_CURSOR_MAX])
{
    if (reply->element[0]->len >= CLI_CURSOR_MAX)
        return false;
    memcpy(cursor, reply->element[0]->str, reply->element[0]->len + 1);
    return true;
}

/* The names in the hash of a list, or of an address, from a cursor on; "0" after the last one. */
static int find_in(struct look *look, const char *key, const char *list, const char *address,
                   char cursor[CLI_CURSOR_MAX])
{
    do {
        redisReply *reply = cli_ask(look->cli, "HSCAN", key, cursor, "MATCH", look->pattern,
                                    "COUNT", FIELDS, CLI_END);
        if (!reply)
            return sw_redis_is_open(look->cli->redis) ? CLI_OK : CLI_REDIS; /* another type */
        const redisReply *fields = reply->element[1];
        for (size_t i = 0; i + 1 < fields->elements; i += 2)
            add_name(look, fields->element[i]->str, list, address);
        if (!take_cursor(reply, cursor))
            return cli_redis_failed(look->cli, reply);
        freeReplyObject(reply);
    } while (strcmp(cursor, "0") != 0 && !is_over(look));
    return CLI_OK;
}

/* ---- lists ---- */

static int by_name(const void *a, const void *b)
{
    const struct view_list *x = a, *y = b;
    return strcmp(x->name, y->name);
}

/* The lists from the one of the question on. look->next is set if the look ended before the last
 * list's end. */
static int find_in_lists(struct look *look)
{
    struct view_lists lists;
    char cursor[CLI_CURSOR_MAX];
    int code = view_lists_read(look->cli, &lists);
    if (lists.n > 0)
        qsort(lists.list, lists.n, sizeof(*lists.list), by_name);
    for (size_t i = 0; i < lists.n && code == CLI_OK && !look->next; i++) {
        const char *name = lists.list[i].name;
        int order = strcmp(name, look->finding->list);
        if (order < 0)
            continue;
        snprintf(cursor, sizeof(cursor), "%s", order == 0 ? look->finding->cursor : "0");
        code = find_in(look, cli_key(look->cli, "list:%s", name), name, NULL, cursor);
        if (!is_over(look))
            continue;
        if (strcmp(cursor, "0") != 0)
            look->next = json_sprintf("l%s:%s", name, cursor);
        else if (i + 1 < lists.n)
            look->next = json_sprintf("l%s:0", lists.list[i + 1].name);
    }
    view_lists_free(&lists);
    return code;
}

/* ---- the history ---- */

/* The first names on some addresses, and where each look at an address ended. */
static int find_first(struct look *look, const redisReply *page, char (*cursor)[CLI_CURSOR_MAX])
{
    int code = CLI_OK;
    for (size_t i = 0; i + 1 < page->elements; i += 2)
        if (!cli_queue(look->cli, "HSCAN",
                       cli_key(look->cli, "seen:addr:%s", page->element[i]->str), "0", "MATCH",
                       look->pattern, "COUNT", FIELDS, CLI_END))
            return cli_redis_failed(look->cli, NULL);
    for (size_t i = 0; i + 1 < page->elements; i += 2) {
        redisReply *reply = cli_reply(look->cli, "(s[ss])");
        const redisReply *fields = reply ? reply->element[1] : NULL;
        if (!reply && !sw_redis_is_open(look->cli->redis))
            code = CLI_REDIS;
        for (size_t k = 0; fields && k + 1 < fields->elements; k += 2)
            add_name(look, fields->element[k]->str, NULL, page->element[i]->str);
        if (!reply || !take_cursor(reply, cursor[i / 2]))
            snprintf(cursor[i / 2], CLI_CURSOR_MAX, "0");
        freeReplyObject(reply);
    }
    return code;
}

/* Names on some addresses: the members of a reply, each followed by the score. An address with very
 * many names is looked at as long as there is time. */
static int find_at(struct look *look, const redisReply *page)
{
    char cursor[ADDRESSES][CLI_CURSOR_MAX];
    int code = find_first(look, page, cursor);
    for (size_t i = 0; code == CLI_OK && i < page->elements / 2 && i < ADDRESSES; i++) {
        const char *address = page->element[2 * i]->str;
        if (strcmp(cursor[i], "0") != 0 && !is_over(look))
            code = find_in(look, cli_key(look->cli, "seen:addr:%s", address), NULL, address,
                           cursor[i]);
        look->partly += strcmp(cursor[i], "0") != 0;
    }
    return code;
}

static int find_in_history(struct look *look)
{
    const struct view_finding *finding = look->finding;
    size_t at = finding->is_history ? strtoul(finding->cursor, NULL, 10) : 0;
    char from[CLI_CURSOR_MAX], to[CLI_CURSOR_MAX];
    int code = CLI_OK;
    bool more = true;
    while (code == CLI_OK && more && !is_over(look)) {
        snprintf(from, sizeof(from), "%zu", at);
        snprintf(to, sizeof(to), "%zu", at + ADDRESSES - 1);
        redisReply *reply = cli_ask(look->cli, "ZRANGE", cli_key(look->cli, "tracked"), from, to,
                                    "REV", "WITHSCORES", CLI_END);
        if (!reply)
            return CLI_REDIS;
        more = reply->elements == 2 * (size_t)ADDRESSES;
        at += ADDRESSES;
        code = find_at(look, reply);
        freeReplyObject(reply);
    }
    look->next = more ? json_sprintf("h%zu", at) : NULL;
    return code;
}

json_t *view_find(struct cli *cli, const struct view_finding *finding)
{
    struct look look = {.cli = cli, .finding = finding, .names = json_array()};
    json_t *out = NULL;
    snprintf(look.pattern, sizeof(look.pattern), "*%s*", finding->part);
    look.end_us = sw_clock_mono_us() + LOOK_US;
    int code = finding->is_history ? CLI_OK : find_in_lists(&look);
    if (code == CLI_OK && !look.next)
        code = find_in_history(&look);
    if (code == CLI_OK) {
        out = json_object();
        cli_json_set(out, "part", finding->part);
        json_object_set(out, "names", look.names);
        json_object_set(out, "next", look.next ? look.next : json_null());
        json_object_set_new(out, "partly", json_integer(look.partly));
    }
    json_decref(look.next);
    json_decref(look.names);
    return out;
}
