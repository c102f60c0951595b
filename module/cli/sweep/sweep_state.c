/* sweep_state.c - the place to go on after an interruption: a small JSON file. See sweep.h. */
#include "base/file.h"
#include "cli/output.h"
#include "cli/sweep/sweep.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The selection as a number (FNV-1a): another selection cannot go on from here. */
static void selection(const struct sweep_options *options, char text[20])
{
    uint64_t hash = 0xcbf29ce484222325;
    const char *parts[SWEEP_LISTS_MAX + 2] = {options->match, options->file};
    for (size_t i = 0; i < options->lists; i++)
        parts[i + 2] = options->list[i];
    for (size_t i = 0; i < options->lists + 2; i++) {
        for (const char *c = parts[i] ? parts[i] : ""; *c; c++)
            hash = (hash ^ (unsigned char)*c) * 0x100000001b3;
        hash = (hash ^ 0xff) * 0x100000001b3;
    }
    snprintf(text, 20, "%016" PRIx64, hash);
}

/* A link or a device in place of the file would be removed at the end of the sweep. */
static bool is_no_file(const char *path, const struct stat *st)
{
    if (S_ISREG(st->st_mode))
        return false;
    char buf[64];
    int error = S_ISLNK(st->st_mode) ? ELOOP : S_ISDIR(st->st_mode) ? EISDIR : EINVAL;
    cli_error("%s: %s", path, sw_file_words(error, buf));
    return true;
}

int sweep_state_read(const struct sweep_options *options, char **after)
{
    char mine[20];
    struct stat st;
    json_error_t error;
    *after = cli_copy("");
    if (!options->state || (lstat(options->state, &st) != 0 && errno == ENOENT))
        return CLI_OK;
    if (is_no_file(options->state, &st))
        return CLI_NONE;
    json_t *state = json_load_file(options->state, 0, &error);
    const char *name = cli_json_text(state, "after"), *made = cli_json_text(state, "selection");
    selection(options, mine);
    int code = CLI_NONE;
    if (!state)
        cli_error("%s: not a state file: %s", options->state, error.text);
    else if (name[0] == '\0' || made[0] == '\0')
        cli_error("%s: not a state file of 'sinkwatch sweep'", options->state);
    else if (strcmp(made, mine) != 0)
        cli_error("%s: made with another --list, --match or --file", options->state);
    else
        code = CLI_OK;
    if (code == CLI_OK) {
        free(*after);
        *after = cli_copy(name);
    } else {
        cli_hint("remove the file to begin again");
    }
    json_decref(state);
    return code;
}

void sweep_state_write(const struct sweep_options *options, const char *after)
{
    char mine[20];
    if (!options->state)
        return;
    if (!after) {
        if (unlink(options->state) != 0 && errno != ENOENT)
            cli_error("%s: %s", options->state, strerror(errno));
        return;
    }
    json_t *state = json_object();
    selection(options, mine);
    cli_json_set(state, "after", after);
    cli_json_set(state, "selection", mine);
    char buf[64], *text = NULL, *json = json_dumps(state, JSON_COMPACT);
    int len = json ? asprintf(&text, "%s\n", json) : -1;
    if (len < 0)
        abort();
    if (!sw_file_replace(options->state, text, (size_t)len))
        cli_error("%s: %s", options->state, sw_file_words(errno, buf));
    free(json);
    free(text);
    json_decref(state);
}
