/* The index and its file on a machine with pages of 16384 or 65536 octets, as on some ARM and POWER
 * machines: mappings begin on such pages, and only whole ones can be unmapped. The functions below
 * take the place of the C library's. */
#include "base/indicator.h"
#include "index/filter.h"
#include "index/image.h"
#include "index/index.h"
#include "suite.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NAMES = 60000 };

static size_t page = 4096; /* of the machine: 4096 outside of a test */
static const size_t machines[] = {16384, 65536};
static size_t unmapped, refused; /* octets; calls that such a machine refuses */

static size_t pages(size_t len)
{
    return (len + page - 1) / page * page;
}

static void *raw_map(size_t len, int prot, int flags, int fd, off_t offset)
{
    return (void *)syscall(SYS_mmap, NULL, len, prot, flags, fd, offset);
}

static void raw_unmap(uintptr_t at, size_t len)
{
    if (len > 0)
        syscall(SYS_munmap, at, len);
}

long sysconf(int name)
{
    static long (*real)(int);
    if (name == _SC_PAGESIZE)
        return (long)page;
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "sysconf");
    return real(name);
}

void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
    if (addr || !(flags & MAP_ANONYMOUS))
        return (void *)syscall(SYS_mmap, addr, len, prot, flags, fd, offset);
    size_t room = pages(len) + page;
    uint8_t *map = raw_map(room, prot, flags, fd, offset);
    if (map == MAP_FAILED)
        return map;
    size_t before = pages((uintptr_t)map) - (uintptr_t)map;
    raw_unmap((uintptr_t)map, before);
    raw_unmap((uintptr_t)map + before + pages(len), room - before - pages(len));
    return map + before;
}

int munmap(void *addr, size_t len)
{
    if ((uintptr_t)addr % page != 0 || len == 0) {
        refused++;
        errno = EINVAL;
        return -1;
    }
    unmapped += pages(len);
    return (int)syscall(SYS_munmap, addr, pages(len));
}

static struct sw_indicator nth(unsigned i)
{
    struct sw_indicator ind;
    char text[64], why[SW_WHY_MAX];
    snprintf(text, sizeof(text), "=n%u.d%u.test", i, i % 101);
    ck_assert_int_eq(sw_indicator_parse(text, strlen(text), &ind, why), SW_OK);
    return ind;
}

static void add(struct sw_index *index, sw_list_id id, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        struct sw_indicator ind = nth(i);
        ck_assert_int_eq(sw_index_add_until(index, id, &ind, 0), SW_OK);
    }
}

static unsigned count(struct sw_index *index, sw_list_id id, unsigned n)
{
    unsigned found = 0;
    for (unsigned i = 0; i < n; i++) {
        struct sw_indicator ind = nth(i);
        found += sw_index_has(index, id, &ind);
    }
    return found;
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

/* A file is read, and blocks of its mapping are replaced one by one while the index grows: nothing
 * that is in use may go away with a neighbour. */
START_TEST(restored_blocks_are_freed_separately)
{
    page = machines[_i];
    struct sw_index *index = sw_index_new();
    struct sw_policy policy;
    sw_list_id id;
    sw_policy_init(&policy, "l");
    ck_assert_int_eq(sw_index_list_set(index, &policy, &id), SW_OK);
    add(index, id, 0, NAMES);
    int fd = save(index);
    sw_index_free(index);

    struct sw_image_found found;
    char why[SW_WHY_MAX] = "";
    ck_assert_msg(sw_image_load(fd, &found, why) == SW_OK, "%s", why);
    free(found.note);
    close(fd);
    ck_assert_int_eq(sw_index_list_find(found.index, "l", &id), SW_OK);
    ck_assert_uint_eq(count(found.index, id, NAMES), NAMES);
    size_t before = unmapped;
    add(found.index, id, NAMES, 3 * NAMES);
    ck_assert_uint_gt(unmapped, before);
    ck_assert_uint_eq(count(found.index, id, 3 * NAMES), 3 * NAMES);
    sw_index_free(found.index);
    ck_assert_uint_eq(refused, 0);
}
END_TEST

/* The unused ends of a mapping for large pages are given back in whole pages. */
START_TEST(ends_of_a_large_mapping_are_unmapped)
{
    page = machines[_i];
    for (size_t bytes = (2u << 20) + 1; bytes < (4u << 20); bytes += 99991) {
        uint8_t *map = sw_filter_map(bytes);
        ck_assert_ptr_nonnull(map);
        ck_assert_uint_eq((uintptr_t)map % page, 0);
        map[0] = map[bytes - 1] = 1;
        ck_assert_int_eq(munmap(map, bytes), 0);
    }
    ck_assert_uint_eq(refused, 0);
}
END_TEST

int main(void)
{
    return RUN_SUITE("pages", TIMEOUT(120),
                     LOOP(restored_blocks_are_freed_separately, COUNT(machines)),
                     LOOP(ends_of_a_large_mapping_are_unmapped, COUNT(machines)));
}
