/*
 * client.c - the client of the differential test: asks two resolvers the same questions.
 *
 *   client SEED POOL PORT PORT TRUTH WINDOW FLAGS PATIENCE
 *
 * Reads lines "FIRST COUNT" from standard input, and sends questions FIRST .. FIRST+COUNT-1 of the
 * seed (world.h) to 127.0.0.1, both ports at once, WINDOW questions under way at a time. FLAGS: c,
 * delegated zones exist; k, other classes than IN are asked for; r, every question has RD; h, HEX
 * always; -, nothing.
 *
 * Prints a line of words for each question: INDEX TURN NAME TYPE CLASS FLAGS SAME RCODE TRUTH
 * ALIASES ADDRESSES HEX HEX MS.
 *   TURN       0, or 1 for the same question asked again at once
 *   FLAGS      letters: TCP t, CD c, DO d, no EDNS o, no RD n; or "-"
 *   SAME       whether the two answers are the same: 1 or 0
 *   RCODE      of the first resolver's answer; "-": no answer
 *   TRUTH      rcode of the true answer, which is the first resolver's; where that is truncated or
 *              a failure a third resolver is asked, on port TRUTH, over TCP and without validation
 *              (CD)
 *   ALIASES .. items in the true answer that lists can match (compare.h)
 *   HEX        the two answers where different (with flag h: always); "-" for a missing answer
 *   MS         milliseconds until both were there
 * A question waits for PATIENCE seconds more once any answer is there, and for 8 seconds in all.
 */
#include "compare.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WINDOW_MAX 256
#define SIDES      3 /* two compared resolvers, and a third for the truth */
#define TRUTH      2
#define ALTOGETHER 8.0 /* seconds */
#define SLACK      3   /* seconds between two TTLs: answers that came at the same time */
#define SERVFAIL   2
#define FLAG_TC    0x02 /* third octet: RFC 1035 4.1.1 */
#define FLAG_RD    0x01
#define FLAG_AD    0x20 /* fourth octet */
#define FLAG_CD    0x10

struct side {
    int fd; /* -1: not open */
    bool tcp, waiting;
    size_t got;  /* octets received; over TCP with the two of the length */
    size_t size; /* of the answer in in + 2; 0: none */
    uint8_t in[2 + 65535];
};

struct slot {
    bool busy;
    uint64_t index;
    unsigned turn;
    struct sw_ask ask;
    uint16_t id;
    double since, first; /* the time of sending; when the first answer came, 0: not yet */
    struct side side[SIDES];
};

static struct sw_world world;
static struct sockaddr_in servers[SIDES];
static unsigned window;
static bool recursing, telling;
static double patience;
static struct slot slots[WINDOW_MAX];
static uint64_t next_index, left;

static void die(const char *what)
{
    fprintf(stderr, "client: %s: %s\n", what, strerror(errno));
    exit(2);
}

static double now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/** Two octets for the length, then the query; returns the query's size. */
static size_t compose(const struct slot *s, bool truth, uint8_t *out)
{
    const struct sw_ask *ask = &s->ask;
    uint8_t *at = out + 2;
    memset(at, 0, 12);
    at[0] = (uint8_t)(s->id >> 8);
    at[1] = (uint8_t)s->id;
    at[2] = ask->rd ? FLAG_RD : 0;
    at[3] = (uint8_t)((ask->ad ? FLAG_AD : 0) | (ask->cd || truth ? FLAG_CD : 0));
    at[5] = 1;
    at[11] = ask->edns ? 1 : 0;
    memcpy(at + 12, ask->name.wire, ask->name.size);
    size_t n = 12 + ask->name.size;
    const uint8_t tail[4] = {(uint8_t)(ask->type >> 8), (uint8_t)ask->type,
                             (uint8_t)(ask->class >> 8), (uint8_t)ask->class};
    memcpy(at + n, tail, 4);
    n += 4;
    if (ask->edns) {
        const uint8_t opt[11] = {0,
                                 0,
                                 SW_OPT,
                                 (uint8_t)(ask->edns >> 8),
                                 (uint8_t)ask->edns,
                                 0,
                                 0,
                                 ask->dnssec_ok ? 0x80 : 0,
                                 0,
                                 0,
                                 0};
        memcpy(at + n, opt, 11);
        n += 11;
    }
    out[0] = (uint8_t)(n >> 8);
    out[1] = (uint8_t)n;
    return n;
}

static void close_side(struct side *side)
{
    if (side->fd >= 0)
        close(side->fd);
    side->fd = -1;
}

static void open_side(struct side *side, const struct sockaddr_in *server, bool tcp)
{
    if (side->fd >= 0 && (tcp || side->tcp))
        close_side(side);
    side->tcp = tcp;
    if (side->fd >= 0)
        return;
    side->fd = socket(AF_INET, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
    if (side->fd < 0)
        die("socket");
    if (connect(side->fd, (const struct sockaddr *)server, sizeof(*server)) != 0)
        close_side(side);
}

static void send_side(struct slot *s, unsigned i, bool tcp)
{
    uint8_t out[512];
    struct side *side = &s->side[i];
    size_t n = compose(s, i == TRUTH, out);
    open_side(side, &servers[i], tcp);
    side->got = side->size = 0;
    side->waiting = side->fd >= 0;
    if (side->waiting && send(side->fd, tcp ? out : out + 2, tcp ? n + 2 : n, MSG_NOSIGNAL) < 0)
        side->waiting = false;
}

static void ask_slot(struct slot *s)
{
    s->id = (uint16_t)sw_hash(s->index, &s->turn, sizeof(s->turn));
    s->since = now();
    s->first = 0;
    s->side[TRUTH].waiting = false;
    s->side[TRUTH].size = 0;
    for (unsigned i = 0; i < 2; i++)
        send_side(s, i, s->ask.tcp);
}

static void receive(struct slot *s, struct side *side)
{
    if (!side->tcp) {
        ssize_t n = recv(side->fd, side->in + 2, 65535, MSG_DONTWAIT);
        if (n < 2 || side->in[2] != s->id >> 8 || side->in[3] != (s->id & 255))
            return; /* late, of another question; or refused by the port */
        side->size = (size_t)n;
    } else {
        ssize_t n =
            recv(side->fd, side->in + side->got, sizeof(side->in) - side->got, MSG_DONTWAIT);
        if (n < 0 && errno == EAGAIN)
            return;
        side->got += n > 0 ? (size_t)n : 0;
        size_t wanted = side->got >= 2 ? (size_t)side->in[0] << 8 | side->in[1] : 65536;
        if (n > 0 && side->got < wanted + 2)
            return;
        side->size = n > 0 ? wanted : 0;
        close_side(side);
    }
    side->waiting = false;
    if (s->first == 0)
        s->first = now();
}

static void print_hex(const struct side *side)
{
    if (side->size == 0)
        fputs(" -", stdout);
    else
        putchar(' ');
    for (size_t i = 0; i < side->size; i++)
        printf("%02x", side->in[2 + i]);
}

static void print_flags(const struct sw_ask *ask)
{
    char flags[8];
    int n = 0;
    if (ask->tcp)
        flags[n++] = 't';
    if (ask->cd)
        flags[n++] = 'c';
    if (ask->dnssec_ok)
        flags[n++] = 'd';
    if (!ask->edns)
        flags[n++] = 'o';
    if (!ask->rd)
        flags[n++] = 'n';
    flags[n] = '\0';
    printf(" %s", n ? flags : "-");
}

static void print_rcode(const struct side *side)
{
    if (side->size > 3)
        printf(" %d", side->in[2 + 3] & 15);
    else
        fputs(" -", stdout);
}

static void print_truth(const struct slot *s)
{
    static struct sw_reply reply;
    static char text[90000];
    const struct side *side = s->side[TRUTH].size ? &s->side[TRUTH] : &s->side[0];
    sw_reply_read(side->in + 2, side->size, &reply);
    sw_reply_say(&reply, text, sizeof(text));
    print_rcode(&s->side[0]);
    print_rcode(side);
    printf(" %s", text);
}

static void print_slot(const struct slot *s, bool same)
{
    char name[1100];
    sw_reply_name(s->ask.name.wire, name, sizeof(name));
    printf("%llu %u %s %u %u", (unsigned long long)s->index, s->turn, *name ? name : ".",
           s->ask.type, s->ask.class);
    print_flags(&s->ask);
    printf(" %d", same);
    print_truth(s);
    for (unsigned i = 0; i < 2; i++)
        if (same && !telling)
            fputs(" -", stdout);
        else
            print_hex(&s->side[i]);
    printf(" %.0f\n", (now() - s->since) * 1e3);
}

static void finish(struct slot *s)
{
    const struct side *a = &s->side[0], *b = &s->side[1];
    bool same = a->size == 0 || b->size == 0
                    ? a->size == b->size
                    : sw_reply_same(a->in + 2, a->size, b->in + 2, b->size, SLACK);
    print_slot(s, same);
    if (s->turn == 0 && s->ask.again) {
        s->turn = 1;
        ask_slot(s);
    } else {
        s->busy = false;
    }
}

/** Both answers are there, or will not come any more. */
static bool settled(const struct slot *s)
{
    double waited = now() - s->since;
    bool waiting = false;
    for (unsigned i = 0; i < SIDES; i++)
        waiting |= s->side[i].waiting;
    return !waiting || waited > ALTOGETHER || (s->first > 0 && now() - s->first > patience);
}

/** Neither a truncated answer nor a failure shows the truth. */
static bool wants_truth(const struct slot *s)
{
    const struct side *first = &s->side[0];
    bool says = first->size > 12 && !(first->in[4] & FLAG_TC) && (first->in[5] & 15) != SERVFAIL;
    return !says && s->side[TRUTH].size == 0 && !s->side[TRUTH].waiting;
}

static void step(struct slot *s)
{
    if (!s->busy || !settled(s))
        return;
    if (wants_truth(s) && now() - s->since < ALTOGETHER) {
        send_side(s, TRUTH, true);
        s->first = now();
        if (s->side[TRUTH].waiting)
            return;
    }
    for (unsigned i = 0; i < SIDES; i++)
        s->side[i].waiting = false;
    finish(s);
}

static bool next_question(struct slot *s)
{
    while (left == 0)
        if (scanf("%llu %llu", (unsigned long long *)&next_index, (unsigned long long *)&left) != 2)
            return false;
    left--;
    s->index = next_index++;
    s->turn = 0;
    sw_ask_make(&world, s->index, &s->ask);
    s->ask.rd |= recursing;
    s->busy = true;
    ask_slot(s);
    return true;
}

static void run(void)
{
    struct pollfd fds[WINDOW_MAX * SIDES];
    struct slot *owner[WINDOW_MAX * SIDES];
    struct side *sides[WINDOW_MAX * SIDES];
    for (;;) {
        nfds_t n = 0;
        bool busy = false;
        for (unsigned i = 0; i < window; i++) {
            struct slot *s = &slots[i];
            step(s);
            if (!s->busy)
                next_question(s);
            busy |= s->busy;
            for (unsigned j = 0; j < SIDES; j++)
                if (s->busy && s->side[j].waiting) {
                    owner[n] = s;
                    sides[n] = &s->side[j];
                    fds[n++] = (struct pollfd){.fd = s->side[j].fd, .events = POLLIN};
                }
        }
        if (!busy)
            return;
        if (poll(fds, n, 50) <= 0)
            continue;
        for (nfds_t i = 0; i < n; i++)
            if (fds[i].revents)
                receive(owner[i], sides[i]);
    }
}

int main(int argc, char **argv)
{
    if (argc != 9 || atoi(argv[6]) < 1 || atoi(argv[6]) > WINDOW_MAX) {
        fputs("client SEED POOL PORT PORT TRUTH WINDOW FLAGS PATIENCE\n", stderr);
        return 2;
    }
    world.seed = strtoull(argv[1], NULL, 10);
    world.pool = (unsigned)atoi(argv[2]);
    window = (unsigned)atoi(argv[6]);
    world.cuts = strchr(argv[7], 'c') != NULL;
    world.classes = strchr(argv[7], 'k') != NULL;
    recursing = strchr(argv[7], 'r') != NULL;
    telling = strchr(argv[7], 'h') != NULL;
    patience = atof(argv[8]);
    for (unsigned i = 0; i < SIDES; i++) {
        servers[i].sin_family = AF_INET;
        servers[i].sin_port = htons((uint16_t)atoi(argv[3 + i]));
        servers[i].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
    for (unsigned i = 0; i < window; i++)
        for (unsigned j = 0; j < SIDES; j++)
            slots[i].side[j].fd = -1;
    run();
    return 0;
}
