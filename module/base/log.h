/*
 * log.h - words for the operator.
 *
 * The host stage installs a sink that hands lines to Unbound's own log; the command-line tool
 * and the tests get standard error. Nothing here is called on a worker's hot path.
 *
 * Threads      sw_log(): any thread once the sink is set; sw_log_sink(): before threads start
 */
#ifndef SW_BASE_LOG_H
#define SW_BASE_LOG_H

enum sw_log_level { SW_LOG_ERROR, SW_LOG_WARNING, SW_LOG_INFO, SW_LOG_DEBUG };

typedef void sw_log_fn(enum sw_log_level level, const char *line);

/** Install the sink; NULL goes back to standard error. */
void sw_log_sink(sw_log_fn *sink);

/** One line, without a newline, at most 1,000 characters (cut after that). */
void sw_log(enum sw_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
