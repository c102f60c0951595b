/* serve.c - requests and answers over libmicrohttpd. See serve.h. */
#include "cli/serve/serve.h"

#include "base/clock.h"
#include "cli/output.h"
#include "cli/serve/serve_parts.h"
#include "cli/stop.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IDLE_S       30
#define TICK_MS      500
#define MEMORY       ((size_t)32 * 1024) /* of a connection, headers included */
#define PEM_MAX      ((size_t)256 * 1024)
#define REFUSALS_LOG 10 /* a second */

/* A reader of a stream. */
struct reader {
    struct serve *serve;
    struct serve_stream stream;
    struct MHD_Connection *connection;
    char *text; /* on the way */
    size_t at, len;
    bool waits; /* suspended until there is text */
};

struct serve {
    struct MHD_Daemon *daemon;
    const struct serve_route *routes;
    void *arg;
    struct serve_rights rights;
    struct serve_place place;
    char *cert, *key;
    int64_t refused_s; /* the second that is counted */
    unsigned refused;
    struct reader *reader[SERVE_STREAMS];
};

/* A request as long as octets of it come. */
struct arriving {
    const struct serve_route *route; /* NULL: refused */
    char *body;
    size_t len, room;
    bool too_large;
    char user[SERVE_USER_MAX];
};

/* ---- answers ---- */

void serve_fail(struct serve_answer *answer, unsigned status, const char *message)
{
    json_t *error = json_object(), *out = json_object();
    json_object_set_new(error, "status", json_integer(status));
    cli_json_set(error, "message", message);
    json_object_set_new(out, "error", error);
    free(answer->text);
    *answer = (struct serve_answer){
        .status = status, .type = "application/json", .text = json_dumps(out, JSON_COMPACT)};
    answer->len = answer->text ? strlen(answer->text) : 0;
    json_decref(out);
}

static void add_headers(struct MHD_Response *response, const struct serve_answer *answer)
{
    static const char *const headers[][2] = {
        {"Content-Security-Policy",
         "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src "
         "'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
        {"X-Content-Type-Options", "nosniff"},
        {"X-Frame-Options", "DENY"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Cache-Control", "no-store"},
    };
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
        MHD_add_response_header(response, headers[i][0], headers[i][1]);
    MHD_add_response_header(response, "Content-Type", answer->type);
    if (answer->status == 401)
        MHD_add_response_header(response, "WWW-Authenticate",
                                "Basic realm=\"sinkwatch\", charset=\"UTF-8\"");
    if (answer->allow)
        MHD_add_response_header(response, "Allow", answer->allow);
}

/* NULL: no memory. */
static struct MHD_Response *make_response(const struct serve_answer *answer)
{
    void *fixed = (void *)(uintptr_t)answer->fixed;
    if (answer->text)
        return MHD_create_response_from_buffer(answer->len, answer->text, MHD_RESPMEM_MUST_FREE);
    if (answer->release)
        return MHD_create_response_from_buffer_with_free_callback_cls(answer->len, fixed,
                                                                      answer->release, answer->own);
    return MHD_create_response_from_buffer(answer->len, fixed, MHD_RESPMEM_PERSISTENT);
}

/* The answer is handed over: its text belongs to the library then. */
static enum MHD_Result put(struct MHD_Connection *connection, const struct serve_answer *answer)
{
    struct MHD_Response *response = make_response(answer);
    if (!response) {
        free(answer->text);
        if (answer->release)
            answer->release(answer->own);
        return MHD_NO;
    }
    add_headers(response, answer);
    enum MHD_Result queued = MHD_queue_response(connection, answer->status, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result put_failure(struct MHD_Connection *connection, unsigned status,
                                   const char *message)
{
    struct serve_answer answer = {.status = status};
    serve_fail(&answer, status, message);
    return put(connection, &answer);
}

static enum MHD_Result put_method(struct MHD_Connection *connection,
                                  const struct serve_route *route)
{
    struct serve_answer answer = {.status = 405};
    serve_fail(&answer, 405, "not by this method");
    answer.allow = route->change ? "POST" : "GET, HEAD";
    return put(connection, &answer);
}

/* ---- streams ---- */

/* MHD_ContentReaderCallback */
static ssize_t read_stream(void *cls, uint64_t pos, char *out, size_t max)
{
    struct reader *reader = cls;
    size_t n = reader->len - reader->at < max ? reader->len - reader->at : max;
    (void)pos;
    if (n > 0) {
        memcpy(out, reader->text + reader->at, n);
        reader->at += n;
        return (ssize_t)n;
    }
    reader->waits = true;
    MHD_suspend_connection(reader->connection);
    return 0;
}

static void end_stream(void *cls)
{
    struct reader *reader = cls;
    for (size_t i = 0; i < SERVE_STREAMS; i++)
        if (reader->serve->reader[i] == reader)
            reader->serve->reader[i] = NULL;
    reader->stream.end(reader->stream.own);
    free(reader->text);
    free(reader);
}

/* Fetch text for each reader that waits. A reader that is behind gets no text meanwhile. */
static void feed_streams(struct serve *serve)
{
    for (size_t i = 0; i < SERVE_STREAMS; i++) {
        struct reader *reader = serve->reader[i];
        char *text = reader && reader->waits ? reader->stream.next(reader->stream.own) : NULL;
        if (!text)
            continue;
        free(reader->text);
        reader->text = text;
        reader->len = strlen(text);
        reader->at = 0;
        reader->waits = false;
        MHD_resume_connection(reader->connection);
    }
}

static void resume_all(struct serve *serve)
{
    for (size_t i = 0; i < SERVE_STREAMS; i++)
        if (serve->reader[i] && serve->reader[i]->waits)
            MHD_resume_connection(serve->reader[i]->connection);
}

static enum MHD_Result put_stream(struct serve *serve, struct MHD_Connection *connection,
                                  struct serve_answer *answer)
{
    size_t free_at = 0;
    while (free_at < SERVE_STREAMS && serve->reader[free_at])
        free_at++;
    if (free_at == SERVE_STREAMS) {
        answer->stream.end(answer->stream.own);
        return put_failure(connection, 503, "too many pages follow the events already");
    }
    struct reader *reader = cli_alloc(1, sizeof(*reader));
    *reader = (struct reader){.serve = serve, .stream = answer->stream, .connection = connection};
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, read_stream, reader, end_stream);
    if (!response) {
        end_stream(reader);
        return MHD_NO;
    }
    serve->reader[free_at] = reader;
    add_headers(response, answer);
    enum MHD_Result queued = MHD_queue_response(connection, answer->status, response);
    MHD_destroy_response(response);
    return queued;
}

/* ---- rights ---- */

static struct sw_addr peer(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *from = info ? info->client_addr : NULL;
    struct sw_addr addr = {0};
    if (from && from->sa_family == AF_INET)
        sw_addr_from_octets(
            (const void *)&((const struct sockaddr_in *)(const void *)from)->sin_addr, 4, &addr);
    else if (from && from->sa_family == AF_INET6)
        sw_addr_from_octets(
            (const void *)&((const struct sockaddr_in6 *)(const void *)from)->sin6_addr, 16, &addr);
    return addr;
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static struct serve_claim claim_of(const struct serve *serve, struct MHD_Connection *connection,
                                   bool is_change)
{
    const char *user = serve->rights.config->user_header;
    return (struct serve_claim){.host = header(connection, "Host"),
                                .origin = header(connection, "Origin"),
                                .site = header(connection, "Sec-Fetch-Site"),
                                .authorization = header(connection, "Authorization"),
                                .user = user ? header(connection, user) : NULL,
                                .media = header(connection, "Content-Type"),
                                .change = header(connection, "Sinkwatch-Change"),
                                .from = peer(connection),
                                .is_change = is_change};
}

/* A line for each refusal; of a flood a few lines a second. */
static void log_refusal(struct serve *serve, const struct sw_addr *from, const char *path,
                        const char *why)
{
    char text[SW_ADDRTEXT_MAX];
    int64_t now_s = sw_clock_mono_us() / 1000000;
    if (now_s != serve->refused_s && serve->refused > REFUSALS_LOG)
        cli_error("refused %u more requests within a second", serve->refused - REFUSALS_LOG);
    if (now_s != serve->refused_s) {
        serve->refused_s = now_s;
        serve->refused = 0;
    }
    if (++serve->refused <= REFUSALS_LOG)
        cli_error("refused %s of %s: %s", cli_clean_text(path),
                  from->family ? sw_addr_text(from, text) : "the socket", why);
}

/* ---- requests ---- */

static const struct serve_route *find_route(const struct serve *serve, const char *path)
{
    for (const struct serve_route *route = serve->routes; route->path; route++)
        if (strcmp(route->path, path) == 0)
            return route;
    return NULL;
}

/* The first look at a request, before its body. */
static enum MHD_Result begin(struct serve *serve, struct MHD_Connection *connection,
                             const char *path, const char *method, void **state)
{
    bool is_post = strcmp(method, "POST") == 0;
    struct serve_claim claim = claim_of(serve, connection, is_post);
    const struct serve_route *route = find_route(serve, path);
    const char *why = "";
    unsigned status = serve_admit(&serve->rights, &claim, &why);
    if (status) {
        log_refusal(serve, &claim.from, path, why);
        return put_failure(connection, status, why);
    }
    if (!route)
        return put_failure(connection, 404, "there is no such page");
    if (route->change != is_post ||
        (!is_post && strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0))
        return put_method(connection, route);
    struct arriving *arriving = calloc(1, sizeof(*arriving));
    if (!arriving)
        return MHD_NO;
    arriving->route = route;
    if (claim.user)
        snprintf(arriving->user, sizeof(arriving->user), "%s", claim.user);
    *state = arriving;
    return MHD_YES;
}

static enum MHD_Result take(struct arriving *arriving, const char *data, size_t *size)
{
    if (arriving->len + *size > SERVE_BODY_MAX) {
        arriving->too_large = true;
    } else {
        if (arriving->len + *size + 1 > arriving->room) {
            arriving->room = 2 * (arriving->len + *size) + 1;
            arriving->body = cli_grow(arriving->body, arriving->room, 1);
        }
        memcpy(arriving->body + arriving->len, data, *size);
        arriving->len += *size;
        arriving->body[arriving->len] = '\0';
    }
    *size = 0;
    return MHD_YES;
}

static enum MHD_Result answer(struct serve *serve, struct MHD_Connection *connection,
                              const char *path, const struct arriving *arriving)
{
    struct serve_request request = {.path = path,
                                    .user = arriving->user,
                                    .body = arriving->body ? arriving->body : "",
                                    .body_len = arriving->len,
                                    .connection = connection};
    struct serve_answer out = {.status = 200, .type = "application/json"};
    if (arriving->too_large)
        return put_failure(connection, 413, "the body is too large");
    arriving->route->answer(serve->arg, &request, &out);
    return out.stream.next ? put_stream(serve, connection, &out) : put(connection, &out);
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **state)
{
    struct serve *serve = cls;
    (void)version;
    if (!*state)
        return begin(serve, connection, path, method, state);
    if (*size > 0)
        return take(*state, data, size);
    return answer(serve, connection, path, *state);
}

static void on_end(void *cls, struct MHD_Connection *connection, void **state,
                   enum MHD_RequestTerminationCode code)
{
    struct arriving *arriving = *state;
    (void)cls;
    (void)connection;
    (void)code;
    if (arriving)
        free(arriving->body);
    free(arriving);
    *state = NULL;
}

const char *serve_argument(const struct serve_request *request, const char *name)
{
    const char *value =
        MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
    return value ? value : "";
}

const char *serve_header(const struct serve_request *request, const char *name)
{
    const char *value = header(request->connection, name);
    return value ? value : "";
}

unsigned serve_quality(const struct serve_request *request, const char *type, const char *version)
{
    return serve_quality_of(header(request->connection, "Accept"), type, version);
}

/* ---- begin and end ---- */

/* The library's own words, about connections that fail: none of them is an operator's task. */
__attribute__((format(printf, 2, 0))) static void say_nothing(void *cls, const char *format,
                                                              va_list args)
{
    (void)cls;
    (void)format;
    (void)args;
}

static char *read_pem(const char *option, const char *path)
{
    FILE *in = fopen(path, "re");
    char *text = in ? calloc(PEM_MAX, 1) : NULL;
    size_t len = text ? fread(text, 1, PEM_MAX - 1, in) : 0;
    if (!in)
        cli_error("%s %s: %s", option, cli_clean_text(path), strerror(errno));
    else
        fclose(in);
    if (len > 0 && len < PEM_MAX - 1)
        return text;
    if (in)
        cli_error("%s %s: is empty or too large", option, cli_clean_text(path));
    free(text);
    return NULL;
}

static bool read_certificate(struct serve *serve, const struct serve_config *config)
{
    if (!config->cert_file)
        return true;
    serve->cert = read_pem("--tls-cert", config->cert_file);
    serve->key = serve->cert ? read_pem("--tls-key", config->key_file) : NULL;
    return serve->key != NULL;
}

static bool start(struct serve *serve, int fd)
{
    static char priorities[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";
    /* Behind a proxy and on this machine all connections may come from a single address. */
    bool shared = !serve->place.is_wide || serve->rights.proxy.family;
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, serve->cert},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, serve->key},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, priorities},
        {MHD_OPTION_END, 0, NULL},
    };
    unsigned flags = MHD_USE_EPOLL | MHD_USE_ERROR_LOG | MHD_ALLOW_SUSPEND_RESUME;
    serve->daemon = MHD_start_daemon(
        flags | (serve->cert ? MHD_USE_TLS : 0), 0, NULL, NULL, on_request, serve,
        MHD_OPTION_EXTERNAL_LOGGER, say_nothing, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)SERVE_CONNECTIONS,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, shared ? 0u : (unsigned)SERVE_EACH,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, MEMORY,
        MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL, MHD_OPTION_ARRAY, serve->cert ? tls : tls + 3,
        MHD_OPTION_END);
    if (serve->daemon)
        return true;
    cli_error("%s: the server does not start%s", cli_clean_text(serve->rights.config->where),
              serve->cert ? ": is the certificate one for the key, both in PEM?" : "");
    close(fd);
    return false;
}

struct serve *serve_open(const struct serve_config *config, const struct serve_route *routes,
                         void *arg, int *code)
{
    struct serve *serve = cli_alloc(1, sizeof(*serve));
    *code = CLI_USAGE;
    serve->routes = routes;
    serve->arg = arg;
    if (!serve_place_parse(config->where, &serve->place)) {
        cli_error("'%s' is no place to listen: such as 127.0.0.1:8053, [::1]:8053 or /run/x.sock",
                  cli_clean_text(config->where));
    } else if (serve_rights_read(config, &serve->place, &serve->rights) &&
               read_certificate(serve, config)) {
        int fd = serve_listen(&serve->place);
        cli_catch_signals();
        if (fd >= 0 && start(serve, fd)) {
            *code = CLI_OK;
            return serve;
        }
        if (fd < 0)
            *code = CLI_LISTEN;
    }
    serve_close(serve);
    return NULL;
}

int serve_run(struct serve *serve)
{
    int64_t next_us = 0;
    while (!cli_stopped()) {
        MHD_run_wait(serve->daemon, TICK_MS);
        if (sw_clock_mono_us() < next_us)
            continue;
        feed_streams(serve);
        next_us = sw_clock_mono_us() + TICK_MS * 1000; /* others come first after a slow source */
    }
    return CLI_OK;
}

void serve_close(struct serve *serve)
{
    if (!serve)
        return;
    resume_all(serve);
    if (serve->daemon)
        MHD_stop_daemon(serve->daemon);
    if (serve->daemon && serve->place.path[0])
        unlink(serve->place.path);
    memset(serve->rights.token, 0, sizeof(serve->rights.token));
    free(serve->cert);
    free(serve->key);
    free(serve);
}

const char *serve_url(const struct serve *serve)
{
    static char text[SW_ADDRTEXT_MAX + 128];
    char addr[SW_ADDRTEXT_MAX];
    const struct serve_place *place = &serve->place;
    bool six = place->addr.family == 6;
    if (place->path[0])
        snprintf(text, sizeof(text), "unix:%s", place->path);
    else
        snprintf(text, sizeof(text), "%s://%s%s%s:%u/", serve->cert ? "https" : "http",
                 six ? "[" : "", sw_addr_text(&place->addr, addr), six ? "]" : "", place->port);
    return text;
}
