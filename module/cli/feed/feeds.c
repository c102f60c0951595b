/* feeds.c - sinkwatch feed: its sub-commands; add, remove, pause, resume. */
#include "cli/feed/feeds.h"

#include "cli/feed/fetch.h"
#include "cli/feed/fetchers.h"
#include "cli/lists/asked.h"
#include "cli/lists/edit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int cli_feed(struct cli *cli, int argc, char **argv)
{
    static const struct cli_command commands[] = {
        {"add", "keep a list up to date from a source", cli_feed_add},
        {"list", "all feeds", cli_feed_list},
        {"show", "a feed: definition and status", cli_feed_show},
        {"run", "run a feed once; with --daemon all of them, for ever", cli_feed_run},
        {"pause", "let a feed rest", cli_feed_pause},
        {"resume", "end a pause", cli_feed_resume},
        {"remove", "forget a feed; its list stays", cli_feed_remove},
        {"log", "changes and failures of feeds", cli_feed_log_show},
        {0},
    };
    static const struct cli_usage usage = {
        .words = "[add|list|show|run|pause|resume|remove|log ...]",
        .doc = "Lists that are kept up to date from sources. Without a word: all feeds.\n\n"
               "Sub-commands:\n"
               "  add     keep a list up to date from a source\n"
               "  list    all feeds\n"
               "  show    a feed: definition and status\n"
               "  run     run a feed once; with --daemon all of them, for ever\n"
               "  pause   let a feed rest\n"
               "  resume  end a pause\n"
               "  remove  forget a feed; its list stays\n"
               "  log     changes and failures of feeds\n"
               "\vExamples:\n"
               "  sinkwatch list set ads --action nxdomain\n"
               "  sinkwatch feed add ads https://lists.example/hosts.txt --every 1h\n"
               "  sinkwatch feed run ads\n"
               "  sinkwatch feed run --daemon\n"
               "  sinkwatch feed log --follow",
        .min = 0,
        .max = 1,
    };
    return cli_dispatch(cli, &usage, commands, cli_feed_all, argc, argv);
}

/* ---- add ---- */

enum { KEY_EVERY = 300, KEY_LIST, KEY_STALE_AFTER, KEY_STALE, KEY_SIZE, KEY_TIMEOUT, KEY_FETCHER };

/* Options of fetchers, with the name of the member in the definition. */
static const struct argp_option options[] = {
    {"every", KEY_EVERY, "SPAN", 0, "time between two runs (default: 15m)", 0},
    {"list", KEY_LIST, "LIST", 0, "the list to keep up to date (default: the name of the feed)", 0},
    {"stale-after", KEY_STALE_AFTER, "SPAN", 0,
     "a source that gives nothing for so long is stale (default: never)", 0},
    {"stale", KEY_STALE, "WHAT", 0,
     "then keep the list (default), put it into shadow mode, or drop its content: keep, shadow, "
     "drop",
     0},
    {"max-size", KEY_SIZE, "OCTETS", 0, "largest content, unpacked (default: 1 GiB)", 0},
    {"timeout", KEY_TIMEOUT, "SPAN", 0, "longest fetch (default: 10m)", 0},
    {"user", KEY_FETCHER + 0, "NAME", 0, "http: user, with --password-file", 0},
    {"password-file", KEY_FETCHER + 1, "FILE", 0, "http: the password is the first line", 0},
    {"token-file", KEY_FETCHER + 2, "FILE", 0, "http: a bearer token", 0},
    {"header-file", KEY_FETCHER + 3, "FILE", 0, "http: headers, such as X-Key: 0123, a line each",
     0},
    {"ca-file", KEY_FETCHER + 4, "FILE", 0,
     "https, rpz+tls: these certificates instead of the system's", 0},
    {"cert-file", KEY_FETCHER + 5, "FILE", 0, "https, rpz+tls: our certificate", 0},
    {"key-file", KEY_FETCHER + 6, "FILE", 0, "https, rpz+tls: its key", 0},
    {"proxy", KEY_FETCHER + 7, "URL", 0, "http: http://, https:// or socks5h://HOST:PORT", 0},
    {"search", KEY_FETCHER + 9, "JSON", 0, "misp: the search, such as {\"tags\":[\"apt\"]}", 0},
    {"proxy-password-file", KEY_FETCHER + 8, "FILE", 0, "http: USER:PASSWORD for the proxy", 0},
    {"tls-name", KEY_FETCHER + 11, "NAME", 0,
     "rpz+tls: name in the primary's certificate (default: the primary's)", 0},
    {"tls-pin", KEY_FETCHER + 12, "PIN", 0,
     "rpz+tls: SHA-256 of the primary's public key in base64; without --ca-file the certificate "
     "need not be valid otherwise",
     0},
    {"tsig-file", KEY_FETCHER + 10, "FILE", 0, "rpz: hmac-sha256:NAME:SECRET, or hmac-sha512", 0},
    {0},
};

struct adding {
    json_t *all, *options; /* the definition; its member */
    struct cli_importing im;
    struct cli_source source;
    struct cli_asked asked; /* judges, and is thrown away */
    const char *given[32];  /* options of fetchers */
    size_t given_n;
};

/* Keep an option as text, true, or in an array for repeated ones. */
static void keep(struct adding *adding, const char *name, const char *arg)
{
    json_t *old = json_object_get(adding->options, name);
    if (!arg) {
        json_object_set_new(adding->options, name, json_true());
    } else if (strncmp(name, "allow-", 6) != 0) {
        cli_json_set(adding->options, name, arg);
    } else {
        if (!old) {
            old = json_array();
            json_object_set_new(adding->options, name, old);
        }
        json_array_append_new(old, json_string(cli_clean_text(arg)));
    }
}

/* The name of the option with a key, or NULL. */
static const char *name_of(const struct argp_option *table, int key)
{
    for (; table->name; table++)
        if (table->key == key)
            return table->name;
    return NULL;
}

/* Options about the content, as `import` has them. */
static error_t parse_asked(int key, char *arg, struct argp_state *state)
{
    struct adding *adding = state->input;
    error_t error = cli_asked_take(&adding->asked, key, arg, state);
    if (error == 0)
        keep(adding, name_of(cli_asked_options, key), arg);
    return error;
}

static const struct argp asked_argp = {.options = cli_asked_options, .parser = parse_asked};

static void keep_number(json_t *object, const char *member, uint64_t n)
{
    json_object_set_new(object, member, json_integer((json_int_t)n));
}

/* An option of a fetcher; the value is text. */
static void keep_for_fetcher(struct adding *adding, const char *name, const char *arg)
{
    keep(adding, name, arg);
    if (adding->given_n < sizeof(adding->given) / sizeof(adding->given[0]))
        adding->given[adding->given_n++] = name;
}

/* A number of the options of a fetcher. */
static void keep_digits(struct adding *adding, const char *name, uint64_t n)
{
    char text[24];
    snprintf(text, sizeof(text), "%ju", (uintmax_t)n);
    keep_for_fetcher(adding, name, text);
}

static uint64_t span_within(const struct argp_state *state, const char *option, const char *arg,
                            uint64_t min, uint64_t max)
{
    uint64_t n = cli_span(state, option, arg);
    if (n < min || n > max)
        argp_error(state, "%s: '%s' is not in %jus..%jus", option, cli_clean_text(arg),
                   (uintmax_t)min, (uintmax_t)max);
    return n;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct adding *adding = state->input;
    enum cli_stale stale;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = adding;
        return 0;
    case KEY_EVERY:
        keep_number(adding->all, "every",
                    span_within(state, "--every", arg, CLI_FEED_EVERY_MIN, CLI_FEED_EVERY_MAX));
        return 0;
    case KEY_LIST:
        cli_json_set(adding->all, "list", arg);
        return 0;
    case KEY_STALE_AFTER:
        keep_number(adding->all, "stale_after", cli_span(state, "--stale-after", arg));
        return 0;
    case KEY_STALE:
        if (cli_stale_parse(arg, &stale) != SW_OK)
            argp_error(state, "--stale: '%s' is not allowed; keep, shadow, drop",
                       cli_clean_text(arg));
        cli_json_set(adding->all, "stale", arg);
        return 0;
    case KEY_SIZE:
        keep_digits(adding, "max-size", cli_number(state, "--max-size", arg, 1, UINT64_C(1) << 40));
        return 0;
    case KEY_TIMEOUT:
        keep_digits(adding, "timeout", span_within(state, "--timeout", arg, 1, 86400));
        return 0;
    default:
        if (key < KEY_FETCHER || !name_of(options, key))
            return ARGP_ERR_UNKNOWN;
        keep_for_fetcher(adding, name_of(options, key), arg);
        return 0;
    }
}

static const struct argp_child more[] = {{&asked_argp, 0, NULL, 0}, {0}};

static const struct cli_usage add_usage = {
    .words = "NAME SOURCE",
    .doc = "Keep a list up to date from a source: https://..., file:/PATH, taxii+https://... (a "
           "collection of TAXII 2.1), misp+https://... (a search, or a folder of events), "
           "rpz://PRIMARY/ZONE (a policy zone by transfer), rpz+tls://... (the same by TLS). A run "
           "replaces the content of the list; a source that fails, is empty, is cut, or shrinks "
           "too much leaves the list as it is, and is tried again. A feed that is there already "
           "is replaced."
           "\vFiles (passwords, certificates, file:) have to be in a folder that 'feed run' allows "
           "by --files.\n\n"
           "Examples:\n"
           "  sinkwatch feed add ads https://lists.example/hosts.txt --every 1h --max-growth 200\n"
           "  sinkwatch feed add intel https://intel.example/v1/domains.csv --list malware "
           "--token-file /etc/sinkwatch/feeds/intel.token --stale-after 7d --stale shadow",
    .options = options,
    .children = more,
    .parser = parse,
    .min = 2,
    .max = 2,
};

/* Whether a fetcher has an option. */
static bool knows(const struct cli_fetcher *fetcher, const char *name)
{
    for (const char *const *one = fetcher->options; *one; one++)
        if (strcmp(*one, name) == 0)
            return true;
    return false;
}

/* Whether the source can be asked with these options; reported. */
static bool judge_source(const struct adding *adding, const char *source)
{
    const struct cli_fetcher *fetcher = cli_fetcher_of(source);
    struct cli_fetch fetch = {.source = source, .options = adding->options};
    if (!fetcher) {
        cli_error("'%s' is no source:", cli_clean_text(source));
        for (size_t i = 0; (fetcher = cli_fetcher_at(i)) != NULL; i++)
            for (const char *const *scheme = fetcher->schemes; *scheme; scheme++)
                cli_hint("%s:...", *scheme);
        return false;
    }
    for (size_t i = 0; i < adding->given_n; i++) {
        if (knows(fetcher, adding->given[i]))
            continue;
        cli_error("--%s is not for sources such as '%s'", adding->given[i], cli_clean_text(source));
        return false;
    }
    if (adding->im.given && fetcher->no_rules) {
        cli_error("--given and --override are for policy zones, and '%s' has indicators only",
                  cli_clean_text(source));
        return false;
    }
    if (fetcher->judge(&fetch))
        return true;
    cli_error("'%s': %s", cli_clean_text(source), fetch.why);
    return false;
}

/* Write a definition; the feed is due now. */
static int write_definition(struct cli *cli, const char *name, const json_t *all)
{
    struct cli_argv set = {0}, hdel = {0};
    enum cli_left left;
    char *text = json_dumps(all, JSON_COMPACT);
    if (!text)
        abort();
    cli_argv_add(&set, "HSET");
    cli_argv_add(&set, cli_key(cli, "feeds"));
    cli_argv_add(&set, name);
    cli_argv_add(&set, text);
    cli_argv_add(&hdel, "HDEL");
    cli_argv_add(&hdel, cli_key(cli, "feed:%s", name));
    cli_argv_add(&hdel, "next");
    cli_begin(cli);
    cli_change(cli, &set);
    cli_change(cli, &hdel);
    redisReply *replies = cli_commit(cli, &left);
    cli_argv_free(&set);
    cli_argv_free(&hdel);
    free(text);
    int code = replies ? CLI_OK : CLI_REDIS;
    freeReplyObject(replies);
    return code;
}

/* Whether another feed writes the same list: each run of one would undo the other. */
static int judge_list(struct cli *cli, const char *name, const char *list)
{
    json_t *all = cli_feeds(cli);
    const char *other;
    json_t *text;
    int code = all ? CLI_OK : CLI_REDIS;
    json_object_foreach(all, other, text)
    {
        struct cli_feed_def feed;
        char why[SW_WHY_MAX];
        bool same = strcmp(other, name) != 0 &&
                    cli_feed_parse(other, json_string_value(text), json_string_length(text), &feed,
                                   why) == SW_OK &&
                    strcmp(feed.list, list) == 0;
        if (strcmp(other, name) != 0)
            cli_feed_free(&feed);
        if (!same)
            continue;
        cli_error("the list '%s' is that of the feed '%s'; give each feed a list of its own", list,
                  cli_clean_text(other));
        code = CLI_NONE;
    }
    json_decref(all);
    return code;
}

static int add(struct cli *cli, struct adding *adding, const char *name)
{
    enum sw_kind kind;
    if (!sw_listname_ok(name)) {
        cli_error("'%s' is no name of a feed; 1 to 63 characters of a-z 0-9 . _ -",
                  cli_clean_text(name));
        return CLI_USAGE;
    }
    if (!json_object_get(adding->all, "list"))
        cli_json_set(adding->all, "list", name);
    const char *list = cli_json_text(adding->all, "list");
    int code = cli_connect(cli);
    if (code == CLI_OK)
        code = cli_list_kind(cli, list, &kind);
    if (code == CLI_OK)
        code = judge_list(cli, name, list);
    if (code == CLI_OK)
        code = write_definition(cli, name, adding->all);
    if (code != CLI_OK)
        return code;
    if (cli->json)
        cli_json(json_pack("{s:s,s:O}", "feed", name, "definition", adding->all));
    else
        printf("%s: added; 'sinkwatch feed run %s' runs it now, the service within seconds\n", name,
               name);
    return CLI_OK;
}

int cli_feed_add(struct cli *cli, int argc, char **argv)
{
    struct adding *adding = cli_alloc(1, sizeof(*adding));
    char **words;
    adding->all = json_object();
    adding->options = json_object();
    adding->asked = (struct cli_asked){&adding->im, &adding->source};
    json_object_set(adding->all, "options", adding->options);
    cli_parse(cli, &add_usage, adding, argc, argv, &words);
    cli_json_set(adding->all, "source", words[1]);
    int code = judge_source(adding, words[1]) ? add(cli, adding, words[0]) : CLI_USAGE;
    json_decref(adding->options);
    json_decref(adding->all);
    cli_importing_free(&adding->im);
    free(adding);
    return code;
}

/* ---- pause, resume, remove ---- */

static const struct cli_usage name_usage = {
    .words = "NAME", .doc = "Change a feed; its list stays as it is.", .min = 1, .max = 1};

static int set_paused(struct cli *cli, int argc, char **argv, bool paused)
{
    struct cli_feed_def feed;
    char **words;
    cli_parse(cli, &name_usage, NULL, argc, argv, &words);
    int code = cli_connect(cli);
    if (code == CLI_OK)
        code = cli_feed_load(cli, words[0], &feed);
    if (code != CLI_OK)
        return code;
    json_object_set_new(feed.all, "paused", json_boolean(paused));
    code = write_definition(cli, words[0], feed.all);
    cli_feed_free(&feed);
    if (code == CLI_OK && !cli->json)
        printf("%s: %s\n", words[0], paused ? "paused" : "resumed");
    return code;
}

int cli_feed_pause(struct cli *cli, int argc, char **argv)
{
    return set_paused(cli, argc, argv, true);
}

int cli_feed_resume(struct cli *cli, int argc, char **argv)
{
    return set_paused(cli, argc, argv, false);
}

int cli_feed_remove(struct cli *cli, int argc, char **argv)
{
    struct cli_argv hdel = {0}, del = {0};
    enum cli_left left;
    char **words;
    cli_parse(cli, &name_usage, NULL, argc, argv, &words);
    int code = cli_connect(cli);
    if (code != CLI_OK)
        return code;
    redisReply *there = cli_ask(cli, "HEXISTS", cli_key(cli, "feeds"), words[0], CLI_END);
    if (!there)
        return CLI_REDIS;
    code = there->integer ? CLI_OK : CLI_NONE;
    freeReplyObject(there);
    if (code != CLI_OK || !sw_listname_ok(words[0])) {
        cli_error("there is no feed '%s'", cli_clean_text(words[0]));
        return CLI_NONE;
    }
    cli_argv_add(&hdel, "HDEL");
    cli_argv_add(&hdel, cli_key(cli, "feeds"));
    cli_argv_add(&hdel, words[0]);
    cli_argv_add(&del, "DEL");
    cli_argv_add(&del, cli_key(cli, "feed:%s", words[0]));
    cli_begin(cli);
    cli_change(cli, &hdel);
    cli_change(cli, &del);
    redisReply *replies = cli_commit(cli, &left);
    cli_argv_free(&hdel);
    cli_argv_free(&del);
    if (!replies)
        return CLI_REDIS;
    freeReplyObject(replies);
    if (!cli->json)
        printf("%s: removed; its list stays\n", words[0]);
    return CLI_OK;
}
