/*
 * by_mail.c - a notice as a mail, by the sendmail program of the system. See hand.h.
 *
 * Addresses are arguments and headers from the file of targets. Of the notice the subject has the
 * summary, whose characters cannot end a header (notice.h); the rest is in the body, in
 * quoted-printable (RFC 2045 6.7).
 */
#include "cli/notify/hand.h"
#include "cli/notify/program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SENDMAIL    "/usr/sbin/sendmail"
#define LINE_MAX_QP 72  /* characters of a line before a soft break */
#define SUBJECT_MAX 150 /* characters of the summary in the subject */
#define EXIT_DATA   65  /* EX_DATAERR of sysexits(3) */
#define EXIT_USER   67  /* EX_NOUSER */

static void put_quoted(FILE *out, const char *text)
{
    size_t column = 0;
    for (; *text; text++) {
        if (*text == '\n') {
            putc('\n', out);
            column = 0;
            continue;
        }
        if (column >= LINE_MAX_QP) {
            fputs("=\n", out);
            column = 0;
        }
        /* A line that begins with a dot or with "From " means something to mail programs. */
        bool plain =
            *text > 0x20 && *text < 0x7f && *text != '=' && !(column == 0 && strchr(".F", *text));
        plain = plain || (*text == ' ' && text[1] != '\n' && text[1] != '\0');
        column += (size_t)(plain ? fprintf(out, "%c", *text)
                                 : fprintf(out, "=%02X", (unsigned)(unsigned char)*text));
    }
    putc('\n', out);
}

/* "=?" in a header begins a word in another encoding (RFC 2047 2), which mail programs show
 * decoded: text that nobody has seen before. */
static void put_subject(FILE *out, const char *summary)
{
    fputs("Subject: [sinkwatch] ", out);
    for (size_t i = 0; summary[i] && i < SUBJECT_MAX; i++)
        putc(summary[i] == '=' && summary[i + 1] == '?' ? '?' : summary[i], out);
    putc('\n', out);
}

static void put_headers(FILE *out, const struct notify_target *target, const struct notice *notice)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    if (target->mail_from)
        fprintf(out, "From: %s\n", target->mail_from);
    fprintf(out, "To: %s\n", target->mail_to);
    put_subject(out, notice->summary);
    fprintf(out, "Date: %d %s %d %02d:%02d:%02d +0000\n", utc.tm_mday, months[utc.tm_mon % 12],
            utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
    fprintf(out, "Message-ID: <%s.%s@sinkwatch.invalid>\n", notice->id, target->name);
    fputs("Auto-Submitted: auto-generated\nMIME-Version: 1.0\n"
          "Content-Type: text/plain; charset=us-ascii\n"
          "Content-Transfer-Encoding: quoted-printable\n\n",
          out);
}

enum hand_result hand_to_mail(const struct notify_target *target, const struct notice *notice,
                              struct hand_report *report)
{
    char *program = target->sendmail ? target->sendmail : (char[]){SENDMAIL};
    char ignore_dots[] = "-i", from[] = "-f", last[] = "--", *mail = NULL;
    char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", *env[] = {path, NULL};
    char *argv[] = {program, ignore_dots, last, target->mail_to, NULL, NULL, NULL};
    if (target->mail_from) {
        argv[2] = from;
        argv[3] = target->mail_from;
        argv[4] = last;
        argv[5] = target->mail_to;
    }
    size_t len = 0, json_len = 0;
    char *json = notice_json(notice, 2, &json_len);
    FILE *out = open_memstream(&mail, &len);
    if (!out)
        abort();
    put_headers(out, target, notice);
    put_quoted(out, notice->summary);
    if (notice->repeated)
        put_quoted(out, "This notice may have been sent before.");
    putc('\n', out);
    put_quoted(out, json);
    if (fclose(out) != 0)
        abort();
    int status = program_run(argv, env, mail, len, target->timeout_s);
    free(mail);
    free(json);
    if (status == 0)
        return HAND_DONE;
    if (status == PROGRAM_FAILED)
        snprintf(report->why, sizeof(report->why), "%.120s: %s", program, strerror(errno));
    else
        snprintf(report->why, sizeof(report->why), "%.120s %s (status %d)", program,
                 status == PROGRAM_LATE ? "took too long and was killed" : "failed", status);
    return status == EXIT_DATA || status == EXIT_USER ? HAND_REFUSED : HAND_AGAIN;
}
