/*
 * web.h - sinkwatch web: the desk, a page to look at the data instead of reading output.
 *
 * The page (module/cli/web/page/) is in the program, and asks for documents of cli/view by HTTP. A
 * look at a name, step by step:
 *     browser   GET /api/search?q=systemsvc.net, then GET /api/card?q=systemsvc.net
 *     web_routes.c   the word is parsed, view_name() gives the document
 *     browser   shows it; texts of others become text nodes, never markup
 * Live events come as server-sent events: web_live.c reads the streams twice a second while a page
 * is open. The page counts all entries, and shows some of them.
 *
 * Threads      one, of cli/serve/serve.h
 * Memory       a document at a time; 64 pieces of live events, about 15 KiB each
 * Errors       an answer {"error":{"status","message"}}
 * Security     cli/serve/serve.h has the rights; changes need --allow-changes and run as the
 *              sub-command `add`, with its guards
 * Decisions    D-192, D-193, D-194, D-196
 */
#ifndef SW_CLI_WEB_WEB_H
#define SW_CLI_WEB_WEB_H

#include "cli/output.h"
#include "cli/serve/serve.h"

struct web_live;

struct web {
    struct cli *cli;
    struct serve_config config;
    bool allow_changes, hide_clients;
    struct web_live *live;
};

/* ---- routes (web_routes.c) ---- */

extern const struct serve_route web_routes[];

/* ---- answers (web_answer.c) ---- */

/** Begin a question: errors and keys of the former question are forgotten, and Redis is opened
 * again where the connection broke. After an error the connection is replaced: replies of a
 * pipeline may be unread. false: no connection, reported by cli_error(). */
bool web_redis(struct cli *cli);

/** The same for an answer. false: *answer is the error. */
bool web_ready(struct web *web, struct serve_answer *answer);

/** The document as the answer, released. NULL: the first error is the answer, and Redis is opened
 * again for the next one, because replies may be left in the connection. */
void web_put(const struct web *web, struct serve_answer *answer, json_t *document);

/* ---- changes (web_change.c) ---- */

/** Judge pasted indicators, and ask the memory what they would have touched. */
void web_preview(void *arg, const struct serve_request *request, struct serve_answer *answer);

/** Run `sinkwatch add`. */
void web_add(void *arg, const struct serve_request *request, struct serve_answer *answer);

/* ---- live events (web_live.c) ---- */

/** Reads nothing before a page follows. */
struct web_live *web_live_new(struct cli *cli, bool hide_clients);
void web_live_free(struct web_live *live); /* NULL is fine */

/** Answer with a stream of events. */
void web_live(void *arg, const struct serve_request *request, struct serve_answer *answer);

/* ---- the page (web_page.c) ---- */

/** A file of the page, by the path. */
void web_page(void *arg, const struct serve_request *request, struct serve_answer *answer);

#endif
