/*
 * serve.h - a small HTTP server for sub-commands that show something: routes, rights, limits.
 *
 * The server, step by step:
 *     serve_open()     the rights are checked against the place, the socket listens
 *     serve_run()      until SIGTERM, SIGINT or SIGHUP: each request is admitted or refused
 *                      (serve_admit.c), the route's function gives an answer, the server sends it
 *     serve_close()    open connections are closed
 *
 * By default everything that listens is a loopback address or a unix socket. Elsewhere a token is
 * required, with TLS, or a header of a reverse proxy that names the user.
 *
 * Threads      one: a route's function delays all other requests
 * Memory       at most SERVE_CONNECTIONS connections of 32 KiB each, and one body of SERVE_BODY_MAX
 *              for each; an answer belongs to the server until it is sent
 * Reliability  a connection without an octet for half a minute is closed. A slow client holds its
 *              connections only, at most SERVE_EACH of an address that other machines reach;
 *              clients of this machine or of a proxy can take all
 * Security     Host is compared with the names of this server, so that no page of another site
 *              reads by DNS rebinding; a change needs a header that other sites cannot send, and an
 *              Origin of this site; refusals are logged; header and body have limits
 * Standards    RFC 9110, RFC 7617 (Basic), RFC 6750 (Bearer); Fetch Metadata; CSP Level 3
 * Decision     D-192
 */
#ifndef SW_CLI_SERVE_SERVE_H
#define SW_CLI_SERVE_SERVE_H

#include "cli/cli.h"

#define SERVE_CONNECTIONS 64
#define SERVE_EACH        16 /* of them for a single address of another machine */
#define SERVE_STREAMS     16
#define SERVE_BODY_MAX    ((size_t)256 * 1024)
#define SERVE_NAMES       8

/* The place and the rights, as the options of a sub-command have them. Texts are borrowed. */
struct serve_config {
    const char *where;              /* "127.0.0.1:8053", "[::1]:8053", "/run/x.sock" */
    const char *names[SERVE_NAMES]; /* further names in Host: "desk.example.net" */
    size_t n_names;
    const char *token_file;           /* first line: the token; NULL: none */
    const char *cert_file, *key_file; /* PEM; NULL: no TLS */
    const char *user_header;          /* of a reverse proxy: "X-Remote-User"; NULL: none */
    const char *proxy;                /* address or prefix of the proxy; NULL: this machine */
};

struct serve_request {
    const char *path;
    const char *user; /* by the proxy, "" */
    const char *body; /* ended by a zero octet */
    size_t body_len;
    void *connection; /* of the library */
};

/* An answer without an end: text comes piece by piece (server-sent events). */
struct serve_stream {
    char *(*next)(void *own); /* malloc()ed text, or NULL: nothing new; called twice a second */
    void (*end)(void *own);   /* the reader is gone */
    void *own;
};

struct serve_answer {
    unsigned status;   /* 200 */
    const char *type;  /* of the media; static */
    char *text;        /* malloc(), freed by the server */
    const void *fixed; /* or octets that stay, until release(own) where release is set */
    void (*release)(void *own);
    void *own;
    size_t len;
    struct serve_stream stream; /* next is set: in the place of text */
    const char *allow;          /* with 405: the methods of the path; static */
};

typedef void (*serve_fn)(void *arg, const struct serve_request *request,
                         struct serve_answer *answer);

/* Ended by a member without path. */
struct serve_route {
    const char *path; /* exact */
    serve_fn answer;
    bool change; /* POST with a JSON body; else GET and HEAD */
};

struct serve;

/** Listen. NULL: reported with cli_error(), and *code is CLI_USAGE, or CLI_LISTEN where the place
 * cannot be had now, but may be later. routes and arg are borrowed. */
struct serve *serve_open(const struct serve_config *config, const struct serve_route *routes,
                         void *arg, int *code);

/** Serve until a signal asks for the end. CLI_OK. */
int serve_run(struct serve *serve);
void serve_close(struct serve *serve); /* NULL is fine */

/** "http://127.0.0.1:8053/" or "unix:PATH". Static. */
const char *serve_url(const struct serve *serve);

/** The value of an argument of the query string, decoded; "": missing. Borrowed. */
const char *serve_argument(const struct serve_request *request, const char *name);

/** The value of a header; "": missing. Borrowed. */
const char *serve_header(const struct serve_request *request, const char *name);

/** How much the client wants a media type of this version, in thousandths; 0: not at all. */
unsigned serve_quality(const struct serve_request *request, const char *type, const char *version);

/** An answer in JSON with an error: {"error":{"status":404,"message":".."}}. */
void serve_fail(struct serve_answer *answer, unsigned status, const char *message);

/** The options of a sub-command that serves: child parser, whose input is a struct serve_config. */
extern const struct argp serve_argp;

#endif
