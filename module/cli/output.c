/* output.c - words, JSON and colours. See output.h. */
#include "cli/output.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RING      8   /* valid results of a function at a time */
#define CLEAN_MAX 320 /* octets of cleaned text */

/* ---- memory ---- */

int cli_memory_code = CLI_NONE;

void cli_no_memory(void)
{
    fputs("sinkwatch: out of memory: nothing more is written\n", stderr);
    exit(cli_memory_code);
}

static void *got(void *memory)
{
    if (!memory)
        cli_no_memory();
    return memory;
}

void *cli_alloc(size_t n, size_t size)
{
    return got(calloc(n ? n : 1, size));
}

void *cli_grow(void *old, size_t n, size_t size)
{
    return got(reallocarray(old, n ? n : 1, size));
}

char *cli_copy(const char *text)
{
    return got(strdup(text));
}

/* ---- cleaning ---- */

/* Octets of the UTF-8 character at text (RFC 3629), 0 for an invalid sequence. */
static size_t utf8_size(const unsigned char *text, size_t len)
{
    size_t size = text[0] < 0x80   ? 1
                  : text[0] < 0xc2 ? 0
                  : text[0] < 0xe0 ? 2
                  : text[0] < 0xf0 ? 3
                  : text[0] < 0xf5 ? 4
                                   : 0;
    if (size == 0 || size > len)
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f) ||
        (text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] > 0x8f))
        return 0;
    return size;
}

/* Whether a character may go to a terminal: no C0 or C1 control, no mark that turns the
 * direction of text around (U+202A..U+202E, U+2066..U+2069). */
static bool harmless(const unsigned char *c, size_t size)
{
    if (size == 1)
        return c[0] >= 0x20 && c[0] != 0x7f;
    if (size == 2)
        return !(c[0] == 0xc2 && c[1] < 0xa0);
    if (size == 3 && c[0] == 0xe2)
        return !((c[1] == 0x80 && c[2] >= 0xaa && c[2] <= 0xae) ||
                 (c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9));
    return true;
}

const char *cli_clean(const char *text, size_t len)
{
    static char ring[RING][CLEAN_MAX + 8];
    static unsigned next;
    char *out = ring[next++ % RING];
    size_t used = 0;
    for (size_t at = 0; at < len;) {
        const unsigned char *c = (const unsigned char *)text + at;
        size_t size = utf8_size(c, len - at);
        if (used + 4 >= CLEAN_MAX) {
            memcpy(out + used, "...", 3);
            used += 3;
            break;
        }
        if (size > 0 && harmless(c, size)) {
            memcpy(out + used, c, size);
            used += size;
            at += size;
        } else {
            used += (size_t)snprintf(out + used, 5, "\\x%02x", *c);
            at++;
        }
    }
    out[used] = '\0';
    return out;
}

const char *cli_clean_text(const char *text)
{
    return text ? cli_clean(text, strlen(text)) : "";
}

/* ---- words ---- */

#define FIRST_MAX 512

static char first[FIRST_MAX]; /* error */
static bool mute;
static void (*on_words)(const char *text, bool hint);
static void (*on_printed)(void);

void cli_listen(void (*words)(const char *text, bool hint), void (*printed)(void))
{
    on_words = words;
    on_printed = printed;
}

const char *cli_error_first(void)
{
    return first;
}

void cli_error_forget(void)
{
    first[0] = '\0';
}

void cli_error_mute(bool muted)
{
    mute = muted;
}

/* Format, clean of control characters, print. */
__attribute__((format(printf, 3, 0))) static void say(const char *before, char *kept,
                                                      const char *format, va_list args)
{
    char *text = NULL;
    fflush(stdout);
    if (vasprintf(&text, format, args) < 0)
        abort();
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    if (!mute)
        fprintf(stderr, "%s%s\n", before, text);
    if (kept && !kept[0])
        snprintf(kept, FIRST_MAX, "%s", text);
    if (!mute && on_words)
        on_words(text, !kept);
    free(text);
}

void cli_error(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say("sinkwatch: ", first, format, args);
    va_end(args);
}

void cli_hint(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say("  ", NULL, format, args);
    va_end(args);
}

const char *cli_style(const struct cli *cli, enum cli_style style)
{
    static const char *const codes[] = {
        [CLI_PLAIN] = "\033[0m", [CLI_BOLD] = "\033[1m", [CLI_DIM] = "\033[2m",
        [CLI_GOOD] = "\033[32m", [CLI_BAD] = "\033[31m",
    };
    return cli->color ? codes[style] : "";
}

const char *cli_time(const char *rfc3339, bool seconds)
{
    static char ring[RING][24];
    static unsigned next;
    char *out = ring[next++ % RING];
    snprintf(out, sizeof(ring[0]), "%.*s", seconds ? 19 : 16, cli_clean_text(rfc3339));
    if (strlen(out) > 10 && out[10] == 'T')
        out[10] = ' ';
    return out;
}

const char *cli_count(uint64_t n, const char *one, const char *many)
{
    static char ring[RING][64];
    static unsigned next;
    char *out = ring[next++ % RING];
    snprintf(out, sizeof(ring[0]), "%" PRIu64 " %s", n, n == 1 ? one : many);
    return out;
}

/* ---- JSON ---- */

static json_t *collected; /* in the place of standard output; or NULL */

void cli_json_collect(json_t *array)
{
    collected = array;
}

void cli_json(json_t *value)
{
    if (collected) {
        json_array_append_new(collected, value);
        return;
    }
    const size_t flags = JSON_COMPACT | JSON_ENCODE_ANY | JSON_ENSURE_ASCII; /* C1, bidi */
    char *text = value ? json_dumps(value, flags) : NULL;
    puts(got(text));
    if (on_printed)
        on_printed();
    free(text);
    json_decref(value);
}

json_t *cli_json_at(const json_t *object, const char *path)
{
    char name[64];
    const char *dot;
    while ((dot = strchr(path, '.')) != NULL) {
        snprintf(name, sizeof(name), "%.*s", (int)(dot - path), path);
        object = json_object_get(object, name);
        path = dot + 1;
    }
    return json_object_get(object, path);
}

const char *cli_json_text(const json_t *object, const char *path)
{
    const char *text = json_string_value(cli_json_at(object, path));
    return text ? text : "";
}

void cli_json_set(json_t *object, const char *member, const char *text)
{
    char *copy = cli_copy(text);
    size_t len = strlen(copy);
    for (size_t at = 0; at < len;) {
        size_t size = utf8_size((const unsigned char *)copy + at, len - at);
        if (size == 0)
            copy[at] = '?';
        at += size ? size : 1;
    }
    json_object_set_new(object, member, json_string(copy));
    free(copy);
}
