/*
 * report_bars.c - anomalies and holders on a time axis. See report.h.
 *
 * A row is HTML text, which wraps, and a track in SVG whose places are percentages. So a row is as
 * wide as the window, text is never cut off or scaled, and the picture needs no script.
 */
#include "cli/output.h"
#include "cli/report/report.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS  48 /* of the time line; columns never overlap */
#define TICKS    5
#define BARS_MAX 80 /* indicators with bars */
#define DAY      86400

struct axis {
    time_t from, to;
};

static void stretch(const struct report *report, struct axis *axis, time_t at)
{
    if (!at)
        return;
    at = at < report->since ? report->since : at;
    at = at > report->until ? report->until : at;
    axis->from = !axis->from || at < axis->from ? at : axis->from;
    axis->to = at > axis->to ? at : axis->to;
}

static void widen(struct axis *axis)
{
    time_t more = (axis->to - axis->from) / 40 + 1800;
    axis->from -= more;
    axis->to += more;
}

static double percent(const struct axis *axis, time_t at)
{
    double x = (double)(at - axis->from) / (double)(axis->to - axis->from) * 100;
    return x < 0 ? 0 : x > 100 ? 100 : x;
}

/* ---- rows ---- */

static void begin_track(FILE *out, int height)
{
    fprintf(out, "<svg class=track role=img height=%d>", height);
    for (int i = 0; i < TICKS; i++)
        fprintf(out, "<line class=grid x1=%d%% x2=%d%% y1=0 y2=100%% />", 25 * i, 25 * i);
}

/* Dates at the ticks; the second and the fourth are left out where there is no room. */
static void draw_axis(FILE *out, const struct axis *axis)
{
    static const char *const anchor[] = {"start", "middle", "middle", "middle", "end"};
    fputs("<div class=\"row axis\"><div class=lab>Time in UTC</div><svg class=track height=16 "
          "aria-hidden=true>",
          out);
    for (int i = 0; i < TICKS; i++) {
        fprintf(out, "<text class=t%d x=%d%% y=12 text-anchor=%s>", i, 25 * i, anchor[i]);
        page_time(out, axis->from + (axis->to - axis->from) * i / (TICKS - 1));
        fputs("</text>", out);
    }
    fputs("</svg></div>\n", out);
}

/* ---- anomalies ---- */

/* The number of anomalies of a type in each column, and the number of the fullest column. */
static size_t count_columns(const struct report *report, const struct axis *axis, size_t type,
                            size_t *column)
{
    size_t most = 0;
    memset(column, 0, COLUMNS * sizeof(*column));
    for (size_t i = 0; i < report->moments; i++) {
        const struct report_moment *moment = &report->moment[i];
        if (moment->type != type || !moment->at)
            continue;
        size_t at = (size_t)(percent(axis, moment->at) * COLUMNS / 100);
        at = at < COLUMNS ? at : COLUMNS - 1;
        most = ++column[at] > most ? column[at] : most;
    }
    return most;
}

/* Number of binary digits: a column grows by one step where the number doubles. */
static int steps(size_t n)
{
    int digits = 0;
    for (; n > 0; n /= 2)
        digits++;
    return digits;
}

static void draw_column(FILE *out, const struct axis *axis, size_t i, size_t n, size_t most)
{
    const double width = 100.0 / COLUMNS;
    int height = most > 1 ? 8 + 16 * steps(n) / steps(most) : 16;
    fprintf(out, "<rect class=odd x=%.2f%% y=%d width=%.2f%% height=%d><title>%s, ",
            (double)i * width + 0.2, 28 - height, width - 0.4, height,
            cli_count(n, "anomaly", "anomalies"));
    page_time(out, axis->from + (axis->to - axis->from) * (time_t)i / COLUMNS);
    fputs(" to ", out);
    page_time(out, axis->from + (axis->to - axis->from) * (time_t)(i + 1) / COLUMNS);
    fputs("</title></rect>", out);
}

static void draw_type(const struct report *report, const struct axis *axis, size_t type)
{
    FILE *out = report->out;
    size_t column[COLUMNS], all = 0, most = count_columns(report, axis, type, column);
    for (size_t i = 0; i < COLUMNS; i++)
        all += column[i];
    fputs("<div class=row><div class=lab><b>", out);
    page_text(out, report->type[type]);
    fprintf(out, "</b> <small>%zu</small></div>", all);
    begin_track(out, 30);
    for (size_t i = 0; i < COLUMNS; i++)
        if (column[i])
            draw_column(out, axis, i, column[i], most);
    fputs("</svg></div>\n", out);
}

void report_time_line(struct report *report)
{
    struct axis axis = {0};
    for (size_t i = 0; i < report->moments; i++)
        stretch(report, &axis, report->moment[i].at);
    if (!axis.to) {
        fputs("<p>No anomaly was raised.</p>\n", report->out);
        return;
    }
    widen(&axis);
    fputs("<p>Each column is the number of anomalies in a forty-eighth of the time; a step up is "
          "twice as many.</p>\n<div class=bars>\n",
          report->out);
    draw_axis(report->out, &axis);
    for (size_t i = 0; i < report->types; i++)
        draw_type(report, &axis, i);
    fputs("</div>\n", report->out);
}

/* ---- holders ---- */

static void draw_rect(FILE *out, const struct report_holder *holder, const char *place)
{
    const char *class = holder->mark[0] == '?' ? "hq" : "ho";
    if ((unsigned char)holder->mark[0] > 127)
        class = "hn";
    if (holder->color == REPORT_COLORS) {
        fprintf(out, "<rect class=%s %s />", class, place);
        return;
    }
    fprintf(out, "<rect class=h%zu %s /><rect fill=\"url(#p%zu)\" %s />", holder->color, place,
            holder->color, place);
}

static void draw_span(const struct report *report, const struct axis *axis,
                      const struct report_span *span)
{
    FILE *out = report->out;
    char place[80];
    double x = percent(axis, span->from), w = percent(axis, span->to) - x;
    snprintf(place, sizeof(place), "x=%.2f%% width=%.2f%% y=%d height=%d", x, w > 0.4 ? w : 0.4,
             span->rough ? 8 : 4, span->rough ? 6 : 14);
    fputs("<g><title>", out);
    page_text(out, report->holder[span->holder].name);
    fputs(": ", out);
    page_time(out, span->from);
    fputs(" to ", out);
    page_time(out, span->to);
    fputs(span->rough ? ", first to last sight</title>" : "</title>", out);
    draw_rect(out, &report->holder[span->holder], place);
    fputs("</g>", out);
}

/* The times of one holder: a row. Returns the index after the holder's last span. */
static size_t draw_holder(const struct report *report, const struct axis *axis,
                          const struct report_span *span, size_t at, size_t n)
{
    FILE *out = report->out;
    size_t end = at;
    while (end < n && span[end].holder == span[at].holder)
        end++;
    fputs("<div class=row><div class=lab>", out);
    page_holder(out, &report->holder[span[at].holder]);
    if (end - at > 1)
        fprintf(out, " <small>%zu times</small>", end - at);
    fputs("</div>", out);
    begin_track(out, 22);
    for (; at < end; at++)
        draw_span(report, axis, &span[at]);
    fputs("</svg></div>\n", out);
    return end;
}

static void draw_name(struct report *report, const struct axis *axis, size_t start,
                      const struct report_span *span, size_t n)
{
    FILE *out = report->out;
    fputs("<div class=group><h3>", out);
    page_node(out, report->graph->node[start]);
    if (report->graph->node[start]->list[0]) {
        fputs(" <small>list ", out);
        page_text(out, report->graph->node[start]->list);
        fputs("</small>", out);
    }
    fputs("</h3>\n", out);
    for (size_t at = 0; at < n;)
        at = draw_holder(report, axis, span, at, n);
    fputs("</div>\n", out);
}

/* From the first to the last span of all indicators; false: there is none. */
static bool measure(struct report *report, struct axis *axis, bool *rough)
{
    for (size_t i = 0; i < report->starts; i++) {
        size_t n;
        struct report_span *span = report_spans(report, i, &n);
        for (size_t j = 0; j < n; j++) {
            stretch(report, axis, span[j].from);
            stretch(report, axis, span[j].to);
            *rough |= span[j].rough;
        }
        free(span);
    }
    return axis->to > 0;
}

void report_bars(struct report *report)
{
    struct axis axis = {0};
    size_t drawn = 0, left = 0;
    bool rough = false;
    if (!measure(report, &axis, &rough)) {
        fputs("<p>No indicator has a history.</p>\n", report->out);
        return;
    }
    widen(&axis);
    fputs("<p>A bar is a time in which answers led to the holder. Between two bars of a holder "
          "answers led elsewhere.",
          report->out);
    if (rough)
        fputs(" A thin bar is only known from first to last sight.", report->out);
    fputs("</p>\n<div class=bars>\n", report->out);
    draw_axis(report->out, &axis);
    for (size_t i = 0; i < report->starts; i++) {
        size_t n;
        struct report_span *span = report_spans(report, i, &n);
        if (n > 0 && drawn++ < BARS_MAX)
            draw_name(report, &axis, i, span, n);
        left += n > 0 && drawn > BARS_MAX;
        free(span);
    }
    fputs("</div>\n", report->out);
    if (left)
        fprintf(report->out, "<p class=cut>%s not drawn; the cards below have %s</p>\n",
                cli_count(left, "indicator is", "indicators are"), left == 1 ? "it" : "them");
}
