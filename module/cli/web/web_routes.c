/* web_routes.c - questions of the page, and the views that answer them. See web.h. */
#include "base/version.h"
#include "cli/view/views.h"
#include "cli/web/web.h"
#include "feed/stream.h"

#include <string.h>

/* ---- words of a question ---- */

/* Argument from, the begin of a page; false: the answer says why not. */
static bool read_from(const struct serve_request *request, struct view_from *from,
                      struct serve_answer *answer)
{
    if (view_from_parse(serve_argument(request, "from"), from))
        return true;
    serve_fail(answer, 400, "from is no begin of a page, such as 100");
    return false;
}

/* The thing in argument q; false: the answer says why not. */
static bool read_word(const struct serve_request *request, struct sw_indicator *what,
                      struct serve_answer *answer)
{
    char why[SW_WHY_MAX];
    const char *word = serve_argument(request, "q");
    if (sw_indicator_parse(word, strlen(word), what, why) == SW_OK)
        return true;
    serve_fail(answer, 400, why);
    return false;
}

/* Argument before, the id of an entry or nothing; false: the answer says why not. */
static bool read_before(const struct serve_request *request, const char **before,
                        struct serve_answer *answer)
{
    struct sw_stream_id id;
    *before = serve_argument(request, "before");
    if (!(*before)[0] || sw_stream_id_parse(*before, strlen(*before), &id) == SW_OK)
        return true;
    serve_fail(answer, 400, "before is no id of an entry, such as 1760000000000-0");
    return false;
}

/* Arguments name, address, client, list, indicator. */
static struct view_sought sought_of(const struct serve_request *request)
{
    const char *name = serve_argument(request, "name"),
               *address = serve_argument(request, "address"),
               *client = serve_argument(request, "client"), *list = serve_argument(request, "list"),
               *indicator = serve_argument(request, "indicator");
    return (struct view_sought){.name = name[0] ? name : NULL,
                                .address = address[0] ? address : NULL,
                                .client = client[0] ? client : NULL,
                                .list = list[0] ? list : NULL,
                                .indicator = indicator[0] ? indicator : NULL};
}

/* ---- routes ---- */

static void on_search(void *arg, const struct serve_request *request, struct serve_answer *answer)
{
    struct web *web = arg;
    if (web_ready(web, answer))
        web_put(web, answer, view_search(web->cli, serve_argument(request, "q")));
}

static void on_find(void *arg, const struct serve_request *request, struct serve_answer *answer)
{
    struct web *web = arg;
    struct view_finding finding;
    if (!view_finding_parse(serve_argument(request, "q"), serve_argument(request, "from"),
                            &finding))
        serve_fail(answer, 400, "a part of a name has two letters, digits, dots, hyphens or more");
    else if (web_ready(web, answer))
        web_put(web, answer, view_find(web->cli, &finding));
}

static void on_card(void *arg, const struct serve_request *request, struct serve_answer *answer)
{
    struct web *web = arg;
    struct sw_indicator what;
    struct view_from from;
    if (!read_word(request, &what, answer) || !read_from(request, &from, answer) ||
        !web_ready(web, answer))
        return;
    web_put(web, answer,
            what.type == SW_INDICATOR_DOMAIN ? view_name(web->cli, &what, &from)
                                             : view_place(web->cli, &what, &from));
}

static void on_indicator(void *arg, const struct serve_request *request,
                         struct serve_answer *answer)
{
    struct web *web = arg;
    struct sw_indicator what;
    if (read_word(request, &what, answer) && web_ready(web, answer))
        web_put(web, answer, view_indicator(web->cli, &what));
}

static void on_graph(void *arg, const struct serve_request *request, struct serve_answer *answer)
{
    struct web *web = arg;
    struct sw_indicator what;
    if (read_word(request, &what, answer) && web_ready(web, answer))
        web_put(web, answer, view_graph(web->cli, &what));
}

static void on_past(void *arg, const struct serve_request *request, struct serve_answer *answer)
{
    struct web *web = arg;
    struct sw_indicator what;
    if (read_word(request, &what, answer))
        web_put(web, answer, view_past(web->cli, &what));
}

static void on_clients(void *arg, const struct serve_request *request, struct serve_answer *answer)
{
    struct web *web = arg;
    struct view_sought sought = sought_of(request);
    const char *before;
    sought.without_client_rules = web->hide_clients;
    if (web->hide_clients && sought.client)
        serve_fail(answer, 403, "this server does not answer by client (--hide-clients)");
    else if (read_before(request, &before, answer) && web_ready(web, answer))
        web_put(web, answer, view_clients(web->cli, &sought, before, web->hide_clients));
}

static void on_anomalies(void *arg, const struct serve_request *request,
                         struct serve_answer *answer)
{
    struct web *web = arg;
    struct view_sought sought = sought_of(request);
    const char *before;
    sought.client = sought.indicator = NULL;
    if (read_before(request, &before, answer) && web_ready(web, answer))
        web_put(web, answer, view_entries(web->cli, "anomalies", &sought, before, VIEW_PAGE));
}

static void on_fleet(void *arg, const struct serve_request *request, struct serve_answer *answer)
{
    struct web *web = arg;
    (void)request;
    if (web_ready(web, answer))
        web_put(web, answer, view_fleet(web->cli));
}

static void on_feeds(void *arg, const struct serve_request *request, struct serve_answer *answer)
{
    struct web *web = arg;
    (void)request;
    if (web_ready(web, answer))
        web_put(web, answer, view_feeds(web->cli));
}

static void on_lists(void *arg, const struct serve_request *request, struct serve_answer *answer)
{
    struct web *web = arg;
    (void)request;
    if (web_ready(web, answer))
        web_put(web, answer, view_all_lists(web->cli));
}

static void on_about(void *arg, const struct serve_request *request, struct serve_answer *answer)
{
    const struct web *web = arg;
    json_t *out = json_object();
    cli_json_set(out, "version", SW_VERSION);
    cli_json_set(out, "redis", sw_redis_target(web->cli->redis));
    cli_json_set(out, "user", request->user);
    json_object_set_new(out, "changes", json_boolean(web->allow_changes));
    json_object_set_new(out, "clients_hidden", json_boolean(web->hide_clients));
    json_object_set_new(out, "memory", json_boolean(web->cli->settings.memory_folder[0] != '\0'));
    web_put(web, answer, out);
}

const struct serve_route web_routes[] = {
    {"/", web_page, false},
    {"/desk.css", web_page, false},
    {"/desk.js", web_page, false},
    {"/cards.js", web_page, false},
    {"/pictures.js", web_page, false},
    {"/icon.svg", web_page, false},
    {"/api/about", on_about, false},
    {"/api/search", on_search, false},
    {"/api/find", on_find, false},
    {"/api/card", on_card, false},
    {"/api/indicator", on_indicator, false},
    {"/api/graph", on_graph, false},
    {"/api/past", on_past, false},
    {"/api/clients", on_clients, false},
    {"/api/anomalies", on_anomalies, false},
    {"/api/fleet", on_fleet, false},
    {"/api/feeds", on_feeds, false},
    {"/api/lists", on_lists, false},
    {"/api/live", web_live, false},
    {"/api/preview", web_preview, true},
    {"/api/add", web_add, true},
    {0},
};
