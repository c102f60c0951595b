/* sealing.c - the keeper's files: writing a tally, measuring the folder. See keeper.h. */
#include "memory/intake/keeper_parts.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "memory/folder.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#define MIB      ((size_t)1 << 20)
#define US_PER_S INT64_C(1000000)
#define BETWEEN  1024       /* tuples written before the rings are emptied again */
#define SORT_MAX (32 * MIB) /* sorted in some tenths of a second; rings and a stop wait */

/* Note why no file can be written; errno: the reason. The log has each reason once. */
static void note_problem(struct sw_keeper *keeper, enum sw_status status, int error)
{
    char buf[64], *problem = keeper->numbers.problem;
    bool first = !problem[0];
    snprintf(problem, SW_KEEPER_PROBLEM_MAX, "memory-folder %.110s: %s",
             keeper->settings->memory_folder,
             status == SW_EIO ? sw_file_words(error, buf) : sw_strerror(status));
    if (first)
        sw_log(SW_LOG_ERROR, "%s: nothing is recorded until a file can be written again", problem);
}

static void note_success(struct sw_keeper *keeper)
{
    if (keeper->numbers.problem[0])
        sw_log(SW_LOG_INFO, "memory-folder %s: files are written again",
               keeper->settings->memory_folder);
    keeper->numbers.problem[0] = '\0';
}

/* Make the folder, if only the last part of the path is missing. */
static enum sw_status make_folder(struct sw_keeper *keeper)
{
    if (keeper->has_folder)
        return SW_OK;
    if (mkdir(keeper->settings->memory_folder, 0750) != 0 && errno != EEXIST)
        return SW_EIO;
    keeper->has_folder = true;
    return SW_OK;
}

static void drain(void *arg)
{
    sw_keeper_drain(arg);
}

/* Put all tuples of `written` into a file. Meanwhile the rings are emptied into the other tally. */
static enum sw_status write_tally(struct sw_keeper *keeper, const atomic_bool *stop)
{
    size_t sort = keeper->settings->memory_ram_mib * MIB / 4;
    const struct sw_seal_options options = {.folder = keeper->settings->memory_folder,
                                            .tier = SW_TIER_MINUTE,
                                            .start = (uint64_t)(sw_clock_wall_us() / US_PER_S),
                                            .buffer = sort < SORT_MAX ? sort : SORT_MAX,
                                            .stop = stop,
                                            .between = drain,
                                            .arg = keeper};
    struct sw_seal *seal = NULL;
    struct sw_sealed sealed;
    enum sw_status status = sw_seal_begin(&options, &seal);
    if (status != SW_OK)
        return status;
    for (size_t i = 0; i < sw_tally_size(keeper->written); i++) {
        const struct sw_sighting s = sw_tally_at(keeper->written, i);
        status = sw_seal_add(seal, &s);
        if (status != SW_OK && status != SW_EINVAL) {
            int error = errno;
            sw_seal_drop(seal);
            errno = error;
            return status;
        }
        if ((i + 1) % BETWEEN == 0)
            sw_keeper_drain(keeper);
    }
    status = sw_seal_commit(seal, &sealed);
    if (status == SW_OK) {
        keeper->numbers.files += sealed.files;
        keeper->numbers.tuples += sealed.tuples;
    }
    return status;
}

/* Write `written` to a file. False: the tuples are still there. */
static bool seal_written(struct sw_keeper *keeper, bool last)
{
    if (sw_tally_size(keeper->written) == 0)
        return true;
    errno = 0;
    enum sw_status status = make_folder(keeper);
    if (status == SW_OK)
        status = write_tally(keeper, last ? &keeper->abandon : &keeper->stop);
    if (status == SW_ECLOSED)
        return false;
    if (status != SW_OK) {
        keeper->has_folder = false;
        note_problem(keeper, status, errno);
        return false;
    }
    note_success(keeper);
    sw_tally_clear(keeper->written);
    keeper->times_written++;
    keeper->numbers.newest_s = sw_clock_wall_us() / US_PER_S;
    return true;
}

/* Make the tally that is counted in the one to be written. False: the former is not written. */
static bool swap(struct sw_keeper *keeper)
{
    struct sw_tally *tally = keeper->tally;
    if (sw_tally_size(keeper->written) > 0)
        return false;
    keeper->tally = keeper->written;
    keeper->written = tally;
    keeper->full = false;
    sw_domains_clear(keeper->domains);
    return true;
}

static void begin_interval(struct sw_keeper *keeper)
{
    int64_t now_us = sw_clock_mono_us(), took_us = now_us - keeper->begun_us;
    uint64_t counted = keeper->numbers.sightings - keeper->sightings_begun;
    if (took_us > 0)
        keeper->numbers.per_second = counted * (uint64_t)US_PER_S / (uint64_t)took_us;
    keeper->sightings_begun = keeper->numbers.sightings;
    keeper->begun_us = now_us;
}

void sw_keeper_seal(struct sw_keeper *keeper, bool last)
{
    begin_interval(keeper);
    bool all = seal_written(keeper, last) && swap(keeper) && seal_written(keeper, last);
    if (keeper->numbers.problem[0])
        keeper->full = false; /* the rings go on to be emptied; new tuples are left out */
    if (all)
        sw_keeper_measure(keeper);
    size_t left = sw_tally_size(keeper->written) + sw_tally_size(keeper->tally);
    if (last && left > 0)
        sw_log(SW_LOG_WARNING, "memory-folder %s: %zu records of the last interval are lost",
               keeper->settings->memory_folder, left);
}

/* Add a file to the numbers. */
static void measure_file(struct sw_keeper_numbers *numbers, const char *folder, const char *name)
{
    struct sw_interval interval;
    struct stat st;
    char path[SW_PATH_MAX + SW_FILE_NAME_MAX];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    if (lstat(path, &st) != 0)
        return;
    numbers->files_now++;
    numbers->octets += (uint64_t)st.st_size;
    if (numbers->newest_s < (int64_t)st.st_mtime)
        numbers->newest_s = (int64_t)st.st_mtime;
    if (!sw_interval_parse(name, &interval))
        return;
    if (numbers->oldest_s == 0 || (int64_t)interval.start < numbers->oldest_s)
        numbers->oldest_s = (int64_t)interval.start;
}

void sw_keeper_measure(struct sw_keeper *keeper)
{
    struct sw_keeper_numbers *numbers = &keeper->numbers;
    struct sw_files files = {0};
    numbers->octets = numbers->files_now = 0;
    numbers->oldest_s = 0;
    if (sw_folder_list(keeper->settings->memory_folder, &files) == SW_OK)
        for (size_t i = 0; i < files.n; i++)
            measure_file(numbers, keeper->settings->memory_folder, files.name[i]);
    sw_files_free(&files);
}
