/*
 * fuzz_image.c - index/image.h: a snapshot file that anybody may have changed, checksums included.
 *
 * The input: an octet, then changes of a small good file, of four octets each: offset (three,
 * modulo the length), new octet.
 *   octet bit 0   make all checksums right again, so that the parts behind are reached
 *   octet bit 1   two octets first: cut off so much (modulo 16 pages) at the end
 * The file is refused with a reason, or the resulting index can be asked, changed, saved.
 */
#include "../unit/index_hits.h"
#include "fuzz_file.h"

#include "index/image_format.h"

#include <xxhash.h>

#define NAMES 40

static uint8_t *good;
static size_t good_len;

static struct sw_indicator nth(unsigned i)
{
    struct sw_indicator ind;
    char text[64], why[SW_WHY_MAX];
    if (i % 4 == 0)
        snprintf(text, sizeof(text), "=n%u.test", i);
    else if (i % 4 == 1)
        snprintf(text, sizeof(text), "*.n%u.test", i);
    else if (i % 4 == 2)
        snprintf(text, sizeof(text), "10.0.%u.0/24", i % 256);
    else
        snprintf(text, sizeof(text), "AS%u", i);
    FUZZ_CHECK(sw_indicator_parse(text, strlen(text), &ind, why) == SW_OK);
    return ind;
}

static size_t save(struct sw_index *index, int fd)
{
    struct sw_image *image = sw_image_begin(index);
    FUZZ_CHECK(image != NULL);
    FUZZ_CHECK(sw_image_write(image, fd, "{}", 2, 1) == SW_OK);
    sw_image_end(image);
    return (size_t)lseek(fd, 0, SEEK_END);
}

/* Two lists, a removed list, ends, sets of several rules. */
static void make_good(void)
{
    struct sw_index *index = sw_index_new();
    sw_list_id id[3];
    char path[FUZZ_PATH_MAX];
    int fd = fuzz_file(NULL, 0, path);
    for (unsigned l = 0; l < 3; l++) {
        struct sw_policy policy;
        char name[] = {'l', (char)('0' + l), '\0'};
        sw_policy_init(&policy, name);
        FUZZ_CHECK(sw_index_list_set(index, &policy, &id[l]) == SW_OK);
    }
    for (unsigned i = 0; i < NAMES; i++) {
        struct sw_indicator ind = nth(i);
        FUZZ_CHECK(sw_index_add_until(index, id[0], &ind, i % 3) == SW_OK);
        if (i % 2 == 0)
            FUZZ_CHECK(sw_index_add(index, id[1], &ind) == SW_OK);
        if (i == 7)
            FUZZ_CHECK(sw_index_add(index, id[2], &ind) == SW_OK);
    }
    FUZZ_CHECK(sw_index_list_drop(index, id[2]) == SW_OK);
    good_len = save(index, fd);
    good = malloc(good_len);
    FUZZ_CHECK(good && pread(fd, good, good_len, 0) == (ssize_t)good_len);
    sw_index_free(index);
    close(fd);
}

/* Checksums of the present content, as far as the sizes make sense. */
static void mend(uint8_t *file, size_t len)
{
    struct sw_image_header h;
    uint64_t at = SW_IMAGE_HEADER_LEN;
    if (len < SW_IMAGE_HEADER_LEN)
        return;
    memcpy(&h, file, sizeof(h));
    h.file_len = len;
    for (unsigned i = 0; i < SW_SECTION_COUNT && h.section[i].len <= len; i++) {
        uint64_t n = sw_image_pages(h.section[i].len);
        if (n > len - at)
            break;
        h.section[i].hash = XXH3_64bits(file + at, n);
        at += n;
    }
    for (unsigned s = 0; s < SW_SHARDS; s++) {
        struct sw_image_shard *shard = &h.shard[s];
        if (shard->block_len == 0 || shard->block_len > len || shard->filter_class > 63)
            continue;
        uint64_t n =
            sw_image_pages(sw_filter_lines[shard->filter_class] * sizeof(struct sw_filter_line));
        if (n + shard->block_len > len - at)
            break;
        shard->block_hash = XXH3_64bits(file + at, shard->block_len);
        shard->filter_hash = XXH3_64bits(file + at + shard->block_len, n);
        at += n + shard->block_len;
    }
    h.hash = XXH3_64bits(&h, offsetof(struct sw_image_header, hash));
    memcpy(file, &h, sizeof(h));
}

/* All that can be done with an index. */
static void use(struct sw_index *index)
{
    sw_list_id ids[SW_LISTS_MAX], again;
    size_t n = sw_index_lists(index, ids, SW_LISTS_MAX);
    struct sw_view view = sw_index_view(index);
    struct sw_hit hits[HITS_MAX];
    char path[FUZZ_PATH_MAX];
    struct sw_policy policy;
    for (unsigned i = 0; i < NAMES; i++) {
        struct sw_indicator ind = nth(i);
        (void)find_name(&view, ind.name.wire, ind.name.len, hits, HITS_MAX);
        (void)find_addr(&view, &ind.addr, hits, HITS_MAX);
        (void)find_asn(&view, ind.asn, hits, HITS_MAX);
        for (size_t l = 0; l < n; l++) {
            (void)sw_index_remove(index, ids[l], &ind);
            (void)sw_index_add_until(index, ids[l], &ind, i % 2 ? 0 : 5);
        }
    }
    while (sw_index_expire(index, 3, 7, NULL, NULL) == 7)
        continue;
    sw_policy_init(&policy, "new");
    if (sw_index_list_set(index, &policy, &again) == SW_OK) {
        struct sw_indicator ind = nth(1000);
        (void)sw_index_add(index, again, &ind);
    }
    sw_index_tidy(index);
    int fd = fuzz_file(NULL, 0, path);
    (void)save(index, fd);
    close(fd);
    for (size_t l = 0; l < n; l++)
        (void)sw_index_list_drop(index, ids[l]);
    sw_index_tidy(index);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sw_image_found found = {.index = NULL};
    char why[SW_WHY_MAX] = "", path[FUZZ_PATH_MAX];
    if (size < 1)
        return 0;
    if (!good)
        make_good();
    uint8_t how = *data++, *file = fuzz_copy(good, good_len);
    size_t len = good_len;
    size--;
    if ((how & 2) && size >= 2) {
        len -= (size_t)(data[0] << 8 | data[1]) % (16 * SW_IMAGE_PAGE);
        data += 2;
        size -= 2;
    }
    for (; size >= 4; data += 4, size -= 4)
        file[(size_t)(data[0] << 16 | data[1] << 8 | data[2]) % len] = data[3];
    if (how & 1)
        mend(file, len);
    int fd = fuzz_file(file, len, path);
    enum sw_status status = sw_image_load(fd, &found, why);
    close(fd);
    FUZZ_CHECK(status == SW_OK || (status == SW_EFORMAT && why[0] != '\0') || status == SW_ENOMEM);
    if (status == SW_OK)
        use(found.index);
    sw_index_free(found.index);
    free(found.note);
    free(file);
    return 0;
}
