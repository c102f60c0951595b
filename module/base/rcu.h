/*
 * rcu.h - read-copy-update: readers never wait, a writer frees what it replaced after all
 * readers that could see it have left.
 *
 * Workers open a read section around match and decide and never do I/O in one. The feeder
 * builds aside, publishes with a release store, calls sw_rcu_synchronize(), then frees.
 * liburcu's "bulletproof" flavour is underneath: it registers a thread at its first section,
 * which suits threads that are not ours (D-005).
 *
 * Threads      enter/leave: any thread, may nest; synchronize: never inside a section
 * TSan         liburcu is not instrumented: leave releases and synchronize acquires one token,
 *              which tells ThreadSanitizer the ordering that liburcu gives
 */
#ifndef SW_BASE_RCU_H
#define SW_BASE_RCU_H

/** Open a read section. Wait-free after a thread's first, which registers it (one mmap at most). */
void sw_rcu_enter(void);

/** Close the section that was opened last; nothing borrowed in the outermost is valid after it.
 * Enter and leave together cost about 13 ns. */
void sw_rcu_leave(void);

/**
 * Wait until every read section that was open when this was called has been left. Microseconds
 * in the usual case; liburcu polls every 10 ms once a reader was descheduled in its section.
 */
void sw_rcu_synchronize(void);

/**
 * Keep liburcu mapped for the life of the process, though our own library may be unloaded and
 * loaded again (Unbound's reload): its thread-exit hooks must stay callable. At each init; logs
 * a warning when it fails.
 */
void sw_rcu_pin(void);

#endif
