/* checkconf.c - sinkwatch checkconf: every problem of a settings file and of the files named
 * there. */
#include "base/clock.h"
#include "base/policy.h"
#include "cli/output.h"
#include "owner/classtable.h"
#include "owner/mmdb.h"

#include <stdio.h>
#include <stdlib.h>

#define FIELDSTEXT_MAX (SW_OWNER_COUNT * (SW_TEXT_MAX + 24))

#define US_PER_S 1000000

static const struct cli_usage usage = {
    .words = "[FILE]",
    .doc = "Judge a settings file: every problem with file, line, key and the allowed values; the "
           "Redis that the file names, the paths of the MMDB files, and whether the files open. "
           "The command does not connect to Redis."
           "\vThe exit code is 4 when a setting has a problem, 1 when only an MMDB file or a "
           "table of classes does not open, or a table has a bad line: a resolver goes on without "
           "such a file.\n\n"
           "Examples:\n"
           "  sinkwatch checkconf\n"
           "  sinkwatch checkconf conf/sinkwatch.conf",
    .max = 1,
};

struct found {
    const struct cli *cli;
    json_t *problems;
    bool unopened; /* some MMDB file */
};

static void note(void *arg, const char *message)
{
    struct found *found = arg;
    json_array_append_new(found->problems, json_string(cli_clean_text(message)));
    if (!found->cli->json)
        printf("%s%s%s\n", cli_style(found->cli, CLI_BAD), cli_clean_text(message),
               cli_style(found->cli, CLI_PLAIN));
}

/* "AS from autonomous_system_number, ...": by which paths a file is read. */
static const char *fields_text(const struct sw_mmdb *db, char out[FIELDSTEXT_MAX])
{
    static const char *const name[SW_OWNER_COUNT] = {"AS",      "organization", "registrant",
                                                     "netname", "country",      "class"};
    char path[SW_TEXT_MAX];
    size_t used = 0;
    out[0] = '\0';
    for (unsigned f = 0; f < SW_OWNER_COUNT && used < FIELDSTEXT_MAX; f++) {
        if (sw_mmdb_field(db, (enum sw_owner_field)f, path, sizeof(path))[0] == '\0')
            continue;
        int n = snprintf(out + used, FIELDSTEXT_MAX - used, "%s%s from %s", used ? ", " : "",
                         name[f], path);
        used += n > 0 ? (size_t)n : 0;
    }
    return out;
}

/* Try a database; returns the object for --json. */
static json_t *try_mmdb(struct found *found, const char *key, const char *path, enum sw_role role,
                        const struct sw_settings *settings)
{
    char why[SW_WHY_MAX] = "", built[SW_TIMETEXT_MAX], fields[FIELDSTEXT_MAX];
    struct sw_mmdb *db = NULL;
    struct stat st;
    bool open = sw_mmdb_open(path, role, settings, &st, &db, why) == SW_OK;
    json_t *out = json_object();
    cli_json_set(out, "path", path);
    json_object_set_new(out, "open", json_boolean(open));
    cli_json_set(out, open ? "type" : "error", open ? sw_mmdb_type(db) : why);
    if (!found->cli->json) {
        printf("%s: %s: ", key, cli_clean_text(path));
        if (open)
            printf("%s, %u different records, built %.10s; %s\n", sw_mmdb_type(db),
                   sw_mmdb_records(db), sw_time_text(sw_mmdb_epoch(db) * US_PER_S, built),
                   fields_text(db, fields));
        else
            printf("%sdoes not open%s: %s\n", cli_style(found->cli, CLI_BAD),
                   cli_style(found->cli, CLI_PLAIN), cli_clean_text(why));
    }
    sw_mmdb_close(db);
    found->unopened = found->unopened || !open;
    return out;
}

/* All databases of a key. */
static json_t *try_mmdbs(struct found *found, const char *key,
                         const char path[SW_MMDB_MAX][SW_PATH_MAX], enum sw_role role,
                         const struct sw_settings *settings)
{
    json_t *out = json_array();
    if (path[0][0] == '\0' && !found->cli->json)
        printf("%s: none\n", key);
    for (size_t i = 0; i < SW_MMDB_MAX && path[i][0] != '\0'; i++)
        json_array_append_new(out, try_mmdb(found, key, path[i], role, settings));
    return out;
}

/* Try a table of classes: its lines with a problem are told. Returns the object for --json. */
static json_t *try_classes(struct found *found, const char *path)
{
    char why[SW_WHY_MAX] = "";
    struct sw_classtable *table = NULL;
    struct stat st;
    size_t refused;
    bool open = sw_classtable_read(path, note, found, &refused, &st, &table, why) == SW_OK;
    json_t *out = json_object();
    cli_json_set(out, "path", path);
    json_object_set_new(out, "open", json_boolean(open));
    if (!open)
        cli_json_set(out, "error", why);
    else
        json_object_set_new(out, "rules", json_integer((json_int_t)sw_classtable_rules(table)));
    if (!found->cli->json && open)
        printf("class-table: %s: %zu rules, %zu lines passed over\n", cli_clean_text(path),
               sw_classtable_rules(table), refused);
    else if (!found->cli->json)
        printf("class-table: %s: %sdoes not open%s: %s\n", cli_clean_text(path),
               cli_style(found->cli, CLI_BAD), cli_style(found->cli, CLI_PLAIN),
               cli_clean_text(why));
    sw_classtable_free(table);
    found->unopened = found->unopened || !open || refused > 0;
    return out;
}

static json_t *try_all_classes(struct found *found, const struct sw_settings *settings)
{
    json_t *out = json_array();
    for (size_t i = 0; i < SW_CLASSTABLES_MAX && settings->class_table[i][0] != '\0'; i++)
        json_array_append_new(out, try_classes(found, settings->class_table[i]));
    return out;
}

/* "unix:/run/x.sock" or "127.0.0.1:6379", with the prefix. */
static json_t *redis_target(const struct cli *cli, const struct sw_settings *s)
{
    struct sw_redis *redis = sw_redis_new(s);
    if (!redis)
        abort();
    if (!cli->json)
        printf("redis: %s, keys %s:...\n", sw_redis_target(redis), s->redis_prefix);
    json_t *out = json_object();
    cli_json_set(out, "target", sw_redis_target(redis));
    cli_json_set(out, "prefix", s->redis_prefix);
    sw_redis_free(redis);
    return out;
}

int cli_checkconf(struct cli *cli, int argc, char **argv)
{
    struct sw_settings settings;
    struct found found = {.cli = cli, .problems = json_array()};
    char **words;
    int n = cli_parse(cli, &usage, NULL, argc, argv, &words);
    const char *path = n ? words[0] : cli->config ? cli->config : sw_settings_path();
    enum sw_status status = sw_settings_read(path, &settings, note, &found);
    size_t problems = json_array_size(found.problems);
    if (!cli->json && status != SW_EIO)
        printf("%s: %s\n", cli_clean_text(path),
               problems ? cli_count(problems, "problem", "problems") : "no problem");
    json_t *out = json_object();
    cli_json_set(out, "file", path);
    json_object_set(out, "problems", found.problems);
    if (status != SW_EIO) {
        json_object_set_new(out, "redis", redis_target(cli, &settings));
        json_object_set_new(
            out, "asn-mmdb",
            try_mmdbs(&found, "asn-mmdb", settings.asn_mmdb, SW_ROLE_ASN, &settings));
        json_object_set_new(
            out, "owner-mmdb",
            try_mmdbs(&found, "owner-mmdb", settings.owner_mmdb, SW_ROLE_OWNER, &settings));
        json_object_set_new(out, "class-table", try_all_classes(&found, &settings));
    }
    if (cli->json)
        cli_json(out);
    else
        json_decref(out);
    json_decref(found.problems);
    return status != SW_OK ? CLI_SETTINGS : found.unopened ? CLI_NONE : CLI_OK;
}
