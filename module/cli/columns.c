/* columns.c - tables for people: as wide as needed, cut to the terminal. See output.h. */
#include "cli/output.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COLUMNS_MAX 12
#define CELL_MIN    8   /* no column is cut below this */
#define SCREEN      100 /* columns when the terminal does not say */
#define GAP         2

struct row {
    char *cell[COLUMNS_MAX];
    enum cli_style style;
};

struct cli_table {
    const struct cli *cli;
    size_t columns, rows, room;
    const char *heading[COLUMNS_MAX];
    bool right[COLUMNS_MAX], cut[COLUMNS_MAX];
    size_t width[COLUMNS_MAX]; /* 0: empty in all rows, left out */
    struct row *row;
};

/* Characters of UTF-8 text: octets other than continuation octets. */
static size_t characters(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

struct cli_table *cli_table_new(const struct cli *cli, const char *heading, ...)
{
    struct cli_table *table = cli_alloc(1, sizeof(*table));
    va_list more;

    table->cli = cli;
    va_start(more, heading);
    for (; heading && table->columns < COLUMNS_MAX; heading = va_arg(more, const char *)) {
        size_t i = table->columns++;
        table->right[i] = heading[0] == '>';
        table->cut[i] = heading[0] == '~';
        table->heading[i] = heading + (table->right[i] || table->cut[i]);
    }
    va_end(more);
    return table;
}

void cli_table_row(struct cli_table *table, ...)
{
    va_list cells;

    if (table->rows == table->room) {
        table->room = table->room ? 2 * table->room : 32;
        table->row = cli_grow(table->row, table->room, sizeof(*table->row));
    }
    struct row *row = &table->row[table->rows++];
    memset(row, 0, sizeof(*row));
    va_start(cells, table);
    for (size_t i = 0; i < table->columns; i++) {
        row->cell[i] = cli_copy(cli_clean_text(va_arg(cells, const char *)));
        size_t width = characters(row->cell[i]);
        if (width > 0 && characters(table->heading[i]) > width)
            width = characters(table->heading[i]);
        if (width > table->width[i])
            table->width[i] = width;
    }
    va_end(cells);
}

void cli_table_style(struct cli_table *table, enum cli_style style)
{
    table->row[table->rows - 1].style = style;
}

/* Columns of the terminal; 0 when standard output is none. */
static size_t screen(void)
{
    struct winsize size = {0};
    if (!isatty(STDOUT_FILENO))
        return 0;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40)
        return size.ws_col;
    return SCREEN;
}

/* Cut the widest columns that may be cut until all fit. */
static void fit(struct cli_table *table, size_t room)
{
    for (;;) {
        size_t all = 0, widest = table->columns;
        for (size_t i = 0; i < table->columns; i++) {
            all += table->width[i] ? table->width[i] + GAP : 0;
            if (table->cut[i] && table->width[i] > CELL_MIN &&
                (widest == table->columns || table->width[i] > table->width[widest]))
                widest = i;
        }
        if (all <= room + GAP || widest == table->columns)
            return;
        table->width[widest]--;
    }
}

/* A cell padded to the column's width; `last` cells get no trailing spaces. */
static void print_cell(const struct cli_table *table, size_t column, const char *text, bool last)
{
    size_t width = table->width[column], n = characters(text);
    if (n > width) { /* up to the character before the last that fits, and a sign */
        size_t octets = 0;
        for (size_t seen = 0; text[octets]; octets++) {
            seen += ((unsigned char)text[octets] & 0xc0) != 0x80;
            if (seen == width)
                break;
        }
        printf("%.*s~", (int)octets, text);
        n = width;
    } else {
        printf("%*s%s", table->right[column] ? (int)(width - n) : 0, "", text);
    }
    if (!last)
        printf("%*s", (int)(GAP + (table->right[column] ? 0 : width - n)), "");
}

static void print_line(const struct cli_table *table, const char *const *cells, unsigned indent,
                       enum cli_style style)
{
    size_t last = 0;
    for (size_t i = 0; i < table->columns; i++)
        if (table->width[i] && (cells[i][0] || table->right[i]))
            last = i;
    printf("%*s%s", (int)indent, "", style == CLI_PLAIN ? "" : cli_style(table->cli, style));
    for (size_t i = 0; i <= last; i++)
        if (table->width[i])
            print_cell(table, i, cells[i], i == last);
    printf("%s\n", style == CLI_PLAIN ? "" : cli_style(table->cli, CLI_PLAIN));
}

void cli_table_print(struct cli_table *table, unsigned indent)
{
    size_t room = screen();
    if (room > 0)
        fit(table, room - indent);
    if (table->rows > 0)
        print_line(table, table->heading, indent, CLI_BOLD);
    for (size_t i = 0; i < table->rows; i++) {
        const char *cells[COLUMNS_MAX] = {NULL};
        for (size_t j = 0; j < table->columns; j++)
            cells[j] = table->row[i].cell[j];
        print_line(table, cells, indent, table->row[i].style);
        for (size_t j = 0; j < table->columns; j++)
            free(table->row[i].cell[j]);
    }
    free(table->row);
    free(table);
}
