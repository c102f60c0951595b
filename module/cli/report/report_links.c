/*
 * report_links.c - names and holders as a graph. See report.h.
 *
 * Step by step:
 *   collect()       a link for each name, address and holder within the time of the report
 *   fold_names()    names with one holder only, and not listed: beyond OWN they share a place
 *   fold_holders()  holders of one name only: beyond OWN they share a place as well
 *   place()         all other names and holders, the rest beyond NAMES_MAX and HOLDERS_MAX together
 *   draw()          holders in order of their marks, names in order of their first holders
 *
 * So one name with many addresses takes a few places, and every link is drawn or counted. Nothing
 * is random: the same data gives the same picture. The picture is drawn twice, for wide and for
 * narrow windows, since the height of text depends on the width.
 */
#include "cli/output.h"
#include "cli/report/report.h"

#include <stdlib.h>
#include <string.h>

#define NAMES_MAX   60
#define HOLDERS_MAX 40
#define OWN         3  /* places of names with one holder, and of holders with one name */
#define LINE        17 /* height of a line of text, in pixels */
#define WIDE        40 /* letters on a line of a wide window */
#define NARROW      18
#define ADDRESSES   3 /* written at a holder; the number of the others follows */
#define GAP         10

struct link {
    size_t name, holder; /* node; holder. From the number of nodes or of holders on: folded */
    size_t address;
    bool odd;
};

struct place {
    size_t id; /* as in a link; REST: all others */
    size_t others;
    double key, mean; /* for the order: of the first holder, of all holders */
    bool listed;
    size_t lines;
    int y, height;
    size_t address[ADDRESSES], addresses; /* of a holder: nodes, and how many there are */
};

#define REST SIZE_MAX

struct line {
    size_t name, holder; /* places */
    size_t addresses;
    bool odd;
};

struct picture {
    struct report *report;
    struct link *link;
    struct line *line;
    size_t links, lines, nodes, holders;
    size_t *names_of;       /* for each holder: names that lead there */
    size_t *folded_names;   /* for each holder */
    size_t *folded_holders; /* for each name */
    struct place name[NAMES_MAX + 1], holder[HOLDERS_MAX + 1];
    size_t names_n, holders_n;
    size_t *place_name, *place_holder; /* number of the place + 1, 0: none */
};

/* ---- links ---- */

static int by_link(const void *a, const void *b)
{
    const struct link *x = a, *y = b;
    if (x->name != y->name)
        return x->name < y->name ? -1 : 1;
    if (x->holder != y->holder)
        return x->holder < y->holder ? -1 : 1;
    return x->address < y->address ? -1 : x->address > y->address;
}

static void sort(struct picture *picture)
{
    if (picture->links > 0)
        qsort(picture->link, picture->links, sizeof(*picture->link), by_link);
}

static void collect(struct picture *picture)
{
    struct report *report = picture->report;
    for (size_t i = 0; i < report->graph->edges; i++) {
        const struct graph_edge *edge = &report->graph->edge[i];
        if (report_shows(report, edge))
            picture->link[picture->links++] = (struct link){
                .name = edge->name,
                .holder = report_holder(report, report_facts(report, edge)),
                .address = edge->address,
                .odd = json_array_size(json_object_get(edge->facts, "anomalies")) > 0};
    }
    sort(picture);
    for (size_t i = 0; i < picture->links; i++) {
        const struct link *link = &picture->link[i];
        if (i == 0 || link[-1].name != link->name || link[-1].holder != link->holder)
            picture->names_of[link->holder]++;
    }
}

/* The end of the links that have the same name, and with `holder` the same holder. */
static size_t run_end(const struct picture *picture, size_t at, bool holder, bool *odd)
{
    size_t end = at;
    const struct link *link = picture->link;
    for (*odd = false; end < picture->links && link[end].name == link[at].name &&
                       (!holder || link[end].holder == link[at].holder);
         end++)
        *odd |= link[end].odd;
    return end;
}

/* ---- folding ---- */

static void fold_names(struct picture *picture)
{
    size_t *shown = cli_alloc(picture->holders, sizeof(*shown));
    for (size_t at = 0, end; at < picture->links; at = end) {
        bool odd;
        struct link *link = &picture->link[at];
        const struct graph_node *node = picture->report->graph->node[link->name];
        end = run_end(picture, at, false, &odd);
        if (odd || node->list[0] || node->index < picture->report->starts ||
            link->holder != picture->link[end - 1].holder || shown[link->holder]++ < OWN)
            continue;
        picture->folded_names[link->holder]++;
        for (size_t i = at; i < end; i++)
            picture->link[i].name = picture->nodes + link->holder;
    }
    free(shown);
    sort(picture);
}

static void fold_holders(struct picture *picture)
{
    size_t own = 0;
    for (size_t at = 0, end; at < picture->links; at = end) {
        bool odd;
        const struct link *link = &picture->link[at];
        size_t name = link->name;
        own = at > 0 && link[-1].name == name ? own : 0;
        end = run_end(picture, at, true, &odd);
        if (odd || name >= picture->nodes || picture->names_of[link->holder] > 1 || own++ < OWN)
            continue;
        picture->folded_holders[name]++;
        for (size_t i = at; i < end; i++)
            picture->link[i].holder = picture->holders + name;
    }
    sort(picture);
}

/* ---- places ---- */

/* The place of an id; new ones are appended, and beyond max all share the last. */
static size_t place_of(struct place *place, size_t *n, size_t max, size_t *of, size_t id)
{
    if (of[id])
        return of[id] - 1;
    if (*n < max) {
        place[*n] = (struct place){.id = id};
        of[id] = ++*n;
        return *n - 1;
    }
    if (*n == max)
        place[(*n)++] = (struct place){.id = REST};
    place[max].others++;
    of[id] = max + 1;
    return max;
}

/* Holders in order of their marks; then "no answer" and "no owner"; last the folded ones. */
static double rank(const struct picture *picture, size_t holder)
{
    if (holder == REST)
        return 4e9;
    return (double)holder + (holder >= picture->holders ? 2e9 : holder < HOLDER_FIRST ? 1e9 : 0);
}

/* Give places to the holders in order of rank, so that the first holders are never in the rest. */
static void place_holders(struct picture *picture)
{
    size_t all = picture->holders + picture->nodes;
    bool *used = cli_alloc(all, sizeof(*used));
    for (size_t i = 0; i < picture->links; i++)
        used[picture->link[i].holder] = true;
    for (size_t i = 0; i < all; i++) {
        size_t id = i + HOLDER_FIRST;
        if (id >= picture->holders)
            id = id < picture->holders + HOLDER_FIRST ? id - picture->holders : i;
        if (used[id])
            place_of(picture->holder, &picture->holders_n, HOLDERS_MAX, picture->place_holder, id);
    }
    free(used);
}

static void add_address(struct place *holder, size_t address)
{
    for (size_t i = 0; i < holder->addresses && i < ADDRESSES; i++)
        if (holder->address[i] == address)
            return;
    if (holder->addresses < ADDRESSES)
        holder->address[holder->addresses] = address;
    holder->addresses++;
}

/* From links of ids to lines between places; links of one line follow each other then. */
static void place(struct picture *picture)
{
    place_holders(picture);
    for (size_t i = 0; i < picture->links; i++) {
        struct link *link = &picture->link[i];
        link->name =
            place_of(picture->name, &picture->names_n, NAMES_MAX, picture->place_name, link->name);
        link->holder = picture->place_holder[link->holder] - 1;
    }
    sort(picture);
    for (size_t at = 0, end; at < picture->links; at = end) {
        bool odd;
        const struct link *link = &picture->link[at];
        end = run_end(picture, at, true, &odd);
        picture->line[picture->lines++] = (struct line){link->name, link->holder, end - at, odd};
    }
}

static int by_address(const void *a, const void *b)
{
    const struct link *x = a, *y = b;
    if (x->holder != y->holder)
        return x->holder < y->holder ? -1 : 1;
    return x->address < y->address ? -1 : x->address > y->address;
}

/* Each address once for each holder. Changes the order of the links. */
static void count_addresses(struct picture *picture)
{
    const struct link *link = picture->link;
    if (picture->links > 0)
        qsort(picture->link, picture->links, sizeof(*picture->link), by_address);
    for (size_t i = 0; i < picture->links; i++)
        if (i == 0 || by_address(&link[i - 1], &link[i]) != 0)
            add_address(&picture->holder[link[i].holder], link[i].address);
}

/* ---- order ---- */

static int by_key(const void *a, const void *b)
{
    const struct place *x = *(struct place *const *)a, *y = *(struct place *const *)b;
    if (x->key < y->key || x->key > y->key)
        return x->key < y->key ? -1 : 1;
    if (x->listed != y->listed)
        return x->listed ? -1 : 1;
    if (x->mean < y->mean || x->mean > y->mean)
        return x->mean < y->mean ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

static void keys(struct picture *picture)
{
    for (size_t i = 0; i < picture->names_n; i++) {
        struct place *name = &picture->name[i];
        name->key = 5e9;
        name->listed = name->id < picture->nodes && picture->report->graph->node[name->id]->list[0];
    }
    for (size_t i = 0; i < picture->holders_n; i++)
        picture->holder[i].key = rank(picture, picture->holder[i].id);
    for (size_t i = 0; i < picture->lines; i++) {
        const struct line *line = &picture->line[i];
        struct place *name = &picture->name[line->name];
        double key = picture->holder[line->holder].key;
        name->key = key < name->key && name->id != REST ? key : name->key;
        name->mean = (name->mean * (double)name->lines + key) / (double)(name->lines + 1);
        name->lines++;
    }
}

static int lines_of(const char *text, int letters)
{
    return (int)strlen(text) / letters + 1;
}

static int height_of(const struct picture *picture, const struct place *place, bool name,
                     int letters)
{
    const struct report *report = picture->report;
    if (place->id == REST || place->id >= (name ? picture->nodes : picture->holders))
        return 2 * LINE;
    if (name)
        return LINE * lines_of(report->graph->node[place->id]->text, letters);
    const struct report_holder *holder = &report->holder[place->id];
    int lines = lines_of(holder->name, letters - 4); /* beside the mark */
    int more = letters > NARROW ? 0 : (int)(place->addresses > ADDRESSES);
    lines += holder->carrier[0] ? lines_of(holder->carrier, letters) : 0;
    size_t octets = 0;
    for (size_t i = 0; i < place->addresses && i < ADDRESSES; i++)
        octets += strlen(report->graph->node[place->address[i]]->text) + 2;
    return LINE * (lines + (int)octets / letters + 1 + more);
}

/* Heights and places from top to bottom; returns the height of the column. */
static int stack(const struct picture *picture, struct place *place, size_t n, bool name,
                 int letters)
{
    struct place *by[NAMES_MAX + 1];
    int y = GAP;
    for (size_t i = 0; i < n; i++)
        by[i] = &place[i];
    qsort(by, n, sizeof(*by), by_key);
    for (size_t i = 0; i < n; i++) {
        by[i]->y = y;
        by[i]->height = height_of(picture, by[i], name, letters) + LINE / 2;
        y += by[i]->height + GAP;
    }
    return y;
}

/* Move the places of the shorter column apart, but never by much. */
static void spread(struct place *place, size_t n, int height, int all)
{
    int most = n > 0 ? (all - height) / (int)n : 0;
    int more = most < 3 * GAP ? most : 3 * GAP;
    struct place *by[NAMES_MAX + 1];
    for (size_t i = 0; i < n; i++)
        by[i] = &place[i];
    qsort(by, n, sizeof(*by), by_key);
    for (size_t i = 0; i < n; i++)
        by[i]->y += more * (int)i;
}

/* ---- drawing ---- */

static void draw_name(const struct picture *picture, const struct place *place)
{
    FILE *out = picture->report->out;
    fprintf(out, "<foreignObject x=0 y=%d width=\"38%%\" height=%d><div class=left>", place->y,
            place->height);
    if (place->id == REST)
        fprintf(out, "and %s", cli_count(place->others, "more name", "more names"));
    else if (place->id >= picture->nodes)
        fprintf(out, "and %s with this holder only",
                cli_count(picture->folded_names[place->id - picture->nodes], "more name",
                          "more names"));
    else
        page_node(out, picture->report->graph->node[place->id]);
    fputs("</div></foreignObject>\n", out);
}

static void draw_addresses(const struct picture *picture, const struct place *place)
{
    FILE *out = picture->report->out;
    fputs("<div class=at>", out);
    for (size_t i = 0; i < place->addresses && i < ADDRESSES; i++) {
        fputs(i ? ", " : "", out);
        page_node(out, picture->report->graph->node[place->address[i]]);
    }
    if (place->addresses > ADDRESSES)
        fprintf(out, " and %zu more", place->addresses - ADDRESSES);
    fputs("</div>", out);
}

static void draw_holder(const struct picture *picture, const struct place *place)
{
    FILE *out = picture->report->out;
    const char *addresses = cli_count(place->addresses, "address", "addresses");
    fprintf(out, "<foreignObject x=\"58%%\" y=%d width=\"42%%\" height=%d><div>", place->y,
            place->height);
    if (place->id == REST) {
        fprintf(out, "and %s, %s", cli_count(place->others, "more holder", "more holders"),
                addresses);
    } else if (place->id >= picture->holders) {
        size_t name = place->id - picture->holders;
        fprintf(out, "and %s of this name only, %s: <a href=\"#n%zu\">card</a>",
                cli_count(picture->folded_holders[name], "more holder", "more holders"), addresses,
                name);
    } else {
        page_holder(out, &picture->report->holder[place->id]);
        draw_addresses(picture, place);
    }
    fputs("</div></foreignObject>\n", out);
}

static void draw_line(const struct picture *picture, const struct line *line)
{
    const struct place *name = &picture->name[line->name];
    const struct place *holder = &picture->holder[line->holder];
    fprintf(picture->report->out,
            "<line class=\"%s\" x1=\"39%%\" x2=\"57%%\" y1=%d y2=%d><title>%s%s</title></line>\n",
            line->odd ? "link odd" : "link", name->y + LINE / 2, holder->y + LINE / 2,
            cli_count(line->addresses, "address", "addresses"), line->odd ? ", an anomaly" : "");
}

static void draw(struct picture *picture, const char *class, int letters)
{
    FILE *out = picture->report->out;
    int left = stack(picture, picture->name, picture->names_n, true, letters);
    int right = stack(picture, picture->holder, picture->holders_n, false, letters);
    int all = left > right ? left : right;
    spread(picture->name, picture->names_n, left, all);
    spread(picture->holder, picture->holders_n, right, all);
    fprintf(out, "<svg class=\"links %s\" role=group aria-label=\"Names and holders\" height=%d>\n",
            class, all);
    for (size_t i = 0; i < picture->lines; i++)
        draw_line(picture, &picture->line[i]);
    for (size_t i = 0; i < picture->names_n; i++)
        draw_name(picture, &picture->name[i]);
    for (size_t i = 0; i < picture->holders_n; i++)
        draw_holder(picture, &picture->holder[i]);
    fputs("</svg>\n", out);
}

static void draw_both(struct picture *picture)
{
    fputs("<p>Names on the left (indicators in bold), the holders of their addresses on the right. "
          "A thick dashed line is an anomaly.</p>\n",
          picture->report->out);
    keys(picture);
    draw(picture, "wide", WIDE);
    draw(picture, "narrow", NARROW);
}

void report_graph(struct report *report)
{
    struct picture *picture = cli_alloc(1, sizeof(*picture));
    size_t nodes = report->graph->nodes, holders = report->holders, edges = report->graph->edges;
    picture->report = report;
    picture->nodes = nodes;
    picture->holders = holders;
    picture->link = cli_alloc(edges + 1, sizeof(*picture->link));
    picture->line = cli_alloc(edges + 1, sizeof(*picture->line));
    picture->names_of = cli_alloc(holders, sizeof(size_t));
    picture->folded_names = cli_alloc(holders, sizeof(size_t));
    picture->folded_holders = cli_alloc(nodes + 1, sizeof(size_t));
    picture->place_name = cli_alloc(nodes + holders, sizeof(size_t));
    picture->place_holder = cli_alloc(nodes + holders, sizeof(size_t));
    collect(picture);
    fold_names(picture);
    fold_holders(picture);
    place(picture);
    count_addresses(picture);
    if (picture->lines > 0)
        draw_both(picture);
    else
        fputs("<p>Nothing was seen.</p>\n", report->out);
    free(picture->link);
    free(picture->line);
    free(picture->names_of);
    free(picture->folded_names);
    free(picture->folded_holders);
    free(picture->place_name);
    free(picture->place_holder);
    free(picture);
}
