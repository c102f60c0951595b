/*
 * test_aggregate.c - folding equal events: equality, the window, bounds, exact counts.
 */
#include "journal/aggregate.h"

#include "suite.h"

#include <stdlib.h>
#include <string.h>

#define S INT64_C(1000000)

struct in {
    const char *qname, *list, *indicator;
    const char *address[3];
    uint8_t client; /* last octet */
    uint16_t qtype;
    uint8_t taken;
};

static const struct in usual = {.qname = "a.test",
                                .list = "l",
                                .indicator = "a.test",
                                .address = {"192.0.2.1", "192.0.2.2"},
                                .client = 1,
                                .qtype = 1,
                                .taken = SW_ACTION_MONITOR};

static void fill(const struct in *in, int64_t time_us, struct sw_event *ev)
{
    struct sw_name name;
    sw_event_init(ev, SW_EVENT_HIT, time_us);
    ev->flags = SW_EVENT_CLIENT | (in->address[0] ? SW_EVENT_RESOLVED : 0);
    ev->client_family = 4;
    ev->client[3] = in->client;
    ev->qtype = in->qtype;
    ev->qclass = 1;
    ev->action_taken = in->taken;
    ck_assert_int_eq(sw_name_parse(in->qname, strlen(in->qname), &name, NULL), SW_OK);
    sw_event_put(ev, SW_TAG_QNAME, name.wire, name.len);
    struct sw_event_hit hit = {.winner = 1, .list = in->list, .indicator = in->indicator};
    sw_event_put_hit(ev, &hit);
    for (size_t i = 0; i < 3 && in->address[i]; i++) {
        struct sw_addr addr;
        ck_assert_int_eq(sw_addr_parse(in->address[i], strlen(in->address[i]), &addr, NULL), SW_OK);
        sw_event_put(ev, SW_TAG_ADDRESS, addr.octets, 4);
    }
}

static enum sw_status add_event(struct sw_aggregate *a, const struct sw_event *ev,
                                struct sw_record **out)
{
    static struct sw_arrival arrival;
    memcpy(&arrival.event, ev, sw_event_size(ev));
    sw_aggregate_meet(a, &arrival);
    sw_aggregate_fetch(&arrival);
    return sw_aggregate_add(a, &arrival, out);
}

static struct sw_record *add(struct sw_aggregate *a, const struct in *in, int64_t time_us)
{
    struct sw_event ev;
    struct sw_record *out = NULL;
    fill(in, time_us, &ev);
    ck_assert_int_eq(add_event(a, &ev, &out), SW_OK);
    return out;
}

/* Whether an event with this difference is folded with the usual event. */
static bool folds(const struct in *other)
{
    struct sw_aggregate *a = sw_aggregate_new(S, 100);
    ck_assert_ptr_null(add(a, &usual, 10 * S));
    ck_assert_ptr_null(add(a, other, 10 * S + 1));
    bool one = sw_aggregate_open(a) == 1;
    sw_aggregate_free(a);
    return one;
}

START_TEST(equal_events_fold)
{
    struct sw_aggregate *a = sw_aggregate_new(S, 100);
    for (int i = 0; i < 1000; i++)
        ck_assert_ptr_null(add(a, &usual, 10 * S + i * 900));
    ck_assert_ptr_null(sw_aggregate_expired(a, 11 * S - 1));
    struct sw_record *record = sw_aggregate_expired(a, 11 * S);
    ck_assert_ptr_nonnull(record);
    ck_assert_uint_eq(record->count, 1000);
    ck_assert_int_eq(record->first_us, 10 * S);
    ck_assert_int_eq(record->last_us, 10 * S + 999 * 900);
    ck_assert_int_eq(record->event->time_us, 10 * S);
    ck_assert_uint_eq(record->event->client[3], 1);
    ck_assert_ptr_null(sw_aggregate_expired(a, 100 * S));
    free(record);
    sw_aggregate_free(a);
}
END_TEST

/* The number of values that were not judged makes no other record; the greatest is kept (D-253). */
START_TEST(the_greatest_unjudged_number_is_kept)
{
    static const uint32_t numbers[] = {0, 7, 3922, 18};
    struct sw_aggregate *a = sw_aggregate_new(S, 100);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        struct sw_event ev;
        struct sw_record *out = NULL;
        fill(&usual, 10 * S + (int64_t)i, &ev);
        ev.unjudged = numbers[i];
        ck_assert_int_eq(add_event(a, &ev, &out), SW_OK);
        ck_assert_ptr_null(out);
    }
    struct sw_record *record = sw_aggregate_flush(a);
    ck_assert_uint_eq(record->count, 4);
    ck_assert_uint_eq(record->event->unjudged, 3922);
    free(record);
    sw_aggregate_free(a);
}
END_TEST

START_TEST(what_is_equal)
{
    struct in other = usual;
    ck_assert(folds(&other));
    other.client = 2;
    ck_assert(!folds(&other));
    other = usual, other.qname = "b.a.test";
    ck_assert(!folds(&other));
    other = usual, other.list = "m";
    ck_assert(!folds(&other));
    other = usual, other.indicator = "=a.test";
    ck_assert(!folds(&other));
    other = usual, other.qtype = 28;
    ck_assert(!folds(&other));
    other = usual, other.taken = SW_ACTION_NXDOMAIN;
    ck_assert(!folds(&other));
    other = usual, other.address[1] = "192.0.2.3"; /* evidence is never folded away */
    ck_assert(!folds(&other));
    other = usual, other.address[0] = "192.0.2.2", other.address[1] = "192.0.2.1";
    ck_assert(folds(&other));
}
END_TEST

/* An event without a true answer is hashed in a single piece. */
START_TEST(what_is_equal_without_an_answer)
{
    struct in blocked = usual, other;
    struct sw_aggregate *a = sw_aggregate_new(S, 10);
    blocked.address[0] = NULL;
    blocked.taken = SW_ACTION_NXDOMAIN;
    ck_assert_ptr_null(add(a, &blocked, 10 * S));
    ck_assert_ptr_null(add(a, &blocked, 10 * S));
    ck_assert_uint_eq(sw_aggregate_open(a), 1);
    for (unsigned i = 0; i < 5; i++) {
        other = blocked;
        other.client = i == 0 ? 2 : other.client;
        other.qname = i == 1 ? "b.a.test" : other.qname;
        other.list = i == 2 ? "m" : other.list;
        other.indicator = i == 3 ? "=a.test" : other.indicator;
        other.qtype = i == 4 ? 28 : other.qtype;
        ck_assert_ptr_null(add(a, &other, 10 * S));
        ck_assert_uint_eq(sw_aggregate_open(a), 2 + i);
    }
    sw_aggregate_free(a);
}
END_TEST

START_TEST(no_window_no_folding)
{
    struct sw_aggregate *a = sw_aggregate_new(0, 1);
    for (int i = 0; i < 3; i++) {
        struct sw_record *record = add(a, &usual, 10 * S);
        ck_assert_ptr_nonnull(record);
        ck_assert_uint_eq(record->count, 1);
        free(record);
    }
    ck_assert_uint_eq(sw_aggregate_open(a), 0);
    sw_aggregate_free(a);
}
END_TEST

START_TEST(a_later_event_opens_a_new_window)
{
    struct sw_aggregate *a = sw_aggregate_new(S, 100);
    ck_assert_ptr_null(add(a, &usual, 10 * S));
    ck_assert_ptr_null(add(a, &usual, 11 * S - 1));
    struct sw_record *first = add(a, &usual, 11 * S);
    ck_assert_ptr_nonnull(first);
    ck_assert_uint_eq(first->count, 2);
    struct sw_record *second = sw_aggregate_flush(a);
    ck_assert_uint_eq(second->count, 1);
    ck_assert_int_eq(second->first_us, 11 * S);
    free(first);
    free(second);
    sw_aggregate_free(a);
}
END_TEST

START_TEST(events_of_two_rings_come_out_of_order)
{
    struct sw_aggregate *a = sw_aggregate_new(S, 100);
    ck_assert_ptr_null(add(a, &usual, 10 * S + 500));
    ck_assert_ptr_null(add(a, &usual, 10 * S));
    struct sw_record *record = sw_aggregate_flush(a);
    ck_assert_uint_eq(record->count, 2);
    ck_assert_int_eq(record->first_us, 10 * S);
    ck_assert_int_eq(record->last_us, 10 * S + 500);
    free(record);
    sw_aggregate_free(a);
}
END_TEST

START_TEST(clock_set_back_does_not_hold_events)
{
    struct sw_aggregate *a = sw_aggregate_new(S, 100);
    ck_assert_ptr_null(add(a, &usual, 1000 * S));
    struct sw_record *record = sw_aggregate_expired(a, 10 * S);
    ck_assert_ptr_nonnull(record);
    free(record);
    sw_aggregate_free(a);
}
END_TEST

START_TEST(full_table_closes_the_oldest_early)
{
    struct sw_aggregate *a = sw_aggregate_new(S, 10);
    uint64_t sum = 0;
    struct sw_record *record;
    for (uint8_t i = 0; i < 200; i++) {
        struct in in = usual;
        in.client = i;
        record = add(a, &in, 10 * S + i);
        ck_assert_int_eq(record != NULL, i >= 10);
        if (record) {
            ck_assert_uint_eq(record->event->client[3], i - 10);
            sum += record->count;
            free(record);
        }
    }
    ck_assert_uint_eq(sw_aggregate_open(a), 10);
    while ((record = sw_aggregate_flush(a)) != NULL) {
        sum += record->count;
        free(record);
    }
    ck_assert_uint_eq(sum, 200);
    sw_aggregate_free(a);
}
END_TEST

/* Random events against the plain rule: the sum of counts, and of counts by client. */
START_TEST(counts_are_exact_under_random_load)
{
    struct sw_aggregate *a = sw_aggregate_new(1000, 16);
    uint64_t in_by[32] = {0}, out_by[32] = {0};
    int64_t now = 10 * S;
    struct sw_record *record;
    srand(7);
    for (int i = 0; i < 50000; i++) {
        struct in in = usual;
        in.client = (uint8_t)(rand() % 32);
        now += rand() % 40;
        in_by[in.client]++;
        record = add(a, &in, now - rand() % 100);
        for (; record; record = sw_aggregate_expired(a, now)) {
            out_by[record->event->client[3]] += record->count;
            ck_assert_int_lt(record->last_us - record->first_us, 1000);
            free(record);
        }
    }
    while ((record = sw_aggregate_flush(a)) != NULL) {
        out_by[record->event->client[3]] += record->count;
        free(record);
    }
    ck_assert_mem_eq(in_by, out_by, sizeof(in_by));
    sw_aggregate_free(a);
}
END_TEST

START_TEST(a_damaged_body_is_kept_apart)
{
    struct sw_aggregate *a = sw_aggregate_new(S, 10);
    struct sw_event ev;
    struct sw_record *out;
    fill(&usual, 10 * S, &ev);
    ck_assert_int_eq(add_event(a, &ev, &out), SW_OK);
    ev.body[0] = 99; /* no such tag */
    ck_assert_int_eq(add_event(a, &ev, &out), SW_OK);
    ck_assert_uint_eq(sw_aggregate_open(a), 2);
    ck_assert(sw_event_whole(&ev, sw_event_size(&ev)));
    ck_assert(!sw_event_whole(&ev, sw_event_size(&ev) - 1));
    ck_assert(!sw_event_whole(&ev, 3));
    sw_aggregate_free(a);
    sw_aggregate_free(NULL);
}
END_TEST

int main(void)
{
    return RUN_SUITE("aggregate",
                     TESTS(equal_events_fold, the_greatest_unjudged_number_is_kept, what_is_equal,
                           what_is_equal_without_an_answer, no_window_no_folding,
                           a_later_event_opens_a_new_window, events_of_two_rings_come_out_of_order,
                           clock_set_back_does_not_hold_events, full_table_closes_the_oldest_early,
                           counts_are_exact_under_random_load, a_damaged_body_is_kept_apart));
}
