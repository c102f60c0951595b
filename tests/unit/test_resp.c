/*
 * test_resp.c - the scanner of replies against hiredis: both find the same end for every reply, of
 * any shape and cut at any octets; a reply over a limit, or no reply, ends the scan early.
 */
#include "redis/resp.h"

#include "rounds.h"
#include "suite.h"

#include <hiredis/hiredis.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX (SW_RESP_OCTETS_MAX / 4)
#define RANDOM   3000 /* replies */

static char *text; /* the server's output */
static size_t text_len;
static uint64_t seed = 1;

static uint32_t random_below(uint32_t bound)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33) % bound;
}

__attribute__((format(printf, 1, 2))) static void put(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    text_len += (size_t)vsnprintf(text + text_len, TEXT_MAX - text_len, format, args);
    va_end(args);
}

static void put_random_bulk(void)
{
    static const char octets[] = "\r\n$*+-:01x";
    size_t len = random_below(40);
    put("$%zu\r\n", len);
    for (size_t i = 0; i < len; i++)
        text[text_len++] = octets[random_below(sizeof(octets) - 1)];
    put("\r\n");
}

/* A value; an array while `deeper` allows further arrays. */
static void put_random_value(unsigned deeper)
{
    switch (random_below(deeper > 0 ? 9 : 7)) {
    case 0:
        put("+OK\r\n");
        break;
    case 1:
        put("-ERR no\rsuch \n thing\r\n");
        break;
    case 2:
        put(":%d\r\n", (int)random_below(2000) - 1000);
        break;
    case 3:
        put("$-1\r\n");
        break;
    case 4:
        put("*%d\r\n", (int)random_below(2) - 1); /* nil, or empty */
        break;
    case 5:
    case 6:
        put_random_bulk();
        break;
    default: {
        unsigned n = 1 + random_below(5);
        put("*%u\r\n", n);
        for (unsigned i = 0; i < n; i++)
            put_random_value(deeper - 1);
    }
    }
}

/* Octets that hiredis takes for a reply, fed octet by octet. */
static size_t end_by_hiredis(const char *data, size_t len)
{
    redisReader *reader = redisReaderCreate();
    void *reply = NULL;
    size_t n = 0;
    while (n < len && !reply) {
        ck_assert_int_eq(redisReaderFeed(reader, data + n++, 1), REDIS_OK);
        ck_assert_int_eq(redisReaderGetReply(reader, &reply), REDIS_OK);
    }
    ck_assert_ptr_nonnull(reply);
    freeReplyObject(reply);
    redisReaderFree(reader);
    return n;
}

/* The same by the scanner, in pieces of random length. */
static size_t end_by_scanner(struct sw_resp *resp, const char *data, size_t len)
{
    enum sw_status status = SW_ENOTFOUND;
    size_t at = 0;
    while (at < len && status == SW_ENOTFOUND) {
        size_t piece = 1 + random_below(20), used = 0;
        piece = piece < len - at ? piece : len - at;
        status = sw_resp_scan(resp, data + at, piece, &used);
        ck_assert_msg(status == SW_OK || status == SW_ENOTFOUND, "%s", resp->why);
        ck_assert(status == SW_OK || used == piece);
        at += used;
    }
    ck_assert_int_eq(status, SW_OK);
    ck_assert(sw_resp_at_start(resp));
    return at;
}

START_TEST(ends_are_those_of_hiredis)
{
    struct sw_resp resp;
    sw_resp_init(&resp, SW_RESP_OCTETS_MAX, SW_RESP_ELEMENTS_MAX);
    for (unsigned n = rounds(RANDOM); n > 0; n--) {
        text_len = 0;
        put_random_value(SW_RESP_DEPTH_MAX);
        size_t len = text_len;
        put("+next\r\n");
        ck_assert_uint_eq(end_by_hiredis(text, text_len), len);
        ck_assert_uint_eq(end_by_scanner(&resp, text, text_len), len);
    }
}
END_TEST

/* Feed until the result is not "more"; at most `max` octets of pattern, repeated. */
static enum sw_status scan_repeated(struct sw_resp *resp, const char *head, const char *pattern,
                                    uint64_t max)
{
    size_t used, len = strlen(pattern);
    enum sw_status status = sw_resp_scan(resp, head, strlen(head), &used);
    for (uint64_t n = 0; n < max && status == SW_ENOTFOUND; n += len)
        status = sw_resp_scan(resp, pattern, len, &used);
    return status;
}

static const struct bad {
    const char *head, *pattern; /* the beginning, and the repeated part */
    enum sw_status status;
    const char *why;
    uint64_t octets_max; /* noticed by then */
} bad[] = {
    {"+", "xxxxxxxxxxxxxxxx", SW_ETOOBIG, "without an end", SW_RESP_LINE_MAX + 16},
    {"-ERR ", "x\ry\nz", SW_ETOOBIG, "without an end", SW_RESP_LINE_MAX + 16},
    {":", "1", SW_ESYNTAX, "too long", 32},
    {"$", "0", SW_ESYNTAX, "too long", 32},
    {"$67108865\r\n", "x", SW_ETOOBIG, "too large a string", 16},
    {"$999999999999999999\r\n", "x", SW_ETOOBIG, "too large a string", 32},
    {"$9223372036854775807\r\n", "x", SW_ESYNTAX, "no number", 32},
    {"$99999999999999999999\r\n", "x", SW_ESYNTAX, "no number", 32},
    {"$-2\r\n", "x", SW_ESYNTAX, "no number", 16},
    {"$+3\r\n", "x", SW_ESYNTAX, "no number", 16},
    {"$03\r\n", "x", SW_ESYNTAX, "no number", 16},
    {"$\r\n", "x", SW_ESYNTAX, "no number", 16},
    {"$3\r\nabcd\r\n", "x", SW_ESYNTAX, "longer than announced", 16},
    {"*2000000000\r\n", ":1\r\n", SW_ETOOBIG, "too many elements", 16},
    {"*1048577\r\n", ":1\r\n", SW_ETOOBIG, "too many elements", 16},
    {"*1000\r\n", "*2000\r\n", SW_ETOOBIG, "deeply", 64},
    {"*1000000\r\n", "*100000\r\n", SW_ETOOBIG, "too many elements", 32},
    {"", "*1\r\n", SW_ETOOBIG, "deeply", 64},
    {"*1000000\r\n",
     "$200\r\n01234567890123456789012345678901234567890123456789"
     "01234567890123456789012345678901234567890123456789"
     "01234567890123456789012345678901234567890123456789"
     "01234567890123456789012345678901234567890123456789\r\n",
     SW_ETOOBIG, "too large", SW_RESP_OCTETS_MAX + 256},
    {"HTTP/1.1 400 Bad Request\r\n", "x", SW_ESYNTAX, "unknown type", 1},
    {"%1\r\n", "x", SW_ESYNTAX, "unknown type", 1},
    {"\r\n", "x", SW_ESYNTAX, "unknown type", 1},
};

START_TEST(limits)
{
    const struct bad *b = &bad[_i];
    struct sw_resp resp;
    sw_resp_init(&resp, SW_RESP_OCTETS_MAX, SW_RESP_ELEMENTS_MAX);
    ck_assert_int_eq(scan_repeated(&resp, b->head, b->pattern, 2 * SW_RESP_OCTETS_MAX), b->status);
    ck_assert_msg(strstr(resp.why, b->why) != NULL, "%s%s: %s", b->head, b->pattern, resp.why);
    ck_assert_uint_le(resp.octets, b->octets_max + 32);
}
END_TEST

/* ---- parts of a reply ---- */

static char *kept; /* the wanted part */
static size_t kept_len;

static void keep(void *arg, const char *data, size_t len)
{
    (void)arg;
    memcpy(kept + kept_len, data, len);
    kept_len += len;
}

static redisReply *parse(const char *data, size_t len)
{
    redisReader *reader = redisReaderCreate();
    void *reply = NULL;
    ck_assert_int_eq(redisReaderFeed(reader, data, len), REDIS_OK);
    ck_assert_int_eq(redisReaderGetReply(reader, &reply), REDIS_OK);
    ck_assert_ptr_nonnull(reply);
    redisReaderFree(reader);
    return reply;
}

/* Compare a part with the whole reply, which is inside of `depth` arrays. */
static void compare(const redisReply *whole, const redisReply *part,
                    const struct sw_resp_part *asked, unsigned depth)
{
    ck_assert_int_eq(part->type, whole->type);
    bool is_text = whole->type == REDIS_REPLY_STRING;
    size_t len = whole->len;
    if (is_text && asked->string_max && len > asked->string_max)
        len = asked->string_max;
    if (is_text || whole->type == REDIS_REPLY_STATUS || whole->type == REDIS_REPLY_ERROR) {
        ck_assert_uint_eq(part->len, len);
        ck_assert_mem_eq(part->str, whole->str, len);
    }
    ck_assert_int_eq(part->integer, whole->integer);
    if (asked->depth_max && depth >= asked->depth_max) {
        ck_assert_uint_eq(part->elements, 0);
        return;
    }
    ck_assert_uint_eq(part->elements, whole->elements);
    for (size_t i = 0; i < whole->elements; i++)
        compare(whole->element[i], part->element[i], asked, depth + 1);
}

static void sieve_in_pieces(struct sw_resp *resp, const struct sw_resp_part *part, size_t end)
{
    enum sw_status status = SW_ENOTFOUND;
    size_t at = 0;
    while (status == SW_ENOTFOUND) {
        size_t piece = 1 + random_below(20), used = 0;
        piece = piece < text_len - at ? piece : text_len - at;
        status = sw_resp_sieve(resp, part, keep, NULL, text + at, piece, &used);
        ck_assert_msg(status == SW_OK || status == SW_ENOTFOUND, "%s", resp->why);
        at += used;
    }
    ck_assert_uint_eq(at, end);
}

/* The wanted part of any reply is the reply with strings cut and arrays emptied. */
START_TEST(parts_of_replies)
{
    struct sw_resp resp;
    kept = malloc(TEXT_MAX);
    sw_resp_init(&resp, SW_RESP_OCTETS_MAX, SW_RESP_ELEMENTS_MAX);
    for (int i = 0; i < RANDOM; i++) {
        const struct sw_resp_part part = {random_below(4) * 7, random_below(4)};
        text_len = kept_len = 0;
        put_random_value(SW_RESP_DEPTH_MAX);
        size_t end = text_len;
        put("+next\r\n");
        sieve_in_pieces(&resp, &part, end);
        ck_assert_uint_le(kept_len, end);
        redisReply *whole = parse(text, end), *wanted = parse(kept, kept_len);
        compare(whole, wanted, &part, 0);
        ck_assert_uint_eq(resp.left_out > 0, kept_len < end);
        freeReplyObject(whole);
        freeReplyObject(wanted);
    }
    free(kept);
}
END_TEST

static void count(void *arg, const char *data, size_t len)
{
    size_t *octets = arg;
    (void)data;
    *octets += len;
}

/* Whatever the length of what is left out: the part has its own size, up to a limit. */
START_TEST(parts_of_large_replies)
{
    static const char head[] = "*2\r\n*1\r\n*3000000\r\n", item[] = "$9\r\n123456789\r\n";
    static const char large[] = "$100000000\r\n", larger[] = "$3000000000\r\n";
    const struct sw_resp_part part = {16, 2};
    struct sw_resp resp;
    size_t used, octets = 0;
    text_len = 0;
    put("%01000000d", 0);
    sw_resp_init(&resp, 1000, 10);
    ck_assert_int_eq(sw_resp_sieve(&resp, &part, count, &octets, head, strlen(head), &used),
                     SW_ENOTFOUND);
    for (int i = 0; i < 3000000; i++)
        ck_assert_int_eq(sw_resp_sieve(&resp, &part, count, &octets, item, strlen(item), &used),
                         SW_ENOTFOUND);
    ck_assert_int_eq(sw_resp_sieve(&resp, &part, count, &octets, large, strlen(large), &used),
                     SW_ENOTFOUND);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(sw_resp_sieve(&resp, &part, count, &octets, text, text_len, &used),
                         SW_ENOTFOUND);
    ck_assert_int_eq(sw_resp_sieve(&resp, &part, count, &octets, "\r\n", 2, &used), SW_OK);
    ck_assert_uint_eq(octets, strlen("*2\r\n*1\r\n*0\r\n$16\r\n0000000000000000\r\n"));
    ck_assert_uint_gt(resp.left_out, 140000000);
    ck_assert_int_eq(sw_resp_sieve(&resp, &part, count, &octets, larger, strlen(larger), &used),
                     SW_ETOOBIG);
}
END_TEST

/* A zero octet is no type, and no end of anything. */
START_TEST(zero_octets)
{
    struct sw_resp resp;
    size_t used = 0;
    sw_resp_init(&resp, 100, 10);
    ck_assert_int_eq(sw_resp_scan(&resp, "\0\r\n", 3, &used), SW_ESYNTAX);
    sw_resp_init(&resp, 100, 10);
    ck_assert_int_eq(sw_resp_scan(&resp, "$3\r\n\0\0\0\r\n+", 10, &used), SW_OK);
    ck_assert_uint_eq(used, 9);
}
END_TEST

/* Replies just within the limits pass. */
START_TEST(within_the_limits)
{
    struct sw_resp resp;
    sw_resp_init(&resp, SW_RESP_OCTETS_MAX, SW_RESP_ELEMENTS_MAX);
    text_len = 0;
    put("*1048576\r\n");
    for (int i = 0; i < 1048576; i++)
        put(":1\r\n");
    ck_assert_uint_eq(end_by_scanner(&resp, text, text_len), text_len);
    text_len = 0;
    put("+%065532d\r\n", 0);
    ck_assert_uint_eq(end_by_scanner(&resp, text, text_len), text_len);
}
END_TEST

int main(void)
{
    text = calloc(1, TEXT_MAX);
    int result =
        RUN_SUITE("resp", TIMEOUT(120), TESTS(ends_are_those_of_hiredis), LOOP(limits, COUNT(bad)),
                  TESTS(parts_of_replies, parts_of_large_replies, zero_octets, within_the_limits));
    free(text);
    return result;
}
