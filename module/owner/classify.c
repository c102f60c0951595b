/* classify.c - the class of a holder by tables and fields. See holder.h. */
#include "owner/classify.h"

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
static bool by_text(const struct sw_classes *classes, const char *text, struct sw_classed *out)
{
    struct sw_classmatch match;
    const char *table;
    if (text[0] == '\0' || !sw_classes_find(classes, text, &match, &table))
        return false;
    take_match(out, &match, table);
    return true;
}

static bool by_asn(const struct sw_classes *classes, uint32_t asn, struct sw_classed *out)
{
    struct sw_classmatch match;
    const char *table;
    if (!sw_classes_find_asn(classes, asn, &match, &table))
        return false;
    take_match(out, &match, table);
    return true;
}

/* The class field of a database. */
static bool by_field(const struct sw_ownerclass *field, struct sw_classed *out)
{
    if (field->class == SW_HOLDER_UNKNOWN)
        return false;
    out->class = (enum sw_class)field->class;
    out->by_field = true;
    out->source = field->source;
    return true;
}

void sw_classify(const struct sw_classes *classes, const struct sw_owner *owner,
                 struct sw_holder *out)
{
    memset(out, 0, sizeof(*out));
    out->name = owner->registrant[0] != '\0' ? owner->registrant : owner->netname;
    if (!by_asn(classes, owner->asn, &out->carrier) && !by_field(&owner->as_class, &out->carrier))
        by_text(classes, owner->org, &out->carrier);
    if (out->name[0] != '\0') {
        out->by = SW_HOLDER_BY_REGISTRANT;
        if (!by_text(classes, owner->registrant, &out->of))
            by_field(&owner->registrant_class, &out->of);
        return;
    }
    out->name = owner->org;
    out->of = out->carrier;
    if (owner->asn != 0)
        out->by = SW_HOLDER_BY_AS;
    if (by_field(&owner->registrant_class, &out->of) && out->carrier.table[0] != '\0')
        out->of = out->carrier; /* a line of a table goes before a field */
}

void sw_classify_owner(const struct sw_classes *classes, struct sw_owner *owner)
{
    struct sw_holder holder;
    sw_classify(classes, owner, &holder);
    owner->class = (uint8_t)holder.of.class;
    owner->carrier_class = (uint8_t)holder.carrier.class;
}
