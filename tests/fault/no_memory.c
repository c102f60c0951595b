/*
 * no_memory.c - linked into a module of its own by tests/daemon/test_no_memory.py: one allocation
 * of the worker fails, and the test chooses which.
 *
 * The linker (--wrap) leads each call of an allocator here. The file named by SW_NO_MEMORY is
 * mapped: the test writes the number of the allocation that is to fail, counted from 1, and sets
 * `seen` to zero; the module counts the worker's allocations in `seen`.
 *
 * Threads      the worker, which is the process's first thread; allocations of other threads
 *              succeed
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct control {
    uint32_t failing, seen;
};

static struct control *control(void)
{
    static struct control *mapped;
    static bool tried;
    if (tried)
        return mapped;
    tried = true;
    const char *path = getenv("SW_NO_MEMORY");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return NULL;
    void *at = mmap(NULL, sizeof(*mapped), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    mapped = at == MAP_FAILED ? NULL : at;
    return mapped;
}

static bool fails(void)
{
    if (getpid() != (pid_t)syscall(SYS_gettid))
        return false;
    struct control *c = control();
    if (!c)
        return false;
    uint32_t number = __atomic_add_fetch(&c->seen, 1, __ATOMIC_SEQ_CST);
    return number == __atomic_load_n(&c->failing, __ATOMIC_SEQ_CST);
}

#define WRAP(result, name, parameters, arguments)                                                  \
    result __real_##name parameters;                                                               \
    result __wrap_##name parameters;                                                               \
    result __wrap_##name parameters                                                                \
    {                                                                                              \
        return fails() ? NULL : __real_##name arguments;                                           \
    }

WRAP(void *, malloc, (size_t size), (size))
WRAP(void *, calloc, (size_t n, size_t size), (n, size))
WRAP(void *, realloc, (void *at, size_t size), (at, size))
WRAP(void *, regional_alloc, (void *region, size_t size), (region, size))
WRAP(void *, regional_alloc_zero, (void *region, size_t size), (region, size))
WRAP(void *, regional_alloc_init, (void *region, const void *from, size_t size),
     (region, from, size))
WRAP(void *, reply_info_copy, (void *reply, void *alloc, void *region), (reply, alloc, region))
WRAP(void *, query_info_entrysetup, (void *q, void *reply, uint32_t hash), (q, reply, hash))
WRAP(void *, alloc_special_obtain, (void *alloc), (alloc))
WRAP(void *, tomsg,
     (void *env, void *q, void *reply, void *region, time_t now, int expired, void *scratch),
     (env, q, reply, region, now, expired, scratch))
