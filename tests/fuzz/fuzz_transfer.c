/*
 * fuzz_transfer.c - cli/feed/transfer.h: the messages of a primary that may lie.
 *
 * The first octet chooses what we have and whether a key is set; then follow messages, each behind
 * its length in two octets, as on the connection. Lines that come out are checked: of printable
 * characters alone, names inside the zone.
 */
#include "cli/feed/transfer.h"
#include "fuzz.h"

#define NOW 1796000000

struct watched {
    unsigned groups;
    enum cli_records records;
    struct cli_transfer *transfer;
};

static bool on_records(void *arg, enum cli_records records)
{
    struct watched *w = arg;
    FUZZ_CHECK(records <= CLI_RECORDS_ADDED);
    FUZZ_CHECK(records != CLI_RECORDS_WHOLE || w->groups == 0);
    FUZZ_CHECK(records == CLI_RECORDS_WHOLE || w->transfer->have);
    w->records = records;
    w->groups++;
    return true;
}

static bool on_line(void *arg, const char *text, size_t len)
{
    const struct watched *w = arg;
    const char *zone = memmem(text, len, "z.example.", 10);
    FUZZ_CHECK(w->groups > 0);
    FUZZ_CHECK(len > 1 && text[len - 1] == '\n');
    for (size_t i = 0; i + 1 < len; i++)
        FUZZ_CHECK(text[i] >= 0x20 && text[i] < 0x7f);
    FUZZ_CHECK(zone && memchr(text, ' ', len));
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cli_transfer t = {.id = 7, .records = on_records, .line = on_line, .serial = 4};
    struct watched w = {.transfer = &t};
    uint8_t question[1024 + CLI_TSIG_ROOM];
    enum cli_transferred result = CLI_TRANSFER_MORE;
    if (size < 1)
        return 0;
    t.arg = &w;
    t.have = data[0] & 1;
    t.whole = data[0] & 2;
    FUZZ_CHECK(sw_name_parse("z.example", 9, &t.zone, NULL) == SW_OK);
    if (data[0] & 4)
        FUZZ_CHECK(!cli_tsig_key(&t.tsig, data[0] & 8 ? "hmac-sha512:k:c2VjcmV0"
                                                      : "hmac-sha256:k:c2VjcmV0"));
    FUZZ_CHECK(cli_transfer_ask(&t, question, NOW) <= sizeof(question));
    for (size_t at = 1; at + 2 <= size && result == CLI_TRANSFER_MORE;) {
        size_t len = cli_get16(data + at);
        at += 2;
        len = len < size - at ? len : size - at;
        uint8_t *message = fuzz_copy(data + at, len);
        result = cli_transfer_message(&t, message, len, NOW);
        free(message);
        at += len;
        FUZZ_CHECK(result <= CLI_TRANSFER_REFUSED);
        FUZZ_CHECK(result != CLI_TRANSFER_REFUSED || fuzz_words_ok(t.why, sizeof(t.why)));
        FUZZ_CHECK(result != CLI_TRANSFER_DONE || w.groups > 0);
    }
    cli_tsig_free(&t.tsig);
    return 0;
}
