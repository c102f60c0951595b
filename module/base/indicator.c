#include "base/indicator.h"

#include "base/class.h"
#include "base/fold.h"

#include <ctype.h>
#include <idn2.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define TEXT_MAX (SW_INDICATORTEXT_MAX + 1) /* longest input looked at, with a final dot */
#define ASN_MAX  UINT32_MAX                 /* RFC 6793: 32 bits */
#define DIGITS   "0123456789"

/* A piece of the input; not terminated. */
struct span {
    const char *p;
    size_t len;
};

static enum sw_status fail(char *why, enum sw_status status, const char *words)
{
    snprintf(why, SW_WHY_MAX, "%s", words);
    return status;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct span trim(const char *text, size_t len)
{
    while (len > 0 && is_space(text[0])) {
        text++;
        len--;
    }
    while (len > 0 && is_space(text[len - 1]))
        len--;
    return (struct span){text, len};
}

static bool only(struct span s, const char *chars)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] == '\0' || !strchr(chars, s.p[i]))
            return false;
    return true;
}

static struct span skip(struct span s, size_t n)
{
    return (struct span){s.p + n, s.len - n};
}

static const char *const holder_kinds[] = {"registrant", "class", "country"};

/* "registrant", "class" or "country" before a colon; NULL: none. */
static const char *holder_kind(struct span s)
{
    for (size_t i = 0; i < sizeof(holder_kinds) / sizeof(holder_kinds[0]); i++) {
        size_t len = strlen(holder_kinds[i]);
        if (s.len > len && s.p[len] == ':' && strncasecmp(s.p, holder_kinds[i], len) == 0)
            return holder_kinds[i];
    }
    return NULL;
}

/* The type that the characters suggest: AS and digits; digits, dots and slash, or any text with a
 * colon; else a domain. A final dot is ignored. */
static enum sw_indicator_type looks_like(struct span s)
{
    if (s.len > 1 && s.p[s.len - 1] == '.')
        s.len--;
    if (holder_kind(s))
        return SW_INDICATOR_HOLDER;
    if (s.len > 2 && (s.p[0] | 0x20) == 'a' && (s.p[1] | 0x20) == 's' && only(skip(s, 2), DIGITS))
        return SW_INDICATOR_ASN;
    if (memchr(s.p, ':', s.len) || only(s, DIGITS "./"))
        return SW_INDICATOR_PREFIX;
    return SW_INDICATOR_DOMAIN;
}

static enum sw_status parse_asn(struct span s, struct sw_indicator *ind, char *why)
{
    uint64_t number = 0;
    s = skip(s, 2);
    if (!only(s, DIGITS))
        return fail(why, SW_ESYNTAX, "an AS number has only digits after AS");
    for (size_t i = 0; i < s.len && number <= ASN_MAX; i++)
        number = number * 10 + (uint64_t)(s.p[i] - '0');
    if (number == 0 || number > ASN_MAX)
        return fail(why, SW_EINVAL, "AS numbers go from 1 to 4294967295");
    ind->type = SW_INDICATOR_ASN;
    ind->asn = (uint32_t)number;
    return SW_OK;
}

static enum sw_status parse_prefix(struct span s, struct sw_indicator *ind, char *why)
{
    const char *words = "not an address or prefix";
    if (memmem(s.p, s.len, "://", 3))
        return fail(why, SW_ESYNTAX, "a URL; only the host name can be listed");
    enum sw_status status = sw_addr_parse(s.p, s.len, &ind->addr, &words);
    if (status != SW_OK)
        return fail(why, status, words);
    if (ind->addr.plen == 0)
        return fail(why, SW_EREFUSED, "would cover every address");
    ind->type = SW_INDICATOR_PREFIX;
    return SW_OK;
}

/* Put "what:" and the reduced text into the indicator. */
enum sw_status sw_indicator_holder(const char *what, const char *text, struct sw_indicator *out)
{
    char value[SW_FOLDED_MAX];
    enum sw_class class;
    size_t len = strlen(text);
    bool of_country = strcmp(what, "country") == 0;
    if (strcmp(what, "registrant") == 0)
        sw_fold_key(text, value, sizeof(value));
    else
        snprintf(value, sizeof(value), "%s", text);
    if (of_country &&
        (len != 2 || !isalpha((unsigned char)text[0]) || !isalpha((unsigned char)text[1])))
        return SW_EINVAL;
    for (size_t i = 0; of_country && i < len; i++)
        value[i] = (char)toupper((unsigned char)value[i]);
    if (value[0] == '\0' ||
        (strcmp(what, "class") == 0 && sw_class_parse(value, strlen(value), &class) != SW_OK))
        return SW_EINVAL;
    if (strlen(what) + 1 + strlen(value) >= sizeof(out->holder))
        return SW_ETOOBIG;
    memset(out, 0, sizeof(*out));
    out->type = SW_INDICATOR_HOLDER;
    snprintf(out->holder, sizeof(out->holder), "%s:%s", what, value);
    return SW_OK;
}

static enum sw_status parse_holder(struct span s, struct sw_indicator *ind, char *why)
{
    char text[TEXT_MAX + 1];
    const char *what = holder_kind(s);
    s = skip(s, strlen(what) + 1);
    s = trim(s.p, s.len);
    memcpy(text, s.p, s.len);
    text[s.len] = '\0';
    enum sw_status status = sw_indicator_holder(what, text, ind);
    if (status == SW_ETOOBIG)
        snprintf(why, SW_WHY_MAX, "the name of the registrant is too long");
    else if (status != SW_OK && strcmp(what, "class") == 0)
        snprintf(why, SW_WHY_MAX, "no class; allowed are %s", sw_class_names());
    else if (status != SW_OK && strcmp(what, "country") == 0)
        snprintf(why, SW_WHY_MAX, "no country; a code of two letters is needed (ISO 3166-1)");
    else if (status != SW_OK)
        snprintf(why, SW_WHY_MAX, "a registrant without a name would cover every holder");
    return status;
}

/* U-labels to A-labels: IDNA 2008 with the UTS 46 mapping, non-transitional. */
static enum sw_status parse_unicode(struct span s, struct sw_name *name, char *why)
{
    uint8_t text[TEXT_MAX + 1];
    uint8_t *ascii = NULL;
    const char *words = "bad name";
    memcpy(text, s.p, s.len);
    text[s.len] = '\0';
    int rc = idn2_lookup_u8(text, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (rc != IDN2_OK) {
        snprintf(why, SW_WHY_MAX, "not a name in the sense of IDNA 2008: %s", idn2_strerror(rc));
        return SW_ESYNTAX;
    }
    const char *alabels = (const char *)ascii;
    enum sw_status status = sw_name_parse(alabels, strlen(alabels), name, &words);
    idn2_free(ascii);
    return status == SW_OK ? SW_OK : fail(why, status, words);
}

static bool has_unicode(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return true;
    return false;
}

/* Whether the last label is all digits. No top-level domain is, so the text is a bad address. */
static bool ends_in_number(const struct sw_name *name)
{
    const uint8_t *last = sw_name_suffix(name->wire, 1);
    for (unsigned i = 1; i <= last[0]; i++)
        if (last[i] < '0' || last[i] > '9')
            return false;
    return true;
}

static enum sw_status parse_domain(struct span s, struct sw_indicator *ind, char *why)
{
    const char *words = "bad name";
    char text[SW_INDICATORTEXT_MAX];
    enum sw_status status;
    if (s.len >= 1 && s.p[0] == '=') {
        ind->form = SW_FORM_EXACT;
        s = skip(s, 1);
    } else if (s.len >= 2 && s.p[0] == '*' && s.p[1] == '.') {
        ind->form = SW_FORM_BELOW;
        s = skip(s, s.len > 2 ? 2 : 1); /* "*." means below the root, which is written "." */
    }
    if (has_unicode(s)) {
        status = parse_unicode(s, &ind->name, why);
    } else {
        status = sw_name_parse(s.p, s.len, &ind->name, &words);
        if (status != SW_OK)
            fail(why, status, words);
    }
    if (status != SW_OK)
        return status;
    if (ind->name.len == 1)
        return fail(why, SW_EREFUSED, "the root would cover every name");
    if (ends_in_number(&ind->name))
        return fail(why, SW_ESYNTAX, "neither an address nor a name: ends in a number");
    ind->type = SW_INDICATOR_DOMAIN;
    sw_indicator_text(ind, text); /* the text of an escaped "AS1" would be read as an AS number */
    if (looks_like((struct span){text, strlen(text)}) != SW_INDICATOR_DOMAIN)
        return fail(why, SW_ESYNTAX, "a name that looks like an address or AS number");
    return SW_OK;
}

enum sw_status sw_indicator_parse(const char *text, size_t text_len, struct sw_indicator *out,
                                  char why[SW_WHY_MAX])
{
    struct sw_indicator ind;
    struct span s = trim(text, text_len);
    enum sw_status status;
    memset(&ind, 0, sizeof(ind));
    if (s.len == 0)
        return fail(why, SW_ESYNTAX, "empty");
    if (s.len > TEXT_MAX)
        return fail(why, SW_ETOOBIG, "too long for any indicator");
    if (memchr(s.p, '\0', s.len))
        return fail(why, SW_ESYNTAX, "holds a zero octet");
    switch (looks_like(s)) {
    case SW_INDICATOR_ASN:
        status = parse_asn(s, &ind, why);
        break;
    case SW_INDICATOR_PREFIX:
        if (s.len == 1 && s.p[0] == '.')
            return fail(why, SW_EREFUSED, "the root would cover every name");
        status = parse_prefix(s, &ind, why);
        break;
    case SW_INDICATOR_HOLDER:
        status = parse_holder(s, &ind, why);
        break;
    case SW_INDICATOR_DOMAIN:
    default:
        status = parse_domain(s, &ind, why);
        break;
    }
    if (status == SW_OK)
        *out = ind;
    return status;
}

/* Called on workers for each hit. snprintf() cost more than the rest of recording the hit. */
char *sw_domain_text(enum sw_form form, const uint8_t *wire, char text[SW_INDICATORTEXT_MAX])
{
    char *to = text;
    if (form == SW_FORM_EXACT)
        *to++ = '=';
    if (form == SW_FORM_BELOW) {
        *to++ = '*';
        *to++ = '.';
    }
    sw_name_text_lower(wire, to);
    return text;
}

char *sw_indicator_text(const struct sw_indicator *indicator, char text[SW_INDICATORTEXT_MAX])
{
    char addr[SW_ADDRTEXT_MAX];
    switch (indicator->type) {
    case SW_INDICATOR_PREFIX:
        snprintf(text, SW_INDICATORTEXT_MAX, "%s", sw_addr_text(&indicator->addr, addr));
        break;
    case SW_INDICATOR_ASN:
        snprintf(text, SW_INDICATORTEXT_MAX, "AS%u", (unsigned)indicator->asn);
        break;
    case SW_INDICATOR_HOLDER:
        snprintf(text, SW_INDICATORTEXT_MAX, "%s", indicator->holder);
        break;
    case SW_INDICATOR_DOMAIN:
    default:
        sw_domain_text(indicator->form, indicator->name.wire, text);
        break;
    }
    return text;
}
