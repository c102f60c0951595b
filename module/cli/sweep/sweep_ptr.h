/*
 * sweep_ptr.h - the names that addresses of a sweep have in their reverse zones (PTR).
 *
 * Step by step: the answers of a name are there; sweep_ptrs_hold() notes the addresses that are new
 * to this run, and holds the name until all of them are answered. sweep_ptrs_next() gives the
 * questions, and sweep_ptrs_answered() takes each answer, in any order. A name whose last answer
 * has come is handed to ready(), which records the name and finds the PTRs by sweep_ptrs_find().
 * sweep_ptrs_give_up() hands over the names that are still held.
 *
 * A PTR is the claim of the holder of the address. It is shown, and leaves nothing in Redis.
 *
 * Threads      the command's main thread
 * Memory       at most SWEEP_PTR_MAX addresses in a run, each with up to SWEEP_POINTERS_MAX names
 * Reliability  a failed or missing answer is an answer without a name: no name is lost by it
 * Standards    RFC 1035 3.5 and RFC 3596 2.5 (reverse names)
 * Decision     D-128
 */
#ifndef SW_CLI_SWEEP_SWEEP_PTR_H
#define SW_CLI_SWEEP_SWEEP_PTR_H

#include "cli/sweep/sweep.h"
#include "index/index.h"

#define SWEEP_PTR_MAX     1000000 /* addresses in a run; further addresses are left out */
#define SWEEP_LISTED_MAX  (SW_INDICATORTEXT_MAX + SW_LISTNAME_MAX + 8) /* "INDICATOR of LIST" */
#define SWEEP_REVERSE_MAX 80 /* text of a reverse name: 72 characters for IPv6 */

struct sweep_waiter;

struct sweep_ptr {
    struct sw_addr addr;
    bool answered;
    enum sweep_outcome outcome;
    size_t n;       /* names */
    uint8_t *names; /* in wire form, one after another */
    struct sweep_waiter *waiters;
};

struct sweep_ptrs;

/** each: addresses of a name, at most; 0: none. ready() takes the task over: free(). */
struct sweep_ptrs *sweep_ptrs_new(size_t each, sweep_done_fn *ready, void *arg);

/** Frees the names that are held, too. NULL is fine. */
void sweep_ptrs_free(struct sweep_ptrs *ptrs);

/** Hold a name until its addresses are answered. false: nothing to wait for; the caller keeps the
 * task. */
bool sweep_ptrs_hold(struct sweep_ptrs *ptrs, struct sweep_task *task);

/** Names that are held. */
size_t sweep_ptrs_held(const struct sweep_ptrs *ptrs);

/** Whether there is an address that was not asked for yet. */
bool sweep_ptrs_waiting(const struct sweep_ptrs *ptrs);

/** Take the next address: its number and its reverse name. Requires sweep_ptrs_waiting(). */
size_t sweep_ptrs_next(struct sweep_ptrs *ptrs, char name[SWEEP_REVERSE_MAX]);

/** The answer for an address, by number. ready() is called for each name that waits for no other
 * answer. */
void sweep_ptrs_answered(struct sweep_ptrs *ptrs, size_t index, const struct sweep_answer *answer);

/** The addresses without an answer have failed: ready() is called for all names that are held. */
void sweep_ptrs_give_up(struct sweep_ptrs *ptrs);

/** The PTR of an address, NULL: the address was not asked for. */
const struct sweep_ptr *sweep_ptrs_find(const struct sweep_ptrs *ptrs, const struct sw_addr *addr);

/** How many addresses were asked for, and how many of them have a name. */
void sweep_ptrs_count(const struct sweep_ptrs *ptrs, uint64_t *asked, uint64_t *named);

/** The indicator of a list of kind ioc or watch that covers a name of the PTR, as "evil.example of
 * LIST"; "" none. ptr NULL: none. Inside an RCU section. Returns out. */
char *sweep_ptr_listed(const struct sw_view *view, const struct sweep_ptr *ptr, char *out,
                       size_t max);

#endif
