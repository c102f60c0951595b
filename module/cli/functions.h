/*
 * functions.h - the functions for Redis (conf/sinkwatch.lua), as text in the program.
 *
 * Threads      constant
 * Interface    module/REDIS.md
 */
#ifndef SW_CLI_FUNCTIONS_H
#define SW_CLI_FUNCTIONS_H

extern const char cli_functions[]; /* the file, and a zero octet */

#endif
