/*
 * memory_rig.h - a folder for tables, names, and random numbers.
 */
#ifndef SW_TESTS_UNIT_MEMORY_RIG_H
#define SW_TESTS_UNIT_MEMORY_RIG_H

#include "memory/encoding.h"
#include "memory/folder.h"
#include "memory/memory.h"
#include "memory/octets.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[64];

static void make_folder(void)
{
    /* In memory where possible: many files are synced. */
    const char *where = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(folder, sizeof(folder), "%s/sinkwatch-memory-XXXXXX", where);
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void remove_folder(void)
{
    DIR *dir = opendir(folder);
    ck_assert_ptr_nonnull(dir);
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
        unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    ck_assert_int_eq(rmdir(folder), 0);
}

static uint64_t seed = 1;

static unsigned below(unsigned n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % n;
}

static void set_name(struct sw_name *name, const char *text)
{
    ck_assert_int_eq(sw_name_parse(text, strlen(text), name, NULL), SW_OK);
}

#endif
