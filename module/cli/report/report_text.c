/* report_text.c - text of any octets, escaped for the page. See report.h. */
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

void page_short(FILE *out, const char *text, size_t max)
{
    const char *clean = cli_clean_text(text);
    size_t n = 0;
    for (; *clean; clean++) {
        n += ((unsigned char)*clean & 0xc0) != 0x80; /* UTF-8: another character */
        if (n >= max && clean[1]) {
            fputs("\xe2\x80\xa6", out); /* an ellipsis */
            while (((unsigned char)clean[1] & 0xc0) == 0x80)
                clean++;
            return;
        }
        put_escaped(out, (unsigned char)*clean);
    }
}
