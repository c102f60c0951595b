/*
 * finding.h - one finding, one document: sights of the same finding are counted, for the fleet.
 *
 * A finding is an anomaly about an indicator (or a watched name's indicator), with the address,
 * protected indicator or holder that it is about. Its members are the names and addresses for which
 * it is true. Each member that is new is claimed here. The document is written when the number of
 * members reaches 1, 2, 4, 8, ...: thirty-one names below one indicator are five documents, and a
 * reader sees the growth (D-141).
 *
 * The claim is a sorted set in Redis, {prefix}:finding:<type>:<subject>:<detail>, member -> time.
 * So of several resolvers and sweeps that see the same, one writes the document. A member with a
 * time before the begin of the present episode counts as new. While Redis is away, or forbids the
 * commands, the claim is made in memory alone.
 *
 * Threads      the recorder
 * Memory       at most SW_FINDINGS_MAX findings with SW_MEMBERS_MAX members each
 * Reliability  a claim costs a round trip to Redis, for new members only
 */
#ifndef SW_JOURNAL_HISTORY_FINDING_H
#define SW_JOURNAL_HISTORY_FINDING_H

#include "base/indicator.h"
#include "base/settings.h"
#include "journal/link.h"

#include <stddef.h>
#include <stdint.h>

#define SW_FINDINGS_MAX 8192
#define SW_MEMBERS_MAX  1024
#define SW_FINDING_MAX  (2 * SW_NAMETEXT_MAX + 512)

struct sw_findings;

/** settings must outlive the result; link may be NULL: memory alone. NULL: out of memory. */
struct sw_findings *sw_findings_new(const struct sw_settings *settings, struct sw_link *link);
void sw_findings_free(struct sw_findings *findings); /* NULL is fine */

/**
 * Claim a member of a finding.
 *
 * finding   "<type>:<subject>:<detail>", shorter than SW_FINDING_MAX
 * begin_us  begin of the episode: a claim that is more than SW_EPISODE_GAP_US older is of another
 *
 * Returns the number of members since begin_us; 0: the member was claimed before.
 */
size_t sw_findings_claim(struct sw_findings *findings, const char *finding, const char *member,
                         int64_t begin_us, int64_t time_us);

/** The number of members since begin_us, as this process knows them, or as Redis counted them at
 * the last claim of a member that was new here; claims nothing. */
size_t sw_findings_count(const struct sw_findings *findings, const char *finding, int64_t begin_us);

/** Whether a number of members is worth a document: 1, 2, 4, 8, ... */
static inline bool sw_finding_grew(size_t members)
{
    return members > 0 && (members & (members - 1)) == 0;
}

#endif
