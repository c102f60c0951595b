#include "host/mark.h"

#include "base/clock.h"

#include <sys/random.h>

void sw_marks_init(struct sw_marks *marks)
{
    if (getrandom(&marks->seed, sizeof(marks->seed), GRND_NONBLOCK) != (ssize_t)sizeof(marks->seed))
        marks->seed = (uint64_t)sw_clock_wall_us();
    marks->renewed = 0;
    atomic_init(&marks->salt, marks->seed * SW_MARK_MULTIPLIER);
}

void sw_marks_renew(struct sw_marks *marks)
{
    uint64_t salt = (marks->seed ^ ++marks->renewed) * SW_MARK_MULTIPLIER;
    atomic_store_explicit(&marks->salt, salt ^ salt >> 32, memory_order_release);
}

void sw_mark_set(uint64_t salt, const struct query_info *qinfo, struct reply_info *reply)
{
    for (size_t i = 0; i < reply->an_numrrsets; i++)
        if (reply->rrsets[i]->id == 0)
            return;
    __atomic_store_n(&reply->padding, sw_mark_of(salt, qinfo, reply), __ATOMIC_RELAXED);
}
