/* holder.c - holder and class of an address. See holder.h. */
#include "owner/holder.h"

#include "owner/classes.h"
#include "owner/fold.h"
#include "owner/sources.h"

#include <stdio.h>
#include <string.h>

static void take_match(struct sw_classed *out, const struct sw_classmatch *match, const char *table)
{
    out->class = match->class;
    out->line = match->line;
    snprintf(out->table, sizeof(out->table), "%s", table);
    memcpy(out->pattern, match->pattern, sizeof(out->pattern));
}

/* A table with a line for this text, or with the AS number. A line with class none counts. */
static bool by_text(const struct sw_owners *owners, const char *text, struct sw_classed *out)
{
    struct sw_classmatch match;
    const char *table;
    if (text[0] == '\0' || !sw_classes_find(sw_owners_classes(owners), text, &match, &table))
        return false;
    take_match(out, &match, table);
    return true;
}

static bool by_asn(const struct sw_owners *owners, uint32_t asn, struct sw_classed *out)
{
    struct sw_classmatch match;
    const char *table;
    if (!sw_classes_find_asn(sw_owners_classes(owners), asn, &match, &table))
        return false;
    take_match(out, &match, table);
    return true;
}

/* The class field of a database. */
static bool by_field(const struct sw_owners *owners, const struct sw_ownerclass *field,
                     struct sw_classed *out)
{
    if (field->class == SW_HOLDER_UNKNOWN)
        return false;
    out->class = (enum sw_class)field->class;
    sw_owners_source(owners, field->source, out->database, sizeof(out->database), out->field,
                     sizeof(out->field));
    return true;
}

void sw_holder_find(const struct sw_owners *owners, const struct sw_owner *owner,
                    struct sw_holder *out)
{
    memset(out, 0, sizeof(*out));
    out->name = owner->registrant[0] != '\0' ? owner->registrant : owner->netname;
    if (!by_asn(owners, owner->asn, &out->carrier) &&
        !by_field(owners, &owner->as_class, &out->carrier))
        by_text(owners, owner->org, &out->carrier);
    if (out->name[0] != '\0') {
        out->by = SW_HOLDER_BY_REGISTRANT;
        if (!by_text(owners, owner->registrant, &out->of))
            by_field(owners, &owner->registrant_class, &out->of);
        return;
    }
    out->name = owner->org;
    out->of = out->carrier;
    if (owner->asn != 0)
        out->by = SW_HOLDER_BY_AS;
    if (by_field(owners, &owner->registrant_class, &out->of) && out->carrier.table[0] != '\0')
        out->of = out->carrier; /* a line of a table goes before a field */
}

enum sw_class sw_holder_class(const struct sw_owners *owners, const struct sw_owner *owner)
{
    struct sw_holder holder;
    sw_holder_find(owners, owner, &holder);
    return holder.of.class;
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
