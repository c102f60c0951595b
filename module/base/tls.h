/*
 * tls.h - TLS over a socket that never blocks, for the connection to Redis.
 *
 * OpenSSL does TLS; octets go through our own socket calls, so that no SIGPIPE can come (libssl
 * would use write()). The certificate has to be valid and to name the server: there is no way to
 * turn that off.
 *
 * Threads      one thread uses a connection
 * Security     TLS 1.2 or later; names checked as in RFC 6125, addresses against subjectAltName
 * Errors       words for people in `why`, SW_WHY_MAX octets
 */
#ifndef SW_BASE_TLS_H
#define SW_BASE_TLS_H

#include "base/settings.h"
#include "base/status.h"

#include <stddef.h>
#include <sys/types.h>

struct sw_tls;

/**
 * TLS over a connected socket, which stays the caller's.
 *
 * host  what the certificate has to name: redis-tls-name if that is set, else this
 * SW_OK; SW_EIO: a file of the settings cannot be used; SW_ENOMEM.
 */
enum sw_status sw_tls_new(const struct sw_settings *settings, const char *host, int fd,
                          struct sw_tls **out, char *why);
void sw_tls_free(struct sw_tls *tls); /* NULL is fine; the socket stays open */

/** Go on with the handshake. SW_OK: done. SW_ETIMEOUT: poll for *events, then call again.
 * SW_EIO: refused, with why. */
enum sw_status sw_tls_handshake(struct sw_tls *tls, short *events, char *why);

/** As send() and recv(): octets, 0 at the end of the stream, -1 with errno (EAGAIN: poll, and
 * try again; EPROTO: TLS went wrong). */
ssize_t sw_tls_send(struct sw_tls *tls, const void *data, size_t len);
ssize_t sw_tls_recv(struct sw_tls *tls, void *data, size_t len);

#endif
