/*
 * serve_parts.h - parts of the server: the place, and the rights of a request. See serve.h.
 *
 * Threads      one
 * Security     serve_admit() and serve_quality_of() read hostile text: tests/fuzz/fuzz_request.c
 */
#ifndef SW_CLI_SERVE_SERVE_PARTS_H
#define SW_CLI_SERVE_SERVE_PARTS_H

#include "base/addr.h"
#include "cli/serve/serve.h"

#define SERVE_TOKEN_MAX 256
#define SERVE_USER_MAX  64

/* ---- the place (serve_listen.c) ---- */

struct serve_place {
    char path[108]; /* of a unix socket, or "" */
    struct sw_addr addr;
    uint16_t port; /* 0: chosen by the system */
    bool is_wide;  /* neither loopback nor a unix socket */
};

/** Understand "ADDRESS:PORT", "[ADDRESS]:PORT", or a path with a slash. false: none of these. */
bool serve_place_parse(const char *text, struct serve_place *place);

/** A listening socket that does not block; place->port becomes the real one. A stale unix socket is
 * replaced, and the new one has mode 0660. -1: reported. */
int serve_listen(struct serve_place *place);

/* ---- the rights (serve_admit.c) ---- */

struct serve_rights {
    const struct serve_config *config;
    bool tls;
    char token[SERVE_TOKEN_MAX]; /* "": none */
    struct sw_addr proxy;        /* family 0: not compared */
};

/* The parts of a request that decide. NULL: the header is missing. */
struct serve_claim {
    const char *host, *origin, *site, *authorization, *user, *media, *change;
    struct sw_addr from; /* family 0: a unix socket */
    bool is_change;
};

/** Read the token, and compare the rights with the place. false: reported. */
bool serve_rights_read(const struct serve_config *config, const struct serve_place *place,
                       struct serve_rights *rights);

/**
 * How much a client wants a media type, in thousandths (RFC 9110, 12.5.1). Of the ranges that fit,
 * the most exact one counts; a range with another version does not fit.
 *
 * accept  text of the header, of any content; NULL: the header is missing, and all is wanted
 * Returns 0: the client does not take the type.
 */
unsigned serve_quality_of(const char *accept, const char *type, const char *version);

/** 0: admitted; else the status of the refusal, and why is set to a static text. */
unsigned serve_admit(const struct serve_rights *rights, const struct serve_claim *claim,
                     const char **why);

#endif
