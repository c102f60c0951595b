/* new_file.c - writing one file of the folder. See new_file.h. */
#include "memory/new_file.h"

#include "memory/encoding.h"
#include "memory/octets.h"

#include <errno.h>
#include <unistd.h>

/* Versions of the entries that are written: dnstable 0.12 and later. */
static const struct {
    uint8_t entry, version;
} versions[] = {
    {SW_ROW_OWNER, 0}, {SW_ROW_OWNER_NAME, 1}, {SW_ROW_RDATA, 1}, {SW_ROW_RDATA_NAME, 1}};

enum sw_status sw_out_open(struct sw_out *out, const char *folder,
                           const struct sw_interval *interval)
{
    *out = (struct sw_out){.folder = folder, .first = UINT64_MAX};
    out->file.interval = *interval;
    out->fd = sw_folder_create(folder, out->file.name);
    if (out->fd < 0)
        return SW_EIO;
    enum sw_status status = sw_mtbl_write(out->fd, &out->writer);
    if (status != SW_OK)
        sw_out_drop(out);
    return status;
}

enum sw_status sw_out_put(struct sw_out *out, const uint8_t *key, size_t key_len,
                          const uint8_t *value, size_t value_len)
{
    uint64_t times[3];
    if (key_len == 0)
        return SW_EFORMAT;
    if (key[0] > SW_ROW_RDATA_NAME)
        return SW_OK;
    if (key[0] == SW_ROW_OWNER) {
        if (!sw_decode_times(value, value_len, times))
            return SW_EFORMAT;
        out->first = times[0] < out->first ? times[0] : out->first;
        out->last = times[1] > out->last ? times[1] : out->last;
        out->tuples++;
    }
    return sw_mtbl_put(out->writer, key, key_len, value, value_len);
}

static enum sw_status put_last(struct sw_out *out)
{
    struct sw_value times;
    const uint8_t entry = SW_ROW_TIMES;
    times.len = sw_put_varint(times.octets, out->tuples > 0 ? out->first : 0);
    times.len += sw_put_varint(times.octets + times.len, out->last);
    enum sw_status status = sw_mtbl_put(out->writer, &entry, 1, times.octets, times.len);
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]) && status == SW_OK; i++) {
        const uint8_t key[] = {SW_ROW_VERSION, versions[i].entry};
        status = sw_mtbl_put(out->writer, key, sizeof(key), &versions[i].version, 1);
    }
    return status;
}

enum sw_status sw_out_finish(struct sw_out *out)
{
    enum sw_status status = put_last(out);
    if (status == SW_OK)
        status = sw_mtbl_finish(out->writer, &out->octets);
    if (status == SW_OK && fsync(out->fd) != 0)
        status = SW_EIO;
    if (status != SW_OK) {
        sw_out_drop(out);
        return status;
    }
    sw_mtbl_writer_free(out->writer);
    out->writer = NULL;
    int fd = out->fd;
    out->fd = -1;
    if (close(fd) == 0)
        return SW_OK;
    sw_folder_remove(out->folder, out->file.name);
    return SW_EIO;
}

void sw_out_drop(struct sw_out *out)
{
    int error = errno;
    sw_mtbl_writer_free(out->writer);
    out->writer = NULL;
    if (out->fd >= 0) {
        close(out->fd);
        sw_folder_remove(out->folder, out->file.name);
    }
    out->fd = -1;
    errno = error;
}
