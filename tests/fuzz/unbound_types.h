/*
 * unbound_types.h - the part of Unbound's types that flow/query.c uses, for fuzzing without an
 * Unbound tree. Included in place of flow/ub.h; nothing else may be linked with this file.
 *
 * Only the members' names and meanings are Unbound's: the layout does not matter here.
 */
#ifndef SW_FLOW_UB_H
#define SW_FLOW_UB_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define LDNS_RCODE_NOERROR  0
#define LDNS_RR_CLASS_IN    1 /* RFC 1035 3.2.4 */
#define LDNS_RR_CLASS_ANY   255
#define LDNS_RR_TYPE_A      1 /* RFC 1035 3.2.2 */
#define LDNS_RR_TYPE_NS     2
#define LDNS_RR_TYPE_CNAME  5
#define LDNS_RR_TYPE_SOA    6
#define LDNS_RR_TYPE_AAAA   28 /* RFC 3596 2.1 */
#define LDNS_RR_TYPE_DS     43 /* RFC 4034 */
#define LDNS_RR_TYPE_DNSKEY 48
#define BIT_CD              0x0010 /* RFC 4035 3.1.6 */
#define EDNS_DO             0x8000 /* RFC 3225 3 */
#define FLAGS_GET_RCODE(f)  ((f)&0xf)

enum sec_status {
    sec_status_unchecked,
    sec_status_bogus,
    sec_status_indeterminate,
    sec_status_insecure,
    sec_status_secure_sentinel_fail,
    sec_status_secure
};
enum comm_point_type { comm_udp, comm_tcp };

struct comm_point {
    enum comm_point_type type;
};
struct comm_reply {
    struct comm_point *c;
    struct sockaddr_storage client_addr;
};
struct edns_option {
    struct edns_option *next;
    uint16_t opt_code;
};
struct edns_data {
    uint16_t bits;
    struct edns_option *opt_list_in;
};
struct query_info {
    uint8_t *qname;
    size_t qname_len;
    uint16_t qtype, qclass;
};
struct mesh_reply {
    struct mesh_reply *next;
    struct comm_reply query_reply;
    struct edns_data edns;
    uint16_t qflags;
};
struct mesh_state {
    struct mesh_reply *reply_list;
    struct {
        size_t count;
    } super_set;
};
struct config_file {
    int ignore_cd;
};
struct module_env {
    struct config_file *cfg;
    int need_to_validate;
};
struct module_qstate {
    struct query_info qinfo;
    uint16_t query_flags;
    struct module_env *env;
    int is_priming, is_valrec;
    struct mesh_state *mesh_info;
};

struct packed_rrset_data {
    size_t count;
    size_t *rr_len;    /* RDLENGTH's two octets included */
    uint8_t **rr_data; /* RDLENGTH, then rdata */
};
struct ub_packed_rrset_key {
    struct {
        uint16_t type; /* network byte order */
    } rk;
    struct {
        void *data; /* struct packed_rrset_data */
    } entry;
};
struct reply_info {
    uint16_t flags;
    enum sec_status security;
    size_t an_numrrsets, ns_numrrsets;
    struct ub_packed_rrset_key **rrsets;
};

#endif
