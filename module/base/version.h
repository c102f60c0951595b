/*
 * version.h - which Sinkwatch this is, as the log, status and --version say it.
 *
 * Threads      constants only
 */
#ifndef SW_BASE_VERSION_H
#define SW_BASE_VERSION_H

#define SW_VERSION "0.1.0"

#endif
