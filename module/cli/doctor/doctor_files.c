/* doctor_files.c - the settings file as Unbound's user reads the file, and the files and folders
 * that it names. See doctor.h. */
#include "base/clock.h"
#include "base/policy.h"
#include "cli/doctor/doctor.h"
#include "owner/classtable.h"
#include "owner/mmdb.h"

#include <errno.h>
#include <libgen.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define US_PER_S   INT64_C(1000000)
#define DAY_S      INT64_C(86400)
#define AGE_DAYS   90  /* of a database: the makers publish weekly or monthly */
#define DISK_MIB   100 /* free, below which writing will soon fail */
#define OCTETS_MIB (1 << 20)

/* ---- the settings file ---- */

void doctor_note_problem(void *arg, const char *message)
{
    struct doctor_problems *problems = arg;
    if (problems->n++ == 0)
        snprintf(problems->first, sizeof(problems->first), "%s", message);
}

bool doctor_readable(struct doctor *d, const char *id, const char *path)
{
    const char *inside = doctor_inside(d, path), *why;
    const char *owner = d->user && d->user[0] ? d->user : "root";
    struct stat st;
    switch (doctor_may(d, inside, R_OK, &why)) {
    case DOCTOR_MAY:
        return true;
    case DOCTOR_UNKNOWN:
        doctor_say(d, DOCTOR_WARNING, id, "sudo sinkwatch doctor",
                   "not known: only root can try whether %s reads %s", owner, inside);
        return false;
    case DOCTOR_MAY_NOT:
        break;
    }
    const char *remedy = doctor_words("sudo chgrp %s %s && sudo chmod 640 %s; the folders above "
                                      "need mode 755",
                                      owner, inside, inside);
    if (stat(inside, &st) != 0 && d->chroot && d->chroot[0] && access(path, F_OK) == 0)
        remedy = doctor_words("sudo install -D %s %s", path, inside);
    else if (stat(inside, &st) != 0 && errno == ENOENT)
        remedy = doctor_words("put the file in place, or name another path in %s",
                              d->cli->settings_path);
    doctor_say(d, DOCTOR_FAILURE, id, remedy, "%s cannot be read by %s: %s", inside, owner, why);
    return false;
}

void doctor_secret(struct doctor *d, const char *id, const char *path, const char *content)
{
    if (doctor_open_to_all(path))
        doctor_say(d, DOCTOR_WARNING, id,
                   doctor_words("sudo chgrp sinkwatch %s && sudo chmod 640 %s", path, path),
                   "%s holds %s, and every user may read the file", path, content);
}

static bool settings_file(struct doctor *d)
{
    struct cli *cli = d->cli;
    struct doctor_problems problems = {0};
    const char *path = cli->config ? cli->config : sw_settings_path();
    cli->settings_path = path;
    if (access(path, F_OK) != 0) {
        doctor_say(d, DOCTOR_FAILURE, "settings.file",
                   doctor_words("sudo install -D -m 640 -g sinkwatch conf/sinkwatch.conf %s", path),
                   "%s: %s; the module runs with defaults", path, strerror(errno));
        sw_settings_init(&cli->settings);
        return true;
    }
    enum sw_status status = sw_settings_read(path, &cli->settings, doctor_note_problem, &problems);
    if (status == SW_EIO) { /* this process cannot read the file; perhaps Unbound can */
        if (doctor_readable(d, "settings.file", path))
            doctor_say(d, DOCTOR_FAILURE, "settings.file", "sudo sinkwatch doctor", "%s",
                       problems.first);
        return false;
    }
    if (problems.n)
        doctor_say(d, DOCTOR_FAILURE, "settings.problems",
                   doctor_words("sinkwatch checkconf %s", path), "%s%s", problems.first,
                   problems.n > 1 ? doctor_words("; and %u more problems", problems.n - 1) : "");
    if (doctor_readable(d, "settings.file", path) && !problems.n)
        doctor_say(d, DOCTOR_OK, "settings.file", NULL, "%s is read by Unbound", path);
    return true;
}

static void secret_file(struct doctor *d, const char *id, const char *path, const char *content)
{
    if (path[0] && doctor_readable(d, id, path))
        doctor_secret(d, id, doctor_inside(d, path), content);
}

/* Passwords, certificates and keys of the connection to Redis. */
static void secrets(struct doctor *d)
{
    const struct sw_settings *s = &d->cli->settings;
    if (s->redis_password[0] || s->sentinel_password[0])
        doctor_secret(d, "settings.secret", d->cli->settings_path, "a password");
    secret_file(d, "settings.password", s->redis_password_file, "a password");
    secret_file(d, "settings.password", s->sentinel_password_file, "a password");
    if (s->redis_tls_ca[0])
        doctor_readable(d, "settings.tls", s->redis_tls_ca);
    if (s->redis_tls_cert[0] && s->redis_tls_key[0])
        doctor_readable(d, "settings.tls", s->redis_tls_cert);
    secret_file(d, "settings.tls", s->redis_tls_key[0] ? s->redis_tls_key : s->redis_tls_cert,
                "a private key");
}

/* ---- databases and tables ---- */

static void age(struct doctor *d, const char *key, const char *path, const struct sw_mmdb *db)
{
    char built[SW_TIMETEXT_MAX];
    int64_t days = (sw_clock_wall_us() / US_PER_S - sw_mmdb_epoch(db)) / DAY_S;
    const char *id = doctor_words("%s.age", key);
    sw_time_text(sw_mmdb_epoch(db) * US_PER_S, built);
    if (days < -1)
        doctor_say(d, DOCTOR_WARNING, id, "timedatectl status, and a new copy of the database",
                   "%s was built %.10s, in the future: the clock or the file is wrong", path,
                   built);
    else if (days > AGE_DAYS)
        doctor_say(d, DOCTOR_WARNING, id,
                   "scripts/make-asn-mmdb, or your provider's updater, once a month",
                   "%s was built %.10s, %jd days ago: owners of addresses have changed since", path,
                   built, (intmax_t)days);
    else
        doctor_say(d, DOCTOR_OK, key, NULL, "%s: %s, built %.10s", path, sw_mmdb_type(db), built);
}

static void database(struct doctor *d, const char *key, const char *path, enum sw_role role)
{
    char why[SW_WHY_MAX] = "";
    struct sw_mmdb *db = NULL;
    struct stat st;
    if (!doctor_readable(d, key, path))
        return;
    const char *inside = doctor_inside(d, path);
    if (sw_mmdb_open(inside, role, &d->cli->settings, &st, &db, why) == SW_OK)
        age(d, key, inside, db);
    else
        doctor_say(d, DOCTOR_FAILURE, key,
                   doctor_words("a new copy of the database as %s; %s has databases of this type",
                                inside, role == SW_ROLE_ASN ? "GeoLite2-ASN" : "IPinfo"),
                   "%s does not open: %s", inside, why);
    sw_mmdb_close(db);
}

static void databases(struct doctor *d)
{
    const struct sw_settings *s = &d->cli->settings;
    for (size_t i = 0; i < SW_MMDB_MAX && s->asn_mmdb[i][0]; i++)
        database(d, "mmdb.asn", s->asn_mmdb[i], SW_ROLE_ASN);
    for (size_t i = 0; i < SW_MMDB_MAX && s->owner_mmdb[i][0]; i++)
        database(d, "mmdb.owner", s->owner_mmdb[i], SW_ROLE_OWNER);
    if (!s->asn_mmdb[0][0])
        doctor_say(d, DOCTOR_WARNING, "mmdb.asn",
                   doctor_words("scripts/make-asn-mmdb, then asn-mmdb: \"FILE\" in %s",
                                d->cli->settings_path),
                   "no AS database: owners of addresses are not known, AS numbers match nothing");
}

static void tables(struct doctor *d)
{
    const struct sw_settings *s = &d->cli->settings;
    for (size_t i = 0; i < SW_CLASSTABLES_MAX && s->class_table[i][0]; i++) {
        char why[SW_WHY_MAX] = "";
        struct sw_classtable *table = NULL;
        struct doctor_problems problems = {0};
        struct stat st;
        size_t refused = 0;
        const char *path = s->class_table[i];
        if (!doctor_readable(d, "classes.table", path))
            continue;
        enum sw_status status = sw_classtable_read(doctor_inside(d, path), doctor_note_problem,
                                                   &problems, &refused, &st, &table, why);
        if (status != SW_OK || refused)
            doctor_say(d, DOCTOR_FAILURE, "classes.table", "sinkwatch checkconf", "%s: %s", path,
                       status != SW_OK ? why : problems.first);
        else
            doctor_say(d, DOCTOR_OK, "classes.table", NULL, "%s: %zu rules", path,
                       sw_classtable_rules(table));
        sw_classtable_free(table);
    }
}

/* ---- folders ---- */

/* Free space in a folder. */
static void disk(struct doctor *d, const char *id, const char *folder, uint64_t wanted,
                 const char *key)
{
    struct statvfs fs;
    if (statvfs(folder, &fs) != 0)
        return;
    uint64_t mib = (uint64_t)fs.f_bavail * fs.f_frsize / OCTETS_MIB;
    uint64_t least = wanted > DISK_MIB ? wanted : DISK_MIB;
    if (mib < least)
        doctor_say(d, DOCTOR_WARNING, id,
                   wanted > DISK_MIB ? doctor_words("a smaller %s, or a larger disk", key)
                                     : doctor_words("df -h %s", folder),
                   "%s has %ju MiB free, and %ju MiB may be needed", folder, (uintmax_t)mib,
                   (uintmax_t)least);
}

void doctor_folder(struct doctor *d, const char *id, const char *path, uint64_t wanted,
                   const char *key)
{
    const char *inside = doctor_inside(d, path), *why;
    const char *owner = d->user && d->user[0] ? d->user : "root";
    enum doctor_may may = doctor_may(d, inside, W_OK | X_OK, &why);
    if (may == DOCTOR_UNKNOWN) {
        doctor_say(d, DOCTOR_WARNING, id, "sudo sinkwatch doctor",
                   "not known: only root can try whether %s writes to %s", owner, inside);
    } else if (may == DOCTOR_MAY_NOT) {
        doctor_say(d, DOCTOR_FAILURE, id,
                   doctor_words("sudo install -d -o %s -g sinkwatch -m 2750 %s", owner, inside),
                   "%s cannot write to %s: %s", owner, inside, why);
    } else {
        doctor_say(d, DOCTOR_OK, id, NULL, "%s is writable", inside);
        disk(d, id, inside, wanted, key);
    }
}

char *doctor_above(const char *path)
{
    char *copy = cli_copy(path), *folder_of = cli_copy(dirname(copy));
    free(copy);
    return folder_of;
}

/* The snapshot is read only if it is a regular file of Unbound's user with mode 0600. */
static void snapshot_file(struct doctor *d, const char *path)
{
    const struct passwd *user = d->user && d->user[0] ? getpwnam(d->user) : NULL;
    uid_t uid = user ? user->pw_uid : geteuid();
    const char *inside = doctor_inside(d, path);
    struct stat st;
    if (lstat(inside, &st) != 0)
        return;
    if (!S_ISREG(st.st_mode) || st.st_uid != uid || (st.st_mode & 077) != 0)
        doctor_say(d, DOCTOR_FAILURE, "snapshot.file",
                   doctor_words("sudo rm %s; the module writes a new one", inside),
                   "%s is not a file of Unbound's user alone (mode 0600): the module will not "
                   "read the file",
                   inside);
}

/* The file of events: a symbolic link is refused (base/file.h). */
static void event_file(struct doctor *d, const char *path)
{
    const char *inside = doctor_inside(d, path);
    char *parent = doctor_above(path);
    struct stat st;
    if (lstat(inside, &st) == 0 && S_ISLNK(st.st_mode) && strncmp(inside, "/dev/", 5) != 0)
        doctor_say(
            d, DOCTOR_FAILURE, "events.file",
            doctor_words("the target of the link as event-file in %s", d->cli->settings_path),
            "%s is a symbolic link, which the module refuses", inside);
    else if (strncmp(path, "/dev/", 5) != 0)
        doctor_folder(d, "events.file", parent, 0, NULL);
    free(parent);
}

/* The spool's folder is made by the module if the folder above exists. */
static void spool(struct doctor *d, const char *path)
{
    char *parent = doctor_above(path);
    bool exists = access(doctor_inside(d, path), F_OK) == 0;
    doctor_folder(d, "spool.folder", exists ? path : parent, d->cli->settings.spool_max_mib,
                  "event-spool-max");
    free(parent);
}

void doctor_settings(struct doctor *d)
{
    const struct sw_settings *s = &d->cli->settings;
    d->settings_read = settings_file(d);
    if (!d->settings_read)
        return;
    secrets(d);
    databases(d);
    tables(d);
    if (s->snapshot_file[0]) {
        char *parent = doctor_above(s->snapshot_file);
        doctor_folder(d, "snapshot.folder", parent, 0, NULL);
        snapshot_file(d, s->snapshot_file);
        free(parent);
    }
    if (s->event_spool[0])
        spool(d, s->event_spool);
    if (s->event_file[0])
        event_file(d, s->event_file);
}
