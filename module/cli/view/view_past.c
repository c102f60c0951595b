/* view_past.c - the records of the memory for a card. See views.h. */
#include "cli/past/past_words.h"
#include "cli/view/views.h"

#define RECORDS_MAX 200

struct past_view {
    json_t *records;
    bool more;
};

static enum sw_status take(void *arg, const struct sw_sighting *sighting)
{
    struct past_view *view = arg;
    if (json_array_size(view->records) == RECORDS_MAX) {
        view->more = true;
        return SW_ENOTFOUND;
    }
    json_array_append_new(view->records, cli_sighting_json(sighting));
    return SW_OK;
}

/* The first failure; SW_OK: all was read, or more than is shown. */
static enum sw_status ask(struct sw_past *past, const struct sw_indicator *what,
                          struct past_view *view)
{
    struct sw_past_question question = {.name = what->name, .addr = what->addr};
    if (what->type == SW_INDICATOR_PREFIX) {
        question.ask = SW_ASK_ADDRESS;
        return sw_past_ask(past, &question, take, view);
    }
    question.ask = SW_ASK_OWNER;
    enum sw_status status = sw_past_ask(past, &question, take, view);
    if (status != SW_OK || view->more)
        return status;
    question.ask = SW_ASK_TARGET;
    return sw_past_ask(past, &question, take, view);
}

json_t *view_past(struct cli *cli, const struct sw_indicator *what)
{
    struct past_view view = {.records = json_array()};
    struct sw_past *past = NULL;
    json_t *out = json_object();
    const char *state = "kept";
    if (what->type != SW_INDICATOR_PREFIX && what->type != SW_INDICATOR_DOMAIN)
        state = "not asked by AS or holder here";
    else if (!cli->settings.memory_folder[0])
        state = "not kept: memory-folder is not set";
    else if (sw_past_open(cli->settings.memory_folder, NULL, &past) != SW_OK)
        state = "not readable";
    else if (ask(past, what, &view) != SW_OK)
        state = "damaged: not all could be read";
    else if (sw_past_is_damaged(past))
        state = "damaged: some files were left out";
    if (past)
        sw_past_close(past);
    cli_json_set(out, "state", state);
    json_object_set_new(out, "records", view.records);
    json_object_set_new(out, "more", json_boolean(view.more));
    return out;
}
