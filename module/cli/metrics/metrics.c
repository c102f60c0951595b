/* metrics.c - the options, and where the text goes. See metrics.h. */
#include "cli/metrics/metrics.h"

#include "base/file.h"
#include "cli/failure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_TEXTFILE = 300, KEY_FORMAT };

static const struct argp_option options[] = {
    {"textfile", KEY_TEXTFILE, "FILE", 0,
     "write to this file, which is replaced at once; for node_exporter's textfile collector", 0},
    {"format", KEY_FORMAT, "FORMAT", 0,
     "openmetrics (default), or prometheus: the older text (default with --textfile)", 0},
    {0},
};

struct wanted {
    const char *textfile, *format;
    struct serve_config serve; /* where: --listen, or NULL */
};

/* Options that do nothing together are a mistake. */
static void judge(struct argp_state *state, const struct wanted *wanted)
{
    const struct serve_config *serve = &wanted->serve;
    if (serve->where && (wanted->textfile || wanted->format))
        argp_error(state, "--listen: neither --textfile nor --format, which the client asks for");
    if (!serve->where && (serve->token_file || serve->cert_file || serve->key_file ||
                          serve->user_header || serve->proxy || serve->n_names))
        argp_error(state, "options for rights and names go with --listen");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct wanted *wanted = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &wanted->serve;
        return 0;
    case ARGP_KEY_END:
        judge(state, wanted);
        return 0;
    case KEY_TEXTFILE:
        wanted->textfile = arg;
        return 0;
    case KEY_FORMAT:
        if (strcmp(arg, "openmetrics") != 0 && strcmp(arg, "prometheus") != 0)
            argp_error(state, "--format: '%s' is neither openmetrics nor prometheus",
                       cli_clean_text(arg));
        wanted->format = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_child children[] = {{&serve_argp, 0, NULL, 0}, {0}};

static const struct cli_usage usage = {
    .words = "",
    .doc = "The reports of all resolvers and the state of Redis as metrics, for Prometheus and "
           "its like: hits by list, action and trigger, losses, backlog, memory, lag, anomalies."
           "\vThe user of Redis needs the rights of the user reader in conf/users.acl. If Redis "
           "does not answer, the text has sinkwatch_redis_up 0, and the exit code is 3. With "
           "--listen a server gives the same text at /metrics, in the format that the client asks "
           "for; an address that other machines reach needs --token-file with --tls-cert and "
           "--tls-key, or --user-header with --proxy. The server ends with SIGTERM or Ctrl-C.\n\n"
           "Examples:\n"
           "  sinkwatch metrics\n"
           "  sinkwatch metrics --listen 127.0.0.1:8054\n"
           "  sinkwatch metrics --textfile /var/lib/prometheus/node-exporter/sinkwatch.prom",
    .options = options,
    .parser = parse,
    .children = children,
    .max = 0,
};

static int write_file(const char *path, const struct expo *out)
{
    char buf[64];
    if (sw_file_replace(path, out->text, out->len))
        return CLI_OK;
    cli_error("%s: %s", cli_clean_text(path), sw_file_words(errno, buf));
    return CLI_INPUT;
}

int cli_metrics(struct cli *cli, int argc, char **argv)
{
    struct wanted wanted = {.textfile = NULL};
    struct metrics metrics;
    struct expo out;
    char **words;
    cli_parse(cli, &usage, &wanted, argc, argv, &words);
    int code = cli_prepare(cli);
    if (code != CLI_OK)
        return code;
    if (wanted.serve.where)
        return metrics_serve(cli, &wanted.serve);
    code = metrics_collect(cli, &metrics, 0);
    const char *format = wanted.format ? wanted.format : wanted.textfile ? "prometheus" : "";
    expo_begin(&out, strcmp(format, "prometheus") != 0);
    metrics_write(&metrics, &out);
    expo_end(&out);
    if (out.left_out)
        cli_error("%zu samples left out: the text would have more than %d MiB", out.left_out,
                  EXPO_MAX >> 20);
    if (wanted.textfile) {
        int written = write_file(wanted.textfile, &out);
        code = written != CLI_OK ? written : code;
    } else {
        failure_begun();
        fwrite(out.text, 1, out.len, stdout);
    }
    free(out.text);
    metrics_free(&metrics);
    return code;
}
