/* files.c - the state of the folder, file by file. See memory.h. */
#include "memory/encoding.h"
#include "memory/octets.h"
#include "memory/past.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* First and last time of the sightings of a table. */
static void read_times(const struct sw_mtbl *table, struct sw_memory_file *file)
{
    const uint8_t key = SW_ROW_TIMES;
    struct sw_cursor cursor;
    enum sw_status status = sw_cursor_open(&cursor, table);
    if (status == SW_OK)
        status = sw_cursor_seek(&cursor, &key, 1);
    if (status == SW_OK && cursor.key_len == 1 && cursor.key[0] == key) {
        size_t n = sw_get_varint(cursor.value, cursor.value_len, &file->first);
        if (n > 0)
            (void)sw_get_varint(cursor.value + n, cursor.value_len - n, &file->last);
    }
    sw_cursor_close(&cursor);
}

static enum sw_status tell(const char *folder, const char *name, sw_memory_file_fn *take, void *arg)
{
    struct sw_memory_file file = {0};
    struct sw_mtbl *table;
    memcpy(file.name, name, strlen(name) + 1);
    enum sw_status status = sw_past_open_file(folder, name, &table, &file.why);
    if (status == SW_ENOMEM)
        return status;
    if (status == SW_OK) {
        file.why = NULL;
        file.octets = sw_mtbl_octets(table);
        file.rows = sw_mtbl_entries(table);
        read_times(table, &file);
        sw_mtbl_close(table);
    }
    take(arg, &file);
    return SW_OK;
}

static void tell_aside(const char *folder, sw_memory_file_fn *take, void *arg)
{
    DIR *dir = opendir(folder);
    if (!dir)
        return;
    for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        struct sw_memory_file file = {.why = "was set aside"};
        size_t len = strlen(entry->d_name);
        struct stat st;
        if (len < 6 || len >= sizeof(file.name) || strcmp(entry->d_name + len - 6, ".aside") != 0)
            continue;
        memcpy(file.name, entry->d_name, len + 1);
        if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
            file.octets = (uint64_t)st.st_size;
        take(arg, &file);
    }
    closedir(dir);
}

enum sw_status sw_memory_files(const char *folder, sw_memory_file_fn *take, void *arg)
{
    struct sw_files files = {0};
    enum sw_status status = sw_folder_list(folder, &files);
    for (size_t i = 0; i < files.n && status == SW_OK; i++)
        status = tell(folder, files.name[i], take, arg);
    if (status == SW_OK)
        tell_aside(folder, take, arg);
    sw_files_free(&files);
    return status;
}
