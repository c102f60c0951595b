/* past_copy.c - sinkwatch memory export and import: COF lines out and in, of any size. */
#include "cli/failure.h"
#include "cli/past/past_words.h"
#include "journal/cof.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define LINE_MAX_OCTETS (1u << 20) /* a longer line is refused */
#define SHOW_DEFAULT    20         /* refused lines that are named */
#define BUFFER          (64u << 20)

/* ---- export ---- */

static const struct argp_option export_options[] = {
    CLI_PAST_FOLDER_OPTION,
    {"type", CLI_PAST_TYPE, "TYPE", 0, "only records of this type", 0},
    {"since", CLI_PAST_SINCE, "TIME", 0, "only records seen at this time or later", 0},
    {"until", CLI_PAST_UNTIL, "TIME", 0, "only records seen at this time or before", 0},
    {"limit", CLI_PAST_LIMIT, "N", 0, "at most N records", 0},
    {0},
};

static error_t parse_export(int key, char *arg, struct argp_state *state)
{
    return cli_past_parse(state->input, key, arg, state);
}

static const struct cli_usage export_usage = {
    .doc = "Print the whole memory in the Passive DNS Common Output Format, a record on each line."
           "\vExample:\n"
           "  sinkwatch memory export --since 30d | zstd > past.ndjson.zst",
    .options = export_options,
    .parser = parse_export,
};

static enum sw_status write_line(void *arg, const struct sw_sighting *sighting)
{
    ++*(uint64_t *)arg;
    failure_begun();
    sw_cof_write(stdout, sighting);
    return ferror(stdout) ? SW_EIO : SW_OK;
}

int cli_past_export(struct cli *cli, int argc, char **argv)
{
    struct cli_past options = {0};
    struct sw_past *past;
    uint64_t n = 0;
    char **words;
    cli_parse(cli, &export_usage, &options, argc, argv, &words);
    int code = cli_past_open(cli, &options, &past);
    if (code != CLI_OK)
        return code;
    struct sw_past_question question = {.ask = SW_ASK_ALL,
                                        .type = options.type,
                                        .since = options.since,
                                        .until = options.until,
                                        .limit = options.limit};
    enum sw_status status = sw_past_ask(past, &question, write_line, &n);
    sw_past_close(past);
    if (status != SW_OK)
        return cli_past_failed("standard output", status);
    return n > 0 ? CLI_OK : CLI_NONE;
}

/* ---- import ---- */

enum { KEY_SHOW = CLI_PAST_OWN };

static const struct argp_option import_options[] = {
    CLI_PAST_FOLDER_OPTION,
    {"show-refused", KEY_SHOW, "N", 0, "name at most N refused lines (default: 20)", 0},
    {0},
};

struct import {
    struct cli *cli;
    struct cli_past options;
    uint64_t show;
    const char *path;
    gzFile in;
    struct sw_seal *seal;
    struct cli_progress progress;
    uint64_t line, taken, refused, other; /* other: of types that are not kept */
    char *text;                           /* the line */
    size_t len;
};

static error_t parse_import(int key, char *arg, struct argp_state *state)
{
    struct import *import = state->input;
    if (key != KEY_SHOW)
        return cli_past_parse(&import->options, key, arg, state);
    import->show = cli_number(state, "--show-refused", arg, 0, 1000000);
    return 0;
}

static const struct cli_usage import_usage = {
    .words = "FILE|-",
    .doc = "Read an archive in the Passive DNS Common Output Format (a JSON object on each line, "
           "plain or gzipped) into the memory. A broken line is refused alone. Lines that are "
           "imported twice are counted twice."
           "\vThe exit code is 6 when lines were refused. Nothing is imported when the command is "
           "interrupted.\n\n"
           "Examples:\n"
           "  sinkwatch memory import archive.ndjson.gz\n"
           "  zstdcat archive.zst | sinkwatch memory import -",
    .options = import_options,
    .parser = parse_import,
    .min = 1,
    .max = 1,
};

static void refuse(struct import *import, const char *why)
{
    if (import->refused++ < import->show) {
        cli_progress_wipe(&import->progress);
        cli_error("%s:%" PRIu64 ": %s", cli_clean_text(import->path), import->line, why);
    }
}

static enum sw_status add(void *arg, const struct sw_sighting *sighting)
{
    struct import *import = arg;
    enum sw_status status = sw_seal_add(import->seal, sighting);
    import->taken += status == SW_OK;
    return status;
}

/* A line without the line end. */
static enum sw_status take_line(struct import *import)
{
    const char *why;
    import->line++;
    if (strspn(import->text, " \t\r") == import->len)
        return SW_OK;
    enum sw_status status = sw_cof_read(import->text, import->len, add, import, &why);
    if (status == SW_EINVAL) /* of sw_seal_add(): a time beyond the year 9999 */
        why = "a time that is out of range";
    if (status == SW_ESYNTAX || status == SW_EINVAL)
        refuse(import, why);
    else if (status == SW_ENOTFOUND)
        import->other++;
    else
        return status;
    return SW_OK;
}

/* Pass over the rest of a line that is too long; false at the end of the file. */
static bool pass_over(struct import *import)
{
    char piece[4096];
    while (gzgets(import->in, piece, sizeof(piece))) {
        if (strchr(piece, '\n'))
            return true;
    }
    return false;
}

/* The next line; SW_ENOTFOUND at the end. */
static enum sw_status next_line(struct import *import)
{
    if (!gzgets(import->in, import->text, (int)LINE_MAX_OCTETS)) {
        int error;
        gzerror(import->in, &error);
        if (atomic_load_explicit(&cli_past_stop, memory_order_relaxed))
            return SW_ECLOSED;
        return error == Z_OK || error == Z_STREAM_END ? SW_ENOTFOUND : SW_EIO;
    }
    import->len = strlen(import->text);
    if (import->len > 0 && import->text[import->len - 1] == '\n') {
        import->text[--import->len] = 0;
        return SW_OK;
    }
    if (import->len < LINE_MAX_OCTETS - 1) /* the last line, or a NUL octet: no JSON either way */
        return SW_OK;
    import->line++;
    refuse(import, "a line of more than 1 MiB");
    return pass_over(import) ? SW_EINVAL : SW_ENOTFOUND;
}

static enum sw_status read_lines(struct import *import)
{
    for (;;) {
        enum sw_status status = next_line(import);
        if (status == SW_ENOTFOUND)
            return SW_OK;
        if (status == SW_EINVAL)
            continue;
        if (status == SW_OK)
            status = take_line(import);
        if (status == SW_OK && atomic_load_explicit(&cli_past_stop, memory_order_relaxed))
            status = SW_ECLOSED;
        if (status != SW_OK)
            return status;
        cli_progress_step(&import->progress, (uint64_t)gzoffset(import->in), import->taken);
    }
}

static bool open_input(struct import *import)
{
    struct stat st = {0};
    bool is_stdin = strcmp(import->path, "-") == 0;
    int fd = is_stdin ? dup(STDIN_FILENO) : open(import->path, O_RDONLY | O_CLOEXEC);
    import->in = fd >= 0 ? gzdopen(fd, "rb") : NULL;
    if (!import->in) {
        cli_error("%s: %s", cli_clean_text(import->path), strerror(errno));
        return false;
    }
    cli_past_catch(fd);
    gzbuffer(import->in, 1 << 18);
    if (is_stdin || fstat(fd, &st) != 0)
        st.st_size = 0;
    cli_progress_begin(&import->progress, "importing", (uint64_t)st.st_size);
    import->text = cli_alloc(LINE_MAX_OCTETS, 1);
    return true;
}

static int print_imported(const struct import *import, const struct sw_sealed *sealed)
{
    if (import->cli->json)
        cli_json(json_pack("{s:I,s:I,s:I,s:I,s:i,s:I}", "accepted", (json_int_t)import->taken,
                           "refused", (json_int_t)import->refused, "other_types",
                           (json_int_t)import->other, "tuples", (json_int_t)sealed->tuples, "files",
                           (int)sealed->files, "octets", (json_int_t)sealed->octets));
    else
        printf("%" PRIu64 " records imported: %" PRIu64 " different, %s, %" PRIu64
               " octets; %" PRIu64 " lines of other types, %" PRIu64 " lines refused\n",
               import->taken, sealed->tuples, cli_count(sealed->files, "file", "files"),
               sealed->octets, import->other, import->refused);
    return import->refused > 0 ? CLI_PARTLY : import->taken > 0 ? CLI_OK : CLI_NONE;
}

int cli_past_import(struct cli *cli, int argc, char **argv)
{
    struct import import = {.cli = cli, .show = SHOW_DEFAULT};
    struct sw_sealed sealed = {0};
    char **words;
    cli_parse(cli, &import_usage, &import, argc, argv, &words);
    import.path = words[0];
    const char *folder = cli_past_folder(cli, &import.options);
    if (!folder)
        return CLI_SETTINGS;
    struct sw_seal_options options = {
        .folder = folder, .tier = SW_TIER_MONTH, .buffer = BUFFER, .stop = &cli_past_stop};
    struct stat st;
    if (stat(folder, &st) != 0)
        return cli_past_failed(folder, SW_EIO);
    if (!open_input(&import))
        return CLI_INPUT;
    enum sw_status status = sw_seal_begin(&options, &import.seal);
    if (status == SW_OK)
        status = read_lines(&import);
    const char *where = status == SW_EIO && gzeof(import.in) == 0 ? import.path : folder;
    if (status == SW_OK)
        status = sw_seal_commit(import.seal, &sealed);
    else
        sw_seal_drop(import.seal);
    cli_progress_wipe(&import.progress);
    gzclose(import.in);
    free(import.text);
    return status == SW_OK ? print_imported(&import, &sealed) : cli_past_failed(where, status);
}
