/*
 * sweep_resolver.c - questions to libunbound, many at a time. See sweep.h.
 *
 * Each context has a resolving thread of libunbound with separate caches and sockets. Questions and
 * answers go through a pipe, and the command waits on that pipe. A question that takes too long is
 * given up here, even while libunbound still tries.
 */
#include "base/clock.h"
#include "cli/output.h"
#include "cli/sweep/sweep.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unbound.h>

#define CONTEXTS_MAX 16
#define CLASS_IN     1
#define TYPE_PTR     12      /* RFC 1035 3.2.2 */
#define PTR_US       5000000 /* reverse zones without servers are common */
#define RCODE_OK     0
#define RCODE_NX     3 /* RFC 1035 4.1.1 */

struct question {
    struct sweep_resolver *resolver;
    struct sweep_task *task;
    size_t type;
    size_t context;
    int id; /* libunbound's */
    int64_t due_us;
    struct question *older, *newer;
};

struct questions {
    struct question *oldest, *newest; /* in the order of asking, so of due_us */
};

struct sweep_resolver {
    struct ub_ctx *context[CONTEXTS_MAX];
    size_t contexts;
    bool validates;
    int64_t timeout_us;
    size_t open;
    size_t next_context;
    struct questions names, ptrs; /* apart, since they have other timeouts */
    struct sweep_memory *memory;  /* or NULL */
    sweep_done_fn *done;
    void *arg;
};

static const uint16_t types[SWEEP_TYPES] = {1, 28};

uint16_t sweep_type(size_t i)
{
    return types[i];
}

/* ---- contexts ---- */

struct ub_setting {
    const char *name, *value;
};

/* Set before the first question, after which a context is closed to changes. */
static int tune(struct ub_ctx *context, const struct sweep_options *options)
{
    char queries[24], range[24];
    const struct ub_setting all[] = {
        {"num-queries-per-thread:", queries},
        {"outgoing-range:", range},
        {"so-rcvbuf:", "1m"},
        {"msg-cache-size:", "8m"},
        {"rrset-cache-size:", "16m"},
        {"do-not-query-localhost:", "no"}, /* a forwarder may be there */
        {"qname-minimisation:", options->forwards ? "no" : "yes"},
        {"edns-buffer-size:", "1232"},
        {"module-config:", options->anchor ? "validator iterator" : "iterator"},
        {"val-log-level:", "0"},
    };
    uint64_t each = 2 * options->in_flight / options->contexts + 64;
    /* each question may need further questions: name servers' addresses, keys */
    snprintf(queries, sizeof(queries), "%ju", (uintmax_t)(2 * each));
    snprintf(range, sizeof(range), "%ju", (uintmax_t)(each < 2048 ? 2 * each : 4096));
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        int error = ub_ctx_set_option(context, all[i].name, all[i].value);
        if (error)
            return error;
    }
    return 0;
}

/* Set forwarders and trust anchors. Prints errors. */
static bool direct(struct ub_ctx *context, const struct sweep_options *options)
{
    const char *what = "libunbound";
    int error = 0;
    ub_ctx_debugout(context, NULL);
    error = tune(context, options);
    for (size_t i = 0; i < options->forwards && !error; i++)
        error = ub_ctx_set_fwd(context, what = options->forward[i]);
    if (!error && options->resolv_conf)
        error = ub_ctx_resolvconf(context, what = options->resolv_conf);
    if (!error && options->root_hints)
        error = ub_ctx_set_option(context, "root-hints:", what = options->root_hints);
    if (!error && options->anchor)
        error = ub_ctx_add_ta_file(context, what = options->anchor);
    if (!error)
        error = ub_ctx_async(context, 1);
    if (error)
        cli_error("%s: %s", what, ub_strerror(error));
    return error == 0;
}

struct sweep_resolver *sweep_resolver_new(const struct sweep_options *options,
                                          struct sweep_memory *memory, sweep_done_fn *done,
                                          void *arg)
{
    struct sweep_resolver *resolver = cli_alloc(1, sizeof(*resolver));
    resolver->memory = memory;
    resolver->done = done;
    resolver->arg = arg;
    resolver->timeout_us = (int64_t)options->timeout_s * 1000000;
    resolver->validates = options->anchor != NULL;
    for (size_t i = 0; i < options->contexts && i < CONTEXTS_MAX; i++) {
        struct ub_ctx *context = ub_ctx_create();
        if (!context)
            cli_error("libunbound: no context (out of memory or file descriptors)");
        else
            resolver->context[resolver->contexts++] = context;
        if (!context || !direct(context, options)) {
            sweep_resolver_free(resolver);
            return NULL;
        }
    }
    return resolver;
}

bool sweep_resolver_validates(const struct sweep_resolver *resolver)
{
    return resolver->validates;
}

/* ---- questions ---- */

static struct questions *questions_of(const struct question *question)
{
    struct sweep_resolver *resolver = question->resolver;
    return question->task->is_ptr ? &resolver->ptrs : &resolver->names;
}

static void enlist(struct question *question)
{
    struct questions *all = questions_of(question);
    question->older = all->newest;
    *(all->newest ? &all->newest->newer : &all->oldest) = question;
    all->newest = question;
}

/* Take a question out. With the last question of a task done() is called if `tell`, else the task
 * is freed. */
static void finish(struct question *question, bool tell)
{
    struct sweep_resolver *resolver = question->resolver;
    struct sweep_task *task = question->task;
    struct questions *all = questions_of(question);
    *(question->older ? &question->older->newer : &all->oldest) = question->newer;
    *(question->newer ? &question->newer->older : &all->newest) = question->older;
    free(question);
    if (--task->open > 0)
        return;
    resolver->open--;
    if (tell)
        resolver->done(resolver->arg, task);
    else
        free(task);
}

static enum sw_security security(const struct sweep_resolver *resolver,
                                 const struct ub_result *result)
{
    if (!resolver->validates)
        return SW_SECURITY_UNCHECKED;
    return result->secure ? SW_SECURITY_SECURE : SW_SECURITY_INSECURE;
}

/* Convert a result to our kind of answer. */
static void judge(const struct sweep_resolver *resolver, const struct ub_result *result,
                  bool is_ptr, struct sweep_answer *answer)
{
    answer->security = security(resolver, result);
    answer->rcode = (uint8_t)result->rcode;
    answer->answered = true;
    if (result->bogus) {
        answer->security = SW_SECURITY_BOGUS;
        answer->outcome = SWEEP_BOGUS;
        return;
    }
    if (result->rcode != RCODE_OK && result->rcode != RCODE_NX) {
        answer->outcome = SWEEP_FAILED;
        return;
    }
    if (result->answer_packet &&
        sweep_answer_parse(result->answer_packet, (size_t)result->answer_len, answer) != SW_OK) {
        answer->outcome = SWEEP_FAILED;
        answer->answered = false;
        return;
    }
    if (result->answer_packet && !is_ptr)
        sweep_memory_note(resolver->memory, result->answer_packet, (size_t)result->answer_len);
    size_t found = is_ptr ? answer->pointers : answer->aliases + answer->addresses;
    answer->outcome = result->rcode == RCODE_NX ? SWEEP_NXDOMAIN
                      : found > 0               ? SWEEP_RESOLVED
                                                : SWEEP_NODATA;
}

static void on_result(void *arg, int error, struct ub_result *result)
{
    struct question *question = arg;
    struct sweep_answer *answer = &question->task->answer[question->type];
    if (!error && result)
        judge(question->resolver, result, question->task->is_ptr, answer);
    ub_resolve_free(result);
    finish(question, true);
}

static int ask_one(struct sweep_resolver *resolver, struct sweep_task *task, const char *name,
                   size_t type, size_t context)
{
    struct question *question = cli_alloc(1, sizeof(*question));
    struct sweep_resolver *r = resolver;
    int64_t wait_us = task->is_ptr && r->timeout_us > PTR_US ? PTR_US : r->timeout_us;
    *question = (struct question){.resolver = r,
                                  .task = task,
                                  .type = type,
                                  .context = context,
                                  .due_us = sw_clock_mono_us() + wait_us};
    int error = ub_resolve_async(r->context[context], name, task->is_ptr ? TYPE_PTR : types[type],
                                 CLASS_IN, question, on_result, &question->id);
    if (error) {
        free(question);
        return error;
    }
    task->open++;
    enlist(question);
    return 0;
}

static bool ask(struct sweep_resolver *resolver, const char *name, size_t index, bool is_ptr)
{
    struct sweep_task *task = cli_alloc(1, sizeof(*task));
    size_t context = resolver->next_context++ % resolver->contexts;
    task->index = index;
    task->is_ptr = is_ptr;
    task->answer[0].outcome = task->answer[1].outcome = SWEEP_FAILED;
    for (size_t i = 0; i < (is_ptr ? 1 : SWEEP_TYPES); i++) {
        int error = ask_one(resolver, task, name, i, context);
        if (error) {
            cli_error("libunbound: %s", ub_strerror(error));
            if (task->open == 0)
                free(task);
            return false;
        }
        if (i == 0)
            resolver->open++;
    }
    return true;
}

bool sweep_resolver_ask(struct sweep_resolver *resolver, const char *name, size_t index)
{
    return ask(resolver, name, index, false);
}

bool sweep_resolver_ask_ptr(struct sweep_resolver *resolver, const char *name, size_t index)
{
    return ask(resolver, name, index, true);
}

size_t sweep_resolver_open(const struct sweep_resolver *resolver)
{
    return resolver->open;
}

static void give_up(struct question *question, bool tell)
{
    ub_cancel(question->resolver->context[question->context], question->id);
    finish(question, tell);
}

bool sweep_resolver_wait(struct sweep_resolver *resolver, unsigned ms, const sigset_t *mask)
{
    struct pollfd fds[CONTEXTS_MAX];
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    for (size_t i = 0; i < resolver->contexts; i++)
        fds[i] = (struct pollfd){.fd = ub_fd(resolver->context[i]), .events = POLLIN};
    int ready = ppoll(fds, (nfds_t)resolver->contexts, &time, mask);
    for (size_t i = 0; i < resolver->contexts && ready > 0; i++) {
        int error = fds[i].revents ? ub_process(resolver->context[i]) : 0;
        if (error) {
            cli_error("libunbound: %s", ub_strerror(error));
            return false;
        }
    }
    int64_t now_us = sw_clock_mono_us();
    while (resolver->names.oldest && resolver->names.oldest->due_us <= now_us)
        give_up(resolver->names.oldest, true);
    while (resolver->ptrs.oldest && resolver->ptrs.oldest->due_us <= now_us)
        give_up(resolver->ptrs.oldest, true);
    return true;
}

void sweep_resolver_free(struct sweep_resolver *resolver)
{
    if (!resolver)
        return;
    while (resolver->names.oldest)
        give_up(resolver->names.oldest, false);
    while (resolver->ptrs.oldest)
        give_up(resolver->ptrs.oldest, false);
    for (size_t i = 0; i < resolver->contexts; i++)
        ub_ctx_delete(resolver->context[i]);
    free(resolver);
}
