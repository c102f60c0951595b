/* hash.c - drawing the key, and the rare cases; the hot functions are inline in hash.h. */
#include "index/hash.h"

#include <errno.h>
#include <sys/random.h>

enum sw_status sw_hash_key_init(struct sw_hash_key *key)
{
    uint8_t *octets = (uint8_t *)key;
    for (size_t at = 0; at < sizeof(*key);) {
        ssize_t n = getrandom(octets + at, sizeof(*key) - at, 0);
        if (n < 0 && errno != EINTR)
            return SW_EIO;
        at += n > 0 ? (size_t)n : 0;
    }
    key->mul[0] |= 1;
    key->mul[1] |= 1;
    return SW_OK;
}

void sw_hash_fold_short(uint8_t *out, const uint8_t *octets, size_t len)
{
    uint8_t block[16] = {0};
    memcpy(block, octets, len);
    sw_hash_fold16(out, block);
    memset(out + 16, 0, 16);
}

struct sw_sum sw_hash_long_label(struct sw_sum sum, const struct sw_factor *factor,
                                 const uint8_t *label)
{
    size_t size = (size_t)label[0] + 1;
    for (size_t at = 16; at < size; at += 8) {
        uint64_t w = 0;
        memcpy(&w, label + at, size - at < 8 ? size - at : 8);
        sw_hash_add(&sum, &factor[at / 8], le64toh(w));
    }
    return sum;
}
