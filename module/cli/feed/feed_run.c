/* feed_run.c - sinkwatch feed run NAME, and feed run --daemon. */
#include "cli/feed/feeds.h"
#include "cli/feed/service.h"
#include "cli/stop.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { KEY_FILES = 300, KEY_NOW, KEY_DAEMON, KEY_JOBS, KEY_LEASE, KEY_LISTEN };

static const struct argp_option options[] = {
    {"files", KEY_FILES, "DIR", 0,
     "feeds may read files below this folder; may be repeated (default: /etc/sinkwatch/feeds and "
     "/var/lib/sinkwatch-feed)",
     0},
    {"now", KEY_NOW, NULL, 0,
     "also while the feed is paused, or the source asked to be left alone; and ask for all of the "
     "content",
     0},
    {"daemon", KEY_DAEMON, NULL, 0,
     "run all feeds when they are due, until SIGTERM or SIGINT; of several services one runs the "
     "feeds, the others stand by",
     0},
    {"jobs", KEY_JOBS, "N", 0, "--daemon: run at most N feeds at a time (default: 4)", 0},
    {"lease", KEY_LEASE, "SPAN", 0,
     "--daemon: a service that is silent for so long is replaced (default: 15s)", 0},
    {"listen", KEY_LISTEN, "HOST:PORT", 0,
     "--daemon: wait for notices of sources there, where a kind of source has them", 0},
    {0},
};

struct asked_run {
    struct cli_service_asked service;
    size_t files_n;
    bool daemon;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct asked_run *own = state->input;
    switch (key) {
    case KEY_FILES:
        if (own->files_n == CLI_FILES_MAX)
            argp_error(state, "--files: at most %d", CLI_FILES_MAX);
        own->service.run.files[own->files_n++] = arg;
        return 0;
    case KEY_NOW:
        own->service.run.now = true;
        return 0;
    case KEY_DAEMON:
        own->daemon = true;
        return 0;
    case KEY_JOBS:
        own->service.jobs = (unsigned)cli_number(state, "--jobs", arg, 1, CLI_JOBS_MAX);
        return 0;
    case KEY_LEASE:
        own->service.lease_s = (uint32_t)cli_span(state, "--lease", arg);
        if (own->service.lease_s < 3 || own->service.lease_s > 3600)
            argp_error(state, "--lease: '%s' is not in 3s..1h", cli_clean_text(arg));
        return 0;
    case KEY_LISTEN:
        own->service.listen = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct cli_usage usage = {
    .words = "NAME | --daemon",
    .doc = "Run a feed once: get the content of its source, and put it in force. With --daemon run "
           "all feeds when they are due."
           "\vThe exit code is 6 where items were refused, and 1, 3 or 7 where the list is left as "
           "it is.\n\n"
           "Examples:\n"
           "  sinkwatch feed run ads\n"
           "  sinkwatch feed run local --files /srv/lists --now\n"
           "  sinkwatch feed run --daemon",
    .options = options,
    .parser = parse,
    .min = 0,
    .max = 1,
};

static volatile sig_atomic_t stop;

static void on_signal(int signal_number)
{
    stop = signal_number;
}

int cli_feed_run(struct cli *cli, int argc, char **argv)
{
    struct asked_run own = {
        .service = {.run.stop = &stop, .jobs = CLI_JOBS_DEFAULT, .lease_s = CLI_LEASE_S}};
    char **words;
    int n = cli_parse(cli, &usage, &own, argc, argv, &words);
    if (own.daemon == (n == 1)) {
        cli_error(n ? "feed run: a name and --daemon do not go together"
                    : "feed run: the name of a feed, or --daemon");
        return CLI_USAGE;
    }
    if (own.files_n == 0) {
        own.service.run.files[0] = "/etc/sinkwatch/feeds";
        own.service.run.files[1] = "/var/lib/sinkwatch-feed";
    }
    int code = cli_connect(cli);
    if (code != CLI_OK)
        return code;
    cli_handle_signals(on_signal);
    signal(SIGCHLD, SIG_DFL); /* ignored by our parent: no end of a run would be seen */
    return own.daemon ? cli_feed_serve(cli, &own.service)
                      : cli_feed_run_one(cli, words[0], &own.service.run);
}
