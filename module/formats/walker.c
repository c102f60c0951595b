/* walker.c - see walker.h. */
#include "formats/walker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- brackets ---- */

static void open_bracket(struct sw_walker *w, char kind)
{
    if (w->depth == SW_WALK_DEPTH) {
        w->deeper++;
        return;
    }
    w->level[w->depth].kind = kind;
    memcpy(w->level[w->depth].key, w->key, sizeof(w->key));
    w->depth++;
    w->key[0] = '\0';
}

static void close_bracket(struct sw_walker *w, char kind)
{
    if (w->deeper > 0) {
        w->deeper--;
        return;
    }
    if (w->depth == 0 || w->level[w->depth - 1].kind != kind)
        w->mismatch = true;
    if (w->depth > 0) {
        w->depth--;
        if (kind == '{' && w->hooks.leave)
            w->hooks.leave(w);
    }
    w->key[0] = '\0';
}

/* ---- scalars ---- */

static void give_scalar(struct sw_walker *w)
{
    if (w->value.len > 0 && w->hooks.scalar)
        w->hooks.scalar(w, (struct sw_piece){w->value.p, w->value.len});
    w->values += w->depth == 0;
    w->value.len = 0;
    w->have_string = w->in_scalar = false;
    w->key[0] = '\0';
}

/* A colon: the string before it names a member. */
static void take_key(struct sw_walker *w)
{
    size_t len = w->value.len >= 2 ? w->value.len - 2 : 0;
    if (len >= sizeof(w->key))
        len = sizeof(w->key) - 1;
    if (len > 0)
        memcpy(w->key, w->value.p + 1, len);
    w->key[len] = '\0';
    w->value.len = 0;
    w->have_string = false;
}

/* ---- records ---- */

static void begin_record(struct sw_walker *w)
{
    w->record = 1;
    w->record_large = false;
    w->record_place = w->reader->place;
    w->value.len = 0;
    sw_text_add(&w->value, "{", 1);
}

static void end_record(struct sw_walker *w)
{
    uint64_t here = w->reader->place;
    struct sw_piece text = {w->value.p, w->value.len};
    w->values += w->depth == 0;
    w->reader->place = w->record_place;
    if (w->record_large)
        sw_reject(w->reader, (struct sw_piece){text.p, text.len < 60 ? text.len : 60},
                  SW_REJECT_LENGTH, "an object of more than 1 MiB");
    else
        w->hooks.record(w, text, w->record_place);
    w->reader->place = here;
    w->value.len = 0;
    w->key[0] = '\0';
}

/* A stretch of a record's text up to the next quote, backslash or bracket; returns its length. */
static size_t plain_stretch(const struct sw_walker *w, const char *p, size_t len)
{
    size_t n = 0;
    if (w->in_string)
        while (n < len && p[n] != '"' && p[n] != '\\' && p[n] != '\n')
            n++;
    else
        while (n < len && p[n] != '"' && p[n] != '{' && p[n] != '}' && p[n] != '[' && p[n] != ']' &&
               p[n] != '\n')
            n++;
    return n;
}

static void add_to_record(struct sw_walker *w, const char *p, size_t len)
{
    if (w->value.len + len > SW_OBJECT_MAX)
        w->record_large = true;
    if (!w->record_large)
        sw_text_add(&w->value, p, len);
}

/* Walk inside a record; returns the octets used. */
static size_t walk_record(struct sw_walker *w, const char *p, size_t len)
{
    size_t n = w->escaped ? 0 : plain_stretch(w, p, len);
    if (n > 0) {
        add_to_record(w, p, n);
        return n;
    }
    char c = p[0];
    w->reader->place += c == '\n';
    add_to_record(w, p, 1);
    if (w->in_string && c == '\n')
        w->in_string = w->escaped = false; /* a quote is missing: strings end with their line */
    else if (w->escaped)
        w->escaped = false;
    else if (w->in_string && c == '\\')
        w->escaped = true;
    else if (c == '"')
        w->in_string = !w->in_string;
    else if (!w->in_string && (c == '{' || c == '['))
        w->record++;
    else if (!w->in_string && (c == '}' || c == ']') && --w->record == 0)
        end_record(w);
    return 1;
}

/* ---- outside of records ---- */

static void walk_string(struct sw_walker *w, char c)
{
    if (w->value.len < SW_LINE_MAX)
        sw_text_add(&w->value, &c, 1);
    if (c == '\n') {
        w->in_string = w->escaped = w->have_string = false;
        w->value.len = 0;
    } else if (w->escaped)
        w->escaped = false;
    else if (c == '\\')
        w->escaped = true;
    else if (c == '"') {
        w->in_string = false;
        w->have_string = true;
    }
}

static void walk_outside(struct sw_walker *w, char c)
{
    if (c == '"') {
        if (w->have_string || w->in_scalar)
            give_scalar(w);
        sw_text_add(&w->value, &c, 1);
        w->in_string = true;
    } else if (c == ':' && w->have_string) {
        take_key(w);
    } else if (c == ',' || c == '{' || c == '[' || c == '}' || c == ']' || sw_is_space(c)) {
        if (w->in_scalar || (w->have_string && !sw_is_space(c)))
            give_scalar(w);
        if (c == '{' && w->deeper == 0 && w->hooks.is_record(w))
            begin_record(w);
        else if (c == '{' || c == '[')
            open_bracket(w, c);
        else if (c == '}' || c == ']')
            close_bracket(w, c == '}' ? '{' : '[');
    } else {
        w->in_scalar = true;
        if (w->value.len < SW_LINE_MAX)
            sw_text_add(&w->value, &c, 1);
    }
}

void sw_walk(struct sw_walker *w, const char *p, size_t len)
{
    if (w->reader->place == 0)
        w->reader->place = 1;
    while (len > 0) {
        size_t n = 1;
        if (w->record > 0) {
            n = walk_record(w, p, len);
        } else {
            w->reader->place += p[0] == '\n';
            if (w->in_string)
                walk_string(w, p[0]);
            else
                walk_outside(w, p[0]);
        }
        p += n;
        len -= n;
    }
}

enum sw_status sw_walk_end(struct sw_walker *w)
{
    if (!w->in_string && (w->in_scalar || w->have_string))
        give_scalar(w);
    if (w->record > 0 || w->in_string || w->depth > 0)
        return sw_no_list(w->reader,
                          "the JSON text is cut: brackets or quotes are open at its end");
    if (w->mismatch)
        return sw_no_list(w->reader, "brackets of the JSON text do not match");
    return SW_OK;
}

void sw_walker_free(void *walker)
{
    struct sw_walker *w = walker;
    free(w->value.p);
    free(w);
}

bool sw_walk_is_at(const struct sw_walker *w, const char *path)
{
    size_t end = strlen(path);
    for (unsigned level = w->depth; end > 0; level--) {
        size_t begin = end - 1;
        while (begin > 0 && path[begin - 1] != '.' && path[begin - 1] != '[')
            begin--;
        char kind = path[end - 1] == '[' ? '[' : '{';
        size_t len = end - 1 - begin;
        if (level == 0 || w->level[level - 1].kind != kind ||
            strlen(w->level[level - 1].key) != len ||
            memcmp(w->level[level - 1].key, path + begin, len) != 0)
            return false;
        end = begin;
    }
    return true;
}
