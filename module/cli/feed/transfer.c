/* transfer.c - see transfer.h. */
#include "cli/feed/transfer.h"

#include "base/localdata.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define QR        0x8000 /* RFC 1035 4.1.1 */
#define TC        0x0200
#define RCODE     0x000f
#define CLASS_IN  1
#define NAME_ROOM (SW_NAMETEXT_MAX + 4)
#define LINE_MAX  (2 * NAME_ROOM + SW_RECORDTEXT_MAX)

static enum cli_transferred refuse(struct cli_transfer *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static enum cli_transferred refuse(struct cli_transfer *t, const char *format, ...)
{
    va_list rest;
    va_start(rest, format);
    vsnprintf(t->why, sizeof(t->why), format, rest);
    va_end(rest);
    return CLI_TRANSFER_REFUSED;
}

size_t cli_transfer_ask(struct cli_transfer *t, uint8_t *wire, int64_t now_s)
{
    enum cli_dns_type type = t->have && !t->whole ? CLI_DNS_IXFR : CLI_DNS_AXFR;
    size_t len = cli_message_ask(wire, t->id, &t->zone, type, t->serial);
    t->begun = t->second = t->incremental = t->stopped = false;
    t->tsig.signed_n = t->tsig.unsigned_n = 0;
    return cli_tsig_sign(&t->tsig, wire, len, now_s);
}

/* ---- records as text ---- */

/* An absolute name; an asterisk as the first label is a wildcard. */
static const char *name_text(const struct sw_name *name, char text[NAME_ROOM])
{
    char plain[SW_NAMETEXT_MAX];
    bool wild = name->wire[0] == 1 && name->wire[1] == '*';
    const uint8_t *rest = name->wire + (wild ? 2 : 0);
    sw_name_text(rest, plain);
    snprintf(text, NAME_ROOM, "%s%s%s", wild ? "*." : "", wild && !*rest ? "" : plain,
             *rest ? "." : "");
    return text;
}

/* Records of the zone itself and of DNSSEC, which are no rules. */
static bool is_of_zone(uint16_t type)
{
    static const uint16_t types[] = {CLI_DNS_SOA, CLI_DNS_NS, 43, 46, 47, 48, 50, 51, 59, 60, 63};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (type == types[i])
            return true;
    return false;
}

/* The kind of a rule, by the label before the zone's name. */
static unsigned owner_kind(const struct cli_transfer *t, const struct sw_name *owner)
{
    static const struct {
        const char *label;
        unsigned kind;
    } labels[] = {{"rpz-nsdname", CLI_OWNER_NSDNAME},
                  {"rpz-ip", CLI_OWNER_IP},
                  {"rpz-nsip", CLI_OWNER_NSIP},
                  {"rpz-client-ip", CLI_OWNER_CLIENT}};
    const uint8_t *last = sw_name_suffix(owner->wire, sw_name_labels(t->zone.wire) + 1);
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
        if (*last == strlen(labels[i].label) && memcmp(last + 1, labels[i].label, *last) == 0)
            return labels[i].kind;
    return CLI_OWNER_NAME;
}

/* Whether two rules of the zone can be one indicator: a name as a question and as a name server, or
 * an address of two kinds. A difference sequence that deletes one does not say which one stays. */
static bool has_twins(unsigned triggers)
{
    unsigned names = triggers & (CLI_OWNER_NAME | CLI_OWNER_NSDNAME);
    unsigned addresses = triggers & (CLI_OWNER_IP | CLI_OWNER_NSIP | CLI_OWNER_CLIENT);
    return (names & (names - 1)) != 0 || (addresses & (addresses - 1)) != 0;
}

static bool give(struct cli_transfer *t, const struct cli_record *r)
{
    char owner[NAME_ROOM], data[SW_RECORDTEXT_MAX], line[LINE_MAX];
    name_text(&r->owner, owner);
    if (r->type == CLI_DNS_CNAME)
        snprintf(data, sizeof(data), "CNAME %s", name_text(&r->target, line));
    else if (!sw_record_text(r->type, r->data, r->data_len, data))
        snprintf(data, sizeof(data), "TYPE%u \\# %zu", r->type, r->data_len);
    int n = snprintf(line, sizeof(line), "%s IN %s\n", owner, data);
    return t->line(t->arg, line, (size_t)n);
}

static bool begin_records(struct cli_transfer *t, enum cli_records records)
{
    char zone[NAME_ROOM], line[LINE_MAX];
    t->now = records;
    if (records == CLI_RECORDS_WHOLE)
        t->triggers = 0;
    name_text(&t->zone, zone);
    int n = snprintf(line, sizeof(line), "$ORIGIN %s\n", zone);
    return t->records(t->arg, records) && t->line(t->arg, line, (size_t)n);
}

/* ---- the course of a transfer ---- */

static enum cli_transferred given_up(struct cli_transfer *t)
{
    t->stopped = true;
    return refuse(t, "given up");
}

/* The first record: the SOA of the version that is there. */
static enum cli_transferred first_record(struct cli_transfer *t, const struct cli_record *r)
{
    if (r->type != CLI_DNS_SOA)
        return refuse(t, "a transfer that does not begin with a SOA record");
    t->begun = true;
    t->newest = r->serial;
    t->refresh = r->refresh;
    t->retry = r->retry;
    t->expire = r->expire;
    if (t->have && t->newest != t->serial && !cli_serial_newer(t->newest, t->serial))
        return refuse(t, "the serial goes back, from %" PRIu32 " to %" PRIu32, t->serial,
                      t->newest);
    return CLI_TRANSFER_MORE;
}

/* The second record tells an IXFR (the SOA of our version) from a whole zone. */
static enum cli_transferred second_record(struct cli_transfer *t, const struct cli_record *r)
{
    t->second = true;
    t->incremental = t->have && !t->whole && r->type == CLI_DNS_SOA && r->serial == t->serial &&
                     r->serial != t->newest;
    t->step = t->serial;
    if (t->incremental)
        return begin_records(t, CLI_RECORDS_DELETED) ? CLI_TRANSFER_MORE : given_up(t);
    return begin_records(t, CLI_RECORDS_WHOLE) ? CLI_TRANSFER_MORE : given_up(t);
}

/* A SOA record inside of the transfer: the end, or the next group of an IXFR. */
static enum cli_transferred next_records(struct cli_transfer *t, const struct cli_record *r)
{
    if (!t->incremental)
        return r->serial == t->newest ? CLI_TRANSFER_DONE
                                      : refuse(t, "the zone changed during the transfer");
    if (t->now == CLI_RECORDS_DELETED) {
        if (!cli_serial_newer(r->serial, t->step) ||
            (r->serial != t->newest && !cli_serial_newer(t->newest, r->serial)))
            return refuse(t, "a step to serial %" PRIu32 ", which is not newer", r->serial);
        t->step = r->serial;
        return begin_records(t, CLI_RECORDS_ADDED) ? CLI_TRANSFER_MORE : given_up(t);
    }
    if (r->serial != t->step)
        return refuse(t, "a step from serial %" PRIu32 ", which is not ours", r->serial);
    if (r->serial == t->newest)
        return CLI_TRANSFER_DONE;
    return begin_records(t, CLI_RECORDS_DELETED) ? CLI_TRANSFER_MORE : given_up(t);
}

static enum cli_transferred take(struct cli_transfer *t, const struct cli_record *r)
{
    char owner[SW_NAMETEXT_MAX];
    if (r->class != CLASS_IN || !sw_name_below_or_equal(r->owner.wire, t->zone.wire))
        return refuse(t, "a record outside of the zone: %.100s",
                      sw_name_text(r->owner.wire, owner));
    if (r->type == CLI_DNS_SOA && !sw_name_equal(r->owner.wire, t->zone.wire))
        return refuse(t, "a SOA record inside of the zone");
    if (!t->begun)
        return first_record(t, r);
    if (!t->second) {
        enum cli_transferred result = second_record(t, r);
        if (result != CLI_TRANSFER_MORE || t->incremental)
            return result;
    }
    if (r->type == CLI_DNS_SOA)
        return next_records(t, r);
    if (is_of_zone(r->type))
        return CLI_TRANSFER_MORE;
    t->triggers |= owner_kind(t, &r->owner);
    /* Local data of one owner are several records and one indicator of a list. A difference
     * sequence does not say which record stays. */
    if (!t->given && t->now == CLI_RECORDS_DELETED &&
        (r->type != CLI_DNS_CNAME || has_twins(t->triggers)))
        return CLI_TRANSFER_AGAIN;
    return give(t, r) ? CLI_TRANSFER_MORE : given_up(t);
}

/* Judge the head of a message. MORE: go on. */
static enum cli_transferred judge_head(struct cli_transfer *t, const struct cli_message *m)
{
    unsigned rcode = m->flags & RCODE;
    if (m->id != t->id || !(m->flags & QR) || m->flags & 0x7800)
        return refuse(t, "an answer to another question");
    if (rcode && t->have && !t->whole && !t->begun && (rcode == 1 || rcode == 4))
        return CLI_TRANSFER_AGAIN; /* FORMERR, NOTIMP: no IXFR there */
    if (rcode)
        return refuse(t, "the primary answers with code %u%s", rcode,
                      rcode == 5   ? " (REFUSED)"
                      : rcode == 9 ? " (NOTAUTH: no such zone, or no such key)"
                                   : "");
    if (m->flags & TC)
        return refuse(t, "a cut message");
    return m->count[1] ? CLI_TRANSFER_MORE : refuse(t, "a message without records");
}

enum cli_transferred cli_transfer_message(struct cli_transfer *t, const uint8_t *wire, size_t len,
                                          int64_t now_s)
{
    struct cli_message m;
    struct cli_record record;
    struct sw_name name;
    uint16_t type;
    if (!cli_message_begin(&m, wire, len))
        return refuse(t, "a message that is broken");
    bool refused = m.id == t->id && (m.flags & RCODE) != 0;
    const char *why = refused ? NULL : cli_tsig_check(&t->tsig, wire, len, now_s);
    if (why)
        return refuse(t, "%s", why);
    enum cli_transferred result = judge_head(t, &m);
    if (result == CLI_TRANSFER_MORE && m.count[0] && !cli_message_question(&m, &name, &type))
        return refuse(t, "a message that is broken");
    for (unsigned i = 0; i < m.count[1] && result == CLI_TRANSFER_MORE; i++) {
        if (!cli_message_record(&m, &record))
            return refuse(t, "a message that is broken");
        result = take(t, &record);
        if (result == CLI_TRANSFER_DONE && i + 1u < m.count[1])
            return refuse(t, "records behind the end of the transfer");
    }
    if (result == CLI_TRANSFER_MORE && t->have && !t->whole && !t->second && t->newest == t->serial)
        result = CLI_TRANSFER_UNCHANGED;
    why = result == CLI_TRANSFER_DONE || result == CLI_TRANSFER_UNCHANGED
              ? cli_tsig_complete(&t->tsig)
              : NULL;
    return why ? refuse(t, "%s", why) : result;
}
