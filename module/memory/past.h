/*
 * past.h - the open files of a folder, shared by the files that read: ask.c, hunt.c.
 *
 * Threads      one for each struct sw_past
 */
#ifndef SW_MEMORY_PAST_H
#define SW_MEMORY_PAST_H

#include "memory/folder.h"
#include "memory/merge.h"

/* A file that was not opened, or turned out to be damaged. */
struct sw_past_bad {
    char name[SW_FILE_NAME_MAX];
    const char *why; /* static words */
};

struct sw_past {
    const atomic_bool *stop;
    struct sw_mtbl **tables;
    char (*names)[SW_FILE_NAME_MAX]; /* of the tables */
    size_t n;
    bool quiet; /* no warning for a damaged file */
    struct sw_past_bad *bad;
    size_t bad_n;
};

/** Whether the stop flag is set. */
bool sw_past_stopped(const struct sw_past *past);

/** Note that a table of the struct sw_past in arg is damaged, with a warning in the log; true. */
bool sw_past_leave_out(void *arg, size_t table, enum sw_status status);

/** Open a merge of all tables; a damaged table is noted, and left out. */
enum sw_status sw_past_merge(struct sw_past *past, struct sw_merge **out);

/**
 * sw_past_ask() for many questions with the same merge, which is opened once.
 *
 * some  the tables to search, as in sw_merge_seek_some()
 */
enum sw_status sw_past_ask_again(struct sw_past *past, struct sw_merge *merge, const uint8_t *some,
                                 const struct sw_past_question *question, sw_sighting_fn *take,
                                 void *arg);

/** Open a file of the folder and check its versions. why: set for SW_EFORMAT. */
enum sw_status sw_past_open_file(const char *folder, const char *name, struct sw_mtbl **out,
                                 const char **why);

#endif
