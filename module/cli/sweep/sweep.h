/*
 * sweep.h - sinkwatch sweep: resolve all listed names from here and record the addresses' owners.
 *
 * Step by step:
 *   sweep_complete()       options                                         (sweep_options.c)
 *   sweep_collect()        names of the lists, sorted, each once           (sweep_names.c)
 *   sweep_collect_asked()  names below indicators that clients asked for   (sweep_names.c)
 *   sweep_state_read()     where the last run stopped                      (sweep_state.c)
 *   sweep_resolver_ask()   A and AAAA of a name, by libunbound             (sweep_resolver.c)
 *   sweep_answer_parse()   an answer in wire form: aliases and addresses   (sweep_answer.c)
 *   sweep_memory_note()    the records of an answer into files, if wanted  (sweep_memory.c)
 *   sweep_ptrs_hold()      PTR of the addresses, by libunbound as well     (sweep_ptr.c)
 *   sweep_sink_put()       the same events that a resolver records, through a journal of our
 *                          own: history, anomalies, events                 (sweep_sink.c)
 *   sweep_state_write()    once the events are in Redis                    (sweep_state.c)
 *
 * Threads      the command's main thread; a thread of libunbound for each context, two threads of
 *              the journal and one of the memory, with all signals blocked
 * Memory       the names; `in-flight` questions; the journal within the journal's bounds
 * Reliability  a name is done only when Redis has acknowledged the events; the state never has
 *              more, so a killed run repeats names, and skips none
 * Security     answers are parsed with every length checked; names that no list of kind ioc or
 *              watch covers leave no trace in Redis
 */
#ifndef SW_CLI_SWEEP_SWEEP_H
#define SW_CLI_SWEEP_SWEEP_H

#include "base/addr.h"
#include "base/event.h"
#include "base/name.h"
#include "cli/cli.h"

#include <jansson.h>
#include <signal.h>

#define SWEEP_FORWARDS_MAX  16
#define SWEEP_LISTS_MAX     64
#define SWEEP_ALIASES_MAX   16
#define SWEEP_POINTERS_MAX  16
#define SWEEP_ADDRESSES_MAX 4096 /* all of a message of 65,535 octets */

struct sweep_options {
    const char *list[SWEEP_LISTS_MAX]; /* only these lists; none: all of kind ioc and watch */
    size_t lists;
    const char *match;                       /* shell pattern for names, NULL: all */
    const char *file;                        /* names come from here ("-": standard input) */
    const char *forward[SWEEP_FORWARDS_MAX]; /* ADDRESS[@PORT] */
    size_t forwards;
    const char *resolv_conf, *root_hints, *anchor; /* files, NULL: none */
    const char *state;                             /* file, NULL: none */
    const char *memory;                            /* folder for the answers, NULL: none */
    const char *observer;                          /* NULL: RESOLVER-ID-sweep */
    uint64_t rate;                                 /* names and PTRs a second, 0: no limit */
    uint64_t in_flight;                            /* names at a time */
    uint64_t ptr;                                  /* PTRs of a name, at most */
    uint64_t timeout_s;                            /* for a question */
    uint64_t retries;                              /* of names that failed */
    uint64_t contexts;                             /* of libunbound, a thread each */
    uint64_t rows;                                 /* of the table of names, at most */
    bool events;                                   /* each answer is an event in Redis, too */
    bool indicators_only;                          /* no names that only the history has */
};

/* ---- options (sweep_options.c) ---- */

extern const struct cli_usage sweep_usage;
extern const struct sweep_options sweep_defaults;

/** After the parser: validation from the root, unless another resolver is asked. */
void sweep_complete(struct sweep_options *options);

/* ---- names (sweep_names.c) ---- */

struct sweep_names {
    char **name; /* text without final dot, sorted, each once */
    size_t n, room;
    uint64_t below;        /* '*.example.net': no single name to resolve */
    uint64_t refused;      /* a resolver refuses the item, too */
    uint64_t others;       /* AS numbers, and addresses of lists that are not of kind ioc */
    uint64_t asked;        /* names that sweep_collect_asked() added */
    struct sw_addr *place; /* addresses and prefixes on lists of kind ioc */
    size_t places, places_room;
    struct sw_addr *guarded; /* prefixes on lists of kind protected */
    size_t guarded_n, guarded_room;
    char **list; /* the lists that the names come from */
    size_t lists, lists_room;
};

/** Names of the lists, or of the file. CLI_OK; else reported. */
int sweep_collect(struct cli *cli, const struct sweep_options *options, struct sweep_names *names);

/** Add the names on tracked addresses that the history has of the same lists of kind ioc: names
 * below an indicator that clients asked for. CLI_OK or CLI_REDIS, reported. */
int sweep_collect_asked(struct cli *cli, const struct sweep_options *options,
                        struct sweep_names *names);
/** Put the protected prefixes in order for sweep_place_judged(); sweep_collect() does. */
void sweep_sort_guarded(struct sweep_names *names);

/** Free all members; the struct is empty then. */
void sweep_names_free(struct sweep_names *names);

/** The address by which an address indicator is judged: the first address of a protected prefix
 * inside the indicator, else the indicator's first address (D-228). Cost: a binary search. */
struct sw_addr sweep_place_judged(const struct sweep_names *names, const struct sw_addr *place);

/* ---- answers (sweep_answer.c) ---- */

/* The outcome of a name is the later outcome of the two answers in this order. */
enum sweep_outcome {
    SWEEP_NODATA,   /* the name exists, without such records */
    SWEEP_NXDOMAIN, /* no address */
    SWEEP_FAILED,   /* no answer in time, SERVFAIL, or any other rcode */
    SWEEP_BOGUS,    /* DNSSEC validation failed: the content is not used */
    SWEEP_RESOLVED, /* aliases or addresses */
    SWEEP_OUTCOMES, /* how many there are */
};

struct sweep_answer {
    enum sweep_outcome outcome;
    uint8_t rcode;
    bool answered; /* rcode and security come from an answer */
    enum sw_security security;
    size_t aliases, addresses, pointers;
    struct sw_name alias[SWEEP_ALIASES_MAX];
    struct sw_name pointer[SWEEP_POINTERS_MAX];
    struct sw_addr address[SWEEP_ADDRESSES_MAX];
    bool truncated; /* there were more */
};

/**
 * Aliases, addresses and pointers (PTR) of a DNS message (RFC 1035 4.1). Only records of class IN
 * in the answer section; A, AAAA and PTR, whatever was asked for.
 *
 * answer  aliases, addresses, pointers, rcode are set; the rest stays
 * SW_OK; SW_EFORMAT: no whole message; *answer is untouched.
 */
enum sw_status sweep_answer_parse(const uint8_t *packet, size_t len, struct sweep_answer *answer);

/** Takes a record, borrowed during the call. owner: in lower case; rdata: without compression. */
typedef void sweep_record_fn(void *arg, const struct sw_name *owner, uint16_t type,
                             const uint8_t *rdata, size_t len);

/** Tell the records A, AAAA, CNAME and DNAME of class IN in the answer section, up to the first
 * record that is malformed. */
void sweep_answer_records(const uint8_t *packet, size_t len, sweep_record_fn *take, void *arg);

/** "resolved", "NXDOMAIN", ... for people and JSON. */
const char *sweep_outcome_name(enum sweep_outcome outcome);

/* ---- memory of resolved names (sweep_memory.c) ---- */

struct sweep_memory;

/**
 * Begin to record answers as sightings in the folder of the options. The limits are those of the
 * resolver: memory-domain-limit, memory-exclude, memory-cut-label, memory-ram-max; a file is
 * written each memory-interval (D-165).
 *
 * code  CLI_OK; or CLI_INPUT, reported: no such folder, or not writable
 * Returns NULL with CLI_OK when nothing is to be recorded.
 */
struct sweep_memory *sweep_memory_new(struct cli *cli, const struct sweep_options *options,
                                      int *code);

/** Record an answer that sweep_answer_parse() has accepted. memory NULL is fine. */
void sweep_memory_note(struct sweep_memory *memory, const uint8_t *packet, size_t len);

/** Whether there is room for the answers of another name; true for NULL. */
bool sweep_memory_has_room(const struct sweep_memory *memory);

/** Write the last file. Returns folder, records, left_out (numbers by reason), and problem if a
 * file could not be written; json_null() for NULL. */
json_t *sweep_memory_finish(struct sweep_memory *memory);
void sweep_memory_free(struct sweep_memory *memory); /* writes the last file; NULL is fine */

/* ---- libunbound (sweep_resolver.c) ---- */

#define SWEEP_TYPES 2 /* A, AAAA */

/* A name under way, or the PTR of an address: after all answers done() is called. */
struct sweep_task {
    size_t index;   /* of the name, or of the address among the PTRs */
    bool is_ptr;    /* answer[0] is the answer about PTR */
    unsigned open;  /* questions without an answer */
    unsigned waits; /* names: PTRs that it is held for */
    struct sweep_answer answer[SWEEP_TYPES];
};

/* Takes the task over: free(). */
typedef void sweep_done_fn(void *arg, struct sweep_task *task);

struct sweep_resolver;

/** The query type of answer[i]: 1 or 28 (RFC 1035 3.2.2, RFC 3596 2.1). */
uint16_t sweep_type(size_t i);

/** Contexts with the options; NULL: reported. done: called within sweep_resolver_wait(). memory:
 * gets each answer that is not bogus, or NULL. */
struct sweep_resolver *sweep_resolver_new(const struct sweep_options *options,
                                          struct sweep_memory *memory, sweep_done_fn *done,
                                          void *arg);

/** Gives questions under way up, without a call of done(). NULL is fine. */
void sweep_resolver_free(struct sweep_resolver *resolver);

/** Ask for a name. false: libunbound refused, reported; the sweep has to end. */
bool sweep_resolver_ask(struct sweep_resolver *resolver, const char *name, size_t index);

/** Ask for the PTR of an address by its reverse name; given up after 5 seconds, or after the
 * timeout of the options if that is shorter. false: as sweep_resolver_ask(). */
bool sweep_resolver_ask_ptr(struct sweep_resolver *resolver, const char *name, size_t index);

/** Names and PTRs under way. */
size_t sweep_resolver_open(const struct sweep_resolver *resolver);

/** Whether bogus answers are distinguished from others. */
bool sweep_resolver_validates(const struct sweep_resolver *resolver);

/** Take answers, for at most so many milliseconds; signals of *mask are let in meanwhile. false:
 * libunbound failed, reported. */
bool sweep_resolver_wait(struct sweep_resolver *resolver, unsigned ms, const sigset_t *mask);

/* ---- recording of answers (sweep_sink.c) ---- */

struct sweep_sink;
struct sweep_ptrs;

/** Lists, databases, journal. ptrs must outlive the sink. NULL: reported, *code is set. */
struct sweep_sink *sweep_sink_new(struct cli *cli, const struct sweep_options *options,
                                  const struct sweep_ptrs *ptrs, int *code);
void sweep_sink_free(struct sweep_sink *sink); /* NULL is fine */

/** A row, or with --json a line, for each address indicator. */
void sweep_sink_places(struct sweep_sink *sink, const struct sweep_names *names);

/** Print the table of names and holders; nothing with --json. */
void sweep_sink_print(const struct sweep_sink *sink);

/** Whether the journal has room for the events of another name. */
bool sweep_sink_has_room(struct sweep_sink *sink);

/** Both answers of a name: into the journal, if a list covers the name; with --json a line. */
void sweep_sink_put(struct sweep_sink *sink, const char *name, const struct sweep_task *task);

/** Events put so far, and events that are completely in Redis. */
uint64_t sweep_sink_sent(const struct sweep_sink *sink);
uint64_t sweep_sink_acknowledged(const struct sweep_sink *sink);

/** End the journal: all candidates of odd-owner are judged, and the anomalies are in Redis (D-251).
 * Nothing is put afterwards. */
void sweep_sink_end(struct sweep_sink *sink);

/** Events that the journal lost: none, unless Redis was away for long. */
uint64_t sweep_sink_dropped(const struct sweep_sink *sink);

/** Have resolvers track the addresses that names led to. CLI_OK or CLI_REDIS, reported. */
int sweep_sink_track(struct sweep_sink *sink);

/** Names that no list of kind ioc or watch covers, and names that a list of kind allow exempts. */
uint64_t sweep_sink_unlisted(const struct sweep_sink *sink);
uint64_t sweep_sink_exempt(const struct sweep_sink *sink);

/** The anomalies that this run raised, oldest first: an array of documents. NULL: reported. */
json_t *sweep_sink_anomalies(struct sweep_sink *sink);

/* ---- where to go on (sweep_state.c) ---- */

/** Name after which to go on, "" at the start; free(). CLI_OK; CLI_NONE: reported. Without a state
 * file in the options nothing is read or written. */
int sweep_state_read(const struct sweep_options *options, char **after);

/** All names up to this name are done; NULL: all names, which removes the file. Prints errors. */
void sweep_state_write(const struct sweep_options *options, const char *after);

#endif
