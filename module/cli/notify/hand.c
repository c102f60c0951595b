/* hand.c - see hand.h. */
#include "cli/notify/hand.h"

#include <string.h>

enum hand_result hand_on(const struct notify_target *target, const struct notice *notice,
                         struct hand_report *report)
{
    memset(report, 0, sizeof(*report));
    switch ((enum notify_way)target->way) {
    case NOTIFY_COMMAND:
        return hand_to_command(target, notice, report);
    case NOTIFY_WEBHOOK:
        return hand_to_webhook(target, notice, report);
    case NOTIFY_SYSLOG:
        return hand_to_syslog(target, notice, report);
    case NOTIFY_JOURNAL:
        return hand_to_journal(target, notice, report);
    case NOTIFY_MAIL:
        return hand_to_mail(target, notice, report);
    case NOTIFY_WAYS:
    default:
        return HAND_REFUSED;
    }
}
