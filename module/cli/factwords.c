/* factwords.c - see factwords.h. */
#include "cli/factwords.h"

#include "base/rcu.h"
#include "cli/output.h"

#include <stdlib.h>
#include <string.h>

static struct sw_counters counters; /* the tables count; nobody asks */
static struct sw_settings settings; /* the tables alone: no database is opened for a name */
static struct sw_owners *tables;

static void close_tables(void)
{
    sw_owners_free(tables);
}

/* A command that needs no settings goes on without a usable file: the shipped table is asked. */
static const struct sw_owners *open_tables(struct cli *cli)
{
    if (tables)
        return tables;
    if (!cli->settings_path && cli_settings(cli) != CLI_OK)
        sw_settings_init(&cli->settings);
    settings = cli->settings;
    memset(settings.asn_mmdb, 0, sizeof(settings.asn_mmdb));
    memset(settings.owner_mmdb, 0, sizeof(settings.owner_mmdb));
    tables = sw_owners_new(&settings, &counters);
    if (!tables)
        abort();
    atexit(close_tables);
    sw_owners_refresh(tables);
    return tables;
}

void cli_facts_refresh(void)
{
    if (tables)
        sw_owners_refresh(tables);
}

static bool find(struct cli *cli, const uint8_t *wire, struct sw_namefacts *out)
{
    const struct sw_owners *owners = open_tables(cli);
    struct sw_name name;
    if (sw_name_copy(wire, SW_NAME_MAX, &name) != SW_OK)
        return false;
    sw_rcu_enter();
    bool known = sw_namefacts_find(owners, settings.protected_classes, name.wire, out);
    sw_rcu_leave();
    return known;
}

const char *cli_facts_text(struct cli *cli, const uint8_t *wire)
{
    static char text[SW_NAMEFACTSTEXT_MAX];
    struct sw_namefacts facts;
    return find(cli, wire, &facts) ? sw_namefacts_text(&facts, text) : "";
}

const char *cli_facts_words(struct cli *cli, const char *name)
{
    struct sw_name wire;
    return sw_name_parse(name, strlen(name), &wire, NULL) == SW_OK ? cli_facts_text(cli, wire.wire)
                                                                   : "";
}

static json_t *to_json(const struct sw_namefacts *facts)
{
    json_t *out = json_object();
    if (facts->of.class != SW_HOLDER_UNKNOWN) {
        cli_json_set(out, "class", sw_class_name(facts->of.class));
        json_object_set_new(out, "public_body", json_boolean(facts->is_public));
        cli_json_set(out, "suffix", facts->of.pattern);
        cli_json_set(out, "table", facts->table);
        json_object_set_new(out, "line", json_integer(facts->of.line));
    }
    if (facts->rank > 0) {
        cli_json_set(out, "top", facts->top);
        json_object_set_new(out, "rank", json_integer(facts->rank));
    }
    return out;
}

void cli_facts_put(struct cli *cli, json_t *object, const char *name)
{
    struct sw_namefacts facts;
    struct sw_name wire;
    if (sw_name_parse(name, strlen(name), &wire, NULL) == SW_OK && find(cli, wire.wire, &facts))
        json_object_set_new(object, "evidence", to_json(&facts));
}
