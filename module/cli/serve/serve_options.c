/* serve_options.c - the options of a sub-command that serves. See serve.h. */
#include "cli/output.h"
#include "cli/serve/serve.h"

enum { KEY_LISTEN = 400, KEY_NAME, KEY_TOKEN, KEY_CERT, KEY_KEY, KEY_USER, KEY_PROXY };

static const struct argp_option options[] = {
    {"listen", KEY_LISTEN, "PLACE", 0,
     "serve by HTTP: ADDRESS:PORT, [ADDRESS]:PORT, or the path of a unix socket", 0},
    {"host-name", KEY_NAME, "NAME", 0,
     "a name in requests (Host) beside localhost and addresses; up to 8 times", 0},
    {"token-file", KEY_TOKEN, "FILE", 0,
     "ask for the token in the first line of this file: Bearer, or Basic with any user", 0},
    {"tls-cert", KEY_CERT, "FILE", 0, "certificates in PEM: serve by HTTPS", 0},
    {"tls-key", KEY_KEY, "FILE", 0, "the key of the certificate in PEM", 0},
    {"user-header", KEY_USER, "NAME", 0,
     "the reverse proxy names the user in this header; requests without one are refused", 0},
    {"proxy", KEY_PROXY, "ADDRESS", 0,
     "take requests of this address or prefix only: the reverse proxy", 0},
    {0},
};

static void add_name(struct serve_config *config, const struct argp_state *state, const char *name)
{
    if (config->n_names == SERVE_NAMES)
        argp_error(state, "--host-name: at most %d", SERVE_NAMES);
    config->names[config->n_names++] = name;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct serve_config *config = state->input;
    switch (key) {
    case KEY_LISTEN:
        config->where = arg;
        return 0;
    case KEY_NAME:
        add_name(config, state, arg);
        return 0;
    case KEY_TOKEN:
        config->token_file = arg;
        return 0;
    case KEY_CERT:
        config->cert_file = arg;
        return 0;
    case KEY_KEY:
        config->key_file = arg;
        return 0;
    case KEY_USER:
        config->user_header = arg;
        return 0;
    case KEY_PROXY:
        config->proxy = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp serve_argp = {options, parse, NULL, NULL, NULL, NULL, NULL};
