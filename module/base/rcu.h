/*
 * rcu.h - read-copy-update: readers never wait; a writer frees replaced memory after a grace
 * period, when no reader can hold a pointer to that memory.
 *
 * Workers open a read section around match and decide and never do I/O in a section. The feeder
 * builds aside, publishes with a release store, calls sw_rcu_synchronize(), then frees. The
 * library underneath is liburcu, flavour "bulletproof": a thread is registered at the first read
 * section, which suits Unbound's threads (D-005).
 *
 * Threads      enter/leave: any thread, may nest; synchronize: never inside a section
 * TSan         liburcu is not instrumented: leave releases and synchronize acquires a token, so
 *              that ThreadSanitizer knows the ordering that liburcu gives
 */
#ifndef SW_BASE_RCU_H
#define SW_BASE_RCU_H

/** Open a read section. Wait-free, except for a thread's first section, which registers the thread
 * (an mmap at most). */
void sw_rcu_enter(void);

/** Close the innermost read section. Borrowed pointers are invalid after the outermost section has
 * ended. Enter and leave together cost about 13 ns. */
void sw_rcu_leave(void);

/**
 * Wait for a grace period: until every read section that was open at the call has been left.
 * Microseconds in the usual case; liburcu polls every 10 ms if a reader was descheduled in a
 * section.
 */
void sw_rcu_synchronize(void);

/**
 * Keep liburcu mapped for the life of the process, even if our library is unloaded and loaded
 * again (Unbound's reload): liburcu's thread-exit hooks must stay callable. Called at each init;
 * logs a warning on failure.
 */
void sw_rcu_pin(void);

#endif
