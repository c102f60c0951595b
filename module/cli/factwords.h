/*
 * factwords.h - facts about a name (owner/namefacts.h), for the tables and the JSON of commands.
 *
 * Threads      one; opens an RCU section
 * Source       class-table and top-names of the settings (owner/namefacts.h)
 */
#ifndef SW_CLI_FACTWORDS_H
#define SW_CLI_FACTWORDS_H

#include "cli/cli.h"
#include "owner/namefacts.h"

#include <jansson.h>

/** The words of sw_namefacts_text() for a name; "" when nothing is known. The text lasts until the
 * next call. */
const char *cli_facts_text(struct cli *cli, const uint8_t *wire);

/** The same for a name in presentation form. */
const char *cli_facts_words(struct cli *cli, const char *name);

/** Put the facts about a name as member "evidence" into an object: class, public_body, suffix,
 * table and line, top and rank. No member: nothing is known. */
void cli_facts_put(struct cli *cli, json_t *object, const char *name);

/** Read the files again that changed: for a process that runs on. */
void cli_facts_refresh(void);

#endif
