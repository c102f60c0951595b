/* past.c - opening the files of a folder. See memory.h and past.h. */
#include "memory/past.h"

#include "base/log.h"
#include "memory/encoding.h"
#include "memory/octets.h"

#include <errno.h>
#include <string.h>

/* The highest version of each row that is understood. */
static const struct {
    uint8_t row, version;
} known[] = {{SW_ROW_OWNER, 0}, {SW_ROW_OWNER_NAME, 1}, {SW_ROW_RDATA, 1}, {SW_ROW_RDATA_NAME, 1}};

static enum sw_status check_versions(const struct sw_mtbl *table, const char **why)
{
    struct sw_cursor cursor;
    enum sw_status status = sw_cursor_open(&cursor, table);
    *why = "has a damaged block";
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]) && status == SW_OK; i++) {
        const uint8_t key[] = {SW_ROW_VERSION, known[i].row};
        uint64_t version = 0;
        status = sw_cursor_seek(&cursor, key, sizeof(key));
        if (status == SW_OK && cursor.key_len == 2 && memcmp(cursor.key, key, 2) == 0 &&
            sw_get_varint(cursor.value, cursor.value_len, &version) > 0 &&
            version > known[i].version) {
            *why = "was written by a later version of the encoding";
            status = SW_EFORMAT;
        }
    }
    sw_cursor_close(&cursor);
    return status == SW_ENOTFOUND ? SW_OK : status;
}

enum sw_status sw_past_open_file(const char *folder, const char *name, struct sw_mtbl **out,
                                 const char **why)
{
    int fd = sw_folder_open(folder, name);
    *why = "cannot be read";
    if (fd < 0)
        return SW_EIO;
    enum sw_status status = sw_mtbl_open(fd, out, why);
    if (status != SW_OK)
        return status;
    status = check_versions(*out, why);
    if (status != SW_OK)
        sw_mtbl_close(*out);
    return status;
}

static void note_bad(struct sw_past *past, const char *name, const char *why, int error)
{
    if (!past->quiet)
        sw_log(SW_LOG_WARNING, "memory: %s %s%s%s; the file is left out", name, why,
               error ? ": " : "", error ? strerror(error) : "");
    struct sw_past_bad *bad = realloc(past->bad, (past->bad_n + 1) * sizeof(past->bad[0]));
    if (!bad)
        return;
    past->bad = bad;
    struct sw_past_bad *last = &bad[past->bad_n++];
    memcpy(last->name, name, strlen(name) + 1);
    last->why = why;
}

/* Open n files. A file that another process has merged meanwhile is missing: SW_EEXIST, read the
 * list again. */
static enum sw_status open_files(struct sw_past *past, const char *folder,
                                 const struct sw_files *files, size_t from, size_t n)
{
    past->tables = calloc(n + 1, sizeof(past->tables[0]));
    past->names = calloc(n + 1, sizeof(past->names[0]));
    if (!past->tables || !past->names)
        return SW_ENOMEM;
    for (size_t i = from; i < from + n; i++) {
        const char *why = "";
        if (sw_past_stopped(past)) /* an index can have a hundred megabytes */
            return SW_ECLOSED;
        enum sw_status status =
            sw_past_open_file(folder, files->name[i], &past->tables[past->n], &why);
        if (status == SW_ENOMEM)
            return status;
        if (status == SW_EIO && errno == ENOENT)
            return SW_EEXIST;
        if (status != SW_OK) {
            note_bad(past, files->name[i], why, status == SW_EIO ? errno : 0);
            continue;
        }
        memcpy(past->names[past->n++], files->name[i], sizeof(past->names[0]));
    }
    return SW_OK;
}

static void forget_files(struct sw_past *past)
{
    for (size_t i = 0; i < past->n; i++)
        sw_mtbl_close(past->tables[i]);
    free(past->tables);
    free(past->names);
    free(past->bad);
    *past = (struct sw_past){.stop = past->stop, .quiet = past->quiet};
}

enum sw_status sw_past_open(const char *folder, const atomic_bool *stop, struct sw_past **out)
{
    struct sw_past *past = calloc(1, sizeof(*past));
    enum sw_status status = SW_EEXIST;
    if (!past)
        return SW_ENOMEM;
    past->stop = stop;
    /* A listed file that is missing in each of ten lists was removed by hand. */
    for (int tries = 0; tries < 10 && status == SW_EEXIST; tries++) {
        struct sw_files files = {0};
        forget_files(past);
        status = sw_folder_list(folder, &files);
        if (status == SW_OK)
            status = open_files(past, folder, &files, 0, files.n);
        sw_files_free(&files);
    }
    if (status == SW_OK)
        *out = past;
    else
        sw_past_close(past);
    return status == SW_EEXIST ? SW_EIO : status;
}

enum sw_status sw_past_each(const char *folder, const struct sw_past_options *options,
                            sw_past_fn *each, void *arg)
{
    struct sw_files files = {0};
    enum sw_status status = sw_folder_list(folder, &files);
    for (size_t from = 0, n; from < files.n && status == SW_OK; from += n) {
        struct sw_past past = {.stop = options->stop, .quiet = options->quiet};
        n = files.n - from < options->max ? files.n - from : options->max;
        status = open_files(&past, folder, &files, from, n);
        if (status == SW_OK)
            status = each(arg, &past);
        forget_files(&past);
    }
    sw_files_free(&files);
    return status;
}

enum sw_status sw_past_open_one(const char *folder, const char *name, const atomic_bool *stop,
                                struct sw_past **out)
{
    struct sw_past *past = calloc(1, sizeof(*past));
    struct sw_files files = {0};
    if (!past)
        return SW_ENOMEM;
    past->stop = stop;
    enum sw_status status = sw_files_add(&files, name);
    if (status == SW_OK)
        status = open_files(past, folder, &files, 0, 1);
    sw_files_free(&files);
    if (status == SW_OK && past->n == 0)
        status = SW_EFORMAT;
    if (status == SW_OK)
        *out = past;
    else
        sw_past_close(past);
    return status == SW_EEXIST ? SW_ENOTFOUND : status;
}

bool sw_past_is_damaged(const struct sw_past *past)
{
    return past->bad_n > 0;
}

void sw_past_close(struct sw_past *past)
{
    if (!past)
        return;
    int error = errno;
    forget_files(past);
    free(past);
    errno = error;
}

bool sw_past_stopped(const struct sw_past *past)
{
    return past->stop && atomic_load_explicit(past->stop, memory_order_relaxed);
}

bool sw_past_leave_out(void *arg, size_t table, enum sw_status status)
{
    struct sw_past *past = arg;
    for (size_t i = 0; i < past->bad_n; i++)
        if (strcmp(past->bad[i].name, past->names[table]) == 0)
            return true; /* a search for many names comes to the place many times */
    note_bad(past, past->names[table], "has a damaged block", status == SW_EIO ? errno : 0);
    return true;
}

enum sw_status sw_past_merge(struct sw_past *past, struct sw_merge **out)
{
    struct sw_merge_options options = {
        .tables = past->tables, .n = past->n, .on_bad = sw_past_leave_out, .arg = past};
    return sw_merge_open(&options, out);
}
