/*
 * episode.h - the life of a name as episodes: holder, from, to, count.
 *
 * An episode is a time during which answers for a name lead to one holder. "No answer" (NXDOMAIN,
 * or no address) is a holder like others, without an owner. Several holders may have an episode at
 * the same time, as with two content networks. The recorder notes each sight here, and the rules of
 * anomaly.h compare episodes: a return and a second hijack begin a new episode each.
 *
 * Step by step: a name is at holder A for a month, for hours at B, then at A again. A was away for
 * less than SW_EPISODE_GAP_US, so A's episode goes on. Forty days later B appears again: something
 * else was seen since B's last sight, and the gap is long enough. So B begins a second episode. A
 * name that nobody asks for has no sight of another holder, and its episode stays open.
 *
 * The holder is the registrant where the databases know one, else the AS (D-139). The registrant of
 * a carrier's own range is the carrier.
 *
 * Threads      the recorder
 * Memory       at most SW_EPISODES_MAX episodes for each name; the oldest goes first
 */
#ifndef SW_OWNER_EPISODE_H
#define SW_OWNER_EPISODE_H

#include "owner/history.h"

#define SW_EPISODES_MAX   64
#define SW_EPISODE_GAP_US INT64_C(172800000000) /* two days */
#define SW_HOLDER_MAX     (SW_OWNERTEXT_MAX + 16)
#define SW_HOLDER_NONE    "none" /* the text for "no answer" */

/** Whether both owners are one holder: as sw_holder_same() (holder.h), also two registrants that
 * are the organisation of the same AS, and two AS of one organisation that hold the addresses
 * (D-252). Two owners about whom nothing is known are one holder ("no answer" among them). */
bool sw_episode_same(const struct sw_owner *a, const struct sw_owner *b);

/** Whether anything is known about the holder. */
bool sw_holder_known(const struct sw_owner *owner);

/** The holder as a text that is the same for the same holder: "AS64500", "example agency", "none".
 * Returns out. */
char *sw_holder_text(const struct sw_owner *owner, bool answered, char out[SW_HOLDER_MAX]);

/**
 * Note sights of a holder from first_us to last_us. answered: false for "no answer"; owner is then
 * empty. Returns the episode, extended or new; NULL: out of memory. The result is valid until the
 * next note. Cost: the number of episodes.
 */
struct sw_episode *sw_episode_note(struct sw_name_history *of, const struct sw_owner *owner,
                                   bool answered, int64_t first_us, int64_t last_us,
                                   uint64_t count);

/** The same for an address that is in the history already. A database that says something new about
 * an address that the name had before is no move: the episode begins when the name came to the
 * address (D-042). */
struct sw_episode *sw_episode_note_addr(struct sw_name_history *of, const struct sw_addr *addr,
                                        const struct sw_owner *owner, int64_t first_us,
                                        int64_t last_us, uint64_t count);

/** Take over an episode from the durable history: joined with an episode of the same holder that
 * overlaps; the larger count stays. */
void sw_episode_absorb(struct sw_name_history *of, const struct sw_episode *stored);

/** The holder's episode at a time: the latest that began by then, else the first. NULL: none. */
const struct sw_episode *sw_episode_at(const struct sw_name_history *of,
                                       const struct sw_owner *owner, bool answered,
                                       int64_t time_us);

/** The holder's latest episode, or NULL. */
const struct sw_episode *sw_episode_latest(const struct sw_name_history *of,
                                           const struct sw_owner *owner, bool answered);

#endif
