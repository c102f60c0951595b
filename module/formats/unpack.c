/* unpack.c - gzip and zstd, undone piece by piece. See parts.h. */
#include "formats/parts.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define OUT_MAX     (64 * 1024)
#define ZSTD_WINDOW 23 /* log2 of the largest window: 8 MiB (RFC 8878 3.1.1.1.2) */

struct sw_unpack {
    bool zstd;
    z_stream gzip;
    ZSTD_DStream *stream;
    bool inside; /* a member or frame has begun and not ended */
    char out[OUT_MAX];
};

struct sw_unpack *sw_unpack_new(const uint8_t *octets, size_t len)
{
    bool gzip = len >= 2 && octets[0] == 0x1f && octets[1] == 0x8b;     /* RFC 1952 2.3.1 */
    bool zstd = len >= 4 && memcmp(octets, "\x28\xb5\x2f\xfd", 4) == 0; /* RFC 8878 3.1.1 */
    if (!gzip && !zstd)
        return NULL;
    struct sw_unpack *unpack = sw_grow(NULL, sizeof(*unpack));
    memset(unpack, 0, sizeof(*unpack));
    unpack->zstd = zstd;
    if (zstd) {
        unpack->stream = ZSTD_createDStream();
        if (!unpack->stream)
            abort();
        ZSTD_DCtx_setParameter(unpack->stream, ZSTD_d_windowLogMax, ZSTD_WINDOW);
    } else if (inflateInit2(&unpack->gzip, 15 + 16) != Z_OK) {
        abort();
    }
    return unpack;
}

const char *sw_container(struct sw_piece sample)
{
    static const struct {
        const char *octets, *why;
        size_t len;
    } known[] = {
        {"PK\x03\x04", "a zip archive; unpack it first: unzip -p FILE", 4},
        {"PK\x05\x06", "a zip archive without any file", 4},
        {"\xfd"
         "7zXZ",
         "compressed by xz; unpack it first: xz -dc FILE", 5},
        {"BZh91AY&SY", "compressed by bzip2; unpack it first: bzip2 -dc FILE", 10},
        {"7z\xbc\xaf\x27\x1c", "a 7z archive; unpack it first: 7z e -so FILE", 6},
        {"Rar!\x1a\x07", "a RAR archive; unpack it first", 6},
        {"%PDF-", "a PDF document, no list", 5},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (sample.len >= known[i].len && memcmp(sample.p, known[i].octets, known[i].len) == 0)
            return known[i].why;
    /* POSIX ustar: the sign stands in the first header, behind name and numbers */
    if (sample.len >= 262 && memcmp(sample.p + 257, "ustar", 5) == 0)
        return "a tar archive; unpack it first: tar -xOf FILE";
    return NULL;
}

void sw_unpack_free(struct sw_unpack *unpack)
{
    if (!unpack)
        return;
    if (unpack->zstd)
        ZSTD_freeDStream(unpack->stream);
    else
        inflateEnd(&unpack->gzip);
    free(unpack);
}

bool sw_unpack_is_cut(const struct sw_unpack *unpack)
{
    return unpack->inside;
}

typedef enum sw_status sink_fn(void *arg, const char *p, size_t len);

/* Octets after a member are the next member (RFC 1952 2.2). */
static enum sw_status feed_gzip(struct sw_unpack *u, const void *octets, size_t len, sink_fn *sink,
                                void *arg)
{
    u->gzip.next_in = (Bytef *)(uintptr_t)octets;
    u->gzip.avail_in = (uInt)len;
    do {
        u->gzip.next_out = (Bytef *)u->out;
        u->gzip.avail_out = OUT_MAX;
        int result = inflate(&u->gzip, Z_NO_FLUSH);
        if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
            return SW_EFORMAT;
        u->inside = result != Z_STREAM_END;
        enum sw_status status = sink(arg, u->out, OUT_MAX - u->gzip.avail_out);
        if (status != SW_OK)
            return status;
        if (result == Z_STREAM_END && inflateReset(&u->gzip) != Z_OK)
            return SW_EFORMAT;
        if (result == Z_BUF_ERROR)
            break;
    } while (u->gzip.avail_in > 0 || u->gzip.avail_out == 0);
    return SW_OK;
}

static enum sw_status feed_zstd(struct sw_unpack *u, const void *octets, size_t len, sink_fn *sink,
                                void *arg)
{
    ZSTD_inBuffer in = {octets, len, 0};
    ZSTD_outBuffer out;
    do {
        out = (ZSTD_outBuffer){u->out, OUT_MAX, 0};
        size_t result = ZSTD_decompressStream(u->stream, &out, &in);
        if (ZSTD_isError(result))
            return SW_EFORMAT;
        u->inside = result != 0;
        enum sw_status status = sink(arg, u->out, out.pos);
        if (status != SW_OK)
            return status;
    } while (in.pos < in.size || out.pos == out.size);
    return SW_OK;
}

enum sw_status sw_unpack_feed(struct sw_unpack *unpack, const void *octets, size_t len,
                              sink_fn *sink, void *arg)
{
    while (len > 0) {
        size_t some = len < (1u << 30) ? len : 1u << 30;
        enum sw_status status = unpack->zstd ? feed_zstd(unpack, octets, some, sink, arg)
                                             : feed_gzip(unpack, octets, some, sink, arg);
        if (status != SW_OK)
            return status;
        octets = (const char *)octets + some;
        len -= some;
    }
    return SW_OK;
}
