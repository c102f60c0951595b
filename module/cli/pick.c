/* pick.c - see pick.h. */
#include "cli/pick.h"

#include "cli/output.h"

#include <stdlib.h>
#include <string.h>

bool cli_has_word(const char *words, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = words; at && *at; at += strspn(at, " ")) {
        size_t n = strcspn(at, " ");
        if (n == len && memcmp(at, word, n) == 0)
            return true;
        at += n;
    }
    return !words;
}

bool cli_on_lists(const json_t *document, const char *lists)
{
    static const char *const paths[] = {
        "threat.feed.name",
        "sinkwatch.list",
        "sinkwatch.feed.list",
        "sinkwatch.anomaly.protected.list",
        "sinkwatch.anomaly.expected.list",
        "sinkwatch.anomaly.spread.list",
        "sinkwatch.anomaly.known.list",
    };
    const json_t *hit;
    size_t i;
    if (!lists)
        return true;
    for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        const char *list = cli_json_text(document, paths[i]);
        if (list[0] && cli_has_word(lists, list))
            return true;
    }
    json_array_foreach(cli_json_at(document, "sinkwatch.hits"), i, hit)
    {
        const char *list = cli_json_text(hit, "list");
        if (list[0] && cli_has_word(lists, list))
            return true;
    }
    return false;
}

bool cli_picked(const struct cli_pick *pick, const json_t *document)
{
    json_int_t severity = json_integer_value(cli_json_at(document, "event.severity"));
    return severity >= (json_int_t)pick->severity &&
           cli_has_word(pick->types, cli_json_text(document, "event.action")) &&
           cli_on_lists(document, pick->lists);
}

bool cli_picks(const struct cli_pick *pick)
{
    return pick->types || pick->lists || pick->severity > 0;
}

void cli_words_add(char **words, const char *more)
{
    size_t used = *words ? strlen(*words) : 0, len = strlen(more);
    *words = cli_grow(*words, used + len + 2, 1);
    if (used > 0)
        (*words)[used++] = ' ';
    memcpy(*words + used, more, len + 1);
}
