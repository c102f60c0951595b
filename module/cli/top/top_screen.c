/*
 * top_screen.c - the screen of sinkwatch top, by ncurses. See top.h.
 *
 * Three lines at the top (state, views, headings), rows, and a line of keys. All widths are those
 * of the terminal at the moment, so a change of size needs a drawing and nothing else.
 */
#define NCURSES_WIDECHAR 1
#include "cli/output.h"
#include "cli/top/top.h"

#include <curses.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#define HEAD     3
#define WIDE_MIN 40
#define HIGH_MIN 6

#define BOLD    ((int)A_BOLD)
#define REVERSE ((int)A_REVERSE)
#define PLAIN   ((int)A_NORMAL)

enum { PAIR_BAD = 1, PAIR_BAR, PAIR_GOOD };

static SCREEN *screen;
static bool colored;

bool top_screen_begin(const struct top *top)
{
    screen = newterm(NULL, stdout, stdin);
    if (!screen) {
        cli_error("this terminal (TERM) is not known; --once prints the tables without one");
        return false;
    }
    set_term(screen);
    cbreak();
    noecho();
    keypad(stdscr, TRUE);
    curs_set(0);
    set_escdelay(50);
    colored = top->cli->color && has_colors() && start_color() == OK;
    if (colored) {
        use_default_colors();
        init_pair(PAIR_BAD, COLOR_RED, -1);
        init_pair(PAIR_BAR, COLOR_BLACK, COLOR_CYAN);
        init_pair(PAIR_GOOD, COLOR_GREEN, -1);
    }
    return true;
}

void top_screen_end(void)
{
    if (!screen)
        return;
    endwin();
    delscreen(screen);
    screen = NULL;
}

/* Attributes of a pair; without colours the fallback. */
static int look(short pair, int fallback)
{
    return colored ? (int)COLOR_PAIR(pair) : fallback;
}

/* ---- text ---- */

/* Write text into exactly `width` columns: cut with '~', padded with spaces. A character without a
 * width of its own (control, direction, combining) is a question mark. Returns columns of the text.
 */
static int put(int y, int x, int width, const char *text, bool right)
{
    wchar_t out[512];
    mbstate_t state = {0};
    int used = 0;
    size_t n = 0, left = strlen(text);
    while (left > 0 && n + 2 < sizeof(out) / sizeof(out[0])) {
        wchar_t c;
        size_t size = mbrtowc(&c, text, left, &state);
        if (size == 0 || size > left)
            break;
        int wide = wcwidth(c) > 0 ? wcwidth(c) : 1;
        c = wcwidth(c) > 0 ? c : L'?';
        if (used + wide > width)
            break;
        out[n++] = c;
        used += wide;
        text += size;
        left -= size;
    }
    if (left > 0 && n > 0) {
        used += 1 - wcwidth(out[n - 1]);
        out[n - 1] = L'~';
    }
    mvhline(y, x, ' ', width);
    mvaddnwstr(y, right ? x + width - used : x, out, (int)n);
    return used;
}

static void put_all(int y, const char *text, int attributes)
{
    attrset(attributes);
    put(y, 0, COLS, text, false);
    attrset(PLAIN);
}

/* ---- lines ---- */

/* At most 80 columns for any numbers below a billion. */
static void draw_state(const struct top *top)
{
    char text[200], when[16], unread[48] = "", gone[48] = "";
    struct tm tm;
    uint64_t forgotten = top->names.evicted + top->clients.evicted + top->lists.evicted;
    strftime(when, sizeof(when), "%H:%M:%S", gmtime_r(&top->now, &tm));
    if (top->sampled)
        snprintf(unread, sizeof(unread), "  sampled: %" PRIu64 " unread", top->sampled);
    if (forgotten)
        snprintf(gone, sizeof(gone), "  %" PRIu64 " rows gone", forgotten);
    snprintf(text, sizeof(text), "top %s UTC  %" PRIu64 " events%s%s%s", when, top->entries, unread,
             gone, top->paused ? "  PAUSED" : "");
    put_all(0, text, BOLD);
}

static void draw_views(const struct top *top)
{
    int x = 0;
    char text[200];
    put_all(1, "", PLAIN);
    for (int i = 0; i < TOP_VIEWS && x + 12 < COLS; i++) {
        snprintf(text, sizeof(text), " %d %s ", i + 1, top_view_name((enum top_view)i));
        attrset(i == (int)top->view ? look(PAIR_BAR, REVERSE) : PLAIN);
        x += put(1, x, (int)strlen(text), text, false);
    }
    attrset(PLAIN);
    if (!top->filter[0] || x + 10 > COLS)
        return;
    snprintf(text, sizeof(text), "  filter: %s", cli_clean_text(top->filter));
    put(1, x, COLS - x, text, false);
}

/* Columns of the terminal for each column of the view. */
static void widths(const struct top_column *column, size_t n, int *width)
{
    int rest = COLS - (int)n + 1, shares = 0, last = 0;
    for (size_t i = 0; i < n; i++) {
        rest -= column[i].width;
        shares += column[i].shares;
    }
    int all = rest > 0 ? rest : 0;
    for (size_t i = 0; i < n; i++) {
        width[i] = column[i].width;
        if (!column[i].shares)
            continue;
        width[i] = all * column[i].shares / shares;
        rest -= width[i];
        last = (int)i;
    }
    width[last] += rest > 0 ? rest : 0;
}

static void draw_headings(const struct top *top, const struct top_column *column, size_t n,
                          const int *width)
{
    int x = 0;
    attrset(look(PAIR_BAR, REVERSE));
    mvhline(2, 0, ' ', COLS);
    for (size_t i = 0; i < n; i++) {
        char text[40];
        bool sorted = column[i].sort == (int)top->sort;
        snprintf(text, sizeof(text), "%s%s", column[i].heading,
                 !sorted         ? ""
                 : top->reversed ? "^"
                                 : "v");
        put(2, x, width[i], text, column[i].right);
        x += width[i] + 1;
    }
    attrset(PLAIN);
}

static bool is_bad(const struct top *top, size_t i)
{
    if (top->view != TOP_RESOLVERS)
        return false;
    const struct top_resolver *resolver = top->order[i];
    return !resolver->live || resolver->error[0];
}

static void draw_row(const struct top *top, int y, size_t i, size_t n, const int *width)
{
    static char cell[TOP_COLUMNS][TOP_CELL];
    const struct top_column *column;
    struct top *of = (struct top *)(uintptr_t)top;
    bool tagged = top_tally_of(of, top->view) && ((const struct top_row *)top->order[i])->tagged;
    int x = 0;
    top_columns(top->view, &column);
    top_cells(top, i, cell);
    attrset(i == top->selected ? REVERSE
            : is_bad(top, i)   ? look(PAIR_BAD, BOLD)
            : tagged           ? look(PAIR_GOOD, BOLD) | BOLD
                               : PLAIN);
    mvhline(y, 0, ' ', COLS);
    for (size_t j = 0; j < n; j++) {
        put(y, x, width[j], cell[j], column[j].right);
        x += width[j] + 1;
    }
    if (tagged)
        mvaddch(y, 0, '*');
    attrset(PLAIN);
}

static void draw_keys(const struct top *top)
{
    char text[300];
    if (top->typing)
        snprintf(text, sizeof(text), "Filter: %s_   Enter keeps, Esc drops",
                 cli_clean_text(top->filter));
    else if (top->problem[0])
        snprintf(text, sizeof(text), "Trying again. %s", cli_clean_text(top->problem));
    else
        snprintf(text, sizeof(text),
                 "F1Help F4Filter F6Sort Space:tag p:pause c:clear 1-5:view F10Quit");
    put_all(LINES - 1, text,
            top->problem[0] && !top->typing ? look(PAIR_BAD, BOLD) : look(PAIR_BAR, REVERSE));
}

static void draw_help(void)
{
    static const char *const line[] = {
        "1 to 5, Tab, Left, Right   views: hits, names, clients, lists, resolvers",
        "Up, Down, PgUp, PgDn       move; Home, End: first, last",
        "F4 / \\                     filter: rows that contain the text; Esc clears",
        "F6 > <                     sort by the next, the former column",
        "I                          turn the order",
        "Space                      tag a row: tagged rows stay at the top; U untags all",
        "Enter                      filter by the selected name, client or list",
        "p                          pause: nothing is read; again: go on, nothing is lost",
        "c                          clear: forget all counts",
        "F1 h ?                     this help",
        "F10 q                      quit",
        "",
        "Counts are of the events since the start of this command, and of some before.",
    };
    for (int y = HEAD; y < LINES - 1; y++)
        put_all(y, y - HEAD < (int)(sizeof(line) / sizeof(line[0])) ? line[y - HEAD] : "", 0);
}

/* Keep the selected row on the screen. */
static void scroll_rows(struct top *top)
{
    top->page = (size_t)(LINES - HEAD - 1);
    if (top->selected >= top->ordered)
        top->selected = top->ordered ? top->ordered - 1 : 0;
    if (top->selected < top->first)
        top->first = top->selected;
    if (top->selected >= top->first + top->page)
        top->first = top->selected - top->page + 1;
}

static void draw_rows(struct top *top)
{
    const struct top_column *column;
    int width[TOP_COLUMNS];
    size_t n = top_columns(top->view, &column);
    widths(column, n, width);
    draw_headings(top, column, n, width);
    scroll_rows(top);
    for (int y = HEAD; y < LINES - 1; y++) {
        size_t i = top->first + (size_t)(y - HEAD);
        if (i < top->ordered)
            draw_row(top, y, i, n, width);
        else
            put_all(y, i == 0 ? "nothing yet" : "", PLAIN);
    }
}

void top_draw(struct top *top)
{
    top_order(top); /* on a small screen as well: keys look at the rows, and reading frees some */
    if (COLS < WIDE_MIN || LINES < HIGH_MIN) {
        erase();
        put_all(0, "too small: 40 x 6 at least", PLAIN);
        refresh();
        return;
    }
    draw_state(top);
    draw_views(top);
    if (top->help) {
        put_all(2, "Keys", look(PAIR_BAR, REVERSE));
        draw_help();
    } else {
        draw_rows(top);
    }
    draw_keys(top);
    refresh();
}
