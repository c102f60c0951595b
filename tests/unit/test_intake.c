/*
 * test_intake.c - from a worker's ring to files: the tally against a naive model, limits,
 * names left out or cut, the keeper's thread, a folder that cannot be written.
 */
#include "intake_rig.h"
#include "small_disk.h"
#include "suite.h"

#include "base/clock.h"
#include "memory/intake/keeper_parts.h"
#include "memory/memory.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TYPE_A     1
#define TYPE_CNAME 5

/* ---- the tally ---- */

enum { OWNERS = 40, MODEL = 4 * OWNERS };

struct model_row {
    uint64_t first, last, count;
};

/* Random sightings: the tally has the same tuples as an array with one row for each. */
START_TEST(tally_equals_a_model)
{
    struct sw_tally *tally = sw_tally_new(SW_TALLY_MIN);
    struct model_row model[MODEL] = {{0, 0, 0}};
    struct sw_name zones[2] = {name_of("example"), name_of("owner.example")};
    size_t tuples = 0;
    for (unsigned i = 0; i < 5000; i++) {
        char text[32];
        unsigned owner = (unsigned)rand() % OWNERS, zone = (unsigned)rand() % 2;
        uint8_t rdata[4] = {192, 0, 2, (uint8_t)(rand() % 2)};
        uint64_t time = 1000 + (unsigned)rand() % 1000;
        snprintf(text, sizeof(text), "n%u.owner.example", owner);
        struct sw_name name = name_of(text);
        const struct sw_sighting s = {name.wire, zones[zone].wire, rdata, 4, TYPE_A, time, time, 1};
        struct model_row *row = &model[owner * 4 + zone * 2 + rdata[3]];
        enum sw_status known = sw_tally_count(tally, &s);
        ck_assert_int_eq(known, row->count ? SW_OK : SW_ENOTFOUND);
        if (known != SW_OK)
            ck_assert_int_eq(sw_tally_add(tally), SW_OK);
        tuples += row->count == 0;
        row->first = row->count == 0 || time < row->first ? time : row->first;
        row->last = time > row->last ? time : row->last;
        row->count++;
    }
    ck_assert_uint_eq(sw_tally_size(tally), tuples);
    for (size_t i = 0; i < tuples; i++) {
        const struct sw_sighting s = sw_tally_at(tally, i);
        char text[SW_NAMETEXT_MAX];
        unsigned owner = (unsigned)strtoul(sw_name_text(s.owner, text) + 1, NULL, 10);
        unsigned zone = sw_name_equal(s.zone, zones[1].wire);
        struct model_row *row = &model[owner * 4 + zone * 2 + s.rdata[3]];
        ck_assert_uint_eq(s.first, row->first);
        ck_assert_uint_eq(s.last, row->last);
        ck_assert_uint_eq(s.count, row->count);
        row->count = 0; /* each tuple is there once */
    }
    sw_tally_free(tally);
}
END_TEST

/* Add new names until the tally refuses; returns their number. */
static size_t fill(struct sw_tally *tally, bool until_nearly)
{
    struct sw_name zone = name_of("example");
    const uint8_t rdata[4] = {192, 0, 2, 1};
    size_t n = 0;
    for (;; n++) {
        char text[48];
        snprintf(text, sizeof(text), "number-%zu.example", n);
        struct sw_name name = name_of(text);
        const struct sw_sighting s = {name.wire, zone.wire, rdata, 4, TYPE_A, n + 1, n + 1, 1};
        ck_assert_int_eq(sw_tally_count(tally, &s), SW_ENOTFOUND);
        enum sw_status status = sw_tally_add(tally);
        ck_assert_uint_le(sw_tally_octets(tally), SW_TALLY_MIN);
        if (status == SW_ETOOBIG || (until_nearly && sw_tally_nearly_full(tally)))
            return n;
        ck_assert_int_eq(status, SW_OK);
    }
}

/* The limit of memory holds, is announced before it is reached, and a clear makes room again for
 * as many. */
START_TEST(tally_is_bounded)
{
    struct sw_tally *tally = sw_tally_new(SW_TALLY_MIN);
    size_t n = fill(tally, false);
    ck_assert_uint_gt(n, 1000);
    sw_tally_clear(tally);
    ck_assert_uint_eq(sw_tally_size(tally), 0);
    ck_assert_uint_eq(fill(tally, false), n);
    sw_tally_clear(tally);
    size_t nearly = fill(tally, true);
    ck_assert_uint_lt(nearly, n);
    ck_assert_uint_gt(nearly, n / 2);
    sw_tally_free(tally);
}
END_TEST

/* ---- the keeper ---- */

static struct sw_settings settings_for(void)
{
    struct sw_settings settings;
    sw_settings_init(&settings);
    snprintf(settings.memory_folder, sizeof(settings.memory_folder), "%s/memory", folder);
    settings.memory_interval_s = 3600;
    settings.memory_ram_mib = 8;
    return settings;
}

/* Put an RRset with one record, as a worker does. */
static bool put(struct sw_keeper *keeper, const char *owner, uint16_t type, const uint8_t *rdata,
                size_t len)
{
    struct sw_name name = name_of(owner), zone = name_of("Example");
    struct sw_received r;
    uint8_t record[512] = {(uint8_t)(len >> 8), (uint8_t)len};
    memcpy(record + 2, rdata, len);
    zone.wire[1] = 'E';
    sw_received_begin(&r, 1700000000, type, name.wire, name.len, zone.wire, zone.len);
    sw_received_add(&r, record, len + 2);
    return sw_ring_put(sw_keeper_ring(keeper, 0), &r, sw_received_size(&r));
}

static bool put_address(struct sw_keeper *keeper, const char *owner)
{
    const uint8_t rdata[4] = {192, 0, 2, 1};
    return put(keeper, owner, TYPE_A, rdata, 4);
}

static json_int_t number(struct sw_keeper *keeper, const char *key, const char *reason)
{
    json_t *status = sw_keeper_status(keeper), *value = json_object_get(status, key);
    json_int_t n = json_integer_value(reason ? json_object_get(value, reason) : value);
    json_decref(status);
    return n;
}

/* Wait until the status has a number. */
static void until(struct sw_keeper *keeper, const char *key, const char *reason, json_int_t wanted)
{
    const struct timespec pause = {.tv_nsec = 2000000};
    int64_t end = sw_clock_mono_us() + 30 * 1000000;
    while (number(keeper, key, reason) != wanted) {
        ck_assert_msg(sw_clock_mono_us() < end, "%s %s: %lld", key, reason ? reason : "",
                      (long long)number(keeper, key, reason));
        nanosleep(&pause, NULL);
    }
}

static size_t files(void)
{
    char path[96];
    size_t n = 0;
    snprintf(path, sizeof(path), "%s/memory", folder);
    DIR *dir = opendir(path);
    for (const struct dirent *file; dir && (file = readdir(dir));)
        n += strstr(file->d_name, ".mtbl") && !strstr(file->d_name, ".new");
    if (dir)
        closedir(dir);
    return n;
}

START_TEST(limits_and_reasons_are_counted)
{
    make_folder();
    struct sw_settings settings = settings_for();
    char path[96];
    snprintf(path, sizeof(path), "%s/exclude", folder);
    FILE *file = fopen(path, "w");
    fputs("left.example\n", file);
    fclose(file);
    snprintf(settings.memory_exclude, sizeof(settings.memory_exclude), "%s", path);
    settings.memory_domain_limit = 5;
    settings.memory_cut_label = 20;
    struct sw_keeper *keeper = sw_keeper_new(&settings, 1);
    struct sw_name target = name_of("a234567890123456789012.target.example");
    for (unsigned i = 0; i < 8; i++) {
        char text[64];
        snprintf(text, sizeof(text), "N%u.many.example", i); /* limited to 5 */
        ck_assert(put_address(keeper, text));
        snprintf(text, sizeof(text), "%u-a-label-of-a-person-or-machine.cut.test", i);
        ck_assert(put_address(keeper, text)); /* all cut to cut.test */
        ck_assert(put_address(keeper, "same.test"));
    }
    ck_assert(put_address(keeper, "sub.left.example"));
    ck_assert(put(keeper, "alias.test", TYPE_CNAME, target.wire, target.len));
    ck_assert(put(keeper, "odd.test", TYPE_A, target.wire, 3));
    sw_keeper_drain(keeper);
    sw_keeper_show(keeper);
    ck_assert_int_eq(number(keeper, "tuples_waiting", NULL), 5 + 1 + 1);
    ck_assert_int_eq(number(keeper, "sightings", NULL), 5 + 8 + 8);
    ck_assert_int_eq(number(keeper, "left_out", "domain-limit"), 3);
    ck_assert_int_eq(number(keeper, "left_out", "excluded"), 1);
    ck_assert_int_eq(number(keeper, "left_out", "long-label"), 1);
    ck_assert_int_eq(number(keeper, "left_out", "malformed"), 1);
    const struct sw_sighting first = sw_tally_at(keeper->tally, 0);
    ck_assert_uint_eq(first.owner[1], 'n'); /* in lower case, as the zone */
    ck_assert_uint_eq(first.zone[1], 'e');
    sw_keeper_free(keeper);
    remove_folder();
}
END_TEST

/* A started keeper writes the tally at the end, here without the limit of time; a full ring is
 * counted. */
START_TEST(written_at_the_end)
{
    make_folder();
    struct sw_settings settings = settings_for();
    struct sw_keeper *keeper = sw_keeper_new(&settings, 1);
    json_int_t refused = 0;
    for (unsigned i = 0; i < 100000 && !refused; i++)
        refused += !put_address(keeper, "www.example");
    ck_assert_int_eq(refused, 1);
    ck_assert_int_eq(sw_keeper_start(keeper), SW_OK);
    until(keeper, "left_out", "ring-full", refused);
    until(keeper, "tuples_waiting", NULL, 1);
    ck_assert_uint_eq(files(), 0);
    keeper->stop_us = 60 * 1000000;
    sw_keeper_stop(keeper);
    ck_assert_uint_ge(files(), 1);
    ck_assert_int_eq(number(keeper, "tuples_waiting", NULL), 0);
    sw_keeper_free(keeper);
    remove_folder();
}
END_TEST

/* Many new names: files are written before the interval is over, and nothing is left out. */
START_TEST(full_memory_is_written_early)
{
    enum { N = 20000 };
    const struct timespec pause = {.tv_nsec = 1000000};
    make_folder();
    struct sw_settings settings = settings_for();
    settings.memory_domain_limit = 0;
    struct sw_keeper *keeper = sw_keeper_new(&settings, 1);
    ck_assert_int_eq(sw_keeper_start(keeper), SW_OK);
    json_int_t lost = 0;
    for (unsigned i = 0; i < N; i++) {
        char text[64];
        snprintf(text, sizeof(text), "number-%u.many.example", i);
        for (; !put_address(keeper, text); lost++)
            nanosleep(&pause, NULL);
    }
    until(keeper, "sightings", NULL, N);
    until(keeper, "left_out", "ring-full", lost);
    json_t *status = sw_keeper_status(keeper);
    json_int_t written = json_integer_value(json_object_get(status, "tuples_written"));
    json_int_t waiting = json_integer_value(json_object_get(status, "tuples_waiting"));
    json_decref(status);
    ck_assert_int_eq(written + waiting, N);
    ck_assert_int_gt(written, 0);
    ck_assert_int_eq(number(keeper, "left_out", "memory-full"), 0);
    ck_assert_uint_ge(files(), 1);
    sw_keeper_free(keeper);
    remove_folder();
}
END_TEST

static const char *state(struct sw_keeper *keeper)
{
    static char text[32];
    json_t *status = sw_keeper_status(keeper);
    snprintf(text, sizeof(text), "%s", json_string_value(json_object_get(status, "state")));
    json_decref(status);
    return text;
}

/* The parent folder is missing at first: recording stops, says so, and goes on with what was
 * counted meanwhile. */
START_TEST(goes_on_when_the_folder_can_be_written)
{
    make_folder();
    struct sw_settings settings = settings_for();
    snprintf(settings.memory_folder, sizeof(settings.memory_folder), "%s/later/memory", folder);
    struct sw_keeper *keeper = sw_keeper_new(&settings, 1);
    ck_assert(put_address(keeper, "www.example"));
    sw_keeper_drain(keeper);
    sw_keeper_seal(keeper, false);
    sw_keeper_show(keeper);
    ck_assert_str_eq(state(keeper), "stopped");
    ck_assert(put_address(keeper, "second.example"));
    sw_keeper_drain(keeper);
    char path[96];
    snprintf(path, sizeof(path), "%s/later", folder);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    sw_keeper_seal(keeper, false);
    sw_keeper_show(keeper);
    ck_assert_str_eq(state(keeper), "recording");
    ck_assert_int_eq(number(keeper, "tuples_written", NULL), 2);
    sw_keeper_free(keeper);
    remove_folder();
}
END_TEST

/* A write that fails, as on a full disk: no file, the tuples stay, and the next try writes. */
START_TEST(failed_write_is_repeated)
{
    struct rlimit none = {0, RLIM_INFINITY};
    const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
    make_folder();
    signal(SIGXFSZ, SIG_IGN);
    struct sw_settings settings = settings_for();
    struct sw_keeper *keeper = sw_keeper_new(&settings, 1);
    ck_assert(put_address(keeper, "www.example"));
    sw_keeper_drain(keeper);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
    for (unsigned i = 0; i < 3; i++)
        sw_keeper_seal(keeper, false);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &all), 0);
    sw_keeper_show(keeper);
    ck_assert_str_eq(state(keeper), "stopped");
    ck_assert_uint_eq(files(), 0);
    sw_keeper_seal(keeper, false);
    sw_keeper_show(keeper);
    ck_assert_str_eq(state(keeper), "recording");
    ck_assert_uint_ge(files(), 1);
    ck_assert_int_eq(number(keeper, "tuples_written", NULL), 1);
    sw_keeper_free(keeper);
    remove_folder();
}
END_TEST

/* Write a file of its own for each of two names. */
static void write_files(struct sw_keeper *keeper)
{
    for (unsigned i = 0; i < 2; i++) {
        char text[32];
        snprintf(text, sizeof(text), "n%u.example", i);
        ck_assert(put_address(keeper, text));
        sw_keeper_drain(keeper);
        sw_keeper_seal(keeper, false);
    }
    ck_assert_uint_eq(files(), 2);
}

/* Rename the files of the folder to those of a long time ago, in the list as well. */
static void make_old(void)
{
    char command[256];
    snprintf(command, sizeof(command),
             "cd %s/memory && for f in *.mtbl; do mv $f dns.20010101${f#dns.????????}; done && "
             "ls *.mtbl > dns.fileset",
             folder);
    ck_assert_int_eq(system(command), 0);
}

/* A step of upkeep: files over the limit of days go, others stay; the next step is not due. */
START_TEST(limits_of_the_folder)
{
    make_folder();
    struct sw_settings settings = settings_for();
    struct sw_keeper *keeper = sw_keeper_new(&settings, 1);
    write_files(keeper);
    make_old();
    ck_assert(put_address(keeper, "new.example"));
    sw_keeper_drain(keeper);
    sw_keeper_seal(keeper, false);
    ck_assert_uint_eq(files(), 3);
    keeper->tidy_us = INT64_MAX;
    sw_keeper_tidy(keeper);
    ck_assert_uint_eq(files(), 3);
    keeper->tidy_us = 0;
    sw_keeper_tidy(keeper);
    ck_assert_uint_eq(files(), 1);
    sw_keeper_free(keeper);
    remove_folder();
}
END_TEST

/* The disk is full: recording stops and says so. Files over the limit of days go all the same, and
 * recording goes on in their room. */
START_TEST(goes_on_after_a_full_disk)
{
    make_folder();
    struct sw_settings settings = settings_for();
    if (!mount_small_disk(folder)) {
        suite_skip("a file system to be filled");
        return;
    }
    struct sw_keeper *keeper = sw_keeper_new(&settings, 1);
    write_files(keeper);
    make_old();
    for (unsigned i = 0; i < 2; i++) { /* the first stays, the second has no room yet */
        ck_assert(put_address(keeper, i ? "new.example" : "kept.example"));
        sw_keeper_drain(keeper);
        if (i == 0)
            sw_keeper_seal(keeper, false);
    }
    fill_disk(folder);
    sw_keeper_seal(keeper, false);
    sw_keeper_show(keeper);
    ck_assert_str_eq(state(keeper), "stopped");
    ck_assert_uint_eq(files(), 3);
    sw_keeper_tidy(keeper);
    ck_assert_int_eq(keeper->tidied, SW_OK);
    ck_assert_uint_eq(files(), 1);
    sw_keeper_seal(keeper, false);
    sw_keeper_show(keeper);
    ck_assert_str_eq(state(keeper), "recording");
    ck_assert_uint_eq(files(), 2);
    sw_keeper_free(keeper);
}
END_TEST

/* Files of a past interval become one file. */
START_TEST(files_are_merged)
{
    make_folder();
    struct sw_settings settings = settings_for();
    settings.memory_days = 36500;
    struct sw_keeper *keeper = sw_keeper_new(&settings, 1);
    write_files(keeper);
    make_old();
    for (unsigned i = 0; i < 10 && files() > 1; i++) {
        keeper->tidy_us = 0;
        sw_keeper_tidy(keeper);
    }
    ck_assert_uint_eq(files(), 1);
    sw_keeper_free(keeper);
    remove_folder();
}
END_TEST

static enum sw_status go_on(void *arg, const struct sw_sighting *sighting)
{
    struct sw_keeper *keeper = arg;
    (void)sighting;
    keeper->begun_us = INT64_MIN / 2;
    ck_assert(sw_keeper_go_on(keeper));
    return SW_OK;
}

/* Long work of the keeper does not keep back a file that is due; reading the tuples does. */
START_TEST(written_during_other_work)
{
    make_folder();
    struct sw_settings settings = settings_for();
    struct sw_keeper *keeper = sw_keeper_new(&settings, 1);
    keeper->begun_us = sw_clock_mono_us();
    ck_assert(put_address(keeper, "www.example"));
    ck_assert(sw_keeper_go_on(keeper));
    ck_assert_uint_eq(files(), 0);
    sw_keeper_each(keeper, go_on, keeper);
    ck_assert_uint_eq(files(), 0);
    ck_assert(sw_keeper_go_on(keeper));
    ck_assert_uint_eq(files(), 1);
    sw_keeper_free(keeper);
    remove_folder();
}
END_TEST

/* A file that cannot be opened stays, and the limits hold for the others. */
START_TEST(upkeep_passes_over_a_file)
{
    char command[256];
    make_folder();
    struct sw_settings settings = settings_for();
    struct sw_keeper *keeper = sw_keeper_new(&settings, 1);
    write_files(keeper);
    make_old();
    snprintf(command, sizeof(command),
             "cd %s/memory && ln -s loop.mtbl loop.mtbl && echo loop.mtbl >> dns.fileset", folder);
    ck_assert_int_eq(system(command), 0);
    ck_assert_uint_eq(files(), 3);
    sw_keeper_tidy(keeper);
    ck_assert_uint_eq(files(), 1);
    ck_assert_uint_eq(keeper->closed, 1);
    sw_keeper_free(keeper);
    remove_folder();
}
END_TEST

/* What root writes belongs to the owner of the folder. */
START_TEST(root_gives_files_to_the_owner)
{
    char path[96];
    struct stat st;
    if (geteuid() != 0)
        return;
    make_folder();
    struct sw_settings settings = settings_for();
    snprintf(path, sizeof(path), "%s/memory", folder);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    ck_assert_int_eq(chown(path, 65534, 65534), 0);
    struct sw_keeper *keeper = sw_keeper_new(&settings, 1);
    ck_assert(put_address(keeper, "www.example"));
    sw_keeper_drain(keeper);
    sw_keeper_seal(keeper, false);
    DIR *dir = opendir(path);
    for (const struct dirent *file; (file = readdir(dir));) {
        ck_assert_int_eq(fstatat(dirfd(dir), file->d_name, &st, AT_SYMLINK_NOFOLLOW), 0);
        ck_assert_msg(strncmp(file->d_name, "dns.", 4) != 0 || st.st_uid == 65534, "%s",
                      file->d_name);
    }
    closedir(dir);
    sw_keeper_free(keeper);
    remove_folder();
}
END_TEST

int main(void)
{
    return RUN_SUITE("intake", TIMEOUT(60), TESTS(tally_equals_a_model, tally_is_bounded),
                     TESTS(limits_and_reasons_are_counted, written_at_the_end,
                           full_memory_is_written_early, goes_on_when_the_folder_can_be_written,
                           failed_write_is_repeated, limits_of_the_folder, files_are_merged,
                           goes_on_after_a_full_disk, written_during_other_work,
                           upkeep_passes_over_a_file, root_gives_files_to_the_owner));
}
