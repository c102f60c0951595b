/*
 * fuzz_sweep.c - cli/sweep/sweep.h: an answer in wire form to names, addresses and records.
 *
 * The input is the message.
 */
#include "cli/sweep/sweep.h"
#include "fuzz.h"

/* How many records were told, of addresses and of aliases. */
struct told {
    size_t addresses, aliases;
};

static void count(void *arg, const struct sw_name *owner, uint16_t type, const uint8_t *rdata,
                  size_t len)
{
    struct told *told = arg;
    bool is_address = type == 1 || type == 28;
    FUZZ_CHECK(sw_name_size(owner->wire, SW_NAME_MAX) == owner->len);
    FUZZ_CHECK(is_address ? len == (type == 1 ? 4u : 16u) : type == 5 || type == 39);
    FUZZ_CHECK(is_address || sw_name_size(rdata, len) == len);
    told->addresses += is_address;
    told->aliases += type == 5;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *packet = fuzz_copy(data, size);
    struct sweep_answer *answer = calloc(1, sizeof(*answer));
    struct sweep_answer *before = calloc(1, sizeof(*before));
    struct told told = {0};
    FUZZ_CHECK(answer && before);
    sweep_answer_records(packet, size, count, &told);

    if (sweep_answer_parse(packet, size, answer) != SW_OK) {
        FUZZ_CHECK(memcmp(answer, before, sizeof(*answer)) == 0);
    } else {
        FUZZ_CHECK(size >= 12 && answer->rcode == (packet[3] & 0x0f));
        FUZZ_CHECK(answer->truncated || told.addresses == answer->addresses);
        FUZZ_CHECK(answer->truncated || told.aliases == answer->aliases);
        FUZZ_CHECK(answer->aliases <= SWEEP_ALIASES_MAX);
        FUZZ_CHECK(answer->addresses <= SWEEP_ADDRESSES_MAX);
        for (size_t i = 0; i < answer->aliases; i++)
            FUZZ_CHECK(sw_name_size(answer->alias[i].wire, SW_NAME_MAX) == answer->alias[i].len);
        FUZZ_CHECK(answer->pointers <= SWEEP_POINTERS_MAX);
        for (size_t i = 0; i < answer->pointers; i++)
            FUZZ_CHECK(sw_name_size(answer->pointer[i].wire, SW_NAME_MAX) ==
                       answer->pointer[i].len);
        for (size_t i = 0; i < answer->addresses; i++)
            FUZZ_CHECK(answer->address[i].plen == sw_addr_bits(&answer->address[i]));
    }
    free(before);
    free(answer);
    free(packet);
    return 0;
}
