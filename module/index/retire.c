/* retire.c - batched freeing after a grace period. */
#include "index/retire.h"

#include "base/rcu.h"

void sw_retire_drain(struct sw_retire *retire)
{
    for (size_t i = 0; i < retire->n; i++) {
        const struct sw_retired *it = &retire->item[i];
        it->fn(it->arg, it->ptr, it->bytes);
    }
    retire->n = 0;
    retire->bytes = 0;
}

void sw_retire_flush(struct sw_retire *retire)
{
    if (retire->n == 0)
        return;
    sw_rcu_synchronize();
    sw_retire_drain(retire);
}

void sw_retire(struct sw_retire *retire, sw_retire_fn *fn, void *arg, void *ptr, size_t bytes)
{
    retire->item[retire->n++] = (struct sw_retired){fn, arg, ptr, bytes};
    retire->bytes += bytes;
    if (retire->n == SW_RETIRE_MAX || retire->bytes > retire->limit)
        sw_retire_flush(retire);
}
