/*
 * reply.h - checks of the type of a reply from Redis.
 *
 * A reply may be of any type. Each reader checks the type first, and treats an unexpected type as
 * an error of the server.
 *
 * Threads      pure functions
 * Memory       the caller keeps and frees replies
 */
#ifndef SW_REDIS_REPLY_H
#define SW_REDIS_REPLY_H

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <string.h>

#define SW_KEY_MAX 320 /* prefix, ":resolver:", resolver id, NUL */

/** Whether a reply is an error with this code (the first word). NULL is no error. */
static inline bool sw_reply_has_code(const redisReply *reply, const char *code)
{
    return reply && reply->type == REDIS_REPLY_ERROR &&
           strncmp(reply->str, code, strlen(code)) == 0;
}

/** Whether a reply is an error about the key, not the server: wrong type, or forbidden by ACL. */
static inline bool sw_reply_is_key_error(const redisReply *reply)
{
    return sw_reply_has_code(reply, "WRONGTYPE") || sw_reply_has_code(reply, "NOPERM");
}

/** Whether a reply is text: str and len are set. */
static inline bool sw_reply_is_text(const redisReply *reply)
{
    return reply && (reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS);
}

/** Whether a reply is text and equal to a word. */
static inline bool sw_reply_equals(const redisReply *reply, const char *word)
{
    return sw_reply_is_text(reply) && reply->len == strlen(word) &&
           memcmp(reply->str, word, reply->len) == 0;
}

/** Whether a reply is an array with at least n elements. */
static inline bool sw_reply_is_array(const redisReply *reply, size_t n)
{
    return reply && reply->type == REDIS_REPLY_ARRAY && reply->elements >= n;
}

/** A text for people about an unexpected reply: the server's error, or a general text. */
static inline const char *sw_reply_words(const redisReply *reply)
{
    if (!reply)
        return "no answer";
    return reply->type == REDIS_REPLY_ERROR ? reply->str : "an answer of an unexpected type";
}

#endif
