/* harm.c - see harm.h. */
#include "cli/lists/harm.h"

#include "cli/output.h"

#include <libpsl.h>
#include <stdio.h>
#include <string.h>

static const psl_ctx_t *suffixes(void)
{
    static psl_ctx_t *list; /* for the life of the process */
    if (!list)
        list = psl_latest(NULL);
    return list;
}

static bool is_suffix(const char *text, int type)
{
    return psl_is_public_suffix2(suffixes(), text, type | PSL_TYPE_NO_STAR_RULE);
}

/* Whether a name is a suffix by a wildcard rule of the list's private part, as any name directly
 * below compute-1.amazonaws.com is: a machine's own name, below which nobody else has names. */
static bool of_private_wildcard(const char *text)
{
    char sibling[SW_NAMETEXT_MAX + 32];
    const char *parent = strchr(text, '.');
    if (!parent || is_suffix(text, PSL_TYPE_ICANN))
        return false;
    snprintf(sibling, sizeof(sibling), "sinkwatch-no-such-name%s", parent);
    return is_suffix(sibling, PSL_TYPE_PRIVATE);
}

bool cli_harmful(const struct sw_indicator *indicator, char why[SW_WHY_MAX])
{
    char text[SW_NAMETEXT_MAX];
    if (indicator->type != SW_INDICATOR_DOMAIN)
        return false;
    sw_name_text(indicator->name.wire, text);
    if (sw_name_labels(indicator->name.wire) == 1) {
        snprintf(why, SW_WHY_MAX, "a top-level domain: very many names of other people are below");
        return true;
    }
    if (indicator->form == SW_FORM_EXACT || !suffixes() || !is_suffix(text, PSL_TYPE_ANY) ||
        of_private_wildcard(text))
        return false;
    snprintf(why, SW_WHY_MAX, "a public suffix: anyone may have names below");
    return true;
}

const char *cli_never_matches(const struct sw_indicator *indicator, enum sw_kind kind)
{
    if (indicator->type != SW_INDICATOR_HOLDER || kind == SW_KIND_PROTECTED ||
        kind == SW_KIND_KNOWN)
        return NULL;
    return "a holder of addresses: matches on lists of kind protected and known only";
}

bool cli_allowed(const struct cli_names *names, const struct sw_indicator *indicator)
{
    for (size_t i = 0; i < names->n; i++)
        if (sw_name_equal(names->name[i].wire, indicator->name.wire))
            return true;
    return false;
}

void cli_names_add(struct cli_names *names, const struct argp_state *state, const char *option,
                   const char *text)
{
    struct sw_indicator indicator;
    char why[SW_WHY_MAX] = "";
    if (sw_indicator_parse(text, strlen(text), &indicator, why) != SW_OK)
        argp_error(state, "%s: '%s': %s", option, cli_clean_text(text), why);
    if (indicator.type != SW_INDICATOR_DOMAIN)
        argp_error(state, "%s: '%s' is no name", option, cli_clean_text(text));
    names->name = cli_grow(names->name, names->n + 1, sizeof(*names->name));
    names->name[names->n++] = indicator.name;
}
