/* service.c - see service.h. */
#include "cli/feed/service.h"

#include "base/clock.h"
#include "cli/feed/fetchers.h"
#include "cli/feed/lease.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define TICK_MS     1000
#define PATIENCE_MS 10000 /* for runs to end after SIGTERM */
#define REST_S      10    /* for a feed after a run that perhaps wrote no status */
#define NOTICES_MAX 8     /* fetchers that listen */

struct job {
    pid_t pid; /* 0: free */
    char name[SW_LISTNAME_MAX];
};

struct service {
    struct cli *cli;
    const struct cli_service_asked *asked;
    struct cli_lease lease;
    bool leads, said_standby;
    struct job job[CLI_JOBS_MAX];
    json_t *feeds;  /* name -> definition, of the last tick */
    json_t *wanted; /* names that are due, or that a notice is about */
    json_t *rest;   /* name -> second of the monotonic clock before which nothing is started */
    json_t *wrong;  /* name -> definition text that was reported to be wrong */
    struct pollfd notice[NOTICES_MAX];
    const struct cli_fetcher *fetcher[NOTICES_MAX];
    nfds_t notices;
};

static bool stopped(const struct service *s)
{
    return *s->asked->run.stop;
}

static json_int_t now_s(void)
{
    return sw_clock_mono_us() / 1000000;
}

/* ---- runs ---- */

static struct job *job_of(struct service *s, const char *name)
{
    for (unsigned i = 0; i < s->asked->jobs; i++)
        if (s->job[i].pid && strcmp(s->job[i].name, name) == 0)
            return &s->job[i];
    return NULL;
}

static struct job *free_job(struct service *s)
{
    for (unsigned i = 0; i < s->asked->jobs; i++)
        if (!s->job[i].pid)
            return &s->job[i];
    return NULL;
}

/* A wrong option ends the process by exit(): nothing of the service is to be done there. */
static void leave_at_once(int status, void *arg)
{
    (void)arg;
    fflush(stdout);
    fflush(stderr);
    _exit(status);
}

/* In the process of a run. The connection of the service is left alone: its octets are the
 * service's. */
static void run_in_child(struct service *s, const char *name, bool noticed)
{
    struct cli_run run = s->asked->run;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    on_exit(leave_at_once, NULL);
    for (nfds_t i = 0; i < s->notices; i++)
        close(s->notice[i].fd);
    run.service = true;
    run.noticed = noticed;
    cli_memory_code = CLI_MEMORY;
    s->cli->redis = NULL;
    int code = cli_connect(s->cli);
    if (code == CLI_OK)
        code = cli_feed_run_one(s->cli, name, &run);
    sw_redis_free(s->cli->redis);
    exit(code);
}

static void start(struct service *s, const char *name, bool noticed)
{
    struct job *job = free_job(s);
    if (!job)
        return; /* due at the next tick as well */
    fflush(stdout);
    pid_t pid = fork();
    if (pid < 0) {
        cli_error("feed '%s': %s", name, strerror(errno));
        return;
    }
    if (pid == 0)
        run_in_child(s, name, noticed);
    job->pid = pid;
    snprintf(job->name, sizeof(job->name), "%s", name);
    json_object_del(s->wanted, name);
}

/* The process of a run has ended. Each run writes its status itself, unless the process died, or
 * argp ended the process for a wrong option. */
static void note_end(struct service *s, struct job *job, int status)
{
    char why[80];
    pid_t pid = job->pid;
    job->pid = 0;
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : CLI_OK;
    if (code == CLI_NONE || code == CLI_REDIS) /* perhaps without a new status */
        json_object_set_new(s->rest, job->name, json_integer(now_s() + REST_S));
    if (WIFSIGNALED(status))
        snprintf(why, sizeof(why), "the process of the run was ended by signal %d",
                 WTERMSIG(status));
    else if (code == CLI_USAGE)
        snprintf(why, sizeof(why), "an option of the definition is wrong");
    else if (code == CLI_MEMORY)
        snprintf(why, sizeof(why), "the process of the run was out of memory");
    else if (code > CLI_INPUT)
        snprintf(why, sizeof(why), "the process of the run ended with code %d", code);
    else
        return;
    cli_error("feed '%s': %s", job->name, why);
    cli_feed_note_death(s->cli, job->name, pid, why);
}

static void reap(struct service *s)
{
    int status;
    for (unsigned i = 0; i < s->asked->jobs; i++)
        if (s->job[i].pid && waitpid(s->job[i].pid, &status, WNOHANG) == s->job[i].pid)
            note_end(s, &s->job[i], status);
}

/* After SIGTERM: the runs leave their lists as they are, and end. */
static void end_jobs(struct service *s)
{
    int64_t end_us = sw_clock_mono_us() + (int64_t)PATIENCE_MS * 1000;
    bool killed = false;
    for (bool any = true; any;) {
        int signal_number = killed ? SIGKILL : SIGTERM;
        any = false;
        for (unsigned i = 0; i < s->asked->jobs; i++) {
            if (!s->job[i].pid)
                continue;
            kill(s->job[i].pid, signal_number);
            if (waitpid(s->job[i].pid, NULL, killed ? 0 : WNOHANG) == s->job[i].pid)
                s->job[i].pid = 0;
            any = any || s->job[i].pid;
        }
        killed = sw_clock_mono_us() > end_us;
        if (any)
            poll(NULL, 0, 50);
    }
}

/* ---- feeds that are due ---- */

/* Say once that a definition is wrong. */
static void say_wrong(struct service *s, const char *name, const json_t *text, const char *why)
{
    if (json_equal(json_object_get(s->wrong, name), text))
        return;
    json_object_set(s->wrong, name, (json_t *)(uintptr_t)text);
    cli_error("feed '%s': its definition is wrong: %s", cli_clean_text(name), why);
}

/* Parse the definitions into s->feeds; paused and wrong ones are left out. */
static void note_feeds(struct service *s, const json_t *texts)
{
    const char *name;
    json_t *text;
    json_decref(s->feeds);
    s->feeds = json_object();
    json_object_foreach((json_t *)(uintptr_t)texts, name, text)
    {
        struct cli_feed_def feed;
        char why[SW_WHY_MAX];
        if (cli_feed_parse(name, json_string_value(text), json_string_length(text), &feed, why) !=
            SW_OK)
            say_wrong(s, name, text, why);
        else if (!feed.paused)
            json_object_set(s->feeds, name, feed.all);
        cli_feed_free(&feed);
    }
}

static bool is_due(const redisReply *next, const redisReply *leased)
{
    int64_t at = 0;
    if (leased->integer > 0)
        return false; /* by hand, or by a service that led before */
    return next->type == REDIS_REPLY_NIL || sw_time_parse(next->str, next->len, &at) != SW_OK ||
           at <= sw_clock_wall_us();
}

/* The next reply, or NULL: reported, once for a broken connection. */
static redisReply *reply_of(struct service *s, const char *shape)
{
    return sw_redis_is_open(s->cli->redis) ? cli_reply(s->cli, shape) : NULL;
}

/* Note the feeds that are due. */
static int find_due(struct service *s)
{
    const char *name;
    json_t *one;
    json_object_foreach(s->feeds, name, one)
    {
        if (!cli_queue(s->cli, "HGET", cli_key(s->cli, "feed:%s", name), "next", CLI_END) ||
            !cli_queue(s->cli, "EXISTS", cli_key(s->cli, "feed:%s:lease", name), CLI_END))
            return cli_redis_failed(s->cli, NULL);
    }
    int code = CLI_OK;
    json_object_foreach(s->feeds, name, one)
    {
        redisReply *next = reply_of(s, "?s"), *leased = reply_of(s, "i");
        bool due = next && leased && is_due(next, leased);
        if (!next || !leased)
            code = CLI_REDIS;
        freeReplyObject(next);
        freeReplyObject(leased);
        if (code == CLI_OK && due && !job_of(s, name))
            json_object_set_new(s->wanted, name, json_true());
    }
    return code;
}

static void start_wanted(struct service *s)
{
    const char *name;
    json_t *one;
    void *safe;
    json_object_foreach_safe(s->wanted, safe, name, one)
    {
        if (!json_object_get(s->feeds, name))
            json_object_del(s->wanted, name);
        else if (s->leads && !job_of(s, name) &&
                 json_integer_value(json_object_get(s->rest, name)) <= now_s())
            start(s, name, json_is_string(one));
    }
}

static int look(struct service *s)
{
    json_t *texts = cli_feeds(s->cli);
    if (!texts)
        return CLI_REDIS;
    note_feeds(s, texts);
    json_decref(texts);
    int code = find_due(s);
    if (code == CLI_OK)
        start_wanted(s);
    return code;
}

/* ---- the lease ---- */

static int lead(struct service *s)
{
    char holder[CLI_LEASE_HOLDER_MAX] = "";
    int code;
    if (s->leads) {
        code = cli_lease_keep(&s->lease, s->cli);
        if (code == CLI_NONE)
            cli_error("the lease of the service was lost");
        s->leads = code == CLI_OK;
        return code == CLI_REDIS ? code : CLI_OK;
    }
    code = cli_lease_take(&s->lease, s->cli, cli_key(s->cli, "feeds:lease"),
                          s->asked->lease_s * 1000, holder);
    if (code == CLI_NONE && !s->said_standby) {
        printf("standing by: %s runs the feeds\n", holder);
        s->said_standby = true;
    }
    if (code == CLI_OK) {
        printf("running the feeds\n");
        s->leads = true;
        s->said_standby = false;
    }
    return code == CLI_REDIS ? code : CLI_OK;
}

/* ---- notices ---- */

static void on_due(void *arg, const char *name)
{
    struct service *s = arg;
    json_object_set_new(s->wanted, name, json_string("notice"));
}

static int listen_for_notices(struct service *s)
{
    char why[CLI_FETCH_WHY_MAX];
    const struct cli_fetcher *fetcher;
    for (size_t i = 0; s->asked->listen && (fetcher = cli_fetcher_at(i)) != NULL; i++) {
        if (!fetcher->listen || s->notices == NOTICES_MAX)
            continue;
        why[0] = '\0';
        int fd = fetcher->listen(s->asked->listen, why);
        if (fd < 0) {
            cli_error("--listen=%s: %s", s->asked->listen, why);
            return CLI_USAGE;
        }
        s->fetcher[s->notices] = fetcher;
        s->notice[s->notices++] = (struct pollfd){.fd = fd, .events = POLLIN};
    }
    return CLI_OK;
}

/* Wait for a notice, or for the next tick. */
static void wait_a_moment(struct service *s, int ms)
{
    const struct cli_notified to = {s->feeds, s->asked->run.files, on_due, s};
    fflush(stdout);
    if (poll(s->notice, s->notices, ms) <= 0)
        return;
    for (nfds_t i = 0; i < s->notices; i++)
        if (s->notice[i].revents)
            s->fetcher[i]->ready(s->notice[i].fd, &to);
    start_wanted(s);
}

/* ---- the loop ---- */

/* Redis is away, which was reported. */
static void wait_for_redis(struct service *s)
{
    s->leads = false;
    while (!stopped(s)) {
        reap(s);
        if (sw_redis_open(s->cli->redis) == SW_OK) {
            printf("Redis is back\n");
            return;
        }
        wait_a_moment(s, TICK_MS);
    }
}

static void tick(struct service *s)
{
    reap(s);
    int code = lead(s);
    if (code == CLI_OK && s->leads)
        code = look(s);
    if (code == CLI_REDIS && !sw_redis_is_open(s->cli->redis))
        wait_for_redis(s);
}

int cli_feed_serve(struct cli *cli, const struct cli_service_asked *asked)
{
    struct service *s = cli_alloc(1, sizeof(*s));
    s->cli = cli;
    s->asked = asked;
    s->feeds = json_object();
    s->wanted = json_object();
    s->wrong = json_object();
    s->rest = json_object();
    int code = listen_for_notices(s);
    while (code == CLI_OK && !stopped(s)) {
        int64_t began_us = sw_clock_mono_us();
        tick(s);
        for (int64_t left = TICK_MS; left > 0 && !stopped(s);
             left = TICK_MS - (sw_clock_mono_us() - began_us) / 1000)
            wait_a_moment(s, (int)left);
    }
    end_jobs(s);
    if (s->leads)
        cli_lease_drop(&s->lease, cli);
    for (nfds_t i = 0; i < s->notices; i++)
        close(s->notice[i].fd);
    json_decref(s->feeds);
    json_decref(s->wanted);
    json_decref(s->wrong);
    json_decref(s->rest);
    free(s);
    return code;
}
