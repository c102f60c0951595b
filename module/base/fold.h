/*
 * fold.h - registrants reduced to comparable words.
 *
 * Registries spell one holder in many ways: "Ministère de l'Intérieur", "MINISTERE DE L INTERIEUR",
 * "JSC RTComm.RU" and "OJSC RTCOMM.RU". The folded form has the words in lower case, without
 * diacritics and punctuation, with a space before, between and after: " ministere de l interieur ".
 *
 * Folding is full case folding and compatibility decomposition (NFKD) by libunistring, then:
 * combining diacritics of Latin, Greek and Cyrillic are dropped; letters with a stroke and
 * ligatures, which Unicode does not decompose, become their base letters; a run of any other
 * characters becomes a single space.
 *
 * Threads      pure functions
 * Memory       libunistring may allocate during the call
 * Security     any octets are accepted; octets outside valid UTF-8 separate words
 * Standards    Unicode 3.13 (default case folding), UAX #15 (NFKD); library: D-133
 */
#ifndef SW_BASE_FOLD_H
#define SW_BASE_FOLD_H

#include <stdbool.h>
#include <stddef.h>

#define SW_FOLDED_MAX 640 /* room for the folded form of a registrant, with the NUL */

/** Fold text into out: at most room octets with the NUL, cut between characters. Returns the length
 * of out: 1 (a single space) when the text has no letter or digit, 0 when out of memory. room > 2.
 */
size_t sw_fold(const char *text, size_t len, char *out, size_t room);

/** The folded words with a space between, without the words of legal forms (GmbH, LLC, OJSC,
 * S.p.A.): equal for different spellings of an organisation. Single letters that follow each other
 * are a word. "" when nothing is left; words that do not fit are left out. Returns the length. */
size_t sw_fold_key(const char *text, char *out, size_t room);

/** Whether the first (last) character of folded text belongs to a script without spaces between
 * words: Han, Kana, Hangul, Thai, Lao, Khmer, Myanmar. */
bool sw_fold_unspaced_first(const char *folded, size_t len);
bool sw_fold_unspaced_last(const char *folded, size_t len);

#endif
