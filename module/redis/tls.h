/*
 * tls.h - TLS over a non-blocking socket, for the connection to Redis.
 *
 * OpenSSL does TLS. Octets go through socket calls of this file, with MSG_NOSIGNAL, so that no
 * SIGPIPE can occur (libssl would use write()). The server's certificate must be valid and must
 * have the expected name; no setting turns this check off.
 *
 * Threads      a connection belongs to a single thread
 * Security     TLS 1.2 or later; names checked as in RFC 6125, addresses against subjectAltName
 * Errors       a message for people in `why`, SW_WHY_MAX octets
 */
#ifndef SW_REDIS_TLS_H
#define SW_REDIS_TLS_H

#include "base/settings.h"
#include "base/status.h"

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
void sw_tls_free(struct sw_tls *tls); /* NULL is fine; the socket stays open */

/** Continue the handshake. SW_OK: done. SW_ETIMEOUT: poll for *events, then call again. SW_EIO:
 * failed, with a message in why. */
enum sw_status sw_tls_handshake(struct sw_tls *tls, short *events, char *why);

/** As send() and recv(): octets, 0 at the end of the stream, -1 with errno (EAGAIN: poll, and
 * try again; EPROTO: TLS error). */
ssize_t sw_tls_send(struct sw_tls *tls, const void *data, size_t len);
ssize_t sw_tls_recv(struct sw_tls *tls, void *data, size_t len);

#endif
