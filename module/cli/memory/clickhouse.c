/* clickhouse.c - see clickhouse.h. */
#include "cli/memory/clickhouse.h"

#include "base/version.h"
#include "cli/authorities.h"
#include "cli/past/past_words.h"
#include "journal/rdata_text.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TRIES           4   /* with pauses of 1, 2, 4 seconds between */
#define CONNECT_S       20  /* until the connection is there */
#define SILENCE_S       120 /* without an octet: a merge of rows for an answer takes long */
#define LINE_MAX_OCTETS (1u << 16)

/* An attempt to run a statement. */
struct attempt {
    struct cli_clickhouse *clickhouse;
    CURL *curl;
    cli_clickhouse_line_fn *take;
    void *arg;
    char line[LINE_MAX_OCTETS];
    size_t len;
    bool taken;  /* a line was taken */
    bool broken; /* an answer that is not as expected: why is set */
};

/* The assembler reads the file; the compiler is run in the top folder of the tree. */
__asm__(".pushsection .rodata\n"
        ".global cli_clickhouse_schema\n"
        ".hidden cli_clickhouse_schema\n"
        "cli_clickhouse_schema:\n"
        ".incbin \"conf/clickhouse.sql\"\n"
        ".byte 0\n"
        ".popsection\n");

error_t cli_clickhouse_parse(struct cli_clickhouse *clickhouse, int key, char *arg,
                             struct argp_state *state)
{
    (void)state;
    switch (key) {
    case CLI_CLICKHOUSE_URL:
        clickhouse->url = arg;
        return 0;
    case CLI_CLICKHOUSE_DATABASE:
        clickhouse->database = arg;
        return 0;
    case CLI_CLICKHOUSE_USER:
        clickhouse->user = arg;
        return 0;
    case CLI_CLICKHOUSE_PASSWORD:
        clickhouse->password_file = arg;
        return 0;
    case CLI_CLICKHOUSE_CA:
        clickhouse->ca_file = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The first line of the file. */
static bool read_password(struct cli_clickhouse *clickhouse)
{
    FILE *in = fopen(clickhouse->password_file, "re");
    bool ok = in && (fgets(clickhouse->password, sizeof(clickhouse->password), in) || !ferror(in));
    if (!ok)
        cli_error("%s: %s", cli_clean_text(clickhouse->password_file), strerror(errno));
    if (in)
        fclose(in);
    clickhouse->password[strcspn(clickhouse->password, "\r\n")] = '\0';
    return ok;
}

int cli_clickhouse_prepare(struct cli_clickhouse *clickhouse)
{
    const char *url = clickhouse->url, *host = strstr(url, "://");
    size_t len = host ? strcspn(host + 3, "/?#") : 0;
    if ((strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0) || len == 0 ||
        memchr(host + 3, '@', len) || strpbrk(url, " \t\r\n?#")) {
        cli_error("'%s' is no URL of a ClickHouse server, such as http://127.0.0.1:8123",
                  cli_clean_text(url));
        cli_hint("user and password are options: --user, --password-file");
        return CLI_USAGE;
    }
    if (clickhouse->password_file && !clickhouse->user) {
        cli_error("--password-file belongs to --user");
        return CLI_USAGE;
    }
    return !clickhouse->password_file || read_password(clickhouse) ? CLI_OK : CLI_INPUT;
}

/* ---- an attempt ---- */

static bool break_off(struct attempt *attempt, const char *words, const char *line, size_t len)
{
    snprintf(attempt->clickhouse->why, sizeof(attempt->clickhouse->why), "%s: %s", words,
             cli_clean(line, len));
    attempt->broken = true;
    return false;
}

static bool is_ok(const struct attempt *attempt)
{
    long status = 0;
    curl_easy_getinfo(attempt->curl, CURLINFO_RESPONSE_CODE, &status);
    return status == 200;
}

static bool end_line(struct attempt *attempt)
{
    size_t len = attempt->len;
    attempt->len = 0;
    if (!is_ok(attempt))
        return break_off(attempt, "the server says", attempt->line, len);
    if (len == 0)
        return true;
    if (!attempt->take || !attempt->take(attempt->arg, attempt->line, len))
        return break_off(attempt, "an unexpected answer", attempt->line, len);
    attempt->taken = true;
    return true;
}

static size_t on_octets(char *octets, size_t size, size_t n, void *arg)
{
    struct attempt *attempt = arg;
    for (size_t i = 0; i < size * n; i++) {
        if (octets[i] == '\n') {
            if (!end_line(attempt))
                return CURL_WRITEFUNC_ERROR;
        } else if (attempt->len == sizeof(attempt->line)) {
            break_off(attempt, "an endless line", attempt->line, 60);
            return CURL_WRITEFUNC_ERROR;
        } else {
            attempt->line[attempt->len++] = octets[i];
        }
    }
    return size * n;
}

static int on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)arg, (void)a, (void)b, (void)c, (void)d;
    return atomic_load_explicit(&cli_past_stop, memory_order_relaxed);
}

/* URL/?database=D, and with a body the statement as well. */
static char *make_url(const struct attempt *attempt, const char *sql, bool has_body)
{
    const struct cli_clickhouse *ch = attempt->clickhouse;
    char *database = curl_easy_escape(attempt->curl, ch->database ? ch->database : "default", 0);
    char *query = has_body ? curl_easy_escape(attempt->curl, sql, 0) : NULL, *url;
    bool slash = ch->url[strlen(ch->url) - 1] == '/';
    if (asprintf(&url, "%s%s?database=%s%s%s", ch->url, slash ? "" : "/", database,
                 query ? "&query=" : "", query ? query : "") < 0)
        abort();
    curl_free(database);
    curl_free(query);
    return url;
}

static struct curl_slist *add_header(struct curl_slist *list, const char *name, const char *value)
{
    char *line;
    if (asprintf(&line, "%s: %s", name, value) < 0)
        abort();
    struct curl_slist *more = curl_slist_append(list, line);
    if (!more)
        abort();
    explicit_bzero(line, strlen(line));
    free(line);
    return more;
}

static struct curl_slist *make_headers(const struct cli_clickhouse *clickhouse)
{
    struct curl_slist *list = add_header(NULL, "Content-Type", "text/plain");
    list = add_header(list, "Expect", "");
    if (clickhouse->user)
        list = add_header(list, "X-ClickHouse-User", clickhouse->user);
    if (clickhouse->password[0])
        list = add_header(list, "X-ClickHouse-Key", clickhouse->password);
    return list;
}

static void set_limits(struct attempt *attempt, char *error)
{
    CURL *curl = attempt->curl;
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "sinkwatch/" SW_VERSION);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)SILENCE_S);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_octets);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, attempt);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    cli_curl_trust(curl, attempt->clickhouse->ca_file);
}

/* Whether the answer is whole and of status 200. The last line may have no line end. */
static bool judge(struct attempt *attempt, CURLcode code, const char *error)
{
    if (attempt->broken)
        return false;
    if (code != CURLE_OK) {
        snprintf(attempt->clickhouse->why, sizeof(attempt->clickhouse->why), "%s",
                 error[0] ? cli_clean_text(error) : curl_easy_strerror(code));
        return false;
    }
    if (attempt->len > 0 && !end_line(attempt))
        return false;
    return is_ok(attempt) || break_off(attempt, "the server says", "nothing", 7);
}

static bool try_once(struct attempt *attempt, const char *sql, const char *body, size_t body_len)
{
    char error[CURL_ERROR_SIZE] = "";
    attempt->curl = curl_easy_init();
    if (!attempt->curl)
        abort();
    char *url = make_url(attempt, sql, body != NULL);
    struct curl_slist *headers = make_headers(attempt->clickhouse);
    set_limits(attempt, error);
    curl_easy_setopt(attempt->curl, CURLOPT_URL, url);
    curl_easy_setopt(attempt->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(attempt->curl, CURLOPT_POST, 1L);
    curl_easy_setopt(attempt->curl, CURLOPT_POSTFIELDS, body ? body : sql);
    curl_easy_setopt(attempt->curl, CURLOPT_POSTFIELDSIZE_LARGE,
                     (curl_off_t)(body ? body_len : strlen(sql)));
    bool ok = judge(attempt, curl_easy_perform(attempt->curl), error);
    curl_easy_cleanup(attempt->curl);
    curl_slist_free_all(headers);
    free(url);
    return ok;
}

/* Failures of the request itself, which the server names by a number, do not pass. */
static bool passes(const struct attempt *attempt)
{
    static const long final[] = {
        16,  /* no such column */
        47,  /* unknown identifier */
        60,  /* unknown table */
        62,  /* syntax */
        81,  /* unknown database */
        192, /* unknown user */
        193, /* wrong password */
        194, /* password required */
        497, /* not enough privileges */
        516, /* authentication failed */
    };
    const char *code = strstr(attempt->clickhouse->why, "Code: ");
    long number = code ? strtol(code + 6, NULL, 10) : 0;
    for (size_t i = 0; i < sizeof(final) / sizeof(final[0]); i++)
        if (number == final[i])
            return false;
    return !attempt->taken && !atomic_load_explicit(&cli_past_stop, memory_order_relaxed);
}

bool cli_clickhouse_run(struct cli_clickhouse *clickhouse, const char *sql, const char *body,
                        size_t body_len, cli_clickhouse_line_fn *take, void *arg)
{
    static struct attempt attempt;
    for (int i = 0; i < TRIES; i++) {
        const struct timespec pause = {.tv_sec = 1 << (i > 0 ? i - 1 : 0)};
        if (i > 0)
            nanosleep(&pause, NULL);
        attempt = (struct attempt){.clickhouse = clickhouse, .take = take, .arg = arg};
        if (try_once(&attempt, sql, body, body_len))
            return true;
        if (!passes(&attempt))
            return false;
    }
    return false;
}

/* ---- SQL ---- */

void cli_clickhouse_literal(FILE *out, const char *text)
{
    putc('\'', out);
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\')
            putc('\\', out);
        putc(*text, out);
    }
    putc('\'', out);
}

char *cli_clickhouse_reversed(const uint8_t *wire, char text[SW_NAMETEXT_MAX + 1])
{
    uint8_t reversed[SW_NAME_MAX];
    size_t size = sw_name_size(wire, SW_NAME_MAX), end = size - 1;
    reversed[end] = 0;
    for (; *wire; wire += *wire + 1) {
        size_t label = *wire + 1u;
        end -= label;
        memcpy(reversed + end, wire, label);
    }
    return sw_dotted_text(reversed, text);
}

/* Names below end with more labels: between "net.example." and "net.example/", the next text. */
void cli_clickhouse_names(FILE *out, const char *column, const uint8_t *wire, bool below)
{
    char text[SW_NAMETEXT_MAX + 1];
    cli_clickhouse_reversed(wire, text);
    if (below && wire[0] == 0) {
        fprintf(out, "%s != ''", column);
        return;
    }
    fprintf(out, below ? "%s >= " : "%s = ", column);
    cli_clickhouse_literal(out, text);
    if (!below)
        return;
    text[strlen(text) - 1] = '/';
    fprintf(out, " AND %s < ", column);
    cli_clickhouse_literal(out, text);
}
