#include "flow/draft.h"

#include "journal/record.h"

#include <string.h>

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

static void put_hits(struct sw_event *ev, const struct sw_hits *hits)
{
    uint32_t more = hits->more;
    for (size_t i = 0; i < hits->n; i++)
        more += !put_hit(ev, hits, hits->rule[i]);
    if (more)
        sw_event_put(ev, SW_TAG_MORE, &more, sizeof(more));
}

void sw_draft_begin(struct sw_event *ev, enum sw_event_type type, int64_t time_us,
                    const struct sw_question *question, const struct sw_hits *hits)
{
    struct sw_name name;
    sw_event_init(ev, type, time_us);
    ev->qtype = question->qtype;
    ev->qclass = question->qclass;
    ev->ede = SW_EDE_OFF;
    if (sw_name_copy(question->qname, question->qname_len, &name) == SW_OK)
        sw_event_put(ev, SW_TAG_QNAME, name.wire, name.len);
    if (hits)
        put_hits(ev, hits);
}

void sw_draft_alias(struct sw_event *ev, const uint8_t *name, size_t len)
{
    struct sw_name folded;
    if (sw_name_copy(name, len, &folded) == SW_OK)
        sw_event_put(ev, SW_TAG_ALIAS, folded.wire, folded.len);
}

bool sw_draft_addr(struct sw_event *ev, const struct sw_addr *addr)
{
    return sw_event_put(ev, SW_TAG_ADDRESS, addr->octets, addr->family == 4 ? 4 : 16);
}

/* ---- the rest of the addresses ---- */

static bool names_it(const struct sw_found *found)
{
    return found->trigger == SW_TRIGGER_QNAME || found->trigger == SW_TRIGGER_CNAME;
}

/* A rule, unless less than SW_REST_LEAST octets remain for addresses. */
static void put_hit_with_room(struct sw_event *ev, const struct sw_hits *hits,
                              const struct sw_found *found)
{
    uint32_t before = ev->body_len;
    if (!put_hit(ev, hits, found) || ev->body_len > SW_EVENT_BODY_MAX - SW_REST_LEAST)
        ev->body_len = before;
    ev->flags &= (uint8_t)~SW_EVENT_TRUNCATED;
}

/* The rules that ownership asks for (journal/history/sight.c): the winner, and the first of each
 * kind. All rules of an answer could take the whole body. */
static void put_few_hits(struct sw_event *ev, const struct sw_hits *hits)
{
    bool ioc = false, watch = false;
    for (size_t i = 0; i < hits->n; i++) {
        const struct sw_found *found = hits->rule[i];
        bool is_ioc = found->hit.list->kind == SW_KIND_IOC && names_it(found);
        bool is_watch = found->hit.list->kind == SW_KIND_WATCH;
        if (found == hits->winner || (is_ioc && !ioc) || (is_watch && !watch))
            put_hit_with_room(ev, hits, found);
        ioc |= is_ioc;
        watch |= is_watch;
    }
}

void sw_rest_init(struct sw_rest *rest, void (*put)(void *arg, struct sw_event *rest), void *arg)
{
    rest->put = put;
    rest->arg = arg;
    rest->begun = false;
}

void sw_rest_begin(struct sw_rest *rest, const struct sw_event *of, const struct sw_hits *hits)
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
