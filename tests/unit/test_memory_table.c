/*
 * Tables of the memory: what is written is read, by our cursor and by Debian's mtbl_dump; entries
 * have the octets that dnstable-encoding(5) shows.
 */
#include "memory_rig.h"

#include "suite.h"

#include "memory/merge.h"
#include "memory/mtbl.h"

#include <errno.h>
#include <sys/wait.h>

#define KEYS 5000

struct pair {
    uint8_t key[64], value[40];
    size_t key_len, value_len;
};

static int compare_pairs(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    return sw_compare_keys(x->key, x->key_len, y->key, y->key_len);
}

/* Random keys that share beginnings, in order, each once. */
static size_t make_pairs(struct pair *pairs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        pairs[i].key_len = 1 + below(60);
        pairs[i].value_len = below(sizeof(pairs[i].value));
        for (size_t j = 0; j < sizeof(pairs[i].key); j++)
            pairs[i].key[j] = below(8) ? (uint8_t)(250 + below(6)) : (uint8_t)below(256);
        for (size_t j = 0; j < sizeof(pairs[i].value); j++)
            pairs[i].value[j] = (uint8_t)below(256);
    }
    qsort(pairs, n, sizeof(pairs[0]), compare_pairs);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (kept == 0 || compare_pairs(&pairs[kept - 1], &pairs[i]) != 0)
            pairs[kept++] = pairs[i];
    }
    return kept;
}

static struct sw_mtbl *write_pairs(const struct pair *pairs, size_t n)
{
    char path[128];
    struct sw_mtbl_writer *writer;
    struct sw_mtbl *table;
    uint64_t octets;
    const char *why;
    snprintf(path, sizeof(path), "%s/t.mtbl", folder);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_eq(sw_mtbl_write(fd, &writer), SW_OK);
    for (size_t i = 0; i < n; i++) {
        ck_assert_int_eq(
            sw_mtbl_put(writer, pairs[i].key, pairs[i].key_len, pairs[i].value, pairs[i].value_len),
            SW_OK);
        ck_assert_int_eq(sw_mtbl_put(writer, pairs[i].key, pairs[i].key_len, NULL, 0), SW_EINVAL);
    }
    ck_assert_int_eq(sw_mtbl_finish(writer, &octets), SW_OK);
    sw_mtbl_writer_free(writer);
    ck_assert_int_eq(sw_mtbl_open(fd, &table, &why), SW_OK);
    ck_assert_uint_eq(sw_mtbl_entries(table), n);
    ck_assert_uint_eq(sw_mtbl_octets(table), octets);
    return table;
}

static void check_at(const struct sw_cursor *cursor, const struct pair *pair)
{
    ck_assert_mem_eq(cursor->key, pair->key, pair->key_len);
    ck_assert_uint_eq(cursor->key_len, pair->key_len);
    ck_assert_uint_eq(cursor->value_len, pair->value_len);
    if (pair->value_len > 0)
        ck_assert_mem_eq(cursor->value, pair->value, pair->value_len);
}

START_TEST(test_each_key_is_found)
{
    static struct pair pairs[KEYS], wanted;
    struct sw_cursor cursor;
    make_folder();
    size_t n = make_pairs(pairs, KEYS);
    struct sw_mtbl *table = write_pairs(pairs, n);
    ck_assert_int_eq(sw_cursor_open(&cursor, table), SW_OK);
    for (size_t i = 0; i < n; i++) {
        ck_assert_int_eq(sw_cursor_next(&cursor), SW_OK);
        check_at(&cursor, &pairs[i]);
    }
    ck_assert_int_eq(sw_cursor_next(&cursor), SW_ENOTFOUND);
    for (int round = 0; round < 5000; round++) {
        make_pairs(&wanted, 1);
        if (below(2))
            wanted = pairs[below((unsigned)n)];
        size_t at = 0, high = n;
        while (at < high) {
            size_t middle = (at + high) / 2;
            if (compare_pairs(&pairs[middle], &wanted) < 0)
                at = middle + 1;
            else
                high = middle;
        }
        enum sw_status status = sw_cursor_seek(&cursor, wanted.key, wanted.key_len);
        ck_assert_int_eq(status, at < n ? SW_OK : SW_ENOTFOUND);
        for (; at < n && status == SW_OK && below(3); at++, status = sw_cursor_next(&cursor))
            check_at(&cursor, &pairs[at]);
    }
    sw_cursor_close(&cursor);
    sw_mtbl_close(table);
    remove_folder();
}
END_TEST

/* Run a program of mtbl-bin on a file of the folder; its output, or NULL without the program. */
static char *run(const char *program, const char *file)
{
    static char output[1 << 16];
    char command[256];
    snprintf(command, sizeof(command), "command -v %s >/dev/null || exit 127; exec %s %s/%s 2>&1",
             program, program, folder, file);
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    output[fread(output, 1, sizeof(output) - 1, pipe)] = 0;
    int status = pclose(pipe);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s: %d: %s", program, status,
                  output);
    return output;
}

START_TEST(test_others_read_the_table)
{
    static struct pair pairs[KEYS];
    make_folder();
    size_t n = make_pairs(pairs, KEYS);
    sw_mtbl_close(write_pairs(pairs, n));
    char words[64];
    snprintf(words, sizeof(words), "entry count:           %zu", n);
    ck_assert_ptr_nonnull(strstr(run("mtbl_info", "t.mtbl"), words));
    ck_assert_ptr_nonnull(strstr(run("mtbl_verify", "t.mtbl"), "OK"));
    remove_folder();
}
END_TEST

/* D-147. The second example of dnstable-encoding(5), as mtbl_dump prints it; without the index of
 * owner names (D-156). */
static const char dumped[] =
    "\"\\x00\\x03org\\x03isc\\x03www\\x00\\x01\\x03org\\x03isc\\x00\\x04\\x95\\x14@*\" "
    "\"\\x90\\xb9\\xe6\\xfb\\x04\\xa0\\x87\\xe7\\xfb\\x04\\x01\"\n"
    "\"\\x02\\x95\\x14@*\\x01\\x03org\\x03isc\\x03www\\x00\\x04\\x00\" "
    "\"\\x90\\xb9\\xe6\\xfb\\x04\\xa0\\x87\\xe7\\xfb\\x04\\x01\"\n"
    "\"\\xfe\" \"\\x90\\xb9\\xe6\\xfb\\x04\\xa0\\x87\\xe7\\xfb\\x04\"\n"
    "\"\\xff\\x00\" \"\\x00\"\n\"\\xff\\x01\" \"\\x01\"\n\"\\xff\\x02\" \"\\x01\"\n"
    "\"\\xff\\x03\" \"\\x01\"\n";

START_TEST(test_the_example_of_the_encoding)
{
    const uint8_t address[] = {149, 20, 64, 42};
    struct sw_name owner, zone;
    struct sw_seal *seal;
    struct sw_sealed sealed;
    make_folder();
    set_name(&owner, "www.isc.org");
    set_name(&zone, "isc.org");
    struct sw_sighting sighting = {owner.wire, zone.wire,  address,    sizeof(address),
                                   1,          1333370000, 1333380000, 1};
    struct sw_seal_options options = {
        .folder = folder, .tier = SW_TIER_MINUTE, .start = 1333380000};
    ck_assert_int_eq(sw_seal_begin(&options, &seal), SW_OK);
    ck_assert_int_eq(sw_seal_add(seal, &sighting), SW_OK);
    ck_assert_int_eq(sw_seal_commit(seal, &sealed), SW_OK);
    ck_assert_uint_eq(sealed.tuples, 1);
    ck_assert_str_eq(run("mtbl_dump", "dns.20120402.1520.m.mtbl"), dumped);
    ck_assert_str_eq(run("cat", "dns.fileset"), "dns.20120402.1520.m.mtbl\n");
    remove_folder();
}
END_TEST

/* Root reads the folder of Unbound's user: a FIFO does not block, and no link is followed. */
START_TEST(test_only_regular_files_are_read)
{
    struct sw_files files = {0};
    char path[128];
    make_folder();
    ck_assert_str_eq(run("mkfifo", "dns.fileset"), "");
    ck_assert_int_eq(sw_folder_list(folder, &files), SW_EIO);
    ck_assert_str_eq(run("rm", "dns.fileset"), "");
    snprintf(path, sizeof(path), "%s/dns.fileset", folder);
    ck_assert_int_eq(symlink("/dev/null", path), 0);
    ck_assert_int_eq(sw_folder_list(folder, &files), SW_EIO);
    ck_assert_int_eq(sw_folder_open(folder, "dns.fileset"), -1);
    ck_assert_int_eq(errno, ELOOP);
    sw_files_free(&files);
    remove_folder();
}
END_TEST

/* RFC 3720 B.4. */
START_TEST(test_crc32c)
{
    uint8_t octets[32] = {0};
    ck_assert_uint_eq(sw_crc32c(octets, 32), 0x8a9136aa);
    memset(octets, 255, sizeof(octets));
    ck_assert_uint_eq(sw_crc32c(octets, 32), 0x62a8ab43);
    for (unsigned i = 0; i < 32; i++)
        octets[i] = (uint8_t)i;
    ck_assert_uint_eq(sw_crc32c(octets, 32), 0x46dd794e);
    ck_assert_uint_eq(sw_crc32c((const uint8_t *)"123456789", 9), 0xe3069283);
}
END_TEST

int main(void)
{
    return RUN_SUITE("memory_table", TESTS(test_each_key_is_found, test_others_read_the_table,
                                           test_the_example_of_the_encoding,
                                           test_only_regular_files_are_read, test_crc32c));
}
