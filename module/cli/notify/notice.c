/* notice.c - see notice.h. */
#include "cli/notify/notice.h"

#include "cli/output.h"
#include "cli/pick.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TYPE_CHARS     "abcdefghijklmnopqrstuvwxyz0123456789-"
#define SUMMARY_CHARS  " .,:;()/_-+=@"
#define SEVERITY_LOST  70 /* of entries that have no severity of their own */
#define SEVERITY_OTHER 50

/* ---- the summary ---- */

static bool is_plain(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != '\0' && strchr(SUMMARY_CHARS, c));
}

/* Append text; each octet without a safe meaning becomes '?'. */
__attribute__((format(printf, 2, 3))) static void add(char *summary, const char *format, ...)
{
    size_t used = strlen(summary);
    va_list args;
    va_start(args, format);
    vsnprintf(summary + used, NOTICE_SUMMARY_MAX - used, format, args);
    va_end(args);
    for (; summary[used]; used++)
        if (!is_plain((unsigned char)summary[used]))
            summary[used] = '?';
}

static void add_text(char *summary, const char *before, const char *text, const char *after)
{
    if (text[0])
        add(summary, "%s%.200s%s", before, text, after);
}

const char *notice_text(const struct notice *notice, const char *member)
{
    static const struct {
        const char *member, *path;
    } places[] = {
        {"name", "sinkwatch.anomaly.name"},
        {"name", "dns.question.name"},
        {"address", "sinkwatch.anomaly.address"},
        {"list", "threat.feed.name"},
        {"list", "sinkwatch.list"},
        {"list", "sinkwatch.feed.list"},
        {"name", "sinkwatch.feed.name"},
        {"resolver", "observer.name"},
    };
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        const char *text = cli_json_text(notice->document, places[i].path);
        if (strcmp(places[i].member, member) == 0 && text[0])
            return text;
    }
    return "";
}

/* "protected-owner: systemsvc.net at 213.24.76.23 (AS8342 RTComm.RU; An agency), list carbanak,
 * resolver ns1" */
static void summarise(struct notice *notice)
{
    const json_t *d = notice->document;
    json_int_t asn = json_integer_value(cli_json_at(d, "sinkwatch.anomaly.owner.as.number"));
    json_int_t lost = json_integer_value(cli_json_at(d, "sinkwatch.lost"));
    char *s = notice->summary;
    s[0] = '\0';
    add(s, "%s:", notice->type);
    add_text(s, " ", notice_text(notice, "name"), "");
    add_text(s, " at ", notice_text(notice, "address"), "");
    if (asn) {
        add(s, " (AS%" JSON_INTEGER_FORMAT, asn);
        add_text(s, " ", cli_json_text(d, "sinkwatch.anomaly.owner.as.organization.name"), "");
        add_text(s, "; ", cli_json_text(d, "sinkwatch.anomaly.owner.registrant"), "");
        add(s, ")");
    }
    if (lost)
        add(s, " %" JSON_INTEGER_FORMAT, lost);
    add_text(s, " (", cli_json_text(d, "sinkwatch.lost_where"), ")");
    add_text(s, " ", cli_json_text(d, "message"), "");
    add_text(s, " ", cli_json_text(d, "event.reason"), "");
    add_text(s, ", list ", notice_text(notice, "list"), "");
    add_text(s, ", resolver ", notice_text(notice, "resolver"), "");
}

/* ---- reading ---- */

static bool is_id(const char *id)
{
    size_t n = strlen(id);
    return n > 0 && n < NOTICE_ID_MAX - 16 && id[strspn(id, "0123456789-")] == '\0';
}

bool notice_read(struct notice *notice, const char *stream, const char *id, const char *text,
                 size_t len)
{
    json_t *object = json_loadb(text, len, JSON_ALLOW_NUL, NULL);
    const char *type = cli_json_text(object, "event.action");
    size_t type_len = strlen(type);
    memset(notice, 0, sizeof(*notice));
    if (!json_is_object(object) || !is_id(id) || type_len == 0 || type_len >= NOTICE_TYPE_MAX ||
        type[strspn(type, TYPE_CHARS)] != '\0') {
        json_decref(object);
        return false;
    }
    memcpy(notice->type, type, type_len + 1);
    snprintf(notice->id, sizeof(notice->id), "%s-%s", stream, id);
    const json_t *severity = cli_json_at(object, "event.severity");
    json_int_t value = json_is_integer(severity)          ? json_integer_value(severity)
                       : strcmp(type, "events-lost") == 0 ? SEVERITY_LOST
                                                          : SEVERITY_OTHER;
    notice->severity = value < 0 ? 0 : value > 100 ? 100 : (unsigned)value;
    notice->document = object;
    summarise(notice);
    return true;
}

void notice_free(struct notice *notice)
{
    json_decref(notice->document);
    notice->document = NULL;
}

/* ---- filters ---- */

/* Of failed runs in a row the first, second, fourth, eighth, ... is news (as findings, D-141). */
static bool is_feed_news(const struct notice *notice)
{
    const json_t *failures = cli_json_at(notice->document, "sinkwatch.feed.failures");
    json_int_t n = json_integer_value(failures);
    if (strcmp(notice->type, "feed-failed") == 0)
        return n <= 0 || (n & (n - 1)) == 0;
    return strcmp(notice->type, "feed-updated") != 0;
}

bool notice_is_news(const struct notice *notice, const char *stream)
{
    if (strcmp(stream, "events") == 0)
        return strcmp(notice->type, "seen-before") == 0;
    return strcmp(stream, "feeds:log") != 0 || is_feed_news(notice);
}

bool notice_wanted(const struct notice *notice, const struct notify_target *target)
{
    return notice->severity >= target->severity && cli_has_word(target->types, notice->type) &&
           cli_on_lists(notice->document, target->lists);
}

/* ---- text ---- */

/* Escape the characters of markup, which occur inside strings only; out has six octets for each. */
static size_t escape(char *out, const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        if (strchr("<>&'`", *text))
            n += (size_t)snprintf(out + n, 7, "\\u%04x", (unsigned)(unsigned char)*text);
        else
            out[n++] = *text;
    out[n] = '\0';
    return n;
}

char *notice_json(const struct notice *notice, size_t indent, size_t *len)
{
    json_t *object = json_object();
    cli_json_set(object, "id", notice->id);
    cli_json_set(object, "type", notice->type);
    json_object_set_new(object, "severity", json_integer(notice->severity));
    cli_json_set(object, "summary", notice->summary);
    if (notice->repeated)
        json_object_set_new(object, "repeated", json_true());
    json_object_set(object, "document", notice->document);
    char *text =
        json_dumps(object, (indent ? JSON_INDENT(indent) : JSON_COMPACT) | JSON_ENSURE_ASCII);
    json_decref(object);
    if (!text)
        abort();
    char *out = cli_alloc(6 * strlen(text) + 1, 1);
    *len = escape(out, text);
    free(text);
    return out;
}
