/* pattern.c - see pattern.h. */
#include "formats/pattern.h"

#include <stdlib.h>
#include <string.h>

struct parsing {
    struct sw_piece rest;
    struct sw_pattern *out;
};

static void skip_space(struct parsing *p)
{
    while (p->rest.len > 0 && sw_is_space(p->rest.p[0])) {
        p->rest.p++;
        p->rest.len--;
    }
}

static bool take_sign(struct parsing *p, char sign)
{
    skip_space(p);
    if (p->rest.len == 0 || p->rest.p[0] != sign)
        return false;
    p->rest.p++;
    p->rest.len--;
    return true;
}

/* The next word of letters and signs of paths. */
static struct sw_piece peek_word(struct parsing *p)
{
    static const char more[] = "-_.:[]*'\"";
    size_t n = 0;
    skip_space(p);
    while (n < p->rest.len) {
        char c = p->rest.p[n];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && !(n > 0 && c && strchr(more, c)))
            break;
        if (c == ']' && !memchr(p->rest.p, '[', n))
            break;
        n++;
    }
    return (struct sw_piece){p->rest.p, n};
}

static bool take_word(struct parsing *p, const char *word)
{
    struct sw_piece next = peek_word(p);
    if (!sw_span_is(next, word))
        return false;
    p->rest.p += next.len;
    p->rest.len -= next.len;
    return true;
}

/* A text in single quotes, or a number; NULL: neither. */
static char *take_value(struct parsing *p)
{
    struct sw_text text = {0};
    skip_space(p);
    if (take_sign(p, '\'')) {
        while (p->rest.len > 0 && p->rest.p[0] != '\'') {
            size_t skip = p->rest.p[0] == '\\' && p->rest.len > 1;
            sw_text_add(&text, p->rest.p + skip, 1);
            p->rest.p += 1 + skip;
            p->rest.len -= 1 + skip;
        }
        if (!take_sign(p, '\'')) {
            free(text.p);
            return NULL;
        }
    } else {
        struct sw_piece word = peek_word(p);
        if (word.len == 0)
            return NULL;
        sw_text_add(&text, word.p, word.len);
        p->rest.p += word.len;
        p->rest.len -= word.len;
    }
    sw_text_add(&text, "", 1);
    return text.p;
}

static const char *add(struct parsing *p, struct sw_piece path)
{
    struct sw_pattern *out = p->out;
    if (out->n == SW_ALTERNATIVES_MAX)
        return "a pattern of very many alternatives";
    if (path.len >= SW_PATH_MAX)
        return "a pattern about something else";
    char *value = take_value(p);
    if (!value)
        return "a pattern that does not parse";
    struct sw_alternative *one = &out->one[out->n++];
    memcpy(one->path, path.p, path.len);
    one->path[path.len] = '\0';
    one->value = value;
    one->neutral = sw_span_has(path, "_ref.type");
    return NULL;
}

/* path = value, path IN (values), path ISSUBSET value */
static const char *comparison(struct parsing *p)
{
    struct sw_piece path = peek_word(p);
    const char *why;
    if (path.len == 0 || sw_span_is(path, "NOT"))
        return path.len ? "a pattern with NOT" : "a pattern that does not parse";
    p->rest.p += path.len;
    p->rest.len -= path.len;
    if (take_word(p, "NOT"))
        return "a pattern with NOT";
    if (take_sign(p, '=') || take_word(p, "ISSUBSET"))
        return add(p, path);
    if (!take_word(p, "IN") || !take_sign(p, '('))
        return "a comparison other than =, IN and ISSUBSET";
    do {
        why = add(p, path);
    } while (!why && take_sign(p, ','));
    return why ? why : take_sign(p, ')') ? NULL : "a pattern that does not parse";
}

/* Comparisons joined by OR; by AND only where all but one say no more than a type. */
static const char *observation(struct parsing *p)
{
    size_t first = p->out->n, telling = 0;
    bool both = false, either = false;
    if (!take_sign(p, '['))
        return "a pattern with parentheses, or that does not parse";
    do {
        const char *why = comparison(p);
        if (why)
            return why;
        if (take_word(p, "AND"))
            both = true;
        else if (take_word(p, "OR"))
            either = true;
        else
            break;
    } while (true);
    for (size_t i = first; i < p->out->n; i++)
        telling += !p->out->one[i].neutral;
    if (both && (either || telling != 1))
        return "several conditions at once (AND), each of which says less";
    return take_sign(p, ']') ? NULL : "a pattern that does not parse";
}

const char *sw_pattern_parse(struct sw_piece text, struct sw_pattern *out)
{
    struct parsing p = {text, out};
    const char *why;
    out->n = 0;
    do {
        why = observation(&p);
    } while (!why && take_word(&p, "OR"));
    skip_space(&p);
    if (why || p.rest.len == 0)
        return why;
    return take_word(&p, "AND") || take_word(&p, "FOLLOWEDBY")
               ? "several observations together, each of which says less"
               : "a pattern with a qualifier, or that does not parse";
}

void sw_pattern_free(struct sw_pattern *pattern)
{
    for (size_t i = 0; i < pattern->n; i++)
        free(pattern->one[i].value);
    pattern->n = 0;
}
