/*
 * index_names.h - names for benchmarks of the index: the i-th is the same in each run and program.
 */
#ifndef TESTS_BENCH_INDEX_NAMES_H
#define TESTS_BENCH_INDEX_NAMES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A number as if random, different for different i (the finisher of SplitMix64). */
static inline uint64_t scramble(uint64_t i)
{
    i += UINT64_C(0x9E3779B97F4A7C15);
    i = (i ^ i >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    i = (i ^ i >> 27) * UINT64_C(0x94D049BB133111EB);
    return i ^ i >> 31;
}

/* Two letters for each ten bits: the timed loops wait for little between. */
static uint8_t letters[1024][2];

__attribute__((constructor)) static void make_letters(void)
{
    for (unsigned bits = 0; bits < 1024; bits++) {
        letters[bits][0] = (uint8_t)('a' + (bits & 31) % 26);
        letters[bits][1] = (uint8_t)('a' + (bits >> 5) % 26);
    }
}

/* A name of so many labels: a top-level domain and random labels of 4 to 15 letters. At wire there
 * is room for 16 octets more than the name has. */
static inline size_t make_name(uint64_t i, unsigned labels, uint8_t *wire)
{
    static const char tlds[8][8] = {"\3com",  "\3net", "\3org", "\2ru",
                                    "\4info", "\3xyz", "\3top", "\2de"};
    size_t at = 0;
    uint64_t r = scramble(i);
    const char *tld = tlds[r % 8];
    for (unsigned k = 1; k < labels; k++) {
        uint64_t x = scramble(r + k);
        size_t len = 4 + x % 12;
        wire[at++] = (uint8_t)len;
        for (size_t c = 0; c < 16; c += 2, x = x >> 10 | x << 54)
            memcpy(wire + at + c, letters[x & 1023], 2);
        at += len;
    }
    memcpy(wire + at, tld, (size_t)tld[0] + 1);
    at += (size_t)tld[0] + 1;
    wire[at++] = 0;
    return at;
}

/* The i-th name of the list: half have 2 labels, most others 3, some 4. */
static inline size_t listed_name(uint64_t i, uint8_t *wire)
{
    return make_name(i, (unsigned[]){2, 2, 2, 2, 2, 3, 3, 3, 3, 4}[i % 10], wire);
}

#endif
