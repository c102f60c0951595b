/* cof.c - see cof.h. */
#include "journal/cof.h"

#include "journal/dnstext.h"
#include "journal/rdata_text.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#define RDATA_MAX 4096 /* values in an array of rdata: more is no RRset of a DNS message */

/* ---- writing ---- */

/* Printable ASCII as a JSON string. */
static void put_string(FILE *out, const char *text)
{
    putc('"', out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            putc('\\', out);
        putc(*text, out);
    }
    putc('"', out);
}

void sw_cof_write(FILE *out, const struct sw_sighting *sighting)
{
    char name[SW_NAMETEXT_MAX + 1], type[SW_DNSTEXT_MAX], rdata[SW_RDATATEXT_MAX];
    fputs("{\"rrname\":", out);
    put_string(out, sw_dotted_text(sighting->owner, name));
    fprintf(out, ",\"rrtype\":\"%s\",\"rdata\":", sw_qtype_text(sighting->type, type));
    put_string(out, sw_rdata_text(sighting->type, sighting->rdata, sighting->rdata_len, rdata));
    fprintf(out, ",\"time_first\":%" PRIu64 ",\"time_last\":%" PRIu64 ",\"count\":%" PRIu64,
            sighting->first, sighting->last, sighting->count);
    if (sighting->zone) {
        fputs(",\"bailiwick\":", out);
        put_string(out, sw_dotted_text(sighting->zone, name));
    }
    fputs("}\n", out);
}

/* ---- reading ---- */

struct line {
    const json_t *object;
    const char *why;
    struct sw_name owner, zone;
    struct sw_sighting sighting; /* all but the rdata */
};

static bool get_name(struct line *line, const char *member, struct sw_name *name)
{
    const json_t *value = json_object_get(line->object, member);
    const char *text = json_string_value(value);
    return text && sw_name_parse(text, json_string_length(value), name, NULL) == SW_OK;
}

/* A number, or text with digits. */
static bool get_number(const json_t *value, uint64_t *number)
{
    const char *text = json_string_value(value);
    if (json_is_integer(value) && json_integer_value(value) >= 0) {
        *number = (uint64_t)json_integer_value(value);
        return true;
    }
    if (!text || !text[0] || strspn(text, "0123456789") != strlen(text) || strlen(text) > 18)
        return false;
    *number = 0;
    for (; *text; text++)
        *number = *number * 10 + (unsigned)(*text - '0');
    return true;
}

static bool get_time(struct line *line, const char *member, const char *zone_member, uint64_t *time)
{
    const json_t *value = json_object_get(line->object, member);
    return get_number(value ? value : json_object_get(line->object, zone_member), time);
}

static bool get_times(struct line *line)
{
    const json_t *count = json_object_get(line->object, "count");
    struct sw_sighting *sighting = &line->sighting;
    line->why = "time_first or time_last is missing, or no number of seconds";
    if (!get_time(line, "time_first", "zone_time_first", &sighting->first) ||
        !get_time(line, "time_last", "zone_time_last", &sighting->last))
        return false;
    line->why = "time_first is after time_last";
    if (sighting->first > sighting->last)
        return false;
    line->why = "count is no number, or 0";
    sighting->count = 1;
    return !count || (get_number(count, &sighting->count) && sighting->count > 0);
}

/* All but the rdata. */
static enum sw_status get_head(struct line *line)
{
    const char *type = json_string_value(json_object_get(line->object, "rrtype"));
    line->why = "rrname is missing, or no domain name";
    if (!get_name(line, "rrname", &line->owner))
        return SW_ESYNTAX;
    line->sighting.owner = line->owner.wire;
    line->why = "bailiwick is no domain name";
    if (json_object_get(line->object, "bailiwick")) {
        if (!get_name(line, "bailiwick", &line->zone))
            return SW_ESYNTAX;
        line->sighting.zone = line->zone.len > 1 ? line->zone.wire : NULL;
    }
    if (!get_times(line))
        return SW_ESYNTAX;
    line->why = "rrtype is missing";
    if (!type)
        return SW_ESYNTAX;
    line->why = "a type that is not kept";
    return sw_rdata_type_parse(type, &line->sighting.type) ? SW_OK : SW_ENOTFOUND;
}

/* The value of rdata number i: an element of an array, or the only value. */
static const json_t *rdata_at(const json_t *rdata, size_t i)
{
    return json_is_array(rdata) ? json_array_get(rdata, i) : rdata;
}

static enum sw_status each_rdata(struct line *line, sw_cof_fn *take, void *arg)
{
    const json_t *rdata = json_object_get(line->object, "rdata");
    size_t n = json_is_array(rdata) ? json_array_size(rdata) : 1;
    uint8_t octets[SW_RDATA_MAX];
    struct sw_sighting *sighting = &line->sighting;
    line->why = "rdata is missing, or not of this type";
    if (n == 0 || n > RDATA_MAX)
        return SW_ESYNTAX;
    for (int pass = 0; pass < 2; pass++) { /* all values are checked before the first is taken */
        for (size_t i = 0; i < n; i++) {
            const char *text = json_string_value(rdata_at(rdata, i));
            if (!text ||
                sw_rdata_parse(sighting->type, text, octets, &sighting->rdata_len) != SW_OK)
                return SW_ESYNTAX;
            sighting->rdata = octets;
            enum sw_status status = pass == 0 ? SW_OK : take(arg, sighting);
            if (status != SW_OK)
                return status;
        }
    }
    return SW_OK;
}

enum sw_status sw_cof_read(const char *line_text, size_t len, sw_cof_fn *take, void *arg,
                           const char **why)
{
    json_error_t error;
    json_t *object = json_loadb(line_text, len, JSON_REJECT_DUPLICATES, &error);
    struct line line = {.object = object, .why = "no JSON object"};
    enum sw_status status = json_is_object(object) ? get_head(&line) : SW_ESYNTAX;
    if (status == SW_OK)
        status = each_rdata(&line, take, arg);
    json_decref(object);
    *why = line.why;
    return status;
}
