/*
 * Files of the memory that a later version of the encoding has written: set aside with these words,
 * whether an upkeep opens each file or a merge meets the file (D-233).
 */
#include "memory_world.h"

#include "suite.h"

#include "base/log.h"
#include "memory/mtbl.h"

/* A file of this version. */
static void seal_some(void)
{
    struct sw_seal_options options = {.folder = folder, .tier = SW_TIER_DAY, .start = 1764028800};
    struct made made;
    struct sw_seal *writer;
    ck_assert_int_eq(sw_seal_begin(&options, &writer), SW_OK);
    for (int i = 0; i < 100; i++) {
        random_sighting(&made);
        ck_assert_int_eq(sw_seal_add(writer, &made.sighting), SW_OK);
    }
    ck_assert_int_eq(sw_seal_commit(writer, NULL), SW_OK);
}

static char said[512]; /* the last line of the log */

static void keep_line(enum sw_log_level level, const char *line)
{
    (void)level;
    snprintf(said, sizeof(said), "%s", line);
}

/* A file with the version of one row. */
static void add_version(uint8_t row, uint8_t version, struct sw_new_file *file)
{
    const uint8_t key[] = {SW_ROW_VERSION, row};
    struct sw_mtbl_writer *writer;
    uint64_t octets;
    int fd = sw_folder_create(folder, file->name);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(sw_mtbl_write(fd, &writer), SW_OK);
    ck_assert_int_eq(sw_mtbl_put(writer, key, sizeof(key), &version, 1), SW_OK);
    ck_assert_int_eq(sw_mtbl_finish(writer, &octets), SW_OK);
    sw_mtbl_writer_free(writer);
    close(fd);
    file->interval = sw_interval_at(SW_TIER_DAY, 1764028800);
    struct sw_change change = {.add = file, .add_n = 1};
    ck_assert_int_eq(sw_folder_commit(folder, &change), SW_OK);
}

/* A step of upkeep that meets a file of a later version, by opening each file or by a merge. */
static void meet_later_version(uint8_t row, uint8_t known, bool open_each)
{
    const struct sw_memory_limits limits = {.open_each = open_each};
    struct sw_new_file now, later;
    struct sw_tidied tidied;
    char path[256], words[512];
    make_folder();
    seal_some();
    add_version(row, known, &now);
    add_version(row, known + 1, &later);
    ck_assert_int_eq(sw_memory_tidy(folder, 1900000000, &limits, NULL, &tidied), SW_OK);
    ck_assert_uint_eq(tidied.aside, 1);
    ck_assert_uint_eq(tidied.merged, open_each ? 2 : 0);
    snprintf(words, sizeof(words),
             "memory: %s/%s was written by a later version of the encoding; set aside as %s.aside",
             folder, later.name, later.name);
    ck_assert_str_eq(said, words);
    snprintf(path, sizeof(path), "%s/%s.aside", folder, later.name);
    ck_assert_int_eq(access(path, F_OK), 0);
    while (tidied.more) {
        ck_assert_int_eq(sw_memory_tidy(folder, 1900000000, &limits, NULL, &tidied), SW_OK);
        ck_assert_uint_eq(tidied.aside, 0);
    }
    remove_folder();
}

START_TEST(test_files_of_a_later_version_are_set_aside)
{
    static const struct {
        uint8_t row, known;
    } rows[] = {
        {SW_ROW_OWNER, 0}, {SW_ROW_OWNER_NAME, 1}, {SW_ROW_RDATA, 1}, {SW_ROW_RDATA_NAME, 1}};
    sw_log_sink(keep_line);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        meet_later_version(rows[i].row, rows[i].known, true);
        meet_later_version(rows[i].row, rows[i].known, false);
    }
    sw_log_sink(NULL);
}
END_TEST

int main(void)
{
    return RUN_SUITE("memory_versions", TIMEOUT(60),
                     TESTS(test_files_of_a_later_version_are_set_aside));
}
