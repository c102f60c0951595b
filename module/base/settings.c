#include "base/settings.h"

#include "base/policy.h"
#include "base/server.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MESSAGE_MAX      (SW_PATH_MAX + 2 * SW_WHY_MAX)
#define SHOWN_MAX        44  /* octets of a bad value in messages */
#define SOCKET_MAX       107 /* sun_path of unix(7) without the final zero octet */
#define SW_SPOOLPATH_MAX 200 /* leaves room in a path for the names of files */
#define KEY_MAX          40  /* longest word for which a similar key is looked for */
#define KEY_CHARS        "abcdefghijklmnopqrstuvwxyz0123456789-"

enum kind {
    KIND_TEXT,     /* any text without control characters */
    KIND_SECRET,   /* as KIND_TEXT, never quoted in a message */
    KIND_WORD,     /* printable ASCII without spaces, not empty */
    KIND_PATH,     /* absolute path or empty */
    KIND_SERVER,   /* HOST:PORT, "sentinel", or empty */
    KIND_SERVERS,  /* HOST:PORT, once for each line with the key: rows of SW_TEXT_MAX */
    KIND_CONTACTS, /* a contact URI (mailto:, tel:), likewise */
    KIND_PATHS,    /* as KIND_PATH, once for each line with the key: rows of SW_PATH_MAX */
    KIND_GROUPS,   /* NAME PREFIX..., any number of lines */
    KIND_NUMBER,   /* whole number in min..max */
    KIND_BOOL,     /* yes, no */
    KIND_ADDR4,    /* an address or empty */
    KIND_ADDR6,
    KIND_NAME, /* domain name or empty */
};

/* A row of the table: all data for parse, validate, apply and the messages. */
struct key {
    const char *name;
    enum kind kind;
    size_t offset; /* of the field in struct sw_settings */
    size_t size;   /* of the field */
    uint32_t min;  /* numbers: the range; texts: the length in octets */
    uint32_t max;
    const char *def; /* default as written in a file; NULL: the host name */
};

#define FIELD(field) offsetof(struct sw_settings, field), sizeof(((struct sw_settings *)0)->field)

static const struct key keys[] = {
    {"redis-socket", KIND_PATH, FIELD(redis_socket), 0, SOCKET_MAX, ""},
    {"redis-host", KIND_WORD, FIELD(redis_host), 1, SW_TEXT_MAX - 1, "127.0.0.1"},
    {"redis-port", KIND_NUMBER, FIELD(redis_port), 1, UINT16_MAX, "6379"},
    {"redis-user", KIND_TEXT, FIELD(redis_user), 0, SW_TEXT_MAX - 1, ""},
    {"redis-password", KIND_SECRET, FIELD(redis_password), 0, SW_TEXT_MAX - 1, ""},
    {"redis-password-file", KIND_PATH, FIELD(redis_password_file), 0, SW_PATH_MAX - 1, ""},
    {"redis-sentinel", KIND_SERVERS, FIELD(redis_sentinel), 0, SW_TEXT_MAX - 1, ""},
    {"redis-sentinel-master", KIND_WORD, FIELD(redis_sentinel_master), 1, SW_TEXT_MAX - 1,
     "mymaster"},
    {"redis-sentinel-user", KIND_TEXT, FIELD(sentinel_user), 0, SW_TEXT_MAX - 1, ""},
    {"redis-sentinel-password", KIND_SECRET, FIELD(sentinel_password), 0, SW_TEXT_MAX - 1, ""},
    {"redis-sentinel-password-file", KIND_PATH, FIELD(sentinel_password_file), 0, SW_PATH_MAX - 1,
     ""},
    {"redis-primary", KIND_SERVER, FIELD(redis_primary), 0, SW_TEXT_MAX - 1, ""},
    {"redis-tls", KIND_BOOL, FIELD(redis_tls), 0, 0, "no"},
    {"redis-tls-ca", KIND_PATH, FIELD(redis_tls_ca), 0, SW_PATH_MAX - 1, ""},
    {"redis-tls-cert", KIND_PATH, FIELD(redis_tls_cert), 0, SW_PATH_MAX - 1, ""},
    {"redis-tls-key", KIND_PATH, FIELD(redis_tls_key), 0, SW_PATH_MAX - 1, ""},
    {"redis-tls-name", KIND_TEXT, FIELD(redis_tls_name), 0, SW_TEXT_MAX - 1, ""},
    {"redis-prefix", KIND_WORD, FIELD(redis_prefix), 1, SW_TEXT_MAX - 1, "{sinkwatch}"},
    {"redis-timeout", KIND_NUMBER, FIELD(redis_timeout_ms), 50, 60000, "1000"},
    {"snapshot-file", KIND_PATH, FIELD(snapshot_file), 0, 240, ""},
    {"snapshot-interval", KIND_NUMBER, FIELD(snapshot_s), 1, 86400, "60"},
    {"keep-lists", KIND_BOOL, FIELD(keep_lists), 0, 0, "yes"},
    {"redis-notices", KIND_BOOL, FIELD(redis_notices), 0, 0, "yes"},
    {"reconcile-interval", KIND_NUMBER, FIELD(reconcile_s), 0, 86400, "60"},
    {"sweep-interval", KIND_NUMBER, FIELD(sweep_s), 0, 86400, "30"},
    {"resolver-id", KIND_WORD, FIELD(resolver_id), 1, SW_TEXT_MAX - 1, NULL},
    {"asn-mmdb", KIND_PATHS, FIELD(asn_mmdb), 0, SW_PATH_MAX - 1, ""},
    {"owner-mmdb", KIND_PATHS, FIELD(owner_mmdb), 0, SW_PATH_MAX - 1, ""},
    {"asn-number-field", KIND_TEXT, FIELD(asn_field), 0, SW_TEXT_MAX - 1, ""},
    {"asn-organization-field", KIND_TEXT, FIELD(org_field), 0, SW_TEXT_MAX - 1, ""},
    {"owner-registrant-field", KIND_TEXT, FIELD(registrant_field), 0, SW_TEXT_MAX - 1, ""},
    {"owner-netname-field", KIND_TEXT, FIELD(netname_field), 0, SW_TEXT_MAX - 1, ""},
    {"owner-country-field", KIND_TEXT, FIELD(country_field), 0, SW_TEXT_MAX - 1, ""},
    {"mmdb-check-interval", KIND_NUMBER, FIELD(mmdb_check_s), 1, 86400, "5"},
    {"tracked-addresses-max", KIND_NUMBER, FIELD(tracked_max), 0, 10000000, "100000"},
    {"history-max", KIND_NUMBER, FIELD(history_max), 1, 100000, "200"},
    {"history-days", KIND_NUMBER, FIELD(history_days), 1, 36500, "400"},
    {"baseline-days", KIND_NUMBER, FIELD(baseline_days), 0, 3650, "7"},
    {"baseline-count", KIND_NUMBER, FIELD(baseline_count), 1, 1000000, "3"},
    {"flux-hours", KIND_NUMBER, FIELD(flux_hours), 1, 8760, "24"},
    {"flux-as-min", KIND_NUMBER, FIELD(flux_as), 2, 1000, "5"},
    {"flux-as-percent", KIND_NUMBER, FIELD(flux_percent), 1, 100, "50"},
    {"client-group", KIND_GROUPS, FIELD(groups), 0, 0, ""},
    {"sinkhole-ipv4", KIND_ADDR4, FIELD(sinkhole4), 0, 0, ""},
    {"sinkhole-ipv6", KIND_ADDR6, FIELD(sinkhole6), 0, 0, ""},
    {"cname-target", KIND_NAME, FIELD(cname), 0, 0, ""},
    {"ede", KIND_BOOL, FIELD(ede), 0, 0, "yes"},
    {"ptr-addresses", KIND_BOOL, FIELD(ptr_addresses), 0, 0, "no"},
    {"structured-errors", KIND_BOOL, FIELD(structured_errors), 0, 0, "no"},
    {"structured-option", KIND_NUMBER, FIELD(structured_option), 1, UINT16_MAX, "26"},
    {"structured-contact", KIND_CONTACTS, FIELD(structured_contact), 0, SW_TEXT_MAX - 1, ""},
    {"structured-organization", KIND_TEXT, FIELD(structured_organization), 0, SW_TEXT_MAX - 1, ""},
    {"structured-justification", KIND_TEXT, FIELD(structured_justification), 0, SW_TEXT_MAX - 1,
     ""},
    {"structured-language", KIND_WORD, FIELD(structured_language), 1, SW_TEXT_MAX - 1, "en"},
    {"event-file", KIND_PATH, FIELD(event_file), 0, SW_PATH_MAX - 1, ""},
    {"event-redis", KIND_BOOL, FIELD(event_redis), 0, 0, "yes"},
    {"event-stream-max", KIND_NUMBER, FIELD(event_stream_max), 1, 1000000000, "1000000"},
    {"event-window", KIND_NUMBER, FIELD(event_window_ms), 0, 60000, "1000"},
    {"event-ring", KIND_NUMBER, FIELD(ring_kib), 16, 1048576, "1024"},
    {"event-backlog-max", KIND_NUMBER, FIELD(backlog_max), 0, 100000000, "100000"},
    {"event-spool", KIND_PATH, FIELD(event_spool), 0, SW_SPOOLPATH_MAX, ""},
    {"event-spool-max", KIND_NUMBER, FIELD(spool_max_mib), 1, 1048576, "256"},
    {"verbose", KIND_BOOL, FIELD(verbose), 0, 0, "no"},
};

#define KEYS (sizeof(keys) / sizeof(keys[0]))

_Static_assert(SOCKET_MAX < SW_PATH_MAX, "a socket path fits its field");

/* A value between parse and apply. */
struct value {
    const char *text;
    size_t len;
    uint64_t number;
    bool yes;
    struct sw_addr addr;
    struct sw_name name;
};

const char *sw_settings_key(size_t i)
{
    return i < KEYS ? keys[i].name : NULL;
}

const char *sw_settings_path(void)
{
    const char *path = getenv(SW_SETTINGS_ENV);
    return path && path[0] ? path : SW_SETTINGS_DEFAULT;
}

/* ---- parse, validate, apply ---- */

/* Decimal digits only; stops growing above 32 bits. */
static bool number_parse(const char *text, uint64_t *out)
{
    uint64_t number = 0;
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || text[digits] != '\0')
        return false;
    for (size_t i = 0; i < digits && number <= UINT32_MAX; i++)
        number = number * 10 + (uint64_t)(text[i] - '0');
    *out = number;
    return true;
}

/* Text to value. False: not the form of the key's kind. */
static bool value_parse(const struct key *key, const char *text, struct value *out)
{
    memset(out, 0, sizeof(*out));
    out->text = text;
    out->len = strlen(text);
    switch (key->kind) {
    case KIND_NUMBER:
        return number_parse(text, &out->number);
    case KIND_BOOL:
        out->yes = strcmp(text, "yes") == 0;
        return out->yes || strcmp(text, "no") == 0;
    case KIND_ADDR4:
    case KIND_ADDR6:
        return out->len == 0 || sw_addr_parse(text, out->len, &out->addr, NULL) == SW_OK;
    case KIND_NAME:
        return out->len == 0 || sw_name_parse(text, out->len, &out->name, NULL) == SW_OK;
    case KIND_TEXT:
    case KIND_SECRET:
    case KIND_WORD:
    case KIND_PATH:
    case KIND_PATHS:
    case KIND_SERVER:
    case KIND_SERVERS:
    case KIND_CONTACTS:
    case KIND_GROUPS:
    default:
        return true;
    }
}

/* Whether all octets are allowed: no control characters; words printable ASCII, no space. */
static bool text_clean(const char *text, bool word)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if (*p < 0x20 || *p == 0x7f || (word && (*p == ' ' || *p > 0x7e)))
            return false;
    return true;
}

static bool addr_valid(const struct sw_addr *addr, unsigned family)
{
    return addr->family == 0 || (addr->family == family && addr->plen == sw_addr_bits(addr));
}

/* "HOST:PORT", "[v6]:PORT" or empty; also "sentinel" if `sentinel`. */
static bool server_valid(const struct value *value, bool sentinel)
{
    struct sw_server server;
    return value->len == 0 || (sentinel && strcmp(value->text, "sentinel") == 0) ||
           (text_clean(value->text, true) && sw_server_parse(value->text, &server) == SW_OK);
}

/* A URI of one of the two schemes that are registered for contacts, or empty. */
static bool contact_valid(const struct value *value)
{
    bool scheme = strncmp(value->text, "mailto:", 7) == 0 || strncmp(value->text, "tel:", 4) == 0;
    return value->len == 0 || (text_clean(value->text, true) && scheme);
}

/* Whether a parsed value is within the limits of the key. */
static bool value_validate(const struct key *key, const struct value *value)
{
    bool length_ok = value->len >= key->min && value->len <= key->max;
    switch (key->kind) {
    case KIND_NUMBER:
        return value->number >= key->min && value->number <= key->max;
    case KIND_ADDR4:
        return addr_valid(&value->addr, 4);
    case KIND_ADDR6:
        return addr_valid(&value->addr, 6);
    case KIND_NAME:
        return value->name.len != 1 && !(value->len && sw_name_ends_in_number(value->name.wire));
    case KIND_TEXT:
    case KIND_SECRET:
        return length_ok && text_clean(value->text, false);
    case KIND_WORD:
        return length_ok && text_clean(value->text, true);
    case KIND_PATH:
    case KIND_PATHS:
        return length_ok && text_clean(value->text, false) &&
               (value->len == 0 || value->text[0] == '/');
    case KIND_SERVER:
    case KIND_SERVERS:
        return length_ok && server_valid(value, key->kind == KIND_SERVER);
    case KIND_CONTACTS:
        return length_ok && contact_valid(value);
    case KIND_GROUPS:
    case KIND_BOOL:
    default:
        return true;
    }
}

static bool may_repeat(const struct key *key)
{
    return key->kind == KIND_PATHS || key->kind == KIND_SERVERS || key->kind == KIND_CONTACTS ||
           key->kind == KIND_GROUPS;
}

static size_t row_size(const struct key *key)
{
    return key->kind == KIND_PATHS ? SW_PATH_MAX : SW_TEXT_MAX;
}

/* Put a text into the first free row. An empty text, or a text without a free row, is ignored. */
static void append_row(const struct key *key, const struct value *value, unsigned char *field)
{
    for (size_t at = 0; at < key->size; at += row_size(key))
        if (field[at] == '\0') {
            memcpy(field + at, value->text, value->len + 1);
            return;
        }
}

/* Put a valid value into the field of the key; false when earlier values forbid this value. */
static bool value_apply(const struct key *key, const struct value *value,
                        struct sw_settings *settings)
{
    unsigned char *field = (unsigned char *)settings + key->offset;
    uint32_t number = (uint32_t)value->number;
    uint16_t number16 = (uint16_t)value->number;
    switch (key->kind) {
    case KIND_NUMBER:
        assert(key->size == sizeof(number) || key->size == sizeof(number16));
        if (key->size == sizeof(number))
            memcpy(field, &number, sizeof(number));
        else
            memcpy(field, &number16, sizeof(number16));
        break;
    case KIND_BOOL:
        memcpy(field, &value->yes, sizeof(value->yes));
        break;
    case KIND_ADDR4:
    case KIND_ADDR6:
        memcpy(field, &value->addr, sizeof(value->addr));
        break;
    case KIND_NAME:
        memcpy(field, &value->name, sizeof(value->name));
        break;
    case KIND_PATHS:
    case KIND_SERVERS:
    case KIND_CONTACTS:
        append_row(key, value, field);
        break;
    case KIND_GROUPS:
        return value->len == 0 || sw_groups_add(&settings->groups, value->text) == SW_OK;
    case KIND_TEXT:
    case KIND_SECRET:
    case KIND_WORD:
    case KIND_PATH:
    default:
        assert(value->len < key->size);
        memset(field, 0, key->size);
        memcpy(field, value->text, value->len);
        break;
    }
    return true;
}

static bool value_set(const struct key *key, const char *text, struct sw_settings *settings)
{
    struct value value;
    return value_parse(key, text, &value) && value_validate(key, &value) &&
           value_apply(key, &value, settings);
}

void sw_settings_init(struct sw_settings *settings)
{
    char host[SW_TEXT_MAX];
    memset(settings, 0, sizeof(*settings));
    if (gethostname(host, sizeof(host)) != 0)
        host[0] = '\0';
    host[sizeof(host) - 1] = '\0';
    for (size_t i = 0; i < KEYS; i++) {
        const char *text = keys[i].def ? keys[i].def : host;
        if (!value_set(&keys[i], text, settings))
            value_set(&keys[i], "resolver", settings); /* a machine without a usable name */
    }
}

/* ---- messages ---- */

struct reading {
    const char *path;
    unsigned line;
    struct sw_settings *settings;
    unsigned seen[KEYS]; /* line of the first mention, 0 = none yet */
    size_t times[KEYS];  /* mentions of keys that may be repeated */
    sw_settings_error_fn *on_error;
    void *arg;
    unsigned problems;
};

/* Report "FILE:LINE: KEY: words"; without a line for problems of the whole file. */
static void report(struct reading *r, const char *key, const char *words)
{
    char message[MESSAGE_MAX];
    if (r->line)
        snprintf(message, sizeof(message), "%s:%u: %s%s%s", r->path, r->line, key,
                 key[0] ? ": " : "", words);
    else
        snprintf(message, sizeof(message), "%s: %s", r->path, words);
    r->problems++;
    if (r->on_error)
        r->on_error(r->arg, message);
}

/* The allowed values of a key, for people. */
static void allowed_words(const struct key *key, char out[SW_WHY_MAX])
{
    switch (key->kind) {
    case KIND_NUMBER:
        snprintf(out, SW_WHY_MAX, "a whole number from %u to %u", key->min, key->max);
        break;
    case KIND_BOOL:
        snprintf(out, SW_WHY_MAX, "yes or no");
        break;
    case KIND_ADDR4:
    case KIND_ADDR6:
        snprintf(out, SW_WHY_MAX, "one %s address, or \"\" for none",
                 key->kind == KIND_ADDR4 ? "IPv4" : "IPv6");
        break;
    case KIND_NAME:
        snprintf(out, SW_WHY_MAX, "a domain name, or \"\" for none; no address");
        break;
    case KIND_PATH:
    case KIND_PATHS:
        snprintf(out, SW_WHY_MAX, "an absolute path of up to %u octets, or \"\" for none",
                 key->max);
        break;
    case KIND_GROUPS:
        snprintf(out, SW_WHY_MAX,
                 "\"NAME PREFIX...\": a name of a-z 0-9 . _ -, prefixes that no group has yet; "
                 "up to %d groups, %d prefixes",
                 SW_GROUPS_MAX, SW_GROUP_PREFIXES_MAX);
        break;
    case KIND_SERVER:
    case KIND_SERVERS:
        snprintf(out, SW_WHY_MAX, "HOST:PORT%s, or \"\" for none",
                 key->kind == KIND_SERVER ? ", sentinel" : "");
        break;
    case KIND_CONTACTS:
        snprintf(out, SW_WHY_MAX, "mailto: or tel:, up to %u octets, or \"\" for none", key->max);
        break;
    case KIND_WORD:
        snprintf(out, SW_WHY_MAX, "1 to %u printable ASCII characters without spaces", key->max);
        break;
    case KIND_TEXT:
    case KIND_SECRET:
    default:
        snprintf(out, SW_WHY_MAX, "up to %u octets without control characters", key->max);
        break;
    }
}

/* Text in quotes, cut, with anything but printable ASCII as '?': messages go to logs. */
static const char *shown(const char *text, char out[SHOWN_MAX])
{
    size_t n = 0;
    out[n++] = '"';
    while (*text && n < SHOWN_MAX - 2) {
        out[n++] = *text >= 0x20 && *text < 0x7f ? *text : '?';
        text++;
    }
    out[n++] = '"';
    out[n] = '\0';
    return out;
}

static void report_value(struct reading *r, const struct key *key, const char *text)
{
    char allowed[SW_WHY_MAX];
    char words[2 * SW_WHY_MAX];
    char was[SHOWN_MAX];
    allowed_words(key, allowed);
    snprintf(words, sizeof(words), "%s is not allowed; %s",
             key->kind == KIND_SECRET ? "this value" : shown(text, was), allowed);
    report(r, key->name, words);
}

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Letters to insert, delete or change to get from a to b (Levenshtein 1966, two rows). */
static size_t distance(const char *a, const char *b)
{
    size_t row[KEY_MAX + 1];
    size_t b_len = strlen(b);
    assert(b_len <= KEY_MAX);
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < b_len; j++) {
            size_t change = diagonal + (a[i] != b[j]);
            diagonal = row[j + 1];
            row[j + 1] = min3(change, row[j] + 1, diagonal + 1);
        }
    }
    return row[b_len];
}

/* The known key that is most like this word, or NULL when none is near. */
static const char *nearest(const char *word)
{
    const char *best = NULL;
    size_t best_distance = strlen(word) / 3 + 1;
    if (strlen(word) > KEY_MAX)
        return NULL;
    for (size_t i = 0; i < KEYS; i++) {
        size_t d = distance(word, keys[i].name);
        if (d <= best_distance) {
            best_distance = d - (d > 0);
            best = keys[i].name;
        }
    }
    return best;
}

static void report_unknown(struct reading *r, const char *word)
{
    char was[SHOWN_MAX];
    char words[SW_WHY_MAX];
    const char *similar = nearest(word);
    shown(word, was);
    if (strcmp(word, "include") == 0)
        snprintf(words, sizeof(words),
                 "include is not supported; write all keys into this one file");
    else if (similar)
        snprintf(words, sizeof(words), "unknown key; did you mean %s", similar);
    else
        snprintf(words, sizeof(words), "unknown key; the example file lists all keys");
    was[strlen(was) - 1] = '\0';
    report(r, was + 1, words);
}

/* ---- reading ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static char *skip_blanks(char *p)
{
    while (is_blank(*p))
        p++;
    return p;
}

/* Cut a line into "key: value" in place; a '#' after a blank begins a comment. Returns NULL for a
 * good line (*key is NULL for a blank line or a comment), else a message. */
static const char *split(char *line, char **key, char **value)
{
    char *p = skip_blanks(line);
    *key = NULL;
    if (*p == '\0' || *p == '#')
        return NULL;
    char *colon = p + strcspn(p, ":# \t");
    if (*colon != ':' || colon == p)
        return "no key; a line is \"key: value\" or a # comment";
    *colon = '\0';
    *key = p;
    p = skip_blanks(colon + 1);
    char *end;
    if (*p == '"') {
        end = strchr(++p, '"');
        if (!end)
            return "quote is not closed; \"value\" on one line";
    } else {
        end = p + (*p == '#' ? 0 : strcspn(p, " \t"));
        if (end == p)
            return "no value; \"\" stands for none";
    }
    char *rest = *end ? skip_blanks(end + 1) : end;
    if (*end == '"' && end[1] != '\0' && !is_blank(end[1]))
        return "text after the closing quote; one value";
    if (*rest != '\0' && *rest != '#')
        return "more than one value; put a value with spaces into double quotes";
    *end = '\0';
    *value = p;
    return NULL;
}

static const struct key *find_key(const char *word)
{
    for (size_t i = 0; i < KEYS; i++)
        if (strcmp(keys[i].name, word) == 0)
            return &keys[i];
    return NULL;
}

static void read_line(struct reading *r, char *line)
{
    char *word;
    char *text = NULL;
    const char *wrong = split(line, &word, &text);
    const struct key *key = word ? find_key(word) : NULL;
    if (word && !key)
        report_unknown(r, word);
    else if (wrong)
        report(r, word ? word : "", wrong);
    if (!key || wrong)
        return;
    unsigned *seen = &r->seen[key - keys];
    char words[SW_WHY_MAX];
    if (*seen && !may_repeat(key)) {
        snprintf(words, sizeof(words), "given again; once is allowed, line %u counts", *seen);
        report(r, word, words);
        return;
    }
    if (may_repeat(key) && key->kind != KIND_GROUPS &&
        ++r->times[key - keys] > key->size / row_size(key)) {
        snprintf(words, sizeof(words), "given more than %zu times; this one is left out",
                 key->size / row_size(key));
        report(r, word, words);
        return;
    }
    *seen = r->line;
    if (!value_set(key, text, r->settings))
        report_value(r, key, text);
}

static void read_lines(struct reading *r, FILE *file)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t len;
    while ((len = getline(&line, &size, file)) >= 0) {
        r->line++;
        while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
            line[--len] = '\0';
        if (memchr(line, '\0', (size_t)len))
            report(r, "", "holds a zero octet; text only");
        else
            read_line(r, line);
    }
    if (line)
        explicit_bzero(line, size); /* may have held the password */
    free(line);
}

/* Open a file that can be read to the end without waiting; NULL after a report. */
static FILE *open_file(struct reading *r)
{
    char words[SW_WHY_MAX];
    struct stat st;
    int fd = open(r->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0 && fstat(fd, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode)) {
        close(fd);
        report(r, "", "cannot be read: not a regular file");
        return NULL;
    }
    FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;
    if (!file) {
        snprintf(words, sizeof(words), "cannot be read: %s", strerror(errno));
        if (fd >= 0)
            close(fd);
        report(r, "", words);
    }
    return file;
}

enum sw_status sw_settings_read(const char *path, struct sw_settings *out,
                                sw_settings_error_fn *on_error, void *arg)
{
    struct sw_settings settings;
    struct reading r = {.path = path, .settings = &settings, .on_error = on_error, .arg = arg};
    FILE *file = open_file(&r);
    sw_settings_init(&settings);
    *out = settings;
    if (!file)
        return SW_EIO;
    read_lines(&r, file);
    bool broken = ferror(file);
    fclose(file);
    if (broken) {
        r.line = 0;
        report(&r, "", "cannot be read: input error");
        return SW_EIO;
    }
    *out = settings;
    return r.problems ? SW_EINVAL : SW_OK;
}
