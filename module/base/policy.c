#include "base/policy.h"

#include "base/groups.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POLICY_JSON_MAX  16384 /* octets; a policy with every member full is under 1 KiB */
#define PRIORITY_DEFAULT 1000
#define TTL_DEFAULT      60
#define LIFETIME_MAX     315360000 /* ten years */
#define TTL_MAX          86400     /* a day: rewritten answers must not outlive a rule by weeks */
#define EDE_MAX          0xfffd
#define QUOTE_MAX        44 /* octets of a refused value in messages */

bool sw_action_needs_no_answer(enum sw_action action)
{
    return action != SW_ACTION_PASSTHRU && action != SW_ACTION_MONITOR &&
           action != SW_ACTION_TCP_ONLY;
}

bool sw_listname_ok(const char *text)
{
    size_t len = strnlen(text, SW_LISTNAME_MAX);
    return len > 0 && len < SW_LISTNAME_MAX &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789._-") == len;
}

void sw_policy_init(struct sw_policy *policy, const char *name)
{
    memset(policy, 0, sizeof(*policy));
    memcpy(policy->name, name, strnlen(name, SW_LISTNAME_MAX - 1));
    policy->kind = SW_KIND_IOC;
    policy->action = SW_ACTION_MONITOR;
    policy->priority = PRIORITY_DEFAULT;
    policy->ttl = TTL_DEFAULT;
    policy->ede = SW_EDE_AUTO;
    policy->triggers = SW_TRIGGERS_DEFAULT;
    for (unsigned i = 0; i < SW_LIMIT_COUNT; i++)
        policy->limit[i] = SW_LIMIT_UNSET;
}

/* ---- parse: a setter for each type of member, with the allowed values in the message ---- */

/* The arguments of every setter: the place for the value, and the place for the message. */
struct parsing {
    struct sw_policy *policy;
    bool action_given;
    const char *member;
    char *why;
};

/* Replace all but printable ASCII by '?': a message that quotes a feed may end up in a log. */
static void clean(char *words)
{
    for (; *words; words++)
        if (*words < 0x20 || *words > 0x7e)
            *words = '?';
}

/* A value as JSON text in plain ASCII, cut to fit. */
static void quote(const json_t *value, char out[QUOTE_MAX])
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_ENSURE_ASCII);
    snprintf(out, QUOTE_MAX, "%s", text ? text : "?");
    clean(out); /* jansson does not escape DEL */
    free(text);
}

/* Refuse a member with the message "MEMBER: VALUE is not allowed; ALLOWED". Always false. */
static bool refuse(const struct parsing *p, const json_t *value, const char *allowed)
{
    char was[QUOTE_MAX];
    quote(value, was);
    snprintf(p->why, SW_WHY_MAX, "%s: %s is not allowed; %s", p->member, was, allowed);
    return false;
}

static bool set_kind(struct parsing *p, const json_t *value)
{
    const char *text = json_string_value(value);
    if (text && sw_kind_parse(text, &p->policy->kind) == SW_OK)
        return true;
    return refuse(p, value, "one of ioc allow watch protected known");
}

static bool set_action(struct parsing *p, const json_t *value)
{
    const char *text = json_string_value(value);
    p->action_given = true;
    if (text && sw_action_parse(text, &p->policy->action) == SW_OK)
        return true;
    return refuse(p, value,
                  "one of passthru monitor nxdomain nodata refused drop tcp-only sinkhole cname");
}

static bool set_bool(const struct parsing *p, const json_t *value, bool *out)
{
    if (!json_is_boolean(value))
        return refuse(p, value, "true or false");
    *out = json_is_true(value);
    return true;
}

static bool set_shadow(struct parsing *p, const json_t *value)
{
    return set_bool(p, value, &p->policy->shadow);
}

static bool set_observe(struct parsing *p, const json_t *value)
{
    return set_bool(p, value, &p->policy->observe);
}

/* A whole number in 0..max. */
static bool set_number(const struct parsing *p, const json_t *value, json_int_t max,
                       json_int_t *out)
{
    char allowed[64];
    json_int_t number = json_integer_value(value);
    if (json_is_integer(value) && number >= 0 && number <= max) {
        *out = number;
        return true;
    }
    snprintf(allowed, sizeof(allowed), "a whole number from 0 to %lld", (long long)max);
    return refuse(p, value, allowed);
}

static bool set_priority(struct parsing *p, const json_t *value)
{
    json_int_t number;
    if (!set_number(p, value, UINT16_MAX, &number))
        return false;
    p->policy->priority = (uint16_t)number;
    return true;
}

static bool set_ttl(struct parsing *p, const json_t *value)
{
    json_int_t number;
    if (!set_number(p, value, TTL_MAX, &number))
        return false;
    p->policy->ttl = (uint32_t)number;
    return true;
}

static bool set_lifetime(struct parsing *p, const json_t *value)
{
    json_int_t number;
    if (!set_number(p, value, LIFETIME_MAX, &number))
        return false;
    p->policy->lifetime = (uint32_t)number;
    return true;
}

static bool set_ede(struct parsing *p, const json_t *value)
{
    const char *text = json_string_value(value);
    json_int_t number = json_integer_value(value);
    if (text && strcmp(text, "auto") == 0)
        p->policy->ede = SW_EDE_AUTO;
    else if (text && strcmp(text, "off") == 0)
        p->policy->ede = SW_EDE_OFF;
    else if (json_is_integer(value) && number >= 0 && number <= EDE_MAX)
        p->policy->ede = (uint16_t)number;
    else
        return refuse(p, value, "\"auto\", \"off\" or a code from 0 to 65533 (RFC 8914)");
    return true;
}

/* An address of the family, not a prefix. */
static bool set_addr(const struct parsing *p, const json_t *value, unsigned family,
                     struct sw_addr *out)
{
    const char *text = json_string_value(value);
    struct sw_addr addr;
    if (text && sw_addr_parse(text, strlen(text), &addr, NULL) == SW_OK && addr.family == family &&
        addr.plen == sw_addr_bits(&addr)) {
        *out = addr;
        return true;
    }
    return refuse(p, value, family == 4 ? "one IPv4 address" : "one IPv6 address");
}

static bool set_sinkhole4(struct parsing *p, const json_t *value)
{
    return set_addr(p, value, 4, &p->policy->sinkhole4);
}

static bool set_sinkhole6(struct parsing *p, const json_t *value)
{
    return set_addr(p, value, 6, &p->policy->sinkhole6);
}

static bool set_cname(struct parsing *p, const json_t *value)
{
    const char *text = json_string_value(value);
    size_t wild =
        text && text[0] == '*' && text[1] == '.' ? 2 : 0; /* octets of "*." in both forms */
    struct sw_name name, garden = {0}; /* zero behind the name: policies are compared by octets */
    if (text && sw_name_parse(text + wild, strlen(text + wild), &name, NULL) == SW_OK &&
        name.len > 1 && name.len + wild <= SW_NAME_MAX && !sw_name_ends_in_number(name.wire)) {
        memcpy(garden.wire, "\1*", wild);
        memcpy(garden.wire + wild, name.wire, name.len);
        garden.len = (uint8_t)(name.len + wild);
        p->policy->cname = garden;
        return true;
    }
    return refuse(p, value, "a host name, or *.NAME; an address is for sinkhole4 or sinkhole6");
}

/* Text for people: of limited length and without control characters, since logs show the text. */
static bool set_words(const struct parsing *p, const json_t *value, char out[SW_NOTE_MAX])
{
    const char *text = json_string_value(value);
    size_t len = text ? strlen(text) : SW_NOTE_MAX;
    bool ok = len < SW_NOTE_MAX;
    for (size_t i = 0; ok && i < len; i++)
        ok = (unsigned char)text[i] >= 0x20 && text[i] != 0x7f;
    if (!ok)
        return refuse(p, value, "text of up to 127 octets without control characters");
    memcpy(out, text, len + 1);
    return true;
}

static bool set_owner(struct parsing *p, const json_t *value)
{
    return set_words(p, value, p->policy->owner);
}

static bool set_note(struct parsing *p, const json_t *value)
{
    return set_words(p, value, p->policy->note);
}

static bool set_justification(struct parsing *p, const json_t *value)
{
    return set_words(p, value, p->policy->justification);
}

static bool set_sub_error(struct parsing *p, const json_t *value)
{
    json_int_t number;
    if (!set_number(p, value, UINT8_MAX, &number))
        return false;
    p->policy->sub_error = (uint8_t)number;
    return true;
}

/* Declared owners: texts as above, not empty, without a line end; kept on a line each. */
static bool set_owners(const struct parsing *p, const json_t *value, char out[SW_OWNERS_MAX])
{
    static const char allowed[] =
        "an array of AS numbers, prefixes or names, each up to 95 octets, 767 in all";
    char all[SW_OWNERS_MAX] = "";
    size_t used = 0, i;
    json_t *one;
    if (!json_is_array(value))
        return refuse(p, value, allowed);
    json_array_foreach(value, i, one)
    {
        const char *text = json_string_value(one);
        size_t len = text ? strlen(text) : 0;
        bool ok = len > 0 && len < SW_DECLARED_MAX && used + len + 2 <= SW_OWNERS_MAX;
        for (size_t at = 0; ok && at < len; at++)
            ok = (unsigned char)text[at] >= 0x20 && text[at] != 0x7f;
        if (!ok)
            return refuse(p, one, allowed);
        if (used > 0)
            all[used++] = '\n';
        memcpy(all + used, text, len + 1);
        used += len;
    }
    memcpy(out, all, sizeof(all));
    return true;
}

static bool set_owners_of_name(struct parsing *p, const json_t *value)
{
    return set_owners(p, value, p->policy->owners);
}

static bool set_owners_of_zone(struct parsing *p, const json_t *value)
{
    return set_owners(p, value, p->policy->ns_owners);
}

/* Local data: records, a line each. */
static bool set_records(struct parsing *p, const json_t *value)
{
    static const char allowed[] = "an array of up to 16 records, 767 octets of text in all";
    char all[SW_RECORD_TEXTS] = "";
    struct sw_local_data records = {
        0}; /* zero behind the records: policies are compared by octets */
    size_t used = 0, i;
    json_t *one;
    if (!json_is_array(value) || json_array_size(value) > SW_RECORDS_COUNT)
        return refuse(p, value, allowed);
    json_array_foreach(value, i, one)
    {
        const char *text = json_string_value(one), *why = allowed;
        size_t len = text ? strlen(text) : 0;
        bool ok = len > 0 && used + len + 2 <= sizeof(all);
        for (size_t at = 0; ok && at < len; at++)
            ok = text[at] >= 0x20 && text[at] < 0x7f;
        if (!ok || sw_record_parse(text, &records, &why) != SW_OK)
            return refuse(p, one, why);
        if (used > 0)
            all[used++] = '\n';
        memcpy(all + used, text, len + 1);
        used += len;
    }
    memcpy(p->policy->record_text, all, sizeof(all));
    p->policy->records = records;
    return true;
}

/* Names of client groups, kept on a line each. An empty array would apply to no client. */
static bool set_groups(struct parsing *p, const json_t *value)
{
    static const char allowed[] = "an array of 1 to 8 names, each 1 to 31 of a-z 0-9 . _ -";
    char all[SW_APPLIES_MAX] = "";
    size_t used = 0, i;
    json_t *one;
    if (!json_is_array(value) || json_array_size(value) == 0)
        return refuse(p, value, allowed);
    json_array_foreach(value, i, one)
    {
        const char *text = json_string_value(one);
        size_t len = text ? strlen(text) : 0;
        if (!text || !sw_groupname_ok(text) || used + len + 2 > sizeof(all))
            return refuse(p, one, allowed);
        if (used > 0)
            all[used++] = '\n';
        memcpy(all + used, text, len + 1);
        used += len;
    }
    memcpy(p->policy->groups, all, sizeof(all));
    return true;
}

static bool set_triggers(struct parsing *p, const json_t *value)
{
    static const char allowed[] =
        "an array of one or more of qname cname address asn nsdname nsip client";
    unsigned all = 0;
    size_t i;
    json_t *one;
    if (!json_is_array(value) || json_array_size(value) == 0)
        return refuse(p, value, allowed);
    json_array_foreach(value, i, one)
    {
        const char *text = json_string_value(one);
        enum sw_trigger trigger;
        if (!text || sw_trigger_parse(text, &trigger) != SW_OK)
            return refuse(p, one, allowed);
        all |= SW_TRIGGER_BIT(trigger);
    }
    p->policy->triggers = (uint8_t)all;
    return true;
}

/* The values that settings.c allows. */
static const struct {
    uint32_t min, max;
} limits[SW_LIMIT_COUNT] = {
    [SW_LIMIT_BASELINE_DAYS] = {0, 3650}, [SW_LIMIT_BASELINE_COUNT] = {1, 1000000},
    [SW_LIMIT_FLUX_HOURS] = {1, 8760},    [SW_LIMIT_FLUX_AS] = {2, 1000},
    [SW_LIMIT_FLUX_PERCENT] = {1, 100},
};

static bool set_limit(struct parsing *p, const json_t *value)
{
    char allowed[64];
    unsigned i = 0;
    while (strcmp(sw_limit_name(i), p->member) != 0)
        i++;
    json_int_t number = json_integer_value(value);
    if (json_is_integer(value) && number >= limits[i].min && number <= limits[i].max) {
        p->policy->limit[i] = (uint32_t)number;
        return true;
    }
    snprintf(allowed, sizeof(allowed), "a whole number from %u to %u", limits[i].min,
             limits[i].max);
    return refuse(p, value, allowed);
}

static const struct member {
    const char *name;
    bool (*set)(struct parsing *p, const json_t *value);
} members[] = {
    {"kind", set_kind},
    {"action", set_action},
    {"priority", set_priority},
    {"shadow", set_shadow},
    {"observe", set_observe},
    {"sinkhole4", set_sinkhole4},
    {"sinkhole6", set_sinkhole6},
    {"cname", set_cname},
    {"records", set_records},
    {"ttl", set_ttl},
    {"lifetime", set_lifetime},
    {"ede", set_ede},
    {"owner", set_owner},
    {"note", set_note},
    {"owners", set_owners_of_name},
    {"ns_owners", set_owners_of_zone},
    {"groups", set_groups},
    {"triggers", set_triggers},
    {"justification", set_justification},
    {"sub_error", set_sub_error},
    {"baseline_days", set_limit},
    {"baseline_count", set_limit},
    {"flux_hours", set_limit},
    {"flux_as_min", set_limit},
    {"flux_as_percent", set_limit},
};

static const struct member *find_member(const char *name)
{
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        if (strcmp(members[i].name, name) == 0)
            return &members[i];
    return NULL;
}

static bool refuse_unknown(const struct parsing *p, const char *key)
{
    char was[QUOTE_MAX] = "?";
    json_t *text = json_string(key);
    if (text)
        quote(text, was);
    json_decref(text);
    snprintf(p->why, SW_WHY_MAX,
             "%s: unknown member; allowed are kind action priority shadow observe sinkhole4 "
             "sinkhole6 cname records ttl lifetime ede owner note owners ns_owners groups triggers "
             "justification sub_error baseline_days baseline_count flux_hours flux_as_min "
             "flux_as_percent",
             was);
    return false;
}

/* Only lists of kind ioc act. Other kinds have a fixed action, which the policy may repeat. */
static bool check_action(struct parsing *p)
{
    enum sw_kind kind = p->policy->kind;
    enum sw_action fixed = kind == SW_KIND_ALLOW ? SW_ACTION_PASSTHRU : SW_ACTION_MONITOR;
    if (kind == SW_KIND_IOC)
        return true;
    if (p->policy->groups[0] && kind != SW_KIND_ALLOW) {
        snprintf(p->why, SW_WHY_MAX, "groups: not allowed; a list of kind %s is for no clients",
                 sw_kind_name(kind));
        return false;
    }
    if (p->policy->triggers != SW_TRIGGERS_DEFAULT && kind != SW_KIND_ALLOW) {
        snprintf(p->why, SW_WHY_MAX, "triggers: not allowed; a list of kind %s has no others",
                 sw_kind_name(kind));
        return false;
    }
    if (p->action_given && p->policy->action != fixed) {
        snprintf(p->why, SW_WHY_MAX, "action: \"%s\" is not allowed; a list of kind %s has only %s",
                 sw_action_name(p->policy->action), sw_kind_name(kind), sw_action_name(fixed));
        return false;
    }
    p->policy->action = fixed;
    return true;
}

static bool apply_members(struct parsing *p, json_t *object)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        const struct member *member = find_member(key);
        if (!member)
            return refuse_unknown(p, key);
        p->member = member->name;
        if (!member->set(p, value))
            return false;
    }
    return check_action(p);
}

enum sw_status sw_policy_parse(const char *name, const char *json, size_t json_len,
                               struct sw_policy *out, char why[SW_WHY_MAX])
{
    struct sw_policy policy;
    struct parsing p = {.policy = &policy, .why = why};
    json_error_t error;
    if (!sw_listname_ok(name)) {
        snprintf(why, SW_WHY_MAX, "bad list name; 1 to 63 characters of a-z 0-9 . _ -");
        return SW_EINVAL;
    }
    sw_policy_init(&policy, name);
    if (json_len == 0) {
        *out = policy;
        return SW_OK;
    }
    if (json_len > POLICY_JSON_MAX) {
        snprintf(why, SW_WHY_MAX, "policy of %zu octets; allowed are %d", json_len,
                 POLICY_JSON_MAX);
        return SW_EINVAL;
    }
    json_t *object = json_loadb(json, json_len, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(object)) {
        snprintf(why, SW_WHY_MAX, "not a JSON object: %.120s",
                 object ? "some other JSON value" : error.text);
        clean(why); /* jansson quotes the offending text */
        json_decref(object);
        return SW_ESYNTAX;
    }
    bool ok = apply_members(&p, object);
    json_decref(object);
    if (!ok)
        return SW_EINVAL;
    *out = policy;
    return SW_OK;
}

/* ---- write ---- */

static int put_text(json_t *object, const char *member, const char *text)
{
    return json_object_set_new(object, member, json_string(text));
}

/* Texts of a line each as an array, if any. */
static int put_owners(json_t *object, const char *member, const char *owners)
{
    json_t *array = owners[0] ? json_array() : NULL;
    int failed = owners[0] && !array;
    while (array && owners[0]) {
        size_t len = strcspn(owners, "\n");
        failed |= json_array_append_new(array, json_stringn(owners, len));
        owners += owners[len] ? len + 1 : len;
    }
    return array ? failed | json_object_set_new(object, member, array) : failed;
}

/* Landing addresses and walled garden, if the policy sets any. */
static int put_targets(json_t *object, const struct sw_policy *policy)
{
    char addr[SW_ADDRTEXT_MAX];
    char name[SW_NAMETEXT_MAX];
    int failed = 0;
    if (policy->sinkhole4.family)
        failed |= put_text(object, "sinkhole4", sw_addr_text(&policy->sinkhole4, addr));
    if (policy->sinkhole6.family)
        failed |= put_text(object, "sinkhole6", sw_addr_text(&policy->sinkhole6, addr));
    if (policy->cname.len)
        failed |= put_text(object, "cname", sw_garden_text(&policy->cname, name));
    return failed | put_owners(object, "records", policy->record_text);
}

static int put_triggers(json_t *object, unsigned triggers)
{
    json_t *array = json_array();
    int failed = !array;
    for (unsigned i = 0; !failed && i < SW_TRIGGER_COUNT; i++)
        if (triggers & SW_TRIGGER_BIT(i))
            failed |= json_array_append_new(array, json_string(sw_trigger_name(i)));
    return failed | json_object_set_new(object, "triggers", array);
}

static int put_members(json_t *object, const struct sw_policy *policy)
{
    int failed = put_text(object, "kind", sw_kind_name(policy->kind)) |
                 put_text(object, "action", sw_action_name(policy->action));
    if (policy->priority != PRIORITY_DEFAULT)
        failed |= json_object_set_new(object, "priority", json_integer(policy->priority));
    if (policy->shadow)
        failed |= json_object_set_new(object, "shadow", json_true());
    if (policy->observe)
        failed |= json_object_set_new(object, "observe", json_true());
    failed |= put_targets(object, policy);
    if (policy->ttl != TTL_DEFAULT)
        failed |= json_object_set_new(object, "ttl", json_integer(policy->ttl));
    if (policy->lifetime > 0)
        failed |= json_object_set_new(object, "lifetime", json_integer(policy->lifetime));
    if (policy->ede == SW_EDE_OFF)
        failed |= put_text(object, "ede", "off");
    else if (policy->ede != SW_EDE_AUTO)
        failed |= json_object_set_new(object, "ede", json_integer(policy->ede));
    if (policy->owner[0])
        failed |= put_text(object, "owner", policy->owner);
    if (policy->note[0])
        failed |= put_text(object, "note", policy->note);
    if (policy->justification[0])
        failed |= put_text(object, "justification", policy->justification);
    if (policy->sub_error)
        failed |= json_object_set_new(object, "sub_error", json_integer(policy->sub_error));
    failed |= put_owners(object, "owners", policy->owners);
    failed |= put_owners(object, "ns_owners", policy->ns_owners);
    failed |= put_owners(object, "groups", policy->groups);
    if (policy->triggers != SW_TRIGGERS_DEFAULT)
        failed |= put_triggers(object, policy->triggers);
    for (unsigned i = 0; i < SW_LIMIT_COUNT; i++)
        if (policy->limit[i] != SW_LIMIT_UNSET)
            failed |= json_object_set_new(object, sw_limit_name(i), json_integer(policy->limit[i]));
    return failed;
}

char *sw_policy_json(const struct sw_policy *policy)
{
    json_t *object = json_object();
    char *text = NULL;
    if (object && put_members(object, policy) == 0)
        text = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    return text;
}
