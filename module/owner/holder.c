/* holder.c - holder and class of an address. See holder.h. */
#include "owner/holder.h"

#include "base/fold.h"
#include "owner/classify.h"
#include "owner/sources.h"

#include <stdio.h>
#include <string.h>

/* The path of the database and the field behind a class. */
static void name_source(const struct sw_owners *owners, struct sw_classed *of)
{
    if (of->by_field)
        sw_owners_source(owners, of->source, of->database, sizeof(of->database), of->field,
                         sizeof(of->field));
}

void sw_holder_find(const struct sw_owners *owners, const struct sw_owner *owner,
                    struct sw_holder *out)
{
    sw_classify(sw_owners_classes(owners), owner, out);
    name_source(owners, &out->of);
    name_source(owners, &out->carrier);
}

/* ---- the same holder ---- */

static bool same_text(const char *a, const char *b)
{
    char one[SW_FOLDED_MAX], two[SW_FOLDED_MAX];
    if (a[0] == '\0' || b[0] == '\0')
        return false;
    if (strcmp(a, b) == 0)
        return true;
    return sw_fold_key(a, one, sizeof(one)) > 0 && sw_fold_key(b, two, sizeof(two)) > 0 &&
           strcmp(one, two) == 0;
}

bool sw_holder_same(const struct sw_owner *a, const struct sw_owner *b)
{
    if (a->registrant[0] != '\0' && b->registrant[0] != '\0')
        return same_text(a->registrant, b->registrant);
    if (a->asn != 0 && a->asn == b->asn)
        return true;
    return same_text(a->org, b->org) || same_text(a->registrant, b->org) ||
           same_text(a->org, b->registrant);
}

char *sw_classed_reason(const struct sw_classed *classed, char *out, size_t room)
{
    out[0] = '\0';
    if (classed->table[0] != '\0')
        snprintf(out, room, "%s (%s:%u)", classed->pattern, classed->table, classed->line);
    else if (classed->database[0] != '\0')
        snprintf(out, room, "%s (%s)", classed->field, classed->database);
    return out;
}
