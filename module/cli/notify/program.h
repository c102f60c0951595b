/*
 * program.h - running a program with a text on standard input, without a shell.
 *
 * The program gets the arguments as given, standard output and error go to standard error of this
 * process, and the environment has PATH and the given variables only. All processes of the program
 * are killed at the end of the time.
 *
 * Threads      one
 * Standards    POSIX.1-2008; memfd_create() of Linux and FreeBSD
 */
#ifndef SW_CLI_NOTIFY_PROGRAM_H
#define SW_CLI_NOTIFY_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#define PROGRAM_LATE   (-1) /* killed at the end of the time */
#define PROGRAM_FAILED (-2) /* not started; errno */

/**
 * Run a program to the end.
 *
 * argv  path, arguments, NULL
 * env   "NAME=value" texts, NULL
 *
 * Returns the exit status (128 and the number of the signal for a killed program), or one of the
 * values above.
 */
int program_run(char *const argv[], char *const env[], const char *input, size_t len,
                uint32_t timeout_s);

#endif
