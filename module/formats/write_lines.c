/*
 * write_lines.c - formats with an indicator on a line: plain, hosts, adblock, dnsmasq.
 *
 * These formats have no place for facts. Hosts and adblock block; dnsmasq has an action for each
 * rule.
 */
#include "formats/parts.h"
#include "formats/writing.h"

#include <string.h>

static const char not_a_host_name[] = "a name with characters that the format does not have";

static void leave_facts_out(struct sw_outgoing *one)
{
    sw_note_copied(one, 0);
}

/* ---- plain ---- */

static const char *put_plain(struct sw_format_writer *writer, struct sw_outgoing *one)
{
    leave_facts_out(one);
    sw_say(writer, "%s\n", one->text);
    return NULL;
}

void sw_writes_plain(struct sw_format_writer *writer)
{
    writer->put = put_plain;
}

/* ---- hosts ---- */

static const char *put_hosts(struct sw_format_writer *writer, struct sw_outgoing *one)
{
    const char *why = sw_no_rules(writer, false);
    if (!why && one->indicator->type != SW_INDICATOR_DOMAIN)
        why = "no name; a hosts file has names only";
    if (!why)
        why = sw_no_exact(writer, one);
    if (!why && !one->host_name)
        why = not_a_host_name;
    if (!why && sw_is_own_entry((struct sw_piece){one->name, strlen(one->name)}))
        why = "a name of the machine itself";
    if (why)
        return why;
    leave_facts_out(one);
    sw_say(writer, "0.0.0.0 %s\n", one->name);
    return NULL;
}

void sw_writes_hosts(struct sw_format_writer *writer)
{
    writer->put = put_hosts;
}

/* ---- adblock ---- */

static const char *put_adblock(struct sw_format_writer *writer, struct sw_outgoing *one)
{
    static const char *const begin[SW_FORM_COUNT] = {
        [SW_FORM_SUBTREE] = "||", [SW_FORM_EXACT] = "|", [SW_FORM_BELOW] = "||*."};
    const struct sw_indicator *indicator = one->indicator;
    const char *why = sw_no_rules(writer, true);
    bool name = indicator->type == SW_INDICATOR_DOMAIN;
    bool address = indicator->type == SW_INDICATOR_PREFIX;
    if (why)
        return why;
    if (!name && !(address && indicator->addr.plen == sw_addr_bits(&indicator->addr)))
        return "neither a name nor a single address";
    if (name && !one->host_name)
        return not_a_host_name;
    bool exempts = writer->options.action == SW_ACTION_PASSTHRU;
    leave_facts_out(one);
    sw_say(writer, "%s%s%s^\n", exempts ? "@@" : "", begin[name ? indicator->form : 0], one->name);
    return NULL;
}

void sw_writes_adblock(struct sw_format_writer *writer)
{
    writer->put = put_adblock;
    sw_say(writer, "[Adblock Plus 2.0]\n");
}

/* ---- dnsmasq ---- */

/* The reason why dnsmasq cannot say an indicator, or NULL. */
static const char *no_dnsmasq(const struct sw_format_writer *writer, const struct sw_outgoing *one)
{
    enum sw_action action = writer->options.action;
    const char *why = sw_no_rules(writer, true);
    if (why)
        return why;
    if (one->indicator->type != SW_INDICATOR_DOMAIN)
        return "no name; the format has names only";
    if (one->indicator->form != SW_FORM_SUBTREE)
        return "a name alone, or only the names below; the format covers a name and all below";
    if (!one->host_name)
        return not_a_host_name;
    if (action != SW_ACTION_NXDOMAIN && action != SW_ACTION_SINKHOLE &&
        action != SW_ACTION_PASSTHRU)
        return "an action that the format does not have (--action=NAME writes another)";
    return NULL;
}

static const char *put_dnsmasq(struct sw_format_writer *writer, struct sw_outgoing *one)
{
    const struct sw_writer_options *options = &writer->options;
    char address[SW_ADDRTEXT_MAX];
    const char *why = no_dnsmasq(writer, one);
    if (why)
        return why;
    leave_facts_out(one);
    if (options->action == SW_ACTION_PASSTHRU)
        sw_say(writer, "server=/%s/#\n", one->name);
    else if (options->action == SW_ACTION_NXDOMAIN)
        sw_say(writer, "local=/%s/\n", one->name);
    else if (!options->sinkhole4.family && !options->sinkhole6.family)
        sw_say(writer, "address=/%s/#\n", one->name);
    if (options->action == SW_ACTION_SINKHOLE && options->sinkhole4.family)
        sw_say(writer, "address=/%s/%s\n", one->name, sw_addr_text(&options->sinkhole4, address));
    if (options->action == SW_ACTION_SINKHOLE && options->sinkhole6.family)
        sw_say(writer, "address=/%s/%s\n", one->name, sw_addr_text(&options->sinkhole6, address));
    return NULL;
}

void sw_writes_dnsmasq(struct sw_format_writer *writer)
{
    writer->put = put_dnsmasq;
}
