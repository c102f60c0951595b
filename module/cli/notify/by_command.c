/* by_command.c - a notice for a program: the object on standard input. See hand.h. */
#include "cli/notify/hand.h"
#include "cli/notify/program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_DATA 65 /* EX_DATAERR of sysexits(3): the program refuses this notice */

enum hand_result hand_to_command(const struct notify_target *target, const struct notice *notice,
                                 struct hand_report *report)
{
    char *argv[NOTIFY_ARGUMENTS_MAX + 2] = {target->command};
    char id[NOTICE_ID_MAX + 16], type[NOTICE_TYPE_MAX + 16], severity[32], repeated[32];
    char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    char *env[] = {path, id, type, severity, repeated, NULL};
    size_t len = 0;
    memcpy(argv + 1, target->argument, sizeof(target->argument));
    snprintf(id, sizeof(id), "SINKWATCH_ID=%s", notice->id);
    snprintf(type, sizeof(type), "SINKWATCH_TYPE=%s", notice->type);
    snprintf(severity, sizeof(severity), "SINKWATCH_SEVERITY=%u", notice->severity);
    snprintf(repeated, sizeof(repeated), "SINKWATCH_REPEATED=%s", notice->repeated ? "yes" : "no");
    char *json = notice_json(notice, 0, &len);
    json[len++] = '\n'; /* in place of the NUL */
    int status = program_run(argv, env, json, len, target->timeout_s);
    free(json);
    if (status == 0)
        return HAND_DONE;
    if (status == PROGRAM_LATE)
        snprintf(report->why, sizeof(report->why), "%.120s ran for more than %u s and was killed",
                 target->command, target->timeout_s);
    else if (status == PROGRAM_FAILED)
        snprintf(report->why, sizeof(report->why), "%.120s: %s", target->command, strerror(errno));
    else
        snprintf(report->why, sizeof(report->why), "%.120s ended with status %d", target->command,
                 status);
    return status == EXIT_DATA ? HAND_REFUSED : HAND_AGAIN;
}
