/*
 * write_rpz.c - a list as a Response Policy Zone in text, with SOA and NS records.
 *
 * The triggers of the list choose the owners: qname and cname the name itself, nsdname, address,
 * nsip and client the labels below rpz-.... The action chooses the data; the table of rpz.c tells
 * both. A `name` becomes two records, of the name and of `*.name`.
 *
 * Standards    RFC 1035 5.1; draft-vixie-dnsop-dns-rpz-00 4 (triggers), 6 (actions)
 */
#include "formats/writing.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REFRESH 3600    /* seconds between questions for the serial */
#define RETRY   600     /* after a question that failed */
#define EXPIRE  2592000 /* until secondary servers give the zone up */
#define LABEL   20      /* octets of the longest label of a trigger, with dots */

static const struct {
    enum sw_trigger trigger;
    const char *label; /* behind the owner, with the dot before */
    enum sw_indicator_type type;
} triggers[] = {
    {SW_TRIGGER_QNAME, "", SW_INDICATOR_DOMAIN},
    {SW_TRIGGER_NSDNAME, ".rpz-nsdname", SW_INDICATOR_DOMAIN},
    {SW_TRIGGER_ADDRESS, ".rpz-ip", SW_INDICATOR_PREFIX},
    {SW_TRIGGER_NSIP, ".rpz-nsip", SW_INDICATOR_PREFIX},
    {SW_TRIGGER_CLIENT, ".rpz-client-ip", SW_INDICATOR_PREFIX},
};

#define TRIGGERS (sizeof(triggers) / sizeof(triggers[0]))

/* Whether the list compares by triggers[i]; RPZ has one trigger for names and aliases. */
static bool compares(const struct sw_format_writer *writer, size_t i)
{
    unsigned bits = SW_TRIGGER_BIT(triggers[i].trigger);
    if (triggers[i].trigger == SW_TRIGGER_QNAME)
        bits |= SW_TRIGGER_BIT(SW_TRIGGER_CNAME);
    return writer->options.policy->triggers & bits;
}

/* ---- owners ---- */

/* "24.0.2.0.192", or "48.zz.1.db8.2001" with "zz" for the first longest run of zeros, as RFC 5952
 * 4.2 shortens. */
static void reversed(const struct sw_addr *addr, char out[SW_NAMETEXT_MAX])
{
    const uint8_t *o = addr->octets;
    unsigned word[8], first = 8, run = 1;
    if (addr->family == 4) {
        snprintf(out, SW_NAMETEXT_MAX, "%u.%u.%u.%u.%u", addr->plen, o[3], o[2], o[1], o[0]);
        return;
    }
    for (unsigned i = 0; i < 8; i++)
        word[i] = (unsigned)o[2 * i] << 8 | o[2 * i + 1];
    for (unsigned i = 0, n = 0; i < 8; i++) {
        n = word[i] ? 0 : n + 1;
        if (n > run) {
            run = n;
            first = i + 1 - n;
        }
    }
    size_t at = (size_t)snprintf(out, SW_NAMETEXT_MAX, "%u", addr->plen);
    for (unsigned i = 8; i-- > 0;) {
        if (first < 8 && i == first + run - 1) {
            at += (size_t)snprintf(out + at, SW_NAMETEXT_MAX - at, ".zz");
            i = first;
        } else {
            at += (size_t)snprintf(out + at, SW_NAMETEXT_MAX - at, ".%x", word[i]);
        }
    }
}

/* Whether the last label says a trigger in RPZ. */
static bool ends_in_trigger(const struct sw_name *name)
{
    char text[SW_NAMETEXT_MAX];
    sw_name_text(sw_name_suffix(name->wire, 1), text);
    for (size_t i = 0; i < TRIGGERS; i++)
        if (triggers[i].label[0] && strcmp(text, triggers[i].label + 1) == 0)
            return true;
    return false;
}

/* ---- data ---- */

/* The CNAME target of an action that needs no more; NULL for others. */
static const char *target(enum sw_action action)
{
    static const char *const targets[SW_ACTION_COUNT] = {
        [SW_ACTION_NXDOMAIN] = ".",
        [SW_ACTION_NODATA] = "*.",
        [SW_ACTION_DROP] = "rpz-drop.",
        [SW_ACTION_TCP_ONLY] = "rpz-tcp-only.",
        [SW_ACTION_PASSTHRU] = "rpz-passthru.",
    };
    return targets[action];
}

/* The reason why the action cannot be written, or NULL. */
static const char *no_action(const struct sw_writer_options *options, const struct sw_outgoing *one)
{
    const struct sw_indicator *indicator = one->indicator;
    if (options->action == SW_ACTION_SINKHOLE)
        return options->sinkhole4.family || options->sinkhole6.family ||
                       options->policy->records.len
                   ? NULL
                   : "the list has no landing address (--action=NAME writes another action)";
    if (options->action != SW_ACTION_CNAME)
        return target(options->action)
                   ? NULL
                   : "an action that the format does not have (--action=NAME writes another)";
    if (!options->cname.len)
        return "the list has no walled garden (--action=NAME writes another action)";
    return indicator->type == SW_INDICATOR_DOMAIN &&
                   sw_name_equal(indicator->name.wire, options->cname.wire)
               ? "the walled garden itself"
               : NULL;
}

/* Whether the local data of the list have a type, which goes before the landing address. */
static bool has_type(const struct sw_writer_options *options, uint16_t wanted)
{
    uint16_t type;
    size_t at = 0, len;
    while (sw_record_next(&options->policy->records, &at, &type, &len))
        if (type == wanted)
            return true;
    return false;
}

static void say_local_data(struct sw_format_writer *writer, const char *owner)
{
    const char *text = writer->options.policy->record_text;
    while (*text) {
        size_t len = strcspn(text, "\n");
        sw_say(writer, "%s %.*s\n", owner, (int)len, text);
        text += len + (text[len] != '\0');
    }
}

static void say_records(struct sw_format_writer *writer, const char *owner)
{
    const struct sw_writer_options *options = &writer->options;
    char text[SW_NAMETEXT_MAX];
    if (target(options->action))
        sw_say(writer, "%s CNAME %s\n", owner, target(options->action));
    if (options->action == SW_ACTION_CNAME)
        sw_say(writer, "%s CNAME %s.\n", owner, sw_garden_text(&options->cname, text));
    if (options->action == SW_ACTION_SINKHOLE)
        say_local_data(writer, owner);
    if (options->action == SW_ACTION_SINKHOLE && options->sinkhole4.family && !has_type(options, 1))
        sw_say(writer, "%s A %s\n", owner, sw_addr_text(&options->sinkhole4, text));
    if (options->action == SW_ACTION_SINKHOLE && options->sinkhole6.family &&
        !has_type(options, 28))
        sw_say(writer, "%s AAAA %s\n", owner, sw_addr_text(&options->sinkhole6, text));
}

/* ---- an indicator ---- */

/* The reason why a name has no owner in the zone, or NULL. */
static const char *no_owner(const struct sw_format_writer *writer, const struct sw_outgoing *one)
{
    const struct sw_name *name = &one->indicator->name;
    size_t more = one->indicator->form == SW_FORM_EXACT ? 0 : 2; /* "*." */
    if (compares(writer, 1))
        more += strlen(triggers[1].label);
    if (name->len + more + writer->options.origin.len - 1 > SW_NAME_MAX)
        return "too long below the name of the zone";
    if (name->wire[0] == 1 && name->wire[1] == '*')
        return "an asterisk as the first label, which is a wildcard in a zone";
    return ends_in_trigger(name) ? "a name that is a trigger in the format" : NULL;
}

/* The reason why RPZ cannot say an indicator, or NULL. */
static const char *no_rpz(const struct sw_format_writer *writer, const struct sw_outgoing *one)
{
    enum sw_indicator_type type = one->indicator->type;
    bool any = false;
    const char *why = sw_no_rules(writer, true);
    if (why)
        return why;
    if (type == SW_INDICATOR_ASN)
        return "an AS number, which the format does not have";
    for (size_t i = 0; i < TRIGGERS; i++)
        any = any || (triggers[i].type == type && compares(writer, i));
    if (!any)
        return "the list has no trigger that compares with the indicator";
    why = no_action(&writer->options, one);
    return why || type != SW_INDICATOR_DOMAIN ? why : no_owner(writer, one);
}

static const char *put_rpz(struct sw_format_writer *writer, struct sw_outgoing *one)
{
    const struct sw_indicator *indicator = one->indicator;
    char name[SW_NAMETEXT_MAX], owner[SW_NAMETEXT_MAX + LABEL];
    const char *why = no_rpz(writer, one);
    if (why)
        return why;
    bool domain = indicator->type == SW_INDICATOR_DOMAIN;
    if (domain)
        snprintf(name, sizeof(name), "%s", one->name);
    else
        reversed(&indicator->addr, name);
    for (size_t i = 0; i < TRIGGERS; i++) {
        if (triggers[i].type != indicator->type || !compares(writer, i))
            continue;
        snprintf(owner, sizeof(owner), "%s%s", name, triggers[i].label);
        if (!domain || indicator->form != SW_FORM_BELOW)
            say_records(writer, owner);
        snprintf(owner, sizeof(owner), "*.%s%s", name, triggers[i].label);
        if (domain && indicator->form != SW_FORM_EXACT)
            say_records(writer, owner);
    }
    sw_note_copied(one, 0);
    return NULL;
}

void sw_writes_rpz(struct sw_format_writer *writer)
{
    char origin[SW_NAMETEXT_MAX];
    uint32_t ttl = writer->options.policy->ttl;
    writer->put = put_rpz;
    sw_name_text(writer->options.origin.wire, origin);
    sw_say(writer,
           "$ORIGIN %s.\n$TTL %" PRIu32 "\n@ SOA localhost. hostmaster.localhost. %" PRIu32
           " %d %d %d %" PRIu32 "\n@ NS localhost.\n",
           origin, ttl, writer->options.serial, REFRESH, RETRY, EXPIRE, ttl);
}
