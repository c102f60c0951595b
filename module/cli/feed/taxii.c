/*
 * taxii.c - the fetcher for taxii+https: and taxii+http: - a collection of a TAXII 2.1 server.
 *
 * The first fetch, and one each day, gets all objects of the collection (WHOLE). Another fetch gets
 * the objects added since (`added_after`). New indicators alone are handed on as additions (ADD);
 * with anything else among the objects - a new version, a revocation - the whole collection is
 * fetched, since a version does not tell the pattern of the version before.
 *
 * Traps: pages go on by `next`, with the query of the first page; the date for the next fetch is
 * that of the last page, and only there; `more` without `next`, a `next` that repeats, and pages
 * without an end are failures, since the rest of the collection would be lost.
 *
 * Standards    TAXII 2.1, 3.5 (paging) and 5.4 (objects); STIX 2.1, 3.6 (versions)
 * Decision     D-175
 */
#include "cli/feed/fetchers.h"
#include "cli/feed/page.h"
#include "cli/output.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEDIA_TYPE "application/taxii+json;version=2.1"
#define WHOLE_US   (INT64_C(86400) * 1000000) /* between two fetches of all objects */
#define HELD_MAX   (8 * 1024 * 1024)          /* octets of pages of additions that are held */

struct collection {
    struct cli_fetch *fetch;
    struct cli_http *http;
    const char *after; /* added_after of this fetch, or NULL: all */
    char *last;        /* added_after for the next one, or NULL */
    char *next;        /* of the page to come, or NULL */
    json_t *held;      /* additions: array of arrays of objects */
    size_t pages;
    bool changes; /* not only additions */
};

/* ---- the query ---- */

static void add_escaped(FILE *out, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            strchr("-._~", c))
            fputc(c, out);
        else
            fprintf(out, "%%%02X", c);
    }
}

/* ".../collections/ID/objects/?limit=1000&added_after=...&next=...". Allocated. */
static char *url_of(const struct collection *c)
{
    char *url = NULL;
    size_t len = 0;
    const char *source = c->fetch->source + strlen("taxii+");
    size_t path = strcspn(source, "?");
    bool slash = path > 0 && source[path - 1] == '/';
    bool objects = path > 8 && strncmp(source + path - 8 - slash, "/objects", 8) == 0;
    FILE *out = open_memstream(&url, &len);
    if (!out)
        abort();
    fprintf(out, "%.*s%s%s?%s%slimit=1000", (int)path, source, slash ? "" : "/",
            objects ? "" : "objects/", source[path] ? source + path + 1 : "",
            source[path] ? "&" : "");
    if (c->after) {
        fprintf(out, "&added_after=");
        add_escaped(out, c->after);
    }
    if (c->next) {
        fprintf(out, "&next=");
        add_escaped(out, c->next);
    }
    if (fclose(out) != 0)
        abort();
    return url;
}

/* ---- a page ---- */

/* Whether an object is the first version of an indicator, in force, or of no effect on a list. */
static bool is_addition(const json_t *object)
{
    const char *type = json_string_value(json_object_get(object, "type"));
    const char *created = json_string_value(json_object_get(object, "created"));
    const char *modified = json_string_value(json_object_get(object, "modified"));
    if (!type || strcmp(type, "indicator") != 0)
        return true;
    return !json_is_true(json_object_get(object, "revoked")) && created && modified &&
           strcmp(created, modified) == 0;
}

static json_t *bundle_of(const json_t *objects)
{
    return json_pack("{s:s,s:s,s:s,s:O}", "type", "bundle", "id",
                     "bundle--00000000-0000-4000-8000-000000000000", "spec_version", "2.1",
                     "objects", objects);
}

/* Hand a page on, or hold it: changes are not known to be additions before the last page. octets:
 * of all pages so far. */
static bool take_objects(struct collection *c, const json_t *objects, uint64_t octets)
{
    const json_t *one;
    size_t i;
    if (json_array_size(objects) == 0)
        return true;
    if (c->after) {
        json_array_foreach(objects, i, one)
        {
            c->changes = c->changes || !is_addition(one);
        }
        json_array_append(c->held, (json_t *)(uintptr_t)objects);
        c->changes = c->changes || octets > HELD_MAX;
        return true;
    }
    json_t *bundle = bundle_of(objects);
    bool ok = cli_page_give(c->fetch, CLI_DOCUMENT_WHOLE, c->fetch->source, bundle);
    json_decref(bundle);
    return ok;
}

static bool fail(struct collection *c, const char *why)
{
    cli_fetch_failed(c->fetch, "%s", why);
    return false;
}

/* Where the next page begins. false: there is more, and no way to it. */
static bool note_next(struct collection *c, const json_t *page,
                      const struct cli_http_answer *answer)
{
    const char *next = json_string_value(json_object_get(page, "next"));
    bool more = json_is_true(json_object_get(page, "more"));
    if (more && !next)
        return fail(c, "the server says that there is more, and not where (more without next)");
    if (more && c->next && strcmp(c->next, next) == 0)
        return fail(c, "the server repeats a page (next is the same again)");
    free(c->next);
    c->next = more ? cli_copy(next) : NULL;
    if (!more && answer->last_date[0]) {
        free(c->last);
        c->last = cli_copy(answer->last_date);
    }
    return true;
}

/* false: failed, or the rest need not be read. */
static bool read_page(struct collection *c)
{
    struct cli_http_answer answer;
    char *url = url_of(c);
    struct cli_http_question question = {.url = url, .accept = MEDIA_TYPE};
    json_t *page;
    enum cli_fetched fetched = cli_page_ask(c->http, c->fetch, &question, &answer, &page);
    json_decref(answer.state);
    free(url);
    if (fetched != CLI_FETCH_WHOLE)
        return false;
    const json_t *objects = json_object_get(page, "objects");
    bool ok = json_is_object(page) && (!objects || json_is_array(objects));
    if (!ok)
        fail(c, "the answer is no envelope of TAXII 2.1");
    ok = ok && take_objects(c, objects, answer.octets) && note_next(c, page, &answer);
    if (ok && ++c->pages > CLI_PAGES_MAX)
        ok = fail(c, "more pages than can be");
    json_decref(page);
    return ok;
}

/* ---- the collection ---- */

static bool read_pages(struct collection *c)
{
    do {
        if (!read_page(c))
            return false;
    } while (c->next && !(c->after && c->changes));
    return true;
}

static bool give_held(struct collection *c)
{
    const json_t *objects;
    size_t i;
    bool ok = true;
    json_array_foreach(c->held, i, objects)
    {
        json_t *bundle = bundle_of(objects);
        ok = ok && cli_page_give(c->fetch, CLI_DOCUMENT_ADD, c->fetch->source, bundle);
        json_decref(bundle);
    }
    return ok;
}

/* The state for the next fetch: the date, and when all objects were fetched. */
static void note_state(struct collection *c, const char *whole)
{
    const char *after = c->last ? c->last : c->after;
    c->fetch->next = json_object();
    if (after)
        cli_json_set(c->fetch->next, "added_after", after);
    cli_json_set(c->fetch->next, "whole", whole);
}

static enum cli_fetched fetch_additions(struct collection *c, const char *whole)
{
    if (!read_pages(c) || c->changes || !give_held(c))
        return CLI_FETCH_FAILED;
    note_state(c, whole);
    return CLI_FETCH_CHANGES;
}

static enum cli_fetched fetch_all(struct collection *c)
{
    char now[SW_TIMETEXT_MAX];
    sw_time_text(sw_clock_wall_us(), now);
    c->after = NULL;
    free(c->next);
    c->next = NULL;
    json_array_clear(c->held);
    if (!read_pages(c))
        return CLI_FETCH_FAILED;
    note_state(c, now);
    return CLI_FETCH_WHOLE;
}

/* The date to go on from, unless all objects are to be fetched. */
static const char *date_of(const json_t *state, const char *whole)
{
    int64_t at = 0;
    if (!whole || sw_time_parse(whole, strlen(whole), &at) != SW_OK ||
        sw_clock_wall_us() - at > WHOLE_US)
        return NULL;
    return json_string_value(json_object_get(state, "added_after"));
}

static enum cli_fetched fetch_collection(struct cli_fetch *fetch)
{
    const char *whole = json_string_value(json_object_get(fetch->state, "whole"));
    struct collection c = {.fetch = fetch, .http = cli_http_open(fetch), .held = json_array()};
    enum cli_fetched fetched = CLI_FETCH_FAILED;
    c.after = date_of(fetch->state, whole);
    bool additions = c.after != NULL;
    if (c.http && additions)
        fetched = fetch_additions(&c, whole);
    if (c.http && (!additions || c.changes))
        fetched = fetch_all(&c);
    cli_http_close(c.http);
    json_decref(c.held);
    free(c.next);
    free(c.last);
    return fetched;
}

static bool judge(struct cli_fetch *fetch)
{
    return cli_http_judge(fetch, fetch->source + strlen("taxii+"));
}

static const char *const schemes[] = {"taxii+https", "taxii+http", NULL};

const struct cli_fetcher cli_fetcher_taxii = {.schemes = schemes,
                                              .options = cli_http_options,
                                              .no_rules = true,
                                              .judge = judge,
                                              .fetch = fetch_collection};
