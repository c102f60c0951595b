/*
 * shape.h - the type that a command's reply has to have.
 *
 * Another program in place of Redis, or a key of another type, may answer anything. Each reply is
 * compared with the command's shape before a sub-command sees the reply, so that no sub-command has
 * to look at types: cli_ask() and cli_reply() refuse other shapes with an error message.
 *
 *     i  integer            s  string or status      *  anything but an error
 *     ?X nil, or X          [X..] array of any number of X.., repeated
 *     (X..) array of exactly these
 *
 * "(s[ss])" is the reply to HSCAN: a cursor, and fields with values.
 *
 * Threads      pure functions
 */
#ifndef SW_CLI_SHAPE_H
#define SW_CLI_SHAPE_H

#include <hiredis/hiredis.h>
#include <stdbool.h>

/** Whether a reply has this shape. An error has none. */
bool cli_has_shape(const redisReply *reply, const char *shape);

/** Shape of the reply to a command of argc words. Every command that cli_ask() sends is known here;
 * an unknown command ends the process. */
const char *cli_shape_of(int argc, const char **argv);

#endif
