/* doctor_run.c - other programs, and the rights of Unbound's user. See doctor.h. */
#include "base/clock.h"
#include "cli/doctor/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define RUN_US       INT64_C(10000000)
#define ADMIN_PATH   "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
#define UNKNOWN_USER 255   /* exit status of the child process that becomes another user */
#define STRANGER     65533 /* a user and group without a name */

/* ---- programs ---- */

char *doctor_find(const char *name)
{
    char path[4096];
    const char *env = getenv("PATH");
    if (strchr(name, '/'))
        return access(name, X_OK) == 0 ? cli_copy(name) : NULL;
    char *folders = NULL, *rest, *next;
    if (asprintf(&folders, "%s:%s", env ? env : "", ADMIN_PATH) < 0)
        abort();
    for (rest = folders; (next = strsep(&rest, ":")) != NULL;) {
        snprintf(path, sizeof(path), "%s/%s", next, name);
        if (next[0] == '/' && access(path, X_OK) == 0)
            break;
    }
    free(folders);
    return next ? cli_copy(path) : NULL;
}

/* The child process: never returns. */
static void become(const char *const *argv, const int ends[2])
{
    char *const *words; /* execv() changes nothing, but has an older prototype */
    int null = open("/dev/null", O_RDONLY);
    memcpy(&words, &argv, sizeof(words));
    if (null >= 0)
        dup2(null, STDIN_FILENO);
    dup2(ends[1], STDOUT_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    execv(argv[0], words);
    _exit(127);
}

/* Read up to the end of the output. False: the time is over. */
static bool drain(int fd, char *text, size_t *len)
{
    int64_t end = sw_clock_mono_us() + RUN_US;
    char more[4096];
    for (;;) {
        int64_t left = end - sw_clock_mono_us();
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (left <= 0 || poll(&wait, 1, (int)(left / 1000) + 1) == 0)
            return false;
        ssize_t n = read(fd, more, sizeof(more));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return true;
        size_t room = DOCTOR_OUTPUT_MAX - *len, kept = (size_t)n < room ? (size_t)n : room;
        memcpy(text + *len, more, kept);
        *len += kept;
    }
}

int doctor_run(const char *const *argv, char **output)
{
    int ends[2], status = -1;
    size_t len = 0;
    *output = cli_alloc(DOCTOR_OUTPUT_MAX + 1, 1);
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    pid_t child = fork();
    if (child == 0)
        become(argv, ends);
    close(ends[1]);
    bool ended = child > 0 && drain(ends[0], *output, &len);
    close(ends[0]);
    if (child <= 0)
        return -1;
    if (!ended)
        kill(child, SIGKILL);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return ended && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- units of systemd ---- */

/* The value of "Name=value" in the output of systemctl, allocated; "" if not there. */
static char *property(const char *text, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = text; at; at = strchr(at, '\n')) {
        at += *at == '\n';
        if (strncmp(at, name, len) == 0 && at[len] == '=')
            return strndup(at + len + 1, strcspn(at + len + 1, "\n"));
    }
    return cli_copy("");
}

bool doctor_unit_read(const char *name, struct doctor_unit *unit)
{
    static const char *const names[DOCTOR_UNIT_VALUES] = {
        "LoadState",      "ActiveState",
        "SubState",       "UnitFileState",
        "Result",         "ExecMainStatus",
        "User",           "Environment",
        "ExecStart",      "ProtectSystem",
        "ReadWritePaths", "ProtectHome",
        "PrivateTmp",     "RestrictAddressFamilies"};
    char *systemctl = doctor_find("systemctl"), *text = NULL;
    const char *const argv[] = {systemctl, "show", "--no-pager", name, NULL};
    bool shown = systemctl && doctor_run(argv, &text) == 0;
    for (size_t i = 0; i < DOCTOR_UNIT_VALUES; i++)
        unit->value[i] = property(shown ? text : "", names[i]);
    free(text);
    free(systemctl);
    return strcmp(unit->value[DOCTOR_LOAD_STATE], "loaded") == 0;
}

void doctor_unit_free(struct doctor_unit *unit)
{
    for (size_t i = 0; i < DOCTOR_UNIT_VALUES; i++)
        free(unit->value[i]);
}

const char *doctor_unit_settings(const struct doctor_unit *unit)
{
    const char *variables = unit->value[DOCTOR_ENVIRONMENT];
    const char *at = strstr(variables, SW_SETTINGS_ENV "=");
    const char *path = at ? at + sizeof(SW_SETTINGS_ENV) : SW_SETTINGS_DEFAULT;
    return doctor_words("%.*s", (int)strcspn(path, " \""), path);
}

/* ---- users ---- */

static bool become_user(const struct passwd *user)
{
    bool grouped = user ? initgroups(user->pw_name, user->pw_gid) == 0 : setgroups(0, NULL) == 0;
    return grouped && setgid(user ? user->pw_gid : STRANGER) == 0 &&
           setuid(user ? user->pw_uid : STRANGER) == 0;
}

/* access() as another user, in a child process, since a process cannot take root back. NULL: a user
 * without a name and without groups. */
static int access_as(const struct passwd *user, const char *path, int mode)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        if (!become_user(user))
            _exit(UNKNOWN_USER);
        _exit(access(path, mode) == 0 ? 0 : errno);
    }
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : UNKNOWN_USER;
}

/* A unit may name a user by number, or a user that exists only while the unit runs: NULL then. */
static const struct passwd *find_user(const char *name)
{
    bool number = name[strspn(name, "0123456789")] == '\0';
    return number ? getpwuid((uid_t)strtoul(name, NULL, 10)) : getpwnam(name);
}

bool doctor_open_to_all(const char *path)
{
    struct stat st;
    if (geteuid() == 0)
        return access_as(NULL, path, R_OK) == 0;
    return stat(path, &st) == 0 && st.st_mode & S_IROTH;
}

enum doctor_may doctor_may(const struct doctor *d, const char *path, int mode, const char **why)
{
    return doctor_may_as(d->user, path, mode, why);
}

enum doctor_may doctor_may_as(const char *name, const char *path, int mode, const char **why)
{
    bool named = name && name[0];
    const struct passwd *user = named ? find_user(name) : NULL;
    bool other = named && (!user || user->pw_uid != geteuid());
    int error;
    if (user && other && geteuid() == 0)
        error = access_as(user, path, mode);
    else if (!other)
        error = access(path, mode) == 0 ? 0 : errno;
    else
        error = access(path, F_OK) == 0 || errno == EACCES ? UNKNOWN_USER : errno;
    *why = error == UNKNOWN_USER ? "" : strerror(error);
    return error == 0 ? DOCTOR_MAY : error == UNKNOWN_USER ? DOCTOR_UNKNOWN : DOCTOR_MAY_NOT;
}

const char *doctor_inside(const struct doctor *d, const char *path)
{
    return doctor_words("%s%s", d->chroot ? d->chroot : "", path);
}
