/*
 * http.h - requests by HTTP for fetchers, with libcurl.
 *
 * https.c, step by step: cli_http_open() (credentials, certificates and proxy from the options)
 * -> cli_http_ask() once, or for each page -> cli_http_close().
 *
 * Threads      one
 * Memory       the answer is handed on in pieces of libcurl's, 16 KiB
 * Reliability  a cut answer (fewer octets than announced, a chunked body without its end, broken
 *              compression) is a failure; so is every status but 200, and 304 to a conditional
 *              request
 * Security     https is verified, also behind a redirect, and is never left for http; credentials
 *              go to the host of the source only; no redirect is followed with
 *              headers of the feed's own; at most CLI_HTTP_REDIRECTS redirects; size (after
 *              unpacking) and time are bounded
 * Standards    RFC 9110 (conditional requests, Retry-After), RFC 9111 (max-age)
 */
#ifndef SW_CLI_FEED_HTTP_H
#define SW_CLI_FEED_HTTP_H

#include "cli/feed/fetch.h"

#define CLI_HTTP_REDIRECTS 5

struct cli_http;

struct cli_http_question {
    const char *url;
    const char *accept;  /* media types, or NULL: any */
    const char *body;    /* JSON for a POST, or NULL: a GET */
    const json_t *state; /* of the last answer: makes the request conditional; or NULL */
    /** Takes the body of an answer with status 200. false: give up, the reason is kept. */
    bool (*octets)(void *arg, const void *octets, size_t len);
    void *arg;
};

struct cli_http_answer {
    json_t *state;      /* new reference: "etag" and "modified", as the server sent them */
    uint64_t octets;    /* of all bodies of the session so far */
    char last_date[64]; /* header X-TAXII-Date-Added-Last, or "" */
};

/** A session with the credentials of the feed's options. NULL: fetch->why. */
struct cli_http *cli_http_open(struct cli_fetch *fetch);
void cli_http_close(struct cli_http *http); /* NULL is fine */

/**
 * Ask. FAILED: fetch->why; UNCHANGED: status 304; WHOLE: status 200, and the body was handed on. In
 * each case fetch->pause_s becomes the largest pause that an answer asked for.
 */
enum cli_fetched cli_http_ask(struct cli_http *http, const struct cli_http_question *question,
                              struct cli_http_answer *answer);

/* Names of the options that cli_http_open() knows. */
#define CLI_HTTP_OPTIONS                                                                           \
    "user", "password-file", "token-file", "header-file", "ca-file", "cert-file", "key-file",      \
        "proxy", "proxy-password-file", "max-size", "timeout"

/** The same as an array, ended by NULL. */
extern const char *const cli_http_options[];

/** Judge a URL: a host, no user or password inside. false: fetch->why. */
bool cli_http_judge(struct cli_fetch *fetch, const char *url);

#endif
