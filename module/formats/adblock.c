/*
 * adblock.c - rules of ad blockers, as far as they are rules about names.
 *
 *   ||name^       the name and all below          name       only the name (a bare line)
 *   |name^        only the name                   @@||name^  an exception
 *   0.0.0.0 name  as in a hosts file              ! #        comments
 *
 * Modifiers after '$' that hold for all requests are passed over; a rule with another modifier is
 * about some requests of a browser only, or for some clients, and is no rule about a name.
 * Source: the syntax of AdGuard's DNS rules, and of Adblock Plus's filters.
 */
#include "formats/parts.h"

#include <string.h>

static bool is_cosmetic(struct sw_piece s)
{
    static const char *const signs[] = {"##",  "#@#",  "#?#", "#@?#", "#$#",  "#@$#",
                                        "#%#", "#@%#", "$$",  "$@$",  "#$?#", "#+js"};
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
        if (sw_span_has(s, signs[i]))
            return true;
    return false;
}

/* Judge modifiers: false for a modifier that limits the rule. dnsrewrite names an action. */
static bool modifiers_hold(struct sw_piece modifiers, struct sw_said *said)
{
    static const char *const all[] = {"", "important", "all", "document", "doc", "popup"};
    while (modifiers.len > 0) {
        struct sw_piece one = sw_trim(sw_cut(&modifiers, ','));
        bool known = false;
        for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
            known = known || sw_span_is(one, all[i]);
        said->meant = sw_span_begins(one, "dnsrewrite=") ? SW_MEANT_ACTION : said->meant;
        if (sw_span_is(one, "dnsrewrite=NXDOMAIN") || sw_span_is(one, "dnsrewrite=NXDOMAIN;;"))
            said->action = SW_ACTION_NXDOMAIN;
        else if (sw_span_is(one, "dnsrewrite=REFUSED") || sw_span_is(one, "dnsrewrite=REFUSED;;"))
            said->action = SW_ACTION_REFUSED;
        else if (sw_span_begins(one, "dnsrewrite="))
            said->action = SW_ACTION_SINKHOLE;
        else if (!known)
            return false;
    }
    return true;
}

/* The name of a rule without anchors; scope is set. */
static struct sw_piece pattern(struct sw_piece s, enum sw_scope *scope, bool *is_rule)
{
    *is_rule = false;
    *scope = SW_SCOPE_EXACT;
    if (sw_span_begins(s, "||")) {
        *scope = SW_SCOPE_BOTH;
        *is_rule = true;
        s.p += 2;
        s.len -= 2;
    } else if (s.len > 0 && s.p[0] == '|') {
        *is_rule = true;
        s.p++;
        s.len--;
    }
    if (s.len > 0 && s.p[s.len - 1] == '|')
        s.len--;
    if (s.len > 0 && s.p[s.len - 1] == '^') {
        *is_rule = true;
        s.len--;
    }
    if (sw_span_begins(s, "*.")) {
        *scope = SW_SCOPE_BELOW;
        s.p += 2;
        s.len -= 2;
    }
    return s;
}

static void hosts_rule(struct sw_reader *reader, struct sw_piece s)
{
    struct sw_piece rest = s, first, name;
    sw_next_word(&rest, &first);
    while (sw_next_word(&rest, &name))
        sw_take(reader, name, name, &(struct sw_said){.scope = SW_SCOPE_EXACT});
}

static void rule(struct sw_reader *reader, struct sw_piece s)
{
    struct sw_said said = {0};
    struct sw_piece shown = s, modifiers;
    bool anchored, exception = sw_span_begins(s, "@@");
    if (exception) {
        s.p += 2;
        s.len -= 2;
        said.meant = SW_MEANT_EXCEPTION;
    }
    modifiers = s;
    s = sw_cut(&modifiers, '$');
    if (!modifiers_hold(modifiers, &said)) {
        sw_reject(reader, shown, SW_REJECT_REQUEST, "a rule about some requests or clients only");
        return;
    }
    if (exception)
        said.meant = SW_MEANT_EXCEPTION;
    struct sw_piece name = pattern(s, &said.scope, &anchored);
    bool dot = name.len > 0 && memchr(name.p, '.', name.len);
    if (name.len > 1 && name.p[0] == '/' && name.p[name.len - 1] == '/')
        sw_reject(reader, shown, SW_REJECT_PATTERN, "a regular expression");
    else if (name.len > 0 && memchr(name.p, '/', name.len))
        sw_reject(reader, shown, SW_REJECT_URL, "a rule about a path");
    else if (name.len > 0 && (memchr(name.p, '*', name.len) || memchr(name.p, '^', name.len)))
        sw_reject(reader, shown, SW_REJECT_PATTERN, "a pattern with a wildcard");
    else if (!anchored && !dot)
        sw_reject(reader, shown, SW_REJECT_PATTERN, "a part of a URL");
    else if (name.len > 0 && (name.p[0] == '=' || (!anchored && name.p[0] == '.')))
        sw_reject(reader, shown, SW_REJECT_PATTERN, "a part of a URL");
    else
        sw_take(reader, name, shown, &said);
}

static void adblock_line(struct sw_reader *reader, struct sw_piece line)
{
    struct sw_piece s = sw_trim(line), rest = s, first;
    struct sw_addr addr;
    if (s.len == 0 || s.p[0] == '!' || s.p[0] == '[')
        return;
    if (is_cosmetic(s) && s.p[0] != '!') {
        sw_reject(reader, s, SW_REJECT_PAGE, "a rule about the content of pages");
        return;
    }
    if (s.p[0] == '#')
        return;
    s = sw_content(s, "#");
    sw_next_word(&rest, &first);
    if (sw_span_addr(first, &addr) && sw_trim(rest).len > 0)
        hosts_rule(reader, s);
    else
        rule(reader, s);
}

void sw_reads_adblock(struct sw_reader *reader)
{
    reader->reading.line = adblock_line;
}
