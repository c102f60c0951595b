/* doctor_canary.c - is anything enforced: a listed name, asked of the resolver. See doctor.h. */
#include "base/clock.h"
#include "base/rcu.h"
#include "cli/doctor/doctor.h"
#include "feed/load.h"
#include "flow/decide.h"
#include "flow/match.h"
#include "redis/reply.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_US    INT64_C(3000000)
#define TRIES      2
#define PACKET_MAX 4096
#define CANARY                                                                                     \
    "sinkwatch list set canary --action sinkhole --sinkhole4 192.0.2.1 && sinkwatch "              \
    "add canary =canary.example"

/* ---- the lists ---- */

struct loading {
    unsigned refused;
    char first[SW_WHY_MAX];
};

static void count_refused(void *arg, const struct sw_refusal *refusal)
{
    struct loading *loading = arg;
    if (loading->refused++ == 0)
        snprintf(loading->first, sizeof(loading->first), "list '%.64s': %.150s",
                 cli_clean_text(refusal->list), refusal->why);
}

static struct sw_index *load(struct doctor *d)
{
    struct loading loading = {0};
    struct sw_load_hooks hooks = {.arg = &loading, .refused = count_refused};
    struct sw_index *index = sw_index_new();
    if (!index)
        abort();
    if (sw_load_all(d->cli->redis, index, &hooks) != SW_OK) {
        doctor_say(d, DOCTOR_FAILURE, "lists.read", "sinkwatch list", "lists cannot be read: %s",
                   sw_redis_error(d->cli->redis));
        sw_index_free(index);
        return NULL;
    }
    if (loading.refused)
        doctor_say(d, DOCTOR_WARNING, "lists.refused",
                   "sinkwatch status names each with the reason", "%s of the lists %s refused; %s",
                   cli_count(loading.refused, "item", "items"), loading.refused == 1 ? "is" : "are",
                   loading.first);
    return index;
}

/* The policies: whether any list rewrites answers. */
static void policies(struct doctor *d)
{
    redisReply *reply = sw_redis_command(d->cli->redis, "HGETALL %s", cli_key(d->cli, "lists"));
    unsigned lists = 0, acting = 0;
    for (size_t i = 0; sw_reply_is_array(reply, 1) && i + 1 < reply->elements; i += 2) {
        const redisReply *name = reply->element[i], *text = reply->element[i + 1];
        char why[SW_WHY_MAX];
        struct sw_policy policy;
        if (!sw_reply_is_text(name) || !sw_reply_is_text(text) ||
            sw_policy_parse(name->str, text->str, text->len, &policy, why) != SW_OK)
            continue;
        lists++;
        acting += policy.kind == SW_KIND_IOC && !policy.shadow &&
                  policy.action != SW_ACTION_MONITOR && policy.action != SW_ACTION_PASSTHRU;
    }
    freeReplyObject(reply);
    if (lists == 0)
        doctor_say(d, DOCTOR_WARNING, "lists.enforced",
                   "sinkwatch list set NAME --action nxdomain && sinkwatch import NAME FILE",
                   "there is no list in Redis under %s", d->cli->settings.redis_prefix);
    else if (acting == 0)
        doctor_say(d, DOCTOR_WARNING, "lists.enforced",
                   "sinkwatch list set NAME --no-shadow --action nxdomain",
                   "none of %s rewrites answers: all record only",
                   cli_count(lists, "list", "lists"));
    else
        doctor_say(d, DOCTOR_OK, "lists.enforced", NULL, "%u of %s rewrite answers", acting,
                   cli_count(lists, "list", "lists"));
}

/* ---- the canary ---- */

/* The name: from the option, or the first of the list canary. */
static bool choose(struct doctor *d, struct sw_indicator *what)
{
    char why[SW_WHY_MAX] = "";
    redisReply *reply = NULL;
    const char *text = d->canary;
    if (!text) {
        reply =
            sw_redis_command(d->cli->redis, "HSCAN %s 0 COUNT 10", cli_key(d->cli, "list:canary"));
        bool some = sw_reply_is_array(reply, 2) && sw_reply_is_array(reply->element[1], 1) &&
                    sw_reply_is_text(reply->element[1]->element[0]);
        text = some ? reply->element[1]->element[0]->str : NULL;
    }
    bool ok = text && sw_indicator_parse(text, strlen(text), what, why) == SW_OK &&
              what->type == SW_INDICATOR_DOMAIN;
    if (!ok)
        doctor_say(d, DOCTOR_WARNING, "canary.answer", CANARY, "%s",
                   text ? doctor_words("'%.200s' is no name that can be asked for", text)
                        : "no list canary and no --canary: nothing was asked of the resolver");
    freeReplyObject(reply);
    return ok;
}

/* The verdict by the code that the resolver runs. False: no rule wins. */
static bool judge(struct doctor *d, const struct sw_index *index, const struct sw_name *name,
                  struct sw_verdict *verdict)
{
    struct sw_flow flow = {.settings = &d->cli->settings, .index = index};
    struct sw_match *match = cli_alloc(1, sizeof(*match));
    struct sw_matching matching;
    sw_rcu_enter();
    sw_match_begin(&matching, &flow, match);
    matching.every_group = true;
    sw_match_name(&matching, SW_TRIGGER_QNAME, name->wire, name->len);
    sw_decide(&flow, &match->audience[0], SW_OVER_UDP, verdict);
    sw_rcu_leave();
    free(match);
    return verdict->wins;
}

/* ---- the question ---- */

/* A query for A with EDNS (RFC 1035 4.1, RFC 6891 6.1.2). Returns its length. */
static size_t make_query(const struct sw_name *name, uint16_t id, uint8_t out[PACKET_MAX])
{
    static const uint8_t type_class[] = {0, 1, 0, 1};
    static const uint8_t opt[] = {0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0, 0};
    const uint8_t header[12] = {(uint8_t)(id >> 8), (uint8_t)id, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1};
    size_t at = sizeof(header);
    memcpy(out, header, sizeof(header));
    memcpy(out + at, name->wire, name->len);
    at += name->len;
    memcpy(out + at, type_class, sizeof(type_class));
    at += sizeof(type_class);
    memcpy(out + at, opt, sizeof(opt));
    return at + sizeof(opt);
}

/* A connected UDP socket to ADDRESS[@PORT]; -1 with errno. */
static int connected(const char *resolver)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM,
                                   .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    char *copy = cli_copy(resolver), *port = strchr(copy, '@');
    if (port)
        *port++ = '\0';
    errno = EINVAL;
    int fd = -1;
    if (getaddrinfo(copy, port ? port : "53", &hints, &found) == 0) {
        fd = socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
            close(fd);
            fd = -1;
        }
        freeaddrinfo(found);
    }
    free(copy);
    return fd;
}

/* Wait for the answer with this id. Octets, or 0: none came, with errno. */
static size_t wait_answer(int fd, uint16_t id, uint8_t packet[PACKET_MAX])
{
    int64_t end = sw_clock_mono_us() + WAIT_US, left;
    while ((left = end - sw_clock_mono_us()) > 0) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (poll(&wait, 1, (int)(left / 1000) + 1) == 0)
            break;
        ssize_t n = recv(fd, packet, PACKET_MAX, 0);
        if (n < 0 && errno != EINTR)
            return 0;
        if (n >= 12 && packet[0] == id >> 8 && packet[1] == (id & 255))
            return (size_t)n;
    }
    errno = ETIMEDOUT;
    return 0;
}

static size_t ask(const char *resolver, const struct sw_name *name, uint8_t packet[PACKET_MAX])
{
    uint8_t query[PACKET_MAX];
    uint16_t id = 0;
    size_t got = 0;
    int fd = connected(resolver);
    for (int i = 0; fd >= 0 && i < TRIES && got == 0; i++) {
        if (getrandom(&id, sizeof(id), 0) < 0)
            id = 1;
        size_t len = make_query(name, id, query);
        if (send(fd, query, len, MSG_NOSIGNAL) == (ssize_t)len)
            got = wait_answer(fd, id, packet);
    }
    int error = errno;
    if (fd >= 0)
        close(fd);
    errno = error;
    return got;
}

/* The resolver to ask: the option, an interface of unbound.conf, or this host. */
static const char *whom(const struct doctor *d)
{
    const char *listens = d->listens ? d->listens : "";
    if (d->resolver)
        return d->resolver;
    if (!listens[0] || strncmp(listens, "0.0.0.0", 7) == 0 || strncmp(listens, "::0", 3) == 0)
        return doctor_words("127.0.0.1%s", strchr(listens, '@') ? strchr(listens, '@') : "");
    return listens;
}

static void compare(struct doctor *d, const struct sw_name *name, const struct sw_verdict *verdict)
{
    uint8_t packet[PACKET_MAX];
    char text[SW_NAMETEXT_MAX];
    const char *resolver = whom(d), *difference;
    size_t len = ask(resolver, name, packet);
    sw_name_text(name->wire, text);
    if (len == 0 && verdict->taken == SW_ACTION_DROP)
        doctor_say(d, DOCTOR_WARNING, "canary.answer", CANARY,
                   "no answer for %s, as action drop of list %s says; a dead resolver looks alike",
                   text, verdict->list);
    else if (len == 0)
        doctor_say(
            d, DOCTOR_FAILURE, "canary.answer",
            doctor_words("sudo systemctl start %s; --resolver names another address", d->unit),
            "%s does not answer for %s: %s", resolver, text, strerror(errno));
    else if ((difference = doctor_judge_answer(verdict, packet, len)) != NULL)
        doctor_say(d, DOCTOR_FAILURE, "canary.answer",
                   doctor_words("sinkwatch status; sinkwatch check %s; sudo systemctl restart %s",
                                text, d->unit),
                   "%s does not enforce list %s for %s: %s", resolver, verdict->list, text,
                   difference);
    else
        doctor_say(d, DOCTOR_OK, "canary.answer", NULL, "%s enforces list %s: %s gets %s", resolver,
                   verdict->list, text, sw_action_name(verdict->taken));
}

void doctor_canary(struct doctor *d)
{
    struct sw_indicator what;
    struct sw_verdict verdict;
    if (!d->redis_open || !sw_redis_is_open(d->cli->redis)) {
        doctor_say(d, DOCTOR_WARNING, "canary.answer", "the remedies above, then sinkwatch doctor",
                   "not known: without Redis nothing says which names are listed");
        return;
    }
    policies(d);
    struct sw_index *index = load(d);
    if (index && choose(d, &what)) {
        if (!judge(d, index, &what.name, &verdict) || verdict.taken == SW_ACTION_MONITOR ||
            verdict.taken == SW_ACTION_PASSTHRU)
            doctor_say(d, DOCTOR_WARNING, "canary.answer", CANARY,
                       "no list rewrites the answer for the canary: nothing was asked");
        else
            compare(d, &what.name, &verdict);
    }
    sw_index_free(index);
}
