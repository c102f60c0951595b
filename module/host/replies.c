#include "host/replies.h"

#include "flow/ub.h"

/* Take a reply off the list if the client uses UDP. Returns whether the reply was taken off. */
static bool withdraw(struct mesh_area *mesh, struct mesh_reply **link)
{
    struct mesh_reply *reply = *link;
    if (reply->query_reply.c->type != comm_udp)
        return false;
    *link = reply->next;
    mesh->num_reply_addrs--;
    infra_wait_limit_dec(mesh->env->infra_cache, &reply->query_reply, mesh->env->cfg);
    return true;
}

/* Update Unbound's counters when the last waiting client of a query is gone. */
static void count_down(struct mesh_area *mesh, const struct mesh_state *state)
{
    if (state->reply_list || state->cb_list)
        return;
    mesh->num_reply_states--;
    if (state->super_set.count == 0)
        mesh->num_detached_states++;
}

void sw_replies_withdraw(struct module_qstate *qstate, sw_withdraw_fn *withdraws, void *arg)
{
    struct mesh_area *mesh = qstate->env->mesh;
    struct mesh_reply **link = &qstate->mesh_info->reply_list;
    bool any = false;
    while (*link) {
        struct sw_client client;
        sw_query_client(&(*link)->query_reply, (*link)->qflags, &(*link)->edns, &client);
        if (withdraws(arg, *link, &client) && withdraw(mesh, link))
            any = true;
        else
            link = &(*link)->next;
    }
    if (any)
        count_down(mesh, qstate->mesh_info);
}
