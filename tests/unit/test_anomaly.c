/*
 * test_anomaly.c - protected owners, shared addresses, benign explanations.
 */
#include "owner/anomaly.h"

#include "base/rcu.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sw_index *idx;
static struct sw_view view;
static struct sw_anomaly anomaly;
static struct sw_settings settings;

static void setup(void)
{
    idx = sw_index_new();
    ck_assert_ptr_nonnull(idx);
    memset(&anomaly, 0, sizeof(anomaly));
}

static void teardown(void)
{
    sw_index_free(idx);
}

static void list(const char *name, enum sw_kind kind, const char *owner, const char *indicator)
{
    struct sw_policy policy;
    struct sw_indicator ind;
    char why[SW_WHY_MAX];
    sw_list_id id;
    sw_policy_init(&policy, name);
    policy.kind = kind;
    snprintf(policy.owner, sizeof(policy.owner), "%s", owner);
    ck_assert_int_eq(sw_index_list_set(idx, &policy, &id), SW_OK);
    ck_assert_int_eq(sw_indicator_parse(indicator, strlen(indicator), &ind, why), SW_OK);
    ck_assert_int_eq(sw_index_add(idx, id, &ind), SW_OK);
}

static struct sw_addr addr_of(const char *text)
{
    struct sw_addr addr;
    ck_assert_int_eq(sw_addr_parse(text, strlen(text), &addr, NULL), SW_OK);
    return addr;
}

static bool is_protected(const char *address, uint32_t asn)
{
    struct sw_addr addr = addr_of(address);
    struct sw_owner owner = {.asn = asn};
    sw_rcu_enter();
    view = sw_index_view(idx);
    bool found =
        sw_anomaly_protected_owner(settings.protected_classes, &view, &addr, &owner, &anomaly);
    sw_rcu_leave();
    return found;
}

static bool is_protected_holder(const char *registrant, const char *country, enum sw_class class)
{
    struct sw_addr addr = addr_of("192.0.2.1");
    struct sw_owner owner = {.asn = 64500, .class = (uint8_t) class};
    snprintf(owner.registrant, sizeof(owner.registrant), "%s", registrant);
    snprintf(owner.country, sizeof(owner.country), "%s", country);
    sw_rcu_enter();
    view = sw_index_view(idx);
    bool found =
        sw_anomaly_protected_owner(settings.protected_classes, &view, &addr, &owner, &anomaly);
    sw_rcu_leave();
    return found;
}

/* By registrant, class and country, each with its text; a list goes before the settings. */
START_TEST(protected_holders)
{
    sw_settings_init(&settings);
    settings.protected_classes = SW_CLASS_BIT(SW_HOLDER_MILITARY);
    list("fsb", SW_KIND_PROTECTED, "FSB", "registrant:Federal Security Service, FGUP");
    list("banks", SW_KIND_PROTECTED, "banks", "class:bank");
    list("home", SW_KIND_PROTECTED, "here", "country:fi");
    ck_assert(is_protected_holder("FEDERAL  SECURITY SERVICE FGUP", "RU", SW_HOLDER_GOVERNMENT));
    ck_assert_str_eq(anomaly.list, "fsb");
    ck_assert_str_eq(anomaly.protected_by, "registrant:federal security service fgup");
    ck_assert(!is_protected_holder("Federal Security", "RU", SW_HOLDER_GOVERNMENT));
    ck_assert(is_protected_holder("Some bank", "FI", SW_HOLDER_BANK));
    ck_assert_str_eq(anomaly.list, "banks");
    ck_assert_str_eq(anomaly.protected_by, "class:bank");
    ck_assert(is_protected_holder("Somebody", "FI", SW_HOLDER_UNKNOWN));
    ck_assert_str_eq(anomaly.protected_by, "country:FI");
    ck_assert(is_protected_holder("Army", "SE", SW_HOLDER_MILITARY));
    ck_assert_str_eq(anomaly.list, "");
    ck_assert_str_eq(anomaly.protected_by, "class:military");
    settings.protected_classes = 0;
    ck_assert(!is_protected_holder("Army", "SE", SW_HOLDER_MILITARY));
}
END_TEST

static bool is_shared(const char *address, uint32_t asn, size_t others)
{
    struct sw_addr addr = addr_of(address);
    struct sw_owner owner = {.asn = asn};
    sw_rcu_enter();
    view = sw_index_view(idx);
    bool found = sw_anomaly_shared_address(&view, &addr, &owner, others, &anomaly);
    sw_rcu_leave();
    return found;
}

START_TEST(names_of_anomalies)
{
    ck_assert_str_eq(sw_anomaly_name(SW_ANOMALY_PROTECTED_OWNER), "protected-owner");
    ck_assert_str_eq(sw_anomaly_name(SW_ANOMALY_SHARED_ADDRESS), "shared-address");
}
END_TEST

START_TEST(nothing_listed)
{
    ck_assert(!is_protected("213.24.76.23", 8342));
    ck_assert(!is_shared("213.24.76.23", 8342, 0));
    ck_assert(is_shared("213.24.76.23", 8342, 3));
    ck_assert_int_eq(anomaly.type, SW_ANOMALY_SHARED_ADDRESS);
    ck_assert_uint_eq(anomaly.other_names, 3);
    ck_assert_str_eq(anomaly.known_list, "");
    ck_assert_str_eq(anomaly.list, "");
}
END_TEST

START_TEST(protected_prefix)
{
    list("gov", SW_KIND_PROTECTED, "An agency", "213.24.76.0/24");
    ck_assert(is_protected("213.24.76.23", 0));
    struct sw_addr addr = addr_of("213.24.76.23");
    ck_assert_int_eq(anomaly.type, SW_ANOMALY_PROTECTED_OWNER);
    ck_assert(sw_addr_equal(&anomaly.addr, &addr));
    ck_assert_str_eq(anomaly.list, "gov");
    ck_assert_str_eq(anomaly.protected_owner, "An agency");
    ck_assert_str_eq(anomaly.protected_by, "213.24.76.0/24");
    ck_assert_str_eq(anomaly.known_list, "");
    ck_assert(!is_protected("213.24.77.1", 0));
}
END_TEST

START_TEST(prefix_before_as_and_longest_first)
{
    list("carrier", SW_KIND_PROTECTED, "Carrier", "AS8342");
    list("wide", SW_KIND_PROTECTED, "Wide", "213.24.0.0/16");
    list("narrow", SW_KIND_PROTECTED, "Narrow", "213.24.76.0/24");
    ck_assert(is_protected("213.24.76.23", 8342));
    ck_assert_str_eq(anomaly.list, "narrow");
    ck_assert(is_protected("213.24.1.1", 8342));
    ck_assert_str_eq(anomaly.list, "wide");
    ck_assert(is_protected("192.0.2.1", 8342));
    ck_assert_str_eq(anomaly.list, "carrier");
    ck_assert_str_eq(anomaly.protected_by, "AS8342");
    ck_assert(!is_protected("192.0.2.1", 8343));
    ck_assert(!is_protected("192.0.2.1", 0));
}
END_TEST

START_TEST(other_kinds_do_not_protect)
{
    list("ioc", SW_KIND_IOC, "", "192.0.2.1");
    list("allow", SW_KIND_ALLOW, "", "192.0.2.0/24");
    list("watch", SW_KIND_WATCH, "", "AS64500");
    ck_assert(!is_protected("192.0.2.1", 64500));
    list("gov", SW_KIND_PROTECTED, "An agency", "192.0.0.0/16");
    ck_assert(is_protected("192.0.2.1", 64500)); /* not hidden by specific indicators */
}
END_TEST

START_TEST(embedded_address_is_protected)
{
    list("gov", SW_KIND_PROTECTED, "An agency", "213.24.76.0/24");
    ck_assert(is_protected("64:ff9b::d518:4c17", 0)); /* NAT64 of 213.24.76.23 */
    ck_assert_str_eq(anomaly.protected_by, "213.24.76.0/24");
    ck_assert(!is_protected("2001:db8::d518:4c17", 0));
}
END_TEST

START_TEST(known_operator_explains)
{
    list("gov", SW_KIND_PROTECTED, "An agency", "192.0.2.0/24");
    list("sinkholes", SW_KIND_KNOWN, "A sinkhole operator", "192.0.2.53");
    list("parking", SW_KIND_KNOWN, "A parking operator", "AS64500");
    ck_assert(is_protected("192.0.2.53", 64500));
    ck_assert_str_eq(anomaly.list, "gov");
    ck_assert_str_eq(anomaly.known_list, "sinkholes");
    ck_assert_str_eq(anomaly.known_owner, "A sinkhole operator");
    ck_assert(is_shared("198.51.100.1", 64500, 1));
    ck_assert_str_eq(anomaly.known_list, "parking");
    ck_assert(!is_protected("198.51.100.1", 64500));
}
END_TEST

START_TEST(crowded_address)
{
    char name[32];
    for (unsigned i = 0; i < 12; i++) {
        snprintf(name, sizeof(name), "feed%u", i);
        list(name, SW_KIND_IOC, "", "192.0.2.1");
    }
    list("gov", SW_KIND_PROTECTED, "An agency", "192.0.2.0/24");
    ck_assert(is_protected("192.0.2.1", 0));
    ck_assert_str_eq(anomaly.list, "gov");
}
END_TEST

START_TEST(special_blocks)
{
    static const char *const rows[][2] = {
        {"10.1.2.3", "private use"},
        {"172.31.255.255", "private use"},
        {"172.32.0.0", NULL},
        {"192.168.0.1", "private use"},
        {"100.64.0.1", "shared address space"},
        {"100.128.0.1", NULL},
        {"127.0.0.53", "loopback"},
        {"0.0.0.0", "unspecified"},
        {"0.1.2.3", "this network"},
        {"169.254.169.254", "link local"},
        {"192.0.2.1", "documentation"},
        {"192.88.99.1", "6to4 relay anycast"},
        {"198.19.255.255", "benchmarking"},
        {"224.0.0.251", "multicast"},
        {"255.255.255.255", "limited broadcast"},
        {"240.0.0.1", "reserved"},
        {"8.8.8.8", NULL},
        {"::", "unspecified"},
        {"::1", "loopback"},
        {"fe80::1", "link local"},
        {"fd00::1", "unique local"},
        {"fc00::1", "unique local"},
        {"fe00::1", NULL},
        {"ff02::fb", "multicast"},
        {"2001:db8::1", "documentation"},
        {"3fff:fff::1", "documentation"},
        {"100::1", "discard only"},
        {"2001::1", "Teredo"},
        {"2a00:1450:4001::99", NULL},
        {"::ffff:10.0.0.1", "private use"}, /* judged by the embedded address */
        {"64:ff9b::7f00:1", "loopback"},
        {"64:ff9b::808:808", NULL},
        {"2002:c0a8:1::1", "private use"},
        {"2002:808:808::1", NULL},
        {"64:ff9b:1::1", "local-use translation"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sw_addr addr = addr_of(rows[i][0]);
        const struct sw_special *special = sw_special_find(&addr);
        ck_assert_msg((!special) == (!rows[i][1]), "%s", rows[i][0]);
        if (special)
            ck_assert_str_eq(special->name, rows[i][1]);
    }
}
END_TEST

static bool is_unexpected(const char *name, enum sw_of of, const char *address,
                          const struct sw_owner *owner)
{
    struct sw_addr addr = addr_of(address);
    struct sw_name wire;
    ck_assert_int_eq(sw_name_parse(name, strlen(name), &wire, NULL), SW_OK);
    sw_rcu_enter();
    view = sw_index_view(idx);
    bool found = sw_anomaly_unexpected_owner(&view, &wire, of, &addr, owner, &anomaly);
    sw_rcu_leave();
    return found;
}

static void watch(const char *name, const char *owners, const char *ns_owners,
                  const char *indicator)
{
    struct sw_policy policy;
    struct sw_indicator ind;
    char why[SW_WHY_MAX];
    sw_list_id id;
    sw_policy_init(&policy, name);
    policy.kind = SW_KIND_WATCH;
    snprintf(policy.owners, sizeof(policy.owners), "%s", owners);
    snprintf(policy.ns_owners, sizeof(policy.ns_owners), "%s", ns_owners);
    ck_assert_int_eq(sw_index_list_set(idx, &policy, &id), SW_OK);
    ck_assert_int_eq(sw_indicator_parse(indicator, strlen(indicator), &ind, why), SW_OK);
    ck_assert_int_eq(sw_index_add(idx, id, &ind), SW_OK);
}

START_TEST(declared_owners)
{
    struct sw_owner nobody = {0}, as = {.asn = 64500},
                    named = {.asn = 64999, .org = "Org", .registrant = "An Agency"};
    watch("ours", "AS64500\n198.51.100.0/24\nan agency", "", "example.net");
    watch("silent", "", "AS64501", "example.org");
    ck_assert(!is_unexpected("www.example.net", SW_OF_NAME, "192.0.2.1", &as));
    ck_assert(!is_unexpected("www.example.net", SW_OF_NAME, "192.0.2.1", &named));
    ck_assert(!is_unexpected("www.example.net", SW_OF_NAME, "198.51.100.9", &nobody));
    ck_assert(!is_unexpected("www.example.net", SW_OF_NAME, "::ffff:198.51.100.9", &nobody));
    ck_assert(is_unexpected("www.example.net", SW_OF_NAME, "192.0.2.1", &nobody));
    ck_assert_str_eq(anomaly.list, "ours");
    ck_assert_str_eq(anomaly.declared, "AS64500\n198.51.100.0/24\nan agency");
    ck_assert(!is_unexpected("www.example.net", SW_OF_ZONE, "192.0.2.1", &nobody));
    ck_assert(!is_unexpected("www.example.org", SW_OF_NAME, "192.0.2.1", &nobody));
    ck_assert(is_unexpected("www.example.org", SW_OF_ZONE, "192.0.2.1", &as));
    ck_assert(!is_unexpected("example.com", SW_OF_NAME, "192.0.2.1", &nobody));
    watch("cdn", "AS64999", "", "www.example.net"); /* lists add up */
    named.registrant[0] = '\0';
    ck_assert(!is_unexpected("www.example.net", SW_OF_NAME, "192.0.2.1", &named));
    ck_assert(!is_unexpected("www.example.net", SW_OF_NAME, "192.0.2.1", &as));
    ck_assert(is_unexpected("www.example.net", SW_OF_NAME, "192.0.2.1", &nobody));
    ck_assert_str_eq(anomaly.list, "cdn"); /* the most specific */
}
END_TEST

START_TEST(no_owner_needs_a_database)
{
    struct sw_owner nobody = {0}, as = {.asn = 64500};
    struct sw_addr addr = addr_of("11.0.0.1"), inner = addr_of("10.0.0.1");
    sw_rcu_enter();
    view = sw_index_view(idx);
    ck_assert(sw_anomaly_no_owner(&view, true, &addr, &nobody, &anomaly));
    ck_assert(!sw_anomaly_no_owner(&view, false, &addr, &nobody, &anomaly));
    ck_assert(!sw_anomaly_no_owner(&view, true, &addr, &as, &anomaly));
    ck_assert(!sw_anomaly_no_owner(&view, true, &inner, &nobody, &anomaly));
    sw_rcu_leave();
}
END_TEST

int main(void)
{
    return RUN_SUITE("anomaly", FIXTURE(setup, teardown),
                     TESTS(protected_holders, names_of_anomalies, nothing_listed, protected_prefix,
                           prefix_before_as_and_longest_first, other_kinds_do_not_protect,
                           special_blocks, declared_owners, no_owner_needs_a_database,
                           embedded_address_is_protected, known_operator_explains,
                           crowded_address));
}
