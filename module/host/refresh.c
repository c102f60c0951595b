#include "host/refresh.h"

/* Give a mesh state a key that no other state has. The state must be in no set of references,
 * since these are sorted by key. */
static void make_unique(struct mesh_area *mesh, struct mesh_state *state)
{
    bool runs = rbtree_delete(&mesh->run, state);
    rbtree_delete(&mesh->all, state);
    mesh_state_make_unique(state);
    rbtree_insert(&mesh->all, &state->node);
    if (runs)
        rbtree_insert(&mesh->run, &state->run_node);
}

static bool has_references(const struct mesh_state *state)
{
    return state->super_set.count > 0 || state->sub_set.count > 0;
}

static bool is_full(const struct mesh_area *mesh)
{
    return mesh->num_reply_states >= mesh->max_reply_states ||
           mesh->num_detached_states >= mesh->max_reply_states;
}

void sw_refresh_begin(struct module_qstate *qstate, time_t leeway)
{
    struct mesh_area *mesh = qstate->env->mesh;
    struct module_qstate *made = NULL;
    struct mesh_state *state = NULL;
    struct query_info question = qstate->qinfo;
    question.local_alias = NULL;
    if (is_full(mesh) || has_references(qstate->mesh_info))
        return;
    if (!qstate->mesh_info->unique) /* a state with the same key would be found */
        make_unique(mesh, qstate->mesh_info);
    if (!sw_ub_add_sub(qstate, &question, BIT_RD | (qstate->query_flags & BIT_CD), &made, &state) ||
        !made)
        return; /* memory is out, or a query of the resolver resolves the question anyway */
    make_unique(mesh, state);
    made->prefetch_leeway = leeway;
    sock_list_insert(&made->blacklist, NULL, 0, made->region); /* makes Unbound ignore its cache */
}
