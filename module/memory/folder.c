/* folder.c - the set of valid files of a folder. See folder.h. */
#include "memory/folder.h"

#include "base/file.h"
#include "memory/buffer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FILESET    "dns.fileset"
#define LOCK       "dns.lock"
#define RESERVE    "dns.reserve"
#define RESERVED   (256 << 10) /* octets: a list of 10,000 files */
#define NEW        ".new-"     /* begins the name of a file that is not complete */
#define NEW_MAX_S  86400       /* such a file was left by a crash if it is older */
#define LOCK_TRIES 1000        /* of */
#define LOCK_PAUSE 10000000    /* nanoseconds: ten seconds in all */
#define FILE_MODE  0640        /* for the owner and the group, as the event file */

/* ---- names ---- */

enum sw_status sw_files_add(struct sw_files *files, const char *name)
{
    if (strlen(name) >= SW_FILE_NAME_MAX)
        return SW_ETOOBIG;
    if (files->n == files->max) {
        size_t max = files->max ? 2 * files->max : 64;
        void *names = realloc(files->name, max * sizeof(files->name[0]));
        if (!names)
            return SW_ENOMEM;
        files->name = names;
        files->max = max;
    }
    memcpy(files->name[files->n++], name, strlen(name) + 1);
    return SW_OK;
}

bool sw_files_have(const struct sw_files *files, const char *name)
{
    for (size_t i = 0; i < files->n; i++) {
        if (strcmp(files->name[i], name) == 0)
            return true;
    }
    return false;
}

void sw_files_free(struct sw_files *files)
{
    free(files->name);
    *files = (struct sw_files){0};
}

static bool is_name(const char *name)
{
    size_t len = strlen(name);
    return name[0] != '.' && !strchr(name, '/') && len > 5 &&
           strcmp(name + len - 5, ".mtbl") == 0 && len < SW_FILE_NAME_MAX;
}

static bool path_of(const char *folder, const char *name, char path[PATH_MAX])
{
    int n = snprintf(path, PATH_MAX, "%s/%s", folder, name);
    if (n > 0 && n < PATH_MAX)
        return true;
    errno = ENAMETOOLONG;
    return false;
}

/* A command that runs as root gives a file to the owner of the folder, so that the daemon, which
 * has dropped its rights, can read and lock. A file with a second name is left alone: that name may
 * be of a file of the system. */
static void give(const char *folder, int fd)
{
    struct stat of_folder, of_file;
    int error = errno;
    bool wanted = geteuid() == 0 && stat(folder, &of_folder) == 0 && of_folder.st_uid != 0 &&
                  fstat(fd, &of_file) == 0 && S_ISREG(of_file.st_mode) && of_file.st_nlink == 1;
    if (!wanted || fchown(fd, of_folder.st_uid, of_folder.st_gid) != 0)
        errno = error; /* the file stays root's */
}

/* ---- the list ---- */

static enum sw_status list_folder(const char *folder, struct sw_files *files)
{
    DIR *dir = opendir(folder);
    enum sw_status status = SW_OK;
    if (!dir)
        return errno == ENOENT ? SW_ENOTFOUND : SW_EIO;
    for (const struct dirent *entry = readdir(dir); entry && status == SW_OK;
         entry = readdir(dir)) {
        if (is_name(entry->d_name))
            status = sw_files_add(files, entry->d_name);
    }
    closedir(dir);
    return status;
}

static enum sw_status read_lines(FILE *in, struct sw_files *files)
{
    char line[SW_FILE_NAME_MAX + 2];
    enum sw_status status = SW_OK;
    while (status == SW_OK && fgets(line, sizeof(line), in)) {
        line[strcspn(line, "\r\n")] = 0;
        if (is_name(line) && !sw_files_have(files, line))
            status = sw_files_add(files, line);
    }
    return ferror(in) ? SW_EIO : status;
}

/* Root reads folders of another user: no link is followed, and no FIFO or device is read. */
static FILE *open_list(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;
    bool plain = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    FILE *in = plain ? fdopen(fd, "r") : NULL;
    if (fd >= 0 && !in) {
        close(fd);
        errno = EINVAL;
    }
    return in;
}

enum sw_status sw_folder_list(const char *folder, struct sw_files *files)
{
    char path[PATH_MAX];
    if (!path_of(folder, FILESET, path))
        return SW_EIO;
    FILE *in = open_list(path);
    if (!in)
        return errno == ENOENT ? list_folder(folder, files) : SW_EIO;
    enum sw_status status = read_lines(in, files);
    fclose(in);
    return status;
}

/* ---- files ---- */

int sw_folder_open(const char *folder, const char *name)
{
    char path[PATH_MAX];
    const int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    return path_of(folder, name, path) ? open(path, flags) : -1;
}

int sw_folder_create(const char *folder, char name[SW_FILE_NAME_MAX])
{
    static atomic_uint next;
    char path[PATH_MAX];
    for (int tries = 0; tries < 1000; tries++) {
        snprintf(name, SW_FILE_NAME_MAX, NEW "%ld-%u", (long)getpid(), atomic_fetch_add(&next, 1));
        if (!path_of(folder, name, path))
            return -1;
        int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
        if (fd >= 0)
            give(folder, fd);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

void sw_folder_remove(const char *folder, const char *name)
{
    char path[PATH_MAX];
    int error = errno;
    if (path_of(folder, name, path))
        unlink(path);
    errno = error;
}

void sw_folder_clean(const char *folder)
{
    DIR *dir = opendir(folder);
    struct stat st;
    if (!dir)
        return;
    for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        if (strncmp(entry->d_name, NEW, strlen(NEW)) == 0 &&
            fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            st.st_mtime + NEW_MAX_S < time(NULL))
            unlinkat(dirfd(dir), entry->d_name, 0);
    }
    closedir(dir);
}

/* ---- a change ---- */

static bool stopped(const atomic_bool *stop)
{
    return stop && atomic_load_explicit(stop, memory_order_relaxed);
}

/* flock() with an end: a stopped process could hold the lock. */
static enum sw_status lock(const char *folder, const atomic_bool *stop, int *out)
{
    char path[PATH_MAX];
    if (!path_of(folder, LOCK, path))
        return SW_EIO;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    if (fd < 0)
        return SW_EIO;
    give(folder, fd);
    for (int tries = 0; tries < LOCK_TRIES && !stopped(stop); tries++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
            *out = fd;
            return SW_OK;
        }
        nanosleep(&(struct timespec){.tv_nsec = LOCK_PAUSE}, NULL);
    }
    close(fd);
    return stopped(stop) ? SW_ECLOSED : SW_ETIMEOUT;
}

/* Give a new file the first free name of its interval. link() refuses a name that is taken. */
static enum sw_status place(const char *folder, struct sw_new_file *file)
{
    char from[PATH_MAX], to[PATH_MAX], name[SW_FILE_NAME_MAX];
    if (!path_of(folder, file->name, from))
        return SW_EIO;
    for (unsigned number = 1; number < 100000; number++) {
        sw_interval_name(&file->interval, number, name);
        if (!path_of(folder, name, to))
            return SW_EIO;
        if (link(from, to) == 0) {
            unlink(from);
            memcpy(file->name, name, sizeof(name));
            return SW_OK;
        }
        if (errno != EEXIST)
            return SW_EIO;
    }
    return SW_EIO;
}

/* ---- a full disk ---- */

/* Keep room for a list of files, so that files can be removed while the disk is full (D-159). */
static void keep_reserve(const char *folder)
{
    char path[PATH_MAX];
    if (!path_of(folder, RESERVE, path))
        return;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    if (fd < 0) /* mostly: there is one */
        return;
    give(folder, fd);
    if (posix_fallocate(fd, 0, RESERVED) != 0)
        unlink(path);
    close(fd);
}

/* Put a text in the place of a file; on a full disk in the room of the reserve. */
static bool replace(const char *folder, const char *path, const struct sw_buffer *text)
{
    if (sw_file_replace(path, (const char *)text->data, text->len))
        return true;
    if (errno != ENOSPC && errno != EDQUOT)
        return false;
    sw_folder_remove(folder, RESERVE);
    return sw_file_replace(path, (const char *)text->data, text->len);
}

/* The folder is opened before the list is replaced: once there is a new list, readers use the new
 * files, and nothing can be taken back. So the result of the last fsync() does not count. */
static enum sw_status write_list(const char *folder, const struct sw_files *files)
{
    struct sw_buffer text = {0};
    char path[PATH_MAX];
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum sw_status status = fd < 0 ? SW_EIO : SW_OK;
    for (size_t i = 0; i < files->n && status == SW_OK; i++) {
        if (!sw_buffer_add(&text, files->name[i], strlen(files->name[i])) ||
            !sw_buffer_add(&text, "\n", 1))
            status = SW_ENOMEM;
    }
    if (status == SW_OK && (!path_of(folder, FILESET, path) || !replace(folder, path, &text)))
        status = SW_EIO;
    int error = errno;
    sw_buffer_free(&text);
    if (status == SW_OK) {
        int list = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (list >= 0) {
            give(folder, list);
            close(list);
        }
        (void)fsync(fd);
    }
    if (fd >= 0)
        close(fd);
    errno = error;
    return status;
}

/* The list after the change. SW_EEXIST: a file to be removed is not in the list. */
static enum sw_status make_list(const struct sw_files *now, const struct sw_change *change,
                                struct sw_files *then)
{
    enum sw_status status = SW_OK;
    for (size_t i = 0; change->remove && i < change->remove->n; i++) {
        if (!sw_files_have(now, change->remove->name[i]))
            return SW_EEXIST;
    }
    for (size_t i = 0; i < now->n && status == SW_OK; i++) {
        if (!change->remove || !sw_files_have(change->remove, now->name[i]))
            status = sw_files_add(then, now->name[i]);
    }
    for (size_t i = 0; i < change->add_n && status == SW_OK; i++)
        status = sw_files_add(then, change->add[i].name);
    return status;
}

static bool has_list(const char *folder)
{
    char path[PATH_MAX];
    return path_of(folder, FILESET, path) && access(path, F_OK) == 0;
}

static void put_away(const char *folder, const struct sw_change *change)
{
    char from[PATH_MAX], to[PATH_MAX], name[SW_FILE_NAME_MAX + 8];
    for (size_t i = 0; change->remove && i < change->remove->n; i++) {
        const char *file = change->remove->name[i];
        snprintf(name, sizeof(name), "%s.aside", file);
        if (!change->aside)
            sw_folder_remove(folder, file);
        else if (path_of(folder, file, from) && path_of(folder, name, to))
            (void)rename(from, to);
    }
}

/* Under the lock. */
static enum sw_status commit(const char *folder, const struct sw_change *change)
{
    struct sw_files now = {0}, then = {0};
    enum sw_status status = sw_folder_list(folder, &now);
    size_t placed = 0;
    if (status == SW_OK && !has_list(folder)) /* before the first file that may not count yet */
        status = write_list(folder, &now);
    while (status == SW_OK && placed < change->add_n) {
        status = place(folder, &change->add[placed]);
        placed += status == SW_OK;
    }
    if (status == SW_OK)
        status = make_list(&now, change, &then);
    if (status == SW_OK)
        status = write_list(folder, &then);
    if (status == SW_OK)
        put_away(folder, change);
    for (size_t i = 0; status != SW_OK && i < placed; i++) {
        sw_folder_remove(folder, change->add[i].name);
        change->add[i].name[0] = 0;
    }
    sw_files_free(&now);
    sw_files_free(&then);
    return status;
}

enum sw_status sw_folder_commit(const char *folder, const struct sw_change *change)
{
    int fd;
    enum sw_status status = lock(folder, change->stop, &fd);
    if (status != SW_OK)
        return status;
    status = commit(folder, change);
    int error = errno;
    keep_reserve(folder);
    close(fd);
    errno = error;
    return status;
}
