/* upkeep.c - the keeper's work between two files: emptying the rings, work of others, merges. */
#include "memory/intake/keeper_parts.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <time.h>

#define MIB      ((size_t)1 << 20)
#define US_PER_S INT64_C(1000000)
#define WORK_US  INT64_C(10000)  /* of a merge, before a pause of the same length */
#define TIDY_US  (30 * US_PER_S) /* between two looks for work on the folder */

static bool is_stopping(const struct sw_keeper *keeper)
{
    return atomic_load_explicit(&keeper->stop, memory_order_acquire);
}

static bool interval_over(const struct sw_keeper *keeper, int64_t now_us)
{
    return now_us - keeper->begun_us >= keeper->settings->memory_interval_s * US_PER_S;
}

bool sw_keeper_go_on(struct sw_keeper *keeper)
{
    sw_keeper_drain(keeper);
    if (!keeper->reading && !is_stopping(keeper) &&
        (keeper->full || interval_over(keeper, sw_clock_mono_us()))) {
        sw_keeper_seal(keeper, false);
        sw_keeper_show(keeper);
        atomic_store_explicit(&keeper->awake, true, memory_order_release);
    }
    return !is_stopping(keeper);
}

void sw_keeper_do_work(struct sw_keeper *keeper)
{
    if (atomic_exchange_explicit(&keeper->awake, false, memory_order_acquire) && keeper->work)
        keeper->work(keeper->work_arg);
}

/* In a merge, which can take longer than many intervals: the other work of the keeper, and a pause
 * after WORK_US, so that a merge takes half a core at most. */
static void between_rows(void *arg)
{
    const struct timespec pause = {.tv_nsec = WORK_US * 1000};
    struct sw_keeper *keeper = arg;
    int64_t now_us = sw_clock_mono_us();
    if (now_us - keeper->paused_us < WORK_US)
        return;
    if (sw_keeper_go_on(keeper))
        sw_keeper_do_work(keeper);
    nanosleep(&pause, NULL);
    keeper->paused_us = sw_clock_mono_us();
}

/* Log a failure of the upkeep when it begins: files are not merged, and limits not kept. */
static void note_upkeep(struct sw_keeper *keeper, enum sw_status status, unsigned closed, int error)
{
    char buf[64];
    if (status == SW_ECLOSED)
        return;
    if (status != SW_OK && status != SW_ENOTFOUND && status != keeper->tidied)
        sw_log(SW_LOG_WARNING, "memory-folder %s: files are not merged or removed: %s",
               keeper->settings->memory_folder,
               status == SW_EIO ? sw_file_words(error, buf) : sw_strerror(status));
    if (closed > keeper->closed)
        sw_log(SW_LOG_WARNING,
               "memory-folder %s: files that cannot be opened, and are left as they are: %u",
               keeper->settings->memory_folder, closed);
    keeper->tidied = status;
    keeper->closed = closed;
}

bool sw_keeper_tidy(struct sw_keeper *keeper)
{
    struct sw_tidied tidied = {.more = false};
    const struct sw_memory_limits limits = {.days = keeper->settings->memory_days,
                                            .octets =
                                                keeper->settings->memory_max_mib * (uint64_t)MIB,
                                            .open_each = !keeper->opened,
                                            .between = between_rows,
                                            .arg = keeper};
    int64_t now_us = sw_clock_mono_us();
    if (now_us < keeper->tidy_us)
        return false;
    keeper->tidy_us = now_us + TIDY_US;
    enum sw_status status =
        sw_memory_tidy(keeper->settings->memory_folder, (uint64_t)(sw_clock_wall_us() / US_PER_S),
                       &limits, &keeper->stop, &tidied);
    note_upkeep(keeper, status, tidied.closed, errno);
    keeper->opened |= status != SW_ENOTFOUND; /* on a full disk not again and again */
    if (status != SW_OK || !tidied.more)
        return false;
    keeper->tidy_us = now_us;
    return true;
}
