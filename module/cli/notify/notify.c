/*
 * notify.c - sinkwatch notify: the service that hands notices on.
 *
 * Processes: the first one reads the file of targets, and starts a process for each target
 * (deliver.h) and one that watches the resolvers (watch.h). When one of these ends, or a signal
 * comes, all end. A lock on the file of targets keeps a second service from using the same file;
 * each process has the lock, so the next service waits until the last process has ended.
 */
#include "cli/notify/deliver.h"
#include "cli/notify/hand.h"
#include "cli/notify/watch.h"
#include "cli/output.h"
#include "cli/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

#define LOCK_TRIES 100 /* of a tenth of a second */

enum { KEY_FILE = 'f', KEY_CHECK = 256, KEY_ONCE, KEY_TEST };

struct options {
    const char *file;
    bool check, once, test;
};

static const struct argp_option options[] = {
    {"file", KEY_FILE, "FILE", 0, "the targets (default: " NOTIFY_FILE_DEFAULT ")", 0},
    {"check", KEY_CHECK, NULL, 0, "judge the file, print the targets, and end", 0},
    {"test", KEY_TEST, NULL, 0, "hand a test notice to each target once, and end", 0},
    {"once", KEY_ONCE, NULL, 0, "hand on the notices that are there, and end", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case KEY_FILE:
        o->file = arg;
        return 0;
    case KEY_CHECK:
        o->check = true;
        return 0;
    case KEY_TEST:
        o->test = true;
        return 0;
    case KEY_ONCE:
        o->once = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- without a service ---- */

/* The program, service, socket or address of a target. */
static const char *place(const struct notify_target *t)
{
    return t->url       ? t->url
           : t->command ? t->command
           : t->mail_to ? t->mail_to
           : t->socket  ? t->socket
                        : "the usual socket";
}

static int check(const struct cli *cli, const struct notify_targets *targets)
{
    for (size_t i = 0; i < targets->n; i++) {
        const struct notify_target *t = &targets->target[i];
        if (cli->json)
            cli_json(json_pack("{s:s, s:s, s:s}", "target", t->name, "via", notify_way_name(t->way),
                               "to", place(t)));
        else
            printf("%s: via %s: %s\n", t->name, notify_way_name(t->way), place(t));
    }
    return CLI_OK;
}

static int test(const struct notify_targets *targets)
{
    static const char text[] = "{\"event\":{\"action\":\"test\",\"severity\":0},\"message\":\"a "
                               "test of sinkwatch notify\"}";
    int code = CLI_OK;
    struct notice notice;
    if (!notice_read(&notice, "notices", "0-0", text, sizeof(text) - 1))
        abort();
    for (size_t i = 0; i < targets->n; i++) {
        struct hand_report report;
        const struct notify_target *t = &targets->target[i];
        if (hand_on(t, &notice, &report) == HAND_DONE) {
            printf("%s: handed on\n", t->name);
            continue;
        }
        cli_error("%s: %s", t->name, report.why);
        code = CLI_NONE;
    }
    notice_free(&notice);
    return code;
}

/* One after the other: the resolvers, then each target. */
static int once(struct cli *cli, const struct notify_targets *targets)
{
    int code = watch_run(cli, true);
    for (size_t i = 0; i < targets->n && code == CLI_OK; i++)
        code = deliver_run(cli, &targets->target[i], true);
    return code;
}

/* ---- the service ---- */

/* Lock the file of targets until this process and its children end. A service waits for the end of
 * a former one. */
static bool lock_file(const char *path, bool wait)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    for (unsigned i = 0; fd >= 0 && i < (wait ? LOCK_TRIES : 1) && !cli_stopped(); i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return true;
        if (wait)
            cli_pause(100);
    }
    cli_error("%s: %s", path, fd < 0 ? strerror(errno) : "another sinkwatch notify has this file");
    return false;
}

/* A process for a target, or for the resolvers without one; ends when the first process does. */
static pid_t start(struct cli *cli, const struct notify_target *target, pid_t parent)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
    if (getppid() != parent)
        _exit(CLI_NONE);
    _exit(target ? deliver_run(cli, target, false) : watch_run(cli, false));
}

/* Wait for the first end or a signal, then end all. */
static int supervise(const pid_t *pids, size_t n)
{
    int status = 0, code = CLI_OK;
    while (!cli_stopped() && waitpid(-1, &status, WNOHANG) == 0)
        cli_pause(200);
    if (!cli_stopped()) {
        cli_error("a process of the service ended by itself (status %d)", status);
        code = CLI_NONE;
    }
    for (size_t i = 0; i < n; i++)
        kill(pids[i], SIGTERM);
    while (waitpid(-1, &status, 0) > 0 || errno == EINTR)
        continue;
    return code;
}

static int serve(struct cli *cli, const struct notify_targets *targets)
{
    pid_t pids[NOTIFY_TARGETS_MAX + 1], parent = getpid();
    size_t n = 0;
    cli_error("notifying %s", cli_count(targets->n, "target", "targets"));
    for (size_t i = 0; i <= targets->n; i++) {
        pids[n] = start(cli, i < targets->n ? &targets->target[i] : NULL, parent);
        if (pids[n] > 0)
            n++;
        else
            cli_error("no process can be started: %s", strerror(errno));
    }
    return n == targets->n + 1 ? supervise(pids, n) : CLI_NONE;
}

int cli_notify(struct cli *cli, int argc, char **argv)
{
    static const struct cli_usage usage = {
        .words = "",
        .doc = "Hand anomalies, losses, and failures of resolvers on: to programs, web "
               "services, syslog, the journal and mailboxes. A service; the file of targets names "
               "the receivers and the filters."
               "\vEach notice is handed to each target once. After a kill in the very moment of a "
               "hand-over that notice comes again, with \"repeated\": true and the same id.\n\n"
               "Examples:\n"
               "  sinkwatch notify --check\n"
               "  sinkwatch notify --test\n"
               "  sinkwatch notify",
        .options = options,
        .parser = parse,
    };
    struct options o = {.file = NOTIFY_FILE_DEFAULT};
    static struct notify_targets targets;
    char **words;
    cli_parse(cli, &usage, &o, argc, argv, &words);
    int code = notify_targets_read(o.file, &targets);
    if (code != CLI_OK)
        return code;
    if (o.check)
        return check(cli, &targets);
    cli_catch_signals();
    if (o.test)
        return test(&targets);
    code = cli_settings(cli);
    if (code == CLI_OK && !lock_file(o.file, !o.once))
        code = CLI_NONE;
    if (code != CLI_OK)
        return code;
    return o.once ? once(cli, &targets) : serve(cli, &targets);
}
