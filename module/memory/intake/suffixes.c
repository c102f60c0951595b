#include "memory/intake/suffixes.h"

#include <errno.h>
#include <idn2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <xxhash.h>

#define SLOTS_MIN  1024
#define LABELS_MAX 128

enum {                   /* members of an entry, by bit */
       IS_NODE = 1,      /* a rule, or the parent of a rule */
       IS_RULE = 2,      /* "co.uk" */
       IS_WILD = 4,      /* of the rule "*.ck" the name ck, a suffix as all names directly below */
       IS_EXCEPTION = 8, /* "!www.ck" */
};

struct slot {
    uint64_t hash; /* 0: free */
    uint8_t is;
};

struct sw_suffixes {
    uint64_t seed;
    struct slot *slot; /* open addressing, linear probing, at most half in use */
    size_t size, n;
};

static uint64_t hash_of(const struct sw_suffixes *suffixes, const uint8_t *name, size_t len)
{
    uint64_t hash = XXH3_64bits_withSeed(name, len, suffixes->seed);
    return hash ? hash : 1;
}

/* The slot of a hash, or the free slot where the hash belongs. */
static struct slot *slot_of(const struct sw_suffixes *suffixes, uint64_t hash)
{
    size_t at = (size_t)hash & (suffixes->size - 1);
    while (suffixes->slot[at].hash && suffixes->slot[at].hash != hash)
        at = (at + 1) & (suffixes->size - 1);
    return &suffixes->slot[at];
}

/* ---- loading ---- */

static bool grow(struct sw_suffixes *suffixes)
{
    struct sw_suffixes larger = *suffixes;
    larger.size = suffixes->size ? suffixes->size * 2 : SLOTS_MIN;
    larger.slot = calloc(larger.size, sizeof(*larger.slot));
    if (!larger.slot)
        return false;
    for (size_t i = 0; i < suffixes->size; i++)
        if (suffixes->slot[i].hash)
            *slot_of(&larger, suffixes->slot[i].hash) = suffixes->slot[i];
    free(suffixes->slot);
    *suffixes = larger;
    return true;
}

static bool add(struct sw_suffixes *suffixes, const uint8_t *name, uint8_t is)
{
    if (suffixes->n * 2 >= suffixes->size && !grow(suffixes))
        return false;
    uint64_t hash = hash_of(suffixes, name, sw_name_size(name, SW_NAME_MAX));
    struct slot *slot = slot_of(suffixes, hash);
    suffixes->n += !slot->hash;
    slot->hash = hash;
    slot->is |= is;
    return true;
}

static bool is_ascii(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text >= 0x80)
            return false;
    return true;
}

/* The name of a rule; the list writes labels of other scripts as U-labels. */
static bool read_rule(const char *text, struct sw_name *name)
{
    uint8_t *alabels = NULL;
    if (is_ascii(text))
        return sw_name_parse(text, strlen(text), name, NULL) == SW_OK;
    if (idn2_lookup_u8((const uint8_t *)text, &alabels, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) !=
        IDN2_OK)
        return false;
    const char *ascii = (const char *)alabels;
    bool ok = sw_name_parse(ascii, strlen(ascii), name, NULL) == SW_OK;
    idn2_free(alabels);
    return ok;
}

/* A line of the list: a rule is what stands before the first blank. False: out of memory. */
static bool add_line(struct sw_suffixes *suffixes, char *line)
{
    uint8_t is = IS_RULE | IS_NODE;
    struct sw_name name;
    line[strcspn(line, " \t\r\n")] = '\0';
    if (line[0] == '!') {
        is = IS_EXCEPTION | IS_NODE;
        line++;
    } else if (strncmp(line, "*.", 2) == 0) {
        is = IS_WILD | IS_NODE;
        line += 2;
    }
    if (!*line || strncmp(line, "//", 2) == 0 || !read_rule(line, &name) || name.len == 1)
        return true;
    if (!add(suffixes, name.wire, is))
        return false;
    for (const uint8_t *at = name.wire + 1 + name.wire[0]; *at; at += 1 + *at)
        if (!add(suffixes, at, IS_NODE))
            return false;
    return true;
}

static enum sw_status read_lines(struct sw_suffixes *suffixes, FILE *in)
{
    char *line = NULL;
    size_t size = 0;
    enum sw_status status = SW_OK;
    while (status == SW_OK && getline(&line, &size, in) >= 0)
        status = add_line(suffixes, line) ? SW_OK : SW_ENOMEM;
    if (status == SW_OK && ferror(in))
        status = SW_EIO;
    free(line);
    return status == SW_OK && suffixes->n == 0 ? SW_ENOTFOUND : status;
}

enum sw_status sw_suffixes_load(const char *path, struct sw_suffixes **out)
{
    FILE *in = fopen(path, "re");
    if (!in)
        return SW_ENOTFOUND;
    struct sw_suffixes *suffixes = calloc(1, sizeof(*suffixes));
    enum sw_status status = SW_ENOMEM;
    if (suffixes && getrandom(&suffixes->seed, sizeof(suffixes->seed), 0) >= 0)
        status = read_lines(suffixes, in);
    fclose(in);
    if (status == SW_OK)
        *out = suffixes;
    else
        sw_suffixes_free(suffixes);
    return status;
}

void sw_suffixes_free(struct sw_suffixes *suffixes)
{
    if (!suffixes)
        return;
    free(suffixes->slot);
    free(suffixes);
}

/* ---- looking ---- */

const uint8_t *sw_suffixes_of(const struct sw_suffixes *suffixes, const uint8_t *name)
{
    const uint8_t *label[LABELS_MAX]; /* from the left */
    size_t n = 0, suffix = 1;         /* labels of the name, and of the public suffix */
    const uint8_t *end = name;
    for (; *end; end += 1 + *end)
        label[n++] = end;
    bool wild = false;
    for (size_t k = 1; k <= n; k++) {
        size_t len = (size_t)(end - label[n - k]) + 1;
        uint8_t is = slot_of(suffixes, hash_of(suffixes, label[n - k], len))->is;
        if (is & IS_EXCEPTION) {
            suffix = k - 1;
            break;
        }
        if (wild || is & (IS_RULE | IS_WILD))
            suffix = k;
        if (!is)
            break;
        wild = is & IS_WILD;
    }
    return suffix < n ? label[n - 1 - suffix] : name;
}
