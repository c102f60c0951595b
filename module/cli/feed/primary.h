/*
 * primary.h - the connection to the primary of a policy zone, plain or by TLS.
 *
 * A transfer, step by step: cli_primary_parse() -> cli_primary_open() -> cli_primary_write() for
 * the question -> cli_primary_read() for each message -> cli_primary_close(). With rpz+tls:// the
 * connection is TLS (dot.h).
 *
 * Threads      one for each structure
 * Errors       a false result: the reason is kept in the fetch
 * Reliability  every wait ends by the deadline of the fetch, and by *stop; each address of the
 *              primary has a share of the time, so that a silent address costs no transfer
 * Security     the question is not sent before the primary was recognised
 * Standards    RFC 5936 4.1 (TCP), RFC 9103 (TLS)
 * Decision     D-167
 */
#ifndef SW_CLI_FEED_PRIMARY_H
#define SW_CLI_FEED_PRIMARY_H

#include "base/name.h"
#include "cli/feed/fetch.h"
#include "cli/feed/tsig.h"

struct sw_tls;

struct cli_primary {
    struct cli_fetch *fetch;
    char host[256], port[8];
    char address[64]; /* that is being connected to */
    struct sw_name zone;
    bool dot; /* DNS over TLS */
    int fd;   /* -1: none */
    struct sw_tls *tls;
    /* on the monotonic clock: the end of this step, of the fetch; the next sign of life */
    int64_t deadline_us, whole_us, alive_us;
};

/** Whether a source is a policy zone of a primary. */
bool cli_primary_is_source(const char *source);

/** "rpz://[2001:db8::1]:5353/zone.example" in parts. NULL, or the reason why it is none. */
const char *cli_primary_parse(const char *source, struct cli_primary *primary);

/** The key of --tsig-file, if there is one. */
bool cli_tsig_read(struct cli_fetch *fetch, struct cli_tsig *tsig);

/** Connect for a fetch, which gives the deadline at the first call. */
bool cli_primary_open(struct cli_primary *primary);
void cli_primary_close(struct cli_primary *primary);

/** All octets, or false. */
bool cli_primary_write(struct cli_primary *primary, const uint8_t *octets, size_t len);
bool cli_primary_read(struct cli_primary *primary, uint8_t *octets, size_t len);

/** Whether the fetch may go on; keeps the lease of the feed. */
bool cli_primary_go_on(struct cli_primary *primary);

#endif
