/* sweep.c - sinkwatch sweep: options, the loop, the summary. See sweep.h. */
#include "cli/sweep/sweep.h"
#include "cli/sweep/sweep_ptr.h"

#include "base/clock.h"
#include "cli/output.h"
#include "cli/stop.h"
#include "cli/tail.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TICK_US     500000   /* state, tracked addresses */
#define RETRY_US    7000000  /* libunbound remembers a failure for 5 seconds */
#define LEAVE_US    2000000  /* after an interruption, for answers under way */
#define WRITTEN_US  60000000 /* for Redis to take the rest */
#define PATIENCE_MS 10000    /* with a silent Redis; hours of work are not given up for a second */
#define SHOWN_MAX   20       /* anomalies in words */

/* ---- a run ---- */

struct retry {
    size_t index;
    int64_t due_us;
};

struct sweep {
    struct cli *cli;
    struct sweep_options options;
    struct sweep_names names;
    struct sweep_resolver *resolver;
    struct sweep_ptrs *ptrs;
    struct sweep_sink *sink;
    struct sweep_memory *memory; /* NULL: none */
    json_t *recorded;            /* by the memory, or NULL */
    struct cli_progress progress;
    size_t first, next, low; /* names: begun with; not yet asked; all before are done */
    unsigned char *done, *tries;
    struct retry *retry; /* a queue, in the order of due_us */
    size_t retry_n, retry_at, retry_room;
    double tokens;
    int64_t start_us, filled_us, tick_us, said_us;
    size_t mark; /* names before this name are acknowledged when `mark_sent` events are */
    uint64_t mark_sent;
    bool marked;
    uint64_t finished, count[SWEEP_OUTCOMES], security[SW_SECURITY_SECURE + 1];
    sigset_t unblocked;
    int code;
};

static volatile sig_atomic_t interrupted; /* how often */

static void on_signal(int number)
{
    (void)number;
    interrupted++;
}

/* Signals are delivered only during a wait; threads inherit the blocked signals. */
static void catch_signals(struct sweep *sweep)
{
    sigset_t ours;
    sigemptyset(&ours);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGHUP);
    sigprocmask(SIG_BLOCK, &ours, &sweep->unblocked);
    cli_handle_signals(on_signal);
}

static enum sweep_outcome outcome_of(const struct sweep_task *task)
{
    enum sweep_outcome a = task->answer[0].outcome, b = task->answer[1].outcome;
    return a > b ? a : b;
}

static void again(struct sweep *sweep, size_t index)
{
    if (sweep->retry_n == sweep->retry_room) {
        sweep->retry_room = sweep->retry_room ? 2 * sweep->retry_room : 1024;
        sweep->retry = cli_grow(sweep->retry, sweep->retry_room, sizeof(*sweep->retry));
    }
    sweep->retry[sweep->retry_n++] = (struct retry){index, sw_clock_mono_us() + RETRY_US};
}

/* sweep_done_fn: record a name, which is done then. */
static void record(void *arg, struct sweep_task *task)
{
    struct sweep *sweep = arg;
    sweep->count[outcome_of(task)]++;
    for (size_t i = 0; i < SWEEP_TYPES; i++)
        if (task->answer[i].answered)
            sweep->security[task->answer[i].security]++;
    sweep->finished++;
    sweep_sink_put(sweep->sink, sweep->names.name[task->index], task);
    sweep->done[task->index] = 1;
    while (sweep->low < sweep->names.n && sweep->done[sweep->low])
        sweep->low++;
    free(task);
}

/* Answers of a name that are not the last attempt are dropped. */
static bool is_repeated(struct sweep *sweep, const struct sweep_task *task)
{
    bool failed =
        task->answer[0].outcome == SWEEP_FAILED || task->answer[1].outcome == SWEEP_FAILED;
    if (!failed || interrupted || sweep->tries[task->index] >= sweep->options.retries)
        return false;
    sweep->tries[task->index]++;
    again(sweep, task->index);
    return true;
}

/* sweep_done_fn. An interrupted sweep asks for no PTR. */
static void on_done(void *arg, struct sweep_task *task)
{
    struct sweep *sweep = arg;
    if (task->is_ptr) {
        sweep_ptrs_answered(sweep->ptrs, task->index, &task->answer[0]);
        free(task);
    } else if (is_repeated(sweep, task)) {
        free(task);
    } else if (interrupted || !sweep_ptrs_hold(sweep->ptrs, task)) {
        record(sweep, task);
    }
}

/* A token bucket of a tenth of a second. */
static bool take_token(struct sweep *sweep, int64_t now_us)
{
    double rate = (double)sweep->options.rate, most = rate / 10 > 1 ? rate / 10 : 1;
    if (rate <= 0)
        return true;
    sweep->tokens += (double)(now_us - sweep->filled_us) * rate / 1e6;
    sweep->tokens = sweep->tokens < most ? sweep->tokens : most;
    sweep->filled_us = now_us;
    if (sweep->tokens < 1)
        return false;
    sweep->tokens -= 1;
    return true;
}

/* The next name to be asked for; false: none now. */
static bool next_name(struct sweep *sweep, int64_t now_us, size_t *index)
{
    bool waits = sweep->retry_at < sweep->retry_n;
    bool due = waits && sweep->retry[sweep->retry_at].due_us <= now_us;
    if (!due && sweep->next == sweep->names.n)
        return false;
    if (!take_token(sweep, now_us))
        return false;
    *index = due ? sweep->retry[sweep->retry_at++].index : sweep->next++;
    return true;
}

/* PTRs go before names, so that few names are held. */
static bool ask_ptrs(struct sweep *sweep, int64_t now_us)
{
    char name[SWEEP_REVERSE_MAX];
    while (!interrupted && sweep_ptrs_waiting(sweep->ptrs) &&
           sweep_resolver_open(sweep->resolver) < sweep->options.in_flight &&
           take_token(sweep, now_us)) {
        size_t index = sweep_ptrs_next(sweep->ptrs, name);
        if (!sweep_resolver_ask_ptr(sweep->resolver, name, index))
            return false;
    }
    return true;
}

static size_t under_way(const struct sweep *sweep)
{
    return sweep_resolver_open(sweep->resolver) + sweep_ptrs_held(sweep->ptrs);
}

static bool ask_more(struct sweep *sweep)
{
    int64_t now_us = sw_clock_mono_us();
    size_t index;
    if (!ask_ptrs(sweep, now_us))
        return false;
    /* answers under way may come back before there is room again */
    while (!interrupted && under_way(sweep) < sweep->options.in_flight &&
           sweep_sink_has_room(sweep->sink) && sweep_memory_has_room(sweep->memory) &&
           next_name(sweep, now_us, &index))
        if (!sweep_resolver_ask(sweep->resolver, sweep->names.name[index], index))
            return false;
    return true;
}

/* Write the state: the names sent before the mark, once all of their events are acknowledged. */
static void note_state(struct sweep *sweep)
{
    if (sweep->marked && (sweep_sink_acknowledged(sweep->sink) < sweep->mark_sent ||
                          sweep_sink_dropped(sweep->sink) > 0))
        return;
    if (sweep->marked && sweep->mark > sweep->first)
        sweep_state_write(&sweep->options, sweep->names.name[sweep->mark - 1]);
    sweep->mark = sweep->low;
    sweep->mark_sent = sweep_sink_sent(sweep->sink);
    sweep->marked = true;
}

static void say_progress(struct sweep *sweep, int64_t now_us)
{
    double seconds = (double)(now_us - sweep->start_us) / 1e6;
    double rate = seconds > 0 ? (double)sweep->finished / seconds : 0;
    uint64_t total = sweep->names.n - sweep->first, left = total - sweep->finished;
    sweep->progress.rate = rate;
    cli_progress_step(&sweep->progress, sweep->finished, sweep->finished);
    if (sweep->progress.on || now_us < sweep->said_us)
        return;
    sweep->said_us = now_us + 5000000;
    if (seconds >= 4)
        cli_error("sweep: %" PRIu64 " of %s, %.0f/s, %.0f s left", sweep->finished,
                  cli_count(total, "name", "names"), rate, rate > 0 ? (double)left / rate : 0.0);
}

/* Periodic work. false: Redis is gone. */
static bool tick(struct sweep *sweep)
{
    int64_t now_us = sw_clock_mono_us();
    say_progress(sweep, now_us);
    if (now_us < sweep->tick_us)
        return true;
    sweep->tick_us = now_us + TICK_US;
    sweep->code = sweep_sink_track(sweep->sink);
    if (sweep->code == CLI_OK)
        note_state(sweep);
    return sweep->code == CLI_OK;
}

static bool finished(const struct sweep *sweep)
{
    return sweep->next == sweep->names.n && sweep->retry_at == sweep->retry_n &&
           under_way(sweep) == 0;
}

/* All names, or until an interruption. */
static void run(struct sweep *sweep)
{
    int64_t leave_us = 0;
    sweep->start_us = sweep->filled_us = sw_clock_mono_us();
    sweep->said_us = sweep->start_us + 5000000;
    while (!finished(sweep)) {
        bool ok = ask_more(sweep) && sweep_resolver_wait(sweep->resolver, 10, &sweep->unblocked);
        if (!ok)
            sweep->code = CLI_NONE;
        if (!ok || !tick(sweep))
            return;
        if (interrupted && leave_us == 0)
            leave_us = sw_clock_mono_us() + LEAVE_US;
        if (interrupted > 1 || (interrupted && (sw_clock_mono_us() >= leave_us ||
                                                sweep_resolver_open(sweep->resolver) == 0)))
            return;
    }
}

/* Wait until Redis has all events. */
static void wait_written(struct sweep *sweep)
{
    int64_t until_us = sw_clock_mono_us() + WRITTEN_US;
    while (sweep_sink_acknowledged(sweep->sink) < sweep_sink_sent(sweep->sink)) {
        if (sw_clock_mono_us() > until_us) {
            cli_error("Redis has not taken all updates; the next run repeats the missing updates");
            sweep->code = CLI_REDIS;
            return;
        }
        usleep(5000);
    }
    sweep_sink_end(sweep->sink);
    if (sweep_sink_dropped(sweep->sink)) {
        cli_error("%s did not reach Redis; the next run repeats all names after the state file's "
                  "position",
                  cli_count(sweep_sink_dropped(sweep->sink), "update", "updates"));
        sweep->code = CLI_REDIS;
        return;
    }
    sweep->code = sweep_sink_track(sweep->sink);
    if (sweep->code != CLI_OK)
        return;
    if (sweep->low == sweep->names.n)
        sweep_state_write(&sweep->options, NULL);
    else if (sweep->low > sweep->first)
        sweep_state_write(&sweep->options, sweep->names.name[sweep->low - 1]);
}

/* ---- the summary at the end ---- */

static json_t *summary_json(const struct sweep *sweep, double seconds, size_t anomalies)
{
    static const char *const security[] = {"unchecked", "bogus", "indeterminate", "insecure",
                                           "secure"};
    json_t *out = json_object(), *dnssec = json_object();
    uint64_t ptr_asked, ptr_named;
    sweep_ptrs_count(sweep->ptrs, &ptr_asked, &ptr_named);
    const struct {
        const char *name;
        uint64_t value;
    } numbers[] = {
        {"names", sweep->names.n - sweep->first},
        {"finished", sweep->finished},
        {"resolved", sweep->count[SWEEP_RESOLVED]},
        {"nodata", sweep->count[SWEEP_NODATA]},
        {"nxdomain", sweep->count[SWEEP_NXDOMAIN]},
        {"bogus", sweep->count[SWEEP_BOGUS]},
        {"failed", sweep->count[SWEEP_FAILED]},
        {"anomalies", anomalies},
        {"unlisted", sweep_sink_unlisted(sweep->sink)},
        {"exempt", sweep_sink_exempt(sweep->sink)},
        {"below_only", sweep->names.below},
        {"asked_below", sweep->names.asked},
        {"ptr_asked", ptr_asked},
        {"ptr_named", ptr_named},
        {"addresses", sweep->names.places},
        {"refused", sweep->names.refused},
        {"skipped_before", sweep->first},
    };

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        json_object_set_new(out, numbers[i].name, json_integer((json_int_t)numbers[i].value));
    for (size_t i = 0; i <= SW_SECURITY_SECURE; i++)
        json_object_set_new(dnssec, security[i], json_integer((json_int_t)sweep->security[i]));
    json_object_set_new(out, "dnssec", dnssec);
    if (sweep->memory)
        json_object_set(out, "memory", sweep->recorded);
    json_object_set_new(out, "seconds", json_real(seconds));
    json_object_set_new(out, "interrupted", json_boolean(interrupted != 0));
    return out;
}

static void row(struct cli_table *table, const char *what, uint64_t n)
{
    char number[24];
    snprintf(number, sizeof(number), "%" PRIu64, n);
    cli_table_row(table, what, number);
}

static void print_ptrs(const struct sweep *sweep)
{
    uint64_t asked, named;
    sweep_ptrs_count(sweep->ptrs, &asked, &named);
    if (asked)
        printf("PTR: %" PRIu64 " of %s have a name\n", named,
               cli_count(asked, "address", "addresses"));
}

static void print_summary(const struct sweep *sweep, double seconds, size_t anomalies)
{
    struct cli_table *table = cli_table_new(sweep->cli, "SWEEP", ">NAMES", CLI_END);
    row(table, "looked up", sweep->finished);
    row(table, "resolved", sweep->count[SWEEP_RESOLVED]);
    row(table, "no address", sweep->count[SWEEP_NODATA]);
    row(table, "NXDOMAIN", sweep->count[SWEEP_NXDOMAIN]);
    row(table, "bogus (DNSSEC)", sweep->count[SWEEP_BOGUS]);
    row(table, "failed", sweep->count[SWEEP_FAILED]);
    row(table, "anomalies raised", anomalies);
    cli_table_print(table, 0);
    printf("%.1f s, %.0f names/s; answers: %" PRIu64 " secure, %" PRIu64 " insecure, %" PRIu64
           " bogus, %" PRIu64 " unchecked\n",
           seconds, seconds > 0 ? (double)sweep->finished / seconds : 0.0,
           sweep->security[SW_SECURITY_SECURE], sweep->security[SW_SECURITY_INSECURE],
           sweep->security[SW_SECURITY_BOGUS], sweep->security[SW_SECURITY_UNCHECKED]);
    print_ptrs(sweep);
    if (sweep->first)
        printf("%s before '%s' were done by an earlier run\n",
               cli_count(sweep->first, "name", "names"),
               cli_clean_text(sweep->names.name[sweep->first]));
    if (sweep->names.asked)
        printf("with %s below an indicator, which clients asked for\n",
               cli_count(sweep->names.asked, "name", "names"));
    if (sweep->names.below)
        printf("left out: %s of the form *.example.net, which stands for no one name\n",
               cli_count(sweep->names.below, "indicator", "indicators"));
    if (sweep_sink_unlisted(sweep->sink))
        printf("%s on no list of kind ioc or watch: looked up, not kept in the history\n",
               cli_count(sweep_sink_unlisted(sweep->sink), "name", "names"));
}

static void print_recorded(const json_t *recorded)
{
    json_t *left_out = json_object_get(recorded, "left_out");
    const json_t *n;
    const char *reason;
    printf("memory %s: %s recorded", cli_clean_text(cli_json_text(recorded, "folder")),
           cli_count((uint64_t)json_integer_value(json_object_get(recorded, "records")), "record",
                     "records"));
    json_object_foreach(left_out, reason, n)
        printf(", %" JSON_INTEGER_FORMAT " left out: %s", json_integer_value(n), reason);
    printf("\n");
}

static void print_anomalies(const struct cli *cli, const json_t *anomalies)
{
    const json_t *one;
    size_t i;
    json_array_foreach(anomalies, i, one)
    {
        if (cli->json) {
            cli_json(json_pack("{s:O}", "anomaly", one));
        } else if (i < SHOWN_MAX) {
            cli_anomaly_line(cli, one);
        } else {
            printf("... and %s; 'sinkwatch anomalies' shows all\n",
                   cli_count(json_array_size(anomalies) - i, "other", "others"));
            break;
        }
    }
}

static int report(struct sweep *sweep, double seconds)
{
    json_t *anomalies = sweep_sink_anomalies(sweep->sink);
    if (!anomalies)
        return CLI_REDIS;
    sweep_sink_print(sweep->sink);
    print_anomalies(sweep->cli, anomalies);
    if (sweep->cli->json)
        cli_json(json_pack("{s:o}", "summary",
                           summary_json(sweep, seconds, json_array_size(anomalies))));
    else
        print_summary(sweep, seconds, json_array_size(anomalies));
    if (sweep->memory && !sweep->cli->json)
        print_recorded(sweep->recorded);
    json_decref(anomalies);
    if (!interrupted)
        return CLI_OK;
    if (sweep->options.state)
        cli_error("interrupted; the same command goes on from here");
    else
        cli_error("interrupted; with --state FILE the next run would go on from here");
    return CLI_NONE;
}

/* ---- the whole ---- */

/* Names, and the names that an earlier run has done. */
static int prepare(struct sweep *sweep)
{
    char *after = NULL;
    int code = sweep_collect(sweep->cli, &sweep->options, &sweep->names);
    if (code == CLI_OK && !sweep->options.file && !sweep->options.indicators_only)
        code = sweep_collect_asked(sweep->cli, &sweep->options, &sweep->names);
    if (code == CLI_OK)
        code = sweep_state_read(&sweep->options, &after);
    for (; code == CLI_OK && sweep->first < sweep->names.n; sweep->first++)
        if (strcmp(sweep->names.name[sweep->first], after) > 0)
            break;
    free(after);
    sweep->next = sweep->low = sweep->first;
    sweep->done = cli_alloc(sweep->names.n, 1);
    sweep->tries = cli_alloc(sweep->names.n, 1);
    return code;
}

static int work(struct sweep *sweep)
{
    int code = prepare(sweep);
    if (code == CLI_OK)
        sweep->sink = sweep_sink_new(sweep->cli, &sweep->options, sweep->ptrs, &code);
    if (code != CLI_OK)
        return code;
    sweep->memory = sweep_memory_new(sweep->cli, &sweep->options, &code);
    if (code != CLI_OK)
        return code;
    sweep->resolver = sweep_resolver_new(&sweep->options, sweep->memory, on_done, sweep);
    if (!sweep->resolver)
        return CLI_NONE;
    cli_progress_begin(&sweep->progress, "looking up", sweep->names.n - sweep->first);
    run(sweep);
    if (sweep->code == CLI_OK)
        sweep_ptrs_give_up(sweep->ptrs);
    double seconds = (double)(sw_clock_mono_us() - sweep->start_us) / 1e6;
    cli_progress_wipe(&sweep->progress);
    if (sweep->code != CLI_OK)
        return sweep->code;
    wait_written(sweep);
    sweep->recorded = sweep_memory_finish(sweep->memory);
    if (sweep->code == CLI_OK)
        sweep_sink_places(sweep->sink, &sweep->names);
    code = sweep->code == CLI_OK ? report(sweep, seconds) : sweep->code;
    bool nothing = sweep->finished == 0 && sweep->names.places == 0;
    if (code == CLI_OK && json_object_get(sweep->recorded, "problem"))
        return CLI_PARTLY;
    return code == CLI_OK && nothing ? CLI_NONE : code;
}

int cli_sweep(struct cli *cli, int argc, char **argv)
{
    struct sweep *sweep = cli_alloc(1, sizeof(*sweep));
    char **words;
    sweep->cli = cli;
    cli->patience_ms = PATIENCE_MS;
    sweep->options = sweep_defaults;
    cli_parse(cli, &sweep_usage, &sweep->options, argc, argv, &words);
    sweep_complete(&sweep->options);
    sweep->ptrs = sweep_ptrs_new(sweep->options.ptr, record, sweep);
    catch_signals(sweep);
    int code = cli_connect(cli);
    if (code == CLI_OK)
        code = work(sweep);
    if (code == CLI_OK && sweep->options.file && sweep->names.refused)
        code = CLI_PARTLY;
    sweep_resolver_free(sweep->resolver);
    sweep_memory_free(sweep->memory);
    json_decref(sweep->recorded);
    sweep_sink_free(sweep->sink);
    sweep_ptrs_free(sweep->ptrs);
    sweep_names_free(&sweep->names);
    free(sweep->done);
    free(sweep->tries);
    free(sweep->retry);
    free(sweep);
    return code;
}
