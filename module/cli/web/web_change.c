/* web_change.c - the preview of pasted indicators, and the change. See web.h.
 *
 * The change runs as the sub-command `add`, so that its guards and messages are the same. The page
 * then follows the report of each resolver. */
#include "base/clock.h"
#include "cli/lists/edit.h"
#include "cli/lists/guard.h"
#include "cli/lists/harm.h"
#include "cli/lists/preview.h"
#include "cli/view/views.h"
#include "cli/web/body.h"
#include "cli/web/web.h"
#include "cli/words.h"

#include <stdlib.h>
#include <string.h>

#define DAYS      30              /* that the memory is asked for */
#define NAMES_MAX 10000           /* that a preview counts */
#define LOOK_US   INT64_C(500000) /* of a preview: others wait for it */
#define OWN_US    INT64_C(100000) /* likewise, to read the operator's own names */

/* Read and check the body; false: the answer says why not. */
static bool read_body(const struct serve_request *request, struct web_body *asked,
                      struct serve_answer *answer)
{
    const char *why;
    if (web_body_read(request->body, request->body_len, asked, &why))
        return true;
    serve_fail(answer, 400, why);
    return false;
}

/* ---- the preview ---- */

struct previewing {
    struct cli *cli;
    struct cli_guard guard;
    struct cli_preview touched;
    bool begun, asks_memory; /* `touched` has memory; the memory can be asked */
    enum sw_kind kind;
    json_t *items;
};

static void judge(struct previewing *p, const char *text)
{
    struct sw_indicator what;
    char why[SW_WHY_MAX] = "", canonical[SW_INDICATORTEXT_MAX];
    json_t *one = json_object();
    bool ok = sw_indicator_parse(text, strlen(text), &what, why) == SW_OK;
    bool acts = p->kind == SW_KIND_IOC || p->kind == SW_KIND_ALLOW;
    const char *useless = ok ? cli_never_matches(&what, p->kind) : NULL;
    cli_json_set(one, "text", text);
    if (ok)
        cli_json_set(one, "indicator", sw_indicator_text(&what, canonical));
    if (useless || (ok && acts && cli_harmful(&what, why)))
        ok = false;
    cli_json_set(one, "why", useless ? useless : why);
    json_object_set_new(one, "accepted", json_boolean(ok));
    json_object_set_new(
        one, "own", json_boolean(ok && p->kind == SW_KIND_IOC && cli_guarded(&p->guard, &what)));
    if (ok && p->asks_memory)
        cli_preview_add(&p->touched, &what);
    json_array_append_new(p->items, one);
}

/* Ready to ask the memory, where there is one. */
static void begin_memory(struct previewing *p)
{
    if (!p->cli->settings.memory_folder[0])
        return;
    p->begun = p->asks_memory = cli_preview_begin(&p->touched, p->cli, DAYS) == CLI_OK;
    p->touched.limit = NAMES_MAX;
}

/* Ask the memory; a failure is in the document. */
static void add_memory(struct previewing *p, json_t *out)
{
    if (p->asks_memory)
        cli_error_forget();
    p->touched.end_us = sw_clock_mono_us() + LOOK_US;
    if (p->asks_memory && cli_preview_end(&p->touched, p->cli) != CLI_OK)
        p->asks_memory = false;
    json_object_set_new(out, "memory",
                        p->asks_memory ? cli_preview_json(&p->touched, p->cli) : json_null());
    if (p->cli->settings.memory_folder[0] && !p->asks_memory)
        cli_json_set(out, "memory_problem", cli_error_first());
}

static json_t *preview(struct cli *cli, const struct web_body *asked)
{
    struct previewing p = {.cli = cli, .items = json_array()};
    const json_t *one;
    size_t i;
    json_t *out = NULL;
    int code = cli_list_kind(cli, asked->list, &p.kind);
    p.guard.end_us = sw_clock_mono_us() + OWN_US;
    if (code == CLI_OK)
        code = cli_guard_own(&p.guard, cli);
    if (code == CLI_OK)
        begin_memory(&p);
    json_array_foreach(asked->indicators, i, one) judge(&p, json_string_value(one));
    if (code == CLI_OK) {
        out = json_object();
        cli_json_set(out, "list", asked->list);
        json_object_set(out, "items", p.items);
        json_object_set_new(out, "own_cut", json_boolean(p.guard.cut));
        json_object_set_new(out, "days", json_integer(DAYS));
        add_memory(&p, out);
    }
    if (p.begun)
        cli_preview_free(&p.touched);
    cli_guard_free(&p.guard);
    json_decref(p.items);
    return out;
}

/* A failure with the words of the command. */
static void put_failure(struct web *web, struct serve_answer *answer)
{
    const char *why = cli_error_first();
    sw_redis_close(web->cli->redis); /* replies may be left */
    serve_fail(answer, 409, why[0] ? why : "nothing was done");
}

void web_preview(void *arg, const struct serve_request *request, struct serve_answer *answer)
{
    struct web *web = arg;
    struct web_body asked;
    if (!read_body(request, &asked, answer))
        return;
    if (web_ready(web, answer)) {
        json_t *out = preview(web->cli, &asked);
        if (out)
            web_put(web, answer, out);
        else
            put_failure(web, answer);
    }
    json_decref(asked.json);
}

/* ---- the change ---- */

/* `sinkwatch --json add -- LIST INDICATOR...`; NULL: nothing was printed. */
static json_t *run_add(struct cli *cli, const struct web_body *asked)
{
    char program[] = "sinkwatch add", dashes[] = "--";
    size_t n = json_array_size(asked->indicators);
    char **argv = cli_alloc(n + 4, sizeof(*argv));
    json_t *printed = json_array();
    const void *mark = cli_words_mark();
    bool json = cli->json;
    argv[0] = program;
    argv[1] = dashes;
    argv[2] = cli_copy(asked->list);
    for (size_t i = 0; i < n; i++)
        argv[3 + i] = cli_copy(json_string_value(json_array_get(asked->indicators, i)));
    cli->json = true;
    cli_json_collect(printed);
    cli_add(cli, (int)n + 3, argv);
    cli_json_collect(NULL);
    cli->json = json;
    cli_words_forget(mark);
    for (size_t i = 0; i < n + 1; i++)
        free(argv[2 + i]);
    free(argv);
    json_t *out = json_incref(json_array_get(printed, 0));
    json_decref(printed);
    return out;
}

void web_add(void *arg, const struct serve_request *request, struct serve_answer *answer)
{
    struct web *web = arg;
    struct web_body asked;
    if (!web->allow_changes) {
        serve_fail(answer, 403, "this server makes no changes (--allow-changes)");
        return;
    }
    if (!read_body(request, &asked, answer))
        return;
    if (web_ready(web, answer)) {
        json_t *out = run_add(web->cli, &asked);
        cli_error("change by %s: add to %s, %s",
                  request->user[0] ? cli_clean_text(request->user) : "the page",
                  cli_clean_text(asked.list), out ? cli_json_text(out, "change") : "failed");
        if (out)
            web_put(web, answer, out);
        else
            put_failure(web, answer);
    }
    json_decref(asked.json);
}
