/* The spool on disk, and the way of events while Redis is away: all events, in order, none
 * twice. */
#include "journal_rig.h"

#include "journal/spool.h"
#include "suite.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char folder[64];
static struct sw_spool *spool;

static void setup(void)
{
    sw_log_sink(jr_log);
    snprintf(folder, sizeof(folder), "/tmp/sw-spool-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    spool = NULL;
}

/* Files in the folder; with `remove`, none afterwards. */
static int files_in(const char *path, bool remove)
{
    int n = 0;
    DIR *dir = opendir(path);
    const struct dirent *entry;
    while (dir && (entry = readdir(dir)) != NULL) {
        char name[400];
        snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
        if (entry->d_name[0] == '.')
            continue;
        n++;
        if (remove)
            unlink(name);
    }
    if (dir)
        closedir(dir);
    if (remove)
        rmdir(path);
    return n;
}

static void teardown(void)
{
    sw_spool_free(spool);
    files_in(folder, true);
    sw_log_sink(NULL);
}

static void open_spool(uint64_t max)
{
    sw_spool_free(spool);
    spool = sw_spool_new(folder, max);
    ck_assert_ptr_nonnull(spool);
    ck_assert(sw_spool_open(spool));
}

/* Document number n: the JSON is {"n":N} and blanks up to `size` octets. */
static struct sw_spooled document(uint64_t n, size_t size, char *text)
{
    int len = snprintf(text, size + 64, "{\"n\":%llu}%*s", (unsigned long long)n,
                       size > 30 ? (int)size - 30 : 0, "");
    return (struct sw_spooled){.stream = (unsigned)n % 2,
                               .run = 7,
                               .number = n,
                               .events = 3,
                               .json = text,
                               .len = (size_t)len};
}

static void add(uint64_t first, uint64_t n, size_t size)
{
    char *text = malloc(size + 64);
    for (uint64_t i = first; i < first + n; i++) {
        struct sw_spooled one = document(i, size, text);
        ck_assert_int_eq(sw_spool_add(spool, &one), SW_OK);
    }
    free(text);
}

static void take(uint64_t first, uint64_t n)
{
    for (uint64_t i = first; i < first + n; i++) {
        struct sw_spooled one;
        char start[40];
        ck_assert_int_eq(sw_spool_take(spool, &one), SW_OK);
        snprintf(start, sizeof(start), "{\"n\":%llu}", (unsigned long long)i);
        ck_assert_uint_eq(one.number, i);
        ck_assert_uint_eq(one.run, 7);
        ck_assert_uint_eq(one.events, 3);
        ck_assert_uint_eq(one.stream, i % 2);
        ck_assert_uint_eq(one.len, strlen(one.json));
        ck_assert_msg(strncmp(one.json, start, strlen(start)) == 0, "%.40s", one.json);
        free(one.json);
    }
}

static void expect_empty(void)
{
    struct sw_spooled one;
    ck_assert_uint_eq(sw_spool_waiting(spool), 0);
    ck_assert_uint_eq(sw_spool_octets(spool), 0);
    ck_assert_int_eq(sw_spool_take(spool, &one), SW_ENOTFOUND);
    ck_assert_int_eq(files_in(folder, false), 1); /* the lock */
}

START_TEST(in_order_over_segments)
{
    open_spool(UINT64_C(1) << 30);
    add(0, 3000, 5000); /* some segments of 4 MiB */
    ck_assert_int_gt(files_in(folder, false), 3);
    take(0, 1000);
    sw_spool_done(spool, 1000);
    add(3000, 500, 5000);
    take(1000, 2500);
    sw_spool_done(spool, 1700);
    ck_assert_uint_eq(sw_spool_waiting(spool), 800);
    sw_spool_done(spool, 800);
    expect_empty();
    add(0, 1, 10); /* the spool can be used on */
    take(0, 1);
    sw_spool_done(spool, 1);
    expect_empty();
}
END_TEST

START_TEST(what_is_not_done_is_taken_again)
{
    open_spool(1 << 20);
    add(0, 10, 50);
    take(0, 6);
    sw_spool_done(spool, 4);
    sw_spool_rewind(spool);
    take(4, 6);
    sw_spool_rewind(spool);
    open_spool(1 << 20); /* a new process: done-marks inside a segment are in memory only */
    take(0, 10);
    sw_spool_done(spool, 10);
    expect_empty();
}
END_TEST

START_TEST(put_back_goes_first)
{
    char text[4][128];
    struct sw_spooled back[4];
    open_spool(1 << 20);
    for (uint64_t i = 0; i < 4; i++)
        back[i] = document(i, 10, text[i]);
    add(4, 4, 10);
    take(4, 2);
    sw_spool_done(spool, 1);
    sw_spool_rewind(spool);
    ck_assert_int_eq(sw_spool_put_back(spool, back, 4), SW_OK);
    take(0, 4);
    take(5, 3);
    add(8, 1, 10);
    take(8, 1);
    sw_spool_done(spool, 8);
    expect_empty();
    ck_assert_int_eq(sw_spool_put_back(spool, back, 4), SW_OK); /* into an empty spool, twice */
    add(4, 1, 10);
    take(0, 5);
    sw_spool_done(spool, 5);
    expect_empty();
}
END_TEST

START_TEST(bounded)
{
    char text[2000];
    struct sw_spooled one = document(1, 1000, text);
    uint64_t n = 0;
    open_spool(100000);
    while (sw_spool_add(spool, &one) == SW_OK)
        one = document(++n + 1, 1000, text);
    ck_assert_uint_ge(n, 90);
    ck_assert_uint_le(sw_spool_octets(spool), 100000);
    ck_assert_int_eq(sw_spool_add(spool, &one), SW_ETOOBIG);
    ck_assert(!sw_spool_has_room(spool));
    struct sw_spooled many[100];
    for (size_t i = 0; i < 100; i++)
        many[i] = one;
    ck_assert_int_eq(sw_spool_put_back(spool, many, 100), SW_ETOOBIG);
    take(1, n);
    sw_spool_done(spool, n);
    expect_empty();
    ck_assert_int_eq(sw_spool_add(spool, &one), SW_OK);
}
END_TEST

/* The process died during a write: lines cut short and lines that are none are left out. */
START_TEST(damaged_segments)
{
    char path[200];
    open_spool(1 << 20);
    add(0, 2, 10);
    sw_spool_free(spool);
    spool = NULL;
    snprintf(path, sizeof(path), "%s/0000000100000000.spool", folder);
    FILE *file = fopen(path, "a");
    ck_assert_ptr_nonnull(file);
    fputs("what is this\n\n0 7 2 3 {\"n\":2}\n0 7 3 3 {\"n\":", file);
    fclose(file);
    snprintf(path, sizeof(path), "%s/0000000100000005.spool", folder);
    file = fopen(path, "w");
    fputs("1 7 3 3 {\"n\":3}\n", file);
    fclose(file);
    snprintf(path, sizeof(path), "%s/other.spool", folder);
    fclose(fopen(path, "w"));
    open_spool(1 << 20);
    ck_assert_uint_eq(sw_spool_waiting(spool), 4);
    add(4, 1, 10);
    take(0, 5);
    sw_spool_done(spool, 5);
    ck_assert_uint_eq(sw_spool_waiting(spool), 0);
    ck_assert_int_eq(files_in(folder, false), 2); /* the lock, and the foreign file */
}
END_TEST

/* Documents that were added but are not on disk (the disk was full) are given up and reported. */
START_TEST(missing_documents_are_told)
{
    char path[200];
    struct sw_spooled one;
    open_spool(1 << 20);
    add(0, 5, 10);
    sw_spool_flush(spool);
    snprintf(path, sizeof(path), "%s/0000000100000000.spool", folder);
    ck_assert_int_eq(truncate(path, 2 * 19), 0); /* "0 7 0 3 {"n":0}" and so on */
    ck_assert_int_eq(sw_spool_take(spool, &one), SW_OK);
    free(one.json);
    while (sw_spool_take(spool, &one) == SW_OK)
        free(one.json);
    uint64_t missing = sw_spool_missing(spool);
    ck_assert_uint_ge(missing, 2);
    ck_assert_uint_eq(sw_spool_missing(spool), 0);
    sw_spool_done(spool, 5 - missing);
    expect_empty();
}
END_TEST

START_TEST(folder_of_another_process)
{
    open_spool(1 << 20);
    struct sw_spool *second = sw_spool_new(folder, 1 << 20);
    char text[128];
    struct sw_spooled one = document(0, 10, text);
    ck_assert_ptr_nonnull(second);
    ck_assert(!sw_spool_open(second));
    ck_assert_int_eq(sw_spool_add(second, &one), SW_EIO);
    sw_spool_free(spool);
    spool = NULL;
    sw_spool_tick(second, 1);
    ck_assert(sw_spool_open(second));
    ck_assert_int_eq(sw_spool_add(second, &one), SW_OK);
    sw_spool_free(second);
}
END_TEST

START_TEST(folder_that_cannot_be_used)
{
    char path[200], text[128];
    struct sw_spooled one = document(0, 10, text);
    snprintf(path, sizeof(path), "%s/no/such", folder);
    struct sw_spool *other = sw_spool_new(path, 1 << 20);
    ck_assert(!sw_spool_open(other));
    ck_assert_int_eq(sw_spool_add(other, &one), SW_EIO);
    ck_assert_int_eq(sw_spool_put_back(other, &one, 1), SW_EIO);
    sw_spool_free(other);
    other = sw_spool_new("", 1 << 20);
    sw_spool_tick(other, 1);
    ck_assert(!sw_spool_open(other));
    sw_spool_free(other);
    struct stat st;
    open_spool(1 << 20);
    add(0, 1, 10);
    sw_spool_flush(spool);
    snprintf(path, sizeof(path), "%s/0000000100000000.spool", folder);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
}
END_TEST

/* ---- the journal with a spool ---- */

static struct jr rig;
static char spool_folder[96];

static void setup_journal(void)
{
    jr_init(&rig);
    snprintf(spool_folder, sizeof(spool_folder), "%s/spool", rig.folder);
    snprintf(rig.settings.event_spool, sizeof(rig.settings.event_spool), "%s", spool_folder);
    rig.settings.backlog_max = 100;
}

static void teardown_journal(void)
{
    jr_stop(&rig);
    files_in(spool_folder, true);
    jr_done(&rig);
}

static void put_many(int first, int n)
{
    for (int i = first; i < first + n; i++) {
        char name[32];
        snprintf(name, sizeof(name), "%d.n.test", i);
        jr_put(&rig, &(struct jr_event){.qname = name, .list = "l", .indicator = "n.test"});
    }
}

/* The stream holds n events in order, each once. */
static void expect_all(int n)
{
    json_t *all = jr_stream(&rig, "events");
    ck_assert_uint_eq(json_array_size(all), (size_t)n);
    for (int i = 0; i < n; i++) {
        char name[32];
        snprintf(name, sizeof(name), "%d.n.test", i);
        ck_assert_str_eq(jr_text(json_array_get(all, (size_t)i), "dns.question.name"), name);
    }
    json_decref(all);
}

START_TEST(more_than_the_backlog_waits_on_disk)
{
    redis_fixture_kill(&rig.rf);
    jr_start(&rig);
    put_many(0, 3000);
    jr_wait(jr_lines_count(rig.file) == 3000);
    redis_fixture_restart(&rig.rf);
    put_many(3000, 10);
    jr_wait_stream(&rig, "events", 3010);
    expect_all(3010);
    put_many(3010, 10); /* and on without a detour */
    jr_wait_stream(&rig, "events", 3020);
    expect_all(3020);
    ck_assert_uint_eq(sw_counted(&rig.counters.events_lost_backlog), 0);
    ck_assert_uint_ge(sw_counted(&rig.counters.events_spooled), 2900);
    jr_wait(files_in(spool_folder, false) == 1);
}
END_TEST

START_TEST(a_restart_without_redis_loses_nothing)
{
    jr_start(&rig);
    put_many(0, 5);
    jr_wait_stream(&rig, "events", 5);
    redis_fixture_kill(&rig.rf);
    put_many(5, 50);
    jr_wait(jr_lines_count(rig.file) == 55);
    jr_stop(&rig);
    jr_start(&rig);
    put_many(55, 500);
    jr_wait(jr_lines_count(rig.file) == 555);
    jr_stop(&rig);
    redis_fixture_restart(&rig.rf); /* without data: the first five documents are gone too */
    jr_start(&rig);
    put_many(555, 1);
    jr_wait_stream(&rig, "events", 551);
    json_t *all = jr_stream(&rig, "events");
    ck_assert_str_eq(jr_text(json_array_get(all, 0), "dns.question.name"), "5.n.test");
    ck_assert_str_eq(jr_text(json_array_get(all, 550), "dns.question.name"), "555.n.test");
    json_decref(all);
    ck_assert_uint_eq(sw_counted(&rig.counters.events_lost_backlog), 0);
}
END_TEST

START_TEST(full_disk_and_backlog_tell_the_loss)
{
    rig.settings.backlog_max = 10;
    rig.settings.spool_max_mib = 1;
    redis_fixture_kill(&rig.rf);
    jr_start(&rig);
    put_many(0, 4000); /* some 600 octets each */
    jr_wait(jr_lines_count(rig.file) == 4000);
    jr_wait(sw_counted(&rig.counters.events_lost_backlog) > 0);
    long long lost = (long long)sw_counted(&rig.counters.events_lost_backlog);
    redis_fixture_restart(&rig.rf);
    jr_wait(jr_length(&rig, "events") == 4000 - lost + 1);
    put_many(4000, 1);
    jr_wait_stream(&rig, "events", 4000 - lost + 2);
    json_t *all = jr_stream(&rig, "events");
    json_t *notice = json_array_get(all, (size_t)(4000 - lost));
    ck_assert_str_eq(jr_text(notice, "event.action"), "events-lost");
    ck_assert_int_eq(jr_number(notice, "sinkwatch.lost"), lost);
    json_decref(all);
}
END_TEST

/* ---- connections that break between a batch and the answer ---- */

static struct {
    char path[108];
    int listener;
    atomic_int passes; /* answers to transactions before that */
    atomic_int cuts;   /* swallowed answers, each with the connection */
    atomic_bool mute;  /* after a cut nothing is answered at all */
    atomic_bool stop;
    pthread_t thread;
} relay;

static int relay_connect(const char *path)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(sun.sun_path, sizeof(sun.sun_path), "%.107s", path);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
    return fd;
}

/* The answer of Redis to EXEC, or to a note's GET, is longer than "+OK" or "+QUEUED". */
static bool is_exec_answer(const char *data, ssize_t len)
{
    return memmem(data, (size_t)len, "\n*", 2) || data[0] == '*';
}

/* Octets between the two positions. False: end. */
static bool relay_pass(int from, int to, bool answers)
{
    static char data[1 << 20];
    ssize_t n = recv(from, data, sizeof(data), 0);
    if (n <= 0)
        return false;
    if (answers && atomic_load(&relay.cuts) > 0 && is_exec_answer(data, n) &&
        atomic_fetch_sub(&relay.passes, 1) <= 0) {
        atomic_fetch_sub(&relay.cuts, 1);
        return false;
    }
    if (answers && atomic_load(&relay.mute) && atomic_load(&relay.cuts) == 0)
        return false;
    return send(to, data, (size_t)n, MSG_NOSIGNAL) == n;
}

static void relay_one(int client)
{
    int server = relay_connect(rig.rf.socket);
    bool on = true;
    while (on && !atomic_load(&relay.stop)) {
        struct pollfd fds[2] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
        poll(fds, 2, 20);
        if (fds[0].revents != 0)
            on = relay_pass(client, server, false);
        if (on && fds[1].revents != 0)
            on = relay_pass(server, client, true);
    }
    close(server);
    close(client);
}

static void *relay_main(void *unused)
{
    (void)unused;
    while (!atomic_load(&relay.stop)) {
        struct pollfd fd = {relay.listener, POLLIN, 0};
        if (poll(&fd, 1, 20) == 1)
            relay_one(accept4(relay.listener, NULL, NULL, SOCK_CLOEXEC));
    }
    return NULL;
}

static void relay_start(int cuts)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    snprintf(relay.path, sizeof(relay.path), "%.90s/relay", rig.folder);
    memcpy(sun.sun_path, relay.path, sizeof(sun.sun_path));
    relay.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(relay.listener, (struct sockaddr *)&sun, sizeof(sun)), 0);
    ck_assert_int_eq(listen(relay.listener, 8), 0);
    atomic_store(&relay.passes, 0);
    atomic_store(&relay.cuts, cuts);
    atomic_store(&relay.mute, false);
    atomic_store(&relay.stop, false);
    ck_assert_int_eq(pthread_create(&relay.thread, NULL, relay_main, NULL), 0);
    snprintf(rig.settings.redis_socket, sizeof(rig.settings.redis_socket), "%s", relay.path);
}

static void relay_stop(void)
{
    atomic_store(&relay.stop, true);
    pthread_join(relay.thread, NULL);
    close(relay.listener);
    unlink(relay.path);
}

/* Redis has written the batch, and the answer never arrives: the batch must not be written
 * again. */
START_TEST(lost_answers_double_nothing)
{
    if (_i == 1) /* without a spool as well */
        rig.settings.event_spool[0] = '\0';
    rig.settings.backlog_max = 100000;
    relay_start(3);
    jr_start(&rig);
    for (int i = 0; i < 20; i++) {
        put_many(i * 200, 200);
        jr_wait(jr_lines_count(rig.file) == (size_t)(i + 1) * 200);
    }
    jr_wait_stream(&rig, "events", 4000);
    ck_assert_int_eq(atomic_load(&relay.cuts), 0);
    jr_stop(&rig);
    relay_stop();
    expect_all(4000);
    ck_assert_uint_eq(sw_counted(&rig.counters.events_lost_backlog), 0);
}
END_TEST

/* The same, and the process ends before the question. */
START_TEST(lost_answer_and_a_restart)
{
    relay_start(1);
    jr_start(&rig);
    put_many(0, 300);
    jr_wait(atomic_load(&relay.cuts) == 0);
    atomic_store(&relay.cuts, 1000); /* nothing gets through any more */
    jr_wait(jr_lines_count(rig.file) == 300);
    jr_stop(&rig);
    atomic_store(&relay.cuts, 0);
    jr_start(&rig);
    put_many(300, 10);
    jr_wait_stream(&rig, "events", 310);
    jr_stop(&rig);
    relay_stop();
    expect_all(310);
}
END_TEST

/* Of a segment some batches are done, a batch is in doubt, and the process ends: the file still has
 * all documents. 700 are more than a single look takes. */
START_TEST(half_a_segment_done_and_a_restart)
{
    redis_fixture_kill(&rig.rf);
    jr_start(&rig);
    put_many(0, 700);
    jr_wait(jr_lines_count(rig.file) == 700);
    jr_stop(&rig);
    redis_fixture_restart(&rig.rf);
    relay_start(1);
    atomic_store(&relay.passes, 5);
    atomic_store(&relay.mute, true);
    jr_start(&rig);
    jr_wait(atomic_load(&relay.cuts) == 0);
    ck_assert_int_eq(jr_length(&rig, "events"), 600); /* 100 at a time */
    jr_stop(&rig);
    ck_assert_int_eq(jr_length(&rig, "events"), 600);
    atomic_store(&relay.mute, false);
    jr_start(&rig);
    put_many(700, 10);
    jr_wait_stream(&rig, "events", 710);
    jr_stop(&rig);
    relay_stop();
    expect_all(710);
    ck_assert_uint_eq(sw_counted(&rig.counters.events_lost_backlog), 0);
}
END_TEST

int main(void)
{
    return RUN_SUITE(
        "spool", FIXTURE(setup, teardown),
        TESTS(in_order_over_segments, what_is_not_done_is_taken_again, put_back_goes_first, bounded,
              damaged_segments, missing_documents_are_told, folder_of_another_process,
              folder_that_cannot_be_used),
        TIMEOUT(120), FIXTURE(setup_journal, teardown_journal),
        TESTS(more_than_the_backlog_waits_on_disk, a_restart_without_redis_loses_nothing,
              full_disk_and_backlog_tell_the_loss),
        LOOP(lost_answers_double_nothing, 2),
        TESTS(lost_answer_and_a_restart, half_a_segment_done_and_a_restart));
}
