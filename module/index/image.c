/* image.c - saving the index while it changes (image.h, image_format.h). */
#include "index/image.h"

#include "index/image_format.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <xxhash.h>

#define AHEAD_DIVISOR 2 /* copies of shards may take half the table: 1.5 times the memory */
#define AHEAD_MIN     (4u << 20)  /* octets of copies that are always allowed */
#define WRITE_MAX     (1u << 20)  /* octets for a write(2); cancelling is noticed in between */
#define SYNC_EACH     (16u << 20) /* octets to sync at a time; cancelling is noticed in between */

struct buffer { /* grows; written with zeros up to whole pages */
    uint8_t *data;
    size_t len, capacity;
    bool failed; /* out of memory */
};

struct copy { /* of a shard: block, then filter */
    uint8_t *data;
    size_t block_len, filter_len;
    unsigned class;
};

struct sw_image {
    struct sw_index *index;
    struct sw_table_watch watch;
    struct buffer section[SW_SECTION_COUNT];
    struct sw_image_header header;
    pthread_mutex_t lock; /* guards copies: reads of the table by the saver, `ahead` */
    atomic_bool copied[SW_SHARDS];
    struct copy ahead[SW_SHARDS]; /* made by the writer, not yet written */
    size_t ahead_bytes, ahead_max;
    _Atomic int failed; /* enum sw_status */
};

/* ---- buffers ---- */

static void *more(struct buffer *buffer, size_t n)
{
    if (buffer->len + n > buffer->capacity) {
        size_t capacity = sw_image_pages((buffer->len + n) * 3 / 2);
        uint8_t *grown = realloc(buffer->data, capacity);
        if (!grown) {
            buffer->failed = true;
            return NULL;
        }
        buffer->data = grown;
        buffer->capacity = capacity;
    }
    void *at = buffer->data + buffer->len;
    memset(at, 0, n);
    buffer->len += n;
    return at;
}

static void append(struct buffer *buffer, const void *data, size_t n)
{
    void *at = n > 0 ? more(buffer, n) : NULL;
    if (at)
        memcpy(at, data, n);
}

static void align4(struct buffer *buffer)
{
    if (buffer->len % 4 != 0)
        (void)more(buffer, 4 - buffer->len % 4);
}

/* ---- the small sections ---- */

static void put_lists(struct buffer *out, const struct sw_index *index)
{
    for (unsigned i = 0; i < SW_LISTS_MAX; i++) {
        const struct sw_index_list *list = &index->list[i];
        struct sw_image_list entry = {.id = (uint16_t)i, .gone = list->state != SW_LIST_ACTIVE};
        if (list->state == SW_LIST_FREE)
            continue;
        if (entry.gone) {
            append(out, &entry, sizeof(entry));
            continue;
        }
        char *json = sw_policy_json(list->policy);
        out->failed = out->failed || !json;
        entry.json_len = !json ? 0 : (uint32_t)strlen(json);
        memcpy(entry.name, list->policy->name, sizeof(entry.name));
        append(out, &entry, sizeof(entry));
        append(out, json, entry.json_len);
        align4(out);
        free(json);
    }
}

/* Sets without holders are left out: such sets only wait to be freed. */
static void put_sets(struct buffer *out, const struct sw_sets *sets)
{
    for (uint32_t ref = SW_REF_FIRST; ref < sets->next; ref++) {
        const struct sw_ruleset *set = sw_set_get(sets, ref);
        if (!set || sw_sets_users(sets, ref) == 0)
            continue;
        struct sw_image_set entry = {.ref = ref, .class = set->class, .n = set->n};
        append(out, &entry, sizeof(entry));
        append(out, set->rule, set->n * sizeof(set->rule[0]));
        align4(out);
    }
}

static bool put_sections(struct sw_image *image, const struct sw_index *index)
{
    struct buffer *section = image->section;
    const struct sw_lengths4 *v4 = atomic_load_explicit(&index->lengths.v4, memory_order_relaxed);
    const struct sw_lengths6 *v6 = atomic_load_explicit(&index->lengths.v6, memory_order_relaxed);
    sw_gate gate = atomic_load_explicit(&index->gates.current, memory_order_relaxed);
    append(&section[SW_SECTION_KEY], &index->key, sizeof(index->key));
    put_lists(&section[SW_SECTION_LISTS], index);
    put_sets(&section[SW_SECTION_SETS], &index->sets);
    if (v4)
        append(&section[SW_SECTION_LENGTHS4], v4, sizeof(*v4));
    if (v6)
        append(&section[SW_SECTION_LENGTHS6], v6, sizeof(*v6));
    if (gate != 0)
        append(&section[SW_SECTION_GATE], sw_gate_address(gate), sw_gate_bytes(gate));
    append(&section[SW_SECTION_ENDS], index->expiry.item,
           index->expiry.n * sizeof(*index->expiry.item));
    for (unsigned i = 0; i < SW_SECTION_COUNT; i++) {
        if (section[i].failed)
            return false;
    }
    return true;
}

/* ---- shards ---- */

/* Copy the current content of a shard; called with the lock held. */
static enum sw_status copy_shard(const struct sw_image *image, unsigned shard, struct copy *out)
{
    const struct sw_table *table = &image->index->table;
    const struct sw_block *block =
        sw_block_at(atomic_load_explicit(&table->block[shard], memory_order_relaxed));
    sw_filter filter = atomic_load_explicit(&table->filter[shard], memory_order_relaxed);
    *out = (struct copy){.data = NULL};
    if (!block)
        return SW_OK;
    size_t block_len = (size_t)block->pages * SW_IMAGE_PAGE;
    size_t filter_len = sw_filter_lines[filter & 63] * sizeof(struct sw_filter_line);
    size_t all = block_len + sw_image_pages(filter_len);
    uint8_t *data = malloc(all);
    if (!data)
        return SW_ENOMEM;
    memcpy(data, block, block_len);
    memcpy(data + block_len, (const void *)(filter & ~(sw_filter)63), filter_len);
    memset(data + block_len + filter_len, 0, all - block_len - filter_len);
    *out = (struct copy){
        .data = data, .block_len = block_len, .filter_len = all - block_len, .class = filter & 63};
    return SW_OK;
}

static void fail(struct sw_image *image, enum sw_status status)
{
    int none = SW_OK;
    atomic_compare_exchange_strong(&image->failed, &none, (int)status);
}

/* Called when the writer is about to change a shard: copy the shard first, if not yet copied. The
 * acquire load pairs with the release stores of `copied`, so copying precedes the change. */
static void before_change(void *arg, unsigned shard)
{
    struct sw_image *image = arg;
    struct copy copy = {.data = NULL};
    if (atomic_load_explicit(&image->copied[shard], memory_order_acquire))
        return;
    pthread_mutex_lock(&image->lock);
    if (!atomic_load_explicit(&image->copied[shard], memory_order_relaxed)) {
        enum sw_status status = SW_ETOOBIG;
        if (image->ahead_bytes < image->ahead_max && atomic_load(&image->failed) == SW_OK)
            status = copy_shard(image, shard, &copy);
        if (status == SW_OK) {
            image->ahead[shard] = copy;
            image->ahead_bytes += copy.block_len + copy.filter_len;
        } else {
            fail(image, status);
        }
        atomic_store_explicit(&image->copied[shard], true, memory_order_release);
    }
    pthread_mutex_unlock(&image->lock);
}

/* For the saver: take the copy that the writer made, or copy the shard now. */
static enum sw_status take_shard(struct sw_image *image, unsigned shard, struct copy *out)
{
    pthread_mutex_lock(&image->lock);
    enum sw_status status = (enum sw_status)atomic_load(&image->failed);
    if (status == SW_OK && atomic_load_explicit(&image->copied[shard], memory_order_relaxed)) {
        *out = image->ahead[shard];
        image->ahead[shard].data = NULL;
        image->ahead_bytes -= out->block_len + out->filter_len;
    } else if (status == SW_OK) {
        status = copy_shard(image, shard, out);
        atomic_store_explicit(&image->copied[shard], true, memory_order_release);
    }
    pthread_mutex_unlock(&image->lock);
    return status;
}

/* ---- writing ---- */

static enum sw_status write_all(struct sw_image *image, int fd, uint64_t at, const uint8_t *data,
                                size_t len)
{
    while (len > 0) {
        if (atomic_load_explicit(&image->failed, memory_order_relaxed) != SW_OK)
            return (enum sw_status)atomic_load(&image->failed);
        ssize_t n = pwrite(fd, data, len < WRITE_MAX ? len : WRITE_MAX, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return SW_EIO;
        data += n;
        at += (uint64_t)n;
        len -= (size_t)n;
    }
    return SW_OK;
}

static enum sw_status write_section(struct sw_image *image, int fd, unsigned i, uint64_t *at)
{
    struct buffer *section = &image->section[i];
    struct sw_image_span *span = &image->header.section[i];
    span->len = section->len;
    if (section->len > 0 &&
        more(section, (size_t)(sw_image_pages(section->len) - section->len)) == NULL)
        return SW_ENOMEM;
    span->hash = XXH3_64bits(section->data, section->len);
    enum sw_status status = write_all(image, fd, *at, section->data, section->len);
    *at += section->len;
    return status;
}

static enum sw_status write_shard(struct sw_image *image, int fd, unsigned shard, uint64_t *at)
{
    struct sw_image_shard *entry = &image->header.shard[shard];
    struct copy copy;
    enum sw_status status = take_shard(image, shard, &copy);
    if (status != SW_OK)
        return status;
    size_t len = copy.block_len + copy.filter_len;
    if (len == 0)
        return SW_OK;
    entry->block_len = copy.block_len;
    entry->filter_class = copy.class;
    entry->block_hash = XXH3_64bits(copy.data, copy.block_len);
    entry->filter_hash = XXH3_64bits(copy.data + copy.block_len, copy.filter_len);
    status = write_all(image, fd, *at, copy.data, len);
    free(copy.data);
    *at += len;
    return status;
}

static enum sw_status write_header(struct sw_image *image, int fd, uint64_t file_len)
{
    static_assert(SW_IMAGE_HEADER_LEN <= 16384, "fits on the stack");
    struct sw_image_header *header = &image->header;
    uint8_t pages[SW_IMAGE_HEADER_LEN] = {0};
    memcpy(header->magic, SW_IMAGE_MAGIC, sizeof(header->magic));
    header->version = SW_IMAGE_VERSION;
    header->endian = 0x01020304;
    sw_image_layout(header->layout);
    header->file_len = file_len;
    header->hash = XXH3_64bits(header, offsetof(struct sw_image_header, hash));
    memcpy(pages, header, sizeof(*header));
    return write_all(image, fd, 0, pages, sizeof(pages));
}

/* Write the data to disk in steps that can be cancelled, so that the caller's fsync(), which
 * cannot, has little left to do. */
static enum sw_status sync_data(struct sw_image *image, int fd, uint64_t len)
{
    const unsigned all =
        SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    for (uint64_t at = 0; at < len; at += SYNC_EACH) {
        if (atomic_load_explicit(&image->failed, memory_order_relaxed) == SW_ECLOSED)
            return SW_ECLOSED;
        (void)sync_file_range(fd, (off_t)at, SYNC_EACH, all); /* fsync() reports errors */
    }
    return SW_OK;
}

enum sw_status sw_image_write(struct sw_image *image, int fd, const void *note, size_t note_len,
                              int64_t written_us)
{
    uint64_t at = SW_IMAGE_HEADER_LEN;
    enum sw_status status = SW_OK;
    if (note_len > SW_IMAGE_NOTE_MAX)
        return SW_ETOOBIG;
    image->header.written_us = written_us;
    append(&image->section[SW_SECTION_NOTE], note, note_len);
    if (image->section[SW_SECTION_NOTE].failed)
        return SW_ENOMEM;
    for (unsigned i = 0; i < SW_SECTION_COUNT && status == SW_OK; i++)
        status = write_section(image, fd, i, &at);
    for (unsigned s = 0; s < SW_SHARDS && status == SW_OK; s++)
        status = write_shard(image, fd, s, &at);
    if (status == SW_OK)
        status = write_header(image, fd, at);
    return status == SW_OK ? sync_data(image, fd, at) : status;
}

/* ---- life ---- */

void sw_image_cancel(struct sw_image *image)
{
    fail(image, SW_ECLOSED);
}

static void image_free(struct sw_image *image)
{
    for (unsigned i = 0; i < SW_SECTION_COUNT; i++)
        free(image->section[i].data);
    for (unsigned s = 0; s < SW_SHARDS; s++)
        free(image->ahead[s].data);
    pthread_mutex_destroy(&image->lock);
    free(image);
}

struct sw_image *sw_image_begin(struct sw_index *index)
{
    struct sw_image *image = calloc(1, sizeof(*image));
    assert(!index->table.watch);
    if (!image)
        return NULL;
    if (pthread_mutex_init(&image->lock, NULL) != 0) {
        free(image);
        return NULL;
    }
    image->index = index;
    image->watch = (struct sw_table_watch){before_change, image};
    image->ahead_max = sw_table_bytes(&index->table) / AHEAD_DIVISOR;
    if (image->ahead_max < AHEAD_MIN)
        image->ahead_max = AHEAD_MIN;
    if (!put_sections(image, index)) {
        image_free(image);
        return NULL;
    }
    index->table.watch = &image->watch;
    return image;
}

void sw_image_end(struct sw_image *image)
{
    if (!image)
        return;
    image->index->table.watch = NULL;
    explicit_bzero(image->section[SW_SECTION_KEY].data, image->section[SW_SECTION_KEY].len);
    image_free(image);
}
