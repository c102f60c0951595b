/*
 * detect.c - recognising a format from the first lines.
 *
 * Each line with content votes for the formats that have such a line. A format that at least half
 * of the lines vote for is taken, the more telling formats first; the rest is plain. A table needs
 * a row that names a column of indicators.
 */
#include "formats/parts.h"

#include <string.h>

#define LINES_MAX 400 /* lines looked at */

struct votes {
    size_t lines, comments;
    size_t hosts, rpz, adblock, cosmetic, dnsmasq, unbound, suricata, rows;
    bool header, maltrail, adblock_head, table_head, zone_head;
};

static bool is_hosts(struct sw_piece s)
{
    struct sw_piece rest = s, first;
    struct sw_addr addr;
    sw_next_word(&rest, &first);
    struct sw_piece address = sw_cut(&first, '%'); /* fe80::1%lo0 */
    if (sw_trim(rest).len == 0 || !(sw_span_is(address, "0") || sw_span_addr(address, &addr)))
        return false;
    return sw_span_is(address, "0") || addr.octets[0] == 127 || addr.octets[0] == 0 ||
           addr.octets[0] == 255 || addr.octets[0] >= 0xfe;
}

/* A record: a type as second, third or fourth word. */
static bool is_record(struct sw_piece s)
{
    static const char *const types[] = {"CNAME", "A",     "AAAA", "SOA", "NS",   "TXT",
                                        "MX",    "IN",    "PTR",  "SRV", "CAA",  "DNAME",
                                        "SPF",   "HTTPS", "SVCB", "DS",  "NAPTR"};
    struct sw_piece rest = s, word;
    for (int i = 0; i < 4 && sw_next_word(&rest, &word); i++) {
        if (i > 0 && word.len > 4 && memcmp(word.p, "TYPE", 4) == 0 && word.p[4] <= '9')
            return true; /* RFC 3597 5 */
        for (size_t k = 0; k < sizeof(types) / sizeof(types[0]); k++)
            if ((i > 0 || !sw_span_is(word, "A")) && word.len == strlen(types[k]) &&
                memcmp(word.p, types[k], word.len) == 0)
                return true;
    }
    return false;
}

static bool is_adblock(struct sw_piece s)
{
    return sw_span_begins(s, "||") || sw_span_begins(s, "@@") || sw_span_begins(s, "|") ||
           s.p[s.len - 1] == '^' || sw_span_has(s, "^$");
}

static bool is_cosmetic(struct sw_piece s)
{
    return sw_span_has(s, "##") || sw_span_has(s, "#@#") || sw_span_has(s, "#?#") ||
           sw_span_has(s, "#$#") || sw_span_has(s, "#%#");
}

static bool is_dnsmasq(struct sw_piece s)
{
    return sw_span_begins(s, "address=/") || sw_span_begins(s, "server=/") ||
           sw_span_begins(s, "local=/") || sw_span_begins(s, "--address=/");
}

static bool is_unbound(struct sw_piece s)
{
    return sw_span_begins(s, "local-zone:") || sw_span_begins(s, "local-data:") ||
           sw_span_is(s, "server:");
}

/* Base64 of a name: letters and digits of both cases, no dot, perhaps "=" at the end. */
static bool is_base64(struct sw_piece s)
{
    bool upper = false, lower = false;
    s = sw_cut(&(struct sw_piece){s.p, s.len}, ',');
    size_t n = s.len;
    while (n > 0 && s.p[n - 1] == '=')
        n--;
    for (size_t i = 0; i < n; i++) {
        char c = s.p[i];
        upper = upper || (c >= 'A' && c <= 'Z');
        lower = lower || (c >= 'a' && c <= 'z');
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
              c == '+' || c == '/'))
            return false;
    }
    return s.len % 4 == 0 && n >= 6 && upper && lower;
}

/* Whether a line of words between separators names a column of indicators. */
static bool is_header(struct sw_piece s)
{
    static const char separators[] = ",;\t|";
    const char *fact;
    bool found = false;
    for (size_t k = 0; separators[k] && !found; k++) {
        struct sw_piece rest = s;
        if (s.len == 0 || !memchr(s.p, separators[k], s.len))
            continue;
        while (rest.len > 0) {
            struct sw_piece field = sw_trim(sw_cut(&rest, separators[k]));
            if (field.len > 2 && field.p[0] == '"')
                field = (struct sw_piece){field.p + 1, field.len - 2};
            if (sw_is_data(field))
                return false;
            enum sw_column role = sw_role(field, &fact);
            found =
                found || role == SW_ROLE_INDICATOR || role == SW_ROLE_EXACT || role == SW_ROLE_URL;
        }
    }
    return found;
}

/* Fields between separators, at least two. */
static bool is_row(struct sw_piece s)
{
    size_t commas = 0, others = 0;
    for (size_t i = 0; i < s.len; i++) {
        commas += s.p[i] == ',';
        others += s.p[i] == ';' || s.p[i] == '\t' || s.p[i] == '|';
    }
    return commas > 0 || others > 0;
}

static void vote_comment(struct votes *v, struct sw_piece s)
{
    v->comments++;
    v->maltrail = v->maltrail || sw_span_has(s, "Maltrail") || sw_span_has(s, "# Reference: http");
    v->table_head =
        v->table_head || (s.p[0] == '#' && is_header((struct sw_piece){s.p + 1, s.len - 1}));
}

static void vote(struct votes *v, struct sw_piece s, bool indented)
{
    bool zone = s.p[0] == '$' || (s.p[0] == '@' && s.len > 1 && sw_is_space(s.p[1]));
    v->adblock_head =
        v->adblock_head || sw_span_begins(s, "[Adblock") || sw_span_begins(s, "[uBlock");
    bool cosmetic = is_cosmetic(s);
    if (!cosmetic && (s.p[0] == '#' || s.p[0] == '!' || s.p[0] == ';' || s.p[0] == '[')) {
        vote_comment(v, s);
        return;
    }
    if (v->lines == 0)
        v->header = is_header(s);
    v->lines++;
    v->zone_head = v->zone_head || zone;
    v->hosts += is_hosts(s);
    v->rpz += zone || is_record(s) || (indented && v->zone_head);
    v->adblock += is_adblock(s) || cosmetic;
    v->cosmetic += cosmetic;
    v->dnsmasq += is_dnsmasq(s);
    v->unbound += is_unbound(s);
    v->suricata += is_base64(s);
    v->rows += is_row(sw_content(s, "#;"));
}

static enum sw_format count(const struct votes *v)
{
    size_t half = (v->lines + 1) / 2;
    if (v->lines == 0)
        return v->adblock_head ? SW_FORMAT_ADBLOCK : SW_FORMAT_PLAIN;
    if (v->unbound >= half)
        return SW_FORMAT_UNBOUND;
    if (v->dnsmasq >= half)
        return SW_FORMAT_DNSMASQ;
    if (v->rpz >= half && (v->zone_head || v->hosts < half))
        return SW_FORMAT_RPZ;
    if (v->adblock_head || v->adblock >= half || v->cosmetic >= half)
        return SW_FORMAT_ADBLOCK;
    if (v->hosts >= half)
        return SW_FORMAT_HOSTS;
    if (v->header || v->table_head || (v->rows == v->lines && v->rows > 1))
        return SW_FORMAT_CSV;
    if (v->suricata == v->lines)
        return SW_FORMAT_SURICATA;
    return v->maltrail ? SW_FORMAT_MALTRAIL : SW_FORMAT_PLAIN;
}

/* Whether a name in quotes is followed by a colon. */
static bool has_member(struct sw_piece s, const char *member)
{
    const char *at = memmem(s.p, s.len, member, strlen(member));
    while (at) {
        struct sw_piece rest = {at + strlen(member), s.len - (size_t)(at - s.p) - strlen(member)};
        rest = sw_trim(rest);
        if (rest.len == 0 || rest.p[0] == ':')
            return true;
        at = memmem(rest.p, rest.len, member, strlen(member));
    }
    return false;
}

static enum sw_format json_format(struct sw_piece s)
{
    if (has_member(s, "\"objects\"") && has_member(s, "\"type\"") &&
        (sw_span_has(s, "\"bundle\"") || has_member(s, "\"spec_version\"")))
        return SW_FORMAT_STIX;
    if (has_member(s, "\"Event\"") || has_member(s, "\"Attribute\""))
        return SW_FORMAT_MISP;
    return has_member(s, "\"rrname\"") && has_member(s, "\"rrtype\"") ? SW_FORMAT_COF
                                                                      : SW_FORMAT_JSON;
}

static bool is_json(struct sw_piece s)
{
    struct sw_piece rest = {s.p + 1, s.len - 1};
    rest = sw_trim(rest);
    if (s.p[0] == '{')
        return rest.len == 0 || rest.p[0] == '"' || rest.p[0] == '}';
    return s.p[0] == '[' && (rest.len == 0 || rest.p[0] == '{' || rest.p[0] == '"' ||
                             rest.p[0] == '[' || rest.p[0] == ']');
}

enum sw_format sw_detect(struct sw_piece sample, bool whole)
{
    struct votes votes = {0};
    struct sw_piece rest = sample, s = sw_trim(sample);
    if (s.len == 0)
        return SW_FORMAT_PLAIN;
    if (s.p[0] == '<')
        return SW_FORMAT_AUTO;
    if (is_json(s))
        return json_format(s);
    for (size_t i = 0; i < LINES_MAX && rest.len > 0; i++) {
        struct sw_piece line = sw_cut(&rest, '\n');
        if (rest.len == 0 && !whole && votes.lines > 0)
            break; /* cut by the end of the sample */
        bool indented = line.len > 0 && sw_is_space(line.p[0]);
        line = sw_trim(line);
        if (line.len > 0)
            vote(&votes, line, indented);
    }
    return count(&votes);
}
