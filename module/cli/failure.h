/*
 * failure.h - with --json, the reason of a failed run as an object on standard output.
 *
 *     {"error":{"code":3,"kind":"redis","messages":["Redis at ..."],"hints":["is Redis ..."]}}
 *
 * The words on standard error stay the same. A run that has printed anything on standard output
 * prints no such object: the object would follow half of a result. `sinkwatch --json list show x`
 * without Redis, step by step:
 *     main()              failure_begin(): --json is among the words
 *     cli_error()         the message is kept; cli_hint(): the hint
 *     finish()            failure_end(3) prints the object
 * Wrong options end the process inside argp; between failure_catch() and failure_release() the
 * words of argp and getopt are kept, and printed at the exit of the process.
 *
 * Threads      one
 * Memory       at most FAILURE_MAX messages and hints are kept; others are counted
 * Decision     D-180
 */
#ifndef SW_CLI_FAILURE_H
#define SW_CLI_FAILURE_H

#include <stdbool.h>

#define FAILURE_MAX 100 /* messages; hints likewise */

/** Keep messages from now on, if --json stands among the words of the command line. */
void failure_begin(int argc, char *const *argv);

/** Standard output has a result, or the begin of a result. */
void failure_begun(void);

/** Print the object: messages are there, nothing was printed, and the code is not CLI_OK. */
void failure_end(int code);

/** Take standard error for a moment; what is written there until failure_release() is an error of
 * usage if the process ends in between. Both do nothing without --json. */
void failure_catch(void);
void failure_release(void);

#endif
