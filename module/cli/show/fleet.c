/* fleet.c - sinkwatch status: the reports of all resolvers. */
#include "base/clock.h"
#include "base/counters.h"
#include "cli/output.h"
#include "feed/stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BEHIND_MAX "1001" /* entries counted: the largest printed number plus 1 */
#define US_PER_S   1000000

static const struct cli_usage usage = {
    .words = "",
    .doc = "Every resolver: state, versions, distance from the end of the change stream, number of "
           "indicators of each list, refused items with reasons, MMDB files, the last error, "
           "counters."
           "\vThe exit code is 1 when no resolver is live, that is, none has reported for half a "
           "minute.\n\n"
           "Examples:\n"
           "  sinkwatch status\n"
           "  sinkwatch --json status",
    .max = 0,
};

struct resolver {
    char *id;
    int64_t reported; /* seconds since 1970, from the sorted set */
    json_t *state;    /* fields of the hash; JSON text as JSON. NULL: not live */
    char behind[16];  /* "0", "17", "1000+", "?" */
};

/* Fields with JSON text. */
static bool is_json(const char *field)
{
    static const char *const fields[] = {"lists",   "refused",      "refused_by_reason",
                                         "mmdb",    "snapshot",     "memory",
                                         "hits_by", "anomalies_by", "latency"};
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (strcmp(field, fields[i]) == 0)
            return true;
    return false;
}

static bool is_number(const char *field)
{
#define IS_COUNTER(id, name)                                                                       \
    if (strcmp(field, name) == 0)                                                                  \
        return true;
    SW_COUNTERS(IS_COUNTER)
#undef IS_COUNTER
#define IS_AMOUNT(name)                                                                            \
    if (strcmp(field, name) == 0)                                                                  \
        return true;
    SW_AMOUNTS(IS_AMOUNT)
#undef IS_AMOUNT
    return false;
}

/* The hash as an object; NULL for an empty hash: expired. */
static json_t *make_state(const redisReply *reply)
{
    json_t *state = reply->elements ? json_object() : NULL;
    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
        const char *field = cli_clean_text(reply->element[i]->str);
        const redisReply *value = reply->element[i + 1];
        json_t *json = is_json(field) ? json_loadb(value->str, value->len, 0, NULL) : NULL;
        if (json)
            json_object_set_new(state, field, json);
        else if (is_number(field))
            json_object_set_new(state, field, json_integer(strtoll(value->str, NULL, 10)));
        else
            cli_json_set(state, field, value->str);
    }
    return state;
}

/* The number of entries of the change stream after the applied entry. */
static int ask_behind(struct cli *cli, struct resolver *r)
{
    const char *applied = cli_json_text(r->state, "applied");
    struct sw_stream_id id;
    snprintf(r->behind, sizeof(r->behind), "?");
    if (sw_stream_id_parse(applied, strlen(applied), &id) != SW_OK)
        return CLI_OK;
    redisReply *reply =
        cli_ask(cli, "XRANGE", cli_key(cli, "changes"), applied, "+", "COUNT", BEHIND_MAX, CLI_END);
    if (!reply)
        return CLI_REDIS;
    size_t n = reply->type == REDIS_REPLY_ARRAY ? reply->elements : 0;
    if (n > 0 && reply->element[0]->elements == 2 &&
        strcmp(reply->element[0]->element[0]->str, applied) == 0)
        n--; /* the applied entry itself */
    snprintf(r->behind, sizeof(r->behind), n >= 1000 ? "1000+" : "%zu", n);
    freeReplyObject(reply);
    return CLI_OK;
}

static int ask_resolver(struct cli *cli, struct resolver *r)
{
    redisReply *reply = cli_ask(cli, "HGETALL", cli_key(cli, "resolver:%s", r->id), CLI_END);

    if (!reply)
        return CLI_REDIS;
    r->state = make_state(reply);
    freeReplyObject(reply);
    return r->state ? ask_behind(cli, r) : CLI_OK;
}

/* ---- printing ---- */

/* "3 s ago", "5 min ago", "2 h ago", "4 d ago" */
static const char *ago(int64_t seconds, char text[32])
{
    if (seconds < 0)
        seconds = 0;
    if (seconds < 120)
        snprintf(text, 32, "%" PRId64 " s ago", seconds);
    else if (seconds < 7200)
        snprintf(text, 32, "%" PRId64 " min ago", seconds / 60);
    else if (seconds < 172800)
        snprintf(text, 32, "%" PRId64 " h ago", seconds / 3600);
    else
        snprintf(text, 32, "%" PRId64 " d ago", seconds / 86400);
    return text;
}

static void print_overview(const struct cli *cli, const struct resolver *all, size_t n)
{
    struct cli_table *table = cli_table_new(cli, "~RESOLVER", "STATE", "VERSION", "UNBOUND",
                                            ">LISTS", "~APPLIED", ">BEHIND", "REPORTED", CLI_END);
    int64_t now = sw_clock_wall_us() / US_PER_S;
    for (size_t i = 0; i < n; i++) {
        const json_t *s = all[i].state;
        char lists[24], when[32];
        snprintf(lists, sizeof(lists), "%zu", json_object_size(json_object_get(s, "lists")));
        ago(now - all[i].reported, when);
        if (!s) {
            cli_table_row(table, all[i].id, "late", "", "", "", "", "", when);
            cli_table_style(table, CLI_BAD);
            continue;
        }
        cli_table_row(table, all[i].id, cli_json_text(s, "state"), cli_json_text(s, "version"),
                      cli_json_text(s, "unbound"), lists, cli_json_text(s, "applied"),
                      all[i].behind, when);
        if (strcmp(cli_json_text(s, "state"), "following") != 0)
            cli_table_style(table, CLI_BAD);
    }
    cli_table_print(table, 0);
}

/* Items after a label, separated by commas, in lines of about 96 columns. */
struct line {
    const char *label;
    size_t column; /* 0: nothing printed yet */
};

static void put_item(struct line *line, const char *item)
{
    size_t len = strlen(item);
    if (line->column == 0)
        line->column = (size_t)printf("  %-10s ", line->label);
    else if (line->column + len > 94)
        line->column = (size_t)printf(",\n%13s", "") - 2;
    else
        line->column += (size_t)printf(", ");
    line->column += (size_t)printf("%s", item);
}

static void end_line(const struct line *line)
{
    if (line->column)
        printf("\n");
}

static void print_lists(const json_t *state)
{
    struct line line = {.label = "lists"};
    const char *name;
    json_t *list, *lists = json_object_get(state, "lists");
    json_object_foreach(lists, name, list)
    {
        json_int_t refused = json_integer_value(json_object_get(list, "refused"));
        char item[160], more[40] = "";
        if (refused)
            snprintf(more, sizeof(more), " (%" JSON_INTEGER_FORMAT " refused)", refused);
        snprintf(item, sizeof(item), "%.64s %" JSON_INTEGER_FORMAT "%s%s", cli_clean_text(name),
                 json_integer_value(json_object_get(list, "count")), more,
                 cli_json_text(list, "problem")[0] ? " (has a problem)" : "");
        put_item(&line, item);
    }
    if (json_object_size(lists) == 0)
        put_item(&line, "none");
    end_line(&line);
    json_object_foreach(lists, name, list)
    {
        const char *problem = cli_json_text(list, "problem");
        if (problem[0])
            printf("  problem    %s: %s\n", cli_clean_text(name), cli_clean_text(problem));
    }
}

/* The number since the start for each reason, then the last refusals in words. */
static void print_refused(const struct cli *cli, const json_t *state)
{
    const json_t *items = json_object_get(state, "refused"), *item;
    json_t *reasons = json_object_get(state, "refused_by_reason"), *count;
    struct line line = {.label = "refused"};
    const char *reason;
    char text[80];
    size_t i;
    json_object_foreach(reasons, reason, count)
    {
        snprintf(text, sizeof(text), "%.40s %" JSON_INTEGER_FORMAT, cli_clean_text(reason),
                 json_integer_value(count));
        put_item(&line, text);
    }
    end_line(&line);
    json_array_foreach(items, i, item)
    {
        const char *list = cli_json_text(item, "list");
        printf("             %s%s%s'%s': %s%s\n", cli_style(cli, CLI_BAD), cli_clean_text(list),
               list[0] ? ": " : "", cli_clean_text(cli_json_text(item, "item")),
               cli_clean_text(cli_json_text(item, "why")), cli_style(cli, CLI_PLAIN));
    }
}

static void print_database(const struct cli *cli, const char *role, const json_t *db)
{
    const char *error = cli_json_text(db, "error");
    char built[SW_TIMETEXT_MAX];
    printf("  %-5s mmdb %s", cli_clean_text(role), cli_clean_text(cli_json_text(db, "path")));
    if (json_is_true(json_object_get(db, "open"))) {
        int64_t epoch = json_integer_value(json_object_get(db, "epoch"));
        printf(": %s, %" JSON_INTEGER_FORMAT " records, built %.10s",
               cli_clean_text(cli_json_text(db, "type")),
               json_integer_value(json_object_get(db, "records")),
               sw_time_text(epoch * US_PER_S, built));
    } else {
        printf(": not open");
    }
    if (error[0])
        printf("; %s%s%s", cli_style(cli, CLI_BAD), cli_clean_text(error),
               cli_style(cli, CLI_PLAIN));
    printf("\n");
}

static void print_table(const struct cli *cli, const json_t *table)
{
    const char *error = cli_json_text(table, "error");
    printf("  classes %s", cli_clean_text(cli_json_text(table, "path")));
    if (json_is_true(json_object_get(table, "open")))
        printf(": %" JSON_INTEGER_FORMAT " rules, %" JSON_INTEGER_FORMAT " lines passed over",
               json_integer_value(json_object_get(table, "rules")),
               json_integer_value(json_object_get(table, "refused")));
    else
        printf(": not open");
    if (error[0])
        printf("; %s%s%s", cli_style(cli, CLI_BAD), cli_clean_text(error),
               cli_style(cli, CLI_PLAIN));
    printf("\n");
}

static void print_databases(const struct cli *cli, const json_t *state)
{
    const char *role;
    json_t *files, *db;
    size_t i;
    json_object_foreach(json_object_get(state, "mmdb"), role, files)
    {
        bool of_classes = strcmp(role, "classes") == 0;
        json_array_foreach(files, i, db)
        {
            if (of_classes)
                print_table(cli, db);
            else
                print_database(cli, role, db);
        }
    }
}

/* Counters other than 0. */
static void print_counters(const json_t *state)
{
    struct line line = {.label = "counted"};
    char item[80];
#define PRINT_COUNTER(id, name)                                                                    \
    if (json_integer_value(json_object_get(state, name)) != 0) {                                   \
        snprintf(item, sizeof(item), name " %" JSON_INTEGER_FORMAT,                                \
                 json_integer_value(json_object_get(state, name)));                                \
        put_item(&line, item);                                                                     \
    }
    SW_COUNTERS(PRINT_COUNTER)
#undef PRINT_COUNTER
    end_line(&line);
}

/* Where the lists come from, and the file that the next start would begin with. */
static void print_snapshot(const struct cli *cli, const json_t *state)
{
    const json_t *s = json_object_get(state, "snapshot");
    const char *from = cli_json_text(s, "started_from"), *written = cli_json_text(s, "written");
    const char *refused = cli_json_text(s, "refused"), *problem = cli_json_text(s, "problem");
    int64_t us;
    if (!from[0] && !written[0] && !refused[0] && !problem[0])
        return;
    printf("  snapshot   lists from %s",
           strcmp(cli_json_text(s, "lists_from"), "redis") == 0 ? "Redis" : "the snapshot");
    if (from[0])
        printf(", started from the snapshot of %s", cli_time(from, true));
    if (sw_time_parse(written, strlen(written), &us) == SW_OK) {
        char when[32];
        printf(", file written %s", ago((sw_clock_wall_us() - us) / US_PER_S, when));
    }
    if (refused[0])
        printf("; %sat start refused: %s%s", cli_style(cli, CLI_BAD), cli_clean_text(refused),
               cli_style(cli, CLI_PLAIN));
    if (problem[0])
        printf("; %snot written: %s%s", cli_style(cli, CLI_BAD), cli_clean_text(problem),
               cli_style(cli, CLI_PLAIN));
    printf("\n");
}

/* Numbers of records that are not in the memory, by reason. */
static void print_left_out(const json_t *memory)
{
    json_t *left_out = json_object_get(memory, "left_out"), *count;
    struct line line = {.label = "left out"};
    const char *reason;
    char text[80];
    json_object_foreach(left_out, reason, count)
    {
        snprintf(text, sizeof(text), "%.40s %" JSON_INTEGER_FORMAT, cli_clean_text(reason),
                 json_integer_value(count));
        put_item(&line, text);
    }
    end_line(&line);
}

/* The folder of the memory: size, times, rate, the reason for a stop, what was left out. */
static void print_memory(const struct cli *cli, const json_t *state)
{
    const json_t *m = json_object_get(state, "memory");
    const char *folder = cli_json_text(m, "folder"), *problem = cli_json_text(m, "problem");
    const char *oldest = cli_json_text(m, "oldest"), *newest = cli_json_text(m, "newest");
    if (!folder[0])
        return;
    printf("  memory     %s: %.1f MiB in %" JSON_INTEGER_FORMAT " files", cli_clean_text(folder),
           (double)json_integer_value(json_object_get(m, "octets")) / 1048576,
           json_integer_value(json_object_get(m, "files")));
    if (oldest[0])
        printf(", from %s", cli_time(oldest, true));
    if (newest[0])
        printf(" to %s", cli_time(newest, true));
    printf("; %" JSON_INTEGER_FORMAT " sightings a second",
           json_integer_value(json_object_get(m, "sightings_per_second")));
    if (problem[0])
        printf("; %sstopped: %s%s", cli_style(cli, CLI_BAD), cli_clean_text(problem),
               cli_style(cli, CLI_PLAIN));
    printf("\n");
    print_left_out(m);
}

static void print_details(const struct cli *cli, const struct resolver *r)
{
    const char *error = cli_json_text(r->state, "last_error");
    printf("\n%s%s%s, started %s\n", cli_style(cli, CLI_BOLD), cli_clean_text(r->id),
           cli_style(cli, CLI_PLAIN), cli_time(cli_json_text(r->state, "started"), true));
    print_lists(r->state);
    print_refused(cli, r->state);
    print_databases(cli, r->state);
    print_snapshot(cli, r->state);
    print_memory(cli, r->state);
    if (error[0])
        printf("  %serror%s      %s\n", cli_style(cli, CLI_BAD), cli_style(cli, CLI_PLAIN),
               cli_clean_text(error));
    print_counters(r->state);
}

static void print_json(struct cli *cli, struct resolver *all, size_t n, const char *last)
{
    json_t *out = json_object(), *resolvers = json_array();
    for (size_t i = 0; i < n; i++) {
        json_t *one = json_object();
        cli_json_set(one, "id", all[i].id);
        json_object_set_new(one, "live", json_boolean(all[i].state != NULL));
        json_object_set_new(one, "reported", json_integer(all[i].reported));
        if (all[i].state) {
            json_object_update(one, all[i].state);
            json_object_set_new(one, "behind",
                                all[i].behind[0] == '?' ? json_null()
                                                        : json_integer(atoi(all[i].behind)));
            if (strchr(all[i].behind, '+'))
                json_object_set_new(one, "behind_more", json_true());
        }
        json_array_append_new(resolvers, one);
    }
    cli_json_set(out, "redis", sw_redis_target(cli->redis));
    cli_json_set(out, "last_change", last);
    json_object_set_new(out, "resolvers", resolvers);
    cli_json(out);
}

/* ---- the whole ---- */

/* Id of the youngest entry of the change stream; "" when there is none. */
static int ask_last(struct cli *cli, char *last, size_t max)
{
    redisReply *reply =
        cli_ask(cli, "XREVRANGE", cli_key(cli, "changes"), "+", "-", "COUNT", "1", CLI_END);

    last[0] = '\0';
    if (!reply)
        return CLI_REDIS;
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 1 &&
        reply->element[0]->elements == 2)
        snprintf(last, max, "%s", reply->element[0]->element[0]->str);
    freeReplyObject(reply);
    return CLI_OK;
}

/* All resolvers that ever reported and did not leave; CLI_REDIS: reported. */
static int ask_all(struct cli *cli, struct resolver **all, size_t *n)
{
    redisReply *ids =
        cli_ask(cli, "ZRANGE", cli_key(cli, "resolvers"), "0", "-1", "WITHSCORES", CLI_END);
    int code = CLI_OK;

    if (!ids)
        return CLI_REDIS;
    *all = cli_alloc(ids->elements / 2 + 1, sizeof(**all));
    for (size_t i = 0; i + 1 < ids->elements && code == CLI_OK; i += 2) {
        struct resolver *r = &(*all)[(*n)++];
        r->id = cli_copy(ids->element[i]->str);
        r->reported =
            (int64_t)strtod(ids->element[i + 1]->str, NULL); /* scores may have fractions */
        code = ask_resolver(cli, r);
    }
    freeReplyObject(ids);
    return code;
}

static void print_text(const struct cli *cli, const struct resolver *all, size_t n,
                       const char *last)
{
    printf("Redis at %s; last change %s\n", sw_redis_target(cli->redis),
           last[0] ? cli_clean_text(last) : "none");
    if (n == 0)
        printf("no resolver has reported here\n");
    print_overview(cli, all, n);
    for (size_t i = 0; i < n; i++)
        if (all[i].state)
            print_details(cli, &all[i]);
}

int cli_status(struct cli *cli, int argc, char **argv)
{
    struct resolver *all = NULL;
    size_t n = 0, live = 0;
    char last[64], **words;
    cli_parse(cli, &usage, NULL, argc, argv, &words);
    int code = cli_connect(cli);
    if (code == CLI_OK)
        code = ask_last(cli, last, sizeof(last));
    if (code == CLI_OK)
        code = ask_all(cli, &all, &n);
    if (code == CLI_OK && cli->json)
        print_json(cli, all, n, last);
    else if (code == CLI_OK)
        print_text(cli, all, n, last);
    for (size_t i = 0; i < n; i++) {
        live += all[i].state != NULL;
        json_decref(all[i].state);
        free(all[i].id);
    }
    free(all);
    return code != CLI_OK ? code : live ? CLI_OK : CLI_NONE;
}
