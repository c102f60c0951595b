/*
 * stix.c - bundles of STIX 2: indicators by their patterns.
 *
 * Each object of the bundle is a record. Identities that stand before an indicator give its
 * provider; the markings that STIX defines give its TLP.
 *
 * Standards    STIX 2.1, parts 4.7, 7.2 and 9; STIX 2.0
 */
#include "formats/pattern.h"
#include "formats/walker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IDENTITIES_MAX 10000

struct stix {
    struct sw_walker walker; /* first */
    json_t *identities;      /* id -> name */
    struct sw_pattern pattern;
};

/* Markings of STIX 2.1, 7.2.1.4, and of the extension for TLP 2.0. */
static const struct {
    const char *id, *tlp;
} markings[] = {
    {"marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9", "white"},
    {"marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da", "green"},
    {"marking-definition--f88d31f6-486f-44da-b317-01333bde0b82", "amber"},
    {"marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed", "red"},
    {"marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487", "clear"},
    {"marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb", "green"},
    {"marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421", "amber"},
    {"marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003", "amber+strict"},
    {"marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1", "red"},
};

/* ---- facts ---- */

static void copy_fact(json_t *facts, const char *fact, const json_t *object, const char *member)
{
    json_t *value = json_object_get(object, member);
    if (json_is_string(value) || json_is_integer(value))
        json_object_set(facts, fact, value);
}

static void note_markings(json_t *facts, const json_t *object)
{
    json_t *ref;
    size_t i;
    json_array_foreach(json_object_get(object, "object_marking_refs"), i, ref)
    {
        const char *id = json_string_value(ref);
        for (size_t k = 0; id && k < sizeof(markings) / sizeof(markings[0]); k++)
            if (strcmp(markings[k].id, id) == 0)
                json_object_set_new(facts, "tlp", json_string(markings[k].tlp));
    }
}

static char *facts_of(const struct stix *stix, const json_t *object)
{
    json_t *facts = json_object(), *one;
    const char *by = json_string_value(json_object_get(object, "created_by_ref"));
    json_t *provider = by ? json_object_get(stix->identities, by) : NULL;
    size_t i;
    copy_fact(facts, "campaign", object, "name");
    copy_fact(facts, "note", object, "description");
    copy_fact(facts, "confidence", object, "confidence");
    copy_fact(facts, "first_seen", object, "valid_from");
    copy_fact(facts, "expires", object, "valid_until");
    json_array_foreach(json_object_get(object, "external_references"), i, one)
    {
        if (!json_object_get(facts, "reference"))
            copy_fact(facts, "reference", one, "url");
    }
    note_markings(facts, object);
    if (provider)
        json_object_set(facts, "provider", provider);
    char *text = json_object_size(facts) ? json_dumps(facts, JSON_COMPACT) : NULL;
    json_decref(facts);
    return text;
}

/* ---- an indicator ---- */

static const struct {
    const char *path;
    bool usable;
    enum sw_reject reject;
    const char *why;
} paths[] = {
    {"domain-name:value", true, 0, NULL},
    {"ipv4-addr:value", true, 0, NULL},
    {"ipv6-addr:value", true, 0, NULL},
    {"network-traffic:dst_ref.value", true, 0, NULL},
    {"network-traffic:src_ref.value", true, 0, NULL},
    {"autonomous-system:number", true, 0, NULL},
    {"url:", false, SW_REJECT_URL, "a URL"},
    {"file:hashes", false, SW_REJECT_HASH, "a digest of a file"},
    {"file:", false, SW_REJECT_FILE, "a file"},
    {"email", false, SW_REJECT_MAIL, "a mail or its address"},
};

static void take_alternative(struct sw_reader *reader, const struct sw_alternative *one,
                             const char *facts)
{
    char number[32];
    struct sw_piece shown = {one->value, strlen(one->value)}, text = shown;
    size_t i = 0, n = sizeof(paths) / sizeof(paths[0]);
    while (i < n &&
           (paths[i].usable ? strcmp(one->path, paths[i].path) != 0
                            : strncmp(one->path, paths[i].path, strlen(paths[i].path)) != 0))
        i++;
    if (i == n) {
        sw_reject(reader, shown, SW_REJECT_KIND, "a pattern about something else");
    } else if (!paths[i].usable) {
        sw_reject(reader, shown, paths[i].reject, paths[i].why);
    } else {
        if (strcmp(one->path, "autonomous-system:number") == 0) {
            snprintf(number, sizeof(number), "AS%.20s", one->value);
            text = (struct sw_piece){number, strlen(number)};
        }
        sw_take(reader, text, shown, &(struct sw_said){.scope = SW_SCOPE_EXACT, .facts = facts});
    }
}

static void take_indicator(struct sw_reader *reader, struct stix *stix, const json_t *object,
                           struct sw_piece raw)
{
    const char *text = json_string_value(json_object_get(object, "pattern"));
    const char *type = json_string_value(json_object_get(object, "pattern_type"));
    struct sw_piece shown = text ? (struct sw_piece){text, strlen(text)} : raw;
    const char *why = NULL;
    if (!text)
        sw_reject(reader, shown, SW_REJECT_SYNTAX, "an indicator without a pattern");
    else if (json_is_true(json_object_get(object, "revoked")))
        sw_reject(reader, shown, SW_REJECT_OFF, "revoked by its publisher");
    else if (type && strcmp(type, "stix") != 0)
        sw_reject(reader, shown, SW_REJECT_PATTERN, "a pattern in another language");
    else if ((why = sw_pattern_parse(shown, &stix->pattern)) != NULL)
        sw_reject(reader, shown, SW_REJECT_PATTERN, why);
    else {
        char *facts = facts_of(stix, object);
        for (size_t i = 0; i < stix->pattern.n; i++)
            if (!stix->pattern.one[i].neutral)
                take_alternative(reader, &stix->pattern.one[i], facts);
        free(facts);
    }
    if (text)
        sw_pattern_free(&stix->pattern);
}

static void take_object(struct sw_reader *reader, struct stix *stix, const json_t *object,
                        struct sw_piece raw)
{
    static const char *const observed[] = {"domain-name", "ipv4-addr", "ipv6-addr",
                                           "autonomous-system", "url"};
    const char *type = json_string_value(json_object_get(object, "type"));
    const char *id = json_string_value(json_object_get(object, "id"));
    if (!type) {
        sw_reject(reader, raw, SW_REJECT_SYNTAX, "an object without a type");
        return;
    }
    if (strcmp(type, "indicator") == 0)
        take_indicator(reader, stix, object, raw);
    else if (strcmp(type, "identity") == 0 && id &&
             json_object_size(stix->identities) < IDENTITIES_MAX)
        json_object_set(stix->identities, id, json_object_get(object, "name"));
    for (size_t i = 0; i < sizeof(observed) / sizeof(observed[0]); i++)
        if (strcmp(type, observed[i]) == 0)
            sw_reject(reader, raw, SW_REJECT_KIND, "an observation, no indicator");
}

static void record(struct sw_walker *walker, struct sw_piece text, uint64_t place)
{
    json_error_t error = {0};
    json_t *object = json_loadb(text.p, text.len, 0, &error);
    struct sw_piece shown = {text.p, text.len < 200 ? text.len : 200};
    (void)place;
    if (object)
        take_object(walker->reader, (struct stix *)walker, object, shown);
    else
        sw_reject(walker->reader, shown, SW_REJECT_SYNTAX, error.text);
    json_decref(object);
}

static bool is_record(struct sw_walker *walker)
{
    return sw_walk_is_at(walker, "objects[") || (walker->depth == 1 && sw_walk_is_at(walker, "["));
}

static void octets(struct sw_reader *reader, const char *p, size_t len)
{
    sw_walk(reader->state, p, len);
}

static enum sw_status end(struct sw_reader *reader)
{
    return sw_walk_end(reader->state);
}

static void free_stix(void *state)
{
    struct stix *stix = state;
    json_decref(stix->identities);
    sw_walker_free(state);
}

void sw_reads_stix(struct sw_reader *reader)
{
    struct stix *stix = sw_grow(NULL, sizeof(*stix));
    memset(stix, 0, sizeof(*stix));
    stix->walker.reader = reader;
    stix->walker.hooks = (struct sw_walk_hooks){is_record, record, NULL, NULL};
    stix->identities = json_object();
    reader->state = stix;
    reader->reading = (struct sw_reading){.octets = octets, .end = end, .free = free_stix};
}
