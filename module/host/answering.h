/*
 * answering.h - inquiries over Redis are answered from the memory of this resolver.
 *
 *     feeder                              keeper
 *     sw_answering_ask(id, text)    ->    sw_answering_run(): look into files and tallies
 *     sw_answering_take(&answer)    <-    a line of JSON, and records as lines of COF
 *
 * The keeper looks between its other work, at half a core at most. An answer ends at the limit of
 * the inquiry, after SW_ANSWER_OCTETS, or after SW_ANSWER_US; the first line says so:
 *     {"resolver":"ns1","records":2,"end":"all"}
 * `end` is "all", "limit", "size", "time", "busy" (over memory-inquiries, or too many at once),
 * "refused" (with "why"), or "failed" (with "why").
 *
 * Threads      sw_answering_ask(), sw_answering_take(): the feeder; sw_answering_run(): the keeper
 * Memory       SW_ANSWERS_MAX inquiries and answers
 * Reliability  an inquiry without a free place is not answered; the asking command names each
 *              resolver without an answer
 * Interface    module/REDIS.md, "Inquiries to the memory"; D-163
 */
#ifndef SW_HOST_ANSWERING_H
#define SW_HOST_ANSWERING_H

#include "feed/feed.h"

#define SW_ANSWERS_MAX   16
#define SW_ANSWER_OCTETS ((size_t)256 << 10)
#define SW_ANSWER_US     INT64_C(4000000)

struct sw_module;
struct sw_answering;

/** NULL: out of memory. */
struct sw_answering *sw_answering_new(struct sw_module *module);
void sw_answering_free(struct sw_answering *answering); /* NULL is fine; feeder, keeper stopped */

/** Note an inquiry, of len octets, and wake the keeper. */
void sw_answering_ask(struct sw_answering *answering, const char *id, const char *text, size_t len);

/** The next finished answer; false: none. The caller frees out->text. */
bool sw_answering_take(struct sw_answering *answering, struct sw_feed_answer *out);

/** Answer all noted inquiries. */
void sw_answering_run(struct sw_answering *answering);

/** Inside of long work of the keeper: answer, and sw_keeper_go_on(). False: the daemon ends. */
bool sw_answering_go_on(struct sw_module *module);

#endif
