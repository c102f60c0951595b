/*
 * authority.c - the authoritative server of the differential test.
 *
 *   authority SEED POOL PORT PREFIX ANCHORS
 *
 * Answers on 127.0.0.1, port PORT, for the zones themselves, and on port 53 of PREFIX.11 to
 * PREFIX.18 (PREFIX: three octets, such as 127.53.7) for the zones below cut.example. Writes the
 * signed zone's DNSKEY to the file ANCHORS, prints "ready 1" once listening ("ready 0" where port
 * 53 is not available: then there are no delegated zones), and runs until ended. UDP and TCP, a
 * single thread.
 */
#include "data.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define DNS_PORT 53   /* where resolvers ask the servers of a delegation: RFC 1035 4.2 */
#define QUERY    1024 /* octets: longer queries over TCP end the connection */
#define EVENTS   64
#define BURST    64 /* datagrams read from a socket before the others have their turn */

enum what { UDP, LISTENING, CONNECTION };

/** A socket. */
struct place {
    enum what what;
    enum sw_role role;
    int fd;
    size_t got; /* octets of a query over TCP */
    uint8_t query[QUERY];
};

static struct sw_source source;
static int epoll;

static void die(const char *what)
{
    fprintf(stderr, "authority: %s: %s\n", what, strerror(errno));
    exit(2);
}

static void add_place(enum what what, enum sw_role role, int fd)
{
    struct place *place = calloc(1, sizeof(*place));
    if (!place)
        die("calloc");
    place->what = what;
    place->role = role;
    place->fd = fd;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = place};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        die("epoll_ctl");
}

static int bound(int type, const struct sockaddr_in *at)
{
    int on = 1, room = 4 << 20;
    int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        die("socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, type == SOCK_STREAM ? sizeof(on) : 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
    if (bind(fd, (const struct sockaddr *)at, sizeof(*at)) != 0 ||
        (type == SOCK_STREAM && listen(fd, 128) != 0)) {
        close(fd);
        return -1;
    }
    return fd;
}

/** Listen at an address; false when the address is not available. */
static bool listen_at(enum sw_role role, in_addr_t address, uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    at.sin_addr.s_addr = address;
    int udp = bound(SOCK_DGRAM, &at);
    int tcp = udp < 0 ? -1 : bound(SOCK_STREAM, &at);
    if (tcp < 0) {
        if (udp >= 0)
            close(udp);
        return false;
    }
    add_place(UDP, role, udp);
    add_place(LISTENING, role, tcp);
    return true;
}

static bool listen_for_cuts(void)
{
    for (unsigned role = SW_ROLE_GOOD; role < SW_ROLE_COUNT; role++) {
        uint8_t octets[4] = {source.prefix[0], source.prefix[1], source.prefix[2],
                             (uint8_t)SW_ROLE_OCTET(role)};
        in_addr_t address;
        memcpy(&address, octets, 4);
        if (!listen_at((enum sw_role)role, address, DNS_PORT))
            return false;
    }
    return true;
}

static void answer_udp(const struct place *place)
{
    static uint8_t out[SW_MESSAGE_MAX + 1024];
    uint8_t query[QUERY];
    struct sockaddr_storage from;
    for (int i = 0; i < BURST; i++) {
        socklen_t length = sizeof(from);
        ssize_t n = recvfrom(place->fd, query, sizeof(query), 0, (struct sockaddr *)&from, &length);
        if (n < 0)
            return;
        size_t size = sw_data_answer(&source, place->role, query, (size_t)n, false, out);
        if (size)
            sendto(place->fd, out, size, 0, (const struct sockaddr *)&from, length);
    }
}

static void hang_up(struct place *place)
{
    close(place->fd);
    free(place);
}

/** Answer the query that is there; false: the connection is to be closed. */
static bool answer_tcp(const struct place *place, size_t size)
{
    static uint8_t out[2 + SW_MESSAGE_MAX + 1024];
    size_t n = sw_data_answer(&source, place->role, place->query + 2, size, true, out + 2);
    if (n == 0)
        return false;
    sw_put16(out, (unsigned)n);
    return send(place->fd, out, n + 2, MSG_NOSIGNAL) == (ssize_t)(n + 2);
}

static void read_tcp(struct place *place)
{
    ssize_t n = recv(place->fd, place->query + place->got, QUERY - place->got, 0);
    if (n <= 0) {
        if (n == 0 || errno != EAGAIN)
            hang_up(place);
        return;
    }
    place->got += (size_t)n;
    while (place->got >= 2) {
        size_t size = sw_get16(place->query);
        if (size + 2 > QUERY) {
            hang_up(place);
            return;
        }
        if (place->got < size + 2)
            return;
        if (!answer_tcp(place, size)) {
            hang_up(place);
            return;
        }
        place->got -= size + 2;
        memmove(place->query, place->query + size + 2, place->got);
    }
}

static void serve(struct place *place)
{
    int fd;
    switch (place->what) {
    case UDP:
        answer_udp(place);
        break;
    case LISTENING:
        fd = accept4(place->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            add_place(CONNECTION, place->role, fd);
        break;
    case CONNECTION:
        read_tcp(place);
        break;
    }
}

int main(int argc, char **argv)
{
    static struct sw_world world;
    static struct sw_key key;
    if (argc != 6 || sscanf(argv[4], "%hhu.%hhu.%hhu", &source.prefix[0], &source.prefix[1],
                            &source.prefix[2]) != 3) {
        fputs("authority SEED POOL PORT PREFIX ANCHORS\n", stderr);
        return 2;
    }
    world.seed = strtoull(argv[1], NULL, 10);
    world.pool = (unsigned)atoi(argv[2]);
    sw_key_make(world.seed, (uint32_t)time(NULL), &key);
    source.world = &world;
    source.key = &key;
    if (!sw_key_write(&key, argv[5]))
        die(argv[5]);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0 || !listen_at(SW_ROLE_MAIN, htonl(INADDR_LOOPBACK), (uint16_t)atoi(argv[3])))
        die("listen");
    world.cuts = listen_for_cuts();
    printf("ready %d\n", world.cuts);
    fflush(stdout);
    for (;;) {
        struct epoll_event events[EVENTS];
        int n = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < n; i++)
            serve(events[i].data.ptr);
    }
}
