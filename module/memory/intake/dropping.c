/* dropping.c - the limits of the folder: files that are too old, or too many. See keeper.h. */
#include "memory/intake/keeper_parts.h"

#include "base/clock.h"
#include "base/log.h"
#include "memory/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MIB       (UINT64_C(1) << 20)
#define US_PER_S  INT64_C(1000000)
#define S_PER_DAY INT64_C(86400)
#define LOOK_US   (30 * US_PER_S) /* between two looks at the folder */

/* A file of the folder. */
struct own {
    const char *name;
    int64_t begin_s, end_s;
    uint64_t octets;
};

static int by_begin(const void *one, const void *two)
{
    const struct own *a = one, *b = two;
    return (a->begin_s > b->begin_s) - (a->begin_s < b->begin_s);
}

/* The files with a name of an interval, oldest first; files of other names are not the keeper's.
 * Returns the number. */
static size_t look(const struct sw_keeper *keeper, const struct sw_files *files, struct own *own)
{
    size_t n = 0;
    for (size_t i = 0; i < files->n; i++) {
        struct sw_interval interval;
        struct stat st;
        char path[SW_PATH_MAX + SW_FILE_NAME_MAX];
        snprintf(path, sizeof(path), "%s/%s", keeper->settings->memory_folder, files->name[i]);
        if (sw_interval_parse(files->name[i], &interval) && lstat(path, &st) == 0)
            own[n++] = (struct own){files->name[i], (int64_t)interval.start, (int64_t)interval.end,
                                    (uint64_t)st.st_size};
    }
    qsort(own, n, sizeof(*own), by_begin);
    return n;
}

/* Take the oldest files out of the folder, up to the limits. */
static void drop(const struct sw_keeper *keeper, const struct own *own, size_t n)
{
    int64_t now_s = sw_clock_wall_us() / US_PER_S;
    struct sw_files old = {0};
    uint64_t octets = 0;
    for (size_t i = 0; i < n; i++)
        octets += own[i].octets;
    for (size_t i = 0; i < n; i++) {
        bool aged = own[i].end_s + keeper->settings->memory_days * S_PER_DAY <= now_s;
        if (!aged && octets <= keeper->settings->memory_max_mib * MIB)
            continue;
        octets -= own[i].octets;
        if (sw_files_add(&old, own[i].name) != SW_OK)
            break;
    }
    const struct sw_change change = {.remove = &old, .stop = &keeper->stop};
    if (old.n > 0 && sw_folder_commit(keeper->settings->memory_folder, &change) == SW_OK)
        sw_log(SW_LOG_DEBUG, "memory-folder %s: %zu files over a limit are removed",
               keeper->settings->memory_folder, old.n);
    sw_files_free(&old);
}

void sw_keeper_limit(struct sw_keeper *keeper)
{
    struct sw_files files = {0};
    int64_t now_us = sw_clock_mono_us();
    if (now_us < keeper->limit_us)
        return;
    keeper->limit_us = now_us + LOOK_US;
    struct own *own = NULL;
    if (sw_folder_list(keeper->settings->memory_folder, &files) == SW_OK)
        own = calloc(files.n + 1, sizeof(*own));
    if (own)
        drop(keeper, own, look(keeper, &files, own));
    free(own);
    sw_files_free(&files);
}
