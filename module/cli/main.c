/* main.c - the sinkwatch command. See cli.h. */
#include "base/log.h"
#include "base/version.h"
#include "cli/failure.h"
#include "cli/output.h"

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct cli_command commands[] = {
    {"list", "all lists; show, set, drop a list", cli_list},
    {"add", "put indicators on a list", cli_add},
    {"remove", "take indicators off a list", cli_remove},
    {"import", "put the indicators of a file on a list", cli_import},
    {"export", "write a list in a format of other programs", cli_export},
    {"feed", "lists that are kept up to date from sources; the service that does so", cli_feed},
    {"rollback", "give a list the content from before the last replacement", cli_rollback},
    {"check", "the rules that match a name, an address, an AS; the winner, with the reason",
     cli_check},
    {"pivot", "the addresses of a name so far; the names seen on an address", cli_pivot},
    {"memory", "records of the past, by name, address or network; import, export", cli_memory},
    {"hunt", "whether indicators were resolved before", cli_hunt},
    {"sweep", "resolve all listed names, and record the owners of the addresses", cli_sweep},
    {"report", "ownership and anomalies as an HTML page", cli_report_page},
    {"top", "live hits, names, clients, lists and resolvers, in a terminal", cli_top},
    {"events", "hits: client, question, and the action taken", cli_events},
    {"anomalies", "odd ownership of addresses", cli_anomalies},
    {"notify", "a service that hands on anomalies, losses and failures", cli_notify},
    {"status", "every resolver: state, applied changes, refused items", cli_status},
    {"metrics", "the reports of all resolvers as metrics, for Prometheus", cli_metrics},
    {"web", "a page to look at lists, names, addresses and resolvers; a local server", cli_web},
    {"setup", "load functions for feeds into Redis; report missing settings of Redis", cli_setup},
    {"checkconf", "judge a settings file", cli_checkconf},
    {"doctor", "look for faults of an installation; each with the remedy", cli_doctor},
    {"help", "the help of the command or of a sub-command", cli_help},
    {"version", "the version of the command", cli_version},
    {0},
};

#define AFTER                                                                                      \
    "Exit codes: 0 done; 1 nothing was found or done; 2 wrong options or words; 3 Redis cannot "   \
    "be reached or answered with an error; 4 the settings file has problems; 5 --wait timed out; " \
    "6 done, but for items that were refused; 7 a file cannot be read; 8 doctor found a "          \
    "failure; 9 a server cannot listen.\n\n"                                                       \
    "Examples:\n"                                                                                  \
    "  sinkwatch list set carbanak --action sinkhole --note \"public reporting\"\n"                \
    "  sinkwatch add carbanak systemsvc.net --wait\n"                                              \
    "  sinkwatch check www.systemsvc.net\n"                                                        \
    "  sinkwatch --json events --follow\n\n"                                                       \
    "Each sub-command has its own --help. Manual: sinkwatch(1), sinkwatch.conf(5)."

/* The text of --help, with the table of sub-commands. */
static void write_doc(FILE *out)
{
    fprintf(out,
            "Lists of indicators for resolvers with Sinkwatch, and the events of the resolvers.\n"
            "\nSub-commands:\n");
    for (const struct cli_command *c = commands; c->name; c++)
        fprintf(out, "  %-10s %s\n", c->name, c->brief);
    fprintf(out, "\v" AFTER);
}

static const struct cli_usage help_usage = {
    .words = "[COMMAND [SUB-COMMAND]]",
    .doc = "The same words as of --help."
           "\vExamples:\n"
           "  sinkwatch help\n"
           "  sinkwatch help list set",
    .max = 2,
};

/* As if the words stood alone, followed by --help. */
int cli_help(struct cli *cli, int argc, char **argv)
{
    char program[] = "sinkwatch", option[] = "--help";
    char *line[5] = {program};
    char **words;
    int n = cli_parse(cli, &help_usage, NULL, argc, argv, &words);
    struct cli_usage usage = {.words = "COMMAND [...]", .min = 1, .max = 1};
    char *doc = cli_doc(write_doc);
    usage.doc = doc;
    for (int i = 0; i < n; i++)
        line[i + 1] = words[i];
    line[n + 1] = option;
    int code = cli_dispatch(cli, &usage, commands, NULL, n + 2, line);
    free(doc);
    return code;
}

static const struct cli_usage version_usage = {
    .words = "",
    .doc = "The version of the command."
           "\vExamples:\n"
           "  sinkwatch version\n"
           "  sinkwatch --json version",
    .max = 0,
};

int cli_version(struct cli *cli, int argc, char **argv)
{
    char **words;
    cli_parse(cli, &version_usage, NULL, argc, argv, &words);
    if (cli->json)
        cli_json(json_pack("{s:s}", "version", SW_VERSION));
    else
        puts(argp_program_version);
    return CLI_OK;
}

/* The library's log: errors only. */
static void log_line(enum sw_log_level level, const char *line)
{
    if (level == SW_LOG_ERROR || level == SW_LOG_WARNING)
        cli_error("%s", line);
}

/* All output has to arrive: a full disk must not look like success. */
static int finish(int code)
{
    failure_end(code);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    cli_error("standard output: %s", strerror(errno));
    return code == CLI_OK ? CLI_NONE : code;
}

/* abort() after an allocation that failed: say so, and end as cli_alloc() does. Any other abort()
 * goes on (D-247). */
static void on_abort(int signal_number)
{
    static const char words[] = "sinkwatch: out of memory: nothing more is written\n";
    (void)signal_number;
    if (errno != ENOMEM)
        return;
    (void)!write(STDERR_FILENO, words, sizeof(words) - 1);
    _exit(cli_memory_code);
}

int main(int argc, char **argv)
{
    char program[] = "sinkwatch";
    const char *plain = getenv("NO_COLOR");
    struct cli cli = {.color = isatty(STDOUT_FILENO) && !(plain && plain[0])};
    struct cli_usage usage = {.words = "COMMAND [...]", .min = 1, .max = 1};
    signal(SIGABRT, on_abort);
    setlocale(LC_CTYPE, "C.UTF-8");
    setenv("ARGP_HELP_FMT", "rmargin=98,no-dup-args-note", 0);
    argp_program_version = "sinkwatch " SW_VERSION;
    argp_err_exit_status = CLI_USAGE;
    sw_log_sink(log_line);
    failure_begin(argc, argv);
    char *doc = cli_doc(write_doc);
    usage.doc = doc;
    if (argc > 0)
        argv[0] = program;
    int code = cli_dispatch(&cli, &usage, commands, NULL, argc, argv);
    sw_redis_free(cli.redis);
    free(doc);
    return finish(code);
}
