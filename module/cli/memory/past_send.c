/*
 * past_send.c - sinkwatch memory send: files of days and months to ClickHouse, each once (D-164).
 *
 * Minutes and hours wait until the resolver has merged them into a day. A file is known to the
 * server by name, octets and rows, and its rows are a partition there:
 *
 *     drop the partition -> insert the rows -> count the rows -> say that the file is live, and in
 *     the same block that the files in whose place it came are not -> drop the partitions of those
 *
 * Rows of a file that is not live are in no answer. So a run that was interrupted at any place
 * leaves each row once, and the next run sends the file again.
 */
#include "base/clock.h"
#include "cli/memory/clickhouse.h"
#include "cli/past/past_words.h"
#include "journal/rdata_text.h"
#include "memory/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define TRIES                                                                                      \
    3 /* for a file: a request that the server carried out twice is noticed by the count */
#define CHUNK ((size_t)32 << 20) /* octets in a request: some 250,000 rows, a part of the table */

enum { KEY_TO = CLI_PAST_OWN, KEY_SOURCE, KEY_SCHEMA };

static const struct argp_option options[] = {
    CLI_PAST_FOLDER_OPTION,
    {"to", KEY_TO, "URL", 0, "the server, such as http://127.0.0.1:8123", 0},
    {"source", KEY_SOURCE, "NAME", 0, "who sends (default: resolver-id of the settings)", 0},
    {"print-schema", KEY_SCHEMA, NULL, 0, "print the tables for clickhouse-client --multiquery", 0},
    CLI_CLICKHOUSE_OPTIONS,
    {0},
};

/* A file of the folder, or one that the server knows. */
struct file {
    char *id;   /* name:octets:rows */
    char *name; /* of the folder; NULL: not there */
    bool live;  /* the server says that the rows count */
    bool known; /* by the server */
};

struct send {
    struct cli *cli;
    struct cli_past past;
    struct cli_clickhouse ch;
    const char *folder, *source;
    bool schema;
    struct file *file;
    size_t n;
    FILE *chunk; /* rows that are not sent yet */
    char *text;
    size_t text_len;
    const char *id; /* of the file that is being sent */
    uint64_t rows;  /* of this file so far */
    uint64_t sent_files, sent_rows;
    bool partly; /* a file was left out */
    bool failed; /* the server failed, which was reported */
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct send *send = state->input;
    switch (key) {
    case KEY_TO:
        send->ch.url = arg;
        return 0;
    case KEY_SOURCE:
        send->source = arg;
        return 0;
    case KEY_SCHEMA:
        send->schema = true;
        return 0;
    default:
        return cli_clickhouse_parse(&send->ch, key, arg, state) == 0
                   ? 0
                   : cli_past_parse(&send->past, key, arg, state);
    }
}

static const struct cli_usage usage = {
    .words = "--to=URL",
    .doc =
        "Send the memory's files of days and months to a ClickHouse server, each file once, also "
        "after an interruption. Minutes and hours wait until they are merged into a day."
        "\vThe exit code is 1 when there was nothing to send, 6 when a file cannot be read, 7 "
        "when the server failed. Run it each day.\n\n"
        "Examples:\n"
        "  sinkwatch memory send --print-schema | clickhouse-client --multiquery\n"
        "  sinkwatch memory send --to http://127.0.0.1:8123\n"
        "  sinkwatch memory --from http://127.0.0.1:8123 systemsvc.net",
    .options = options,
    .parser = parse,
};

/* ---- statements ---- */

static bool run(struct send *send, const char *sql, cli_clickhouse_line_fn *take, void *arg)
{
    if (cli_clickhouse_run(&send->ch, sql, NULL, 0, take, arg))
        return true;
    cli_error("%s: %s", cli_clean_text(send->ch.url), send->ch.why);
    if (strstr(send->ch.why, "Code: 60"))
        cli_hint("'sinkwatch memory send --print-schema' has the tables");
    send->failed = true;
    return false;
}

/* "source = '..' AND file = '..'", or as a tuple: ('..', '..'). */
static void put_file(FILE *out, const struct send *send, const char *id, bool tuple)
{
    fputs(tuple ? "(" : "source = ", out);
    cli_clickhouse_literal(out, send->source);
    fputs(tuple ? ", " : " AND file = ", out);
    cli_clickhouse_literal(out, id);
    if (tuple)
        putc(')', out);
}

static bool drop_rows(struct send *send, const char *id)
{
    static const char *const tables[] = {"sinkwatch_past", "sinkwatch_past_by_data"};
    bool ok = true;
    for (size_t i = 0; i < 2 && ok; i++) {
        char *sql = NULL;
        size_t len;
        FILE *out = open_memstream(&sql, &len);
        if (!out)
            abort();
        fprintf(out, "ALTER TABLE %s DROP PARTITION ", tables[i]);
        put_file(out, send, id, true);
        fclose(out);
        ok = run(send, sql, NULL, NULL);
        free(sql);
    }
    return ok;
}

static bool take_number(void *arg, const char *line, size_t len)
{
    char text[24] = "", *end;
    if (len == 0 || len >= sizeof(text))
        return false;
    memcpy(text, line, len);
    *(uint64_t *)arg = strtoull(text, &end, 10);
    return !*end;
}

/* Both tables have exactly the rows that were sent. */
static bool are_there(struct send *send, const char *id)
{
    static const char *const tables[] = {"sinkwatch_past", "sinkwatch_past_by_data"};
    bool ok = true;
    for (size_t i = 0; i < 2 && ok; i++) {
        char *sql = NULL;
        size_t len;
        uint64_t rows = 0;
        FILE *out = open_memstream(&sql, &len);
        if (!out)
            abort();
        fprintf(out, "SELECT count() FROM %s WHERE ", tables[i]);
        put_file(out, send, id, false);
        fputs(" FORMAT TabSeparated", out);
        fclose(out);
        ok = run(send, sql, take_number, &rows);
        free(sql);
        if (ok && rows != send->rows) {
            cli_error("%s: %s has %" PRIu64 " rows of %s, and %" PRIu64 " were sent",
                      cli_clean_text(send->ch.url), tables[i], rows, id, send->rows);
            ok = false;
        }
    }
    return ok;
}

/* ---- which files ---- */

static struct file *find(struct send *send, const char *id)
{
    for (size_t i = 0; i < send->n; i++)
        if (strcmp(send->file[i].id, id) == 0)
            return &send->file[i];
    return NULL;
}

static struct file *add(struct send *send, const char *id)
{
    send->file = cli_grow(send->file, send->n + 1, sizeof(send->file[0]));
    send->file[send->n] = (struct file){.id = cli_copy(id)};
    return &send->file[send->n++];
}

static void take_file(void *arg, const struct sw_memory_file *file)
{
    struct send *send = arg;
    struct sw_interval interval;
    char id[256];
    if (file->why) {
        cli_error("%s %s; the file is left out", file->name, file->why);
        send->partly = true;
        return;
    }
    if (sw_interval_parse(file->name, &interval) && interval.tier < SW_TIER_DAY)
        return;
    snprintf(id, sizeof(id), "%s:%" PRIu64 ":%" PRIu64, file->name, file->octets, file->rows);
    add(send, id)->name = cli_copy(file->name);
}

/* A line "id live" of the server. */
static bool take_known(void *arg, const char *line, size_t len)
{
    struct send *send = arg;
    char id[256];
    if (len < 3 || len - 2 >= sizeof(id) || line[len - 2] != '\t' || memchr(line, '\\', len))
        return false;
    memcpy(id, line, len - 2);
    id[len - 2] = '\0';
    struct file *file = find(send, id);
    if (!file)
        file = add(send, id);
    file->known = true;
    file->live = line[len - 1] == '1';
    return true;
}

/* Files that the server knows with rows. */
static bool ask_known(struct send *send)
{
    char *sql = NULL;
    size_t len;
    FILE *out = open_memstream(&sql, &len);
    if (!out)
        abort();
    fputs("SELECT file, argMax(live, at) FROM sinkwatch_files WHERE source = ", out);
    cli_clickhouse_literal(out, send->source);
    fputs(" GROUP BY file HAVING argMax(rows, at) > 0 FORMAT TabSeparated", out);
    fclose(out);
    bool ok = run(send, sql, take_known, send);
    free(sql);
    return ok;
}

/* Whether a file came in the place of one that is not in the folder any more: as after a merge. */
static bool replaces(const struct file *file, const struct file *former)
{
    struct sw_interval now, then;
    char name[SW_FILE_NAME_MAX];
    size_t len = strcspn(former->id, ":");
    if (!former->live || former->name || len >= sizeof(name))
        return false;
    memcpy(name, former->id, len);
    name[len] = '\0';
    return sw_interval_parse(file->name, &now) && sw_interval_parse(name, &then) &&
           then.start >= now.start && then.end <= now.end;
}

/* ---- sending ---- */

static bool flush(struct send *send)
{
    static const char sql[] = "INSERT INTO sinkwatch_past FORMAT TabSeparated";
    fclose(send->chunk);
    bool ok = send->text_len == 0 ||
              cli_clickhouse_run(&send->ch, sql, send->text, send->text_len, NULL, NULL);
    free(send->text);
    send->text = NULL;
    send->chunk = open_memstream(&send->text, &send->text_len);
    if (!send->chunk)
        abort();
    if (ok)
        return true;
    cli_error("%s: %s", cli_clean_text(send->ch.url), send->ch.why);
    send->failed = true;
    return false;
}

/* Text as a value of TabSeparated: printable ASCII, in which only a backslash is special. */
static void put(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\\')
            putc('\\', out);
        putc(*text, out);
    }
    putc('\t', out);
}

static void put_address(FILE *out, const struct sw_sighting *s)
{
    if (s->type == 1 || s->type == 28)
        for (size_t i = 0; i < s->rdata_len; i++)
            fprintf(out, "%02x", s->rdata[i]);
    putc('\t', out);
}

static enum sw_status put_row(void *arg, const struct sw_sighting *s)
{
    struct send *send = arg;
    FILE *out = send->chunk;
    char name[SW_NAMETEXT_MAX + 1], rdata[SW_RDATATEXT_MAX];
    int at = sw_rdata_name(s->type, s->rdata, s->rdata_len);
    put(out, send->source);
    put(out, send->id);
    put(out, cli_clickhouse_reversed(s->owner, name));
    put(out, sw_dotted_text(s->owner, name));
    fprintf(out, "%u\t", s->type);
    put(out, sw_rdata_text(s->type, s->rdata, s->rdata_len, rdata));
    put(out, s->zone ? sw_dotted_text(s->zone, name) : "");
    put(out, at >= 0 ? cli_clickhouse_reversed(s->rdata + at, name) : "");
    put_address(out, s);
    fprintf(out, "%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n", s->first, s->last, s->count);
    send->rows++;
    return (size_t)ftell(out) < CHUNK || flush(send) ? SW_OK : SW_EINVAL;
}

static bool insert_files(struct send *send, const char *rows, size_t len)
{
    static const char sql[] = "INSERT INTO sinkwatch_files FORMAT TabSeparated";
    if (cli_clickhouse_run(&send->ch, sql, rows, len, NULL, NULL))
        return true;
    cli_error("%s: %s", cli_clean_text(send->ch.url), send->ch.why);
    send->failed = true;
    return false;
}

/* Say in one block which files count and which do not. file: has now come. */
static bool say_live(struct send *send, const struct file *file)
{
    char *sql = NULL;
    size_t len;
    int64_t now = sw_clock_wall_us();
    FILE *out = open_memstream(&sql, &len);
    if (!out)
        abort();
    for (size_t i = 0; i < send->n; i++) {
        const struct file *one = &send->file[i];
        if (one != file && !replaces(file, one))
            continue;
        put(out, send->source);
        put(out, one->id);
        fprintf(out, "%" PRIu64 "\t%d\t%" PRId64 "\n", one == file ? send->rows : 1, one == file,
                now);
    }
    fclose(out);
    bool ok = insert_files(send, sql, len);
    free(sql);
    return ok;
}

/* Say that a file does not count. rows: 0 when no row is left, so that nothing needs a removal. */
static bool say_dead(struct send *send, const char *id, int rows)
{
    char *sql = NULL;
    size_t len;
    FILE *out = open_memstream(&sql, &len);
    if (!out)
        abort();
    put(out, send->source);
    put(out, id);
    fprintf(out, "%d\t0\t%" PRId64 "\n", rows, sw_clock_wall_us());
    fclose(out);
    bool ok = insert_files(send, sql, len);
    free(sql);
    return ok;
}

/* The rows of a file. False: reported. */
static bool send_rows(struct send *send, const struct file *file)
{
    const struct sw_past_question all = {.ask = SW_ASK_ALL};
    struct sw_past *past;
    send->rows = 0;
    send->id = file->id;
    enum sw_status status = sw_past_open_one(send->folder, file->name, &cli_past_stop, &past);
    if (status == SW_ENOTFOUND) /* merged meanwhile */
        return false;
    bool damaged = status != SW_OK;
    if (status == SW_OK) {
        status = sw_past_ask(past, &all, put_row, send);
        damaged = sw_past_is_damaged(past);
        sw_past_close(past);
    }
    if (send->failed)
        return false;
    if (status == SW_OK && !damaged)
        return flush(send);
    cli_past_failed(file->name, damaged ? SW_EFORMAT : status);
    send->partly = true;
    return false;
}

static void send_file(struct send *send, struct file *file)
{
    bool there = false;
    if (!say_dead(send, file->id, 1))
        return;
    for (int i = 0; i < TRIES && !there && !send->failed; i++) {
        if (!drop_rows(send, file->id) || !send_rows(send, file))
            return;
        there = are_there(send, file->id);
    }
    send->failed |= !there;
    if (!there || !say_live(send, file))
        return;
    send->sent_files++;
    send->sent_rows += send->rows;
    for (size_t i = 0; i < send->n; i++)
        send->file[i].live &= !replaces(file, &send->file[i]);
    file->live = file->known = true;
}

static void send_all(struct send *send)
{
    send->chunk = open_memstream(&send->text, &send->text_len);
    if (!send->chunk)
        abort();
    for (size_t i = 0; i < send->n && !send->failed; i++)
        if (send->file[i].name && !send->file[i].live &&
            !atomic_load_explicit(&cli_past_stop, memory_order_relaxed))
            send_file(send, &send->file[i]);
    for (size_t i = 0; i < send->n && !send->failed; i++)
        if (send->file[i].known && !send->file[i].live && drop_rows(send, send->file[i].id))
            say_dead(send, send->file[i].id, 0);
    fclose(send->chunk);
    free(send->text);
}

/* Only one run for a folder at a time; the descriptor, or -1 after an error message. */
static int lock(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    if (fd >= 0 && errno == EWOULDBLOCK)
        cli_error("%s: another 'sinkwatch memory send' runs", cli_clean_text(folder));
    else
        cli_past_failed(folder, errno == ENOENT ? SW_ENOTFOUND : SW_EIO);
    if (fd >= 0)
        close(fd);
    return -1;
}

static int report(struct send *send)
{
    if (send->cli->json)
        cli_json(json_pack("{s:s, s:I, s:I}", "source", send->source, "files",
                           (json_int_t)send->sent_files, "rows", (json_int_t)send->sent_rows));
    else
        printf("%s sent, %s\n", cli_count(send->sent_files, "file", "files"),
               cli_count(send->sent_rows, "row", "rows"));
    if (atomic_load_explicit(&cli_past_stop, memory_order_relaxed)) {
        cli_error("interrupted; the next run sends the rest");
        return CLI_INPUT;
    }
    return send->failed       ? CLI_INPUT
           : send->partly     ? CLI_PARTLY
           : send->sent_files ? CLI_OK
                              : CLI_NONE;
}

static int send_folder(struct send *send)
{
    int fd = lock(send->folder);
    if (fd < 0)
        return CLI_INPUT;
    cli_past_catch(-1);
    enum sw_status status = sw_memory_files(send->folder, take_file, send);
    int code = status == SW_OK ? CLI_OK : cli_past_failed(send->folder, status);
    if (code == CLI_OK) {
        if (ask_known(send))
            send_all(send);
        code = report(send);
    }
    for (size_t i = 0; i < send->n; i++) {
        free(send->file[i].id);
        free(send->file[i].name);
    }
    free(send->file);
    close(fd);
    return code;
}

int cli_past_send(struct cli *cli, int argc, char **argv)
{
    struct send send = {.cli = cli};
    char **words;
    cli_parse(cli, &usage, &send, argc, argv, &words);
    if (send.schema) {
        fputs(cli_clickhouse_schema, stdout);
        return CLI_OK;
    }
    if (!send.ch.url) {
        cli_error("--to is missing: the URL of the ClickHouse server");
        return CLI_USAGE;
    }
    int code = cli_clickhouse_prepare(&send.ch);
    if (code != CLI_OK)
        return code;
    send.folder = cli_past_folder(cli, &send.past);
    if (!send.folder || (!send.source && cli_settings(cli) != CLI_OK))
        return CLI_SETTINGS;
    if (!send.source)
        send.source = cli->settings.resolver_id;
    code = send_folder(&send);
    explicit_bzero(send.ch.password, sizeof(send.ch.password));
    return code;
}
