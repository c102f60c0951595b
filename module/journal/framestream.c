/* framestream.c - see framestream.h. */
#include "journal/framestream.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define RETRY_US           1000000 /* between two attempts to connect */
#define REPLY_US           2000000 /* for ACCEPT */
#define STUCK_US           5000000 /* a reader that takes nothing for so long is given up */
#define ENDING_US          500000  /* for all at the end */
#define LOOK_MS            100     /* between two looks whether to end */
#define LENGTH             4       /* octets before a frame */
#define CONTROL_MAX        512     /* octets of a control frame */
#define FIELD_CONTENT_TYPE 1

enum { ACCEPT = 1, START = 2, STOP = 3, READY = 4, FINISH = 5 };

struct buffer {
    uint8_t *data; /* frames, each with the length before it */
    size_t len, size;
};

struct sw_frames {
    const char *path, *type;
    struct sw_counters *counters;
    pthread_t thread;
    pthread_mutex_t lock; /* of the next two, and stop */
    pthread_cond_t changed;
    struct buffer fresh;
    bool stop;
    int64_t end_us;        /* once stop is seen: the time at which the thread ends */
    struct buffer sending; /* the thread's own */
    size_t sent;           /* octets of whole frames that were sent */
    int fd;                /* -1: not connected */
    bool said;             /* the present failure is logged */
};

/* ---- the buffer ---- */

static void put_u32(uint8_t *at, size_t value)
{
    for (unsigned i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static size_t get_u32(const uint8_t *at)
{
    return (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
}

/* Room for len more octets; false: the buffer is full, or there is no memory. */
static bool make_room(struct buffer *b, size_t len)
{
    size_t size = b->size ? b->size : 65536;
    while (size < b->len + len)
        size *= 2;
    if (size == b->size)
        return true;
    uint8_t *data = size <= SW_FRAMES_MAX ? realloc(b->data, size) : NULL;
    if (!data)
        return false;
    b->data = data;
    b->size = size;
    return true;
}

void sw_frames_put(struct sw_frames *frames, const void *data, size_t len)
{
    if (!frames)
        return;
    assert(len > 0 && len <= UINT16_MAX);
    pthread_mutex_lock(&frames->lock);
    struct buffer *b = &frames->fresh;
    bool first = b->len == 0, room = make_room(b, LENGTH + len);
    if (room) {
        put_u32(b->data + b->len, len);
        memcpy(b->data + b->len + LENGTH, data, len);
        b->len += LENGTH + len;
    }
    if (first)
        pthread_cond_signal(&frames->changed);
    pthread_mutex_unlock(&frames->lock);
    if (!room)
        sw_count(&frames->counters->dnstap_lost, 1);
}

/* The number of frames from an octet on. */
static uint64_t frames_from(const struct buffer *b, size_t at)
{
    uint64_t n = 0;
    for (; at < b->len; at += LENGTH + get_u32(b->data + at))
        n++;
    return n;
}

/* ---- waiting ---- */

/* Whether the thread has to end; from the first time on a clock runs. */
static bool is_ending(struct sw_frames *f)
{
    pthread_mutex_lock(&f->lock);
    if (f->stop && f->end_us == 0)
        f->end_us = sw_clock_mono_us() + ENDING_US;
    pthread_mutex_unlock(&f->lock);
    return f->end_us != 0;
}

static bool is_over(struct sw_frames *f)
{
    return is_ending(f) && sw_clock_mono_us() >= f->end_us;
}

/* Wait until the socket is ready; false: the time is over. */
static bool await(struct sw_frames *f, short events, int64_t us)
{
    struct pollfd p = {.fd = f->fd, .events = events};
    int64_t until = sw_clock_mono_us() + us;
    while (!is_over(f) && sw_clock_mono_us() < until)
        if (poll(&p, 1, LOOK_MS) > 0)
            return true;
    return false;
}

/* ---- the socket ---- */

static void hang_up(struct sw_frames *f, const char *why)
{
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
    if (!f->said && !is_ending(f))
        sw_log(SW_LOG_WARNING, "event-dnstap: %s: %s; trying again each second", f->path, why);
    f->said = true;
}

/* Send some octets; returns the number, 0 after a failure. */
static size_t send_some(struct sw_frames *f, const uint8_t *data, size_t len)
{
    for (;;) {
        ssize_t n = send(f->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0)
            return (size_t)n;
        bool full = n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
        if (!full || !await(f, POLLOUT, STUCK_US)) {
            hang_up(f, full ? "the reader takes nothing" : strerror(errno));
            return 0;
        }
    }
}

static bool send_all(struct sw_frames *f, const uint8_t *data, size_t len)
{
    for (size_t at = 0, n; at < len; at += n)
        if ((n = send_some(f, data + at, len - at)) == 0)
            return false;
    return true;
}

static bool receive(struct sw_frames *f, uint8_t *data, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t n = recv(f->fd, data + at, len - at, MSG_DONTWAIT);
        if (n > 0)
            at += (size_t)n;
        else if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
            return false;
        else if (!await(f, POLLIN, REPLY_US))
            return false;
    }
    return true;
}

/* A control frame: the escape, a length, the kind, and the content type in some kinds. */
static bool send_control(struct sw_frames *f, size_t kind)
{
    uint8_t frame[CONTROL_MAX] = {0};
    size_t type_len = kind == STOP ? 0 : strlen(f->type), len = 4;
    put_u32(frame + 8, kind);
    if (type_len > 0) {
        put_u32(frame + 12, FIELD_CONTENT_TYPE);
        put_u32(frame + 16, type_len);
        memcpy(frame + 20, f->type, type_len);
        len += 8 + type_len;
    }
    put_u32(frame + 4, len);
    return send_all(f, frame, 8 + len);
}

/* Whether a control frame names our content type among the fields. */
static bool has_type(const struct sw_frames *f, const uint8_t *at, const uint8_t *end)
{
    size_t wanted = strlen(f->type);
    while (end - at >= 8) {
        size_t field = get_u32(at), len = get_u32(at + 4);
        at += 8;
        if (len > (size_t)(end - at))
            return false;
        if (field == FIELD_CONTENT_TYPE && len == wanted && memcmp(at, f->type, len) == 0)
            return true;
        at += len;
    }
    return false;
}

/* Receive a control frame of this kind; false: another frame, or none. */
static bool expect(struct sw_frames *f, size_t kind)
{
    uint8_t head[8], frame[CONTROL_MAX];
    if (!receive(f, head, sizeof(head)) || get_u32(head) != 0)
        return false;
    size_t len = get_u32(head + 4);
    if (len < 4 || len > sizeof(frame) || !receive(f, frame, len) || get_u32(frame) != kind)
        return false;
    return kind != ACCEPT || has_type(f, frame + 4, frame + len);
}

static bool connect_to(struct sw_frames *f)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    snprintf(to.sun_path, sizeof(to.sun_path), "%s", f->path);
    f->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (f->fd < 0 || connect(f->fd, (const struct sockaddr *)&to, sizeof(to)) != 0) {
        hang_up(f, strerror(errno));
        return false;
    }
    if (!send_control(f, READY))
        return false;
    if (!expect(f, ACCEPT)) {
        hang_up(f, "the reader does not accept dnstap");
        return false;
    }
    if (!send_control(f, START))
        return false;
    if (f->said)
        sw_log(SW_LOG_INFO, "event-dnstap: %s: connected", f->path);
    f->said = false;
    return true;
}

/* ---- the thread ---- */

/* Wait for fresh frames, or for the time; take the frames if those before are all sent. */
static void take(struct sw_frames *f)
{
    int64_t until_us = sw_clock_mono_us() + RETRY_US;
    bool all_sent = f->sent == f->sending.len;
    pthread_mutex_lock(&f->lock);
    /* Without a connection the time has to pass. */
    while (!f->stop && (f->fd < 0 || (all_sent && f->fresh.len == 0)))
        if (!sw_cond_wait(&f->changed, &f->lock, until_us))
            break;
    if (all_sent && f->fresh.len > 0) {
        struct buffer spare = f->sending;
        spare.len = 0;
        f->sending = f->fresh;
        f->fresh = spare;
        f->sent = 0;
    }
    pthread_mutex_unlock(&f->lock);
}

/* Send what was taken, whole frames in pieces that the socket takes. */
static void send_taken(struct sw_frames *f)
{
    size_t at = f->sent;
    while (at < f->sending.len) {
        size_t n = send_some(f, f->sending.data + at, f->sending.len - at);
        at += n;
        size_t whole = f->sent;
        while (whole < at && whole + LENGTH + get_u32(f->sending.data + whole) <= at) {
            whole += LENGTH + get_u32(f->sending.data + whole);
            sw_count(&f->counters->dnstap_sent, 1);
        }
        f->sent = whole;
        if (n == 0)
            return;
    }
}

static bool has_work(struct sw_frames *f)
{
    pthread_mutex_lock(&f->lock);
    bool work = f->sent < f->sending.len || f->fresh.len > 0;
    pthread_mutex_unlock(&f->lock);
    return work;
}

static void *run(void *arg)
{
    struct sw_frames *f = arg;
    bool connected = connect_to(f);
    while (!is_ending(f) || (connected && has_work(f) && !is_over(f))) {
        take(f);
        connected = f->fd >= 0 || connect_to(f);
        if (connected)
            send_taken(f);
        connected = f->fd >= 0;
    }
    if (connected && send_control(f, STOP))
        expect(f, FINISH);
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
    return NULL;
}

struct sw_frames *sw_frames_start(const char *path, const char *type, struct sw_counters *counters)
{
    struct sw_frames *f = calloc(1, sizeof(*f));
    if (!f)
        return NULL;
    f->path = path;
    f->type = type;
    f->counters = counters;
    f->fd = -1;
    pthread_mutex_init(&f->lock, NULL);
    if (sw_cond_init(&f->changed) && sw_thread_start(&f->thread, "sw-dnstap", run, f))
        return f;
    pthread_mutex_destroy(&f->lock);
    free(f);
    return NULL;
}

void sw_frames_stop(struct sw_frames *frames)
{
    if (!frames)
        return;
    pthread_mutex_lock(&frames->lock);
    frames->stop = true;
    pthread_cond_signal(&frames->changed);
    pthread_mutex_unlock(&frames->lock);
    pthread_join(frames->thread, NULL);
    sw_count(&frames->counters->dnstap_lost,
             frames_from(&frames->fresh, 0) + frames_from(&frames->sending, frames->sent));
    pthread_cond_destroy(&frames->changed);
    pthread_mutex_destroy(&frames->lock);
    free(frames->fresh.data);
    free(frames->sending.data);
    free(frames);
}
