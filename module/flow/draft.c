#include "flow/draft.h"

#include <string.h>

static void put_hits(struct sw_event *ev, const struct sw_hits *hits)
{
    char text[SW_INDICATORTEXT_MAX];
    uint32_t more = hits->more;
    for (size_t i = 0; i < hits->n; i++) {
        const struct sw_found *found = hits->rule[i];
        struct sw_event_hit hit = {
            .winner = found == hits->winner,
            .trigger = (uint8_t)found->trigger,
            .kind = (uint8_t)found->hit.list->kind,
            .action = (uint8_t)found->hit.list->action,
            .list = found->hit.list->name,
            .indicator = sw_hit_text(&found->hit, found->name, &found->addr, text),
        };
        more += !sw_event_put_hit(ev, &hit);
    }
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

void sw_draft_addr(struct sw_event *ev, const struct sw_addr *addr)
{
    sw_event_put(ev, SW_TAG_ADDRESS, addr->octets, addr->family == 4 ? 4 : 16);
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
