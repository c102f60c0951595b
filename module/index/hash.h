/*
 * hash.h - keyed hashes of indicators: 96 bits, secret per process.
 *
 * A name is a vector of 64-bit words: each label, from the right, has a row of 8 words for the
 * length octet and the octets, folded to lower case and zero-filled. Every word has a random
 * 128-bit factor. The hash is the upper half of the sum of all products and of a random start
 * (vector multiply-shift). Any two different vectors have the same hash with a probability of 2^-64
 * over the factors. This holds for all vectors, also for names chosen by an attacker, as long as
 * the factors are secret. A second, independent hash gives 32 bits more.
 *
 * All suffixes of a name take a single pass from the right: after the label "net" the sum is the
 * hash of "net", after "example" the hash of "example.net". The second hash is computed only when
 * the first hash was found in the filter.
 *
 * Prefixes up to 64 bits and AS numbers fit into half a digest. A secret bijection maps these to
 * digests, so two different prefixes or AS numbers never have the same digest.
 *
 * Threads      pure functions on the caller's memory; the key is constant after init
 * Security     key from getrandom(2); digests never leave the process (D-110)
 * Source       Dietzfelbinger 1996, Thorup 2015 "High speed hashing for integers and strings"
 *              3.5 (vector multiply-shift); RFC 4343 3 (letter case)
 * Decision     D-068
 */
#ifndef SW_INDEX_HASH_H
#define SW_INDEX_HASH_H

#include "base/name.h"
#include "base/status.h"

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <xxhash.h>

struct sw_digest {
    uint64_t a; /* selects shard, filter bits and bucket; all bits are kept in the table */
    uint64_t b; /* the table keeps the lower SW_DIGEST_B_BITS */
};

#define SW_DIGEST_B_BITS 32

struct sw_factor { /* 128 bits */
    uint64_t lo, hi;
};

struct sw_sum { /* of words times factors, modulo 2^128: low + 2^64 high */
    unsigned __int128 low;
    uint64_t high;
};

#define SW_HASH_ROWS      128 /* a row for each label, the last row for addresses */
#define SW_HASH_ROW_WORDS 8   /* 64 octets: a label with the length octet */
#define SW_HASH_ADDR_ROW  127

struct sw_hash_key {
    struct sw_factor factor[2][SW_HASH_ROWS][SW_HASH_ROW_WORDS]; /* of the two hashes */
    struct sw_factor start[2];
    uint64_t mask, step; /* of the bijection */
    uint64_t mul[2];     /* odd */
};

/*
 * Classes of indicators: domain names by number of labels, prefixes by family and length, AS
 * numbers, holders of addresses. A set of rules belongs to a single class. The presence bitmap has
 * 64 classes in a word.
 */
#define SW_CLASS_NAME    0u   /* + labels 0..127 */
#define SW_CLASS_PREFIX4 128u /* + length 0..32 */
#define SW_CLASS_PREFIX6 192u /* + length 0..128 */
#define SW_CLASS_ASN     384u
#define SW_CLASS_HOLDER  385u
#define SW_CLASS_COUNT   448u
#define SW_CLASS_WORDS   (SW_CLASS_COUNT / 64)

/** Draw a new key; SW_EIO when the kernel gives no random octets. */
enum sw_status sw_hash_key_init(struct sw_hash_key *key);

/* ---- names ---- */

typedef uint8_t sw_octets16 __attribute__((vector_size(16)));

struct sw_hash_name {                 /* a name prepared for hashing */
    int labels;                       /* without the root label */
    uint8_t at[SW_LABELS_MAX + 1];    /* offsets of the labels, leftmost first */
    uint8_t octets[SW_NAME_MAX + 17]; /* folded, then 16 zeros: whole words may be read */
};

/* Fold 16 octets: A to Z become a to z (RFC 4343 3), other octets stay. */
static inline void sw_hash_fold16(uint8_t *out, const uint8_t *octets)
{
    sw_octets16 x;
    memcpy(&x, octets, 16);
    sw_octets16 upper = (sw_octets16)((x - (uint8_t)'A') < (uint8_t)26);
    x |= upper & 0x20;
    memcpy(out, &x, 16);
}

/** Fold fewer than 16 octets, and add zeros. */
void sw_hash_fold_short(uint8_t *out, const uint8_t *octets, size_t len);

/**
 * Fold len octets (255 at most) into out, which has room for 17 octets more, and add zeros. The
 * last block overlaps the block before instead of being shorter. So names of up to 48 octets,
 * nearly all names, need no loop, and no loop end that the processor cannot predict.
 */
static inline void sw_hash_fold(uint8_t *out, const uint8_t *octets, size_t len)
{
    if (__builtin_expect(len < 16, 0)) {
        sw_hash_fold_short(out, octets, len);
        return;
    }
    size_t last = len - 16, second = last < 16 ? last : 16;
    sw_hash_fold16(out, octets);
    sw_hash_fold16(out + second, octets + second);
    for (size_t i = 32; __builtin_expect(i < last, 0); i += 16)
        sw_hash_fold16(out + i, octets + i);
    sw_hash_fold16(out + last, octets + last);
    memset(out + len, 0, 16);
}

/**
 * Prepare an uncompressed wire name in any letter case. False without a whole name within len
 * octets.
 */
static inline bool sw_hash_name(struct sw_hash_name *name, const uint8_t *wire, size_t len)
{
    if (len > SW_NAME_MAX)
        len = SW_NAME_MAX;
    sw_hash_fold(name->octets, wire, len);
    int n = 0;
    for (size_t i = 0; i < len; i += (size_t)wire[i] + 1) {
        if (wire[i] == 0 || wire[i] > SW_LABEL_MAX) {
            name->labels = n;
            return wire[i] == 0;
        }
        name->at[n++] = (uint8_t)i; /* at most 127 labels, and a last entry that is no label */
    }
    return false;
}

/** The start value of the sum of a hash. */
static inline struct sw_sum sw_hash_start(const struct sw_hash_key *key, unsigned which)
{
    return (struct sw_sum){key->start[which].lo, key->start[which].hi};
}

/** Add a word times the factor of that word. */
static inline void sw_hash_add(struct sw_sum *sum, const struct sw_factor *factor, uint64_t word)
{
    sum->low += (unsigned __int128)word * factor->lo;
    sum->high += word * factor->hi;
}

/** The upper half of the sum: the hash. */
static inline uint64_t sw_hash_upper_half(const struct sw_sum *sum)
{
    return (uint64_t)(sum->low >> 64) + sum->high;
}

/** The sum with words 2 to 7 of a label of more than 15 octets added. */
struct sw_sum sw_hash_long_label(struct sw_sum sum, const struct sw_factor *factor,
                                 const uint8_t *label);

/** 8 octets as a word. */
static inline uint64_t sw_hash_word(const uint8_t *octets)
{
    uint64_t word;
    memcpy(&word, octets, 8);
    return le64toh(word);
}

/**
 * Add a label to the sum of a hash.
 * factor  the row of the label: key->factor[hash][k - 1] for the k-th label from the right
 * label   the length octet of the label, in sw_hash_name.octets
 */
static inline void sw_hash_label(struct sw_sum *sum, const struct sw_factor *factor,
                                 const uint8_t *label)
{
    /* 64 times 0xff, then 16 zeros: 16 octets from place 63 - n on are a mask that keeps the n
     * octets of a label and the length octet, and clears the octets of the following label */
#define FF16                                                                                       \
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff
    static const uint8_t window[80] = {FF16, FF16, FF16, FF16};
#undef FF16
    const uint8_t *keep = window + SW_LABEL_MAX - label[0];
    sw_hash_add(sum, &factor[0], sw_hash_word(label) & sw_hash_word(keep));
    sw_hash_add(sum, &factor[1], sw_hash_word(label + 8) & sw_hash_word(keep + 8));
    if (__builtin_expect(label[0] > 15, 0))
        *sum = sw_hash_long_label(*sum, factor, label);
}

/** The k-th label from the right; 1 is the last label. */
static inline const uint8_t *sw_hash_label_at(const struct sw_hash_name *name, unsigned k)
{
    return &name->octets[name->at[(unsigned)name->labels - k]];
}

/** First half of the digest from the sum. The mixing is a bijection and changes no probability of a
 * collision, but spreads names with a regular pattern evenly over the table. */
static inline uint64_t sw_hash_first(const struct sw_hash_key *key, const struct sw_sum *sum)
{
    uint64_t a = sw_hash_upper_half(sum);
    a = (a ^ a >> 32) * key->mul[0];
    return a ^ a >> 29;
}

/** Second half of the digest of the suffix with so many labels. */
static inline uint64_t sw_hash_second(const struct sw_hash_key *key,
                                      const struct sw_hash_name *name, unsigned labels)
{
    struct sw_sum sum = sw_hash_start(key, 1);
    for (unsigned k = 1; k <= labels; k++)
        sw_hash_label(&sum, key->factor[1][k - 1], sw_hash_label_at(name, k));
    return sw_hash_upper_half(&sum) >> (64 - SW_DIGEST_B_BITS);
}

/* ---- addresses, AS numbers ---- */

/** A secret bijection on 64 bits: equal results only for equal x. */
static inline uint64_t sw_hash_mix(const struct sw_hash_key *key, uint64_t x)
{
    x = (x ^ key->mask) * key->mul[0];
    x ^= x >> 32;
    x *= key->mul[1];
    x ^= x >> 32;
    x *= key->mul[0];
    return x ^ x >> 32;
}

/** addr: the first plen bits of an IPv4 address in host order, the others zero. */
static inline struct sw_digest sw_hash_prefix4(const struct sw_hash_key *key, uint32_t addr,
                                               unsigned plen)
{
    return (struct sw_digest){sw_hash_mix(key, UINT64_C(1) << 40 | (uint64_t)plen << 32 | addr),
                              SW_CLASS_PREFIX4 + plen};
}

/** hi, lo: the first plen bits of an IPv6 address in host order, the others zero. */
static inline struct sw_digest sw_hash_prefix6(const struct sw_hash_key *key, uint64_t hi,
                                               uint64_t lo, unsigned plen)
{
    if (plen <= 64)
        return (struct sw_digest){sw_hash_mix(key, hi ^ key->step * (plen + 1)),
                                  SW_CLASS_PREFIX6 + plen};
    struct sw_sum sum[2];
    for (unsigned i = 0; i < 2; i++) {
        const struct sw_factor *factor = key->factor[i][SW_HASH_ADDR_ROW];
        sum[i] = sw_hash_start(key, i);
        sw_hash_add(&sum[i], &factor[0], hi);
        sw_hash_add(&sum[i], &factor[1], lo);
        sw_hash_add(&sum[i], &factor[2], plen);
    }
    return (struct sw_digest){sw_hash_first(key, &sum[0]),
                              sw_hash_upper_half(&sum[1]) >> (64 - SW_DIGEST_B_BITS)};
}

/** An AS number. */
static inline struct sw_digest sw_hash_asn(const struct sw_hash_key *key, uint32_t asn)
{
    return (struct sw_digest){sw_hash_mix(key, UINT64_C(2) << 40 | asn), SW_CLASS_ASN};
}

/** A holder of addresses. The digest before the mixing has no key: somebody who finds a colliding
 * registrant's name could as well register the listed name. Only the recorder looks holders up. */
static inline struct sw_digest sw_hash_holder(const struct sw_hash_key *key, const char *text)
{
    return (struct sw_digest){sw_hash_mix(key, XXH3_64bits(text, strlen(text))), SW_CLASS_HOLDER};
}

#endif
