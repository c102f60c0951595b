/*
 * fuzz_mtbl.c - memory/mtbl.h: a table that can be damaged in any way, or be no table.
 *
 * Blocks have checksums, which a fuzzer does not guess. So the input is read in two ways: as a
 * file, and as the octets of a block for which a file with right checksums is made. Keys that the
 * cursor gives are decoded as rows, and merged with themselves.
 */
#include "fuzz.h"
#include "fuzz_file.h"

#include "memory/encoding.h"
#include "memory/merge.h"
#include "memory/mtbl_format.h"

#define ROWS_MAX 4096 /* rows that are read of an input: entries of a block can be three octets */

static void read_row(const struct sw_cursor *cursor)
{
    static struct sw_decoded decoded;
    struct sw_buffer merged = {0};
    struct sw_key key;
    uint64_t times[3];
    size_t at = 0;
    FUZZ_CHECK(cursor->key_len > 0 && cursor->key_len <= SW_KEY_MAX);
    while (sw_decode_owner(cursor->key, cursor->key_len, &at, &decoded) == SW_OK) {
        FUZZ_CHECK(at <= cursor->key_len);
        FUZZ_CHECK(decoded.sighting.rdata_len <= SW_RDATA_MAX);
        sw_encode_owner(&decoded.sighting, &key);
    }
    if (sw_decode_rdata(cursor->key, cursor->key_len, &decoded) == SW_OK && !decoded.sliced) {
        sw_encode_rdata(&decoded.sighting, false, &key);
        FUZZ_CHECK(sw_decode_rdata(key.octets, key.len, &decoded) == SW_OK);
    }
    (void)sw_decode_times(cursor->value, cursor->value_len, times);
    (void)sw_merge_values(cursor->key[0], cursor->value, cursor->value_len, cursor->value,
                          cursor->value_len, &merged);
    sw_buffer_free(&merged);
}

static void read_table(const struct sw_mtbl *table, const uint8_t *key, size_t key_len)
{
    struct sw_cursor cursor;
    enum sw_status status = sw_cursor_open(&cursor, table);
    for (int i = 0; i < ROWS_MAX && status == SW_OK; i++) {
        status = sw_cursor_next(&cursor);
        if (status == SW_OK)
            read_row(&cursor);
    }
    status = sw_cursor_seek(&cursor, key, key_len);
    if (status == SW_OK)
        read_row(&cursor);
    sw_cursor_close(&cursor);
}

static void read_file(const uint8_t *data, size_t size)
{
    char path[FUZZ_PATH_MAX];
    struct sw_mtbl *table;
    const char *why = NULL;
    int fd = fuzz_file(data, size, path);
    enum sw_status status = sw_mtbl_open(fd, &table, &why);
    FUZZ_CHECK(status == SW_OK || status == SW_EFORMAT || status == SW_ENOMEM);
    FUZZ_CHECK(status != SW_EFORMAT || (why && fuzz_words_ok(why, 200)));
    if (status != SW_OK)
        return;
    read_table(table, data, size < 40 ? size : 40);
    sw_mtbl_close(table);
}

/* Append a block with length and checksum. */
static void add_block(struct sw_buffer *file, const uint8_t *data, size_t len)
{
    uint8_t head[SW_VARINT_MAX + 4];
    size_t n = sw_put_varint(head, len);
    sw_put_fixed32(head + n, sw_crc32c(data, len));
    FUZZ_CHECK(sw_buffer_add(file, head, n + 4) && sw_buffer_add(file, data, len));
}

/* A file of one block, not compressed, with the input as block; or with the input as index. */
static void read_block(const uint8_t *data, size_t size, bool as_index)
{
    static const uint8_t index[] = {0, 1, 1, 255, 0, 0, 0, 0, 0, 1, 0, 0, 0};
    uint8_t octets[SW_TRAILER_OCTETS];
    struct sw_buffer file = {0};
    add_block(&file, data, size);
    struct sw_mtbl_trailer trailer = {.index_offset = file.len, .compression = SW_MTBL_NONE};
    if (as_index)
        add_block(&file, data, size);
    else
        add_block(&file, index, sizeof(index));
    trailer.index_octets = file.len - trailer.index_offset;
    sw_trailer_write(&trailer, octets);
    FUZZ_CHECK(sw_buffer_add(&file, octets, sizeof(octets)));
    read_file(file.data, file.len);
    sw_buffer_free(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = fuzz_copy(data, size);
    sw_log_sink(fuzz_drop_log);
    read_file(copy, size);
    read_block(copy, size, false);
    read_block(copy, size, true);
    free(copy);
    return 0;
}
