/* top.c - sinkwatch top: options, the loop, --once. See top.h. */
#include "cli/top/top.h"

#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define N_DEFAULT 1000
#define N_MAX     100000
#define TICK_MS   250
#define ROWS      20 /* of each table of --once */
#define ROWS_MAX  1000

enum { KEY_ONCE = 256, KEY_VIEW, KEY_ROWS };

struct options {
    uint64_t n, rows;
    bool once;
    int view; /* -1: all of --once, the first on a screen */
    const char *filter;
};

static const struct argp_option options[] = {
    {"number", 'n', "N", 0, "begin with so many of the latest events (default 1000)", 0},
    {"once", KEY_ONCE, NULL, 0, "print tables of these events, and end; needs no terminal", 0},
    {"batch", 'b', NULL, OPTION_ALIAS, NULL, 0},
    {"rows", KEY_ROWS, "N", 0, "--once: so many rows of each table (default 20)", 0},
    {"view", KEY_VIEW, "VIEW", 0, "hits, names, clients, lists or resolvers", 0},
    {"filter", 'F', "TEXT", 0, "only rows that contain the text", 0},
    {0},
};

static int view_of(const struct argp_state *state, const char *word)
{
    for (int i = 0; i < TOP_VIEWS; i++)
        if (strcmp(word, top_view_name((enum top_view)i)) == 0)
            return i;
    argp_error(state, "--view: '%s' is not allowed; hits, names, clients, lists or resolvers",
               cli_clean_text(word));
    return -1;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case 'n':
        o->n = cli_number(state, "-n", arg, 0, N_MAX);
        return 0;
    case KEY_ONCE:
    case 'b':
        o->once = true;
        return 0;
    case KEY_ROWS:
        o->rows = cli_number(state, "--rows", arg, 1, ROWS_MAX);
        return 0;
    case KEY_VIEW:
        o->view = view_of(state, arg);
        return 0;
    case 'F':
        o->filter = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct cli_usage usage = {
    .words = "",
    .doc = "Live hits, and the busiest names, clients and lists, with the resolvers, in a "
           "terminal. Keys as in htop: F1 has them all, F10 or q ends."
           "\vThe counts are of the latest events (-n) and of all since. Where events come faster "
           "than they can be read, one of ten is looked at, and the screen counts the others. The "
           "exit code is 1 when --once found nothing.\n\n"
           "Examples:\n"
           "  sinkwatch top\n"
           "  sinkwatch top --once --view names --rows 50 -n 100000\n"
           "  sinkwatch --json top --once",
    .options = options,
    .parser = parse,
    .min = 0,
    .max = 0,
};

/* ---- --once ---- */

static void print_table(struct top *top, uint64_t rows)
{
    static char cell[TOP_COLUMNS][TOP_CELL];
    const struct top_column *column;
    char heading[TOP_COLUMNS][24];
    size_t n = top_columns(top->view, &column);
    memset(cell, 0, sizeof(cell));
    memset(heading, 0, sizeof(heading));
    for (size_t i = 0; i < n; i++)
        snprintf(heading[i], sizeof(heading[i]), "%s%s", column[i].right ? ">" : "~",
                 column[i].heading);
    struct cli_table *table =
        cli_table_new(top->cli, heading[0], heading[1], heading[2], heading[3], heading[4],
                      heading[5], n == TOP_COLUMNS ? heading[6] : CLI_END, CLI_END);
    for (size_t i = 0; i < top->ordered && i < rows; i++) {
        top_cells(top, i, cell);
        cli_table_row(table, cell[0], cell[1], cell[2], cell[3], cell[4], cell[5], cell[6]);
    }
    cli_table_print(table, 2);
    if (top->ordered > rows)
        printf("  and %zu more\n", top->ordered - (size_t)rows);
}

/* "1 min" -> "1_min" */
static void member(const char *heading, char *out, size_t max)
{
    snprintf(out, max, "%s", heading);
    for (; *out; out++)
        *out = *out == ' ' ? '_' : (char)(*out | 0x20 * (*out >= 'A' && *out <= 'Z'));
}

/* A cell as a member: numbers as numbers, times in full. */
static void set_member(json_t *row, const struct top_column *column, const char *cell, time_t at)
{
    char word[24], when[32];
    char *end;
    struct tm tm;
    json_int_t number = strtoll(cell, &end, 10);
    member(column->heading, word, sizeof(word));
    if (column->time && at > 0 && gmtime_r(&at, &tm)) {
        word[4] = '\0'; /* without the zone: "time", "last" */
        strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
        cli_json_set(row, word, when);
    } else if (column->right && *end == '\0') {
        json_object_set_new(row, word, json_integer(number));
    } else {
        cli_json_set(row, word, cell);
    }
}

static json_t *json_rows(struct top *top, uint64_t rows)
{
    static char cell[TOP_COLUMNS][TOP_CELL];
    const struct top_column *column;
    size_t n = top_columns(top->view, &column);
    json_t *out = json_array();
    for (size_t i = 0; i < top->ordered && i < rows; i++) {
        json_t *row = json_object();
        top_cells(top, i, cell);
        for (size_t j = 0; j < n; j++)
            set_member(row, &column[j], cell[j], top_time(top, i));
        json_array_append_new(out, row);
    }
    return out;
}

/* The rows of the present view, and the number of those beyond --rows. */
static void set_view(struct top *top, uint64_t rows, json_t *out, json_t *more)
{
    const char *view = top_view_name(top->view);
    json_object_set_new(out, view, json_rows(top, rows));
    if (top->ordered > rows)
        json_object_set_new(more, view, json_integer((json_int_t)(top->ordered - rows)));
}

static int once(struct top *top, const struct options *o)
{
    json_t *out = json_object(), *more = json_object();
    size_t found = 0;
    int code = top_begin(top, o->n);
    if (code == CLI_OK)
        code = top_read_resolvers(top);
    for (int i = 0; code == CLI_OK && i < TOP_VIEWS; i++) {
        if (o->view >= 0 && o->view != i)
            continue;
        top->view = (enum top_view)i;
        top_order(top);
        found += top->ordered;
        if (top->cli->json) {
            set_view(top, o->rows, out, more);
            continue;
        }
        printf("%s\n", top_view_name(top->view));
        print_table(top, o->rows);
    }
    json_object_set_new(out, "more", more);
    json_object_set_new(out, "events_read", json_integer((json_int_t)top->entries));
    json_object_set_new(out, "names_forgotten", json_integer((json_int_t)top->names.evicted));
    if (code == CLI_OK && top->cli->json)
        cli_json(json_incref(out));
    json_decref(out);
    return code == CLI_OK && found == 0 ? CLI_NONE : code;
}

/* ---- the screen ---- */

/* Messages about Redis are shown on the screen, not written across it. */
static int hush(void)
{
    int saved = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    fflush(stderr);
    if (null >= 0) {
        dup2(null, STDERR_FILENO);
        close(null);
    }
    return saved;
}

static void speak(int saved)
{
    fflush(stderr);
    if (saved < 0)
        return;
    dup2(saved, STDERR_FILENO);
    close(saved);
}

static int watch(struct top *top, const struct options *o)
{
    if (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO)) {
        cli_error("no terminal; --once prints the tables without one");
        return CLI_USAGE;
    }
    int code = top_begin(top, o->n);
    if (code != CLI_OK || !top_screen_begin(top))
        return code != CLI_OK ? code : CLI_USAGE;
    int saved = hush();
    while (!top->stop) {
        top->now = time(NULL);
        top_read(top);
        top_draw(top);
        for (int wait = TICK_MS; top_key(top, wait) && !top->stop; wait = 0)
            continue;
    }
    top_screen_end();
    speak(saved);
    return CLI_OK;
}

int cli_top(struct cli *cli, int argc, char **argv)
{
    struct options o = {.n = N_DEFAULT, .rows = ROWS, .view = -1};
    struct top *top = cli_alloc(1, sizeof(*top));
    char **words;
    cli_parse(cli, &usage, &o, argc, argv, &words);
    top->cli = cli;
    top->now = time(NULL);
    top->hit = cli_alloc(TOP_HITS_MAX, sizeof(*top->hit));
    top->view = o.view >= 0 ? (enum top_view)o.view : TOP_HITS;
    snprintf(top->filter, sizeof(top->filter), "%s", o.filter ? o.filter : "");
    int code = cli_connect(cli);
    if (code == CLI_OK)
        code = o.once ? once(top, &o) : watch(top, &o);
    top_clear(top);
    free(top->hit);
    free(top->resolver);
    free(top);
    return code;
}
