/*
 * doctor_apparmor.c - the profile that confines Unbound, against the paths of the settings. See
 * doctor.h.
 *
 * The rules of the profile and of its local additions are read, not the abstractions that the
 * profile includes: a path without a rule is a warning.
 */
#include "cli/doctor/doctor.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_OCTETS 1024
#define ENABLED     "/sys/module/apparmor/parameters/enabled"
#define PROFILE     "/etc/apparmor.d/usr.sbin.unbound"
#define LOCAL       "/etc/apparmor.d/local/usr.sbin.unbound"
#define OURS        "/etc/apparmor.d/local/sinkwatch"

static const char *below(const struct doctor *d, const char *path)
{
    return doctor_words("%s%s", d->system_root, path);
}

/* Whether a file has a line that contains a text and is no comment. */
static bool has_line(const char *path, const char *text)
{
    char line[LINE_OCTETS];
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

/* ---- rules (apparmor.d(5), "Globbing") ---- */

static bool fits(const char *rule, const char *path);

/* "{a,b}rest": each alternative, followed by the rest. */
static bool fits_any(const char *rule, const char *path)
{
    char one[LINE_OCTETS];
    const char *end = strchr(rule, '}'), *at = rule + 1;
    while (end && at <= end) {
        size_t len = strcspn(at, ",}");
        snprintf(one, sizeof(one), "%.*s%s", (int)len, at, end + 1);
        if (fits(one, path))
            return true;
        at += len + 1;
    }
    return false;
}

/* "*rest" and "**rest"; only the second one passes a slash. */
static bool fits_star(const char *rule, const char *path)
{
    bool two = rule[1] == '*';
    for (const char *rest = rule + 1 + two;; path++) {
        if (fits(rest, path))
            return true;
        if (!*path || (!two && *path == '/'))
            return false;
    }
}

/* Whether a path fits a pattern of a rule. Lines are short, and so is the depth. */
static bool fits(const char *rule, const char *path)
{
    for (; *rule; rule++, path++) {
        if (*rule == '*')
            return fits_star(rule, path);
        if (*rule == '{')
            return fits_any(rule, path);
        if (!*path || (*rule == '?' ? *path == '/' : *rule != *path))
            return false;
    }
    return !*path;
}

/* Whether a line of a profile is a rule that gives a right to a path. */
static bool gives(const char *line, char right, const char *path)
{
    char pattern[LINE_OCTETS], rights[32], rule[LINE_OCTETS];
    line += strspn(line, " \t");
    if (strncmp(line, "owner ", 6) == 0)
        line += 6;
    if (sscanf(line, "%1023s %31[a-zA-Z],", pattern, rights) != 2)
        return false;
    if (strncmp(pattern, "@{run}", 6) == 0)
        snprintf(rule, sizeof(rule), "{/run,/var/run}%.990s", pattern + 6);
    else
        snprintf(rule, sizeof(rule), "%s", pattern);
    return (rule[0] == '/' || rule[0] == '{') && strchr(rights, right) && fits(rule, path);
}

static bool file_gives(const char *file, char right, const char *path)
{
    char line[LINE_OCTETS];
    bool found = false;
    FILE *in = fopen(file, "re");
    while (in && !found && fgets(line, sizeof(line), in))
        found = gives(line, right, path);
    if (in)
        fclose(in);
    return found;
}

static bool allowed(const struct doctor *d, char right, const char *path)
{
    static const char *const files[] = {OURS, LOCAL, PROFILE};
    bool found = strncmp(path, "/dev/", 5) == 0;
    for (size_t i = 0; !found && i < sizeof(files) / sizeof(files[0]); i++)
        found = file_gives(below(d, files[i]), right, path);
    return found;
}

/* ---- paths of the settings ---- */

static unsigned judge(struct doctor *d, char right, const char *path)
{
    const char *inside = path[0] ? doctor_inside(d, path) : "";
    if (!path[0] || allowed(d, right, inside))
        return 0;
    doctor_say(d, DOCTOR_WARNING, "apparmor.path",
               doctor_words("echo '  %s %s,' | sudo tee -a " LOCAL
                            " && sudo apparmor_parser -r " PROFILE,
                            inside, right == 'w' ? "rwk" : "r"),
               "no rule of the profile of Unbound lets the module %s %s",
               right == 'w' ? "write" : "read", inside);
    return 1;
}

static unsigned judge_paths(struct doctor *d)
{
    const struct sw_settings *s = &d->cli->settings;
    const char *const read[] = {
        d->cli->settings_path, s->redis_password_file, s->sentinel_password_file, s->redis_tls_ca,
        s->redis_tls_cert,     s->redis_tls_key,       s->memory_exclude};
    const char *const written[] = {s->snapshot_file, s->event_file, s->event_dnstap,
                                   s->redis_socket};
    const char *const folder[] = {s->event_spool, s->memory_folder};
    unsigned n = 0;
    for (size_t i = 0; i < sizeof(read) / sizeof(read[0]); i++)
        n += judge(d, 'r', read[i]);
    for (size_t i = 0; i < SW_MMDB_MAX; i++)
        n += judge(d, 'r', s->asn_mmdb[i]) + judge(d, 'r', s->owner_mmdb[i]);
    for (size_t i = 0; i < SW_CLASSTABLES_MAX; i++)
        n += judge(d, 'r', s->class_table[i]);
    for (size_t i = 0; i < sizeof(written) / sizeof(written[0]); i++)
        n += judge(d, 'w', written[i]);
    for (size_t i = 0; i < sizeof(folder) / sizeof(folder[0]); i++)
        n += judge(d, 'w', folder[i][0] ? doctor_words("%s/file", folder[i]) : "");
    return n;
}

void doctor_apparmor(struct doctor *d)
{
    if (!has_line(below(d, ENABLED), "Y") || access(below(d, PROFILE), F_OK) != 0)
        doctor_say(d, DOCTOR_OK, "apparmor", NULL, "no profile confines Unbound");
    else if (access(below(d, "/etc/apparmor.d/disable/usr.sbin.unbound"), F_OK) == 0)
        doctor_say(d, DOCTOR_OK, "apparmor", NULL, "the profile of Unbound is disabled");
    else if (!has_line(below(d, LOCAL), "local/sinkwatch") || access(below(d, OURS), F_OK) != 0)
        doctor_say(d, DOCTOR_FAILURE, "apparmor",
                   "sudo cp conf/apparmor/sinkwatch /etc/apparmor.d/local/ && echo "
                   "'include <local/sinkwatch>' | sudo tee -a " LOCAL
                   " && sudo apparmor_parser -r " PROFILE,
                   "the profile " PROFILE " denies the files of Sinkwatch: " LOCAL
                   " does not include local/sinkwatch");
    else if (!d->settings_read || judge_paths(d) == 0)
        doctor_say(d, DOCTOR_OK, "apparmor", NULL, "the profile of Unbound has Sinkwatch's rules");
}
