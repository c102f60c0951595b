/* past_rows.c - see past_rows.h. */
#include "cli/past/past_rows.h"

#include "base/rcu.h"
#include "cli/factwords.h"
#include "cli/past/fleet_past.h"
#include "cli/past/past_words.h"

#include <inttypes.h>
#include <stdio.h>

bool cli_past_in_as(struct cli_past_as *as, const struct sw_sighting *sighting)
{
    struct sw_addr addr;
    uint32_t asn = 0;
    if (sw_addr_from_octets(sighting->rdata, sighting->rdata_len, &addr) != SW_OK)
        return false;
    if (sw_addr_equal(&addr, &as->addr))
        return as->in;
    as->addr = addr;
    sw_rcu_enter();
    as->in = sw_owner_find_asn(as->owners, &addr, &asn, NULL) == SW_OK && asn == as->asn;
    sw_rcu_leave();
    return as->in;
}

/* ---- records ---- */

struct rows {
    const struct cli_past_search *search;
    struct cli_past_as as;
    json_t *records;
    bool *more;
};

static enum sw_status put(struct rows *rows, const struct sw_sighting *sighting, json_t *resolvers)
{
    if (json_array_size(rows->records) >= rows->search->max) {
        *rows->more = true;
        return SW_ENOTFOUND;
    }
    json_t *one = cli_sighting_json(sighting);
    if (resolvers)
        json_object_set(one, "resolvers", resolvers);
    json_array_append_new(rows->records, one);
    return SW_OK;
}

static enum sw_status take(void *arg, const struct sw_sighting *sighting)
{
    struct rows *rows = arg;
    bool wanted =
        rows->search->what.type != SW_INDICATOR_ASN || cli_past_in_as(&rows->as, sighting);
    return wanted ? put(rows, sighting, NULL) : SW_OK;
}

static enum sw_status take_of_fleet(void *arg, const struct sw_sighting *sighting,
                                    json_t *resolvers)
{
    return put(arg, sighting, resolvers);
}

enum sw_status cli_past_rows(struct sw_past *past, const struct cli_past_search *search,
                             json_t *records, bool *more)
{
    const struct sw_inquiry inquiry = {
        .what = search->what, .since = search->since, .until = search->until};
    struct rows rows = {.search = search,
                        .as = {.owners = search->owners, .asn = search->what.asn},
                        .records = records,
                        .more = more};
    struct sw_past_question question[2];
    enum sw_status status = SW_OK;
    *more = false;
    if (search->what.type == SW_INDICATOR_HOLDER)
        return SW_OK;
    size_t n = sw_inquiry_questions(&inquiry, question);
    for (size_t i = 0; i < n && status == SW_OK; i++)
        status = sw_past_ask(past, &question[i], take, &rows);
    return *more ? SW_OK : status;
}

/* ---- asking ---- */

static int ask_folder(struct cli *cli, const struct cli_past_search *search, json_t *records,
                      bool *more)
{
    const struct cli_past options = {.folder = search->folder};
    struct sw_past *past;
    int code = cli_past_open(cli, &options, &past);
    if (code != CLI_OK)
        return code;
    enum sw_status status = cli_past_rows(past, search, records, more);
    sw_past_close(past);
    return status == SW_OK ? CLI_OK : cli_past_failed(search->folder, status);
}

static int ask_fleet(struct cli *cli, const struct cli_past_search *search, json_t *records,
                     bool *more)
{
    const struct cli_fleet fleet = {.what = search->text,
                                    .inquiry = {.what = search->what,
                                                .since = search->since,
                                                .until = search->until,
                                                .limit = search->max < SW_INQUIRY_LIMIT
                                                             ? (uint32_t)search->max + 1
                                                             : SW_INQUIRY_LIMIT},
                                    .seconds = search->seconds};
    struct rows rows = {.search = search, .records = records, .more = more};
    int code = cli_fleet_ask(cli, &fleet, take_of_fleet, &rows);
    *more |= code == CLI_PARTLY;
    return code == CLI_TIMEOUT || code == CLI_PARTLY ? CLI_OK : code;
}

static void put_facts(struct cli *cli, json_t *records)
{
    json_t *one;
    size_t i;
    json_array_foreach(records, i, one) cli_facts_put(cli, one, cli_json_text(one, "name"));
}

int cli_past_ask(struct cli *cli, const struct cli_past_search *search, json_t **out)
{
    char source[SW_PATH_MAX + 16] = "resolvers";
    json_t *records = json_array();
    bool more = false;
    int code = search->folder ? ask_folder(cli, search, records, &more)
                              : ask_fleet(cli, search, records, &more);
    *out = NULL;
    if (code == CLI_OK) {
        if (search->folder)
            snprintf(source, sizeof(source), "folder %s", search->folder);
        put_facts(cli, records);
        *out = json_object();
        cli_json_set(*out, "source", source);
        json_object_set(*out, "records", records);
        json_object_set_new(*out, "more", json_boolean(more));
    }
    json_decref(records);
    return code;
}

/* ---- text ---- */

void cli_past_print(struct cli *cli, const json_t *past)
{
    const json_t *records = json_object_get(past, "records"), *one;
    size_t i, n = json_array_size(records);
    printf("%smemory%s (%s): %s\n", cli_style(cli, CLI_BOLD), cli_style(cli, CLI_PLAIN),
           cli_clean_text(cli_json_text(past, "source")),
           n == 0 ? "nothing was resolved"
                  : cli_count(n, "record was resolved, on a list or not",
                              "records were resolved, on a list or not"));
    if (n == 0)
        return;
    struct cli_table *table = cli_table_new(cli, "~NAME", "TYPE", "~RDATA", "FIRST", "LAST",
                                            ">COUNT", "~EVIDENCE", CLI_END);
    json_array_foreach(records, i, one)
    {
        char count[24];
        snprintf(count, sizeof(count), "%" JSON_INTEGER_FORMAT,
                 json_integer_value(json_object_get(one, "count")));
        cli_table_row(table, cli_json_text(one, "name"), cli_json_text(one, "type"),
                      cli_json_text(one, "rdata"), cli_time(cli_json_text(one, "first"), false),
                      cli_time(cli_json_text(one, "last"), false), count,
                      cli_facts_words(cli, cli_json_text(one, "name")));
    }
    cli_table_print(table, 2);
    if (json_is_true(json_object_get(past, "more")))
        printf("  there are more; 'sinkwatch memory' shows all\n");
}
