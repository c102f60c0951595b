/*
 * fuzz_body.c - cli/web/body.h: the body of a change, by whoever reaches the desk.
 *
 * For any octets: a refusal has words and owns nothing; an accepted body has a list, and 1 to 1,000
 * texts without NUL.
 */
#include "cli/web/body.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct web_body body;
    const char *why = NULL;
    char *copy = fuzz_copy(data, size);
    if (!web_body_read(copy, size, &body, &why)) {
        FUZZ_CHECK(why && fuzz_words_ok(why, 200));
        FUZZ_CHECK(!body.json && !body.indicators);
        free(copy);
        return 0;
    }
    size_t n = json_array_size(body.indicators);
    FUZZ_CHECK(!why && body.list[0] && n >= 1 && n <= WEB_INDICATORS_MAX);
    for (size_t i = 0; i < n; i++) {
        const json_t *one = json_array_get(body.indicators, i);
        FUZZ_CHECK(json_is_string(one));
        FUZZ_CHECK(strlen(json_string_value(one)) == json_string_length(one));
    }
    json_decref(body.json);
    free(copy);
    return 0;
}
