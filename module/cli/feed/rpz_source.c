/*
 * rpz_source.c - the fetcher for rpz://PRIMARY[:PORT]/ZONE: a policy zone by AXFR, then by IXFR.
 *
 * A fetch opens a TCP connection, asks for what changed since the serial of the last fetch, and
 * hands the records on as zone text: whole, or what left and what came. A notice (NOTIFY) of the
 * primary for the zone of a feed makes the feed due at once; notices of other addresses are not
 * answered.
 *
 * Security     a notice only leads to a question, so it needs no signature
 * Standards    RFC 5936, RFC 1995, RFC 1996, RFC 8945
 * Decision     D-178
 */
#include "base/clock.h"
#include "cli/feed/fetchers.h"
#include "cli/feed/transfer.h"
#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define MESSAGE_MAX   65535
#define BUFFER_MAX    32768
#define LOOK_MS       200    /* between two looks at `stop` */
#define NOTICES_MAX   64     /* datagrams taken at a time */
#define NOTICES_US    500000 /* the same: looking up a primary's name may take long */
#define OPCODE        0x7800
#define OPCODE_NOTIFY 0x2000 /* RFC 1996 3.2 */

struct source {
    struct cli_fetch *fetch;
    struct cli_transfer transfer;
    char host[256], port[8];
    int fd;
    int64_t deadline_us, alive_us;
    uint64_t octets;         /* of messages and of text */
    char buffer[BUFFER_MAX]; /* text of a whole zone that is not handed on yet */
    size_t len;
    enum cli_part part;
    struct cli_held {
        struct cli_held *next;
        enum cli_part part;
        char *text;
        size_t len, room;
    } * first, *last; /* parts of an IXFR, until its end has come */
    uint64_t lines;   /* of these */
    bool too_many;
    uint8_t message[MESSAGE_MAX];
};

/* ---- the source ---- */

/* "rpz://[2001:db8::1]:5353/zone.example" in parts. NULL, or the reason why it is none. */
static const char *split(const char *text, char host[256], char port[8], struct sw_name *zone)
{
    const char *why, *at = text + strlen("rpz:"), *end;
    if (strncmp(at, "//", 2) != 0)
        return "rpz://PRIMARY[:PORT]/ZONE";
    at += 2;
    bool bracket = at[0] == '[';
    at += bracket;
    end = at + strcspn(at, bracket ? "]" : ":/");
    if (end == at || end - at > 255 || (bracket && *end != ']'))
        return "no host name or address of the primary";
    snprintf(host, 256, "%.*s", (int)(end - at), at);
    at = end + bracket;
    snprintf(port, 8, "53");
    if (*at == ':') {
        size_t digits = strspn(at + 1, "0123456789");
        if (digits == 0 || digits > 5)
            return "a port is a number";
        snprintf(port, 8, "%.*s", (int)digits, at + 1);
        at += 1 + digits;
    }
    if (*at != '/')
        return "the name of the zone follows the primary: rpz://PRIMARY/ZONE";
    if (sw_name_parse(at + 1, strlen(at + 1), zone, &why) != SW_OK)
        return why;
    return zone->len > 1 ? NULL : "the root is no policy zone";
}

static bool read_key(struct cli_fetch *fetch, struct cli_tsig *tsig)
{
    const char *path = cli_fetch_option(fetch, "tsig-file");
    char *text = path ? cli_fetch_secret(fetch, path) : NULL;
    if (!path || !text)
        return !path;
    const char *why = cli_tsig_key(tsig, text);
    explicit_bzero(text, strlen(text));
    free(text);
    if (why)
        cli_fetch_failed(fetch, "%s: %s", path, why);
    return !why;
}

static bool judge(struct cli_fetch *fetch)
{
    char host[256], port[8];
    struct sw_name zone;
    const char *why = split(fetch->source, host, port, &zone);
    if (why)
        cli_fetch_failed(fetch, "%s", why);
    return !why;
}

/* ---- the connection ---- */

/* Whether the fetch may go on; keeps the lease. false: the reason is kept. */
static bool go_on(struct source *s)
{
    int64_t now = sw_clock_mono_us();
    if (*s->fetch->stop || now >= s->deadline_us) {
        cli_fetch_failed(s->fetch,
                         *s->fetch->stop ? "interrupted" : "the primary is too slow (--timeout)");
        return false;
    }
    if (now >= s->alive_us) {
        s->fetch->alive(s->fetch->arg);
        s->alive_us = now + 500000;
    }
    return true;
}

/* Wait for an event, a piece at a time. false: the reason is kept. */
static bool await(struct source *s, short events)
{
    struct pollfd p = {.fd = s->fd, .events = events};
    while (go_on(s))
        if (poll(&p, 1, LOOK_MS) > 0)
            return true;
    return false;
}

static bool failed(struct source *s)
{
    cli_fetch_failed(s->fetch, "%s port %s: %s", s->host, s->port, strerror(errno));
    return false;
}

/* Connect to one address. */
static bool connect_to(struct source *s, const struct addrinfo *a)
{
    int error = 0;
    socklen_t len = sizeof(error);
    s->fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->fd < 0)
        return failed(s);
    if (connect(s->fd, a->ai_addr, a->ai_addrlen) == 0)
        return true;
    if (errno != EINPROGRESS)
        return failed(s);
    if (!await(s, POLLOUT))
        return false;
    if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0)
        return true;
    errno = error;
    return failed(s);
}

static void disconnect(struct source *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

static bool open_connection(struct source *s)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *all = NULL;
    int error = getaddrinfo(s->host, s->port, &hints, &all);
    bool ok = false;
    if (error)
        cli_fetch_failed(s->fetch, "%s: %s", s->host, gai_strerror(error));
    for (const struct addrinfo *a = all; a && !ok; a = a->ai_next) {
        disconnect(s);
        ok = connect_to(s, a);
    }
    if (all)
        freeaddrinfo(all);
    return ok;
}

static bool write_all(struct source *s, const uint8_t *p, size_t len)
{
    while (len > 0) {
        ssize_t n = send(s->fd, p, len, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return failed(s);
        if (n < 0 && !await(s, POLLOUT))
            return false;
        p += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

static bool read_all(struct source *s, uint8_t *p, size_t len)
{
    while (len > 0) {
        ssize_t n = recv(s->fd, p, len, 0);
        if (n == 0) {
            cli_fetch_failed(s->fetch, "the primary closed the connection before the end");
            return false;
        }
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return failed(s);
        if (n < 0 && !await(s, POLLIN))
            return false;
        p += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

/* ---- text ---- */

static bool count(struct source *s, size_t octets)
{
    s->octets += octets;
    if (s->octets <= s->fetch->max_octets)
        return true;
    cli_fetch_failed(s->fetch, "more than %ju octets (--max-size)",
                     (uintmax_t)s->fetch->max_octets);
    return false;
}

static bool flush(struct source *s)
{
    size_t len = s->len;
    s->len = 0;
    return len == 0 || s->fetch->octets(s->fetch->arg, s->buffer, len);
}

/* Parts of an IXFR are held: the whole zone may have to be asked for instead. */
static bool on_part(void *arg, enum cli_part part)
{
    struct source *s = arg;
    s->part = part;
    if (part == CLI_PART_WHOLE)
        return s->fetch->document(s->fetch->arg, CLI_DOCUMENT_WHOLE, s->fetch->source);
    struct cli_held *held = cli_alloc(1, sizeof(*held));
    held->part = part;
    *(s->last ? &s->last->next : &s->first) = held;
    s->last = held;
    return true;
}

static bool hold(struct source *s, const char *text, size_t len)
{
    struct cli_held *held = s->last;
    s->too_many = ++s->lines > CLI_FETCH_CHANGES_MAX;
    if (held->len + len > held->room) {
        held->room = 2 * (held->len + len);
        held->text = cli_grow(held->text, held->room, 1);
    }
    memcpy(held->text + held->len, text, len);
    held->len += len;
    return !s->too_many;
}

static bool on_line(void *arg, const char *text, size_t len)
{
    struct source *s = arg;
    if (!count(s, len))
        return false;
    if (s->part != CLI_PART_WHOLE)
        return hold(s, text, len);
    if (s->len + len > sizeof(s->buffer) && !flush(s))
        return false;
    memcpy(s->buffer + s->len, text, len);
    s->len += len;
    return true;
}

static bool give_held(struct source *s)
{
    const struct cli_fetch *f = s->fetch;
    for (const struct cli_held *h = s->first; h; h = h->next) {
        enum cli_document meaning =
            h->part == CLI_PART_REMOVE ? CLI_DOCUMENT_REMOVE : CLI_DOCUMENT_ADD;
        if (!f->document(f->arg, meaning, f->source) || !f->octets(f->arg, h->text, h->len))
            return false;
    }
    return true;
}

static void forget_held(struct source *s)
{
    for (struct cli_held *h = s->first, *next; h; h = next) {
        next = h->next;
        free(h->text);
        free(h);
    }
    s->first = s->last = NULL;
}

/* ---- a fetch ---- */

/* Ask, and take messages until the transfer is over. */
static enum cli_transferred run(struct source *s)
{
    struct cli_transfer *t = &s->transfer;
    enum cli_transferred result = CLI_TRANSFER_MORE;
    uint8_t head[2];
    if (getrandom(&t->id, sizeof(t->id), 0) != sizeof(t->id) || !open_connection(s))
        return CLI_TRANSFER_REFUSED;
    size_t len = cli_transfer_ask(t, s->message + 2, sw_clock_wall_us() / 1000000);
    cli_put16(s->message, (unsigned)len);
    if (!write_all(s, s->message, len + 2))
        return CLI_TRANSFER_REFUSED;
    while (result == CLI_TRANSFER_MORE) {
        /* Of a primary that is faster than we are, no read ever waits. */
        if (!go_on(s) || !read_all(s, head, sizeof(head)) ||
            !read_all(s, s->message, cli_get16(head)) || !count(s, cli_get16(head)))
            return CLI_TRANSFER_REFUSED;
        result = cli_transfer_message(t, s->message, cli_get16(head), sw_clock_wall_us() / 1000000);
    }
    if (result == CLI_TRANSFER_REFUSED && !t->stopped)
        cli_fetch_failed(s->fetch, "%s", t->why);
    return t->stopped && s->too_many ? CLI_TRANSFER_AGAIN : result;
}

/* By IXFR where a serial is known, whole where that is not possible. */
static enum cli_fetched fetch_zone(struct source *s)
{
    struct cli_transfer *t = &s->transfer;
    enum cli_transferred result = run(s);
    if (result == CLI_TRANSFER_AGAIN) {
        disconnect(s);
        forget_held(s);
        s->too_many = false;
        s->octets = 0;
        t->whole = true;
        result = run(s);
    }
    if (result == CLI_TRANSFER_AGAIN)
        return cli_fetch_failed(s->fetch, "the primary gives neither changes nor the whole zone");
    if (result == CLI_TRANSFER_REFUSED || !flush(s) || !give_held(s))
        return CLI_FETCH_FAILED;
    s->fetch->next =
        json_pack("{s:I,s:i}", "serial", (json_int_t)t->newest, "triggers", (int)t->triggers);
    if (result == CLI_TRANSFER_UNCHANGED)
        return CLI_FETCH_UNCHANGED;
    return s->part == CLI_PART_WHOLE ? CLI_FETCH_WHOLE : CLI_FETCH_CHANGES;
}

static enum cli_fetched fetch(struct cli_fetch *fetch)
{
    struct source *s = cli_alloc(1, sizeof(*s));
    const json_t *serial = json_object_get(fetch->state, "serial");
    const json_t *triggers = json_object_get(fetch->state, "triggers");
    struct cli_transfer *t = &s->transfer;
    enum cli_fetched result = CLI_FETCH_FAILED;
    s->fetch = fetch;
    s->fd = -1;
    s->deadline_us = sw_clock_mono_us() + (int64_t)fetch->max_s * 1000000;
    t->arg = s;
    t->part = on_part;
    t->line = on_line;
    t->have = json_is_integer(serial) && json_is_integer(triggers);
    t->serial = (uint32_t)json_integer_value(serial);
    t->triggers = (unsigned)json_integer_value(triggers);
    const char *why = split(fetch->source, s->host, s->port, &t->zone);
    if (why)
        cli_fetch_failed(fetch, "%s", why);
    else if (read_key(fetch, &t->tsig))
        result = fetch_zone(s);
    disconnect(s);
    forget_held(s);
    cli_tsig_free(&t->tsig);
    free(s);
    return result;
}

/* ---- notices ---- */

static int listen_at(const char *at, char *why)
{
    char host[256], port[8];
    const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM,
                                   .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
    struct addrinfo *all = NULL;
    const char *colon = strrchr(at, ':');
    bool bracket = at[0] == '[' && colon > at + 1 && colon[-1] == ']';
    int fd = -1;
    if (!colon || colon - at > 255 || strlen(colon + 1) > 5) {
        snprintf(why, CLI_FETCH_WHY_MAX, "ADDRESS:PORT");
        return -1;
    }
    snprintf(host, sizeof(host), "%.*s", (int)(colon - at - 2 * bracket), at + bracket);
    snprintf(port, sizeof(port), "%s", colon + 1);
    int error = getaddrinfo(host, port, &hints, &all);
    if (!error)
        fd = socket(all->ai_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (error || fd < 0 || bind(fd, all->ai_addr, all->ai_addrlen) != 0) {
        snprintf(why, CLI_FETCH_WHY_MAX, "%s", error ? gai_strerror(error) : strerror(errno));
        if (fd >= 0)
            close(fd);
        fd = -1;
    }
    if (all)
        freeaddrinfo(all);
    return fd;
}

/* Whether a notice comes from an address of the primary. */
static bool is_primary(const char *host, const struct sockaddr_storage *from)
{
    /* A socket of IPv6 may show IPv4 senders as ::ffff:192.0.2.1. */
    const struct addrinfo hints = {
        .ai_family = from->ss_family, .ai_socktype = SOCK_DGRAM, .ai_flags = AI_V4MAPPED | AI_ALL};
    struct addrinfo *all = NULL;
    bool same = false;
    if (getaddrinfo(host, NULL, &hints, &all) != 0)
        return false;
    for (const struct addrinfo *a = all; a && !same; a = a->ai_next) {
        const struct sockaddr_in *four = (const void *)from, *a4 = (const void *)a->ai_addr;
        const struct sockaddr_in6 *six = (const void *)from, *a6 = (const void *)a->ai_addr;
        same = from->ss_family == AF_INET
                   ? four->sin_addr.s_addr == a4->sin_addr.s_addr
                   : memcmp(&six->sin6_addr, &a6->sin6_addr, sizeof(six->sin6_addr)) == 0;
    }
    freeaddrinfo(all);
    return same;
}

/* Tell of the feeds that a notice is about; false: of none. */
static bool tell(const struct sw_name *zone, const struct sockaddr_storage *from,
                 const json_t *feeds, void (*due)(void *arg, const char *name), void *arg)
{
    const char *name;
    json_t *feed;
    bool any = false;
    json_object_foreach((json_t *)(uintptr_t)feeds, name, feed)
    {
        const char *source = json_string_value(json_object_get(feed, "source"));
        char host[256], port[8];
        struct sw_name own;
        if (!source || strncmp(source, "rpz:", 4) != 0 || split(source, host, port, &own) ||
            !sw_name_equal(own.wire, zone->wire) || !is_primary(host, from))
            continue;
        due(arg, name);
        any = true;
    }
    return any;
}

static void ready(int fd, const json_t *feeds, void (*due)(void *arg, const char *name), void *arg)
{
    uint8_t wire[4096];
    struct cli_message m;
    struct sw_name zone;
    uint16_t type;
    int64_t end_us = sw_clock_mono_us() + NOTICES_US;
    for (int i = 0; i < NOTICES_MAX && sw_clock_mono_us() < end_us; i++) {
        struct sockaddr_storage from = {0};
        socklen_t from_len = sizeof(from);
        ssize_t len = recvfrom(fd, wire, sizeof(wire), 0, (struct sockaddr *)&from, &from_len);
        if (len < 0 && errno != EINTR)
            return;
        if (len < 0 || !cli_message_begin(&m, wire, (size_t)len) || m.flags & 0x8000 ||
            (m.flags & OPCODE) != OPCODE_NOTIFY || !cli_message_question(&m, &zone, &type) ||
            type != CLI_DNS_SOA || !tell(&zone, &from, feeds, due, arg))
            continue;
        cli_put16(wire + 2, 0x8400 | OPCODE_NOTIFY); /* an authoritative answer (RFC 1996 4.7) */
        memset(wire + 6, 0, 6);
        (void)sendto(fd, wire, m.at, MSG_DONTWAIT, (struct sockaddr *)&from, from_len);
    }
}

static const char *const schemes[] = {"rpz", NULL};
static const char *const options[] = {"tsig-file", "max-size", "timeout", NULL};

const struct cli_fetcher cli_fetcher_rpz = {
    .schemes = schemes,
    .options = options,
    .judge = judge,
    .fetch = fetch,
    .listen = listen_at,
    .ready = ready,
};
