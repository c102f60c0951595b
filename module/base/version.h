/*
 * version.h - the version of Sinkwatch, for the log, status and --version.
 *
 * Threads      constants only
 */
#ifndef SW_BASE_VERSION_H
#define SW_BASE_VERSION_H

#define SW_VERSION "0.1.0"

#endif
