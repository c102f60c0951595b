/*
 * report_picture.c - SVG: anomalies on a time line, bars of ownership, the graph in three columns.
 * See report.h.
 *
 * The graph's columns are names, addresses, owners. In each column a node moves towards the mean
 * place of linked nodes (barycentres, Sugiyama 1981), a few times over. Nothing is random: the same
 * data gives the same picture.
 */
#include "cli/output.h"
#include "cli/report/report.h"

#include <stdlib.h>
#include <string.h>

#define WIDTH       1100
#define LEFT        270 /* of the time axis */
#define RIGHT       1080
#define ROW         22
#define TYPES_MAX   16
#define BARS_MAX    80 /* indicators with bars */
#define BARS_OF_ONE 24 /* owners of an indicator */
#define COLUMN_MAX  70 /* items in a column of the graph */
#define PASSES      6
#define DAY         86400

/* ---- the axis ---- */

struct axis {
    time_t from, to;
};

static void stretch(struct axis *axis, time_t at)
{
    if (!at)
        return;
    axis->from = !axis->from || at < axis->from ? at : axis->from;
    axis->to = at > axis->to ? at : axis->to;
}

static void widen(struct axis *axis)
{
    time_t more = (axis->to - axis->from) / 40 + 1800;
    axis->from -= more;
    axis->to += more;
}

static double at_x(const struct axis *axis, time_t at)
{
    return LEFT + (double)(at - axis->from) / (double)(axis->to - axis->from) * (RIGHT - LEFT);
}

static void begin(FILE *out, const char *what, int height)
{
    fprintf(out,
            "<div class=scroll><svg role=img aria-label=\"%s\" viewBox=\"0 0 %d %d\" width=%d "
            "height=%d>\n",
            what, WIDTH, height, WIDTH, height);
}

/* Lines and dates at five places. */
static void draw_axis(FILE *out, const struct axis *axis, int height)
{
    bool hours = axis->to - axis->from < 4 * DAY;
    char text[32];
    struct tm tm;
    for (int i = 0; i <= 4; i++) {
        time_t at = axis->from + (axis->to - axis->from) * i / 4;
        double x = at_x(axis, at);
        strftime(text, sizeof(text), hours ? "%Y-%m-%d %H:%M" : "%Y-%m-%d", gmtime_r(&at, &tm));
        fprintf(out,
                "<path class=grid d=\"M%.1f 18V%d\"/><text class=axis x=%.1f y=12 "
                "text-anchor=%s>%s</text>\n",
                x, height - 4, x,
                i == 4 ? "end"
                : i    ? "middle"
                       : "start",
                text);
    }
}

static void label(FILE *out, double x, int y, const char *anchor, const char *class,
                  const char *text, size_t max)
{
    fprintf(out, "<text class=\"%s\" x=%.1f y=%d text-anchor=%s>", class, x, y, anchor);
    page_short(out, text, max);
    if (strlen(text) >= max) {
        fputs("<title>", out);
        page_text(out, text);
        fputs("</title>", out);
    }
    fputs("</text>\n", out);
}

/* ---- anomalies ---- */

static size_t type_row(const char **types, size_t *n, const char *type)
{
    for (size_t i = 0; i < *n; i++)
        if (strcmp(types[i], type) == 0)
            return i;
    if (*n == TYPES_MAX)
        return TYPES_MAX - 1;
    types[*n] = type;
    return (*n)++;
}

static void draw_anomaly(FILE *out, const struct axis *axis, const json_t *one, size_t row)
{
    const json_t *anomaly = cli_json_at(one, "sinkwatch.anomaly");
    time_t at = report_time(cli_json_text(one, "@timestamp"));
    if (!at)
        return;
    fprintf(out, "<circle class=a%zu cx=%.1f cy=%zu r=5><title>", row % REPORT_COLORS,
            at_x(axis, at), 34 + row * ROW);
    page_text(out, cli_time(cli_json_text(one, "@timestamp"), true));
    fputs(" ", out);
    page_text(out, cli_json_text(anomaly, "type"));
    fputs(" ", out);
    page_text(out, cli_json_text(anomaly, "name"));
    fputs(" ", out);
    page_text(out, cli_json_text(anomaly, "address"));
    fputs("</title></circle>\n", out);
}

void report_time_line(struct report *report)
{
    const char *types[TYPES_MAX];
    struct axis axis = {0};
    size_t n = 0, i;
    const json_t *one;
    json_array_foreach(report->anomalies, i, one)
    {
        stretch(&axis, report_time(cli_json_text(one, "@timestamp")));
        type_row(types, &n, cli_json_text(one, "sinkwatch.anomaly.type"));
    }
    if (!axis.to) {
        fputs("<p>No anomaly was raised.</p>\n", report->out);
        return;
    }
    widen(&axis);
    int height = 40 + (int)n * ROW;
    begin(report->out, "Anomalies on a time line", height);
    draw_axis(report->out, &axis, height);
    for (size_t row = 0; row < n; row++)
        label(report->out, LEFT - 12, 38 + (int)row * ROW, "end", "name", types[row], 40);
    json_array_foreach(report->anomalies, i, one)
    {
        draw_anomaly(report->out, &axis, one,
                     type_row(types, &n, cli_json_text(one, "sinkwatch.anomaly.type")));
    }
    fputs("</svg></div>\n", report->out);
}

/* ---- ownership ---- */

/* All sights of a name with the same owner: a bar from the first to the last. */
struct bar {
    size_t owner, addresses;
    time_t first, last;
};

struct bars {
    struct bar bar[BARS_OF_ONE];
    size_t n;
};

static int by_first(const void *a, const void *b)
{
    const struct bar *x = a, *y = b;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    return x->owner < y->owner ? -1 : x->owner > y->owner;
}

/* An ownership from..to, folded into the owner's bar; left out when there is no room. */
static void add_bar(struct report *report, const json_t *facts, time_t from, time_t to,
                    struct bars *bars)
{
    size_t owner = report_owner(report, facts), at = 0;
    while (at < bars->n && bars->bar[at].owner != owner)
        at++;
    if (at == BARS_OF_ONE || !from || to < report->since)
        return;
    if (at == bars->n)
        bars->bar[bars->n++] = (struct bar){.owner = owner, .first = from, .last = to};
    struct bar *bar = &bars->bar[at];
    bar->first = from < bar->first ? from : bar->first;
    bar->last = to > bar->last ? to : bar->last;
    bar->addresses++;
}

/* Present and former owners of all addresses of a name. */
static void bars_of(struct report *report, const struct graph_node *name, struct bars *bars)
{
    bars->n = 0;
    for (size_t i = 0; i < name->edges; i++) {
        const struct graph_edge *edge = &report->graph->edge[name->edge[i]];
        const char *since = cli_json_text(edge->facts, "since");
        const json_t *one;
        size_t j;
        if (!report_shows(report, edge))
            continue;
        add_bar(report, report_facts(report, edge),
                report_time(since[0] ? since : cli_json_text(edge->facts, "first")),
                report_time(cli_json_text(edge->facts, "last")), bars);
        json_array_foreach(json_object_get(edge->facts, "former"), j, one)
        {
            add_bar(report, one, report_time(cli_json_text(one, "since")),
                    report_time(cli_json_text(one, "last")), bars);
        }
    }
    qsort(bars->bar, bars->n, sizeof(bars->bar[0]), by_first);
}

static void draw_bar(struct report *report, const struct axis *axis, const struct bar *bar, int y)
{
    char from[32], to[32];
    struct tm tm;
    FILE *out = report->out;
    double x = at_x(axis, bar->first), w = at_x(axis, bar->last) - x;

    strftime(from, sizeof(from), "%Y-%m-%d %H:%M", gmtime_r(&bar->first, &tm));
    strftime(to, sizeof(to), "%Y-%m-%d %H:%M", gmtime_r(&bar->last, &tm));
    fprintf(out, "<rect class=a%zu x=%.1f y=%d width=%.1f height=12 rx=2><title>",
            bar->owner % REPORT_COLORS, x, y + 3, w > 4 ? w : 4);
    page_text(out, report->owner[bar->owner]);
    fprintf(out, ": %s to %s, %s</title></rect>\n", from, to,
            cli_count(bar->addresses, "address", "addresses"));
    if (w > 90)
        label(out, x + 4, y + 13, "start", "inbar", report->owner[bar->owner], (size_t)(w / 7));
    else
        label(out, x + w + 60 > RIGHT - 150 ? x - 4 : x + (w > 4 ? w : 4) + 4, y + 13,
              x + w + 60 > RIGHT - 150 ? "end" : "start", "axis", report->owner[bar->owner], 40);
}

/* Draw (or only count, without an axis) the rows of all indicators; returns the height. */
static int draw_bars(struct report *report, const struct axis *axis, size_t *cut)
{
    struct bars bars;
    int y = 22;
    size_t shown = 0;
    *cut = 0;
    for (size_t i = 0; i < report->starts; i++) {
        const struct graph_node *name = report->graph->node[i];
        bars_of(report, name, &bars);
        size_t n = bars.n;
        if (n > 0 && shown++ >= BARS_MAX) {
            ++*cut;
            continue;
        }
        if (n > 0 && axis)
            label(report->out, LEFT - 12, y + 13, "end", name->list[0] ? "name listed" : "name",
                  name->text, 34);
        for (size_t j = 0; j < n; j++, y += 18)
            if (axis)
                draw_bar(report, axis, &bars.bar[j], y);
        y += n > 0 ? 8 : 0;
    }
    return y;
}

void report_bars(struct report *report)
{
    struct axis axis = {0};
    size_t cut;
    for (size_t i = 0; i < report->graph->edges; i++) {
        const struct graph_edge *edge = &report->graph->edge[i];
        if (report->graph->node[edge->name]->index < report->starts && report_shows(report, edge)) {
            stretch(&axis, report_time(cli_json_text(edge->facts, "first")));
            stretch(&axis, report_time(cli_json_text(edge->facts, "last")));
        }
    }
    if (!axis.to) {
        fputs("<p>No indicator has a history.</p>\n", report->out);
        return;
    }
    widen(&axis);
    int height = draw_bars(report, NULL, &cut) + 4;
    begin(report->out, "Owners of each indicator over time", height);
    draw_axis(report->out, &axis, height);
    draw_bars(report, &axis, &cut);
    fputs("</svg></div>\n", report->out);
    if (cut)
        fprintf(report->out, "<p class=cut>%s not drawn; the table below has %s</p>\n",
                cli_count(cut, "indicator is", "indicators are"), cut == 1 ? "it" : "them");
}

/* ---- the graph ---- */

struct item {
    size_t id; /* of the node, or of the owner */
    double y, sum;
    unsigned links;
};

struct column {
    struct item item[COLUMN_MAX];
    size_t n;
};

struct link {
    size_t name, address, owner; /* ids */
    bool odd;
};

struct picture {
    struct column column[3];
    struct link *link;
    size_t n, cut;
};

/* The item of an id, added if there is room; NULL. */
static struct item *item_of(struct column *column, size_t id, bool add)
{
    for (size_t i = 0; i < column->n; i++)
        if (column->item[i].id == id)
            return &column->item[i];
    if (!add || column->n == COLUMN_MAX)
        return NULL;
    column->item[column->n] = (struct item){.id = id, .y = (double)column->n};
    return &column->item[column->n++];
}

static void collect(struct report *report, struct picture *picture)
{
    for (size_t i = 0; i < report->graph->edges; i++) {
        const struct graph_edge *edge = &report->graph->edge[i];
        const struct graph_node *address = report->graph->node[edge->address];
        if (!report_shows(report, edge))
            continue;
        struct link link = {.name = edge->name,
                            .address = edge->address,
                            .owner =
                                report_owner(report, address->owner ? address->owner : edge->facts),
                            .odd = json_array_size(json_object_get(edge->facts, "anomalies")) > 0};
        if (item_of(&picture->column[0], link.name, true) &&
            item_of(&picture->column[1], link.address, true) &&
            item_of(&picture->column[2], link.owner, true))
            picture->link[picture->n++] = link;
        else
            picture->cut++;
    }
}

static int by_sum(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    if (x->sum < y->sum || x->sum > y->sum)
        return x->sum < y->sum ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

static size_t end_of(const struct link *link, size_t column)
{
    return column == 0 ? link->name : column == 1 ? link->address : link->owner;
}

/* Order a column by the mean place of the neighbours in another column. */
static void order(struct picture *picture, size_t column, size_t by)
{
    struct column *c = &picture->column[column];
    for (size_t i = 0; i < c->n; i++)
        c->item[i].sum = c->item[i].links = 0;
    for (size_t i = 0; i < picture->n; i++) {
        struct item *mine = item_of(c, end_of(&picture->link[i], column), false);
        const struct item *other =
            item_of(&picture->column[by], end_of(&picture->link[i], by), false);
        mine->sum += other->y;
        mine->links++;
    }
    for (size_t i = 0; i < c->n; i++)
        c->item[i].sum = c->item[i].links ? c->item[i].sum / c->item[i].links : 1e9;
    qsort(c->item, c->n, sizeof(c->item[0]), by_sum);
    for (size_t i = 0; i < c->n; i++)
        c->item[i].y = (double)i;
}

static void draw_links(FILE *out, const struct picture *picture, const double *step)
{
    for (size_t i = 0; i < picture->n; i++) {
        const struct link *link = &picture->link[i];
        double y[3];
        for (size_t c = 0; c < 3; c++) {
            struct column *column = (struct column *)(uintptr_t)&picture->column[c];
            y[c] = 40 + item_of(column, end_of(link, c), false)->y * step[c];
        }
        fprintf(out,
                "<path class=\"%s\" d=\"M330 %.1fC400 %.1f 400 %.1f 470 %.1f\"/>"
                "<path class=link d=\"M640 %.1fC690 %.1f 690 %.1f 740 %.1f\"/>\n",
                link->odd ? "link odd" : "link", y[0], y[0], y[1], y[1], y[1], y[1], y[2], y[2]);
    }
}

static void draw_items(struct report *report, const struct picture *picture, const double *step)
{
    FILE *out = report->out;

    for (size_t c = 0; c < 3; c++) {
        for (size_t i = 0; i < picture->column[c].n; i++) {
            const struct item *item = &picture->column[c].item[i];
            double y = 40 + item->y * step[c];
            if (c == 2) {
                fprintf(out, "<rect class=a%zu x=740 y=%.1f width=10 height=10 rx=2 />",
                        item->id % REPORT_COLORS, y - 5);
                label(out, 756, (int)(y + 4), "start", "name", report->owner[item->id], 46);
                continue;
            }
            const struct graph_node *node = report->graph->node[item->id];
            label(out, c ? 555 : 322, (int)(y + 4), c ? "middle" : "end",
                  node->list[0] ? "name listed" : "name", node->text, c ? 26 : 42);
        }
    }
}

static void draw_graph(struct report *report, const struct picture *picture)
{
    static const char *const words[] = {"names (indicators in bold)", "addresses", "owners"};
    static const double x[] = {322, 555, 740};
    static const char *const anchor[] = {"end", "middle", "start"};
    double step[3];
    size_t rows = 1;
    for (size_t c = 0; c < 3; c++)
        rows = picture->column[c].n > rows ? picture->column[c].n : rows;
    int height = 40 + (int)rows * 20;
    for (size_t c = 0; c < 3; c++)
        step[c] = 20.0 * (double)rows / (double)picture->column[c].n;
    begin(report->out, "Names, addresses and owners as a graph", height);
    for (size_t c = 0; c < 3; c++)
        label(report->out, x[c], 14, anchor[c], "axis", words[c], 60);
    draw_links(report->out, picture, step);
    draw_items(report, picture, step);
    fputs("</svg></div>\n", report->out);
}

void report_graph(struct report *report)
{
    struct picture *picture = cli_alloc(1, sizeof(*picture));
    picture->link = cli_alloc(report->graph->edges, sizeof(*picture->link));
    collect(report, picture);
    for (int i = 0; i < PASSES && picture->n > 0; i++) {
        order(picture, 1, 0);
        order(picture, 2, 1);
        order(picture, 1, 2);
        order(picture, 0, 1);
    }
    if (picture->n > 0)
        draw_graph(report, picture);
    else
        fputs("<p>Nothing was seen.</p>\n", report->out);
    if (picture->cut)
        fprintf(report->out, "<p class=cut>%s not drawn; the table below has %s</p>\n",
                cli_count(picture->cut, "link is", "links are"), picture->cut == 1 ? "it" : "them");
    free(picture->link);
    free(picture);
}
