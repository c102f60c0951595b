/*
 * write_tables.c - CSV with a column for each fact, and JSON with an object on each line.
 *
 * Both have every kind of indicator. The names of columns and members are those that roles.c reads
 * as the same fact again.
 *
 * Standards    RFC 4180 (CSV), RFC 8259 (JSON)
 */
#include "formats/parts.h"
#include "formats/writing.h"

#include <stdlib.h>
#include <string.h>

/* ---- CSV ---- */

static const char *const columns[] = {"first_seen", "last_seen", "updated", "confidence",
                                      "reference",  "campaign",  "threat",  "tlp",
                                      "provider",   "expires",   "note",    "tags"};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

/* Whether a text can be a field: neither control characters, which end lines, nor what a
 * spreadsheet takes for a formula. */
static bool fits(const char *text)
{
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return false;
    return text[0] && !strchr("=+-@ ", text[0]) && text[strlen(text) - 1] != ' ';
}

/* A field, in quotes where the text has a separator or quotes. */
static void say_field(struct sw_format_writer *writer, const char *text)
{
    if (!strpbrk(text, ",;|\"")) {
        sw_say(writer, "%.4000s", text);
        return;
    }
    writer->out(writer->arg, "\"", 1);
    for (const char *quote; (quote = strchr(text, '"')) != NULL; text = quote + 1) {
        writer->out(writer->arg, text, (size_t)(quote - text));
        writer->out(writer->arg, "\"\"", 2);
    }
    writer->out(writer->arg, text, strlen(text));
    writer->out(writer->arg, "\"", 1);
}

/* A fact as the text of a field; NULL: the fact is not there, or no field can say it. Freed by the
 * caller. */
static char *field(const struct sw_outgoing *one, const char *fact)
{
    const json_t *value = json_object_get(one->facts, fact);
    const char *text = json_string_value(value);
    if (json_is_number(value))
        return json_dumps(value, JSON_ENCODE_ANY);
    if (!text || strlen(text) != json_string_length(value) || strlen(text) > 4000 || !fits(text))
        return NULL;
    return strdup(text);
}

static const char *put_csv(struct sw_format_writer *writer, struct sw_outgoing *one)
{
    size_t copied = 0;
    say_field(writer, one->text);
    for (size_t i = 0; i < COLUMNS; i++) {
        char *text = field(one, columns[i]);
        writer->out(writer->arg, ",", 1);
        if (text)
            say_field(writer, text);
        copied += text != NULL;
        free(text);
    }
    writer->out(writer->arg, "\n", 1);
    sw_note_copied(one, copied);
    return NULL;
}

void sw_writes_csv(struct sw_format_writer *writer)
{
    writer->put = put_csv;
    sw_say(writer, "indicator");
    for (size_t i = 0; i < COLUMNS; i++)
        sw_say(writer, ",%s", columns[i]);
    sw_say(writer, "\n");
}

/* ---- JSON ---- */

/* Whether a member is read as a fact of the same name, or by other programs only. */
static bool is_free(const char *member, const json_t *value)
{
    const char *fact = NULL;
    enum sw_column role = sw_role((struct sw_piece){member, strlen(member)}, &fact);
    return role == SW_ROLE_NONE ||
           (role == SW_ROLE_FACT && strcmp(fact, member) == 0 && !json_is_object(value));
}

static const char *put_json(struct sw_format_writer *writer, struct sw_outgoing *one)
{
    json_t *object = json_object(), *value;
    const char *member;
    json_object_set_new(object, "indicator", json_string(one->text));
    json_object_foreach((json_t *)(uintptr_t)one->facts, member, value)
    {
        if (is_free(member, value))
            json_object_set(object, member, value);
    }
    sw_note_copied(one, json_object_size(object) - 1);
    sw_say_json(writer, object);
    sw_say(writer, "\n");
    return NULL;
}

void sw_writes_json(struct sw_format_writer *writer)
{
    writer->put = put_json;
}
