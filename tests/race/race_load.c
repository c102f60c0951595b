/*
 * race_load.c - the load generator of the race test.
 *
 *   race_load WORDS QUESTIONS PORT QUERIES SECONDS THREADS CUT
 *
 * Asks the resolver on 127.0.0.1 the questions of a file in random order, over UDP from several
 * threads and over TCP from another thread, judges each answer by the rules' words
 * (race_judge.h), and prints the counts of each rule as JSON. Ends after QUERIES queries or
 * SECONDS seconds, whichever is first (0: no limit). Lines of QUESTIONS: "RULE NAME TYPE KIND
 * ADDRESS AWAY SOURCE", TYPE a number, KIND one of enum sw_race_kind, AWAY the other address of
 * SW_RACE_MOVES, SOURCE the client that asks: 0 is 127.0.0.1, another number N 127.0.1.N. CUT is
 * 1 where any answer may come truncated (race_judge.h). Contradictions are told on standard
 * error, the first ones.
 */
#include "race_judge.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SOCKETS   4   /* for each thread: Unbound spreads clients by source port */
#define WINDOW    32  /* queries under way on each; a power of two, id = place + turn * WINDOW */
#define PATIENCE  6.0 /* seconds until a query counts as lost */
#define DROPPED   0.2 /* likewise, for a query that is to be dropped */
#define QUESTIONS 4096
#define SOURCES   32 /* clients, at most */
#define FEW       8  /* queries under way for each client but the first */
#define CHANNELS  (SOCKETS + SOURCES - 1)
#define TOLD      20 /* contradictions described */
#define TYPE_A    1
#define TYPE_AAAA 28
#define STATES    0xffffU /* of a word */

struct question {
    uint8_t wire[12 + 256 + 4 + 11];
    size_t length;
    unsigned rule;
    unsigned type;
    struct sw_race_truth truth;
    unsigned source;
    char name[256];
};

struct source {
    struct sockaddr_in at;
    size_t first, count; /* of the source's questions */
};

struct pending {
    const struct question *question; /* NULL: free */
    uint64_t before;
    double sent;
    uint16_t id;
    uint16_t turn;
    uint8_t flags;
};

struct channel {
    int fd;
    unsigned window; /* places in use */
    const struct source *source;
    struct pending pending[WINDOW];
};

struct worker {
    struct sw_race_counts *counts; /* for each rule */
    uint64_t random;
    uint64_t strays; /* answers to nothing that was asked */
    struct channel channels[CHANNELS];
    pthread_t thread;
};

enum { FLAG_DO = 1, FLAG_CD = 2, FLAG_NO_RD = 4, FLAG_TCP = 8 };

static _Atomic uint64_t *words;
static size_t rules;
static bool cut;
static struct question questions[QUESTIONS];
static size_t question_count;
static struct source sources[SOURCES];
static size_t source_count;
static struct sockaddr_in server;
static atomic_uint_fast64_t budget;
static double end_time;
static atomic_int told;

static double now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* xorshift64*: Vigna 2016 */
static uint64_t random_of(struct worker *w)
{
    w->random ^= w->random >> 12;
    w->random ^= w->random << 25;
    w->random ^= w->random >> 27;
    return w->random * 2685821657736338717ULL;
}

static void die(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(2);
}

/** Header, question, and an OPT record for 1232 octets. */
static void make_wire(struct question *q)
{
    static const uint8_t opt[11] = {0, 0, 41, 1232 >> 8, 1232 & 255, 0, 0, 0, 0, 0, 0};
    uint8_t *at = q->wire;
    static const uint8_t header[12] = {0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1};
    memcpy(at, header, 12);
    at += 12;
    for (const char *label = q->name; *label;) {
        size_t n = strcspn(label, ".");
        *at++ = (uint8_t)n;
        memcpy(at, label, n);
        at += n;
        label += n + (label[n] == '.');
    }
    const uint8_t tail[5] = {0, (uint8_t)(q->type >> 8), (uint8_t)q->type, 0, 1};
    memcpy(at, tail, 5);
    memcpy(at + 5, opt, 11);
    q->length = (size_t)(at + 16 - q->wire);
}

static void read_questions(const char *path)
{
    FILE *f = fopen(path, "r");
    char address[64], away[64];
    unsigned kind;
    if (!f)
        die(path);
    while (question_count < QUESTIONS) {
        struct question *q = &questions[question_count];
        if (fscanf(f, "%u %255s %u %u %63s %63s %u", &q->rule, q->name, &q->type, &kind, address,
                   away, &q->source) != 7)
            break;
        q->truth.kind = (enum sw_race_kind)kind;
        q->truth.size = strchr(address, ':') ? 16 : 4;
        int family = q->truth.size == 4 ? AF_INET : AF_INET6;
        if (q->rule >= rules || inet_pton(family, address, q->truth.address) != 1 ||
            inet_pton(family, away, q->truth.away) != 1)
            die("a line of questions");
        make_wire(q);
        question_count++;
    }
    fclose(f);
    if (question_count == 0)
        die("no questions");
}

static int by_source(const void *a, const void *b)
{
    unsigned x = ((const struct question *)a)->source, y = ((const struct question *)b)->source;
    return (x > y) - (x < y);
}

static void sort_by_source(void)
{
    qsort(questions, question_count, sizeof(*questions), by_source);
    for (size_t i = 0; i < question_count; i++) {
        unsigned n = questions[i].source;
        if (i == 0 || n != questions[i - 1].source) {
            if (source_count == SOURCES || n > 255)
                die("sources of questions");
            struct source *s = &sources[source_count++];
            s->first = i;
            s->at.sin_family = AF_INET;
            s->at.sin_addr.s_addr = htonl(n == 0 ? INADDR_LOOPBACK : 0x7f000100U + n);
        }
        sources[source_count - 1].count++;
    }
}

static void map_words(const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY);
    if (fd < 0 || fstat(fd, &st) != 0)
        die(path);
    rules = (size_t)st.st_size / sizeof(*words);
    words = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (words == MAP_FAILED)
        die("mmap");
    close(fd);
}

static void tell(const struct pending *p, uint64_t after, enum sw_race_outcome outcome)
{
    if (atomic_fetch_add(&told, 1) >= TOLD)
        return;
    fprintf(stderr,
            "%s type %u rule %u source %u%s%s%s%s: outcome %u, allowed %#x (number %llu) when sent "
            "%.1f ms "
            "before, %#x (%llu) after\n",
            p->question->name, p->question->type, p->question->rule, p->question->source,
            p->flags & FLAG_DO ? " DO" : "", p->flags & FLAG_CD ? " CD" : "",
            p->flags & FLAG_NO_RD ? " RD=0" : "", p->flags & FLAG_TCP ? " TCP" : "",
            (unsigned)outcome, (unsigned)(p->before & STATES),
            (unsigned long long)(p->before >> SW_RACE_NUMBER), (now() - p->sent) * 1e3,
            (unsigned)(after & STATES), (unsigned long long)(after >> SW_RACE_NUMBER));
}

static bool more_allowed(void)
{
    if (end_time > 0 && now() > end_time)
        return false;
    uint64_t left = atomic_load_explicit(&budget, memory_order_relaxed);
    while (left > 0)
        if (atomic_compare_exchange_weak(&budget, &left, left - 1))
            return true;
    return false;
}

/** Choose a question of this source and the flags; writes the query, returns the length. */
static size_t compose(struct worker *w, struct pending *p, const struct source *s, uint8_t *out)
{
    uint64_t r = random_of(w);
    const struct question *q = &questions[s->first + (r >> 32) % s->count];
    p->flags = (uint8_t)((r & 3 ? 0 : FLAG_DO) | (r >> 2 & 7 ? 0 : FLAG_CD));
    if ((r >> 5 & 15) == 0 && (q->truth.kind == SW_RACE_ADDRESS || q->truth.kind == SW_RACE_MOVES))
        p->flags |= FLAG_NO_RD;
    memcpy(out, q->wire, q->length);
    out[0] = (uint8_t)(p->id >> 8);
    out[1] = (uint8_t)p->id;
    out[2] = p->flags & FLAG_NO_RD ? 0 : 1; /* RFC 1035 4.1.1 */
    out[3] = p->flags & FLAG_CD ? 0x10 : 0; /* RFC 4035 3.2.2 */
    if (p->flags & FLAG_DO)
        out[q->length - 4] = 0x80; /* RFC 6891 6.1.4 */
    p->question = q;
    p->sent = now();
    w->counts[q->rule].sent++;
    p->before = atomic_load(&words[q->rule]);
    return q->length;
}

/** Judge an answer that belongs to p, and free p. */
static void take(struct worker *w, struct pending *p, const uint8_t *packet, size_t length)
{
    const struct question *q = p->question;
    uint64_t after = atomic_load(&words[q->rule]);
    enum sw_race_outcome outcome = sw_race_read(packet, length, &q->truth);
    const struct sw_race_query query = {.landing = q->type == TYPE_A || q->type == TYPE_AAAA,
                                        .tcp = (p->flags & FLAG_TCP) != 0,
                                        .cut = cut};
    if (outcome == SW_RACE_EMPTY && !(p->flags & FLAG_NO_RD))
        outcome = SW_RACE_ODD;
    if (p->flags & FLAG_NO_RD && outcome == SW_RACE_ODD && !(packet[3] & 15))
        outcome = SW_RACE_EMPTY; /* part of a chain, as far as cached */
    if (sw_race_judge(&w->counts[q->rule], p->before, after, outcome, &query) ||
        outcome == SW_RACE_ODD)
        tell(p, after, outcome);
    p->question = NULL;
}

static void give_up(struct worker *w, struct pending *p)
{
    sw_race_lost(&w->counts[p->question->rule], p->before, atomic_load(&words[p->question->rule]));
    p->question = NULL;
}

/** Whether an answer is not to be waited for any more. */
static bool too_late(const struct pending *p)
{
    double waited = now() - p->sent;
    if (waited < DROPPED)
        return false;
    return waited > PATIENCE ||
           (atomic_load(&words[p->question->rule]) & STATES) == SW_RACE_IS_DROPPED;
}

/* ---- UDP */

/** Send where there is room; returns how many are under way then. */
static int fill(struct worker *w, struct channel *c)
{
    uint8_t out[512];
    int busy = 0;
    for (unsigned i = 0; i < c->window; i++) {
        struct pending *p = &c->pending[i];
        if (p->question && too_late(p))
            give_up(w, p);
        if (!p->question && more_allowed()) {
            p->id = (uint16_t)(i + WINDOW * ++p->turn);
            size_t length = compose(w, p, c->source, out);
            if (send(c->fd, out, length, 0) < 0)
                give_up(w, p);
        }
        busy += p->question != NULL;
    }
    return busy;
}

static void receive(struct worker *w, struct channel *c)
{
    uint8_t in[4096];
    ssize_t n;
    while ((n = recv(c->fd, in, sizeof(in), MSG_DONTWAIT)) >= 12) {
        uint16_t id = (uint16_t)(in[0] << 8 | in[1]);
        struct pending *p = &c->pending[id % WINDOW];
        if (p->question && p->id == id)
            take(w, p, in, (size_t)n);
        else
            w->strays++;
    }
}

static bool connect_from(int fd, const struct source *s)
{
    return bind(fd, (const struct sockaddr *)&s->at, sizeof(s->at)) == 0 &&
           connect(fd, (struct sockaddr *)&server, sizeof(server)) == 0;
}

/** SOCKETS of the first source, a socket for each other. */
static void open_channels(struct worker *w, struct pollfd *fds, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct channel *c = &w->channels[i];
        c->source = &sources[i < SOCKETS ? 0 : i - SOCKETS + 1];
        c->window = i < SOCKETS ? WINDOW : FEW;
        c->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (c->fd < 0 || !connect_from(c->fd, c->source))
            die("socket");
        fds[i] = (struct pollfd){.fd = c->fd, .events = POLLIN};
    }
}

static void *run_udp(void *arg)
{
    struct worker *w = arg;
    struct pollfd fds[CHANNELS];
    size_t n = SOCKETS + source_count - 1;
    open_channels(w, fds, n);
    for (;;) {
        int busy = 0;
        for (size_t i = 0; i < n; i++)
            busy += fill(w, &w->channels[i]);
        if (busy == 0)
            break;
        poll(fds, n, 100);
        for (size_t i = 0; i < n; i++)
            receive(w, &w->channels[i]);
    }
    for (size_t i = 0; i < n; i++)
        close(w->channels[i].fd);
    return NULL;
}

/* ---- TCP: query after query, a new connection now and then */

static int open_tcp(const struct source *s)
{
    struct timeval patience = {.tv_sec = (time_t)PATIENCE};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        die("socket");
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (connect_from(fd, s))
        return fd;
    close(fd);
    return -1;
}

static bool receive_all(int fd, uint8_t *in, size_t wanted)
{
    return recv(fd, in, wanted, MSG_WAITALL) == (ssize_t)wanted;
}

static bool ask_tcp(struct worker *w, int fd, struct pending *p, const struct source *s)
{
    uint8_t out[514], in[65536];
    p->id = (uint16_t)(p->id + 1);
    size_t length = compose(w, p, s, out + 2);
    p->flags |= FLAG_TCP;
    out[0] = (uint8_t)(length >> 8);
    out[1] = (uint8_t)length;
    if (send(fd, out, length + 2, MSG_NOSIGNAL) < 0 || !receive_all(fd, in, 2))
        return false;
    size_t size = (size_t)in[0] << 8 | in[1];
    if (size < 12 || !receive_all(fd, in, size) || in[0] != out[2] || in[1] != out[3])
        return false;
    take(w, p, in, size);
    return true;
}

static void *run_tcp(void *arg)
{
    struct worker *w = arg;
    struct pending *p = &w->channels[0].pending[0];
    const struct source *s = sources;
    int fd = -1;
    for (unsigned n = 0; more_allowed(); n++) {
        if (fd >= 0 && n % 64 == 0) {
            close(fd);
            fd = -1;
        }
        if (fd < 0)
            s = &sources[random_of(w) % source_count];
        if (fd < 0 && (fd = open_tcp(s)) < 0)
            continue;
        if (ask_tcp(w, fd, p, s))
            continue;
        give_up(w, p);
        close(fd);
        fd = -1;
    }
    if (fd >= 0)
        close(fd);
    return NULL;
}

static void print_rule(size_t rule, const struct worker *workers, int count)
{
    uint64_t sum[sizeof(struct sw_race_counts) / sizeof(uint64_t)] = {0};
    for (int i = 0; i < count; i++)
        for (size_t j = 0; j < sizeof(sum) / sizeof(*sum); j++)
            sum[j] += ((const uint64_t *)&workers[i].counts[rule])[j];
    printf("%s\n[", rule ? "," : "");
    for (size_t j = 0; j < sizeof(sum) / sizeof(*sum); j++)
        printf("%s%llu", j ? "," : "", (unsigned long long)sum[j]);
    printf("]");
}

int main(int argc, char **argv)
{
    if (argc != 8) {
        fputs("load WORDS QUESTIONS PORT QUERIES SECONDS THREADS CUT\n", stderr);
        return 2;
    }
    map_words(argv[1]);
    read_questions(argv[2]);
    sort_by_source();
    server.sin_family = AF_INET;
    server.sin_port = htons((uint16_t)atoi(argv[3]));
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    uint64_t queries = strtoull(argv[4], NULL, 10);
    atomic_init(&budget, queries ? queries : UINT64_MAX);
    end_time = atoi(argv[5]) ? now() + atoi(argv[5]) : 0;

    cut = atoi(argv[7]) != 0;
    int count = atoi(argv[6]) + 1;
    uint64_t strays = 0;
    struct worker *workers = calloc((size_t)count, sizeof(*workers));
    if (!workers)
        die("calloc");
    for (int i = 0; i < count; i++) {
        struct worker *w = &workers[i];
        w->random = 0x9e3779b97f4a7c15ULL * ((uint64_t)time(NULL) + (uint64_t)i + 1);
        w->counts = calloc(rules, sizeof(*w->counts));
        if (!w->counts || pthread_create(&w->thread, NULL, i ? run_udp : run_tcp, w) != 0)
            die("thread");
    }
    for (int i = 0; i < count; i++) {
        pthread_join(workers[i].thread, NULL);
        strays += workers[i].strays;
    }
    printf("{\"rules\":[");
    for (size_t rule = 0; rule < rules; rule++)
        print_rule(rule, workers, count);
    printf("],\"strays\":%llu}\n", (unsigned long long)strays);
    for (int i = 0; i < count; i++)
        free(workers[i].counts);
    free(workers);
    return 0;
}
