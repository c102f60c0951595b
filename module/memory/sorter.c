/* sorter.c - a buffer that is sorted, and runs on disk. See sorter.h. */
#include "memory/sorter.h"

#include "memory/encoding.h"
#include "memory/folder.h"
#include "memory/merge.h"
#include "memory/octets.h"

#include <errno.h>
#include <unistd.h>

#define RUNS_MAX   32  /* tables that are merged at once: a cursor has about 200 KiB */
#define STOP_EVERY 256 /* keys between two looks at the stop flag */

/* An entry of the buffer: the two lengths, key, value. */
struct head {
    uint16_t key_len, value_len;
};

struct sw_sorter {
    const char *folder;
    const atomic_bool *stop;
    size_t max;
    struct sw_buffer octets, order; /* order: an offset in octets, uint32_t, for each entry */
    struct sw_mtbl *run[RUNS_MAX];
    size_t runs;
    bool reading;
    size_t at;              /* reading without runs: the next of order */
    struct sw_merge *merge; /* reading with runs */
    struct sw_buffer value, next;
    unsigned since; /* keys since the last look at the stop flag */
};

enum sw_status sw_sorter_new(const char *folder, size_t buffer, const atomic_bool *stop,
                             struct sw_sorter **out)
{
    struct sw_sorter *sorter = calloc(1, sizeof(*sorter));
    if (!sorter)
        return SW_ENOMEM;
    sorter->folder = folder;
    sorter->stop = stop;
    sorter->max = buffer < UINT32_MAX ? buffer : UINT32_MAX;
    *out = sorter;
    return SW_OK;
}

void sw_sorter_free(struct sw_sorter *sorter)
{
    if (!sorter)
        return;
    sw_merge_close(sorter->merge);
    for (size_t i = 0; i < sorter->runs; i++)
        sw_mtbl_close(sorter->run[i]);
    sw_buffer_free(&sorter->octets);
    sw_buffer_free(&sorter->order);
    sw_buffer_free(&sorter->value);
    sw_buffer_free(&sorter->next);
    free(sorter);
}

static enum sw_status look_at_stop(struct sw_sorter *sorter)
{
    if (++sorter->since < STOP_EVERY)
        return SW_OK;
    sorter->since = 0;
    return sorter->stop && atomic_load_explicit(sorter->stop, memory_order_relaxed) ? SW_ECLOSED
                                                                                    : SW_OK;
}

/* ---- the buffer ---- */

static const uint8_t *entry_at(const uint8_t *octets, uint32_t offset, struct head *head)
{
    memcpy(head, octets + offset, sizeof(*head));
    return octets + offset + sizeof(*head);
}

static int compare(const void *a, const void *b, void *octets)
{
    struct head x, y;
    const uint8_t *left = entry_at(octets, *(const uint32_t *)a, &x);
    const uint8_t *right = entry_at(octets, *(const uint32_t *)b, &y);
    return sw_compare_keys(left, x.key_len, right, y.key_len);
}

static size_t buffered(const struct sw_sorter *sorter)
{
    return sorter->order.len / sizeof(uint32_t);
}

static void sort(struct sw_sorter *sorter)
{
    if (sorter->order.len > 0)
        qsort_r(sorter->order.data, buffered(sorter), sizeof(uint32_t), compare,
                sorter->octets.data);
    sorter->at = 0;
}

static const uint8_t *ordered(const struct sw_sorter *sorter, size_t i, struct head *head)
{
    uint32_t offset;
    memcpy(&offset, sorter->order.data + i * sizeof(offset), sizeof(offset));
    return entry_at(sorter->octets.data, offset, head);
}

/* The next key of the sorted buffer, with the merged value in sorter->value. */
static enum sw_status next_buffered(struct sw_sorter *sorter, const uint8_t **key, size_t *key_len)
{
    struct head head, other;
    size_t n = buffered(sorter);
    if (sorter->at == n)
        return SW_ENOTFOUND;
    *key = ordered(sorter, sorter->at++, &head);
    *key_len = head.key_len;
    sorter->value.len = 0;
    if (!sw_buffer_add(&sorter->value, *key + head.key_len, head.value_len))
        return SW_ENOMEM;
    for (; sorter->at < n; sorter->at++) {
        const uint8_t *same = ordered(sorter, sorter->at, &other);
        if (sw_compare_keys(*key, head.key_len, same, other.key_len) != 0)
            break;
        if (!sw_merge_values((*key)[SW_SORTER_PREFIX], sorter->value.data, sorter->value.len,
                             same + other.key_len, other.value_len, &sorter->next))
            return SW_ENOMEM;
        struct sw_buffer former = sorter->value;
        sorter->value = sorter->next;
        sorter->next = former;
    }
    return SW_OK;
}

/* ---- runs ---- */

typedef enum sw_status next_fn(struct sw_sorter *sorter, const uint8_t **key, size_t *key_len,
                               const uint8_t **value, size_t *value_len);

static enum sw_status from_buffer(struct sw_sorter *sorter, const uint8_t **key, size_t *key_len,
                                  const uint8_t **value, size_t *value_len)
{
    enum sw_status status = next_buffered(sorter, key, key_len);
    *value = sorter->value.data;
    *value_len = sorter->value.len;
    return status;
}

static enum sw_status from_runs(struct sw_sorter *sorter, const uint8_t **key, size_t *key_len,
                                const uint8_t **value, size_t *value_len)
{
    return sw_merge_next(sorter->merge, key, key_len, value, value_len);
}

static enum sw_status write_run(struct sw_sorter *sorter, int fd, next_fn *next)
{
    struct sw_mtbl_writer *writer;
    const uint8_t *key, *value;
    size_t key_len, value_len;
    uint64_t octets;
    enum sw_status status = sw_mtbl_write(fd, &writer);
    if (status != SW_OK)
        return status;
    for (;;) {
        status = next(sorter, &key, &key_len, &value, &value_len);
        if (status == SW_OK)
            status = look_at_stop(sorter);
        if (status != SW_OK)
            break;
        status = sw_mtbl_put(writer, key, key_len, value, value_len);
        if (status != SW_OK)
            break;
    }
    if (status == SW_ENOTFOUND)
        status = sw_mtbl_finish(writer, &octets);
    sw_mtbl_writer_free(writer);
    return status;
}

/* A table without a name, written from next. */
static enum sw_status make_run(struct sw_sorter *sorter, next_fn *next, struct sw_mtbl **out)
{
    char name[SW_FILE_NAME_MAX];
    const char *why;
    int fd = sw_folder_create(sorter->folder, name);
    if (fd < 0)
        return SW_EIO;
    sw_folder_remove(sorter->folder, name);
    enum sw_status status = write_run(sorter, fd, next);
    if (status == SW_OK)
        return sw_mtbl_open(fd, out, &why);
    int error = errno;
    close(fd);
    errno = error;
    return status;
}

static enum sw_status open_runs(struct sw_sorter *sorter)
{
    struct sw_merge_options options = {
        .tables = sorter->run, .n = sorter->runs, .skip = SW_SORTER_PREFIX};
    return sw_merge_open(&options, &sorter->merge);
}

/* Make one run of all. */
static enum sw_status unite_runs(struct sw_sorter *sorter)
{
    struct sw_mtbl *table = NULL;
    enum sw_status status = open_runs(sorter);
    if (status == SW_OK)
        status = make_run(sorter, from_runs, &table);
    sw_merge_close(sorter->merge);
    sorter->merge = NULL;
    if (status != SW_OK)
        return status;
    for (size_t i = 0; i < sorter->runs; i++)
        sw_mtbl_close(sorter->run[i]);
    sorter->run[0] = table;
    sorter->runs = 1;
    return SW_OK;
}

static enum sw_status spill(struct sw_sorter *sorter)
{
    enum sw_status status = sorter->runs == RUNS_MAX ? unite_runs(sorter) : SW_OK;
    if (status != SW_OK)
        return status;
    sort(sorter);
    status = make_run(sorter, from_buffer, &sorter->run[sorter->runs]);
    if (status != SW_OK)
        return status;
    sorter->runs++;
    sorter->octets.len = sorter->order.len = 0;
    return SW_OK;
}

/* ---- interface ---- */

enum sw_status sw_sorter_add(struct sw_sorter *sorter, const uint8_t *key, size_t key_len,
                             const uint8_t *value, size_t value_len)
{
    struct head head = {(uint16_t)key_len, (uint16_t)value_len};
    enum sw_status status = look_at_stop(sorter);
    if (status != SW_OK)
        return status;
    if (sorter->octets.len > 0 &&
        sorter->octets.len + sorter->order.len + sizeof(head) + key_len + value_len > sorter->max) {
        status = spill(sorter);
        if (status != SW_OK)
            return status;
    }
    uint32_t offset = (uint32_t)sorter->octets.len;
    if (!sw_buffer_reserve(&sorter->octets, sizeof(head) + key_len + value_len) ||
        !sw_buffer_add(&sorter->order, &offset, sizeof(offset)))
        return SW_ENOMEM;
    (void)sw_buffer_add(&sorter->octets, &head, sizeof(head));
    (void)sw_buffer_add(&sorter->octets, key, key_len);
    (void)sw_buffer_add(&sorter->octets, value, value_len);
    return SW_OK;
}

static enum sw_status begin_reading(struct sw_sorter *sorter)
{
    sorter->reading = true;
    if (sorter->runs == 0) {
        sort(sorter);
        return SW_OK;
    }
    enum sw_status status = buffered(sorter) > 0 ? spill(sorter) : SW_OK;
    return status == SW_OK ? open_runs(sorter) : status;
}

enum sw_status sw_sorter_next(struct sw_sorter *sorter, const uint8_t **key, size_t *key_len,
                              const uint8_t **value, size_t *value_len)
{
    enum sw_status status = sorter->reading ? look_at_stop(sorter) : begin_reading(sorter);
    if (status != SW_OK)
        return status;
    return sorter->merge ? from_runs(sorter, key, key_len, value, value_len)
                         : from_buffer(sorter, key, key_len, value, value_len);
}
