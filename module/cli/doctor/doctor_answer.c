/* doctor_answer.c - the answer to the canary's question, read with the C library's parser of DNS
 * messages. See doctor.h. */
#include "base/addr.h"
#include "cli/doctor/doctor.h"

#include <arpa/nameser.h>
#include <string.h>

#define TYPE_OPT   41 /* RFC 6891 6.1.1 */
#define OPTION_EDE 15 /* RFC 8914 2 */
#define RCODE_NX   3  /* RFC 1035 4.1.1 */
#define RCODE_REF  5

struct answer {
    int rcode;
    bool truncated;
    unsigned records; /* of the answer section */
    bool landed;      /* some A record is the landing address */
    bool made_up;     /* the SOA of a rewritten answer: its first name is the root */
    bool ede;         /* an extended error of the verdict's code */
};

/* Look for an option with the code of an extended error (RFC 6891 6.1.2). */
static bool has_ede(const uint8_t *data, size_t len, unsigned code)
{
    while (len >= 4) {
        unsigned option = data[0] << 8 | data[1];
        size_t size = (size_t)(data[2] << 8 | data[3]);
        if (size > len - 4)
            return false;
        if (option == OPTION_EDE && size >= 2 && (unsigned)(data[4] << 8 | data[5]) == code)
            return true;
        data += 4 + size;
        len -= 4 + size;
    }
    return false;
}

static void take(struct answer *a, const struct sw_verdict *v, ns_sect section, const ns_rr *rr)
{
    const uint8_t *data = ns_rr_rdata(*rr);
    size_t len = ns_rr_rdlen(*rr);
    if (section == ns_s_an) {
        a->records++;
        if (ns_rr_type(*rr) == ns_t_a && len == 4 && v->sinkhole4.family == 4)
            a->landed = a->landed || memcmp(data, v->sinkhole4.octets, 4) == 0;
    } else if (section == ns_s_ns && ns_rr_type(*rr) == ns_t_soa) {
        a->made_up = len > 0 && data[0] == 0;
    } else if (section == ns_s_ar && (int)ns_rr_type(*rr) == TYPE_OPT) {
        a->ede = a->ede || has_ede(data, len, v->ede);
    }
}

static bool parse(struct answer *a, const struct sw_verdict *v, const uint8_t *packet, size_t len)
{
    static const ns_sect sections[] = {ns_s_an, ns_s_ns, ns_s_ar};
    ns_msg msg;
    ns_rr rr;
    if (len > NS_MAXMSG || ns_initparse(packet, (int)len, &msg) != 0)
        return false;
    a->rcode = ns_msg_getflag(msg, ns_f_rcode);
    a->truncated = ns_msg_getflag(msg, ns_f_tc);
    for (size_t s = 0; s < sizeof(sections) / sizeof(sections[0]); s++)
        for (int i = 0; i < ns_msg_count(msg, sections[s]); i++) {
            if (ns_parserr(&msg, sections[s], i, &rr) != 0)
                return false;
            take(a, v, sections[s], &rr);
        }
    return true;
}

const char *doctor_judge_answer(const struct sw_verdict *v, const uint8_t *packet, size_t len)
{
    struct answer a = {.rcode = 0};
    if (!parse(&a, v, packet, len))
        return "the answer is no DNS message";
    bool ours = v->ede != SW_EDE_OFF ? a.ede : true;
    switch (v->taken) {
    case SW_ACTION_SINKHOLE:
        if (v->sinkhole4.family ? a.landed : a.made_up)
            return NULL;
        return "the answer has not the landing address";
    case SW_ACTION_NXDOMAIN:
        return a.rcode == RCODE_NX && (a.made_up || a.ede) ? NULL : "the answer is not rewritten";
    case SW_ACTION_NODATA:
        return a.rcode == 0 && a.records == 0 && a.made_up ? NULL : "the answer is not empty";
    case SW_ACTION_REFUSED:
    case SW_ACTION_DROP:
        return a.rcode == RCODE_REF && ours ? NULL : "the answer is not refused by the list";
    case SW_ACTION_TCP_ONLY:
        return a.truncated ? NULL : "the answer is not truncated";
    case SW_ACTION_CNAME:
        return a.records > 0 && ours ? NULL : "the answer does not lead to the walled garden";
    default:
        return "the list does not rewrite answers";
    }
}
