/* The data of the authority: see data.h. */
#include "data.h"

#include "odd_answers.h"
#include "records.h"

#include <string.h>

#define HEADER       12
#define CLASS_ANY    255
#define OPCODE       0x7800u
#define RCODE_BADVER 16 /* RFC 6891 6.1.3 */
#define YXDOMAIN     6  /* RFC 6672 2.2: the name became too long */

/** A question on the way to an answer. */
struct asking {
    const struct sw_source *source;
    enum sw_role role;
    struct sw_message *m;
    uint16_t type;
    bool tcp, opt;
    unsigned steps; /* aliases followed so far */
};

static bool signed_zone(const struct sw_node *node)
{
    return node->zone == SW_ZONE_SECURE;
}

/** The apex of the zone that this server answers for. */
static void apex_of(const struct asking *a, const struct sw_wire_name *name,
                    const struct sw_node *node, struct sw_wire_name *out)
{
    size_t at = node->zone == SW_ZONE_CUT && a->role != SW_ROLE_MAIN ? node->at : node->zone_at;
    out->size = name->size - at;
    memcpy(out->wire, name->wire + at, out->size);
}

/** The name of a neighbour in canonical order: the label at octet at in front of which nothing is
 * kept, with the last letter reduced by 1 and a tilde behind, or an exclamation mark behind. */
static void neighbour(const struct sw_wire_name *name, size_t at, bool before,
                      struct sw_wire_name *out)
{
    size_t label = name->wire[at], rest = name->size - at - label - 1;
    memcpy(out->wire, name->wire + at, label + 1);
    if (label < 63) {
        out->wire[0]++;
        out->wire[label + 1] = before ? '~' : '!';
    }
    if (before)
        out->wire[label]--;
    size_t size = 1U + out->wire[0];
    memcpy(out->wire + size, name->wire + at + label + 1, rest);
    out->size = size + rest;
}

static void deny(struct sw_message *m, const struct sw_wire_name *name, size_t at)
{
    static const uint16_t types[] = {SW_RRSIG, SW_NSEC, 0};
    struct sw_wire_name before, after;
    neighbour(name, at, true, &before);
    neighbour(name, at, false, &after);
    sw_message_add_nsec(m, &before, &after, types);
}

/** The name is there, with other types: the NSEC of the name; the next name is a name below. */
static void deny_type(const struct asking *a, const struct sw_wire_name *name, bool host)
{
    uint16_t types[32] = {SW_RRSIG, SW_NSEC};
    unsigned n = 2;
    struct sw_wire_name next;
    struct sw_set set;
    for (const uint16_t *type = sw_records_types; host && *type; type++) {
        sw_records_host(a->source->world, name, *type, &set);
        if (set.count)
            types[n++] = *type;
    }
    if (sw_name_below("!", name, &next))
        sw_message_add_nsec(a->m, name, &next, types);
}

/** SOA of a negative answer; drawn to be missing or another zone's where there are no
 * signatures. */
static void add_soa(const struct asking *a, const struct sw_wire_name *name,
                    const struct sw_node *node)
{
    struct sw_wire_name apex;
    struct sw_set set;
    uint64_t draw = sw_draw(a->source->world, name, 3);
    bool odd = !a->m->dnssec && node->zone != SW_ZONE_ROOT;
    if (odd && draw % 8 == 0)
        return;
    apex_of(a, name, node, &apex);
    if (odd && draw % 8 == 1)
        apex = *sw_zone_name(SW_ZONE_THREE);
    sw_records_soa(&apex, 300,
                   &set); /* the same everywhere: two versions would replace each other */
    sw_message_add(a->m, SW_AUTHORITY, &set);
}

static void no_name(const struct asking *a, const struct sw_wire_name *name,
                    const struct sw_node *node)
{
    struct sw_wire_name star;
    sw_message_rcode(a->m, SW_RCODE_NXDOMAIN);
    add_soa(a, name, node);
    if (!a->m->dnssec || node->at >= node->zone_at)
        return;
    deny(a->m, name, node->at); /* the label in front of the zone, and all names below */
    sw_name_below("*", sw_zone_name(SW_ZONE_SECURE), &star);
    deny(a->m, &star, 0);
}

/** host: the name has records of other types. */
static void no_data(const struct asking *a, const struct sw_wire_name *name,
                    const struct sw_node *node, bool host)
{
    add_soa(a, name, node);
    if (a->m->dnssec)
        deny_type(a, name, host);
}

/** The addresses of a name that other records point to, as servers add such records. */
static void add_address_of(const struct asking *a, const struct sw_wire_name *target)
{
    struct sw_node node;
    struct sw_set set;
    sw_node_read(target, &node);
    if (node.kind != SW_KIND_ADDRESS || node.below || signed_zone(&node) != a->m->dnssec)
        return;
    sw_records_host(a->source->world, target, SW_A, &set);
    sw_message_add(a->m, SW_ADDITIONAL, &set);
}

/** The records of a host; returns whether there are any. owner: of the answer; from: of the
 * data. */
static bool add_host(const struct asking *a, const struct sw_wire_name *owner,
                     const struct sw_wire_name *from)
{
    const uint16_t one[] = {a->type, 0};
    bool any = false;
    struct sw_set set;
    for (const uint16_t *type = a->type == SW_ANY ? sw_records_types : one; *type; type++) {
        sw_records_host(a->source->world, from, *type, &set);
        if (set.count == 0 || (*type == SW_UNKNOWN && a->m->dnssec))
            continue;
        any = true;
        set.owner = *owner;
        sw_message_add_wildcard(a->m, &set, from);
    }
    return any;
}

/** MX and SRV now and then bring the addresses of the targets. */
static void add_targets(const struct asking *a, const struct sw_wire_name *name)
{
    struct sw_set set;
    struct sw_wire_name target;
    size_t skip = a->type == SW_MX ? 2 : 6;
    if ((a->type != SW_MX && a->type != SW_SRV) || sw_draw(a->source->world, name, 4) % 3 == 0)
        return;
    sw_records_host(a->source->world, name, a->type, &set);
    for (unsigned i = 0; i < set.count; i++)
        if (sw_name_read(set.octets + set.record[i].at + skip, set.record[i].size - skip, &target))
            add_address_of(a, &target);
}

static void answer_name(struct asking *a, const struct sw_wire_name *name);

/** Whether this server goes on with an alias's target in the same answer. */
static bool follows(const struct asking *a, const struct sw_wire_name *name,
                    const struct sw_node *node, const struct sw_wire_name *target)
{
    struct sw_node to;
    uint64_t draw = sw_draw(a->source->world, name, 5) % 8;
    sw_node_read(target, &to);
    bool same = to.zone == node->zone;
    if (draw < 2 || (!same && (draw < 7 || a->m->dnssec)) || a->steps > SW_STEPS_MAX)
        return false;
    return to.zone != SW_ZONE_CUT && !sw_odd_kind(to.kind) &&
           (to.kind != SW_KIND_BROKEN || !a->m->dnssec);
}

static void add_alias(struct asking *a, const struct sw_wire_name *name, const struct sw_node *node,
                      const struct sw_wire_name *target)
{
    struct sw_set set;
    uint32_t ttl = sw_records_ttl(sw_draw(a->source->world, name, 6));
    sw_records_name(name, SW_CNAME, ttl, target, &set);
    sw_message_add(a->m, SW_ANSWER, &set);
    if (a->type == SW_CNAME || a->type == SW_ANY || !follows(a, name, node, target))
        return;
    a->steps++;
    answer_name(a, target);
}

static void answer_alias(struct asking *a, const struct sw_wire_name *name,
                         const struct sw_node *node)
{
    struct sw_wire_name target;
    sw_node_target(a->source->world, name, node, &target);
    add_alias(a, name, node, &target);
}

/** Where a DNAME leads: to a wildcard mostly, so that something is there. */
static void dname_target(const struct asking *a, const struct sw_wire_name *base,
                         const struct sw_node *node, struct sw_wire_name *out)
{
    static const enum sw_kind_of_name kinds[] = {
        SW_KIND_WILDCARD, SW_KIND_WILDCARD, SW_KIND_WILDCARD, SW_KIND_DNAME,
        SW_KIND_NO_NAME,  SW_KIND_WILDCARD, SW_KIND_FAILURE,  SW_KIND_WILDCARD};
    static const enum sw_zone zones[] = {SW_ZONE_ONE, SW_ZONE_TWO, SW_ZONE_SECURE, SW_ZONE_OPEN};
    uint64_t draw = sw_draw(a->source->world, base, 7);
    struct sw_node to = {.zone = draw & 1 ? node->zone : zones[draw >> 1 & 3],
                         .kind = kinds[draw >> 4 & 7],
                         .number = (unsigned)(draw >> 16) % a->source->world->pool};
    sw_node_name(&to, out);
}

/** RFC 6672 2.2: the DNAME, and a CNAME synthesised from the DNAME: drawn to be missing, or to lead
 * elsewhere. */
static void answer_dname(struct asking *a, const struct sw_wire_name *name,
                         const struct sw_node *node)
{
    struct sw_wire_name base = {.size = name->size - node->at}, target, made;
    struct sw_set set;
    memcpy(base.wire, name->wire + node->at, base.size);
    uint64_t draw = sw_draw(a->source->world, &base, 8);
    dname_target(a, &base, node, &target);
    sw_records_name(&base, SW_DNAME, sw_records_ttl(draw >> 8), &target, &set);
    if (node->below == 0 && a->type != SW_DNAME && a->type != SW_ANY) {
        if (!add_host(a, name, name))
            no_data(a, name, node, true);
        return;
    }
    sw_message_add(a->m, SW_ANSWER, &set);
    if (node->below == 0 || draw % 8 == 0)
        return;
    if (node->at + target.size > SW_NAME_MAX) {
        sw_message_rcode(a->m, YXDOMAIN);
        return;
    }
    memcpy(made.wire, name->wire, node->at);
    memcpy(made.wire + node->at, target.wire, target.size);
    made.size = node->at + target.size;
    if (draw % 8 == 1)
        sw_name_below("elsewhere", sw_zone_name(SW_ZONE_ONE), &made);
    bool dnssec = a->m->dnssec;
    a->m->dnssec = false; /* a CNAME synthesised from a DNAME has no signature */
    sw_records_name(name, SW_CNAME, set.ttl, &made, &set);
    sw_message_add(a->m, SW_ANSWER, &set);
    a->m->dnssec = dnssec;
    if (a->type != SW_CNAME && follows(a, name, node, &made)) {
        a->steps++;
        answer_name(a, &made);
    }
}

/** RFC 4592 3.3.1. The next closer name is the label in front of the wildcard's parent. */
static void answer_wildcard(struct asking *a, const struct sw_wire_name *name,
                            const struct sw_node *node)
{
    struct sw_wire_name base = {.size = name->size - node->at}, star, target;
    struct sw_set set;
    size_t closer = 0;
    memcpy(base.wire, name->wire + node->at, base.size);
    sw_name_below("*", &base, &star);
    while (closer + 1U + name->wire[closer] < node->at)
        closer += 1U + name->wire[closer];
    bool itself = star.size == name->size && memcmp(star.wire, name->wire, star.size) == 0;
    uint64_t draw = sw_draw(a->source->world, &star, 9);
    if (draw % 4 == 0) { /* an alias for all */
        struct sw_node chain = {.zone = node->zone, .kind = SW_KIND_CHAIN, .steps = 1};
        sw_node_target(a->source->world, &star, &chain, &target);
        sw_records_name(name, SW_CNAME, sw_records_ttl(draw >> 8), &target, &set);
        sw_message_add_wildcard(a->m, &set, &star);
    } else if (!add_host(a, name, &star)) {
        no_data(a, itself ? name : &star, node, true);
    }
    if (a->m->dnssec && !itself && name->wire[closer + 1] != '*')
        deny(a->m, name, closer);
}

/** The records at the apex of a zone. */
static void answer_apex(const struct asking *a, const struct sw_wire_name *name,
                        const struct sw_node *node)
{
    struct sw_wire_name server;
    struct sw_set set;
    sw_name_below("ns", name, &server);
    if (a->type == SW_SOA || a->type == SW_ANY) {
        sw_records_soa(name, 300, &set);
        sw_message_add(a->m, SW_ANSWER, &set);
    } else if (a->type == SW_NS) {
        sw_records_name(name, SW_NS, 3600, &server, &set);
        sw_message_add(a->m, SW_ANSWER, &set);
    } else if (a->type == SW_DNSKEY && signed_zone(node)) {
        sw_set_begin(&set, name, SW_DNSKEY, 3600);
        sw_set_add(&set, a->source->key->rdata, sizeof(a->source->key->rdata));
        sw_message_add(a->m, SW_ANSWER, &set);
    } else {
        static const uint16_t types[] = {SW_NS, SW_SOA, SW_RRSIG, SW_NSEC, SW_DNSKEY, 0};
        struct sw_wire_name next;
        add_soa(a, name, node);
        if (a->m->dnssec && sw_name_below("!", name, &next))
            sw_message_add_nsec(a->m, name, &next, types);
    }
}

/** Names of servers: ns for the zones themselves, s1 to s8 for delegated zones. */
static bool answer_server(const struct asking *a, const struct sw_wire_name *name,
                          const struct sw_node *node)
{
    const uint8_t *label = name->wire + node->at;
    uint8_t address[4] = {127, 0, 0, 1};
    struct sw_set set;
    bool delegated = label[0] == 2 && label[1] == 's' && label[2] > '0' && label[2] <= '8';
    if (node->below || node->at == node->zone_at || (!delegated && memcmp(label, "\2ns", 3) != 0))
        return false;
    if (delegated) {
        memcpy(address, a->source->prefix, 3);
        address[3] = (uint8_t)(SW_ROLE_OCTET(label[2] - '0'));
    }
    if (a->type != SW_A) {
        add_soa(a, name, node);
        return true;
    }
    sw_set_begin(&set, name, SW_A, 3600);
    sw_set_add(&set, address, 4);
    sw_message_add(a->m, SW_ANSWER, &set);
    return true;
}

/** The roles of a delegated zone's servers: one to three roles. */
static unsigned roles_of(uint64_t draw, enum sw_role out[3])
{
    static const enum sw_role bad[] = {SW_ROLE_REFUSES, SW_ROLE_UPWARD, SW_ROLE_COPIES,
                                       SW_ROLE_FAILS, SW_ROLE_OLD};
    unsigned n = 0;
    if (draw % 100 < 90)
        out[n++] = SW_ROLE_GOOD;
    if (draw % 100 >= 60 && draw % 100 < 70)
        out[n++] = SW_ROLE_ALSO;
    if (draw % 100 >= 70)
        out[n++] = bad[draw / 100 % 5];
    if (draw / 1000 % 300 == 0)
        out[n++] = SW_ROLE_SILENT;
    return n;
}

/** A referral to the zone of a name, RFC 1034 4.3.2 step 3b; glue drawn to be missing. */
static void refer(const struct asking *a, const struct sw_wire_name *name,
                  const struct sw_node *node)
{
    struct sw_wire_name base = {.size = name->size - node->at}, server;
    enum sw_role roles[3];
    struct sw_set servers, glue;
    memcpy(base.wire, name->wire + node->at, base.size);
    uint64_t draw = sw_draw(a->source->world, &base, 10);
    unsigned n = roles_of(draw >> 8, roles);
    bool outside = draw % 5 == 0;
    sw_set_begin(&servers, &base, SW_NS, draw & 64 ? 3600 : 30);
    sw_message_flags(a->m, 0, SW_FLAG_AA);
    for (unsigned i = 0; i < n; i++) {
        char label[3] = {'s', (char)('0' + roles[i]), '\0'};
        sw_name_below(label, sw_zone_name(outside ? SW_ZONE_ONE : SW_ZONE_CUT), &server);
        sw_set_add(&servers, server.wire, server.size);
    }
    sw_message_add(a->m, SW_AUTHORITY, &servers);
    for (unsigned i = 0; i < n && !outside && draw % 5 != 1; i++) {
        uint8_t address[4];
        memcpy(address, a->source->prefix, 3);
        address[3] = (uint8_t)SW_ROLE_OCTET(roles[i]);
        char label[3] = {'s', (char)('0' + roles[i]), '\0'};
        sw_name_below(label, sw_zone_name(SW_ZONE_CUT), &server);
        sw_set_begin(&glue, &server, SW_A, 3600);
        sw_set_add(&glue, address, 4);
        sw_message_add(a->m, SW_ADDITIONAL, &glue);
    }
}

static void answer_host(struct asking *a, const struct sw_wire_name *name,
                        const struct sw_node *node)
{
    if (!add_host(a, name, name))
        no_data(a, name, node, true);
    else
        add_targets(a, name);
}

/** A name that is there; kinds that are only odd on the wire have the data of a host. */
static void answer_kind(struct asking *a, const struct sw_wire_name *name,
                        const struct sw_node *node)
{
    switch (node->kind) {
    case SW_KIND_CHAIN:
    case SW_KIND_LOOP:
        answer_alias(a, name, node);
        break;
    case SW_KIND_DNAME:
        answer_dname(a, name, node);
        break;
    case SW_KIND_NO_DATA:
        no_data(a, name, node, false);
        break;
    case SW_KIND_BROKEN:
        a->m->broken = (enum sw_break)(sw_draw(a->source->world, name, 11) % SW_BREAK_COUNT);
        answer_host(a, name, node);
        a->m->broken = SW_BREAK_NOTHING;
        break;
    default:
        answer_host(a, name, node);
    }
}

static void answer_name(struct asking *a, const struct sw_wire_name *name)
{
    struct sw_node node;
    bool main_server = a->role == SW_ROLE_MAIN;
    sw_node_read(name, &node);
    bool apex = node.at == node.zone_at && node.zone != SW_ZONE_ROOT;
    bool alias = node.kind == SW_KIND_CHAIN || node.kind == SW_KIND_LOOP;
    if (node.zone == SW_ZONE_OPEN && apex &&
        a->type == SW_DS) { /* the parent's: RFC 4035 3.1.4.1 */
        static const uint16_t types[] = {SW_NS, SW_RRSIG, SW_NSEC, 0};
        struct sw_wire_name next;
        struct sw_node parent = {.zone = SW_ZONE_SECURE, .zone_at = 5, .at = 5};
        add_soa(a, name, &parent);
        if (a->m->dnssec && sw_name_below("!", name, &next))
            sw_message_add_nsec(a->m, name, &next, types);
    } else if (node.zone == SW_ZONE_CUT && !apex && main_server && node.kind != SW_KIND_NONE) {
        if (a->type == SW_DS && node.below == 0)
            add_soa(a, name, &node);
        else
            refer(a, name, &node);
    } else if (apex || (node.zone == SW_ZONE_CUT && !main_server && node.below == 0 && !alias &&
                        (a->type == SW_SOA || a->type == SW_NS))) {
        answer_apex(a, name, &node);
    } else if (answer_server(a, name, &node)) {
        return;
    } else if (node.kind == SW_KIND_NONE || node.kind == SW_KIND_NO_NAME) {
        no_name(a, name, &node);
    } else if (node.kind == SW_KIND_WILDCARD) {
        if (node.below)
            answer_wildcard(a, name, &node);
        else
            no_data(a, name, &node, false);
    } else if (node.below && node.kind != SW_KIND_DNAME) {
        no_name(a, name, &node);
    } else {
        answer_kind(a, name, &node);
    }
}

/** Whether the server's role leaves nothing to answer; *silent: nothing at all. */
static bool answer_role(const struct asking *a, bool *silent)
{
    struct sw_wire_name server;
    struct sw_set set;
    struct sw_message *m = a->m;
    *silent = a->role == SW_ROLE_SILENT;
    switch (a->role) {
    case SW_ROLE_REFUSES:
        sw_message_rcode(m, SW_RCODE_REFUSED);
        return true;
    case SW_ROLE_FAILS:
        sw_message_rcode(m, SW_RCODE_SERVFAIL);
        return true;
    case SW_ROLE_OLD:
        if (a->opt)
            sw_message_rcode(m, SW_RCODE_FORMERR);
        return a->opt;
    case SW_ROLE_UPWARD:
        sw_message_flags(m, 0, SW_FLAG_AA);
        sw_name_below("ns", sw_zone_name(SW_ZONE_ONE), &server);
        sw_records_name(sw_zone_name(SW_ZONE_ROOT), SW_NS, 3600, &server, &set);
        sw_message_add(m, SW_AUTHORITY, &set);
        return true;
    case SW_ROLE_COPIES:
        sw_message_flags(m, SW_FLAG_RA, SW_FLAG_AA);
        return false;
    default:
        return *silent;
    }
}

/** Header, a question, and perhaps an OPT record: false for any other message. */
static bool read_query(const uint8_t *query, size_t size, struct asking *a, size_t *end,
                       size_t *limit, bool *dnssec)
{
    struct sw_wire_name name;
    if (size < HEADER + 5 || sw_get16(query + 4) != 1 ||
        !sw_name_read(query + HEADER, size - HEADER, &name) || HEADER + name.size + 4 > size)
        return false;
    *end = HEADER + name.size + 4;
    a->type = (uint16_t)sw_get16(query + HEADER + name.size);
    const uint8_t *opt = query + *end;
    a->opt = size >= *end + 11 && opt[0] == 0 && sw_get16(opt + 1) == SW_OPT;
    *limit = a->opt && sw_get16(opt + 3) > 512 ? sw_get16(opt + 3) : 512;
    *dnssec = a->opt && opt[7] & 0x80; /* DO: RFC 3225 3 */
    return true;
}

size_t sw_data_answer(const struct sw_source *source, enum sw_role role, const uint8_t *query,
                      size_t size, bool tcp, uint8_t *out)
{
    static struct sw_message m;
    struct asking a = {.source = source, .role = role, .m = &m, .tcp = tcp};
    struct sw_node node;
    size_t end, limit;
    bool dnssec, silent;
    if (!read_query(query, size, &a, &end, &limit, &dnssec))
        return 0;
    sw_message_begin(&m, query, end, tcp ? SW_MESSAGE_MAX : limit);
    m.key = source->key;
    sw_node_read(&m.question, &node);
    m.dnssec = dnssec && (signed_zone(&node) || (a.type == SW_DS && node.zone == SW_ZONE_OPEN));
    struct sw_odd odd = {.world = source->world,
                         .node = &node,
                         .type = a.type,
                         .tcp = tcp,
                         .opt = a.opt,
                         .draw = sw_draw(source->world, &m.question, 12),
                         .delegated = node.zone == SW_ZONE_CUT && role == SW_ROLE_MAIN};
    bool done = answer_role(&a, &silent);
    if (silent || sw_odd_is_silent(&odd))
        return 0;
    if (!done && !sw_odd_instead(&odd, &m)) {
        answer_name(&a, &m.question);
        sw_odd_records(&odd, &m);
    }
    sw_message_end(&m);
    sw_odd_opt(&odd, &m, dnssec);
    return sw_odd_finish(&odd, &m, out);
}
