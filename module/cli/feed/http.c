/* http.c - see http.h. */
#include "cli/feed/http.h"

#include "base/clock.h"
#include "base/version.h"
#include "cli/authorities.h"
#include "cli/feed/fetchers.h"
#include "cli/output.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_S 20 /* until the connection is there */
#define SILENCE_S 60 /* without an octet */

struct cli_http {
    struct cli_fetch *fetch;
    CURL *curl;
    struct curl_slist *headers; /* of the feed: keys */
    char *secret[3];            /* user:password, proxy's user:password, bearer; wiped at the end */
    char error[CURL_ERROR_SIZE];
    int64_t end_us; /* of the whole fetch, on the monotonic clock */
    uint64_t octets;
    bool first; /* the status of this answer was judged */
    bool stays; /* no redirect is followed */
    bool over;  /* why is set: not curl's reason */
    const struct cli_http_question *question;
};

const char *const cli_http_options[] = {CLI_HTTP_OPTIONS, NULL};

/* ---- the session ---- */

/* The host of --proxy as libcurl reads the option: the scheme may be missing. curl_free(); NULL: no
 * host, or a user before the host. */
static char *proxy_host(const char *proxy)
{
    char *host = NULL, *user = NULL;
    CURLU *url = curl_url();
    if (!url)
        abort();
    unsigned flags = CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME;
    if (curl_url_set(url, CURLUPART_URL, proxy, flags) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_USER, &user, 0) == CURLUE_OK ||
        curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK)
        host = NULL;
    curl_free(user);
    curl_url_cleanup(url);
    size_t len = host ? strlen(host) : 0;
    if (len > 2 && host[0] == '[') {
        memmove(host, host + 1, len - 2);
        host[len - 2] = '\0';
    }
    return host;
}

/* A proxy reads and changes everything of a source without TLS, secrets as well (D-169). */
static bool judge_proxy(struct cli_fetch *fetch, const char *url)
{
    static const char *const secrets[] = {"password-file", "token-file", "header-file"};
    const char *proxy = cli_fetch_option(fetch, "proxy");
    char *host = proxy ? proxy_host(proxy) : NULL;
    bool ok = !proxy || host;
    curl_free(host);
    if (!ok)
        cli_fetch_failed(fetch, "--proxy is a URL with a host, and without a user or password: use "
                                "--proxy-password-file");
    for (size_t i = 0; ok && proxy && i < sizeof(secrets) / sizeof(secrets[0]); i++)
        if (strncmp(url, "https:", 6) != 0 && cli_fetch_option(fetch, secrets[i])) {
            cli_fetch_failed(fetch, "--proxy would be shown --%s: the source is without TLS",
                             secrets[i]);
            ok = false;
        }
    if (ok && !proxy && cli_fetch_option(fetch, "proxy-password-file")) {
        cli_fetch_failed(fetch, "--proxy-password-file belongs to --proxy");
        ok = false;
    }
    return ok;
}

bool cli_http_judge(struct cli_fetch *fetch, const char *url)
{
    size_t len;
    const char *host = cli_fetch_authority(url, &len);
    if (len == 0)
        cli_fetch_failed(fetch, "no host in the URL");
    else if (memchr(host, '@', len))
        cli_fetch_failed(fetch, "a user or password in the URL would be shown to every reader of "
                                "feeds: use --user and --password-file");
    else if (strpbrk(url, " \t\r\n\"<>"))
        cli_fetch_failed(fetch, "white space, quotes or <> in the URL");
    else
        return judge_proxy(fetch, url);
    return false;
}

/* A file of a feed's option as a blob of libcurl. true: the option is not set, or all went well. */
static bool set_blob(struct cli_http *http, const char *option, CURLoption blob_option)
{
    const char *path = cli_fetch_option(http->fetch, option);
    char *text = path ? cli_fetch_text(http->fetch, path) : NULL;
    if (!path || !text)
        return !path;
    struct curl_blob blob = {text, strlen(text), CURL_BLOB_COPY};
    bool ok = curl_easy_setopt(http->curl, blob_option, &blob) == CURLE_OK;
    if (!ok)
        cli_fetch_failed(http->fetch, "%s: not usable by libcurl", path);
    explicit_bzero(text, strlen(text));
    free(text);
    return ok;
}

/* The authorities of --ca-file and no others, or those of the system. */
static bool set_authorities(struct cli_http *http)
{
    if (cli_fetch_option(http->fetch, "ca-file"))
        cli_curl_forget_authorities(http->curl);
    return set_blob(http, "ca-file", CURLOPT_CAINFO_BLOB);
}

/* user:password of two options. */
static bool set_login(struct cli_http *http)
{
    const char *user = cli_fetch_option(http->fetch, "user");
    const char *path = cli_fetch_option(http->fetch, "password-file");
    if (!user && !path)
        return true;
    if (!user || !path) {
        cli_fetch_failed(http->fetch, "--user and --password-file belong together");
        return false;
    }
    char *password = cli_fetch_secret(http->fetch, path, NULL);
    if (!password)
        return false;
    if (asprintf(&http->secret[0], "%s:%s", user, password) < 0)
        abort();
    explicit_bzero(password, strlen(password));
    free(password);
    curl_easy_setopt(http->curl, CURLOPT_USERPWD, http->secret[0]);
    return true;
}

static bool set_proxy(struct cli_http *http)
{
    const char *proxy = cli_fetch_option(http->fetch, "proxy");
    const char *path = cli_fetch_option(http->fetch, "proxy-password-file");
    if (proxy)
        curl_easy_setopt(http->curl, CURLOPT_PROXY, proxy);
    if (!path)
        return true;
    char *host = proxy ? proxy_host(proxy) : NULL;
    http->secret[1] = cli_fetch_secret(http->fetch, path, host ? host : "");
    curl_free(host);
    if (http->secret[1])
        curl_easy_setopt(http->curl, CURLOPT_PROXYUSERPWD, http->secret[1]);
    return http->secret[1] != NULL;
}

static bool set_token(struct cli_http *http)
{
    const char *path = cli_fetch_option(http->fetch, "token-file");
    if (!path)
        return true;
    http->secret[2] = cli_fetch_secret(http->fetch, path, NULL);
    if (!http->secret[2])
        return false;
    curl_easy_setopt(http->curl, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
    curl_easy_setopt(http->curl, CURLOPT_XOAUTH2_BEARER, http->secret[2]);
    return true;
}

static void add_header(struct cli_http *http, const char *line)
{
    struct curl_slist *more = curl_slist_append(http->headers, line);
    if (!more)
        abort();
    http->headers = more;
}

/* Headers of a file, a line each: "X-Key: 0123". */
static bool set_headers(struct cli_http *http)
{
    const char *path = cli_fetch_option(http->fetch, "header-file");
    char *text = path ? cli_fetch_text(http->fetch, path) : NULL, *rest = NULL;
    bool ok = !path || text;
    for (char *line = text ? strtok_r(text, "\r\n", &rest) : NULL; line;
         line = strtok_r(NULL, "\r\n", &rest)) {
        size_t name = strcspn(line, ": \t");
        if (line[0] == '#')
            continue;
        if (name > 0 && line[name] == ':')
            add_header(http, line);
        else
            ok = false;
    }
    if (text && !ok)
        cli_fetch_failed(http->fetch, "%s: a line is no header, such as X-Key: 0123", path);
    free(text);
    return ok;
}

/* libcurl asks about once a second, and more often while octets come. */
static int on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    struct cli_http *http = arg;
    (void)a;
    (void)b;
    (void)c;
    (void)d;
    http->fetch->alive(http->fetch->arg);
    if (*http->fetch->stop && !http->over) {
        cli_fetch_failed(http->fetch, "interrupted");
        http->over = true;
    }
    return http->over;
}

static size_t on_body(char *octets, size_t size, size_t n, void *arg)
{
    struct cli_http *http = arg;
    struct cli_fetch *fetch = http->fetch;
    long status = 0;
    size_t len = size * n;
    curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200)
        return len; /* words about an error */
    http->octets += len;
    if (http->octets > fetch->max_octets)
        cli_fetch_failed(fetch, "more than %ju octets (--max-size)", (uintmax_t)fetch->max_octets);
    else if (http->question->octets(http->question->arg, octets, len))
        return len;
    http->over = true;
    return CURL_WRITEFUNC_ERROR;
}

static void set_limits(CURL *curl, struct cli_http *http)
{
    bool tls = strncmp(http->fetch->source, "http:", 5) != 0;
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, http->error);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "sinkwatch/" SW_VERSION);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, tls ? "https" : "http,https");
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)CLI_HTTP_REDIRECTS);
    curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, ""); /* all that libcurl can undo */
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)SILENCE_S);
    curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)http->fetch->max_octets);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, http);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, http);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
}

struct cli_http *cli_http_open(struct cli_fetch *fetch)
{
    static bool begun;
    struct cli_http *http = cli_alloc(1, sizeof(*http));
    if (!begun && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        abort();
    begun = true;
    http->fetch = fetch;
    http->end_us = sw_clock_mono_us() + (int64_t)fetch->max_s * 1000000;
    http->curl = curl_easy_init();
    if (!http->curl)
        abort();
    set_limits(http->curl, http);
    if (set_login(http) && set_token(http) && set_headers(http) && set_proxy(http) &&
        set_authorities(http) && set_blob(http, "cert-file", CURLOPT_SSLCERT_BLOB) &&
        set_blob(http, "key-file", CURLOPT_SSLKEY_BLOB)) {
        /* libcurl would send headers of our own to the other host, and show it our certificate */
        http->stays = http->headers || cli_fetch_option(fetch, "cert-file");
        curl_easy_setopt(http->curl, CURLOPT_FOLLOWLOCATION, http->stays ? 0L : 1L);
        return http;
    }
    cli_http_close(http);
    return NULL;
}

void cli_http_close(struct cli_http *http)
{
    if (!http)
        return;
    curl_easy_cleanup(http->curl);
    for (size_t i = 0; i < sizeof(http->secret) / sizeof(http->secret[0]); i++) {
        if (http->secret[i])
            explicit_bzero(http->secret[i], strlen(http->secret[i]));
        free(http->secret[i]);
    }
    for (struct curl_slist *one = http->headers; one; one = one->next)
        explicit_bzero(one->data, strlen(one->data));
    curl_slist_free_all(http->headers);
    free(http);
}

/* ---- a question ---- */

/* A header of the last answer, behind all redirects; or NULL. */
static const char *header_of(struct cli_http *http, const char *name)
{
    struct curl_header *header = NULL;
    if (curl_easy_header(http->curl, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return NULL;
    return header->value;
}

/* Add "Name: value" for a value of the state that is a text. */
static struct curl_slist *add_state(struct curl_slist *list, const char *name, const json_t *state,
                                    const char *member)
{
    const char *value = json_string_value(json_object_get(state, member));
    char *line = NULL;
    if (!value || strpbrk(value, "\r\n"))
        return list;
    if (asprintf(&line, "%s: %s", name, value) < 0)
        abort();
    list = curl_slist_append(list, line);
    free(line);
    return list;
}

/* The headers of a question: those of the feed, and its own. */
static struct curl_slist *headers_for(struct cli_http *http)
{
    const struct cli_http_question *question = http->question;
    struct curl_slist *list = NULL;
    char *line = NULL;
    for (const struct curl_slist *one = http->headers; one; one = one->next)
        list = curl_slist_append(list, one->data);
    if (question->accept) {
        if (asprintf(&line, "Accept: %s", question->accept) < 0)
            abort();
        list = curl_slist_append(list, line);
        free(line);
    }
    if (question->body)
        list = curl_slist_append(list, "Content-Type: application/json");
    list = add_state(list, "If-None-Match", question->state, "etag");
    return add_state(list, "If-Modified-Since", question->state, "modified");
}

/* Seconds of "max-age=600" in Cache-Control. */
static uint32_t max_age(const char *value)
{
    const char *age = value ? strcasestr(value, "max-age=") : NULL;
    unsigned long seconds = age ? strtoul(age + strlen("max-age="), NULL, 10) : 0;
    return seconds < UINT32_MAX ? (uint32_t)seconds : UINT32_MAX;
}

static void note_pause(struct cli_http *http, bool good)
{
    curl_off_t after = 0;
    curl_easy_getinfo(http->curl, CURLINFO_RETRY_AFTER, &after);
    uint32_t pause = after > UINT32_MAX ? UINT32_MAX : after > 0 ? (uint32_t)after : 0;
    uint32_t age = good ? max_age(header_of(http, "Cache-Control")) : 0;
    if (pause < age)
        pause = age;
    if (http->fetch->pause_s < pause)
        http->fetch->pause_s = pause;
}

static void note_answer(struct cli_http *http, struct cli_http_answer *answer)
{
    static const char *const headers[][2] = {{"ETag", "etag"}, {"Last-Modified", "modified"}};
    answer->state = json_object();
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        const char *value = header_of(http, headers[i][0]);
        if (value)
            cli_json_set(answer->state, headers[i][1], value);
    }
    const char *last = header_of(http, "X-TAXII-Date-Added-Last");
    snprintf(answer->last_date, sizeof(answer->last_date), "%s", last ? last : "");
    answer->octets = http->octets;
}

/* Words for a transfer that libcurl gave up. */
static void say_failure(struct cli_http *http, CURLcode code)
{
    const char *words = http->error[0] ? http->error : curl_easy_strerror(code);
    if (code == CURLE_PARTIAL_FILE)
        cli_fetch_failed(http->fetch, "cut: %s", words);
    else if (code == CURLE_FILESIZE_EXCEEDED)
        cli_fetch_failed(http->fetch, "more than %ju octets (--max-size)",
                         (uintmax_t)http->fetch->max_octets);
    else
        cli_fetch_failed(http->fetch, "%s", words);
}

static enum cli_fetched judge_status(struct cli_http *http, struct cli_http_answer *answer)
{
    long status = 0;
    curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status);
    bool unchanged = status == 304 && http->question->state;
    note_pause(http, status == 200 || unchanged);
    if (unchanged)
        return CLI_FETCH_UNCHANGED;
    if (status != 200)
        return cli_fetch_failed(http->fetch, "the server answered with status %ld%s", status,
                                status / 100 == 3 && http->stays
                                    ? ", a redirect; none is followed with --header-file or "
                                      "--cert-file"
                                    : "");
    note_answer(http, answer);
    return CLI_FETCH_WHOLE;
}

enum cli_fetched cli_http_ask(struct cli_http *http, const struct cli_http_question *question,
                              struct cli_http_answer *answer)
{
    int64_t left_ms = (http->end_us - sw_clock_mono_us()) / 1000;
    *answer = (struct cli_http_answer){0};
    if (left_ms <= 0)
        return cli_fetch_failed(http->fetch, "not done within %u seconds (--timeout)",
                                http->fetch->max_s);
    http->question = question;
    http->error[0] = '\0';
    struct curl_slist *headers = headers_for(http);
    curl_easy_setopt(http->curl, CURLOPT_URL, question->url);
    curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(http->curl, CURLOPT_TIMEOUT_MS, (long)left_ms);
    if (question->body)
        curl_easy_setopt(http->curl, CURLOPT_COPYPOSTFIELDS, question->body);
    else
        curl_easy_setopt(http->curl, CURLOPT_HTTPGET, 1L);
    CURLcode code = curl_easy_perform(http->curl);
    enum cli_fetched fetched = CLI_FETCH_FAILED;
    if (code == CURLE_OK)
        fetched = judge_status(http, answer);
    else if (!http->over)
        say_failure(http, code);
    curl_slist_free_all(headers);
    return fetched;
}
