/* hash.c - drawing the key; everything hot is inline in hash.h. */
#include "index/hash.h"

#include <errno.h>
#include <sys/random.h>

enum sw_status sw_hash_key_init(struct sw_hash_key *key)
{
    uint8_t *octets = (uint8_t *)key;
    for (size_t at = 0; at < sizeof *key;) {
        ssize_t n = getrandom(octets + at, sizeof *key - at, 0);
        if (n < 0 && errno != EINTR)
            return SW_EIO;
        at += n > 0 ? (size_t)n : 0;
    }
    key->mul[0] |= 1;
    key->mul[1] |= 1;
    return SW_OK;
}

void sw_hash_fold(struct sw_hash_name *name, const uint8_t *wire, size_t len)
{
    for (size_t i = 0; i < len; i++)
        name->own[i] = (uint8_t)(wire[i] >= 'A' && wire[i] <= 'Z' ? wire[i] + 32 : wire[i]);
    for (; len < 16; len++)
        name->own[len] = 0;
    name->wire = name->own;
    name->len = len;
}

/* The label ends within the name's octets, so it is not in the tail's copy. */
void sw_hash_long_label(struct sw_sum *sum, const struct sw_factor *factor, const uint8_t *label,
                        size_t size)
{
    for (size_t at = 16; at < size; at += 8) {
        uint64_t w = 0;
        memcpy(&w, label + at, size - at < 8 ? size - at : 8);
        sw_hash_add(sum, &factor[at / 8], le64toh(w));
    }
}
