#include "redis/tls.h"

#include "base/addr.h"
#include "base/policy.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct sw_tls {
    SSL_CTX *context;
    SSL *ssl;
    BIO_METHOD *method;
    int fd;
    char why[160]; /* OpenSSL's words for the last EPROTO */
};

/* The first message in OpenSSL's error queue. Empties the queue. */
static const char *openssl_words(char buf[160])
{
    unsigned long code = ERR_get_error();
    const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;
    snprintf(buf, 160, "%s", reason ? reason : "no reason given");
    ERR_clear_error();
    return buf;
}

/* ---- octets to and from the socket ---- */

static int bio_write(BIO *bio, const char *data, int len)
{
    const struct sw_tls *tls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    ssize_t n = send(tls->fd, data, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        BIO_set_retry_write(bio);
    return (int)n;
}

static int bio_read(BIO *bio, char *data, int len)
{
    const struct sw_tls *tls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    ssize_t n = recv(tls->fd, data, (size_t)len, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        BIO_set_retry_read(bio);
    return (int)n;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static BIO *make_bio(struct sw_tls *tls)
{
    tls->method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "sinkwatch socket");
    if (!tls->method || BIO_meth_set_write(tls->method, bio_write) != 1 ||
        BIO_meth_set_read(tls->method, bio_read) != 1 ||
        BIO_meth_set_ctrl(tls->method, bio_control) != 1)
        return NULL;
    BIO *bio = BIO_new(tls->method);
    if (bio) {
        BIO_set_data(bio, tls);
        BIO_set_init(bio, 1);
    }
    return bio;
}

/* ---- making ---- */

/* Load the trusted CA certificates, and our certificate with the key. */
static enum sw_status load_files(SSL_CTX *context, const struct sw_settings *settings, char *why)
{
    const char *ca = settings->redis_tls_ca, *cert = settings->redis_tls_cert;
    const char *key = settings->redis_tls_key[0] ? settings->redis_tls_key : cert;
    char buf[160];
    int ok = ca[0] ? SSL_CTX_load_verify_locations(context, ca, NULL)
                   : SSL_CTX_set_default_verify_paths(context);
    if (ok != 1) {
        snprintf(why, SW_WHY_MAX, "redis-tls-ca %.80s: %.90s", ca, openssl_words(buf));
        return SW_EIO;
    }
    if (cert[0] && SSL_CTX_use_certificate_chain_file(context, cert) != 1) {
        snprintf(why, SW_WHY_MAX, "redis-tls-cert %.80s: %.90s", cert, openssl_words(buf));
        return SW_EIO;
    }
    if (cert[0] && SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
        snprintf(why, SW_WHY_MAX, "redis-tls-key %.80s: %.90s", key, openssl_words(buf));
        return SW_EIO;
    }
    return SW_OK;
}

/* Set the name or address that the server's certificate must have. */
static bool expect_name(SSL *ssl, const char *name)
{
    struct sw_addr addr;
    if (sw_addr_parse(name, strlen(name), &addr, NULL) == SW_OK)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
    return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

enum sw_status sw_tls_over(SSL_CTX *context, const char *name, int fd, struct sw_tls **out)
{
    struct sw_tls *tls = calloc(1, sizeof(*tls));
    BIO *bio;
    if (!tls) {
        SSL_CTX_free(context);
        return SW_ENOMEM;
    }
    tls->fd = fd;
    tls->context = context;
    tls->ssl = SSL_new(context);
    if (!tls->ssl || !expect_name(tls->ssl, name) || !(bio = make_bio(tls))) {
        ERR_clear_error();
        sw_tls_free(tls);
        return SW_ENOMEM;
    }
    SSL_set_bio(tls->ssl, bio, bio);
    SSL_set_connect_state(tls->ssl);
    *out = tls;
    return SW_OK;
}

SSL *sw_tls_session(const struct sw_tls *tls)
{
    return tls->ssl;
}

enum sw_status sw_tls_new(const struct sw_settings *settings, const char *host, int fd,
                          struct sw_tls **out, char *why)
{
    const char *name = settings->redis_tls_name[0] ? settings->redis_tls_name : host;
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    snprintf(why, SW_WHY_MAX, "out of memory");
    if (!context || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1) {
        SSL_CTX_free(context);
        ERR_clear_error();
        return SW_ENOMEM;
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    enum sw_status status = load_files(context, settings, why);
    if (status != SW_OK) {
        ERR_clear_error();
        SSL_CTX_free(context);
        return status;
    }
    return sw_tls_over(context, name, fd, out);
}

void sw_tls_free(struct sw_tls *tls)
{
    if (!tls)
        return;
    SSL_free(tls->ssl); /* frees the BIO as well */
    BIO_meth_free(tls->method);
    SSL_CTX_free(tls->context);
    free(tls);
}

/* ---- using ---- */

enum sw_status sw_tls_handshake(struct sw_tls *tls, short *events, char *why)
{
    char buf[160];
    ERR_clear_error();
    int n = SSL_do_handshake(tls->ssl);
    if (n == 1)
        return SW_OK;
    int error = SSL_get_error(tls->ssl, n);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
        *events = error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
        return SW_ETIMEOUT;
    }
    long verified = SSL_get_verify_result(tls->ssl);
    if (verified != X509_V_OK) {
        snprintf(why, SW_WHY_MAX, "its certificate: %s", X509_verify_cert_error_string(verified));
        ERR_clear_error();
    } else {
        snprintf(why, SW_WHY_MAX, "%s; is the port a TLS port?", openssl_words(buf));
    }
    return SW_EIO;
}

/* The result of an SSL call in the form of recv() and send(). */
static ssize_t result(struct sw_tls *tls, int n)
{
    if (n > 0)
        return n;
    int saved = errno;
    switch (SSL_get_error(tls->ssl, n)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        errno = EAGAIN;
        return -1;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    case SSL_ERROR_SYSCALL:
        ERR_clear_error();
        errno = saved;
        return saved == 0 || n == 0 ? 0 : -1;
    default: /* in OpenSSL 3 also the end of the stream without a close_notify */
        openssl_words(tls->why);
        errno = EPROTO;
        return n == 0 ? 0 : -1;
    }
}

const char *sw_tls_why(const struct sw_tls *tls)
{
    return tls->why;
}

ssize_t sw_tls_send(struct sw_tls *tls, const void *data, size_t len)
{
    ERR_clear_error();
    errno = 0;
    return result(tls, SSL_write(tls->ssl, data, len > INT32_MAX ? INT32_MAX : (int)len));
}

ssize_t sw_tls_recv(struct sw_tls *tls, void *data, size_t len)
{
    ERR_clear_error();
    errno = 0;
    return result(tls, SSL_read(tls->ssl, data, len > INT32_MAX ? INT32_MAX : (int)len));
}
