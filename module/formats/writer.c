/* writer.c - the writer: facts, and the table of formats. See writer.h. */
#include "formats/writer.h"

#include "formats/parts.h"
#include "formats/writing.h"

#include <stdlib.h>
#include <string.h>

static void (*const begins[SW_FORMAT_COUNT])(struct sw_format_writer *writer) = {
    [SW_FORMAT_PLAIN] = sw_writes_plain,     [SW_FORMAT_HOSTS] = sw_writes_hosts,
    [SW_FORMAT_RPZ] = sw_writes_rpz,         [SW_FORMAT_CSV] = sw_writes_csv,
    [SW_FORMAT_JSON] = sw_writes_json,       [SW_FORMAT_ADBLOCK] = sw_writes_adblock,
    [SW_FORMAT_DNSMASQ] = sw_writes_dnsmasq, [SW_FORMAT_MISP] = sw_writes_misp,
    [SW_FORMAT_STIX] = sw_writes_stix,
};

bool sw_format_writable(enum sw_format format)
{
    return begins[format] != NULL;
}

struct sw_format_writer *sw_writer_new(const struct sw_writer_options *options, sw_writer_fn out,
                                       void *arg)
{
    struct sw_format_writer *writer = sw_grow(NULL, sizeof(*writer));
    memset(writer, 0, sizeof(*writer));
    writer->options = *options;
    writer->out = out;
    writer->arg = arg;
    begins[options->format](writer);
    return writer;
}

void sw_writer_list(struct sw_format_writer *writer, const struct sw_writer_options *options)
{
    writer->options.policy = options->policy;
    writer->options.action = options->action;
    writer->options.sinkhole4 = options->sinkhole4;
    writer->options.sinkhole6 = options->sinkhole6;
    writer->options.cname = options->cname;
}

void sw_writer_free(struct sw_format_writer *writer)
{
    free(writer);
}

const struct sw_writer_counts *sw_writer_counts(const struct sw_format_writer *writer)
{
    return &writer->counts;
}

void sw_writer_end(struct sw_format_writer *writer)
{
    if (writer->end)
        writer->end(writer);
}

static bool is_host_name(const char *name)
{
    return name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.")] == '\0';
}

const char *sw_writer_put(struct sw_format_writer *writer, const struct sw_indicator *indicator,
                          const char *facts)
{
    static const char *const sign[SW_FORM_COUNT] = {
        [SW_FORM_EXACT] = "=", [SW_FORM_BELOW] = "*.", [SW_FORM_SUBTREE] = ""};
    struct sw_outgoing one = {.indicator = indicator};
    json_t *object = facts[0] ? json_loads(facts, 0, NULL) : NULL;
    sw_indicator_text(indicator, one.text);
    one.name = one.text;
    if (indicator->type == SW_INDICATOR_DOMAIN)
        one.name += strlen(sign[indicator->form]);
    one.host_name = is_host_name(one.name);
    one.facts = json_is_object(object) ? object : NULL;
    one.facts_left_out = facts[0] && !one.facts;
    const char *why = writer->put(writer, &one);
    json_decref(object);
    if (why)
        return why;
    writer->counts.written++;
    writer->counts.narrowed += one.narrowed;
    writer->counts.facts += one.facts_left_out;
    return NULL;
}
