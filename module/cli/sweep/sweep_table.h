/*
 * sweep_table.h - the text of a sweep: names, addresses, holders and remarks.
 *
 * Step by step: sweep_table_new(); sweep_table_answer() for each name whose answers are there, and
 * sweep_table_indicator() for each address indicator; sweep_table_print(). A name has a row for
 * each holder of its addresses, or one row without an address. Rows with a remark come first, rows
 * without an address last.
 *
 * Threads      the command's main thread
 * Memory       at most 3 * rows_max rows; the others are counted
 * Decision     D-142
 */
#ifndef SW_CLI_SWEEP_SWEEP_TABLE_H
#define SW_CLI_SWEEP_SWEEP_TABLE_H

#include "cli/sweep/sweep.h"
#include "flow/match.h"
#include "owner/owner.h"

struct sweep_table;

/** An empty table that prints rows_max rows at most. settings, owners and ptrs must outlive it. */
struct sweep_table *sweep_table_new(const struct sw_settings *settings,
                                    const struct sw_owners *owners, const struct sweep_ptrs *ptrs,
                                    size_t rows_max);
void sweep_table_free(struct sweep_table *table); /* NULL is fine */

/** Rows of a name's answers, with the PTR of each address shown. is_ioc: a list of kind ioc covers
 * the name, and no watch list does. Inside an RCU section. */
void sweep_table_answer(struct sweep_table *table, const struct sw_view *view, const char *name,
                        bool is_ioc, const struct sweep_task *task);

/** The row of an address indicator, judged by an address inside it. Inside an RCU section. */
void sweep_table_indicator(struct sweep_table *table, const struct sw_view *view,
                           const struct sw_addr *addr, const struct sw_addr *judged);

/** What lists, classes and blocks for special use say about an address, in words: "protected:
 * class:government", "special: loopback", "known: parking"; "" nothing. Returns out. Inside an RCU
 * section. */
char *sweep_remark(const struct sw_settings *settings, const struct sw_view *view, bool is_ioc,
                   const struct sw_addr *addr, const struct sw_owner *owner, char *out, size_t max);

/** Print the rows, and how many further rows there are. */
void sweep_table_print(const struct sweep_table *table, const struct cli *cli);

#endif
