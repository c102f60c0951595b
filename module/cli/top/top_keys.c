/* top_keys.c - keys of sinkwatch top, as in htop. See top.h. */
#define NCURSES_WIDECHAR 1
#include "cli/output.h"
#include "cli/top/top.h"

#include <ctype.h>
#include <curses.h>
#include <string.h>

#define ESCAPE 27

static void set_view(struct top *top, int view)
{
    top->view = (enum top_view)((view + TOP_VIEWS) % TOP_VIEWS);
    top->selected = top->first = 0;
    top->chosen[0] = '\0';
    top->help = false;
}

/* ---- rows ---- */

static void move_by(struct top *top, long by)
{
    long to = (long)top->selected + by, last = (long)top->ordered - 1;
    top->selected = to < 0 || last < 0 ? 0 : (size_t)(to > last ? last : to);
    top->chosen[0] = '\0';
    if (top->selected > 0 && top->selected < top->ordered && top_tally_of(top, top->view))
        memcpy(top->chosen, ((const struct top_row *)top->order[top->selected])->key,
               sizeof(top->chosen));
}

static struct top_row *selected(struct top *top)
{
    struct top_tally *tally = top_tally_of(top, top->view);
    for (size_t i = 0; tally && top->selected < top->ordered && i < tally->n; i++)
        if (tally->row[i] == top->order[top->selected])
            return tally->row[i];
    return NULL;
}

static void tag(struct top *top)
{
    struct top_row *row = selected(top);
    if (row)
        row->tagged = !row->tagged;
    move_by(top, 1);
}

static void untag(struct top *top)
{
    struct top_tally *tally = top_tally_of(top, top->view);
    for (size_t i = 0; tally && i < tally->n; i++)
        tally->row[i]->tagged = false;
}

/* Show only the rows of the selected name, client or list. */
static void filter_by_row(struct top *top)
{
    const struct top_row *row = selected(top);
    if (row)
        snprintf(top->filter, sizeof(top->filter), "%.*s", (int)sizeof(top->filter) - 1,
                 cli_clean_text(row->key));
}

/* ---- the filter ---- */

static void begin_typing(struct top *top)
{
    memcpy(top->former, top->filter, sizeof(top->former));
    top->typing = true;
    top->help = false;
}

static void type(struct top *top, int key)
{
    size_t n = strlen(top->filter);
    if (key == '\n' || key == '\r' || key == KEY_ENTER) {
        top->typing = false;
    } else if (key == ESCAPE) {
        memcpy(top->filter, top->former, sizeof(top->filter));
        top->typing = false;
    } else if (key == KEY_BACKSPACE || key == 127 || key == '\b') {
        top->filter[n ? n - 1 : 0] = '\0';
    } else if (key >= ' ' && key < 127 && n + 1 < sizeof(top->filter)) {
        top->filter[n] = (char)key;
        top->filter[n + 1] = '\0';
    }
    top->selected = top->first = 0;
}

/* ---- keys ---- */

static bool moves(struct top *top, int key)
{
    long page = (long)(top->page ? top->page : 1);
    switch (key) {
    case KEY_UP:
    case 'k':
        move_by(top, -1);
        return true;
    case KEY_DOWN:
    case 'j':
        move_by(top, 1);
        return true;
    case KEY_PPAGE:
        move_by(top, -page);
        return true;
    case KEY_NPAGE:
        move_by(top, page);
        return true;
    case KEY_HOME:
        move_by(top, -(long)top->ordered);
        return true;
    case KEY_END:
        move_by(top, (long)top->ordered);
        return true;
    case KEY_LEFT:
        set_view(top, (int)top->view - 1);
        return true;
    case KEY_RIGHT:
    case '\t':
        set_view(top, (int)top->view + 1);
        return true;
    default:
        return false;
    }
}

static bool sorts(struct top *top, int key)
{
    int by = key == '<' ? TOP_SORTS - 1 : 1;
    switch (key) {
    case KEY_F(6):
    case '>':
    case '<':
        top->sort = (enum top_sort)(((int)top->sort + by) % TOP_SORTS);
        return true;
    case 'I':
        top->reversed = !top->reversed;
        return true;
    case ' ':
        tag(top);
        return true;
    case 'U':
        untag(top);
        return true;
    default:
        return false;
    }
}

static void acts(struct top *top, int key)
{
    switch (key) {
    case KEY_F(1):
    case 'h':
    case '?':
        top->help = !top->help;
        break;
    case KEY_F(3):
    case KEY_F(4):
    case '/':
    case '\\':
        begin_typing(top);
        break;
    case ESCAPE:
        top->filter[0] = '\0';
        top->help = false;
        break;
    case '\n':
    case '\r':
    case KEY_ENTER:
        filter_by_row(top);
        break;
    case 'p':
        top->paused = !top->paused;
        break;
    case 'c':
        top_clear(top);
        break;
    case KEY_F(10):
    case 'q':
        top->stop = true;
        break;
    default:
        break;
    }
}

bool top_key(struct top *top, int wait_ms)
{
    timeout(wait_ms);
    int key = getch();
    if (key == ERR)
        return false;
    if (key == KEY_RESIZE)
        return true;
    if (top->typing)
        type(top, key);
    else if (key >= '1' && key < '1' + TOP_VIEWS)
        set_view(top, key - '1');
    else if (!moves(top, key) && !sorts(top, key))
        acts(top, key);
    top_order(top); /* the next key may come before the next drawing */
    return true;
}
