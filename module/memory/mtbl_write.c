/* mtbl_write.c - writer of MTBL files. See mtbl.h. */
#include "memory/mtbl.h"
#include "memory/mtbl_format.h"
#include "memory/octets.h"

#include <errno.h>
#include <unistd.h>
#include <zstd.h>

#define RESTART_EVERY 16
#define ZSTD_LEVEL    3 /* of 1..22; D-153 has others */

/* A block while it grows. */
struct builder {
    struct sw_buffer octets, restarts, last; /* restarts: fixed 32 each; last: the last key */
    unsigned since;                          /* keys since the last restart point */
};

struct sw_mtbl_writer {
    int fd;
    struct builder data, index;
    struct sw_buffer packed;
    ZSTD_CCtx *context;
    uint64_t offset;
    struct sw_mtbl_trailer trailer;
    struct sw_buffer last; /* the last key, across blocks */
};

static void builder_clear(struct builder *builder)
{
    builder->octets.len = builder->restarts.len = builder->last.len = 0;
    builder->since = 0;
}

static void builder_free(struct builder *builder)
{
    sw_buffer_free(&builder->octets);
    sw_buffer_free(&builder->restarts);
    sw_buffer_free(&builder->last);
}

static bool builder_restart(struct builder *builder)
{
    uint8_t at[4];
    builder->since = 0;
    builder->last.len = 0;
    sw_put_fixed32(at, (uint32_t)builder->octets.len);
    return sw_buffer_add(&builder->restarts, at, sizeof(at));
}

static bool builder_add(struct builder *builder, const uint8_t *key, size_t key_len,
                        const uint8_t *value, size_t value_len)
{
    uint8_t head[3 * SW_VARINT_MAX];
    size_t shared = 0, n;
    if ((builder->octets.len == 0 || builder->since == RESTART_EVERY) && !builder_restart(builder))
        return false;
    const struct sw_buffer *last = &builder->last;
    while (shared < last->len && shared < key_len && last->data[shared] == key[shared])
        shared++;
    n = sw_put_varint(head, shared);
    n += sw_put_varint(head + n, key_len - shared);
    n += sw_put_varint(head + n, value_len);
    builder->since++;
    builder->last.len = shared;
    return sw_buffer_add(&builder->octets, head, n) &&
           sw_buffer_add(&builder->octets, key + shared, key_len - shared) &&
           sw_buffer_add(&builder->octets, value, value_len) &&
           sw_buffer_add(&builder->last, key + shared, key_len - shared);
}

/* Append the array of restart points. */
static bool builder_finish(struct builder *builder)
{
    uint8_t n[4];
    if (builder->restarts.len == 0 && !builder_restart(builder))
        return false;
    sw_put_fixed32(n, (uint32_t)(builder->restarts.len / 4));
    return sw_buffer_add(&builder->octets, builder->restarts.data, builder->restarts.len) &&
           sw_buffer_add(&builder->octets, n, sizeof(n));
}

static enum sw_status write_all(struct sw_mtbl_writer *writer, const uint8_t *data, size_t len)
{
    writer->offset += len;
    while (len > 0) {
        ssize_t n = write(writer->fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return SW_EIO;
        data += n;
        len -= (size_t)n;
    }
    return SW_OK;
}

/* Length and checksum in front of the octets of a block: one write. */
static enum sw_status write_block(struct sw_mtbl_writer *writer, const struct sw_buffer *block)
{
    uint8_t head[SW_VARINT_MAX + 4];
    size_t n = sw_put_varint(head, block->len);
    sw_put_fixed32(head + n, sw_crc32c(block->data, block->len));
    enum sw_status status = write_all(writer, head, n + 4);
    return status == SW_OK ? write_all(writer, block->data, block->len) : status;
}

static enum sw_status pack(struct sw_mtbl_writer *writer)
{
    const struct sw_buffer *plain = &writer->data.octets;
    size_t bound = ZSTD_compressBound(plain->len);
    writer->packed.len = 0;
    if (!sw_buffer_reserve(&writer->packed, bound))
        return SW_ENOMEM;
    size_t n = ZSTD_compressCCtx(writer->context, writer->packed.data, bound, plain->data,
                                 plain->len, ZSTD_LEVEL);
    if (ZSTD_isError(n))
        return SW_ENOMEM;
    writer->packed.len = n;
    return SW_OK;
}

/* Shorten the last key to a key that still is not below the last key, and below the next key. */
static void shorten(struct sw_buffer *last, const uint8_t *next, size_t next_len)
{
    size_t at = 0;
    while (at < last->len && at < next_len && last->data[at] == next[at])
        at++;
    if (at >= last->len || at >= next_len)
        return;
    if (last->data[at] + 1 >= next[at])
        at++;
    while (at < last->len && last->data[at] == 255)
        at++;
    if (at >= last->len)
        return;
    last->data[at]++;
    last->len = at + 1;
}

/* Write the block of data, and an entry of the index. next: the key of the next block, or NULL. */
static enum sw_status flush(struct sw_mtbl_writer *writer, const uint8_t *next, size_t next_len)
{
    uint8_t offset[SW_VARINT_MAX];
    if (writer->data.octets.len == 0)
        return SW_OK;
    if (next)
        shorten(&writer->last, next, next_len);
    size_t n = sw_put_varint(offset, writer->offset);
    uint64_t before = writer->offset;
    if (!builder_finish(&writer->data) ||
        !builder_add(&writer->index, writer->last.data, writer->last.len, offset, n))
        return SW_ENOMEM;
    enum sw_status status = pack(writer);
    if (status == SW_OK)
        status = write_block(writer, &writer->packed);
    writer->trailer.blocks++;
    writer->trailer.blocks_octets += writer->offset - before;
    builder_clear(&writer->data);
    return status;
}

enum sw_status sw_mtbl_write(int fd, struct sw_mtbl_writer **out)
{
    struct sw_mtbl_writer *writer = calloc(1, sizeof(*writer));
    if (!writer)
        return SW_ENOMEM;
    writer->fd = fd;
    writer->context = ZSTD_createCCtx();
    if (!writer->context) {
        free(writer);
        return SW_ENOMEM;
    }
    writer->trailer.block_octets = SW_BLOCK_OCTETS;
    writer->trailer.compression = SW_MTBL_ZSTD;
    *out = writer;
    return SW_OK;
}

enum sw_status sw_mtbl_put(struct sw_mtbl_writer *writer, const uint8_t *key, size_t key_len,
                           const uint8_t *value, size_t value_len)
{
    const struct sw_buffer *last = &writer->last;
    if (key_len == 0 || key_len > SW_KEY_MAX ||
        (writer->trailer.entries > 0 && sw_compare_keys(key, key_len, last->data, last->len) <= 0))
        return SW_EINVAL;
    if (writer->data.octets.len + writer->data.restarts.len + key_len + value_len + 19 >=
        SW_BLOCK_OCTETS) {
        enum sw_status status = flush(writer, key, key_len);
        if (status != SW_OK)
            return status;
    }
    writer->last.len = 0;
    if (!sw_buffer_add(&writer->last, key, key_len) ||
        !builder_add(&writer->data, key, key_len, value, value_len))
        return SW_ENOMEM;
    writer->trailer.entries++;
    writer->trailer.keys_octets += key_len;
    writer->trailer.values_octets += value_len;
    return SW_OK;
}

enum sw_status sw_mtbl_finish(struct sw_mtbl_writer *writer, uint64_t *octets)
{
    uint8_t trailer[SW_TRAILER_OCTETS];
    enum sw_status status = flush(writer, NULL, 0);
    if (status != SW_OK)
        return status;
    writer->trailer.index_offset = writer->offset;
    if (!builder_finish(&writer->index))
        return SW_ENOMEM;
    status = write_block(writer, &writer->index.octets);
    if (status != SW_OK)
        return status;
    writer->trailer.index_octets = writer->offset - writer->trailer.index_offset;
    sw_trailer_write(&writer->trailer, trailer);
    status = write_all(writer, trailer, sizeof(trailer));
    *octets = writer->offset;
    return status;
}

void sw_mtbl_writer_free(struct sw_mtbl_writer *writer)
{
    if (!writer)
        return;
    builder_free(&writer->data);
    builder_free(&writer->index);
    sw_buffer_free(&writer->packed);
    sw_buffer_free(&writer->last);
    ZSTD_freeCCtx(writer->context);
    free(writer);
}
