/* topnames.c - the operator's top names: read, replace, ask. See topnames.h. */
#include "owner/topnames.h"

#include "base/log.h"
#include "base/policy.h"
#include "base/rcu.h"
#include "owner/filestate.h"
#include "owner/layout.h"
#include "owner/nameset.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OCTETS_MAX (INT64_C(1) << 30) /* of a file: the feeder waits while it reads */

/* ---- a file ---- */

static void tell(const struct sw_topfile_calls *calls, const char *path, uint32_t line,
                 const char *why)
{
    char message[SW_PATH_MAX + SW_WHY_MAX + 16], clean[sizeof(message)];
    if (!calls->problem)
        return;
    snprintf(message, sizeof(message), "%s:%u: %s", path, line, why);
    sw_text_clean(clean, sizeof(clean), message, strlen(message));
    calls->problem(calls->arg, clean);
}

/* The name of a line; *why is set for a broken line. False: no name. */
static bool name_of(const char *text, size_t len, struct sw_name *name, const char **why)
{
    *why = NULL;
    while (len > 0 && strchr("\r\n \t", text[len - 1]) && text[len - 1])
        len--;
    if (len == 0 || text[0] == '#')
        return false;
    const char *comma = memchr(text, ',', len);
    const char *first = comma ? comma + 1 : text;
    size_t size = len - (size_t)(first - text);
    const char *end = memchr(first, ',', size);
    size = end ? (size_t)(end - first) : size;
    if (sw_name_parse(first, size, name, why) != SW_OK)
        *why = *why ? *why : "no name";
    else if (sw_name_labels(name->wire) < 2)
        *why = "a name of two labels or more is needed";
    else if (sw_name_ends_in_number(name->wire))
        *why = "an address, no name";
    return !*why;
}

/* The next line without its end, at most max octets; a longer line is cut, and *len is max + 1.
 * False: there is no line. */
static bool read_line(FILE *in, char *text, size_t max, size_t *len)
{
    int octet;
    *len = 0;
    while ((octet = getc_unlocked(in)) != EOF && octet != '\n') {
        if (*len < max)
            text[*len] = (char)octet;
        *len += *len <= max;
    }
    return !ferror(in) && (octet != EOF || *len > 0);
}

enum sw_status sw_topfile_read(FILE *in, const char *path, uint64_t lines,
                               const struct sw_topfile_calls *calls)
{
    char text[SW_TOPFILE_LINE];
    size_t len;
    bool more = true;
    for (uint32_t n = 1; more && n <= lines && n < UINT32_MAX; n++) {
        struct sw_name name;
        const char *why = "the line is longer than 4,096 octets";
        if (!read_line(in, text, sizeof(text), &len))
            break;
        if (len <= sizeof(text) && name_of(text, len, &name, &why))
            more = calls->take(calls->arg, &name, n);
        else if (why)
            tell(calls, path, n, why);
    }
    return ferror(in) ? SW_EIO : SW_OK;
}

/* ---- the file of the settings ---- */

struct sw_topnames {
    const struct sw_settings *settings;
    _Atomic(struct sw_nameset *) names; /* stored with release by publish() */
    bool tried, steady;
    struct sw_filestate state;
    char error[SW_WHY_MAX]; /* of the last try; "" = fine */
};

struct sw_topnames *sw_topnames_new(const struct sw_settings *settings)
{
    struct sw_topnames *top = calloc(1, sizeof(*top));
    if (!top)
        return NULL;
    top->settings = settings;
    atomic_init(&top->names, NULL);
    return top;
}

void sw_topnames_free(struct sw_topnames *top)
{
    if (!top)
        return;
    sw_nameset_free(atomic_load_explicit(&top->names, memory_order_acquire));
    free(top);
}

struct reading {
    struct sw_nameset *set;
    enum sw_status status;
    size_t problems;
    bool quiet; /* the same lines were reported already */
};

static bool take(void *arg, const struct sw_name *name, uint32_t rank)
{
    struct reading *reading = arg;
    reading->status = sw_nameset_add(reading->set, name, rank);
    return reading->status == SW_OK;
}

static void log_problem(void *arg, const char *message)
{
    struct reading *reading = arg;
    if (reading->problems++ < SW_TOPNAMES_TOLD && !reading->quiet)
        sw_log(SW_LOG_WARNING, "top-names: %s; the line is passed over", message);
}

/* The file, opened without waiting for a writer of a FIFO; NULL and a reason. */
static FILE *open_file(const char *path, struct stat *seen, char *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        snprintf(why, SW_WHY_MAX, "cannot be opened: %s", strerror(errno));
        return NULL;
    }
    FILE *in = fstat(fd, seen) == 0 && S_ISREG(seen->st_mode) ? fdopen(fd, "r") : NULL;
    if (!in) {
        snprintf(why, SW_WHY_MAX, "not a regular file");
        close(fd);
    } else if (seen->st_size > OCTETS_MAX) {
        snprintf(why, SW_WHY_MAX, "the file is larger than 1 GiB");
        fclose(in);
        in = NULL;
    }
    return in;
}

static enum sw_status read_file(struct sw_topnames *top, struct stat *seen, struct reading *reading,
                                char *why)
{
    const struct sw_topfile_calls calls = {take, log_problem, reading};
    const char *path = top->settings->top_names;
    FILE *in = open_file(path, seen, why);
    if (!in)
        return SW_EIO;
    reading->set = sw_nameset_new();
    reading->status = reading->set ? SW_OK : SW_ENOMEM;
    if (reading->status == SW_OK &&
        sw_topfile_read(in, path, top->settings->top_names_max, &calls) != SW_OK)
        reading->status = SW_EIO;
    if (reading->status != SW_OK)
        snprintf(why, SW_WHY_MAX, "cannot be read: %s",
                 reading->status == SW_EIO ? strerror(errno) : sw_strerror(reading->status));
    fclose(in);
    return reading->status;
}

static void publish(struct sw_topnames *top, const struct reading *reading)
{
    sw_nameset_build(reading->set, NULL, NULL);
    struct sw_nameset *old =
        atomic_exchange_explicit(&top->names, reading->set, memory_order_acq_rel);
    if (old) {
        sw_rcu_synchronize();
        sw_nameset_free(old);
    }
    top->error[0] = '\0';
    sw_log(SW_LOG_INFO, "top-names: %s: opened, %zu names, %zu lines passed over",
           top->settings->top_names, sw_nameset_size(reading->set), reading->problems);
}

static void note_refusal(struct sw_topnames *top, const char *why)
{
    if (strcmp(why, top->error) != 0)
        sw_log(SW_LOG_WARNING, "top-names: %s: %s; %s", top->settings->top_names, why,
               atomic_load_explicit(&top->names, memory_order_relaxed)
                   ? "the names read before stay in use"
                   : "going on without them");
    snprintf(top->error, sizeof(top->error), "%s", why);
}

bool sw_topnames_refresh(struct sw_topnames *top)
{
    struct stat seen = {0};
    struct reading reading = {0};
    char why[SW_WHY_MAX] = "";
    if (!top->settings->top_names[0])
        return false;
    struct sw_filestate now = sw_filestate_at(top->settings->top_names);
    reading.quiet = top->tried && sw_filestate_equal(&now, &top->state);
    if (reading.quiet && top->steady)
        return false;
    enum sw_status status = read_file(top, &seen, &reading, why);
    top->state = sw_filestate_of(&seen);
    top->steady = status != SW_ENOMEM && sw_filestate_is_steady(&top->state);
    top->tried = true;
    if (status == SW_OK) {
        publish(top, &reading);
        return true;
    }
    sw_nameset_free(reading.set);
    note_refusal(top, why);
    return false;
}

uint32_t sw_topnames_find(const struct sw_topnames *top, const uint8_t *wire, unsigned *labels)
{
    uint32_t rank = 0;
    const struct sw_nameset *names = atomic_load_explicit(&top->names, memory_order_acquire);
    *labels = names ? sw_nameset_find(names, wire, &rank) : 0;
    return rank;
}
