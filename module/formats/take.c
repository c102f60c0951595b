/* take.c - from a piece of text to an entry or a refusal. See parts.h. */
#include "formats/parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define REFANGED_MAX 2048 /* octets of a defanged spelling */

void sw_reject(struct sw_reader *reader, struct sw_piece text, enum sw_reject reject,
               const char *why)
{
    struct sw_rejection rejection = {reject, why, text.p, text.len, reader->place};
    reader->hooks.reject(reader->hooks.arg, &rejection);
}

enum sw_status sw_no_list(struct sw_reader *reader, const char *why)
{
    snprintf(reader->problem, sizeof(reader->problem), "%s", why);
    return SW_EFORMAT;
}

bool sw_span_addr(struct sw_piece s, struct sw_addr *addr)
{
    const char *why;
    return sw_addr_parse(s.p, s.len, addr, &why) == SW_OK && addr->plen == sw_addr_bits(addr);
}

/* ---- texts that are no indicators ---- */

/* Extensions of files that are no top-level domain, sorted. */
static bool is_extension(struct sw_piece last)
{
    static const char *const extensions[] = {
        "7z",  "apk", "bak", "bat",  "bin",  "bmp",  "cab",  "cfg",  "class", "conf", "css",  "dat",
        "db",  "dll", "doc", "docm", "docx", "exe",  "gif",  "gz",   "hta",   "htm",  "html", "ico",
        "img", "ini", "iso", "jar",  "jpeg", "jpg",  "js",   "jse",  "json",  "lnk",  "log",  "msi",
        "ocx", "pdf", "php", "png",  "ppt",  "pptx", "ps1",  "rar",  "rtf",   "scr",  "sys",  "tar",
        "tmp", "txt", "vbe", "vbs",  "wsf",  "xls",  "xlsm", "xlsx", "xml"};
    char word[8];
    if (last.len >= sizeof(word))
        return false;
    for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++)
        if (sw_span_is(last, extensions[i]))
            return true;
    return false;
}

static struct sw_piece last_label(struct sw_piece s)
{
    size_t n = s.len;
    while (n > 0 && s.p[n - 1] != '.')
        n--;
    return (struct sw_piece){s.p + n, s.len - n};
}

static bool all_of(struct sw_piece s, const char *set)
{
    for (size_t i = 0; i < s.len; i++)
        if (!s.p[i] || !strchr(set, s.p[i]))
            return false;
    return s.len > 0;
}

static bool is_digest(struct sw_piece s)
{
    return (s.len == 32 || s.len == 40 || s.len == 64 || s.len == 128) &&
           all_of(s, "0123456789abcdefABCDEF");
}

/* Whether a colon is followed by the digits of a port, at the end or before a path. */
static bool has_port(struct sw_piece s)
{
    struct sw_piece rest = s;
    sw_cut(&rest, ':');
    struct sw_piece port = sw_cut(&rest, '/');
    return port.len <= 5 && all_of(port, "0123456789");
}

static const struct {
    const char *sign;
    enum sw_reject reject;
    const char *why;
} signs[] = {
    {"[.]", SW_REJECT_DEFANGED, "defanged (--refang undoes that)"},
    {"(.)", SW_REJECT_DEFANGED, "defanged (--refang undoes that)"},
    {"[dot]", SW_REJECT_DEFANGED, "defanged (--refang undoes that)"},
    {"hxxp", SW_REJECT_DEFANGED, "a defanged URL"},
    {"://", SW_REJECT_URL, "a URL; only its host name could be listed"},
    {"@", SW_REJECT_MAIL, "a mail address"},
    {"##", SW_REJECT_PAGE, "a rule about the content of pages (--format=adblock reads the rest)"},
    {"||", SW_REJECT_SYNTAX, "an adblock rule (--format=adblock)"},
    {";", SW_REJECT_SYNTAX, "a row of a table (--format=csv)"},
    {",", SW_REJECT_SYNTAX, "a comma: this looks like a row of a table (--format=csv)"},
    {"\t", SW_REJECT_SYNTAX, "several words; plain text has one indicator a line"},
    {" ", SW_REJECT_SYNTAX, "several words; plain text has one indicator a line"},
};

/* Refuse a text that does not parse, with the reason that helps most. */
static void refuse(struct sw_reader *reader, struct sw_piece s, struct sw_piece shown,
                   const char *why)
{
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        if (sw_span_has(s, signs[i].sign)) {
            sw_reject(reader, shown, signs[i].reject, signs[i].why);
            return;
        }
    }
    if (has_port(s))
        sw_reject(reader, shown, SW_REJECT_PORT, "a host with a port; a list has hosts alone");
    else if (is_digest(s))
        sw_reject(reader, shown, SW_REJECT_HASH, "a digest");
    else if (sw_span_has(s, "/") && s.p[0] != '/' && strcmp(why, "host bits") != 0 &&
             !all_of(s, "0123456789abcdefABCDEF:./"))
        sw_reject(reader, shown, SW_REJECT_URL, "a host with a path");
    else if (s.len > 1 && s.p[0] == '/')
        sw_reject(reader, shown, SW_REJECT_URL, "a path without a host");
    else if (s.len > 1 && s.p[0] == '.')
        sw_reject(reader, shown, SW_REJECT_SYNTAX,
                  "a dot before the name; *.name covers what is below");
    else
        sw_reject(reader, shown, SW_REJECT_SYNTAX, why);
}

/* ---- defanged spellings ---- */

/* Replace one sign by another, in place; b is not longer than a. */
static void replace(char *text, const char *a, const char *b)
{
    size_t la = strlen(a), lb = strlen(b);
    for (char *at; (at = strcasestr(text, a)) != NULL;) {
        memcpy(at, b, lb);
        memmove(at + lb, at + la, strlen(at + la) + 1);
        text = at + lb;
    }
}

/* The spelling that was meant. */
static struct sw_piece refang(struct sw_piece s, char out[REFANGED_MAX])
{
    static const char *const dots[] = {"[.]", "(.)", "{.}", "[dot]", "(dot)", "{dot}", "\\."};
    if (s.len >= REFANGED_MAX || memchr(s.p, '\0', s.len))
        return s;
    memcpy(out, s.p, s.len);
    out[s.len] = '\0';
    for (size_t i = 0; i < sizeof(dots) / sizeof(dots[0]); i++)
        replace(out, dots[i], ".");
    replace(out, "[:]", ":");
    replace(out, "[://]", "://");
    if (strncasecmp(out, "hxxp", 4) == 0)
        memcpy(out, "http", 4);
    return (struct sw_piece){out, strlen(out)};
}

/* ---- an entry ---- */

static void apply_scope(struct sw_indicator *indicator, enum sw_scope scope)
{
    static const enum sw_form forms[] = {0, SW_FORM_EXACT, SW_FORM_BELOW, SW_FORM_SUBTREE};
    if (indicator->type == SW_INDICATOR_DOMAIN && scope != SW_SCOPE_FORMAT)
        indicator->form = forms[scope];
}

void sw_take_indicator(struct sw_reader *reader, const struct sw_indicator *indicator,
                       struct sw_piece shown, const struct sw_said *said)
{
    struct sw_entry entry = {
        .indicator = *indicator,
        .meant = said->meant,
        .action = said->action,
        .triggers = said->triggers,
        .facts = said->facts ? said->facts : "",
        .rule = said->rule ? said->rule : "",
        .text = shown.p,
        .text_len = shown.len,
        .place = reader->place,
    };
    apply_scope(&entry.indicator, reader->options.scope);
    reader->hooks.entry(reader->hooks.arg, &entry);
}

void sw_take(struct sw_reader *reader, struct sw_piece text, struct sw_piece shown,
             const struct sw_said *said)
{
    char why[SW_WHY_MAX] = "", plain[REFANGED_MAX];
    struct sw_indicator indicator;
    if (reader->options.refang)
        text = refang(text, plain);
    if (sw_indicator_parse(text.p, text.len, &indicator, why) != SW_OK) {
        refuse(reader, text, shown, why);
        return;
    }
    if (indicator.type == SW_INDICATOR_DOMAIN && is_extension(last_label(text))) {
        sw_reject(reader, shown, SW_REJECT_FILE, "the name of a file");
        return;
    }
    if (is_digest(text)) {
        sw_reject(reader, shown, SW_REJECT_HASH, "a digest");
        return;
    }
    apply_scope(&indicator, said->scope);
    sw_take_indicator(reader, &indicator, shown, said);
}
