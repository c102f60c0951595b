/*
 * given.h - the rules of a policy zone, each to the list that has the action of the rule.
 *
 * `import --replace --given LIST FILE`, step by step:
 *     cli_given_begin()    the parts that LIST has by now (listparts.h)
 *     cli_given_take()     for each rule: the part for its action, trigger and data; a new content
 *                          of this part is built aside, as in staging.h
 *     cli_given_compare()  the rules that would come and go, in all lists together
 *     cli_given_swap()     contents, policies and names of all lists in one MULTI; or
 *     cli_given_drop()     the contents that were built are deleted
 *
 * Changes of a zone (IXFR), step by step:
 *     cli_given_note()     for each deleted and added record, in order
 *     cli_given_settle()   the records of each owner of local data that remain; `change` was called
 *                          then for each rule that leaves or joins a list
 *     cli_given_make()     parts that are new are made; the caller writes the changes
 *     cli_given_tidy()     parts without rules are dropped
 *
 * The records of an owner may stand in several places of a zone. The records of the owner read last
 * are collected; for all owners of local data the part is remembered, and when more records come
 * the rule moves to another part.
 *
 * Threads      one
 * Memory       20 octets for each owner of local data, a million owners at most; a batch
 * Errors       reported on standard error; the codes are those of cli.h
 * Decision     D-220, D-246
 */
#ifndef SW_CLI_LISTS_GIVEN_H
#define SW_CLI_LISTS_GIVEN_H

#include "cli/lists/listparts.h"
#include "cli/lists/staging.h"
#include "formats/formats.h"

#define CLI_PARTS_MAX 500 /* of a list; a resolver has room for 1,024 lists */

struct cli_given_part;
struct cli_record_change;

struct cli_given {
    /* set before the begin */
    struct cli *cli;
    const char *list;
    const struct sw_policy *head;
    bool override; /* every rule has the action of the list, exceptions and local data too */
    void *arg;
    /* A rule that was taken is refused after all: its owner has too many records. */
    void (*refuse)(void *arg, uint64_t place, const char *text, const char *why);
    /* A rule leaves or joins a list; facts: JSON text or "". */
    void (*change)(void *arg, const char *list, const char *text, const char *facts, bool removes);

    /* results */
    int code;             /* not CLI_OK: nothing more is written */
    uint64_t staged;      /* rules of all new contents */
    char why[SW_WHY_MAX]; /* of the last refusal */
    bool refused;         /* the lists lack a rule: an IXFR cannot be applied to their content */

    /* inside */
    struct cli_given_part **part; /* the head first */
    size_t n, waiting;            /* waiting: rules that are not written yet */
    json_t *by_key, *by_name;     /* indexes of parts */
    json_t *before, *former;      /* P:list:LIST:parts, and the parts of the former content */
    json_t *lists;                /* all present lists: name -> text of the policy */
    json_t *head_policy;
    struct cli_given_part
        *plain[3][SW_ACTION_COUNT]; /* parts without data, by triggers and action */
    struct {
        char *text, *facts;
        unsigned group;
        uint64_t place;
        json_t *records;
    } pending; /* local data of the owner that is being read; text NULL: none */
    struct {
        uint64_t *digest;
        uint16_t *part;
        size_t n, room;
    } owners; /* of local data */
    struct {
        struct cli_record_change *one;
        size_t n, room;
    } records; /* of local data that are deleted and added */
};

/** Look the parts up. CLI_OK; CLI_NONE: the list cannot have parts; CLI_REDIS. Reported. */
int cli_given_begin(struct cli_given *given);

/** Take an accepted entry; text: its indicator in canonical form. more: set where the entry adds a
 * record to the rule before. NULL, or the reason why no list can have the rule. */
const char *cli_given_take(struct cli_given *given, const struct sw_entry *entry, const char *text,
                           const char *facts, bool *more);

/** Note a deleted or added record of a zone. NULL, or the reason why no list can have the rule. */
const char *cli_given_note(struct cli_given *given, const struct sw_entry *entry, const char *text,
                           const char *facts, bool removes);

/** Find what remains of local data. CLI_OK, CLI_REDIS. */
int cli_given_settle(struct cli_given *given);

/** Make the parts that rules join for the first time. CLI_OK, CLI_REDIS. */
int cli_given_make(struct cli_given *given);

/** Drop parts that lost their last rule. outcome has the id of the last change. CLI_OK, CLI_REDIS.
 */
int cli_given_tidy(struct cli_given *given, struct cli_outcome *outcome);

/** Write all rules that wait. CLI_OK, CLI_REDIS. */
int cli_given_flush(struct cli_given *given);

/** Compare the new contents with the present ones: sums. cli_diff_free() in any case. */
int cli_given_compare(struct cli_given *given, struct cli_diff *sum);

/** After the comparison: hand over each indicator that the lists are to have and lack now. An
 * indicator that moves to another part counts as well; exceptions do not. */
int cli_given_added(struct cli_given *given, cli_added_fn *each, void *arg);

/** As cli_staging_swap(), for all lists together. */
int cli_given_swap(struct cli_given *given, struct cli_outcome *outcome, enum cli_left *left);

/** Whether a list is the one, or a part of the one, whose rules are exceptions. */
bool cli_given_exempts(const struct cli_given *given, const char *list);

/** The number of exceptions in the present lists. CLI_OK, CLI_REDIS. */
int cli_given_exempted(const struct cli_given *given, uint64_t *out);

/** Whether resolvers take as many lists as there would be with `more` new ones. CLI_OK; CLI_NONE
 * (reported). */
int cli_given_judge_number(const struct cli_given *given, size_t more);

/** Delete contents that were built and are not in force. */
void cli_given_drop(struct cli_given *given);

/** Free all but the structure itself. */
void cli_given_free(struct cli_given *given);

/* ---- inside: for given.c, given_swap.c and given_changes.c ---- */

struct cli_given_part {
    char name[SW_LISTNAME_MAX];
    unsigned group;                            /* of triggers */
    json_t *members;                           /* of the policy; NULL: the head */
    bool data;                                 /* has records */
    struct cli_staging staging;                /* cli NULL: not begun */
    char *texts[CLI_BATCH], *facts[CLI_BATCH]; /* not written yet */
    size_t n;
    struct cli_diff diff;
    uint64_t now;      /* indicators before the swap */
    bool joined, left; /* by changes: rules joined the part, or left it */
};

/** The group of triggers of an entry. */
unsigned cli_given_group(unsigned triggers);

/** The part for a rule, made where needed. record: the records of local data, a line each; the
 * walled garden; or "". NULL: given->why is set. */
struct cli_given_part *cli_given_part(struct cli_given *given, unsigned group,
                                      enum sw_action action, const char *record);

/** The same, where the part is there already; otherwise NULL. */
struct cli_given_part *cli_given_find(struct cli_given *given, unsigned group,
                                      enum sw_action action, const char *record);

/** The part for an entry where the list's action overrides all others; NULL: given->why is set. */
struct cli_given_part *cli_given_overridden(struct cli_given *given, const struct sw_entry *entry);

/** Parts of the registry that have no rule by now. */
void cli_given_adopt(struct cli_given *given);

/** Records, sorted and each once, as a text of a line each. Allocated. */
char *cli_given_join(const json_t *records);

#endif
