/* list_look.c - what a policy would touch: the indicators of a list, by the memory. See
 * list_look.h. */
#include "cli/lists/list_look.h"

#include "cli/lists/listparts.h"
#include "cli/output.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool acts(const struct sw_policy *policy)
{
    return policy->kind == SW_KIND_IOC && !policy->shadow && policy->action != SW_ACTION_MONITOR &&
           policy->action != SW_ACTION_PASSTHRU;
}

/* cli_fields_fn */
static int add_fields(void *arg, const redisReply *fields)
{
    for (size_t i = 0; i + 1 < fields->elements; i += 2)
        cli_preview_add_text(arg, fields->element[i]->str, fields->element[i]->len);
    return CLI_OK;
}

/* Whether a part acts: parts follow the policy of the list, but have their own action. */
static bool part_acts(const struct sw_policy *policy, const json_t *members)
{
    const char *action = cli_json_text(members, "action");
    return policy->kind == SW_KIND_IOC && !policy->shadow &&
           strcmp(cli_json_text(members, "kind"), "allow") != 0 && strcmp(action, "monitor") != 0 &&
           strcmp(action, "passthru") != 0 && (action[0] || acts(policy));
}

static bool any_acts(const struct sw_policy *policy, const json_t *parts)
{
    const char *part;
    json_t *members;
    bool any = acts(policy);
    json_object_foreach((json_t *)(uintptr_t)parts, part, members)
    {
        any = any || part_acts(policy, members);
    }
    return any;
}

/* The indicators of the list and of its parts: those that act, or all but exceptions where none
 * acts. */
static int collect(struct cli *cli, const struct sw_policy *policy, const json_t *parts,
                   struct cli_preview *preview)
{
    bool any = any_acts(policy, parts);
    json_t *members;
    const char *part;
    int code = CLI_OK;
    if (acts(policy) || !any)
        code = cli_scan(cli, cli_key(cli, "list:%s", policy->name), add_fields, preview);
    json_object_foreach((json_t *)(uintptr_t)parts, part, members)
    {
        bool exempts = strcmp(cli_json_text(members, "kind"), "allow") == 0;
        if (code == CLI_OK && (any ? part_acts(policy, members) : !exempts))
            code = cli_scan(cli, cli_key(cli, "list:%s", part), add_fields, preview);
    }
    return code;
}

int cli_list_look(struct cli *cli, const struct sw_policy *policy, const struct cli_list_look *look,
                  json_t **touched)
{
    struct cli_preview preview;
    *touched = NULL;
    if (!look->preview && look->most == UINT64_MAX)
        return CLI_OK;
    json_t *parts = cli_parts(cli, policy->name);
    int code = parts ? CLI_OK : CLI_REDIS;
    bool act = any_acts(policy, parts);
    if (!parts || (!look->preview && !act)) {
        json_decref(parts);
        return code;
    }
    code = cli_preview_begin(&preview, cli, look->days);
    if (code == CLI_OK)
        code = collect(cli, policy, parts, &preview);
    json_decref(parts);
    if (code == CLI_OK)
        code = cli_preview_judge(&preview, cli, act ? look->most : UINT64_MAX);
    if (code == CLI_OK && look->preview && cli->json)
        *touched = cli_preview_json(&preview, cli);
    if (code == CLI_OK && look->preview && !cli->json) {
        printf("%s: nothing written%s\n", policy->name,
               act ? "" : "; this policy changes no answer");
        cli_preview_print(&preview, cli);
    }
    cli_preview_free(&preview);
    return code;
}
