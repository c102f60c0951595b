/* inquiry.c - see inquiry.h. */
#include "journal/inquiry.h"

#include "journal/dnstext.h"
#include "journal/rdata_text.h"

#include <jansson.h>
#include <string.h>

char *sw_inquiry_text(const struct sw_inquiry *inquiry, const char *what)
{
    char type[SW_DNSTEXT_MAX];
    json_t *object = json_pack("{s:s, s:I}", "what", what, "limit", (json_int_t)inquiry->limit);
    if (object && inquiry->type)
        json_object_set_new(object, "type", json_string(sw_qtype_text(inquiry->type, type)));
    if (object && inquiry->since)
        json_object_set_new(object, "since", json_integer((json_int_t)inquiry->since));
    if (object && inquiry->until)
        json_object_set_new(object, "until", json_integer((json_int_t)inquiry->until));
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    return text;
}

/* A member that is missing, or a number in least..most. */
static bool get_number(const json_t *object, const char *name, uint64_t least, uint64_t most,
                       uint64_t *out)
{
    const json_t *value = json_object_get(object, name);
    if (!value)
        return true;
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *out = (uint64_t)json_integer_value(value);
    return *out >= least && *out <= most;
}

static const char *get_what(const json_t *object, struct sw_indicator *what)
{
    const json_t *value = json_object_get(object, "what");
    char why[SW_WHY_MAX];
    if (!json_is_string(value))
        return "`what` is missing";
    if (sw_indicator_parse(json_string_value(value), json_string_length(value), what, why) !=
            SW_OK ||
        what->type == SW_INDICATOR_HOLDER)
        return "`what` is no name, address, prefix or AS number";
    return NULL;
}

/* Why an object is no inquiry; NULL: none. */
static const char *get_all(const json_t *object, struct sw_inquiry *inquiry)
{
    const json_t *type = json_object_get(object, "type");
    uint64_t limit = SW_INQUIRY_DEFAULT;
    const char *why = get_what(object, &inquiry->what);
    if (why)
        return why;
    if (type &&
        (!json_is_string(type) || !sw_rdata_type_parse(json_string_value(type), &inquiry->type)))
        return "`type` is no type that is kept";
    if (!get_number(object, "since", 0, INT64_MAX, &inquiry->since) ||
        !get_number(object, "until", 0, INT64_MAX, &inquiry->until))
        return "`since` or `until` is no number of seconds";
    if (!get_number(object, "limit", 1, SW_INQUIRY_LIMIT, &limit))
        return "`limit` is no number from 1 to 10000";
    inquiry->limit = (uint32_t)limit;
    return NULL;
}

enum sw_status sw_inquiry_parse(const char *text, size_t len, struct sw_inquiry *out,
                                const char **why)
{
    struct sw_inquiry inquiry = {.type = 0};
    json_error_t error;
    *why = "over 2048 octets";
    if (len > SW_INQUIRY_MAX)
        return SW_ESYNTAX;
    json_t *object = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    *why = json_is_object(object) ? get_all(object, &inquiry) : "no JSON object";
    json_decref(object);
    if (*why)
        return SW_ESYNTAX;
    *out = inquiry;
    return SW_OK;
}

size_t sw_inquiry_questions(const struct sw_inquiry *inquiry, struct sw_past_question out[2])
{
    bool below = inquiry->what.form == SW_FORM_BELOW;
    const struct sw_past_question question = {.name = inquiry->what.name,
                                              .addr = inquiry->what.addr,
                                              .type = inquiry->type,
                                              .since = inquiry->since,
                                              .until = inquiry->until};
    out[0] = out[1] = question;
    out[0].ask = out[1].ask = SW_ASK_ADDRESS;
    switch (inquiry->what.type) {
    case SW_INDICATOR_PREFIX:
        return 1;
    case SW_INDICATOR_ASN:
        out[0].addr = (struct sw_addr){.family = 4};
        out[1].addr = (struct sw_addr){.family = 6};
        return 2;
    default:
        out[0].ask = below ? SW_ASK_OWNER_BELOW : SW_ASK_OWNER;
        out[1].ask = below ? SW_ASK_TARGET_BELOW : SW_ASK_TARGET;
        return 2;
    }
}
