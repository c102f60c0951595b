/*
 * objects.c - objects with a member for the indicator: JSON lines, arrays, and the Passive DNS
 * Common Output Format; also arrays of plain strings.
 *
 * The members' names are those of roles.c. An object without an indicator is searched for arrays.
 *
 * Standards    RFC 8259; draft-dulaunoy-dnsop-passive-dns-cof
 */
#include "base/clock.h"
#include "formats/walker.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NESTED_MAX 8 /* objects inside objects that are searched */

struct json {
    struct sw_walker walker; /* first */
    bool lines;              /* each object at the top level is a record */
};

/* The member's value as a fact: seconds since 1970 become a time. */
static json_t *fact_value(const char *fact, json_t *value)
{
    char text[SW_TIMETEXT_MAX];
    bool time = strcmp(fact, "first_seen") == 0 || strcmp(fact, "last_seen") == 0;
    if (time && json_is_integer(value) && json_integer_value(value) > 0 &&
        json_integer_value(value) < INT64_C(4294967296))
        return json_string(sw_time_text(json_integer_value(value) * INT64_C(1000000), text));
    return json_incref(value);
}

/* The members of an object by role. */
struct members {
    const json_t *what, *host, *url, *type, *path;
    json_t *facts;
};

static void sort_member(struct members *m, const char *name, json_t *value)
{
    const char *fact = NULL;
    bool empty = json_is_null(value) || (json_is_string(value) && !json_string_length(value));
    if (empty || json_is_object(value))
        return;
    switch (sw_role((struct sw_piece){name, strlen(name)}, &fact)) {
    case SW_ROLE_INDICATOR:
        m->what = m->what || json_is_array(value) ? m->what : value;
        break;
    case SW_ROLE_EXACT:
        m->host = m->host ? m->host : value;
        break;
    case SW_ROLE_URL:
        m->url = value;
        break;
    case SW_ROLE_TYPE:
        m->type = value;
        break;
    case SW_ROLE_PATH:
        m->path = value;
        break;
    case SW_ROLE_FACT:
        if (!json_object_get(m->facts, fact))
            json_object_set_new(m->facts, fact, fact_value(fact, value));
        break;
    case SW_ROLE_NONE:
        break;
    }
}

/* Hand out a string, or a number as an AS. */
static void take_value(struct sw_reader *reader, const json_t *value, const struct sw_said *said)
{
    char number[16];
    struct sw_piece text = {json_string_value(value), json_string_length(value)};
    if (json_is_integer(value)) {
        snprintf(number, sizeof(number), "AS%" PRIu32, (uint32_t)json_integer_value(value));
        text = (struct sw_piece){number, strlen(number)};
    }
    struct sw_said both = {.scope = SW_SCOPE_BOTH, .facts = said->facts};
    if (text.len > 1 && text.p[0] == '.') /* ".name", as MISP's warning lists have it */
        sw_take(reader, (struct sw_piece){text.p + 1, text.len - 1}, text, &both);
    else if (text.p)
        sw_take(reader, text, text, said);
    else
        sw_reject(reader, (struct sw_piece){"", 0}, SW_REJECT_SYNTAX, "no text");
}

static void take_members(struct sw_reader *reader, struct sw_piece shown, const struct members *m)
{
    bool exact = false;
    enum sw_reject reject;
    const char *why;
    struct sw_piece type = {json_string_value(m->type), json_string_length(m->type)};
    if (!m->what && !m->host) {
        sw_reject(reader, shown, SW_REJECT_URL, "a URL");
    } else if (type.p && !sw_type_usable(type, &exact, &reject, &why)) {
        sw_reject(reader, shown, reject, why);
    } else if (m->path) {
        sw_reject(reader, shown, SW_REJECT_URL, "a host with a path");
    } else {
        char *facts = json_object_size(m->facts) ? json_dumps(m->facts, JSON_COMPACT) : NULL;
        exact = exact || !m->what;
        take_value(
            reader, m->what ? m->what : m->host,
            &(struct sw_said){.scope = exact ? SW_SCOPE_EXACT : SW_SCOPE_FORMAT, .facts = facts});
        free(facts);
    }
}

static bool take_object(struct sw_reader *reader, struct sw_piece shown, json_t *object,
                        unsigned nested);

/* Whether an array of strings with this name holds indicators; "": an array without a name. */
static bool holds_indicators(const char *name)
{
    static const char *const names[] = {"",          "list",      "data",    "domains",    "hosts",
                                        "hostnames", "names",     "ips",     "indicators", "iocs",
                                        "values",    "addresses", "networks"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* Indicators in the arrays of an object; whether there were any arrays. */
static bool take_arrays(struct sw_reader *reader, struct sw_piece shown, json_t *object,
                        unsigned nested)
{
    const char *name;
    json_t *value, *one;
    bool any = false;
    size_t i;
    json_object_foreach(object, name, value)
    {
        if (json_is_object(value))
            any = take_object(reader, shown, value, nested) || any;
        json_array_foreach(value, i, one)
        {
            any = true;
            if (json_is_object(one))
                take_object(reader, shown, one, nested);
            else if (json_is_string(one) && holds_indicators(name))
                take_value(reader, one, &(struct sw_said){0});
        }
    }
    return any;
}

static bool take_object(struct sw_reader *reader, struct sw_piece shown, json_t *object,
                        unsigned nested)
{
    struct members m = {.facts = json_object()};
    const char *name;
    json_t *value;
    bool any = true;
    json_object_foreach(object, name, value)
    {
        sort_member(&m, name, value);
    }
    if (m.what || m.host || m.url)
        take_members(reader, shown, &m);
    else
        any = nested < NESTED_MAX && take_arrays(reader, shown, object, nested + 1);
    json_decref(m.facts);
    return any;
}

static void record(struct sw_walker *walker, struct sw_piece text, uint64_t place)
{
    json_error_t error = {0};
    json_t *object = json_loadb(text.p, text.len, 0, &error);
    struct sw_piece shown = {text.p, text.len < 200 ? text.len : 200};
    (void)place;
    if (!object)
        sw_reject(walker->reader, shown, SW_REJECT_SYNTAX, error.text);
    else if (!take_object(walker->reader, shown, object, 0))
        sw_reject(walker->reader, shown, SW_REJECT_KIND, "an object without an indicator");
    json_decref(object);
}

static bool is_record(struct sw_walker *walker)
{
    const struct json *json = (const struct json *)walker;
    return json->lines ? walker->depth == 0
                       : walker->depth > 0 && walker->level[walker->depth - 1].kind == '[';
}

/* A string in an array. */
static void scalar(struct sw_walker *walker, struct sw_piece text)
{
    if (walker->depth == 0 || walker->level[walker->depth - 1].kind != '[' || text.p[0] != '"' ||
        !holds_indicators(walker->level[walker->depth - 1].key))
        return;
    json_t *value = json_loadb(text.p, text.len, JSON_DECODE_ANY, NULL);
    if (value)
        take_value(walker->reader, value, &(struct sw_said){0});
    else
        sw_reject(walker->reader, text, SW_REJECT_SYNTAX, "no text of JSON");
    json_decref(value);
}

/* Whether the sample begins with an object that ends in it: then each object is a record. */
static bool first_ends(struct sw_piece s)
{
    unsigned depth = 0;
    bool string = false;
    s = sw_trim(s);
    for (size_t i = 0; i < s.len; i++) {
        if (string && s.p[i] == '\\')
            i++;
        else if (s.p[i] == '"')
            string = !string;
        else if (!string && (s.p[i] == '{' || s.p[i] == '['))
            depth++;
        else if (!string && (s.p[i] == '}' || s.p[i] == ']') && (depth == 0 || --depth == 0))
            return s.p[0] == '{';
    }
    return false;
}

static void octets(struct sw_reader *reader, const char *p, size_t len)
{
    sw_walk(reader->state, p, len);
}

static enum sw_status end(struct sw_reader *reader)
{
    return sw_walk_end(reader->state);
}

void sw_reads_json(struct sw_reader *reader)
{
    struct json *json = sw_grow(NULL, sizeof(*json));
    memset(json, 0, sizeof(*json));
    json->walker.reader = reader;
    json->walker.hooks = (struct sw_walk_hooks){is_record, record, scalar, NULL};
    json->lines = first_ends((struct sw_piece){reader->sample.p, reader->sample.len});
    reader->state = json;
    reader->reading = (struct sw_reading){.octets = octets, .end = end, .free = sw_walker_free};
}
