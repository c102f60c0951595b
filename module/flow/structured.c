#include "flow/structured.h"

#include <stdio.h>
#include <string.h>

#define EDE_FORGED_ANSWER 4  /* RFC 8914 4.5 */
#define EDE_BLOCKED       15 /* RFC 8914 4.16 */
#define EDE_CENSORED      16 /* RFC 8914 4.17 */
#define EDE_FILTERED      17 /* RFC 8914 4.18 */

/* The sub-errors from SUB_NETWORK_POLICY to SUB_DNS_POLICY are about policies; only the code
 * "blocked" has such sub-errors. */
#define SUB_NETWORK_POLICY 5
#define SUB_DNS_POLICY     6

struct text {
    char *out;
    size_t len, room;
    bool full; /* some text did not fit */
};

uint16_t sw_structured_code(uint16_t ede)
{
    return ede == EDE_FORGED_ANSWER ? EDE_BLOCKED : ede;
}

static void put(struct text *t, const char *octets, size_t n)
{
    if (t->full || n > t->room - t->len) {
        t->full = true;
        return;
    }
    memcpy(t->out + t->len, octets, n);
    t->len += n;
}

static void put_word(struct text *t, const char *word)
{
    put(t, word, strlen(word));
}

/* Octets of a well-formed UTF-8 character (RFC 3629 4); 0: not well-formed. */
static size_t character(const unsigned char *s)
{
    size_t more = s[0] < 0x80 ? 0 : s[0] < 0xc2 ? 4 : s[0] < 0xe0 ? 1 : s[0] < 0xf0 ? 2 : 3;
    if (more == 4 || s[0] > 0xf4)
        return 0;
    for (size_t i = 1; i <= more; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return more + 1;
}

/* Put a JSON string (RFC 8259 7); text is NUL-terminated. */
static void put_string(struct text *t, const char *text)
{
    put_word(t, "\"");
    for (const char *s = text; *s;) {
        size_t n = character((const unsigned char *)s);
        char escaped[8];
        if (n == 0) {
            put_word(t, "\xef\xbf\xbd");
            n = 1;
        } else if (*s == '"' || *s == '\\') {
            put(t, "\\", 1);
            put(t, s, 1);
        } else if ((unsigned char)*s < 0x20 || *s == 0x7f) {
            snprintf(escaped, sizeof(escaped), "\\u%04x", (unsigned)(unsigned char)*s);
            put_word(t, escaped);
        } else {
            put(t, s, n);
        }
        s += n;
    }
    put_word(t, "\"");
}

static void put_name(struct text *t, const char *name)
{
    put_word(t, t->len > 1 ? "," : "");
    put_string(t, name);
    put_word(t, ":");
}

static void put_contacts(struct text *t, const struct sw_settings *settings)
{
    if (!settings->structured_contact[0][0])
        return;
    put_name(t, "c");
    for (size_t i = 0; i < SW_CONTACTS_MAX && settings->structured_contact[i][0]; i++) {
        put_word(t, i ? "," : "[");
        put_string(t, settings->structured_contact[i]);
    }
    put_word(t, "]");
}

/* The sub-error for a code, 0: none. */
static unsigned sub_error(const struct sw_verdict *verdict, uint16_t ede)
{
    unsigned sub = verdict->sub_error;
    bool policy = sub == SUB_NETWORK_POLICY || sub == SUB_DNS_POLICY;
    return ede == EDE_CENSORED || (policy && ede != EDE_BLOCKED) ? 0 : sub;
}

static size_t write_text(const struct sw_settings *settings, const struct sw_verdict *verdict,
                         uint16_t ede, bool words, size_t room, char *out)
{
    struct text t = {.out = out, .room = room < SW_STRUCTURED_MAX ? room : SW_STRUCTURED_MAX};
    const char *why =
        verdict->justification[0] ? verdict->justification : settings->structured_justification;
    unsigned sub = sub_error(verdict, ede);
    char number[16];
    bool substance = settings->structured_contact[0][0] || sub || (words && why[0]);
    if (!substance)
        return 0;
    put_word(&t, "{");
    put_contacts(&t, settings);
    if (words && why[0]) {
        put_name(&t, "j");
        put_string(&t, why);
    }
    if (sub) {
        put_name(&t, "s");
        snprintf(number, sizeof(number), "%u", sub);
        put_word(&t, number);
    }
    if (words && settings->structured_organization[0]) {
        put_name(&t, "o");
        put_string(&t, settings->structured_organization);
    }
    if (words && (why[0] || settings->structured_organization[0])) {
        put_name(&t, "l");
        put_string(&t, settings->structured_language);
    }
    put_word(&t, "}");
    return t.full ? 0 : t.len;
}

size_t sw_structured_text(const struct sw_settings *settings, const struct sw_verdict *verdict,
                          uint16_t ede, size_t room, char out[SW_STRUCTURED_MAX])
{
    if (ede != EDE_BLOCKED && ede != EDE_CENSORED && ede != EDE_FILTERED)
        return 0;
    size_t len = write_text(settings, verdict, ede, true, room, out);
    return len ? len : write_text(settings, verdict, ede, false, room, out);
}
