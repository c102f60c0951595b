/* serve_accept.c - the media types that a client takes (RFC 9110, 12.5.1). See serve.h. */
#include "cli/serve/serve_parts.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* A part of the header, without the white space around. */
struct part {
    const char *text;
    size_t len;
};

static struct part trimmed(const char *text, size_t len)
{
    while (len > 0 && strchr(" \t", text[0])) {
        text++;
        len--;
    }
    while (len > 0 && strchr(" \t", text[len - 1]))
        len--;
    return (struct part){text, len};
}

/* The part up to a separator outside of quotes; *rest moves behind the separator. */
static struct part next_part(const char **rest, const char *end, char separator)
{
    const char *begin = *rest, *at = begin;
    for (bool quoted = false; at < end && (quoted || *at != separator); at++)
        quoted = *at == '"' ? !quoted : quoted;
    *rest = at < end ? at + 1 : end;
    return trimmed(begin, (size_t)(at - begin));
}

static bool is_text(struct part part, const char *text)
{
    return part.len == strlen(text) && strncasecmp(part.text, text, part.len) == 0;
}

/* "0.75" in thousandths; another text is 0. */
static unsigned weight(struct part value)
{
    unsigned out = 0, place = 1000;
    for (size_t i = 0; i < value.len && i < 5; i++) {
        char c = value.text[i];
        if (i == 1 ? c != '.' : c < '0' || c > (i == 0 ? '1' : '9'))
            return 0;
        out += i == 1 ? 0 : (unsigned)(c - '0') * place;
        place = i == 1 ? place : place / 10;
    }
    return out > 1000 ? 1000 : out;
}

/* How exactly a range names the type: 3 "a/b", 2 "a" and an asterisk, 1 two asterisks, 0 not. */
static unsigned exactness(struct part range, const char *type)
{
    size_t slash = strcspn(type, "/") + 1;
    if (is_text(range, type))
        return 3;
    if (range.len == slash + 1 && range.text[slash] == '*' &&
        strncasecmp(range.text, type, slash) == 0)
        return 2;
    return is_text(range, "*/*");
}

/* Read "name=value" of a range. false: another version is asked for. */
static bool take_parameter(struct part parameter, const char *version, unsigned *q)
{
    const char *end = parameter.text + parameter.len, *rest = parameter.text;
    struct part name = next_part(&rest, end, '=');
    struct part value = trimmed(rest, (size_t)(end - rest));
    if (value.len >= 2 && value.text[0] == '"' && value.text[value.len - 1] == '"')
        value = (struct part){value.text + 1, value.len - 2};
    if (is_text(name, "q"))
        *q = weight(value);
    return !is_text(name, "version") || is_text(value, version);
}

unsigned serve_quality_of(const char *accept, const char *type, const char *version)
{
    unsigned best = 0, found = 0;
    if (!accept)
        return 1000;
    const char *rest = accept, *end = accept + strlen(accept);
    while (rest < end) {
        struct part range = next_part(&rest, end, ',');
        const char *more = range.text, *range_end = range.text + range.len;
        unsigned q = 1000, exact = exactness(next_part(&more, range_end, ';'), type);
        bool fits = exact >= best && exact > 0;
        while (more < range_end)
            fits &= take_parameter(next_part(&more, range_end, ';'), version, &q);
        if (!fits)
            continue;
        found = exact > best || q > found ? q : found;
        best = exact;
    }
    return found;
}
