/*
 * tsig.h - signed messages: our question, and the messages of the answer.
 *
 * A transfer, step by step: cli_tsig_key() -> cli_tsig_sign() for the question -> cli_tsig_check()
 * for each message in order -> cli_tsig_complete() at the end. Messages between signed ones may be
 * unsigned, 99 at most; the next signature covers these too.
 *
 * Threads      one for each structure
 * Memory       the unsigned messages since the last signature are digested, not kept
 * Security     signatures are compared in constant time; truncated ones are refused
 * Standards    RFC 8945; hmac-sha256 and hmac-sha512 only
 */
#ifndef SW_CLI_FEED_TSIG_H
#define SW_CLI_FEED_TSIG_H

#include "cli/feed/dns_message.h"

#define CLI_TSIG_MAC_MAX 64
#define CLI_TSIG_KEY_MAX 512
#define CLI_TSIG_ROOM    600 /* octets that a signature adds to a message at most */

struct cli_tsig {
    bool on; /* a key is set */
    struct sw_name key_name, algorithm;
    uint8_t secret[CLI_TSIG_KEY_MAX];
    size_t secret_len, mac_len;
    uint8_t mac[CLI_TSIG_MAC_MAX]; /* of the last signed message */
    void *digest;                  /* of what came since */
    unsigned unsigned_n;           /* messages since the last signature */
    uint64_t signed_n;             /* messages with a signature */
};

/** A key as dig(1) takes it: hmac-sha256:name:secret in base64. NULL, or the reason why it is no
 * key. */
const char *cli_tsig_key(struct cli_tsig *tsig, const char *text);

/** Sign a message; wire has CLI_TSIG_ROOM octets of room behind len. Returns the new length. */
size_t cli_tsig_sign(struct cli_tsig *tsig, uint8_t *wire, size_t len, int64_t now_s);

/** The same for the answer to a question that cli_tsig_check() found good. */
size_t cli_tsig_sign_answer(struct cli_tsig *tsig, uint8_t *wire, size_t len, int64_t now_s);

/** Before cli_tsig_check() of a question, such as a notice. */
void cli_tsig_expect_question(struct cli_tsig *tsig);

/** Whether a message has a signature, or is broken so that nobody can tell. */
bool cli_tsig_is_signed(const uint8_t *wire, size_t len);

/** Check the next message of the answer. NULL, or the reason to refuse it. No key: NULL. */
const char *cli_tsig_check(struct cli_tsig *tsig, const uint8_t *wire, size_t len, int64_t now_s);

/** After the last message: NULL, or the reason to refuse the whole (its end is not signed). */
const char *cli_tsig_complete(const struct cli_tsig *tsig);

/** Free what a key holds, and wipe the secret. */
void cli_tsig_free(struct cli_tsig *tsig);

#endif
