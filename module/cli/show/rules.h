/*
 * rules.h - the reason why a rule wins, and the client's answer, in words.
 *
 * The verdict comes from flow/match.h and flow/decide.h, as in the resolver. This file puts
 * verdicts into words and JSON, for `check`.
 *
 * Threads      one, inside an RCU section
 */
#ifndef SW_CLI_SHOW_RULES_H
#define SW_CLI_SHOW_RULES_H

#include "flow/stage.h"

#include <jansson.h>

#define CLI_WORDS_MAX 600

/** Why the winner of some rules won over the next possible rule; hits->winner must be set. Returns
 * words. */
char *cli_why(const struct sw_hits *hits, char words[CLI_WORDS_MAX]);

/** The client's answer by a verdict; returns words. */
char *cli_gets(const struct sw_verdict *verdict, char words[CLI_WORDS_MAX]);

/** The same as members: wanted, taken, shadow, ttl, ede, landing addresses, cname. */
json_t *cli_verdict_json(const struct sw_verdict *verdict);

/** Text of the indicator of a rule that matched; returns text. */
char *cli_found_text(const struct sw_found *found, char text[SW_INDICATORTEXT_MAX]);

#endif
