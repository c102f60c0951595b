/* harm.c - see harm.h. */
#include "cli/lists/harm.h"

#include <libpsl.h>
#include <stdio.h>

static const psl_ctx_t *suffixes(void)
{
    static psl_ctx_t *list; /* for the life of the process */
    if (!list)
        list = psl_latest(NULL);
    return list;
}

bool cli_harmful(const struct sw_indicator *indicator, char why[SW_WHY_MAX])
{
    char text[SW_NAMETEXT_MAX];
    if (indicator->type != SW_INDICATOR_DOMAIN)
        return false;
    sw_name_text(indicator->name.wire, text);
    if (sw_name_labels(indicator->name.wire) == 1) {
        snprintf(why, SW_WHY_MAX, "a top-level domain: very many names of others are below it");
        return true;
    }
    if (indicator->form == SW_FORM_EXACT || !suffixes() ||
        !psl_is_public_suffix2(suffixes(), text, PSL_TYPE_ANY | PSL_TYPE_NO_STAR_RULE))
        return false;
    snprintf(why, SW_WHY_MAX, "a public suffix: anyone may have names below it");
    return true;
}
