/*
 * lookback_note.c - the note beside the files of the memory: up to which change of the lists the
 * memory was looked through. See lookback.h.
 *
 *     1764536400000-0     all changes up to this id of the change stream were looked for
 *     pending             a pass was not complete when the note was written
 *
 * A process that is killed during a pass leaves `pending`; one that is killed before a pass leaves
 * an id before the change. In both cases the next run looks through the memory for all lists.
 */
#include "base/file.h"
#include "host/lookback_parts.h"
#include "host/module.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NOTE    "lookback"
#define PENDING "pending"

static void note_path(const struct sw_lookback *lookback, char path[SW_PATH_MAX + 16])
{
    snprintf(path, SW_PATH_MAX + 16, "%s/" NOTE, lookback->module->settings.memory_folder);
}

void sw_lookback_read_note(struct sw_lookback *lookback)
{
    char path[SW_PATH_MAX + 16], text[SW_STREAMID_MAX + 1];
    note_path(lookback, path);
    lookback->former = (struct sw_stream_id){UINT64_MAX, UINT64_MAX};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        lookback->was_pending = errno != ENOENT; /* without a note: the first run with a memory */
        return;
    }
    ssize_t n = read(fd, text, sizeof(text));
    close(fd);
    size_t len = n > 0 && text[n - 1] == '\n' ? (size_t)n - 1 : 0;
    lookback->was_pending = sw_stream_id_parse(text, len, &lookback->former) != SW_OK;
}

void sw_lookback_write_note(struct sw_lookback *lookback, const struct sw_stream_id *at)
{
    char path[SW_PATH_MAX + 16], id[SW_STREAMID_MAX], text[SW_STREAMID_MAX + 1];
    note_path(lookback, path);
    int len = snprintf(text, sizeof(text), "%s\n", at ? sw_stream_id_text(at, id) : PENDING);
    /* Without a folder, or on a full disk, the memory has nothing either: sealing.c says so. */
    bool written = sw_file_replace(path, text, (size_t)len);
    lookback->noted = at && written ? *at : (struct sw_stream_id){0, 0};
}
