/*
 * hand.h - handing a notice on, once, to the program or service of a target.
 *
 * Step by step: hand_on() makes an attempt of at most the target's timeout. The caller decides
 * about further attempts (deliver.c).
 *
 * Threads      one
 * Security     no text of a notice becomes a word of a command line, an environment variable, a
 *              header or a part of a URL, but for the type and the id, which have a few safe
 *              characters only (notice.h). A certificate has to be valid and to be for the host of
 *              the URL; redirections are not followed.
 * Decisions    D-188, D-189
 */
#ifndef SW_CLI_NOTIFY_HAND_H
#define SW_CLI_NOTIFY_HAND_H

#include "cli/notify/notice.h"

enum hand_result {
    HAND_DONE,
    HAND_AGAIN,   /* failed for now */
    HAND_REFUSED, /* this notice will never be taken */
};

struct hand_report {
    char why[200];   /* reason of a failure, for people */
    uint32_t wait_s; /* wait that the receiver asks for, or 0 */
};

/** Hand a notice on. The report is written on a failure only. */
enum hand_result hand_on(const struct notify_target *target, const struct notice *notice,
                         struct hand_report *report);

/** The parts of hand_on(): a program with the object on standard input, a POST of the object, a
 * message of syslog with structured data, fields of the journal, a mail. */
enum hand_result hand_to_command(const struct notify_target *target, const struct notice *notice,
                                 struct hand_report *report);
enum hand_result hand_to_webhook(const struct notify_target *target, const struct notice *notice,
                                 struct hand_report *report);
enum hand_result hand_to_syslog(const struct notify_target *target, const struct notice *notice,
                                struct hand_report *report);
enum hand_result hand_to_journal(const struct notify_target *target, const struct notice *notice,
                                 struct hand_report *report);
enum hand_result hand_to_mail(const struct notify_target *target, const struct notice *notice,
                              struct hand_report *report);

#endif
