#include "journal/json.h"

#include "base/clock.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 1536 /* most events are smaller */
#define JOIN_MAX   112  /* octets: three objects closed, a path of four names opened */

/* ---- text ---- */

/* Room for len more octets. */
static bool grow(struct sw_json *json, size_t len)
{
    size_t size = json->size * 2 > json->len + len ? json->size * 2 : json->len + len + FIRST_SIZE;
    char *grown = json->failed ? NULL : realloc(json->text, size);
    if (!grown) {
        json->failed = true;
        return false;
    }
    json->text = grown;
    json->size = size;
    return true;
}

static inline void add(struct sw_json *json, const char *text, size_t len)
{
    if (json->size - json->len < len && !grow(json, len))
        return;
    memcpy(json->text + json->len, text, len);
    json->len += len;
}

static inline void add_char(struct sw_json *json, char c)
{
    if (json->size - json->len >= 1 || grow(json, 1))
        json->text[json->len++] = c;
}

/* Octets of the UTF-8 character at text, 0 for an invalid sequence (RFC 3629 4). */
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
        if (text[0] < kinds[i].from || text[0] > kinds[i].to)
            continue;
        if (text[1] < kinds[i].second_from || text[1] > kinds[i].second_to)
            return 0;
        for (size_t k = 2; k < kinds[i].size; k++) {
            if ((text[k] & 0xc0) != 0x80) { /* the final NUL stops here, too */
                return 0;
            }
        }
        return kinds[i].size;
    }
    return 0;
}

/* Escape a character; returns the number of octets of text that were used. */
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

/* Whether some of eight octets may need an escape: a control character, DEL, a quote, a backslash,
 * or an octet beyond ASCII. A borrow can make the result true for the octet above such an octet,
 * and for no other. */
static inline bool word_is_special(uint64_t word)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7;
    uint64_t quote = word ^ ones * '"', backslash = word ^ ones * '\\';
    uint64_t found =
        word | (word + ones) | (word - ones * 0x20) | (quote - ones) | (backslash - ones);
    return (found & high) != 0;
}

static bool is_plain(const char *text, size_t len)
{
    uint64_t word;
    size_t at = 0;
    for (; len - at >= sizeof(word); at += sizeof(word)) {
        memcpy(&word, text + at, sizeof(word));
        if (word_is_special(word))
            return false;
    }
    word = UINT64_C(0x6161616161616161);
    memcpy(&word, text + at, len - at);
    return !word_is_special(word);
}

static void add_escaped(struct sw_json *json, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    while (*at != '\0') {
        const unsigned char *plain = at;
        while (*at >= 0x20 && *at < 0x7f && *at != '"' && *at != '\\')
            at++;
        add(json, (const char *)plain, (size_t)(at - plain));
        if (*at != '\0')
            at += add_special(json, at);
    }
}

/* Nearly all texts need no escape and are copied. */
static void add_string(struct sw_json *json, const char *text)
{
    size_t len = strlen(text);
    if (is_plain(text, len)) {
        if (json->size - json->len >= len + 2 || grow(json, len + 2)) {
            char *to = json->text + json->len;
            to[0] = '"';
            memcpy(to + 1, text, len);
            to[len + 1] = '"';
            json->len += len + 2;
        }
        return;
    }
    add_char(json, '"');
    add_escaped(json, text);
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

/* The rest of a path after the last array: the part that is resolved within an element. The
 * document's own members are in no array. */
static const char *local_path(const struct sw_json *json, enum sw_field field)
{
    const char *path = sw_field_path(field);
    const char *bracket = json->depth > 0 ? strchr(path, '[') : NULL;
    return bracket ? bracket + 3 : path;
}

/* ---- the text between two members ---- */

/* The text from the end of a member to the value of the next. Kept for the previous member of the
 * last document: documents of a kind have the same members in the same order. */
struct sw_join {
    int from; /* which member of which kind of object was before; 0: none made yet */
    unsigned char len;
    unsigned char dots;  /* objects that are open after the text, within the member's object */
    char text[JOIN_MAX]; /* not terminated */
};

static _Thread_local struct sw_join joins_kept[SW_FIELD_END];

static unsigned dots_in(const char *path)
{
    unsigned dots = 0;
    for (; *path != '\0'; path++)
        dots += *path == '.';
    return dots;
}

/* Close the objects that the next path leaves, open the objects that the path enters, and put the
 * name and a colon. */
static void make_join(const struct sw_json *json, const struct sw_json_level *in,
                      enum sw_field field, struct sw_join *join)
{
    const char *path = local_path(json, field), *last;
    size_t shared = 0; /* length of the objects' names that both paths have */
    char *to = join->text;
    join->dots = (unsigned char)dots_in(path);
    if (in->last >= 0) {
        last = local_path(json, (enum sw_field)in->last);
        for (size_t i = 0; path[i] != '\0' && path[i] == last[i]; i++)
            shared = path[i] == '.' ? i + 1 : shared;
        for (unsigned i = dots_in(last + shared); i > 0; i--)
            *to++ = '}';
        *to++ = ',';
    }
    path += shared;
    assert(4 * dots_in(path) + strlen(path) + 8 <= JOIN_MAX);
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
    join->len = (unsigned char)(to - join->text);
}

/* Everything up to the value of a field. */
static void key(struct sw_json *json, enum sw_field field)
{
    struct sw_json_level *in = level(json);
    struct sw_join *join = &json->joins[field];
    int from = 2 * (in->last + 2) + (json->depth > 0);
    assert(in->array < 0 && (int)field > in->last);
    if (join->from != from) {
        make_join(json, in, field, join);
        join->from = from;
    }
    in->last = (int)field;
    in->dots = join->dots;
    add(json, join->text, join->len);
}

void sw_json_begin(struct sw_json *json)
{
    json->text = NULL;
    json->len = json->size = 0;
    json->failed = false;
    json->joins = joins_kept;
    json->depth = -1;
    enter(json);
}

static void leave(struct sw_json *json)
{
    assert(level(json)->array < 0);
    for (unsigned i = level(json)->dots + 1; i > 0; i--)
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
    if (in->array_open)
        add_char(json, ']');
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
    if (addr->family != 0)
        sw_put_text(json, field, sw_addr_text(addr, text));
}
