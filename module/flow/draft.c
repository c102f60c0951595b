#include "flow/draft.h"

#include "journal/record.h"

#include <string.h>

/* Octets of the longest alias, with room for the number of further rules. */
#define ALIAS_ROOM (SW_NAME_MAX + 16U)

static bool put_hit(struct sw_event *ev, const struct sw_hits *hits, const struct sw_found *found)
{
    char text[SW_INDICATORTEXT_MAX];
    const struct sw_event_hit hit = {
        .winner = found == hits->winner,
        .trigger = (uint8_t)found->trigger,
        .kind = (uint8_t)found->hit.list->kind,
        .action = (uint8_t)found->hit.list->action,
        .list = found->hit.list->name,
        .indicator = sw_hit_text(&found->hit, found->name, &found->addr, text),
    };
    return sw_event_put_hit(ev, &hit);
}

/* Whether a rule is the winner, or the first that meets a need of ownership. */
static bool is_needed(const struct sw_hits *hits, size_t i)
{
    unsigned needs = sw_found_needs(hits->rule[i]);
    for (size_t j = 0; j < i && needs; j++)
        needs &= ~sw_found_needs(hits->rule[j]);
    return needs || hits->rule[i] == hits->winner;
}

/* The alias that a watch list with declared owners covers, the first in the chain. Aliases can be
 * longer than an event, and further events have none. */
static void put_watched(struct sw_event *ev, const struct sw_hits *hits)
{
    const struct sw_found *first = NULL;
    struct sw_name name;
    for (size_t i = 0; i < hits->n; i++)
        if (sw_found_declares(hits->rule[i]) && (!first || hits->rule[i]->stage < first->stage))
            first = hits->rule[i];
    if (first && sw_name_copy(first->name, sw_name_size(first->name, SW_NAME_MAX), &name) == SW_OK)
        sw_event_put(ev, SW_TAG_WATCHED, name.wire, name.len);
}

/* A rule, unless less than `least` octets remain. */
static bool put_hit_with_room(struct sw_event *ev, const struct sw_hits *hits, size_t i,
                              uint32_t least)
{
    uint32_t before = ev->body_len;
    if (put_hit(ev, hits, hits->rule[i]) && ev->body_len <= SW_EVENT_BODY_MAX - least)
        return true;
    ev->body_len = before;
    return false;
}

/* All rules in order. Where these leave no room for an alias: the rules that ownership asks for,
 * then the others that have room. */
static void put_hits(struct sw_event *ev, const struct sw_hits *hits)
{
    uint32_t more = hits->more, before = ev->body_len;
    size_t n = 0;
    while (n < hits->n && put_hit_with_room(ev, hits, n, 2 * ALIAS_ROOM))
        n++;
    bool whole = n == hits->n;
    ev->body_len = whole ? ev->body_len : before;
    for (size_t i = 0; i < hits->n && !whole; i++)
        if (is_needed(hits, i))
            more += !put_hit_with_room(ev, hits, i, ALIAS_ROOM);
    put_watched(ev, hits);
    for (size_t i = 0; i < hits->n && !whole; i++)
        if (!is_needed(hits, i))
            more += !put_hit_with_room(ev, hits, i, ALIAS_ROOM);
    ev->flags |= more > hits->more ? SW_EVENT_TRUNCATED : 0;
    if (more)
        sw_event_put(ev, SW_TAG_MORE, &more, sizeof(more));
}

void sw_draft_begin(struct sw_event *ev, enum sw_event_type type, int64_t time_us,
                    const struct sw_question *question, const struct sw_hits *hits)
{
    sw_event_init(ev, type, time_us);
    ev->qtype = question->qtype;
    ev->qclass = question->qclass;
    ev->ede = SW_EDE_OFF;
    sw_event_put_name(ev, SW_TAG_QNAME, question->qname, question->qname_len);
    if (hits)
        put_hits(ev, hits);
}

/* Remove the last alias of an event. */
static void drop_alias(struct sw_event *ev)
{
    size_t cursor = 0, at = 0, len;
    enum sw_event_tag tag;
    const uint8_t *value;
    uint32_t last = ev->body_len;
    for (; sw_event_next(ev, &cursor, &tag, &value, &len); at = cursor)
        if (tag == SW_TAG_ALIAS)
            last = (uint32_t)at;
    ev->body_len = last;
    ev->flags |= SW_EVENT_TRUNCATED;
}

void sw_draft_alias(struct sw_event *ev, const uint8_t *name, size_t len)
{
    if (sw_name_size(name, len) == 0)
        return;
    if (SW_EVENT_BODY_MAX - ev->body_len < ALIAS_ROOM)
        drop_alias(ev);
    sw_event_put_name(ev, SW_TAG_ALIAS, name, len);
}

bool sw_draft_addr(struct sw_event *ev, const struct sw_addr *addr)
{
    return sw_event_put(ev, SW_TAG_ADDRESS, addr->octets, addr->family == 4 ? 4 : 16);
}

/* ---- the rest of the addresses ---- */

/* The rules that ownership asks for. All rules of an answer could take the whole body. */
static void put_few_hits(struct sw_event *ev, const struct sw_hits *hits)
{
    for (size_t i = 0; i < hits->n; i++)
        if (is_needed(hits, i))
            put_hit_with_room(ev, hits, i, SW_REST_LEAST);
    put_watched(ev, hits);
    ev->flags &= (uint8_t)~SW_EVENT_TRUNCATED;
}

void sw_rest_init(struct sw_rest *rest, void (*put)(void *arg, struct sw_event *rest), void *arg)
{
    rest->put = put;
    rest->arg = arg;
    rest->begun = false;
}

void sw_rest_begin(struct sw_rest *rest, struct sw_event *of, const struct sw_hits *hits)
{
    rest->of = of;
    rest->hits = hits;
    rest->begun = false;
}

void sw_rest_end(struct sw_rest *rest)
{
    if (rest->begun)
        rest->put(rest->arg, &rest->event);
    rest->begun = false;
}

struct sw_event *sw_rest_next(struct sw_rest *rest)
{
    struct sw_event *ev = &rest->event;
    const struct sw_event *of = rest->of;
    struct sw_name qname;
    sw_rest_end(rest);
    rest->begun = true;
    sw_event_init(ev, SW_EVENT_REST, of->time_us);
    ev->qtype = of->qtype;
    ev->qclass = of->qclass;
    ev->rcode = of->rcode;
    ev->security = of->security;
    ev->flags = of->flags & (SW_EVENT_RESOLVED | SW_EVENT_EXPIRED);
    if (sw_event_qname(of, &qname))
        sw_event_put(ev, SW_TAG_QNAME, qname.wire, qname.len);
    if (rest->hits)
        put_few_hits(ev, rest->hits);
    return ev;
}

void sw_rest_addr(struct sw_rest *rest, const struct sw_addr *addr)
{
    if (!rest->begun)
        sw_rest_next(rest);
    if (!sw_draft_addr(&rest->event, addr)) {
        rest->event.flags &= (uint8_t)~SW_EVENT_TRUNCATED;
        sw_draft_addr(sw_rest_next(rest), addr);
    }
}

/* ---- name servers ---- */

void sw_serving_begin(struct sw_serving *serving, struct sw_event *ev, struct sw_rest *rest,
                      const struct sw_name *zone)
{
    *serving = (struct sw_serving){.ev = ev, .rest = rest, .zone = zone};
    uint8_t flags = ev->flags;
    serving->has_zone = sw_event_put(ev, SW_TAG_ZONE, zone->wire, zone->len);
    ev->flags = flags;
}

/* Put a value into the present event. False: no room. The event is not marked as truncated then,
 * since a further event takes the value. */
static bool put_of_zone(struct sw_serving *serving, enum sw_event_tag tag, const void *value,
                        size_t len)
{
    uint8_t flags = serving->ev->flags;
    bool fits = serving->has_zone && sw_event_put(serving->ev, tag, value, len);
    serving->ev->flags = flags;
    return fits;
}

/* The answer has had as many values as it may: left values are not judged. Addresses of the name
 * servers behind would cost two look-ups each, and are not among these. */
static bool end_at_limit(struct sw_serving *serving, size_t left)
{
    struct sw_event *of = serving->rest->of;
    of->flags |= SW_EVENT_TRUNCATED;
    of->unjudged = left < UINT32_MAX ? (uint32_t)left : UINT32_MAX;
    return false;
}

bool sw_serving_server(struct sw_serving *serving, const struct sw_name *server, size_t behind)
{
    size_t max = serving->in_rest ? SW_SERVERS_MAX : SW_SERVERS_SHOWN;
    if (serving->all_servers == SW_SERVING_SERVERS)
        return end_at_limit(serving, 1 + behind);
    serving->all_servers++;
    serving->behind = behind;
    serving->server = server;
    serving->has_server = false;
    if (serving->in_rest || serving->servers == max)
        return true; /* only with an address */
    serving->has_server = put_of_zone(serving, SW_TAG_SERVER, server->wire, server->len);
    serving->servers += serving->has_server;
    return true;
}

/* The present event takes an address of the present server. */
static bool put_served(struct sw_serving *serving, const uint8_t *octets, size_t size)
{
    uint32_t before = serving->ev->body_len;
    size_t max = serving->in_rest ? SW_SERVERS_MAX : SW_SERVERS_SHOWN;
    bool is_first = !serving->has_server;
    if (serving->served == SW_SERVED_MAX || (is_first && serving->servers == max))
        return false;
    if (is_first &&
        !put_of_zone(serving, SW_TAG_SERVER, serving->server->wire, serving->server->len))
        return false;
    if (!put_of_zone(serving, SW_TAG_SERVED_AT, octets, size)) {
        serving->ev->body_len = before;
        return false;
    }
    serving->has_server = true;
    serving->servers += is_first;
    serving->served++;
    return true;
}

bool sw_serving_addr(struct sw_serving *serving, const uint8_t *octets, size_t size, size_t behind)
{
    if (serving->all_served == SW_SERVING_ADDRS)
        return end_at_limit(serving, 1 + behind + serving->behind);
    serving->all_served++;
    if (put_served(serving, octets, size))
        return true;
    serving->ev = sw_rest_next(serving->rest);
    serving->in_rest = true;
    serving->has_server = false;
    serving->servers = serving->served = 0;
    serving->has_zone =
        sw_event_put(serving->ev, SW_TAG_ZONE, serving->zone->wire, serving->zone->len);
    put_served(serving, octets, size);
    return true;
}

void sw_draft_until(struct sw_event *ev, int64_t until)
{
    sw_event_put(ev, SW_TAG_UNTIL, &until, sizeof(until));
}

bool sw_draft_put(struct sw_ring *ring, struct sw_event *ev, int64_t time_us,
                  const struct sw_client *client, const struct sw_verdict *verdict)
{
    uint8_t flags = ev->flags & (SW_EVENT_TRUNCATED | SW_EVENT_RESOLVED | SW_EVENT_EXPIRED);
    if (client) {
        flags |= SW_EVENT_CLIENT;
        flags |= client->tcp ? SW_EVENT_TCP : 0;
        flags |= client->cd ? SW_EVENT_CD : 0;
        flags |= client->dnssec_ok ? SW_EVENT_DO : 0;
        ev->client_family = client->addr.family;
        ev->client_port = client->port;
        memcpy(ev->client, client->addr.octets, sizeof(ev->client));
    }
    if (verdict) {
        flags |= verdict->shadow ? SW_EVENT_SHADOW : 0;
        ev->action_wanted = (uint8_t)verdict->wanted;
        ev->action_taken = (uint8_t)verdict->taken;
        ev->ede = verdict->ede;
    }
    ev->flags = flags;
    ev->time_us = time_us;
    return ring && sw_ring_put(ring, ev, sw_event_size(ev));
}
