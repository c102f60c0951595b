#include "base/bell.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

bool sw_bell_init(struct sw_bell *bell)
{
    atomic_init(&bell->asleep, false);
    bell->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return bell->fd >= 0;
}

void sw_bell_free(struct sw_bell *bell)
{
    if (bell->fd >= 0)
        close(bell->fd);
    bell->fd = -1;
}

void sw_bell_sleep(struct sw_bell *bell, int64_t us)
{
    struct pollfd fd = {.fd = bell->fd, .events = POLLIN};
    struct timespec time = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    uint64_t rung;
    atomic_store_explicit(&bell->asleep, true, memory_order_relaxed);
    int n = ppoll(&fd, bell->fd >= 0, &time, NULL);
    atomic_store_explicit(&bell->asleep, false, memory_order_relaxed);
    if (n > 0) {
        ssize_t got = read(bell->fd, &rung, sizeof(rung));
        (void)got; /* an error means that nothing is there to clear */
    }
}

void sw_bell_insist(struct sw_bell *bell)
{
    const uint64_t one = 1;
    ssize_t put = write(bell->fd, &one, sizeof(one));
    (void)put; /* fails only when the counter is full: the eventfd is readable anyway */
}

void sw_bell_ring(struct sw_bell *bell)
{
    if (atomic_load_explicit(&bell->asleep, memory_order_relaxed) &&
        atomic_exchange_explicit(&bell->asleep, false, memory_order_relaxed))
        sw_bell_insist(bell);
}
