/* past_from.c - see past_from.h. */
#include "cli/memory/past_from.h"

#include "journal/cof.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct asking {
    sw_sighting_fn *take;
    void *arg;
    bool over; /* take has enough */
};

static void put_hex(FILE *out, const uint8_t octets[16], unsigned n)
{
    putc('\'', out);
    for (unsigned i = 0; i < n; i++)
        fprintf(out, "%02x", octets[i]);
    putc('\'', out);
}

/* From the first to the last address of the prefix. */
static void put_prefix(FILE *out, const struct sw_addr *addr)
{
    unsigned n = addr->family == 4 ? 4 : 16;
    uint8_t first[16] = {0}, last[16] = {0};
    for (unsigned i = 0; i < n; i++) {
        unsigned bits = addr->plen <= 8 * i ? 0 : addr->plen >= 8 * i + 8 ? 8 : addr->plen - 8 * i;
        uint8_t host = (uint8_t)(0xff >> bits);
        first[i] = (uint8_t)(addr->octets[i] & ~host);
        last[i] = (uint8_t)(addr->octets[i] | host);
    }
    fprintf(out, "length(address) = %u AND address >= ", 2 * n);
    put_hex(out, first, n);
    fputs(" AND address <= ", out);
    put_hex(out, last, n);
}

static void put_condition(FILE *out, const struct sw_past_question *question)
{
    switch (question->ask) {
    case SW_ASK_ADDRESS:
        put_prefix(out, &question->addr);
        break;
    case SW_ASK_TARGET:
    case SW_ASK_TARGET_BELOW:
        cli_clickhouse_names(out, "rtarget", question->name.wire,
                             question->ask == SW_ASK_TARGET_BELOW);
        break;
    default:
        cli_clickhouse_names(out, "rname", question->name.wire, question->ask != SW_ASK_OWNER);
    }
    if (question->type)
        fprintf(out, " AND type = %u", question->type);
}

static char *make_sql(const struct sw_past_question *question)
{
    bool by_owner = question->ask <= SW_ASK_OWNER_BELOW;
    char *sql = NULL;
    size_t len;
    FILE *out = open_memstream(&sql, &len);
    if (!out)
        abort();
    fprintf(
        out,
        "SELECT name AS rrname, concat('TYPE', toString(type)) AS rrtype, rdata, "
        "min(first) AS time_first, max(last) AS time_last, sum(count) AS count%s FROM %s WHERE ",
        by_owner ? ", if(zone = '', '.', zone) AS bailiwick" : "",
        by_owner ? "sinkwatch_past" : "sinkwatch_past_by_data");
    put_condition(out, question);
    fprintf(out, " AND " CLI_CLICKHOUSE_LIVE " GROUP BY rname, name, type, rdata%s",
            by_owner ? ", zone" : "");
    fprintf(out, " HAVING time_last >= %" PRIu64, question->since);
    if (question->until)
        fprintf(out, " AND time_first <= %" PRIu64, question->until);
    fputs(" ORDER BY rname, type, rdata", out);
    if (question->limit)
        fprintf(out, " LIMIT %" PRIu64, question->limit);
    fputs(" FORMAT JSONEachRow", out);
    fclose(out);
    return sql;
}

static bool take_line(void *arg, const char *line, size_t len)
{
    struct asking *asking = arg;
    const char *why;
    if (asking->over)
        return true;
    enum sw_status status = sw_cof_read(line, len, asking->take, asking->arg, &why);
    if (status == SW_ESYNTAX || (status == SW_ENOTFOUND && why))
        return false;
    asking->over = status != SW_OK;
    return true;
}

int cli_past_from(struct cli_clickhouse *clickhouse, const struct sw_past_question *question,
                  sw_sighting_fn *take, void *arg)
{
    struct asking asking = {.take = take, .arg = arg};
    char *sql = make_sql(question);
    bool ok = cli_clickhouse_run(clickhouse, sql, NULL, 0, take_line, &asking);
    free(sql);
    if (ok)
        return CLI_OK;
    cli_error("%s: %s", cli_clean_text(clickhouse->url), clickhouse->why);
    if (strstr(clickhouse->why, "Code: 60"))
        cli_hint("'sinkwatch memory send --print-schema' has the tables");
    return CLI_INPUT;
}
