/* checkconf.c - sinkwatch checkconf: every problem of a settings file and of the files named
 * there. */
#include "base/clock.h"
#include "base/policy.h"
#include "cli/output.h"
#include "owner/classtable.h"
#include "owner/mmdb.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIELDSTEXT_MAX (SW_OWNER_COUNT * (SW_TEXT_MAX + 24))

#define US_PER_S 1000000

static const struct cli_usage usage = {
    .words = "[FILE]",
    .doc = "Judge a settings file: every problem with file, line, key and the allowed values; "
           "whether the Redis that the file names answers; whether MMDB files, tables and "
           "passwords open; whether the folders to write to are there. 'sinkwatch doctor' looks "
           "at more, as Unbound's user."
           "\vThe exit code is 4 when a setting has a problem, 1 when only Redis does not answer, "
           "a file does not open, a folder is missing, or a table has a bad line: a resolver goes "
           "on without.\n\n"
           "Examples:\n"
           "  sinkwatch checkconf\n"
           "  sinkwatch checkconf conf/sinkwatch.conf",
    .max = 1,
};

struct found {
    const struct cli *cli;
    json_t *problems;
    bool unopened; /* a file, a folder or Redis */
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

/* Try a table of classes: lines with a problem are reported. Returns the object for --json. */
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

/* ---- paths ---- */

/* Put a path that is of no use down. Not a problem of a setting: the path can come into being. */
static void no_use(struct found *found, json_t *out, const char *key, const char *path,
                   const char *why)
{
    json_t *one = json_object();
    cli_json_set(one, "key", key);
    cli_json_set(one, "path", path);
    cli_json_set(one, "error", why);
    json_array_append_new(out, one);
    found->unopened = true;
    if (!found->cli->json)
        printf("%s: %s: %s%s%s\n", key, cli_clean_text(path), cli_style(found->cli, CLI_BAD), why,
               cli_style(found->cli, CLI_PLAIN));
}

static void try_file(struct found *found, json_t *out, const char *key, const char *path)
{
    if (path[0] && access(path, R_OK) != 0)
        no_use(found, out, key, path, strerror(errno));
}

/* The folder above a path that the module writes. */
static void try_above(struct found *found, json_t *out, const char *key, const char *path)
{
    char *copy = cli_copy(path);
    const char *folder = dirname(copy);
    struct stat st;
    if (path[0] && strncmp(path, "/dev/", 5) != 0 &&
        (stat(folder, &st) != 0 || !S_ISDIR(st.st_mode)))
        no_use(found, out, key, path, "the folder of this path does not exist");
    free(copy);
}

static json_t *try_paths(struct found *found, const struct sw_settings *s)
{
    json_t *out = json_array();
    try_file(found, out, "redis-password-file", s->redis_password_file);
    try_file(found, out, "redis-sentinel-password-file", s->sentinel_password_file);
    try_file(found, out, "redis-tls-ca", s->redis_tls_ca);
    try_file(found, out, "redis-tls-cert", s->redis_tls_cert);
    try_file(found, out, "redis-tls-key", s->redis_tls_key);
    try_above(found, out, "snapshot-file", s->snapshot_file);
    try_above(found, out, "event-spool", s->event_spool);
    try_above(found, out, "event-file", s->event_file);
    return out;
}

/* ---- Redis ---- */

/* A host with a port behind: a port has a key of its own. An IPv6 address has more colons. */
static void judge_host(struct found *found, const struct sw_settings *s)
{
    const char *colon = strchr(s->redis_host, ':');
    char words[SW_WHY_MAX];
    if (!colon || strchr(colon + 1, ':'))
        return;
    snprintf(words, sizeof(words),
             "redis-host: \"%.100s\" has a port; the port has the key "
             "redis-port",
             s->redis_host);
    note(found, words);
}

/* "unix:/run/x.sock" or "127.0.0.1:6379", with the prefix; whether the server answers. */
static json_t *try_redis(struct found *found, const struct sw_settings *s)
{
    const struct cli *cli = found->cli;
    struct sw_redis *redis = sw_redis_new(s);
    if (!redis)
        abort();
    bool answers = sw_redis_open(redis) == SW_OK;
    if (!cli->json)
        printf("redis: %s, keys %s:...\n", sw_redis_target(redis), s->redis_prefix);
    if (!cli->json && !answers)
        printf("redis: %sdoes not answer: %s%s\n", cli_style(cli, CLI_BAD),
               cli_clean_text(sw_redis_error(redis)), cli_style(cli, CLI_PLAIN));
    json_t *out = json_object();
    cli_json_set(out, "target", sw_redis_target(redis));
    cli_json_set(out, "prefix", s->redis_prefix);
    json_object_set_new(out, "answers", json_boolean(answers));
    if (!answers)
        cli_json_set(out, "error", sw_redis_error(redis));
    found->unopened = found->unopened || !answers;
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
    if (status != SW_EIO)
        judge_host(&found, &settings);
    size_t problems = json_array_size(found.problems);
    if (!cli->json && status != SW_EIO)
        printf("%s: %s\n", cli_clean_text(path),
               problems ? cli_count(problems, "problem", "problems") : "no problem");
    json_t *out = json_object();
    cli_json_set(out, "file", path);
    json_object_set(out, "problems", found.problems);
    if (status != SW_EIO) {
        json_object_set_new(out, "redis", try_redis(&found, &settings));
        json_object_set_new(out, "paths", try_paths(&found, &settings));
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
    return problems || status != SW_OK ? CLI_SETTINGS : found.unopened ? CLI_NONE : CLI_OK;
}
