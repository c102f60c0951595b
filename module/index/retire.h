/*
 * retire.h - deferred freeing of replaced objects that readers may still see.
 *
 * The writer unlinks an object, hands the object over with sw_retire(), and continues. When the
 * list of objects is full, or holds more than `limit` octets, the writer waits for a grace period
 * and frees all objects. So a hundred thousand small changes need only some hundred grace periods.
 *
 * Threads      the writer only, never inside an RCU section
 * Memory       SW_RETIRE_MAX entries, no allocation
 */
#ifndef SW_INDEX_RETIRE_H
#define SW_INDEX_RETIRE_H

#include <stddef.h>

#define SW_RETIRE_MAX 256 /* few grace periods, little memory held back */

/** Frees an object; must not call sw_retire(). */
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

/** Free ptr by fn(arg, ptr, bytes) after a grace period. The caller has unlinked ptr before. */
void sw_retire(struct sw_retire *retire, sw_retire_fn *fn, void *arg, void *ptr, size_t bytes);

/** Wait for a grace period and free all retired objects. Returns at once if there are none. */
void sw_retire_flush(struct sw_retire *retire);

/** Free all retired objects without waiting. Only without readers. */
void sw_retire_drain(struct sw_retire *retire);

#endif
