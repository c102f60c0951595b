/* span.c - pieces of text. See parts.h. */
#include "formats/parts.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void *sw_grow(void *old, size_t size)
{
    void *new = realloc(old, size ? size : 1);
    if (!new)
        abort();
    return new;
}

void sw_text_add(struct sw_text *text, const char *p, size_t len)
{
    if (text->len + len > text->room) {
        text->room = 2 * (text->len + len) + 256;
        text->p = sw_grow(text->p, text->room);
    }
    if (len > 0)
        memcpy(text->p + text->len, p, len);
    text->len += len;
}

bool sw_is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct sw_piece sw_trim(struct sw_piece s)
{
    while (s.len > 0 && sw_is_space(s.p[0])) {
        s.p++;
        s.len--;
    }
    while (s.len > 0 && sw_is_space(s.p[s.len - 1]))
        s.len--;
    return s;
}

/* Whether the first letters differ, letter case aside. Most words of a table differ there. */
static inline bool begins_otherwise(struct sw_piece s, const char *word)
{
    return s.len > 0 && word[0] && (s.p[0] ^ word[0]) & ~0x20;
}

bool sw_span_begins(struct sw_piece s, const char *word)
{
    if (begins_otherwise(s, word))
        return false;
    size_t len = strlen(word);
    return s.len >= len && strncasecmp(s.p, word, len) == 0;
}

bool sw_span_is(struct sw_piece s, const char *word)
{
    return !begins_otherwise(s, word) && s.len == strlen(word) && sw_span_begins(s, word);
}

bool sw_span_has(struct sw_piece s, const char *word)
{
    return s.len > 0 && memmem(s.p, s.len, word, strlen(word));
}

bool sw_next_word(struct sw_piece *rest, struct sw_piece *word)
{
    size_t n = 0;
    *rest = sw_trim(*rest);
    while (n < rest->len && !sw_is_space(rest->p[n]))
        n++;
    *word = (struct sw_piece){rest->p, n};
    rest->p += n;
    rest->len -= n;
    return n > 0;
}

struct sw_piece sw_cut(struct sw_piece *rest, char separator)
{
    const char *at = rest->len > 0 ? memchr(rest->p, separator, rest->len) : NULL;
    size_t n = at ? (size_t)(at - rest->p) : rest->len;
    struct sw_piece before = {rest->p, n};
    rest->p += at ? n + 1 : n;
    rest->len -= at ? n + 1 : n;
    return before;
}

struct sw_piece sw_content(struct sw_piece line, const char *signs)
{
    size_t n = 0;
    while (n < line.len &&
           !(line.p[n] && strchr(signs, line.p[n]) && (n == 0 || sw_is_space(line.p[n - 1]))))
        n++;
    return sw_trim((struct sw_piece){line.p, n});
}
