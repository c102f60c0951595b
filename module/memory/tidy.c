/* tidy.c - upkeep of the folder: set aside, drop, merge. See memory.h. */
#include "base/log.h"
#include "memory/merge.h"
#include "memory/new_file.h"
#include "memory/past.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GRACE_S    120 /* an interval is over when so many seconds more have passed */
#define INPUTS_MAX 48  /* files of a merge: about 200 KiB of memory each */
#define STOP_EVERY 256 /* rows between two looks at the stop flag */

/* A valid file with a name of the form of sw_interval_name(). */
struct own {
    const char *name;
    struct sw_interval interval, target; /* target: the longest interval that is over */
    uint64_t octets;
};

struct tidy {
    const char *folder;
    uint64_t now;
    const atomic_bool *stop;
    const struct sw_memory_limits *limits;
    struct sw_files files;
    struct own *own;
    size_t n;
    struct sw_tidied *tidied;
};

static bool stopped(const struct tidy *tidy)
{
    return tidy->stop && atomic_load_explicit(tidy->stop, memory_order_relaxed);
}

/* ---- the files ---- */

static struct sw_interval target_of(const struct sw_interval *interval, uint64_t now)
{
    for (enum sw_tier tier = SW_TIER_MONTH; tier > interval->tier; tier--) {
        struct sw_interval longer = sw_interval_at(tier, interval->start);
        if (longer.end + GRACE_S <= now)
            return longer;
    }
    return *interval;
}

static int compare(const void *a, const void *b)
{
    const struct own *x = a, *y = b;
    if (x->interval.start != y->interval.start)
        return x->interval.start < y->interval.start ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* Take files out of the list, and rename or remove them. SW_EEXIST: another process was faster. */
static enum sw_status take_out(const struct tidy *tidy, const struct sw_files *files, bool aside)
{
    struct sw_change change = {.remove = files, .aside = aside, .stop = tidy->stop};
    enum sw_status status = sw_folder_commit(tidy->folder, &change);
    return status == SW_EEXIST ? SW_OK : status;
}

static enum sw_status put_aside(struct tidy *tidy, const char *name, const char *why)
{
    struct sw_files one = {0};
    sw_log(SW_LOG_WARNING, "memory: %s/%s %s; set aside as %s.aside", tidy->folder, name, why,
           name);
    enum sw_status status = sw_files_add(&one, name);
    if (status == SW_OK)
        status = take_out(tidy, &one, true);
    sw_files_free(&one);
    tidy->tidied->aside += status == SW_OK;
    return status;
}

/* Open a file as a reader does: index and versions. Only damage is a failure. */
static enum sw_status try_to_open(const struct tidy *tidy, const char *name, const char **why)
{
    struct sw_mtbl *table;
    if (tidy->limits->between)
        tidy->limits->between(tidy->limits->arg);
    enum sw_status status = sw_past_open_file(tidy->folder, name, &table, why);
    if (status == SW_OK)
        sw_mtbl_close(table);
    return status == SW_EIO && errno != EIO ? SW_OK : status;
}

/* Judge a file by its trailer and note the file, if the name has our form. */
static enum sw_status look_at(struct tidy *tidy, const char *name)
{
    struct own *own = &tidy->own[tidy->n];
    const char *why = "is missing";
    struct stat st;
    int fd = sw_folder_open(tidy->folder, name);
    if (fd < 0 && errno == ENOENT)
        return put_aside(tidy, name, why);
    if (fd < 0) { /* must not keep the other files from a merge and from the limits */
        tidy->tidied->closed++;
        return SW_OK;
    }
    enum sw_status status = sw_mtbl_probe(fd, &why);
    if (status == SW_OK && fstat(fd, &st) != 0)
        status = SW_EIO;
    close(fd);
    if (status == SW_OK && tidy->limits->open_each)
        status = try_to_open(tidy, name, &why);
    if (status == SW_EFORMAT)
        return put_aside(tidy, name, why);
    if (status == SW_EIO)
        return put_aside(tidy, name, "cannot be read");
    if (status != SW_OK || !sw_interval_parse(name, &own->interval))
        return status;
    own->name = name;
    own->octets = (uint64_t)st.st_size;
    own->target = target_of(&own->interval, tidy->now);
    tidy->n++;
    return SW_OK;
}

static enum sw_status look(struct tidy *tidy)
{
    enum sw_status status = sw_folder_list(tidy->folder, &tidy->files);
    if (status != SW_OK)
        return status;
    tidy->own = calloc(tidy->files.n + 1, sizeof(tidy->own[0]));
    if (!tidy->own)
        return SW_ENOMEM;
    for (size_t i = 0; i < tidy->files.n && status == SW_OK; i++)
        status = stopped(tidy) ? SW_ECLOSED : look_at(tidy, tidy->files.name[i]);
    qsort(tidy->own, tidy->n, sizeof(tidy->own[0]), compare);
    return status;
}

/* ---- limits ---- */

static enum sw_status drop(struct tidy *tidy, const struct sw_memory_limits *limits)
{
    struct sw_files old = {0};
    uint64_t octets = 0;
    enum sw_status status = SW_OK;
    for (size_t i = 0; i < tidy->n; i++)
        octets += tidy->own[i].octets;
    size_t kept = 0;
    for (size_t i = 0; i < tidy->n && status == SW_OK; i++) {
        const struct own *own = &tidy->own[i];
        bool aged =
            limits->days > 0 && own->interval.end + limits->days * (uint64_t)86400 <= tidy->now;
        if (!aged && (limits->octets == 0 || octets <= limits->octets)) {
            tidy->own[kept++] = *own;
            continue;
        }
        octets -= own->octets;
        status = sw_files_add(&old, own->name);
    }
    if (status == SW_OK && old.n > 0)
        status = take_out(tidy, &old, false);
    if (status == SW_OK) {
        tidy->tidied->dropped += (unsigned)old.n;
        tidy->n = kept;
    }
    sw_files_free(&old);
    return status;
}

/* ---- a merge ---- */

struct inputs {
    struct sw_files names;
    struct sw_mtbl *table[INPUTS_MAX];
    size_t opened, damaged; /* damaged: the number of a table, INPUTS_MAX = none */
    const char *why;        /* of the damaged table */
};

static bool note_damage(void *arg, size_t table, enum sw_status status)
{
    struct inputs *inputs = arg;
    if (status == SW_EFORMAT || status == SW_EIO) /* of reading: a table is never written here */
        inputs->damaged = table;
    inputs->why = "has a damaged block";
    return false;
}

static bool same(const struct sw_interval *a, const struct sw_interval *b)
{
    return a->tier == b->tier && a->start == b->start;
}

/* The files of the first interval that is over and has work. */
static enum sw_status choose(struct tidy *tidy, struct inputs *inputs, struct sw_interval *target)
{
    for (size_t i = 0; i < tidy->n; i++) {
        size_t members = 0, lower = 0;
        for (size_t j = i; j < tidy->n; j++) {
            if (!same(&tidy->own[j].target, &tidy->own[i].target))
                continue;
            members++;
            lower += tidy->own[j].interval.tier < tidy->own[j].target.tier;
        }
        if (lower == 0 && (members < 2 || tidy->own[i].target.end + GRACE_S > tidy->now))
            continue;
        *target = tidy->own[i].target;
        enum sw_status status = SW_OK;
        for (size_t j = i; j < tidy->n && status == SW_OK && inputs->names.n < INPUTS_MAX; j++) {
            if (same(&tidy->own[j].target, target))
                status = sw_files_add(&inputs->names, tidy->own[j].name);
        }
        return status;
    }
    return SW_ENOTFOUND;
}

/* Between rows: the caller's other work; SW_ECLOSED when stopped. */
static enum sw_status pause_or_stop(const struct tidy *tidy)
{
    if (tidy->limits->between)
        tidy->limits->between(tidy->limits->arg);
    return stopped(tidy) ? SW_ECLOSED : SW_OK;
}

static enum sw_status copy(struct tidy *tidy, struct sw_merge *merge, struct sw_out *out)
{
    const uint8_t *key, *value;
    size_t key_len, value_len;
    for (unsigned row = 1;; row++) {
        enum sw_status status = sw_merge_next(merge, &key, &key_len, &value, &value_len);
        if (status == SW_ENOTFOUND)
            return SW_OK;
        if (status == SW_OK && row % STOP_EVERY == 0)
            status = pause_or_stop(tidy);
        if (status == SW_OK)
            status = sw_out_put(out, key, key_len, value, value_len);
        if (status != SW_OK)
            return status;
    }
}

static enum sw_status open_inputs(struct tidy *tidy, struct inputs *inputs)
{
    for (; inputs->opened < inputs->names.n; inputs->opened++) {
        enum sw_status status = sw_past_open_file(tidy->folder, inputs->names.name[inputs->opened],
                                                  &inputs->table[inputs->opened], &inputs->why);
        if (status == SW_EFORMAT || (status == SW_EIO && errno == EIO))
            inputs->damaged = inputs->opened;
        if (status != SW_OK)
            return status;
    }
    return SW_OK;
}

/* One file from the inputs. */
static enum sw_status write_merged(struct tidy *tidy, struct inputs *inputs, struct sw_out *out)
{
    struct sw_merge_options options = {
        .tables = inputs->table, .n = inputs->opened, .on_bad = note_damage, .arg = inputs};
    struct sw_merge *merge;
    enum sw_status status = sw_merge_open(&options, &merge);
    if (status != SW_OK)
        return status;
    status = copy(tidy, merge, out);
    sw_merge_close(merge);
    return status;
}

static enum sw_status merge_inputs(struct tidy *tidy, struct inputs *inputs,
                                   const struct sw_interval *target)
{
    struct sw_out out;
    enum sw_status status = open_inputs(tidy, inputs);
    if (status == SW_OK)
        status = sw_out_open(&out, tidy->folder, target);
    if (status != SW_OK)
        return status;
    status = write_merged(tidy, inputs, &out);
    if (status != SW_OK) {
        sw_out_drop(&out);
        return status;
    }
    status = sw_out_finish(&out);
    if (status != SW_OK)
        return status;
    struct sw_change change = {
        .add = &out.file, .add_n = 1, .remove = &inputs->names, .stop = tidy->stop};
    status = sw_folder_commit(tidy->folder, &change);
    if (status != SW_OK)
        sw_folder_remove(tidy->folder, out.file.name);
    return status;
}

static enum sw_status merge_one(struct tidy *tidy)
{
    struct inputs inputs = {.damaged = INPUTS_MAX};
    struct sw_interval target;
    enum sw_status status = choose(tidy, &inputs, &target);
    if (status == SW_OK)
        status = merge_inputs(tidy, &inputs, &target);
    if (status == SW_OK)
        tidy->tidied->merged += (unsigned)inputs.names.n;
    if ((status == SW_EFORMAT || status == SW_EIO) && inputs.damaged < INPUTS_MAX)
        status = put_aside(tidy, inputs.names.name[inputs.damaged], inputs.why);
    tidy->tidied->more = status == SW_OK;
    for (size_t i = 0; i < inputs.opened; i++)
        sw_mtbl_close(inputs.table[i]);
    sw_files_free(&inputs.names);
    return status == SW_ENOTFOUND || status == SW_EEXIST ? SW_OK : status;
}

enum sw_status sw_memory_tidy(const char *folder, uint64_t now,
                              const struct sw_memory_limits *limits, const atomic_bool *stop,
                              struct sw_tidied *tidied)
{
    struct tidy tidy = {
        .folder = folder, .now = now, .stop = stop, .limits = limits, .tidied = tidied};
    *tidied = (struct sw_tidied){0};
    sw_folder_clean(folder);
    enum sw_status status = look(&tidy);
    if (status == SW_OK)
        status = drop(&tidy, limits);
    if (status == SW_OK)
        status = merge_one(&tidy);
    int error = errno;
    free(tidy.own);
    sw_files_free(&tidy.files);
    errno = error;
    return status;
}
