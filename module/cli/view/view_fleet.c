/* view_fleet.c - the deployment, by the command's own sub-commands. See views.h. */
#include "cli/feed/feeds.h"
#include "cli/feed/store.h"
#include "cli/view/views.h"
#include "cli/words.h"

#include <stdlib.h>

typedef int (*run_fn)(struct cli *cli, int argc, char **argv);

/* The objects that a sub-command without words prints with --json. NULL: Redis failed. */
static json_t *collect(struct cli *cli, run_fn run)
{
    char program[] = "sinkwatch";
    char *argv[] = {program, NULL};
    json_t *out = json_array();
    const void *mark = cli_words_mark();
    bool json = cli->json;
    cli->json = true;
    cli_json_collect(out);
    int code = run(cli, 1, argv);
    cli_json_collect(NULL);
    cli_words_forget(mark);
    cli->json = json;
    if (code == CLI_OK || code == CLI_NONE)
        return out;
    json_decref(out);
    return NULL;
}

json_t *view_fleet(struct cli *cli)
{
    json_t *all = collect(cli, cli_status);
    json_t *out = all ? json_incref(json_array_get(all, 0)) : NULL;
    json_decref(all);
    return out;
}

/* A feed without its options, and without the query of the source, which may have a key. */
static json_t *feed_row(const json_t *feed)
{
    json_t *row = json_object(), *status = json_object_get(feed, "status");
    char *source = cli_feed_shown(cli_json_text(feed, "definition.source"));
    cli_json_set(row, "name", cli_json_text(feed, "feed"));
    cli_json_set(row, "state", cli_json_text(feed, "state"));
    cli_json_set(row, "list", cli_json_text(feed, "definition.list"));
    cli_json_set(row, "source", source);
    if (status)
        json_object_set(row, "status", status);
    json_object_del(status, "state"); /* of the fetch: it may hold parts of the source */
    free(source);
    return row;
}

json_t *view_feeds(struct cli *cli)
{
    json_t *all = collect(cli, cli_feed_list), *out = all ? json_array() : NULL;
    const json_t *feed;
    size_t i;
    json_array_foreach(all, i, feed) json_array_append_new(out, feed_row(feed));
    json_decref(all);
    return out;
}

json_t *view_all_lists(struct cli *cli)
{
    return collect(cli, cli_list);
}
