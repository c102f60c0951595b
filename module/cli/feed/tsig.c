/* tsig.c - see tsig.h. */
#include "cli/feed/tsig.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define CLASS_ANY    255
#define FUDGE        300 /* seconds that clocks may differ (RFC 8945 10) */
#define UNSIGNED_MAX 99  /* RFC 8945 5.3.1 */

static const struct {
    const char *name;
    size_t mac_len;
    const EVP_MD *(*md)(void);
} algorithms[] = {{"hmac-sha256", 32, EVP_sha256}, {"hmac-sha512", 64, EVP_sha512}};

/* ---- digests ---- */

static void add(struct cli_tsig *t, const void *p, size_t len)
{
    if (EVP_DigestSignUpdate(t->digest, p, len) != 1)
        abort();
}

static void add16(struct cli_tsig *t, unsigned value)
{
    uint8_t octets[2];
    cli_put16(octets, value);
    add(t, octets, sizeof(octets));
}

/* Begin a digest, with the signature before. */
static void begin(struct cli_tsig *t, bool after)
{
    const EVP_MD *md = t->mac_len == 32 ? EVP_sha256() : EVP_sha512();
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_HMAC, NULL, t->secret, t->secret_len);
    EVP_MD_CTX_free(t->digest);
    t->digest = EVP_MD_CTX_new();
    if (!key || !t->digest || EVP_DigestSignInit(t->digest, NULL, md, NULL, key) != 1)
        abort();
    EVP_PKEY_free(key);
    if (!after)
        return;
    add16(t, (unsigned)t->mac_len);
    add(t, t->mac, t->mac_len);
}

static void finish(struct cli_tsig *t, uint8_t mac[CLI_TSIG_MAC_MAX])
{
    size_t len = CLI_TSIG_MAC_MAX;
    if (EVP_DigestSignFinal(t->digest, mac, &len) != 1 || len != t->mac_len)
        abort();
}

/* The variables of a signature (RFC 8945 4.3.3), or the time alone (5.3.1). when: 6 octets of time
 * and 2 of fudge. */
static void add_variables(struct cli_tsig *t, const uint8_t when[8], unsigned error, bool all)
{
    if (all) {
        add(t, t->key_name.wire, t->key_name.len);
        add16(t, CLASS_ANY);
        add16(t, 0); /* TTL */
        add16(t, 0);
        add(t, t->algorithm.wire, t->algorithm.len);
    }
    add(t, when, 8);
    if (all) {
        add16(t, error);
        add16(t, 0); /* no other data */
    }
}

/* ---- keys ---- */

static int digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* Octets of base64 (RFC 4648 4); 0: none, or too many. */
static size_t decode(const char *text, uint8_t out[CLI_TSIG_KEY_MAX])
{
    uint32_t bits = 0;
    unsigned have = 0;
    size_t n = 0, len = strcspn(text, "=");
    for (size_t i = 0; i < len; i++) {
        int value = digit(text[i]);
        if (value < 0 || n == CLI_TSIG_KEY_MAX)
            return 0;
        bits = bits << 6 | (uint32_t)value;
        have += 6;
        if (have >= 8) {
            have -= 8;
            out[n++] = (uint8_t)(bits >> have & 0xff);
        }
    }
    return n;
}

const char *cli_tsig_key(struct cli_tsig *t, const char *text)
{
    const char *name = strchr(text, ':'), *secret = name ? strchr(name + 1, ':') : NULL;
    size_t i = 0, n = sizeof(algorithms) / sizeof(algorithms[0]);
    if (!secret)
        return "no key; hmac-sha256:NAME:SECRET is one";
    while (i < n && strncmp(text, algorithms[i].name, (size_t)(name - text)) != 0)
        i++;
    if (i == n || strlen(algorithms[i].name) != (size_t)(name - text))
        return "another algorithm than hmac-sha256 and hmac-sha512";
    if (sw_name_parse(algorithms[i].name, strlen(algorithms[i].name), &t->algorithm, NULL) !=
            SW_OK ||
        sw_name_parse(name + 1, (size_t)(secret - name - 1), &t->key_name, NULL) != SW_OK)
        return "the name of the key is no name";
    t->secret_len = decode(secret + 1, t->secret);
    t->mac_len = algorithms[i].mac_len;
    t->on = t->secret_len > 0;
    return t->on ? NULL : "the secret is no base64";
}

void cli_tsig_free(struct cli_tsig *t)
{
    EVP_MD_CTX_free(t->digest);
    OPENSSL_cleanse(t, sizeof(*t));
}

/* ---- signing ---- */

static size_t sign(struct cli_tsig *t, uint8_t *wire, size_t len, int64_t now_s, bool answer)
{
    uint8_t when[8], *p = wire + len;
    if (!t->on)
        return len;
    cli_put16(cli_put16(cli_put16(when, (unsigned)(now_s >> 32)), (unsigned)(now_s >> 16 & 0xffff)),
              (unsigned)(now_s & 0xffff));
    cli_put16(when + 6, FUDGE);
    begin(t, answer);
    add(t, wire, len);
    add_variables(t, when, 0, true);
    finish(t, t->mac);
    memcpy(p, t->key_name.wire, t->key_name.len);
    p = cli_put16(p + t->key_name.len, CLI_DNS_TSIG);
    p = cli_put16(p, CLASS_ANY);
    memset(p, 0, 4); /* TTL */
    p = cli_put16(p + 4, (unsigned)(t->algorithm.len + sizeof(when) + 2 + t->mac_len + 6));
    memcpy(p, t->algorithm.wire, t->algorithm.len);
    memcpy(p + t->algorithm.len, when, sizeof(when));
    p = cli_put16(p + t->algorithm.len + sizeof(when), (unsigned)t->mac_len);
    memcpy(p, t->mac, t->mac_len);
    p = cli_put16(p + t->mac_len, cli_get16(wire)); /* the message's identifier */
    memset(p, 0, 4);                                /* no error, no other data */
    cli_put16(wire + 10, cli_get16(wire + 10) + 1u);
    begin(t, true);
    return (size_t)(p + 4 - wire);
}

size_t cli_tsig_sign(struct cli_tsig *t, uint8_t *wire, size_t len, int64_t now_s)
{
    return sign(t, wire, len, now_s, false);
}

size_t cli_tsig_sign_answer(struct cli_tsig *t, uint8_t *wire, size_t len, int64_t now_s)
{
    return sign(t, wire, len, now_s, true);
}

void cli_tsig_expect_question(struct cli_tsig *t)
{
    begin(t, false);
}

/* ---- checking ---- */

/* The data of a TSIG record (RFC 8945 4.2). */
struct signature {
    size_t begin;        /* of the record */
    const uint8_t *when; /* time and fudge */
    const uint8_t *mac;
    size_t mac_len;
    uint16_t id, error;
};

/* The record of a signature: the last one. false: the message is broken. */
static bool find(const uint8_t *wire, size_t len, struct cli_record *last, bool *found)
{
    struct cli_message m;
    struct sw_name name;
    uint16_t type;
    *found = false;
    if (!cli_message_begin(&m, wire, len) ||
        (m.count[0] && !cli_message_question(&m, &name, &type)))
        return false;
    size_t n = (size_t)m.count[1] + m.count[2] + m.count[3];
    for (size_t i = 0; i < n; i++)
        if (!cli_message_record(&m, last))
            return false;
    *found = n > 0 && m.count[3] > 0 && last->type == CLI_DNS_TSIG;
    return true;
}

bool cli_tsig_is_signed(const uint8_t *wire, size_t len)
{
    struct cli_record record;
    bool found;
    return !find(wire, len, &record, &found) || found;
}

/* false: broken, or of another algorithm. */
static bool parse(const struct cli_tsig *t, const struct cli_record *r, struct signature *s)
{
    size_t size = sw_name_size(r->data, r->data_len);
    struct sw_name algorithm;
    if (size == 0 || sw_name_copy(r->data, size, &algorithm) != SW_OK ||
        !sw_name_equal(algorithm.wire, t->algorithm.wire) || r->data_len < size + 16)
        return false;
    s->begin = r->begin;
    s->when = r->data + size;
    s->mac_len = cli_get16(r->data + size + 8);
    s->mac = r->data + size + 10;
    if (r->data_len < size + 16 + s->mac_len)
        return false;
    s->id = cli_get16(s->mac + s->mac_len);
    s->error = cli_get16(s->mac + s->mac_len + 2);
    return true;
}

static const char *check_signature(struct cli_tsig *t, const uint8_t *wire,
                                   const struct signature *s, int64_t now_s)
{
    uint8_t head[CLI_DNS_HEADER], mac[CLI_TSIG_MAC_MAX];
    int64_t when = (int64_t)cli_get16(s->when) << 32 | cli_get32(s->when + 2);
    if (s->error)
        return s->error == 18 ? "the primary says that our clock is wrong (BADTIME)"
                              : "the primary does not accept our signature";
    if (s->mac_len != t->mac_len)
        return "a signature of another length";
    memcpy(head, wire, sizeof(head));
    cli_put16(head, s->id);
    cli_put16(head + 10, cli_get16(head + 10) - 1u);
    add(t, head, sizeof(head));
    add(t, wire + sizeof(head), s->begin - sizeof(head));
    add_variables(t, s->when, s->error, t->signed_n == 0);
    finish(t, mac);
    if (CRYPTO_memcmp(mac, s->mac, t->mac_len) != 0)
        return "a wrong signature (TSIG)";
    if (when > now_s + cli_get16(s->when + 6) || when < now_s - cli_get16(s->when + 6))
        return "a signature of another time: compare the clocks";
    memcpy(t->mac, s->mac, t->mac_len);
    t->signed_n++;
    t->unsigned_n = 0;
    begin(t, true);
    return NULL;
}

const char *cli_tsig_check(struct cli_tsig *t, const uint8_t *wire, size_t len, int64_t now_s)
{
    struct cli_record record;
    struct signature signature;
    bool found;
    if (!t->on)
        return NULL;
    if (!find(wire, len, &record, &found))
        return "a message that is broken";
    if (!found && (t->signed_n == 0 || ++t->unsigned_n > UNSIGNED_MAX))
        return "an answer without a signature";
    if (!found) {
        add(t, wire, len);
        return NULL;
    }
    if (!sw_name_equal(record.owner.wire, t->key_name.wire) || !parse(t, &record, &signature))
        return "a signature by another key";
    return check_signature(t, wire, &signature, now_s);
}

const char *cli_tsig_complete(const struct cli_tsig *t)
{
    return t->on && t->unsigned_n > 0 ? "the end of the transfer is not signed" : NULL;
}
