/* web_answer.c - documents and failures as answers. See web.h. */
#include "base/clock.h"
#include "cli/show/ownership.h"
#include "cli/web/web.h"

#include <string.h>

#define REFRESH_US INT64_C(60000000) /* databases are looked at again */

void web_put(const struct web *web, struct serve_answer *answer, json_t *document)
{
    const char *why = cli_error_first();
    if (!document) {
        sw_redis_close(web->cli->redis);
        serve_fail(answer, 503, why[0] ? why : "Redis does not answer");
        return;
    }
    answer->text = json_dumps(document, JSON_COMPACT);
    json_decref(document);
    if (answer->text)
        answer->len = strlen(answer->text);
    else
        serve_fail(answer, 500, "the document cannot be written");
}

bool web_redis(struct cli *cli)
{
    if (cli_error_first()[0])
        sw_redis_close(cli->redis);
    cli_error_forget();
    cli_keys_forget();
    if (sw_redis_is_open(cli->redis) || sw_redis_open(cli->redis) == SW_OK)
        return true;
    cli_redis_failed(cli, NULL);
    return false;
}

bool web_ready(struct web *web, struct serve_answer *answer)
{
    static int64_t refreshed_us;
    int64_t now_us = sw_clock_mono_us();
    if (now_us - refreshed_us > REFRESH_US) {
        refreshed_us = now_us;
        cli_owners_refresh();
    }
    if (web_redis(web->cli))
        return true;
    serve_fail(answer, 503, cli_error_first());
    return false;
}
