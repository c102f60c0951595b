/*
 * groups.h - client groups: sets of clients, defined by address prefixes.
 *
 * The settings define each group by a name and prefixes; the policy of a list names the groups
 * that the list applies to. A client is in the group of the longest prefix that covers the
 * client's address. A client that no prefix covers is in group 0.
 *
 * Threads      filled when settings are read, constant afterwards
 * Cost         a look-up compares with each prefix; needed only if a matching rule applies to
 *              some groups only
 */
#ifndef SW_BASE_GROUPS_H
#define SW_BASE_GROUPS_H

#include "base/addr.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SW_GROUPS_MAX         31 /* with group 0 a set of groups is 32 bits */
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
 * Add "NAME PREFIX...": a new group, or more prefixes of an existing group. Addresses are
 * prefixes of full length.
 *
 * SW_OK; SW_EINVAL: a bad name, no prefix, a bad prefix, or a prefix that a group has already;
 * SW_ETOOBIG: too many groups or prefixes. Nothing is changed after an error.
 */
enum sw_status sw_groups_add(struct sw_groups *groups, const char *line);

/** The group of a client, 0 for none. */
unsigned sw_groups_of(const struct sw_groups *groups, const struct sw_addr *client);

/** The group with the name in the first len octets of text, 0 for an unknown name. */
unsigned sw_groups_find(const struct sw_groups *groups, const char *text, size_t len);

#endif
