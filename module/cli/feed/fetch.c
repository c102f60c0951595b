/* fetch.c - the parts that all fetchers share. See fetch.h. */
#include "cli/feed/fetch.h"

#include "cli/feed/fetchers.h"
#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_MAX 8192      /* octets of a file with a secret */
#define HOST_LINE  "# host:" /* names a host that the secret is for */

static const struct cli_fetcher *const fetchers[] = {&cli_fetcher_file,  &cli_fetcher_http,
                                                     &cli_fetcher_taxii, &cli_fetcher_misp,
                                                     &cli_fetcher_rpz,   &cli_fetcher_rpz_tls};

const struct cli_fetcher *cli_fetcher_at(size_t i)
{
    return i < sizeof(fetchers) / sizeof(fetchers[0]) ? fetchers[i] : NULL;
}

const struct cli_fetcher *cli_fetcher_of(const char *source)
{
    size_t len = strcspn(source, ":");
    const struct cli_fetcher *fetcher;
    if (source[len] != ':')
        return NULL;
    for (size_t i = 0; (fetcher = cli_fetcher_at(i)) != NULL; i++)
        for (const char *const *scheme = fetcher->schemes; *scheme; scheme++)
            if (strlen(*scheme) == len && strncmp(*scheme, source, len) == 0)
                return fetcher;
    return NULL;
}

enum cli_fetched cli_fetch_failed(struct cli_fetch *fetch, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(fetch->why, sizeof(fetch->why), format, args);
    va_end(args);
    for (char *c = fetch->why; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    return CLI_FETCH_FAILED;
}

const char *cli_fetch_option(const struct cli_fetch *fetch, const char *name)
{
    return json_string_value(json_object_get(fetch->options, name));
}

/* ---- files ---- */

static bool is_below(const char *path, const char *folder)
{
    char real[PATH_MAX];
    if (!realpath(folder, real))
        return false;
    size_t len = strlen(real);
    return strncmp(path, real, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* Open a path that has no links. One that was put into the path since realpath() is an error: it
 * may lead out of the folders. -1 with errno. */
static int open_real(char *path)
{
    char *rest = NULL, *part = strtok_r(path, "/", &rest);
    int at = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    while (part && at >= 0) {
        char *next = strtok_r(NULL, "/", &rest);
        int how = next ? O_PATH | O_DIRECTORY : O_RDONLY | O_NONBLOCK;
        int fd = openat(at, part, how | O_NOFOLLOW | O_CLOEXEC), error = errno;
        close(at);
        errno = error;
        at = fd;
        part = next;
    }
    return at;
}

int cli_fetch_open(struct cli_fetch *fetch, const char *path)
{
    char real[PATH_MAX];
    struct stat st;
    bool below = false;
    if (!realpath(path, real)) {
        cli_fetch_failed(fetch, "%s: %s", path, strerror(errno));
        return -1;
    }
    for (const char *const *folder = fetch->files; *folder && !below; folder++)
        below = is_below(real, *folder);
    if (!below) {
        cli_fetch_failed(fetch, "%s: is in no folder that feeds may read from (--files)", path);
        return -1;
    }
    int fd = open_real(real);
    if (fd < 0 || fstat(fd, &st) != 0)
        cli_fetch_failed(fetch, "%s: %s", path, strerror(errno));
    else if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
        cli_fetch_failed(fetch, "%s: is neither a file nor a folder", path);
    else
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

const char *cli_fetch_authority(const char *url, size_t *len)
{
    const char *at = url + strcspn(url, ":");
    bool has = strncmp(at, "://", 3) == 0;
    at = has ? at + 3 : "";
    *len = strcspn(at, "/?#");
    return at;
}

/* The host of a source, without port and brackets; free(). Empty: the source has none, as
 * file: has, or a user stands before the host. */
static char *host_of(const char *source)
{
    size_t len;
    const char *at = cli_fetch_authority(source, &len);
    if (memchr(at, '@', len))
        len = 0;
    bool bracket = len > 0 && *at == '[';
    char *host = strndup(at + bracket, len - bracket);
    if (!host)
        abort();
    host[strcspn(host, bracket ? "]" : ":")] = '\0';
    return host;
}

/* Whether the lines "# host: NAME" of a file, if any, name the host. */
static bool is_for_host(struct cli_fetch *fetch, const char *path, const char *text,
                        const char *host)
{
    bool any = false;
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        if (strncmp(line, HOST_LINE, strlen(HOST_LINE)) != 0)
            continue;
        const char *name = line + strlen(HOST_LINE);
        name += strspn(name, " \t");
        size_t len = strcspn(name, " \t\r\n");
        if (len > 0 && len == strlen(host) && strncasecmp(name, host, len) == 0)
            return true;
        any = true;
    }
    if (any)
        cli_fetch_failed(fetch, "%s: is for other hosts than %s (lines \"# host:\")", path, host);
    return !any;
}

static char *read_text(struct cli_fetch *fetch, const char *path, const char *host)
{
    char *text = cli_alloc(1, SECRET_MAX + 1);
    int fd = cli_fetch_open(fetch, path);
    FILE *in = fd < 0 ? NULL : fdopen(fd, "r");
    if (!in) {
        free(text);
        return NULL;
    }
    size_t len = fread(text, 1, SECRET_MAX + 1, in);
    bool bad = ferror(in) != 0;
    fclose(in);
    if (!bad && len > 0 && len <= SECRET_MAX) {
        text[len] = '\0';
        if (is_for_host(fetch, path, text, host))
            return text;
        explicit_bzero(text, len);
        free(text);
        return NULL;
    }
    cli_fetch_failed(fetch, "%s: %s", path,
                     bad        ? "cannot be read"
                     : len == 0 ? "is empty"
                                : "is larger than 8 KiB");
    free(text);
    return NULL;
}

char *cli_fetch_text(struct cli_fetch *fetch, const char *path)
{
    char *host = host_of(fetch->source);
    char *text = read_text(fetch, path, host);
    free(host);
    return text;
}

char *cli_fetch_secret(struct cli_fetch *fetch, const char *path, const char *host)
{
    char *text = host ? read_text(fetch, path, host) : cli_fetch_text(fetch, path);
    if (!text)
        return NULL;
    text[strcspn(text, "\r\n")] = '\0';
    if (text[0])
        return text;
    cli_fetch_failed(fetch, "%s: the first line is empty", path);
    free(text);
    return NULL;
}
