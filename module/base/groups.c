#include "base/groups.h"

#include <string.h>

#define BLANKS " \t"

bool sw_groupname_ok(const char *text)
{
    size_t len = strnlen(text, SW_GROUPNAME_MAX);
    return len > 0 && len < SW_GROUPNAME_MAX &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789._-") == len;
}

unsigned sw_groups_find(const struct sw_groups *groups, const char *text, size_t len)
{
    for (unsigned i = 0; i < groups->n; i++)
        if (strlen(groups->name[i]) == len && memcmp(groups->name[i], text, len) == 0)
            return i + 1;
    return 0;
}

unsigned sw_groups_of(const struct sw_groups *groups, const struct sw_addr *client)
{
    unsigned group = 0;
    int longest = -1;
    for (size_t i = 0; i < groups->prefixes; i++) {
        const struct sw_addr *prefix = &groups->prefix[i];
        if (prefix->plen > longest && sw_addr_covers(prefix, client)) {
            longest = prefix->plen;
            group = groups->group[i];
        }
    }
    return group;
}

/* The group of this name, created if new; 0: not a permitted name, or no room. */
static unsigned group_named(struct sw_groups *groups, const char *text, size_t len)
{
    char name[SW_GROUPNAME_MAX] = "";
    unsigned group = sw_groups_find(groups, text, len);
    if (group || len >= sizeof(name) || groups->n == SW_GROUPS_MAX)
        return group;
    memcpy(name, text, len);
    if (!sw_groupname_ok(name))
        return 0;
    memcpy(groups->name[groups->n], name, sizeof(name));
    return ++groups->n;
}

static enum sw_status add_prefix(struct sw_groups *groups, unsigned group, const char *text,
                                 size_t len)
{
    struct sw_addr addr;
    if (sw_addr_parse(text, len, &addr, NULL) != SW_OK)
        return SW_EINVAL;
    for (size_t i = 0; i < groups->prefixes; i++)
        if (sw_addr_equal(&groups->prefix[i], &addr))
            return SW_EINVAL;
    if (groups->prefixes == SW_GROUP_PREFIXES_MAX)
        return SW_ETOOBIG;
    groups->prefix[groups->prefixes] = addr;
    groups->group[groups->prefixes++] = (uint8_t)group;
    return SW_OK;
}

enum sw_status sw_groups_add(struct sw_groups *groups, const char *line)
{
    struct sw_groups made = *groups;
    enum sw_status status = SW_EINVAL; /* no prefix at all */
    line += strspn(line, BLANKS);
    size_t len = strcspn(line, BLANKS);
    unsigned group = group_named(&made, line, len);
    if (group == 0)
        return groups->n == SW_GROUPS_MAX ? SW_ETOOBIG : SW_EINVAL;
    for (line += len; *(line += strspn(line, BLANKS)) != '\0'; line += len) {
        len = strcspn(line, BLANKS);
        status = add_prefix(&made, group, line, len);
        if (status != SW_OK)
            return status;
    }
    if (status == SW_OK)
        *groups = made;
    return status;
}
