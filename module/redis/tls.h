/*
 * tls.h - TLS over a non-blocking socket, for connections to Redis and to the primaries of feeds.
 *
 * OpenSSL does TLS. Octets go through socket calls of this file, with MSG_NOSIGNAL, so that no
 * SIGPIPE can occur (libssl would use write()). The certificate of Redis must be valid and must
 * have the expected name; no setting turns this check off. For a primary the context says what is
 * checked (cli/feed/dot.c).
 *
 * Threads      a connection belongs to a single thread
 * Security     TLS 1.2 or later; names checked as in RFC 6125, addresses against subjectAltName
 * Errors       a message for people in `why`, SW_WHY_MAX octets
 */
#ifndef SW_REDIS_TLS_H
#define SW_REDIS_TLS_H

#include "base/settings.h"
#include "base/status.h"

#include <openssl/types.h>
#include <stddef.h>
#include <sys/types.h>

struct sw_tls;

/**
 * Set up TLS over a connected socket; the caller keeps the socket and closes fd.
 *
 * host  expected name or address in the certificate, unless redis-tls-name is set
 * SW_OK; SW_EIO: a certificate or key file of the settings cannot be used; SW_ENOMEM.
 */
enum sw_status sw_tls_new(const struct sw_settings *settings, const char *host, int fd,
                          struct sw_tls **out, char *why);

/** The same with a context of the caller's, which belongs to *out afterwards, and is freed on
 * failure. name: expected name or address, if the context verifies. SW_OK; SW_ENOMEM. */
enum sw_status sw_tls_over(SSL_CTX *context, const char *name, int fd, struct sw_tls **out);

/** The session, for questions about the certificate and ALPN after the handshake. Borrowed. */
SSL *sw_tls_session(const struct sw_tls *tls);

void sw_tls_free(struct sw_tls *tls); /* NULL is fine; the socket stays open */

/** Continue the handshake. SW_OK: done. SW_ETIMEOUT: poll for *events, then call again. SW_EIO:
 * failed, with a message in why. */
enum sw_status sw_tls_handshake(struct sw_tls *tls, short *events, char *why);

/** As send() and recv(): octets, 0 at the end of the stream, -1 with errno (EAGAIN: poll, and
 * try again; EPROTO: TLS error). */
ssize_t sw_tls_send(struct sw_tls *tls, const void *data, size_t len);
ssize_t sw_tls_recv(struct sw_tls *tls, void *data, size_t len);

/** OpenSSL's words for the last EPROTO of these two, such as an alert of the other side. Borrowed;
 * valid until the next call. */
const char *sw_tls_why(const struct sw_tls *tls);

#endif
