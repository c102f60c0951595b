/* https.c - the fetcher for https: and http: a single document. */
#include "cli/feed/fetchers.h"
#include "cli/feed/http.h"

static bool judge(struct cli_fetch *fetch)
{
    return cli_http_judge(fetch, fetch->source);
}

static enum cli_fetched fetch_document(struct cli_fetch *fetch)
{
    const struct cli_http_question question = {
        .url = fetch->source, .state = fetch->state, .octets = fetch->octets, .arg = fetch->arg};
    struct cli_http_answer answer;
    struct cli_http *http = cli_http_open(fetch);
    if (!http)
        return CLI_FETCH_FAILED;
    enum cli_fetched fetched = CLI_FETCH_FAILED;
    if (fetch->document(fetch->arg, CLI_DOCUMENT_WHOLE, fetch->source)) {
        fetched = cli_http_ask(http, &question, &answer);
        if (fetched == CLI_FETCH_WHOLE)
            fetch->next = answer.state;
    }
    cli_http_close(http);
    return fetched;
}

static const char *const schemes[] = {"https", "http", NULL};

const struct cli_fetcher cli_fetcher_http = {
    .schemes = schemes, .options = cli_http_options, .judge = judge, .fetch = fetch_document};
