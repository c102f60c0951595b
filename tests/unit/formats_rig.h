/*
 * formats_rig.h - a text through a reader of formats, and its outcome as a text to compare.
 *
 * Each entry is a line "+INDICATOR", with the action, '!' for an exception, "@trigger" and the
 * facts where there are any; each refusal is a line "-reason: text".
 */
#ifndef SW_TESTS_UNIT_FORMATS_RIG_H
#define SW_TESTS_UNIT_FORMATS_RIG_H

#include "formats/formats.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct outcome {
    char text[8192];
    size_t len;
    enum sw_format format;
    enum sw_status status;
    uint64_t entries, rejects;
};

static struct outcome outcome;

static inline void outcome_add(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline void outcome_add(const char *format, ...)
{
    va_list rest;
    size_t room = sizeof(outcome.text) - outcome.len;
    va_start(rest, format);
    int n = vsnprintf(outcome.text + outcome.len, room, format, rest);
    va_end(rest);
    ck_assert_int_ge(n, 0);
    outcome.len += (size_t)n < room ? (size_t)n : room - 1;
}

static inline void outcome_entry(void *arg, const struct sw_entry *entry)
{
    char text[SW_INDICATORTEXT_MAX];
    (void)arg;
    outcome.entries++;
    outcome_add("+%s", sw_indicator_text(&entry->indicator, text));
    if (entry->meant == SW_MEANT_EXCEPTION)
        outcome_add(" !");
    if (entry->meant == SW_MEANT_ACTION)
        outcome_add(" %s", sw_action_name(entry->action));
    for (enum sw_trigger t = SW_TRIGGER_ADDRESS; t < SW_TRIGGER_COUNT; t++)
        if (entry->triggers & SW_TRIGGER_BIT(t))
            outcome_add(" @%s", sw_trigger_name(t));
    outcome_add("%s%s%s%s\n", entry->facts[0] ? " " : "", entry->facts, entry->rule[0] ? " " : "",
                entry->rule);
}

static inline void outcome_reject(void *arg, const struct sw_rejection *rejection)
{
    (void)arg;
    outcome.rejects++;
    ck_assert_ptr_nonnull(rejection->why);
    outcome_add("-%s: %.*s\n", sw_reject_name(rejection->reject), (int)rejection->text_len,
                rejection->text);
}

/* Read a text in pieces of so many octets, each in a block of its exact size. */
static inline void read_pieces(const struct sw_reader_options *options, const char *text,
                               size_t len, size_t piece)
{
    struct sw_reader_hooks hooks = {NULL, outcome_entry, outcome_reject};
    struct sw_reader *reader = sw_reader_new(options, &hooks);
    memset(&outcome, 0, sizeof(outcome));
    for (size_t at = 0; at < len && outcome.status == SW_OK; at += piece) {
        size_t some = len - at < piece ? len - at : piece;
        char *block = malloc(some);
        ck_assert_ptr_nonnull(block);
        memcpy(block, text + at, some);
        outcome.status = sw_reader_feed(reader, block, some);
        free(block);
    }
    if (outcome.status == SW_OK)
        outcome.status = sw_reader_end(reader);
    outcome.format = sw_reader_format(reader);
    if (outcome.status != SW_OK)
        ck_assert_str_ne(sw_reader_problem(reader), "");
    sw_reader_free(reader);
}

#endif
