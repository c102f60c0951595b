/*
 * settings_of_servers.c - settings of DNS servers: dnsmasq's and Unbound's, as far as they block
 * names.
 *
 * dnsmasq    address=/name/.. and local=/name/ block a name and all below; server=/name/# exempts;
 *            server=/name/192.0.2.1 only forwards
 * unbound    local-zone: name TYPE blocks, or with type transparent exempts, a name and all below;
 *            local-data: "name A ..." blocks only the name, unless the name is the zone's
 *
 * Source: dnsmasq(8), unbound.conf(5).
 */
#include "formats/parts.h"

#include <stdlib.h>
#include <string.h>

/* ---- dnsmasq ---- */

/* The action of the value behind the last slash of address=. */
static enum sw_action dnsmasq_action(struct sw_piece value)
{
    return value.len == 0 ? SW_ACTION_NXDOMAIN : SW_ACTION_SINKHOLE;
}

static void dnsmasq_names(struct sw_reader *reader, struct sw_piece s, struct sw_piece names,
                          const struct sw_said *said)
{
    while (names.len > 0) {
        struct sw_piece name = sw_trim(sw_cut(&names, '/'));
        if (name.len > 1 && name.p[0] == '.') { /* an old spelling of the same */
            name.p++;
            name.len--;
        }
        if (name.len > 0)
            sw_take(reader, name, name, said);
        else
            sw_reject(reader, s, SW_REJECT_SYNTAX, "no name between the slashes");
    }
}

/* "/a/b/value": the names, and the value behind the last slash. */
static bool split(struct sw_piece s, struct sw_piece *names, struct sw_piece *value)
{
    size_t n = s.len;
    while (n > 0 && s.p[n - 1] != '/')
        n--;
    if (n < 2 || s.p[0] != '/')
        return false;
    *names = (struct sw_piece){s.p + 1, n - 2};
    *value = sw_trim((struct sw_piece){s.p + n, s.len - n});
    return true;
}

static void dnsmasq_line(struct sw_reader *reader, struct sw_piece line)
{
    struct sw_piece s = sw_content(line, "#"), value = s, names, last;
    struct sw_said said = {.scope = SW_SCOPE_BOTH};
    if (s.len == 0)
        return;
    if (sw_span_begins(value, "--")) {
        value.p += 2;
        value.len -= 2;
    }
    struct sw_piece key = sw_trim(sw_cut(&value, '='));
    bool address = sw_span_is(key, "address");
    bool server = sw_span_is(key, "server") || sw_span_is(key, "local");
    if ((!address && !server) || !split(sw_trim(value), &names, &last)) {
        sw_reject(reader, s, SW_REJECT_KIND, "a setting of dnsmasq that blocks no name");
    } else if (server && last.len > 0 && !sw_span_is(last, "#")) {
        sw_reject(reader, s, SW_REJECT_KIND, "names that are forwarded to another server");
    } else {
        said.meant = server && last.len > 0 ? SW_MEANT_EXCEPTION : SW_MEANT_ACTION;
        said.action = server ? SW_ACTION_NXDOMAIN : dnsmasq_action(last);
        dnsmasq_names(reader, s, names, &said);
    }
}

void sw_reads_dnsmasq(struct sw_reader *reader)
{
    reader->reading.line = dnsmasq_line;
}

/* ---- Unbound ---- */

static const struct {
    const char *type;
    enum sw_meant meant;
    enum sw_action action;
} zone_types[] = {
    {"always_nxdomain", SW_MEANT_ACTION, SW_ACTION_NXDOMAIN},
    {"static", SW_MEANT_ACTION, SW_ACTION_NXDOMAIN},
    {"inform_deny", SW_MEANT_ACTION, SW_ACTION_DROP},
    {"deny", SW_MEANT_ACTION, SW_ACTION_DROP},
    {"always_deny", SW_MEANT_ACTION, SW_ACTION_DROP},
    {"refuse", SW_MEANT_ACTION, SW_ACTION_REFUSED},
    {"always_refuse", SW_MEANT_ACTION, SW_ACTION_REFUSED},
    {"always_nodata", SW_MEANT_ACTION, SW_ACTION_NODATA},
    {"always_null", SW_MEANT_ACTION, SW_ACTION_SINKHOLE},
    {"redirect", SW_MEANT_ACTION, SW_ACTION_SINKHOLE},
    {"inform_redirect", SW_MEANT_ACTION, SW_ACTION_SINKHOLE},
    {"inform", SW_MEANT_ACTION, SW_ACTION_MONITOR},
    {"transparent", SW_MEANT_EXCEPTION, 0},
    {"always_transparent", SW_MEANT_EXCEPTION, 0},
    {"typetransparent", SW_MEANT_EXCEPTION, 0},
};

/* A word, or a text in quotes, in single or double. */
static struct sw_piece next_value(struct sw_piece *rest)
{
    struct sw_piece word;
    *rest = sw_trim(*rest);
    if (rest->len > 0 && (rest->p[0] == '"' || rest->p[0] == '\'')) {
        char quote = rest->p[0];
        rest->p++;
        rest->len--;
        return sw_cut(rest, quote);
    }
    sw_next_word(rest, &word);
    return word;
}

static struct sw_piece without_dot(struct sw_piece name)
{
    if (name.len > 1 && name.p[name.len - 1] == '.')
        name.len--;
    return name;
}

static void local_zone(struct sw_reader *reader, struct sw_piece s, struct sw_piece rest)
{
    struct sw_text *zone = reader->state;
    struct sw_piece name = next_value(&rest), type = next_value(&rest);
    zone->len = 0;
    for (size_t i = 0; i < sizeof(zone_types) / sizeof(zone_types[0]); i++) {
        if (!sw_span_is(type, zone_types[i].type))
            continue;
        struct sw_said said = {
            .scope = SW_SCOPE_BOTH, .meant = zone_types[i].meant, .action = zone_types[i].action};
        sw_text_add(zone, without_dot(name).p, without_dot(name).len);
        sw_take(reader, name, s, &said);
        return;
    }
    sw_reject(reader, s, SW_REJECT_KIND, "a local-zone of another type");
}

static void local_data(struct sw_reader *reader, struct sw_piece s, struct sw_piece rest)
{
    const struct sw_text *zone = reader->state;
    struct sw_piece record = next_value(&rest), name;
    struct sw_said said = {
        .scope = SW_SCOPE_EXACT, .meant = SW_MEANT_ACTION, .action = SW_ACTION_SINKHOLE};
    if (!sw_next_word(&record, &name))
        sw_reject(reader, s, SW_REJECT_SYNTAX, "no record");
    else if (without_dot(name).len != zone->len ||
             strncasecmp(name.p, zone->p, zone->len) != 0) /* else the zone's own data */
        sw_take(reader, name, s, &said);
}

static void unbound_line(struct sw_reader *reader, struct sw_piece line)
{
    struct sw_piece s = sw_content(line, "#"), rest = s;
    if (s.len == 0)
        return;
    struct sw_piece key = sw_trim(sw_cut(&rest, ':'));
    if (sw_span_is(key, "local-zone"))
        local_zone(reader, s, rest);
    else if (sw_span_is(key, "local-data"))
        local_data(reader, s, rest);
    else if (sw_trim(rest).len > 0)
        sw_reject(reader, s, SW_REJECT_KIND, "a setting of Unbound that blocks no name");
}

static void unbound_free(void *state)
{
    struct sw_text *zone = state;
    free(zone->p);
    free(zone);
}

void sw_reads_unbound(struct sw_reader *reader)
{
    reader->state = sw_grow(NULL, sizeof(struct sw_text));
    memset(reader->state, 0, sizeof(struct sw_text));
    reader->reading.line = unbound_line;
    reader->reading.free = unbound_free;
}
