/* view_parts.c - parts that several views share. See views.h. */
#include "base/rcu.h"
#include "cli/show/ownership.h"
#include "cli/view/views.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void copy_text(char *to, size_t max, const json_t *facts, const char *member)
{
    snprintf(to, max, "%s", cli_json_text(facts, member));
}

void view_owner_of(const json_t *facts, struct sw_owner *owner)
{
    const char *prefix = cli_json_text(facts, "prefix"), *why;
    *owner = (struct sw_owner){.asn = (uint32_t)json_integer_value(json_object_get(facts, "asn"))};
    if (prefix[0] && sw_addr_parse(prefix, strlen(prefix), &owner->prefix, &why) != SW_OK)
        owner->prefix.family = 0;
    copy_text(owner->org, sizeof(owner->org), facts, "org");
    copy_text(owner->registrant, sizeof(owner->registrant), facts, "registrant");
    copy_text(owner->netname, sizeof(owner->netname), facts, "netname");
    copy_text(owner->country, sizeof(owner->country), facts, "country");
}

json_t *view_holder(struct cli *cli, const struct sw_owner *owner)
{
    json_t *out = cli_holder_json(cli, owner);
    const char *name = cli_json_text(out, "class");
    enum sw_class class;
    if (sw_class_parse(name, strlen(name), &class) == SW_OK &&
        cli->settings.protected_classes & SW_CLASS_BIT(class))
        json_object_set_new(out, "protected", json_true());
    return out;
}

void view_owner_now(struct cli *cli, const struct sw_addr *addr, struct sw_owner *owner)
{
    const struct sw_owners *owners = cli_owners(cli);
    *owner = (struct sw_owner){0};
    sw_rcu_enter();
    sw_owner_find(owners, addr, owner);
    sw_rcu_leave();
}

json_t *view_hash(struct cli *cli, const char *key, struct cli_part *part)
{
    json_t *out = json_object();
    part->most = VIEW_FIELDS;
    if (cli_part_read(cli, key, part) != CLI_OK) {
        json_decref(out);
        return NULL;
    }
    for (size_t i = 0; i + 1 < part->fields->elements; i += 2) {
        const redisReply *value = part->fields->element[i + 1];
        json_t *object = json_loadb(value->str, value->len, 0, NULL);
        if (json_is_object(object))
            json_object_set(out, part->fields->element[i]->str, object);
        json_decref(object);
    }
    freeReplyObject(part->reply);
    part->reply = NULL;
    part->fields = NULL;
    return out;
}

static int by_last(const void *a, const void *b)
{
    const json_t *const *x = a, *const *y = b;
    int order = strcmp(cli_json_text(*y, "last"), cli_json_text(*x, "last"));
    return order ? order : json_object_size(*x) < json_object_size(*y);
}

json_t *view_by_last(json_t *members, const char *key)
{
    size_t n = 0;
    const char *name;
    json_t *one, **rows = cli_alloc(json_object_size(members), sizeof(json_t *)), *out;
    json_object_foreach(members, name, one)
    {
        cli_json_set(one, key, name);
        rows[n++] = one;
    }
    qsort(rows, n, sizeof(json_t *), by_last);
    out = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append(out, rows[i]);
    free(rows);
    return out;
}

json_t *view_slice(const json_t *rows, size_t offset)
{
    json_t *out = json_array();
    for (size_t i = offset; i < json_array_size(rows) && i < offset + VIEW_PAGE; i++)
        json_array_append(out, json_array_get(rows, i));
    return out;
}

/* ---- pages ---- */

bool view_from_parse(const char *text, struct view_from *from)
{
    *from = (struct view_from){.offset = 0};
    if (text[0] == 's') {
        size_t digits = strspn(++text, "0123456789");
        if (digits == 0 || digits >= sizeof(from->cursor))
            return false;
        memcpy(from->cursor, text, digits);
        text += digits;
        text += text[0] == '.';
    }
    size_t digits = strspn(text, "0123456789");
    from->offset = digits < 10 ? strtoul(text, NULL, 10) : 0;
    return text[digits] == '\0' && digits < 10;
}

json_t *view_next(const struct view_from *from, size_t rows, const char *cursor)
{
    size_t offset = from->offset + VIEW_PAGE;
    if (offset >= rows)
        return cursor[0] ? json_sprintf("s%s", cursor) : json_null();
    return from->cursor[0] ? json_sprintf("s%s.%zu", from->cursor, offset)
                           : json_sprintf("%zu", offset);
}

void view_unknown(json_t *unknown, const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    json_array_append_new(unknown, json_string(text));
}
