/*
 * bench_night.c - a night of a resolver of an ISP: the number of findings that resolved answers
 * raise without being in the traffic on purpose.
 *
 * Ten million answers (QUICK: a million) of eight hours go through the code of ownership: match,
 * draft, sight, history, raise. The names are real: 20,000 names that people look up, and 5,000
 * names of a list of malware, which have one answer in a thousand. Popular names have more answers.
 * Addresses come from the real AS database: a third of the names is on content networks, where many
 * names share addresses, and changes addresses all the time; the others keep one to four addresses.
 * Listed names have addresses of their own, at holders of classes where such names usually are. On
 * purpose: three listed names in a protected network, and three at holders of protected classes.
 * Each document other than `protected-owner` counts as a finding that is not on purpose.
 *
 * Skips where the data is not there (SINKWATCH_DATA). A JSON object for each figure goes to the
 * file that SINKWATCH_BENCH names (build/bench.jsonl).
 */
#include "base/clock.h"
#include "base/rcu.h"
#include "flow/draft.h"
#include "flow/match.h"
#include "journal/history/sight.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ANSWERS     10000000
#define NIGHT_US    (INT64_C(8) * 3600 * 1000000)
#define NAMES_MAX   20000
#define LISTED_MAX  5000
#define SHARED      400 /* addresses of content networks */
#define EACH_MAX    4
#define ON_PURPOSE  6 /* half by list, half by class */
#define TRACKED_MAX 65536
#define MISSING     77 /* the exit code of a skipped program */

struct host {
    struct sw_name name;
    bool moves; /* on content networks */
    unsigned n;
    struct sw_addr addr[EACH_MAX];
};

static struct sw_settings settings;
static struct sw_counters counters;
static struct host *clean, *listed;
static size_t clean_n, listed_n;
static struct sw_addr shared[SHARED];
static struct sw_index *idx, *tracked;
static sw_list_id tracked_list;
static struct sw_owners *owners;
static struct sw_sights *observe;
static struct sw_sight sight;
static uint64_t seed = 20261130;
static unsigned documents[SW_ANOMALY_COUNT];

static uint64_t number(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

enum place { ANYWHERE, UNPROTECTED, PROTECTED };

static bool fits(const struct sw_addr *addr, enum place place)
{
    struct sw_owner owner;
    sw_rcu_enter();
    bool known = sw_owner_find(owners, addr, &owner) == SW_OK && owner.asn != 0;
    sw_rcu_leave();
    bool is_protected = known && owner.class != SW_HOLDER_UNKNOWN &&
                        settings.protected_classes & SW_CLASS_BIT(owner.class);
    return known && !sw_special_find(addr) &&
           (place == ANYWHERE || is_protected == (place == PROTECTED));
}

/* A random address of a network that the database knows. */
static struct sw_addr somewhere(enum place place)
{
    struct sw_addr addr;
    do {
        uint32_t bits = (uint32_t)number();
        uint8_t octets[4];
        memcpy(octets, &bits, sizeof(octets));
        (void)sw_addr_from_octets(octets, 4, &addr);
    } while (!fits(&addr, place));
    return addr;
}

/* ---- the world ---- */

static size_t read_names(const char *command, struct host *out, size_t max)
{
    char line[512];
    size_t n = 0;
    FILE *in = popen(command, "r");
    while (in && n < max && fgets(line, sizeof(line), in)) {
        line[strcspn(line, "\r\n ")] = '\0';
        if (sw_name_parse(line, strlen(line), &out[n].name, NULL) == SW_OK &&
            sw_name_labels(out[n].name.wire) > 1)
            n++;
    }
    if (in)
        pclose(in);
    return n;
}

static void settle_hosts(struct host *hosts, size_t n, bool may_share)
{
    enum place place = may_share ? ANYWHERE : UNPROTECTED;
    for (size_t i = 0; i < n; i++) {
        hosts[i].moves = may_share && number() % 3 == 0;
        hosts[i].n = 1 + (unsigned)(number() % EACH_MAX);
        for (unsigned a = 0; a < hosts[i].n; a++)
            hosts[i].addr[a] = somewhere(place);
    }
}

static void add_list(const char *name, const char *json, sw_list_id *id)
{
    struct sw_policy policy;
    char why[SW_WHY_MAX];
    if (sw_policy_parse(name, json, strlen(json), &policy, why) != SW_OK ||
        sw_index_list_set(idx, &policy, id) != SW_OK)
        abort();
}

static void add_indicator(sw_list_id list, const char *text)
{
    struct sw_indicator indicator;
    char why[SW_WHY_MAX];
    if (sw_indicator_parse(text, strlen(text), &indicator, why) == SW_OK)
        (void)sw_index_add(idx, list, &indicator);
}

static void make_lists(void)
{
    char text[SW_NAMETEXT_MAX], prefix[SW_ADDRTEXT_MAX];
    sw_list_id bad, agencies;
    add_list("malware", "{\"kind\":\"ioc\"}", &bad);
    add_list("agencies", "{\"kind\":\"protected\",\"owner\":\"Agency\"}", &agencies);
    for (size_t i = 0; i < listed_n; i++)
        add_indicator(bad, sw_name_text(listed[i].name.wire, text));
    for (size_t i = 0; i < ON_PURPOSE / 2; i++)
        add_indicator(agencies, sw_addr_text(&listed[i].addr[0], prefix));
    for (size_t i = ON_PURPOSE / 2; i < ON_PURPOSE; i++)
        listed[i].addr[0] = somewhere(PROTECTED);
}

static bool make_world(const char *data)
{
    char command[1024];
    clean = calloc(NAMES_MAX, sizeof(*clean));
    listed = calloc(LISTED_MAX, sizeof(*listed));
    snprintf(settings.asn_mmdb[0], SW_PATH_MAX, "%s/asn/GeoLite2-ASN.mmdb", data);
    if (!clean || !listed || access(settings.asn_mmdb[0], R_OK) != 0)
        return false;
    snprintf(command, sizeof(command), "cat '%s'/names/opendns-*-domains.txt", data);
    clean_n = read_names(command, clean, NAMES_MAX);
    snprintf(command, sizeof(command), "zcat '%s'/ioc/maltrail_1.16M.txt.gz | awk 'NR%%200==0'",
             data);
    listed_n = read_names(command, listed, LISTED_MAX);
    owners = sw_owners_new(&settings, &counters);
    sw_owners_refresh(owners);
    if (clean_n < 1000 || listed_n < 1000 || !sw_owners_have_asn(owners))
        return false;
    for (size_t i = 0; i < SHARED; i++)
        shared[i] = somewhere(ANYWHERE);
    settle_hosts(clean, clean_n, true);
    settle_hosts(listed, listed_n, false);
    make_lists();
    return true;
}

/* ---- the night ---- */

static void on_raise(void *arg, const struct sw_anomaly_report *report)
{
    (void)arg;
    documents[report->anomaly->type]++;
    if (report->anomaly->type != SW_ANOMALY_PROTECTED_OWNER)
        printf("not on purpose: %s %s\n", sw_anomaly_name(report->anomaly->type), report->name);
}

static void on_track(void *arg, const struct sw_addr *addr)
{
    struct sw_indicator indicator = {.type = SW_INDICATOR_PREFIX, .addr = *addr};
    (void)arg;
    (void)sw_index_add(tracked, tracked_list, &indicator);
}

static void on_hit(void *arg, const struct sw_hit *hit)
{
    (void)hit;
    *(bool *)arg = true;
}

static bool is_tracked(const struct sw_addr *addr)
{
    bool found = false;
    struct sw_view view = sw_index_view(tracked);
    sw_view_find_addr(&view, SW_TRIGGERS_DEFAULT, addr, on_hit, &found);
    return found;
}

/* The answer of a host now: one or all of its addresses, or some of the content networks. */
static size_t answer_of(const struct host *host, struct sw_addr out[EACH_MAX])
{
    size_t n = host->moves ? 2 : host->n;
    for (size_t i = 0; i < n; i++)
        out[i] = host->moves ? shared[number() % SHARED] : host->addr[i];
    return n;
}

static void play(const struct host *host, int64_t time_us)
{
    const struct sw_flow flow = {.settings = &settings, .index = idx, .owners = owners};
    struct sw_question question = {
        .qname = host->name.wire, .qname_len = host->name.len, .qtype = 1, .qclass = 1};
    struct sw_addr addr[EACH_MAX];
    struct sw_matching matching;
    struct sw_match match;
    struct sw_hits hits;
    struct sw_event ev;
    size_t n = answer_of(host, addr);
    sw_rcu_enter();
    sw_match_begin(&matching, &flow, &match);
    sw_match_name(&matching, SW_TRIGGER_QNAME, host->name.wire, host->name.len);
    for (size_t i = 0; i < n; i++) {
        sw_match_addr(&matching, &addr[i]);
        match.tracked = match.tracked || is_tracked(&addr[i]);
    }
    bool wanted = match.acted_on || match.watched || match.tracked;
    if (wanted) {
        sw_match_hits(&match, NULL, NULL, &hits);
        sw_draft_begin(&ev, match.acted_on ? SW_EVENT_HIT : SW_EVENT_ANSWER, time_us, &question,
                       &hits);
        ev.flags |= SW_EVENT_RESOLVED;
        for (size_t i = 0; i < n; i++)
            sw_draft_addr(&ev, &addr[i]);
    }
    sw_rcu_leave();
    struct sw_record *record = wanted ? sw_record_new(&ev, NULL) : NULL;
    if (!record)
        return;
    sw_sights_settle(observe, time_us);
    sw_sights_look(observe, record->event, &sight);
    sw_sights_note(observe, record, &sight);
    sw_sights_finish(observe);
    free(record);
}

/* Popular names first: the square of a random part of the list. The names on purpose have their
 * turns. */
static const struct host *next_host(unsigned long i)
{
    if (i % 100000 < ON_PURPOSE)
        return &listed[i % 100000];
    double part = (double)(number() >> 11) / (double)(UINT64_C(1) << 53);
    if (number() % 1000 == 0)
        return &listed[number() % listed_n];
    return &clean[(size_t)(part * part * (double)clean_n)];
}

static void figure(const char *name, double value, const char *unit, unsigned long n)
{
    const char *path = getenv("SINKWATCH_BENCH");
    FILE *out = fopen(path ? path : "build/bench.jsonl", "a");
    printf("%-24s %12.0f %s\n", name, value, unit);
    if (!out)
        return;
    fprintf(out, "{\"name\":\"%s\",\"value\":%.0f,\"unit\":\"%s\",\"n\":%lu}\n", name, value, unit,
            n);
    fclose(out);
}

static bool make_parts(void)
{
    static const struct sw_journal_host host = {.track = on_track};
    struct sw_policy policy;
    sw_policy_init(&policy, "tracked");
    idx = sw_index_new();
    tracked = sw_index_new();
    if (!idx || !tracked || sw_index_list_set(tracked, &policy, &tracked_list) != SW_OK)
        return false;
    settings.history_max = 200;
    const char *data = getenv("SINKWATCH_DATA");
    if (!data || !make_world(data)) {
        printf("a night of answers: skipped, SINKWATCH_DATA has no names and databases\n");
        exit(MISSING);
    }
    struct sw_sights_with with = {.settings = &settings,
                                  .index = idx,
                                  .owners = owners,
                                  .host = &host,
                                  .link = sw_link_new(&settings, &counters),
                                  .seens = sw_seens_new(&settings, &counters),
                                  .raise = on_raise};
    observe = sw_sights_new(&with);
    return observe;
}

int main(void)
{
    unsigned long answers = getenv("QUICK") ? ANSWERS / 10 : ANSWERS;
    unsigned odd = 0;
    int64_t begin_us = INT64_C(1780000000000000);
    sw_settings_init(&settings);
    if (!make_parts())
        return EXIT_FAILURE;
    int64_t started = sw_clock_mono_us();
    for (unsigned long i = 0; i < answers; i++)
        play(next_host(i), begin_us + (int64_t)((double)i / (double)answers * (double)NIGHT_US));
    double seconds = (double)(sw_clock_mono_us() - started) / 1e6;
    sw_sights_settle(observe, INT64_MAX);
    for (int type = 0; type < SW_ANOMALY_COUNT; type++)
        odd += type == SW_ANOMALY_PROTECTED_OWNER ? 0 : documents[type];
    figure("night_answers_per_s", (double)answers / seconds, "1/s", answers);
    figure("night_findings_on_purpose", documents[SW_ANOMALY_PROTECTED_OWNER], "documents",
           answers);
    figure("night_findings_odd", odd, "documents", answers);
    return odd <= 10 && documents[SW_ANOMALY_PROTECTED_OWNER] == ON_PURPOSE ? EXIT_SUCCESS
                                                                            : EXIT_FAILURE;
}
