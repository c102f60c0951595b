#include "host/bins.h"

#include <time.h>

#define TRIES    100    /* about a microsecond, enough for a holder that runs on another core */
#define PAUSE_NS 20000L /* time for a holder on the same core to run */

#ifdef USE_THREAD_DEBUG /* lock checking wraps Unbound's locks: wait for the lock */
bool sw_bins_try(lock_quick_type *lock)
{
    lock_quick_lock(lock);
    return true;
}
#elif defined(HAVE_PTHREAD_SPINLOCK_T)
bool sw_bins_try(lock_quick_type *lock)
{
    return pthread_spin_trylock(lock) == 0;
}
#else
bool sw_bins_try(lock_quick_type *lock)
{
    return pthread_mutex_trylock(lock) == 0;
}
#endif

static void between_tries(size_t *tries)
{
    const struct timespec pause = {0, PAUSE_NS};
    if (++*tries % TRIES == 0)
        nanosleep(&pause, NULL);
}

static void take(lock_quick_type *lock, size_t *tries)
{
    while (!sw_bins_try(lock))
        between_tries(tries);
}

struct lruhash_bin *sw_bins_hold(struct lruhash *table, size_t at)
{
    for (size_t tries = 0;; between_tries(&tries)) {
        take(&table->lock, &tries);
        struct lruhash_bin *bin = at < table->size ? &table->array[at] : NULL;
        bool done = !bin || sw_bins_try(&bin->lock);
        lock_quick_unlock(&table->lock);
        if (done)
            return bin;
    }
}

struct lruhash_bin *sw_bins_hold_hash(struct lruhash *table, hashvalue_type hash)
{
    for (size_t tries = 0;; between_tries(&tries)) {
        take(&table->lock, &tries);
        struct lruhash_bin *bin = &table->array[hash & (hashvalue_type)table->size_mask];
        bool done = sw_bins_try(&bin->lock);
        lock_quick_unlock(&table->lock);
        if (done)
            return bin;
    }
}

void sw_bins_ask(struct lruhash *table, hashvalue_type hash)
{
    size_t tries = 0;
    take(&table->lock, &tries);
    const struct lruhash_bin *bin = &table->array[hash & (hashvalue_type)table->size_mask];
    lock_quick_unlock(&table->lock);
    __builtin_prefetch(bin);
}
