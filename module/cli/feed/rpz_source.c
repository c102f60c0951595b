/*
 * rpz_source.c - the fetchers for rpz://PRIMARY[:PORT]/ZONE and rpz+tls://: a policy zone by AXFR,
 * then by IXFR.
 *
 * A fetch opens a connection, asks for the changes since the serial of the last fetch, and hands
 * the records on as zone text: whole, or removed and added records. The timers of the SOA record
 * are kept with the serial (schedule.h).
 *
 * Standards    RFC 5936, RFC 1995, RFC 8945, RFC 9103
 * Decisions    D-167, D-178
 */
#include "base/clock.h"
#include "cli/feed/dot.h"
#include "cli/feed/fetchers.h"
#include "cli/feed/notices.h"
#include "cli/feed/primary.h"
#include "cli/feed/transfer.h"
#include "cli/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define MESSAGE_MAX 65535
#define BUFFER_MAX  32768

struct source {
    struct cli_fetch *fetch;
    struct cli_transfer transfer;
    struct cli_primary primary;
    uint64_t octets;         /* of messages and of text */
    char buffer[BUFFER_MAX]; /* text of a whole zone that is not handed on yet */
    size_t len;
    enum cli_records records;
    struct cli_held {
        struct cli_held *next;
        enum cli_records records;
        char *text;
        size_t len, room;
    } * first, *last; /* groups of an IXFR, until its end has come */
    uint64_t lines;   /* of these */
    bool too_many;    /* or any change is too many: the state says so (ask_whole() in apply.c) */
    uint8_t message[MESSAGE_MAX];
};

/* ---- the source ---- */

static bool judge(struct cli_fetch *fetch)
{
    struct cli_primary primary;
    const char *why = cli_primary_parse(fetch->source, &primary);
    if (why)
        cli_fetch_failed(fetch, "%s", why);
    return !why && (!primary.dot || cli_dot_judge_options(fetch));
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
static bool on_records(void *arg, enum cli_records records)
{
    struct source *s = arg;
    s->records = records;
    if (records == CLI_RECORDS_WHOLE)
        return s->fetch->document(s->fetch->arg, CLI_DOCUMENT_WHOLE, s->fetch->source);
    s->too_many = json_is_true(json_object_get(s->fetch->state, "whole"));
    if (s->too_many)
        return false;
    struct cli_held *held = cli_alloc(1, sizeof(*held));
    held->records = records;
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
    if (s->records != CLI_RECORDS_WHOLE)
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
            h->records == CLI_RECORDS_DELETED ? CLI_DOCUMENT_REMOVE : CLI_DOCUMENT_ADD;
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
    if (getrandom(&t->id, sizeof(t->id), 0) != sizeof(t->id) || !cli_primary_open(&s->primary))
        return CLI_TRANSFER_REFUSED;
    size_t len = cli_transfer_ask(t, s->message + 2, sw_clock_wall_us() / 1000000);
    cli_put16(s->message, (unsigned)len);
    if (!cli_primary_write(&s->primary, s->message, len + 2))
        return CLI_TRANSFER_REFUSED;
    while (result == CLI_TRANSFER_MORE) {
        /* Of a primary that is faster than we are, no read ever waits. */
        if (!cli_primary_go_on(&s->primary) || !cli_primary_read(&s->primary, head, sizeof(head)) ||
            !cli_primary_read(&s->primary, s->message, cli_get16(head)) ||
            !count(s, cli_get16(head)))
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
        cli_primary_close(&s->primary);
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
    s->fetch->next = json_pack("{s:I,s:i,s:I,s:I,s:I}", "serial", (json_int_t)t->newest, "triggers",
                               (int)t->triggers, "refresh", (json_int_t)t->refresh, "retry",
                               (json_int_t)t->retry, "expire", (json_int_t)t->expire);
    if (result == CLI_TRANSFER_UNCHANGED)
        return CLI_FETCH_UNCHANGED;
    return s->records == CLI_RECORDS_WHOLE ? CLI_FETCH_WHOLE : CLI_FETCH_CHANGES;
}

static enum cli_fetched fetch(struct cli_fetch *fetch)
{
    struct source *s = cli_alloc(1, sizeof(*s));
    const json_t *serial = json_object_get(fetch->state, "serial");
    const json_t *triggers = json_object_get(fetch->state, "triggers");
    struct cli_transfer *t = &s->transfer;
    enum cli_fetched result = CLI_FETCH_FAILED;
    s->fetch = fetch;
    s->primary.fetch = fetch;
    s->primary.fd = -1;
    t->arg = s;
    t->records = on_records;
    t->line = on_line;
    t->have = json_is_integer(serial) && json_is_integer(triggers);
    t->serial = (uint32_t)json_integer_value(serial);
    t->triggers = (unsigned)json_integer_value(triggers);
    t->given = json_is_true(json_object_get(fetch->options, "given"));
    if (json_is_true(json_object_get(fetch->options, "override")))
        t->given = false;
    const char *why = cli_primary_parse(fetch->source, &s->primary);
    t->zone = s->primary.zone;
    if (why)
        cli_fetch_failed(fetch, "%s", why);
    else if (cli_tsig_read(fetch, &t->tsig))
        result = fetch_zone(s);
    cli_primary_close(&s->primary);
    forget_held(s);
    cli_tsig_free(&t->tsig);
    free(s);
    return result;
}

static const char *const schemes[] = {"rpz", NULL};
static const char *const options[] = {"tsig-file", "max-size", "timeout", NULL};

const struct cli_fetcher cli_fetcher_rpz = {
    .schemes = schemes,
    .options = options,
    .judge = judge,
    .fetch = fetch,
    .listen = cli_notices_listen,
    .ready = cli_notices_ready,
};

static const char *const tls_schemes[] = {"rpz+tls", NULL};
static const char *const tls_options[] = {"tsig-file", "ca-file",  "cert-file",
                                          "key-file",  "tls-name", "tls-pin",
                                          "max-size",  "timeout",  NULL};

/* Notices for feeds of this scheme come to the socket of the other. */
const struct cli_fetcher cli_fetcher_rpz_tls = {
    .schemes = tls_schemes,
    .options = tls_options,
    .judge = judge,
    .fetch = fetch,
};
