/*
 * group.h - between match and decide: which of the rules that matched apply to whom.
 *
 * A list may apply to some client groups only (base/groups.h). Where one that matched does, the match
 * is cut into parts: sets of groups for whom the same rules apply. Each part is decided by itself,
 * once for all clients in it, also those who join later.
 *
 * Threads      pure over its arguments; inside the RCU section of the match
 */
#ifndef SW_FLOW_GROUP_H
#define SW_FLOW_GROUP_H

#include "base/groups.h"
#include "flow/stage.h"

#define SW_PARTS_MAX (SW_GROUPS_MAX + 1)

/** Sets of groups, bit i for group i, each with other rules that apply; together they are all
 * groups. Returns their number: 1 where no list that matched is for some groups only. */
size_t sw_group_parts(const struct sw_flow *flow, const struct sw_match *match,
                      uint32_t parts[SW_PARTS_MAX]);

/** The match without the rules that do not apply to the groups of one part. */
void sw_group_match(const struct sw_flow *flow, const struct sw_match *match, uint32_t part,
                    struct sw_match *out);

#endif
