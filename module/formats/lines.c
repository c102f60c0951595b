/* lines.c - formats with a few words on a line: plain, hosts, maltrail, Suricata's datasets. */
#include "formats/parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- plain ---- */

static void plain_line(struct sw_reader *reader, struct sw_piece line)
{
    struct sw_piece s = sw_content(line, "#;");
    if (s.len > 0)
        sw_take(reader, s, s, &(struct sw_said){0});
}

void sw_reads_plain(struct sw_reader *reader)
{
    reader->reading.line = plain_line;
}

/* ---- hosts: hosts(5) ---- */

#define HOSTNAME_MAX 1024 /* longer than any name in text */

bool sw_is_own_entry(struct sw_piece name)
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
        if (sw_span_is(name, names[i]))
            return true;
    return false;
}

/* Whether a hosts file blocks names with this address: 0.0.0.0, 127.x.x.x, ::, ::1. */
static bool blocks(const struct sw_addr *addr)
{
    static const uint8_t zero[15];
    if (addr->family == 4)
        return addr->octets[0] == 127 || memcmp(addr->octets, zero, 4) == 0;
    return memcmp(addr->octets, zero, 15) == 0 && addr->octets[15] <= 1;
}

/* A name is exact (D-010); forms that hosts files do not have are refused. */
static void hosts_name(struct sw_reader *reader, struct sw_piece name)
{
    struct sw_addr addr;
    if (sw_span_addr(name, &addr) || name.p[0] == '=' || name.p[0] == '*')
        sw_reject(reader, name, SW_REJECT_SYNTAX, "no host name");
    else if (name.len >= HOSTNAME_MAX)
        sw_reject(reader, name, SW_REJECT_SYNTAX, "too long for a host name");
    else
        sw_take(reader, name, name, &(struct sw_said){.scope = SW_SCOPE_EXACT});
}

static void hosts_line(struct sw_reader *reader, struct sw_piece line)
{
    struct sw_piece s = sw_content(line, "#;"), rest = s, first, name;
    struct sw_addr addr;
    if (!sw_next_word(&rest, &first))
        return;
    bool zero = sw_span_is(first, "0"); /* inet_aton(3) reads this as 0.0.0.0 */
    bool address = zero || sw_span_addr(first, &addr);
    bool blocked = zero || (address && blocks(&addr));
    if (!address && sw_trim(rest).len == 0)
        sw_reject(reader, s, SW_REJECT_SYNTAX,
                  "no address before the name (no hosts file? --format=plain)");
    while (sw_next_word(&rest, &name)) {
        if (sw_is_own_entry(name))
            continue;
        if (blocked) {
            hosts_name(reader, name);
            continue;
        }
        sw_reject(reader, s, address ? SW_REJECT_HOST : SW_REJECT_SYNTAX,
                  address
                      ? "leads to a real address; a block list has 0.0.0.0, 127.0.0.1, :: or ::1"
                      : "a hosts line begins with an address");
        return;
    }
}

void sw_reads_hosts(struct sw_reader *reader)
{
    reader->reading.line = hosts_line;
}

/* ---- maltrail: a trail on each line, references in comments ---- */

static void maltrail_reference(struct sw_reader *reader, struct sw_piece comment)
{
    struct sw_text *facts = reader->state;
    struct sw_piece url = comment;
    if (!sw_span_has(comment, "Reference:"))
        return;
    while (url.len > 0 && !sw_span_begins(url, "http")) {
        url.p++;
        url.len--;
    }
    json_t *object = json_object();
    json_t *value = json_stringn(url.p, url.len);
    facts->len = 0;
    if (value && url.len > 0) {
        json_object_set_new(object, "reference", value);
        char *dump = json_dumps(object, JSON_COMPACT);
        sw_text_add(facts, dump, strlen(dump) + 1);
        free(dump);
    }
    json_decref(object);
}

static void maltrail_line(struct sw_reader *reader, struct sw_piece line)
{
    struct sw_text *facts = reader->state;
    struct sw_piece s = sw_trim(line);
    if (s.len > 0 && s.p[0] == '#') {
        maltrail_reference(reader, s);
        return;
    }
    s = sw_content(s, "#");
    struct sw_said said = {.scope = SW_SCOPE_BOTH, .facts = facts->len ? facts->p : NULL};
    if (s.len > 0)
        sw_take(reader, s, s, &said);
}

static void maltrail_free(void *state)
{
    struct sw_text *facts = state;
    free(facts->p);
    free(facts);
}

void sw_reads_maltrail(struct sw_reader *reader)
{
    reader->state = sw_grow(NULL, sizeof(struct sw_text));
    memset(reader->state, 0, sizeof(struct sw_text));
    reader->reading.line = maltrail_line;
    reader->reading.free = maltrail_free;
}

/* ---- Suricata: base64 of a name on each line, perhaps a comma and a reputation ---- */

#define DECODED_MAX 1024

static int digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* Octets of base64 (RFC 4648 4); 0: no base64, or too long. */
static size_t decode(struct sw_piece s, char out[DECODED_MAX])
{
    uint32_t bits = 0;
    size_t n = 0, have = 0;
    while (s.len > 0 && s.p[s.len - 1] == '=')
        s.len--;
    for (size_t i = 0; i < s.len; i++) {
        int value = digit(s.p[i]);
        if (value < 0 || n == DECODED_MAX)
            return 0;
        bits = bits << 6 | (uint32_t)value;
        have += 6;
        if (have >= 8) {
            have -= 8;
            out[n++] = (char)(bits >> have & 0xff);
        }
    }
    return n;
}

static void suricata_line(struct sw_reader *reader, struct sw_piece line)
{
    struct sw_piece s = sw_content(line, "#"), rest = s;
    struct sw_piece word = sw_trim(sw_cut(&rest, ','));
    char name[DECODED_MAX];
    if (s.len == 0)
        return;
    size_t len = decode(word, name);
    if (len == 0) {
        sw_reject(reader, s, SW_REJECT_SYNTAX, "no base64");
        return;
    }
    bool dot = name[0] == '.' && len > 1; /* of the transformation dotprefix */
    struct sw_said said = {.scope = dot ? SW_SCOPE_BOTH : SW_SCOPE_EXACT};
    sw_take(reader, (struct sw_piece){name + dot, len - dot}, s, &said);
}

void sw_reads_suricata(struct sw_reader *reader)
{
    reader->reading.line = suricata_line;
}
