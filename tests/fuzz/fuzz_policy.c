/*
 * fuzz_policy.c - base/policy.h: the policy of a list as JSON.
 *
 * The first line of the input is the list's name, the rest the policy. An accepted policy is within
 * the documented ranges, and the written text parses to the same policy.
 */
#include "base/policy.h"
#include "fuzz.h"

static bool addr_ok(const struct sw_addr *addr, unsigned family)
{
    return addr->family == 0 || (addr->family == family && addr->plen == sw_addr_bits(addr));
}

static bool text_ok(const char text[SW_NOTE_MAX])
{
    return text[0] == '\0' || fuzz_words_ok(text, SW_NOTE_MAX);
}

/* Each record is whole, and the last one ends where all end. */
static void check_records(const struct sw_policy *policy)
{
    uint16_t type;
    size_t at = 0, len, n = 0;
    while (sw_record_next(&policy->records, &at, &type, &len))
        n++;
    FUZZ_CHECK(at == policy->records.len && at <= SW_RECORDS_MAX && n <= SW_RECORDS_COUNT);
    FUZZ_CHECK((n > 0) == (policy->record_text[0] != '\0'));
}

static void check_ranges(const struct sw_policy *policy)
{
    enum sw_action action = policy->action;
    FUZZ_CHECK(sw_listname_ok(policy->name));
    FUZZ_CHECK(policy->kind < SW_KIND_COUNT && action < SW_ACTION_COUNT);
    if (policy->kind == SW_KIND_ALLOW)
        FUZZ_CHECK(action == SW_ACTION_PASSTHRU);
    else if (policy->kind != SW_KIND_IOC)
        FUZZ_CHECK(action == SW_ACTION_MONITOR);
    check_records(policy);
    FUZZ_CHECK(policy->ttl <= 86400);
    FUZZ_CHECK(addr_ok(&policy->sinkhole4, 4) && addr_ok(&policy->sinkhole6, 6));
    FUZZ_CHECK(policy->cname.len != 1 &&
               policy->cname.len == sw_name_size(policy->cname.wire, policy->cname.len));
    FUZZ_CHECK(text_ok(policy->owner) && text_ok(policy->note));
}

static void accepted(const struct sw_policy *policy)
{
    struct sw_policy again;
    char why[SW_WHY_MAX] = "";
    check_ranges(policy);
    char *json = sw_policy_json(policy);
    FUZZ_CHECK(json != NULL);
    FUZZ_CHECK(sw_policy_parse(policy->name, json, strlen(json), &again, why) == SW_OK);
    char *canonical = sw_policy_json(&again);
    FUZZ_CHECK(canonical && strcmp(canonical, json) == 0);
    free(canonical);
    free(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sw_policy policy, untouched;
    char why[SW_WHY_MAX] = "", name[SW_LISTNAME_MAX + 1] = "";
    size_t at, len = fuzz_line(data, size, &at);
    memcpy(name, data, len < SW_LISTNAME_MAX ? len : SW_LISTNAME_MAX);
    char *json = fuzz_copy(data + at, size - at);
    memset(&policy, 0xa5, sizeof(policy));
    memcpy(&untouched, &policy, sizeof(policy));
    enum sw_status status = sw_policy_parse(name, json, size - at, &policy, why);
    if (status == SW_OK) {
        FUZZ_CHECK(strcmp(policy.name, name) == 0);
        accepted(&policy);
    } else {
        FUZZ_CHECK(status == SW_ESYNTAX || status == SW_EINVAL);
        FUZZ_CHECK(fuzz_words_ok(why, sizeof(why)));
        FUZZ_CHECK(memcmp(&policy, &untouched, sizeof(policy)) == 0);
    }
    free(json);
    return 0;
}
