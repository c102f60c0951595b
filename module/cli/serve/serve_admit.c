/* serve_admit.c - the rights of a request: host, proxy, token, site. See serve.h. */
#include "cli/output.h"
#include "cli/serve/serve_parts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define TOKEN_MIN 16

/* ---- at start ---- */

static bool read_token(const char *path, char token[SERVE_TOKEN_MAX])
{
    FILE *in = fopen(path, "re");
    if (!in || !fgets(token, SERVE_TOKEN_MAX, in)) {
        cli_error("--token-file %s: %s", cli_clean_text(path), in ? "is empty" : strerror(errno));
        if (in)
            fclose(in);
        return false;
    }
    fclose(in);
    token[strcspn(token, "\r\n")] = '\0';
    size_t len = strlen(token);
    for (size_t i = 0; i < len; i++)
        if (token[i] <= ' ' || token[i] > '~')
            len = 0;
    if (len < TOKEN_MIN || len == SERVE_TOKEN_MAX - 1) {
        cli_error("--token-file %s: a token has %d to %d printable characters and no space",
                  cli_clean_text(path), TOKEN_MIN, SERVE_TOKEN_MAX - 2);
        return false;
    }
    return true;
}

/* Whether a place that other machines reach has rights. */
static bool is_safe(const struct serve_rights *rights, const struct serve_place *place)
{
    if (!place->is_wide || (rights->tls && rights->token[0]) ||
        (rights->config->user_header && rights->proxy.family))
        return true;
    cli_error("%s: other machines reach this address, and nobody asks for a right",
              cli_clean_text(rights->config->where));
    cli_hint("listen on 127.0.0.1 or a unix socket, or set --token-file with --tls-cert and "
             "--tls-key, or --user-header with --proxy");
    return false;
}

bool serve_rights_read(const struct serve_config *config, const struct serve_place *place,
                       struct serve_rights *rights)
{
    const char *why;
    *rights = (struct serve_rights){.config = config, .tls = config->cert_file != NULL};
    if (!config->cert_file != !config->key_file) {
        cli_error("--tls-cert and --tls-key belong together");
        return false;
    }
    if (config->proxy &&
        sw_addr_parse(config->proxy, strlen(config->proxy), &rights->proxy, &why) != SW_OK) {
        cli_error("--proxy: '%s' is neither an address nor a prefix: %s",
                  cli_clean_text(config->proxy), why);
        return false;
    }
    if (config->token_file && !read_token(config->token_file, rights->token))
        return false;
    return is_safe(rights, place);
}

/* ---- of a request ---- */

/* Whether len octets are the name, letter case aside. */
static bool is_name(const char *text, size_t len, const char *name)
{
    return strlen(name) == len && strncasecmp(text, name, len) == 0;
}

/* Whether a host with or without a port is this server: an address, "localhost" or a name of the
 * settings. The name of another site that leads here (DNS rebinding) is none of these. */
static bool is_ours(const struct serve_rights *rights, const char *host)
{
    const char *why;
    struct sw_addr addr;
    const char *colon = strrchr(host, ':');
    size_t len = colon && !strchr(colon, ']') ? (size_t)(colon - host) : strlen(host);
    if (len > 2 && host[0] == '[' && host[len - 1] == ']')
        return sw_addr_parse(host + 1, len - 2, &addr, &why) == SW_OK && addr.family == 6 &&
               addr.plen == 128;
    if (is_name(host, len, "localhost"))
        return true;
    for (size_t i = 0; i < rights->config->n_names; i++)
        if (is_name(host, len, rights->config->names[i]))
            return true;
    return len > 0 && sw_addr_parse(host, len, &addr, &why) == SW_OK && addr.family == 4 &&
           addr.plen == 32;
}

/* Equal in constant time for a length. */
static bool is_equal(const char *a, const char *b)
{
    size_t len = strlen(a);
    volatile unsigned char odd = strlen(b) != len;
    for (size_t i = 0; i < len && !(i >= strlen(b)); i++)
        odd = (unsigned char)(odd | (unsigned char)(a[i] ^ b[i]));
    return odd == 0;
}

static int base64_value(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* The password of "user:password" in base64; false: no such text. */
static bool basic_password(const char *text, char out[SERVE_TOKEN_MAX])
{
    char plain[2 * SERVE_TOKEN_MAX];
    size_t n = 0;
    uint32_t bits = 0;
    unsigned have = 0;
    for (; base64_value(*text) >= 0 && n < sizeof(plain) - 1; text++) {
        bits = (bits << 6 | (uint32_t)base64_value(*text)) & 0xffffff;
        have += 6;
        if (have >= 8) {
            have -= 8;
            plain[n++] = (char)(unsigned char)(bits >> have);
        }
    }
    plain[n] = '\0';
    const char *colon = strchr(plain, ':');
    if (text[strspn(text, "=")] != '\0' || !colon || strlen(colon + 1) >= SERVE_TOKEN_MAX)
        return false;
    memcpy(out, colon + 1, strlen(colon + 1) + 1);
    return true;
}

static bool has_token(const struct serve_rights *rights, const char *authorization)
{
    char password[SERVE_TOKEN_MAX];
    if (!rights->token[0])
        return true;
    if (!authorization)
        return false;
    if (strncasecmp(authorization, "Bearer ", 7) == 0)
        return is_equal(rights->token, authorization + 7);
    return strncasecmp(authorization, "Basic ", 6) == 0 &&
           basic_password(authorization + 6, password) && is_equal(rights->token, password);
}

/* A name of a user: printable, not too long. */
static bool is_user(const char *user)
{
    size_t len = user ? strlen(user) : 0;
    if (len == 0 || len >= SERVE_USER_MAX)
        return false;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)user[i] < ' ' || user[i] == 0x7f)
            return false;
    return true;
}

/* Whether an Origin is this site: scheme, and the text of Host. */
static bool is_our_origin(const char *origin, const char *host)
{
    const char *rest = strstr(origin, "://");
    return rest && strcasecmp(rest + 3, host) == 0;
}

/* Another site can make a browser send a POST, but not with this header, JSON or another Origin. */
static bool is_our_change(const struct serve_claim *claim)
{
    return claim->change && strcmp(claim->change, "1") == 0 && claim->media &&
           strncasecmp(claim->media, "application/json", 16) == 0 &&
           (!claim->origin || is_our_origin(claim->origin, claim->host));
}

static unsigned refuse(unsigned status, const char *words, const char **why)
{
    *why = words;
    return status;
}

unsigned serve_admit(const struct serve_rights *rights, const struct serve_claim *claim,
                     const char **why)
{
    if (rights->proxy.family && claim->from.family && !sw_addr_covers(&rights->proxy, &claim->from))
        return refuse(403, "not from the proxy", why);
    if (!claim->host || !is_ours(rights, claim->host))
        return refuse(421, "Host is no name of this server", why);
    if (!has_token(rights, claim->authorization))
        return refuse(401, "no token, or a wrong one", why);
    if (rights->config->user_header && !is_user(claim->user))
        return refuse(403, "the proxy names no user", why);
    if (claim->site && strcmp(claim->site, "cross-site") == 0)
        return refuse(403, "a request of another site", why);
    if (claim->is_change && !is_our_change(claim))
        return refuse(403, "a change that this server's page did not send", why);
    return 0;
}
