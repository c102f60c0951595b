/*
 * past_from.h - a question about the past to a ClickHouse server, with the rows that
 * `sinkwatch memory send` brought there (D-164).
 *
 * Threads      one
 * Security     answers are read as lines of an archive (cof.h)
 */
#ifndef SW_CLI_MEMORY_PAST_FROM_H
#define SW_CLI_MEMORY_PAST_FROM_H

#include "cli/memory/clickhouse.h"
#include "memory/memory.h"

/**
 * Ask, and report the rows of all files and resolvers, merged and sorted.
 *
 * CLI_OK, also when take ended the search; CLI_INPUT after an error message.
 */
int cli_past_from(struct cli_clickhouse *clickhouse, const struct sw_past_question *question,
                  sw_sighting_fn *take, void *arg);

#endif
