/* test_file.c - the target of a write: files, links, FIFOs, devices, sockets, folders (D-097). */
#include "base/file.h"

#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char folder[64];

static const char *in_folder(const char *name)
{
    static char path[4][128];
    static unsigned turn;
    char *out = path[turn++ % 4];
    snprintf(out, sizeof(path[0]), "%s/%s", folder, name);
    return out;
}

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static const char *get(const char *path)
{
    static char text[64];
    memset(text, 0, sizeof(text));
    FILE *file = fopen(path, "r");
    if (file) {
        text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
        fclose(file);
    }
    return text;
}

static void make_socket(const char *path)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
    close(fd);
}

static void setup(void)
{
    snprintf(folder, sizeof(folder), "/tmp/sw-file-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    put(in_folder("regular"), "old\n");
    put(in_folder("target"), "old\n");
    ck_assert_int_eq(symlink(in_folder("target"), in_folder("link")), 0);
    ck_assert_int_eq(symlink(in_folder("nowhere"), in_folder("dangling")), 0);
    ck_assert_int_eq(symlink("/dev/null", in_folder("device-link")), 0);
    ck_assert_int_eq(mkfifo(in_folder("fifo"), 0600), 0);
    ck_assert_int_eq(mkdir(in_folder("folder"), 0700), 0);
    make_socket(in_folder("socket"));
}

static void teardown(void)
{
    static const char *const names[] = {"regular", "target", "link",   "dangling",  "device-link",
                                        "fifo",    "socket", "absent", "absent.new"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unlink(in_folder(names[i]));
    rmdir(in_folder("folder"));
    ck_assert_int_eq(rmdir(folder), 0); /* nothing else was left in the folder */
}

struct row {
    const char *path;         /* below the folder, or absolute */
    int appends;              /* errno of sw_file_append() */
    int replaces;             /* errno of sw_file_replace() */
    const char *after_append; /* content then; NULL: not looked at */
    const char *after_replace;
};

static const struct row rows[] = {
    {"absent", 0, 0, "new\n", "new\n"},          {"regular", 0, 0, "old\nnew\n", "new\n"},
    {"link", ELOOP, ELOOP, "old\n", "old\n"},    {"dangling", ELOOP, ELOOP, NULL, NULL},
    {"device-link", ELOOP, ELOOP, NULL, NULL},   {"folder", EISDIR, EISDIR, NULL, NULL},
    {"socket", ENXIO, ENXIO, NULL, NULL},        {"no/such", ENOENT, ENOENT, NULL, NULL},
    {"regular/x", ENOTDIR, ENOTDIR, NULL, NULL}, {"/dev/null", 0, 0, NULL, NULL},
    {"/dev/full", 0, ENOSPC, NULL, NULL},
};

static const char *path_of(const struct row *row)
{
    return row->path[0] == '/' ? row->path : in_folder(row->path);
}

START_TEST(appending)
{
    const struct row *row = &rows[_i];
    int fd = sw_file_append(path_of(row), 0640);
    ck_assert_msg((fd < 0 ? errno : 0) == row->appends, "%s: %s", row->path, strerror(errno));
    if (fd >= 0) {
        (void)!write(fd, "new\n", 4);
        close(fd);
    }
    if (row->after_append)
        ck_assert_str_eq(get(path_of(row)), row->after_append);
    ck_assert_int_ne(access(in_folder("nowhere"), F_OK), 0);
    ck_assert_str_eq(get(in_folder("target")), "old\n");
}
END_TEST

START_TEST(replacing)
{
    const struct row *row = &rows[_i];
    struct stat before, after;
    bool there = lstat(path_of(row), &before) == 0;
    bool ok = sw_file_replace(path_of(row), "new\n", 4);
    ck_assert_msg((ok ? 0 : errno) == row->replaces, "%s: %s", row->path, strerror(errno));
    if (row->after_replace)
        ck_assert_str_eq(get(path_of(row)), row->after_replace);
    /* A path that is no file stays unchanged. */
    if (there) {
        ck_assert_int_eq(lstat(path_of(row), &after), 0);
        ck_assert_int_eq(before.st_mode & S_IFMT, after.st_mode & S_IFMT);
    }
    ck_assert_int_ne(access(in_folder("nowhere"), F_OK), 0);
    ck_assert_str_eq(get(in_folder("target")), "old\n");
}
END_TEST

START_TEST(fifos)
{
    const char *path = in_folder("fifo");
    char text[16] = "";
    ck_assert_int_eq(sw_file_append(path, 0600), -1); /* nobody reads: does not wait */
    ck_assert_int_eq(errno, ENXIO);
    int reader = open(path, O_RDONLY | O_NONBLOCK);
    int fd = sw_file_append(path, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, "a\n", 2), 2);
    close(fd);
    ck_assert(sw_file_replace(path, "b\n", 2));
    ck_assert_int_eq(read(reader, text, sizeof(text)), 4);
    ck_assert_str_eq(text, "a\nb\n");
    close(reader);
}
END_TEST

/* A file that a killed run left in the folder, also a link of another user. */
START_TEST(left_beside)
{
    ck_assert_int_eq(symlink(in_folder("target"), in_folder("regular.new")), 0);
    ck_assert(sw_file_replace(in_folder("regular"), "new\n", 4));
    ck_assert_str_eq(get(in_folder("regular")), "new\n");
    ck_assert_str_eq(get(in_folder("target")), "old\n");
    ck_assert_int_ne(access(in_folder("regular.new"), F_OK), 0);
}
END_TEST

/* /dev/stdout is a link, made by nobody else than root. */
START_TEST(standard_output)
{
    int kept = dup(1), fd = open(in_folder("absent"), O_WRONLY | O_CREAT, 0600);
    fflush(stdout);
    dup2(fd, 1);
    int appended = sw_file_append("/dev/stdout", 0600);
    int written = appended >= 0 ? (int)write(appended, "a\n", 2) : -1;
    dup2(kept, 1);
    ck_assert_int_ge(appended, 0);
    ck_assert_int_eq(written, 2);
    ck_assert_str_eq(get(in_folder("absent")), "a\n");
    close(appended);
    close(fd);
    close(kept);
}
END_TEST

int main(void)
{
    return RUN_SUITE("file", FIXTURE(setup, teardown), LOOP(appending, COUNT(rows)),
                     LOOP(replacing, COUNT(rows)), TESTS(fifos, left_beside, standard_output));
}
