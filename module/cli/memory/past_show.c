/* past_show.c - sinkwatch memory: the records of a name, an address, a network (D-155). */
#include "base/indicator.h"
#include "cli/factwords.h"
#include "cli/failure.h"
#include "cli/memory/past_from.h"
#include "cli/past/fleet_past.h"
#include "cli/past/past_rows.h"
#include "cli/past/past_words.h"
#include "cli/show/ownership.h"
#include "journal/cof.h"
#include "journal/dnstext.h"
#include "journal/rdata_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LIMIT_DEFAULT 1000 /* rows of the table for people */
#define WAIT_DEFAULT  10   /* seconds for the answers of a fleet */

enum { KEY_FLEET = CLI_PAST_OWN, KEY_WAIT, KEY_FROM };

static const struct argp_option options[] = {
    CLI_PAST_FOLDER_OPTION,
    {"type", CLI_PAST_TYPE, "TYPE", 0, "only records of this type", 0},
    {"since", CLI_PAST_SINCE, "TIME", 0, "only records seen at this time or later", 0},
    {"until", CLI_PAST_UNTIL, "TIME", 0, "only records seen at this time or before", 0},
    {"limit", CLI_PAST_LIMIT, "N", 0, "at most N records (default: 1000 in the table)", 0},
    {"cof", CLI_PAST_COF, NULL, 0, "print the Passive DNS Common Output Format", 0},
    {"fleet", KEY_FLEET, NULL, 0,
     "ask all live resolvers over Redis (default where no folder is known)", 0},
    {"from", KEY_FROM, "URL", 0, "ask the ClickHouse server that 'memory send' sends to", 0},
    CLI_CLICKHOUSE_OPTIONS,
    {"wait", KEY_WAIT, "SECONDS", 0, "for the answers of resolvers (default: 10)", 0},
    {0},
};

/* A search and its output. */
struct show {
    struct cli *cli;
    struct cli_past options;
    struct sw_indicator what;
    bool text;
    struct cli_table *table; /* of text; NULL: no row so far */
    uint64_t found;
    struct cli_past_as as; /* of an AS search */
    bool fleet;
    uint32_t seconds;         /* to wait for a fleet */
    struct cli_clickhouse ch; /* url: --from, or NULL */
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct show *show = state->input;
    switch (key) {
    case KEY_FLEET:
        show->fleet = true;
        return 0;
    case KEY_WAIT:
        show->seconds = (uint32_t)cli_number(state, "--wait", arg, 1, 3600);
        return 0;
    case KEY_FROM:
        show->ch.url = arg;
        return 0;
    default:
        return cli_clickhouse_parse(&show->ch, key, arg, state) == 0
                   ? 0
                   : cli_past_parse(&show->options, key, arg, state);
    }
}

static const struct cli_usage usage = {
    .words = "NAME|*.NAME|ADDRESS|PREFIX|AS | export|import|forget|send|status [...]",
    .doc =
        "The records that the resolver received, whether a name was listed or not: the records of "
        "a name and those that point to it, of all names below (*.NAME), the names on an address, "
        "in a prefix or an AS. No client is in the memory. With --folder, or memory-folder in the "
        "settings, the files of one resolver are read; else all live resolvers are asked.\n\n"
        "Sub-commands:\n"
        "  export  the whole memory as lines of the Passive DNS Common Output Format\n"
        "  import  take such lines into the memory\n"
        "  forget  remove the records of a name, or those last seen before a time\n"
        "  send    send the records to a ClickHouse server\n"
        "  status  the files of the memory, and the times they cover\n"
        "\vThe exit code is 1 when nothing is known, 5 when a resolver did not answer, 6 when an "
        "answer is not whole. Times are UTC; TIME is a day, RFC 3339, seconds since 1970, or a "
        "span before now such as 30d.\n\n"
        "Examples:\n"
        "  sinkwatch memory systemsvc.net\n"
        "  sinkwatch memory '*.systemsvc.net' --type A --since 90d\n"
        "  sinkwatch memory 213.24.76.0/24 --cof\n"
        "  sinkwatch memory AS8342\n"
        "  sinkwatch memory --fleet 213.24.76.23",
    .options = options,
    .parser = parse,
    .min = 1,
    .max = 1,
};

/* resolvers: of a fleet, with the record; or NULL. */
static void print_json(struct cli *cli, const struct sw_sighting *sighting, json_t *resolvers)
{
    json_t *one = cli_sighting_json(sighting);
    cli_facts_put(cli, one, cli_json_text(one, "name"));
    if (resolvers)
        json_object_set(one, "resolvers", resolvers);
    cli_json(one);
}

static void add_row(struct show *show, const struct sw_sighting *sighting)
{
    char text[SW_RDATATEXT_MAX], name[SW_NAMETEXT_MAX], type[SW_DNSTEXT_MAX], count[24];
    if (!show->table)
        show->table = cli_table_new(show->cli, "~NAME", "TYPE", "~RDATA", "FIRST", "LAST", ">COUNT",
                                    "~EVIDENCE", CLI_END);
    snprintf(count, sizeof(count), "%" PRIu64, sighting->count);
    cli_table_row(
        show->table, sw_name_text(sighting->owner, name), sw_qtype_text(sighting->type, type),
        sw_rdata_text(sighting->type, sighting->rdata, sighting->rdata_len, text),
        cli_past_time_text(sighting->first, false), cli_past_time_text(sighting->last, false),
        count, cli_facts_text(show->cli, sighting->owner));
}

static enum sw_status print(struct show *show, const struct sw_sighting *sighting,
                            json_t *resolvers)
{
    if (show->options.limit && show->found == show->options.limit)
        return SW_ENOTFOUND;
    show->found++;
    failure_begun();
    if (show->options.cof)
        sw_cof_write(stdout, sighting);
    else if (show->cli->json)
        print_json(show->cli, sighting, resolvers);
    else
        add_row(show, sighting);
    return ferror(stdout) ? SW_EIO : SW_OK;
}

static enum sw_status take(void *arg, const struct sw_sighting *sighting)
{
    struct show *show = arg;
    if (show->what.type == SW_INDICATOR_ASN && !cli_past_in_as(&show->as, sighting))
        return SW_OK;
    return print(show, sighting, NULL);
}

static enum sw_status take_of_fleet(void *arg, const struct sw_sighting *sighting,
                                    json_t *resolvers)
{
    return print(arg, sighting, resolvers);
}

static size_t make_questions(const struct show *show, struct sw_past_question questions[2])
{
    const struct sw_inquiry inquiry = {.what = show->what,
                                       .type = show->options.type,
                                       .since = show->options.since,
                                       .until = show->options.until};
    return sw_inquiry_questions(&inquiry, questions);
}

static enum sw_status ask_all(struct show *show, struct sw_past *past)
{
    struct sw_past_question questions[2];
    size_t n = make_questions(show, questions);
    enum sw_status status = SW_OK;
    for (size_t i = 0; i < n && status == SW_OK; i++)
        status = sw_past_ask(past, &questions[i], take, show);
    return status;
}

static bool understand(struct show *show, const char *word)
{
    char why[SW_WHY_MAX];
    if (sw_indicator_parse(word, strlen(word), &show->what, why) != SW_OK) {
        cli_error("'%s': %s", cli_clean_text(word), why);
        return false;
    }
    if (show->what.type == SW_INDICATOR_HOLDER) {
        cli_error("'%s': the memory is asked by name, address, prefix or AS", cli_clean_text(word));
        return false;
    }
    return true;
}

static int print_end(struct show *show, const char *word)
{
    if (show->table) {
        printf("%s: %s\n", cli_clean_text(word),
               cli_count(show->found, "record was resolved", "records were resolved"));
        cli_table_print(show->table, 2);
    } else if (show->text) {
        printf("%s: nothing was resolved\n", cli_clean_text(word));
    }
    if (show->found > 0 && show->found == show->options.limit)
        cli_hint("these are the first %" PRIu64 "; --limit shows more", show->found);
    return show->found > 0 ? CLI_OK : CLI_NONE;
}

/* Whether the fleet is asked: with the option, or without a folder. */
static int choose_fleet(struct show *show)
{
    struct cli *cli = show->cli;
    if ((show->options.folder != NULL) + show->fleet + (show->ch.url != NULL) > 1) {
        cli_error("--folder, --fleet and --from contradict each other");
        return CLI_USAGE;
    }
    if (show->ch.url)
        return cli_clickhouse_prepare(&show->ch);
    if (!show->options.folder && cli_settings(cli) != CLI_OK)
        return CLI_SETTINGS;
    show->fleet |= !show->options.folder && !cli->settings.memory_folder[0];
    return CLI_OK;
}

static int ask_fleet(struct show *show, const char *word)
{
    uint64_t limit = show->options.limit;
    const struct cli_fleet fleet = {
        .what = word,
        .inquiry = {.type = show->options.type,
                    .since = show->options.since,
                    .until = show->options.until,
                    .limit =
                        limit && limit < SW_INQUIRY_LIMIT ? (uint32_t)limit : SW_INQUIRY_LIMIT},
        .seconds = show->seconds ? show->seconds : WAIT_DEFAULT,
    };
    return cli_fleet_ask(show->cli, &fleet, take_of_fleet, show);
}

static int open_owners(struct show *show)
{
    struct cli *cli = show->cli;
    if (cli_settings(cli) != CLI_OK)
        return CLI_SETTINGS;
    show->as = (struct cli_past_as){.owners = cli_owners(cli), .asn = show->what.asn};
    if (sw_owners_have_asn(show->as.owners))
        return CLI_OK;
    cli_error("no AS database is open: set asn-mmdb in %s", cli->settings_path);
    return CLI_SETTINGS;
}

static int ask_folder(struct show *show)
{
    struct sw_past *past;
    int code = show->what.type == SW_INDICATOR_ASN ? open_owners(show) : CLI_OK;
    if (code == CLI_OK)
        code = cli_past_open(show->cli, &show->options, &past);
    if (code != CLI_OK)
        return code;
    enum sw_status status = ask_all(show, past);
    sw_past_close(past);
    return status == SW_OK ? CLI_OK : cli_past_failed("the memory", status);
}

/* An AS is judged here, so the server does not count towards the limit. */
static int ask_server(struct show *show)
{
    struct sw_past_question questions[2];
    size_t n = make_questions(show, questions);
    bool is_as = show->what.type == SW_INDICATOR_ASN;
    int code = is_as ? open_owners(show) : CLI_OK;
    for (size_t i = 0; i < n && code == CLI_OK; i++) {
        questions[i].limit = is_as || !show->options.limit ? 0 : show->options.limit + 1;
        code = cli_past_from(&show->ch, &questions[i], take, show);
    }
    return code;
}

static int show_past(struct cli *cli, int argc, char **argv)
{
    struct show show = {.cli = cli, .options.limit = UINT64_MAX};
    char **words;
    cli_parse(cli, &usage, &show, argc, argv, &words);
    if (!understand(&show, words[0]))
        return CLI_USAGE;
    int code = choose_fleet(&show);
    if (code != CLI_OK)
        return code;
    show.text = !show.options.cof && !cli->json;
    if (show.options.limit == UINT64_MAX)
        show.options.limit = show.text ? LIMIT_DEFAULT : 0;
    code = show.ch.url  ? ask_server(&show)
           : show.fleet ? ask_fleet(&show, words[0])
                        : ask_folder(&show);
    bool whole = code == CLI_OK, some = code == CLI_TIMEOUT || code == CLI_PARTLY || show.table;
    int end = whole || some ? print_end(&show, words[0]) : CLI_OK;
    return whole ? end : code;
}

int cli_memory(struct cli *cli, int argc, char **argv)
{
    static const struct cli_command commands[] = {
        {"export", NULL, cli_past_export}, {"import", NULL, cli_past_import},
        {"forget", NULL, cli_past_forget}, {"send", NULL, cli_past_send},
        {"status", NULL, cli_past_status}, {0},
    };
    static char program[64];
    for (size_t i = 0; argc > 1 && commands[i].name; i++) {
        if (strcmp(argv[1], commands[i].name) != 0)
            continue;
        snprintf(program, sizeof(program), "%s %s", argv[0], argv[1]);
        argv[1] = program;
        return commands[i].run(cli, argc - 1, argv + 1);
    }
    return show_past(cli, argc, argv);
}
