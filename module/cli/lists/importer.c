/* importer.c - see importer.h. */
#include "cli/lists/importer.h"

#include <stdio.h>
#include <string.h>

#define HOSTNAME_MAX 1024 /* a host name with a leading "=", cut to the longest possible name */

struct span {
    const char *p;
    size_t len;
};

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct span trim(struct span s)
{
    while (s.len > 0 && is_space(s.p[0])) {
        s.p++;
        s.len--;
    }
    while (s.len > 0 && is_space(s.p[s.len - 1]))
        s.len--;
    return s;
}

static bool equals(struct span s, const char *word)
{
    return s.len == strlen(word) && strncasecmp(s.p, word, s.len) == 0;
}

/* Take the first word off; false when none is left. */
static bool next_word(struct span *rest, struct span *word)
{
    *rest = trim(*rest);
    if (rest->len == 0)
        return false;
    size_t n = 0;
    while (n < rest->len && !is_space(rest->p[n]))
        n++;
    *word = (struct span){rest->p, n};
    rest->p += n;
    rest->len -= n;
    return true;
}

/* Cut comment, line end and white space around a line. A comment begins at the start of the line or
 * after white space: elsewhere '#' and ';' belong to formats that are not ours. */
static struct span content(const char *line, size_t len)
{
    size_t n = 0;
    while (n < len && !((line[n] == '#' || line[n] == ';') && (n == 0 || is_space(line[n - 1]))))
        n++;
    return trim((struct span){line, n});
}

static void refuse(struct cli_importer *im, struct span s, const char *why)
{
    im->refuse(im->arg, s.p, s.len, why);
}

/* Parse and hand over. shown: the text in the file. */
static void take(struct cli_importer *im, struct span text, struct span shown)
{
    struct sw_indicator indicator;
    char why[SW_WHY_MAX] = "";
    if (sw_indicator_parse(text.p, text.len, &indicator, why) == SW_OK)
        im->take(im->arg, &indicator, shown.p, shown.len);
    else
        refuse(im, shown, why);
}

/* ---- plain ---- */

/* A reason to refuse the line that helps more than "bad character" does; NULL: none. */
static const char *odd(struct span s)
{
    struct span rest = s, word;
    next_word(&rest, &word);
    if (memchr(s.p, ',', s.len))
        return "a comma: this looks like CSV; plain has one indicator a line and nothing else";
    if (memmem(s.p, s.len, "[.]", 3) || memmem(s.p, s.len, "(.)", 3))
        return "defanged; write a plain dot";
    if (memmem(s.p, s.len, "://", 3))
        return "a URL; only its host name can be listed";
    if (memchr(s.p, '@', s.len))
        return "a mail address; only the domain can be listed";
    if (trim(rest).len > 0)
        return "several words; plain has one indicator a line (a hosts file? --format hosts)";
    return NULL;
}

static void plain_line(struct cli_importer *im, struct span s)
{
    const char *why = odd(s);
    if (why)
        refuse(im, s, why);
    else
        take(im, s, s);
}

/* ---- hosts ---- */

/* Entries that every hosts file has, about the machine itself. */
static bool own_entry(struct span name)
{
    static const char *const names[] = {
        "localhost",
        "localhost.localdomain",
        "localhost4",
        "localhost6",
        "local",
        "broadcasthost",
        "ip6-localhost",
        "ip6-loopback",
        "ip6-localnet",
        "ip6-mcastprefix",
        "ip6-allnodes",
        "ip6-allrouters",
        "ip6-allhosts",
        "0.0.0.0",
        "localhost4.localdomain4",
        "localhost6.localdomain6",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (equals(name, names[i]))
            return true;
    return false;
}

static bool is_address(struct span s, struct sw_addr *addr)
{
    const char *why;
    return sw_addr_parse(s.p, s.len, addr, &why) == SW_OK && addr->plen == sw_addr_bits(addr);
}

/* Whether a hosts file blocks names with this address: 0.0.0.0, 127.x.x.x, ::, ::1. */
static bool blocks(const struct sw_addr *addr)
{
    static const uint8_t zero[15];
    if (addr->family == 4)
        return addr->octets[0] == 127 || memcmp(addr->octets, zero, 4) == 0;
    return memcmp(addr->octets, zero, 15) == 0 && addr->octets[15] <= 1;
}

/* "=" and the name; forms that hosts files do not have are refused. */
static void hosts_name(struct cli_importer *im, struct span name)
{
    char text[HOSTNAME_MAX];
    struct sw_addr addr;
    if (is_address(name, &addr) || name.p[0] == '=' || name.p[0] == '*') {
        refuse(im, name, "no host name");
    } else if (name.len + 1 >= sizeof(text)) {
        refuse(im, name, "too long for a host name");
    } else {
        text[0] = '=';
        memcpy(text + 1, name.p, name.len);
        take(im, (struct span){text, name.len + 1}, name);
    }
}

static void hosts_line(struct cli_importer *im, struct span s)
{
    struct span rest = s, first, name;
    struct sw_addr addr;
    next_word(&rest, &first);
    bool address = is_address(first, &addr);
    while (next_word(&rest, &name)) {
        if (own_entry(name))
            continue;
        if (address && blocks(&addr)) {
            hosts_name(im, name);
            continue;
        }
        refuse(im, s,
               address ? "leads to a real address; a block list has 0.0.0.0, 127.0.0.1, :: or ::1"
                       : "a hosts line begins with an address");
        return;
    }
    if (!address && rest.len == 0 &&
        trim((struct span){s.p + first.len, s.len - first.len}).len == 0)
        refuse(im, s, "no address before the name (no hosts file? --format plain)");
}

/* ---- a file ---- */

static enum cli_format guess(struct span s)
{
    struct span rest = s, first;
    struct sw_addr addr;
    next_word(&rest, &first);
    size_t zone = 0;
    while (zone < first.len && first.p[zone] != '%') /* fe80::1%lo0 */
        zone++;
    first.len = zone;
    return is_address(first, &addr) && trim(rest).len > 0 ? CLI_FORMAT_HOSTS : CLI_FORMAT_PLAIN;
}

void cli_importer_init(struct cli_importer *importer, enum cli_format format)
{
    *importer = (struct cli_importer){.format = format};
}

void cli_importer_line(struct cli_importer *im, const char *line, size_t len)
{
    struct span s;
    im->line++;
    if (im->line == 1 && len >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0) {
        line += 3; /* byte order mark, RFC 3629 6 */
        len -= 3;
    }
    s = content(line, len);
    if (s.len == 0)
        return;
    if (im->format == CLI_FORMAT_AUTO)
        im->format = guess(s);
    if (im->format == CLI_FORMAT_HOSTS)
        hosts_line(im, s);
    else
        plain_line(im, s);
}

const char *cli_format_name(enum cli_format format)
{
    static const char *const names[] = {"auto", "plain", "hosts"};
    return names[format];
}

enum sw_status cli_format_parse(const char *text, enum cli_format *out)
{
    for (int i = CLI_FORMAT_AUTO; i <= CLI_FORMAT_HOSTS; i++) {
        if (strcmp(text, cli_format_name((enum cli_format)i)) == 0) {
            *out = (enum cli_format)i;
            return SW_OK;
        }
    }
    return SW_ENOTFOUND;
}
