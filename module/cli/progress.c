/* progress.c - a bar for long work. See output.h. */
#include "base/clock.h"
#include "cli/output.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FIRST_US 500000 /* shorter work shows no bar */
#define EACH_US  100000
#define BAR      30

void cli_progress_begin(struct cli_progress *progress, const char *what, uint64_t total)
{
    *progress = (struct cli_progress){.what = what, .total = total};
    progress->on = isatty(STDERR_FILENO);
    progress->next_us = sw_clock_mono_us() + FIRST_US;
}

void cli_progress_step(struct cli_progress *progress, uint64_t done, uint64_t n)
{
    static const char full[] = "##############################";
    int64_t now;
    if (!progress->on || (now = sw_clock_mono_us()) < progress->next_us)
        return;
    progress->next_us = now + EACH_US;
    progress->drawn = true;
    if (progress->total > 0) {
        unsigned percent = (unsigned)(done < progress->total ? done * 100 / progress->total : 100);
        int bar = (int)(percent * BAR / 100);
        fprintf(stderr, "\r%s [%-*.*s] %3u %%  %" PRIu64, progress->what, BAR, bar, full, percent,
                n);
        if (progress->rate > 0)
            fprintf(stderr, "  %.0f/s  %.0f s left ", progress->rate,
                    (double)(progress->total - (done < progress->total ? done : progress->total)) /
                        progress->rate);
    } else {
        fprintf(stderr, "\r%s %" PRIu64, progress->what, n);
    }
    fflush(stderr);
}

void cli_progress_wipe(struct cli_progress *progress)
{
    if (progress->drawn)
        fputs("\r\033[K", stderr);
    progress->drawn = false;
}
