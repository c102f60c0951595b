/* forget.c - leaving rows out of the files, and the proof. See memory.h. */
#include "memory/encoding.h"
#include "memory/new_file.h"
#include "memory/octets.h"
#include "memory/past.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STOP_EVERY 256 /* rows between two looks at the stop flag */

struct work {
    const char *folder;
    const struct sw_forget *what;
    const atomic_bool *stop;
    struct sw_forgotten *done;
};

/* ---- which rows ---- */

static bool is_name(const struct sw_forget *what, const uint8_t *wire)
{
    return what->below ? sw_name_below_or_equal(wire, what->name->wire)
                       : sw_name_equal(wire, what->name->wire);
}

/* Whether rdata holds the name; SOA has two names. */
static bool in_rdata(const struct sw_forget *what, const struct sw_sighting *sighting)
{
    int at = sw_rdata_name(sighting->type, sighting->rdata, sighting->rdata_len);
    if (at < 0)
        return false;
    const uint8_t *name = sighting->rdata + at, *end = sighting->rdata + sighting->rdata_len;
    if (is_name(what, name))
        return true;
    const uint8_t *second = name + sw_name_size(name, (size_t)(end - name));
    return sighting->type == 6 && second < end &&
           sw_name_size(second, (size_t)(end - second)) > 0 && is_name(what, second);
}

static bool holds_name(const struct sw_forget *what, const struct sw_cursor *cursor)
{
    struct sw_decoded decoded;
    struct sw_name name;
    size_t at = 0;
    switch (cursor->key[0]) {
    case SW_ROW_OWNER:
        for (;;) {
            enum sw_status status = sw_decode_owner(cursor->key, cursor->key_len, &at, &decoded);
            const struct sw_sighting *sighting = &decoded.sighting;
            if (status == SW_ETOOBIG)
                continue;
            if (status != SW_OK)
                return false;
            if (is_name(what, sighting->owner) || in_rdata(what, sighting) ||
                (sighting->zone && is_name(what, sighting->zone)))
                return true;
        }
    case SW_ROW_RDATA:
        return sw_decode_rdata(cursor->key, cursor->key_len, &decoded) == SW_OK &&
               (is_name(what, decoded.sighting.owner) || in_rdata(what, &decoded.sighting));
    case SW_ROW_OWNER_NAME:
        return sw_name_size(cursor->key + 1, cursor->key_len - 1) > 0 &&
               is_name(what, cursor->key + 1);
    case SW_ROW_RDATA_NAME:
        return sw_unreverse_name(cursor->key + 1, cursor->key_len - 1, &name) > 0 &&
               is_name(what, name.wire);
    default:
        return false;
    }
}

static bool is_concerned(const struct sw_forget *what, const struct sw_cursor *cursor)
{
    uint64_t times[3];
    if (what->name && holds_name(what, cursor))
        return true;
    return what->before && (cursor->key[0] == SW_ROW_OWNER || cursor->key[0] == SW_ROW_RDATA) &&
           sw_decode_times(cursor->value, cursor->value_len, times) && times[1] < what->before;
}

/* ---- a file ---- */

struct rows {
    uint64_t gone; /* that are concerned */
    uint64_t kept; /* other rows by owner */
};

/* Count the rows; with `out` copy those that are not concerned. */
static enum sw_status pass(const struct work *work, const struct sw_mtbl *table, struct sw_out *out,
                           struct rows *rows)
{
    struct sw_cursor cursor;
    enum sw_status status = sw_cursor_open(&cursor, table);
    *rows = (struct rows){0};
    for (unsigned row = 1; status == SW_OK; row++) {
        status = sw_cursor_next(&cursor);
        if (status == SW_OK && row % STOP_EVERY == 0 && work->stop &&
            atomic_load_explicit(work->stop, memory_order_relaxed))
            status = SW_ECLOSED;
        if (status != SW_OK)
            break;
        bool gone = is_concerned(work->what, &cursor);
        rows->gone += gone;
        rows->kept += !gone && cursor.key[0] == SW_ROW_OWNER;
        if (out && !gone)
            status = sw_out_put(out, cursor.key, cursor.key_len, cursor.value, cursor.value_len);
    }
    sw_cursor_close(&cursor);
    return status == SW_ENOTFOUND ? SW_OK : status;
}

/* The interval of the name; of a file with another name the month of the file. */
static struct sw_interval interval_of(const struct work *work, const char *name)
{
    struct sw_interval interval;
    struct stat st;
    if (sw_interval_parse(name, &interval))
        return interval;
    int fd = sw_folder_open(work->folder, name);
    bool known = fd >= 0 && fstat(fd, &st) == 0;
    if (fd >= 0)
        close(fd);
    return sw_interval_at(SW_TIER_MONTH, known ? (uint64_t)st.st_mtime : 0);
}

/* A file without another row is removed, for which a full disk has room. */
static enum sw_status remove_whole(const struct work *work, const struct sw_files *one)
{
    struct sw_change change = {.remove = one, .stop = work->stop};
    return sw_folder_commit(work->folder, &change);
}

static enum sw_status rewrite(const struct work *work, const struct sw_mtbl *table,
                              const struct sw_files *one, struct rows *rows)
{
    struct sw_interval interval = interval_of(work, one->name[0]);
    struct sw_out out;
    enum sw_status status = sw_out_open(&out, work->folder, &interval);
    if (status != SW_OK)
        return status;
    status = pass(work, table, &out, rows);
    if (status != SW_OK) {
        sw_out_drop(&out);
        return status;
    }
    status = sw_out_finish(&out);
    if (status != SW_OK)
        return status;
    struct sw_change change = {.add = &out.file, .add_n = 1, .remove = one, .stop = work->stop};
    status = sw_folder_commit(work->folder, &change);
    if (status != SW_OK)
        sw_folder_remove(work->folder, out.file.name);
    return status;
}

static enum sw_status do_file(const struct work *work, const char *name, bool change)
{
    struct sw_files one = {0};
    struct sw_mtbl *table;
    const char *why;
    struct rows rows;
    enum sw_status status = sw_past_open_file(work->folder, name, &table, &why);
    if (status != SW_OK)
        return status == SW_EIO && errno == ENOENT ? SW_EEXIST : status;
    status = pass(work, table, NULL, &rows);
    if (status == SW_OK && rows.gone > 0 && change) {
        status = sw_files_add(&one, name);
        if (status == SW_OK)
            status = rows.kept > 0 ? rewrite(work, table, &one, &rows) : remove_whole(work, &one);
        work->done->replaced += status == SW_OK;
    }
    sw_mtbl_close(table);
    sw_files_free(&one);
    if (status == SW_OK) {
        work->done->rows += rows.gone;
        work->done->files++;
    }
    return status;
}

static bool is_full(enum sw_status status)
{
    return status == SW_EIO && (errno == ENOSPC || errno == EDQUOT);
}

/* All files of the list. Where there is no room for a new file, the other files come first: a
 * removed or smaller file makes room. SW_EIO with ENOSPC: some file was left out for want of
 * room. */
static enum sw_status do_list(const struct work *work, const struct sw_files *files, bool change)
{
    enum sw_status status = SW_OK, full = SW_OK;
    int error = 0;
    for (size_t i = 0; i < files->n && status == SW_OK; i++) {
        status = do_file(work, files->name[i], change);
        if (is_full(status)) {
            error = errno;
            full = status;
            status = SW_OK;
        }
    }
    if (status == SW_OK && full != SW_OK)
        errno = error;
    return status == SW_OK ? full : status;
}

/* All files. Begins again where another process has merged files meanwhile, and, on a full disk, as
 * long as a pass made room. */
static enum sw_status do_files(const struct work *work, bool change)
{
    enum sw_status status = SW_EEXIST;
    bool more = false;
    for (int tries = 0; more || (tries < 10 && status == SW_EEXIST); tries++) {
        struct sw_files files = {0};
        unsigned replaced = work->done->replaced;
        uint64_t rows = change ? work->done->rows : 0;
        work->done->files = 0;
        work->done->rows = rows;
        status = sw_folder_list(work->folder, &files);
        if (status == SW_OK)
            status = do_list(work, &files, change);
        more = is_full(status) && work->done->replaced > replaced;
        int error = errno;
        sw_files_free(&files);
        errno = error;
    }
    return status == SW_EEXIST ? SW_ETIMEOUT : status;
}

enum sw_status sw_memory_forget(const char *folder, const struct sw_forget *what,
                                const atomic_bool *stop, struct sw_forgotten *forgotten)
{
    struct work work = {folder, what, stop, forgotten};
    *forgotten = (struct sw_forgotten){0};
    return do_files(&work, true);
}

enum sw_status sw_memory_count(const char *folder, const struct sw_forget *what,
                               const atomic_bool *stop, struct sw_forgotten *counted)
{
    struct work work = {folder, what, stop, counted};
    *counted = (struct sw_forgotten){0};
    return do_files(&work, false);
}
