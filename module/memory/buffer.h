/*
 * buffer.h - octets that grow at the end.
 *
 * Threads      one at a time
 * Memory       freed by sw_buffer_free(); a buffer of zeros is empty
 */
#ifndef SW_MEMORY_BUFFER_H
#define SW_MEMORY_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct sw_buffer {
    uint8_t *data;
    size_t len, max;
};

/** Room for n more octets; false without memory, and nothing changes. */
static inline bool sw_buffer_reserve(struct sw_buffer *buffer, size_t n)
{
    if (buffer->max - buffer->len >= n)
        return true;
    size_t max = buffer->max ? buffer->max : 256;
    while (max - buffer->len < n)
        max *= 2;
    uint8_t *data = realloc(buffer->data, max);
    if (!data)
        return false;
    buffer->data = data;
    buffer->max = max;
    return true;
}

/** Append n octets; false without memory. */
static inline bool sw_buffer_add(struct sw_buffer *buffer, const void *octets, size_t n)
{
    if (!sw_buffer_reserve(buffer, n))
        return false;
    if (n > 0)
        memcpy(buffer->data + buffer->len, octets, n);
    buffer->len += n;
    return true;
}

/** Free the octets; the buffer is empty then. */
static inline void sw_buffer_free(struct sw_buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct sw_buffer){0};
}

#endif
