/* ownership.c - see ownership.h. */
#include "cli/show/ownership.h"

#include "base/rcu.h"
#include "cli/factwords.h"
#include "cli/output.h"
#include "owner/holder.h"

#include <stdio.h>
#include <stdlib.h>

static struct sw_counters counters; /* the databases count; nobody asks */
static struct sw_owners *owners;

static void close_owners(void)
{
    sw_owners_free(owners);
}

void cli_owners_refresh(void)
{
    if (owners)
        sw_owners_refresh(owners);
    cli_facts_refresh();
}

const struct sw_owners *cli_owners(struct cli *cli)
{
    if (!owners) {
        owners = sw_owners_new(&cli->settings, &counters);
        if (!owners)
            abort();
        atexit(close_owners);
        sw_owners_refresh(owners);
    }
    return owners;
}

static bool known(const struct sw_owner *owner)
{
    return owner->prefix.family || owner->registered.family;
}

static void print_known(const char *before, const char *text)
{
    if (text[0])
        printf("%s%s", before, cli_clean_text(text));
}

/* The class of the holder, and the line of a table or the field of a database that says so. */
static void print_class(const struct sw_owner *owner)
{
    struct sw_holder holder;
    char reason[SW_PATH_MAX + SW_CLASSPATTERN_MAX + 16];
    sw_rcu_enter();
    sw_holder_find(owners, owner, &holder);
    sw_rcu_leave();
    if (holder.of.class != SW_HOLDER_UNKNOWN)
        printf("  class       %s: %s\n", sw_class_name(holder.of.class),
               cli_clean_text(sw_classed_reason(&holder.of, reason, sizeof(reason))));
}

void cli_owner_print(const struct cli *cli, const struct sw_addr *addr,
                     const struct sw_owner *owner)
{
    char text[SW_ADDRTEXT_MAX];
    if (!known(owner)) {
        printf("  %s is in no network of %s\n", sw_addr_text(addr, text),
               cli->settings.asn_mmdb[0][0] ? "the AS database"
                                            : "a database: asn-mmdb is not set");
        return;
    }
    if (owner->prefix.family)
        printf("  network     %s", sw_addr_text(&owner->prefix, text));
    if (owner->asn)
        printf(", AS%u %s", owner->asn, cli_clean_text(owner->org));
    if (owner->prefix.family)
        printf("\n");
    if (owner->registered.family) {
        printf("  registered  %s", sw_addr_text(&owner->registered, text));
        print_known(", ", owner->registrant);
        print_known(", ", owner->netname);
        print_known(", ", owner->country);
        printf("\n");
    }
    print_class(owner);
}

static void put(json_t *object, const char *member, const char *text)
{
    if (text[0])
        cli_json_set(object, member, text);
}

json_t *cli_owner_json(const struct sw_addr *addr, const struct sw_owner *owner)
{
    char text[SW_ADDRTEXT_MAX];
    if (!known(owner))
        return json_null();
    json_t *out = json_object();
    put(out, "ip", sw_addr_text(addr, text));
    if (owner->prefix.family)
        put(out, "prefix", sw_addr_text(&owner->prefix, text));
    if (owner->asn) {
        json_t *as = json_object(), *organization = json_object();
        json_object_set_new(as, "number", json_integer(owner->asn));
        put(organization, "name", owner->org);
        json_object_set_new(as, "organization", organization);
        json_object_set_new(out, "as", as);
    }
    if (owner->registered.family)
        put(out, "registered", sw_addr_text(&owner->registered, text));
    put(out, "registrant", owner->registrant);
    put(out, "netname", owner->netname);
    put(out, "country", owner->country);
    return out;
}

json_t *cli_holder_json(struct cli *cli, const struct sw_owner *owner)
{
    struct sw_holder holder;
    char reason[SW_PATH_MAX + SW_CLASSPATTERN_MAX + 16];
    const struct sw_owners *open = cli_owners(cli);
    sw_rcu_enter();
    sw_holder_find(open, owner, &holder);
    sw_rcu_leave();
    json_t *out = json_object();
    cli_json_set(out, "name", holder.name);
    if (holder.of.class != SW_HOLDER_UNKNOWN) {
        cli_json_set(out, "class", sw_class_name(holder.of.class));
        cli_json_set(out, "reason", sw_classed_reason(&holder.of, reason, sizeof(reason)));
    }
    return out;
}
