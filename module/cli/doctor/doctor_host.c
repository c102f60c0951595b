/* doctor_host.c - AppArmor, systemd and the clock. See doctor.h. */
#include "cli/doctor/doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <unistd.h>

#define LINE_MAX_OCTETS 1024
#define ENABLED         "/sys/module/apparmor/parameters/enabled"
#define PROFILE         "/etc/apparmor.d/usr.sbin.unbound"
#define LOCAL           "/etc/apparmor.d/local/usr.sbin.unbound"

/* ---- AppArmor ---- */

/* Whether a file has a line that contains a text and is no comment. */
static bool has_line(const char *path, const char *text)
{
    char line[LINE_MAX_OCTETS];
    bool found = false;
    FILE *in = fopen(path, "re");
    while (in && !found && fgets(line, sizeof(line), in)) {
        const char *begin = line + strspn(line, " \t");
        bool comment = begin[0] == '#' && strncmp(begin, "#include", 8) != 0;
        found = !comment && strstr(begin, text);
    }
    if (in)
        fclose(in);
    return found;
}

static const char *below(const struct doctor *d, const char *path)
{
    return doctor_words("%s%s", d->system_root, path);
}

static void apparmor(struct doctor *d)
{
    if (!has_line(below(d, ENABLED), "Y") || access(below(d, PROFILE), F_OK) != 0)
        doctor_say(d, DOCTOR_OK, "apparmor", NULL, "no profile confines Unbound");
    else if (access(below(d, "/etc/apparmor.d/disable/usr.sbin.unbound"), F_OK) == 0)
        doctor_say(d, DOCTOR_OK, "apparmor", NULL, "the profile of Unbound is disabled");
    else if (has_line(below(d, LOCAL), "local/sinkwatch") &&
             access(below(d, "/etc/apparmor.d/local/sinkwatch"), F_OK) == 0)
        doctor_say(d, DOCTOR_OK, "apparmor", NULL, "the profile of Unbound has Sinkwatch's rules");
    else
        doctor_say(d, DOCTOR_FAILURE, "apparmor",
                   "sudo cp conf/apparmor/sinkwatch /etc/apparmor.d/local/ && echo "
                   "'include <local/sinkwatch>' | sudo tee -a " LOCAL
                   " && sudo apparmor_parser -r " PROFILE,
                   "the profile " PROFILE " denies the files of Sinkwatch: " LOCAL
                   " does not include local/sinkwatch");
}

/* ---- systemd ---- */

/* The value of "Name=value" in the output of systemctl, allocated; "" if not there. */
static char *property(const char *text, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = text; at; at = strchr(at, '\n')) {
        at += *at == '\n';
        if (strncmp(at, name, len) == 0 && at[len] == '=')
            return strndup(at + len + 1, strcspn(at + len + 1, "\n"));
    }
    return cli_copy("");
}

/* Whether a folder is one of the writable folders of a unit, or below one. */
static bool covered(const char *writable, const char *folder)
{
    char *copy = cli_copy(writable), *rest = copy, *next;
    bool found = false;
    while (!found && (next = strsep(&rest, " ")) != NULL) {
        const char *path = next + strspn(next, "-+");
        size_t len = strlen(path);
        found = len > 0 && strncmp(folder, path, len) == 0 &&
                (folder[len] == '\0' || folder[len] == '/');
    }
    free(copy);
    return found;
}

/* Each path of the settings that the module writes to, against the folders of the unit. */
static void writable(struct doctor *d, const char *unit_paths)
{
    const struct sw_settings *s = &d->cli->settings;
    const char *const path[] = {s->snapshot_file, s->event_spool, s->event_file};
    unsigned closed = 0;
    for (size_t i = 0; d->settings_read && i < sizeof(path) / sizeof(path[0]); i++) {
        if (!path[i][0] || strncmp(path[i], "/dev/", 5) == 0 || covered(unit_paths, path[i]))
            continue;
        closed++;
        doctor_say(d, DOCTOR_FAILURE, "systemd.sandbox",
                   doctor_words("sudo install -D -m 644 conf/systemd/unbound.service.d/"
                                "sinkwatch.conf /etc/systemd/system/%s.d/sinkwatch.conf && sudo "
                                "systemctl daemon-reload; other folders: ReadWritePaths=",
                                d->unit),
                   "%s has ProtectSystem=strict, and %s is in no folder of ReadWritePaths=",
                   d->unit, path[i]);
    }
    if (!closed)
        doctor_say(d, DOCTOR_OK, "systemd.sandbox", NULL,
                   "%s is protected, and Sinkwatch's folders are writable", d->unit);
}

/* The settings file that the unit names to the module, against the file that is looked at. */
static void environment(struct doctor *d, const char *variables)
{
    const char *at = strstr(variables, SW_SETTINGS_ENV "=");
    const char *path = at ? at + sizeof(SW_SETTINGS_ENV) : SW_SETTINGS_DEFAULT;
    const char *unit_file = doctor_words("%.*s", (int)strcspn(path, " \""), path);
    const char *ours = d->cli->settings_path ? d->cli->settings_path : "";
    if (strcmp(unit_file, ours) != 0)
        doctor_say(d, DOCTOR_WARNING, "systemd.environment",
                   doctor_words("sudo sinkwatch doctor --config %s", unit_file),
                   "%s lets the module read %s, and this run looks at %s", d->unit, unit_file,
                   ours);
}

static void systemd(struct doctor *d)
{
    char *systemctl = doctor_find("systemctl"), *text = NULL;
    const char *const argv[] = {systemctl, "show", "--no-pager", d->unit, NULL};
    bool shown = systemctl && doctor_run(argv, &text) == 0;
    char *load = property(shown ? text : "", "LoadState");
    char *protect = property(shown ? text : "", "ProtectSystem");
    char *paths = property(shown ? text : "", "ReadWritePaths");
    char *variables = property(shown ? text : "", "Environment");
    if (strcmp(load, "loaded") != 0) {
        doctor_say(d, DOCTOR_OK, "systemd.sandbox", NULL, "no unit %s of systemd", d->unit);
    } else {
        environment(d, variables);
        if (strcmp(protect, "strict") == 0)
            writable(d, paths);
        else
            doctor_say(d, DOCTOR_OK, "systemd.sandbox", NULL, "%s is not protected", d->unit);
    }
    free(load);
    free(protect);
    free(paths);
    free(variables);
    free(text);
    free(systemctl);
}

/* ---- the clock ---- */

static void clock_synchronized(struct doctor *d)
{
    struct timex state = {.modes = 0};
    int answer = adjtimex(&state);
    if (answer < 0)
        return;
    if (answer == TIME_ERROR || state.status & STA_UNSYNC)
        doctor_say(d, DOCTOR_WARNING, "clock.synchronized", "sudo timedatectl set-ntp true",
                   "the kernel's clock is not synchronized: ends of indicators and times of "
                   "events may be wrong");
    else
        doctor_say(d, DOCTOR_OK, "clock.synchronized", NULL, "the clock is synchronized");
}

void doctor_host(struct doctor *d)
{
    apparmor(d);
    systemd(d);
    clock_synchronized(d);
}
