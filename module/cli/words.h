/*
 * words.h - for a process that runs on: memory of the sub-commands that it runs inside itself.
 *
 * cli_parse() keeps the words of each call until the process ends. A server that runs sub-commands
 * for its requests sets a mark before the call, and frees the words after the call:
 *     cli_words_mark() -> cli_add() -> cli_words_forget()
 *
 * Threads      one
 */
#ifndef SW_CLI_WORDS_H
#define SW_CLI_WORDS_H

/** A mark for the words kept so far; valid until words from before the mark are freed. */
const void *cli_words_mark(void);

/** Free the words of all calls of cli_parse() after the mark. */
void cli_words_forget(const void *mark);

#endif
