/*
 * fuzz_verdict.c - flow/match.h and flow/decide.h: the input chooses lists, rules, questions and
 * answers; every verdict has to be that of the naive model (tests/unit/verdict_model.h).
 *
 * An octet of the input is a choice, and choices beyond the input are 0. The first octet gives the
 * number of cases. There is no AS database, so rules with an AS number match nothing.
 */
#include "../unit/verdict_model.h"
#include "fuzz.h"

#define CASES_MAX 4

static void begin(struct v_world *world)
{
    static struct sw_settings settings;
    static struct sw_counters counters;
    if (world->flow.settings)
        return;
    sw_settings_init(&settings);
    struct sw_owners *owners = sw_owners_new(&settings, &counters);
    FUZZ_CHECK(owners != NULL);
    v_begin(world, owners);
    world->no_asn = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct v_world world;
    if (size < 2)
        return 0;
    begin(&world);
    size_t cases = 1 + data[0] % CASES_MAX;
    uint8_t *choices = fuzz_copy(data + 1, size - 1);
    world.source = (struct v_source){.data = choices, .len = size - 1};
    FUZZ_CHECK(v_run(&world, cases) == cases);
    free(choices);
    return 0;
}
