/*
 * memory.h - records that the resolver received, before anybody listed a name: sightings in files.
 *
 * A sighting is a record that an authoritative server sent, with the times when the record was
 * first and last seen, and a count. No client is in a sighting. The files of a folder hold all
 * sightings, sorted by owner name and by rdata, in the encoding of DNSDB's tables (encoding.h).
 *
 * The keeper (intake/keeper.h), each memory-interval:
 *     sw_seal_begin() -> sw_seal_add() for each sighting -> sw_seal_commit()
 *     sw_memory_tidy(): files of past minutes become files of hours, days, months; old files go
 * A look back or a command:
 *     sw_past_open() -> sw_past_ask() or sw_hunt_run() -> sw_past_close()
 *
 * The folder holds files such as dns.20261130.1358.m.mtbl (minute), dns.20261130.1300.H.mtbl
 * (hour), dns.20261130.D.mtbl (day), dns.202611.M.mtbl (month), and the file dns.fileset, which
 * lists the valid files. dns.fileset is replaced as a whole, so that a reader sees a sighting
 * once: in the files before a merge, or in the file after (D-154).
 *
 * Threads      any thread; several threads and processes at once on one folder. Every long
 *              function looks at `stop` between blocks, and returns SW_ECLOSED soon after *stop
 * Memory       bounded: the buffer of a writer, and a block and an index for each open file
 * Errors       a damaged file is skipped with a warning in the log; all other files are read
 * Standards    RFC 1035 3.1, RFC 9460; dnstable-encoding(5); the MTBL file format
 */
#ifndef SW_MEMORY_MEMORY_H
#define SW_MEMORY_MEMORY_H

#include "base/addr.h"
#include "base/name.h"
#include "base/status.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SW_RDATA_MAX 2048 /* octets of the longest rdata that is kept */

/* ---- sightings (sighting.c) ---- */

struct sw_sighting {
    const uint8_t *owner; /* wire name in lower case */
    const uint8_t *zone;  /* bailiwick: zone of the servers that answered; NULL = unknown */
    const uint8_t *rdata; /* uncompressed, names in lower case; sw_rdata_canonical() */
    uint16_t rdata_len;
    uint16_t type;
    uint64_t first, last; /* seconds since 1970 */
    uint64_t count;       /* how many times the record was received, 1 or more */
};

/** Whether records of a type are kept: A, AAAA, CNAME, DNAME, NS, MX, SRV, SVCB, HTTPS, PTR,
 * SOA. */
bool sw_rdata_kept(uint16_t type);

/**
 * Check rdata of a kept type, and fold the names in it to lower case.
 *
 * out      SW_RDATA_MAX octets; may be rdata; as many octets as rdata are written
 * SW_OK; SW_EINVAL: not rdata of this type, compressed, or a type that is not kept; SW_ETOOBIG.
 */
enum sw_status sw_rdata_canonical(uint16_t type, const uint8_t *rdata, size_t len, uint8_t *out);

/**
 * The domain name in rdata: the target of CNAME, DNAME, NS, PTR, MX, SRV, SVCB, HTTPS; MNAME of
 * SOA. Returns the offset of the name, or -1 for an address. rdata must be canonical.
 */
int sw_rdata_name(uint16_t type, const uint8_t *rdata, size_t len);

/* ---- writing (seal.c) ---- */

enum sw_tier { SW_TIER_MINUTE, SW_TIER_HOUR, SW_TIER_DAY, SW_TIER_MONTH };

struct sw_seal_options {
    const char *folder;      /* exists, writable */
    enum sw_tier tier;       /* the length of the interval that the file stands for */
    uint64_t start;          /* a time in the interval; 0 with SW_TIER_MONTH: a file for each month
                                of the members `last` of the sightings */
    size_t buffer;           /* octets for sorting; 0 = 16 MiB. More sightings go to files */
    const atomic_bool *stop; /* NULL = never stopped */
    /* Called often during the commit, so that the caller can do other work; or NULL. */
    void (*between)(void *arg);
    void *arg;
};

struct sw_sealed {
    uint64_t tuples; /* different (owner, type, zone, rdata) in the files */
    uint64_t octets; /* size of the files */
    unsigned files;
};

struct sw_seal; /* files that are being written, by one thread */

/** Begin a file. SW_OK; SW_EIO with errno: the folder cannot be written; SW_ENOMEM. */
enum sw_status sw_seal_begin(const struct sw_seal_options *options, struct sw_seal **out);

/**
 * Add a sighting; the octets are copied. Any order. Equal tuples become one: the earliest first,
 * the latest last, the sum of the counts. SW_OK; SW_EIO with errno (a full disk); SW_ENOMEM;
 * SW_ECLOSED; SW_EINVAL: not a sighting (names, times, rdata), nothing was added.
 */
enum sw_status sw_seal_add(struct sw_seal *seal, const struct sw_sighting *sighting);

/**
 * Write, sync and rename the files, list them in dns.fileset, and free the seal, also on failure.
 * A seal without sightings writes no file.
 *
 * sealed  may be NULL
 * SW_OK; SW_EIO with errno, SW_ENOMEM, SW_ECLOSED: the folder is as before.
 */
enum sw_status sw_seal_commit(struct sw_seal *seal, struct sw_sealed *sealed);

/** Free the seal and remove its files; NULL does nothing. */
void sw_seal_drop(struct sw_seal *seal);

/* ---- reading ---- */

struct sw_past; /* the files of a folder at one time; used by one thread */

/** Open all valid files. A missing folder is SW_ENOTFOUND; files that cannot be read are skipped
 * with a warning. SW_OK, SW_EIO with errno, SW_ENOMEM, SW_ECLOSED. stop: NULL = never stopped. */
enum sw_status sw_past_open(const char *folder, const atomic_bool *stop, struct sw_past **out);
void sw_past_close(struct sw_past *past);

/** Takes some of the files, open during the call. Any code but SW_OK ends the walk. */
typedef enum sw_status sw_past_fn(void *arg, struct sw_past *past);

struct sw_past_options {
    size_t max;              /* files that are open at a time */
    const atomic_bool *stop; /* NULL = never stopped */
    bool quiet;              /* no warning for a damaged file, as in one of many passes */
};

/**
 * Call each with all valid files, at most options->max open at a time, so that descriptors and
 * memory are bounded where a folder has thousands. A sighting whose tuple is in several files can
 * be in several calls.
 *
 * SW_OK; the code of each; results as sw_past_open(); SW_EEXIST: a file was replaced meanwhile, so
 * that sightings of the calls before can be missing, or be in the new file again.
 */
enum sw_status sw_past_each(const char *folder, const struct sw_past_options *options,
                            sw_past_fn *each, void *arg);

/** Open one file, listed or not. SW_ENOTFOUND: there is no such file; SW_EFORMAT: not a table. */
enum sw_status sw_past_open_one(const char *folder, const char *name, const atomic_bool *stop,
                                struct sw_past **out);

/** Whether a file was left out so far, since the file is damaged. */
bool sw_past_is_damaged(const struct sw_past *past);

enum sw_ask {
    SW_ASK_ALL,          /* everything, by owner */
    SW_ASK_OWNER,        /* sightings of a name */
    SW_ASK_OWNER_BELOW,  /* of a name and of all names below */
    SW_ASK_ADDRESS,      /* A and AAAA records with an address in the prefix */
    SW_ASK_TARGET,       /* records with the name in the rdata */
    SW_ASK_TARGET_BELOW, /* with the name or a name below */
};

struct sw_past_question {
    enum sw_ask ask;
    struct sw_name name; /* in lower case */
    struct sw_addr addr;
    uint16_t type;         /* 0 = all */
    uint64_t since, until; /* seconds since 1970; seen in since..until; until 0 = no end */
    uint64_t limit;        /* how many sightings at most; 0 = all */
    /* Called each 256 rows that are read, also without a result; false ends the search. Or NULL. */
    bool (*between)(void *arg);
};

/** Whether a sighting is an answer to a question: name or address, type, and times. */
bool sw_past_wants(const struct sw_past_question *question, const struct sw_sighting *sighting);

/** Takes a sighting, borrowed during the call. Any code but SW_OK ends the search. zone is NULL in
 * a search by address or target: the tables by rdata have no bailiwick. */
typedef enum sw_status sw_sighting_fn(void *arg, const struct sw_sighting *sighting);

/**
 * Report all sightings that a question asks for, in the order of the files: sorted by the labels
 * of the name from the right, or by rdata; equal tuples of several files are one.
 *
 * arg  for take and question->between
 * SW_OK, also when nothing was found; the code of take; SW_ECLOSED; SW_ENOMEM. A file that turns
 * out to be damaged is left out from there on, with a warning.
 */
enum sw_status sw_past_ask(struct sw_past *past, const struct sw_past_question *question,
                           sw_sighting_fn *take, void *arg);

/* ---- many indicators at once ---- */

struct sw_hunt; /* a set of names and prefixes to look for in one pass; used by one thread */

/** An empty set. SW_OK, SW_ENOMEM. */
enum sw_status sw_hunt_new(struct sw_hunt **out);

/** Add a name, or with `below` the names below as well. tag is handed to the callback. */
enum sw_status sw_hunt_name(struct sw_hunt *hunt, const uint8_t *wire, bool below, uint32_t tag);
enum sw_status sw_hunt_addr(struct sw_hunt *hunt, const struct sw_addr *prefix, uint32_t tag);
void sw_hunt_free(struct sw_hunt *hunt);

/** Takes a sighting of the indicator with this tag, as sw_sighting_fn does. */
typedef enum sw_status sw_hunt_fn(void *arg, uint32_t tag, const struct sw_sighting *sighting);

/** Called now and then with the progress: octets of files that are read, and in all. */
typedef void sw_hunt_progress_fn(void *arg, uint64_t done, uint64_t total);

struct sw_hunt_calls {
    sw_hunt_fn *take;
    sw_hunt_progress_fn *progress; /* may be NULL */
    void *arg;
};

/**
 * Report the sightings of all added names and prefixes: owner names against the tables by owner,
 * prefixes against the tables by rdata. Each file is read once, in order, and only the blocks
 * that can hold an indicator. Results as sw_past_ask().
 */
enum sw_status sw_hunt_run(struct sw_hunt *hunt, struct sw_past *past,
                           const struct sw_hunt_calls *calls);

/* ---- upkeep ---- */

struct sw_memory_limits {
    uint32_t days;   /* files of older intervals are removed; 0 = none */
    uint64_t octets; /* the oldest files are removed until the rest fits; 0 = no limit */
    bool open_each;  /* also open each file, which reads the index: for files of a later version */
    /* Called often during a merge, so that the caller can do other work, or pause; or NULL. */
    void (*between)(void *arg);
    void *arg;
};

struct sw_tidied {
    unsigned merged;  /* files that a merge replaced */
    unsigned dropped; /* files over a limit */
    unsigned aside;   /* files that cannot be read or understood, renamed to NAME.aside */
    unsigned closed;  /* files that cannot be opened, as those of another user: left as they are */
    bool more;        /* another call has work to do */
};

/**
 * One step of upkeep: set unreadable files aside, remove files over the limits, and do at most
 * one merge of the files of a past interval into one file of a longer interval.
 *
 * now  seconds since 1970
 * SW_OK; SW_EIO with errno, SW_ENOMEM, SW_ECLOSED: the step was given up, nothing is lost.
 */
enum sw_status sw_memory_tidy(const char *folder, uint64_t now,
                              const struct sw_memory_limits *limits, const atomic_bool *stop,
                              struct sw_tidied *tidied);

/* What is to be forgotten: one of the two. */
struct sw_forget {
    const struct sw_name *name; /* as owner, in rdata, or as zone; or NULL */
    bool below;                 /* the names below as well */
    uint64_t before;            /* sightings with `last` before this time; 0 = none */
};

struct sw_forgotten {
    uint64_t rows;     /* rows left out, over all files */
    unsigned files;    /* files read */
    unsigned replaced; /* files that were replaced or removed */
};

/**
 * Rewrite each file with a row that is to be forgotten; a file without another row is removed. The
 * former files are removed; blocks of the disk can still hold the octets until the file system
 * uses them again. On a full disk, files are removed first, and then those rewritten that fit.
 *
 * SW_OK, also when nothing was found; SW_EFORMAT: a file is damaged, and may hold the name; SW_EIO
 * with errno, SW_ENOMEM, SW_ECLOSED. Files that were replaced so far stay so.
 */
enum sw_status sw_memory_forget(const char *folder, const struct sw_forget *what,
                                const atomic_bool *stop, struct sw_forgotten *forgotten);

/** The proof: read all files row by row, and count the rows that were to be forgotten. */
enum sw_status sw_memory_count(const char *folder, const struct sw_forget *what,
                               const atomic_bool *stop, struct sw_forgotten *counted);

/* ---- state ---- */

struct sw_memory_file {
    char name[128];
    uint64_t octets, rows, first, last; /* the times of the sightings; 0 = none */
    const char *why;                    /* static words: why the file is not read, or NULL */
};

/** Takes a file, borrowed during the call. */
typedef void sw_memory_file_fn(void *arg, const struct sw_memory_file *file);

/** Report all valid files in the order of the list, damaged files included, and the files that were
 * set aside. SW_OK, SW_ENOTFOUND: no folder, SW_EIO with errno, SW_ENOMEM. */
enum sw_status sw_memory_files(const char *folder, sw_memory_file_fn *take, void *arg);

#endif
