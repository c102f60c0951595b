/*
 * mispsearch.c - the fetcher for misp+https: and misp+http: - a search in a MISP server, or a
 * folder of events that a MISP server publishes.
 *
 * A source that ends with '/' is a folder: manifest.json names the events, and each event is a
 * file. Another source is a search, such as .../attributes/restSearch, asked page by page with the
 * body of --search: each page is a document.
 *
 * Traps: a page may have fewer entries than the limit and not be the last, since the server takes
 * entries out after counting; only an empty page is the end. A server that passes over `page`
 * repeats the first page for ever: a page that is the page before is a failure.
 *
 * Standards    MISP's own: restSearch, and the core format (draft-dulaunoy-misp-core-format)
 * Decision     D-175
 */
#include "cli/feed/fetchers.h"
#include "cli/feed/page.h"
#include "cli/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES 5000 /* of a page */

static const char *url_of(const struct cli_fetch *fetch)
{
    return fetch->source + strlen("misp+");
}

static bool is_folder(const struct cli_fetch *fetch)
{
    size_t len = strlen(fetch->source);
    return len > 0 && fetch->source[len - 1] == '/';
}

/* ---- a folder ---- */

static bool give_event(struct cli_fetch *fetch, struct cli_http *http, const char *uuid)
{
    char *url = NULL;
    struct cli_http_answer answer;
    if (strspn(uuid, "0123456789abcdefABCDEF-") != strlen(uuid))
        return true; /* no event's name: passed over, as by import */
    if (asprintf(&url, "%s%s.json", url_of(fetch), uuid) < 0)
        abort();
    const struct cli_http_question question = {
        .url = url, .octets = fetch->octets, .arg = fetch->arg};
    bool ok = fetch->document(fetch->arg, CLI_DOCUMENT_WHOLE, url) &&
              cli_http_ask(http, &question, &answer) == CLI_FETCH_WHOLE;
    if (ok)
        json_decref(answer.state);
    free(url);
    return ok;
}

static enum cli_fetched fetch_folder(struct cli_fetch *fetch, struct cli_http *http)
{
    char *url = NULL;
    const char *uuid;
    json_t *manifest, *one;
    struct cli_http_answer answer;
    if (asprintf(&url, "%smanifest.json", url_of(fetch)) < 0)
        abort();
    struct cli_http_question question = {.url = url, .state = fetch->state};
    enum cli_fetched fetched = cli_page_ask(http, fetch, &question, &answer, &manifest);
    free(url);
    if (fetched == CLI_FETCH_WHOLE && !json_is_object(manifest))
        fetched = cli_fetch_failed(fetch, "manifest.json: no JSON object");
    json_object_foreach(manifest, uuid, one)
    {
        if (fetched == CLI_FETCH_WHOLE && !give_event(fetch, http, uuid))
            fetched = CLI_FETCH_FAILED;
    }
    json_decref(manifest);
    fetch->next = answer.state;
    return fetched;
}

/* ---- a search ---- */

/* The request for a page: --search, with the members that paging needs. */
static char *body_of(const struct cli_fetch *fetch, size_t page)
{
    const char *search = cli_fetch_option(fetch, "search");
    json_t *all = search ? json_loads(search, 0, NULL) : json_object();
    json_object_set_new(all, "returnFormat", json_string("json"));
    json_object_set_new(all, "limit", json_integer(ENTRIES));
    json_object_set_new(all, "page", json_integer((json_int_t)page));
    if (!json_object_get(all, "to_ids"))
        json_object_set_new(all, "to_ids", json_true());
    char *text = json_dumps(all, JSON_COMPACT);
    json_decref(all);
    return text;
}

/* The array of a page: response.Attribute of attributes, response of events; NULL: neither. */
static const json_t *entries_of(const json_t *page)
{
    const json_t *response = json_object_get(page, "response");
    if (json_is_object(response))
        response = json_object_get(response, "Attribute");
    return json_is_array(response) ? response : NULL;
}

static enum cli_fetched ask_page(struct cli_fetch *fetch, struct cli_http *http, size_t number,
                                 json_t **page)
{
    struct cli_http_answer answer;
    char *body = body_of(fetch, number);
    struct cli_http_question question = {
        .url = url_of(fetch), .accept = "application/json", .body = body};
    enum cli_fetched fetched = cli_page_ask(http, fetch, &question, &answer, page);
    json_decref(answer.state);
    free(body);
    if (fetched == CLI_FETCH_WHOLE && !entries_of(*page))
        fetched = cli_fetch_failed(fetch, "the answer is none of MISP's restSearch");
    return fetched;
}

static enum cli_fetched fetch_search(struct cli_fetch *fetch, struct cli_http *http)
{
    json_t *before = NULL, *page = NULL;
    enum cli_fetched fetched = CLI_FETCH_WHOLE;
    bool last = false;
    for (size_t number = 1; !last && fetched == CLI_FETCH_WHOLE; number++) {
        fetched = ask_page(fetch, http, number, &page);
        last = fetched != CLI_FETCH_WHOLE || json_array_size(entries_of(page)) == 0;
        if (!last && before && json_equal(before, page))
            fetched = cli_fetch_failed(fetch, "the server repeats a page: it passes over 'page'");
        else if (!last && number > CLI_PAGES_MAX)
            fetched = cli_fetch_failed(fetch, "more pages than can be");
        else if (!last && !cli_page_give(fetch, CLI_DOCUMENT_WHOLE, fetch->source, page))
            fetched = CLI_FETCH_FAILED;
        json_decref(before);
        before = page;
    }
    json_decref(before);
    return fetched;
}

/* ---- both ---- */

static enum cli_fetched fetch_misp(struct cli_fetch *fetch)
{
    struct cli_http *http = cli_http_open(fetch);
    if (!http)
        return CLI_FETCH_FAILED;
    enum cli_fetched fetched =
        is_folder(fetch) ? fetch_folder(fetch, http) : fetch_search(fetch, http);
    cli_http_close(http);
    return fetched;
}

static bool judge(struct cli_fetch *fetch)
{
    const char *search = cli_fetch_option(fetch, "search");
    json_t *all = search ? json_loads(search, 0, NULL) : NULL;
    bool ok = !search || json_is_object(all);
    json_decref(all);
    if (!ok)
        cli_fetch_failed(fetch, "--search: no JSON object");
    else if (search && is_folder(fetch))
        cli_fetch_failed(fetch, "--search is for a search, and a source that ends with '/' is a "
                                "folder of events");
    else
        return cli_http_judge(fetch, url_of(fetch));
    return false;
}

static const char *const schemes[] = {"misp+https", "misp+http", NULL};
static const char *const options[] = {CLI_HTTP_OPTIONS, "search", NULL};

const struct cli_fetcher cli_fetcher_misp = {
    .schemes = schemes, .options = options, .no_rules = true, .judge = judge, .fetch = fetch_misp};
