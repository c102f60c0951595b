/*
 * fuzz.h - shared by the fuzz programs: how a property fails, and exact copies of the input.
 *
 * Each fuzz_NAME.c has an LLVMFuzzerTestOneInput(): the function hands any octets to a parser,
 * checks the header's promises for every input, and returns 0. Started by libFuzzer ('make fuzz'),
 * or by driver.c on every file in corpus/NAME ('make test-unit', with any compiler).
 *
 * Threads      the fuzzing thread
 * Memory       inputs are copied to blocks of exactly the input's size, so that a sanitizer sees
 *              the first octet too far
 */
#ifndef SW_TESTS_FUZZ_FUZZ_H
#define SW_TESTS_FUZZ_FUZZ_H

#include "base/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** The program: any octets; 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** A property that has to hold for every input: both libFuzzer and the driver notice abort(). */
#define FUZZ_CHECK(condition)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);         \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/** A block of exactly len octets (1 for len 0) with a copy of data; free(). */
static inline void *fuzz_copy(const void *data, size_t len)
{
    void *copy = calloc(len > 0 ? len : 1, 1);
    FUZZ_CHECK(copy != NULL);
    if (len > 0)
        memcpy(copy, data, len);
    return copy;
}

/** Octets of the first line, without the line end; *next is where the rest begins. */
static inline size_t fuzz_line(const uint8_t *data, size_t size, size_t *next)
{
    const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
    size_t len = end ? (size_t)(end - data) : size;
    *next = end ? len + 1 : size;
    return len;
}

/** Whether words for people are there, terminated within max, and safe to print on a terminal. */
static inline bool fuzz_words_ok(const char *words, size_t max)
{
    size_t len = strnlen(words, max);
    if (len == 0 || len == max)
        return false;
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)words[i] < 0x20 || words[i] == 0x7f)
            return false;
    }
    return true;
}

/** Octets of a wire name, label by label (RFC 1035 3.1, 2.3.4): the value that sw_name_size()
 * should return. */
static inline size_t fuzz_name_size(const uint8_t *wire, size_t max_len)
{
    for (size_t at = 0; at < max_len && at < 255 && wire[at] < 64; at += wire[at] + 1u) {
        if (wire[at] == 0)
            return at + 1;
    }
    return 0;
}

/** A sink for sw_log() that reads and drops each line. */
static inline void fuzz_drop_log(enum sw_log_level level, const char *line)
{
    FUZZ_CHECK(level <= SW_LOG_DEBUG && strlen(line) <= 1000);
}

#endif
