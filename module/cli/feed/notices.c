/* notices.c - see notices.h. */
#include "cli/feed/notices.h"

#include "base/clock.h"
#include "cli/feed/fetchers.h"
#include "cli/feed/primary.h"
#include "cli/feed/tsig.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DATAGRAM_MAX  4096
#define NOTICES_MAX   64     /* datagrams taken at a time */
#define NOTICES_US    500000 /* the same: looking up a primary's name may take long */
#define OPCODE        0x7800
#define OPCODE_NOTIFY 0x2000 /* RFC 1996 3.2 */

struct notice {
    uint8_t wire[DATAGRAM_MAX];
    size_t len;
    struct sockaddr_storage from;
    socklen_t from_len;
    struct sw_name zone;
    size_t question_end;  /* in wire */
    struct cli_tsig tsig; /* the key of a signed notice that was accepted */
};

int cli_notices_listen(const char *at, char *why)
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

/* Whether a notice that is signed is signed by the key of the feed. An unsigned notice is good: it
 * only leads to a question, which is signed (D-178). */
static bool has_right_signature(struct notice *n, struct cli_fetch *fetch)
{
    struct cli_tsig tsig = {0};
    if (!cli_tsig_is_signed(n->wire, n->len))
        return true;
    bool good = cli_tsig_read(fetch, &tsig) && tsig.on;
    if (good) {
        cli_tsig_expect_question(&tsig);
        good = !cli_tsig_check(&tsig, n->wire, n->len, sw_clock_wall_us() / 1000000);
    }
    if (!good) {
        cli_tsig_free(&tsig);
        return false;
    }
    cli_tsig_free(&n->tsig);
    n->tsig = tsig;
    return true;
}

static bool is_about(struct notice *n, struct cli_fetch *fetch)
{
    struct cli_primary primary;
    return fetch->source && cli_primary_is_source(fetch->source) &&
           !cli_primary_parse(fetch->source, &primary) &&
           sw_name_equal(primary.zone.wire, n->zone.wire) && is_primary(primary.host, &n->from) &&
           has_right_signature(n, fetch);
}

/* Tell of the feeds that a notice is about; false: of none. */
static bool tell(struct notice *n, const struct cli_notified *to)
{
    const char *name;
    json_t *feed;
    bool any = false;
    json_object_foreach((json_t *)(uintptr_t)to->feeds, name, feed)
    {
        struct cli_fetch fetch = {
            .source = json_string_value(json_object_get(feed, "source")),
            .options = json_object_get(feed, "options"),
            .files = to->files,
        };
        if (!is_about(n, &fetch))
            continue;
        to->due(to->arg, name);
        any = true;
    }
    return any;
}

/* Whether a datagram is a notice for a zone. */
static bool parse(struct notice *n)
{
    struct cli_message m;
    uint16_t type;
    if (!cli_message_begin(&m, n->wire, n->len) || m.flags & 0x8000 ||
        (m.flags & OPCODE) != OPCODE_NOTIFY || !cli_message_question(&m, &n->zone, &type))
        return false;
    n->question_end = m.at;
    return type == CLI_DNS_SOA;
}

/* An authoritative answer (RFC 1996 4.7), signed as the notice was. */
static void answer(int fd, struct notice *n)
{
    size_t len = n->question_end;
    cli_put16(n->wire + 2, 0x8400 | OPCODE_NOTIFY);
    memset(n->wire + 6, 0, 6);
    len = cli_tsig_sign_answer(&n->tsig, n->wire, len, sw_clock_wall_us() / 1000000);
    (void)sendto(fd, n->wire, len, MSG_DONTWAIT, (struct sockaddr *)&n->from, n->from_len);
}

void cli_notices_ready(int fd, const struct cli_notified *to)
{
    int64_t end_us = sw_clock_mono_us() + NOTICES_US;
    struct notice n = {0};
    for (int i = 0; i < NOTICES_MAX && sw_clock_mono_us() < end_us; i++) {
        n.from_len = sizeof(n.from);
        ssize_t len =
            recvfrom(fd, n.wire, sizeof(n.wire), 0, (struct sockaddr *)&n.from, &n.from_len);
        if (len < 0 && errno != EINTR)
            return;
        n.len = len > 0 ? (size_t)len : 0;
        if (parse(&n) && tell(&n, to))
            answer(fd, &n);
        cli_tsig_free(&n.tsig);
    }
}
