/* A connection to Redis against real servers: ways to connect, AUTH, time-outs, a server that
 * dies, interruption from another thread, pipelines of any size. */
#include "redis/redis.h"

#include "base/clock.h"
#include "listening.h"
#include "redis_fixture.h"
#include "suite.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define US_PER_S 1000000

static struct redis_fixture server; /* shared by all tests that do not harm the server */

static struct sw_redis *opened(const struct redis_fixture *rf)
{
    struct sw_settings settings;
    redis_fixture_settings(rf, &settings);
    settings.redis_timeout_ms = 10000;
    struct sw_redis *redis = sw_redis_new(&settings);
    ck_assert_ptr_nonnull(redis);
    enum sw_status status = sw_redis_open(redis);
    ck_assert_msg(status == SW_OK, "%s", sw_redis_error(redis));
    return redis;
}

/* Open with these settings and expect a failure with these words in the message. */
static void expect_failure(const struct sw_settings *settings, enum sw_status wanted,
                           const char *words)
{
    struct sw_redis *redis = sw_redis_new(settings);
    enum sw_status status = sw_redis_open(redis);
    ck_assert_int_eq(status, wanted);
    ck_assert_msg(strstr(sw_redis_error(redis), words) != NULL, "got: %s", sw_redis_error(redis));
    ck_assert(!sw_redis_is_open(redis));
    ck_assert_ptr_null(sw_redis_command(redis, "PING"));
    sw_redis_free(redis);
}

static void expect_success(const struct sw_settings *settings)
{
    struct sw_redis *redis = sw_redis_new(settings);
    enum sw_status status = sw_redis_open(redis);
    ck_assert_msg(status == SW_OK, "%s", sw_redis_error(redis));
    ck_assert_str_eq(sw_redis_error(redis), "");
    sw_redis_free(redis);
}

START_TEST(commands_and_replies)
{
    struct sw_redis *redis = opened(&server);
    redisReply *reply = sw_redis_command(redis, "SET %s %b", "key", "a\0b", (size_t)3);
    ck_assert_int_eq(reply->type, REDIS_REPLY_STATUS);
    freeReplyObject(reply);
    const char *argv[] = {"GET", "key"};
    const size_t len[] = {3, 3};
    reply = sw_redis_command_argv(redis, 2, argv, len);
    ck_assert_int_eq(reply->type, REDIS_REPLY_STRING);
    ck_assert_uint_eq(reply->len, 3);
    ck_assert_mem_eq(reply->str, "a\0b", 3);
    freeReplyObject(reply);
    sw_redis_free(redis);
}
END_TEST

START_TEST(error_reply_keeps_the_connection)
{
    struct sw_redis *redis = opened(&server);
    ck_assert_str_eq(sw_redis_error(redis), "");
    freeReplyObject(sw_redis_command(redis, "SET text x"));
    redisReply *reply = sw_redis_command(redis, "HGETALL text");
    ck_assert_int_eq(reply->type, REDIS_REPLY_ERROR);
    freeReplyObject(reply);
    ck_assert_ptr_nonnull(strstr(sw_redis_error(redis), "WRONGTYPE"));
    ck_assert_ptr_nonnull(strstr(sw_redis_error(redis), sw_redis_target(redis)));
    reply = sw_redis_command(redis, "PING");
    ck_assert_str_eq(reply->str, "PONG");
    freeReplyObject(reply);
    sw_redis_free(redis);
}
END_TEST

/* n commands of 1000 octets, then n replies: each repeats the command. */
static void pipeline(struct sw_redis *redis, int n)
{
    char payload[1000];
    const char *argv[] = {"ECHO", payload};
    const size_t len[] = {4, sizeof(payload)};
    memset(payload, 'x', sizeof(payload));
    for (int i = 0; i < n; i++) {
        snprintf(payload, sizeof(payload), "%d", i);
        ck_assert_int_eq(sw_redis_append_argv(redis, 2, argv, len), SW_OK);
    }
    for (int i = 0; i < n; i++) {
        redisReply *reply = sw_redis_reply(redis);
        ck_assert_msg(reply != NULL, "%s", sw_redis_error(redis));
        redisReply *echo = reply->type == REDIS_REPLY_ARRAY ? reply->element[1] : reply;
        ck_assert_uint_eq(echo->len, sizeof(payload));
        ck_assert_int_eq(atoi(echo->str), i);
        freeReplyObject(reply);
    }
}

START_TEST(pipelines)
{
    struct sw_redis *redis = opened(&server);
    pipeline(redis, 1);
    pipeline(redis, 2000);
    pipeline(redis, 3);
    sw_redis_free(redis);
}
END_TEST

/* A server that sends all input back (a command is also a valid reply: an array), and reads no more
 * while the client takes no answers. */
static void *echo_server(void *arg)
{
    static char buffer[16384];
    int client = accept(*(int *)arg, NULL, NULL);
    ssize_t n;
    while ((n = read(client, buffer, sizeof(buffer))) > 0)
        for (ssize_t done = 0; done < n;) {
            ssize_t m = send(client, buffer + done, (size_t)(n - done), MSG_NOSIGNAL);
            done = m > 0 ? done + m : n;
        }
    close(client);
    return NULL;
}

/* More than all socket buffers hold, in both directions: must not lock up. */
START_TEST(pipeline_larger_than_any_buffer)
{
    struct sw_settings settings;
    pthread_t thread;
    sw_settings_init(&settings);
    settings.redis_timeout_ms = 5000;
    int fd = listen_somewhere(&settings.redis_port);
    ck_assert_int_eq(pthread_create(&thread, NULL, echo_server, &fd), 0);
    struct sw_redis *redis = sw_redis_new(&settings);
    ck_assert_int_eq(sw_redis_open(redis), SW_OK);
    pipeline(redis, 30000);
    sw_redis_free(redis);
    pthread_join(thread, NULL);
    close(fd);
}
END_TEST

START_TEST(command_amid_a_pipeline_is_refused)
{
    struct sw_redis *redis = opened(&server);
    const char *argv[] = {"PING"};
    ck_assert_int_eq(sw_redis_append_argv(redis, 1, argv, NULL), SW_OK);
    ck_assert_ptr_null(sw_redis_command(redis, "DBSIZE"));
    ck_assert(!sw_redis_is_open(redis));
    ck_assert_int_eq(sw_redis_open(redis), SW_OK); /* the due replies are forgotten */
    redisReply *reply = sw_redis_command(redis, "DBSIZE");
    ck_assert_int_eq(reply->type, REDIS_REPLY_INTEGER);
    freeReplyObject(reply);
    sw_redis_free(redis);
}
END_TEST

START_TEST(closed_connection_refuses_politely)
{
    struct sw_settings settings;
    const char *argv[] = {"PING"};
    redis_fixture_settings(&server, &settings);
    struct sw_redis *redis = sw_redis_new(&settings);
    ck_assert(!sw_redis_is_open(redis));
    ck_assert_ptr_null(sw_redis_command(redis, "PING"));
    ck_assert_ptr_nonnull(strstr(sw_redis_error(redis), "not connected"));
    ck_assert_ptr_null(sw_redis_reply(redis));
    ck_assert_ptr_null(sw_redis_command_argv(redis, 1, argv, NULL));
    ck_assert_int_eq(sw_redis_append_argv(redis, 1, argv, NULL), SW_ECLOSED);
    ck_assert_int_eq(sw_redis_set_timeout(redis, 1), SW_ECLOSED);
    sw_redis_close(redis);
    sw_redis_free(redis);
    sw_redis_free(NULL);
}
END_TEST

START_TEST(keys_have_the_prefix)
{
    struct sw_settings settings;
    char key[SW_REDISKEY_MAX];
    char small[8];
    sw_settings_init(&settings);
    struct sw_redis *redis = sw_redis_new(&settings);
    ck_assert_str_eq(sw_redis_key(redis, key, sizeof(key), "list:%s", "carbanak"),
                     "{sinkwatch}:list:carbanak");
    ck_assert_str_eq(sw_redis_key(redis, small, sizeof(small), "lists"), "");
    char exact[sizeof("{sinkwatch}:lists")];
    ck_assert_str_eq(sw_redis_key(redis, exact, sizeof(exact), "lists"), "{sinkwatch}:lists");
    ck_assert_str_eq(sw_redis_key(redis, exact, sizeof(exact) - 1, "lists"), "");
    sw_redis_free(redis);
}
END_TEST

START_TEST(target_names_where_to)
{
    struct sw_settings settings;
    sw_settings_init(&settings);
    struct sw_redis *redis = sw_redis_new(&settings);
    ck_assert_str_eq(sw_redis_target(redis), "127.0.0.1:6379");
    sw_redis_free(redis);
    snprintf(settings.redis_host, SW_TEXT_MAX, "::1");
    redis = sw_redis_new(&settings);
    ck_assert_str_eq(sw_redis_target(redis), "[::1]:6379");
    sw_redis_free(redis);
    snprintf(settings.redis_socket, SW_PATH_MAX, "/run/x.sock");
    redis = sw_redis_new(&settings);
    ck_assert_str_eq(sw_redis_target(redis), "unix:/run/x.sock");
    sw_redis_free(redis);
}
END_TEST

START_TEST(no_server_no_connection)
{
    struct sw_settings settings;
    uint16_t port;
    sw_settings_init(&settings);
    snprintf(settings.redis_socket, SW_PATH_MAX, "%s/none", server.dir);
    expect_failure(&settings, SW_EIO, "No such file");
    memset(settings.redis_socket, 'x', SW_PATH_MAX - 1);
    expect_failure(&settings, SW_EIO, "too long");
    settings.redis_socket[0] = '\0';
    close(listen_somewhere(&port));
    settings.redis_port = port;
    expect_failure(&settings, SW_EIO, "refused");
    snprintf(settings.redis_host, SW_TEXT_MAX, "not.a.host.invalid.");
    expect_failure(&settings, SW_EIO, "no address");
}
END_TEST

/* Accepts (in the backlog), never answers. */
START_TEST(silent_server_times_out)
{
    struct sw_settings settings;
    sw_settings_init(&settings);
    int fd = listen_somewhere(&settings.redis_port);
    settings.redis_timeout_ms = 100;
    int64_t start = sw_clock_mono_us();
    expect_failure(&settings, SW_EIO, "nothing within 100 ms");
    ck_assert_int_ge(sw_clock_mono_us() - start, 100000);
    close(fd);
}
END_TEST

static void *answer_nonsense(void *arg)
{
    const char nonsense[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
    int client = accept(*(int *)arg, NULL, NULL);
    ck_assert_int_gt(write(client, nonsense, sizeof(nonsense) - 1), 0);
    shutdown(client, SHUT_WR);
    while (read(client, &(char[64]){0}, 64) > 0)
        continue;
    close(client);
    return NULL;
}

START_TEST(server_that_is_no_redis)
{
    struct sw_settings settings;
    pthread_t thread;
    sw_settings_init(&settings);
    settings.redis_timeout_ms = 10000;
    int fd = listen_somewhere(&settings.redis_port);
    ck_assert_int_eq(pthread_create(&thread, NULL, answer_nonsense, &fd), 0);
    expect_failure(&settings, SW_EIO, "no Redis reply");
    pthread_join(thread, NULL);
    close(fd);
}
END_TEST

START_TEST(tcp_works)
{
    static struct redis_fixture rf;
    struct sw_settings settings;
    char port[8];
    sw_settings_init(&settings);
    close(listen_somewhere(&settings.redis_port));
    snprintf(port, sizeof(port), "%u", settings.redis_port);
    redis_fixture_start(&rf, (const char *[]){"--port", port, "--bind", "127.0.0.1", NULL});
    settings.redis_timeout_ms = 10000;
    expect_success(&settings);
    snprintf(settings.redis_host, SW_TEXT_MAX, "localhost"); /* maybe ::1 first, then 127.0.0.1 */
    expect_success(&settings);
    redis_fixture_stop(&rf);
}
END_TEST

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

START_TEST(password_of_the_default_user)
{
    static struct redis_fixture rf;
    struct sw_settings settings;
    char file[sizeof(rf.dir) + 8];
    redis_fixture_start(&rf, (const char *[]){"--requirepass", "s3cret", NULL});
    redis_fixture_settings(&rf, &settings);
    settings.redis_timeout_ms = 10000;
    expect_failure(&settings, SW_EREDIS, "PING refused: NOAUTH");
    snprintf(settings.redis_password, SW_TEXT_MAX, "wrong");
    expect_failure(&settings, SW_EREDIS, "AUTH refused: WRONGPASS");
    snprintf(settings.redis_password, SW_TEXT_MAX, "s3cret");
    expect_success(&settings);

    /* the file wins, and is read at each open */
    snprintf(file, sizeof(file), "%s/pass", rf.dir);
    snprintf(settings.redis_password_file, SW_PATH_MAX, "%s", file);
    expect_failure(&settings, SW_EIO, "No such file");
    struct sw_redis *redis = sw_redis_new(&settings);
    write_file(file, "\n");
    ck_assert_int_eq(sw_redis_open(redis), SW_EIO);
    ck_assert_ptr_nonnull(strstr(sw_redis_error(redis), "empty"));
    write_file(file, "old\n");
    ck_assert_int_eq(sw_redis_open(redis), SW_EREDIS);
    ck_assert_ptr_null(strstr(sw_redis_error(redis), "old"));
    write_file(file, "s3cret\r\nsecond line\n");
    ck_assert_int_eq(sw_redis_open(redis), SW_OK);
    sw_redis_free(redis);
    redis_fixture_stop(&rf);
}
END_TEST

START_TEST(acl_user)
{
    static struct redis_fixture rf;
    struct sw_settings settings;
    redis_fixture_start(&rf, NULL);
    redis_fixture_run(&rf, "ACL SETUSER resolver on >pw ~{sinkwatch}:* +hgetall");
    redis_fixture_run(&rf, "ACL SETUSER open on nopass ~* +@all");
    redis_fixture_settings(&rf, &settings);
    settings.redis_timeout_ms = 10000;
    snprintf(settings.redis_password, SW_TEXT_MAX, "pw");
    expect_failure(&settings, SW_EREDIS, "without any password configured");
    snprintf(settings.redis_user, SW_TEXT_MAX, "resolver");
    settings.redis_password[0] = '\0';
    expect_failure(&settings, SW_EREDIS, "AUTH as user resolver refused: WRONGPASS invalid");
    snprintf(settings.redis_password, SW_TEXT_MAX, "pw");
    expect_success(&settings); /* though PING is not permitted */
    struct sw_redis *redis = sw_redis_new(&settings);
    ck_assert_int_eq(sw_redis_open(redis), SW_OK);
    redisReply *reply = sw_redis_command(redis, "SET x y");
    ck_assert_int_eq(reply->type, REDIS_REPLY_ERROR);
    ck_assert_ptr_nonnull(strstr(sw_redis_error(redis), "NOPERM"));
    freeReplyObject(reply);
    sw_redis_free(redis);
    snprintf(settings.redis_user, SW_TEXT_MAX, "open");
    settings.redis_password[0] = '\0';
    expect_success(&settings);
    redis_fixture_stop(&rf);
}
END_TEST

/* conf/users.acl with every user switched on, as redis.conf explains, written to path. */
static void enable_users(const char *path)
{
    char name[600];
    char line[4096];
    snprintf(name, sizeof(name), "%.*sconf/users.acl",
             (int)(strlen(__FILE__) - strlen("tests/unit/test_redis.c")), __FILE__);
    FILE *in = fopen(name, "r");
    FILE *out = fopen(path, "w");
    ck_assert_msg(in && out, "%s: run from the folder in which it was compiled", name);
    while (fgets(line, sizeof(line), in)) {
        char *off = strstr(line, " off >");
        if (off)
            fprintf(out, "%.*s on %s", (int)(off - line), line, off + strlen(" off "));
        else
            fputs(line, out);
    }
    fclose(in);
    fclose(out);
}

/* Whether this user of the shipped ACL file may run the command. */
static bool permitted(const struct redis_fixture *rf, const char *user, const char *command)
{
    struct sw_settings settings;
    redis_fixture_settings(rf, &settings);
    settings.redis_timeout_ms = 10000;
    snprintf(settings.redis_user, SW_TEXT_MAX, "%s", user);
    snprintf(settings.redis_password, SW_TEXT_MAX, "REPLACE-%s-password", user);
    struct sw_redis *redis = sw_redis_new(&settings);
    enum sw_status status = sw_redis_open(redis);
    ck_assert_msg(status == SW_OK, "%s", sw_redis_error(redis));
    redisReply *reply = sw_redis_command(redis, command);
    ck_assert_ptr_nonnull(reply);
    bool yes = reply->type != REDIS_REPLY_ERROR;
    ck_assert_msg(yes || strncmp(reply->str, "NOPERM", 6) == 0, "%s: %s", command, reply->str);
    freeReplyObject(reply);
    sw_redis_free(redis);
    return yes;
}

START_TEST(shipped_acl_users)
{
    static struct redis_fixture rf;
    char path[sizeof(server.dir) + 16];
    snprintf(path, sizeof(path), "%s/users.acl", server.dir);
    enable_users(path);
    redis_fixture_start(&rf, (const char *[]){"--aclfile", path, NULL});
    ck_assert(permitted(&rf, "feed", "HSET {sinkwatch}:lists l {}"));
    ck_assert(permitted(&rf, "feed", "HSET {sinkwatch}:list:l x.net {}"));
    ck_assert(permitted(&rf, "feed", "XADD {sinkwatch}:changes * op add list l i x.net"));
    ck_assert(permitted(&rf, "feed", "HGETALL {sinkwatch}:resolver:r"));
    ck_assert(!permitted(&rf, "feed", "HSET {sinkwatch}:resolver:r a b"));
    ck_assert(!permitted(&rf, "feed", "HSET other a b"));
    ck_assert(permitted(&rf, "resolver", "HSCAN {sinkwatch}:list:l 0"));
    ck_assert(permitted(&rf, "resolver", "XREAD COUNT 1 STREAMS {sinkwatch}:changes 0"));
    ck_assert(permitted(&rf, "resolver", "HSET {sinkwatch}:resolver:r a b"));
    ck_assert(permitted(&rf, "resolver", "XADD {sinkwatch}:events MAXLEN ~ 9 * e {}"));
    ck_assert(permitted(&rf, "resolver", "HSET {sinkwatch}:seen:name:x.net a b"));
    ck_assert(!permitted(&rf, "resolver", "HSET {sinkwatch}:list:l y.net {}"));
    ck_assert(!permitted(&rf, "resolver", "DEL {sinkwatch}:lists"));
    ck_assert(permitted(&rf, "resolver", "PSUBSCRIBE __keyspace@0__:{sinkwatch}:list*"));
    ck_assert(!permitted(&rf, "resolver", "PSUBSCRIBE __keyspace@0__:*"));
    ck_assert(permitted(&rf, "reader", "XRANGE {sinkwatch}:events - +"));
    ck_assert(!permitted(&rf, "reader", "XADD {sinkwatch}:events * e {}"));
    ck_assert(!permitted(&rf, "reader", "FLUSHALL"));
    redis_fixture_stop(&rf);
}
END_TEST

/* A server that does not know AUTH repeats the arguments: the password must not be in our words. */
START_TEST(password_is_never_told)
{
    static struct redis_fixture rf;
    struct sw_settings settings;
    redis_fixture_start(&rf, (const char *[]){"--rename-command", "AUTH", "NOT-AUTH", NULL});
    redis_fixture_settings(&rf, &settings);
    settings.redis_timeout_ms = 10000;
    snprintf(settings.redis_password, SW_TEXT_MAX, "s3cret");
    struct sw_redis *redis = sw_redis_new(&settings);
    ck_assert_int_eq(sw_redis_open(redis), SW_EREDIS);
    ck_assert_ptr_nonnull(strstr(sw_redis_error(redis), "AUTH refused: ERR"));
    ck_assert_ptr_null(strstr(sw_redis_error(redis), "s3cret"));
    sw_redis_free(redis);
    redis_fixture_stop(&rf);
}
END_TEST

/* A write to a dead server raises SIGPIPE unless that is prevented; the default disposition ends
 * this program, and so fails the test. */
START_TEST(dead_server_and_back)
{
    static struct redis_fixture rf;
    redis_fixture_start(&rf, NULL);
    struct sw_redis *redis = opened(&rf);
    ck_assert_ptr_eq((void *)signal(SIGPIPE, SIG_DFL), (void *)SIG_DFL);
    freeReplyObject(sw_redis_command(redis, "SET k v"));
    redis_fixture_run(&rf, "SAVE");
    redis_fixture_kill(&rf);
    ck_assert(sw_redis_is_open(redis)); /* nobody has noticed yet */
    ck_assert_ptr_null(sw_redis_command(redis, "GET k"));
    ck_assert(!sw_redis_is_open(redis));
    ck_assert_str_ne(sw_redis_error(redis), "");
    ck_assert_int_eq(sw_redis_open(redis), SW_EIO);
    redis_fixture_restart(&rf);
    ck_assert_int_eq(sw_redis_open(redis), SW_OK);
    ck_assert_str_eq(sw_redis_error(redis), "");
    redisReply *reply = sw_redis_command(redis, "GET k");
    ck_assert_str_eq(reply->str, "v");
    freeReplyObject(reply);
    sw_redis_free(redis);
    redis_fixture_stop(&rf);
}
END_TEST

START_TEST(paused_server_times_out)
{
    static struct redis_fixture rf;
    struct sw_settings settings;
    redis_fixture_start(&rf, NULL);
    redis_fixture_settings(&rf, &settings);
    settings.redis_timeout_ms = 200;
    struct sw_redis *redis = sw_redis_new(&settings);
    while (sw_redis_open(redis) != SW_OK) /* 200 ms may be short on a busy machine */
        continue;
    redis_fixture_pause(&rf);
    ck_assert_ptr_null(sw_redis_command(redis, "PING"));
    ck_assert(!sw_redis_is_open(redis));
    ck_assert_ptr_nonnull(strstr(sw_redis_error(redis), "nothing within 200 ms"));
    redis_fixture_resume(&rf);
    sw_redis_free(redis);
    redis_fixture_stop(&rf);
}
END_TEST

START_TEST(blocking_command_may_take_longer)
{
    struct sw_settings settings;
    redis_fixture_settings(&server, &settings);
    settings.redis_timeout_ms = 100;
    struct sw_redis *redis = sw_redis_new(&settings);
    while (sw_redis_open(redis) != SW_OK)
        continue;
    ck_assert_int_eq(sw_redis_set_timeout(redis, 20000), SW_OK);
    redisReply *reply = sw_redis_command(redis, "BLPOP nothing 0.3");
    ck_assert_msg(reply != NULL, "%s", sw_redis_error(redis));
    ck_assert_int_eq(reply->type, REDIS_REPLY_NIL);
    freeReplyObject(reply);
    ck_assert_ptr_null(sw_redis_command(redis, "BLPOP nothing 30")); /* only for that reply */
    sw_redis_free(redis);
}
END_TEST

static void *interrupt_when_blocked(void *arg)
{
    struct sw_redis *redis = arg;
    int64_t until = redis_fixture_now_ms() + REDIS_FIXTURE_TIMEOUT_MS;
    for (;;) { /* the server tells when the owner waits in BLPOP */
        redisReply *reply = redis_fixture_command(&server, "CLIENT LIST");
        bool blocked = reply && reply->str && strstr(reply->str, "cmd=blpop");
        freeReplyObject(reply);
        if (blocked || redis_fixture_now_ms() > until)
            break;
    }
    sw_redis_interrupt(redis);
    return NULL;
}

START_TEST(interrupt_ends_a_wait_for_good)
{
    struct sw_redis *redis = opened(&server);
    pthread_t thread;
    int64_t start = sw_clock_mono_us();
    ck_assert_int_eq(pthread_create(&thread, NULL, interrupt_when_blocked, redis), 0);
    sw_redis_set_timeout(redis, 60000);
    ck_assert_ptr_null(sw_redis_command(redis, "BLPOP nothing 60"));
    ck_assert_int_lt(sw_clock_mono_us() - start, 30 * (int64_t)US_PER_S);
    ck_assert_ptr_nonnull(strstr(sw_redis_error(redis), "interrupted"));
    pthread_join(thread, NULL);
    ck_assert(!sw_redis_is_open(redis));
    ck_assert_int_eq(sw_redis_open(redis), SW_ECLOSED);
    ck_assert_ptr_null(sw_redis_command(redis, "PING"));
    sw_redis_interrupt(redis);
    sw_redis_free(redis);
}
END_TEST

static void *interrupt_now(void *arg)
{
    sw_redis_interrupt(arg);
    return NULL;
}

/* At any moment: while connecting, between commands, in a wait. For ThreadSanitizer. */
START_TEST(interrupt_at_any_moment)
{
    for (int i = 0; i < 50; i++) {
        struct sw_settings settings;
        pthread_t thread;
        redis_fixture_settings(&server, &settings);
        settings.redis_timeout_ms = 10000;
        struct sw_redis *redis = sw_redis_new(&settings);
        ck_assert_int_eq(pthread_create(&thread, NULL, interrupt_now, redis), 0);
        enum sw_status status = sw_redis_open(redis);
        ck_assert(status == SW_OK || status == SW_ECLOSED);
        for (;;) {
            redisReply *reply = sw_redis_command(redis, "PING");
            if (!reply)
                break;
            freeReplyObject(reply);
        }
        ck_assert_int_eq(sw_redis_open(redis), SW_ECLOSED);
        pthread_join(thread, NULL);
        sw_redis_free(redis);
    }
}
END_TEST

START_TEST(interrupt_ends_connecting_to_a_silent_server)
{
    struct sw_settings settings;
    pthread_t thread;
    sw_settings_init(&settings);
    settings.redis_timeout_ms = 60000;
    int fd = listen_somewhere(&settings.redis_port);
    struct sw_redis *redis = sw_redis_new(&settings);
    int64_t start = sw_clock_mono_us();
    ck_assert_int_eq(pthread_create(&thread, NULL, interrupt_now, redis), 0);
    ck_assert_int_eq(sw_redis_open(redis), SW_ECLOSED);
    ck_assert_int_lt(sw_clock_mono_us() - start, 30 * (int64_t)US_PER_S);
    pthread_join(thread, NULL);
    sw_redis_free(redis);
    close(fd);
}
END_TEST

int main(void)
{
    redis_fixture_start(&server, NULL);
    int result = RUN_SUITE(
        "redis", NO_FORK,
        TESTS(commands_and_replies, error_reply_keeps_the_connection, pipelines,
              pipeline_larger_than_any_buffer, command_amid_a_pipeline_is_refused,
              closed_connection_refuses_politely, keys_have_the_prefix, target_names_where_to,
              no_server_no_connection, silent_server_times_out, server_that_is_no_redis, tcp_works,
              password_of_the_default_user, acl_user, shipped_acl_users, password_is_never_told,
              dead_server_and_back, paused_server_times_out, blocking_command_may_take_longer,
              interrupt_ends_a_wait_for_good, interrupt_at_any_moment,
              interrupt_ends_connecting_to_a_silent_server));
    redis_fixture_stop(&server);
    return result;
}
