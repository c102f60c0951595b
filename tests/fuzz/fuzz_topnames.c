/*
 * fuzz_topnames.c - owner/topnames.h: a file of top names.
 *
 * Whatever the file holds: each line gives one name, one message or nothing, names have two labels
 * or more, ranks are numbers of lines and grow, and messages are clean words.
 */
#include "fuzz_file.h"
#include "owner/topnames.h"

#define MESSAGE_MAX 1000

struct seen {
    uint32_t rank;
    size_t names, problems;
};

static bool take(void *arg, const struct sw_name *name, uint32_t rank)
{
    struct seen *seen = arg;
    FUZZ_CHECK(sw_name_size(name->wire, SW_NAME_MAX) == name->len);
    FUZZ_CHECK(sw_name_labels(name->wire) >= 2 && rank > seen->rank);
    seen->rank = rank;
    seen->names++;
    return true;
}

static void problem(void *arg, const char *message)
{
    struct seen *seen = arg;
    FUZZ_CHECK(fuzz_words_ok(message, MESSAGE_MAX));
    seen->problems++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seen seen = {0};
    const struct sw_topfile_calls calls = {take, problem, &seen};
    size_t lines = 1;
    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    FILE *in = size > 0 ? fmemopen((void *)(uintptr_t)data, size, "r") : NULL;
    if (!in)
        return 0;
    FUZZ_CHECK(sw_topfile_read(in, "t", UINT64_MAX, &calls) == SW_OK);
    fclose(in);
    FUZZ_CHECK(seen.rank <= lines && seen.names + seen.problems <= lines);
    return 0;
}
