/*
 * dot.h - TLS to the primary of a policy zone (XoT).
 *
 * A connection, step by step: cli_dot_begin() over the connected socket -> sw_tls_handshake() until
 * it is done -> cli_dot_judge() -> sw_tls_send() and sw_tls_recv(). The certificate of the primary
 * is valid and has the name of the primary (or that of --tls-name), or its key is that of
 * --tls-pin.
 *
 * Threads      one
 * Errors       a false result: the reason is kept in the fetch
 * Security     nothing is sent before cli_dot_judge() is true
 * Standards    RFC 9103 7.1 and 7.2 (TLS 1.3, ALPN "dot"), RFC 7858 4.2 (pins)
 * Decision     D-167
 */
#ifndef SW_CLI_FEED_DOT_H
#define SW_CLI_FEED_DOT_H

#include "cli/feed/fetch.h"

struct sw_tls;

/** Judge --tls-pin and the pair --cert-file and --key-file, without opening files. */
bool cli_dot_judge_options(struct cli_fetch *fetch);

/** A session over a connected socket, which the caller keeps. host: of the source. */
bool cli_dot_begin(struct cli_fetch *fetch, const char *host, int fd, struct sw_tls **out);

/** Whether the handshake led to DNS over TLS and, with --tls-pin, to the right key. */
bool cli_dot_judge(struct cli_fetch *fetch, const char *host, const struct sw_tls *tls);

#endif
