/*
 * by_log.c - a notice for the log of the system: a message of RFC 5424 with structured data for a
 * syslog daemon, or fields in the native protocol of systemd-journald. See hand.h.
 *
 * Both are one datagram to a unix socket. In the native protocol each value has a length, so no
 * octet of a value can begin another field.
 */
#include "base/clock.h"
#include "cli/notify/hand.h"
#include "cli/output.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SYSLOG_SOCKET  "/dev/log"
#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define VALUE_MAX      255   /* octets of a value of structured data */
#define OBJECT_MAX     60000 /* octets of the object in the journal, else left out */
#define HOST_MAX       65
/* The number for examples and documents (RFC 5612): this project has no number of its own. */
#define ELEMENT "sinkwatch@32473"

/* Severities of RFC 5424 6.2.1. */
static unsigned level_of(unsigned severity)
{
    return severity >= 80 ? 3 : severity >= 60 ? 4 : severity >= 30 ? 5 : 6;
}

static enum hand_result send_to(const char *path, const char *data, size_t len,
                                struct hand_report *report)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
    ssize_t sent =
        fd < 0 ? -1 : sendto(fd, data, len, MSG_NOSIGNAL, (const struct sockaddr *)&to, sizeof(to));
    int error = errno;
    if (fd >= 0)
        close(fd);
    if (sent >= 0)
        return HAND_DONE;
    snprintf(report->why, sizeof(report->why), "%s: %s", path, strerror(error));
    return error == EMSGSIZE ? HAND_REFUSED : HAND_AGAIN;
}

/* A value of structured data (RFC 5424 6.3.3): octets outside printable ASCII become '?'. */
static void put_value(FILE *out, const char *name, const char *text)
{
    if (!text[0])
        return;
    fprintf(out, " %s=\"", name);
    for (size_t i = 0; text[i] && i < VALUE_MAX; i++) {
        if (strchr("\"\\]", text[i]))
            putc('\\', out);
        putc(text[i] >= 0x20 && text[i] < 0x7f ? text[i] : '?', out);
    }
    putc('"', out);
}

static void put_members(FILE *out, const struct notice *notice,
                        void (*put)(FILE *out, const char *name, const char *text))
{
    static const char *const members[] = {"name", "address", "list", "resolver"};
    char severity[16];
    snprintf(severity, sizeof(severity), "%u", notice->severity);
    put(out, "id", notice->id);
    put(out, "type", notice->type);
    put(out, "severity", severity);
    put(out, "repeated", notice->repeated ? "yes" : "");
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        put(out, members[i], notice_text(notice, members[i]));
}

/* The host name in the characters that the header of a message allows. */
static void host_name(char host[HOST_MAX])
{
    if (gethostname(host, HOST_MAX) != 0)
        host[0] = '\0';
    host[HOST_MAX - 1] = '\0';
    for (char *c = host; *c; c++)
        if (*c <= 0x20 || *c >= 0x7f)
            *c = '?';
    if (!host[0])
        memcpy(host, "-", 2);
}

static FILE *open_text(char **text, size_t *len)
{
    FILE *out = open_memstream(text, len);
    if (!out)
        abort();
    return out;
}

static void close_text(FILE *out)
{
    if (fclose(out) != 0)
        abort();
}

enum hand_result hand_to_syslog(const struct notify_target *target, const struct notice *notice,
                                struct hand_report *report)
{
    char when[SW_TIMETEXT_MAX], host[HOST_MAX], *text = NULL;
    size_t len = 0;
    FILE *out = open_text(&text, &len);
    host_name(host);
    fprintf(out, "<%u>1 %s %s sinkwatch %d %s [" ELEMENT,
            target->facility * 8 + level_of(notice->severity),
            sw_time_text(sw_clock_wall_us(), when), host, (int)getpid(), notice->type);
    put_members(out, notice, put_value);
    fprintf(out, "] %s", notice->summary);
    close_text(out);
    enum hand_result result =
        send_to(target->socket ? target->socket : SYSLOG_SOCKET, text, len, report);
    free(text);
    return result;
}

/* "NAME\n", the length in 8 octets, the value, "\n". */
static void put_octets(FILE *out, const char *name, const char *value, size_t len)
{
    uint64_t size = htole64(len);
    fprintf(out, "%s\n", name);
    fwrite(&size, sizeof(size), 1, out);
    fwrite(value, 1, len, out);
    putc('\n', out);
}

/* The member "list" is the field SINKWATCH_LIST. */
static void put_field(FILE *out, const char *name, const char *text)
{
    char field[64] = "SINKWATCH_";
    for (size_t i = 0, n = strlen(field); name[i] && n + 1 < sizeof(field); i++, n++)
        field[n] = (char)(name[i] - 'a' + 'A');
    if (text[0])
        put_octets(out, field, text, strlen(text));
}

enum hand_result hand_to_journal(const struct notify_target *target, const struct notice *notice,
                                 struct hand_report *report)
{
    char *text = NULL, level[16];
    size_t len = 0, json_len = 0;
    FILE *out = open_text(&text, &len);
    char *json = notice_json(notice, 0, &json_len);
    snprintf(level, sizeof(level), "%u", level_of(notice->severity));
    put_octets(out, "MESSAGE", notice->summary, strlen(notice->summary));
    put_octets(out, "PRIORITY", level, strlen(level));
    put_octets(out, "SYSLOG_IDENTIFIER", "sinkwatch", strlen("sinkwatch"));
    put_members(out, notice, put_field);
    if (json_len <= OBJECT_MAX)
        put_octets(out, "SINKWATCH_NOTICE", json, json_len);
    free(json);
    close_text(out);
    enum hand_result result =
        send_to(target->socket ? target->socket : JOURNAL_SOCKET, text, len, report);
    free(text);
    return result;
}
