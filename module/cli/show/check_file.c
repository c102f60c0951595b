/*
 * check_file.c - sinkwatch check --file: a name, an address or an AS number on each line.
 *
 * Nearly all names of a file are on no list. So a name is looked up once, by any trigger, and only
 * a name that is found is judged.
 */
#include "cli/lists/refusals.h"
#include "cli/output.h"
#include "cli/show/judging.h"
#include "cli/show/rules.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVERY_TRIGGER ((1u << SW_TRIGGER_COUNT) - 1)

struct checking {
    struct cli *cli;
    const struct sw_flow *flow;
    struct sw_view view;
    struct cli_judged judged;
    struct cli_refusals refusals;
    struct cli_progress progress;
    uint64_t line, words, octets, acted;
};

/* sw_hit_fn */
static void note_hit(void *arg, const struct sw_hit *hit)
{
    (void)hit;
    *(bool *)arg = true;
}

/* Whether a list has a name of the kind that is looked for; other indicators are always judged. */
static bool may_match(const struct checking *c)
{
    const struct sw_indicator *what = &c->judged.what;
    bool found = what->type != SW_INDICATOR_DOMAIN;
    if (!found)
        sw_view_find_name(&c->view, EVERY_TRIGGER, what->name.wire, what->name.len, note_hit,
                          &found);
    return found;
}

static void print(const struct checking *c, const char *word)
{
    const struct cli_judged *j = &c->judged;
    const struct sw_found *winner = j->hits.winner;
    char indicator[SW_INDICATORTEXT_MAX];
    cli_found_text(winner, indicator);
    if (!c->cli->json) {
        printf("%s\t%s\t%s\t%s\n", cli_clean_text(word), winner->hit.list->name,
               sw_action_name(winner->hit.list->action), indicator);
        return;
    }
    json_t *out = json_object();
    cli_json_set(out, "query", word);
    json_object_set_new(out, "line", json_integer((json_int_t)c->line));
    json_object_set_new(out, "list", json_string(winner->hit.list->name));
    json_object_set_new(out, "trigger", json_string(sw_trigger_name(winner->trigger)));
    json_object_set_new(out, "indicator", json_string(indicator));
    json_object_set_new(out, "verdict", cli_verdict_json(&j->verdict));
    cli_json(out);
}

/* NULL, or the reason why a word cannot be judged. */
static const char *understand(struct checking *c, const char *word, size_t len,
                              char why[SW_WHY_MAX])
{
    struct sw_indicator *what = &c->judged.what;
    if (sw_indicator_parse(word, len, what, why) != SW_OK)
        return why;
    if (what->type == SW_INDICATOR_PREFIX && what->addr.plen < sw_addr_bits(&what->addr))
        return "a prefix; ask for a single address of the prefix";
    return NULL;
}

static void check_word(struct checking *c, const char *word, size_t len)
{
    char reason[SW_WHY_MAX];
    const char *why = understand(c, word, len, reason);
    c->words++;
    if (why) {
        cli_refuse(&c->refusals, c->line, word, len, NULL, why);
        return;
    }
    if (!may_match(c))
        return;
    cli_judge(c->flow, &c->judged);
    if (!c->judged.hits.winner)
        return;
    c->acted++;
    print(c, word);
}

/* The first word of a line; a comment begins with '#' or ';'. The word is terminated. */
static void check_line(struct checking *c, char *line)
{
    static const char white[] = " \t\r\n\v\f";
    char *word = line + strspn(line, white);
    size_t len = strcspn(word, white);
    c->line++;
    if (len == 0 || word[0] == '#' || word[0] == ';')
        return;
    word[len] = '\0';
    check_word(c, word, len);
}

static int read_lines(struct checking *c, FILE *in)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    while ((len = getline(&line, &room, in)) >= 0 && !ferror(stdout)) {
        c->octets += (uint64_t)len;
        check_line(c, line);
        if (c->line % 4096 == 0)
            cli_progress_step(&c->progress, c->octets, c->words);
    }
    free(line);
    return ferror(in) ? CLI_INPUT : CLI_OK;
}

static int say_result(struct checking *c)
{
    cli_refusals_print(&c->refusals);
    fprintf(stderr, "%s, rules act on %" PRIu64, cli_count(c->words, "word", "words"), c->acted);
    if (c->refusals.n)
        fprintf(stderr, ", %" PRIu64 " refused", c->refusals.n);
    fprintf(stderr, "\n");
    return c->refusals.n ? CLI_PARTLY : c->acted ? CLI_OK : CLI_NONE;
}

int cli_judge_file(struct cli *cli, const struct sw_flow *flow, const char *path)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *in = standard ? stdin : fopen(path, "r");
    struct checking *c = cli_alloc(1, sizeof(*c));
    if (in)
        errno = 0;
    c->cli = cli;
    c->flow = flow;
    c->view = sw_index_view(flow->index);
    cli_refusals_begin(&c->refusals, &c->progress);
    c->refusals.file = standard ? "standard input" : path;
    cli_progress_begin(&c->progress, c->refusals.file, 0);
    int code = in ? read_lines(c, in) : CLI_INPUT;
    cli_progress_wipe(&c->progress);
    if (code == CLI_INPUT)
        cli_error("%s: %s", cli_clean_text(c->refusals.file), strerror(errno));
    else
        code = say_result(c);
    if (in && !standard)
        fclose(in);
    cli_refusals_free(&c->refusals);
    free(c);
    return code;
}
