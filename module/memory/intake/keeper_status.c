/* keeper_status.c - the field `memory` of a resolver's status. See keeper.h. */
#include "memory/intake/keeper_parts.h"

#include "base/clock.h"

static void put(json_t *object, const char *name, uint64_t number)
{
    json_object_set_new(object, name, json_integer((json_int_t)number));
}

static void put_time(json_t *object, const char *name, int64_t time_s)
{
    char text[SW_TIMETEXT_MAX];
    if (time_s != 0)
        json_object_set_new(object, name, json_string(sw_time_text(time_s * 1000000, text)));
}

/* Numbers of records that were left out, by reason; reasons without records are not there. */
static json_t *left_out_json(const struct sw_left_out *left_out)
{
    json_t *object = json_object();
#define PUT_LEFT_OUT(field, name)                                                                  \
    if (left_out->field)                                                                           \
        put(object, name, left_out->field);
    SW_LEFT_OUT(PUT_LEFT_OUT)
#undef PUT_LEFT_OUT
    return object;
}

void sw_keeper_show(struct sw_keeper *keeper)
{
    uint64_t lost = 0;
    for (unsigned i = 0; i < keeper->workers; i++)
        lost += sw_ring_lost(keeper->ring[i]);
    keeper->numbers.left_out.ring = lost;
    keeper->numbers.waiting = sw_tally_size(keeper->tally) + sw_tally_size(keeper->written);
    pthread_mutex_lock(&keeper->lock);
    keeper->shown = keeper->numbers;
    pthread_mutex_unlock(&keeper->lock);
}

json_t *sw_keeper_status(struct sw_keeper *keeper)
{
    pthread_mutex_lock(&keeper->lock);
    const struct sw_keeper_numbers numbers = keeper->shown;
    pthread_mutex_unlock(&keeper->lock);
    json_t *object = json_pack("{s:s, s:s}", "folder", keeper->settings->memory_folder, "state",
                               numbers.problem[0] ? "stopped" : "recording");
    if (!object)
        return NULL;
    if (numbers.problem[0])
        json_object_set_new(object, "problem", json_string(numbers.problem));
    put(object, "octets", numbers.octets);
    put(object, "files", numbers.files_now);
    put_time(object, "oldest", numbers.oldest_s);
    put_time(object, "newest", numbers.newest_s);
    put(object, "sightings", numbers.sightings);
    put(object, "sightings_per_second", numbers.per_second);
    put(object, "tuples_waiting", numbers.waiting);
    put(object, "tuples_written", numbers.tuples);
    json_object_set_new(object, "left_out", left_out_json(&numbers.left_out));
    return object;
}
