/*
 * test_redis_wait.c - while a connection waits, the owner's other work goes on: for the address of
 * a host, for a sentinel, for the server itself.
 *
 * getaddrinfo() is defined by this program instead of the C library: the function returns when the
 * owner has worked twice.
 */
#include "listening.h"

#include "base/clock.h"
#include "redis/redis.h"
#include "suite.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEADLINE_US INT64_C(20000000) /* never waited out */

static atomic_uint worked;     /* how often on_wait was called */
static atomic_bool looking_up; /* a name is looked up right now */
static atomic_bool worked_meanwhile;

typedef int get_addresses(const char *, const char *, const struct addrinfo *, struct addrinfo **);

/** As if no name server answered for a while; addresses need none. */
int getaddrinfo(const char *restrict node, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict found)
{
    int64_t until = sw_clock_mono_us() + DEADLINE_US;
    if (hints->ai_flags & AI_NUMERICHOST) {
        get_addresses *next;
        *(void **)&next = dlsym(RTLD_NEXT, "getaddrinfo");
        return next(node, service, hints, found);
    }
    atomic_store(&looking_up, true);
    while (atomic_load(&worked) < 2 && sw_clock_mono_us() < until)
        poll(NULL, 0, 1);
    atomic_store(&looking_up, false);
    return EAI_AGAIN;
}

static void work(void *arg)
{
    (void)arg;
    atomic_fetch_add(&worked, 1);
    if (atomic_load(&looking_up))
        atomic_store(&worked_meanwhile, true);
}

/* Ends the wait that calls this function. */
static void work_and_interrupt(void *arg)
{
    work(NULL);
    sw_redis_interrupt(arg);
}

/* A connection to a name that is no address; with other work, or without. */
static void fail_to_find(void (*other_work)(void *arg))
{
    struct sw_settings settings;
    sw_settings_init(&settings);
    snprintf(settings.redis_host, sizeof(settings.redis_host), "redis.example");
    struct sw_redis *redis = sw_redis_new(&settings);
    sw_redis_on_wait(redis, other_work, NULL);
    ck_assert_int_eq(sw_redis_open(redis), SW_EIO);
    ck_assert_ptr_nonnull(strstr(sw_redis_error(redis), "no address"));
    sw_redis_free(redis);
}

START_TEST(while_a_host_is_looked_up)
{
    atomic_store(&worked, 0);
    fail_to_find(work);
    ck_assert(atomic_load(&worked_meanwhile));
}
END_TEST

/* An owner without other work waits plainly: no thread is made. */
START_TEST(without_other_work)
{
    atomic_store(&worked, 2);
    fail_to_find(NULL);
}
END_TEST

/* A sentinel that keeps silent for longer than the test would wait. */
START_TEST(while_a_sentinel_keeps_silent)
{
    struct sw_settings settings;
    uint16_t port;
    int fd = listen_somewhere(&port);
    sw_settings_init(&settings);
    settings.redis_timeout_ms = 60000;
    snprintf(settings.redis_sentinel[0], SW_TEXT_MAX, "127.0.0.1:%u", port);
    atomic_store(&worked, 2); /* the address is: nothing is looked up */
    struct sw_redis *redis = sw_redis_new(&settings);
    sw_redis_on_wait(redis, work_and_interrupt, redis);
    ck_assert_int_eq(sw_redis_open(redis), SW_ECLOSED);
    ck_assert_uint_eq(atomic_load(&worked), 3);
    sw_redis_free(redis);
    close(fd);
}
END_TEST

int main(void)
{
    return RUN_SUITE(
        "redis wait", TIMEOUT(30),
        TESTS(while_a_host_is_looked_up, without_other_work, while_a_sentinel_keeps_silent));
}
