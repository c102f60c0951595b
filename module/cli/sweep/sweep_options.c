/* sweep_options.c - sinkwatch sweep: the options and the help. See sweep.h. */
#include "cli/output.h"
#include "cli/sweep/sweep.h"

#include <string.h>
#include <unistd.h>

#define ANCHOR "/usr/share/dns/root.key" /* of Debian's dns-root-data */

enum {
    KEY_LIST = 300,
    KEY_MATCH,
    KEY_FILE,
    KEY_FORWARD,
    KEY_RESOLV_CONF,
    KEY_ROOT_HINTS,
    KEY_ANCHOR,
    KEY_NO_DNSSEC,
    KEY_STATE,
    KEY_MEMORY,
    KEY_OBSERVER,
    KEY_RATE,
    KEY_IN_FLIGHT,
    KEY_TIMEOUT,
    KEY_RETRIES,
    KEY_CONTEXTS,
    KEY_EVENTS,
    KEY_ROWS,
    KEY_PTR,
    KEY_INDICATORS_ONLY
};

static const struct argp_option options[] = {
    {"list", KEY_LIST, "NAME", 0, "only names of this list; may be repeated", 0},
    {"match", KEY_MATCH, "PATTERN", 0, "only names like this shell pattern ('*.net')", 0},
    {"file", KEY_FILE, "FILE", 0, "names of this file (-: standard input) instead of lists", 0},
    {"forward", KEY_FORWARD, "ADDRESS[@PORT]", 0, "ask this resolver; may be repeated", 0},
    {"resolv-conf", KEY_RESOLV_CONF, "FILE", OPTION_ARG_OPTIONAL,
     "ask the resolvers of /etc/resolv.conf, or of this file", 0},
    {"root-hints", KEY_ROOT_HINTS, "FILE", 0, "addresses of the root's servers", 0},
    {"trust-anchor", KEY_ANCHOR, "FILE", 0, "validate DNSSEC from these keys", 0},
    {"no-dnssec", KEY_NO_DNSSEC, NULL, 0, "do not validate", 0},
    {"state", KEY_STATE, "FILE", 0, "file for the progress; a run resumes from there", 0},
    {"memory-folder", KEY_MEMORY, "FOLDER", 0,
     "record the answers in this folder of the memory, as the resolver does", 0},
    {"observer", KEY_OBSERVER, "NAME", 0, "name of the observer (default: RESOLVER-ID-sweep)", 0},
    {"rate", KEY_RATE, "N", 0, "names and PTRs a second at most (default 1000; 0: no limit)", 0},
    {"in-flight", KEY_IN_FLIGHT, "N", 0, "names at a time (default 500)", 0},
    {"timeout", KEY_TIMEOUT, "SECONDS", 0, "for one question (default 15)", 0},
    {"retries", KEY_RETRIES, "N", 0, "further attempts for a failed name (default 1)", 0},
    {"threads", KEY_CONTEXTS, "N", 0, "threads of libunbound (default 1)", 0},
    {"ptr", KEY_PTR, "N", 0, "addresses of a name to ask for PTR, at most (default 8; 0: none)", 0},
    {"rows", KEY_ROWS, "N", 0, "rows of the table of names, at most (default 200)", 0},
    {"indicators-only", KEY_INDICATORS_ONLY, NULL, 0,
     "leave out names below an indicator that clients asked for", 0},
    {"events", KEY_EVENTS, NULL, 0, "write each answer as an event to Redis, too", 0},
    {0},
};

static void add_text(struct argp_state *state, const char **array, size_t *n, size_t max,
                     const char *option, const char *text)
{
    if (*n == max)
        argp_error(state, "%s: at most %zu times", option, max);
    array[(*n)++] = text;
}

/* "192.0.2.1", "192.0.2.1@5353": other spellings end as an error without a place in libunbound. */
static void add_forward(struct sweep_options *o, struct argp_state *state, const char *text)
{
    const char *at = strchr(text, '@'), *colon = strchr(text, ':'), *why = "";
    size_t len = at ? (size_t)(at - text) : strlen(text);
    struct sw_addr addr;
    if (sw_addr_parse(text, len, &addr, &why) == SW_OK && addr.plen == sw_addr_bits(&addr)) {
        if (at)
            cli_number(state, "--forward: port", at + 1, 1, UINT16_MAX);
        add_text(state, o->forward, &o->forwards, SWEEP_FORWARDS_MAX, "--forward", text);
    } else if (!at && colon && !strchr(colon + 1, ':')) {
        argp_error(state, "--forward: '%s': the port goes after an @, as in 192.0.2.1@5353",
                   cli_clean_text(text));
    } else {
        argp_error(state, "--forward: '%s' is no address, such as 192.0.2.1 or 192.0.2.1@5353",
                   cli_clean_text(text));
    }
}

static error_t parse_numbers(int key, char *arg, struct argp_state *state)
{
    struct sweep_options *o = state->input;
    switch (key) {
    case KEY_RATE:
        o->rate = cli_number(state, "--rate", arg, 0, 1000000);
        return 0;
    case KEY_IN_FLIGHT:
        o->in_flight = cli_number(state, "--in-flight", arg, 1, 10000);
        return 0;
    case KEY_TIMEOUT:
        o->timeout_s = cli_number(state, "--timeout", arg, 1, 600);
        return 0;
    case KEY_RETRIES:
        o->retries = cli_number(state, "--retries", arg, 0, 10);
        return 0;
    case KEY_ROWS:
        o->rows = cli_number(state, "--rows", arg, 0, 1000000);
        return 0;
    case KEY_PTR:
        o->ptr = cli_number(state, "--ptr", arg, 0, SWEEP_ADDRESSES_MAX);
        return 0;
    case KEY_CONTEXTS:
        o->contexts = cli_number(state, "--threads", arg, 1, 16);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct sweep_options *o = state->input;
    switch (key) {
    case KEY_LIST:
        add_text(state, o->list, &o->lists, SWEEP_LISTS_MAX, "--list", arg);
        return 0;
    case KEY_MATCH:
        o->match = arg;
        return 0;
    case KEY_FILE:
        o->file = arg;
        return 0;
    case KEY_FORWARD:
        add_forward(o, state, arg);
        return 0;
    case KEY_RESOLV_CONF:
        o->resolv_conf = arg ? arg : "/etc/resolv.conf";
        return 0;
    case KEY_ROOT_HINTS:
        o->root_hints = arg;
        return 0;
    case KEY_ANCHOR:
    case KEY_NO_DNSSEC:
        o->anchor = arg ? arg : "";
        return 0;
    case KEY_STATE:
        o->state = arg;
        return 0;
    case KEY_MEMORY:
        if (arg[0] == '\0' || strlen(arg) >= SW_PATH_MAX)
            argp_error(state, "--memory-folder: 1 to %d octets", SW_PATH_MAX - 1);
        o->memory = arg;
        return 0;
    case KEY_OBSERVER:
        if (arg[0] == '\0' || strlen(arg) >= SW_TEXT_MAX)
            argp_error(state, "--observer: 1 to %d characters", SW_TEXT_MAX - 1);
        o->observer = arg;
        return 0;
    case KEY_INDICATORS_ONLY:
        o->indicators_only = true;
        return 0;
    case KEY_EVENTS:
        o->events = true;
        return 0;
    default:
        return parse_numbers(key, arg, state);
    }
}

const struct cli_usage sweep_usage = {
    .words = "",
    .doc = "Look up A and AAAA of every domain indicator of the lists of kind ioc and watch, and "
           "put the owners of the addresses into the history, with the resulting anomalies, as a "
           "resolver does with the questions of clients.\n\n"
           "Then the PTR of the addresses is looked up, as a fact for the table and for --json.\n\n"
           "The sweep resolves from the root, so that no list of another resolver changes the "
           "answers; --forward and --resolv-conf ask other resolvers. DNSSEC is validated from the "
           "root where Debian's dns-root-data is installed and no other resolver is asked. "
           "'*.example.net' stands for many names: those that clients asked for are looked up."
           "\vWith --state a run resumes an interrupted run (Ctrl-C). With --json there is an "
           "object for each name and for each anomaly, then a summary. The exit code is 1 when "
           "there was nothing to look up, or the run was interrupted, and 6 when a file of the "
           "memory could not be written.\n\n"
           "Examples:\n"
           "  sinkwatch sweep\n"
           "  sinkwatch sweep --list carbanak --forward 192.0.2.53 --rate 200\n"
           "  sinkwatch sweep --state /var/lib/sinkwatch/sweep.json",
    .options = options,
    .parser = parse,
    .min = 0,
    .max = 0,
};

const struct sweep_options sweep_defaults = {.rate = 1000,
                                             .in_flight = 500,
                                             .timeout_s = 15,
                                             .retries = 1,
                                             .contexts = 1,
                                             .rows = 200,
                                             .ptr = 8};

void sweep_complete(struct sweep_options *o)
{
    bool other = o->forwards || o->resolv_conf;
    if (!o->anchor && !other && access(ANCHOR, R_OK) == 0)
        o->anchor = ANCHOR;
    if (o->anchor && o->anchor[0] == '\0')
        o->anchor = NULL;
    o->contexts = o->contexts < o->in_flight ? o->contexts : o->in_flight;
}
