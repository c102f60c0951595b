/* shape.c - see shape.h. */
#include "cli/shape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES "[(s[ss])]" /* of a stream: id, fields and values */

static const struct {
    const char *command, *shape;
} shapes[] = {
    {"DEL", "i"},           {"EXISTS", "i"},      {"EXPIRE", "i"},
    {"GET", "?s"},          {"PEXPIRE", "i"},     {"SET", "?s"},
    {"HDEL", "i"},          {"HEXISTS", "i"},     {"HGET", "?s"},
    {"HGETALL", "[ss]"},    {"HKEYS", "[s]"},     {"HLEN", "i"},
    {"HMGET", "[?s]"},      {"HSCAN", "(s[ss])"}, {"HSET", "i"},
    {"RENAME", "s"},        {"UNLINK", "i"},      {"WATCH", "s"},
    {"XADD", "s"},          {"XRANGE", ENTRIES},  {"XREAD", "?[(s" ENTRIES ")]"},
    {"XREVRANGE", ENTRIES}, {"ZRANGE", "[s]"},    {"ZREMRANGEBYRANK", "i"},
    {"ZSCAN", "(s[ss])"},   {"XLEN", "i"},        {"ZCARD", "i"},
    {"XINFO", "[*]"},
};

/* The end of the shape at s, matching brackets included. */
static const char *behind(const char *s)
{
    unsigned depth = 0;
    while (*s == '?')
        s++;
    do {
        depth += *s == '[' || *s == '(';
        depth -= *s == ']' || *s == ')';
        s++;
    } while (depth > 0);
    return s;
}

static bool matches(const redisReply *reply, const char *shape);

/* The elements of an array in turn: shapes up to a bracket, starting over after the last shape. */
static bool elements_match(const redisReply *reply, const char *first, bool exactly)
{
    const char *shape = first;
    for (size_t i = 0; i < reply->elements; i++) {
        if (*shape == ']')
            shape = first;
        if (*shape == ')' || !matches(reply->element[i], shape))
            return false;
        shape = behind(shape);
    }
    return *shape == (exactly ? ')' : ']') || (!exactly && reply->elements == 0);
}

static bool matches(const redisReply *reply, const char *shape)
{
    if (!reply || reply->type == REDIS_REPLY_ERROR)
        return false;
    switch (*shape) {
    case '?':
        return reply->type == REDIS_REPLY_NIL || matches(reply, shape + 1);
    case 'i':
        return reply->type == REDIS_REPLY_INTEGER;
    case 's':
        return reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS;
    case '[':
    case '(':
        return reply->type == REDIS_REPLY_ARRAY && elements_match(reply, shape + 1, *shape == '(');
    default:
        return true;
    }
}

bool cli_has_shape(const redisReply *reply, const char *shape)
{
    return matches(reply, shape);
}

const char *cli_shape_of(int argc, const char **argv)
{
    if (strcmp(argv[0], "ZRANGE") == 0 && strcmp(argv[argc - 1], "WITHSCORES") == 0)
        return "[ss]";
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
        if (strcmp(argv[0], shapes[i].command) == 0)
            return shapes[i].shape;
    fprintf(stderr, "sinkwatch: no shape is known for %s\n", argv[0]);
    abort();
}
