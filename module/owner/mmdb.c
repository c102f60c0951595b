/* mmdb.c - one MMDB file: private copy, checks, look-ups. See mmdb.h. */
#include "owner/mmdb.h"

#include "base/policy.h"
#include "owner/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SAMPLE_RECORDS 20000 /* enough to see a layout, and 50 ms at most */
#define COPY_CHUNK     65536
#define METADATA_MAX                                                                               \
    131072           /* octets at the end of a file that may hold the metadata (format 2.0) */
#define SEPARATOR 16 /* zero octets between tree and data (format 2.0) */

struct sw_mmdb {
    MMDB_s mmdb;
    struct sw_layout layout;
    struct sw_recordset records; /* AS role only */
    uint32_t *asn;               /* by record number; AS role only */
    uint32_t n;                  /* distinct records */
    char type[SW_MMDBTYPE_MAX];
};

/* ---- the private copy ---- */

/* Whether nobody wrote to the file meanwhile. */
static bool same_state(const struct stat *a, const struct stat *b)
{
    return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
           a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static bool write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

/* Copy the whole file; false with errno, 0 when the file is shorter than size. */
static bool copy_file(int from, int to, int64_t size)
{
    char chunk[COPY_CHUNK];
    int64_t at = 0;
    for (;;) {
        ssize_t n = pread(from, chunk, sizeof(chunk), at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || (n > 0 && !write_all(to, chunk, (size_t)n)))
            return false;
        if (n == 0 || at > size)
            break;
        at += n;
    }
    errno = 0;
    return at == size;
}

/* Where the metadata starts in the last octets of a file: behind the last marker; or NULL. */
static const uint8_t *find_metadata(const uint8_t *tail, size_t len)
{
    static const char marker[] = "\xab\xcd\xefMaxMind.com";
    const size_t marker_len = sizeof(marker) - 1;
    const uint8_t *found = NULL, *at = tail;
    while ((at = memmem(at, len - (size_t)(at - tail), marker, marker_len)) != NULL)
        found = at += marker_len;
    return found;
}

/* A number in the metadata; the metadata is a record with a separate data section. */
static bool metadata_number(const MMDB_s *metadata, const char *key, uint32_t *out)
{
    MMDB_entry_s record = {.mmdb = metadata, .offset = 0};
    MMDB_entry_data_s value;
    if (MMDB_get_value(&record, &value, key, NULL) != MMDB_SUCCESS || !value.has_data)
        return false;
    if (value.type != MMDB_DATA_TYPE_UINT16 && value.type != MMDB_DATA_TYPE_UINT32)
        return false;
    *out = value.type == MMDB_DATA_TYPE_UINT16 ? value.uint16 : value.uint32;
    return true;
}

/*
 * Whether the file has room for the search tree that the metadata describes. MMDB_open() walks
 * into the tree, and libmaxminddb 1.7 computes the size in 32 bits: a node count that wraps makes
 * the library read outside of the mapped file.
 */
static bool tree_fits(int copy, int64_t size)
{
    size_t len = size < METADATA_MAX ? (size_t)size : METADATA_MAX;
    uint8_t *tail = malloc(len);
    uint32_t nodes, bits;
    bool fits = false;
    if (tail && pread(copy, tail, len, size - (int64_t)len) == (ssize_t)len) {
        const uint8_t *start = find_metadata(tail, len);
        MMDB_s metadata = {.data_section = start};
        if (start)
            metadata.data_section_size = (uint32_t)(len - (size_t)(start - tail));
        fits = start && metadata_number(&metadata, "node_count", &nodes) &&
               metadata_number(&metadata, "record_size", &bits) &&
               (uint64_t)nodes * bits / 4 + SEPARATOR <= (uint64_t)size;
    }
    free(tail);
    return fits;
}

/* Open a finished copy. MMDB_CORRUPT_SEARCH_TREE_ERROR: the copy cannot be whole. */
static int open_whole(int copy, const char *name, int64_t size, MMDB_s *mmdb)
{
    return tree_fits(copy, size) ? MMDB_open(name, MMDB_MODE_MMAP, mmdb)
                                 : MMDB_CORRUPT_SEARCH_TREE_ERROR;
}

/* Copy to sealed memory and open that. MMDB_IO_ERROR when there is no such thing here. */
static int open_in_memory(int file, int64_t size, MMDB_s *mmdb)
{
    char name[64];
    int status = MMDB_IO_ERROR;
    int fd = memfd_create("sinkwatch-mmdb", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return status;
    if (copy_file(file, fd, size) &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == 0) {
        snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
        status = open_whole(fd, name, size, mmdb);
    }
    close(fd);
    return status;
}

/* Copy to a file in a folder, open the copy, and unlink it. */
static int open_in_folder(const char *folder, int file, int64_t size, MMDB_s *mmdb)
{
    char name[SW_PATH_MAX];
    int status = MMDB_IO_ERROR;
    int len = snprintf(name, sizeof(name), "%s/.sinkwatch-mmdb-XXXXXX", folder);
    if (len < 0 || (size_t)len >= sizeof(name))
        return status;
    int fd = mkostemp(name, O_CLOEXEC);
    if (fd < 0)
        return status;
    if (copy_file(file, fd, size))
        status = open_whole(fd, name, size, mmdb);
    unlink(name);
    close(fd);
    return status;
}

/* Whether libmaxminddb could not read the copy, in contrast to a refusal of the content. */
static bool no_access(int status)
{
    return status == MMDB_FILE_OPEN_ERROR || status == MMDB_IO_ERROR;
}

static enum sw_status open_copy(int file, int64_t size, MMDB_s *mmdb, char *why)
{
    const char *const folder[] = {getenv("TMPDIR"), "/tmp", "/var/tmp", "/run"};
    int status = open_in_memory(file, size, mmdb);
    for (size_t i = 0; no_access(status) && i < sizeof(folder) / sizeof(*folder); i++) {
        if (folder[i] && folder[i][0] == '/')
            status = open_in_folder(folder[i], file, size, mmdb);
    }
    if (status == MMDB_SUCCESS)
        return SW_OK;
    if (no_access(status)) {
        snprintf(
            why, SW_WHY_MAX,
            "no private copy can be made: a copy needs /proc (with chroot, mounted inside), or a "
            "temporary folder that can be written to and has room");
        return SW_EIO;
    }
    snprintf(why, SW_WHY_MAX, "no MMDB file, or a broken one, or cut short: %s",
             MMDB_strerror(status));
    return status == MMDB_OUT_OF_MEMORY_ERROR ? SW_ENOMEM : SW_EFORMAT;
}

/* Open a regular file of a sane size for reading; *seen is the present state of the file. */
static enum sw_status open_source(const char *path, int *file, struct stat *seen, char *why)
{
    memset(seen, 0, sizeof(*seen));
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not block us */
    if (fd < 0 || fstat(fd, seen) != 0) {
        snprintf(why, SW_WHY_MAX, "cannot be opened: %s", strerror(errno));
        if (fd < 0 && stat(path, seen) != 0)
            memset(seen, 0, sizeof(*seen));
        if (fd >= 0)
            close(fd);
        return SW_EIO;
    }
    enum sw_status status = SW_OK;
    if (!S_ISREG(seen->st_mode)) {
        snprintf(why, SW_WHY_MAX, "not a regular file");
        status = SW_EIO;
    } else if (seen->st_size > SW_MMDBSIZE_MAX) {
        snprintf(why, SW_WHY_MAX, "%lld octets; up to %lld are allowed", (long long)seen->st_size,
                 (long long)SW_MMDBSIZE_MAX);
        status = SW_ETOOBIG;
    } else if (seen->st_size == 0) {
        snprintf(why, SW_WHY_MAX, "empty file");
        status = SW_EFORMAT;
    }
    if (status == SW_OK)
        *file = fd;
    else
        close(fd);
    return status;
}

/* ---- checks ---- */

/* Try the layouts on every step-th record; false when none fits the role. */
static bool recognise(struct sw_mmdb *db, uint32_t step)
{
    uint64_t cursor = 0;
    uint32_t offset, i = 0;
    while (sw_recordset_next(&db->records, &cursor, &offset)) {
        if (i++ % step == 0)
            sw_layout_try(&db->layout, (MMDB_entry_s){.mmdb = &db->mmdb, .offset = offset});
    }
    return sw_layout_choose(&db->layout);
}

static enum sw_status find_layout(struct sw_mmdb *db, char *why)
{
    char wanted[80];
    uint32_t step = db->n / SAMPLE_RECORDS + 1;
    if (recognise(db, step) || (step > 1 && recognise(db, 1)))
        return SW_OK;
    sw_layout_wanted(&db->layout, wanted, sizeof(wanted));
    if (db->layout.role == SW_ROLE_ASN)
        snprintf(why, SW_WHY_MAX,
                 "type %.40s gives no AS numbers (no %s); one like GeoLite2-ASN is needed",
                 db->type, wanted);
    else
        snprintf(why, SW_WHY_MAX,
                 "type %.40s names no owners (no %s); one like Sinkwatch-Owner is needed", db->type,
                 wanted);
    return SW_EFORMAT;
}

/* Decode the AS number of every record, so that no look-up has to. */
static enum sw_status fill_table(struct sw_mmdb *db, char *why)
{
    uint64_t cursor = 0;
    uint32_t offset, i = 0;
    db->asn = calloc((size_t)db->n + 1, sizeof(*db->asn)); /* one more: "no record" has no AS */
    if (!db->asn) {
        snprintf(why, SW_WHY_MAX, "out of memory");
        return SW_ENOMEM;
    }
    while (sw_recordset_next(&db->records, &cursor, &offset))
        db->asn[i++] =
            sw_layout_asn(&db->layout, (MMDB_entry_s){.mmdb = &db->mmdb, .offset = offset});
    return SW_OK;
}

/* Everything after the copy is open. */
static enum sw_status check(struct sw_mmdb *db, char *why)
{
    const MMDB_metadata_s *meta = &db->mmdb.metadata;
    sw_text_clean(db->type, sizeof(db->type), meta->database_type, strlen(meta->database_type));
    if (meta->binary_format_major_version != 2) {
        snprintf(why, SW_WHY_MAX, "MMDB format version %u; 2 is supported",
                 meta->binary_format_major_version);
        return SW_EFORMAT;
    }
    enum sw_status status = sw_mmdb_verify(&db->mmdb, &db->records, why);
    if (status != SW_OK)
        return status;
    db->n = db->records.n;
    status = find_layout(db, why);
    if (status == SW_OK && db->layout.role == SW_ROLE_ASN)
        return fill_table(db, why);
    sw_recordset_free(&db->records);
    return status;
}

/* Copy an open file, open the copy and check its content. */
static enum sw_status load(struct sw_mmdb *db, int file, const struct stat *seen, char *why)
{
    struct stat now;
    enum sw_status status = open_copy(file, seen->st_size, &db->mmdb, why);
    if (fstat(file, &now) != 0 || !same_state(seen, &now)) {
        if (status == SW_OK)
            MMDB_close(&db->mmdb);
        snprintf(why, SW_WHY_MAX, "changed during the reading");
        return SW_EIO;
    }
    if (status != SW_OK)
        return status;
    status = check(db, why);
    if (status != SW_OK)
        MMDB_close(&db->mmdb);
    return status;
}

enum sw_status sw_mmdb_open(const char *path, enum sw_role role, const struct sw_settings *settings,
                            struct stat *seen, struct sw_mmdb **out, char *why)
{
    int file;
    enum sw_status status = open_source(path, &file, seen, why);
    if (status != SW_OK)
        return status;
    struct sw_mmdb *db = calloc(1, sizeof(*db));
    status = SW_ENOMEM;
    if (!db) {
        snprintf(why, SW_WHY_MAX, "out of memory");
        goto cleanup;
    }
    status = sw_layout_init(&db->layout, role, settings, why);
    if (status == SW_OK)
        status = load(db, file, seen, why);
    if (status == SW_OK) {
        *out = db;
        db = NULL;
    }
cleanup:
    if (db) {
        sw_recordset_free(&db->records);
        free(db->asn);
        free(db);
    }
    close(file);
    return status;
}

void sw_mmdb_close(struct sw_mmdb *db)
{
    if (!db)
        return;
    MMDB_close(&db->mmdb);
    sw_recordset_free(&db->records);
    free(db->asn);
    free(db);
}

/* ---- look-ups ---- */

/* The record of an address; *judged is the address or the embedded IPv4 address. */
static bool lookup(const struct sw_mmdb *db, const struct sw_addr *addr, struct sw_addr *judged,
                   MMDB_lookup_result_s *result)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } sa;
    int error;
    if (addr->family != 6 || sw_addr_embedded(addr, judged) != SW_OK)
        *judged = *addr;
    memset(&sa, 0, sizeof(sa));
    if (judged->family == 4) {
        sa.v4.sin_family = AF_INET;
        memcpy(&sa.v4.sin_addr, judged->octets, 4);
    } else if (judged->family == 6) {
        sa.v6.sin6_family = AF_INET6;
        memcpy(&sa.v6.sin6_addr, judged->octets, 16);
    } else {
        return false;
    }
    *result = MMDB_lookup_sockaddr(&db->mmdb, &sa.any, &error);
    return error == MMDB_SUCCESS && result->found_entry;
}

/* The network that was matched: of an IPv4 address in a tree for IPv6, the last 32 bits' part. */
static void network_of(const struct sw_mmdb *db, const struct sw_addr *judged, unsigned netmask,
                       struct sw_addr *prefix)
{
    if (judged->family == 4 && db->mmdb.depth == 128)
        netmask = netmask > 96 ? netmask - 96 : 0;
    *prefix = *judged;
    sw_addr_mask(prefix, netmask <= sw_addr_bits(judged) ? netmask : sw_addr_bits(judged));
}

enum sw_status sw_mmdb_asn(const struct sw_mmdb *db, const struct sw_addr *addr, uint32_t *asn,
                           struct sw_addr *prefix)
{
    struct sw_addr judged;
    MMDB_lookup_result_s result;
    if (!lookup(db, addr, &judged, &result))
        return SW_ENOTFOUND;
    uint32_t found = db->asn[sw_recordset_number(&db->records, result.entry.offset)];
    if (found == 0)
        return SW_ENOTFOUND;
    *asn = found;
    if (prefix)
        network_of(db, &judged, result.netmask, prefix);
    return SW_OK;
}

/* Read a field into text that is still empty; true when the text was empty and no longer is. */
static bool fill_text(const struct sw_mmdb *db, enum sw_owner_field field, MMDB_entry_s record,
                      char *out, size_t room)
{
    if (out[0] != '\0')
        return false;
    sw_layout_text(&db->layout, field, record, out, room);
    return out[0] != '\0';
}

/* Read the class into a field that has none; true when the field has one now. */
static bool fill_class(const struct sw_mmdb *db, MMDB_entry_s record, struct sw_ownerclass *out)
{
    if (out->class != SW_HOLDER_UNKNOWN)
        return false;
    out->class = (uint8_t)sw_layout_class(&db->layout, record);
    return out->class != SW_HOLDER_UNKNOWN;
}

static enum sw_status fill_asn(const struct sw_mmdb *db, const struct sw_addr *judged,
                               const MMDB_lookup_result_s *found, struct sw_owner *out)
{
    char org[SW_OWNERTEXT_MAX];
    uint32_t asn = db->asn[sw_recordset_number(&db->records, found->entry.offset)];
    bool added = fill_text(db, SW_OWNER_COUNTRY, found->entry, out->country, sizeof(out->country));
    added |= fill_class(db, found->entry, &out->as_class);
    sw_layout_text(&db->layout, SW_OWNER_ORG, found->entry, org, sizeof(org));
    if (out->prefix.family == 0 && (asn != 0 || org[0] != '\0')) {
        out->asn = asn;
        memcpy(out->org, org, sizeof(org));
        network_of(db, judged, found->netmask, &out->prefix);
        added = true;
    }
    return added ? SW_OK : SW_ENOTFOUND;
}

static enum sw_status fill_registrant(const struct sw_mmdb *db, const struct sw_addr *judged,
                                      const MMDB_lookup_result_s *found, struct sw_owner *out)
{
    MMDB_entry_s record = found->entry;
    bool first = out->registrant[0] == '\0' && out->netname[0] == '\0';
    bool names =
        fill_text(db, SW_OWNER_REGISTRANT, record, out->registrant, sizeof(out->registrant));
    names |= fill_text(db, SW_OWNER_NETNAME, record, out->netname, sizeof(out->netname));
    bool country = fill_text(db, SW_OWNER_COUNTRY, record, out->country, sizeof(out->country));
    bool class = fill_class(db, record, &out->registrant_class);
    if ((names && first) || ((country || class) && out->registered.family == 0))
        network_of(db, judged, found->netmask, &out->registered);
    return names || country || class ? SW_OK : SW_ENOTFOUND;
}

enum sw_status sw_mmdb_fill(const struct sw_mmdb *db, const struct sw_addr *addr,
                            struct sw_owner *out)
{
    struct sw_addr judged;
    MMDB_lookup_result_s result;
    if (!lookup(db, addr, &judged, &result))
        return SW_ENOTFOUND;
    if (db->layout.role == SW_ROLE_ASN)
        return fill_asn(db, &judged, &result, out);
    return fill_registrant(db, &judged, &result, out);
}

/* ---- about a database ---- */

bool sw_mmdb_unread(const struct sw_mmdb *db, enum sw_owner_field field)
{
    return sw_layout_unread(&db->layout, field);
}

char *sw_mmdb_field(const struct sw_mmdb *db, enum sw_owner_field field, char *out, size_t room)
{
    return sw_layout_path(&db->layout, field, out, room);
}

const char *sw_mmdb_type(const struct sw_mmdb *db)
{
    return db->type;
}

int64_t sw_mmdb_epoch(const struct sw_mmdb *db)
{
    uint64_t epoch = db->mmdb.metadata.build_epoch;
    return epoch <= INT64_MAX ? (int64_t)epoch : INT64_MAX;
}

uint32_t sw_mmdb_records(const struct sw_mmdb *db)
{
    return db->n;
}

bool sw_mmdb_same(const struct sw_mmdb *a, const struct sw_mmdb *b)
{
    return a->mmdb.file_size == b->mmdb.file_size &&
           memcmp(a->mmdb.file_content, b->mmdb.file_content, (size_t)a->mmdb.file_size) == 0;
}
