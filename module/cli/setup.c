/* setup.c - sinkwatch setup: loads the functions for feeds and checks the settings of Redis. */
#include "cli/failure.h"
#include "cli/functions.h"
#include "cli/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_PRINT = 300, KEY_CHECK };

static const struct argp_option options[] = {
    {"print", KEY_PRINT, NULL, 0, "print the functions instead of loading them", 0},
    {"check", KEY_CHECK, NULL, 0, "change nothing, only name missing parts", 0},
    {0},
};

struct setup {
    bool print, check;
    unsigned missing;
    json_t *found; /* for --json: item -> state */
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct setup *setup = state->input;
    (void)arg;
    switch (key) {
    case KEY_PRINT:
        setup->print = true;
        return 0;
    case KEY_CHECK:
        setup->check = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct cli_usage usage = {
    .words = "",
    .doc = "Make a Redis ready for feeds: load the functions with which a feed changes a list and "
           "appends to the change stream in a single step (Redis 7.0 or later; before that, MULTI "
           "does the same), and report settings of this Redis that matter."
           "\vNothing is removed, and a second run changes nothing. A setting that this user may "
           "not read is reported as unknown; the exit code is 1 then, as for a missing part. The "
           "ACL rules for feeds, resolvers and readers are in conf/users.acl.\n\n"
           "Examples:\n"
           "  sinkwatch setup\n"
           "  sinkwatch setup --check\n"
           "  sinkwatch setup --print > sinkwatch.lua",
    .options = options,
    .parser = parse,
    .min = 0,
    .max = 0,
};

/* A finding: words for people, and a member for --json. Not good: missing, wrong, or not known. */
static void say(struct cli *cli, struct setup *setup, const char *what, bool good, const char *how)
{
    setup->missing += good ? 0 : 1;
    cli_json_set(setup->found, what, how);
    if (!cli->json)
        printf("%-12s %s%s%s\n", what, cli_style(cli, good ? CLI_PLAIN : CLI_BAD),
               cli_clean_text(how), cli_style(cli, CLI_PLAIN));
}

/* Why a reply tells nothing. */
static const char *why_not(struct cli *cli, const redisReply *reply)
{
    if (!reply)
        return sw_redis_error(cli->redis);
    return reply->type == REDIS_REPLY_ERROR ? reply->str : "an answer of an unexpected type";
}

/* A setting that could not be read is neither good nor bad. */
static void say_unknown(struct cli *cli, struct setup *setup, const char *what, const char *why)
{
    char how[300];
    snprintf(how, sizeof(how), "unknown: %.280s", why);
    say(cli, setup, what, false, how);
}

/* A value of INFO's text: "redis_version:7.0.15". Allocated; NULL: reported to be unknown. */
static char *info_value(struct cli *cli, struct setup *setup, const char *what, const char *section,
                        const char *field)
{
    redisReply *reply = sw_redis_command(cli->redis, "INFO %s", section);
    bool text = reply && reply->type == REDIS_REPLY_STRING;
    const char *at = text ? strstr(reply->str, field) : NULL;
    char *value = at ? cli_copy(at + strlen(field)) : NULL;

    if (value)
        value[strcspn(value, "\r\n")] = '\0';
    else
        say_unknown(cli, setup, what, text ? "the server does not tell" : why_not(cli, reply));
    freeReplyObject(reply);
    return value;
}

/* Load the functions, or check for the functions. CLI_OK; CLI_REDIS after an error message. */
static int functions(struct cli *cli, struct setup *setup)
{
    const char *argv[] = {"FUNCTION", "LOAD", "REPLACE", cli_functions};
    redisReply *reply =
        setup->check ? sw_redis_command(cli->redis, "FUNCTION LIST LIBRARYNAME %s", "sinkwatch")
                     : sw_redis_command_argv(cli->redis, 4, argv, NULL);

    if (!reply)
        return cli_redis_failed(cli, NULL);
    if (reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "ERR unknown command", 19) == 0)
        say(cli, setup, "functions", false,
            "this server has none (Redis before 7.0): feeds use MULTI, as module/REDIS.md says");
    else if (setup->check && reply->type != REDIS_REPLY_ARRAY)
        say_unknown(cli, setup, "functions", why_not(cli, reply));
    else if (reply->type == REDIS_REPLY_ERROR)
        say(cli, setup, "functions", false, reply->str);
    else if (setup->check && reply->elements == 0)
        say(cli, setup, "functions", false, "not loaded: run 'sinkwatch setup'");
    else
        say(cli, setup, "functions", true, setup->check ? "loaded" : "loaded (library sinkwatch)");
    freeReplyObject(reply);
    return CLI_OK;
}

/* Version and role, for information. */
static void identity(struct cli *cli, struct setup *setup)
{
    char *version = info_value(cli, setup, "version", "server", "redis_version:");
    if (version)
        say(cli, setup, "version", true, version);
    char *role = info_value(cli, setup, "role", "replication", "role:");
    if (role)
        say(cli, setup, "role", true, role);
    free(version);
    free(role);
}

/* A Redis that loses lists at a crash, or drops keys when full, deserves a warning. */
static void keeping(struct cli *cli, struct setup *setup)
{
    char *aof = info_value(cli, setup, "appendonly", "persistence", "aof_enabled:");
    if (aof)
        say(cli, setup, "appendonly", true,
            strcmp(aof, "1") == 0 ? "on"
                                  : "off: a crash loses all writes since the last save "
                                    "(resolvers keep the loaded lists)");
    char *policy = info_value(cli, setup, "maxmemory", "memory", "maxmemory_policy:");
    bool kept = policy && strcmp(policy, "noeviction") == 0;
    if (policy)
        say(cli, setup, "maxmemory", kept,
            kept ? "noeviction"
                 : "this Redis drops keys when it is full: set maxmemory-policy to noeviction");
    free(aof);
    free(policy);
}

int cli_setup(struct cli *cli, int argc, char **argv)
{
    struct setup setup = {.found = json_object()};
    char **words;
    cli_parse(cli, &usage, &setup, argc, argv, &words);
    if (setup.print) {
        failure_begun();
        fputs(cli_functions, stdout);
        json_decref(setup.found);
        return CLI_OK;
    }
    int code = cli_connect(cli);
    if (code == CLI_OK)
        code = functions(cli, &setup);
    if (code == CLI_OK) {
        identity(cli, &setup);
        keeping(cli, &setup);
    }
    if (code == CLI_OK && cli->json)
        cli_json(setup.found);
    else
        json_decref(setup.found);
    return code == CLI_OK && setup.missing ? CLI_NONE : code;
}
