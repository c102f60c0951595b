/* refusals.c - see refusals.h. */
#include "cli/lists/refusals.h"

#include "base/policy.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REASONS_MAX 100 /* kept apart; the rest is one */
#define EACH_MAX    5   /* named of one reason */

void cli_refusals_begin(struct cli_refusals *refusals, struct cli_progress *progress)
{
    *refusals = (struct cli_refusals){.progress = progress,
                                      .shown_max = CLI_REFUSALS_SHOWN,
                                      .first = json_array(),
                                      .by_reason = json_object()};
}

void cli_refusals_free(struct cli_refusals *refusals)
{
    json_decref(refusals->first);
    json_decref(refusals->by_reason);
}

/* Count under a reason; returns the number with this refusal. */
static json_int_t count(struct cli_refusals *refusals, const char *reason)
{
    json_t *number = json_object_get(refusals->by_reason, reason);
    if (!number && json_object_size(refusals->by_reason) >= REASONS_MAX) {
        reason = "other reasons";
        number = json_object_get(refusals->by_reason, reason);
    }
    if (!number) {
        json_object_set_new(refusals->by_reason, reason, json_integer(1));
        return 1;
    }
    json_integer_set(number, json_integer_value(number) + 1);
    return json_integer_value(number);
}

void cli_refuse(struct cli_refusals *refusals, uint64_t line, const char *text, size_t len,
                const char *kind, const char *why)
{
    char reason[2 * SW_WHY_MAX];
    snprintf(reason, sizeof(reason), "%s%s%s", kind ? kind : "", kind ? ": " : "",
             cli_clean_text(why));
    refusals->n++;
    if (count(refusals, reason) > EACH_MAX ||
        json_array_size(refusals->first) >= refusals->shown_max)
        return;
    cli_progress_wipe(refusals->progress);
    fprintf(stderr, "%s:%" PRIu64 ": '%s' is refused: %s\n", cli_clean_text(refusals->file), line,
            cli_clean(text, len), cli_clean_text(why));
    json_t *one = json_object();
    json_object_set_new(one, "line", json_integer((json_int_t)line));
    cli_json_set(one, "item", cli_clean(text, len));
    cli_json_set(one, "why", why);
    json_array_append_new(refusals->first, one);
}

struct reason {
    const char *words;
    json_int_t n;
};

static int by_number(const void *a, const void *b)
{
    const struct reason *x = a, *y = b;
    return (x->n < y->n) - (x->n > y->n);
}

void cli_refusals_print(const struct cli_refusals *refusals)
{
    struct reason reason[REASONS_MAX + 1];
    const char *words;
    json_t *number;
    size_t n = 0, named = json_array_size(refusals->first);
    if (refusals->n <= named)
        return;
    json_object_foreach(refusals->by_reason, words, number)
    {
        reason[n++] = (struct reason){words, json_integer_value(number)};
    }
    qsort(reason, n, sizeof(reason[0]), by_number);
    fprintf(stderr, "and %" PRIu64 " more; in all:\n", refusals->n - named);
    for (size_t i = 0; i < n; i++)
        fprintf(stderr, "  %10" JSON_INTEGER_FORMAT "  %s\n", reason[i].n, reason[i].words);
}
