/* Names and questions that follow from a seed: see world.h. */
#include "world.h"

#include <stdio.h>
#include <string.h>

#define CLASS_IN  1 /* RFC 1035 3.2.4 */
#define CLASS_ANY 255

static const char words[SW_KIND_COUNT][3] = {
    [SW_KIND_ADDRESS] = "ad", [SW_KIND_CHAIN] = "c",     [SW_KIND_LOOP] = "lo",
    [SW_KIND_DNAME] = "dn",   [SW_KIND_WILDCARD] = "wi", [SW_KIND_NO_NAME] = "nx",
    [SW_KIND_NO_DATA] = "nd", [SW_KIND_FAILURE] = "fa",  [SW_KIND_CUT_OFF] = "tc",
    [SW_KIND_BAD] = "ba",     [SW_KIND_QUESTION] = "wq", [SW_KIND_EXTRA] = "ex",
    [SW_KIND_CLASS] = "cl",   [SW_KIND_TWICE] = "du",    [SW_KIND_EDNS] = "ed",
    [SW_KIND_BROKEN] = "bs",  [SW_KIND_SILENT] = "si",
};

/* How often each kind is asked for; silence takes seconds. */
static const unsigned weights[SW_KIND_COUNT] = {
    [SW_KIND_ADDRESS] = 960, [SW_KIND_CHAIN] = 880,    [SW_KIND_LOOP] = 60,
    [SW_KIND_DNAME] = 240,   [SW_KIND_WILDCARD] = 320, [SW_KIND_NO_NAME] = 240,
    [SW_KIND_NO_DATA] = 200, [SW_KIND_FAILURE] = 100,  [SW_KIND_CUT_OFF] = 120,
    [SW_KIND_BAD] = 160,     [SW_KIND_QUESTION] = 40,  [SW_KIND_EXTRA] = 240,
    [SW_KIND_CLASS] = 76,    [SW_KIND_TWICE] = 80,     [SW_KIND_EDNS] = 120,
    [SW_KIND_BROKEN] = 160,  [SW_KIND_SILENT] = 1,
};

static const unsigned zone_weights[SW_ZONE_COUNT] = {
    [SW_ZONE_ROOT] = 5,     [SW_ZONE_ONE] = 200,  [SW_ZONE_TWO] = 150, [SW_ZONE_THREE] = 100,
    [SW_ZONE_SECURE] = 300, [SW_ZONE_OPEN] = 100, [SW_ZONE_CUT] = 145,
};

static const char *const zones[SW_ZONE_COUNT] = {
    [SW_ZONE_ROOT] = "",
    [SW_ZONE_ONE] = "one.example",
    [SW_ZONE_TWO] = "two.example",
    [SW_ZONE_THREE] = "three.example",
    [SW_ZONE_SECURE] = "secure.example",
    [SW_ZONE_OPEN] = "open.secure.example",
    [SW_ZONE_CUT] = "cut.example",
};

uint64_t sw_hash(uint64_t seed, const void *octets, size_t size)
{
    const uint8_t *p = octets;
    uint64_t h = 14695981039346656037ULL ^ seed;
    for (size_t i = 0; i < size; i++)
        h = (h ^ p[i]) * 1099511628211ULL;
    h = (h ^ h >> 32) * 0xd6e8feb86659fd93ULL;
    h = (h ^ h >> 32) * 0xd6e8feb86659fd93ULL;
    return h ^ h >> 32;
}

uint64_t sw_draw(const struct sw_world *world, const struct sw_wire_name *name, unsigned what)
{
    return sw_hash(world->seed + what * 0x9e3779b97f4a7c15ULL, name->wire, name->size);
}

bool sw_name_of(const char *text, struct sw_wire_name *out)
{
    size_t at = 0;
    while (*text) {
        size_t n = strcspn(text, ".");
        if (n == 0 || n > 63 || at + n + 2 > SW_NAME_MAX)
            return false;
        out->wire[at] = (uint8_t)n;
        memcpy(out->wire + at + 1, text, n);
        at += n + 1;
        text += n + (text[n] == '.');
    }
    out->wire[at] = 0;
    out->size = at + 1;
    return true;
}

bool sw_name_read(const uint8_t *at, size_t max, struct sw_wire_name *out)
{
    size_t n = 0;
    while (n < max && n < SW_NAME_MAX && at[n] <= 63) {
        size_t label = at[n];
        if (n + label + 1 > max || n + label + 1 > SW_NAME_MAX)
            return false;
        out->wire[n] = (uint8_t)label;
        for (size_t i = n + 1; i <= n + label; i++)
            out->wire[i] = at[i] >= 'A' && at[i] <= 'Z' ? (uint8_t)(at[i] | 32) : at[i];
        n += label + 1;
        if (label == 0) {
            out->size = n;
            return true;
        }
    }
    return false;
}

bool sw_name_below(const char *label, const struct sw_wire_name *name, struct sw_wire_name *out)
{
    size_t n = strlen(label);
    struct sw_wire_name copy = *name;
    if (n == 0 || n > 63 || copy.size + n + 1 > SW_NAME_MAX)
        return false;
    out->wire[0] = (uint8_t)n;
    memcpy(out->wire + 1, label, n);
    memcpy(out->wire + 1 + n, copy.wire, copy.size);
    out->size = copy.size + n + 1;
    return true;
}

const struct sw_wire_name *sw_zone_name(enum sw_zone zone)
{
    static _Thread_local struct sw_wire_name names[SW_ZONE_COUNT];
    if (names[zone].size == 0)
        sw_name_of(zones[zone], &names[zone]);
    return &names[zone];
}

/** The zone of a name, and the begin of the zone's apex: the longest zone that ends the name. */
static enum sw_zone zone_of(const struct sw_wire_name *name, size_t *at)
{
    for (size_t i = 0; name->wire[i]; i += 1U + name->wire[i])
        for (enum sw_zone z = SW_ZONE_ONE; z < SW_ZONE_COUNT; z++) {
            const struct sw_wire_name *apex = sw_zone_name(z);
            if (apex->size == name->size - i &&
                memcmp(apex->wire, name->wire + i, apex->size) == 0) {
                *at = i;
                return z;
            }
        }
    *at = name->size - 1;
    return SW_ZONE_ROOT;
}

/** Read "ad-12" or "c3-12". */
static enum sw_kind_of_name kind_of(const uint8_t *label, struct sw_node *node)
{
    char text[64];
    unsigned number = 0, steps = 0;
    int used = 0;
    memcpy(text, label + 1, label[0]);
    text[label[0]] = '\0';
    if (sscanf(text, "c%2u-%7u%n", &steps, &number, &used) == 2 && used == label[0] && steps > 0 &&
        steps <= SW_STEPS_MAX) {
        node->steps = steps;
        node->number = number;
        return SW_KIND_CHAIN;
    }
    for (enum sw_kind_of_name k = SW_KIND_ADDRESS; k < SW_KIND_COUNT; k++)
        if (k != SW_KIND_CHAIN && strncmp(text, words[k], 2) == 0 &&
            sscanf(text + 2, "-%7u%n", &number, &used) == 1 && used + 2 == label[0]) {
            node->number = number;
            return k;
        }
    return SW_KIND_NONE;
}

void sw_node_read(const struct sw_wire_name *name, struct sw_node *out)
{
    *out = (struct sw_node){.kind = SW_KIND_NONE};
    out->zone = zone_of(name, &out->zone_at);
    out->at = out->zone_at;
    size_t i = 0;
    while (i < out->zone_at) { /* the last label in front of the zone */
        out->at = i;
        i += 1U + name->wire[i];
        out->below += i < out->zone_at;
    }
    if (out->zone_at > 0 && out->zone != SW_ZONE_ROOT)
        out->kind = kind_of(name->wire + out->at, out);
}

void sw_node_name(const struct sw_node *node, struct sw_wire_name *out)
{
    char label[32];
    if (node->kind == SW_KIND_CHAIN)
        snprintf(label, sizeof(label), "c%u-%u", node->steps, node->number);
    else
        snprintf(label, sizeof(label), "%s-%u", words[node->kind], node->number);
    sw_name_below(label, sw_zone_name(node->zone), out);
}

/** An index of a table of weights. */
static unsigned weighted(const unsigned *table, unsigned count, uint64_t draw)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < count; i++)
        sum += table[i];
    unsigned left = (unsigned)(draw % sum);
    for (unsigned i = 0; i < count; i++) {
        if (left < table[i])
            return i;
        left -= table[i];
    }
    return 0;
}

static enum sw_zone draw_zone(const struct sw_world *world, uint64_t draw)
{
    enum sw_zone zone = (enum sw_zone)weighted(zone_weights, SW_ZONE_COUNT, draw);
    return zone == SW_ZONE_CUT && !world->cuts ? SW_ZONE_TWO : zone;
}

/** The kind at the end of a chain: mostly addresses, never another chain. */
static enum sw_kind_of_name last_kind(uint64_t draw)
{
    static const enum sw_kind_of_name last[] = {
        SW_KIND_NO_NAME,  SW_KIND_NO_DATA, SW_KIND_FAILURE, SW_KIND_BAD,
        SW_KIND_WILDCARD, SW_KIND_DNAME,   SW_KIND_BROKEN,  SW_KIND_CUT_OFF,
        SW_KIND_EXTRA,    SW_KIND_LOOP,    SW_KIND_TWICE,   SW_KIND_QUESTION,
    };
    size_t n = sizeof(last) / sizeof(*last);
    return draw % 100 < 60 ? SW_KIND_ADDRESS : last[draw / 100 % n];
}

void sw_node_target(const struct sw_world *world, const struct sw_wire_name *name,
                    const struct sw_node *node, struct sw_wire_name *out)
{
    uint64_t h = sw_draw(world, name, 1);
    struct sw_node to = {.zone = node->zone, .kind = node->kind, .number = node->number};
    if (node->kind == SW_KIND_LOOP) {
        to.number = node->number % 4 == 3 ? node->number - 3 : node->number + 1;
        if (node->number % 16 == 0)
            to.number = node->number; /* an alias of itself */
    } else if (node->steps > 1) {
        to.kind = SW_KIND_CHAIN;
        to.steps = node->steps - 1;
        to.number = (unsigned)(h >> 20) % world->pool;
    } else {
        to.kind = last_kind(h >> 8);
        to.number = (unsigned)(h >> 24) % world->pool;
    }
    if (h % 100 < 45 && node->kind != SW_KIND_LOOP)
        to.zone = draw_zone(world, h >> 40);
    if (to.zone == SW_ZONE_ROOT)
        to.zone = SW_ZONE_ONE;
    sw_node_name(&to, out);
    if (to.kind == SW_KIND_WILDCARD || to.kind == SW_KIND_DNAME)
        sw_name_below(h >> 60 & 1 ? "x" : "y", out, out);
}

/** A stream of draws: splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15ULL;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
    return z ^ z >> 31;
}

static uint16_t draw_type(uint64_t draw)
{
    static const uint16_t rare[] = {
        SW_NS,    SW_SOA,     SW_CNAME, SW_PTR,  SW_MX,    SW_TXT,    SW_SRV,  SW_NAPTR,
        SW_DNAME, SW_DS,      SW_CAA,   SW_NSEC, SW_RRSIG, SW_DNSKEY, SW_SVCB, SW_TLSA,
        SW_ANY,   SW_UNKNOWN, SW_NULL,  SW_ANY,  SW_HTTPS, SW_MX,     SW_TXT,  SW_HTTPS,
    };
    if (draw % 100 < 50)
        return SW_A;
    if (draw % 100 < 65)
        return SW_AAAA;
    if (draw % 100 < 72)
        return SW_HTTPS;
    uint64_t more = draw / 100;
    if (more % 200 == 0) /* any type at all, but for zone transfers and OPT: RFC 6895 3.1 */
        return (uint16_t)(more / 200 % 120 + 100);
    return rare[more % (sizeof(rare) / sizeof(*rare))];
}

static uint16_t draw_class(uint64_t draw)
{
    static const uint16_t others[] = {CLASS_ANY, CLASS_ANY, 3, 4, 254, 65280};
    return draw % 100 < 97 ? CLASS_IN : others[draw / 100 % (sizeof(others) / sizeof(*others))];
}

/** Names below a name: the purpose of a wildcard or a DNAME, and missing elsewhere. */
static void draw_below(enum sw_kind_of_name kind, uint64_t draw, struct sw_wire_name *name)
{
    static const char *const labels[] = {"x", "y", "*", "deep.er", "www", "x.y.z"};
    bool usual = kind == SW_KIND_WILDCARD || kind == SW_KIND_DNAME;
    if (draw % 100 >= (usual ? 85U : 4U))
        return;
    struct sw_wire_name front;
    sw_name_of(labels[draw / 100 % 6], &front);
    if (front.size - 1 + name->size > SW_NAME_MAX)
        return;
    memmove(name->wire + front.size - 1, name->wire, name->size);
    memcpy(name->wire, front.wire, front.size - 1);
    name->size += front.size - 1;
}

static void draw_capitals(uint64_t draw, struct sw_wire_name *name)
{
    for (size_t i = 0; name->wire[i]; i += 1U + name->wire[i])
        for (size_t j = i + 1; j <= i + name->wire[i]; j++)
            if (name->wire[j] >= 'a' && name->wire[j] <= 'z' && (draw >> j % 61 & 1))
                name->wire[j] &= (uint8_t)~32;
}

static void draw_name(const struct sw_world *world, uint64_t *state, struct sw_wire_name *out)
{
    struct sw_node node = {.zone = draw_zone(world, next(state))};
    node.kind = (enum sw_kind_of_name)weighted(weights, SW_KIND_COUNT, next(state));
    if (node.kind == SW_KIND_SILENT) /* a server that is silent about a name is slow for the zone */
        node.zone = world->cuts ? SW_ZONE_CUT : SW_ZONE_THREE;
    node.number = (unsigned)(next(state) % world->pool);
    node.steps = (unsigned)(next(state) % SW_STEPS_MAX + 1);
    sw_node_name(&node, out);
    uint64_t draw = next(state);
    if (draw % 200 == 0)
        *out = *sw_zone_name(node.zone);
    else
        draw_below(node.kind, draw / 200, out);
}

void sw_ask_make(const struct sw_world *world, uint64_t index, struct sw_ask *out)
{
    static const uint16_t rooms[] = {512, 1232, 4096, 0, 1232, 65535, 100, 1400};
    uint64_t state = sw_hash(world->seed, &index, sizeof(index));
    memset(out, 0, sizeof(*out));
    draw_name(world, &state, &out->name);
    out->type = draw_type(next(&state));
    uint64_t draw = next(&state);
    out->class = world->classes ? draw_class(draw) : CLASS_IN;
    draw = next(&state);
    out->edns = rooms[draw & 7];
    out->dnssec_ok = out->edns && (draw >> 3 & 3) == 0;
    out->cd = (draw >> 5 & 7) == 0;
    out->ad = (draw >> 8 & 3) == 0;
    out->rd = (draw >> 10 & 31) != 0;
    out->tcp = (draw >> 15 & 31) == 0;
    out->again = (draw >> 20 & 3) == 0;
    if ((draw >> 22 & 15) == 0)
        draw_capitals(draw >> 3, &out->name);
}
