#include "host/explain.h"

#include "flow/act.h"
#include "flow/query.h"
#include "flow/structured.h"
#include "flow/ub.h"

#include <string.h>

#define HEADER_SIZE   12U  /* RFC 1035 4.1.1 */
#define QUESTION_SIZE 4U   /* type and class */
#define RECORD_SIZE   8U   /* type, class, TTL; RDLENGTH and rdata are added */
#define OPT_SIZE      11U  /* RFC 6891 6.1.2 */
#define OPTION_SIZE   4U   /* code and length; an EDE option has a code of 2 more */
#define UDP_MIN       512U /* RFC 6891 6.2.3 */

size_t sw_explain_room(const struct module_qstate *qstate)
{
    size_t least = UINT16_MAX;
    for (const struct mesh_reply *r = qstate->mesh_info->reply_list; r; r = r->next)
        if (r->query_reply.c && r->query_reply.c->type == comm_udp && r->edns.udp_size < least)
            least = r->edns.udp_size;
    return least < UDP_MIN ? UDP_MIN : least;
}

/* Upper bound for the octets of the reply: names are compressed against the question alone. */
static size_t size_of(const struct module_qstate *qstate, const struct reply_info *reply)
{
    size_t size = HEADER_SIZE + qstate->qinfo.qname_len + QUESTION_SIZE;
    for (size_t i = 0; i < reply->rrset_count; i++) {
        const struct packed_rrset_data *data = reply->rrsets[i]->entry.data;
        for (size_t k = 0; k < data->count + data->rrsig_count; k++)
            size += reply->rrsets[i]->rk.dname_len + RECORD_SIZE + data->rr_len[k];
    }
    return size;
}

static size_t options_size(const struct edns_option *list)
{
    size_t size = 0;
    for (; list; list = list->next)
        size += OPTION_SIZE + list->opt_len;
    return size;
}

/* Octets that remain for the text. */
static size_t left_for_text(const struct module_qstate *qstate, const struct reply_info *reply,
                            const struct edns_data *edns, const struct edns_option *options,
                            size_t room)
{
    size_t used = size_of(qstate, reply) + OPT_SIZE + options_size(edns->opt_list_out) +
                  options_size(options) + OPTION_SIZE + 2;
    return used < room ? room - used : 0;
}

void sw_explain(const struct sw_settings *settings, struct module_qstate *qstate,
                const struct reply_info *reply, struct edns_data *edns,
                const struct sw_client *client, size_t room, struct sw_verdict *verdict,
                struct edns_option **options)
{
    if (sw_verdict_rewrites(verdict))
        edns_opt_list_remove(&edns->opt_list_out, LDNS_EDNS_EDE);
    char text[SW_STRUCTURED_MAX];
    size_t len, left, list_len;
    if (!edns->edns_present) { /* RFC 6891 6.1.1: no OPT record for a client that sent none */
        verdict->ede = SW_EDE_OFF;
        return;
    }
    list_len = strnlen(verdict->list, sizeof(verdict->list));
    if (verdict->ede == SW_EDE_OFF || !settings->structured_errors ||
        !sw_query_wants_structured(edns, settings->structured_option)) {
        sw_act_ede(options, qstate->region, verdict->ede, verdict->list, list_len);
        return;
    }
    verdict->ede = sw_structured_code(verdict->ede);
    left = client->tcp ? sizeof(text)
                       : left_for_text(qstate, reply, edns, *options, room ? room : UDP_MIN);
    len = sw_structured_text(settings, verdict, verdict->ede, left, text);
    if (len > 0)
        sw_act_ede(options, qstate->region, verdict->ede, text, len);
    else
        sw_act_ede(options, qstate->region, verdict->ede, verdict->list,
                   left < list_len ? 0 : list_len);
}

void sw_explain_stale(struct module_qstate *qstate, const struct edns_data *edns,
                      struct edns_option **options)
{
    const struct config_file *cfg = qstate->env->cfg;
    qstate->env->mesh->ans_expired++;
    if (edns->edns_present && cfg->ede && cfg->ede_serve_expired)
        sw_act_ede(options, qstate->region, LDNS_EDE_STALE_ANSWER, "", 0);
}
