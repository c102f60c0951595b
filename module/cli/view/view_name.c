/* view_name.c - the card of a name, and the meanings of a searched text. See views.h. */
#include "cli/show/ownership.h"
#include "cli/show/pivot_range.h"
#include "cli/view/views.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOLDER "holder " /* begins the fields of holders */

/* ---- the history of a name ---- */

static void add_holder(struct cli *cli, json_t *facts)
{
    struct sw_owner owner;
    view_owner_of(facts, &owner);
    json_object_set_new(facts, "holder", view_holder(cli, &owner));
}

/* The fields of holders, as rows: key, owner, class, episodes. */
static json_t *split_holders(struct cli *cli, json_t *hash)
{
    json_t *out = json_array(), *facts;
    const char *field;
    void *next;
    json_object_foreach_safe(hash, next, field, facts)
    {
        if (strncmp(field, HOLDER, strlen(HOLDER)) != 0)
            continue;
        cli_json_set(facts, "key", field + strlen(HOLDER));
        add_holder(cli, facts);
        json_array_append(out, facts);
        json_object_del(hash, field);
    }
    return out;
}

/* Anomalies that the history keeps with addresses and holders, each text once. */
static void add_anomalies(json_t *all, const json_t *rows)
{
    const json_t *row, *text;
    size_t i, j;
    json_array_foreach(rows, i, row) json_array_foreach(json_object_get(row, "anomalies"), j, text)
    {
        bool had = false;
        for (size_t k = 0; k < json_array_size(all); k++)
            had = had || json_equal(json_array_get(all, k), text);
        if (!had && json_is_string(text))
            json_array_append(all, (json_t *)(uintptr_t)text);
    }
}

static bool add_history(struct cli *cli, const char *name, const struct view_from *from,
                        json_t *out)
{
    struct cli_part part = {.most = 0};
    memcpy(part.cursor, from->cursor, sizeof(part.cursor));
    json_t *hash = view_hash(cli, cli_key(cli, "seen:name:%s", name), &part), *row;
    size_t i, read = json_object_size(hash);
    if (!hash)
        return false;
    json_t *holders = split_holders(cli, hash), *rows = view_by_last(hash, "address");
    json_t *page = view_slice(rows, from->offset), *anomalies = json_array();
    json_array_foreach(page, i, row) add_holder(cli, row);
    add_anomalies(anomalies, holders);
    add_anomalies(anomalies, rows);
    json_object_set_new(out, "addresses_read", json_integer((json_int_t)json_array_size(rows)));
    json_object_set_new(out, "history_total", json_integer((json_int_t)part.total));
    json_object_set_new(out, "history_cut", json_boolean(read < part.total));
    json_object_set_new(out, "next", view_next(from, json_array_size(rows), part.cursor));
    json_object_set_new(out, "addresses", page);
    json_object_set_new(out, "holders", holders);
    json_object_set_new(out, "anomalies", anomalies);
    json_decref(rows);
    json_decref(hash);
    return true;
}

/* ---- the zone ---- */

/* The closest enclosing zone with a history of name servers; null: none. */
static bool add_zone(struct cli *cli, const char *name, json_t *out)
{
    json_object_set_new(out, "zone", json_null());
    for (const char *zone = name; zone; zone = strchr(zone, '.') ? strchr(zone, '.') + 1 : NULL) {
        struct cli_part part = {.most = 0};
        json_t *hash = view_hash(cli, cli_key(cli, "seen:zone:%s", zone), &part);
        if (!hash)
            return false;
        if (json_object_size(hash) == 0) {
            json_decref(hash);
            continue;
        }
        json_t *holders = split_holders(cli, hash), *one = json_object();
        json_t *servers = view_by_last(hash, "address"), *row;
        size_t i;
        json_array_foreach(servers, i, row) add_holder(cli, row);
        cli_json_set(one, "name", zone);
        json_object_set_new(one, "servers", servers);
        json_object_set_new(one, "holders", holders);
        json_object_set_new(out, "zone", one);
        json_decref(hash);
        return true;
    }
    return true;
}

/* ---- the card ---- */

static json_t *unknown_of(const struct cli *cli, const json_t *card)
{
    json_t *out = json_incref(json_object_get(card, "unknown"));
    if (json_array_size(json_object_get(card, "lists")) == 0)
        view_unknown(out, "No list has an indicator that covers this name.");
    if (json_array_size(json_object_get(card, "addresses")) == 0)
        view_unknown(out,
                     "The history has no address of this name: it is kept for names on lists of "
                     "kind ioc and watch, and for names on their addresses.");
    if (json_is_true(json_object_get(card, "history_cut")))
        view_unknown(out,
                     "The history of this name has %zu entries. A part of them is here; "
                     "addresses, holders and anomalies of the other parts are on other pages, in "
                     "no order of time.",
                     (size_t)json_integer_value(json_object_get(card, "history_total")));
    if (json_is_null(json_object_get(card, "zone")))
        view_unknown(out, "No name servers of this name are recorded: that is done for watched "
                          "names, and for listed names with a zone of their own.");
    if (!cli->settings.memory_folder[0])
        view_unknown(out, "No memory is kept here (memory-folder is not set): nothing says whether "
                          "the name was resolved before it was listed.");
    if (!cli->settings.owner_mmdb[0][0])
        view_unknown(out,
                     "No registrant database is set (owner-mmdb): holders are those of the AS.");
    if (!cli->settings.asn_mmdb[0][0])
        view_unknown(out, "No AS database is set (asn-mmdb).");
    return out;
}

json_t *view_name(struct cli *cli, const struct sw_indicator *name, const struct view_from *from)
{
    char text[SW_NAMETEXT_MAX];
    json_t *out = view_check(cli, name);
    sw_name_text(name->name.wire, text);
    if (!out)
        return NULL;
    cli_json_set(out, "kind", "name");
    cli_json_set(out, "word", text);
    json_object_set_new(out, "offset", json_integer((json_int_t)from->offset));
    if (!add_history(cli, text, from, out) || !add_zone(cli, text, out)) {
        json_decref(out);
        return NULL;
    }
    json_object_set_new(out, "unknown", unknown_of(cli, out));
    return out;
}

/* ---- search ---- */

static void add_meaning(json_t *all, const char *kind, const char *word, const char *hint)
{
    json_t *one = json_object();
    cli_json_set(one, "kind", kind);
    cli_json_set(one, "word", word);
    cli_json_set(one, "hint", hint);
    json_array_append_new(all, one);
}

/* Whether a key is there; -1: Redis failed. */
static int is_there(struct cli *cli, const char *key)
{
    redisReply *reply = cli_ask(cli, "EXISTS", key, CLI_END);
    int there = reply ? reply->integer > 0 : -1;
    freeReplyObject(reply);
    return there;
}

static bool add_indicator(struct cli *cli, const struct sw_indicator *what, json_t *all)
{
    char text[SW_INDICATORTEXT_MAX];
    if (what->type == SW_INDICATOR_DOMAIN) {
        if (what->form != SW_FORM_SUBTREE)
            add_meaning(all, "indicator", sw_indicator_text(what, text),
                        what->form == SW_FORM_BELOW ? "the names below, as a list has it"
                                                    : "this name alone, as a list has it");
        sw_name_text(what->name.wire, text);
        int there = is_there(cli, cli_key(cli, "seen:name:%s", text));
        add_meaning(all, "name", text, there > 0 ? "in the history" : "not in the history");
        return there >= 0;
    }
    sw_indicator_text(what, text);
    if (pivot_is_range(what)) {
        add_meaning(all,
                    what->type == SW_INDICATOR_ASN      ? "as"
                    : what->type == SW_INDICATOR_PREFIX ? "prefix"
                                                        : "holder",
                    text, "the names that were seen there");
        return true;
    }
    int there = is_there(cli, cli_key(cli, "seen:addr:%s", text));
    add_meaning(all, "address", text,
                there > 0 ? "in the history" : "no name was seen there in the history");
    add_meaning(all, "client", text, "the questions of this client that a rule matched");
    return there >= 0;
}

static bool add_lists(struct cli *cli, const char *text, json_t *all)
{
    struct view_lists lists;
    int code = view_lists_read(cli, &lists);
    for (size_t i = 0; i < lists.n; i++)
        if (strcasestr(lists.list[i].name, text))
            add_meaning(all, "list", lists.list[i].name, lists.list[i].policy.note);
    view_lists_free(&lists);
    return code == CLI_OK;
}

json_t *view_search(struct cli *cli, const char *text)
{
    struct sw_indicator what, holder;
    char why[SW_WHY_MAX], canonical[SW_INDICATORTEXT_MAX];
    json_t *all = json_array(), *out;
    bool ok = true, known = sw_indicator_parse(text, strlen(text), &what, why) == SW_OK;
    if (known)
        ok = add_indicator(cli, &what, all);
    ok = ok && (!text[0] || add_lists(cli, text, all));
    if (text[0] && !(known && what.type != SW_INDICATOR_DOMAIN) &&
        sw_indicator_holder("registrant", text, &holder) == SW_OK)
        add_meaning(all, "holder", sw_indicator_text(&holder, canonical),
                    "addresses of a holder of this name");
    out = json_object();
    cli_json_set(out, "text", text);
    if (!known)
        cli_json_set(out, "why", why);
    json_object_set_new(out, "hits", all);
    if (ok)
        return out;
    json_decref(out);
    return NULL;
}
