/* metrics_serve.c - sinkwatch metrics --listen: a text for each scrape. See metrics.h, D-181. */
#include "base/clock.h"
#include "cli/metrics/metrics.h"

#include <stdlib.h>

#define OPEN_METRICS  "application/openmetrics-text"
#define OPEN_VERSION  "1.0.0"
#define PLAIN         "text/plain"
#define PLAIN_VERSION "0.0.4"

#define LIMIT_US 5000000 /* for the questions of a scrape; Prometheus waits for 10 s by default */
#define LEAST_US 100000
#define KEEP_US  1000000 /* the same reports serve all scrapes of a second */
#define TEXTS    8       /* at a time: those of the last second, and of slow readers */

struct server;

/* A text in one of the two formats. */
struct text {
    struct server *server;
    struct expo expo;
    unsigned users; /* answers on the way, and the server */
};

struct server {
    struct cli *cli;
    struct metrics metrics; /* of the last questions */
    int64_t asked_us;       /* 0: never */
    struct text *text[2];   /* of these metrics: plain, OpenMetrics; NULL: not made yet */
    unsigned texts;
    int64_t until_us; /* the end of the questions */
    int64_t limit_us; /* of the last questions */
    bool late;        /* they were ended there */
    bool down;        /* Redis did not answer last time, and this was reported */
};

static void release(void *own)
{
    struct text *text = own;
    if (--text->users > 0)
        return;
    text->server->texts--;
    free(text->expo.text);
    free(text);
}

/* ---- questions ---- */

/* Called while the connection waits: a server that is silent or slow holds no scrape. */
static void look_at_clock(void *arg)
{
    struct server *server = arg;
    if (server->late || sw_clock_mono_us() < server->until_us)
        return;
    server->late = true;
    sw_redis_interrupt(server->cli->redis);
}

/* An interrupted connection stays so: take another one. false: no memory. */
static bool ready(struct server *server)
{
    struct cli *cli = server->cli;
    if (server->late) {
        sw_redis_free(cli->redis);
        cli->redis = NULL;
    }
    if (!cli->redis)
        cli->redis = sw_redis_new_writer(&cli->settings);
    server->late = false;
    if (cli->redis)
        sw_redis_on_wait(cli->redis, look_at_clock, server);
    return cli->redis;
}

/* A line when Redis goes, and one when Redis is back; none for each scrape. */
static void say(struct server *server)
{
    if (server->metrics.up && server->down)
        cli_error("Redis answers again");
    else if (!server->metrics.up && !server->down && server->late)
        cli_error("Redis took too long: sinkwatch_redis_up is 0");
    else if (!server->metrics.up && !server->down)
        cli_error("%s", cli_error_first());
    server->down = !server->metrics.up;
}

static bool ask(struct server *server, int64_t limit_us)
{
    if (!ready(server))
        return false;
    for (size_t i = 0; i < 2; i++) {
        if (server->text[i])
            release(server->text[i]);
        server->text[i] = NULL;
    }
    metrics_free(&server->metrics);
    cli_keys_forget();
    cli_error_forget();
    cli_error_mute(true);
    server->limit_us = limit_us;
    server->until_us = sw_clock_mono_us() + limit_us;
    if (metrics_collect(server->cli, &server->metrics, server->until_us) != CLI_OK)
        sw_redis_close(server->cli->redis);
    cli_error_mute(false);
    server->asked_us = sw_clock_mono_us();
    say(server);
    return true;
}

/* ---- answers ---- */

static struct text *make_text(struct server *server, bool open)
{
    struct text *text = server->texts < TEXTS ? calloc(1, sizeof(*text)) : NULL;
    if (!text)
        return NULL;
    *text = (struct text){.server = server, .users = 1};
    server->texts++;
    expo_begin(&text->expo, open);
    metrics_write(&server->metrics, &text->expo);
    expo_end(&text->expo);
    return text;
}

/* Four fifths of the time that the client says it waits, and LIMIT_US at most. */
static int64_t limit_of(const struct serve_request *request)
{
    double s = strtod(serve_header(request, "X-Prometheus-Scrape-Timeout-Seconds"), NULL);
    if (!(s > 0 && s < LIMIT_US / 0.8e6))
        return LIMIT_US;
    return s * 0.8e6 > LEAST_US ? (int64_t)(s * 0.8e6) : LEAST_US;
}

/* Whether the last reports serve a scrape: those of a short time-out may lack what a longer one
 * would have. */
static bool serves(const struct server *server, int64_t limit_us)
{
    return server->asked_us && sw_clock_mono_us() - server->asked_us <= KEEP_US &&
           (server->metrics.up || server->limit_us >= limit_us);
}

/* serve_fn */
static void scrape(void *arg, const struct serve_request *request, struct serve_answer *answer)
{
    struct server *server = arg;
    bool open = serve_quality(request, OPEN_METRICS, OPEN_VERSION) >
                serve_quality(request, PLAIN, PLAIN_VERSION);
    int64_t limit_us = limit_of(request);
    if (!serves(server, limit_us) && !ask(server, limit_us)) {
        serve_fail(answer, 503, "out of memory or file descriptors");
        return;
    }
    if (!server->text[open])
        server->text[open] = make_text(server, open);
    struct text *text = server->text[open];
    if (!text) {
        serve_fail(answer, 503, "too many slow readers");
        return;
    }
    text->users++;
    answer->type = open ? OPEN_METRICS "; version=" OPEN_VERSION "; charset=utf-8"
                        : PLAIN "; version=" PLAIN_VERSION "; charset=utf-8";
    answer->fixed = text->expo.text;
    answer->len = text->expo.len;
    answer->release = release;
    answer->own = text;
}

int metrics_serve(struct cli *cli, const struct serve_config *config)
{
    static const struct serve_route routes[] = {{"/metrics", scrape, false}, {0}};
    struct server server = {.cli = cli};
    int code;
    struct serve *serve = serve_open(config, routes, &server, &code);
    if (serve) {
        bool local = config->where[0] == '/';
        printf("metrics are at %s%s\n", serve_url(serve), local ? ", path /metrics" : "metrics");
        fflush(stdout);
        code = serve_run(serve);
    }
    serve_close(serve);
    for (size_t i = 0; i < 2; i++)
        if (server.text[i])
            release(server.text[i]);
    metrics_free(&server.metrics);
    return code;
}
