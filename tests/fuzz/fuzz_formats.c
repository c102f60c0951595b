/*
 * fuzz_formats.c - formats/formats.h: lists in the formats of others.
 *
 * The first octet chooses format, scope, options and the length of pieces; the rest is the text.
 * What is handed out is checked, and a second reading in other pieces has to give the same.
 */
#include "formats/formats.h"
#include "fuzz.h"

struct reading {
    uint64_t entries, rejects, sum, place;
};

static void add(struct reading *r, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        r->sum = r->sum * 31 + (unsigned char)text[i];
}

/* A rule is a text that policies take. */
static bool is_rule(const struct sw_entry *entry)
{
    struct sw_local_data records = {.len = 0};
    const char *why;
    bool sinkhole = entry->action == SW_ACTION_SINKHOLE;
    return !entry->rule[0] || !sinkhole ||
           sw_record_parse(entry->rule, &records, &why) != SW_ESYNTAX;
}

static void on_entry(void *arg, const struct sw_entry *entry)
{
    struct reading *r = arg;
    struct sw_indicator again;
    char canonical[SW_INDICATORTEXT_MAX], why[SW_WHY_MAX];
    r->entries++;
    FUZZ_CHECK(entry->place >= 1);
    sw_indicator_text(&entry->indicator, canonical);
    FUZZ_CHECK(sw_indicator_parse(canonical, strlen(canonical), &again, why) == SW_OK);
    FUZZ_CHECK(again.type == entry->indicator.type);
    FUZZ_CHECK(entry->facts && (!entry->facts[0] || entry->facts[0] == '{'));
    FUZZ_CHECK(entry->meant <= SW_MEANT_EXCEPTION && entry->action < SW_ACTION_COUNT);
    add(r, canonical, strlen(canonical));
    add(r, entry->facts, strlen(entry->facts));
    FUZZ_CHECK(is_rule(entry));
    add(r, entry->rule, strlen(entry->rule));
    add(r, entry->text, entry->text_len);
}

static void on_reject(void *arg, const struct sw_rejection *rejection)
{
    struct reading *r = arg;
    r->rejects++;
    FUZZ_CHECK(rejection->reject < SW_REJECT_COUNT);
    FUZZ_CHECK(fuzz_words_ok(sw_reject_name(rejection->reject), SW_WHY_MAX));
    FUZZ_CHECK(rejection->why && rejection->why[0]);
    add(r, rejection->text, rejection->text_len);
}

static struct reading read_all(const struct sw_reader_options *options, const uint8_t *data,
                               size_t size, size_t piece)
{
    struct reading r = {0};
    struct sw_reader_hooks hooks = {&r, on_entry, on_reject};
    struct sw_reader *reader = sw_reader_new(options, &hooks);
    enum sw_status status = SW_OK;
    for (size_t at = 0; at < size && status == SW_OK; at += piece) {
        size_t some = size - at < piece ? size - at : piece;
        void *copy = fuzz_copy(data + at, some);
        status = sw_reader_feed(reader, copy, some);
        free(copy);
    }
    if (status == SW_OK)
        status = sw_reader_end(reader);
    FUZZ_CHECK(status == SW_OK || status == SW_EFORMAT);
    FUZZ_CHECK(status == SW_OK || sw_reader_problem(reader)[0]);
    r.place = sw_reader_place(reader);
    sw_reader_free(reader);
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    struct sw_reader_options options = {
        .format = data[0] % SW_FORMAT_COUNT,
        .scope = data[0] / SW_FORMAT_COUNT % 4,
        .given = data[0] % 2 == 0,
        .refang = data[0] & 1,
        .columns = data[0] & 2 ? ",indicator,type,note" : NULL,
    };
    struct reading whole = read_all(&options, data + 1, size - 1, size);
    struct reading pieces = read_all(&options, data + 1, size - 1, data[0] % 13 + 1);
    bool packed = size > 3 && (data[1] == 0x1f || data[1] == 0x28);
    FUZZ_CHECK(packed || (whole.entries == pieces.entries && whole.rejects == pieces.rejects &&
                          whole.sum == pieces.sum && whole.place == pieces.place));
    return 0;
}
