/*
 * groups.h - client groups: which clients a list speaks of, by their addresses.
 *
 * The settings name groups by prefixes; the policy of a list names the groups it applies to. A
 * client is in the group of the longest prefix that covers its address, or in none: group 0.
 *
 * Threads      made when settings are read, constant afterwards
 * Cost         one look-up compares with each prefix; made only where a rule that matched is for
 *              some groups only
 */
#ifndef SW_BASE_GROUPS_H
#define SW_BASE_GROUPS_H

#include "base/addr.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SW_GROUPS_MAX         31 /* with group 0 a set of them is 32 bits */
#define SW_GROUPNAME_MAX      32 /* with NUL; a-z 0-9 . _ - and not empty */
#define SW_GROUP_PREFIXES_MAX 256

struct sw_groups {
    uint32_t n;                                 /* groups 1..n have names */
    char name[SW_GROUPS_MAX][SW_GROUPNAME_MAX]; /* of group i: name[i - 1] */
    uint32_t prefixes;
    struct sw_addr prefix[SW_GROUP_PREFIXES_MAX];
    uint8_t group[SW_GROUP_PREFIXES_MAX]; /* of that prefix */
};

/** Whether text is a permitted name of a group. */
bool sw_groupname_ok(const char *text);

/**
 * Add "NAME PREFIX...": a new group, or more prefixes of one that is there. Addresses are
 * prefixes of full length.
 *
 * SW_OK; SW_EINVAL: a bad name or prefix, none, or one that a group has already; SW_ETOOBIG: too
 * many groups or prefixes. Nothing is changed then.
 */
enum sw_status sw_groups_add(struct sw_groups *groups, const char *line);

/** The group of a client, 0 for none. */
unsigned sw_groups_of(const struct sw_groups *groups, const struct sw_addr *client);

/** The group with the name that is the first len octets of text, 0 when there is none. */
unsigned sw_groups_find(const struct sw_groups *groups, const char *text, size_t len);

#endif
