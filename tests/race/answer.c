/* The content of an answer: see answer.h. */
#include "answer.h"

#include <stdbool.h>
#include <string.h>

#define RCODE_SERVFAIL 2 /* RFC 1035 4.1.1 */
#define RCODE_NXDOMAIN 3
#define RCODE_REFUSED  5
#define TYPE_OPT       41 /* RFC 6891 6.1.1 */
#define OPTION_EDE     15 /* RFC 8914 2 */
#define EDE_FORGED     4  /* RFC 8914 4.5: a landing address */
#define EDE_BLOCKED    15 /* .. Censored, Filtered, Prohibited: RFC 8914 4.16 to 4.19 */
#define EDE_PROHIBITED 18

#define FLAG_TC 0x02 /* RFC 1035 4.1.1, third octet */

static const uint8_t landing4[4] = {198, 18, 0, 1};
static const uint8_t landing6[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 5, [15] = 1};
static const uint8_t garden[] = "\7landing\6garden"; /* later names may be compressed */

static unsigned u16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

/** Octet behind a name, or 0 when the packet ends inside. */
static size_t skip_name(const uint8_t *packet, size_t length, size_t at)
{
    while (at < length) {
        if (packet[at] == 0)
            return at + 1;
        if (packet[at] >= 0xc0)
            return at + 2;
        at += 1U + packet[at];
    }
    return 0;
}

static bool has_ede(const uint8_t *options, size_t length)
{
    while (length >= 4 && u16(options + 2) + 4U <= length) {
        size_t size = u16(options + 2);
        if (u16(options) == OPTION_EDE && size >= 2) {
            unsigned code = u16(options + 4);
            if (code == EDE_FORGED || (code >= EDE_BLOCKED && code <= EDE_PROHIBITED))
                return true;
        }
        options += size + 4;
        length -= size + 4;
    }
    return false;
}

/** Whether a list's extended error is in the packet; *bad when the packet does not parse. */
static bool rewritten(const uint8_t *packet, size_t length, bool *bad)
{
    unsigned records = u16(packet + 6) + u16(packet + 8) + u16(packet + 10);
    size_t at = skip_name(packet, length, 12) + 4;
    bool found = false;
    for (unsigned i = 0; i < records; i++) {
        at = skip_name(packet, length, at);
        if (at == 0 || at + 10 > length || at + 10 + u16(packet + at + 8) > length) {
            *bad = true;
            return false;
        }
        size_t size = u16(packet + at + 8);
        if (u16(packet + at) == TYPE_OPT)
            found = found || has_ede(packet + at + 10, size);
        at += 10 + size;
    }
    return found;
}

static bool holds(const uint8_t *packet, size_t length, const uint8_t *what, size_t size)
{
    return memmem(packet + 12, length - 12, what, size) != NULL;
}

static enum sw_race_outcome read_rewritten(unsigned rcode, unsigned answers, bool landed,
                                           bool in_garden)
{
    if (rcode == 0 && in_garden)
        return landed ? SW_RACE_ODD : SW_RACE_GARDEN;
    if (rcode == RCODE_NXDOMAIN)
        return SW_RACE_NXDOMAIN;
    if (rcode == RCODE_REFUSED)
        return SW_RACE_REFUSED;
    if (rcode == 0 && landed)
        return SW_RACE_SINKHOLE;
    return rcode == 0 && answers == 0 ? SW_RACE_NODATA : SW_RACE_ODD;
}

static enum sw_race_outcome read_plain(unsigned rcode, unsigned answers, enum sw_race_kind truth)
{
    if (rcode == RCODE_SERVFAIL)
        return SW_RACE_FAILED;
    if (truth == SW_RACE_NO_NAME && rcode == RCODE_NXDOMAIN)
        return SW_RACE_TRUE;
    if (rcode != 0 || answers != 0)
        return SW_RACE_ODD;
    return truth == SW_RACE_NO_DATA ? SW_RACE_TRUE : SW_RACE_EMPTY;
}

enum sw_race_outcome sw_race_read(const uint8_t *packet, size_t length,
                                  const struct sw_race_truth *truth)
{
    bool bad = false, moves = truth->kind == SW_RACE_MOVES;
    size_t size = truth->size;
    if (length < 17)
        return SW_RACE_ODD;
    bool listed = rewritten(packet, length, &bad);
    if (bad)
        return SW_RACE_ODD;
    unsigned rcode = packet[3] & 15, answers = u16(packet + 6);
    bool landed = holds(packet, length, size == 4 ? landing4 : landing6, size);
    bool in_garden = holds(packet, length, garden, sizeof(garden) - 1);

    if ((moves || truth->kind == SW_RACE_ADDRESS) && holds(packet, length, truth->address, size))
        return listed || landed ? SW_RACE_ODD : SW_RACE_TRUE;
    if (moves && holds(packet, length, truth->away, size))
        return listed || landed ? SW_RACE_ODD : SW_RACE_AWAY;
    if (packet[2] & FLAG_TC)
        return answers || listed ? SW_RACE_ODD : SW_RACE_CUT;
    if (listed)
        return read_rewritten(rcode, answers, landed, in_garden);
    return landed ? SW_RACE_ODD : read_plain(rcode, answers, truth->kind);
}
