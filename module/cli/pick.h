/*
 * pick.h - picking documents by type, list and severity: for `events`, `anomalies` and `notify`.
 *
 * Words are a text with spaces between, so that an option that may be repeated, and a line of a
 * file, have the same form. No words at all (NULL) pick everything.
 *
 * Threads      one
 * Memory       borrowed; the caller of cli_words_add() frees the words
 */
#ifndef SW_CLI_PICK_H
#define SW_CLI_PICK_H

#include <jansson.h>
#include <stdbool.h>

struct cli_pick {
    char *types, *lists; /* words; NULL = all */
    unsigned severity;   /* least event.severity; documents without one have 0 */
};

/** Whether the words have the word. */
bool cli_has_word(const char *words, const char *word);

/** Whether the document names one of the lists: as the list of the rule that won, of another rule
 * that matched, or in the grounds of an anomaly. */
bool cli_on_lists(const json_t *document, const char *lists);

/** Whether a document is picked: type is event.action. */
bool cli_picked(const struct cli_pick *pick, const json_t *document);

/** Whether any document is left out. */
bool cli_picks(const struct cli_pick *pick);

/** Append words to words. */
void cli_words_add(char **words, const char *more);

#endif
