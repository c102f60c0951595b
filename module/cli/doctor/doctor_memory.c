/* doctor_memory.c - the memory of past records, and the reader of dnstap messages. See doctor.h. */
#include "cli/doctor/doctor.h"
#include "memory/memory.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define OCTETS_MIB (1 << 20)

/* ---- the memory ---- */

struct files {
    const char *folder;
    uid_t uid;                      /* of Unbound */
    uint64_t octets;                /* of all files */
    unsigned damaged, aside, other; /* files; other: of another user */
    char first[200], first_other[200];
};

/* sw_memory_file_fn */
static void count_file(void *arg, const struct sw_memory_file *file)
{
    struct files *files = arg;
    const char *path = doctor_words("%s/%s", files->folder, file->name);
    size_t len = strlen(file->name);
    struct stat st;
    files->octets += file->octets;
    if (file->why && files->damaged + files->aside == 0)
        snprintf(files->first, sizeof(files->first), "%s %s", file->name, file->why);
    if (file->why && len > 6 && strcmp(file->name + len - 6, ".aside") == 0)
        files->aside++;
    else if (file->why)
        files->damaged++;
    if (lstat(path, &st) == 0 && st.st_uid != files->uid && files->other++ == 0)
        snprintf(files->first_other, sizeof(files->first_other), "%s", path);
}

/* Files that the module leaves out, and files that it cannot read. */
static void judge_files(struct doctor *d, const struct files *files)
{
    const char *why, *user = d->user && d->user[0] ? d->user : "root";
    if (files->damaged)
        doctor_say(d, DOCTOR_FAILURE, "memory.files",
                   doctor_words("sinkwatch memory status, and the files from a copy of %s if there "
                                "is one; the module sets damaged files aside",
                                files->folder),
                   "%s of the memory cannot be read: %s",
                   cli_count(files->damaged, "file", "files"), files->first);
    else if (files->aside)
        doctor_say(
            d, DOCTOR_WARNING, "memory.files",
            doctor_words("the log of the disk (dmesg), then sudo rm %s/*.aside", files->folder),
            "%s of the memory was damaged and is left out: %s",
            cli_count(files->aside, "file", "files"), files->first);
    if (files->other && doctor_may(d, files->first_other, R_OK, &why) == DOCTOR_MAY_NOT)
        doctor_say(d, DOCTOR_FAILURE, "memory.owner",
                   doctor_words("sudo chown -R %s: %s", user, files->folder),
                   "%s cannot read %s of the memory: %s is of another user", user,
                   cli_count(files->other, "file", "files"), files->first_other);
}

static void memory(struct doctor *d)
{
    const struct sw_settings *s = &d->cli->settings;
    const struct passwd *user = d->user && d->user[0] ? getpwnam(d->user) : NULL;
    const char *inside = doctor_inside(d, s->memory_folder);
    struct files files = {.folder = cli_copy(inside), .uid = user ? user->pw_uid : geteuid()};
    char *parent = doctor_above(s->memory_folder);
    enum sw_status status = sw_memory_files(inside, count_file, &files);
    bool exists = access(files.folder, F_OK) == 0;
    uint64_t mib = files.octets / OCTETS_MIB, max = s->memory_max_mib;
    doctor_folder(d, "memory.folder", exists ? s->memory_folder : parent, max > mib ? max - mib : 0,
                  "memory-size-max");
    if (exists && status == SW_EIO)
        doctor_say(d, DOCTOR_WARNING, "memory.files", "sudo sinkwatch doctor",
                   "the files of %s are not known: %s", files.folder, strerror(errno));
    judge_files(d, &files);
    if (s->memory_exclude[0])
        doctor_readable(d, "memory.exclude", s->memory_exclude);
    free((char *)(uintptr_t)files.folder);
    free(parent);
}

/* ---- dnstap ---- */

/* Whether a program accepts connections at the socket; errno otherwise. */
static bool accepts(const char *path)
{
    struct sockaddr_un place = {.sun_family = AF_UNIX};
    errno = ENAMETOOLONG;
    if (strlen(path) >= sizeof(place.sun_path))
        return false;
    memcpy(place.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool connected = fd >= 0 && connect(fd, (struct sockaddr *)&place, sizeof(place)) == 0;
    int error = errno;
    if (fd >= 0)
        close(fd);
    errno = error;
    return connected || error == EAGAIN; /* a reader with many waiting connections */
}

static void dnstap(struct doctor *d)
{
    const char *path = doctor_inside(d, d->cli->settings.event_dnstap), *why;
    const char *user = d->user && d->user[0] ? d->user : "root";
    if (!accepts(path))
        doctor_say(d, DOCTOR_WARNING, "events.dnstap",
                   doctor_words("the reader, such as fstrm_capture -t protobuf:dnstap.Dnstap -u %s "
                                "-w FILE; or no event-dnstap in %s",
                                path, d->cli->settings_path),
                   "no reader takes dnstap messages at %s: %s; hits are not sent", path,
                   strerror(errno));
    else if (doctor_may(d, path, W_OK, &why) == DOCTOR_MAY_NOT)
        doctor_say(d, DOCTOR_FAILURE, "events.dnstap",
                   doctor_words("sudo chgrp %s %s && sudo chmod 660 %s, by the options of the "
                                "reader",
                                user, path, path),
                   "%s may not connect to the reader of dnstap messages at %s: %s", user, path,
                   why);
    else
        doctor_say(d, DOCTOR_OK, "events.dnstap", NULL, "a reader takes dnstap messages at %s",
                   path);
}

void doctor_memory(struct doctor *d)
{
    if (d->settings_read && d->cli->settings.memory_folder[0])
        memory(d);
    if (d->settings_read && d->cli->settings.event_dnstap[0])
        dnstap(d);
}
