/*
 * fuzz_inquiry.c - journal/inquiry.h: a question of anybody who may ask. An inquiry that is
 * understood is written and read again: the same.
 */
#include "fuzz.h"

#include "journal/inquiry.h"

static void write_and_read(const struct sw_inquiry *inquiry)
{
    char what[SW_INDICATORTEXT_MAX];
    struct sw_inquiry again;
    const char *why = NULL;
    char *text = sw_inquiry_text(inquiry, sw_indicator_text(&inquiry->what, what));
    FUZZ_CHECK(text != NULL);
    FUZZ_CHECK(sw_inquiry_parse(text, strlen(text), &again, &why) == SW_OK);
    FUZZ_CHECK(again.what.type == inquiry->what.type && again.what.form == inquiry->what.form);
    FUZZ_CHECK(again.what.asn == inquiry->what.asn);
    FUZZ_CHECK(again.type == inquiry->type && again.limit == inquiry->limit);
    FUZZ_CHECK(again.since == inquiry->since && again.until == inquiry->until);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sw_inquiry inquiry;
    struct sw_past_question questions[2];
    const char *why = NULL;
    char *copy = fuzz_copy(data, size);
    enum sw_status status = sw_inquiry_parse(copy, size, &inquiry, &why);
    FUZZ_CHECK(status == SW_OK ? !why : why && fuzz_words_ok(why, 200));
    if (status == SW_OK) {
        size_t n = sw_inquiry_questions(&inquiry, questions);
        FUZZ_CHECK(n == 1 || n == 2);
        FUZZ_CHECK(inquiry.limit >= 1 && inquiry.limit <= SW_INQUIRY_LIMIT);
        write_and_read(&inquiry);
    }
    free(copy);
    return 0;
}
