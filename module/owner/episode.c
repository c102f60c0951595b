/* episode.c - episodes of a name. See episode.h. */
#include "owner/episode.h"

#include "owner/holder.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- holders ---- */

/* Legal forms, which databases spell differently or leave out. */
static bool is_legal_form(const char *word, size_t len)
{
    static const char *const forms[] = {
        "ab",   "ag",  "as",           "bv",   "co",      "company", "corp", "corporation",
        "gmbh", "inc", "incorporated", "kg",   "limited", "llc",     "llp",  "ltd",
        "ltda", "nv",  "ojsc",         "ooo",  "oy",      "pjsc",    "plc",  "pte",
        "pty",  "pvt", "sa",           "sarl", "sas",     "spa",     "srl",  "sro",
        "the",  "zao", "jsc",          "pao",  "oao",     "ao"};
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
        if (strlen(forms[i]) == len && memcmp(forms[i], word, len) == 0)
            return true;
    return false;
}

/* Lower case, words of letters and digits with one space between, without legal forms. Octets
 * beyond ASCII stay as they are. A text of legal forms alone stays whole. */
static void fold_text(const char *text, char out[SW_OWNERTEXT_MAX])
{
    size_t used = 0, begin = 0;
    for (size_t i = 0; used < SW_OWNERTEXT_MAX - 2; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x80 || isalnum(c)) {
            out[used++] = (char)tolower(c);
            continue;
        }
        if (used > begin && is_legal_form(out + begin, used - begin))
            used = begin;
        else if (used > begin && c != '.' && c != '\'')
            out[used++] = ' ';
        if (c == '\0')
            break;
        if (c != '.' && c != '\'')
            begin = used;
    }
    while (used > 0 && out[used - 1] == ' ')
        used--;
    out[used] = '\0';
    if (used == 0)
        snprintf(out, SW_OWNERTEXT_MAX, "%s", text);
}

/* Whether one text begins with the words of the other. */
static bool begins_alike(const char *a, const char *b)
{
    size_t la = strlen(a), lb = strlen(b), len = la < lb ? la : lb;
    const char *longer = la < lb ? b : a;
    return len > 0 && memcmp(a, b, len) == 0 && (longer[len] == '\0' || longer[len] == ' ');
}

/* The registrant for comparisons: "" where none is known, or where the registrant is the AS's own
 * organisation. */
static void registrant_of(const struct sw_owner *owner, char out[SW_OWNERTEXT_MAX])
{
    char org[SW_OWNERTEXT_MAX];
    out[0] = '\0';
    if (owner->registrant[0] == '\0')
        return;
    fold_text(owner->registrant, out);
    fold_text(owner->org, org);
    if (owner->asn != 0 && begins_alike(out, org))
        out[0] = '\0';
}

/* Whether the registrant is the organisation of the AS. */
static bool is_own(const struct sw_owner *owner)
{
    char registrant[SW_OWNERTEXT_MAX];
    registrant_of(owner, registrant);
    return owner->registrant[0] != '\0' && registrant[0] == '\0';
}

/* Whether the AS holds the address, as far as is known. */
static bool is_held_by_as(const struct sw_owner *owner)
{
    return owner->asn != 0 && (owner->registrant[0] == '\0' || is_own(owner));
}

/* Whether two AS are of one organisation. Most names differ in the first letter: that is cheap. */
static bool is_one_organisation(const struct sw_owner *a, const struct sw_owner *b)
{
    char one[SW_OWNERTEXT_MAX], two[SW_OWNERTEXT_MAX];
    if (a->org[0] == '\0' || tolower((unsigned char)a->org[0]) != tolower((unsigned char)b->org[0]))
        return false;
    fold_text(a->org, one);
    fold_text(b->org, two);
    return strcmp(one, two) == 0 && is_held_by_as(a) && is_held_by_as(b);
}

bool sw_episode_same(const struct sw_owner *a, const struct sw_owner *b)
{
    if (a->registrant[0] != '\0' && strcmp(a->registrant, b->registrant) == 0)
        return true;
    if (a->asn == b->asn && (a->registrant[0] == '\0' || b->registrant[0] == '\0'))
        return true;
    if (a->asn == b->asn && is_own(a) && is_own(b))
        return true;
    if (a->asn != b->asn && is_one_organisation(a, b))
        return true;
    return a->registrant[0] != '\0' && b->registrant[0] != '\0' && sw_holder_same(a, b);
}

bool sw_holder_known(const struct sw_owner *owner)
{
    return owner->asn != 0 || owner->registrant[0] != '\0';
}

char *sw_holder_text(const struct sw_owner *owner, bool answered, char out[SW_HOLDER_MAX])
{
    char registrant[SW_OWNERTEXT_MAX];
    registrant_of(owner, registrant);
    if (!answered)
        snprintf(out, SW_HOLDER_MAX, SW_HOLDER_NONE);
    else if (registrant[0] != '\0')
        snprintf(out, SW_HOLDER_MAX, "%s", registrant);
    else if (owner->asn != 0)
        snprintf(out, SW_HOLDER_MAX, "AS%u", owner->asn);
    else
        snprintf(out, SW_HOLDER_MAX, "unknown");
    return out;
}

/* ---- episodes ---- */

static bool is_of(const struct sw_episode *episode, const struct sw_owner *owner, bool answered)
{
    return episode->answered == answered && sw_episode_same(&episode->owner, owner);
}

static struct sw_episode *latest(const struct sw_name_history *of, const struct sw_owner *owner,
                                 bool answered)
{
    struct sw_episode *found = NULL;
    for (size_t i = 0; i < of->episodes_n; i++) {
        struct sw_episode *one = &of->episodes[i];
        if (is_of(one, owner, answered) && (!found || one->to_us > found->to_us))
            found = one;
    }
    return found;
}

const struct sw_episode *sw_episode_latest(const struct sw_name_history *of,
                                           const struct sw_owner *owner, bool answered)
{
    return latest(of, owner, answered);
}

const struct sw_episode *sw_episode_at(const struct sw_name_history *of,
                                       const struct sw_owner *owner, bool answered, int64_t time_us)
{
    const struct sw_episode *found = NULL;
    for (size_t i = 0; i < of->episodes_n; i++) {
        const struct sw_episode *one = &of->episodes[i];
        if (!is_of(one, owner, answered))
            continue;
        bool began = one->from_us <= time_us, found_began = found && found->from_us <= time_us;
        if (!found || (began && !found_began) ||
            (began == found_began && (one->from_us > found->from_us) == began))
            found = one;
    }
    return found;
}

static bool is_between(int64_t time_us, int64_t after_us, int64_t before_us)
{
    return time_us > after_us && time_us < before_us;
}

/* Whether another holder was seen between two times. A holder that is seen with this one in each
 * answer has sights at both ends, and none between. */
static bool other_between(const struct sw_name_history *of, const struct sw_episode *than,
                          int64_t after_us, int64_t before_us)
{
    for (size_t i = 0; i < of->episodes_n; i++) {
        const struct sw_episode *one = &of->episodes[i];
        if (!is_of(one, &than->owner, than->answered) &&
            (is_between(one->to_us, after_us, before_us) ||
             is_between(one->before_us, after_us, before_us) ||
             is_between(one->from_us, after_us, before_us)))
            return true;
    }
    return false;
}

/* Whether sights from first_us to last_us belong to an episode. */
static bool goes_on(const struct sw_name_history *of, const struct sw_episode *episode,
                    int64_t first_us, int64_t last_us)
{
    if (first_us > episode->to_us)
        return first_us - episode->to_us < SW_EPISODE_GAP_US ||
               !other_between(of, episode, episode->to_us, first_us);
    if (last_us < episode->from_us)
        return episode->from_us - last_us < SW_EPISODE_GAP_US ||
               !other_between(of, episode, last_us, episode->from_us);
    return true;
}

static struct sw_episode *place_for_new(struct sw_name_history *of)
{
    if (of->episodes_n == SW_EPISODES_MAX) {
        struct sw_episode *oldest = of->episodes;
        for (size_t i = 1; i < of->episodes_n; i++)
            if (of->episodes[i].to_us < oldest->to_us)
                oldest = &of->episodes[i];
        return oldest;
    }
    if (of->episodes_n == of->episodes_room) {
        size_t room = of->episodes_room > 0 ? of->episodes_room * 2 : 2;
        struct sw_episode *grown = realloc(of->episodes, room * sizeof(*grown));
        if (!grown)
            return NULL;
        of->episodes = grown;
        of->episodes_room = room;
    }
    return &of->episodes[of->episodes_n++];
}

static void extend(struct sw_episode *episode, const struct sw_owner *owner, int64_t first_us,
                   int64_t last_us, uint64_t count)
{
    episode->from_us = first_us < episode->from_us ? first_us : episode->from_us;
    if (last_us >= episode->to_us) {
        episode->before_us = last_us > episode->to_us ? episode->to_us : episode->before_us;
        episode->to_us = last_us;
        episode->owner = *owner; /* an AS may have been renamed */
    }
    episode->count += count;
}

/* The holder's episode to which sights belong: of several the latest. */
static struct sw_episode *find(struct sw_name_history *of, const struct sw_owner *owner,
                               bool answered, int64_t first_us, int64_t last_us)
{
    struct sw_episode *found = NULL;
    for (size_t i = 0; i < of->episodes_n; i++) {
        struct sw_episode *one = &of->episodes[i];
        if (is_of(one, owner, answered) && goes_on(of, one, first_us, last_us) &&
            (!found || one->to_us > found->to_us))
            found = one;
    }
    return found;
}

struct sw_episode *sw_episode_note(struct sw_name_history *of, const struct sw_owner *owner,
                                   bool answered, int64_t first_us, int64_t last_us, uint64_t count)
{
    struct sw_episode *episode = find(of, owner, answered, first_us, last_us);
    if (episode) {
        extend(episode, owner, first_us, last_us, count);
        return episode;
    }
    episode = place_for_new(of);
    if (episode)
        *episode = (struct sw_episode){.owner = *owner,
                                       .answered = answered,
                                       .from_us = first_us,
                                       .to_us = last_us,
                                       .count = count};
    return episode;
}

/* When the name had the address with another holder whose episode was not over by `since`; `since`
 * if there is none. */
static int64_t came_before(const struct sw_name_history *of, const struct sw_addr *addr,
                           const struct sw_owner *owner, int64_t since_us)
{
    int64_t before_us = since_us;
    for (size_t i = 0; i < of->n; i++) {
        const struct sw_name_addr *seen = &of->addrs[i];
        if (!sw_addr_equal(&seen->addr, addr) || sw_episode_same(&seen->owner, owner))
            continue;
        const struct sw_episode *then = sw_episode_at(of, &seen->owner, true, since_us);
        if (!then || then->from_us > since_us || !goes_on(of, then, since_us, since_us))
            continue;
        int64_t from_us = seen->first_us > then->from_us ? seen->first_us : then->from_us;
        before_us = from_us < before_us ? from_us : before_us;
    }
    return before_us;
}

/* When the name came to the address. Databases may have changed more than once since: each former
 * holder of the address leads to the one before (D-252). */
static int64_t came_to(const struct sw_name_history *of, const struct sw_addr *addr,
                       const struct sw_owner *owner, int64_t first_us)
{
    int64_t since_us = first_us;
    for (size_t i = 0; i < of->n; i++) {
        int64_t before_us = came_before(of, addr, owner, since_us);
        if (before_us == since_us)
            break;
        since_us = before_us;
    }
    return since_us;
}

struct sw_episode *sw_episode_note_addr(struct sw_name_history *of, const struct sw_addr *addr,
                                        const struct sw_owner *owner, int64_t first_us,
                                        int64_t last_us, uint64_t count)
{
    struct sw_episode *now = find(of, owner, true, first_us, last_us);
    if (!now)
        first_us = came_to(of, addr, owner, first_us);
    return sw_episode_note(of, owner, true, first_us, last_us, count);
}

void sw_episode_absorb(struct sw_name_history *of, const struct sw_episode *stored)
{
    for (size_t i = 0; i < of->episodes_n; i++) {
        struct sw_episode *one = &of->episodes[i];
        if (!is_of(one, &stored->owner, stored->answered) || one->to_us < stored->from_us ||
            stored->to_us < one->from_us)
            continue;
        one->from_us = stored->from_us < one->from_us ? stored->from_us : one->from_us;
        one->to_us = stored->to_us > one->to_us ? stored->to_us : one->to_us;
        one->count = stored->count > one->count ? stored->count : one->count;
        return;
    }
    struct sw_episode *place = place_for_new(of);
    if (place)
        *place = *stored;
}
