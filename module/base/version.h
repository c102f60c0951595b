/*
 * version.h - the version of Sinkwatch, for the log, status and --version.
 *
 * Threads      constants only
 */
#ifndef SW_BASE_VERSION_H
#define SW_BASE_VERSION_H

#define SW_VERSION "0.1.0"

/* Begin of the text in sinkwatch.so by which `sinkwatch doctor` compares the module with an Unbound
 * that does not run. Three lines follow: version of the module, version of Unbound, and the line of
 * configure of that Unbound (host/abi.c writes, cli/doctor reads). */
#define SW_MARKER_BEGIN "Sinkwatch module, made for:\n"

#endif
