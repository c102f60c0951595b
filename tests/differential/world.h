/*
 * world.h - the name space that the differential test makes up, and the questions.
 *
 * A name tells the kind of the data: the first label in front of the zone is a kind, a hyphen and a
 * number (`ad-12.one.example`: addresses). All else (how many addresses, where an alias leads,
 * which TTL) follows from a hash of the seed and the name. So the authority needs no memory, and
 * two resolvers get the same data in any order of questions. Question number N is a function of the
 * seed, too: a single question can be asked again alone.
 *
 * Threads      pure functions
 * Memory       no allocation
 * Reliability  any octets are a name or are refused
 * Security     test only
 * Standards    RFC 1035 3.1 (names), RFC 4343 (letter case)
 */
#ifndef SW_DIFFERENTIAL_WORLD_H
#define SW_DIFFERENTIAL_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SW_NAME_MAX  255 /* RFC 1035 2.3.4 */
#define SW_STEPS_MAX 12  /* aliases in a chain */

/** Types that the authority knows; some have no name in older headers. */
enum sw_type {
    SW_A = 1,
    SW_NS = 2,
    SW_CNAME = 5,
    SW_SOA = 6,
    SW_NULL = 10,
    SW_PTR = 12,
    SW_MX = 15,
    SW_TXT = 16,
    SW_AAAA = 28,
    SW_SRV = 33,
    SW_NAPTR = 35,
    SW_DNAME = 39,
    SW_OPT = 41,
    SW_DS = 43,
    SW_RRSIG = 46,
    SW_NSEC = 47,
    SW_DNSKEY = 48,
    SW_TLSA = 52,
    SW_SVCB = 64,
    SW_HTTPS = 65,
    SW_ANY = 255,
    SW_CAA = 257,
    SW_UNKNOWN = 65400
};

enum sw_zone {
    SW_ZONE_ROOT, /* says NXDOMAIN to all that is in no other zone */
    SW_ZONE_ONE,
    SW_ZONE_TWO,
    SW_ZONE_THREE,
    SW_ZONE_SECURE, /* signed, with a trust anchor */
    SW_ZONE_OPEN,   /* below SECURE, not signed */
    SW_ZONE_CUT,    /* each name in this zone is delegated to a separate zone */
    SW_ZONE_COUNT
};

enum sw_kind_of_name {
    SW_KIND_ADDRESS,  /* ad: 1 to 80 addresses, and other data of a host */
    SW_KIND_CHAIN,    /* c1 .. c12: so many aliases, then a name of another kind */
    SW_KIND_LOOP,     /* lo: aliases in a circle */
    SW_KIND_DNAME,    /* dn: DNAME, well-formed or not */
    SW_KIND_WILDCARD, /* wi: every name below exists, by a wildcard */
    SW_KIND_NO_NAME,  /* nx */
    SW_KIND_NO_DATA,  /* nd */
    SW_KIND_FAILURE,  /* fa: SERVFAIL, REFUSED and other codes */
    SW_KIND_CUT_OFF,  /* tc: truncated over UDP, perhaps over TCP, too */
    SW_KIND_BAD,      /* ba: does not parse, or rdata that does not fit the type */
    SW_KIND_QUESTION, /* wq: answers another question */
    SW_KIND_EXTRA,    /* ex: records that nobody asked for, in each section */
    SW_KIND_CLASS,    /* cl: records of another class */
    SW_KIND_TWICE,    /* du: each record twice */
    SW_KIND_EDNS,     /* ed: odd OPT records */
    SW_KIND_BROKEN,   /* bs: signatures that do not hold, or are missing */
    SW_KIND_SILENT,   /* si: no answer */
    SW_KIND_COUNT,
    SW_KIND_NONE = SW_KIND_COUNT /* the zone's apex, or no name of this world */
};

/** A name in wire form, uncompressed; lower case unless noted. */
struct sw_wire_name {
    uint8_t wire[SW_NAME_MAX + 1];
    size_t size; /* with the final zero */
};

/** The parts of a name. */
struct sw_node {
    enum sw_zone zone;
    enum sw_kind_of_name kind;
    unsigned steps;     /* CHAIN: aliases up to the last name */
    unsigned number;    /* which of the kind */
    unsigned below;     /* labels in front of the label with the kind */
    size_t at, zone_at; /* where in the wire form the kind's label begins, and the zone */
};

/** A question of the run. */
struct sw_ask {
    struct sw_wire_name name; /* some letters may be capitals */
    uint16_t type, class;
    uint16_t edns; /* room for UDP answers; 0: no OPT record */
    bool tcp, rd, cd, ad, dnssec_ok;
    bool again; /* ask a second time at once: the answer is cached by then */
};

/** The parameters of a run. */
struct sw_world {
    uint64_t seed;
    unsigned pool; /* names of each kind in each zone */
    bool cuts;     /* whether delegated zones can be asked: their servers need port 53 */
    bool classes;  /* whether other classes than IN are asked for */
};

/** A 64-bit hash of some octets (FNV-1a, then a finaliser of three multiplications). */
uint64_t sw_hash(uint64_t seed, const void *octets, size_t size);

/** A hash of a name and a small number, which separates several draws for the same name. */
uint64_t sw_draw(const struct sw_world *world, const struct sw_wire_name *name, unsigned what);

/** Wire form of dotted text; false when the text is too long. */
bool sw_name_of(const char *text, struct sw_wire_name *out);

/** Copy a wire name in lower case out of max octets; false for octets that are no name (pointers
 * included). */
bool sw_name_read(const uint8_t *at, size_t max, struct sw_wire_name *out);

/** Put a label in front of a name. */
bool sw_name_below(const char *label, const struct sw_wire_name *name, struct sw_wire_name *out);

/** The apex of a zone. */
const struct sw_wire_name *sw_zone_name(enum sw_zone zone);

/** Read a name; never fails: kind NONE says that there is nothing of this world. */
void sw_node_read(const struct sw_wire_name *name, struct sw_node *out);

/** The name that a kind, a number and a zone make; steps only for CHAIN. */
void sw_node_name(const struct sw_node *node, struct sw_wire_name *out);

/** The target of an alias, by the hash of the alias's name: a CHAIN's next step, a LOOP's next
 * turn. */
void sw_node_target(const struct sw_world *world, const struct sw_wire_name *name,
                    const struct sw_node *node, struct sw_wire_name *out);

/** Question number index of the run. */
void sw_ask_make(const struct sw_world *world, uint64_t index, struct sw_ask *out);

#endif
