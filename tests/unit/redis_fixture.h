/*
 * redis_fixture.h - a private redis-server for a test program.
 *
 * The server listens on a unix socket in a private folder under TMPDIR, on no TCP port unless asked
 * to, and keeps nothing on disk without a SAVE. A test, step by step:
 *
 *     struct redis_fixture rf;
 *     redis_fixture_start(&rf, NULL);          // exits the program when that is impossible
 *     redis_fixture_settings(&rf, &settings);  // redis-socket
 *     redis_fixture_run(&rf, "HSET %s %s %s", "{sinkwatch}:lists", "l", "");
 *     redis_fixture_kill(&rf);                 // as a crash would
 *     redis_fixture_restart(&rf);              // same socket; empty, or as last SAVEd
 *     redis_fixture_stop(&rf);
 *
 * Nothing is left behind: at exit() running servers are killed and their folders removed, and the
 * kernel kills the server when the thread that started the server dies in any other way (so start
 * in the main thread).
 *
 * Threads      start, stop, kill, restart: the main thread; commands: any, each with a separate
 *              connection
 */
#ifndef SW_TESTS_UNIT_REDIS_FIXTURE_H
#define SW_TESTS_UNIT_REDIS_FIXTURE_H

#include "base/settings.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define REDIS_FIXTURE_ARGS       16     /* extra arguments for the server at most */
#define REDIS_FIXTURE_TIMEOUT_MS 100000 /* to be ready, or to answer; only a hang takes as long */

struct redis_fixture {
    char dir[128];    /* the server's folder: socket, log, dump */
    char socket[160]; /* path of the server's socket */
    char log[160];
    pid_t pid;                             /* 0 = not running */
    const char *extra[REDIS_FIXTURE_ARGS]; /* borrowed from the caller, NULL-terminated */
    struct redis_fixture *next;            /* list of servers that exit() cleans up */
};

static struct redis_fixture *redis_fixture_list;

/** Milliseconds of the monotonic clock. */
static inline int64_t redis_fixture_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/** Print the server's log: for tests that fail. */
static inline void redis_fixture_print_log(const struct redis_fixture *rf)
{
    char line[512];
    FILE *log = fopen(rf->log, "r");
    while (log && fgets(line, sizeof(line), log))
        fprintf(stderr, "redis: %s", line);
    if (log)
        fclose(log);
}

static inline void redis_fixture_fail(const struct redis_fixture *rf, const char *what)
{
    fprintf(stderr, "redis_fixture: %s\n", what);
    redis_fixture_print_log(rf);
    exit(EXIT_FAILURE);
}

/** A single command on a separate connection; NULL when the server cannot be reached. */
static inline redisReply *redis_fixture_vcommand(const struct redis_fixture *rf, const char *format,
                                                 va_list args)
{
    struct timeval patience = {.tv_sec = REDIS_FIXTURE_TIMEOUT_MS / 1000};
    redisReply *reply = NULL;
    redisContext *context = redisConnectUnixWithTimeout(rf->socket, patience);
    if (context && !context->err && redisSetTimeout(context, patience) == REDIS_OK)
        reply = (redisReply *)redisvCommand(context, format, args);
    if (context)
        redisFree(context);
    return reply;
}

/** The reply, to be freed with freeReplyObject(); NULL when the server cannot be reached. */
static inline redisReply *redis_fixture_command(const struct redis_fixture *rf, const char *format,
                                                ...)
{
    va_list args;
    va_start(args, format);
    redisReply *reply = redis_fixture_vcommand(rf, format, args);
    va_end(args);
    return reply;
}

/** A command that has to work (else the program ends); returns an integer reply, or the number
 * of elements of an array, else 0. */
static inline long long redis_fixture_run(const struct redis_fixture *rf, const char *format, ...)
{
    va_list args;
    long long result = 0;
    va_start(args, format);
    redisReply *reply = redis_fixture_vcommand(rf, format, args);
    va_end(args);
    if (!reply)
        redis_fixture_fail(rf, "no reply");
    else if (reply->type == REDIS_REPLY_ERROR)
        redis_fixture_fail(rf, reply->str);
    else if (reply->type == REDIS_REPLY_INTEGER)
        result = reply->integer;
    else if (reply->type == REDIS_REPLY_ARRAY)
        result = (long long)reply->elements;
    freeReplyObject(reply);
    return result;
}

/** Whether the server answers now, with an error too (of AUTH, of loading). */
static inline bool redis_fixture_answers(const struct redis_fixture *rf)
{
    redisReply *reply = redis_fixture_command(rf, "PING");
    bool ok = reply && (reply->type == REDIS_REPLY_STATUS ||
                        (reply->str && strncmp(reply->str, "NOAUTH", 6) == 0));
    freeReplyObject(reply);
    return ok;
}

/* In the child: become redis-server. */
static inline void redis_fixture_exec(const struct redis_fixture *rf, pid_t parent)
{
    const char *argv[16 + REDIS_FIXTURE_ARGS] = {
        "redis-server", "--port", "0", "--unixsocket", rf->socket, "--dir",
        rf->dir,        "--save", "",  "--appendonly", "no",       "--logfile",
        rf->log};
    size_t n = 13;
    char *args[16 + REDIS_FIXTURE_ARGS] = {NULL};
    sigset_t none;
    for (size_t i = 0; i + 1 < REDIS_FIXTURE_ARGS && rf->extra[i]; i++)
        argv[n++] = rf->extra[i];
    for (size_t i = 0; i < n; i++)
        args[i] = strdup(argv[i]);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent)
        execvp("redis-server", args);
    _exit(127);
}

/** Start again after redis_fixture_kill(): same socket and arguments. */
static inline void redis_fixture_restart(struct redis_fixture *rf)
{
    int64_t until = redis_fixture_now_ms() + REDIS_FIXTURE_TIMEOUT_MS;
    pid_t parent = getpid();
    rf->pid = fork();
    if (rf->pid == 0)
        redis_fixture_exec(rf, parent);
    if (rf->pid < 0) {
        rf->pid = 0;
        redis_fixture_fail(rf, "fork failed");
    }
    while (!redis_fixture_answers(rf)) {
        if (waitpid(rf->pid, NULL, WNOHANG) != 0) {
            rf->pid = 0;
            redis_fixture_fail(rf, "redis-server ended at once (is it installed?)");
        }
        if (redis_fixture_now_ms() > until)
            redis_fixture_fail(rf, "redis-server is not ready in time");
        poll(NULL, 0, 5);
    }
}

/** End the server as a crash would (SIGKILL), and wait for the end. */
static inline void redis_fixture_kill(struct redis_fixture *rf)
{
    if (rf->pid > 0) {
        kill(rf->pid, SIGKILL);
        while (waitpid(rf->pid, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    rf->pid = 0;
    unlink(rf->socket);
}

/** Make the server stand still, as an overloaded server or a cut network does, and go on. */
static inline void redis_fixture_pause(const struct redis_fixture *rf)
{
    kill(rf->pid, SIGSTOP);
}

static inline void redis_fixture_resume(const struct redis_fixture *rf)
{
    kill(rf->pid, SIGCONT);
}

/** Kill the server and remove the server's folder. A fixture that was stopped may be started
 * again. */
static inline void redis_fixture_stop(struct redis_fixture *rf)
{
    char path[sizeof(rf->dir) + 256];
    struct dirent *entry;
    redis_fixture_kill(rf);
    for (struct redis_fixture **p = &redis_fixture_list; *p; p = &(*p)->next) {
        if (*p == rf) {
            *p = rf->next;
            break;
        }
    }
    DIR *dir = opendir(rf->dir);
    while (dir && (entry = readdir(dir))) {
        snprintf(path, sizeof(path), "%s/%s", rf->dir, entry->d_name);
        unlink(path); /* fails for . and .., which is right */
    }
    if (dir)
        closedir(dir);
    rmdir(rf->dir);
}

static inline void redis_fixture_atexit(void)
{
    while (redis_fixture_list)
        redis_fixture_stop(redis_fixture_list);
}

/**
 * Start a server and wait until the server answers; ends the program when that is impossible.
 *
 * rf     must live until redis_fixture_stop() or exit(): static, or in main()
 * extra  further arguments of redis-server, NULL-terminated, or NULL: {"--requirepass", "x", NULL};
 *        the array's strings must live as long as rf
 */
static inline void redis_fixture_start(struct redis_fixture *rf, const char *const *extra)
{
    static bool registered;
    const char *tmp = getenv("TMPDIR");
    memset(rf, 0, sizeof(*rf));
    for (size_t i = 0; extra && extra[i] && i + 1 < REDIS_FIXTURE_ARGS; i++)
        rf->extra[i] = extra[i];
    snprintf(rf->dir, sizeof(rf->dir), "%.80s/sinkwatch-redis-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(rf->dir))
        redis_fixture_fail(rf, "no temporary folder");
    snprintf(rf->socket, sizeof(rf->socket), "%s/s", rf->dir);
    snprintf(rf->log, sizeof(rf->log), "%s/log", rf->dir);
    rf->next = redis_fixture_list;
    redis_fixture_list = rf;
    if (!registered)
        registered = atexit(redis_fixture_atexit) == 0;
    redis_fixture_restart(rf);
}

/** Default settings with this server as redis-socket. */
static inline void redis_fixture_settings(const struct redis_fixture *rf,
                                          struct sw_settings *settings)
{
    sw_settings_init(settings);
    snprintf(settings->redis_socket, sizeof(settings->redis_socket), "%s", rf->socket);
}

#endif
