/* localfile.c - the fetcher for file:PATH: a file, or a folder of MISP events with a manifest.json.
 * A file that changes while it is read is no content, since its end may be missing. */
#include "cli/feed/fetchers.h"
#include "cli/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_MAX (256 * 1024)

/* "file:/x", "file:///x" -> "/x"; NULL: another host, or no absolute path. */
static const char *path_of(const char *source)
{
    const char *path = source + strlen("file:");
    if (strncmp(path, "//", 2) == 0)
        path += 2;
    return path[0] == '/' ? path : NULL;
}

static bool judge(struct cli_fetch *fetch)
{
    if (path_of(fetch->source))
        return true;
    cli_fetch_failed(fetch, "the path of a file begins with '/': file:/path");
    return false;
}

/* Numbers that differ for two contents of a file. */
static json_t *mark_of(const struct stat *st)
{
    return json_pack("{s:I,s:I,s:I,s:I}", "inode", (json_int_t)st->st_ino, "size",
                     (json_int_t)st->st_size, "changed", (json_int_t)st->st_mtim.tv_sec,
                     "changed_ns", (json_int_t)st->st_mtim.tv_nsec);
}

/* Hand on an open file. */
static bool give(struct cli_fetch *fetch, int fd, const char *path, uint64_t *octets)
{
    char *piece = cli_alloc(1, PIECE_MAX);
    bool ok = fetch->document(fetch->arg, CLI_DOCUMENT_WHOLE, path);
    while (ok && !*fetch->stop) {
        ssize_t len = read(fd, piece, PIECE_MAX);
        if (len < 0 && errno == EINTR)
            continue;
        if (len < 0)
            cli_fetch_failed(fetch, "%s: %s", path, strerror(errno));
        ok = len >= 0;
        if (len <= 0)
            break;
        *octets += (uint64_t)len;
        if (*octets > fetch->max_octets)
            cli_fetch_failed(fetch, "more than %ju octets (--max-size)",
                             (uintmax_t)fetch->max_octets);
        ok = *octets <= fetch->max_octets && fetch->octets(fetch->arg, piece, (size_t)len);
        fetch->alive(fetch->arg);
    }
    free(piece);
    if (ok && *fetch->stop)
        cli_fetch_failed(fetch, "interrupted");
    return ok && !*fetch->stop;
}

static bool give_event(struct cli_fetch *fetch, const char *folder, const char *uuid,
                       uint64_t *octets)
{
    char *path = NULL;
    if (strspn(uuid, "0123456789abcdefABCDEF-") != strlen(uuid))
        return true;
    if (asprintf(&path, "%s/%s.json", folder, uuid) < 0)
        abort();
    int fd = cli_fetch_open(fetch, path);
    bool ok = fd >= 0 && give(fetch, fd, path, octets);
    if (fd >= 0)
        close(fd);
    free(path);
    return ok;
}

/* The events of a manifest. */
static bool give_folder(struct cli_fetch *fetch, const char *folder)
{
    char *path = NULL;
    const char *uuid;
    json_t *one;
    uint64_t octets = 0;
    if (asprintf(&path, "%s/manifest.json", folder) < 0)
        abort();
    int fd = cli_fetch_open(fetch, path);
    json_t *manifest = fd < 0 ? NULL : json_loadfd(fd, 0, NULL);
    bool ok = json_is_object(manifest);
    if (fd >= 0 && !ok)
        cli_fetch_failed(fetch, "%s: no JSON object", path);
    if (fd >= 0)
        close(fd);
    json_object_foreach(manifest, uuid, one)
    {
        ok = ok && give_event(fetch, folder, uuid, &octets);
    }
    json_decref(manifest);
    free(path);
    return ok;
}

static enum cli_fetched fetch_open_file(struct cli_fetch *fetch, int fd, const char *path)
{
    struct stat before, after;
    uint64_t octets = 0;
    if (fstat(fd, &before) != 0)
        return cli_fetch_failed(fetch, "%s: %s", path, strerror(errno));
    if (S_ISDIR(before.st_mode))
        return give_folder(fetch, path) ? CLI_FETCH_WHOLE : CLI_FETCH_FAILED;
    json_t *mark = mark_of(&before);
    if (fetch->state && json_equal(mark, fetch->state)) {
        json_decref(mark);
        return CLI_FETCH_UNCHANGED;
    }
    bool ok = give(fetch, fd, path, &octets);
    json_t *then = fstat(fd, &after) == 0 ? mark_of(&after) : NULL;
    if (ok && !(then && json_equal(mark, then))) {
        cli_fetch_failed(fetch, "%s: has changed while it was read", path);
        ok = false;
    }
    json_decref(then);
    fetch->next = mark;
    return ok ? CLI_FETCH_WHOLE : CLI_FETCH_FAILED;
}

static enum cli_fetched fetch_file(struct cli_fetch *fetch)
{
    const char *path = path_of(fetch->source);
    int fd = path ? cli_fetch_open(fetch, path) : -1;
    if (fd < 0)
        return path ? CLI_FETCH_FAILED : cli_fetch_failed(fetch, "no absolute path");
    enum cli_fetched fetched = fetch_open_file(fetch, fd, path);
    close(fd);
    return fetched;
}

static const char *const schemes[] = {"file", NULL};
static const char *const options[] = {"max-size", "timeout", NULL};

const struct cli_fetcher cli_fetcher_file = {
    .schemes = schemes, .options = options, .judge = judge, .fetch = fetch_file};
