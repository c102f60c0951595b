/* primary.c - see primary.h. */
#include "cli/feed/primary.h"

#include "base/clock.h"
#include "base/policy.h"
#include "cli/feed/dot.h"
#include "cli/feed/fetchers.h"
#include "redis/tls.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOOK_MS 200      /* between two looks at `stop` */
#define OPEN_US 20000000 /* at most, until an address answers; and until TLS is there */

/* ---- the source ---- */

static const struct {
    const char *begin, *port;
    bool dot;
} schemes[] = {{"rpz:", "53", false}, {"rpz+tls:", "853", true}};

#define SCHEMES (sizeof(schemes) / sizeof(schemes[0]))

static size_t scheme_of(const char *source)
{
    size_t i = 0;
    while (i < SCHEMES && strncmp(source, schemes[i].begin, strlen(schemes[i].begin)) != 0)
        i++;
    return i;
}

bool cli_primary_is_source(const char *source)
{
    return scheme_of(source) < SCHEMES;
}

const char *cli_primary_parse(const char *source, struct cli_primary *p)
{
    size_t scheme = scheme_of(source);
    const char *why, *at = source + (scheme < SCHEMES ? strlen(schemes[scheme].begin) : 0), *end;
    if (scheme == SCHEMES || strncmp(at, "//", 2) != 0)
        return "rpz://PRIMARY[:PORT]/ZONE";
    at += 2;
    bool bracket = at[0] == '[';
    at += bracket;
    end = at + strcspn(at, bracket ? "]" : ":/");
    if (end == at || end - at > 255 || (bracket && *end != ']'))
        return "no host name or address of the primary";
    snprintf(p->host, sizeof(p->host), "%.*s", (int)(end - at), at);
    at = end + bracket;
    snprintf(p->port, sizeof(p->port), "%s", schemes[scheme].port);
    p->dot = schemes[scheme].dot;
    if (*at == ':') {
        size_t digits = strspn(at + 1, "0123456789");
        if (digits == 0 || digits > 5)
            return "a port is a number";
        snprintf(p->port, sizeof(p->port), "%.*s", (int)digits, at + 1);
        at += 1 + digits;
    }
    if (*at != '/')
        return "the name of the zone follows the primary: rpz://PRIMARY/ZONE";
    if (sw_name_parse(at + 1, strlen(at + 1), &p->zone, &why) != SW_OK)
        return why;
    return p->zone.len > 1 ? NULL : "the root is no policy zone";
}

bool cli_tsig_read(struct cli_fetch *fetch, struct cli_tsig *tsig)
{
    const char *path = cli_fetch_option(fetch, "tsig-file");
    char *text = path ? cli_fetch_secret(fetch, path, NULL) : NULL;
    if (!path || !text)
        return !path;
    const char *why = cli_tsig_key(tsig, text);
    explicit_bzero(text, strlen(text));
    free(text);
    if (why)
        cli_fetch_failed(fetch, "%s: %s", path, why);
    return !why;
}

/* ---- waiting ---- */

bool cli_primary_go_on(struct cli_primary *p)
{
    int64_t now = sw_clock_mono_us();
    if (*p->fetch->stop || now >= p->deadline_us) {
        if (!*p->fetch->stop && now < p->whole_us)
            cli_fetch_failed(p->fetch, "%s port %s: no connection in time, address %s", p->host,
                             p->port, p->address);
        else
            cli_fetch_failed(p->fetch, *p->fetch->stop ? "interrupted"
                                                       : "the primary is too slow (--timeout)");
        return false;
    }
    if (now >= p->alive_us) {
        p->fetch->alive(p->fetch->arg);
        p->alive_us = now + 500000;
    }
    return true;
}

static bool await(struct cli_primary *p, short events)
{
    struct pollfd one = {.fd = p->fd, .events = events};
    while (cli_primary_go_on(p))
        if (poll(&one, 1, LOOK_MS) > 0)
            return true;
    return false;
}

static bool failed(struct cli_primary *p)
{
    const char *words = p->tls && errno == EPROTO ? sw_tls_why(p->tls) : strerror(errno);
    cli_fetch_failed(p->fetch, "%s port %s: %s", p->host, p->port, words);
    return false;
}

/* ---- the connection ---- */

/* Connect to one address. */
static bool connect_to(struct cli_primary *p, const struct addrinfo *a)
{
    int error = 0;
    socklen_t len = sizeof(error);
    p->fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (p->fd < 0)
        return failed(p);
    if (connect(p->fd, a->ai_addr, a->ai_addrlen) == 0)
        return true;
    if (errno != EINPROGRESS)
        return failed(p);
    if (!await(p, POLLOUT))
        return false;
    if (getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0)
        return true;
    errno = error;
    return failed(p);
}

void cli_primary_close(struct cli_primary *p)
{
    sw_tls_free(p->tls);
    p->tls = NULL;
    if (p->fd >= 0)
        close(p->fd);
    p->fd = -1;
}

static bool begin_tls(struct cli_primary *p)
{
    char why[SW_WHY_MAX] = "";
    short events = POLLOUT;
    enum sw_status status = SW_ETIMEOUT;
    if (!cli_dot_begin(p->fetch, p->host, p->fd, &p->tls))
        return false;
    while (status == SW_ETIMEOUT) {
        status = sw_tls_handshake(p->tls, &events, why);
        if (status == SW_ETIMEOUT && !await(p, events))
            return false;
    }
    if (status == SW_OK)
        return cli_dot_judge(p->fetch, p->host, p->tls);
    cli_fetch_failed(p->fetch, "%s port %s: TLS: %s", p->host, p->port, why);
    return false;
}

/* The time for one of n steps, of the time of the fetch that is left. */
static void limit_step(struct cli_primary *p, unsigned n)
{
    int64_t now = sw_clock_mono_us(), share = (p->whole_us - now) / n;
    p->deadline_us = now + (share < OPEN_US ? share : OPEN_US);
    if (n == 1 && share <= OPEN_US)
        p->deadline_us = p->whole_us;
}

/* An address that does not answer leaves time for the others. */
static bool open_any(struct cli_primary *p, const struct addrinfo *all)
{
    bool ok = false;
    unsigned left = 0;
    for (const struct addrinfo *a = all; a; a = a->ai_next)
        left++;
    for (const struct addrinfo *a = all; a && !ok && !*p->fetch->stop; a = a->ai_next) {
        cli_primary_close(p);
        limit_step(p, left--);
        if (getnameinfo(a->ai_addr, a->ai_addrlen, p->address, sizeof(p->address), NULL, 0,
                        NI_NUMERICHOST) != 0)
            p->address[0] = '\0';
        ok = connect_to(p, a);
    }
    limit_step(p, 1);
    return ok && (!p->dot || begin_tls(p));
}

bool cli_primary_open(struct cli_primary *p)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *all = NULL;
    int error = getaddrinfo(p->host, p->port, &hints, &all);
    if (!p->whole_us)
        p->whole_us = sw_clock_mono_us() + (int64_t)p->fetch->max_s * 1000000;
    if (error) {
        cli_fetch_failed(p->fetch, "%s: %s", p->host, gai_strerror(error));
        return false;
    }
    bool ok = open_any(p, all);
    p->deadline_us = p->whole_us;
    freeaddrinfo(all);
    return ok;
}

/* After the handshake TLS 1.3 writes for reads only to renew keys, which fits into the socket. */
static bool await_again(struct cli_primary *p, short events)
{
    if (errno == EINTR)
        return cli_primary_go_on(p);
    if (errno != EAGAIN)
        return failed(p);
    return await(p, events);
}

bool cli_primary_write(struct cli_primary *p, const uint8_t *octets, size_t len)
{
    while (len > 0) {
        ssize_t n =
            p->tls ? sw_tls_send(p->tls, octets, len) : send(p->fd, octets, len, MSG_NOSIGNAL);
        if (n < 0 && !await_again(p, POLLOUT))
            return false;
        octets += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

bool cli_primary_read(struct cli_primary *p, uint8_t *octets, size_t len)
{
    while (len > 0) {
        ssize_t n = p->tls ? sw_tls_recv(p->tls, octets, len) : recv(p->fd, octets, len, 0);
        if (n == 0) {
            cli_fetch_failed(p->fetch, "the primary closed the connection before the end");
            return false;
        }
        if (n < 0 && !await_again(p, POLLIN))
            return false;
        octets += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return true;
}
