/* test_found.c - the records of a look back: folded and grouped, compared with a naive model. */
#include "suite.h"

#include "memory/intake/found.h"

#include <string.h>

#define TYPE_A     1
#define TYPE_NS    2
#define TYPE_CNAME 5

enum { OWNERS = 7, DATA = 5, ADDED = 2000 };

struct row {
    uint64_t first, last, count;
};

static struct row model[OWNERS][DATA];

/* Owner number n: names of which one is the beginning of another one as octets. */
static void owner_of(unsigned n, struct sw_name *name)
{
    char text[32];
    snprintf(text, sizeof(text), "n%.*s.example", (int)n + 1, "aaaaaaaa");
    ck_assert_int_eq(sw_name_parse(text, strlen(text), name, NULL), SW_OK);
}

/* Data 0 to 3 are addresses, 4 is an alias. */
static struct sw_sighting sighting_of(const struct sw_name *owner, unsigned data, uint8_t room[4])
{
    static const uint8_t target[] = {1, 't', 0};
    struct sw_sighting s = {.owner = owner->wire, .type = data < 4 ? TYPE_A : TYPE_CNAME};
    memcpy(room, (const uint8_t[]){192, 0, 2, (uint8_t)data}, 4);
    s.rdata = data < 4 ? room : target;
    s.rdata_len = data < 4 ? 4 : sizeof(target);
    return s;
}

static void add_random(struct sw_founds *founds)
{
    unsigned owner = (unsigned)rand() % OWNERS, data = (unsigned)rand() % DATA;
    struct sw_name name;
    uint8_t room[4];
    owner_of(owner, &name);
    struct sw_sighting s = sighting_of(&name, data, room);
    s.first = 1000 + (unsigned)rand() % 500;
    s.last = s.first + (unsigned)rand() % 500;
    s.count = 1 + (unsigned)rand() % 9;
    ck_assert(sw_found_is_resolution(&s));
    sw_founds_add(founds, &s);
    struct row *row = &model[owner][data];
    row->first = row->count == 0 || s.first < row->first ? s.first : row->first;
    row->last = s.last > row->last ? s.last : row->last;
    row->count += s.count;
}

struct taken {
    size_t names, records;
};

static enum sw_status take(void *arg, const struct sw_found_record *record, size_t n)
{
    struct taken *taken = arg;
    char text[SW_NAMETEXT_MAX];
    unsigned owner = (unsigned)strcspn(sw_name_text(record->owner.wire, text) + 1, ".") - 1;
    taken->names++;
    for (size_t i = 0; i < n; i++) {
        struct sw_addr addr;
        bool is_address = sw_found_record_address(&record[i], &addr);
        struct row *row = &model[owner][is_address ? addr.octets[3] : 4];
        ck_assert(sw_name_equal(record[i].owner.wire, record->owner.wire));
        ck_assert_uint_eq(record[i].first, row->first);
        ck_assert_uint_eq(record[i].last, row->last);
        ck_assert_uint_eq(record[i].count, row->count);
        ck_assert(i == 0 || record[i - 1].first <= record[i].first);
        row->count = 0; /* each record comes once */
        taken->records++;
    }
    return SW_OK;
}

START_TEST(equals_a_model)
{
    struct sw_founds founds = {.n = 0};
    struct taken taken = {0, 0};
    size_t records = 0, names = 0;
    for (unsigned i = 0; i < ADDED; i++)
        add_random(&founds);
    for (unsigned owner = 0; owner < OWNERS; owner++) {
        size_t before = records;
        for (unsigned data = 0; data < DATA; data++)
            records += model[owner][data].count > 0;
        names += records > before;
    }
    ck_assert_int_eq(sw_founds_each_name(&founds, take, &taken), SW_OK);
    ck_assert_uint_eq(taken.names, names);
    ck_assert_uint_eq(taken.records, records);
    ck_assert_uint_eq(founds.left_out, 0);
    sw_founds_clear(&founds);
}
END_TEST

static enum sw_status refuse(void *arg, const struct sw_found_record *record, size_t n)
{
    size_t *calls = arg;
    (void)record, (void)n;
    ++*calls;
    return SW_ECLOSED;
}

/* More than SW_LOOKBACK_MAX different records are counted and left out, equal ones are not; another
 * code than SW_OK ends. */
START_TEST(is_bounded)
{
    struct sw_founds founds = {.n = 0};
    struct sw_name name;
    size_t calls = 0;
    owner_of(0, &name);
    for (uint32_t i = 0; i < 2 * SW_LOOKBACK_MAX + 10; i++) {
        uint8_t room[4];
        uint32_t address = i / 2;
        struct sw_sighting s = sighting_of(&name, 0, room);
        memcpy(room, &address, sizeof(room));
        s.count = 1;
        sw_founds_add(&founds, &s);
    }
    ck_assert_uint_gt(founds.left_out, 0);
    ck_assert_uint_le(founds.left_out, SW_LOOKBACK_MAX / 2);
    ck_assert_int_eq(sw_founds_each_name(&founds, refuse, &calls), SW_ECLOSED);
    ck_assert_uint_eq(calls, 1);
    ck_assert_uint_gt(founds.n, SW_LOOKBACK_MAX / 2);
    ck_assert_uint_eq(founds.record[100].count, 2);
    sw_founds_clear(&founds);
    ck_assert_int_eq(sw_founds_each_name(&founds, refuse, &calls), SW_OK);
    ck_assert_uint_eq(calls, 1);
}
END_TEST

/* Names are noted once after sorting, whatever the order; a full set refuses a further name, and
 * goes on with the last one. */
START_TEST(names_are_a_set)
{
    struct sw_found_names names = {.n = 0};
    struct sw_name name;
    char text[32];
    for (unsigned i = 0; i < 3 * SW_FOUND_NAMES_MAX / 4; i++) {
        snprintf(text, sizeof(text), "n%u.example", (i * 7) % (SW_FOUND_NAMES_MAX / 2));
        ck_assert_int_eq(sw_name_parse(text, strlen(text), &name, NULL), SW_OK);
        ck_assert_int_eq(sw_found_names_add(&names, name.wire), SW_OK);
        ck_assert_int_eq(sw_found_names_add(&names, name.wire), SW_OK);
    }
    enum sw_status status = SW_OK;
    for (unsigned i = 0; i < SW_FOUND_DUE && status == SW_OK; i++) {
        ck_assert_int_eq(sw_found_names_add(&names, name.wire), SW_OK);
        struct sw_name other;
        owner_of(i % OWNERS, &other);
        status = sw_found_names_add(&names, other.wire);
        name = status == SW_OK ? other : name;
    }
    ck_assert_int_eq(status, SW_ETOOBIG);
    ck_assert_int_eq(sw_found_names_add(&names, name.wire), SW_OK);
    sw_found_names_sort(&names);
    ck_assert_uint_eq(names.n, SW_FOUND_NAMES_MAX / 2 + OWNERS);
    ck_assert(sw_found_names_have(&names, name.wire));
    owner_of(0, &name);
    ck_assert(sw_found_names_have(&names, name.wire));
    ck_assert(!sw_found_names_have(&names, (const uint8_t *)"\001x"));
    sw_found_names_clear(&names);
    sw_found_names_sort(&names);
    ck_assert(!sw_found_names_have(&names, name.wire));
}
END_TEST

/* A name server says nothing about where a name led. */
START_TEST(only_resolutions)
{
    struct sw_name name;
    uint8_t room[4];
    struct sw_addr addr;
    owner_of(0, &name);
    struct sw_sighting s = sighting_of(&name, 0, room);
    ck_assert(sw_found_address(&s, &addr));
    s.type = TYPE_NS;
    ck_assert(!sw_found_is_resolution(&s));
    ck_assert(!sw_found_address(&s, &addr));
}
END_TEST

int main(void)
{
    return RUN_SUITE("found", TIMEOUT(60),
                     TESTS(equals_a_model, is_bounded, names_are_a_set, only_resolutions));
}
