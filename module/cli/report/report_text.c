/* report_text.c - text of any octets, escaped for the page; marks, links, times. See report.h. */
#include "cli/output.h"
#include "cli/report/report.h"

static void put_escaped(FILE *out, unsigned char c)
{
    switch (c) {
    case '&':
        fputs("&amp;", out);
        break;
    case '<':
        fputs("&lt;", out);
        break;
    case '>':
        fputs("&gt;", out);
        break;
    case '"':
        fputs("&quot;", out);
        break;
    case '\'':
        fputs("&#39;", out);
        break;
    default:
        fputc(c, out);
    }
}

void page_text(FILE *out, const char *text)
{
    for (const char *c = cli_clean_text(text); *c; c++)
        put_escaped(out, (unsigned char)*c);
}

void page_time(FILE *out, time_t at)
{
    char text[32];
    struct tm tm;
    if (gmtime_r(&at, &tm) && strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &tm) > 0)
        fputs(text, out);
}

void page_node(FILE *out, const struct graph_node *node)
{
    fprintf(out, "<a%s href=\"#%c%zu\">", node->list[0] ? " class=listed" : "",
            node->is_name ? 'n' : 'a', node->index);
    page_text(out, node->text);
    fputs("</a>", out);
}

void page_mark(FILE *out, const struct report_holder *holder)
{
    fputs("<svg class=chip aria-hidden=true><rect x=1 y=1 width=12 height=12 class=", out);
    if (holder->color < REPORT_COLORS)
        fprintf(out, "h%zu /><rect x=1 y=1 width=12 height=12 fill=\"url(#p%zu)\"/>", holder->color,
                holder->color);
    else
        fprintf(out, "%s />",
                holder->mark[0] == '?'                 ? "hq"
                : (unsigned char)holder->mark[0] > 127 ? "hn"
                                                       : "ho");
    fprintf(out, "</svg><b class=mark>%s</b>", holder->mark);
}

void page_holder(FILE *out, const struct report_holder *holder)
{
    fputs("<span class=holder>", out);
    page_mark(out, holder);
    fputs(" <span class=who>", out);
    page_text(out, holder->name);
    fputs("</span>", out);
    if (holder->carrier[0]) {
        fputs(" <small>", out);
        page_text(out, holder->carrier);
        fputs("</small>", out);
    }
    if (holder->body[0]) {
        fputs(" <em class=pub>public body: ", out);
        page_text(out, holder->body);
        fputs("</em>", out);
    }
    fputs("</span>", out);
}
