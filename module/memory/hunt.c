/*
 * hunt.c - many names and prefixes against the files. See memory.h.
 *
 * The indicators are sorted as the rows of the files are. The first pass reads each file alone and
 * in order, and notes for each indicator the files that have a row. The second pass asks these
 * files, merged, for each indicator that has any.
 */
#include "memory/encoding.h"
#include "memory/octets.h"
#include "memory/past.h"

#define STOP_EVERY 256 /* indicators between two looks at the stop flag, and two reports */

struct wanted {
    uint32_t offset; /* of the octets of the row in the hunt's buffer */
    uint32_t tag;
    uint16_t len; /* octets that a row begins with */
    uint8_t ask;  /* SW_ASK_OWNER, SW_ASK_OWNER_BELOW or SW_ASK_ADDRESS */
    uint8_t plen; /* of a prefix; the octets of the address follow the kind of the row */
    uint8_t family;
};

struct sw_hunt {
    struct sw_buffer octets, wanted; /* wanted: struct wanted */
};

struct run {
    const struct sw_hunt *hunt;
    struct sw_past *past;
    const struct sw_hunt_calls *calls;
    size_t n, row;         /* indicators; octets of the bits of an indicator */
    struct sw_buffer hits; /* for each indicator a bit for each file */
    uint64_t done, total;
};

enum sw_status sw_hunt_new(struct sw_hunt **out)
{
    *out = calloc(1, sizeof(**out));
    return *out ? SW_OK : SW_ENOMEM;
}

void sw_hunt_free(struct sw_hunt *hunt)
{
    if (!hunt)
        return;
    sw_buffer_free(&hunt->octets);
    sw_buffer_free(&hunt->wanted);
    free(hunt);
}

static enum sw_status add(struct sw_hunt *hunt, const uint8_t *row, size_t len,
                          struct wanted wanted)
{
    if (hunt->octets.len + len > UINT32_MAX)
        return SW_ETOOBIG;
    wanted.offset = (uint32_t)hunt->octets.len;
    if (!sw_buffer_add(&hunt->octets, row, len) ||
        !sw_buffer_add(&hunt->wanted, &wanted, sizeof(wanted)))
        return SW_ENOMEM;
    return SW_OK;
}

enum sw_status sw_hunt_name(struct sw_hunt *hunt, const uint8_t *wire, bool below, uint32_t tag)
{
    uint8_t row[1 + SW_NAME_MAX] = {SW_ROW_OWNER};
    size_t len = 1 + sw_reverse_name(wire, row + 1);
    row[len] = 0;
    len += below ? 0 : 1;
    struct wanted wanted = {
        .tag = tag, .len = (uint16_t)len, .ask = below ? SW_ASK_OWNER_BELOW : SW_ASK_OWNER};
    return add(hunt, row, len, wanted);
}

enum sw_status sw_hunt_addr(struct sw_hunt *hunt, const struct sw_addr *prefix, uint32_t tag)
{
    uint8_t row[1 + sizeof(prefix->octets)] = {SW_ROW_RDATA};
    size_t len = 1 + (prefix->plen + 7u) / 8u;
    memcpy(row + 1, prefix->octets, len - 1);
    struct wanted wanted = {.tag = tag,
                            .len = (uint16_t)len,
                            .ask = SW_ASK_ADDRESS,
                            .plen = prefix->plen,
                            .family = prefix->family};
    return add(hunt, row, len, wanted);
}

/* ---- order ---- */

static int compare(const void *a, const void *b, void *octets)
{
    const struct wanted *x = a, *y = b;
    const uint8_t *rows = octets;
    return sw_compare_keys(rows + x->offset, x->len, rows + y->offset, y->len);
}

static void question_of(const struct sw_hunt *hunt, const struct wanted *wanted,
                        struct sw_past_question *question)
{
    const uint8_t *row = hunt->octets.data + wanted->offset + 1;
    uint8_t whole[SW_NAME_MAX + 1];
    *question = (struct sw_past_question){.ask = wanted->ask};
    if (wanted->ask == SW_ASK_ADDRESS) {
        question->addr.family = wanted->family;
        question->addr.plen = wanted->plen;
        memcpy(question->addr.octets, row, wanted->len - 1u);
        return;
    }
    size_t len = wanted->len - (wanted->ask == SW_ASK_OWNER ? 2u : 1u);
    memcpy(whole, row, len);
    whole[len] = 0;
    sw_unreverse_name(whole, len + 1, &question->name);
}

/* ---- the first pass ---- */

/* Whether the row at the cursor can be of an indicator: the second pass judges it. A prefix with
 * a partial last octet has rows beyond those that begin with the octets. */
static bool touches(const struct sw_cursor *cursor, const uint8_t *row, const struct wanted *wanted)
{
    size_t whole = wanted->len - (wanted->plen % 8u ? 1u : 0u);
    if (cursor->key_len < wanted->len || memcmp(cursor->key, row, whole) != 0)
        return false;
    unsigned rest = wanted->plen % 8u;
    return !rest || (cursor->key[whole] & (0xff00u >> rest & 0xff)) == row[whole];
}

static enum sw_status find_in_file(struct run *run, struct sw_cursor *cursor, size_t file)
{
    const struct wanted *wanted = (const struct wanted *)(const void *)run->hunt->wanted.data;
    enum sw_status status = SW_OK;
    bool placed = false;
    for (size_t i = 0; i < run->n && status == SW_OK; i++) {
        const uint8_t *row = run->hunt->octets.data + wanted[i].offset;
        if (i % STOP_EVERY == 0) {
            if (sw_past_stopped(run->past))
                return SW_ECLOSED;
            if (run->calls->progress)
                run->calls->progress(run->calls->arg, run->done + cursor->offset, run->total);
        }
        if (!placed || sw_compare_keys(cursor->key, cursor->key_len, row, wanted[i].len) < 0)
            status = sw_cursor_seek(cursor, row, wanted[i].len);
        placed = true;
        if (status == SW_OK && touches(cursor, row, &wanted[i]))
            run->hits.data[i * run->row + file / 8] |= (uint8_t)(1u << file % 8);
    }
    return status == SW_ENOTFOUND ? SW_OK : status;
}

static enum sw_status first_pass(struct run *run)
{
    enum sw_status status = SW_OK;
    for (size_t file = 0; file < run->past->n && status == SW_OK; file++) {
        struct sw_cursor cursor;
        status = sw_cursor_open(&cursor, run->past->tables[file]);
        if (status == SW_OK)
            status = find_in_file(run, &cursor, file);
        sw_cursor_close(&cursor);
        run->done += sw_mtbl_octets(run->past->tables[file]);
        if (status == SW_EFORMAT || status == SW_EIO)
            status = sw_past_leave_out(run->past, file, status) ? SW_OK : status;
    }
    return status;
}

/* ---- the second pass ---- */

struct taken {
    const struct sw_hunt_calls *calls;
    uint32_t tag;
};

static enum sw_status take(void *arg, const struct sw_sighting *sighting)
{
    const struct taken *taken = arg;
    return taken->calls->take(taken->calls->arg, taken->tag, sighting);
}

static bool has_any(const uint8_t *bits, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (bits[i])
            return true;
    }
    return false;
}

static enum sw_status second_pass(struct run *run)
{
    const struct wanted *wanted = (const struct wanted *)(const void *)run->hunt->wanted.data;
    struct sw_merge *merge = NULL;
    enum sw_status status = sw_past_merge(run->past, &merge);
    for (size_t i = 0; i < run->n && status == SW_OK; i++) {
        const uint8_t *bits = run->hits.data + i * run->row;
        struct taken taken = {run->calls, wanted[i].tag};
        struct sw_past_question question;
        if (!has_any(bits, run->row))
            continue;
        if (sw_past_stopped(run->past)) {
            status = SW_ECLOSED;
            break;
        }
        question_of(run->hunt, &wanted[i], &question);
        status = sw_past_ask_again(run->past, merge, bits, &question, take, &taken);
    }
    sw_merge_close(merge);
    return status;
}

enum sw_status sw_hunt_run(struct sw_hunt *hunt, struct sw_past *past,
                           const struct sw_hunt_calls *calls)
{
    struct run run = {.hunt = hunt,
                      .past = past,
                      .calls = calls,
                      .n = hunt->wanted.len / sizeof(struct wanted),
                      .row = past->n / 8 + 1};
    if (run.n == 0 || past->n == 0)
        return SW_OK;
    qsort_r(hunt->wanted.data, run.n, sizeof(struct wanted), compare, hunt->octets.data);
    if (!sw_buffer_reserve(&run.hits, run.n * run.row))
        return SW_ENOMEM;
    memset(run.hits.data, 0, run.n * run.row);
    for (size_t i = 0; i < past->n; i++)
        run.total += sw_mtbl_octets(past->tables[i]);
    enum sw_status status = first_pass(&run);
    if (status == SW_OK && calls->progress)
        calls->progress(calls->arg, run.total, run.total);
    if (status == SW_OK)
        status = second_pass(&run);
    sw_buffer_free(&run.hits);
    return status;
}
