/*
 * fuzz_seen.c - journal/history/seen.h: an entry of the history, as JSON from Redis.
 *
 * An understood entry, written out and read again, is the same: other resolvers and later starts
 * read the entries of this resolver.
 */
#include "fuzz.h"
#include "journal/history/seen.h"

static void round_trip(const struct sw_seen_entry *entry, bool of_name)
{
    struct sw_seen_entry again;
    char *json = sw_seen_encode(entry, of_name);
    FUZZ_CHECK(json != NULL);
    FUZZ_CHECK(sw_seen_decode(json, strlen(json), &again) == SW_OK);
    FUZZ_CHECK(again.first_us == entry->first_us && again.last_us == entry->last_us);
    FUZZ_CHECK(again.count == entry->count);
    FUZZ_CHECK(json_equal(again.anomalies, entry->anomalies) ||
               (!again.anomalies && !entry->anomalies));
    if (of_name) {
        FUZZ_CHECK(again.owner.asn == entry->owner.asn);
        FUZZ_CHECK(sw_addr_equal(&again.owner.prefix, &entry->owner.prefix) ||
                   (again.owner.prefix.family == 0 && entry->owner.prefix.family == 0));
    } else {
        FUZZ_CHECK(strcmp(again.list, entry->list) == 0);
    }
    char *canonical = sw_seen_encode(&again, of_name);
    FUZZ_CHECK(canonical && strcmp(canonical, json) == 0);
    json_decref(again.anomalies);
    free(canonical);
    free(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sw_seen_entry entry;
    char *json = fuzz_copy(data, size);
    enum sw_status status = sw_seen_decode(json, size, &entry);
    FUZZ_CHECK(status == SW_OK || status == SW_ESYNTAX);
    if (status == SW_OK) {
        FUZZ_CHECK(entry.list[0] == '\0' || sw_listname_ok(entry.list));
        round_trip(&entry, true);
        round_trip(&entry, false);
        json_decref(entry.anomalies);
    }
    free(json);
    return 0;
}
