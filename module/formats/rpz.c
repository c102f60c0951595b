/*
 * rpz.c - Response Policy Zones as text: records, split and judged.
 *
 * owner            trigger                     owner                      trigger
 * name             the queried name            24.0.2.0.192.rpz-ip        an address in the answer
 * *.name           names below                 ....rpz-client-ip          the client's address
 * name.rpz-nsdname a name server's name        ....rpz-nsip               its address
 *
 * CNAME .            NXDOMAIN        CNAME rpz-passthru.   an exception
 * CNAME *.           NODATA          CNAME rpz-drop.       no answer
 * CNAME rpz-tcp-only.  only by TCP   CNAME other           a walled garden
 * A, AAAA            a landing address
 * another type       local data; refused unless options.given asks for the rules of the zone
 *
 * The text is read by this file and not by libldns, which reads only from a FILE, a record at a
 * time: D-144.
 *
 * Standards    RFC 1035 5.1; draft-vixie-dnsop-dns-rpz-00
 */
#include "formats/parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKENS_MAX 64
#define NAME_ROOM  1100 /* longer than any name in text */

struct zone {
    char apex[NAME_ROOM];   /* name of the zone without the final dot; "": not known */
    char origin[NAME_ROOM]; /* of relative names, without the final dot; "": the apex */
    bool origin_set, apex_set, rooted;
    char owner[NAME_ROOM]; /* of the record before */
    struct sw_text text;   /* tokens of a record, one behind the other */
    struct {
        size_t at, len;
        bool quoted;
    } token[TOKENS_MAX];
    size_t n;
    unsigned depth;     /* parentheses that are open */
    bool owner_missing; /* the record began with white space */
    bool too_many;
};

static struct sw_piece token(const struct zone *zone, size_t i)
{
    return (struct sw_piece){zone->text.p + zone->token[i].at, zone->token[i].len};
}

/* ---- tokens ---- */

static void add_token(struct zone *zone, size_t at, bool quoted)
{
    if (zone->n == TOKENS_MAX) {
        zone->too_many = true;
        return;
    }
    zone->token[zone->n].at = at;
    zone->token[zone->n].len = zone->text.len - at;
    zone->token[zone->n++].quoted = quoted;
}

/* Cut one line into tokens, behind those of the lines before inside parentheses. */
static void tokenize(struct zone *zone, struct sw_piece line)
{
    for (size_t i = 0; i < line.len;) {
        char c = line.p[i];
        size_t at = zone->text.len;
        if (sw_is_space(c) || c == '(' || c == ')') {
            zone->depth += c == '(';
            zone->depth -= c == ')' && zone->depth > 0;
            i++;
        } else if (c == ';') {
            return;
        } else if (c == '"') {
            for (i++; i < line.len && line.p[i] != '"'; i++) {
                if (line.p[i] == '\\' && i + 1 < line.len) /* escapes stay */
                    sw_text_add(&zone->text, line.p + i++, 1);
                sw_text_add(&zone->text, line.p + i, 1);
            }
            i++;
            add_token(zone, at, true);
        } else {
            size_t n = i;
            while (n < line.len && !sw_is_space(line.p[n]) &&
                   !(line.p[n] && strchr(";()\"", line.p[n])))
                n += line.p[n] == '\\' && n + 1 < line.len ? 2 : 1;
            sw_text_add(&zone->text, line.p + i, n - i);
            i = n;
            add_token(zone, at, false);
        }
    }
}

/* ---- names ---- */

static bool is_absolute(struct sw_piece name)
{
    return name.len > 0 && name.p[name.len - 1] == '.' &&
           !(name.len > 1 && name.p[name.len - 2] == '\\');
}

/* Cut a suffix and the dot before it off. false: the name does not end in it. */
static bool cut_suffix(struct sw_piece *name, const char *suffix)
{
    size_t len = strlen(suffix);
    if (name->len == len && strncasecmp(name->p, suffix, len) == 0) {
        name->len = 0;
        return true;
    }
    if (name->len <= len || name->p[name->len - len - 1] != '.' ||
        strncasecmp(name->p + name->len - len, suffix, len) != 0)
        return false;
    name->len -= len + 1;
    return true;
}

/* An owner relative to the apex, "" for the apex. NULL, or the reason why it is out of the zone. */
static const char *relative_owner(const struct zone *zone, struct sw_piece name,
                                  char out[NAME_ROOM])
{
    bool absolute = is_absolute(name);
    int n;
    if (sw_span_is(name, "@"))
        name = (struct sw_piece){"", 0};
    if (absolute)
        name.len--;
    if (absolute || zone->rooted) {
        if (!zone->apex[0])
            return "an absolute name in a zone whose name is not known (--origin)";
        if (!cut_suffix(&name, zone->apex))
            return "a name outside the zone";
        n = snprintf(out, NAME_ROOM, "%.*s", (int)name.len, name.p);
    } else {
        n = snprintf(out, NAME_ROOM, "%.*s%s%s", (int)name.len, name.p,
                     name.len && zone->origin[0] ? "." : "", zone->origin);
    }
    return n >= NAME_ROOM ? "too long for a name" : NULL;
}

static void keep(char out[NAME_ROOM], struct sw_piece name)
{
    if (name.len > 0 && name.p[name.len - 1] == '.')
        name.len--;
    snprintf(out, NAME_ROOM, "%.*s", (int)name.len, name.p);
}

/* $ORIGIN: the first one names the zone, later ones a part of it. */
static void set_origin(struct sw_reader *reader, struct zone *zone, struct sw_piece name)
{
    char relative[NAME_ROOM];
    zone->rooted = sw_span_is(name, ".");
    if (zone->rooted) {
        zone->origin[0] = '\0';
    } else if (!zone->apex_set && is_absolute(name)) {
        keep(zone->apex, name);
        zone->apex_set = true;
        zone->origin[0] = '\0';
    } else {
        const char *why = relative_owner(zone, name, relative);
        if (why)
            sw_reject(reader, name, SW_REJECT_ZONE, why);
        else
            memcpy(zone->origin, relative, sizeof(relative));
    }
}

/* ---- owners ---- */

static const struct {
    const char *label;
    enum sw_trigger trigger;
} triggers[] = {
    {"rpz-ip", SW_TRIGGER_ADDRESS},
    {"rpz-client-ip", SW_TRIGGER_CLIENT},
    {"rpz-nsdname", SW_TRIGGER_NSDNAME},
    {"rpz-nsip", SW_TRIGGER_NSIP},
};

/* "24.0.2.0.192" or "48.zz.1.db8.2001" as "192.0.2.0/24", "2001:db8:1::/48". Four numbers are an
 * address without the length, as some feeds write it. false: no address. */
static bool address_text(struct sw_piece s, char out[NAME_ROOM])
{
    struct sw_piece part[10];
    size_t n = 0, at = 0;
    bool zz = false;
    while (s.len > 0 && n < 10) {
        part[n++] = sw_cut(&s, '.');
        zz = zz || sw_span_is(part[n - 1], "zz");
    }
    if (s.len > 0 || n < 3)
        return false;
    bool v4 = !zz && (n == 4 || n == 5);
    size_t first = v4 && n == 4 ? 0 : 1;
    for (size_t i = n; i-- > first;) {
        bool skip = sw_span_is(part[i], "zz");
        const char *sign = v4 ? "." : ":";
        if (skip && i + 1 == n)
            at += (size_t)snprintf(out + at, NAME_ROOM - at, ":");
        at += (size_t)snprintf(out + at, NAME_ROOM - at, "%.*s%s", skip ? 0 : (int)part[i].len,
                               part[i].p, i > first || skip ? sign : "");
        if (at > 100)
            return false;
    }
    if (first == 1)
        snprintf(out + at, NAME_ROOM - at, "/%.*s", (int)part[0].len, part[0].p);
    return true;
}

/* The text of the indicator that an owner stands for, and the trigger. false: not understood. */
static bool owner_text(const char *owner, struct sw_said *said, char out[NAME_ROOM])
{
    struct sw_piece name = {owner, strlen(owner)};
    for (size_t i = 0; i < sizeof(triggers) / sizeof(triggers[0]); i++) {
        if (!cut_suffix(&name, triggers[i].label))
            continue;
        said->triggers = SW_TRIGGER_BIT(triggers[i].trigger);
        if (triggers[i].trigger != SW_TRIGGER_NSDNAME)
            return address_text(name, out);
        break;
    }
    if (!said->triggers)
        said->triggers = SW_TRIGGER_BIT(SW_TRIGGER_QNAME) | SW_TRIGGER_BIT(SW_TRIGGER_CNAME);
    bool below = sw_span_begins(name, "*.");
    said->scope = below ? SW_SCOPE_BELOW : SW_SCOPE_EXACT;
    snprintf(out, NAME_ROOM, "%.*s", (int)(name.len - 2 * below), name.p + 2 * below);
    return true;
}

/* ---- actions ---- */

static bool target_is(struct sw_piece target, const char *word)
{
    if (is_absolute(target))
        target.len--;
    return sw_span_is(target, word);
}

/* The action of a CNAME; false: a special name that is not known. */
static bool cname_action(const char *owner, struct sw_piece target, struct sw_said *said)
{
    static const struct {
        const char *target;
        enum sw_action action;
    } special[] = {{"*", SW_ACTION_NODATA},
                   {"rpz-drop", SW_ACTION_DROP},
                   {"rpz-tcp-only", SW_ACTION_TCP_ONLY},
                   {"rpz-passthru", SW_ACTION_PASSTHRU}};
    said->meant = SW_MEANT_ACTION;
    said->action = SW_ACTION_CNAME;
    if (sw_span_is(target, ".")) {
        said->action = SW_ACTION_NXDOMAIN;
        return true;
    }
    for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
        if (target_is(target, special[i].target))
            said->action = special[i].action;
    if (target_is(target, owner)) /* the former way to write PASSTHRU */
        said->action = SW_ACTION_PASSTHRU;
    if (said->action == SW_ACTION_PASSTHRU)
        said->meant = SW_MEANT_EXCEPTION;
    return said->action != SW_ACTION_CNAME || !sw_span_begins(target, "rpz-");
}

/* {"rpz":"A 192.0.2.1"}: local data, which a list's own action replaces. Freed by the caller. */
static char *local_facts(struct sw_piece type, struct sw_piece data)
{
    char text[NAME_ROOM + 16];
    snprintf(text, sizeof(text), "%.*s %.*s", (int)type.len, type.p, (int)data.len, data.p);
    json_t *facts = json_pack("{s:s}", "rpz", text);
    char *dump = facts ? json_dumps(facts, JSON_COMPACT) : NULL;
    json_decref(facts);
    return dump;
}

/* ---- local data ---- */

/* Whether the data of a type end in a name, which may be relative to the zone. */
static bool ends_in_name(struct sw_piece type)
{
    static const char *const types[] = {"PTR", "MX", "SRV", "CNAME"};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (sw_span_is(type, types[i]))
            return true;
    return false;
}

/* Append the rest of a relative name. */
static void add_zone(const struct zone *zone, struct sw_text *text)
{
    const char *const rest[] = {zone->rooted ? "" : zone->origin, zone->rooted ? "" : zone->apex};
    for (size_t i = 0; i < 2; i++) {
        if (rest[i][0] && text->p[text->len - 1] != ' ') /* a space: '@' was there */
            sw_text_add(text, ".", 1);
        sw_text_add(text, rest[i], strlen(rest[i]));
    }
    sw_text_add(text, ".", 1);
}

/* The tokens from `data` on, with absolute names and as strings, behind the type. */
static void join(const struct zone *zone, struct sw_piece type, size_t data, struct sw_text *text)
{
    sw_text_add(text, type.p, type.len);
    for (size_t i = data; i < zone->n; i++) {
        struct sw_piece word = token(zone, i);
        bool relative = i + 1 == zone->n && ends_in_name(type) && !is_absolute(word);
        sw_text_add(text, zone->token[i].quoted ? " \"" : " ", zone->token[i].quoted ? 2 : 1);
        if (relative && sw_span_is(word, "@"))
            word.len = 0;
        sw_text_add(text, word.p, word.len);
        if (relative)
            add_zone(zone, text);
        if (zone->token[i].quoted)
            sw_text_add(text, "\"", 1);
    }
    sw_text_add(text, "", 1);
}

/* A record in one spelling. NULL, or the reason why it is no local data. */
static const char *local_record(const struct zone *zone, struct sw_piece type, size_t data,
                                char out[SW_RECORDTEXT_MAX])
{
    struct sw_local_data one = {0};
    struct sw_text text = {0};
    const char *why = NULL;
    uint16_t wire_type;
    size_t at = 0, len;
    join(zone, type, data, &text);
    if (memchr(text.p, '\0', text.len) != text.p + text.len - 1)
        why = "a zero octet";
    else if (sw_record_parse(text.p, &one, &why) == SW_OK) {
        const uint8_t *octets = sw_record_next(&one, &at, &wire_type, &len);
        why = sw_record_text(wire_type, octets, len, out) ? NULL : "data that have no text";
    }
    free(text.p);
    return why;
}

/* The name that an alias leads to, as policies have it. NULL, or the reason why it is none. */
static const char *garden_name(const struct zone *zone, size_t data, char out[SW_RECORDTEXT_MAX])
{
    struct sw_text text = {0};
    struct sw_name name;
    const char *why = NULL;
    char plain[SW_NAMETEXT_MAX];
    size_t head = strlen("CNAME ");
    join(zone, (struct sw_piece){"CNAME", head - 1}, data, &text);
    bool wild = strncmp(text.p + head, "*.", 2) == 0;
    head += wild ? 2 : 0;
    if (sw_name_parse(text.p + head, text.len - head - 1, &name, &why) == SW_OK)
        snprintf(out, SW_RECORDTEXT_MAX, "%s%s", wild ? "*." : "", sw_name_text(name.wire, plain));
    free(text.p);
    return why;
}

/* ---- a record ---- */

static bool is_of_apex(struct sw_piece type)
{
    static const char *const types[] = {"SOA",    "NS",     "RRSIG",      "NSEC", "NSEC3",
                                        "DNSKEY", "ZONEMD", "NSEC3PARAM", "CDS",  "CDNSKEY"};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (sw_span_is(type, types[i]))
            return true;
    return false;
}

/* Whether a token is a TTL (RFC 1035 5.1, with BIND's units) or a class. */
static bool is_ttl_or_class(struct sw_piece s)
{
    if (sw_span_is(s, "IN") || sw_span_is(s, "CH") || sw_span_is(s, "HS"))
        return true;
    for (size_t i = 0; i < s.len; i++)
        if (!s.p[i] || !strchr("0123456789smhdwSMHDW", s.p[i]))
            return false;
    return s.len > 0 && s.p[0] >= '0' && s.p[0] <= '9';
}

/* The reason why a record is no rule, as it is refused; why NULL: it is one. */
struct no_rule {
    enum sw_reject reject;
    const char *why;
};

/* The rule of a record, in the words of a list: said, and the text of its indicator. */
static struct no_rule read_rule(const struct zone *zone, struct sw_piece type, size_t data,
                                struct sw_said *said, char text[NAME_ROOM])
{
    bool cname = sw_span_is(type, "CNAME");
    if (data >= zone->n || (token(zone, data).len == 0 && !zone->token[data].quoted))
        return (struct no_rule){SW_REJECT_SYNTAX, "a record without data"};
    if (cname && !cname_action(zone->owner, token(zone, data), said))
        return (struct no_rule){SW_REJECT_LOCAL_DATA, "a special action that is not known"};
    if (!owner_text(zone->owner, said, text))
        return (struct no_rule){SW_REJECT_SYNTAX, "no address in reversed form"};
    if (strcmp(text, "*") == 0)
        return (struct no_rule){SW_REJECT_PATTERN, "the root: it would cover every name"};
    if (!cname) {
        said->meant = SW_MEANT_ACTION;
        said->action = SW_ACTION_SINKHOLE;
    }
    return (struct no_rule){0};
}

/* Add the data of a rule, as facts of an indicator or as the rule itself. */
static struct no_rule read_data(const struct sw_reader *reader, const struct zone *zone,
                                struct sw_piece type, size_t data, struct sw_said *said,
                                char **facts, char record[SW_RECORDTEXT_MAX])
{
    const char *why = NULL;
    bool address = sw_span_is(type, "A") || sw_span_is(type, "AAAA");
    if (said->action != SW_ACTION_SINKHOLE && said->action != SW_ACTION_CNAME)
        return (struct no_rule){0};
    if (reader->options.given && !zone->apex[0] && !zone->rooted && ends_in_name(type) &&
        !is_absolute(token(zone, zone->n - 1))) {
        why = "a relative name in a zone whose name is not known (--origin)";
    } else if (reader->options.given) {
        why = said->action == SW_ACTION_CNAME ? garden_name(zone, data, record)
                                              : local_record(zone, type, data, record);
        said->rule = record;
    } else if (said->action == SW_ACTION_SINKHOLE && !address) {
        why = "local data of this type (--given takes it)";
    } else {
        said->facts = *facts = local_facts(type, token(zone, data));
    }
    return (struct no_rule){SW_REJECT_LOCAL_DATA, why};
}

/* Judge a rule: owner, type and data are known. */
static void take_rule(struct sw_reader *reader, const struct zone *zone, struct sw_piece shown,
                      struct sw_piece type, size_t data)
{
    struct sw_said said = {0};
    char text[NAME_ROOM], record[SW_RECORDTEXT_MAX], *facts = NULL;
    struct no_rule no = read_rule(zone, type, data, &said, text);
    if (!no.why)
        no = read_data(reader, zone, type, data, &said, &facts, record);
    if (no.why)
        sw_reject(reader, shown, no.reject, no.why);
    else
        sw_take(reader, (struct sw_piece){text, strlen(text)}, shown, &said);
    free(facts);
}

/* The apex by the owner of the SOA record. */
static void take_soa(struct zone *zone, struct sw_piece owner)
{
    if (!zone->apex_set && is_absolute(owner)) {
        keep(zone->apex, owner);
        zone->apex_set = true;
    } else if (!zone->apex_set && zone->rooted && !sw_span_is(owner, "@")) {
        keep(zone->apex, owner);
        zone->apex_set = true;
    }
}

static void take_record(struct sw_reader *reader, struct zone *zone)
{
    size_t i = zone->owner_missing ? 0 : 1;
    while (i < zone->n && is_ttl_or_class(token(zone, i)))
        i++;
    struct sw_piece shown = {zone->text.p, zone->text.len};
    if (!zone->owner_missing)
        shown = token(zone, 0);
    if (i >= zone->n) {
        sw_reject(reader, shown, SW_REJECT_SYNTAX, "no record: a name without type and data");
        return;
    }
    struct sw_piece type = token(zone, i);
    if (sw_span_is(type, "SOA") && !zone->owner_missing)
        take_soa(zone, shown);
    if (!zone->owner_missing) {
        char owner[NAME_ROOM];
        const char *why = relative_owner(zone, shown, owner);
        if (why && !is_of_apex(type))
            sw_reject(reader, shown, SW_REJECT_ZONE, why);
        memcpy(zone->owner, why ? "" : owner, why ? 1 : sizeof(owner));
    }
    if (zone->owner[0] && !is_of_apex(type))
        take_rule(reader, zone, shown, type, i + 1);
}

static void take_directive(struct sw_reader *reader, struct zone *zone)
{
    struct sw_piece name = token(zone, 0);
    if (sw_span_is(name, "$ORIGIN") && zone->n > 1)
        set_origin(reader, zone, token(zone, 1));
    else if (!sw_span_is(name, "$TTL"))
        sw_reject(reader, name, SW_REJECT_KIND, "$INCLUDE and $GENERATE are not followed");
}

static void rpz_line(struct sw_reader *reader, struct sw_piece line)
{
    struct zone *zone = reader->state;
    if (zone->depth == 0) {
        zone->n = 0;
        zone->text.len = 0;
        zone->too_many = false;
        zone->owner_missing = line.len > 0 && sw_is_space(line.p[0]);
    }
    tokenize(zone, line);
    if (zone->text.len > SW_LINE_MAX)
        zone->depth = 0;
    if (zone->depth > 0 || zone->n == 0)
        return;
    if (token(zone, 0).len > 0 && token(zone, 0).p[0] == '$')
        take_directive(reader, zone);
    else if (zone->too_many && !is_of_apex(token(zone, 1)))
        sw_reject(reader, token(zone, 0), SW_REJECT_LENGTH, "a record of very many parts");
    else
        take_record(reader, zone);
}

static enum sw_status rpz_end(struct sw_reader *reader)
{
    const struct zone *zone = reader->state;
    return zone->depth > 0 ? sw_no_list(reader, "cut inside parentheses") : SW_OK;
}

static void rpz_free(void *state)
{
    struct zone *zone = state;
    free(zone->text.p);
    free(zone);
}

void sw_reads_rpz(struct sw_reader *reader)
{
    struct zone *zone = sw_grow(NULL, sizeof(*zone));
    memset(zone, 0, sizeof(*zone));
    if (reader->options.origin) {
        keep(zone->apex, (struct sw_piece){reader->options.origin, strlen(reader->options.origin)});
        zone->apex_set = true;
    }
    reader->state = zone;
    reader->reading.line = rpz_line;
    reader->reading.end = rpz_end;
    reader->reading.free = rpz_free;
}
