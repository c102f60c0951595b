/*
 * fuzz_subscription.c - definitions of feeds (cli/feed/store.h), and the pages of TAXII and MISP
 * servers (cli/feed/taxii.c, cli/feed/mispsearch.c).
 *
 * The first line of the input is a source, the second the state of the last fetch, the rest the
 * pages of a server, with a line "---" between two; without more pages the server fails. The second
 * line is read as a definition as well.
 *
 * An accepted definition is within its ranges. A fetch ends, asks once for each page at most, gives
 * documents of one meaning (WHOLE, or changes), and has a reason when it fails.
 */
#include "cli/feed/fetchers.h"
#include "cli/feed/http.h"
#include "cli/feed/store.h"
#include "fuzz.h"

#define SEPARATOR "\n---\n"

static struct server {
    const char *rest; /* pages to come; NULL: none */
    size_t len, asked, pages;
} server;

static struct sink {
    size_t whole, changes;
    bool open;
} sink;

/* ---- the server, in the place of cli/feed/http.c ---- */

const char *const cli_http_options[] = {NULL};

struct cli_http {
    struct cli_fetch *fetch;
};

struct cli_http *cli_http_open(struct cli_fetch *fetch)
{
    static struct cli_http http;
    http.fetch = fetch;
    return &http;
}

void cli_http_close(struct cli_http *http)
{
    (void)http;
}

bool cli_http_judge(struct cli_fetch *fetch, const char *url)
{
    (void)fetch;
    return url[0] != '\0';
}

enum cli_fetched cli_http_ask(struct cli_http *http, const struct cli_http_question *question,
                              struct cli_http_answer *answer)
{
    *answer = (struct cli_http_answer){0};
    server.asked++;
    if (!server.rest)
        return cli_fetch_failed(http->fetch, "no more pages");
    char *end = memmem(server.rest, server.len, SEPARATOR, strlen(SEPARATOR));
    size_t len = end ? (size_t)(end - server.rest) : server.len;
    bool taken = question->octets(question->arg, server.rest, len);
    server.len -= end ? len + strlen(SEPARATOR) : len;
    server.rest = end ? end + strlen(SEPARATOR) : NULL;
    snprintf(answer->last_date, sizeof(answer->last_date), "2026-01-0%zuT00:00:00Z",
             server.asked % 9 + 1);
    return taken ? CLI_FETCH_WHOLE : CLI_FETCH_FAILED;
}

/* ---- the sinks ---- */

static bool on_document(void *arg, enum cli_document meaning, const char *name)
{
    (void)arg;
    FUZZ_CHECK(name && name[0]);
    sink.whole += meaning == CLI_DOCUMENT_WHOLE;
    sink.changes += meaning != CLI_DOCUMENT_WHOLE;
    sink.open = true;
    return true;
}

static bool on_octets(void *arg, const void *octets, size_t len)
{
    (void)arg;
    FUZZ_CHECK(sink.open && (octets || len == 0));
    return true;
}

static void on_alive(void *arg)
{
    (void)arg;
}

/* ---- the properties ---- */

static void check_fetch(struct cli_fetch *fetch, const struct cli_fetcher *fetcher)
{
    enum cli_fetched fetched = fetcher->judge(fetch) ? fetcher->fetch(fetch) : CLI_FETCH_FAILED;
    FUZZ_CHECK(server.asked <= server.pages + 2); /* a failure, and once more for all */
    FUZZ_CHECK(sink.whole == 0 || sink.changes == 0);
    if (fetched == CLI_FETCH_FAILED)
        FUZZ_CHECK(fetch->why[0]);
    if (fetched == CLI_FETCH_WHOLE)
        FUZZ_CHECK(sink.changes == 0);
    if (fetched == CLI_FETCH_CHANGES)
        FUZZ_CHECK(sink.whole == 0 && json_object_get(fetch->state, "added_after"));
    for (const char *c = fetch->why; *c; c++)
        FUZZ_CHECK((unsigned char)*c >= 0x20 && *c != 0x7f);
}

static void check_definition(const char *text, size_t len)
{
    struct cli_feed_def feed;
    char why[SW_WHY_MAX] = "";
    if (cli_feed_parse("fuzz", text, len, &feed, why) == SW_OK) {
        FUZZ_CHECK(feed.every_s >= CLI_FEED_EVERY_MIN && feed.every_s <= CLI_FEED_EVERY_MAX);
        FUZZ_CHECK(feed.stale < CLI_STALE_COUNT && sw_listname_ok(feed.list) && feed.source[0]);
        char *shown = cli_feed_shown(feed.source);
        FUZZ_CHECK(strlen(shown) <= strlen(feed.source) + 4);
        free(shown);
    } else {
        FUZZ_CHECK(why[0]);
    }
    cli_feed_free(&feed);
}

static size_t pages_in(const char *text, size_t len)
{
    size_t n = 1;
    for (const char *at = text;
         (at = memmem(at, len - (size_t)(at - text), SEPARATOR, strlen(SEPARATOR))) != NULL;
         at += strlen(SEPARATOR))
        n++;
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const nowhere[] = {NULL};
    volatile sig_atomic_t stop = 0;
    size_t first, second;
    size_t source_len = fuzz_line(data, size, &first);
    size_t state_len = fuzz_line(data + first, size - first, &second);
    char *source = calloc(source_len + 1, 1);
    FUZZ_CHECK(source != NULL);
    memcpy(source, data, source_len);
    char *state = fuzz_copy(data + first, state_len);
    size_t len = size - first - second;
    char *pages = fuzz_copy(data + first + second, len);
    server = (struct server){.rest = len ? pages : NULL, .len = len, .pages = pages_in(pages, len)};
    sink = (struct sink){0};
    check_definition(state, state_len);
    json_t *options = json_object(), *former = json_loadb(state, state_len, 0, NULL);
    struct cli_fetch fetch = {.source = source,
                              .options = options,
                              .state = json_is_object(former) ? former : NULL,
                              .max_octets = 1 << 20,
                              .max_s = 60,
                              .files = nowhere,
                              .stop = &stop,
                              .document = on_document,
                              .octets = on_octets,
                              .alive = on_alive};
    const struct cli_fetcher *fetcher = cli_fetcher_of(source);
    if (fetcher && strncmp(source, "file", 4) != 0 && strncmp(source, "http", 4) != 0)
        check_fetch(&fetch, fetcher);
    json_decref(fetch.next);
    json_decref(former);
    json_decref(options);
    free(pages);
    free(state);
    free(source);
    return 0;
}
