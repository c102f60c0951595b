/*
 * stop.h - the end of a sub-command that serves: SIGTERM, SIGINT or SIGHUP ask for the end,
 * and each wait looks whether the end was asked for.
 *
 * A signal that was ignored at the start stays ignored in every sub-command: nohup ignores SIGHUP.
 *
 * Threads      one; the handler of the signals only sets a flag
 */
#ifndef SW_CLI_STOP_H
#define SW_CLI_STOP_H

#include <stdbool.h>
#include <stdint.h>

/** Let handler have SIGINT, SIGTERM and SIGHUP, but for those that were ignored at the start. */
void cli_handle_signals(void (*handler)(int number));

/** Catch the signals that ask for the end. */
void cli_catch_signals(void);

/** Whether a signal asked this process to end. */
bool cli_stopped(void);

/** Wait for so many milliseconds, or until a signal comes. */
void cli_pause(uint32_t ms);

#endif
