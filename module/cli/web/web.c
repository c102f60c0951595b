/* web.c - the options of sinkwatch web. See web.h. */
#include "cli/web/web.h"

enum { KEY_CHANGES = 300, KEY_HIDE };

static const struct argp_option options[] = {
    {"allow-changes", KEY_CHANGES, NULL, 0,
     "let the page add indicators to lists; the user of Redis needs the right", 0},
    {"hide-clients", KEY_HIDE, NULL, 0,
     "show clients as numbers instead of addresses, and answer no question by client", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct web *web = state->input;
    (void)arg;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &web->config;
        return 0;
    case KEY_CHANGES:
        web->allow_changes = true;
        return 0;
    case KEY_HIDE:
        web->hide_clients = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_child children[] = {{&serve_argp, 0, NULL, 0}, {0}};

static const struct cli_usage usage = {
    .words = "",
    .doc = "Serve a page that shows lists, names, addresses, holders, clients, anomalies, live "
           "events and resolvers: a card for each of them, with links between the cards."
           "\vWithout --listen the page is at http://127.0.0.1:8053/. An address that other "
           "machines reach needs --token-file with --tls-cert and --tls-key, or --user-header with "
           "--proxy. The user of Redis needs the rights of the user reader in conf/users.acl. "
           "The server ends with SIGTERM or Ctrl-C.\n\n"
           "Examples:\n"
           "  sinkwatch web\n"
           "  sinkwatch web --listen /run/sinkwatch/web.sock --user-header X-Remote-User\n"
           "  sinkwatch web --listen 192.0.2.1:8443 --token-file token --tls-cert cert.pem "
           "--tls-key key.pem",
    .options = options,
    .parser = parse,
    .children = children,
    .max = 0,
};

int cli_web(struct cli *cli, int argc, char **argv)
{
    struct web web = {.cli = cli, .config.where = "127.0.0.1:8053"};
    char **words;
    cli_parse(cli, &usage, &web, argc, argv, &words);
    int code = cli_connect(cli);
    if (code != CLI_OK)
        return code;
    web.live = web_live_new(cli, web.hide_clients);
    struct serve *serve = serve_open(&web.config, web_routes, &web, &code);
    if (serve) {
        printf("the page is at %s\n", serve_url(serve));
        fflush(stdout);
        code = serve_run(serve);
    }
    serve_close(serve);
    web_live_free(web.live);
    return code;
}
