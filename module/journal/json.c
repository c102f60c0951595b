#include "journal/json.h"

#include "base/clock.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 1536 /* most events are smaller */

/* ---- text ---- */

/* Room for len more octets. */
static bool grow(struct sw_json *json, size_t len)
{
    size_t size = json->size * 2 > json->len + len ? json->size * 2 : json->len + len + FIRST_SIZE;
    char *grown = json->failed ? NULL : realloc(json->text, size);
    if (grown == NULL) {
        json->failed = true;
        return false;
    }
    json->text = grown;
    json->size = size;
    return true;
}

static inline void add(struct sw_json *json, const char *text, size_t len)
{
    if (json->size - json->len < len && !grow(json, len)) {
        return;
    }
    memcpy(json->text + json->len, text, len);
    json->len += len;
}

static inline void add_char(struct sw_json *json, char c)
{
    if (json->size - json->len >= 1 || grow(json, 1)) {
        json->text[json->len++] = c;
    }
}

/* Octets of the UTF-8 character at text, 0 when it is none (RFC 3629 4). */
static size_t utf8_size(const unsigned char *text)
{
    static const struct {
        unsigned char from, to, second_from, second_to, size;
    } kinds[] = {
        {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
        {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
        {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (text[0] < kinds[i].from || text[0] > kinds[i].to) {
            continue;
        }
        if (text[1] < kinds[i].second_from || text[1] > kinds[i].second_to) {
            return 0;
        }
        for (size_t k = 2; k < kinds[i].size; k++) {
            if ((text[k] & 0xc0) != 0x80) { /* the final NUL stops here, too */
                return 0;
            }
        }
        return kinds[i].size;
    }
    return 0;
}

/* A character that cannot stand for itself; returns how many octets of the text it was. */
static size_t add_special(struct sw_json *json, const unsigned char *text)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char c = *text;
    if (c == '"' || c == '\\') {
        const char escaped[] = {'\\', (char)c};
        add(json, escaped, 2);
        return 1;
    }
    if (c < 0x80) {
        const char escaped[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
        add(json, escaped, 6);
        return 1;
    }
    size_t size = utf8_size(text);
    if (size == 0) {
        add_char(json, '?');
        return 1;
    }
    add(json, (const char *)text, size);
    return size;
}

static void add_string(struct sw_json *json, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    add_char(json, '"');
    while (*at != '\0') {
        const unsigned char *plain = at;
        while (*at >= 0x20 && *at < 0x7f && *at != '"' && *at != '\\') {
            at++;
        }
        add(json, (const char *)plain, (size_t)(at - plain));
        if (*at != '\0') {
            at += add_special(json, at);
        }
    }
    add_char(json, '"');
}

/* ---- objects ---- */

static struct sw_json_level *level(struct sw_json *json)
{
    return &json->level[json->depth];
}

static void enter(struct sw_json *json)
{
    json->depth++;
    assert(json->depth < SW_JSON_LEVELS);
    *level(json) = (struct sw_json_level){.last = -1, .array = -1};
    add_char(json, '{');
}

/* The rest of a path after the last array in it: what is resolved within an element. The
 * document's own members are in no array. */
static const char *local_path(const struct sw_json *json, enum sw_field field)
{
    const char *path = sw_field_path(field);
    const char *bracket = json->depth > 0 ? strchr(path, '[') : NULL;
    return bracket != NULL ? bracket + 3 : path;
}

/* Close the objects of the last path that the next one, from `shared` on, is not in. */
static void close_path(struct sw_json *json, const char *rest)
{
    for (; *rest != '\0'; rest++) {
        if (*rest == '.') {
            add_char(json, '}');
        }
    }
}

/* What is between the last value and that of a member at this path: objects closed and opened,
 * the name, a colon. At most four octets for one of the path, and three around them. */
static void open_path(struct sw_json *json, const char *path)
{
    size_t most = 4 * strlen(path) + 4;
    if (json->size - json->len < most && !grow(json, most)) {
        return;
    }
    char *to = json->text + json->len;
    *to++ = '"';
    for (; *path != '\0'; path++) {
        if (*path == '.') {
            memcpy(to, "\":{\"", 4);
            to += 4;
        } else {
            *to++ = *path;
        }
    }
    *to++ = '"';
    *to++ = ':';
    json->len = (size_t)(to - json->text);
}

/* Everything up to the value of a field. */
static void key(struct sw_json *json, enum sw_field field)
{
    struct sw_json_level *in = level(json);
    assert(in->array < 0 && (int)field > in->last);
    const char *path = local_path(json, field);
    size_t shared = 0; /* length of the objects' names that both paths have */
    if (in->path != NULL) {
        for (size_t i = 0; path[i] != '\0' && path[i] == in->path[i]; i++) {
            shared = path[i] == '.' ? i + 1 : shared;
        }
        close_path(json, in->path + shared);
        add_char(json, ',');
    }
    in->path = path;
    in->last = (int)field;
    open_path(json, path + shared);
}

void sw_json_begin(struct sw_json *json)
{
    json->text = NULL;
    json->len = json->size = 0;
    json->failed = false;
    json->depth = -1;
    enter(json);
}

static void leave(struct sw_json *json)
{
    assert(level(json)->array < 0);
    if (level(json)->path != NULL) {
        close_path(json, level(json)->path);
    }
    add_char(json, '}');
    json->depth--;
}

char *sw_json_end(struct sw_json *json, size_t *len)
{
    assert(json->depth == 0);
    leave(json);
    add_char(json, '\0');
    if (json->failed) {
        free(json->text);
        return NULL;
    }
    *len = json->len - 1;
    return json->text;
}

void sw_object_begin(struct sw_json *json, enum sw_field field)
{
    key(json, field);
    enter(json);
}

void sw_object_end(struct sw_json *json)
{
    assert(json->depth > 0);
    leave(json);
}

/* ---- arrays ---- */

void sw_array_begin(struct sw_json *json, enum sw_field field)
{
    struct sw_json_level *in = level(json);
    assert(in->array < 0);
    in->array = (int)field;
    in->array_open = false;
}

/* Before an element: the array itself before the first, else a comma. */
static void next_element(struct sw_json *json)
{
    struct sw_json_level *in = level(json);
    int array = in->array;
    assert(array >= 0);
    if (in->array_open) {
        add_char(json, ',');
        return;
    }
    in->array = -1;
    key(json, (enum sw_field)array);
    in->array = array;
    in->array_open = true;
    add_char(json, '[');
}

void sw_array_text(struct sw_json *json, const char *text)
{
    next_element(json);
    add_string(json, text);
}

void sw_array_object(struct sw_json *json)
{
    next_element(json);
    enter(json);
}

void sw_array_end(struct sw_json *json)
{
    struct sw_json_level *in = level(json);
    if (in->array_open) {
        add_char(json, ']');
    }
    in->array = -1;
    in->array_open = false;
}

/* ---- members ---- */

void sw_put_text(struct sw_json *json, enum sw_field field, const char *text)
{
    if (text[0] != '\0') {
        key(json, field);
        add_string(json, text);
    }
}

void sw_put_number(struct sw_json *json, enum sw_field field, uint64_t number)
{
    char digits[20];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    key(json, field);
    add(json, digits + at, sizeof(digits) - at);
}

void sw_put_bool(struct sw_json *json, enum sw_field field, bool value)
{
    key(json, field);
    add(json, value ? "true" : "false", value ? 4 : 5);
}

void sw_put_time(struct sw_json *json, enum sw_field field, int64_t wall_us)
{
    char text[SW_TIMETEXT_MAX];
    sw_put_text(json, field, sw_time_text(wall_us, text));
}

void sw_put_addr(struct sw_json *json, enum sw_field field, const struct sw_addr *addr)
{
    char text[SW_ADDRTEXT_MAX];
    if (addr->family != 0) {
        sw_put_text(json, field, sw_addr_text(addr, text));
    }
}
