/* preview.c - see preview.h and D-157. */
#include "cli/lists/preview.h"

#include "base/clock.h"
#include "base/rcu.h"
#include "memory/memory.h"
#include "owner/owner.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN      10  /* names in the table */
#define TIME_EVERY 256 /* rows between two looks at the clock */

/* The sightings of one name and one indicator, summed. */
struct cli_touched {
    char *name;
    uint32_t tag; /* of the indicator */
    uint64_t count, last;
    struct sw_addr addr; /* the address that was seen last; family 0 = none */
    uint64_t addr_last;
};

int cli_preview_begin(struct cli_preview *preview, struct cli *cli, uint64_t days)
{
    struct sw_hunt *hunt;
    *preview = (struct cli_preview){.days = days};
    int code = cli->redis ? CLI_OK : cli_settings(cli);
    if (code != CLI_OK)
        return code;
    if (!cli->settings.memory_folder[0]) {
        cli_error("no memory is kept: memory-folder is not set in %s", cli->settings_path);
        return CLI_SETTINGS;
    }
    if (sw_hunt_new(&hunt) != SW_OK)
        abort();
    preview->hunt = hunt;
    preview->since = (uint64_t)sw_clock_wall_us() / 1000000 - days * 86400;
    return CLI_OK;
}

void cli_preview_add(struct cli_preview *preview, const struct sw_indicator *indicator)
{
    uint32_t tag = (uint32_t)preview->indicators;
    enum sw_status status = SW_OK;
    if (indicator->type == SW_INDICATOR_PREFIX)
        status = sw_hunt_addr(preview->hunt, &indicator->addr, tag);
    else if (indicator->type == SW_INDICATOR_DOMAIN)
        status = sw_hunt_name(preview->hunt, indicator->name.wire, indicator->form != SW_FORM_EXACT,
                              tag);
    else
        preview->left_out++;
    if (status != SW_OK)
        abort();
    preview->indicators++;
}

void cli_preview_add_text(void *arg, const char *text, size_t len)
{
    struct sw_indicator indicator;
    char why[SW_WHY_MAX];
    if (sw_indicator_parse(text, len, &indicator, why) == SW_OK)
        cli_preview_add(arg, &indicator);
}

/* ---- asking ---- */

/* The rows of one name follow each other. */
static struct cli_touched *entry_of(struct cli_preview *preview, const char *name, uint32_t tag)
{
    struct cli_touched *last = preview->n > 0 ? &preview->all[preview->n - 1] : NULL;
    if (last && last->tag == tag && strcmp(last->name, name) == 0)
        return last;
    if (preview->n == preview->max) {
        preview->max = preview->max ? 2 * preview->max : 64;
        preview->all = cli_grow(preview->all, preview->max, sizeof(preview->all[0]));
    }
    preview->all[preview->n] = (struct cli_touched){.name = cli_copy(name), .tag = tag};
    return &preview->all[preview->n++];
}

/* A server answers others meanwhile: one question of it may cover the whole memory. */
static bool is_over(struct cli_preview *preview)
{
    if (preview->limit && preview->n >= preview->limit)
        return true;
    return preview->end_us && preview->rows++ % TIME_EVERY == 0 &&
           sw_clock_mono_us() >= preview->end_us;
}

static enum sw_status take(void *arg, uint32_t tag, const struct sw_sighting *sighting)
{
    struct cli_preview *preview = arg;
    char name[SW_NAMETEXT_MAX];
    struct sw_addr addr;
    if (is_over(preview)) {
        preview->cut = true;
        return SW_ECLOSED;
    }
    if (sighting->last < preview->since)
        return SW_OK;
    struct cli_touched *touched = entry_of(preview, sw_name_text(sighting->owner, name), tag);
    touched->count += sighting->count;
    if (sighting->last > touched->last)
        touched->last = sighting->last;
    if (sw_addr_from_octets(sighting->rdata, sighting->rdata_len, &addr) == SW_OK &&
        (sighting->type == 1 || sighting->type == 28) && sighting->last >= touched->addr_last) {
        touched->addr = addr;
        touched->addr_last = sighting->last;
    }
    preview->touched += !preview->hit[tag];
    preview->hit[tag] = true;
    return SW_OK;
}

static int by_name(const void *a, const void *b)
{
    const struct cli_touched *x = a, *y = b;
    return strcmp(x->name, y->name);
}

static int by_count(const void *a, const void *b)
{
    const struct cli_touched *x = a, *y = b;
    return x->count != y->count ? (x->count < y->count) - (x->count > y->count)
                                : strcmp(x->name, y->name);
}

/* A name can be touched by several indicators: one entry, with the largest count. */
static void fold(struct cli_preview *preview)
{
    size_t kept = 0;
    if (preview->n == 0)
        return;
    qsort(preview->all, preview->n, sizeof(preview->all[0]), by_name);
    for (size_t i = 0; i < preview->n; i++) {
        struct cli_touched *last = kept > 0 ? &preview->all[kept - 1] : NULL;
        struct cli_touched *next = &preview->all[i];
        if (!last || strcmp(last->name, next->name) != 0) {
            preview->all[kept++] = *next;
            continue;
        }
        struct cli_touched *less = last->count < next->count ? last : next;
        free(less->name);
        if (less == last)
            *last = *next;
    }
    preview->n = preview->names = kept;
    for (size_t i = 0; i < kept; i++)
        preview->count += preview->all[i].count;
    qsort(preview->all, preview->n, sizeof(preview->all[0]), by_count);
}

int cli_preview_end(struct cli_preview *preview, struct cli *cli)
{
    const char *folder = cli->settings.memory_folder;
    struct sw_hunt_calls calls = {.take = take, .arg = preview};
    struct sw_past *past;
    preview->hit = cli_alloc(preview->indicators + 1, sizeof(preview->hit[0]));
    enum sw_status status = sw_past_open(folder, NULL, &past);
    if (status == SW_OK) {
        status = sw_hunt_run(preview->hunt, past, &calls);
        sw_past_close(past);
    }
    if (status == SW_OK || preview->cut) {
        fold(preview);
        return CLI_OK;
    }
    cli_error("%s: %s", cli_clean_text(folder),
              status == SW_EIO ? strerror(errno) : sw_strerror(status));
    return CLI_INPUT;
}

int cli_preview_judge(struct cli_preview *preview, struct cli *cli, uint64_t most)
{
    int code = cli_preview_end(preview, cli);
    if (code != CLI_OK || (preview->names <= most && !preview->cut))
        return code;
    if (!cli->json)
        cli_preview_print(preview, cli);
    cli_error("the change would touch %s resolved in the last %s, more than %" PRIu64,
              cli_count(preview->names, "name", "names"), cli_count(preview->days, "day", "days"),
              most);
    cli_hint("--max-touched=N says how many are allowed; without it any number");
    return CLI_NONE;
}

void cli_preview_free(struct cli_preview *preview)
{
    for (size_t i = 0; i < preview->n; i++)
        free(preview->all[i].name);
    free(preview->all);
    free(preview->hit);
    sw_hunt_free(preview->hunt);
    *preview = (struct cli_preview){0};
}

/* ---- the result ---- */

/* The databases of the settings; open until the process ends. */
static const struct sw_owners *databases(struct cli *cli)
{
    static struct sw_counters counters;
    static struct sw_owners *owners;
    if (!owners) {
        owners = sw_owners_new(&cli->settings, &counters);
        if (!owners)
            abort();
        sw_owners_refresh(owners);
    }
    return owners;
}

/* "AS8342 RTComm.RU, Example agency", as far as the databases know. */
static const char *holder_of(struct cli *cli, const struct cli_touched *touched, char text[300])
{
    struct sw_owner owner;
    text[0] = 0;
    if (touched->addr.family == 0)
        return text;
    const struct sw_owners *owners = databases(cli);
    sw_rcu_enter();
    enum sw_status status = sw_owner_find(owners, &touched->addr, &owner);
    sw_rcu_leave();
    if (status == SW_OK && owner.asn)
        snprintf(text, 300, "AS%u %s%s%s", owner.asn, owner.org, owner.registrant[0] ? ", " : "",
                 owner.registrant);
    return text;
}

static const char *time_of(const struct cli_touched *touched)
{
    char text[SW_TIMETEXT_MAX];
    return cli_time(sw_time_text((int64_t)touched->last * 1000000, text), false);
}

void cli_preview_print(const struct cli_preview *preview, struct cli *cli)
{
    char count[24], holder[300];
    printf("  of %s, %" PRIu64 " %s resolved in the last %s: %s, received %" PRIu64 " times\n",
           cli_count(preview->indicators, "indicator", "indicators"), preview->touched,
           preview->touched == 1 ? "was" : "were", cli_count(preview->days, "day", "days"),
           cli_count(preview->names, "name", "names"), preview->count);
    if (preview->left_out > 0)
        printf("  %s not looked for\n", cli_count(preview->left_out, "AS number or holder was",
                                                  "AS numbers or holders were"));
    if (preview->n == 0)
        return;
    struct cli_table *table =
        cli_table_new(cli, "~NAME", ">COUNT", "LAST", "~AS AND REGISTRANT", CLI_END);
    for (size_t i = 0; i < preview->n && i < SHOWN; i++) {
        const struct cli_touched *touched = &preview->all[i];
        snprintf(count, sizeof(count), "%" PRIu64, touched->count);
        cli_table_row(table, touched->name, count, time_of(touched),
                      holder_of(cli, touched, holder));
    }
    cli_table_print(table, 4);
}

json_t *cli_preview_json(const struct cli_preview *preview, struct cli *cli)
{
    json_t *most = json_array();
    for (size_t i = 0; i < preview->n && i < SHOWN; i++) {
        char holder[300];
        json_t *one = json_object();
        cli_json_set(one, "name", preview->all[i].name);
        json_object_set_new(one, "count", json_integer((json_int_t)preview->all[i].count));
        cli_json_set(one, "holder", holder_of(cli, &preview->all[i], holder));
        json_array_append_new(most, one);
    }
    return json_pack("{s:I,s:I,s:I,s:I,s:I,s:b,s:o}", "days", (json_int_t)preview->days,
                     "indicators", (json_int_t)preview->touched, "left_out",
                     (json_int_t)preview->left_out, "names", (json_int_t)preview->names, "count",
                     (json_int_t)preview->count, "cut", preview->cut, "most", most);
}
