/* view_fleet.c - the deployment, by the command's own sub-commands. See views.h. */
#include "cli/feed/feeds.h"
#include "cli/view/views.h"

typedef int (*run_fn)(struct cli *cli, int argc, char **argv);

/* The objects that a sub-command without words prints with --json. NULL: Redis failed. */
static json_t *collect(struct cli *cli, run_fn run)
{
    char program[] = "sinkwatch";
    char *argv[] = {program, NULL};
    json_t *out = json_array();
    bool json = cli->json;
    cli->json = true;
    cli_json_collect(out);
    int code = run(cli, 1, argv);
    cli_json_collect(NULL);
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

json_t *view_feeds(struct cli *cli)
{
    return collect(cli, cli_feed_list);
}

json_t *view_all_lists(struct cli *cli)
{
    return collect(cli, cli_list);
}
