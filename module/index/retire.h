/*
 * retire.h - what was replaced and may still be seen by readers: freed later, many at once.
 *
 * The writer unlinks something, hands it over with sw_retire(), and goes on. When the list is
 * full, or holds more than `limit` octets, one grace period is waited for and all is freed: so
 * a hundred thousand small changes do not need a hundred thousand grace periods.
 *
 * Threads      the writer only, never inside an RCU section
 * Memory       SW_RETIRE_MAX entries, no allocation
 */
#ifndef SW_INDEX_RETIRE_H
#define SW_INDEX_RETIRE_H

#include <stddef.h>

#define SW_RETIRE_MAX 256 /* few grace periods, little memory held back */

/** Frees one thing; must not retire others. */
typedef void sw_retire_fn(void *arg, void *ptr, size_t bytes);

struct sw_retire {
    size_t n, bytes;
    size_t limit; /* octets that may wait; set by the owner */
    struct sw_retired {
        sw_retire_fn *fn;
        void *arg, *ptr;
        size_t bytes;
    } item[SW_RETIRE_MAX];
};

/** Free ptr by fn(arg, ptr, bytes) once no reader can see it; ptr is unlinked already. */
void sw_retire(struct sw_retire *retire, sw_retire_fn *fn, void *arg, void *ptr, size_t bytes);

/** Wait for readers and free all that waits; nothing to do costs nothing. */
void sw_retire_flush(struct sw_retire *retire);

/** Free all at once: when there are no readers any more. */
void sw_retire_drain(struct sw_retire *retire);

#endif
