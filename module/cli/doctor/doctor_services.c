/*
 * doctor_services.c - the services beside the resolver. See doctor.h.
 *
 * A service is in use on this host if its unit is enabled, runs, or has failed. For such a service
 * the settings file that the unit names is read, Redis is opened with these settings, and each
 * right of the role of conf/users.acl is tried.
 */
#include "cli/doctor/doctor.h"
#include "cli/notify/targets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct service {
    const char *name;
    const char *unit;
    const char *timer; /* that starts the unit, or NULL */
    const char *role;  /* user of conf/users.acl */
};

static const struct service services[] = {
    {"feed", "sinkwatch-feed.service", NULL, "subscriber"},
    {"notify", "sinkwatch-notify.service", NULL, "notifier"},
    {"web", "sinkwatch-web.service", NULL, "reader"},
    {"metrics", "sinkwatch-metrics.service", NULL, "reader"},
    {"sweep", "sinkwatch-sweep.service", "sinkwatch-sweep.timer", "sweep"},
};

/* ---- the unit ---- */

static bool is(const struct doctor_unit *unit, enum doctor_unit_value which, const char *text)
{
    return strcmp(unit->value[which], text) == 0;
}

static bool failed(struct doctor *d, const struct service *s, const struct doctor_unit *unit)
{
    bool again = is(unit, DOCTOR_SUB_STATE, "auto-restart");
    if (!again && !is(unit, DOCTOR_ACTIVE_STATE, "failed"))
        return false;
    doctor_say(
        d, DOCTOR_FAILURE, doctor_words("%s.unit", s->name),
        doctor_words("journalctl -u %s -n 20, then sudo systemctl restart %s", s->unit, s->unit),
        "%s %s (%s, exit status %s)", s->unit, again ? "ends again and again" : "has failed",
        unit->value[DOCTOR_RESULT], unit->value[DOCTOR_EXIT_STATUS]);
    return true;
}

/* Whether the service is in use on this host. starts: the timer, or the unit itself. */
static bool in_use(struct doctor *d, const struct service *s, const struct doctor_unit *unit,
                   const struct doctor_unit *starts)
{
    const char *id = doctor_words("%s.unit", s->name), *name = s->timer ? s->timer : s->unit;
    bool active =
        is(starts, DOCTOR_ACTIVE_STATE, "active") || is(starts, DOCTOR_ACTIVE_STATE, "activating");
    if (failed(d, s, unit))
        return true;
    if (active) {
        doctor_say(d, DOCTOR_OK, id, NULL, "%s is active", name);
        return true;
    }
    if (!is(starts, DOCTOR_UNIT_FILE_STATE, "enabled")) {
        doctor_say(d, DOCTOR_OK, id, NULL, "%s is not enabled", name);
        return false;
    }
    doctor_say(d, DOCTOR_FAILURE, id,
               doctor_words("systemctl status %s shows a condition that does not hold, then sudo "
                            "systemctl start %s",
                            name, name),
               "%s is enabled, and does not run", name);
    return true;
}

/* ---- words of the unit's command ---- */

/* The value of an option in ExecStart= as systemctl prints the line, allocated; NULL: not there. */
static char *option_of(const struct doctor_unit *unit, const char *option, const char *letter)
{
    const char *line = strstr(unit->value[DOCTOR_EXEC_START], "argv[]=");
    const char *end = line ? strstr(line, " ;") : NULL;
    char *copy = line ? strndup(line, end ? (size_t)(end - line) : strlen(line)) : NULL;
    char *rest = copy, *word, *found = NULL;
    size_t len = strlen(option);
    while (!found && rest && (word = strsep(&rest, " ")) != NULL) {
        if (strncmp(word, option, len) == 0 && word[len] == '=')
            found = cli_copy(word + len + 1);
        else if ((strcmp(word, option) == 0 || strcmp(word, letter) == 0) && rest)
            found = strndup(rest, strcspn(rest, " "));
    }
    free(copy);
    return found;
}

static bool has_option(const struct doctor_unit *unit, const char *option)
{
    const char *at = strstr(unit->value[DOCTOR_EXEC_START], option);
    return at && strchr(" ;", at[strlen(option)]);
}

/* The user of conf/users.acl: a page that may change lists needs more. */
static const char *role_of(const struct service *s, const struct doctor_unit *unit)
{
    return has_option(unit, " --allow-changes") ? "desk" : s->role;
}

/* ---- settings ---- */

/* Whether the unit's user can read a file; says so if not. */
static bool readable(struct doctor *d, const struct doctor_unit *unit, const char *id,
                     const char *path)
{
    const char *why, *user = unit->value[DOCTOR_USER][0] ? unit->value[DOCTOR_USER] : "root";
    enum doctor_may may = doctor_may_as(user, path, R_OK, &why);
    if (may == DOCTOR_MAY_NOT)
        doctor_say(d, DOCTOR_FAILURE, id,
                   doctor_words("sudo chgrp sinkwatch %s && sudo chmod 640 %s, or another path in "
                                "the unit",
                                path, path),
                   "%s cannot be read by %s: %s", path, user, why);
    else if (may == DOCTOR_UNKNOWN)
        doctor_say(d, DOCTOR_WARNING, id, "sudo sinkwatch doctor",
                   "not known: only root can try whether %s, a user of this host, reads %s", user,
                   path);
    return may == DOCTOR_MAY;
}

/* The settings of the service into cli; false: not known (reported). */
static bool settings(struct doctor *d, const struct service *s, const struct doctor_unit *unit,
                     struct cli *cli)
{
    const char *id = doctor_words("%s.settings", s->name);
    struct doctor_problems problems = {0};
    char *named = option_of(unit, "--config", "-c");
    const char *path = named ? named : doctor_unit_settings(unit);
    bool absent = !named && access(path, F_OK) != 0 && errno == ENOENT;
    cli->settings_path = cli_copy(path);
    free(named);
    if (absent)
        sw_settings_init(&cli->settings);
    else if (!readable(d, unit, id, cli->settings_path))
        return false;
    else if (sw_settings_read(cli->settings_path, &cli->settings, doctor_note_problem, &problems) !=
             SW_OK)
        doctor_say(d, DOCTOR_FAILURE, id,
                   doctor_words("sinkwatch checkconf %s", cli->settings_path), "%s",
                   problems.first);
    else
        doctor_say(d, DOCTOR_OK, id, NULL, "%s is read by %s", cli->settings_path, s->unit);
    return problems.n == 0;
}

/* ---- secrets ---- */

/* Files of cli/serve/serve_options.c. */
static void server_secrets(struct doctor *d, const struct service *s,
                           const struct doctor_unit *unit)
{
    char *id = cli_copy(doctor_words("%s.secret", s->name));
    char *token = option_of(unit, "--token-file", "--token-file");
    char *key = option_of(unit, "--tls-key", "--tls-key");
    if (token && readable(d, unit, id, token))
        doctor_secret(d, id, token, "the token of the server");
    if (key && readable(d, unit, id, key))
        doctor_secret(d, id, key, "a private key");
    free(token);
    free(key);
    free(id);
}

/* The targets of notices. The problems themselves are those of the sub-command. */
static void notify_targets(struct doctor *d, const struct doctor_unit *unit)
{
    char *named = option_of(unit, "--file", "-f"), *said = NULL;
    const char *path = named ? named : NOTIFY_FILE_DEFAULT;
    const char *const argv[] = {"/proc/self/exe", "notify", "--check", "--file", path, NULL};
    static struct notify_targets targets; /* its texts live until the end of the process */
    if (!readable(d, unit, "notify.targets", path)) {
        ; /* reported */
    } else if (doctor_run(argv, &said) != 0 || notify_targets_read(path, &targets) != CLI_OK) {
        doctor_say(d, DOCTOR_FAILURE, "notify.targets",
                   doctor_words("sinkwatch notify --check --file %s", path), "%.*s",
                   (int)strcspn(said, "\n"), said);
    } else {
        doctor_say(d, DOCTOR_OK, "notify.targets", NULL, "%s: %s", path,
                   cli_count(targets.n, "target", "targets"));
        for (size_t i = 0; i < targets.n; i++) {
            const struct notify_target *t = &targets.target[i];
            if (t->header_file && readable(d, unit, "notify.secret", t->header_file))
                doctor_secret(d, "notify.secret", t->header_file, "a token");
            if (t->client_cert && readable(d, unit, "notify.secret", t->client_cert))
                doctor_secret(d, "notify.secret", t->client_cert, "a private key");
        }
    }
    free(said);
    free(named);
}

/* ---- the whole ---- */

/* Redis with the settings of the service. */
static bool redis(struct doctor *d, const struct service *s, const char *role, struct cli *cli)
{
    cli->redis = sw_redis_new_writer(&cli->settings);
    if (!cli->redis)
        abort();
    if (sw_redis_open(cli->redis) != SW_OK) {
        doctor_not_reached(d, cli, cli->redis, doctor_words("%s.redis", s->name));
        return false;
    }
    char *id = cli_copy(doctor_words("%s.rights", s->name));
    char *remedy = cli_copy(doctor_words("redis-user: %s in a settings file that a drop-in of %s "
                                         "names (Environment=" SW_SETTINGS_ENV
                                         "=FILE), with the rights in conf/users.acl",
                                         role, s->unit));
    doctor_rights(d, cli, id, role, remedy);
    free(id);
    free(remedy);
    return true;
}

/* A service that is in use. Returns whether the feeds were looked at. */
static bool look(struct doctor *d, const struct service *s, const struct doctor_unit *unit)
{
    struct cli *cli = cli_alloc(1, sizeof(*cli));
    bool feeds = false;
    *cli = (struct cli){.json = d->cli->json, .color = d->cli->color};
    if (strcmp(s->role, "reader") == 0)
        server_secrets(d, s, unit);
    if (strcmp(s->name, "notify") == 0)
        notify_targets(d, unit);
    if (settings(d, s, unit, cli) && redis(d, s, role_of(s, unit), cli) &&
        strcmp(s->name, "feed") == 0) {
        doctor_feeds(d, cli, true);
        feeds = true;
    }
    sw_redis_free(cli->redis);
    free((char *)(uintptr_t)cli->settings_path);
    free(cli);
    return feeds;
}

/* Returns whether the feeds were looked at. */
static bool service(struct doctor *d, const struct service *s)
{
    struct doctor_unit unit, timer;
    bool feeds = false;
    bool there = doctor_unit_read(s->unit, &unit);
    bool starts = s->timer && doctor_unit_read(s->timer, &timer);
    if (there && in_use(d, s, &unit, starts ? &timer : &unit))
        feeds = look(d, s, &unit);
    doctor_unit_free(&unit);
    if (s->timer)
        doctor_unit_free(&timer);
    return feeds;
}

void doctor_services(struct doctor *d)
{
    bool feeds = false;
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
        feeds = service(d, &services[i]) || feeds;
    if (!feeds && d->redis_open && sw_redis_is_open(d->cli->redis))
        doctor_feeds(d, d->cli, false);
}
