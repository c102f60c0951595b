/*
 * csv.c - tables: a row on each line, columns by a header or by --columns.
 *
 * The header is the first row that names a column of indicators; feeds also put the header into the
 * last comment before the first row. Without a header each row is refused: no column is guessed.
 * The separator is whichever of comma, semicolon, tab and bar the header has most of.
 *
 * Standards    RFC 4180 (quotes); a quoted field does not go over the end of a line here
 */
#include "formats/parts.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 64

struct column {
    enum sw_column role;
    const char *fact;
};

struct table {
    char separator;
    struct column column[COLUMNS_MAX];
    size_t n;               /* columns; 0: no header yet */
    bool url_only;          /* no column of indicators but of URLs */
    struct sw_text comment; /* the last before the first row */
    struct sw_text fields;  /* octets of a row's fields without quotes */
};

/* The next field of a row: quotes are taken off, into text. false: none left, or a quote that is
 * not closed (*broken). */
static bool next_field(struct sw_piece *row, char separator, struct sw_text *text,
                       struct sw_piece *field, bool *broken)
{
    size_t start = text->len;
    struct sw_piece s = *row;
    if (!s.p)
        return false;
    while (s.len > 0 && s.p[0] == ' ') {
        s.p++;
        s.len--;
    }
    if (s.len == 0 || s.p[0] != '"') {
        bool more = s.len > 0 && memchr(s.p, separator, s.len);
        *field = sw_trim(sw_cut(&s, separator));
        *row = more ? s : (struct sw_piece){NULL, 0};
        return true;
    }
    size_t i = 1;
    for (;; i++) {
        if (i >= s.len) {
            *broken = true;
            return false;
        }
        if (s.p[i] == '"' && !(i + 1 < s.len && s.p[i + 1] == '"'))
            break;
        i += s.p[i] == '"';
        sw_text_add(text, s.p + i, 1);
    }
    *field = sw_trim((struct sw_piece){text->p + start, text->len - start});
    s = (struct sw_piece){s.p + i + 1, s.len - i - 1};
    bool more = s.len > 0 && memchr(s.p, separator, s.len);
    sw_cut(&s, separator);
    *row = more ? s : (struct sw_piece){NULL, 0};
    return true;
}

/* Split a row. Requires room for COLUMNS_MAX fields. false: a quote that is not closed. */
static bool split(struct table *table, struct sw_piece row, struct sw_piece *field, size_t *n)
{
    bool broken = false;
    table->fields.len = 0;
    sw_text_add(&table->fields, row.p, row.len); /* room: fields are never longer than the row */
    table->fields.len = 0;
    *n = 0;
    while (*n < COLUMNS_MAX &&
           next_field(&row, table->separator, &table->fields, &field[*n], &broken))
        ++*n;
    return !broken;
}

static char separator_of(struct sw_piece row)
{
    static const char candidates[] = ",;\t|";
    size_t best = 0;
    char found = ',';
    for (size_t k = 0; candidates[k]; k++) {
        size_t n = 0;
        for (size_t i = 0; i < row.len; i++)
            n += row.p[i] == candidates[k];
        if (n > best) {
            best = n;
            found = candidates[k];
        }
    }
    return found;
}

/* Whether a row is a header; then its columns are noted. */
static bool take_header(struct table *table, struct sw_piece row)
{
    struct sw_piece field[COLUMNS_MAX];
    size_t n = 0;
    bool indicators = false, urls = false;
    table->separator = separator_of(row);
    if (!split(table, row, field, &n))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (sw_is_data(field[i]))
            return false;
        table->column[i].role = sw_role(field[i], &table->column[i].fact);
        indicators = indicators || table->column[i].role == SW_ROLE_INDICATOR ||
                     table->column[i].role == SW_ROLE_EXACT;
        urls = urls || table->column[i].role == SW_ROLE_URL;
    }
    if (!indicators && !urls)
        return false;
    table->url_only = !indicators;
    table->n = n;
    return true;
}

/* The facts of a row as JSON text, or NULL. Freed by the caller. */
static char *facts_of(const struct table *table, const struct sw_piece *field, size_t n)
{
    json_t *facts = NULL;
    for (size_t i = 0; i < n && i < table->n; i++) {
        if (table->column[i].role != SW_ROLE_FACT || field[i].len == 0)
            continue;
        json_t *value = json_stringn(field[i].p, field[i].len);
        if (!facts)
            facts = json_object();
        if (value && !json_object_get(facts, table->column[i].fact))
            json_object_set(facts, table->column[i].fact, value);
        json_decref(value);
    }
    char *text = facts && json_object_size(facts) ? json_dumps(facts, JSON_COMPACT) : NULL;
    json_decref(facts);
    return text;
}

/* The field of the first column with a role that is not empty. */
static const struct sw_piece *find(const struct table *table, const struct sw_piece *field,
                                   size_t n, enum sw_column role)
{
    for (size_t i = 0; i < n && i < table->n; i++)
        if (table->column[i].role == role && field[i].len > 0)
            return &field[i];
    return NULL;
}

/* An indicator's form; a column of host names holds names alone. */
static void take_row(struct sw_reader *reader, struct sw_piece row, const struct sw_piece *field,
                     size_t n)
{
    const struct table *table = reader->state;
    const struct sw_piece *what = find(table, field, n, SW_ROLE_INDICATOR);
    const struct sw_piece *host = what ? NULL : find(table, field, n, SW_ROLE_EXACT);
    const struct sw_piece *type = find(table, field, n, SW_ROLE_TYPE);
    bool exact = false;
    enum sw_reject reject;
    const char *why;
    if (table->url_only || (!what && !host && find(table, field, n, SW_ROLE_URL))) {
        sw_reject(reader, row, SW_REJECT_URL, "a URL");
    } else if (!what && !host) {
        sw_reject(reader, row, SW_REJECT_SYNTAX, "no indicator in its column");
    } else if (type && !sw_type_usable(*type, &exact, &reject, &why)) {
        sw_reject(reader, row, reject, why);
    } else if (find(table, field, n, SW_ROLE_PATH)) {
        sw_reject(reader, row, SW_REJECT_URL, "a host with a path");
    } else {
        char *facts = facts_of(table, field, n);
        struct sw_said said = {.scope = host || exact ? SW_SCOPE_EXACT : SW_SCOPE_FORMAT,
                               .facts = facts};
        sw_take(reader, what ? *what : *host, what ? *what : *host, &said);
        free(facts);
    }
}

static void csv_line(struct sw_reader *reader, struct sw_piece line)
{
    struct table *table = reader->state;
    struct sw_piece row = sw_trim(line), field[COLUMNS_MAX];
    size_t n = 0;
    if (table->separator == '\t' && table->n > 0)
        row = line; /* empty fields at both ends count */
    if (sw_trim(row).len == 0)
        return;
    if (row.p[0] == '#') {
        table->comment.len = 0;
        sw_text_add(&table->comment, row.p + 1, row.len - 1);
        return;
    }
    if (table->n == 0) {
        struct sw_piece comment = {table->comment.p, table->comment.len};
        if (take_header(table, row))
            return;
        if (comment.len == 0 || !take_header(table, comment)) {
            sw_reject(reader, row, SW_REJECT_SYNTAX,
                      "a table without names of columns (--columns=..,indicator,..)");
            return;
        }
    }
    if (!split(table, row, field, &n))
        sw_reject(reader, row, SW_REJECT_SYNTAX, "a quote that is not closed");
    else
        take_row(reader, row, field, n);
}

static void csv_free(void *state)
{
    struct table *table = state;
    free(table->comment.p);
    free(table->fields.p);
    free(table);
}

/* The columns of the option; the separator is that of the first row. */
static void csv_first_line(struct sw_reader *reader, struct sw_piece line)
{
    struct table *table = reader->state;
    struct sw_piece row = sw_trim(line);
    if (row.len > 0 && row.p[0] != '#') {
        table->separator = separator_of(row);
        reader->reading.line = csv_line;
    }
    csv_line(reader, line);
}

void sw_reads_csv(struct sw_reader *reader)
{
    const char *columns = reader->options.columns;
    struct table *table = sw_grow(NULL, sizeof(*table));
    memset(table, 0, sizeof(*table));
    reader->state = table;
    reader->reading.line = csv_line;
    reader->reading.free = csv_free;
    if (columns && take_header(table, (struct sw_piece){columns, strlen(columns)}))
        reader->reading.line = csv_first_line;
}
