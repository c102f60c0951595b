/*
 * write_platforms.c - an event of MISP, and a bundle of STIX 2.1.
 *
 * Both are for detection, so only lists of kind ioc are written. In MISP `domain` is a name and all
 * below, `hostname` the name alone; in STIX a comparison by '=' is the name alone. A later bundle
 * of STIX names the same objects.
 *
 * Standards    the MISP core format (draft-dulaunoy-misp-core-format); STIX 2.1, 4.7, 7.2, 8, 9
 */
#include "base/clock.h"
#include "formats/writing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define UUID_MAX 37 /* with NUL */

/* A comma before every object but the first, and a line for each. */
static void say_object(struct sw_format_writer *writer, json_t *object)
{
    sw_say(writer, writer->counts.written ? ",\n" : "\n");
    sw_say_json(writer, object);
}

/* Whether a text of any kind is a time of RFC 3339. */
static bool is_time(const json_t *value)
{
    const char *text = json_string_value(value);
    int64_t at;
    return text && strchr(text, 'T') && sw_time_parse(text, strlen(text), &at) == SW_OK;
}

static size_t copy_time(const struct sw_outgoing *one, const char *fact, json_t *object,
                        const char *member)
{
    return is_time(json_object_get(one->facts, fact))
               ? sw_copy_fact(one, fact, object, member, false)
               : 0;
}

/* ---- MISP ---- */

/* The type of an attribute, or NULL: MISP has none, and *why says so. */
static const char *misp_type(const struct sw_outgoing *one, const char **why)
{
    switch (one->indicator->type) {
    case SW_INDICATOR_DOMAIN:
        *why = one->host_name ? "only the names below, which the format does not have"
                              : "a name with characters that the format does not have";
        if (!one->host_name || one->indicator->form == SW_FORM_BELOW)
            return NULL;
        return one->indicator->form == SW_FORM_EXACT ? "hostname" : "domain";
    case SW_INDICATOR_PREFIX:
        return "ip-dst";
    case SW_INDICATOR_ASN:
        return "AS";
    case SW_INDICATOR_HOLDER:
        break;
    }
    *why = "a holder of addresses, which the format does not have";
    return NULL;
}

static size_t tag_tlp(const struct sw_outgoing *one, json_t *attribute)
{
    const char *tlp = json_string_value(json_object_get(one->facts, "tlp"));
    json_t *tag = tlp ? json_sprintf("tlp:%s", tlp) : NULL;
    if (!tag)
        return 0;
    json_object_set_new(attribute, "Tag", json_pack("[{s:o}]", "name", tag));
    return 1;
}

static const char *put_misp(struct sw_format_writer *writer, struct sw_outgoing *one)
{
    const char *why = sw_no_rules(writer, false);
    const char *type = why ? NULL : misp_type(one, &why);
    if (!type)
        return why;
    json_t *attribute = json_pack("{s:s,s:s,s:s,s:b}", "type", type, "category", "Network activity",
                                  "value", one->name, "to_ids", 1);
    json_t *event = json_object();
    size_t copied = sw_copy_fact(one, "note", attribute, "comment", false);
    copied += copy_time(one, "first_seen", attribute, "first_seen");
    copied += copy_time(one, "last_seen", attribute, "last_seen");
    copied += sw_copy_fact(one, "campaign", event, "info", false);
    copied += tag_tlp(one, attribute);
    if (json_object_size(event) > 0)
        json_object_set(attribute, "Event", event);
    json_decref(event);
    sw_note_copied(one, copied);
    say_object(writer, attribute);
    return NULL;
}

static void end_misp(struct sw_format_writer *writer)
{
    sw_say(writer, "\n]}}\n");
}

void sw_writes_misp(struct sw_format_writer *writer)
{
    char date[SW_TIMETEXT_MAX];
    sw_time_text(writer->options.now_us, date);
    date[10] = '\0'; /* 2026-11-23 */
    writer->put = put_misp;
    writer->end = end_misp;
    sw_say(writer,
           "{\"Event\":{\"info\":\"%s\",\"date\":\"%s\",\"analysis\":\"2\",\"threat_level_id\":"
           "\"4\",\"distribution\":\"0\",\"published\":false,\"Attribute\":[",
           writer->options.policy->name, date);
}

/* ---- STIX ---- */

/* An identifier made of list and indicator (RFC 9562 5.8: version 8, of our own making). */
static void make_uuid(const char *list, const char *text, char out[UUID_MAX])
{
    char both[SW_LISTNAME_MAX + SW_INDICATORTEXT_MAX];
    XXH128_canonical_t digest;
    int len = snprintf(both, sizeof(both), "%s %s", list, text);
    XXH128_canonicalFromHash(&digest, XXH3_128bits(both, (size_t)len));
    digest.digest[6] = (unsigned char)((digest.digest[6] & 0x0f) | 0x80);
    digest.digest[8] = (unsigned char)((digest.digest[8] & 0x3f) | 0x80);
    size_t at = 0;
    for (size_t i = 0; i < 16; i++)
        at += (size_t)snprintf(out + at, UUID_MAX - at, "%s%02x",
                               i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", digest.digest[i]);
}

/* The pattern of an indicator, or NULL: STIX has none, and *why says so. */
static json_t *stix_pattern(const struct sw_format_writer *writer, struct sw_outgoing *one,
                            const char **why)
{
    const struct sw_addr *addr = &one->indicator->addr;
    switch (one->indicator->type) {
    case SW_INDICATOR_DOMAIN:
        *why = sw_no_exact(writer, one);
        if (!*why && !one->host_name)
            *why = "a name with characters that the format does not have";
        return *why ? NULL : json_sprintf("[domain-name:value = '%s']", one->name);
    case SW_INDICATOR_PREFIX:
        return json_sprintf("[ipv%d-addr:value %s '%s']", addr->family,
                            addr->plen == sw_addr_bits(addr) ? "=" : "ISSUBSET", one->text);
    case SW_INDICATOR_ASN:
        return json_sprintf("[autonomous-system:number = %u]", (unsigned)one->indicator->asn);
    case SW_INDICATOR_HOLDER:
        break;
    }
    *why = "a holder of addresses, which the format does not have";
    return NULL;
}

/* Markings of STIX 2.1, 7.2.1.4. */
static size_t mark_tlp(const struct sw_outgoing *one, json_t *object)
{
    static const struct {
        const char *tlp, *id;
    } markings[] = {
        {"white", "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9"},
        {"clear", "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"},
        {"green", "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da"},
        {"amber", "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"},
        {"amber+strict", "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003"},
        {"red", "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"},
    };
    const char *tlp = json_string_value(json_object_get(one->facts, "tlp"));
    for (size_t i = 0; tlp && i < sizeof(markings) / sizeof(markings[0]); i++) {
        if (strcmp(tlp, markings[i].tlp) != 0)
            continue;
        json_object_set_new(object, "object_marking_refs", json_pack("[s]", markings[i].id));
        return 1;
    }
    return 0;
}

/* Members for facts; returns how many facts have one. */
static size_t stix_facts(const struct sw_outgoing *one, json_t *object)
{
    const json_t *confidence = json_object_get(one->facts, "confidence");
    json_t *reference = json_object();
    size_t copied = sw_copy_fact(one, "campaign", object, "name", false);
    copied += sw_copy_fact(one, "note", object, "description", false);
    copied += copy_time(one, "first_seen", object, "valid_from");
    copied += copy_time(one, "expires", object, "valid_until");
    copied += mark_tlp(one, object);
    if (json_is_integer(confidence) && json_integer_value(confidence) >= 0 &&
        json_integer_value(confidence) <= 100)
        copied += sw_copy_fact(one, "confidence", object, "confidence", true);
    if (sw_copy_fact(one, "reference", reference, "url", false)) {
        json_object_set_new(reference, "source_name", json_string("reference"));
        json_object_set_new(object, "external_references", json_pack("[O]", reference));
        copied++;
    }
    json_decref(reference);
    return copied;
}

static const char *put_stix(struct sw_format_writer *writer, struct sw_outgoing *one)
{
    const char *why = sw_no_rules(writer, false);
    json_t *pattern = why ? NULL : stix_pattern(writer, one, &why);
    char uuid[UUID_MAX], now[SW_TIMETEXT_MAX];
    if (!pattern)
        return why;
    make_uuid(writer->options.policy->name, one->text, uuid);
    sw_time_text(writer->options.now_us, now);
    json_t *object =
        json_pack("{s:s,s:s,s:o,s:s,s:s,s:s,s:s,s:o}", "type", "indicator", "spec_version", "2.1",
                  "id", json_sprintf("indicator--%s", uuid), "created", now, "modified", now,
                  "valid_from", now, "pattern_type", "stix", "pattern", pattern);
    json_object_set_new(object, "indicator_types", json_pack("[s]", "malicious-activity"));
    sw_note_copied(one, stix_facts(one, object));
    say_object(writer, object);
    return NULL;
}

static void end_stix(struct sw_format_writer *writer)
{
    sw_say(writer, "\n]}\n");
}

void sw_writes_stix(struct sw_format_writer *writer)
{
    char uuid[UUID_MAX], now[SW_TIMETEXT_MAX];
    make_uuid(writer->options.policy->name, sw_time_text(writer->options.now_us, now), uuid);
    writer->put = put_stix;
    writer->end = end_stix;
    sw_say(writer, "{\"type\":\"bundle\",\"id\":\"bundle--%s\",\"objects\":[", uuid);
}
