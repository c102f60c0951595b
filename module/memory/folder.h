/*
 * folder.h - the folder of tables: names, the list of valid files, changes all or nothing.
 *
 * dns.fileset has a name in each line, as libmtbl's filesets do. A change of the set of files:
 *     write the new files under temporary names, and sync them
 *     sw_folder_commit(): lock, read dns.fileset, rename the new files, replace dns.fileset,
 *     unlock, remove the old files
 * A crash leaves the former or the new dns.fileset; a file that is not listed is not read. A folder
 * without dns.fileset, as somebody copied it, has all files that end in .mtbl.
 *
 * dns.reserve has room for a list: on a full disk the room goes to the new dns.fileset, so that
 * files can always be removed. The next commit that finds room makes the file again (D-159).
 *
 * Threads      any number of threads and processes: dns.lock is locked by flock() for a commit
 * Errors       SW_EIO with errno
 * Security     a name with a slash, or that begins with a dot, is not a name of a file
 */
#ifndef SW_MEMORY_FOLDER_H
#define SW_MEMORY_FOLDER_H

#include "memory/memory.h"

#define SW_FILE_NAME_MAX 128

/* The interval that a name stands for. */
struct sw_interval {
    enum sw_tier tier;
    uint64_t start, end; /* seconds since 1970, end excluded */
};

/** The interval of this tier, in UTC, that holds a time. */
struct sw_interval sw_interval_at(enum sw_tier tier, uint64_t time);

/** dns.20261130.1358.m.mtbl for number 1, dns.20261130.1358.m.2.mtbl for number 2. */
void sw_interval_name(const struct sw_interval *interval, unsigned number,
                      char name[SW_FILE_NAME_MAX]);

/** Reverse; false: a name of another form, such as of a file that somebody copied there. */
bool sw_interval_parse(const char *name, struct sw_interval *interval);

/* Names of files. */
struct sw_files {
    size_t n, max;
    char (*name)[SW_FILE_NAME_MAX];
};

/** Add a name, look for a name, free all names. SW_OK, SW_ENOMEM, SW_ETOOBIG. */
enum sw_status sw_files_add(struct sw_files *files, const char *name);
bool sw_files_have(const struct sw_files *files, const char *name);
void sw_files_free(struct sw_files *files);

/** The valid files. SW_ENOTFOUND: there is no such folder. SW_EIO: also if the list of the files is
 * a symbolic link or no regular file. */
enum sw_status sw_folder_list(const char *folder, struct sw_files *files);

/** Open a file of the folder for reading: the descriptor, or -1 with errno; ELOOP: a symbolic link,
 * which is not followed, since root reads folders of another user. */
int sw_folder_open(const char *folder, const char *name);

/** Create a file under a temporary name: the descriptor, or -1 with errno. */
int sw_folder_create(const char *folder, char name[SW_FILE_NAME_MAX]);
void sw_folder_remove(const char *folder, const char *name);

/* A new file, complete and synced. */
struct sw_new_file {
    char name[SW_FILE_NAME_MAX]; /* temporary; after the commit the valid name */
    struct sw_interval interval;
};

struct sw_change {
    struct sw_new_file *add;
    size_t add_n;
    const struct sw_files *remove; /* NULL = none */
    bool aside;                    /* rename the removed files to NAME.aside */
    const atomic_bool *stop;
};

/**
 * Make a change, all or nothing.
 *
 * SW_OK; SW_EEXIST: a file to be removed is not valid any more, another process was faster;
 * SW_ECLOSED; SW_ETIMEOUT: the lock was not free for ten seconds; SW_EIO with errno; SW_ENOMEM.
 * In each of these the valid files are as before; the new files that had got their names are
 * removed, and have the name "".
 */
enum sw_status sw_folder_commit(const char *folder, const struct sw_change *change);

/** Remove temporary files that are older than a day: left by a crash. */
void sw_folder_clean(const char *folder);

#endif
