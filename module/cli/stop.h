/*
 * stop.h - the end of a sub-command that serves: SIGTERM, SIGINT or SIGHUP ask for the end,
 * and each wait looks whether the end was asked for.
 *
 * Threads      one; the handler of the signals only sets a flag
 */
#ifndef SW_CLI_STOP_H
#define SW_CLI_STOP_H

#include <stdbool.h>
#include <stdint.h>

/** Catch the signals. */
void cli_catch_signals(void);

/** Whether a signal asked this process to end. */
bool cli_stopped(void);

/** Wait for so many milliseconds, or until a signal comes. */
void cli_pause(uint32_t ms);

#endif
