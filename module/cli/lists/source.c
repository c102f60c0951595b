/* source.c - see source.h. */
#include "cli/lists/source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_MAX     (256 * 1024)
#define LOOK_AGAIN_MS 200

void cli_source_format(struct cli_source *source, const struct argp_state *state, const char *text)
{
    if (sw_format_parse(text, &source->options.format) == SW_OK)
        return;
    char *names = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&names, &len);
    if (!out)
        abort();
    for (int i = 0; i < SW_FORMAT_COUNT; i++)
        fprintf(out, "%s%s", i ? ", " : "", sw_format_name((enum sw_format)i));
    if (fclose(out) != 0)
        abort();
    argp_error(state, "--format: '%s' is not allowed; %s", cli_clean_text(text), names);
}

void cli_source_scope(struct cli_source *source, const struct argp_state *state, const char *text)
{
    static const char *const names[] = {"format", "exact", "below", "both"};
    for (int i = 0; i < 4; i++) {
        if (strcmp(text, names[i]) == 0) {
            source->options.scope = (enum sw_scope)i;
            return;
        }
    }
    argp_error(state, "--scope: '%s' is not allowed; exact, below, both", cli_clean_text(text));
}

static bool stopped(const struct cli_source *source)
{
    return source->stop && *source->stop;
}

/* Wait for octets. A signal just before read() would not end the read(): hence the look at `stop`
 * every LOOK_AGAIN_MS. false: stopped. */
static bool wait_for_octets(const struct cli_source *source, int fd)
{
    struct pollfd in = {.fd = fd, .events = POLLIN};
    while (!stopped(source)) {
        int n = poll(&in, 1, LOOK_AGAIN_MS);
        if (n > 0 || (n < 0 && errno != EINTR))
            return true;
    }
    return false;
}

/* Feed an open file to a reader. SW_OK, SW_EIO (errno), SW_EFORMAT. */
static enum sw_status feed(struct cli_source *source, struct sw_reader *reader, int fd)
{
    char *piece = cli_alloc(1, PIECE_MAX);
    enum sw_status status = SW_OK;
    uint64_t octets = 0;
    while (status == SW_OK && wait_for_octets(source, fd)) {
        ssize_t len = read(fd, piece, PIECE_MAX);
        if (len < 0 && errno == EINTR)
            continue;
        if (len < 0)
            status = SW_EIO;
        if (len <= 0)
            break;
        octets += (uint64_t)len;
        status = sw_reader_feed(reader, piece, (size_t)len);
        source->lines = sw_reader_place(reader);
        if (source->piece)
            source->piece(source->hooks.arg);
        cli_progress_step(source->progress, octets, *source->taken);
    }
    free(piece);
    if (status == SW_OK && !stopped(source))
        status = sw_reader_end(reader);
    return status;
}

static int read_one(struct cli_source *source, const char *path, int fd)
{
    struct sw_reader *reader = sw_reader_new(&source->options, &source->hooks);
    if (source->begin)
        source->begin(source->hooks.arg, path);
    enum sw_status status = feed(source, reader, fd);
    source->format = sw_reader_format(reader);
    source->lines = sw_reader_place(reader);
    source->unterminated = source->unterminated || sw_reader_unterminated(reader);
    cli_progress_wipe(source->progress);
    if (status == SW_EIO)
        cli_error("%s: %s", cli_clean_text(path), strerror(errno));
    else if (status != SW_OK)
        cli_error("%s: %s", cli_clean_text(path), sw_reader_problem(reader));
    sw_reader_free(reader);
    return status == SW_OK ? CLI_OK : CLI_INPUT;
}

/* A folder of events that a manifest names, as MISP publishes feeds. The names are UUIDs. */
static int read_folder(struct cli_source *source)
{
    char *path = NULL;
    json_error_t error = {0};
    const char *uuid;
    json_t *one;
    int code = CLI_OK;
    if (asprintf(&path, "%s/manifest.json", source->path) < 0)
        abort();
    json_t *manifest = json_load_file(path, 0, &error);
    if (!json_is_object(manifest)) {
        cli_error("%s: is a directory without a manifest.json of MISP: %s",
                  cli_clean_text(source->path), manifest ? "no object" : error.text);
        code = CLI_INPUT;
    }
    free(path);
    json_object_foreach(manifest, uuid, one)
    {
        if (strspn(uuid, "0123456789abcdefABCDEF-") != strlen(uuid) || code != CLI_OK)
            continue;
        if (asprintf(&path, "%s/%s.json", source->path, uuid) < 0)
            abort();
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            cli_error("%s: %s", cli_clean_text(path), strerror(errno));
        code = fd < 0 ? CLI_INPUT : read_one(source, path, fd);
        if (fd >= 0)
            close(fd);
        free(path);
    }
    json_decref(manifest);
    return code;
}

int cli_source_read(struct cli_source *source)
{
    bool is_stdin = strcmp(source->path, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open(source->path, O_RDONLY | O_CLOEXEC);
    struct stat st = {0};
    if (fd < 0) {
        cli_error("%s: %s", cli_clean_text(source->path), strerror(errno));
        return CLI_INPUT;
    }
    int code = fstat(fd, &st);
    cli_progress_begin(source->progress, "reading",
                       code == 0 && S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0);
    code = S_ISDIR(st.st_mode) ? read_folder(source)
                               : read_one(source, is_stdin ? "standard input" : source->path, fd);
    if (!is_stdin)
        close(fd);
    return code;
}
