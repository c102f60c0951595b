/* restore.c - loading the index from a file that may be damaged or forged (image.h). */
#include "index/image_format.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <xxhash.h>

#define LARGE_PAGE (2u << 20)

struct restore {
    int fd;
    uint64_t at, file_len; /* offset of the next octet; the whole file is read exactly once */
    struct sw_image_header header;
    struct sw_index *index;
    uint8_t *section[SW_SECTION_COUNT];
    uint8_t *known;  /* by reference: the file has a set with this reference */
    uint32_t *users; /* by reference: number of slots */
    uint8_t *blocks; /* a single mapping; each block goes to the table, to be freed separately */
    uint64_t blocks_len, blocks_used;
    char *why;
};

static enum sw_status refuse(const struct restore *restore, const char *why)
{
    snprintf(restore->why, SW_WHY_MAX, "%s", why);
    return SW_EFORMAT;
}

static enum sw_status no_memory(const struct restore *restore)
{
    snprintf(restore->why, SW_WHY_MAX, "out of memory");
    return SW_ENOMEM;
}

/* ---- the file ---- */

static enum sw_status read_next(struct restore *restore, void *out, uint64_t len)
{
    uint8_t *to = out;
    if (len > restore->file_len - restore->at)
        return refuse(restore, "damaged: shorter than its sections");
    for (uint64_t left = len; left > 0;) {
        ssize_t n = pread(restore->fd, to, left, (off_t)restore->at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            snprintf(restore->why, SW_WHY_MAX, "read: %s", strerror(errno));
            return SW_EIO;
        }
        if (n == 0)
            return refuse(restore, "damaged: ends too soon");
        to += n;
        left -= (uint64_t)n;
        restore->at += (uint64_t)n;
    }
    return SW_OK;
}

static enum sw_status check_kind(struct restore *restore)
{
    const struct sw_image_header *header = &restore->header;
    uint32_t layout[10];
    sw_image_layout(layout);
    if (memcmp(header->magic, SW_IMAGE_MAGIC, sizeof(header->magic)) != 0)
        return refuse(restore, "no snapshot of Sinkwatch");
    if (header->endian != 0x01020304)
        return refuse(restore, "written on a machine of another kind (order of octets)");
    if (header->version != SW_IMAGE_VERSION) {
        snprintf(restore->why, SW_WHY_MAX, "version %u of the format; this is %u", header->version,
                 SW_IMAGE_VERSION);
        return SW_EFORMAT;
    }
    if (memcmp(header->layout, layout, sizeof(layout)) != 0)
        return refuse(restore, "written by another build (sizes differ)");
    if (header->hash != XXH3_64bits(header, offsetof(struct sw_image_header, hash)))
        return refuse(restore, "damaged: the header's checksum is wrong");
    return SW_OK;
}

static enum sw_status read_header(struct restore *restore)
{
    uint8_t pages[SW_IMAGE_HEADER_LEN];
    struct stat st;
    if (fstat(restore->fd, &st) != 0 || st.st_size < 0)
        return refuse(restore, "no size can be told");
    restore->file_len = (uint64_t)st.st_size;
    if (restore->file_len < sizeof(pages))
        return refuse(restore, "damaged: shorter than a header");
    enum sw_status status = read_next(restore, pages, sizeof(pages));
    if (status != SW_OK)
        return status;
    memcpy(&restore->header, pages, sizeof(restore->header));
    status = check_kind(restore);
    for (size_t i = sizeof(restore->header); status == SW_OK && i < sizeof(pages); i++) {
        if (pages[i] != 0)
            return refuse(restore, "damaged: something behind the header");
    }
    if (status == SW_OK && restore->header.file_len != restore->file_len)
        return refuse(restore, "damaged: another length than in the header");
    return status;
}

static enum sw_status read_section(struct restore *restore, unsigned i)
{
    const struct sw_image_span *span = &restore->header.section[i];
    if (span->len > restore->file_len)
        return refuse(restore, "damaged: shorter than its sections");
    uint64_t len = sw_image_pages(span->len);
    restore->section[i] = malloc(len + 1);
    if (!restore->section[i])
        return no_memory(restore);
    enum sw_status status = read_next(restore, restore->section[i], len);
    if (status != SW_OK)
        return status;
    if (XXH3_64bits(restore->section[i], len) != span->hash)
        return refuse(restore, "damaged: the checksum of a section is wrong");
    restore->section[i][span->len] = '\0';
    return SW_OK;
}

/* ---- the small sections ---- */

static enum sw_status take_key(struct restore *restore)
{
    struct sw_hash_key *key = &restore->index->key;
    if (restore->header.section[SW_SECTION_KEY].len != sizeof(*key))
        return refuse(restore, "inconsistent: the key");
    memcpy(key, restore->section[SW_SECTION_KEY], sizeof(*key));
    explicit_bzero(restore->section[SW_SECTION_KEY], sizeof(*key));
    if ((key->mul[0] & key->mul[1] & 1) == 0)
        return refuse(restore, "inconsistent: the key");
    sw_sets_free(&restore->index->sets);
    if (sw_sets_init(&restore->index->sets, &restore->index->retire, key->mask ^ key->step,
                     key->mul[1]) != SW_OK)
        return no_memory(restore);
    return SW_OK;
}

static enum sw_status take_list(struct restore *restore, const struct sw_image_list *entry,
                                const char *json)
{
    struct sw_policy *policy;
    char why[SW_WHY_MAX];
    sw_list_id other;
    if (entry->id >= SW_LISTS_MAX || restore->index->list[entry->id].state != SW_LIST_FREE ||
        entry->gone > 1)
        return refuse(restore, "inconsistent: lists");
    struct sw_index_list *list = &restore->index->list[entry->id];
    if (entry->gone) {
        list->state = SW_LIST_GONE;
        return SW_OK;
    }
    if (!memchr(entry->name, '\0', sizeof(entry->name)) ||
        sw_index_list_find(restore->index, entry->name, &other) == SW_OK)
        return refuse(restore, "inconsistent: names of lists");
    policy = malloc(sizeof(*policy));
    if (!policy)
        return no_memory(restore);
    if (sw_policy_parse(entry->name, json, entry->json_len, policy, why) != SW_OK) {
        free(policy);
        snprintf(restore->why, SW_WHY_MAX, "inconsistent: a policy: %.150s", why);
        return SW_EFORMAT;
    }
    list->policy = policy;
    list->state = SW_LIST_ACTIVE;
    atomic_fetch_add_explicit(&restore->index->list_bytes, sizeof(*policy), memory_order_relaxed);
    return SW_OK;
}

/* A section that consists of entries: a structure, then as many octets as the structure says. */
struct entries {
    const uint8_t *data;
    uint64_t len, at; /* at: of the next octet to read; a multiple of 4 */
};

static struct entries entries_of(const struct restore *restore, enum sw_image_section section)
{
    return (struct entries){.data = restore->section[section],
                            .len = restore->header.section[section].len};
}

static bool has_more(const struct entries *entries)
{
    return entries->at < entries->len;
}

/* The next n octets, borrowed from the section, and their padding to a multiple of 4. NULL: fewer
 * than n are left. */
static const void *next_octets(struct entries *entries, uint64_t n)
{
    if (entries->at > entries->len || n > entries->len - entries->at)
        return NULL;
    const uint8_t *octets = entries->data + entries->at;
    entries->at += (n + 3) / 4 * 4;
    return octets;
}

static enum sw_status take_lists(struct restore *restore)
{
    struct entries entries = entries_of(restore, SW_SECTION_LISTS);
    enum sw_status status = SW_OK;
    while (has_more(&entries) && status == SW_OK) {
        const struct sw_image_list *entry = next_octets(&entries, sizeof(*entry));
        const char *json = entry ? next_octets(&entries, entry->json_len) : NULL;
        status = json ? take_list(restore, entry, json) : refuse(restore, "inconsistent: lists");
    }
    return status;
}

/* Call a function for each set of the file. Users of sets are counted in the table. */
static enum sw_status each_set(struct restore *restore,
                               enum sw_status (*take)(struct restore *restore,
                                                      const struct sw_image_set *entry,
                                                      const sw_rule *rule))
{
    struct entries entries = entries_of(restore, SW_SECTION_SETS);
    enum sw_status status = SW_OK;
    while (has_more(&entries) && status == SW_OK) {
        const struct sw_image_set *entry = next_octets(&entries, sizeof(*entry));
        const sw_rule *rules = entry ? next_octets(&entries, entry->n * sizeof(*rules)) : NULL;
        status =
            rules ? take(restore, entry, rules) : refuse(restore, "inconsistent: sets of rules");
    }
    return status;
}

static enum sw_status note_set(struct restore *restore, const struct sw_image_set *entry,
                               const sw_rule *rule)
{
    if (entry->ref < SW_REF_FIRST || entry->ref > SW_REF_MASK || restore->known[entry->ref])
        return refuse(restore, "inconsistent: sets of rules");
    for (unsigned i = 0; i < entry->n; i++) {
        sw_list_id id = sw_rule_list(rule[i]);
        if (id >= SW_LISTS_MAX || restore->index->list[id].state == SW_LIST_FREE)
            return refuse(restore, "inconsistent: a rule of no list");
    }
    restore->known[entry->ref] = 1;
    return SW_OK;
}

static enum sw_status take_set(struct restore *restore, const struct sw_image_set *entry,
                               const sw_rule *rule)
{
    struct sw_index *index = restore->index;
    uint32_t users = restore->users[entry->ref];
    enum sw_status status =
        sw_sets_restore(&index->sets, entry->ref, entry->class, rule, entry->n, users);
    if (status != SW_OK)
        return status == SW_EINVAL ? refuse(restore, "inconsistent: sets of rules")
                                   : no_memory(restore);
    enum sw_indicator_type type = sw_class_type(entry->class);
    index->class_count[entry->class] += users;
    index->names += sw_class_gated(entry->class) ? users : 0;
    index->classes[entry->class / 64] |= UINT64_C(1) << entry->class % 64;
    for (unsigned i = 0; i < entry->n; i++) {
        struct sw_index_list *list = &index->list[sw_rule_list(rule[i])];
        list->count[type] += users;
        if (list->state == SW_LIST_ACTIVE) {
            index->shown[type] += users;
            index->rules += users;
        } else {
            index->gone_rules += users;
        }
    }
    return SW_OK;
}

/* A section that is either empty or has exactly len octets. False: another size. */
static bool section_whole(struct restore *restore, unsigned i, size_t len, const void **out)
{
    uint64_t has = restore->header.section[i].len;
    *out = has == 0 ? NULL : restore->section[i];
    return has == 0 || has == len;
}

static enum sw_status take_lengths(struct restore *restore)
{
    const void *v4, *v6;
    if (!section_whole(restore, SW_SECTION_LENGTHS4, sizeof(struct sw_lengths4), &v4) ||
        !section_whole(restore, SW_SECTION_LENGTHS6, sizeof(struct sw_lengths6), &v6))
        return refuse(restore, "inconsistent: lengths of prefixes");
    return sw_lengths_restore(&restore->index->lengths, v4, v6) == SW_OK ? SW_OK
                                                                         : no_memory(restore);
}

/* Called after the sets were loaded: names of two labels or more require a gate. */
static enum sw_status take_gate(struct restore *restore)
{
    uint64_t len = restore->header.section[SW_SECTION_GATE].len;
    struct sw_index *index = restore->index;
    if (len == 0)
        return index->names == 0 ? SW_OK : refuse(restore, "inconsistent: no gate");
    enum sw_status status = sw_gate_restore(&index->gates, restore->section[SW_SECTION_GATE], len);
    if (status == SW_OK)
        return SW_OK;
    return status == SW_EINVAL ? refuse(restore, "inconsistent: the gate") : no_memory(restore);
}

static enum sw_status take_ends(struct restore *restore)
{
    uint64_t len = restore->header.section[SW_SECTION_ENDS].len;
    if (len % sizeof(struct sw_expiry_item) != 0)
        return refuse(restore, "inconsistent: ends of indicators");
    for (uint64_t at = 0; at < len; at += sizeof(struct sw_expiry_item)) {
        struct sw_expiry_item item;
        memcpy(&item, restore->section[SW_SECTION_ENDS] + at, sizeof(item));
        sw_list_id id = sw_rule_list(sw_expiry_rule(&item));
        if (item.at == 0 || item.b_rule >> (SW_DIGEST_B_BITS + 16) != 0 || id >= SW_LISTS_MAX)
            return refuse(restore, "inconsistent: ends of indicators");
        if (restore->index->list[id].state == SW_LIST_ACTIVE &&
            sw_expiry_set(&restore->index->expiry, sw_expiry_digest(&item), sw_expiry_rule(&item),
                          item.at) != SW_OK)
            return no_memory(restore);
    }
    return SW_OK;
}

/* ---- shards ---- */

static uint64_t filter_len(const struct sw_image_shard *entry)
{
    return sw_filter_lines[entry->filter_class] * sizeof(struct sw_filter_line);
}

/* Check the sizes of all shards first; *class is set to the size class of most filters. */
static enum sw_status survey(struct restore *restore, unsigned *class)
{
    unsigned filters[64] = {0};
    uint64_t all = 0;
    *class = 0;
    for (unsigned s = 0; s < SW_SHARDS; s++) {
        const struct sw_image_shard *entry = &restore->header.shard[s];
        if (entry->block_len % SW_IMAGE_PAGE != 0 || entry->block_len > restore->file_len ||
            entry->filter_class > 63)
            return refuse(restore, "inconsistent: sizes of shards");
        if (entry->block_len == 0)
            continue;
        filters[entry->filter_class]++;
        restore->blocks_len += sw_machine_pages(entry->block_len);
        all += entry->block_len + sw_image_pages(filter_len(entry));
    }
    if (all != restore->file_len - restore->at)
        return refuse(restore, "inconsistent: sizes of shards");
    for (unsigned i = 1; i < 64; i++)
        *class = filters[i] > filters[*class] ? i : *class;
    return SW_OK;
}

/* Make a single mapping for all blocks, on large pages if possible: few page faults occur. Each
 * block begins on a page of the machine, so that the block can be unmapped separately (D-150). */
static enum sw_status map_blocks(struct restore *restore)
{
    if (restore->blocks_len == 0)
        return SW_OK;
    void *map =
        mmap(NULL, restore->blocks_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        return no_memory(restore);
    if (restore->blocks_len >= LARGE_PAGE)
        (void)madvise(map, restore->blocks_len, MADV_HUGEPAGE);
    restore->blocks = map;
    return SW_OK;
}

static enum sw_status take_shard(struct restore *restore, unsigned s, unsigned class,
                                 uint8_t *filter)
{
    const struct sw_image_shard *entry = &restore->header.shard[s];
    struct sw_block *block = (struct sw_block *)(void *)(restore->blocks + restore->blocks_used);
    uint64_t pages = sw_image_pages(filter_len(entry));
    uint32_t used, live;
    enum sw_status status = read_next(restore, block, entry->block_len);
    if (status == SW_OK)
        status = read_next(restore, filter, pages);
    if (status != SW_OK)
        return status;
    if (XXH3_64bits(block, entry->block_len) != entry->block_hash ||
        XXH3_64bits(filter, pages) != entry->filter_hash)
        return refuse(restore, "damaged: the checksum of a shard is wrong");
    if (!sw_table_check(block, entry->block_len, restore->known, restore->users, &used, &live))
        return refuse(restore, "inconsistent: a shard");
    if (sw_table_adopt(&restore->index->table, s, block, class,
                       entry->filter_class == class ? filter : NULL, used, live) != SW_OK)
        return no_memory(restore);
    restore->blocks_used += sw_machine_pages(entry->block_len);
    return SW_OK;
}

static enum sw_status take_shards(struct restore *restore)
{
    unsigned class;
    uint64_t most = 1;
    enum sw_status status = survey(restore, &class);
    if (status == SW_OK)
        status = map_blocks(restore);
    for (unsigned s = 0; s < SW_SHARDS && status == SW_OK; s++) {
        uint64_t pages = sw_image_pages(filter_len(&restore->header.shard[s]));
        if (restore->header.shard[s].block_len > 0)
            most = pages > most ? pages : most;
    }
    uint8_t *filter = malloc(most);
    if (status == SW_OK && !filter)
        status = no_memory(restore);
    for (unsigned s = 0; s < SW_SHARDS && status == SW_OK; s++) {
        if (restore->header.shard[s].block_len > 0)
            status = take_shard(restore, s, class, filter);
    }
    free(filter);
    return status;
}

/* ---- all ---- */

static enum sw_status take_all(struct restore *restore)
{
    enum sw_status status = read_header(restore);
    for (unsigned i = 0; i < SW_SECTION_COUNT && status == SW_OK; i++)
        status = read_section(restore, i);
    if (status != SW_OK)
        return status;
    restore->index = sw_index_new();
    restore->known = calloc(SW_REF_MASK + 1, sizeof(*restore->known));
    restore->users = calloc(SW_REF_MASK + 1, sizeof(*restore->users));
    if (!restore->index || !restore->known || !restore->users)
        return no_memory(restore);
    if ((status = take_key(restore)) != SW_OK || (status = take_lists(restore)) != SW_OK ||
        (status = each_set(restore, note_set)) != SW_OK ||
        (status = take_shards(restore)) != SW_OK ||
        (status = each_set(restore, take_set)) != SW_OK ||
        (status = take_lengths(restore)) != SW_OK || (status = take_gate(restore)) != SW_OK ||
        (status = take_ends(restore)) != SW_OK)
        return status;
    sw_sets_restored(&restore->index->sets);
    return sw_index_show(restore->index) == SW_OK ? SW_OK : no_memory(restore);
}

enum sw_status sw_image_load(int fd, struct sw_image_found *out, char why[SW_WHY_MAX])
{
    struct restore *restore = calloc(1, sizeof(*restore));
    if (!restore)
        return SW_ENOMEM;
    restore->fd = fd;
    restore->why = why;
    enum sw_status status = take_all(restore);
    if (status == SW_OK) {
        *out = (struct sw_image_found){restore->index, (char *)restore->section[SW_SECTION_NOTE],
                                       (size_t)restore->header.section[SW_SECTION_NOTE].len,
                                       restore->header.written_us};
        restore->section[SW_SECTION_NOTE] = NULL;
    } else {
        sw_index_free(restore->index);
        if (restore->blocks_len > restore->blocks_used && restore->blocks)
            munmap(restore->blocks + restore->blocks_used,
                   restore->blocks_len - restore->blocks_used);
    }
    for (unsigned i = 0; i < SW_SECTION_COUNT; i++)
        free(restore->section[i]);
    free(restore->known);
    free(restore->users);
    explicit_bzero(restore, sizeof(*restore));
    free(restore);
    return status;
}
