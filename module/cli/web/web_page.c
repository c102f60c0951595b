/* web_page.c - the files of the page, in the program. See web.h. */
#include "cli/web/web.h"

#include <string.h>

/* The assembler reads the files; the compiler is run in the top folder of the tree. */
#define FILE_IN_PROGRAM(symbol, name)                                                              \
    extern const char symbol[], symbol##_end[];                                                    \
    __asm__(".pushsection .rodata\n"                                                               \
            ".hidden " #symbol "\n"                                                                \
            ".hidden " #symbol "_end\n"                                                            \
            ".global " #symbol "\n"                                                                \
            ".global " #symbol "_end\n" #symbol ":\n"                                              \
            ".incbin \"module/cli/web/page/" name "\"\n" #symbol "_end:\n"                         \
            ".byte 0\n"                                                                            \
            ".popsection\n")

FILE_IN_PROGRAM(web_desk_html, "desk.html");
FILE_IN_PROGRAM(web_desk_css, "desk.css");
FILE_IN_PROGRAM(web_desk_js, "desk.js");
FILE_IN_PROGRAM(web_cards_js, "cards.js");
FILE_IN_PROGRAM(web_pictures_js, "pictures.js");
FILE_IN_PROGRAM(web_icon_svg, "icon.svg");

static const struct {
    const char *path, *type, *begin, *end;
} files[] = {
    {"/", "text/html; charset=utf-8", web_desk_html, web_desk_html_end},
    {"/desk.css", "text/css; charset=utf-8", web_desk_css, web_desk_css_end},
    {"/desk.js", "text/javascript; charset=utf-8", web_desk_js, web_desk_js_end},
    {"/cards.js", "text/javascript; charset=utf-8", web_cards_js, web_cards_js_end},
    {"/pictures.js", "text/javascript; charset=utf-8", web_pictures_js, web_pictures_js_end},
    {"/icon.svg", "image/svg+xml", web_icon_svg, web_icon_svg_end},
};

void web_page(void *arg, const struct serve_request *request, struct serve_answer *answer)
{
    (void)arg;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        if (strcmp(request->path, files[i].path) != 0)
            continue;
        answer->type = files[i].type;
        answer->fixed = files[i].begin;
        answer->len = (size_t)(files[i].end - files[i].begin);
        return;
    }
    serve_fail(answer, 404, "there is no such page");
}
