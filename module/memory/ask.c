/* ask.c - look-ups by owner, by address, by name in rdata. See memory.h. */
#include "memory/encoding.h"
#include "memory/octets.h"
#include "memory/past.h"

#define STOP_EVERY 256 /* rows between two looks at the stop flag */

/* A search in progress. */
struct search {
    struct sw_past *past;
    struct sw_merge *merge;
    const uint8_t *some;
    const struct sw_past_question *question;
    sw_sighting_fn *take;
    void *arg;
    uint64_t found;
    unsigned rows;
    struct sw_decoded decoded;
    const uint8_t *key, *value;
    size_t key_len, value_len;
};

/* Judges a decoded row; false: not asked for. */
typedef bool wanted_fn(const struct search *search);

static enum sw_status next_row(struct search *search)
{
    const struct sw_past_question *question = search->question;
    if (++search->rows % STOP_EVERY == 0 &&
        (sw_past_stopped(search->past) || (question->between && !question->between(search->arg))))
        return SW_ECLOSED;
    return sw_merge_next(search->merge, &search->key, &search->key_len, &search->value,
                         &search->value_len);
}

static bool begins_with(const struct search *search, const struct sw_key *prefix)
{
    return search->key_len >= prefix->len && memcmp(search->key, prefix->octets, prefix->len) == 0;
}

static bool has_type_and_time(const struct sw_past_question *question,
                              const struct sw_sighting *sighting)
{
    return (!question->type || question->type == sighting->type) &&
           sighting->last >= question->since &&
           (!question->until || sighting->first <= question->until);
}

/* Hand a decoded row over, if type and time are asked for. SW_ENOTFOUND: the limit is reached. */
static enum sw_status report(struct search *search)
{
    const struct sw_past_question *question = search->question;
    struct sw_sighting *sighting = &search->decoded.sighting;
    if (!has_type_and_time(question, sighting))
        return SW_OK;
    enum sw_status status = search->take(search->arg, sighting);
    search->found++;
    return status == SW_OK && question->limit && search->found == question->limit ? SW_ENOTFOUND
                                                                                  : status;
}

static bool decode_value(struct search *search)
{
    uint64_t times[3];
    if (!sw_decode_times(search->value, search->value_len, times))
        return false;
    struct sw_sighting *sighting = &search->decoded.sighting;
    sighting->first = times[0];
    sighting->last = times[1];
    sighting->count = times[2];
    return true;
}

/* Report a row by owner; DNSDB's rows have several rdata. Damaged rows are passed over. */
static enum sw_status report_owner(struct search *search)
{
    size_t at = 0;
    if (!decode_value(search))
        return SW_OK;
    for (;;) {
        enum sw_status status =
            sw_decode_owner(search->key, search->key_len, &at, &search->decoded);
        if (status == SW_ETOOBIG)
            continue;
        if (status != SW_OK)
            return SW_OK;
        status = report(search);
        if (status != SW_OK)
            return status;
    }
}

static enum sw_status report_rdata(struct search *search, wanted_fn *wanted)
{
    if (!decode_value(search) ||
        sw_decode_rdata(search->key, search->key_len, &search->decoded) != SW_OK || !wanted(search))
        return SW_OK;
    return report(search);
}

/* All rows that begin with a prefix. wanted: NULL for rows by owner. */
static enum sw_status walk(struct search *search, const struct sw_key *prefix, wanted_fn *wanted)
{
    enum sw_status status =
        sw_merge_seek_some(search->merge, prefix->octets, prefix->len, search->some);
    while (status == SW_OK) {
        status = next_row(search);
        if (status != SW_OK || !begins_with(search, prefix))
            break;
        status = wanted ? report_rdata(search, wanted) : report_owner(search);
        if (status == SW_ENOTFOUND) /* the limit */
            return status;
    }
    return status == SW_ENOTFOUND ? SW_OK : status;
}

/* ---- by owner ---- */

static void owner_prefix(const struct sw_past_question *question, struct sw_key *prefix)
{
    prefix->octets[0] = SW_ROW_OWNER;
    prefix->len = 1;
    if (question->ask == SW_ASK_ALL)
        return;
    prefix->len += sw_reverse_name(question->name.wire, prefix->octets + 1);
    if (question->ask == SW_ASK_OWNER)
        prefix->octets[prefix->len++] = 0;
}

/* ---- by rdata ---- */

static bool has_address(const struct sw_past_question *question, const struct sw_sighting *sighting)
{
    struct sw_addr addr;
    return (sighting->type == 1 || sighting->type == 28) &&
           sw_addr_from_octets(sighting->rdata, sighting->rdata_len, &addr) == SW_OK &&
           sw_addr_covers(&question->addr, &addr);
}

static bool is_address(const struct search *search)
{
    return has_address(search->question, &search->decoded.sighting);
}

/* Whether the row is the one row of the record that begins with the name. */
static bool is_target(const struct search *search)
{
    const struct sw_sighting *sighting = &search->decoded.sighting;
    int at = sw_rdata_name(sighting->type, sighting->rdata, sighting->rdata_len);
    return at >= 0 && search->decoded.sliced == (sw_rdata_sliced(sighting->type) > 0) &&
           search->key_len > 1 && sw_name_equal(sighting->rdata + at, search->key + 1);
}

/* The octets of the prefix that are whole; the rows are judged one by one. The partial octet has at
 * most 128 values: each is a search of its own. */
static enum sw_status walk_prefix(struct search *search)
{
    const struct sw_addr *addr = &search->question->addr;
    struct sw_key prefix = {.len = 1 + addr->plen / 8u, .octets = {SW_ROW_RDATA}};
    unsigned bits = addr->plen % 8u, n = bits ? 1u << (8 - bits) : 1;
    memcpy(prefix.octets + 1, addr->octets, addr->plen / 8u);
    if (bits)
        prefix.octets[prefix.len++] = addr->octets[addr->plen / 8u];
    for (unsigned i = 0; i < n; i++) {
        enum sw_status status = walk(search, &prefix, is_address);
        if (status != SW_OK)
            return status;
        prefix.octets[prefix.len - 1]++;
    }
    return SW_OK;
}

static enum sw_status walk_target(struct search *search, const struct sw_name *name)
{
    struct sw_key prefix = {.len = 1u + name->len, .octets = {SW_ROW_RDATA}};
    memcpy(prefix.octets + 1, name->wire, name->len);
    return walk(search, &prefix, is_target);
}

/* The index of names in rdata gives the names below. */
static enum sw_status walk_targets(struct search *search)
{
    struct sw_key prefix = {.len = 1, .octets = {SW_ROW_RDATA_NAME}};
    struct search names = *search;
    enum sw_status status = sw_past_merge(search->past, &names.merge);
    if (status != SW_OK)
        return status;
    prefix.len += sw_reverse_name(search->question->name.wire, prefix.octets + 1);
    status = sw_merge_seek_some(names.merge, prefix.octets, prefix.len, search->some);
    while (status == SW_OK) {
        struct sw_name name;
        status = next_row(&names);
        if (status != SW_OK || !begins_with(&names, &prefix)) {
            status = status == SW_ENOTFOUND ? SW_OK : status;
            break;
        }
        if (sw_unreverse_name(names.key + 1, names.key_len - 1, &name) > 0)
            status = walk_target(search, &name);
    }
    sw_merge_close(names.merge);
    return status;
}

/* ---- interface ---- */

bool sw_past_wants(const struct sw_past_question *question, const struct sw_sighting *sighting)
{
    const uint8_t *name = question->name.wire, *owner = sighting->owner;
    int at = sw_rdata_name(sighting->type, sighting->rdata, sighting->rdata_len);
    if (!has_type_and_time(question, sighting))
        return false;
    switch (question->ask) {
    case SW_ASK_OWNER:
        return sw_name_equal(owner, name);
    case SW_ASK_OWNER_BELOW:
        return sw_name_below_or_equal(owner, name);
    case SW_ASK_ADDRESS:
        return has_address(question, sighting);
    case SW_ASK_TARGET:
        return at >= 0 && sw_name_equal(sighting->rdata + at, name);
    case SW_ASK_TARGET_BELOW:
        return at >= 0 && sw_name_below_or_equal(sighting->rdata + at, name);
    default:
        return true;
    }
}

enum sw_status sw_past_ask_again(struct sw_past *past, struct sw_merge *merge, const uint8_t *some,
                                 const struct sw_past_question *question, sw_sighting_fn *take,
                                 void *arg)
{
    struct search search = {
        .past = past, .merge = merge, .some = some, .question = question, .take = take, .arg = arg};
    struct sw_key prefix;
    enum sw_status status;
    switch (question->ask) {
    case SW_ASK_ADDRESS:
        status = walk_prefix(&search);
        break;
    case SW_ASK_TARGET:
        status = walk_target(&search, &question->name);
        break;
    case SW_ASK_TARGET_BELOW:
        status = walk_targets(&search);
        break;
    default:
        owner_prefix(question, &prefix);
        status = walk(&search, &prefix, NULL);
    }
    return status == SW_ENOTFOUND ? SW_OK : status;
}

enum sw_status sw_past_ask(struct sw_past *past, const struct sw_past_question *question,
                           sw_sighting_fn *take, void *arg)
{
    struct sw_merge *merge;
    enum sw_status status = sw_past_merge(past, &merge);
    if (status != SW_OK)
        return status;
    status = sw_past_ask_again(past, merge, NULL, question, take, arg);
    sw_merge_close(merge);
    return status;
}
