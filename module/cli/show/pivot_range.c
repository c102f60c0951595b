/* pivot_range.c - see pivot_range.h. */
#include "cli/show/pivot_range.h"

#include "base/rcu.h"
#include "cli/output.h"
#include "cli/show/ownership.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE "1000" /* members of the set that Redis looks at for a reply */

bool pivot_is_range(const struct sw_indicator *what)
{
    return what->type == SW_INDICATOR_ASN || what->type == SW_INDICATOR_HOLDER ||
           (what->type == SW_INDICATOR_PREFIX && what->addr.plen < sw_addr_bits(&what->addr));
}

/* Whether a text is the question's holder: the kind "class", "registrant" or "country", and the
 * value. */
static bool is_holder(const struct sw_indicator *what, const char *kind, const char *value)
{
    struct sw_indicator holder;
    return value[0] && strncmp(what->holder, kind, strlen(kind)) == 0 &&
           sw_indicator_holder(kind, value, &holder) == SW_OK &&
           strcmp(holder.holder, what->holder) == 0;
}

/* Inside an RCU section. The AS organisation is the holder where no registrant is known (D-134). */
static bool covers(const struct sw_owners *owners, const struct sw_indicator *what,
                   const struct sw_addr *addr)
{
    struct sw_owner owner;
    if (what->type == SW_INDICATOR_PREFIX)
        return sw_addr_covers(&what->addr, addr);
    if (sw_owner_find(owners, addr, &owner) != SW_OK)
        return false;
    if (what->type == SW_INDICATOR_ASN)
        return owner.asn == what->asn;
    return is_holder(what, "registrant", owner.registrant[0] ? owner.registrant : owner.org) ||
           is_holder(what, "class", sw_class_name((enum sw_class)owner.class)) ||
           is_holder(what, "country", owner.country);
}

static void keep(struct pivot_range *range, const struct sw_addr *addr, double last_s)
{
    if (range->n == range->room) {
        range->room = range->room ? 2 * range->room : 64;
        range->place = cli_grow(range->place, range->room, sizeof(*range->place));
    }
    range->place[range->n++] = (struct pivot_place){*addr, last_s};
}

/* A page of the set: members, each followed by the score; up to the number of places to find.
 * Returns how many members were looked at. */
static size_t take_some(struct cli *cli, const struct sw_indicator *what, const redisReply *page,
                        size_t most, struct pivot_range *range)
{
    const struct sw_owners *owners = cli_owners(cli);
    size_t i = 0;
    sw_rcu_enter();
    for (; i + 1 < page->elements && range->n < most; i += 2) {
        const redisReply *member = page->element[i];
        struct sw_addr addr;
        const char *why;
        if (sw_addr_parse(member->str, member->len, &addr, &why) != SW_OK)
            range->odd++;
        else if (covers(owners, what, &addr))
            keep(range, &addr, strtod(page->element[i + 1]->str, NULL));
    }
    sw_rcu_leave();
    return i / 2;
}

/* ZSCAN returns each member that is there all the time, and some members twice. */
static int scan(struct cli *cli, const struct sw_indicator *what, struct pivot_range *range)
{
    char cursor[24] = "0"; /* 64 bits in decimal */
    do {
        redisReply *reply =
            cli_ask(cli, "ZSCAN", cli_key(cli, "tracked"), cursor, "COUNT", PAGE, CLI_END);
        if (!reply)
            return CLI_REDIS;
        if (reply->element[0]->len >= sizeof(cursor))
            return cli_redis_failed(cli, reply);
        memcpy(cursor, reply->element[0]->str, reply->element[0]->len + 1);
        take_some(cli, what, reply->element[1], SIZE_MAX, range);
        freeReplyObject(reply);
    } while (strcmp(cursor, "0") != 0);
    return CLI_OK;
}

static int by_address(const void *a, const void *b)
{
    const struct pivot_place *x = a, *y = b;
    return memcmp(&x->addr, &y->addr, sizeof(x->addr));
}

static int by_last(const void *a, const void *b)
{
    const struct pivot_place *x = a, *y = b;
    int later = (x->last_s < y->last_s) - (x->last_s > y->last_s);
    return later ? later : by_address(a, b);
}

/* Each address once, seen last first. */
static void order(struct pivot_range *range)
{
    size_t n = 0;
    if (range->n == 0)
        return;
    qsort(range->place, range->n, sizeof(*range->place), by_address);
    for (size_t i = 0; i < range->n; i++)
        if (n == 0 || by_address(&range->place[n - 1], &range->place[i]) != 0)
            range->place[n++] = range->place[i];
    range->n = n;
    qsort(range->place, n, sizeof(*range->place), by_last);
}

/* Whether the databases that the question needs are in the settings. */
static bool can_answer(const struct cli *cli, const struct sw_indicator *what)
{
    const struct sw_settings *s = &cli->settings;
    bool have_asn = s->asn_mmdb[0][0] != '\0', have_owner = s->owner_mmdb[0][0] != '\0';
    if (what->type == SW_INDICATOR_PREFIX || have_asn ||
        (what->type == SW_INDICATOR_HOLDER && have_owner))
        return true;
    cli_error("the question needs the owner of each address, and no database is set: set %s",
              what->type == SW_INDICATOR_ASN ? "asn-mmdb" : "asn-mmdb or owner-mmdb");
    return false;
}

int pivot_range_find(struct cli *cli, const struct sw_indicator *what, struct pivot_range *range)
{
    *range = (struct pivot_range){.n = 0};
    if (!can_answer(cli, what))
        return CLI_NONE;
    int code = scan(cli, what, range);
    if (code == CLI_OK)
        order(range);
    if (range->odd)
        cli_error("%s of tracked addresses not understood and left out",
                  cli_count(range->odd, "entry is", "entries are"));
    return code;
}

/* ---- a part ---- */

#define SOME      500 /* members of a reply */
#define RANK_TEXT 24  /* 64 bits in decimal, with NUL */

static int count_tracked(struct cli *cli, size_t *n)
{
    redisReply *reply = cli_ask(cli, "ZCARD", cli_key(cli, "tracked"), CLI_END);
    if (!reply)
        return CLI_REDIS;
    *n = reply->integer > 0 ? (size_t)reply->integer : 0;
    freeReplyObject(reply);
    return CLI_OK;
}

static int look_back(struct cli *cli, const struct sw_indicator *what, struct pivot_look *look,
                     struct pivot_range *range)
{
    char from[RANK_TEXT], to[RANK_TEXT];
    size_t at = look->from;
    int code = count_tracked(cli, &look->tracked);
    size_t end = at + look->looks;
    while (code == CLI_OK && at < look->tracked && at < end && range->n < look->most) {
        snprintf(from, sizeof(from), "%zu", at);
        snprintf(to, sizeof(to), "%zu", at + SOME - 1);
        redisReply *reply =
            cli_ask(cli, "ZRANGE", cli_key(cli, "tracked"), from, to, "REV", "WITHSCORES", CLI_END);
        if (!reply)
            return CLI_REDIS;
        bool last = reply->elements < 2 * (size_t)SOME;
        size_t looked = take_some(cli, what, reply, look->most, range);
        at = last && looked == reply->elements / 2 ? look->tracked : at + looked;
        freeReplyObject(reply);
    }
    look->next = at < look->tracked ? at : 0;
    return code;
}

/* The number of addresses of a prefix, or more than PIVOT_EACH. */
static size_t size_of(const struct sw_addr *prefix)
{
    unsigned host = sw_addr_bits(prefix) - prefix->plen;
    return host < 31 ? (size_t)1 << host : SIZE_MAX;
}

/* The i-th address of a prefix. */
static struct sw_addr address_at(const struct sw_addr *prefix, size_t i)
{
    struct sw_addr addr = *prefix;
    size_t last = sw_addr_bits(prefix) / 8 - 1;
    addr.plen = (uint8_t)sw_addr_bits(prefix);
    addr.octets[last] |= (uint8_t)i;
    addr.octets[last - 1] |= (uint8_t)(i >> 8);
    return addr;
}

static int ask_each(struct cli *cli, const struct sw_addr *prefix, struct pivot_range *range)
{
    char text[SW_ADDRTEXT_MAX];
    size_t n = size_of(prefix);
    for (size_t i = 0; i < n; i++) {
        struct sw_addr addr = address_at(prefix, i);
        if (!cli_queue(cli, "ZSCORE", cli_key(cli, "tracked"), sw_addr_text(&addr, text), CLI_END))
            return cli_redis_failed(cli, NULL);
    }
    for (size_t i = 0; i < n; i++) {
        redisReply *reply = cli_reply(cli, "?s");
        if (!reply)
            return CLI_REDIS;
        struct sw_addr addr = address_at(prefix, i);
        if (reply->type != REDIS_REPLY_NIL)
            keep(range, &addr, strtod(reply->str, NULL));
        freeReplyObject(reply);
    }
    order(range);
    return CLI_OK;
}

/* Of all addresses found the ones of this look. */
static void cut_to(struct pivot_look *look, struct pivot_range *range)
{
    size_t from = look->from < range->n ? look->from : range->n, left = range->n - from;
    size_t kept = left < look->most ? left : look->most;
    look->in_range = range->n;
    look->next = kept < left ? from + kept : 0;
    if (kept > 0)
        memmove(range->place, range->place + from, kept * sizeof(*range->place));
    range->n = kept;
}

int pivot_range_look(struct cli *cli, const struct sw_indicator *what, struct pivot_look *look,
                     struct pivot_range *range)
{
    *range = (struct pivot_range){.n = 0};
    look->next = look->tracked = look->in_range = 0;
    if (!can_answer(cli, what))
        return CLI_NONE;
    if (what->type != SW_INDICATOR_PREFIX || size_of(&what->addr) > PIVOT_EACH)
        return look_back(cli, what, look, range);
    int code = ask_each(cli, &what->addr, range);
    if (code == CLI_OK)
        cut_to(look, range);
    return code;
}
