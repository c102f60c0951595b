/* doctor_host.c - systemd and the clock. See doctor.h. */
#include "cli/doctor/doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>

/* ---- systemd ---- */

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
static unsigned closed_folders(struct doctor *d, const char *unit_paths)
{
    const struct sw_settings *s = &d->cli->settings;
    const char *const path[] = {s->snapshot_file, s->event_spool, s->event_file, s->memory_folder};
    unsigned closed = 0;
    for (size_t i = 0; i < sizeof(path) / sizeof(path[0]); i++) {
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
    return closed;
}

/* The property of the unit that hides a path from the module, or NULL. */
static const char *hidden_by(const struct doctor_unit *unit, const char *path)
{
    const char *home = unit->value[DOCTOR_PROTECT_HOME];
    if ((strcmp(home, "yes") == 0 || strcmp(home, "tmpfs") == 0) &&
        covered("/home /root /run/user", path))
        return "ProtectHome=no";
    if (strcmp(unit->value[DOCTOR_PRIVATE_TMP], "yes") == 0 && covered("/tmp /var/tmp", path))
        return "PrivateTmp=no";
    return NULL;
}

/* Each path of the settings, against the folders that a unit hides. */
static unsigned hidden_paths(struct doctor *d, const struct doctor_unit *unit)
{
    const struct sw_settings *s = &d->cli->settings;
    const char *const path[] = {
        d->cli->settings_path, s->snapshot_file, s->event_spool,         s->event_file,
        s->event_dnstap,       s->memory_folder, s->memory_exclude,      s->asn_mmdb[0],
        s->owner_mmdb[0],      s->redis_socket,  s->redis_password_file, s->class_table[0],
    };
    unsigned hidden = 0;
    for (size_t i = 0; i < sizeof(path) / sizeof(path[0]); i++) {
        const char *line = path[i][0] ? hidden_by(unit, path[i]) : NULL;
        if (!line)
            continue;
        hidden++;
        doctor_say(
            d, DOCTOR_FAILURE, "systemd.sandbox",
            doctor_words("another path, or sudo systemctl edit %s: [Service] %s", d->unit, line),
            "%s hides %s from Unbound, and the settings name the path", d->unit, path[i]);
    }
    return hidden;
}

static bool unix_sockets_refused(struct doctor *d, const struct doctor_unit *unit)
{
    const struct sw_settings *s = &d->cli->settings;
    const char *allowed = unit->value[DOCTOR_ADDRESS_FAMILIES];
    bool refused = (s->redis_socket[0] || s->event_dnstap[0]) && strncmp(allowed, "AF_", 3) == 0 &&
                   !strstr(allowed, "AF_UNIX");
    if (refused)
        doctor_say(d, DOCTOR_FAILURE, "systemd.sandbox",
                   doctor_words("sudo systemctl edit %s: [Service] RestrictAddressFamilies=AF_UNIX",
                                d->unit),
                   "%s allows no unix sockets, and the settings name one", d->unit);
    return refused;
}

/* The settings file that the unit names to the module, against the file that is looked at. */
static void environment(struct doctor *d, const struct doctor_unit *unit)
{
    const char *unit_file = doctor_unit_settings(unit);
    const char *ours = d->cli->settings_path ? d->cli->settings_path : "";
    if (strcmp(unit_file, ours) != 0)
        doctor_say(d, DOCTOR_WARNING, "systemd.environment",
                   doctor_words("sudo sinkwatch doctor --config %s", unit_file),
                   "%s lets the module read %s, and this run looks at %s", d->unit, unit_file,
                   ours);
}

static void sandbox(struct doctor *d, const struct doctor_unit *unit)
{
    bool strict = strcmp(unit->value[DOCTOR_PROTECT_SYSTEM], "strict") == 0;
    unsigned faults = strict ? closed_folders(d, unit->value[DOCTOR_READ_WRITE_PATHS]) : 0;
    faults += hidden_paths(d, unit) + unix_sockets_refused(d, unit);
    if (!faults)
        doctor_say(d, DOCTOR_OK, "systemd.sandbox", NULL, "%s %s", d->unit,
                   strict ? "is protected, and Sinkwatch's folders are writable"
                          : "keeps no file of Sinkwatch from Unbound");
}

static void systemd(struct doctor *d)
{
    struct doctor_unit unit;
    if (!doctor_unit_read(d->unit, &unit)) {
        doctor_say(d, DOCTOR_OK, "systemd.sandbox", NULL, "no unit %s of systemd", d->unit);
    } else {
        environment(d, &unit);
        if (d->settings_read)
            sandbox(d, &unit);
    }
    doctor_unit_free(&unit);
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
    doctor_apparmor(d);
    systemd(d);
    clock_synchronized(d);
}
