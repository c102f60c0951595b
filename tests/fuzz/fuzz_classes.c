/*
 * fuzz_classes.c - owner/classtable.h: a table of classes.
 *
 * Whatever the file holds: the table can be asked, its messages are clean words, no pattern matches
 * a registrant without letters, and every line is either a rule, a comment or told.
 */
#include "fuzz_file.h"
#include "owner/classtable.h"

#define MESSAGE_MAX 1000

static void on_error(void *arg, const char *message)
{
    size_t *told = arg;
    FUZZ_CHECK(fuzz_words_ok(message, MESSAGE_MAX));
    (*told)++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sw_classtable *table = NULL;
    struct sw_classmatch match;
    size_t told = 0, problems;
    char text[96];
    FUZZ_CHECK(sw_classtable_parse("t", (const char *)data, size, on_error, &told, &problems,
                                   &table) == SW_OK);
    FUZZ_CHECK(told == problems);
    FUZZ_CHECK(!sw_classtable_find(table, "", &match) && !sw_classtable_find(table, " ..", &match));
    size_t len = size < sizeof(text) - 1 ? size : sizeof(text) - 1; /* as a registrant */
    memcpy(text, data, len);
    text[len] = '\0';
    if (sw_classtable_find(table, text, &match))
        FUZZ_CHECK(match.line > 0 && match.class < SW_HOLDER_COUNT && match.pattern[0] != '\0');
    sw_classtable_find_asn(table, 64500, &match);
    struct sw_name name;
    unsigned labels;
    if (sw_name_copy(data, size, &name) == SW_OK &&
        sw_classtable_find_name(table, name.wire, &match, &labels))
        FUZZ_CHECK(labels > 0 && match.line > 0 && match.pattern[0] == '.');
    sw_classtable_free(table);
    return 0;
}
