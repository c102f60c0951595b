/*
 * test_local.c - the local snapshot: writing to disk, and reading at start.
 *
 * fsync() and rename() are defined by this program instead of the C library: both note each call,
 * fail on demand, and else do their work.
 */
#include "feed_rig.h"

#include "feed/local.h"
#include "index/image_format.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <xxhash.h>

static char folder[64], path[80], temporary[96];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards the next two */
static char steps[512];                                  /* the calls, in order */
static char last_line[1024];                             /* of the log */
static atomic_bool fsync_fails, rename_fails;

/* ---- the system's part ---- */

static void step(const char *what, const char *name)
{
    pthread_mutex_lock(&lock);
    size_t len = strlen(steps);
    snprintf(steps + len, sizeof(steps) - len, "%s %s; ", what, name);
    pthread_mutex_unlock(&lock);
}

/** The C library's, with a note. */
int fsync(int fd)
{
    char link[64], name[256] = "";
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    if (readlink(link, name, sizeof(name) - 1) < 0)
        return -1;
    step("fsync", strcmp(name, folder) == 0 ? "folder" : basename(name));
    if (atomic_load(&fsync_fails)) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fsync, fd);
}

/** The C library's, with a note. */
int rename(const char *from, const char *to)
{
    step("rename", strcmp(from, temporary) == 0 && strcmp(to, path) == 0 ? "over" : from);
    if (atomic_load(&rename_fails)) {
        errno = EROFS;
        return -1;
    }
    return (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
}

static void keep_line(enum sw_log_level level, const char *line)
{
    (void)level;
    pthread_mutex_lock(&lock);
    snprintf(last_line, sizeof(last_line), "%s", line);
    pthread_mutex_unlock(&lock);
}

/* ---- a feeder that writes to a private folder ---- */

static void start(struct rig *rig)
{
    snprintf(folder, sizeof(folder), "/tmp/sw-local-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/lists", folder);
    snprintf(temporary, sizeof(temporary), "%s.new", path);
    steps[0] = '\0';
    rig_init(rig);
    snprintf(rig->settings.snapshot_file, sizeof(rig->settings.snapshot_file), "%s", path);
    rig->settings.snapshot_s = 1;
    rig_list(rig, "l", "{}", "a.test", NULL);
}

static void stop(struct rig *rig)
{
    rig_stop(rig);
    (void)unlink(path);
    ck_assert_int_eq(rmdir(folder), 0); /* nothing else is left there */
}

static bool exists(const char *file)
{
    struct stat st;
    return lstat(file, &st) == 0;
}

static ino_t inode(void)
{
    struct stat st = {0};
    ck_assert_int_eq(stat(path, &st), 0);
    return st.st_ino;
}

/* ---- writing ---- */

START_TEST(on_disk_before_it_has_its_name)
{
    struct rig rig;
    start(&rig);
    rig_start(&rig);
    RIG_WAIT(rig_status_has(&rig, "snapshot", "\"written\""));
    pthread_mutex_lock(&lock);
    ck_assert_str_eq(steps, "fsync lists.new; rename over; fsync folder; ");
    pthread_mutex_unlock(&lock);
    ck_assert(exists(path) && !exists(temporary));
    stop(&rig);
}
END_TEST

/* The former file stays, the reason is reported, and the write is tried again. */
START_TEST(what_fails_is_told)
{
    struct rig rig;
    start(&rig);
    atomic_store(&fsync_fails, true);
    rig_start(&rig);
    RIG_WAIT(rig_status_has(&rig, "snapshot", "fsync: Input/output error"));
    ck_assert(!exists(path));
    atomic_store(&fsync_fails, false);
    RIG_WAIT(rig_status_has(&rig, "snapshot", "\"written\""));
    ck_assert(!rig_status_has(&rig, "snapshot", "problem"));
    ino_t former = inode();
    atomic_store(&rename_fails, true);
    rig_change(&rig, "add", "l", "b.test");
    RIG_WAIT(rig_status_has(&rig, "snapshot", "renaming: Read-only file system"));
    ck_assert(inode() == former);
    atomic_store(&rename_fails, false);
    RIG_WAIT(!rig_status_has(&rig, "snapshot", "problem"));
    ck_assert(inode() != former);
    stop(&rig);
}
END_TEST

/* ---- start ---- */

static void change_header(void (*change)(struct sw_image_header *header))
{
    struct sw_image_header header;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    ck_assert_int_eq(pread(fd, &header, sizeof(header), 0), sizeof(header));
    change(&header);
    header.hash = XXH3_64bits(&header, offsetof(struct sw_image_header, hash));
    ck_assert_int_eq(pwrite(fd, &header, sizeof(header), 0), sizeof(header));
    close(fd);
}

static void older(struct sw_image_header *header)
{
    header->version = SW_IMAGE_VERSION - 1;
}

static void newer(struct sw_image_header *header)
{
    header->version = SW_IMAGE_VERSION + 1;
}

static void of_another_machine(struct sw_image_header *header)
{
    header->endian = 0x04030201;
}

static void of_another_program(struct sw_image_header *header)
{
    memcpy(header->magic, "REDIS001", sizeof(header->magic));
}

static void damaged(struct sw_image_header *header)
{
    header->section[SW_SECTION_GATE].hash++;
}

static void open_to_others(struct sw_image_header *header)
{
    (void)header;
    ck_assert_int_eq(chmod(path, 0604), 0);
}

static void a_link(struct sw_image_header *header)
{
    char other[100];
    (void)header;
    snprintf(other, sizeof(other), "%s.other", path);
    ck_assert_int_eq(syscall(SYS_renameat, AT_FDCWD, path, AT_FDCWD, other), 0);
    ck_assert_int_eq(symlink(other, path), 0);
}

static const struct {
    void (*change)(struct sw_image_header *header);
    const char *words;
} harms[] = {
    {older, "of the format; this is"},
    {newer, "of the format; this is"},
    {of_another_machine, "on a machine of another kind"},
    {of_another_program, "no snapshot of Sinkwatch"},
    {damaged, "checksum of a section"},
    {open_to_others, "mode 0604"},
    {a_link, "open: "},
};

/* As init does: a feeder that begins with the found file. */
static void start_from(struct rig *rig, struct sw_local_start *found)
{
    rig->index = found->index ? found->index : sw_index_new();
    rig->owners = sw_owners_new(&rig->settings, &rig->counters);
    rig->feed = sw_feed_new(&rig->settings, rig->index, rig->owners, &rig->counters, &rig->host);
    sw_local_adopt(rig->feed, found);
    ck_assert_int_eq(sw_feed_start(rig->feed), SW_OK);
}

static void stop_feeder(struct rig *rig)
{
    sw_feed_stop(rig->feed);
    sw_feed_free(rig->feed);
    sw_owners_free(rig->owners);
    sw_index_free(rig->index);
}

/* A file, and no process that writes the file any more. */
static void written_and_stopped(struct rig *rig)
{
    start(rig);
    rig_start(rig);
    RIG_WAIT(rig_status_has(rig, "snapshot", "\"written\""));
    stop_feeder(rig);
    memset(&rig->counters, 0, sizeof(rig->counters));
}

START_TEST(refused_and_all_is_loaded)
{
    struct rig rig;
    struct sw_local_start found;
    char other[100];
    written_and_stopped(&rig);
    change_header(harms[_i].change);
    sw_local_open(&rig.settings, sw_clock_wall_us(), &found);
    ck_assert(!found.index && !found.note);
    ck_assert_msg(strstr(found.refused, harms[_i].words) != NULL, "%s", found.refused);
    start_from(&rig, &found);
    RIG_WAIT(sw_counted(&rig.counters.full_loads) == 1);
    RIG_WAIT(rig_lists(&rig, "a.test"));
    RIG_WAIT(rig_status_has(&rig, "snapshot", harms[_i].words));
    RIG_WAIT(rig_status_has(&rig, "snapshot", "\"written\"")); /* a good file in its place */
    snprintf(other, sizeof(other), "%s.other", path);
    (void)unlink(other);
    stop(&rig);
}
END_TEST

/* Followed from the position in the file: nothing is loaded. The status has the age of the file. */
START_TEST(taken_and_followed)
{
    struct rig rig;
    struct sw_local_start found;
    written_and_stopped(&rig);
    rig_change(&rig, "add", "l", "b.test");
    sw_log_sink(keep_line);
    sw_local_open(&rig.settings, sw_clock_wall_us() + INT64_C(7200000000), &found);
    sw_log_sink(rig_log);
    ck_assert_ptr_nonnull(found.index);
    ck_assert_msg(strstr(last_line, " (72") && strstr(last_line, " s old)") != NULL, "%s",
                  last_line);
    start_from(&rig, &found);
    ck_assert(rig_lists(&rig, "a.test"));
    RIG_WAIT(rig_lists(&rig, "b.test"));
    ck_assert_uint_eq(sw_counted(&rig.counters.full_loads), 0);
    stop(&rig);
}
END_TEST

/* An indicator that ended meanwhile is not in force, Redis or not. */
START_TEST(ends_that_passed_meanwhile)
{
    struct rig rig;
    struct sw_local_start found;
    start(&rig);
    redis_fixture_run(&rig.rf, "HSET " P ":list:l later.test {\"expires\":%d}", 2000000000);
    rig_start(&rig);
    RIG_WAIT(rig_status_has(&rig, "snapshot", "\"written\""));
    stop_feeder(&rig);
    for (int late = 0; late < 2; late++) {
        sw_local_open(&rig.settings, INT64_C(1000000) * (1999999999 + late), &found);
        ck_assert_ptr_nonnull(found.index);
        rig.index = found.index;
        ck_assert(rig_lists(&rig, "a.test"));
        ck_assert(rig_lists(&rig, "later.test") == (late == 0));
        sw_local_forget(&found);
        if (late == 0)
            sw_index_free(found.index);
    }
    found = (struct sw_local_start){.index = rig.index};
    start_from(&rig, &found);
    stop(&rig);
}
END_TEST

int main(void)
{
    return RUN_SUITE("local snapshot", TIMEOUT(120),
                     TESTS(on_disk_before_it_has_its_name, what_fails_is_told),
                     LOOP(refused_and_all_is_loaded, COUNT(harms)),
                     TESTS(taken_and_followed, ends_that_passed_meanwhile));
}
