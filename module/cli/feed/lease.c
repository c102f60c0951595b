/* lease.c - see lease.h. */
#include "cli/feed/lease.h"

#include "base/clock.h"
#include "cli/lists/edit.h"
#include "cli/output.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* "host 1234 ": a process, for people. Returns the length. */
static size_t put_process(char value[CLI_LEASE_HOLDER_MAX], pid_t pid)
{
    char host[200] = "";
    (void)gethostname(host, sizeof(host) - 1);
    return (size_t)snprintf(value, CLI_LEASE_HOLDER_MAX, "%s %d ", host, (int)pid);
}

/* "host 1234 0123456789abcdef": unlike any other. */
static void make_value(char value[CLI_LEASE_HOLDER_MAX])
{
    uint64_t random = 0;
    if (getrandom(&random, sizeof(random), 0) != sizeof(random))
        abort();
    size_t len = put_process(value, getpid());
    snprintf(value + len, CLI_LEASE_HOLDER_MAX - len, "%016jx", (uintmax_t)random);
}

int cli_lease_take(struct cli_lease *lease, struct cli *cli, const char *key, uint32_t life_ms,
                   char holder[CLI_LEASE_HOLDER_MAX])
{
    char life[16];
    *lease = (struct cli_lease){.key = key, .life_ms = life_ms, .renewed_us = sw_clock_mono_us()};
    make_value(lease->value);
    snprintf(life, sizeof(life), "%u", life_ms);
    redisReply *reply = cli_ask(cli, "SET", key, lease->value, "NX", "PX", life, CLI_END);
    if (!reply)
        return CLI_REDIS;
    bool taken = reply->type != REDIS_REPLY_NIL;
    freeReplyObject(reply);
    if (taken)
        return CLI_OK;
    reply = cli_ask(cli, "GET", key, CLI_END);
    if (!reply)
        return CLI_REDIS;
    snprintf(holder, CLI_LEASE_HOLDER_MAX, "%s",
             reply->type == REDIS_REPLY_STRING ? cli_clean_text(reply->str) : "");
    freeReplyObject(reply);
    return CLI_NONE;
}

/* Between GET and PEXPIRE the lease may end, and another process may take it. PEXPIRE then prolongs
 * the lease of that process, which is harmless: no write of ours passes without our value. */
int cli_lease_extend(struct cli_lease *lease, struct cli *cli, uint32_t life_ms)
{
    char life[16];
    int64_t now = sw_clock_mono_us();
    lease->life_ms = life_ms;
    snprintf(life, sizeof(life), "%u", life_ms);
    redisReply *reply = cli_ask(cli, "GET", lease->key, CLI_END);
    if (!reply)
        return CLI_REDIS;
    bool mine = reply->type == REDIS_REPLY_STRING && strcmp(reply->str, lease->value) == 0;
    freeReplyObject(reply);
    if (!mine)
        return CLI_NONE;
    reply = cli_ask(cli, "PEXPIRE", lease->key, life, CLI_END);
    if (!reply)
        return CLI_REDIS;
    bool kept = reply->integer == 1;
    freeReplyObject(reply);
    lease->renewed_us = now;
    return kept ? CLI_OK : CLI_NONE;
}

int cli_lease_keep(struct cli_lease *lease, struct cli *cli)
{
    if (sw_clock_mono_us() - lease->renewed_us < (int64_t)lease->life_ms * 1000 / 3)
        return CLI_OK;
    return cli_lease_extend(lease, cli, lease->life_ms);
}

int cli_lease_inherit(struct cli_lease *lease, struct cli *cli, const char *key, pid_t pid,
                      uint32_t life_ms)
{
    char process[CLI_LEASE_HOLDER_MAX];
    size_t len = put_process(process, pid);
    *lease = (struct cli_lease){.key = key};
    redisReply *reply = cli_ask(cli, "GET", key, CLI_END);
    if (!reply)
        return CLI_REDIS;
    bool its = reply->type == REDIS_REPLY_STRING && strncmp(reply->str, process, len) == 0;
    if (its)
        snprintf(lease->value, sizeof(lease->value), "%s", reply->str);
    freeReplyObject(reply);
    return its ? cli_lease_extend(lease, cli, life_ms) : CLI_NONE;
}

void cli_lease_drop(struct cli_lease *lease, struct cli *cli)
{
    struct cli_argv argv = {0};
    enum cli_left left;
    const char *fence_key = cli->fence_key, *fence = cli->fence;
    if (!cli->redis || !sw_redis_is_open(cli->redis))
        return; /* ends by itself */
    cli->fence_key = lease->key;
    cli->fence = lease->value;
    cli_argv_add(&argv, "DEL");
    cli_argv_add(&argv, lease->key);
    cli_begin(cli);
    cli_change(cli, &argv);
    cli_argv_free(&argv);
    freeReplyObject(cli_commit(cli, &left));
    cli->fence_key = fence_key;
    cli->fence = fence;
}
