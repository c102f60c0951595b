/* past_words.c - see past_words.h. */
#include "cli/past/past_words.h"

#include "base/clock.h"
#include "cli/stop.h"
#include "journal/dnstext.h"
#include "journal/rdata_text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

atomic_bool cli_past_stop;
static int input = -1, nothing = -1; /* the input, and /dev/null in its place after a signal */

/* A read that begins after the signal finds the end of the input; a read that waits is
 * interrupted. */
static void on_signal(int number)
{
    (void)number;
    int error = errno;
    atomic_store_explicit(&cli_past_stop, true, memory_order_relaxed);
    if (input >= 0 && nothing >= 0)
        (void)dup2(nothing, input);
    errno = error;
}

void cli_past_catch(int fd)
{
    input = fd;
    nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    cli_handle_signals(on_signal);
}

error_t cli_past_parse(struct cli_past *past, int key, char *arg, struct argp_state *state)
{
    switch (key) {
    case CLI_PAST_FOLDER:
        past->folder = arg;
        return 0;
    case CLI_PAST_TYPE:
        if (!sw_rdata_type_parse(arg, &past->type))
            argp_error(state,
                       "--type: '%s' is not kept; A, AAAA, CNAME, DNAME, NS, MX, SRV, SVCB, "
                       "HTTPS, PTR, SOA",
                       cli_clean_text(arg));
        return 0;
    case CLI_PAST_SINCE:
        past->since = cli_time_ago(state, "--since", arg);
        return 0;
    case CLI_PAST_UNTIL:
        past->until = cli_time_ago(state, "--until", arg);
        return 0;
    case CLI_PAST_LIMIT:
        past->limit = cli_number(state, "--limit", arg, 0, UINT64_MAX / 2);
        return 0;
    case CLI_PAST_COF:
        past->cof = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const char *cli_past_folder(struct cli *cli, const struct cli_past *past)
{
    if (past->folder)
        return past->folder;
    if (cli_settings(cli) != CLI_OK)
        return NULL;
    if (cli->settings.memory_folder[0])
        return cli->settings.memory_folder;
    cli_error("no memory is kept: memory-folder is not set in %s", cli->settings_path);
    cli_hint("name the folder with --folder, or set memory-folder");
    return NULL;
}

int cli_past_failed(const char *folder, enum sw_status status)
{
    const char *clean = cli_clean_text(folder);
    if (status == SW_ENOTFOUND)
        cli_error("%s: there is no such folder", clean);
    else if (status == SW_EIO)
        cli_error("%s: %s", clean, strerror(errno));
    else if (status == SW_ECLOSED)
        cli_error("interrupted");
    else if (status == SW_EFORMAT)
        cli_error("%s: a file is damaged", clean);
    else if (status == SW_ETIMEOUT)
        cli_error("%s: another process changes the files; try again", clean);
    else
        cli_error("%s: %s", clean, sw_strerror(status));
    return CLI_INPUT;
}

int cli_past_open(struct cli *cli, const struct cli_past *past, struct sw_past **out)
{
    const char *folder = cli_past_folder(cli, past);
    if (!folder)
        return CLI_SETTINGS;
    cli_past_catch(-1);
    enum sw_status status = sw_past_open(folder, &cli_past_stop, out);
    return status == SW_OK ? CLI_OK : cli_past_failed(folder, status);
}

const char *cli_past_time_text(uint64_t seconds, bool rfc3339)
{
    static char texts[8][SW_TIMETEXT_MAX];
    static unsigned next;
    char *text = texts[next++ % 8];
    sw_time_text((int64_t)seconds * 1000000, text);
    if (rfc3339)
        memcpy(text + 19, "Z", 2);
    return rfc3339 ? text : cli_time(text, true);
}

json_t *cli_sighting_json(const struct sw_sighting *sighting)
{
    char text[SW_RDATATEXT_MAX], name[SW_NAMETEXT_MAX], type[SW_DNSTEXT_MAX];
    json_t *one = json_object();
    cli_json_set(one, "name", sw_name_text(sighting->owner, name));
    cli_json_set(one, "type", sw_qtype_text(sighting->type, type));
    cli_json_set(one, "rdata",
                 sw_rdata_text(sighting->type, sighting->rdata, sighting->rdata_len, text));
    cli_json_set(one, "first", cli_past_time_text(sighting->first, true));
    cli_json_set(one, "last", cli_past_time_text(sighting->last, true));
    json_object_set_new(one, "count", json_integer((json_int_t)sighting->count));
    if (sighting->zone)
        cli_json_set(one, "zone", sw_name_text(sighting->zone, name));
    return one;
}
