/*
 * test_serve.c - the HTTP server of the command: the rights of a request as a table, the rights
 * that a place needs, and a server that is asked over a socket.
 */
#include "cli/serve/serve_parts.h"
#include "suite.h"

#include <arpa/inet.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define TOKEN "0123456789abcdef-token"

/* ---- rights ---- */

static const struct serve_config plain = {.names = {"desk.example"}, .n_names = 1};
static const struct serve_config by_user = {.user_header = "X-Remote-User"};

struct asked {
    const struct serve_config *config;
    const char *token;
    struct serve_claim claim;
    unsigned status;
};

#define CHANGE .host = "127.0.0.1:80", .is_change = true, .change = "1", .media = "application/json"

/* "user:0123456789abcdef-token", and with another last letter, in base64 */
#define BASIC     "Basic dXNlcjowMTIzNDU2Nzg5YWJjZGVmLXRva2Vu"
#define BASIC_BAD "Basic dXNlcjowMTIzNDU2Nzg5YWJjZGVmLXRva2Vt"

static const struct asked table[] = {
    {&plain, "", {.host = "127.0.0.1:8053"}, 0},
    {&plain, "", {.host = "[::1]:8053"}, 0},
    {&plain, "", {.host = "LOCALHOST"}, 0},
    {&plain, "", {.host = "Desk.Example:443"}, 0},
    {&plain, "", {.host = NULL}, 421},
    {&plain, "", {.host = ""}, 421},
    {&plain, "", {.host = ":80"}, 421},
    {&plain, "", {.host = "desk.example.org"}, 421},
    {&plain, "", {.host = "desk.exampl"}, 421},
    {&plain, "", {.host = "10.0.0.0/8"}, 421},
    {&plain, "", {.host = "[::1"}, 421},
    {&plain, "", {.host = "localhost", .site = "cross-site"}, 403},
    {&plain, "", {.host = "localhost", .site = "same-origin"}, 0},
    {&plain, TOKEN, {.host = "localhost"}, 401},
    {&plain, TOKEN, {.host = "localhost", .authorization = "Bearer " TOKEN}, 0},
    {&plain, TOKEN, {.host = "localhost", .authorization = "Bearer " TOKEN "x"}, 401},
    {&plain, TOKEN, {.host = "localhost", .authorization = "Bearer "}, 401},
    {&plain, TOKEN, {.host = "localhost", .authorization = "Bearer 1" TOKEN}, 401},
    {&plain, TOKEN, {.host = "localhost", .authorization = BASIC}, 0},
    {&plain, TOKEN, {.host = "localhost", .authorization = BASIC_BAD}, 401},
    {&plain, TOKEN, {.host = "localhost", .authorization = "Basic !"}, 401},
    {&plain, TOKEN, {.host = "localhost", .authorization = TOKEN}, 401},
    {&by_user, "", {.host = "localhost"}, 403},
    {&by_user, "", {.host = "localhost", .user = ""}, 403},
    {&by_user, "", {.host = "localhost", .user = "a\nb"}, 403},
    {&by_user, "", {.host = "localhost", .user = "ann"}, 0},
    {&plain, "", {CHANGE}, 0},
    {&plain, "", {CHANGE, .origin = "http://127.0.0.1:80"}, 0},
    {&plain, "", {CHANGE, .origin = "http://127.0.0.1:81"}, 403},
    {&plain, "", {CHANGE, .origin = "null"}, 403},
    {&plain, "", {.host = "localhost", .is_change = true, .change = "1"}, 403},
    {&plain, "", {.host = "localhost", .is_change = true, .media = "application/json"}, 403},
};

START_TEST(a_request_has_the_right)
{
    const struct asked *asked = &table[_i];
    struct serve_rights rights = {.config = asked->config};
    const char *why = "";
    snprintf(rights.token, sizeof(rights.token), "%s", asked->token);
    ck_assert_uint_eq(serve_admit(&rights, &asked->claim, &why), asked->status);
    ck_assert(asked->status == 0 || why[0]);
}
END_TEST

START_TEST(only_the_proxy_is_heard)
{
    struct serve_rights rights = {.config = &plain};
    struct serve_claim claim = {.host = "localhost"};
    const char *why;
    ck_assert_int_eq(sw_addr_parse("192.0.2.0/28", 12, &rights.proxy, &why), SW_OK);
    ck_assert_uint_eq(serve_admit(&rights, &claim, &why), 0); /* a unix socket */
    ck_assert_int_eq(sw_addr_parse("192.0.2.7", 9, &claim.from, &why), SW_OK);
    ck_assert_uint_eq(serve_admit(&rights, &claim, &why), 0);
    ck_assert_int_eq(sw_addr_parse("192.0.2.16", 10, &claim.from, &why), SW_OK);
    ck_assert_uint_eq(serve_admit(&rights, &claim, &why), 403);
}
END_TEST

/* A token in a file. */
static const char *token_file(const char *text)
{
    static char path[] = "/tmp/test_serve.XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    return path;
}

START_TEST(what_other_machines_reach_asks_for_a_right)
{
    struct serve_config config = {.where = "192.0.2.1:80"};
    struct serve_place place;
    struct serve_rights rights;
    ck_assert(serve_place_parse(config.where, &place) && place.is_wide);
    ck_assert(!serve_rights_read(&config, &place, &rights));
    config.token_file = token_file(TOKEN "\n");
    ck_assert(!serve_rights_read(&config, &place, &rights)); /* in the clear */
    config.cert_file = config.key_file = "unread";
    ck_assert(serve_rights_read(&config, &place, &rights));
    ck_assert_str_eq(rights.token, TOKEN);
    unlink(config.token_file);
    ck_assert(!serve_rights_read(&config, &place, &rights));
    config = (struct serve_config){.where = "192.0.2.1:80", .user_header = "X-Remote-User"};
    ck_assert(!serve_rights_read(&config, &place, &rights)); /* anybody can send the header */
    config.proxy = "192.0.2.9";
    ck_assert(serve_rights_read(&config, &place, &rights));
    config = (struct serve_config){.where = "127.0.0.1:80"};
    ck_assert(serve_place_parse(config.where, &place) && !place.is_wide);
    ck_assert(serve_rights_read(&config, &place, &rights));
}
END_TEST

START_TEST(short_tokens_are_refused)
{
    struct serve_config config = {.where = "127.0.0.1:80", .token_file = token_file("short\n")};
    struct serve_place place;
    struct serve_rights rights;
    ck_assert(serve_place_parse(config.where, &place));
    ck_assert(!serve_rights_read(&config, &place, &rights));
    unlink(config.token_file);
}
END_TEST

START_TEST(places)
{
    static const char *const good[] = {"127.0.0.1:0", "[::1]:65535", "0.0.0.0:1", "/run/x.sock"};
    static const char *const bad[] = {
        "",         "127.0.0.1",      "127.0.0.1:",   "127.0.0.1:65536",
        "::1:80",   "[127.0.0.1]:80", "localhost:80", "10.0.0.0/8:80",
        "[::1]:+1", "x.sock",         ":80"};
    struct serve_place place;
    for (int i = 0; i < COUNT(good); i++)
        ck_assert_msg(serve_place_parse(good[i], &place), "%s", good[i]);
    for (int i = 0; i < COUNT(bad); i++)
        ck_assert_msg(!serve_place_parse(bad[i], &place), "%s", bad[i]);
}
END_TEST

/* ---- media types ---- */

static const struct wanted {
    const char *accept;
    unsigned open, plain; /* of application/openmetrics-text 1.0.0, of text/plain 0.0.4 */
} wanted[] = {
    {NULL, 1000, 1000},
    {"", 0, 0},
    {"*/*", 1000, 1000},
    {"text/*;q=0.5", 0, 500},
    {"TEXT/Plain ; Q=0.123", 0, 123},
    {"text/plain;version=\"0.0.4\"", 0, 1000},
    {"text/plain;version=0.0.5", 0, 0},
    {"text/plain;version=0.0.5, text/plain;q=0.2", 0, 200},
    {"*/*, text/plain;q=0.1", 1000, 100},
    {"text/plain;q=0, */*", 1000, 0},
    {"text/plain;x=\",;\";q=0.7", 0, 700},
    {"text/plain;q=7", 0, 0},
    {"text/plain;q=1.5", 0, 1000},
    {"text/plain;q=.5", 0, 0},
    {"text/plain;q=", 0, 0},
    {"text/plainer, text/, /, ;, ,", 0, 0},
    {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
     "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
     1000, 500},
};

START_TEST(media_types_by_quality)
{
    for (int i = 0; i < COUNT(wanted); i++) {
        const struct wanted *one = &wanted[i];
        unsigned open = serve_quality_of(one->accept, "application/openmetrics-text", "1.0.0");
        unsigned text = serve_quality_of(one->accept, "text/plain", "0.0.4");
        ck_assert_msg(open == one->open && text == one->plain, "%s: %u %u", one->accept, open,
                      text);
    }
}
END_TEST

/* ---- a server ---- */

static void on_page(void *arg, const struct serve_request *request, struct serve_answer *answer)
{
    (void)arg;
    answer->type = "text/plain";
    answer->text = strdup(serve_argument(request, "q"));
    answer->len = strlen(answer->text);
}

static void on_change(void *arg, const struct serve_request *request, struct serve_answer *answer)
{
    (void)arg;
    answer->text = strdup(request->body);
    answer->len = request->body_len;
}

static const struct serve_route routes[] = {
    {"/page", on_page, false}, {"/change", on_change, true}, {0}};

/* Octets to the server; its answer until the end of the connection. */
static char *say(const char *path, const char *text, size_t len)
{
    static char answer[65536];
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    size_t used = 0;
    ssize_t n;
    snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    for (size_t at = 0; at < len && (n = send(fd, text + at, len - at, MSG_NOSIGNAL)) > 0;)
        at += (size_t)n;
    while (used < sizeof(answer) - 1 &&
           (n = recv(fd, answer + used, sizeof(answer) - 1 - used, 0)) > 0)
        used += (size_t)n;
    answer[used] = '\0';
    close(fd);
    return answer;
}

#define END_OF_HEAD "Host: localhost\r\nConnection: close\r\n\r\n"

static void ask(const char *path, const char *request, const char *status, const char *body)
{
    const char *answer = say(path, request, strlen(request));
    ck_assert_msg(strncmp(answer, "HTTP/1.1 ", 9) == 0 && strncmp(answer + 9, status, 3) == 0,
                  "%s: %s", request, answer);
    ck_assert_msg(strstr(answer, body), "%s: %s", request, answer);
    ck_assert(strstr(answer, "default-src 'none'") && strstr(answer, "nosniff"));
}

static void ask_all(const char *path)
{
    char *large = calloc(SERVE_BODY_MAX + 1000, 1);
    ask(path, "GET /page?q=%3Cb%3E+x&r=1 HTTP/1.1\r\n" END_OF_HEAD, "200", "\r\n\r\n<b> x");
    ask(path, "GET /page HTTP/1.1\r\nHost: other.example\r\nConnection: close\r\n\r\n", "421",
        "Host");
    ask(path, "GET /none HTTP/1.1\r\n" END_OF_HEAD, "404", "\"status\":404");
    ask(path, "DELETE /page HTTP/1.1\r\n" END_OF_HEAD, "405", "method");
    ask(path, "POST /page HTTP/1.1\r\nContent-Length: 0\r\n" END_OF_HEAD, "403", "change");
    ask(path, "GET /change HTTP/1.1\r\n" END_OF_HEAD, "405", "method");
    ask(path,
        "POST /change HTTP/1.1\r\nSinkwatch-Change: 1\r\nContent-Type: application/json\r\n"
        "Content-Length: 2\r\nHost: localhost\r\nConnection: close\r\n\r\n{}",
        "200", "\r\n\r\n{}");
    ck_assert(!strstr(say(path, "rubbish\r\n\r\n", 11), " 200 "));
    int used = snprintf(large, 400,
                        "POST /change HTTP/1.1\r\nSinkwatch-Change: 1\r\nContent-Type: "
                        "application/json\r\nContent-Length: %zu\r\n" END_OF_HEAD,
                        SERVE_BODY_MAX + 1);
    memset(large + used, ' ', SERVE_BODY_MAX + 1);
    ck_assert(strstr(say(path, large, (size_t)used + SERVE_BODY_MAX + 1), " 413 "));
    free(large);
}

/* Serve in a process of its own; the exit code says that the end was orderly. The server of this
 * process is never run, and lives as long as the process: an end would remove the socket. */
static pid_t start(const char *path)
{
    static struct serve *serve;
    const struct serve_config config = {.where = path};
    int opened;
    serve = serve_open(&config, routes, NULL, &opened);
    ck_assert_ptr_nonnull(serve);
    ck_assert_int_eq(opened, CLI_OK);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        int code = serve_run(serve);
        serve_close(serve);
        _exit(code);
    }
    return child;
}

START_TEST(requests_are_answered_or_refused)
{
    char folder[] = "/tmp/test_serve.XXXXXX", path[64];
    int status = -1;
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/s", folder);
    pid_t child = start(path);
    ask_all(path);
    kill(child, SIGTERM);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == CLI_OK);
    ck_assert_int_ne(access(path, F_OK), 0);
    rmdir(folder);
}
END_TEST

int main(void)
{
    return RUN_SUITE("serve", TIMEOUT(60), LOOP(a_request_has_the_right, COUNT(table)),
                     TESTS(only_the_proxy_is_heard, what_other_machines_reach_asks_for_a_right,
                           short_tokens_are_refused, places, media_types_by_quality,
                           requests_are_answered_or_refused));
}
