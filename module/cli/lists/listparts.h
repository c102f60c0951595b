/*
 * listparts.h - a list of several lists: the rules of a policy zone, each with its own action.
 *
 * A list has one action. An import with --given therefore spreads the rules of a zone: rules with
 * the action of LIST stay on LIST, the head, and all others go to parts: LIST.passthru, LIST.drop,
 * LIST.data-0123456789. Each part is a list like any other for resolvers. Its policy is that of the
 * head, with members of its own: kind, action, triggers, records, cname.
 *
 * The hash P:list:LIST:parts names the parts, with these members as JSON. The hash
 * P:list:LIST:parts:previous has an object for the head and for each part, as of the time before
 * the last replacement:
 *     members      as above
 *     kept         true: the replacement did not change the content of this list
 *     indicators   with kept: the number of indicators of the content
 *     altered      with kept: an IXFR has changed the content since, so no rollback can restore it
 *
 * Threads      one
 * Errors       reported on standard error; the codes are those of cli.h
 * Interface    module/REDIS.md
 * Decision     D-220
 */
#ifndef SW_CLI_LISTS_LISTPARTS_H
#define SW_CLI_LISTS_LISTPARTS_H

#include "cli/lists/edit.h"

/** The parts of a list: an object, name of the part -> members; empty for a list without parts.
 * NULL: reported. */
json_t *cli_parts(struct cli *cli, const char *list);

/** The parts of the content before the last replacement, and the head: an object, empty where the
 * list had no parts then; see above. NULL: reported. */
json_t *cli_parts_former(struct cli *cli, const char *list);

/** All lists, name -> text of the policy; NULL: reported. */
json_t *cli_lists(struct cli *cli);

/** A value for P:list:LIST:parts:previous, see above; n: indicators of a content that was kept. */
json_t *cli_former(json_t *members, bool kept, uint64_t n);

/** The policy of a part: members put into a copy of the head's policy. NULL: the head or the result
 * is no policy, and why is set. The text is in the form of sw_policy_json(). */
char *cli_part_policy(const char *part, const json_t *head, const json_t *members,
                      char why[SW_WHY_MAX]);

/** The policy of a list as an object. CLI_OK, also with *policy NULL: there is none; CLI_REDIS. */
int cli_read_policy(struct cli *cli, const char *list, json_t **policy);

/** In the open MULTI: give a list a policy, and tell resolvers. */
void cli_change_policy(struct cli *cli, const char *list, const char *text);

/** In the open MULTI: give each part the policy that follows from that of the head. */
void cli_parts_follow(struct cli *cli, const json_t *parts, const json_t *head);

/** In the open MULTI: take a list away, with content and former content, and tell resolvers. */
void cli_change_drop(struct cli *cli, const char *list);

/** In the open MULTI: replace a hash of JSON texts by an object. */
void cli_change_hash(struct cli *cli, const char *key, const json_t *object);

/** In the open MULTI: set a field of such a hash. */
void cli_change_field(struct cli *cli, const char *key, const char *field, const json_t *value);

/** In the open MULTI: a command of up to three words. */
void cli_change_words(struct cli *cli, const char *a, const char *b, const char *c);

/** Indicators of a list and of all its parts. CLI_OK, CLI_REDIS. */
int cli_parts_length(struct cli *cli, const char *list, uint64_t *out);

/** A list that changes with its head only: CLI_NONE for a part, reported with a hint. CLI_REDIS. */
int cli_refuse_part(struct cli *cli, const char *list);

/** Whether a list is a part of another: *head is set, else NULL. Allocated. CLI_OK, CLI_REDIS. */
int cli_part_of(struct cli *cli, const char *list, char **head);

#endif
