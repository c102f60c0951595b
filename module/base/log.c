/*
 * log.c - lines to the sink, without control characters, so that data cannot forge log lines.
 */
#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>

#define SW_LOG_LINE_MAX 1000

static sw_log_fn *_Atomic log_sink; /* NULL: standard error */

static const char *level_name(enum sw_log_level level)
{
    switch (level) {
    case SW_LOG_ERROR:
        return "error";
    case SW_LOG_WARNING:
        return "warning";
    case SW_LOG_INFO:
        return "info";
    case SW_LOG_DEBUG:
        return "debug";
    }
    return "log";
}

static void log_to_stderr(enum sw_log_level level, const char *line)
{
    fprintf(stderr, "sinkwatch: %s: %s\n", level_name(level), line);
}

void sw_log_sink(sw_log_fn *sink)
{
    atomic_store_explicit(&log_sink, sink, memory_order_release);
}

void sw_log(enum sw_log_level level, const char *format, ...)
{
    char line[SW_LOG_LINE_MAX + 1];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (length < 0)
        return;

    for (char *at = line; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = ' ';
    sw_log_fn *sink = atomic_load_explicit(&log_sink, memory_order_acquire);
    if (!sink)
        sink = log_to_stderr;
    sink(level, line);
}
