/*
 * test_framestream.c - the sender of frames against a reader in this file: a limit, a break, a
 * reader of another type, the end.
 */
#include "journal/framestream.h"
#include "suite.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define TYPE "protobuf:test.Test"
#define SIZE 1000 /* octets of a frame; the first four are the number */

static char folder[32], path[64];
static struct sw_counters counters;

static void setup(void)
{
    memset(&counters, 0, sizeof(counters));
    snprintf(folder, sizeof(folder), "/tmp/sw-frames-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/sock", folder);
}

static void teardown(void)
{
    unlink(path);
    rmdir(folder);
}

static void put(struct sw_frames *frames, uint32_t number)
{
    uint8_t frame[SIZE] = {0};
    memcpy(frame, &number, sizeof(number));
    sw_frames_put(frames, frame, sizeof(frame));
}

/* ---- the reader ---- */

static int listen_at(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
    unlink(path);
    ck_assert(bind(fd, (const struct sockaddr *)&at, sizeof(at)) == 0 && listen(fd, 4) == 0);
    return fd;
}

/* Read so many octets; false: the other side has closed. */
static bool get(int fd, void *out, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t n = read(fd, (char *)out + at, len - at);
        if (n <= 0)
            return false;
        at += (size_t)n;
    }
    return true;
}

static uint32_t number_at(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The kind of the next control frame. */
static uint32_t get_control(int fd)
{
    uint8_t head[8], rest[512];
    ck_assert(get(fd, head, sizeof(head)) && number_at(head) == 0);
    ck_assert(number_at(head + 4) <= sizeof(rest) && get(fd, rest, number_at(head + 4)));
    return number_at(rest);
}

static void put_control(int fd, uint8_t kind, const char *type)
{
    uint8_t frame[64] = {[11] = kind};
    size_t len = strlen(type);
    frame[7] = (uint8_t)(len > 0 ? 12 + len : 4);
    frame[15] = 1;
    frame[19] = (uint8_t)len;
    memcpy(frame + 20, type, len);
    size_t size = 8U + frame[7];
    ck_assert(write(fd, frame, size) == (ssize_t)size);
}

/* A connection after READY, ACCEPT and START. */
static int greet(int listener)
{
    int fd = accept(listener, NULL, NULL);
    ck_assert_uint_eq(get_control(fd), 4);
    put_control(fd, 1, TYPE);
    ck_assert_uint_eq(get_control(fd), 2);
    return fd;
}

/* Read n frames and expect the numbers from `first` on. */
static void expect(int fd, uint32_t first, uint32_t n)
{
    for (uint32_t i = first; i < first + n; i++) {
        uint8_t head[4], frame[SIZE];
        uint32_t number;
        ck_assert(get(fd, head, sizeof(head)));
        ck_assert_uint_eq(number_at(head), SIZE);
        ck_assert(get(fd, frame, sizeof(frame)));
        memcpy(&number, frame, sizeof(number));
        ck_assert_uint_eq(number, i);
    }
}

/* ---- the tests ---- */

/* The end of the sender, as seen by the reader: STOP, answered by FINISH. */
static void *finish(void *arg)
{
    int fd = *(int *)arg;
    ck_assert_uint_eq(get_control(fd), 3);
    put_control(fd, 5, "");
    return NULL;
}

START_TEST(the_limit_is_kept_and_each_loss_counted)
{
    uint32_t sent = SW_FRAMES_MAX / SIZE + 500, kept = SW_FRAMES_MAX / (SIZE + 4);
    struct sw_frames *frames = sw_frames_start(path, TYPE, &counters);
    for (uint32_t i = 0; i < sent; i++)
        put(frames, i);
    /* Nobody listens, so nothing is taken out of the buffer but by the thread, once. */
    uint64_t lost = sw_counted(&counters.dnstap_lost);
    ck_assert_uint_le(lost, sent - kept);
    int listener = listen_at(), fd = greet(listener);
    expect(fd, 0, kept);
    pthread_t reader;
    uint32_t more = sent - (uint32_t)lost - kept; /* behind a gap, if the thread took some before */
    for (uint32_t i = 0; i < more; i++) {
        uint8_t frame[SIZE + 4];
        ck_assert(get(fd, frame, sizeof(frame)));
    }
    pthread_create(&reader, NULL, finish, &fd);
    sw_frames_stop(frames);
    pthread_join(reader, NULL);
    ck_assert_uint_eq(sw_counted(&counters.dnstap_lost), lost);
    ck_assert_uint_eq(sw_counted(&counters.dnstap_sent) + lost, sent);
    close(fd);
    close(listener);
}
END_TEST

/* The reader closes in the middle of a frame: the next connection begins with a whole frame, in
 * order, and none but those that the system had taken is missing. */
START_TEST(a_break_cuts_no_frame)
{
    int listener = listen_at();
    struct sw_frames *frames = sw_frames_start(path, TYPE, &counters);
    for (uint32_t i = 0; i < 1000; i++)
        put(frames, i);
    int fd = greet(listener);
    expect(fd, 0, 10);
    uint8_t part[SIZE / 2];
    ck_assert(get(fd, part, sizeof(part)));
    close(fd);
    fd = greet(listener);
    uint8_t frame[SIZE + 4];
    uint32_t first, number;
    ck_assert(get(fd, frame, sizeof(frame)));
    memcpy(&first, frame + 4, sizeof(first));
    ck_assert(number_at(frame) == SIZE && first >= 10 && first < 1000);
    for (uint32_t i = first + 1; i < 1000; i++) {
        ck_assert(get(fd, frame, sizeof(frame)));
        memcpy(&number, frame + 4, sizeof(number));
        ck_assert_uint_eq(number, i);
    }
    pthread_t reader;
    pthread_create(&reader, NULL, finish, &fd);
    sw_frames_stop(frames);
    pthread_join(reader, NULL);
    ck_assert_uint_eq(sw_counted(&counters.dnstap_sent), 1000);
    ck_assert_uint_eq(sw_counted(&counters.dnstap_lost), 0);
    close(fd);
    close(listener);
}
END_TEST

START_TEST(a_reader_of_another_type_gets_nothing)
{
    int listener = listen_at();
    struct sw_frames *frames = sw_frames_start(path, TYPE, &counters);
    put(frames, 0);
    int fd = accept(listener, NULL, NULL);
    ck_assert_uint_eq(get_control(fd), 4);
    put_control(fd, 1, "protobuf:other");
    uint8_t octet;
    ck_assert(!get(fd, &octet, 1)); /* closed */
    sw_frames_stop(frames);
    ck_assert_uint_eq(sw_counted(&counters.dnstap_lost), 1);
    ck_assert_uint_eq(sw_counted(&counters.dnstap_sent), 0);
    close(fd);
    close(listener);
}
END_TEST

int main(void)
{
    return RUN_SUITE("framestream", TIMEOUT(60), FIXTURE(setup, teardown),
                     TESTS(the_limit_is_kept_and_each_loss_counted, a_break_cuts_no_frame,
                           a_reader_of_another_type_gets_nothing));
}
