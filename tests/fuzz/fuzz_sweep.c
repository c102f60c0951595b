/*
 * fuzz_sweep.c - cli/sweep/sweep.h: an answer in wire form to aliases and addresses.
 *
 * The input is the message.
 */
#include "cli/sweep/sweep.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *packet = fuzz_copy(data, size);
    struct sweep_answer *answer = calloc(1, sizeof(*answer));
    struct sweep_answer *before = calloc(1, sizeof(*before));
    FUZZ_CHECK(answer && before);

    if (sweep_answer_parse(packet, size, answer) != SW_OK) {
        FUZZ_CHECK(memcmp(answer, before, sizeof(*answer)) == 0);
    } else {
        FUZZ_CHECK(size >= 12 && answer->rcode == (packet[3] & 0x0f));
        FUZZ_CHECK(answer->aliases <= SWEEP_ALIASES_MAX);
        FUZZ_CHECK(answer->addresses <= SWEEP_ADDRESSES_MAX);
        for (size_t i = 0; i < answer->aliases; i++)
            FUZZ_CHECK(sw_name_size(answer->alias[i].wire, SW_NAME_MAX) == answer->alias[i].len);
        for (size_t i = 0; i < answer->addresses; i++)
            FUZZ_CHECK(answer->address[i].plen == sw_addr_bits(&answer->address[i]));
    }
    free(before);
    free(answer);
    free(packet);
    return 0;
}
