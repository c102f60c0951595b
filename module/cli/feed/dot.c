/* dot.c - see dot.h. */
#include "cli/feed/dot.h"

#include "cli/feed/fetchers.h"
#include "redis/tls.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#define PIN_LEN    32 /* SHA-256 */
#define PIN_BASE64 44 /* characters of base64 with the padding */

static bool parse_pin(const char *text, uint8_t pin[PIN_LEN])
{
    uint8_t octets[PIN_LEN + 2];
    if (strlen(text) != PIN_BASE64 || text[PIN_BASE64 - 1] != '=' || text[PIN_BASE64 - 2] == '=' ||
        EVP_DecodeBlock(octets, (const uint8_t *)text, PIN_BASE64) != PIN_LEN + 1)
        return false;
    memcpy(pin, octets, PIN_LEN);
    return true;
}

bool cli_dot_judge_options(struct cli_fetch *fetch)
{
    uint8_t pin[PIN_LEN];
    const char *text = cli_fetch_option(fetch, "tls-pin");
    if (text && !parse_pin(text, pin))
        cli_fetch_failed(fetch, "--tls-pin: the SHA-256 of a public key in base64, 44 characters");
    else if (!cli_fetch_option(fetch, "cert-file") != !cli_fetch_option(fetch, "key-file"))
        cli_fetch_failed(fetch, "--cert-file and --key-file belong together");
    else
        return true;
    return false;
}

/* ---- files ---- */

/* The text of a file of an option as a BIO over it; both are freed by end_file(). NULL with *ok
 * true: the option is not set. */
static BIO *begin_file(struct cli_fetch *fetch, const char *option, char **text, bool *ok)
{
    const char *path = cli_fetch_option(fetch, option);
    *text = path ? cli_fetch_text(fetch, path) : NULL;
    *ok = !path || *text;
    BIO *bio = *text ? BIO_new_mem_buf(*text, -1) : NULL;
    if (*text && !bio)
        abort();
    return bio;
}

/* false: the reason is kept. */
static bool end_file(struct cli_fetch *fetch, const char *option, char *text, BIO *bio, bool ok)
{
    if (text)
        explicit_bzero(text, strlen(text));
    if (text && !ok)
        cli_fetch_failed(fetch, "--%s: no usable PEM", option);
    free(text);
    BIO_free(bio);
    ERR_clear_error();
    return ok;
}

/* Each certificate of a file to a function. Returns the number, -1: one was not taken. */
static int each_certificate(BIO *bio, SSL_CTX *context,
                            bool (*take)(SSL_CTX *context, X509 *one, int n))
{
    int n = 0;
    for (X509 *one; n >= 0 && (one = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL;) {
        n = take(context, one, n) ? n + 1 : -1;
        X509_free(one);
    }
    return n;
}

static bool trust(SSL_CTX *context, X509 *one, int n)
{
    (void)n;
    return X509_STORE_add_cert(SSL_CTX_get_cert_store(context), one) == 1;
}

/* Our certificate is the first one; the others lead to its root. */
static bool show(SSL_CTX *context, X509 *one, int n)
{
    return n == 0 ? SSL_CTX_use_certificate(context, one) == 1
                  : SSL_CTX_add1_chain_cert(context, one) == 1;
}

static bool load_certificates(struct cli_fetch *fetch, SSL_CTX *context, const char *option,
                              bool (*take)(SSL_CTX *context, X509 *one, int n))
{
    char *text;
    bool ok;
    BIO *bio = begin_file(fetch, option, &text, &ok);
    if (bio)
        ok = each_certificate(bio, context, take) > 0;
    return end_file(fetch, option, text, bio, ok);
}

static bool load_key(struct cli_fetch *fetch, SSL_CTX *context)
{
    char *text;
    bool ok;
    BIO *bio = begin_file(fetch, "key-file", &text, &ok);
    if (bio) {
        /* an empty password for an encrypted key: OpenSSL would ask for one at the terminal */
        EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)(uintptr_t) "");
        ok = key && SSL_CTX_use_PrivateKey(context, key) == 1;
        EVP_PKEY_free(key);
    }
    return end_file(fetch, "key-file", text, bio, ok);
}

/* ---- the session ---- */

/* TLS 1.3 and ALPN "dot" (RFC 9103 7.1, 7.2). NULL: the reason is kept. */
static SSL_CTX *make_context(struct cli_fetch *fetch)
{
    static const uint8_t dot[] = {3, 'd', 'o', 't'};
    bool own = cli_fetch_option(fetch, "ca-file") != NULL;
    bool pinned = cli_fetch_option(fetch, "tls-pin") && !own;
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (!context || SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_alpn_protos(context, dot, sizeof(dot)) != 0 ||
        (!own && SSL_CTX_set_default_verify_paths(context) != 1))
        abort();
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_verify(context, pinned ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    if (load_certificates(fetch, context, "ca-file", trust) &&
        load_certificates(fetch, context, "cert-file", show) && load_key(fetch, context))
        return context;
    SSL_CTX_free(context);
    return NULL;
}

static bool has_dot(const SSL *ssl)
{
    const uint8_t *chosen;
    unsigned len;
    SSL_get0_alpn_selected(ssl, &chosen, &len);
    return len == 3 && memcmp(chosen, "dot", 3) == 0;
}

/* Whether the primary's key is the one of --tls-pin. */
static bool has_pin(const SSL *ssl, const char *text)
{
    uint8_t pin[PIN_LEN], digest[EVP_MAX_MD_SIZE], *der = NULL;
    unsigned len = 0;
    X509 *certificate = SSL_get1_peer_certificate(ssl);
    int size = certificate ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der) : -1;
    bool same = parse_pin(text, pin) && size > 0 &&
                EVP_Digest(der, (size_t)size, digest, &len, EVP_sha256(), NULL) == 1 &&
                len == PIN_LEN && memcmp(digest, pin, PIN_LEN) == 0;
    OPENSSL_free(der);
    X509_free(certificate);
    return same;
}

bool cli_dot_begin(struct cli_fetch *fetch, const char *host, int fd, struct sw_tls **out)
{
    const char *name = cli_fetch_option(fetch, "tls-name");
    SSL_CTX *context = make_context(fetch);
    if (!context)
        return false;
    if (sw_tls_over(context, name ? name : host, fd, out) == SW_OK)
        return true;
    cli_fetch_failed(fetch, "%s: TLS cannot be set up for this name", name ? name : host);
    return false;
}

bool cli_dot_judge(struct cli_fetch *fetch, const char *host, const struct sw_tls *tls)
{
    const char *pin = cli_fetch_option(fetch, "tls-pin");
    if (!has_dot(sw_tls_session(tls)))
        cli_fetch_failed(fetch, "%s: no DNS over TLS there (ALPN is not \"dot\")", host);
    else if (pin && !has_pin(sw_tls_session(tls), pin))
        cli_fetch_failed(fetch, "%s: the primary has another key than --tls-pin says", host);
    else
        return true;
    return false;
}
