/*
 * server.h - a server by host and port, as written in settings and in replies of Redis.
 *
 * Threads      pure functions
 * Memory       fixed size, nothing allocated
 */
#ifndef SW_BASE_SERVER_H
#define SW_BASE_SERVER_H

#include "base/status.h"

#include <stdint.h>

#define SW_SERVER_HOST_MAX 128 /* octets with the NUL; longer than any host name that resolves */

struct sw_server {
    char host[SW_SERVER_HOST_MAX]; /* name or address; "": no server */
    uint16_t port;
};

/** Parse "192.0.2.1:6379", "[2001:db8::1]:6379", "host:6379". SW_OK; SW_ESYNTAX: *out is
 * unchanged. */
enum sw_status sw_server_parse(const char *text, struct sw_server *out);

#endif
