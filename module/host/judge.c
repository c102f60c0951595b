#include "host/judge.h"

#include "flow/decide.h"

#include <arpa/inet.h>

static void match_alias(void *arg, const uint8_t *name, size_t len)
{
    sw_match_name(arg, SW_TRIGGER_CNAME, name, len);
}

static void match_addr(void *arg, const struct sw_addr *addr)
{
    sw_match_addr(arg, addr);
}

/* Match an answer and its name servers; after sw_match_begin(). */
static void match_reply(struct module_env *env, const struct query_info *qinfo,
                        const struct reply_info *reply, struct sw_judgement *j)
{
    const struct sw_walk walk = {&j->matching, match_alias, match_addr};
    sw_query_walk(reply, &walk);
    if (env && j->matching.view.any_server && !sw_query_is_referral(reply))
        sw_servers_match(env, *env->now, qinfo, reply, &j->servers, &j->matching);
}

/* The same where there may be no answer. */
static inline void match_answer(struct module_env *env, const struct query_info *qinfo,
                                const struct reply_info *reply, struct sw_judgement *j)
{
    j->servers.n = 0;
    if (reply)
        match_reply(env, qinfo, reply, j);
}

void sw_judge_name(const struct query_info *qinfo, struct sw_judgement *j)
{
    struct sw_question question;
    sw_query_question(qinfo, &question);
    sw_match_question(&j->matching, &question);
}

void sw_judge(const struct sw_module *module, struct module_env *env,
              const struct query_info *qinfo, const struct reply_info *reply,
              struct sw_judgement *j)
{
    sw_match_begin(&j->matching, &module->flow, &j->match);
    sw_judge_name(qinfo, j);
    match_answer(env, qinfo, reply, j);
}

const struct sw_audience *sw_judge_client(const struct sw_module *module, struct module_env *env,
                                          const struct sw_client *client,
                                          const struct query_info *qinfo,
                                          const struct reply_info *reply, struct sw_judgement *j)
{
    sw_match_begin(&j->matching, &module->flow, &j->match);
    sw_match_client(&j->matching, &client->addr, qinfo->qname);
    if (j->match.rules == 0)
        return NULL;
    unsigned group = sw_groups_of(&module->settings.groups, &client->addr);
    if (sw_match_audience(&j->match, group)->rules == 0)
        return NULL;
    sw_judge_name(qinfo, j);
    match_answer(env, qinfo, reply, j);
    return sw_match_audience(&j->match, group);
}

void sw_judge_answer(const struct sw_module *module, struct module_env *env,
                     const struct query_info *qinfo, const struct reply_info *reply,
                     struct sw_judgement *j)
{
    sw_match_begin(&j->matching, &module->flow, &j->match);
    match_answer(env, qinfo, reply, j);
}

void sw_judge_rrset(const struct ub_packed_rrset_key *rrset, struct sw_judgement *j)
{
    const struct sw_walk walk = {&j->matching, match_alias, match_addr};
    sw_query_walk_rrset(ntohs(rrset->rk.type), rrset->entry.data, &walk);
}

bool sw_judged_private(const struct sw_judgement *j)
{
    return sw_decide_private(&j->match);
}

bool sw_judged_private_anywhere(const struct sw_module *module, struct module_env *env,
                                const struct query_info *asked, const struct query_info *query,
                                const struct reply_info *reply, const struct sw_judgement *j)
{
    struct sw_judgement other;
    if (sw_judged_private(j))
        return true;
    if (!j->match.armed) /* no rule can change the response, wherever it is used */
        return false;
    sw_match_begin(&other.matching, &module->flow, &other.match);
    sw_match_name(&other.matching, SW_TRIGGER_CNAME, asked->qname, asked->qname_len);
    match_answer(env, asked, reply, &other);
    if (sw_judged_private(&other))
        return true;
    sw_judge(module, env, query, reply, &other);
    return sw_judged_private(&other);
}

bool sw_judge_target(const struct packed_rrset_data *data, struct sw_name *name,
                     struct sw_judgement *j)
{
    if (data->count == 0 || data->rr_len[0] <= 2) /* the rdata is behind RDLENGTH */
        return false;
    const uint8_t *target = data->rr_data[0] + 2;
    size_t len = sw_name_size(target, data->rr_len[0] - 2);
    if (len == 0 || sw_name_copy(target, len, name) != SW_OK)
        return false;
    sw_match_name(&j->matching, SW_TRIGGER_CNAME, name->wire, name->len);
    return true;
}
