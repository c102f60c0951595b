/*
 * misp.c - events of MISP: attributes, also of objects, with facts of the event.
 *
 * An attribute is a record. The tags of an event may come behind the attributes, so attributes
 * wait until the event ends, 4 MiB of text at most.
 *
 * Standards    the MISP core format (draft-dulaunoy-misp-core-format)
 */
#include "base/clock.h"
#include "formats/walker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAITING_MAX (4 * 1024 * 1024) /* octets of attributes of an event without end yet */

struct misp {
    struct sw_walker walker; /* first */
    struct sw_text waiting;  /* records: place, length, text */
    json_t *facts;           /* of the event */
};

struct head { /* before each waiting record */
    uint64_t place;
    size_t len;
};

/* ---- an attribute ---- */

static const struct {
    const char *type;
    bool usable;
    enum sw_scope scope;
    enum sw_reject reject;
    const char *why;
} types[] = {
    {"domain", true, SW_SCOPE_BOTH, 0, NULL},
    {"hostname", true, SW_SCOPE_EXACT, 0, NULL},
    {"domain|ip", true, SW_SCOPE_BOTH, 0, NULL}, /* the address is where the name led: not listed */
    {"ip-dst", true, SW_SCOPE_FORMAT, 0, NULL},
    {"ip-src", true, SW_SCOPE_FORMAT, 0, NULL},
    {"AS", true, SW_SCOPE_FORMAT, 0, NULL},
    {"ip-dst|port", false, 0, SW_REJECT_PORT, "a host with a port"},
    {"ip-src|port", false, 0, SW_REJECT_PORT, "a host with a port"},
    {"hostname|port", false, 0, SW_REJECT_PORT, "a host with a port"},
};

/* Tags such as tlp:amber. */
static void note_tag(json_t *facts, const json_t *tag)
{
    const char *name = json_string_value(json_object_get(tag, "name"));
    if (name && strncasecmp(name, "tlp:", 4) == 0)
        json_object_set_new(facts, "tlp", json_string(name + 4));
}

static void copy_fact(json_t *facts, const char *fact, const json_t *attribute, const char *member)
{
    json_t *value = json_object_get(attribute, member);
    if (json_is_string(value) && json_string_length(value) > 0)
        json_object_set(facts, fact, value);
}

static bool is_true(const json_t *value)
{
    const char *text = json_string_value(value);
    return json_is_true(value) || json_integer_value(value) > 0 || (text && strcmp(text, "1") == 0);
}

static char *facts_of(const struct misp *misp, const json_t *attribute)
{
    json_t *facts = json_copy(misp->facts), *tag;
    size_t i;
    copy_fact(facts, "note", attribute, "comment");
    copy_fact(facts, "first_seen", attribute, "first_seen");
    copy_fact(facts, "last_seen", attribute, "last_seen");
    copy_fact(facts, "campaign", json_object_get(attribute, "Event"), "info");
    json_array_foreach(json_object_get(attribute, "Tag"), i, tag)
    {
        note_tag(facts, tag);
    }
    char *text = json_object_size(facts) ? json_dumps(facts, JSON_COMPACT) : NULL;
    json_decref(facts);
    return text;
}

/* An attribute of a type that is not in the table. */
static void refuse_type(struct sw_reader *reader, struct sw_piece shown, const char *type)
{
    bool exact;
    enum sw_reject reject = SW_REJECT_KIND;
    const char *why = "an attribute of another type";
    (void)sw_type_usable((struct sw_piece){type, strlen(type)}, &exact, &reject, &why);
    sw_reject(reader, shown, reject, why);
}

static void take_attribute(struct sw_reader *reader, const struct misp *misp,
                           const json_t *attribute, struct sw_piece raw)
{
    const char *type = json_string_value(json_object_get(attribute, "type"));
    const char *text = json_string_value(json_object_get(attribute, "value"));
    struct sw_piece shown = text ? (struct sw_piece){text, strlen(text)} : raw, value = shown;
    size_t i = 0, n = sizeof(types) / sizeof(types[0]);
    if (!type || !text) {
        sw_reject(reader, shown, SW_REJECT_SYNTAX, "an attribute without type or value");
        return;
    }
    while (i < n && strcmp(types[i].type, type) != 0)
        i++;
    if (i == n) {
        refuse_type(reader, shown, type);
    } else if (!types[i].usable) {
        sw_reject(reader, shown, types[i].reject, types[i].why);
    } else if (is_true(json_object_get(attribute, "deleted"))) {
        sw_reject(reader, shown, SW_REJECT_OFF, "deleted by its publisher");
    } else if (json_object_get(attribute, "to_ids") &&
               !is_true(json_object_get(attribute, "to_ids"))) {
        sw_reject(reader, shown, SW_REJECT_OFF, "not for detection (to_ids)");
    } else {
        char *facts = facts_of(misp, attribute);
        struct sw_piece name = sw_cut(&value, '|');
        sw_take(reader, name, shown, &(struct sw_said){.scope = types[i].scope, .facts = facts});
        free(facts);
    }
}

/* ---- waiting for the end of the event ---- */

static void flush(struct misp *misp)
{
    struct sw_reader *reader = misp->walker.reader;
    uint64_t here = reader->place;
    struct head head;
    for (size_t at = 0; at < misp->waiting.len; at += head.len) {
        json_error_t error = {0};
        memcpy(&head, misp->waiting.p + at, sizeof(head));
        at += sizeof(head);
        struct sw_piece text = {misp->waiting.p + at, head.len};
        struct sw_piece shown = {text.p, text.len < 200 ? text.len : 200};
        json_t *attribute = json_loadb(text.p, text.len, 0, &error);
        if (!attribute && text.len > 2) /* a comma too many, as some writers leave it */
            attribute = json_loadb(text.p, text.len, JSON_DISABLE_EOF_CHECK, &error);
        reader->place = head.place;
        if (attribute)
            take_attribute(reader, misp, attribute, shown);
        else
            sw_reject(reader, shown, SW_REJECT_SYNTAX, error.text);
        json_decref(attribute);
    }
    misp->waiting.len = 0;
    reader->place = here;
}

static void record(struct sw_walker *walker, struct sw_piece text, uint64_t place)
{
    struct misp *misp = (struct misp *)walker;
    struct head head = {place, text.len};
    if (sw_walk_is_at(walker, "Tag[")) {
        json_t *tag = json_loadb(text.p, text.len, 0, NULL);
        note_tag(misp->facts, tag);
        json_decref(tag);
        return;
    }
    sw_text_add(&misp->waiting, (const char *)&head, sizeof(head));
    sw_text_add(&misp->waiting, text.p, text.len);
    if (misp->waiting.len > WAITING_MAX)
        flush(misp);
}

static bool is_record(struct sw_walker *walker)
{
    return sw_walk_is_at(walker, "Attribute[") || sw_walk_is_at(walker, "Event.Tag[");
}

/* Title and publisher of the event, not of related events. */
static void scalar(struct sw_walker *walker, struct sw_piece text)
{
    struct misp *misp = (struct misp *)walker;
    bool info = strcmp(walker->key, "info") == 0 && sw_walk_is_at(walker, "Event.");
    bool name = strcmp(walker->key, "name") == 0 && sw_walk_is_at(walker, "Event.Orgc.");
    for (unsigned i = 0; i < walker->depth; i++)
        if (strcmp(walker->level[i].key, "RelatedEvent") == 0)
            return;
    if (!info && !name)
        return;
    json_t *value = json_loadb(text.p, text.len, JSON_DECODE_ANY, NULL);
    if (json_is_string(value))
        json_object_set(misp->facts, info ? "campaign" : "provider", value);
    json_decref(value);
}

/* The innermost object ended; the member is behind the open brackets. */
static void leave(struct sw_walker *walker)
{
    struct misp *misp = (struct misp *)walker;
    if (strcmp(walker->level[walker->depth].key, "Event") != 0)
        return;
    for (unsigned i = 0; i < walker->depth; i++)
        if (strcmp(walker->level[i].key, "RelatedEvent") == 0)
            return;
    flush(misp);
    json_object_clear(misp->facts);
}

static void octets(struct sw_reader *reader, const char *p, size_t len)
{
    sw_walk(reader->state, p, len);
}

static enum sw_status end(struct sw_reader *reader)
{
    flush(reader->state);
    return sw_walk_end(reader->state);
}

static void free_misp(void *state)
{
    struct misp *misp = state;
    free(misp->waiting.p);
    json_decref(misp->facts);
    sw_walker_free(state);
}

void sw_reads_misp(struct sw_reader *reader)
{
    struct misp *misp = sw_grow(NULL, sizeof(*misp));
    memset(misp, 0, sizeof(*misp));
    misp->walker.reader = reader;
    misp->walker.hooks = (struct sw_walk_hooks){is_record, record, scalar, leave};
    misp->facts = json_object();
    reader->state = misp;
    reader->reading = (struct sw_reading){.octets = octets, .end = end, .free = free_misp};
}
