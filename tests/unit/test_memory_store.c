/*
 * The store of the memory against a plain model: random sightings in files of all tiers, merged in
 * random steps, give the same answers as an array of the sightings. And what goes wrong on disk.
 */
#include "memory_world.h"
#include "small_disk.h"

#include "suite.h"

#include "base/log.h"
#include "memory/past.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define ADDED 4000
#define DAY   86400u

/* A tuple of the model or of an answer. */
struct tuple {
    struct sw_key key; /* with zone: as by owner; without: as by owner, of no zone */
    uint64_t first, last, count;
    uint32_t tag;
};

struct tuples {
    size_t n;
    struct tuple tuple[ADDED];
};

static struct made world[ADDED];
static struct tuples expected, got;

static void add_tuple(struct tuples *tuples, const struct sw_sighting *sighting, bool zone,
                      uint32_t tag)
{
    struct tuple *tuple = &tuples->tuple[tuples->n++];
    struct sw_sighting copy = *sighting;
    if (!zone)
        copy.zone = NULL;
    ck_assert_uint_le(tuples->n, ADDED);
    sw_encode_owner(&copy, &tuple->key);
    tuple->first = sighting->first;
    tuple->last = sighting->last;
    tuple->count = sighting->count;
    tuple->tag = tag;
}

static int compare(const void *a, const void *b)
{
    const struct tuple *x = a, *y = b;
    if (x->tag != y->tag)
        return x->tag < y->tag ? -1 : 1;
    return sw_compare_keys(x->key.octets, x->key.len, y->key.octets, y->key.len);
}

/* Sort, and make one of equal tuples. */
static void fold(struct tuples *tuples)
{
    size_t kept = 0;
    qsort(tuples->tuple, tuples->n, sizeof(tuples->tuple[0]), compare);
    for (size_t i = 0; i < tuples->n; i++) {
        struct tuple *last = kept > 0 ? &tuples->tuple[kept - 1] : NULL;
        const struct tuple *next = &tuples->tuple[i];
        if (!last || compare(last, next) != 0) {
            tuples->tuple[kept++] = *next;
            continue;
        }
        last->first = next->first < last->first ? next->first : last->first;
        last->last = next->last > last->last ? next->last : last->last;
        last->count += next->count;
    }
    tuples->n = kept;
}

static bool is_asked(const struct sw_past_question *question, const struct sw_sighting *sighting)
{
    struct sw_addr addr;
    int at = sw_rdata_name(sighting->type, sighting->rdata, sighting->rdata_len);
    switch (question->ask) {
    case SW_ASK_OWNER:
        return sw_name_equal(sighting->owner, question->name.wire);
    case SW_ASK_OWNER_BELOW:
        return sw_name_below_or_equal(sighting->owner, question->name.wire);
    case SW_ASK_ADDRESS:
        return at < 0 &&
               sw_addr_from_octets(sighting->rdata, sighting->rdata_len, &addr) == SW_OK &&
               sw_addr_covers(&question->addr, &addr);
    case SW_ASK_TARGET:
        return at >= 0 && sw_name_equal(sighting->rdata + at, question->name.wire);
    case SW_ASK_TARGET_BELOW:
        return at >= 0 && sw_name_below_or_equal(sighting->rdata + at, question->name.wire);
    default:
        return true;
    }
}

static bool by_owner(enum sw_ask ask)
{
    return ask <= SW_ASK_OWNER_BELOW;
}

/* sw_past_wants() judges a single sighting as the model does. */
static void judge_alone(const struct sw_past_question *question, const struct sw_sighting *sighting)
{
    bool wanted = is_asked(question, sighting) &&
                  (!question->type || question->type == sighting->type) &&
                  sighting->last >= question->since &&
                  (!question->until || sighting->first <= question->until);
    ck_assert_int_eq(sw_past_wants(question, sighting), wanted);
}

static void expect(const struct sw_past_question *question, size_t n)
{
    expected.n = 0;
    for (size_t i = 0; i < n; i++) {
        judge_alone(question, &world[i].sighting);
        if (is_asked(question, &world[i].sighting))
            add_tuple(&expected, &world[i].sighting, by_owner(question->ask), 0);
    }
    fold(&expected);
    size_t kept = 0;
    for (size_t i = 0; i < expected.n; i++) {
        const struct tuple *tuple = &expected.tuple[i];
        if (tuple->last >= question->since && (!question->until || tuple->first <= question->until))
            expected.tuple[kept++] = *tuple;
    }
    expected.n = kept;
}

static enum sw_status take(void *arg, const struct sw_sighting *sighting)
{
    add_tuple(&got, sighting, by_owner(*(const enum sw_ask *)arg), 0);
    return SW_OK;
}

static void check_same(void)
{
    ck_assert_uint_eq(got.n, expected.n);
    for (size_t i = 0; i < got.n; i++) {
        const struct tuple *a = &got.tuple[i], *b = &expected.tuple[i];
        ck_assert_int_eq(compare(a, b), 0);
        ck_assert_uint_eq(a->first, b->first);
        ck_assert_uint_eq(a->last, b->last);
        ck_assert_uint_eq(a->count, b->count);
    }
}

static void random_question(struct sw_past_question *question)
{
    *question = (struct sw_past_question){.ask = (enum sw_ask)below(6)};
    random_name(&question->name);
    const uint8_t octets[16] = {10, 0, (uint8_t)below(3), (uint8_t)below(5)};
    ck_assert_int_eq(sw_addr_from_octets(octets, below(2) ? 4 : 16, &question->addr), SW_OK);
    sw_addr_mask(&question->addr, below(33));
    if (below(2))
        question->since = 1764000000 + below(1000000);
    if (below(2))
        question->until = 1764000000 + below(1000000);
}

static void check_questions(size_t n, int rounds)
{
    struct sw_past *past;
    ck_assert_int_eq(sw_past_open(folder, NULL, &past), SW_OK);
    for (int i = 0; i < rounds; i++) {
        struct sw_past_question question = {.ask = SW_ASK_ALL};
        if (i > 0)
            random_question(&question);
        got.n = 0;
        ck_assert_int_eq(sw_past_ask(past, &question, take, &question.ask), SW_OK);
        size_t found = got.n;
        qsort(got.tuple, got.n, sizeof(got.tuple[0]), compare);
        expect(&question, n);
        check_same();
        question.limit = 1 + below(4);
        got.n = 0;
        ck_assert_int_eq(sw_past_ask(past, &question, take, &question.ask), SW_OK);
        ck_assert_uint_eq(got.n, found < question.limit ? found : question.limit);
    }
    sw_past_close(past);
}

/* ---- many indicators ---- */

static enum sw_status take_tagged(void *arg, uint32_t tag, const struct sw_sighting *sighting)
{
    const struct sw_past_question *questions = arg;
    add_tuple(&got, sighting, by_owner(questions[tag].ask), tag);
    return SW_OK;
}

#define HUNTED 40

static void check_hunt(size_t n)
{
    struct sw_past_question questions[HUNTED];
    struct sw_hunt *hunt;
    struct sw_past *past;
    struct sw_hunt_calls calls = {.take = take_tagged, .arg = questions};
    static struct tuples all;
    ck_assert_int_eq(sw_hunt_new(&hunt), SW_OK);
    all.n = got.n = 0;
    for (uint32_t i = 0; i < HUNTED; i++) {
        struct sw_past_question *question = &questions[i];
        random_question(question);
        question->ask = i % 3 == 0   ? SW_ASK_OWNER
                        : i % 3 == 1 ? SW_ASK_ADDRESS
                                     : SW_ASK_OWNER_BELOW;
        question->since = question->until = 0;
        if (question->ask == SW_ASK_ADDRESS) {
            sw_addr_mask(&question->addr, 24 + below(9));
            ck_assert_int_eq(sw_hunt_addr(hunt, &question->addr, i), SW_OK);
        } else {
            if (question->ask == SW_ASK_OWNER_BELOW)
                set_name(&question->name, i % 2 ? "n1.co.uk" : "n2.example.com");
            ck_assert_int_eq(
                sw_hunt_name(hunt, question->name.wire, question->ask == SW_ASK_OWNER_BELOW, i),
                SW_OK);
        }
        expect(question, n);
        for (size_t j = 0; j < expected.n && all.n < ADDED; j++) {
            all.tuple[all.n] = expected.tuple[j];
            all.tuple[all.n++].tag = i;
        }
    }
    ck_assert_uint_lt(all.n, ADDED);
    ck_assert_int_eq(sw_past_open(folder, NULL, &past), SW_OK);
    ck_assert_int_eq(sw_hunt_run(hunt, past, &calls), SW_OK);
    qsort(got.tuple, got.n, sizeof(got.tuple[0]), compare);
    expected = all;
    check_same();
    sw_hunt_free(hunt);
    sw_past_close(past);
}

/* ---- the life of a folder ---- */

static void seal(size_t from, size_t to, enum sw_tier tier, uint64_t start, size_t buffer)
{
    struct sw_seal_options options = {
        .folder = folder, .tier = tier, .start = start, .buffer = buffer};
    struct sw_seal *writer;
    ck_assert_int_eq(sw_seal_begin(&options, &writer), SW_OK);
    for (size_t i = from; i < to; i++)
        ck_assert_int_eq(sw_seal_add(writer, &world[i].sighting), SW_OK);
    ck_assert_int_eq(sw_seal_commit(writer, NULL), SW_OK);
}

START_TEST(test_the_model_agrees)
{
    const struct sw_memory_limits none = {0};
    struct sw_tidied tidied;
    seed = (uint64_t)_i + 1;
    make_folder();
    size_t n = 0;
    while (n + 500 < ADDED / 2) {
        size_t to = n + 1 + below(400);
        for (size_t i = n; i < to; i++)
            random_sighting(&world[i]);
        uint64_t time = 1764000000 + below(3) * 86400 + below(2) * 3600 + below(4) * 60;
        enum sw_tier tier = (enum sw_tier)below(4);
        seal(n, to, tier, tier == SW_TIER_MONTH && below(2) ? 0 : time, 1);
        n = to;
        uint64_t now = below(3) ? time + below(3) * 90000 : time + 400 * 86400u;
        ck_assert_int_eq(sw_memory_tidy(folder, now, &none, NULL, &tidied), SW_OK);
        ck_assert_uint_eq(tidied.aside + tidied.dropped, 0);
    }
    check_questions(n, 30);
    check_hunt(n);
    do
        ck_assert_int_eq(sw_memory_tidy(folder, 1900000000, &none, NULL, &tidied), SW_OK);
    while (tidied.more);
    check_questions(n, 20);
    remove_folder();
}
END_TEST

static void count_file(void *arg, const struct sw_memory_file *file)
{
    (void)file;
    ++*(unsigned *)arg;
}

static unsigned count_files(void)
{
    unsigned n = 0;
    ck_assert_int_eq(sw_memory_files(folder, count_file, &n), SW_OK);
    return n;
}

static void make_world(size_t n)
{
    for (size_t i = 0; i < n; i++)
        random_sighting(&world[i]);
}

#define DECEMBER 1764547200u /* 2025-12-01 */

START_TEST(test_old_files_are_dropped)
{
    struct sw_memory_limits limits = {.days = 10};
    struct sw_tidied tidied;
    make_folder();
    make_world(30);
    for (size_t i = 0; i < 30; i += 10)
        seal(i, i + 10, SW_TIER_DAY, DECEMBER + i / 10 * 86400, 0);
    ck_assert_uint_eq(count_files(), 3);
    uint64_t now = DECEMBER + 11 * 86400; /* ten days after the end of the first file */
    ck_assert_int_eq(sw_memory_tidy(folder, now - 1, &limits, NULL, &tidied), SW_OK);
    ck_assert_uint_eq(tidied.dropped, 0);
    ck_assert_int_eq(sw_memory_tidy(folder, now, &limits, NULL, &tidied), SW_OK);
    ck_assert_uint_eq(tidied.dropped, 1);
    limits = (struct sw_memory_limits){.octets = 1};
    ck_assert_int_eq(sw_memory_tidy(folder, now, &limits, NULL, &tidied), SW_OK);
    ck_assert_uint_eq(tidied.dropped, 2);
    ck_assert_uint_eq(count_files(), 0);
    remove_folder();
}
END_TEST

START_TEST(test_forgotten_names_are_gone)
{
    struct sw_forgotten forgotten, counted;
    struct sw_name name;
    make_folder();
    make_world(2000);
    for (size_t i = 0; i < 2000; i += 500)
        seal(i, i + 500, SW_TIER_HOUR, 1764000000 + i * 3600, 0);
    set_name(&name, "co.uk");
    struct sw_forget what = {.name = &name, .below = true};
    ck_assert_int_eq(sw_memory_count(folder, &what, NULL, &counted), SW_OK);
    ck_assert_uint_gt(counted.rows, 100);
    ck_assert_int_eq(sw_memory_forget(folder, &what, NULL, &forgotten), SW_OK);
    ck_assert_uint_eq(forgotten.rows, counted.rows);
    ck_assert_uint_eq(forgotten.replaced, 4);
    ck_assert_int_eq(sw_memory_count(folder, &what, NULL, &counted), SW_OK);
    ck_assert_uint_eq(counted.rows, 0);
    size_t n = 0;
    for (size_t i = 0; i < 2000; i++) { /* the model without the forgotten */
        struct sw_past_question below_owner = {.ask = SW_ASK_OWNER_BELOW, .name = name};
        struct sw_past_question below_target = {.ask = SW_ASK_TARGET_BELOW, .name = name};
        const struct sw_sighting *sighting = &world[i].sighting;
        if (is_asked(&below_owner, sighting) || is_asked(&below_target, sighting) ||
            (sighting->zone && sw_name_below_or_equal(sighting->zone, name.wire)) ||
            (sighting->type == 6 && memmem(sighting->rdata, sighting->rdata_len, "\2co\2uk", 7)))
            continue;
        world[n] = world[i];
        world[n].sighting.owner = world[n].owner.wire;
        world[n].sighting.zone = world[i].sighting.zone ? world[n].zone.wire : NULL;
        world[n].sighting.rdata = world[n].rdata;
        n++;
    }
    struct sw_past *past;
    struct sw_past_question all = {.ask = SW_ASK_ALL};
    ck_assert_int_eq(sw_past_open(folder, NULL, &past), SW_OK);
    got.n = 0;
    ck_assert_int_eq(sw_past_ask(past, &all, take, &all.ask), SW_OK);
    sw_past_close(past);
    expect(&all, n);
    check_same();
    what = (struct sw_forget){.before = 1900000000};
    ck_assert_int_eq(sw_memory_forget(folder, &what, NULL, &forgotten), SW_OK);
    ck_assert_uint_eq(count_files(), 0);
    remove_folder();
}
END_TEST

static void quiet(enum sw_log_level level, const char *line)
{
    (void)level;
    (void)line;
}

struct walk {
    size_t calls, most; /* files of a call */
    bool replace;       /* files between two calls */
};

static enum sw_status walk(void *arg, struct sw_past *past)
{
    struct sw_past_question all = {.ask = SW_ASK_ALL};
    struct walk *walk = arg;
    ck_assert_int_eq(sw_past_ask(past, &all, take, &all.ask), SW_OK);
    walk->calls++;
    walk->most = past->n > walk->most ? past->n : walk->most;
    if (walk->replace) {
        struct sw_forget what = {.before = 1900000000};
        struct sw_forgotten forgotten;
        ck_assert_int_eq(sw_memory_forget(folder, &what, NULL, &forgotten), SW_OK);
    }
    return SW_OK;
}

#define MANY 100 /* files */
#define SOME 16  /* open at once */

/* More files than a process may open: a walk in groups sees every sighting. */
START_TEST(test_many_files_in_groups)
{
    const struct sw_past_options some = {.max = SOME};
    struct rlimit former, low;
    struct sw_past *past;
    struct walk walked = {0};
    sw_log_sink(quiet);
    make_folder();
    make_world(5 * MANY);
    for (size_t i = 0; i < MANY; i++)
        seal(5 * i, 5 * i + 5, SW_TIER_DAY, 1764000000 + i * DAY, 0);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &former), 0);
    low = (struct rlimit){MANY / 2, former.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &low), 0);
    ck_assert_int_eq(sw_past_open(folder, NULL, &past), SW_OK);
    ck_assert_uint_lt(past->n, MANY); /* the others are left out, with a warning */
    sw_past_close(past);
    got.n = 0;
    ck_assert_int_eq(sw_past_each(folder, &some, walk, &walked), SW_OK);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &former), 0);
    ck_assert_uint_eq(walked.most, SOME);
    ck_assert_uint_eq(walked.calls, (MANY + SOME - 1) / SOME);
    const struct sw_past_question all = {.ask = SW_ASK_ALL};
    expect(&all, 5 * MANY);
    fold(&got);
    check_same();
    walked.replace = true;
    got.n = 0;
    ck_assert_int_eq(sw_past_each(folder, &some, walk, &walked), SW_EEXIST);
    remove_folder();
}
END_TEST

/* ---- what goes wrong ---- */

static void spoil(const char *name, off_t at, size_t n)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    int fd = open(path, O_RDWR);
    ck_assert_int_ge(fd, 0);
    for (size_t i = 0; i < n; i++) {
        const uint8_t octet = (uint8_t)below(256);
        ck_assert_int_eq(pwrite(fd, &octet, 1, at + (off_t)i), 1);
    }
    close(fd);
}

START_TEST(test_a_damaged_file_costs_itself_only)
{
    const struct sw_memory_limits none = {0};
    struct sw_past_question all = {.ask = SW_ASK_ALL};
    struct sw_tidied tidied;
    struct sw_past *past;
    struct stat st;
    char path[256];
    const char *bad = "dns.20251124.D.mtbl";
    sw_log_sink(quiet);
    make_folder();
    make_world(400);
    for (int round = 0; round < 20; round++) {
        seal(0, 200, SW_TIER_DAY, 1764028800, 0);
        seal(200, 400, SW_TIER_DAY, 1763942400, 0);
        snprintf(path, sizeof(path), "%s/%s", folder, bad);
        ck_assert_int_eq(stat(path, &st), 0);
        if (round % 3 == 0)
            ck_assert_int_eq(truncate(path, below((unsigned)st.st_size)), 0);
        else
            spoil(bad, below((unsigned)st.st_size - 20), 1 + below(20));
        ck_assert_int_eq(sw_past_open(folder, NULL, &past), SW_OK);
        got.n = 0;
        ck_assert_int_eq(sw_past_ask(past, &all, take, &all.ask), SW_OK);
        sw_past_close(past);
        expect(&all, 200);
        ck_assert_uint_ge(got.n, expected.n);
        do
            ck_assert_int_eq(sw_memory_tidy(folder, 1900000000, &none, NULL, &tidied), SW_OK);
        while (tidied.more || tidied.aside);
        struct sw_forget what = {.before = 1900000000};
        struct sw_forgotten forgotten;
        ck_assert_int_eq(sw_memory_forget(folder, &what, NULL, &forgotten), SW_OK);
    }
    sw_log_sink(NULL);
    remove_folder();
}
END_TEST

START_TEST(test_a_full_disk_changes_nothing)
{
    struct rlimit limit = {.rlim_cur = 1 << 16, .rlim_max = RLIM_INFINITY};
    struct sw_seal_options options = {.folder = folder, .start = 1764000000, .buffer = 1 << 16};
    struct sw_seal *writer;
    make_folder();
    make_world(ADDED);
    seal(0, 100, SW_TIER_MINUTE, 1764000000, 0);
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    ck_assert_int_eq(sw_seal_begin(&options, &writer), SW_OK);
    enum sw_status status = SW_OK;
    for (size_t i = 0; i < ADDED && status == SW_OK; i++)
        status = sw_seal_add(writer, &world[i].sighting);
    if (status == SW_OK)
        status = sw_seal_commit(writer, NULL);
    else
        sw_seal_drop(writer);
    ck_assert_int_eq(status, SW_EIO);
    ck_assert_int_eq(errno, EFBIG);
    limit.rlim_cur = RLIM_INFINITY;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    ck_assert_uint_eq(count_files(), 1);
    check_questions(100, 1);
    remove_folder();
}
END_TEST

/* A full disk: files over a limit go, and room comes of it. */
START_TEST(test_a_full_disk_can_be_tidied)
{
    const struct sw_memory_limits limits = {.days = 10};
    struct sw_tidied tidied;
    make_folder();
    if (!mount_small_disk(folder)) {
        suite_skip("a file system to be filled");
        return;
    }
    make_world(40);
    for (size_t i = 0; i < 40; i += 10)
        seal(i, i + 10, SW_TIER_DAY, DECEMBER + i / 10 * DAY, 0);
    for (unsigned day = 11; day < 14; day++) { /* once without a reserve in between */
        fill_disk(folder);
        ck_assert_int_eq(sw_memory_tidy(folder, DECEMBER + day * DAY, &limits, NULL, &tidied),
                         SW_OK);
        ck_assert_uint_eq(tidied.dropped, 1);
        ck_assert_uint_eq(count_files(), 14 - day);
    }
}
END_TEST

/* A full disk: forgetting removes whole files, and rewrites those that fit then. */
START_TEST(test_a_full_disk_can_forget)
{
    struct sw_forgotten forgotten, counted;
    struct sw_name name;
    make_folder();
    if (!mount_small_disk(folder)) {
        suite_skip("a file system to be filled");
        return;
    }
    make_world(2000);
    set_name(&name, "co.uk");
    for (size_t i = 0; i < 1000; i++) { /* the last file has nothing else */
        world[i].sighting.owner = name.wire;
        world[i].sighting.type = 1;
        world[i].sighting.rdata_len = 4;
        memcpy(world[i].rdata, (const uint8_t[]){10, 0, (uint8_t)(i >> 8), (uint8_t)i}, 4);
    }
    seal(1000, 1500, SW_TIER_DAY, DECEMBER, 0);
    seal(1500, 2000, SW_TIER_DAY, DECEMBER + DAY, 0);
    struct sw_forget what = {.name = &name, .below = true};
    fill_disk(folder);
    ck_assert_int_eq(sw_memory_forget(folder, &what, NULL, &forgotten), SW_EIO);
    ck_assert_int_eq(errno, ENOSPC);
    ck_assert_int_eq(sw_memory_count(folder, &what, NULL, &counted), SW_OK);
    ck_assert_uint_gt(counted.rows, 0);
    char ballast[128];
    snprintf(ballast, sizeof(ballast), "%s/ballast", folder);
    ck_assert_int_eq(unlink(ballast), 0);
    seal(0, 1000, SW_TIER_DAY, DECEMBER + 2 * DAY, 0);
    fill_disk(folder);
    ck_assert_int_eq(sw_memory_forget(folder, &what, NULL, &forgotten), SW_OK);
    ck_assert_uint_eq(forgotten.replaced, 3);
    ck_assert_int_eq(sw_memory_count(folder, &what, NULL, &counted), SW_OK);
    ck_assert_uint_eq(counted.rows, 0);
    ck_assert_uint_eq(count_files(), 2);
}
END_TEST

START_TEST(test_everything_stops)
{
    atomic_bool stop = true;
    const struct sw_memory_limits none = {0};
    struct sw_seal_options options = {.folder = folder, .start = 1764000000, .stop = &stop};
    struct sw_past_question all = {.ask = SW_ASK_ALL};
    struct sw_tidied tidied;
    struct sw_seal *writer;
    struct sw_past *past;
    make_folder();
    make_world(1000);
    seal(0, 500, SW_TIER_MINUTE, 1764000000, 0);
    seal(500, 1000, SW_TIER_MINUTE, 1764000000, 0);
    ck_assert_int_eq(sw_seal_begin(&options, &writer), SW_OK);
    enum sw_status status = SW_OK;
    for (size_t i = 0; i < 1000 && status == SW_OK; i++)
        status = sw_seal_add(writer, &world[i].sighting);
    ck_assert_int_eq(status, SW_ECLOSED);
    sw_seal_drop(writer);
    ck_assert_int_eq(sw_memory_tidy(folder, 1900000000, &none, &stop, &tidied), SW_ECLOSED);
    ck_assert_int_eq(sw_past_open(folder, &stop, &past), SW_ECLOSED);
    stop = false;
    ck_assert_int_eq(sw_past_open(folder, &stop, &past), SW_OK);
    stop = true;
    ck_assert_int_eq(sw_past_ask(past, &all, take, &all.ask), SW_ECLOSED);
    sw_past_close(past);
    ck_assert_uint_eq(count_files(), 2);
    remove_folder();
}
END_TEST

START_TEST(test_names_of_files)
{
    static const char *const others[] = {
        "dns.20251124.H.mtbl",       "dns.20251324.D.mtbl",     "dns.2025112.D.mtbl",
        "dns.20251124.D.1.mtbl",     "dns.20251124.D.02.mtbl",  "dns.20251124.D.mtbl.aside",
        "dns.20251124.1301.H.mtbl",  "dns.20251124.1301.m",     "x.20251124.D.mtbl",
        "dns.20251124.13011.m.mtbl", "dns.20251124.D.a.mtbl",   "dns.202511..M.mtbl",
        "dns.-0251124.D.mtbl",       "dns.20251131.2400.m.mtbl"};
    struct sw_interval interval, again;
    char name[SW_FILE_NAME_MAX];
    for (int i = 0; i < 1000; i++) {
        enum sw_tier tier = (enum sw_tier)below(4);
        interval = sw_interval_at(tier, below(4000000000u));
        sw_interval_name(&interval, 1 + below(20), name);
        ck_assert_msg(sw_interval_parse(name, &again), "%s", name);
        ck_assert_int_eq(again.tier, tier);
        ck_assert_uint_eq(again.start, interval.start);
        ck_assert_uint_eq(again.end, interval.end);
        ck_assert_uint_gt(again.end, again.start);
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        ck_assert_msg(!sw_interval_parse(others[i], &interval), "%s", others[i]);
}
END_TEST

int main(void)
{
    return RUN_SUITE("memory_store", TIMEOUT(60), LOOP(test_the_model_agrees, 3),
                     TESTS(test_old_files_are_dropped, test_forgotten_names_are_gone,
                           test_many_files_in_groups, test_a_damaged_file_costs_itself_only,
                           test_a_full_disk_changes_nothing, test_a_full_disk_can_be_tidied,
                           test_a_full_disk_can_forget, test_everything_stops,
                           test_names_of_files));
}
