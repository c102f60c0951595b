/* merge.c - a heap of cursors. See merge.h. */
#include "memory/merge.h"

#include "memory/encoding.h"
#include "memory/octets.h"

struct sw_merge {
    struct sw_merge_options options;
    struct sw_cursor *cursors; /* one for each table */
    size_t *heap;              /* numbers of cursors that have a key; the lowest key is heap[0] */
    size_t heap_n;
    bool started;
    struct sw_buffer key, value, next;
};

static enum sw_status open_cursor(struct sw_merge *merge, size_t i)
{
    struct sw_cursor *cursor = &merge->cursors[i];
    enum sw_status status = sw_cursor_open(cursor, merge->options.tables[i]);
    return status == SW_OK && i > 0 ? sw_cursor_share(cursor, &merge->cursors[0]) : status;
}

enum sw_status sw_merge_open(const struct sw_merge_options *options, struct sw_merge **out)
{
    struct sw_merge *merge = calloc(1, sizeof(*merge));
    if (!merge)
        return SW_ENOMEM;
    merge->options = *options;
    merge->cursors = calloc(options->n + 1, sizeof(merge->cursors[0]));
    merge->heap = calloc(options->n + 1, sizeof(merge->heap[0]));
    enum sw_status status = merge->cursors && merge->heap ? SW_OK : SW_ENOMEM;
    for (size_t i = 0; status == SW_OK && i < options->n; i++)
        status = open_cursor(merge, i);
    if (status == SW_OK)
        *out = merge;
    else
        sw_merge_close(merge);
    return status;
}

void sw_merge_close(struct sw_merge *merge)
{
    if (!merge)
        return;
    for (size_t i = merge->cursors ? merge->options.n : 0; i-- > 0;)
        sw_cursor_close(&merge->cursors[i]);
    sw_buffer_free(&merge->key);
    sw_buffer_free(&merge->value);
    sw_buffer_free(&merge->next);
    free(merge->cursors);
    free(merge->heap);
    free(merge);
}

static bool below(const struct sw_merge *merge, size_t a, size_t b)
{
    const struct sw_cursor *x = &merge->cursors[merge->heap[a]];
    const struct sw_cursor *y = &merge->cursors[merge->heap[b]];
    return sw_compare_keys(x->key, x->key_len, y->key, y->key_len) < 0;
}

static void swap(struct sw_merge *merge, size_t a, size_t b)
{
    size_t other = merge->heap[a];
    merge->heap[a] = merge->heap[b];
    merge->heap[b] = other;
}

static void sift_down(struct sw_merge *merge, size_t at)
{
    for (;;) {
        size_t least = at, child = 2 * at + 1;
        if (child < merge->heap_n && below(merge, child, least))
            least = child;
        if (child + 1 < merge->heap_n && below(merge, child + 1, least))
            least = child + 1;
        if (least == at)
            return;
        swap(merge, at, least);
        at = least;
    }
}

/* Whether a cursor has a key; a damaged table is reported and left out, or ends the merge. */
static enum sw_status judge(struct sw_merge *merge, size_t table, enum sw_status status)
{
    if (status == SW_OK || status == SW_ENOTFOUND)
        return status;
    const struct sw_merge_options *options = &merge->options;
    if (status == SW_ENOMEM || !options->on_bad || !options->on_bad(options->arg, table, status))
        return status;
    return SW_ENOTFOUND;
}

/* Place all cursors by a search, or at the beginning (key NULL), and build the heap. */
static enum sw_status start(struct sw_merge *merge, const uint8_t *key, size_t key_len,
                            const uint8_t *some)
{
    merge->started = true;
    merge->heap_n = 0;
    for (size_t i = 0; i < merge->options.n; i++) {
        struct sw_cursor *cursor = &merge->cursors[i];
        if (some && !(some[i / 8] & 1u << i % 8))
            continue;
        enum sw_status status = key ? sw_cursor_seek(cursor, key, key_len) : sw_cursor_next(cursor);
        status = judge(merge, i, status);
        if (status == SW_OK)
            merge->heap[merge->heap_n++] = i;
        else if (status != SW_ENOTFOUND)
            return status;
    }
    for (size_t i = merge->heap_n / 2; i-- > 0;)
        sift_down(merge, i);
    return SW_OK;
}

enum sw_status sw_merge_seek(struct sw_merge *merge, const uint8_t *key, size_t key_len)
{
    return start(merge, key, key_len, NULL);
}

enum sw_status sw_merge_seek_some(struct sw_merge *merge, const uint8_t *key, size_t key_len,
                                  const uint8_t *some)
{
    return start(merge, key, key_len, some);
}

/* Move the cursor with the lowest key. */
static enum sw_status step(struct sw_merge *merge)
{
    size_t table = merge->heap[0];
    enum sw_status status = judge(merge, table, sw_cursor_next(&merge->cursors[table]));
    if (status == SW_ENOTFOUND)
        merge->heap[0] = merge->heap[--merge->heap_n];
    else if (status != SW_OK)
        return status;
    sift_down(merge, 0);
    return SW_OK;
}

static bool has_same_key(const struct sw_merge *merge)
{
    const struct sw_cursor *cursor = &merge->cursors[merge->heap[0]];
    return merge->heap_n > 0 &&
           sw_compare_keys(cursor->key, cursor->key_len, merge->key.data, merge->key.len) == 0;
}

/* Merge the value of the lowest cursor into merge->value. */
static enum sw_status add_value(struct sw_merge *merge)
{
    size_t table = merge->heap[0], skip = merge->options.skip;
    const struct sw_cursor *cursor = &merge->cursors[table];
    unsigned entry = cursor->key_len > skip ? cursor->key[skip] : SW_ROW_VERSION;
    if (!sw_merge_values(entry, merge->value.data, merge->value.len, cursor->value,
                         cursor->value_len, &merge->next)) {
        enum sw_status status = judge(merge, table, SW_EFORMAT);
        return status == SW_ENOTFOUND ? SW_OK : status;
    }
    struct sw_buffer former = merge->value;
    merge->value = merge->next;
    merge->next = former;
    return SW_OK;
}

enum sw_status sw_merge_next(struct sw_merge *merge, const uint8_t **key, size_t *key_len,
                             const uint8_t **value, size_t *value_len)
{
    enum sw_status status = merge->started ? SW_OK : start(merge, NULL, 0, NULL);
    if (status != SW_OK)
        return status;
    if (merge->heap_n == 0)
        return SW_ENOTFOUND;
    const struct sw_cursor *cursor = &merge->cursors[merge->heap[0]];
    merge->key.len = merge->value.len = 0;
    if (!sw_buffer_add(&merge->key, cursor->key, cursor->key_len) ||
        !sw_buffer_add(&merge->value, cursor->value, cursor->value_len))
        return SW_ENOMEM;
    status = step(merge);
    while (status == SW_OK && has_same_key(merge)) {
        status = add_value(merge);
        if (status == SW_OK)
            status = step(merge);
    }
    *key = merge->key.data;
    *key_len = merge->key.len;
    *value = merge->value.data;
    *value_len = merge->value.len;
    return status;
}
