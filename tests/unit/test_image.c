/* The index as a file: written while the index changes, and every kind of damage. */
#include "index_hits.h"

#include "index/image.h"

#include "index/image_format.h"
#include "rounds.h"
#include "suite.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <xxhash.h>

enum { NAMES = 100000, HEADER = 400, FLIPS = 2600 };

static struct sw_indicator nth(unsigned i)
{
    struct sw_indicator ind;
    char text[64], why[SW_WHY_MAX];
    if (i % 5 == 4)
        snprintf(text, sizeof(text), "10.%u.%u.%u", i >> 16 & 255, i >> 8 & 255, i & 255);
    else
        snprintf(text, sizeof(text), "=n%u.d%u.test", i, i % 101);
    ck_assert_int_eq(sw_indicator_parse(text, strlen(text), &ind, why), SW_OK);
    return ind;
}

static struct sw_index *make(unsigned n, sw_list_id *id)
{
    struct sw_index *index = sw_index_new();
    struct sw_policy policy;
    sw_policy_init(&policy, "l");
    policy.ttl = 77;
    ck_assert_ptr_nonnull(index);
    ck_assert_int_eq(sw_index_list_set(index, &policy, id), SW_OK);
    for (unsigned i = 0; i < n; i++) {
        struct sw_indicator ind = nth(i);
        if (sw_index_add_until(index, *id, &ind, i % 10 == 0 ? 1000 + i : 0) != SW_OK)
            ck_abort_msg("add %u", i);
    }
    return index;
}

static int save(struct sw_index *index)
{
    int fd = memfd_create("image", MFD_CLOEXEC);
    struct sw_image *image = sw_image_begin(index);
    ck_assert(fd >= 0 && image);
    ck_assert_int_eq(sw_image_write(image, fd, "{}", 2, 5), SW_OK);
    sw_image_end(image);
    return fd;
}

static struct sw_index *load(int fd)
{
    struct sw_image_found found;
    char why[SW_WHY_MAX] = "";
    enum sw_status status = sw_image_load(fd, &found, why);
    ck_assert_msg(status == SW_OK, "%d %s", (int)status, why);
    ck_assert_str_eq(found.note, "{}");
    free(found.note);
    return found.index;
}

/* The list holds exactly the first n, with their ends, and the policy. */
static void holds(struct sw_index *index, unsigned n)
{
    sw_list_id id;
    ck_assert_int_eq(sw_index_list_find(index, "l", &id), SW_OK);
    ck_assert_uint_eq(sw_index_count(index, id), n);
    struct sw_view view = sw_index_view(index);
    ck_assert_uint_eq(sw_view_list(&view, id)->ttl, 77);
    for (unsigned i = 0; i < n; i++) {
        struct sw_indicator ind = nth(i);
        struct sw_hit hit;
        size_t hits = ind.type == SW_INDICATOR_DOMAIN
                          ? find_name(&view, ind.name.wire, ind.name.len, &hit, 1)
                          : find_addr(&view, &ind.addr, &hit, 1);
        if (hits != 1 || sw_index_until(index, id, &ind) != (i % 10 == 0 ? 1000 + i : 0))
            ck_abort_msg("%u of %u: %zu hits", i, n, hits);
    }
}

START_TEST(there_and_back)
{
    sw_list_id id;
    const unsigned sizes[] = {0, 1, 300, rounds(NAMES)};
    for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
        struct sw_index *index = make(sizes[k], &id);
        int fd = save(index);
        struct sw_index *again = load(fd);
        holds(again, sizes[k]);
        int fd2 = save(again); /* and again, from the loaded index */
        sw_index_free(again);
        again = load(fd2);
        holds(again, sizes[k]);
        sw_index_free(again);
        sw_index_free(index);
        close(fd);
        close(fd2);
    }
}
END_TEST

/* ---- changes meanwhile ---- */

struct writing {
    struct sw_image *image;
    int fd;
    atomic_int status; /* 1: not over */
};

static void *write_image(void *arg)
{
    struct writing *w = arg;
    atomic_store(&w->status, (int)sw_image_write(w->image, w->fd, "{}", 2, 5));
    return NULL;
}

/* The file has the moment of its beginning, with any changes during the writing. */
START_TEST(changes_while_it_is_written)
{
    sw_list_id id, other;
    struct sw_policy policy;
    unsigned names = rounds(NAMES);
    struct sw_index *index = make(names, &id);
    struct writing w = {.fd = memfd_create("image", MFD_CLOEXEC), .status = 1};
    pthread_t thread;
    w.image = sw_image_begin(index);
    for (unsigned i = 0; i < 50; i++) { /* surely before anything is copied */
        struct sw_indicator ind = nth(i);
        ck_assert_int_eq(sw_index_remove(index, id, &ind), SW_OK);
    }
    ck_assert_int_eq(pthread_create(&thread, NULL, write_image, &w), 0);
    for (unsigned i = 50; i < names; i++) {
        struct sw_indicator ind = nth(i);
        if (i % 3 == 0)
            (void)sw_index_remove(index, id, &ind);
        ind = nth(names + i);
        (void)sw_index_add(index, id, &ind);
    }
    sw_policy_init(&policy, "other");
    ck_assert_int_eq(sw_index_list_set(index, &policy, &other), SW_OK);
    ck_assert_int_eq(sw_index_list_drop(index, id), SW_OK);
    sw_index_tidy(index);
    pthread_join(thread, NULL);
    sw_image_end(w.image);
    ck_assert_int_eq(atomic_load(&w.status), SW_OK);
    struct sw_index *again = load(w.fd);
    holds(again, names);
    sw_index_free(again);
    sw_index_free(index);
    close(w.fd);
}
END_TEST

START_TEST(given_up)
{
    sw_list_id id;
    struct sw_index *index = make(1000, &id);
    int fd = memfd_create("image", MFD_CLOEXEC);
    struct sw_image *image = sw_image_begin(index);
    sw_image_cancel(image);
    ck_assert_int_eq(sw_image_write(image, fd, "{}", 2, 5), SW_ECLOSED);
    sw_image_end(image);
    image = sw_image_begin(index);
    ck_assert_int_eq(sw_image_write(image, fd, "{}", SW_IMAGE_NOTE_MAX + 1, 5), SW_ETOOBIG);
    sw_image_end(image);
    sw_index_free(index);
    close(fd);
}
END_TEST

/* ---- damaged files ---- */

static void refused(int fd, const char *words)
{
    struct sw_image_found found = {.index = NULL};
    char why[SW_WHY_MAX] = "";
    ck_assert_int_eq(sw_image_load(fd, &found, why), SW_EFORMAT);
    ck_assert_ptr_null(found.index);
    ck_assert_msg(strstr(why, words) != NULL, "%s", why);
}

static void flip(int fd, off_t at, uint8_t bits)
{
    uint8_t octet;
    ck_assert_int_eq(pread(fd, &octet, 1, at), 1);
    octet ^= bits;
    ck_assert_int_eq(pwrite(fd, &octet, 1, at), 1);
}

START_TEST(any_flipped_bit)
{
    sw_list_id id;
    struct sw_index *index = make(300, &id);
    int fd = save(index);
    off_t len = lseek(fd, 0, SEEK_END);
    for (unsigned i = 0, n = HEADER + rounds(FLIPS); i < n; i++) {
        /* every octet of the header's beginning, then all over the file */
        off_t at = i < HEADER ? (off_t)i : (off_t)((uint64_t)i * 2654435761u % (uint64_t)len);
        flip(fd, at, (uint8_t)(1u << i % 8));
        refused(fd, "");
        flip(fd, at, (uint8_t)(1u << i % 8));
    }
    struct sw_index *again = load(fd);
    holds(again, 300);
    sw_index_free(again);
    sw_index_free(index);
    close(fd);
}
END_TEST

START_TEST(cut_off_and_longer)
{
    sw_list_id id;
    struct sw_index *index = make(300, &id);
    int fd = save(index);
    off_t len = lseek(fd, 0, SEEK_END);
    ck_assert_int_eq(ftruncate(fd, len + 4096), 0);
    refused(fd, "another length");
    for (off_t at = len - 1; at > 0; at = at * 4 / 5 - 1) {
        ck_assert_int_eq(ftruncate(fd, at), 0);
        refused(fd, at < (off_t)SW_IMAGE_HEADER_LEN ? "shorter than a header" : "another length");
    }
    ck_assert_int_eq(ftruncate(fd, 0), 0);
    refused(fd, "shorter than a header");
    sw_index_free(index);
    close(fd);
}
END_TEST

static void with_header(int fd, const struct sw_image_header *changed, const char *words)
{
    struct sw_image_header former, header = *changed;
    ck_assert_int_eq(pread(fd, &former, sizeof(former), 0), sizeof(former));
    header.hash = XXH3_64bits(&header, offsetof(struct sw_image_header, hash));
    ck_assert_int_eq(pwrite(fd, &header, sizeof(header), 0), sizeof(header));
    refused(fd, words);
    ck_assert_int_eq(pwrite(fd, &former, sizeof(former), 0), sizeof(former));
}

START_TEST(other_versions_and_machines)
{
    sw_list_id id;
    struct sw_index *index = make(300, &id);
    int fd = save(index);
    struct sw_image_header good, h;
    ck_assert_int_eq(pread(fd, &good, sizeof(good), 0), sizeof(good));
    h = good, h.version--;
    with_header(fd, &h, "version 3 of the format; this is 4");
    h = good, h.version++;
    with_header(fd, &h, "version 5 of the format; this is 4");
    h = good, h.endian = 0x04030201;
    with_header(fd, &h, "another kind");
    h = good, h.layout[9] = 4;
    with_header(fd, &h, "another build");
    h = good, h.magic[0] = 's';
    with_header(fd, &h, "no snapshot");
    h = good, h.shard[0].block_len += 4096;
    with_header(fd, &h, "sizes of shards");
    h = good, h.shard[0].block_len = UINT64_MAX - 4095;
    with_header(fd, &h, "sizes of shards");
    h = good, h.section[SW_SECTION_NOTE].len = UINT64_MAX - 5;
    with_header(fd, &h, "shorter than its sections");
    struct sw_index *again = load(fd);
    sw_index_free(again);
    sw_index_free(index);
    close(fd);
}
END_TEST

int main(void)
{
    return RUN_SUITE("image", TIMEOUT(280),
                     TESTS(there_and_back, changes_while_it_is_written, given_up, any_flipped_bit,
                           cut_off_and_longer, other_versions_and_machines));
}
