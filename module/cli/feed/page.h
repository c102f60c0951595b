/*
 * page.h - answers of JSON by HTTP that are held whole: a page of TAXII or MISP, a manifest.
 *
 * Threads      one
 * Memory       a page of CLI_PAGE_MAX octets at most, and its tree
 */
#ifndef SW_CLI_FEED_PAGE_H
#define SW_CLI_FEED_PAGE_H

#include "cli/feed/http.h"

#define CLI_PAGE_MAX  (32 * 1024 * 1024)
#define CLI_PAGES_MAX 100000 /* of one fetch */

/**
 * Ask for a page. WHOLE: *page is a new reference to an object or array. UNCHANGED: status 304.
 * FAILED: fetch->why; an answer that is no JSON, or too large, is a failure.
 * question  octets and arg are set here
 */
enum cli_fetched cli_page_ask(struct cli_http *http, struct cli_fetch *fetch,
                              struct cli_http_question *question, struct cli_http_answer *answer,
                              json_t **page);

/** Hand a value to the sinks as a document of JSON. */
bool cli_page_give(struct cli_fetch *fetch, enum cli_document meaning, const char *name,
                   const json_t *value);

#endif
