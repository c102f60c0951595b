/* formats.c - the reader: from octets to lines; the table of formats. See formats.h. */
#include "formats/formats.h"

#include "formats/parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *meaning;
    void (*begin)(struct sw_reader *reader);
} formats[SW_FORMAT_COUNT] = {
    [SW_FORMAT_AUTO] = {"auto", "", NULL},
    [SW_FORMAT_PLAIN] = {"plain",
                         "name: the name and all below; =name: only the name; *.name: only below",
                         sw_reads_plain},
    [SW_FORMAT_HOSTS] = {"hosts", "only the name itself", sw_reads_hosts},
    [SW_FORMAT_RPZ] = {"rpz", "name: only the name; *.name: only below", sw_reads_rpz},
    [SW_FORMAT_CSV] = {"csv", "as in plain; a column hostname: only the name", sw_reads_csv},
    [SW_FORMAT_JSON] = {"json", "as in plain; a member hostname: only the name", sw_reads_json},
    [SW_FORMAT_ADBLOCK] = {"adblock",
                           "||name^: the name and all below; a bare name: only the name; @@: an "
                           "exception",
                           sw_reads_adblock},
    [SW_FORMAT_DNSMASQ] = {"dnsmasq", "the name and all below; server=/name/#: an exception",
                           sw_reads_dnsmasq},
    [SW_FORMAT_UNBOUND] = {"unbound",
                           "local-zone: the name and all below, of type transparent an exception; "
                           "local-data: only the name",
                           sw_reads_unbound},
    [SW_FORMAT_MISP] = {"misp", "domain: the name and all below; hostname: only the name",
                        sw_reads_misp},
    [SW_FORMAT_STIX] = {"stix", "domain-name:value: only the name", sw_reads_stix},
    [SW_FORMAT_MALTRAIL] = {"maltrail", "the name and all below", sw_reads_maltrail},
    [SW_FORMAT_SURICATA] = {"suricata", "name: only the name; .name: the name and all below",
                            sw_reads_suricata},
    [SW_FORMAT_COF] = {"cof", "only the name that was seen (rrname)", sw_reads_json},
};

static const char *const rejects[SW_REJECT_COUNT] = {
    [SW_REJECT_SYNTAX] = "no indicator",
    [SW_REJECT_URL] = "URL or path",
    [SW_REJECT_PORT] = "host with a port",
    [SW_REJECT_MAIL] = "mail address",
    [SW_REJECT_FILE] = "file name",
    [SW_REJECT_HASH] = "digest",
    [SW_REJECT_DEFANGED] = "defanged spelling",
    [SW_REJECT_PAGE] = "rule about pages",
    [SW_REJECT_REQUEST] = "rule about some requests",
    [SW_REJECT_PATTERN] = "pattern",
    [SW_REJECT_OFF] = "not for detection, or withdrawn",
    [SW_REJECT_KIND] = "data of another kind",
    [SW_REJECT_ZONE] = "outside the zone",
    [SW_REJECT_LOCAL_DATA] = "local data that no list can say",
    [SW_REJECT_HOST] = "host with its own address",
    [SW_REJECT_LENGTH] = "too long",
};

const char *sw_format_name(enum sw_format format)
{
    return formats[format].name;
}

const char *sw_format_meaning(enum sw_format format)
{
    return formats[format].meaning;
}

const char *sw_reject_name(enum sw_reject reject)
{
    return rejects[reject];
}

enum sw_status sw_format_parse(const char *name, enum sw_format *out)
{
    for (int i = 0; i < SW_FORMAT_COUNT; i++) {
        if (strcmp(name, formats[i].name) == 0) {
            *out = (enum sw_format)i;
            return SW_OK;
        }
    }
    return SW_ENOTFOUND;
}

/* ---- a reader ---- */

struct sw_reader *sw_reader_new(const struct sw_reader_options *options,
                                const struct sw_reader_hooks *hooks)
{
    struct sw_reader *reader = sw_grow(NULL, sizeof(*reader));
    memset(reader, 0, sizeof(*reader));
    reader->options = *options;
    reader->hooks = *hooks;
    return reader;
}

void sw_reader_free(struct sw_reader *reader)
{
    if (!reader)
        return;
    if (reader->reading.free)
        reader->reading.free(reader->state);
    else
        free(reader->state);
    sw_unpack_free(reader->unpack);
    free(reader->sample.p);
    free(reader->line.p);
    free(reader);
}

enum sw_format sw_reader_format(const struct sw_reader *reader)
{
    return reader->format;
}

bool sw_reader_unterminated(const struct sw_reader *reader)
{
    return reader->reading.line && reader->octets > 0 && reader->last != '\n';
}

uint64_t sw_reader_place(const struct sw_reader *reader)
{
    return reader->place;
}

const char *sw_reader_problem(const struct sw_reader *reader)
{
    return reader->problem;
}

/* ---- lines ---- */

static void give_line(struct sw_reader *reader, struct sw_piece line)
{
    reader->place++;
    if (reader->overlong)
        sw_reject(reader, (struct sw_piece){line.p, line.len < 60 ? line.len : 60},
                  SW_REJECT_LENGTH, "a line of more than 64 KiB");
    else
        reader->reading.line(reader, line);
    reader->overlong = false;
}

/* Cut octets into lines; the begin of a line is kept until the end comes. */
static void give_lines(struct sw_reader *reader, const char *p, size_t len)
{
    while (len > 0) {
        const char *end = memchr(p, '\n', len);
        size_t n = end ? (size_t)(end - p) : len;
        bool fits = reader->line.len + n <= SW_LINE_MAX;
        if (end && reader->line.len == 0 && fits && !reader->overlong) {
            give_line(reader, (struct sw_piece){p, n});
        } else {
            reader->overlong = reader->overlong || !fits;
            if (fits)
                sw_text_add(&reader->line, p, n);
            else if (reader->line.len == 0)
                sw_text_add(&reader->line, p, 64);
            if (end) {
                give_line(reader, (struct sw_piece){reader->line.p, reader->line.len});
                reader->line.len = 0;
            }
        }
        p += end ? n + 1 : n;
        len -= end ? n + 1 : n;
    }
}

static void give(struct sw_reader *reader, const char *p, size_t len)
{
    if (len == 0)
        return;
    if (reader->reading.octets)
        reader->reading.octets(reader, p, len);
    else
        give_lines(reader, p, len);
}

/* ---- the begin of the text ---- */

static enum sw_status begin(struct sw_reader *reader, bool whole)
{
    struct sw_piece sample = {reader->sample.p, reader->sample.len};
    if (sample.len >= 2 &&
        (memcmp(sample.p, "\xff\xfe", 2) == 0 || memcmp(sample.p, "\xfe\xff", 2) == 0))
        return sw_no_list(reader, "UTF-16; convert it first: iconv -f UTF-16 -t UTF-8");
    const char *container = sw_container(sample);
    if (container)
        return sw_no_list(reader, container);
    if (sample.len >= 3 && memcmp(sample.p, "\xef\xbb\xbf", 3) == 0) { /* RFC 3629 6 */
        sample.p += 3;
        sample.len -= 3;
    }
    reader->format = reader->options.format ? reader->options.format : sw_detect(sample, whole);
    if (reader->format == SW_FORMAT_AUTO)
        return sw_no_list(reader, "a page of HTML or XML, no list");
    formats[reader->format].begin(reader);
    give(reader, sample.p, sample.len);
    reader->sample.len = 0;
    return SW_OK;
}

/* Text after unpacking. */
static enum sw_status feed_text(void *arg, const char *p, size_t len)
{
    struct sw_reader *reader = arg;
    if (len > 0) {
        reader->last = p[len - 1];
        reader->octets += len;
    }
    if (!reader->reading.line && !reader->reading.octets) {
        size_t room = SW_SAMPLE_MAX - reader->sample.len;
        size_t some = len < room ? len : room;
        sw_text_add(&reader->sample, p, some);
        p += some;
        len -= some;
        if (reader->sample.len < SW_SAMPLE_MAX)
            return SW_OK;
        enum sw_status status = begin(reader, false);
        if (status != SW_OK)
            return status;
    }
    give(reader, p, len);
    return SW_OK;
}

/* Packed octets, or plain text. */
static enum sw_status feed_octets(struct sw_reader *reader, const char *p, size_t len)
{
    if (!reader->unpack)
        return feed_text(reader, p, len);
    enum sw_status status = sw_unpack_feed(reader->unpack, p, len, feed_text, reader);
    if (status == SW_EFORMAT && !reader->problem[0])
        return sw_no_list(reader, "the compressed text is broken");
    return status;
}

enum sw_status sw_reader_feed(struct sw_reader *reader, const void *octets, size_t len)
{
    struct sw_text *head = &reader->line; /* unused until the text begins */
    bool begun = reader->unpack || reader->octets;
    if (begun || len == 0)
        return feed_octets(reader, octets, len);
    sw_text_add(head, octets, len);
    if (head->len < 4)
        return SW_OK;
    reader->unpack = sw_unpack_new((const uint8_t *)head->p, head->len);
    struct sw_text first = *head;
    *head = (struct sw_text){0};
    enum sw_status status = feed_octets(reader, first.p, first.len);
    free(first.p);
    return status;
}

enum sw_status sw_reader_end(struct sw_reader *reader)
{
    enum sw_status status = SW_OK;
    bool begun = reader->reading.line || reader->reading.octets;
    if (!begun && reader->sample.len == 0 && reader->line.len > 0) { /* under four octets */
        struct sw_text first = reader->line;
        reader->line = (struct sw_text){0};
        status = feed_text(reader, first.p, first.len);
        free(first.p);
    }
    if (status == SW_OK && !begun)
        status = begin(reader, true);
    if (status != SW_OK)
        return status;
    if (reader->options.whole && sw_reader_unterminated(reader))
        return sw_no_list(reader, "the last line has no line end: the text may be cut");
    if (reader->reading.line && (reader->line.len > 0 || reader->overlong))
        give_line(reader, (struct sw_piece){reader->line.p, reader->line.len});
    reader->line.len = 0;
    if (reader->reading.end)
        status = reader->reading.end(reader);
    if (status == SW_OK && reader->unpack && sw_unpack_is_cut(reader->unpack))
        status = sw_no_list(reader, "the compressed text is cut");
    return status;
}
