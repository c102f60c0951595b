/* writing.c - parts that the formats of writers share. See writing.h. */
#include "formats/writing.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAY_MAX 4096 /* two names in escapes, and words */

void sw_say(struct sw_format_writer *writer, const char *format, ...)
{
    char text[SAY_MAX];
    va_list rest;
    va_start(rest, format);
    int n = vsnprintf(text, sizeof(text), format, rest);
    va_end(rest);
    if (n < 0 || (size_t)n >= sizeof(text))
        abort();
    writer->out(writer->arg, text, (size_t)n);
}

void sw_say_json(struct sw_format_writer *writer, json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENSURE_ASCII);
    if (!text)
        abort();
    writer->out(writer->arg, text, strlen(text));
    free(text);
    json_decref(value);
}

const char *sw_no_rules(const struct sw_format_writer *writer, bool exempts)
{
    const struct sw_policy *policy = writer->options.policy;
    bool exemption = policy->kind == SW_KIND_ALLOW || writer->options.action == SW_ACTION_PASSTHRU;
    if (policy->kind != SW_KIND_IOC && policy->kind != SW_KIND_ALLOW)
        return "a list of this kind blocks nothing";
    return exemption && !exempts ? "the list exempts, and the format only blocks" : NULL;
}

const char *sw_no_exact(const struct sw_format_writer *writer, struct sw_outgoing *one)
{
    if (one->indicator->form == SW_FORM_BELOW)
        return "only the names below; the format has names alone";
    if (one->indicator->form == SW_FORM_SUBTREE && !writer->options.narrow)
        return "a name and all below; the format has names alone (--narrow writes the name)";
    one->narrowed = one->indicator->form == SW_FORM_SUBTREE;
    return NULL;
}

size_t sw_copy_fact(const struct sw_outgoing *one, const char *fact, json_t *object,
                    const char *member, bool number)
{
    json_t *value = json_object_get(one->facts, fact);
    if (!json_is_string(value) && !(number && json_is_number(value)))
        return 0;
    json_object_set(object, member, value);
    return 1;
}

void sw_note_copied(struct sw_outgoing *one, size_t copied)
{
    one->facts_left_out = one->facts_left_out || json_object_size(one->facts) > copied;
}
