/*
 * test_journal.c - events from rings to file and Redis: order, exact counts, outages of every
 * sort, bounds and losses, stopping.
 */
#include "journal_rig.h"

#include "suite.h"

#include <stdatomic.h>

static struct jr rig;

static void setup(void)
{
    jr_init(&rig);
}

static void teardown(void)
{
    jr_done(&rig);
}

/* n events with the names FIRST.n.test ... in order, all different. */
static void put_many(int first, int n)
{
    for (int i = first; i < first + n; i++) {
        char name[32];
        snprintf(name, sizeof(name), "%d.n.test", i);
        jr_put(&rig, &(struct jr_event){.qname = name, .list = "l", .indicator = "n.test"});
    }
}

/* The stream or file holds these n events in this order from index `at` on. */
static void expect_order(json_t *all, size_t at, int first, int n)
{
    ck_assert_uint_ge(json_array_size(all), at + (size_t)n);
    for (int i = 0; i < n; i++) {
        char name[32];
        snprintf(name, sizeof(name), "%d.n.test", first + i);
        ck_assert_str_eq(jr_text(json_array_get(all, at + (size_t)i), "dns.question.name"), name);
    }
}

static long long sum_of_counts(json_t *all)
{
    long long sum = 0;
    for (size_t i = 0; i < json_array_size(all); i++)
        sum += jr_number(json_array_get(all, i), "sinkwatch.count");
    return sum;
}

/* Losses told in notices. */
static long long told_in(json_t *all)
{
    long long sum = 0;
    for (size_t i = 0; i < json_array_size(all); i++)
        sum += jr_number(json_array_get(all, i), "sinkwatch.lost");
    return sum;
}

static size_t count_action(json_t *all, const char *action)
{
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(all); i++)
        n += strcmp(jr_text(json_array_get(all, i), "event.action"), action) == 0;
    return n;
}

START_TEST(file_and_stream_say_the_same)
{
    jr_start(&rig);
    put_many(0, 1200); /* more than two pipelines */
    jr_wait_stream(&rig, "events", 1200);
    jr_wait(jr_lines_count(rig.file) == 1200);
    json_t *lines = jr_lines(rig.file), *stream = jr_stream(&rig, "events");
    expect_order(stream, 0, 0, 1200);
    ck_assert(json_equal(lines, stream));
    ck_assert_uint_eq(sw_counted(&rig.counters.events_written_redis), 1200);
    ck_assert_uint_eq(sw_counted(&rig.counters.events_written_file), 1200);
    struct stat st;
    ck_assert_int_eq(stat(rig.file, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0640);
    json_decref(lines);
    json_decref(stream);
}
END_TEST

START_TEST(hits_in_a_window_are_one_event)
{
    rig.settings.event_window_ms = 200;
    jr_start(&rig);
    int64_t now = sw_clock_wall_us();
    for (int i = 0; i < 500; i++)
        jr_put(&rig,
               &(struct jr_event){
                   .qname = "a.test", .list = "l", .indicator = "a.test", .time_us = now + i});
    jr_put(&rig, &(struct jr_event){
                     .qname = "a.test", .list = "l", .indicator = "a.test", .client = "::1"});
    jr_wait_stream(&rig, "events", 2);
    json_t *stream = jr_stream(&rig, "events");
    ck_assert_int_eq(jr_number(json_array_get(stream, 0), "sinkwatch.count"), 500);
    ck_assert_int_eq(jr_number(json_array_get(stream, 1), "sinkwatch.count"), 1);
    ck_assert_str_eq(jr_text(json_array_get(stream, 1), "client.ip"), "::1");
    json_decref(stream);
}
END_TEST

START_TEST(redis_away_at_start)
{
    redis_fixture_kill(&rig.rf);
    jr_start(&rig);
    put_many(0, 700);
    jr_wait(jr_lines_count(rig.file) == 700);
    ck_assert_uint_gt(sw_counted(&rig.counters.redis_failures), 0);
    redis_fixture_restart(&rig.rf);
    jr_wait_stream(&rig, "events", 700);
    json_t *stream = jr_stream(&rig, "events");
    expect_order(stream, 0, 0, 700);
    json_decref(stream);
}
END_TEST

START_TEST(redis_dies_and_comes_back)
{
    jr_start(&rig);
    put_many(0, 300);
    jr_wait_stream(&rig, "events", 300);
    for (int round = 1; round <= 3; round++) {
        redis_fixture_kill(&rig.rf); /* keeps nothing */
        put_many(round * 300, 300);
        jr_wait(jr_lines_count(rig.file) == (size_t)(round + 1) * 300);
        redis_fixture_restart(&rig.rf);
        jr_wait_stream(&rig, "events", 300);
        json_t *stream = jr_stream(&rig, "events");
        expect_order(stream, 0, round * 300, 300);
        json_decref(stream);
    }
    ck_assert_uint_eq(sw_counted(&rig.counters.events_lost_backlog), 0);
}
END_TEST

/* While the recorder hangs in Redis, rings are emptied all the same: 20,000 events are many times
 * the size of this ring. */
START_TEST(redis_that_hangs_costs_no_event)
{
    rig.settings.ring_kib = 16;
    jr_start(&rig);
    put_many(0, 10);
    jr_wait_stream(&rig, "events", 10);
    redis_fixture_pause(&rig.rf);
    put_many(10, 20000);
    ck_assert_uint_eq(sw_ring_lost(sw_journal_ring(rig.journal, 0)), 0);
    redis_fixture_resume(&rig.rf);
    jr_wait_stream(&rig, "events", 20010);
    json_t *stream = jr_stream(&rig, "events");
    expect_order(stream, 0, 0, 20010);
    json_decref(stream);
}
END_TEST

START_TEST(full_backlog_keeps_the_oldest_and_tells_the_loss)
{
    rig.settings.backlog_max = 50;
    redis_fixture_kill(&rig.rf);
    jr_start(&rig);
    put_many(0, 200);
    jr_wait(jr_lines_count(rig.file) == 200);
    jr_wait(sw_counted(&rig.counters.events_lost_backlog) == 150);
    redis_fixture_restart(&rig.rf);
    jr_wait_stream(&rig, "events", 51);
    put_many(200, 1);
    jr_wait_stream(&rig, "events", 52);
    json_t *stream = jr_stream(&rig, "events");
    expect_order(stream, 0, 0, 50);
    json_t *notice = json_array_get(stream, 50);
    ck_assert_str_eq(jr_text(notice, "event.action"), "events-lost");
    ck_assert_int_eq(jr_number(notice, "sinkwatch.lost"), 150);
    ck_assert_str_eq(jr_text(notice, "sinkwatch.lost_where"), "backlog");
    expect_order(stream, 51, 200, 1);
    ck_assert_uint_eq(jr_lines_count(rig.file), 201); /* nothing is missing there */
    json_decref(stream);
}
END_TEST

START_TEST(lost_counts_are_events_not_documents)
{
    rig.settings.backlog_max = 1;
    rig.settings.event_window_ms = 100;
    redis_fixture_kill(&rig.rf);
    jr_start(&rig);
    put_many(0, 1);
    jr_wait(jr_lines_count(rig.file) == 1);
    for (int i = 0; i < 40; i++)
        put_many(7, 1);
    jr_stop(&rig);
    json_t *lines = jr_lines(rig.file);
    ck_assert_int_eq(sum_of_counts(lines), 41);
    json_decref(lines);
    ck_assert_uint_eq(sw_counted(&rig.counters.events_lost_backlog), 41);
}
END_TEST

START_TEST(full_ring_is_told_once)
{
    rig.settings.ring_kib = 16;
    rig.journal = sw_journal_new(&rig.settings, rig.index, rig.owners, &rig.counters, &rig.host);
    struct sw_ring *ring = sw_journal_ring(rig.journal, 3);
    struct sw_event ev;
    jr_fill(&(struct jr_event){.qname = "a.test", .list = "l", .indicator = "a.test"}, &ev);
    long long taken = 0;
    while (sw_ring_put(ring, &ev, sw_event_size(&ev)))
        taken++;
    for (int i = 0; i < 9; i++)
        ck_assert(!sw_ring_put(ring, &ev, sw_event_size(&ev)));
    sw_journal_lost(rig.journal, 5);
    ck_assert_int_eq(sw_journal_start(rig.journal), SW_OK);
    jr_wait(sw_counted(&rig.counters.events_lost_ring) == 15);
    jr_wait_stream(&rig, "events", taken + 1);
    jr_stop(&rig);
    json_t *lines = jr_lines(rig.file);
    ck_assert_uint_eq(count_action(lines, "events-lost"), 1);
    ck_assert_int_eq(sum_of_counts(lines), taken);
    json_decref(lines);
    ck_assert_uint_eq(sw_counted(&rig.counters.events_lost_ring), 15);
}
END_TEST

START_TEST(damaged_records_are_counted)
{
    jr_start(&rig);
    struct sw_ring *ring = sw_journal_ring(rig.journal, 0);
    struct sw_event ev;
    jr_fill(&(struct jr_event){.qname = "a.test", .list = "l", .indicator = "a.test"}, &ev);
    ck_assert(sw_ring_put(ring, "abc", 3));
    ev.body_len = SW_EVENT_BODY_MAX;
    ck_assert(sw_ring_put(ring, &ev, 100));
    put_many(0, 1);
    jr_wait(sw_counted(&rig.counters.events_lost_ring) == 2);
    jr_wait_stream(&rig, "events", 2); /* the good document and a notice */
}
END_TEST

START_TEST(stop_flushes_open_windows)
{
    rig.settings.event_window_ms = 60000;
    jr_start(&rig);
    for (int i = 0; i < 30; i++)
        put_many(i % 3, 1);
    jr_stop(&rig);
    jr_wait_stream(&rig, "events", 3);
    json_t *stream = jr_stream(&rig, "events");
    ck_assert_int_eq(sum_of_counts(stream), 30);
    json_decref(stream);
    ck_assert_uint_eq(jr_lines_count(rig.file), 3);
}
END_TEST

START_TEST(stop_while_redis_hangs)
{
    rig.settings.redis_timeout_ms = 60000;
    jr_start(&rig);
    put_many(0, 1);
    jr_wait_stream(&rig, "events", 1);
    redis_fixture_pause(&rig.rf);
    put_many(1, 100);
    int64_t start = sw_clock_mono_us();
    jr_stop(&rig);
    ck_assert_int_lt(sw_clock_mono_us() - start, 30 * INT64_C(1000000)); /* not the time-out */
    ck_assert_uint_eq(jr_lines_count(rig.file), 101);
    ck_assert_uint_eq(sw_counted(&rig.counters.events_lost_backlog), 100);
    redis_fixture_resume(&rig.rf);
}
END_TEST

/* As logrotate does with "create": another empty file is there at once. */
START_TEST(rotated_file_is_followed)
{
    char rotated[128];
    int n = 10;
    snprintf(rotated, sizeof(rotated), "%s.1", rig.file);
    jr_start(&rig);
    put_many(0, n);
    jr_wait(jr_lines_count(rig.file) == 10);
    ck_assert_int_eq(rename(rig.file, rotated), 0);
    fclose(fopen(rig.file, "w"));
    jr_wait((put_many(n++, 1), jr_lines_count(rig.file) > 0));
    jr_stop(&rig);
    json_t *old = jr_lines(rotated), *now = jr_lines(rig.file);
    int first = (int)json_array_size(old);
    ck_assert_int_ge(first, 10);
    expect_order(old, 0, 0, first);
    expect_order(now, 0, first, n - first);
    json_decref(old);
    json_decref(now);
}
END_TEST

START_TEST(removed_file_comes_back)
{
    jr_start(&rig);
    put_many(0, 10);
    jr_wait(jr_lines_count(rig.file) == 10);
    ck_assert_int_eq(unlink(rig.file), 0);
    jr_wait(access(rig.file, F_OK) == 0);
    put_many(10, 10);
    jr_wait(jr_lines_count(rig.file) == 10);
}
END_TEST

START_TEST(file_that_cannot_be_opened_yet)
{
    char folder[96];
    snprintf(folder, sizeof(folder), "%s/later", rig.folder);
    snprintf(rig.settings.event_file, sizeof(rig.settings.event_file), "%s/e", folder);
    jr_start(&rig);
    put_many(0, 20);
    jr_wait_stream(&rig, "events", 20);
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    jr_wait(jr_lines_count(rig.settings.event_file) == 20);
    unlink(rig.settings.event_file);
    rmdir(folder);
}
END_TEST

START_TEST(stream_of_another_type_is_waited_for)
{
    redis_fixture_run(&rig.rf, "SET " P ":events x");
    jr_start(&rig);
    put_many(0, 30);
    jr_wait(sw_counted(&rig.counters.redis_failures) > 0);
    ck_assert_uint_eq(sw_counted(&rig.counters.events_written_redis), 0);
    redis_fixture_run(&rig.rf, "DEL " P ":events");
    jr_wait_stream(&rig, "events", 30);
}
END_TEST

START_TEST(stream_is_bounded)
{
    rig.settings.event_stream_max = 100;
    jr_start(&rig);
    put_many(0, 3000);
    jr_wait(sw_counted(&rig.counters.events_written_redis) == 3000);
    ck_assert_int_lt(jr_length(&rig, "events"), 400); /* "~": whole nodes are kept */
}
END_TEST

START_TEST(events_can_stay_out_of_redis)
{
    rig.settings.event_redis = false;
    jr_start(&rig);
    put_many(0, 5);
    jr_wait(jr_lines_count(rig.file) == 5);
    jr_stop(&rig);
    ck_assert_int_eq(jr_length(&rig, "events"), 0);
    ck_assert_uint_eq(sw_counted(&rig.counters.events_lost_backlog), 0);
}
END_TEST

#define PRODUCERS 4
#define EACH      4000

struct producer {
    pthread_t thread;
    unsigned number;
    bool slow;
};

static void *produce(void *arg)
{
    const struct producer *producer = arg;
    struct sw_event ev;
    for (int i = 0; i < EACH; i++) {
        char name[32];
        snprintf(name, sizeof(name), "%d.x.test", i % 50);
        jr_fill(&(struct jr_event){.qname = name, .list = "l", .indicator = "x.test"}, &ev);
        if (producer->slow) {
            sw_journal_put_slow(rig.journal, &ev);
            continue;
        }
        struct sw_ring *ring = sw_journal_ring(rig.journal, producer->number);
        sw_ring_put(ring, &ev, sw_event_size(&ev)); /* may fail: a counted loss */
    }
    return NULL;
}

START_TEST(many_producers_exact_sum)
{
    struct producer producers[PRODUCERS + 2];
    rig.settings.event_window_ms = 20;
    rig.settings.ring_kib = 64;
    jr_start(&rig);
    for (unsigned i = 0; i < PRODUCERS + 2; i++) {
        producers[i].number = i * 50;
        producers[i].slow = i >= PRODUCERS;
        ck_assert_int_eq(pthread_create(&producers[i].thread, NULL, produce, &producers[i]), 0);
    }
    for (unsigned i = 0; i < PRODUCERS + 2; i++)
        pthread_join(producers[i].thread, NULL);
    jr_stop(&rig);
    json_t *lines = jr_lines(rig.file), *stream = jr_stream(&rig, "events");
    long long lost = (long long)sw_counted(&rig.counters.events_lost_ring);
    ck_assert_int_eq(told_in(lines), lost);
    ck_assert_int_eq(sum_of_counts(lines) + lost, (PRODUCERS + 2) * EACH);
    /* documents that Redis did not take in the second that stopping may last */
    long long late = (long long)sw_counted(&rig.counters.events_lost_backlog);
    if (late == 0)
        ck_assert_int_eq(sum_of_counts(stream) + told_in(stream), (PRODUCERS + 2) * EACH);
    else
        ck_assert_int_ge(sum_of_counts(stream) + late + lost, (PRODUCERS + 2) * EACH);
    json_decref(lines);
    json_decref(stream);
}
END_TEST

/* Without the wake a round begins only after a pause of 100 milliseconds. */
START_TEST(a_wake_begins_a_round)
{
    jr_start(&rig);
    int64_t began_us = sw_clock_mono_us();
    for (int i = 0; i < 100; i++) {
        unsigned before = atomic_load(&rig.rounds);
        sw_journal_wake(rig.journal);
        while (atomic_load(&rig.rounds) == before) {
            const struct timespec pause = {.tv_nsec = 100000};
            nanosleep(&pause, NULL);
        }
    }
    ck_assert_int_lt(sw_clock_mono_us() - began_us, 5000000);
}
END_TEST

START_TEST(rings_are_made_on_first_use)
{
    jr_start(&rig);
    ck_assert_ptr_null(sw_journal_ring(rig.journal, SW_WORKERS_MAX));
    struct sw_ring *first = sw_journal_ring(rig.journal, 0);
    ck_assert_ptr_nonnull(first);
    ck_assert_ptr_eq(sw_journal_ring(rig.journal, 0), first);
    ck_assert_ptr_ne(sw_journal_ring(rig.journal, SW_WORKERS_MAX - 1), first);
}
END_TEST

START_TEST(stopping_what_never_ran)
{
    rig.journal = sw_journal_new(&rig.settings, rig.index, rig.owners, &rig.counters, NULL);
    sw_journal_stop(rig.journal);
    sw_journal_stop(NULL);
    sw_journal_free(NULL);
}
END_TEST

/* Signal masks of our threads, read from the kernel. */
static int threads_with_all_blocked(void)
{
    int n = 0;
    DIR *tasks = opendir("/proc/self/task");
    struct dirent *task;
    while (tasks && (task = readdir(tasks)) != NULL) {
        char path[300], line[256], name[64] = "";
        unsigned long long blocked = 0;
        snprintf(path, sizeof(path), "/proc/self/task/%s/status", task->d_name);
        FILE *file = fopen(path, "r");
        while (file && fgets(line, sizeof(line), file)) {
            sscanf(line, "Name: %63s", name);
            sscanf(line, "SigBlk: %llx", &blocked);
        }
        if (file)
            fclose(file);
        bool hup = blocked & 1ULL << (SIGHUP - 1), term = blocked & 1ULL << (SIGTERM - 1);
        n += strncmp(name, "sw-", 3) == 0 && hup && term;
    }
    if (tasks)
        closedir(tasks);
    return n;
}

START_TEST(threads_take_no_signals)
{
    sigset_t mask;
    jr_start(&rig);
    jr_wait(threads_with_all_blocked() == 2);
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    ck_assert(!sigismember(&mask, SIGTERM));
}
END_TEST

int main(void)
{
    return RUN_SUITE(
        "journal", NO_FORK, FIXTURE(setup, teardown),
        TESTS(file_and_stream_say_the_same, hits_in_a_window_are_one_event, redis_away_at_start,
              redis_dies_and_comes_back, redis_that_hangs_costs_no_event,
              full_backlog_keeps_the_oldest_and_tells_the_loss,
              lost_counts_are_events_not_documents, full_ring_is_told_once,
              damaged_records_are_counted, stop_flushes_open_windows, stop_while_redis_hangs,
              rotated_file_is_followed, removed_file_comes_back, file_that_cannot_be_opened_yet,
              stream_of_another_type_is_waited_for, stream_is_bounded, events_can_stay_out_of_redis,
              many_producers_exact_sum, a_wake_begins_a_round, rings_are_made_on_first_use,
              stopping_what_never_ran, threads_take_no_signals));
}
