/*
 * test_verdict_model.c - matching and deciding against a naive model (verdict_model.h), at random.
 *
 * MODEL_CASES in the environment says how many cases are judged (100,000, or fewer rounds);
 * SW_SEED the first seed.
 * A difference prints the seed of the world, the case and the matching rules.
 */
#include "verdict_model.h"

#include "mmdb_fixture.h"
#include "rounds.h"
#include "suite.h"

#include <unistd.h>

#define CASES_EACH 40 /* of a world */

static char folder[64], asn_path[128];
static struct mm database;

static void add_asn(const char *prefix, uint32_t asn)
{
    uint32_t at = mm_map(&database, 2);
    mm_text(&database, "autonomous_system_number");
    mm_u32(&database, asn);
    mm_text(&database, "autonomous_system_organization");
    mm_text(&database, "example");
    mm_insert(&database, prefix, at);
}

/* The AS database of v_asn(). */
static struct sw_owners *open_owners(struct sw_settings *settings, struct sw_counters *counters)
{
    snprintf(folder, sizeof(folder), "/tmp/sw-model-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(asn_path, sizeof(asn_path), "%s/asn.mmdb", folder);
    mm_init(&database, 6, "GeoLite2-ASN");
    add_asn("10.1.0.0/16", 64500);
    add_asn("10.77.0.0/16", 64501);
    add_asn("2001:db8::/32", 64502);
    mm_write(&database, asn_path);
    sw_settings_init(settings);
    snprintf(settings->asn_mmdb[0], sizeof(settings->asn_mmdb[0]), "%s", asn_path);
    struct sw_owners *owners = sw_owners_new(settings, counters);
    ck_assert_ptr_nonnull(owners);
    ck_assert(sw_owners_refresh(owners));
    return owners;
}

static uint64_t number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

START_TEST(random_cases)
{
    static struct v_world world;
    static struct sw_settings settings;
    static struct sw_counters counters;
    uint64_t cases = number("MODEL_CASES", rounds(100000)), seed = number("SW_SEED", 1);
    struct sw_owners *owners = open_owners(&settings, &counters);
    v_begin(&world, owners);
    for (uint64_t done = 0; done < cases; done += CASES_EACH, seed++) {
        world.source.state = (seed + 1) * UINT64_C(0x9E3779B97F4A7C15);
        size_t good = v_run(&world, CASES_EACH);
        ck_assert_msg(good == CASES_EACH, "SW_SEED=%llu: case %zu differs",
                      (unsigned long long)seed, good);
    }
    printf("%llu cases agree\n", (unsigned long long)cases);
    sw_owners_free(owners);
    unlink(asn_path);
    rmdir(folder);
}
END_TEST

int main(void)
{
    return RUN_SUITE("verdict model", TIMEOUT(7200), TESTS(random_cases));
}
