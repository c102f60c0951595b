/* doctor_say.c - findings, as lines or for --json. See doctor.h. */
#include "cli/doctor/doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define RING 8

const char *doctor_words(const char *format, ...)
{
    static char ring[RING][1024];
    static unsigned next;
    char *out = ring[next++ % RING];
    va_list args;

    va_start(args, format);
    vsnprintf(out, sizeof(ring[0]), format, args);
    va_end(args);
    return out;
}

static const char *const state_names[DOCTOR_STATES] = {"ok", "warning", "failure"};

void doctor_say(struct doctor *d, enum doctor_state state, const char *id, const char *remedy,
                const char *format, ...)
{
    char *why = NULL;
    va_list args;

    va_start(args, format);
    if (vasprintf(&why, format, args) < 0)
        abort();
    va_end(args);
    json_t *finding = json_object();
    json_object_set_new(finding, "id", json_string(id));
    json_object_set_new(finding, "state", json_string(state_names[state]));
    cli_json_set(finding, "why", why);
    if (remedy)
        cli_json_set(finding, "remedy", remedy);
    json_array_append_new(d->findings, finding);
    d->count[state]++;
    if (!d->cli->json) {
        enum cli_style style = state == DOCTOR_OK ? CLI_GOOD : CLI_BAD;
        printf("%s%-8s%s %-20s %s\n", cli_style(d->cli, style), state_names[state],
               cli_style(d->cli, CLI_PLAIN), id, cli_clean_text(why));
        if (remedy)
            printf("%29s %s-> %s%s\n", "", cli_style(d->cli, CLI_BOLD), cli_clean_text(remedy),
                   cli_style(d->cli, CLI_PLAIN));
        fflush(stdout);
    }
    free(why);
}
