/* past_keep.c - sinkwatch memory forget and status. */
#include "cli/past/past_words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- forget ---- */

enum { KEY_BEFORE = CLI_PAST_OWN };

struct forget {
    struct cli_past options;
    uint64_t before;
};

static const struct argp_option forget_options[] = {
    CLI_PAST_FOLDER_OPTION,
    {"before", KEY_BEFORE, "TIME", 0, "records that were last seen before this time", 0},
    {0},
};

static error_t parse_forget(int key, char *arg, struct argp_state *state)
{
    struct forget *forget = state->input;
    if (key != KEY_BEFORE)
        return cli_past_parse(&forget->options, key, arg, state);
    forget->before = cli_time_ago(state, "--before", arg);
    return 0;
}

static const struct cli_usage forget_usage = {
    .words = "NAME|*.NAME",
    .doc = "Rewrite the files without a name (as owner, in rdata, as zone), without a name and all "
           "names below (*.NAME), or without all that was last seen before a time. Then read all "
           "files again and count what is left: the proof."
           "\vThe exit code is 1 when there was nothing to forget. The file system can keep the "
           "octets of removed files on the disk until it uses the place again. Sightings that the "
           "resolver has not yet written are not touched.\n\n"
           "Examples:\n"
           "  sinkwatch memory forget '*.family.example'\n"
           "  sinkwatch memory forget --before 2026-01-01",
    .options = forget_options,
    .parser = parse_forget,
    .min = 0,
    .max = 1,
};

static int print_forgotten(const struct cli *cli, const struct sw_forgotten *gone,
                           const struct sw_forgotten *left)
{
    if (cli->json)
        cli_json(json_pack("{s:I,s:i,s:i,s:I}", "rows", (json_int_t)gone->rows, "files_replaced",
                           (int)gone->replaced, "files_read_again", (int)left->files, "rows_left",
                           (json_int_t)left->rows));
    else
        printf("%s left out, %s rewritten or removed; %s read again: %s\n",
               cli_count(gone->rows, "row", "rows"), cli_count(gone->replaced, "file", "files"),
               cli_count(left->files, "file", "files"),
               left->rows ? cli_count(left->rows, "row is left, written meanwhile: repeat",
                                      "rows are left, written meanwhile: repeat")
                          : "no row is left");
    return left->rows > 0 ? CLI_PARTLY : gone->rows > 0 ? CLI_OK : CLI_NONE;
}

/* The name of a word, with *. for the names below as well. */
static bool understand(const char *word, struct sw_name *name, struct sw_forget *what)
{
    const char *why, *text = word;
    what->below = strncmp(word, "*.", 2) == 0;
    text += what->below ? 2 : 0;
    if (sw_name_parse(text, strlen(text), name, &why) == SW_OK && name->len > 1) {
        what->name = name;
        return true;
    }
    cli_error("'%s' is no domain name", cli_clean_text(word));
    return false;
}

int cli_past_forget(struct cli *cli, int argc, char **argv)
{
    struct forget forget = {0};
    struct sw_forgotten gone, left;
    struct sw_name name;
    char **words;
    int n = cli_parse(cli, &forget_usage, &forget, argc, argv, &words);
    struct sw_forget what = {.before = forget.before};
    if ((n == 1) == (forget.before > 0)) {
        cli_error("forget takes a name or --before, one of the two");
        return CLI_USAGE;
    }
    if (n == 1 && !understand(words[0], &name, &what))
        return CLI_USAGE;
    const char *folder = cli_past_folder(cli, &forget.options);
    if (!folder)
        return CLI_SETTINGS;
    cli_past_catch(-1);
    enum sw_status status = sw_memory_forget(folder, &what, &cli_past_stop, &gone);
    if (status == SW_OK)
        status = sw_memory_count(folder, &what, &cli_past_stop, &left);
    return status == SW_OK ? print_forgotten(cli, &gone, &left) : cli_past_failed(folder, status);
}

/* ---- status ---- */

static const struct argp_option status_options[] = {CLI_PAST_FOLDER_OPTION, {0}};

static error_t parse_status(int key, char *arg, struct argp_state *state)
{
    return cli_past_parse(state->input, key, arg, state);
}

static const struct cli_usage status_usage = {
    .doc = "The files of the memory: how many, size, the oldest and the newest sighting, and files "
           "that are not read, with the reason."
           "\vThe exit code is 1 when the folder has no file, 6 when a file is not read. What the "
           "resolver records and leaves out is in 'sinkwatch status'.",
    .options = status_options,
    .parser = parse_status,
};

struct summary {
    uint64_t files, octets, rows, first, last;
    json_t *bad; /* the files that are not read */
};

static void add_file(void *arg, const struct sw_memory_file *file)
{
    struct summary *summary = arg;
    if (file->why) {
        json_t *one = json_object();
        cli_json_set(one, "file", file->name);
        cli_json_set(one, "why", file->why);
        json_array_append_new(summary->bad, one);
        return;
    }
    summary->files++;
    summary->octets += file->octets;
    summary->rows += file->rows;
    if (file->first > 0 && (summary->first == 0 || file->first < summary->first))
        summary->first = file->first;
    if (file->last > summary->last)
        summary->last = file->last;
}

static void print_bad(const struct cli *cli, const json_t *bad)
{
    struct cli_table *table = cli_table_new(cli, "FILE", "~WHY", CLI_END);
    const json_t *one;
    size_t i;
    json_array_foreach(bad, i, one)
    {
        cli_table_row(table, json_string_value(json_object_get(one, "file")),
                      json_string_value(json_object_get(one, "why")));
    }
    printf("  not read:\n");
    cli_table_print(table, 4);
}

static void print_summary(const struct cli *cli, const char *folder, struct summary *summary)
{
    if (cli->json) {
        cli_json(json_pack("{s:s,s:I,s:I,s:I,s:s,s:s,s:O}", "folder", folder, "files",
                           (json_int_t)summary->files, "octets", (json_int_t)summary->octets,
                           "rows", (json_int_t)summary->rows, "oldest",
                           summary->first ? cli_past_time_text(summary->first, true) : "", "newest",
                           summary->last ? cli_past_time_text(summary->last, true) : "", "not_read",
                           summary->bad));
        return;
    }
    printf("%s: %s, %.1f MiB, %" PRIu64 " rows\n", cli_clean_text(folder),
           cli_count(summary->files, "file", "files"), (double)summary->octets / (1 << 20),
           summary->rows);
    if (summary->last > 0)
        printf("  from %s to %s\n", cli_past_time_text(summary->first, false),
               cli_past_time_text(summary->last, false));
    if (json_array_size(summary->bad) > 0)
        print_bad(cli, summary->bad);
}

int cli_past_status(struct cli *cli, int argc, char **argv)
{
    struct cli_past options = {0};
    struct summary summary = {.bad = json_array()};
    char **words;
    cli_parse(cli, &status_usage, &options, argc, argv, &words);
    const char *folder = cli_past_folder(cli, &options);
    if (!folder)
        return CLI_SETTINGS;
    enum sw_status status = sw_memory_files(folder, add_file, &summary);
    if (status == SW_OK)
        print_summary(cli, folder, &summary);
    size_t bad = json_array_size(summary.bad);
    json_decref(summary.bad);
    if (status != SW_OK)
        return cli_past_failed(folder, status);
    return bad > 0 ? CLI_PARTLY : summary.files > 0 ? CLI_OK : CLI_NONE;
}
