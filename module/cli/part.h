/*
 * part.h - a hash of Redis that may be large: a small hash as a whole, of a large hash a part.
 *
 * Step by step: cursor "" is the first part. cli_part_read() sets the cursor to the begin of the
 * next part, or to "" after the last one. Each field that is there all the time is in some part;
 * fields of a hash that changes may be in two.
 *
 * Threads      one
 * Cost         HLEN, then one reply of about `most` fields
 */
#ifndef SW_CLI_PART_H
#define SW_CLI_PART_H

#include "cli/cli.h"

#define CLI_CURSOR_MAX 24 /* 64 bits in decimal, with NUL */

struct cli_part {
    size_t most;                 /* set before: fields that are read at once */
    char cursor[CLI_CURSOR_MAX]; /* set before; then the begin of the next part, "": none */
    uint64_t total;              /* fields of the hash */
    redisReply *reply;           /* freed by the caller */
    const redisReply *fields;    /* of the reply: each field followed by the value */
};

/** Read a part. CLI_OK, CLI_REDIS (reported; nothing to free). */
int cli_part_read(struct cli *cli, const char *key, struct cli_part *part);

#endif
