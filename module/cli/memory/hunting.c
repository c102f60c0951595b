/* hunting.c - sinkwatch hunt: were these indicators resolved before? */
#include "base/indicator.h"
#include "cli/lists/source.h"
#include "cli/past/past_words.h"
#include "journal/dnstext.h"
#include "journal/rdata_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* An indicator, and the sum of its sightings. */
struct prey {
    char *text;
    uint64_t first, last, count, records;
    char *example; /* the record that was seen last */
};

struct hunting {
    struct cli *cli;
    struct cli_past options;
    struct sw_hunt *hunt;
    struct prey *prey;
    size_t n, max;
    uint64_t left_out; /* AS numbers and holders, and refused lines of a file */
    struct cli_progress progress;
};

static const struct argp_option options[] = {
    CLI_PAST_FOLDER_OPTION,
    {"since", CLI_PAST_SINCE, "TIME", 0, "only records seen at this time or later", 0},
    {"until", CLI_PAST_UNTIL, "TIME", 0, "only records seen at this time or before", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    return cli_past_parse(&((struct hunting *)state->input)->options, key, arg, state);
}

static const struct cli_usage usage = {
    .words = "INDICATOR|FILE|LIST...",
    .doc = "Look for indicators in the memory: were these names and addresses resolved before, "
           "when, how often? A word that is the path of a file is a file in any format that "
           "'sinkwatch import' reads; a word with a dot or a colon is an indicator; other words "
           "are lists in Redis. The files of the memory are read once, for any number of "
           "indicators."
           "\vThe exit code is 1 when nothing was resolved. AS numbers and holders are left out; "
           "'sinkwatch memory AS8342' asks for one.\n\n"
           "Examples:\n"
           "  sinkwatch hunt systemsvc.net 213.24.76.0/24\n"
           "  sinkwatch hunt carbanak --since 90d\n"
           "  sinkwatch --json hunt ./feed.csv",
    .options = options,
    .parser = parse,
    .min = 1,
    .max = -1,
};

/* ---- the indicators ---- */

static enum sw_status add_to_hunt(struct hunting *hunting, const struct sw_indicator *indicator)
{
    uint32_t tag = (uint32_t)hunting->n;
    if (indicator->type == SW_INDICATOR_PREFIX)
        return sw_hunt_addr(hunting->hunt, &indicator->addr, tag);
    return sw_hunt_name(hunting->hunt, indicator->name.wire, indicator->form != SW_FORM_EXACT, tag);
}

static void add(struct hunting *hunting, const struct sw_indicator *indicator)
{
    char text[SW_INDICATORTEXT_MAX];
    if (indicator->type != SW_INDICATOR_DOMAIN && indicator->type != SW_INDICATOR_PREFIX) {
        hunting->left_out++;
        return;
    }
    if (hunting->n == hunting->max) {
        hunting->max = hunting->max ? 2 * hunting->max : 256;
        hunting->prey = cli_grow(hunting->prey, hunting->max, sizeof(hunting->prey[0]));
    }
    if (add_to_hunt(hunting, indicator) != SW_OK)
        abort();
    hunting->prey[hunting->n++] =
        (struct prey){.text = cli_copy(sw_indicator_text(indicator, text))};
}

static void take_entry(void *arg, const struct sw_entry *entry)
{
    struct hunting *hunting = arg;
    if (entry->meant == SW_MEANT_EXCEPTION)
        hunting->left_out++;
    else
        add(hunting, &entry->indicator);
}

static void take_refusal(void *arg, const struct sw_rejection *rejection)
{
    (void)rejection;
    ((struct hunting *)arg)->left_out++;
}

static int add_file(struct hunting *hunting, const char *path)
{
    uint64_t taken = 0;
    struct cli_source source = {
        .path = path,
        .hooks = {.arg = hunting, .entry = take_entry, .reject = take_refusal},
        .progress = &hunting->progress,
        .taken = &taken};
    return cli_source_read(&source);
}

static int take_fields(void *arg, const redisReply *fields)
{
    struct hunting *hunting = arg;
    for (size_t i = 0; i + 1 < fields->elements; i += 2) {
        const redisReply *field = fields->element[i];
        struct sw_indicator indicator;
        char why[SW_WHY_MAX];
        if (sw_indicator_parse(field->str, field->len, &indicator, why) == SW_OK)
            add(hunting, &indicator);
        else
            hunting->left_out++;
    }
    return CLI_OK;
}

static int add_list(struct hunting *hunting, const char *name)
{
    size_t before = hunting->n;
    int code = hunting->cli->redis ? CLI_OK : cli_connect(hunting->cli);
    if (code == CLI_OK)
        code = cli_scan(hunting->cli, cli_key(hunting->cli, "list:%s", name), take_fields, hunting);
    if (code == CLI_OK && hunting->n == before) {
        cli_error("'%s' is no file, no indicator, and no list with names or addresses",
                  cli_clean_text(name));
        return CLI_NONE;
    }
    return code;
}

static int add_word(struct hunting *hunting, const char *word)
{
    struct sw_indicator indicator;
    char why[SW_WHY_MAX];
    if (access(word, F_OK) == 0)
        return add_file(hunting, word);
    if (!strpbrk(word, ".:"))
        return add_list(hunting, word);
    if (sw_indicator_parse(word, strlen(word), &indicator, why) != SW_OK) {
        cli_error("'%s' is no file and no indicator: %s", cli_clean_text(word), why);
        return CLI_USAGE;
    }
    add(hunting, &indicator);
    return CLI_OK;
}

/* ---- the hunt ---- */

static char *describe(const struct sw_sighting *sighting)
{
    char name[SW_NAMETEXT_MAX], type[SW_DNSTEXT_MAX], rdata[SW_RDATATEXT_MAX], *text = NULL;
    sw_rdata_text(sighting->type, sighting->rdata, sighting->rdata_len, rdata);
    if (asprintf(&text, "%s %s %s", sw_name_text(sighting->owner, name),
                 sw_qtype_text(sighting->type, type), rdata) < 0)
        abort();
    return text;
}

static enum sw_status take(void *arg, uint32_t tag, const struct sw_sighting *sighting)
{
    struct hunting *hunting = arg;
    struct prey *prey = &hunting->prey[tag];
    if (sighting->last < hunting->options.since ||
        (hunting->options.until && sighting->first > hunting->options.until))
        return SW_OK;
    if (prey->records++ == 0 || sighting->first < prey->first)
        prey->first = sighting->first;
    if (!prey->example || sighting->last > prey->last) {
        free(prey->example);
        prey->example = describe(sighting);
        prey->last = sighting->last;
    }
    prey->count += sighting->count;
    return SW_OK;
}

static void show_progress(void *arg, uint64_t done, uint64_t total)
{
    struct hunting *hunting = arg;
    hunting->progress.total = total;
    cli_progress_step(&hunting->progress, done, hunting->n);
}

static void print_prey(const struct hunting *hunting, struct cli_table *table,
                       const struct prey *prey)
{
    char records[24], count[24];
    if (hunting->cli->json) {
        json_t *one = json_object();
        cli_json_set(one, "indicator", prey->text);
        cli_json_set(one, "first", cli_past_time_text(prey->first, true));
        cli_json_set(one, "last", cli_past_time_text(prey->last, true));
        json_object_set_new(one, "count", json_integer((json_int_t)prey->count));
        json_object_set_new(one, "records", json_integer((json_int_t)prey->records));
        cli_json_set(one, "example", prey->example);
        cli_json(one);
        return;
    }
    snprintf(records, sizeof(records), "%" PRIu64, prey->records);
    snprintf(count, sizeof(count), "%" PRIu64, prey->count);
    cli_table_row(table, prey->text, cli_past_time_text(prey->first, false),
                  cli_past_time_text(prey->last, false), count, records, prey->example);
}

static int print_hunt(const struct hunting *hunting)
{
    size_t found = 0;
    struct cli_table *table = hunting->cli->json
                                  ? NULL
                                  : cli_table_new(hunting->cli, "~INDICATOR", "FIRST", "LAST",
                                                  ">COUNT", ">RECORDS", "~SEEN LAST", CLI_END);
    for (size_t i = 0; i < hunting->n; i++) {
        if (hunting->prey[i].records == 0)
            continue;
        print_prey(hunting, table, &hunting->prey[i]);
        found++;
    }
    if (table) {
        printf("%zu of %s resolved before\n", found,
               cli_count(hunting->n, "indicator was", "indicators were"));
        cli_table_print(table, 2);
    }
    if (hunting->left_out > 0)
        cli_hint("%s left out: AS numbers, holders, exemptions, broken lines",
                 cli_count(hunting->left_out, "item was", "items were"));
    return found > 0 ? CLI_OK : CLI_NONE;
}

static int run(struct hunting *hunting, char **words, int n)
{
    struct sw_hunt_calls calls = {.take = take, .progress = show_progress, .arg = hunting};
    struct sw_past *past;
    int code = CLI_OK;
    cli_progress_begin(&hunting->progress, "reading", 0);
    for (int i = 0; i < n && code == CLI_OK; i++)
        code = add_word(hunting, words[i]);
    cli_progress_wipe(&hunting->progress);
    if (code == CLI_OK)
        code = cli_past_open(hunting->cli, &hunting->options, &past);
    if (code != CLI_OK)
        return code;
    cli_progress_begin(&hunting->progress, "hunting", 0);
    enum sw_status status = sw_hunt_run(hunting->hunt, past, &calls);
    cli_progress_wipe(&hunting->progress);
    sw_past_close(past);
    return status == SW_OK ? print_hunt(hunting) : cli_past_failed("the memory", status);
}

int cli_hunt(struct cli *cli, int argc, char **argv)
{
    struct hunting hunting = {.cli = cli};
    char **words;
    int n = cli_parse(cli, &usage, &hunting, argc, argv, &words);
    if (sw_hunt_new(&hunting.hunt) != SW_OK)
        abort();
    int code = run(&hunting, words, n);
    for (size_t i = 0; i < hunting.n; i++) {
        free(hunting.prey[i].text);
        free(hunting.prey[i].example);
    }
    free(hunting.prey);
    sw_hunt_free(hunting.hunt);
    return code;
}
