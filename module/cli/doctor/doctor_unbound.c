/* doctor_unbound.c - Unbound, unbound.conf, and the module made for this Unbound. See doctor.h. */
#include "base/version.h"
#include "cli/doctor/doctor.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHAIN  "\"dynlib validator iterator\""
#define SO_MAX (64 << 20) /* octets of a module; ours has about 1 MiB */
#define REBUILD                                                                                    \
    "make deb && sudo apt install ./build/deb/*/*.deb (or make UNBOUND_SRC=DIR && make install)"
#define INSTALL                                                                                    \
    "sudo apt install ./build/deb/*/*.deb after make deb; --unbound names another program"

/* ---- the program ---- */

/* The rest of the line that begins with a word, allocated; NULL: there is no such line. */
static char *line_after(const char *text, const char *word)
{
    for (const char *at = text; at; at = strchr(at, '\n')) {
        at += *at == '\n';
        if (strncmp(at, word, strlen(word)) == 0) {
            const char *value = at + strlen(word);
            return strndup(value, strcspn(value, "\n"));
        }
    }
    return NULL;
}

/* Whether a word stands in a text of words. */
static bool has_word(const char *text, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = text; (at = strstr(at, word)) != NULL; at += len)
        if ((at == text || at[-1] == ' ') && (at[len] == '\0' || at[len] == ' '))
            return true;
    return false;
}

static void version(struct doctor *d, const char *program)
{
    const char *const argv[] = {program, "-V", NULL};
    char *text;
    doctor_run(argv, &text);
    d->version = line_after(text, "Version ");
    d->configured = line_after(text, "Configure line: ");
    char *linked = line_after(text, "Linked modules: ");
    if (!d->version)
        doctor_say(d, DOCTOR_FAILURE, "unbound.program", INSTALL,
                   "%s -V does not print a version: no Unbound", program);
    else
        doctor_say(d, DOCTOR_OK, "unbound.program", NULL, "%s is Unbound %s", program, d->version);
    if (d->version && linked && has_word(linked, "dynlib"))
        doctor_say(d, DOCTOR_OK, "unbound.dynlib", NULL, "built with dynlib");
    else if (d->version)
        doctor_say(d, DOCTOR_FAILURE, "unbound.dynlib", REBUILD,
                   "built without dynlib: cannot load modules (linked modules: %s)",
                   linked ? linked : "none named");
    free(linked);
    free(text);
}

/* ---- unbound.conf ---- */

/* A setting as unbound-checkconf prints the setting, allocated; NULL: it prints none. */
static char *setting(const struct doctor *d, const char *checkconf, const char *name)
{
    const char *const argv[] = {checkconf, "-o", name, d->conf, NULL};
    char *text;
    bool ok = doctor_run(argv, &text) == 0;
    if (!ok) {
        free(text);
        return NULL;
    }
    return text;
}

static char *first_line(char *text)
{
    if (text)
        text[strcspn(text, "\n")] = '\0';
    return text;
}

/* The first error in the output of unbound-checkconf, else the first line; cut out of the text. */
static const char *first_error(char *text)
{
    char *error = strstr(text, "error:");
    while (error && error > text && error[-1] != '\n')
        error--;
    return first_line(error ? error : text);
}

/* Judge unbound.conf as a whole. */
static void whole_conf(struct doctor *d, const char *checkconf)
{
    const char *const argv[] = {checkconf, d->conf, NULL};
    char *text;
    bool ok = doctor_run(argv, &text) == 0;
    if (ok)
        doctor_say(d, DOCTOR_OK, "unbound.conf", NULL, "%s has no errors",
                   d->conf ? d->conf : "unbound.conf");
    else
        doctor_say(d, DOCTOR_FAILURE, "unbound.conf",
                   doctor_words("%s %s", checkconf, d->conf ? d->conf : ""),
                   "unbound-checkconf: %s", first_error(text));
    free(text);
}

static void user(struct doctor *d)
{
    if (!d->user || !d->user[0])
        return;
    if (!getpwnam(d->user))
        doctor_say(d, DOCTOR_FAILURE, "unbound.user",
                   doctor_words("sudo adduser --system --group --no-create-home %s", d->user),
                   "there is no user %s, which unbound.conf names", d->user);
    else
        doctor_say(d, DOCTOR_OK, "unbound.user", NULL, "Unbound runs as %s", d->user);
}

/* Place of a word in a text of words; a large number when not there. */
static size_t place(const char *text, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = text; (at = strstr(at, word)) != NULL; at += len)
        if ((at == text || at[-1] == ' ') && (at[len] == '\0' || at[len] == ' '))
            return (size_t)(at - text);
    return SIZE_MAX;
}

static void chain(struct doctor *d)
{
    static const char *const caching[] = {"subnetcache", "cachedb"};
    const char *modules = d->modules ? d->modules : "";
    size_t at = place(modules, "dynlib");
    if (at == SIZE_MAX) {
        doctor_say(d, DOCTOR_FAILURE, "unbound.modules",
                   "in unbound.conf, clause server: module-config: " CHAIN,
                   "module-config is \"%s\": no dynlib, so that no module is loaded", modules);
        return;
    }
    if (at > place(modules, "validator") || at > place(modules, "iterator")) {
        doctor_say(d, DOCTOR_FAILURE, "unbound.order",
                   "in unbound.conf, clause server: module-config: " CHAIN,
                   "module-config is \"%s\": dynlib must come before validator and iterator",
                   modules);
        return;
    }
    for (size_t i = 0; i < sizeof(caching) / sizeof(caching[0]); i++)
        if (at > place(modules, caching[i])) {
            doctor_say(d, DOCTOR_WARNING, "unbound.order",
                       doctor_words("in unbound.conf, clause server: dynlib before %s in "
                                    "module-config",
                                    caching[i]),
                       "module-config is \"%s\": %s before dynlib costs time for each answer",
                       modules, caching[i]);
            return;
        }
    if (place(modules, "dns64") != SIZE_MAX && at < place(modules, "dns64")) {
        doctor_say(d, DOCTOR_WARNING, "unbound.order",
                   "in unbound.conf, clause server: dns64 before dynlib in module-config",
                   "module-config is \"%s\": dns64 behind dynlib does not translate PTR questions, "
                   "and dns64-synthall and dns64-ignore-aaaa have no effect",
                   modules);
        return;
    }
    doctor_say(d, DOCTOR_OK, "unbound.order", NULL, "module-config is \"%s\"", modules);
}

/* ---- the module ---- */

/* The content of a file, with a zero octet behind; NULL: unreadable or too large. */
static char *content(const char *path, size_t *len)
{
    FILE *in = fopen(path, "re");
    char *text = in ? cli_alloc(SO_MAX + 1, 1) : NULL;
    if (!in)
        return NULL;
    *len = fread(text, 1, SO_MAX, in);
    fclose(in);
    return text;
}

/* Compare the module's marker with the program. marker: version of the module, version of Unbound,
 * line of configure, each ended by a line end. */
static void compare(struct doctor *d, const char *path, const char *marker)
{
    char *copy = cli_copy(marker), *rest = copy;
    const char *own = strsep(&rest, "\n");
    const char *host = rest ? strsep(&rest, "\n") : "";
    const char *configured = rest ? strsep(&rest, "\n") : "";
    bool same_line = d->configured && strcmp(configured, d->configured) == 0;
    if (!d->version)
        doctor_say(d, DOCTOR_WARNING, "module.match", INSTALL,
                   "%s is made for Unbound %s; no program to compare with", path, host);
    else if (strcmp(host, d->version) != 0)
        doctor_say(d, DOCTOR_FAILURE, "module.match", REBUILD,
                   "%s is made for Unbound %s, the program is %s", path, host, d->version);
    else if (!same_line)
        doctor_say(d, DOCTOR_FAILURE, "module.match", REBUILD,
                   "%s is made for an Unbound %s that was configured with other options", path,
                   host);
    else
        doctor_say(d, DOCTOR_OK, "module.match", NULL, "%s is made for this Unbound", path);
    if (strcmp(own, SW_VERSION) != 0)
        doctor_say(d, DOCTOR_WARNING, "module.version",
                   "install the packages sinkwatch and unbound-module-sinkwatch of one version",
                   "the module is %s, the command is %s", own, SW_VERSION);
    free(copy);
}

/* Whether the file is this module; says so then. */
static bool is_ours(struct doctor *d, const char *path, const char *inside)
{
    static const char begin[] = SW_MARKER_BEGIN;
    size_t len = 0;
    char *so = content(inside, &len);
    const char *at = so ? memmem(so, len, begin, sizeof(begin) - 1) : NULL;
    if (at)
        compare(d, path, at + sizeof(begin) - 1);
    free(so);
    return at != NULL;
}

/* A file of the setting dynlib-file. Returns whether the file is the module of Sinkwatch. */
static bool module_file(struct doctor *d, const char *path)
{
    const char *inside = doctor_inside(d, path), *why;
    enum doctor_may may = doctor_may(d, inside, R_OK, &why);
    const char *copy = d->chroot && d->chroot[0]
                           ? doctor_words("sudo install -D -m 755 %s %s", path, inside)
                           : doctor_words("sudo make install, or sudo chmod 755 %s", inside);
    if (may == DOCTOR_MAY_NOT) {
        doctor_say(d, DOCTOR_FAILURE, "module.file", copy, "%s cannot be read by Unbound: %s",
                   inside, why);
        return true;
    }
    if (!is_ours(d, path, inside))
        return false;
    doctor_say(d, DOCTOR_OK, "module.file", NULL, "%s is there", inside);
    return true;
}

static void module_files(struct doctor *d, char *files)
{
    bool ours = false;
    char *next, *rest = files;
    while (rest && (next = strsep(&rest, "\n")) != NULL)
        ours = (next[0] && module_file(d, next)) || ours;
    if (!ours)
        doctor_say(d, DOCTOR_FAILURE, "module.file",
                   "in unbound.conf, clause dynlib: dynlib-file: "
                   "\"/usr/lib/sinkwatch/sinkwatch.so\"",
                   "no dynlib-file of unbound.conf is the module of Sinkwatch");
}

/* ---- the whole ---- */

/* unbound-checkconf prints single settings of many a file that it refuses as a whole. */
static void settings_of(struct doctor *d, const char *checkconf)
{
    whole_conf(d, checkconf);
    d->chroot = first_line(setting(d, checkconf, "chroot"));
    d->user = first_line(setting(d, checkconf, "username"));
    d->modules = first_line(setting(d, checkconf, "module-config"));
    d->listens = first_line(setting(d, checkconf, "interface"));
    char *files = setting(d, checkconf, "dynlib-file");
    user(d);
    if (d->modules)
        chain(d);
    if (files)
        module_files(d, files);
    free(files);
}

void doctor_unbound(struct doctor *d)
{
    char *program = doctor_find(d->unbound ? d->unbound : "unbound");
    if (!program) {
        doctor_say(d, DOCTOR_FAILURE, "unbound.program", INSTALL,
                   "there is no program %s on this machine", d->unbound ? d->unbound : "unbound");
        return;
    }
    version(d, program);
    const char *slash = strrchr(program, '/');
    char *checkconf =
        doctor_find(doctor_words("%.*sunbound-checkconf", (int)(slash - program) + 1, program));
    if (checkconf)
        settings_of(d, checkconf);
    else
        doctor_say(d, DOCTOR_WARNING, "unbound.conf", "install unbound-checkconf of this Unbound",
                   "there is no unbound-checkconf beside %s to read unbound.conf with", program);
    free(checkconf);
    free(program);
}
