/*
 * fuzz_canary.c - cli/doctor: the answer to the canary's question, which comes from whatever
 * listens at the resolver's address.
 *
 * The input: an octet for the action, an octet for the EDE code, then the message. The judgement is
 * compared with facts of the header that a second, plain reading gives.
 */
#include "cli/doctor/doctor.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sw_verdict verdict = {.wins = true};
    if (size < 2)
        return 0;
    verdict.taken = (enum sw_action)(data[0] % SW_ACTION_COUNT);
    verdict.ede = data[1];
    verdict.sinkhole4 = (struct sw_addr){.family = 4, .plen = 32, .octets = {198, 18, 0, 1}};
    const uint8_t *packet = data + 2;
    size_t len = size - 2;
    const char *difference = doctor_judge_answer(&verdict, packet, len);
    FUZZ_CHECK(!difference || fuzz_words_ok(difference, 100));
    if (difference)
        return 0;
    FUZZ_CHECK(len >= 12);
    unsigned rcode = packet[3] & 15;
    FUZZ_CHECK(verdict.taken != SW_ACTION_NXDOMAIN || rcode == 3);
    FUZZ_CHECK(verdict.taken != SW_ACTION_REFUSED || rcode == 5);
    FUZZ_CHECK(verdict.taken != SW_ACTION_TCP_ONLY || (packet[2] & 2));
    FUZZ_CHECK(verdict.taken != SW_ACTION_SINKHOLE || packet[6] || packet[7]);
    FUZZ_CHECK(verdict.taken != SW_ACTION_MONITOR && verdict.taken != SW_ACTION_PASSTHRU);
    return 0;
}
