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

/* The indicators of the list and of its parts, which follow its policy, but no exceptions. */
static int collect(struct cli *cli, const char *name, struct cli_preview *preview)
{
    json_t *parts = cli_parts(cli, name), *one;
    const char *part;
    int code =
        parts ? cli_scan(cli, cli_key(cli, "list:%s", name), add_fields, preview) : CLI_REDIS;
    json_object_foreach(parts, part, one)
    {
        if (code == CLI_OK && strcmp(cli_json_text(one, "kind"), "allow") != 0)
            code = cli_scan(cli, cli_key(cli, "list:%s", part), add_fields, preview);
    }
    json_decref(parts);
    return code;
}

int cli_list_look(struct cli *cli, const struct sw_policy *policy, const struct cli_list_look *look,
                  json_t **touched)
{
    struct cli_preview preview;
    *touched = NULL;
    if (!look->preview && (look->most == UINT64_MAX || !acts(policy)))
        return CLI_OK;
    int code = cli_preview_begin(&preview, cli, look->days);
    if (code == CLI_OK)
        code = collect(cli, policy->name, &preview);
    if (code == CLI_OK)
        code = cli_preview_judge(&preview, cli, acts(policy) ? look->most : UINT64_MAX);
    if (code == CLI_OK && look->preview && cli->json)
        *touched = cli_preview_json(&preview, cli);
    if (code == CLI_OK && look->preview && !cli->json) {
        printf("%s: nothing written%s\n", policy->name,
               acts(policy) ? "" : "; this policy changes no answer");
        cli_preview_print(&preview, cli);
    }
    cli_preview_free(&preview);
    return code;
}
