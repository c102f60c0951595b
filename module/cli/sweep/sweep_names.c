/* sweep_names.c - which names a sweep asks for. See sweep.h. */
#include "base/indicator.h"
#include "base/policy.h"
#include "cli/output.h"
#include "cli/sweep/sweep.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REFUSED_SHOWN 20 /* lines of a file that are named */

static void add(struct sweep_names *names, const struct sweep_options *options,
                const struct sw_name *name)
{
    char text[SW_NAMETEXT_MAX];
    sw_name_text(name->wire, text);
    if (options->match && fnmatch(options->match, text, FNM_CASEFOLD) != 0)
        return;
    if (names->n == names->room) {
        names->room = names->room ? 2 * names->room : 1024;
        names->name = cli_grow(names->name, names->room, sizeof(*names->name));
    }
    names->name[names->n++] = cli_copy(text);
}

static void add_place(struct sweep_names *names, const struct sw_addr *addr)
{
    if (names->places == names->places_room) {
        names->places_room = names->places_room ? 2 * names->places_room : 256;
        names->place = cli_grow(names->place, names->places_room, sizeof(*names->place));
    }
    names->place[names->places++] = *addr;
}

/* Prefixes of protected lists. */
static void take_guarded(struct sweep_names *names, const char *text, size_t len)
{
    struct sw_indicator indicator;
    char why[SW_WHY_MAX];
    if (sw_indicator_parse(text, len, &indicator, why) != SW_OK ||
        indicator.type != SW_INDICATOR_PREFIX)
        return;
    if (names->guarded_n == names->guarded_room) {
        names->guarded_room = names->guarded_room ? 2 * names->guarded_room : 64;
        names->guarded = cli_grow(names->guarded, names->guarded_room, sizeof(*names->guarded));
    }
    names->guarded[names->guarded_n++] = indicator.addr;
}

/* By first address, larger prefixes first. */
static int by_address(const void *a, const void *b)
{
    const struct sw_addr *left = a, *right = b;
    if (left->family != right->family)
        return left->family < right->family ? -1 : 1;
    int order = memcmp(left->octets, right->octets, sizeof(left->octets));
    return order != 0 ? order : (int)left->plen - (int)right->plen;
}

void sweep_sort_guarded(struct sweep_names *names)
{
    if (names->guarded_n > 0)
        qsort(names->guarded, names->guarded_n, sizeof(*names->guarded), by_address);
}

/* The first of the sorted prefixes that is not before key. */
static size_t guarded_from(const struct sweep_names *names, const struct sw_addr *key)
{
    size_t low = 0, high = names->guarded_n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (by_address(&names->guarded[middle], key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* A prefix that begins inside the place after its first address is smaller than the place. */
struct sw_addr sweep_place_judged(const struct sweep_names *names, const struct sw_addr *place)
{
    struct sw_addr judged = *place, smaller = *place;
    smaller.plen++;
    size_t i = guarded_from(names, &smaller);
    if (i < names->guarded_n && sw_addr_covers(place, &names->guarded[i]))
        judged = names->guarded[i];
    judged.plen = (uint8_t)sw_addr_bits(&judged);
    return judged;
}

/* An indicator of a list or a line of a file. of_ioc: the list is of kind ioc. */
static void take(struct sweep_names *names, const struct sweep_options *options, bool of_ioc,
                 const char *text, size_t len)
{
    struct sw_indicator indicator;
    char why[SW_WHY_MAX];
    if (sw_indicator_parse(text, len, &indicator, why) != SW_OK) {
        if (options->file && names->refused < REFUSED_SHOWN)
            cli_error("%s: '%s' is refused: %s", cli_clean_text(options->file),
                      cli_clean(text, len), why);
        names->refused++;
    } else if (indicator.type == SW_INDICATOR_PREFIX && of_ioc)
        add_place(names, &indicator.addr);
    else if (indicator.type != SW_INDICATOR_DOMAIN)
        names->others++;
    else if (indicator.form == SW_FORM_BELOW)
        names->below++;
    else
        add(names, options, &indicator.name);
}

/* ---- lists ---- */

struct scan {
    const struct sweep_options *options;
    struct sweep_names *names;
    bool wanted; /* else a protected list */
    bool of_ioc;
};

/* cli_fields_fn */
static int take_fields(void *arg, const redisReply *fields)
{
    const struct scan *scan = arg;
    for (size_t i = 0; i + 1 < fields->elements; i += 2) {
        const redisReply *field = fields->element[i];
        if (scan->wanted)
            take(scan->names, scan->options, scan->of_ioc, field->str, field->len);
        else
            take_guarded(scan->names, field->str, field->len);
    }
    return CLI_OK;
}

/* Whether a list is swept: named on the command line; with no list named, of kind ioc or watch.
 * *guards: the list is of kind protected. */
static bool wanted(const struct sweep_options *options, const char *list, const char *policy,
                   size_t len, bool *of_ioc, bool *guards)
{
    struct sw_policy parsed;
    char why[SW_WHY_MAX];
    bool good = sw_policy_parse(list, policy, len, &parsed, why) == SW_OK;
    *of_ioc = good && parsed.kind == SW_KIND_IOC;
    *guards = good && parsed.kind == SW_KIND_PROTECTED;
    for (size_t i = 0; i < options->lists; i++)
        if (strcmp(options->list[i], list) == 0)
            return true;
    return options->lists == 0 && good &&
           (parsed.kind == SW_KIND_IOC || parsed.kind == SW_KIND_WATCH);
}

static void add_list(struct sweep_names *names, const char *list)
{
    if (names->lists == names->lists_room) {
        names->lists_room = names->lists_room ? 2 * names->lists_room : 16;
        names->list = cli_grow(names->list, names->lists_room, sizeof(*names->list));
    }
    names->list[names->lists++] = cli_copy(list);
}

static int from_lists(struct cli *cli, const struct sweep_options *options,
                      struct sweep_names *names)
{
    redisReply *all = cli_ask(cli, "HGETALL", cli_key(cli, "lists"), CLI_END);
    size_t found = 0;
    int code = CLI_OK;

    if (!all)
        return CLI_REDIS;
    if (all->type != REDIS_REPLY_ARRAY)
        return cli_redis_failed(cli, all);
    for (size_t i = 0; i + 1 < all->elements && code == CLI_OK; i += 2) {
        const redisReply *policy = all->element[i + 1];
        const char *name = all->element[i]->str;
        bool of_ioc, guards, mine;
        mine = wanted(options, name, policy->str, policy->len, &of_ioc, &guards);
        if (mine) {
            found++;
            add_list(names, name);
        }
        if (mine || guards)
            code = cli_scan(cli, cli_key(cli, "list:%s", name), take_fields,
                            &(struct scan){options, names, mine, of_ioc});
    }
    freeReplyObject(all);
    if (code == CLI_OK && found < options->lists) {
        cli_error("%s named by --list %s not there",
                  cli_count(options->lists - found, "list", "lists"),
                  options->lists - found == 1 ? "is" : "are");
        cli_hint("'sinkwatch list' shows all");
        return CLI_NONE;
    }
    return code;
}

/* ---- a file ---- */

static int from_file(const struct sweep_options *options, struct sweep_names *names)
{
    bool is_stdin = strcmp(options->file, "-") == 0;
    FILE *in = is_stdin ? stdin : fopen(options->file, "re");
    char *line = NULL;
    size_t room = 0;
    ssize_t len;

    if (!in) {
        cli_error("%s: %s", options->file, strerror(errno));
        return CLI_NONE;
    }
    while ((len = getline(&line, &room, in)) >= 0) {
        size_t end = strcspn(line, "#;\r\n");
        size_t begin = strspn(line, " \t");
        if (begin < end && end <= (size_t)len)
            take(names, options, false, line + begin, end - begin);
    }
    int code = ferror(in) ? CLI_NONE : CLI_OK;
    if (code != CLI_OK)
        cli_error("%s: %s", options->file, strerror(errno));
    free(line);
    if (!is_stdin)
        fclose(in);
    return code;
}

/* ---- the whole ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_once(struct sweep_names *names)
{
    size_t kept = 0;
    if (names->n == 0)
        return;
    qsort(names->name, names->n, sizeof(*names->name), by_text);
    for (size_t i = 1; i < names->n; i++) {
        if (strcmp(names->name[i], names->name[kept]) == 0)
            free(names->name[i]);
        else
            names->name[++kept] = names->name[i];
    }
    names->n = kept + 1;
}

int sweep_collect(struct cli *cli, const struct sweep_options *options, struct sweep_names *names)
{
    int code = options->file ? from_file(options, names) : from_lists(cli, options, names);
    sort_once(names);
    sweep_sort_guarded(names);
    return code;
}

/* ---- names that the history has ---- */

#define ADDRESSES_EACH 256 /* hashes in a pipeline */

static bool is_swept(const struct sweep_names *names, const char *list)
{
    for (size_t i = 0; i < names->lists; i++)
        if (strcmp(names->list[i], list) == 0)
            return true;
    return false;
}

/* The names on an address that the history gives a list of kind ioc. */
static void take_asked(struct sweep_names *names, const struct sweep_options *options,
                       const redisReply *hash)
{
    for (size_t i = 0; i + 1 < hash->elements; i += 2) {
        const redisReply *field = hash->element[i], *value = hash->element[i + 1];
        struct sw_name name;
        json_t *facts = json_loadb(value->str, value->len, 0, NULL);
        if (is_swept(names, cli_json_text(facts, "list")) &&
            sw_name_parse(field->str, field->len, &name, NULL) == SW_OK)
            add(names, options, &name);
        json_decref(facts);
    }
}

/* The hashes of a page of addresses. */
static int read_asked(struct cli *cli, const struct sweep_options *options,
                      struct sweep_names *names, const redisReply *page)
{
    for (size_t i = 0; i < page->elements; i++)
        if (!cli_queue(cli, "HGETALL", cli_key(cli, "seen:addr:%s", page->element[i]->str),
                       CLI_END))
            return cli_redis_failed(cli, NULL);
    for (size_t i = 0; i < page->elements; i++) {
        redisReply *hash = cli_reply(cli, "[ss]");
        if (!hash)
            return CLI_REDIS;
        take_asked(names, options, hash);
        freeReplyObject(hash);
    }
    return CLI_OK;
}

int sweep_collect_asked(struct cli *cli, const struct sweep_options *options,
                        struct sweep_names *names)
{
    size_t before = names->n, got = ADDRESSES_EACH;
    int code = CLI_OK;
    for (size_t at = 0; got == ADDRESSES_EACH && code == CLI_OK; at += got) {
        char from[24], to[24];
        snprintf(from, sizeof(from), "%zu", at);
        snprintf(to, sizeof(to), "%zu", at + ADDRESSES_EACH - 1);
        redisReply *page = cli_ask(cli, "ZRANGE", cli_key(cli, "tracked"), from, to, CLI_END);
        if (!page)
            return CLI_REDIS;
        got = page->elements;
        code = read_asked(cli, options, names, page);
        freeReplyObject(page);
    }
    sort_once(names);
    names->asked = names->n - before;
    return code;
}

void sweep_names_free(struct sweep_names *names)
{
    for (size_t i = 0; i < names->lists; i++)
        free(names->list[i]);
    free(names->list);
    free(names->place);
    free(names->guarded);
    for (size_t i = 0; i < names->n; i++)
        free(names->name[i]);
    free(names->name);
    *names = (struct sweep_names){0};
}
