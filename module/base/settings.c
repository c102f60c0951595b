#include "base/settings.h"

#include "base/settings_parts.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MESSAGE_MAX     (SW_PATH_MAX + 2 * SW_WHY_MAX)
#define BYTE_ORDER_MARK "\xef\xbb\xbf" /* U+FEFF in UTF-8 (RFC 3629 6): Windows editors */
#define SHOWN_MAX       44             /* octets of a bad value in messages */
#define SOCKET_MAX      107            /* sun_path of unix(7) without the final zero octet */
#define KEY_MAX         40             /* longest word for which a similar key is looked for */
#define KEY_CHARS       "abcdefghijklmnopqrstuvwxyz0123456789-"

#define FIELD(field) offsetof(struct sw_settings, field), sizeof(((struct sw_settings *)0)->field)

static const struct sw_setting keys[] = {
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
    {"asn-class-field", KIND_TEXT, FIELD(asn_class_field), 0, SW_TEXT_MAX - 1, ""},
    {"owner-class-field", KIND_TEXT, FIELD(owner_class_field), 0, SW_TEXT_MAX - 1, ""},
    {"class-table", KIND_PATHS, FIELD(class_table), 0, SW_PATH_MAX - 1, ""},
    {"shipped-classes", KIND_BOOL, FIELD(shipped_classes), 0, 0, "yes"},
    {"top-names", KIND_PATH, FIELD(top_names), 0, SW_PATH_MAX - 1, ""},
    {"top-names-max", KIND_NUMBER, FIELD(top_names_max), 1, 10000000, "10000"},
    {"protected-classes", KIND_CLASSES, FIELD(protected_classes), 0, 0,
     "government military police intergovernmental bank health"},
    {"odd-names-min", KIND_NUMBER, FIELD(odd_names), 2, 16384, "20"},
    {"odd-percent", KIND_NUMBER, FIELD(odd_percent), 1, 50, "10"},
    {"odd-wait-hours", KIND_NUMBER, FIELD(odd_wait_h), 0, 168, "6"},
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
    {"event-dnstap", KIND_PATH, FIELD(event_dnstap), 0, SOCKET_MAX, ""},
    {"event-redis", KIND_BOOL, FIELD(event_redis), 0, 0, "yes"},
    {"event-stream-max", KIND_NUMBER, FIELD(event_stream_max), 1, 1000000000, "1000000"},
    {"event-window", KIND_NUMBER, FIELD(event_window_ms), 0, 60000, "1000"},
    {"event-ring", KIND_NUMBER, FIELD(ring_kib), 16, 1048576, "1024"},
    {"event-backlog-max", KIND_NUMBER, FIELD(backlog_max), 0, 100000000, "100000"},
    {"event-spool", KIND_PATH, FIELD(event_spool), 0, SW_SPOOLPATH_MAX, ""},
    {"event-spool-max", KIND_NUMBER, FIELD(spool_max_mib), 1, 1048576, "256"},
    {"memory-folder", KIND_PATH, FIELD(memory_folder), 0, SW_SPOOLPATH_MAX, ""},
    {"memory-days", KIND_NUMBER, FIELD(memory_days), 1, 36500, "400"},
    {"memory-interval", KIND_NUMBER, FIELD(memory_interval_s), 1, 3600, "60"},
    {"memory-size-max", KIND_NUMBER, FIELD(memory_max_mib), 1, 16777216, "4096"},
    {"memory-ram-max", KIND_NUMBER, FIELD(memory_ram_mib), 8, 65536, "64"},
    {"memory-domain-limit", KIND_NUMBER, FIELD(memory_domain_limit), 0, 1000000000, "1000"},
    {"memory-exclude", KIND_PATH, FIELD(memory_exclude), 0, SW_PATH_MAX - 1, ""},
    {"memory-cut-label", KIND_NUMBER, FIELD(memory_cut_label), 0, 63, "0"},
    {"memory-inquiries", KIND_NUMBER, FIELD(memory_inquiries), 0, 6000, "60"},
    {"verbose", KIND_BOOL, FIELD(verbose), 0, 0, "no"},
};

#define KEYS (sizeof(keys) / sizeof(keys[0]))

_Static_assert(SOCKET_MAX < SW_PATH_MAX, "a socket path fits its field");

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

static bool value_set(const struct sw_setting *key, const char *text, struct sw_settings *settings)
{
    struct sw_setting_value value;
    return sw_setting_parse(key, text, &value) && sw_setting_validate(key, &value) &&
           sw_setting_apply(key, &value, settings);
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

static void report_value(struct reading *r, const struct sw_setting *key, const char *text)
{
    char allowed[SW_WHY_MAX];
    char words[2 * SW_WHY_MAX];
    char was[SHOWN_MAX];
    sw_setting_allowed(key, allowed);
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

const char *sw_settings_split(char *line, char **key, char **value)
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

static const struct sw_setting *find_key(const char *word)
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
    const char *wrong = sw_settings_split(line, &word, &text);
    const struct sw_setting *key = word ? find_key(word) : NULL;
    if (word && !key)
        report_unknown(r, word);
    else if (wrong)
        report(r, word ? word : "", wrong);
    if (!key || wrong)
        return;
    unsigned *seen = &r->seen[key - keys];
    char words[SW_WHY_MAX];
    size_t lines = sw_setting_lines(key);
    if (*seen && lines == 1) {
        snprintf(words, sizeof(words), "given again; once is allowed, line %u counts", *seen);
        report(r, word, words);
        return;
    }
    if (lines > 1 && ++r->times[key - keys] > lines) {
        snprintf(words, sizeof(words), "given more than %zu times; this one is left out", lines);
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
        bool marked = r->line == 1 && strncmp(line, BYTE_ORDER_MARK, 3) == 0;
        if (marked)
            report(r, "", "begins with a byte order mark; save the file as UTF-8 without");
        if (memchr(line, '\0', (size_t)len))
            report(r, "", "holds a zero octet; text only");
        else
            read_line(r, marked ? line + 3 : line);
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
