/*
 * fuzz_importer.c - cli/lists/importer.h: lists of indicators in text files.
 *
 * The input is a file, read once in each format. 'make fuzz' links nothing of the command, hence
 * the include of a .c file.
 */
#include "cli/lists/importer.c"
#include "fuzz.h"

struct reading {
    const char *line; /* what the importer was given last */
    size_t len;
    enum cli_format format;
    size_t told; /* words of the line that were taken or refused */
};

/* What is told is a piece of the line. */
static void check_span(const struct reading *r, const char *text, size_t len)
{
    FUZZ_CHECK(text >= r->line && len <= r->len && text + len <= r->line + r->len);
    FUZZ_CHECK(len > 0);
}

static void on_take(void *arg, const struct sw_indicator *indicator, const char *text, size_t len)
{
    struct reading *r = arg;
    struct sw_indicator again;
    char canonical[SW_INDICATORTEXT_MAX], why[SW_WHY_MAX];
    check_span(r, text, len);
    r->told++;
    sw_indicator_text(indicator, canonical);
    FUZZ_CHECK(sw_indicator_parse(canonical, strlen(canonical), &again, why) == SW_OK);
    FUZZ_CHECK(again.type == indicator->type);
    if (r->format == CLI_FORMAT_HOSTS)
        FUZZ_CHECK(indicator->type == SW_INDICATOR_DOMAIN && indicator->form == SW_FORM_EXACT);
}

static void on_refuse(void *arg, const char *text, size_t len, const char *why)
{
    struct reading *r = arg;
    check_span(r, text, len);
    FUZZ_CHECK(fuzz_words_ok(why, SW_WHY_MAX));
    r->told++;
}

static void read_file(const uint8_t *data, size_t size, enum cli_format format)
{
    struct cli_importer importer;
    struct reading r = {.format = format};
    uint64_t lines = 0;
    cli_importer_init(&importer, format);
    importer.arg = &r;
    importer.take = on_take;
    importer.refuse = on_refuse;
    for (size_t at = 0; at < size; lines++) {
        size_t next;
        fuzz_line(data + at, size - at, &next); /* with its line end, as getline() has it */
        char *line = fuzz_copy(data + at, next);
        r.line = line;
        r.len = next;
        r.told = 0;
        cli_importer_line(&importer, line, next);
        FUZZ_CHECK(importer.line == lines + 1);
        FUZZ_CHECK(importer.format != CLI_FORMAT_AUTO || r.told == 0);
        FUZZ_CHECK(format == CLI_FORMAT_AUTO || importer.format == format);
        FUZZ_CHECK(importer.format != CLI_FORMAT_PLAIN || r.told <= 1);
        free(line);
        at += next;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_file(data, size, CLI_FORMAT_AUTO);
    read_file(data, size, CLI_FORMAT_PLAIN);
    read_file(data, size, CLI_FORMAT_HOSTS);
    return 0;
}
