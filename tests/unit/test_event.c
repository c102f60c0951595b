/*
 * test_event.c - events: values come out unchanged; full and damaged bodies are harmless.
 */
#include "base/event.h"

#include "suite.h"

#include <stdlib.h>
#include <string.h>

static struct sw_event event; /* large: not on each test's stack */

START_TEST(starts_empty)
{
    memset(&event, 0xee, sizeof(event));
    sw_event_init(&event, SW_EVENT_ANSWER, 1431388800000000);
    ck_assert_int_eq(event.time_us, 1431388800000000);
    ck_assert_uint_eq(event.type, SW_EVENT_ANSWER);
    ck_assert_uint_eq(event.flags, 0);
    ck_assert_uint_eq(event.security, SW_SECURITY_UNCHECKED);
    ck_assert_uint_eq(event.ede, SW_EDE_OFF);
    ck_assert_uint_eq(sw_event_size(&event), offsetof(struct sw_event, body));
    size_t cursor = 0, len;
    enum sw_event_tag tag;
    const uint8_t *value;
    ck_assert(!sw_event_next(&event, &cursor, &tag, &value, &len));
}
END_TEST

/* The next value of the event must be this value. */
static void expect_next(const struct sw_event *ev, size_t *cursor, enum sw_event_tag want_tag,
                        const void *want, size_t want_len)
{
    enum sw_event_tag tag;
    const uint8_t *value;
    size_t len;
    ck_assert(sw_event_next(ev, cursor, &tag, &value, &len));
    ck_assert_int_eq(tag, want_tag);
    ck_assert_uint_eq(len, want_len);
    if (want_len > 0)
        ck_assert_mem_eq(value, want, want_len);
}

START_TEST(values_in_order)
{
    static const uint8_t qname[] = "\3www\3foo\3org", alias[] = "\1a\1b";
    static const uint8_t v4[4] = {213, 24, 76, 23}, v6[16] = {0x20, 1, 0xd, 0xb8};
    sw_event_init(&event, SW_EVENT_HIT, 0);
    ck_assert(sw_event_put(&event, SW_TAG_QNAME, qname, sizeof(qname)));
    ck_assert(sw_event_put(&event, SW_TAG_ALIAS, alias, sizeof(alias)));
    ck_assert(sw_event_put(&event, SW_TAG_ADDRESS, v4, sizeof(v4)));
    ck_assert(sw_event_put(&event, SW_TAG_ADDRESS, v6, sizeof(v6)));
    ck_assert(sw_event_put(&event, SW_TAG_ALIAS, NULL, 0));

    /* the ring carries only the used part */
    size_t size = sw_event_size(&event);
    struct sw_event *copy = calloc(1, size);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, &event, size);
    size_t cursor = 0, len;
    expect_next(copy, &cursor, SW_TAG_QNAME, qname, sizeof(qname));
    expect_next(copy, &cursor, SW_TAG_ALIAS, alias, sizeof(alias));
    expect_next(copy, &cursor, SW_TAG_ADDRESS, v4, sizeof(v4));
    expect_next(copy, &cursor, SW_TAG_ADDRESS, v6, sizeof(v6));
    expect_next(copy, &cursor, SW_TAG_ALIAS, NULL, 0);
    enum sw_event_tag tag;
    const uint8_t *value;
    ck_assert(!sw_event_next(copy, &cursor, &tag, &value, &len));
    ck_assert(!sw_event_next(copy, &cursor, &tag, &value, &len));
    free(copy);
}
END_TEST

START_TEST(hit_round_trip)
{
    static const struct sw_event_hit hits[] = {
        {1, SW_TRIGGER_ASN, SW_KIND_IOC, SW_ACTION_SINKHOLE, "carbanak", "=systemsvc.net"},
        {0, SW_TRIGGER_QNAME, SW_KIND_KNOWN, SW_ACTION_PASSTHRU, "", ""},
    };
    sw_event_init(&event, SW_EVENT_HIT, 0);
    for (size_t i = 0; i < 2; i++)
        ck_assert(sw_event_put_hit(&event, &hits[i]));
    size_t cursor = 0;
    for (size_t i = 0; i < 2; i++) {
        enum sw_event_tag tag;
        const uint8_t *value;
        size_t len;
        struct sw_event_hit hit;
        ck_assert(sw_event_next(&event, &cursor, &tag, &value, &len));
        ck_assert_int_eq(tag, SW_TAG_HIT);
        ck_assert_int_eq(sw_event_get_hit(value, len, &hit), SW_OK);
        ck_assert_uint_eq(hit.winner, hits[i].winner);
        ck_assert_uint_eq(hit.trigger, hits[i].trigger);
        ck_assert_uint_eq(hit.kind, hits[i].kind);
        ck_assert_uint_eq(hit.action, hits[i].action);
        ck_assert_str_eq(hit.list, hits[i].list);
        ck_assert_str_eq(hit.indicator, hits[i].indicator);
        ck_assert_ptr_eq(hit.list, value + 4); /* points into the event */
    }
}
END_TEST

START_TEST(name_is_folded)
{
    static const uint8_t mixed[] = "\3WwW\7eXampLE", lower[] = "\3www\7example", broken[] = "\3ab";
    sw_event_init(&event, SW_EVENT_HIT, 0);
    ck_assert(sw_event_put_name(&event, SW_TAG_QNAME, mixed, sizeof(mixed)));
    ck_assert(!sw_event_put_name(&event, SW_TAG_ALIAS, broken, sizeof(broken)));
    ck_assert(!sw_event_put_name(&event, SW_TAG_ALIAS, mixed, sizeof(mixed) - 1));
    ck_assert_uint_eq(event.flags, 0);
    size_t cursor = 0;
    expect_next(&event, &cursor, SW_TAG_QNAME, lower, sizeof(lower));
    ck_assert_uint_eq(cursor, event.body_len);
    event.body_len = SW_EVENT_BODY_MAX - sizeof(mixed) - 2; /* an octet less than needed */
    ck_assert(!sw_event_put_name(&event, SW_TAG_ALIAS, mixed, sizeof(mixed)));
    ck_assert_uint_eq(event.flags, SW_EVENT_TRUNCATED);
}
END_TEST

START_TEST(full_body_sets_truncated)
{
    static const uint8_t big[SW_EVENT_BODY_MAX + 1];
    sw_event_init(&event, SW_EVENT_HIT, 0);
    ck_assert(!sw_event_put(&event, SW_TAG_QNAME, big, SW_EVENT_BODY_MAX - 2));
    ck_assert(!sw_event_put(&event, SW_TAG_QNAME, big, sizeof(big)));
    ck_assert_uint_eq(event.flags, SW_EVENT_TRUNCATED);
    ck_assert_uint_eq(event.body_len, 0);

    sw_event_init(&event, SW_EVENT_HIT, 0);
    ck_assert(sw_event_put(&event, SW_TAG_QNAME, big, SW_EVENT_BODY_MAX - 3)); /* exactly */
    ck_assert_uint_eq(event.flags, 0);
    ck_assert_uint_eq(sw_event_size(&event), offsetof(struct sw_event, body) + SW_EVENT_BODY_MAX);
    struct sw_event_hit hit = {.list = "l", .indicator = "i"};
    ck_assert(!sw_event_put_hit(&event, &hit));
    ck_assert(!sw_event_put(&event, SW_TAG_ALIAS, NULL, 0));
    ck_assert_uint_eq(event.flags, SW_EVENT_TRUNCATED);
    size_t cursor = 0;
    expect_next(&event, &cursor, SW_TAG_QNAME, big, SW_EVENT_BODY_MAX - 3);
}
END_TEST

START_TEST(many_small_values_until_full)
{
    sw_event_init(&event, SW_EVENT_HIT, 0);
    size_t put = 0;
    while (sw_event_put(&event, SW_TAG_ADDRESS, "\1\2\3\4", 4))
        put++;
    ck_assert_uint_eq(put, SW_EVENT_BODY_MAX / 7);
    size_t cursor = 0, got = 0, len;
    enum sw_event_tag tag;
    const uint8_t *value;
    while (sw_event_next(&event, &cursor, &tag, &value, &len))
        got++;
    ck_assert_uint_eq(got, put);
}
END_TEST

static const struct {
    const char *value;
    size_t len;
} bad_hits[] = {
    {"", 0},
    {"\0\0\0\0", 4},
    {"\0\0\0\0\0", 5},
    {"\0\0\0\0ab", 6},      /* no NUL */
    {"\0\0\0\0a\0", 6},     /* no indicator */
    {"\0\0\0\0a\0b", 7},    /* indicator not terminated */
    {"\0\0\0\0a\0b\0c", 9}, /* more octets after the value */
    {"\0\0\0\0a\0b\0\0", 9},
    {"\2\0\0\0a\0b\0", 8},      /* winner */
    {"\0\7\0\0a\0b\0", 8},      /* trigger */
    {"\0\0\5\0a\0b\0", 8},      /* kind */
    {"\0\0\0\x09\141\0b\0", 8}, /* action */
};

START_TEST(damaged_hit_is_refused)
{
    struct sw_event_hit hit = {.winner = 99};
    enum sw_status status =
        sw_event_get_hit((const uint8_t *)bad_hits[_i].value, bad_hits[_i].len, &hit);
    ck_assert_int_eq(status, SW_EFORMAT);
    ck_assert_uint_eq(hit.winner, 99);
}
END_TEST

/* Walk a body of random octets: the walk ends, and no value reaches outside. */
START_TEST(damaged_body_ends_the_walk)
{
    srandom(213);
    for (int round = 0; round < 5000; round++) {
        sw_event_init(&event, SW_EVENT_HIT, 0);
        for (size_t i = 0; i < 256; i++)
            event.body[i] = (uint8_t)(random() % (round % 2 ? 8 : 256));
        event.body_len = round % 3 == 0 ? UINT32_MAX : (uint32_t)random() % 256;
        size_t limit = sw_event_size(&event) - offsetof(struct sw_event, body);
        ck_assert_uint_le(limit, SW_EVENT_BODY_MAX);
        size_t cursor = 0, len, steps = 0;
        enum sw_event_tag tag;
        const uint8_t *value;
        while (sw_event_next(&event, &cursor, &tag, &value, &len)) {
            struct sw_event_hit hit;
            ck_assert_uint_le((size_t)(value - event.body) + len, limit);
            ck_assert(tag >= SW_TAG_QNAME && tag <= SW_TAG_SPAN);
            if (sw_event_get_hit(value, len, &hit) == SW_OK)
                ck_assert_uint_eq(strlen(hit.list) + strlen(hit.indicator) + 6, len);
            ck_assert_uint_le(++steps, SW_EVENT_BODY_MAX);
        }
    }
    size_t cursor = SIZE_MAX, len; /* a cursor from nowhere */
    enum sw_event_tag tag;
    const uint8_t *value;
    ck_assert(!sw_event_next(&event, &cursor, &tag, &value, &len));
}
END_TEST

/* The span of an event from the memory is found among other values; an event without has none. */
START_TEST(span_of_the_past)
{
    struct sw_event ev;
    struct sw_event_span span = {0, 0, 0};
    const struct sw_event_span put = {1000000, 5000000, 37};
    const uint8_t address[4] = {192, 0, 2, 1};
    sw_event_init(&ev, SW_EVENT_PAST, 7);
    ck_assert(sw_event_put(&ev, SW_TAG_ADDRESS, address, 4));
    ck_assert(sw_event_put(&ev, SW_TAG_SPAN, &put, sizeof(put) - 1)); /* damaged: passed over */
    ck_assert(!sw_event_span(&ev, &span));
    ck_assert(sw_event_put(&ev, SW_TAG_SPAN, &put, sizeof(put)));
    ck_assert(sw_event_span(&ev, &span));
    ck_assert_int_eq(span.first_us, put.first_us);
    ck_assert_int_eq(span.last_us, put.last_us);
    ck_assert_uint_eq(span.count, put.count);
}
END_TEST

int main(void)
{
    return RUN_SUITE("event",
                     TESTS(span_of_the_past, starts_empty, values_in_order, hit_round_trip,
                           name_is_folded, full_body_sets_truncated, many_small_values_until_full),
                     LOOP(damaged_hit_is_refused, COUNT(bad_hits)),
                     TESTS(damaged_body_ends_the_walk));
}
