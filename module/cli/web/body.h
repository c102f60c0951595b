/*
 * body.h - the body of a preview or a change: {"list": NAME, "indicators": [TEXT...]}.
 *
 * Threads      a pure function
 * Memory       the body as JSON, released by the caller
 */
#ifndef SW_CLI_WEB_BODY_H
#define SW_CLI_WEB_BODY_H

#include <jansson.h>
#include <stdbool.h>

#define WEB_INDICATORS_MAX 1000

struct web_body {
    json_t *json;             /* owned: json_decref() */
    const char *list;         /* not empty; not yet judged as a list name */
    const json_t *indicators; /* 1 to WEB_INDICATORS_MAX strings */
};

/** Read a body of any octets. false: why has words for people, and nothing is owned. */
bool web_body_read(const char *text, size_t len, struct web_body *out, const char **why);

#endif
