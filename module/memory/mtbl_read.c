/* mtbl_read.c - reader of MTBL files. See mtbl.h. */
#include "memory/mtbl.h"
#include "memory/mtbl_format.h"
#include "memory/octets.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define PLAIN_MAX    (16u << 20) /* octets of an unpacked block; libmtbl's default is 8 KiB */
#define INDEX_MAX    (1u << 30)  /* octets of an index: a file of about 300 GB */
#define READ_SEEK    (8u << 10)  /* octets to read at a place after a search, */
#define READ_FORWARD (64u << 10) /* and while blocks are read one after the other */

struct sw_mtbl {
    int fd;
    uint64_t octets;
    struct sw_mtbl_trailer trailer;
    uint8_t *index;
    size_t index_len;
};

/* ---- a block in memory ---- */

static size_t restart_at(const struct sw_mtbl_block *block, size_t i)
{
    return sw_get_fixed32(block->data + block->end + 4 * i);
}

/* Begin before the first entry. False: the array of restart points is damaged. */
static bool block_open(struct sw_mtbl_block *block, const uint8_t *data, size_t len)
{
    if (len < 8)
        return false;
    size_t restarts = sw_get_fixed32(data + len - 4);
    if (restarts == 0 || restarts > (len - 4) / 4)
        return false;
    block->data = data;
    block->end = len - 4 - 4 * restarts;
    block->restarts = restarts;
    block->at = 0;
    block->key.len = 0;
    return true;
}

/* The numbers in front of an entry; false: damaged. */
static bool read_head(const struct sw_mtbl_block *block, size_t at, uint64_t numbers[3],
                      size_t *key_at)
{
    for (int i = 0; i < 3; i++) {
        size_t n = sw_get_varint(block->data + at, block->end - at, &numbers[i]);
        if (n == 0)
            return false;
        at += n;
    }
    *key_at = at;
    size_t left = block->end - at;
    return numbers[0] <= SW_KEY_MAX && numbers[1] <= left && numbers[2] <= left - numbers[1] &&
           numbers[0] + numbers[1] <= SW_KEY_MAX;
}

static enum sw_status block_next(struct sw_mtbl_block *block)
{
    uint64_t numbers[3];
    size_t at;
    if (block->at >= block->end)
        return SW_ENOTFOUND;
    if (!read_head(block, block->at, numbers, &at) || numbers[0] > block->key.len)
        return SW_EFORMAT;
    block->key.len = (size_t)numbers[0];
    if (!sw_buffer_add(&block->key, block->data + at, (size_t)numbers[1]))
        return SW_ENOMEM;
    block->value = block->data + at + numbers[1];
    block->value_len = (size_t)numbers[2];
    block->at = at + (size_t)(numbers[1] + numbers[2]);
    return SW_OK;
}

/* The number of the last restart point with a key below the given key; 0 if there is none. */
static enum sw_status find_restart(const struct sw_mtbl_block *block, const uint8_t *key,
                                   size_t len, size_t *found)
{
    size_t low = 0, high = block->restarts - 1;
    while (low < high) {
        uint64_t numbers[3];
        size_t middle = (low + high + 1) / 2, at = restart_at(block, middle);
        if (at >= block->end || !read_head(block, at, numbers, &at) || numbers[0] > 0)
            return SW_EFORMAT;
        if (sw_compare_keys(block->data + at, (size_t)numbers[1], key, len) < 0)
            low = middle;
        else
            high = middle - 1;
    }
    *found = low;
    return SW_OK;
}

static enum sw_status block_seek(struct sw_mtbl_block *block, const uint8_t *key, size_t len)
{
    size_t restart = 0;
    enum sw_status status = find_restart(block, key, len, &restart);
    if (status != SW_OK)
        return status;
    block->at = restart_at(block, restart);
    block->key.len = 0;
    if (block->at > block->end)
        return SW_EFORMAT;
    do
        status = block_next(block);
    while (status == SW_OK && sw_compare_keys(block->key.data, block->key.len, key, len) < 0);
    return status;
}

/* ---- the file ---- */

static enum sw_status read_at(int fd, uint64_t offset, uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t n = pread(fd, data, len, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return SW_EIO;
        if (n == 0)
            return SW_EFORMAT;
        data += n;
        offset += (uint64_t)n;
        len -= (size_t)n;
    }
    return SW_OK;
}

static enum sw_status read_trailer(struct sw_mtbl *table, const char **why)
{
    uint8_t octets[SW_TRAILER_OCTETS];
    struct stat st;
    if (fstat(table->fd, &st) != 0)
        return SW_EIO;
    table->octets = (uint64_t)st.st_size;
    *why = "is not a table of the MTBL format, or was cut";
    if (!S_ISREG(st.st_mode) || table->octets < SW_TRAILER_OCTETS)
        return SW_EFORMAT;
    uint64_t end = table->octets - SW_TRAILER_OCTETS;
    enum sw_status status = read_at(table->fd, end, octets, sizeof(octets));
    if (status != SW_OK)
        return status;
    if (!sw_trailer_read(&table->trailer, octets))
        return SW_EFORMAT;
    const struct sw_mtbl_trailer *trailer = &table->trailer;
    if (trailer->index_offset > end || trailer->index_octets != end - trailer->index_offset ||
        trailer->index_octets > INDEX_MAX)
        return SW_EFORMAT;
    *why = "has a compression that is not supported (repack: mtbl_merge -c zstd)";
    if (trailer->compression != SW_MTBL_NONE && trailer->compression != SW_MTBL_ZLIB &&
        trailer->compression != SW_MTBL_ZSTD)
        return SW_EFORMAT;
    return SW_OK;
}

enum sw_status sw_mtbl_probe(int fd, const char **why)
{
    struct sw_mtbl table = {.fd = fd};
    return read_trailer(&table, why);
}

/* Check length and checksum of the stored octets of a block; false: damaged. */
static bool check_block(const uint8_t *octets, size_t len, size_t *head, size_t *body)
{
    uint64_t size;
    size_t n = sw_get_varint(octets, len, &size);
    if (n == 0 || len - n < 4 || size > len - n - 4)
        return false;
    *head = n + 4;
    *body = (size_t)size;
    return sw_get_fixed32(octets + n) == sw_crc32c(octets + *head, *body);
}

static enum sw_status read_index(struct sw_mtbl *table, const char **why)
{
    size_t len = (size_t)table->trailer.index_octets, head, body;
    struct sw_mtbl_block block = {0};
    table->index = malloc(len ? len : 1);
    if (!table->index)
        return SW_ENOMEM;
    enum sw_status status = read_at(table->fd, table->trailer.index_offset, table->index, len);
    if (status != SW_OK)
        return status;
    *why = "has a damaged index";
    if (!check_block(table->index, len, &head, &body))
        return SW_EFORMAT;
    memmove(table->index, table->index + head, body);
    table->index_len = body;
    return block_open(&block, table->index, body) ? SW_OK : SW_EFORMAT;
}

enum sw_status sw_mtbl_open(int fd, struct sw_mtbl **out, const char **why)
{
    struct sw_mtbl *table = calloc(1, sizeof(*table));
    if (!table) {
        close(fd);
        return SW_ENOMEM;
    }
    table->fd = fd;
    enum sw_status status = read_trailer(table, why);
    if (status == SW_OK)
        status = read_index(table, why);
    if (status == SW_OK)
        *out = table;
    else
        sw_mtbl_close(table);
    return status;
}

void sw_mtbl_close(struct sw_mtbl *table)
{
    if (!table)
        return;
    int error = errno;
    close(table->fd);
    free(table->index);
    free(table);
    errno = error;
}

uint64_t sw_mtbl_entries(const struct sw_mtbl *table)
{
    return table->trailer.entries;
}

uint64_t sw_mtbl_octets(const struct sw_mtbl *table)
{
    return table->octets;
}

/* ---- unpacking ---- */

static enum sw_status unpack_zstd(struct sw_cursor *cursor, const uint8_t *data, size_t len)
{
    unsigned long long size = ZSTD_getFrameContentSize(data, len);
    if (size > PLAIN_MAX)
        return SW_EFORMAT;
    if (!cursor->context)
        cursor->context = ZSTD_createDCtx();
    if (!cursor->context || !sw_buffer_reserve(&cursor->plain, (size_t)size + 1))
        return SW_ENOMEM;
    size_t n = ZSTD_decompressDCtx(cursor->context, cursor->plain.data, (size_t)size, data, len);
    if (ZSTD_isError(n))
        return SW_EFORMAT;
    cursor->plain.len = n;
    return SW_OK;
}

static enum sw_status unpack_zlib(struct sw_cursor *cursor, const uint8_t *data, size_t len)
{
    for (size_t size = 64u << 10; size <= PLAIN_MAX; size *= 4) {
        if (!sw_buffer_reserve(&cursor->plain, size))
            return SW_ENOMEM;
        uLongf n = (uLongf)size;
        int result = uncompress(cursor->plain.data, &n, data, (uLong)len);
        if (result == Z_OK) {
            cursor->plain.len = n;
            return SW_OK;
        }
        if (result != Z_BUF_ERROR)
            return result == Z_MEM_ERROR ? SW_ENOMEM : SW_EFORMAT;
    }
    return SW_EFORMAT;
}

static enum sw_status unpack(struct sw_cursor *cursor, const uint8_t *data, size_t len)
{
    cursor->plain.len = 0;
    switch (cursor->table->trailer.compression) {
    case SW_MTBL_ZSTD:
        return unpack_zstd(cursor, data, len);
    case SW_MTBL_ZLIB:
        return unpack_zlib(cursor, data, len);
    default:
        return sw_buffer_add(&cursor->plain, data, len) ? SW_OK : SW_ENOMEM;
    }
}

/* Have at least `need` octets of the file from offset in cursor->stored, if the file has them. */
static enum sw_status fetch(struct sw_cursor *cursor, uint64_t offset, size_t need, size_t want)
{
    uint64_t limit = cursor->table->trailer.index_offset;
    struct sw_buffer *stored = &cursor->stored;
    if (offset >= cursor->stored_from && offset - cursor->stored_from <= stored->len &&
        stored->len - (offset - cursor->stored_from) >= need)
        return SW_OK;
    if (offset > limit || need > limit - offset)
        return SW_EFORMAT;
    size_t len = want > need ? want : need;
    if (len > limit - offset)
        len = (size_t)(limit - offset);
    stored->len = 0;
    if (!sw_buffer_reserve(stored, len))
        return SW_ENOMEM;
    enum sw_status status = read_at(cursor->table->fd, offset, stored->data, len);
    if (status != SW_OK)
        return status;
    cursor->stored_from = offset;
    stored->len = len;
    return SW_OK;
}

/* Have the whole stored block at offset, its octets at *octets; want: how much to read at once. */
static enum sw_status fetch_block(struct sw_cursor *cursor, uint64_t offset, size_t want,
                                  const uint8_t **octets, size_t *len)
{
    uint64_t limit = cursor->table->trailer.index_offset, size;
    size_t head = SW_VARINT_MAX + 4;
    if (offset >= limit)
        return SW_EFORMAT;
    if (head > limit - offset)
        head = (size_t)(limit - offset);
    enum sw_status status = fetch(cursor, offset, head, want);
    if (status != SW_OK)
        return status;
    size_t n = sw_get_varint(cursor->stored.data + (offset - cursor->stored_from), head, &size);
    if (n == 0 || size > PLAIN_MAX)
        return SW_EFORMAT;
    status = fetch(cursor, offset, n + 4 + (size_t)size, want);
    *octets = cursor->stored.data + (offset - cursor->stored_from);
    *len = n + 4 + (size_t)size;
    return status;
}

/* Read and unpack the block of the present entry of the index. */
static enum sw_status load(struct sw_cursor *cursor, size_t want)
{
    const uint8_t *octets;
    size_t len, head, body;
    uint64_t offset;
    cursor->loaded = false;
    if (sw_get_varint(cursor->index.value, cursor->index.value_len, &offset) == 0)
        return SW_EFORMAT;
    enum sw_status status = fetch_block(cursor, offset, want, &octets, &len);
    if (status != SW_OK)
        return status;
    cursor->offset = offset;
    if (!check_block(octets, len, &head, &body))
        return SW_EFORMAT;
    status = unpack(cursor, octets + head, body);
    if (status != SW_OK)
        return status;
    if (!block_open(&cursor->block, cursor->plain.data, cursor->plain.len))
        return SW_EFORMAT;
    cursor->loaded = true;
    return SW_OK;
}

/* ---- the cursor ---- */

enum sw_status sw_cursor_open(struct sw_cursor *cursor, const struct sw_mtbl *table)
{
    *cursor = (struct sw_cursor){.table = table};
    return block_open(&cursor->index, table->index, table->index_len) ? SW_OK : SW_EFORMAT;
}

void sw_cursor_close(struct sw_cursor *cursor)
{
    sw_buffer_free(&cursor->index.key);
    sw_buffer_free(&cursor->block.key);
    sw_buffer_free(&cursor->stored);
    sw_buffer_free(&cursor->plain);
    if (!cursor->borrowed)
        ZSTD_freeDCtx(cursor->context);
    *cursor = (struct sw_cursor){0};
}

enum sw_status sw_cursor_share(struct sw_cursor *cursor, struct sw_cursor *other)
{
    if (!other->context)
        other->context = ZSTD_createDCtx();
    cursor->context = other->context;
    cursor->borrowed = true;
    return other->context ? SW_OK : SW_ENOMEM;
}

static enum sw_status show(struct sw_cursor *cursor, enum sw_status status)
{
    cursor->key = cursor->block.key.data;
    cursor->key_len = cursor->block.key.len;
    cursor->value = cursor->block.value;
    cursor->value_len = cursor->block.value_len;
    return status == SW_OK && cursor->key_len == 0 ? SW_EFORMAT : status;
}

enum sw_status sw_cursor_next(struct sw_cursor *cursor)
{
    enum sw_status status = cursor->loaded ? block_next(&cursor->block) : SW_ENOTFOUND;
    while (status == SW_ENOTFOUND) {
        status = block_next(&cursor->index);
        if (status != SW_OK)
            return status;
        status = load(cursor, READ_FORWARD);
        if (status == SW_OK)
            status = block_next(&cursor->block);
    }
    return show(cursor, status);
}

/* Whether a key can only be in the present block, at or after the present place. */
static bool is_ahead_here(const struct sw_cursor *cursor, const uint8_t *key, size_t len)
{
    const struct sw_buffer *here = &cursor->block.key, *bound = &cursor->index.key;
    return cursor->loaded && here->len > 0 &&
           sw_compare_keys(key, len, here->data, here->len) >= 0 &&
           sw_compare_keys(key, len, bound->data, bound->len) <= 0;
}

enum sw_status sw_cursor_seek(struct sw_cursor *cursor, const uint8_t *key, size_t key_len)
{
    enum sw_status status = SW_OK;
    if (!is_ahead_here(cursor, key, key_len)) {
        cursor->loaded = false;
        status = block_seek(&cursor->index, key, key_len);
        if (status == SW_OK)
            status = load(cursor, READ_SEEK);
    }
    if (status == SW_OK)
        status = block_seek(&cursor->block, key, key_len);
    else
        return status;
    return status == SW_ENOTFOUND ? sw_cursor_next(cursor) : show(cursor, status);
}
