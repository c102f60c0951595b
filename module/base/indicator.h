/*
 * indicator.h - an indicator: a domain in one of three forms, an address or prefix, an AS, or a
 * holder of addresses.
 *
 * Text forms, as in Redis and on the command line:
 *   example.net        the name and all names below
 *   =example.net       only the name itself
 *   *.example.net      only the names below
 *   192.0.2.1  2001:db8::/32   an address or prefix
 *   AS64500            an AS number
 *   registrant:Acme    a holder by name, class or country: on lists of kind protected and known
 *   class:government   only, matches nothing on other lists
 *   country:RU
 *
 * Threads      pure functions, any thread
 * Standards    RFC 5396 (AS numbers as plain decimal)
 */
#ifndef SW_BASE_INDICATOR_H
#define SW_BASE_INDICATOR_H

#include "base/addr.h"
#include "base/name.h"
#include "base/policy.h"

enum sw_indicator_type {
    SW_INDICATOR_DOMAIN,
    SW_INDICATOR_PREFIX,
    SW_INDICATOR_ASN,
    SW_INDICATOR_HOLDER,
};

enum sw_form {
    SW_FORM_SUBTREE, /* example.net: itself and below */
    SW_FORM_EXACT,   /* =example.net */
    SW_FORM_BELOW,   /* *.example.net */
    SW_FORM_COUNT
};

#define SW_HOLDERTEXT_MAX    128
#define SW_INDICATORTEXT_MAX (SW_NAMETEXT_MAX + 2)

struct sw_indicator {
    enum sw_indicator_type type;
    enum sw_form form;              /* domains only */
    struct sw_name name;            /* domains only, lower case */
    struct sw_addr addr;            /* prefixes only */
    uint32_t asn;                   /* AS numbers only */
    char holder[SW_HOLDERTEXT_MAX]; /* holders only: the canonical text */
};

/**
 * Parse the text form. Surrounding white space and a final dot of a name are accepted, upper case
 * is folded. U-labels (non-ASCII) are converted by IDNA 2008 (libidn2). The root ("." or "*.") is
 * refused, since the root would cover every name.
 *
 * why  SW_WHY_MAX bytes, set on failure, for people
 * SW_OK, SW_ESYNTAX, SW_EINVAL (prefix with host bits, AS number 0 or too large), SW_ETOOBIG,
 * SW_EREFUSED (root, 0.0.0.0/0, ::/0).
 */
enum sw_status sw_indicator_parse(const char *text, size_t text_len, struct sw_indicator *out,
                                  char why[SW_WHY_MAX]);

/** The indicator of a holder, for a look-up; `what` is "registrant", "class" or "country". The name
 * of a registrant is reduced to the words that all spellings share (sw_fold_key()). SW_OK;
 * SW_EINVAL: unknown class, no country code, or nothing is left of the name; SW_ETOOBIG. */
enum sw_status sw_indicator_holder(const char *what, const char *text, struct sw_indicator *out);

/** Canonical text form, as stored in Redis; returns text. */
char *sw_indicator_text(const struct sw_indicator *indicator, char text[SW_INDICATORTEXT_MAX]);

/** Canonical text form of a domain indicator from a wire name of any letter case; returns text. */
char *sw_domain_text(enum sw_form form, const uint8_t *wire, char text[SW_INDICATORTEXT_MAX]);

#endif
