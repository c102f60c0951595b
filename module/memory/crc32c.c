/* crc32c.c - CRC-32C by the instruction of x86-64, or by tables. See octets.h. */
#include "memory/octets.h"

#include <pthread.h>
#include <stdbool.h>

#define POLYNOMIAL 0x82f63b78u /* Castagnoli, bits reflected (RFC 3720 B.4) */

static uint32_t table[8][256]; /* table[k][b]: octet b, followed by k zero octets */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_table(void)
{
    for (unsigned b = 0; b < 256; b++) {
        uint32_t crc = b;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
        table[0][b] = crc;
    }
    for (unsigned k = 1; k < 8; k++) {
        for (unsigned b = 0; b < 256; b++)
            table[k][b] = table[k - 1][b] >> 8 ^ table[0][table[k - 1][b] & 255];
    }
}

/* Eight octets at a time ("slicing by eight"). */
static uint32_t by_table(uint32_t crc, const uint8_t *data, size_t len)
{
    pthread_once(&once, make_table);
    for (; len >= 8; data += 8, len -= 8) {
        crc ^= sw_get_fixed32(data);
        crc = table[7][crc & 255] ^ table[6][crc >> 8 & 255] ^ table[5][crc >> 16 & 255] ^
              table[4][crc >> 24] ^ table[3][data[4]] ^ table[2][data[5]] ^ table[1][data[6]] ^
              table[0][data[7]];
    }
    for (; len > 0; data++, len--)
        crc = crc >> 8 ^ table[0][(crc ^ *data) & 255];
    return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t crc, const uint8_t *data,
                                                                 size_t len)
{
    uint64_t wide = crc;
    for (; len >= 8; data += 8, len -= 8)
        wide = __builtin_ia32_crc32di(wide, sw_get_fixed64(data));
    crc = (uint32_t)wide;
    for (; len > 0; data++, len--)
        crc = __builtin_ia32_crc32qi(crc, *data);
    return crc;
}
#endif

uint32_t sw_crc32c(const uint8_t *data, size_t len)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2"))
        return ~by_instruction(~0u, data, len);
#endif
    return ~by_table(~0u, data, len);
}
