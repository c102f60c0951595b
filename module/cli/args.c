/* args.c - options with argp: global options anywhere, and the way from words to sub-commands. */
#include "base/clock.h"
#include "cli/failure.h"
#include "cli/output.h"
#include "cli/words.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEY_SOCKET = 256, KEY_HOST, KEY_PORT, KEY_JSON, KEY_NO_COLOR, KEY_USAGE };

static const struct argp_option global_options[] = {
    {"config", 'c', "FILE", 0,
     "settings file (default: $" SW_SETTINGS_ENV ", else " SW_SETTINGS_DEFAULT ")", 0},
    {"socket", KEY_SOCKET, "PATH", 0, "unix socket of Redis, whatever the settings say", 0},
    {"host", KEY_HOST, "HOST", 0, "host of Redis, whatever the settings say", 0},
    {"port", KEY_PORT, "N", 0, "TCP port of Redis, whatever the settings say", 0},
    {"json", KEY_JSON, NULL, 0, "print JSON: an object, or an object on each line", 0},
    {"no-color", KEY_NO_COLOR, NULL, 0, "no colours", 0},
    {"help", 'h', NULL, 0, "these words", -1},
    {NULL, '?', NULL, OPTION_HIDDEN, NULL, -1},
    {"usage", KEY_USAGE, NULL, 0, "the options in a few lines", -1},
    {"version", 'V', NULL, 0, "the version of the command", -1},
    {NULL, 'v', NULL, OPTION_HIDDEN, NULL, -1},
    {0},
};

uint64_t cli_span(const struct argp_state *state, const char *option, const char *text)
{
    static const char units[] = "smhdw";
    if (strtoull(text, NULL, 10) > 0 && text[strspn(text, "0123456789")] == '\0')
        argp_error(state, "%s: '%s' has no unit; such as %ss, %sm, %sh or %sd", option, text, text,
                   text, text, text);
    static const uint32_t seconds[] = {1, 60, 3600, 86400, 604800};
    size_t digits = strspn(text, "0123456789");
    const char *unit = text[digits] != '\0' ? strchr(units, text[digits]) : units;
    uint64_t n = digits > 0 && digits < 10 ? strtoull(text, NULL, 10) : UINT32_MAX;
    if (!unit || (text[digits] != '\0' && text[digits + 1] != '\0') ||
        n * seconds[unit ? unit - units : 0] > UINT64_C(315360000))
        argp_error(state, "%s: '%s' is no span of time; such as 90m, 12h, 7d or 2w, up to 3650d",
                   option, text);
    return n * seconds[unit ? unit - units : 0];
}

uint64_t cli_time_ago(const struct argp_state *state, const char *option, const char *text)
{
    char day[32];
    int64_t us = 0;
    if (strlen(text) == 10 && text[4] == '-') {
        snprintf(day, sizeof(day), "%sT00:00:00Z", text);
        text = day;
    }
    if (sw_time_parse(text, strlen(text), &us) == SW_OK)
        return us > 0 ? (uint64_t)us / 1000000 : 0;
    if (text[0] && strchr("smhdw", text[strlen(text) - 1]))
        return (uint64_t)sw_clock_wall_us() / 1000000 - cli_span(state, option, text);
    argp_error(state,
               "%s: '%s' is no time; such as 2026-03-02, 2026-03-02T10:20:30Z, or 30d for 30 days "
               "ago",
               option, cli_clean_text(text));
    return 0;
}

uint64_t cli_number(const struct argp_state *state, const char *option, const char *text,
                    uint64_t min, uint64_t max)
{
    char *end = NULL;
    errno = 0;
    unsigned long long value = text[0] >= '0' && text[0] <= '9' ? strtoull(text, &end, 10) : 0;
    if (!end || *end || errno || value < min || value > max)
        argp_error(state, "%s: '%s' is not allowed; a whole number from %ju to %ju", option,
                   cli_clean_text(text), (uintmax_t)min, (uintmax_t)max);
    return value;
}

/* Text that has to fit a field of the settings. */
static const char *fits(const struct argp_state *state, const char *option, const char *text,
                        size_t room)
{
    if (text[0] == '\0' || strlen(text) >= room)
        argp_error(state, "%s: 1 to %zu characters", option, room - 1);
    return text;
}

/* Options that print something and end the process. */
static error_t parse_help(int key, struct argp_state *state)
{
    switch (key) {
    case 'h':
    case '?':
        argp_state_help(state, state->out_stream, ARGP_HELP_STD_HELP);
        return 0;
    case KEY_USAGE:
        argp_state_help(state, state->out_stream, ARGP_HELP_USAGE | ARGP_HELP_EXIT_OK);
        return 0;
    case 'v':
    case 'V':
        fprintf(state->out_stream, "%s\n", argp_program_version);
        exit(CLI_OK);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse_global(int key, char *arg, struct argp_state *state)
{
    struct cli *cli = state->input;
    switch (key) {
    case 'c':
        cli->config = arg;
        return 0;
    case KEY_SOCKET:
        cli->socket = fits(state, "--socket", arg, sizeof(cli->settings.redis_socket));
        return 0;
    case KEY_HOST:
        cli->host = fits(state, "--host", arg, sizeof(cli->settings.redis_host));
        return 0;
    case KEY_PORT:
        cli->port = (uint16_t)cli_number(state, "--port", arg, 1, UINT16_MAX);
        return 0;
    case KEY_JSON:
        cli->json = true;
        return 0;
    case KEY_NO_COLOR:
        cli->color = false;
        return 0;
    default:
        return parse_help(key, state);
    }
}

static const struct argp globals = {global_options, parse_global, NULL, NULL, NULL, NULL, NULL};

/* ---- a sub-command's own ---- */

struct parsing {
    struct cli *cli;
    const struct cli_usage *usage;
    void *own;
    char **words;
    int n;
    bool stop; /* at the first word: the rest belongs to a sub-command */
    int at;    /* where that word is in argv */
};

static error_t parse_words(int key, char *arg, struct argp_state *state)
{
    struct parsing *p = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = p->cli;
        if (p->usage->options)
            state->child_inputs[1] = p->own;
        return 0;
    case ARGP_KEY_ARG:
        if (p->stop) {
            p->at = state->next - 1;
            state->next = state->argc;
        } else if (p->usage->max >= 0 && p->n == p->usage->max) {
            argp_error(state, "'%s' is one word too many", cli_clean_text(arg));
        }
        p->words[p->n++] = arg;
        return 0;
    case ARGP_KEY_END:
        if (p->n < p->usage->min)
            argp_error(state, "missing: %s", p->usage->words);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static char **kept; /* blocks of words; the first member is the block before */

const void *cli_words_mark(void)
{
    return kept;
}

void cli_words_forget(const void *mark)
{
    while (kept && kept != mark) {
        char **before = (char **)(void *)kept[0];
        free(kept);
        kept = before;
    }
}

static void parse(struct parsing *p, int argc, char **argv)
{
    const struct cli_usage *usage = p->usage;
    const struct argp own = {
        .options = usage->options, .parser = usage->parser, .children = usage->children};
    const struct argp_child with_own[] = {
        {&globals, 0, "Global options:", 1}, {&own, 0, NULL, 0}, {0}};
    const struct argp_child without[] = {{&globals, 0, "Global options:", 1}, {0}};
    const struct argp top = {.parser = parse_words,
                             .args_doc = usage->words,
                             .doc = usage->doc,
                             .children = usage->options ? with_own : without};
    char **block = cli_alloc((size_t)argc + 1, sizeof(*block));
    block[0] = (char *)kept;
    kept = block;
    p->words = block + 1;
    failure_catch();
    if (argp_parse(&top, argc, argv, ARGP_NO_HELP | (p->stop ? ARGP_IN_ORDER : 0), NULL, p) != 0)
        exit(CLI_USAGE);
    failure_release();
}

char *cli_doc(void (*write)(FILE *out))
{
    char *doc = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&doc, &len);
    if (!out)
        abort();
    write(out);
    if (fclose(out) != 0)
        abort();
    return doc;
}

int cli_parse(struct cli *cli, const struct cli_usage *usage, void *own, int argc, char **argv,
              char ***words)
{
    struct parsing p = {.cli = cli, .usage = usage, .own = own};
    parse(&p, argc, argv);
    *words = p.words;
    return p.n;
}

/* ---- from words to sub-commands ---- */

static int smallest(int a, int b, int c)
{
    int least = a < b ? a : b;
    return least < c ? least : c;
}

/* Letters to be inserted, removed or replaced, of words of up to 63 letters. */
static int distance(const char *a, const char *b)
{
    int row[64];
    size_t la = strlen(a), lb = strlen(b);
    if (la > 63 || lb > 63)
        return 64;
    for (size_t j = 0; j <= lb; j++)
        row[j] = (int)j;
    for (size_t i = 1; i <= la; i++) {
        int diagonal = row[0];
        row[0] = (int)i;
        for (size_t j = 1; j <= lb; j++) {
            int above = row[j];
            row[j] = smallest(row[j - 1] + 1, above + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[lb];
}

bool cli_alike(const char *a, const char *b)
{
    size_t la = strlen(a), lb = strlen(b), shorter = la < lb ? la : lb;
    if (shorter >= 3 && strncmp(a, b, shorter) == 0)
        return true;
    return distance(a, b) <= (shorter < 4 ? 1 : 2);
}

/* Words of other programs, and of other places of this one, with the sub-command for each. */
static const char *const usual[][2] = {
    {"ls", "list"},         {"rm", "remove"},          {"rm", "list drop"},
    {"del", "remove"},      {"delete", "remove"},      {"delete", "list drop"},
    {"create", "list set"}, {"new", "list set"},       {"set", "list set"},
    {"show", "list show"},  {"drop", "list drop"},     {"add", "add"},
    {"remove", "remove"},   {"import", "import"},      {"load", "import"},
    {"export", "export"},   {"dump", "export"},        {"undo", "rollback"},
    {"lookup", "check"},    {"query", "check"},        {"log", "events"},
    {"logs", "events"},     {"tail", "events"},        {"alerts", "anomalies"},
    {"sync", "feed run"},   {"update", "feed run"},    {"serve", "web"},
    {"stats", "status"},    {"validate", "checkconf"},
};

static bool is_among(const struct cli_command *commands, const char *name)
{
    while (commands->name && strcmp(commands->name, name) != 0)
        commands++;
    return commands->name;
}

/* A sub-command of the same table goes before one of the whole command. */
static void hint_usual(const char *program, const struct cli_command *commands, const char *word)
{
    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
        if (strcmp(word, usual[i][0]) == 0)
            cli_hint("did you mean '%s %s'?",
                     is_among(commands, usual[i][1]) ? program : "sinkwatch", usual[i][1]);
}

/* Report an unknown sub-command with the list of all, and end. */
static void unknown(const char *program, const struct cli_command *commands, const char *word)
{
    cli_error("there is no '%s %s'", program, word);
    for (const struct cli_command *c = commands; c->name; c++)
        if (cli_alike(c->name, word))
            cli_hint("did you mean '%s %s'?", program, c->name);
    hint_usual(program, commands, word);
    cli_hint("'%s --help' shows all options and sub-commands", program);
    failure_end(CLI_USAGE);
    exit(CLI_USAGE);
}

int cli_dispatch(struct cli *cli, const struct cli_usage *usage, const struct cli_command *commands,
                 int (*alone)(struct cli *cli), int argc, char **argv)
{
    struct parsing p = {.cli = cli, .usage = usage, .stop = true};
    const struct cli_command *command = commands;
    char *name = NULL;
    parse(&p, argc, argv);
    if (p.n == 0) {
        assert(alone);
        return alone(cli);
    }
    while (command->name && strcmp(command->name, p.words[0]) != 0)
        command++;
    if (!command->name)
        unknown(argv[0], commands, p.words[0]);
    if (asprintf(&name, "%s %s", argv[0], command->name) < 0)
        abort();
    argv[p.at] = name;
    return command->run(cli, argc - p.at, argv + p.at);
}
