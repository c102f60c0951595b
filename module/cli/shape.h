/*
 * shape.h - the type that a command's reply has to have.
 *
 * A Redis that was replaced by something else, or a key of another type, may answer anything. Each reply
 * is compared with its command's shape before a sub-command sees it, so that no sub-command has to look
 * at types: cli_ask() and cli_reply() refuse the others with words.
 *
 *     i  integer            s  string or status      *  anything but an error
 *     ?X nil, or X          [X..] array of any number of X.., one behind the other
 *     (X..) array of exactly these
 *
 * "(s[ss])" is the reply to HSCAN: a cursor, and fields with their values.
 *
 * Threads      pure functions
 */
#ifndef SW_CLI_SHAPE_H
#define SW_CLI_SHAPE_H

#include <hiredis/hiredis.h>
#include <stdbool.h>

/** Whether a reply has this shape. An error has none. */
bool cli_has_shape(const redisReply *reply, const char *shape);

/** Shape of the reply to a command of argc words. Every command that cli_ask() sends is known here: the
 * process ends at another one. */
const char *cli_shape_of(int argc, const char **argv);

#endif
