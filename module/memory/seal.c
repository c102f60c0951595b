/* seal.c - sightings to files. See memory.h. */
#include "memory/encoding.h"
#include "memory/new_file.h"
#include "memory/octets.h"
#include "memory/sorter.h"

#include <errno.h>
#include <time.h>

#define BUFFER_DEFAULT (16u << 20)
#define BUFFER_MIN     (64u << 10)
#define TIME_MAX       253402300799u /* the end of the year 9999 */
#define BETWEEN        1024          /* rows written between two calls of the caller's other work */

struct sw_seal {
    struct sw_seal_options options;
    char *folder;
    struct sw_sorter *sorter;
    /* at the commit */
    struct sw_new_file *files;
    size_t n, max;
    struct sw_sealed sealed;
};

enum sw_status sw_seal_begin(const struct sw_seal_options *options, struct sw_seal **out)
{
    size_t buffer = options->buffer ? options->buffer : BUFFER_DEFAULT;
    struct sw_seal *seal = calloc(1, sizeof(*seal));
    if (!seal)
        return SW_ENOMEM;
    seal->options = *options;
    seal->folder = strdup(options->folder);
    enum sw_status status = SW_ENOMEM;
    if (seal->folder)
        status = sw_sorter_new(seal->folder, buffer < BUFFER_MIN ? BUFFER_MIN : buffer,
                               options->stop, &seal->sorter);
    if (status == SW_OK)
        *out = seal;
    else
        sw_seal_drop(seal);
    return status;
}

/* ---- adding ---- */

static bool is_sighting(const struct sw_sighting *sighting)
{
    uint8_t rdata[SW_RDATA_MAX];
    struct sw_name owner, zone;
    return sighting->first <= sighting->last && sighting->last <= TIME_MAX && sighting->count > 0 &&
           sw_name_copy(sighting->owner, SW_NAME_MAX, &owner) == SW_OK &&
           memcmp(owner.wire, sighting->owner, owner.len) == 0 &&
           (!sighting->zone || sw_name_copy(sighting->zone, SW_NAME_MAX, &zone) == SW_OK) &&
           sw_rdata_canonical(sighting->type, sighting->rdata, sighting->rdata_len, rdata) ==
               SW_OK &&
           memcmp(rdata, sighting->rdata, sighting->rdata_len) == 0;
}

/* Months since 1970: the prefix of the keys in the sorter, where each month has a file. */
static unsigned month_of(uint64_t time)
{
    time_t at = (time_t)time;
    struct tm tm;
    gmtime_r(&at, &tm);
    return (unsigned)(tm.tm_year - 70) * 12 + (unsigned)tm.tm_mon;
}

static enum sw_status add(struct sw_seal *seal, unsigned month, const struct sw_key *key,
                          const struct sw_value *value)
{
    uint8_t whole[SW_SORTER_PREFIX + sizeof(key->octets)];
    whole[0] = (uint8_t)(month >> 8);
    whole[1] = (uint8_t)month;
    memcpy(whole + SW_SORTER_PREFIX, key->octets, key->len);
    return sw_sorter_add(seal->sorter, whole, SW_SORTER_PREFIX + key->len, value->octets,
                         value->len);
}

/* The index of names in rdata; the index of owner names is left out (D-156). */
static enum sw_status add_name(struct sw_seal *seal, unsigned month,
                               const struct sw_sighting *sighting)
{
    struct sw_key key;
    struct sw_value types;
    if (!sw_encode_rdata_name(sighting, &key))
        return SW_OK;
    sw_encode_type(sighting->type, &types);
    return add(seal, month, &key, &types);
}

enum sw_status sw_seal_add(struct sw_seal *seal, const struct sw_sighting *sighting)
{
    struct sw_key key;
    struct sw_value times;
    if (!is_sighting(sighting))
        return SW_EINVAL;
    unsigned month = seal->options.start == 0 ? month_of(sighting->last) : 0;
    sw_encode_times(sighting->first, sighting->last, sighting->count, &times);
    sw_encode_owner(sighting, &key);
    enum sw_status status = add(seal, month, &key, &times);
    if (status != SW_OK)
        return status;
    sw_encode_rdata(sighting, false, &key);
    status = add(seal, month, &key, &times);
    if (status == SW_OK && sw_rdata_sliced(sighting->type) > 0) {
        sw_encode_rdata(sighting, true, &key);
        status = add(seal, month, &key, &times);
    }
    return status == SW_OK ? add_name(seal, month, sighting) : status;
}

/* ---- writing ---- */

static struct sw_interval interval_of(const struct sw_seal *seal, unsigned month)
{
    if (seal->options.start > 0)
        return sw_interval_at(seal->options.tier, seal->options.start);
    struct tm tm = {.tm_year = 70, .tm_mon = (int)month, .tm_mday = 1};
    return sw_interval_at(SW_TIER_MONTH, (uint64_t)timegm(&tm));
}

/* Finish a file, and note the file for the commit. */
static enum sw_status finish(struct sw_seal *seal, struct sw_out *out)
{
    if (seal->n == seal->max) {
        size_t max = seal->max ? 2 * seal->max : 4;
        void *files = realloc(seal->files, max * sizeof(seal->files[0]));
        if (!files) {
            sw_out_drop(out);
            return SW_ENOMEM;
        }
        seal->files = files;
        seal->max = max;
    }
    enum sw_status status = sw_out_finish(out);
    if (status != SW_OK)
        return status;
    seal->files[seal->n++] = out->file;
    seal->sealed.files++;
    seal->sealed.tuples += out->tuples;
    seal->sealed.octets += out->octets;
    return SW_OK;
}

/* Write a file for each month, or one file. */
static enum sw_status write_files(struct sw_seal *seal)
{
    struct sw_out out = {.fd = -1};
    const uint8_t *key, *value;
    size_t key_len, value_len;
    unsigned month = 0;
    for (unsigned row = 1;; row++) {
        if (seal->options.between && row % BETWEEN == 0)
            seal->options.between(seal->options.arg);
        enum sw_status status = sw_sorter_next(seal->sorter, &key, &key_len, &value, &value_len);
        bool end = status == SW_ENOTFOUND;
        unsigned next = end || status != SW_OK ? 0 : key[0] * 256u + key[1];
        if (out.writer && (end || (status == SW_OK && next != month)))
            status = finish(seal, &out);
        if (end)
            return status == SW_ENOTFOUND ? SW_OK : status;
        if (status == SW_OK && !out.writer) {
            struct sw_interval interval = interval_of(seal, next);
            month = next;
            status = sw_out_open(&out, seal->folder, &interval);
        }
        if (status == SW_OK)
            status = sw_out_put(&out, key + SW_SORTER_PREFIX, key_len - SW_SORTER_PREFIX, value,
                                value_len);
        if (status != SW_OK) {
            sw_out_drop(&out);
            return status;
        }
    }
}

enum sw_status sw_seal_commit(struct sw_seal *seal, struct sw_sealed *sealed)
{
    enum sw_status status = write_files(seal);
    if (status == SW_OK && seal->n > 0) {
        struct sw_change change = {
            .add = seal->files, .add_n = seal->n, .stop = seal->options.stop};
        status = sw_folder_commit(seal->folder, &change);
    }
    if (status == SW_OK) {
        if (sealed)
            *sealed = seal->sealed;
        seal->n = 0;
    }
    sw_seal_drop(seal);
    return status;
}

void sw_seal_drop(struct sw_seal *seal)
{
    if (!seal)
        return;
    int error = errno;
    for (size_t i = 0; i < seal->n; i++)
        sw_folder_remove(seal->folder, seal->files[i].name);
    sw_sorter_free(seal->sorter);
    free(seal->files);
    free(seal->folder);
    free(seal);
    errno = error;
}
