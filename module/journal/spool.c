#include "journal/spool.h"

#include "base/log.h"
#include "base/settings.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEGMENT_MAX (4U << 20) /* octets; the last document may exceed this */
#define BUFFER_MAX  65536      /* written at the latest when this much waits */
#define RETRY_US    5000000
#define SUFFIX      ".spool"
#define NAME_DIGITS 16
#define FIRST_NUMBER                                                                               \
    (UINT64_C(1) << 32)     /* room remains before this number, for documents put back */
#define DOCUMENT_USUAL 8192 /* octets; most documents have a tenth */
#define HEAD_MAX       96   /* "1 18a3f0c2b1d4e5f6 123 4 " */

struct segment {
    uint64_t number;    /* in the file's name */
    uint64_t octets;    /* whole lines in the segment, unwritten lines included */
    uint64_t documents; /* documents in the segment that are not done */
    long done_at;       /* offset of the first that is not done */
};

struct sw_spool {
    char folder[SW_PATH_MAX];
    uint64_t max;
    int lock; /* of the folder; -1: not usable */
    int64_t retry_us;
    struct segment *segment; /* oldest first */
    size_t n, capacity;
    uint64_t waiting, octets; /* of all segments */

    FILE *out;   /* the last segment; NULL: the next document begins a segment */
    int problem; /* errno that was logged */

    /* Reading: position of the next to be taken, and of the first that is not done. */
    FILE *in;
    size_t in_segment; /* index into segment[] that `in` is of */
    uint64_t taken;    /* taken and not done */
    uint64_t missing;  /* added, and found not to be there */
    char *line;
    size_t line_size;
};

static void path_of(const struct sw_spool *spool, uint64_t number, char out[SW_PATH_MAX])
{
    snprintf(out, SW_PATH_MAX, "%.200s/%0*" PRIx64 SUFFIX, spool->folder, NAME_DIGITS, number);
}

int sw_spool_problem(const struct sw_spool *spool)
{
    return spool->problem;
}

static void told(struct sw_spool *spool, int error, const char *doing)
{
    if (error != spool->problem) {
        sw_log(SW_LOG_ERROR,
               "event-spool %s: %s: %s; events wait in memory, up to "
               "event-backlog-max",
               spool->folder, doing, strerror(error));
        spool->problem = error;
    }
}

bool sw_spool_open(const struct sw_spool *spool)
{
    return spool->lock >= 0;
}

bool sw_spool_has_room(const struct sw_spool *spool)
{
    return spool->lock >= 0 && spool->octets + DOCUMENT_USUAL <= spool->max;
}

uint64_t sw_spool_waiting(const struct sw_spool *spool)
{
    return spool->waiting;
}

uint64_t sw_spool_octets(const struct sw_spool *spool)
{
    return spool->octets;
}

/* ---- segments ---- */

/* Make room for another segment. False: no memory. */
static bool make_room(struct sw_spool *spool)
{
    if (spool->n == spool->capacity) {
        size_t capacity = spool->capacity != 0 ? spool->capacity * 2 : 16;
        struct segment *grown = realloc(spool->segment, capacity * sizeof(*grown));
        if (!grown)
            return false;
        spool->segment = grown;
        spool->capacity = capacity;
    }
    return true;
}

/* A segment behind all others. False: no memory. */
static bool append_segment(struct sw_spool *spool, uint64_t number)
{
    if (!make_room(spool))
        return false;
    spool->segment[spool->n++] = (struct segment){.number = number};
    return true;
}

static void close_file(FILE **file)
{
    if (*file) {
        fclose(*file);
        *file = NULL;
    }
}

/* The oldest segment is done: remove the file. */
static void drop_first(struct sw_spool *spool)
{
    char path[SW_PATH_MAX];
    assert(spool->n > 0);
    path_of(spool, spool->segment[0].number, path);
    if (spool->n == 1)
        close_file(&spool->out);
    if (spool->in_segment == 0)
        close_file(&spool->in);
    else
        spool->in_segment--;
    if (unlink(path) != 0)
        told(spool, errno, "cannot remove a segment that was sent");
    spool->octets -= spool->segment[0].octets;
    memmove(spool->segment, spool->segment + 1, --spool->n * sizeof(*spool->segment));
}

/* ---- opening ---- */

static int by_number(const void *a, const void *b)
{
    const struct segment *left = a, *right = b;
    return left->number < right->number ? -1 : left->number > right->number;
}

/* Whether a line is a document: *out gets the head and the start of the JSON. */
static bool read_head(const char *line, size_t len, struct sw_spooled *out, size_t *json_at)
{
    int at = 0;
    if (len == 0 || line[len - 1] != '\n' ||
        sscanf(line, "%u %" SCNx64 " %" SCNu64 " %" SCNu64 " %n", &out->stream, &out->run,
               &out->number, &out->events, &at) != 4 ||
        at <= 0 || (size_t)at >= len - 1) {
        return false;
    }
    *json_at = (size_t)at;
    return true;
}

/* Count the whole lines of a segment that a run before has left. */
static void count_lines(struct sw_spool *spool, struct segment *segment)
{
    char path[SW_PATH_MAX];
    ssize_t len;
    struct sw_spooled head;
    size_t json_at;
    path_of(spool, segment->number, path);
    FILE *file = fopen(path, "re");
    if (!file)
        return;
    while ((len = getline(&spool->line, &spool->line_size, file)) > 0) {
        segment->octets += (uint64_t)len;
        segment->documents += read_head(spool->line, (size_t)len, &head, &json_at);
    }
    fclose(file);
}

static void find_segments(struct sw_spool *spool)
{
    DIR *folder = opendir(spool->folder);
    const struct dirent *entry;
    if (!folder)
        return;
    while ((entry = readdir(folder)) != NULL) {
        char *end;
        uint64_t number = strtoull(entry->d_name, &end, 16);
        if (end == entry->d_name + NAME_DIGITS && strcmp(end, SUFFIX) == 0 &&
            !append_segment(spool, number)) {
            break;
        }
    }
    closedir(folder);
    if (spool->n == 0)
        return;
    qsort(spool->segment, spool->n, sizeof(*spool->segment), by_number);
    for (size_t i = 0; i < spool->n; i++) {
        count_lines(spool, &spool->segment[i]);
        spool->waiting += spool->segment[i].documents;
        spool->octets += spool->segment[i].octets;
    }
    while (spool->n > 0 && spool->segment[0].documents == 0)
        drop_first(spool);
    if (spool->waiting > 0) {
        sw_log(SW_LOG_INFO, "event-spool %s: %" PRIu64 " events of a run before go first",
               spool->folder, spool->waiting);
    }
}

/* Make the folder if need be, and lock the folder against other processes. */
static void use_folder(struct sw_spool *spool)
{
    char path[SW_PATH_MAX];
    if (mkdir(spool->folder, 0700) != 0 && errno != EEXIST) {
        told(spool, errno, "cannot be made");
        return;
    }
    snprintf(path, sizeof(path), "%.240s/lock", spool->folder);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        told(spool, errno, "cannot be written to");
        return;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        told(spool, errno, "another process uses the folder");
        close(fd);
        return;
    }
    spool->lock = fd;
    spool->problem = 0;
    find_segments(spool);
}

struct sw_spool *sw_spool_new(const char *folder, uint64_t max)
{
    struct sw_spool *spool = calloc(1, sizeof(*spool));
    if (!spool)
        return NULL;
    snprintf(spool->folder, sizeof(spool->folder), "%s", folder);
    spool->max = max;
    spool->lock = -1;
    if (folder[0] != '\0')
        use_folder(spool);
    return spool;
}

void sw_spool_tick(struct sw_spool *spool, int64_t mono_us)
{
    if (spool->lock < 0 && spool->folder[0] != '\0' && mono_us >= spool->retry_us) {
        spool->retry_us = mono_us + RETRY_US;
        use_folder(spool);
    }
}

void sw_spool_free(struct sw_spool *spool)
{
    if (!spool)
        return;
    close_file(&spool->out);
    close_file(&spool->in);
    if (spool->lock >= 0)
        close(spool->lock);
    free(spool->segment);
    free(spool->line);
    free(spool);
}

/* ---- writing ---- */

/* A new file for a segment. NULL after a message. */
static FILE *make_segment(struct sw_spool *spool, uint64_t number)
{
    char path[SW_PATH_MAX];
    path_of(spool, number, path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (file) {
        setvbuf(file, NULL, _IOFBF, BUFFER_MAX);
        return file;
    }
    told(spool, errno, "cannot make a segment");
    if (fd >= 0)
        close(fd);
    return NULL;
}

/* Begin a segment behind all others. */
static enum sw_status begin_segment(struct sw_spool *spool)
{
    uint64_t number = spool->n > 0 ? spool->segment[spool->n - 1].number + 1 : FIRST_NUMBER;
    FILE *file = make_segment(spool, number);
    if (!file)
        return SW_EIO;
    if (!append_segment(spool, number)) {
        fclose(file);
        return SW_ENOMEM;
    }
    spool->out = file;
    return SW_OK;
}

/* The words before the JSON; returns the length. */
static size_t make_head(const struct sw_spooled *document, char head[HEAD_MAX])
{
    int n = snprintf(head, HEAD_MAX, "%u %" PRIx64 " %" PRIu64 " %" PRIu64 " ", document->stream,
                     document->run, document->number, document->events);
    return (size_t)n;
}

static uint64_t octets_of(const struct sw_spooled *document)
{
    char head[HEAD_MAX];
    return make_head(document, head) + document->len + 1;
}

static bool write_line(FILE *file, const struct sw_spooled *document)
{
    char head[HEAD_MAX];
    size_t n = make_head(document, head);
    return fwrite(head, 1, n, file) == n &&
           fwrite(document->json, 1, document->len, file) == document->len &&
           fputc('\n', file) != EOF;
}

enum sw_status sw_spool_add(struct sw_spool *spool, const struct sw_spooled *document)
{
    uint64_t octets = octets_of(document);
    if (spool->lock < 0)
        return SW_EIO;
    if (spool->octets + octets > spool->max)
        return SW_ETOOBIG;
    if (spool->out && spool->segment[spool->n - 1].octets >= SEGMENT_MAX)
        close_file(&spool->out);
    if (!spool->out && begin_segment(spool) != SW_OK)
        return SW_EIO;
    if (!write_line(spool->out, document)) {
        told(spool, errno, "cannot be written to");
        close_file(&spool->out); /* a reader leaves out a line that was cut short */
        return SW_EIO;
    }
    struct segment *last = &spool->segment[spool->n - 1];
    last->octets += octets;
    last->documents++;
    spool->octets += octets;
    spool->waiting++;
    spool->problem = 0;
    return SW_OK;
}

/* Write documents into a new file; false, without the file, when the disk says no. */
static bool write_front(struct sw_spool *spool, uint64_t number, const struct sw_spooled *documents,
                        size_t n)
{
    char path[SW_PATH_MAX];
    FILE *file = make_segment(spool, number);
    bool all = file != NULL;
    if (!file)
        return false;
    for (size_t i = 0; all && i < n; i++)
        all = write_line(file, &documents[i]);
    if (fclose(file) != 0 || !all) {
        told(spool, errno, "cannot be written to");
        path_of(spool, number, path);
        unlink(path);
        return false;
    }
    return true;
}

enum sw_status sw_spool_put_back(struct sw_spool *spool, const struct sw_spooled *documents,
                                 size_t n)
{
    uint64_t octets = 0;
    assert(spool->taken == 0);
    if (spool->lock < 0)
        return SW_EIO;
    for (size_t i = 0; i < n; i++)
        octets += octets_of(&documents[i]);
    if (spool->octets + octets > spool->max)
        return SW_ETOOBIG;
    uint64_t number = spool->n > 0 ? spool->segment[0].number - 1 : FIRST_NUMBER;
    if (!make_room(spool) || !write_front(spool, number, documents, n))
        return SW_EIO;
    sw_spool_rewind(spool);
    memmove(spool->segment + 1, spool->segment, spool->n++ * sizeof(*spool->segment));
    spool->segment[0] = (struct segment){.number = number, .octets = octets, .documents = n};
    spool->octets += octets;
    spool->waiting += n;
    return SW_OK;
}

void sw_spool_flush(struct sw_spool *spool)
{
    if (spool->out && fflush(spool->out) != 0)
        told(spool, errno, "cannot be written to");
}

/* ---- reading ---- */

/* Open the segment to be read next, at the first document that is not done. */
static bool open_segment(struct sw_spool *spool)
{
    char path[SW_PATH_MAX];
    if (spool->in_segment >= spool->n)
        return false;
    path_of(spool, spool->segment[spool->in_segment].number, path);
    spool->in = fopen(path, "re");
    if (spool->in)
        fseek(spool->in, spool->segment[spool->in_segment].done_at, SEEK_SET);
    return spool->in != NULL;
}

/* The next whole line over all segments into spool->line: the length, 0 for none. */
static size_t next_line(struct sw_spool *spool)
{
    for (;;) {
        if (!spool->in && !open_segment(spool)) {
            if (spool->in_segment + 1 >= spool->n)
                return 0;
            spool->in_segment++; /* gone under us */
            continue;
        }
        clearerr(spool->in);
        long at = ftell(spool->in);
        ssize_t len = getline(&spool->line, &spool->line_size, spool->in);
        if (len > 0 && spool->line[len - 1] == '\n')
            return (size_t)len;
        if (spool->in_segment + 1 >= spool->n) {
            fseek(spool->in, at, SEEK_SET); /* more may come */
            return 0;
        }
        close_file(&spool->in);
        spool->in_segment++;
    }
}

/* Documents that were added and are missing (the disk was full) are counted as missing. */
static void give_up_missing(struct sw_spool *spool)
{
    uint64_t missing = spool->waiting - spool->taken;
    spool->missing += missing;
    spool->waiting -= missing;
    for (size_t i = spool->n; i-- > 0 && missing > 0;) {
        struct segment *segment = &spool->segment[i];
        uint64_t of_it = missing < segment->documents ? missing : segment->documents;
        segment->documents -= of_it;
        missing -= of_it;
    }
    while (spool->taken == 0 && spool->n > 0 && spool->segment[0].documents == 0)
        drop_first(spool);
}

uint64_t sw_spool_missing(struct sw_spool *spool)
{
    uint64_t missing = spool->missing;
    spool->missing = 0;
    return missing;
}

enum sw_status sw_spool_take(struct sw_spool *spool, struct sw_spooled *out)
{
    struct sw_spooled document;
    size_t len, json_at;
    if (spool->taken >= spool->waiting)
        return SW_ENOTFOUND;
    sw_spool_flush(spool);
    do {
        len = next_line(spool);
    } while (len > 0 && !read_head(spool->line, len, &document, &json_at));
    if (len == 0) {
        give_up_missing(spool);
        return SW_ENOTFOUND;
    }
    document.len = len - json_at - 1;
    document.json = malloc(document.len + 1);
    if (!document.json)
        return SW_ENOMEM; /* this document is passed over until the next rewind */
    memcpy(document.json, spool->line + json_at, document.len);
    document.json[document.len] = '\0';
    spool->taken++;
    *out = document;
    return SW_OK;
}

/* Move the mark behind n documents of the first segment. */
static void pass(struct sw_spool *spool, uint64_t n)
{
    struct segment *first = &spool->segment[0];
    char path[SW_PATH_MAX];
    struct sw_spooled head;
    size_t json_at;
    ssize_t len;
    path_of(spool, first->number, path);
    FILE *file = fopen(path, "re");
    if (!file)
        return;
    fseek(file, first->done_at, SEEK_SET);
    while (n > 0 && (len = getline(&spool->line, &spool->line_size, file)) > 0)
        n -= read_head(spool->line, (size_t)len, &head, &json_at) ? 1 : 0;
    first->done_at = ftell(file);
    fclose(file);
}

void sw_spool_done(struct sw_spool *spool, uint64_t n)
{
    assert(n <= spool->taken);
    spool->taken -= n;
    spool->waiting -= n;
    while (n > 0 && spool->n > 0) {
        struct segment *first = &spool->segment[0];
        uint64_t of_it = n < first->documents ? n : first->documents;
        first->documents -= of_it;
        n -= of_it;
        if (first->documents > 0)
            pass(spool, of_it);
        else
            drop_first(spool);
    }
}

void sw_spool_rewind(struct sw_spool *spool)
{
    close_file(&spool->in);
    spool->in_segment = 0;
    spool->taken = 0;
}
