/* failure.c - the reason of a failed run as JSON. See failure.h. */
#include "cli/failure.h"

#include "cli/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    json_t *messages, *hints; /* NULL: --json is not asked for */
    json_int_t left_out;
    bool begun; /* standard output has something */
} failure;

static struct {
    FILE *real, *taken; /* NULL: standard error is not taken */
    char *text;
    size_t len;
} caught;

/* A word for each exit code, which a program can compare. */
static const char *kind_of(int code)
{
    static const char *const kinds[] = {
        [CLI_NONE] = "nothing",      [CLI_USAGE] = "usage",     [CLI_REDIS] = "redis",
        [CLI_SETTINGS] = "settings", [CLI_TIMEOUT] = "timeout", [CLI_PARTLY] = "partly",
        [CLI_INPUT] = "input",       [CLI_FAULT] = "fault",     [CLI_LISTEN] = "listen",
    };
    return code > CLI_OK && code <= CLI_LISTEN ? kinds[code] : "other";
}

/* Keep a message or a hint. */
static void note(const char *text, bool hint)
{
    json_t *kept = hint ? failure.hints : failure.messages;
    if (json_array_size(kept) == FAILURE_MAX) {
        failure.left_out++;
        return;
    }
    json_t *words = json_object();
    cli_json_set(words, "text", text);
    json_array_append(kept, json_object_get(words, "text"));
    json_decref(words);
}

void failure_begun(void)
{
    failure.begun = true;
}

void failure_end(int code)
{
    if (code == CLI_OK || failure.begun || json_array_size(failure.messages) == 0)
        return;
    json_t *error = json_pack("{s:i, s:s, s:O, s:O}", "code", code, "kind", kind_of(code),
                              "messages", failure.messages, "hints", failure.hints);
    if (error && failure.left_out)
        json_object_set_new(error, "left_out", json_integer(failure.left_out));
    cli_json(json_pack("{s:o}", "error", error));
}

/* ---- wrong options ---- */

/* Lines such as "sinkwatch list: unrecognized option '--x'", and then "Try `sinkwatch ...". */
static void note_lines(char *text)
{
    char *rest = text;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        const char *message = strncmp(line, "sinkwatch", 9) == 0 ? strstr(line, ": ") : NULL;
        note(message ? message + 2 : line, !message);
    }
}

void failure_release(void)
{
    if (!caught.taken)
        return;
    stderr = caught.real;
    fclose(caught.taken);
    fwrite(caught.text, 1, caught.len, stderr);
    caught.taken = NULL;
}

/* argp has ended the process: for --help without a word on standard error, else for a mistake. */
static void at_exit(void)
{
    if (!caught.taken)
        return;
    failure_release();
    note_lines(caught.text);
    free(caught.text);
    failure_end(CLI_USAGE);
}

void failure_catch(void)
{
    if (!failure.messages || caught.taken)
        return;
    free(caught.text);
    caught.text = NULL;
    caught.real = stderr;
    caught.taken = open_memstream(&caught.text, &caught.len);
    if (caught.taken)
        stderr = caught.taken;
}

void failure_begin(int argc, char *const *argv)
{
    bool asked = false;
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        asked = asked || strcmp(argv[i], "--json") == 0;
    if (!asked || atexit(at_exit) != 0)
        return;
    failure.messages = json_array();
    failure.hints = json_array();
    cli_listen(note, failure_begun);
}
