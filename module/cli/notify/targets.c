/* targets.c - see targets.h. */
#include "cli/notify/targets.h"

#include "cli/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX   1024 /* octets of a list of types or lists */
#define TYPE_CHARS  "abcdefghijklmnopqrstuvwxyz0123456789-"
#define NAME_CHARS  TYPE_CHARS "._"
#define PROBLEM_MAX 256
#define SHOWN_MAX   60 /* octets of a bad value in messages */

enum kind { PATH, TEXT, URL, TYPES, LISTS, NUMBER, ARGUMENT };

#define ALL                ((1U << NOTIFY_WAYS) - 1)
#define ONLY(way)          (1U << (way))
#define FIELD(field)       offsetof(struct notify_target, field)
#define AT(target, offset) ((void *)((char *)(target) + (offset)))

static const char *const ways[NOTIFY_WAYS] = {"command", "webhook"};

static const struct key {
    const char *name;
    enum kind kind;
    unsigned ways; /* that the key is for: a bit of each */
    size_t offset;
    uint32_t min, max, def; /* numbers: range and default; texts: the length in octets */
} keys[] = {
    {"command", PATH, ONLY(NOTIFY_COMMAND), FIELD(command), 1, 255, 0},
    {"argument", ARGUMENT, ONLY(NOTIFY_COMMAND), FIELD(argument), 0, 255, 0},
    {"url", URL, ONLY(NOTIFY_WEBHOOK), FIELD(url), 1, 1023, 0},
    {"header-file", PATH, ONLY(NOTIFY_WEBHOOK), FIELD(header_file), 1, 255, 0},
    {"ca-file", PATH, ONLY(NOTIFY_WEBHOOK), FIELD(ca_file), 1, 255, 0},
    {"client-certificate", PATH, ONLY(NOTIFY_WEBHOOK), FIELD(client_cert), 1, 255, 0},
    {"timeout", NUMBER, ALL, FIELD(timeout_s), 1, 60, 10},
    {"retry-for", NUMBER, ALL, FIELD(retry_s), 0, 2592000, 86400},
    {"types", TYPES, ALL, FIELD(types), 1, WORDS_MAX, 0},
    {"lists", LISTS, ALL, FIELD(lists), 1, WORDS_MAX, 0},
    {"severity-min", NUMBER, ALL, FIELD(severity), 0, 100, 0},
};

#define KEYS (sizeof(keys) / sizeof(keys[0]))

struct reading {
    const char *path;
    unsigned line;
    struct notify_targets *out;
    struct notify_target *target; /* the present target, or NULL */
    bool set[KEYS], way_set;      /* of the present target */
    unsigned problems;
};

const char *notify_way_name(uint32_t way)
{
    return way < NOTIFY_WAYS ? ways[way] : "";
}

bool notify_has_word(const char *words, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = words; at && *at; at += strspn(at, " ")) {
        size_t n = strcspn(at, " ");
        if (n == len && memcmp(at, word, n) == 0)
            return true;
        at += n;
    }
    return !words;
}

/* ---- messages ---- */

__attribute__((format(printf, 3, 4))) static void report(struct reading *r, const char *key,
                                                         const char *format, ...)
{
    char words[PROBLEM_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(words, sizeof(words), format, args);
    va_end(args);
    r->problems++;
    cli_error("%s:%u: %s: %s", r->path, r->line, cli_clean_text(key), words);
}

/* The beginning of a bad value, without control characters. */
static const char *shown(const char *text)
{
    size_t len = strlen(text);
    return cli_clean(text, len < SHOWN_MAX ? len : SHOWN_MAX);
}

static void refuse(struct reading *r, const struct key *key, const char *text)
{
    char allowed[PROBLEM_MAX / 2];
    switch (key->kind) {
    case NUMBER:
        snprintf(allowed, sizeof(allowed), "a whole number from %u to %u", key->min, key->max);
        break;
    case PATH:
        snprintf(allowed, sizeof(allowed), "an absolute path of up to %u octets", key->max);
        break;
    case URL:
        snprintf(allowed, sizeof(allowed), "https://HOST/PATH; http:// only to this machine");
        break;
    case TYPES:
    case LISTS:
        snprintf(allowed, sizeof(allowed), "names of %s, with spaces between",
                 key->kind == TYPES ? "types" : "lists");
        break;
    case TEXT:
    case ARGUMENT:
    default:
        snprintf(allowed, sizeof(allowed), "%u to %u octets without control characters", key->min,
                 key->max);
        break;
    }
    report(r, key->name, "\"%s\" is not allowed; %s", shown(text), allowed);
}

/* ---- values ---- */

static bool is_clean(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return false;
    return true;
}

/* Whether the URL is encrypted, or leads to this machine. */
static bool url_valid(const char *text)
{
    static const char *const local[] = {"http://127.0.0.1", "http://[::1]", "http://localhost"};
    if (strpbrk(text, " \""))
        return false;
    if (strncmp(text, "https://", 8) == 0)
        return text[8] != '\0' && text[8] != '/';
    for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++) {
        size_t len = strlen(local[i]);
        if (strncmp(text, local[i], len) == 0 && strchr(":/", text[len]))
            return true;
    }
    return false;
}

static bool text_valid(const struct key *key, const char *text)
{
    size_t len = strlen(text);
    if (len < key->min || len > key->max || !is_clean(text))
        return false;
    switch (key->kind) {
    case PATH:
        return text[0] == '/';
    case URL:
        return url_valid(text);
    case TYPES:
        return text[strspn(text, TYPE_CHARS " ")] == '\0';
    case LISTS:
        return text[strspn(text, NAME_CHARS " ")] == '\0';
    case TEXT:
    case NUMBER:
    case ARGUMENT:
    default:
        return true;
    }
}

static bool set_number(const struct key *key, const char *text, uint32_t *field)
{
    size_t digits = strspn(text, "0123456789");
    unsigned long value = digits > 0 && digits < 10 ? strtoul(text, NULL, 10) : UINT32_MAX;
    if (text[digits] != '\0' || value < key->min || value > key->max)
        return false;
    *field = (uint32_t)value;
    return true;
}

static void set_value(struct reading *r, const struct key *key, const char *text)
{
    if (key->kind == NUMBER) {
        if (!set_number(key, text, AT(r->target, key->offset)))
            refuse(r, key, text);
        return;
    }
    if (!text_valid(key, text)) {
        refuse(r, key, text);
        return;
    }
    char **field = AT(r->target, key->offset);
    size_t n = 0;
    while (key->kind == ARGUMENT && n < NOTIFY_ARGUMENTS_MAX && field[n])
        n++;
    if (n == NOTIFY_ARGUMENTS_MAX)
        report(r, key->name, "given more than %d times", NOTIFY_ARGUMENTS_MAX);
    else
        field[n] = cli_copy(text);
}

/* ---- targets ---- */

/* The end of a target: report missing keys, and keys of another way. */
static void finish(struct reading *r)
{
    static const char *const needed[NOTIFY_WAYS] = {"command", "url"};
    const struct notify_target *t = r->target;
    if (!t)
        return;
    r->line = t->line;
    if (!r->way_set) {
        report(r, t->name, "this target has no key via; command or webhook");
        return;
    }
    for (size_t i = 0; i < KEYS; i++) {
        if (r->set[i] && !(keys[i].ways & ONLY(t->way)))
            report(r, t->name, "the key %s is not for a target via %s", keys[i].name, ways[t->way]);
        if (!r->set[i] && strcmp(keys[i].name, needed[t->way]) == 0)
            report(r, t->name, "a target via %s needs the key %s", ways[t->way], keys[i].name);
    }
}

static void begin(struct reading *r, const char *name)
{
    unsigned line = r->line;
    finish(r);
    r->line = line;
    r->target = NULL;
    size_t len = strlen(name);
    if (len == 0 || len >= NOTIFY_NAME_MAX || name[strspn(name, NAME_CHARS)] != '\0') {
        report(r, "target", "\"%s\" is not allowed; 1 to %d characters of a-z 0-9 . _ -",
               shown(name), NOTIFY_NAME_MAX - 1);
        return;
    }
    for (size_t i = 0; i < r->out->n; i++)
        if (strcmp(r->out->target[i].name, name) == 0) {
            report(r, "target", "%s is a target already, in line %u", name, r->out->target[i].line);
            return;
        }
    if (r->out->n == NOTIFY_TARGETS_MAX) {
        report(r, "target", "more than %d targets", NOTIFY_TARGETS_MAX);
        return;
    }
    r->target = &r->out->target[r->out->n++];
    memcpy(r->target->name, name, len + 1);
    r->target->line = r->line;
    memset(r->set, 0, sizeof(r->set));
    r->way_set = false;
    for (size_t i = 0; i < KEYS; i++)
        if (keys[i].kind == NUMBER)
            memcpy(AT(r->target, keys[i].offset), &keys[i].def, sizeof(keys[i].def));
}

static void set_way(struct reading *r, const char *text)
{
    uint32_t way = 0;
    while (way < NOTIFY_WAYS && strcmp(ways[way], text) != 0)
        way++;
    if (way == NOTIFY_WAYS)
        report(r, "via", "\"%s\" is not allowed; command or webhook", shown(text));
    else
        r->target->way = way;
    r->way_set = true;
}

static void take(struct reading *r, const char *word, const char *text)
{
    size_t i = 0;
    if (strcmp(word, "target") == 0) {
        begin(r, text);
        return;
    }
    while (i < KEYS && strcmp(keys[i].name, word) != 0)
        i++;
    if (i == KEYS && strcmp(word, "via") != 0)
        report(r, shown(word), "unknown key; conf/notify.conf lists all keys");
    else if (!r->target)
        report(r, word, "before the first target; \"target: NAME\" begins a target");
    else if (i == KEYS)
        set_way(r, text);
    else if (r->set[i] && keys[i].kind != ARGUMENT)
        report(r, word, "given again for this target; once is allowed");
    else
        set_value(r, &keys[i], text);
    if (r->target && i < KEYS)
        r->set[i] = true;
}

static void read_line(struct reading *r, char *line, size_t len)
{
    char *word = NULL, *text = NULL;
    while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
        line[--len] = '\0';
    const char *wrong =
        memchr(line, '\0', len) ? "zero octet; text only" : sw_settings_split(line, &word, &text);
    if (wrong)
        report(r, word ? shown(word) : "line", "%s", wrong);
    else if (word)
        take(r, word, text);
}

int notify_targets_read(const char *path, struct notify_targets *out)
{
    struct reading r = {.path = path, .out = out};
    char *line = NULL;
    size_t size = 0;
    ssize_t len;
    memset(out, 0, sizeof(*out));
    FILE *file = fopen(path, "re");
    while (file && (len = getline(&line, &size, file)) >= 0) {
        r.line++;
        read_line(&r, line, (size_t)len);
    }
    free(line);
    if (!file || ferror(file)) {
        cli_error("%s: cannot be read: %s", path, strerror(errno));
        if (file)
            fclose(file);
        return CLI_INPUT;
    }
    fclose(file);
    finish(&r);
    if (out->n == 0 && r.problems == 0)
        report(&r, "target", "there is no target; conf/notify.conf explains the keys");
    return r.problems ? CLI_SETTINGS : CLI_OK;
}
