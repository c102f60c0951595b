#include "host/mark.h"

#include "base/clock.h"

#include <sys/random.h>

static uint64_t salt_of(const struct sw_marks *marks, uint64_t renewed)
{
    uint64_t salt = (marks->seed ^ renewed) * SW_MARK_MULTIPLIER;
    return salt ^ salt >> 32;
}

void sw_marks_init(struct sw_marks *marks)
{
    if (getrandom(&marks->seed, sizeof(marks->seed), GRND_NONBLOCK) != (ssize_t)sizeof(marks->seed))
        marks->seed = (uint64_t)sw_clock_wall_us();
    atomic_init(&marks->renewed, 0);
    atomic_init(&marks->salt, salt_of(marks, 0));
}

void sw_marks_renew(struct sw_marks *marks)
{
    uint64_t renewed = atomic_load_explicit(&marks->renewed, memory_order_relaxed) + 1;
    atomic_store_explicit(&marks->renewed, renewed, memory_order_relaxed);
    atomic_store_explicit(&marks->salt, salt_of(marks, renewed), memory_order_release);
}

bool sw_mark_is_former(const struct sw_marks *marks, const struct query_info *qinfo,
                       const struct reply_info *reply)
{
    uint64_t renewed = atomic_load_explicit(&marks->renewed, memory_order_relaxed);
    uint32_t mark = sw_mark_in(reply);
    for (uint64_t i = 0; i <= renewed && i < SW_MARK_FORMER; i++)
        if (mark == sw_mark_of(salt_of(marks, renewed - i), qinfo, reply))
            return true;
    return false;
}

void sw_mark_set(uint64_t salt, const struct query_info *qinfo, struct reply_info *reply)
{
    for (size_t i = 0; i < reply->an_numrrsets; i++)
        if (reply->rrsets[i]->id == 0)
            return;
    __atomic_store_n(&reply->padding, sw_mark_of(salt, qinfo, reply), __ATOMIC_RELAXED);
}
