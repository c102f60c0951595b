/* page.c - see page.h. */
#include "cli/feed/page.h"

#include "cli/output.h"

#include <stdlib.h>
#include <string.h>

struct text {
    struct cli_fetch *fetch;
    char *p;
    size_t len, room;
};

static bool collect(void *arg, const void *octets, size_t len)
{
    struct text *text = arg;
    if (text->len + len > CLI_PAGE_MAX) {
        cli_fetch_failed(text->fetch, "a page of more than %d MiB", CLI_PAGE_MAX >> 20);
        return false;
    }
    if (text->len + len > text->room) {
        text->room = 2 * (text->len + len);
        text->p = cli_grow(text->p, text->room, 1);
    }
    memcpy(text->p + text->len, octets, len);
    text->len += len;
    return true;
}

enum cli_fetched cli_page_ask(struct cli_http *http, struct cli_fetch *fetch,
                              struct cli_http_question *question, struct cli_http_answer *answer,
                              json_t **page)
{
    struct text text = {.fetch = fetch};
    json_error_t error = {0};
    question->octets = collect;
    question->arg = &text;
    *page = NULL;
    enum cli_fetched fetched = cli_http_ask(http, question, answer);
    if (fetched == CLI_FETCH_WHOLE) {
        *page = text.len ? json_loadb(text.p, text.len, 0, &error) : NULL;
        if (!*page)
            fetched = cli_fetch_failed(fetch, "the answer is no JSON: %s",
                                       text.len ? error.text : "empty");
    }
    free(text.p);
    return fetched;
}

bool cli_page_give(struct cli_fetch *fetch, enum cli_document meaning, const char *name,
                   const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT);
    if (!text)
        abort();
    bool ok =
        fetch->document(fetch->arg, meaning, name) && fetch->octets(fetch->arg, text, strlen(text));
    free(text);
    return ok;
}
