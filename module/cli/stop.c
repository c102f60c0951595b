/* stop.c - see stop.h. */
#include "cli/stop.h"

#include <signal.h>
#include <stddef.h>
#include <time.h>

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
    (void)number;
    stopped = 1;
}

void cli_handle_signals(void (*handler)(int number))
{
    const int signals[] = {SIGTERM, SIGINT, SIGHUP};
    struct sigaction action = {.sa_handler = handler}, former;
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        if (sigaction(signals[i], NULL, &former) == 0 && former.sa_handler != SIG_IGN)
            sigaction(signals[i], &action, NULL);
}

void cli_catch_signals(void)
{
    cli_handle_signals(on_signal);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_DFL); /* ignored by our parent: no end of a program would be seen */
}

bool cli_stopped(void)
{
    return stopped;
}

void cli_pause(uint32_t ms)
{
    struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    if (!stopped)
        nanosleep(&wait, NULL);
}
