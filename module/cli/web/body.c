/* body.c - see body.h. */
#include "cli/web/body.h"

#include "cli/output.h"

static const char *fault_of(const struct web_body *body)
{
    const json_t *one;
    size_t i;
    if (!body->list[0] || !json_is_array(body->indicators))
        return "the body is not {\"list\": .., \"indicators\": [..]}";
    if (json_array_size(body->indicators) == 0)
        return "no indicators";
    if (json_array_size(body->indicators) > WEB_INDICATORS_MAX)
        return "more than 1,000 indicators: sinkwatch import takes any number";
    json_array_foreach(body->indicators, i, one)
    {
        if (!json_is_string(one))
            return "an indicator is no text";
    }
    return NULL;
}

bool web_body_read(const char *text, size_t len, struct web_body *out, const char **why)
{
    out->json = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    out->list = cli_json_text(out->json, "list");
    out->indicators = json_object_get(out->json, "indicators");
    *why = fault_of(out);
    if (!*why)
        return true;
    json_decref(out->json);
    *out = (struct web_body){.list = ""};
    return false;
}
