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

enum kind { PATH, URL, TYPES, LISTS, NUMBER, ARGUMENT, QUIET, FACILITY, MAILBOX };

#define ALL                ((1U << NOTIFY_WAYS) - 1)
#define ONLY(way)          (1U << (way))
#define FIELD(field)       offsetof(struct notify_target, field)
#define AT(target, offset) ((void *)((char *)(target) + (offset)))

#define WAYS "command, webhook, syslog, journal or mail"

static const char *const ways[NOTIFY_WAYS] = {"command", "webhook", "syslog", "journal", "mail"};

/* Names of facilities, with the numbers of RFC 5424 6.2.1. */
static const struct {
    const char *name;
    uint32_t number;
} facilities[] = {
    {"user", 1},    {"daemon", 3},  {"auth", 4},    {"local0", 16}, {"local1", 17}, {"local2", 18},
    {"local3", 19}, {"local4", 20}, {"local5", 21}, {"local6", 22}, {"local7", 23},
};

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
    {"socket", PATH, ONLY(NOTIFY_SYSLOG) | ONLY(NOTIFY_JOURNAL), FIELD(socket), 1, 107, 0},
    {"facility", FACILITY, ONLY(NOTIFY_SYSLOG), FIELD(facility), 0, 0, 3},
    {"mail-to", MAILBOX, ONLY(NOTIFY_MAIL), FIELD(mail_to), 3, 254, 0},
    {"mail-from", MAILBOX, ONLY(NOTIFY_MAIL), FIELD(mail_from), 3, 254, 0},
    {"sendmail", PATH, ONLY(NOTIFY_MAIL), FIELD(sendmail), 1, 255, 0},
    {"timeout", NUMBER, ALL, FIELD(timeout_s), 1, 60, 10},
    {"retry-for", NUMBER, ALL, FIELD(retry_s), 0, 2592000, 86400},
    {"types", TYPES, ALL, FIELD(types), 1, WORDS_MAX, 0},
    {"lists", LISTS, ALL, FIELD(lists), 1, WORDS_MAX, 0},
    {"severity-min", NUMBER, ALL, FIELD(severity), 0, 100, 0},
    {"quiet", QUIET, ALL, FIELD(quiet), 0, 0, 0},
    {"quiet-severity", NUMBER, ALL, FIELD(quiet_severity), 0, 101, 90},
    {"rate-max", NUMBER, ALL, FIELD(rate_max), 0, 1000000, 0},
    {"rate-seconds", NUMBER, ALL, FIELD(rate_s), 1, 604800, 3600},
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
    case QUIET:
        snprintf(allowed, sizeof(allowed), "HH:MM-HH:MM, with days sun mon ... before it");
        break;
    case FACILITY:
        snprintf(allowed, sizeof(allowed), "user, daemon, auth, or local0 to local7");
        break;
    case MAILBOX:
        snprintf(allowed, sizeof(allowed), "one address, NAME@HOST, of ASCII letters");
        break;
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

/* An address that no mail program takes for an option, for two addresses or for a header. */
static bool mailbox_valid(const char *text)
{
    size_t n = strspn(text, NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZ+=@");
    const char *at = strchr(text, '@');
    return text[n] == '\0' && text[0] != '-' && at && at != text && at[1] && !strchr(at + 1, '@');
}

/* "HH:MM", or "24:00" for the end of a day; NULL: neither. Returns the end of the time. */
static const char *minutes_parse(const char *text, uint16_t *out)
{
    const char digits[] = "0123456789";
    if (strspn(text, digits) != 2 || text[2] != ':' || strspn(text + 3, digits) != 2)
        return NULL;
    unsigned hours = (unsigned)(text[0] - '0') * 10 + (unsigned)(text[1] - '0');
    unsigned minutes = (unsigned)(text[3] - '0') * 10 + (unsigned)(text[4] - '0');
    *out = (uint16_t)(hours * 60 + minutes);
    return minutes < 60 && *out <= 1440 ? text + 5 : NULL;
}

bool notify_quiet_parse(const char *text, struct notify_quiet *out)
{
    static const char days[] = "sunmontuewedthufrisat";
    struct notify_quiet quiet = {0};
    text += strspn(text, " ");
    while (strcspn(text, " ") == 3) {
        size_t day = 0;
        while (day < 7 && memcmp(days + 3 * day, text, 3) != 0)
            day++;
        if (day == 7)
            return false;
        quiet.days |= (uint8_t)(1U << day);
        text += 3 + strspn(text + 3, " ");
    }
    if (quiet.days == 0)
        quiet.days = 0x7f;
    text = minutes_parse(text, &quiet.from);
    if (!text || *text != '-')
        return false;
    text = minutes_parse(text + 1, &quiet.to);
    if (!text || *text || quiet.from == 1440)
        return false;
    *out = quiet;
    return true;
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
    case MAILBOX:
        return mailbox_valid(text);
    case NUMBER:
    case ARGUMENT:
    case QUIET:
    case FACILITY:
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

static bool set_facility(const char *text, uint32_t *field)
{
    for (size_t i = 0; i < sizeof(facilities) / sizeof(facilities[0]); i++)
        if (strcmp(facilities[i].name, text) == 0) {
            *field = facilities[i].number;
            return true;
        }
    return false;
}

static bool add_quiet(struct notify_target *target, const char *text)
{
    return target->quiet_n < NOTIFY_QUIET_MAX &&
           notify_quiet_parse(text, &target->quiet[target->quiet_n]) && ++target->quiet_n;
}

static void set_value(struct reading *r, const struct key *key, const char *text)
{
    if (key->kind == NUMBER || key->kind == QUIET || key->kind == FACILITY) {
        bool good = key->kind == NUMBER  ? set_number(key, text, AT(r->target, key->offset))
                    : key->kind == QUIET ? add_quiet(r->target, text)
                                         : set_facility(text, AT(r->target, key->offset));
        if (!good)
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
    static const char *const needed[NOTIFY_WAYS] = {"command", "url", NULL, NULL, "mail-to"};
    const struct notify_target *t = r->target;
    if (!t)
        return;
    r->line = t->line;
    if (!r->way_set) {
        report(r, t->name, "this target has no key via; " WAYS);
        return;
    }
    for (size_t i = 0; i < KEYS; i++) {
        if (r->set[i] && !(keys[i].ways & ONLY(t->way)))
            report(r, t->name, "the key %s is not for a target via %s", keys[i].name, ways[t->way]);
        if (!r->set[i] && needed[t->way] && strcmp(keys[i].name, needed[t->way]) == 0)
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
        if (keys[i].kind == NUMBER || keys[i].kind == FACILITY)
            memcpy(AT(r->target, keys[i].offset), &keys[i].def, sizeof(keys[i].def));
}

static void set_way(struct reading *r, const char *text)
{
    uint32_t way = 0;
    while (way < NOTIFY_WAYS && strcmp(ways[way], text) != 0)
        way++;
    if (way == NOTIFY_WAYS)
        report(r, "via", "\"%s\" is not allowed; " WAYS, shown(text));
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
    else if (r->set[i] && keys[i].kind != ARGUMENT && keys[i].kind != QUIET)
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
