#include "journal/filelog.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/settings.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHECK_US   1000000 /* how often the path is compared with the open file */
#define FILE_MODE  0640    /* the file has clients' addresses: not for everyone */
#define FIRST_SIZE 65536

struct sw_filelog {
    char path[SW_PATH_MAX];
    struct sw_counters *counters;
    int fd; /* -1: not open */
    char *buffer;
    size_t len, size;
    bool half;      /* the buffer starts in the middle of a line */
    int problem;    /* errno that was logged, 0 when all is well */
    uint64_t lost;  /* lines given up */
    uint64_t noted; /* part of lost that was already logged */
    int64_t next_check_us;
};

struct sw_filelog *sw_filelog_new(const char *path, struct sw_counters *counters)
{
    struct sw_filelog *log = calloc(1, sizeof(*log));
    if (log) {
        snprintf(log->path, sizeof(log->path), "%s", path);
        log->counters = counters;
        log->fd = -1;
    }
    return log;
}

void sw_filelog_free(struct sw_filelog *log)
{
    if (!log)
        return;
    sw_filelog_flush(log, sw_clock_mono_us());
    if (log->fd >= 0)
        close(log->fd);
    free(log->buffer);
    free(log);
}

/* Make room for len more octets; false when the bound or the memory says no. */
static bool reserve(struct sw_filelog *log, size_t len)
{
    if (len > SW_FILELOG_BUFFER_MAX - log->len)
        return false;
    size_t size = log->size != 0 ? log->size : FIRST_SIZE;
    while (size < log->len + len)
        size *= 2;
    if (size != log->size) {
        char *grown = realloc(log->buffer, size);
        if (!grown)
            return false;
        log->buffer = grown;
        log->size = size;
    }
    return true;
}

void sw_filelog_add(struct sw_filelog *log, const char *line, size_t len)
{
    if (log->path[0] == '\0')
        return;
    if (!reserve(log, len + 1)) {
        log->lost++;
        return;
    }
    memcpy(log->buffer + log->len, line, len);
    log->buffer[log->len + len] = '\n';
    log->len += len + 1;
}

/* Log the start of a problem once, and the end once. */
static void report(struct sw_filelog *log, int error)
{
    char buf[64];
    atomic_store_explicit(&log->counters->event_file_error, error, memory_order_relaxed);
    if (error != 0 && error != log->problem) {
        sw_log(SW_LOG_ERROR, "event-file %s: %s; events are kept for a while, then lost", log->path,
               sw_file_words(error, buf));
    }
    if (error == 0 && (log->problem != 0 || log->lost != log->noted)) {
        sw_log(SW_LOG_INFO, "event-file %s: writing again, the file lacks %llu events", log->path,
               (unsigned long long)(log->lost - log->noted));
        log->noted = log->lost;
    }
    log->problem = error;
}

/* Take n octets off the front, and remember whether that was within a line. */
static void consume(struct sw_filelog *log, size_t n)
{
    uint64_t lines = 0;
    for (const char *at = log->buffer; (at = memchr(at, '\n', n - (size_t)(at - log->buffer)));
         at++) {
        lines++;
    }
    sw_count(&log->counters->events_written_file, lines);
    log->half = log->buffer[n - 1] != '\n';
    memmove(log->buffer, log->buffer + n, log->len - n);
    log->len -= n;
}

/* The rest of a line that began in another file is of no use. */
static void drop_half(struct sw_filelog *log)
{
    if (!log->half)
        return;
    const char *end = memchr(log->buffer, '\n', log->len);
    size_t n = end ? (size_t)(end - log->buffer) + 1 : log->len;
    memmove(log->buffer, log->buffer + n, log->len - n);
    log->len -= n;
    log->half = false;
    log->lost++;
}

static bool open_file(struct sw_filelog *log)
{
    log->fd = sw_file_append(log->path, FILE_MODE);
    if (log->fd < 0) {
        report(log, errno);
        return false;
    }
    drop_half(log);
    return true;
}

enum sw_status sw_filelog_flush(struct sw_filelog *log, int64_t mono_us)
{
    if (log->len == 0)
        return SW_OK;
    if (log->fd < 0) {
        if (log->problem != 0 && mono_us < log->next_check_us)
            return SW_EIO;
        log->next_check_us = mono_us + CHECK_US;
        if (!open_file(log))
            return SW_EIO;
    }
    while (log->len > 0) {
        ssize_t n = write(log->fd, log->buffer, log->len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            report(log, n < 0 ? errno : EIO);
            return SW_EIO;
        }
        consume(log, (size_t)n);
    }
    report(log, 0);
    return SW_OK;
}

void sw_filelog_tick(struct sw_filelog *log, int64_t mono_us)
{
    if (log->fd < 0 || mono_us < log->next_check_us)
        return;
    log->next_check_us = mono_us + CHECK_US;
    struct stat mine, now;
    if (fstat(log->fd, &mine) == 0 && stat(log->path, &now) == 0 && mine.st_ino == now.st_ino &&
        mine.st_dev == now.st_dev) {
        return;
    }
    close(log->fd);
    log->fd = -1;
    open_file(log);
}

uint64_t sw_filelog_lost(const struct sw_filelog *log)
{
    return log->lost;
}
